"""The runs of a replay: honest nights, nights with a fault, and weeks with a slow one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypedDict

from benchmarks.corpora import tag_counts
from benchmarks.processes import say
from benchmarks.replay.desk import Desk, Quality, Suggested, desk_in, quality, unguarded
from benchmarks.replay.faults import Fault, Scene
from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.training.run_result import Result
from classifier.training.settings import TrainingSettings

MIN_POSITIVES, MIN_F1 = 8, 0.2  # from which a tag is hurt: one without a quality has none to lose
BY_CHANCE = 0.05  # F1 that a tag that was not hurt may differ by


class Hurt(NamedTuple):
    """The tags that a fault hurts, and the number of the draw."""

    draw: int
    tags: list[str]


class Case(TypedDict):
    """A tag that was hurt in one night. All F1 are by the true tags of the articles that the champion knew."""

    fault: str
    draw: int
    tag: str
    n_positive: int
    honest: float  # F1 of a night without the fault
    unguarded: float  # F1 with the fault if nothing is held
    guarded: float  # F1 of what serves after the gate
    check: str | None  # that named the tag
    outcome: str  # of the run
    blocked_by: list[str]  # the checks that refused the run
    others_held: list[str]
    n_fits: int


class SlowCase(TypedDict):
    """A tag that was hurt a little every night."""

    fault: str
    draw: int
    tag: str
    n_positive: int
    nights: int  # that were replayed
    n_refused: int  # runs of these
    first: int | None  # night on which the tag was named
    by: str | None  # the check
    since: str | None  # the older version that the tag was compared with, None if the tag refused the run
    labels_gone: float  # share, at that night
    quality_gone: float  # share of F1 that had been lost in what served until then
    warned: float | None  # the larger of both shares when the report first had the tag as a warning
    lost: float  # F1 that what serves has lost in the end
    others_held: list[str]


class Night(TypedDict):
    """A run without a fault."""

    n_known: int
    outcome: str
    reason: str
    held: list[str]


@dataclass(frozen=True)
class Archive:
    """An archive in the order of its dates, and how its desk works."""

    name: str
    articles: Sequence[Article]
    n_known: int  # articles of the first training
    n_nightly: int
    settings: TrainingSettings
    folder: Path
    tell: Callable[[str], None] = say

    @property
    def known(self) -> Sequence[Article]:
        """The articles of the first training."""
        return self.articles[: self.n_known]

    @property
    def taxonomy(self) -> Taxonomy:
        """The tags of all articles."""
        return taxonomy_of(tag for article in self.articles for tag in article.tags or ())

    def of_night(self, night: int) -> Sequence[Article]:
        """Return the honest articles of a night, the first is 1."""
        n = self.n_nightly
        return self.articles[self.n_known + (night - 1) * n : self.n_known + night * n]

    def begin(self) -> None:
        """Train the first champion of the desk from which all runs start."""
        with desk_in(self.folder / "start", self.taxonomy) as desk:
            desk.add(self.known)
            result = desk.night(self.settings)
            if not result.promoted:
                raise RuntimeError(f"There is no first model: {result.reason}")
            self.tell(f"{self.name}: {self.n_known} articles. {result.reason}")

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        """A copy of this desk."""
        with desk_in(self.folder / "copy", self.taxonomy, self.folder / "start") as desk:
            yield desk

    def honest_quality(self, serving: bool) -> Quality:
        """Return the F1 of each tag after a night without a fault."""
        with self.desk() as desk:
            desk.add(self.of_night(1))
            desk.night(unguarded(self.settings))
            return self.quality(desk, serving)

    def quality(self, desk: Desk, serving: bool = False) -> Quality:
        """Return the F1 of each tag on the articles of the first training, in cross-validation or in serving."""
        suggested: Suggested = desk.served(self.known) if serving else desk.validated()
        return quality(suggested, self.known)


def hurt_tags(archive: Archive, honest: Quality, n: int, seed: int) -> Hurt:
    """Return tags of all sizes that have enough to lose: one of each of `n` equal parts by their number of articles."""
    counts = tag_counts(archive.known)
    able = [tag for tag, k in counts.items() if k >= MIN_POSITIVES and honest.get(tag, 0.0) >= MIN_F1]
    able.sort(key=lambda tag: (-counts[tag], tag))
    draw, edges = random.Random(seed), [round(part * len(able) / n) for part in range(n + 1)]
    return Hurt(seed, [draw.choice(able[since:until]) for since, until in pairwise(edges) if since < until])


# --- a night with a fault ---


def faulty_night(archive: Archive, fault: Fault, hurt: Hurt, honest: Quality) -> list[Case]:
    """Return what became of the tags that a fault hurt, with the gate and without."""
    after: dict[bool, Quality] = {}
    results: dict[bool, Result] = {}
    for guarded in (False, True):
        with archive.desk() as desk:
            settings = archive.settings if guarded else unguarded(archive.settings)
            results[guarded] = _night(archive, desk, fault, Scene(desk, archive.known, hurt.tags, hurt.draw), settings)
            after[guarded] = archive.quality(desk, fault.is_seen_in_serving)
    if not results[False].promoted:
        raise RuntimeError(f"A desk without a gate refused: {results[False].reason}")
    counts, named = tag_counts(archive.known), _named(results[True])
    result = results[True]
    cases = [
        Case(
            fault=fault.name,
            draw=hurt.draw,
            tag=tag,
            n_positive=counts[tag],
            honest=honest.get(tag, 0.0),
            unguarded=after[False].get(tag, 0.0),
            guarded=after[True].get(tag, 0.0),
            check=named.get(tag),
            outcome=result.outcome,
            blocked_by=_refused_by(result),
            others_held=sorted(named.keys() - {*hurt.tags}),
            n_fits=result.details.get("n_fits", 0),
        )
        for tag in hurt.tags
    ]
    lost = [case for case in cases if case["honest"] - case["unguarded"] > 0.1]
    n_named = sum(case["check"] is not None for case in lost)
    archive.tell(
        f"{archive.name}: {fault.name}, draw {hurt.draw}: {n_named} of {len(lost)} losses named, {_told(result)}"
    )
    return cases


def _night(archive: Archive, desk: Desk, fault: Fault, scene: Scene, settings: TrainingSettings) -> Result:
    desk.add(archive.of_night(scene.night))
    fault.harm(scene)
    with fault.broken(scene):
        return desk.night(settings)


def _refused_by(result: Result) -> list[str]:
    return sorted({each["check"] for each in result.blocked_by})


def _told(result: Result) -> str:
    return " ".join([result.outcome, *_refused_by(result)])


def _named(result: Result) -> dict[str, str]:
    """Return the checks that held or refused single tags."""
    causes = (*result.blocked_by, *result.held)
    return {each["tag"]: each["check"] for each in causes if each["tag"] is not None}


# --- slow faults ---


def slow_fault(archive: Archive, fault: Fault, hurt: Hurt, n_nights: int, goal: float) -> list[SlowCase]:
    """Return when each tag of a slow fault was named. It ends when all are, or so much of all labels is gone.

    `goal`: the share of the labels that may be gone at the end.
    """
    with archive.desk() as desk:
        before = archive.quality(desk)
        cases = _unnamed(fault, hurt, tag_counts(archive.known))
        for night in range(1, n_nights + 1):
            scene = Scene(desk, archive.known, hurt.tags, hurt.draw, night)
            desk.add(archive.of_night(night))
            fault.harm(scene)
            result = desk.night(archive.settings)
            _follow(cases, night, result, before, archive.quality(desk), _labels_gone(desk, archive.known, hurt.tags))
            n_named = sum(case["first"] is not None for case in cases)
            archive.tell(
                f"{archive.name}: {fault.name}, night {night}: {n_named} of {len(cases)} named, {_told(result)}"
            )
            if n_named == len(cases) or min(case["labels_gone"] for case in cases) > goal:
                break
    return cases


def _unnamed(fault: Fault, hurt: Hurt, counts: Mapping[str, int]) -> list[SlowCase]:
    return [
        SlowCase(
            fault=fault.name,
            draw=hurt.draw,
            tag=tag,
            n_positive=counts[tag],
            nights=0,
            n_refused=0,
            first=None,
            by=None,
            since=None,
            labels_gone=0.0,
            quality_gone=0.0,
            warned=None,
            lost=0.0,
            others_held=[],
        )
        for tag in hurt.tags
    ]


def _follow(
    cases: Sequence[SlowCase], night: int, result: Result, before: Quality, now: Quality, gone: Mapping[str, float]
) -> None:
    """Put a night into the cases. What serves after a tag was named does not count for it."""
    named, tags = _named(result), {case["tag"] for case in cases}
    since = {each["tag"]: each["reference"] for each in result.details.get("held", [])}
    warned = {each["tag"] for each in result.details.get("findings", []) if each["check"] == "labels_flipped"}
    for case in cases:
        tag = case["tag"]
        case["nights"] = night
        case["lost"] = before[tag] - now.get(tag, 0.0)
        case["n_refused"] += not result.promoted
        case["others_held"] = sorted({*case["others_held"], *named.keys() - tags})
        if case["first"] is None:
            case["labels_gone"] = gone[tag]
            if tag in named:
                case["first"], case["by"], case["since"] = night, named[tag], since.get(tag)
            else:
                case["quality_gone"] = max(case["quality_gone"], case["lost"] / before[tag])
        if case["warned"] is None and tag in warned:
            case["warned"] = max(case["labels_gone"], case["quality_gone"])


def _labels_gone(desk: Desk, known: Sequence[Article], hurt: Sequence[str]) -> dict[str, float]:
    tags, counts = desk.tags(), tag_counts(known)
    lost = tag_counts([replace(one, tags=tuple({*(one.tags or ())} - tags[one.id])) for one in known])
    return {tag: lost.get(tag, 0) / counts[tag] for tag in hurt}


# --- honest nights ---


def honest_nights(archive: Archive, n_nights: int) -> list[Night]:
    """Return what came of nights without a fault."""
    with archive.desk() as desk:
        return [honest_night(archive, desk, night) for night in range(1, n_nights + 1)]


def honest_night(archive: Archive, desk: Desk, night: int) -> Night:
    """Return what came of a night without a fault."""
    desk.add(archive.of_night(night))
    result = desk.night(archive.settings)
    held = sorted(str(each["tag"]) for each in result.held)
    archive.tell(f"{archive.name}: honest night {night}: {_told(result)}, held {held}")
    n_known = archive.n_known + night * archive.n_nightly
    return Night(n_known=n_known, outcome=result.outcome, reason=result.reason, held=held)
