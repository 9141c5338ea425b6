"""The result of a run of `retrain`: its outcome, the reason, and the details that the run report shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from classifier.domain.unreadable import UnreadableReport
from classifier.training.checks import Finding
from classifier.training.comparison import Check, CheckRow
from classifier.training.run_facts import Confusion, CurvePoint, Measures, TagMove

PROMOTED, NOT_PROMOTED = "promoted", "not promoted"
N_REASONS = 3  # causes that a reason names


class BlockedBy(TypedDict):
    """A check that keeps a challenger from being promoted. `tag` is None if it concerns no single tag."""

    tag: str | None
    check: str
    figure: str


class RunDetails(TypedDict, total=False):
    """The details of a run. All fields from `gate` on are there only if a challenger was trained."""

    champion: str | None
    taxonomy_version: str
    accepted: list[str]
    findings: list[dict[str, Any]]
    n_examples: int
    set_aside: UnreadableReport
    n_learned: int
    n_held_out: int
    fair: bool
    gate: list[CheckRow]
    n_draws: int
    tags: list[dict[str, Any]]
    measures: dict[str, Measures]
    cross_validation: dict[str, Any]
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
            "blocked_by": self.blocked_by,
            "outcome": self.outcome,
            **({"set_aside": set_aside} if set_aside and set_aside["n"] else {}),
        }


def blocked_by(causes: Iterable[Finding | Check]) -> list[BlockedBy]:
    """Return the findings or gate checks that block a run as plain JSON."""
    return [{"tag": cause.tag, "check": cause.check, "figure": cause.figure} for cause in causes]


def blocked(causes: list[BlockedBy], details: RunDetails) -> Result:
    """Return the result of a run that something blocks."""
    return Result(NOT_PROMOTED, reason_of(causes), None, causes, details)


def reason_of(causes: Sequence[BlockedBy]) -> str:
    """Return in one sentence what closed the gate."""
    names = [f"{cause['check']} of {cause['tag']}" if cause["tag"] else cause["check"] for cause in causes]
    parts = [f"{name} ({cause['figure']})" for name, cause in zip(names, causes[:N_REASONS], strict=False)]
    more = f"; and {len(causes) - N_REASONS} more" if len(causes) > N_REASONS else ""
    return f"Closed by {'; '.join(parts)}{more}."


def reason_to_promote(gate: Sequence[Check]) -> str:
    """Return in one sentence what opened the gate."""
    against = "Not worse than the champion" if gate[0].check == "total" else "The first"
    return f"{against}: {gate[0].figure}."
