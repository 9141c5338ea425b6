"""The day of a taxonomist, once by keyboard at a desk and once by touch on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser import IN_BROWSER, close
from tests.review.desk import Desk, collect_complaints, open_own_desk, rises, saved, sign_in_as

pytestmark = IN_BROWSER
PHONE = {"width": 360, "height": 740}
ZAGROS = "Fighters of the Zagros Front attacked an outpost. The Zagros Front claimed the raid near Sarpol."


@dataclass(frozen=True)
class Hand:
    """A taxonomist at a page, who presses keys or touches."""

    page: Page
    desk: Desk
    touches: bool

    def press(self, target: Locator, key: str = "Enter") -> None:
        if self.touches:
            target.tap()
        else:
            target.press(key)
        self.check()

    def button(self, name: str, within: Locator | None = None) -> None:
        self.press((within or self.page).get_by_role("button", name=name))

    def link(self, name: str) -> None:
        self.press(self.page.get_by_role("link", name=name))

    def go(self, path: str) -> None:
        self.page.goto(self.desk.address + path)
        self.check()

    def check(self) -> None:
        """Nothing is wider than the telephone."""
        if self.touches:
            # It waits for the page that a form or a link may lead to just now.
            self.page.wait_for_function(f"document.documentElement.scrollWidth <= {PHONE['width']}")

    def done(self, said: str = "Done.") -> None:
        expect(self.page.get_by_role("status").first).to_contain_text(said)

    def collect(self, within: Locator) -> None:
        with self.page.expect_navigation():
            self.button("Add to the basket", within)

    def apply_basket(self, why: str) -> None:
        self.go("/tags/basket")
        self.page.get_by_label("Why").fill(why)
        self.button("Apply")
        self.done()

    def heir(self, tag: str) -> str | None:
        return self.desk.tagger.store.taxonomy.log().taxonomy().replacement_of(tag)

    def tags(self, article_id: str) -> tuple[str, ...]:
        return self.desk.tagger.store.log.read(article_id).standing().tags


@pytest.fixture
def own_desk(models: Path, tmp_path: Path) -> Iterator[Desk]:
    with open_own_desk(models, tmp_path) as desk:
        desk.put("z1", title="Raid near Sarpol", body=ZAGROS)
        desk.put("z2", title="The Zagros Front attacks again", body=ZAGROS)
        for number in range(2):
            desk.put(f"h{number}", story=0, tags=("hamas",))
        rises(desk, "Zagros Front", "z1")
        yield desk


@pytest.fixture(params=["keyboard", "touch"])
def hand(request: pytest.FixtureRequest, own_desk: Desk, browser: Browser) -> Iterator[Hand]:
    touches = request.param == "touch"
    context = browser.new_context(viewport=PHONE, has_touch=True) if touches else browser.new_context()
    page, complaints = context.new_page(), list[str]()
    collect_complaints(page, complaints, None)
    sign_in_as(page, own_desk, "ada", "/tags")
    yield Hand(page, own_desk, touches)
    close(context)
    assert complaints == []


def test_a_taxonomist_merges_splits_takes_what_was_missed_and_what_rises_and_reads_why(hand: Hand) -> None:
    missed = hand.desk.tagger.store.proposals.add("Jaish al-Adl", "Baluch", "z1", "ben")
    merge_and_undo(hand)
    split_and_decide(hand)
    take_a_proposal(hand, missed)
    make_a_rising_name_a_tag(hand)
    read_why(hand)


def merge_and_undo(hand: Hand) -> None:
    """Merge two tags, found by their names, and take it back."""
    page = hand.page
    page.get_by_label("Find a tag").fill("isis-k")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=isis-k*")  # the page of before has these fields, too
    hand.press(page.get_by_role("checkbox", name="Islamic State Khorasan Province"), "Space")
    page.get_by_label("Tag (for merge and put under)").fill("talib")
    expect(page.locator("#names-into option[value='Taliban']")).to_have_count(1)
    page.get_by_label("Tag (for merge and put under)").fill("Taliban")
    hand.collect(page.locator("#ticked"))
    expect(page.locator("#pages .n")).to_have_text(["1", "1"])  # one tag was missed, one change is in the basket
    hand.apply_basket("The desk writes of one group")
    assert hand.heir("iskp") == "taliban"
    hand.button("Undo")
    hand.done()
    assert hand.heir("iskp") == "iskp"


def split_and_decide(hand: Hand) -> None:
    """Split a tag, and decide on the articles that had it, one after the other, until none is left."""
    page = hand.page
    hand.go("/tags/hamas")
    hand.press(page.get_by_text("Split it"))
    page.get_by_label("Parts, one a line: new labels or tags").fill("Hamas in Gaza\nHamas abroad")
    hand.collect(page.locator("form:has(#parts)"))
    hand.apply_basket("Two desks")
    hand.link("See which articles wait")
    expect(page.locator("#waiting")).to_contain_text("2 articles wait for a decision")
    hand.link("Decide them one by one")
    expect(page.locator("#redeciding")).to_contain_text("Hamas in Gaza, Hamas abroad?")
    for part, left in (("hamas-in-gaza", 1), ("hamas-abroad", 0)):
        expect(page.locator("#left")).to_have_text(f"{left + 1} left ·")
        if hand.touches:
            hand.button("Tags")
        hand.press(page.locator(f".card [data-choose={part}]"))
        expect(page.locator("#left")).to_have_text(f"{left} left ·")
        saved(page)
        if hand.touches:
            hand.button("Tags")
        hand.button("Next")
    expect(page.locator("#headline")).to_have_text("No article is left with these filters")
    assert {"hamas-in-gaza", "hamas-abroad"} <= {tag for number in range(2) for tag in hand.tags(f"h{number}")}
    hand.go("/tags/hamas")
    expect(page.locator("#waiting")).to_contain_text("Nothing waits for a decision")


def take_a_proposal(hand: Hand, missed: str) -> None:
    """Make a tag that an editor missed, see it on the article that asked, and be offered the older articles."""
    page = hand.page
    hand.go("/tags/proposals")
    hand.button("Take Jaish al-Adl")
    taken = page.locator(f"#taken-{missed}")
    expect(taken).to_contain_text("the article has got it")
    assert hand.tags("z1") == ("jaish-al-adl",)
    hand.press(taken.get_by_role("link", name="Raid near Sarpol"))
    if hand.touches:
        hand.button("Tags")
    expect(page.locator("#on")).to_contain_text("Jaish al-Adl")
    hand.go("/tags/proposals")
    hand.link("tag older articles with it")
    expect(page.get_by_role("button", name="Look which would get it")).to_be_visible()


def make_a_rising_name_a_tag(hand: Hand) -> None:
    """Make a rising name a tag in one press: its articles have it. Take it back, and do it again."""
    hand.go("/tags/rising")
    hand.button("Make Zagros Front a tag")
    hand.done("2 articles that name it have the tag now")
    assert (hand.tags("z1"), hand.tags("z2")) == (("jaish-al-adl", "zagros-front"), ("zagros-front",))
    hand.button("Undo")
    hand.done()
    assert (hand.tags("z1"), hand.tags("z2")) == (("jaish-al-adl",), ())
    hand.button("Redo")
    hand.done()
    assert hand.tags("z2") == ("zagros-front",)


def read_why(hand: Hand) -> None:
    """Read on its history why an article has a tag."""
    page = hand.page
    hand.go("/articles/z2/history")
    hand.press(page.locator(".origins").get_by_role("link", name="Zagros Front"))
    expect(page.get_by_role("heading", name="What happened to Zagros Front")).to_be_visible()
    expect(page.locator(".history")).to_contain_text("ada added Zagros Front")
    expect(page.locator(".history")).to_contain_text("The article names the tag.")
