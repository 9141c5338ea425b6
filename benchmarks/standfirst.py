"""What a standfirst is worth to the model, and how it is best read: `python -m benchmarks.standfirst`.

No archive with standfirsts is at hand. So the first sentence of each body becomes one, in the training part alone, and models
are judged by five folds, drawn anew for each seed. A way to read standfirsts must lose nothing against the first row.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import labels_of
from classifier.domain.taxonomy import taxonomy_of
from classifier.model import evaluation
from classifier.text import fields, mention_features, term_rows, terms
from classifier.text.cleaning import clean_body
from classifier.text.fields import BODY
from classifier.text.sentences import lead_end
from classifier.training.fitting import fit

DATA = Path(os.environ.get("TAGGER_EVAL_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
FILES = {"digitalgov": "digitalgov/train.jsonl.gz", "euvsdisinfo": "untidy/euvsdisinfo-train.jsonl.gz"}
N_FOLDS = 5
READINGS = {  # how often its words count, and whether the body then has no lead
    "counted once, the body without a lead": (1, True),
    "counted twice, the body without a lead": (2, True),
    "counted three times, the body without a lead": (3, True),
    "counted once, the body with its lead": (1, False),
    "counted twice, the body with its lead": (2, False),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    corpora = {name: list(read_articles([DATA / file])) for name, file in FILES.items()}
    print("| the first sentence | " + " | ".join(f"{name} micro / macro" for name in corpora) + " |")
    print("|---" * (len(corpora) + 1) + "|")
    _print_row("in the body", corpora, options.seeds, _plain)
    for name, (times, in_place_of_lead) in READINGS.items():
        with reading(times, in_place_of_lead):
            _print_row(f"as standfirst, {name}", corpora, options.seeds, _with_standfirst)


def _print_row(
    name: str, corpora: dict[str, list[Article]], n_seeds: int, change: Callable[[Article], Article]
) -> None:
    cells = []
    for articles in corpora.values():
        changed = [change(article) for article in articles]
        micro, macro = np.mean([judged(changed, seed) for seed in range(n_seeds)], axis=0)
        cells.append(f"{micro:.4f} / {macro:.4f}")
    print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def judged(articles: Sequence[Article], seed: int) -> tuple[float, float]:
    """Return micro- and macro-F1 over five folds."""
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    order = np.random.default_rng(seed).permutation(len(articles))
    labels = labels_of(articles, taxonomy)
    suggested = np.zeros(labels.shape, dtype=bool)
    for rows in (order[fold::N_FOLDS] for fold in range(N_FOLDS)):
        learned = [articles[row] for row in np.setdiff1d(order, rows)]
        suggested[rows] = fit(learned, taxonomy).model.judge([articles[row] for row in rows])[1]
    return evaluation.micro_f1(suggested, labels), evaluation.macro_f1(suggested, labels)


def reading(times: int, in_place_of_lead: bool) -> ExitStack:
    """Return a context in which standfirsts are read so."""
    changed = tuple(field._replace(times=times) if field.name == "standfirst" else field for field in fields.FIELDS)
    patches = ExitStack()
    for module in (terms, mention_features):
        patches.enter_context(patch.object(module, "FIELDS", changed))
    patches.enter_context(patch.object(term_rows, "_TIMES", np.array([field.times for field in changed], dtype=float)))
    if not in_place_of_lead:
        patches.enter_context(patch.object(fields, "_lead_end", lambda contents: lead_end(contents[BODY])))
    return patches


def _plain(article: Article) -> Article:
    return replace(article, body=clean_body(article).text, body_format="text")


def _with_standfirst(article: Article) -> Article:
    article = _plain(article)
    end = lead_end(article.body)
    return replace(article, standfirst=article.body[:end].strip(), body=article.body[end:].lstrip())


if __name__ == "__main__":
    main()
