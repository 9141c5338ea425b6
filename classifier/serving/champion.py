"""Which version serves: the pointer in a folder of models, and the history of its changes.

MODELS/champion.json     the pointer: version, digest, previous version, who, when and why, replaced atomically
MODELS/history.jsonl     one line for each change of the champion
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from classifier.domain.files import whole_file
from classifier.errors import BadModel, BadSetting
from classifier.texts import _

PROMOTE, ROLL_BACK, TRAIN = "promote", "roll-back", "train"
ANCHOR_AGE = timedelta(days=28)


@dataclass(frozen=True)
class Champion:
    """The version that serves, as the pointer and a line of the history say it."""

    version: str
    digest: str
    previous: str | None
    by: str
    at: str
    why: str
    action: str = PROMOTE


def pointer_of(folder: Path) -> Path:
    """Return the path of the champion pointer."""
    return folder / "champion.json"


def read_pointer(folder: Path) -> Champion | None:
    """Return the champion of a folder, None while nothing was promoted. Raise `BadModel` if the pointer cannot be read."""
    pointer = pointer_of(folder)
    try:
        return Champion(**json.loads(pointer.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadModel(
            _("%(file)s cannot be read (%(error)s). Write it anew: models promote VERSION.", file=pointer, error=error)
        ) from None


def read_history(folder: Path) -> tuple[list[Champion], list[int]]:
    """Return all champions, oldest first, and the numbers of the lines that cannot be read, as after a full disk."""
    champions: list[Champion] = []
    damaged: list[int] = []
    if not (file := _history_of(folder)).is_file():
        return champions, damaged
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            if line.strip():
                champions.append(Champion(**json.loads(line)))
        except (ValueError, TypeError):
            damaged.append(number)
    return champions, damaged


def point(folder: Path, champion: Champion) -> None:
    """Make a version the champion. Raise `BadSetting` if the history cannot be written."""
    file = _history_of(folder)
    is_torn = file.is_file() and not file.read_bytes().endswith(b"\n")
    line = json.dumps(asdict(champion), ensure_ascii=False)
    try:  # the history is written first: a change that it does not know must not serve
        with file.open("a", encoding="utf-8") as history:
            history.write("\n" * is_torn + line + "\n")
            history.flush()
            os.fsync(history.fileno())
    except OSError as error:
        raise BadSetting(_("Cannot write %(file)s: %(error)s.", file=file, error=error.strerror or error)) from None
    with whole_file(pointer_of(folder)) as pointer:
        pointer.write(json.dumps(asdict(champion), ensure_ascii=False, indent=1).encode() + b"\n")


def rolled_back(history: Iterable[Champion]) -> list[str]:
    """Return the versions that were rolled back and that nobody has promoted since."""
    versions: dict[str, None] = {}
    serving = ""
    for champion in history:
        if champion.action == ROLL_BACK:
            versions[serving] = None
        serving = champion.version
        versions.pop(serving, None)
    return list(versions)


def champion_at(history: Sequence[Champion], moment: str) -> Champion | None:
    """Return the champion at a time (ISO 8601, UTC where it has no zone), or None."""
    time = _time_of(moment)
    return next((champion for champion in reversed(history) if _time_of(champion.at) <= time), None)


def anchors(history: Sequence[Champion], now: datetime) -> list[str]:
    """Return the versions that may be the anchor, or become it, the best one first.

    That is the champion of ANCHOR_AGE ago, and those that came after it; in a younger history its first champion. The champion
    of now and versions that were rolled back are none. A training by hand begins anew, whatever was known before.
    """
    by_hand = [number for number, champion in enumerate(history) if champion.action == TRAIN]
    history = history[by_hand[-1] :] if by_hand else history
    since = (now - ANCHOR_AGE).isoformat(timespec="seconds")
    served = champion_at(history, since)
    later = history[history.index(served) :] if served is not None else history
    refused = {*rolled_back(history), *(champion.version for champion in history[-1:])}
    return list(dict.fromkeys(champion.version for champion in later if champion.version not in refused))


def _history_of(folder: Path) -> Path:
    return folder / "history.jsonl"


def _time_of(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise BadSetting(_("%(text)s is not a time; write it like 2024-06-06T12:00.", text=repr(text[:40]))) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time
