"""What each part of the model is worth: cross-validated F1 of the training parts without it.

    python -m benchmarks.ablation [--corpora NAME …]

It uses five folds that keep near-duplicates together, and thresholds learned on the other folds. It does not use the test
parts. The starter articles are one of the corpora. A part that improves fewer than two corpora should go.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from classifier.domain.articles import Article, read_articles
from classifier.domain.progress import untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model import decision, evaluation
from classifier.text.fields import ReadText
from classifier.text.stems import Stems
from classifier.text.terms import TextWords, terms_of_forms, words_of_texts
from classifier.training import corpus, mention_fitting, stacking, thresholds
from classifier.training.linear_classifiers import out_of_fold
from classifier.training.settings import FitSettings
from classifier.training.training_set import read_training_set

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
STARTER = ROOT / "training_data"
Change = Callable[[], AbstractContextManager[Any]]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=["reuters21578", "digitalgov", "starter"], metavar="NAME")
    names = parser.parse_args().corpora
    corpora = [read(name) for name in names]
    print("| without | " + " | ".join(f"{name} micro / macro" for name in names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for part, change in CHANGES.items():
        cells = []
        for name, (articles, taxonomy) in zip(names, corpora, strict=True):
            print(f"{name} without {part}", file=sys.stderr, flush=True)
            timeless = [article.id for article in articles] if name == "starter" else []
            micro, macro = measured(articles, taxonomy, change, timeless)
            cells.append(f"{micro:.3f} / {macro:.3f}")
        print(f"| {part} | " + " | ".join(cells) + " |", flush=True)


def read(name: str) -> tuple[list[Article], Taxonomy]:
    """Return the training part of a corpus and its taxonomy."""
    files = [DATA / name / "train.jsonl.gz"] if name != "starter" else sorted((STARTER / "articles").glob("*.jsonl"))
    articles = sorted(read_articles(files), key=lambda article: article.id)
    if name == "starter":
        return articles, read_taxonomy(STARTER / "taxonomy.yaml")
    return articles, taxonomy_of(tag for article in articles for tag in article.tags or ())


def measured(
    articles: Sequence[Article], taxonomy: Taxonomy, change: Change, timeless: Sequence[str]
) -> tuple[float, float]:
    """Return cross-validated micro- and macro-F1 of a fit with something changed; `timeless` are for `fit`."""
    with change() as changed:
        settings = changed if isinstance(changed, FitSettings) else FitSettings()
        data = read_training_set(articles, taxonomy, settings, untracked, timeless=timeless)
        stacked = stacking.stack(data, out_of_fold(data, untracked))
        of_others = thresholds.fit_on_others(data, stacked.decision)
        _, suggested = thresholds.choose_shrinkage(data, stacked.decision, of_others)
    return evaluation.micro_f1(suggested, data.labels), evaluation.macro_f1(suggested, data.labels)


def _without_features(*columns: int) -> Change:
    whole = decision.stacking_features

    def some(*arguments: Any) -> np.ndarray:
        features = whole(*arguments)
        features[..., list(columns)] = 0.0
        return features

    return lambda: patch.multiple(stacking, stacking_features=some)


def _terms_without(left_out: Callable[[str], bool]) -> Change:
    whole = terms_of_forms

    def some(forms: Sequence[str], stems: Stems | None) -> list[tuple[str, ...]]:
        return [tuple(term for term in terms if not left_out(term)) for terms in whole(forms, stems)]

    return lambda: patch.multiple(corpus, terms_of_forms=some)


def _lead_once() -> AbstractContextManager[Any]:
    whole = words_of_texts

    def once(texts: Sequence[ReadText]) -> TextWords:
        return whole([replace(text, lead_end=0) for text in texts])

    return patch.object(corpus, "words_of_texts", once)


def _constant(module: Any, name: str, value: Any) -> Change:
    return lambda: patch.object(module, name, value)


def _settings(**changed: Any) -> Change:
    return lambda: nullcontext(FitSettings(**changed))


CHANGES: dict[str, Change] = {
    "nothing (all parts)": nullcontext,
    "stems": _terms_without(lambda term: term.endswith("~")),
    "hyphen compounds": _terms_without(lambda term: "-" in term),
    "separate title features": _constant(corpus, "TITLE_WEIGHT", 1e-6),
    "counting the first sentence twice": _lead_once,
    "gap and rank among the tags": _without_features(1, 2, 3),
    "the number of examples": _without_features(4, 5),
    "mention features": _without_features(6, 7),
    "mention offsets per tag": _constant(mention_fitting, "KAPPA", 1e9),
    "shrinking a classifier by n / (n + 3)": _constant(decision, "SHRINKAGE", 1e-9),
    "a stacking model per kind": _constant(stacking, "MIN_KIND_POSITIVES", 10**9),
    "the choice of threshold shrinkage (3 positives)": _constant(thresholds, "SHRINKAGES", (3.0,)),
    "thresholds per tag (pooled threshold alone)": _constant(thresholds, "SHRINKAGES", (1e9,)),
    "C = 1 (0.5 instead)": _settings(c=0.5),
    "C = 1 (2 instead)": _settings(c=2.0),
    "C = 1 (4 instead)": _settings(c=4.0),
}


if __name__ == "__main__":
    main()
