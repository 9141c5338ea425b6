"""What fitting learned, as plain arrays; the names of the fields are those of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parameters:
    """Everything that fitting learned, as arrays over the tags of the taxonomy and the terms.

    weights: (n_terms + n_title_terms, n_separators) float32, the linear classifiers; separators: (n_separators,) int32,
    their tags; intercepts: (n_separators,) float64; idf, title_idf: (n_terms,), (n_title_terms,) float32;
    n_positive: (n_tags,) int32; thresholds, auto_thresholds: (n_tags,) float64, in decision values, inf for never;
    naming_weights: (len(FEATURES),) float64, of the mention features; naming_offsets: (n_tags, len(CATEGORIES)) float64;
    stack: (n_tags, len(STACKING_FEATURES)) float64, alike for the tags of a kind that has its own stacking model;
    stack_intercepts: (n_tags,) float64; calibration: (4,) float64.
    """

    weights: np.ndarray
    separators: np.ndarray
    idf: np.ndarray
    title_idf: np.ndarray
    intercepts: np.ndarray
    n_positive: np.ndarray
    thresholds: np.ndarray
    auto_thresholds: np.ndarray
    pooled_threshold: float
    naming_weights: np.ndarray
    naming_offsets: np.ndarray
    naming_intercept: float
    nowhere_intercept: float
    stack: np.ndarray
    stack_intercepts: np.ndarray
    calibration: np.ndarray
    always_one: bool
    language: str | None
    blocks: Sequence[str] = ()  # folded texts that stand on many pages of the site
