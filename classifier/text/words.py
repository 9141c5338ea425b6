"""Text -> words with their places, in a spelling that forgets case, accents and apostrophes.

Mentions, furniture and terms all read an article through this one function, so that they agree on what a word is.
Folding never changes the length of a text: an offset into the folded text is an offset into the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, Generic, NamedTuple, TypeVar, overload

import numpy as np

from classifier.domain.spelling import CODES, plain_words

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

    def __init__(self, plain: str, among: Hashed | None = None, number: int = 0) -> None:
        """Take a text, the `number`-th among those that were split together, if it was."""
        self.plain, self.number = plain, number
        if among is not None:
            self.among = among

    @once
    def among(self) -> Hashed:
        """The words of all texts that were split together, as numbers."""
        starts, ends, *hashes = _hashed(self.plain)
        return Hashed([0, len(self.plain)], [0, len(starts)], starts, ends, *hashes)

    def __len__(self) -> int:
        first, last = self.among.edges[self.number : self.number + 2]
        return last - first

    @once
    def spelling(self) -> list[str]:
        """The words, without apostrophes."""
        return self.plain.replace("'", "").split()

    @once
    def hashed(self) -> Hashed:
        """The words of this text alone, as numbers."""
        return self.among.of(self.number)

    @once
    def starts(self) -> list[int]:
        """Where each word starts in the text."""
        starts: list[int] = self.hashed.starts.tolist()
        return starts

    @once
    def ends(self) -> list[int]:
        """Where each word ends in the text."""
        ends: list[int] = self.hashed.ends.tolist()
        return ends

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where the word `first` starts and the word before `last` ends."""
        among, begin, edge = self.among, self.among.begins[self.number], self.among.edges[self.number]
        return among.starts.item(edge + first) - begin, among.ends.item(edge + last - 1) - begin

    def word(self, number: int) -> str:
        """Return one word; the others need not be made for it."""
        start, end = self.span(number, number + 1)
        return self.plain[start:end].replace("'", "")

    def n_before(self, offset: int) -> int:
        """Return how many words start before an offset."""
        if "among" not in vars(self):  # then splitting costs less
            return len(self.plain[:offset].split())
        return int(self.hashed.starts.searchsorted(offset))


class Hashed(NamedTuple):
    """The words of some texts as numbers, text after text.

    begins, edges: n_texts + 1 of each, where a text begins among the characters, and its words among the words; starts,
    ends: (n_words,) int64, where words start and end among the characters; of_word, of_term: (n_words,) uint64, the hash of
    a word, and that of the word with its digits folded to 0. Equal words have equal hashes; that two others among a
    million share one is as likely as one in thirty million.
    """

    begins: list[int]
    edges: list[int]
    starts: np.ndarray
    ends: np.ndarray
    of_word: np.ndarray
    of_term: np.ndarray

    def of(self, number: int) -> Hashed:
        """Return the words of one of the texts."""
        (begin, end), (first, last) = self.begins[number : number + 2], self.edges[number : number + 2]
        return Hashed(
            [0, end - begin],
            [0, last - first],
            self.starts[first:last] - begin,
            self.ends[first:last] - begin,
            self.of_word[first:last],
            self.of_term[first:last],
        )


def hashed_all(words: Sequence[Words]) -> Hashed:
    """Return the words of some texts as numbers: what they were split into, if that was together and is all."""
    among = words[0].among if words else None
    if (
        among is not None
        and len(among.begins) == len(words) + 1
        and all(one.among is among and one.number == number for number, one in enumerate(words))
    ):
        return among
    begins = [0, *accumulate(len(one.plain) + 1 for one in words)]
    edges = [0, *accumulate(map(len, words))]
    own = [one.hashed for one in words]
    return Hashed(
        begins,
        edges,
        np.concatenate([_NO_PLACES, *(one.starts + begin for one, begin in zip(own, begins, strict=False))]),
        np.concatenate([_NO_PLACES, *(one.ends + begin for one, begin in zip(own, begins, strict=False))]),
        np.concatenate([_NO_HASHES, *(one.of_word for one in own)]),
        np.concatenate([_NO_HASHES, *(one.of_term for one in own)]),
    )


# --- hashes -----------------------------------------------------------------------------------------------------

# A hash is a polynomial over the characters of the word, modulo 2**64 (Karp and Rabin 1987). Those of all words of a text
# come from one cumulative sum over its characters: the part of a word, divided by the power at its start.
_BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIXING = 0xD6E8FEB86659FD93
_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_NO_PLACES = np.zeros(0, dtype=np.int64)
_NO_HASHES = np.zeros(0, dtype=np.uint64)
MANY = 1 << 17  # characters that are hashed at a time; their powers are kept


@lru_cache(maxsize=8)
def _powers(n_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first 2**n_bits powers of the base and of its inverse, uint64."""
    whole = np.full((2, 1 << n_bits), [[_BASE], [_INVERSE]], dtype=np.uint64)
    whole[:, 0] = 1
    powers, inverses = np.multiply.accumulate(whole, axis=1)
    return powers, inverses


def _hashed(plain: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return where the words of a folded text, `Words.plain`, start and end, and their hashes (see `Hashed`)."""
    codes, folded = _codes_of(plain)
    starts, ends = _edges(codes)
    first, last = starts, ends
    if "'" in plain:  # it stands in words and is no part of them
        codes, folded = _codes_of(plain.replace("'", ""))
        first, last = _edges(codes)
    powers, inverses = _powers(max(10, len(codes).bit_length()))
    shift = inverses.take(first)
    sums = np.empty(len(codes) + 1, dtype=np.uint64)
    sums[0] = 0
    hashes = []
    for own in (codes, folded):
        np.multiply(own, powers[: len(own)], out=sums[1:])
        np.cumsum(sums[1:], out=sums[1:])
        hashes.append(_mixed((sums.take(last) - sums.take(first)) * shift))
    return starts, ends, hashes[0], hashes[1]


def _mixed(hashes: np.ndarray) -> np.ndarray:
    """Return hashes whose first bits depend on all of theirs; of a short word they would depend on its last letters."""
    mixed: np.ndarray = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(_MIXING)
    return mixed


def _codes_of(plain: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the characters of a text as numbers, and the same with its digits folded to 0."""
    if plain.isascii():
        raw = plain.encode()
        return np.frombuffer(raw, dtype=np.uint8), np.frombuffer(raw.translate(_TO_ZERO), dtype=np.uint8)
    codes = np.frombuffer(plain.encode(*CODES), dtype=np.uint32)
    return codes, np.where((codes >= ord("0")) & (codes <= ord("9")), np.uint32(ord("0")), codes)


def _edges(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where words start and end."""
    inside = np.zeros(len(codes) + 2, dtype=bool)
    np.not_equal(codes, ord(" "), out=inside[1:-1])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return edges[::2], edges[1::2]


class WordTable:
    """Finds words among those of a table, by their hashes."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take different words that are spelt as `Words.spelling` spells them."""
        some = (_hashed(" ".join(words[start : start + _ROOM]))[2] for start in range(0, len(words), _ROOM))
        hashes = np.concatenate([_NO_HASHES, *some])
        order = np.argsort(hashes)
        n_bits = len(words).bit_length() + 2
        self._shift = np.uint64(64 - n_bits)
        # Sorted by their hashes, those of one slot, which has the same first bits, stand together; what follows is no word's.
        self._hashes = np.append(hashes[order], np.uint64((1 << 64) - 1))
        self._numbers = np.append(order, -1)
        self._begins = np.searchsorted(hashes[order] >> self._shift, np.arange(1 << n_bits, dtype=np.uint64)).astype(
            np.int32
        )

    def find(self, hashes: np.ndarray) -> np.ndarray:
        """Return the number of each word in the table, int64, -1 for none, by its hash."""
        at = self._begins.take(hashes >> self._shift)
        there = self._hashes.take(at)
        found = np.where(there == hashes, self._numbers.take(at), -1)
        rest = np.flatnonzero(there < hashes)  # a slot of more than one word, most often
        while len(rest):
            at[rest] += 1
            there, wanted = self._hashes.take(at[rest]), hashes[rest]
            hit = there == wanted
            found[rest[hit]] = self._numbers.take(at[rest[hit]])
            rest = rest[there < wanted]
        return found


_ROOM = 10_000  # words of a table that are hashed at a time


def split_words(text: str) -> Words:
    """Return the folded words of a text; web and mail addresses hold none."""
    return Words(plain_words(text))


def split_all(texts: Sequence[str]) -> list[Words]:
    """Return the folded words of some texts, hashed: many short ones cost far less together."""
    begins = [0, *accumulate(len(text) + 1 for text in texts)]
    plains: list[str] = []
    found = []
    for first, last in _groups(begins):
        plain = split_words("\n".join(texts[first:last])).plain
        starts, ends, *hashes = _hashed(plain)
        begin = begins[first]
        found.append((starts + begin, ends + begin, *hashes) if begin else (starts, ends, *hashes))
        plains += [plain[start - begin : end - begin - 1] for start, end in pairwise(begins[first : last + 1])]
    if not found:
        return []
    starts, ends, *hashes = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    among = Hashed(begins, starts.searchsorted(begins).tolist(), starts, ends, *hashes)
    return [Words(plain, among, number) for number, plain in enumerate(plains)]


def _groups(begins: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of texts, first and one past the last, that are hashed together, by where they begin."""
    first = 0
    for number in range(1, len(begins)):
        if begins[number] - begins[first] > MANY or number == len(begins) - 1:
            yield first, number
            first = number


# A sentence ends at . ! or ? before white space and a capital, a digit or a quotation mark, or at the end of a line;
# not after an initial or a short abbreviation (U.S., Mr., Gen., No.).
# The sign comes first in the pattern: it is what the search looks for.
_SENTENCE_END = re.compile(
    r"[.!?\n](?:(?<=\n)|(?<![\s.][A-Za-z].)(?<!\b(?:Mr|Dr|St|No).)(?<!\b(?:Mrs|Gen|Col|Sgt|Lt\.).)"
    r"[\"')\]]*\s+(?=[A-Z0-9\"'(\[]))"
)
MAX_LEAD = 600


def lead_end(text: str) -> int:
    """Return where the first sentence of a body ends; a dateline or a short heading does not count as one.

    Blanks before it count as nothing: there may be many where a menu stood.
    """
    begin = len(text) - len(text.lstrip())
    for found in _SENTENCE_END.finditer(text, begin, begin + MAX_LEAD):
        if len(text[begin : found.start()].split()) >= 6:
            return found.start() + 1
    return min(len(text), begin + MAX_LEAD)
