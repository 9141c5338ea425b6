"""An exported model is an ordinary scikit-learn pipeline that predicts what the service suggests."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.errors import BadArticle, BadSetting
from classifier.model.export import build_pipeline, export_model
from classifier.model.parameters import Parameters
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.text.mention_features import SHARED
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from tests.conftest import LOOKALIKE, ROOT
from tests.waiting import SECONDS

BRIEF = Article(
    title="ISKP bombs Kabul mosque",
    body="Islamic State's Khorasan Province claimed a bombing in Kabul on Friday. The Taliban said they would hunt ISKP.",
)
FRENCH = Article(
    title="Le gouvernement présente son budget",
    body="Le ministre des finances a présenté mardi les grandes lignes du projet de loi, qui prévoit une baisse des dépenses.",
)
FRENCH_NAMES = Article(
    title="Les talibans et Boko Haram",
    body="Selon le ministre, les combattants de Boko Haram et les Taliban ont été arrêtés mardi dans une opération nocturne.",
)
HINTS = Article(
    title="Rapport du ministre sur la sécurité",
    body="Le ministre a visité Kabul et un camp afghan mardi, selon un communiqué.",
)
ODD = [
    Article(),
    Article(body="the of and to in"),
    Article(title="…!? \u00ad"),
    Article(title="Cricket board meets", body="The board will meet on Tuesday to pick the squad for the winter tour."),
    Article(title="ISKP"),
    Article(body="ISKP ISKP ISKP"),
    Article(title="ISKP &amp; Taliban", body="<p>The <b>Taliban</b> said ISK&#80; did it.</p><p>Tags: Hamas</p>", body_format="html"),
    Article(title="Hamas-led talks", body="Hamas-led talks began in Gaza. Hamas said so."),
    FRENCH,
    FRENCH_NAMES,
    HINTS,
    BRIEF,
]  # fmt: skip
NEW = Tag("red-lantern-brigade", "Red Lantern Brigade", aliases=(Alias("Red Lantern Brigade"),))


def changed(model: TagModel, **parameters: Any) -> TagModel:
    return TagModel(replace(model.parameters, **parameters), model.terms, model.title_terms, model.taxonomy)


def without_title_terms(model: TagModel) -> TagModel:
    p: Parameters = model.parameters
    fewer = replace(p, weights=p.weights[: len(model.terms)], title_idf=p.title_idf[:0])
    return TagModel(fewer, model.terms, [], model.taxonomy)


def with_statuses(model: TagModel) -> TagModel:
    """The model with one tag muted, one retired, one gone, a new one, and the others in another order."""
    status = {"iskp": "muted", "taliban": "retired"}
    tags = [replace(tag, status=status.get(tag.id, "active")) for tag in model.taxonomy.tags if tag.id != "somalia"]
    return retagged(model, Taxonomy((NEW, *tags[::-1]), model.taxonomy.kinds))


def all_muted(model: TagModel) -> TagModel:
    tags = tuple(replace(tag, status="muted") for tag in model.taxonomy.tags)
    return retagged(changed(model, always_one=True), Taxonomy(tags, model.taxonomy.kinds))


def exclusive(model: TagModel) -> TagModel:
    """The model with every tag passing its threshold, and of each kind only the best suggested."""
    kinds = {name: Kind(exclusive=True) for name in model.taxonomy.kinds}
    low = changed(model, thresholds=np.full(len(model.taxonomy.tags), -1e9))
    return retagged(low, Taxonomy(model.taxonomy.tags, kinds))


VARIANTS = {
    "as fitted": lambda model: model,
    "always one": lambda model: changed(model, always_one=True),
    "always one, unreachable": lambda model: changed(
        model, always_one=True, thresholds=np.full(len(model.taxonomy.tags), np.inf)
    ),
    "all pass": lambda model: changed(model, thresholds=np.full(len(model.taxonomy.tags), -1e9)),
    "any language": lambda model: changed(model, language=None),
    "stems of any language": lambda model: changed(model, stem="first-5"),
    "exclusive kinds": exclusive,
    "muted, retired, new": with_statuses,
    "always one that is not muted": lambda model: with_statuses(VARIANTS["always one, unreachable"](model)),
    "all muted": all_muted,
    "no title terms": without_title_terms,
}


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest, model: TagModel) -> tuple[TagModel, Pipeline]:
    """Each variant of the desk's model with its pipeline."""
    made = VARIANTS[request.param](model)
    return made, build_pipeline(made)


@pytest.fixture(scope="module")
def pipeline(model: TagModel) -> Pipeline:
    return build_pipeline(model)


@pytest.fixture(scope="module")
def exported(model: TagModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "tagger.joblib"
    export_model(model, path)
    return path


def assert_same(model: TagModel, pipeline: Pipeline, articles: Sequence[Article]) -> np.ndarray:
    """Assert that model and pipeline agree; return what both suggest."""
    scores, suggested = model.judge(articles)
    predicted = pipeline.predict(articles)
    assert (predicted.dtype, predicted.shape) == (np.int64, suggested.shape)
    np.testing.assert_array_equal(predicted, suggested)
    np.testing.assert_allclose(pipeline.predict_proba(articles), scores, rtol=0, atol=1e-9)
    tag_ids = pipeline[-1].classes_.tolist()
    decision = [[one.decision_value for one in model.explain(article, tag_ids)] for article in articles[-3:]]
    np.testing.assert_allclose(pipeline.decision_function(articles[-3:]), decision, rtol=0, atol=1e-9)
    return suggested


# --- the same predictions ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_predictions_are_those_of_the_service(variant: tuple[TagModel, Pipeline], articles: list[Article]) -> None:
    assert_same(*variant, [*articles[::6], *ODD])


SNIPPETS = [
    "ISKP",
    "Taliban",
    "Kabul",
    "al-Shabaab",
    "the",
    "prisons,",
    "said.\n",
    "Hamas",
    "<p>",
    "</p>",
    "&amp;",
    "le",
    "ministre",
    "présenté",
    "dépenses",
    "é",
    "17-year-old",
]
ANY_BODY = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from([*SNIPPETS, "Boko Haram", "<b>Taliban</b>", "Red Lantern Brigade"]),
        max_size=60,
    ).map(" ".join),
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=st.one_of(st.text(max_size=60), ANY_BODY), body=ANY_BODY, body_format=st.sampled_from(["text", "html"]))
def test_predictions_are_those_of_the_service_for_any_text(
    variant: tuple[TagModel, Pipeline], title: str, body: str, body_format: str
) -> None:
    assert_same(*variant, [Article(title=title, body=body, body_format=body_format)])


def test_always_one_gives_each_article_that_says_something_a_tag(model: TagModel, articles: list[Article]) -> None:
    unreachable = VARIANTS["always one, unreachable"](model)
    suggested = assert_same(unreachable, build_pipeline(unreachable), [*articles[:5], Article(), FRENCH])
    assert suggested.sum(axis=1).tolist() == [1] * 5 + [0, 0]


def test_of_an_exclusive_kind_only_the_best_is_predicted(model: TagModel, articles: list[Article]) -> None:
    one_each = exclusive(model)
    suggested = assert_same(one_each, build_pipeline(one_each), articles[:5])
    kinds = {tag.kind for tag in model.taxonomy.tags}
    assert suggested.sum(axis=1).tolist() == [len(kinds)] * 5


def test_muted_and_retired_tags_keep_their_columns_and_are_never_predicted(model: TagModel) -> None:
    pipeline = build_pipeline(with_statuses(model))
    predicted = dict(zip(pipeline[-1].classes_, pipeline.predict([BRIEF])[0], strict=True))
    assert (predicted["iskp"], predicted["taliban"], predicted["afghanistan"]) == (0, 0, 1)


def test_in_another_language_only_what_is_written_out_is_predicted(model: TagModel, pipeline: Pipeline) -> None:
    suggested = assert_same(model, pipeline, [FRENCH, FRENCH_NAMES])
    tag_ids = pipeline[-1].classes_[suggested[1]].tolist()
    assert not suggested[0].any()
    assert set(tag_ids) <= {"boko-haram", "taliban"}
    assert tag_ids


@pytest.mark.slow
def test_texts_half_in_another_language_are_judged_alike(model: TagModel) -> None:
    """From mostly known words to hardly any: wherever the service begins to doubt the language, so does the pipeline."""
    all_pass = VARIANTS["all pass"](model)
    lead = "Police said three people were killed in the attack on Friday."
    french = FRENCH.body.split()
    texts = [Article(body=f"{lead} {' '.join((french * 3)[:n])}") for n in range(3 * len(french))]
    suggested = assert_same(all_pass, build_pipeline(all_pass), texts)
    assert suggested[0].sum() > suggested[-1].sum() == 0


def test_tags_that_always_go_together_compete_alike() -> None:
    """Without aliases their separators are equal, and which is best hangs on the last bit."""
    tags = tuple(Tag(f"tag-{n}", f"tag {n}") for n in range(3))
    words = ("bread flour oven yeast", "boats harbour sails tide")
    made = [
        Article(str(n), body=f"{words[n % 2]} number {n}", tags=("tag-0", "tag-1") if n % 2 else ("tag-2",))
        for n in range(20)
    ]
    twins = fit(made, Taxonomy(tags), FitSettings(n_jobs=1)).model
    assert_same(twins, build_pipeline(twins), made)


# --- what it takes ----------------------------------------------------------------------------------------------


def test_articles_records_and_plain_texts_are_read_alike(pipeline: Pipeline) -> None:
    record = {"title": BRIEF.title, "body": BRIEF.body, "section": "passed over"}
    values = pipeline.decision_function([BRIEF, record, f"{BRIEF.title}\n{BRIEF.body}"])
    assert (values == values[0]).all()


@pytest.mark.parametrize("one", [BRIEF, "ISKP bombs mosque", {"title": "ISKP"}])
def test_one_article_that_is_not_in_a_list_is_refused(pipeline: Pipeline, one: Any) -> None:
    with pytest.raises(ValueError, match=r"A list of articles is expected.*Put it into a list"):
        pipeline.predict(one)


@pytest.mark.parametrize("one", [7, None, {"title": 7}, {"body_format": "pdf"}])
def test_what_is_no_article_is_refused(pipeline: Pipeline, one: Any) -> None:
    with pytest.raises(BadArticle):
        pipeline.predict([one])


def test_classifier_refuses_other_columns(pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match=r"X has 3 features, but \d+ are expected"):
        pipeline[-1].predict(np.zeros((1, 3)))


# --- an ordinary estimator --------------------------------------------------------------------------------------


def test_every_column_has_a_name(pipeline: Pipeline) -> None:
    names = pipeline[:-1].get_feature_names_out()
    X = pipeline[:-1].transform([BRIEF])
    assert X.shape == (1, len(names)) == (1, pipeline[-1].n_features_in_)
    there = set(names[X.nonzero()[1]])
    assert {"words__bombing", "title__kabul", "naming__iskp", "written_out__iskp"} <= there
    assert not {"doubts__says nothing", "doubts__another language"} & there


def test_naming_opens_into_the_features_of_each_tag(pipeline: Pipeline, model: TagModel) -> None:
    vectorizer = pipeline["features"].named_transformers["naming"]["vectorizer"]
    columns = dict(zip(vectorizer.get_feature_names_out(), vectorizer.transform(pipeline[:1].transform([BRIEF])).toarray()[0], strict=True))  # fmt: skip
    assert len(columns) == len(model.taxonomy.tags) * len(SHARED)
    assert (columns["iskp: title"], columns["taliban: title"]) == (1.0, 0.0)
    assert columns["iskp: number of mentions"] == pytest.approx(np.log1p(3))


def test_decision_is_linear_but_for_what_competing_tags_add(pipeline: Pipeline, model: TagModel) -> None:
    X, tagger = pipeline[:-1].transform([BRIEF]), pipeline[-1]
    sums = X @ tagger.coef_.T + tagger.intercept_ + tagger.competing(X)
    np.testing.assert_allclose(sums, pipeline.decision_function([BRIEF]), rtol=0, atol=1e-9)
    explained = model.explain(BRIEF, tagger.classes_.tolist())
    competing = [sum(part.weight for part in one.parts if part.kind == "competing") for one in explained]
    prior = [sum(part.weight for part in one.parts if part.kind in ("prior", "recency")) for one in explained]
    np.testing.assert_allclose(tagger.competing(X)[0], competing, rtol=0, atol=1e-9)
    np.testing.assert_allclose(tagger.intercept_, prior, rtol=0, atol=1e-9)


def test_coefficients_name_the_words_of_a_tag(pipeline: Pipeline) -> None:
    weights = pipeline[-1].coef_[pipeline[-1].classes_.tolist().index("iskp")]
    names = pipeline[:-1].get_feature_names_out()
    assert {"words__iskp", "words__khorasan"} & set(names[np.argsort(-weights)[:10]])


def test_clone_is_unfitted_with_equal_parameters(pipeline: Pipeline) -> None:
    check_is_fitted(pipeline)
    copy = clone(pipeline)
    assert copy["read"].taxonomy == pipeline["read"].taxonomy
    assert copy[-1].get_params() == pipeline[-1].get_params() == {"always_one": False}
    with pytest.raises(NotFittedError):
        check_is_fitted(copy[-1])
    with pytest.raises(NotFittedError):
        copy[-1].predict(np.zeros((1, 3)))
    with pytest.raises(NotFittedError):
        copy["read"].transform([BRIEF])
    with pytest.raises(NotImplementedError, match="python -m classifier train"):
        copy.fit([BRIEF], [[1]])


def test_always_one_can_be_set_as_any_parameter(pipeline: Pipeline) -> None:
    eager = clone(pipeline[-1], safe=False).set_params(always_one=True)
    vars(eager).update({name: value for name, value in vars(pipeline[-1]).items() if name.endswith("_")})
    cricket = pipeline[:-1].transform([ODD[3]])
    assert (pipeline[-1].predict(cricket).sum(), eager.predict(cricket).sum()) == (0, 1)


def test_another_classifier_can_be_put_on_the_same_features(
    pipeline: Pipeline, model: TagModel, articles: list[Article]
) -> None:
    some = articles[:60]
    labels = labels_of(some, model.taxonomy) == 1
    often = labels.sum(axis=0) >= 5
    other = make_pipeline(
        FrozenEstimator(pipeline[:-1]), MaxAbsScaler(), OneVsRestClassifier(LinearSVC(random_state=0))
    )
    other.fit(some, labels[:, often])
    assert other.score(some, labels[:, often]) > 0.5


def test_score_is_the_share_of_articles_with_all_tags_right(pipeline: Pipeline, articles: list[Article]) -> None:
    predicted = pipeline.predict(articles[:10])
    assert pipeline.score(articles[:10], predicted) == 1.0
    assert pipeline.score(articles[:10], 1 - predicted) == 0.0


def test_pipeline_is_shown_briefly(pipeline: Pipeline) -> None:
    assert len(repr(pipeline)) < 10_000
    assert "<21 tags" in repr(pipeline)


# --- files ------------------------------------------------------------------------------------------------------


def test_loaded_pipeline_predicts_what_was_exported(exported: Path, model: TagModel) -> None:
    loaded = joblib.load(exported)
    assert_same(model, loaded, ODD)
    assert loaded[-1].taxonomy_version_ == model.taxonomy.version


FRESH = """
import sys
from pathlib import Path
import joblib
pipeline = joblib.load(sys.argv[1])
suggested = pipeline.predict([Path(sys.argv[2]).read_text(encoding="utf-8")])[0]
print(*pipeline[-1].classes_[suggested == 1])
sys.exit("flask" in sys.modules)
"""


@pytest.mark.slow
def test_fresh_process_needs_only_the_package(exported: Path, pipeline: Pipeline) -> None:
    command = [sys.executable, "-W", "error", "-c", FRESH, str(exported), str(LOOKALIKE)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    expected = pipeline[-1].classes_[pipeline.predict([LOOKALIKE.read_text(encoding="utf-8")])[0] == 1]
    assert (done.returncode, done.stdout.split()) == (0, expected.tolist()), done.stderr


def test_export_replaces_a_file_and_leaves_nothing_beside_it(model: TagModel, tmp_path: Path) -> None:
    output = tmp_path / "tagger.joblib"
    output.write_text("older")
    export_model(model, output)
    assert [path.name for path in tmp_path.iterdir()] == ["tagger.joblib"]
    assert output.stat().st_mode & 0o777 == 0o644
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_is_fitted(joblib.load(output))


def test_failed_export_keeps_the_file_that_was_there(
    model: TagModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "tagger.joblib"
    output.write_text("older")

    def full(*_: Any, **__: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(joblib, "dump", full)
    with pytest.raises(BadSetting, match="No space left"):
        export_model(model, output)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("tagger.joblib", "older")]


def test_export_into_a_folder_that_is_not_there_fails(model: TagModel, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        export_model(model, tmp_path / "nowhere" / "tagger.joblib")
