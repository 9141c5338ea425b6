"""Text -> words with their places, in a spelling that forgets case, accents and apostrophes.

Mentions, furniture and terms all read an article through this one function, so that they agree on what a word is.
Folding never changes the length of a text: an offset into the folded text is an offset into the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

import numpy as np

# Signs that stand inside transliterated names and are left out of a word: Da'esh, Hay'at, al-Shari'a, Qur'an.
_APOSTROPHES = "'’‘ʼʾʿʻ`´"
# An apostrophe that is not inside a word; a possessive "'s" is a word of its own, so that "ISKP's" is the word "iskp".
_LOOSE_APOSTROPHE = re.compile(r"'(?:(?<=[\W_]')|(?<=^')|(?![^\W_])|(?=s\b))")
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}"
    r"|\b(?:[\w-]{1,63}\.){1,5}(?:com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)\b(?:/\S*)?",
    re.IGNORECASE,
)
# What every address holds one of. The dot comes first in its pattern: it is what the search looks for.
_HINT_OF_DOMAIN = re.compile(r"\.(?:(?<=www\.)|com|org|net|info|gov|edu|mil|int|io|tv|co\.uk)", re.IGNORECASE)
_HINT = re.compile(rf"{_HINT_OF_DOMAIN.pattern}|@|://", re.IGNORECASE)
_SPACE = re.compile(r"\s|\Z")


_T = TypeVar("_T")


class once(Generic[_T]):  # noqa: N801 - reads as the decorator that it is
    """A property that is worked out when it is first asked for, and kept.

    The standard library's takes a lock until Python 3.12; of what is asked a dozen times for each article that is felt.
    Two threads may both work it out; they find the same.
    """

    def __init__(self, work_out: Callable[[Any], _T]) -> None:
        self._work_out, self.__doc__, self._name = work_out, work_out.__doc__, work_out.__name__

    @overload
    def __get__(self, instance: None, owner: type) -> once[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _T: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._work_out(instance)
        return value


class Words:
    """The words of one text: `spelling[i]` stands folded for `text[starts[i]:ends[i]]`.

    `plain` is the folded text with a blank for every character that is in no word, as long as the text.
    """

    def __init__(self, plain: str) -> None:
        self.plain = plain
        self.spelling = plain.replace("'", "").split()

    def __len__(self) -> int:
        return len(self.spelling)

    @once
    def _edges(self) -> np.ndarray:
        """Where words start and end, in turn; made when it is asked for."""
        plain = f" {self.plain} "
        if plain.isascii():
            codes = np.frombuffer(plain.encode(), dtype=np.uint8)
        else:
            codes = np.frombuffer(plain.encode(*_CODES), dtype=np.uint32)
        inside = codes != _BLANK
        return np.flatnonzero(inside[1:] != inside[:-1])

    @once
    def starts(self) -> list[int]:
        """Where each word starts in the text."""
        found: list[int] = self._edges[::2].tolist()
        return found

    @once
    def ends(self) -> list[int]:
        """Where each word ends in the text."""
        found: list[int] = self._edges[1::2].tolist()
        return found

    def n_before(self, offset: int) -> int:
        """Return how many words start before an offset."""
        return len(self.plain[:offset].split())


class _FoldTable(dict[int, str]):
    """Maps a code point to one folded character; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character in _APOSTROPHES:
            folded = "'"
        else:
            base = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
            folded = next((f for f in (base.lower(), character.lower()) if len(f) == 1), character)
        if len(self) < 10_000:  # a hostile text may walk through all of Unicode
            self[code] = folded
        return folded


_FOLDS = _FoldTable()
_CODES = ("utf-32-le", "surrogatepass")  # four bytes for each code point
_BLANK = ord(" ")


def fold(text: str) -> str:
    """Return the text in lower case without accents; the result is exactly as long as the text."""
    return text.lower().replace("`", "'") if text.isascii() else text.translate(_FOLDS)


def _word_character(code: int) -> str:
    """Return a character as it stands in a word, a blank for what stands in none."""
    folded = _FOLDS[code]
    return folded if folded.isalnum() or folded == "'" else " "


_ASCII_WORDS = str.maketrans({code: _word_character(code) for code in range(128)})
# The same for all code points, filled as they are met: 0 is one that was not met yet.
_ALL_WORDS = np.zeros(0x110000, dtype=np.uint32)


def _in_words(text: str) -> str:
    """Return the folded text with blanks for all that stands in no word."""
    if text.isascii():
        return text.translate(_ASCII_WORDS)
    codes = np.frombuffer(text.encode(*_CODES), dtype=np.uint32)
    plain = _ALL_WORDS[codes]
    if not plain.all():
        for code in np.unique(codes[plain == 0]).tolist():
            _ALL_WORDS[code] = ord(_word_character(code))
        plain = _ALL_WORDS[codes]
    return plain.tobytes().decode(*_CODES)


def split_words(text: str) -> Words:
    """Return the folded words of a text; web and mail addresses hold none."""
    if "@" in text or "://" in text or _HINT_OF_DOMAIN.search(text):
        text = _without_addresses(text)
    plain = _in_words(text)
    if "'" in plain:
        plain = _LOOSE_APOSTROPHE.sub(" ", plain)
    return Words(plain)


def _without_addresses(text: str) -> str:
    """Return the text with blanks for its addresses; the slow pattern is tried only where white space encloses a hint."""
    pieces, done = [], 0
    for hint in _HINT.finditer(text):
        if hint.start() < done:
            continue
        start, end = hint.start(), _SPACE.search(text, hint.start()).start()  # type: ignore[union-attr]
        while start > done and not text[start - 1].isspace():
            start -= 1
        pieces += [text[done:start], _ADDRESS.sub(lambda found: " " * len(found[0]), text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def spell(text: str) -> str:
    """Return the words of a name, folded and joined by single blanks: the form in which names are compared."""
    return " ".join(split_words(text).spelling)


# A sentence ends at . ! or ? before white space and a capital, a digit or a quotation mark, or at the end of a line;
# not after an initial or a short abbreviation (U.S., Mr., Gen., No.).
# The sign comes first in the pattern: it is what the search looks for.
_SENTENCE_END = re.compile(
    r"[.!?\n](?:(?<=\n)|(?<![\s.][A-Za-z].)(?<!\b(?:Mr|Dr|St|No).)(?<!\b(?:Mrs|Gen|Col|Sgt|Lt\.).)"
    r"[\"')\]]*\s+(?=[A-Z0-9\"'(\[]))"
)
MAX_LEAD = 600


def lead_end(text: str) -> int:
    """Return where the first sentence of a body ends; a dateline or a short heading does not count as one."""
    for found in _SENTENCE_END.finditer(text, 0, MAX_LEAD):
        if len(text[: found.start()].split()) >= 6:
            return found.start() + 1
    return min(len(text), MAX_LEAD)
