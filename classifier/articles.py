"""Articles: read from records, plain text or HTML, and turned into clean text that remembers where it came from.

Everything downstream works on clean text. `SourceMap` leads each of its characters back to the text as it was sent,
so that evidence can point there.
"""

from __future__ import annotations

import codecs
import hashlib
import html.entities
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, cast

import numpy as np
from isal import igzip
from isal.igzip_lib import IsalError
from lxml import etree

from classifier import strict_json
from classifier.errors import BadArticle, BadJSON
from classifier.words import different

FIELDS = ("title", "body")
BODY_FORMATS = ("text", "html")
ARTICLE_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")


@dataclass(frozen=True)
class Article:
    """An article as it was sent, with what is known of its tags.

    `tags` and `rejected` are tag ids. With `tags_complete` every tag that is not listed is known to be wrong, but for
    those in `unknown`; without it, a tag in neither list is unknown. `tags` is None where the sender said nothing of
    them. `tagged_at` is when the tags were completed, where that was not when the article was published.
    """

    id: str = ""
    title: str = ""
    body: str = ""
    body_format: str = "text"
    tags: tuple[str, ...] | None = None
    rejected: tuple[str, ...] = ()
    tags_complete: bool = True
    published_at: str | None = None
    url: str | None = None
    unknown: tuple[str, ...] = ()
    tagged_at: str | None = None


# --- records and files ------------------------------------------------------------------------------------------


_TEXTS = ("id", "title", "body", "body_format", "published_at", "url", "tagged_at")
_LISTS = ("tags", "rejected", "unknown")
_RECORD_FIELDS = {*_TEXTS, *_LISTS, "tags_complete"}


def article_from_record(record: Any) -> Article:
    """Return the article of one decoded JSON record.

    Fields that are not ours are passed over: an archive may hold more than we read.

    Raises:
        BadArticle: naming the field.
    """
    if not isinstance(record, dict):
        raise BadArticle(f"An article record is a JSON object, not {type(record).__name__}.", "")
    known = {key: value for key, value in record.items() if key in _RECORD_FIELDS and value is not None}
    for field, value in known.items():
        if field in _LISTS:
            known[field] = _tag_ids(value, field)
        elif field == "tags_complete":
            if not isinstance(value, bool):
                raise BadArticle("`tags_complete` must be true or false.", field)
        elif not isinstance(value, str):
            raise BadArticle(f"`{field}` must be a string, not {value!r:.60}.", field)
    return checked(Article(**known))


def _tag_ids(value: Any, field: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(tag, str) and tag for tag in value):
        raise BadArticle(f"`{field}` must be a list of tag ids.", field)
    return tuple(dict.fromkeys(value))


def checked(article: Article) -> Article:
    """Return the article if its format, date and tags can be used; raise `BadArticle` if not."""
    if article.body_format not in BODY_FORMATS:
        raise BadArticle(f"`body_format` must be one of {', '.join(BODY_FORMATS)}.", "body_format")
    for field in ("published_at", "tagged_at"):
        if (date := getattr(article, field)) is not None:
            _check_date(date, field)
    if not article.rejected and not article.unknown:
        return article
    for field, others in (("rejected", article.tags or ()), ("unknown", (*(article.tags or ()), *article.rejected))):
        if both := set(getattr(article, field)) & set(others):
            raise BadArticle(f"The tag {min(both)!r} is in `{field}` and in another list.", field)
    return article


def record_of(article: Article) -> dict[str, Any]:
    """Return the JSON record of an article, without the fields that say nothing: what `article_from_record` reads."""
    record: dict[str, Any] = {"id": article.id, "title": article.title, "body": article.body}
    if article.body_format != "text":
        record["body_format"] = article.body_format
    if article.tags is not None:
        record["tags"] = list(article.tags)
    record |= {field: list(tags) for field in ("rejected", "unknown") if (tags := getattr(article, field))}
    record["tags_complete"] = article.tags_complete
    return record | {
        f: value for f in ("published_at", "url", "tagged_at") if (value := getattr(article, f)) is not None
    }


def text_digest(article: Article) -> str:
    """Return the digest of what is judged of an article: title, body and format."""
    return hashlib.sha256(json.dumps([article.title, article.body, article.body_format]).encode()).hexdigest()


def check_id(article_id: str) -> str:
    """Return an id under which an article may be stored; raise `BadArticle` if it is not one."""
    if not ARTICLE_ID.fullmatch(article_id):
        raise BadArticle(f"`id` {article_id[:60]!r} must be 1 to 200 of letters, digits, . _ : -", "id")
    return article_id


def _check_date(value: str, field: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise BadArticle(f"`{field}` {value[:40]!r} is not an ISO 8601 date (2024-06-06).", field) from None


def read_articles(paths: Iterable[Path]) -> Iterator[Article]:
    """Yield the articles of JSON Lines files, plain or `.gz`, one record a line.

    Raises:
        BadArticle: naming file, line and field.
    """
    return (article for _, article in placed_articles(paths))


def placed_articles(paths: Iterable[Path]) -> Iterator[tuple[str, Article]]:
    """Yield what `read_articles` yields, each with its place: `archive.jsonl, line 7`."""
    return ((place, article_of_line(place, line)) for place, line in placed_lines(paths))


def placed_lines(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of files that are not empty, each with its place."""
    for path in paths:
        for number, raw in enumerate(_lines(path), start=1):
            line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
            if line.strip():
                yield f"{path}, line {number}", line


def article_of_line(place: str, line: bytes) -> Article:
    """Return the article of one line of JSON; raise `BadArticle`, naming the place, if there is none."""
    try:
        article = article_from_record(strict_json.loads(line))
        if not article.id:
            raise BadArticle("`id` is missing.", "id")
    except BadArticle as error:
        raise BadArticle(f"{place}: {error}", error.field) from None
    except BadJSON as error:
        raise BadArticle(f"{place}: {error}", error.pointer or "") from None
    return article


def _lines(path: Path) -> Iterator[bytes]:
    with open_lines(path) as lines:
        try:
            yield from lines
        except (OSError, EOFError, IsalError) as error:  # type: ignore[misc]  # a damaged packed file; isal has no types
            raise BadArticle(f"Cannot read {path}: {error}.", "") from None


def open_lines(path: Path) -> IO[bytes]:
    """Open a file of lines, unpacking it if its name ends in `.gz`."""
    try:
        file = igzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[no-untyped-call]
    except OSError as error:
        raise BadArticle(f"Cannot read {path}: {error.strerror}.", "") from None
    return cast(IO[bytes], file)


def article_from_text(text: str, article_id: str = "") -> Article:
    """Return the article whose title is the first line of a text and whose body is all after the first newline."""
    title, _, body = text.partition("\n")
    return Article(id=article_id, title=title, body=body)


# --- clean text with a way back ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class SourceMap:
    """Where each character of a clean text came from: `starts[i]:ends[i]` of the source, int32; None means itself."""

    starts: np.ndarray | None = None
    ends: np.ndarray | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the source span of the clean text's `[start, end)`, which must not be empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return int(self.starts[start]), int(self.ends[end - 1])

    def after(self, inner: Self) -> SourceMap:
        """Return the map of this text's characters through `inner`, the map of the text that this one was made of."""
        if self.starts is None or self.ends is None:
            return inner
        if inner.starts is None or inner.ends is None:
            return self
        # A character of ours covers `starts[i]:ends[i]` of the inner text, and that is never empty.
        return SourceMap(inner.starts[self.starts], inner.ends[self.ends - 1])


class CleanText(NamedTuple):
    """Text after markup, entities and odd characters are gone, and the map back to what was sent."""

    text: str
    source: SourceMap = SourceMap()


class _Pieces:
    """Collects the pieces of a clean text with their source spans.

    A verbatim piece maps character by character; each character of another one stands for the whole span, also where
    both happen to be of the same length.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.verbatim: list[bool] = []

    def add(self, text: str, start: int, end: int, verbatim: bool = False) -> None:
        if text:
            self.texts.append(text)
            self.starts.append(start)
            self.ends.append(end)
            self.verbatim.append(verbatim)

    def joined(self) -> CleanText:
        if not self.texts:
            return CleanText("")
        lengths = np.fromiter(map(len, self.texts), np.int64, len(self.texts))
        starts, ends = np.array(self.starts), np.array(self.ends)
        piece = np.repeat(np.arange(len(lengths)), lengths)
        within = np.arange(len(piece)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        verbatim = np.array(self.verbatim)[piece]
        source_starts = np.where(verbatim, starts[piece] + within, starts[piece]).astype(np.int32)
        source_ends = np.where(verbatim, source_starts + 1, ends[piece]).astype(np.int32)
        return CleanText("".join(self.texts), SourceMap(source_starts, source_ends))


def clean_title(article: Article) -> CleanText:
    """Return the clean title of an article."""
    return normalise(article.title)


def clean_body(article: Article) -> CleanText:
    """Return the clean body of an article: markup removed if it is HTML, then normalised."""
    if article.body_format != "html":
        return normalise(article.body)
    inner = html_to_text(article.body)
    outer = normalise(inner.text)
    return CleanText(outer.text, outer.source.after(inner.source))


# --- normalising ------------------------------------------------------------------------------------------------

# Real scripts stack four marks at most; more is an attack, because canonical ordering is quadratic in a run of marks.
MAX_MARKS = 4
_REPLACEMENTS = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2013\u2014\u2015", "\u2014"),
    **dict.fromkeys("\u00a0\u1680\u202f\u205f\u3000", " "),
    **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
    **dict.fromkeys("\u2028\u2029\u0085\x0b\x0c", "\n"),
    # Invisible: soft hyphen, zero-width characters, word joiner, byte order mark, and the bidi controls.
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e", ""),
    **dict.fromkeys("\u2066\u2067\u2068\u2069\u061c\u180e", ""),
    "\u2026": "...",
    **{chr(0xFB00 + n): text for n, text in enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"))},
}
_ENTITY = r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"
_CARRIAGE_RETURN = r"\r\n?"
_ODD = frozenset("&\r") | {odd for odd, plain in _REPLACEMENTS.items() if odd != plain}
_ASCII_ODD = sorted(filter(str.isascii, _ODD))
# Those that one other character of the same place stands for: no map is needed to lead back.
_ALIKE = {odd: plain for odd, plain in _REPLACEMENTS.items() if len(plain) == 1 and plain not in (odd, "\n")}


@lru_cache(maxsize=512)
def _odd_pattern(present: frozenset[str]) -> re.Pattern[str]:
    """Return a pattern for the odd characters that a text has: a class of all of them is ten times as slow."""
    special = {"&": _ENTITY, "\r": _CARRIAGE_RETURN}
    plain = "".join(sorted(present - special.keys()))
    parts = [special[character] for character in sorted(present & special.keys())]
    return re.compile("|".join([*parts, *([f"[{re.escape(plain)}]"] if plain else [])]))


def normalise(text: str) -> CleanText:
    """Return the text in NFC with entities decoded and typographic characters in their plain form, and its map."""
    strange = _strange(text)
    odd = {character for character in _ASCII_ODD if character in text}
    if not odd and not strange:
        return CleanText(text)
    odd |= strange & _ODD
    for character in odd & _ALIKE.keys():
        text = text.replace(character, _ALIKE[character])
    rest = odd - _ALIKE.keys()
    clean = _replaced(text, _odd_pattern(frozenset(rest)), _plain) if rest else CleanText(text)
    if clean.text.isascii():
        return clean
    # Only now: entities are marks too, and zero-width characters stood between marks.
    if not _marks().isdisjoint(_strange(clean.text) if "&" in rest else strange):
        cut = _replaced(clean.text, _too_many_marks(), lambda found: found[1])
        clean = CleanText(cut.text, cut.source.after(clean.source))
    if not unicodedata.is_normalized("NFC", clean.text):
        composed = _replaced(clean.text, _clusters(), lambda found: unicodedata.normalize("NFC", found[0]))
        clean = CleanText(composed.text, composed.source.after(clean.source))
    return clean


def _strange(text: str) -> set[str]:
    """Return the characters of a text that are not ASCII; the loop over its characters is numpy's."""
    if text.isascii():
        return set()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return set(map(chr, different(codes[codes > 127])))


def _replaced(text: str, pattern: re.Pattern[str], replacement: Any) -> CleanText:
    pieces, done = _Pieces(), 0
    for found in pattern.finditer(text):
        new = replacement(found)
        if new == found[0]:
            continue
        pieces.add(text[done : found.start()], done, found.start(), verbatim=True)
        pieces.add(new, found.start(), found.end())
        done = found.end()
    if not done:
        return CleanText(text)
    pieces.add(text[done:], done, len(text), verbatim=True)
    return pieces.joined()


def _plain(found: re.Match[str]) -> str:
    odd = found[0]
    if odd[0] == "&":
        decoded = _entity(odd)
        return _REPLACEMENTS.get(decoded, decoded)
    return "\n" if odd[0] == "\r" else _REPLACEMENTS[odd]


def _entity(entity: str) -> str:
    """Return the character of an HTML entity, or the entity itself where it names nothing that may stand in a text."""
    if entity[1] != "#":
        return html.entities.html5.get(entity[1:], entity)
    code = int(entity[3:-1], 16) if entity[2] in "xX" else int(entity[2:-1])
    if code >= 0x110000 or code < 0x20 or 0xD800 <= code < 0xE000 or 0x7F <= code < 0xA0:
        return " "
    return chr(code)


@cache
def _marks() -> frozenset[str]:
    """Return all combining marks: found out for the first text that is not ASCII, since it takes ten milliseconds."""
    everywhere = map(chr, chain(range(0x0300, 0xE000), range(0xF900, 0x1E950)))
    return frozenset(filter(unicodedata.combining, everywhere))


@cache
def _too_many_marks() -> re.Pattern[str]:
    mark = f"[{re.escape(''.join(sorted(_marks())))}]"
    return re.compile(f"({mark}{{{MAX_MARKS}}}){mark}+")


@cache
def _clusters() -> re.Pattern[str]:
    """Return a pattern of one character with all that canonical composition may join to it.

    Those are the combining marks and the second halves of primary composites (Hangul vowels, Indic signs).
    """
    seconds = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))} | _marks()
    for code in (*range(0xA0, 0x3400), *range(0xF900, 0xFB50), *range(0x11000, 0x12000)):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    return re.compile(f"[^\x00-\x7f][{re.escape(''.join(seconds))}]*|[\x00-\x7f][{re.escape(''.join(seconds))}]+")


# --- HTML -------------------------------------------------------------------------------------------------------

_UNSEEN = frozenset(("script", "style", "template", "noscript", "head", "title", "iframe", "object", "svg", "math"))
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
# Marks ride through the parser inside the text and say where it came from. lxml keeps private-use characters.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKED = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_MARK_HERE = re.compile(rf">+|{_ENTITY}")
# What XML 1.0 may not hold, and our own marks: each is replaced by one blank, so that offsets stay.
_NOT_XML = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{_OPEN}{_CLOSE}\ud800-\udfff\ufffe\uffff]")


def html_to_text(markup: str) -> CleanText:
    """Return the visible text of HTML or of WordPress block markup; block elements become lines of their own.

    lxml decides what is text. It does not say where in the source a text stood, so a numbered mark is put behind
    every `>` and around every entity before parsing; marks that arrive in the text tell where its pieces began.
    """
    source = _NOT_XML.sub(" ", markup)
    places, marked = _mark(source)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    # No closing tag: it would be text in an element that is not closed.
    root = etree.fromstring(f"<div>{marked}".encode(), parser)
    pieces = _Pieces()
    if root is not None:
        cursor = _Cursor(source, places, pieces)
        for text in _visible_texts(root):
            cursor.add(text)
    return pieces.joined()


def _mark(source: str) -> tuple[list[int], str]:
    places, parts, done = [0], [f"{_OPEN}0{_CLOSE}"], 0
    for found in _MARK_HERE.finditer(source):
        # An entity gets a mark on either side; of a run of `>` the first one may end a tag and the others be text.
        first = found.start() + (found[0][0] == ">")
        for place in dict.fromkeys((first, found.end())):
            parts += [source[done:place], f"{_OPEN}{len(places)}{_CLOSE}"]
            places.append(place)
            done = place
    parts.append(source[done:])
    return places, "".join(parts)


def _visible_texts(root: Any) -> Iterator[str | None]:
    """Yield the texts of a tree in order, None for a line break; iteratively, because trees may be deep."""
    unseen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        hidden = element.tag in _UNSEEN
        if event == "start":
            unseen += hidden
            if element.tag in _BLOCKS and not unseen:
                yield None
            if element.text and not unseen:
                yield element.text
        else:
            unseen -= hidden
            if element.tag in _BLOCKS and not unseen:
                yield None
            if element.tail and not unseen and element is not root:
                yield element.tail


class _Cursor:
    """Follows the marks through the texts that the parser returns and writes the pieces between them."""

    def __init__(self, source: str, places: list[int], pieces: _Pieces) -> None:
        self.source, self.places, self.pieces = source, places, pieces
        self.mark = 0
        self.at = 0
        self.fresh = True  # at the start of a line

    def add(self, text: str | None) -> None:
        if text is None:
            if not self.fresh:
                self.pieces.add("\n", self.at - 1, self.at)
                self.fresh = True
            return
        for position, part in enumerate(_MARKED.split(text)):
            if position % 2:
                self.mark = int(part)
                self.at = self.places[self.mark]
            elif part:
                self._write(part)

    def _write(self, text: str) -> None:
        end = self.at + len(text)
        decoded = text == "&" and _MARK_HERE.match(self.source, self.at)  # `&amp;` begins with what it stands for
        verbatim = not decoded and self.source.startswith(text, self.at)
        if not verbatim:
            # Decoded by the parser: all of it stands for the source up to the next mark.
            following = self.mark + 1
            end = self.places[following] if following < len(self.places) else len(self.source)
            end = max(end, self.at + 1)
        if self.fresh and not text.strip():
            self.at = end
            return
        self.pieces.add(text, self.at, end, verbatim)
        self.at = end
        self.fresh = text.endswith("\n")
