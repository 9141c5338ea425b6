"""What the fuzzer of articles begins with, and what must hold of every text that it makes."""

from __future__ import annotations

import zlib

from classifier.domain.articles import Article, article_from_text
from classifier.model.tag_model import TagModel
from tests.hostile import HOSTILE, assert_linear
from tests.layouts import LAYOUTS
from tests.slices import assert_all_is_right

MAX_BYTES = 4096  # of a text: what breaks on a long one breaks on a short one, and short ones are quick
N_REPEATED = 120_000  # characters of a text that is repeated to see how time grows
REPEATED_SHARE = 500  # one in so many is
EXPLAINED_SHARE = 4
_PLAIN_PIECES = (
    "<p> </p> <div> </div> <b> <br/> </a> <nav> </nav> <aside> <article> </article> <main> <header> <footer> <form> "
    "<blockquote> <table> <td> <tr> <li> <ul> <body> <html> <script> </script> <title> <textarea> <plaintext> <svg> "
    "<template> <noscript> <xmp> <!-- --> --!> <![CDATA[ ]]> <? /> </ =' & &# &#x ; &amp; &#769; &#xE000; &#xD800; "
    "&nbsp; &notit; &lt 's U.S. al- http:// @ .com ISKP Taliban Hamas Kabul"
)
PIECES = [
    *_PLAIN_PIECES.split(),
    "<a href=x>",
    "<div role=navigation>",
    '="',
    "\ue000",
    "\ue001",
    "\u0301",
    "\xad",
    "\u200b",
    "\u202e",
    "\ufb03",
    "\u1161",
    "\u0344",
    "\u2028",
    "\r\n",
    "\n",
    "\x00",
    "\u2019",
    "Tags: ",
    "Read more: ",
    "Share this",
    "Islamic State",
    "Boko Haram",
    "a bombing",
    "said on Friday. ",
]


def article_of(data: bytes) -> Article:
    """Return the article of some bytes: the first says whether it is HTML, then comes the title, a line, and the body."""
    article = article_from_text(data[1:].decode("utf-8", "replace"))
    return Article(title=article.title, body=article.body, body_format="html" if data[:1] == b"h" else "text")


def seeds() -> list[bytes]:
    """Return what the fuzzer begins with: hostile texts, layouts of web pages, and the pieces themselves."""
    texts = [make(1000) for make in HOSTILE.values()]
    texts += [
        layout("Storm", "<p>ISKP bombed a mosque in Kabul. Taliban said so.</p>\n") for layout in LAYOUTS.values()
    ]
    texts += [piece * 3 for piece in PIECES]
    return [f"{kind}ISKP in Kabul\n{text}".encode("utf-8", "replace")[:MAX_BYTES] for text in texts for kind in "ht"]


def check(model: TagModel, data: bytes) -> None:
    """Hold all that is promised of the article of some bytes; what costs most, of a share of all articles."""
    article = article_of(data)
    lot = zlib.crc32(data)
    assert_all_is_right(model, article, is_explained=lot % EXPLAINED_SHARE == 0)
    if article.body and lot % REPEATED_SHARE == 0:

        def repeated(n: int) -> str:
            return article.body * (n // len(article.body) + 1)

        def read(text: str) -> None:
            model.suggest(Article(title=article.title, body=text, body_format=article.body_format))

        assert_linear(read, repeated, N_REPEATED)
