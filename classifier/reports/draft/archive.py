"""What an archive says of the names of its tags: how often each is a tag, how often and how it is written."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from classifier.domain.articles import Article
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.draft.names import Name
from classifier.text.reading import ArticleReader, Reading

BATCH = 256  # articles that are read together
MAX_FORMS = 20  # ways to write a name that are told apart
# "Software Freedom Conservancy (SFC)" and "SFC (Software Freedom Conservancy)".
_SHORT_AFTER = re.compile(r"\(\s?([^\W\d_][\w.&-]{1,9})\s?\)")
_LONG_AFTER = re.compile(r"\b([^\W\d_][\w.&-]{1,9})\s?\(([^()\n]{3,80})\)")
_BEFORE = 120  # characters before an abbreviation in which its words stand
_MAX_SMALL_WORDS = 3


_BETWEEN_WORDS = re.compile(r"[\s_-]+")


def last_word(form: str) -> str:
    """Return the last word of a name as it is written."""
    return _BETWEEN_WORDS.split(form)[-1]


@dataclass
class Written:
    """How texts write a name: the number of articles that do, and its forms with their numbers."""

    n_articles: int = 0
    forms: Counter[str] = field(default_factory=Counter)

    def capitals(self) -> float:
        """Return the share of its places where its last word has a capital."""
        n = sum(n for form, n in self.forms.items() if any(map(str.isupper, last_word(form))))
        return n / max(1, self.forms.total())


@dataclass
class Archive:
    """The names of tags with their uses, and, if there are texts, what the texts say of them."""

    uses: Mapping[str, int]
    tagged: Mapping[str, frozenset[int]] = field(default_factory=dict)  # numbers of the articles with each tag
    written: Mapping[str, Written] = field(default_factory=dict)  # by spelling
    definitions: Mapping[str, Counter[str]] = field(default_factory=dict)  # letters of abbreviations -> plural keys
    first: Mapping[str, str] = field(default_factory=dict)  # the day of the first article with each tag
    n_articles: int = 0

    @property
    def has_texts(self) -> bool:
        """Whether there are texts, or names alone."""
        return self.n_articles > 0

    def of(self, name: Name) -> Written:
        """Return how texts write a name."""
        return self.written.get(name.spelling) or Written()

    def n_both(self, first: str, second: str) -> int:
        """Return the number of articles that have both tags."""
        return len(self.tagged.get(first, frozenset()) & self.tagged.get(second, frozenset()))


def read_archive(read: Callable[[], Iterable[Article]]) -> Archive:
    """Return what an archive says of the tags that its articles have.

    `read` reads the articles anew each time it is called. It is called twice, so that no text is kept. Articles that cannot be
    read are tagged, and write nothing.
    """
    tagged: defaultdict[str, set[int]] = defaultdict(set)
    first: dict[str, str] = {}
    n_articles = 0
    for number, article in enumerate(read()):
        n_articles += 1
        day = (article.published_at or "")[:10]
        for tag in article.tags or ():
            tagged[tag].add(number)
            if day:
                first[tag] = min(day, first.get(tag, day))
    texts = _Texts([Name(text) for text in tagged])
    texts.count(read())
    uses = {text: len(numbers) for text, numbers in tagged.items()}
    sets = {text: frozenset(numbers) for text, numbers in tagged.items()}
    return Archive(uses, sets, dict(texts.written), dict(texts.definitions), first, n_articles)


class _Texts:
    """Counts how texts write some names, and what they explain abbreviations with."""

    def __init__(self, names: Iterable[Name]) -> None:
        names = list(names)
        self._spellings = sorted({name.spelling for name in names} - {""})
        tags = (
            Tag(str(number), spelling, aliases=(Alias(spelling),)) for number, spelling in enumerate(self._spellings)
        )
        self._reader = ArticleReader(Taxonomy(tuple(tags)))
        self._abbreviations = {name.letters for name in names if len(name.words) == 1}
        self.written: defaultdict[str, Written] = defaultdict(Written)
        self.definitions: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def count(self, articles: Iterable[Article]) -> None:
        rest, unreadable = iter(articles), Unreadable()
        while batch := list(islice(rest, BATCH)):
            for reading in filter(None, unreadable.each(self._reader.read_all, batch)):
                self._count_names(reading)
                for content in reading.text.contents:
                    for short, words in set(_definitions(content, self._abbreviations)):
                        self.definitions[short][words] += 1

    def _count_names(self, reading: Reading) -> None:
        found = set()
        for mention in reading.mentions:
            spelling = self._spellings[mention.tag]
            form = reading.text.contents[mention.field][mention.start : mention.end]
            forms = self.written[spelling].forms
            if form in forms or len(forms) < MAX_FORMS:
                forms[form] += 1
            found.add(spelling)
        for spelling in found:
            self.written[spelling].n_articles += 1


def _definitions(text: str, abbreviations: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the letters of abbreviations that a text explains in parentheses, with the words that it gives for them."""
    for match in _SHORT_AFTER.finditer(text):
        short = Name(match[1]).letters
        if short in abbreviations:
            before = spell(text[max(0, match.start() - _BEFORE) : match.start()].rpartition("\n")[2]).split()
            lengths = range(len(short), min(len(before), len(short) + _MAX_SMALL_WORDS) + 1)
            phrases = (Name(" ".join(before[-n:])) for n in lengths)
            if words := next((phrase for phrase in phrases if short in phrase.initials), None):
                yield short, words.plural_key
    for match in _LONG_AFTER.finditer(text):
        short, words = Name(match[1]).letters, Name(match[2])
        if short in abbreviations and short in words.initials:
            yield short, words.plural_key
