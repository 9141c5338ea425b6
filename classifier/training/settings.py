"""How to fit and to retrain, with the product's defaults."""

from dataclasses import dataclass, field

from classifier.training.checks import CheckSettings
from classifier.training.comparison import GateSettings


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
    holdout: float = 0.1  # the share of the newest examples that is held out, within the next two
    min_holdout: int = 100
    max_holdout: int = 2_000
    refit: bool = False  # whether the promoted model is fitted again on all examples
    starter_until: int = 1_000  # see `Store.attributed`, as the next
    close_after_days: int = 0
    live_rates: bool = True  # whether the champion follows labels while it serves
    keep_versions: int = 10  # see `Registry.sweep`
    forget_days: int = 0  # see `Store.forget`, 0 for never
    learning_curve: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)  # shares of the examples at which it is measured
