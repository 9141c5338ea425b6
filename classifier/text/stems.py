"""The stems of words, which take the forms of one word together. All articles of an archive have stems of one kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import Stemmer

N_LETTERS = 5  # in cross-validation on six languages four to six do about as well


@dataclass(frozen=True, eq=False)
class Stems:
    """A way to find the stems of words. Words for which `has_stem` is false have none."""

    name: str  # as models call it
    of: Callable[[Sequence[str]], list[str]]
    all_scripts: bool  # whether words with other letters than a to z have stems

    def has_stem(self, word: str) -> bool:
        """Whether a word has a stem."""
        return word.isalpha() and (self.all_scripts or word.isascii())


class _Stemmers(threading.local):
    """A stemmer for each thread: it works on its own state, and threads that share one get each other's stems."""

    def __init__(self) -> None:
        self.stems: Callable[[Sequence[str]], list[str]] = Stemmer.Stemmer("english", 0).stemWords


_STEMMERS = _Stemmers()


def _english(words: Sequence[str]) -> list[str]:
    return _STEMMERS.stems(words)


def _beginnings(words: Sequence[str]) -> list[str]:
    return [word[:N_LETTERS] for word in words]


ENGLISH_STEMS = Stems("english", _english, all_scripts=False)
BEGINNINGS = Stems("first-5", _beginnings, all_scripts=True)  # of the words of any language
STEMS = {stems.name: stems for stems in (ENGLISH_STEMS, BEGINNINGS)}
