"""How to fit and to retrain, with the product's defaults."""

from dataclasses import dataclass, field

from classifier.domain.origins import CLOSED
from classifier.gate.settings import GateSettings
from classifier.training.checks import CheckSettings


@dataclass(frozen=True)
class FitSettings:
    """How to fit a model."""

    seed: int = 0
    n_folds: int = 5
    c: float = 1.0
    n_jobs: int = -1
    always_one: bool | None = None  # whether every article gets at least one tag, None: as in the examples
    fast: bool = False  # plain TF-IDF in two folds, without stems, mentions, stacking model and precedents


@dataclass(frozen=True)
class TrainingSettings:
    """How to retrain."""

    fit: FitSettings = field(default_factory=FitSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    anchor: str = ""  # the version that is the anchor; without one, the champion of four weeks ago
    starter_until: int = 1_000  # see `Exports.attributed`, as the next two
    close_after_days: int = 0
    learn_left: str = CLOSED
    live_rates: bool = True  # whether the champion follows labels while it serves
    keep_versions: int = 10  # see `Registry.sweep`
    forget_days: int = 0  # see `Store.forget`, 0 for never
    learning_curve: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)  # shares of the examples at which it is measured
