"""CSV -> articles: a row each. The header names the columns, and `columns` maps them to fields."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from classifier.domain.articles import COLUMNS, TEXT_FIELDS, Article
from classifier.errors import BadArticle
from classifier.importers.formats import open_bytes
from classifier.importers.records import (
    MAX_TEXT,
    ArticleRecord,
    CmsTerm,
    ReadOptions,
    Record,
    SetAside,
    encoding_of,
    place_of,
    shown,
    sound_text,
)
from classifier.texts import _

_DELIMITERS = ",;\t|"
_SEPARATORS = ";|,"  # of tags within a cell; the first that a cell has
_MAX_ROW = 4 * MAX_TEXT
_MAX_HEADER = 100_000
_NAMED_DELIMITER = re.compile(r'"?sep=([^"\r\n])"?\s*', re.IGNORECASE)  # what Excel reads and writes in a first line


def read_rows(path: Path, options: ReadOptions) -> Iterator[Record]:
    """Yield the articles of a CSV file. Raises `BadArticle` if a needed column is missing, or a row has no end."""
    csv.field_size_limit(MAX_TEXT)
    with open_bytes(path, options.amount) as file:
        encoding = encoding_of(file.peek(3)[:3], options.encoding)
        text = io.TextIOWrapper(file, encoding=encoding, errors="surrogateescape", newline="")
        try:
            yield from _Table(path, replace(options, encoding=encoding)).read(_Lines(text, path))
        except UnicodeError as error:
            raise BadArticle(
                _("%(path)s is not %(encoding)s: %(error)s.", path=path, encoding=encoding, error=error), ""
            ) from None


def header_of(path: Path, options: ReadOptions) -> list[str]:
    """Return the names of the columns of a CSV file. Raises `BadArticle` if it has no first row that can be read."""
    csv.field_size_limit(MAX_TEXT)
    with open_bytes(path) as file:
        encoding = encoding_of(file.peek(3)[:3], options.encoding)
        lines = _Lines(io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=""), path)
        try:
            return [cell.strip() for cell in _Table(path, options).header(lines)[1] if cell.strip()]
        except UnicodeError as error:
            raise BadArticle(
                _("%(path)s is not %(encoding)s: %(error)s.", path=path, encoding=encoding, error=error), ""
            ) from None


class _Lines:
    """The lines of a text. Refuses a row that has no end."""

    def __init__(self, text: io.TextIOWrapper, path: Path) -> None:
        self._text, self._path = text, path
        self.n_lines = self.row = 0  # lines read so far; line in which the row begins
        self._n_characters = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.n_lines += 1
        self._n_characters += len(line)
        if self._n_characters > _MAX_ROW:
            text = _(
                "%(place)s: the row has more than %(most)s MB; not read on. Perhaps a quotation mark that opens a field is not closed.",
                place=place_of(str(self._path), self.row),
                most=_MAX_ROW >> 20,
            )
            raise BadArticle(text, "")
        return line

    def begin_row(self) -> None:
        """Note that the next line begins a row."""
        self.row, self._n_characters = self.n_lines + 1, 0


class _Table:
    """A file that is being read, with the columns of each field."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file, self.options = str(path), options
        self.columns: dict[str, list[int]] = {}  # field -> positions
        self.n_columns = 0
        self.ignored: frozenset[str] = frozenset()

    def header(self, lines: _Lines) -> tuple[Iterator[list[str]], list[str]]:
        """Return the rows that follow, and the names of the columns."""
        lines.begin_row()
        first = next(lines, "")
        named = _NAMED_DELIMITER.fullmatch(first)
        if named:
            lines.begin_row()
            first = next(lines, "")
        delimiter = self.options.delimiter or (named[1] if named else self._delimiter(first))
        rows = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        header = self._next(rows, lines)
        if isinstance(header, SetAside):
            raise BadArticle(f"{header.place}: {header.reason}", "")
        return rows, header or []

    def read(self, lines: _Lines) -> Iterator[Record]:
        rows, header = self.header(lines)
        self._read_header(header, lines.row)
        lines.begin_row()
        while (row := self._next(rows, lines)) is not None:
            if isinstance(row, SetAside):
                yield row
            elif any(map(str.strip, row)):
                yield self._read(row, lines.row)
            lines.begin_row()

    def _delimiter(self, header: str) -> str:
        names = set(map(_key, set(chain(*(self.options.columns or {}).values())) or COLUMNS))

        def quality(delimiter: str) -> tuple[int, int]:
            cells = next(csv.reader([header[:_MAX_HEADER]], delimiter=delimiter), [])
            return len(names.intersection(map(_key, cells))), len(cells)

        return max(_DELIMITERS, key=quality)

    def _read_header(self, header: Sequence[str], line: int) -> None:
        keys = [_key(sound_text(cell, self.options.encoding)) for cell in header]
        columns: Mapping[str, tuple[str, ...]] = self.options.columns or {name: (name,) for name in COLUMNS}
        for field, names in columns.items():
            positions = [position for name in names for position, key in enumerate(keys) if key == _key(name)]
            if positions:
                self.columns[field] = positions
            if len(positions) > 1 and field != "tags":
                where = place_of(self.file, line)
                raise BadArticle(
                    _(
                        "%(where)s: %(n)s columns are called %(names)s.",
                        where=where,
                        n=len(positions),
                        names=repr(names[0]),
                    ),
                    field,
                )
            if self.options.columns and not {_key(name) for name in names} <= set(keys):
                self._refuse(header, line, f"`{field}`: {', '.join(names)}")
        self.n_columns, used = len(header), set(chain(*self.columns.values()))
        self.ignored = frozenset(name.strip() for n, name in enumerate(header) if n not in used and name.strip())
        for needed in (("id",), ("title", "body")):
            if not any(field in self.columns for field in needed):
                self._refuse(header, line, f"{' or '.join(f'`{field}`' for field in needed)}")

    def _refuse(self, header: Sequence[str], line: int, column: str) -> None:
        text = _(
            "%(place)s: there is no column for %(column)s. The columns are: %(columns)s. Say which is which: --columns id=ID,title=Headline,body=Text,tags=Topics,published_at=Date",
            place=place_of(self.file, line),
            column=column,
            columns=shown(", ".join(header), 500),
        )
        raise BadArticle(text, "")

    def _next(self, rows: Iterator[list[str]], lines: _Lines) -> list[str] | SetAside | None:
        try:
            return next(rows, None)
        except csv.Error as error:
            position = place_of(self.file, lines.row)
            if "limit" in str(error):
                text = _(
                    "%(place)s: a field has more than %(most)s MB; perhaps a quotation mark is not closed; not read on.",
                    place=position,
                    most=MAX_TEXT >> 20,
                )
                raise BadArticle(text, "") from None
            if "unexpected end" in str(error):  # the rest of the file is within the quotation marks
                raise BadArticle(
                    _("%(position)s: a quotation mark opens a field and is never closed.", position=position), ""
                ) from None
            to = f" (to line {lines.n_lines})" if lines.n_lines > lines.row else ""
            reason = _(
                "Not CSV%(to)s: %(error)s. A quotation mark within a field must be doubled, and the field closed.",
                to=to,
                error=error,
            )
            return SetAside(self.file, lines.row, reason)

    def _read(self, row: Sequence[str], line: int) -> ArticleRecord | SetAside:
        try:
            cells = [sound_text(cell, self.options.encoding) for cell in row]
            while len(cells) > self.n_columns and not cells[-1].strip():  # some exports end each line with a delimiter
                cells.pop()
            if len(cells) != self.n_columns:
                raise BadArticle(
                    _("%(n)s columns where the header has %(columns)s.", n=len(cells), columns=self.n_columns), ""
                )
            return self._record(cells, line)
        except BadArticle as error:
            return SetAside(self.file, line, str(error), error.field)

    def _record(self, cells: Sequence[str], line: int) -> ArticleRecord:
        fields = {field: cells[positions[0]] for field, positions in self.columns.items()}
        article = Article(
            id=(self.options.id_prefix or "") + fields["id"].strip(),
            body_format=fields.get("body_format", "").strip().lower() or self.options.body_format,
            published_at=self._date(fields.get("published_at", "").strip()),
            url=fields.get("url", "").strip() or None,
            tags_complete=self.options.tags_complete,
        )
        texts = ((name, fields[name]) for name in TEXT_FIELDS if name in fields)
        article = article.with_texts({name: text if name == "body" else text.strip() for name, text in texts})
        if not fields["id"].strip():
            raise BadArticle(_("`id` is empty."), "id")
        terms = (term for position in self.columns.get("tags", ()) for term in self._terms(cells[position]))
        unique = tuple(dict.fromkeys(terms)) if "tags" in self.columns else None
        return ArticleRecord(article, line, unique, ignored=self.ignored)

    def _date(self, value: str) -> str | None:
        form = self.options.date_format
        if not value or form is None:
            return value or None
        try:
            return datetime.strptime(value, form).isoformat()
        except ValueError:
            raise BadArticle(
                _("`published_at` %(value)s is not of the form %(form)s.", value=repr(value[:40]), form=repr(form)),
                "published_at",
            ) from None

    def _terms(self, cell: str) -> Iterator[CmsTerm]:
        separator = self.options.tag_separator or next((mark for mark in _SEPARATORS if mark in cell), None)
        for name in cell.split(separator) if separator else [cell]:
            if name.strip():
                yield CmsTerm(name.strip())


def _key(header: str) -> str:
    return " ".join(header.split()).casefold()
