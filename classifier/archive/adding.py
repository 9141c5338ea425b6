"""What a run would add to each article, and its figures so far. The same for a store and for files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from classifier.archive.batches import batched, loaded
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.unreadable import N_NAMED, Unreadable, UnreadableReport
from classifier.store.assignments import OUT_OF_SCOPE, Additions, Candidate, Scope

UNREADABLE = "unreadable"  # why an article was passed over: it cannot be judged


@dataclass(frozen=True)
class Plan:
    """Which articles a run covers, and the lowest band whose tags it adds.

    `tags`: it adds no others; () for all. `least_score`: it adds no tag with a lower score.
    """

    scope: Scope = field(default_factory=Scope)
    band: str = "auto"
    tags: tuple[str, ...] = ()
    least_score: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return the plan as plain JSON."""
        only = {"tags": list(self.tags), "least_score": self.least_score}
        return {"scope": self.scope.to_json(), "band": self.band, **only}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """Return the plan of plain JSON. Those of earlier versions name no tags."""
        only = tuple(value.get("tags", ())), value.get("least_score", 0.0)
        return cls(Scope.from_json(value["scope"]), value["band"], *only)


class Judged(NamedTuple):
    """The additions to an article, or why it was passed over, and what a report says about it."""

    additions: Additions
    passed_over: str | None
    title: str
    published_at: str | None
    tags: tuple[str, ...]  # before the additions
    error: str | None = None  # the kind of the error, if it cannot be read


@dataclass
class Figures:
    """Counts of a run so far: articles, articles passed over by reason, additions by tag."""

    n_articles: int = 0
    n_tagged: int = 0
    n_changed: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    unreadable: list[dict[str, str]] = field(default_factory=list)  # the first ones, as in `UnreadableReport`

    @property
    def n_added(self) -> int:
        """How many tags were added."""
        return self.tags.total()

    def note(self, article: Judged, written: bool = True) -> None:
        """Count an article. If it has changed during the run, it was not `written`."""
        if article.passed_over == OUT_OF_SCOPE:
            return
        self.n_articles += 1
        if article.passed_over is not None:
            self.passed_over[article.passed_over] += 1
            if article.error is not None and len(self.unreadable) < N_NAMED:
                self.unreadable.append({"id": article.additions.article_id, "error": article.error})
        elif article.additions.tags and not written:
            self.n_changed += 1
        elif article.additions.tags:
            self.n_tagged += 1
            self.tags.update(tag for tag, _ in article.additions.tags)

    @property
    def set_aside(self) -> UnreadableReport:
        """The articles that cannot be read."""
        return {"n": self.passed_over[UNREADABLE], "articles": self.unreadable}

    def to_json(self) -> dict[str, object]:
        """Return the figures as plain JSON, the most frequent tags first."""
        return {
            "n_articles": self.n_articles,
            "n_tagged": self.n_tagged,
            "n_added": self.n_added,
            "n_changed": self.n_changed,
            "passed_over": dict(self.passed_over),
            "tags": dict(sorted(self.tags.items(), key=lambda pair: (-pair[1], pair[0]))),
            "set_aside": self.set_aside,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Figures:
        """Return the figures of plain JSON."""
        n_articles, n_tagged, n_changed = (int(value[name]) for name in ("n_articles", "n_tagged", "n_changed"))
        counts = Counter(value["passed_over"]), Counter(value["tags"])
        return cls(n_articles, n_tagged, n_changed, *counts, value.get("set_aside", {}).get("articles", []))


def judge(folder: Path, plan: Plan, candidates: Sequence[Candidate]) -> list[Judged]:
    """Return what the model of a folder would add to each article. Articles that it cannot judge are passed over."""
    model = loaded(folder)
    rank, unreadable = partial(model.rank, band=plan.band), Unreadable()
    additions: dict[int, list[tuple[str, float]]] = {}
    rows = [row for row, candidate in enumerate(candidates) if candidate.passed_over is None]
    waiting = iter(rows)
    for articles in batched(candidates[row].article for row in rows):
        for tags, row in zip(unreadable.each(rank, articles), waiting, strict=False):
            if tags is not None:
                additions[row] = _planned(plan, _additions(candidates[row], tags, model.taxonomy), model.taxonomy)
    return [
        Judged(
            Additions(candidate.article.id, candidate.stamp, additions.get(row, ())),
            candidate.passed_over or (None if row in additions else UNREADABLE),
            candidate.article.title,
            candidate.article.published_at,
            candidate.standing.tags,
            unreadable.kinds.get(candidate.article.id),
        )
        for row, candidate in enumerate(candidates)
    ]


def _additions(
    candidate: Candidate, ranked: Sequence[tuple[str, float]], taxonomy: Taxonomy
) -> list[tuple[str, float]]:
    """Return the ranked tags that nobody has decided on. An exclusive kind that has a tag gets no other."""
    tags = {*candidate.standing.tags, *candidate.assigned}
    closed = {*tags, *candidate.standing.rejected, *candidate.standing.unsure}
    filled = taxonomy.filled_kinds(tags)
    return [
        (tag, round(score, 6)) for tag, score in ranked if tag not in closed and taxonomy.by_id[tag].kind not in filled
    ]


def _planned(plan: Plan, additions: list[tuple[str, float]], taxonomy: Taxonomy) -> list[tuple[str, float]]:
    """Return the additions that a plan asks for. Its tags may have been merged since it was made."""
    tags = set(map(taxonomy.paths.heir, plan.tags))
    return [(tag, score) for tag, score in additions if (not tags or tag in tags) and score >= plan.least_score]
