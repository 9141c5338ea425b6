"""A CSV file with the names of tags and their uses -> an archive without texts."""

import csv
from collections.abc import Iterator
from pathlib import Path

from classifier.errors import BadNames
from classifier.importers.formats import open_bytes
from classifier.reports.draft.archive import Archive

MAX_NAMES = 200_000
MAX_LETTERS = 400  # of a name; more is text in the wrong column
NAME, USES = "name", "uses"


def read_names(path: Path) -> Archive:
    """Return the names of a CSV file: columns `name` and `uses`, or the first two columns, whatever they are called.

    A name without uses counts once. Raises `BadNames` with every problem and its line.
    """
    try:
        with open_bytes(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadNames(str(path), [f"is not UTF-8: {error.reason}"]) from None
    uses: dict[str, int] = {}
    problems: list[str] = []
    try:
        for line, name, n in _rows(text):
            if problem := _problem(name, n):
                problems.append(f"line {line}: {problem}")
            else:
                uses[name] = uses.get(name, 0) + int(n or 1)
    except csv.Error as error:
        problems.append(str(error))
    if len(uses) > MAX_NAMES:
        problems.append(f"has more than {MAX_NAMES} names")
    if problems or not uses:
        raise BadNames(str(path), problems[:100] or ["has no names"])
    return Archive(uses)


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and uses of each row that is no heading and not empty."""
    rows = csv.reader(text.splitlines(keepends=True))
    at_name, at_uses = 0, 1
    for row in rows:
        cells = [cell.strip() for cell in row]
        if rows.line_num == 1 and (heads := [cell.lower() for cell in cells]) and _is_heading(heads):
            if NAME in heads:
                at_name, at_uses = heads.index(NAME), heads.index(USES) if USES in heads else len(heads)
        elif any(cells):
            padded = [*cells, *[""] * (max(at_name, at_uses) + 1)]
            yield rows.line_num, padded[at_name], padded[at_uses]


def _is_heading(cells: list[str]) -> bool:
    return NAME in cells or (len(cells) > 1 and cells[1] != "" and not cells[1].isdecimal())


def _problem(name: str, uses: str) -> str:
    if not name:
        return "no name"
    if len(name) > MAX_LETTERS:
        return f"a name of more than {MAX_LETTERS} letters: {name[:60]!r}…"
    return "" if not uses or (uses.isdecimal() and len(uses) < 10) else f"uses {uses[:40]!r} are not a whole number"
