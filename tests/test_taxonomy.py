"""The taxonomy: reading, every problem with its line, JSON and back, its version, and the starter taxonomy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy, taxonomy_from_json, taxonomy_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadTaxonomy, UnknownTag
from tests.conftest import STARTER

KINDS = "kinds: {group: {}, category: {exclusive: true, label_is_alias: false}}\ntags:\n"
PROGRAMS_RELY_ON = [
    *("islamic-state", "iskp", "iswap", "al-qaeda", "aqap", "aqim", "al-shabaab", "boko-haram", "taliban"),
    *("haqqani-network", "ttp", "jnim", "hts", "hamas", "hezbollah", "palestinian-islamic-jihad", "houthis", "irgc"),
    *("iraqi-shia-militias", "pkk", "abu-sayyaf", "lashkar-e-taiba"),
]


def read(tmp_path: Path, text: str) -> Taxonomy:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(text, encoding="utf-8")
    return read_taxonomy(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadTaxonomy) as refused:
        read(tmp_path, text)
    assert all(problem in str(refused.value) for problem in refused.value.problems)
    return refused.value.problems


# --- reading ----------------------------------------------------------------------------------------------------


def test_every_field_is_read(tmp_path: Path) -> None:
    taxonomy = read(
        tmp_path,
        """
kinds:
  group: {}
  category: {exclusive: true, label_is_alias: false}
tags:
  - id: is
    label: Islamic State
    kind: group
    note: The core.
    created: "2014-06-29"
    aliases:
      - Daesh
      - {text: IS, case: exact, strength: weak, needs: [Syria, Iraq], needs_within: 8, since: "2014", until: "2024"}
      - {text: Caliphate, whole_word: false, shared: true, blocked: [Ottoman], blocked_within: article}
  - {id: iskp, label: ISKP Province, kind: group, broader: is, status: muted}
  - {id: is-k, label: Old Khorasan, kind: group, status: retired, replaced_by: iskp}
  - {id: attack, label: Attack, kind: category}
""",
    )
    assert taxonomy.kinds == {"group": Kind(), "category": Kind(exclusive=True, label_is_alias=False)}
    assert taxonomy.tags == (
        Tag(
            "is",
            "Islamic State",
            "group",
            note="The core.",
            created="2014-06-29",
            aliases=(
                Alias("Islamic State"),
                Alias("Daesh"),
                Alias(
                    "IS",
                    case_exact=True,
                    weak=True,
                    needs=("Syria", "Iraq"),
                    needs_within=8,
                    since="2014",
                    until="2024",
                ),
                Alias("Caliphate", whole_word=False, shared=True, blocked=("Ottoman",), blocked_within=None),
            ),
        ),
        Tag("iskp", "ISKP Province", "group", broader=("is",), status="muted", aliases=(Alias("ISKP Province"),)),
        Tag(
            "is-k",
            "Old Khorasan",
            "group",
            status="retired",
            replaced_by="iskp",
            aliases=(Alias("Old Khorasan"),),
        ),
        Tag("attack", "Attack", "category"),
    )


@pytest.mark.parametrize(
    ("fields", "aliases"),
    [
        ("kind: group", ["Hamas"]),
        ("kind: category", []),
        ("kind: group, label_is_alias: false", []),
        ("kind: category, label_is_alias: true", ["Hamas"]),
        ("kind: group, aliases: [HAMĀS]", ["HAMĀS"]),
    ],
)
def test_label_is_an_alias_unless_its_kind_or_the_tag_says_no_or_it_is_listed(
    tmp_path: Path, fields: str, aliases: list[str]
) -> None:
    taxonomy = read(tmp_path, f"{KINDS}- {{id: hamas, label: Hamas, {fields}}}")
    assert [alias.text for alias in taxonomy.tag("hamas").aliases] == aliases


def test_only_tags_of_an_exclusive_kind_exclude_each_other(tmp_path: Path) -> None:
    taxonomy = read(
        tmp_path,
        f"{KINDS}- {{id: attack, label: Attack, kind: category}}\n- {{id: eta, label: ETA group, kind: group}}",
    )
    assert [taxonomy.exclusive(tag) for tag in taxonomy.tags] == [True, False]


def test_muted_and_retired_tags_are_not_active() -> None:
    assert [Tag("a", "A", status=status).active for status in ("active", "muted", "retired")] == [True, False, False]


def test_unknown_tag_is_named() -> None:
    with pytest.raises(UnknownTag, match="no tag 'iskpp'"):
        Taxonomy((Tag("iskp", "ISKP"),)).tag("iskpp")


# --- problems, each with its line -------------------------------------------------------------------------------

GOOD = "- {id: eta, label: Eta group, kind: group}\n"


@pytest.mark.parametrize(
    ("tags", "problem"),
    [
        (f"{GOOD}- {{id: eta, label: Other, kind: group}}", "line 4: the id 'eta' stands in line 3 too"),
        ("- {id: ETA, label: Eta group, kind: group}", "line 3: id 'ETA' must be of a-z, 0-9 and hyphens"),
        ("- {label: Eta group, kind: group}", "line 3: a tag without `id`"),
        ("- {id: eta, kind: group}", "line 3: a tag without `label`"),
        ("- {id: eta, label: Eta group}", "line 3: a tag without `kind`"),
        ("-\n  id: eta\n  label: Eta group\n  kind: place", "line 6: kind 'place' is not one of group, category"),
        (
            "- {id: eta, label: Eta group, kind: group,\n   status: hidden}",
            "line 4: status 'hidden' is not one of active, muted, retired",
        ),
        (
            f"{GOOD}- {{id: x, label: Xi group, kind: group, broader: none-such}}",
            "line 4: `broader` of 'x' names 'none-such', which is not in the taxonomy",
        ),
        (
            f"{GOOD}- {{id: x, label: Xi group, kind: group, status: retired, replaced_by: gone}}",
            "line 4: `replaced_by` of 'x' names 'gone', which is not in the taxonomy",
        ),
        (
            f"{GOOD}- {{id: x, label: Xi group, kind: group, replaced_by: eta}}",
            "line 4: 'x' has `replaced_by` but is not retired",
        ),
        (
            f"{GOOD}- {{id: x, label: Xi group, kind: group, status: retired, replaced_by: x}}",
            "line 4: `replaced_by` of 'x' leads back to itself",
        ),
        (
            f"{GOOD}- {{id: x, label: Xi group, kind: group, status: retired, replaced_by: y}}\n"
            "- {id: y, label: Ypsilon, kind: group, status: retired, replaced_by: x}",
            "line 4: `replaced_by` of 'x' leads back to itself",
        ),
        (
            "- {id: eta, label: Eta group, kind: group,\n   created: 29.6.2014}",
            "line 4: created '29.6.2014' is not a day like 2014-06-29",
        ),
        (
            "- {id: eta, label: Eta group, kind: group, broader: eta}",
            "line 3: `broader` of 'eta' leads back to itself",
        ),
        ("- {id: eta, label: Eta group, kind: group, colour: red}", "line 3: unknown field `colour`; known are "),
        (
            "- id: eta\n  label: Eta group\n  kind: group\n  aliases:\n  - {text: Etarras,\n     when: 2004}",
            "line 8: unknown field `when`; known are ",
        ),
        ("- {id: eta, label: Eta group, kind: group, label: Eta}", "line 3: `label` stands twice"),
        ("- {id: eta, label: Eta group, kind: group, aliases: Etarras}", "line 3: `aliases` must be a list"),
        ("- {id: eta, label: [Eta], kind: group}", "line 3: `label` must be a text"),
        ("- eta", "line 3: expected a mapping (key: value)"),
        ("", "line 1: `tags` is empty"),
    ],
)
def test_problem_of_a_tag_is_named_with_its_line(tmp_path: Path, tags: str, problem: str) -> None:
    assert any(found.startswith(problem) for found in problems(tmp_path, KINDS + tags))


@pytest.mark.parametrize(
    ("alias", "problem"),
    [
        ("{case: exact}", "an alias without `text`"),
        ("'!!!'", "the alias '!!!' has no word in it"),
        ("E", "the alias 'E' is too short to be safe"),
        ("{text: E, case: exact}", "the alias 'E' is too short to be safe"),
        ("TAK", "the abbreviation 'TAK' is too short to be safe in any case: add `case: exact`"),
        ("PFLP", "the abbreviation 'PFLP' is too short to be safe in any case"),
        ("front", "the alias 'front' is too common a word to be safe: add `case: exact`"),
        ("The", "the alias 'The' is too common a word"),
        ("{text: Etarras, case: upper}", "case 'upper' is not one of any, exact"),
        ("{text: Etarras, strength: strong}", "strength 'strong' is not one of name, weak"),
        ("{text: Etarras, shared: maybe}", "shared 'maybe' is not one of true, false"),
        ("{text: Etarras, needs: Spain}", "`needs` must be a list"),
        ("{text: Etarras, needs: ['--']}", "the context '--' of alias 'Etarras' has no word in it"),
        ("{text: Etarras, blocked: ['?']}", "the context '?' of alias 'Etarras' has no word in it"),
        ("{text: Etarras, blocked_within: far}", "blocked_within is 1 to 1000 words or `article`, not 'far'"),
        ("{text: Etarras, needs_within: 0}", "needs_within is 1 to 1000 words or `article`, not '0'"),
        ("{text: Etarras, needs_within: 1001}", "needs_within is 1 to 1000 words or `article`, not '1001'"),
    ],
)
def test_problem_of_an_alias_is_named_with_its_line(tmp_path: Path, alias: str, problem: str) -> None:
    tags = f"- id: eta\n  label: Eta group\n  kind: group\n  aliases:\n  - Etarra\n  - {alias}\n"
    assert [found.startswith(f"line 8: {problem}") for found in problems(tmp_path, KINDS + tags)] == [True]


@pytest.mark.parametrize("alias", ["{text: TAK, case: exact}", "{text: Front, case: exact}", "PFLPX", "Popular Front"])
def test_short_or_common_alias_is_safe_where_case_or_length_tells_it_apart(tmp_path: Path, alias: str) -> None:
    taxonomy = read(tmp_path, f"{KINDS}- {{id: eta, label: Eta group, kind: group, aliases: [{alias}]}}")
    assert len(taxonomy.tag("eta").aliases) == 2


def test_alias_that_stands_twice_under_a_tag_is_named(tmp_path: Path) -> None:
    tags = "- {id: eta, label: Eta group, kind: group, aliases: [Etarras,\n  Etarras]}"
    assert problems(tmp_path, KINDS + tags) == ["line 4: the alias 'Etarras' stands in line 3 too"]


def test_cycle_names_every_tag_in_it_and_no_other(tmp_path: Path) -> None:
    tags = "".join(
        f"- {{id: {tag}, label: {tag * 3} group, kind: group, broader: {broader}}}\n"
        for tag, broader in ("ab", "bc", "cb")
    )
    assert problems(tmp_path, KINDS + tags) == [
        "line 4: `broader` of 'b' leads back to itself",
        "line 5: `broader` of 'c' leads back to itself",
    ]


def two_owners(first: str, second: str, status: str = "active") -> str:
    return (
        f"{KINDS}- {{id: one, label: One group, kind: group, aliases: [{first}]}}\n"
        f"- {{id: two, label: Two group, kind: group, status: {status}, aliases: [{second}]}}\n"
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Ansar", "Ansar"),
        ("al-Ansar", "Al Ansár"),
        ("Two group", "Brigade"),
        ("{text: ANS, case: exact}", "{text: ANS, case: exact}"),
        ("{text: Ansar, shared: true}", "Ansar"),
    ],
    ids=["same", "same spelling", "a label", "same case", "shared by one only"],
)
def test_alias_of_two_tags_is_a_clash_that_names_both_lines(tmp_path: Path, first: str, second: str) -> None:
    (problem,) = problems(tmp_path, two_owners(first, second))
    assert problem.startswith("line 4: the alias ")
    assert "of 'two' is also one of 'one' (line 3)" in problem


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("{text: Ansar, shared: true}", "{text: Ansar, shared: true}", "active"),
        ("Ansar", "Ansar", "retired"),
        ("{text: The Base, case: exact}", "{text: the base, case: exact}", "active"),
    ],
    ids=["shared by both", "with a retired tag", "told apart by case"],
)
def test_alias_that_may_be_of_two_tags_is_no_clash(tmp_path: Path, first: str, second: str, status: str) -> None:
    assert len(read(tmp_path, two_owners(first, second, status)).tags) == 2


def test_all_problems_are_reported_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    tags = "- {id: A, label: Alpha, kind: group}\n- {id: b, kind: group}\n- {id: c, label: Gamma, kind: theme}\n"
    found = problems(tmp_path, f"{KINDS}{tags * 5}")
    assert [int(problem.split(":")[0].removeprefix("line ")) for problem in found if "too" not in problem] == list(
        range(3, 18)
    )


@pytest.mark.parametrize("text", ["tags: [", "a: b: c", "\t- x", "--- 1\n--- 2\n", "{{}}: }"])
def test_what_is_not_yaml_is_reported_with_its_line(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "line " in problem


@pytest.mark.parametrize("text", ["", "- eta\n", "Eta"])
def test_yaml_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == ["line 1: a taxonomy is a mapping with `kinds` and `tags`"]


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.yaml"
    path.write_bytes(b"kinds: {}\ntags: [caf\xe9]")
    with pytest.raises(BadTaxonomy, match="utf-8"):
        read_taxonomy(path)


def test_missing_file_is_reported_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadTaxonomy, match=r"none\.yaml.*\n.*No such file"):
        read_taxonomy(tmp_path / "none.yaml")


# --- JSON and version -------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(categories=["L"]), min_size=2, max_size=8)
ALIASES = st.builds(
    Alias,
    text=NAMES,
    case_exact=st.booleans(),
    whole_word=st.booleans(),
    weak=st.booleans(),
    shared=st.booleans(),
    needs=st.lists(NAMES, max_size=2).map(tuple),
    needs_within=st.none() | st.integers(1, 1000),
    blocked=st.lists(NAMES, max_size=2).map(tuple),
    blocked_within=st.none() | st.integers(1, 1000),
    since=st.none() | NAMES,
    until=st.none() | NAMES,
    lang=st.sampled_from([None, "fr"]),
)
TAGS = st.builds(
    Tag,
    id=NAMES,
    label=NAMES,
    kind=st.sampled_from(["group", "theme"]),
    broader=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    status=st.sampled_from(["active", "muted", "retired"]),
    replaced_by=st.none() | NAMES,
    note=NAMES,
    created=st.none() | NAMES,
    aliases=st.lists(ALIASES, max_size=3).map(tuple),
    labels=st.dictionaries(st.sampled_from(["fr", "pt-BR"]), NAMES).map(lambda labels: tuple(sorted(labels.items()))),
    related=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    matches=st.sampled_from([(), (("exact", "urn:a"), ("exact", "urn:b"), ("broad", "urn:c"))]),
    uri=st.none() | st.just("https://example.org/1"),
    parts=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    caution=st.sampled_from([False, True, 0.9]),
    origin=st.none() | NAMES,
    retired_at=st.none() | NAMES,
)
TAXONOMIES = st.builds(
    Taxonomy,
    tags=st.lists(TAGS, max_size=4).map(tuple),
    kinds=st.dictionaries(NAMES, st.builds(Kind, exclusive=st.booleans(), label_is_alias=st.booleans()), max_size=3),
)


@given(TAXONOMIES)
def test_taxonomy_comes_back_from_json_equal_and_with_its_version(taxonomy: Taxonomy) -> None:
    again = taxonomy_from_json(json.loads(json.dumps(taxonomy.to_json())))
    assert again == taxonomy
    assert again.version == taxonomy.version


def test_json_leaves_out_what_is_at_its_default() -> None:
    taxonomy = Taxonomy((Tag("eta", "Eta", aliases=(Alias("Eta"),)),), {"theme": Kind()})
    assert taxonomy.to_json() == {
        "kinds": {"theme": {}},
        "tags": [{"id": "eta", "label": "Eta", "aliases": [{"text": "Eta"}]}],
    }


ONE = "- {id: eta, label: Eta group, kind: group, aliases: [{text: ETA, case: exact}]}\n"


@pytest.mark.parametrize(
    "text",
    [
        f"# A comment\n{KINDS}{ONE}",
        f"{KINDS}- id: eta\n  kind: group\n  label: 'Eta group'\n  aliases:\n  - case: exact\n    text: ETA\n",
        f"{KINDS}- {{id: eta, label: Eta group, kind: group, status: active, aliases: [{{text: ETA, case: exact}}]}}",
    ],
    ids=["a comment", "another layout", "a default spelt out"],
)
def test_same_content_has_the_same_version(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).version == read(tmp_path, KINDS + ONE).version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: eta", "id: etas"),
        ("Eta group", "Eta gang"),
        ("case: exact", "case: exact, strength: weak"),
        ("case: exact", "case: exact, needs: [Spain]"),
        ("kind: group", "kind: group, note: Basque"),
        ("kind: group", "kind: group, status: muted"),
        ("kind: group", "kind: category"),
        ("group: {}", "group: {exclusive: true}"),
        (ONE, ONE + "- {id: grapo, label: Grapo group, kind: group}"),
    ],
)
def test_any_change_of_content_changes_the_version(tmp_path: Path, old: str, new: str) -> None:
    text = KINDS + ONE
    assert read(tmp_path, text.replace(old, new)).version != read(tmp_path, text).version


def test_order_of_the_tags_is_content_because_rows_of_a_model_follow_it() -> None:
    a, b = Tag("a", "A"), Tag("b", "B")
    assert Taxonomy((a, b)).version != Taxonomy((b, a)).version


# --- an archive without a taxonomy ------------------------------------------------------------------------------


def test_taxonomy_of_an_archive_has_each_id_once_with_its_words_as_alias() -> None:
    taxonomy = taxonomy_of(["boko-haram", "oil", "boko-haram"])
    assert taxonomy.tags == (
        Tag("boko-haram", "boko haram", aliases=(Alias("boko haram"),)),
        Tag("oil", "oil", aliases=(Alias("oil"),)),
    )


def test_id_without_a_word_has_no_alias() -> None:
    assert taxonomy_of(["--"]).tags == (Tag("--", "--"),)


# --- the starter taxonomy ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def starter() -> Taxonomy:
    return read_taxonomy(STARTER / "taxonomy.yaml")


def test_starter_taxonomy_is_sound_and_large_enough(starter: Taxonomy) -> None:
    assert len(starter.tags) >= 220
    assert sum(tag.kind == "group" for tag in starter.tags) >= 110


@pytest.mark.parametrize("tag_id", PROGRAMS_RELY_ON)
def test_starter_taxonomy_has_the_groups_that_programs_rely_on(starter: Taxonomy, tag_id: str) -> None:
    tag = starter.tag(tag_id)
    assert (tag.kind, tag.active) == ("group", True)
    assert tag.aliases


def test_every_group_and_place_of_the_starter_taxonomy_is_named_by_its_label(starter: Taxonomy) -> None:
    named = {tag.id: {spell(alias.text) for alias in tag.aliases} for tag in starter.tags}
    nameless = [
        tag.id for tag in starter.tags if tag.kind in ("group", "place") and spell(tag.label) not in named[tag.id]
    ]
    assert nameless == []


def test_branches_of_the_starter_taxonomy_know_their_family(starter: Taxonomy) -> None:
    broader = {
        tag_id: starter.tag(tag_id).broader for tag_id in ("iskp", "iswap", "aqap", "aqim", "al-shabaab", "hamas")
    }
    assert broader == {
        "iskp": ("islamic-state",),
        "iswap": ("islamic-state",),
        "aqap": ("al-qaeda",),
        "aqim": ("al-qaeda",),
        "al-shabaab": ("al-qaeda",),
        "hamas": (),
    }


def test_only_categories_of_the_starter_taxonomy_exclude_each_other(starter: Taxonomy) -> None:
    assert {tag.kind for tag in starter.tags if starter.exclusive(tag)} == {"category"}


def test_starter_taxonomy_comes_back_from_json_equal(starter: Taxonomy) -> None:
    assert taxonomy_from_json(json.loads(json.dumps(starter.to_json()))) == starter


def test_change_of_one_note_changes_the_version_of_the_starter_taxonomy(starter: Taxonomy) -> None:
    changed = replace(starter, tags=(replace(starter.tags[0], note="Other."), *starter.tags[1:]))
    assert changed.version != starter.version


def test_cycles_and_clashes_are_named_beside_other_problems_and_nothing_follows_from_those(tmp_path: Path) -> None:
    tags = (
        "- {id: aa, label: Alpha, kind: group, broader: bb, aliases: [Ansar]}\n"
        "- {id: bb, label: Beta, kind: group, broader: aa, aliases: [Ansar]}\n"
        "- {id: cc, kind: group}\n"
        "- {id: dd, label: Delta, kind: group, broader: cc}\n"
    )
    found = problems(tmp_path, KINDS + tags)
    assert [problem.split(";")[0] for problem in found] == [
        "line 3: `broader` of 'aa' leads back to itself",
        "line 4: `broader` of 'bb' leads back to itself",
        "line 4: the alias 'Ansar' of 'bb' is also one of 'aa' (line 3)",
        "line 5: a tag without `label`",
    ]
