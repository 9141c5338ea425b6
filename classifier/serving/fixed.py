"""Whether the version that serves is fixed: trainings go on, and do not replace it. A person may replace it all the same.

MODELS/fixed.json   who fixed it, when and why; no file while trainings may promote what they train
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from classifier.domain.files import whole_file
from classifier.errors import BadModel
from classifier.texts import _

FILE = "fixed.json"


@dataclass(frozen=True)
class Fixed:
    """Who fixed the version that serves, when (ISO 8601, UTC) and why."""

    by: str
    at: str
    why: str


def read_fixed(folder: Path) -> Fixed | None:
    """Return who fixed the version that serves, None if nobody did. Raise `BadModel` if the file cannot be read."""
    file = folder / FILE
    try:
        return Fixed(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadModel(_("%(file)s cannot be read (%(error)s). Remove it.", file=file, error=error)) from None


def fix(folder: Path, by: str, why: str) -> Fixed:
    """Keep whatever serves from being replaced by trainings."""
    fixed = Fixed(by, datetime.now(UTC).isoformat(timespec="seconds"), why)
    with whole_file(folder / FILE) as file:
        file.write(json.dumps(asdict(fixed), ensure_ascii=False).encode() + b"\n")
    return fixed


def release(folder: Path) -> None:
    """Let trainings replace what serves again."""
    (folder / FILE).unlink(missing_ok=True)
