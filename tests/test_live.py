"""The live rate: a model that serves follows decisions and imports, and an undo takes their effect back."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient

from classifier.domain.articles import Article
from classifier.domain.progress import untracked
from classifier.domain.snapshots import Learned, Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import Busy
from classifier.model.answer import Explanation
from classifier.model.live import ERROR_STEP, MAX_MOVE
from classifier.model.protocol import Model
from classifier.model.tag_model import TagModel
from classifier.serving.live import LiveRates
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import DecisionBatch, Tagger
from classifier.store import live
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.store import Store
from classifier.training.fitting import Fitted
from classifier.training.preparing import read_inputs
from classifier.training.settings import TrainingSettings
from classifier.web import build_app
from service import create_app

NOTHING = Learned(())
TALIBAN = Article(
    "t-1", "Taliban attack in Kabul", "The Taliban attacked a checkpoint in Kabul.", published_at="2026-01-02"
)


@dataclass(frozen=True)
class Desk:
    """A service of one process, with a champion whose tags are all used as often lately as ever."""

    tagger: Tagger
    rates: LiveRates
    learned: Sequence[Article]

    @property
    def store(self) -> Store:
        return self.tagger.store

    def follow(self) -> Model:
        self.rates.follow()
        return self.tagger.serving.model()

    def decide(self, action: str, tag: str | None = None, **more: str) -> str:
        decided = self.tagger.decide(TALIBAN.id, DecisionBatch([Draft(action, tag, **more)]), "ana")
        return decided["decisions"][-1]["id"]


def moved(model: Model) -> dict[str, float]:
    """Return how far the decision values of tags were moved, without those that were not."""
    assert model.followed is not None
    ids = [tag.id for tag in model.taxonomy.tags]
    return {tag: move for tag, move in zip(ids, model.followed.moved.tolist(), strict=True) if move}


def following(model: TagModel, articles: Sequence[Article], decision: float = np.nan) -> Model:
    """Return a model that has followed articles, for each of which it has this decision value of each tag."""
    return model.following(articles, np.full((len(articles), len(model.taxonomy.tags)), decision), 1)


def habitual(model: TagModel, card: dict[str, object]) -> TagModel:
    """Return a model to which rates matter."""
    n_tags = len(model.taxonomy.tags)
    rates = {
        "recency_weights": np.ones(n_tags),
        "usual_rates": np.full(n_tags, 0.1),
        "recent_rates": np.full(n_tags, 0.1),
        "n_positive": np.full(n_tags, 50, dtype=np.int32),
    }
    parameters = replace(model.parameters, **rates)
    return TagModel(parameters, model.terms, model.title_terms, model.taxonomy, card=card, precedents=model.precedents)


@pytest.fixture(scope="module")
def champion(fitted: Fitted) -> TagModel:
    return habitual(fitted.model, dict(fitted.card))


@pytest.fixture(scope="module")
def learned(articles: list[Article]) -> list[Article]:
    """What the champion has learned, but for the first, which was held out."""
    return [replace(article, published_at="2026-01-01") for article in articles[:3]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, champion: TagModel, learned: list[Article]) -> Path:
    registry = Registry(tmp_path_factory.mktemp("live"))
    snapshot = snapshot_of(learned)
    held_out = replace(snapshot.articles[learned[0].id], part="held out")  # as earlier programs wrote it
    snapshot = Snapshot({**snapshot.articles, learned[0].id: held_out})
    registry.promote(registry.save(champion, snapshot), "tests", "its rates matter")
    return registry.folder


@pytest.fixture
def desk(tmp_path: Path, saved: Path, learned: list[Article], store: Store) -> Desk:
    serving = Serving(Registry(Path(shutil.copytree(saved, tmp_path / "live"))))
    desk = Desk(Tagger(serving, store), LiveRates(serving, store.live), learned)
    desk.tagger.put_article(TALIBAN)
    return desk


# --- what is followed ---


def test_a_decision_moves_its_tag_and_nothing_else(desk: Desk) -> None:
    desk.decide("add", "taliban")
    found = moved(desk.follow())
    assert found.keys() == {"taliban"} and found["taliban"] > 0.01


def test_an_undo_undoes_it(desk: Desk) -> None:
    before = desk.follow().live_state
    decision = desk.decide("add", "taliban")
    after = desk.follow().live_state
    assert moved(desk.follow())
    desk.decide("undo", undoes=decision)
    assert not moved(desk.follow())
    assert len({before, after, desk.follow().live_state}) == 3


def test_unknown_labels_change_nothing(desk: Desk) -> None:
    desk.decide("unsure", "taliban")
    assert not moved(desk.follow())


def test_an_import_is_followed_and_counts_once(desk: Desk) -> None:
    came = [Article("i-1", "", "Words.", tags=("taliban",), tags_complete=True, published_at="2026-01-03")]
    desk.store.import_articles(came, "archive")
    first = desk.follow()
    assert moved(first)["taliban"] > 0 > moved(first)["hamas"]
    desk.store.import_articles(came, "archive")
    assert desk.follow() is first


def test_what_was_known_at_the_training_does_not_count(desk: Desk) -> None:
    for known in desk.learned:  # the first was held out
        desk.store.import_articles([replace(known, tags=("taliban",), tags_complete=True)], "archive")
    assert not moved(desk.follow())
    newer = replace(desk.learned[0], id="newer", tags=("taliban",), tags_complete=True)
    desk.store.import_articles([newer], "archive")
    followed = desk.follow().followed
    assert moved(desk.follow())["taliban"] > 0 and followed is not None and followed.n_articles == 1


def test_a_deleted_article_is_followed_no_more(desk: Desk) -> None:
    desk.decide("add", "taliban")
    desk.follow()
    desk.tagger.delete_article(TALIBAN.id)
    assert not moved(desk.follow())


def test_articles_are_followed_in_the_order_of_their_dates(desk: Desk) -> None:
    days = ("2026-01-05", "2026-01-03", "2026-01-04")
    for number, day in enumerate(days):
        desk.store.import_articles([Article(f"i-{number}", "", "Words.", tags=("iran",), published_at=day)], "archive")
    _, examples = desk.store.live.examples(NOTHING)
    assert [example.article.published_at for example in examples] == sorted(days)


def test_archives_without_dates_say_nothing_of_lately(desk: Desk) -> None:
    desk.store.import_articles([Article("i-1", "", "Words.", tags=("iran",), tags_complete=True)], "archive")
    assert not moved(desk.follow())


def test_only_the_newest_articles_are_followed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "N_NEWEST", 3)
    monkeypatch.setattr(live, "N_FOLLOWED", 2)
    for day in range(3, 8):
        article = Article(f"i-{day}", "", "Words.", tags=("iran",), published_at=f"2026-01-0{day}")
        desk.store.import_articles([article], "archive")
    assert [example.article.id for example in desk.store.live.examples(NOTHING)[1]] == ["i-6", "i-7"]
    assert [example.article.id for example in desk.store.live.examples(Learned(["i-5", "i-7"]))[1]] == ["i-6"]


def test_labels_that_change_all_the_time_are_followed_later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(100))
    monkeypatch.setattr(desk.store.live, "number", lambda: next(numbers))
    with pytest.raises(Busy):
        desk.store.live.examples(NOTHING)


def test_whatever_comes_moves_a_tag_only_so_far(champion: TagModel) -> None:
    flood = [Article(f"f-{n}", "", "", tags=("taliban",), tags_complete=True) for n in range(500)]
    found = moved(following(champion, flood, 1))
    assert max(map(abs, found.values())) <= MAX_MOVE + 1e-12 and found["taliban"] == pytest.approx(MAX_MOVE)


def open_article(number: int, tag: str, **more: tuple[str, ...]) -> Article:
    return Article(f"o-{number}", "", "", tags=(tag,), tags_complete=False, **more)


def test_a_desk_that_never_closes_articles_does_not_raise_all_rates(champion: TagModel) -> None:
    habit = [*["hamas"] * 4, *["islamic-state"] * 5, "taliban"]  # a tenth, as often as the training says
    same = following(champion, [open_article(n, tag) for n, tag in enumerate(habit * 30)])
    assert 0.0 < moved(same)["taliban"] < 0.2
    more = following(champion, [open_article(n, "taliban") for n in range(400)])
    assert moved(more)["taliban"] == pytest.approx(MAX_MOVE)


def test_undecided_labels_lower_no_rate_and_unsure_ones_change_nothing(champion: TagModel) -> None:
    rise = [open_article(n, "taliban") for n in range(5)]
    risen = moved(following(champion, rise))["taliban"]
    others = [open_article(n, "hamas") for n in range(5, 10)]
    assert 0.0 < moved(following(champion, [*rise, *others]))["taliban"] < risen
    assert moved(following(champion, others)).keys() == {"hamas"}
    unsure = [replace(article, unknown=("taliban",)) for article in others]
    assert moved(following(champion, [*rise, *unsure]))["taliban"] == risen


# --- errors ---

HIGH, LOW = 9.0, -9.0  # decision values at which every tag is suggested, or none
LABELLED = [Article(f"l-{n}", "", "", tags=("taliban",), rejected=("hamas",), tags_complete=False) for n in range(40)]


def test_tags_that_are_missed_rise_and_tags_that_are_wrong_fall(champion: TagModel) -> None:
    untimely = TagModel(
        replace(champion.parameters, recency_weights=np.zeros(len(champion.taxonomy.tags))),
        champion.terms,
        champion.title_terms,
        champion.taxonomy,
    )
    missed, wrong = (moved(following(untimely, LABELLED[:2], decision)) for decision in (LOW, HIGH))
    assert missed == {"taliban": pytest.approx(2 * ERROR_STEP)}
    assert wrong == {"hamas": pytest.approx(-2 * ERROR_STEP)}
    assert moved(following(untimely, LABELLED, LOW)) == {"taliban": pytest.approx(MAX_MOVE)}
    silent = moved(following(untimely, LABELLED))
    assert silent == {}


def test_a_rise_is_taken_back_where_the_tag_is_suggested_and_nobody_decides_on_it(champion: TagModel) -> None:
    n_tags = len(champion.taxonomy.tags)
    others = [open_article(n, "hamas") for n in range(5)]
    decisions = np.full((7, n_tags), LOW)
    decisions[2:] = HIGH
    before = moved(following(champion, LABELLED[:2], LOW))["taliban"]
    after = moved(champion.following([*LABELLED[:2], *others], decisions, 1))
    assert after.get("taliban", 0.0) < before / 2
    assert moved(following(champion, others, HIGH)).keys() == {"hamas"}


def test_muted_tags_move_by_no_error(champion: TagModel) -> None:
    muted = replace(champion.taxonomy, tags=tuple(replace(tag, status="muted") for tag in champion.taxonomy.tags))
    model = TagModel(champion.parameters, champion.terms, champion.title_terms, muted)
    assert moved(following(model, LABELLED, LOW)) == moved(following(model, LABELLED))


def test_each_text_is_judged_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[str] = []
    decisions = TagModel.decisions

    def counted(model: TagModel, articles: Sequence[Article]) -> np.ndarray:
        judged.extend(article.id for article in articles)
        return decisions(model, articles)

    monkeypatch.setattr(TagModel, "decisions", counted)
    desk.decide("add", "taliban")
    desk.follow()
    desk.decide("add", "hamas")
    desk.follow()
    assert judged == [TALIBAN.id]


def test_a_text_that_the_model_fails_on_shows_no_errors(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.decide("reject", "hamas")
    expected = moved(desk.follow())
    desk.decide("add", "taliban")

    def fail(_model: TagModel, _articles: Sequence[Article]) -> np.ndarray:
        raise ValueError("a text")

    monkeypatch.setattr(TagModel, "decisions", fail)
    serving = Serving(desk.tagger.serving.registry)
    LiveRates(serving, desk.store.live).follow()
    assert expected and 0.0 < moved(serving.model())["taliban"] < ERROR_STEP


def test_following_leaves_the_processor_to_requests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    here, sleep = threading.get_ident(), time.sleep
    monkeypatch.setattr(
        "classifier.serving.live.time.sleep",
        lambda seconds: slept.append(seconds) if threading.get_ident() == here else sleep(seconds),
    )
    desk.decide("add", "taliban")
    began = time.thread_time()
    LiveRates(Serving(desk.tagger.serving.registry), desk.store.live, share=0.01).follow()
    took = time.thread_time() - began
    assert slept[0] == 0.0 and sum(slept) > 0.0
    assert max(slept) < 100.0 * took


# --- how it serves ---


def explained(model: Model) -> Explanation:
    return model.explain(TALIBAN, ["taliban"])[0]


def test_why_has_the_same_number_and_still_adds_up(desk: Desk) -> None:
    before = explained(desk.follow())
    desk.decide("add", "taliban")
    after = explained(desk.follow())
    recency = [part for part in after.parts if part.kind == "recency"]
    assert [part.text for part in recency] == ["used more often lately"]
    assert recency[0].weight == pytest.approx(moved(desk.follow())["taliban"])
    assert after.decision_value == pytest.approx(before.decision_value + recency[0].weight)
    assert sum(part.weight for part in after.parts) == pytest.approx(after.decision_value, abs=1e-6)


def test_an_answer_in_the_making_keeps_its_rates(desk: Desk) -> None:
    model = desk.follow()
    before = explained(model)
    desk.decide("add", "taliban")
    desk.follow()
    assert explained(model).decision_value == before.decision_value


def test_processes_agree(desk: Desk) -> None:
    desk.decide("add", "taliban")
    desk.decide("reject", "hamas")
    other = Serving(desk.tagger.serving.registry)
    LiveRates(other, desk.store.live).follow()
    mine, theirs = desk.follow(), other.model()
    assert mine.live_state == theirs.live_state and moved(mine) == moved(theirs)


def test_a_promotion_starts_a_new_state(desk: Desk, champion: TagModel) -> None:
    desk.decide("add", "taliban")
    assert moved(desk.follow())
    registry = desk.tagger.serving.registry
    registry.promote(registry.save(champion, snapshot_of([*desk.learned, TALIBAN])), "tests", "it has learned more")
    serving = Serving(registry)
    assert serving.model().live_state is None
    LiveRates(serving, desk.store.live).follow()
    assert not moved(serving.model())


def test_a_champion_that_was_overtaken_does_not_come_back(desk: Desk, champion: TagModel) -> None:
    serving, before = desk.tagger.serving, desk.follow()
    serving.replace(champion, champion)  # as if another had begun to serve since it was read
    assert serving.model() is before


def test_a_model_of_which_it_is_not_known_what_it_learned_follows_nothing(desk: Desk, champion: TagModel) -> None:
    registry = desk.tagger.serving.registry
    registry.promote(registry.save(champion), "tests", "without a snapshot")
    serving = Serving(registry)
    LiveRates(serving, desk.store.live).follow()
    assert serving.model().live_state is None


@pytest.mark.parametrize("setting", ["1", "0"])
@pytest.mark.usefixtures("no_threads")
def test_one_setting_turns_it_off(desk: Desk, monkeypatch: pytest.MonkeyPatch, database_url: str, setting: str) -> None:
    started: list[LiveRates] = []

    def start(rates: LiveRates) -> None:
        started.append(rates)

    monkeypatch.setattr(LiveRates, "start", start)
    monkeypatch.setenv("TAGGER_MODELS", str(desk.tagger.serving.registry.folder))
    monkeypatch.setenv("TAGGER_DATABASE_URL", database_url)
    monkeypatch.setenv("TAGGER_BACKLOG_RATE", "0")
    monkeypatch.setenv("TAGGER_LIVE_RATES", setting)
    create_app()
    assert len(started) == int(setting)


# --- its number ---


def test_the_number_is_part_of_a_suggestion_set(desk: Desk) -> None:
    desk.follow()
    first, again = (desk.tagger.article(TALIBAN.id) for _ in range(2))
    desk.decide("add", "hamas")
    assert desk.tagger.article(TALIBAN.id)["suggestion_set_id"] == first["suggestion_set_id"]  # nothing followed it yet
    desk.follow()
    later = desk.tagger.article(TALIBAN.id)
    assert first["suggestion_set_id"] == again["suggestion_set_id"] != later["suggestion_set_id"]
    assert (first["live_state"], later["live_state"]) == (again["live_state"], desk.store.live.number())


def test_a_decision_records_the_number(desk: Desk) -> None:
    assert desk.tagger.decisions(TALIBAN.id)["decisions"] == []
    state = desk.follow().live_state
    desk.tagger.article(TALIBAN.id)
    desk.decide("add", "hamas")
    assert [row["live_state"] for row in desk.tagger.decisions(TALIBAN.id)["decisions"]] == [state]


def test_remembered_answers_are_those_of_the_state(desk: Desk) -> None:
    before = desk.tagger.suggest(TALIBAN)
    desk.follow()
    desk.decide("add", "taliban")
    desk.follow()
    after = desk.tagger.suggest(TALIBAN)
    assert (before["live_state"], after["live_state"]) == (None, desk.store.live.number())


def test_what_changes_no_label_has_no_new_number(desk: Desk) -> None:
    number = desk.store.live.number()
    desk.tagger.put_article(TALIBAN)
    desk.tagger.put_article(replace(TALIBAN, title="Taliban attack"))
    desk.tagger.article(TALIBAN.id)
    assert desk.store.live.number() == number
    desk.tagger.put_article(replace(TALIBAN, tags=("iran",)))
    assert desk.store.live.number() > number


def test_changes_at_once_are_all_counted(desk: Desk) -> None:
    articles = [replace(TALIBAN, id=f"c-{n}") for n in range(4)]
    for article in articles:
        desk.tagger.put_article(article)
    before = desk.store.live.number()

    def decide(article: Article) -> None:
        for tag in ("taliban", "hamas"):
            desk.tagger.decide(article.id, DecisionBatch([Draft("add", tag)]), article.id)

    with ThreadPoolExecutor() as pool:
        list(pool.map(decide, articles))
    assert desk.store.live.number() == before + 8


def test_a_list_makes_no_new_sets_when_the_number_rises(desk: Desk, store: Store) -> None:
    wanted = Wanted(state="open", tag="taliban")
    desk.follow()
    shown = {row.article_id: row.suggestion_set_id for row in store.queue.show(wanted, 10)}
    desk.decide("add", "hamas")
    desk.follow()
    again = {row.article_id: row.suggestion_set_id for row in store.queue.show(wanted, 10)}
    assert shown and again == shown


# --- what people see ---


def test_the_page_of_runs_says_what_was_followed(desk: Desk) -> None:
    client: FlaskClient = build_app(desk.tagger, desk.tagger.serving.registry).test_client()
    client.post("/sign-in", data={"name": "ana", "key": "", "next": "/runs"})
    assert "live state" not in client.get("/runs").text
    desk.decide("add", "taliban")
    number = desk.follow().live_state
    text = client.get("/runs").text
    assert f"followed the labels of 1 article (live state {number})" in text and "Taliban +" in text


def test_a_run_records_what_was_followed(desk: Desk, taxonomy: Taxonomy) -> None:
    desk.decide("add", "taliban")

    def followed(*, live_rates: bool) -> object:
        training = TrainingSettings(live_rates=live_rates)
        return read_inputs(desk.store, desk.tagger.serving.registry, training, taxonomy, untracked).followed

    assert followed(live_rates=False) is None
    assert str(followed(live_rates=True)) == str(desk.follow().followed)
