"""What is known of an article and a tag: positive, negative or unknown."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, labels_of
from classifier.domain.taxonomy import Tag, Taxonomy, taxonomy_from_json

TAXONOMY = Taxonomy((Tag("iskp", "ISKP"), Tag("taliban", "Taliban"), Tag("m23", "M23", created="2023-05-01")))


@pytest.mark.parametrize(
    ("article", "known"),
    [
        (Article(tags=("iskp",)), [POSITIVE, NEGATIVE, NEGATIVE]),
        (Article(tags=()), [NEGATIVE, NEGATIVE, NEGATIVE]),
        (Article(), [UNKNOWN, UNKNOWN, UNKNOWN]),
        (Article(rejected=("taliban",)), [UNKNOWN, NEGATIVE, UNKNOWN]),
        (Article(tags=("iskp",), tags_complete=False), [POSITIVE, UNKNOWN, UNKNOWN]),
        (Article(tags=("iskp",), rejected=("m23",), tags_complete=False), [POSITIVE, UNKNOWN, NEGATIVE]),
        (Article(tags=("iskp", "gone"), rejected=("never",)), [POSITIVE, NEGATIVE, NEGATIVE]),
    ],
    ids=["complete", "complete and empty", "nothing said", "rejected", "incomplete", "both", "tags we do not know"],
)
def test_what_is_known_follows_from_what_was_said(article: Article, known: list[int]) -> None:
    assert labels_of([article], TAXONOMY).tolist() == [known]


@pytest.mark.parametrize(
    ("article", "known"),
    [
        (Article(tags=("isil",)), [POSITIVE, POSITIVE]),
        (Article(tags=()), [NEGATIVE, NEGATIVE]),
        (Article(rejected=("isil",), tags_complete=False), [NEGATIVE, UNKNOWN]),
        (Article(tags=("isil",), rejected=("islamic-state",)), [POSITIVE, POSITIVE]),
        (Article(tags=("islamic-state",), rejected=("isil",)), [NEGATIVE, POSITIVE]),
        (Article(rejected=("isil", "islamic-state"), tags_complete=False), [NEGATIVE, NEGATIVE]),
        (Article(rejected=("islamic-state",), tags_complete=False), [UNKNOWN, UNKNOWN]),
    ],
)
def test_a_tag_that_was_replaced_counts_for_the_one_in_its_place(article: Article, known: list[int]) -> None:
    old = Tag("isil", "ISIL", status="retired", replaced_by="islamic-state")
    assert labels_of([article], Taxonomy((old, Tag("islamic-state", "Islamic State")))).tolist() == [known]


@pytest.mark.parametrize(
    ("article", "known"),
    [
        (Article(tags=("a",)), [POSITIVE, POSITIVE, POSITIVE]),
        (Article(tags=("b",)), [NEGATIVE, POSITIVE, POSITIVE]),
        (Article(tags=()), [NEGATIVE, NEGATIVE, NEGATIVE]),
        (Article(tags=(), rejected=("a",)), [NEGATIVE, NEGATIVE, NEGATIVE]),
        (Article(tags=(), unknown=("a",)), [UNKNOWN, UNKNOWN, UNKNOWN]),
        (Article(tags=("a",), rejected=("b",)), [POSITIVE, POSITIVE, POSITIVE]),
        (Article(tags=("a",), unknown=("b",)), [POSITIVE, POSITIVE, POSITIVE]),
        (Article(tags=("a",), rejected=("c",)), [POSITIVE, POSITIVE, POSITIVE]),
        (Article(tags=("c",), rejected=("a", "b")), [NEGATIVE, NEGATIVE, POSITIVE]),
    ],
)
def test_a_tag_that_was_replaced_twice_counts_for_the_last_in_its_place(article: Article, known: list[int]) -> None:
    tags = (Tag("a", "A", status="retired", replaced_by="b"), Tag("b", "B", status="retired", replaced_by="c"))
    assert labels_of([article], Taxonomy((*tags, Tag("c", "C")))).tolist() == [known]


def test_of_two_tags_replaced_by_a_third_one_that_is_right_is_enough() -> None:
    tags = (Tag("a", "A", status="retired", replaced_by="c"), Tag("b", "B", status="retired", replaced_by="c"))
    either = [Article(tags=("a",), rejected=("b",)), Article(tags=("b",), rejected=("a",))]
    assert labels_of(either, Taxonomy((*tags, Tag("c", "C"))))[:, 2].tolist() == [POSITIVE, POSITIVE]


def test_a_tag_that_was_replaced_by_one_that_was_retired_for_good_counts_for_no_living_tag() -> None:
    tags = (Tag("a", "A", status="retired", replaced_by="b"), Tag("b", "B", status="retired"), Tag("c", "C"))
    assert labels_of([Article(tags=("a",))], Taxonomy(tags)).tolist() == [[POSITIVE, POSITIVE, NEGATIVE]]


def test_a_circle_of_replacements_in_an_older_model_ends() -> None:
    circle = [Tag(one, one, status="retired", replaced_by=other) for one, other in ("ab", "bc", "cb", "dd")]
    taxonomy = taxonomy_from_json(Taxonomy((*circle, Tag("e", "E"))).to_json())
    known = labels_of([Article(tags=("a",)), Article(tags=("d",))], taxonomy).tolist()
    assert known == [[POSITIVE] * 2 + [NEGATIVE] * 3, [NEGATIVE] * 3 + [POSITIVE, NEGATIVE]]
    assert [taxonomy.replacement_of(tag) for tag in "abcde"] == [None, None, None, None, "e"]


@pytest.mark.parametrize(
    ("published_at", "known"),
    [
        ("2023-04-30", UNKNOWN),
        ("2023-04-30T23:59:59Z", UNKNOWN),
        ("2023-05-01", NEGATIVE),
        ("2023-05-01T08:00:00Z", NEGATIVE),
        (None, NEGATIVE),
    ],
)
def test_tag_that_did_not_exist_yet_is_unknown(published_at: str | None, known: int) -> None:
    article = Article(tags=("iskp",), published_at=published_at)
    assert labels_of([article], TAXONOMY).tolist() == [[POSITIVE, NEGATIVE, known]]


def test_what_a_person_said_of_a_tag_holds_also_before_the_tag_was_made() -> None:
    older = [
        Article(tags=("m23",), published_at="2020-01-01"),
        Article(tags=(), rejected=("m23",), published_at="2020"),
    ]
    assert labels_of(older, TAXONOMY)[:, 2].tolist() == [POSITIVE, NEGATIVE]


def test_labels_are_one_row_an_article_and_one_small_integer_a_tag() -> None:
    labels = labels_of([Article(tags=("taliban",)), Article()], TAXONOMY)
    assert (labels.shape, labels.dtype) == ((2, 3), np.dtype(np.int8))


def test_no_articles_give_no_rows() -> None:
    assert labels_of([], TAXONOMY).shape == (0, 3)
