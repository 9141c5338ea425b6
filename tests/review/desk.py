"""A desk to review at, the pages of its editors, and what they press."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, expect

from classifier.domain.articles import Article
from classifier.errors import Busy
from classifier.reports.drift.kept import KeptRising
from classifier.reports.drift.records import RisingName
from classifier.reports.json_form import to_json
from classifier.reports.kept import keep_desk_report
from classifier.reports.parts import DatedArticle
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import NO_SHARES, Tagger
from classifier.store.arrivals import Shares
from classifier.store.database.opening import open_store
from classifier.store.reports import RISING, KeptReport
from classifier.store.rows import now
from classifier.web.site import SECTIONS
from tests.browser import serving
from tests.everything import stored_articles
from tests.postgres import database
from tests.waiting import wait_until

STORIES = (
    (
        "ISKP bombs Kabul mosque",
        "ISKP claimed the bombing of a mosque in Kabul. The Taliban said they would hunt ISKP in Afghanistan. "
        "Hamas condemned the attack.",
    ),
    (
        "Taliban police detain ISKP cell in Kabul",
        "The Taliban said three ISKP members were arrested in Kabul on Friday. Boko Haram was not named by Nigeria.",
    ),
    (
        "Boko Haram fighters attack village in Borno",
        "Boko Haram killed nine people in Borno state, Nigeria. Police in Somalia said al-Shabaab had no part in it.",
    ),
    (
        "Court jails man who raised money for al-Shabaab",
        "A court in Mogadishu, Somalia sentenced a man to ten years for financing al-Shabaab. The prosecutor named the "
        "Taliban once.",
    ),
)
DECISIONS = re.compile(r"/v1/articles/[^/]+/decisions$")

OpenPage = Callable[..., Page]
# What is seen of each page once it is there: of every page of the navigation, and of those that others lead to.
PAGES = {page.address: "h1" for section in SECTIONS for page in section.pages} | {
    "/": "#text",
    "/sign-in": "#name",
    "/account": "h1",
    "/review": "#headline",
    "/review/bulk?tag=taliban": "#b-title:not(:empty)",
    "/tags/taliban": "h1",
    "/archive/tags": "h1",
}


def visit(page: Page, desk: Desk, path: str) -> None:
    page.goto(desk.address + path)
    expect(page.locator(PAGES[path])).to_be_visible()


@dataclass(frozen=True)
class Desk:
    """A service that runs, and the database behind it."""

    address: str
    tagger: Tagger

    def put(self, article_id: str, story: int = 0, **more: Any) -> None:
        title, body = STORIES[story]
        fields = {"title": f"{title} ({article_id})", "body": body} | more
        self.tagger.put_article(Article(article_id, **fields))

    def log(self) -> list[tuple[str, str | None, str, str]]:
        """What was decided, in its order: article, tag, action, editor."""
        return [(row.article_id, row.tag, row.action, row.editor) for row in self.tagger.store.log.all()]

    def known(self) -> list[Article]:
        """What an export of the examples has."""
        return list(self.tagger.store.exports.examples(starter_until=0))


@contextmanager
def open_desk(models: Path, folder: Path, shares: Shares = NO_SHARES, **environment: str) -> Iterator[Desk]:
    url = database(folder)
    store = open_store(url)
    desk = Desk("", Tagger(Serving(Registry(models)), store, shares))
    desk.put("first")  # a database with an article gets no starter articles
    with serving(models, url, environment) as address:
        yield replace(desk, address=address)
    store.close()


@contextmanager
def open_own_desk(models: Path, folder: Path) -> Iterator[Desk]:
    """A desk whose taxonomy may be changed: its models are its own."""
    with open_desk(Path(shutil.copytree(models, folder / "models")), folder) as desk:
        yield desk


def rises(desk: Desk, name: str, article_id: str) -> None:
    """Let a name rise in the newest report."""
    found = [DatedArticle(article_id, "", "2026-11-30")]
    row = RisingName(name, [], 3, 40, 0, 900, 31.0, "2026-11-28", found, None, [], [], "")
    content = to_json(KeptRising("2026-11-30", [row]))
    desk.tagger.store.reports.put(KeptReport(RISING, now(), 0, "t-1", content))


def keep_report(desk: Desk) -> None:
    """Make the desk report now, after the process that a page of an earlier test may have begun for it."""

    def kept() -> bool:
        try:
            keep_desk_report(desk.tagger.store, desk.tagger.serving.model().taxonomy)
        except Busy:
            return False
        return True

    wait_until(kept)


def emptied(desk: Desk) -> Desk:
    for stored in stored_articles(desk.tagger.store):
        desk.tagger.delete_article(stored.article.id)
    return desk


def sign_in_as(page: Page, desk: Desk, editor: str, path: str = "/review") -> None:
    page.goto(f"{desk.address}/sign-in?next={path}")
    page.locator("#name").fill(editor)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_be_visible()  # the address alone does not tell: the form's ends in the path, too


def collect_complaints(page: Page, complaints: list[str], expected: str | None) -> None:
    """Collect what a page complains of, violations of its policy too."""
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    expected_parts = [
        "Autofocus processing was blocked"
    ]  # a test types before the browser came to it, as quick people do
    if expected:
        expected_parts.append(expected)

    def hear(message: ConsoleMessage) -> None:
        if not any(part in message.text for part in expected_parts):
            # The text of a request that failed does not say which.
            where = f" ({message.location['url']})" if message.text.startswith("Failed to load") else ""
            complaints.append(message.text + where)

    page.on("console", hear)


def cards(page: Page) -> list[str]:
    """The tags of the article that is shown, in their order; those only mentioned come last."""
    expect(page.locator("#headline")).to_be_visible()
    return [str(card.get_attribute("data-tag")) for card in page.locator(".card[data-tag]").all()]


def mentioned(page: Page) -> set[str]:
    return {str(card.get_attribute("data-tag")) for card in page.locator(".small-cards .card").all()}


def shown_id(page: Page) -> str:
    expect(page.locator("#headline")).to_be_visible()
    return str(page.locator("#article").get_attribute("data-id"))


def moved_on(page: Page, article: str) -> None:
    """Wait until the page shows another article, or that there is none."""
    expect(page.locator(f".end, #article:not([data-id='{article}']) #result")).to_be_visible()


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def choose(page: Page) -> None:
    """Take the first tag that a field offers."""
    option = page.locator("[role=listbox]:visible [role=option]:not([aria-disabled])").first
    expect(option).to_be_visible()
    page.keyboard.press("Enter")


def saved(page: Page) -> None:
    """Wait until nothing is on its way to the server."""
    expect(page.locator("#saved[aria-busy=false]")).to_have_text("Saved")


def card(page: Page, tag: str) -> Any:
    return page.locator(f"#card-{tag}")
