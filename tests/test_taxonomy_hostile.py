"""Logs of the taxonomy that nobody would write on purpose: what they must not break."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import delete

from classifier.domain.articles import Article
from classifier.domain.editing import Editor
from classifier.domain.examples import NEGATIVE, POSITIVE
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.operations import Merge
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, import_row, row_of
from classifier.errors import BadOperation
from classifier.store.database.opening import open_store
from classifier.store.schema import taxonomy_changes
from classifier.store.store import Store
from tests.test_taxonomy_log import START, log_of
from tests.test_taxonomy_store import START as KEPT
from tests.test_taxonomy_store import decide, do, head, known, send, standing


@pytest.fixture
def kept(store: Store) -> Store:
    """A store whose log has the taxonomy."""
    store.taxonomy.import_first(KEPT, "tests")
    return store


# --- ids and texts ----------------------------------------------------------------------------------------------


def test_ids_may_be_words_of_the_language_of_operations() -> None:
    log = log_of('create into "Into it" kind=group', 'rename "into" to "to"', 'create "for" "For it" kind=group')
    for line in ('merge "to" "for" into a', 'split a into "keep" "under" keep', 'move "keep" under "under"'):
        log.append(row_of(operation_from_text(line), log.n + 1, "2026-12-01T00:00:00"))
    assert [row.line for row in log.rows[-3:]] == [
        'merge "to" "for" into a',
        'split a into "keep" "under" keep',
        'move "keep" under "under"',
    ]
    assert log.taxonomy().replacement_of("into") == "a"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("rename a to g", "rename g to a"), "There is a tag 'a' already, which is retired. Undo what retired it"),
        (("rename a to g", "undo 2", 'create g "Gamma" kind=group'), "an id is never used again"),
        (("split a into g h", "undo 2", "rename b to h"), "an id is never used again"),
        (("set a related=a",), "'a' cannot be related to itself"),
        (("merge a into b", "split b into a c"), "'a' is retired in favour of 'b'"),
        (('create x "" kind=group',), "`label` of `create` cannot be ''"),
        (("set a caution=nan",), "`caution` is true, false or the least score"),
    ],
)
def test_what_would_use_an_id_again_or_mean_nothing_is_refused(lines: tuple[str, ...], problem: str) -> None:
    with pytest.raises(BadOperation) as refused:
        log_of(*lines)
    assert problem in str(refused.value)


# --- many operations --------------------------------------------------------------------------------------------


def _merging(n_tags: int, n_merges: int) -> float:
    """Return the CPU seconds of some merges into a few tags of a taxonomy."""
    tags = tuple(Tag(f"tag-{n}", f"Tag number {n}", aliases=(Alias(f"Tag number {n}"),)) for n in range(n_tags))
    log = FoldedLog([import_row(Taxonomy(tags, {"theme": Kind()}), 1, "2026-12-01")])
    log.append(row_of(Merge((f"tag-{n_tags - 2}",), f"tag-{n_tags - 1}"), 2, "2026-12-01"))
    began = time.process_time()
    for n in range(n_merges):
        log.append(row_of(Merge((f"tag-{n}",), f"tag-{300 + n % 50}"), n + 3, "2026-12-01"))
    seconds = time.process_time() - began
    assert sum(tag.retired for tag in log.taxonomy().tags) == n_merges + 1
    return seconds


def test_a_merge_does_not_cost_more_in_a_larger_taxonomy() -> None:
    small, large = (min(_merging(n_tags, 100) for _ in range(2)) for n_tags in (400, 2400))
    assert large < 4 * small


def test_an_editor_that_is_copied_goes_on_by_itself() -> None:
    editor = Editor(START)
    copy = editor.copy()
    copy.set_fields("a", status="retired", replaced_by="b")
    assert ([tag.id for tag in editor.namers("b")], [tag.id for tag in copy.namers("b")]) == ([], ["a"])
    assert (editor.owners({"aaa group"}).keys(), copy.owners({"aaa group"})) == ({"aaa group"}, {})


# --- merges that come and go ------------------------------------------------------------------------------------


def test_what_was_decided_between_an_undo_and_its_undo_counts_for_the_tag_that_was_meant(kept: Store) -> None:
    for article in "xy":
        send(kept, article, ("d",))
    merged = do(kept, "merge a into b")
    undone = kept.taxonomy.undo(merged.numbers, "x")
    decide(kept, "x", "add", "b")
    decide(kept, "x", "reject", "a")  # of a, which lives
    decide(kept, "y", "reject", "a")
    kept.taxonomy.undo(undone.numbers, "x")
    assert head(kept).replacement_of("a") == "b"
    assert known(kept, "x")["b"] == POSITIVE
    assert known(kept, "y").get("b") != NEGATIVE
    decide(kept, "x", "reject", "a")  # of b now
    assert known(kept, "x")["b"] == NEGATIVE


def test_a_tag_that_is_revived_lacks_what_its_heir_was_rejected_on(kept: Store) -> None:
    for article in "xy":
        send(kept, article, ("a", "d"))
    do(kept, "merge a into b")
    decide(kept, "x", "remove", "b")
    do(kept, "revive a")
    decide(kept, "y", "remove", "b")
    assert {tag: known(kept, "x")[tag] for tag in "ab"} == {"a": NEGATIVE, "b": NEGATIVE}
    assert {tag: known(kept, "y")[tag] for tag in "ab"} == {"a": POSITIVE, "b": NEGATIVE}


def test_what_was_decided_under_a_new_id_counts_for_the_old_one_when_the_rename_is_undone(kept: Store) -> None:
    for article in "xyz":
        send(kept, article, ("d",))
    decide(kept, "z", "add", "a")
    renamed = do(kept, "rename a to new")
    decide(kept, "x", "add", "new")
    decide(kept, "y", "reject", "new")
    decide(kept, "z", "remove", "new")
    send(kept, "cms", ("new",))  # it follows the feed
    kept.taxonomy.undo(renamed.numbers, "x")
    assert [known(kept, article).get("a") for article in ("x", "y", "z", "cms")] == [
        POSITIVE,
        NEGATIVE,
        NEGATIVE,
        POSITIVE,
    ]
    assert standing(kept, "cms") == (("a",), (), ())
    assert standing(kept, "x") == (("d", "a"), (), ())
    assert head(kept).replacement_of("new") == "a"


def test_three_merges_one_after_another_are_undone_from_the_middle_with_what_rests_on_it(kept: Store) -> None:
    send(kept, "x", ("a",))
    before = standing(kept, "x"), known(kept, "x"), kept.taxonomy.head()
    for line in ("merge a into b", "merge b into c", "merge c into d"):
        do(kept, line)
    assert standing(kept, "x") == (("d",), (), ())
    kept.taxonomy.undo([4, 3], "x")
    assert standing(kept, "x") == (("b",), (), ())
    kept.taxonomy.undo([2], "x")
    assert (standing(kept, "x"), known(kept, "x")) == before[:2]
    assert kept.taxonomy.head().taxonomy == before[2].taxonomy  # type: ignore[union-attr]


# --- another log in the same place ------------------------------------------------------------------------------


@pytest.fixture
def other(kept: Store, database_url: str) -> Iterator[Store]:
    """The same store, opened by another process."""
    store = open_store(database_url)
    yield store
    store.close()


def test_a_store_that_was_put_back_and_has_as_many_changes_again_is_read_anew(kept: Store, other: Store) -> None:
    send(kept, "x", ("a",))
    do(kept, "merge a into b")
    assert standing(kept, "x") == (("b",), (), ())
    with other.engine.begin() as connection:  # a backup from before the merge
        connection.execute(delete(taxonomy_changes).where(taxonomy_changes.c.n == 2))
    do(other, "merge a into c")
    assert standing(kept, "x") == (("c",), (), ())
    do(other, "merge c into d")
    assert kept.taxonomy.head() == other.taxonomy.head()


def test_a_change_that_was_not_committed_is_not_read(kept: Store) -> None:
    with pytest.raises(BadOperation):
        do(kept, 'relabel a "Ah"', "merge a into gone")
    assert kept.taxonomy.head() == (1, head(kept))
    assert head(kept).tag("a").label == "aaa tag"
    kept.import_articles([Article(id="x", body="x", tags=("a",))], "import")
    assert known(kept, "x")["a"] == POSITIVE
