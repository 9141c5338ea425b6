"""Are labels worth learning that editors accepted by leaving them? `python -m benchmarks.echoes`. What do careless editors cost?

A model learns from the older part of an archive and suggests tags for what follows, a part at a time. Editors see the suggestions
and mend a share of the errors: they take wrong tags off and type missing ones. What they leave standing is an echo of the model.
After each part a model learns again, in one of two ways: echoes count like other labels, or they are unknown. Both are judged on
the newest articles, by the labels that the archive really has.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.processes import ROOT, say
from benchmarks.tables import table
from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import labels_of
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.model.evaluation import macro_f1, micro_f1
from classifier.model.tag_model import TagModel
from classifier.training.fitting import fit
from classifier.training.judging import judge
from classifier.training.settings import FitSettings

DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
CORPORA = {"digitalgov": "digitalgov/train.jsonl.gz", "euvsdisinfo": "untidy/euvsdisinfo-train.jsonl.gz"}
BEFORE, JUDGED = 0.4, 0.15  # shares of an archive: tagged before the service came, and judged
N_PARTS = 6
MENDED = (0.8, 0.5, 0.2, 0.0)  # shares of the errors of suggestions that editors mend
COUNT, UNKNOWN, TRUTH = "count", "unknown", "truth"


class Desk(NamedTuple):
    """How a desk works: the share of errors that it mends, and whether its articles are closed, so that silence is a no."""

    mended: float
    closed: bool


def left_by(article: Article, suggested: set[str], desk: Desk, way: str, random: np.random.Generator) -> Article:
    """Return an article as a desk leaves it, with the labels that training reads of it."""
    right = set(article.tags or ())
    if way == TRUTH:
        return replace(article, tags_complete=desk.closed)
    typed = {tag for tag in sorted(right - suggested) if random.random() < desk.mended}
    wrong = sorted(suggested - right)
    taken_off = {tag for tag in wrong if random.random() < desk.mended}
    echoes = suggested - taken_off
    tags = typed | echoes if way == COUNT else typed
    unknown = () if way == COUNT else tuple(sorted(echoes))
    return replace(
        article, tags=tuple(sorted(tags)), rejected=tuple(sorted(taken_off)), unknown=unknown, tags_complete=desk.closed
    )


class Archive(NamedTuple):
    """The articles of an archive by date, in parts: before the service, each step, and those that are judged."""

    before: list[Article]
    parts: list[list[Article]]
    judged: list[Article]
    taxonomy: Taxonomy


def archive_of(path: Path) -> Archive:
    """Return the articles of a file in their order of time."""
    articles = sorted(read_articles([path]), key=lambda article: (article.published_at or "", article.id))
    n_before, n_judged = round(BEFORE * len(articles)), round(JUDGED * len(articles))
    later = articles[n_before : len(articles) - n_judged]
    bounds = np.linspace(0, len(later), N_PARTS + 1).astype(int)
    parts = [later[begin:end] for begin, end in pairwise(bounds)]
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    return Archive(articles[:n_before], parts, articles[len(articles) - n_judged :], taxonomy)


def learned(articles: Sequence[Article], taxonomy: Taxonomy, fast: bool) -> TagModel:
    """Return a model of articles."""
    return fit(articles, taxonomy, FitSettings(fast=fast, n_jobs=1)).model


def suggested_by(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    """Return what a model suggests, (n_articles, n_tags) bool."""
    return np.asarray(judge(model, articles, taxonomy, untracked, "").suggested)


def simulated(archive: Archive, first: TagModel, desk: Desk, way: str, seed: int, fast: bool) -> TagModel:
    """Return the model of a desk after all parts."""
    random, known, model = np.random.default_rng(seed), list(archive.before), first
    ids = [tag.id for tag in archive.taxonomy.tags]
    for part in archive.parts:
        rows = suggested_by(model, part, archive.taxonomy)
        for article, row in zip(part, rows, strict=True):
            suggested = {ids[column] for column in np.flatnonzero(row)}
            known.append(left_by(article, suggested, desk, way, random))
        model = learned(known, archive.taxonomy, fast)
    return model


def quality(model: TagModel, archive: Archive) -> tuple[float, float]:
    """Return micro-F1 and macro-F1 on the newest articles."""
    suggested = suggested_by(model, archive.judged, archive.taxonomy)
    labels = labels_of(archive.judged, archive.taxonomy)
    return micro_f1(suggested, labels), macro_f1(suggested, labels)


def rows(path: Path, seeds: int, fast: bool, desks: Sequence[Desk]) -> Iterator[list[str]]:
    """Yield a row for each desk: the quality before, with echoes that count, that are unknown, and with true labels."""
    archive = archive_of(path)
    first = learned(archive.before, archive.taxonomy, fast)
    before = quality(first, archive)
    truths = {
        closed: quality(simulated(archive, first, Desk(1.0, closed), TRUTH, 0, fast), archive)
        for closed in sorted({desk.closed for desk in desks})
    }
    for desk in desks:
        means = []
        for way in (COUNT, UNKNOWN):
            drawn = [quality(simulated(archive, first, desk, way, seed, fast), archive) for seed in range(seeds)]
            means.append(np.mean(drawn, axis=0))
        cells = (before, *means, truths[desk.closed])
        yield [
            "closed" if desk.closed else "open",
            f"{desk.mended:.0%}",
            *(f"{micro:.3f} / {macro:.3f}" for micro, macro in cells),
        ]
        say(" ".join([path.parent.name, *map(str, desk), *(f"{micro:.3f}/{macro:.3f}" for micro, macro in cells)]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", nargs="*", default=list(CORPORA))
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="fit the product's model, not plain TF-IDF")
    parser.add_argument("--mended", type=float, nargs="*", default=list(MENDED))
    parser.add_argument("--states", nargs="*", default=["open", "closed"])
    options = parser.parse_args()
    desks = [Desk(mended, state == "closed") for state in options.states for mended in options.mended]
    for name in options.corpora:
        found = list(rows(DATA / CORPORA[name], options.seeds, not options.whole, desks))
        head = ["articles", "errors mended", "before", "echoes count", "echoes unknown", "true labels"]
        print(table(f"{name}: micro-F1 / macro-F1 on the newest articles", head, found), flush=True)


if __name__ == "__main__":
    main()
