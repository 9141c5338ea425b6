"""A taxonomy and its archive -> the linter's report."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import islice

from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.reports.desk.records import Rate
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.lint.alias_findings import YEAR, Archived, alias_findings
from classifier.reports.lint.aliases import AliasUses
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
    reader, unreadable = ArticleReader(taxonomy), Unreadable()
    aliases, tags, days = AliasUses(taxonomy), TagUses(taxonomy), Counter[str]()
    n_articles = 0
    for row, reading, bare in _readings(filed, reader, aliases.names.finder, unreadable):
        named = _named(row, reading)
        aliases.count(row, reading, bare.mentions, named)
        tags.count(row, named)
        days[named.date] += 1
        n_articles += 1
    unreadable.check(n_articles + len(unreadable))
    newest = max(days, default="")
    end = today or (date.fromisoformat(newest) if newest else datetime.now(UTC).date())
    n_last_year = sum(n for day, n in days.items() if day >= (end - YEAR).isoformat())
    rows = aliases.rows()
    return LintReport(
        today=end.isoformat(),
        taxonomy_version=taxonomy.version,
        n_articles=n_articles,
        n_last_year=n_last_year,
        findings=[
            *alias_findings(rows, taxonomy, Archived(n_articles, n_last_year, end)),
            *tags.findings(acceptance or {}, rows, aliases.written),
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
