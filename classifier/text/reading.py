"""Reading an article as the model sees it: clean text without furniture, its words, its mentions, how it names tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from classifier.domain.articles import Article
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.text.boilerplate import blank, find_furniture, find_repeated, joined
from classifier.text.cleaning import clean_fields
from classifier.text.fields import BODY, TITLE, ReadText, read_text, read_texts
from classifier.text.mention_features import Naming, NamingReader
from classifier.text.mentions import Found, Mention, MentionFinder
from classifier.text.source_map import CleanText, Removed
from classifier.text.words import once, split_words

ENGLISH_SHARE = 0.6
# Words that hold English sentences together; some of them are words of other languages too, but never so many of a text.
_SMALL_WORDS = (
    "about after and are been but by for from had has have is its more not of said that the their there they this to was "
    "were what when which who will with would"
)
_ENGLISH = frozenset(_SMALL_WORDS.split())
SURELY_ENGLISH = 0.2
MIN_FOREIGN_WORDS = 8
# Characters of a field that are read, some 65,000 words: what an article is about stands there, and two megabytes of
# names would keep a worker busy for seconds.
MAX_READ = 400_000


@dataclass(frozen=True)
class Reading:
    """An article as the model sees it: clean text without furniture, its words and mentions."""

    text: ReadText
    clean: tuple[CleanText, ...]  # in the order of FIELDS
    removed: list[Removed]
    found: Found

    @property
    def title(self) -> CleanText:
        """The clean title."""
        return self.clean[TITLE]

    @property
    def body(self) -> CleanText:
        """The clean body, with its boilerplate."""
        return self.clean[BODY]

    @property
    def mentions(self) -> list[Mention]:
        """Where the article names tags."""
        return self.found.mentions

    @once
    def mentions_of(self) -> dict[int, list[Mention]]:
        """The mentions of each tag that has any, in order."""
        of_tag: dict[int, list[Mention]] = defaultdict(list)
        for mention in self.mentions:
            of_tag[mention.tag].append(mention)
        return dict(of_tag)

    def source_span(self, field_number: int, start: int, end: int) -> tuple[int, int]:
        """Return the span of a clean span in the field as it was sent."""
        return self.clean[field_number].source.span(start, end)


class _Clean(NamedTuple):
    """An article's clean fields, what of its body is furniture, and the fields without it, as they are read."""

    fields: tuple[CleanText, ...]
    removed: list[Removed]
    contents: tuple[str, ...]


class ArticleReader:
    """Reads articles the way of one taxonomy; training and serving share it.

    `blocks` are the folded texts of blocks that stand on many pages of the site: they are furniture too.
    """

    def __init__(self, taxonomy: Taxonomy, blocks: Iterable[str] = ()) -> None:
        self._blocks = frozenset(blocks)
        self._finder = MentionFinder(taxonomy)
        self._naming = NamingReader(taxonomy, self._finder.words)
        self._names = frozenset(
            spell(name) for tag in taxonomy.tags for name in (tag.label, *(alias.text for alias in tag.aliases))
        )

    def read(self, article: Article) -> Reading:
        """Return the reading of an article."""
        return self.read_all([article])[0]

    def read_all(self, articles: Sequence[Article]) -> list[Reading]:
        """Return the readings of articles; many cost less together."""
        clean = [self._clean(article) for article in articles]
        texts = read_texts([one.contents for one in clean])
        found = self._finder.find_all(texts)
        return [
            Reading(text, one.fields, one.removed, names) for one, text, names in zip(clean, texts, found, strict=True)
        ]

    def read_text(self, article: Article) -> ReadText:
        """Return only the text of a reading; no mentions are looked for."""
        return read_text(*self._clean(article).contents)

    def _clean(self, article: Article) -> _Clean:
        fields = clean_fields(article)
        contents = [field.text[:MAX_READ] for field in fields]
        removed_elements = fields[BODY].removed
        by_element = [part._replace(end=min(part.end, MAX_READ)) for part in removed_elements if part.start < MAX_READ]
        text = blank(contents[BODY], by_element)
        removed = find_furniture(text, self._names.__contains__)
        if self._blocks:
            removed = joined(removed, find_repeated(text, self._blocks))
        contents[BODY] = blank(text, removed)
        return _Clean(fields, joined(by_element, removed), tuple(contents))

    def naming(self, readings: Sequence[Reading]) -> Naming:
        """Return how articles name tags, from their readings."""
        return self._naming.read([(reading.found, reading.text) for reading in readings])


def is_english(text: str) -> bool:
    """Whether a text is more likely English than not, from the share of its words that English has."""
    words = split_words(text[:2000]).spelling
    if sum(map(_ENGLISH.__contains__, words)) >= SURELY_ENGLISH * max(1, len(words)):
        return True
    import simplemma  # its word list takes 0.3 s and 140 MB, and few articles need it

    return bool(simplemma.in_target_language(text[:2000], lang="en") > ENGLISH_SHARE)


def is_foreign(text: ReadText) -> bool:
    """Whether a text of which few terms are known is not English; of a few words nobody can tell."""
    n_words = sum(len(word) > 1 for word in text.spelling)
    return n_words >= MIN_FOREIGN_WORDS and not is_english(text.content)
