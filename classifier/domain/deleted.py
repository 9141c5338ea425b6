"""Deleted articles, as digests of their ids in a file beside the models. Reports and logs name none of them."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from classifier.domain.files import locked, whole_file
from classifier.errors import BadSetting
from classifier.texts import _

FILE = "deleted.json"
_MAYBE_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")


def digest_of(article_id: str) -> str:
    """Return the digest of the id of a deleted article."""
    return hashlib.sha256(f"deleted {article_id}".encode()).hexdigest()[:32]


class Deleted:
    """The deleted articles of a folder of models. `id in deleted` reads the file as it is now."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._stamp: tuple[int, int, int] | None = None  # of the file when it was read
        self._digests: frozenset[str] = frozenset()
        self._cleaned = 0

    def __contains__(self, article_id: object) -> bool:
        self._read()
        return bool(self._digests) and digest_of(str(article_id)) in self._digests

    @property
    def cleaned(self) -> int:
        """The number of the last deletion of the database whose traces here were all removed."""
        self._read()
        return self._cleaned

    def named_in(self, text: str) -> bool:
        """Whether a text has the id of a deleted article as a whole word."""
        words = set(_MAYBE_ID.findall(text))
        return any(word in self or word.strip(".:-") in self for word in words)

    def add(self, digests: Iterable[str]) -> None:
        """Add deletions."""
        self._change(lambda: (self._digests.union(digests), self._cleaned))

    def follow(self, digests: Callable[[], Iterable[str]]) -> None:
        """Replace the deletions by those of the database, which has each before it is added here."""
        self._change(lambda: (frozenset(digests()), self._cleaned))

    def note_cleaned(self, last: int) -> None:
        """Note that the traces of all deletions up to a number were removed."""
        self._change(lambda: (self._digests, last))

    def _change(self, change: Callable[[], tuple[frozenset[str], int]]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self._path.with_name(".lock-deleted")):
                self._read()
                digests, cleaned = change()
                if (digests, cleaned) != (self._digests, self._cleaned):
                    content = json.dumps({"cleaned": cleaned, "digests": sorted(digests)}, indent=0)
                    with whole_file(self._path) as file:
                        file.write(content.encode() + b"\n")
        except OSError as error:
            raise BadSetting(
                _("Cannot write in %(folder)s: %(error)s.", folder=self._path.parent, error=error.strerror or error)
            ) from None

    def _read(self) -> None:
        try:
            status = self._path.stat()
        except OSError:
            self._digests, self._cleaned, self._stamp = frozenset(), 0, None
            return
        if (stamp := (status.st_ino, status.st_mtime_ns, status.st_size)) == self._stamp:
            return
        try:
            content = json.loads(self._path.read_bytes())
            digests, cleaned = frozenset(map(str, content["digests"])), int(content["cleaned"])
        except (OSError, ValueError, KeyError, TypeError):  # the next deletion or cleaning writes it anew
            digests, cleaned = frozenset(), 0
        self._digests, self._cleaned, self._stamp = digests, cleaned, stamp
