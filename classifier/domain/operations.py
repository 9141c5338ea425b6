"""Operations that change a taxonomy, as values: read from JSON and written back.

`operation_lines` reads and writes them as lines of text. Whether an operation can be carried out is decided in `editing`,
where it meets a taxonomy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from classifier.domain.tag_fields import Pairs, from_plain
from classifier.domain.taxonomy import Alias, alias_from_json, alias_to_json
from classifier.errors import BadOperation
from classifier.texts import _

Ids = tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A change of a taxonomy. `op` names it, `forms` are the ways to write it."""

    op: ClassVar[str]
    forms: ClassVar[tuple[str, ...]]

    @classmethod
    def form(cls) -> str:
        """Return how it is written, for whoever has written it otherwise."""
        return _(", or: ").join(cls.forms)


@dataclass(frozen=True)
class Create(Operation):
    """Make a new tag. `fields` are its other fields as plain JSON, where an import has more of them."""

    tag: str
    label: str
    kind: str = "theme"
    broader: Ids = ()
    created: str | None = None
    fields: Any = None
    op, forms = "create", ('create ID "Label" [kind=KIND] [broader=ID,…] [created=DAY] [{"uri": "URI", …}]',)


@dataclass(frozen=True)
class Relabel(Operation):
    """Give a tag another label. In the main language the old one becomes an alias."""

    tag: str
    label: str
    lang: str | None = None
    op, forms = "relabel", ('relabel ID "Label" [lang=LANGUAGE]',)


@dataclass(frozen=True)
class Merge(Operation):
    """Retire tags in favour of another one, which gets their aliases."""

    tags: Ids
    into: str
    op, forms = "merge", ("merge ID [ID …] into ID",)


@dataclass(frozen=True)
class Rename(Operation):
    """Give a tag another id: a new tag that is the same in all else, and the old one is retired in its favour."""

    tag: str
    to: str
    op, forms = "rename", ("rename ID to NEW",)


@dataclass(frozen=True)
class Split(Operation):
    """Put several tags in the place of one, or below it if it is kept. `labels` are those of new ones."""

    tag: str
    into: Ids
    labels: Pairs = ()
    keep: bool = False
    op, forms = "split", ('split ID into ID[="Label"] ID[="Label"] … [keep]',)


@dataclass(frozen=True)
class Retire(Operation):
    """Retire a tag, in favour of another one if there is one."""

    tag: str
    into: str | None = None
    op, forms = "retire", ("retire ID [for ID]",)


@dataclass(frozen=True)
class Revive(Operation):
    """Make a retired tag an active one again."""

    tag: str
    op, forms = "revive", ("revive ID",)


@dataclass(frozen=True)
class Move(Operation):
    """Put a tag under others, or under none."""

    tag: str
    under: Ids = ()
    op, forms = "move", ("move ID under ID [ID …]", "move ID under -")


@dataclass(frozen=True)
class ChangeAlias(Operation):
    """Give a tag an alias, in the place of one with the same spelling, or take one off."""

    tag: str
    add: Alias | None = None
    drop: str | None = None
    op, forms = "alias", ('alias ID +"text" [{case: exact, needs: [word], …}]', 'alias ID -"text"')


@dataclass(frozen=True)
class SetField(Operation):
    """Give a field of a tag another value, as plain JSON; "" or None for the default.

    Of a field by language or by relation only the values that are named change.
    """

    tag: str
    field: str
    value: Any = None
    op, forms = "set", ("set ID FIELD=VALUE", "set ID notes.fr=TEXT")


@dataclass(frozen=True)
class Keep(Operation):
    """Keep what a vocabulary says of a URI and no field holds, in the place of what was kept of it; none for nothing."""

    uri: str
    statements: Ids = ()
    op, forms = "keep", ('keep URI "STATEMENT" …',)


BY_NAME: dict[str, type[Operation]] = {
    kind.op: kind for kind in (Create, Relabel, Merge, Rename, Split, Retire, Revive, Move, ChangeAlias, SetField, Keep)
}


def operation_to_json(operation: Operation) -> dict[str, Any]:
    """Return an operation as plain JSON: `op` and its fields, without what is at its default."""
    values = {f.name: (getattr(operation, f.name), f.default) for f in fields(operation)}
    return {"op": operation.op} | {name: _plain(value) for name, (value, default) in values.items() if value != default}


def _plain(value: Any) -> Any:
    if isinstance(value, Alias):
        return alias_to_json(value)
    if isinstance(value, tuple):
        return dict(value) if value and isinstance(value[0], tuple) else list(value)
    return value


def operation_from_json(value: Any) -> Operation:
    """Return the operation of plain JSON. Raise `BadOperation`, naming the field that is wrong."""
    kind = BY_NAME.get(str(value.get("op"))) if isinstance(value, Mapping) else None
    if kind is None:
        raise BadOperation(_("An operation has `op`, one of %(names)s.", names=", ".join(BY_NAME)))
    known = {f.name: f for f in fields(kind)}
    for name in value:
        if name not in known and name != "op":
            raise BadOperation(
                _(
                    "`%(op)s` has no field %(name)s; it has %(names)s.",
                    op=kind.op,
                    name=repr(name[:40]),
                    names=", ".join(known),
                )
            )
    values = {}
    for name, field in known.items():
        if name in value:
            try:
                values[name] = _READERS[field.type](value[name])
            except (ValueError, TypeError):
                raise BadOperation(
                    _(
                        "`%(name)s` of `%(op)s` cannot be %(value)s.",
                        name=name,
                        op=kind.op,
                        value=repr(str(value[name])[:80]),
                    )
                ) from None
    try:
        return kind(**values)
    except TypeError:
        missing = next(name for name in known if name not in values)
        raise BadOperation(
            _(
                "`%(op)s` needs `%(missing)s`. Written as a line: %(form)s",
                op=kind.op,
                missing=missing,
                form=kind.form(),
            )
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


_READERS: dict[Any, Callable[[Any], Any]] = {
    str: _text,
    str | None: _maybe(_text),
    bool: _flag,
    Ids: lambda value: from_plain("related", value),
    Pairs: lambda value: tuple((str(tag), _text(label)) for tag, label in dict(value).items()),
    Alias | None: _maybe(alias_from_json),
    Any: lambda value: value,
}
