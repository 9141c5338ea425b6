"""The tables of the desk report, those that ask for something first."""

from __future__ import annotations

from typing import Any, NamedTuple

from classifier.reports.desk.log import Row
from classifier.reports.desk.wording import kappa_in_words, percent, rejected_in_words, said_in_words
from classifier.reports.layout import plain

N_NAMED = 3  # articles named in a cell


class Table(NamedTuple):
    """A table of the report: its columns (key, heading) and rows of words and counts."""

    name: str
    title: str
    what: str
    columns: list[tuple[str, str]]
    rows: list[Row]


def tables(report: dict[str, Any]) -> list[Table]:
    """Return the tables of a report, also those without a row."""
    agreed = report["agreement"]
    return [
        _tags(report["tags"]),
        _added(report["added"]),
        _missed(report["recall"]["missed"]),
        _disagreements(agreed["disagreements"]),
        _settled(agreed["disagreements"]),
        _agreement(agreed["tags"]),
        _editors(report["editors"]),
    ]


def weeks_table(weeks: list[Row]) -> Table:
    """Return the acceptance of each week, the newest first."""
    columns = _columns("week", "rate:acceptance", "accepted", "n:of")
    return Table(
        "weeks",
        "Acceptance by week",
        "By the week in which the suggestion was shown, the newest first.",
        columns,
        [_rated(row) for row in reversed(weeks)],
    )


def scores_table(scores: list[Row]) -> Table:
    """Return the acceptance of each tenth of the score."""
    columns = _columns("bin:score", "mean:mean score", "rate:acceptance", "accepted", "n:of")
    rows = [
        {**_rated(row), "bin": f"{row['from']:.1f} to {row['to']:.1f}", "mean": f"{row['score']:.2f}"} for row in scores
    ]
    return Table("scores", "Score against acceptance", "", columns, rows)


def _columns(*named: str) -> list[tuple[str, str]]:
    """Return columns of "key" or "key:heading"."""
    return [(key, heading or key) for key, _, heading in (name.partition(":") for name in named)]


def _rated(row: Row) -> Row:
    """Return a row with its acceptance in words, and of how many."""
    acceptance = row.get("acceptance", row)
    return {**row, "rate": percent(acceptance), "n": acceptance["n"]}


def _tags(rows: list[Row]) -> Table:
    what = (
        "Acceptance is over suggestions that were answered, or shown on an article that is closed; what was looked at and left "
        "open is not accepted. The other columns count decisions, of every editor; added: without being suggested."
    )
    asked = ("label:tag", "shown", "answered", "rate:acceptance", "n:of")
    did = ("accepted", "rejected", "removed", "added", "unsure", "undone")
    return Table(
        "tags",
        "Tags",
        what,
        _columns(*asked, *did),
        [{**_rated(row), "rejected": rejected_in_words(row)} for row in rows],
    )


def _added(rows: list[Row]) -> Table:
    return Table(
        "added",
        "Added again and again without being suggested",
        "See whether their aliases are complete; the next training learns from these articles.",
        _columns("label:tag", "added:times", "articles", "examples:for example"),
        [{**row, "examples": _examples(row["examples"])} for row in rows],
    )


def _examples(rows: list[Row]) -> str:
    return "; ".join(f"{row['article_id']} {plain(row['title'], 60)}".strip() for row in rows[:N_NAMED])


def _missed(rows: list[Row]) -> Table:
    return Table(
        "missed",
        "Missed on blind articles",
        "Tags that editors gave without seeing suggestions, and that the model would not have suggested.",
        _columns("label:tag", "given", "missed"),
        rows,
    )


def _disagreements(rows: list[Row]) -> Table:
    return Table(
        "disagreements",
        "Disagreements to settle",
        "Whatever anybody decides on the tag from now on settles it. Silence is a no, but a yes to what the CMS lists.",
        _columns("article_id:article", "title", "label:tag", "said:who said what"),
        [{**row, "said": said_in_words(row)} for row in rows if not row["settled"]],
    )


def _settled(rows: list[Row]) -> Table:
    return Table(
        "settled",
        "Disagreements that are settled",
        "Somebody decided on the tag after both had closed the article.",
        _columns("article_id:article", "title", "label:tag", "said:who said what"),
        [{**row, "said": said_in_words(row)} for row in rows if row["settled"]],
    )


def _agreement(rows: list[Row]) -> Table:
    return Table(
        "agreement",
        "Agreement by tag",
        "Cohen's kappa: 1 is full agreement, 0 is what chance would give. Of rare tags it says little; see the interval.",
        _columns("label:tag", "kappa", "n:articles", "both:both gave it", "one:one did", "neither"),
        [{**row, "kappa": kappa_in_words(row)} for row in rows],
    )


def _editors(rows: list[Row]) -> Table:
    did = ("accepted", "rejected", "added", "removed", "unsure", "undone", "pace")
    return Table(
        "editors",
        "Editors",
        "Pace: the median time from one decision to the next; a pause of more than ten minutes ends a sitting.",
        _columns("editor", "touched:articles", "closed", "rate:acceptance", "n:of", *did),
        [{**_rated(row), "pace": _pace(row)} for row in rows],
    )


def _pace(row: Row) -> str:
    return "–" if row["median_seconds"] is None else f"{row['median_seconds']:.0f} s"
