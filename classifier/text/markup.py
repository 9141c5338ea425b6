"""HTML and WordPress block markup -> the text that a reader sees, and where each character of it stood.

The source is cut into tags and text as the HTML standard does (section 13.2.5, tokenization), so every piece of text
knows its place. Nothing travels through another parser, and no text can pass for a mark of ours.
"""

import html
import re
from collections import Counter, defaultdict
from typing import NamedTuple

from classifier.text.page_parts import (
    ARTICLE,
    FOOTER,
    HEADER,
    LINES,
    MAIN,
    QUOTE,
    Amounts,
    Element,
    kind_of,
    removed_parts,
)
from classifier.text.source_map import CleanText, Pieces, Removed

# Control characters and halves of surrogate pairs: each is replaced by a blank, so that offsets stay.
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Every repetition is possessive and ends where its first character does not fit: no tag is read twice.
_NAMED_ATTRIBUTE = (
    r"(?P<key>[^ \t\n/>][^ \t\n/>=]*+)[ \t\n]*+"
    r"""(?:=[ \t\n]*+(?:"(?P<double>[^"]*+)(?:"|\Z)|'(?P<single>[^']*+)(?:'|\Z)"""
    r"""|(?P<bare>[^ \t\n>"'][^ \t\n>]*+)|(?=>|\Z)))?+"""
)
_ATTRIBUTE = re.compile(_NAMED_ATTRIBUTE)
_ANY_ATTRIBUTE = re.sub("[?]P<[a-z]+>", "?:", _NAMED_ATTRIBUTE)
_TAG = rf"(?P<slash>/?)(?P<name>[A-Za-z][^ \t\n/>]*+)(?:[ \t\n/]++|{_ANY_ATTRIBUTE})*+(?P<end>>|\Z)"
_COMMENT = r"!--(?:-?>|.*?(?:--!?>|\Z))|[!?][^>]*+>?|/(?!\Z)[^>]*+>?"
_TOKEN = re.compile(f"<(?:{_TAG}|{_COMMENT})", re.DOTALL)
_REFERENCE = re.compile(r"&(?:#[0-9]++|#[xX][0-9a-fA-F]++|[A-Za-z][A-Za-z0-9]{1,31}+);?")
MAX_DIGITS = 7  # of the number of a character
_PAGE = re.compile(r"<(?:html|body)[ \t\n>]", re.IGNORECASE)
_PAGE_TAGS = frozenset(("html", "body", "head"))
# What they hold is no markup, up to their end tag.
_RAW_END = {
    name: re.compile(rf"</{name}(?=[ \t\n/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "iframe", "noembed", "noframes", "xmp", "textarea")
}
_RAW = _RAW_END.keys() | {"plaintext"}
_UNSEEN = (_RAW_END.keys() - {"xmp", "textarea"}) | {"template", "noscript", "object", "svg", "math"}
_HIDDEN = "hidden"  # the kind of those
_EMPTY_NAMES = "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
_EMPTY = frozenset(_EMPTY_NAMES.split())
# Elements that are lines of their own.
_BLOCK_NAMES = (
    "address article aside blockquote br center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr li main menu nav ol p pre search section summary table tbody td tfoot th thead tr "
    "ul"
)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
# What HTML of an article has, and a text that only speaks of markup or of sums (a < b) has not.
_LIKE_HTML = re.compile(
    rf"</(?:{_BLOCK_NAMES.replace(' ', '|')}|a|b|body|em|html|i|span|strong|title)[ \t\n]*>|<br[ \t\n]*/?>|<!-- wp:",
    re.IGNORECASE,
)
# An end tag closes no element of a higher rank on its way to its own: `</b>` no `div`, `</div>` no table cell.
_RANKS = {
    **dict.fromkeys(_BLOCKS - {"p"}, 2),
    **dict.fromkeys(("li", "dt", "dd"), 1),
    **dict.fromkeys(("td", "th", "tr", "tbody", "thead", "tfoot", "caption"), 3),
    "table": 4,
}
N_RANKS = 5
# What is hidden ends with its end tag, whatever stands open in it: a page does not stay hidden for a `div` that was forgotten.
_ENDS_ALL = frozenset(("noscript", "object", "template"))
_NOTHING = Amounts()
# Elements that end where another one of their kind begins.
_ENDED_BY = {name: group for group in (("td", "th"), ("dt", "dd"), ("li",), ("tr",)) for name in group}


def looks_like_html(text: str) -> bool:
    """Return whether a text that may be plain or HTML has elements as articles have them."""
    return _LIKE_HTML.search(text) is not None


def html_to_text(markup: str) -> CleanText:
    """Return the visible text of HTML or of WordPress block markup. Block elements become lines of their own.

    What is not the article by its elements stays in the text, and is in `removed`.
    """
    reader = _Reader(_NOT_TEXT.sub(" ", markup))
    reader.read()
    clean = reader.pieces.joined()
    removed = []
    for start, end, kind in removed_parts(reader.elements, reader.amounts()):
        inner = clean.text[start:end]
        begin = start + len(inner) - len(inner.lstrip())
        if stripped := inner.strip():
            removed.append(Removed(begin, begin + len(stripped), kind))
    return clean._replace(removed=tuple(removed))


class _Open(NamedTuple):
    """An element that has begun: what it is to the page, and how much had been read before it."""

    name: str
    rank: int
    kind: str
    before: Amounts


class _OpenElements:
    """The elements that have begun and not ended, each inside the one before. A step costs the same at any depth."""

    def __init__(self) -> None:
        self.stack: list[_Open] = []
        self._of_name: dict[str, list[int]] = defaultdict(list)
        self._of_rank: list[list[int]] = [[-1] for _ in range(N_RANKS)]
        self.n_of_kind: Counter[str] = Counter()

    def begin(self, element: _Open) -> None:
        self._of_name[element.name].append(len(self.stack))
        self._of_rank[element.rank].append(len(self.stack))
        self.n_of_kind[element.kind] += 1
        self.stack.append(element)

    def depth_of(self, name: str) -> int | None:
        """Return how many elements stand around the innermost one of a name that its end tag would close, or None."""
        depths = self._of_name.get(name)
        if not depths:
            return None
        stays_open = any(higher[-1] > depths[-1] for higher in self._of_rank[_RANKS.get(name, 0) + 1 :])
        if stays_open and name not in _ENDS_ALL:
            return None
        return depths[-1]

    def end(self) -> _Open:
        """End the innermost element."""
        element = self.stack.pop()
        self._of_name[element.name].pop()
        self._of_rank[element.rank].pop()
        self.n_of_kind[element.kind] -= 1
        return element


class _Reader:
    """Reads markup from its first tag to its last, and writes its text down."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.is_page = _PAGE.search(source) is not None
        self.open = _OpenElements()
        self.elements: list[Element] = []
        self.pieces = Pieces()
        self.length = self.prose = self.linked = self.quoted = self.n_links = 0
        self.is_fresh = True  # at the start of a line
        self.link_depth: int | None = None  # how many elements were open where the link began; None outside links

    def read(self) -> None:
        offset = 0
        while tag := _TOKEN.search(self.source, offset):
            self._text(offset, tag.start())
            offset = tag.end()
            if not tag["name"] or not tag["end"]:  # a comment, or the text ends within the tag
                continue
            name = tag["name"].lower()
            if tag["slash"]:
                if name == "a":
                    self.link_depth = None
                elif name == "p":  # a browser makes an empty paragraph of an end tag alone
                    self._line_break(*tag.span())
                self._end_of(name, tag)
            else:
                self._start_tag(name, tag)
                if name in _RAW and not tag[0].endswith("/>"):
                    offset = self._raw(name, offset)
        self._text(offset, len(self.source))
        self._end_to(0, len(self.source) - 1, len(self.source))
        self._line_break(len(self.source) - 1, len(self.source))

    def _start_tag(self, name: str, tag: re.Match[str]) -> None:
        if name in _BLOCKS:
            if self.open.n_of_kind[_HIDDEN]:  # browsers end drawings and formulas where a block begins
                self._end_of("svg", tag)
                self._end_of("math", tag)
            self._line_break(*tag.span())
        for ended in _ENDED_BY.get(name, ()):
            self._end_of(ended, tag)
        if name == "a":
            self.link_depth = len(self.open.stack) if "href" in tag[0].lower() else None
            self.n_links += self.link_depth is not None
        elif name not in _EMPTY and name not in _PAGE_TAGS and not tag[0].endswith("/>"):
            kind = self._kind(name, tag)
            self.open.begin(_Open(name, _RANKS.get(name, 0), kind, self.amounts() if kind else _NOTHING))

    def _kind(self, name: str, tag: re.Match[str]) -> str:
        if name in _UNSEEN:
            return _HIDDEN
        kind = kind_of(name, _attributes_of(tag) if name == "aside" or "role" in tag[0].lower() else {})
        n_open = self.open.n_of_kind
        is_of_a_part = (kind == HEADER and n_open[ARTICLE] + n_open[MAIN]) or (kind == FOOTER and n_open[QUOTE])
        if is_of_a_part and name in ("header", "footer"):
            return ""
        return kind or (LINES if self.is_page and name in _BLOCKS else "")

    def _end_of(self, name: str, tag: re.Match[str]) -> None:
        depth = self.open.depth_of(name)
        if depth is not None:
            self._end_to(depth + 1, *tag.span())
            self._end(*tag.span(), is_closed=True)

    def _end_to(self, depth: int, start: int, end: int) -> None:
        while len(self.open.stack) > depth:
            self._end(start, end, is_closed=False)

    def _end(self, start: int, end: int, is_closed: bool) -> None:
        element = self.open.end()
        if self.link_depth is not None and self.link_depth > len(self.open.stack):
            self.link_depth = None
        if element.kind not in ("", _HIDDEN, QUOTE):
            now, before = self.amounts(), element.before
            inside = Amounts(*(later - earlier for later, earlier in zip(now, before, strict=True)))
            is_inner = self.open.n_of_kind[element.kind] > 0
            self.elements.append(Element(element.kind, before.length, now.length, inside, is_closed, is_inner))
        if element.name in _BLOCKS:
            self._line_break(start, end)

    def _raw(self, name: str, offset: int) -> int:
        """Read what stands in an element without elements of its own, and return where its end tag begins."""
        end_tag = _RAW_END[name].search(self.source, offset) if name in _RAW_END else None
        end = end_tag.start() if end_tag else len(self.source)
        if name == "textarea":
            self._text(offset, end)
        elif not self.open.n_of_kind[_HIDDEN]:
            self._write(self.source[offset:end], offset, end, verbatim=True)
        return end

    def _text(self, start: int, end: int) -> None:
        if start == end or self.open.n_of_kind[_HIDDEN]:
            return
        if self.source.find("&", start, end) >= 0:
            for reference in _REFERENCE.finditer(self.source, start, end):
                decoded = _decoded(reference[0])
                if decoded != reference[0]:
                    self._write(self.source[start : reference.start()], start, reference.start(), verbatim=True)
                    self._write(decoded, *reference.span())
                    start = reference.end()
        self._write(self.source[start:end], start, end, verbatim=True)

    def _write(self, text: str, start: int, end: int, verbatim: bool = False) -> None:
        n = len(text.strip())
        if not text or (self.is_fresh and not n):
            return
        self.pieces.add(text, start, end, verbatim)
        self.is_fresh = text.endswith("\n")
        self.length += len(text)
        if self.link_depth is not None:
            self.linked += n
        else:
            self.prose += n
            self.quoted += n if self.open.n_of_kind[QUOTE] else 0

    def _line_break(self, start: int, end: int) -> None:
        if not self.is_fresh and not self.open.n_of_kind[_HIDDEN]:
            self.pieces.add("\n", start, end)
            self.length += 1
            self.is_fresh = True

    def amounts(self) -> Amounts:
        return Amounts(self.length, self.prose, self.linked, self.quoted, self.n_links)


def _attributes_of(tag: re.Match[str]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(tag[0], len(tag["name"]) + 1, len(tag[0]) - 1):
        value = attribute["double"] or attribute["single"] or attribute["bare"] or ""
        attributes.setdefault(attribute["key"].lower(), value)
    return attributes


def unescaped(text: str) -> str:
    """Return a text with its character references decoded. The standard library fails on numbers of thousands of digits."""
    return _REFERENCE.sub(lambda reference: _decoded(reference[0]), text)


def _decoded(reference: str) -> str:
    """Return what a character reference stands for, or the reference itself if for nothing."""
    if reference[1] != "#":
        return html.unescape(reference)
    sign, digits = ("#x", reference[3:]) if reference[2] in "xX" else ("#", reference[2:])
    digits = digits.rstrip(";").lstrip("0") or "0"
    if len(digits) > MAX_DIGITS:  # no character, and Python refuses to read numbers of thousands of digits
        return "\ufffd"
    return html.unescape(f"&{sign}{digits};") or " "
