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
