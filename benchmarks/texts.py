"""Write the texts of the pages that lack a translation into the catalogues: `python -m benchmarks.texts`.

Texts that no page has any more leave the catalogues. What is new is empty until somebody translates it, and a test fails as long
as a text is.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from classifier.web.texts import ENGLISH, FOLDER, NAMES

ROOT = Path(__file__).parent.parent
PROGRAMS = "classifier/**/*.py"
TEMPLATES = "classifier/*/templates/*.html"
SCRIPTS = "classifier/web/static/**/*.js"
TABLES = (
    "classifier/web/pages/wording.toml",
    "classifier/web/problems.toml",
    "classifier/reports/templates/data.toml",
    "classifier/reports/templates/desk.toml",
    "classifier/reports/templates/run.toml",
)
CONTEXTS = {"history"}  # tables whose texts mean another thing elsewhere
KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
OPTIONS = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}  # of templates
_STRING = r'"(?:[^"\\]|\\.)*"'
# Babel's own readers of JavaScript and Python pass over calls within calls.
CALL = re.compile(rf"(?<![\w.])(_|N_|nodes|ngettext|nnodes|pgettext)\(\s*({_STRING})(?:,\s*({_STRING}))?")
HEAD = """msgid ""
msgstr ""
"Language: {code}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def found() -> Iterator[tuple[str, Any, str | None]]:
    """Yield the texts of the program, each with its file and its context: one text, or those of one and of many."""
    for path in sorted(ROOT.glob(TEMPLATES)):
        name = path.relative_to(ROOT).as_posix()
        for _, text, _, context in extract_from_file("jinja2", path, KEYWORDS, options=OPTIONS):
            yield name, text, context
    for pattern, texts_of in ((PROGRAMS, of_program), (SCRIPTS, of_script)):
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            yield from ((name, *call) for call in texts_of(path.read_text("utf-8")))
    for name in TABLES:
        for title, table in tomllib.loads((ROOT / name).read_text("utf-8")).items():
            context = title if title in CONTEXTS else None
            yield from ((name, text, context) for text in _texts_in(table) if text)


def _texts_in(table: Any) -> Iterator[str]:
    """Yield the texts in the values of a table, and in those of the lists and tables that it has."""
    for value in table.values() if isinstance(table, dict) else table:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            yield from _texts_in(value)


def of_program(source: str) -> Iterator[tuple[Any, str | None]]:
    """Yield the texts of a module of Python, each with its context: one text, or those of one and of many."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            strings = [
                each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            ]
            match node.func.id, strings:
                case "ngettext", [one, many]:
                    yield (one, many), None
                case "pgettext", [context, text]:
                    yield text, context
                case "_" | "N_" | "gettext", [text]:
                    yield text, None


def of_script(source: str) -> Iterator[tuple[Any, str | None]]:
    """Yield the texts of a script, each with its context: one text, or those of one and of many."""
    for function, *strings in CALL.findall(source):
        first, second = (json.loads(each) if each else None for each in strings)
        if function == "pgettext":
            yield second, first
        else:
            yield ((first, second) if function in ("ngettext", "nnodes") else first), None


def extracted() -> Catalog:
    """Return all texts, each with the files that have it."""
    catalog = Catalog(fuzzy=False)
    for name, text, context in found():
        catalog.add(text, locations=[(name, 0)], context=context)
    for message in catalog:
        message.locations = sorted({(name, 0) for name, _ in message.locations})
        message.flags.discard("python-format")  # a percent sign alone is one
    return catalog


def path_of(code: str) -> Path:
    """Return the file of a language's translations."""
    return FOLDER / code / "LC_MESSAGES" / "messages.po"


def translations(code: str) -> Catalog:
    """Return the translations into a language, none if it has no file yet."""
    path = path_of(code)
    return read_po(BytesIO(path.read_bytes()) if path.is_file() else BytesIO(), locale=code)


def updated(code: str, texts: Catalog) -> Catalog:
    """Return the catalogue of a language with the texts of now, and the translations that they have."""
    before = translations(code)
    after = read_po(BytesIO(_head(before).encode()), locale=code)
    for message in texts:
        if message.id:
            old = before.get(message.id, message.context)
            empty = "" if isinstance(message.id, str) else ("",) * after.num_plurals
            is_same = old is not None and old.id == message.id
            after.add(
                message.id,
                old.string if old is not None and is_same else empty,
                message.locations,
                context=message.context,
            )
    return after


def forms(message: Message) -> Sequence[str]:
    """Return a translation in all its forms."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def written(catalog: Catalog) -> str:
    """Return a catalogue as a file, in the order of the texts and without a time, so that branches seldom meet."""
    for message in catalog:
        message.flags.discard("python-format")
    content = BytesIO()
    write_po(content, catalog, width=0, sort_output=True, omit_header=True, include_lineno=False)
    return _head(catalog) + content.getvalue().decode()


def _head(catalog: Catalog) -> str:
    """Return the head of a catalogue. The rule of its plural forms stays what the file says."""
    return HEAD.format(code=catalog.locale, plurals=catalog.plural_forms)


def main() -> None:
    """Write the catalogues, and say how many texts lack a translation."""
    texts = extracted()
    for code in NAMES:
        if code != ENGLISH:
            catalog = updated(code, texts)
            path_of(code).parent.mkdir(parents=True, exist_ok=True)
            path_of(code).write_text(written(catalog), encoding="utf-8")
            n_empty = sum(not all(forms(message)) for message in catalog if message.id)
            sys.stdout.write(f"{path_of(code)}: {len(catalog)} texts, {n_empty} to translate\n")


if __name__ == "__main__":
    main()
