"""Archive runs: what is added and what is not, killed and taken up again, taken back; over a store and over files."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from classifier.archive import stored
from classifier.archive.adding import Figures, Plan
from classifier.archive.batches import CHUNK
from classifier.archive.files import resume_files, run_files
from classifier.archive.stored import DONE, JOB, UNDONE, dry_run, resume, run, undo
from classifier.commands import main
from classifier.domain.articles import Article, record_of
from classifier.domain.progress import untracked
from classifier.errors import BadArticle, BadSetting, Busy, NotFound
from classifier.model.tag_model import TagModel
from classifier.parallel import processes
from classifier.parallel.processes import ProcessLost, map_chunks
from classifier.serving.registry import Registry
from classifier.store.arrivals import Shares
from classifier.store.assignments import Assignment, Scope
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.queue import STARTER
from classifier.store.rows import Part
from classifier.store.runs import FAILED, RUNNING
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.everything import contents
from tests.storing import put_article
from tests.waiting import SECONDS

ALL = Plan(band="suggest")
KABUL = Article(
    "kabul",
    "ISKP bomber kills twelve at Kabul mosque",
    "The Islamic State's Khorasan branch claimed a suicide bombing in Kabul on Friday. Police said twelve were killed.",
    published_at="2024-06-06",
)
GARDEN = Article(
    "garden", "Tomatoes", "Water the plants each morning and give them compost.", published_at="2020-01-02"
)


@pytest.fixture
def folder(registry: Registry) -> Path:
    return registry.champion_folder()


@pytest.fixture
def model(registry: Registry) -> TagModel:
    return registry.load_champion()


def expected(model: TagModel, article: Article = KABUL, band: str = "suggest") -> set[str]:
    """Return the tags that serving suggests for an article from a band on."""
    bands = ("auto",) if band == "auto" else ("auto", "suggest")
    return {one["tag"] for one in model.suggest(article, 0).suggestions if one["band"] in bands}


def standing(store: Store) -> set[tuple[str, str]]:
    return {(one.article_id, one.tag) for one in store.assignments.standing()}


def tags_of(store: Store, article_id: str) -> set[str]:
    return {tag for of, tag in standing(store) if of == article_id}


def decide(store: Store, action: str, tag: str | None, article_id: str = "kabul") -> None:
    store.log.decide(article_id, [Draft(action, tag)], "ada", lambda *_: {})


def tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of a database, but for the records of runs."""
    rows = contents(store)
    del rows["runs"]
    return rows


# --- what is added ---


def test_a_run_adds_what_serving_suggests_and_says_so(store: Store, folder: Path, model: TagModel) -> None:
    store.import_articles([KABUL, GARDEN], "import")
    ran = run(store, folder, ALL, untracked)
    assert "iskp" in expected(model)
    assert standing(store) == {("kabul", tag) for tag in expected(model)} | {
        ("garden", tag) for tag in expected(model, GARDEN)
    }
    assert (ran.figures.n_articles, ran.figures.n_added) == (2, len(standing(store)))
    (record,) = store.runs.list(JOB)
    assert (record.outcome, record.version) == (DONE, folder.name)
    assert f"{ran.figures.n_added} tags added to" in record.reason


def test_scores_are_those_of_serving(store: Store, folder: Path, model: TagModel) -> None:
    store.import_articles([KABUL], "import")
    run(store, folder, ALL, untracked)
    tags = [suggestion["tag"] for suggestion in model.suggest(KABUL, 0).suggestions]
    scores = {why.tag.id: why.score for why in model.explain(KABUL, tags, model.reader.read(KABUL))}
    assert {one.tag: one.score for one in store.assignments.standing()} == pytest.approx(scores, abs=1e-6)


def test_only_what_is_sure_is_added_unless_more_is_asked_for(store: Store, registry: Registry, model: TagModel) -> None:
    p = model.parameters
    sure = p.auto_thresholds.copy()
    sure[[tag.id for tag in model.taxonomy.tags].index("iskp")] = p.thresholds.min()
    version = registry.save(TagModel(replace(p, auto_thresholds=sure), model.terms, model.title_terms, model.taxonomy))
    store.import_articles([KABUL], "import")
    run(store, registry.folder / version, Plan(), untracked)
    assert expected(registry.load(version), band="auto") == tags_of(store, "kabul")
    assert "iskp" in tags_of(store, "kabul")
    run(store, registry.folder / version, ALL, untracked)
    assert tags_of(store, "kabul") == expected(model) > expected(registry.load(version), band="auto")


def test_a_second_run_adds_nothing(store: Store, folder: Path) -> None:
    store.import_articles([KABUL], "import")
    run(store, folder, ALL, untracked)
    before = list(store.assignments.standing())
    assert run(store, folder, ALL, untracked).figures.n_added == 0
    assert list(store.assignments.standing()) == before


def test_tags_of_people_are_left_alone(store: Store, folder: Path, model: TagModel) -> None:
    assert {"iskp", "afghanistan", "attack"} <= expected(model)
    store.import_articles([replace(KABUL, tags=("iskp",), rejected=("afghanistan",), tags_complete=False)], "import")
    run(store, folder, ALL, untracked)
    assert tags_of(store, "kabul") == expected(model) - {"iskp", "afghanistan"}
    assert store.log.read("kabul").standing().tags == ("iskp",)


@pytest.mark.parametrize("action", ["accept", "reject", "add", "remove", "unsure"])
def test_tags_that_an_editor_has_decided_on_are_left_alone(
    store: Store, folder: Path, model: TagModel, action: str
) -> None:
    store.import_articles([KABUL], "import")
    decide(store, action, "iskp")
    run(store, folder, ALL, untracked)
    assert tags_of(store, "kabul") == expected(model) - {"iskp"}


def test_of_an_exclusive_kind_one_tag_is_enough(store: Store, folder: Path, model: TagModel) -> None:
    exclusive = {tag.id for tag in model.taxonomy.tags if model.taxonomy.exclusive(tag)}
    assert "attack" in expected(model) & exclusive
    store.import_articles([replace(KABUL, tags=("trial",))], "import")
    run(store, folder, ALL, untracked)
    assert tags_of(store, "kabul") == expected(model) - exclusive


def test_articles_that_an_editor_has_closed_and_blind_ones_are_passed_over(store: Store, folder: Path) -> None:
    store.import_articles([KABUL], "import")
    store.log.decide("kabul", [], "ada", lambda *_: {}, complete=True)
    put_article(store, replace(KABUL, id="blind", tags_complete=False), "cms", Shares(blind=1.0))
    ran = run(store, folder, ALL, untracked)
    assert (standing(store), ran.figures.passed_over) == (set(), {"complete": 1, "blind": 1})


def test_the_articles_of_the_product_are_nobodys_archive(store: Store, folder: Path) -> None:
    store.import_articles([KABUL], STARTER)
    assert run(store, folder, ALL, untracked).figures.n_articles == 0


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        (Scope(since="2024-06-06"), {"new", "late"}),
        (Scope(until="2024-06-06"), {"old", "new", "late"}),
        (Scope(since="2024-01-01", until="2024-06-05"), set()),
        (Scope(source="other"), {"old"}),
        (Scope(with_tags=("taliban", "policy")), {"old", "new"}),
        (Scope(without_tags=("taliban",)), {"new", "late", "none"}),
        (Scope(with_tags=("policy",), without_tags=("taliban",)), {"new"}),
        (Scope(), {"old", "new", "late", "none"}),
    ],
    ids=["since", "until", "between", "source", "with", "without", "both", "all"],
)
def test_a_scope_confines_a_run_over_a_store_and_over_files_alike(
    store: Store, folder: Path, tmp_path: Path, scope: Scope, meant: set[str]
) -> None:
    archive = [
        replace(KABUL, id="new", tags=("policy",)),
        replace(KABUL, id="late", published_at="2024-06-06T23:59:59"),
        replace(KABUL, id="none", published_at=None),
    ]
    old = replace(KABUL, id="old", published_at="2019-01-01", tags=("taliban",))
    store.import_articles(archive, "import")
    store.import_articles([old], "other")
    ran = run(store, folder, Plan(scope, "suggest"), untracked)
    assert {article for article, _ in standing(store)} == meant
    assert ran.figures.n_articles == len(meant)
    if scope.source is None:
        path = lines(tmp_path / "in.jsonl", [*archive, old])
        run_files(folder, [path], tmp_path / "out.jsonl", Plan(scope, "suggest"), untracked)
        assert {record["id"] for record in records(tmp_path / "out.jsonl")} == meant


def test_what_changes_while_it_is_judged_gets_nothing(store: Store, folder: Path) -> None:
    ids = ["a", "b", "c"]
    store.import_articles([replace(KABUL, id=one, tags_complete=False) for one in ids], "import")
    figures = Figures()
    found = list(dry_run(store, folder, ALL, untracked))
    put_article(store, replace(KABUL, id="a", body="Rain.", tags_complete=False), "import")
    decide(store, "reject", "iskp", "b")
    with store.runs.alone(JOB):
        record = store.runs.begin(JOB)

        def told(unchanged: set[str]) -> dict[str, Any]:
            for one in found:
                figures.note(one, one.additions.article_id in unchanged)
            return figures.to_json()

        store.assignments.add(record, [one.additions for one in found], told)
    assert {article for article, _ in standing(store)} == {"c"}
    assert (figures.n_tagged, figures.n_changed) == (1, 2)
    assert store.runs.get(record.id).result == figures.to_json()


# --- what the machine added is nobody's word ---


def test_training_reads_the_same_before_and_after_a_run(store: Store, folder: Path) -> None:
    store.import_articles([replace(KABUL, tags=("taliban",)), replace(KABUL, id="b"), GARDEN], "import")
    put_article(store, replace(KABUL, id="c", tags=("policy",), tags_complete=False), "cms")
    decide(store, "reject", "iskp", "b")
    before = list(store.exports.examples())
    run(store, folder, ALL, untracked)
    assert standing(store)
    assert list(store.exports.examples()) == before
    undo(store)
    assert list(store.exports.examples()) == before


def example(store: Store) -> Article:
    (one,) = store.exports.examples()
    return one


@pytest.mark.parametrize("way", ["cms", "import"])
def test_a_tag_that_comes_back_from_the_cms_is_unknown_and_not_a_persons(store: Store, folder: Path, way: str) -> None:
    complete = way == "import"
    store.import_articles([replace(KABUL, tags=("taliban",), tags_complete=complete)], way)
    run(store, folder, ALL, untracked)
    added = tags_of(store, "kabul")
    echoed = replace(KABUL, tags=("taliban", *sorted(added)), tags_complete=complete)
    if way == "cms":
        put_article(store, echoed, way)
    else:
        store.import_articles([echoed], way)
    assert (set(example(store).tags or ()), set(example(store).unknown)) == ({"taliban"}, added)
    decide(store, "accept", "iskp")
    assert set(example(store).tags or ()) == {"taliban", "iskp"}


def test_a_tag_that_the_cms_drops_after_an_undo_was_not_rejected_by_a_person(store: Store, folder: Path) -> None:
    cms = replace(KABUL, tags=("taliban",), tags_complete=False)
    put_article(store, cms, "cms")
    run(store, folder, ALL, untracked)
    put_article(store, replace(cms, tags=("taliban", "iskp")), "cms")
    undo(store)
    put_article(store, cms, "cms")
    assert (example(store).tags, example(store).rejected, example(store).unknown) == (("taliban",), (), ())


def test_a_tag_that_the_cms_drops_while_it_stands_was_taken_away_by_somebody(store: Store, folder: Path) -> None:
    cms = replace(KABUL, tags=("taliban",), tags_complete=False)
    put_article(store, cms, "cms")
    run(store, folder, ALL, untracked)
    put_article(store, replace(cms, tags=("taliban", "iskp")), "cms")
    put_article(store, cms, "cms")
    assert example(store).rejected == ("iskp",)
    assert "iskp" not in tags_of(store, "kabul")
    assert [(one.tag, one.editor) for one in undo(store).kept] == [("iskp", "cms")]


def test_deleting_an_article_deletes_what_was_added_to_it(store: Store, folder: Path) -> None:
    store.import_articles([KABUL], "import")
    run(store, folder, ALL, untracked)
    store.delete_article("kabul")
    assert standing(store) == set()


# --- dry runs ---


def test_an_article_that_goes_while_what_stands_is_read_is_left_out(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_articles([KABUL, GARDEN], "import")
    run(store, folder, ALL, untracked)

    pages = Part.pages

    def meanwhile(*what: Any, **more: Any) -> Iterator[Any]:
        for rows in pages(*what, **more):
            store.delete_article("garden")
            yield rows

    monkeypatch.setattr(Part, "pages", meanwhile)
    assert {one.article_id for one in store.assignments.standing()} == {"kabul"}


def test_a_dry_run_writes_nothing_and_says_what_a_run_then_does(store: Store, folder: Path) -> None:
    store.import_articles([replace(KABUL, tags=("taliban",)), GARDEN], "import")
    before = tables(store)
    found = list(dry_run(store, folder, ALL, untracked))
    assert tables(store) == before
    assert store.runs.list(JOB) == []
    run(store, folder, ALL, untracked)
    assert {(one.additions.article_id, tag) for one in found for tag, _ in one.additions.tags} == standing(store)


def command(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_summary_is_a_table_and_a_page_by_tag(
    store: Store, registry: Registry, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = replace(KABUL, id="hostile", title="=HYPERLINK(1) <script>alert(1)</script> ISKP in Kabul")
    store.import_articles([KABUL, hostile, replace(GARDEN, tags=("taliban",))], "import")
    before = tables(store)
    where = ["--database", database_url, "--models", registry.folder]
    output = tmp_path / "dry"
    assert command("archive", "dry-run", *where, "--output", output, "--band", "suggest", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert tables(store) == before
    with (tmp_path / "dry.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == report["n_added"]
    assert {row["article_id"] for row in rows if row["tag"] == "iskp"} == {"kabul", "hostile"}
    assert all(row["title"].startswith("'=") for row in rows if row["article_id"] == "hostile")
    by_tag = {row["tag"]: row for row in report["tags"]}
    assert (by_tag["iskp"]["n"], by_tag["iskp"]["label"]) == (2, "Islamic State Khorasan Province")
    assert report["passed_over"] == {}
    page = (tmp_path / "dry.html").read_text()
    assert "Islamic State Khorasan Province" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_dry_run_of_the_sure_band_says_how_many_tags_ever_are(
    store: Store, registry: Registry, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--database", database_url, "--models", registry.folder]
    assert command("archive", "dry-run", *where, "--output", tmp_path / "dry", "--since", "2024-01-01") == 0
    said = capsys.readouterr().out
    assert "0 tags would be added to 0 of 0 articles, published since 2024-01-01" in said
    assert "of its 21 tags are ever sure enough for it" in said
    assert "Nothing would be added." in (tmp_path / "dry.html").read_text()


# --- taking back ---


def test_undo_takes_back_all_but_what_a_person_has_decided_on_since(store: Store, folder: Path) -> None:
    store.import_articles([replace(KABUL, id=name) for name in ("a", "b", "c", "d", "e", "f")], "import")
    run(store, folder, ALL, untracked)
    added = standing(store)
    acted = {"a": "accept", "b": "reject", "c": "add", "d": "remove"}
    for article, action in acted.items():
        decide(store, action, "iskp", article)
    decide(store, "unsure", "iskp", "e")
    (taken,) = store.log.decide(
        "f", [Draft("accept", "iskp")], "ada", lambda rows, *_: {"ids": [row.id for row in rows]}
    )["ids"]
    store.log.decide("f", [Draft("undo", undoes=taken)], "ada", lambda *_: {})
    undone = undo(store)
    assert {(one.article_id, one.tag, one.action) for one in undone.kept} == {
        (article, "iskp", action) for article, action in acted.items()
    }
    assert undone.n == len(added) - 4
    assert standing(store) == {("a", "iskp"), ("c", "iskp")}  # those that a person took away stand no more either
    assert store.log.read("a").standing().tags == ("iskp",)
    assert store.runs.get(undone.run.id).outcome == UNDONE


def test_after_an_undo_a_run_adds_the_same_again(store: Store, folder: Path) -> None:
    store.import_articles([KABUL, GARDEN], "import")
    run(store, folder, ALL, untracked)
    added = standing(store)
    assert undo(store).n == len(added)
    assert {(one.article_id, one.tag) for one in store.assignments.undone()} == added
    run(store, folder, ALL, untracked)
    assert (standing(store), list(store.assignments.undone())) == (added, [])


def test_undo_is_of_the_last_run_that_added_anything_or_of_the_one_that_is_named(store: Store, folder: Path) -> None:
    store.import_articles([KABUL], "import")
    first = run(store, folder, ALL, untracked).run.id
    store.import_articles([replace(KABUL, id="b")], "import")
    second = run(store, folder, ALL, untracked).run.id
    run(store, folder, ALL, untracked)
    assert undo(store, first).run.id == first
    assert {article for article, _ in standing(store)} == {"b"}
    assert undo(store).run.id == second
    with pytest.raises(NotFound, match="no archive run to take back"):
        undo(store)
    assert undo(store, first).n == 0


def test_only_archive_runs_are_taken_back(store: Store) -> None:
    with pytest.raises(NotFound, match="no run 'nothing'"):
        undo(store, "nothing")
    with store.runs.alone("retrain"):
        other = store.runs.begin("retrain")
    with pytest.raises(NotFound, match="not an archive run"):
        undo(store, other.id)


def test_one_run_at_a_time(store: Store, registry: Registry, folder: Path, database_url: str) -> None:
    with store.runs.alone(JOB):
        for at_once in (lambda: run(store, folder, ALL, untracked), lambda: undo(store)):
            with pytest.raises(Busy):
                at_once()
        assert command("archive", "resume", "--database", database_url, "--models", registry.folder) == 3


# --- export ---


def test_exports_hold_what_stands_and_what_was_taken_back(
    store: Store, folder: Path, database_url: str, tmp_path: Path
) -> None:
    store.import_articles([KABUL, replace(KABUL, id="b")], "import")
    ran = run(store, folder, ALL, untracked)
    decide(store, "reject", "iskp")
    output = tmp_path / "out.jsonl"
    assert command("export", "assignments", "--database", database_url, "--output", output) == 0
    found = records(output)
    assert {(one["article"], one["tag"]) for one in found} == standing(store)
    assert ("kabul", "iskp") not in standing(store)
    assert all(one["run"] == ran.run.id and 0 < one["score"] <= 1 for one in found)
    undo(store)
    more = ["--database", database_url, "--output", output]
    assert command("export", "assignments", *more) == 0
    assert records(output) == []
    assert command("export", "assignments", *more, "--undone", "--run", ran.run.id) == 0
    assert {(one["article"], one["tag"]) for one in records(output)} == {(one["article"], one["tag"]) for one in found}


# --- files ---


def lines(path: Path, articles: Sequence[Article]) -> Path:
    path.write_text("".join(json.dumps(record_of(article)) + "\n" for article in articles), encoding="utf-8")
    return path


def records(path: Path) -> list[dict[str, Any]]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.splitlines()]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_files_get_what_would_be_added_and_nothing_is_left_beside_them(
    folder: Path, model: TagModel, tmp_path: Path, name: str
) -> None:
    had = replace(KABUL, id="had", tags=("iskp",), rejected=("afghanistan",), tags_complete=False)
    path = lines(tmp_path / "in.jsonl", [KABUL, had, GARDEN])
    wrote = run_files(folder, [path], tmp_path / "to" / name, ALL, untracked)
    found = {one["id"]: {row["tag"] for row in one["suggestions"]} for one in records(tmp_path / "to" / name)}
    assert found == {
        "kabul": expected(model),
        "had": expected(model) - {"iskp", "afghanistan"},
        "garden": expected(model, GARDEN),
    }
    assert wrote.figures.n_added == sum(map(len, found.values()))
    assert [one.name for one in (tmp_path / "to").iterdir()] == [name]


def test_a_run_that_has_begun_is_taken_up_and_not_begun_again(folder: Path, tmp_path: Path) -> None:
    path, output = lines(tmp_path / "in.jsonl", [KABUL] * CHUNK * 5), tmp_path / "out.jsonl"

    def stop(things: Any, *_: Any) -> Iterator[Any]:
        for n, thing in enumerate(things):
            if n == CHUNK * 5 - 3:
                raise KeyboardInterrupt
            yield thing

    with pytest.raises(KeyboardInterrupt):
        run_files(folder, [path], output, ALL, stop)
    with pytest.raises(BadSetting, match="archive resume --output"):
        run_files(folder, [path], output, ALL, untracked)
    assert not output.exists()
    wrote = resume_files(output, untracked)
    assert (wrote.figures.n_articles, len(records(output))) == (CHUNK * 5, CHUNK * 5)
    with pytest.raises(NotFound, match="nothing to resume"):
        resume_files(output, untracked)


def test_a_run_whose_input_has_changed_is_not_taken_up(folder: Path, tmp_path: Path) -> None:
    path, output = lines(tmp_path / "in.jsonl", [KABUL]), tmp_path / "out.jsonl"
    path.write_text(path.read_text() + '{"id": 7}\n')
    with pytest.raises(BadArticle, match="line 2"):
        run_files(folder, [path], output, ALL, untracked)
    lines(path, [KABUL, GARDEN])
    with pytest.raises(NotFound, match="has changed since"):
        resume_files(output, untracked)


def test_two_do_not_write_one_output_nor_over_an_input(folder: Path, tmp_path: Path) -> None:
    path, output = lines(tmp_path / "in.jsonl", [KABUL]), tmp_path / "out.jsonl"

    def meanwhile(things: Any, *_: Any) -> Any:
        with pytest.raises(Busy):
            resume_files(output, untracked)
        return things

    run_files(folder, [path], output, ALL, meanwhile)
    with pytest.raises(BadSetting, match="is a file that is read"):
        run_files(folder, [path], path, ALL, untracked)


def test_a_damaged_input_ends_a_shared_run_with_its_reason(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LARGE", 0)
    whole = gzip.compress(
        b"".join(json.dumps({"id": os.urandom(99).hex(), "title": ""}).encode() + b"\n" for _ in range(9000))
    )
    (tmp_path / "in.jsonl.gz").write_bytes(whole[:-1000])
    with pytest.raises(BadArticle, match=r"Cannot read .*in\.jsonl\.gz"):
        run_files(folder, [tmp_path / "in.jsonl.gz"], tmp_path / "out.jsonl", ALL, untracked, 2)


def ended(things: list[int]) -> list[int]:
    if 3 in things:
        os.kill(os.getpid(), signal.SIGKILL)
    return things


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_run_with_its_reason() -> None:
    with pytest.raises(ProcessLost, match="enough memory"):
        list(map_chunks(ended, [[number] for number in range(6)], 2))


# --- killed in the middle: real processes, kill -9 ---


N_MANY = 4 * 1024


@pytest.fixture
def many(articles: list[Article]) -> list[Article]:
    """Some thousand articles, so that a run takes long enough to be killed in it."""
    return [
        replace(articles[number % len(articles)], id=f"n-{number:05d}", tags=None, rejected=())
        for number in range(N_MANY)
    ]


def start(*arguments: object) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "classifier", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def kill_when(process: subprocess.Popen[bytes], far_enough: Callable[[], bool]) -> None:
    """Kill a process as soon as it is far enough, and see that those which it started end too."""
    until = time.monotonic() + SECONDS
    while not far_enough():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait(SECONDS)
    _, alive = psutil.wait_procs(children, SECONDS)
    assert alive == []


def finish(*arguments: object) -> None:
    assert start(*arguments).wait(SECONDS) == 0


def added(store: Store) -> list[tuple[str, str, float]]:
    return [(one.article_id, one.tag, one.score) for one in store.assignments.standing()]


@pytest.mark.slow
def test_a_run_over_a_store_that_was_killed_is_taken_up_and_adds_nothing_twice(
    store: Store, registry: Registry, database_url: str, many: list[Article], tmp_path: Path
) -> None:
    store.import_articles(many, "import")
    where = ["--database", database_url, "--models", registry.folder]

    def done() -> int:
        record = next(iter(store.runs.list(JOB)), None)
        return int(record.result["figures"]["n_articles"]) if record and record.result else 0

    kill_when(start("archive", "run", *where, "--band", "suggest"), lambda: done() >= 0.4 * N_MANY)
    assert store.runs.list(JOB)[0].outcome == RUNNING
    assert 0.4 * N_MANY <= done() < N_MANY
    half = added(store)
    finish("archive", "resume", *where)
    assert done() == N_MANY
    assert added(store)[: len(half)] == half
    assert len({pair[:2] for pair in added(store)}) == len(added(store)) > len(half)
    (record,) = store.runs.list(JOB)
    assert (record.outcome, record.result["figures"]["n_added"]) == (DONE, len(added(store)))  # type: ignore[index]
    whole = open_store(f"sqlite:///{tmp_path}/whole.db")
    whole.import_articles(many, "import")
    run(whole, registry.champion_folder(), ALL, untracked)
    assert added(whole) == added(store)
    whole.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_a_run_over_files_that_was_killed_is_taken_up_and_writes_the_same_bytes(
    registry: Registry, many: list[Article], tmp_path: Path, name: str
) -> None:
    path, output = lines(tmp_path / "in.jsonl", many), tmp_path / name
    files = ["archive", "run", "--articles", path, "--models", registry.folder, "--band", "suggest", "--output"]
    journal = tmp_path / f".{name}.journal"

    def done() -> int:
        return int(json.loads(journal.read_bytes())["n_lines"]) if journal.exists() else 0

    kill_when(start(*files, output), lambda: done() >= 0.4 * N_MANY)
    assert not output.exists()
    assert 0.4 * N_MANY <= done() < N_MANY
    finish("archive", "resume", "--output", output)
    finish(*files, tmp_path / f"whole-{name}")
    assert output.read_bytes() == (tmp_path / f"whole-{name}").read_bytes()
    assert [one["id"] for one in records(output)] == [article.id for article in many]
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_a_run_that_was_whole_when_it_was_killed_needs_only_its_journal_removed(folder: Path, tmp_path: Path) -> None:
    path, output = lines(tmp_path / "in.jsonl", [KABUL]), tmp_path / "out.jsonl"
    journal = tmp_path / ".out.jsonl.journal"
    kept = []

    def keep(things: Any, *_: Any) -> Iterator[Any]:
        yield from things
        kept.append(journal.read_bytes())

    run_files(folder, [path], output, ALL, keep)
    before = output.read_bytes()
    journal.write_bytes(kept[0])
    assert resume_files(output, untracked).figures.n_articles == 1
    assert (output.read_bytes(), journal.exists()) == (before, False)


def test_a_run_that_failed_is_taken_up_by_its_own_model_and_plan(
    store: Store, registry: Registry, model: TagModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.import_articles([replace(KABUL, id=f"n-{number:04d}") for number in range(CHUNK + 5)], "import")
    first = registry.champion_folder()

    def stop(things: Any, *_: Any) -> Iterator[Any]:
        for n, thing in enumerate(things):
            if n == CHUNK:
                raise OSError("the disk is full")
            yield thing

    with pytest.raises(OSError, match="full"):
        run(store, first, Plan(Scope(since="2024-01-01"), "suggest"), stop)
    (record,) = store.runs.list(JOB)
    assert (record.outcome, record.reason) == (FAILED, "the disk is full")
    other = registry.save(
        TagModel(
            replace(model.parameters, intercepts=model.parameters.intercepts - 9.0),
            model.terms,
            model.title_terms,
            model.taxonomy,
        )
    )
    registry.promote(other, "tests", "another")
    ran = resume(store, registry, untracked)
    assert (ran.run.id, ran.model_version, ran.figures.n_articles) == (record.id, first.name, CHUNK + 5)
    assert {article for article, _ in standing(store)} == {f"n-{number:04d}" for number in range(CHUNK + 5)}
    with pytest.raises(NotFound, match="nothing to resume"):
        resume(store, registry, untracked)


@pytest.mark.slow
def test_processes_add_what_one_adds(
    store: Store, registry: Registry, articles: list[Article], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MANY", 0)
    folder = registry.champion_folder()
    other = open_store(f"sqlite:///{tmp_path}/other.db")
    for one, n_jobs in ((store, 1), (other, 2)):
        one.import_articles([replace(article, tags=None) for article in articles], "import")
        run(one, folder, ALL, untracked, n_jobs)
    assert added(store) == added(other) != []
    assert isinstance(next(store.assignments.standing()), Assignment)
    other.close()


def test_progress_counts_articles_and_knows_how_many_there_are(store: Store, folder: Path, tmp_path: Path) -> None:
    store.import_articles([replace(KABUL, id=str(number)) for number in range(7)], "import")
    seen: list[tuple[int, int]] = []

    def track(things: Any, total: int, _what: str) -> Iterator[Any]:
        for n, thing in enumerate(things, 1):
            seen.append((n, total))
            yield thing

    run(store, folder, Plan(Scope(with_tags=("taliban",))), track)
    assert seen == [(n, 7) for n in range(1, 8)]
    seen.clear()
    run_files(folder, [lines(tmp_path / "in.jsonl", [KABUL, GARDEN])], tmp_path / "out.jsonl", ALL, track)
    assert seen == [(1, 2), (2, 2)]


# --- docs/archive.md ---


def test_the_commands_of_the_guide_work(
    store: Store, registry: Registry, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
    guide = re.sub(r"(?s)## One tag.*?(?=## Added)", "", guide)  # see test_backfill.py
    shown = [
        line.partition("#")[0]
        for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
        for line in block.splitlines()
    ]
    commands = [shlex.split(line)[3:] for line in shown]
    assert len(commands) == 7
    store.import_articles([KABUL], "import")
    monkeypatch.setenv("TAGGER_MODELS", str(registry.folder))
    monkeypatch.setenv("TAGGER_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    with gzip.open("archive.jsonl.gz", "wb") as file:
        file.write(json.dumps(record_of(KABUL)).encode())
    codes = [main(words) for words in commands]
    # Here a tag is seldom sure enough, and nothing was stopped: there is nothing to take back or up.
    assert [code for words, code in zip(commands, codes, strict=True) if words[1] not in ("undo", "resume")] == [0] * 4
    assert {code for words, code in zip(commands, codes, strict=True) if words[1] in ("undo", "resume")} <= {0, 1}
    assert {one.name for one in tmp_path.iterdir()} >= {
        "archive.csv",
        "archive.html",
        "assignments.jsonl.gz",
        "additions.jsonl.gz",
    }
