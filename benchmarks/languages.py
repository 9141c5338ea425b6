"""Names and languages on the articles of `languages`: python -m benchmarks.languages --models DIR

It prints for each language how many mentions of well-known names are found, what a model of other languages suggests of the
groups that an article names at least twice, and what the detector says. DIR has the model of the starter articles.
"""

import argparse
import gzip
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.text.fields import BODY, TITLE, read_texts
from classifier.text.language import language_of
from classifier.text.mentions import MentionFinder

FOLDER = Path(os.environ.get("TAGGER_EVAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "languages"
LANGUAGES = {"ara": "ar", "hau": "ha", "som": "so", "swa": "sw", "fra": "fr", "amh": "am"}
WITH_ENDINGS = {"som", "hau"}  # the names of these languages have endings: the beginnings of the names are the aliases
BEGINNINGS = {"Mareykanka": "Mareykan", "Soomaaliya": "Soomaaliy", "Itoobiya": "Itoobiy"}


def articles_of(language: str) -> Iterator[Article]:
    """Yield all articles of a language."""
    for path in sorted(FOLDER.glob(f"{language}-*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                yield Article(row["id"], row["title"], row["body"])


def found_names(language: str, articles: list[Article], tags: list[dict[str, Any]]) -> tuple[int, int]:
    """Return how many mentions the patterns of names have, and how many of them are found."""
    finder = MentionFinder(Taxonomy(tuple(_tag(tag, language in WITH_ENDINGS) for tag in tags), {}))
    texts = read_texts([(article.title, "", article.body) for article in articles])
    n_expected = n_found = 0
    for article, names in zip(articles, finder.find_all(texts), strict=True):
        for number, tag in enumerate(tags):
            for field, text in ((TITLE, article.title), (BODY, article.body)):
                places = [(m.start, m.end) for m in names.mentions if (m.tag, m.field) == (number, field)]
                for match in re.finditer(tag["pattern"], text, re.IGNORECASE):
                    n_expected += 1
                    n_found += any(start < match.end() and match.start() < end for start, end in places)
    return n_expected, n_found


def _tag(tag: dict[str, Any], with_endings: bool) -> Tag:
    texts = [BEGINNINGS.get(text, text) for text in tag["aliases"]] if with_endings else tag["aliases"]
    aliases = tuple(Alias(text, whole_word=not with_endings) for text in texts)
    return Tag(id=tag["name"], label=tag["name"], kind="group", aliases=aliases)


def suggested_groups(model: TagModel, articles: list[Article]) -> tuple[int, int, Counter[str]]:
    """Return how many pairs of article and group there are with two mentions, how many are suggested, and all suggestions."""
    n_pairs = n_suggested = 0
    all_tags: Counter[str] = Counter()
    position = {tag.id: number for number, tag in enumerate(model.taxonomy.tags)}
    for article in articles:
        answer = model.suggest(article, n_evidence=0)
        suggested = {row["tag"] for row in answer.suggestions}
        all_tags.update(suggested)
        named = Counter(mention.tag for mention in model.reader.read(article).mentions if not mention.weak)
        groups = {tag for tag, number in position.items() if model.taxonomy.tags[number].kind == "group"}
        twice = {tag for tag in groups if named[position[tag]] > 1}
        n_pairs += len(twice)
        n_suggested += len(twice & suggested)
    return n_pairs, n_suggested, all_tags


def main() -> None:
    """Print a table of the languages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="a folder with the model of the starter articles")
    arguments = parser.parse_args()
    names = json.loads((FOLDER / "names.json").read_text("utf-8"))
    model = Registry(arguments.models).load_champion() if arguments.models else None
    for language, code in LANGUAGES.items():
        articles = list(articles_of(language))
        n_expected, n_found = found_names(language, articles, names[language])
        begin = time.process_time()
        right = sum(language_of(f"{article.title}\n{article.body}"[:1000]) == code for article in articles)
        took = (time.process_time() - begin) / len(articles)
        titles = [article.title for article in articles if len(article.title.split()) > 7]
        right_titles = sum(language_of(title) == code for title in titles)
        print(
            f"{code}: {len(articles)} articles; names found {n_found} of {n_expected} ({n_found / n_expected:.1%}); language right "
            f"{right / len(articles):.1%}, of titles {right_titles / max(1, len(titles)):.1%}, {1000 * took:.2f} ms each"
        )
        if model is not None:
            n_pairs, n_suggested, tags = suggested_groups(model, articles)
            share = n_suggested / max(1, n_pairs)
            print(f"    groups named twice: {n_suggested} of {n_pairs} suggested ({share:.0%}); {tags.most_common(12)}")


if __name__ == "__main__":
    main()
