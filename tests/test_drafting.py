"""A draft of a taxonomy: which names are one, which are not, what is kept, and the operations that say so."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from classifier.commands import main
from classifier.domain.articles import Article
from classifier.domain.taxonomy import Kind, Tag, Taxonomy, taxonomy_of
from classifier.errors import BadNames
from classifier.importers.mapping import read_map
from classifier.reports.draft.archive import Archive, read_archive
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.map_file import as_csv
from classifier.reports.draft.names import Name, one_edit_apart
from classifier.reports.draft.names_file import read_names
from classifier.reports.draft.page import as_text
from classifier.reports.draft.records import VERSION, TaxonomyDraft
from classifier.reports.draft.sentences import OF_DRAFTS
from classifier.texts import gettext, retold
from tests.latin import left_in_latin, reading_in

Post = tuple[str, Sequence[str]]  # a text and its tags


def archive_of(*posts: Post) -> Archive:
    articles = [Article(f"a-{n}", "", text, tags=tuple(tags)) for n, (text, tags) in enumerate(posts)]
    return read_archive(lambda: articles)


def draft_of(*posts: Post, taxonomy: Taxonomy | None = None, least: int = 1) -> TaxonomyDraft:
    return read_in_arabic(draft_taxonomy(archive_of(*posts), taxonomy, least))


def names_draft(*names: str) -> TaxonomyDraft:
    return read_in_arabic(draft_taxonomy(Archive(dict.fromkeys(names, 1)), least=1))


def read_in_arabic(draft: TaxonomyDraft) -> TaxonomyDraft:
    """Return a draft whose rules and reasons are in Arabic for who reads that, but for the names."""
    pairs = [(row.rule, row.why, row.name, row.of) for row in draft.alias]
    pairs += [(pair.rule, pair.why, pair.name, pair.other) for pair in draft.questions]
    pairs += [(VERSION, row.why, row.name, row.under) for row in draft.under]
    with reading_in("ar"):
        for rule, why, *names in pairs:
            said = f"<p>{escape(gettext(rule))} {escape(retold(why, OF_DRAFTS))}</p>"
            assert left_in_latin(said, [*names, *(row.name for row in draft.keep)]) == set(), why
    return draft


def joined(draft: TaxonomyDraft) -> set[frozenset[str]]:
    return {frozenset((row.name, row.of)) for row in draft.alias}


def asked(draft: TaxonomyDraft) -> set[frozenset[str]]:
    return {frozenset((pair.name, pair.other)) for pair in draft.questions}


SAME = (
    ("self hosted", "selfhosted"),
    ("Self-Hosted", "self_hosted"),
    ("women's rights", "womens rights"),
    ("R&D labs", "R and D labs"),
    ("#metoo", "MeToo"),
    ("37 signals", "37signals"),
    ("G-7", "G7"),
    ("EU", "eu"),
    ("C.I.A.", "CIA"),
    ("J.K. Rowling", "jk rowling"),
    ("café culture", "cafe culture"),
    ("ΑΘΗΝΑ", "αθήνα"),
    ("МОСКВА", "москва"),
    ("STRASSE", "straße"),
    ("data journalism", "datajournalism"),
    ("plugin design", "plug-in designs"),
    ("refugee", "refugees"),
    ("bodies", "body"),
    ("codereviews", "code review"),
    ("Russia Today (RT)", "RT"),
    ("radicalisation", "radicalization"),
    ("organised crime", "Organized crime"),
)
OTHER = (
    ("m2", "m.2"),
    ("AI/ML", "AIML"),
    (".net", "net"),
    ("C", "C#"),
    ("Disney+", "Disney"),
    ("9/11", "911"),
    ("WHO", "who"),
    ("u.s.", "us"),
    ("s.m.a.r.t", "smart"),
    ("gtk 4.0", "gtk 40"),
    ("фойе", "фоие"),
    ("かき", "かぎ"),
    ("prise", "prize"),
    ("news", "new"),
    ("arms", "arm"),
    ("economics", "economic"),
    ("ios", "io"),
    ("gamma", "gemma"),
    ("EU", "energy use"),
    ("washington post", "post"),
    ("android 13", "android 14"),
    ("🦒", "🐘"),
)


@pytest.mark.parametrize("names", SAME, ids=" = ".join)
def test_names_alone_show_that_two_tags_are_one(names: tuple[str, str]) -> None:
    assert joined(names_draft(*names)) == {frozenset(names)}


@pytest.mark.parametrize("names", OTHER, ids=" and ".join)
def test_names_alone_do_not_join_other_tags(names: tuple[str, str]) -> None:
    assert not joined(names_draft(*names))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("ab12.- é", min_size=1, max_size=6), min_size=2, max_size=12, unique=True))
def test_tags_whose_digits_differ_are_never_joined(names: list[str]) -> None:
    draft = names_draft(*names)
    assert all(Name(row.name).numbers == Name(row.of).numbers for row in draft.alias)
    assert len(draft.keep) + len(draft.alias) + len(draft.drop) + len(draft.under) >= len(
        {n for n in names if n.strip()}
    )


def test_a_misspelling_is_what_no_article_writes() -> None:
    right = [("Small business grows in town.", ["small business"])] * 3
    assert joined(draft_of(*right, ("Shops open.", ["small buisness"]))) == {
        frozenset(("small business", "small buisness"))
    }
    assert not joined(draft_of(*right, ("A small buisness, as they spell it.", ["small buisness"])))


@pytest.mark.parametrize(
    ("right", "wrong", "why"),
    [
        ("data privacy", "date privacy", "made of words"),
        ("console", "konsole", "first letters"),
        ("outline maps", "outline mapst", "goes on"),
        ("neoverse cores jq", "neoverse cores jx", "is short"),
    ],
)
def test_a_doubtful_misspelling_is_asked(right: str, wrong: str, why: str) -> None:
    draft = draft_of(*[(f"All about {right} here.", [right])] * 4, ("Nothing.", [wrong]))
    assert not joined(draft)
    assert [why in pair.why for pair in draft.questions] == [True]


def test_a_word_that_articles_write_as_a_name_has_no_plural() -> None:
    posts = [("We tried Glances today.", ["glances"]), ("At a glance it looks good.", ["glance"])]
    draft = draft_of(*posts)
    assert not joined(draft)
    assert asked(draft) == {frozenset(("glance", "glances"))}


def test_plurals_of_abbreviations_are_told_by_their_capitals() -> None:
    assert joined(draft_of(("Two VPNs fell.", ["vpns"]), ("One VPN fell.", ["vpn"]))) == {frozenset(("vpn", "vpns"))}
    assert not joined(draft_of(("FaaS is on sale.", ["faas"]), ("The FAA said no.", ["faa"])))


def test_initials_need_articles_that_explain_them() -> None:
    explained = [("The Software Freedom Conservancy (SFC) sued.", ["sfc"])] * 2
    named = ("It was a fine day.", ["software freedom conservancy"])
    assert joined(draft_of(*explained, named)) == {frozenset(("sfc", "software freedom conservancy"))}
    assert not joined(draft_of(("SFC sued.", ["sfc"]), named))


def test_an_abbreviation_with_two_meanings_is_asked() -> None:
    posts = [
        ("OBS Studio (OBS) records.", ["obs"]),
        ("The Open Build Service (OBS) builds.", ["obs", "open build service"]),
        ("The Online Bank Server (OBS) pays.", ["obs"]),
        ("The Online Bank Server (OBS) pays again.", ["obs"]),
    ]
    draft = draft_of(*posts)
    assert not joined(draft)
    assert frozenset(("obs", "open build service")) in asked(draft)


def test_a_name_with_a_plain_noun_is_not_the_word_of_the_same_letters() -> None:
    posts = [("A Linux server hums.", ["linux server"])] * 2 + [("Images of linuxserver came.", ["linuxserver"])] * 2
    assert not joined(draft_of(*posts))
    assert joined(draft_of(("Alma Linux runs.", ["alma linux"]), *[("AlmaLinux runs.", ["almalinux"])] * 2))


# --- what is kept, and the operations ---


def archive_of_gadgets() -> list[Post]:
    return [
        *[("An Android phone.", ["android", "blog"])] * 6,
        *[("It runs Android 14.", ["android 14", "blog"])] * 3,
        *[("A selfhosted mail server.", ["self-hosted", "blog"])] * 4,
        *[("More of it.", ["selfhosted", "blog"])] * 2,
        *[("On foot.", ["walking"])] * 5,
        ("Once.", ["once"]),
    ]


def test_a_draft_says_what_to_keep_and_what_to_leave_out() -> None:
    draft = draft_of(*archive_of_gadgets(), least=5)
    assert [(row.name, row.n) for row in draft.keep] == [("android", 6), ("self-hosted", 6), ("walking", 5)]
    assert [(row.name, row.of, row.kept) for row in draft.alias] == [("selfhosted", "self-hosted", True)]
    assert [(row.name, row.under, row.kept) for row in draft.under] == [("android 14", "android", False)]
    assert [(row.name, row.share) for row in draft.blanket] == [("blog", 15 / 21)]
    assert [row.name for row in draft.drop] == ["once"]
    assert draft.share_kept == pytest.approx(17 / 36)


def test_the_operations_of_a_draft_come_in_an_order_that_can_be_applied() -> None:
    draft = draft_of(*archive_of_gadgets(), least=3)
    assert draft.operations == [
        'create android "Android"',
        'create self-hosted "self hosted"',
        'create walking "walking"',
        'create android-14 "Android 14" broader=android',
        'alias self-hosted +"selfhosted"',
    ]
    lines = as_text(draft).splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == draft.operations


def test_the_tags_of_a_taxonomy_stay_however_rare_they_are() -> None:
    taxonomy = taxonomy_of(["android", "android-14", "self-hosted", "once", "blog"])
    draft = draft_of(*archive_of_gadgets(), taxonomy=taxonomy, least=5)
    expected = ['create walking "Walking"', "move android-14 under android", 'alias self-hosted +"selfhosted"']
    assert [line.lower() for line in draft.operations] == [line.lower() for line in expected]
    assert {row.name for row in draft.keep} == {"android", "android 14", "self-hosted", "walking", "once", "blog"}


def test_tags_of_two_kinds_are_not_merged() -> None:
    tags = (Tag("drone", "drone", "theme"), Tag("drones", "drones", "object"))
    taxonomy = Taxonomy(tags, {"theme": Kind(), "object": Kind()})
    draft = draft_of(("A drone, two drones.", ["drone", "drones"]), taxonomy=taxonomy)
    assert (joined(draft), draft.operations) == ({frozenset(("drone", "drones"))}, [])


def test_an_abbreviation_that_two_names_explain_is_neither() -> None:
    assert not joined(names_draft("Russia Today (RT)", "Rail Transit (RT)", "RT"))
    assert joined(names_draft("Russia Today (RT)", "Rail Transit (RT)", "Russia Today")) == {
        frozenset(("Russia Today (RT)", "Russia Today"))
    }


def test_two_tags_of_a_taxonomy_that_are_one_are_merged() -> None:
    taxonomy = taxonomy_of(["refugee", "refugees"])
    draft = draft_of(*[("No word.", ["refugees"])] * 3, ("No word.", ["refugee"]), taxonomy=taxonomy)
    assert draft.operations == ["merge refugee into refugees"]


def test_short_aliases_count_only_as_they_are_written() -> None:
    posts = [("Tax on land (TOL) is due. TOL.", ["tax on land", "tol"])] * 3 + [("So.", ["tax on land"])]
    assert 'alias tax-on-land +"TOL" {"case": "exact"}' in draft_of(*posts).operations


def test_every_tag_has_an_id_of_its_own() -> None:
    draft = names_draft("C", "C#", "export", "Москва", "Киев", "let's go")
    ids = [row.id for row in draft.keep]
    assert len(set(ids)) == 6
    assert {"c", "c-2", "export-2"} <= set(ids)
    assert all(Name(tag).text.isascii() for tag in ids)


ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(ANY, st.lists(ANY, max_size=3, unique=True)), min_size=1, max_size=4))
@example([("Calm.", ["calm\u2028retire taliban", "¨", "quiet\x85"])])
def test_no_name_can_break_a_draft_or_forge_an_operation(posts: list[Post]) -> None:
    draft = draft_of(*posts)
    lines = [line for line in as_text(draft).splitlines() if line and not line.startswith("#")]
    assert lines == draft.operations
    assert {line.split()[0] for line in lines} <= {"create", "alias", "move"}


# --- speed ---


def seconds(n: int) -> float:
    names = {f"{word}{number} of {word}s in {number % 97}": 1 for number in range(n) for word in ("town", "river")}
    start = time.process_time()
    draft_taxonomy(Archive(names))
    return time.process_time() - start


def test_a_draft_takes_linear_time() -> None:
    seconds(50)  # loads the dictionary
    few, many = (min(seconds(n) for _ in range(2)) for n in (200, 1600))
    assert many < 30 * max(few, 0.01)  # eight times as many; comparing all pairs would take 64 times as long


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_one_edit_apart_is_the_distance_of_damerau(first: str, second: str) -> None:
    assert one_edit_apart(first, second) is (second in set(edits(first)) - {first})


def edits(word: str) -> Iterable[str]:
    for n in range(len(word) + 1):
        yield word[:n] + word[n + 1 :]
        yield word[:n] + word[n + 1 : n + 2] + word[n : n + 1] + word[n + 2 :]
        for letter in "abc":
            yield word[:n] + letter + word[n:]
            yield word[:n] + letter + word[n + 1 :]


# --- files and the command ---


def test_the_command_drafts_from_files_with_their_terms_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "site.csv"
    rows = [f'{n},"On foot",,"Walking; walking-tours"' for n in range(3)]
    table.write_text("\n".join(["id,title,body,tags", *rows]))
    assert main(["tags", "draft", str(table), "--least", "2", "--json"]) == 0
    draft = json.loads(capsys.readouterr().out)
    assert draft["operations"] == ['create walking "Walking"', 'create walking-tours "walking tours"']


def test_the_command_drafts_from_names_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("uses,name\n12,data-journalism\n,datajournalism\n3,maps\n")
    assert main(["tags", "draft", "--names", str(names)]) == 0
    out = capsys.readouterr().out
    assert 'create data-journalism "data journalism"\n' in out
    assert 'alias data-journalism +"datajournalism"\n' in out
    assert "# maps: 3 articles" in out


def test_the_map_of_a_draft_is_one_that_an_import_reads(tmp_path: Path) -> None:
    draft = draft_of(*archive_of_gadgets(), ("Again.", ['a "b", c']), least=5)
    (tmp_path / "map.csv").write_text(as_csv(draft), encoding="utf-8")
    terms = read_map(tmp_path / "map.csv", taxonomy_of(row.id for row in draft.keep))
    of_alias = {"android 14": ("android",), "selfhosted": ("self-hosted",)}
    kept = {"android": ("android",), "self-hosted": ("self-hosted",), "walking": ("walking",)}
    assert terms == {**kept, **of_alias, "blog": (), "once": (), 'a "b", c': ()}


def test_a_list_of_names_without_a_header_is_read(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text('"Paris, Texas",4\nRome\n\nRome,2\n', encoding="utf-8-sig")
    assert read_names(names).uses == {"Paris, Texas": 4, "Rome": 3}
    names.write_text("tag,times\nRome,2\n")
    assert read_names(names).uses == {"Rome": 2}


def test_every_problem_of_a_list_of_names_is_named_with_its_line(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name,uses\nRome,many\n,3\n")
    with pytest.raises(BadNames, match=r"line 2: uses 'many'.*\n.*line 3: no name"):
        read_names(names)
