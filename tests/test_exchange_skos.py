"""SKOS and the JSON of IPTC, in and out, on a vocabulary that was written for this: nothing is lost, and a second import changes nothing."""

from __future__ import annotations

import json
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import rdflib
from rdflib.compare import isomorphic

from classifier.domain.exchange import rdf_files
from classifier.domain.exchange.formats import FORMATS, Incoming, read, written
from classifier.domain.exchange.skos_in import Options
from classifier.domain.operation_lines import operation_from_text, operation_to_text
from classifier.domain.operations import operation_from_json, operation_to_json
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.domain.taxonomy_log import UNDO, FoldedLog, Row, import_row, row_of
from classifier.domain.taxonomy_yaml import parse_taxonomy
from classifier.errors import BadTaxonomy, NotInstalled
from tests.conftest import ROOT
from tests.hostile import assert_linear

AT = "2026-12-01T05:00:00+00:00"
DESK = (ROOT / "tests" / "data" / "desk.ttl").read_bytes()
D = "https://vocab.example.org/desk/"
NAMES = {"skos-ttl": "turtle", "skos-jsonld": "json-ld"}
EMPTY = Taxonomy((), {"theme": Kind(), "group": Kind(), "place": Kind()})
PREFIXES = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix d: <https://vocab.example.org/desk/> .
"""


def log_of(taxonomy: Taxonomy = EMPTY) -> FoldedLog:
    return FoldedLog([import_row(taxonomy, 1, AT)])


def take(log: FoldedLog, text: str | bytes, form: str = "skos-ttl", **options: Any) -> Incoming:
    """Import a vocabulary into a log."""
    raw = text if isinstance(text, bytes) else (PREFIXES * (form == "skos-ttl") + text).encode()
    incoming = read(form, raw, "the file", log, AT, Options(**options))
    for operation in incoming.operations:
        log.append(row_of(operation, log.n + 1, AT))
    return incoming


def out(log: FoldedLog, form: str = "skos-ttl") -> str:
    return written(form, log.taxonomy(), log.kept)


@pytest.fixture(autouse=True, scope="module")
def _literals_as_they_are() -> Iterator[None]:
    rdflib.NORMALIZE_LITERALS = False
    yield
    rdflib.NORMALIZE_LITERALS = True


@cache
def graph(text: str | bytes, form: str = "skos-ttl") -> rdflib.Graph:
    with warnings.catch_warnings():  # rdflib uses a part of its own that it gives up
        warnings.simplefilter("ignore", DeprecationWarning)
        return rdflib.Graph().parse(data=text, format=NAMES[form])


def without_blanks(text: str | bytes) -> set[Any]:
    """The statements of a file that have no blank node: faster to compare than graphs."""
    return {triple for triple in graph(text) if not any(isinstance(node, rdflib.BNode) for node in triple)}


@cache
def imported() -> tuple[FoldedLog, Incoming]:
    log = log_of()
    return log, take(log, DESK, kinds={D + "all-groups": "group", D + "all-places": "place", D + "groups": "group"})


def desk() -> FoldedLog:
    """The log after the import of the vocabulary. Nobody may change it."""
    return imported()[0]


def tag(name: str) -> Tag:
    taxonomy = desk().taxonomy()
    return next(tag for tag in taxonomy.tags if tag.uri == D + name)


# --- round trips -------------------------------------------------------------------------------------------------


def test_the_vocabulary_has_all_that_is_tested_here() -> None:
    parsed = graph(DESK)
    concepts = set(parsed.subjects(rdflib.RDF.type, rdflib.SKOS.Concept))
    deprecated = set(parsed.subjects(rdflib.OWL.deprecated))
    assert (len(concepts), len(deprecated), len(deprecated & concepts)) == (380, 14, 1)
    assert len({value.language for value in parsed.objects() if isinstance(value, rdflib.Literal)}) > 30


@pytest.mark.slow
def test_in_and_out_gives_the_same_graph_and_a_second_import_changes_nothing() -> None:
    text = out(desk())
    assert isomorphic(graph(text), graph(DESK))
    for source in (DESK, text.encode()):
        assert read("skos-ttl", source, "", desk(), AT).operations == []


def test_what_went_out_as_json_ld_comes_in_as_the_same() -> None:
    text = out(desk(), "skos-jsonld").encode()
    assert read("skos-jsonld", text, "", desk(), AT).operations == []
    log = log_of()
    take(log, text, "skos-jsonld", kinds={D + "all-groups": "group", D + "all-places": "place", D + "groups": "group"})
    assert (log.kept, log.taxonomy().version) == (desk().kept, desk().taxonomy().version)


def test_a_second_file_of_the_same_graph_in_another_order_changes_nothing() -> None:
    turned = graph(DESK).serialize(format="nt").splitlines()[::-1]
    assert read("skos-ttl", "\n".join(turned).encode(), "", desk(), AT).operations == []


def test_every_operation_of_an_import_is_one_line_and_one_object() -> None:
    for row in desk().rows[1:]:
        operation = operation_from_json({"op": row.op, **row.args})
        assert operation_from_text(operation_to_text(operation)) == operation
        assert operation_from_json(operation_to_json(operation)) == operation


def test_an_import_is_undone_whole() -> None:
    log = desk().copy()
    for n in range(log.n, 1, -1):
        log.append(Row(log.n + 1, UNDO, {}, AT, undoes=n))
    assert log.taxonomy().version == EMPTY.version
    assert log.kept == {}


def test_the_taxonomy_that_was_imported_is_one_that_yaml_can_have() -> None:
    assert len(parse_taxonomy(written("yaml", desk().taxonomy(), {}), "").tags) == len(desk().taxonomy().tags)


# --- what becomes of a concept -----------------------------------------------------------------------------------


def test_fields_of_a_concept() -> None:
    state = tag("100-1")
    assert (state.id, state.label, state.kind, state.created) == (
        "islamic-state",
        "Islamic State",
        "group",
        "2014-06-29",
    )
    assert dict(state.labels)["ru"] == "Исламское государство"
    assert state.note == "The organisation and its core in Iraq and Syria."
    assert state.matches == (("exact", "http://www.wikidata.org/entity/Q2429253"),)
    assert {alias.text: (alias.weak, alias.case_exact, alias.lang) for alias in state.aliases} == {
        "Islamic State": (False, False, None),
        "Daesh": (False, False, None),
        "ISIL": (False, True, None),
        "ISIS": (False, True, None),
        "داعش": (False, False, "ar"),
        "Caliphate": (True, False, None),
        "IS": (True, True, None),
    }
    assert (tag("attacks").notation, state.notation) == ("A", None)  # of two none is the one
    assert dict(tag("attacks").notes) == {"fr": "Actes de violence."}
    assert tag("executions").note == "Not by courts."


def test_several_broader_and_those_that_only_the_broader_one_says() -> None:
    assert set(tag("car-bombs").broader) == {"bombings", "explosives"}
    log = log_of()
    take(
        log,
        'd:up a skos:Concept ; skos:prefLabel "Up"@en ; skos:narrower d:down . d:down a skos:Concept ; skos:prefLabel "Down"@en .',
    )
    assert log.taxonomy().by_id["down"].broader == ("up",)
    assert tag("drones").related == ("drone-attacks", "drone-strikes")  # which only they say


def test_ids_are_words_of_the_uri_or_of_the_label_and_never_those_of_the_api() -> None:
    assert tag("100-2").id == "al-qaeda"
    assert tag("al-shabaab").id == "al-shabaab"
    assert tag("import").id == "import-2"
    ids = [
        each.id for each in desk().taxonomy().tags if (each.uri or "").lower().endswith(("/terrorism", "#terrorism"))
    ]
    assert sorted(ids) == ["terror-studies", "terrorism"]


def test_an_id_stays_whatever_the_label_becomes() -> None:
    log = desk().copy()
    take(log, 'd:100-2 a skos:Concept ; skos:prefLabel "The Base (Afghanistan)"@en .')
    changed = next(each for each in log.taxonomy().tags if each.uri == D + "100-2")
    assert (changed.id, changed.label) == ("al-qaeda", "The Base (Afghanistan)")
    assert len(log.taxonomy().tags) == len(desk().taxonomy().tags)


def test_every_redirect_ends_at_a_living_tag() -> None:
    taxonomy = desk().taxonomy()
    retired = [each for each in taxonomy.tags if each.retired]
    assert len(retired) == 14
    ends = {each.uri: taxonomy.replacement_of(each.id) for each in retired if each.replaced_by}
    assert len(ends) == 10
    assert not any(end is None or taxonomy.by_id[end].retired for end in ends.values())
    assert ends[D + "old-aqi"] == "islamic-state"
    assert [each.kind for each in retired if each.uri == D + "old-aqi"] == ["group"]


def test_an_alias_takes_its_case_where_it_is_not_safe_without() -> None:
    exact = {alias.text for each in desk().taxonomy().tags for alias in each.aliases if alias.case_exact}
    assert {"TATP", "US", "FTF", "The"} <= exact
    assert "Raid" not in exact


def test_what_is_not_taken_over_is_named() -> None:
    notes = "\n".join(imported()[1].notes)
    for part in (
        "other/0001: is kept and no tag: it is of a scheme",
        "1 concepts without a URI are kept and no tags",
        "desk/circle-c: `broader` is kept and not used: 'circle-a' leads back",
        "desk/100-3: `aliases` is kept and not used: the alias 'Daesh' is one of 'islamic-state'",
        "desk/circle-c: `aliases` is kept and not used: the alias '?' has no word in it",
        "desk/old-both: its replacement is kept and not used: it leads to no single living tag",
        "desk/old-loop-1: its replacement is kept and not used",
    ):
        assert part in notes


def test_a_map_gives_kinds_and_says_what_is_no_tag() -> None:
    assert (tag("raqqa").kind, tag("pkk").kind, tag("100-3").kind, tag("law").kind) == (
        "place",
        "group",
        "group",
        "theme",
    )
    text = """d:old a skos:Collection ; skos:member d:one . d:one a skos:Concept ; skos:prefLabel "One" ; skos:broader d:two .
    d:two a skos:Concept ; skos:prefLabel "Two" ."""
    log = log_of()
    take(log, text, kinds={D + "old": ""})
    assert [each.uri for each in log.taxonomy().tags] == [D + "two"]
    assert without_blanks(out(log)) == without_blanks(PREFIXES + text)


def test_a_tag_without_a_uri_is_the_concept_with_its_name() -> None:
    text = """d:taliban a skos:Concept ; skos:prefLabel "Taliban"@en, "طالبان"@fa ; skos:altLabel "Taleban"@en .
    d:haqqani a skos:Concept ; skos:prefLabel "Haqqani network"@en ; skos:broader d:taliban ."""
    log = log_of(Taxonomy((Tag("tb", "taliban", "group", aliases=(Alias("Taleban", weak=True),)),), EMPTY.kinds))
    take(log, text)
    taxonomy = log.taxonomy()
    assert (taxonomy.by_id["tb"].uri, taxonomy.by_id["tb"].labels) == (D + "taliban", (("fa", "طالبان"),))
    assert ("taliban" in taxonomy.by_id, taxonomy.by_id["haqqani"].broader) == (False, ("tb",))
    assert without_blanks(out(log)) == without_blanks(PREFIXES + text)
    assert take(log, text).operations == []


# --- a later edition, and what was changed here ------------------------------------------------------------------

ONE = 'd:one a skos:Concept ; skos:prefLabel "One"@en ; skos:altLabel "First one"@en ; skos:note "x"@en . '


def test_a_later_edition_adds_and_changes_and_takes_nothing_off() -> None:
    log = log_of()
    take(log, ONE)
    log.append(row_of(operation_from_text('alias one +"Our own name"'), log.n + 1, AT))
    edition = 'd:one a skos:Concept ; skos:prefLabel "The one"@en ; skos:altLabel "Number one"@en ; skos:note "y"@en . '
    assert take(log, edition).counts == {"relabel": 1, "alias": 1, "keep": 1}
    one = log.taxonomy().by_id["one"]
    assert {alias.text for alias in one.aliases} == {"One", "The one", "First one", "Our own name", "Number one"}
    assert '"y"@en' in out(log)
    assert '"x"@en' not in out(log)
    assert take(log, edition).operations == []


def test_with_remove_a_later_edition_takes_off_what_it_lacks_of_its_own() -> None:
    log = log_of()
    take(
        log,
        ONE
        + 'd:two a skos:Concept ; skos:prefLabel "Two"@en, "Deux"@fr ; skos:broader d:one ; skos:definition "n"@en .',
    )
    edition = 'd:one a skos:Concept ; skos:prefLabel "One"@en . d:two a skos:Concept ; skos:prefLabel "Two"@en .'
    take(log, edition, remove=True)
    taxonomy = log.taxonomy()
    assert {alias.text for alias in taxonomy.by_id["one"].aliases} == {"One"}
    assert (taxonomy.by_id["two"].labels, taxonomy.by_id["two"].broader, taxonomy.by_id["two"].note) == ((), (), "")
    assert isomorphic(graph(out(log)), graph(PREFIXES + edition))
    assert take(log, edition, remove=True).operations == []


def test_a_later_edition_retires() -> None:
    log = log_of()
    take(log, ONE + 'd:two a skos:Concept ; skos:prefLabel "Two"@en .')
    take(log, 'd:one owl:deprecated true ; dct:isReplacedBy d:two ; skos:prefLabel "One"@en . d:two a skos:Concept .')
    assert log.taxonomy().replacement_of("one") == "two"


@pytest.mark.slow
def test_what_is_changed_here_is_what_goes_out() -> None:
    log = desk().copy()
    for line in (
        'relabel attacks "Terrorist attacks"',
        "merge stabbings into shootings",
        "move car-bombs under bombings",
        'alias tatp -"Triacetone triperoxide"',
        "rename sarin to nerve-gas",
        'create new "A new tag" broader=attacks',
        'set new notes.fr="Neuf"',
    ):
        log.append(row_of(operation_from_text(line), log.n + 1, AT))
    changed, before = graph(out(log)), graph(DESK)
    skos, d = rdflib.SKOS, rdflib.Namespace(D)
    new = rdflib.URIRef("urn:article-tagger:tag:new")
    gone = {(s, p, str(o)) for s, p, o in before - changed if not isinstance(o, rdflib.BNode)}
    assert (d["attacks"], skos.prefLabel, "Attacks") in gone
    assert (d["car-bombs"], skos.broader, D + "explosives") in gone
    assert (d["tatp"], skos.altLabel, "Triacetone triperoxide") in gone
    assert (d["attacks"], skos.prefLabel, rdflib.Literal("Terrorist attacks", lang="en")) in changed
    assert (d["stabbings"], rdflib.DCTERMS.isReplacedBy, d["shootings"]) in changed
    assert (d["sarin"], skos.prefLabel, rdflib.Literal("Sarin", lang="en")) in changed
    assert (d["sarin"], rdflib.OWL.deprecated, None) not in changed
    assert (d["attacks"], skos.narrower, new) in changed
    assert (new, skos.definition, rdflib.Literal("Neuf", lang="fr")) in changed
    assert read("skos-ttl", out(log).encode(), "", log, AT).operations == []


def test_a_taxonomy_that_came_from_no_vocabulary_goes_out_and_changes_nothing_when_it_comes_in() -> None:
    tags = (
        Tag("a", "Alpha", "group", created="2020", aliases=(Alias("Alpha"), Alias("AL", True))),
        Tag("b", "Beta", "group", ("a",)),
    )
    for form in ("skos-ttl", "skos-jsonld", "iptc-json"):
        log = log_of(Taxonomy(tags, EMPTY.kinds))
        assert take(log, out(log, form).encode(), form).operations == [], form


# --- the JSON of IPTC --------------------------------------------------------------------------------------------

MT = "http://cv.example.org/topics/"
IPTC: dict[str, Any] = {
    "uri": MT,
    "qcode": "top:",
    "type": ["http://www.w3.org/2004/02/skos/core#ConceptScheme"],
    "dateReleased": "2026-01-01",
    "title": {"en-GB": "Topics"},
    "conceptSet": [
        {
            "uri": f"{MT}01",
            "qcode": "top:01",
            "type": ["http://www.w3.org/2004/02/skos/core#Concept"],
            "inScheme": [MT],
            "prefLabel": {"en-GB": "terror attack", "se": "terrordåd", "dk": "terrorangreb", "no-NB": "terrorangrep"},
            "definition": {"en-GB": "An act of violence"},
            "narrower": ["top:02"],
            "created": "2009-10-22T02:00:00+00:00",
        },
        {
            "uri": f"{MT}02",
            "qcode": "top:02",
            "type": ["http://www.w3.org/2004/02/skos/core#Concept"],
            "prefLabel": {"en-GB": "bomb attack"},
            "broader": ["top:01"],
        },
        {
            "uri": f"{MT}03",
            "qcode": "top:03",
            "type": ["http://www.w3.org/2004/02/skos/core#Concept"],
            "prefLabel": {"en-GB": "old attack"},
            "retired": "2020-02-01",
            "isReplacedBy": ["top:02"],
        },
    ],
}


def test_the_json_of_iptc_is_read_with_its_codes_and_languages() -> None:
    log = log_of()
    take(log, json.dumps(IPTC).encode(), "iptc-json")
    taxonomy = log.taxonomy()
    assert dict(taxonomy.by_id["terror-attack"].labels) == {
        "sv": "terrordåd",
        "da": "terrorangreb",
        "nb": "terrorangrep",
    }
    assert taxonomy.by_id["bomb-attack"].broader == ("terror-attack",)
    assert taxonomy.replacement_of("old-attack") == "bomb-attack"
    assert taxonomy.by_id["terror-attack"].created == "2009-10-22"
    assert take(log, json.dumps(IPTC).encode(), "iptc-json").operations == []


def test_the_json_of_iptc_goes_out_as_it_came_in() -> None:
    log = log_of()
    take(log, json.dumps(IPTC).encode(), "iptc-json")
    again = json.loads(out(log, "iptc-json"))
    codes = {each["qcode"]: each["uri"] for each in IPTC["conceptSet"]}
    expected = json.loads(json.dumps(IPTC), object_hook=lambda entry: {
        key: [codes.get(each, each) for each in value] if isinstance(value, list) and isinstance(value[0], str) else value
        for key, value in entry.items()
    })  # fmt: skip
    assert sorted(again.pop("conceptSet"), key=lambda each: each["uri"]) == expected.pop("conceptSet")
    assert again == expected
    assert take(log_of(), out(log, "iptc-json").encode(), "iptc-json").counts == {"create": 3, "keep": 4}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "has no `conceptSet`"),
        ('{"conceptSet": [3]}', "concept 1 of `conceptSet` is no object"),
        ('{"conceptSet": [{"uri": "x"}]}', "concept 1 of `conceptSet`: `uri` must be a URI, not 'x'"),
        ('{"conceptSet": [{"uri": "x:y", "prefLabel": {"e n": "x"}}]}', "`prefLabel` must give texts by language"),
        ('{"conceptSet": [{"uri": "x:y", "broader": [{}]}]}', "`broader` must be a URI"),
        ('{"conceptSet": [{"uri": "x:y", "a b>": 1}]}', "is no name of a field"),
        ("[" * 2000, "nested deeper"),
        ('{"conceptSet": NaN}', "NaN is not a JSON number"),
    ],
)
def test_what_is_wrong_with_the_json_of_iptc_is_said(text: str, problem: str) -> None:
    with pytest.raises(BadTaxonomy) as refused:
        take(log_of(), text, "iptc-json")
    assert problem in str(refused.value)


# --- what hostile files may hold ---------------------------------------------------------------------------------


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "context",
    [
        '"https://example.org/context.jsonld"',
        '[{"a": "x:a"}, "file:///etc/passwd"]',
        '{"a": {"@id": "x:a", "@context": "http://127.0.0.1:1/c"}}',
        '{"@import": "https://example.org/c"}',
    ],
)
@pytest.mark.parametrize("place", ['{"@context": %s, "@id": "x:y"}', '[{"@id": "x:y", "x:z": [{"@context": %s}]}]'])
def test_a_context_is_never_fetched(context: str, place: str) -> None:
    with pytest.raises(BadTaxonomy, match="nothing is fetched"):
        take(log_of(), place % context, "skos-jsonld")


BOMB = '<?xml version=\\"1.0\\"?><!DOCTYPE b [<!ENTITY a \\"aaaaaaaaaa\\"><!ENTITY b \\"&a;&a;&a;\\">]><b>&b;</b>'
XML = '"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral>'


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    "value",
    [
        f'"{BOMB}{XML}',
        '"<img src=http://example.org/>"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML>',
        f'"{"9" * 5000}"^^<http://www.w3.org/2001/XMLSchema#integer>',
        '"1e999999999"^^<http://www.w3.org/2001/XMLSchema#decimal>',
        '"1/0"^^<http://www.w3.org/2002/07/owl#rational>',
        '"P999999999999Y"^^<http://www.w3.org/2001/XMLSchema#duration>',
        "007",
        "-1.50",
        "1.0E9",
        "true",
        '"\\u0085\\u2028 \\" \\\\ \\n\\r\\t"@zh-Hant-TW',
        "<https://example.org/%3Cscript%3E?a=b&c=d#%22>",
        "( 1 ( 2 ) )",
        "[ <x:p> [ <x:p> _:b ] ]",
    ],
)
def test_values_stay_what_they_were(value: str) -> None:
    text = f'd:x a skos:Concept ; skos:prefLabel "X y"@en ; <x:p> {value} .'
    log = log_of()
    take(log, text)
    turtle, linked = out(log), out(log, "skos-jsonld")
    with rdf_files._without_values(rdflib):
        assert isomorphic(graph(turtle), graph(PREFIXES + text))
        assert isomorphic(graph(linked, "skos-jsonld"), graph(PREFIXES + text))
    assert take(log, text).operations == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("skos-ttl", "<x:a> <x:b> " + "[ <x:c> " * 5000),
        ("skos-ttl", "<x:a> <x:b> " + "( " * 5000),
        ("skos-ttl", '<x:a> <x:b> "\\u0000" .'),
        ("skos-ttl", '<x:a> <x:b> "\\uD800" .'),
        ("skos-ttl", "<x:a> <x:b> <x:y z> ."),
        ("skos-ttl", "<x:a> <x:b> <y> ."),
        ("skos-ttl", "<?xml version='1.0'?><rdf:RDF/>"),
        ("skos-ttl", "@prefix : <x:> . { :a :b :c } => { :d :e :f } ."),
        ("skos-ttl", '<x:a> <x:b> "unfinished'),
        ("skos-jsonld", "[" * 5000),
        ("skos-jsonld", '{"@id": "x:a", "x:b": ' + "[" * 100 + "]" * 100 + "}"),
        ("skos-jsonld", '{"@id": "x:a", "x:b": "\\u0000"}'),
        ("skos-jsonld", '{"@id": "x:a", "x:b": "\\ud800"}'),
        ("skos-jsonld", '{"@context": {"a": {"@id": "a:"}, "b": 3}, "@id": "x:a", "b": 1}'),
        ("skos-jsonld", "3"),
    ],
)
@pytest.mark.usefixtures("offline")
def test_no_file_does_more_harm_than_to_be_refused(form: str, text: str) -> None:
    log = log_of()
    try:
        take(log, text.encode(), form)
    except BadTaxonomy as error:
        assert "the file is not a usable taxonomy" in str(error)
    written(form, log.taxonomy(), log.kept).encode()


LINE = 'd:{0} a skos:Concept ; skos:prefLabel "Word {0}"@en ; skos:altLabel "Name {0}"@en ; skos:broader d:{1} .\n'
SHAPES: dict[str, Callable[[int], str]] = {
    "a tree": lambda n: "".join(LINE.format(i, i // 7) for i in range(1, n // 90)),
    "a chain": lambda n: "".join(LINE.format(i, i - 1) for i in range(1, n // 90)),
    "one above all": lambda n: "".join(LINE.format(i, 0) for i in range(n // 90)),
    "one label": lambda n: "".join(f'd:{i} a skos:Concept ; skos:prefLabel "Same"@en .\n' for i in range(n // 50)),
    "blank nodes": lambda n: "<x:a> <x:p> [ <x:q> [ <x:r> 1 ] ] .\n" * (n // 40),
    "a list": lambda n: "<x:a> <x:p> ( " + "1 " * (n // 20) + ") .",
    "a long text": lambda n: f'd:a a skos:Concept ; skos:prefLabel "{"word " * (n // 5)}"@en .',
    "replacements": lambda n: (
        "".join(
            f'd:{i} owl:deprecated true ; rdfs:label "Old {i}" ; dct:isReplacedBy d:{i - 1} .\n'
            for i in range(1, n // 80)
        )
        + 'd:0 a skos:Concept ; skos:prefLabel "New"@en .'
    ),
}


@pytest.mark.parametrize("shape", ["a chain", "replacements"])
def test_what_is_too_deep_is_kept_and_named(shape: str) -> None:
    log = log_of()
    incoming = take(log, SHAPES[shape](12_000 if shape == "a chain" else 11_000))
    assert any("100 tags above" in note or "no single living tag" in note for note in incoming.notes)
    assert len(log.taxonomy().tags) > 130
    assert len(without_blanks(out(log))) == len(
        without_blanks(PREFIXES + SHAPES[shape](12_000 if shape == "a chain" else 11_000))
    )


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_an_import_takes_linear_time(shape: str) -> None:
    assert_linear(lambda text: take(log_of(), text.rpartition(" ")[0]), SHAPES[shape], 60_000)


# --- without the library -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", NAMES)
def test_without_rdflib_it_is_said_what_to_install(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdflib", None)
    for work in (lambda: read(form, b"{}", "", log_of(), AT), lambda: written(form, EMPTY, {})):
        with pytest.raises(NotInstalled, match=r"pip install 'rdflib>=7\.6'"):
            work()
    for other in set(FORMATS) - set(NAMES):
        written(other, EMPTY, {})


def test_the_service_does_not_need_rdflib() -> None:
    lines = (Path(ROOT) / "requirements.in").read_text().splitlines()
    assert not any(line.startswith("rdflib") for line in lines)
