"""A taxonomy and its archive -> the linter's report."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice

from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.desk.records import Rate
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.lint.alias_findings import YEAR, Archived, alias_findings
from classifier.reports.lint.aliases import AliasPlace, AliasUses
from classifier.reports.lint.records import LintReport
from classifier.reports.lint.tag_findings import TagUses
from classifier.reports.parts import DatedArticle
from classifier.text.mentions import FoundNames, MentionFinder
from classifier.text.reading import ArticleReader, Reading

BATCH = 256  # articles that are read together


def lint_taxonomy(
    taxonomy: Taxonomy,
    filed: Iterable[Filed],
    acceptance: Mapping[str, Rate] | None = None,
    today: date | None = None,
) -> LintReport:
    """Return what is wrong with a taxonomy, from the articles of its archive, which are read once.

    Args:
        filed: the articles with their tags and suggestions.
        acceptance: of the suggestions of each tag, as the desk report has it.
        today: the end of the last year; without it the day of the newest article.
    """
    reader, unreadable, linter = ArticleReader(taxonomy), Unreadable(), Linter(taxonomy)
    for row, reading, bare in _readings(filed, reader, linter.finder, unreadable):
        linter.count(row, reading, bare)
    unreadable.check(linter.n_articles + len(unreadable))
    return linter.report(acceptance or {}, today, unreadable)


class Linter:
    """Counts a taxonomy in the articles that are shown to it one by one, and says what is wrong with it."""

    def __init__(
        self, taxonomy: Taxonomy, touched: Collection[str] | None = None, near: Collection[str] | None = None
    ) -> None:
        """Take the taxonomy.

        Args:
            touched: the tags whose names are compared with those of all others; None: all tags.
            near: the tags whose aliases are counted; None: those of all tags.
        """
        self._taxonomy, self._touched = taxonomy, touched
        self.aliases = AliasUses(taxonomy, near)
        self.finder = self.aliases.names.finder
        self._tags, self._days = TagUses(taxonomy), Counter[str]()

    @property
    def n_articles(self) -> int:
        """How many articles were counted."""
        return self._days.total()

    def count(self, filed: Filed, reading: Reading, bare: FoundNames) -> tuple[DatedArticle, list[AliasPlace]]:
        """Count an article, and return how rows name it, and its places. `bare` is what `finder` finds in it."""
        named = _named(filed, reading)
        places = self.aliases.count(filed, reading, bare.mentions, named)
        self._tags.count(filed, named)
        self._days[named.date] += 1
        return named, places

    def report(self, acceptance: Mapping[str, Rate], today: date | None, unreadable: Unreadable) -> LintReport:
        """Return what is wrong with the taxonomy."""
        newest = max(self._days, default="")
        end = today or (date.fromisoformat(newest) if newest else datetime.now(UTC).date())
        n_last_year = sum(n for day, n in self._days.items() if day >= (end - YEAR).isoformat())
        rows, archived = self.aliases.rows(), Archived(self.n_articles, n_last_year, end)
        return LintReport(
            today=end.isoformat(),
            taxonomy_version=self._taxonomy.version,
            n_articles=self.n_articles,
            n_last_year=n_last_year,
            findings=[
                *alias_findings(rows, self._taxonomy, archived),
                *self._tags.findings(acceptance, rows, self.aliases.written, self._touched),
            ],
            aliases=rows,
            set_aside=unreadable.to_json(),
        )


def _readings(
    filed: Iterable[Filed], reader: ArticleReader, finder: MentionFinder, unreadable: Unreadable
) -> Iterator[tuple[Filed, Reading, FoundNames]]:
    """Yield the articles with their readings, and with the places of all aliases without their conditions."""
    rest = iter(filed)
    while batch := list(islice(rest, BATCH)):
        readings = unreadable.each(reader.read_all, [row.article for row in batch])
        read = [(row, reading) for row, reading in zip(batch, readings, strict=True) if reading is not None]
        found = finder.find_all([reading.text for _, reading in read])
        yield from ((row, reading, names) for (row, reading), names in zip(read, found, strict=True))


def _named(filed: Filed, reading: Reading) -> DatedArticle:
    """Return how rows name an article. Its day is "" if nobody knows it."""
    time = datetime.fromisoformat(filed.at) if filed.at else None
    day = "" if time is None else (time.astimezone(UTC) if time.tzinfo else time).date().isoformat()
    return DatedArticle(filed.article.id, plain(reading.title.text, MAX_QUOTED), day)
