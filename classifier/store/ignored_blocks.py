"""Repeated blocks of text that somebody has chosen to leave out of training: what they are, who chose it, and when."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from classifier.errors import NotFound
from classifier.store.rows import Part, now
from classifier.store.schema import ignored_blocks
from classifier.texts import _

_FIELDS = [ignored_blocks.c[name] for name in ("id", "texts", "quote", "by", "at")]


@dataclass(frozen=True)
class IgnoredBlock:
    """Blocks that one finding of the data report names. `texts` are folded, `quote` is what people read."""

    id: str
    texts: list[str]
    quote: str
    by: str
    at: str


def id_of_blocks(texts: Collection[str]) -> str:
    """Return the id of the choice to leave out some folded blocks. The same blocks have the same one."""
    return sha256("\n".join(sorted(texts)).encode("utf-8", "replace")).hexdigest()[:32]


def texts_of(ignored: Iterable[IgnoredBlock]) -> list[str]:
    """Return the folded texts of blocks, each once, in order."""
    return sorted({text for each in ignored for text in each.texts})


class IgnoredBlocks(Part):
    """The ignored blocks of a store."""

    def list(self) -> list[IgnoredBlock]:
        """Return the ignored blocks, the newest first."""
        rows = self._tuples(select(*_FIELDS).order_by(ignored_blocks.c.at.desc(), ignored_blocks.c.id))
        return [IgnoredBlock(*row) for row in rows]

    def ignore(self, texts: Collection[str], quote: str, by: str) -> str:
        """Leave blocks out of training from now on, and return the id of that choice. The first one to choose it stays."""
        row = {"id": id_of_blocks(texts), "texts": sorted(texts), "quote": quote, "by": by, "at": now()}
        try:
            with self.engine.begin() as connection:
                connection.execute(ignored_blocks.insert(), row)
        except IntegrityError:  # somebody else has chosen the same
            pass
        return str(row["id"])

    def undo(self, block_id: str) -> None:
        """Take a choice back. Raise `NotFound` if there is none."""
        with self.engine.begin() as connection:
            if not connection.execute(ignored_blocks.delete().where(ignored_blocks.c.id == block_id)).rowcount:
                raise NotFound(_("This block is not ignored any more."))
