"""Which operations make a taxonomy have tags as a file has them. Tags that the file lacks stay as they are."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from classifier.domain.alias_checks import alias_key
from classifier.domain.applying import carry_out
from classifier.domain.editing import Editor
from classifier.domain.operations import ChangeAlias, Create, Move, Operation, Relabel, Retire, Revive, SetField
from classifier.domain.tag_fields import to_plain
from classifier.domain.taxonomy import Tag, alias_to_json, tag_to_json
from classifier.errors import BadOperation
from classifier.texts import _

_SET = ("kind", "note", "created", "uri", "notation", "caution", "threshold", "status", "labels", "notes", "matches")
_APART = frozenset(("id", "label", "kind", "broader", "created", "related", "origin", "retired_at"))
Report = Callable[[str, str, str], None]  # given a tag, a field and what is wrong with it


@dataclass
class Plan:
    """Operations, each carried out on a copy of the taxonomy as it is found. `at` is the moment in UTC, in ISO 8601.

    What cannot be carried out is reported, and the rest goes on.
    """

    editor: Editor
    at: str
    report: Report
    operations: list[Operation] = field(default_factory=list)

    def do(self, operation: Operation, tag: str, name: str) -> None:
        """Carry out an operation that a field of a tag asks for. One that changes nothing is none."""
        try:
            if carry_out(operation, self.editor, self.at):
                self.operations.append(operation)
        except BadOperation as error:
            self.report(tag, name, str(error))

    def bring(self, tags: Iterable[Tag]) -> None:
        """Make the taxonomy have tags as these are."""
        wanted = {tag.id: tag for tag in tags}
        there = [tag for tag in wanted.values() if tag.id in self.editor.tags]
        self._revive(there)
        leaving = [tag for tag in there if tag.retired and not self.editor.tags[tag.id].retired]
        leaving.sort(key=lambda tag: -_n_heirs(tag, wanted))
        for tag in leaving:
            self._set_fields(tag)
        self._retire([tag for tag in leaving if tag.replaced_by is None or self._is_living(tag.replaced_by)])
        for tag in there:
            self._drop_aliases(tag)
        self._create(tag for tag in _named_first(wanted, lambda tag: tag.broader) if not tag.retired)
        self._retire(leaving)  # now that their heirs are there
        self._create(tag for tag in _named_first(wanted, lambda tag: (tag.replaced_by, *tag.parts)) if tag.retired)
        for tag in wanted.values():
            if tag.id in self.editor.tags and not tag.retired:
                self._complete(tag)
        for tag in there:
            if tag.retired and tag not in leaving:
                self._check_retired(tag)

    def _revive(self, tags: Iterable[Tag]) -> None:
        for tag in tags:
            if self.editor.tags[tag.id].retired and not tag.retired:
                self.do(Revive(tag.id), tag.id, "status")

    def _complete(self, tag: Tag) -> None:
        """Give a tag all that names others, or that others may have had."""
        self._set_fields(tag)
        self._add_aliases(tag)
        present = self.editor.tags[tag.id]
        if tag.broader != present.broader:
            self.do(Move(tag.id, tag.broader), tag.id, "broader")
        if tag.related != present.related:
            self.do(SetField(tag.id, "related", " ".join(tag.related)), tag.id, "related")

    def _is_living(self, tag_id: str) -> bool:
        return tag_id in self.editor.tags and not self.editor.tags[tag_id].retired

    def _create(self, tags: Iterable[Tag]) -> None:
        for tag in tags:
            if tag.id not in self.editor.tags:
                broader = tuple(above for above in tag.broader if self._is_living(above))
                fields = self._fields_of_new(tag) or None
                self.do(Create(tag.id, tag.label, tag.kind, broader, tag.created, fields), tag.id, "id")

    def _fields_of_new(self, tag: Tag) -> dict[str, Any]:
        bare = replace(tag, aliases=())
        fields = {name: value for name, value in tag_to_json(bare).items() if name not in _APART}
        if set(tag.aliases) != set(self.editor.with_label_as_alias(bare, tag.label)):
            owners = self.editor.owners({alias_key(alias) for alias in tag.aliases})
            free = [alias for alias in tag.aliases if tag.retired or alias.shared or alias_key(alias) not in owners]
            fields["aliases"] = list(map(alias_to_json, free))
        plain: dict[str, Any] = json.loads(json.dumps(fields))  # as the log gives it back
        return plain

    def _retire(self, tags: Iterable[Tag]) -> None:
        for tag in tags:
            if not self.editor.tags[tag.id].retired:
                field = "replaced_by" if tag.replaced_by else "status"
                self.do(Retire(tag.id, tag.replaced_by), tag.id, field)

    def _set_fields(self, tag: Tag) -> None:
        if tag.label != self.editor.tags[tag.id].label:
            self.do(Relabel(tag.id, tag.label), tag.id, "label")
        for name in _SET:
            before, after = getattr(self.editor.tags[tag.id], name), getattr(tag, name)
            if after not in (before, "retired") and not (name in ("created", "threshold") and after is None):
                self.do(SetField(tag.id, name, _new_value(name, before, after)), tag.id, name)

    def _drop_aliases(self, tag: Tag) -> None:
        texts = {alias.text for alias in tag.aliases}
        for alias in () if self.editor.tags[tag.id].retired else self.editor.tags[tag.id].aliases:
            if alias.text not in texts:
                self.do(ChangeAlias(tag.id, drop=alias.text), tag.id, "aliases")

    def _add_aliases(self, tag: Tag) -> None:
        for alias in tag.aliases:
            if alias not in self.editor.tags[tag.id].aliases:
                self.do(ChangeAlias(tag.id, alias), tag.id, "aliases")
        self._drop_aliases(tag)  # a new label has left the old one

    def _check_retired(self, tag: Tag) -> None:
        present = self.editor.tags[tag.id]
        for name in ("replaced_by", "label", "aliases", *_SET):
            if getattr(present, name) != getattr(tag, name) and getattr(tag, name) is not None:
                self.report(
                    tag.id,
                    name,
                    _(
                        "%(tag)s is retired, and stays as it is. Revive it first: %(operation)s",
                        tag=repr(tag.id),
                        operation="revive " + tag.id,
                    ),
                )
                return


def _new_value(name: str, before: Any, after: Any) -> Any:
    """Return the value with which `set` turns one value of a field into another."""
    if name not in ("labels", "notes", "matches"):
        return to_plain(name, after) if after not in (None, False) else ""
    had, has = to_plain(name, before), to_plain(name, after)
    return {key: has.get(key, "") for key in {**had, **has} if had.get(key) != has.get(key)}


def _n_heirs(tag: Tag, wanted: Mapping[str, Tag]) -> int:
    """Return how many retired tags replace a tag one after another. A circle ends."""
    passed = {tag.id}
    while (heir := wanted.get(tag.replaced_by or "")) is not None and heir.retired and heir.id not in passed:
        passed.add(heir.id)
        tag = heir
    return len(passed)


def _named_first(wanted: Mapping[str, Tag], names: Callable[[Tag], Sequence[str | None]]) -> Iterable[Tag]:
    """Yield tags, those that others name before these. Circles are broken anywhere."""
    passed = set[str]()
    for first in wanted:
        waiting = [(first, False)]
        while waiting:
            tag_id, is_after = waiting.pop()
            if is_after:
                yield wanted[tag_id]
            elif tag_id not in passed:
                passed.add(tag_id)
                named = [(name, False) for name in names(wanted[tag_id]) if name in wanted]
                waiting += [(tag_id, True), *reversed([(str(name), each) for name, each in named])]
