"""A model version on disk: a folder of plain arrays and JSON, never a pickle. The one place that reads and checks them.

manifest.json            format, version, and the SHA-256 of every other file; written last, checked first
model.json               single numbers of `Parameters`
terms.txt, title_terms.txt   one term a line, in the order of the rows of weights.npy
weights.npy              the weights of the linear classifiers, memory-mapped
weights_begins.npy, weights_columns.npy, weights_values.npy   in its place, those of a large model: see `SparseWeights`
intercepts.npy, …        the other arrays of `Parameters`, each under its own name
precedents.txt, precedent_….npy   the ids of past articles, one a line, and the arrays of `Precedents`
cleaned.json, cleaned-…  what has taken the place of those when articles were deleted; see precedent_files
taxonomy.json            the taxonomy that the model was trained with
card.json                what is known of the model
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from classifier.domain.deleted import Deleted
from classifier.domain.files import file_digest, make_private_folder, sync_folder
from classifier.domain.taxonomy import Taxonomy, taxonomy_from_json
from classifier.errors import BadModel
from classifier.model import precedent_files
from classifier.model.calibration import with_one_bend
from classifier.model.parameters import Parameters
from classifier.model.precedent_files import (
    cleaned_files,
    read_precedents,
    write_array,
    write_precedents,
    write_text,
)
from classifier.model.precedents import Precedents
from classifier.model.recency import HALF_LIFE
from classifier.model.tag_model import TagModel
from classifier.model.weights import SparseWeights
from classifier.text.mention_features import with_later_features
from classifier.text.stems import ENGLISH_STEMS, STEMS
from classifier.texts import N_, _, gettext

FORMAT = 3
_ARRAYS = tuple(f.name for f in fields(Parameters) if f.type is np.ndarray)
_NUMBERS = tuple(f.name for f in fields(Parameters) if "shape" not in f.metadata)
_DENSE, _SPARSE = ("weights",), ("weights_begins", "weights_columns", "weights_values")
_TEXTS = ("model.json", "terms.txt", "title_terms.txt", "taxonomy.json", "card.json")
_FILES = (*_TEXTS, *(f"{name}.npy" for name in _ARRAYS), *precedent_files.NAMES)
# Arrays that a version lacks if it was saved before there were any: see `_later_arrays`.
_LATER_CURVES = ("curves", "alias_curves")
_LATER_ZEROS = ("recency_weights", "usual_rates", "recent_rates", "aboutness_weights", "aboutness_intercepts")
_LATER = (*_LATER_ZEROS, *_LATER_CURVES, "alias_thresholds")
_UNBOUNDED = ("thresholds", "auto_thresholds", "alias_thresholds")  # infinite for a tag that is never suggested
_KINDS = {"f": "numbers with a fraction", "i": "whole numbers"}
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError, EOFError)


def save_model(model: TagModel, folder: Path) -> str:
    """Write a model as a new folder, whole or not at all, and return its digest. Raises `BadModel` if it is there."""
    if folder.exists():
        raise BadModel(_("%(folder)s is there already; a model version is never overwritten.", folder=folder))
    make_private_folder(folder.parent)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        aside.chmod(0o755)
        _write_files(model, aside)
        names = (*_FILES, *(f"{name}.npy" for name in _arrays_of(model.parameters.weights)))
        files = {name: file_digest(aside / name) for name in names}
        write_text(aside / "manifest.json", _json({"format": FORMAT, "version": folder.name, "files": files}))
        sync_folder(aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return manifest_digest(folder)


def _write_files(model: TagModel, folder: Path) -> None:
    for name in _ARRAYS:
        write_array(folder / f"{name}.npy", getattr(model.parameters, name))
    for name, array in _arrays_of(model.parameters.weights).items():
        write_array(folder / f"{name}.npy", array)
    write_precedents(model.precedents, folder)
    write_text(folder / "model.json", _json({name: getattr(model.parameters, name) for name in _NUMBERS}))
    write_text(folder / "terms.txt", "\n".join(model.terms))
    write_text(folder / "title_terms.txt", "\n".join(model.title_terms))
    write_text(folder / "taxonomy.json", _json(model.taxonomy.to_json()))
    write_text(folder / "card.json", _json(model.card))


def _arrays_of(weights: np.ndarray | SparseWeights) -> dict[str, np.ndarray]:
    """Return the arrays of the weights by their names."""
    if isinstance(weights, SparseWeights):
        return dict(zip(_SPARSE, (weights.begins, weights.columns, weights.values), strict=True))
    return dict(zip(_DENSE, (weights,), strict=True))


def load_model(folder: Path, digest: str | None = None) -> TagModel:
    """Read and check a model version; with a digest, only if it is the one that was promoted.

    Raises `BadModel`, naming the version and what is wrong with it: a missing file, a changed byte, another format.
    """
    while True:
        cleaned: dict[str, tuple[str, str]] = {}
        try:
            cleaned = cleaned_files(folder)
            return _read_files(folder, _checked_files(folder, check_manifest(folder, digest), cleaned))
        except (BadModel, *_UNREADABLE) as error:
            with suppress(*_UNREADABLE):
                if cleaned_files(folder) != cleaned:  # other files have taken the place of these meanwhile
                    continue
            if isinstance(error, BadModel):
                raise
            raise BadModel(_("Model %(name)s cannot be read: %(error)s", name=folder.name, error=error)) from None


def _checked_files(folder: Path, digests: Mapping[str, str], cleaned: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    names = {}
    weights = _SPARSE if f"{_SPARSE[0]}.npy" in digests else _DENSE
    for name in (*_FILES, *(f"{each}.npy" for each in weights)):
        if name.removesuffix(".npy") in _LATER and name not in digests:
            continue
        if name not in digests:
            raise BadModel(_("Model %(name)s: manifest.json does not list %(file)s.", name=folder.name, file=name))
        file, digest = cleaned.get(name, (name, digests[name]))
        if not (folder / file).is_file():
            raise BadModel(
                _(
                    "Model %(name)s: %(file)s is missing. Restore it from a backup or roll back.",
                    name=folder.name,
                    file=file,
                )
            )
        if file_digest(folder / file) != digest:
            raise BadModel(
                _(
                    "Model %(name)s: %(file)s was changed after it was saved. Restore it or roll back.",
                    name=folder.name,
                    file=file,
                )
            )
        names[name] = file
    return names


def check_manifest(folder: Path, digest: str | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file of a version. Raises `BadModel` unless it is whole and has the digest, if any."""
    path = folder / "manifest.json"
    if not path.is_file():
        raise BadModel(_("%(folder)s is not a model version: it has no manifest.json.", folder=folder))
    if digest is not None and file_digest(path) != digest:
        raise BadModel(_("Model %(name)s: manifest.json is not the one that was promoted.", name=folder.name))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version, digests = manifest["format"], dict(manifest["files"].items())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadModel(_("Model %(name)s: manifest.json cannot be read.", name=folder.name)) from None
    if version != FORMAT:
        text = N_("Model %(name)s has format %(version)s; this program reads format %(needed)s. Train it again.")
        raise BadModel(gettext(text, name=folder.name, version=repr(version), needed=FORMAT))
    return digests


def _read_files(folder: Path, names: dict[str, str]) -> TagModel:
    saved = [name for name in _ARRAYS if f"{name}.npy" in names]
    arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in saved}
    arrays["naming_weights"] = with_later_features(arrays["naming_weights"])
    weights = _read_weights(folder, names, arrays["separators"].size)
    numbers = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    terms, title_terms = (_lines(folder / name) for name in ("terms.txt", "title_terms.txt"))
    taxonomy = taxonomy_from_json(json.loads((folder / "taxonomy.json").read_text(encoding="utf-8")))
    later = _later_arrays(arrays["calibration"], numbers["pooled_threshold"], len(taxonomy.tags))
    known = {"half_life": HALF_LIFE, "stem": ENGLISH_STEMS.name, "learned": list(filter(None, [numbers["language"]]))}
    numbers = known | numbers
    parameters = Parameters(weights=weights, **{**later, **arrays}, **{name: numbers[name] for name in _NUMBERS})
    _check_parameters(parameters, len(terms), len(title_terms), len(taxonomy.tags))
    precedents = replace(read_precedents(folder, names), deleted=Deleted(folder.parent))
    _check_precedents(precedents, len(terms) + len(title_terms), len(taxonomy.tags))
    return TagModel(parameters, terms, title_terms, taxonomy, folder.name, read_card(folder), precedents)


def _read_weights(folder: Path, names: Mapping[str, str], n_columns: int) -> np.ndarray | SparseWeights:
    def mapped(name: str) -> np.ndarray:
        array: np.ndarray = np.load(folder / f"{name}.npy", allow_pickle=False, mmap_mode="r")
        return array

    if f"{_SPARSE[0]}.npy" not in names:
        return mapped(*_DENSE)
    # Indexing through the memmap class costs three times as much.
    begins, columns, values = (mapped(name).view(np.ndarray) for name in _SPARSE)
    return SparseWeights(begins, columns, values, n_columns)


def _later_arrays(calibration: np.ndarray, pooled_threshold: object, n_tags: int) -> dict[str, np.ndarray]:
    """Return what earlier versions lack: one curve and one threshold for all tags, and otherwise zeros."""
    is_curve = calibration.shape == (4,) and calibration.dtype.kind == "f"  # if it is none, the check of arrays says so
    curves = np.tile(with_one_bend(calibration), (n_tags, 1)) if is_curve else np.zeros((n_tags, 4))
    threshold = float(pooled_threshold) if isinstance(pooled_threshold, int | float) else 0.0
    shapes = {array.name: array.metadata["shape"] for array in fields(Parameters) if array.name in _LATER_ZEROS}
    zeros = {name: np.zeros([n_tags if size == "n_tags" else size for size in shape]) for name, shape in shapes.items()}
    return zeros | dict.fromkeys(_LATER_CURVES, curves) | {"alias_thresholds": np.full(n_tags, threshold)}


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of a version without loading the model."""
    try:
        card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadModel(_("Model %(name)s: card.json cannot be read.", name=folder.name)) from None
    return card


def read_model_taxonomy(folder: Path) -> Taxonomy:
    """Return the taxonomy of a version without loading the model. Raises `BadModel` if it cannot be read."""
    try:
        return taxonomy_from_json(json.loads((folder / "taxonomy.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        raise BadModel(_("Model %(name)s: taxonomy.json cannot be read.", name=folder.name)) from None


def manifest_digest(folder: Path) -> str:
    """Return the digest of a version's manifest, and so of all its files."""
    return file_digest(folder / "manifest.json")


def content_digest(model: TagModel) -> str:
    """Return a digest of what a model computes, whatever its card says: equal examples give equal digests."""
    digest = hashlib.sha256()
    others = (getattr(model.parameters, name) for name in _ARRAYS)
    for array in (*_arrays_of(model.parameters.weights).values(), *others):
        digest.update(np.ascontiguousarray(array).tobytes())
    for name in precedent_files.ARRAYS:
        digest.update(np.ascontiguousarray(getattr(model.precedents, name)).tobytes())
    digest.update(_json({name: getattr(model.parameters, name) for name in _NUMBERS}).encode())
    names = [*model.terms, "", *model.title_terms, "", *model.precedents.ids, "", model.taxonomy.version]
    digest.update("\n".join(names).encode())
    return digest.hexdigest()


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return text.split("\n") if text else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)


# --- whether arrays and numbers fit each other: what does not would be an error at the first article ---


def _check_parameters(parameters: Parameters, n_terms: int, n_title_terms: int, n_tags: int) -> None:
    """Check the shape, type and values of all arrays, and the single numbers. Raises `ValueError` naming what is wrong."""
    n_separators = len(parameters.separators) if parameters.separators.ndim else 0
    sizes = {"n_terms": n_terms, "n_title_terms": n_title_terms, "n_rows": n_terms + n_title_terms}
    sizes |= {"n_tags": n_tags, "n_separators": n_separators, "n_curve": _even(parameters.curves.shape[-1:])}
    weights = parameters.weights
    if isinstance(weights, SparseWeights):
        _check_sparse(weights, sizes["n_rows"])
    for array in (field for field in fields(parameters) if "shape" in field.metadata):
        if array.name == "weights" and isinstance(weights, SparseWeights):
            continue
        values, kind = getattr(parameters, array.name), array.metadata["kind"]
        _check_array(array.name, values, tuple(sizes.get(size, size) for size in array.metadata["shape"]), kind)
        if kind == "f" and not _is_usable(values, may_be_infinite=array.name in _UNBOUNDED):
            raise ValueError(f"{array.name} holds what is no number")
    _check_positions("separators", parameters.separators, n_tags)
    if len(set(parameters.separators.tolist())) < n_separators:
        raise ValueError("separators names a tag twice")
    for name in ("pooled_threshold", "naming_intercept", "nowhere_intercept", "half_life"):
        value: Any = getattr(parameters, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise ValueError(f"{name} in model.json is {value!r:.40}, not a number")
    if not isinstance(parameters.always_one, bool):
        raise ValueError(f"always_one in model.json is {parameters.always_one!r:.40}, not true or false")
    if not isinstance(parameters.language, str | None):
        raise ValueError(f"language in model.json is {parameters.language!r:.40}, not a text")
    if not isinstance(parameters.stem, str) or parameters.stem not in STEMS:
        raise ValueError(f"stem in model.json is {parameters.stem!r:.40}, not one of {', '.join(STEMS)}")
    for name in ("blocks", "learned"):
        listed: Any = getattr(parameters, name)
        if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
            raise ValueError(f"{name} in model.json is not a list of texts")


def _check_sparse(weights: SparseWeights, n_rows: int) -> None:
    _check_array("weights_begins", weights.begins, (n_rows + 1,), "i")
    _check_edges("weights_begins", weights.begins, weights.values.size)
    if weights.columns.dtype.kind not in "iu":
        raise ValueError(f"weights_columns holds {weights.columns.dtype}, not {_KINDS['i']}")
    if weights.columns.shape != weights.values.shape:
        raise ValueError(
            f"weights_columns has the shape {weights.columns.shape}, weights_values {weights.values.shape}"
        )
    _check_positions("weights_columns", weights.columns, weights.n_columns)
    if weights.values.dtype.kind != "f" or not _is_usable(weights.values):
        raise ValueError("weights_values holds what is no number")


def _even(shape: tuple[int, ...]) -> int:
    """Return how many numbers a curve has, for each bend two beside the first two; -1, which fits nothing, if it cannot be."""
    return shape[0] if shape and shape[0] >= 4 and shape[0] % 2 == 0 else -1


def _check_precedents(precedents: Precedents, n_rows: int, n_tags: int) -> None:
    """Check that the arrays of precedents fit each other, and the model's rows and tags. Raises `ValueError` if not."""
    n_articles, n_terms, n_labels = len(precedents.ids), precedents.rows.size, precedents.tag_articles.size
    sizes = {"begins": n_articles + 1, "rows": n_terms, "values": n_terms}
    for name, size in {**sizes, "tag_begins": n_tags + 1, "tag_articles": n_labels}.items():
        kind = "f" if name == "values" else "i"
        _check_array(f"precedent_{name}", getattr(precedents, name), (size,), kind)
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
