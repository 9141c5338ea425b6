"""The desk report as the pages of the service show it: made outside of requests, and kept with the time it was made."""

from collections.abc import Iterable
from dataclasses import replace

from classifier.domain.decisions import Decision, without_undone
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.desk.figures import desk_report
from classifier.reports.desk.records import DeskReport, Disagreement
from classifier.reports.json_form import from_json, to_json
from classifier.reports.uses import keep_uses
from classifier.store.reports import DESK, KeptReport
from classifier.store.rows import now
from classifier.store.store import Store

JOB = "desk-report"
MAX_DISAGREEMENTS = 2_000  # kept for the pages, those to settle first: a page of more takes seconds


def make_desk_report(store: Store, taxonomy: Taxonomy) -> DeskReport:
    """Return the desk report of a store, by living tags."""
    heir, labels = taxonomy.paths.heir, {tag.id: tag.label for tag in taxonomy.tags}
    log = (replace(row, tag=heir(row.tag)) if row.tag is not None else row for row in store.log.all())
    shown = (replace(row, tag=heir(row.tag)) for row in store.log.all_impressions())
    cases = (replace(case, listed=tuple(map(heir, case.listed))) for case in store.exports.cases())
    return desk_report(log, shown, cases, labels)


def keep_desk_report(store: Store, taxonomy: Taxonomy) -> DeskReport:
    """Make the desk report of a store, keep it for the pages with the use of the tags, and return it.

    Raises:
        Busy: if another process is making it.
    """
    with store.runs.alone(JOB):
        made_at, last = now(), store.log.last()  # what comes while it is made counts as newer
        report = make_desk_report(store, taxonomy)
        listed = report.agreement.disagreements[:MAX_DISAGREEMENTS]
        content = to_json(replace(report, agreement=replace(report.agreement, disagreements=listed)))
        content["agreement"]["n_disagreements"] = len(report.agreement.disagreements)
        store.reports.put(KeptReport(DESK, made_at, last, taxonomy.version, content))
        keep_uses(store, taxonomy, {row.tag: row.acceptance for row in report.tags}, last)
        return report


def kept_desk_report(kept: KeptReport) -> tuple[DeskReport, int]:
    """Return a kept desk report, and how many of its disagreements were left out when it was kept."""
    report = from_json(DeskReport, kept.content)
    return report, kept.content["agreement"]["n_disagreements"] - len(report.agreement.disagreements)


def decided_since(disagreements: Iterable[Disagreement], newer: Iterable[Decision]) -> list[Disagreement]:
    """Return the disagreements of a kept report, those settled on whose tag somebody has decided since."""
    decided = {(row.article_id, row.tag) for row in without_undone(newer)}
    return [replace(row, settled=row.settled or (row.article_id, row.tag) in decided) for row in disagreements]
