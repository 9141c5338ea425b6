"""The errors that the tagger raises on purpose, each with fact, value and next step. HTTP statuses are the web layer's."""

from typing import ClassVar

from classifier.texts import N_, gettext


class TaggerError(Exception):
    """An error that the caller can mend. The message says how."""


class BadJSON(TaggerError):
    """A text is not strict JSON. `pointer` is the JSON Pointer of the error, None if the text is no JSON at all."""

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


class _BadField(TaggerError):
    """A field is wrong or missing. `field` is its name, or its path in the request, with slashes."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class BadArticle(_BadField):
    """An article has a wrong or missing field."""


class BadDecision(_BadField):
    """A decision cannot be stored."""


class BadWebhook(_BadField):
    """A webhook cannot be made or used as it is."""


class BadSchedule(_BadField):
    """The times of trainings cannot be used as they are."""


class _BadFile(TaggerError):
    """A file breaks its rules. `problems` are all of them, each with its line."""

    heading: ClassVar[str]  # `path` is a value

    def __init__(self, path: str, problems: list[str]) -> None:
        super().__init__("\n  ".join([gettext(self.heading, path=path), *problems]))
        self.problems = problems


class BadTaxonomy(_BadFile):
    """A taxonomy breaks its rules."""

    heading = N_("%(path)s is not a usable taxonomy:")


class BadOperation(TaggerError):
    """An operation on the taxonomy cannot be understood, or not be carried out."""


class DependentChanges(BadOperation):
    """A change cannot be undone while later ones rest on it. `numbers` are theirs, newest first."""

    def __init__(self, message: str, numbers: list[int]) -> None:
        super().__init__(message)
        self.numbers = numbers


class ChangedMeanwhile(BadOperation):
    """Others changed the same tags since a preview. `numbers` are their changes, oldest first."""

    def __init__(self, message: str, numbers: list[int]) -> None:
        super().__init__(message)
        self.numbers = numbers


class WrongState(TaggerError):
    """Somebody has decided on a change set meanwhile."""


class NotAdmitted(TaggerError):
    """The provider of the house vouches for somebody who may not come in here."""


class NeedsAnother(TaggerError):
    """A change is so large that another person than its author has to apply it."""


class NotShown(TaggerError):
    """Nobody has shown that enough of what an archive run would add is right."""


class BadOperations(_BadFile):
    """A file of operations cannot be used."""

    heading = N_("%(path)s is not a usable list of operations:")


class NotInstalled(TaggerError):
    """A part of the product that is not installed is needed."""


class BadMap(_BadFile):
    """A map from the terms of a CMS to tags cannot be used."""

    heading = N_("%(path)s is not a usable map of terms:")


class BadNames(_BadFile):
    """A file with names of tags cannot be used."""

    heading = N_("%(path)s is not a usable list of names:")


class DroppedTags(TaggerError):
    """A taxonomy lacks tags that the champion has. `tags` are their ids, `meant` operations that would do instead."""

    def __init__(self, tags: list[str], lines: list[str], meant: list[str]) -> None:
        head = "The taxonomy lacks tags that the champion has, and what was learned of them would be lost:"
        step = "An id is never dropped. Keep the entry of each, with `status: retired`, and `replaced_by: ID` if another tag "
        operations = " ".join(f'"{operation}"' for operation in meant)
        by_operation = f"With a database, perhaps you meant: tags do {operations}"
        super().__init__("\n  ".join([head, *lines]) + f"\n{step}took its place.\n{by_operation}")
        self.tags = tags


class BadImport(TaggerError):
    """A file could not be read to its end. `outcome` is the result of the import up to there."""

    def __init__(self, message: str, outcome: object) -> None:
        super().__init__(message)
        self.outcome = outcome


class TooFewExamples(TaggerError):
    """There are too few examples for training."""


class NoModel(TaggerError):
    """There is no champion to serve."""


class BadModel(TaggerError):
    """A model version on disk is damaged, incomplete or of another format."""


class CannotJudge(TaggerError):
    """The model fails on the text of an article."""


class UnknownTag(TaggerError):
    """The taxonomy has no such tag."""


class NotFound(TaggerError):
    """There is nothing with the id that was asked for."""


class OtherOwner(TaggerError):
    """An article belongs to another key."""


class BadStore(TaggerError):
    """The database cannot be used as it is."""


class KeyEnded(TaggerError):
    """A key has expired or was replaced."""


class BadValue(TaggerError):
    """A value that the database cannot hold."""


class BadBackup(TaggerError):
    """A backup is damaged or incomplete, or there is no room to put it back."""


class BadSetting(TaggerError):
    """A setting has a value that cannot be used."""


class Cancelled(TaggerError):
    """A person has stopped a run."""


class Busy(TaggerError):
    """Another process is doing the same. Try again when it is done."""
