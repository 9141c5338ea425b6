"""Names that rise in the archive and belong to no tag, so that a new group gets its tag in the week it appears.

Names are taken from the articles of the window; how often they occurred before is counted in the whole archive, in any case
and spelling. So ordinary words, titles and first names drop out without a list of them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from classifier.domain.decisions import Filed
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.drift.chance import log_likelihood, more_than_before
from classifier.reports.drift.names import Candidate, Key, NamesOf, compact, families, has_case, keyed, name_key
from classifier.reports.drift.records import RisingName
from classifier.reports.drift.tags import Nearest, stub
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.parts import DatedArticle
from classifier.text.cleaning import normalise
from classifier.text.fields import ReadText
from classifier.text.mentions import Mention, MentionFinder
from classifier.text.once import once
from classifier.text.reading import ArticleReader
from classifier.text.words import Words

WINDOW = 7  # days
MIN_ARTICLES = 3  # of the window
MIN_RISE = 4.0  # times the rate before
# The highest p at which a name rises. It is lower for a name that occurred before, which is seldom a new group.
LEVEL, LEVEL_KNOWN = 1e-3, 1e-4
N_NAMES = 20
N_ARTICLES = 20  # of a name, listed


class Text:
    """An article of the archive as all parts of the report see it. Each property is computed when it is first needed."""

    def __init__(self, filed: Filed, reader: ArticleReader, finder: MentionFinder) -> None:
        self.filed, self._reader, self._finder = filed, reader, finder
        self.id = filed.article.id

    @once
    def day(self) -> date | None:
        """The day on which it was published, in UTC where it says its zone."""
        if self.filed.at is None:
            return None
        time = datetime.fromisoformat(self.filed.at)
        return (time.astimezone(UTC) if time.tzinfo else time).date()

    @once
    def read(self) -> ReadText:
        """Its title, its standfirst and its kept body."""
        return self._reader.read_text(self.filed.article)

    def check(self) -> None:
        """Read it before anything of it is counted, so that an unreadable article fails here."""
        _ = self.day and self.read

    @once
    def mentions(self) -> list[Mention]:
        """The places where it names tags."""
        return self._finder.find(self.read)

    @once
    def tags(self) -> set[str]:
        """The tags that it has, and the suggested ones unless it is blind."""
        suggested = () if self.filed.blind else self.filed.suggested or ()
        return {*(self.filed.article.tags or ()), *suggested}

    @once
    def title(self) -> str:
        """Its title on one line, without invisible characters that turn the direction."""
        return plain(normalise(self.filed.article.title).text, MAX_QUOTED)

    def covers(self, number: int, words: Words, where: Collection[int]) -> bool:
        """Whether words of a field, by number, are the name of one tag; "Islamic State Somalia" is more than its two tags."""
        first, last = min(where), max(where)
        return any(
            mention.field == number and mention.word <= first and words.starts[last] < mention.end
            for mention in self.mentions
        )


class Texts:
    """Reads articles for a taxonomy; `reader` knows the boilerplate of the site if it comes from a model."""

    def __init__(self, taxonomy: Taxonomy, reader: ArticleReader | None = None) -> None:
        self._reader, self._finder = reader or ArticleReader(taxonomy), MentionFinder(taxonomy)

    def of(self, filed: Filed) -> Text:
        """Return an article, which is read when it is first needed."""
        return Text(filed, self._reader, self._finder)


class RisingNames:
    """Finds the names that rise in two passes over an archive, without keeping a text.

    Call `collect` for each article, then `settle`, then `count` for each article again, then `rows`.
    """

    def __init__(self, taxonomy: Taxonomy, today: date, days: int = WINDOW) -> None:
        self._taxonomy, self._since, self._until = taxonomy, today - timedelta(days=days - 1), today
        self._taken_names = {
            compact(spell(name).split())
            for tag in taxonomy.tags
            for name in (tag.label, *(alias.text for alias in tag.aliases))
        }
        self._candidates: defaultdict[Key, Candidate] = defaultdict(Candidate)
        self._lower: Counter[str] = Counter()  # how many articles of the window write a word without a capital
        self._proper: Counter[str] = Counter()  # and how many with one, inside a sentence
        self._phrases: dict[str, list[Key]] = {}  # by their first words
        self._articles: dict[str, tuple[date, str]] = {}  # of the window
        self._nearest = Nearest(taxonomy)
        self._n_now = self._n_before = 0

    # --- first pass: the names of the window ---

    def collect(self, text: Text) -> None:
        """Collect the names of an article of the window."""
        if text.day is None or not self._since <= text.day <= self._until:
            return
        lower: set[str] = set()
        proper: set[str] = set()
        for number, (content, words) in enumerate(zip(text.read.contents, text.read.words, strict=True)):
            if len(words) and has_case(content, words):
                names = NamesOf(content, words)
                lower |= names.lower()
                proper |= names.proper()
                self._take(text, number, names, words)
        self._lower.update(lower)
        self._proper.update(proper)

    def _take(self, text: Text, number: int, names: NamesOf, words: Words) -> None:
        for named in names.names():
            spelt = words.spelling[named.first : named.last]
            if compact(spelt) in self._taken_names or text.covers(number, words, names.capitals(named)):
                continue
            candidate, surface = self._candidates[name_key(spelt)], names.surface(named)
            candidate.surfaces[surface] += 1
            candidate.firsts.add(spelt[0])
            (candidate.sure if named.free else candidate.unsure).add(text.id)
            if named.unextended:
                candidate.unextended[surface] += 1

    def settle(self) -> None:
        """Keep the names that may be rising, ready to be counted."""
        self._candidates = defaultdict(
            Candidate, {k: c for k, c in self._candidates.items() if self._may_be_name(k, c)}
        )
        for key in self._candidates:
            self._phrases.setdefault(key[0], []).append(key)

    def _may_be_name(self, key: Key, candidate: Candidate) -> bool:
        """Whether its capitals mark a name: a word that is written without one as often is none."""
        ordinary = all(self._lower[first] and self._lower[first] >= self._proper[first] for first in candidate.firsts)
        if ordinary and len(key) == 1:
            return False
        # One less than a row needs: the second pass also finds it in titles in capitals.
        return len(candidate.sure if ordinary else candidate.sure | candidate.unsure) >= MIN_ARTICLES - 1

    # --- second pass: how often they occur ---

    def count(self, text: Text) -> None:
        """Count an article and the names in it."""
        if text.day is None or text.day > self._until:
            return
        now = text.day >= self._since
        self._n_now, self._n_before = self._n_now + now, self._n_before + (not now)
        self._nearest.count(text.tags)
        keys = self._keys(text) if self._phrases else set()
        for key in keys:
            candidate = self._candidates[key]
            candidate.first_seen = min(candidate.first_seen, text.day)
            if now:
                candidate.now.add(text.id)
            else:
                candidate.n_before += 1
        if keys and now:
            self._articles[text.id] = text.day, text.title
            self._nearest.note(text.id, text.tags)

    def _keys(self, text: Text) -> set[Key]:
        """Return the names in a text, without those that are part of the mention of a tag."""
        return {
            key
            for number, words in enumerate(text.read.words)
            for word_numbers, key in self._names_in(words)
            if not text.covers(number, words, word_numbers)
        }

    def _names_in(self, words: Words) -> Iterator[tuple[list[int], Key]]:
        """Yield the names in a field and the words that they consist of, by number."""
        keys, word_numbers = keyed(words.spelling)
        for start, first in enumerate(keys):
            for key in self._phrases.get(first, ()):
                if tuple(keys[start : start + len(key)]) == key:
                    yield word_numbers[start : start + len(key)], key

    # --- what rises ---

    def rows(self) -> list[RisingName]:
        """Return the names that rise, one row for all forms of a name, those that rise most first."""
        risen = {key: candidate for key, candidate in self._candidates.items() if self._rises(candidate)}
        rows = [self._row(forms) for forms in families(risen)]
        return sorted(rows, key=lambda row: (-row.g2, row.name))[:N_NAMES]

    def _rises(self, candidate: Candidate) -> bool:
        n_now, n_before = len(candidate.now), candidate.n_before
        if n_now < MIN_ARTICLES or (not candidate.sure and (n_before or candidate.is_word())):
            return False
        rise = (n_now / self._n_now) / ((n_before + 0.5) / (self._n_before + 1))
        chance = more_than_before(n_now, self._n_now, n_before, self._n_before)
        return rise >= MIN_RISE and chance <= (LEVEL_KNOWN if n_before else LEVEL)

    def _row(self, forms: Sequence[Candidate]) -> RisingName:
        names = list(dict.fromkeys(name for form in forms for name in form.names()))
        now = set().union(*(form.now for form in forms))
        n_before = max(form.n_before for form in forms)
        newest = sorted(now, key=lambda article_id: (-self._articles[article_id][0].toordinal(), article_id))
        listed = ((article_id, *self._articles[article_id]) for article_id in newest[:N_ARTICLES])
        return RisingName(
            name=names[0],
            variants=names[1:],
            n_now=len(now),
            of_now=self._n_now,
            n_before=n_before,
            of_before=self._n_before,
            g2=round(log_likelihood(len(now), self._n_now, n_before, self._n_before), 3),
            first_seen=min(form.first_seen for form in forms).isoformat(),
            articles=[DatedArticle(article_id, title, day.isoformat()) for article_id, day, title in listed],
            spelling_of=self._nearest.spelt_alike(names),
            nearest=self._nearest.by_articles(now),
            alike=self._nearest.by_name(names),
            stub=stub(self._taxonomy, names, self._until),
        )
