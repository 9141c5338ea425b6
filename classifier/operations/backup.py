"""Backups: one file with the database and the models in use.

manifest.json        format, program, time, and size and SHA-256 of every other file; always the first
tagger.db            the database as an SQLite file, whichever engine it came from
models/…             the champion, its predecessor, pinned versions and the one in shadow, their snapshots and those of
                     anchors, the history, the pointer
"""

import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

import classifier
from classifier.domain import deleted
from classifier.domain.files import PRIVATE, make_private_folder, sync_folder, whole_file
from classifier.domain.progress import Progress, Told, Track, bytes_done
from classifier.errors import BadBackup, BadStore, TaggerError
from classifier.serving import shadow
from classifier.serving.registry import LEFT_SECONDS, Registry
from classifier.store.database.copying import check_copy, copy_store, end_sessions, is_empty, save_copy
from classifier.store.database.engine import file_of, parsed_url
from classifier.store.database.opening import open_store
from classifier.store.database.sqlite import files_of, stand_alone
from classifier.text import detector
from classifier.texts import N_, _, gettext

FORMAT = 1
_SCRATCH = ".backup-"
KEPT = "backups"  # folder beside the models, of the backups that admins make in the browser; a restore leaves it alone
_STAY = (KEPT, detector.FOLDER)  # what is beside the models and belongs to none
MANIFEST, DATABASE, MODELS, POINTER = "manifest.json", "tagger.db", "models", "champion.json"
_NAME = re.compile(r"tagger\.db|models/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/){0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*")
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
_DAMAGE = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)


class _File(TypedDict):
    size: int
    sha256: str


class _Manifest(TypedDict):
    format: int
    program: str
    made_at: str
    n_rows: dict[str, int]
    champion: str | None
    versions: list[str]
    files: dict[str, _File]


@dataclass(frozen=True)
class Contents:
    """When a backup was made, the rows of each table, the champion, all its versions, and its size in bytes."""

    made_at: str
    n_rows: dict[str, int]
    champion: str | None
    versions: list[str]
    n_bytes: int


def back_up(database_url: str, registry: Registry, output: Path, progress: Progress) -> Contents:
    """Write a backup of everything that was committed before, and read it back to check it. The service goes on meanwhile.

    Raise `BadStore` if the database is damaged. The previous backup stays as it is. Raise `BadBackup` if there is no room.
    """
    for left in output.parent.glob(f"{_SCRATCH}*"):  # of a backup that was killed: each holds a whole database
        if time.time() - left.stat().st_mtime > LEFT_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with _scratch(output.parent) as folder:
        progress.step("copying the database")
        n_rows = save_copy(database_url, folder / DATABASE, progress)
        progress.step("copying the models")
        versions = _copy_models(registry, folder / MODELS, progress)
        champion = Registry(folder / MODELS).champion()
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        manifest: _Manifest = {
            "format": FORMAT,
            "program": classifier.__version__,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "n_rows": n_rows,
            "champion": champion.version if champion else None,
            "versions": versions,
            "files": {str(path.relative_to(folder)): _facts(path) for path in files},
        }
        with _scratch(output.parent) as scratch:
            written = scratch / output.name  # its ending says whether it is packed
            progress.step("writing")
            _write(written, manifest, folder, files, progress)
            progress.step("checking")
            contents = _unpacked(written, scratch, progress)
            written.replace(output)
        sync_folder(output.parent)
    return contents


def _write(path: Path, manifest: _Manifest, folder: Path, files: list[Path], track: Track) -> None:
    tell = _tell(manifest, track)
    with whole_file(path, PRIVATE) as file, tarfile.open(fileobj=file, mode="w|") as tar:
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(content := json.dumps(manifest, indent=1).encode())
        tar.addfile(info, io.BytesIO(content))
        for member in files:
            with member.open("rb") as source:
                name = str(member.relative_to(folder))
                tar.addfile(tar.gettarinfo(arcname=name, fileobj=source), Told(source, tell))


def _tell(manifest: _Manifest, track: Track) -> Callable[[int], None]:
    return bytes_done(track, sum(file["size"] for file in manifest["files"].values()))


def _copy_models(registry: Registry, target: Path, track: Track) -> list[str]:
    """Copy the models in use and return their versions. A promotion meanwhile does no harm."""
    target.mkdir()
    champion = registry.champion()
    in_use = registry.needed()
    versions = [version for version in registry.versions() if version in in_use]
    if champion is not None:
        registry.champion_folder()  # checks it: a backup of a broken model is useless
        (target / POINTER).write_text(json.dumps(vars(champion), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for version in track(versions, len(versions), "versions"):
        (target / version).mkdir()
        with registry.locked():
            for file in (registry.folder / version).iterdir():
                shutil.copyfile(file, target / version / file.name)
    # The history is written before the pointer, so it knows the champion that was read above.
    snapshots = (f"snapshots/{version}.jsonl.gz" for version in {*versions, *registry.anchors()})
    for name in ("history.jsonl", "pinned.json", shadow.FILE, deleted.FILE, *snapshots):
        if (registry.folder / name).is_file():
            (target / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(registry.folder / name, target / name)
    return versions


def restore(
    backup: Path, database_url: str, registry: Registry, force: bool, progress: Progress
) -> tuple[Contents, list[Path]]:
    """Check a backup and restore it. Return its contents and what was moved aside.

    With `force` an existing SQLite file and existing models are moved aside. A PostgreSQL database must be empty. Raise
    `BadBackup` if the backup is damaged, or a database or models exist already. Raise `Busy` if a process has the database
    open.
    """
    with _scratch(registry.folder) as folder:
        progress.step("checking")
        contents = _unpacked(backup, folder, progress)
        progress.step("restoring the database")
        path = file_of(parsed_url(database_url))  # None on PostgreSQL
        if not force:
            existing = list(map(str, files_of(path))) if path is not None else []
            if (registry.folder / POINTER).exists() or registry.versions():
                existing.append(_("models in %(folder)s", folder=registry.folder))
            if existing:
                raise BadBackup(
                    _("There is something already: %(names)s. --force moves it aside.", names=", ".join(existing))
                )
        mark = f"before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        with _ready(folder / DATABASE, path, database_url, progress) as ready:
            # All that can fail on a full disk is done. From here on files are only renamed.
            aside = _database_aside(path, mark) if path is not None else []
            aside += _models_aside(registry, mark)
            if path is not None:
                ready.rename(path)
                sync_folder(path.parent)
        progress.step("restoring the models")
        _put_models(folder / MODELS, registry.folder)
    return contents, aside


def _unpacked(backup: Path, folder: Path, track: Track) -> Contents:
    """Unpack a backup and check all of it; raise `BadBackup` if anything is missing, added or changed."""
    try:
        with tarfile.open(backup, "r:*") as tar:
            manifest = _read_manifest(tar)
            files, tell = manifest["files"], _tell(manifest, track)
            for member in tar:
                if member.name != MANIFEST:
                    _unpack(tar, member, files, folder, tell)
        missing = [name for name in files if not (folder / name).is_file()]
        if missing or DATABASE not in files:
            raise BadBackup(_("lacks %(names)s", names=missing[:1] or DATABASE))
        (folder / MODELS).mkdir(exist_ok=True)
        n_rows = check_copy(folder / DATABASE)
        if manifest["champion"] is not None:
            Registry(folder / MODELS).load_champion()
        return Contents(manifest["made_at"], n_rows, manifest["champion"], manifest["versions"], backup.stat().st_size)
    except (*_DAMAGE, TaggerError) as error:
        if getattr(error, "errno", None) in _NO_ROOM:
            raise
        reason = getattr(error, "strerror", None) or error
        text = N_("The backup %(path)s cannot be used: %(reason)s. Nothing was changed; try an older one.")
        raise BadBackup(gettext(text, path=backup, reason=reason)) from None


def _read_manifest(tar: tarfile.TarFile) -> _Manifest:
    first = tar.next()
    file = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
    if file is None:
        raise BadBackup(_("it does not begin with a manifest"))
    manifest: _Manifest = json.loads(file.read())
    if manifest["format"] != FORMAT:
        raise BadBackup(
            _("it has format %(version)s, this program reads %(needed)s", version=manifest["format"], needed=FORMAT)
        )
    return manifest


def _unpack(
    tar: tarfile.TarFile, member: tarfile.TarInfo, files: dict[str, _File], folder: Path, tell: Callable[[int], None]
) -> None:
    """Write a file of a backup. Its name, kind, size and content must be those of the manifest."""
    source = tar.extractfile(member) if member.isreg() and _NAME.fullmatch(member.name) else None
    if source is None or member.name not in files or (folder / member.name).exists():
        raise BadBackup(_("it has %(name)s, which does not belong there", name=repr(member.name[:80])))
    path = folder / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        shutil.copyfileobj(Told(source, tell), target)
        target.flush()
        os.fsync(target.fileno())
    if _facts(path) != files[member.name]:
        raise BadBackup(_("%(name)s is not what was saved", name=member.name))


def _database_aside(path: Path, mark: str) -> list[Path]:
    """Move all files of a database aside. Unless it is damaged, no other process may have it open."""
    if path.is_file() and path.stat().st_size:
        with suppress(BadStore, OSError):
            stand_alone(path)
    names = [(file, file.with_name(file.name.replace(path.name, f"{path.name}.{mark}", 1))) for file in files_of(path)]
    return [file.rename(aside) for file, aside in names][:1]


def _models_aside(registry: Registry, mark: str) -> list[Path]:
    entries = [
        entry for entry in registry.folder.iterdir() if not entry.name.startswith((".", "before-restore-", *_STAY))
    ]
    if not entries:
        return []
    aside = registry.folder / mark
    aside.mkdir()
    for entry in entries:
        entry.rename(aside / entry.name)
    return [aside]


def _put_models(source: Path, target: Path) -> None:
    """Move models into their folder, the pointer to the champion last."""
    pointer = source / POINTER
    for entry in [entry for entry in source.iterdir() if entry != pointer]:
        entry.rename(target / entry.name)
    sync_folder(target)
    if pointer.is_file():
        pointer.rename(target / POINTER)
        sync_folder(target)


@contextmanager
def _ready(source: Path, path: Path | None, database_url: str, progress: Progress) -> Iterator[Path]:
    """Fill a PostgreSQL database, or put an SQLite file beside `path`. Yield the file of the database."""
    copy = open_store(f"sqlite:///{source}")
    end_sessions(copy)
    if path is None:
        with closing(open_store(database_url)) as target:
            if not is_empty(target):
                raise BadBackup(
                    _("The PostgreSQL database has rows already. Make an empty one (createdb) and name it.")
                )
            copy_store(copy, target, progress)
    copy.close()
    if path is None:
        yield source
        return
    stand_alone(source)
    ready = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        make_private_folder(path.parent)
        with whole_file(ready, PRIVATE) as file, source.open("rb") as database:
            shutil.copyfileobj(database, file)
        yield ready
    finally:
        ready.unlink(missing_ok=True)


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    try:
        make_private_folder(parent)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise BadBackup(
            _("Cannot write in %(folder)s: %(error)s.", folder=parent, error=error.strerror or error)
        ) from None


def _facts(path: Path) -> _File:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
