"""The rows of a draft. Their fields are the keys of its JSON."""

from dataclasses import dataclass

from classifier.texts import N_

# The rules by which two names may be one.
SAME_LETTERS = N_("same letters")
WRITTEN_AS_BOTH = N_("written as both")
BRITISH = N_("British and American")
PLURAL = N_("plural")
INITIALS = N_("initials")
MISSPELLING = N_("misspelling")
# And those by which one may be under another, or both one topic.
VERSION = N_("version")
ONE_WORD_MORE = N_("one word more")
SAME_ARTICLES = N_("same articles")


@dataclass(frozen=True)
class Pair:
    """Two names that belong together: the less used, the more used, the rule that found them and what it rests on."""

    name: str
    other: str
    rule: str
    sure: bool
    why: str


@dataclass(frozen=True)
class Used:
    """A name and its uses, with those of its aliases."""

    name: str
    n: int
    operation: str | None = None


@dataclass(frozen=True)
class Kept(Used):
    """A tag to keep, with its id and label. Its operation is None if the taxonomy has it so already."""

    id: str = ""
    label: str = ""
    broader: str | None = None  # the id of the tag that it is under


@dataclass(frozen=True)
class AliasOf(Used):
    """A name that is the same tag as another. `kept` says whether that tag is used often enough to be kept.

    Its operation is None if the tag is not kept, or if nothing but signs tells the two names apart.
    """

    of: str = ""
    rule: str = ""
    why: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Under(Used):
    """A name that is a version of a tag. If it is not kept, its articles belong to that tag."""

    under: str = ""
    why: str = ""
    kept: bool = False


@dataclass(frozen=True)
class Blanket(Used):
    """A tag that says nothing, because most articles have it."""

    share: float = 0.0


@dataclass(frozen=True)
class TaxonomyDraft:
    """A draft of a taxonomy. In each list the surest come first, or else the most used.

    `operations` are the lines of a change set, in order.
    """

    n_articles: int
    n_names: int
    n_uses: int
    least: int
    share_kept: float  # of all uses
    keep: list[Kept]
    alias: list[AliasOf]
    under: list[Under]
    drop: list[Used]
    blanket: list[Blanket]
    questions: list[Pair]
    operations: list[str]
