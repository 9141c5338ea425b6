"""The languages of an archive in the gate: which are learned, how good the model is in each, and whether one gets worse."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.taxonomy import taxonomy_of
from classifier.gate.languages import (
    ENOUGH_LEARNED,
    language_changes,
    language_check,
    language_rows,
    learned_languages,
)
from classifier.gate.settings import GateSettings
from classifier.reports.run import as_page
from classifier.store.runs import JOB
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings, TrainingSettings
from tests.desk import Desk, in_copy_of, in_folder

SETTINGS = GateSettings()


def suggestions(n: int, n_right: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is suggested for n articles of one of two tags, the first `n_right` of them rightly, and their labels."""
    labels = np.zeros((n, 2), dtype=np.int8)
    labels[np.arange(n), np.arange(n) % 2] = 1
    suggested = labels == 1
    suggested[n_right:] = ~suggested[n_right:]
    return suggested, labels


def test_a_language_with_twenty_articles_is_learned() -> None:
    languages = [*["so"] * ENOUGH_LEARNED, *["fr"] * (ENOUGH_LEARNED - 1), *[None] * 50]
    assert learned_languages(languages) == ["so"]
    assert ENOUGH_LEARNED == 20


def test_each_language_has_its_own_figures_the_largest_first() -> None:
    parts = [suggestions(30, 30), suggestions(10, 5), suggestions(7, 0)]
    suggested, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    rows = language_rows(suggested, labels, [*["en"] * 30, *["so"] * 10, *[None] * 7])
    assert list(rows) == ["en", "so"]
    assert rows["en"] == {"n_articles": 30, "learned": True, "micro_f1": 1.0, "macro_f1": 1.0}
    assert (rows["so"]["n_articles"], rows["so"]["learned"], rows["so"]["micro_f1"]) == (10, False, 0.5)


@pytest.mark.parametrize(
    ("n", "before", "after", "passed"),
    [
        (200, 180, 150, False),  # 15 points, beyond chance
        (200, 180, 175, True),  # less than 3 points
        (200, 150, 180, True),  # better
        (50, 45, 43, True),  # 4 points of 50 articles may be chance
        (50, 45, 35, False),
    ],
)
def test_a_language_that_surely_gets_worse_closes_the_gate(n: int, before: int, after: int, passed: bool) -> None:
    (old, labels), (new, _) = suggestions(n, before), suggestions(n, after)
    [change] = language_changes(old, new, labels, ["so"] * n, SETTINGS)
    check = language_check(change, "Somali", SETTINGS)
    assert (check.check, check.passed) == ("language_worse", passed)
    assert check.figure == f"Somali: micro-F1 {before / n:.3f} -> {after / n:.3f} on {n} articles"


def test_a_language_is_judged_by_its_own_articles() -> None:
    old, labels = suggestions(160, 160)
    new = old.copy()
    new[100:130] = ~new[100:130]
    changes = list(language_changes(old, new, labels, [*["en"] * 100, *["fr"] * 60], SETTINGS))
    assert [(change.language, change.champion, change.challenger) for change in changes] == [
        ("en", 1.0, 1.0),
        ("fr", 1.0, 0.5),
    ]
    assert [language_check(change, change.language, SETTINGS).passed for change in changes] == [True, False]


def test_few_articles_of_a_language_are_not_judged() -> None:
    old, labels = suggestions(49, 49)
    assert list(language_changes(old, ~old, labels, ["fr"] * 49, SETTINGS)) == []
    assert list(language_changes(old, ~old, labels, [None] * 49, SETTINGS)) == []


# --- a run ------------------------------------------------------------------------------------------------------

SETTINGS_OF_RUN = TrainingSettings(fit=FitSettings(n_folds=2, n_jobs=1), learning_curve=())
WORDS = {
    "flood": (
        ["river", "water", "rain", "village", "bank", "bridge", "rose", "house", "boats", "people"],
        ["rivière", "eau", "pluie", "quartier", "berge", "pont", "crue", "maison", "barques", "habitants"],
    ),
    "match": (
        ["goal", "team", "player", "coach", "season", "league", "win", "fans", "stadium", "score"],
        ["but", "équipe", "joueur", "entraîneur", "saison", "championnat", "victoire", "public", "stade", "rencontre"],
    ),
}
SENTENCES = (
    "On {day} the {} was said to be with the {}, and they had the {} of the {} for more than a {}.",
    "Ce {day} la {} a été vue avec les {}, et ils ont eu une {} de la {} pendant plus de trois {}.",
)


def archive(n: int, begin: int = 0) -> list[Article]:
    """Return articles in English and French in turn, of two tags."""
    draw, articles = random.Random(begin), []
    for number in range(begin, begin + n):
        tag, language = ("flood", "match")[number // 2 % 2], number % 2
        body = " ".join(
            SENTENCES[language].format(*draw.sample(WORDS[tag][language], 5), day=f"{draw.randrange(1, 29)}")
            for _ in range(3)
        )
        articles.append(Article(id=f"{'ef'[language]}{number:04}", title=f"News {number}", body=body, tags=(tag,)))
    return articles


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a desk that has trained once."""
    folder = tmp_path_factory.mktemp("trained")
    with in_folder(folder, taxonomy_of(WORDS)) as desk:
        desk.add(archive(200))
        assert desk.retrain(SETTINGS_OF_RUN).promoted
    return folder


@pytest.fixture
def desk(trained: Path, tmp_path: Path) -> Iterator[Desk]:
    with in_copy_of(trained, tmp_path / "desk", taxonomy_of(WORDS)) as desk:
        desk.add(archive(12, begin=200))
        yield desk


@pytest.mark.slow
def test_an_honest_run_shows_each_language_and_is_promoted(desk: Desk) -> None:
    result = desk.retrain(SETTINGS_OF_RUN)
    assert result.promoted, result.reason
    rows = {row["language"]: row for row in result.details["languages"]}
    assert {code: (row["name"], row["n_articles"], row["learned"]) for code, row in rows.items()} == {
        "en": ("English", 106, True),
        "fr": ("French", 106, True),
    }
    assert rows["fr"]["champion"] is not None
    page = as_page(desk.store.runs.list(JOB)[0])
    assert "Language by language" in page
    assert "French" in page
    model = desk.registry.load_champion()
    assert model.parameters.learned == ["en", "fr"]
    assert model.card["languages"]["fr"]["n_articles"] == 106


@pytest.mark.slow
def test_a_run_that_is_worse_in_one_language_is_not_promoted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*some: Any) -> Fitted:
        fitted = fit(*some)
        french = [row for row, language in enumerate(fitted.held_out.languages) if language == "fr"]
        fitted.held_out.suggested[french[::5]] ^= True
        return fitted

    monkeypatch.setattr("classifier.training.trial.fit", damaged)
    before = desk.champion
    result = desk.retrain(SETTINGS_OF_RUN)
    assert not result.promoted
    assert desk.champion == before
    assert [block["figure"].partition(":")[0] for block in result.blocked_by if block["check"] == "language_worse"] == [
        "French"
    ]
    assert "language_worse (French: micro-F1" in result.reason
    assert (
        "it is worse in a language that it has learned (french: micro-f1"
        in as_page(desk.store.runs.list(JOB)[0]).lower()
    )
