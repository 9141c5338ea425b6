"""The result of a run of `retrain`: its outcome, the reason, and the figures that the run report shows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple, TypedDict

import numpy as np

from classifier.domain import sentences as said
from classifier.domain.snapshots import Snapshot
from classifier.domain.taxonomy import Tag
from classifier.domain.unreadable import UnreadableReport
from classifier.gate.holding import HeldRow
from classifier.gate.languages import LanguageChange, LanguageRow
from classifier.gate.tags import TagChange
from classifier.gate.whole import Check, CheckRow, Costs
from classifier.model import evaluation
from classifier.model.evaluation import Interval
from classifier.model.tag_model import TagModel
from classifier.model.weights import by_column
from classifier.store.runs import NOT_PROMOTED, PROMOTED
from classifier.text.language import name_of
from classifier.texts import english
from classifier.training.checks import Finding

N_REASONS = 3  # causes that a reason names
N_TERMS = 10
N_CONFUSIONS = 20
N_MOVED = 15
MIN_SUPPORT = 3  # positives; of fewer, F1 says nothing


class ReliabilityBin(TypedDict):
    """The suggestions whose scores lie in one bin, and the exact interval of the share that is right."""

    score: float
    right: float
    share: float
    n: int
    interval: Interval | None


class TagF1(TypedDict):
    """The F1 of a tag with its 95 % interval. `support` is its positives."""

    tag: str
    f1: float
    interval: Interval
    support: int


class Measures(TypedDict):
    """How good a model is in cross-validation, and what it costs."""

    micro_f1: float
    micro_f1_interval: Interval | None
    macro_f1: float
    macro_f1_interval: Interval | None
    calibration_error: float | None
    reliability: list[ReliabilityBin]
    coverage: float
    megabytes: float
    milliseconds: float
    tags: list[TagF1]


class Confusion(TypedDict):
    """How many articles that have a tag got another tag of its kind instead."""

    tag: str
    instead: str
    n: int


class TagMove(TypedDict):
    """The F1 of a tag by both models, with its new examples and the strong terms that came and went."""

    tag: str
    champion: float
    challenger: float
    new_examples: int
    terms_in: list[str]
    terms_out: list[str]


class CurvePoint(TypedDict):
    """The micro-F1 of a fast model of `n` examples."""

    n: int
    micro_f1: float


class Later(TypedDict):
    """How good the champion was on articles that it did not know when it was trained: what cross-validation cannot say."""

    n: int
    micro_f1: float
    interval: Interval


class HeldTag(HeldRow):
    """A held tag with what a person needs to look at: the keys that gave its newest labels, and some of these articles."""

    keys: dict[str, int]
    articles: list[str]


class BlockedBy(TypedDict):
    """A check that keeps a challenger from being promoted. `tag` is None if it concerns no single tag."""

    tag: str | None
    check: str
    figure: str


class LiveRow(TypedDict):
    """What the champion had followed: the number of the labels, and the tags that moved furthest."""

    state: int
    n_articles: int
    moved: list[tuple[str, float]]


class ShadowSide(TypedDict):
    """What a model suggested in the comparison of a shadow. Nobody has judged `unjudged` suggestions, so they count nowhere."""

    found: int
    missed: int
    wrong: int
    unjudged: int
    micro_f1: float
    interval: Interval


class ShadowChange(TypedDict):
    """The change of micro-F1 from the champions to the version in shadow, with its 95 % interval."""

    value: float
    low: float
    high: float


class ShadowTag(TypedDict):
    """The right and the wrong suggestions of a tag, which `n` of the compared articles have."""

    tag: str
    n: int
    champion: tuple[int, int]
    shadow: tuple[int, int]


class ShadowRow(TypedDict):
    """The version in shadow beside the champions of its time, on articles that none of them had learned from.

    `ended` is why it is in shadow no longer, None while it is. `change` is None while the articles are too few.
    """

    version: str
    since: str
    until: str
    n_judged: int
    n_compared: int
    n_blind: int
    champion: ShadowSide
    shadow: ShadowSide
    change: ShadowChange | None
    tags: list[ShadowTag]
    ended: str | None


class LanguageF1(TypedDict):
    """A language of the examples in cross-validation; `champion` is the micro-F1 before, None where it was not compared."""

    language: str
    name: str
    n_articles: int
    learned: bool
    micro_f1: float
    macro_f1: float
    champion: float | None


class RunDetails(TypedDict, total=False):
    """The details of a run. All fields from `gate` on are there only if a challenger was trained."""

    champion: str | None
    taxonomy_version: str
    accepted: list[str]
    ignored_blocks: list[str]
    findings: list[dict[str, Any]]
    n_examples: int
    origins: dict[str, int]
    set_aside: UnreadableReport
    live: LiveRow | None
    shadow: ShadowRow | None
    n_learned: int
    n_reference: int
    anchor: str | None
    stand_in: bool
    gate: list[CheckRow]
    held: list[HeldTag]
    n_fits: int
    later: Later | None
    tags: list[dict[str, Any]]
    measures: dict[str, Measures]
    cross_validation: dict[str, Any]
    languages: list[LanguageF1]
    confusions: list[Confusion]
    moved: list[TagMove]
    learning_curve: list[CurvePoint]
    seconds: float


@dataclass(frozen=True)
class Result:
    """The outcome of a run and everything that its report shows."""

    outcome: str
    reason: str
    version: str | None = None
    blocked_by: list[BlockedBy] = field(default_factory=list)
    held: list[BlockedBy] = field(default_factory=list)
    details: RunDetails = field(default_factory=RunDetails)

    @property
    def promoted(self) -> bool:
        """Whether the challenger is champion now."""
        return self.outcome == PROMOTED

    def to_json(self) -> dict[str, Any]:
        """Return what `retrain --json` prints."""
        set_aside = self.details.get("set_aside")
        return {
            "version": self.version,
            "promoted": self.promoted,
            "reason": self.reason,
            "held": self.held,
            "blocked_by": self.blocked_by,
            "outcome": self.outcome,
            **({"set_aside": set_aside} if set_aside and set_aside["n"] else {}),
        }


def blocked_by(causes: Iterable[Finding | Check]) -> list[BlockedBy]:
    """Return the findings or gate checks that block a run as plain JSON."""
    return [{"tag": cause.tag, "check": cause.check, "figure": cause.figure} for cause in causes]


def blocked(causes: list[BlockedBy], details: RunDetails) -> Result:
    """Return the result of a run that something blocks."""
    return Result(NOT_PROMOTED, reason_of(causes), None, causes, details=details)


def reason_of(causes: Sequence[BlockedBy], gate: Sequence[Check] = (), held: Sequence[BlockedBy] = ()) -> str:
    """Return in a sentence what closed the gate, or what opened it, and which tags are held."""
    if not causes:
        opened = english(said.NOT_WORSE if gate[0].check == "total" else said.THE_FIRST, figure=gate[0].figure)
        tags = ", ".join(str(each["tag"]) for each in held)
        return f"{opened} {english(said.HELD, tags=tags)}" if held else opened
    names = [f"{cause['check']} of {cause['tag']}" if cause["tag"] else cause["check"] for cause in causes]
    parts = [f"{name} ({cause['figure']})" for name, cause in zip(names, causes[:N_REASONS], strict=False)]
    more = f"; and {len(causes) - N_REASONS} more" if len(causes) > N_REASONS else ""
    return f"Closed by {'; '.join(parts)}{more}."


class Measured(NamedTuple):
    """What the figures of a model are counted from. Of the champion's scores only their calibration error is known.

    suggested: (n_articles, n_tags) bool; labels: the same shape, int8; scores: the same, float64.
    """

    suggested: np.ndarray
    labels: np.ndarray
    costs: Costs
    scores: np.ndarray | None
    calibration_error: float | None = None

    def measures(self, tag_ids: Sequence[str]) -> Measures:
        """Measure the model. `tag_ids` are those of the columns."""
        suggested, labels = self.suggested, self.labels
        counted = suggested & (labels >= 0)
        right, scores = labels[counted] == 1, self.scores[counted] if self.scores is not None else np.zeros(0)
        micro, macro = evaluation.f1_intervals(suggested, labels)
        error = evaluation.calibration_error(scores, right) if scores.size else self.calibration_error
        return {
            "micro_f1": evaluation.micro_f1(suggested, labels),
            "micro_f1_interval": micro,
            "macro_f1": evaluation.macro_f1(suggested, labels),
            "macro_f1_interval": macro,
            "calibration_error": error,
            "reliability": _reliability(scores, right) if scores.size else [],
            "coverage": float(suggested.any(axis=1).mean()) if len(labels) else 0.0,
            "megabytes": round(self.costs.megabytes, 2),
            "milliseconds": round(self.costs.milliseconds, 2),
            "tags": _f1_of_tags(suggested, labels, tag_ids),
        }


def _reliability(scores: np.ndarray, right: np.ndarray) -> list[ReliabilityBin]:
    rows: list[ReliabilityBin] = []
    for row in evaluation.reliability(scores, right):
        n = round(row["share"] * len(scores))
        interval = evaluation.exact_interval(round(row["right"] * n), n)
        rows.append({"score": row["score"], "right": row["right"], "share": row["share"], "n": n, "interval": interval})
    return rows


def _f1_of_tags(suggested: np.ndarray, labels: np.ndarray, tag_ids: Sequence[str]) -> list[TagF1]:
    counts = evaluation.counts(suggested, labels)
    rows: list[TagF1] = []
    for number, tag in enumerate(tag_ids):
        cells = np.column_stack([part[:, number] for part in counts]).astype(np.int64)
        if (support := int(cells[:, 2].sum())) < MIN_SUPPORT:
            continue
        low, high = np.percentile(evaluation.f1(*evaluation.drawn_sums(cells).T), [2.5, 97.5])
        value = float(evaluation.f1(*cells.sum(axis=0)))
        rows.append({"tag": tag, "f1": value, "interval": (float(low), float(high)), "support": support})
    return rows


def confusions(suggested: np.ndarray, labels: np.ndarray, tags: Sequence[Tag]) -> list[Confusion]:
    """Return which right tags were missed while another of their kind was wrongly suggested, the most frequent first."""
    missed, wrong = (labels == 1) & ~suggested, (labels == 0) & suggested
    pairs: Counter[tuple[int, int]] = Counter()
    for row in np.flatnonzero(missed.any(axis=1) & wrong.any(axis=1)):
        for tag, instead in product(np.flatnonzero(missed[row]).tolist(), np.flatnonzero(wrong[row]).tolist()):
            pairs[tag, instead] += tags[tag].kind == tags[instead].kind
    ids = [tag.id for tag in tags]
    return [
        {"tag": ids[tag], "instead": ids[instead], "n": n} for (tag, instead), n in pairs.most_common(N_CONFUSIONS) if n
    ]


def languages_of(rows: Mapping[str, LanguageRow], changes: Iterable[LanguageChange]) -> list[LanguageF1]:
    """Return the languages of the examples, the one with most articles first."""
    before = {change.language: change.champion for change in changes}
    return [
        LanguageF1(**row, language=code, name=name_of(code), champion=before.get(code)) for code, row in rows.items()
    ]


def strongest_terms(model: TagModel, n: int = N_TERMS) -> dict[str, list[str]]:
    """Return the terms with the highest weights of each tag that has a linear classifier, the strongest first."""
    names = [*model.terms, *model.title_terms]
    terms = {}
    for tag, weight in zip(model.parameters.separators.tolist(), by_column(model.parameters.weights), strict=True):
        top = np.argpartition(-weight, min(n, len(weight) - 1))[:n]
        strongest = top[np.argsort(-weight[top])].tolist()
        terms[model.taxonomy.tags[tag].id] = [names[term] for term in strongest if weight[term] > 0]
    return terms


def moved(
    changes: list[TagChange], champion: TagModel | None, challenger: TagModel, before: Snapshot | None, now: Snapshot
) -> list[TagMove]:
    """Return the tags whose F1 changed most, with their new examples and strong terms."""
    if champion is None:
        return []
    new, old = strongest_terms(challenger), strongest_terms(champion)
    had = {key: article.tags for key, article in before.articles.items()} if before is not None else {}
    gained = Counter(t for key, article in now.articles.items() for t in article.tags if t not in had.get(key, ()))
    rows: list[TagMove] = []
    by_size = sorted(changes, key=lambda change: (-abs(change.challenger - change.champion), change.tag))
    for change in by_size[:N_MOVED]:
        if change.challenger == change.champion:
            continue
        terms, old_terms = new.get(change.tag, []), old.get(change.tag, [])
        rows.append(
            {
                "tag": change.tag,
                "champion": change.champion,
                "challenger": change.challenger,
                "new_examples": gained[change.tag],
                "terms_in": [term for term in terms if term not in old_terms],
                "terms_out": [term for term in old_terms if term not in terms],
            }
        )
    return rows
