"""The desk report as the pages of the service show it: made beside the requests, and kept with the time of its making."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from classifier.domain.decisions import Decision, without_undone
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.desk.figures import desk_report
from classifier.reports.desk.log import Row
from classifier.store import DESK, KeptReport, Store, now

JOB = "desk-report"
MAX_DISAGREEMENTS = 2_000  # that are kept, those to settle first: a page of more takes seconds


def make_desk_report(store: Store, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the desk report of a store."""
    labels = {tag.id: tag.label for tag in taxonomy.tags}
    return desk_report(store.log.all(), store.log.all_impressions(), store.cases(), labels)


def keep_desk_report(store: Store, taxonomy: Taxonomy) -> dict[str, Any]:
    """Make the desk report of a store, keep it for the pages, and return it.

    Raises:
        Busy: if another process is at it.
    """
    with store.runs.alone(JOB):
        made_at, last = now(), store.log.last()  # what comes while it is made counts as newer
        report = make_desk_report(store, taxonomy)
        store.reports.put(KeptReport(DESK, made_at, last, taxonomy.version, _shortened(report)))
        return report


def _shortened(report: dict[str, Any]) -> dict[str, Any]:
    rows = report["agreement"]["disagreements"]
    kept = {"disagreements": rows[:MAX_DISAGREEMENTS], "n_disagreements": len(rows)}
    return {**report, "agreement": {**report["agreement"], **kept}}


def decided_since(disagreements: Iterable[Row], newer: Iterable[Decision]) -> list[Row]:
    """Return the disagreements of a kept report, those settled on whose tag somebody has decided since."""
    decided = {(row.article_id, row.tag) for row in without_undone(newer)}
    return [{**row, "settled": row["settled"] or (row["article_id"], row["tag"]) in decided} for row in disagreements]
