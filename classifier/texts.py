"""Texts that people read, in the language of the reader. The web layer knows the reader; everywhere else it is English.

A text names its values: `_("%(name)s has left", name=editor)`. A percent sign alone is one.
"""

import gettext as gettext_module
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache
from typing import TypeVar

from markupsafe import Markup, escape

Translations = gettext_module.NullTranslations
_Value = TypeVar("_Value")
_PLACE = re.compile(r"%\((\w+)\)s")
MAX_RETOLD = 2_000  # characters; a longer text is no sentence of this program
_english = Translations()
_of_reader: Callable[[], Translations] = lambda: _english  # noqa: E731
_of_errors: Callable[[], Sequence[str]] = tuple
_chosen: ContextVar[str | None] = ContextVar("chosen", default=None)


def translate_by(of_reader: Callable[[], Translations], of_errors: Callable[[], Sequence[str]] = tuple) -> None:
    """Take the translations for each text from a function, which knows who reads it.

    `of_errors` returns the texts of errors that have a translation into the language of who reads.
    """
    global _of_reader, _of_errors
    _of_reader, _of_errors = of_reader, of_errors


@contextmanager
def written_in(code: str) -> Iterator[None]:
    """Take the texts of a language within the block, whoever asks: what is written there is sent to somebody."""
    token = _chosen.set(code)
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen_language() -> str | None:
    """Return the language of what is being written, None where a reader has one of their own."""
    return _chosen.get()


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
_KINDS = {"group": N_("group"), "place": N_("place"), "person": N_("person"), "theme": N_("theme")}
_KINDS |= {"category": N_("category")}


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


def percent(share: float, n_decimals: int = 0) -> str:
    """Return a share from 0 to 1 in percent, as a whole number or with decimals."""
    rounded = f"{100 * share:.{n_decimals}f}"
    return _("%(n)s%", n=rounded)


def day_in_words(day: date, skeleton: str, in_english: str) -> str:
    """Return a day, or its month or year, as readers write it, by a skeleton of CLDR."""
    if (code := language()) == "en":
        return in_english
    from babel.dates import format_skeleton  # for readers of other languages only

    return format_skeleton(skeleton, day, locale=code)


def kind_name(kind: str) -> str:
    """Return what readers call a kind of tags: its name in the taxonomy, where it is none of the usual."""
    return gettext(_KINDS[kind]) if kind in _KINDS else kind


def language_name(code: str, in_english: str) -> str:
    """Return what readers call a language, whose English name is known."""
    if (reader := language()) == "en":
        return in_english
    from babel import Locale  # for readers of other languages only

    return str(Locale.parse(reader).languages.get(code) or in_english)


def field_name(name: str) -> str:
    """Return what readers call a field of an article."""
    return gettext(name.replace("_", " "))


def english(message: str, /, **values: object) -> str:
    """Return a text for a record that is kept. `retold` says it in the language of whoever reads the record."""
    return _filled(message, values)


def retold(sentence: str, messages: Sequence[str]) -> str:
    """Return an English sentence of a record in the reader's language, as it is if it was made from no text of the program.

    It was made from one of the messages, or is an error that was recorded. Its values may be sentences of the record too.
    """
    if language() == "en" or len(sentence) > MAX_RETOLD:
        return sentence
    for message in _most_exact_first((*messages, *_of_errors())):
        if (values := _values_in(sentence, message)) is not None:
            return gettext(message, **{name: retold(value, messages) for name, value in values.items()})
    return sentence


def retold_line(line: str, messages: Sequence[str]) -> str:
    """Return an English line that begins with a capital letter in the reader's language, though its messages begin with none."""
    return capitalized(retold(line[:1].lower() + line[1:], messages))


def capitalized(text: str) -> str:
    """Return a text with a capital letter at its begin."""
    return text[:1].upper() + text[1:]


@cache
def _most_exact_first(messages: tuple[str, ...]) -> list[str]:
    return sorted(messages, key=lambda message: -len(_PLACE.sub("", message)))


def _values_in(sentence: str, message: str) -> dict[str, str] | None:
    """Return the values of a sentence that was made from a message, each as short as can be, None if it was not."""
    (first, *others), names = _parts(message)
    if not names:
        return {} if sentence == message else None
    *between, last = others
    at, end, values = len(first), len(sentence) - len(last), []
    if not (sentence.startswith(first) and sentence.endswith(last)):
        return None
    for literal in between:
        if (found := sentence.find(literal, at + 1, end)) < 0:
            return None
        values.append(sentence[at:found])
        at = found + len(literal)
    return dict(zip(names, [*values, sentence[at:end]], strict=True)) if at < end else None


@cache
def _parts(message: str) -> tuple[list[str], list[str]]:
    """Return what stands around the places of a message, and the names of the places."""
    parts = _PLACE.split(message)
    return parts[::2], parts[1::2]


def pieces(text: str, values: Mapping[str, _Value]) -> list[str | _Value]:
    """Return a text as a list: what stands between its places, and the values in them."""
    return [values[part] if number % 2 else part for number, part in enumerate(_PLACE.split(text))]


def together(texts: list[str]) -> str:
    """Return texts as a list: "a, b and c"."""
    *others, last = texts or [""]
    return _("%(others)s and %(last)s", others=_(", ").join(others), last=last) if others else last


def _filled(message: str, values: Mapping[str, object]) -> str:
    return _PLACE.sub(lambda place: str(values[place[1]]), message) if values else message
