"""A blind article: no answer to the browser tells a suggestion before it is done."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser import IN_BROWSER, HeldBack
from tests.review.desk import DECISIONS, Desk, OpenPage, choose, press, saved, shown_id

pytestmark = IN_BROWSER


def has_suggestions(value: Any) -> bool:
    """Whether a JSON value has something that a model said."""
    if isinstance(value, dict):
        spoken = ["score", "band", "suggestions", "mentioned", "withheld", "evidence", "impressions", "margin", "pros"]
        spoken += ["tags"] if "control" in value else []  # a piece of the text, and what it speaks for
        return any((name in spoken and bool(one)) or has_suggestions(one) for name, one in value.items())
    return isinstance(value, list) and any(has_suggestions(one) for one in value)


def record_answers(page: Page) -> list[tuple[str, str]]:
    """Collect whatever is answered to a browser: address and body."""
    heard: list[tuple[str, str]] = []

    def hear(route: Route) -> None:
        answer = route.fetch()
        heard.append((route.request.url, answer.text()))
        route.fulfill(response=answer)

    page.context.route("**/*", hear)
    return heard


ASK_ALL = """async (id) => {
  const csrf = document.querySelector('meta[name=csrf]').content;
  const article = {title: 'ISKP bombs Kabul mosque', body: 'ISKP claimed the bombing of a mosque in Kabul.'};
  const put = {method: 'PUT', body: JSON.stringify(article), headers: {'Content-Type': 'application/json', 'X-CSRF-Token': csrf}};
  const paths = [`/v1/articles/${id}`, `/v1/articles/${id}/decisions`, '/v1/articles?state=open&tag=iskp',
    `/review/articles/${id}`, `/review/articles/${id}/why?tag=iskp`, '/review/bulk.json?tag=iskp'];
  const answers = [await fetch(`/v1/articles/${id}`, put), ...await Promise.all(paths.map((path) => fetch(path)))];
  return answers.map((answer) => answer.status);
}"""


def test_blind_article_tells_nothing_before_it_is_done(blind_desk: Desk, open_page: OpenPage) -> None:
    for name in ("a", "b"):
        blind_desk.put(name, 0)
    page = open_page(blind_desk, refusals=True)
    heard = record_answers(page)
    page.reload()
    expect(page.locator("#notices")).to_contain_text("Blind.")
    article = shown_id(page)
    assert "Khorasan" not in page.content()
    press(page, "+")
    page.keyboard.type("IS-K")
    choose(page)
    expect(page.locator("#on")).to_contain_text("Khorasan")
    saved(page)
    assert page.evaluate(ASK_ALL, article) == [200, 200, 200, 200, 200, 403, 200]
    assert page.locator(".card, mark, .why-not, .score").count() == 0
    page.goto(f"{blind_desk.address}/review/bulk?tag=iskp")
    expect(page.locator("#b-title")).to_contain_text("no open article")
    page.goto(f"{blind_desk.address}/review/{article}")
    expect(page.locator("#on")).to_contain_text("Khorasan")
    objects = [(url, json.loads(body)) for url, body in heard if body.startswith(("{", "["))]
    assert [url for url, body in objects if has_suggestions(body)] == []
    assert {f"/review/articles/{article}", f"/v1/articles/{article}"} <= {
        url.partition(blind_desk.address)[2] for url, _ in objects
    }
    pages = [body for _, body in heard if body.lstrip().startswith("<!doctype html>")]
    assert len(pages) == 3
    assert not any("iskp" in body.lower().replace('data-tag="iskp"', "") for body in pages)
    closing = HeldBack(page, DECISIONS, "POST")
    press(page, "Escape", "Enter")
    page.get_by_role("button", name="Show what would have been suggested").click()
    expect(page.locator("#said")).to_contain_text("It waits until")
    closing.wait().fallback()
    expect(page.locator("#article")).to_have_attribute("data-id", article)
    expect(page.locator(".card").first).to_be_visible()
    assert has_suggestions(
        json.loads(next(body for url, body in reversed(heard) if url.endswith(f"/review/articles/{article}")))
    )
    saved(page)
    assert [row[2] for row in blind_desk.log()] == ["add", "complete"]
