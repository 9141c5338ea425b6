"""Reading ids through the taxonomy of now: the three-valued table for merges and splits, one by one and on random logs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.articles import Article
from classifier.domain.examples import labels_of, read_through
from classifier.domain.resolving import NEGATIVE, POSITIVE, UNKNOWN, heir_of, resolve, resolved, written_as
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from tests.hard import size
from tests.test_taxonomy_log import LINES, log_of, played

P, N, U = POSITIVE, NEGATIVE, UNKNOWN


def after(*lines: str) -> Taxonomy:
    return log_of(*lines).taxonomy()


@pytest.mark.parametrize(
    ("lines", "tag", "living", "heir"),
    [
        ((), "a", ("a",), "a"),
        ((), "gone", (), "gone"),
        (("merge a into b", "merge b into c"), "a", ("c",), "c"),
        (("retire a",), "a", (), "a"),
        (("split a into g h", "merge g into b"), "a", ("b", "h"), "a"),
        (("split a into g h", "merge g h into b"), "a", ("b",), "b"),
        (("split a into g h keep",), "a", ("a",), "a"),
        (("merge a into b", "retire b"), "a", (), "b"),
        (("merge a into b", "split b into g h"), "a", ("g", "h"), "b"),
    ],
)
def test_an_id_is_read_as_the_living_tags_at_the_end_of_all_ways(
    lines: tuple[str, ...], tag: str, living: tuple[str, ...], heir: str
) -> None:
    taxonomy = after(*lines)
    assert resolve(tag, taxonomy) == living
    assert heir_of(tag, taxonomy) == heir


def test_an_id_is_written_as_all_that_was_merged_into_it() -> None:
    taxonomy = after("merge a into b", "rename b to g", "merge c into g")
    assert written_as("g", taxonomy) == ("g", "b", "c", "a")


# --- the table of merges ----------------------------------------------------------------------------------------

STATES: dict[str, int | None] = {"+": P, "-": N, "?": U, " ": None}


def said(**states: str) -> dict[str, int]:
    return {tag: label for tag, state in states.items() if (label := STATES[state]) is not None}


def in_words(label: int | None) -> str:
    return next(state for state, value in STATES.items() if value == label)


@pytest.mark.parametrize(("a", "b", "c"), [*product(STATES, repeat=3)])
def test_a_merged_tag_is_the_three_valued_or_of_its_parts(a: str, b: str, c: str) -> None:
    label = resolved(said(a=a, b=b, c=c), after("merge a b into c")).get("c")
    parts = (a, b, c)
    if "+" in parts:
        assert in_words(label) == "+"
    elif set(parts) == {"-"}:
        assert in_words(label) == "-"
    else:
        assert label in (None, UNKNOWN)
        assert (label == UNKNOWN) == ("?" in parts)


@pytest.mark.parametrize(("whole", "part"), [("+", "?"), ("-", "-"), ("?", "?"), (" ", " ")])
def test_a_part_of_a_split_is_unknown_where_the_whole_was_right(whole: str, part: str) -> None:
    known = resolved(said(a=whole), after("split a into g h"))
    assert [in_words(known.get(tag)) for tag in "gh"] == [part, part]


def test_after_a_choice_the_parts_are_as_chosen() -> None:
    known = resolved(said(a="+", g="+"), after("split a into g h"))
    assert (known["g"], known.get("h")) == (POSITIVE, None)
    assert resolved(said(a="-", g="+"), after("split a into g h"))["g"] == POSITIVE


def test_a_part_that_was_there_before_is_not_wrong_because_the_whole_was() -> None:
    assert "b" not in resolved(said(a="-"), after("split a into b h"))
    assert resolved(said(a="-"), after("split a into b h"))["h"] == NEGATIVE


@pytest.mark.parametrize("state", STATES)
def test_a_renamed_tag_has_the_labels_of_the_old_id_and_its_own_count_alone(state: str) -> None:
    taxonomy = after("rename a to g")
    assert in_words(resolved(said(a=state), taxonomy).get("g")) == state
    for own in "+-?":
        assert in_words(resolved(said(a=state, g=own), taxonomy).get("g")) == own


def test_arrays_have_the_same_labels_and_complete_articles_lack_what_they_do_not_name() -> None:
    taxonomy = after("merge a into c", "split b into g h", "rename d to i")
    column = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
    articles = [
        Article(tags=("a",)),
        Article(tags=("b",)),
        Article(tags=("b", "h")),
        Article(tags=("d",)),
        Article(tags=()),
        Article(rejected=("a",), tags_complete=False),
        Article(rejected=("b", "d"), tags_complete=False),
    ]
    labels = labels_of(articles, taxonomy)[:, [column[tag] for tag in "cghi"]]
    assert labels.tolist() == [
        [P, N, N, N],
        [N, U, U, N],
        [N, N, P, N],
        [N, N, N, P],
        [N, N, N, N],
        [U, U, U, U],
        [U, N, N, N],
    ]


def either(parts: Sequence[int | None]) -> int | None:
    """The three-valued OR of the table."""
    if P in parts:
        return P
    return U if U in parts else N if set(parts) == {N} else None


def played_on_labels(log: FoldedLog, start: dict[str, int]) -> dict[str, int | None]:
    """What the table says of an article's labels, row by row, as the log goes on."""
    known: dict[str, int | None] = dict(start)
    there = {tag.id for tag in log_of().taxonomy().tags}
    for row in log.rows:
        if row.op == "merge" or (row.op == "retire" and "into" in row.args):
            parts = (*row.args.get("tags", (row.args.get("tag"),)), row.args["into"])
            known[row.args["into"]] = either([known.get(tag) for tag in dict.fromkeys(parts)])
        elif row.op == "rename":
            known[row.args["to"]] = known.get(row.args["tag"])
        for part in row.args["into"] if row.op == "split" else ():
            whole = known.get(row.args["tag"])
            if part not in there:
                known[part] = U if whole == P else whole
            elif known.get(part) is None and whole in (P, U):
                known[part] = U
        there |= log.states[row.n].keys()
    return known


def assert_read_as_played(log: FoldedLog, start: dict[str, int]) -> None:
    expected, known = played_on_labels(log, start), resolved(start, log.taxonomy())
    for tag in log.taxonomy().tags:
        if not tag.retired:
            assert known.get(tag.id) == expected.get(tag.id), (tag.id, [row.line for row in log.rows])


@settings(max_examples=size(80, 2000))
@given(st.lists(LINES, max_size=15), st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([P, N, U]), max_size=6))
def test_on_random_logs_with_merges_renames_and_splits_the_table_holds_row_by_row(
    lines: list[str], labels: dict[str, int]
) -> None:
    log = played([line for line in lines if line.split()[0] not in ("undo", "revive")])
    splits = [row for row in log.rows if row.op == "split"]
    parts = {part for row in splits for part in row.args["into"]}
    pairs = [(row.args["tag"], later.args) for row in splits for later in splits if later.n > row.n]
    if any(tag in later["into"] or tag == later["tag"] for tag, later in pairs):
        return  # parts of what became a part itself are unknown with it: nobody knows which split was first
    assert_read_as_played(log, {tag: label for tag, label in labels.items() if tag not in parts})


@pytest.mark.parametrize("label", [P, N, U])
@pytest.mark.parametrize(
    "lines",
    [
        ("split a into g h keep", "merge a into g"),
        ("split a into g h keep", "merge g into a"),
        ("split a into g h keep", "merge g into b", "merge b into a"),
        ("merge b into a", "split a into g h keep", "merge a into g"),
        ("split a into g h", "merge g into h"),
        ("split a into g h keep", "split g into i j", "merge a into i"),
        ("rename a to g", "split g into h i", "merge h into i"),
        ("rename a to g", "split b into c g"),
        ("split a into c g keep", "split a into d c"),
        ("split a into c g keep", "retire d for a"),
        ("split a into c g keep", "merge b d into a"),
        ("merge d into a", "split a into c g keep", "merge b into a"),
    ],
)
def test_parts_that_are_merged_with_their_whole_again_are_read_by_the_table(lines: tuple[str, ...], label: int) -> None:
    assert_read_as_played(log_of(*lines), {"a": label, "b": POSITIVE})


def test_a_circle_of_an_older_model_is_read_as_nothing() -> None:
    circle = Taxonomy(tuple(Tag(tag, tag, status="retired", replaced_by=heir) for tag, heir in ("ab", "ba")))
    assert resolve("a", circle) == ()
    assert resolved(said(a="+"), circle) == {"a": POSITIVE}


@settings(max_examples=size(60, 600))
@given(
    st.lists(LINES, max_size=12),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([P, N, U]), max_size=5),
    st.booleans(),
)
def test_an_article_that_is_read_through_a_taxonomy_has_the_same_labels_again(
    lines: list[str], labels: dict[str, int], complete: bool
) -> None:
    taxonomy = played(lines).taxonomy()
    if any(taxonomy.tag(part).retired for tag in taxonomy.tags for part in tag.parts):
        return  # by living ids nobody can tell which part of a split was right
    tags, rejected, unknown = (tuple(tag for tag in labels if labels[tag] == label) for label in (P, N, U))
    article = Article(tags=tags, rejected=rejected, unknown=unknown, tags_complete=complete)
    read = read_through(article, taxonomy)
    living = [not tag.retired for tag in taxonomy.tags]
    assert labels_of([read], taxonomy)[0, living].tolist() == labels_of([article], taxonomy)[0, living].tolist()
    assert not {tag for tag in read.tags or () if taxonomy.paths.heir(tag) != tag}
