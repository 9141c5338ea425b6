"""A store, a models folder and keys that an older version left start under this one, without a step by hand.

What they are was recorded by `tests/upgrades/record.py` with the code of that version.
"""

from __future__ import annotations

import base64
import gzip
import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import MetaData, select
from werkzeug.test import TestResponse

from classifier.commands import main
from classifier.domain.articles import record_of
from classifier.store.database.engine import make_engine
from classifier.store.database.opening import migrate_to
from service import create_app
from tests.postgres import SERVER, empty
from tests.upgrades.record import ODD_DATES, archive

RECORDED = Path(__file__).parent / "upgrades"
VERSIONS = {"6cb8d42": "0006"}  # and the revision of its database
DATES = {
    "year-1": None,
    "year-9999": None,
    "basic": "2024-06-06",
    "ones": None,
    "week": "2024-06-06",
    "blank": "2024-06-06T10:00:00+00:00",
    "zulu": "2024-06-06T10:00:00+00:00",
    "zone": "2024-06-06T10:00:00+02:00",
    "fraction": "2024-06-06T10:00:00.250000+02:00",
}


QUERIES = {
    "/review/articles/<article_id>/why": "?tag=taliban",
    "/review/bulk.json": "?tag=taliban",
    "/tags/tag": "?id=taliban",
}
MADE_LATER = (
    "/report",
    "/drift",
    "/review/disagreements",
    "/tags/split",
    "/tags/past/undo",
)  # by a job, or about one tag


@pytest.fixture(params=VERSIONS)
def recorded(request: pytest.FixtureRequest) -> Path:
    """The folder of a version."""
    return RECORDED / str(request.param)


@pytest.fixture
def expected(recorded: Path) -> dict[str, Any]:
    """The secrets of keys, and what the older version answered."""
    found: dict[str, Any] = json.loads((recorded / "expected.json").read_text("utf-8"))
    return found


@pytest.fixture
def models(recorded: Path, tmp_path: Path) -> Path:
    """The models folder, byte for byte: the manifest of the version holds its files to it."""
    folder = tmp_path / "models"
    for name, content in json.loads((recorded / "models.json").read_text("utf-8")).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npy":
            with path.open("wb") as file:
                np.lib.format.write_array(file, array_of(content), version=(1, 0))
        else:
            path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return folder


def array_of(described: dict[str, Any]) -> np.ndarray:
    values, kind = described["values"], np.dtype(described["type"])
    if isinstance(values, str):
        return np.frombuffer(base64.b64decode(values), kind).reshape(described["shape"])
    finite = [np.inf if value is None else value for value in values]
    return np.array(finite, dtype=kind).reshape(described["shape"])


@pytest.fixture
def database_url(recorded: Path, tmp_path: Path) -> str:
    """The store as the version left it; what it had on SQLite is copied to PostgreSQL where the tests run on that."""
    file = tmp_path / "tagger.db"
    with sqlite3.connect(file) as connection:
        connection.executescript((recorded / "store.sql").read_text("utf-8"))
    connection.close()
    url = f"sqlite:///{file}"
    return copied(url, VERSIONS[recorded.name]) if SERVER else url


def copied(url: str, revision: str) -> str:
    source, target = make_engine(url), make_engine(empty(), create=True)
    migrate_to(target, revision)
    tables, theirs = MetaData(), MetaData()
    tables.reflect(source)
    theirs.reflect(target)
    with source.connect().execution_options(readonly=True) as reading, target.begin() as writing:
        for table in tables.sorted_tables:
            rows = [dict(row) for row in reading.execute(select(table)).mappings()]
            if rows and table.name != "alembic_version":
                writing.execute(theirs.tables[table.name].insert(), rows)
            if "n" in table.primary_key.columns:
                serial = f"pg_get_serial_sequence('{table.name}', 'n')"
                writing.exec_driver_sql(f"SELECT setval({serial}, {max(row['n'] for row in rows)})")
    source.dispose()
    target.dispose()
    return target.url.render_as_string(hide_password=False)


@pytest.fixture
def where(models: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The settings of the older version."""
    monkeypatch.setenv("TAGGER_MODELS", str(models))
    monkeypatch.setenv("TAGGER_DATABASE_URL", database_url)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    yield


@pytest.fixture
def app(where: None, no_threads: None) -> Iterator[Flask]:
    """The service, as it is started."""
    app = create_app()
    yield app


class Desk:
    """Whoever asks the service with the keys of the older version."""

    def __init__(self, client: FlaskClient, secrets: dict[str, str]) -> None:
        self.client, self.secrets = client, secrets

    def ask(self, path: str, key: str, method: str = "GET", sent: Any = None) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secrets[key]}"}
        return self.client.open(path, method=method, json=sent, headers=headers)


@pytest.fixture
def desk(app: Flask, expected: dict[str, Any]) -> Desk:
    return Desk(app.test_client(), expected["secrets"])


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Any:
    """Run a command and return the JSON that it prints."""
    capsys.readouterr()
    code = main([*map(str, arguments), "--json"])
    said = capsys.readouterr()
    assert code == 0, said.err
    return json.loads(said.out)


def import_more(folder: Path, capsys: pytest.CaptureFixture[str]) -> Sequence[str]:
    """Import all articles of the desk, those too that the older version had not: enough to train on."""
    file = folder / "more.jsonl"
    file.write_text("".join(json.dumps(record_of(one)) + "\n" for one in archive()), "utf-8")
    run(capsys, "import", file)
    return [one.id for one in archive()]


@pytest.mark.slow
def test_keys_of_each_role_are_taken(desk: Desk, expected: dict[str, Any]) -> None:
    assert {name: desk.ask("/v1/tags", name).status_code for name in expected["secrets"]} == dict.fromkeys(
        ("wordpress", "ada", "bo", "chief", "board"), 200
    )
    assert desk.ask("/v1/articles", "board").status_code == 403
    assert desk.client.get("/v1/tags").status_code == 401
    assert desk.ask("/v1/articles/a-000", "ada", "DELETE").status_code == 403
    assert desk.ask("/v1/articles/a-000", "chief", "DELETE").status_code == 204


@pytest.mark.slow
def test_articles_have_the_tags_and_the_state_that_they_had(desk: Desk, expected: dict[str, Any]) -> None:
    answers = {name: desk.ask(f"/v1/articles/{name}", "chief").json or {} for name in expected["articles"]}
    found = {name: [one["tags"], one["state"], one["source"]] for name, one in answers.items()}
    assert found == expected["articles"]


def test_decisions_stand_as_they_were_logged(desk: Desk, expected: dict[str, Any]) -> None:
    for article_id in {one["article_id"] for one in expected["decisions"]}:
        logged = [one for one in expected["decisions"] if one["article_id"] == article_id]
        answer = desk.ask(f"/v1/articles/{article_id}/decisions", "chief").json or {}
        for one, row in zip(logged, answer["decisions"], strict=True):
            assert one | {name: row[name] for name in one if name in row} == one  # fields may be added


@pytest.mark.slow
def test_suggestions_are_those_of_the_older_version(desk: Desk, expected: dict[str, Any]) -> None:
    for one in expected["suggestions"]:
        answer = desk.ask("/v1/suggest", "wordpress", "POST", {"title": one["title"], "body": one["body"]}).json or {}
        kept = [
            {name: row[name] for name in told}
            for row, told in zip(answer["suggestions"], one["suggestions"], strict=True)
        ]
        assert kept == one["suggestions"]


@pytest.mark.slow
def test_every_page_and_route_answers(desk: Desk, app: Flask, expected: dict[str, Any]) -> None:
    secret = expected["secrets"]["chief"]
    assert desk.client.post("/sign-in", data={"name": "chief", "key": secret}).status_code == 303
    articles = ("wp:a-032", "date-year-1", "forged")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.arguments - {"article_id"}:
            continue
        for article_id in articles:
            path = rule.rule.replace("<article_id>", article_id) + QUERIES.get(rule.rule, "")
            as_person, by_key = desk.client.get(path, follow_redirects=True), desk.ask(path, "chief")
            assert as_person.status_code < 500 and by_key.status_code < 500, path
            assert 200 in (as_person.status_code, by_key.status_code) or rule.rule in MADE_LATER, path


@pytest.mark.slow
def test_dates_that_were_stored_are_repaired(desk: Desk) -> None:
    assert set(DATES) == set(ODD_DATES)
    answers = {name: desk.ask(f"/v1/articles/date-{name}", "chief").json or {} for name in DATES}
    assert {name: one["published_at"] for name, one in answers.items()} == DATES


@pytest.mark.slow
def test_an_article_can_be_sent_decided_on_and_replaced(desk: Desk) -> None:
    for article_id in ("wp:a-039", "forged", "wp:new"):
        sent = {"title": "The Taliban in Kabul", "body": "A bomb killed four people.", "tags": ["taliban"]}
        assert desk.ask(f"/v1/articles/{article_id}", "wordpress", "PUT", sent).status_code == 200
        said = {"decisions": [{"tag": "attack", "action": "add"}]}
        assert desk.ask(f"/v1/articles/{article_id}/decisions", "ada", "POST", said).status_code == 201


@pytest.mark.slow
def test_commands_work_on_what_was_stored(where: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = import_more(tmp_path, capsys)
    assert run(capsys, "status")
    assert run(capsys, "archive", "run", "--band", "suggest")["n_articles"]
    assert run(capsys, "archive", "undo")["undone"]
    assert run(capsys, "drift-report")["weeks"]
    assert run(capsys, "runs")["runs"] == []
    done = run(capsys, "retrain")
    assert done["version"] and done["outcome"] in ("promoted", "not promoted")
    for what in ("examples", "decisions", "assignments"):
        assert run(capsys, "export", what, "--output", tmp_path / f"{what}.jsonl")[what]
    assert run(capsys, "data-report", "--articles", tmp_path / "examples.jsonl")["n_articles"] >= len(ids)
    assert run(capsys, "desk-report")["decisions"]
    assert run(capsys, "backup", "--output", tmp_path / "backup.tar")
    assert run(capsys, "models", "list")["models"]
