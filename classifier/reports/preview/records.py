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


class PlaceInText(TypedDict):
    """A place in the clean text of an article where the words of an alias stand, with what is around them.

    `before` and `after` say whether they count there: `counts`, or `other case`, `context`, `part of a longer name`. None: the
    tag has no such alias on that side.
    """

    field: str
    left: str
    text: str
    right: str
    before: str | None
    after: str | None


class AliasArticle(TypedDict):
    """An article with the words of an alias.

    `outcome` says whether the alias names its tag there: gained, lost, stays, or does not count. `has_tag` says whether the
    article has the tag, None if nobody knows. `appear` and `vanish` are suggestions with their scores.
    """

    article_id: str
    title: str
    date: str
    outcome: str
    has_tag: bool | None
    places: list[PlaceInText]
    appear: dict[str, float]
    vanish: dict[str, float]


class AliasCounts(TypedDict):
    """In how many of the newest articles an alias names its tag, how many of them have or lack it, and its places by `counts`."""

    articles: int
    has_tag: int
    lacks_tag: int
    places: dict[str, int]


class AliasHits(TypedDict):
    """An alias that is added, removed, changed or moved from `from_tag`, and its hits among the newest articles.

    `gained` and `lost` are articles that it names its tag in only afterwards or only before. `shared_with` are other tags that
    have the same alias afterwards. `articles` are some of them, the newest first.
    """

    tag: str
    alias: str
    change: str
    from_tag: str | None
    before: AliasCounts | None
    after: AliasCounts | None
    gained: int
    lost: int
    shared_with: list[str]
    articles: list[AliasArticle]


class FindingOut(TypedDict):
    """What the linter finds wrong with a tag or one of its aliases, with the operation that would mend it."""

    check: str
    tag: str
    alias: str | None
    other: str | None
    figure: str
    operation: str | None


class ListedBy(TypedDict):
    """On how many articles a sender lists each tag, as it was written: a CMS by the name of its key, or an import."""

    sender: str
    is_cms: bool
    posts: dict[str, int]


class Preview(TypedDict):
    """What a change does. All lists name tags that the operations touch, also those that come along.

    `n_articles` have or had one of the tags, of `n_known` articles. `several` have more than one of the tags that are merged,
    and `contradictions` have one and lack another by a person's word. `appear` and `vanish` count suggestions on the newest
    `n_judged` articles. `hits` are those of aliases in the newest `n_read` articles. `findings` are what the linter finds only
    afterwards, `mended` only before. `listed_by` says on how many articles CMSs and imports list
    the tags. What a CMS has never sent is not known.
    """

    based_on: int
    changes: list[str]
    n_articles: int
    n_known: int
    several: int
    contradictions: int
    tags: list[TagChange]
    decisions: dict[str, dict[str, int]]
    aliases: list[AliasChange]
    moved: dict[str, list[str]]
    redirects: list[str]
    listed_by: list[ListedBy]
    n_judged: int
    appear: dict[str, int]
    vanish: dict[str, int]
    n_read: int
    hits: list[AliasHits]
    findings: list[FindingOut]
    mended: list[FindingOut]
