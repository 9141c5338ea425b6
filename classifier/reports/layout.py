"""What reports show, and how: one look for all. A page is one file that needs nothing else; every value in it is escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

MAX_QUOTED = 200
_TURNS = frozenset(("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"))
TEMPLATES = Path(__file__).parent / "templates"
# The pages of the service, above each of them.
SITE = (
    ("/", "Try an article"),
    ("/review", "Review"),
    ("/report", "Report"),
    ("/runs", "Runs"),
    ("/drift", "Drift"),
    ("/docs", "API"),
)


def template(name: str, **filters: Callable[[Any], object]) -> Template:
    """Return a template of this package; `filters` turn values into the words that the page shows."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(filters)
    pages.globals["site"] = SITE
    return pages.get_template(name)


def plain(text: str, at_most: int) -> str:
    """Return a text on one line without control characters, shortened; what would turn its direction is named."""
    line = " ".join("".join(map(_visible, text)).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


def _visible(sign: str) -> str:
    if unicodedata.category(sign) in ("Cc", "Cs"):
        return " "
    turn = unicodedata.bidirectional(sign)
    return f"[{turn}]" if turn in _TURNS else sign
