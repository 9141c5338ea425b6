"""The taxonomy of now, published beside the models, so that suggesting needs no database.

MODELS/taxonomy.json     the number of its row in the log, the log's id, the version and the taxonomy itself, replaced atomically

The log in the store is the truth. Whoever finds the file behind it writes it anew. A file without a number was written by a
command that had no store; whoever has one next takes its taxonomy over into the log. So it is with a file that is ahead of its
own log, because the database was put back.
"""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from classifier.domain.files import whole_file
from classifier.domain.taxonomy import Taxonomy, taxonomy_from_json
from classifier.domain.taxonomy_log import Head
from classifier.errors import BadModel
from classifier.texts import N_, gettext

_BEGINNING = re.compile(rb'\{"n": (null|\d+), (?:"log": "(\w+)", )?"version": "([^"]+)", "taxonomy": ')
_LONGEST = 300  # bytes of the beginning


def head_file(folder: Path) -> Path:
    """Return the path of the published taxonomy."""
    return folder / "taxonomy.json"


def read_head(folder: Path) -> Head | None:
    """Return the published taxonomy, None if there is none. Raise `BadModel` if it cannot be read."""
    file = head_file(folder)
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        n = content["n"]
        return Head(n if n is None else int(n), taxonomy_from_json(content["taxonomy"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        text = N_(
            "%(file)s cannot be read (%(error)s). The service writes it anew from the log, and so does: tags log."
        )
        raise BadModel(gettext(text, file=file, error=error)) from None


class Published(NamedTuple):
    """Which row of which log is published: its number, None if it is of no log, the log's id if it is known, and the version."""

    n: int | None
    log: str | None
    version: str


def write_head(folder: Path, head: Head, log: str | None = None) -> None:
    """Publish the taxonomy of a row of a log. Raise `BadSetting` if it cannot be written."""
    n, taxonomy = json.dumps(head.n), head.taxonomy
    of_log = f'"log": "{log}", ' if log else ""
    with whole_file(head_file(folder)) as file:
        file.write(f'{{"n": {n}, {of_log}"version": "{taxonomy.version}", "taxonomy": {taxonomy.as_text}}}\n'.encode())


def published(folder: Path) -> Published | None:
    """Return what is published, by the beginning of the file, None if there is none or it cannot be read."""
    with suppress(OSError), head_file(folder).open("rb") as file:
        if found := _BEGINNING.match(file.read(_LONGEST)):
            n, log, version = (part.decode() if part else None for part in found.groups())
            return Published(None if n == "null" else int(str(n)), log, str(version))
    return None


def begin_anew(folder: Path, taxonomy: Taxonomy) -> None:
    """Publish the taxonomy of a model that was trained by hand, where one is published: the log takes it over later."""
    if head_file(folder).exists():
        write_head(folder, Head(None, taxonomy))
