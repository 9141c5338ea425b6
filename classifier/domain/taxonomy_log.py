"""The log of changes to a taxonomy: the taxonomy at n is the fold of its rows 1 to n.

A row is an operation, the import of a whole taxonomy, or the undo of an earlier row. An undo is a change like any other, and
may be undone itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, NamedTuple, Self

from classifier.domain.applying import adopt, carry_out
from classifier.domain.editing import Edit, Editor, Edits, states_of
from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import Operation, operation_from_json, operation_to_json
from classifier.domain.resolving import PastMerge, Paths
from classifier.domain.tag_index import ID_FIELDS
from classifier.domain.taxonomy import Tag, Taxonomy, taxonomy_from_json
from classifier.errors import BadOperation, DependentChanges
from classifier.texts import _

IMPORT, UNDO = "import", "undo"


class Head(NamedTuple):
    """A taxonomy and the number of the row that made it, None if it is of no log."""

    n: int | None
    taxonomy: Taxonomy


@dataclass(frozen=True)
class Row:
    """A row of the log. `args` are those of the operation. `undoes` is the number of the row that an undo takes back."""

    n: int
    op: str
    args: Mapping[str, Any]
    at: str
    by: str = ""
    change_set: str | None = None
    undoes: int | None = None

    @property
    def line(self) -> str:
        """The row as people write it."""
        if self.op == UNDO:
            return f"undo {self.undoes}"
        if self.op == IMPORT:
            return f"import {len(self.args['taxonomy']['tags'])} tags"
        return operation_to_text(operation_from_json({"op": self.op, **self.args}))


def row_of(operation: Operation, n: int, at: str, by: str = "", change_set: str | None = None) -> Row:
    """Return the row of an operation."""
    args = operation_to_json(operation)
    return Row(n, args.pop("op"), args, at, by, change_set)


def import_row(taxonomy: Taxonomy, n: int, at: str, by: str = "", change_set: str | None = None) -> Row:
    """Return the row that takes over a whole taxonomy."""
    return Row(n, IMPORT, {"taxonomy": taxonomy.to_json()}, at, by, change_set)


class FoldedLog:
    """A log, row by row, with the taxonomy that it adds up to and what each row did."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = []
        self.edits: dict[int, Edits] = {}
        self.states: dict[
            int, Mapping[str, tuple[Tag | None, Tag | None]]
        ] = {}  # each touched tag before and after a row
        self._merged: dict[str, PastMerge] = {}  # those that stand, which have no end yet
        self._past: list[PastMerge] = []
        self._since_split: dict[
            str, tuple[str, ...]
        ] = {}  # the tags merged into each tag that was split before, and stays
        self._editor = Editor(Taxonomy(()))
        self._taxonomy: Taxonomy | None = None  # what the rows add up to, once it was asked for
        self._undone: dict[int, int] = {}  # the rows that are not in effect, each with the undo that is
        self._undos: dict[int, int] = {}  # the rows that were ever undone, each with its last undo
        self._touching: dict[_Place, tuple[int, ...]] = {}  # the rows that change a place or make a tag name another
        for row in rows:
            self.append(row)

    def copy(self) -> Self:
        """Return a log that goes on from here by itself."""
        log = type(self)()
        log.rows, log.edits, log.states = list(self.rows), dict(self.edits), dict(self.states)
        log._merged, log._past, log._since_split = dict(self._merged), list(self._past), dict(self._since_split)
        log._editor, log._touching = self._editor.copy(), dict(self._touching)
        log._taxonomy = self._taxonomy
        log._undone, log._undos = dict(self._undone), dict(self._undos)
        return log

    @property
    def kept(self) -> Mapping[str, tuple[str, ...]]:
        """What vocabularies that were imported say of URIs, and no field holds. Nobody may change it."""
        return self._editor.kept

    def editor(self) -> Editor:
        """Return an editor of the taxonomy as it is now, whose changes leave the log alone."""
        return self._editor.copy()

    @property
    def n(self) -> int:
        """The number of the last row, 0 if there is none."""
        return self.rows[-1].n if self.rows else 0

    def taxonomy(self) -> Taxonomy:
        """Return what the rows add up to. Decisions that were made under a merge are read as made under it, also after its end."""
        if self._taxonomy is None:
            taxonomy = self._editor.taxonomy()
            since = {tag: merge.since for tag, merge in self._merged.items()}
            vars(taxonomy)["paths"] = Paths(taxonomy.by_id, self._past, since, self._since_split)
            self._taxonomy = taxonomy
        return self._taxonomy

    def append(self, row: Row) -> Edits:
        """Add the next row and return its edits. Raise `BadOperation` if it does not fit; then nothing is added."""
        if row.n != self.n + 1:
            raise BadOperation(f"The row {row.n} does not follow the row {self.n}.")
        edits, self._taxonomy = self._played(row), None
        self.edits[row.n], self.states[row.n] = edits, states_of(edits, self._editor.tags)
        self.rows.append(row)
        self._note_merges(row)
        for place in {place for edit in edits for place in _places(edit)}:
            self._touching[place] = (*self._touching.get(place, ()), row.n)
        self._note_undo(row)
        return edits

    def _note_undo(self, row: Row) -> None:
        """Note that an undo takes its row out of effect. If that is an undo too, its row is in effect again, and so on."""
        by, target, is_out = row.n, row.undoes, True
        if target is not None:
            self._undos[target] = by
        while target is not None:
            if is_out:
                self._undone[target] = by
            else:
                self._undone.pop(target, None)
            by, target, is_out = target, self.rows[target - 1].undoes, not is_out

    def _note_merges(self, row: Row) -> None:
        """Note which merges and renames a row begins, and which it ends, as an undo or a revival does."""
        states = list(self.states[row.n].items())
        for tag_id, (was, tag) in reversed(states) if row.op == UNDO else states:  # in the order in which they began
            if tag is not None and tag.parts and (was is None or was.parts != tag.parts):
                self._since_split.pop(tag_id, None)  # what was merged into it until now is merged before this split
            heir = tag.replaced_by if tag is not None and tag.retired else None
            before = self._merged.get(tag_id)
            if heir == (before.heir if before is not None else None):
                continue
            if before is not None:
                self._past.append(self._merged.pop(tag_id)._replace(until=row.at))
            if heir is not None and tag is not None:
                since = row.at if row.op == UNDO else tag.retired_at or row.at
                is_rename = heir in self._editor.tags and self._editor.tags[heir].origin == tag_id and not tag.parts
                self._merged[tag_id] = PastMerge(tag_id, heir, since, is_rename=is_rename)
                present = self._editor.tags.get(heir)
                if present is not None and present.parts and present.origin != tag_id:
                    self._since_split[heir] = (*self._since_split.get(heir, ()), tag_id)

    def _played(self, row: Row) -> Edits:
        if row.op == IMPORT:
            return adopt(taxonomy_from_json(dict(row.args["taxonomy"])), self._editor, row.at)
        if row.op != UNDO:
            return carry_out(operation_from_json({"op": row.op, **row.args}), self._editor, row.at)
        self.check_undo(row.undoes or 0)
        return self._editor.take_back(self.edits[row.undoes or 0])

    def last_to_undo(self) -> int:
        """Return the number of the last change that is in effect and no undo. Raise `BadOperation` if there is none."""
        numbers = [row.n for row in self.rows[1:] if row.op != UNDO and row.n not in self._undone]
        if not numbers:
            raise BadOperation(_("There is no change to undo."))
        return numbers[-1]

    def undone_by(self, n: int) -> int | None:
        """Return the number of the undo that took a row out of effect, None if it is in effect."""
        return self._undone.get(n)

    def to_undo(self, n: int) -> int:
        """Return the row to undo so that a row is not in effect: itself, or what put it in effect again after an undo."""
        while (undo := self._undos.get(n)) in self._undos:
            n = self._undos[undo]
        return n

    def tags_since(self, n: int) -> dict[str, list[int]]:
        """Return the tags that rows behind a number touch, each with their numbers."""
        touched: dict[str, list[int]] = {}
        for row in self.rows[n:]:
            for tag in {edit.tag for edit in self.edits[row.n] if edit.tag is not None}:
                touched.setdefault(tag, []).append(row.n)
        return touched

    # --- what an undo may meet ----------------------------------------------------------------------------------

    def check_undo(self, n: int) -> None:
        """Raise `BadOperation` if a row cannot be undone, `DependentChanges` if later ones have to be undone first."""
        if not 1 <= n <= self.n:
            raise BadOperation(_("There is no change %(n)s; the last one is %(last)s.", n=n, last=self.n))
        if (by := self._undone.get(n)) is not None:
            raise BadOperation(_("The change %(n)s was undone before, by %(other)s.", n=n, other=by))
        if self.rows[n - 1].op == IMPORT and n == 1:
            raise BadOperation(_("The first import cannot be undone: there was no taxonomy before it."))
        if later := self.dependents(n):
            listed = "; ".join(f"{m}: {self.rows[m - 1].line}" for m in later)
            raise DependentChanges(
                _("Later changes rest on %(n)s. Undo them with it, newest first: %(changes)s", n=n, changes=listed),
                later,
            )

    def dependents(self, n: int) -> list[int]:
        """Return the later rows that rest on a row, or on one that does, newest first."""
        made, numbers = _Made(self.edits[n]), list[int]()
        waiting = self._later(self.edits[n], n)
        passed = set(waiting)
        while waiting:
            m = heappop(waiting)
            if not self._is_silent(m, n) and any(map(made.carries, self.edits[m])):
                made.add(self.edits[m])
                numbers.insert(0, m)
                for later in self._later(self.edits[m], m):
                    if later not in passed:
                        passed.add(later)
                        heappush(waiting, later)
        return numbers

    def _later(self, edits: Edits, n: int) -> list[int]:
        """Return the rows behind n that touch the same places, or name the same tags, in rising order."""
        places = {place for edit in edits for place in (_place(edit), *_heir(edit))}
        return sorted({m for place in places for m in self._touching.get(place, ()) if m > n})

    def _is_silent(self, m: int, n: int) -> bool:
        """Return whether a row is not in effect, or is an undo in effect that took back a row behind n."""
        target = self.rows[m - 1].undoes
        return m in self._undone or (target is not None and target > n and self._undone.get(target) == m)


_Place = tuple[str | None, str | None]  # a tag and None, or None and the URI of kept statements


def _place(edit: Edit) -> _Place:
    return (edit.tag, None) if edit.tag is not None else (None, edit.field)


def _heir(edit: Edit) -> Iterable[_Place]:
    return [(edit.after, None)] if edit.field == "replaced_by" and edit.after is not None else []


def _places(edit: Edit) -> Iterable[_Place]:
    """Return the places at which an edit may rest on an earlier one: what it changes, and the tags that it names."""
    return (_place(edit), *((tag_id, None) for tag_id in _named_in(edit)))


class _Made:
    """What some rows made: values of fields, tags, and tags that stand in the place of others."""

    def __init__(self, edits: Edits) -> None:
        self._elements: dict[tuple[str | None, str | None], set[object]] = {}
        self._tags: set[str] = set()
        self._heirs: set[str] = set()
        self.add(edits)

    def add(self, edits: Edits) -> None:
        for edit in edits:
            self._elements.setdefault((edit.tag, edit.field), set()).update(edit.elements)
            if edit.tag is not None and edit.field is None and edit.before is None:
                self._tags.add(edit.tag)
            if edit.field == "replaced_by" and edit.after is not None:
                self._heirs.add(edit.after)

    def carries(self, edit: Edit) -> bool:
        """Return whether a later edit rests on it."""
        changes_same = bool(edit.elements & self._elements.get((edit.tag, edit.field), set()))
        retires_heir = edit.tag in self._heirs and edit.field == "status" and edit.after == "retired"
        return changes_same or retires_heir or edit.tag in self._tags or bool(self._tags & set(_named_in(edit)))


def _named_in(edit: Edit) -> Iterable[str]:
    """Return the ids that an edit makes a tag name."""
    if isinstance(edit.after, Tag):
        values = [getattr(edit.after, field) for field in ID_FIELDS]
    else:
        values = [edit.after] if edit.field in ID_FIELDS else []
    return [tag_id for value in values for tag_id in ((value,) if isinstance(value, str) else value or ())]
