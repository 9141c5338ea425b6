"""How often a long text that names groups only in passing gets a group: `python -m benchmarks.composites`.

Few starter articles without a group are long, and real texts are. A composite joins seven starter articles without a group,
three of which name one in passing. A model that has not learned from these articles judges it, and any group is a false alarm.
Use composites to choose and to measure. As examples they would teach a model what no real text looks like.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np

from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model.tag_model import TagModel
from classifier.text import mention_features
from classifier.text.mention_features import LONG
from classifier.text.reading import ArticleReader
from classifier.training.fitting import fit

STARTER = Path(__file__).parent.parent / "training_data"
N_COMPOSITES, N_PARTS = 300, 3  # a part of the articles is held out for as many of the composites
N_JOINED, N_NAMING = 7, 3


def main() -> None:
    """Print the share of composites that get a group, and the groups that they get most often."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--long", type=int, default=LONG, help="words beyond which all texts are as long (%(default)s)")
    options = parser.parse_args()
    articles = list(read_articles(sorted((STARTER / "articles").glob("*.jsonl"))))
    taxonomy = read_taxonomy(STARTER / "taxonomy.yaml")
    with patch.object(mention_features, "LONG", options.long):
        judged = [groups_of(model, texts) for model, texts in held_out(articles, taxonomy, options.seed)]
    groups = np.concatenate(judged)
    names = np.array([tag.id for tag in taxonomy.tags])
    print(f"{len(groups)} composites: {groups.any(axis=1).mean():.1%} get a group, {groups.sum()} groups in all")
    for tag in np.argsort(-groups.sum(axis=0), kind="stable")[:10]:
        print(f"  {names[tag]:30} {groups[:, tag].sum()}")


def held_out(articles: Sequence[Article], taxonomy: Taxonomy, seed: int) -> Iterator[tuple[TagModel, list[Article]]]:
    """Yield models, each with composites of articles that it has not learned from."""
    draws = random.Random(seed)
    without = _without_groups(articles, taxonomy)
    draws.shuffle(without)
    for part in (without[number::N_PARTS] for number in range(N_PARTS)):
        texts = composites(part, taxonomy, N_COMPOSITES // N_PARTS, draws)
        out = {article.id for article in part}
        learned = [article for article in articles if article.id not in out]
        yield fit(learned, taxonomy, timeless=[article.id for article in learned]).model, texts


def composites(articles: Sequence[Article], taxonomy: Taxonomy, n: int, draws: random.Random) -> list[Article]:
    """Return articles that join the bodies of articles without a group; N_NAMING of N_JOINED name one in passing."""
    is_group = [tag.kind == "group" for tag in taxonomy.tags]
    reader = ArticleReader(taxonomy)
    naming: list[Article] = []
    silent: list[Article] = []
    for article in articles:
        mentions = reader.read(article).mentions_of
        names = any(is_group[tag] and not mention.weak for tag, found in mentions.items() for mention in found)
        (naming if names else silent).append(article)
    joined = []
    for number in range(n):
        parts = draws.sample(naming, N_NAMING) + draws.sample(silent, N_JOINED - N_NAMING)
        draws.shuffle(parts)
        body = "\n\n".join(part.body for part in parts)
        joined.append(Article(f"composite-{number}", parts[0].title, body))
    return joined


def groups_of(model: TagModel, articles: Sequence[Article]) -> np.ndarray:
    """Return which groups are suggested, (n_articles, n_tags) bool."""
    _, suggested = model.judge(articles)
    groups: np.ndarray = suggested & np.array([tag.kind == "group" for tag in model.taxonomy.tags])
    return groups


def _without_groups(articles: Sequence[Article], taxonomy: Taxonomy) -> list[Article]:
    groups = {tag.id for tag in taxonomy.tags if tag.kind == "group"}
    return [article for article in articles if groups.isdisjoint(article.tags or ())]


if __name__ == "__main__":
    main()
