"""The desk report as text for a terminal, and as a page."""

from datetime import date

from classifier.reports.desk.counts import MANY_BLIND
from classifier.reports.desk.records import DeskReport, ScoreRow, WeekRow
from classifier.reports.desk.tables import scores_table, tables, weeks_table
from classifier.reports.desk.wording import (
    NO_BLIND,
    WHY_THEY_DIFFER,
    cms_in_words,
    headline,
    scores_in_words,
    why_in_words,
)
from classifier.reports.layout import template
from classifier.reports.plots import Point, Tick, tick_step
from classifier.reports.tables import row_lines
from classifier.reports.wording import cell, percent

N_OPEN = 12  # rows of a table that the page shows at once
N_TEXT = 15  # rows of a table that the text shows
N_TICKS = 6
MARGIN = 0.06  # of the width, beside the first and the last week


def as_text(report: DeskReport) -> str:
    """Return a desk report as text for a terminal."""
    lines = headline(report)
    lines += ["", *(WHY_THEY_DIFFER if report.recall.given else ()), scores_in_words(report.scores)]
    for table in [*tables(report), weeks_table(report), scores_table(report)]:
        if table.rows:
            lines += ["", f"{table.title}: {table.explanation}" if table.explanation else table.title]
            lines += row_lines(table, N_TEXT)
    return "\n".join([*lines, "", cms_in_words(report.cms)])


def as_page(report: DeskReport, here: str | None = None, as_of: str = "") -> str:
    """Return a desk report as one HTML page.

    `here` is the address of the page in the service, which then shows its links above it. `as_of` says when the report was
    made.
    """
    return template("desk.html", cell=cell, why=why_in_words).render(
        report=report,
        here=here,
        as_of=as_of,
        headline=headline(report),
        shares=[
            (name, row.share, row.interval, percent(row.share, row.interval))
            for name, row in (("accepted", report.acceptance), ("blind recall", report.recall))
        ],
        tables=tables(report),
        why_they_differ=WHY_THEY_DIFFER,
        no_blind=NO_BLIND,
        weeks=_week_points(report.weeks),
        week_ticks=_week_ticks(report.weeks),
        scores=_score_points(report.scores),
        scores_in_words=scores_in_words(report.scores),
        cms=cms_in_words(report.cms),
        weeks_table=weeks_table(report),
        scores_table=scores_table(report),
        n_open=N_OPEN,
        many_blind=MANY_BLIND,
    )


def _point(x: float, row: WeekRow | ScoreRow, name: str) -> Point:
    low, high = row.interval or (0.0, 1.0)
    return Point(x, row.share or 0.0, f"{name}: {percent(row.share, row.interval)} of {row.n}", low, high)


def _week_points(weeks: list[WeekRow]) -> list[Point]:
    return [_point(x, row, row.week) for x, row in zip(_week_positions(weeks), weeks, strict=True)]


def _week_positions(weeks: list[WeekRow]) -> list[float]:
    """Return where each week stands in time, from 0 to 1; a single one stands in the middle."""
    if len(weeks) < 2:
        return [0.5] * len(weeks)
    starts = [date.fromisocalendar(int(row.week[:4]), int(row.week[6:]), 1).toordinal() for row in weeks]
    return [MARGIN + (1 - 2 * MARGIN) * (start - starts[0]) / (starts[-1] - starts[0]) for start in starts]


def _week_ticks(weeks: list[WeekRow]) -> list[Tick]:
    """Return labels of some weeks, with the year if it is not the year of the label before."""
    step, ticks, year_before = tick_step(len(weeks), N_TICKS), [], ""
    for x, row in list(zip(_week_positions(weeks), weeks, strict=True))[::step]:
        year, week = row.week.split("-")
        ticks.append(Tick(x, week if year == year_before else row.week))
        year_before = year
    return ticks


def _score_points(scores: list[ScoreRow]) -> list[Point]:
    return [_point(row.score, row, f"score {row.from_:.1f} to {row.to:.1f}") for row in scores]
