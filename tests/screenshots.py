"""Take the screenshots of the documents: python -m tests.screenshots [DIR]. Uses the starter model of var/models.

Each page of the site is taken besides, in three widths and both themes, into var/screenshots: to be looked at, not kept.

The desk on them is played: its articles are those of training_data/ under new ids, and its editors answer as the archive
did, except that one of them never sees the point of `analysis` and `policy`. The model knows these articles: no figure on the
pictures says how good it is.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, product, zip_longest
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, Page

from classifier.domain.articles import Article, read_articles
from classifier.settings import read_settings
from classifier.web.site import SECTIONS
from tests.browser import chromium, serving
from tests.conftest import ROOT, STARTER

EXAMPLE = ROOT / "classifier" / "web" / "templates" / "example.txt"
PHONE = {"width": 360, "height": 740}
WIDE = {"width": 1280, "height": 860}
WIDTHS = {"phone": PHONE, "tablet": {"width": 820, "height": 1100}, "desk": {"width": 1440, "height": 900}}
THEMES = ("light", "dark")
SHARES = {"TAGGER_BLIND_SHARE": "0.15", "TAGGER_SECOND_SHARE": "0.2"}
FILES = ("south-asia", "islamic-state", "themes", "worldwide")
N_ARTICLES, N_DECIDED = 170, 90
NOT_FOR_BEN = {"analysis", "policy"}
FIRST_DAY = date(2026, 3, 2)


@dataclass(frozen=True)
class Desk:
    """A service with articles, some of which have been decided on."""

    address: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what the service answers."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.address}{path}", data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request) as answer:
            return json.load(answer)

    def put(self, article_id: str, article: Article) -> None:
        """Store an article as a CMS does."""
        fields = {"title": article.title, "body": article.body, "published_at": article.published_at}
        self.ask("PUT", f"/v1/articles/{article_id}", fields)

    def decide(self, article_id: str, article: Article) -> None:
        """Let its editors answer what was suggested, add what was missed, and close it."""
        seen = self.ask("GET", f"/v1/articles/{article_id}")
        known = {one["id"] for one in self.ask("GET", "/v1/tags")["tags"]}
        for editor in ("ana", "ben")[: seen["n_editors"]]:
            wanted = known & set(article.tags or ()) - (NOT_FOR_BEN if editor == "ben" else set())
            shown = [one["tag"] for one in seen["suggestions"]]
            decisions = [{"tag": tag, **_answer(tag in wanted)} for tag in shown]
            decisions += [{"tag": tag, "action": "add"} for tag in sorted(wanted - set(shown))]
            body = {"editor": editor, "complete": True, "decisions": decisions}
            self.ask("POST", f"/v1/articles/{article_id}/decisions", body)


def _answer(wanted: bool) -> dict[str, str]:
    return {"action": "accept"} if wanted else {"action": "reject", "reason": "passing_mention"}


def played_articles() -> Iterator[Article]:
    """Yield articles of the starter files in turn, published day by day."""
    files = [read_articles([STARTER / "articles" / f"{name}.jsonl"]) for name in FILES]
    mixed = (article for row in zip_longest(*files) for article in row if article is not None)
    for n, one in enumerate(islice(mixed, N_ARTICLES)):
        day = (FIRST_DAY + timedelta(n)).isoformat()
        yield Article(f"desk-{n + 1}", one.title, one.body, tags=one.tags, published_at=day)


def open_desk(address: str) -> Desk:
    """Return the desk that is shown."""
    desk = Desk(address)
    for n, article in enumerate(played_articles()):
        desk.put(article.id, article)
        if n < N_DECIDED:
            desk.decide(article.id, article)
    title, _, body = EXAMPLE.read_text(encoding="utf-8").partition("\n")
    desk.put("desk-100", Article("desk-100", title, body, published_at="2026-06-06"))
    return desk


def shoot_pages(page: Page, address: str, folder: Path) -> None:
    """Write page.png, phone.png and api.png."""
    page.goto(f"{address}/?example=1")
    page.get_by_role("button", name="Suggest tags").click()
    page.locator(".card summary").first.click()
    page.screenshot(path=folder / "page.png")
    page.set_viewport_size(PHONE)
    page.screenshot(path=folder / "phone.png")
    page.set_viewport_size({"width": 1180, "height": 860})
    page.goto(f"{address}/docs")
    page.locator("summary").first.click()
    page.screenshot(path=folder / "api.png")


def shoot_review(page: Page, address: str, folder: Path) -> None:
    """Write review.png, review-phone.png, bulk.png and report.png."""
    page.set_viewport_size(WIDE)
    page.goto(f"{address}/sign-in?next=/review/desk-100")
    page.get_by_label("Your name").fill("ana")
    page.keyboard.press("Enter")
    page.locator(".card.on").wait_for()
    page.keyboard.press("a")
    page.locator("#saved[aria-busy=false]").wait_for()
    page.screenshot(path=folder / "review.png")
    page.set_viewport_size(PHONE)
    page.reload()
    page.locator("#headline").wait_for()
    page.screenshot(path=folder / "review-phone.png")
    page.set_viewport_size(WIDE)
    page.goto(f"{address}/review/bulk?tag=attack")
    page.get_by_label("Score in percent").fill("95")
    page.screenshot(path=folder / "bulk.png")
    page.set_viewport_size({"width": 1280, "height": 1280})
    page.goto(f"{address}/report")
    page.locator("#look").wait_for()  # the first look has the report made
    page.screenshot(path=folder / "report.png")


def addresses() -> dict[str, str]:
    """Return the address of every page under the name of its pictures."""
    listed = {
        page.address: page.address.strip("/").replace("/", "-") or "try" for each in SECTIONS for page in each.pages
    }
    more = {"/?example=1": "try-example", "/no-such-page": "not-found"}
    opened = {"/review/desk-100": "review-article", "/review/bulk?tag=attack": "review-bulk"}
    of_tags = {
        "/tags/attack": "tags-tag",
        "/tags?view=list&order=articles": "tags-list",
        "/articles/desk-1/history": "history",
    }
    return {name: address for address, name in {**listed, **more, **opened, **of_tags}.items()}


def shoot_site(browser: Browser, address: str, folder: Path) -> None:
    """Write each page in three widths and both themes: NAME-WIDTH-THEME.png, and the sheet of tags on a telephone."""
    for theme, (width, size) in product(THEMES, WIDTHS.items()):
        page = browser.new_page(viewport=size, color_scheme=theme, reduced_motion="reduce")
        page.goto(f"{address}/sign-in")
        page.screenshot(path=folder / f"sign-in-{width}-{theme}.png")
        page.get_by_label("Your name").fill("cleo")
        page.keyboard.press("Enter")
        page.locator(".who").wait_for()
        for name, path in addresses().items():
            page.goto(f"{address}{path}")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
        if width == "phone":
            page.goto(f"{address}/review/desk-100")
            page.get_by_role("button", name="Tags").click()
            page.locator(".card.on").wait_for()
            page.screenshot(path=folder / f"review-tags-{width}-{theme}.png")
        page.close()


def main(folder: Path) -> None:
    """Write all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (site := ROOT / "var" / "screenshots").mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(read_settings().models, f"sqlite:///{scratch}/t.db", SHARES) as address,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1180, "height": 860}, reduced_motion="reduce")
        shoot_pages(page, address, folder)
        open_desk(address)
        shoot_review(page, address, folder)
        shoot_site(browser, address, site)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
