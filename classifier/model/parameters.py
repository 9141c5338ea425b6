"""What fitting learned, as plain arrays; the names of the fields are those of the files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classifier.model.aboutness import ABOUTNESS_FEATURES
from classifier.model.decision import STACKING_FEATURES
from classifier.model.recency import HALF_LIFE, Rates, recency_offset
from classifier.model.weights import SparseWeights
from classifier.text.mention_features import CATEGORIES, FEATURES
from classifier.text.stems import ENGLISH_STEMS


def _array(*shape: str | int, kind: str = "f") -> Mapping[str, object]:
    """Return what is known of an array before it is read: its sizes, and if it holds fractions (f) or whole numbers (i)."""
    return {"shape": shape, "kind": kind}


@dataclass(frozen=True)
class Parameters:
    """Everything that fitting learned, as arrays over the tags of the taxonomy and the terms.

    Dense weights, idf and title_idf are float32, whole numbers int32, and the others float64. Thresholds are decision values.
    """

    weights: np.ndarray | SparseWeights = field(metadata=_array("n_rows", "n_separators"))  # terms, then title terms
    separators: np.ndarray = field(metadata=_array("n_separators", kind="i"))  # the tag of each linear classifier
    idf: np.ndarray = field(metadata=_array("n_terms"))
    title_idf: np.ndarray = field(metadata=_array("n_title_terms"))
    intercepts: np.ndarray = field(metadata=_array("n_separators"))
    n_positive: np.ndarray = field(metadata=_array("n_tags", kind="i"))
    thresholds: np.ndarray = field(metadata=_array("n_tags"))  # infinite for a tag that is never suggested
    auto_thresholds: np.ndarray = field(metadata=_array("n_tags"))
    pooled_threshold: float
    naming_weights: np.ndarray = field(metadata=_array(len(FEATURES)))  # of the mention features
    naming_offsets: np.ndarray = field(metadata=_array("n_tags", len(CATEGORIES)))
    naming_intercept: float
    nowhere_intercept: float
    stack: np.ndarray = field(metadata=_array("n_tags", len(STACKING_FEATURES)))  # alike for the tags of a kind
    stack_intercepts: np.ndarray = field(metadata=_array("n_tags"))
    recency_weights: np.ndarray = field(metadata=_array("n_tags"))  # of `recency_offset`; small for rare tags
    usual_rates: np.ndarray = field(metadata=_array("n_tags"))  # see `recency.Rates`
    recent_rates: np.ndarray = field(metadata=_array("n_tags"))
    aboutness_weights: np.ndarray = field(
        metadata=_array(2, len(ABOUTNESS_FEATURES))
    )  # passing, main; see `AboutnessModel`
    aboutness_intercepts: np.ndarray = field(metadata=_array(2))
    calibration: np.ndarray = field(metadata=_array(4))  # one curve for all: what earlier versions read
    curves: np.ndarray = field(metadata=_array("n_tags", "n_curve"))  # from decision values to scores
    alias_curves: np.ndarray = field(metadata=_array("n_tags", "n_curve"))  # of a new tag of the same kind
    alias_thresholds: np.ndarray = field(metadata=_array("n_tags"))  # the same; infinite if nothing names such tags
    always_one: bool
    language: str | None
    half_life: float = HALF_LIFE  # of the recent rates
    blocks: Sequence[str] = ()  # folded texts that stand on many pages of the site
    stem: str = ENGLISH_STEMS.name  # the stems of its terms: see `text.stems`
    learned: Sequence[str] = ()  # the languages of which it has learned from enough articles

    @property
    def rates(self) -> Rates:
        """The rates of the tags after the last example."""
        return Rates(self.usual_rates, self.recent_rates, self.half_life)

    @property
    def recency(self) -> np.ndarray:
        """What the rates add to the decision values of tags, (n_tags,) float64."""
        added: np.ndarray = self.recency_weights * recency_offset(self.rates)
        return added
