"""What parts of the model that depend on time are worth: F1 by rolling origins inside the training parts.

    python -m benchmarks.rolling [--corpora NAME …] [--candidates TEXT …]

At each origin, models learn from the older articles and are judged on the next 15 % by date (see `training/rolling.py`). The
test parts are not used. Each row has one candidate, and the difference of its mean F1 from that of the first row.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import labels_of
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.model import evaluation, recency
from classifier.model.recency import Rates
from classifier.model.tag_model import TagModel
from classifier.training import fitting, stacking, thresholds
from classifier.training import recency as walking
from classifier.training.aboutness import no_aboutness
from classifier.training.held_out_tags import hold_out_tags
from classifier.training.linear_classifiers import LinearClassifiers, OutOfFold, fit_classifiers, out_of_fold
from classifier.training.rolling import rolling_origins
from classifier.training.settings import FitSettings
from classifier.training.training_set import MIN_POSITIVES, TrainingSet, read_training_set

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
FILES = {
    "reuters21578": "reuters21578/train.jsonl.gz",
    "digitalgov": "digitalgov/train.jsonl.gz",
    "euvsdisinfo": "untidy/euvsdisinfo-train.jsonl.gz",
    "jupiter": "untidy/jupiter-train.jsonl.gz",
}
Change = Callable[[], AbstractContextManager[Any]]


class Prepared(NamedTuple):
    """What all candidates share at an origin: everything that is fitted before the stacking model."""

    data: TrainingSet
    validated: OutOfFold
    classifiers: LinearClassifiers
    later: Sequence[Article]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=list(FILES), choices=FILES, metavar="NAME")
    parser.add_argument("--candidates", nargs="+", metavar="TEXT", help="only those whose name has one of these texts")
    options = parser.parse_args()
    corpora = {name: prepared(name) for name in options.corpora}
    print("| candidate | " + " | ".join(f"{name} micro / macro" for name in corpora) + " |")
    print("|---" * (len(corpora) + 1) + "|")
    first: dict[str, np.ndarray] = {}
    for candidate, change in CHANGES.items():
        if first and options.candidates and not any(text in candidate for text in options.candidates):
            continue
        with change():
            means = {name: np.mean([judged(origin) for origin in origins], axis=0) for name, origins in corpora.items()}
        shown = {name: means[name] - first[name] if first else means[name] for name in corpora}
        sign = "+" if first else ""
        print(
            f"| {candidate} | " + " | ".join(f"{a:{sign}.4f} / {b:{sign}.4f}" for a, b in shown.values()) + " |",
            flush=True,
        )
        first = first or means


def prepared(name: str) -> list[Prepared]:
    """Return a corpus at each origin."""
    articles = list(read_articles([DATA / FILES[name]]))
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    return [_prepare(past, later, taxonomy) for _, past, later in rolling_origins(articles)]


def _prepare(past: Sequence[Article], later: Sequence[Article], taxonomy: Taxonomy) -> Prepared:
    data = read_training_set(past, taxonomy, FitSettings(), untracked)
    classifiers = fit_classifiers(data, MIN_POSITIVES, untracked, "")
    return Prepared(data, out_of_fold(data, untracked), classifiers, later)


def fitted(prepared: Prepared) -> TagModel:
    """Return a model of what came before an origin."""
    stacked = stacking.stack(prepared.data, prepared.validated)
    held_out = hold_out_tags(prepared.data, stacked.stacking)
    suggesting = thresholds.fit_suggesting(prepared.data, stacked.decision, held_out)
    return fitting.joined(prepared.data, prepared.classifiers, stacked, suggesting, no_aboutness(), []).model


def judged(prepared: Prepared) -> tuple[float, float]:
    """Return micro- and macro-F1 of a model on what came after an origin."""
    labels = labels_of(prepared.later, prepared.data.taxonomy)
    _, suggested = fitted(prepared).judge(prepared.later)
    return evaluation.micro_f1(suggested, labels), evaluation.macro_f1(suggested, labels)


# --- candidates -------------------------------------------------------------------------------------------------


def _without_recency() -> AbstractContextManager[Any]:
    return patch.object(walking, "MIN_DATED", np.inf)


def _recency(half_life: float, smoothing: float, damping: float = 1e-9) -> Change:
    """Count the half-life of a tag in its own positives, as the product does."""

    def changed() -> AbstractContextManager[Any]:
        walk = patch.multiple(walking, HALF_LIFE=half_life, DAMPING=damping)
        return _both(lambda: walk, lambda: patch.object(recency, "SMOOTHING", smoothing))

    return changed


def _both(first: Change, second: Change) -> AbstractContextManager[Any]:
    patches = ExitStack()
    patches.enter_context(first())
    patches.enter_context(second())
    return patches


def _in_articles(half_life: float, smoothing: float, damping: float = 1e-9) -> Change:
    """Count the half-life in articles, alike for all tags."""
    step = property(lambda rates: np.full(rates.usual.shape, 1.0 - 0.5 ** (1.0 / half_life)))
    return lambda: _both(lambda: patch.object(Rates, "step", step), _recency(half_life, smoothing, damping))


def _shrinkages(*values: float) -> Change:
    return lambda: patch.object(thresholds, "SHRINKAGES", values)


def _on_all_positives() -> AbstractContextManager[Any]:
    """Choose the threshold of a tag also on positives that were judged as those of a tag without examples."""
    return patch.object(thresholds, "own_labels", lambda data: data.labels)


CHANGES: dict[str, Change] = {
    "no recency": _without_recency,
    "half-life of 30 articles, smoothing 0.01": _in_articles(30.0, 0.01),
    "half-life of 30 articles, smoothing 1": _in_articles(30.0, 1.0),
    "half-life of 30 articles, smoothing 0.01, damping 50": _in_articles(30.0, 0.01, 50.0),
    "half-life of 100 articles, smoothing 3": _in_articles(100.0, 3.0),
    "half-life of 2 positives, smoothing 1": _recency(2.0, 1.0),
    "half-life of 4 positives, smoothing 1": _recency(4.0, 1.0),
    "half-life of 4 positives, smoothing 1, damping 50": _recency(4.0, 1.0, 50.0),
    "half-life of 6 positives, smoothing 1": _recency(6.0, 1.0),
    "half-life of 8 positives, smoothing 1": _recency(8.0, 1.0),
    "half-life of 8 positives, smoothing 0.01, damping 50": _recency(8.0, 0.01, 50.0),
    "half-life of 8 positives, smoothing 0.3, damping 50": _recency(8.0, 0.3, 50.0),
    "half-life of 8 positives, smoothing 1, damping 50": _recency(8.0, 1.0, 50.0),
    "thresholds on all positives": _on_all_positives,
    "thresholds on all positives, no recency": lambda: _both(_without_recency, _on_all_positives),
    "threshold shrinkage up to 20": _shrinkages(1.0, 3.0, 8.0, 20.0),
    "threshold shrinkage up to 20, no recency": lambda: _both(_without_recency, _shrinkages(1.0, 3.0, 8.0, 20.0)),
}


if __name__ == "__main__":
    main()
