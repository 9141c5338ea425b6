"""What the pages show of an article: pieces of text with their marks, what was left out, and invisible characters."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.model.answer import Explanation, Part
from classifier.text.cleaning import normalise
from classifier.text.fields import BODY
from classifier.text.reading import ArticleReader, Reading
from classifier.training.fitting import Fitted
from classifier.web.pages.showing import (
    MAX_CONTROLS,
    MAX_REMOVED,
    LeftOut,
    Piece,
    controls_of,
    left_out,
    marked_text,
    marks_of,
    paragraphs_of,
    pieces_of,
)
from tests.hard import size
from tests.hostile import HOSTILE, assert_linear, repeated

N = size(40_000, 2_000_000)


@pytest.fixture(scope="module")
def reader(taxonomy: Taxonomy) -> ArticleReader:
    return ArticleReader(taxonomy)


def marked(text: str, *marks: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the pieces of a text in which each word has evidence for a tag, as (text, tags)."""
    spans: dict[tuple[int, int], list[str]] = {}
    for word, tag in marks:
        start = text.index(word)
        spans.setdefault((start, start + len(word)), []).append(tag)
    return [(piece.text, " ".join(piece.tags)) for piece in pieces_of(text, spans, {})]


def read(reader: ArticleReader, body: str, body_format: str = "text") -> Reading:
    return reader.read(Article(title="x", body=body, body_format=body_format))


def paragraphs(reader: ArticleReader, body: str, body_format: str = "text") -> list[list[Piece]]:
    reading = read(reader, body, body_format)
    return paragraphs_of(reading.body, body, {}, reading.removed)


# --- marks ------------------------------------------------------------------------------------------------------


def test_name_and_the_words_in_it_are_one_mark() -> None:
    text = "to the Islamic State's Khorasan branch and"
    name = "Islamic State's Khorasan branch"
    pieces = marked(text, (name, "iskp"), ("Khorasan", "iskp"), ("Islamic", "iskp"))
    assert pieces == [("to the ", ""), (name, "iskp"), (" and", "")]


def test_overlapping_marks_of_one_tag_are_one() -> None:
    assert marked("an Islamic State of Iraq", ("Islamic State", "a"), ("State of Iraq", "a"))[1:] == [
        ("Islamic State of Iraq", "a")
    ]


@pytest.mark.parametrize("name", ["al-Qaeda", "Da'esh", "Boko Haram"])
def test_words_that_write_one_name_are_one_mark(name: str) -> None:
    words = name.replace("-", " ").replace("'", " ").split()
    assert marked(f"of {name} in", *((word, "a") for word in words)) == [("of ", ""), (name, "a"), (" in", "")]


def test_words_beside_each_other_that_are_no_name_are_marked_each() -> None:
    assert marked("Shia mosque", ("Shia", "a"), ("mosque", "a")) == [("Shia", "a"), (" ", ""), ("mosque", "a")]


def test_marks_of_different_tags_are_cut_where_they_differ() -> None:
    assert marked("Islamic State", ("Islamic State", "b"), ("State", "a")) == [("Islamic ", "b"), ("State", "a b")]


def test_a_word_that_speaks_for_a_tag_marks_the_name_that_it_is_in(fitted: Fitted) -> None:
    part, tag = Part("mention", "islamic state's khorasan branch", 0.1, ((BODY, 4, 35),)), fitted.model.taxonomy.tags[0]
    words = [
        Part("term", "khorasan", 2.0, ((BODY, 20, 28), (BODY, 50, 58))),
        Part("term", "branch", 1.0, ((BODY, 29, 35),)),
    ]
    marks = marks_of([Explanation(tag, 0.9, 0.5, 3.1, "suggested", [*words, part], [])])
    assert set(marks[BODY]) == {(4, 35), (50, 58)}


SPANS = st.tuples(st.integers(0, 30), st.integers(1, 8), st.sampled_from("ab"))


@given(st.text(st.sampled_from("aB c-'"), max_size=30), st.lists(SPANS, max_size=8))
def test_pieces_are_the_text_and_every_mark_is_in_them(text: str, spans: list[tuple[int, int, str]]) -> None:
    marks: dict[tuple[int, int], list[str]] = {}
    for start, length, tag in spans:
        if start + length <= len(text):
            marks.setdefault((start, start + length), []).append(tag)
    pieces = pieces_of(text, marks, {})
    assert "".join(piece.text for piece in pieces) == text
    tags_at = [set(piece.tags) for piece in pieces for _ in piece.text]
    assert all(tag in tags_at[at] for span, tags in marks.items() for tag in tags for at in range(*span))
    assert all(one.tags != other.tags for one, other in pairwise(pieces) if one.tags)


def test_marks_of_an_article_stand_on_its_words(fitted: Fitted) -> None:
    body = "The Taliban fought ISKP.\n\nRead more: the Taliban\n\nA Taliban patrol came to Kabul."
    article = Article(title="x", body=body)
    reading = fitted.model.reader.read(article)
    marks = marks_of(fitted.model.explain(article, ["taliban"], reading))
    text = marked_text(article, reading, marks)
    pieces = [piece for paragraph in text.paragraphs for piece in paragraph]
    assert {piece.text for piece in pieces if piece.tags} >= {"Taliban"}
    assert [(piece.text, piece.tags) for piece in pieces if piece.removed] == [("Read more: the Taliban", ())]


# --- controls and what was left out -----------------------------------------------------------------------------


def test_controls_are_named_where_they_stood(reader: ArticleReader) -> None:
    body = "one \u202etwo\u202c\n&rlm;three\u200e"
    shown = [[piece.control or piece.text for piece in paragraph] for paragraph in paragraphs(reader, body)]
    assert shown == [["one ", "RLO", "two", "PDF"], ["RLM", "three", "LRM"]]


def test_control_as_an_entity_with_thousands_of_zeros_is_named() -> None:
    source = f"a&#{'0' * 5000}8238;b\r\n"
    assert list(controls_of(normalise(source), source).values()) == [["RLO"]]


def test_controls_behind_a_thousand_are_counted() -> None:
    title = "a\u202e" * 3000
    controls = controls_of(normalise(title), title)
    names = [name for at in sorted(controls) for name in controls[at]]
    assert len(names) == MAX_CONTROLS + 1
    assert names[-1] == "2,000 more"


def test_what_was_left_out_is_listed_up_to_a_limit(reader: ArticleReader) -> None:
    reading = read(reader, HOSTILE["removed parts"](10_000))
    parts, n_more = left_out(reading)
    assert len(parts) == MAX_REMOVED
    assert len(parts) + n_more == len(reading.removed)
    assert parts[0] == LeftOut("read more", "Read more: other news")


@pytest.mark.parametrize(
    "name",
    [
        "controls and removed parts",
        "controls and removed parts as elements",
        "removed parts",
        "bidi controls",
        "bidi controls between letters",
        "entities of controls",
        "entities of controls by number",
        "short lines",
        "paragraphs",
    ],
)
def test_paragraphs_are_cut_in_linear_time(reader: ArticleReader, name: str) -> None:
    body_format = "html" if "<" in HOSTILE[name](100) else "text"
    assert_linear(lambda text: paragraphs(reader, text, body_format), HOSTILE[name], N)


def test_marks_on_every_word_are_cut_in_linear_time() -> None:
    def cut(text: str) -> None:
        starts = range(0, len(text) - 4, 5)
        marks = {(start, start + 4): ["a", "b"] for start in starts} | {(start, start + 9): ["c"] for start in starts}
        pieces_of(text, marks, {start: ["RLO"] for start in starts})

    assert_linear(cut, repeated("abcd "), N // 4)
