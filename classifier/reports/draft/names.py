"""How the names of tags are compared: letters without blanks and hyphens, numbers, words, plurals, edits, initials."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from classifier.domain.spelling import spell
from classifier.text.language import ENGLISH
from classifier.text.once import once

SHORT = 3  # letters and digits; in a name that is not longer, a sign may be all that tells two names apart
MAX_LETTERS = 80  # names that are longer are phrases, which are compared only by their letters
# Signs that mean something: C and C#, Disney and Disney+, ".local" and "local", "AI/ML". All others only part words.
_SIGNS = frozenset("+#%@/$€£*")
_FOLDED_SCRIPTS = ("LATIN", "GREEK")  # their accents are left out; й and が are letters of their own
_NUMBER = re.compile(r"\d+")
_ACRONYM = re.compile(r"\b(?:[^\W\d_]\.)+[^\W\d_]\b\.?")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_BETWEEN_LETTER_AND_DIGIT = re.compile(r"(?<=[^\W\d_])[\s_-]+(?=\d)|(?<=\d)[\s_-]+(?=[^\W\d_])")
_IN_PARENTHESES = re.compile(r"(.+?)\s*\(\s*([^()]+?)\s*\)")
# Organise and organize, radicalisation and radicalization, analysed and analyzed; not prise and prize.
_BRITISH = re.compile(r"(?<=[^\W\d_]{4})(?<=[iy])s(?=(?:e[drs]?|ers|ing|ations?)$)")
_ENDS_IN_ES = ("s", "x", "z", "ch", "sh", "o")


@lru_cache(maxsize=4096)
def _folds(letter: str) -> bool:
    return letter != "" and unicodedata.name(letter, "").startswith(_FOLDED_SCRIPTS)


def normal(name: str) -> str:
    """Return a name in one case, without the accents of Latin and Greek letters."""
    text = unicodedata.normalize("NFKC", name).casefold().strip()
    if text.isascii():
        return text
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", text):
        is_mark = unicodedata.category(character).startswith("M")
        base = base if is_mark else character
        if not (is_mark and _folds(base)):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _words(text: str) -> tuple[str, ...]:
    """Return the words of a normal name with the signs that mean something."""
    text = text.removeprefix("#").replace("&", " and ")
    plain = re.sub(r"['’‘ʼ`´]", "", text)
    first = "." if plain.startswith(".") else ""
    letters = "".join(c if c.isalnum() or c in _SIGNS or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return tuple((first + letters.strip()).split())


class Name:
    """A name of a tag as it is written, with the forms in which it is compared."""

    def __init__(self, text: str) -> None:
        """Take the name."""
        self.text = text
        self.normal = normal(text)
        self.words = _words(self.normal)
        self.letters = "".join(self.words)
        self.numbers = tuple(_NUMBER.findall(self.normal))

    @once
    def signs(self) -> str:
        """Its signs that mean something."""
        return "".join(filter(_SIGNS.__contains__, self.letters))

    @once
    def spelling(self) -> str:
        """The name as texts are searched for it."""
        return spell(self.text)

    @once
    def is_acronym(self) -> bool:
        """Whether it is written with a full stop after each letter: U.S.A."""
        return bool(_ACRONYM.fullmatch(self.normal))

    @once
    def plain_of_code(self) -> str:
        """The name without blanks and hyphens between letters and digits: G7 of G-7, but M.2 of M.2."""
        return _BETWEEN_LETTER_AND_DIGIT.sub("", self.normal)

    @once
    def plural_key(self) -> str:
        """The letters without the plurals of words: what two names have in common of which one may be a plural."""
        return "".join(map(_without_plural, self.words))

    @once
    def american(self) -> str:
        """The letters with z where British spelling may have s."""
        return "".join(_BRITISH.sub("z", word) for word in self.words)

    @once
    def initials(self) -> frozenset[str]:
        """The first letters of its words, with and without those of small words; none of a name of one word."""
        words = [word for word in self.words if _HAS_LETTER.match(word)]
        if len(words) < 2 or len(words) < len(self.words) or _ACRONYM.search(self.normal):
            return frozenset()
        large = [word for word in words if word not in ENGLISH.small_words]
        return frozenset(letters for part in (words, large) if len(letters := "".join(w[0] for w in part)) > 1)

    @once
    def in_parentheses(self) -> tuple[str, str] | None:
        """The name and the abbreviation of a name that is written as both: Russia Today (RT)."""
        parts = _IN_PARENTHESES.fullmatch(self.text)
        if parts is None:
            return None
        full, short = map(Name, parts.groups())
        return (full.text, short.text) if short.letters in full.initials else None


def _without_plural(word: str) -> str:
    """Return a word without what plurals differ in, wherever it stands: "movies" and "movie", "proxies" and "proxy" become one."""
    if len(word) >= SHORT and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word.replace("y", "i").replace("e", "")


def is_plural(plural: str, singular: str) -> bool:
    """Whether a word is the regular English plural of another."""
    if plural == f"{singular}s" or (plural == f"{singular}es" and singular.endswith(_ENDS_IN_ES)):
        return True
    return singular.endswith("y") and plural == f"{singular[:-1]}ies"


def plural_words(name: Name, other: Name) -> list[tuple[str, str]] | None:
    """Return the words that differ, each as plural and singular, or None if the names differ in more than plurals."""
    if len(name.words) == len(other.words):
        pairs = [pair for pair in zip(name.words, other.words, strict=True) if pair[0] != pair[1]]
        pairs = [pair if is_plural(*pair) else pair[::-1] for pair in pairs]
        return pairs if all(is_plural(*pair) for pair in pairs) else None
    plural, singular = (name, other) if len(name.letters) > len(other.letters) else (other, name)
    if not is_plural(plural.letters, singular.letters):
        return None
    parted = max(name, other, key=lambda name: len(name.words))
    shared = len(parted.letters) - len(parted.words[-1])
    return [(plural.letters[shared:], singular.letters[shared:])]


def deletions(letters: str) -> Iterator[str]:
    """Yield a text and what is left of it without each of its letters.

    Two texts that are one edit apart share one of these (Mor and Fraenkel 1982, the deletion neighbourhood).
    """
    yield letters
    for position in range(len(letters)):
        if position == 0 or letters[position] != letters[position - 1]:
            yield letters[:position] + letters[position + 1 :]


def one_edit_apart(first: str, second: str) -> bool:
    """Whether one letter was added, left out or replaced, or two neighbours changed places."""
    if first == second:
        return False
    start = next(
        (n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(len(first), len(second))
    )
    rest, other = first[start:], second[start:]
    if len(rest) == len(other):
        return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    return rest[1:] == other or rest == other[1:]
