"""The rows of a draft as operations of a change set, a line of text each."""

import json
from collections.abc import Iterable, Mapping

from classifier.domain.spelling import spell
from classifier.domain.taxonomy_yaml import common_words
from classifier.reports.draft.records import INITIALS

_KEYWORDS = frozenset(("into", "to", "under", "for", "keep"))  # words of operations; an id that is one is quoted
EXACT = {"case": "exact"}  # the policy of an alias that counts only as it is written
MAX_SHORT = 4  # letters of an abbreviation that counts only as it is written


def create(tag: str, label: str, broader: str | None, created: str | None) -> str:
    """Return the operation for a new tag. `created` is its day: articles from before say nothing of it."""
    options = {"broader": broader and _id(broader), "created": created}
    return " ".join(
        ["create", _id(tag), _quoted(label), *(f"{name}={value}" for name, value in options.items() if value)]
    )


def move(tag: str, broader: str) -> str:
    """Return the operation that puts a tag under another."""
    return f"move {_id(tag)} under {_id(broader)}"


def merge(tag: str, into: str) -> str:
    """Return the operation that makes a tag one with another."""
    return f"merge {_id(tag)} into {_id(into)}"


def change_alias(tag: str, text: str, policy: Mapping[str, object]) -> str:
    """Return the operation that gives a tag an alias, or an alias another policy."""
    return f"alias {_id(tag)} +{_quoted(text)}" + (f" {json.dumps(policy)}" if policy else "")


def drop_alias(tag: str, text: str) -> str:
    """Return the operation that takes an alias off its tag."""
    return f"alias {_id(tag)} -{_quoted(text)}"


def set_field(tag: str, field: str, value: str) -> str:
    """Return the operation that gives a field of a tag another value."""
    return f"set {_id(tag)} {field}={value}"


class Aliases:
    """Gives the operations for new aliases, none for a name that is another of its tag but for signs."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """Take the names that the tags have already, by their ids."""
        self._names = {tag: set(map(spell, of_tag)) for tag, of_tag in names.items()}

    def add(self, tag: str, form: str, rule: str) -> str | None:
        """Return the operation for an alias as articles write it. Short and common ones count only as they are written."""
        words = spell(form).split()
        spelling = " ".join(words)
        if len(spelling) < 2 or spelling in self._names[tag]:
            return None
        self._names[tag].add(spelling)
        is_short = len(words) == 1 and (len(words[0]) <= MAX_SHORT or words[0] in common_words())
        text = form.upper() if is_short and rule == INITIALS and form.islower() else form
        return change_alias(tag, text, EXACT if is_short else {})


def _id(tag: str) -> str:
    return _quoted(tag) if tag in _KEYWORDS else tag


def _quoted(text: str) -> str:
    """Return a text in quotation marks, with the escapes of JSON for what cannot be printed: a line stays one line."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in json.dumps(text, ensure_ascii=False))
