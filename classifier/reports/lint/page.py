"""The linter's report as text: operations of a change set, each below a comment with what it rests on."""

from collections.abc import Iterator
from itertools import groupby

from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.lint.records import LintFinding, LintReport
from classifier.reports.parts import counted

N_SHOWN = 20  # findings of each check; JSON has all of them


def as_text(report: LintReport) -> str:
    """Return the findings as lines. Those that do not begin with # are operations."""
    n_aliases = counted(len(report.aliases), "alias").replace("aliass", "aliases")
    head = f"# {counted(len(report.findings), 'finding')} on {n_aliases} in {counted(report.n_articles, 'article')}"
    return "\n".join([f"{head}, {report.n_last_year} of them of the year before {report.today}.", *_sections(report)])


def _sections(report: LintReport) -> Iterator[str]:
    for check, rows in groupby(sorted(report.findings, key=lambda row: row.check), key=lambda row: row.check):
        findings = list(rows)
        yield from ("", f"# == {check}: {len(findings)}")
        for finding in findings[:N_SHOWN]:
            yield from _lines(finding)
        if len(findings) > N_SHOWN:
            yield f"# … and {len(findings) - N_SHOWN} more: --json lists them"


def _lines(finding: LintFinding) -> Iterator[str]:
    subject = finding.tag if finding.alias is None else f"{finding.tag}, {_shown(finding.alias)!r}"
    articles = ", ".join(article.article for article in finding.articles)
    other = f" and {finding.other}" if finding.other else ""
    yield f"# {subject}{other}: {_shown(finding.figure)}" + (f"; see {articles}" if articles else "")
    if finding.operation:
        yield finding.operation


def _shown(text: str) -> str:
    return plain(text, MAX_QUOTED)
