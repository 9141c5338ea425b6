"""The files of a model's precedents, which are written anew without articles that are deleted.

A version is sealed, and other processes may have it mapped, so none of its files is changed. The precedents without deleted
articles are written to new files. Then cleaned.json, written in one step, lists these files and their SHA-256. Then the old
files are removed. A process that has them mapped keeps what it sees.
"""

import json
import os
import secrets
from collections.abc import Container, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from classifier.domain.files import file_digest, whole_file
from classifier.model.precedents import Precedents
from classifier.texts import _

CLEANED = "cleaned.json"
IDS = "precedents.txt"
ARRAYS = tuple(field.name for field in fields(Precedents) if field.type in (np.ndarray, "np.ndarray"))
NAMES = (IDS, *(f"precedent_{name}.npy" for name in ARRAYS))
_PREFIX = "cleaned-"


def cleaned_files(folder: Path) -> dict[str, tuple[str, str]]:
    """Return for each file of precedents the one in its place and its SHA-256. Raises `ValueError` if damaged."""
    try:
        content = json.loads((folder / CLEANED).read_bytes())
        replacements = {name: (str(content[name][0]), str(content[name][1])) for name in NAMES}
    except FileNotFoundError:
        return {}
    except (ValueError, LookupError, TypeError):
        raise ValueError(_("%(file)s is damaged; restore it from a backup or roll back", file=CLEANED)) from None
    if any(not file.startswith(_PREFIX) or "/" in file for file, _ in replacements.values()):
        raise ValueError(_("%(file)s names files that are none of its own", file=CLEANED))
    return replacements


def read_precedents(folder: Path, names: Mapping[str, str]) -> Precedents:
    """Return the precedents of a version; `names` are those of the files that stand for each of NAMES."""
    arrays = {
        name: np.load(folder / names[f"precedent_{name}.npy"], allow_pickle=False, mmap_mode="r") for name in ARRAYS
    }
    text = (folder / names[IDS]).read_text(encoding="utf-8")
    return Precedents(text.split("\n") if text else [], **arrays)


def write_precedents(precedents: Precedents, folder: Path, prefix: str = "") -> None:
    """Write the files of precedents."""
    for name in ARRAYS:
        write_array(folder / f"{prefix}precedent_{name}.npy", getattr(precedents, name))
    write_text(folder / f"{prefix}{IDS}", "\n".join(precedents.ids))


def write_text(path: Path, text: str) -> None:
    """Write a text, durably."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def write_array(path: Path, values: np.ndarray) -> None:
    """Write an array, durably; a full disk is an error that says so."""
    with path.open("wb") as file:
        contiguous = np.ascontiguousarray(values)
        # `np.save` would write past the file's own buffer, and say nothing of a full disk but how many items are missing.
        np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(contiguous))
        file.write(contiguous.data)
        file.flush()
        os.fsync(file.fileno())


def clean_precedents(folder: Path, deleted: Container[str]) -> bool:
    """Write the precedents of a version anew if they have deleted articles, and return whether they had.

    Whatever a process left that was killed on the way is removed too. Call it for one folder at a time.
    """
    before = {name: file for name, (file, _) in cleaned_files(folder).items()} or {name: name for name in NAMES}
    ids = (folder / before[IDS]).read_text(encoding="utf-8").split("\n")
    had = any(article_id in deleted for article_id in ids)
    if had:
        prefix = f"{_PREFIX}{secrets.token_hex(4)}-"
        write_precedents(read_precedents(folder, before).without(deleted), folder, prefix)
        content = {name: [f"{prefix}{name}", file_digest(folder / f"{prefix}{name}")] for name in NAMES}
        with whole_file(folder / CLEANED) as file:
            file.write(json.dumps(content, indent=1).encode() + b"\n")
        before = {name: f"{prefix}{name}" for name in NAMES}
    for path in [*folder.glob(f"{_PREFIX}*"), *(folder / name for name in NAMES)]:
        if path.name not in before.values():
            path.unlink(missing_ok=True)
    return had
