"""The data report of a store is made outside of requests, and kept for the pages with how far it is."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from classifier.domain.examples import Attributed, read_through
from classifier.domain.progress import Amount, Progress
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.data.figures import data_report
from classifier.reports.data.kept import read_data_report
from classifier.reports.data.records import DataReport
from classifier.reports.json_form import to_json
from classifier.store.ignored_blocks import texts_of
from classifier.store.queue import STARTER
from classifier.store.reports import DATA, PROGRESS, KeptReport
from classifier.store.rows import now
from classifier.store.store import Store

JOB = "data-report"
NOTE_SECONDS = 2.0  # between two notes of the progress


def keep_data_report(
    store: Store, taxonomy: Taxonomy, examples: Iterable[Attributed], progress: Progress, amount: Amount | None = None
) -> DataReport:
    """Make the data report of what training would learn from, keep it for the pages, and return it.

    `amount` says how many of the examples are read.

    Raises:
        Busy: if another process is making it.
        AllUnreadable: if no article can be read.
    """
    with store.runs.alone(JOB):
        noted = _Noted(store, progress)
        try:
            noted.note("reading the articles", 0.0)
            made_at, last = now(), store.log.last()  # what comes while it is made counts as newer
            read = list(progress(examples, amount or 0, "reading"))
            timeless = [each.article.id for each in read if each.source == STARTER]
            articles = [read_through(each.article, taxonomy) for each in read]
            ignored = store.ignored_blocks.list()
            digest, content = " ".join([snapshot_of(articles).digest, *sorted(each.id for each in ignored)]), None
            before = store.reports.get(DATA)
            if before is not None and before.taxonomy_version == taxonomy.version and before.content["data"] == digest:
                content = before.content  # nothing is new: a night in which nobody worked costs no fitting
            if content is None:
                progress.step("looking")
                report = data_report(articles, taxonomy, noted.track, timeless=timeless, blocks=texts_of(ignored))
                content = {**to_json(report), "data": digest}
            store.reports.put(KeptReport(DATA, made_at, last, taxonomy.version, content))
            return read_data_report(content)
        finally:
            store.reports.drop(PROGRESS)


class _Noted:
    """Notes in the store how far the work is, where the pages read it."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store, self._progress, self._last = store, progress, 0.0

    def note(self, doing: str, share: float) -> None:
        self._last = time.monotonic()
        self._store.reports.put(KeptReport(PROGRESS, now(), 0, "", {"doing": doing, "share": round(share, 3)}))

    def track(self, items: Iterable[Any], total: int | Amount, label: str) -> Iterator[Any]:
        for item in self._progress(items, total, label):
            if time.monotonic() - self._last >= NOTE_SECONDS:
                doing = self._progress.state["doing"]
                self.note(doing["label"] if doing else label, doing["share"] if doing else 0.0)
            yield item
