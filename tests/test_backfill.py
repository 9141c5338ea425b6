"""Tagging the past with one tag: where it would go, a sample that editors judge, the run that this allows, and its undo."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.archive.adding import Plan
from classifier.archive.backfill import _Drawing, allowed, judge_articles, sample_of
from classifier.archive.stored import dry_run, resume, run, undo
from classifier.archive.summary import Summary
from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.progress import untracked
from classifier.errors import BadSetting, NotFound, NotShown, UnknownTag
from classifier.gate.acceptance import BELOW, OPEN, SHOWN
from classifier.serving.registry import Registry
from classifier.serving.sampling import SampleState, living_tags, newest_sample, state_of
from classifier.serving.taxonomy import change
from classifier.store.assignments import Scope
from classifier.store.log import Draft
from classifier.store.samples import Drawn, Sample
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.everything import contents
from tests.storing import put_article

ZAGROS = Article(
    "zagros",
    "Zagros Front bombs a convoy in Kabul",
    "The Zagros Front said it did. ISKP denied it.",
    published_at="2024-06-06",
)
GARDEN = Article("garden", "Tomatoes", "Water the plants each morning and give them compost.")
NEW = 'create zagros-front "Zagros Front" kind=group'


def many(n: int, **fields: Any) -> list[Article]:
    """Articles that name the new tag, over some years."""
    return [
        replace(ZAGROS, id=f"z-{number:03}", published_at=f"{2020 + number % 5}-01-02", **fields) for number in range(n)
    ]


@pytest.fixture
def do(registry: Registry, store: Store) -> Callable[..., None]:
    """Carries out operations on the taxonomy."""
    return lambda *lines: change(registry, store, [operation_from_text(line) for line in lines], "tests") and None


@pytest.fixture
def plan(do: Callable[..., None], registry: Registry) -> Plan:
    """A run for a tag without any example, which only its name tells."""
    do(NEW)
    return Plan(band="suggest", tags=("zagros-front",))


def draw(store: Store, registry: Registry, plan: Plan, seed: int | None = 7) -> SampleState:
    return state_of(store, sample_of(store, registry, plan, "ada", untracked, seed, 1))


def judge(store: Store, state: SampleState, actions: Sequence[str]) -> SampleState:
    """Judge the next articles."""
    ids = [drawn.article_id for drawn in state.next(len(actions))]
    judge_articles(store, state.sample, zip(ids, actions, strict=True), "ada")
    return state_of(store, state.sample)


def backfill(store: Store, registry: Registry, plan: Plan, waived_by: str | None = None) -> Any:
    may = allowed(store, registry, plan, waived_by)
    return run(store, may.folder, may.plan, untracked, 1, may.acceptance)


def standing(store: Store) -> set[tuple[str, str]]:
    return {(one.article_id, one.tag) for one in store.assignments.standing()}


def decide(store: Store, article_id: str, action: str, tag: str | None) -> None:
    store.log.decide(article_id, [Draft(action, tag)], "bo", lambda *_: {})


# --- which tags ---


def test_a_tag_is_read_through_the_taxonomy_of_now(registry: Registry, do: Callable[..., None]) -> None:
    do("merge iskp into islamic-state", "split attack into bombing raid", "retire trial")
    taxonomy = registry.taxonomy()
    assert taxonomy is not None
    assert living_tags(["iskp", "islamic-state", "hamas"], taxonomy) == ("islamic-state", "hamas")
    with pytest.raises(BadSetting, match="attack was split into bombing and raid: name the one you mean"):
        living_tags(["attack"], taxonomy)
    with pytest.raises(BadSetting, match="trial was retired without an heir"):
        living_tags(["trial"], taxonomy)
    with pytest.raises(UnknownTag, match="nobody"):
        living_tags(["nobody"], taxonomy)


def test_only_the_tags_that_are_named_are_added_and_all_else_stays(
    store: Store, registry: Registry, plan: Plan
) -> None:
    store.import_articles([*many(3), GARDEN], "import")
    before = list(store.exports.examples())
    backfill(store, registry, plan, "ada")
    assert standing(store) == {(f"z-00{number}", "zagros-front") for number in range(3)}
    assert list(store.exports.examples()) == before
    backfill(store, registry, replace(plan, tags=("zagros-front", "iskp")), "ada")
    assert {tag for _, tag in standing(store)} == {"zagros-front", "iskp"}


def test_an_heir_gets_what_its_parts_would_have_got(store: Store, registry: Registry, do: Callable[..., None]) -> None:
    store.import_articles([ZAGROS], "import")
    do("merge iskp into islamic-state")
    backfill(store, registry, Plan(band="suggest", tags=("islamic-state",)), "ada")
    assert standing(store) == {("zagros", "islamic-state")}


def test_a_run_is_taken_up_with_its_tag_even_if_that_was_merged_meanwhile(
    store: Store, registry: Registry, plan: Plan, do: Callable[..., None]
) -> None:
    store.import_articles(many(300), "import")
    may = allowed(store, registry, plan, "ada")

    def stop(things: Any, *_: Any) -> Any:
        for n, thing in enumerate(things):
            if n == 200:
                raise KeyboardInterrupt
            yield thing

    with pytest.raises(KeyboardInterrupt):
        run(store, may.folder, may.plan, stop, 1, may.acceptance)
    do("merge zagros-front into hamas")
    ran = resume(store, registry, untracked, 1)
    assert (ran.figures.n_articles, ran.figures.n_added) == (300, 300)
    assert {tag for _, tag in standing(store)} == {"zagros-front", "hamas"}
    result = store.runs.get(ran.run.id).result
    assert result is not None
    assert result["acceptance"] == {"samples": [], "waived_by": "ada"}


# --- dry run ---


def test_a_dry_run_counts_by_score_and_by_year_and_writes_nothing(store: Store, registry: Registry, plan: Plan) -> None:
    store.import_articles([*many(7), replace(ZAGROS, id="undated", published_at=None), GARDEN], "import")
    before = contents(store)
    summary = Summary(registry.load_champion(), plan)
    summary.count(dry_run(store, registry.champion_folder(), plan, untracked, 1))
    (spread,) = summary.spreads
    assert spread.n == 8
    told: Any = spread.to_json()
    assert told["by_year"] == {"no date": 1, "2024": 1, "2023": 1, "2022": 1, "2021": 2, "2020": 2}
    (band,) = told["by_score"]
    assert (band["n"], len(band["examples"])) == (8, 3)
    assert all(band["from"] <= example["score"] < band["to"] for example in band["examples"])
    assert spread.lines()[0] == "zagros-front: 8 articles would get it"
    assert contents(store) == before
    score = max(one.score for one in draw(store, registry, plan).drawn)
    assert draw(store, registry, replace(plan, least_score=score)).judged.n_population == 8
    with pytest.raises(NotFound, match="add zagros-front to no article"):
        draw(store, registry, replace(plan, least_score=score + 0.01))


# --- the sample ---


def test_a_sample_is_the_same_when_one_comes_back_and_another_with_another_seed(
    store: Store, registry: Registry, plan: Plan
) -> None:
    store.import_articles(many(40), "import")
    first = draw(store, registry, plan)
    assert [one.article_id for one in first.drawn] != sorted(one.article_id for one in first.drawn)
    assert {one.article_id for one in first.drawn} == {article.id for article in many(40)}
    store.import_articles([replace(ZAGROS, id="later")], "import")
    again = draw(store, registry, plan, 8)
    assert (again.sample, again.drawn) == (first.sample, first.drawn)
    other = draw(store, registry, replace(plan, scope=Scope(since="2022-01-01")))
    assert (other.sample.id != first.sample.id, other.judged.n_population) == (True, 25)
    assert newest_sample(store, registry, "iskp", replace(plan, tags=("iskp",)).to_json()) is None


def test_each_article_is_as_likely_to_be_drawn_first(store: Store, registry: Registry, plan: Plan) -> None:
    firsts = []
    for seed in range(400):
        drawing = _Drawing(seed)
        for number in range(4):
            drawing._note(f"a{number}", 0.5)
        firsts.append(drawing.drawn[0][0])
    assert all(70 <= firsts.count(f"a{number}") <= 130 for number in range(4))


def test_judgements_are_decisions_that_people_made(store: Store, registry: Registry, plan: Plan) -> None:
    store.import_articles(many(4, tags=("taliban",), tags_complete=True), "import")
    state = judge(store, draw(store, registry, plan), ["accept", "reject", "unsure"])
    right, wrong, unsure = (one.article_id for one in state.drawn[:3])
    assert (state.judged.n_right, state.judged.n_wrong) == (1, 2)
    assert store.log.read(right).standing().tags == ("taliban", "zagros-front")
    assert store.log.read(wrong).standing().rejected == ("zagros-front",)
    attributed = {example.article.id: example for example in store.exports.attributed()}
    assert attributed[right].origins["zagros-front"] == "accepted"  # and not by a list: it is evidence
    assert "zagros-front" not in attributed[right].echoes
    assert "zagros-front" in attributed[unsure].article.unknown
    (row,) = store.log.read(right).rows
    assert (row.action, row.editor, row.in_bulk) == ("accept", "ada", None)
    with pytest.raises(NotFound, match=r"has no article 'garden'. Nothing was logged"):
        judge_articles(store, state.sample, [(unsure, "accept"), ("garden", "accept")], "ada")
    assert store.log.last() == 3


def test_what_else_people_say_of_the_articles_counts_too(store: Store, registry: Registry, plan: Plan) -> None:
    for article in many(4):
        put_article(store, replace(article, tags=(), tags_complete=False), "cms")
    state = draw(store, registry, plan)
    by_cms, closed, deleted, last = (one.article_id for one in state.drawn)
    put_article(store, replace(ZAGROS, id=by_cms, tags=("zagros-front",), tags_complete=False), "cms")
    store.log.decide(closed, [], "bo", lambda *_: {}, complete=True)
    store.delete_article(deleted)
    assert [one.is_right for one in state_of(store, state.sample).drawn] == [True, False, None]
    assert [one.article_id for one in state_of(store, state.sample).next(9)] == [last]


def test_judgements_count_in_the_order_of_the_draw(store: Store, registry: Registry, plan: Plan) -> None:
    store.import_articles(many(5), "import")
    state = draw(store, registry, plan)
    for drawn in state.drawn[1:]:
        decide(store, drawn.article_id, "accept", "zagros-front")
    ahead = state_of(store, state.sample)
    assert (ahead.judged.n, ahead.outcome) == (0, OPEN)
    assert judge(store, ahead, ["accept"]).outcome == SHOWN


def test_a_new_sample_is_drawn_when_the_old_one_tells_nothing_of_a_run(
    store: Store, registry: Registry, plan: Plan, do: Callable[..., None]
) -> None:
    store.import_articles(many(21), "import")
    first = draw(store, registry, plan)
    do('relabel hamas "Hamas movement"', 'set zagros-front note="a group"')
    assert draw(store, registry, plan).sample.id == first.sample.id  # nothing that tells which articles get the tag
    do('alias zagros-front +"Front of Zagros"')
    second = draw(store, registry, plan)
    assert second.sample.id != first.sample.id
    assert judge(store, second, ["reject"] * 3).outcome == BELOW
    assert draw(store, registry, plan).sample.id == second.sample.id  # no second try with the same model
    registry.promote(registry.save(registry.load_fitted_champion()), "tests", "the next night")
    third = draw(store, registry, plan)
    assert (third.sample.id != second.sample.id, third.judged.n_population) == (True, 18)
    registry.promote(registry.save(registry.load_fitted_champion()), "tests", "the next night")
    assert draw(store, registry, plan).sample.id == third.sample.id  # an open one stays, with its own model


# --- the run that it allows ---


def test_a_run_needs_a_sample_that_shows_enough(store: Store, registry: Registry, plan: Plan) -> None:
    store.import_articles(many(20), "import")
    with pytest.raises(NotShown, match=r"nobody drew a sample.*archive sample --tag zagros-front"):
        allowed(store, registry, plan)
    state = judge(store, draw(store, registry, plan), ["accept"] * 15)
    with pytest.raises(NotShown, match=r"15 of 15 judged are right: that shows .* 1 more right ones in a row"):
        allowed(store, registry, plan)
    assert standing(store) == set()
    state = judge(store, state, ["accept"])
    assert state.outcome == SHOWN
    with pytest.raises(NotShown, match="nobody drew"):
        allowed(store, registry, replace(plan, band="auto"))
    champion = registry.champion_folder().name
    registry.promote(registry.save(registry.load_fitted_champion()), "tests", "the next night")
    store.import_articles([replace(ZAGROS, id="later")], "import")
    ran = backfill(store, registry, plan)
    # What was judged has the tag from a person, and what came later is not what the sample was of.
    assert {article for article, _ in standing(store)} == {one.article_id for one in state.drawn[16:]}
    assert ran.model_version == champion
    assert store.samples.get(state.sample.id).run_id == ran.run.id
    result = store.runs.get(ran.run.id).result
    assert result is not None
    assert result["acceptance"] == {"samples": [state.sample.id], "waived_by": None}
    assert draw(store, registry, plan).sample.id != state.sample.id


def test_a_person_can_do_without_a_sample_which_is_recorded(
    store: Store, registry: Registry, plan: Plan, do: Callable[..., None]
) -> None:
    store.import_articles(many(3), "import")
    state = judge(store, draw(store, registry, plan), ["reject"])
    ran = backfill(store, registry, plan, "bo")
    record = store.runs.get(ran.run.id)
    assert record.reason.endswith("bo did without a sample.")
    assert record.result is not None
    assert record.result["acceptance"] == {"samples": [state.sample.id], "waived_by": "bo"}
    assert len(standing(store)) == 2
    do("set zagros-front caution=true")
    with pytest.raises(NotShown, match="has `caution`"):
        allowed(store, registry, plan, "bo")


def test_undo_takes_back_what_a_backfill_added_and_nothing_else(store: Store, registry: Registry, plan: Plan) -> None:
    store.import_articles(many(30), "import")
    run(store, registry.champion_folder(), Plan(band="suggest", tags=("iskp",)), untracked, 1)
    others, state = standing(store), draw(store, registry, plan)
    n_judged = state.judged.n_more or 0
    assert judge(store, state, ["accept"] * n_judged).outcome == SHOWN
    backfill(store, registry, plan)
    left = [one.article_id for one in state.drawn[n_judged:]]
    kept, rejected, *others_left = left
    decide(store, kept, "accept", "zagros-front")
    decide(store, rejected, "reject", "zagros-front")
    undone = undo(store)
    assert (undone.n, {row.article_id for row in undone.kept}) == (len(others_left), {kept, rejected})
    assert others_left
    assert standing(store) == {*others, (kept, "zagros-front")}
    assert {(one.article_id, one.tag) for one in store.assignments.undone()} == {
        (article_id, "zagros-front") for article_id in others_left
    }
    judged = [store.log.read(one.article_id).standing().tags for one in state.drawn[:n_judged]]
    assert all(tags == ("zagros-front",) for tags in judged)


def test_what_a_run_added_and_a_cms_echoes_is_no_judgement(store: Store, registry: Registry, plan: Plan) -> None:
    cms = replace(ZAGROS, tags=(), tags_complete=False)
    put_article(store, cms, "cms")
    state = draw(store, registry, plan)
    backfill(store, registry, plan, "ada")
    put_article(store, replace(cms, tags=("zagros-front",)), "cms")
    assert state_of(store, state.sample).judged.n == 0
    decide(store, "zagros", "accept", "zagros-front")
    assert state_of(store, state.sample).judged.n_right == 1


# --- what is advised ---


def test_where_only_high_scores_are_right_a_least_score_is_proposed() -> None:
    of_sample = Sample("s", "trial", {"least_score": 0.0}, "v", "m", 900, [[900, 300], [400, 600]], 7, "ada", "2026")
    drawn = [Drawn(str(n), "", None, 0.9 if n % 3 else 0.4, bool(n % 3)) for n in range(60)]
    state = SampleState(of_sample, [*drawn, *[Drawn(f"more-{n}", "", None, 0.9, None) for n in range(840)]])
    assert state.outcome == BELOW
    assert state.proposal() == (0.41, 300, 40, 0)
    assert "From a score of 0.41 on, 40 of 40 judged are right, and 300 articles would get it" in state.in_words()
    assert state.next(9) == []
    short = SampleState(of_sample, [*drawn[:12], *[replace(one, is_right=None) for one in drawn[12:]]])
    assert (short.outcome, [one.article_id for one in short.next(2)]) == (BELOW, ["12", "13"])
    assert short.in_words().endswith("Judge more of them to learn from which score on enough are right.")
    hopeless = SampleState(of_sample, [replace(one, score=0.9) for one in drawn])
    assert hopeless.proposal() is None
    assert "look at the names of the tag" in hopeless.in_words()


# --- over HTTP and at a terminal ---


def test_the_queue_of_a_sample_is_in_the_order_of_the_draw_and_loses_what_is_judged(
    store: Store, registry: Registry, plan: Plan, client: FlaskClient
) -> None:
    store.import_articles(many(12, tags=("taliban",)), "import")
    state = draw(store, registry, plan)
    drawn, found, address = (
        [one.article_id for one in state.drawn],
        [],
        f"/v1/articles?sample={state.sample.id}&limit=5",
    )
    page = client.get(address).get_json()
    assert page["counts"] == {"new": 0, "started": 0, "closed": 12}  # an import is complete
    while True:
        found += [row["article_id"] for row in page["articles"]]
        if page["cursor"] is None:
            break
        page = client.get(f"{address}&cursor={page['cursor']}").get_json()
    assert found == drawn
    body = {"decisions": [{"tag": "zagros-front", "action": "accept"}]}
    assert client.post(f"/v1/articles/{drawn[0]}/decisions", json=body).status_code == 201
    assert [row["article_id"] for row in client.get(address).get_json()["articles"]] == drawn[1:6]
    told = client.get(f"/v1/samples/{state.sample.id}").get_json()
    assert (told["n_right"], told["n_wrong"], told["outcome"], told["label"]) == (1, 0, OPEN, "Zagros Front")
    assert told["text"].startswith("1 of 1 judged are right")
    assert client.get("/v1/samples/nobodys").status_code == 404
    assert client.get("/v1/articles?sample=nobodys").get_json()["articles"] == []


@pytest.fixture
def command(
    registry: Registry, database_url: str, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def call(line: str, *more: str) -> tuple[int, str]:
        words = shlex.split(line)
        models = [] if words[1] in ("undo",) else ["--models", str(registry.folder)]
        code = main([*words, *more, "--database", database_url, *models])
        said = capsys.readouterr()
        return code, said.out + said.err

    return call


@pytest.mark.slow
def test_a_backfill_at_a_terminal(
    store: Store, plan: Plan, command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    store.import_articles([*many(20), GARDEN], "import")
    code, said = command(f"archive dry-run --tag zagros-front --output {tmp_path}/dry")
    assert code == 0
    assert "zagros-front: 20 articles would get it" in said
    assert "zagros-front by year" in (tmp_path / "dry.html").read_text()
    assert command("archive dry-run")[0] == 2
    code, said = command("archive run --tag zagros-front")
    assert (code, "nobody drew a sample" in said) == (1, True)
    code, said = command("archive sample --tag zagros-front --show 20 --json")
    sample = json.loads(said.splitlines()[0])
    ids = [one["article_id"] for one in sample["next"]]
    assert (code, sample["n_population"], sample["n_more"], len(ids)) == (0, 20, 16, 20)
    code, said = command(f"archive judge {sample['id']} --right {' '.join(ids[:15])} --by ada")
    assert (code, f"  {ids[15]}  " in said, "1 more right" in said) == (0, True, True)
    code, said = command(f"archive judge {sample['id']} --right {ids[15]} --by ada")
    assert "at least 95 % of the 20 are, with 95 % confidence" in said
    code, said = command("archive run --tag zagros-front")
    assert (code, "4 tags for 4 of 21 articles" in said) == (0, True)
    assert {article for article, _ in standing(store)} == set(ids[16:])
    code, said = command("archive undo")
    assert (code, said.startswith("4 tags of run")) == (0, True)
    assert command("archive run --without-sample")[0] == 2
    assert command("archive run --tag nobody")[0] == 1
    assert command("archive sample --tag iskp hamas")[0] == 2


def test_files_get_only_the_tag_that_is_named(registry: Registry, plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": "zagros", "title": ZAGROS.title, "body": ZAGROS.body}) + "\n")
    where = ["--articles", str(path), "--output", str(tmp_path / "out.jsonl"), "--models", str(registry.folder)]
    assert main(["archive", "run", "--tag", "zagros-front", *where]) == 0
    (record,) = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert [one["tag"] for one in record["suggestions"]] == ["zagros-front"]


def test_the_guide_shows_the_commands_in_their_order() -> None:
    guide = (ROOT / "docs" / "archive.md").read_text("utf-8")
    places = [guide.index(f"archive {name}") for name in ("dry-run --tag", "sample --tag", "judge", "run --tag")]
    assert places == sorted(places)


def test_a_sample_of_a_plan_of_an_earlier_version_is_read(store: Store) -> None:
    assert Plan.from_json({"scope": {"since": "2024-01-01"}, "band": "auto"}) == Plan(Scope(since="2024-01-01"))
