"""Articles made clean: markup and entities are gone, characters are in their plain form, and a map leads back.

Everything downstream works on clean text. Evidence leads back through its `SourceMap`.
"""

import html.entities
import re
import unicodedata
from functools import cache, lru_cache
from itertools import chain
from typing import Any

import numpy as np

from classifier.domain.articles import TEXT_FIELDS, Article
from classifier.domain.spelling import different
from classifier.text.markup import html_to_text
from classifier.text.source_map import CleanText, Pieces

_FORMATTED = frozenset(("standfirst", "body"))  # the fields that `body_format` is of


def clean_fields(article: Article) -> tuple[CleanText, ...]:
    """Return the clean text fields of an article, in the order of TEXT_FIELDS."""
    if article.body_format == "text":
        return tuple(map(normalise, article.texts))
    formats = [article.body_format if name in _FORMATTED else "text" for name in TEXT_FIELDS]
    return tuple(map(_clean, article.texts, formats))


def clean_body(article: Article) -> CleanText:
    """Return the clean body of an article: markup removed if it is HTML, then normalised."""
    return _clean(article.body, article.body_format)


def _clean(text: str, text_format: str) -> CleanText:
    if text_format != "html" or not text:
        return normalise(text)
    inner = html_to_text(text)
    outer = normalise(inner.text)
    return CleanText(outer.text, outer.source.after(inner.source), outer.source.moved(inner.removed))


# Real scripts stack four marks at most. More is an attack, because canonical ordering is quadratic in a run of marks.
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
_EMPTY = CleanText("")
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
    if not text:
        return _EMPTY
    odd = {character for character in _ASCII_ODD if character in text}
    if not odd and text.isascii():
        return CleanText(text)
    strange = _strange(text)
    odd |= strange & _ODD
    for character in odd & _ALIKE.keys():
        text = text.replace(character, _ALIKE[character])
    remaining = odd - _ALIKE.keys()
    clean = _replaced(text, _odd_pattern(frozenset(remaining)), _plain) if remaining else CleanText(text)
    if clean.text.isascii():
        return clean
    # Only now: entities are marks too, and zero-width characters stood between marks.
    if any(map(unicodedata.combining, _strange(clean.text) if "&" in remaining else strange)):
        cut = _replaced(clean.text, _too_many_marks(), lambda match: match[1])
        clean = CleanText(cut.text, cut.source.after(clean.source))
    if not unicodedata.is_normalized("NFC", clean.text):
        composed = _replaced(clean.text, _clusters(), lambda match: unicodedata.normalize("NFC", match[0]))
        clean = CleanText(composed.text, composed.source.after(clean.source))
    return clean


def _strange(text: str) -> set[str]:
    """Return the characters of a text that are not ASCII, with the loop over them in numpy."""
    if text.isascii():
        return set()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return set(map(chr, different(codes[codes > 127])))


def _replaced(text: str, pattern: re.Pattern[str], replacement: Any) -> CleanText:
    pieces, end = Pieces(), 0
    for match in pattern.finditer(text):
        new = replacement(match)
        if new != match[0]:
            pieces.add(text[end : match.start()], end, match.start(), verbatim=True)
            pieces.add(new, match.start(), match.end())
            end = match.end()
    if not end:
        return CleanText(text)
    pieces.add(text[end:], end, len(text), verbatim=True)
    return pieces.joined()


def _plain(match: re.Match[str]) -> str:
    odd = match[0]
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
    """Return all combining marks: found out for the first text that has some, since it takes ten milliseconds."""
    everywhere = map(chr, chain(range(0x0300, 0xE000), range(0xF900, 0x1E950)))
    return frozenset(filter(unicodedata.combining, everywhere))


@cache
def _too_many_marks() -> re.Pattern[str]:
    mark = f"[{re.escape(''.join(sorted(_marks())))}]"
    return re.compile(f"({mark}{{{MAX_MARKS}}}){mark}+")


@cache
def _clusters() -> re.Pattern[str]:
    """Return a pattern of one character with all that canonical composition may join to it."""
    # Those are the combining marks and the second halves of primary composites (Hangul vowels, Indic signs).
    seconds = {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))} | _marks()
    for code in (*range(0xA0, 0x3400), *range(0xF900, 0xFB50), *range(0x11000, 0x12000)):
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    return re.compile(f"[^\x00-\x7f][{re.escape(''.join(seconds))}]*|[\x00-\x7f][{re.escape(''.join(seconds))}]+")
