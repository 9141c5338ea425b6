"""The page of health: what matters, in words, with the next step; backups that are made, downloaded, restored and deleted."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.progress import untracked
from classifier.domain.schedule import DAYS, ON, Schedule
from classifier.domain.sentences import LOST
from classifier.operations.backup import restore
from classifier.operations.backups import Backups
from classifier.operations.status import status
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.rows import ago
from classifier.store.runs import BACKUP, DONE, FAILED, JOB, UNFINISHED
from classifier.store.schema import deliveries, runs
from classifier.store.webhooks import KINDS
from classifier.web import build_app
from classifier.web.pages import health
from tests.desk import Desk
from tests.everything import contents
from tests.postgres import empty
from tests.storing import put_article

PAGE = "/admin/health"
SECONDS = 240.0  # against hanging only


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    """The service of a desk, with somebody signed in while no key exists."""
    client = build_app(Tagger(Serving(desk.registry), desk.store), desk.registry).test_client()
    client.post("/sign-in", data={"name": "ada"})
    return client


def send(client: FlaskClient, path: str) -> Any:
    token = re.search(r'name="csrf"[^>]*(?:value|content)="([^"]+)"', client.get(PAGE).text)
    assert token is not None
    return client.post(f"{PAGE}/backups{path}", data={"csrf": token[1]})


def cards(client: FlaskClient) -> dict[str, tuple[str, str, str]]:
    """Return of each thing that matters how it is, its text, and where its next step leads."""
    found = {}
    for card in html.fromstring(client.get(PAGE).text).xpath("//ul[contains(@class, 'health')]/li"):
        text = " ".join(card.xpath("string(p[1])").split())
        (badge,) = card.xpath(".//*[contains(@class, 'badge')]/text()")
        found[card.xpath("string(.//h2)")] = (badge, text, "".join(card.xpath(".//a/@href")))
    return found


@pytest.fixture
def kept(desk: Desk) -> Backups:
    """The backups of the desk, of which one was made."""
    backups = Backups(desk.store, desk.registry)
    backups.work(desk.store.runs.ask(BACKUP, "ada"))
    (run,) = desk.store.runs.brief(BACKUP)
    assert run.outcome == DONE, run.reason
    return backups


# --- what matters ---


def test_each_thing_says_how_it_is_and_where_the_next_step_leads(client: FlaskClient) -> None:
    found = cards(client)
    assert found == {
        "Model": ("good", found["Model"][1], "/models"),
        "Last training": ("good", found["Last training"][1], found["Last training"][2]),
        "Schedule": ("have a look", "No training begins by itself.", "/models#schedule"),
        "Review": ("good", "No article is unread.", "/review"),
        "Messages to other programs": ("good", "Nobody is told.", "/webhooks"),
        "Database": found["Database"],
        "Disk": found["Disk"],
        "Backups": ("have a look", "None was made yet.", "#backups"),
        "Access": (
            "have a look",
            "Nobody has a key yet: whoever uses this machine may do everything.",
            "/admin/people",
        ),
    }
    assert re.search(r"One file of [\d.]+ [kMG]B|on a database server", found["Database"][1])
    assert re.search(r"[\d.]+ GB of [\d.]+ GB are free", found["Disk"][1])


def test_no_command_and_no_setting_stands_on_the_page(client: FlaskClient, desk: Desk) -> None:
    (desk.registry.folder / "champion.json").write_text("{")
    desk.store.runs.end(desk.store.runs.ask(JOB, "ada"), FAILED, "no room")
    page = client.get(PAGE).text
    assert "python -m" not in page
    assert "TAGGER_" not in page
    assert "chmod" not in page


def test_what_status_finds_wrong_is_wrong_on_the_page(client: FlaskClient, desk: Desk) -> None:
    webhook, _ = desk.store.webhooks.add("https://cms.example.org/hook", KINDS, "ada")
    put_article(desk.store, Article("told", "T", "B", tags=("iskp",)), "cms")
    desk.store.log.decide("told", [Draft("add", "attack")], "ada", lambda *_: {})
    assert desk.store.deliveries.arrange(webhook, desk.store.events.last())
    with desk.store.engine.begin() as connection:
        connection.execute(deliveries.update().values(state="failed"))
    desk.store.runs.end(desk.store.runs.ask(JOB, "ada"), FAILED, "no room on the disk")
    found = cards(client)
    assert found["Last training"][0] == "wrong"
    assert "no room on the disk" in found["Last training"][1]
    state, text, to = found["Messages to other programs"]
    assert (state, to) == ("wrong", "/webhooks")
    assert "given up" in text
    problems = status(desk.registry, desk.store.engine.url.render_as_string(hide_password=False))["problems"]
    assert any("no room on the disk" in problem for problem in problems)


def test_without_a_model_the_page_says_so_and_leads_to_the_training(desk: Desk, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "none")
    client = build_app(Tagger(Serving(registry), desk.store), registry).test_client()
    client.post("/sign-in", data={"name": "ada"})
    assert cards(client)["Model"] == ("wrong", "No model serves, so nothing is suggested.", "/models#training")


def test_a_schedule_is_good_and_an_old_backup_is_to_be_looked_at(
    client: FlaskClient, desk: Desk, kept: Backups
) -> None:
    desk.store.schedules.change(Schedule(ON, DAYS, "02:30", "Europe/Paris"), "ada")
    assert cards(client)["Schedule"][0] == "good"
    assert cards(client)["Backups"][0] == "good"
    with desk.store.engine.begin() as connection:
        connection.execute(runs.update().where(runs.c.job == BACKUP).values(ended_at=ago(days=8)))
    assert cards(client)["Backups"][:2][0] == "have a look"
    assert "older than a week" in cards(client)["Backups"][1]


def test_little_room_on_the_disk_is_said(client: FlaskClient, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LITTLE_ROOM", 1.1)
    assert cards(client)["Disk"][0] == "have a look"
    assert "Keep a fifth free" in cards(client)["Disk"][1]
    monkeypatch.setattr("classifier.operations.status.LEAST_FREE", 1.1)
    assert cards(client)["Disk"][0] == "wrong"
    url = desk.store.engine.url.render_as_string(hide_password=False)
    assert any("nearly full" in problem for problem in status(desk.registry, url)["problems"])


@pytest.mark.parametrize(("n", "text"), [(999, "1 kB"), (1_500_000, "1.5 MB"), (2_500_000_000, "2.5 GB")])
def test_sizes_are_short(client: FlaskClient, n: int, text: str) -> None:
    with client.application.test_request_context():
        assert health.size_in_words(n) == text


# --- backups ---


@pytest.mark.slow
def test_a_backup_is_made_beside_the_service_listed_downloaded_and_restores(
    client: FlaskClient, desk: Desk, tmp_path: Path
) -> None:
    before = contents(desk.store)
    assert send(client, "").status_code == 303
    until = time.monotonic() + SECONDS
    while "is being made" in client.get(PAGE).text:
        assert send(client, "").status_code in (303, 409)
        assert time.monotonic() < until
        time.sleep(0.2)
    tree = html.fromstring(client.get(PAGE).text)
    (link, *_) = tree.xpath("//a[@download]/@href")
    with client.get(link) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.is_streamed
        content = answer.data
    assert hashlib.sha256(content).hexdigest() in tree.xpath("//code[@class='digest']/text()")
    (tmp_path / "desk.tar.gz").write_bytes(content)
    url = empty() if desk.store.engine.dialect.name == "postgresql" else f"sqlite:///{tmp_path}/again/tagger.db"
    registry = Registry(tmp_path / "again" / "models")
    restored, _ = restore(tmp_path / "desk.tar.gz", url, registry, force=False, progress=untracked)
    assert restored.champion == desk.champion == registry.load_champion().version
    store = open_store(url)
    after = contents(store)
    for table in ("sessions", "runs", "events"):
        del before[table], after[table]
    assert after == before
    # It was under way when the database was copied. Another one may have been made before it.
    assert not any(run.outcome in UNFINISHED for run in store.runs.brief(BACKUP))
    store.close()


def test_a_backup_is_only_for_admins_and_only_under_its_name(client: FlaskClient, desk: Desk, kept: Backups) -> None:
    (backup,) = kept.list()
    path = f"{PAGE}/backups/{backup.name}"
    assert kept.path(backup.name).stat().st_mode & 0o077 == 0
    assert kept.folder.stat().st_mode & 0o077 == 0
    key = desk.store.keys.create("tess", "taxonomist")
    desk.store.keys.create("boss", "admin")
    client.post("/sign-in", data={"name": "tess", "key": key})
    assert client.get(path).status_code == 403
    assert client.get(PAGE).status_code == 403
    assert client.application.test_client().get(path).status_code in (302, 303)
    assert client.get(path, headers={"Authorization": f"Bearer {key}"}).status_code in (302, 303, 403)


def test_nothing_else_is_sent(client: FlaskClient, kept: Backups) -> None:
    digest = kept.list()[0].name + ".sha256"
    for name in ("champion.json", "..%2Fchampion.json", "backup-1.tar.gz", "%00", digest):
        assert client.get(f"{PAGE}/backups/{name}").status_code == 404, name


def test_a_backup_is_deleted_with_its_digest(client: FlaskClient, kept: Backups) -> None:
    (backup,) = kept.list()
    (details,) = html.fromstring(client.get(PAGE).text).xpath("//details[.//form[contains(@action, 'delete')]]")
    assert "cannot be brought back" in details.text_content()
    assert send(client, f"/{backup.name}/delete").status_code == 303
    assert list(kept.folder.iterdir()) == []
    assert send(client, f"/{backup.name}/delete").status_code == 404


@pytest.mark.slow
def test_a_backup_that_fails_says_why_and_leaves_nothing(client: FlaskClient, desk: Desk) -> None:
    (desk.registry.folder / "backups").write_text("in the way")
    backups = Backups(desk.store, desk.registry)
    backups.work(desk.store.runs.ask(BACKUP, "ada"))
    (run,) = desk.store.runs.brief(BACKUP)
    assert run.outcome == FAILED
    assert "Cannot write in" in run.reason
    state, text, _ = cards(client)["Backups"]
    assert state == "wrong"
    assert "Cannot write in" in text


def test_a_backup_whose_process_was_killed_has_failed(client: FlaskClient, desk: Desk) -> None:
    run = desk.store.runs.ask(BACKUP, "ada")
    with desk.store.engine.begin() as connection:
        connection.execute(runs.update().values(started_at=ago(hours=1)))
    assert "is being made" not in client.get(PAGE).text
    assert desk.store.runs.get(run.id).reason == LOST


def test_a_backup_by_command_counts_too(client: FlaskClient, desk: Desk, tmp_path: Path) -> None:
    url = desk.store.engine.url.render_as_string(hide_password=False)
    output = tmp_path / "by-hand.tar.gz"
    assert main(["backup", "--output", str(output), "--database", url, "--models", str(desk.registry.folder)]) == 0
    assert cards(client)["Backups"][0] == "good"
    assert not list(tmp_path.glob("*.sha256"))


def test_a_restore_leaves_the_backups_where_they_are(desk: Desk, kept: Backups) -> None:
    if desk.store.engine.dialect.name == "postgresql":
        pytest.skip("a PostgreSQL database must be empty")
    url = desk.store.engine.url.render_as_string(hide_password=False)
    (backup,) = kept.list()
    desk.store.close()
    restore(kept.path(backup.name), url, desk.registry, force=True, progress=untracked)
    assert kept.list() == [backup]
