"""How a tag came onto an article, and what that is worth as evidence.

A model that suggested a tag proves nothing by a label that nobody looked at: it hears its own echo. So such a label is known as
what it is, whether models learn from it or not.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from classifier.domain.decisions import CMS, GIVES, TAKES, Decision, Standing

ADDED = "added"  # an editor typed it, here or in the CMS
ACCEPTED = "accepted"  # it was suggested, and an editor accepted it
IN_BULK = "accepted_in_bulk"  # the same, over a list of articles
LEFT = "left"  # it was suggested, and the CMS lists it without any editor's decision
IMPORTED = "imported"  # it came with an archive
BLIND = "blind"  # an editor gave it while the suggestions were hidden
ORIGINS = (ADDED, ACCEPTED, IN_BULK, LEFT, IMPORTED, BLIND)

NONE, CLOSED, ALL = "none", "closed", "all"
# On which articles models learn labels of the origin `left`: on none, on those whose tags are complete, on all.
LEARN_LEFT = (NONE, CLOSED, ALL)


@dataclass(frozen=True)
class Offered:
    """What models have said of an article: when each tag was first shown on it as a suggestion, and the tags that runs added.

    A suggestion is only shown where the article does not have the tag.
    """

    shown: Mapping[str, str] = field(default_factory=dict)
    added: Collection[str] = ()

    @property
    def tags(self) -> set[str]:
        """All of these tags."""
        return {*self.shown, *self.added}


NOTHING_OFFERED = Offered()


def origins_of(standing: Standing, source: str, is_blind: bool, offered: Offered) -> dict[str, str]:
    """Return how each tag of an article came onto it.

    `source` is the origin of the article. The suggestions of a blind article were hidden from editors at first.
    """
    first_shown = min(offered.shown.values(), default=None)

    def origin(tag: str) -> str:
        decision = standing.decisions.get(tag)
        if decision is None or decision.action not in GIVES:  # its sender lists it
            unseen = LEFT if tag in offered.tags else None
            return unseen or (BLIND if is_blind else ADDED if source == CMS else IMPORTED)
        if decision.in_bulk:
            return IN_BULK
        if is_blind and (first_shown is None or decision.at < first_shown):
            return BLIND
        return ACCEPTED if decision.action == "accept" else ADDED

    return {tag: origin(tag) for tag in standing.tags}


def count_origins(origins: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Return how many tags of some articles have each origin, without those that none has."""
    n = Counter(chain.from_iterable(of_article.values() for of_article in origins))
    return {origin: n[origin] for origin in ORIGINS if n[origin]}


def echoes_of(standing: Standing, offered: Offered) -> frozenset[str]:
    """Return the tags that models offered and on which nobody has decided, looking at the article.

    Whether the article has them now says nothing of whether a model was right, and neither does whether it had them before.
    """
    decided = {tag for tag, row in standing.decisions.items() if _has_looked(row)}
    in_bulk = {tag for tag, row in standing.decisions.items() if row.action in GIVES and row.in_bulk}
    return frozenset(offered.tags - decided | in_bulk)


def _has_looked(row: Decision) -> bool:
    """Whether somebody looked at an article for a decision. That a CMS gives a tag back is one of somebody there."""
    is_answer = row.action in GIVES or (row.action in TAKES and row.editor != CMS)
    return is_answer and not row.in_bulk
