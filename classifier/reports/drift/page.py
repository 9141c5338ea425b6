"""The drift report as text for a terminal, and as a page."""

from __future__ import annotations

from datetime import date
from typing import Any

from classifier.reports.drift.tags import Row
from classifier.reports.layout import template
from classifier.reports.wording import cell, counted

PAGE = "drift.html"  # in the folder of the models, where the service finds it
N_OPEN = 10  # rows of a table that the page shows at once
N_NAMED = 3  # things named in a line of the headline
N_TICKS = 5
LEFT, RIGHT, TOP, BOTTOM = 44.0, 408.0, 12.0, 152.0  # of a plot
SPARK_WIDTH, SPARK_HEIGHT = 130.0, 26.0


def as_text(report: dict[str, Any]) -> str:
    """Return a drift report as text for a terminal."""
    lines = headline(report)
    for row in report["rising"]:
        lines += ["", f"{name_in_words(row)}: {rise_in_words(row)}"]
        lines += [f"  {told}" for told in _about(row)]
        lines += [f"  - {one['date']} {cell(one['article'])} {cell(one['title'])}" for one in row["articles"]]
        lines += ["  to paste under `tags:` of the taxonomy:", *(f"    {line}" for line in row["stub"].splitlines())]
    for what in ("given", "suggested"):
        changed = [row for row in report[what] if row["beyond_chance"]]
        lines += ["", f"Tags that are {what} more or less often, beyond chance:"] if changed else []
        lines += [f"  - {cell(row['label'])}: {change_in_words(row)}" for row in changed]
    lines += ["", "Aliases:"] if report["aliases"] else []
    lines += [f"  - {alias_in_words(row)}: {change_in_words(row)}" for row in report["aliases"]]
    return "\n".join(lines)


def as_page(report: dict[str, Any], here: str | None = None) -> str:
    """Return a drift report as one HTML page that needs nothing else: no scripts, no fonts, no pictures from elsewhere.

    `here` is the address of the page in the service, whose links stand above it then; a file has none.
    """
    return template("drift.html", cell=cell).render(
        report=report,
        here=here,
        headline=headline(report),
        names=[
            {**row, "title": name_in_words(row), "rise": rise_in_words(row), "about": _about(row)}
            for row in report["rising"]
        ],
        plots=_plots(report),
        tables=[_table(report, what) for what in ("given", "suggested")],
        aliases=[
            {
                **row,
                "title": alias_in_words(row),
                "change": change_in_words(row),
                "spark": _spark(row, report, "articles"),
            }
            for row in report["aliases"]
        ],
        n_open=N_OPEN,
        box={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
        spark={"width": SPARK_WIDTH, "height": SPARK_HEIGHT},
    )


# --- words --------------------------------------------------------------------------------------------------------


def headline(report: dict[str, Any]) -> list[str]:
    """Return what has changed, in a few lines."""
    articles, weeks = report["articles"], report["weeks"]
    return [
        f"{counted(articles['newest_week'], 'article')} from {weeks[-1]['from']} to {weeks[-1]['to']}, "
        f"{articles['in_weeks']} in {len(weeks)} weeks.{_left_out(articles)}",
        _named(
            "name rises and belongs to no tag", "names rise and belong to no tag", [r["name"] for r in report["rising"]]
        ),
        *(
            _named(
                f"tag is {what} more or less often, beyond chance",
                f"tags are {what} more or less often, beyond chance",
                [row["label"] for row in report[what] if row["beyond_chance"]],
            )
            for what in ("given", "suggested")
        ),
        f"Articles without a tag: {change_in_words(report['untagged'])}.",
        f"Articles without a suggestion: {change_in_words(report['unsuggested'])}.",
        scores_in_words(report["scores"]),
        _named(
            "alias fell to zero or jumped",
            "aliases fell to zero or jumped",
            [row["alias"] for row in report["aliases"]],
        ),
    ]


def _left_out(articles: Row) -> str:
    words = [
        f"{articles[kind]} {why}"
        for kind, why in (("undated", "without a date"), ("later", "of later days"))
        if articles[kind]
    ]
    return f" Left out: {', '.join(words)}." if words else ""


def _named(one: str, many: str, names: list[str]) -> str:
    if not names:
        return f"No {one}."
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return f"{len(names)} {one if len(names) == 1 else many}: {', '.join(map(cell, names[:N_NAMED]))}{more}."


def name_in_words(row: Row) -> str:
    """Return a name with the other ways in which it is written."""
    variants = f" (also {', '.join(map(cell, row['variants']))})" if row["variants"] else ""
    return f"{cell(row['name'])}{variants}"


def rise_in_words(row: Row) -> str:
    """Return how a name rises."""
    before = f"before in {row['n_before']} of {row['of_before']}" if row["n_before"] else "never before"
    return f"in {row['n_now']} of {counted(row['of_now'], 'article')} of the week, {before}; first seen {row['first_seen']}"


def _about(row: Row) -> list[str]:
    """Return what the taxonomy has near a name."""
    told = []
    if spelt := row["spelling_of"]:
        told.append(
            f"Perhaps a spelling of {cell(spelt['alias'])}, of the tag {cell(spelt['label'])}: an alias for it."
        )
    if row["nearest"]:
        tags = (f"{cell(one['label'])} ({one['n']} of {one['of']})" for one in row["nearest"])
        told.append(f"Tags of its articles: {', '.join(tags)}.")
    if row["alike"]:
        tags = (f"{cell(one['label'])} ({cell(one['alias'])})" for one in row["alike"])
        told.append(f"Tags called alike: {', '.join(tags)}.")
    return told


def change_in_words(row: Row) -> str:
    """Return how a weekly rate has changed, or that there is too little to say."""
    if row["p"] is None:
        return "too few to compare"
    weeks = "the newest week" if row["span"] == 1 else f"the newest {row['span']} weeks"
    chance = "" if row["beyond_chance"] else "; no more than chance does"
    return (
        f"{row['n_now']} of {row['of_now']} ({_percent(row['n_now'], row['of_now'])}) in {weeks}, before "
        f"{row['n_before']} of {row['of_before']} ({_percent(row['n_before'], row['of_before'])}){chance}"
    )


def alias_in_words(row: Row) -> str:
    """Return an alias with its tag and what it did."""
    return f"{cell(row['alias'])} ({cell(row['label'])}) {row['what']}"


def scores_in_words(scores: Row) -> str:
    """Return whether the scores of suggestions have shifted."""
    if not scores["compared"]:
        return "Scores: too few to compare."
    weeks = "the newest week" if scores["span"] == 1 else f"the newest {scores['span']} weeks"
    if not scores["beyond_chance"]:
        return f"Scores: in {weeks} as before."
    why = f"; another model gave them ({', '.join(map(cell, scores['new_models']))})" if scores["new_models"] else ""
    return f"Scores: in {weeks} their distribution is {scores['distance']:.2f} off from before{why}."


def _percent(n: int, of: int) -> str:
    return f"{n / of:.0%}" if of else "–"


# --- plots --------------------------------------------------------------------------------------------------------


def _plots(report: dict[str, Any]) -> list[Row]:
    weeks = report["weeks"]
    most = max(1, *(week["articles"] for week in weeks))
    count_bars = [_bar(weeks, at, week["articles"] / most, str(week["articles"])) for at, week in enumerate(weeks)]
    scale = [(_y(0), "0"), (_y(1), str(most))]
    percents = [(_y(share), f"{share:.0%}") for share in (0, 0.5, 1)]
    tenths = [(_y(share), f"{share:.1f}") for share in (0, 0.5, 1)]
    plots = [
        {"title": "Articles by week", "bars": count_bars, "scale": scale, "what": ""},
        _shares(report, "untagged", "articles", "Articles without a tag", percents),
        _shares(report, "unsuggested", "asked", "Articles without a suggestion", percents),
        {"title": "Best score of each article", "boxes": _boxes(weeks), "scale": tenths},
    ]
    plots[-1]["what"] = scores_in_words(report["scores"])
    return [{"bars": [], "boxes": [], "ticks": _ticks(weeks), **plot} for plot in plots]


def _shares(report: dict[str, Any], what: str, of: str, title: str, scale: list[tuple[float, str]]) -> Row:
    bars = [
        _bar(report["weeks"], at, week[what] / week[of], f"{week[what]} of {week[of]}")
        for at, week in enumerate(report["weeks"])
        if week[of]
    ]
    return {"title": title, "bars": bars, "scale": scale, "what": f"{change_in_words(report[what]).capitalize()}."}


def _bar(weeks: list[Row], at: int, share: float, words: str) -> Row:
    width = (RIGHT - LEFT) / len(weeks)
    top = _y(share)
    return {
        "x": round(LEFT + at * width + 0.1 * width, 1),
        "y": top,
        "width": round(0.8 * width, 1),
        "height": round(BOTTOM - top, 1),
        "title": f"{_week(weeks[at])}: {words}",
    }


def _boxes(weeks: list[Row]) -> list[Row]:
    """Return the middle half, the middle four fifths and the median of each week's scores."""
    width = (RIGHT - LEFT) / len(weeks)
    return [
        {
            "x": round(LEFT + (at + 0.5) * width, 1),
            "wide": round(0.7 * width, 1),
            **dict(zip(("low", "lower", "middle", "upper", "high"), map(_y, week["scores"]), strict=True)),
            "title": f"{_week(week)}: median {week['scores'][2]:.2f}, middle half {week['scores'][1]:.2f} to {week['scores'][3]:.2f}",
        }
        for at, week in enumerate(weeks)
        if week["scores"]
    ]


def _ticks(weeks: list[Row]) -> list[tuple[float, str]]:
    every = -(-len(weeks) // N_TICKS)
    width = (RIGHT - LEFT) / len(weeks)
    marked = range(len(weeks) - 1, every // 2, -every)
    # Below the end of a bar: that is the day that is named.
    return [(round(LEFT + (at + 1) * width, 1), _day(weeks[at]["to"])) for at in reversed(marked)]


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day.day} {day:%b}"


def _week(week: Row) -> str:
    return f"{week['from']} to {week['to']}"


def _y(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 1)


def _table(report: dict[str, Any], what: str) -> Row:
    """Return the tags that are given or suggested, each with a small plot of its weekly share."""
    of = {"given": "tagged", "suggested": "asked"}[what]
    rows = [
        {"label": row["label"], "changed": row["beyond_chance"], "change": change_in_words(row)}
        | {"n": sum(row["weeks"]), "spark": _spark(row, report, of)}
        for row in report[what]
    ]
    whose = {"given": "those that have a tag or are closed", "suggested": "those with suggestions"}[what]
    return {"name": what, "rows": rows, "n": sum(row["changed"] for row in rows), "whose": whose}


def _spark(row: Row, report: dict[str, Any], of: str) -> list[Row]:
    """Return the weekly shares of a row as bars; the highest fills the height."""
    shares = [n / week[of] if week[of] else 0.0 for n, week in zip(row["weeks"], report["weeks"], strict=True)]
    most, width = max(shares) or 1.0, SPARK_WIDTH / len(shares)
    return [
        {
            "x": round(at * width, 1),
            "width": round(0.8 * width, 1),
            "height": round(share / most * SPARK_HEIGHT, 1),
            "now": at >= len(shares) - (row["span"] or 0),
        }
        for at, share in enumerate(shares)
    ]
