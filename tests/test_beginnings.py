"""Aliases with `whole_word: false`: the beginnings of words are looked up as if each were tried."""

from __future__ import annotations

from time import process_time

from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.text.beginnings import Beginnings
from classifier.text.fields import read_text
from classifier.text.mentions import MentionFinder

LETTERS = st.text(alphabet="abcß", min_size=1, max_size=6)


@given(st.lists(LETTERS, max_size=30), st.lists(LETTERS, max_size=30))
def test_all_beginnings_of_a_word_are_found(beginnings: list[str], words: list[str]) -> None:
    found = Beginnings[list[str]](list)
    for beginning in beginnings:
        if not found.add(beginning):
            found.add(beginning).append(beginning)
    assert bool(found) == bool(beginnings)
    for word in words:
        tried = sorted({each for each in beginnings if word.startswith(each)}, key=len)
        assert found.of(word) == [[each] for each in tried]


@given(st.lists(LETTERS, min_size=1, max_size=6, unique=True), st.lists(LETTERS, max_size=12))
def test_finder_finds_the_longest_beginning_of_each_word(beginnings: list[str], words: list[str]) -> None:
    aliases = (Alias(text, whole_word=False) for text in beginnings)
    tags = tuple(Tag(f"t-{number}", f"T {number}", "group", aliases=(alias,)) for number, alias in enumerate(aliases))
    found = MentionFinder(Taxonomy(tags, {})).find(read_text(" ".join(words)))
    expected = [
        (f"t-{number}", place)
        for place, word in enumerate(words)
        for number, beginning in enumerate(beginnings)
        if word.startswith(beginning)
    ]
    assert sorted((tags[mention.tag].id, mention.word) for mention in found) == sorted(expected)


def _seconds(n_aliases: int, text: str) -> float:
    aliases = tuple(Alias(f"qq{number:05d}x", whole_word=False) for number in range(n_aliases))
    finder, read = MentionFinder(Taxonomy((Tag("a", "A", "group", aliases=aliases),), {})), read_text(text)
    finder.find(read)
    begin = process_time()
    for _ in range(5):
        finder.find(read)
    return process_time() - begin


def test_a_thousand_times_as_many_beginnings_take_about_as_long() -> None:
    text = "the army said on monday that two men were killed " * 400
    assert _seconds(10_000, text) < 10 * _seconds(10, text)
