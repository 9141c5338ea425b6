"""How to fit and to retrain, with the product's defaults."""

from dataclasses import dataclass, field

from classifier.training.checks import CheckSettings
from classifier.training.comparison import GateSettings


@dataclass(frozen=True)
class FitSettings:
    """How to fit a model.

    always_one: whether every article gets at least one tag, None: as in the examples; fast: plain TF-IDF and cross-fitted
    thresholds, without stems, mentions, stacking model and precedents, in two folds.
    """

    seed: int = 0
    n_folds: int = 5
    c: float = 1.0
    n_jobs: int = -1
    always_one: bool | None = None
    fast: bool = False


@dataclass(frozen=True)
class TrainingSettings:
    """How to retrain.

    holdout, min_holdout, max_holdout: the share of the newest examples that is held out, and its bounds; refit: whether the
    promoted model is fitted again on all examples; starter_until, close_after_days: see `Store.attributed`; keep_versions:
    see `Registry.sweep`; forget_days: see `Store.forget`, 0 for never; learning_curve: the shares of the examples at which
    a run measures its learning curve.
    """

    fit: FitSettings = field(default_factory=FitSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    checks: CheckSettings = field(default_factory=CheckSettings)
    holdout: float = 0.1
    min_holdout: int = 100
    max_holdout: int = 2_000
    refit: bool = False
    starter_until: int = 1_000
    close_after_days: int = 0
    keep_versions: int = 10
    forget_days: int = 0
    learning_curve: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
