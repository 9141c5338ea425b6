"""What it is worth that recency rates follow labels while a model serves: F1 and influence by rolling origins.

    python -m benchmarks.live [--corpora NAME …]
    python -m benchmarks.live --train FILE --test FILE

The models learn from the older articles of a training part, as in `benchmarks.rolling`. Then the later articles arrive one by
one. Each is judged before its labels are known, and no model is trained again. With `--test`, a model learns from the one file,
and the articles of the other arrive.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks.rolling import FILES, fitted, prepared
from classifier.domain.articles import Article, read_articles
from classifier.domain.dates import in_utc
from classifier.domain.examples import labels_of
from classifier.model import evaluation, live
from classifier.model.tag_model import TagModel
from classifier.store.live import N_FOLLOWED
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

CORPORA = ("digitalgov", "euvsdisinfo", "jupiter")
N_PUSHED = 200
MIN_POSITIVES = 20
Case = tuple[TagModel, Sequence[Article]]
Labels = Callable[[Article], Article]


class Candidate(NamedTuple):
    """What a model is told of an article that it has judged, and what is changed for that."""

    told: Labels | None = lambda article: article
    change: Callable[[], AbstractContextManager[Any]] = nullcontext


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=CORPORA, choices=FILES, metavar="NAME")
    parser.add_argument("--train", type=Path)
    parser.add_argument("--test", type=Path)
    options = parser.parse_args()
    if options.test:
        names = ("frozen", "live", "live, articles stay open")
        print_f1({options.test.name: [learned(options.train, options.test)]}, names)
        return
    cases = {name: [(fitted(origin), origin.later) for origin in prepared(name)] for name in options.corpora}
    print_f1(cases, list(CANDIDATES))
    print(f"\n| bound | {' | '.join(cases)} |")
    print("|---" * (len(cases) + 1) + "|")
    for bound in (0.0, 0.5, 0.75, 1.0, 2.0, 4.0):
        shares = [np.mean([pushed(case, bound) for case in of_corpus], axis=0) for of_corpus in cases.values()]
        print(f"| {bound} | " + " | ".join(f"{mean:.3f}, at most +{most:.3f}" for mean, most in shares) + " |")


def print_f1(cases: dict[str, list[Case]], names: Sequence[str]) -> None:
    """Print micro- and macro-F1 of some candidates, the mean over the cases of each corpus."""
    print("| candidate | " + " | ".join(f"{name} micro / macro" for name in cases) + " |")
    print("|---" * (len(cases) + 1) + "|")
    for name in names:
        with CANDIDATES[name].change():
            means = [
                np.mean([walked(*case, CANDIDATES[name].told) for case in found], axis=0) for found in cases.values()
            ]
        print(f"| {name} | " + " | ".join(f"{micro:.4f} / {macro:.4f}" for micro, macro in means) + " |", flush=True)


def learned(train: Path, test: Path) -> Case:
    """Return a model of a file, and the articles of another by date."""
    later = sorted(read_articles([test]), key=lambda article: (in_utc(article.published_at or ""), article.id))
    return fit(list(read_articles([train])), None, FitSettings()).model, later


def walked(model: TagModel, later: Sequence[Article], told: Labels | None) -> tuple[float, float]:
    """Return micro- and macro-F1 of a model that is told the labels of each article after it has judged it."""
    rows, followed, now, decisions = [], [], model, model.decisions(later)
    for n, article in enumerate(later, 1):
        rows.append(now.judge([article])[1][0])
        if told is not None:
            followed.append(told(article))
            last = slice(max(0, n - N_FOLLOWED), n)
            now = model.following(followed[last], decisions[last], n)
    labels, suggested = labels_of(later, model.taxonomy), np.array(rows)
    return evaluation.micro_f1(suggested, labels), evaluation.macro_f1(suggested, labels)


def pushed(case: Case, bound: float) -> tuple[float, float]:
    """Return to what share of the articles a tag is suggested after it was added to 200 that have nothing of it.

    The first number is the mean over the tags with enough positives, the second how much the worst of them rises.
    """
    model, later = case
    ids = tuple(tag.id for tag in model.taxonomy.tags)  # all at once: no tag depends on another
    added = [Article(str(n), "", "", tags=ids, tags_complete=False) for n in range(N_PUSHED)]
    with patch.object(live, "MAX_MOVE", bound):
        moved = model.following(added, np.full((N_PUSHED, len(ids)), -9.0), 1)
    before, after = (each.judge(later)[1].mean(axis=0) for each in (model, moved))
    usual = model.parameters.n_positive >= MIN_POSITIVES
    return float(after[usual].mean()), float((after - before)[usual].max())


def _bound(value: float) -> Candidate:
    return Candidate(change=lambda: patch.object(live, "MAX_MOVE", value))


def _weights(rate: float, step: float) -> Candidate:
    return Candidate(change=lambda: patch.multiple(live, RATE_WEIGHT=rate, ERROR_STEP=step))


def _positives_only(article: Article) -> Article:
    return replace(article, rejected=(), tags_complete=False)


CANDIDATES = {
    "frozen": Candidate(told=None),
    "live": Candidate(),
    "live, bound 0.5": _bound(0.5),
    "live, bound 0.75": _bound(0.75),
    "live, bound 2": _bound(2.0),
    "live, articles stay open": Candidate(told=_positives_only),
    "live, rates only": _weights(1.4, 0.0),
    "live, errors only": _weights(0.0, 0.1),
    "live, errors only, step 0.2": _weights(0.0, 0.2),
    "live, weight 1": _weights(1.0, 0.1),
    "live, step 0.05": _weights(0.5, 0.05),
    "live, step 0.2": _weights(0.5, 0.2),
}


if __name__ == "__main__":
    main()
