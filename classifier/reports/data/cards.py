"""How the page of the data report shows what changed over time: a small plot for each tag, and what is known of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple, cast

from classifier.reports.data.periods import UNITS
from classifier.reports.data.records import KINDS, Finding, Row, Share, SharePart
from classifier.reports.parts import Bar, DatedArticle, Point, Tick, isolated, joined, tick_step
from classifier.texts import N_, _, gettext, percent

N_TICKS = 5
FEW = 10  # articles of a period; the share of fewer is shown, but pale


class _Marks(NamedTuple):
    """What the dashed lines of a plot are, in a sentence, and the days at which a row has one."""

    what: str
    days: Callable[[Row], list[str]]


# The findings that are shown in this way.
OVER_TIME: Mapping[str, _Marks] = {
    "began": _Marks(N_("Dashed: the first article."), lambda row: [cast(str, row["first"])]),
    "ended": _Marks(N_("Dashed: the last article."), lambda row: [cast(str, row["last"])]),
    "changed_share": _Marks(
        N_("Dashed: a change."), lambda row: [p.start for p in cast(Sequence[SharePart], row["steps"])[1:]]
    ),
    "changed_meaning": _Marks(
        N_("Dashed: the end of the first half of its articles."), lambda row: [cast(str, row["until"])]
    ),
}


class Plot(NamedTuple):
    """The share of a tag by period. `n` is how many periods there are, `marks` are shares of the width."""

    label: str
    n: int
    bars: list[Bar]
    levels: list[Point]  # of a tag whose share changed: the ends of each level
    marks: list[float]
    ticks: list[Tick]
    most: str


class Card(NamedTuple):
    """A tag, its plot, what is known of it, and articles to read: (heading, lines)."""

    tag: str
    plot: Plot
    facts: list[tuple[str, list[str]]]
    articles: list[tuple[str, list[str]]]


def in_percent(share: float) -> str:
    """Return a share in percent, a small one with a decimal."""
    return percent(share, 1 if 0 < share < 0.1 else 0)


def explained(finding: Finding) -> str:
    """Return what the plots of a finding show."""
    bars = gettext(UNITS[cast(str, finding.rows[0]["by"])].of_bars, few=FEW)
    return f"{bars} {gettext(OVER_TIME[finding.finding].what)}"


def cards(finding: Finding, in_words: Callable[[object], str]) -> list[Card]:
    """Return the cards of a finding over time."""
    return [_card(finding, row, in_words) for row in finding.rows]


def _card(finding: Finding, row: Row, in_words: Callable[[object], str]) -> Card:
    columns = {n: heading for n, heading in KINDS[finding.finding].in_words().columns.items() if n != "tag"}
    facts: list[tuple[str, list[str]]] = []
    articles: list[tuple[str, list[str]]] = []
    for name, heading in columns.items():
        value = row[name] if name != "instead" else list(map(isolated, cast(list[str], row[name])))
        values = value if isinstance(value, list) else [value]
        if values and isinstance(values[0], DatedArticle):
            articles.append((heading, list(map(in_words, values))))
        elif values:
            lines = list(map(in_words, values))
            facts.append((heading, lines if isinstance(values[0], SharePart) else [joined(lines)]))
    return Card(str(row["tag"]), _plot(finding, row), facts, articles)


def _plot(finding: Finding, row: Row) -> Plot:
    periods, unit = cast(Sequence[SharePart], row["periods"]), UNITS[cast(str, row["by"])]
    starts = [period.start for period in periods]
    names = [unit.title(date.fromisoformat(start)) for start in starts]
    steps = cast(Sequence[SharePart], row.get("steps", ()))
    most = max([*(_share(period) for period in periods if period.of >= FEW), *map(_share, steps)]) or 1.0
    bars = [
        Bar(number, min(1.0, _share(of) / most), _of_period(name, of), of.of < FEW)
        for number, (name, of) in enumerate(zip(names, periods, strict=True))
        if of.n
    ]
    edges = [*(_place(step.start, starts) for step in steps), 1.0]
    levels = [
        Point(x, _share(step) / most, "") for number, step in enumerate(steps) for x in edges[number : number + 2]
    ]
    each = tick_step(len(names), N_TICKS)
    ticks = [Tick((n + 0.5) / len(names), names[n]) for n in range(each // 2, len(names), each)]
    label = gettext(unit.label, tag=row["tag"], most=in_percent(most))
    marks = [_place(day, starts) for day in OVER_TIME[finding.finding].days(row)]
    return Plot(label, len(names), bars, levels, marks, ticks, in_percent(most))


def _of_period(name: str, of: Share) -> str:
    return _("%(period)s: %(share)s, %(n)s of %(all)s", period=name, share=in_percent(_share(of)), n=of.n, all=of.of)


def _share(share: Share) -> float:
    return share.n / share.of if share.of else 0.0


def _place(day: str, starts: Sequence[str]) -> float:
    """Return where a day is among periods, as a share of the width; the start of its period is near enough."""
    number = sum(start <= day for start in starts) - 1
    return max(0, number) / len(starts)
