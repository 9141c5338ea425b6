"""The data report as text for a terminal, and as a page."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from classifier.reports.data.cards import OVER_TIME, cards, explained, in_percent
from classifier.reports.data.mending import Mending, labels_of_tags
from classifier.reports.data.records import (
    FEW_POSITIVES,
    KINDS,
    Articles,
    DataReport,
    Finding,
    LeaningTag,
    Row,
    Share,
    SharePart,
    WordChange,
)
from classifier.reports.layout import template, without_commands
from classifier.reports.parts import DatedArticle, Linked, Table, article_link, counted, linked, linking, row_lines
from classifier.text.shingles import SHINGLE

N_OPEN = 12  # rows of a finding that the page shows at once
N_COMMON = 16  # tags in the plot


def _linked(value: object) -> object:
    """Return values that name articles as words that lead to them, and other values as they are."""
    if isinstance(value, Articles):
        after = " …" if value.n > len(value.ids) else ""
        return linked(((article, "") for article in value.ids), f"{value.n}: ", ", ", after)
    if isinstance(value, DatedArticle):
        return linked([(value.article, value.title)], f"{value.date} ")
    return value


def _cell(value: object) -> str:
    """Return a value of a row as words."""
    if isinstance(shown := _linked(value), Linked):
        return str(shown)
    if isinstance(value, LeaningTag):
        weight = "" if value.weight is None else f", weight {value.weight:+.2f}"
        return f"{value.tag} ({value.share:.0%} of its articles{weight})"
    if isinstance(value, Share):
        start = f" from {value.start} on" if isinstance(value, SharePart) else ""
        return f"{in_percent(value.n / max(1, value.of))}{start} ({value.n} of {value.of})"
    if isinstance(value, WordChange):
        return f"{value.word} ({in_percent(value.before)} to {in_percent(value.after)})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.2f}"
    return ", ".join(map(_cell, value)) if isinstance(value, list) else str(value)


def _table(finding: Finding, here: str | None = None) -> Table:
    """Return the rows of a finding. In the service the title of an article stands for it."""
    columns = KINDS[finding.finding].columns
    if here and {"article", "title"} <= columns.keys():
        columns = {name: heading for name, heading in columns.items() if name != "article"}
    rows = [[_value(row, name, here) for name in columns] for row in finding.rows]
    return Table(finding.finding, finding.title, finding.what, list(columns.values()), rows)


def _value(row: Row, name: str, here: str | None) -> object:
    if here and "article" in row and name in ("article", "title"):
        return linked([(str(row["article"]), str(row.get("title", "")))])
    return _linked(row[name])


def _headline(report: DataReport) -> list[str]:
    counts, shared = report.counts, report.shared_sequences
    lines = [
        f"{counted(report.n_articles, 'article')}, {counted(report.n_tags, 'tag')}, {counts.tags_per_article:.2f} tags per "
        f"article, median length {counts.words.median:.0f} words",
        f"{shared.share:.2%} of the {shared.n} different {SHINGLE}-word sequences occur in two stories or more"
        + (": too many; see the articles written from templates and the repeated blocks" if shared.high else ""),
    ]
    if measured := report.cross_validation:
        kinds = ", ".join(f"{kind} {value:.3f}" for kind, value in measured.kinds.items())
        lines.append(f"cross-validated micro-F1 {measured.micro_f1:.3f}, macro-F1 {measured.macro_f1:.3f} ({kinds})")
    return lines + [f"not checked: {check.check}: {check.reason}" for check in report.not_checked]


def as_text(report: DataReport) -> str:
    """Return a data report as text for a terminal."""
    lines = _headline(report)
    for kind in report.counts.kinds:
        lines.append(
            f"  {kind.kind:<12} {kind.used:>4} of {kind.tags:>4} tags in use, given {kind.given:>6} times, on {kind.articles:>6} articles"
        )
    for finding in report.findings:
        if finding.n:
            articles = counted(finding.articles.n, "article")
            lines += ["", f"{finding.title}: {finding.n} ({articles})", f"  {finding.next}"]
            lines += row_lines(_table(finding), len(finding.rows), _cell)
            lines += [f"  … and {finding.n - len(finding.rows)} more"] if finding.n > len(finding.rows) else []
    nothing = [finding.title.lower() for finding in report.findings if not finding.n]
    return "\n".join([*lines, "", f"nothing found: {'; '.join(nothing) or '-'}"])


def as_page(report: DataReport, here: str | None = None, desk: Mending | None = None) -> str:
    """Return a data report as one HTML page.

    `here` is the address of the page in the service, and `desk` what it adds there.
    """
    counts = report.counts
    tags = sorted(counts.tags, key=lambda tag: (-tag.positives, tag.tag))
    n_most = max([1, *(tag.positives for tag in tags)])
    bins = counts.words.bins
    ends = [f" to {after.from_ - 1}" if after.from_ > bin_.from_ + 1 else "" for bin_, after in pairwise(bins)]
    findings = [finding for finding in report.findings if finding.n]
    shown = linking(here, _cell)

    def words(value: object) -> str:
        return shown(_linked(value))

    def articles(ids: Sequence[str]) -> str:
        return shown(linked(((article, "") for article in ids), between=", "))

    def link(row: Row) -> str:
        return article_link(here, str(row["article"]), str(row["title"]))

    return template("data.html", cell=words, link=link, articles=articles).render(
        report=report,
        here=here,
        desk=desk,
        labels=labels_of_tags(report),
        kinds={tag.tag: tag.kind for tag in report.counts.tags},
        here_next={name: kind.next_here for name, kind in KINDS.items()},
        headline=[without_commands(line) if here else line for line in _headline(report)],
        findings=[
            (finding, _table(finding, here), cards(finding, words) if finding.finding in OVER_TIME else [])
            for finding in findings
        ],
        explained=explained,
        links=[(finding.finding, finding.title, finding.n) for finding in findings],
        tags=tags,
        heights=[float(np.log1p(tag.positives) / np.log1p(n_most)) for tag in tags],
        most=n_most,
        few=FEW_POSITIVES,
        n_open=N_OPEN,
        years=[(year.year or "no date", year.articles) for year in counts.years],
        lengths=[(f"{bin_.from_}{end}", bin_.articles) for bin_, end in zip(bins, [*ends, " and more"], strict=True)],
        common=[(tag.tag, tag.positives) for tag in tags[:N_COMMON]],
    )
