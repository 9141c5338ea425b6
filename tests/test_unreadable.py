"""An article that cannot be read or judged is set aside by every batch job, by id, and the job goes on with the others.

No text is known that the reader fails on, so a fault is put where all reading begins: texts with a certain word cannot be
made clean.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classifier.commands import main
from classifier.domain.articles import Article, record_of
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.domain.unreadable import Unreadable
from classifier.serving.registry import Registry
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.text import cleaning
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings
from tests.upgrades.record import TAXONOMY, archive

FAULTY = "Unlesbar"
BAD = Article("bad", f"{FAULTY} Taliban", "A bomb killed four people.", tags=("taliban",), published_at="2025-03-03")
ASIDE = {"n": 1, "articles": [{"id": "bad", "error": "IndexError"}]}

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def _small_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unreadable")
    (folder / "taxonomy.yaml").write_text(TAXONOMY, "utf-8")
    learned = archive()[:30]
    model = fit(learned, read_taxonomy(folder / "taxonomy.yaml"), FitSettings(n_jobs=1)).model
    registry = Registry(folder / "models")
    registry.promote(registry.save(model, snapshot_of(learned)), "tests", "trained")
    return folder


@pytest.fixture
def run(
    _small_models: Path, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:  # fmt: skip
    """Run a command and return the JSON that it prints; neither output tells a word of the text."""
    import shutil

    monkeypatch.setenv("TAGGER_MODELS", str(shutil.copytree(_small_models / "models", tmp_path / "models")))
    monkeypatch.setenv("TAGGER_DATABASE_URL", database_url)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")

    def command(*arguments: str | Path, code: int = 0, named: bool = True) -> Any:
        capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == code
        said = capsys.readouterr()
        assert FAULTY not in said.out + said.err
        assert ("bad (IndexError)" in said.err) == (named and not code)
        return json.loads(said.out) if said.out else said.err

    return command


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that fails on one word."""
    normalise = cleaning.normalise

    def faulty(text: str) -> Any:
        if FAULTY in text:
            raise IndexError(text)
        return normalise(text)

    monkeypatch.setattr(cleaning, "normalise", faulty)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of articles, one of which cannot be read."""
    return written(tmp_path / "articles.jsonl", [*archive()[:60], BAD, *archive()[60:]])


def written(path: Path, some: list[Article]) -> Path:
    path.write_text("".join(json.dumps(record_of(one)) + "\n" for one in some), "utf-8")
    return path


def records(path: Path) -> dict[str, Any]:
    return {one["id"]: one for one in map(json.loads, path.read_text("utf-8").splitlines())}


def test_train_learns_from_the_others(run: Run, fault: None, file: Path, tmp_path: Path) -> None:
    for options in ([], ["--fast"]):
        done = run("train", "--articles", file, "--models", tmp_path / "new", *options)
        assert (done["n_articles"], done["set_aside"]) == (len(archive()), ASIDE)
        snapshot = Registry(tmp_path / "new").snapshot(done["version"])
        assert snapshot is not None and "bad" not in snapshot.articles


def test_the_model_is_the_one_of_the_others_alone(fault: None) -> None:
    both = [fit(some, None, FitSettings(n_jobs=1)) for some in (archive(), [*archive(), BAD])]
    assert both[0].held_out.ids == both[1].held_out.ids
    assert (both[0].held_out.scores == both[1].held_out.scores).all()


def test_suggest_gives_it_a_record_without_suggestions(run: Run, fault: None, file: Path, tmp_path: Path) -> None:
    done = run("suggest", "--articles", file, "--output", tmp_path / "out.jsonl")
    assert (done["n_articles"], done["set_aside"]) == (len(archive()) + 1, ASIDE)
    found = records(tmp_path / "out.jsonl")
    assert found.pop("bad") == {"id": "bad", "suggestions": [], "reason": "unreadable"}
    written(file, archive())
    assert main(["suggest", "--articles", str(file), "--output", str(tmp_path / "others.jsonl")]) == 0
    assert found == records(tmp_path / "others.jsonl")


def test_evaluate_measures_the_others(run: Run, fault: None, file: Path) -> None:
    done = run("evaluate", "--articles", file)
    assert (done["n_articles"], done["set_aside"]) == (len(archive()), ASIDE)


def test_models_compare_says_so(run: Run, fault: None, file: Path, tmp_path: Path) -> None:
    version = Registry(tmp_path / "models").versions()[0]
    done = run("models", "compare", version, version, "--articles", file)
    assert done["set_aside"] == ASIDE


def test_data_report_is_about_the_others(run: Run, fault: None, file: Path) -> None:
    done = run("data-report", "--articles", file)
    assert (done["n_articles"], done["set_aside"]) == (len(archive()), ASIDE)


def test_an_archive_run_over_files_passes_it_over(run: Run, fault: None, file: Path, tmp_path: Path) -> None:
    done = run("archive", "run", "--articles", file, "--output", tmp_path / "out.jsonl", "--band", "suggest")
    assert (done["passed_over"], done["set_aside"]) == ({"unreadable": 1}, ASIDE)
    assert records(tmp_path / "out.jsonl")["bad"]["suggestions"] == []


def test_an_archive_run_over_a_store_passes_it_over_dry_and_in_earnest(
    run: Run, fault: None, store: Store, tmp_path: Path
) -> None:
    store.import_articles([*(replace(one, tags=()) for one in archive()), BAD], "import")
    dry = run("archive", "dry-run", "--band", "suggest", "--output", tmp_path / "dry")
    done = run("archive", "run", "--band", "suggest")
    for one in (dry, done):
        assert (one["passed_over"], one["set_aside"]) == ({"unreadable": 1}, ASIDE)
        assert (one["n_articles"], one["n_tagged"] > 100) == (len(archive()) + 1, True)


def test_drift_report_counts_the_others(run: Run, fault: None, store: Store) -> None:
    store.import_articles([*archive(), BAD], "import")
    done = run("drift-report", "--today", "2025-12-31", "--weeks", "53")
    assert (done["articles"]["in_weeks"], done["set_aside"]) == (len(archive()), ASIDE)


@pytest.mark.slow
def test_retrain_learns_from_the_others_and_finds_nothing_new_the_next_time(
    run: Run, fault: None, store: Store, tmp_path: Path
) -> None:
    store.import_articles([*archive(), BAD], "import")
    done = run("retrain")
    assert done["version"], done["reason"]
    assert done["outcome"] in ("promoted", "not promoted")
    assert done["set_aside"] == ASIDE
    snapshot = Registry(tmp_path / "models").snapshot(done["version"])
    assert snapshot is not None and "bad" not in snapshot.articles
    record = store.runs.list(JOB)[0]
    assert record.result is not None and record.result["set_aside"] == ASIDE
    assert run("retrain", named=False)["outcome"] == "skipped"


def test_a_job_that_can_read_nothing_fails(run: Run, fault: None, tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", [BAD, replace(BAD, id="bad-2")])
    for command in (["suggest", "--output", tmp_path / "out.jsonl"], ["evaluate"], ["data-report"]):
        said = run(*command, "--articles", file, code=1)
        assert "None of the 2 articles could be read (IndexError)" in said
    assert not (tmp_path / "out.jsonl").exists()


def test_work_on_many_is_done_one_by_one_only_where_it_fails() -> None:
    sizes: list[int] = []

    def work(some: Any) -> list[str]:
        sizes.append(len(some))
        return [one.title.upper() if one.title else 1 / 0 for one in some]  # type: ignore[misc]

    unreadable = Unreadable()
    found = unreadable.each(work, [Article("a", "a"), Article("b"), Article("c", "c")])
    assert (found, sizes, unreadable.kinds) == (["A", None, "C"], [3, 1, 1, 1], {"b": "ZeroDivisionError"})
    assert (unreadable.each(work, [Article("d", "d")]), sizes[4:], len(unreadable)) == (["D"], [1], 1)
