"""How far scores are from the truth: `python -m benchmarks.calibration FOLDER…`.

The articles of a corpus, training and test part together, are shuffled and their dates removed. Five models learn from four
fifths each and score the last fifth. Then the tags are dealt into five groups: a model that knows no label of a group scores
all pairs of its tags as those of tags without examples. With `--few`, models get 0 to 5 examples of rare tags, and score an
article of each tag that they have not learned from.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import binom

from benchmarks.corpora import Corpus, corpus_of
from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import UNKNOWN, labels_of
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.model import evaluation
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

N_FOLDS = 5
MIN_PAIRS = 50
TOLERANCE = 0.05
LOWEST_SCORE = 0.05
N_FEW = 30  # rare tags whose scores are followed
SETTINGS = FitSettings(n_jobs=1)


def main() -> None:
    """Print the figures of each corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folders", type=Path, nargs="+", help="with train.jsonl.gz and test.jsonl.gz, or NAME of NAME-train.jsonl.gz"
    )
    parser.add_argument("--few", action="store_true", help="also follow rare tags from 0 to 5 examples")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for folder in options.folders:
        corpus = corpus_of(folder)
        articles = shuffled(corpus, options.seed)
        taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
        print(corpus.name, *_of_all(articles, taxonomy), *_of_tags_held_out(articles, taxonomy), sep="\n", flush=True)
        if options.few:
            print(*_of_few(articles, taxonomy), sep="\n", flush=True)


def shuffled(corpus: Corpus, seed: int) -> list[Article]:
    """Return all articles of a corpus in random order, without dates."""
    articles = [replace(article, published_at=None) for article in read_articles([corpus.train, corpus.test])]
    return [articles[row] for row in np.random.default_rng(seed).permutation(len(articles))]


def _of_all(articles: Sequence[Article], taxonomy: Taxonomy) -> list[str]:
    folds = np.arange(len(articles)) % N_FOLDS
    labels, scores = labels_of(articles, taxonomy), np.zeros((len(articles), len(taxonomy.tags)))
    suggested = scores > 0
    for fold in range(N_FOLDS):
        rows = np.flatnonzero(folds == fold).tolist()
        model = fit(
            [article for article, at in zip(articles, folds, strict=True) if at != fold], taxonomy, SETTINGS
        ).model
        scores[rows], suggested[rows] = model.judge([articles[row] for row in rows])
    known = labels != UNKNOWN
    judged = suggested & known
    error = evaluation.calibration_error(scores[judged], labels[judged] == 1)
    first, ndcg = evaluation.precision_at(1, scores, labels), evaluation.ndcg_at(5, scores, labels)
    figures = f"micro-F1 {evaluation.micro_f1(suggested, labels):.3f}, precision@1 {first:.4f}, nDCG@5 {ndcg:.4f}"
    return [
        f"  {figures}, calibration error of suggestions {error:.4f}",
        *_bins("all", scores[known], labels[known] == 1),
    ]


def _of_tags_held_out(articles: Sequence[Article], taxonomy: Taxonomy) -> list[str]:
    groups = np.arange(len(taxonomy.tags)) % N_FOLDS
    labels, scores = labels_of(articles, taxonomy), np.zeros((len(articles), len(taxonomy.tags)))
    for group in range(N_FOLDS):
        out = {tag.id for tag, of_group in zip(taxonomy.tags, groups, strict=True) if of_group == group}
        model = fit([without(article, out) for article in articles], taxonomy, SETTINGS).model
        scores[:, groups == group] = model.judge(articles)[0][:, groups == group]
    known = labels != UNKNOWN
    return _bins("tags without examples", scores[known], labels[known] == 1)


def without(article: Article, tags: set[str]) -> Article:
    """Return an article of which nothing is known about some tags."""
    carried = tuple(tag for tag in article.tags or () if tag not in tags)
    return replace(article, tags=carried, unknown=tuple(sorted(tags)))


def _of_few(articles: Sequence[Article], taxonomy: Taxonomy) -> list[str]:
    having: dict[str, list[int]] = {}
    for row, article in enumerate(articles):
        for tag in article.tags or ():
            having.setdefault(tag, []).append(row)
    rare = sorted((tag for tag in having if len(having[tag]) > 5), key=lambda tag: (len(having[tag]), tag))[:N_FEW]
    column = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    scores = np.zeros((len(rare), 6))
    for n in range(6):
        left_out = {row for tag in rare for row in (having[tag][0], *having[tag][n + 1 :])}
        model = fit([article for row, article in enumerate(articles) if row not in left_out], taxonomy, SETTINGS).model
        judged = model.judge([articles[having[tag][0]] for tag in rare])[0]
        scores[:, n] = [judged[row, column[tag]] for row, tag in enumerate(rare)]
    steps = np.diff(scores, axis=1)
    means = " ".join(f"{mean:.3f}" for mean in scores.mean(axis=0))
    falls = (
        f"{int((steps < -0.05).sum())} of {steps.size} steps fall by more than .05, the furthest by {-steps.min():.3f}"
    )
    return [f"  0 to 5 examples of {len(rare)} tags: mean score {means}; {falls}"]


def _bins(name: str, scores: np.ndarray, right: np.ndarray) -> list[str]:
    lines = []
    for width in (0.1, 0.05):
        rows = []
        for low in np.arange(LOWEST_SCORE, 1.0, width):
            inside = (scores >= low) & (scores < low + width)
            if inside.sum() >= MIN_PAIRS:
                rows.append((float(scores[inside].mean()), float(right[inside].mean()), int(inside.sum())))
        far = [row for row in rows if abs(row[0] - row[1]) > TOLERANCE]
        by_chance = sum(chance_of_being_off(score, n) for score, _, n in rows)
        worst = max(rows, key=lambda row: abs(row[0] - row[1]), default=(0.0, 0.0, 0))
        said = f"worst {worst[0]:.3f}, of which {worst[1]:.3f} of {worst[2]} are right"
        lines.append(
            f"  {name}, bins of {width}: {len(far)} of {len(rows)} more than {TOLERANCE} off, {by_chance:.1f} expected of true "
            f"scores; {said}"
        )
    return lines


def chance_of_being_off(score: float, n_pairs: int) -> float:
    """Return how often a bin of `n_pairs` is more than the tolerance off, though its score is the true share: binomial."""
    low, high = np.ceil(n_pairs * (score - TOLERANCE)), np.floor(n_pairs * (score + TOLERANCE))
    return float(binom.cdf(low - 1, n_pairs, score) + binom.sf(high, n_pairs, score))


if __name__ == "__main__":
    main()
