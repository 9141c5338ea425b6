"""The log of the taxonomy in a store, and what the store says of articles whose tags were merged, renamed or split."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from classifier.domain.articles import Article, text_digest
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN, labels_of
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.origins import ACCEPTED, ADDED, ALL, LEFT, NONE
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.errors import BadOperation, ChangedMeanwhile, DependentChanges, NotFound
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.store import Store
from classifier.store.suggestion_sets import Judged, TagScore
from classifier.store.taxonomy import Applied
from tests.everything import put_set
from tests.storing import put_article

START = Taxonomy(tuple(Tag(tag, f"{tag * 3} tag", aliases=(Alias(f"{tag * 3} tag"),)) for tag in "abcd"))


@pytest.fixture
def kept(store: Store) -> Store:
    """A store whose log has the taxonomy."""
    assert store.taxonomy.import_first(START, "tests") is not None
    return store


def do(store: Store, *lines: str) -> Applied:
    return store.taxonomy.apply([operation_from_text(line) for line in lines], "taxonomist")


def head(store: Store) -> Taxonomy:
    present = store.taxonomy.head()
    assert present is not None
    return present.taxonomy


def send(store: Store, article_id: str, tags: tuple[str, ...]) -> None:
    """Send an article as a CMS does, which lists the tags that it has so far."""
    put_article(store, Article(id=article_id, body=article_id, tags=tags, tags_complete=False), "cms")


def decide(store: Store, article_id: str, action: str, tag: str, editor: str = "ed4") -> None:
    store.log.decide(article_id, [Draft(action, tag)], editor, lambda *_: {})


def known(store: Store, article_id: str) -> dict[str, int]:
    """What training learns of an article."""
    taxonomy = head(store)
    (example,) = [one for one in store.exports.attributed() if one.article.id == article_id]
    labels = labels_of([example.article], taxonomy)[0].tolist()
    return {tag.id: label for tag, label in zip(taxonomy.tags, labels, strict=True) if not tag.retired}


def standing(store: Store, article_id: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    found = store.log.read(article_id).standing()
    assert store.log.standings([article_id])[article_id] == found
    return found.tags, found.rejected, found.unsure


# --- the log ----------------------------------------------------------------------------------------------------


def test_a_store_without_a_log_has_no_head_and_the_first_import_is_made_once(store: Store) -> None:
    assert store.taxonomy.head() is None
    assert store.taxonomy.import_first(START, "tests") is not None
    assert store.taxonomy.import_first(Taxonomy(()), "tests") is None
    assert store.taxonomy.head() == (1, START)


def test_a_change_set_is_appended_as_a_whole_and_read_by_whoever_opens_the_store(
    kept: Store, database_url: str
) -> None:
    applied = do(kept, "merge a into b", 'relabel b "Bee"')
    assert (applied.numbers, applied.head.n) == ([2, 3], 3)
    assert kept.taxonomy.rows_of(applied.change_set) == [2, 3]
    other = open_store(database_url)
    assert other.taxonomy.head() == kept.taxonomy.head() == applied.head
    assert [row.line for row in other.taxonomy.log().rows] == ["import 4 tags", "merge a into b", 'relabel b "Bee"']
    other.close()


def test_a_change_set_that_does_not_fit_leaves_nothing(kept: Store) -> None:
    with pytest.raises(BadOperation):
        do(kept, "merge a into b", "merge a into c")
    assert kept.taxonomy.head() == (1, START)
    assert do(kept, "merge a into c").numbers == [2]


def test_changes_of_other_tags_since_the_preview_stand_beside_and_of_the_same_are_named(kept: Store) -> None:
    do(kept, 'relabel a "Ah"')
    merge = [operation_from_text("merge c into d")]
    assert kept.taxonomy.apply(merge, "x", based_on=1).numbers == [3]
    with pytest.raises(ChangedMeanwhile) as refused:
        kept.taxonomy.apply([operation_from_text("merge a into b")], "x", based_on=1)
    assert refused.value.numbers == [2]
    assert '2: relabel a "Ah"' in str(refused.value)
    assert kept.taxonomy.apply([operation_from_text("merge a into b")], "x", based_on=3).numbers == [4]


def test_an_undo_is_a_row_and_what_rests_on_it_goes_with_it(kept: Store) -> None:
    do(kept, "merge a into b")
    do(kept, "merge b into c")
    with pytest.raises(DependentChanges) as refused:
        kept.taxonomy.undo([2], "x")
    assert refused.value.numbers == [3]
    undone = kept.taxonomy.undo([2, 3], "x")
    assert undone.numbers == [4, 5]
    assert undone.head.taxonomy == START
    assert undone.head.taxonomy.version == START.version


def test_writers_at_the_same_time_append_one_after_another(kept: Store, database_url: str) -> None:
    stores = [kept, open_store(database_url)]
    failed: list[Exception] = []

    def write(store: Store, name: str) -> None:
        for number in range(5):
            try:
                do(store, f'create {name}-{number} "{name} number {number} tag"')
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=write, args=(store, name)) for store, name in zip(stores, "xy", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert stores[0].taxonomy.head() == stores[1].taxonomy.head()
    assert [row.n for row in kept.taxonomy.log().rows] == list(range(1, 12))
    stores[1].close()


def test_a_preview_stores_nothing_and_adds_up_to_the_same(kept: Store) -> None:
    lines = [operation_from_text("merge a into b")]
    preview = kept.taxonomy.preview(lines)
    assert kept.taxonomy.head() == (1, START)
    applied = kept.taxonomy.apply(lines, "x").head.taxonomy
    assert [tag.aliases for tag in preview.taxonomy().tags] == [tag.aliases for tag in applied.tags]


# --- articles ---------------------------------------------------------------------------------------------------


def test_an_article_has_the_heir_of_its_tag_at_the_end_of_two_merges(kept: Store) -> None:
    send(kept, "x", ("a",))
    do(kept, "merge a into b")
    do(kept, "merge b into c")
    assert standing(kept, "x") == (("c",), (), ())
    assert known(kept, "x") == {"c": POSITIVE, "d": UNKNOWN}
    (exported,) = kept.exports.examples()
    assert exported.tags == ("c",)
    (filed,) = kept.exports.filed()
    assert filed.article.tags == ("c",)
    kept.import_articles([Article(id="y", body="y", tags=("a",), tags_complete=False)], "import")
    assert known(kept, "y")["c"] == POSITIVE
    for article in "xyz":
        put_article(kept, Article(id="z", body="z"), "cms")
        judged = Judged(article, text_digest(kept.article(article).article), 0.1, [TagScore("c", 0.9, "suggest")])
        kept.suggested.put("model taxonomy", [judged])
    assert [[one.article.id for one in kept.queue.page(Wanted(tag=tag), None, 10)[0]] for tag in "abc"] == [["z"]] * 3


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ({"a": "add", "b": "reject"}, POSITIVE),
        ({"a": "reject", "b": "reject"}, NEGATIVE),
        ({"a": "reject"}, UNKNOWN),
        ({"b": "reject"}, UNKNOWN),
        ({"b": "add"}, POSITIVE),
        ({"a": "unsure", "b": "reject"}, UNKNOWN),
    ],
)
def test_decisions_before_a_merge_are_read_by_the_table(kept: Store, said: dict[str, str], label: int) -> None:
    send(kept, "x", ("d",))
    for tag, action in said.items():
        decide(kept, "x", action, tag)
    do(kept, "merge a into b")
    assert known(kept, "x")["b"] == label
    tags, rejected, unsure = standing(kept, "x")
    assert ("b" in tags, "b" in rejected) == (label == POSITIVE, label == NEGATIVE)
    assert not {"a"} & {*tags, *rejected, *unsure}


@pytest.mark.parametrize(
    ("before", "after", "tag", "label"),
    [
        ("add", "remove", "b", NEGATIVE),
        ("reject", "add", "b", POSITIVE),
        ("add", "unsure", "b", UNKNOWN),
        ("add", "remove", "a", NEGATIVE),  # the old id, as a CMS that does not follow says it
        ("reject", "reject", "b", NEGATIVE),
    ],
)
def test_a_decision_after_the_merge_counts_alone(kept: Store, before: str, after: str, tag: str, label: int) -> None:
    send(kept, "x", ("d",))
    decide(kept, "x", before, "a")
    do(kept, "merge a into b")
    decide(kept, "x", after, tag)
    assert known(kept, "x")["b"] == label
    tags, rejected, unsure = standing(kept, "x")
    assert [("b" in part) for part in (tags, rejected, unsure)] == [
        label == one for one in (POSITIVE, NEGATIVE, UNKNOWN)
    ]


def test_a_decision_after_the_merge_keeps_its_meaning_through_a_second_merge(kept: Store) -> None:
    send(kept, "x", ("d", "a"))
    do(kept, "merge a into b")
    decide(kept, "x", "remove", "b")
    do(kept, "merge b into c")
    assert known(kept, "x")["c"] == UNKNOWN
    decide(kept, "x", "reject", "c")
    assert known(kept, "x")["c"] == NEGATIVE


def test_a_renamed_tag_keeps_every_label(kept: Store) -> None:
    for article, action in (("x", "add"), ("y", "reject"), ("z", "unsure")):
        send(kept, article, ("d",))
        decide(kept, article, action, "a")
    do(kept, "rename a to new")
    assert [known(kept, article)["new"] for article in "xyz"] == [POSITIVE, NEGATIVE, UNKNOWN]
    assert standing(kept, "y") == (("d",), ("new",), ())


def test_a_split_leaves_its_parts_open_where_the_whole_was_right_until_somebody_decides(kept: Store) -> None:
    for article, action in (("x", "add"), ("y", "reject")):
        send(kept, article, ("d",))
        decide(kept, article, action, "a")
    do(kept, "split a into left right")
    assert [known(kept, "x")[tag] for tag in ("left", "right")] == [UNKNOWN, UNKNOWN]
    assert [known(kept, "y")[tag] for tag in ("left", "right")] == [NEGATIVE, NEGATIVE]
    decide(kept, "x", "add", "left")
    assert [known(kept, "x")[tag] for tag in ("left", "right")] == [POSITIVE, UNKNOWN]


def test_complete_articles_of_an_import_are_read_by_the_table(kept: Store) -> None:
    kept.import_articles([Article(id="x", body="x", tags=("a",)), Article(id="y", body="y", tags=("d",))], "import")
    do(kept, "merge a into b", "rename c to new")
    assert known(kept, "x") == {"b": POSITIVE, "d": NEGATIVE, "new": NEGATIVE}
    assert known(kept, "y") == {"b": NEGATIVE, "d": POSITIVE, "new": NEGATIVE}


def test_an_undo_of_a_merge_gives_everything_back(kept: Store) -> None:
    send(kept, "x", ("a", "d"))
    decide(kept, "x", "reject", "b")
    before = standing(kept, "x"), known(kept, "x"), list(kept.exports.examples())
    applied = do(kept, "merge a into b")
    assert standing(kept, "x") == (("b", "d"), (), ())
    kept.taxonomy.undo(applied.numbers, "x")
    assert (standing(kept, "x"), known(kept, "x"), list(kept.exports.examples())) == before


def test_the_queue_of_a_split_holds_exactly_the_articles_that_had_the_tag_until_somebody_decides(kept: Store) -> None:
    for article, tags in {"listed": ("a",), "given": (), "merged": ("c",), "wrong": (), "never": ("d",)}.items():
        send(kept, article, tags)
    decide(kept, "given", "add", "a")
    decide(kept, "wrong", "reject", "a")
    do(kept, "merge c into a", "split a into left right")
    n, waiting = kept.redeciding.waiting("a")
    assert (n, {row.article_id for row in waiting}) == (3, {"listed", "given", "merged"})
    assert kept.redeciding.choices_of("a") == ("left", "right")
    assert standing(kept, "merged") == (("a",), (), ("left", "right"))
    decide(kept, "given", "add", "left")
    decide(kept, "listed", "remove", "a")
    assert [row.article_id for row in kept.redeciding.waiting("a", "teach")[1]] == ["merged"]
    with pytest.raises(NotFound, match="was not split"):
        kept.redeciding.waiting("b")


def test_a_rejection_of_the_heir_while_a_merge_stood_counts_for_both_after_an_undo_and_an_acceptance_for_the_heir(
    kept: Store,
) -> None:
    for article in "xyz":
        send(kept, article, ("a", "d"))
    applied = do(kept, "merge a into b")
    decide(kept, "x", "remove", "b")
    decide(kept, "y", "accept", "b")
    decide(kept, "z", "remove", "b")
    kept.taxonomy.undo(applied.numbers, "x")
    assert {tag: known(kept, "x")[tag] for tag in "ab"} == {"a": NEGATIVE, "b": NEGATIVE}
    assert {tag: known(kept, "y")[tag] for tag in "ab"} == {"a": POSITIVE, "b": POSITIVE}
    decide(kept, "z", "add", "a")
    assert {tag: known(kept, "z")[tag] for tag in "ab"} == {"a": POSITIVE, "b": NEGATIVE}


# --- a CMS ------------------------------------------------------------------------------------------------------


def test_a_cms_that_follows_a_merge_has_dropped_nothing(kept: Store) -> None:
    send(kept, "x", ("a", "d"))
    do(kept, "merge a into b")
    send(kept, "x", ("b", "d"))
    assert list(kept.log.all()) == []
    assert standing(kept, "x") == (("b", "d"), (), ())


def test_a_cms_that_does_not_follow_may_still_drop_the_old_id_and_then_the_heir_is_gone(kept: Store) -> None:
    send(kept, "x", ("a", "d"))
    do(kept, "merge a into b")
    send(kept, "x", ("d",))
    assert [(row.tag, row.action) for row in kept.log.all()] == [("b", "remove")]
    assert standing(kept, "x") == (("d",), ("b",), ())
    send(kept, "x", ("a", "d"))
    assert set(standing(kept, "x")[0]) == {"b", "d"}


def test_what_a_model_offered_under_the_old_id_is_left_standing_under_the_new_one(kept: Store) -> None:
    send(kept, "x", ("d",))
    shown = [TagScore("a", 0.9, "suggest")]
    answer = {"suggestions": [shown[0]._asdict()], "mentioned": []}
    put_set(kept, kept.article("x").article, "model", "taxonomy", answer, 0.1, shown)
    do(kept, "merge a into b")
    send(kept, "x", ("d", "b"))  # the CMS lists what it has made of the suggestion
    (example,) = kept.exports.attributed(learn_left=NONE)
    assert example.origins == {"d": ADDED, "b": LEFT}
    assert example.echoes == {"b"}
    assert known(kept, "x")["b"] == UNKNOWN
    (learned,) = kept.exports.attributed(learn_left=ALL)
    assert labels_of([learned.article], head(kept))[0].tolist()[1] == POSITIVE
    decide(kept, "x", "accept", "b")
    (decided,) = kept.exports.attributed(learn_left=NONE)
    assert (decided.origins["b"], decided.echoes) == (ACCEPTED, frozenset())


# --- the queue --------------------------------------------------------------------------------------------------


@pytest.fixture
def queued(kept: Store) -> Iterator[Store]:
    """Articles for which b is suggested: one tagged a, one on which a is wrong, one of which nothing is known."""
    for article, tags in (("has", ("a",)), ("lacks", ()), ("open", ())):
        send(kept, article, tags)
    decide(kept, "lacks", "reject", "a")
    do(kept, "merge a into b")
    for article in ("has", "lacks", "open"):
        stored = kept.article(article).article
        judged = Judged(article, text_digest(stored), 0.1, [TagScore("b", 0.9, "suggest")])
        kept.suggested.put("model taxonomy", [judged])
    yield kept


@pytest.mark.parametrize("tag", ["a", "b"])
def test_the_queue_of_a_merged_tag_has_the_articles_on_which_it_is_open(queued: Store, tag: str) -> None:
    page, _ = queued.queue.page(Wanted(tag=tag), None, 10)
    assert {stored.article.id for stored in page} == {"lacks", "open"}
    assert sum(queued.queue.counts(Wanted(tag=tag)).values()) == 2
    assert {row.article_id for row in queued.queue.show(Wanted(state="open", tag=tag), 10)} == {"lacks", "open"}
