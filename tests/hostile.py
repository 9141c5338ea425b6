"""Hostile texts by name, of any size, and a check that the work on them grows with their size and no faster.

@pytest.mark.parametrize("name", HOSTILE)
def test_cleaning_is_linear(name: str) -> None:
    assert_linear(clean, HOSTILE[name], size(200_000, 2_000_000))
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

Text = Callable[[int], str]  # a text of about as many characters

N_TRIES = 4  # a busy machine may spoil a measurement; what is quadratic is so each time
MAX_RATIO = 3.0  # for twice the text: 2 is linear, 2.2 with sorting, 4 quadratic
LEAST_SECONDS = 0.01  # shorter times count as this: they are mostly noise
STEP = 4  # the smaller text is a quarter of the larger one


def repeated(piece: str, before: str = "", after: str = "") -> Text:
    """Return a text of one piece that is repeated; of several pieces, `{n}` in it is the number of the repetition."""

    def text(n: int) -> str:
        n_pieces = max(1, (n - len(before) - len(after)) // len(piece))
        if "{n}" not in piece:
            return before + piece * n_pieces + after
        return before + "".join(piece.replace("{n}", str(number)) for number in range(n_pieces)) + after

    return text


def nested(opening: str, closing: str, inner: str = "ISKP") -> Text:
    """Return a text of elements inside each other, all closed."""

    def text(n: int) -> str:
        depth = max(1, n // len(opening + closing))
        return opening * depth + inner + closing * depth

    return text


_SENTENCE = "The Islamic State claimed an attack on a Taliban patrol near Kabul on Friday. "
_STACK = "\u0301\u0323\u0308\u0327"

HOSTILE: dict[str, Text] = {
    # --- elements ---
    "h1 opened": repeated("<h1>"),
    "h1 unfinished": repeated("<h1 "),
    "h1 never closed, with words": repeated("<h1>ISKP "),
    "h1 with a blank before its end": repeated("<h1></h1 "),
    "titles opened": repeated("<title>"),
    "titles unfinished": repeated("<title "),
    "titles and headings": repeated("<title><h1>"),
    "titles closed": repeated("<title></title>"),
    "div nested": nested("<div>", "</div>"),
    "div opened": repeated("<div>"),
    "div closed only": repeated("</div>"),
    "div with words": repeated("<div>ISKP "),
    "paragraphs": repeated("<p>x</p>"),
    "paragraphs opened": repeated("<p>x"),
    "bold nested": nested("<b>", "</b>"),
    "bold never closed in paragraphs": repeated("<p><b>x"),
    "links nested": repeated("<a>"),
    "lists nested": nested("<ul><li>", "</li></ul>"),
    "tables nested": nested("<table><tr><td>", "</td></tr></table>"),
    "table cells misplaced": repeated("<td>x"),
    "nav nested": nested("<nav>", "</nav>"),
    "articles nested": nested("<article>", "</article>"),
    "headers and footers": repeated("<header>x</header><footer>y</footer>"),
    "forms and options": repeated("<form><select><option>x"),
    "scripts": repeated("<script>x</script>"),
    "scripts opened": repeated("<script>"),
    "plain text element": repeated("<plaintext>"),
    "svg nested": nested("<svg>", "</svg>"),
    "line breaks": repeated("<br>"),
    "names of elements of their own": repeated("<x{n}>"),
    "less than": repeated("<"),
    "greater than": repeated(">"),
    "less and greater than": repeated("<>"),
    "slashes": repeated("</"),
    "menus between sentences": repeated("<nav>x</nav><p>A bomb went off.</p>"),
    "roles": repeated("<div role=navigation>x</div>y "),
    "articles with a menu in each": repeated("<article><nav>x</nav>A bomb went off.</article>"),
    "articles opened, with asides": repeated("<article>x<aside>y"),
    "quotations aside": repeated("<aside><blockquote>x</blockquote></aside>y "),
    "blocks of links on a page": repeated(
        "<ul><li><a href=a>b</a><li><a href=a>b</a><li><a href=a>b</a></ul>x", "<body>"
    ),
    "end tags over a deep stack": repeated("<u><div><i><i></u></b>"),
    "end tags of cells": repeated("<td><div></td></div>"),
    # --- what is no element ---
    "comments": repeated("<!-- x -->"),
    "comments opened": repeated("<!--"),
    "comment with dashes": repeated("--", "<!--"),
    "block comments": repeated('<!-- wp:paragraph {"a":1} --><p>x</p><!-- /wp:paragraph -->'),
    "cdata": repeated("<![CDATA[x]]>"),
    "cdata opened": repeated("<![CDATA["),
    "processing instructions": repeated("<?x?>"),
    "doctypes": repeated("<!DOCTYPE x>"),
    "shortcodes": repeated("[x y='z']"),
    "brackets": repeated("["),
    # --- attributes ---
    "attributes": repeated(" a{n}=b", "<p", ">x"),
    "attribute that never ends": repeated("x", "<p title='"),
    "attributes without a name": repeated("=", "<p "),
    "quotes": repeated("\"'", "<p "),
    "elements with attributes": repeated("<i class='a' id='b'>x</i>"),
    # --- entities ---
    "ampersands": repeated("&"),
    "entities": repeated("&amp;"),
    "entities without an end": repeated("&amp"),
    "entities of numbers": repeated("&#65;"),
    "entities of marks": repeated("&#769;&#803;"),
    "entities unfinished": repeated("&#"),
    "entity of a long number": repeated("9", "&#", ";"),
    "entity of many zeros": repeated("0", "&#", "8238;"),
    "entities of many zeros": repeated(f"&#{'0' * 900}8238;"),
    "entities of private characters": repeated("&#xe000;&#xe001;"),
    "entities that forge a source mark": repeated("&#x000e000;9&#x000e001;"),
    "private characters": repeated("\ue0009\ue001"),
    "entities of controls": repeated("&rlm;"),
    "entities of controls by number": repeated("&#x202e;"),
    # --- characters ---
    "combining marks": repeated("\u0301", "e"),
    "combining marks of two classes": repeated("\u0301\u0323"),
    "letters under combining marks": repeated("e" + _STACK),
    "marks apart by zero width": repeated("\u0301\u200b\u0323\u200b"),
    "hangul letters": repeated("\u1100\u1161\u11a8"),
    "ligatures": repeated("\ufb03"),
    "ligatures of eighteen letters": repeated("\ufdfa"),
    "bidi controls": repeated("\u202e"),
    "bidi controls between letters": repeated("a\u202eb"),
    "zero width": repeated("\u200b"),
    "zero width between letters": repeated("a\u200b"),
    "soft hyphens": repeated("a\u00ad"),
    "emoji": repeated("\U0001f600"),
    "emoji joined": repeated("\U0001f468\u200d"),
    "carriage returns": repeated("\r"),
    "control characters": repeated("\x01"),
    "all of Unicode": lambda n: "".join(chr(0xA0 + k % 0xD000) for k in range(n)),
    # --- words and lines ---
    "one long word": repeated("a"),
    "one long word of capitals": repeated("A"),
    "words of capitals": repeated("ABC DEF "),
    "capitalised words": repeated("Abc "),
    "capitals with full stops": repeated("A.B."),
    "different words": repeated("w{n} "),
    "different names": repeated("Name{n} "),
    "hyphens": repeated("-"),
    "hyphens between letters": repeated("a-"),
    "apostrophes": repeated("'"),
    "apostrophes between letters": repeated("a'"),
    "spaces": repeated(" "),
    "spaces before a word": repeated(" ", after="x"),
    "tabs and spaces": repeated("\t "),
    "blank lines": repeated("\n"),
    "lines of spaces": repeated(" \n"),
    "short lines": repeated("x\n"),
    "short lines of names": repeated("ISKP\n"),
    "short sentences": repeated("It was. "),
    "full stops": repeated("."),
    "question marks and quotes": repeated('?" '),
    "digits": repeated("9"),
    "web addresses": repeated("http://a.org "),
    "one long web address": repeated("a", "http://"),
    "domains": repeated("a.com."),
    "at signs": repeated("a@"),
    "sentences": repeated(_SENTENCE),
    "sentences on lines": repeated(f"{_SENTENCE}\n"),
    "names of tags": repeated("Islamic State of "),
    "names of many tags": repeated("ISKP, Taliban, Al Shabaab, Boko Haram, Hamas; "),
    # --- furniture ---
    "removed parts": repeated("A bomb went off.\nRead more: other news\n"),
    "removed parts at the end": repeated("Tags: ISKP\n", f"{_SENTENCE}\n"),
    "tag lists on one line": repeated("Tags: "),
    "hash tags": repeated("#a "),
    "share links": repeated("Share on Facebook | "),
    "share links on lines": repeated("Share on Facebook, Twitter\n"),
    "links under headings": repeated("Related stories:\na\nb\n"),
    "author notes": repeated("Ali Khan is a reporter for us.\n"),
    "stamps": repeated("Posted on May 3, 2024\n"),
    "subscribe": repeated("Subscribe to our newsletter\n"),
    "controls and removed parts": repeated("Read more: \u202eother\u202c news\nA bomb went off.\n"),
    "controls and removed parts as elements": repeated("<p>Read more: &#x202e;x&#x202c;</p><p>A bomb went off.</p>"),
}


class Growth(NamedTuple):
    """The CPU seconds of some work on a text and on one of a quarter of its size, and their ratio for each doubling."""

    seconds: float
    quarter: float

    @property
    def ratio(self) -> float:
        """How many times as long twice the text takes."""
        longer, shorter = max(self.seconds, LEAST_SECONDS), max(self.quarter, LEAST_SECONDS)
        return float((longer / shorter) ** 0.5)

    def __str__(self) -> str:
        return f"{1000 * self.quarter:.0f} ms, four times the text {1000 * self.seconds:.0f} ms: {self.ratio:.1f} for twice"


_NUMBERS = count()


@contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage meanwhile: in a process of many tests a collection takes longer than what is timed."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def cpu_seconds(work: Callable[[str], Any], text: str) -> float:
    """Return the CPU time of all threads of this process for some work on a text.

    A number is put behind the text, so that no answer to it can be remembered.
    """
    text += f" {next(_NUMBERS)}"
    with without_collections():
        begun = time.process_time()
        work(text)
        return time.process_time() - begun


def growth(work: Callable[[str], Any], text: Text, n: int) -> Growth:
    """Return how the CPU time of some work grows from a quarter of `n` characters to `n`.

    Where it seems to grow too fast, it is measured again and the least times count.
    """
    long, short = text(n), text(n // STEP)
    measured = Growth(float("inf"), float("inf"))
    for _ in range(N_TRIES):
        quarter = min(measured.quarter, cpu_seconds(work, short))
        measured = Growth(min(measured.seconds, cpu_seconds(work, long)), quarter)
        if measured.ratio <= MAX_RATIO:
            break
    return measured


def assert_linear(work: Callable[[str], Any], text: Text, n: int) -> None:
    """Assert that the CPU time of some work on a text of `n` characters grows with the text and no faster."""
    measured = growth(work, text, n)
    assert measured.ratio <= MAX_RATIO, f"CPU time grows faster than the text: {measured}"
