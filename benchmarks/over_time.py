"""What the data report says of tags over time on real archives: what it finds, its false alarms, and what it finds of planted renames.

    python -m benchmarks.over_time [--corpora NAME …] [--shuffles N] [--renames N]

False alarms: each archive is cut into a hundred runs of consecutive articles, whose order is shuffled. Bursts stay, and nothing
changes over time any more. Renames: a frequent tag gets another name from the middle of its use on, one tag at a time; and for
comparison it ends there. All articles are used, for nothing is learned.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from classifier.domain.articles import Article, read_articles
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import taxonomy_of
from classifier.reports.data.copies import find_copies, repeated_texts
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.meaning import changed_meanings
from classifier.reports.data.records import Found
from classifier.reports.data.texts import Texts, read_texts
from classifier.reports.data.timeline import Timeline
from classifier.reports.data.uses import changed_uses

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
FILES = {
    "digitalgov": ("digitalgov/train.jsonl.gz", "digitalgov/test.jsonl.gz"),
    "euvsdisinfo": ("untidy/euvsdisinfo.jsonl.gz",),
    "jupiter": ("untidy/jupiter.jsonl.gz",),
    "reuters21578": ("reuters21578/train.jsonl.gz", "reuters21578/test.jsonl.gz"),
}
N_RUNS = 100
RENAMED = "the new name"
MIN_USES, MAX_SHARE = 20, 0.3  # of a tag that is renamed


def main() -> None:
    """Print what is found in each archive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=list(FILES), choices=FILES, metavar="NAME")
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument("--renames", type=int, default=20)
    options = parser.parse_args()
    for name in options.corpora:
        articles = list(read_articles(DATA / file for file in FILES[name]))
        corpus, texts, timeline = read(articles)
        print(f"{name}: {counts(found_in(timeline, texts))}", flush=True)
        alarms = [shuffled(corpus, timeline, texts, seed) for seed in range(options.shuffles)]
        n_any = {kind: sum(found[kind].n > 0 for found in alarms) for kind in alarms[0]} if alarms else {}
        print(f"  shuffled {len(alarms)} times, with a false alarm: {n_any}", flush=True)
        print(f"  {renames(articles, timeline, texts, options.renames)}", flush=True)


def read(articles: Sequence[Article]) -> tuple[Corpus, Texts, Timeline]:
    """Return the corpus of some articles, their words, and their timeline."""
    corpus = Corpus(articles, taxonomy_of(tag for article in articles for tag in article.tags or ()))
    timeline = Timeline(corpus)
    return corpus, read_texts(timeline, repeated_texts(corpus, find_copies(corpus, untracked)), untracked), timeline


def found_in(timeline: Timeline, texts: Texts) -> dict[str, Found]:
    """Return what the report finds in a timeline."""
    return {**changed_uses(timeline, texts), "changed_meaning": changed_meanings(timeline, texts)}


def counts(found: dict[str, Found]) -> dict[str, int]:
    """Return how many of each kind are found."""
    return {kind: of.n for kind, of in found.items()}


def shuffled(corpus: Corpus, timeline: Timeline, texts: Texts, seed: int) -> dict[str, Found]:
    """Return what is found if runs of articles change places."""
    runs = np.array_split(timeline.rows, N_RUNS)
    rows = np.concatenate([runs[number] for number in np.random.default_rng(seed).permutation(N_RUNS)])
    dates = list(corpus.dates)
    for row, day in zip(rows.tolist(), timeline.days.tolist(), strict=True):
        dates[row] = day
    # A second corpus with the same labels, which are costly for thousands of tags.
    other = Corpus.__new__(Corpus)
    other.__dict__.update(corpus.__dict__, dates=dates)
    changed = Timeline(other)
    place = np.empty(len(corpus.articles), dtype=np.int64)
    place[timeline.rows] = np.arange(len(timeline.rows))
    return found_in(changed, _reordered(texts, place[changed.rows]))


def _reordered(texts: Texts, order: np.ndarray) -> Texts:
    return texts._replace(occurs=texts.occurs[order], weights=texts.weights[order], names=texts.names[order])


def renames(articles: Sequence[Article], timeline: Timeline, texts: Texts, n: int) -> str:
    """Return how often the end of a tag and its new name are found."""
    uses = Counter(tag for article in articles for tag in article.tags or ())
    tags = [tag for tag, of in uses.most_common() if MIN_USES <= of <= MAX_SHARE * len(articles)][:n]
    n_ended = n_right = n_wrong = n_removed = n_named = 0
    for tag in tags:
        for new in ((RENAMED,), ()):
            rows = changed_uses(_renamed(timeline, tag, new), texts)["ended"].rows
            instead = next((row["instead"] for row in rows if row["tag"] == tag), None)
            if new:
                n_ended += instead is not None
                n_right += instead == [RENAMED]
                n_wrong += instead not in ([RENAMED], [], None)
            else:
                n_removed += instead is not None
                n_named += bool(instead)
    return (
        f"of {len(tags)} tags renamed, {n_ended} are found to have ended, with the new name for {n_right} and another for "
        f"{n_wrong}; of {len(tags)} tags that end, {n_removed} are found, with a name for {n_named}"
    )


def _renamed(timeline: Timeline, tag: str, new: tuple[str, ...]) -> Timeline:
    articles = [timeline.corpus.articles[row] for row in timeline.rows]
    having = [place for place, article in enumerate(articles) if tag in (article.tags or ())]
    for place in having[len(having) // 2 :]:
        tags = tuple(name for given in articles[place].tags or () for name in (new if given == tag else (given,)))
        articles[place] = replace(articles[place], tags=tags)
    return Timeline(Corpus(articles, taxonomy_of(given for article in articles for given in article.tags or ())))


if __name__ == "__main__":
    main()
