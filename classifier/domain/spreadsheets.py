"""Cells of CSV files that spreadsheets open. A spreadsheet takes a text that begins like a formula for one."""

import csv
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from classifier.texts import _

MAX_CELL = 131_072  # characters, the default of `csv`
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula: with an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Return the text of a cell that `guarded` wrote."""
    return cell[1:] if _GUARDED.match(cell) else cell


class Row(NamedTuple):
    """A row of a table: the line on which it begins, and its cells by their columns, without blanks around them."""

    line: int
    cells: dict[str, str]


def rows_of(text: str) -> Iterator[list[str] | Row]:
    """Yield the columns of a CSV file, and then each row that is not empty. Commas, semicolons or tabs part the cells.

    Raises `csv.Error` with its line if it is no CSV, or a row has more cells than there are columns.
    """
    lines = io.StringIO(text.removeprefix("\ufeff"), newline="")
    heading = lines.readline()
    lines.seek(0)
    rows = csv.reader(lines, delimiter=max(",;\t", key=heading.count), strict=True)
    columns: list[str] | None = None
    line = 1
    try:
        for cells in rows:
            # The limit of `csv` belongs to the whole process, and the import of articles raises it.
            if any(len(cell) > MAX_CELL for cell in cells):
                raise csv.Error(_("field larger than field limit (%(most)s)", most=MAX_CELL))
            stripped = [unguarded(cell.strip()) for cell in cells]
            if columns is None:
                columns = stripped
                yield columns
            elif any(stripped):
                if len(stripped) > len(columns):
                    raise csv.Error(
                        _(
                            "has %(n)s cells, and there are %(n_columns)s columns",
                            n=len(stripped),
                            n_columns=len(columns),
                        )
                    )
                yield Row(line, dict(zip(columns, stripped, strict=False)))
            line = rows.line_num + 1
    except csv.Error as error:
        raise csv.Error(_("line %(line)s: %(problem)s", line=line, problem=error)) from None
