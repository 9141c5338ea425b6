"""Whether the arrays and numbers of a model fit each other: what does not would be an error at the first article."""

from dataclasses import fields
from typing import Any

import numpy as np

from classifier.model.parameters import Parameters
from classifier.model.precedents import Precedents

_UNBOUNDED = ("thresholds", "auto_thresholds")  # infinite for a tag that is never suggested
_KINDS = {"f": "numbers with a fraction", "i": "whole numbers"}


def check_parameters(parameters: Parameters, n_terms: int, n_title_terms: int, n_tags: int) -> None:
    """Check the shape, type and values of all arrays, and the single numbers.

    Raises `ValueError`, naming the array and what is wrong with it.
    """
    n_separators = len(parameters.separators) if parameters.separators.ndim else 0
    sizes = {
        "n_rows": n_terms + n_title_terms,
        "n_terms": n_terms,
        "n_title_terms": n_title_terms,
        "n_tags": n_tags,
        "n_separators": n_separators,
    }
    for array in (field for field in fields(parameters) if "shape" in field.metadata):
        values, kind = getattr(parameters, array.name), array.metadata["kind"]
        _check_array(array.name, values, tuple(sizes.get(size, size) for size in array.metadata["shape"]), kind)
        if kind == "f" and not _is_usable(values, may_be_infinite=array.name in _UNBOUNDED):
            raise ValueError(f"{array.name} holds what is no number")
    _check_positions("separators", parameters.separators, n_tags)
    if len(set(parameters.separators.tolist())) < n_separators:
        raise ValueError("separators names a tag twice")
    _check_single(parameters)


def check_precedents(precedents: Precedents, n_rows: int, n_tags: int) -> None:
    """Check that the arrays of the precedents fit each other, and the model's rows and tags.

    Raises `ValueError`, naming the array and what is wrong with it.
    """
    n_articles, n_terms, n_labels = len(precedents.ids), precedents.rows.size, precedents.tag_articles.size
    _check_array("precedent_begins", precedents.begins, (n_articles + 1,), "i")
    _check_array("precedent_rows", precedents.rows, (n_terms,), "i")
    _check_array("precedent_values", precedents.values, (n_terms,), "f")
    _check_array("precedent_tag_begins", precedents.tag_begins, (n_tags + 1,), "i")
    _check_array("precedent_tag_articles", precedents.tag_articles, (n_labels,), "i")
    _check_edges("precedent_begins", precedents.begins, n_terms)
    _check_edges("precedent_tag_begins", precedents.tag_begins, n_labels)
    _check_positions("precedent_rows", precedents.rows, n_rows)
    _check_positions("precedent_tag_articles", precedents.tag_articles, n_articles)
    if not _is_usable(precedents.values):
        raise ValueError("precedent_values holds what is no number")


def _check_array(name: str, values: np.ndarray, shape: tuple[int, ...], kind: str) -> None:
    if values.dtype.kind != kind:
        raise ValueError(f"{name} holds {values.dtype}, not {_KINDS[kind]}")
    if values.shape != shape:
        raise ValueError(f"{name} has the shape {values.shape}; {shape} would fit the terms and tags")


def _is_usable(values: np.ndarray, may_be_infinite: bool = False) -> bool:
    """Whether an array holds numbers only; a sum tells that of large ones without a copy."""
    if may_be_infinite:
        return not np.isnan(values).any()
    with np.errstate(all="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))


def _check_positions(name: str, positions: np.ndarray, n: int) -> None:
    if len(positions) and not (positions.min() >= 0 and positions.max() < n):
        raise ValueError(f"{name} leads to {positions.min()} to {positions.max()}; there are {n}")


def _check_edges(name: str, edges: np.ndarray, n: int) -> None:
    if edges[0] != 0 or edges[-1] != n or (np.diff(edges) < 0).any():
        raise ValueError(f"{name} does not rise from 0 to {n}")


def _check_single(parameters: Parameters) -> None:
    for name in ("pooled_threshold", "naming_intercept", "nowhere_intercept"):
        value: Any = getattr(parameters, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"{name} in model.json is {value!r:.40}, not a number")
    if not isinstance(parameters.always_one, bool):
        raise ValueError(f"always_one in model.json is {parameters.always_one!r:.40}, not true or false")
    if not isinstance(parameters.language, str | None):
        raise ValueError(f"language in model.json is {parameters.language!r:.40}, not a text")
    blocks: Any = parameters.blocks
    if not isinstance(blocks, list) or not all(isinstance(block, str) for block in blocks):
        raise ValueError("blocks in model.json is not a list of texts")
