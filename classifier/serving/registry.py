"""Model versions in one folder: saved, promoted, rolled back and swept.

MODELS/champion.json, history.jsonl  which version serves (serving.champion)
MODELS/taxonomy.json                 the taxonomy through which it is seen (serving.head)
MODELS/<version>/                    a version (model.files)
MODELS/snapshots/<version>.jsonl.gz  what a version learned from (domain.snapshots); that of an anchor outlives its version
MODELS/pinned.json                   the versions that are never swept
MODELS/shadow.json                   the version in shadow (serving.shadow)
MODELS/fixed.json                    that trainings do not replace what serves (serving.fixed)
MODELS/language-detector/            the tables of the language detector, unpacked (text.detector)
MODELS/deleted.json                  digests of the ids of deleted articles, which no version names (domain.deleted)
"""

import fcntl
import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import EllipsisType
from typing import Any, NamedTuple

from typing_extensions import TypedDict

from classifier.domain.deleted import Deleted
from classifier.domain.files import locked, make_private_folder, whole_file
from classifier.domain.snapshots import Learned, Snapshot, read_learned, read_snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadModel, BadSetting, Busy, NoModel, NotFound
from classifier.model import files
from classifier.model.precedent_files import clean_precedents
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.serving.champion import (
    PROMOTE,
    ROLL_BACK,
    Champion,
    anchors,
    point,
    read_history,
    read_pointer,
    rolled_back,
)
from classifier.serving.head import read_head
from classifier.serving.shadow import end_shadow, read_shadow
from classifier.texts import N_, _, gettext

LEFT_SECONDS = 86_400.0
_VERSION = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{8}")
_SNAPSHOT = ".jsonl.gz"


class VersionRow(TypedDict):
    """A model version."""

    version: str
    champion: bool
    shadow: bool
    pinned: bool
    created_at: str | None
    n_articles: int | None
    n_tags: int | None
    micro_f1: float | None
    macro_f1: float | None


class Anchor(NamedTuple):
    """An older version, and what it learned from."""

    version: str
    snapshot: Snapshot


class Registry:
    """The model versions of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.deleted = Deleted(folder)

    def save(self, model: TagModel, snapshot: Snapshot | None = None) -> str:
        """Save a model, and what it learned from, as a new version, and return its name. The champion stays.

        Raises:
            BadSetting: if it cannot be written, as on a full disk.
        """
        model.precedents = replace(model.precedents.without(self.deleted), deleted=self.deleted)
        now = datetime.now(UTC)
        taken = {version[:15] for version in self.versions()}
        while f"{now:%Y%m%d-%H%M%S}" in taken:  # names sort by time, so no two versions have the same second
            now += timedelta(seconds=1)
        version = f"{now:%Y%m%d-%H%M%S}-{files.content_digest(model)[:8]}"
        model.card["version"] = version
        model.card["created_at"] = now.isoformat(timespec="seconds")
        if snapshot is not None:
            snapshot.without(self.deleted).write(self.snapshot_file(version))
        try:
            files.save_model(model, self.folder / version)
        except OSError as error:
            raise BadSetting(
                _("Cannot write %(folder)s: %(error)s.", folder=self.folder / version, error=error.strerror or error)
            ) from None
        return version

    def snapshot(self, version: str) -> Snapshot | None:
        """Return what a version learned from, or None if that is not known or cannot be read."""
        with suppress(BadModel):
            return read_snapshot(self.snapshot_file(version))
        return None

    def learned(self, version: str) -> Learned | None:
        """Return the articles known at the training of a version, or None if they are not known or cannot be read."""
        try:
            return read_learned(self.snapshot_file(version))
        except BadModel:
            return None

    def add_validated(self, version: str, snapshot: Snapshot) -> None:
        """Write what cross-validation said into the snapshot of a version that was saved without it."""
        with self.locked():
            snapshot.without(self.deleted).write(self.snapshot_file(version))

    def anchor(self, chosen: str | None = None) -> Anchor | None:
        """Return the older version that challengers are compared with beside the champion, or None if there is none.

        That is the champion of four weeks ago (`champion.anchors`) whose cross-validation is known, or a chosen version.

        Raises:
            BadSetting: if the cross-validation of the chosen version is not known.
        """
        for version in [chosen] if chosen else self.anchors():
            snapshot = self.snapshot(version)
            if snapshot is not None and snapshot.folds:
                return Anchor(version, snapshot)
        if chosen:
            raise BadSetting(
                _(
                    "TAGGER_ANCHOR names %(chosen)s, and no snapshot in %(folder)s knows what it suggested.",
                    chosen=repr(chosen[:60]),
                    folder=self.folder,
                )
            )
        return None

    def anchors(self) -> list[str]:
        """Return the versions that may be the anchor, or become it, the best one first; some may have been swept."""
        return anchors(self.history(), datetime.now(UTC))

    def snapshots(self) -> list[str]:
        """Return the versions that have a snapshot, oldest first, also those that are swept."""
        return sorted(
            file.name.removesuffix(_SNAPSHOT) for file in (self.folder / "snapshots").glob(f"[0-9]*{_SNAPSHOT}")
        )

    def snapshot_file(self, version: str) -> Path:
        """Return where what a version learned from is kept."""
        return self.folder / "snapshots" / f"{version}{_SNAPSHOT}"

    def champion(self) -> Champion | None:
        """Return the champion, None while nothing was promoted. Raise `BadModel` if the pointer cannot be read."""
        return read_pointer(self.folder)

    def taxonomy(self) -> Taxonomy | None:
        """Return the taxonomy of now: the published one, or that of the champion. None if there is none."""
        with suppress(BadModel):
            head = read_head(self.folder)
            return head.taxonomy if head else self.champions_taxonomy()
        return self.champions_taxonomy()

    def champions_taxonomy(self) -> Taxonomy | None:
        """Return the taxonomy that the champion was fitted with, even if it is damaged, or None if it cannot be read."""
        champion = self.last_champion()
        try:
            return files.read_model_taxonomy(self.folder / champion.version) if champion else None
        except BadModel:
            return None

    def last_champion(self) -> Champion | None:
        """Return the champion, from the history where the pointer cannot be read: promoting is what mends it."""
        try:
            return self.champion()
        except BadModel:
            return history[-1] if (history := self.history()) else None

    def load_champion(self) -> TagModel:
        """Return the champion as it serves: seen through the taxonomy of now."""
        return self.as_it_serves(self.load_fitted_champion())

    def load_fitted_champion(self) -> TagModel:
        """Return the champion as it was fitted, checked against the digest with which it was promoted."""
        return files.load_model(self.champion_folder())

    def as_it_serves(self, model: TagModel) -> TagModel:
        """Return a model seen through the taxonomy of now. Raise `BadModel` if that cannot be read."""
        return seen_through(model, head.taxonomy if (head := read_head(self.folder)) else model.fitted.taxonomy)

    def champion_folder(self) -> Path:
        """Return the folder of the champion, whose manifest is the one that was promoted."""
        champion = self.champion()
        if champion is None:
            raise NoModel(
                _("No champion model in %(folder)s. Train one: python -m classifier train", folder=self.folder)
            )
        folder = self.folder / champion.version
        files.check_manifest(folder, champion.digest)
        return folder

    def versions(self) -> list[str]:
        """Return the versions in the folder, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.name for entry in self.folder.iterdir() if _VERSION.fullmatch(entry.name))

    def card(self, version: str) -> dict[str, Any]:
        """Return the card of a version."""
        return files.read_card(self._existing(version))

    def table(self) -> list[VersionRow]:
        """Return a row for each version, newest first: what a list of models shows.

        Where the pointer cannot be read none is marked: the list is where the version to promote is looked up.
        """
        champion = shadow = None
        with suppress(BadModel):
            champion = self.champion()
        with suppress(BadModel):
            shadow = read_shadow(self.folder)
        pinned = set[str]()
        with suppress(BadModel):
            pinned = set(self.pinned())
        rows: list[VersionRow] = []
        for version in reversed(self.versions()):
            try:
                card = self.card(version)
            except BadModel:  # listed all the same: whoever looks must see it
                card = {}
            measured = card.get("cross_validation", {})
            rows.append(
                {
                    "version": version,
                    "champion": champion is not None and champion.version == version,
                    "shadow": shadow is not None and shadow.version == version,
                    "pinned": version in pinned,
                    "created_at": card.get("created_at"),
                    "n_articles": card.get("n_articles"),
                    "n_tags": card.get("n_tags"),
                    "micro_f1": measured.get("micro_f1"),
                    "macro_f1": measured.get("macro_f1"),
                }
            )
        return rows

    def load(self, version: str) -> TagModel:
        """Return a version, checked."""
        return files.load_model(self._existing(version))

    def promote(
        self, version: str, by: str, why: str, instead_of: str | EllipsisType | None = ..., action: str = PROMOTE
    ) -> Champion:
        """Make a version the champion, after checking that it can be loaded.

        `instead_of` is the version that must still be champion (None: there is none). `action` is what the history says.

        Raises:
            Busy: if the champion was changed meanwhile.
        """
        self.load(version)
        with self.locked():
            serves = self.last_champion()
            if instead_of is not ... and (serves.version if serves else None) != instead_of:
                present = f"{serves.version} by {serves.by}" if serves else "none"
                text = N_("The champion was changed meanwhile (%(other)s); %(version)s is saved and not promoted.")
                raise Busy(gettext(text, other=present, version=version))
            return self._point(version, by, why, action)

    def roll_back(self, by: str, why: str, instead_of: str | EllipsisType = ...) -> Champion:
        """Make the champion's predecessor the champion again, a second time the one before that.

        Raises:
            NotFound: if there is no predecessor that was not rolled back itself.
            Busy: if another version than `instead_of` is champion.
        """
        with self.locked():
            champion = self.champion()
            if champion is not None and instead_of is not ... and champion.version != instead_of:
                facts = {"version": champion.version, "by": champion.by}
                raise Busy(_("The champion was changed meanwhile (%(version)s by %(by)s).", **facts))
            if champion is None or champion.previous is None:
                raise NotFound(_("There is no earlier champion in %(folder)s to roll back to.", folder=self.folder))
            if champion.previous in rolled_back(self.history()):
                raise NotFound(
                    _(
                        "The champion before, %(version)s, was rolled back itself, and none before it is known. Choose one of `models list`: models promote VERSION",
                        version=champion.previous,
                    )
                )
            self.load(champion.previous)
            return self._point(champion.previous, by, why, ROLL_BACK)

    def history(self) -> list[Champion]:
        """Return all champions, oldest first, without the lines of the history that cannot be read."""
        return read_history(self.folder)[0]

    # --- articles that were deleted ---

    def clean(self) -> list[str]:
        """Take deleted articles out of the precedents and snapshots of all versions, and return which had any.

        Raises:
            OSError: if a file cannot be written. The other versions are still to be cleaned.
        """
        cleaned = []
        for version in sorted({*self.versions(), *self.snapshots()}):
            with self.locked():
                snapshot = self.snapshot(version)
                had_any = snapshot is not None and any(article_id in self.deleted for article_id in snapshot.articles)
                if snapshot is not None and had_any:
                    snapshot.without(self.deleted).write(self.snapshot_file(version))
                # Other commands report a damaged version. Another process may sweep this one meanwhile.
                with suppress(BadModel, ValueError, LookupError, FileNotFoundError):
                    had_any |= clean_precedents(self.folder / version, self.deleted)
            if had_any:
                cleaned.append(version)
        return cleaned

    # --- versions that nobody needs any more ---

    def pinned(self) -> list[str]:
        """Return the versions that are never swept."""
        try:
            return list(json.loads((self.folder / "pinned.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            file = self.folder / "pinned.json"
            raise BadModel(
                _("%(file)s cannot be read (%(error)s). Mend or remove it.", file=file, error=error)
            ) from None

    def pin(self, version: str, keep: bool = True) -> None:
        """Keep a version from being swept, or no longer."""
        self._existing(version)
        with self.locked():
            pinned = [pinned for pinned in self.pinned() if pinned != version] + [version] * keep
            with whole_file(self.folder / "pinned.json") as file:
                file.write(json.dumps(pinned).encode() + b"\n")

    def needed(self) -> set[str | None]:
        """Return the versions that are never swept: the champion, its predecessor, the one in shadow and pinned ones."""
        champion, shadow = self.champion(), read_shadow(self.folder)
        in_use = (champion.version, champion.previous) if champion else ()
        return {*self.pinned(), *in_use, *([shadow.version] if shadow else [])}

    def sweep(self, n_kept: int) -> list[str]:
        """Remove all but the newest `n_kept` versions, and return those removed. 0 keeps all.

        The champion, its predecessor, pinned versions and the one in shadow stay, and the snapshots of versions that are or will
        be the anchor. Leftovers of killed processes are removed too.
        """
        if not n_kept or not self.folder.is_dir():
            return []
        with self.locked():
            # What killed processes left of saving and sweeping. Neither takes as long as a day.
            for entry in [*self.folder.glob(".*"), *(self.folder / "snapshots").glob(".*")]:
                if not entry.name.startswith(".lock") and time.time() - entry.stat().st_mtime > LEFT_SECONDS:
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            needed = self.needed()
            old = [version for version in self.versions()[:-n_kept] if version not in needed]
            for version in old:
                # Renamed first, so that a half-removed folder is no version. Processes that map it keep its pages.
                aside = self.folder / f".{version}.swept"
                (self.folder / version).rename(aside)
                shutil.rmtree(aside, ignore_errors=True)
            with_snapshot = {*self.versions(), *self.anchors()}
            for version in self.snapshots():
                file = self.snapshot_file(version)
                # A snapshot is written before its version, which another process may be saving.
                if version not in with_snapshot and (
                    version in old or time.time() - file.stat().st_mtime > LEFT_SECONDS
                ):
                    file.unlink(missing_ok=True)
            return old

    def _existing(self, version: str) -> Path:
        if not _VERSION.fullmatch(version) or not (self.folder / version).is_dir():
            text = N_("No model version %(version)s in %(folder)s. See: python -m classifier models list")
            raise NotFound(gettext(text, version=repr(version[:60]), folder=self.folder))
        return self.folder / version

    @contextmanager
    def alone(self, job: str) -> Iterator[None]:
        """Let one process at a time do a job on this folder. The lock ends with its process.

        Raises:
            BadSetting: if the folder cannot be written.
            Busy: if another process does it.
        """
        try:
            lock = (self.folder / f".lock-{job.replace(' ', '-')}").open("w")
        except OSError as error:
            raise BadSetting(
                _("Cannot write in %(folder)s: %(error)s.", folder=self.folder, error=error.strerror or error)
            ) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                text = N_("Another `%(job)s` is running on %(folder)s. Try again when it is done.")
                raise Busy(gettext(text, job=job, folder=self.folder)) from None
            yield

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time change the pointer and the versions, or copy them. The lock ends with its process."""
        make_private_folder(self.folder)
        with locked(self.folder / ".lock"):
            yield

    def _point(self, version: str, by: str, why: str, action: str = PROMOTE) -> Champion:
        before = self.last_champion()
        digest = files.manifest_digest(self.folder / version)
        previous = before.version if before and before.version != version else before.previous if before else None
        champion = Champion(version, digest, previous, by, datetime.now(UTC).isoformat(timespec="seconds"), why, action)
        point(self.folder, champion)
        end_shadow(self.folder, version)
        return champion
