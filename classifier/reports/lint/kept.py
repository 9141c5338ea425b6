"""What the pages show of the linter's report: kept in the store, without the articles that it quotes."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from classifier.reports.json_form import from_json, to_json
from classifier.reports.lint.records import LintReport
from classifier.reports.remembered import Remembered
from classifier.store.reports import LINT, KeptReport
from classifier.store.store import Store


@dataclass(frozen=True)
class KeptFinding:
    """What is wrong with a tag or with one of its aliases, and the operation that would mend it."""

    check: str
    tag: str
    alias: str | None
    other: str | None
    figure: str
    operation: str | None


@dataclass(frozen=True)
class KeptAlias:
    """An alias in the archive: the articles that it names its tag in, how many are `known` to have or lack it, and have it."""

    tag: str
    alias: str
    articles: int
    known: int
    right: int
    last: str | None


@dataclass(frozen=True)
class KeptLint:
    """The findings and the aliases of a report on so many articles."""

    n_articles: int
    findings: list[KeptFinding] = field(default_factory=list)
    aliases: list[KeptAlias] = field(default_factory=list)


def keep_lint(store: Store, report: LintReport, made_at: str, last_decision: int) -> None:
    """Keep a report for the pages."""
    content = to_json(from_json(KeptLint, to_json(report)))
    store.reports.put(KeptReport(LINT, made_at, last_decision, report.taxonomy_version, content))


class LintByTag(NamedTuple):
    """The findings and the aliases of a kept report, by the ids of their tags."""

    findings: dict[str, list[KeptFinding]]
    aliases: dict[str, list[KeptAlias]]


def _by_tag(content: dict[str, Any]) -> LintByTag:
    kept, by_tag = from_json(KeptLint, content), LintByTag({}, {})
    for finding in kept.findings:
        by_tag.findings.setdefault(finding.tag, []).append(finding)
    for alias in kept.aliases:
        by_tag.aliases.setdefault(alias.tag, []).append(alias)
    return by_tag


KEPT_LINT = Remembered(LINT, _by_tag)
