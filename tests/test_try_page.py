"""The page on which an article is tried, without a browser: its title, its key, and what it tells without one."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from classifier.store.store import Store

BODY = "<p>The Taliban fought ISKP in Kabul.</p>"


def headline(page: str) -> str:
    shown = re.search(r'class="headline"[^>]*>(.*?)</h2>', page, re.DOTALL)
    assert shown is not None
    return re.sub(r"<[^>]*>", "", shown[1]).strip()


def paste(client: FlaskClient, text: str, **fields: str) -> str:
    return client.post("/", data={"text": text, "format": "html", **fields}).text


@pytest.mark.parametrize(
    ("markup", "title"),
    [
        (f"<h1>ISKP in Kabul</h1>{BODY}", "ISKP in Kabul"),
        (f"{BODY}<h1 class='a'>ISKP <b>in</b> Kabul</h1 >", "ISKP in Kabul"),
        (f"<TITLE>ISKP</TITLE><h1>Kabul</h1>{BODY}", "ISKP"),
        (f"<h1>Kabul</h1><title>ISKP</title>{BODY}", "Kabul"),
        (f"<title>ISKP{BODY}<h1>Kabul</h1>", "Kabul"),
        (f"ISKP in Kabul\n{BODY}", "ISKP in Kabul"),
        (f"<h1>Kabul {BODY}", "(no title)"),
        (f"<h1 {BODY[3:]}", "(no title)"),
        (f"<h12>Kabul</h12>{BODY}", "(no title)"),
        (BODY, "(no title)"),
    ],
)
def test_title_of_pasted_html_is_its_first_heading(client: FlaskClient, markup: str, title: str) -> None:
    page = paste(client, markup)
    assert headline(page) == title
    assert "fought" in page.partition('class="headline"')[2]


def test_page_lists_the_tags_while_no_key_exists(client: FlaskClient) -> None:
    assert '<option value="Taliban">' in client.get("/").text


def test_page_names_no_tag_to_who_has_no_key(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("desk", "cms")
    for page in (client.get("/").text, client.get("/?example=1").text, paste(client, "x", key="wrong")):
        assert "<option" not in page
        assert "Haqqani" not in page
    answered = paste(client, BODY, key=secret, why="al-shabaab")
    assert '<option value="Taliban">' in answered
    assert "not suggested" in answered


@pytest.mark.parametrize(
    ("text", "is_markup"),
    [
        (f"<h1>ISKP in Kabul</h1>{BODY}", True),
        ("ISKP in Kabul\n\nThe Taliban fought ISKP where 3 < 5 and 7 > 6.", False),
        ("ISKP in Kabul\n\nWrite to <ana@example.org> of the Taliban.", False),
    ],
)
def test_pasted_html_is_recognised(client: FlaskClient, text: str, is_markup: bool) -> None:
    page = paste(client, text, format="")
    assert headline(page) == "ISKP in Kabul"
    shown = page.partition('class="headline"')[2].partition("</article>")[0]
    assert "Taliban" in shown
    assert ("&lt;" not in shown) == (is_markup or "<" not in text)


def test_what_was_pasted_is_added_to_the_queue_once(client: FlaskClient, store: Store) -> None:
    for _ in range(2):
        added = client.post("/", data={"text": f"<h1>ISKP</h1>{BODY}", "format": "", "add": "1"})
        assert added.status_code == 303
    article_id = added.headers["Location"].rpartition("/")[2]
    stored = store.article(article_id)
    assert (stored.article.title, stored.source, stored.state) == ("ISKP", "pasted", "new")
    assert store.count_articles() == {"pasted": 1}
    assert client.post("/", data={"text": " ", "add": "1"}).status_code == 422


def test_a_reader_adds_nothing_to_the_queue(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("rita", "reader")
    assert client.post("/", data={"text": "ISKP\n\nThe Taliban.", "add": "1", "key": secret}).status_code == 403
    assert client.post("/", data={"text": "ISKP\n\nThe Taliban.", "add": "1"}).status_code == 401
    assert store.count_articles() == {}
