"""Operations as a table (CSV): a column `op`, and a column for each field that one of them has, as in their JSON.

    op,tag,label,kind,broader,created,lang,tags,into,to,labels,keep,under,add,drop,field,value,uri,statements,fields

Lists are written with a bar between their values, a new alias as in the table of tags, and `labels` of a split as
`army=Army | navy=Navy`.
"""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from classifier.domain.exchange.table import BAR, aliases_of
from classifier.domain.operations import BY_NAME, Operation, Split, operation_from_json
from classifier.domain.spreadsheets import Row, rows_of
from classifier.domain.taxonomy import alias_to_json
from classifier.errors import BadOperation, BadOperations
from classifier.texts import _

COLUMNS = ("op", *dict.fromkeys(field.name for kind in BY_NAME.values() for field in fields(kind)))


def operations_of_rows(text: str, name: str) -> Sequence[Operation]:
    """Return the operations of a CSV file, in their order. Raise `BadOperations` with every problem, its line and column."""
    operations, problems = list[Operation](), list[str]()
    try:
        for row in rows_of(text):
            if isinstance(row, Row):
                _read(row, operations, problems)
            elif unknown := [column for column in row if column not in COLUMNS] or (
                [] if "op" in row else [_("no `op`")]
            ):
                problems.append(
                    _(
                        "line 1: %(column)s is no column; there are %(names)s",
                        column=repr(unknown[0][:40]),
                        names=", ".join(COLUMNS),
                    )
                )
                break
    except csv.Error as error:
        problems.append(str(error))
    if problems or not operations:
        raise BadOperations(name, problems[:100] or [_("has no operation")])
    return operations


def _read(row: Row, operations: list[Operation], problems: list[str]) -> None:
    values: dict[str, Any] = {}
    for column, cell in row.cells.items():
        if cell or (column == "value" and row.cells.get("op") == "set"):
            try:
                values[column] = _READERS.get(column, str)(cell) if column != "into" else _into(row, cell)
            except ValueError as error:
                problems.append(
                    _("line %(line)s, column %(column)s: %(problem)s", line=row.line, column=column, problem=error)
                )
                return
    try:
        operations.append(operation_from_json(values))
    except BadOperation as error:
        problems.append(_("line %(line)s: %(problem)s", line=row.line, problem=error))


def _into(row: Row, cell: str) -> Any:
    return _list(cell) if row.cells.get("op") == Split.op else cell


def _list(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(BAR.strip()) if part.strip()]


def _flag(cell: str) -> bool:
    if cell.lower() not in ("true", "false"):
        raise ValueError(_("%(cell)s is not true or false", cell=repr(cell[:40])))
    return cell.lower() == "true"


def _alias(cell: str) -> dict[str, object]:
    aliases = aliases_of(cell)
    if len(aliases) != 1:
        raise ValueError(_("there must be one alias"))
    return alias_to_json(aliases[0])


def _pairs(cell: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in _list(cell)]
    if not all(equals for _tag, equals, _label in pairs):
        raise ValueError(_("labels are written like: army=Army | navy=Navy"))
    return {tag.strip(): label.strip() for tag, _equals, label in pairs}


def _value(cell: str) -> Any:
    """Return the value of `set`: a mapping where it is written as one, else the text."""
    return _json(cell) if cell.startswith("{") else cell


def _json(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise ValueError(_("%(cell)s is not JSON", cell=repr(cell[:80]))) from None


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("broader", "tags", "under", "statements"), _list),
    **{"keep": _flag, "add": _alias, "labels": _pairs, "value": _value, "fields": _json},
}
