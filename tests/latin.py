"""Latin words that are left on a page in Arabic: each is a name, or a text that nobody has translated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lxml import html

from classifier import texts
from classifier.web.texts import errors_in, translations_of

LATIN = re.compile(r"(?<![\dA-Za-z])[A-Za-z]{3,}(?![\dA-Za-z])")  # and not the letters of a digest
NAMES = {"cms", "Wikidata", "IPTC", "SKOS", "Media", "Topics", "micro", "macro", "UTC"}
NAMES |= {"Ctrl", "Alt", "Meta", "Enter", "Escape", "Esc", "HTML", "csv", "ttl", "jsonld", "json", "yaml", "txt"}
NAMES |= {"CSV", "JSON", "Lines", "WordPress", "zip"}
SET_APART = {"bdi", "script", "style", "code", "kbd", "title", "pre"}  # elements of names, and of what is not shown


@contextmanager
def reading_in(code: str) -> Iterator[None]:
    """Let everybody read in a language, outside of requests too."""
    before = texts._of_reader, texts._of_errors
    texts.translate_by(lambda: translations_of(code), lambda: errors_in(code))
    try:
        yield
    finally:
        texts.translate_by(*before)


def latin_words(shown: Iterable[str]) -> set[str]:
    """Return the words in Latin letters that are no names."""
    return {word for text in shown for word in LATIN.findall(text)} - NAMES


def left_in_latin(page: str, names: Iterable[str] = ()) -> set[str]:
    """Return the Latin words that a page shows or tells screen readers, without those in elements of names, and `names`."""
    tree = html.document_fromstring(page)
    apart = " or ".join(f"ancestor::{name}" for name in sorted(SET_APART))
    shown = tree.xpath(f"//text()[not({apart})]")
    shown += tree.xpath("//@aria-label") + tree.xpath("//@placeholder") + tree.xpath("//svg//title/text()")
    return latin_words(shown) - latin_words(names)
