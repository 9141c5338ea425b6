"""The tables of the desk report, those that ask for work first."""

from collections.abc import Iterable

from classifier.reports.desk.records import AddedTag, ArticleRef, DeskReport, Disagreement, EditorRow, TagRow
from classifier.reports.desk.wording import kappa_in_words, rejected_in_words, verdicts_in_words
from classifier.reports.layout import plain
from classifier.reports.tables import Table
from classifier.reports.wording import NOTHING, percent

N_NAMED = 3  # articles named in a cell
TAG_COUNTS = ("removed", "added", "unsure", "undone")
EDITOR_COUNTS = ("added", "removed", "unsure", "undone")


def tables(report: DeskReport) -> list[Table]:
    """Return the tables of a report that have rows."""
    disagreements = report.agreement.disagreements
    every = [
        _tags(report.tags),
        _added(report.added),
        Table(
            "missed",
            "Missed on blind articles",
            "Tags that editors gave without seeing suggestions and that the model would not have suggested.",
            ["tag", "given", "missed"],
            [[row.label, row.given, row.missed] for row in report.recall.missed],
        ),
        _disagreements(
            "disagreements",
            "Disagreements to settle",
            "The next decision on the tag, by any editor, settles it. If an editor said nothing, that counts as no, or as yes "
            "if the CMS lists the tag.",
            (row for row in disagreements if not row.settled),
        ),
        _disagreements(
            "settled",
            "Settled disagreements",
            "Somebody decided on the tag after both editors had closed the article.",
            (row for row in disagreements if row.settled),
        ),
        Table(
            "agreement",
            "Agreement by tag",
            "Cohen's kappa: 1 is full agreement, 0 is what chance would give. It says little of rare tags; see the interval.",
            ["tag", "kappa", "articles", "both gave it", "one gave it", "neither"],
            [[row.label, kappa_in_words(row), row.n, row.both, row.one, row.neither] for row in report.agreement.tags],
        ),
        _editors(report.editors),
    ]
    return [table for table in every if table.rows]


def weeks_table(report: DeskReport) -> Table:
    """Return the acceptance of each week, the newest first."""
    return Table(
        "weeks",
        "Acceptance by week",
        "By the week in which the suggestion was shown, the newest first.",
        ["week", "acceptance", "accepted", "of"],
        [[row.week, percent(row.share, row.interval), row.accepted, row.n] for row in reversed(report.weeks)],
    )


def scores_table(report: DeskReport) -> Table:
    """Return the acceptance of each tenth of the score."""
    return Table(
        "scores",
        "Score against acceptance",
        "",
        ["score", "mean score", "acceptance", "accepted", "of"],
        [
            [
                f"{row.from_:.1f} to {row.to:.1f}",
                f"{row.score:.2f}",
                percent(row.share, row.interval),
                row.accepted,
                row.n,
            ]
            for row in report.scores
        ],
    )


def _tags(rows: list[TagRow]) -> Table:
    return Table(
        "tags",
        "Tags",
        "Acceptance counts suggestions that were answered, or shown on an article that is closed; a suggestion that an editor "
        "left open is not accepted. The other columns count the decisions of all editors. Added: without being suggested.",
        ["tag", "shown", "answered", "acceptance", "of", "accepted", "rejected", *TAG_COUNTS],
        [
            [
                row.label,
                row.shown,
                row.answered,
                *_rated(row),
                row.accepted,
                rejected_in_words(row),
                *_counts(row, TAG_COUNTS),
            ]
            for row in rows
        ],
    )


def _added(rows: list[AddedTag]) -> Table:
    return Table(
        "added",
        "Often added without being suggested",
        "Check whether their aliases are complete. The next training learns from these articles.",
        ["tag", "times", "articles", "for example"],
        [[row.label, row.added, row.articles, _examples(row.examples)] for row in rows],
    )


def _examples(articles: list[ArticleRef]) -> str:
    return "; ".join(f"{article.article_id} {plain(article.title, 60)}".strip() for article in articles[:N_NAMED])


def _disagreements(name: str, title: str, explanation: str, rows: Iterable[Disagreement]) -> Table:
    headings = ["article", "title", "tag", "who said what"]
    cells = [[row.article_id, row.title, row.label, verdicts_in_words(row)] for row in rows]
    return Table(name, title, explanation, headings, cells)


def _editors(rows: list[EditorRow]) -> Table:
    return Table(
        "editors",
        "Editors",
        "Pace: the median time between two decisions. A pause of more than ten minutes is not counted.",
        ["editor", "articles", "closed", "acceptance", "of", "accepted", "rejected", *EDITOR_COUNTS, "pace"],
        [
            [
                row.editor,
                row.touched,
                row.closed,
                *_rated(row),
                row.accepted,
                row.rejected,
                *_counts(row, EDITOR_COUNTS),
                _pace(row),
            ]
            for row in rows
        ],
    )


def _rated(row: TagRow | EditorRow) -> list[object]:
    return [percent(row.acceptance.share, row.acceptance.interval), row.acceptance.n]


def _counts(row: TagRow | EditorRow, names: Iterable[str]) -> list[object]:
    return [getattr(row, name) for name in names]


def _pace(row: EditorRow) -> str:
    return NOTHING if row.median_seconds is None else f"{row.median_seconds:.0f} s"
