"""Faults in whole runs: which tags are held, what closes the gate, and that everything else goes on."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from classifier.domain.articles import Article
from classifier.domain.snapshots import Snapshot
from classifier.store.log import Draft
from classifier.store.suggestion_sets import TagScore
from classifier.text.stems import Stems
from classifier.training import corpus
from classifier.training.fitting import Fitted, fit
from classifier.training.run_result import Result, strongest_terms
from tests.desk import N_LATER, QUICK, Desk
from tests.everything import put_set
from tests.storing import put_article

LOST, POISONED, INSTEAD = "nigeria", "financing", "humanitarian"

pytestmark = pytest.mark.slow


def learned(desk: Desk) -> Snapshot:
    snapshot = desk.registry.snapshot(str(desk.champion))
    assert snapshot is not None
    return snapshot


def held(result: Result) -> set[str | None]:
    return {one["tag"] for one in result.held}


def having(articles: list[Article], tag: str) -> list[Article]:
    return [one for one in articles if tag in (one.tags or ())]


def poison(articles: list[Article], n: int, published_at: str | None = None) -> list[Article]:
    """Return articles of sentences of one tag's articles, shuffled, that have another tag."""
    sentences, draw = [part for one in having(articles, POISONED) for part in one.body.split(". ")], random.Random(0)
    return [
        Article(
            f"poison-{number}",
            "News",
            ". ".join(draw.sample(sentences, 12)),
            tags=(INSTEAD,),
            published_at=published_at,
        )
        for number in range(n)
    ]


def test_labels_that_vanish_without_a_decision_hold_their_tag_and_others_learn(
    desk: Desk, dated: list[Article]
) -> None:
    before = learned(desk)
    lose = having(dated[:-N_LATER], LOST)
    desk.set_tags({one.id: tuple(tag for tag in one.tags or () if tag != LOST) for one in lose[: -len(lose) // 10]})
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert result.promoted, result.reason
    assert held(result) == {LOST}
    f1 = {row["tag"]: (row["champion"], row["challenger"]) for row in result.details["tags"]}
    assert abs(f1[LOST][0] - f1[LOST][1]) <= 0.05
    now = learned(desk)
    assert all(now.articles[key].of(LOST) == labels.of(LOST) for key, labels in before.articles.items())
    assert all(set(one.tags or ()) - {LOST} <= set(now.articles[one.id].tags) for one in dated[-N_LATER:])


@pytest.mark.parametrize("published_at", [None, "2010-01-01", "2026-11-30"])
def test_poison_is_held_with_its_tag_whatever_its_date(
    desk: Desk, dated: list[Article], published_at: str | None
) -> None:
    desk.add(poison(dated[:-N_LATER], 60, published_at))
    result = desk.retrain()
    assert result.promoted, result.reason
    assert held(result) == {INSTEAD}
    (row,) = result.details["held"]
    assert (row["check"], row["reference"], result.details["n_fits"]) == ("tag_worse", "champion", 2)
    assert set(row["articles"]) <= {f"poison-{number}" for number in range(60)}
    assert held(desk.retrain(force=True)) == {INSTEAD}  # the poison is still there the night after


def test_a_fault_that_is_not_in_the_labels_refuses_the_run_after_the_second_fit(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.champion
    lost = {word for term in strongest_terms(desk.registry.load_champion(), 40)[LOST] for word in term.split()}
    whole = corpus.terms_of_forms

    def without(forms: list[str], stems: Stems | None) -> list[tuple[str, ...]]:
        return [() if form in lost else terms for form, terms in zip(forms, whole(forms, stems), strict=True)]

    monkeypatch.setattr(corpus, "terms_of_forms", without)
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert not result.promoted
    assert ("tag_worse", LOST) in {(one["check"], one["tag"]) for one in result.blocked_by}
    assert result.details["n_fits"] == 2
    assert desk.champion == before


def forgetting(articles: list[Article], n_lost_of: list[dict[str, int]]) -> Any:
    """Return a fit whose cross-validation misses some found articles of tags, in each fit those of the next entry."""
    entries = iter(n_lost_of)

    def damaged(*some: Any) -> Fitted:
        fitted = fit(*some)
        columns, suggested = [tag.id for tag in fitted.model.taxonomy.tags], fitted.held_out.suggested
        for tag, n in next(entries, {}).items():
            with_tag, column = {one.id for one in having(articles, tag)}, columns.index(tag)
            found = [row for row in np.flatnonzero(suggested[:, column]) if fitted.held_out.ids[row] in with_tag]
            suggested[found[:n], column] = False
        return fitted

    return damaged


@pytest.mark.parametrize(("n_lost", "promoted"), [(7, True), (16, False)])
def test_a_held_tag_that_stays_worse_stops_the_others_only_beyond_chance(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch, n_lost: int, promoted: bool
) -> None:
    monkeypatch.setattr("classifier.training.trial.fit", forgetting(dated, [{LOST: n_lost}] * 2))
    desk.add(dated[-N_LATER:][:1])
    result = desk.retrain()
    assert (held(result), result.details["n_fits"]) == ({LOST}, 2)
    assert result.promoted == promoted, result.reason
    assert {one["tag"] for one in result.blocked_by} == (set() if promoted else {LOST})


def test_a_tag_that_gets_worse_only_in_the_second_fit_is_named_and_held_from_the_next_run_on(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = learned(desk)
    lose = having(dated[:-N_LATER], LOST)[:2]  # too few to be counted
    desk.set_tags({one.id: tuple(tag for tag in one.tags or () if tag != LOST) for one in lose})
    monkeypatch.setattr("classifier.training.trial.fit", forgetting(dated, [{POISONED: 16}, {LOST: 7}]))
    result = desk.retrain()
    assert result.promoted, result.reason
    assert (held(result), result.details["n_fits"]) == ({POISONED, LOST}, 2)
    assert next(one["figure"] for one in result.held if one["tag"] == LOST).endswith("from the next run on")
    desk.add(dated[-N_LATER:][:1])
    result = desk.retrain()
    assert (held(result), result.details["n_fits"]) == ({LOST}, 1)
    assert all(learned(desk).articles[one.id].of(LOST) == before.articles[one.id].of(LOST) for one in lose)
    desk.add(dated[-N_LATER:][1:2])
    assert held(desk.retrain()) == set()


def test_weights_of_two_tags_that_are_swapped_refuse_the_run_and_name_both(
    desk: Desk, dated: list[Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped = ("nigeria", "trial")

    def damaged(*some: Any) -> Fitted:
        fitted = fit(*some)
        parameters, taxonomy = fitted.model.parameters, fitted.model.taxonomy
        ids = [taxonomy.tags[column].id for column in parameters.separators.tolist()]
        one, other = (ids.index(tag) for tag in swapped)
        weights = np.asarray(parameters.weights).copy()
        weights[:, [one, other]] = weights[:, [other, one]]
        fitted.model.parameters = replace(parameters, weights=weights)
        model = type(fitted.model)(
            replace(parameters, weights=weights),
            fitted.model.terms,
            fitted.model.title_terms,
            taxonomy,
            card=fitted.card,
            precedents=fitted.model.precedents,
        )
        return fitted._replace(model=model)

    monkeypatch.setattr("classifier.training.trial.fit", damaged)
    desk.add(dated[-N_LATER:])
    result = desk.retrain()
    assert not result.promoted
    assert {(one["check"], one["tag"]) for one in result.blocked_by} == {("served", tag) for tag in swapped}


def test_articles_that_carry_the_champions_own_suggestions_prove_nothing(desk: Desk, dated: list[Article]) -> None:
    desk.add(dated[-N_LATER:])
    plain = desk.run(dry_run=True)[0]
    model = desk.registry.load_champion()
    echoes = [replace(one, id=f"echo-{one.id}", published_at="2026-11-30") for one in dated[:140]]
    _, suggested = model.judge(echoes)
    ids = np.array([tag.id for tag in model.taxonomy.tags], dtype=object)
    desk.add(replace(one, tags=tuple(ids[row])) for one, row in zip(echoes, suggested, strict=True))
    result = desk.retrain()
    assert result.promoted, result.reason
    assert held(result) == held(plain) == set()
    assert result.details["n_reference"] == plain.details["n_reference"]
    assert result.details["measures"]["champion"]["micro_f1"] == plain.details["measures"]["champion"]["micro_f1"]


def echoed(desk: Desk, articles: list[Article]) -> list[Article]:
    """Let a CMS send articles and adopt what the champion suggests. Return them with these tags."""
    model = desk.registry.load_champion()
    _, suggested = model.judge(articles)
    ids, sent = np.array([tag.id for tag in model.taxonomy.tags], dtype=object), []
    for one, row in zip(articles, suggested, strict=True):
        draft = replace(one, tags=None, tags_complete=False)
        put_article(desk.store, draft, "cms")
        shown = [TagScore(tag, 0.9, "auto") for tag in ids[row]]
        put_set(desk.store, draft, model.version, "t", {"suggestions": [], "mentioned": []}, shown=shown)
        sent.append(replace(draft, tags=tuple(ids[row])))
        put_article(desk.store, sent[-1], "cms")
    return sent


def mended(desk: Desk, sent: list[Article], archive: dict[str, Article]) -> None:
    """Let three editors mend what the champion suggested: they accept what is right, and reject what is wrong."""
    for number, one in enumerate(sent):
        right = set(archive[one.id].tags or ())
        drafts = [Draft("accept" if tag in right else "reject", tag) for tag in one.tags or ()]
        drafts += [Draft("add", tag) for tag in sorted(right.difference(one.tags or ()))]
        desk.decide(one.id, ("ana", "ben", "eva")[number % 3], *drafts)


def test_suggestions_that_were_left_standing_prove_nothing_after_they_are_learned_either(
    desk: Desk, dated: list[Article]
) -> None:
    learns_all = replace(QUICK, learn_left="all")
    sent = echoed(desk, dated[-N_LATER:])
    first = desk.retrain(learns_all)
    assert first.promoted, first.reason
    assert first.details["origins"]["left"] == sum(len(one.tags or ()) for one in sent)
    assert first.details["later"] is None  # nothing else has come
    mended(desk, sent[::2], {one.id: one for one in dated})
    result = desk.retrain(learns_all)
    assert (result.promoted, held(result)) == (True, set()), result.reason
    assert result.details["n_reference"] == len(dated) - sum(not one.tags for one in sent)
    assert all(measured["micro_f1"] < 0.95 for measured in result.details["measures"].values())


def test_what_three_editors_reject_is_learned_and_what_one_key_rejects_under_many_names_is_not(
    desk: Desk, dated: list[Article]
) -> None:
    tag = "attack"
    articles = having(dated[:-N_LATER], tag)
    for number, one in enumerate(articles[: round(0.4 * len(articles))]):
        desk.decide(one.id, ("ana", "ben", "eva")[number % 3], Draft("remove", tag))
    result = desk.retrain()
    assert (result.promoted, held(result)) == (True, set()), result.reason
    for number, one in enumerate(articles[round(0.4 * len(articles)) :][:30]):
        desk.decide(one.id, f"cms-2/name{number % 21}", Draft("remove", tag))
    result = desk.retrain()
    assert held(result) == {tag}
    (finding,) = (one for one in result.details["findings"] if one["check"] == "labels_flipped")
    assert finding["editors"] == ["cms-2"]
