"""Backup and restore: everything committed before is in it, it comes back as it was, and a damaged one changes nothing."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.progress import Amount, untracked
from classifier.errors import BadStore
from classifier.operations.backup import back_up, restore
from classifier.serving.registry import LEFT_SECONDS, Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.copying import save_copy
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.runs import BACKUP
from classifier.store.store import Store
from tests.everything import KABUL, contents, exported, fill, stored_at
from tests.hard import size, told
from tests.postgres import SERVER, database, empty
from tests.storing import put_article

N_WRITERS = 4
N_BACKUPS = size(2, 10)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="FULL DISK NOT TESTED: only root can mount one")

Command = Callable[..., int]


class Saved(NamedTuple):
    """A desk and its backup."""

    tagger: Tagger
    registry: Registry
    url: str
    backup: Path
    rows: dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def saved(_models: Path, articles: list[Article], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    """Rows in every table; models with a champion, its predecessor, a pinned and a needless one; a backup of them."""
    folder = tmp_path_factory.mktemp("saved")
    url, registry = database(folder), Registry(Path(shutil.copytree(_models, folder / "models")))
    model = registry.load_champion()
    registry.save(model)
    registry.pin(registry.save(model))
    registry.promote(registry.save(model), "tests", "the second")
    tagger = Tagger(Serving(registry), open_store(url))
    fill(tagger, articles[:20])
    back_up(url, registry, folder / "desk.tar", untracked)
    yield Saved(tagger, registry, url, folder / "desk.tar", contents(tagger.store))
    tagger.store.close()


@pytest.fixture
def run(saved: Saved) -> Command:
    """Runs a command on the desk's database and models, or on others."""

    def run_it(*arguments: object, database: str = saved.url, models: Path = saved.registry.folder) -> int:
        return main([*map(str, arguments), "--database", database, "--models", str(models)])

    return run_it


@pytest.fixture
def backup(saved: Saved, tmp_path: Path) -> Path:
    """The backup of the desk, to be broken."""
    return Path(shutil.copyfile(saved.backup, tmp_path / "desk.tar"))


def but_for_backups(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables without the records of backups, of which each test adds some."""
    return rows | {"runs": [run for run in rows["runs"] if run["job"] != BACKUP]}


def elsewhere(tmp_path: Path) -> tuple[str, Path]:
    """Return a place for a restored desk: the URL of a database that is not there, and a folder of models."""
    return f"sqlite:///{tmp_path}/back/tagger.db", tmp_path / "back" / "models"


# --- it comes back ---


def targets() -> list[str]:
    return ["sqlite", "the same engine"] if SERVER else ["sqlite"]


@pytest.mark.slow
@pytest.mark.parametrize("where", targets())
@pytest.mark.parametrize("name", ["desk.tar", "desk.tar.gz"])
def test_everything_comes_back(saved: Saved, run: Command, tmp_path: Path, name: str, where: str) -> None:
    assert run("backup", "--output", tmp_path / name) == 0
    url, folder = elsewhere(tmp_path)
    url = url if where == "sqlite" else empty()
    assert run("restore", tmp_path / name, database=url, models=folder) == 0
    assert but_for_backups(stored_at(url)) == saved.rows | {"sessions": [], "invitations": []}
    assert exported(url, tmp_path) == exported(saved.url, tmp_path)
    back, registry = Registry(folder), saved.registry
    champion = registry.champion()
    assert champion is not None
    assert back.champion() == champion
    assert back.history() == registry.history()
    assert back.pinned() == registry.pinned()
    assert set(back.versions()) == {champion.version, champion.previous, *registry.pinned()} < set(registry.versions())
    assert [back.snapshot(one) for one in back.versions()] == [registry.snapshot(one) for one in back.versions()]
    assert Tagger(Serving(back), saved.tagger.store).suggest(KABUL) == saved.tagger.suggest(KABUL)
    assert back.roll_back("tests", "the way back came along").version == champion.previous


def test_the_secret_of_a_key_is_good_after_a_restore(store: Store, database_url: str, tmp_path: Path) -> None:
    secret = store.keys.create("chief", "admin")
    url, folder = elsewhere(tmp_path)
    back_up(database_url, Registry(tmp_path / "none"), tmp_path / "b.tar", untracked)
    restore(tmp_path / "b.tar", url, Registry(folder), False, untracked)
    back = open_store(url)
    key = back.keys.of(secret)
    back.close()
    assert key is not None
    assert (key.name, key.role) == ("chief", "admin")


def test_a_desk_without_a_model_has_a_backup_too(run: Command, tmp_path: Path) -> None:
    url, folder = elsewhere(tmp_path)
    assert run("backup", "--output", tmp_path / "b.tar", models=tmp_path / "none") == 0
    assert run("restore", tmp_path / "b.tar", database=url, models=folder) == 0
    assert Registry(folder).champion() is None


def test_only_its_owner_reads_a_backup_and_it_says_what_it_holds(
    saved: Saved, run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert saved.backup.stat().st_mode & 0o777 == 0o600
    assert run("backup", "--output", tmp_path / "again.tar", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_rows"]["articles"], len(found["versions"])) == (33, 3)
    assert [entry.name for entry in tmp_path.glob(".*")] == []


# --- while others write ---


def test_a_backup_is_of_one_moment_and_says_how_far_it_is_though_somebody_writes_between_its_parts(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    store.import_articles([Article(f"a{n}", "A", "Kabul. " * 20_000) for n in range(40)], "import")
    seen: list[tuple[int, str]] = []

    def track(items: Iterable[Any], total: int | Amount, label: str) -> Iterator[Any]:
        assert isinstance(total, int)
        for number, part in enumerate(items):
            store.import_articles([Article(f"later-{number}", "Later")], "import")
            seen.append((total, label))
            yield part

    save_copy(database_url, tmp_path / "copy.db", track)
    copied = stored_at(f"sqlite:///{tmp_path}/copy.db")["articles"]
    later = [row["id"] for row in copied if row["id"].startswith("later")]
    assert len(seen) > 3
    assert later == []
    assert store.count_articles()["import"] == 40 + len(seen)


def _write(url: str, number: int, acknowledged: list[str], stop: threading.Event) -> None:
    store = open_store(url)
    n = 0
    while not stop.is_set():
        note = f"w{number}-{n}"
        store.log.decide("kabul", [Draft("add", "iskp", note=note)], f"ed{number}", lambda *_: {})
        acknowledged.append(note)
        n += 1
        stop.wait(0.01)
    store.close()


@pytest.fixture
def writers(tagger: Tagger, database_url: str) -> Iterator[list[str]]:
    """Four editors who decide without a pause; what was acknowledged to them."""
    tagger.put_article(KABUL)
    acknowledged: list[str] = []
    stop = threading.Event()
    threads = [threading.Thread(target=_write, args=(database_url, n, acknowledged, stop)) for n in range(N_WRITERS)]
    for thread in threads:
        thread.start()
    yield acknowledged
    stop.set()
    for thread in threads:
        thread.join(60)


@pytest.mark.slow
def test_a_backup_while_four_write_contains_everything_committed_before(
    writers: list[str], registry: Registry, database_url: str, tmp_path: Path
) -> None:
    lost = 0
    for number in range(N_BACKUPS):
        seen = len(writers)
        while len(writers) < seen + 20:
            pass
        before = list(writers)
        back_up(database_url, registry, tmp_path / f"b{number}.tar", untracked)
        url, folder = f"sqlite:///{tmp_path}/back{number}/t.db", tmp_path / f"back{number}" / "models"
        assert main(["restore", str(tmp_path / f"b{number}.tar"), "--database", url, "--models", str(folder)]) == 0
        rows = stored_at(url)["decisions"]
        lost += len(set(before) - {row["note"] for row in rows})
        assert len(rows) == len({row["note"] for row in rows})
    told(f"backups while {N_WRITERS} write", str(N_BACKUPS), lost, f"{len(writers)} decisions meanwhile")
    assert lost == 0


def test_what_a_killed_backup_left_goes_with_the_next_after_a_day(run: Command, tmp_path: Path) -> None:
    old, new = tmp_path / ".backup-old", tmp_path / ".backup-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "tagger.db").write_bytes(b"unpublished")
    long_ago = time.time() - 2 * LEFT_SECONDS
    os.utime(old, (long_ago, long_ago))
    assert run("backup", "--output", str(tmp_path / "b.tar")) == 0
    assert not old.exists()
    assert new.exists()


# --- what is refused ---


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}  # type: ignore[union-attr]


def _pack(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def _changed(members: dict[str, bytes], **manifest: object) -> dict[str, bytes]:
    return members | {"manifest.json": json.dumps({**json.loads(members["manifest.json"]), **manifest}).encode()}


def _without(members: dict[str, bytes], name: str) -> dict[str, bytes]:
    return {key: value for key, value in members.items() if key != name}


def _linked(path: Path) -> None:
    members = _members(path)
    _pack(path, _without(members, "models/history.jsonl"))
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo("models/history.jsonl")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "half of it": lambda path: os.truncate(path, path.stat().st_size // 2),
    "nothing": lambda path: os.truncate(path, 0),
    "gone": lambda path: path.unlink(),
    "a letter": lambda path: path.write_text("Dear desk, " * 1000),
    "another archive": lambda path: _pack(path, {"letter.txt": b"Dear desk"}),
    "no manifest": lambda path: _pack(path, _without(_members(path), "manifest.json")),
    "no database": lambda path: _pack(path, _without(_members(path), "tagger.db")),
    "another format": lambda path: _pack(path, _changed(_members(path), format=99)),
    "another database": lambda path: _pack(path, _members(path) | {"tagger.db": b"SQLite format 3\0"}),
    "one more file": lambda path: _pack(path, _members(path) | {"models/more.json": b"{}"}),
    "a way out": lambda path: _pack(path, _members(path) | {"models/../../out": b"x"}),
    "an absolute path": lambda path: _pack(path, _members(path) | {"/tmp/out": b"x"}),
    "a link": _linked,
}


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_backup_is_refused_and_changes_nothing(
    backup: Path, run: Command, tmp_path: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    DAMAGE[damage](backup)
    url, folder = elsewhere(tmp_path)
    assert run("restore", backup, database=url, models=folder) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert [path for path in (tmp_path / "back").rglob("*") if path.is_file()] == []
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_backup_with_any_byte_changed_is_refused_or_the_byte_meant_nothing(
    backup: Path, saved: Saved, run: Command, tmp_path: Path
) -> None:
    whole = backup.read_bytes()
    refused = 0
    for number in range(n := size(12, 200)):
        place = (2 * number + 1) * len(whole) // (2 * n)
        backup.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        url, folder = f"sqlite:///{tmp_path}/back{number}/t.db", tmp_path / f"back{number}" / "models"
        if run("restore", backup, database=url, models=folder):
            refused += 1
            assert not (tmp_path / f"back{number}" / "t.db").exists()
        else:
            assert but_for_backups(stored_at(url)) == saved.rows | {"sessions": [], "invitations": []}
        shutil.rmtree(tmp_path / f"back{number}")
    assert refused >= 0.9 * n


@pytest.mark.slow
def test_where_something_is_nothing_is_written_over(backup: Path, run: Command, saved: Saved, tmp_path: Path) -> None:
    url, folder = elsewhere(tmp_path)
    assert run("restore", backup, database=url) == 1  # the models are there
    open_store(url).close()
    assert run("restore", backup, database=url, models=folder) == 1  # the database is there
    assert stored_at(url)["articles"] == []
    assert len(saved.registry.versions()) == 4
    assert not folder.exists() or Registry(folder).versions() == []


@pytest.mark.slow
def test_with_force_what_was_there_is_moved_aside_whole(
    backup: Path, run: Command, tmp_path: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    url, folder = elsewhere(tmp_path)
    store = open_store(url)
    put_article(store, KABUL, "cms")
    store.close()
    old = Registry(folder)
    old.promote(old.save(registry.load_champion()), "tests", "the one before")
    capsys.readouterr()
    assert run("restore", backup, "--force", "--json", database=url, models=folder) == 0
    database, models = json.loads(capsys.readouterr().out)["moved_aside"]
    assert len(stored_at(url)["articles"]) == 33
    assert len(stored_at(f"sqlite:///{database}")["articles"]) == 1
    assert [row.why for row in Registry(Path(models)).history()] == ["the one before"]
    assert Registry(Path(models)).load_champion().version


@pytest.mark.sqlite("a PostgreSQL database must be empty, whether or not it is open")
def test_a_database_that_is_open_somewhere_is_not_moved(backup: Path, saved: Saved, run: Command) -> None:
    saved.tagger.store.count_articles()
    assert run("restore", backup, "--force") == 3
    assert but_for_backups(contents(saved.tagger.store)) == saved.rows
    assert len(saved.registry.versions()) == 4


@pytest.mark.sqlite("its file is broken by hand")
def test_of_a_damaged_database_no_backup_is_made_and_the_last_one_stays(
    backup: Path, run: Command, tmp_path: Path, store: Store, database_url: str
) -> None:
    store.import_articles([replace(KABUL, id=f"a{number}", body="Rain. " * 500) for number in range(50)], "import")
    store.close()
    path = Path(database_url.removeprefix("sqlite:///"))
    whole, before = path.read_bytes(), backup.read_bytes()
    middle = len(whole) // 8192 * 4096
    path.write_bytes(whole[:middle] + os.urandom(4096) + whole[middle + 4096 :])
    assert run("backup", "--output", backup, database=database_url) == 1
    assert backup.read_bytes() == before


def test_of_a_database_that_is_not_there_no_backup_is_made(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(BadStore, match="no database"):
        back_up(f"sqlite:///{tmp_path}/none.db", registry, tmp_path / "b.tar", untracked)
    assert list(tmp_path.glob("*.tar")) == []
    assert not (tmp_path / "none.db").exists()


@needs_root
def test_on_a_full_disk_neither_backup_nor_restore_changes_anything(
    backup: Path, run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    try:
        url = f"sqlite:///{disk}/tagger.db"
        assert run("backup", "--output", disk / "b.tar") == 1
        assert run("restore", backup, database=url, models=disk / "models") == 1
        assert capsys.readouterr().err.count("No space left on device") == 2
        assert [path for path in disk.rglob("*") if path.is_file()] == []
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
