"""A CSV file with the names of tags and their uses -> an archive without texts."""

import csv
from pathlib import Path

from classifier.errors import BadNames
from classifier.importers.formats import open_bytes
from classifier.reports.draft.archive import Archive

MAX_NAMES = 200_000
MAX_LETTERS = 400  # of a name; more is text in the wrong column
NAME, USES = "name", "uses"


def read_names(path: Path) -> Archive:
    """Return the names of a CSV file: columns `name` and `uses`, or the first two columns of a file without a header.

    A name without uses counts once. Raises `BadNames` with every problem and its line.
    """
    try:
        with open_bytes(path) as file:
            text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadNames(str(path), [f"is not UTF-8: {error.reason}"]) from None
    rows = csv.reader(text.splitlines(keepends=True))
    uses: dict[str, int] = {}
    problems: list[str] = []
    at_name, at_uses = 0, 1
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            lower = [cell.lower() for cell in cells]
            if rows.line_num == 1 and NAME in lower:
                at_name, at_uses = lower.index(NAME), lower.index(USES) if USES in lower else len(lower)
            elif any(cells):
                name, n = ([*cells, "", ""][at] for at in (at_name, at_uses)) if len(cells) > at_name else ("", "")
                if problem := _problem(name, n):
                    problems.append(f"line {rows.line_num}: {problem}")
                else:
                    uses[name] = uses.get(name, 0) + int(n or 1)
    except csv.Error as error:
        problems.append(f"line {rows.line_num}: {error}")
    if not uses and not problems:
        problems.append("has no names")
    if len(uses) > MAX_NAMES:
        problems.append(f"has more than {MAX_NAMES} names")
    if problems:
        raise BadNames(str(path), problems[:100])
    return Archive(uses)


def _problem(name: str, uses: str) -> str:
    if not name:
        return "no name"
    if len(name) > MAX_LETTERS:
        return f"a name of more than {MAX_LETTERS} letters: {name[:60]!r}…"
    return "" if not uses or (uses.isdecimal() and len(uses) < 10) else f"uses {uses[:40]!r} are not a whole number"
