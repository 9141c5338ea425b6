"""The taxonomy as a table and as YAML: out and in, what is wrong with a file and where, and operations as a table."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.exchange.formats import MAX_BYTES, format_of, read, written
from classifier.domain.exchange.operation_table import operations_of_rows
from classifier.domain.exchange.table import alias_cell, aliases_of
from classifier.domain.operation_lines import operation_from_text, operation_to_text
from classifier.domain.operations import operation_from_json, operation_to_json
from classifier.domain.spreadsheets import guarded, unguarded
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.domain.taxonomy_log import UNDO, FoldedLog, Row, import_row, row_of
from classifier.domain.taxonomy_yaml import parse_taxonomy
from classifier.errors import BadOperation, BadOperations, BadTaxonomy
from tests.hostile import assert_linear

AT = "2026-12-01T05:00:00+00:00"
KINDS = {"group": Kind(), "place": Kind(), "event": Kind(exclusive=True, label_is_alias=False)}
START = Taxonomy(
    (
        Tag(
            "islamic-state",
            "Islamic State",
            "group",
            created="2014-06-29",
            note="The group, not the idea.\nAlso its provinces.",
            aliases=(
                Alias("Islamic State"),
                Alias("IS", case_exact=True, needs=("Syria", "Iraq | Sham"), needs_within=12),
                Alias("Daesh {so called}", weak=True, lang="ar"),
            ),
            labels=(("fr", "État islamique"), ("ru", "Исламское государство")),
            notes=(("fr", "Le groupe"),),
            matches=(("exact", "http://www.wikidata.org/entity/Q2429253"), ("exact", "https://example.org/is")),
            caution=0.9,
            related=("iraq",),
        ),
        Tag("iskp", "IS Khorasan", "group", ("islamic-state",), created="2015-01-26", aliases=(Alias("IS Khorasan"),)),
        Tag("iraq", "Iraq", "place", created="2001", aliases=(Alias("Iraq"),), uri="https://example.org/iraq"),
        Tag("isis", "ISIS", "group", (), "retired", "islamic-state", created="2013", retired_at="2026-01-01T00:00:00"),
        Tag("attack", "=Attack", "event", created="2001", status="muted", labels=(("fr", "-Attentat"),)),
    ),
    KINDS,
)


def log_of(taxonomy: Taxonomy = START) -> FoldedLog:
    return FoldedLog([import_row(taxonomy, 1, AT)])


def apply(log: FoldedLog, form: str, text: str) -> list[str]:
    """Import a file, and return the lines of its operations."""
    operations = read(form, text.encode(), "the file", log, AT).operations
    for operation in operations:
        log.append(row_of(operation, log.n + 1, AT))
    return list(map(operation_to_text, operations))


def problems(form: str, text: str, taxonomy: Taxonomy = START) -> list[str]:
    with pytest.raises(BadTaxonomy) as refused:
        read(form, text.encode(), "the file", log_of(taxonomy), AT)
    return refused.value.problems


def test_the_table_has_the_columns_that_the_documents_name() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", START, {}, {"iskp": 7}))))
    assert list(rows[0]) == (
        [
            "id",
            "label",
            "label@fr",
            "label@ru",
            "kind",
            "broader",
            "aliases",
            "status",
            "replaced_by",
            "wikidata",
            "iptc",
            "articles",
        ]
    )
    assert (rows[0]["wikidata"], rows[0]["label@fr"], rows[1]["articles"]) == ("Q2429253", "État islamique", "7")
    assert rows[0]["aliases"].startswith("Islamic State | IS {")


def test_no_cell_of_the_table_is_a_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", START, {}))))
    assert (rows[4]["label"], rows[4]["label@fr"]) == ("'=Attack", "'-Attentat")


@given(st.text("'=+-@\t\rab", max_size=6))
def test_a_guarded_cell_is_no_formula_and_is_read_as_it_was(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("form", ["csv", "yaml"])
def test_what_went_out_changes_nothing_when_it_comes_in(form: str) -> None:
    assert apply(log_of(), form, written(form, START, {})) == []


def test_yaml_out_is_the_taxonomy_and_makes_it_anew_where_there_is_none() -> None:
    assert parse_taxonomy(written("yaml", START, {}), "") == START
    log = log_of(Taxonomy((), KINDS))
    apply(log, "yaml", written("yaml", START, {}))
    made = log.taxonomy()
    assert [replace(made.by_id[tag.id], retired_at=tag.retired_at) for tag in START.tags] == list(START.tags)
    assert apply(log, "yaml", written("yaml", START, {})) == []


def test_a_table_makes_tags_anew_with_their_replacements() -> None:
    log = log_of(Taxonomy((), KINDS))
    text = written("csv", START, {})
    apply(log, "csv", text)
    assert written("csv", Taxonomy(tuple(log.taxonomy().by_id[tag.id] for tag in START.tags)), {}) == text
    assert log.taxonomy().replacement_of("isis") == "islamic-state"
    assert apply(log, "csv", text) == []


def test_a_table_changes_the_columns_that_it_has() -> None:
    log = log_of()
    text = "id;label;aliases\niskp;IS in Khorasan;ISKP | ISIS-K {strength: weak}\n;Boko Haram;\n"
    assert apply(log, "csv", text) == [
        'alias iskp -"IS Khorasan"',
        'create boko-haram "Boko Haram" kind=group',
        'relabel iskp "IS in Khorasan"',
        'alias iskp +"ISKP" {"case": "exact"}',
        'alias iskp +"ISIS-K" {"strength": "weak"}',
        'alias iskp -"IS Khorasan"',
        'alias iskp -"IS in Khorasan"',
    ]
    tag = log.taxonomy().by_id["iskp"]
    assert (tag.broader, tag.created, len(tag.aliases)) == (("islamic-state",), "2015-01-26", 2)


def test_an_empty_cell_empties_its_field_and_a_missing_column_leaves_it() -> None:
    log = log_of()
    assert apply(log, "csv", "id,label@fr,broader\niskp,,\nislamic-state,,\n") == [
        "move iskp under -",
        'set islamic-state labels.fr=""',
    ]


def test_tags_that_a_file_lacks_stay() -> None:
    log = log_of()
    apply(log, "csv", "id,label\niskp,Khorasan\n")
    assert {tag.id for tag in log.taxonomy().tags} == {tag.id for tag in START.tags}
    assert not log.taxonomy().by_id["iraq"].retired


def test_a_table_retires_and_revives() -> None:
    log = log_of()
    apply(log, "csv", "id,status,replaced_by\niskp,retired,islamic-state\nisis,active,\n")
    taxonomy = log.taxonomy()
    assert taxonomy.replacement_of("iskp") == "islamic-state"
    assert taxonomy.by_id["isis"].active


def test_an_alias_may_move_from_one_tag_to_another_within_a_file() -> None:
    log = log_of()
    apply(log, "csv", "id,label,kind,aliases\niraq,Iraq,place,\nmesopotamia,Mesopotamia,place,Iraq\n")
    assert {alias.text for alias in log.taxonomy().by_id["mesopotamia"].aliases} == {"Mesopotamia", "Iraq"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id,lable\niskp,x", "line 1: unknown column 'lable'"),
        ("id,id\niskp,x", "line 1: the column 'id' stands twice"),
        ("kind\ngroup", "line 1: the first line names the columns"),
        ("", "has no tags"),
        ("id,label\n\n", "has no tags"),
        ("id,label\nOne Two,x", "line 2, column id: the id 'One Two' must be of a-z"),
        ("id,label\niskp,x\n\niskp,y", "line 4, column id: the id 'iskp' stands in line 2 too"),
        ("id,label\niskp,x,y", "line 2: has 3 cells, and there are 2 columns"),
        ('id,label\niskp,"x', "line 2: unexpected end of data"),
        ('id,label\niskp,"a\nb"\nisis,x,z', "line 4: has 3 cells"),
        ("id,status\niskp,gone", "line 2, column status: 'gone' is not active, muted or retired"),
        ("id,kind\niskp,nobody", "line 2, column kind: There is no kind 'nobody'"),
        ("id,broader\niskp,nobody", "line 2, column broader: The taxonomy has no tag 'nobody'"),
        ("id,broader\nislamic-state,iskp", "line 2, column broader: 'islamic-state' would be broader than itself"),
        ("id,replaced_by,status\niskp,iraq,retired", "line 2, column replaced_by: Only tags of one kind"),
        ("id,aliases\niskp,Iraq", "line 2, column aliases: The alias 'Iraq' of 'iskp' is also one of 'iraq'"),
        ("id,aliases\niskp,a", "line 2, column aliases: the alias 'a' is too short"),
        ("id,aliases\niskp,ISK {case: sometimes}", "line 2, column aliases: case 'sometimes' is not one of"),
        ("id,aliases\niskp,{case: exact}", "line 2, column aliases: '{case: exact}' is no alias"),
        ("id,label@french\niskp,x", "line 2, column label@french: 'french' is no language"),
        ("id,wikidata\niskp,Q<1", "line 2, column wikidata: 'Q<1' is neither a code nor a URI"),
        ("id,label\nisis,Isis", "line 2, column label: 'isis' is retired, and stays as it is"),
        ("id,label\nexport,Export", "line 2, column id: 'export' cannot be an id: it is a word of the API"),
        ("id,label\nimport,Import", "line 2, column id: 'import' cannot be an id"),
        ("id,label\nchanges,Changes", "line 2, column id: 'changes' cannot be an id"),
        ("id,label\nchange-sets,Sets", "line 2, column id: 'change-sets' cannot be an id"),
        ("id,label\niskp,a\x00b", "line 2: has a NUL character"),
        (f"id,label\niskp,{'x' * 200_000}", "line 2: field larger than field limit"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_line_and_column(text: str, problem: str) -> None:
    assert any(each.startswith(problem) for each in problems("csv", text)), problems("csv", text)


def test_all_problems_of_a_table_are_named_at_once() -> None:
    assert len(problems("csv", "id,status,label@x\niskp,gone,a\niraq,gone,b")) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tags: [{id: x, label: X, kind: group}]\nkinds: {group: {exclusive: true}}", "the kind 'group' is new"),
        ("tags: [{id: x, label: X, kind: new}]\nkinds: {new: {}}", "the kind 'new' is new or another one"),
        ("a: &a [x]\nb: [*a, *a]", "line 1: write each value where it belongs, without * and &"),
        ("[" * 5000, "exceeded maximum nesting depth"),
        ("tags: " + "[" * 900 + "]" * 900, "line 1: is nested deeper than 12 levels"),
        ("tags: [", "while parsing"),
    ],
)
def test_what_is_wrong_with_yaml_is_said(text: str, problem: str) -> None:
    assert problem in problems("yaml", text)[0]


def test_a_file_is_utf_8_and_has_a_largest_size() -> None:
    for raw, problem in (
        (b"id,label\niskp,\xff", "is not UTF-8 (byte 14)"),
        (b" " * (MAX_BYTES + 1), "bytes; at most"),
    ):
        with pytest.raises(BadTaxonomy, match=problem.replace("(", r"\(").replace(")", r"\)")):
            read("csv", raw, "the file", log_of(), AT)


def test_the_name_of_a_file_tells_its_format() -> None:
    assert (format_of(Path("a/B.CSV")), format_of(Path("x.yml"))) == ("csv", "yaml")
    with pytest.raises(BadTaxonomy, match="its name does not tell its format; name it: --format"):
        format_of(Path("taxonomy.xml"))


@given(
    st.lists(
        st.builds(
            Alias,
            st.text(min_size=1, max_size=12).filter(lambda text: text == text.strip() and "\r" not in text),
            weak=st.booleans(),
            needs=st.lists(st.sampled_from(["a | b", 'c"}', "{d"]), max_size=2).map(tuple),
        ),
        max_size=4,
        unique_by=lambda alias: alias.text,
    )
)
def test_aliases_are_read_from_a_cell_as_they_were_written(aliases: list[Alias]) -> None:
    plain = [replace(alias, case_exact=False) for alias in aliases_of(" | ".join(map(alias_cell, aliases)))]
    assert plain == aliases


def test_a_cell_of_aliases_takes_linear_time() -> None:
    for piece in ("|", "{", '"', "a {", "\\", 'a{"', "a | "):
        assert_linear(_try, lambda n, piece=piece: piece * (n // len(piece)), 40_000)


def _try(cell: str) -> None:
    with suppress(ValueError):
        aliases_of(cell)


# --- operations as a table ---------------------------------------------------------------------------------------

TABLE = """op,tag,label,kind,broader,tags,into,to,labels,keep,under,add,drop,field,value,lang
create,raid,Raid,event,,,,,,,,,,,,
relabel,iskp,Khorasan,,,,,,,,,,,,,fr
merge,,,,,isis | iskp,islamic-state,,,,,,,,,
rename,iskp,,,,,,wilayat,,,,,,,,
split,army,,,,,army-a | navy,,navy=The Navy,true,,,,,,
move,iskp,,,,,,,,,islamic-state | iraq,,,,,
alias,iskp,,,,,,,,,,ISK {case: exact},,,,
alias,iskp,,,,,,,,,,,ISK,,,
set,iskp,,,,,,,,,,,,note,,
set,iskp,,,,,,,,,,,,notes,"{""fr"": ""Le groupe""}",
retire,iskp,,,,,iraq,,,,,,,,,
revive,isis,,,,,,,,,,,,,,
"""


def test_operations_are_read_from_a_table() -> None:
    assert list(map(operation_to_text, operations_of_rows(TABLE, "the file"))) == [
        'create raid "Raid" kind=event',
        'relabel iskp "Khorasan" lang=fr',
        "merge isis iskp into islamic-state",
        "rename iskp to wilayat",
        'split army into army-a navy="The Navy" keep',
        "move iskp under islamic-state iraq",
        'alias iskp +"ISK" {"case": "exact"}',
        'alias iskp -"ISK"',
        'set iskp note=""',
        'set iskp notes.fr="Le groupe"',
        "retire iskp for iraq",
        "revive isis",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("op,tga\nrevive,x", "line 1: 'tga' is no column"),
        ("tag\nx", "line 1: 'no `op`' is no column"),
        ("op,tag", "has no operation"),
        ("op,tag\nrevive,x\nreviv,x", "line 3: An operation has `op`, one of"),
        ("op,tag,into\nmerge,x,y", "line 2: `merge` has no field 'tag'"),
        ("op,tags\nmerge,x", "line 2: `merge` needs `into`"),
        ("op,tag,into,keep\nsplit,x,a | b,maybe", "line 2, column keep: 'maybe' is not true or false"),
        ("op,tag,add\nalias,x,a | b", "line 2, column add: there must be one alias"),
        ("op,tag,into,labels\nsplit,x,a | b,army", "line 2, column labels: labels are written like"),
        ("op,tag,field,value\nset,x,notes,{fr", "line 2, column value: '{fr' is not JSON"),
    ],
)
def test_what_is_wrong_with_a_table_of_operations_is_said_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(BadOperations) as refused:
        operations_of_rows(text, "the file")
    assert refused.value.problems[0].startswith(problem), refused.value.problems


# --- the operations of imports -----------------------------------------------------------------------------------

NEW = {"op": "create", "tag": "new", "label": "New", "kind": "group", "fields": {}}


def test_a_new_tag_with_fields_is_one_line_and_one_object() -> None:
    fields = {"uri": "https://example.org/n", "labels": {"fr": "Neuf }"}, "aliases": [{"text": 'N"w', "weak": True}]}
    operation = operation_from_json(NEW | {"fields": fields})
    assert operation_from_text(operation_to_text(operation)) == operation
    assert operation_from_json(operation_to_json(operation)) == operation
    keep = operation_from_json({"op": "keep", "uri": "https://example.org/n", "statements": ['<p:p> "a\\nb"@en']})
    assert operation_from_text(operation_to_text(keep)) == keep


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"id": "other"}, "The fields of a new tag are aliases, caution"),
        ([], "The fields of a new tag are"),
        ({"uri": "nothing"}, "`uri` names 'nothing', which is no URI"),
        ({"aliases": [{"text": "IS"}]}, "too short to be safe"),
        ({"aliases": [{"txt": "IS"}]}, "unexpected keyword"),
        ({"aliases": 3}, "not iterable"),
        ({"related": ["nobody"]}, "The taxonomy has no tag 'nobody'"),
        ({"replaced_by": "iskp"}, "has `replaced_by` but is not retired"),
        ({"status": "retired", "replaced_by": "nobody"}, "leads to no living tag"),
        ({"status": "retired", "replaced_by": "iraq"}, "Only tags of one kind"),
        ({"status": "gone"}, "`status` cannot be 'gone'"),
        ({"note": 3}, "`note` must be a text"),
        ({"labels": {"fr": ["x"]}}, "`labels` must give a text"),
    ],
)
def test_fields_of_a_new_tag_that_cannot_be_are_refused(fields: Any, problem: str) -> None:
    log = log_of()
    with pytest.raises(BadOperation, match=problem.replace("(", r"\(")):
        log.append(row_of(operation_from_json(NEW | {"fields": fields or [3]}), 2, AT))
    assert log.n == 1


@pytest.mark.parametrize(
    ("uri", "statement"),
    [
        ("no uri", '<p:p> "x"'),
        ("https://example.org/n", '<p:p> "x'),
        ("https://example.org/n", '<p:p> "x" . <a:a> <b:b> "y"'),
        ("https://example.org/n", '<p:p> "x\n"'),
        ("https://example.org/n", "= <p:p> en"),
    ],
)
def test_only_statements_are_kept(uri: str, statement: str) -> None:
    with pytest.raises(BadOperation, match=r"no URI of which|no statement in N-Triples"):
        log_of().append(row_of(operation_from_json({"op": "keep", "uri": uri, "statements": [statement]}), 2, AT))


def test_what_is_kept_is_undone_and_is_no_part_of_the_taxonomy() -> None:
    log = log_of()
    version = log.taxonomy().version
    log.append(row_of(operation_from_text('keep x:x "<p:p> <o:o>"'), 2, AT))
    log.append(row_of(operation_from_text('keep x:x "<p:p> <o:o>" "<p:q> <o:o>"'), 3, AT))
    assert (log.kept, log.taxonomy().version) == ({"x:x": ("<p:p> <o:o>", "<p:q> <o:o>")}, version)
    assert log.dependents(2) == []
    log.append(Row(4, UNDO, {}, AT, undoes=2))
    assert log.kept == {"x:x": ("<p:q> <o:o>",)}
    log.append(Row(5, UNDO, {}, AT, undoes=3))
    assert log.kept == {}


def _many(n: int) -> str:
    return "id,label,kind,broader\n" + "".join(
        f"tag-{i},Tag number {i},group,{f'tag-{i // 9}' if i else ''}\n" for i in range(n // 30)
    )


def test_many_tags_are_made_in_linear_time() -> None:
    assert_linear(lambda text: apply(log_of(Taxonomy((), KINDS)), "csv", text.rpartition("\n")[0]), _many, 24_000)
