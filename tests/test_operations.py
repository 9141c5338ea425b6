"""docs/operations.md says what is: every setting, every alarm, every metric; and an upgrade keeps what was stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from hashlib import sha256

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from classifier.commands import build_parser
from classifier.domain.articles import Article
from classifier.errors import BadModel
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.settings import PREFIX, Settings, read_settings
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to, open_store
from classifier.store.log import Draft
from classifier.store.rows import ago
from classifier.store.runs import FAILED, JOB
from classifier.store.schema import deliveries
from classifier.store.store import Store
from classifier.store.webhooks import KINDS
from classifier.web import build_app
from tests.conftest import ROOT
from tests.storing import put_article

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ARTICLE = Article("a-2", "ISKP bomber held in Kabul")
SCALE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def _table(head: str) -> list[list[str]]:
    """Return the rows of the table with a heading."""
    lines = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def _bare(cell: str) -> str:
    return "" if cell == "(empty)" else cell.strip("`")


def test_the_table_of_settings_is_that_of_the_program() -> None:
    listed = {_bare(row[0]): _bare(row[1]) for row in _table("setting")}
    assert set(listed) == {f"{PREFIX}{setting.name.upper()}" for setting in fields(Settings)}
    assert read_settings(listed) == Settings()


@pytest.mark.parametrize("page", [PAGE, SCALE], ids=["operations", "scale"])
def test_every_command_is_one_of_the_program_with_its_options(page: str) -> None:
    commands = re.findall(r"(?:-m classifier|compose run --rm service) ([a-z][^\n`|#&>]*)", page)
    assert len(commands) > 3
    for command in commands:
        words = re.findall(r'"[^"]*"|\S+', command.replace("$(date +%F)", "today"))
        build_parser(read_settings({})).parse_args(words)


def test_every_metric_is_explained_and_every_explained_one_is_there(client: FlaskClient, store: Store) -> None:
    store.runs.end(store.runs.begin(JOB), FAILED, "the disk is full")
    client.post("/v1/suggest", json={"title": "ISKP bomber held in Kabul"})
    text = client.get("/metrics").get_data(as_text=True)
    types = dict(re.findall(r"(?m)^# TYPE (tagger_\w+) (\w+)$", text))
    ours = {name for name in types if not name.endswith("_created")}
    assert {_bare(row[0]) for row in _table("metric")} == ours


# --- alarms: what is broken for real is found in the table by what readiness says of it ---------------------------


def _no_pointer(registry: Registry, _store: Store) -> None:
    (registry.folder / "champion.json").unlink()


def _bad_pointer(registry: Registry, _store: Store) -> None:
    (registry.folder / "champion.json").write_text("{", encoding="utf-8")


def _missing_file(registry: Registry, _store: Store) -> None:
    (registry.champion_folder() / "thresholds.npy").unlink()


def _changed_file(registry: Registry, _store: Store) -> None:
    with (registry.champion_folder() / "thresholds.npy").open("ab") as file:
        file.write(b"x")


def _another_manifest(registry: Registry, _store: Store) -> None:
    manifest = registry.champion_folder() / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8") + "\n", encoding="utf-8")


def _another_format(registry: Registry, _store: Store) -> None:
    _as_of_format(registry, 2)


def _failed(_registry: Registry, store: Store) -> None:
    store.runs.end(store.runs.begin(JOB), FAILED, "the disk is full")


def _late(_registry: Registry, store: Store) -> None:
    store.runs.end(store.runs.begin(JOB), "promoted", "better", version="v")


def _unreadable(_registry: Registry, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE articles RENAME TO gone")


def _as_of_format(registry: Registry, number: int) -> None:
    """Make the champion one of an earlier release, pointer and all."""
    version = registry.champion_folder().name
    manifest = registry.folder / version / "manifest.json"
    whole = json.loads(manifest.read_text(encoding="utf-8")) | {"format": number}
    manifest.write_text(json.dumps(whole), encoding="utf-8")
    pointer = registry.folder / "champion.json"
    content = json.loads(pointer.read_text(encoding="utf-8"))
    pointer.write_text(json.dumps(content | {"digest": sha256(manifest.read_bytes()).hexdigest()}), encoding="utf-8")


def _refusing(store: Store) -> None:
    """Let the receiver of a webhook have refused a message."""
    webhook, _ = store.webhooks.add("https://cms.example.org/", KINDS, "ada")
    put_article(store, ARTICLE, "cms")
    store.log.decide(ARTICLE.id, [Draft("add", "iskp")], "ada", lambda *_: {})
    store.deliveries.arrange(webhook, store.events.last())
    store.deliveries.failed(webhook, store.deliveries.take(webhook), "it answered 500", silent=False)


def _given_up(_registry: Registry, store: Store) -> None:
    _refusing(store)
    with store.engine.begin() as connection:
        connection.execute(deliveries.update().values(state="failed"))


def _not_taken(_registry: Registry, store: Store) -> None:
    _refusing(store)
    with store.engine.begin() as connection:
        connection.execute(deliveries.update().values(first_at=ago(hours=2)))


ALARMS: dict[str, tuple[Callable[[Registry, Store], None], str, float]] = {
    "no model": (_no_pointer, "No champion model in …", 24),
    "bad pointer": (_bad_pointer, "… cannot be read (…). Write it anew: models promote VERSION.", 24),
    "missing file": (_missing_file, "Model …: … is missing.", 24),
    "changed file": (_changed_file, "Model …: … is missing.", 24),
    "another manifest": (_another_manifest, "Model …: … is missing.", 24),
    "another format": (_another_format, "Model … has format …", 24),
    "failed": (_failed, "retrain_overdue: …` `failed at …", 24),
    "late": (_late, "retrain_overdue: …` `has not come to its end …", 1e-9),
    "given up": (_given_up, "webhooks: …` `were given up.", 24),
    "not taken": (_not_taken, "webhooks: …` `for over an hour.", 24),
    "unreadable": (_unreadable, "The database cannot be read (…).", 24),
}


def _says(cell: str, problem: str) -> bool:
    """Whether a cell of the table describes a problem: one of its alternatives, or all of its parts in turn."""
    alternatives = re.findall(r"`([^`]+)`", cell)
    if "` `" in cell:
        alternatives = ["…".join(alternatives)]
    patterns = (".*".join(re.escape(part) for part in one.split("…")) for one in alternatives)
    return any(re.search(pattern, problem) for pattern in patterns)


@pytest.mark.parametrize("name", ALARMS)
def test_what_readiness_says_is_explained_in_one_row(registry: Registry, store: Store, name: str) -> None:
    breaks, cell, hours = ALARMS[name]
    breaks(registry, store)
    client = build_app(Tagger(Serving(registry), store), registry, retrain_hours=hours).test_client()
    problems = client.get("/health/ready").get_json()["problems"]
    assert len(problems) == 1, problems
    found = [row[0] for row in _table("in `problems`") if _says(row[0], problems[0])]
    assert len(found) == 1, (problems, found)
    assert cell in found[0]


def test_every_row_of_the_alarms_is_shown_but_the_one_that_takes_broken_memory() -> None:
    rows = [row[0] for row in _table("in `problems`")]
    shown = {row for _, cell, _ in ALARMS.values() for row in rows if cell in row}
    assert [row for row in rows if row not in shown] == ["`Model … cannot be read: …`"]


# --- upgrades -----------------------------------------------------------------------------------------------------


@pytest.fixture
def earlier(empty_url: str) -> Iterator[tuple[Engine, str]]:
    """A database as the revision before `runs`, `assignments` and the limits left it, with an article, a decision, a key."""
    engine = make_engine(empty_url, create=True)
    migrate_to(engine, "0002")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO articles (id, title, body, body_format, source, rejected, tags_complete, digest, created_at, updated_at, tags)"
            " VALUES ('a-1', 'ISKP bomber held', 'In Kabul.', 'text', 'cms', '[]', false, 'd', '2026-01-02T03:04:05.000001+00:00',"
            " '2026-01-02T03:04:05.000001+00:00', '[\"taliban\"]')"
        )
        connection.exec_driver_sql(
            "INSERT INTO decisions (id, article_id, tag, action, editor, at, digest)"
            " VALUES ('d-1', 'a-1', 'iskp', 'add', 'ed4', '2026-01-03T03:04:05.000001+00:00', 'd')"
        )
        connection.exec_driver_sql(
            "INSERT INTO keys (id, name, role, hash, created_at) VALUES ('k-1', 'desk', 'admin', 'h', '2026-01-01T00:00:00.000001+00:00')"
        )
    yield engine, empty_url
    engine.dispose()


def test_a_database_of_an_earlier_release_is_upgraded_with_all_that_it_holds(earlier: tuple[Engine, str]) -> None:
    store = open_store(earlier[1])
    standing = store.log.read("a-1").standing()
    decisions = [(one.tag, one.action, one.editor) for one in store.log.read("a-1").rows]
    keys = [(key.name, key.role, key.revoked_at, key.expires_at) for key in store.keys.list()]
    examples = [(one.article.id, set(one.article.tags or ())) for one in store.exports.attributed(0, 0)]
    runs = store.runs.list(JOB)
    store.close()
    assert set(standing.tags) == {"taliban", "iskp"}
    assert decisions == [("iskp", "add", "ed4")]
    assert keys == [("desk", "admin", None, None)]
    assert examples == [("a-1", {"taliban", "iskp"})]
    assert runs == []


def test_a_model_of_this_release_is_opened_as_it_was_saved(registry: Registry) -> None:
    model = registry.load_champion()
    suggested = model.rank([ARTICLE], 3)
    assert Registry(registry.folder).load_champion().rank([ARTICLE], 3) == suggested
    assert suggested[0][0][0] == "iskp"


def test_a_model_of_another_release_is_refused_with_the_next_step_and_the_service_says_so(
    registry: Registry, store: Store
) -> None:
    _as_of_format(registry, 2)
    with pytest.raises(BadModel, match=r"has format 2; this program reads format 3\. Train it again"):
        registry.load_champion()
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    assert client.get("/health/ready").status_code == 503
    answer = client.post("/v1/suggest", json={"title": "ISKP bomber held in Kabul"})
    assert (answer.status_code, answer.get_json()["type"]) == (503, "/docs#no-model")
