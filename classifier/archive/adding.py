"""What a run would add to an article, and what it has done so far. The same for a store and for files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from classifier.archive.batches import batched, loaded
from classifier.domain.unreadable import N_NAMED, Unreadable
from classifier.model.protocol import Model
from classifier.store import OUT_OF_SCOPE, Additions, Candidate, Scope

BANDS = ("auto", "suggest")
UNREADABLE = "unreadable"  # why an article is passed over that cannot be judged


@dataclass(frozen=True)
class Plan:
    """Which articles a run is about, and from which band on a tag is added."""

    scope: Scope = field(default_factory=Scope)
    band: str = "auto"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {"scope": self.scope.to_json(), "band": self.band}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Return the plan of plain JSON."""
        return cls(Scope.from_json(value["scope"]), value["band"])


class Judged(NamedTuple):
    """What would be added to an article, or why it was passed over; and what a report tells of it."""

    additions: Additions
    passed_over: str | None
    title: str
    published_at: str | None
    tags: tuple[str, ...]  # that it has
    error: str | None = None  # why it cannot be read


@dataclass
class Figures:
    """What a run has done so far: articles and tags, those that it passed over by the reason, additions by tag."""

    n_articles: int = 0
    n_tagged: int = 0
    n_changed: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    unreadable: list[dict[str, str]] = field(default_factory=list)  # the first of them, as `Unreadable` names them

    @property
    def n_added(self) -> int:
        """How many tags were added."""
        return self.tags.total()

    def note(self, one: Judged, written: bool = True) -> None:
        """Count an article; one that has changed under the run's hands was not `written`."""
        if one.passed_over == OUT_OF_SCOPE:
            return
        self.n_articles += 1
        if one.passed_over is not None:
            self.passed_over[one.passed_over] += 1
            if one.error is not None and len(self.unreadable) < N_NAMED:
                self.unreadable.append({"id": one.additions.article_id, "error": one.error})
        elif one.additions.tags and not written:
            self.n_changed += 1
        elif one.additions.tags:
            self.n_tagged += 1
            self.tags.update(tag for tag, _ in one.additions.tags)

    def to_json(self) -> dict[str, Any]:
        """Return them as plain JSON, the commonest tags first."""
        return {
            "n_articles": self.n_articles,
            "n_tagged": self.n_tagged,
            "n_added": self.n_added,
            "n_changed": self.n_changed,
            "passed_over": dict(self.passed_over),
            "tags": dict(sorted(self.tags.items(), key=lambda pair: (-pair[1], pair[0]))),
            "set_aside": {"n": self.passed_over[UNREADABLE], "articles": self.unreadable},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Figures:
        """Return the figures of plain JSON."""
        n_articles, n_tagged, n_changed = (int(value[name]) for name in ("n_articles", "n_tagged", "n_changed"))
        counts = Counter(value["passed_over"]), Counter(value["tags"])
        return cls(n_articles, n_tagged, n_changed, *counts, value.get("set_aside", {}).get("articles", []))


def judged(folder: Path, band: str, candidates: Sequence[Candidate]) -> list[Judged]:
    """Return what the model of a folder would add to each article; one that it cannot judge is passed over."""
    model = loaded(folder)
    rank, unreadable = partial(model.rank, band=band), Unreadable()
    open_ones = [place for place, one in enumerate(candidates) if one.passed_over is None]
    added: dict[int, list[tuple[str, float]]] = {}
    for some in batched(open_ones):
        ranked = unreadable.each(rank, [candidates[place].article for place in some])
        judged_ones = ((place, own) for place, own in zip(some, ranked, strict=True) if own is not None)
        added |= {place: _free(candidates[place], own, model) for place, own in judged_ones}
    return [
        Judged(
            Additions(one.article.id, one.stamp, added.get(place, ())),
            one.passed_over or (None if place in added else UNREADABLE),
            one.article.title,
            one.article.published_at,
            one.standing.tags,
            unreadable.kinds.get(one.article.id),
        )
        for place, one in enumerate(candidates)
    ]


def _free(one: Candidate, ranked: Sequence[tuple[str, float]], model: Model) -> list[tuple[str, float]]:
    """Return those tags of which nobody has said anything; of an exclusive kind one tag is enough."""
    there = {*one.standing.tags, *one.assigned}
    closed = {*there, *one.standing.rejected, *one.standing.unsure}
    taxonomy = model.taxonomy
    of_them = [tag for name in there if (tag := taxonomy.by_id.get(name)) is not None]
    taken = {tag.kind for tag in of_them if taxonomy.exclusive(tag)}
    return [
        (tag, round(score, 6)) for tag, score in ranked if tag not in closed and taxonomy.by_id[tag].kind not in taken
    ]
