"""The texts that name a group only in passing: each does so once, late, and says so nowhere else; the benchmark counts."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest

from benchmarks.passing import Text, read_texts, table
from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.text.fields import BODY
from classifier.text.reading import ArticleReader
from tests.conftest import STARTER

# Those that other programs rely on (training_data/README.md).
RELIED_ON = frozenset(
    [
        "abu-sayyaf",
        "al-qaeda",
        "al-shabaab",
        "aqap",
        "aqim",
        "boko-haram",
        "hamas",
        "haqqani-network",
        "hezbollah",
        "houthis",
        "hts",
        "iraqi-shia-militias",
        "irgc",
        "iskp",
        "islamic-state",
        "iswap",
        "jnim",
        "lashkar-e-taiba",
        "palestinian-islamic-jihad",
        "pkk",
        "taliban",
        "ttp",
    ]
)


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return read_texts()


@pytest.fixture(scope="module")
def starter() -> Taxonomy:
    return read_taxonomy(STARTER / "taxonomy.yaml")


def test_sixty_texts_of_five_kinds_name_all_groups(texts: list[Text]) -> None:
    assert [text.article.id for text in texts] == [f"pm-{number:04}" for number in range(1, 61)]
    assert Counter(text.kind for text in texts) == dict.fromkeys(("budget", "court", "book", "sport", "weather"), 12)
    assert {text.group for text in texts} == RELIED_ON


def test_lengths_are_those_of_news(texts: list[Text]) -> None:
    lengths = [len(text.article.body.split()) for text in texts]
    assert min(lengths) >= 150
    assert max(lengths) <= 700
    assert sum(length >= 400 for length in lengths) == 20
    assert all("\n\n" in text.article.body and text.article.published_at for text in texts)


def test_tags_are_places_and_themes(texts: list[Text], starter: Taxonomy) -> None:
    kinds = {starter.by_id[tag].kind for text in texts for tag in text.article.tags or ()}
    assert kinds <= {"place", "theme"}


def test_each_names_its_group_once_in_the_last_third(texts: list[Text], starter: Taxonomy) -> None:
    readings = ArticleReader(starter).read_all([text.article for text in texts])
    for text, reading in zip(texts, readings, strict=True):
        groups = [mention for mention in reading.mentions if starter.tags[mention.tag].kind == "group"]
        assert [starter.tags[mention.tag].id for mention in groups] == [text.group], text.article.id
        assert (groups[0].field, groups[0].weak) == (BODY, False), text.article.id
        assert groups[0].start >= len(reading.body.text) * 2 / 3, text.article.id


class Suggests:
    """A model that suggests tags for articles by their ids."""

    def __init__(self, **suggestions: tuple[str, str]) -> None:
        self.suggestions = suggestions

    def suggest(self, article: Article, n_evidence: int) -> SimpleNamespace:
        tag, aboutness = self.suggestions.get(article.id, ("sport", "main"))
        return SimpleNamespace(suggestions=[{"tag": tag, "aboutness": aboutness, "score": 0.4}])


def test_benchmark_counts_a_text_only_for_the_group_that_it_names() -> None:
    texts = [Text(Article(id=name), "taliban", "sport") for name in ("a", "b", "c", "d")]
    model = Suggests(a=("taliban", "passing"), b=("hamas", "main"), d=("taliban", "main"))
    assert table(model, texts).splitlines() == [  # type: ignore[arg-type]
        "2 of 4 texts get the group that they name in passing",
        "main: 1",
        "  d  sport   taliban                     0.40",
        "secondary: 0",
        "passing: 1",
        "  a  sport   taliban                     0.40",
    ]
