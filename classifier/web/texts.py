"""The reader's language, and the texts of pages in it: gettext catalogues in `translations/`, English without one.

A reader's language is the one chosen on a page, else the first of the browser's that there is, else English. A catalogue is
compiled when its first reader comes.
"""

import gettext as gettext_module
import json
import re
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, Response
from markupsafe import Markup, escape

from classifier import texts
from classifier.domain.sentences import OF_LOGS, OF_RUNS
from classifier.domain.taxonomy import Tag
from classifier.reports.draft.sentences import OF_DRAFTS
from classifier.reports.lint.sentences import OF_FINDINGS
from classifier.text.language import LANGUAGES as RECORDS
from classifier.text.language import name_of
from classifier.texts import N_, field_name, gettext, kind_name, ngettext, number, percent, pgettext, together
from classifier.web.incoming import incoming, incoming_or_none, notes

FOLDER = Path(__file__).with_name("translations")
ENGLISH = "en"
NAMES = {ENGLISH: "English", "fr": "Français", "ar": "العربية"}  # as their readers call them
COOKIE = "language"
N_PLURALS = 200  # numbers whose plural forms scripts are told; above, the last two digits tell the form
CORE = tuple(
    f"classifier/{part}/"
    for part in ("archive", "domain", "gate", "importers", "model", "operations", "serving", "store", "training")
)
NO_ERRORS = "classifier/domain/sentences.py"
LEAST_OF_ERROR = 12  # characters besides the values
RECORDS_IN_ENGLISH = {
    "runs": OF_RUNS,
    "logs": OF_LOGS,
    "drafts": OF_DRAFTS,
    "findings": OF_FINDINGS,
}  # the sentences of each
_ROLES = {"editor": N_("editor"), "taxonomist": N_("taxonomist"), "admin": N_("administrator"), "reader": N_("reader")}


def language() -> str:
    """Return the language of what is written just now, else of whoever sent the request, English outside of one."""
    if (chosen := texts.chosen_language()) is not None:
        return chosen
    if (now := incoming_or_none()) is None:
        return ENGLISH
    if now.language is None:
        chosen, accepted = now.request.cookies.get(COOKIE), now.request.accept_languages
        now.language = chosen if chosen in NAMES else accepted.best_match(list(NAMES)) or ENGLISH
    return now.language


def is_right_to_left() -> bool:
    """Return whether the reader's language is written from right to left."""
    record = RECORDS.get(language())
    return record is not None and record.right_to_left


def role_name(role: str) -> str:
    """Return what readers call a role."""
    return gettext(_ROLES[role]) if role in _ROLES else role


def language_name(code: str) -> str:
    """Return what readers call a language: its code, where no name of it is known."""
    return texts.language_name(code, name_of(code))


def label_of(tag: Tag) -> str:
    """Return the label of a tag in the reader's language, its main one where it has none there."""
    return dict(tag.labels).get(language(), tag.label)


@cache
def translations_of(code: str) -> gettext_module.NullTranslations:
    """Return the translations into a language, compiled once."""
    if code == ENGLISH:
        return gettext_module.NullTranslations()
    from babel.messages.mofile import write_mo  # for readers of other languages only

    compiled = BytesIO()
    write_mo(compiled, _catalogue(code))
    compiled.seek(0)
    return gettext_module.GNUTranslations(compiled)


def _catalogue(code: str) -> Any:
    from babel.messages.pofile import read_po

    with (FOLDER / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


@cache
def errors_in(code: str) -> tuple[str, ...]:
    """Return the errors of the core that have a translation. Short ones are left out: they fit what they are not made for."""
    files = (
        {message.id: [name for name, _ in message.locations] for message in _catalogue(code)} if code != ENGLISH else {}
    )
    errors = [text for text, names in files.items() if isinstance(text, str) and any(map(_is_core, names))]
    return tuple(text for text in errors if len(re.sub(r"%\(\w+\)s", "", text)) >= LEAST_OF_ERROR)


def _is_core(file: str) -> bool:
    return file.startswith(CORE) and file != NO_ERRORS


@cache
def _texts_of_scripts(code: str) -> Markup:
    found: dict[str, object] = {}
    for message in _catalogue(code):
        if message.id and any(name.endswith(".js") for name, _ in message.locations):
            key = message.id if isinstance(message.id, str) else message.id[0]
            found[f"{message.context}\x04{key}" if message.context else key] = message.string
    form = translations_of(code).plural  # type: ignore[attr-defined]  # the rule in the head of the catalogue
    content = {"texts": found, "plurals": "".join(str(form(n)) for n in range(N_PLURALS))}
    return Markup(json.dumps(content, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704


def texts_of_scripts() -> Markup:
    """Return the texts of scripts in the reader's language as JSON for `texts.js`, nothing in English."""
    return Markup("") if language() == ENGLISH else _texts_of_scripts(language())


def _listed(items: list[object]) -> Markup:
    """Return pieces of HTML as a list: "a, b and c"."""
    return Markup(together([escape(item) for item in items]))  # noqa: S704


def install(app: Flask) -> None:
    """Give templates the texts, and let answers say that they depend on the reader's language."""
    texts.translate_by(lambda: translations_of(language()), lambda: errors_in(language()))
    functions: dict[str, Callable[..., str]] = {"_": gettext, "ngettext": ngettext, "pgettext": pgettext}
    app.jinja_env.globals.update({name: texts.in_html(translate) for name, translate in functions.items()})
    app.jinja_env.globals.update(language=language, is_right_to_left=is_right_to_left, languages=NAMES)
    app.jinja_env.globals.update(texts_of_scripts=texts_of_scripts, role_name=role_name)
    app.jinja_env.filters.update(number=number, kind_name=kind_name, field_name=field_name, label=label_of)
    app.jinja_env.filters["retold"] = lambda sentence, of="runs": texts.retold(sentence, RECORDS_IN_ENGLISH[of])
    app.jinja_env.filters["retold_line"] = lambda line: texts.retold_line(line, RECORDS_IN_ENGLISH["logs"])
    app.jinja_env.filters.update(percent=percent, together=_listed, language_name=language_name)

    def vary(response: Response) -> None:
        if incoming().language is not None:
            response.vary.update(["Accept-Language", "Cookie"])

    notes(app).append(vary)
