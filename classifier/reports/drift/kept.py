"""The last drift report, kept in the store for the pages, and its rising names for the page that makes them tags."""

from dataclasses import dataclass

from classifier.reports.drift.records import DriftReport, RisingName
from classifier.reports.json_form import from_json, to_json
from classifier.reports.remembered import Remembered
from classifier.store.events import rising
from classifier.store.reports import DRIFT, RISING, KeptReport
from classifier.store.store import Store


@dataclass(frozen=True)
class KeptRising:
    """The names that rose in the week before a day."""

    today: str
    rising: list[RisingName]


KEPT_DRIFT: Remembered[DriftReport] = Remembered(DRIFT, lambda content: from_json(DriftReport, content))


def keep_drift(store: Store, report: DriftReport, made_at: str) -> None:
    """Keep a report and its rising names."""
    store.reports.put(KeptReport(DRIFT, made_at, 0, report.taxonomy_version, to_json(report)))
    content = to_json(KeptRising(report.today, report.rising))
    kept = KeptReport(RISING, made_at, 0, report.taxonomy_version, content)
    store.reports.put(kept, [rising(row.name, row.n_now) for row in report.rising])


def kept_rising(store: Store) -> tuple[KeptRising, KeptReport] | None:
    """Return the names that were kept last and when, None if none ever were."""
    kept = store.reports.get(RISING)
    return None if kept is None else (from_json(KeptRising, kept.content), kept)
