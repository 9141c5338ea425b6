"""Words: folding, what a word is, what holds none, and where the first sentence ends."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.spelling import fold, spell
from classifier.text import hashing
from classifier.text.hashing import WordTable
from classifier.text.sentences import MAX_LEAD, lead_end
from classifier.text.words import Words, split_all, split_words
from tests.waiting import SECONDS

# Any code points at all, halves of surrogate pairs included.
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def finished(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns; it runs in a process of its own, which is ended if it hangs."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(function, arguments).get(timeout=SECONDS)


def placed(text: str) -> tuple[list[str], list[int], list[int]]:
    words = split_words(text)
    return words.spelling, words.starts, words.ends


# --- folding ----------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_folding_never_changes_the_length(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize("text", ["İstanbul", "straße", "ﬁnance", "Ⅷ", "Ǆ", "①", "ŉ", "ΐ"])
def test_folding_keeps_the_length_where_lower_case_or_decomposition_is_longer(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_folding_forgets_case_and_accents() -> None:
    assert fold("Al-Shabāb, ÉTA, Ḥizb Allāh, İZMİR") == "al-shabab, eta, hizb allah, izmir"


@pytest.mark.parametrize("apostrophe", "'’‘ʼʾʿʻ`´")
def test_every_apostrophe_folds_to_the_plain_one(apostrophe: str) -> None:
    assert fold(f"Da{apostrophe}esh") == "da'esh"


# --- words ------------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_words_stand_in_order_apart_and_inside_the_text(text: str) -> None:
    words = split_words(text)
    edges = [edge for span in zip(words.starts, words.ends, strict=True) for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in zip(words.starts, words.ends, strict=True))


@given(ANY_TEXT)
def test_each_word_is_the_folded_text_of_its_place_without_apostrophes_and_marks(text: str) -> None:
    words, folded = split_words(text), fold(text)
    spans = zip(words.starts, words.ends, strict=True)
    assert words.spelling == [folded[start:end].replace("'", "").replace(MARK, "") for start, end in spans]


@given(ANY_TEXT, st.integers(0, 200))
def test_words_before_an_offset_are_those_that_start_there(text: str, offset: int) -> None:
    words = split_words(text)
    assert words.n_before(offset) == sum(start < offset for start in words.starts)


MARK = "\u0640"  # stands for all marks in a folded text
# With an apostrophe behind s at the start of a word and before a vowel, as in s'est, the word ends.
_WORD = re.compile(r"[^\W_]+(?:'(?!s(?![^\W_]))(?!(?<=s')(?<![^\W_]s')[aei])[^\W_]+)*")


@given(st.text(st.sampled_from("abs's'’ʿ_- .,é İß字ا\u0301S'`😀1ﬁ"), max_size=14))
def test_words_are_runs_of_letters_digits_marks_and_inner_apostrophes(text: str) -> None:
    folded = fold(text)
    letters = [place for place, character in enumerate(folded) if character != MARK]
    words = _WORD.finditer("".join(folded[place] for place in letters))
    spans = [(letters[word.start()], letters[word.end() - 1] + 1) for word in words]
    with_marks = [(start, end + len(folded[end:]) - len(folded[end:].lstrip(MARK))) for start, end in spans]
    assert placed(text)[1:] == ([start for start, _ in spans], [end for _, end in with_marks])


def test_words_have_their_places() -> None:
    assert placed("Raid in Kunar") == (["raid", "in", "kunar"], [0, 5, 8], [4, 7, 13])


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("ISKP's", "iskp s"),
        ("ISKP’s claim", "iskp s claim"),
        ("Da'esh", "daesh"),
        ("Hay’at Tahrir al-Sham", "hayat tahrir al sham"),
        ("Qur'anic", "quranic"),
        ("IS-K", "is k"),
        ("al_Hayat", "al hayat"),
        ("fighters' families", "fighters families"),
        ("17-year-old", "17 year old"),
        ("«Daech»", "daech"),
        ("...", ""),
        ("", ""),
    ],
)
def test_names_are_spelt_as_they_are_compared(text: str, spelling: str) -> None:
    assert spell(text) == spelling


def test_apostrophe_in_a_name_counts_in_its_place() -> None:
    assert placed("the Da'esh") == (["the", "daesh"], [0, 4], [3, 10])


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/taliban/news",
        "http://taliban.example",
        "www.taliban.example/press",
        "taliban.com",
        "news.taliban.co.uk/archive",
        "spokesman@taliban.example.net",
        "HTTPS://TALIBAN.COM",
    ],
)
def test_web_and_mail_addresses_hold_no_words(address: str) -> None:
    assert spell(f"see {address} today") == "see today"


def test_words_around_an_address_keep_their_places() -> None:
    assert placed("see www.a.org now") == (["see", "now"], [0, 14], [3, 17])


def test_full_stop_without_a_blank_is_no_address() -> None:
    assert spell("They left.Taliban officials") == "they left taliban officials"


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000 + " x.y", "a-" * 500_000 + " x.y", "a." * 500_000, "a@" * 500_000],
    ids=["word", "hyphens", "full stops", "at signs"],
)
def test_endless_words_are_split_without_hanging(text: str) -> None:
    assert "".join(finished(split_words, text).spelling).startswith("a")


def test_word_of_a_megabyte_is_one_word() -> None:
    assert finished(placed, "a" * 1_000_000) == (["a" * 1_000_000], [0], [1_000_000])


# --- hashes -----------------------------------------------------------------------------------------------------


@given(st.lists(ANY_TEXT | st.text("ab1'’ .-\n@é字"), max_size=6))
def test_texts_split_together_have_the_words_that_each_has_alone(texts: list[str]) -> None:
    for text, words in zip(texts, split_all(texts), strict=True):
        alone = split_words(text)
        assert (words.plain, words.spelling, words.starts, words.ends) == (
            alone.plain,
            alone.spelling,
            alone.starts,
            alone.ends,
        )
        assert [words.word(number) for number in range(len(words))] == alone.spelling
        spans = list(zip(alone.starts, alone.ends, strict=True))
        assert [words.span(n, n + 1) for n in range(len(words))] == spans
        assert not spans or words.span(0, len(words)) == (alone.starts[0], alone.ends[-1])
        assert words.hashed.of_word.tolist() == alone.hashed.of_word.tolist()
        assert words.hashed.of_term.tolist() == alone.hashed.of_term.tolist()


def test_many_texts_are_split_as_a_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Raid {number} in Kunar" for number in range(40)]
    whole = [words.spelling for words in split_all(texts)]
    monkeypatch.setattr("classifier.text.words.MANY", 50)
    assert [words.spelling for words in split_all(texts)] == whole == [split_words(text).spelling for text in texts]
    assert split_all([]) == []


@given(ANY_TEXT, st.integers(0, 200))
def test_words_before_an_offset_are_as_many_once_they_are_hashed(text: str, offset: int) -> None:
    words, hashed = split_words(text), split_words(text)
    assert hashed.hashed is not None
    assert hashed.n_before(offset) == words.n_before(offset)


# Words as `Words.spelling` has them: folded, without blanks and apostrophes.
SPELT = st.text(st.sampled_from("abcxyz019éß字ا"), min_size=1, max_size=9)


@given(st.lists(SPELT, unique=True, max_size=40), st.lists(SPELT, max_size=40))
def test_table_finds_its_words_and_no_others(known: list[str], asked: list[str]) -> None:
    found = WordTable(known).find(Words(" ".join(asked)).hashed.of_word)
    assert found.tolist() == [known.index(word) if word in known else -1 for word in asked]


def test_table_of_many_words_tells_them_all_apart() -> None:
    known = [f"{stem}{number}" for stem in ("raid", "a", "mujahid") for number in range(20_000)]
    table = WordTable(known)
    assert table.find(Words(" ".join(known)).hashed.of_word).tolist() == list(range(len(known)))
    others = [f"{word}x" for word in known]
    assert set(table.find(Words(" ".join(others)).hashed.of_word).tolist()) == {-1}


def test_table_has_a_place_for_every_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes words may choose them by their hashes."""
    odd = np.uint64(hashing._INVERSE)
    few_bits = [np.uint64(1) << np.uint64(bit) for bit in range(64)]
    hashes = np.array([0, odd, *few_bits, *(~one for one in few_bits), ~np.uint64(0)], dtype=np.uint64)
    monkeypatch.setattr(hashing, "hash_words", lambda _: SimpleNamespace(of_word=hashes))
    table = WordTable(["word"] * len(hashes))
    assert table.find(hashes).tolist() == list(range(len(hashes)))


def test_hash_of_a_word_does_not_depend_on_what_stands_around_it() -> None:
    alone, inside = split_words("kunar").hashed, split_words("O'Neil's raid on Kunar, 字").hashed
    assert alone.of_word[0] == inside.of_word[-2]


@given(st.text("ab0123459' é字\u0660", max_size=60))
def test_hashes_of_terms_are_those_of_the_words_with_zeros(text: str) -> None:
    folded = text.translate(str.maketrans("123456789", "000000000"))
    hashed, of_zeros = split_words(text).hashed, split_words(folded).hashed
    assert hashed.of_term.tolist() == of_zeros.of_word.tolist() == of_zeros.of_term.tolist()


def test_hash_of_a_term_takes_all_digits_for_one() -> None:
    words = split_words("M23 m45 m2a").hashed
    assert words.of_term[0] == words.of_term[1] != words.of_term[2]
    assert len(set(words.of_word.tolist())) == 3


# --- the first sentence -----------------------------------------------------------------------------------------


def first_sentence(text: str) -> str:
    return text[: lead_end(text)]


@pytest.mark.parametrize(
    ("sentence", "rest"),
    [
        ("Gunmen attacked a police post near Kunduz on Monday.", " Nobody claimed it."),
        ("Did the group really pay for the attack in March?", " Officials doubt it."),
        ("The movement said that it would never lay down arms!", " Few believed it."),
        ("Soldiers of the U.S. Army raided a house in Mosul.", " Two men were held."),
        ("The court heard Gen. Daud and Dr. Karim on the first day.", " It rose at noon."),
        ("Inflation of 3.5 percent was blamed on the blockade of the port.", " Prices rose."),
    ],
)
def test_first_sentence_ends_at_its_full_stop(sentence: str, rest: str) -> None:
    assert first_sentence(sentence + rest) == sentence


@pytest.mark.parametrize("opening", ["KABUL\n", "What is new?\n", "Kabul, May 3. "])
def test_dateline_or_short_heading_is_not_the_first_sentence(opening: str) -> None:
    sentence = "Gunmen attacked a police post near Kunduz on Monday."
    assert first_sentence(f"{opening}{sentence} Nobody claimed it.") == opening + sentence


def test_text_without_an_end_is_all_first_sentence() -> None:
    assert lead_end("Gunmen attacked a police post") == len("Gunmen attacked a police post")


def test_first_sentence_is_never_longer_than_the_limit() -> None:
    assert lead_end("on and " * 500) == MAX_LEAD


@given(ANY_TEXT)
def test_first_sentence_of_any_text_ends_inside_it(text: str) -> None:
    assert 0 <= lead_end(text) <= len(text)
