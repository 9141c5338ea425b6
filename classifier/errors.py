"""Every failure that is raised on purpose: what is wrong, the value, the next step.

The core knows neither HTTP status nor exit code; the web layer and the command line each hold one table.
"""

from __future__ import annotations


class TaggerError(Exception):
    """Something that the caller can mend; the message says how."""


class BadJSON(TaggerError):
    """The text is not the strict JSON that is asked for.

    `pointer` says where (a JSON Pointer); it is None where the text is no JSON at all.
    """

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


class BadArticle(TaggerError):
    """An article lacks something or has something of the wrong kind; `field` names it."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class BadTaxonomy(TaggerError):
    """The taxonomy breaks its own rules; `problems` are all of them, each with its line."""

    def __init__(self, path: str, problems: list[str]) -> None:
        listed = "\n  ".join(problems)
        super().__init__(f"{path} is not a usable taxonomy:\n  {listed}")
        self.problems = problems


class DroppedTags(TaggerError):
    """A taxonomy lacks tags that the champion has; `tags` are their ids."""

    def __init__(self, tags: list[str], lines: list[str]) -> None:
        listed = "\n  ".join(lines)
        super().__init__(
            "The taxonomy lacks tags that the champion has, and what was learned of them would be lost:\n"
            f"  {listed}\n"
            "An id is never dropped. Keep the entry of each, with `status: retired`, and `replaced_by: ID` if another tag "
            "took its place."
        )
        self.tags = tags


class BadMap(TaggerError):
    """A map from the terms of a CMS to tags cannot be used; `problems` are all of them, each with its line."""

    def __init__(self, path: str, problems: list[str]) -> None:
        listed = "\n  ".join(problems)
        super().__init__(f"{path} is not a usable map of terms:\n  {listed}")
        self.problems = problems


class BadImport(TaggerError):
    """A file could not be read to its end; `outcome` is what came of the import all the same."""

    def __init__(self, message: str, outcome: object) -> None:
        super().__init__(message)
        self.outcome = outcome


class TooFewExamples(TaggerError):
    """There is not enough to learn from."""


class NoModel(TaggerError):
    """No champion is there to serve."""


class BadModel(TaggerError):
    """A model version on disk is damaged, incomplete or of another format."""


class CannotJudge(TaggerError):
    """The model fails on the text of an article."""


class UnknownTag(TaggerError):
    """The taxonomy has no such tag."""


class BadDecision(TaggerError):
    """A decision cannot be taken as it is; `field` is its place in the request, with slashes."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(TaggerError):
    """What was asked for by its id is not there."""


class OtherOwner(TaggerError):
    """An article belongs to another key, or to none that may change it."""


class BadStore(TaggerError):
    """The database cannot be used as it is."""


class KeyEnded(TaggerError):
    """A key that was good once has expired, or was replaced."""


class BadValue(TaggerError):
    """A value that the database cannot hold."""


class BadBackup(TaggerError):
    """A backup is damaged or incomplete, or there is no room to put it back."""


class BadSetting(TaggerError):
    """A setting has a value that cannot be used."""


class Busy(TaggerError):
    """Somebody else is at it; the same can be asked for again when they are done."""
