"""CSV, folders, JSON Lines: what is taken of them, how terms become tags, what the report says, what is set aside.

WordPress exports have a file of their own: test_wxr.py.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.progress import Amount, untracked
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadArticle, BadImport, BadMap
from classifier.importers import Outcome, import_files, read_files
from classifier.importers.folders import amount_of, id_of
from classifier.importers.formats import format_of
from classifier.importers.lines import MAX_LINE
from classifier.importers.mapping import TermMap, read_map
from classifier.importers.records import MAX_TERM, MAX_TEXT, CmsTerm, ReadOptions, SetAside
from classifier.store.store import Imported, Store
from tests.conftest import ROOT, STARTER
from tests.everything import stored_articles
from tests.hard import size
from tests.test_wxr import FOOT, HEAD, LISTS, item
from tests.waiting import SECONDS

TABLE = """id,title,body,tags,published_at
a-1,Car bomb in Mogadishu,Nine died.,Al Shabaab; Attack,2024-06-06
a-2,Talks in Doha,Envoys met.,Taliban,
"""


class Took(NamedTuple):
    """What was read of files: the articles by their ids, what was set aside, and the rest of the outcome."""

    articles: dict[str, Article]
    aside: list[SetAside]
    outcome: Outcome


def took(path: Path, reading: ReadOptions | None = None, terms: TermMap | None = None) -> Took:
    aside: list[SetAside] = []
    outcome = Outcome()
    articles = read_files([path], outcome, reading or ReadOptions(), terms, aside.append)
    return Took({article.id: article for article in articles}, aside, outcome)


def written(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Took]:
    """Read a table of some content."""

    def read(content: str | bytes, terms: TermMap | None = None, **reading: Any) -> Took:
        return took(written(tmp_path / "desk.csv", content), ReadOptions(**reading), terms)

    return read


Table = Callable[..., Took]


# --- CSV: which column is what ---


def test_a_row_becomes_an_article_with_its_terms(table: Table) -> None:
    read = table(TABLE)
    assert read.articles == {
        "a-1": Article(
            "a-1", "Car bomb in Mogadishu", "Nine died.", tags=("Al Shabaab", "Attack"), published_at="2024-06-06"
        ),
        "a-2": Article("a-2", "Talks in Doha", "Envoys met.", tags=("Taliban",)),
    }
    assert read.aside == []


def test_columns_are_led_to_fields_and_the_others_passed_over(table: Table) -> None:
    columns = {"id": ("Post ID",), "title": ("Headline",), "body": ("Text",), "tags": ("Groups", "Regions")}
    content = "Author,POST  ID,Text,headline,Regions,Groups\nAda,7,Nine died.,Car bomb,Somalia,Al Shabaab\n"
    assert table(content, columns=columns).articles == {
        "7": Article("7", "Car bomb", "Nine died.", tags=("Al Shabaab", "Somalia"))
    }


def test_ids_have_the_prefix_and_bodies_the_format_that_were_named(table: Table) -> None:
    read = table("id,body,url\n7,<p>Nine died.</p>,https://desk.example/7\n", id_prefix="desk:", body_format="html")
    assert read.articles == {"desk:7": Article("desk:7", "", "<p>Nine died.</p>", "html", url="https://desk.example/7")}


def test_a_column_of_formats_counts_more_than_the_option(table: Table) -> None:
    read = table("id,body,body_format\n1,a,HTML\n2,b,\n3,c,pdf\n", body_format="text")
    assert [article.body_format for article in read.articles.values()] == ["html", "text"]
    assert [(one.line, one.field) for one in read.aside] == [(4, "body_format")]


def test_without_a_column_of_tags_nothing_is_said_of_them(table: Table) -> None:
    assert table("id,title\n1,A\n").articles["1"].tags is None
    assert table("id,title,tags\n1,A,\n").articles["1"].tags == ()


def test_articles_that_may_lack_tags_are_not_complete(table: Table) -> None:
    assert table(TABLE).articles["a-1"].tags_complete
    assert not table(TABLE, tags_complete=False).articles["a-1"].tags_complete


@pytest.mark.parametrize(
    ("header", "columns", "told"),
    [
        ("nr,title", None, "no column for `id`. The columns are: nr, title"),
        ("id,name", None, "no column for `title` or `body`"),
        ("id,title", {"id": ("id",), "title": ("Headline",)}, "no column for `title`: Headline"),
        ("id,title", {"id": ("id",), "title": ("title",), "tags": ("A", "title")}, "no column for `tags`: A, title"),
        ("id,title,title", None, "2 columns are called 'title'"),
        ("", None, "no column for `id`"),
    ],
    ids=["no id", "no text", "mapped title", "one of two", "twice", "empty"],
)
def test_a_table_without_its_columns_is_refused_with_those_that_it_has(
    table: Table, header: str, columns: dict[str, tuple[str, ...]] | None, told: str
) -> None:
    read = table(f"{header}\n1,2,3\n", columns=columns)
    assert (read.articles, read.aside) == ({}, [])
    assert told in read.outcome.failures[0]
    assert "desk.csv, line 1: " in read.outcome.failures[0]


def test_dates_are_read_in_the_form_that_was_named(table: Table) -> None:
    content = "id,title,published_at\n1,A,06/07/2024\n2,B,2024-07-06\n3,C,\n"
    read = table(content, date_format="%d/%m/%Y")
    assert [article.published_at for article in read.articles.values()] == ["2024-07-06T00:00:00+00:00", None]
    assert [(one.line, one.field) for one in read.aside] == [(3, "published_at")]


# --- CSV: how it is written ---


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(table: Table, delimiter: str) -> None:
    header = delimiter.join(["id", "title", "tags"])
    row = delimiter.join(["1", '"A, b; c | d\te"', "Taliban"])
    assert table(f"{header}\n{row}\n").articles == {"1": Article("1", "A, b; c | d\te", tags=("Taliban",))}


def test_the_delimiter_is_the_one_that_finds_the_mapped_headers(table: Table) -> None:
    columns = {"id": ("ID, old",), "title": ("Name, full",)}
    read = table("ID, old;Name, full;a,b,c\n1;A;x\n", columns=columns)
    assert read.articles["1"].title == "A"


def test_any_other_delimiter_can_be_named(table: Table) -> None:
    assert table("id~title\n1~A\n", delimiter="~").articles["1"].title == "A"


@pytest.mark.parametrize("line", ["sep=~", '"sep=~"', "SEP=~"])
def test_a_first_line_that_names_the_delimiter_is_obeyed_and_lines_count_from_it(table: Table, line: str) -> None:
    read = table(f"{line}\nid~title\n1~A, b; c\n2\n")
    assert read.articles["1"].title == "A, b; c"
    assert read.aside[0].line == 4


@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-8"), ("utf-8-sig", "cp1252"), ("cp1252", "cp1252")],
)
def test_the_encoding_is_that_of_the_byte_order_mark_or_the_one_that_was_named(
    table: Table, encoding: str, named: str
) -> None:
    content = "id,title\n1,Café “Zürich”\n".encode(encoding)
    assert table(content, encoding=named).articles["1"].title == "Café “Zürich”"


def test_a_row_in_another_encoding_is_set_aside_and_the_next_one_goes_in(table: Table) -> None:
    read = table("id,title\n1,Café\n2,Plain\n".encode("cp1252"))
    assert list(read.articles) == ["2"]
    assert (read.aside[0].line, "Not UTF-8" in read.aside[0].reason) == (2, True)
    assert "--encoding cp1252" in read.aside[0].reason


def test_a_field_over_several_lines_is_whole_and_lines_are_counted_on(table: Table) -> None:
    read = table('id,title,body\r\n1,A,"One ""quoted"" line.\r\n\r\nAnother."\r\n2,B\r\n')
    assert read.articles["1"].body == 'One "quoted" line.\r\n\r\nAnother.'
    assert [(one.line, one.reason) for one in read.aside] == [(5, "2 columns where the header has 3.")]


def test_a_quotation_mark_that_is_not_doubled_costs_its_row_alone(table: Table) -> None:
    read = table('id,title\n1,"A "b" c"\n2,B\n')
    assert list(read.articles) == ["2"]
    assert (read.aside[0].line, read.aside[0].reason[:7]) == (2, "Not CSV")


def test_a_quotation_mark_that_is_never_closed_is_named_where_it_opens(table: Table) -> None:
    read = table('id,title\n1,A\n2,"B\n3,C\n4,D\n')
    assert list(read.articles) == ["1"]
    assert "desk.csv, line 3: a quotation mark opens a field and is never closed" in read.outcome.failures[0]


@pytest.mark.parametrize(
    "rest", ["x" * (MAX_TEXT + 10), "line\n" * (4 * MAX_TEXT // 5 + 10)], ids=["one line", "many lines"]
)
def test_a_field_without_an_end_is_refused_with_its_line(table: Table, rest: str) -> None:
    read = table(f'id,title\n1,A\n2,"{rest}')
    assert list(read.articles) == ["1"]
    assert "desk.csv, line 3: " in read.outcome.failures[0]
    assert "MB" in read.outcome.failures[0]
    assert len(read.outcome.failures[0]) < 1000


def test_empty_rows_are_no_rows_and_empty_cells_at_the_end_no_columns(table: Table) -> None:
    read = table("id,title\n\n1,A,,\n,\n2,B\n")
    assert (list(read.articles), read.aside) == (["1", "2"], [])


def test_rows_that_cannot_be_stored_are_set_aside_with_line_field_and_reason(table: Table) -> None:
    read = table("id,title,published_at\n,A,\na b,B,\n1,C,yesterday\n2,D,\n2,E,\n3\n")
    assert list(read.articles) == ["2"]
    assert [(one.line, one.field) for one in read.aside] == [
        (2, "id"),
        (3, "id"),
        (4, "published_at"),
        (6, "id"),
        (7, ""),
    ]
    assert "desk.csv, line 5 too" in read.aside[3].reason


def test_nul_becomes_a_blank(table: Table) -> None:
    assert table(b"id,title\n1,A\x00b\n").articles["1"].title == "A b"


@pytest.mark.parametrize(
    ("cell", "separator", "tags"),
    [
        ('"Attack, Trial"', None, ("Attack", "Trial")),
        ('"Smith, Ada; Trial"', None, ("Smith, Ada", "Trial")),
        ("a|b", None, ("a", "b")),
        ('"Attack, Trial"', ";", ("Attack, Trial",)),
        ("a/b/a", "/", ("a", "b")),
        (" ; ", None, ()),
    ],
)
def test_a_cell_is_parted_into_terms(table: Table, cell: str, separator: str | None, tags: tuple[str, ...]) -> None:
    assert table(f"id,title,tags\n1,A,{cell}\n", tag_separator=separator).articles["1"].tags == tags


def test_a_cell_that_is_no_term_sets_its_row_aside(table: Table) -> None:
    read = table(f"id,title,tags\n1,A,{'x' * (MAX_TERM + 1)}\n2,B,Trial\n")
    assert (list(read.articles), [one.field for one in read.aside]) == (["2"], ["tags"])


# --- folders ---


def test_text_and_html_files_become_articles(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    written(folder / "kabul.txt", "\nBomb in Kabul \n\nNine died.\n")
    written(
        folder / "2024/06/doha.HTML", "<html><head><title>Talks in\n Doha</title></head><body><p>A</p></body></html>"
    )
    written(folder / "heading.htm", "<h1>Raid in <b>Sirte</b></h1><p>B</p>")
    assert took(folder).articles == {
        "2024:06:doha": Article(
            "2024:06:doha",
            "Talks in Doha",
            "<html><head><title>Talks in\n Doha</title></head><body><p>A</p></body></html>",
            "html",
        ),
        "heading": Article("heading", "Raid in Sirte", "<h1>Raid in <b>Sirte</b></h1><p>B</p>", "html"),
        "kabul": Article("kabul", "Bomb in Kabul", "\nNine died.\n"),
    }


def test_articles_of_a_folder_are_read_in_the_encoding_that_was_named(tmp_path: Path) -> None:
    written(tmp_path / "desk/a.txt", "Café\nZürich".encode("cp1252"))
    assert took(tmp_path / "desk", ReadOptions(encoding="cp1252", id_prefix="old:")).articles == {
        "old:a": Article("old:a", "Café", "Zürich")
    }
    assert "--encoding cp1252" in took(tmp_path / "desk").aside[0].reason


def test_other_files_are_left_out_and_counted_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("a.txt", "b.pdf", "c.PDF", "README", ".hidden.txt", ".git/d.txt"):
        written(tmp_path / "desk" / name, "Title\nBody")
    read = took(tmp_path / "desk")
    assert list(read.articles) == ["a"]
    assert read.outcome.left_out == {"files .pdf": 2, "files without a suffix": 1}


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    secret = written(tmp_path / "secret/key.txt", "Title\nSECRET")
    written(folder / "a.txt", "Title\nBody")
    (folder / "inside.txt").symlink_to(folder / "a.txt")
    (folder / "out.txt").symlink_to(secret)
    (folder / "gone.txt").symlink_to(tmp_path / "nothing.txt")
    (folder / "round.txt").symlink_to(folder / "round.txt")
    (folder / "more").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe.txt")
    read = took(folder)
    assert sorted(read.articles) == ["a", "inside"]
    assert sorted(Path(one.file).name for one in read.aside) == ["gone.txt", "out.txt", "pipe.txt", "round.txt"]
    assert all(one.line is None for one in read.aside)
    assert read.outcome.left_out == {"folders that are links": 1}


def test_a_file_that_is_too_long_is_set_aside(tmp_path: Path) -> None:
    written(tmp_path / "desk/long.txt", b"x" * (MAX_TEXT + 1))
    written(tmp_path / "desk/short.txt", "A\nB")
    read = took(tmp_path / "desk")
    assert list(read.articles) == ["short"]
    assert [(one.file, one.field) for one in read.aside] == [(str(tmp_path / "desk/long.txt"), "body")]


def test_two_files_of_one_id_are_told_apart_or_the_second_is_set_aside(tmp_path: Path) -> None:
    written(tmp_path / "desk/a.html", "<p>A</p>")
    written(tmp_path / "desk/a.txt", "A\n")
    read = took(tmp_path / "desk")
    assert [article.body_format for article in read.articles.values()] == ["html"]
    assert "a.html too" in read.aside[0].reason


def test_ids_of_names_in_other_scripts_stay_apart() -> None:
    names = ["تفجير.txt", "кабул.txt", "x" * 300 + "1.txt", "x" * 300 + "2.txt", "Sûreté d'État.txt", "a b/c.txt"]
    ids = [id_of(Path(name)) for name in names]
    assert len(set(ids)) == len(ids)
    assert ids[4:] == ["Surete-d-Etat", "a-b:c"]
    assert all(len(one) <= 200 for one in ids)


# --- JSON Lines, and which format a file has ---


def test_tags_of_json_lines_are_ids_unless_a_map_is_asked_for(tmp_path: Path, desk_terms: TermMap) -> None:
    record = {"id": "a", "title": "A", "tags": ["ISIS", "News"], "rejected": ["The Taliban"], "unknown": ["trial"]}
    path = written(tmp_path / "a.jsonl", json.dumps(record))
    assert took(path).articles["a"].tags == ("ISIS", "News")
    article = took(path, ReadOptions(map_ids=True), desk_terms).articles["a"]
    assert (article.tags, article.rejected, article.unknown) == (("islamic-state",), ("taliban",), ("trial",))


def test_a_tag_that_is_given_and_rejected_under_two_names_sets_its_record_aside(
    tmp_path: Path, desk_terms: TermMap
) -> None:
    path = written(tmp_path / "a.jsonl", json.dumps({"id": "a", "title": "A", "tags": ["ISIS"], "rejected": ["ISIL"]}))
    read = took(path, ReadOptions(map_ids=True), desk_terms)
    assert (read.articles, [one.field for one in read.aside]) == ({}, ["rejected"])


def test_lines_are_counted_over_empty_and_endless_ones(tmp_path: Path) -> None:
    long = '{"id": "b", "body": "' + "x" * MAX_LINE + '"}'
    lines = ["", '{"id": "a", "title": "A"}', long, "no", '{"title": "c"}', '{"id": "d", "title": "D"}']
    read = took(written(tmp_path / "a.jsonl", "\n".join(lines)))
    assert list(read.articles) == ["a", "d"]
    assert [one.line for one in read.aside] == [3, 4, 5]
    assert "more than 16 MB" in read.aside[0].reason


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.xml", "", "wxr"),
        ("a.csv", "", "csv"),
        ("a.TSV.gz", "", "csv"),
        ("a.ndjson", "", "jsonl"),
        ("a.jsonl.gz", "", "jsonl"),
        ("export", '<?xml version="1.0"?><rss>', "wxr"),
        ("export", '\ufeff {"id": "a"}', "jsonl"),
        ("export.dat", "id;title\n1;A\n", "csv"),
        ("packed", gzip.compress(b'{"id": "a"}', mtime=0), "jsonl"),
    ],
)
def test_the_format_is_told_by_the_name_or_else_the_content(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    assert format_of(written(tmp_path / name, content), ReadOptions()) == expected


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.txt", "A", "Import the folder"),
        ("a.json", '[{"id": "a"}]', "one JSON array"),
        ("a.zip", b"PK\x03\x04....", "zip archive"),
        ("a", "", "does not tell its format"),
        ("a", b"\x00\x01\x02", "does not tell its format"),
    ],
)
def test_what_has_no_format_is_refused_with_the_next_step(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    with pytest.raises(BadArticle, match=told):
        format_of(written(tmp_path / name, content), ReadOptions())


def test_a_pipe_must_be_named_and_is_then_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadArticle, match="--format"):
        format_of(pipe, ReadOptions())
    assert format_of(pipe, ReadOptions(format="csv")) == "csv"


@pytest.mark.sqlite("files are read the same way")
@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".csv.gz", ".jsonl.gz"])
def test_a_packed_file_that_grows_without_measure_is_refused(store: Store, tmp_path: Path, suffix: str) -> None:
    path = written(
        tmp_path / f"bomb{suffix}", gzip.compress(b"id,title\n" + b"\n" * size(6_000_000, 100_000_000), 1, mtime=0)
    )
    with pytest.raises(BadImport, match=r"bomb.*200 times its size"):
        import_files(store, [path], "import")


@pytest.mark.sqlite("files are read the same way")
@pytest.mark.slow
def test_a_cut_packed_file_keeps_what_stood_before_the_cut(store: Store, tmp_path: Path) -> None:
    lines = "".join(json.dumps({"id": f"a-{n}", "body": os.urandom(200).hex()}) + "\n" for n in range(2000))
    packed = gzip.compress(lines.encode())
    path = written(tmp_path / "a.jsonl.gz", packed[: len(packed) // 2])
    with pytest.raises(BadImport, match=r"Cannot read .*a\.jsonl\.gz: .* is stored \(\d+ new") as error:
        import_files(store, [path], "import")
    assert isinstance(error.value.outcome, Outcome)
    assert 0 < error.value.outcome.stored.new < 2000
    written(path, packed)
    assert import_files(store, [path], "import").stored.new == 2000 - error.value.outcome.stored.new


# --- terms -> tags ---


@pytest.fixture(scope="session")
def starter() -> Taxonomy:
    return read_taxonomy(STARTER / "taxonomy.yaml")


@pytest.fixture
def desk_terms(starter: Taxonomy) -> TermMap:
    """The starter taxonomy without a map."""
    return TermMap(starter)


@pytest.mark.parametrize(
    ("name", "tags", "by"),
    [
        ("islamic-state", ("islamic-state",), "id"),
        ("ISKP", ("iskp",), "id"),
        ("Islamic State Khorasan Province", ("iskp",), "label"),
        ("ISIS", ("islamic-state",), "alias"),
        ("ISIL", ("islamic-state",), "alias"),
        ("islamic state", ("islamic-state",), "spelling"),
        ("AL SHABAAB", ("al-shabaab",), "spelling"),
        ("The Taliban", ("taliban",), "spelling"),
        ("Counter terrorism operations", ("counter-terrorism-operation",), "spelling"),
        ("Uncategorized", (), "unknown"),
        ("Amaq News Agency", (), "unknown"),  # who reports for a group is not the group
    ],
)
def test_a_term_is_known_by_id_label_alias_and_spelling(
    desk_terms: TermMap, name: str, tags: tuple[str, ...], by: str
) -> None:
    match = desk_terms.match(CmsTerm(name))
    assert (match.tags, match.by) == (tags, by)


def test_names_of_one_tag_are_one_tag(table: Table, desk_terms: TermMap) -> None:
    read = table('id,title,tags\n1,A,"ISIS; ISIL; islamic state; Iraq"\n', desk_terms)
    assert read.articles["1"].tags == ("islamic-state", "iraq")


def test_the_slug_tells_where_the_name_does_not(desk_terms: TermMap) -> None:
    assert desk_terms.match(CmsTerm("Our old friends", "taliban")).tags == ("taliban",)
    assert desk_terms.match(CmsTerm("Pakistan", "taliban")).tags == ("pakistan",)


def test_a_name_of_several_tags_is_ambiguous_and_one_of_a_retired_tag_is_its_successor() -> None:
    tags = (
        Tag("georgia", "Georgia", "place"),
        Tag("georgia-us", "Georgia", "place"),
        Tag("isi", "Islamic State of Iraq", "group", status="retired", replaced_by="is"),
        Tag("is", "Islamic State", "group"),
        Tag("gone", "Gone", status="retired"),
    )
    terms = TermMap(Taxonomy(tags))
    found = {name: terms.match(CmsTerm(name)) for name in ("GEORGIA!", "Islamic State of Iraq", "Gone")}
    assert {name: (match.tags, match.by) for name, match in found.items()} == {
        "GEORGIA!": ((), "ambiguous"),
        "Islamic State of Iraq": (("is",), "label"),
        "Gone": ((), "retired"),
    }


MAPS = {
    "map.yaml": "# ours\nOur Friends: [taliban, afghanistan]\nISIS: iskp\nNews:\nno: trial\n2024: attack iraq\n",
    "map.csv": "term,tags\nOur Friends,taliban,afghanistan\nISIS,iskp\nNews,\nno,trial\n2024,attack iraq\n",
    "map.tsv": "Our Friends\ttaliban; afghanistan\nISIS\tiskp\nNews\t\nno\ttrial\n2024\tattack,iraq\n",
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_counts_more_than_names_and_drops_terms(tmp_path: Path, starter: Taxonomy, name: str) -> None:
    entries = read_map(written(tmp_path / name, MAPS[name]), starter)
    terms = TermMap(starter, entries)
    matches = {one: terms.match(CmsTerm(one)) for one in ("our friends", "ISIS", "isis", "NEWS", "no", "2024", "ISIL")}
    assert {one: match.tags for one, match in matches.items()} == {
        "our friends": ("taliban", "afghanistan"),
        "ISIS": ("iskp",),
        "isis": ("iskp",),
        "NEWS": (),
        "no": ("trial",),
        "2024": ("attack", "iraq"),
        "ISIL": ("islamic-state",),
    }
    assert (matches["NEWS"].by, matches["no"].by, terms.unused()) == ("dropped", "map", [])


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("m.yaml", "A: taliban\nB: talban\nC: [iraq, nowhere]\n", ["line 2: .*'talban'", "line 3: .*'nowhere'"]),
        ("m.csv", "A,taliban\nB\n,iraq\n", ["line 2: an entry is", "line 3: an entry is"]),
        ("m.yaml", "A: taliban\nA: iraq\n", ["line 2: 'A' stands here twice"]),
        ("m.yaml", "A: {b: c}\n", ["line 1: an entry is"]),
        ("m.yaml", "- taliban\n", ["line 1: an entry is"]),
        ("m.yaml", "A: [taliban\n", ["line 2"]),
        ("m.csv", b"A\xff,taliban\n", ["utf-8"]),
    ],
    ids=["no tag", "no pair", "twice", "nested", "a list", "no yaml", "no text"],
)
def test_a_map_with_mistakes_is_refused_with_all_of_them(
    tmp_path: Path, starter: Taxonomy, name: str, content: str | bytes, told: Sequence[str]
) -> None:
    path = written(tmp_path / name, content)
    with pytest.raises(BadMap, match=".*".join(told).replace("line", r"(?s:.*?)line")):
        read_map(path, starter)


def test_an_empty_map_has_no_entries(tmp_path: Path, starter: Taxonomy) -> None:
    assert read_map(written(tmp_path / "m.yaml", "# nothing yet\n"), starter) == {}
    with pytest.raises(BadMap, match="cannot be read"):
        read_map(tmp_path / "none.yaml", starter)


# --- the report on terms ---


def desk_table(n: int) -> str:
    """Return a table of `n` articles: all are News, one in three has a group, the last has a word of its own."""
    groups = ("ISIS", "ISIL", "islamic state")
    rows = [f"{number},A,News; {groups[number % 3]}" for number in range(n - 1)]
    return "\n".join(["id,title,tags", *rows, f"{n - 1},A,News; Al-Shabaab (Somalia)"]) + "\n"


def test_the_report_counts_names_of_one_tag_and_names_the_nearest_of_unknown_ones(
    table: Table, desk_terms: TermMap
) -> None:
    report = table(desk_table(31), desk_terms).outcome.terms
    assert report is not None
    assert {row["term"]: (row["tags"], row["n_articles"]) for row in report["mapped"]} == {
        "ISIS": (["islamic-state"], 10),
        "ISIL": (["islamic-state"], 10),
        "islamic state": (["islamic-state"], 10),
    }
    assert [(row["term"], row["n_articles"], row["why"]) for row in report["unmapped"]] == [
        ("News", 31, "unknown"),
        ("Al-Shabaab (Somalia)", 1, "unknown"),
    ]
    assert report["unmapped"][0]["nearest"] == []
    assert report["unmapped"][1]["nearest"][0]["tag"] == "al-shabaab"
    assert (report["n_articles"], report["n_terms"], report["n_untagged"]) == (31, 5, 1)


def test_a_term_on_nearly_every_article_is_furniture_until_the_map_drops_it(
    table: Table, desk_terms: TermMap, starter: Taxonomy
) -> None:
    report = table(desk_table(31), desk_terms).outcome.terms
    assert report is not None
    assert report["furniture"] == [{"term": "News", "n_articles": 31}]
    dropping = TermMap(starter, {"News": (), "Opinion": ()})
    report = table(desk_table(31), dropping).outcome.terms
    assert report is not None
    assert (report["furniture"], [row["term"] for row in report["dropped"]]) == ([], ["News"])
    assert report["map_entries_without_a_term"] == ["Opinion"]


def test_of_few_articles_no_term_is_called_furniture(table: Table, desk_terms: TermMap) -> None:
    report = table(desk_table(19), desk_terms).outcome.terms
    assert report is not None
    assert report["furniture"] == []


def test_terms_that_the_site_lists_and_never_uses_are_told_of(tmp_path: Path, desk_terms: TermMap) -> None:
    path = written(tmp_path / "desk.xml", HEAD + LISTS + item(1) + FOOT)
    report = took(path, terms=desk_terms).outcome.terms
    assert report is not None
    assert report["never_used"] == ["Law & Order"]


def test_a_column_of_texts_that_is_taken_for_tags_is_refused_early(
    table: Table, desk_terms: TermMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.importers.term_report.MAX_TERMS", 100)
    content = "id,title,tags\n" + "".join(f"{n},A,word{n}\n" for n in range(200))
    read = table(content, desk_terms)
    assert "desk.csv, line 102: more than 100 different tags" in read.outcome.failures[0]


# --- the command ---


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], database_url: str, tmp_path: Path) -> Callable[..., Ran]:
    """Import into a fresh database, by the starter taxonomy."""

    def run_it(*arguments: object) -> Ran:
        capsys.readouterr()
        where = ["--database", database_url, "--models", tmp_path / "no-models"]
        code = main(["import", *map(str, [*arguments, *where])])
        return Ran(code, *capsys.readouterr())

    return run_it


Run = Callable[..., Ran]


@pytest.mark.slow
def test_importing_twice_changes_nothing(run: Run, tmp_path: Path, store: Store) -> None:
    path = written(tmp_path / "desk.csv", TABLE)
    assert run(path).out.startswith("2 new, 0 changed, 0 unchanged\n")
    before = stored_articles(store)
    assert run(path).out.startswith("0 new, 0 changed, 2 unchanged\n")
    assert stored_articles(store) == before
    assert before[0].article.tags == ("al-shabaab", "attack")


@pytest.mark.slow
def test_bad_records_are_said_written_and_counted_and_the_rest_is_stored(
    run: Run, tmp_path: Path, store: Store
) -> None:
    path = written(tmp_path / "desk.csv", TABLE + "a b,Bad,x,,\na-3,C,c,,soon\n")
    ran = run(path, "--rejects", tmp_path / "rejects.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("2 new, 0 changed, 0 unchanged, 2 set aside\n")
    assert f"set aside: {path}, line 5: `published_at` 'soon'" in ran.err
    rejects = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()]
    assert [(one["file"], one["line"], one["id"], one["field"]) for one in rejects] == [
        (str(path), 4, "a b", "id"),
        (str(path), 5, "a-3", "published_at"),
    ]
    assert all(one["reason"] for one in rejects)
    assert store.count_articles() == {"import": 2}


@pytest.mark.slow
def test_strict_fails_after_the_rest_is_stored(run: Run, tmp_path: Path, store: Store) -> None:
    ran = run(written(tmp_path / "desk.csv", TABLE + "a b,Bad,x,,\n"), "--strict")
    assert (ran.code, store.count_articles()) == (1, {"import": 2})
    assert "1 records were set aside, all others are stored" in ran.err
    assert run(written(tmp_path / "desk.csv", TABLE), "--strict").code == 0


@pytest.mark.slow
def test_many_bad_records_are_not_all_shown(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "desk.csv", "id,title\n" + "a b,Bad\n" * 50)
    ran = run(path)
    assert ran.err.count("set aside: ") == 21
    assert "set aside: 30 more; all of them: --rejects FILE" in ran.err


@pytest.mark.slow
def test_a_file_that_cannot_be_read_to_its_end_ends_with_one_and_says_what_is_stored(run: Run, tmp_path: Path) -> None:
    ran = run(written(tmp_path / "desk.csv", TABLE + '3,"open,,,\n'), tmp_path / "missing.jsonl")
    assert ran.code == 1
    assert "desk.csv, line 4: a quotation mark" in ran.err
    assert "missing.jsonl: No such file" in ran.err
    assert "is stored (2 new, 0 changed, 0 unchanged)" in ran.err


@pytest.mark.slow
def test_the_report_is_printed_and_written_whole_as_text_or_json(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "desk.csv", desk_table(31))
    ran = run(path, "--report", tmp_path / "terms.txt")
    text = (tmp_path / "terms.txt").read_text()
    assert text in ran.out
    assert "not mapped, and so not stored" in text
    assert "  Al-Shabaab (Somalia)  (perhaps al-shabaab" in text
    assert "on nearly every article, and so saying nothing (drop it in the map):\n     31  News" in text
    assert "10  ISIL -> islamic-state (by alias)" in text
    ran = run(path, "--report", tmp_path / "terms.json", "--json")
    assert json.loads((tmp_path / "terms.json").read_text()) == json.loads(ran.out)["terms"]


@pytest.mark.slow
def test_a_map_is_used_and_a_wrong_one_refused_before_anything_is_stored(
    run: Run, tmp_path: Path, store: Store
) -> None:
    path = written(tmp_path / "desk.csv", "id,title,tags\n1,A,Our friends\n")
    assert run(path, "--map", written(tmp_path / "bad.yaml", "Our friends: talban\n")).code == 1
    assert store.count_articles() == {}
    assert run(path, "--map", written(tmp_path / "map.yaml", "Our friends: taliban\n")).code == 0
    assert store.article("1").article.tags == ("taliban",)


@pytest.mark.slow
def test_what_is_read_is_not_written_over(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "desk.csv", TABLE)
    for option in ("--rejects", "--report"):
        ran = run(path, option, path)
        assert (ran.code, "is an input file" in ran.err) == (1, True)
    assert path.read_text() == TABLE


def test_a_report_on_terms_of_files_without_terms_is_refused(run: Run, tmp_path: Path) -> None:
    ran = run(written(tmp_path / "a.jsonl", '{"id": "a"}\n'), "--report", tmp_path / "terms.txt")
    assert (ran.code, (tmp_path / "terms.txt").exists()) == (2, False)


@pytest.mark.parametrize(
    "options",
    [
        ["--columns", "headline=Title"],
        ["--columns", "id=A,id=B"],
        ["--columns", "id"],
        ["--delimiter", "ab"],
        ["--delimiter", '"'],
        ["--encoding", "hex"],
        ["--encoding", "none"],
        ["--date-format", "%d/%m"],
        ["--source", ""],
        ["--source", "s" * 41],
        ["--format", "pdf"],
    ],
    ids=" ".join,
)
def test_options_that_cannot_be_used_are_refused(run: Run, tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(written(tmp_path / "desk.csv", TABLE), *options)
    assert ended.value.code == 2


@pytest.mark.slow
def test_the_columns_and_forms_of_a_foreign_table_can_all_be_named(run: Run, tmp_path: Path, store: Store) -> None:
    content = "Nr\tHeadline\tText\tTopics\tPlaces\tDate\n7\tCafé\tA\tISIS/Trial\tIraq\t06.07.2024\n".encode("cp1252")
    columns = "id=Nr,title=Headline,body=Text,tags=Topics,tags=Places,published_at=Date"
    options = ["--columns", columns, "--delimiter", "tab", "--tag-separator", "/", "--date-format", "%d.%m.%Y"]
    more = ["--encoding", "cp1252", "--id-prefix", "old:", "--source", "old-desk", "--incomplete"]
    assert run(written(tmp_path / "desk.dat", content), "--format", "csv", *options, *more).code == 0
    stored = store.article("old:7")
    assert stored.source == "old-desk"
    assert replace(stored.article, body="") == Article(
        "old:7",
        "Café",
        tags=("islamic-state", "trial", "iraq"),
        tags_complete=False,
        published_at="2024-07-06T00:00:00+00:00",
    )


@pytest.mark.slow
def test_hostile_terms_and_names_cannot_write_to_the_terminal(run: Run, tmp_path: Path) -> None:
    ran = run(written(tmp_path / "desk.csv", 'id,title,tags\n1,A,"\x1b[2Jboo; x"\n\x1b[2J,B,\n'))
    assert "\x1b" not in ran.out + ran.err
    assert Imported(new=1) == Imported(*map(int, ran.out.split()[0:1]))


# --- how much is read ---

RECORD = json.dumps({"id": "a", "title": "A", "body": "Kabul. " * 20_000}).encode()


def _shares(store: Store, *files: Path) -> list[float]:
    """Import files, and return how much of them was read at each article."""
    seen = []

    def track(items: Iterable[Any], amount: int | Amount, _label: str) -> Iterator[Any]:
        assert isinstance(amount, Amount)
        for each in items:
            seen.append(amount.share)
            yield each

    import_files(store, files, "import", track)
    return seen


def _of_a_table(n: int) -> bytes:
    return b"id,title,body\n" + b"".join(b"a%d,A,%s\n" % (number, b"Kabul. " * 20_000) for number in range(n))


def _of_a_wordpress(n: int) -> bytes:
    post = "<item><title>A</title><wp:post_id>%d</wp:post_id><content:encoded>%s</content:encoded></item>"
    posts = "".join(post % (number, "Kabul. " * 20_000) for number in range(1, n + 1))
    names = 'xmlns:wp="http://wordpress.org/export/1.2/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return f"<rss {names}><channel>{posts}</channel></rss>".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", b"\n".join(RECORD.replace(b'"a"', b'"a%d"' % n) for n in range(10))),
        ("a.csv", _of_a_table(10)),
        ("a.xml", _of_a_wordpress(10)),
    ],
)
def test_an_import_knows_how_much_of_its_files_is_read(tmp_path: Path, store: Store, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    plain = _shares(store, tmp_path / name)
    assert len(plain) == 10
    assert plain == sorted(plain)
    assert plain[0] == pytest.approx(0.1, abs=0.06)  # it is read by blocks
    assert plain[4] == pytest.approx(0.5, abs=0.06)
    assert plain[-1] == pytest.approx(1.0, abs=0.06)


def test_of_packed_files_the_packed_bytes_count(tmp_path: Path, store: Store) -> None:
    noise = random.Random(22)
    texts = (" ".join(f"{noise.getrandbits(64):x}" for _ in range(9_000)) for _ in range(10))
    lines = [json.dumps({"id": f"a{number}", "title": "A", "body": text}) for number, text in enumerate(texts)]
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    shares = _shares(store, tmp_path / "a.jsonl.gz")
    assert shares[4] == pytest.approx(0.5, abs=0.1)
    assert shares[-1] == pytest.approx(1.0, abs=0.1)


def test_of_folders_and_of_several_files_all_bytes_count(tmp_path: Path, store: Store) -> None:
    (tmp_path / "desk" / "part").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "part/c.txt", "part/picture.png"):
        (tmp_path / "desk" / name).write_text("Kabul. " * 20_000)
    (tmp_path / "more.csv").write_bytes(_of_a_table(4))
    shares = _shares(store, tmp_path / "desk", tmp_path / "more.csv")
    assert shares == pytest.approx([1 / 8, 2 / 8, 3 / 8, 5 / 8, 6 / 8, 7 / 8, 1.0], abs=0.08)


def test_what_nobody_can_know_is_not_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(_of_a_table(1))
    (tmp_path / "empty.csv").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    assert amount_of([tmp_path / "a.csv"]).whole == (tmp_path / "a.csv").stat().st_size
    assert amount_of([tmp_path / "a.csv", tmp_path / "pipe"]).whole == 0
    assert amount_of([tmp_path / "a.csv", tmp_path / "none.csv"]).whole == 0
    assert amount_of([tmp_path / "empty.csv"]).share == 0.0


def test_an_unknown_file_is_refused_by_whoever_reads_it(tmp_path: Path, store: Store) -> None:
    (tmp_path / "b.txt2").write_text("?", encoding="utf-8")
    with pytest.raises(BadImport, match="does not tell its format"):
        import_files(store, [tmp_path / "b.txt2"], "import", untracked)


# --- docs/importing.md ---

GUIDE = (ROOT / "docs" / "importing.md").read_text(encoding="utf-8")


def example(language: str, containing: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return next(block for block in blocks if containing in block)


@pytest.mark.slow
def test_the_first_day_of_the_guide_goes_as_it_says(tmp_path: Path, database_url: str, store: Store) -> None:
    terms = "".join(
        f"<category domain='post_tag' nicename='x'>{name}</category>" for name in ("Shabab", "News", "Iraq")
    )
    written(tmp_path / "site.xml", HEAD + LISTS + item(1, terms=terms) + item(2, gmt="soon") + FOOT)
    written(tmp_path / "map.yaml", example("yaml", "map.yaml"))
    commands = [line for line in example("sh", "map.yaml").splitlines() if " import " in line or " export " in line]
    assert len(commands) == 3
    for command in commands:
        ran = subprocess.run(
            ["sh", "-c", command.replace(".venv/bin/python", sys.executable)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TAGGER_DATABASE_URL": database_url},
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, command
    assert store.article("wp-1").article.tags == ("al-shabaab", "iraq")
    (reject,) = map(json.loads, (tmp_path / "rejects.jsonl").read_text().splitlines())
    assert set(reject) == set(json.loads(example("json", "reason")))
    assert "      1  News" in (tmp_path / "terms.txt").read_text().partition("dropped by the map:")[2]
    with gzip.open(tmp_path / "desk.jsonl.gz") as lines:
        assert [json.loads(line)["id"] for line in lines] == ["wp-1"]


@pytest.mark.slow
def test_the_foreign_table_of_the_guide_is_read(run: Run, tmp_path: Path, store: Store) -> None:
    header, row = "Nr\tHeadline\tText\tTopics\tPlaces\tDate", "7\tCafé\tA\tISIS/Trial\tIraq\t06.07.2024"
    path = written(tmp_path / "table.csv", f"{header}\n{row}\n".encode("cp1252"))
    words = shlex.split(example("sh", "table.csv").replace("\\\n", " "))
    assert run(path, *words[words.index("table.csv") + 1 :]).code == 0
    assert store.article("7").article.tags == ("islamic-state", "trial", "iraq")
