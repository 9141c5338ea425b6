"""The stems that an archive gets: English ones where it is mostly English, else the first letters of its words."""

import json
from itertools import cycle, islice
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.model.files import load_model, save_model
from classifier.model.tag_model import TagModel
from classifier.text.stems import BEGINNINGS, STEMS
from classifier.text.terms import text_terms
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings
from tests.test_export import changed
from tests.test_model_files import sign_again

ENGLISH = [
    ("flood", "Rivers are flooding the villages and they have been cut off, as the floods were rising for a day."),
    ("match", "The players were training for the match that they had lost, and the trainer said it would be played."),
]
FRENCH = [
    ("flood", "Les inondations ont noyé les rues, et des quartiers inondés attendent toujours qu'on vienne les aider."),
    ("match", "Les joueurs ont gagné la rencontre, et les entraîneurs de l'équipe sont contents de leur victoire."),
]


def archive(n_english: int, n: int = 30) -> list[Article]:
    sources = [*islice(cycle(ENGLISH), n_english), *islice(cycle(FRENCH), n - n_english)]
    return [
        Article(id=f"a{number}", title=f"{body.split()[1]} {number}", body=body, tags=(tag,))
        for number, (tag, body) in enumerate(sources)
    ]


def fitted(n_english: int) -> TagModel:
    return fit(archive(n_english), settings=FitSettings(n_folds=2, n_jobs=1)).model


@pytest.fixture(scope="module")
def french() -> TagModel:
    return fitted(0)


@pytest.mark.parametrize(
    ("n_english", "stem"), [(30, "english"), (20, "english"), (15, "beginnings"), (0, "beginnings")]
)
def test_an_archive_that_is_mostly_english_has_english_stems(n_english: int, stem: str) -> None:
    model = fitted(n_english)
    assert (model.parameters.stem, model.card["stem"]) == (stem, stem)


def test_a_form_that_the_archive_lacks_is_known_by_its_beginning(french: TagModel) -> None:
    reading = french.reader.read(Article(title="Une inondation"))
    known = set(text_terms(reading.text, BEGINNINGS)) & set(french.terms)
    assert "inond~" in known
    assert "inondation" not in known
    [suggestion] = french.suggest(Article(title="Une inondation menace des habitations")).suggestions
    assert suggestion["tag"] == "flood"


def test_forms_of_an_ethiopic_word_have_one_stem_whatever_their_vowels() -> None:
    governments, students = BEGINNINGS.of(["መንግሥታት", "ተማሪ"])
    assert BEGINNINGS.of(["መንግሥት", "መንግሥቱ"]) == [governments] * 2
    assert BEGINNINGS.of(["ተማሩ", "ተማረ"]) == [students] * 2
    assert len({governments, students, *BEGINNINGS.of(["መምህር"])}) == 3
    assert BEGINNINGS.of(["attaques", "والشباب", "é", ""]) == ["attaq", "والشب", "é", ""]


def test_a_model_of_an_earlier_version_keeps_the_first_letters(french: TagModel, tmp_path: Path) -> None:
    save_model(changed(french, stem="first-5"), tmp_path / "v1")
    assert STEMS[load_model(tmp_path / "v1").parameters.stem].of(["ተማሪዎቻቸው"]) == ["ተማሪዎቻ"]


def test_stems_are_kept_with_the_model(french: TagModel, tmp_path: Path) -> None:
    save_model(french, tmp_path / "v1")
    assert load_model(tmp_path / "v1").parameters.stem == "beginnings"


def test_a_model_of_an_earlier_version_has_english_stems(french: TagModel, tmp_path: Path) -> None:
    save_model(french, tmp_path / "v1")
    file = tmp_path / "v1" / "model.json"
    numbers = json.loads(file.read_text(encoding="utf-8"))
    del numbers["stem"]
    file.write_text(json.dumps(numbers), encoding="utf-8")
    sign_again(tmp_path / "v1")
    assert load_model(tmp_path / "v1").parameters.stem == "english"
