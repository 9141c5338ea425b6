"""Operations on a taxonomy: as lines, as JSON, and what each does and refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.applying import carry_out
from classifier.domain.editing import Editor
from classifier.domain.operation_lines import operation_from_text, operation_to_text
from classifier.domain.operations import (
    ChangeAlias,
    Create,
    Merge,
    Move,
    Operation,
    Relabel,
    Rename,
    Retire,
    Revive,
    SetField,
    Split,
    operation_from_json,
    operation_to_json,
)
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.errors import BadOperation

AT = "2026-12-01T01:00:00.000000+00:00"


def tag(tag_id: str, label: str, *broader: str, **more: object) -> Tag:
    aliases = (Alias(label),) if "aliases" not in more else ()
    return replace(Tag(tag_id, label, "group", broader, aliases=aliases), **more)  # type: ignore[arg-type]


TAXONOMY = Taxonomy(
    (
        tag("isis", "ISIS group", aliases=(Alias("ISIS group"), Alias("Daesh"), Alias("Ansar", shared=True))),
        tag("islamic-state", "Islamic State", aliases=(Alias("Islamic State"), Alias("Ansar", shared=True))),
        tag("iskp", "Khorasan Province", "isis", related=("isis",)),
        tag("old", "Old name", status="retired", replaced_by="isis"),
        tag("army-navy", "Armed forces", "islamic-state", created="2020-01-01"),
        Tag("attack", "Attack", "category"),
    ),
    {"group": Kind(), "category": Kind(exclusive=True, label_is_alias=False)},
)


def after(line: str) -> Taxonomy:
    editor = Editor(TAXONOMY)
    edits = carry_out(operation_from_text(line), editor, AT)
    changed = editor.taxonomy()
    editor.take_back(edits)
    assert editor.taxonomy() == TAXONOMY, "the inverse gives the taxonomy of before"
    assert Editor(changed).taxonomy() == changed
    return changed


# --- as lines and as JSON ---------------------------------------------------------------------------------------

LINES = [
    ('create aqap "Al-Qaeda in \\"Yemen\\"" kind=group broader=aq,is created=2014-06-29', None),
    ('create aqap "AQAP"', Create("aqap", "AQAP")),
    ('relabel isis "Daesh"', Relabel("isis", "Daesh")),
    ('relabel isis "Daech" lang=fr', Relabel("isis", "Daech", "fr")),
    ("merge isis isil into islamic-state", Merge(("isis", "isil"), "islamic-state")),
    ("rename isis to islamic-state", Rename("isis", "islamic-state")),
    ("split a into b c", Split("a", ("b", "c"))),
    ('split a into b="The B" c keep', Split("a", ("b", "c"), (("b", "The B"),), True)),
    ("retire isis", Retire("isis")),
    ("retire isis for islamic-state", Retire("isis", "islamic-state")),
    ("revive isis", Revive("isis")),
    ("move iskp under isis aq", Move("iskp", ("isis", "aq"))),
    ("move iskp under -", Move("iskp")),
    ('alias isis +"Daesh"', ChangeAlias("isis", add=Alias("Daesh"))),
    ('alias isis -"Daesh"', ChangeAlias("isis", drop="Daesh")),
    (
        'alias isis +"IS" {"needs": ["Syria"], "needs_within": "article", "case": "exact", "strength": "weak"}',
        ChangeAlias("isis", add=Alias("IS", case_exact=True, weak=True, needs=("Syria",))),
    ),
    ('set isis note="The core."', SetField("isis", "note", "The core.")),
    ('set isis caution="true"', SetField("isis", "caution", "true")),
    (
        'set isis notes.fr="Le noyau." notes.de="Der Kern."',
        SetField("isis", "notes", {"fr": "Le noyau.", "de": "Der Kern."}),
    ),
]


@pytest.mark.parametrize(("line", "operation"), LINES)
def test_a_line_is_read_and_written_back(line: str, operation: Operation | None) -> None:
    read = operation_from_text(line)
    if operation is not None:
        assert read == operation
    assert operation_from_text(operation_to_text(read)) == read
    assert operation_from_json(json.loads(json.dumps(operation_to_json(read)))) == read


def test_a_line_is_written_in_one_way() -> None:
    assert operation_to_text(operation_from_text('  merge   isis "isil" into islamic-state ')) == (
        "merge isis isil into islamic-state"
    )


IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True) | st.sampled_from(
    ["into", "keep", "Ünter uns", "a=b", "-"]
)
TEXTS = st.text(st.characters(categories=["L", "P", "Zs"]), min_size=1, max_size=12).filter(lambda text: text.strip())
SEVERAL = st.lists(IDS, min_size=1, max_size=3, unique=True).map(tuple)
ALIASES = st.builds(
    Alias,
    TEXTS,
    case_exact=st.booleans(),
    weak=st.booleans(),
    shared=st.booleans(),
    needs=st.lists(TEXTS.map(str.strip), max_size=2).map(tuple),
    needs_within=st.none() | st.integers(1, 1000),
    blocked_within=st.none() | st.integers(1, 1000),
    lang=st.sampled_from([None, "fr"]),
)
NEW_IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,9}", fullmatch=True)
OPERATIONS = st.one_of(
    st.builds(
        Create, IDS, TEXTS, NEW_IDS, st.lists(NEW_IDS, max_size=2, unique=True).map(tuple), st.none() | st.just("2020")
    ),
    st.builds(Relabel, IDS, TEXTS, st.sampled_from([None, "fr"])),
    st.builds(Merge, SEVERAL, IDS),
    st.builds(Rename, IDS, IDS),
    st.builds(Split, IDS, st.lists(NEW_IDS, min_size=1, max_size=3, unique=True).map(tuple), keep=st.booleans()),
    st.builds(Retire, IDS, st.none() | IDS),
    st.builds(Revive, IDS),
    st.builds(Move, IDS, st.just(()) | SEVERAL.filter(lambda ids: ids != ("-",))),
    st.builds(lambda tag_id, alias: ChangeAlias(tag_id, add=alias), IDS, ALIASES),
    st.builds(lambda tag_id, text: ChangeAlias(tag_id, drop=text), IDS, TEXTS),
    st.builds(SetField, IDS, st.sampled_from(["note", "uri"]), TEXTS),
    st.builds(SetField, IDS, st.just("notes"), st.dictionaries(st.sampled_from(["fr", "de"]), TEXTS, min_size=1)),
)


@given(OPERATIONS)
def test_every_operation_comes_back_from_its_line_and_from_json(operation: Operation) -> None:
    assert operation_from_text(operation_to_text(operation)) == operation
    assert operation_from_json(json.loads(json.dumps(operation_to_json(operation)))) == operation


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "begins with no operation; there are create, relabel, merge"),
        ("delete isis", "'delete isis' begins with no operation"),
        ("merge isis", "Write: merge ID [ID …] into ID"),
        ("merge into isis", "Write: merge ID [ID …] into ID"),
        ("merge isis into", "Write: merge ID [ID …] into ID"),
        ('create aqap "AQ', "has a quotation mark without its end"),
        ('create aqap "AQAP" colour=red', "Write: create ID"),
        ("rename isis", "Write: rename ID to NEW"),
        ("alias isis Daesh", "Write: alias ID"),
        ('alias isis +"IS" {case: upper}', "case 'upper' is not one of any, exact"),
        ('alias isis +"IS" {when: 2004}', "unknown field `when`"),
        ("move isis", "Write: move ID under ID"),
        ("set isis note", "Write: set ID FIELD=VALUE"),
        ("set isis note=a kind=b", "Write: set ID FIELD=VALUE"),
    ],
)
def test_a_line_that_is_not_understood_is_answered_with_the_form(line: str, problem: str) -> None:
    with pytest.raises(BadOperation) as refused:
        operation_from_text(line)
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("merge", "An operation has `op`, one of create"),
        ({"op": "delete"}, "An operation has `op`, one of create"),
        ({"op": "merge", "tags": ["isis"]}, "`merge` needs `into`. Written as a line: merge ID"),
        ({"op": "merge", "tags": [1], "into": "x"}, "`tags` of `merge` cannot be '[1]'"),
        ({"op": "merge", "tags": ["isis"], "into": "x", "at": 1}, "`merge` has no field 'at'; it has tags, into"),
        ({"op": "split", "tag": "a", "into": ["b"], "keep": "yes"}, "`keep` of `split` cannot be 'yes'"),
        ({"op": "alias", "tag": "a", "add": {"text": "x", "when": 1}}, "`add` of `alias` cannot be"),
    ],
)
def test_json_that_is_no_operation_is_answered_with_the_field(value: object, problem: str) -> None:
    with pytest.raises(BadOperation) as refused:
        operation_from_json(value)
    assert problem in str(refused.value)


# --- what they do -----------------------------------------------------------------------------------------------


def test_create_makes_a_tag_of_today_that_its_label_names() -> None:
    new = after('create aqap "Al-Qaeda in Yemen" kind=group broader=isis').tags[-1]
    assert new == tag("aqap", "Al-Qaeda in Yemen", "isis", created="2026-12-01")


def test_the_label_of_a_new_tag_is_no_alias_where_its_kind_says_so_or_it_would_not_be_safe() -> None:
    assert after('create trial "Trial" kind=category').tag("trial").aliases == ()
    assert after('create is "IS" kind=group').tag("is").aliases == ()
    assert after('create other "Daesh" kind=group').tag("other").aliases == ()


def test_relabel_keeps_the_old_label_as_an_alias() -> None:
    changed = after('relabel iskp "Province of Khorasan"').tag("iskp")
    assert changed.label == "Province of Khorasan"
    assert [alias.text for alias in changed.aliases] == ["Khorasan Province", "Province of Khorasan"]


def test_relabel_in_another_language_leaves_the_main_label() -> None:
    changed = after('relabel iskp "Province de Khorassan" lang=fr').tag("iskp")
    assert (changed.label, changed.labels) == ("Khorasan Province", (("fr", "Province de Khorassan"),))


def test_merge_retires_the_tags_and_gives_their_aliases_and_their_place_to_the_heir() -> None:
    merged = after("merge isis into islamic-state")
    gone, heir, below = (merged.tag(tag_id) for tag_id in ("isis", "islamic-state", "iskp"))
    assert (gone.status, gone.replaced_by, gone.retired_at) == ("retired", "islamic-state", AT)
    assert [alias.text for alias in heir.aliases] == ["Islamic State", "Ansar", "ISIS group", "Daesh"]
    assert (below.broader, below.related) == (("islamic-state",), ("islamic-state",))
    assert merged.replacement_of("old") == "islamic-state"


def test_a_tag_that_is_merged_with_the_one_above_it_stands_where_that_one_stood() -> None:
    assert after("merge isis into iskp").tag("iskp").broader == ()
    assert after("merge isis into iskp").tag("iskp").related == ()


def test_rename_is_a_new_tag_with_the_same_content_and_the_old_one_retired_for_it() -> None:
    renamed = after("rename army-navy to armed-forces")
    old, new = renamed.tag("army-navy"), renamed.tag("armed-forces")
    assert (old.status, old.replaced_by, old.retired_at) == ("retired", "armed-forces", AT)
    assert new == replace(TAXONOMY.tag("army-navy"), id="armed-forces", origin="army-navy")


def test_split_retires_a_tag_without_one_heir_and_makes_parts_that_are_as_old() -> None:
    parted = after('split army-navy into army="The Army" navy')
    whole, army, navy = (parted.tag(tag_id) for tag_id in ("army-navy", "army", "navy"))
    assert (whole.status, whole.replaced_by, whole.parts) == ("retired", None, ("army", "navy"))
    assert army == tag(
        "army", "The Army", "islamic-state", created="2020-01-01", origin="army-navy", aliases=(Alias("The Army"),)
    )
    assert (navy.label, [alias.text for alias in navy.aliases]) == ("navy", ["navy"])


def test_split_may_keep_the_tag_above_its_parts_one_of_which_was_there() -> None:
    parted = after("split army-navy into iskp navy keep")
    assert parted.tag("army-navy").active
    assert parted.tag("iskp").broader == ("isis", "army-navy")
    assert parted.tag("navy").broader == ("army-navy",)


def test_what_is_below_a_tag_that_is_retired_comes_under_what_is_above_it() -> None:
    editor = Editor(TAXONOMY)
    carry_out(Move("isis", ("army-navy",)), editor, AT)
    carry_out(Retire("isis"), editor, AT)
    assert editor.tags["iskp"].broader == ("army-navy",)


def test_a_revived_tag_does_not_take_back_aliases_that_another_tag_has_now() -> None:
    editor = Editor(TAXONOMY)
    for line in ("merge isis into islamic-state", "revive isis"):
        carry_out(operation_from_text(line), editor, AT)
    revived = editor.tags["isis"]
    assert (revived.status, revived.replaced_by, revived.retired_at) == ("active", None, None)
    assert [alias.text for alias in revived.aliases] == ["Ansar"]


def test_an_alias_takes_the_place_of_one_with_the_same_spelling() -> None:
    changed = after('alias isis +"Daesh" {needs: [Syria]}').tag("isis").aliases
    assert changed[1] == Alias("Daesh", needs=("Syria",))
    assert len(changed) == 3
    assert [alias.text for alias in after('alias isis -"Daesh"').tag("isis").aliases] == ["ISIS group", "Ansar"]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ('set isis note="The core."', "note", "The core."),
        ("set isis status=muted", "status", "muted"),
        ("set isis caution=0.9", "caution", 0.9),
        ("set isis caution=true", "caution", True),
        ("set isis related=iskp,attack", "related", ("iskp", "attack")),
        ('set isis notes.fr="Le noyau."', "notes", (("fr", "Le noyau."),)),
        ("set isis matches.exact=urn:a", "matches", (("exact", "urn:a"),)),
        ("set army-navy created=", "created", None),
    ],
)
def test_set_changes_a_field(line: str, field: str, value: object) -> None:
    assert getattr(after(line).tag(line.split()[1]), field) == value


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('create isis "ISIS again"', "There is a tag 'isis' already."),
        ('create changes "Changes"', "'changes' cannot be an id: it is a word of the API."),
        ("rename isis to export", "'export' cannot be an id"),
        ('create "A b" "A b"', "must be of a-z, 0-9 and hyphens"),
        ('create x "Xi" kind=place', "There is no kind 'place'; there are category, group."),
        ('create x "Xi" kind=group broader=old', "The tag 'old' is retired in favour of 'isis'."),
        ("merge isis into isis", "'isis' cannot be merged into itself."),
        ("merge attack into isis", "'attack' is a category, 'isis' a group"),
        ("merge old into islamic-state", "The tag 'old' is retired in favour of 'isis'."),
        ("merge isis into gone", "The taxonomy has no tag 'gone'."),
        ("retire isis for isis", "'isis' cannot take its own place."),
        ("retire isis for old", "The tag 'old' is retired in favour of 'isis'."),
        ("move isis under iskp", "'isis' would be broader than itself."),
        ("move isis under isis", "'isis' would be broader than itself."),
        ("move isis under old", "The tag 'old' is retired"),
        ("split isis into iskp", "'isis' is split into at least two other tags"),
        ("split isis into isis iskp", "'isis' is split into at least two other tags"),
        ("split isis into attack iskp", "'attack' is a category, 'isis' a group"),
        ("revive isis", "There is no retired tag 'isis'."),
        ('alias iskp +"Daesh"', "The alias 'Daesh' of 'iskp' is also one of 'isis'."),
        ('alias isis +"TAK"', "the abbreviation 'TAK' is too short to be safe in any case: add `case: exact`"),
        ('alias isis -"Unknown"', "'isis' has no alias 'Unknown'."),
        ("set isis id=other", "`set` changes note, created"),
        ("set isis status=retired", "`status` is set to active or muted, not 'retired'"),
        ("set isis kind=category", "'isis' stands in the place of tags of the kind 'group'"),
        ("set isis caution=2", "`caution` is true, false or the least score"),
        ("set isis notes=text", "`notes` is set by its parts, like `notes.fr=…`"),
        ("set isis created=today", "`created` is a day like 2014-06-29, not 'today'."),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(line: str, problem: str) -> None:
    editor = Editor(TAXONOMY)
    with pytest.raises(BadOperation) as refused:
        carry_out(operation_from_text(line), editor, AT)
    assert problem in str(refused.value)
    assert editor.taxonomy() == TAXONOMY


def test_an_id_that_was_taken_back_is_not_used_for_another_tag() -> None:
    editor = Editor(TAXONOMY)
    edits = carry_out(operation_from_text('create x "Xi" kind=group'), editor, AT)
    editor.take_back(edits)
    with pytest.raises(BadOperation, match="'x' was an id before"):
        carry_out(operation_from_text('create x "Other" kind=group'), editor, AT)


def test_an_id_whose_creation_was_refused_is_still_free() -> None:
    editor = Editor(TAXONOMY)
    with pytest.raises(BadOperation):
        carry_out(Split("isis", ("x", "changes")), editor, AT)
    assert carry_out(Create("x", "Xi", "group"), editor, AT)
