"""The records that readers of files yield: articles with the terms of their CMS, and what is not imported."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from classifier.domain.articles import Article
from classifier.domain.progress import Amount
from classifier.errors import BadArticle
from classifier.texts import _

MAX_TEXT = 4 << 20  # bytes or characters of an article: twice what the service accepts in a request
MAX_TERM = 200  # characters of a term, as WordPress has it


@dataclass(frozen=True)
class ReadOptions:
    """How files are read. An option that is None is detected from the file."""

    format: str | None = None
    id_prefix: str | None = None  # None: "wp-" for WordPress, nothing for the others
    map_ids: bool = False  # whether the tags of JSON Lines are mapped like the terms of a CMS
    encoding: str = "utf-8"  # of CSV and of folders
    columns: Mapping[str, tuple[str, ...]] | None = None  # field -> headers, or names in JSON; only `tags` has several
    delimiter: str | None = None
    tag_separator: str | None = None
    date_format: str | None = None  # of CSV, as strptime has it; None: ISO 8601
    body_format: str = "text"  # of CSV and JSON Lines where they do not say
    tags_complete: bool = True  # of WordPress and CSV: whether every tag that an article lacks is wrong
    post_types: frozenset[str] = frozenset(["post"])
    statuses: frozenset[str] = frozenset(["publish"])
    domains: frozenset[str] = frozenset(["category", "post_tag"])
    amount: Amount | None = field(default=None, compare=False)  # is told how many bytes of the files are read


@dataclass(frozen=True)
class CmsTerm:
    """A category or tag of a CMS. `domain` is the list that it comes from."""

    name: str
    slug: str = ""
    domain: str = field(default="", compare=False)


@dataclass(frozen=True)
class ArticleRecord:
    """An article and its position. If `terms` is None, its tags are tag ids already, or unknown."""

    article: Article
    line: int | None = None
    terms: tuple[CmsTerm, ...] | None = None
    rejected: tuple[CmsTerm, ...] = ()
    other_lists: frozenset[str] = frozenset()  # lists of terms that it uses and that are not imported
    file: str | None = None  # if it differs from the path that is read: a file in a folder
    ignored: frozenset[str] = frozenset()  # fields that are not read


@dataclass(frozen=True)
class SetAside:
    """A record that cannot be imported, and why."""

    file: str
    line: int | None  # None if the file is one article
    reason: str
    field: str = ""
    id: str = ""

    @property
    def place(self) -> str:
        """The file and the line, as messages name them."""
        return place_of(self.file, self.line)

    def to_json(self) -> dict[str, str | int | None]:
        """Return the record as plain JSON."""
        return {"file": self.file, "line": self.line, "id": self.id, "field": self.field, "reason": self.reason}


@dataclass(frozen=True)
class LeftOut:
    """A record that is not imported by choice (a draft, a page), with the reason under which it is counted."""

    reason: str


Record = ArticleRecord | SetAside | LeftOut | CmsTerm  # a term alone is of the CMS's own list


def place_of(file: str, line: int | None) -> str:
    """Return a file and a line as messages name them."""
    return file if line is None else f"{file}, line {line}"


def shown(text: str, n: int = 120) -> str:
    """Return a text that is safe to print: one line, no control characters, at most `n` characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:n])


def encoding_of(start: bytes, named: str) -> str:
    """Return the encoding of a text: that of its byte order mark, or else the one that the options name."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else named


_HALVES = re.compile("[\ud800-\udfff]")  # `surrogateescape` makes these of bytes that cannot be decoded


def sound_text(text: str, encoding: str) -> str:
    """Return a text without NUL, which no store takes. Raise `BadArticle` if bytes of it could not be decoded."""
    if not text.isascii() and _HALVES.search(text):
        name = encoding.removesuffix("-sig").upper()
        raise BadArticle(
            _("Not %(name)s. Save the file as UTF-8, or name its encoding: --encoding cp1252", name=name), ""
        )
    return text.replace("\x00", " ")
