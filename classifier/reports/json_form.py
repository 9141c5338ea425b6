"""Reports as plain JSON and back: the fields of their dataclasses are the keys."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_Report = TypeVar("_Report")


def to_json(value: Any) -> Any:
    """Return a report as plain JSON. The underscore that ends a field such as `from_` is not part of its key."""
    if is_dataclass(value):
        return {field.name.rstrip("_"): to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    return [to_json(item) for item in value] if isinstance(value, list | tuple) else value


def from_json(report_type: type[_Report], content: Any) -> _Report:
    """Read a report that was stored as JSON. Keys without a field are ignored; keys that are missing need a default."""
    kind: Any = report_type
    report: _Report = _reader(kind)(content)
    return report


_Reader = Callable[[Any], Any]


@cache
def _reader(hint: Any) -> _Reader:
    """Return what reads values of a type. It is made once: a report may have tens of thousands of rows."""
    if isinstance(hint, type) and is_dataclass(hint):
        return _reader_of_rows(hint)
    container, members = get_origin(hint), get_args(hint)
    if container in (Union, UnionType):
        return lambda value: None if value is None else _reader(_fitting(members, value))(value)
    if container in (list, tuple):
        return lambda values: None if values is None else container(map(_reader(members[0]), values))
    return lambda value: value


def _reader_of_rows(row_type: Any) -> _Reader:
    readers = [(name, name.rstrip("_"), hint) for name, hint in _hints(row_type).items()]

    def read(row: Any) -> Any:
        if row is None:
            return None
        return row_type(**{name: _reader(hint)(row[key]) for name, key, hint in readers if key in row})

    return read


@cache
def _hints(row_type: Any) -> dict[str, Any]:
    return get_type_hints(row_type)


def _fitting(members: tuple[Any, ...], value: Any) -> Any:
    """Return the type of a union that a value belongs to: of several dataclasses the one with most fields."""
    if not isinstance(value, dict):
        return next(member for member in members if not is_dataclass(member))
    fitting = [member for member in members if is_dataclass(member) and _hints(member).keys() <= value.keys()]  # type: ignore[arg-type]
    return max(fitting or members[:1], key=lambda member: len(_hints(member)))
