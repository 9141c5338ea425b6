"""Where an article names a tag: spellings, whole words, the longest name, case and contexts."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import article_from_text
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.text.boilerplate import BoilerplateFinder, blank
from classifier.text.cleaning import clean_body, normalise
from classifier.text.fields import BODY, TITLE, read_text
from classifier.text.language import ENGLISH
from classifier.text.mentions import MentionFinder
from tests.test_words import ANY_TEXT, finished

# Not from conftest: what runs in a process of its own imports this module, and conftest takes seconds.
STARTER = Path(__file__).parent.parent / "training_data" / "taxonomy.yaml"
LOOKALIKE = Path(__file__).parent / "data" / "lookalike.txt"

Found = list[tuple[str, str]]


class Finder:
    """Finds the mentions of a taxonomy and tells them as (tag id, the text that names it)."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self.finder = MentionFinder(taxonomy)

    def __call__(self, body: str, title: str = "") -> Found:
        fields = (title, "", body)
        mentions = self.finder.find(read_text(*fields))
        return [(self.taxonomy.tags[m.tag].id, fields[m.field][m.start : m.end]) for m in mentions]

    def tags(self, body: str, title: str = "") -> set[str]:
        return {tag for tag, _ in self(body, title)}


@pytest.fixture(scope="module")
def starter() -> Finder:
    return Finder(read_taxonomy(STARTER))


@pytest.fixture
def finder(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function from the YAML of some tags to what finds them."""

    def build(tags: str) -> Finder:
        path = tmp_path / "taxonomy.yaml"
        path.write_text(f"kinds: {{group: {{label_is_alias: false}}}}\ntags:\n{tags}", encoding="utf-8")
        return Finder(read_taxonomy(path))

    return build


def tag(tag_id: str, *aliases: str, more: str = "") -> str:
    return f"- {{id: {tag_id}, label: Tag {tag_id}, kind: group{more}, aliases: [{', '.join(aliases)}]}}\n"


# --- places -----------------------------------------------------------------------------------------------------


def test_mention_says_tag_field_word_place_and_strength(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("eta", "Etarras") + tag("grapo", "Grapo gang", "{text: Camarada Arenas, strength: weak}"))
    mentions = find.finder.find(read_text("The Etarras", "", "A Grapo gang met Camarada Arenas."))
    assert mentions == [(0, TITLE, 1, 4, 11, False), (1, BODY, 1, 2, 12, False), (1, BODY, 4, 17, 32, True)]


def test_every_occurrence_is_a_mention(finder) -> None:  # type: ignore[no-untyped-def]
    assert finder(tag("eta", "Etarras"))("Etarras, etarras and ETARRAS", "Etarras") == [
        ("eta", "Etarras"),
        ("eta", "Etarras"),
        ("eta", "etarras"),
        ("eta", "ETARRAS"),
    ]


def test_taxonomy_without_aliases_finds_nothing(finder) -> None:  # type: ignore[no-untyped-def]
    assert finder(tag("eta"))("Etarras") == []


def test_retired_tag_is_not_named_and_a_muted_one_is(finder) -> None:  # type: ignore[no-untyped-def]
    tags = tag("eta", "Etarras", more=", status: retired") + tag("grapo", "Grapos", more=", status: muted")
    assert finder(tags)("Etarras and Grapos") == [("grapo", "Grapos")]


@given(title=ANY_TEXT, body=ANY_TEXT)
def test_any_text_is_searched_and_mentions_lie_inside_it(starter: Finder, title: str, body: str) -> None:
    found = starter(f"{body} Taliban {title}", title)
    assert "taliban" in {tag_id for tag_id, _ in found}
    assert all(spell(named) for _, named in found)


PIECES = st.sampled_from(["ISKP", "Taliban", "Islamic State Khorasan", "Pakistani", "said", "IS", ".", "\n"])


@given(pieces=st.lists(PIECES, max_size=12))
def test_mentions_stand_in_order_and_overlap_only_where_they_are_one_name(starter: Finder, pieces: list[str]) -> None:
    mentions = starter.finder.find(read_text("", "", " ".join(pieces)))
    places = sorted({(m.start, m.end) for m in mentions})
    assert [(m.start, m.end) for m in mentions] == sorted((m.start, m.end) for m in mentions)
    assert all(end <= start for (_, end), (start, _) in pairwise(places))


# --- spellings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag_id", "name"),
    [
        *(("al-shabaab", n) for n in ("al-Shabaab", "al Shabab", "Al-Shabāb", "Al Shabaab", "AL-SHABAAB")),
        *(("islamic-state", n) for n in ("Islamic State", "ISIS", "ISIL", "Daesh", "Da'esh", "Da’esh", "Daech")),
        *(("islamic-state", n) for n in ("Islamic State of Iraq and Syria", "Islamic State in Iraq and al-Sham")),
        *(("hezbollah", n) for n in ("Hezbollah", "Hizbollah", "Hizballah", "Hizbullah", "Ḥizballāh", "Hizb'allah")),
        *(("iskp", n) for n in ("ISKP", "IS-K", "ISIS-K", "Islamic State Khorasan", "Islamic State Khorasan Province")),
        *(("taliban", n) for n in ("Taliban", "Taleban", "Afghan Taliban", "TALIBAN")),
        *(("ttp", n) for n in ("TTP", "Tehreek-e-Taliban Pakistan", "Tehrik-i-Taliban Pakistan", "Pakistani Taliban")),
        *(("al-qaeda", n) for n in ("al-Qaeda", "al-Qaida", "Al Qaeda", "al Qaida", "Al-Qāʿida")),
        *(("boko-haram", n) for n in ("Boko Haram", "Boko-Haram", "BOKO HARAM")),
        *(("houthis", n) for n in ("Houthis", "Houthi", "Huthis")),
        *(("hts", n) for n in ("Hay'at Tahrir al-Sham", "Hayat Tahrir al-Sham", "Hay’at Taḥrīr al-Shām")),
        *(("irgc", n) for n in ("IRGC", "Islamic Revolutionary Guard Corps", "Islamic Revolutionary Guards")),
        *(("pkk", n) for n in ("PKK", "Kurdistan Workers' Party", "Kurdistan Workers’ Party")),
        *(("jnim", n) for n in ("JNIM", "Jama'at Nusrat al-Islam wal-Muslimin")),
        *(("lashkar-e-taiba", n) for n in ("Lashkar-e-Taiba", "Lashkar-e-Tayyiba", "LeT")),
    ],
)
@pytest.mark.parametrize("after", ["", "'s", "’s"])
def test_group_is_named_in_each_of_its_spellings(starter: Finder, tag_id: str, name: str, after: str) -> None:
    body = normalise(f"On Monday {name}{after} fighters were seen near the town.").text
    assert (tag_id, normalise(name).text) in starter(body)


@pytest.mark.parametrize(
    ("tag_id", "name", "context"),
    [
        ("hts", "HTS", "Idlib"),
        ("irgc", "Revolutionary Guards", "Iran"),
        ("houthis", "Ansar Allah", "Yemen"),
        ("palestinian-islamic-jihad", "Islamic Jihad", "Gaza"),
    ],
)
def test_ambiguous_name_counts_in_its_context_only(starter: Finder, tag_id: str, name: str, context: str) -> None:
    assert tag_id in starter.tags(f"The {name} held a rally in {context}.")
    assert tag_id not in starter.tags(f"The {name} held a rally in Lyon.")


def test_possessive_is_not_part_of_the_mention(starter: Finder) -> None:
    assert starter("They met al-Shabāb’s envoy.") == [("al-shabaab", "al-Shabāb")]


# --- whole words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["Talibanisation of the schools", "the antitaliban front", "iskpx", "the Hamasat tribe"]
)
def test_names_inside_longer_words_are_no_mentions(starter: Finder, text: str) -> None:
    assert starter(text) == []


def test_name_joined_by_a_hyphen_is_a_mention(starter: Finder) -> None:
    assert starter("a Hamas-led and anti-Taliban crowd") == [("hamas", "Hamas"), ("taliban", "Taliban")]


def test_alias_that_is_not_a_whole_word_matches_the_beginning_of_one(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("crypto", "{text: crypto, whole_word: false}"))
    assert find("Cryptocurrency and a crypto wallet, not decrypto") == [
        ("crypto", "Cryptocurrency"),
        ("crypto", "crypto"),
    ]


def test_dash_joins_a_name_as_a_hyphen_does(starter: Finder) -> None:
    named = starter("Popular Front for the Liberation of Palestine\u2014General Command")
    assert [tag for tag, _ in named] == ["pflp-gc"]


@pytest.mark.parametrize(
    "text",
    [
        "the Boko. Haram said",
        "Boko, Haram",
        "Boko (Haram)",
        "Boko\nHaram",
        "Boko; Haram",
        'Boko "Haram"',
    ],
)
def test_name_does_not_run_over_the_end_of_a_sentence_or_a_bracket(starter: Finder, text: str) -> None:
    assert starter(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "See https://news.example.org/taliban/iskp for more.",
        "See www.taliban.com for more.",
        "Write to hamas@iskp.example.org today.",
        "It was on boko-haram.net/news yesterday.",
    ],
)
def test_web_and_mail_addresses_name_nobody(starter: Finder, text: str) -> None:
    assert starter(text) == []


# --- the longest name wins --------------------------------------------------------------------------------------


def test_branch_is_no_mention_of_the_organisation(starter: Finder) -> None:
    assert starter("Islamic State Khorasan Province claimed it.") == [("iskp", "Islamic State Khorasan Province")]


def test_organisation_is_mentioned_where_it_is_named_elsewhere(starter: Finder) -> None:
    found = starter("Islamic State Khorasan Province claimed it. Islamic State media repeated the claim.")
    assert found == [("iskp", "Islamic State Khorasan Province"), ("islamic-state", "Islamic State")]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Egyptian Islamic Jihad merged with it.", {"egyptian-islamic-jihad"}),
        ("Palestinian Islamic Jihad fired rockets.", {"palestinian-islamic-jihad"}),
        ("Islamic State West Africa Province raided it.", {"iswap"}),
        ("The Pakistani Taliban struck again.", {"ttp"}),
        ("Tehreek-e-Taliban Pakistan struck again.", {"ttp"}),
        ("Kataib Hezbollah fired at the base.", {"kataib-hezbollah"}),
    ],
)
def test_longer_name_hides_the_shorter_one_inside_it(starter: Finder, text: str, tags: set[str]) -> None:
    assert (
        starter.tags(text)
        & {
            *("islamic-state", "iskp", "iswap", "taliban", "ttp", "hezbollah", "kataib-hezbollah", "al-qaeda"),
            *("egyptian-islamic-jihad", "palestinian-islamic-jihad"),
        }
        == tags
    )


def test_pakistani_and_afghan_taliban_are_told_apart_in_one_sentence(starter: Finder) -> None:
    found = starter("The Pakistani Taliban (TTP) are not the Afghan Taliban, the Taliban say.")
    assert [pair for pair in found if pair[0] in ("ttp", "taliban")] == [
        ("ttp", "Pakistani Taliban"),
        ("ttp", "TTP"),
        ("taliban", "Afghan Taliban"),
        ("taliban", "Taliban"),
    ]


def test_first_of_two_overlapping_names_of_one_length_counts(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("one", "Red Army") + tag("two", "Army Faction"))
    assert find("the Red Army Faction") == [("one", "Red Army")]


def test_name_shared_by_two_tags_is_a_mention_of_both(finder) -> None:  # type: ignore[no-untyped-def]
    shared = "{text: Ansar al-Sharia, shared: true}"
    find = finder(tag("libya", shared) + tag("tunisia", shared))
    assert find("Ansar al-Sharia") == [("libya", "Ansar al-Sharia"), ("tunisia", "Ansar al-Sharia")]


# --- case -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "This is a claim of Islamic State, and it is false.",
        "Is Islamic State behind it? It is.",
        "What ISIS wants is unclear.",
        "KABUL IS QUIET, SAYS DAESH, AND THIS IS WHY IT IS SO",
        "ISIS IS BACK",
    ],
)
def test_is_as_a_verb_never_names_islamic_state(starter: Finder, text: str) -> None:
    assert [named for _, named in starter(text) if named.lower() == "is"] == []


@pytest.mark.parametrize("title", ["THIS IS HOW DAESH LIVES", "DAESH IS BACK"])
def test_is_in_a_title_in_capitals_names_nobody(starter: Finder, title: str) -> None:
    assert starter("Militants of Islamic State returned.", title) == [
        ("islamic-state", "DAESH"),
        ("islamic-state", "Islamic State"),
    ]


def test_is_in_capitals_names_islamic_state_where_the_article_does(starter: Finder) -> None:
    assert starter("Fighters of Islamic State fled. Then IS claimed the raid.") == [
        ("islamic-state", "Islamic State"),
        ("islamic-state", "IS"),
    ]


def test_is_in_capitals_alone_names_nobody(starter: Finder) -> None:
    assert starter("The IS department replaced the printers.") == []


@pytest.mark.parametrize(("text", "found"), [("TAK", True), ("Tak", False), ("tak", False), ("A TAK BOMB", True)])
def test_exact_case_is_asked_for_unless_all_is_in_capitals(finder, text: str, found: bool) -> None:  # type: ignore[no-untyped-def]
    assert bool(finder(tag("falcons", "{text: TAK, case: exact}"))(text)) is found


def test_text_in_capitals_gives_up_names_that_look_like_words(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("lashkar", "{text: LeT, case: exact}", "Lashkars"))
    assert find("LET THE LASHKARS GO") == [("lashkar", "LASHKARS")]
    assert find("LeT and Lashkars let go") == [("lashkar", "LeT"), ("lashkar", "Lashkars")]


def test_hyphens_of_a_case_exact_name_may_be_blanks_or_missing_marks(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("iskp", "{text: IS-K, case: exact}"))
    assert find("IS-K, IS K, is-k") == [("iskp", "IS-K"), ("iskp", "IS K")]


# --- contexts ---------------------------------------------------------------------------------------------------


def falcons(rule: str) -> str:
    return tag("falcons", f"{{text: Falcons, {rule}}}")


@pytest.mark.parametrize(
    ("rule", "text", "found"),
    [
        ("needs: [Turkey]", "Falcons" + " word" * 300 + " Turkey", True),
        ("needs: [Turkey]", "Falcons won the cup", False),
        ("needs: [Turkey, Kurdish militants]", "Kurdish militants call themselves Falcons", True),
        ("needs: [Turkey], needs_within: 3", "Falcons of the Turkey", True),
        ("needs: [Turkey], needs_within: 3", "Turkey has its Falcons", True),
        ("needs: [Turkey], needs_within: 3", "Falcons of all the Turkey", False),
        ("needs: [Turkey], needs_within: 3", "Turkey has all its Falcons", False),
        ("blocked: [stadium]", "Falcons left the stadium", False),
        ("blocked: [stadium]", "Falcons" + " word" * 10 + " stadium", True),
        ("blocked: [stadium], blocked_within: 2", "Falcons at stadium", False),
        ("blocked: [stadium], blocked_within: 2", "Falcons at the stadium", True),
        ("blocked: [stadium], blocked_within: article", "Falcons" + " word" * 300 + " stadium", False),
        ("blocked: [home stadium]", "Falcons left the stadium at home", True),
        ("needs: [Turkey], blocked: [stadium]", "Turkey: Falcons bombed a barracks", True),
        ("needs: [Turkey], blocked: [stadium]", "Turkey: Falcons at the stadium", False),
        ("needs: [TÜRKEY]", "Falcons struck turkey", True),
        ("needs: [Turkey]", "Falcons of the Turkeyfield", False),
    ],
)
def test_context_decides_whether_a_name_counts(finder, rule: str, text: str, found: bool) -> None:  # type: ignore[no-untyped-def]
    assert bool(finder(falcons(rule))(text)) is found


def test_context_anywhere_may_stand_in_the_title(finder) -> None:  # type: ignore[no-untyped-def]
    assert finder(falcons("needs: [Turkey]"))("Falcons struck", "Bombs in Turkey") == [("falcons", "Falcons")]


def test_context_nearby_is_of_the_same_field(finder) -> None:  # type: ignore[no-untyped-def]
    assert finder(falcons("needs: [Turkey], needs_within: 5"))("Falcons struck", "Turkey") == []


def test_each_occurrence_has_a_context_of_its_own(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(falcons("blocked: [stadium], blocked_within: 2"))
    assert find("Falcons at stadium" + " word" * 5 + " FALCONS") == [("falcons", "FALCONS")]


def test_longer_name_out_of_context_leaves_the_place_to_the_shorter_one(finder) -> None:  # type: ignore[no-untyped-def]
    find = finder(tag("long", "{text: Red Army Faction, needs: [Germany]}") + tag("short", "Red Army"))
    assert find("the Red Army Faction") == [("short", "Red Army")]
    assert find("the Red Army Faction in Germany") == [("long", "Red Army Faction")]


def shabaab(found: set[str]) -> set[str]:
    return found & {"al-shabaab", "is-mozambique"}


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Al-Shabaab gunmen burned houses in Cabo Delgado, Mozambican police said.", {"is-mozambique"}),
        ("Mozambique sent troops against al-Shabaab insurgents near Palma.", {"is-mozambique"}),
        ("Al-Shabaab gunmen attacked a hotel in Mogadishu.", {"al-shabaab"}),
        ("Al-Shabaab claimed the raid in Kenya.", {"al-shabaab"}),
        ("The group is unrelated to it. Al-Shabaab bombs shook Mogadishu.", {"al-shabaab"}),
    ],
)
def test_al_shabaab_of_mozambique_is_told_from_that_of_somalia(starter: Finder, text: str, tags: set[str]) -> None:
    assert shabaab(starter.tags(text)) == tags


@pytest.mark.parametrize(
    "text",
    [
        "The goddess Isis was worshipped at Philae.",
        "Isis is a river in Oxford.",
        "They want to establish an Islamic State of their own.",
        "Oil traders read the IEA report of the International Energy Agency.",
        "Doctors treated thrombotic TTP with plasma.",
        "Let us see what the tip was.",
    ],
)
def test_ordinary_words_and_namesakes_name_no_group(starter: Finder, text: str) -> None:
    groups = {t.id for t in starter.taxonomy.tags if t.kind == "group"}
    assert starter.tags(text) & groups == set()


# --- the look-alike article -------------------------------------------------------------------------------------


def test_article_about_khorasan_names_its_groups_and_none_of_its_page_furniture(starter: Finder) -> None:
    article = article_from_text(LOOKALIKE.read_text(encoding="utf-8"))
    names = {spell(alias.text) for tag in starter.taxonomy.tags for alias in tag.aliases}
    body = clean_body(article).text
    kept = blank(body, BoilerplateFinder(ENGLISH, names).find(body))
    found = Counter(tag_id for tag_id, _ in starter(kept, normalise(article.title).text))
    assert {"islamic-state", "iskp", "taliban", "afghanistan"} <= {tag_id for tag_id, n in found.items() if n >= 4}
    assert [found[tag_id] for tag_id in ("hamas", "pakistan", "germany", "tajikistan")] == [1, 1, 1, 1]
    assert {"al-shabaab", "boko-haram"} & set(found) == set()


# --- hostile text -----------------------------------------------------------------------------------------------


def n_mentions(taxonomy: Taxonomy, body: str) -> Counter[str]:
    return Counter(tag_id for tag_id, _ in Finder(taxonomy)(body))


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("Taliban ", {"taliban": 25_000}),
        ("Hezbollah Huda Par ", {}),
        ("Islamic State Khorasan ", {"iskp": 25_000}),
    ],
    ids=["a name", "a name and what blocks it", "a name inside a name"],
)
def test_name_repeated_many_thousand_times_is_counted_without_hanging(
    starter: Finder, piece: str, found: dict[str, int]
) -> None:
    assert finished(n_mentions, starter.taxonomy, piece * 25_000) == found
