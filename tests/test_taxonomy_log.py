"""The log of changes to a taxonomy: random logs are sound, and every row has an exact inverse."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy, ids_in, leads_back
from classifier.domain.taxonomy_log import FoldedLog, Row, import_row, row_of
from classifier.errors import BadOperation, DependentChanges
from tests.hard import size

TAGS = tuple(Tag(tag, f"{tag * 3} group", "group", aliases=(Alias(f"{tag * 3} group"),)) for tag in "abcdef")
START = Taxonomy((*TAGS, Tag("t", "Topic", "topic")), {"group": Kind(), "topic": Kind()})


def at(n: int) -> str:
    return f"2026-12-01T{n // 60:02}:{n % 60:02}:00.000000+00:00"


def log_of(*lines: str) -> FoldedLog:
    log = FoldedLog([import_row(START, 1, at(1))])
    for line in lines:
        add(log, line)
    return log


def add(log: FoldedLog, line: str) -> None:
    n = log.n + 1
    if line.startswith("undo "):
        log.append(Row(n, "undo", {}, at(n), undoes=int(line.split()[1])))
    else:
        log.append(row_of(operation_from_text(line), n, at(n)))


def faults(taxonomy: Taxonomy) -> list[str]:
    """What is not sound in a taxonomy."""
    found, owners = [], dict[str, str]()
    for tag in taxonomy.tags:
        named = [
            other for field in ("broader", "related", "parts", "origin", "replaced_by") for other in ids_in(tag, field)
        ]
        found += [f"{tag.id} names {other}" for other in named if other not in taxonomy.by_id]
        for field in ("broader", "replaced_by"):
            if leads_back(taxonomy.by_id, tag.id, field):
                found.append(f"{field} of {tag.id} leads back")
        if tag.replaced_by and (not tag.retired or taxonomy.tag(tag.replaced_by).kind != tag.kind):
            found.append(f"{tag.id} is replaced by {tag.replaced_by}")
        if not tag.retired:
            found += [f"{tag.id} under retired {above}" for above in tag.broader if taxonomy.tag(above).retired]
            found += [
                f"{alias.text} of two" for alias in tag.aliases if owners.setdefault(alias.text, tag.id) != tag.id
            ]
    return found


IDS = st.sampled_from([*"abcdefgh", "t"])
LINES = st.one_of(
    st.builds('create {0} "{0}{0}{0} group" kind=group broader={1}'.format, IDS, IDS),
    st.builds('relabel {} "{} label"'.format, IDS, st.sampled_from(["One", "Two"])),
    st.builds(
        'relabel {} "{} label" lang={}'.format, IDS, st.sampled_from(["One", "Two"]), st.sampled_from(["fr", "de"])
    ),
    st.builds("merge {} into {}".format, IDS, IDS),
    st.builds("merge {} {} into {}".format, IDS, IDS, IDS),
    st.builds("rename {} to {}".format, IDS, IDS),
    st.builds("split {} into {} {}".format, IDS, IDS, IDS),
    st.builds("split {} into {} {} keep".format, IDS, IDS, IDS),
    st.builds("retire {}".format, IDS),
    st.builds("retire {} for {}".format, IDS, IDS),
    st.builds("revive {}".format, IDS),
    st.builds("move {} under {}".format, IDS, IDS),
    st.builds("move {} under {} {}".format, IDS, IDS, IDS),
    st.builds("move {} under -".format, IDS),
    st.builds('alias {} +"{}"'.format, IDS, st.sampled_from(["Alpha", "Beta", "aaa group"])),
    st.builds('alias {} -"{}"'.format, IDS, st.sampled_from(["Alpha", "Beta", "aaa group"])),
    st.builds("set {} related={}".format, IDS, IDS),
    st.builds('set {} note="{}"'.format, IDS, st.sampled_from(["One", "Two"])),
    st.builds("undo {}".format, st.integers(2, 20)),
)


def played(lines: Sequence[str]) -> FoldedLog:
    """The log of those of some lines that are accepted."""
    log = log_of()
    for line in lines:
        before = log.taxonomy()
        try:
            add(log, line)
        except BadOperation:
            assert log.taxonomy() == before, "what was refused has changed nothing"
            assert line.split()[0] in ("undo", *log_ops)
    return log


log_ops = ("create", "relabel", "merge", "rename", "split", "retire", "revive", "move", "alias", "set")


@settings(max_examples=size(60, 600))
@given(st.lists(LINES, max_size=25))
def test_random_logs_are_sound_and_their_last_rows_have_exact_inverses(lines: list[str]) -> None:
    log = played(lines)
    assert faults(log.taxonomy()) == []
    rows = [Row(**json.loads(json.dumps(vars(row)))) for row in log.rows]
    assert FoldedLog(rows).taxonomy() == log.taxonomy()
    while log.n > 1:  # newest first, each row is undone to what was before it
        expected, last = FoldedLog(log.rows[:-1]).taxonomy(), log.n
        again = FoldedLog(log.rows)
        again.append(Row(last + 1, "undo", {}, at(last + 1), undoes=last))
        assert again.taxonomy() == expected
        again.append(Row(last + 2, "undo", {}, at(last + 2), undoes=last + 1))
        assert again.taxonomy() == log.taxonomy()
        log = FoldedLog(log.rows[:-1])


@settings(max_examples=size(40, 600))
@given(st.lists(LINES, min_size=2, max_size=15), st.data())
def test_a_row_and_all_that_rest_on_it_can_be_undone_newest_first_and_leave_a_sound_taxonomy(
    lines: list[str], data: st.DataObject
) -> None:
    log = played(lines)
    if log.n < 2:
        return
    n = data.draw(st.integers(2, log.n))
    undone = {row.undoes for row in log.rows}
    if n in undone:
        return
    try:
        add(log, f"undo {n}")
    except DependentChanges as error:
        assert error.numbers == sorted(error.numbers, reverse=True)
        assert all(number > n for number in error.numbers)
    except BadOperation as error:
        assert "alias" in str(error) or "retired" in str(error) or "broader" in str(error) or "replaced" in str(error)
    assert faults(log.taxonomy()) == []


# --- undo with changes between ----------------------------------------------------------------------------------


def test_an_undo_leaves_all_that_was_changed_besides() -> None:
    log = log_of("merge a into c", 'alias c +"Sea"', "merge b into c", "undo 2")
    assert log.taxonomy().tag("a") == START.tag("a")
    assert [alias.text for alias in log.taxonomy().tag("c").aliases] == ["ccc group", "Sea", "bbb group"]
    assert log.taxonomy().replacement_of("b") == "c"


@pytest.mark.parametrize(
    ("lines", "n", "later"),
    [
        (('create g "Gamma" kind=group', "move a under g"), 2, [3]),
        (('create g "Gamma" kind=group', "merge a into g"), 2, [3]),
        (("merge a into b", "merge b into c"), 2, [3]),
        (('relabel a "One"', 'relabel a "Two"'), 2, [3]),
        (('alias a +"Alpha"', 'alias a -"Alpha"'), 2, [3]),
        (("merge a into b", 'alias b +"aaa group" {shared: true}'), 2, [3]),
        (("retire a", "revive a"), 2, [3]),
        (("rename a to g", "rename g to h", 'relabel h "Eta"'), 2, [3]),
        (('create g "Gamma" kind=group', "move a under g", "move b under g"), 2, [4, 3]),
    ],
)
def test_an_undo_under_changes_that_rest_on_it_is_refused_with_their_numbers(
    lines: tuple[str, ...], n: int, later: list[int]
) -> None:
    log = log_of(*lines)
    with pytest.raises(DependentChanges) as refused:
        add(log, f"undo {n}")
    assert [number for number in refused.value.numbers if number in later] == later
    for number in (*refused.value.numbers, n):
        add(log, f"undo {number}")
    assert log.taxonomy() == START


def test_changes_that_were_undone_are_in_nobodys_way() -> None:
    log = log_of("merge a into b", "merge b into c", "undo 3", "undo 2")
    assert log.taxonomy() == START


def test_an_undo_may_be_undone_and_the_row_be_undone_again() -> None:
    log = log_of("merge a into b", "undo 2", "undo 3")
    assert log.taxonomy().replacement_of("a") == "b"
    with pytest.raises(BadOperation, match="The change 3 was undone before, by 4"):
        add(log, "undo 3")
    add(log, "undo 4")
    assert log.taxonomy() == START


@pytest.mark.parametrize(
    ("n", "problem"),
    [(1, "The first import cannot be undone"), (9, "There is no change 9; the last one is 3."), (0, "no change 0")],
)
def test_what_cannot_be_undone_is_said(n: int, problem: str) -> None:
    log = log_of("merge a into b", 'alias c +"Sea"')
    with pytest.raises(BadOperation, match=problem):
        add(log, f"undo {n}")


def test_a_tag_that_an_undo_brings_back_has_its_old_place_in_the_order() -> None:
    log = log_of('create g "Gamma" kind=group', 'create h "Eta" kind=group', "undo 2", "undo 4")
    assert [tag.id for tag in log.taxonomy().tags][-2:] == ["g", "h"]


def test_an_import_retires_what_it_lacks_and_says_since_when() -> None:
    log = log_of()
    log.append(import_row(Taxonomy((*TAGS[1:], Tag("n", "New", "topic")), START.kinds), 2, at(2)))
    assert (log.taxonomy().tag("a").status, log.taxonomy().tag("a").retired_at) == ("retired", at(2))
    assert log.taxonomy().tags[-1].id == "n"
    add(log, "undo 2")
    assert log.taxonomy() == START


def test_rows_are_shown_as_people_write_them() -> None:
    log = log_of("merge a b into c", "undo 2")
    assert [row.line for row in log.rows] == ["import 7 tags", "merge a b into c", "undo 2"]
