"""The rows of a draft and the findings of the linter as operations of a change set, a line of text each."""

from collections.abc import Iterable, Mapping

from classifier.domain.alias_checks import common_words
from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import ChangeAlias, Create, Merge, Move, SetField
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias
from classifier.reports.draft.records import INITIALS

MAX_SHORT = 4  # letters of an abbreviation that counts only as it is written


def create(tag: str, label: str, broader: str | None, created: str | None) -> str:
    """Return the operation for a new tag. `created` is its day: articles from before say nothing of it."""
    return operation_to_text(Create(tag, label, broader=(broader,) if broader else (), created=created))


def move(tag: str, under: Iterable[str]) -> str:
    """Return the operation that puts a tag under others."""
    return operation_to_text(Move(tag, tuple(under)))


def merge(tag: str, into: str) -> str:
    """Return the operation that makes a tag one with another."""
    return operation_to_text(Merge((tag,), into))


def change_alias(tag: str, alias: Alias) -> str:
    """Return the operation that gives a tag an alias, or an alias another policy."""
    return operation_to_text(ChangeAlias(tag, add=alias))


def drop_alias(tag: str, text: str) -> str:
    """Return the operation that takes an alias off its tag."""
    return operation_to_text(ChangeAlias(tag, drop=text))


def set_field(tag: str, field: str, value: str) -> str:
    """Return the operation that gives a field of a tag another value."""
    return operation_to_text(SetField(tag, field, value))


class Aliases:
    """Gives the operations for new aliases, none for a name that is another of its tag but for signs."""

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        """Take the names that the tags have already, by their ids."""
        self._names = {tag: set(map(spell, of_tag)) for tag, of_tag in names.items()}

    def add(self, tag: str, form: str, rule: str) -> str | None:
        """Return the operation for an alias as articles write it, as `alias` makes it."""
        alias = self.alias(tag, form, rule)
        return change_alias(tag, alias) if alias is not None else None

    def alias(self, tag: str, form: str, rule: str) -> Alias | None:
        """Return an alias as articles write it. Short and common ones count only as they are written."""
        words = spell(form).split()
        spelling = " ".join(words)
        if len(spelling) < 2 or spelling in self._names[tag]:
            return None
        self._names[tag].add(spelling)
        is_short = len(words) == 1 and (len(words[0]) <= MAX_SHORT or words[0] in common_words())
        text = form.upper() if is_short and rule == INITIALS and form.islower() else form
        return Alias(text, case_exact=is_short)
