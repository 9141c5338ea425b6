"""The rows of a draft as operations of a change set, a line of text each."""

import json
from collections.abc import Mapping

from classifier.domain.spelling import spell
from classifier.domain.taxonomy_yaml import common_words
from classifier.reports.draft.records import INITIALS

MAX_SHORT = 4  # letters of an abbreviation that counts only as it is written


def create(tag: str, label: str, broader: str | None) -> str:
    """Return the operation for a new tag."""
    return f"create {tag} {_quoted(label)}" + (f" broader={broader}" if broader else "")


def move(tag: str, broader: str) -> str:
    """Return the operation that puts a tag under another."""
    return f"move {tag} under {broader}"


def merge(tag: str, into: str) -> str:
    """Return the operation that makes a tag one with another."""
    return f"merge {tag} into {into}"


def retire(tag: str) -> str:
    """Return the operation for a tag that is no longer used."""
    return f"retire {tag}"


class Aliases:
    """Gives the operations for new aliases, none for a name that is another of its tag but for signs."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        """Take the labels of the tags by their ids."""
        self._names = {tag: {spell(label)} for tag, label in labels.items()}

    def add(self, tag: str, form: str, rule: str) -> str | None:
        """Return the operation for an alias as articles write it. Short and common ones count only as they are written."""
        words = spell(form).split()
        spelling = " ".join(words)
        if not words or spelling in self._names[tag]:
            return None
        self._names[tag].add(spelling)
        is_short = len(words) == 1 and (len(words[0]) <= MAX_SHORT or words[0] in common_words())
        text = form.upper() if is_short and rule == INITIALS and form.islower() else form
        return f"alias {tag} +{_quoted(text)}" + (" {case: exact}" if is_short else "")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
