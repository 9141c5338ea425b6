"""Terms: what a word gives, what counts twice, and where each term stands."""

from __future__ import annotations

import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.text.fields import BODY, TITLE, read_text
from classifier.text.stems import BEGINNINGS, STEMS, Stems
from classifier.text.term_rows import TermRows
from classifier.text.terms import (
    MAX_WORD,
    _terms_of_short_word,
    compounds_in,
    terms_of_word,
    text_terms,
    title_terms,
)
from tests.test_words import ANY_TEXT, finished

SENTENCE = "Gunmen attacked a police post near Kunduz on Monday."


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "terms"),
    [
        ("attacked", ("attacked", "attack~")),
        ("attacks", ("attacks", "attack~")),
        ("attack", ("attack", "attack~")),
        ("khorasan", ("khorasan", "khorasan~")),
        ("2024", ("0000",)),
        ("m23", ("m00",)),
        ("ak47", ("ak00",)),
        ("ʿayn", ("ʿayn",)),
        ("طالبان", ("طالبان",)),
        ("is", ("is", "is~")),
        ("a", ()),
        ("7", ()),
        ("", ()),
    ],
)
def test_word_gives_itself_and_its_stem(word: str, terms: tuple[str, ...]) -> None:
    assert terms_of_word(word) == terms


@pytest.mark.parametrize(
    ("word", "terms"),
    [
        ("attaques", ("attaques", "attaq~")),
        ("attaquants", ("attaquants", "attaq~")),
        ("طالبان", ("طالبان", "طالبا~")),
        ("የአልሸባብ", ("የአልሸባብ", "ይእልሽብ~")),
        ("iyo", ("iyo", "iyo~")),
        ("2024", ("0000",)),
        ("m23", ("m00",)),
        ("a", ()),
    ],
)
def test_word_of_any_language_gives_itself_and_its_beginning(word: str, terms: tuple[str, ...]) -> None:
    assert terms_of_word(word, BEGINNINGS) == terms


def test_term_of_titles_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="titles"):
        TermRows(["raid"], ["raid", "kunar"])


def test_long_word_is_cut() -> None:
    assert terms_of_word("x" * 1000)[0] == "x" * MAX_WORD


def test_long_word_is_not_kept_in_memory() -> None:
    text, rows = read_text("", "", "y" * 100_000), TermRows(["raid"], [])
    assert text.spelling  # the text itself may hold it
    held = sys.getrefcount(text.words[BODY].spelling[0])
    text_terms(text)
    rows.find([text])
    still_held = sys.getrefcount(text.words[BODY].spelling[0])  # not inside the assertion, which holds it too
    assert still_held == held


# --- texts ------------------------------------------------------------------------------------------------------


def test_terms_of_the_first_sentence_count_twice() -> None:
    found = Counter(text_terms(read_text("", "", f"{SENTENCE} Nobody claimed it.")))
    assert (found["kunduz"], found["attack~"], found["nobody"], found["claim~"]) == (2, 2, 1, 1)


def test_title_counts_once_with_the_body_and_has_a_view_of_its_own() -> None:
    text = read_text("Raid in Kunar", "", f"{SENTENCE} A second raid failed.")
    assert Counter(text_terms(text))["raid"] == 2
    assert title_terms(text) == ["raid", "raid~", "in", "in~", "kunar", "kunar~"]


@pytest.mark.parametrize(
    ("text", "compounds"),
    [
        ("a Hamas-led crowd", ["hamas-led"]),
        ("the 17-year-old boy", ["00-year", "year-old"]),
        ("al-Shabāb's men", ["al-shabab"]),
        ("one - two", []),
        ("one—two", []),
        ("one, -two", []),
        ("- one", []),
    ],
)
def test_words_joined_by_a_hyphen_give_the_compound_too(text: str, compounds: list[str]) -> None:
    assert [term for term in title_terms(read_text(text, "")) if "-" in term] == compounds


@pytest.mark.parametrize("text", ["", " ", "...", "https://example.org/taliban"])
def test_text_without_words_has_no_terms(text: str) -> None:
    assert text_terms(read_text(text, text, text)) == []


# --- places -----------------------------------------------------------------------------------------------------


def written(rows: TermRows, names: list[str], title: str, body: str) -> set[tuple[str, str]]:
    """Return (term, what writes it in the text) of all known terms."""
    text = read_text(title, "", body)
    found, joined = rows.find([text]), compounds_in(text)
    words = text.words[TITLE].spelling
    writings = [*words, *text.words[BODY].spelling, *(compound for compound, *_ in joined), *words]
    writings += [compound for compound, field, *_ in joined if field == TITLE]
    places = zip(found.row_of_entry, found.entries[0], strict=True)
    return {(names[found.rows[row]], writings[entry]) for row, entry in places}


def test_each_known_term_is_found_with_what_writes_it() -> None:
    names = ["raid", "attack~", "hamas-led", "shabab", "title raid"]
    rows = TermRows(names[:4], ["raid"])
    body = "The al-Shabāb men attacked. A Hamas-led raid failed."
    assert written(rows, names, "Attacks and a Raid", body) == {
        ("attack~", "attacked"),
        ("attack~", "attacks"),
        ("hamas-led", "hamas-led"),
        ("raid", "raid"),
        ("shabab", "shabab"),
        ("title raid", "raid"),
    }


def test_unknown_terms_are_counted_and_not_found() -> None:
    found = TermRows(["raid"], []).find([read_text("", "", "a raid on Kunar")])
    # "raid" and "raid~", "on" and "on~", "kunar" and "kunar~", all in the first sentence.
    assert (found.n_terms.tolist(), found.n_known.tolist()) == ([12], [2])
    assert (found.rows.tolist(), found.counts.tolist()) == ([0], [2])


VOCABULARY = ["taliban", "taliban~", "kunduz", "attack~", "0000", "al-shabab", "is-k", "raid", "raid~"]
TITLES = ["raid", "raid~", "is-k", "taliban"]
PIECES = st.sampled_from(
    [
        "Taliban",
        "raids",
        "raid",
        "al-Shabāb",
        "IS-K",
        "attacked",
        "2024",
        "Kunduz.",
        "\n",
        "-",
        "It said:",
        "a",
        "so far.",
    ]
)
TEXTS = st.lists(PIECES | ANY_TEXT, max_size=30).map(" ".join)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=3), st.sampled_from(list(STEMS.values())))
def test_a_model_counts_the_terms_that_training_counts(articles: list[tuple[str, str, str]], stems: Stems) -> None:
    texts = [read_text(*fields) for fields in articles]
    found = TermRows(VOCABULARY, TITLES, stems).find(texts)
    for number, text in enumerate(texts):
        own = slice(found.begins[number], found.begins[number + 1])
        in_text, in_title = Counter(text_terms(text, stems)), Counter(title_terms(text, stems))
        expected = {row: in_text[term] for row, term in enumerate(VOCABULARY) if in_text[term]}
        expected |= {row: in_title[term] for row, term in enumerate(TITLES, len(VOCABULARY)) if in_title[term]}
        assert dict(zip(found.rows[own].tolist(), found.counts[own].tolist(), strict=True)) == expected
        assert found.text_of_row[own].tolist() == [number] * len(expected)
        assert found.n_terms[number] == len(text_terms(text, stems))


# --- hostile text -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    ["a" * 1_000_000, "ab-" * 300_000],
    ids=["one word", "one compound"],
)
def test_megabyte_of_one_word_has_few_terms(body: str) -> None:
    terms = finished(text_terms, read_text("", "", body))
    assert len(set(terms)) <= 3
    assert max(map(len, terms)) <= 2 * MAX_WORD


def test_threads_do_not_get_each_others_stems() -> None:
    words = sorted(
        {
            f"{stem}{ending}"
            for stem in ["bomb", "attack", "shell", "arrest", "flood", "raid", "march"]
            for ending in ("ing", "ed", "s", "er", "ers")
        }
    )
    words = [f"{word}{letter}" for word in words for letter in "abcdefghij"] + words
    alone = [terms_of_word(word) for word in words]
    _terms_of_short_word.cache_clear()
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda n: [terms_of_word(word) for word in words[n:] + words[:n]], range(16)))
    for n, found in enumerate(together):
        assert found == alone[n:] + alone[:n]
