"""The desk report as text for a terminal, and as a page."""

from collections.abc import Iterable
from datetime import date

from classifier.model.evaluation import MIN_FOR_INTERVAL
from classifier.reports.desk.records import AddedTag, DeskReport, EditorRow, ScoreRow, TagRow, WeekRow
from classifier.reports.desk.wording import (
    NO_BLIND,
    TEXTS,
    WHY_THEY_DIFFER,
    cms_in_words,
    headline,
    interval_of,
    kappa_in_words,
    live_in_words,
    rate_in_words,
    rejected_in_words,
    scores_in_words,
    verdicts_in_words,
    why_in_words,
)
from classifier.reports.layout import plain, template
from classifier.reports.parts import NOTHING, Linked, Point, Table, Tick, cell, linked, linking, row_lines, tick_step
from classifier.texts import _, gettext, number

N_NAMED = 3  # articles named in a cell
N_OPEN = 12  # rows of a table that the page shows at once
N_TEXT = 15  # rows of a table that the text shows
N_TICKS = 6
MARGIN = 0.06  # of the width, beside the first and the last week


def as_text(report: DeskReport) -> str:
    """Return a desk report as text for a terminal."""
    lines = headline(report)
    lines += ["", *(map(gettext, WHY_THEY_DIFFER) if report.recall.given else ()), scores_in_words(report.scores)]
    lines += filter(None, [live_in_words(report.live)])
    for table in [*_tables(report), _weeks_table(report), _scores_table(report)]:
        if table.rows:
            lines += ["", f"{table.title}: {table.explanation}" if table.explanation else table.title]
            lines += row_lines(table, N_TEXT)
    return "\n".join([*lines, "", cms_in_words(report.cms)])


def as_page(report: DeskReport, here: str | None = None, made_at: str = "", note: str = "") -> str:
    """Return a desk report as one HTML page.

    `here` is the address of the page in the service. `made_at` and `note` say when the
    report was made, and what came since.
    """
    return template("desk.html", cell=linking(here, cell), why=why_in_words).render(
        report=report,
        here=here,
        made_at=made_at,
        note=note,
        headline=headline(report),
        shares=[
            (name, row.share, interval_of(row), rate_in_words(row))
            for name, row in ((_("accepted"), report.acceptance), (_("blind recall"), report.recall))
        ],
        tables=_tables(report),
        why_they_differ=list(map(gettext, WHY_THEY_DIFFER)),
        no_blind=gettext(NO_BLIND),
        weeks=[_point(x, row, row.week) for x, row in zip(_week_positions(report.weeks), report.weeks, strict=True)],
        week_ticks=_week_ticks(report.weeks),
        scores=[_point(row.score, row, _("score %(tenth)s", tenth=_tenth(row))) for row in report.scores],
        scores_in_words=scores_in_words(report.scores),
        live=live_in_words(report.live),
        cms=cms_in_words(report.cms),
        weeks_table=_weeks_table(report),
        scores_table=_scores_table(report),
        n_open=N_OPEN,
        many_blind=MIN_FOR_INTERVAL,
    )


def _point(x: float, row: WeekRow | ScoreRow, name: str) -> Point:
    low, high = interval_of(row) or (None, None)
    return Point(
        x,
        row.share or 0.0,
        _("%(name)s: %(rate)s of %(n)s", name=name, rate=rate_in_words(row), n=number(row.n)),
        low,
        high,
    )


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


# --- the tables; `desk.toml` has their headings ---


def _tables(report: DeskReport) -> list[Table]:
    """Return the tables of a report that have rows, those that ask for work first."""
    agreed = report.agreement
    disagreements: tuple[list[list[object]], ...] = ([], [])  # to settle, and settled
    for row in agreed.disagreements:
        title = linked([(row.article_id, cell(row.title))])
        disagreements[row.settled].append([title, row.label, verdicts_in_words(row)])
    every = (
        _table("tags", map(_tag_cells, report.tags)),
        _table("added", ([row.label, row.added, row.articles, _examples(row)] for row in report.added)),
        _table("missed", ([row.label, row.given, row.missed] for row in report.recall.missed)),
        _table("disagreements", disagreements[0]),
        _table("settled", disagreements[1]),
        _table(
            "agreement",
            ([row.label, kappa_in_words(row), row.n, row.both, row.one, row.neither] for row in agreed.tags),
        ),
        _table("editors", map(_editor_cells, report.editors)),
    )
    return [table for table in every if table.rows]


def _table(name: str, rows: Iterable[list[object]]) -> Table:
    words = TEXTS["tables"][name]
    headings = list(map(gettext, words["headings"]))
    explanation = words["explanation"] and gettext(words["explanation"])
    return Table(name, gettext(words["title"]), explanation, headings, list(rows))


def _weeks_table(report: DeskReport) -> Table:
    """Return the acceptance of each week, the newest first."""
    return _table("weeks", ([row.week, rate_in_words(row), row.accepted, row.n] for row in reversed(report.weeks)))


def _scores_table(report: DeskReport) -> Table:
    """Return the acceptance of each tenth of the score."""
    rows = ((_tenth(row), f"{row.score:.2f}", row) for row in report.scores)
    return _table("scores", ([tenth, mean, rate_in_words(row), row.accepted, row.n] for tenth, mean, row in rows))


def _tenth(row: ScoreRow) -> str:
    first, last = f"{row.from_:.1f}", f"{row.to:.1f}"
    return _("%(low)s to %(high)s", low=first, high=last)


def _tag_cells(row: TagRow) -> list[object]:
    cells = [row.label, row.shown, row.answered, rate_in_words(row.acceptance), row.acceptance.n, row.accepted]
    return [*cells, rejected_in_words(row), row.removed, row.added, row.unsure, row.undone]


def _editor_cells(row: EditorRow) -> list[object]:
    cells = [
        row.editor,
        row.touched,
        row.closed,
        rate_in_words(row.acceptance),
        row.acceptance.n,
        row.accepted,
        row.rejected,
    ]
    pace = NOTHING if row.median_seconds is None else _("%(n)s s", n=round(row.median_seconds))
    return [*cells, row.added, row.removed, row.unsure, row.undone, pace]


def _examples(row: AddedTag) -> Linked:
    articles = row.examples[:N_NAMED]
    return linked((article.article_id, plain(article.title, 60)) for article in articles)
