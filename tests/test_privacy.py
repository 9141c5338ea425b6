"""Privacy: what is deleted is gone, what is rare never enters a model, and nothing leaves the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, update

from classifier.articles import Article
from classifier.commands import main
from classifier.fitting import FitSettings, fit
from classifier.registry import Registry
from classifier.store import Draft, Request, Store
from classifier.store import store as store_module
from classifier.store.schema import articles as table
from classifier.taxonomy import Taxonomy
from tests.conftest import ROOT

WORD = "zanzibarquokka"
ARTICLE = {"title": f"ISKP bomber {WORD} kills twelve in Kabul", "body": f"ISKP said that {WORD} was its bomber."}
WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"
needs_namespaces = pytest.mark.skipif(
    not WHOLE, reason="a network without a way out needs root (iproute2, util-linux): make test-system"
)


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _export(database_url: str, what: str, folder: Path) -> str:
    output = folder / f"{what}.jsonl"
    command = [sys.executable, "-m", "classifier", "export", what, "--database", database_url, "--output", str(output)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return output.read_text(encoding="utf-8")


def _backup(database_url: str, models: Path, path: Path) -> bytes:
    where = ["--database", database_url, "--models", str(models)]
    assert main(["backup", "--output", str(path), *where]) == 0
    with tarfile.open(path) as tar:
        return b"".join(file.read() for one in tar if (file := tar.extractfile(one)) is not None)


def test_a_deleted_article_is_gone_from_the_database_from_exports_and_from_the_next_backup(
    client: FlaskClient, store: Store, registry: Registry, database_url: str, tmp_path: Path
) -> None:
    headers = {"Idempotency-Key": "once"}
    decision = {"decisions": [{"tag": "iskp", "action": "accept", "note": f"saw {WORD} myself"}], "complete": True}
    assert client.put("/v1/articles/secret", json=ARTICLE).status_code == 200
    assert client.post("/v1/articles/secret/decisions", json=decision, headers=headers).status_code == 201
    assert WORD in _export(database_url, "examples", tmp_path)
    assert WORD.encode() in _backup(database_url, registry.folder, tmp_path / "before.tar")
    assert client.delete("/v1/articles/secret").status_code == 204
    for what in ("examples", "decisions"):
        text = _export(database_url, what, tmp_path)
        assert WORD not in text
        assert "secret" not in text
    assert WORD.encode() not in _backup(database_url, registry.folder, tmp_path / "after.tar")
    store.close()
    files = [path for path in tmp_path.iterdir() if path.name.startswith("tagger.db")]
    assert files or not database_url.startswith("sqlite")
    assert not [path for path in files if WORD.encode() in path.read_bytes()]


def test_an_article_that_is_deleted_while_it_is_decided_on_leaves_no_answer_behind(store: Store) -> None:
    store.put_article(Article("a", "Title", "Body"), "cms")
    inside, go_on = threading.Event(), threading.Event()

    def told(*_: object) -> dict[str, Any]:
        inside.set()
        assert go_on.wait(30)
        return {"article_id": "a", "note": WORD}

    request = Request("ada", "once", "0" * 64)
    with ThreadPoolExecutor(2) as pool:
        deciding = pool.submit(store.log.decide, "a", [Draft("add", "iskp", note=WORD)], "ada", told, request=request)
        assert inside.wait(30)
        deleting = pool.submit(store.delete_article, "a")
        time.sleep(0.3)  # it waits for the decision
        go_on.set()
        assert deciding.result(30)["note"] == WORD
        deleting.result(30)
    assert store.requests.answer(request) is None
    assert sum(store.count_articles().values()) == 0


def test_what_nobody_touched_for_so_long_is_forgotten(store: Store) -> None:
    for number in range(6):
        store.put_article(Article(f"a{number}", "Title", "Body"), "cms")
    store.import_articles([Article("s1", "Title", "Body", tags=())], "starter")
    long_ago = (datetime.now(UTC) - timedelta(days=400)).isoformat(timespec="microseconds")
    with store.engine.begin() as connection:
        connection.execute(update(table).where(table.c.id.in_(["a0", "a1", "a2", "s1"])).values(updated_at=long_ago))
    store.log.decide("a2", [Draft("add", "iskp")], "ed4", lambda *_: {}, complete=False)
    assert store.forget(365, dry_run=True) == 2
    assert store.forget(365) == 2
    assert sum(store.count_articles().values()) == 5
    assert store.article("a2").article.id == "a2"
    assert store.forget(365) == 0


def test_what_is_sent_again_as_it_is_is_not_forgotten(store: Store) -> None:
    again, never = Article("again", "Title", "Body"), Article("never", "Title", "Body")
    store.import_articles([again, never], "import")
    long_ago = (datetime.now(UTC) - timedelta(days=400)).isoformat(timespec="microseconds")
    with store.engine.begin() as connection:
        connection.execute(update(table).values(updated_at=long_ago))
    store.import_articles([again], "import")
    assert store.article("again").updated_at == long_ago
    assert store.forget(365) == 1
    assert store.article("again").article.id == "again"


def test_what_is_decided_on_while_others_are_forgotten_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.store.store._BATCH", 2)
    store.import_articles([Article(f"a{number}", "Title", "Body") for number in range(4)], "import")
    long_ago = (datetime.now(UTC) - timedelta(days=400)).isoformat(timespec="microseconds")
    with store.engine.begin() as connection:
        connection.execute(update(table).values(updated_at=long_ago))
    deleted = store_module._deleted

    def meanwhile(connection: Connection, article_ids: list[str]) -> int:
        n = deleted(connection, article_ids)
        monkeypatch.setattr(store_module, "_deleted", deleted)
        connection.commit()
        store.log.decide("a3", [Draft("add", "iskp")], "ada", lambda *_: {}, complete=False)
        return n

    monkeypatch.setattr(store_module, "_deleted", meanwhile)
    assert store.forget(365) == 3
    assert [row.tag for row in store.log.of("a3")] == ["iskp"]


def test_a_term_of_one_article_enters_no_file_of_a_model(
    articles: list[Article], taxonomy: Taxonomy, tmp_path: Path
) -> None:
    rare = Article("secret", ARTICLE["title"], f"{ARTICLE['body']} Only once: quokkaonly.", tags=("iskp",))
    twice = Article("other", "Quokkatwice in Kabul", "The quokkatwice stood in Kabul.", tags=("iskp",))
    again = Article("again", "Another quokkatwice", "A quokkatwice walked through Herat.", tags=())
    registry = Registry(tmp_path / "models")
    fitted = fit([*articles, rare, twice, again], taxonomy, FitSettings(fast=True, n_jobs=1))
    registry.promote(registry.save(fitted.model), "tests", "fitted")
    files = _bytes_of(tmp_path / "models")
    assert b"quokkatwice" in files
    assert b"quokkaonly" not in files
    assert WORD.encode() not in files


@needs_namespaces
def test_training_and_serving_need_no_route_out_of_the_machine(tmp_path: Path, articles: list[Article]) -> None:
    lines = tmp_path / "articles.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for one in articles:
            row = {"id": one.id, "title": one.title, "body": one.body, "tags": list(one.tags or ())}
            file.write(json.dumps(row) + "\n")
    python, models, url = sys.executable, tmp_path / "models", f"sqlite:///{tmp_path}/tagger.db"
    script = f"""
        set -e
        ip link set lo up
        test -z "$(ip route)"
        {python} -m classifier train --articles {lines} --models {models}
        {python} -m classifier import {lines} --database {url}
        {python} -m classifier retrain --models {models} --database {url} --json
        {python} -m classifier serve --models {models} --database {url} --port 8123 --workers 1 & served=$!
        for _ in $(seq 300); do
            {python} -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8123/health/ready").read().decode())' \\
                && break
            sleep 0.2
        done
        kill $served; wait $served
    """
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"status":"ok"' in done.stdout
