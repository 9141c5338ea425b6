"""Backups that admins make in the browser: each by a process of its own, kept in a private folder beside the models.

MODELS/backups/backup-DAY-TIME-….tar.gz           what `operations/backup.py` writes
MODELS/backups/backup-DAY-TIME-….tar.gz.sha256    its digest, as `sha256sum -c` reads it

Every backup is recorded among the runs of the store, also one that a command writes elsewhere, so that whoever looks knows how
old the last one is.
"""

import hashlib
import re
import secrets
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from classifier.domain.files import PRIVATE, whole_file
from classifier.domain.progress import Progress
from classifier.domain.sentences import INTERRUPTED
from classifier.errors import BadBackup, BadStore, Busy, NotFound, TaggerError
from classifier.operations.backup import KEPT, Contents, back_up
from classifier.serving.registry import Registry
from classifier.serving.trainer import carry_out
from classifier.store.database.opening import open_store
from classifier.store.runs import BACKUP, DONE, FAILED, Run
from classifier.store.store import Store
from classifier.texts import _

_NAME = re.compile(r"backup-[0-9]{8}-[0-9]{6}-[0-9a-f]{4}\.tar\.gz")
_DIGEST = ".sha256"


@dataclass(frozen=True)
class KeptBackup:
    """A backup in the folder. `sha256` is empty if nobody has written it down."""

    name: str
    made_at: str
    n_bytes: int
    sha256: str


class Backups:
    """The backups beside the models of a registry."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry, self.folder = store, registry, registry.folder / KEPT

    def begin(self, by: str) -> Run:
        """Begin a backup in a process of its own. Raise `Busy` if one is being made."""
        run = self.store.runs.ask(BACKUP, by)
        threading.Thread(target=self.work, args=(run,), name=BACKUP, daemon=True).start()
        return run

    def work(self, run: Run) -> None:
        """Make the backup of a run that was asked for, and wait for its end."""
        name = f"backup-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.tar.gz"
        carry_out(self.store, self.registry, run, BACKUP, "--output", str(self.folder.absolute() / name))

    def list(self) -> list[KeptBackup]:
        """Return the backups of the folder, the newest first."""
        if not self.folder.is_dir():
            return []
        names = sorted((path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
        return [self._kept(self.folder / name) for name in names]

    def path(self, name: str) -> Path:
        """Return the file of a backup, or raise `NotFound`."""
        path = self.folder / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise NotFound(_("There is no backup %(name)s.", name=repr(name[:60])))
        return path

    def delete(self, name: str) -> None:
        """Delete a backup, or raise `NotFound`."""
        path = self.path(name)
        path.unlink(missing_ok=True)
        _digest_of(path).unlink(missing_ok=True)

    def _kept(self, path: Path) -> KeptBackup:
        made_at = datetime.strptime(path.name[7:22], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        digest = ""
        with suppress(OSError):
            digest = _digest_of(path).read_text("ascii")[:64]
        return KeptBackup(path.name, made_at.isoformat(), path.stat().st_size, digest)


def recorded_backup(
    database_url: str, registry: Registry, output: Path, progress: Progress, asked: str | None
) -> Contents:
    """Write a backup, record it among the runs, and return what is in it. `asked` is the id of the run that was asked for.

    Raises:
        BadStore: if the database is damaged.
        BadBackup: if there is no room.
        Busy: if another process makes the backup that was asked for.
    """
    if asked is None:
        contents = back_up(database_url, registry, output, progress)
        # Whatever keeps it from being recorded, the backup is made.
        with (
            suppress(BadStore, Busy),
            closing(open_store(database_url, migrate=False)) as store,
            store.runs.alone(BACKUP),
        ):
            _end(store, store.runs.begin(BACKUP), output, contents)
        return contents
    with closing(open_store(database_url, migrate=False)) as store, store.runs.alone(BACKUP):
        run = store.runs.begin(BACKUP, asked)
        try:
            contents = back_up(database_url, registry, output, progress)
            _write_digest(output)
        except BaseException as error:
            store.runs.end(run, FAILED, str(error) if isinstance(error, TaggerError) else INTERRUPTED)
            raise
        _end(store, run, output, contents)
        return contents


def _end(store: Store, run: Run, output: Path, contents: Contents) -> None:
    store.runs.end(run, DONE, output.name, result={"n_bytes": contents.n_bytes})
    store.runs.sweep(BACKUP)


def _write_digest(path: Path) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with whole_file(_digest_of(path), PRIVATE) as target:
            target.write(f"{digest}  {path.name}\n".encode())
    except OSError as error:
        raise BadBackup(
            _("Cannot write in %(folder)s: %(error)s.", folder=path.parent, error=error.strerror or error)
        ) from None


def _digest_of(path: Path) -> Path:
    return path.with_name(path.name + _DIGEST)
