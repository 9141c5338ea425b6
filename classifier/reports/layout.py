"""The layout of all reports. A page is one file without scripts, fonts or pictures from elsewhere; all values are escaped."""

import re
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from classifier.text.language import LANGUAGES
from classifier.texts import gettext, in_html, language, ngettext, percent, pgettext

MAX_QUOTED = 200
_COMMAND = re.compile(r"python -m |\bTAGGER_[A-Z]")
_SENTENCES = re.compile(r"(?<=[.!?؟])\s+")
_TURNS = frozenset(("LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"))
TEMPLATES = Path(__file__).parent / "templates"


def template(name: str, /, **filters: Callable[[Any], object]) -> Template:
    """Return a template of this package; `filters` turn values into the words that the page shows."""
    folder = FileSystemLoader(TEMPLATES)
    pages = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pages.filters.update({"percent": percent, **filters}, without_commands=without_commands)
    pages.globals.update({"_": in_html(gettext), "ngettext": in_html(ngettext), "pgettext": in_html(pgettext)})
    pages.globals.update(language=language, is_right_to_left=lambda: LANGUAGES[language()].right_to_left)
    return pages.get_template(name)


def texts(name: str) -> dict[str, Any]:
    """Return the texts of a report, a TOML file beside its template."""
    return tomllib.loads((TEMPLATES / name).read_text("utf-8"))


def without_commands(text: str) -> str:
    """Return a text without the sentences that name a shell command or a setting: editors can do nothing with them."""
    return " ".join(sentence for sentence in _SENTENCES.split(text) if not _COMMAND.search(sentence))


def plain(text: str, max_length: int) -> str:
    """Return a text on one line, shortened. Control characters go; those that turn the direction of text are named."""
    line = " ".join("".join(map(_visible, text)).split())
    return line if len(line) <= max_length else line[: max_length - 1] + "…"


def _visible(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cs"):
        return " "
    turn = unicodedata.bidirectional(character)
    return f"[{turn}]" if turn in _TURNS else character
