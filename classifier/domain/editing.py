"""Carrying out operations on a taxonomy, and taking them back.

Whatever changes a taxonomy is a list of edits: of a tag, a field, its value before and after. An operation is carried out as
a whole or not at all, and the reverse of its edits is its inverse.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from classifier.domain.alias_checks import alias_key, alias_problems
from classifier.domain.tag_fields import RELATIONS
from classifier.domain.tag_index import INDEXED, TagIndex
from classifier.domain.taxonomy import TAG_ID, Alias, Kind, Tag, Taxonomy, leads_back
from classifier.errors import BadOperation
from classifier.texts import N_, _, gettext

RESERVED = frozenset(("changes", "change-sets", "export", "import"))  # words of the API where an id stands


class Edit(NamedTuple):
    """A field of a tag, and its values before and after a change.

    Without a field it is the tag itself, None where there was or is none. Without a tag it is the kinds, or with a URI as its
    field, the statements that are kept of that.
    """

    tag: str | None
    field: str | None
    before: Any
    after: Any

    @property
    def elements(self) -> frozenset[object]:
        """What was added to a field of several values, or taken from it; of another field that it changed at all."""
        if isinstance(self.before, tuple) and isinstance(self.after, tuple):
            return frozenset(self.before) ^ frozenset(self.after)
        return frozenset((...,))


Edits = tuple[Edit, ...]


class Editor:
    """A taxonomy while it is changed. `places` has all ids that ever were, each with its place in the order."""

    def __init__(self, taxonomy: Taxonomy, places: Mapping[str, int] | None = None) -> None:
        self.tags: dict[str, Tag] = dict(taxonomy.by_id)
        self.kinds: dict[str, Kind] = dict(taxonomy.kinds)
        self.kept: dict[str, tuple[str, ...]] = {}  # what a vocabulary says of a URI and no field holds
        self.places = dict(places) if places else {tag_id: place for place, tag_id in enumerate(self.tags)}
        self._edits: list[Edit] = []
        self._made_index: TagIndex | None = None

    @property
    def _index(self) -> TagIndex:
        if self._made_index is None:
            self._made_index = TagIndex(self.tags.values())
        return self._made_index

    def copy(self) -> "Editor":
        """Return an editor of the same taxonomy."""
        editor = Editor(Taxonomy((), self.kinds), self.places)
        editor.tags, editor.kept, editor._made_index = dict(self.tags), dict(self.kept), self._index.copy()
        return editor

    def taxonomy(self) -> Taxonomy:
        """Return the taxonomy as it is now."""
        return Taxonomy(tuple(sorted(self.tags.values(), key=lambda tag: self.places[tag.id])), dict(self.kinds))

    def change(self, work: Callable[[], None], check: bool = True) -> Edits:
        """Let some work edit the taxonomy, as a whole or not at all, and return its edits.

        Raises:
            BadOperation: if the taxonomy would not be sound. Nothing was changed then.
        """
        self._edits, n_places = [], len(self.places)
        try:
            work()
            if check:
                self._check({edit.tag for edit in self._edits if edit.tag is not None})
        except BaseException:
            for edit in reversed(self._edits):
                self._put(edit._replace(before=edit.after, after=edit.before))
            self.places = {tag_id: place for tag_id, place in self.places.items() if place < n_places}
            raise
        return tuple(self._edits)

    def take_back(self, edits: Edits) -> Edits:
        """Reverse edits, and return the edits of that. Raise `BadOperation` if what they changed was changed since."""

        def work() -> None:
            for edit in reversed(edits):
                self._reverse(edit)

        return self.change(work)

    # --- edits --------------------------------------------------------------------------------------------------

    def _edit(self, tag: str | None, field: str | None, value: Any) -> None:
        before = self._value(tag, field)
        if before != value:
            self._edits.append(Edit(tag, field, before, value))
            self._put(self._edits[-1])

    def _value(self, tag: str | None, field: str | None) -> Any:
        if tag is None:
            return self.kinds if field is None else self.kept.get(field, ())
        return self.tags.get(tag) if field is None else getattr(self.tags[tag], field)

    def _put(self, edit: Edit) -> None:
        if edit.tag is not None:
            self._put_tag(edit, edit.tag)
        elif edit.field is None:
            self.kinds = edit.after
        elif edit.after:
            self.kept[edit.field] = edit.after
        else:
            self.kept.pop(edit.field, None)

    def _put_tag(self, edit: Edit, tag_id: str) -> None:
        before = self.tags.pop(tag_id) if edit.field is None and edit.after is None else self.tags.get(tag_id)
        if edit.field is not None:
            self.tags[tag_id] = replace(self.tags[tag_id], **{edit.field: edit.after})
        elif edit.after is not None:
            self.tags[tag_id] = edit.after
            self.places.setdefault(tag_id, len(self.places))
        if self._made_index is not None and (edit.field is None or edit.field in INDEXED):
            self._made_index.put(tag_id, before, self.tags.get(tag_id))

    def set_fields(self, tag_id: str, **values: Any) -> None:
        """Give fields of a tag other values."""
        for field, value in values.items():
            self._edit(tag_id, field, value)

    def make(self, tag: Tag) -> None:
        """Add a tag."""
        self._edit(tag.id, None, tag)

    def set_kinds(self, kinds: Mapping[str, Kind]) -> None:
        """Give the taxonomy other kinds."""
        self._edit(None, None, dict(kinds))

    def keep(self, uri: str, statements: tuple[str, ...]) -> None:
        """Keep other statements of a URI, or none."""
        self._edit(None, uri, statements)

    def _reverse(self, edit: Edit) -> None:
        present = self.tags.get(edit.tag) if edit.tag is not None else None
        if edit.tag is None:
            value = edit.before if edit.field is None else _value_before(edit, self._value(None, edit.field))
            self._edit(None, edit.field, value)
        elif edit.field is None:
            if present != edit.after or (edit.before is None and self.namers(edit.tag)):
                raise BadOperation(_("'%(tag)s' was changed or is named by other tags since.", tag=edit.tag))
            self._edit(edit.tag, None, edit.before)
        elif present is None:
            raise BadOperation(_("There is no tag '%(tag)s' any more.", tag=edit.tag))
        else:
            self._edit(edit.tag, edit.field, _value_before(edit, getattr(present, edit.field)))

    def namers(self, tag_id: str) -> list[Tag]:
        """Return the tags that name a tag in one of ID_FIELDS, in their order."""
        return [self.tags[each] for each in sorted(self._index.namers(tag_id), key=self.places.__getitem__)]

    # --- what an operation may rely on --------------------------------------------------------------------------

    def living(self, tag_id: str) -> Tag:
        """Return a tag that is not retired, or raise `BadOperation`."""
        tag = self.tags.get(tag_id)
        if tag is None:
            raise BadOperation(_("The taxonomy has no tag '%(tag)s'.", tag=tag_id[:80]))
        if tag.retired:
            if tag.replaced_by:
                text = N_(
                    "The tag '%(tag)s' is retired in favour of '%(other)s'. Name a living tag, or revive it first."
                )
                raise BadOperation(gettext(text, tag=tag_id, other=tag.replaced_by))
            raise BadOperation(_("The tag '%(tag)s' is retired. Name a living tag, or revive it first.", tag=tag_id))
        return tag

    def new_id(self, tag_id: str) -> str:
        """Return an id that a new tag may have, or raise `BadOperation`."""
        if tag_id in self.tags:
            if self.tags[tag_id].retired:
                text = N_("There is a tag %(tag)s already, which is retired. Undo what retired it, or revive it.")
            else:
                text = N_("There is a tag %(tag)s already.")
            raise BadOperation(gettext(text, tag=repr(tag_id)))
        if tag_id in RESERVED:
            raise BadOperation(_("'%(tag)s' cannot be an id: it is a word of the API.", tag=tag_id))
        if tag_id in self.places:
            raise BadOperation(
                _("'%(tag)s' was an id before, and an id is never used again. Undo its removal instead.", tag=tag_id)
            )
        if not TAG_ID.fullmatch(tag_id):
            raise BadOperation(_("The id '%(tag)s' must be of a-z, 0-9 and hyphens, at most 80.", tag=tag_id[:80]))
        return tag_id

    def known_kind(self, kind: str) -> str:
        """Return a kind that there is, or raise `BadOperation`."""
        known = self.kinds or {tag.kind for tag in self.tags.values()} or {kind}
        if kind not in known:
            raise BadOperation(
                _(
                    "There is no kind %(kind)s; there are %(names)s.",
                    kind=repr(kind[:40]),
                    names=", ".join(sorted(known)),
                )
            )
        return kind

    def _check(self, touched: Iterable[str]) -> None:
        """Check what the touched tags name, and that no other living tag has an alias of theirs."""
        living = [tag for tag_id in touched if (tag := self.tags.get(tag_id)) is not None and not tag.retired]
        for tag in living:
            for above in tag.broader:
                self.living(above)
            if tag.broader and leads_back(self.tags, tag.id, "broader"):
                raise BadOperation(
                    _("'%(tag)s' would be broader than itself. Move it, or what is above it, first.", tag=tag.id)
                )
        owners = self.owners({alias_key(alias) for tag in living for alias in tag.aliases})
        for tag in living:
            for alias in tag.aliases:
                for owner, others in owners.get(alias_key(alias), ()):
                    if owner != tag.id and not (alias.shared and others.shared):
                        raise BadOperation(
                            _(
                                "The alias %(alias)s of %(tag)s is also one of %(other)s. Take it off one of them, or mark both `shared: true`.",
                                alias=repr(alias.text),
                                tag=repr(tag.id),
                                other=repr(owner),
                            )
                        )
        for tag_id in touched:
            if tag_id in self.tags and leads_back(self.tags, tag_id, "replaced_by"):
                raise BadOperation(_("'%(tag)s' would be replaced by itself.", tag=tag_id))

    def owners(self, keys: set[str]) -> dict[str, list[tuple[str, Alias]]]:
        """Return the living tags that have aliases with some keys."""
        owners: dict[str, list[tuple[str, Alias]]] = {}
        for key in filter(None, keys):
            if found := self._index.owners(key):
                owners[key] = sorted(found, key=lambda owned: self.places[owned[0]])
        return owners

    def with_label_as_alias(self, tag: Tag, label: str) -> tuple[Alias, ...]:
        """Return the aliases of a tag with a label, unless its kind says no, it has it, or the alias would not be safe."""
        alias = Alias(label)
        has = alias_key(alias) in {alias_key(other) for other in tag.aliases} | {other.text for other in tag.aliases}
        if has or not self.kinds.get(tag.kind, Kind()).label_is_alias or alias_problems(alias):
            return tag.aliases
        others = {owner for owner, _ in self.owners({alias_key(alias)}).get(alias_key(alias), ())} - {tag.id}
        return tag.aliases if others else (*tag.aliases, alias)


def states_of(edits: Edits, tags: Mapping[str, Tag]) -> dict[str, tuple[Tag | None, Tag | None]]:
    """Return each tag of some edits as it was before and as it is after them, None where there was or is none.

    `tags` are those after the edits.
    """
    states: dict[str, tuple[Tag | None, Tag | None]] = {}
    for edit in reversed(edits):
        if edit.tag is not None:
            before, after = states.get(edit.tag, (tags.get(edit.tag),) * 2)
            if edit.field is None:
                before = edit.before
            elif before is not None:
                before = replace(before, **{edit.field: edit.before})
            states[edit.tag] = before, after
    return dict(reversed(states.items()))


def _value_before(edit: Edit, present: Any) -> Any:
    """Return the value of a field without what an edit did to it. Raise `BadOperation` if it was changed since."""
    if present == edit.after:
        return edit.before
    if not isinstance(present, tuple) or not set(edit.after) - set(edit.before) <= set(present):
        raise BadOperation(_("`%(field)s` of '%(tag)s' was changed since.", field=edit.field, tag=edit.tag))
    stays = [value for value in present if value not in edit.after or value in edit.before]
    values = tuple(dict.fromkeys([*stays, *(value for value in edit.before if value not in edit.after)]))
    if edit.field in ("labels", "notes"):
        return tuple(sorted(values))
    return tuple(sorted(values, key=lambda pair: RELATIONS.index(pair[0]))) if edit.field == "matches" else values
