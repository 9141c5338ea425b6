"""What the readers of files yield: articles with the terms that their CMS gave them, and what was not taken."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.domain.articles import Article
from classifier.errors import BadArticle

FORMATS = ("wxr", "csv", "jsonl", "folder")
MAX_TEXT = 4 << 20  # of one article, in bytes or characters: twice of what the service accepts in a request
MAX_TERM = 200  # characters of a term, as WordPress has it


@dataclass(frozen=True)
class ReadOptions:
    """How files are read; what is None is found out from the file itself.

    `columns` leads from a field of an article to the headers of its columns, or to its names in JSON; more than one only
    for `tags`.
    """

    format: str | None = None
    id_prefix: str | None = None  # None: "wp-" for WordPress, nothing for the others
    map_ids: bool = False  # whether the tags of JSON Lines are mapped like the terms of a CMS
    encoding: str = "utf-8"  # of CSV and of folders
    columns: Mapping[str, tuple[str, ...]] | None = None
    delimiter: str | None = None
    tag_separator: str | None = None
    date_format: str | None = None  # of CSV, as strptime has it; None: ISO 8601
    body_format: str = "text"  # of CSV and JSON Lines where they do not say
    tags_complete: bool = True  # of WordPress and CSV: whether a tag that an article lacks is known to be wrong
    post_types: frozenset[str] = frozenset(["post"])
    statuses: frozenset[str] = frozenset(["publish"])
    domains: frozenset[str] = frozenset(["category", "post_tag"])


@dataclass(frozen=True)
class CmsTerm:
    """A category or tag as the CMS has it; `domain` is the list that it comes from."""

    name: str
    slug: str = ""
    domain: str = field(default="", compare=False)


@dataclass(frozen=True)
class ArticleRecord:
    """An article and where it stood. Where `terms` is None, its tags are tag ids already, or nothing is said of them.

    `other_lists` are those that it has terms of and that were not asked for; `ignored` are the fields that nobody reads.
    """

    article: Article
    line: int | None = None
    terms: tuple[CmsTerm, ...] | None = None
    rejected: tuple[CmsTerm, ...] = ()
    other_lists: frozenset[str] = frozenset()
    file: str | None = None  # where it is another one than the file that is read: one in a folder
    ignored: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SetAside:
    """A record that could not be taken: where, and why. `line` is None where a file is one article."""

    file: str
    line: int | None
    reason: str
    field: str = ""
    id: str = ""

    @property
    def place(self) -> str:
        """The file and the line, for people."""
        return place_of(self.file, self.line)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"file": self.file, "line": self.line, "id": self.id, "field": self.field, "reason": self.reason}


@dataclass(frozen=True)
class LeftOut:
    """A record that was not asked for (a draft, a page), by the reason under which it is counted."""

    reason: str


@dataclass(frozen=True)
class ListedTerm:
    """A term out of the CMS's own list of terms, whether an article has it or not."""

    term: CmsTerm


Record = ArticleRecord | SetAside | LeftOut | ListedTerm


def place_of(file: str, line: int | None) -> str:
    """Return a place as messages name it."""
    return file if line is None else f"{file}, line {line}"


def shown(text: str, n: int = 120) -> str:
    """Return a text of others as it may stand on a terminal: in one line, without control characters, cut after `n`."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:n])


def encoding_of(start: bytes, named: str) -> str:
    """Return the encoding of a text: that of its byte order mark, or else the one that was named."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else named


_HALVES = re.compile("[\ud800-\udfff]")  # what `surrogateescape` makes of bytes that are no text


def sound_text(text: str, encoding: str) -> str:
    """Return a text without NUL, which no store takes; raise `BadArticle` if bytes of it could not be decoded."""
    if not text.isascii() and _HALVES.search(text):
        raise BadArticle(
            f"Not {encoding.removesuffix('-sig').upper()}. Save the file as UTF-8, or name its encoding: --encoding cp1252",
            "",
        )
    return text.replace("\x00", " ")
