"""Replay a year of a dated archive: `python -m benchmarks.replay.year`. What is it worth to retrain, and does the gate get in the way?

The model starts with what was published before the year. Each week the models suggest tags for the new articles, before
anybody has said what is right; then the articles come into the store with their tags, and `retrain` runs, the real one, on a real
store and real versions. Three ways are compared: never retrain; always fit on everything and serve it, proven or not; and the gate,
whose challenger may hold tags. Every label is an editor's own, so each run that the gate refuses is an honest one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import corpus_of
from benchmarks.processes import ROOT, say
from benchmarks.tables import table
from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import labels_of
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.errors import TooFewExamples
from classifier.model.evaluation import counts, drawn_sums, f1
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.training.fitting import fit
from classifier.training.judging import judge
from classifier.training.retraining import retrain
from classifier.training.run_result import BlockedBy
from classifier.training.settings import FitSettings, TrainingSettings

DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
NEVER, ALWAYS, GATED = "never", "always", "gated"
WAYS = (NEVER, ALWAYS, GATED)
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]")  # in ids: a store does not take it


@dataclass
class Step:
    """A week: its articles' counts of right, suggested and expected tags by each way, and the run at its end.

    counts: by way, (n_articles, 3) int64.
    """

    start: date
    counts: dict[str, np.ndarray]
    outcome: str
    reason: str
    blocked_by: list[BlockedBy]
    measured: tuple[float, float] | None = None  # micro-F1 of champion and challenger in cross-validation
    held: list[BlockedBy] = field(default_factory=list)

    @property
    def n_articles(self) -> int:
        """How many articles the week has."""
        return len(self.counts[NEVER])


@dataclass
class Replay:
    """A year as it went."""

    n_before: int
    steps: list[Step] = field(default_factory=list)

    def of(self, way: str) -> np.ndarray:
        """Return the counts of the whole year by a way, (n_articles, 3) int64."""
        return np.concatenate([step.counts[way] for step in self.steps])

    def refused(self) -> list[Step]:
        """Return the steps whose challenger was not promoted."""
        return [step for step in self.steps if step.outcome == "not promoted"]


def dated(folder: Path) -> list[Article]:
    """Return the articles of both parts of a corpus that have a date, in their order, with ids that a store takes."""
    corpus = corpus_of(folder)
    read = read_articles([corpus.train, corpus.test])
    some = [replace(article, id=_FOREIGN.sub(".", article.id)) for article in read if article.published_at]
    return sorted(some, key=lambda article: (article.published_at or "", article.id))


def replay(
    articles: Sequence[Article],
    start: date,
    n_steps: int,
    days: int,
    folder: Path,
    settings: TrainingSettings,
    tell: Callable[[str], None] = say,
) -> Replay:
    """Return how a year went from `start` in steps of some days; store and versions are made in a folder."""
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    store, registry = open_store(f"sqlite:///{folder}/replay.db"), Registry(folder / "models")
    known = [article for article in articles if (article.published_at or "") < start.isoformat()]
    store.import_articles(known, "import")
    first, _ = retrain(store, registry, settings)
    if first.version is None:
        raise TooFewExamples(f"There is no first model: {first.reason}")
    if not first.promoted:
        registry.promote(first.version, "replay", "something has to serve on the first day")
    serving = {NEVER: registry.load_champion(), GATED: registry.load_champion(), ALWAYS: _fitted(known, settings)}
    done = Replay(len(known))
    for at, new in _weeks(articles, start, n_steps, days):
        judged = {way: _counts(model, new, taxonomy) for way, model in serving.items()}
        store.import_articles(new, "import")
        known = [*known, *new]
        result, _ = retrain(store, registry, settings)
        measures = result.details.get("measures", {})
        both = [measures[name]["micro_f1"] for name in ("champion", "challenger") if name in measures]
        pair = (both[0], both[1]) if len(both) == 2 else None
        done.steps.append(Step(at, judged, result.outcome, result.reason, result.blocked_by, pair, result.held))
        tell(f"{at} {len(new):3} articles  {result.outcome}: {result.reason}")
        serving |= {GATED: registry.load_champion(), ALWAYS: _fitted(known, settings)}
    store.close()
    return done


def _weeks(articles: Sequence[Article], start: date, n_steps: int, days: int) -> Iterator[tuple[date, list[Article]]]:
    for number in range(n_steps):
        since, until = (start + timedelta(days=days * more) for more in (number, number + 1))
        new = [one for one in articles if since.isoformat() <= (one.published_at or "") < until.isoformat()]
        if new:
            yield since, new


def _fitted(known: Sequence[Article], settings: TrainingSettings) -> TagModel:
    taxonomy = taxonomy_of(tag for article in known for tag in article.tags or ())
    return fit(known, taxonomy, settings.fit).model


def _counts(model: TagModel, articles: Sequence[Article], taxonomy: Taxonomy) -> np.ndarray:
    suggested = judge(model, articles, taxonomy, untracked, "").suggested
    found = counts(suggested, labels_of(articles, taxonomy))
    return np.column_stack([part.sum(axis=1) for part in found]).astype(np.int64)


# --- figures ---


def quality(cells: np.ndarray) -> tuple[float, float, float]:
    """Return micro-F1 of counts and its 95 % interval, drawn over articles."""
    low, high = np.percentile(f1(*drawn_sums(cells).T), [2.5, 97.5])
    return float(f1(*cells.sum(axis=0))), float(low), float(high)


def difference(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """Return how much the micro-F1 of one is above another's on the same articles, and its 95 % interval."""
    drawn = drawn_sums(np.column_stack([one, other]))
    low, high = np.percentile(f1(*drawn[:, :3].T) - f1(*drawn[:, 3:].T), [2.5, 97.5])
    return float(f1(*one.sum(axis=0)) - f1(*other.sum(axis=0))), float(low), float(high)


def figures(done: Replay, n_parts: int = 13) -> dict[str, Any]:
    """Return all figures of a replay as plain JSON; quality over time is by parts of the year."""
    steps = done.steps
    parts = [part for part in np.array_split(np.arange(len(steps)), min(n_parts, len(steps))) if len(part)]
    over_time = [
        {
            "from": steps[part[0]].start.isoformat(),
            "n": sum(steps[at].n_articles for at in part),
            **{way: quality(np.concatenate([steps[at].counts[way] for at in part]))[0] for way in WAYS},
        }
        for part in parts
    ]
    outcomes = [step.outcome for step in steps]
    return {
        "n_before": done.n_before,
        "n_articles": len(done.of(NEVER)),
        "n_runs": len(steps),
        "outcomes": {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
        "held": [{"week": step.start.isoformat(), **each} for step in steps for each in step.held],
        "micro_f1": {way: quality(done.of(way)) for way in WAYS},
        "differences": {
            f"{one} - {other}": difference(done.of(one), done.of(other))
            for one, other in ((GATED, NEVER), (ALWAYS, NEVER), (GATED, ALWAYS))
        },
        "over_time": over_time,
        "refused": [
            {"week": step.start.isoformat(), "blocked_by": step.blocked_by, "measured": step.measured}
            for step in done.refused()
        ],
        "runs": [
            {"week": step.start.isoformat(), "n": step.n_articles, "outcome": step.outcome, "measured": step.measured}
            for step in steps
        ],
    }


def markdown(found: dict[str, Any], title: str) -> str:
    """Return the figures as Markdown."""
    rows = [[way, _interval(found["micro_f1"][way])] for way in WAYS]
    gaps = [[name, _interval(gap)] for name, gap in found["differences"].items()]
    weeks = [[row["from"], str(row["n"]), *(f"{row[way]:.3f}" for way in WAYS)] for row in found["over_time"]]
    refused = [
        [row["week"], ", ".join(f"{one['check']} {one['tag'] or ''}: {one['figure']}" for one in row["blocked_by"])]
        for row in found["refused"]
    ]
    held = [[row["week"], row["tag"], row["figure"]] for row in found["held"]]
    outcomes = ", ".join(f"{n} {outcome}" for outcome, n in found["outcomes"].items())
    what = (
        f"There are {found['n_before']} articles before the start and {found['n_articles']} in {found['n_runs']} steps. "
        f"Runs: {outcomes}."
    )
    return "\n\n".join(
        [
            table(title, ["retraining", "micro-F1 on articles of the next step"], rows, what),
            table("Differences, on the same articles", ["", "micro-F1"], gaps),
            table("Over time", ["from", "articles", *WAYS], weeks),
            table("Honest runs that the gate refused", ["week", "refused because of"], refused or [["none", ""]]),
            table("Tags held in honest runs", ["week", "tag", "figure"], held or [["none", "", ""]]),
        ]
    )


def _interval(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})" if low < 0 else f"{value:.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Replay the year that is asked for and print its tables."""
    from benchmarks.run import machine

    parser = argparse.ArgumentParser(
        "python -m benchmarks.replay.year", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", default="digitalgov", help="a folder of the evaluation data (%(default)s)")
    parser.add_argument("--start", type=date.fromisoformat, default="2015-01-01", help="(%(default)s)")
    parser.add_argument("--steps", type=int, default=52, help="how many (%(default)s)")
    parser.add_argument("--days", type=int, default=7, help="of a step (%(default)s)")
    parser.add_argument("--fast", action="store_true", help="plain models, in a fraction of the time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here as well")
    options = parser.parse_args()
    articles = dated(DATA / options.corpus)
    settings = TrainingSettings(fit=FitSettings(fast=options.fast), learning_curve=())
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        done = replay(articles, options.start, options.steps, options.days, Path(folder), settings)
    about = f"{options.corpus} from {options.start}, steps of {options.days} days"
    title = f"A year replayed: {about}{', --fast' if options.fast else ''}"
    found = {"title": title, "machine": machine(), "seconds": round(time.perf_counter() - began), **figures(done)}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(markdown(found, title))


if __name__ == "__main__":
    main()
