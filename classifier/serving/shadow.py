"""The version in shadow: it judges the articles that arrive, and nobody sees what it suggests.

MODELS/shadow.json   the version, who put it in shadow, and when; no file while none is
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.domain.files import whole_file
from classifier.errors import BadModel, BadSetting, Busy
from classifier.texts import _

if TYPE_CHECKING:
    from classifier.serving.registry import Registry

FILE = "shadow.json"
AGE = timedelta(days=28)  # after which it ends by itself


@dataclass(frozen=True)
class Shadow:
    """A version in shadow, who put it there, and when (ISO 8601, UTC)."""

    version: str
    by: str
    at: str

    @property
    def until(self) -> str:
        """When it ends by itself."""
        return (datetime.fromisoformat(self.at) + AGE).isoformat(timespec="microseconds")

    @property
    def is_over(self) -> bool:
        """Whether that time has come."""
        return datetime.now(UTC) >= datetime.fromisoformat(self.until)


def read_shadow(folder: Path) -> Shadow | None:
    """Return the version in shadow, None if there is none. Raise `BadModel` if the file cannot be read."""
    file = folder / FILE
    try:
        return Shadow(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise BadModel(
            _(
                "%(file)s cannot be read (%(error)s). Remove it: python -m classifier models shadow --end",
                file=file,
                error=error,
            )
        ) from None


def begin_shadow(registry: Registry, version: str, by: str) -> Shadow:
    """Put a version in shadow.

    Raises:
        BadSetting: if it serves, or if it is not known what it learned from.
        Busy: if another version is in shadow.
    """
    registry.load(version)
    if registry.snapshot(version) is None:
        raise BadSetting(
            _("It is not known which articles %(version)s learned from, so nothing could be compared.", version=version)
        )
    with registry.locked():
        if (champion := registry.champion()) is not None and champion.version == version:
            raise BadSetting(
                _(
                    "%(version)s is the champion. Choose another version: python -m classifier models list",
                    version=version,
                )
            )
        if (present := read_shadow(registry.folder)) is not None and present.version != version:
            raise Busy(
                _(
                    "%(version)s is in shadow already. End that first: python -m classifier models shadow --end",
                    version=present.version,
                )
            )
        shadow = present or Shadow(version, by, datetime.now(UTC).isoformat(timespec="microseconds"))
        with whole_file(registry.folder / FILE) as file:
            file.write(json.dumps(asdict(shadow), ensure_ascii=False).encode() + b"\n")
        return shadow


def end_shadow(folder: Path, version: str | None = None) -> None:
    """Take whatever is in shadow out of it, or only a named version."""
    try:
        shadow = read_shadow(folder)
    except BadModel:  # which one it was cannot be known any more
        shadow = None
    if version is None or (shadow is not None and shadow.version == version):
        (folder / FILE).unlink(missing_ok=True)
