"""The folder of the archive that is being brought: its files, what was read of them, and what its admin chose.

It lies beside the models, so that every worker of the service finds it, also after a restart:

state.json           who brings it, how its files are read, what was chosen of the draft, and which runs worked on it
files/               the files as they were uploaded
unpacked/            what the zip archives among them hold
articles.jsonl.gz    the articles, with the terms of the CMS as their tags
reading.json         counts of what was read, and what was set aside
sheet.json           the drafted taxonomy
report.json          the data report

What holds articles is removed when they are stored.
"""

import json
import re
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from classifier.domain.files import PRIVATE, locked, make_private_folder, whole_file
from classifier.errors import WrongState
from classifier.reports.draft.correcting import Choice
from classifier.reports.json_form import from_json, to_json
from classifier.store.rows import now
from classifier.texts import N_, gettext

NAME = "archive"  # in the folder of models
MAX_NAME = 100
MAX_CHOICES = 20_000
THROWN_AWAY = N_("The archive was thrown away meanwhile. Upload it again.")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Upload:
    """A file: its name in the folder, what its sender calls it, and its size in bytes."""

    name: str
    title: str
    n_bytes: int


@dataclass(frozen=True)
class HowRead:
    """How the files are read, where a person says so: see `ReadOptions`. Empty: as the files say."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    delimiter: str = ""
    encoding: str = "utf-8"
    date_format: str = ""
    tag_separator: str = ""
    body_format: str = "text"
    domains: list[str] = field(default_factory=lambda: ["category", "post_tag"])
    incomplete: bool = False


@dataclass(frozen=True)
class State:
    """What is known of the archive. `reading`, `reporting`, `storing` and `training` are the ids of the newest runs.

    `least` is on how many articles a name has to be to become a tag, `mute` whether tags without any are muted.
    """

    id: str
    by: str
    at: str
    files: list[Upload] = field(default_factory=list)
    how: HowRead = field(default_factory=HowRead)
    choices: list[Choice] = field(default_factory=list)
    least: int | None = None
    mute: bool = False
    reading: str | None = None
    reporting: str | None = None
    storing: str | None = None
    training: str | None = None
    stored_at: str | None = None


class ArchiveFolder:
    """The folder of the archive that is being brought. There is one, whoever brings it."""

    def __init__(self, models: Path) -> None:
        """Take the folder of models."""
        self.path = models / NAME
        self._lock = models / f"{NAME}.lock"

    @property
    def articles(self) -> Path:
        """The articles that were read, as records."""
        return self.path / "articles.jsonl.gz"

    @property
    def files(self) -> Path:
        """The files as they were uploaded."""
        return self.path / "files"

    @property
    def unpacked(self) -> Path:
        """What the zip archives hold."""
        return self.path / "unpacked"

    def state(self) -> State | None:
        """Return what is known of the archive, None if there is none."""
        return self.read("state", State)

    def change(self, archive_id: str, make: Callable[[State], State]) -> State:
        """Change what is known of an archive, one process at a time. Raise `WrongState` if it was thrown away."""
        with locked(self._lock):
            state = self._present(archive_id)
            self._write("state", changed := make(state))
            return changed

    def add(self, arrived: Path, title: str, by: str) -> State:
        """Take a file that has arrived into the archive, a new one if there is none."""
        make_private_folder(self.path.parent)
        with locked(self._lock):
            state = self.state() or State(secrets.token_hex(8), by, now())
            make_private_folder(self.files)
            name = self._free_name(title)
            arrived.chmod(PRIVATE)
            n_bytes = arrived.stat().st_size
            arrived.replace(self.files / name)
            changed = State(**vars(state) | {"files": [*state.files, Upload(name, title[-200:], n_bytes)]})
            self._write("state", changed)
            return changed

    def throw_away(self, archive_id: str) -> None:
        """Remove the archive. What was stored of it stays. Raise `WrongState` if it is another one by now."""
        with locked(self._lock):
            self._present(archive_id)
            shutil.rmtree(self.path)

    def forget_articles(self) -> None:
        """Remove all that holds articles, once they are stored."""
        for folder in (self.files, self.unpacked):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (self.articles, self._file("report")):
            path.unlink(missing_ok=True)

    def write(self, archive_id: str, name: str, value: Any) -> None:
        """Keep a result under a name. Raise `WrongState` if the archive was thrown away."""
        with locked(self._lock):
            self._present(archive_id)
            self._write(name, value)

    def has(self, name: str) -> bool:
        """Return whether there is a result of a name."""
        return self._file(name).exists()

    def read(self, name: str, kind: type[_Value]) -> _Value | None:
        """Return a result, None if there is none."""
        content = self.content(name)
        return from_json(kind, content) if content is not None else None

    def content(self, name: str) -> Any:
        """Return a result as plain JSON, None if there is none."""
        with suppress(FileNotFoundError):
            return json.loads(self._file(name).read_bytes())
        return None

    def plain(self, message: str) -> str:
        """Return a message without the paths of the service: files are named as their sender calls them."""
        for folder in (self.files, self.unpacked, self.path):
            message = message.replace(f"{folder}/", "").replace(str(folder), "the files")
        return message

    def _present(self, archive_id: str) -> State:
        state = self.state()
        if state is None or state.id != archive_id:
            raise WrongState(gettext(THROWN_AWAY))
        return state

    def _write(self, name: str, value: Any) -> None:
        with whole_file(self._file(name), PRIVATE) as file:
            file.write(json.dumps(to_json(value), ensure_ascii=False).encode())

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.json"

    def _free_name(self, title: str) -> str:
        """Return a name for a file that no other has, with the ending that tells its format."""
        plain = _NOT_IN_NAMES.sub("-", title.replace("\\", "/").rpartition("/")[2]).strip(".-")[-MAX_NAME:] or "file"
        n, name = 1, plain
        while (self.files / name).exists():
            n += 1
            name = f"{n}-{plain}"
        return name
