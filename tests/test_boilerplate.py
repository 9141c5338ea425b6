"""What stands on a page but is not the article, and what looks like it and must stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import article_from_text
from classifier.domain.spelling import spell
from classifier.text.boilerplate import BoilerplateFinder, blank
from classifier.text.boilerplate_patterns import N_PREFIX
from classifier.text.cleaning import clean_body
from classifier.text.language import ENGLISH
from classifier.text.source_map import Removed
from tests.conftest import LOOKALIKE
from tests.test_words import ANY_TEXT, finished

NAMES = frozenset(
    map(spell, ["Islamic State", "Al Shabaab", "Boko Haram", "Taliban", "Hamas", "Iran", "ISKP", "Prisons"])
)
FINDER = BoilerplateFinder(ENGLISH, NAMES)
STORY = "Gunmen attacked a police post near Kunduz on Monday.\n\nNobody has claimed the raid so far."


def removed(body: str) -> list[tuple[str, str]]:
    return [(part.kind, body[part.start : part.end]) for part in FINDER.find(body)]


def kept(body: str) -> str:
    return blank(body, FINDER.find(body)).strip()


# --- at the end of an article -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Tags: , , , , ,",
        "Tags: Taliban, Hamas",
        "Tag: Kunduz",
        "TAGS: TALIBAN",
        "Topics: Afghanistan; Security",
        "Keywords: police, raid",
        "Filed under: Asia",
        "Filed Under: Asia, Taliban",
        "Categories: News",
        "Posted in: Asia",
        "Tagged with: raid",
    ],
)
def test_tag_list_at_the_end_is_found(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == [("tag list", line)]


@pytest.mark.parametrize(
    "lines",
    [
        "Islamic state\n\n\n\nAl shabaab\n\nBoko Haram",
        "Taliban\nHamas",
        "Hamas\nTaliban / Iran",
        "ISLAMIC STATE, TALIBAN",
        "Taliban | Hamas | Iran",
        "#Taliban #Hamas",
        "Taliban / Boko-Haram\nHamas",
    ],
)
def test_bare_tag_names_behind_the_last_sentence_are_a_tag_list(lines: str) -> None:
    assert removed(f"{STORY}\n\n{lines}\n") == [("tag list", lines)]


def test_names_that_are_no_tags_go_with_the_tag_list_above_them() -> None:
    assert removed(f"{STORY}\nTags:\nKunduz police\nBorder towns\nTaliban") == [
        ("tag list", "Tags:\nKunduz police\nBorder towns\nTaliban")
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Leonie Armbruster is a senior analyst at the Halden Forum focused on militant networks.",
        "Omar Haddad is a reporter in Beirut.",
        "Dr. Jean-Pierre Édouard is the director of the Sahel desk.",
        "Marta K. Lindqvist is an associate professor of history at the University of Halden.",
        "Yusuf Bello covers security for the Lake Chad Courier.",
        "Ana Petrović writes about militias for the Balkan Ledger.",
        "Omar Haddad, a former diplomat, is an independent security analyst.",
        "Laila al-Haddad works as a freelance journalist in Amman.",
    ],
)
def test_author_note_at_the_end_is_found(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == [("author note", line)]


@pytest.mark.parametrize(
    "line",
    [
        "Ahmed Hassan is a journalist from Mogadishu who was abducted by Al Shabaab in 2019.",
        "Ahmed Hassan is a man who was once a journalist.",
        "Abu Omar was the director of propaganda for Islamic State in Raqqa.",
        "Tom Ferris was our correspondent in Kabul until 2019.",
        "Ahmed Hassan is a hero, one analyst of the war in Somalia said.",
        "Ahmed Hassan is the last of the four men whom the court named as the director of the raid.",
    ],
)
def test_last_sentence_about_somebody_in_the_story_is_no_author_note(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == []


@pytest.mark.parametrize("earlier", ["Police freed Hassan on Monday.", "Gunmen took al-Hassan’s car."])
def test_author_note_whose_surname_the_article_tells_of_stays(earlier: str) -> None:
    assert removed(f"{earlier}\n\n{STORY}\n\nAhmed al-Hassan is a journalist from Mogadishu.") == []


def test_byline_does_not_protect_the_author_note() -> None:
    note = "Omar Haddad is a reporter in Beirut."
    assert removed(f"By Omar Haddad in Kabul\n\n{STORY}\n\n{note}") == [("author note", note)]


def test_author_note_that_begins_like_a_byline_is_found() -> None:
    note = "By Omar Haddad is a reporter"
    assert removed(f"{STORY}\n\n{note}") == [("author note", note)]


@pytest.mark.parametrize(
    "line",
    [
        "Posted on June 5, 2024 by admin",
        "Posted by admin on 5th September 2024",
        "Last updated: Wed, 5 Jun 2024 10:14 GMT",
        "Last updated 3 hours ago",
        "Published: 2024-06-05",
        "Published June 5, 2024 at 9:30 a.m.",
    ],
)
def test_date_stamp_at_the_end_is_found_and_the_tag_list_above_it(line: str) -> None:
    assert removed(f"{STORY}\n\nFiled Under: Iran\n{line}") == [("tag list", "Filed Under: Iran"), ("credit", line)]


@pytest.mark.parametrize(
    "line", ["#IslamicState #BokoHaram #Somalia", "#Kunduz", "#al-Shabaab, #Kismayo", "#Kunduz\n#Raid"]
)
def test_lines_of_hashtags_at_the_end_are_a_tag_list(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == [("tag list", line)]


@pytest.mark.parametrize("lines", ["Taliban", "Kano\nLagos\nKabul\nIran", "Iran\nKano"])
def test_single_bare_tag_name_at_the_end_stays(lines: str) -> None:
    assert removed(f"{STORY}\n\n{lines}") == []


def test_single_bare_tag_name_goes_with_the_tag_list_above_it() -> None:
    assert removed(f"{STORY}\n\nTags:\nIran") == [("tag list", "Tags:\nIran")]


@pytest.mark.parametrize(
    "line",
    [
        "Additional reporting by Omar Haddad in Beirut.",
        "(Reporting by Omar Haddad; editing by Ana Petrović)",
        "Omar Haddad contributed to this report.",
        "© 2024 The Desk. All rights reserved.",
        "Copyright The Desk",
        "All rights reserved",
        "This article was first published by The Desk.",
        "The views expressed here are those of the author.",
    ],
)
def test_credit_at_the_end_is_found(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == [("credit", line)]


def test_look_alike_loses_its_author_note_and_tag_list_and_nothing_else() -> None:
    body = clean_body(article_from_text(LOOKALIKE.read_text(encoding="utf-8"))).text
    kinds, texts = zip(*removed(body), strict=True)
    assert kinds == ("author note", "tag list")
    assert texts[0].startswith("Leonie Armbruster is a senior analyst")
    assert [line for line in texts[1].split("\n") if line] == [
        "Tags: , , , , ,",
        "Islamic state",
        "Al shabaab",
        "Boko Haram",
    ]
    assert kept(body).endswith("governments that watch both ends of the line.")


def test_whole_foot_of_a_page_is_found_part_by_part() -> None:
    foot = [
        ("author note", "Omar Haddad is a reporter in Beirut."),
        ("credit", "Additional reporting by Ana Petrović."),
        ("tag list", "Tags: Taliban"),
        ("share links", "Share on Facebook"),
        ("read more", "Read more: Five men held in Kunar"),
    ]
    assert removed("\n".join([STORY, *(line for _, line in foot)])) == foot


# --- anywhere ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("share links", "Share this story"),
        ("share links", "Share on Facebook"),
        ("share links", "Facebook | Twitter | WhatsApp | Email"),
        ("share links", "Print Email Share"),
        ("share links", "Follow us on Telegram"),
        ("share links", "Follow us"),
        ("share links", "Follow The Desk on Twitter and Facebook"),
        ("share links", "Share this article with your friends"),
        ("share links", "Click to share on Facebook (Opens in new window)"),
        ("read more", "Read more: Hamas names a new leader"),
        ("read more", "READ MORE"),
        ("read more", "Also read: Iran hosts a summit"),
        ("read more", "Related: Hamas names a new leader"),
        ("read more", "Related stories"),
        ("read more", "See also: Iran hosts a summit"),
        ("read more", "You may also like"),
        ("newsletter", "Sign up for our weekly newsletter on Hamas and Iran."),
        ("newsletter", "Subscribe to the morning briefing"),
        ("newsletter", "Get the day's news in your inbox"),
        ("newsletter", "Subscribe now!"),
    ],
)
def test_links_and_calls_in_the_middle_are_found(kind: str, line: str) -> None:
    first, second = STORY.split("\n\n")
    assert removed(f"{first}\n\n{line}\n\n{second}") == [(kind, line)]


@pytest.mark.parametrize(
    "heading",
    ["Related stories:", "More on this story", "Related posts", "Read more", "READ MORE...", "Editor’s picks"],
)
def test_headlines_under_a_heading_of_links_are_found_anywhere(heading: str) -> None:
    first, second = STORY.split("\n\n")
    links = f"{heading}\n\nHamas names a new leader\n• Iran hosts a summit\nBoko Haram raids a town"
    assert removed(f"{first}\n\n{links}\n\n{second}") == [("read more", links)]
    assert removed(f"{STORY}\n\n{links}\nTags: Taliban") == [("read more", links), ("tag list", "Tags: Taliban")]


def test_link_with_text_of_its_own_takes_no_line_below_it() -> None:
    line = "Related: Hamas names a new leader"
    assert removed(f"{STORY}\n\n{line}\n\nBackground\n\n{STORY}") == [("read more", line)]


def test_at_most_eight_short_lines_go_with_a_heading_of_links() -> None:
    links = "\n".join(["Read more", *["Hamas names a new leader"] * 8])
    assert removed(f"{STORY}\n{links}\nHamas names a new leader\n{STORY}") == [("read more", links)]


@pytest.mark.parametrize("line", ["He said “no.”", "The raid near Kunduz was long " * 5])
def test_sentence_or_long_line_under_a_heading_of_links_stays(line: str) -> None:
    assert removed(f"{STORY}\n\nRead more\n{line}\n{STORY}") == [("read more", "Read more")]


# --- what must stay ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "The Taliban denied it.",
        "“We did not do it,” said a spokesman for Hamas.",
        "He was a commander of the Taliban.",
        "Hamas is the ruler of Gaza.",
        "Mullah Yaqoob is the defence minister of the Taliban.",
        "Abu Bakr al-Baghdadi was the leader of Islamic State.",
        "Sirajuddin Haqqani is on the list of wanted men.",
        "Prisons were searched in Herat, Kabul and Kunduz.",
        "Officials share the view that Iran paid for it.",
        "The police shared this with reporters.",
        "Readers also learned of a second raid.",
        "Militants subscribe to the Islamic State newsletter al-Naba, officials said.",
        "Police want firms to register customers who get alerts about Hamas funding.",
        "Register customers who get alerts about Hamas, police told the banks.",
        "Follow us, Islamic State told recruits in Kunduz.",
        "Share the burden, Taliban tell donors",
        "Share this pain, the Taliban told donors.",
        "Posted on Telegram on June 5, the video showed fighters of Boko Haram.",
        "Last updated in 2019, the list names Hamas.",
        "Related charges were dropped in May.",
        "Next: an election without observers, and a winter without wheat.",
        "The group signed up to the truce and got an email from Doha.",
        "The newsletter of Islamic State praised the raid.",
        "Copyrighted footage was used by the gunmen, the court heard.",
    ],
)
def test_ordinary_last_sentence_stays(line: str) -> None:
    assert removed(f"{STORY}\n\n{line}") == []


@pytest.mark.parametrize("heading", ["Taliban", "Islamic State", "Hamas and Iran", "Prisons", "Background"])
def test_heading_before_a_paragraph_stays_even_if_it_names_a_tag(heading: str) -> None:
    first, second = STORY.split("\n\n")
    assert removed(f"{first}\n\n{heading}\n\n{second}") == []


@pytest.mark.parametrize(
    "line",
    [
        "Tags: Taliban",
        "Leonie Armbruster is a senior analyst at the Halden Forum.",
        "Taliban, Hamas",
        "This article was first published by The Desk.",
    ],
)
def test_what_is_furniture_at_the_end_stays_before_the_story(line: str) -> None:
    assert removed(f"{line}\n\n{STORY}") == []


@pytest.mark.parametrize(
    "body",
    [
        "Taliban",
        "Tags: Taliban",
        "Read more",
        "Omar Haddad is a reporter in Beirut.",
        "Share this\nTaliban\nHamas",
        "",
        "\n\n",
    ],
)
def test_article_that_would_be_furniture_altogether_stays_whole(body: str) -> None:
    assert removed(body) == []


def test_one_line_article_stays() -> None:
    assert removed("The Taliban released forty men from prisons in Herat.") == []


def test_unknown_short_lines_at_the_end_stay_without_a_tag_list_above_them() -> None:
    assert removed(f"{STORY}\n\nKunduz police\nBorder towns") == []


def test_tag_names_above_a_last_line_that_is_text_stay() -> None:
    assert removed(f"{STORY}\n\nTaliban\n\nThe rest of the country stayed quiet.") == []


def test_long_paragraph_that_speaks_of_an_analyst_stays() -> None:
    line = (
        "Leonie Armbruster is a senior analyst at the Halden Forum, and " + "she told the court what she had seen " * 12
    )
    assert removed(f"{STORY}\n\n{line.strip()}.") == []


# --- blanking ---------------------------------------------------------------------------------------------------


def test_removed_parts_become_as_many_blanks() -> None:
    assert blank("abcdefghi", [Removed(1, 3, "credit"), Removed(6, 9, "tag list")]) == "a  def   "


def test_nothing_removed_changes_nothing() -> None:
    assert blank(STORY, []) == STORY


LINES = st.sampled_from(
    [
        "Tags: a, b",
        "Taliban",
        "Share this",
        "Read more: x",
        "Omar Haddad is a reporter.",
        "It was quiet.",
        "",
        "Kunduz",
        "© x",
    ]
)


@given(st.lists(LINES | ANY_TEXT, max_size=10).map("\n".join))
def test_furniture_of_any_text_lies_inside_it_in_order_and_apart(body: str) -> None:
    parts = FINDER.find(body)
    edges = [edge for part in parts for edge in (part.start, part.end)]
    assert edges == sorted(edges)
    assert all(0 <= part.start < part.end <= len(body) for part in parts)


@given(st.lists(LINES | ANY_TEXT, max_size=10).map("\n".join))
def test_blanking_keeps_the_length_and_every_other_character(body: str) -> None:
    parts = FINDER.find(body)
    blanked = blank(body, parts)
    inside = {i for part in parts for i in range(part.start, part.end)}
    expected = "".join(" " if i in inside else character for i, character in enumerate(body))
    assert blanked == expected


@given(st.lists(LINES, min_size=1, max_size=8))
def test_text_behind_the_furniture_protects_what_stands_before_it(lines: list[str]) -> None:
    body = "\n".join([*lines, STORY])
    assert {kind for kind, _ in removed(body)} <= {"share links", "read more", "newsletter"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "Share this\nRead more: x\n",
        "ab\n",
        "Taliban\n",
        "Share " * 30 + "\n",
        "x  " * 70 + "a\n",
        "Omar Haddad is a reporter.\n",
        "Posted by 1 1 1 by 1 1 1 by 1 1 1 by 1 1 1 by 1 1 1 by 1 1 1 by 1 1 1 by a a a, a\n",
        "Read more\n",
        "#a " * 300 + "!\n",
    ],
    ids=[
        "links",
        "short lines",
        "tag names",
        "share words",
        "spaced share words",
        "author notes",
        "date stamps",
        "headings",
        "hashtags",
    ],
)
def test_many_lines_are_read_without_hanging(line: str) -> None:
    body = f"{STORY}\n{line * (600_000 // len(line))}"
    parts = finished(FINDER.find, body)
    assert finished(blank, body, parts).startswith(STORY)


def test_first_letters_pass_over_no_line_that_begins_as_boilerplate() -> None:
    assert {word for word in ENGLISH.boilerplate.starts if len(word) < N_PREFIX} == {"e", "x"}
    for line in ("e-mail | print", "Email | Twitter", "X | Facebook", "Share this", "Don't miss:"):
        assert BoilerplateFinder(ENGLISH, ()).find(f"{STORY}\n{line}\n{STORY}"), line


# --- other languages, whose patterns are data ---


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("À lire aussi : Le président est revenu de son voyage", "read more"),
        ("Sur le même sujet", "read more"),
        ("Partager sur Facebook", "share links"),
        ("اقرأ أيضا: الرئيس يعود من رحلته", "read more"),
        ("Akhriso sidoo kale: Madaxweynaha oo soo laabtay", "read more"),
    ],
)
def test_links_in_other_languages_are_boilerplate(line: str, kind: str) -> None:
    body = f"The first sentence of the article is here.\n{line}\nThe last sentence of the article is here."
    [removed] = BoilerplateFinder(ENGLISH, frozenset()).find(body)
    assert (removed.kind, body[removed.start : removed.end]) == (kind, line)


@pytest.mark.parametrize(
    "line",
    [
        "À lire entre les lignes, le discours du président annonce une réforme des retraites.",
        "Sur le terrain, les secours cherchent des survivants depuis trois jours.",
        "شارك الآلاف في مظاهرة في العاصمة أمس.",
    ],
)
def test_sentences_in_other_languages_are_no_boilerplate(line: str) -> None:
    body = f"The first sentence of the article is here.\n{line}\nThe last sentence of the article is here."
    assert BoilerplateFinder(ENGLISH, frozenset()).find(body) == []
