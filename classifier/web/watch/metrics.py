"""Prometheus metrics: counters over all workers, and the state of store and models at the scrape.

`serve` sets PROMETHEUS_MULTIPROC_DIR before this module is imported. Without it the metrics are those of this process.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import TypeVar

from flask import Blueprint, Flask, Response
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

from classifier.gate.holding import held_long
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.views import AnswerOut, DecisionOut
from classifier.store.queue import Wanted
from classifier.store.rows import hours_since
from classifier.store.runs import JOB
from classifier.web.guard.auth import Gate
from classifier.web.incoming import incoming, notes

READERS = ("admin", "reader")
_REQUESTS = Counter("tagger_requests", "Requests answered.", ("method", "route", "status"))
_SECONDS = Histogram(
    "tagger_request_seconds",
    "Time to the answer.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)
_SUGGESTIONS = Counter("tagger_suggestions", "Suggestions given.", ("tag", "band"))
_DECISIONS = Counter("tagger_decisions", "Decisions logged.", ("action",))
AnyAnswer = TypeVar("AnyAnswer", bound=AnswerOut)
AnyMetric = TypeVar("AnyMetric", Counter, Histogram)


@lru_cache(maxsize=20_000)  # of the tags of two bands, and routes
def _child(metric: AnyMetric, *labels: str | int) -> AnyMetric:
    """Return what counts for some labels. Prometheus looks it up under a lock each time."""
    return metric.labels(*labels)


def counted(answer: AnyAnswer) -> AnyAnswer:
    """Count the suggestions of an answer, and return it."""
    for suggestion in answer["suggestions"]:
        _child(_SUGGESTIONS, suggestion["tag"], suggestion["band"]).inc()
    return answer


def count_decisions(decisions: Iterable[DecisionOut]) -> None:
    """Count decisions that were logged."""
    for decision in decisions:
        _child(_DECISIONS, decision["action"]).inc()


class Metrics:
    """The page of metrics, and the collector of the state at the time of the scrape.

    `need_key` says whether only readers and admins may see it. `tagger_store_up` is 0 if the store cannot be read.
    """

    def __init__(self, tagger: Tagger, registry: Registry, gate: Gate, retrain_hours: float, need_key: bool) -> None:
        self.gate, self.need_key = gate, need_key
        self.tagger, self.registry, self.hours = tagger, registry, retrain_hours
        self.blueprint = Blueprint("metrics", __name__)
        self.blueprint.add_url_rule("/metrics", "metrics", self.page)

    def page(self) -> Response:
        """Return all metrics in the text format of Prometheus."""
        if self.need_key:
            self.gate.check(READERS)
        counted: CollectorRegistry = REGISTRY
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        state = CollectorRegistry()
        state.register(self)
        return Response(generate_latest(counted) + generate_latest(state), content_type=CONTENT_TYPE_LATEST)

    def describe(self) -> list[Metric]:
        """Return no names: whoever registers the collector must not make it read the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._model()
        try:
            read = list(self._store())
        except Exception:  # noqa: BLE001 - any driver's error means the same here
            read = []
        yield GaugeMetricFamily("tagger_store_up", "Whether the database can be read.", value=bool(read))
        yield from read

    def _model(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("tagger_model", "The champion.", labels=("version",))
        age = GaugeMetricFamily("tagger_model_age_seconds", "Since the champion was promoted.")
        held = GaugeMetricFamily("tagger_held_tags", "Tags that `retrain` has held in three or more runs.")
        with suppress(Exception):  # readiness reports a pointer that cannot be read
            if champion := self.registry.champion():
                info.add_metric((champion.version,), 1)
                age.add_metric((), 3600.0 * hours_since(champion.at))
                held.add_metric((), len(held_long(self.registry.card(champion.version))))
        yield from (info, age, held)

    def _store(self) -> Iterator[Metric]:
        store = self.tagger.store
        queue = GaugeMetricFamily("tagger_queue_articles", "Articles of the queue.", labels=("state",))
        for state, n in store.queue.counts(Wanted()).items():
            queue.add_metric((state,), n)
        overdue = store.runs.overdue(JOB, self.hours) is not None
        since = GaugeMetricFamily("tagger_retrain_age_seconds", "Since the last run ended.", labels=("outcome",))
        last = next((run for run in store.runs.brief(JOB, 10) if not run.is_unfinished), None)
        if last is not None:
            since.add_metric((last.outcome,), 3600.0 * hours_since(last.ended_at or last.started_at))
        yield queue
        told = GaugeMetricFamily(
            "tagger_webhook_messages", "Messages to webhooks that were not taken.", labels=("state",)
        )
        for state, n in store.deliveries.counts().items():
            told.add_metric((state,), n)
        yield told
        yield GaugeMetricFamily("tagger_retrain_overdue", "Whether `retrain` failed or did not run.", value=overdue)
        yield since


def watch(app: Flask) -> None:
    """Count every request of an app, and how long it took."""

    def count(response: Response) -> None:
        now = incoming()
        # The rule, not the address: ids of articles are many, and not for everybody who reads metrics.
        method, route = now.request.method, now.route or "none"
        method = method if method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS") else "other"
        _child(_REQUESTS, method, route, response.status_code).inc()
        _child(_SECONDS, route).observe(time.perf_counter() - now.came)

    notes(app).append(count)
