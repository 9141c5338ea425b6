"""What the page of the service adds to the data report: who looks at it, what was mended since, and what may be mended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from classifier.reports.data.kept import Progress, rows_of
from classifier.reports.data.records import DataReport, Row
from classifier.store.ignored_blocks import IgnoredBlock, id_of_blocks

ArticleAndTag = tuple[str, str]


@dataclass(frozen=True)
class Notice:
    """What somebody has just done, and the fields and the address of the form that takes it back."""

    of: str  # the finding
    text: str
    undo: str
    fields: Mapping[str, str]


@dataclass(frozen=True)
class Mending:
    """The service's side of the page. `decided` and `merging` are no longer listed as they were found."""

    csrf: str
    made_at: str
    note: str
    may_decide: bool
    may_make: bool
    decided: frozenset[ArticleAndTag]  # by an editor since the report was made
    may_ignore: bool
    ignored: Sequence[IgnoredBlock]  # blocks that training leaves out
    merging: frozenset[tuple[str, str]]  # (tag, into) in the basket of the one who looks
    labels: Mapping[str, str]  # of the tags of the report and of now, by their ids, in the reader's language
    progress: Progress | None = None
    notice: Notice | None = None

    def open_suspects(self, report: DataReport) -> dict[str, list[Row]]:
        """Return the doubtful labels that nobody has answered since, by tag, in the order of the likeliest error."""
        by_tag: dict[str, list[Row]] = {}
        for row in rows_of(report, "suspect_labels"):
            if (row["article"], row["tag"]) not in self.decided:
                by_tag.setdefault(str(row["tag"]), []).append(row)
        return by_tag

    def open_blocks(self, report: DataReport) -> list[tuple[str, Row]]:
        """Return the repeated blocks that training does not leave out by choice, with the ids of that choice."""
        chosen = {each.id for each in self.ignored}
        rows = [(id_of_row(row), row) for row in rows_of(report, "repeated_blocks")]
        return [(block, row) for block, row in rows if block not in chosen]

    def n_left(self, report: DataReport, n: int) -> int:
        """Return how many of n doubtful labels are left."""
        rows = rows_of(report, "suspect_labels")
        return n - sum((row["article"], row["tag"]) in self.decided for row in rows)


def suspect(report: DataReport, article: str, tag: str) -> Row | None:
    """Return the doubtful label of an article and a tag, None if the report has none."""
    rows = rows_of(report, "suspect_labels")
    return next((row for row in rows if (row["article"], row["tag"]) == (article, tag)), None)


def id_of_row(row: Row) -> str:
    """Return the id of the choice to leave out the blocks of a row, "" in a report that does not have their texts."""
    folded = cast(list[str], row.get("folded", []))
    return id_of_blocks(folded) if folded else ""


def repeated(report: DataReport, block_id: str) -> Row | None:
    """Return the repeated block of an id, None if the report has none."""
    return next((row for row in rows_of(report, "repeated_blocks") if block_id and id_of_row(row) == block_id), None)


def labels_of_tags(report: DataReport) -> dict[str, str]:
    """Return the labels of the tags of a report by their ids."""
    return {tag.tag: tag.label for tag in report.counts.tags}


def pairs(decisions: Iterable[Any], heir: Any) -> frozenset[ArticleAndTag]:
    """Return the articles and the living tags of decisions that stand."""
    return frozenset((row.article_id, heir(row.tag)) for row in decisions if row.tag is not None)
