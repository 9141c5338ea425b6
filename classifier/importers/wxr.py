"""A WordPress export (WXR) -> articles and the site's list of terms, streamed.

The tree in memory never holds more than one child of an item, which is discarded once it is read. A parser that is fed
chunks (`iterparse` does the same) still yields what comes before an error in the same chunk.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import IO, Any, NoReturn
from urllib.parse import unquote

from lxml import etree

from classifier.domain.articles import Article
from classifier.errors import BadArticle
from classifier.importers.formats import open_bytes
from classifier.importers.records import (
    MAX_TERM,
    MAX_TEXT,
    ArticleRecord,
    CmsTerm,
    LeftOut,
    ReadOptions,
    Record,
    SetAside,
    place_of,
)
from classifier.text.markup import unescaped
from classifier.texts import _

ID_PREFIX = "wp-"
MAX_DEPTH = 64
MAX_FIELD = 2 * MAX_TEXT  # bytes of one child of an item, past which the file is not read on
MAX_ELEMENTS = 10_000  # in one child of an item
MAX_TERMS = 1_000  # of a post
_CHUNK = 32 << 10
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_EXCERPT = re.compile(r"\{http://wordpress\.org/export/[0-9.]+/excerpt/\}encoded")  # what the author wrote, or nothing
_WORDPRESS = re.compile(r"\{http://wordpress\.org/export/[0-9.]+/\}(\w+)")  # 1.0 to 1.2; not that of excerpts
_FIELDS = frozenset(
    [
        "title",
        "excerpt",
        "link",
        "wp:post_id",
        "wp:post_date",
        "wp:post_date_gmt",
        "wp:status",
        "wp:post_type",
        "wp:post_password",
    ]
)
# The site's lists: element -> domain of its terms, element of the name, element of the slug.
_LISTS = {
    "wp:category": ("category", "wp:cat_name", "wp:category_nicename"),
    "wp:tag": ("post_tag", "wp:tag_name", "wp:tag_slug"),
    "wp:term": ("", "wp:term_name", "wp:term_slug"),
}


def read_posts(path: Path, options: ReadOptions) -> Iterator[Record]:
    """Yield the posts of an export as articles, and the site's terms. Raises `BadArticle` where reading stops."""
    with open_bytes(path, options.amount) as file:
        yield from _Export(path, options).read(file)


class _Export:
    """A file that is being read: the position in it, and the open item."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.path, self.options = path, options
        self.parser = etree.XMLPullParser(
            ("start", "end"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            remove_comments=True,
            remove_pis=True,
        )
        self.depth = self.n_elements = self.n_bytes = 0  # the last two since the last child that was read
        self.line = 1
        self.post: _Post | None = None

    def read(self, file: IO[bytes]) -> Iterator[Record]:
        for chunk in chain(_xml_chunks(file, self.path), [b""]):
            for event, element in self._fed(chunk):
                if event == "start":
                    self._opened(element)
                else:
                    yield from self._closed(element)
            self.n_bytes += len(chunk)
            if self.n_bytes > MAX_FIELD:
                self._refuse(
                    self.line, _("here or after it an element has more than %(most)s MB", most=MAX_FIELD >> 20)
                )

    def _fed(self, chunk: bytes) -> Iterator[tuple[str, Any]]:
        failure = None
        try:
            self.parser.feed(chunk) if chunk else self.parser.close()
        except etree.XMLSyntaxError as error:
            failure = error
        yield from self.parser.read_events()
        if failure is not None:
            # Only the first line of the message: what follows is text of the article.
            reason = str(failure.msg).partition("\n")[0].partition(", ")[0].partition(" use XML_")[0]
            self._refuse(failure.lineno or self.line, _("not well-formed XML: %(reason)s", reason=reason))

    def _refuse(self, line: int | None, reason: str) -> NoReturn:
        where = place_of(str(self.path), line)
        raise BadArticle(
            _("%(where)s: %(reason)s; not read on. Export the file again, or mend it.", where=where, reason=reason), ""
        )

    def _opened(self, element: Any) -> None:
        self.depth += 1
        self.n_elements += 1
        if self.depth == 1 and element.getroottree().docinfo.internalDTD is not None:
            self._refuse(element.sourceline, _("a DOCTYPE, which no WordPress export has and which may hide a bomb"))
        elif self.depth == 1 and element.tag != "rss":
            names = {"tag": f"<{element.tag}>", "root": "<rss>"}
            self._refuse(element.sourceline, _("%(tag)s where a WordPress export has %(root)s", **names))
        elif self.depth == 3 and element.tag == "item":
            self.post = _Post()
        if self.depth > MAX_DEPTH:
            self._refuse(element.sourceline, _("elements are nested deeper than %(most)s", most=MAX_DEPTH))
        if self.n_elements > MAX_ELEMENTS:
            self._refuse(element.sourceline, _("more than %(most)s elements in one part of a post", most=MAX_ELEMENTS))

    def _closed(self, element: Any) -> Iterator[Record]:
        self.depth -= 1
        name = _name(element.tag)
        if self.depth == 3 and self.post is not None:
            self.line = element.sourceline
            self.post.take(name, element, self.n_bytes)
        elif self.depth == 2:
            if self.post is not None:
                yield from self.post.finished(str(self.path), self.options)
                self.post = None
            elif name in _LISTS:
                yield from _listed(name, element, self.options)
        if self.depth == 2 or (self.depth == 3 and self.post is not None):
            element.clear(keep_tail=False)  # and its memory is free
            while element.getprevious() is not None:
                del element.getparent()[0]
            self.n_elements = self.n_bytes = 0


class _Post:
    """The fields of the item that is being read."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.bodies: list[str] = []
        self.terms: list[CmsTerm] = []
        self.line: int | None = None
        self.n_characters = 0  # of bodies and terms
        self.too_much: tuple[str, str] | None = None  # the field, and its limit

    def take(self, name: str, element: Any, n_bytes: int) -> None:
        """Keep a child of the item if it is a field of an article. Its source has about `n_bytes`."""
        self.line = self.line or element.sourceline
        if name not in _FIELDS and name not in ("content", "category"):
            return
        if n_bytes > MAX_TEXT:
            self._refuse(name)
        elif name in _FIELDS:
            self.fields.setdefault(name, _text(element))
        elif self.too_much is None:
            self._gather(name, element)

    def _gather(self, name: str, element: Any) -> None:
        if name == "content":
            self.bodies.append(_text(element))
            self.n_characters += len(self.bodies[-1])
        else:
            term = _term(_text(element), element.get("nicename", ""), element.get("domain", "category"))
            self.terms += [term] if term.name else []
            self.n_characters += len(term.name) + len(term.slug)
        if self.n_characters > MAX_TEXT:
            self._refuse(name)
        elif len(self.terms) > MAX_TERMS:
            self._refuse(name, f"{MAX_TERMS} terms")

    def _refuse(self, name: str, limit: str = f"{MAX_TEXT >> 20} MB") -> None:
        self.too_much = self.too_much or (name, limit)

    def finished(self, file: str, options: ReadOptions) -> Iterator[Record]:
        """Yield the record of the item."""
        kind, status = self._field("wp:post_type", "post"), self._field("wp:status", "publish")
        if kind not in options.post_types:
            yield LeftOut(f"type {kind[:40]}")
        elif status not in options.statuses:
            yield LeftOut(f"status {status[:40]}")
        elif self.fields.get("wp:post_password"):
            yield LeftOut("with a password")
        elif self.too_much:
            field, limit = self.too_much
            yield SetAside(file, self.line, f"`{field}` has more than {limit}.", field)
        elif not (number := self._field("wp:post_id", "")):
            yield SetAside(file, self.line, "`wp:post_id` is missing.", "id")
        else:
            others = frozenset(term.domain for term in self.terms) - options.domains
            yield ArticleRecord(self._article(number, options), self.line, self._terms(options), other_lists=others)

    def _field(self, name: str, default: str) -> str:
        return self.fields.get(name, "").strip() or default

    def _article(self, number: str, options: ReadOptions) -> Article:
        prefix = ID_PREFIX if options.id_prefix is None else options.id_prefix
        return Article(
            id=prefix + number,
            title=self.fields.get("title", "").strip(),
            standfirst=self.fields.get("excerpt", "").strip(),
            # Exporters of several languages or parts write several contents.
            body="\n\n".join(dict.fromkeys(filter(None, self.bodies))),
            body_format="html",
            published_at=_iso(self.fields),
            url=self._field("link", "") or None,
            tags_complete=options.tags_complete,
        )

    def _terms(self, options: ReadOptions) -> tuple[CmsTerm, ...]:
        terms = [term for term in self.terms if term.domain in options.domains]
        full = {term.name for term in terms if term.slug}
        # Before WordPress 3.0 each term was listed twice, once without its slug.
        return tuple(dict.fromkeys(term for term in terms if term.slug or term.name not in full))


def _iso(fields: dict[str, str]) -> str | None:
    """Return the date in UTC, or else in the time of the site. A draft has zeros."""
    for name, zone in (("wp:post_date_gmt", "+00:00"), ("wp:post_date", "")):
        value = fields.get(name, "").strip()
        if value and not value.startswith("0000"):
            return value.replace(" ", "T", 1) + zone
    return None


def _listed(name: str, element: Any, options: ReadOptions) -> Iterator[CmsTerm]:
    domain, name_of, slug_of = _LISTS[name]
    parts = {_name(child.tag): _text(child) for child in element}
    domain = domain or parts.get("wp:term_taxonomy", "")
    term = _term(parts.get(name_of, ""), parts.get(slug_of, ""), domain)
    if domain in options.domains and 0 < len(term.name) <= MAX_TERM:
        yield term


def _term(name: str, slug: str, domain: str) -> CmsTerm:
    # WordPress keeps names with entities in them, and slugs of other scripts in percent signs.
    slug = unquote(slug.strip())
    return CmsTerm(unescaped(name).strip() or slug, slug, domain)


def _text(element: Any) -> str:
    return str(element.text or "") if not len(element) else "".join(element.itertext())


@lru_cache(maxsize=4096)
def _name(tag: str) -> str:
    if tag == _CONTENT:
        return "content"
    if _EXCERPT.fullmatch(tag):
        return "excerpt"
    match = _WORDPRESS.fullmatch(tag)
    return f"wp:{match[1]}" if match else tag


# --- bytes that XML may hold ------------------------------------------------------------------------------------

# WordPress writes control characters as they are in its database. XML may not hold them, nor references to them.
_CONTROLS = bytes(code if code >= 32 or code in b"\t\n\r" else 32 for code in range(256))
_NO_CHARACTER = re.compile(
    rb"\xef\xbf[\xbe\xbf]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_MAY_GO_ON = re.compile(rb"(?:&[#0-9a-zA-Z]{0,11}|\xef\xbf?)\Z")


def _xml_chunks(file: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, never an empty chunk, with a blank for each character that XML may not hold."""
    held, first = b"", True
    while chunk := file.read(_CHUNK):
        if first and chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BadArticle(_("%(path)s is UTF-16. Save it as UTF-8, as WordPress does.", path=path), "")
        chunk, first = held + chunk.translate(_CONTROLS), False
        cut = _MAY_GO_ON.search(chunk, max(0, len(chunk) - 12))
        chunk, held = (chunk[: cut.start()], chunk[cut.start() :]) if cut else (chunk, b"")
        if chunk:
            yield _NO_CHARACTER.sub(b" ", chunk) if b"&#" in chunk or b"\xef\xbf" in chunk else chunk
    if held:
        yield held
