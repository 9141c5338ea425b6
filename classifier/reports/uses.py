"""How the tags are used: on how many articles each stands, since when not any more, and beside which others.

It takes a pass over the archive, so it is made beside the service and kept for the pages.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.domain.taxonomy import Taxonomy
from classifier.reports.desk.records import Rate
from classifier.reports.json_form import from_json, to_json
from classifier.reports.remembered import Remembered
from classifier.store.reports import TAGS, KeptReport
from classifier.store.rows import now
from classifier.store.store import Store

N_NEAR = 6  # tags beside which a tag stands most often
MOST_TAGS = 30  # of an article that are looked at as pairs


@dataclass(frozen=True, slots=True)
class NearTag:
    """A tag that stands on `n` of the articles of another one."""

    tag: str
    n: int


@dataclass(frozen=True, slots=True)
class TagUse:
    """On how many articles a tag stands, the day of the newest, and how many of its suggestions were accepted."""

    tag: str
    articles: int
    last: str | None = None
    answered: int = 0
    accepted: int = 0
    near: list[NearTag] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TagUses:
    """The use of all tags that stand on an article, or whose suggestions were answered."""

    n_articles: int
    tags: list[TagUse]


def uses_of(tagged: Iterable[tuple[str, tuple[str, ...]]], acceptance: Mapping[str, Rate]) -> TagUses:
    """Return the use of tags. `tagged` are the day and the living tags of each article."""
    n, last, pairs, n_articles = Counter[str](), dict[str, str](), dict[str, Counter[str]](), 0
    for day, tags in tagged:
        n_articles += 1
        n.update(tags)
        for tag in tags:
            last[tag] = max(last.get(tag, ""), day)
        for tag in tags[:MOST_TAGS]:
            pairs.setdefault(tag, Counter()).update(tags[:MOST_TAGS])
    rows = []
    for tag in sorted({*n, *(tag for tag, rate in acceptance.items() if rate.n)}):
        answered = acceptance.get(tag)
        others = sorted(pairs.get(tag, {}).items(), key=lambda pair: (-pair[1], pair[0]))
        near = [NearTag(other, together) for other, together in others if other != tag][:N_NEAR]
        rates = (answered.n, answered.accepted) if answered is not None else (0, 0)
        rows.append(TagUse(tag, n[tag], last.get(tag), *rates, near))
    return TagUses(n_articles, rows)


def keep_uses(store: Store, taxonomy: Taxonomy, acceptance: Mapping[str, Rate], last_decision: int) -> None:
    """Count how the tags are used, and keep it for the pages."""
    made_at = now()
    content = to_json(uses_of(store.exports.tagged(), acceptance))
    store.reports.put(KeptReport(TAGS, made_at, last_decision, taxonomy.version, content))


def _by_tag(content: dict[str, Any]) -> dict[str, TagUse]:
    return {row.tag: row for row in from_json(TagUses, content).tags}


KEPT_USES = Remembered(TAGS, _by_tag)  # the use of tags, by their ids
