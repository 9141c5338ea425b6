"""What articles lose and get back when a change of the taxonomy is undone, in the same transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection

from classifier.domain.taxonomy_log import UNDO, FoldedLog, Row
from classifier.store.naming import give_named_again, take_back_named
from classifier.store.proposals import open_again


def follow_undo(connection: Connection, log: FoldedLog, rows: Sequence[Row], by: str) -> None:
    """Let articles follow an undo: they lose tags that are no more and that they got with them, and get them back after another undo."""
    states = [(row, tag, *state) for row in rows for tag, state in log.states[row.n].items()]
    gone = [tag for _, tag, before, after in states if before is not None and after is None]
    back = [tag for row, tag, before, after in states if before is None and after is not None and row.op == UNDO]
    if gone:
        take_back_named(connection, gone, by)
        open_again(connection, gone, by)
    if back:
        give_named_again(connection, back, by)
