"""Changes of the taxonomy that are asked for, by the API or by a page: previewed, applied and undone by the same rules."""

from collections.abc import Sequence
from contextlib import suppress

from classifier.domain.operations import Operation
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadOperation, NeedsAnother
from classifier.reports.preview.figures import preview_of, to_keep
from classifier.reports.preview.records import Preview
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import publish, undo
from classifier.store.change_sets import PROPOSED, ChangeSet, wrong_state
from classifier.store.taxonomy import Applied
from classifier.texts import ngettext


class Changing:
    """Changes the taxonomy.

    A set that touches more than `second_person` articles is applied by another person than its author; 0: any size.
    """

    def __init__(self, tagger: Tagger, registry: Registry, second_person: int = 0) -> None:
        self.tagger, self.registry, self.second_person = tagger, registry, second_person
        self.store = tagger.store

    def log(self) -> FoldedLog:
        """Return the log, which begins with the taxonomy that serves."""
        if not self.store.taxonomy.last():
            publish(self.registry, self.store)
        return self.store.taxonomy.log()

    def taxonomy(self) -> Taxonomy:
        """Return the taxonomy of now, an empty one while there is none."""
        log = self.log()
        return log.taxonomy() if log.n else self.tagger.taxonomy()

    def preview(self, operations: Sequence[Operation]) -> Preview:
        """Return what operations would do now. Raises `BadOperation` if they do not fit."""
        based_on = self.log().n
        after = self.store.taxonomy.preview(operations)
        return preview_of(self.store, self.registry, after, based_on)

    def check_author(self, proposed: ChangeSet, preview: Preview, by: str) -> None:
        """Raise `NeedsAnother` if another person than the author of a change set has to apply it."""
        if by == proposed.by and 0 < self.second_person < preview["n_articles"]:
            raise NeedsAnother(
                ngettext(
                    "It touches %(n)s article. Above %(most)s, another taxonomist than its author applies a change set.",
                    "It touches %(n)s articles. Above %(most)s, another taxonomist than its author applies a change set.",
                    preview["n_articles"],
                    most=self.second_person,
                )
            )

    def apply(self, proposed: ChangeSet, by: str, based_on: int, state: str = PROPOSED) -> Applied:
        """Carry out a change set that is in a state. Raises what `TaxonomyChanges.apply` does, and `NeedsAnother`."""
        preview = None
        with suppress(BadOperation):  # `apply` says what has come between
            preview = self.preview(proposed.operations) if proposed.state == state else None
        if preview is not None:
            self.check_author(proposed, preview, by)
        kept = None if preview is None else to_keep(preview)
        operations = proposed.operations
        applied = self.store.taxonomy.apply(operations, by, "", based_on, proposed.id, kept, state)
        publish(self.registry, self.store)
        return applied

    def schedule(self, proposed: ChangeSet, by: str, based_on: int, apply_at: str, state: str = PROPOSED) -> None:
        """Let a change set that is in a state be applied at a time, in UTC. Raises what `apply` does."""
        if proposed.state != state:
            raise wrong_state(proposed, state)
        preview = self.preview(proposed.operations)
        self.check_author(proposed, preview, by)
        self.store.taxonomy.schedule(proposed, by, apply_at, based_on, to_keep(preview), state)

    def undo_set(self, set_id: str, by: str) -> Applied:
        """Take back an applied change set. Raises what `TaxonomyChanges.undo` does."""
        return undo(self.registry, self.store, self.store.taxonomy.rows_of(set_id), by, f"undo of {set_id}", set_id)

    def undo(self, numbers: Sequence[int], by: str, note: str = "") -> Applied:
        """Take back changes by their numbers. Raises what `TaxonomyChanges.undo` does."""
        return undo(self.registry, self.store, numbers, by, note)
