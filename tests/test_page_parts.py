"""Web pages as articles: what stands around the story is removed and reported, and the story is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.domain.articles import Article, read_articles
from classifier.domain.taxonomy import Taxonomy
from classifier.model.tag_model import TagModel
from classifier.text.cleaning import clean_body
from classifier.text.fields import BODY
from classifier.text.page_parts import LEAST_STORY
from classifier.text.reading import MAX_READ, ArticleReader
from classifier.training.fitting import Fitted
from tests.conftest import STARTER
from tests.hard import size
from tests.hostile import HOSTILE, assert_linear
from tests.layouts import LAYOUTS, MENU

STORM = "\n".join(
    f"<p>{paragraph}</p>"
    for paragraph in (
        "The storm came ashore a little before four in the morning and took the roof of the fish market with it.",
        "By noon the harbour road was under a metre of water, and the ferry to the islands stayed at its berth.",
        "“We tied down all that could be tied down,” said Berta Holm, who runs the ice house. “The rest is in the bay now.”",
        "Power is back in the upper town. The council expects to reopen the two schools on Monday, and asks people who "
        "have a pump to lend it to the fire brigade, which has eleven cellars still to empty.",
        "The wind had dropped to a breeze by the evening, and the first boats went out to look for their pots.",
    )
)
KABUL = "\n".join(
    f"<p>{paragraph}</p>"
    for paragraph in (
        "The Islamic State’s Khorasan Province said on Friday that it had bombed a mosque in Kabul, killing nine people.",
        "ISKP named the bomber and published his picture. Residents heard the blast at the end of the prayer.",
        "Taliban officials in Kabul said that they had arrested four men who had sheltered the ISKP cell.",
        "It was the third attack by ISKP in the Afghan capital since the spring, and the deadliest of them.",
    )
)
STORIES = {"storm": ("Storm takes the roof of the fish market", STORM), "Kabul": ("ISKP bombs Kabul mosque", KABUL)}


@pytest.fixture(scope="module")
def reader(taxonomy: Taxonomy) -> ArticleReader:
    return ArticleReader(taxonomy)


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


def html_article(body: str, title: str = "") -> Article:
    return Article(title=title, body=body, body_format="html")


def kept(reader: ArticleReader, body: str) -> list[str]:
    return [line.strip() for line in reader.read(html_article(body)).text.contents[BODY].splitlines() if line.strip()]


def removed(reader: ArticleReader, body: str) -> list[tuple[str, str]]:
    reading = reader.read(html_article(body))
    return [(part.kind, " ".join(reading.body.text[part.start : part.end].split())) for part in reading.removed]


# --- whole pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_saved_page_gets_the_tags_of_its_story_alone(model: TagModel, layout: str, story: str) -> None:
    headline, paragraphs = STORIES[story]
    alone = model.suggest(html_article(paragraphs, headline))
    page = model.suggest(html_article(LAYOUTS[layout](headline, paragraphs), headline))
    assert {suggestion["tag"] for suggestion in page.suggestions} == {
        suggestion["tag"] for suggestion in alone.suggestions
    }
    assert {mention["tag"] for mention in page.mentioned} == {mention["tag"] for mention in alone.mentioned}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_line_of_the_story_is_read_and_no_menu(reader: ArticleReader, layout: str) -> None:
    headline, paragraphs = STORIES["storm"]
    lines = kept(reader, LAYOUTS[layout](headline, paragraphs))
    story = kept(reader, paragraphs)
    assert [line for line in lines if line in story] == story
    assert not [line for line in lines if any(name in line for name in MENU)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_removed_is_reported_where_it_stands_in_the_page(reader: ArticleReader, layout: str) -> None:
    page = LAYOUTS[layout](*STORIES["storm"])
    reading = reader.read(html_article(page))
    slices = [page[slice(*reading.source_span(BODY, part.start, part.end))] for part in reading.removed]
    assert any("Hamas" in slice_ for slice_ in slices)
    assert not any("Berta Holm" in slice_ for slice_ in slices)
    edges = [edge for part in reading.removed for edge in (part.start, part.end)]
    assert edges == sorted(edges)


def test_lead_of_a_page_is_the_lead_of_its_story(reader: ArticleReader) -> None:
    menu = "<nav>" + "<a href='/'>Boko Haram</a> " * 200 + "</nav>"
    text = reader.read(html_article(menu + STORM)).text
    assert text.contents[BODY][: text.lead_end].strip().endswith("took the roof of the fish market with it.")


# --- elements and roles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ("<nav>{}</nav>", "navigation"),
        ("<menu>{}</menu>", "navigation"),
        ("<header>{}</header>", "page header"),
        ("<footer>{}</footer>", "page footer"),
        ("<aside>{}</aside>", "sidebar"),
        ("<form>{}</form>", "form"),
        ("<search>{}</search>", "form"),
        ("<dialog>{}</dialog>", "dialog"),
        ("<div role=navigation>{}</div>", "navigation"),
        ("<div role='menu'>{}</div>", "navigation"),
        ('<DIV CLASS="x" ROLE="Banner">{}</DIV>', "page header"),
        ('<section role="contentinfo">{}</section>', "page footer"),
        ('<div role="none complementary">{}</div>', "sidebar"),
        ("<span role=search>{}</span>", "form"),
        ("<div role=form>{}</div>", "form"),
        ("<div role=alertdialog>{}</div>", "dialog"),
        ("<header>{}<p>x", "page header"),  # never closed, but next to nothing of the page
    ],
)
def test_element_that_is_no_article_is_removed_and_named(reader: ArticleReader, element: str, kind: str) -> None:
    assert removed(reader, f"<div>{element.format('Hamas')}</div>{STORM}")[0][0] == kind
    assert "Hamas" not in " ".join(kept(reader, f"<div>{element.format('Hamas')}</div>{STORM}"))


@pytest.mark.parametrize(
    "body",
    [
        STORM,
        STORM + "<figure><img src=a><figcaption>The roof in the bay</figcaption></figure>",
        STORM + "<blockquote><p>It is in the bay.</p><footer>Berta Holm</footer></blockquote>",
        f"<article><header><h1>Storm</h1><p>By Ines Falk</p></header>{STORM}</article>",
        f"<main><header><h1>Storm</h1></header>{STORM}</main>",
        f"<article>{STORM}<aside class='pullquote'>All that could be tied down</aside></article>",
        f"<article>{STORM}<aside><blockquote>All that could be tied down</blockquote></aside></article>",
        f"<article>{STORM}<aside><figure><figcaption>The roof in the bay</figcaption></figure></aside></article>",
        f"<article>{STORM}<div role='doc-pullquote'>All that could be tied down</div></article>",
        f"<div title='<nav>' data-role=navigation>{STORM}</div>",
        f"<!-- <nav> -->{STORM}<script>'<nav>'</script>",
        STORM + "<ul>" + "<li><a href=/a>A list of links in an article</a></li>" * 5 + "</ul>",
    ],
)
def test_what_belongs_to_an_article_stays(reader: ArticleReader, body: str) -> None:
    assert removed(reader, body) == []


def test_one_article_with_most_of_the_text_is_the_article(reader: ArticleReader) -> None:
    page = f"<p>Hamas today</p><article>{STORM}</article><p>Iran today</p>"
    assert removed(reader, page) == [("outside the article", "Hamas today"), ("outside the article", "Iran today")]


def test_article_in_the_main_part_comes_before_the_main_part(reader: ArticleReader) -> None:
    page = f"<main><p>Hamas today</p><article>{STORM}</article></main>"
    assert removed(reader, page) == [("outside the article", "Hamas today")]


@pytest.mark.parametrize("element", ["article", "main", "div role=article", "div role=main"])
def test_of_two_parts_of_one_size_none_is_the_article(reader: ArticleReader, element: str) -> None:
    name = element.split(maxsplit=1)[0]
    assert removed(reader, f"<{element}>{STORM}</{name}><{element}>{STORM}</{name}>") == []


def test_small_article_element_in_a_text_is_not_the_article(reader: ArticleReader) -> None:
    assert removed(reader, f"{STORM}<article class='embed'>Hamas today</article>") == []


def test_links_in_a_list_are_a_menu_only_on_a_whole_page(reader: ArticleReader) -> None:
    links = "<ul>" + "".join(f"<li><a href=/{name}>{name}</a></li>" for name in MENU) + "</ul>"
    assert removed(reader, links + STORM) == []
    assert [kind for kind, _ in removed(reader, f"<body>{links}{STORM}</body>")] == ["navigation"]


# --- a wrong guess loses nothing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "around",
    [
        "<aside>{}</aside>",
        "<nav>{}",
        "<form>{}</form>",
        "<div role=navigation>{}</div>",
        "<header>{}</header>",
        "<p>Storm</p><footer>{}</footer>",
        "<nav>Home <aside>{}",
        "<nav><article>{}</article></nav>",
        "<header><main>{}</main>",
        "<form><nav>{}</nav></form>",
        "<div><form><div>{}</div></form></div>",
        "<menu><li>{}</menu>",
    ],
)
def test_story_in_an_element_that_should_be_no_article_is_kept(reader: ArticleReader, around: str) -> None:
    assert [line for line in kept(reader, around.format(STORM)) if line in kept(reader, STORM)] == kept(reader, STORM)


@pytest.mark.parametrize(
    "page", ["<nav><a href=/>Hamas</a></nav>", "<footer>Hamas</footer>", "<aside>a</aside><nav>b</nav>"]
)
def test_page_of_which_nothing_would_be_left_is_kept_whole(reader: ArticleReader, page: str) -> None:
    assert removed(reader, page) == []


def test_short_article_is_told_from_a_long_footer_by_its_element(reader: ArticleReader) -> None:
    footer = "<footer>" + "Hamas may not be copied. " * 100 + "</footer>"
    story = "The roof of the fish market is in the bay. " * (LEAST_STORY // 40 + 1)
    assert [kind for kind, _ in removed(reader, f"<article><p>{story}</p></article>{footer}")] == ["page footer"]


def test_parts_beyond_what_is_read_are_cut(reader: ArticleReader) -> None:
    long = "<p>" + "The roof is in the bay. " * (MAX_READ // 24) + "</p>"
    reading = reader.read(html_article(f"{long}<footer>{'Hamas today. ' * 100}</footer><nav>Iran</nav>"))
    assert len(reading.text.contents[BODY]) == MAX_READ
    assert all(part.end <= MAX_READ for part in reading.removed)


@pytest.mark.parametrize(
    "name",
    [
        "menus between sentences",
        "roles",
        "articles with a menu in each",
        "articles opened, with asides",
        "quotations aside",
        "blocks of links on a page",
        "end tags over a deep stack",
    ],
)
def test_time_grows_with_the_page_and_no_faster(name: str) -> None:
    assert_linear(lambda page: clean_body(html_article(page)), HOSTILE[name], size(100_000, 2_000_000))


# --- nothing changes elsewhere ----------------------------------------------------------------------------------


def test_starter_articles_lose_nothing_as_paragraphs() -> None:
    articles = read_articles(sorted((STARTER / "articles").glob("*.jsonl")))
    bodies = ["".join(f"<p>{line}</p>" for line in article.body.split("\n")) for article in articles]
    assert not any(clean_body(html_article(body)).removed for body in bodies)


TAGS = st.sampled_from(
    [
        f"<{slash}{name}>"
        for name in (
            "nav",
            "aside",
            "article",
            "main",
            "form",
            "header",
            "footer",
            "div role=menu",
            "p",
            "td",
            "svg",
            "a href=x",
        )
        for slash in ("", "/")
    ]
)


@given(
    st.lists(TAGS | st.sampled_from(["Hamas ", "The roof is in the bay. " * 9, "<html>", "&amp;"]), max_size=30).map(
        "".join
    )
)
def test_parts_of_any_page_lie_in_order_and_apart_and_never_hold_all_of_it(page: str) -> None:
    clean = clean_body(html_article(page))
    edges = [edge for part in clean.removed for edge in (part.start, part.end)]
    assert edges == sorted(edges)
    assert all(0 <= part.start < part.end <= len(clean.text) for part in clean.removed)
    left = "".join(
        " " if any(part.start <= i < part.end for part in clean.removed) else character
        for i, character in enumerate(clean.text)
    )
    assert bool(left.strip()) == bool(clean.text.strip())
