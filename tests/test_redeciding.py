"""What people have to decide again: which tags are open after changes of the taxonomy, in SQL as by the fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import literal, select

from classifier.domain.articles import Article, text_digest
from classifier.domain.decisions import CMS, Decision, Listing, Standing, fold
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, Row, import_row, row_of
from classifier.errors import BadOperation, NotFound
from classifier.store.database.opening import open_store
from classifier.store.log import Draft
from classifier.store.queue import Wanted
from classifier.store.rows import new_id
from classifier.store.schema import articles, decisions
from classifier.store.settling import settled_through
from classifier.store.store import Store
from classifier.store.suggestion_sets import Judged, TagScore
from tests.hard import size
from tests.postgres import database
from tests.storing import put_article
from tests.test_taxonomy_log import START
from tests.test_taxonomy_store import START as TAXONOMY
from tests.test_taxonomy_store import decide, do, send, standing

# --- the filter of the queue, in SQL as by the fold ----------------------------------------------------------------

_TAGS = st.sampled_from([*"abcdgh", "g1"])
_CHANGES = st.one_of(
    st.builds("merge {} into {}".format, _TAGS, _TAGS),
    st.builds("merge {} {} into {}".format, _TAGS, _TAGS, _TAGS),
    st.builds("rename {} to {}".format, _TAGS, st.sampled_from("ghij")),
    st.builds("split {} into {} {}".format, _TAGS, _TAGS, _TAGS),
    st.builds("split {} into {} {} keep".format, _TAGS, _TAGS, _TAGS),
    st.builds("retire {}".format, _TAGS),
    st.builds("revive {}".format, _TAGS),
    st.builds("undo {}".format, st.integers(2, 12)),
)
_SAYS = st.tuples(
    st.sampled_from(["accept", "reject", "add", "remove", "unsure", "undo"]),
    _TAGS,
    st.sampled_from(["ann", "ben", CMS]),
    st.booleans(),  # whether on a text that is another one now
)
_STEPS = st.lists(st.one_of(_CHANGES, _SAYS, _SAYS), max_size=16)


def moment(number: int) -> str:
    return f"2026-12-01T{number // 60:02}:{number % 60:02}:00.000000+00:00"


def lived_through(article: Article, steps: Sequence[object]) -> tuple[Taxonomy, list[Decision]]:
    """Play changes of the taxonomy and decisions on an article in their order, each a minute behind the one before."""
    log, rows = FoldedLog([import_row(START, 1, moment(0))]), list[Decision]()
    for number, step in enumerate(steps, 1):
        if isinstance(step, str):
            try:
                if step.startswith("undo "):
                    log.append(Row(log.n + 1, "undo", {}, moment(number), undoes=int(step.split()[1])))
                else:
                    log.append(row_of(operation_from_text(step), log.n + 1, moment(number)))
            except BadOperation:
                continue
        elif isinstance(step, tuple):
            action, tag, editor, is_stale = step
            free = [row for row in rows if row.action != "undo" and row.id not in {one.undoes for one in rows}]
            undone = free[-1] if action == "undo" and free else None
            if action != "undo" or undone is not None:
                facts = {"digest": "of another text" if is_stale else text_digest(article)}
                tag = undone.tag if undone is not None else tag
                undoes = undone.id if undone is not None else None
                rows.append(Decision(new_id(), article.id, tag, action, editor, moment(number), undoes=undoes, **facts))
    return log.taxonomy(), rows


def folded(article: Article, rows: Sequence[Decision], taxonomy: Taxonomy) -> Standing:
    listing = Listing(article.tags or (), article.rejected)
    return fold(rows, {text_digest(article)}, listing, taxonomy).through(taxonomy)


def is_settled(store: Store, article_id: str, tag: str, taxonomy: Taxonomy) -> bool:
    with store.reading() as connection:
        return bool(connection.scalar(select(settled_through(literal(article_id), tag, taxonomy.paths))))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store for many examples, each with an article of its own."""
    store = open_store(database(tmp_path_factory.mktemp("redeciding")))
    yield store
    store.close()


@pytest.mark.slow
@given(_STEPS, st.lists(_TAGS, unique=True, max_size=2), st.lists(_TAGS, unique=True, max_size=2))
@settings(max_examples=size(25, 3000), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_queue_and_the_fold_agree_on_what_is_settled_after_any_changes(
    shared: Store, steps: list[object], listed: list[str], rejected: list[str]
) -> None:
    article = Article(new_id(), "Title", "body", tags=tuple(listed), tags_complete=False)
    put_article(shared, article, "cms")
    taxonomy, rows = lived_through(article, steps)
    wrong = tuple(tag for tag in rejected if tag not in listed)
    with shared.engine.begin() as connection:
        connection.execute(articles.update().where(articles.c.id == article.id).values(rejected=list(wrong)))
        if rows:
            connection.execute(decisions.insert(), [vars(row) for row in rows])
    plain = {tag.id for tag in taxonomy.tags if taxonomy.paths.is_plain_for(tag.id)}
    found = folded(Article(article.id, "Title", "body", tags=tuple(listed), rejected=wrong), rows, taxonomy)
    spoken_of = {*found.tags, *found.decisions, *(tag for tag in found.rejected if tag not in plain)}
    for tag in (tag.id for tag in taxonomy.tags if not tag.retired):
        assert is_settled(shared, article.id, tag, taxonomy) == (tag in spoken_of), tag


# --- "A or B?" after an undo ------------------------------------------------------------------------------------


@pytest.fixture
def kept(store: Store) -> Store:
    """A store whose log has a taxonomy, with three articles, one of which has the tag a."""
    store.taxonomy.import_first(TAXONOMY, "tests")
    for article, tags in (("x", ("a",)), ("y", ()), ("z", ())):
        send(store, article, tags)
    return store


def waiting(store: Store, tag: str, order: str = "newest") -> dict[str, tuple[str, ...]]:
    n, rows = store.redeciding.waiting(tag, order)
    assert n == len(rows)
    return {row.article_id: row.between for row in rows}


@pytest.mark.parametrize(
    ("merge", "heir", "between"), [("merge a into b", "b", ("a", "b")), ("merge a b into c", "c", ("a", "b", "c"))]
)
def test_what_was_accepted_while_a_merge_stood_waits_after_its_undo(
    kept: Store, merge: str, heir: str, between: tuple[str, ...]
) -> None:
    decide(kept, "z", "add", heir)  # before the merge: it is about the heir alone
    applied = do(kept, merge)
    decide(kept, "x", "accept", heir)
    decide(kept, "y", "remove", heir)
    undone = kept.taxonomy.undo(applied.numbers, "taxonomist")
    decide(kept, "y", "add", heir)  # after it
    assert kept.redeciding.choices_of(heir) == between
    assert waiting(kept, heir) == {"x": between}
    assert standing(kept, "x")[0] == ("a", heir)
    kept.taxonomy.undo(undone.numbers, "taxonomist")
    assert (kept.redeciding.choices_of(heir), waiting(kept, heir)) == ((), {})
    assert kept.taxonomy.undo(applied.numbers, "taxonomist").head.taxonomy == undone.head.taxonomy
    assert waiting(kept, heir) == {"x": between}
    with pytest.raises(NotFound, match="no merge into it was undone"):
        kept.redeciding.waiting("d")


@pytest.mark.parametrize(
    ("answer", "tags"),
    [
        ((("add", "a"), ("remove", "b")), {"a"}),
        ((("remove", "a"), ("add", "b")), {"b"}),
        ((("add", "a"), ("add", "b")), {"a", "b"}),
        ((("remove", "a"), ("remove", "b")), set()),
        ((("unsure", "b"),), {"a"}),
    ],
)
def test_any_answer_takes_an_article_out_of_the_queue_and_its_undo_puts_it_back(
    kept: Store, answer: tuple[tuple[str, str], ...], tags: set[str]
) -> None:
    applied = do(kept, "merge a into b")
    decide(kept, "x", "accept", "b")
    kept.taxonomy.undo(applied.numbers, "taxonomist")
    for action, tag in answer:
        decide(kept, "x", action, tag)
    assert waiting(kept, "b") == {}
    assert set(standing(kept, "x")[0]) == tags
    for row in kept.log.read("x").rows[-len(answer) :]:
        kept.log.decide("x", [Draft("undo", undoes=row.id)], "ed4", lambda *_: {})
    assert waiting(kept, "b") == {"x": ("a", "b")}


def test_what_was_decided_on_a_new_id_that_was_taken_back_counts_for_the_old_one(kept: Store) -> None:
    applied = do(kept, "rename b to new")
    decide(kept, "x", "add", "new")
    decide(kept, "y", "reject", "new")
    kept.taxonomy.undo(applied.numbers, "taxonomist")
    assert set(standing(kept, "x")[0]) == {"a", "b"}
    assert standing(kept, "y") == ((), ("b",), ())
    assert waiting(kept, "new") == {}


def test_merges_in_a_row_that_are_undone_ask_for_all_that_were_one_at_the_time(kept: Store) -> None:
    first, second = do(kept, "merge a into b"), do(kept, "merge b into c")
    decide(kept, "x", "accept", "c")
    kept.taxonomy.undo([*second.numbers, *first.numbers], "taxonomist")
    assert {key: set(between) for key, between in waiting(kept, "c").items()} == {"x": {"a", "b", "c"}}


# --- the queue of a split ---------------------------------------------------------------------------------------


def test_an_article_that_has_none_of_the_parts_has_been_decided(kept: Store) -> None:
    do(kept, "split a into left right")
    assert waiting(kept, "a") == {"x": ("left", "right")}
    decide(kept, "x", "reject", "left")
    assert waiting(kept, "a") == {"x": ("left", "right")}
    decide(kept, "x", "reject", "right")
    assert waiting(kept, "a") == {}


def test_the_doubtful_come_first(kept: Store) -> None:
    scores = {"clear": (0.9, 0.1), "doubtful": (0.6, 0.5), "unnamed": ()}
    for article in scores:
        send(kept, article, ("a",))
    do(kept, "split a into left right")
    for article, of_parts in scores.items():
        shown = [TagScore(tag, score, "suggest") for tag, score in zip(("left", "right"), of_parts, strict=False)]
        kept.suggested.put("m t", [Judged(article, text_digest(kept.article(article).article), 0.1, shown)])
    decide(kept, "x", "remove", "a")
    assert list(waiting(kept, "a", "doubtful")) == ["unnamed", "doubtful", "clear"]


# --- the queue --------------------------------------------------------------------------------------------------


def test_the_queue_of_a_split_has_each_waiting_article_once_whatever_its_state(kept: Store) -> None:
    for number in range(7):
        send(kept, f"n{number}", ("a",))
    do(kept, "split a into b c")
    kept.log.decide("n1", [Draft("complete")], "ann", lambda *_: {})
    decide(kept, "n2", "accept", "b")
    wanted = Wanted(redecide="a")
    pages, end = list[str](), None
    while page := kept.queue.ids(wanted, end, 2):
        pages, end = pages + page[0], page[1]
        if end is None:
            break
    assert sorted(pages) == sorted(waiting(kept, "a")) == ["n0", "n1", "n3", "n4", "n5", "n6", "x"]
    assert kept.queue.counts(wanted) == {"new": 6, "started": 0, "closed": 1}
    assert kept.queue.ids(Wanted("closed", redecide="a"), None, 9)[0] == ["n1"]
    assert kept.queue.ids(Wanted(redecide="a", source="elsewhere"), None, 9)[0] == []
    with pytest.raises(NotFound, match="was not split"):
        kept.queue.ids(Wanted(redecide="b"), None, 9)
