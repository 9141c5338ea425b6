"""Reading an article as the model sees it: clean text without furniture, its words, its mentions, how it names tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from classifier.aboutness import Naming, NamingReader
from classifier.articles import Article, CleanText, clean_body, clean_title
from classifier.furniture import Removed, blank, find_furniture, find_repeated, joined
from classifier.mentions import TITLE, Mention, MentionFinder, ReadText, read_text
from classifier.taxonomy import Taxonomy
from classifier.words import once, spell

ENGLISH_SHARE = 0.6
# Characters of a field that are read, some 65,000 words: what an article is about stands there, and two megabytes of
# names would keep a worker busy for seconds.
MAX_READ = 400_000


@dataclass(frozen=True)
class Reading:
    """An article as the model sees it: clean text without furniture, its words and mentions."""

    text: ReadText
    title: CleanText
    body: CleanText
    removed: list[Removed]
    mentions: list[Mention]

    @once
    def mentions_of(self) -> dict[int, list[Mention]]:
        """The mentions of each tag that has any, in order."""
        of_tag: dict[int, list[Mention]] = defaultdict(list)
        for mention in self.mentions:
            of_tag[mention.tag].append(mention)
        return dict(of_tag)

    def source_span(self, field_number: int, start: int, end: int) -> tuple[int, int]:
        """Return the span of a clean span in the field as it was sent."""
        clean = self.title if field_number == TITLE else self.body
        return clean.source.span(start, end)


class ArticleReader:
    """Reads articles the way of one taxonomy; training and serving share it.

    `blocks` are the folded texts of blocks that stand on many pages of the site: they are furniture too.
    """

    def __init__(self, taxonomy: Taxonomy, blocks: Iterable[str] = ()) -> None:
        self._blocks = frozenset(blocks)
        self._finder = MentionFinder(taxonomy)
        self._naming = NamingReader(taxonomy)
        self._names = frozenset(
            spell(name) for tag in taxonomy.tags for name in (tag.label, *(alias.text for alias in tag.aliases))
        )

    def read(self, article: Article) -> Reading:
        """Return the reading of an article."""
        title, body, removed, text = self._clean(article)
        return Reading(text, title, body, removed, self._finder.find(text))

    def read_text(self, article: Article) -> ReadText:
        """Return only the text of a reading; no mentions are looked for."""
        return self._clean(article)[-1]

    def _clean(self, article: Article) -> tuple[CleanText, CleanText, list[Removed], ReadText]:
        title, body = clean_title(article), clean_body(article)
        removed = find_furniture(body.text[:MAX_READ], self._names.__contains__)
        if self._blocks:
            removed = joined(removed, find_repeated(body.text[:MAX_READ], self._blocks))
        return title, body, removed, read_text(title.text[:MAX_READ], blank(body.text[:MAX_READ], removed))

    def naming(self, readings: Sequence[Reading]) -> Naming:
        """Return how articles name tags, from their readings."""
        return self._naming.read([(reading.mentions, reading.text) for reading in readings])


def is_english(text: str) -> bool:
    """Whether a text is more likely English than not, from the share of its words that English has."""
    import simplemma  # its word list takes 0.4 s to load, and few articles need it

    return bool(simplemma.in_target_language(text[:2000], lang="en") > ENGLISH_SHARE)
