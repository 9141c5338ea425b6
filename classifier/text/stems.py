"""The stems of words, which take the forms of one word together. All articles of an archive have stems of one kind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import Stemmer

N_LETTERS = 5  # in cross-validation on six languages four to six do about as well
# An Ethiopic letter is a consonant with its vowel: Unicode has eight places for each consonant, the sixth for it alone.
_CONSONANTS = {code: code & ~7 | 5 for code in range(0x1200, 0x1358)}
_FIRST_ETHIOPIC = "\u1200"


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


def _first_letters(words: Sequence[str]) -> list[str]:
    return [word[:N_LETTERS] for word in words]


def _beginnings(words: Sequence[str]) -> list[str]:
    """Return the first letters of words, of Ethiopic ones their consonants: the vowels change from form to form of a word."""
    beginnings = _first_letters(words)
    return [each if each < _FIRST_ETHIOPIC else each.translate(_CONSONANTS) for each in beginnings]


ENGLISH_STEMS = Stems("english", _english, all_scripts=False)
BEGINNINGS = Stems("beginnings", _beginnings, all_scripts=True)  # of the words of any language
FIRST_LETTERS = Stems("first-5", _first_letters, all_scripts=True)  # of models of earlier versions
STEMS = {stems.name: stems for stems in (ENGLISH_STEMS, BEGINNINGS, FIRST_LETTERS)}
