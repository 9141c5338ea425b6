"""What people do with model versions, from the browser and over HTTP: each change is an event with who made it and why."""

from dataclasses import asdict

from classifier.errors import BadModel
from classifier.serving.fixed import Fixed, fix, read_fixed, release
from classifier.serving.registry import Registry
from classifier.serving.shadow import Shadow, begin_shadow, end_shadow, read_shadow
from classifier.store.events import MODEL, Noted
from classifier.store.store import Store


class ModelChanges:
    """Changes what serves, what is kept and what is in shadow."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def promote(self, version: str, by: str, why: str, instead_of: str | None = None) -> None:
        """Let a version serve. Raise `Busy` if another than `instead_of` serves meanwhile."""
        self.registry.promote(version, by, why, ... if instead_of is None else instead_of)
        self._follow()

    def roll_back(self, by: str, why: str, instead_of: str | None = None) -> None:
        """Let the version before serve again. Raise `Busy` if another than `instead_of` serves meanwhile."""
        self.registry.roll_back(by, why, ... if instead_of is None else instead_of)
        self._follow()

    def pin(self, version: str, keep: bool, by: str) -> None:
        """Keep a version from being removed, or no longer."""
        self.registry.pin(version, keep)
        self._note(by, version, "pinned" if keep else "unpinned")

    def begin_shadow(self, version: str, by: str) -> Shadow:
        """Put a version in shadow."""
        shadow = begin_shadow(self.registry, version, by)
        self._note(by, version, "shadow_begun")
        return shadow

    def end_shadow(self, by: str) -> None:
        """Take whatever is in shadow out of it."""
        shadow = self.shadow()
        with self.registry.locked():
            end_shadow(self.registry.folder)
        self._note(by, shadow.version if shadow else None, "shadow_ended")

    def fix(self, by: str, why: str) -> Fixed:
        """Keep what serves from being replaced by trainings."""
        fixed = fix(self.registry.folder, by, why)
        self._note(by, None, "fixed", why)
        return fixed

    def release(self, by: str) -> None:
        """Let trainings replace what serves again."""
        release(self.registry.folder)
        self._note(by, None, "released")

    def shadow(self) -> Shadow | None:
        """Return the version in shadow, None if there is none or its file cannot be read."""
        try:
            return read_shadow(self.registry.folder)
        except BadModel:
            return None

    def fixed(self) -> Fixed | None:
        """Return who fixed what serves, None if nobody did or the file cannot be read."""
        try:
            return read_fixed(self.registry.folder)
        except BadModel:
            return None

    def _follow(self) -> None:
        self.store.events.follow_champions([asdict(each) for each in self.registry.history()])

    def _note(self, by: str, version: str | None, action: str, why: str = "") -> None:
        self.store.events.add(MODEL, Noted(by, subject=version, facts={"action": action, "why": why}))
