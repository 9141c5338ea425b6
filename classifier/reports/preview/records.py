"""The parts of a preview. Their fields are the keys of its JSON."""

from typing_extensions import TypedDict


class TagCounts(TypedDict):
    """On how many articles a tag is right, wrong, or not known to be either. `f1` is that of the champion on what it learned, None if that is not known."""

    positive: int
    negative: int
    unknown: int
    f1: float | None


class TagChange(TypedDict):
    """A tag before and after a change. None: there is no such tag, or it is retired."""

    tag: str
    before: TagCounts | None
    after: TagCounts | None


class AliasChange(TypedDict):
    """Aliases that a tag gets and loses."""

    tag: str
    added: list[str]
    removed: list[str]


class Preview(TypedDict):
    """What a change does. All lists name tags that the operations touch, also those that come along.

    `n_articles` have or had one of the tags. `several` have more than one of the tags that are merged, and
    `contradictions` have one and lack another by a person's word. `appear` and `vanish` count suggestions on the newest articles.
    """

    based_on: int
    changes: list[str]
    n_articles: int
    several: int
    contradictions: int
    tags: list[TagChange]
    decisions: dict[str, dict[str, int]]
    aliases: list[AliasChange]
    moved: dict[str, list[str]]
    redirects: list[str]
    n_judged: int
    appear: dict[str, int]
    vanish: dict[str, int]
