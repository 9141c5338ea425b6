"""What is wrong with aliases, each with the operation that would mend it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.reports.draft.operations import change_alias, drop_alias
from classifier.reports.lint import sentences as said
from classifier.reports.lint.records import AliasRow, LintFinding
from classifier.texts import N_, english

TOO_COMMON, MISLEADING, SHARED = N_("too common here"), N_("rarely right"), N_("shared")
SILENT, SHADOWED = N_("silent for a year"), N_("shadowed")

MIN_KNOWN = 10  # articles of an alias whose label is known, from which its share says anything
RARELY = 0.2  # the share of them with the tag up to which an alias is rarely right
MOSTLY = 0.5  # the share from which one is mostly right
TIMES_BETTER = (
    2.0  # how many times as often the other names of the tag must be right: else it is the tag that stands aside
)
COMMON, MIN_COMMON = 0.05, 20  # the share of all articles, and their number, from which an alias is common
BY_CHANCE = 0.01  # the chance up to which the silence of a year is no chance
MIN_SHADOWED, MOSTLY_LONGER = 5, 0.9  # places of an alias, and the share of them inside of longer names
YEAR = timedelta(days=365)


class Archived(NamedTuple):
    """How many articles were read, how many of them in the last year, and the day on which it ends."""

    n_articles: int
    n_last_year: int
    today: date


def alias_findings(rows: Sequence[AliasRow], taxonomy: Taxonomy, archived: Archived) -> Iterator[LintFinding]:
    """Yield what is wrong with aliases, at most one finding for each."""
    aliases = {(tag.id, alias.text): alias for tag in taxonomy.tags for alias in tag.aliases}
    by_key = {(row.tag, spell(row.alias)): row for row in rows}
    of_tag = shares(rows)
    for row in rows:
        alias = aliases[row.tag, row.alias]
        found = _rarely_right(row, alias, archived, by_key, of_tag[row.tag]) or _unused(row, alias, archived)
        if found is not None:
            check, figure, operation = found
            if _is_label(row, taxonomy) and operation != _in_its_case(row, alias):
                operation = None  # a tag keeps its label
            yield LintFinding(check, row.tag, row.alias, None, row.articles, figure, operation, row.wrong or row.found)


def shares(rows: Iterable[AliasRow]) -> dict[str, tuple[int, int]]:
    """Return for each tag how often one of its aliases was right, and of how many; an article counts for each alias."""
    of_tag: dict[str, tuple[int, int]] = {}
    for row in rows:
        right, known = of_tag.get(row.tag, (0, 0))
        of_tag[row.tag] = right + row.right, known + row.known
    return of_tag


_Found = tuple[str, str, str | None]  # the check, the figure and the operation


def _rarely_right(
    row: AliasRow,
    alias: Alias,
    archived: Archived,
    rows: Mapping[tuple[str, str], AliasRow],
    of_tag: tuple[int, int],
) -> _Found | None:
    if row.known < MIN_KNOWN or row.right > RARELY * row.known:
        return None
    counts = {"n": row.right, "all": row.known}
    better = [tag for tag in row.shared_with if _is_mostly_right(rows.get((tag, spell(row.alias))))]
    if better:
        return SHARED, english(said.MEAN_ANOTHER, **counts, tag=better[0]), drop_alias(row.tag, row.alias)
    others_right, others = of_tag[0] - row.right, of_tag[1] - row.known
    if row.articles >= max(MIN_COMMON, COMMON * archived.n_articles):
        common = english(said.COMMON, **counts, found=row.articles, articles=archived.n_articles)
        return TOO_COMMON, common, _narrower(row, alias)
    if others < MIN_KNOWN or others_right * row.known < TIMES_BETTER * row.right * others or not others_right:
        return None
    figure = english(said.OTHERS_BETTER, **counts, others=others_right, all_others=others)
    return MISLEADING, figure, _narrower(row, alias)


def _is_mostly_right(row: AliasRow | None) -> bool:
    return row is not None and row.known >= MIN_KNOWN and row.right >= MOSTLY * row.known


def _narrower(row: AliasRow, alias: Alias) -> str:
    """Return the operation that makes an alias count less often: in its own case, or only beside other evidence, or never."""
    if not alias.case_exact and row.exact_known >= MIN_KNOWN / 2 and row.exact_right >= MOSTLY * row.exact_known:
        return _in_its_case(row, alias)
    return drop_alias(row.tag, row.alias) if alias.weak else change_alias(row.tag, replace(alias, weak=True))


def _in_its_case(row: AliasRow, alias: Alias) -> str:
    return change_alias(row.tag, replace(alias, case_exact=True))


def _unused(row: AliasRow, alias: Alias, archived: Archived) -> _Found | None:
    if row.longer >= max(MIN_SHADOWED, MOSTLY_LONGER * row.places):
        return (
            SHADOWED,
            english(said.INSIDE, n=row.longer, all=row.places, names=", ".join(row.longer_names)),
            drop_alias(row.tag, row.alias),
        )
    year_ago, n = archived.today - YEAR, archived.n_last_year
    is_over = alias.until is not None and alias.until <= archived.today.isoformat()
    if row.last is None or row.last >= year_ago.isoformat() or is_over:
        return None
    # The chance that all of its articles are older ones, if it does not matter when they were written.
    chance = (1.0 - n / archived.n_articles) ** row.articles
    if chance > BY_CHANCE:
        return None
    return (
        SILENT,
        english(said.LAST_OF, n=row.articles, day=row.last, others=n, since=year_ago),
        drop_alias(row.tag, row.alias),
    )


def _is_label(row: AliasRow, taxonomy: Taxonomy) -> bool:
    return spell(row.alias) == spell(taxonomy.by_id[row.tag].label)
