"""Capitalised names: where a text has them, how they are compared, and which are forms of one name."""

import calendar
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from classifier.domain.spelling import spell
from classifier.text.words import Words

MAX_WORDS = 7  # words of a name
HEADLINE = 0.6  # the share of the longer words with a capital; above it, capitals do not mark names
SAME = 0.5  # the share of a shorter name's articles with a longer form; above it, the longer form is meant
MAX_VARIANTS = 8
MIN_FOLDED = 5  # letters of a word whose spelling is folded; shorter words would coincide with others
# Left out where names are compared: al-Nur, Al Nur, an-Nur. Not "us": it is a country more often.
ARTICLES = frozenset(["al", "el", "an", "as", "ash", "ad", "at", "az", "ar", "ul", "ur", "the"])
# What stands between the capitalised words of one name.
_JOINING = ARTICLES.union(
    ("of", "for", "in", "and", "us", "bin", "ibn", "bint", "abu", "wa", "wal", "fi", "bi", "li", "s"),
    ("de", "del", "della", "di", "da", "do", "dos", "du", "la", "las", "le", "les", "los", "van", "von", "der", "den"),
    ("und", "e", "y", "i"),
)
_MAX_JOINING = 2  # in a row: "of the"
_DATES = frozenset(
    spell(name)
    for names in (calendar.month_name, calendar.month_abbr, calendar.day_name, calendar.day_abbr)
    for name in (*names, "Sept")
)
# Between two words of one name stand a blank, a hyphen, or the full stop of an initial or of a short title.
_GAP = re.compile(r"[ \u00a0]|-")
_STOP_GAP = re.compile(r"\. ?")
_SHORTENED = re.compile(r"[A-Z][a-z]{0,2}")
# After these a capital does not mark a name.
_OPENING = re.compile(r"[.!?\n:\"\u2014(\[]")


class Named(NamedTuple):
    """A place in a text that may be a name: its words by number, one past the last.

    It is `free` if its capital means something, because it does not begin a sentence. It is `unextended` if no capitalised
    word stands next to it.
    """

    first: int
    last: int
    free: bool
    unextended: bool


def has_case(content: str, words: Words) -> bool:
    """Whether capitals mark names in a text: not if it is all in capitals, or a headline that capitalises each word."""
    longer = [content[start : start + 1] for start, end in _spans(words)[1:] if end - start > 3]
    return sum(map(str.isupper, longer)) < HEADLINE * len(longer) if len(longer) > 1 else not content.isupper()


def _spans(words: Words) -> list[tuple[int, int]]:
    return list(zip(words.starts, words.ends, strict=True))


class NamesOf:
    """The names of one text, and how its words are written."""

    def __init__(self, content: str, words: Words) -> None:
        self._content, self._words, self._spans = content, words, _spans(words)
        self._raw = [content[start:end] for start, end in self._spans]
        self._capital = [any(map(str.isupper, raw)) for raw in self._raw]
        self._lower = self.lower()

    def lower(self) -> set[str]:
        """Return the words that the text writes without a capital."""
        pairs = zip(self._words.spelling, self._capital, strict=True)
        return {word for word, capital in pairs if not capital}

    def proper(self) -> set[str]:
        """Return the words that the text writes with a capital inside a sentence."""
        spelling = self._words.spelling
        return {
            spelling[number]
            for number, capital in enumerate(self._capital)
            if capital and not self._starts_sentence(number)
        }

    def names(self) -> Iterator[Named]:
        """Yield every part of every run of capitalised words that begins and ends as a name does."""
        for first, last in self._runs():
            starts = [number for number in range(first, last) if self._begins(number) and not self._opens(number, last)]
            ends = [number + 1 for number in range(first, last) if self._capital[number] or self._raw[number].isdigit()]
            for start in starts:
                for end in ends:
                    if start < end <= start + MAX_WORDS and not self._is_date(start, end):
                        free = not self._starts_sentence(start)
                        yield Named(start, end, free, (start, end) == (starts[0], ends[-1]))

    def capitals(self, named: Named) -> set[int]:
        """Return the words of a name that have a capital, by number."""
        return {number for number in range(named.first, named.last) if self._capital[number]}

    def surface(self, named: Named) -> str:
        """Return a name as it is written."""
        return " ".join(self._content[self._spans[named.first][0] : self._spans[named.last - 1][1]].split())

    def _runs(self) -> Iterator[tuple[int, int]]:
        number, n = 0, len(self._raw)
        while number < n:
            if not self._begins(number):
                number += 1
                continue
            last = number + 1
            while last < n and (reach := self._reach(last)):
                last = reach
            yield number, last
            number = last

    def _reach(self, number: int) -> int:
        """Return one past the next word with a capital if only joining words are before it; 0 if the run ends here."""
        for to in range(number, min(number + _MAX_JOINING + 1, len(self._raw))):
            if not self._joined(to):
                return 0
            if self._capital[to] or self._raw[to].isdigit():
                return to + 1
            if self._raw[to] not in _JOINING:
                return 0
        return 0

    def _joined(self, number: int) -> bool:
        """Whether a word and the one before it may be of one name."""
        gap = self._gap(number)
        if _GAP.fullmatch(gap) or (gap == "'" and self._raw[number] == "s"):  # People's Front
            return True
        return bool(_STOP_GAP.fullmatch(gap)) and bool(_SHORTENED.fullmatch(self._raw[number - 1]))

    def _gap(self, number: int) -> str:
        return self._content[self._spans[number - 1][1] : self._spans[number][0]]

    def _begins(self, number: int) -> bool:
        if self._capital[number]:
            return True
        if self._raw[number] not in ARTICLES or number + 1 == len(self._raw) or not self._capital[number + 1]:
            return False
        # "al Nur" and "as-Sahab"; but "as Omar" is no name.
        return self._gap(number + 1) == "-" or (self._raw[number] in ("al", "el") and self._joined(number + 1))

    def _opens(self, number: int, last: int) -> bool:
        """Whether a word before others has its capital from the sentence alone: the text writes it without one elsewhere."""
        word = self._words.spelling[number]
        if number + 1 == last or word not in self._lower or not self._starts_sentence(number):
            return False
        return word not in ("al", "el") and self._gap(number + 1) != "-"

    def _is_date(self, first: int, last: int) -> bool:
        """Whether it consists of months, weekdays, numbers and joining words only."""
        words = self._words.spelling[first:last]
        return all(word in _DATES or word.isdigit() or word in _JOINING or len(word) == 1 for word in words)

    def _starts_sentence(self, number: int) -> bool:
        return not number or (bool(_OPENING.search(self._gap(number))) and not self._joined(number))


# --- how names are compared ---

# Spellings that differ from paper to paper, because a transliteration leaves them open.
_FOLDS = (
    (re.compile(r"(.)\1"), r"\1"),
    (re.compile(r"(?<=[kgd])h|h$"), ""),
    (re.compile(r"ou|o"), "u"),
    (re.compile(r"[ey]"), "i"),
    (re.compile(r"q"), "k"),
)


@lru_cache(maxsize=200_000)
def word_key(word: str) -> str:
    """Return a folded word without what spellings of one name differ in: Qaeda and Qaida, Shabab and Shabaab, plurals."""
    if len(word) < MIN_FOLDED or not word.isalpha():
        return word
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for pattern, plain in _FOLDS:
        word = pattern.sub(plain, word)
    return word


def name_key(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of a name in the form in which names are compared: their keys, without articles."""
    return tuple(word_key(word) for word in words if word not in ARTICLES) or tuple(map(word_key, words))


def keyed(spelling: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the words of a text in the form in which names are compared, and which words they are."""
    numbers = [number for number, word in enumerate(spelling) if word not in ARTICLES]
    return [word_key(spelling[number]) for number in numbers], numbers


def compact(words: Sequence[str]) -> str:
    """Return the words of a name without blanks and articles: the same name with other hyphens and blanks."""
    return "".join(word for word in words if word not in ARTICLES) or "".join(words)


def contains(longer: Sequence[str], shorter: Sequence[str]) -> bool:
    """Whether a longer name contains the words of a shorter one in a row."""
    n = len(shorter)
    return n < len(longer) and any(
        tuple(longer[start : start + n]) == tuple(shorter) for start in range(len(longer) - n + 1)
    )


# --- the forms of a name: short and long, with and without a title, abbreviated ---

Key = tuple[str, ...]


@dataclass
class Candidate:
    """A name under its key: how the window writes it, in which of its articles, and how often it was there before."""

    surfaces: Counter[str] = field(default_factory=Counter)
    unextended: Counter[str] = field(default_factory=Counter)  # of these, with no capitalised word beside them
    firsts: set[str] = field(default_factory=set)  # words with which it begins
    sure: set[str] = field(default_factory=set)  # articles in which a capital says that it is a name
    unsure: set[str] = field(default_factory=set)  # and those in which it begins a sentence
    now: set[str] = field(default_factory=set)
    n_before: int = 0
    first_seen: date = date.max

    def names(self) -> list[str]:
        """Return its surface forms, the most frequent first, without those that differ only in case or hyphens."""
        different: dict[str, str] = {}
        # Names of several words in capitals come last, and those that are too long for an abbreviation.
        shouted = {name for name in self.surfaces if name.isupper() and (" " in name or len(name) > 6)}
        order = sorted(self.surfaces, key=lambda name: (name in shouted, -self.surfaces[name], name))
        for name in order:
            different.setdefault(_without_article(name), name)
        return list(different.values())[:MAX_VARIANTS]

    def is_word(self) -> bool:
        """Whether it is an ordinary English word, whose capital may only come from the start of a sentence."""
        import simplemma  # its word list takes 0.4 s to load

        return any(simplemma.is_known(word, lang="en") for word in self.firsts)


def _without_article(name: str) -> str:
    words = spell(name).split()
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)


def families(names: Mapping[Key, Candidate]) -> list[list[Candidate]]:
    """Return the forms of each name, the one to show first: the longest that is in most of the articles."""
    parents = _longer(names) | _abbreviated(names)
    parents |= _shorter(names, [key for key in names if key not in parents])
    grouped: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in sorted(names, key=lambda key: (-len(key), key)):
        root = key
        while root in parents:
            root = parents[root]
        grouped[root].append(key)
    return [
        [names[root], *(names[key] for key in keys if key != root and names[key].unextended)]
        for root, keys in grouped.items()
    ]


def _longer(names: Mapping[Key, Candidate]) -> dict[Key, Key]:
    """Return the longer name of each name that is mostly part of one."""
    longer = {}
    for short in names:
        shared = {long: len(names[long].now & names[short].now) for long in names if contains(long, short)}
        best = max(shared, key=lambda long: (shared[long], len(long), long), default=None)
        if best is not None and shared[best] > SAME * len(names[short].now):
            longer[short] = best
    return longer


def _shorter(names: Mapping[Key, Candidate], left: list[Key]) -> dict[Key, Key]:
    """Return the shorter name of each name that is a rarer form of one, such as a title and a name."""
    shorter = {}
    for long in left:
        held = [short for short in left if contains(long, short) and names[long].now <= names[short].now]
        if held:
            shorter[long] = max(held, key=lambda short: (len(short), short))
    return shorter


def _abbreviated(names: Mapping[Key, Candidate]) -> dict[Key, Key]:
    """Return the name of each abbreviation: it has the same first letters and mostly the same articles."""
    full_names: dict[Key, Key] = {}
    for short in (key for key in names if len(key) == 1):
        letters = {spell(name) for name in names[short].surfaces if name.isupper() and len(name) > 1}
        for long in sorted(names, key=lambda key: (len(key), key)):
            shared = len(names[long].now & names[short].now)
            if letters & _initials(names[long]) and shared > SAME * min(len(names[long].now), len(names[short].now)):
                full_names[short] = long
    return full_names


def _initials(candidate: Candidate) -> set[str]:
    """Return the first letters of a name's words, with and without those of small words."""
    initials = set()
    for name in candidate.surfaces:
        words = [word for part in name.split() for word in part.split("-")]
        if len(words) > 1:
            initials.add("".join(word[:1] for word in words).lower())
            initials.add("".join(word[:1] for word in words if word[:1].isupper()).lower())
            initials.add("".join(word[:1] for word in words if word.lower() not in ARTICLES).lower())
    return initials
