"""Files that are written completely or not at all."""

import fcntl
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from classifier.errors import BadSetting
from classifier.texts import _

PRIVATE = 0o600  # mode of files with unpublished articles, or hashes of keys


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a file that replaces `path` when the block is left without an error.

    A file whose name ends in .gz is packed. The file and its name are then durable. The umask of the process applies to
    `mode`. Raise `BadSetting`, naming the path, if it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as raw:
            if path.suffix == ".gz":
                # Without the time and the name of the file, the same content is the same bytes.
                with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise BadSetting(_("Cannot write %(path)s: %(error)s.", path=path, error=error.strerror or error)) from None
    finally:
        with suppress(OSError):  # after the rename there is nothing to remove
            aside.unlink()


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[None]:
    """Hold a file against all other processes. Without `wait`, raise `BlockingIOError` where another one holds it."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_private_folder(folder: Path) -> None:
    """Make a folder and its missing parents, readable by their owner only."""
    for missing in reversed([parent for parent in (folder, *folder.parents) if not parent.is_dir()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
