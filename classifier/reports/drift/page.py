"""The drift report as text for a terminal, and as a page."""

from datetime import date
from functools import partial

from classifier.reports.drift.records import DriftReport, RateChange, WeekCounts
from classifier.reports.drift.wording import (
    alias_in_words,
    change_in_words,
    headline,
    name_in_words,
    related_tags,
    rise_in_words,
    scores_in_words,
)
from classifier.reports.layout import template
from classifier.reports.parts import Bar, DatedArticle, Tick, article_link, cell, isolated, joined, tick_step
from classifier.texts import N_, _, day_in_words, gettext, in_html, number

PAGE = "drift.html"  # in the folder of the models, where earlier versions wrote it
N_OPEN = 10  # rows of a table that the page shows at once
N_TICKS = 5


def as_text(report: DriftReport) -> str:
    """Return a drift report as text for a terminal."""
    lines = headline(report)
    for name in report.rising:
        lines += ["", f"{name_in_words(name)}: {rise_in_words(name)}"]
        lines += [f"  {line}" for line in related_tags(name)]
        lines += [f"  - {article.date} {cell(article.article)} {cell(article.title)}" for article in name.articles]
        lines += ["  to paste under `tags:` of the taxonomy:", *(f"    {line}" for line in name.stub.splitlines())]
    for verb, rows in (("given", report.given), ("suggested", report.suggested)):
        changed = [f"  - {cell(row.label)}: {change_in_words(row)}" for row in rows if row.beyond_chance]
        lines += ["", f"Tags {verb} more or less often than chance explains:", *changed] if changed else []
    aliases = [f"  - {alias_in_words(row)}: {change_in_words(row)}" for row in report.aliases]
    return "\n".join([*lines, "", "Aliases:", *aliases] if aliases else lines)


def as_page(report: DriftReport, here: str | None = None) -> str:
    """Return a drift report as one HTML page.

    `here` is the address of the page in the service.
    """
    weeks = report.weeks

    def weekly_shares(row: RateChange, of: str) -> list[float]:
        totals = (getattr(week, of) for week in weeks)
        return [n / total if total else 0.0 for n, total in zip(row.weeks, totals, strict=True)]

    def link(article: DatedArticle) -> str:
        return article_link(here, article.article, cell(article.title))

    page = template(
        "drift.html",
        cell=cell,
        link=link,
        change=change_in_words,
        alias=partial(alias_in_words, say=in_html(gettext), name=isolated),
        rise=rise_in_words,
        related=partial(related_tags, say=in_html(gettext), name=isolated, join=joined),
        name=isolated,
    )
    return page.render(
        report=report,
        here=here,
        headline=headline(report),
        most=max([1, *(week.articles for week in weeks)]),
        bars={name: _bars(weeks, name) for name in ("articles", "untagged", "unsuggested")},
        boxes=_boxes(weeks),
        ticks=_ticks(weeks),
        scores_in_words=scores_in_words(report.scores),
        weekly_shares=weekly_shares,
        n_open=N_OPEN,
    )


def _bars(weeks: list[WeekCounts], name: str) -> list[Bar]:
    """Return the articles of each week as a share of the most, or those without something as a share of all."""
    if name == "articles":
        n_most = max(1, *(week.articles for week in weeks))
        shares = [(week.articles / n_most, f"{_title(week)}: {number(week.articles)}") for week in weeks]
        return [Bar(position, *share) for position, share in enumerate(shares)]
    of_all = {"untagged": "articles", "unsuggested": "asked"}[name]
    counts = [(getattr(week, name), getattr(week, of_all), _title(week)) for week in weeks]
    return [Bar(position, n / of, _of_week(title, n, of)) for position, (n, of, title) in enumerate(counts) if of]


def _of_week(title: str, n: int, of: int) -> str:
    return _("%(week)s: %(n)s of %(all)s", week=title, n=number(n), all=number(of))


def _boxes(weeks: list[WeekCounts]) -> list[tuple[int, list[float], str]]:
    """Return the position of each week with scores, their quantiles, and these in words."""
    scored = [(position, week, week.scores) for position, week in enumerate(weeks) if week.scores]
    return [(position, scores, _quantiles(_title(week), scores)) for position, week, scores in scored]


def _quantiles(title: str, scores: list[float]) -> str:
    low, median, high = (f"{score:.2f}" for score in scores[1:4])
    text = N_("%(week)s: median %(median)s, middle half %(low)s to %(high)s")
    return gettext(text, week=title, median=median, low=low, high=high)


def _ticks(weeks: list[WeekCounts]) -> list[Tick]:
    """Return labels of some weeks, each with the last day of its week, below the end of its bar."""
    step = tick_step(len(weeks), N_TICKS)
    labelled = reversed(range(len(weeks) - 1, step // 2, -step))
    ends = [(position + 1, date.fromisoformat(weeks[position].to)) for position in labelled]
    return [Tick(end / len(weeks), day_in_words(day, "MMMd", f"{day.day} {day:%b}")) for end, day in ends]


def _title(week: WeekCounts) -> str:
    return _("%(first)s to %(last)s", first=week.from_, last=week.to)
