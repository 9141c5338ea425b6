"""The data report as text for a terminal, and as a page."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from classifier.reports.data.kinds import FEW_POSITIVES, KINDS
from classifier.reports.data.known import Row
from classifier.reports.layout import template
from classifier.text.shingles import SHINGLE

N_OPEN = 12  # rows of a finding that the page shows at once
N_COMMON = 16  # tags in the plot


def _cell(value: Any) -> str:
    """Return a value of a row as words."""
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        if "ids" in value:
            return f"{value['n']}: {', '.join(value['ids'])}{' …' if value['n'] > len(value['ids']) else ''}"
        weight = "" if value["weight"] is None else f", weight {value['weight']:+.2f}"
        return f"{value['tag']} ({value['share']:.0%} of its articles{weight})"
    return ", ".join(map(_cell, value)) if isinstance(value, list) else str(value)


def _headline(report: dict[str, Any]) -> list[str]:
    words, shared = report["counts"]["words"], report["shared_sequences"]
    lines = [
        f"{report['n_articles']} articles, {report['n_tags']} tags, {report['counts']['tags_per_article']:.2f} tags an article, "
        f"{words['median']:.0f} words at the median",
        f"{shared['share']:.2%} of the {shared['n']} different {SHINGLE}-word sequences stand in two stories or more"
        + (": too many; see the articles written from templates and the repeated blocks" if shared["high"] else ""),
    ]
    if measured := report["cross_validation"]:
        kinds = ", ".join(f"{kind} {value:.3f}" for kind, value in measured["kinds"].items())
        lines.append(
            f"cross-validated micro-F1 {measured['micro_f1']:.3f}, macro-F1 {measured['macro_f1']:.3f} ({kinds})"
        )
    return lines + [f"not checked: {one['check']}: {one['reason']}" for one in report["not_checked"]]


def _line(row: Row, finding: str) -> str:
    """Return a row as one line: what it is about, then the other columns with their headings."""
    (first, _), *others = KINDS[finding].columns
    rest = [f"{heading}: {shown}" for key, heading in others if (shown := _cell(row[key]))]
    return "; ".join([_cell(row[first]), *rest])


def as_text(report: dict[str, Any]) -> str:
    """Return a data report as text for a terminal."""
    lines = _headline(report)
    for kind in report["counts"]["kinds"]:
        lines.append(
            f"  {kind['kind']:<12} {kind['used']:>4} of {kind['tags']:>4} tags in use, given {kind['given']:>6} times, on {kind['articles']:>6} articles"
        )
    for finding in report["findings"]:
        if not finding["n"]:
            continue
        articles = finding["articles"]
        lines += ["", f"{finding['title']}: {finding['n']} ({articles['n']} articles)", f"  {finding['next']}"]
        lines += [f"  - {_line(row, finding['finding'])}" for row in finding["rows"]]
        if finding["n"] > len(finding["rows"]):
            lines.append(f"  … and {finding['n'] - len(finding['rows'])} more")
    nothing = [finding["title"].lower() for finding in report["findings"] if not finding["n"]]
    return "\n".join([*lines, "", f"nothing found: {'; '.join(nothing) or '-'}"])


def as_page(report: dict[str, Any]) -> str:
    """Return a data report as one HTML page that needs nothing else: no scripts, no fonts, no pictures from elsewhere."""
    counts = report["counts"]
    tags = sorted(counts["tags"], key=lambda tag: (-tag["positives"], tag["tag"]))
    most = max([1, *(tag["positives"] for tag in tags)])
    bins = counts["words"]["bins"]
    ends = [f" to {after['from'] - 1}" if after["from"] > one["from"] + 1 else "" for one, after in pairwise(bins)]
    return template("data.html", cell=_cell).render(
        report=report,
        headline=_headline(report),
        columns={name: kind.columns for name, kind in KINDS.items()},
        tags=[{**tag, "height": np.log1p(tag["positives"]) / np.log1p(most)} for tag in tags],
        most=most,
        few=FEW_POSITIVES,
        n_open=N_OPEN,
        years=[(one["year"] or "no date", one["articles"]) for one in counts["years"]],
        lengths=[(f"{one['from']}{end}", one["articles"]) for one, end in zip(bins, [*ends, " and more"], strict=True)],
        common=[(tag["tag"], tag["positives"]) for tag in tags[:N_COMMON]],
    )
