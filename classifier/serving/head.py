"""The taxonomy of now, published beside the models, so that suggesting needs no database.

MODELS/taxonomy.json     the number of its row in the log, its version and the taxonomy itself, replaced atomically

The log in the store is the truth. Whoever finds the file behind it writes it anew. A file without a number was written by a
command that had no store; whoever has one next takes its taxonomy over into the log.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from classifier.domain.files import whole_file
from classifier.domain.taxonomy import Taxonomy, taxonomy_from_json
from classifier.domain.taxonomy_log import Head
from classifier.errors import BadModel


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
        step = "The service writes it anew from the log, and so does: tags log"
        raise BadModel(f"{file} cannot be read ({error}). {step}.") from None


def write_head(folder: Path, head: Head) -> None:
    """Publish a taxonomy. Raise `BadSetting` if it cannot be written."""
    n, taxonomy = json.dumps(head.n), head.taxonomy
    with whole_file(head_file(folder)) as file:
        file.write(f'{{"n": {n}, "version": "{taxonomy.version}", "taxonomy": {taxonomy.as_text}}}\n'.encode())


def is_published(folder: Path, head: Head) -> bool:
    """Return whether the taxonomy of a row is the one that is published."""
    return _begins(folder, f'{{"n": {json.dumps(head.n)}, "version": "{head.taxonomy.version}", "taxonomy": ')


def is_of_no_log(folder: Path) -> bool:
    """Return whether a taxonomy is published that no log has."""
    return _begins(folder, '{"n": null, ')


def _begins(folder: Path, beginning: str) -> bool:
    with suppress(OSError), head_file(folder).open("rb") as file:
        return file.read(len(beginning)) == beginning.encode()
    return False


def begin_anew(folder: Path, taxonomy: Taxonomy) -> None:
    """Publish the taxonomy of a model that was trained by hand, where one is published: the log takes it over later."""
    if head_file(folder).exists():
        write_head(folder, Head(None, taxonomy))
