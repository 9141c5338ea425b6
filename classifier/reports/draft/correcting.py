"""The rows of a draft with what a person chose instead -> the tags that come of them, operations, and a map of the terms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from classifier.domain.operations import ChangeAlias, Create, Merge, Operation, Relabel, SetField
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadOperation
from classifier.importers.mapping import TermMap
from classifier.importers.records import CmsTerm
from classifier.reports.draft.ids import RESERVED, Ids
from classifier.reports.draft.operations import Aliases
from classifier.reports.draft.records import VERSION
from classifier.reports.draft.sheet import BLANKET, DROP, KEEP, MERGE, Sheet, SheetRow
from classifier.texts import _

RENAME = "rename"
ACTIONS = (KEEP, MERGE, DROP, RENAME)
MAX_LABEL = 200


@dataclass(frozen=True)
class Choice:
    """What a person chose for a name. `into` names a row, or `tag` a tag that no row has; `label` is the new label."""

    name: str
    action: str
    into: str = ""
    tag: str = ""
    label: str = ""


@dataclass(frozen=True)
class CorrectedRow:
    """A row with what becomes of it. `target` is the label of the tag that it ends in, "" if it is left out.

    `id` is the id of that tag. `chosen` says whether a person decided.
    """

    row: SheetRow
    action: str
    label: str
    id: str = ""
    target: str = ""
    chosen: bool = False


class Corrected:
    """A sheet with the choices of a person, beside the taxonomy of now.

    `least` is on how many articles a name must be to be kept unless a person says otherwise. With `mute`, tags that no row ends in
    are muted.
    """

    def __init__(
        self, sheet: Sheet, choices: Sequence[Choice], taxonomy: Taxonomy, least: int | None = None, mute: bool = False
    ) -> None:
        self.taxonomy, self.mute = taxonomy, mute
        self.least = sheet.least if least is None else least
        self._choices = {choice.name: choice for choice in choices if choice.action != RENAME}
        self._labels = {choice.name: choice.label for choice in choices if choice.action == RENAME}
        self._rows = {row.name: row for row in sheet.rows}
        self._terms = TermMap(taxonomy)
        self._known = {row.name: self._known_tag(row) for row in sheet.rows}
        self._ids = self._new_ids()
        self.rows = [self._corrected(row) for row in sheet.rows]

    # --- what a person chooses ----------------------------------------------------------------------------------

    def choice(self, name: str, action: str, value: str = "") -> Choice:
        """Return a choice that can be carried out. Raise `BadOperation` that says why it cannot."""
        row = self._rows.get(name)
        if row is None or action not in ACTIONS:
            raise BadOperation(_("The list does not have this name any more. Load the page again."))
        if action == RENAME:
            return Choice(name, RENAME, label=self._free_label(row, value))
        if action == MERGE:
            return self._merge(row, value)
        return Choice(name, action)

    def _free_label(self, row: SheetRow, value: str) -> str:
        label = " ".join(value.split())
        if not label or len(label) > MAX_LABEL:
            raise BadOperation(_("New name: write 1 to %(most)s characters.", most=MAX_LABEL))
        if self._action(row) != KEEP:
            raise BadOperation(_("“%(name)s” is not kept. Keep it first.", name=row.name))
        other = self._named(label)
        if other is not None and other not in (row.name, self._known[row.name]):
            raise BadOperation(
                _("There is a tag “%(label)s” already. Merge “%(name)s” into it instead.", label=label, name=row.name)
            )
        return label

    def _merge(self, row: SheetRow, value: str) -> Choice:
        target = self._named(" ".join(value.split()))
        if target is None:
            raise BadOperation(
                _(
                    "Merge into: there is no tag “%(value)s”. Choose one of the list, or keep it first.",
                    value=value[:80],
                )
            )
        if target in (row.name, self._known[row.name]):
            raise BadOperation(_("Merge into: “%(value)s” is this tag itself.", value=value[:80]))
        into = target if target in self._rows else ""
        choice = Choice(row.name, MERGE, into=into, tag="" if into else target)
        tag, other = self._known[row.name], self._known[into] if into else target
        if tag and other and self.taxonomy.tag(tag).kind != self.taxonomy.tag(other).kind:
            raise BadOperation(_("Both are tags already and of different kinds: merge them on the page of tags."))
        return choice

    def _named(self, label: str) -> str | None:
        """Return the name of the kept row with a label, or else the id of the tag of the taxonomy, or None."""
        folded = label.casefold()
        for row in self.rows:
            if row.action == KEEP and folded in (row.label.casefold(), row.row.name.casefold()):
                return row.row.name
        tags = self._terms.match(CmsTerm(label)).tags if label else ()
        of_row = {tag: name for name, tag in self._known.items() if tag and self._action(self._rows[name]) == KEEP}
        return of_row.get(tags[0], tags[0]) if len(tags) == 1 else None

    # --- what comes of it ---------------------------------------------------------------------------------------

    def _known_tag(self, row: SheetRow) -> str:
        """Return the id of the tag that a row is already, also one that was made since the draft."""
        tags = self._terms.match(CmsTerm(row.tag or self._labels.get(row.name) or row.name)).tags
        return tags[0] if len(tags) == 1 else ""

    def _action(self, row: SheetRow) -> str:
        choice = self._choices.get(row.name)
        if choice is not None:
            return choice.action
        if self._known[row.name]:
            return row.action
        if row.action == KEEP:
            return KEEP if row.n >= self.least else DROP
        is_often = row.n >= self.least and (row.action == DROP or row.rule == VERSION)
        return KEEP if is_often and row.rule != BLANKET else row.action

    def _label(self, row: SheetRow) -> str:
        known = self._known[row.name]
        return self._labels.get(row.name) or (self.taxonomy.tag(known).label if known else row.label)

    def _new_ids(self) -> dict[str, str]:
        """Return the ids of the kept rows, new ones where they are no tags yet."""
        ids = Ids({}, {*self.taxonomy.by_id, *RESERVED})
        kept = [row for row in self._rows.values() if self._action(row) == KEEP]
        return {row.name: self._known[row.name] or ids.of(row.name, self._label(row)) for row in kept}

    def _corrected(self, row: SheetRow) -> CorrectedRow:
        tag, target = self._ends_in(row)
        return CorrectedRow(row, self._action(row), self._label(row), tag, target, row.name in self._choices)

    def _ends_in(self, row: SheetRow) -> tuple[str, str]:
        """Return the id and the label of the tag that a row ends in."""
        seen: set[str] = set()
        while row.name not in seen:
            seen.add(row.name)
            action, choice = self._action(row), self._choices.get(row.name)
            if action == KEEP:
                return self._ids[row.name], self._label(row)
            if action == DROP:
                break
            if choice is not None and choice.tag:
                living = self.taxonomy.by_id.get(choice.tag)
                return (choice.tag, living.label) if living is not None else ("", "")
            into = self._rows.get(choice.into if choice is not None else row.into)
            if into is None:
                break
            row = into
        return "", ""

    @property
    def kept(self) -> list[CorrectedRow]:
        """The rows that are tags, those on most articles first."""
        return [row for row in self.rows if row.action == KEEP]

    @property
    def n_new(self) -> int:
        """How many tags are made."""
        return sum(not self._known[row.row.name] for row in self.kept)

    @property
    def share_of_uses(self) -> float:
        """The share of all uses of names that end in a tag."""
        return sum(row.row.n for row in self.rows if row.id) / max(1, sum(row.row.n for row in self.rows))

    @property
    def unused(self) -> list[str]:
        """The ids of active tags that no row ends in."""
        used = {row.id for row in self.rows}
        return [tag.id for tag in self.taxonomy.tags if tag.active and tag.id not in used]

    def map(self) -> dict[str, tuple[str, ...]]:
        """Return the tags of each name, none for one that is left out."""
        return {row.row.name: (row.id,) if row.id else () for row in self.rows}

    def operations(self) -> list[Operation]:
        """Return what makes the taxonomy fit, in order: new tags, labels, tags that become one, aliases."""
        first = self._first_days()
        new = [row for row in self.kept if not self._known[row.row.name]]
        above = [row for row in new if not self._broader(row)]
        made: list[Operation] = [
            self._create(row, first) for row in (*above, *(row for row in new if self._broader(row)))
        ]
        relabelled = (row for row in self.kept if self._known[row.row.name] and row.row.name in self._labels)
        made += [Relabel(row.id, row.label) for row in relabelled if self.taxonomy.tag(row.id).label != row.label]
        merged = [row for row in self.rows if row.action == MERGE and row.id]
        tags = ((self._known[row.row.name], row.id) for row in merged)
        made += [Merge((tag,), into) for tag, into in dict.fromkeys(tags) if tag and tag != into]
        made += self._aliases(row for row in merged if not self._known[row.row.name] and row.row.rule != VERSION)
        return made + [SetField(tag, "status", "muted") for tag in (self.unused if self.mute else ())]

    def _create(self, row: CorrectedRow, first: Mapping[str, str]) -> Create:
        broader = self._broader(row)
        return Create(row.id, row.label, broader=(broader,) if broader else (), created=first.get(row.id))

    def _broader(self, row: CorrectedRow) -> str:
        """Return the id of the tag that a new one is under. One that is under another itself is none's parent here."""
        parent = self._rows.get(row.row.broader)
        return self._ids.get(parent.name, "") if parent is not None and not parent.broader else ""

    def _first_days(self) -> dict[str, str]:
        """Return the day of the first article of each tag, with what is merged into it."""
        days: dict[str, str] = {}
        for row in self.rows:
            if row.id and row.row.created:
                days[row.id] = min(row.row.created, days.get(row.id, row.row.created))
        return days

    def _aliases(self, rows: Iterable[CorrectedRow]) -> list[Operation]:
        names = {tag.id: (tag.label, *(alias.text for alias in tag.aliases)) for tag in self.taxonomy.tags}
        names |= {row.id: (row.label, *names.get(row.id, ())) for row in self.kept}
        aliases = Aliases(names)
        renamed = (row for row in self.kept if row.row.label != row.label)
        wanted = [*((row, row.row.label) for row in renamed), *((row, row.row.label) for row in rows)]
        made = (aliases.alias(row.id, form, row.row.rule) for row, form in wanted)
        return [
            ChangeAlias(row.id, add=alias) for (row, _), alias in zip(wanted, made, strict=True) if alias is not None
        ]
