"""What each operation does to a taxonomy."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

from classifier.domain.alias_checks import alias_key, alias_problems
from classifier.domain.editing import Editor, Edits
from classifier.domain.operations import (
    ChangeAlias,
    Create,
    Keep,
    Merge,
    Move,
    Operation,
    Relabel,
    Rename,
    Retire,
    Revive,
    SetField,
    Split,
)
from classifier.domain.statements import KEPT_OF, STATEMENT
from classifier.domain.tag_fields import FIELDS, check_language, from_plain, to_plain
from classifier.domain.taxonomy import Tag, Taxonomy, alias_from_json
from classifier.errors import BadOperation
from classifier.texts import N_, _, gettext

_NUMBERS = ("caution", "threshold")  # which may be numbers beside texts
_SETTABLE = (
    *("note", "created", "uri", "notation", *_NUMBERS, "related", "labels", "notes", "matches", "status", "kind"),
)
_OF_NEW = frozenset((*_SETTABLE, "aliases", "replaced_by", "parts")) - {"created", "kind"}
_DAY = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")


def carry_out(operation: Operation, editor: Editor, at: str) -> Edits:
    """Carry out an operation and return its edits. `at` is the moment in UTC, in ISO 8601.

    Raises:
        BadOperation: if it does not fit the taxonomy. Nothing was changed then.
    """
    return editor.change(lambda: _do(operation, editor, at))


def adopt(taxonomy: Taxonomy, editor: Editor, at: str) -> Edits:
    """Take over another taxonomy as it is, and return the edits. Tags that it lacks are retired."""
    return editor.change(lambda: _adopt(editor, taxonomy, at), check=False)


@singledispatch
def _do(operation: Operation, editor: Editor, at: str) -> None:
    raise NotImplementedError


@_do.register
def _create(operation: Create, editor: Editor, at: str) -> None:
    day = operation.created or at[:10]
    if not _DAY.fullmatch(day):
        raise BadOperation(_("`created` is a day like 2014-06-29, not %(day)s.", day=repr(day[:40])))
    new_id, kind = editor.new_id(operation.tag), editor.known_kind(operation.kind)
    broader = tuple(editor.living(above).id for above in operation.broader)
    tag = Tag(new_id, operation.label, kind, broader, created=day)
    more = _fields_of_new(operation.fields or {}, tag, editor, at)
    if "aliases" not in more:
        more["aliases"] = editor.with_label_as_alias(tag, tag.label)
    editor.make(replace(tag, **more))


@_do.register
def _relabel(operation: Relabel, editor: Editor, at: str) -> None:
    tag = editor.living(operation.tag)
    if operation.lang is not None:
        editor.set_fields(tag.id, labels=_changed(tag, "labels", {operation.lang: operation.label}))
        return
    aliases = editor.with_label_as_alias(tag, tag.label)
    editor.set_fields(tag.id, label=operation.label, aliases=aliases)
    editor.set_fields(tag.id, aliases=editor.with_label_as_alias(editor.tags[tag.id], operation.label))


@_do.register
def _merge(operation: Merge, editor: Editor, at: str) -> None:
    heir = editor.living(operation.into)
    tags = [editor.living(tag_id) for tag_id in dict.fromkeys(operation.tags)]
    if not tags or heir in tags:
        raise BadOperation(_("'%(tag)s' cannot be merged into itself.", tag=operation.into))
    for tag in tags:
        _redirect(editor, tag, heir, at)
    by_key = {alias_key(alias): alias for tag in reversed((heir, *tags)) for alias in reversed(tag.aliases)}
    moved = [alias for tag in tags for alias in tag.aliases if by_key[alias_key(alias)] is alias]
    editor.set_fields(heir.id, aliases=(*heir.aliases, *moved))


@_do.register
def _rename(operation: Rename, editor: Editor, at: str) -> None:
    tag = editor.living(operation.tag)
    editor.make(replace(tag, id=editor.new_id(operation.to), origin=tag.id))
    _redirect(editor, tag, editor.tags[operation.to], at)


@_do.register
def _split(operation: Split, editor: Editor, at: str) -> None:
    tag, labels = editor.living(operation.tag), dict(operation.labels)
    if len(set(operation.into)) < max(2, len(operation.into)) or tag.id in operation.into:
        raise BadOperation(_("'%(tag)s' is split into at least two other tags, each named once.", tag=tag.id))
    for part_id in operation.into:
        if part_id in editor.tags:
            part = editor.living(part_id)
            _check_kind(part, tag)
            if operation.keep and tag.id not in part.broader:
                editor.set_fields(part_id, broader=(*part.broader, tag.id))
        else:
            label = labels.get(part_id) or part_id.replace("-", " ")
            broader = (tag.id,) if operation.keep else tag.broader
            part = Tag(editor.new_id(part_id), label, tag.kind, broader, created=tag.created, origin=tag.id)
            editor.make(replace(part, aliases=editor.with_label_as_alias(part, label)))
    editor.set_fields(tag.id, parts=tuple(dict.fromkeys((*tag.parts, *operation.into))))
    if not operation.keep:
        _retire_tag(editor, editor.tags[tag.id], None, at)


@_do.register
def _retire(operation: Retire, editor: Editor, at: str) -> None:
    tag = editor.living(operation.tag)
    if operation.into is None:
        _retire_tag(editor, tag, None, at)
    else:
        _redirect(editor, tag, editor.living(operation.into), at)


@_do.register
def _revive(operation: Revive, editor: Editor, at: str) -> None:
    tag = editor.tags.get(operation.tag)
    if tag is None or not tag.retired:
        raise BadOperation(_("There is no retired tag '%(tag)s'.", tag=operation.tag[:80]))
    taken = editor.owners({alias_key(alias) for alias in tag.aliases})
    aliases = tuple(alias for alias in tag.aliases if alias_key(alias) not in taken or alias.shared)
    editor.set_fields(tag.id, status="active", replaced_by=None, retired_at=None, aliases=aliases)


@_do.register
def _move(operation: Move, editor: Editor, at: str) -> None:
    tag = editor.living(operation.tag)
    editor.set_fields(tag.id, broader=tuple(dict.fromkeys(editor.living(above).id for above in operation.under)))


@_do.register
def _change_alias(operation: ChangeAlias, editor: Editor, at: str) -> None:
    tag = editor.living(operation.tag)
    if (operation.add is None) == (operation.drop is None):
        raise BadOperation(_("An alias is either added or taken off."))
    if operation.add is None:
        text = str(operation.drop)
        aliases = [alias for alias in tag.aliases if alias.text != text]
        if len(aliases) == len(tag.aliases):
            raise BadOperation(_("'%(tag)s' has no alias '%(alias)s'.", tag=tag.id, alias=text[:80]))
    else:
        if problems := alias_problems(operation.add):
            raise BadOperation(
                _("This cannot be an alias of '%(tag)s': %(reasons)s.", tag=tag.id, reasons="; ".join(problems))
            )
        key = alias_key(replace(operation.add, case_exact=False))
        aliases = [
            operation.add if alias_key(replace(alias, case_exact=False)) == key else alias for alias in tag.aliases
        ]
        aliases = list(dict.fromkeys([*aliases, operation.add]))
    editor.set_fields(tag.id, aliases=tuple(aliases))


@_do.register
def _set_field(operation: SetField, editor: Editor, at: str) -> None:
    tag, name = editor.living(operation.tag), operation.field
    if name not in _SETTABLE:
        raise BadOperation(
            _("`set` changes %(names)s, not %(name)s.", names=", ".join(_SETTABLE), name=repr(name[:40]))
        )
    try:
        value = _changed(tag, name, operation.value)
    except ValueError as error:
        raise BadOperation(f"{tag.id!r}: {error}.") from None
    if name == "status" and value not in ("active", "muted"):
        raise BadOperation(
            _("`status` is set to active or muted, not %(value)s; `retire` retires a tag.", value=repr(str(value)[:40]))
        )
    if name == "created" and value is not None and not _DAY.fullmatch(value):
        raise BadOperation(_("`created` is a day like 2014-06-29, not %(day)s.", day=repr(value[:40])))
    if (
        name == "kind"
        and editor.known_kind(value) != tag.kind
        and any(other.replaced_by == tag.id for other in editor.namers(tag.id))
    ):
        raise BadOperation(
            _(
                "'%(tag)s' stands in the place of tags of the kind '%(kind)s', so it stays of this kind.",
                tag=tag.id,
                kind=tag.kind,
            )
        )
    if name == "related":
        for other in value:
            if editor.living(other) is tag:
                raise BadOperation(_("'%(tag)s' cannot be related to itself.", tag=tag.id))
    editor.set_fields(tag.id, **{name: value})


@_do.register
def _keep(operation: Keep, editor: Editor, at: str) -> None:
    if not KEPT_OF.fullmatch(operation.uri):
        raise BadOperation(_("%(uri)s is no URI of which statements are kept.", uri=repr(operation.uri[:80])))
    for statement in operation.statements:
        if not STATEMENT.fullmatch(statement):
            raise BadOperation(
                _("%(statement)s is no statement in N-Triples without its subject.", statement=repr(statement[:80]))
            )
    editor.keep(operation.uri, operation.statements)


# --- their parts ------------------------------------------------------------------------------------------------


def _fields_of_new(fields: Any, tag: Tag, editor: Editor, at: str) -> dict[str, Any]:
    """Return the values of further fields of a new tag. A retired one is replaced by what leads to a living tag, or nothing."""
    if not isinstance(fields, Mapping) or not _OF_NEW.issuperset(fields):
        raise BadOperation(_("The fields of a new tag are %(names)s.", names=", ".join(sorted(_OF_NEW))))
    try:
        more = {name: _of_new(name, value) for name, value in fields.items()}
    except (ValueError, TypeError) as error:
        raise BadOperation(f"{tag.id!r}: {error}.") from None
    for alias in more.get("aliases", ()):
        if problems := alias_problems(alias):
            raise BadOperation(
                _("This cannot be an alias of '%(tag)s': %(reasons)s.", tag=tag.id, reasons="; ".join(problems))
            )
    for other in (*more.get("related", ()), *more.get("parts", ())):
        editor.living(other)
    if (heir := more.get("replaced_by")) is not None:
        last = editor.tags.get(heir)
        while last is not None and last.retired:
            last = editor.tags.get(last.replaced_by or "")
        if last is None:
            raise BadOperation(
                _("%(other)s, in the place of %(tag)s, leads to no living tag.", other=repr(heir), tag=repr(tag.id))
            )
        _check_kind(tag, editor.tags[heir])
    if (more.get("status") == "retired") < (heir is not None):
        raise BadOperation(_("%(tag)s has `replaced_by` but is not retired.", tag=repr(tag.id)))
    return more | ({"retired_at": at} if more.get("status") == "retired" else {})


def _of_new(name: str, value: Any) -> Any:
    if name == "aliases":
        return tuple(map(alias_from_json, value))
    if name == "status" and value not in ("active", "muted", "retired"):
        raise ValueError(_("`status` cannot be %(value)s", value=repr(str(value)[:40])))
    if name in FIELDS:
        return from_plain(name, value)
    if not isinstance(value, str):
        raise ValueError(_("`%(name)s` must be a text", name=name))
    return value


def _check_kind(tag: Tag, heir: Tag) -> None:
    if tag.kind != heir.kind:
        facts = {"tag": tag.id, "kind": tag.kind, "other": heir.id, "other_kind": heir.kind}
        text = N_(
            "Only tags of one kind may take each other's place: '%(tag)s' is a %(kind)s, '%(other)s' a %(other_kind)s."
        )
        raise BadOperation(gettext(text, **facts))


def _redirect(editor: Editor, tag: Tag, heir: Tag, at: str) -> None:
    if tag.id == heir.id:
        raise BadOperation(_("'%(tag)s' cannot take its own place.", tag=tag.id))
    _check_kind(tag, heir)
    _retire_tag(editor, tag, heir.id, at)


def _retire_tag(editor: Editor, tag: Tag, heir: str | None, at: str) -> None:
    """Retire a tag. What names it as broader or related then names its heir, or what is above it."""
    editor.set_fields(tag.id, status="retired", replaced_by=heir, retired_at=at)
    for other in editor.namers(tag.id):
        if tag.id in other.broader:
            above = (heir,) if heir is not None and heir != other.id else tag.broader
            editor.set_fields(other.id, broader=_instead(other.broader, tag.id, above, other.id))
        if tag.id in other.related:
            editor.set_fields(other.id, related=_instead(other.related, tag.id, (heir,) if heir else (), other.id))


def _adopt(editor: Editor, taxonomy: Taxonomy, at: str) -> None:
    editor.set_kinds(taxonomy.kinds)
    for tag in taxonomy.tags:
        retired_at = tag.retired_at or (at if tag.retired else None)
        if tag.id in editor.tags:
            before = editor.tags[tag.id]
            stays = before.retired_at if tag.retired and before.replaced_by == tag.replaced_by else None
            editor.set_fields(tag.id, **vars(replace(tag, retired_at=stays or retired_at)))
        else:
            editor.make(replace(tag, retired_at=retired_at))
    for missing in [tag for tag in editor.tags.values() if tag.id not in taxonomy.by_id and not tag.retired]:
        editor.set_fields(missing.id, status="retired", retired_at=at)


def _instead(ids: Sequence[str], old: str, new: Sequence[str], but: str) -> tuple[str, ...]:
    put = (each for tag_id in ids for each in (new if tag_id == old else (tag_id,)))
    return tuple(dict.fromkeys(each for each in put if each != but))


def _changed(tag: Tag, name: str, value: Any) -> Any:
    """Return the new value of a field. Raise `ValueError` if it cannot have it."""
    if name in ("related",) and isinstance(value, str):
        return from_plain(name, value.replace(",", " ").split())
    if name in ("labels", "notes", "matches"):
        if not isinstance(value, Mapping):
            raise ValueError(
                _(
                    "`%(name)s` is set by its parts, like `%(name)s.%(part)s=…`",
                    name=name,
                    part="exact" if name == "matches" else "fr",
                )
            )
        parts = {
            key: part.split() if name == "matches" and isinstance(part, str) else part for key, part in value.items()
        }
        for key in parts if name != "matches" else ():
            check_language(key)
        together = to_plain(name, getattr(tag, name)) | parts
        return from_plain(name, {key: part for key, part in together.items() if part})
    if value in ("", None):
        return getattr(Tag, name, None)
    if not isinstance(value, str) and name not in _NUMBERS:
        raise ValueError(_("`%(name)s` must be a text", name=name))
    return from_plain(name, value)
