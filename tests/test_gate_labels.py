"""The gate and labels: what counts as evidence, which labels turned for no good reason, and what a held tag keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, Attributed, labels_of
from classifier.domain.snapshots import CrossValidated, Snapshot, snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.gate.accounting import Turned, count_labels
from classifier.gate.holding import Held, count_runs, held_long, hold, hold_in_snapshot
from classifier.gate.reference import CHAMPION, Reference, reference_to
from classifier.store.log import Draft
from classifier.store.store import Store

TAXONOMY = Taxonomy((Tag("attack", "Attack"), Tag("iskp", "ISKP"), Tag("m23", "M23")))
ATTACK, ISKP, M23 = range(3)
RENAMED = Taxonomy(
    (*TAXONOMY.tags[1:], Tag("attack", "Attack", status="retired", replaced_by="raid"), Tag("raid", "Raid"))
)


def example(number: int, *tags: str, by: dict[str, str] | None = None, body: str = "Text") -> Attributed:
    article = Article(f"a{number:04}", f"Story {number}", f"{body} of story {number}.", tags=tags)
    return Attributed(article, "2024-06-06", said_by=by or {})


def archive(n: int = 200) -> list[Attributed]:
    """A half is about attacks, a fifth about ISKP."""
    return [
        example(number, *(["attack"] if number % 2 else []), *(["iskp"] if number % 5 == 0 else []))
        for number in range(n)
    ]


def seen(examples: list[Attributed]) -> Snapshot:
    """Return the snapshot of a model whose cross-validation was always right."""
    snapshot = snapshot_of(each.article for each in examples)
    return snapshot.with_validated({key: CrossValidated(0, labels.tags) for key, labels in snapshot.articles.items()})


def since(
    before: list[Attributed],
    after: list[Attributed],
    taxonomy: Taxonomy = TAXONOMY,
    snapshot: Snapshot | None = None,
    accepted: Sequence[str] = (),
) -> Reference:
    return reference_to(CHAMPION, "v1", snapshot or seen(before), after, taxonomy, accepted)


def turned(before: list[Attributed], after: list[Attributed], taxonomy: Taxonomy = TAXONOMY) -> list[Turned]:
    return count_labels(since(before, after, taxonomy), taxonomy)


def lose(examples: list[Attributed], n: int, tag: str = "attack", new: str = "", by: str = "") -> list[Attributed]:
    """Return the examples of which the first `n` with a tag have lost it; one may have come in its place."""
    lost = {each.article.id for each in [one for one in examples if tag in (one.article.tags or ())][:n]}
    return [
        replace(
            each,
            article=replace(
                each.article, tags=(*(t for t in each.article.tags or () if t != tag), *([new] if new else []))
            ),
            said_by={tag: by.format(number)} if by else {},
        )
        if each.article.id in lost
        else each
        for number, each in enumerate(examples)
    ]


# --- what counts as evidence ---


def test_labels_of_then_count_and_decisions_of_persons_overwrite_them() -> None:
    before = archive()
    after = lose(before, 10)
    labels = since(before, after).labels()
    lost = [row for row, each in enumerate(before) if "attack" in (each.article.tags or ())][:10]
    assert labels[lost, ATTACK].tolist() == [1] * 10  # nobody said so
    decided = lose(before, 4, by="maria")
    labels = since(before, decided).labels()
    assert labels[lost, ATTACK].tolist() == [0] * 4 + [1] * 6
    assert since(before, decided).labels(held=[ATTACK])[lost, ATTACK].tolist() == [1] * 10
    assert since(before, after, accepted=["attack"]).labels()[lost, ATTACK].tolist() == [0] * 10


def test_what_a_cms_says_is_no_decision_of_a_person() -> None:
    before = archive()
    assert not since(before, lose(before, 9, by="cms")).decided.any()
    assert since(before, lose(before, 9, by="wp/ed{}")).decided.sum() == 9


def test_new_articles_and_articles_that_are_gone_are_no_evidence() -> None:
    before = archive()
    reference = since(before, [*before[5:], *(example(900 + n, "m23") for n in range(30))])
    assert len(reference.rows) == len(reference.labels()) == 195
    assert not (reference.labels()[:, M23] == 1).any()


def test_labels_and_suggestions_are_read_through_the_replacements_of_now() -> None:
    before = archive()
    reference = since(before, lose(before, 100, new="raid"), RENAMED)
    raid = RENAMED.tags.index(RENAMED.by_id["raid"])
    assert (reference.then[:, raid] == reference.now[:, raid]).all()
    assert (reference.suggested[:, raid] == (reference.then[:, raid] == 1)).all()


def test_models_are_compared_where_both_have_been_validated() -> None:
    before = archive()
    snapshot = seen(before)
    known = snapshot.with_validated({f"a{n:04}": CrossValidated(1, ("iskp",)) for n in range(50, 60)})
    after = lose(before, 40, by="maria")
    whole = since(before, after, snapshot=known)
    part = whole.part(whole.validated)
    assert part.rows.tolist() == list(range(50, 60))
    assert part.suggested[:, ISKP].all()
    assert part.decided.sum() == sum("attack" in each.said_by for each in after[50:60]) == 5


def echoing(examples: list[Attributed], *numbers: int, tag: str = "attack") -> list[Attributed]:
    """Return the examples with some whose tag a model has suggested and nobody has decided on."""
    return [replace(each, echoes=frozenset([tag])) if n in numbers else each for n, each in enumerate(examples)]


def test_what_a_model_suggested_and_nobody_looked_at_is_no_evidence() -> None:
    before = archive()
    labels = since(before, echoing(before, 1, 2)).labels()
    assert labels[:4, ATTACK].tolist() == [
        NEGATIVE,
        UNKNOWN,
        NEGATIVE,
        POSITIVE,
    ]  # a negative label contradicts the model
    assert labels[:4, ISKP].tolist() == [POSITIVE, NEGATIVE, NEGATIVE, NEGATIVE]
    gone = lose(echoing(before, 1), 1, by="cms")  # the CMS has taken it off: it was an echo all the same
    assert since(before, gone).labels()[1, ATTACK] == UNKNOWN
    for held, accepted in (([ATTACK], []), ([], ["attack"])):
        assert since(before, echoing(before, 1), accepted=accepted).labels(held)[1, ATTACK] == UNKNOWN


def test_an_echo_counts_once_a_person_has_decided() -> None:
    before = archive()
    after = [replace(each, said_by={"attack": "maria"}) if n == 1 else each for n, each in enumerate(before)]
    assert since(before, after).labels()[1, ATTACK] == POSITIVE
    mended = lose(before, 1, by="maria")
    assert since(before, mended).labels()[1, ATTACK] == NEGATIVE


def test_of_an_article_that_nobody_touched_only_decisions_are_evidence() -> None:
    before = archive()
    article = replace(before[3].article, rejected=("iskp",))
    after = [replace(each, article=article, left_alone=True) if n == 3 else each for n, each in enumerate(before)]
    labels = since(after, after).labels()[3]
    assert (labels[ATTACK], labels[ISKP], labels[M23]) == (POSITIVE, NEGATIVE, UNKNOWN)


def test_an_echo_of_a_retired_tag_is_one_of_its_replacement() -> None:
    before = archive()
    raid = RENAMED.tags.index(RENAMED.by_id["raid"])
    assert since(before, echoing(before, 1), RENAMED).labels()[[1, 3], raid].tolist() == [UNKNOWN, POSITIVE]


def test_parts_keep_their_echoes() -> None:
    reference = since(archive(), echoing(archive(), 51))
    part = reference.part(reference.rows >= 50)
    assert part.labels()[:4, ATTACK].tolist() == [NEGATIVE, UNKNOWN, NEGATIVE, POSITIVE]


# --- label accounting ---


def test_a_tenth_of_a_tag_that_turned_without_a_decision_is_found_from_three_on() -> None:
    before = archive()
    (found,) = turned(before, lose(before, 10))
    assert (found.tag, len(found.rows), found.n_given, found.n_unnamed, found.keys) == (ATTACK, 10, 0, 10, [])
    assert turned(before, lose(before, 9)) == []
    few = [example(number, *(["m23"] if number < 4 else [])) for number in range(60)]
    assert [each.tag for each in turned(few, lose(few, 3, "m23"))] == [M23]
    assert [each.is_bulk for each in turned(few, lose(few, 3, "m23"))] == [True]


@pytest.mark.parametrize(("n_with", "n_lost", "is_found"), [(4, 2, True), (8, 1, True), (11, 1, False), (20, 2, True)])
def test_a_small_tag_that_loses_a_tenth_without_a_decision_is_found_and_not_in_bulk(
    n_with: int, n_lost: int, is_found: bool
) -> None:
    before = [example(number, *(["m23"] if number < n_with else [])) for number in range(60)]
    assert [each.is_bulk for each in turned(before, lose(before, n_lost, "m23"))] == [False] * is_found
    assert turned(before, lose(before, n_lost, "m23", by="maria")) == []
    assert turned(lose(before, n_lost, "m23"), before) == []  # labels that came are no loss


def test_labels_that_are_given_without_a_decision_are_found_too() -> None:
    before = archive()
    after = [replace(each, article=replace(each.article, tags=("iskp",))) for each in before]
    found = {each.tag: each for each in turned(before, after)}
    assert (found[ISKP].n_given, len(found[ISKP].rows)) == (160, 160)


def test_what_persons_decided_is_no_fault_whatever_the_share() -> None:
    before = archive()
    assert turned(before, lose(before, 57, by="editor{}")) == []


@pytest.mark.parametrize(("n", "is_found"), [(20, True), (19, False)])
def test_a_fifth_by_one_key_under_many_names_is_found(n: int, is_found: bool) -> None:
    before = archive()
    found = turned(before, lose(before, n, by="wp/editor{}"))
    assert [each.keys for each in found] == [["wp"]] * is_found


def test_texts_that_changed_new_articles_and_labels_that_were_unknown_are_no_turns() -> None:
    before = archive()
    rewritten = [replace(each, article=replace(each.article, body="Another text.")) for each in lose(before, 60)]
    assert turned(before, rewritten) == []
    assert turned(before, [example(900 + n, "attack") for n in range(90)]) == []
    open_ones = [replace(each, article=replace(each.article, tags=(), tags_complete=False)) for each in before]
    assert turned(open_ones, before) == []


def test_a_tag_that_is_new_cannot_have_been_lost() -> None:
    before = archive()
    with_new = [
        replace(each, article=replace(each.article, tags=(*(each.article.tags or ()), "m23"))) for each in before
    ]
    assert turned(before, with_new) == []


def test_a_tag_in_the_place_of_another_is_named() -> None:
    before = archive()
    (found,) = turned(before, lose(before, 100, new="m23"))
    assert (found.tag, found.renamed) == (ATTACK, M23)
    (found,) = turned(before, lose(before, 100))
    assert found.renamed is None


def test_a_renaming_by_the_taxonomy_turns_nothing() -> None:
    before = archive()
    assert turned(before, lose(before, 100, new="raid"), RENAMED) == []
    assert turned(before, before, RENAMED) == []


def test_labels_that_are_lost_slowly_are_found_since_the_anchor_before_a_sixth_is_gone() -> None:
    """Three of a hundred labels are lost each night. Since last night's champion that is never enough."""
    nights = [lose(archive(), 3 * night) for night in range(9)]
    assert [turned(before, after) for before, after in pairwise(nights)] == [[]] * 8
    found = [bool(turned(nights[0], after)) for after in nights]
    assert found == [False] * 4 + [True] * 5  # from 12 % on


def test_what_was_accepted_since_is_settled() -> None:
    before = archive()
    assert count_labels(since(before, lose(before, 60), accepted=["attack"]), TAXONOMY) == []


def test_the_figure_names_no_key() -> None:
    before = archive()
    after = lose(before, 30, by="secret/maria{}")
    (found,) = turned(before, after)
    figure = found.figure(since(before, after), TAXONOMY)
    assert (
        "30 articles lost the tag and 0 got it since the champion, of 100 with it. No person decided so on 0" in figure
    )
    assert figure.endswith("Too many of the decisions come from one key")
    assert "secret" not in figure


def silent(examples: list[Attributed], n: int, **more: Any) -> list[Attributed]:
    """Return the examples of which the first `n` with attacks come without a word on them."""
    lost = {each.article.id for each in [one for one in examples if "attack" in (one.article.tags or ())][:n]}
    return [
        replace(each, article=replace(each.article, tags=(), rejected=("m23",), tags_complete=False, **more))
        if each.article.id in lost
        else each
        for each in examples
    ]


def test_a_label_that_vanishes_without_a_word_is_counted_and_one_that_is_left_open_is_not() -> None:
    before = archive()
    (found,) = turned(before, silent(before, 10))
    assert (found.tag, len(found.rows), found.n_unnamed) == (ATTACK, 10, 10)
    assert turned(before, silent(before, 9)) == []
    assert turned(before, silent(before, 50, unknown=("attack", "iskp"))) == []


def test_taking_a_decision_back_is_a_reason_unless_one_key_does_too_much_of_it() -> None:
    before = archive()
    after = [replace(each, said_by={}, undone_by=each.said_by) for each in lose(before, 15, by="maria")]
    assert turned(before, after) == []
    after = [replace(each, said_by={}, undone_by=each.said_by) for each in lose(before, 25, by="key/name{}")]
    (found,) = turned(before, after)
    assert (found.n_unnamed, found.keys) == (0, ["key"])
    labels = since(before, silent(before, 5)).labels()
    assert (labels == since(before, before).labels()).all()


def test_an_editor_who_undoes_many_decisions_is_seen_as_the_reason(store: Store) -> None:
    articles = [each.article for each in archive(30)]
    store.import_articles(articles, "import")
    for article in articles[::2]:
        store.log.decide(article.id, [Draft("add", "attack")], "maria", lambda *_: {})
    before = seen(list(store.exports.attributed()))
    for entry in list(store.log.all()):
        store.log.decide(entry.article_id, [Draft("undo", undoes=entry.id)], "maria", lambda *_: {})
    reference = reference_to(CHAMPION, "v1", before, list(store.exports.attributed()), TAXONOMY)
    assert int((reference.then != reference.now)[:, ATTACK].sum()) == 15
    assert count_labels(reference, TAXONOMY) == []


def test_an_article_that_loses_its_last_label_is_counted(store: Store) -> None:
    articles = [replace(each.article, tags_complete=False) for each in archive(30)]
    store.import_articles(articles, "import")
    before = seen(list(store.exports.attributed()))
    store.import_articles([replace(article, tags=()) for article in articles[1:21:2]], "import")
    after = list(store.exports.attributed(known=before.articles))
    found, few = count_labels(reference_to(CHAMPION, "v1", before, after, TAXONOMY), TAXONOMY)
    assert (found.tag, len(found.rows), found.n_unnamed, found.is_bulk) == (ATTACK, 10, 10, True)
    assert (few.tag, len(few.rows), few.is_bulk) == (ISKP, 2, False)


# --- held tags ---


def held(
    before: list[Attributed], after: list[Attributed], tag: int = ATTACK, taxonomy: Taxonomy = TAXONOMY
) -> list[Held]:
    return [Held(tag, "tag_worse", "", since(before, after, taxonomy))]


def test_a_held_tag_keeps_its_labels_and_is_unknown_on_new_articles_and_no_other_tag_changes() -> None:
    before = archive()
    after = [*lose(before, 90, by="maria"), *(example(900 + n, "attack", "m23") for n in range(30))]
    articles = hold([each.article for each in after], held(before, after), TAXONOMY)
    labels, plain = labels_of(articles, TAXONOMY), labels_of([each.article for each in after], TAXONOMY)
    assert (labels[:200, ATTACK] == labels_of([each.article for each in before], TAXONOMY)[:, ATTACK]).all()
    assert (labels[200:, ATTACK] == -1).all()
    assert (labels[:200, [ISKP, M23]] == plain[:200, [ISKP, M23]]).all()
    assert (labels[200:, M23] == POSITIVE).all()


def test_new_articles_with_a_tag_that_got_worse_are_not_believed_about_the_tags_that_they_lack() -> None:
    before = archive()
    with_tag, without = [example(900 + n, "attack") for n in range(3)], [example(903 + n, "m23") for n in range(3)]
    after = [*before, *with_tag, *without]
    articles, worse = [each.article for each in after], held(before, after)
    labels = labels_of(hold(articles, worse, TAXONOMY), TAXONOMY)
    assert (labels[200:203] == UNKNOWN).all()
    assert labels[203:].tolist() == [[UNKNOWN, NEGATIVE, POSITIVE]] * 3
    turned = [each._replace(check="labels_flipped") for each in worse]  # the fault is in the articles that it knew
    assert labels_of(hold(articles, turned, TAXONOMY), TAXONOMY)[200:203, M23].tolist() == [NEGATIVE] * 3


def test_the_labels_of_articles_whose_tags_are_not_complete_are_held_too() -> None:
    before = [
        replace(each, article=replace(each.article, tags_complete=False, rejected=("iskp",) * (number % 2)))
        for number, each in enumerate(archive())
    ]
    after = [replace(each, article=replace(each.article, tags=("iskp",), rejected=())) for each in before]
    labels = labels_of(hold([each.article for each in after], held(before, after, ISKP), TAXONOMY), TAXONOMY)
    assert (labels[:, ISKP] == labels_of([each.article for each in before], TAXONOMY)[:, ISKP]).all()


def test_a_held_replacement_keeps_what_its_predecessor_had() -> None:
    before = archive()
    after = [*before[50:], *(example(900 + n, "attack") for n in range(30))]
    raid = RENAMED.tags.index(RENAMED.by_id["raid"])
    articles = hold([each.article for each in after], held(before, after, raid, RENAMED), RENAMED)
    labels = labels_of(articles, RENAMED)
    assert labels[:150, raid].tolist() == [number % 2 for number in range(50, 200)]
    assert (labels[150:, raid] == -1).all()


def test_the_snapshot_says_what_was_learned() -> None:
    before = archive()
    after = [*lose(before, 90), *(example(900 + n, "attack") for n in range(30))]
    articles, kept = [each.article for each in after], held(before, after)
    ids = [article.id for article in articles]
    snapshot = hold_in_snapshot(snapshot_of(articles), ids, kept, TAXONOMY)
    assert snapshot.articles == snapshot_of(hold(articles, kept, TAXONOMY)).articles
    assert snapshot.articles["a0001"].tags == ("attack",)
    assert snapshot.articles["a0900"].of("attack") is None
    assert hold_in_snapshot(snapshot_of(articles), ids, [], TAXONOMY) == snapshot_of(articles)
    # The night after, the same fault is seen again: nothing that was held has been forgotten.
    assert [each.tag for each in count_labels(since(before, after, snapshot=snapshot), TAXONOMY)] == [ATTACK]


def test_a_tag_that_is_held_in_three_runs_in_a_row_is_told() -> None:
    rows = [each.to_json(TAXONOMY) for each in held(archive(), archive())]
    card: dict[str, Any] = {}
    told = []
    for night in (rows, rows, [], rows, rows, rows, rows):
        card = {"held": count_runs(night, card)}
        told.append(held_long(card))
    assert told == [[], [], [], [], [], ["attack"], ["attack"]]
    assert held_long({}) == []  # a model of an earlier program
