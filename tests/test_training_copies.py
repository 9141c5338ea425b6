"""Steps of a training in copies of its process: the model is the same, and surface forms are counted as one by one."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.made_up import archive
from classifier.domain.articles import Article
from classifier.domain.progress import untracked
from classifier.parallel.processes import ProcessLost, beside, map_chunks_in_copies
from classifier.text.fields import read_text
from classifier.text.terms import text_forms, title_forms
from classifier.training import corpus, linear_classifiers
from classifier.training.fitting import Fitted, fit
from classifier.training.forms import FormCounter, Forms
from classifier.training.settings import FitSettings
from classifier.training.training_set import read_training_set
from tests.test_terms import TEXTS


@pytest.fixture(scope="module")
def made_up() -> list[Article]:
    return [Article(**record | {"tags": tuple(record["tags"])}) for record in archive(600, 12)]


def arrays_of(fitted: Fitted) -> dict[str, bytes]:
    parameters = vars(fitted.model.parameters)
    return {name: value.tobytes() for name, value in parameters.items() if isinstance(value, np.ndarray)}


@pytest.mark.slow
@pytest.mark.parametrize("is_fast", [True, False])
def test_copies_that_read_and_fit_give_the_same_model(
    made_up: list[Article], monkeypatch: pytest.MonkeyPatch, is_fast: bool
) -> None:
    alone = fit(made_up, settings=FitSettings(n_folds=2, n_jobs=1, fast=is_fast))
    monkeypatch.setattr(corpus, "LARGE", 1)
    monkeypatch.setattr(linear_classifiers, "FEWEST_VALUES", 0)
    with_copies = fit(made_up, settings=FitSettings(n_folds=2, n_jobs=2, fast=is_fast))
    assert with_copies.model.terms == alone.model.terms
    assert arrays_of(with_copies) == arrays_of(alone)


def test_classifiers_are_fitted_in_another_process_while_this_one_goes_on(
    made_up: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear_classifiers, "FEWEST_VALUES", 0)
    monkeypatch.setattr(linear_classifiers, "fit_classifiers", lambda *_: os.getpid())
    data = read_training_set(made_up, None, FitSettings(n_jobs=2, fast=True), untracked)
    with linear_classifiers.fitting_beside(data, 2, untracked, "fitting") as fitted:
        assert fitted() not in (os.getpid(), None)


def test_a_process_beside_that_ends_is_an_error_and_none_is_left() -> None:
    with beside(lambda: os._exit(1)) as result, pytest.raises(ProcessLost, match="enough memory"):
        result()


def test_a_worker_of_a_pool_does_all_itself() -> None:
    """It may start no processes: `multiprocessing` refuses that."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_processes_beside) == 1


def _processes_beside() -> int:
    with beside(os.getpid) as result:
        return len({result(), os.getpid(), *map_chunks_in_copies(lambda _: os.getpid(), lambda: range(4), 2)})


@given(st.lists(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=4), max_size=3), st.booleans())
def test_forms_of_batches_are_counted_as_one_by_one(batches: list[list[tuple[str, str, str]]], plain: bool) -> None:
    counters, forms = [FormCounter(plain), FormCounter(plain)], Forms()
    texts = [[read_text(*fields) for fields in batch] for batch in batches]
    for number, batch in enumerate(texts):
        forms.add(counters[number % 2].count(batch))  # as two processes do
    if not texts:
        return  # there is nothing to count
    names, in_text, in_title = forms.counts()
    for row, text in enumerate(text for batch in texts for text in batch):
        for counts, expected in ((in_text, text_forms(text)), (in_title, title_forms(text))):
            found = dict(zip((names[place] for place in counts[row].indices), counts[row].data, strict=True))
            wanted = Counter(form for form in expected if not (plain and "-" in form))
            assert found == wanted
