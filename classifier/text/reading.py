"""Reading an article as the model sees it: clean text without boilerplate, its words, its mentions, how it names tags."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from classifier.domain.articles import Article
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.text.boilerplate import BoilerplateFinder, blank, joined
from classifier.text.cleaning import clean_fields
from classifier.text.fields import BODY, STANDFIRST, TITLE, ReadText, read_text, read_texts
from classifier.text.language import ENGLISH, MAX_SAMPLED, Language, has_enough_words
from classifier.text.mention_features import MentionFeatureReader, MentionFeatures
from classifier.text.mentions import FoundNames, Mention, MentionFinder
from classifier.text.once import once
from classifier.text.source_map import CleanText, Removed

FEW_KNOWN = 0.6  # a text with a smaller share of known terms may be in another language
# Characters of a field that are read, some 65,000 words: what an article is about stands there, and two megabytes of
# names would keep a worker busy for seconds.
MAX_READ = 400_000


@dataclass(frozen=True)
class Reading:
    """An article as the model sees it: clean text without boilerplate, its words and mentions."""

    text: ReadText
    clean: tuple[CleanText, ...]  # in the order of FIELDS
    removed: list[Removed]
    names: FoundNames

    @property
    def title(self) -> CleanText:
        """The clean title."""
        return self.clean[TITLE]

    @property
    def standfirst(self) -> CleanText:
        """The clean standfirst."""
        return self.clean[STANDFIRST]

    @property
    def body(self) -> CleanText:
        """The clean body, with its boilerplate."""
        return self.clean[BODY]

    @property
    def mentions(self) -> list[Mention]:
        """Where the article names tags."""
        return self.names.mentions

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
    """An article's clean fields, what of its body is boilerplate, and the fields without it, as they are read."""

    fields: tuple[CleanText, ...]
    removed: list[Removed]
    contents: tuple[str, ...]


class ArticleReader:
    """Reads articles for one taxonomy. Training and serving share it.

    `blocks` are the folded texts of blocks that stand on many pages of the site, which are boilerplate too.
    """

    def __init__(self, taxonomy: Taxonomy, blocks: Iterable[str] = (), language: Language = ENGLISH) -> None:
        self.language = language
        self._finder = MentionFinder(taxonomy, language)
        self._mention_features = MentionFeatureReader(taxonomy, self._finder.words)
        names = (name for tag in taxonomy.tags for name in (tag.label, *(alias.text for alias in tag.aliases)))
        self._boilerplate = BoilerplateFinder(language, frozenset(map(spell, names)), frozenset(blocks))

    def read(self, article: Article) -> Reading:
        """Return the reading of an article."""
        return self.read_all([article])[0]

    def read_all(self, articles: Sequence[Article]) -> list[Reading]:
        """Return the readings of articles, which cost less together."""
        clean = [self._clean(article) for article in articles]
        texts = read_texts([fields.contents for fields in clean], [article.language for article in articles])
        parts = zip(clean, texts, self._finder.find_all(texts), strict=True)
        return [Reading(text, fields.fields, fields.removed, names) for fields, text, names in parts]

    def read_text(self, article: Article) -> ReadText:
        """Return only the text of a reading, without looking for mentions."""
        return read_text(*self._clean(article).contents)

    def read_texts(self, articles: Sequence[Article]) -> list[ReadText]:
        """Return the same of some articles, which cost less together."""
        return read_texts([self._clean(article).contents for article in articles])

    def _clean(self, article: Article) -> _Clean:
        fields = clean_fields(article)
        contents = [field.text[:MAX_READ] for field in fields]
        by_element: list[Removed] = []
        if removed_elements := fields[BODY].removed:
            by_element = [
                part._replace(end=min(part.end, MAX_READ)) for part in removed_elements if part.start < MAX_READ
            ]
            contents[BODY] = blank(contents[BODY], by_element)
        if removed := self._boilerplate.find(contents[BODY]):
            contents[BODY] = blank(contents[BODY], removed)
            removed = joined(by_element, removed)
        return _Clean(fields, removed or by_element, tuple(contents))

    def mention_features(self, readings: Sequence[Reading]) -> MentionFeatures:
        """Return how articles name tags, from their readings."""
        return self._mention_features.read([(reading.names, reading.text) for reading in readings])


@lru_cache(maxsize=2)  # what serves, and what is compared with it
def kept_reader(taxonomy: Taxonomy, blocks: tuple[str, ...] = ()) -> ArticleReader:
    """Return the reader of a taxonomy. It is kept: to make that of a thousand tags takes a second, and a model may change alone."""
    return ArticleReader(taxonomy, blocks)


def is_unlearned(text: ReadText, learned: Collection[str], n_known: float, n_terms: float) -> bool:
    """Whether a text is in another language than those that a model has learned, of whose terms the model knows some.

    A text most of whose terms a model of English knows is English. A text of no language that can be told is in another one if
    few of its terms are known, and a text of a few words if none is.
    """
    return seen_language(text, learned, n_known, n_terms)[1]


def seen_language(text: ReadText, learned: Collection[str], n_known: float, n_terms: float) -> tuple[str | None, bool]:
    """Return the language of a text, None where it cannot be told, and whether it is another one (see `is_unlearned`)."""
    has_many_known = n_known > FEW_KNOWN * n_terms
    if text.told is None and has_many_known and set(learned) == {ENGLISH.code}:
        return ENGLISH.code, False
    if text.language is not None or not learned:
        return text.language, bool(learned) and text.language not in learned
    return None, n_terms > 0 and not has_many_known and (
        n_known == 0 or has_enough_words(text.first_words(MAX_SAMPLED))
    )
