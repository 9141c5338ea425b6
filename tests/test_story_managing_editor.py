"""A managing editor without a terminal: from the first start to a backup, once by keyboard at a desk and once by touch on a telephone."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from classifier.domain.articles import Article
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from tests.archives import export_of
from tests.browser import IN_BROWSER, chromium, serving
from tests.conftest import ROOT
from tests.postgres import database
from tests.waiting import SECONDS

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
BUSY = 1000 * SECONDS  # milliseconds, against hanging only
N_ARTICLES = 240
PASSWORD = "a lantern behind the harbour"


@dataclass(frozen=True)
class Hand:
    """A managing editor at a page, who presses keys or touches."""

    page: Page
    touches: bool
    store: Store
    registry: Registry
    folder: Path

    def press(self, target: Locator, key: str = "Enter") -> None:
        if self.touches:
            target.tap()
        else:
            target.press(key)
        self.check()

    def button(self, name: str, within: Locator | None = None) -> None:
        self.press((within or self.page).get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> None:
        self.press(self.page.get_by_role("main").get_by_role("link", name=name, exact=True))

    def open(self, name: str) -> None:
        """Open a part of a page that is folded."""
        summary = self.page.get_by_role("main").locator("summary").filter(has_text=name).first
        if not summary.evaluate("summary => summary.parentElement.open"):
            self.press(summary)

    def go(self, path: str) -> None:
        self.page.goto(path)
        self.check()

    def check(self) -> None:
        """Nothing is wider than the telephone."""
        if self.touches:
            # It waits for the page that a form or a link may lead to just now.
            expect(self.page.locator("html")).to_have_js_property("scrollWidth", PHONE["width"])

    @property
    def champion(self) -> str:
        found = self.registry.champion()
        assert found is not None
        return found.version


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(params=["keyboard", "touch"])
def hand(request: pytest.FixtureRequest, browser: Browser, registry: Registry, tmp_path: Path) -> Iterator[Hand]:
    """The pages of a service as `make serve` starts it: a model, the starter articles, and no key."""
    touches = request.param == "touch"
    url = database(tmp_path)
    with serving(
        registry.folder, url, {"TAGGER_STARTER_UNTIL": "0"}
    ) as address:  # the desk's articles alone are learned
        size: dict[str, Any] = {"viewport": PHONE, "has_touch": True} if touches else {}
        context = browser.new_context(base_url=address, **size)
        store = open_store(url)
        yield Hand(context.new_page(), touches, store, registry, tmp_path)
        store.close()
        context.close()


def test_a_managing_editor_needs_a_browser_and_nothing_else(
    hand: Hand, browser: Browser, articles: list[Article]
) -> None:
    become_administrator(hand)
    bring_the_archive(hand, articles[:N_ARTICLES])
    correct_the_draft(hand)
    first = hand.champion
    train(hand)
    trained = hand.champion
    assert trained != first
    for name in ("ana", "ben"):
        invite(hand, browser, name)
    set_a_schedule(hand)
    compare(hand)
    move_a_threshold_and_undo_it(hand)
    roll_back(hand)
    assert hand.champion == first
    back_up(hand, trained)


def become_administrator(hand: Hand) -> None:
    """Sign in with a name, while nobody has a key, and close the service."""
    hand.go("/admin/people")
    hand.page.get_by_label("Your name").fill("mia")
    hand.button("Sign in", hand.page.get_by_role("main"))
    hand.page.get_by_label("Password").fill(PASSWORD)
    hand.button("Become the first administrator")
    expect(hand.page.get_by_text("The only administrator.")).to_be_visible()


def bring_the_archive(hand: Hand, archive: list[Article]) -> None:
    """Upload a WordPress export, and see what is in it."""
    file = hand.folder / "desk.WordPress.xml"
    file.write_bytes(export_of(archive))
    hand.go("/archive")
    hand.page.get_by_label("Files", exact=True).set_input_files(file)
    hand.button("Upload and read")
    go_on = hand.page.get_by_role("link", name="Go on: look at the tags")
    expect(go_on).to_be_visible(timeout=BUSY)
    expect(hand.page.locator("#n-articles")).to_have_text(str(len(archive)))
    hand.press(go_on)


def correct_the_draft(hand: Hand) -> None:
    """Merge two spellings, leave a name out, and take that back."""
    page = hand.page
    find(hand, "Leaders & commanders")
    hand.open("Merge or rename")
    page.get_by_label("Merge into").fill("Leadership")
    hand.button("Merge")
    expect(page.get_by_text("1 correction so far")).to_be_visible()
    find(hand, "News")
    expect(page.locator("#rows")).to_contain_text("left out")  # it is on every article
    find(hand, "policy")
    hand.press(page.locator("#rows").get_by_role("button", name="Leave out policy"))
    expect(page.get_by_text("2 corrections so far")).to_be_visible()
    hand.button("Undo the last correction")
    expect(page.get_by_text("1 correction so far")).to_be_visible()


def find(hand: Hand, name: str) -> None:
    search = hand.page.get_by_role("search")
    search.get_by_label("Show").select_option("all")
    search.get_by_label("Find a name").fill(name)
    hand.button("Show", search)
    expect(hand.page.locator(f"#rows [data-name='{name}']")).to_be_visible()


def train(hand: Hand) -> None:
    """Store the articles and train on them, and let the model serve, whatever the comparison advises."""
    page, before = hand.page, hand.champion
    hand.button("Store the articles and train")
    expect(page.get_by_role("heading", name="What it gets right")).to_be_visible(timeout=BUSY)
    if hand.champion == before:
        hand.button("Let it serve")
    expect(page.get_by_role("heading", name="What it would have cost by hand")).to_be_visible()
    expect(page.get_by_text("The new model does not serve yet.")).to_have_count(0)
    assert hand.store.count_articles()["archive"] == N_ARTICLES
    tags = {tag for stored in hand.store.exports.examples() for tag in stored.tags or ()}  # of what models learn from
    assert "leadership" in tags
    assert not {"leaders-commanders", "news", "isis"} & tags


def invite(hand: Hand, browser: Browser, name: str) -> None:
    """Make a link for an editor, who follows it in a browser of their own."""
    page = hand.page
    hand.go("/admin/people")
    page.get_by_label("Name of a person").fill(name)
    hand.button("Make a link")
    link = page.get_by_label("Link", exact=True).input_value()
    context = browser.new_context()
    own = context.new_page()
    own.goto(link)
    own.get_by_label("Password", exact=True).fill(f"{PASSWORD} of a friend")
    own.get_by_label("The same again").fill(f"{PASSWORD} of a friend")
    own.get_by_role("button", name="Join").click()
    expect(own).to_have_url(re.compile("/review$"))
    context.close()
    hand.go("/admin/people")
    expect(page.get_by_label(f"Role of {name}", exact=True)).to_have_value("editor")


def set_a_schedule(hand: Hand) -> None:
    hand.go("/models")
    hand.open("Set the schedule")
    hand.page.get_by_label("Every day").check()
    hand.page.get_by_label("Time of day").fill("03:15")
    hand.page.get_by_label("Time zone").select_option("Europe/Paris")
    hand.button("Save the schedule")
    expect(hand.page.get_by_text("Every day at 03:15")).to_be_visible()


def compare(hand: Hand) -> None:
    hand.go("/models/compare")
    expect(hand.page.get_by_text(re.compile(r"that appear: [\d,]+, that vanish: [\d,]+"))).to_be_visible(timeout=BUSY)
    hand.check()


def move_a_threshold_and_undo_it(hand: Hand) -> None:
    page = hand.page
    hand.go("/models/thresholds")
    page.get_by_label("Tag", exact=True).select_option("afghanistan")
    hand.button("Show")
    page.get_by_label("Percent").fill("95")
    hand.button("See what changes")
    expect(page.locator("#effect")).to_contain_text("At 95% it would appear on", timeout=BUSY)
    page.get_by_label("Why?").fill("too many passing mentions")
    hand.button("Suggest it from 95% on")
    expect(page.get_by_text("It is set.")).to_be_visible()
    hand.button("Take back the threshold of Afghanistan")
    expect(page.get_by_text("It is taken back.")).to_be_visible()
    expect(page.get_by_text("Nobody has set a threshold")).to_be_visible()


def roll_back(hand: Hand) -> None:
    hand.go("/models")
    hand.open("Bring back the version before")
    hand.page.get_by_label("What is wrong with this one?").fill("wrong tags on Mali")
    hand.button("Bring it back")
    expect(hand.page.get_by_text("wrong tags on Mali")).to_be_visible()


def back_up(hand: Hand, trained: str) -> None:
    """Make a backup and download it. It restores: people, articles and both models are there."""
    hand.go("/admin/health")
    hand.button("Back up now")
    download = hand.page.get_by_role("link", name=re.compile("Download the backup"))
    expect(download).to_be_visible(timeout=BUSY)
    with hand.page.expect_download() as waiting:
        hand.press(download)
    file = hand.folder / "downloaded.tar.gz"
    waiting.value.save_as(file)
    models, url = hand.folder / "restored", f"sqlite:///{hand.folder}/restored.db"
    command = ["restore", str(file), "--models", str(models), "--database", url]
    done = subprocess.run(
        [sys.executable, "-m", "classifier", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    restored, registry = open_store(url), Registry(models)
    assert [key.name for key in restored.keys.list()] == ["mia", "ana", "ben"]
    assert restored.count_articles() == hand.store.count_articles()
    found = registry.champion()
    assert found is not None
    assert found.version == hand.champion
    assert trained in {each.name for each in models.iterdir()}
    restored.close()
