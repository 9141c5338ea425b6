"""Files that are there whole or not at all."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from classifier.errors import BadSetting

PRIVATE = 0o600  # of files with unpublished articles, and hashes of keys


@contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `path` when all of it is written; until then what was there stays.

    A name that ends in .gz is packed. The file and its name are durable when the block is left. The umask of the process
    is taken from `mode`.

    Raises:
        BadSetting: naming the path, if it cannot be written.
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
        raise BadSetting(f"Cannot write {path}: {error.strerror or error}.") from None
    finally:
        with suppress(OSError):  # after a rename there is nothing to remove, nor where the folder is none
            aside.unlink()


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, which only their owner can look into."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.is_dir()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
