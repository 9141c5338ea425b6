"""How often a group that a text names once, late and in passing, is suggested: `python -m benchmarks.passing`.

The texts of passing_mentions.jsonl are about budgets, courts, books, sport and weather. They were written before any model
had seen them, and a careful editor would not give them the group. Measure with them, and choose nothing by them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from classifier.domain.articles import Article, article_from_file, read_articles
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model.protocol import Model
from classifier.serving.registry import Registry
from classifier.training.fitting import fit

STARTER = Path(__file__).parent.parent / "training_data"
TEXTS = Path(__file__).parent / "passing_mentions.jsonl"
ABOUTNESS = ("main", "secondary", "passing")


class Text(NamedTuple):
    """An article on something else, the group that it names in passing, and its kind of subject."""

    article: Article
    group: str
    kind: str


def main() -> None:
    """Print how many texts get the group that they name in passing, and which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, help="a folder of models (default: trains on the starter data)")
    models = parser.parse_args().models
    with TemporaryDirectory() as folder:
        model = Registry(models or trained(Path(folder))).load_champion()
        print(table(model, read_texts()))


def read_texts() -> list[Text]:
    """Return the texts of the benchmark."""
    records = map(json.loads, TEXTS.read_text(encoding="utf-8").splitlines())
    return [Text(article_from_file(record), record["group"], record["kind"]) for record in records]


def trained(folder: Path) -> Path:
    """Return the folder, with a champion that has learned the starter data."""
    articles = list(read_articles(sorted((STARTER / "articles").glob("*.jsonl"))))
    fitted = fit(articles, read_taxonomy(STARTER / "taxonomy.yaml"), timeless=[article.id for article in articles])
    registry = Registry(folder)
    registry.promote(registry.save(fitted.model), "benchmark", "fitted")
    return folder


def table(model: Model, texts: Sequence[Text]) -> str:
    """Return how many texts get their group suggested, as what, and a line for each of them."""
    found: dict[str, list[str]] = {aboutness: [] for aboutness in ABOUTNESS}
    for text in texts:
        for suggestion in model.suggest(text.article, 0).suggestions:
            if suggestion["tag"] == text.group:
                line = f"{text.article.id}  {text.kind:8}{text.group:28}{suggestion['score']:.2f}"
                found[suggestion["aboutness"]].append(line)
    n = sum(map(len, found.values()))
    lines = [f"{n} of {len(texts)} texts get the group that they name in passing"]
    for aboutness, rows in found.items():
        lines += [f"{aboutness}: {len(rows)}", *(f"  {row}" for row in rows)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
