"""What reports show, and how: one look for all. A page is one file that needs nothing else; every value in it is escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

MAX_QUOTED = 200
TEMPLATES = Path(__file__).parent / "templates"


def template(name: str, **filters: Callable[[Any], str]) -> Template:
    """Return a template of this package; `filters` turn values into the words that the page shows."""
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(filters)
    return pages.get_template(name)


def plain(text: str, at_most: int) -> str:
    """Return a text on one line without control characters, shortened."""
    line = " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in text).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"
