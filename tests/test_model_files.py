"""A model version on disk: it comes back as it was, and whatever is wrong with it is refused by name."""

from __future__ import annotations

import hashlib
import json
import pickletools
import shutil
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.errors import BadModel
from classifier.model.files import _ARRAYS, _FILES, FORMAT, content_digest, load_model, manifest_digest, save_model
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.views import answer_json, explanations_of
from classifier.training.fitting import Fitted


@pytest.fixture(scope="session")
def _saved(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "version-1"
    save_model(fitted.model, folder)
    return folder


@pytest.fixture
def saved(_saved: Path, tmp_path: Path) -> Path:
    """A copy of the desk's model on disk that a test may damage."""
    return Path(shutil.copytree(_saved, tmp_path / "version-1"))


def answers(model: TagModel, articles: list[Article]) -> list[dict[str, Any]]:
    found = [answer_json(model.suggest(article)) for article in articles]
    return [{key: value for key, value in answer.items() if key != "model_version"} for answer in found]


def change_manifest(folder: Path, change: dict[str, Any]) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}), encoding="utf-8")


FILES = (*_FILES, "weights.npy")


def sign_again(folder: Path) -> None:
    """Write the manifest that fits the files as they are now, as somebody does who changes a model by hand."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    change_manifest(folder, {"files": digests})


# --- round trip ---


def test_a_saved_model_gives_identical_suggestions(fitted: Fitted, saved: Path, articles: list[Article]) -> None:
    assert answers(load_model(saved), articles[:60]) == answers(fitted.model, articles[:60])


def test_a_saved_model_explains_identically(fitted: Fitted, saved: Path, articles: list[Article]) -> None:
    loaded = load_model(saved)
    for article in articles[:3]:
        for tag in ("iskp", "hamas", "attack"):
            before = explanations_of(article, [tag], fitted.model)[0]
            assert explanations_of(article, [tag], loaded)[0] == before


def test_a_saved_model_computes_the_same_and_keeps_its_taxonomy_and_card(fitted: Fitted, saved: Path) -> None:
    loaded = load_model(saved)
    assert content_digest(loaded) == content_digest(fitted.model)
    assert loaded.taxonomy == fitted.model.taxonomy
    assert loaded.card == json.loads(json.dumps(fitted.model.card))
    assert loaded.version == "version-1"


def test_a_model_that_is_saved_loaded_and_saved_again_has_the_same_files(saved: Path, tmp_path: Path) -> None:
    again = tmp_path / "again" / "version-1"
    assert save_model(load_model(saved), again) == manifest_digest(saved)
    assert {file.name: file.read_bytes() for file in again.iterdir()} == {
        file.name: file.read_bytes() for file in saved.iterdir()
    }


def test_weights_are_mapped_from_the_file_and_cannot_be_written_through(saved: Path) -> None:
    weights = load_model(saved).parameters.weights
    assert isinstance(weights, np.memmap)
    assert weights.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        weights[0, 0] = 1.0


# --- what is in the folder ---


def test_the_folder_holds_the_files_of_the_manifest_and_no_others(saved: Path) -> None:
    manifest = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["format"] == FORMAT
    assert manifest["version"] == "version-1"
    assert {file.name for file in saved.iterdir()} == {*manifest["files"], "manifest.json"}
    assert manifest["files"] == {
        name: hashlib.sha256((saved / name).read_bytes()).hexdigest() for name in manifest["files"]
    }


def test_nothing_in_the_folder_is_a_pickle(saved: Path) -> None:
    for file in saved.iterdir():
        assert file.suffix in {".npy", ".json", ".txt"}
        with pytest.raises((ValueError, IndexError, EOFError)):
            list(pickletools.genops(file.read_bytes()))


def test_no_array_holds_objects(saved: Path) -> None:
    for name in ("weights", *_ARRAYS):
        assert np.load(saved / f"{name}.npy", allow_pickle=False).dtype.kind in "fi"


def test_a_version_can_be_read_by_other_users_of_the_machine(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o755


# --- saving ---


def test_a_version_is_never_overwritten(fitted: Fitted, saved: Path) -> None:
    before = {file.name: file.read_bytes() for file in saved.iterdir()}
    with pytest.raises(BadModel, match="version-1 is there already; a model version is never overwritten"):
        save_model(fitted.model, saved)
    assert {file.name: file.read_bytes() for file in saved.iterdir()} == before


def test_a_save_that_fails_leaves_nothing_behind(fitted: Fitted, tmp_path: Path) -> None:
    model = fitted.model
    broken = TagModel(model.parameters, model.terms, model.title_terms, model.taxonomy, card={"figure": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        save_model(broken, tmp_path / "models" / "version-1")
    assert list((tmp_path / "models").iterdir()) == []


# --- damage ---


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_in_any_file_is_refused_by_its_name(saved: Path, name: str) -> None:
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(BadModel, match=rf"version-1: {name} was changed after it was saved"):
        load_model(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_its_name(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(BadModel, match=rf"version-1: {name} is missing"):
        load_model(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused_by_its_name(saved: Path, name: str) -> None:
    (saved / name).write_bytes((saved / name).read_bytes()[:-1])
    with pytest.raises(BadModel, match=rf"version-1: {name} was changed"):
        load_model(saved)


def test_a_flipped_byte_in_the_manifest_is_refused_against_the_digest_of_the_promotion(saved: Path) -> None:
    digest = manifest_digest(saved)
    path = saved / "manifest.json"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(BadModel, match=r"version-1: manifest\.json is not the one that was promoted"):
        load_model(saved, digest)


def test_a_model_changed_by_hand_with_a_new_manifest_is_refused_against_the_digest(saved: Path) -> None:
    digest = manifest_digest(saved)
    (saved / "card.json").write_text("{}", encoding="utf-8")
    sign_again(saved)
    assert load_model(saved).card == {}
    with pytest.raises(BadModel, match="not the one that was promoted"):
        load_model(saved, digest)


@pytest.mark.parametrize("found", [0, FORMAT + 1, "1.0", None])
def test_another_format_is_refused_with_both_formats_named(saved: Path, found: object) -> None:
    change_manifest(saved, {"format": found})
    with pytest.raises(BadModel, match=rf"version-1 has format {found!r}; this program reads format {FORMAT}"):
        load_model(saved)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"format": 1, "files": []}', b"\xff"]
)
def test_an_unreadable_manifest_is_refused(saved: Path, content: bytes) -> None:
    (saved / "manifest.json").write_bytes(content)
    with pytest.raises(BadModel, match=r"version-1: manifest\.json cannot be read"):
        load_model(saved)


def test_a_manifest_that_leaves_a_file_out_is_refused(saved: Path) -> None:
    files = json.loads((saved / "manifest.json").read_text(encoding="utf-8"))["files"]
    del files["weights.npy"]
    change_manifest(saved, {"files": files})
    with pytest.raises(BadModel, match=r"does not list weights\.npy"):
        load_model(saved)


def test_a_folder_without_a_manifest_is_no_model(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "not-there"):
        with pytest.raises(BadModel, match=r"is not a model version: it has no manifest\.json"):
            load_model(folder)


# --- files that fit their manifest and not each other ---


def test_an_array_of_objects_is_refused_even_if_it_is_signed(saved: Path) -> None:
    np.save(saved / "idf.npy", np.array([{"code": 1}], dtype=object), allow_pickle=True)
    sign_again(saved)
    with pytest.raises(BadModel, match=r"version-1 cannot be read: .*allow_pickle"):
        load_model(saved)


ARRAYS = [name for name in FILES if name.endswith(".npy")]
FRACTIONS = [
    "weights",
    "idf",
    "title_idf",
    "intercepts",
    "thresholds",
    "auto_thresholds",
    "naming_weights",
    "naming_offsets",
    "stack",
    "stack_intercepts",
    "recency_weights",
    "usual_rates",
    "recent_rates",
    "calibration",
    "aboutness_weights",
    "aboutness_intercepts",
    "curves",
    "alias_curves",
    "alias_thresholds",
    "precedent_values",
]


def assert_refused(saved: Path, name: str, values: np.ndarray) -> None:
    """Assert that a model is refused whose array `name` holds these values, and that the error names it."""
    np.save(saved / name, values)
    sign_again(saved)
    array = name.removesuffix(".npy")
    with pytest.raises(BadModel, match=f"version-1 cannot be read: {array} "):
        load_model(saved)


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_of_a_shape_that_does_not_fit_the_others_is_refused(saved: Path, name: str) -> None:
    values = np.load(saved / name)
    for wrong in (values[..., None], values[:0], values[:1].reshape(()) if values.ndim == 1 else values[:, :-1]):
        # Weights and separators, or the rows and values of precedents, must fit each other: either may be named.
        np.save(saved / name, wrong)
        sign_again(saved)
        with pytest.raises(BadModel, match=r"version-1 cannot be read: .*(shape|rise)"):
            load_model(saved)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("dtype", [np.complex128, np.str_, np.bool_])
def test_an_array_of_another_type_is_refused(saved: Path, name: str, dtype: type) -> None:
    assert_refused(saved, name, np.load(saved / name).astype(dtype))


@pytest.mark.parametrize("name", FRACTIONS)
def test_an_array_with_a_value_that_is_no_number_is_refused(saved: Path, name: str) -> None:
    values = np.load(saved / f"{name}.npy")
    values.flat[-1] = np.nan
    assert_refused(saved, f"{name}.npy", values)


@pytest.mark.parametrize("name", ["separators", "precedent_rows", "precedent_tag_articles"])
@pytest.mark.parametrize("place", [-1, 2_000_000_000])
def test_a_place_that_is_not_there_is_refused(saved: Path, name: str, place: int) -> None:
    values = np.load(saved / f"{name}.npy")
    values[-1] = place
    assert_refused(saved, f"{name}.npy", values)


@pytest.mark.parametrize("name", ["precedent_begins", "precedent_tag_begins"])
def test_edges_that_fall_are_refused(saved: Path, name: str) -> None:
    values = np.load(saved / f"{name}.npy")
    values[1] = values[-1] + 1
    assert_refused(saved, f"{name}.npy", values)


def test_two_separators_of_one_tag_are_refused(saved: Path) -> None:
    values = np.load(saved / "separators.npy")
    assert_refused(saved, "separators.npy", np.append(values[:-1], values[0]).astype(values.dtype))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pooled_threshold", "0"),
        ("half_life", None),
        ("naming_intercept", None),
        ("nowhere_intercept", True),
        ("always_one", 1),
        ("language", 7),
        ("stem", "porter"),
        ("stem", ["english"]),
        ("blocks", "a"),
        ("blocks", [1]),
    ],
)
def test_a_single_number_of_another_type_is_refused_by_its_name(saved: Path, name: str, value: object) -> None:
    numbers = json.loads((saved / "model.json").read_text(encoding="utf-8"))
    (saved / "model.json").write_text(json.dumps({**numbers, name: value}), encoding="utf-8")
    sign_again(saved)
    with pytest.raises(BadModel, match=f"{name} in model.json is"):
        load_model(saved)


@pytest.mark.parametrize("name", ["stack", "calibration", "title_idf", "precedent_tag_articles"])
def test_a_champion_whose_arrays_do_not_fit_leaves_the_one_before_serving(
    client: FlaskClient, tagger: Tagger, registry: Registry, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tagger.serving.model().version
    folder = registry.folder / "20990101-000000-00000000"
    shutil.copytree(registry.folder / before, folder)
    np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy")[:-1])
    sign_again(folder)
    registry._point(folder.name, "tests", "the arrays do not fit each other")
    monkeypatch.setattr("classifier.serving.serving.POLL_SECONDS", 0.0)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["status"]) == (200, "degraded")
    assert ready.get_json()["model_version"] == before
    assert folder.name in ready.get_json()["problems"][0]
    answer = client.post("/v1/suggest", json={"title": "ISKP bomber kills twelve at Kabul mosque", "why": ["iskp"]})
    assert (answer.status_code, answer.get_json()["model_version"]) == (200, before)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.json", "{}"),
        ("model.json", "[]"),
        ("taxonomy.json", '{"kinds": {}}'),
        ("taxonomy.json", '{"kinds": {}, "tags": [{"id": "a", "label": "A", "colour": "red"}]}'),
        ("taxonomy.json", "null"),
        ("terms.txt", "only\ntwo"),
    ],
)
def test_a_signed_file_with_other_content_is_refused(saved: Path, name: str, content: str) -> None:
    (saved / name).write_text(content, encoding="utf-8")
    sign_again(saved)
    with pytest.raises(BadModel, match="version-1 cannot be read"):
        load_model(saved)


# --- digests ---


def test_equal_parameters_have_equal_digests_whatever_the_card_says(fitted: Fitted) -> None:
    model = fitted.model
    same = TagModel(
        model.parameters,
        model.terms,
        model.title_terms,
        model.taxonomy,
        "another-version",
        {"note": "x"},
        model.precedents,
    )
    assert content_digest(same) == content_digest(model)


def test_other_terms_have_another_digest(fitted: Fitted) -> None:
    model = fitted.model
    other = TagModel(model.parameters, model.terms[::-1], model.title_terms, model.taxonomy)
    assert content_digest(other) != content_digest(model)
