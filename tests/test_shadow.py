"""A version in shadow: it judges what arrives, nobody sees it, editors' decisions compare it, and it ends by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.progress import untracked
from classifier.domain.snapshots import snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import BadModel, BadSetting, Busy, NotFound
from classifier.model.retagging import retagged
from classifier.operations.backup import back_up, restore
from classifier.operations.status import status
from classifier.reports.run import as_page
from classifier.reports.shadow import shadow_in_words
from classifier.serving.registry import Registry
from classifier.serving.shadow import FILE, begin_shadow, end_shadow, read_shadow
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.store import Store
from classifier.store.suggestion_sets import TagScore
from classifier.training import shadow as module
from classifier.training.fitting import Fitted
from classifier.training.preparing import read_inputs
from classifier.training.run_result import ShadowRow
from classifier.training.shadow import Compared, end_if_over, follow_shadow
from tests.desk import QUICK, Desk
from tests.everything import contents, put_set
from tests.storing import put_article
from tests.test_run_report import text_of

LACKS = "attack"  # the version in shadow does not know it
N_ARRIVED = 40


@pytest.fixture
def known(articles: list[Article]) -> list[Article]:
    return articles[N_ARRIVED:]


@pytest.fixture
def arriving(articles: list[Article]) -> list[Article]:
    return articles[:N_ARRIVED]


@pytest.fixture(scope="module")
def versions(
    tmp_path_factory: pytest.TempPathFactory, fitted: Fitted, taxonomy: Taxonomy, articles: list[Article]
) -> Path:
    """A folder with a champion and a version that lacks a tag, neither of which knows what arrives."""
    registry, known = Registry(tmp_path_factory.mktemp("versions")), snapshot_of(articles[N_ARRIVED:])
    registry.promote(registry.save(fitted.model, known), "tests", "fitted")
    fewer = Taxonomy(tuple(tag for tag in taxonomy.tags if tag.id != LACKS), taxonomy.kinds)
    registry.save(retagged(fitted.model, fewer), known)
    return registry.folder


@pytest.fixture
def models(versions: Path, tmp_path: Path) -> Registry:
    """A registry of one's own with these versions."""
    return Registry(Path(shutil.copytree(versions, tmp_path / "versions")))


@pytest.fixture
def other(models: Registry) -> str:
    (version,) = (row["version"] for row in models.table() if not row["champion"])
    return version


@pytest.fixture
def night(models: Registry, store: Store, taxonomy: Taxonomy) -> Callable[..., ShadowRow | None]:
    """What a run does before it learns anything."""

    def follow(dry_run: bool = False) -> ShadowRow | None:
        inputs = read_inputs(store, models, replace(QUICK, live_rates=False), taxonomy, untracked)
        return follow_shadow(store, models, inputs, dry_run, untracked)

    return follow


def judged(store: Store) -> dict[str, dict[str, Any]]:
    return {row["article_id"]: row for row in contents(store)["shadow_suggestions"]}


def compared(row: ShadowRow | None) -> ShadowRow:
    assert row is not None
    return row


def test_both_models_judge_what_arrives_and_are_compared_on_what_is_known_of_it(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    store.import_articles([replace(arriving[0], id="before")], "import")
    begin_shadow(models, other, "ana")
    store.import_articles(arriving, "import")
    put_article(store, replace(arriving[0], id="open", tags=None), "cms")
    row = compared(night())
    assert (row["version"], row["n_judged"], row["n_compared"]) == (other, N_ARRIVED + 1, N_ARRIVED)
    champion = models.load_champion()
    ids = np.array([tag.id for tag in champion.taxonomy.tags], dtype=object)
    suggested = [set(ids[tags]) for tags in champion.judge(arriving)[1]]
    right = [set(article.tags or ()) & set(ids) for article in arriving]
    found = sum(len(a & b) for a, b in zip(suggested, right, strict=True))
    missed = [sum(LACKS in a & b for a, b in zip(suggested, right, strict=True))]
    missed.append(sum(LACKS in a - b for a, b in zip(suggested, right, strict=True)))
    assert missed[0] > 3
    wrong = sum(len(a - b) for a, b in zip(suggested, right, strict=True))
    assert (row["champion"]["found"], row["champion"]["wrong"]) == (found, wrong)
    assert row["champion"]["missed"] == sum(map(len, right)) - found
    assert (row["shadow"]["found"], row["shadow"]["wrong"]) == (found - missed[0], wrong - missed[1])
    (tag,) = row["tags"]
    assert (tag["tag"], tag["shadow"]) == (LACKS, (0, 0))
    assert row["change"] is not None
    assert row["change"]["low"] < row["change"]["value"] < row["change"]["high"] <= 0.0


def test_what_the_champion_suggested_and_nobody_looked_at_does_not_count(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles(arriving, "import")
    before = compared(night())
    having = [article for article in arriving if LACKS in (article.tags or ())]
    for article in having:
        put_set(store, article, "v", "t", {"suggestions": []}, shown=[TagScore(LACKS, 0.9, "suggest")])
    after = compared(night())
    assert after["champion"]["found"] == before["champion"]["found"] - before["tags"][0]["champion"][0]
    assert after["champion"]["found"] == after["shadow"]["found"]


@pytest.mark.slow
def test_nobody_sees_what_a_version_in_shadow_suggests(
    night: Callable[..., ShadowRow | None],
    store: Store,
    models: Registry,
    other: str,
    arriving: list[Article],
    client: FlaskClient,
) -> None:
    sent = {"title": arriving[0].title, "body": arriving[0].body}
    paths = ("/v1/articles/sent", "/v1/articles", "/v1/articles/sent/decisions", "/v1/model", "/review/sent")
    begin_shadow(models, other, "ana")
    client.put("/v1/articles/sent", json=sent)
    store.import_articles(arriving[:3], "import")
    seen, before = [client.get(path).data for path in paths], contents(store)
    exported = list(store.exports.attributed()), list(store.exports.filed())
    assert compared(night())["n_judged"] == 4
    assert all(row["suggested"] for row in judged(store).values() if row["article_id"] == "sent")
    after = contents(store)
    assert [name for name, rows in after.items() if rows != before[name]] == ["shadow_suggestions"]
    assert [client.get(path).data for path in paths] == seen
    assert (list(store.exports.attributed()), list(store.exports.filed())) == exported


def test_what_a_model_has_learned_is_not_judged_and_a_changed_text_is_judged_anew(
    night: Callable[..., ShadowRow | None],
    store: Store,
    models: Registry,
    other: str,
    arriving: list[Article],
    known: list[Article],
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles([*arriving[:3], *known[:3]], "import")
    night()
    assert judged(store).keys() == {article.id for article in arriving[:3]}
    first, second, _ = arriving[:3]
    again = snapshot_of([*known, second])  # the next champion learns one of them
    models.promote(models.save(models.load_champion(), again), "tests", "learned more")
    store.import_articles([replace(article, body=known[0].body) for article in (first, second)], "import")
    assert compared(night())["n_compared"] == 2
    rows = judged(store)
    assert rows[first.id]["champion_version"] == models.load_champion().version
    assert rows[second.id]["champion_version"] != rows[first.id]["champion_version"]


def test_an_undone_decision_counts_no_more(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    article = replace(next(one for one in arriving if LACKS in (one.tags or ())), tags=("policy",), tags_complete=False)
    store.import_articles([article], "import")
    before = compared(night())
    store.log.decide(article.id, [Draft("add", LACKS)], "ana", lambda *_: {}, complete=False)
    decided = compared(night())
    assert decided["shadow"]["missed"] == before["shadow"]["missed"] + 1
    (entry,) = store.log.all()
    store.log.decide(article.id, [Draft("undo", undoes=entry.id)], "ana", lambda *_: {}, complete=False)
    assert compared(night())["shadow"] == before["shadow"]


def test_a_deleted_article_takes_its_suggestions_in_shadow_with_it(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles(arriving[:3], "import")
    night()
    store.delete_article(arriving[0].id)
    assert judged(store).keys() == {article.id for article in arriving[1:3]}
    assert compared(night())["n_judged"] == 2


def test_a_version_judges_no_more_articles_than_it_may(
    night: Callable[..., ShadowRow | None],
    store: Store,
    models: Registry,
    other: str,
    arriving: list[Article],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_AT_ONCE", 4)
    monkeypatch.setattr(module, "MAX_ARTICLES", 6)
    begin_shadow(models, other, "ana")
    store.import_articles(arriving[:10], "import")
    assert [compared(night())["n_judged"] for _ in range(3)] == [4, 6, 6]


def test_one_version_at_a_time_is_in_shadow(models: Registry, other: str, fitted: Fitted, known: list[Article]) -> None:
    third = models.save(fitted.model, snapshot_of(known))
    shadow = begin_shadow(models, other, "ana")
    assert begin_shadow(models, other, "ben") == shadow
    with pytest.raises(Busy, match=f"{other} is in shadow already"):
        begin_shadow(models, third, "ana")
    end_shadow(models.folder)
    assert begin_shadow(models, third, "ana").version == third


def test_neither_the_champion_nor_a_version_that_is_not_known_goes_into_shadow(
    models: Registry, fitted: Fitted
) -> None:
    (champion,) = (row["version"] for row in models.table() if row["champion"])
    with pytest.raises(BadSetting, match="is the champion"):
        begin_shadow(models, champion, "ana")
    with pytest.raises(BadSetting, match="not known which articles"):
        begin_shadow(models, models.save(fitted.model), "ana")
    with pytest.raises(NotFound):
        begin_shadow(models, "20200101-000000-00000000", "ana")
    assert read_shadow(models.folder) is None


def test_the_sweep_keeps_a_version_in_shadow_until_it_ends(models: Registry, other: str, fitted: Fitted) -> None:
    begin_shadow(models, other, "ana")
    newest = models.save(fitted.model)
    models.promote(newest, "tests", "newer")
    models.promote(models.save(fitted.model), "tests", "newer")
    models.sweep(1)
    assert other in models.versions()
    end_shadow(models.folder)
    assert models.sweep(1) == [other]


def test_a_promoted_version_is_in_shadow_no_longer(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles(arriving[:3], "import")
    night()
    models.promote(other, "ana", "better in shadow")
    assert read_shadow(models.folder) is None
    assert night() is None
    assert judged(store) == {}


def test_it_ends_by_itself_after_a_last_comparison(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles(arriving[:5], "import")
    row = compared(night())
    assert row["ended"] is None
    end_if_over(models, row)
    since = (datetime.now(UTC) - timedelta(days=28)).isoformat(timespec="microseconds")
    (models.folder / FILE).write_text(json.dumps({"version": other, "by": "ana", "at": since}), encoding="utf-8")
    last = compared(night())
    assert (last["ended"], last["n_compared"]) == ("28 days are over", 5)
    end_if_over(models, last)
    assert read_shadow(models.folder) is None
    assert night() is None
    assert judged(store) == {}


def test_a_version_whose_files_are_gone_ends(
    night: Callable[..., ShadowRow | None], store: Store, models: Registry, other: str, arriving: list[Article]
) -> None:
    begin_shadow(models, other, "ana")
    store.import_articles(arriving[:3], "import")
    (models.folder / other / "weights.npy").unlink()
    row = compared(night())
    assert (row["ended"], row["n_judged"]) == ("its files cannot be read", 0)


def test_a_run_records_the_comparison_and_a_dry_run_keeps_nothing(
    store: Store, models: Registry, other: str, arriving: list[Article], taxonomy: Taxonomy
) -> None:
    desk = Desk(store, models, taxonomy)
    begin_shadow(models, other, "ana")
    desk.add(arriving)
    desk.retrain(dry_run=True)
    assert judged(store) == {}
    result, record = desk.run()
    assert [cause["check"] for cause in result.blocked_by] == ["few_examples"]
    assert record is not None
    run = store.runs.get(record.id)
    assert run.result is not None
    row = run.result["details"]["shadow"]
    assert row["n_compared"] == N_ARRIVED
    text = text_of(as_page(run))
    assert f"found {row['shadow']['found']} of " in text
    assert f"{LACKS} {row['tags'][0]['n']} {row['tags'][0]['champion'][0]} → 0 " in text
    assert "the comparison favours the model that serves" in text


# --- the comparison ---

TAXONOMY = Taxonomy(
    (Tag("kabul", "Kabul", "place"), Tag("herat", "Herat", "place"), Tag("old", "Old", "place", status="retired"))
)
LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, -1, 0]] * 20, dtype=np.int8)


def test_found_missed_wrong_and_unjudged_are_counted() -> None:
    before = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]] * 20, dtype=bool)
    after = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]] * 20, dtype=bool)
    found = Compared.of(before, after, LABELS, TAXONOMY)
    assert {key: found.champion[key] for key in ("found", "missed", "wrong", "unjudged")} == {
        "found": 20,
        "missed": 40,
        "wrong": 20,
        "unjudged": 20,
    }
    assert (found.shadow["found"], found.shadow["missed"], found.shadow["wrong"]) == (60, 0, 0)
    assert [(row["tag"], row["champion"], row["shadow"]) for row in found.tags] == [
        ("kabul", (20, 20), (40, 0)),
        ("herat", (0, 0), (20, 0)),
    ]
    assert found.change is not None
    assert 0.0 < found.change["low"] < found.change["value"] < found.change["high"]


@pytest.mark.parametrize("n", [0, 29])
def test_few_articles_say_nothing_of_which_is_better(n: int) -> None:
    suggested = np.zeros((n, 3), dtype=bool)
    assert Compared.of(suggested, suggested, LABELS[:n], TAXONOMY).change is None


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.01, 0.09, "is clearly better"),
        (-0.09, -0.01, "is clearly worse"),
        (-0.01, 0.01, "neither clearly better nor"),
    ],
)
def test_the_verdict_follows_the_interval(low: float, high: float, says: str) -> None:
    side = {"found": 3, "missed": 1, "wrong": 2, "unjudged": 0, "micro_f1": 0.6, "interval": (0.5, 0.7)}
    row: Any = {
        "version": "v-2",
        "since": "2026-11-01T00:00",
        "until": "2026-11-29T00:00",
        "n_judged": 60,
        "n_compared": 50,
        "n_blind": 1,
        "champion": side,
        "shadow": side,
        "change": {"value": (low + high) / 2, "low": low, "high": high},
        "tags": [],
        "ended": None,
    }
    told = shadow_in_words(row)
    assert says in told.verdict
    assert "found 3 of 4 right tags and suggested 2 wrong ones" in told.summary
    assert told.caution.endswith("except on 1 article tagged without suggestions.")
    assert "ends by itself on 2026-11-29" in told.next_step
    assert "in shadow no longer: 28 days are over" in shadow_in_words(row | {"ended": "28 days are over"}).next_step
    assert "none of them are the tags known" in shadow_in_words(row | {"n_compared": 0, "change": None}).summary


# --- commands, status, backup ---


def test_commands_begin_list_and_end_a_shadow(
    models: Registry, other: str, store: Store, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        assert main([*arguments, "--models", str(models.folder)]) == 0
        return capsys.readouterr().out

    assert f"{other} is in shadow until" in run("models", "shadow", other)
    listed = run("models", "list").splitlines()
    assert [line.endswith("in shadow") for line in listed] == [other in line for line in listed]
    assert f"Version {other} is in shadow since" in run("status", "--database", database_url)
    found = status(models, database_url)["shadow"]
    assert found is not None
    assert (found["version"], found["n_articles"]) == (other, 0)
    assert json.loads(run("models", "shadow", "--end", "--json")) == {"shadow": None}
    assert status(models, database_url)["shadow"] is None


def test_a_file_that_cannot_be_read_is_said_and_mended(models: Registry, other: str, database_url: str) -> None:
    (models.folder / FILE).write_text("{", encoding="utf-8")
    with pytest.raises(BadModel, match="--end"):
        read_shadow(models.folder)
    assert any(FILE in problem for problem in status(models, database_url)["problems"])
    assert not any(row["shadow"] for row in models.table())
    models.promote(other, "ana", "works all the same")
    end_shadow(models.folder)
    assert read_shadow(models.folder) is None


@pytest.mark.slow
def test_a_backup_keeps_the_version_in_shadow_and_what_it_suggested(
    night: Callable[..., ShadowRow | None],
    store: Store,
    models: Registry,
    other: str,
    arriving: list[Article],
    database_url: str,
    tmp_path: Path,
) -> None:
    shadow = begin_shadow(models, other, "ana")
    store.import_articles(arriving[:3], "import")
    night()
    before = judged(store)
    back_up(database_url, models, tmp_path / "desk.tar", untracked)
    restored, url = Registry(tmp_path / "restored"), f"sqlite:///{tmp_path}/restored.db"
    restored.folder.mkdir()
    restore(tmp_path / "desk.tar", url, restored, False, untracked)
    assert read_shadow(restored.folder) == shadow
    assert other in restored.versions()
    again = open_store(url)
    assert judged(again) == before
    again.close()
