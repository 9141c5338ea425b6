"""The commands: one line of result, progress aside, and an exit code that scripts can rely on."""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pytest

from classifier.commands import build_parser, main
from classifier.domain.articles import Article, read_articles, record_of
from classifier.domain.taxonomy import Taxonomy
from classifier.model.files import content_digest
from classifier.model.retagging import retagged
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.settings import read_settings
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.runs import JOB
from classifier.store.store import Store
from classifier.web import build_app
from tests.conftest import ROOT, STARTER
from tests.everything import stored_articles
from tests.waiting import SECONDS

TAXONOMY = """
kinds:
  group: {}
  place: {}
  category: {exclusive: true, label_is_alias: false}
tags:
  - id: iskp
    label: Islamic State Khorasan Province
    kind: group
    aliases:
      - {text: ISKP, case: exact}
      - ISIS-K
  - {id: taliban, label: Taliban, kind: group}
  - {id: pakistan, label: Pakistan, kind: place, aliases: [Islamabad, Peshawar]}
  - {id: afghanistan, label: Afghanistan, kind: place, aliases: [Kabul, Nangarhar]}
  - {id: attack, label: Attack, kind: category}
  - {id: trial, label: Trial, kind: category}
"""
NEW_TAG = """
  - {id: river-front, label: River Front, kind: group, aliases: [Sons of the River]}
"""
TEXT = (
    "ISKP bomber kills twelve at Kabul mosque\nThe bombing was claimed by ISKP on Friday.\r\nPolice in Kabul said so."
)


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one line of JSON on standard output."""
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TAGGER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # processes would take longer to start than to fit sixty articles


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run_it(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(code, captured.out, captured.err)

    return run_it


def run_process(*arguments: object, stdin: bytes = b"", timeout: float = SECONDS) -> Ran:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    done = subprocess.run(
        [sys.executable, "-m", "classifier", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        env=environment,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sixty articles, the rest of them for a test, and a small taxonomy."""
    folder = tmp_path_factory.mktemp("desk")
    lines = [
        line
        for name in ("islamic-state", "south-asia")
        for line in (STARTER / "articles" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()[:50]
    ]
    (folder / "train.jsonl").write_text("\n".join([*lines[:30], *lines[50:80]]) + "\n", encoding="utf-8")
    (folder / "test.jsonl").write_text("\n".join([*lines[30:50], *lines[80:]]) + "\n", encoding="utf-8")
    (folder / "taxonomy.yaml").write_text(TAXONOMY, encoding="utf-8")
    (folder / "article.txt").write_bytes(TEXT.encode())
    return folder


@pytest.fixture(scope="module")
def _trained(desk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "models"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        files = ["--articles", str(desk / "train.jsonl"), "--taxonomy", str(desk / "taxonomy.yaml")]
        assert main(["train", *files, "--models", str(folder)]) == 0
    return folder


@pytest.fixture
def models(_trained: Path, tmp_path: Path) -> Path:
    """A model folder of one's own that `train` has made."""
    return Path(shutil.copytree(_trained, tmp_path / "models"))


@pytest.fixture
def two_versions(models: Path) -> tuple[str, str]:
    """The versions of a model folder that has a second one, which is not champion: (champion, other)."""
    registry = Registry(models)
    model = registry.load_champion()
    other = registry.save(retagged(model, Taxonomy(model.taxonomy.tags[:-1], model.taxonomy.kinds)))
    return model.version, other


@pytest.fixture
def stored(database_url: str) -> Iterator[Store]:
    """A store to look into what a command has stored."""
    store = open_store(database_url)
    yield store
    store.close()


def champion_of(models: Path) -> TagModel:
    return Registry(models).load_champion()


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# --- train ---


def test_train_makes_its_result_the_champion_and_says_so_in_one_line(run: Run, desk: Path, tmp_path: Path) -> None:
    models = tmp_path / "new" / "models"
    ran = run(
        "train", "--articles", desk / "train.jsonl", "--taxonomy", desk / "taxonomy.yaml", "--models", models, "--json"
    )
    champion = champion_of(models)
    assert ran.code == 0
    assert ran.json["version"] == champion.version
    assert (ran.json["n_articles"], ran.json["n_tags"]) == (60, 6)
    assert 0 < ran.json["macro_f1"] <= 1
    assert 0.4 < ran.json["micro_f1"] <= 1
    assert "[2/3] learning" in ran.err
    assert [row.why for row in Registry(models).history()] == ["trained"]


def test_commands_use_one_thread_of_openblas_and_keep_imports_from_the_collector(tmp_path: Path) -> None:
    code = f"""
import gc
from classifier.commands import main
main(["evaluate", "--models", {str(tmp_path)!r}, "--articles", "none.jsonl"])
from threadpoolctl import threadpool_info
print([library["num_threads"] for library in threadpool_info()], gc.get_freeze_count() > 10_000, gc.isenabled())
"""
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    threads, *rest = ran.stdout.rsplit(maxsplit=2)
    assert set(json.loads(threads)) == {1}
    assert rest == ["True", "True"]


def test_fast_training_says_so_in_its_card(run: Run, desk: Path, tmp_path: Path) -> None:
    assert run("train", "--fast", "--articles", desk / "train.jsonl", "--models", tmp_path / "m").code == 0
    card = run("models", "show", "--models", tmp_path / "m", "--json").json
    assert (card["settings"]["fast"], card["n_folds"]) == (True, 2)


def test_data_report_says_what_to_mend_and_makes_a_page(run: Run, desk: Path, tmp_path: Path) -> None:
    given = ["--articles", desk / "train.jsonl", "--taxonomy", desk / "taxonomy.yaml"]
    page = tmp_path / "report.html"
    told = run("data-report", *given, "--output", page)
    assert told.code == 0
    assert told.out.startswith("60 articles, ")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    report = run("data-report", *given, "--json").json
    assert report["n_articles"] == 60
    assert "60 articles" in run("data-report", *given).out


def test_exported_pipeline_predicts_what_the_champion_suggests(
    run: Run, desk: Path, models: Path, tmp_path: Path
) -> None:
    exported = run("models", "export", "--models", models, "--output", tmp_path / "tagger.joblib", "--json")
    model = champion_of(models)
    assert exported.json == {"version": model.version, "output": str(tmp_path / "tagger.joblib")}
    pipeline = joblib.load(tmp_path / "tagger.joblib")
    articles = list(read_articles([desk / "train.jsonl"]))[:40]
    scores, suggested = model.judge(articles)
    assert pipeline.predict(articles).tolist() == suggested.astype(int).tolist()
    assert np.abs(pipeline.predict_proba(articles) - scores).max() < 1e-9


def test_export_that_cannot_be_written_says_so(run: Run, models: Path, tmp_path: Path) -> None:
    refused = run("models", "export", "--models", models, "--output", tmp_path / "nowhere" / "tagger.joblib")
    assert (refused.code, refused.out) == (1, "")
    assert "Cannot write" in refused.err


def test_train_names_the_labels_that_the_taxonomy_does_not_know(run: Run, desk: Path, tmp_path: Path) -> None:
    files = ["--articles", desk / "train.jsonl", "--taxonomy", desk / "taxonomy.yaml"]
    ran = run("train", *files, "--models", tmp_path / "models")
    known = {"iskp", "taliban", "pakistan", "afghanistan", "attack", "trial"}
    used = [tag for article in read_articles([desk / "train.jsonl"]) for tag in article.tags or ()]
    (line,) = [line for line in ran.err.splitlines() if line.startswith("not in the taxonomy")]
    n, commonest = max((used.count(tag), tag) for tag in set(used) - known)
    assert f"({n})" in line.split(",")[1]
    assert line.count("(") == min(10, len(set(used) - known))
    assert commonest in line


@pytest.mark.slow
def test_train_without_a_taxonomy_takes_the_tags_of_the_articles(run: Run, desk: Path, tmp_path: Path) -> None:
    ran = run("train", "--articles", desk / "train.jsonl", "--models", tmp_path / "models")
    used = {tag for article in read_articles([desk / "train.jsonl"]) for tag in article.tags or ()}
    assert ran.code == 0
    assert ran.out.count("\n") == 1
    assert champion_of(tmp_path / "models").taxonomy.by_id.keys() == used


def test_train_reads_several_files_plain_and_packed(run: Run, desk: Path, models: Path, tmp_path: Path) -> None:
    lines = (desk / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "one.jsonl").write_text("".join(lines[:30]), encoding="utf-8")
    with gzip.open(tmp_path / "two.jsonl.gz", "wt", encoding="utf-8") as packed:
        packed.write("".join(lines[30:]))
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl.gz"]
    before = champion_of(models)
    ran = run("train", "--articles", *files, "--taxonomy", desk / "taxonomy.yaml", "--models", models, "--json")
    after = champion_of(models)
    assert ran.json["n_articles"] == 60
    assert after.version != before.version
    assert content_digest(after) == content_digest(before)
    assert Registry(models).champion().previous == before.version  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "article"),
        ("{", "line 1: Not JSON"),
        ('{"id": "a", "title": 1}', "line 1: `title` must be a string"),
        ('{"id": "a", "title": "x", "tags": ["iskp"]}\n{"title": "no id"}', "line 2: `id` is missing"),
        ('{"id": "a", "title": "One article is too few", "tags": ["iskp"]}', "too few to learn from"),
    ],
)
def test_train_that_cannot_work_says_why_and_leaves_the_champion(
    run: Run, models: Path, tmp_path: Path, content: str, told: str
) -> None:
    before = champion_of(models).version
    (tmp_path / "bad.jsonl").write_text(content, encoding="utf-8")
    ran = run("train", "--articles", tmp_path / "bad.jsonl", "--models", models)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[-1].startswith("error: ")
    assert told in ran.err.splitlines()[-1]
    assert Registry(models).versions() == [before]


def test_train_names_every_problem_of_a_taxonomy_with_its_line(run: Run, desk: Path, tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(
        TAXONOMY.replace("kind: group}", "kind: gruop}") + "  - {id: attack, label: Again}\n", encoding="utf-8"
    )
    ran = run("train", "--articles", desk / "train.jsonl", "--taxonomy", path, "--models", tmp_path / "models")
    assert ran.code == 1
    assert "'gruop'" in ran.err
    assert "a tag without `kind`" in ran.err
    assert ran.err.count("line ") >= 2


@pytest.mark.parametrize("name", ["not-there.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path, name: str) -> None:
    for command in (["train"], ["evaluate"]):
        ran = run(*command, "--articles", tmp_path / name, "--models", tmp_path / "models")
        assert ran.code == 1


@pytest.mark.parametrize(
    "content",
    [b"not packed at all", gzip.compress(b'{"id": "a", "title": ""}\n' * 1000)[:-20], b"\x1f\x8b"],
    ids=["plain", "cut", "empty"],
)
def test_a_packed_file_that_is_damaged_is_named(run: Run, tmp_path: Path, database_url: str, content: bytes) -> None:
    (tmp_path / "damaged.jsonl.gz").write_bytes(content)
    ran = run("import", tmp_path / "damaged.jsonl.gz", "--database", database_url)
    assert ran.code == 1
    assert "damaged.jsonl.gz" in ran.err.splitlines()[-1]


# --- suggest: one text ---


def test_suggest_gives_the_json_of_the_api(run: Run, desk: Path, models: Path, store: Store) -> None:
    ran = run("suggest", desk / "article.txt", "--models", models, "--json")
    title, _, body = TEXT.partition("\n")
    registry = Registry(models)
    client = build_app(Tagger(Serving(registry), store), registry).test_client()
    assert ran.code == 0
    assert ran.json == client.post("/v1/suggest", json={"title": title, "body": body}).get_json()
    assert {"iskp", "afghanistan"} <= {row["tag"] for row in ran.json["suggestions"]}


def test_offsets_count_the_characters_of_the_file_with_its_own_newlines(run: Run, desk: Path, models: Path) -> None:
    title, _, body = (desk / "article.txt").read_bytes().decode().partition("\n")
    sent = {"title": title, "body": body}
    assert "\r\n" in body
    suggestions = run("suggest", desk / "article.txt", "--models", models, "--json").json["suggestions"]
    evidence = [e for row in suggestions for e in (*row["evidence"], *row["evidence_against"])]
    assert any(e["field"] == "body" and e["start"] > body.index("\r\n") for e in evidence)
    assert all(sent[e["field"]][e["start"] : e["end"]] == e["text"] for e in evidence)


def test_suggest_prints_a_line_for_each_tag_with_its_words(run: Run, desk: Path, models: Path) -> None:
    ran = run("suggest", desk / "article.txt", "--models", models)
    lines = ran.out.splitlines()
    suggested = run("suggest", desk / "article.txt", "--models", models, "--json").json["suggestions"]
    assert [line.split()[1] for line in lines[: len(suggested)]] == [row["tag"] for row in suggested]
    assert "Kabul" in ran.out


def test_suggest_explains_the_tags_that_are_asked_for(run: Run, desk: Path, models: Path) -> None:
    ran = run("suggest", desk / "article.txt", "--models", models, "--json", "--why", "trial", "iskp")
    assert [told["tag"] for told in ran.json["why"]] == ["trial", "iskp"]
    for told in ran.json["why"]:
        assert sum(part["weight"] for part in told["parts"]) == pytest.approx(told["decision_value"], abs=1e-6)


def test_suggest_of_a_text_without_tags_says_why_there_are_none(run: Run, models: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    ran = run("suggest", tmp_path / "empty.txt", "--models", models)
    assert (ran.code, ran.out) == (0, "no suggestions: empty\n")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "Cannot read"), (b"Title\n\xff\xfe", "not UTF-8 (byte 6)")], ids=["missing", "latin"]
)
def test_a_text_that_cannot_be_read_is_refused(
    run: Run, models: Path, tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content or b"")
    path = path if content else tmp_path / "missing.txt"
    ran = run("suggest", path, "--models", models)
    assert (ran.code, ran.out) == (1, "")
    assert told in ran.err
    assert path.name in ran.err


def test_suggest_for_an_unknown_tag_is_refused(run: Run, desk: Path, models: Path) -> None:
    ran = run("suggest", desk / "article.txt", "--models", models, "--json", "--why", "atlantis")
    assert ran.code == 1
    assert "'atlantis'" in ran.err


def test_without_a_model_the_next_step_is_named(run: Run, desk: Path, tmp_path: Path) -> None:
    for command in (
        ["suggest", desk / "article.txt"],
        ["evaluate", "--articles", desk / "test.jsonl"],
        ["tags", "list"],
    ):
        ran = run(*command, "--models", tmp_path / "none")
        assert ran.code == 1
        assert "python -m classifier train" in ran.err
    assert not (tmp_path / "none").exists()


def test_suggest_of_one_text_with_top_prints_a_ranking(run: Run, desk: Path, models: Path) -> None:
    lines = run("suggest", desk / "article.txt", "--models", models, "--top", 4).out.splitlines()
    ranking = run("suggest", desk / "article.txt", "--models", models, "--top", 4, "--json").json["ranking"]
    assert [line.split()[1] for line in lines] == [one["tag"] for one in ranking]
    assert len(lines) == 4


def test_suggest_with_why_prints_the_strongest_parts_first(run: Run, desk: Path, models: Path) -> None:
    out = run("suggest", desk / "article.txt", "--models", models, "--why", "trial").out
    _, _, parts = out.partition("trial: score ")
    weights = [abs(float(line.split()[0])) for line in parts.splitlines()[1:]]
    assert 0 < len(weights) <= 10
    assert weights == sorted(weights, reverse=True)


# --- suggest: a file of articles ---


def test_suggest_writes_a_record_for_each_article_in_order(run: Run, desk: Path, models: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out.jsonl"
    ran = run("suggest", "--models", models, "--articles", desk / "test.jsonl", "--output", out)
    sent = list(read_articles([desk / "test.jsonl"]))
    model = champion_of(models)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert [row["id"] for row in records(out)] == [article.id for article in sent]
    for row, article in zip(records(out), sent, strict=True):
        assert set(row) == {"id", "suggestions"}
        assert [one["tag"] for one in row["suggestions"]] == [s["tag"] for s in model.suggest(article).suggestions]


def test_suggest_with_top_gives_exactly_that_many_ranked_tags(
    run: Run, desk: Path, models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    run("suggest", "--models", models, "--articles", desk / "test.jsonl", "--output", out, "--top", 3)
    for row in records(out):
        scores = [one["score"] for one in row["suggestions"]]
        assert len(scores) == 3
        assert scores == sorted(scores, reverse=True)
        assert all(set(one) == {"tag", "score"} for one in row["suggestions"])


def test_suggest_with_more_than_all_tags_gives_all(run: Run, desk: Path, models: Path, tmp_path: Path) -> None:
    run("suggest", "--models", models, "--articles", desk / "test.jsonl", "--output", tmp_path / "o", "--top", 99)
    assert {len({one["tag"] for one in row["suggestions"]}) for row in records(tmp_path / "o")} == {6}


def test_a_batch_that_fails_leaves_the_output_of_before(run: Run, desk: Path, models: Path, tmp_path: Path) -> None:
    out, bad = tmp_path / "out" / "out.jsonl", tmp_path / "bad.jsonl"
    out.parent.mkdir()
    out.write_text("the output of yesterday", encoding="utf-8")
    bad.write_bytes((desk / "test.jsonl").read_bytes() + b'{"id": "last", "title": NaN}\n')
    ran = run("suggest", "--models", models, "--articles", bad, "--output", out)
    assert ran.code == 1
    assert "bad.jsonl, line 41" in ran.err
    assert out.read_text(encoding="utf-8") == "the output of yesterday"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["article.txt", "--articles", "test.jsonl", "--output", "out.jsonl"],
        ["--articles", "test.jsonl"],
        ["--output", "out.jsonl"],
        ["article.txt", "--output", "out.jsonl"],
        ["--articles", "test.jsonl", "--output", "out.jsonl", "--why", "trial"],
    ],
)
def test_options_of_suggest_that_do_not_go_together_are_wrong_usage(
    run: Run, models: Path, arguments: list[str]
) -> None:
    ran = run("suggest", "--models", models, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "--output OUT" in ran.err


# --- evaluate ---


def test_evaluate_measures_the_champion(run: Run, desk: Path, models: Path) -> None:
    report = run("evaluate", "--models", models, "--articles", desk / "test.jsonl", "--json").json
    assert report["model_version"] == champion_of(models).version
    assert report["n_articles"] == 40
    for name in ("micro_f1", "macro_f1", "sample_f1", "calibration_error"):
        assert 0 <= report[name] <= 1
    low, high = report["micro_f1_interval"]
    assert low <= report["micro_f1"] <= high


def test_macro_f1_is_the_mean_over_the_tags_that_are_expected_or_suggested(run: Run, desk: Path, models: Path) -> None:
    report = run("evaluate", "--models", models, "--articles", desk / "test.jsonl", "--json").json
    met = [row["f1"] for row in report["tags"] if row["expected"] or row["suggested"]]
    assert report["macro_f1"] == pytest.approx(sum(met) / len(met))
    used = {tag for article in read_articles([desk / "test.jsonl"]) for tag in article.tags or ()}
    assert used <= {row["tag"] for row in report["tags"]}  # also those that the model does not know


def test_micro_f1_counts_every_tag_of_every_article(run: Run, desk: Path, models: Path) -> None:
    report = run("evaluate", "--models", models, "--articles", desk / "test.jsonl", "--json").json
    model, right, suggested, expected = champion_of(models), 0, 0, 0
    for article in read_articles([desk / "test.jsonl"]):
        found = {one["tag"] for one in model.suggest(article).suggestions}
        right += len(found & set(article.tags or ()))
        suggested += len(found)
        expected += len(set(article.tags or ()))
    assert report["micro_f1"] == pytest.approx(2 * right / (suggested + expected))


def test_evaluate_prints_a_line_for_all_tags_and_one_for_each_kind(run: Run, desk: Path, models: Path) -> None:
    ran = run("evaluate", "--models", models, "--articles", desk / "test.jsonl")
    total, *of_kinds = ran.out.splitlines()
    assert ran.code == 0
    assert "micro-F1" in total
    assert total.endswith("40 articles")
    kinds = [line.partition(":")[0] for line in of_kinds]
    assert kinds == sorted(set(kinds)) != []
    assert all("calibration error" in line for line in of_kinds)


def _write_articles(path: Path, articles: Iterable[Article]) -> None:
    path.write_text("".join(json.dumps(record_of(one)) + "\n" for one in articles), encoding="utf-8")


@pytest.mark.slow
def test_evaluate_rolling_judges_what_came_after_what_was_learned(run: Run, desk: Path, tmp_path: Path) -> None:
    articles = [replace(one, id=f"own-{one.id}") for one in read_articles([desk / "train.jsonl", desk / "test.jsonl"])]
    _write_articles(tmp_path / "own.jsonl", articles)
    files = ["--articles", tmp_path / "own.jsonl", "--models", tmp_path / "none"]
    report = run("evaluate", *files, "--rolling", "--json").json
    dates = sorted(article.published_at or "" for article in articles)
    assert [origin["n_learned"] for origin in report["origins"]] == [round(len(dates) * n) for n in (0.55, 0.7, 0.85)]
    assert [origin["from"] for origin in report["origins"]] == [
        dates[origin["n_learned"]] for origin in report["origins"]
    ]
    assert report["micro_f1"] == pytest.approx(sum(origin["micro_f1"] for origin in report["origins"]) / 3)
    assert run("evaluate", *files, "--rolling").out.count("\n") == 4
    assert not (tmp_path / "none").exists()


def test_evaluate_rolling_needs_dates(run: Run, desk: Path, tmp_path: Path) -> None:
    own = [replace(one, id=f"own-{one.id}", published_at=None) for one in read_articles([desk / "test.jsonl"])]
    _write_articles(tmp_path / "undated.jsonl", own)
    for articles in (tmp_path / "undated.jsonl", desk / "test.jsonl"):  # the second are starter articles
        ran = run("evaluate", "--articles", articles, "--rolling")
        assert (ran.code, ran.out) == (1, "") and "0 of 40 articles have `published_at`" in ran.err


def test_evaluate_on_an_empty_file_is_refused(run: Run, models: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    ran = run("evaluate", "--models", models, "--articles", tmp_path / "empty.jsonl")
    assert (ran.code, ran.out) == (1, "")
    assert "no article in" in ran.err


# --- models ---


def test_models_history_says_which_lines_it_left_out(run: Run, models: Path) -> None:
    with (models / "history.jsonl").open("a", encoding="utf-8") as history:
        history.write('{"version": "2024')
    ran = run("models", "history", "--models", models)
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    assert "line 2" in ran.err


def test_models_list_is_also_json_when_it_is_empty(run: Run, tmp_path: Path) -> None:
    assert run("models", "list", "--models", tmp_path / "none", "--json").json == {"models": []}
    assert "python -m classifier train" in run("models", "list", "--models", tmp_path / "none").out
    assert run("models", "history", "--models", tmp_path / "none", "--json").json == {"history": []}


def test_models_list_marks_the_champion(run: Run, models: Path, two_versions: tuple[str, str]) -> None:
    champion, other = two_versions
    rows = run("models", "list", "--models", models, "--json").json["models"]
    assert {row["version"]: row["champion"] for row in rows} == {champion: True, other: False}
    lines = run("models", "list", "--models", models).out.splitlines()
    assert [line for line in lines if line.startswith("* ")] == [line for line in lines if champion in line]


def test_models_show_gives_the_card_of_the_champion_or_of_a_version(
    run: Run, models: Path, two_versions: tuple[str, str]
) -> None:
    champion, other = two_versions
    assert run("models", "show", "--models", models, "--json").json["version"] == champion
    assert run("models", "show", other, "--models", models, "--json").json["n_tags"] == 5


def test_models_promote_and_roll_back_change_the_champion_and_the_history(
    run: Run, models: Path, two_versions: tuple[str, str]
) -> None:
    champion, other = two_versions
    promoted = run("models", "promote", other, "--models", models, "--why", "fewer tags", "--json").json
    assert (promoted["version"], promoted["previous"]) == (other, champion)
    assert champion_of(models).version == other
    assert other in run("models", "list", "--models", models).out
    rolled = run("models", "roll-back", "--models", models, "--why", "too few")
    assert (rolled.code, rolled.out) == (0, f"{champion} is champion; before it: {other}\n")
    assert champion_of(models).version == champion
    history = run("models", "history", "--models", models, "--json").json["history"]
    assert [(row["version"], row["why"]) for row in history] == [
        (champion, "trained"),
        (other, "fewer tags"),
        (champion, "too few"),
    ]
    assert all(row["by"] and row["at"] for row in history)
    assert len(run("models", "history", "--models", models).out.splitlines()) == 3


def test_models_commands_that_cannot_work_say_why(run: Run, models: Path, tmp_path: Path) -> None:
    for arguments, told in (
        (["promote", "20200101-000000-00000000"], "No model version '20200101-000000-00000000'"),
        (["promote", ".."], "No model version"),
        (["show", "latest"], "No model version 'latest'"),
        (["roll-back"], "no earlier champion"),
    ):
        ran = run("models", *arguments, "--models", models)
        assert (ran.code, ran.out) == (1, "")
        assert told in ran.err
    assert "python -m classifier train" in run("models", "show", "--models", tmp_path / "none").err


def test_a_damaged_champion_is_refused_by_name_until_it_is_rolled_back(
    run: Run, desk: Path, models: Path, two_versions: tuple[str, str]
) -> None:
    champion, other = two_versions
    run("models", "promote", other, "--models", models)
    (models / other / "idf.npy").write_bytes(b"")
    ran = run("suggest", desk / "article.txt", "--models", models)
    assert ran.code == 1
    assert f"{other}: idf.npy was changed" in ran.err
    assert run("models", "roll-back", "--models", models).code == 0
    assert run("suggest", desk / "article.txt", "--models", models).code == 0
    assert champion_of(models).version == champion


# --- tags ---


def test_tags_list_gives_the_taxonomy_of_the_champion(run: Run, models: Path) -> None:
    listed = run("tags", "list", "--models", models, "--json").json
    ids = ["iskp", "taliban", "pakistan", "afghanistan", "attack", "trial"]
    assert [tag["id"] for tag in listed["tags"]] == ids
    assert listed["taxonomy_version"] == champion_of(models).taxonomy.version
    assert [line.split()[0] for line in run("tags", "list", "--models", models).out.splitlines()] == ids


def test_tags_check_passes_the_starter_taxonomy_and_names_what_is_wrong(run: Run, desk: Path, tmp_path: Path) -> None:
    assert run("tags", "check").code == 0
    assert "6 tags" in run("tags", "check", desk / "taxonomy.yaml").out
    (tmp_path / "bad.yaml").write_text(TAXONOMY + "  - {id: X Y, label: Bad, kind: group}\n", encoding="utf-8")
    ran = run("tags", "check", tmp_path / "bad.yaml")
    assert (ran.code, ran.out) == (1, "")
    assert f"line {len(TAXONOMY.splitlines()) + 1}" in ran.err
    assert run("tags", "check", tmp_path / "not-there.yaml").code == 1


def test_a_new_tag_with_an_alias_is_suggested_at_once(run: Run, desk: Path, models: Path, tmp_path: Path) -> None:
    before = champion_of(models)
    text = tmp_path / "new.txt"
    text.write_text(
        "Sons of the River kill twelve\nSons of the River claimed the raid. The Sons of the River fled.", "utf-8"
    )
    (tmp_path / "new.yaml").write_text(TAXONOMY + NEW_TAG, encoding="utf-8")
    applied = run("tags", "apply", tmp_path / "new.yaml", "--models", models, "--json").json
    suggestions = run("suggest", text, "--models", models, "--json").json["suggestions"]
    (new,) = [row for row in suggestions if row["tag"] == "river-front"]
    assert new["source"] == "alias"
    assert "Sons of the River" in {e["text"] for e in new["evidence"]}
    assert (applied["version"], applied["previous"]) == (champion_of(models).version, before.version)
    assert applied["why"].startswith("taxonomy t-")


def test_a_muted_or_retired_tag_is_no_longer_suggested_and_a_rename_is_seen_at_once(
    run: Run, desk: Path, models: Path, tmp_path: Path
) -> None:
    def suggested() -> dict[str, str]:
        rows = run("suggest", desk / "article.txt", "--models", models, "--json").json["suggestions"]
        return {row["tag"]: row["label"] for row in rows}

    assert {"iskp", "afghanistan", "attack"} <= suggested().keys()
    changed = TAXONOMY.replace(
        "    label: Islamic State Khorasan Province", "    status: muted\n    label: IS Khorasan"
    )
    changed = changed.replace("id: afghanistan, label: Afghanistan", "id: afghanistan, label: The Afghan provinces")
    changed = changed.replace("{id: attack, ", "{id: attack, status: retired, replaced_by: trial, ")
    (tmp_path / "new.yaml").write_text(changed, encoding="utf-8")
    assert run("tags", "apply", tmp_path / "new.yaml", "--models", models).code == 0
    after = suggested()
    assert not {"iskp", "attack"} & after.keys()
    assert after["afghanistan"] == "The Afghan provinces"
    assert "[muted]" in run("tags", "list", "--models", models).out


def test_retiring_a_tag_that_was_added_gives_the_suggestions_of_before(
    run: Run, desk: Path, models: Path, tmp_path: Path
) -> None:
    before = run("suggest", desk / "article.txt", "--models", models, "--json").json["suggestions"]
    (tmp_path / "new.yaml").write_text(TAXONOMY + NEW_TAG, encoding="utf-8")
    retired = TAXONOMY + NEW_TAG.replace("kind: group", "kind: group, status: retired")
    (tmp_path / "retired.yaml").write_text(retired, encoding="utf-8")
    for taxonomy in (tmp_path / "new.yaml", tmp_path / "retired.yaml"):
        assert run("tags", "apply", taxonomy, "--models", models).code == 0
    assert run("suggest", desk / "article.txt", "--models", models, "--json").json["suggestions"] == before
    assert len(Registry(models).history()) == 3


def test_apply_says_how_many_tags_it_added_and_changed(run: Run, models: Path, tmp_path: Path) -> None:
    changed = TAXONOMY.replace("label: Taliban", "label: The Taliban")
    (tmp_path / "new.yaml").write_text(changed + NEW_TAG, encoding="utf-8")
    out = run("tags", "apply", tmp_path / "new.yaml", "--models", models).out
    assert out.splitlines()[-1] == "tags: 1 added, 0 removed, 1 changed"


def test_a_taxonomy_that_drops_a_tag_is_refused_with_the_nearest_tag_and_what_to_do(
    run: Run, models: Path, tmp_path: Path
) -> None:
    before = Registry(models).champion()
    changed = TAXONOMY.replace("id: taliban, label: Taliban", "id: the-taleban, label: The Taleban, aliases: [Taliban]")
    changed = changed.replace("  - {id: trial, label: Trial, kind: category}\n", "")
    (tmp_path / "new.yaml").write_text(changed, encoding="utf-8")
    for arguments in (["apply"], ["check"]):
        ran = run("tags", *arguments, tmp_path / "new.yaml", "--models", models)
        assert (ran.code, ran.out) == (1, "")
        assert "'taliban' (Taliban); the nearest tag of the file is 'the-taleban'\n  'trial' (Trial)\n" in ran.err
        assert "`status: retired`, and `replaced_by: ID`" in ran.err
    assert (Registry(models).champion(), len(Registry(models).versions())) == (before, 1)
    retired = changed + "  - {id: trial, label: Trial, kind: category, status: retired}\n"
    retired += "  - {id: taliban, label: Taliban, kind: group, status: retired, replaced_by: the-taleban}\n"
    (tmp_path / "new.yaml").write_text(retired, encoding="utf-8")
    assert run("tags", "apply", tmp_path / "new.yaml", "--models", models).code == 0


def test_train_and_promote_say_which_tags_change_and_still_do_what_they_are_asked(
    run: Run, desk: Path, models: Path, tmp_path: Path
) -> None:
    first = champion_of(models).version
    changed = TAXONOMY.replace("  - {id: trial, label: Trial, kind: category}\n", NEW_TAG.removeprefix("\n"))
    (tmp_path / "new.yaml").write_text(changed, encoding="utf-8")
    files = ["--articles", desk / "train.jsonl", "--taxonomy", tmp_path / "new.yaml"]
    trained = run("train", *files, "--models", models, "--fast")
    assert trained.code == 0
    assert "the new champion lacks tags that the previous one had: trial\n" in trained.err
    assert (
        "new tags without `created`: every article that lacks one counts as wrong for it: river-front\n" in trained.err
    )
    assert "river-front" in champion_of(models).taxonomy.by_id
    promoted = run("models", "promote", first, "--models", models)
    assert (promoted.code, promoted.err) == (0, "the new champion lacks tags that the previous one had: river-front\n")


@contextmanager
def apply_that_waits(models: Path, file: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that applies a taxonomy and is about to promote it, until the block ends."""
    n_versions = len(Registry(models).versions())
    with (models / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "classifier", "tags", "apply", str(file), "--models", str(models)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            while len(Registry(models).versions()) == n_versions:
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            yield process
            fcntl.flock(lock, fcntl.LOCK_UN)
            process.communicate()


def test_of_two_processes_that_apply_a_taxonomy_at_once_the_second_is_refused(
    desk: Path, models: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.yaml").write_text(TAXONOMY + NEW_TAG, encoding="utf-8")
    with apply_that_waits(models, tmp_path / "new.yaml") as first:
        second = run_process("tags", "apply", desk / "taxonomy.yaml", "--models", models)
    assert (second.code, second.out) == (3, "")
    assert f"Another `tags apply` is running on {models}." in second.err
    assert (first.returncode, len(Registry(models).history())) == (0, 2)
    assert "river-front" in champion_of(models).taxonomy.by_id


def test_a_taxonomy_is_not_applied_to_a_champion_that_was_changed_meanwhile(models: Path, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(TAXONOMY + NEW_TAG, encoding="utf-8")
    registry = Registry(models)
    other = registry.save(registry.load_champion())
    with apply_that_waits(models, tmp_path / "new.yaml") as process:
        registry._point(other, "retrain", "not worse")  # this process holds the lock
    assert process.returncode == 3
    assert champion_of(models).version == other


def test_a_new_tag_gets_the_day_of_its_first_sight_and_keeps_it(run: Run, models: Path, tmp_path: Path) -> None:
    today = datetime.now(UTC).date().isoformat()
    dated = NEW_TAG.replace("river-front, label: River", "sea-front, created: 2020-01-01, label: Sea")
    dated = dated.replace("Sons of the River", "Sons of the Sea")
    (tmp_path / "new.yaml").write_text(TAXONOMY + NEW_TAG + dated, encoding="utf-8")
    checked = run("tags", "check", tmp_path / "new.yaml", "--models", models)
    assert checked.err.startswith(f"river-front: articles from before {today} are unknown for it, not wrong")
    assert checked.err.count("\n") == 1
    before = (tmp_path / "new.yaml").read_bytes()
    assert run("tags", "apply", tmp_path / "new.yaml", "--models", models, "--json").json["dated"] == {
        "river-front": today
    }
    assert (tmp_path / "new.yaml").read_bytes() == before
    listed = run("tags", "list", "--models", models, "--json").json["tags"]
    assert {tag["id"]: tag["created"] for tag in listed if "created" in tag} == {
        "river-front": today,
        "sea-front": "2020-01-01",
    }
    again = run("tags", "apply", tmp_path / "new.yaml", "--models", models)
    steps = "[1/2] reading\n[2/2] applying\n"
    assert (again.out.splitlines()[-1], again.err) == ("tags: 0 added, 0 removed, 0 changed", steps)


def test_a_taxonomy_is_not_called_sound_beside_a_folder_without_a_champion(run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(TAXONOMY, encoding="utf-8")
    checked = run("tags", "check", tmp_path / "new.yaml", "--models", tmp_path / "elsewhere")
    assert (checked.code, checked.out) == (1, "")
    assert "No champion model in" in checked.err


def test_forget_says_what_is_left_of_deleted_articles(run: Run, models: Path, database_url: str) -> None:
    where = ("--models", models, "--database", database_url)
    assert run("forget", "--traces", *where).out == "no traces of deleted articles are left\n"
    assert run("forget", "--traces", "--dry-run", *where).code == 2


def test_suggestions_are_not_written_over_their_input(run: Run, models: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.jsonl"
    archive.write_text('{"id": "a", "title": "ISKP bomber kills twelve in Kabul"}\n', encoding="utf-8")
    before = archive.read_bytes()
    done = run("suggest", "--articles", archive, "--output", archive, "--models", models)
    assert done.code == 1
    assert "is an input too" in done.err
    assert archive.read_bytes() == before


def test_a_taxonomy_that_changes_nothing_makes_no_new_version(run: Run, desk: Path, models: Path) -> None:
    before = Registry(models).champion()
    out = run("tags", "apply", desk / "taxonomy.yaml", "--models", models).out
    assert out.splitlines()[-1] == "tags: 0 added, 0 removed, 0 changed"
    assert Registry(models).champion() == before
    assert len(Registry(models).versions()) == 1


def test_a_taxonomy_that_is_wrong_is_not_applied(run: Run, models: Path, tmp_path: Path) -> None:
    before = Registry(models).champion()
    (tmp_path / "bad.yaml").write_text("tags: [", encoding="utf-8")
    assert run("tags", "apply", tmp_path / "bad.yaml", "--models", models).code == 1
    assert Registry(models).champion() == before
    assert len(Registry(models).versions()) == 1


# --- import, keys, status ---


def test_importing_twice_changes_nothing(run: Run, desk: Path, database_url: str) -> None:
    files = [desk / "train.jsonl", desk / "test.jsonl"]
    first = run("import", *files, "--database", database_url, "--json")
    second = run("import", *files, "--database", database_url, "--json")
    nothing = {"set_aside": 0, "left_out": {}, "terms": None}
    assert first.json == {"new": 100, "changed": 0, "unchanged": 0, **nothing}
    assert second.json == {"new": 0, "changed": 0, "unchanged": 100, **nothing}
    assert run("import", *files, "--database", database_url).out == "0 new, 0 changed, 100 unchanged\n"


def test_what_was_imported_is_stored_as_it_was(run: Run, desk: Path, database_url: str, stored: Store) -> None:
    run("import", desk / "train.jsonl", "--database", database_url, "--source", "archive")
    sent = {article.id: article for article in read_articles([desk / "train.jsonl"])}
    assert {one.article.id: one.article for one in stored_articles(stored)} == sent
    assert stored.count_articles() == {"archive": 60}


def test_a_database_that_cannot_be_used_is_named(run: Run, desk: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear desk, this is no database.\n" * 100, encoding="utf-8")
    for url in (f"sqlite:///{tmp_path}/letter.txt", "nonsense", f"sqlite:///{desk}/article.txt/tagger.db"):
        ran = run("import", desk / "train.jsonl", "--database", url)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.splitlines()[-1].startswith("error: ")


def test_a_key_is_printed_once_and_alone_so_that_scripts_can_take_it(
    run: Run, database_url: str, stored: Store
) -> None:
    ran = run("keys", "create", "wordpress", "--role", "cms", "--database", database_url)
    key = stored.keys.of(ran.out.strip())
    assert ran.out.count("\n") == 1
    assert key is not None
    assert (key.name, key.role) == ("wordpress", "cms")
    assert "cannot be shown again" in ran.err


def test_keys_are_listed_without_secrets_and_revoked_by_name(run: Run, database_url: str, stored: Store) -> None:
    assert "no keys" in run("keys", "list", "--database", database_url).out
    assert run("keys", "list", "--database", database_url, "--json").json == {"keys": []}
    secret = run("keys", "create", "wordpress", "--role", "cms", "--database", database_url).out.strip()
    (row,) = run("keys", "list", "--database", database_url, "--json").json["keys"]
    assert not {"hash", "old_hash"} & set(row)
    assert secret.split("_", 2)[2] not in str(row)
    assert run("keys", "revoke", "wordpress", "--database", database_url).out == "wordpress is revoked\n"
    assert stored.keys.of(secret) is None
    assert "revoked" in run("keys", "list", "--database", database_url).out
    again = run("keys", "revoke", "wordpress", "--database", database_url)
    assert again.code == 1
    assert "'wordpress'" in again.err


def test_a_key_name_in_use_is_refused(run: Run, database_url: str) -> None:
    run("keys", "create", "wordpress", "--role", "cms", "--database", database_url)
    ran = run("keys", "create", "wordpress", "--role", "admin", "--database", database_url)
    assert (ran.code, ran.out) == (1, "")


def test_status_leads_a_newcomer_from_step_to_step(run: Run, desk: Path, models: Path, database_url: str) -> None:
    def status(folder: Path) -> dict[str, Any]:
        return dict(run("status", "--models", folder, "--database", database_url, "--json").json)

    nothing = status(models.parent / "none")
    assert (nothing["champion"], nothing["n_versions"], nothing["articles"], nothing["keys"]) == (None, 0, {}, 0)
    assert "classifier train" in nothing["next_step"]
    assert "classifier import" in status(models)["next_step"]
    run("import", desk / "train.jsonl", "--database", database_url)
    assert "keys create" in status(models)["next_step"]
    run("keys", "create", "desk", "--role", "admin", "--database", database_url)
    done = status(models)
    assert done["champion"]["version"] == champion_of(models).version
    assert (done["articles"], done["keys"], done["problems"]) == ({"import": 60}, 1, [])
    assert done["next_step"] == "nothing to do"
    store = open_store(database_url)
    store.log.decide(stored_articles(store)[0].article.id, [Draft("accept", "taliban")], "ana", lambda *_: {})
    assert "from the decisions on 1 article: python -m classifier retrain" in status(models)["next_step"]
    store.runs.end(store.runs.begin(JOB), "skipped", "")
    store.close()
    assert status(models)["next_step"] == "nothing to do"


def test_status_says_in_sentences_what_there_is(
    run: Run, models: Path, two_versions: tuple[str, str], stored: Store, database_url: str
) -> None:
    stored.import_articles([Article("a1", "ISKP in Kabul"), Article("a2", "Talks in Doha")], "import")
    stored.keys.create("desk", "admin")
    shadow = {"version": two_versions[1], "by": "ana", "at": "2026-11-02T06:30:00.000000+00:00"}
    (models / "shadow.json").write_text(json.dumps(shadow), encoding="utf-8")
    ran = run("status", "--models", models, "--database", database_url)
    assert ran.code == 0
    said = re.sub(r"20\d\d-\d\d-\d\d( \d\d:\d\d)?", "DAY", ran.out).splitlines()
    assert said == [
        f"Model {two_versions[0]} serves since DAY.",
        "2 articles in the store: 2 from import.",
        "1 key can be used.",
        "2 open articles without suggestions of this model. They are made while the service runs.",
        f"Version {two_versions[1]} is in shadow since DAY. It has judged 0 articles, and ends on DAY.",
        "Next: nothing to do",
    ]


def test_status_creates_nothing(run: Run, tmp_path: Path) -> None:
    ran = run("status", "--models", tmp_path / "m", "--database", f"sqlite:///{tmp_path}/d/tagger.db")
    assert ran.code == 0
    assert "No model serves.\nNo article is stored.\n" in ran.out
    assert list(tmp_path.iterdir()) == []


def test_status_tells_what_is_wrong(run: Run, models: Path, tmp_path: Path) -> None:
    version = champion_of(models).version
    (models / version / "terms.txt").unlink()
    (tmp_path / "no.db").write_text("this is no database\n" * 100, encoding="utf-8")
    ran = run("status", "--models", models, "--database", f"sqlite:///{tmp_path}/no.db", "--json")
    assert (ran.code, ran.err) == (1, "error: 2 problems found, listed above.\n")
    found = ran.json
    assert len(found["problems"]) == 2
    assert "terms.txt is missing" in found["problems"][0]
    assert "not a database" in found["problems"][1]
    assert "classifier train" in found["next_step"]  # there is none before it to roll back to
    assert "backup" in found["next_step"]


def test_status_names_the_tags_that_are_held_for_the_third_time(run: Run, models: Path, database_url: str) -> None:
    registry = Registry(models)
    for n_runs in (2, 3):
        model = registry.load_champion()
        row = {"tag": "taliban", "check": "tag_worse", "figure": "", "reference": "champion", "version": "v"}
        model.card["held"] = [{**row, "runs": n_runs}, {**row, "tag": "iskp", "runs": 1}]
        registry.promote(registry.save(model), "retrain", "held")
        found = run("status", "--models", models, "--database", database_url, "--json")
        assert found.code == (n_runs == 3)
    (problem,) = found.json["problems"]
    assert problem.startswith("retrain has held tags in three or more runs: taliban.")
    assert found.json["next_step"].endswith("retrain --accept-changes taliban")


def test_accepting_the_changes_of_a_tag_that_does_not_exist_is_refused(
    run: Run, models: Path, database_url: str, stored: Store
) -> None:
    ran = run("retrain", "--accept-changes", "taliban", "talban", "--models", models, "--database", database_url)
    assert (ran.code, ran.out) == (1, "")
    assert "the taxonomy has no tag 'talban'. See: python -m classifier tags list" in ran.err
    assert stored.runs.list(JOB) == []


def test_status_of_a_damaged_champion_with_a_predecessor_says_to_roll_back(
    run: Run, models: Path, two_versions: tuple[str, str], database_url: str
) -> None:
    _, other = two_versions
    run("models", "promote", other, "--models", models)
    (models / other / "terms.txt").unlink()
    assert "roll-back" in run("status", "--models", models, "--database", database_url, "--json").json["next_step"]
    listed = run("models", "list", "--models", models)
    assert (listed.code, listed.out.count("\n")) == (0, 2)
    assert "terms.txt is missing" in listed.err


def test_status_of_an_unreadable_pointer_says_to_promote(run: Run, models: Path, database_url: str) -> None:
    (models / "champion.json").write_text("{", encoding="utf-8")
    found = run("status", "--models", models, "--database", database_url, "--json").json
    assert "models promote VERSION" in found["next_step"]


def test_status_with_all_keys_revoked_says_that_every_call_is_refused(
    run: Run, models: Path, database_url: str
) -> None:
    run("keys", "create", "desk", "--role", "admin", "--database", database_url)
    run("keys", "revoke", "desk", "--database", database_url)
    found = run("status", "--models", models, "--database", database_url, "--json")
    assert (found.code, found.json["problems"]) == (
        1,
        ["All keys are revoked or expired, so every call is refused."],
    )
    assert "keys create" in found.json["next_step"]


def test_status_of_a_database_that_breaks_while_it_is_read_says_so(
    run: Run, models: Path, database_url: str, stored: Store
) -> None:
    with stored.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE articles RENAME TO gone")
    ran = run("status", "--models", models, "--database", database_url)
    assert ran.code == 1
    assert "Wrong: The database cannot be used: " in ran.out
    assert "articles" in ran.out


@pytest.mark.slow
def test_status_fails_for_a_database_that_is_gone_or_has_a_broken_page(run: Run, models: Path, tmp_path: Path) -> None:
    path = tmp_path / "desk" / "tagger.db"
    store = open_store(url := f"sqlite:///{path}")
    store.import_articles((Article(f"a{n}", "ISKP in Kabul", "ISKP. " * 2000) for n in range(50)), "import")
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\xff" * 4096 + whole[len(whole) // 2 + 4096 :])
    broken = run("status", "--models", models, "--database", url)
    assert (broken.code, "Wrong: The database" in broken.out, "restore" in broken.out) == (1, True, True)
    path.unlink()
    gone = run("status", "--models", models, "--database", url)
    assert (gone.code, f"Wrong: The database {path} is gone" in gone.out) == (1, True)


def test_status_fails_where_a_server_is_away_or_there_is_no_folder(run: Run, models: Path, tmp_path: Path) -> None:
    for url in ("postgresql+psycopg://tagger@127.0.0.1:1/tagger", f"sqlite:///{tmp_path}"):
        ran = run("status", "--models", models, "--database", url)
        assert (url, ran.code, "Wrong: " in ran.out) == (url, 1, True)


# --- serve ---


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "desk.example", ""])
def test_serve_refuses_a_public_host_while_there_is_no_key(
    run: Run, models: Path, database_url: str, host: str
) -> None:
    ran = run("serve", "--host", host, "--models", models, "--database", database_url)
    assert (ran.code, ran.out) == (1, "")
    assert "keys create" in ran.err


@pytest.mark.parametrize(
    "option", [["--port", "65536"], ["--port", "-1"], ["--workers", "0"], ["--threads", "0"], ["--workers", "two"]]
)
def test_serve_with_a_figure_out_of_range_is_wrong_usage(run: Run, option: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run("serve", *option)
    assert left.value.code == 2


def test_serve_on_a_taken_port_says_so_with_the_next_step(run: Run, models: Path, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = run("serve", "--port", port, "--models", models, "--database", database_url)
    assert (ran.code, ran.out) == (1, "")
    assert f"Port {port} of 127.0.0.1 is taken. Choose another: --port " in ran.err


@pytest.mark.slow
def test_serve_hands_on_absolute_paths_because_the_service_runs_in_another_folder(
    run: Run, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.chdir(models.parent)
    monkeypatch.setattr("os.execve", lambda _program, _arguments, environment: given.append(environment))
    assert run("serve", "--port", 0, "--models", "models", "--database", "sqlite:///d/tagger.db").code == 0
    assert given[0]["TAGGER_MODELS"] == str(models)
    assert given[0]["TAGGER_DATABASE_URL"] == f"sqlite:///{models.parent}/d/tagger.db"
    assert (models.parent / "d" / "tagger.db").is_file()


# --- usage, settings and processes ---


def commands(parser: ArgumentParser) -> Iterator[tuple[str, ArgumentParser, bool]]:
    """Yield (name, parser, whether it runs something) of a parser and of all below it."""
    groups = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    yield parser.prog, parser, not groups
    for group in groups:
        for below in group.choices.values():
            yield from commands(below)


def test_every_command_and_option_is_described() -> None:
    found = list(commands(build_parser(read_settings({}))))
    assert len(found) > 20
    for name, parser, _ in found:
        assert parser.description, name
        assert parser.description.endswith("."), name
        for action in parser._actions:
            assert action.help or isinstance(action, _SubParsersAction), (name, action.dest)


def test_every_command_runs_a_function_that_exists() -> None:
    for name, parser, runs in commands(build_parser(read_settings({}))):
        if runs:
            module, function = parser.get_default("run").split(".")
            assert callable(getattr(import_module(f"classifier.commands.{module}"), function, None)), name


def test_commands_that_read_records_describe_them() -> None:
    texts = {
        name.split(" ", 3)[-1]: str(parser.epilog) for name, parser, _ in commands(build_parser(read_settings({})))
    }
    assert all('{"id": ' in texts[command] for command in ("train", "evaluate", "import"))


@pytest.mark.slow
def test_every_command_explains_itself(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for name, parser, _ in commands(build_parser(read_settings({}))):
        with pytest.raises(SystemExit) as left:
            main([*name.removeprefix("python -m classifier").split(), "--help"])
        assert left.value.code == 0
        assert str(parser.description).split()[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["conjure"],
        ["models"],
        ["train", "--colour", "red"],
        ["suggest", "--top", "0"],
        ["suggest", "--top", "many"],
        ["train", "--seed", "-1"],
        ["evaluate"],
        ["import"],
        ["keys", "create", "desk"],
        ["keys", "create", "desk", "--role", "root"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_the_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    captured = capsys.readouterr()
    assert left.value.code == 2
    assert captured.out == ""
    assert "usage: python -m classifier" in captured.err


def test_settings_of_the_environment_are_the_defaults_and_options_come_first(
    run: Run, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAGGER_MODELS", str(models))
    assert len(run("models", "list", "--json").json["models"]) == 1
    assert run("models", "list", "--models", tmp_path / "none", "--json").json == {"models": []}


def test_a_bad_setting_is_refused_before_anything_is_done(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAGGER_PORT", "eighty")
    ran = run("models", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "TAGGER_PORT is 'eighty'" in ran.err


def test_help_of_the_program_lists_its_commands() -> None:
    ran = run_process("--help")
    assert ran.code == 0
    for command in ("train", "evaluate", "suggest", "models", "import", "tags", "keys", "status", "serve"):
        assert f"    {command} " in ran.out


def test_the_program_ends_with_2_on_wrong_usage_and_with_1_and_a_reason_on_failure(tmp_path: Path) -> None:
    usage = run_process("conjure")
    assert (usage.code, usage.out) == (2, "")
    assert "invalid choice: 'conjure'" in usage.err
    failed = run_process("models", "show", "--models", tmp_path / "none")
    assert (failed.code, failed.out) == (1, "")
    assert failed.err == f"error: No champion model in {tmp_path}/none. Train one: python -m classifier train\n"


def test_the_program_reads_a_text_from_standard_input(desk: Path, models: Path, run: Run) -> None:
    ran = run_process("suggest", "-", "--models", models, "--json", stdin=TEXT.encode())
    assert ran.code == 0
    assert ran.json == run("suggest", desk / "article.txt", "--models", models, "--json").json


def test_a_reader_that_goes_away_ends_the_program_without_a_traceback(models: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "classifier", "tags", "list", "--models", str(models)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait(60)
    assert b"Traceback" not in error


def test_an_article_of_an_unknown_language_is_suggested_nothing_by_the_command(
    run: Run, models: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(
        "Kommentar\nDie Behörden haben am Freitag mitgeteilt, dass bei einem Anschlag in der Hauptstadt mehrere Menschen "
        "getötet wurden, während Helfer bis spät in der Nacht nach weiteren Verletzten suchten.",
        encoding="utf-8",
    )
    assert run("suggest", text, "--models", models).out == "no suggestions: language\n"


def test_records_of_suggest_and_articles_have_ids_that_join(run: Run, models: Path, tmp_path: Path) -> None:
    article = Article("odd:id.1-2_3", "ISKP bomber kills twelve at Kabul mosque")
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"id": article.id, "title": article.title}) + "\n\n", encoding="utf-8"
    )
    run("suggest", "--models", models, "--articles", tmp_path / "in.jsonl", "--output", tmp_path / "out.jsonl")
    assert [row["id"] for row in records(tmp_path / "out.jsonl")] == [article.id]


def test_another_python_says_where_the_environment_is() -> None:
    command = [sys.executable, "-S", "-m", "classifier", "train"]  # without what is installed
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ran.returncode == 1
    assert ran.stderr.strip().endswith(
        "is not installed for this Python. Try: make setup && .venv/bin/python -m classifier"
    )


def test_the_script_is_the_program_under_its_own_name(tmp_path: Path) -> None:
    """pip writes the same lines where it installs the project."""
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]["article-tagger"]
    module, _, function = entry.partition(":")
    script = tmp_path / "article-tagger"
    script.write_text(f"import sys\nfrom {module} import {function}\nsys.exit({function}())\n", encoding="utf-8")

    def run_script(*arguments: str) -> Ran:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, str(script), *arguments]
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    overview = run_script("--help")
    assert (overview.code, overview.err) == (0, "")
    assert overview.out.startswith("usage: article-tagger [-h] COMMAND")
    usage = run_script("train", "--seed", "many")
    assert (usage.code, usage.out) == (2, "")
    assert usage.err.startswith("usage: article-tagger train ")
    assert "\n  article-tagger train --articles" in run_script("train", "--help").out


def test_every_command_has_an_example_or_a_next_step() -> None:
    for name, parser, runs in commands(build_parser(read_settings({}))):
        epilog = str(parser.epilog)
        assert not runs or "example:\n  python -m classifier " in epilog or "Next: " in epilog, name


def test_commands_that_need_no_store_and_fit_nothing_import_neither_sqlalchemy_nor_scikit_learn() -> None:
    modules = [f"classifier.commands.{name}" for name in ("suggest", "evaluate", "models", "tags", "export")]
    code = f"import sys, {', '.join(modules)}; print(*sorted({{'sqlalchemy', 'sklearn', 'scipy', 'flask'}} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""
