"""The desk report as text for a terminal, and as a page."""

from __future__ import annotations

from datetime import date
from typing import Any

from classifier.reports.desk.log import MANY_BLIND, Row
from classifier.reports.desk.tables import Table, scores_table, tables, weeks_table
from classifier.reports.desk.wording import (
    NO_BLIND,
    WHY_THEY_DIFFER,
    cell,
    cms_in_words,
    headline,
    percent,
    scores_in_words,
    why_in_words,
)
from classifier.reports.layout import template

N_OPEN = 12  # rows of a table that the page shows at once
N_TEXT = 15  # and the text at all
N_TICKS = 6
LEFT, RIGHT, TOP, BOTTOM = 44.0, 408.0, 12.0, 192.0  # of a plot


def as_text(report: dict[str, Any]) -> str:
    """Return a desk report as text for a terminal."""
    lines = headline(report)
    lines += ["", *(WHY_THEY_DIFFER if report["recall"]["given"] else ()), scores_in_words(report["scores"])]
    for table in [*tables(report), weeks_table(report["weeks"]), scores_table(report["scores"])]:
        if not table.rows:
            continue
        lines += ["", f"{table.title}: {table.what}" if table.what else table.title]
        lines += [f"  - {_line(table, row)}" for row in table.rows[:N_TEXT]]
        lines += [f"  … and {len(table.rows) - N_TEXT} more"] if len(table.rows) > N_TEXT else []
    return "\n".join([*lines, "", cms_in_words(report["cms"])])


def as_page(report: dict[str, Any], here: str | None = None, as_of: str = "") -> str:
    """Return a desk report as one HTML page that needs nothing else: no scripts, no fonts, no pictures from elsewhere.

    `here` is the address of the page in the service, whose links stand above it then; a file has none. `as_of` says of when
    the report is.
    """
    return template("desk.html", cell=cell).render(
        report=report,
        here=here,
        as_of=as_of,
        headline=headline(report)[:-1],  # the tags to look at have a place of their own
        look_at=[(cell(row["label"]), why_in_words(row)) for row in report["look_at"]],
        tables=[table for table in tables(report) if table.rows],
        why_they_differ=WHY_THEY_DIFFER,
        no_blind=NO_BLIND,
        bars=[("accepted", _bar(report["acceptance"])), ("blind recall", _bar(report["recall"]))],
        weeks=_weeks_plot(report["weeks"]),
        scores=_scores_plot(report["scores"]),
        scores_in_words=scores_in_words(report["scores"]),
        cms=cms_in_words(report["cms"]),
        weeks_table=weeks_table(report["weeks"]),
        scores_table=scores_table(report["scores"]),
        n_open=N_OPEN,
        many_blind=MANY_BLIND,
        box={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
    )


def _line(table: Table, row: Row) -> str:
    (first, _), *others = table.columns
    return "; ".join([cell(row[first]), *(f"{heading}: {cell(row[key])}" for key, heading in others)])


def _x(share: float) -> float:
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _y(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def _point(x: float, row: Row, name: str) -> Row:
    low, high = row["interval"]
    return {
        "x": _x(x),
        "y": _y(row["share"]),
        "low": _y(low),
        "high": _y(high),
        "title": f"{name}: {percent(row)} of {row['n']}",
    }


def _bar(row: Row) -> Row | None:
    """Return where a share and its interval stand on a line from 0 to 1; None where there is nothing to count."""
    if row["share"] is None:
        return None
    low, high = row["interval"]
    return {"share": row["share"], "low": low, "high": high, "words": percent(row)}


def _weeks_plot(weeks: list[Row]) -> Row:
    """Return the points of the weeks, each at its place in time, and some of their names below."""
    starts = [date.fromisocalendar(int(row["week"][:4]), int(row["week"][6:]), 1).toordinal() for row in weeks]
    span = (starts[-1] - starts[0]) or 1 if starts else 1
    places = [0.06 + 0.88 * (start - starts[0]) / span for start in starts] if len(starts) > 1 else [0.5] * len(starts)
    points = [_point(x, row, row["week"]) for x, row in zip(places, weeks, strict=True)]
    every = -(-len(weeks) // N_TICKS) or 1
    named = range(0, len(weeks), every)
    return {"points": points, "ticks": [(points[at]["x"], _week_name(weeks, at, every)) for at in named]}


def _week_name(weeks: list[Row], at: int, every: int) -> str:
    """Return the name of a week below the plot: with its year where that is not the year of the name before."""
    year, week = weeks[at]["week"].split("-")
    return week if at and weeks[at - every]["week"].startswith(year) else f"{year}-{week}"


def _scores_plot(scores: list[Row]) -> Row:
    points = [_point(row["score"], row, f"score {row['from']:.1f} to {row['to']:.1f}") for row in scores]
    return {"points": points, "ticks": [(_x(tenth / 10), f"{tenth / 10:.1f}") for tenth in range(0, 11, 2)]}
