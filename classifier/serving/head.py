"""The taxonomy of now, published beside the models, so that suggesting needs no database.

MODELS/taxonomy.json     the number of its row in the log and the taxonomy itself, replaced atomically

The log in the store is the truth. Whoever finds the file behind it writes it anew. A file without a number was written by a
command that had no store; whoever has one next takes its taxonomy over into the log.
"""

import json
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
    with whole_file(head_file(folder)) as file:
        file.write(json.dumps({"n": head.n, "taxonomy": head.taxonomy.to_json()}, ensure_ascii=False).encode() + b"\n")


def is_same(published: Head | None, head: Head | None) -> bool:
    """Return whether the same taxonomy of the same row is published."""
    if published is None or head is None:
        return published is head
    return published.n == head.n and published.taxonomy.version == head.taxonomy.version


def begin_anew(folder: Path, taxonomy: Taxonomy) -> None:
    """Publish the taxonomy of a model that was trained by hand, where one is published: the log takes it over later."""
    if head_file(folder).exists():
        write_head(folder, Head(None, taxonomy))
