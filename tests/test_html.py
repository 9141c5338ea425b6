"""HTML and WordPress blocks: what is text, how it breaks into lines, and the way back to the markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from classifier.domain.articles import Article
from classifier.text.cleaning import clean_body
from classifier.text.markup import html_to_text
from classifier.text.source_map import CleanText
from tests.hard import size
from tests.test_articles import assert_leads_back
from tests.test_words import ANY_TEXT, finished

WORDPRESS = """<!-- wp:paragraph {"dropCap":true} -->
<p>The <strong>Islamic State</strong>&#8217;s branch, <em>ISKP</em>, fought the Taliban &amp; others.</p>
<!-- /wp:paragraph -->

<!-- wp:heading {"level":3} -->
<h3 class="wp-block-heading">Across the border</h3>
<!-- /wp:heading -->

<!-- wp:list -->
<ul><!-- wp:list-item --><li>Kunar</li><!-- /wp:list-item --><!-- wp:list-item --><li>Nangarhar</li></ul>
<!-- /wp:list -->
"""


def clean_html(markup: str) -> CleanText:
    return clean_body(Article(body=markup, body_format="html"))


def lines(markup: str) -> list[str]:
    return [line.strip() for line in clean_html(markup).text.splitlines() if line.strip()]


def sent(markup: str, name: str) -> str:
    """Return the slice of the markup to which the first occurrence of a name in its clean text leads back."""
    clean = clean_html(markup)
    start = clean.text.index(name)
    begin, end = clean.source.span(start, start + len(name))
    return markup[begin:end]


# --- what is text -----------------------------------------------------------------------------------------------


def test_wordpress_blocks_become_lines_of_text() -> None:
    assert lines(WORDPRESS) == [
        "The Islamic State's branch, ISKP, fought the Taliban & others.",
        "Across the border",
        "Kunar",
        "Nangarhar",
    ]


@pytest.mark.parametrize(
    "unseen",
    [
        "<script>var taliban = 1 > 0;</script>",
        "<style>p > b { color: red }</style>",
        "<!-- Taliban > ISKP -->",
        "<noscript>Taliban</noscript>",
        "<template><p>Taliban</p></template>",
        "<svg><text>Taliban</text></svg>",
        "<iframe>Taliban</iframe>",
        "<?php echo 'Taliban'; ?>",
        '<img alt="Taliban > ISKP" src="a.png">',
    ],
)
def test_what_no_reader_sees_is_no_text(unseen: str) -> None:
    assert lines(f"<p>Two men {unseen}were held.</p>") == ["Two men were held."]


def test_whole_page_gives_the_text_of_its_body() -> None:
    page = "<!DOCTYPE html><html><head><title>Site</title></head><body><p>Two men.</p></body></html>"
    assert lines(page) == ["Two men."]


@pytest.mark.parametrize("tag", ["p", "div", "h2", "li", "td", "blockquote", "figcaption", "section"])
def test_block_elements_are_lines_of_their_own(tag: str) -> None:
    assert lines(f"Before<{tag}>inside</{tag}>after") == ["Before", "inside", "after"]


@pytest.mark.parametrize("tag", ["b", "em", "a", "span", "strong", "mark"])
def test_inline_elements_do_not_break_words(tag: str) -> None:
    assert lines(f"Tali<{tag}>ban</{tag}>s") == ["Talibans"]


def test_line_break_breaks_the_line() -> None:
    assert lines("Kabul<br>Kunar<br/>Kunduz") == ["Kabul", "Kunar", "Kunduz"]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Two men", "Two men"),
        ("Two men</p></div>", "Two men"),
        ("<p>Two <b>men</p>", "Two men"),
        ("Two > one", "Two > one"),
        ("AT&T and R&D", "AT&T and R&D"),
        ("Tom &amp Jerry", "Tom & Jerry"),
        ("&lt;p&gt;", "<p>"),
        ("<textarea>>Two", ">Two"),
        ("Two men", "Two men"),
        ("Two<b men", "Two"),
        ("Two</>men</ x>", "Twomen"),
        ("Two<!men>were<?x?><![CDATA[>held", "Twowereheld"),
        ("Two <a title=\"x>y\" href='<p>'>men</a>", "Two men"),
        ("Two<img alt = 'a>b'/ >men", "Twomen"),
        ("Two<i a=b='>men", "Twomen"),
        ("<!-->Two<!--->men<!-- --!>", "Twomen"),
        ("<p>Two<svg><path><p>men</p>", "Two\nmen"),
        ("<p>Two<noscript><img></p><p>men", "Two\nmen"),
        ("<noscript><div><img></noscript><p>Two", "Two"),
        ("<div>Two<object><div>x</object>men</div>", "Twomen"),
        ("<template><ul><li>x</template>Two", "Two"),
        ("<script src=x />Two", "Two"),
        ("<head><meta charset=utf-8><p>Two", "Two"),
        ("<xmp><b>&amp;</xmp>", "<b>&"),
        ("<center>Two</center>men", "Two\nmen"),
        ("<template><p>x</p><p>y</p></template>Two", "Two"),
        ("&copyright &notit; &#150;", "\u00a9right \u00acit; \u2014"),
    ],
)
def test_broken_markup_is_read_as_a_browser_would(markup: str, text: str) -> None:
    assert lines(markup) == text.split("\n")


@pytest.mark.parametrize(
    "markup", ["", " ", "\n\n", "<p></p>", "<!-- only a comment -->", "<br><br>", "<div><p> </p></div>"]
)
def test_markup_without_text_gives_no_words(markup: str) -> None:
    assert clean_html(markup).text.strip() == ""


# --- the way back -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "name", "slice_"),
    [
        (WORDPRESS, "Islamic State", "Islamic State"),
        (WORDPRESS, "Islamic State's", "Islamic State</strong>&#8217;s"),
        (WORDPRESS, "ISKP", "ISKP"),
        (WORDPRESS, "&", "&amp;"),
        (WORDPRESS, "Nangarhar", "Nangarhar"),
        ("<p>the al&shy;Shabaab men</p>", "alShabaab", "al&shy;Shabaab"),
        ("<p>al-Shaba\u0304b&rsquo;s men</p>", "al-Shabāb", "al-Shaba\u0304b"),
        ("<p>the of\ufb01ce</p>", "office", "of\ufb01ce"),
        ("<p>a &gt; b &lt; ISKP</p>", "ISKP", "ISKP"),
        ("<p>>>> ISKP</p>", "ISKP", "ISKP"),
        ("<b>>ISKP</b>", ">ISKP", ">ISKP"),
        ('<a title="x>y">ISKP</a>', "ISKP", "ISKP"),
        ("<p>\r\nISKP\r\n</p>", "ISKP", "ISKP"),
        ("<p>\U0001f600 ISKP</p>", "ISKP", "ISKP"),
        ("<p>a\x00b ISKP</p>", "ISKP", "ISKP"),
        ("<plaintext>ISKP", "ISKP", "ISKP"),
    ],
)
def test_name_in_the_clean_text_leads_back_to_its_place_in_the_markup(markup: str, name: str, slice_: str) -> None:
    assert sent(markup, name) == slice_


def test_entity_without_a_semicolon_leads_back_to_itself_alone() -> None:
    assert sent("<p>Tom &amp Jerry</p>", "&") == "&amp"
    assert sent("<p>Tom &amp Jerry</p>", "Jerry") == "Jerry"


def test_repeated_names_lead_back_each_to_its_own_place() -> None:
    markup = "<p>ISKP</p><!-- ISKP --><p title='ISKP'><b>ISKP</b> and ISKP</p>"
    clean = clean_html(markup)
    starts = [i for i in range(len(clean.text)) if clean.text.startswith("ISKP", i)]
    assert [clean.source.span(start, start + 4) for start in starts] == [(3, 7), (43, 47), (56, 60)]


@pytest.mark.parametrize(
    "forged",
    [
        "\ue0000\ue001",
        "\ue00099\ue001",
        "&#xE000;0&#xE001;",
        "&#57344;7&#57345;",
        "\ue000",
        "\ue001",
        "&#x000e000;99999999&#x000e001;",
        "&#x000e000;2&#x000e001;",
        "&#0057344;1&#0057345;",
        "&#xE000",
        "&#xe0000;&#x10fffd;",
        f"&#{'9' * 5000};",
        f"&#{'0' * 5000}65;",
        f"&#x{'f' * 5000};",
    ],
)
def test_no_text_passes_for_a_mark_or_ends_the_reading(forged: str) -> None:
    markup = f"<p>a {forged} b</p><p title='ISKP'>one ISKP</p>"
    start = markup.rindex("ISKP")
    clean = clean_html(markup)
    at = clean.text.index("ISKP")
    assert clean.source.span(at, at + 4) == (start, start + 4)
    assert_leads_back(clean, markup)


PIECES = st.sampled_from(
    [
        *(
            "<p>",
            "</p>",
            "<div>",
            "</div>",
            "<br/>",
            "<b>",
            "</b>",
            "<b",
            "<p class='a>b'>",
            "<!-- wp:list -->",
            "<!--",
        ),
        *("-->", "<script>", "</script>", "<style>", "<title>", "</title>", "<textarea>", "<plaintext>", "<table>"),
        *("<td>", "<select><option>", "<svg>", "<html>", "</html>", "<head>", "<body>", "</body>", "<?php ?>"),
        *("<![CDATA[x]]>", "<frameset>", "<noscript>", "<iframe>", "<", ">", ">>", "&", "&amp;", "&lt;", "&#769;"),
        *("&#x301;", "&#xE000;", "&#57344", "&#xD800;", "&#0;", "&fjlig;", "&notit;", "&amp", "&nbsp;", "&bogus;"),
        *("\ue000", "\ue0015", "\ue001", "\u00ad", "\ufb03", "e\u0301", "\u0301" * 7, "\u0323", "\u0344", "\r\n", "\r"),
        *("\n", "\u200b", "\u201c", "\u2026", "\x00", "\ud800", "\uffff", "\U0001f600", "\u1100\u1161", " ", "ISKP"),
    ]
)
ODD_HTML = st.lists(PIECES | ANY_TEXT, max_size=14).map("".join)


@given(ODD_HTML)
def test_every_clean_character_leads_back_into_the_markup(markup: str) -> None:
    assert_leads_back(clean_html(markup), markup)


@given(ODD_HTML)
def test_visible_text_leads_back_before_it_is_normalised_too(markup: str) -> None:
    assert_leads_back(html_to_text(markup), markup)


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1, max_size=6))
def test_every_paragraph_is_one_line_that_leads_back_exactly(paragraphs: list[str]) -> None:
    markup = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    clean = clean_html(markup)
    assert lines(markup) == paragraphs
    letters = [i for i, character in enumerate(clean.text) if character != "\n"]
    assert "".join(markup[slice(*clean.source.span(i, i + 1))] for i in letters) == "".join(paragraphs)


# --- hostile markup ---------------------------------------------------------------------------------------------

N = size(200_000, 2_000_000)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * (N // 5) + "text",
        "<div>" * (N // 11) + "text" + "</div>" * (N // 11),
        "<p>x" * (N // 4),
        "<" * N,
        "<!--" * (N // 4),
        "&" * N,
    ],
    ids=["div", "closed div", "paragraph", "less than", "comment", "ampersand"],
)
def test_much_hostile_markup_is_read_without_hanging(markup: str) -> None:
    clean = finished(clean_html, markup)
    assert len(clean.text.strip()) <= len(markup)


@pytest.mark.parametrize(("piece", "text"), [("&amp;", "&"), (">", ">")])
def test_many_copies_of_one_sign_are_all_kept(piece: str, text: str) -> None:
    n = N // len(piece)
    clean = finished(clean_html, piece * n)
    assert clean.text.strip() == text * n
    assert clean.source.span(n - 1, n) == (len(piece) * (n - 1), len(piece) * n)


@pytest.mark.parametrize("depth", [200, size(10_000, 100_000)])
def test_nesting_of_any_depth_keeps_its_text_and_what_comes_after(depth: int) -> None:
    assert lines("<div>" * depth + "Two men." + "</div>" * depth + "Held.") == ["Two men.", "Held."]


INLINE = st.sampled_from(
    [
        *("<b>", "</b>", "<i class='a>b'>", "</i>", "<br>", "<p>", "</p>", "<div>", "</div>", "<li>", "<!-- x > y -->"),
        *(
            "<!x>",
            "<?y?>",
            "</>",
            "</ z>",
            "<img src=a alt='<'>",
            "<td>",
            '<em a = "b>">',
            "<a href=x>",
            "</a>",
            "<hr/>",
        ),
        *(
            "<script>if (a < b) {}</script>",
            "<style>p > b</style>",
            "&amp;",
            "&lt",
            "&#38;",
            "&copy=",
            "&#x41",
            "&bogus;",
        ),
        *("x", "y ", "<", "< ", ">", "&", "&#", "=", "'", '"', "/", "é"),
    ]
)


@given(st.lists(INLINE, max_size=12).map("".join))
def test_text_is_the_text_of_libxml2(markup: str) -> None:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    root = etree.fromstring(f"<div>{markup}".encode(), parser)
    texts = "".join(root.xpath("//text()[not(parent::script or parent::style)]"))
    assert "".join(html_to_text(markup).text.split()) == "".join(texts.split())
