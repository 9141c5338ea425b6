"""Privacy: what is deleted is gone, what is rare never enters a model, and nothing leaves the machine."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
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

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.deleted import digest_of
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadModel
from classifier.serving import registry as registry_module
from classifier.serving.registry import Registry
from classifier.serving.traces import have_traces_removed, remove_traces
from classifier.store import deletions as deletions_module
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.requests import Request
from classifier.store.runs import JOB
from classifier.store.schema import articles as table
from classifier.store.store import Store
from classifier.training.fitting import fit
from classifier.training.retraining import retrain
from classifier.training.settings import FitSettings
from tests.conftest import ROOT
from tests.desk import QUICK
from tests.server import start, stop
from tests.storing import put_article
from tests.waiting import SECONDS

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


@pytest.mark.slow
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
    put_article(store, Article("a", "Title", "Body"), "cms")
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
    assert store.log.reply(request) is None
    assert sum(store.count_articles().values()) == 0


def test_what_nobody_touched_for_so_long_is_forgotten(store: Store) -> None:
    for number in range(6):
        put_article(store, Article(f"a{number}", "Title", "Body"), "cms")
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
    monkeypatch.setattr("classifier.store.deletions.BATCH", 2)
    store.import_articles([Article(f"a{number}", "Title", "Body") for number in range(4)], "import")
    long_ago = (datetime.now(UTC) - timedelta(days=400)).isoformat(timespec="microseconds")
    with store.engine.begin() as connection:
        connection.execute(update(table).values(updated_at=long_ago))
    deleted = deletions_module.delete_articles

    def meanwhile(connection: Connection, article_ids: list[str]) -> int:
        n = deleted(connection, article_ids)
        monkeypatch.setattr(deletions_module, "delete_articles", deleted)
        connection.commit()
        store.log.decide("a3", [Draft("add", "iskp")], "ada", lambda *_: {}, complete=False)
        return n

    monkeypatch.setattr(deletions_module, "delete_articles", meanwhile)
    assert store.forget(365) == 3
    assert [row.tag for row in store.log.read("a3").rows] == ["iskp"]


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


# --- what is left of a deleted article on disk ---

SECRET = "secret-4711"
RESEMBLES = Article("", ARTICLE["title"], ARTICLE["body"])


@pytest.fixture(scope="module")
def kept_models(articles: list[Article], taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models whose precedents and snapshots have an article, in two versions."""
    folder = tmp_path_factory.mktemp("kept") / "models"
    learned = [*articles, Article(SECRET, ARTICLE["title"], ARTICLE["body"], tags=("iskp",))]
    model = fit(learned, taxonomy, FitSettings(n_jobs=1)).model
    registry = Registry(folder)
    for why in ("first", "second"):
        registry.promote(registry.save(model, snapshot_of(learned)), "tests", why)
        model.card["note"] = why
    return folder


@pytest.fixture
def kept(kept_models: Path, tmp_path: Path) -> Registry:
    """A copy of those models."""
    return Registry(Path(shutil.copytree(kept_models, tmp_path / "models")))


def precedents_of(registry: Registry, version: str | None = None) -> list[str]:
    model = registry.load_champion() if version is None else registry.load(version)
    return [article_id for article_id, _ in model.explain(RESEMBLES, ["iskp"])[0].precedents]


def traces(folder: Path) -> list[str]:
    """Return which files have the id or the word of the article, packed ones too."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            if SECRET.encode() in content or WORD.encode() in content:
                found.append(str(path.relative_to(folder)))
    return found


@pytest.mark.slow
@pytest.mark.sqlite
def test_a_deleted_article_leaves_no_file_of_a_running_service(kept: Registry, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/tagger.db"
    (kept.folder / "drift.html").write_text(f"<li>2026-01-05 {ARTICLE['title']} <span>{SECRET}</span></li>")
    (kept.folder / "runs").mkdir()
    (kept.folder / "runs" / "0.html").write_text(f'<a href="/review/{SECRET}">{SECRET}</a>')
    store = open_store(url)
    run = store.runs.begin(JOB)
    findings = [
        {"articles": ["other", SECRET], "n": 2, "quote": f"saw {WORD}"},
        {"articles": ["other"], "quote": "kept"},
    ]
    store.runs.end(run, "promoted", "", result={"details": {"findings": findings}})
    store.close()  # reading the files of a database takes the locks of this process away
    server = start(kept.folder, url, "--workers", "2")
    try:
        tables = [f"/v1/articles/{SECRET}", {**ARTICLE, "tags": []}]
        assert server.ask("PUT", *tables)[0] == 200
        assert server.ask("PUT", tables[0], {**ARTICLE, "body": f"{ARTICLE['body']} Again."})[0] == 200
        decision = {"decisions": [{"tag": "iskp", "action": "accept", "note": WORD}], "complete": True}
        assert server.ask("POST", f"{tables[0]}/decisions", decision, {"Idempotency-Key": "once"})[0] == 201
        why = {"title": ARTICLE["title"], "body": ARTICLE["body"], "why": ["iskp"]}
        (told,) = server.ask("POST", "/v1/suggest", why)[1]["why"]
        assert SECRET in [one["article_id"] for one in told["precedents"]]
        before = traces(tmp_path)
        assert {"tagger.db-wal", "models/drift.html", "models/runs/0.html"} <= set(before)
        assert sum("precedents" in path for path in before) == sum("snapshots" in path for path in before) == 2
        assert server.ask("DELETE", tables[0])[0] == 204
        (told,) = server.ask("POST", "/v1/suggest", why)[1]["why"]
        assert SECRET not in [one["article_id"] for one in told["precedents"]]
        until = time.monotonic() + SECONDS
        log = f"service-{server.port}.log"  # names ids of requests, and no text
        while (left := traces(tmp_path)) != [log] and time.monotonic() < until:
            time.sleep(0.5)
        assert left == [log]
        assert WORD not in (tmp_path / log).read_text()
    finally:
        stop(server)
    store = open_store(url)
    findings = store.runs.get(run.id).result["details"]["findings"]  # type: ignore[index]
    assert findings == [{"articles": ["other"], "n": 2, "quote": ""}, {"articles": ["other"], "quote": "kept"}]
    store.close()


def test_without_a_database_no_version_names_an_article_that_is_noted_as_deleted(kept: Registry) -> None:
    assert SECRET in precedents_of(kept)
    open_before = kept.load_champion()
    Registry(kept.folder).deleted.add([digest_of(SECRET)])
    assert all(SECRET not in precedents_of(kept, version) for version in kept.versions())
    assert SECRET not in [one for one, _ in open_before.explain(RESEMBLES, ["iskp"])[0].precedents]
    assert len(precedents_of(kept)) == 3


def test_what_is_saved_after_a_deletion_does_not_have_the_article(kept: Registry) -> None:
    model, snapshot = kept.load_champion(), kept.snapshot(kept.versions()[-1])
    kept.deleted.add([digest_of(SECRET)])
    version = kept.save(model, snapshot)
    assert SECRET not in _bytes_of(kept.folder / version).decode("utf-8", "replace")
    assert SECRET not in kept.snapshot(version).articles  # type: ignore[union-attr]
    assert kept.load(version).precedents.ids


def test_precedents_are_cleaned_without_changing_a_file_that_is_open(kept: Registry) -> None:
    loaded, version = kept.load_champion(), kept.versions()[-1]
    rows, ids = loaded.precedents.rows.copy(), list(loaded.precedents.ids)
    expected = loaded.precedents.without({SECRET})
    scores = loaded.judge([RESEMBLES])[0]
    kept.deleted.add([digest_of(SECRET)])
    assert set(kept.clean()) == set(kept.versions())
    assert kept.clean() == []
    assert (loaded.precedents.rows == rows).all()
    again = kept.load_champion()
    assert (again.judge([RESEMBLES])[0] == scores).all()
    assert (again.version, again.precedents.ids) == (version, [one for one in ids if one != SECRET])
    for name in ("begins", "rows", "values", "tag_begins", "tag_articles"):
        assert (getattr(again.precedents, name) == getattr(expected, name)).all()
    assert len(again.precedents.rows) < len(rows)
    assert traces(kept.folder) == []


@pytest.mark.slow
@pytest.mark.parametrize("step", ["before the new files count", "before the old files are gone"])
def test_cleaning_that_is_killed_leaves_a_version_that_loads_and_the_next_one_ends_it(
    kept: Registry, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.deleted.add([digest_of(SECRET)])

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    what = (
        "classifier.model.precedent_files.whole_file" if step == "before the new files count" else "pathlib.Path.unlink"
    )
    monkeypatch.setattr(what, killed)
    with pytest.raises(KeyboardInterrupt):
        kept.clean()
    monkeypatch.undo()
    assert SECRET not in precedents_of(kept)
    kept.clean()
    assert SECRET not in precedents_of(kept)
    assert traces(kept.folder) == []
    for version in kept.versions():
        assert len(list((kept.folder / version).glob("cleaned-*"))) == 6


@pytest.mark.parametrize("name", ["cleaned.json", "cleaned-*precedents.txt"])
def test_cleaned_files_that_were_changed_are_refused(kept: Registry, name: str) -> None:
    kept.deleted.add([digest_of(SECRET)])
    kept.clean()
    (path,) = (kept.folder / kept.versions()[-1]).glob(name)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(BadModel, match="cleaned"):
        kept.load_champion()


def test_what_could_not_be_written_is_not_noted_as_cleaned(
    kept: Registry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    store.delete_article(SECRET)

    def full(*_: object) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(registry_module, "clean_precedents", full)
        with pytest.raises(OSError, match="No space left"):
            remove_traces(store, kept)
    assert kept.deleted.cleaned < store.deletions.last()
    assert remove_traces(store, kept)
    assert traces(kept.folder) == []


def test_a_version_without_precedents_keeps_no_id_in_its_snapshot(kept: Registry) -> None:
    version = kept.versions()[0]
    next((kept.folder / version).glob("*precedents.txt")).unlink()
    kept.deleted.add([digest_of(SECRET)])
    assert version in kept.clean()
    snapshot = kept.snapshot(version)
    assert snapshot is not None
    assert SECRET not in snapshot.articles


def test_a_snapshot_that_has_outlived_its_version_keeps_no_id_either(kept: Registry) -> None:
    version = kept.versions()[0]
    shutil.rmtree(kept.folder / version)
    kept.deleted.add([digest_of(SECRET)])
    assert version in kept.clean()
    snapshot = kept.snapshot(version)
    assert snapshot is not None
    assert SECRET not in snapshot.articles


@pytest.mark.sqlite
def test_a_log_that_others_read_is_emptied_when_they_are_through(store: Store, tmp_path: Path) -> None:
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    reader = store.engine.connect().execution_options(readonly=True)
    reader.exec_driver_sql("SELECT count(*) FROM articles").scalar()
    store.delete_article(SECRET)
    assert not store.deletions.clean_log()
    reader.close()
    assert store.deletions.clean_log()
    assert (tmp_path / "tagger.db-wal").stat().st_size == 0
    assert traces(tmp_path) == []


@pytest.mark.slow
def test_forget_and_retrain_remove_the_traces_before_they_end(
    kept: Registry, store: Store, database_url: str, articles: list[Article], taxonomy: Taxonomy
) -> None:
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    store.delete_article(SECRET)
    assert SECRET in precedents_of(kept)
    assert main(["forget", "--traces", "--models", str(kept.folder), "--database", database_url]) == 0
    assert traces(kept.folder) == []
    other = next(one for one in articles if "iskp" in (one.tags or ()))
    store.import_articles(articles, "import")
    store.delete_article(other.id)
    again = next(one for one in articles if one.id != other.id)
    store.delete_article(again.id)
    kept.deleted.add([digest_of(again.id)])
    store.import_articles([again], "import")
    result, _ = retrain(store, kept, QUICK, taxonomy)
    learned = kept.snapshot(str(result.version))
    assert learned is not None
    assert again.id in learned.articles
    assert not any(other.id in kept.load(version).precedents.ids for version in kept.versions())


@pytest.mark.slow
def test_a_database_that_was_restored_and_counts_from_lower_numbers_is_looked_at_too(
    kept: Registry, store: Store
) -> None:
    kept.deleted.note_cleaned(50)
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    store.delete_article(SECRET)
    have_traces_removed(store, kept)
    assert traces(kept.folder) == []
    assert kept.deleted.cleaned == store.deletions.last()


def test_an_article_that_comes_again_is_named_again(kept: Registry, store: Store) -> None:
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    store.delete_article(SECRET)
    kept.deleted.follow(store.deletions.digests)
    assert SECRET in kept.deleted
    put_article(store, Article(SECRET, **ARTICLE), "cms")
    remove_traces(store, kept)
    assert SECRET not in kept.deleted
    assert SECRET in precedents_of(kept)


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
