"""The rows of a draft. Their fields are the keys of its JSON."""

from dataclasses import dataclass

SAME_LETTERS = "same letters"
WRITTEN_AS_BOTH = "written as both"
PLURAL = "plural"
INITIALS = "initials"
MISSPELLING = "misspelling"


@dataclass(frozen=True)
class Pair:
    """Two tags that may be one: the less used, the more used, the rule that found them and what it rests on."""

    name: str
    other: str
    rule: str
    sure: bool
    why: str
