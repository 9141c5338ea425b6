"""Every request on a filled store: no statement reads a whole table, and a store four times as large costs no more.

All routes of the app are asked, so a new one is covered once its example stands here. How much the database does is counted in
steps of SQLite's machine, which are the same on every computer.
"""

from __future__ import annotations

import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, has_request_context, url_for
from flask.testing import FlaskClient
from sqlalchemy import event

from classifier.domain.articles import Article
from classifier.domain.exchange.formats import FORMATS
from classifier.domain.operations import Retire, Split
from classifier.domain.taxonomy import Taxonomy
from classifier.operations.hosts import read_hosts
from classifier.reports.kept import keep_desk_report
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change
from classifier.store.assignments import Additions, Scope
from classifier.store.database.opening import open_store
from classifier.store.queue import ORDERS
from classifier.store.runs import JOB
from classifier.store.samples import Sample
from classifier.store.store import Store
from classifier.store.webhooks import KINDS
from classifier.web import build_app
from tests.hard import size, told
from tests.hostile import without_collections
from tests.large import DECISIONS_EACH, EDITORS, Size, fill
from tests.postgres import SERVER, database

N_ARTICLES = 800
N_STEPS = 100  # of SQLite's machine, which are counted together
LARGE = frozenset(
    (
        "articles",
        "near_keys",
        "decisions",
        "impressions",
        "suggestion_sets",
        "texts",
        "closings",
        "assignments",
        "suggested",
        "searched",
    )
)
TEXT = {
    "title": "ISKP bomber kills twelve at Kabul mosque",
    "body": "The Taliban said that ISKP was behind the attack.",
}
PLACES = {"article_id": "a0000077", "filename": "style.css"}
SOURCES = ("cms", "second-desk")
# What is sent to a route, by its method and rule; several requests where the answer is looked for in several ways.
QUERIES = {
    "/v1/articles": (
        "?limit=5",
        *(f"?limit=5&state={state}&order={order}" for state in ("open", "closed", "all") for order in ORDERS),
        *(f"?limit=5&state=open&order={order}&source={source}" for order in ORDERS for source in SOURCES),
        *(f"?limit=5&state=open&order=turns&language={code}" for code in ("en", "so", "und")),
        "?limit=5&since=2014-01-03&until=2014-01-05",
        "?limit=5&since=2014-01-03&until=2014-01-28&order=teach",
        "?limit=5&tag=iskp&state=open&order=teach",
        "?limit=5&sample=s-1&state=all",
        *(
            f"?limit=5&state={state}&order=turns&q={text}"
            for state in ("open", "all")
            for text in ("convoy", "iskp", "a0000077")
        ),
    ),
    "/v1/queue/deal": ("", *(f"?order={order}" for order in ORDERS)),
    "/review/articles/<article_id>/why": ("?tag=iskp",),
    "/review/bulk": ("?tag=iskp",),
    "/review/bulk.json": ("?tag=iskp",),
    "/v1/tags/export": tuple(f"?format={form}" for form in FORMATS),
    "/v1/tags/import": ("?format=csv",),
    "/models/thresholds": ("", "?tag=iskp&percent=40"),
    "/tags": ("", "?q=isk&order=articles"),
    "/tags/names": ("?q=isk",),
    "/tags/tag": ("?id=iskp",),
    "/tags/split": ("?id=financing",),
    "/tags/past/undo": ("?id=iskp",),
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/suggest"): {"json": TEXT},
    ("POST", "/v1/suggest/batch"): {"json": {"articles": [{"id": "a", **TEXT}]}},
    ("PUT", "/v1/articles/<article_id>"): {"json": {**TEXT, "tags": ["iskp"]}},
    ("POST", "/v1/queue/deal"): {"json": {}},
    ("PUT", "/v1/articles/<article_id>/lease"): {"json": {}},
    ("PUT", "/v1/articles/<article_id>/language"): {"json": {"language": "fr"}},
    ("PUT", "/v1/filters"): {"json": {"name": "Africa", "filters": {"source": "cms"}}},
    ("POST", "/v1/articles/<article_id>/decisions"): {"json": {"decisions": [{"tag": "iskp", "action": "accept"}]}},
    ("POST", "/v1/articles/<article_id>/impressions"): {"json": {"suggestion_set_id": "s-a0000077", "tags": ["iskp"]}},
    ("POST", "/v1/hand-overs"): {"json": {"from": None, "to": None, "article_ids": ["a0000001"]}},
    ("POST", "/v1/questions/<question_id>"): {"json": {"answer": "removed"}},
    ("POST", "/v1/tags/changes/place"): {"json": {"n": 1}},
    ("POST", "/v1/tags/import"): {"data": b"id,label\nzagros,Zagros front", "content_type": "text/csv"},
    ("PUT", "/v1/schedule"): {"json": {"mode": "on", "zone": "Europe/Paris"}},
    ("PUT", "/v1/models/fixed"): {"json": {"why": "an election"}},
    ("POST", "/v1/tags/change-sets"): {"json": {"ops": [{"op": "retire", "tag": "trial"}]}},
    ("POST", "/v1/tags/change-sets/<set_id>/decline"): {"json": {}},
    ("POST", "/v1/terms/resolve"): {"json": {"terms": [{"id": "1", "name": "ISIS-K"}, {"id": "2", "name": "Zagros"}]}},
    ("PUT", "/v1/terms/<term_id>"): {"json": {"tags": []}},
    ("POST", "/v1/terms/<term_id>/merge"): {"json": {"into": "2"}},
    ("POST", "/v1/webhooks"): {"json": {"url": "https://cms.example.org/"}},
    ("POST", "/v1/webhooks/<webhook_id>"): {"json": {"state": "paused"}},
    ("POST", "/v1/webhooks/failed"): {"json": {"action": "resend"}},
    ("POST", "/"): {"data": {"text": TEXT["title"]}},
    ("POST", "/webhooks"): {"data": {"url": "https://cms.example.org/"}},
    ("POST", "/webhooks/<webhook_id>"): {"data": {"do": "pause"}},
    ("POST", "/webhooks/failed"): {"data": {"do": "resend"}},
    ("POST", "/sign-in"): {"data": {"name": "ada"}},
    ("POST", "/sign-out"): {"data": {}},
    ("POST", "/language"): {"data": {"language": "fr"}},
    ("POST", "/review/proposals"): {"json": {"label": "Zagros front"}},
    ("POST", "/review/proposals/<proposal_id>"): {"data": {"state": "declined"}},
    ("POST", "/tags/proposals/<proposal_id>"): {"data": {"state": "declined"}},
    ("POST", "/data/label"): {"data": {"article": "a0000077", "tag": "iskp", "action": "add"}},
    ("POST", "/tags/basket"): {"data": {"op": "retire", "tag": "trial"}},
    ("POST", "/tags/basket/remove"): {"data": {"number": "0"}},
    ("POST", "/tags/basket/propose"): {"data": {}},
}
# Routes that are not asked, and why.
NOT_ASKED = {
    "/v1/tags/change-sets/preview": "counts all articles",
    "/v1/tags/change-sets/<set_id>/preview": "counts all articles",
    "/v1/tags/change-sets/<set_id>/apply": "makes a preview",
    "/v1/tags/change-sets/<set_id>/schedule": "makes a preview",
    "/v1/tags/change-sets/<set_id>/undo": "is of a set that was applied",
    "POST /admin/people": "closes the open service",
    "POST /join/<secret>": "closes the open service",
    "POST /account": "is of somebody who has a key",
    "/v1/schedule/undo": "is of a change that was made",
    "POST /v1/runs": "begins a process",
    "/models/train": "begins a process",
    "POST /admin/health/backups": "begins a process",
    **dict.fromkeys(
        ("/admin/health/backups/<name>", "/admin/health/backups/<name>/delete"), "is of a backup that was made"
    ),
    "POST /models/thresholds": "makes a preview",
    "/models/thresholds/undo": "is of a threshold that was set",
    "/models/cancel": "is of a run that goes on",
    **dict.fromkeys(
        (f"/archive/{name}" for name in ("upload", "read", "store-all", "train", "remove")), "begins a process"
    ),
    **dict.fromkeys(
        (f"/archive/{name}" for name in ("cancel", "throw-away", "choose", "undo", "settle", "serve")),
        "is of an archive that somebody brings",
    ),
    **dict.fromkeys(
        ("/models/promote", "/models/roll-back", "/models/pin", "/models/shadow", "/models/fix", "/models/schedule"),
        "does what the API does",
    ),
    **dict.fromkeys(
        ("/v1/models/<version>/promote", "/v1/models/<version>/pin", "/v1/models/roll-back", "PUT /v1/models/shadow"),
        "checks or changes files of a version",
    ),
    "POST /v1/runs/<run_id>/cancel": "is of a run that goes on",
    "/v1/archives/<archive_id>": "is of an archive that somebody brought",
    "/v1/archives/<archive_id>/remove": "begins a process",
    "/tags/basket/effect": "counts all articles",
    "/tags/basket/apply": "makes a preview",
    "/tags/basket/schedule": "makes a preview",
    "/tags/changes/<set_id>/effect": "counts all articles",
    "/tags/changes/<set_id>/apply": "makes a preview",
    "/tags/changes/<set_id>/schedule": "makes a preview",
    "/tags/changes/<set_id>/cancel": "does what the API does",
    "/tags/changes/<set_id>/decline": "does what the API does",
    "/tags/changes/<set_id>/undo": "is of a set that was applied",
    "/tags/changes/undo": "is of a set that was applied",
    "/tags/try": "makes a preview",
    "/data/make": "begins a process",
    "/data/block": "is of a block that the report has",
    "/data/block/undo": "is of a block that is ignored",
    "/data/label/undo": "is of a decision that was made",
    "/articles/<article_id>/history/undo": "is of a decision that was made",
    "/tags/check": "begins a process",
    "/tags/past/sample": "begins a process",
    "/tags/past/run": "begins a process",
    "POST /tags/past/undo": "begins a process",
    "/tags/rising/look": "begins a process",
    "POST /tags/rising": "looks for a name in all articles",
    "POST /tags/import": "does what the API does",
}
# Statements that read a whole table, by route, and why that is borne.
KNOWN: dict[str, str] = {
    "GET /v1/tags/<tag_id>/redecide": "looks for a tag in what senders list, which no index has",
    "GET /tags/split": "looks for a tag in what senders list, which no index has",
}
# Requests that are more work on a larger store, and why.
KNOWN_TO_GROW = {
    **{
        f"GET /v1/articles?limit=5&state={state}&order=turns&q={text}": "counts the articles that match"
        for state in ("open", "all")
        for text in ("convoy", "iskp")
    },
    "GET /v1/articles?limit=5&tag=iskp&state=open&order=teach": "counts the articles for which the tag is suggested",
    **{
        f"GET /v1/articles?limit=5&state=open&order=turns&language={code}": "counts the articles of the language"
        for code in ("en", "so", "und")
    },
    "GET /v1/tags/<tag_id>": "counts the decisions on the tag",
    "GET /v1/tags/<tag_id>/redecide": "looks for a tag in what senders list, and counts the articles",
    "GET /tags/<tag_id>": "counts the decisions on the tag",
    "GET /tags/tag?id=iskp": "counts the decisions on the tag",
    "GET /tags/split?id=financing": "looks for a tag in what senders list, and counts the articles",
}


@dataclass
class Watch:
    """The statements that requests run on a store, and how much work they are."""

    store: Store
    statements: dict[str, Any] = field(default_factory=dict)
    n_ticks: int = 0

    def __post_init__(self) -> None:
        event.listen(self.store.engine, "before_cursor_execute", self._note)
        if not SERVER:
            event.listen(
                self.store.engine, "checkout", lambda driver, *_: driver.set_progress_handler(self._tick, N_STEPS)
            )

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if has_request_context() and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", statement):
            self.statements.setdefault(statement, parameters[0] if many else parameters)

    def _tick(self) -> int:
        self.n_ticks += has_request_context()
        return 0

    def plans(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the statements with their plans."""
        with self.store.engine.connect().execution_options(readonly=True) as connection:
            driver: Any = connection.connection.driver_connection
            cursor = driver.cursor()
            if SERVER:  # small tables would be read whole because that is the cheapest way
                cursor.execute("SET LOCAL enable_seqscan = off")
            for statement, parameters in self.statements.items():
                cursor.execute(f"EXPLAIN {'' if SERVER else 'QUERY PLAN '}{statement}", parameters)
                yield statement, [str(row[-1]) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Filled:
    """A service on a filled store."""

    app: Flask
    store: Store
    places: dict[str, str]
    watch: Watch

    def sign_in(self) -> tuple[FlaskClient, dict[str, str]]:
        """Return a client of a signed-in editor, and what a page sends besides."""
        client = self.app.test_client()
        assert client.post("/sign-in", data={"name": EDITORS[0]}).status_code == 303
        token = re.search(r'name="csrf"[^>]*(?:value|content)="([^"]+)"', client.get("/review").get_data(as_text=True))
        assert token is not None
        return client, {"csrf": token[1]}

    def ask(self, method: str, rule: str, query: str = "") -> float:
        """Send the example of a route, which must be answered well; return the milliseconds of CPU."""
        client, form = self.sign_in()
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: self.places[found[1]], rule)
        body = {} if method in ("GET", "DELETE") else dict(BODIES[method, rule])
        if isinstance(body.get("data"), dict):
            body["data"] = {**body["data"], **form}
        self.watch.statements.clear()
        self.watch.n_ticks = 0
        with without_collections():
            begun = time.process_time()
            response = client.open(path + query, method=method, headers={"X-CSRF-Token": form["csrf"]}, **body)
            response.get_data()
            response.close()
            milliseconds = 1000 * (time.process_time() - begun)
        assert response.status_code < 400, (method, path, response.status_code, response.get_data(as_text=True)[:300])
        return milliseconds


@pytest.fixture(autouse=True)
def _nothing_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of the taxonomy have nothing counted in processes of their own."""
    for module in ("tag_site", "model_sheets"):
        monkeypatch.setattr(f"classifier.web.pages.{module}.begin_beside", lambda *_: None)


def requests_of(app: Flask) -> list[tuple[str, str, str]]:
    """Return the method, rule and query of all requests; those that delete or sign out come last."""
    rules = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in sorted(rule.methods or ())]
    every = [
        (*pair, query)
        for pair in rules
        for query in QUERIES.get(pair[1], ("",))
        if pair[0] not in ("HEAD", "OPTIONS") and NOT_ASKED.keys().isdisjoint((pair[1], " ".join(pair)))
    ]
    return sorted(every, key=lambda one: (one[0] != "GET", one[0] == "DELETE"))


@pytest.fixture(scope="module")
def make_filled(
    _models: Path, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Filled]]:
    """Makes services on filled stores."""
    stores: list[Store] = []

    def make(n_articles: int, **how: int) -> Filled:
        folder = tmp_path_factory.mktemp("filled")
        store = open_store(database(folder))
        stores.append(store)
        fill(store, Size(n_articles, **{"characters": 200, "n_days": 30, **how}), [tag.id for tag in taxonomy.tags])
        registry = Registry(Path(shutil.copytree(_models, folder / "models")))
        store.runs.end(run := store.runs.begin(JOB), "kept", "no better", result={"checks": []})
        tagger = Tagger(Serving(registry), store)
        places = {
            "secret": store.people.invite("cleo", "editor", "ada"),
            **PLACES,
            "run_id": run.id,
            "proposal_id": store.proposals.add("Zagros", "", None, "ada"),
            "question_id": _ask_about_removals(tagger),
            "tag_id": "financing",
            "sample_id": "s-1",
            "name": "Africa",
            "webhook_id": store.webhooks.add("https://cms.example.org/", KINDS, "ada")[0].id,
            "term_id": "1",
            "set_id": store.change_sets.propose([Retire("leadership")], "ada"),
        }
        of_sample = ("trial", {}, "v", "m-1", 50, [[750, 50]], 7, "ada", "2024-06-06")
        store.samples.keep(Sample("s-1", *of_sample), [(f"a{number:07}", 0.75) for number in range(50)])
        change(registry, store, [Split("financing", ("income", "expense"))], "ada")
        keep_desk_report(store, taxonomy)
        _add_tags(store)
        app = build_app(tagger, registry, hosts=read_hosts(["cms.example.org"]))
        with app.test_request_context():
            places["version"] = url_for("versioned", filename="style.css").split("/")[2].removeprefix("v-")
        return Filled(app, store, places, Watch(store))

    yield make
    for store in stores:
        store.close()


def _add_tags(store: Store) -> None:
    """Add a tag to the articles of the store, as an archive run does."""
    added = [Additions(one.article.id, one.stamp, [("trial", 0.75)]) for one in store.assignments.candidates(Scope())]
    store.assignments.add(store.runs.begin("archive"), added, lambda _: {})


def _ask_about_removals(tagger: Tagger) -> str:
    """Let a CMS take a tag off many articles, and return the id of the question that this raises."""
    for tags in (("hamas",), ()):
        for number in range(12):
            tagger.put_article(Article(f"removed-{number}", tags=tags, **TEXT))
    return tagger.store.questions.list(True)[0].id


@pytest.fixture(scope="module")
def filled(make_filled: Callable[..., Filled]) -> Filled:
    return make_filled(N_ARTICLES)


def reads_whole(statement: str, plan: list[str]) -> list[str]:
    """Return the steps of a plan that read a whole table of many rows."""
    if SERVER:
        return [step for step in plan if (found := re.search(r"Seq Scan on (\w+)", step)) and found[1] in LARGE]
    scans = []
    for step in plan:
        found = re.match(r"SCAN (\w+)", step)
        if found and re.sub(r"_\d+$", "", found[1]) in LARGE:
            scans.append(step)
    # The first rows of an index in its order are not the whole of it.
    first_rows = len(plan) == 1 and " USING " in plan[0] and "LIMIT" in statement and "WHERE" not in statement
    return [] if first_rows else scans


@pytest.mark.slow
def test_no_request_reads_a_whole_table(filled: Filled) -> None:
    wrong = []
    for method, rule, query in requests_of(filled.app):
        filled.ask(method, rule, query)
        for statement, plan in filled.watch.plans():
            shown = " ".join(statement.split())
            print(f"{method} {rule}{query}\n  {shown}\n    " + "\n    ".join(plan))  # noqa: T201 - seen where it fails
            wrong += [f"{method} {rule}: {step}: {shown}" for step in reads_whole(statement, plan)]
    known = {} if SERVER else KNOWN  # PostgreSQL finds a way around
    assert [one for one in wrong if one.partition(": ")[0] not in known] == []
    assert known.keys() <= {one.partition(": ")[0] for one in wrong}


@pytest.mark.slow
@pytest.mark.sqlite("its machine counts steps")
def test_a_store_four_times_as_large_is_no_more_work_for_any_request(
    make_filled: Callable[..., Filled], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.store.queue.FEW", 100)
    monkeypatch.setattr("classifier.web.pages.review.MAX_BULK", 5)
    small, large = make_filled(N_ARTICLES), make_filled(4 * N_ARTICLES)
    ticks: dict[str, tuple[int, int]] = {}
    for method, rule, query in requests_of(small.app):
        for desk in (small, large):
            desk.ask(method, rule, query)
        ticks[f"{method} {rule}{query}"] = small.watch.n_ticks, large.watch.n_ticks
    print("\n".join(f"{counts} {name}" for name, counts in ticks.items()))  # noqa: T201 - seen where it fails
    more = {name: counts for name, counts in ticks.items() if counts[1] > 1.5 * counts[0] + 20}
    assert {name: counts for name, counts in more.items() if name not in KNOWN_TO_GROW} == {}
    assert KNOWN_TO_GROW.keys() <= more.keys()


@pytest.mark.load
def test_what_each_request_costs_on_a_store_of_full_size(make_filled: Callable[..., Filled]) -> None:
    """Prints the CPU of each request, the median of some; a second would be far too much, on any computer."""
    n_articles = size(5_000, 100_000)
    full = make_filled(n_articles, characters=2000, n_days=3650)
    what = f"{n_articles:,} articles, {DECISIONS_EACH * n_articles:,} decisions"
    for method, rule, query in requests_of(full.app):
        n_times = 5 if method == "GET" else 1
        milliseconds = statistics.median(full.ask(method, rule, query) for _ in range(n_times))
        told(f"{method} {rule}{query}", what, 0, f"{milliseconds:.1f} ms of CPU")
        print(f"{milliseconds:8.1f} ms  {method} {rule}{query}")  # noqa: T201 - what this test is for
        assert milliseconds < 1000
