"""Compiles the plugin's translations: each LANGUAGE.po beside this file -> a .mo for PHP and a JSON file for each script.

`translations.py FOLDER` writes to the folder. Needs msgfmt (gettext).
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
DOMAIN = "article-tagger"


class Message(NamedTuple):
    """A text with its plural, the files that have it, and its translations."""

    text: str
    plural: str
    files: tuple[str, ...]
    translations: tuple[str, ...]


def read_po(path: Path) -> Iterator[Message]:
    """Yield the messages of a .po file, without its head."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        files = tuple(word for line in re.findall(r"^#: (.*)$", block, re.M) for word in line.split())
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if found := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                name, text = found.groups()
                fields[name] = ast.literal_eval(text)
            elif line.startswith('"'):
                fields[name] += ast.literal_eval(line)
        if fields.get("msgid"):
            texts = tuple(text for key, text in sorted(fields.items()) if key.startswith("msgstr"))
            yield Message(fields["msgid"], fields.get("msgid_plural", ""), files, texts)


def json_of(messages: list[Message], language: str, plurals: str) -> str:
    """Return the messages as WordPress's scripts read them."""
    head = {"domain": "messages", "lang": language, "plural-forms": plurals}
    texts = {message.text: list(message.translations) for message in messages if any(message.translations)}
    return json.dumps({"domain": "messages", "locale_data": {"messages": {"": head, **texts}}}, ensure_ascii=False)


def main(folder: Path) -> None:
    """Write all translations to a folder."""
    for po in sorted(HERE.glob("languages/*.po")):
        language = po.stem
        command = ["msgfmt", "--check-format", "-o", folder / f"{DOMAIN}-{language}.mo", po]
        subprocess.run(command, check=True)  # noqa: S603 - our own files
        messages = list(read_po(po))
        (plurals,) = re.findall(r'^"Plural-Forms: (.*)\\n"$', po.read_text(encoding="utf-8"), re.M)
        scripts = sorted({file for message in messages for file in message.files if file.endswith(".js")})
        for script in scripts:
            of_script = [message for message in messages if script in message.files]
            name = f"{DOMAIN}-{language}-{DOMAIN}-{Path(script).stem}.json"  # as WordPress looks for it, by the script's handle
            (folder / name).write_text(json_of(of_script, language, plurals), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
