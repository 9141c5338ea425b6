"""Texts that people read, in the language of the reader. The web layer knows the reader; everywhere else it is English.

A text names its values: `_("%(name)s has left", name=editor)`. A percent sign alone is one.
"""

import gettext as gettext_module
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from markupsafe import Markup, escape

Translations = gettext_module.NullTranslations
_Value = TypeVar("_Value")
_PLACE = re.compile(r"%\((\w+)\)s")
_english = Translations()
_of_reader: Callable[[], Translations] = lambda: _english  # noqa: E731


def translate_by(of_reader: Callable[[], Translations]) -> None:
    """Take the translations for each text from a function, which knows who reads it."""
    global _of_reader  # noqa: PLW0603
    _of_reader = of_reader


def gettext(message: str, /, **values: object) -> str:
    """Return a text in the reader's language, with values in its places."""
    return _filled(_of_reader().gettext(message), values)


def pgettext(context: str, message: str, /, **values: object) -> str:
    """Return a text that means different things in different places. `context` says which is meant."""
    return _filled(_of_reader().pgettext(context, message), values)


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a text in the form of a number, which is its value `n`."""
    return _filled(_of_reader().ngettext(one, many, n), {"n": number(n), **values})


def marked(message: str) -> str:
    """Return a text as it is: it is translated where it is shown."""
    return message


_ = gettext
N_ = marked


def in_html(translate: Callable[..., str]) -> Callable[..., Markup]:
    """Return a function of templates: the text is HTML of this program, its values are escaped."""

    def translated(*messages: object, **values: object) -> Markup:
        return Markup(translate(*messages, **{name: escape(value) for name, value in values.items()}))  # noqa: S704

    return translated


def language() -> str:
    """Return the code of the reader's language."""
    return _of_reader().info().get("language", "en")


def number(n: int) -> str:
    """Return a whole number with the reader's separators of thousands."""
    return f"{n:,}".replace(",", gettext(","))


def percent(share: float) -> str:
    """Return a share from 0 to 1 as a whole number of percent."""
    whole = f"{100 * share:.0f}"
    return _("%(n)s%", n=whole)


def pieces(text: str, values: Mapping[str, _Value]) -> list[str | _Value]:
    """Return a text as a list: what stands between its places, and the values in them."""
    return [values[part] if number % 2 else part for number, part in enumerate(_PLACE.split(text))]


def together(texts: list[str]) -> str:
    """Return texts as a list: "a, b and c"."""
    *others, last = texts or [""]
    return _("%(others)s and %(last)s", others=_(", ").join(others), last=last) if others else last


def _filled(message: str, values: Mapping[str, object]) -> str:
    return _PLACE.sub(lambda place: str(values[place[1]]), message) if values else message
