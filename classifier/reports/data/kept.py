"""The data report as the pages read it: the one that was kept last, and how far a new one is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from classifier.domain.sentences import LOOPS
from classifier.reports.data.records import DataReport, with_typed_rows
from classifier.reports.json_form import from_json
from classifier.reports.remembered import Remembered
from classifier.store.reports import DATA, PROGRESS
from classifier.store.rows import hours_since
from classifier.store.store import Store
from classifier.texts import retold

LOST_HOURS = 0.5  # without a note, after which the process is taken for dead


class Progress(NamedTuple):
    """What the process that makes a report is at, and how far it is with that, from 0 to 1."""

    doing: str
    share: float

    def in_words(self) -> str:
        """Return what it is at in the reader's language."""
        return retold(self.doing, LOOPS)


def progress_of(store: Store) -> Progress | None:
    """Return how far the process is that makes the report, None if there is none."""
    noted = store.reports.get(PROGRESS)
    if noted is None or hours_since(noted.made_at) > LOST_HOURS:
        return None
    return Progress(noted.content["doing"], noted.content["share"])


def read_data_report(content: dict[str, Any]) -> DataReport:
    """Return a data report that was kept."""
    return with_typed_rows(from_json(DataReport, content))


KEPT_DATA: Remembered[DataReport] = Remembered(DATA, read_data_report)


def rows_of(report: DataReport, finding: str) -> Sequence[Any]:
    """Return the rows of a finding, none if it found nothing or was not looked for."""
    return next((each.rows for each in report.findings if each.finding == finding), ())
