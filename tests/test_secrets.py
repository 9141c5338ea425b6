"""What only the owner of a desk may read: its database and backups, and the password in the URL of a database."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.errors import BadStore
from classifier.serving.registry import Registry
from classifier.store.database.engine import absolute_url
from classifier.store.database.opening import open_store
from tests.conftest import ROOT
from tests.storing import put_article
from tests.waiting import SECONDS

of_files = pytest.mark.sqlite("these are its files")
PARTS = ("s3cr", "w0rd", "et9")  # of the passwords below
URLS = [
    "postgresql+psycopg://tagger:s3cr@w0rd@localhost/tagger",
    "postgresql+psycopg://tagger:s3cr@w0rd:et9@localhost/tagger",
    "postgresql+psycopg://tagger:s3cr@w0rd/et9@localhost/tagger",
    "postgresql+psycopg://tagger:s3cr@w0rd?et9@localhost/tagger",
    "postgresql+psycopg://tagger:s3cr@w0rd#et9@localhost/tagger",
    "postgresql+psycopg://tagger:s3crw0rdet9/tagger",
    "postgresql+psycopg://tagger:s3cr:w0rd/et9",
    "postgresql+psycopg://tagger:s3crw0rdet9@localhost:54 32/tagger",
    "postgresql+psycopg://tagger:s3crw0rdet9@localhost:99999/tagger",
    "postgresql+psycopg://tagger:s3crw0rdet9@[::1/tagger",
    "postgresql+psycopg://tagger:s3crw0rdet9@localhost:1/tagger?sslmode=wrong",
    "postgresql+psycopg://tagger:s3crw0rdet9@localhost:1/tagger?wrong=1",
    "postgresql+psycopg://localhost:1/tagger?user=tagger&password=s3crw0rdet9",
    "mysql://tagger:s3crw0rdet9@localhost/tagger",
    "tagger:s3crw0rdet9@localhost/tagger",
]


@pytest.fixture
def lax() -> Iterator[None]:
    """A process whose files everybody may read and write, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@of_files
def test_a_new_database_is_its_owners_alone(lax: None, tmp_path: Path) -> None:
    folder = tmp_path / "var" / "desk"
    store = open_store(f"sqlite:///{folder}/tagger.db")
    put_article(store, Article("a", "Embargoed"), "cms")
    store.counters.hit("desk", 60)
    files = {path.name: mode(path) for path in folder.iterdir() if path.is_file()}
    assert {"tagger.db", "tagger.db-wal", "tagger.db-shm", "tagger.db.commits"} <= set(files)
    assert set(files.values()) == {0o600}
    assert {mode(path) for path in (folder, folder.parent, folder / "tagger.db-counters")} == {0o700}
    store.close()


def test_the_folder_of_models_that_we_make_is_its_owners_alone(lax: None, tmp_path: Path) -> None:
    with Registry(tmp_path / "var" / "models").locked():
        pass
    assert mode(tmp_path / "var") == mode(tmp_path / "var" / "models") == 0o700


@of_files
def test_a_database_of_before_is_closed_to_others_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "tagger.db"
    first = open_store(f"sqlite:///{path}")
    put_article(first, Article("a", "Embargoed"), "cms")
    files = [path, *(Path(f"{path}{ending}") for ending in ("-wal", "-shm", ".commits"))]
    for file in files:
        file.chmod(0o644)
    second = open_store(f"sqlite:///{path}")
    assert {mode(file) for file in files} == {0o640}  # the group may have been meant
    assert second.article("a").article.title == "Embargoed"
    second.close()
    first.close()


@pytest.mark.slow
@of_files
def test_backups_and_what_is_restored_of_them_are_their_owners_alone(
    lax: None, registry: Registry, tmp_path: Path
) -> None:
    open_store(f"sqlite:///{tmp_path}/tagger.db").close()
    models, backup = str(registry.folder), tmp_path / "backups" / "desk.tar"
    where = ["--models", models, "--database", f"sqlite:///{tmp_path}/tagger.db"]
    assert main(["backup", "--output", str(backup), *where]) == 0
    assert (mode(backup), mode(backup.parent)) == (0o600, 0o700)
    again = ["--models", str(tmp_path / "other"), "--database", f"sqlite:///{tmp_path}/again/tagger.db"]
    assert main(["restore", str(backup), *again]) == 0
    assert mode(tmp_path / "again" / "tagger.db") == 0o600


@of_files
def test_status_says_who_can_read_the_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tagger.db"
    open_store(f"sqlite:///{path}").close()
    path.chmod(0o644)
    assert main(["status", "--models", str(tmp_path), "--database", f"sqlite:///{path}"]) == 1
    assert f"chmod o= {path}" in capsys.readouterr().out


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", [["status", "--models", "none"], ["keys", "list"], ["serve", "--port", "0"]])
def test_no_command_tells_a_part_of_a_password(
    capsys: pytest.CaptureFixture[str], command: list[str], url: str
) -> None:
    assert main([*command, "--database", url]) == 1
    said = capsys.readouterr()
    assert not [part for part in PARTS if part in said.out + said.err]
    assert "database" in said.err + said.out


@pytest.mark.parametrize("url", URLS[:6])
def test_a_database_url_that_cannot_be_read_says_how_to_write_a_password(url: str) -> None:
    for use in (open_store, absolute_url):
        with pytest.raises(BadStore, match="write @ as %40"):
            use(url)


def test_a_password_with_signs_is_read_where_they_are_written_so() -> None:
    url = "postgresql+psycopg://tagger:s3cr%40w0rd%3Aet9%2F@localhost:1/tagger"
    with pytest.raises(BadStore) as refused:
        open_store(url)
    assert "write @" not in str(refused.value)


@pytest.mark.slow
def test_the_log_of_a_service_that_cannot_start_has_no_part_of_a_password(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import service; service.create_app()"],
        cwd=ROOT,
        env={**os.environ, "TAGGER_DATABASE_URL": URLS[1], "TAGGER_MODELS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "write @ as %40" in done.stderr
    assert not [part for part in PARTS if part in done.stdout + done.stderr]
