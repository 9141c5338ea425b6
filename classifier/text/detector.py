"""The language identifier py3langid (Lui and Baldwin 2012, langid.py), with tables that processes share.

Its tables are 68 MB, and a second of CPU goes into unpacking them. Where a folder is known (`keep_in`), they are unpacked into it
once, and processes map them: in milliseconds, and into memory that counts once.

FOLDER/language-detector/<version of py3langid>/   an array in each file, and their SHA-256 in manifest.json
"""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifier.domain.files import file_digest, locked
from classifier.text.once import once

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

FOLDER = "language-detector"
_MANIFEST = "manifest.json"
_ARRAYS, _LISTS, _BUFFERS = ("nb_ptc", "nb_pc"), ("nb_classes",), ("tk_nextmove", "tk_output", "tk_row")
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError)


class Detector:
    """Tells languages apart. Its tables are read when the first text needs them."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._lock = threading.Lock()

    def keep_in(self, folder: Path) -> None:
        """Keep the tables in a folder, that of the models, from when they are needed."""
        self._folder = folder

    def code_of(self, text: str) -> str:
        """Return the code of the language that a text is most like, one of those of py3langid."""
        with self._lock:  # two threads would read the tables twice
            identifier = self._identifier
        return str(identifier.classify(text)[0])

    @once
    def _identifier(self) -> LanguageIdentifier:
        with suppress(*_UNREADABLE):  # nobody may write there, or the disk is full
            if self._folder is not None and self._folder.is_dir():
                return _kept(self._folder / FOLDER)
        return _unpacked()


def _unpacked() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)


def _kept(folder: Path) -> LanguageIdentifier:
    """Return the identifier from the tables in a folder. If they are not there, or damaged, unpack them first."""
    from py3langid import __version__

    tables = folder / __version__
    with suppress(*_UNREADABLE):
        return _mapped(tables)
    folder.mkdir(exist_ok=True)
    with locked(folder / ".lock"):
        with suppress(*_UNREADABLE):
            return _mapped(tables)  # another process has unpacked them meanwhile
        for left in [
            entry for entry in folder.iterdir() if entry.is_dir()
        ]:  # damaged, half written, of another version
            shutil.rmtree(left)
        _write(_unpacked(), tables)
        return _mapped(tables)


def _write(identifier: LanguageIdentifier, tables: Path) -> None:
    aside = tables.with_name("unfinished")
    aside.mkdir()
    names = [*_ARRAYS, *_LISTS, *_BUFFERS]
    for name in names:
        np.save(aside / f"{name}.npy", np.asarray(getattr(identifier, name)), allow_pickle=False)
    (aside / _MANIFEST).write_text(json.dumps({name: file_digest(aside / f"{name}.npy") for name in names}))
    aside.rename(tables)


def _mapped(tables: Path) -> LanguageIdentifier:
    from py3langid.langid import LanguageIdentifier

    digests = json.loads((tables / _MANIFEST).read_text())
    values = {}
    for name in (*_ARRAYS, *_LISTS, *_BUFFERS):
        file = tables / f"{name}.npy"
        if file_digest(file) != digests[name]:
            raise ValueError(f"{file} was changed after it was written")
        array = np.load(file, mmap_mode="r", allow_pickle=False)
        # Plain Python reads single numbers of lists and buffers several times as fast as those of arrays.
        values[name] = (
            array.tolist() if name in _LISTS else memoryview(array) if name in _BUFFERS else np.asarray(array)
        )
    return LanguageIdentifier(**values)


DETECTOR = Detector()
