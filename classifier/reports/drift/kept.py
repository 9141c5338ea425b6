"""The rising names of the last drift report, kept in the store for the page that makes them tags."""

from dataclasses import dataclass

from classifier.reports.drift.records import DriftReport, RisingName
from classifier.reports.json_form import from_json, to_json
from classifier.store.events import rising
from classifier.store.reports import RISING, KeptReport
from classifier.store.store import Store


@dataclass(frozen=True)
class KeptRising:
    """The names that rose in the week before a day."""

    today: str
    rising: list[RisingName]


def keep_rising(store: Store, report: DriftReport, made_at: str) -> None:
    """Keep the rising names of a report."""
    content = to_json(KeptRising(report.today, report.rising))
    kept = KeptReport(RISING, made_at, 0, report.taxonomy_version, content)
    store.reports.put(kept, [rising(row.name, row.n_now) for row in report.rising])


def kept_rising(store: Store) -> tuple[KeptRising, KeptReport] | None:
    """Return the names that were kept last and when, None if none ever were."""
    kept = store.reports.get(RISING)
    return None if kept is None else (from_json(KeptRising, kept.content), kept)
