"""What articles lose and get back when a change of the taxonomy is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.domain.taxonomy_log import UNDO

if TYPE_CHECKING:  # commands that answer without a store import no SQLAlchemy
    from classifier.store.store import Store
    from classifier.store.taxonomy import Applied


def follow_undo(store: Store, applied: Applied, by: str) -> None:
    """Let articles follow an undo: they lose tags that are no more and that they got with them, and get them back after another undo."""
    from classifier.store.proposals import OPEN, TAKEN

    log = store.taxonomy.log()
    rows = [log.rows[n - 1] for n in applied.numbers]
    states = [(row, tag, *state) for row in rows for tag, state in log.states[row.n].items()]
    gone = [tag for _, tag, before, after in states if before is not None and after is None]
    back = [tag for row, tag, before, after in states if before is None and after is not None and row.op == UNDO]
    if gone:
        store.naming.take_back(gone, by)
        for proposal in store.proposals.list():
            if proposal.state == TAKEN and proposal.tag in gone:
                store.proposals.resolve(proposal.id, OPEN, by)
    if back:
        store.naming.give_again(back, by)
