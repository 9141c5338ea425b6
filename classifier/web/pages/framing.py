"""Reports in the site's layout. A report is one file that stands alone; the service shows its parts below the site's head."""

import base64
import hashlib
import re
from typing import NamedTuple

from flask import Response, request

from classifier.store.keys import Session
from classifier.web.pages import render

_LINK = re.compile(r'<a href="/[^"]*">(.*?)</a>')


class Parts(NamedTuple):
    """The parts of a report, as HTML that this program wrote: all values in it are escaped."""

    title: str
    style: str
    header: str
    main: str
    footer: str


def wanted_as_file() -> bool:
    """Return whether the reader asks for a report as a file of its own."""
    return request.args.get("as") == "file"


def framed(page: str, session: Session) -> Response:
    """Return a report in the site's layout, with a policy that allows the report's own style; or as a file, if that is wanted.

    The style is nested below `.report`, and its tokens are those of the site, so that it changes nothing around the report.
    """
    if wanted_as_file():
        page = _LINK.sub(r"\1", page)  # a file has no service beside it
        return Response(page, headers={"Content-Disposition": 'attachment; filename="report.html"'})
    report = _parts_of(page)
    style = f".report {{\n{report.style}\n}}"
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'self' 'sha256-{digest}'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    shown = render("report.html", session, report=report, style=style)
    return Response(shown, headers={"Content-Security-Policy": policy})


def _parts_of(page: str) -> Parts:
    def between(start: str, end: str) -> str:
        return page.partition(start)[2].partition(end)[0]

    header = between("<header>", "</header>")
    if '<div class="top">' in header:  # of a report that an earlier version wrote, with the site's head of then
        header = header.partition("</nav>\n</div>")[2]
    main = between('<main id="main" tabindex="-1">', "</main>")
    title, footer = between("<title>", "</title>"), between("<footer>", "</footer>")
    return Parts(title, between("<style>", "</style>"), header, main, footer)
