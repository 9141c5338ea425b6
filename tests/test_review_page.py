"""The review page in a real Chromium against the real server: deciding by keyboard, on a bad network, side by side, blind."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from classifier.domain.articles import Article
from classifier.domain.decisions import REASONS
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.model.retagging import retagged
from classifier.reports.kept import keep_desk_report
from classifier.serving.registry import Registry, Serving
from classifier.serving.tagger import NO_SHARES, DecisionBatch, Tagger
from classifier.store import Draft, Shares, open_store
from classifier.training.fitting import Fitted
from tests.browser import CHROMIUM, chromium, serving
from tests.postgres import database
from tests.test_page import serious

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("TAGGER_TEST_NEEDS") != "chromium",
        reason="BROWSER TESTS NOT RUN: no Chromium found (install `chromium`)",
    ),
]

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
        return list(self.tagger.store.examples(starter_until=0))


@pytest.fixture(scope="module")
def models(fitted: Fitted, taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The desk's model, in whose taxonomy the Haqqani Network was retired for a tag that was retired for the Taliban."""
    tags = [
        replace(tag, status="retired", replaced_by="taliban-network") if tag.id == "haqqani-network" else tag
        for tag in taxonomy.tags
    ]
    tags.append(Tag("taliban-network", "Miran Shah Shura", "group", status="retired", replaced_by="taliban"))
    folder = tmp_path_factory.mktemp("review-models")
    registry = Registry(folder)
    registry.promote(registry.save(retagged(fitted.model, replace(taxonomy, tags=tuple(tags)))), "tests", "one retired")
    return folder


@contextmanager
def open_desk(models: Path, folder: Path, shares: Shares = NO_SHARES, **environment: str) -> Iterator[Desk]:
    url = database(folder)
    store = open_store(url)
    desk = Desk("", Tagger(Serving(Registry(models)), store, shares))
    desk.put("first")  # a database with an article gets no starter articles
    with serving(models, url, environment) as address:
        yield replace(desk, address=address)
    store.close()


SHARES = {"blind": Shares(blind=1.0), "second": Shares(second=1.0)}
ENVIRONMENTS = {"blind": {"TAGGER_BLIND_SHARE": "1"}, "second": {"TAGGER_SECOND_SHARE": "1"}}
Opened = Callable[[str], Desk]


@pytest.fixture(scope="module")
def opened(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Services that differ in their settings, each started when it is first wanted; only `keyed` ever has keys."""
    with ExitStack() as running:

        @cache
        def open_named(name: str) -> Desk:
            folder = tmp_path_factory.mktemp(name)
            desk = open_desk(models, folder, SHARES.get(name, NO_SHARES), **ENVIRONMENTS.get(name, {}))
            return running.enter_context(desk)

        yield open_named


def emptied(desk: Desk) -> Desk:
    for one in list(desk.tagger.store.all_articles()):
        desk.tagger.delete_article(one.article.id)
    return desk


@pytest.fixture
def desk(opened: Opened) -> Desk:
    return emptied(opened("plain"))


@pytest.fixture
def blind_desk(opened: Opened) -> Desk:
    return emptied(opened("blind"))


@pytest.fixture
def second_desk(opened: Opened) -> Desk:
    return emptied(opened("second"))


@pytest.fixture
def keyed_desk(opened: Opened) -> Desk:
    return emptied(opened("keyed"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def sit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open the review page as an editor in a browser of its own; nothing may have been complained of in the end."""
    contexts, complaints = [], []

    def sit(desk: Desk, editor: str = "ana", path: str = "/review", refusals: bool = False, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        watch(page, complaints, "Failed to load resource" if refusals else None)
        name_oneself(page, desk, editor, path)
        return page

    yield sit
    for context in contexts:
        context.unroute_all(behavior="ignoreErrors")  # the page may be asking something just now
        context.close()
    assert complaints == []


def name_oneself(page: Page, desk: Desk, editor: str, path: str = "/review") -> None:
    page.goto(f"{desk.address}/sign-in?next={path}")
    page.get_by_label("Your name").fill(editor)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_be_visible()  # the address alone does not tell: the form's ends in the path, too


def watch(page: Page, complaints: list[str], expected: str | None) -> None:
    """Collect what a page complains of, violations of its policy too."""
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    fine = ["Autofocus processing was blocked"]  # a test types before the browser came to it, as quick people do
    if expected:
        fine.append(expected)
    page.on("console", lambda said: None if any(part in said.text for part in fine) else complaints.append(said.text))


def cards(page: Page) -> list[str]:
    """The tags of the article that is shown, in their order; those only mentioned come last."""
    expect(page.locator("#headline")).to_be_visible()
    return [str(card.get_attribute("data-tag")) for card in page.locator(".card[data-tag]").all()]


def mentioned(page: Page) -> set[str]:
    return {str(card.get_attribute("data-tag")) for card in page.locator(".small-cards .card").all()}


def shown_id(page: Page) -> str:
    expect(page.locator("#headline")).to_be_visible()
    return str(page.locator("#article").get_attribute("data-id"))


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


# --- by keyboard ----------------------------------------------------------------------------------------------------


def test_twenty_articles_are_decided_by_keyboard_and_logged_as_decided(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(20):
        desk.put(f"a{n:02}", n % 4)
    page = sit(desk)
    decided: list[tuple[str, str | None, str, str]] = []
    for n in range(20):
        first, second, third, *_ = tags = cards(page)
        article = shown_id(page)
        expect(card(page, first)).to_be_focused()
        press(page, "a", "x", str(n % 5 + 1), " ")
        decided += [
            (article, first, "accept", "ana"),
            (article, second, "reject", "ana"),
            (article, third, "unsure", "ana"),
        ]
        press(page, "+")
        page.keyboard.type("khorasan" if "iskp" not in tags else "pakistani tal")
        choose(page)
        press(page, "Escape", "Enter")
        decided += [
            (article, "iskp" if "iskp" not in tags else "ttp", "add", "ana"),
            (article, None, "complete", "ana"),
        ]
        expect(page.locator("#list .closed")).to_have_count(n + 1)
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    saved(page)
    assert desk.log() == decided
    assert [row.reason for row in desk.tagger.store.log.all() if row.action == "reject"] == list(REASONS) * 4


def test_enter_after_a_tag_was_added_is_done_and_next(desk: Desk, sit: Callable[..., Page]) -> None:
    for name in ("a", "b"):
        desk.put(name, 0)
    page = sit(desk)
    article = shown_id(page)
    press(page, "+")
    for text in ("hamas", "financ"):  # the field stays open for another tag
        page.keyboard.type(text)
        choose(page)
    press(page, "Enter")
    expect(page.locator("#list .closed")).to_have_count(1)
    expect(page.locator("#article")).not_to_have_attribute("data-id", article)
    saved(page)
    added = [(article, tag, "add", "ana") for tag in ("hamas", "financing")]
    assert desk.log() == [*added, (article, None, "complete", "ana")]


def test_enter_that_is_held_down_adds_a_tag_and_does_not_close_the_article(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    desk.put("a", 0)
    page = sit(desk)
    cards(page)
    press(page, "+")
    page.keyboard.type("hamas")
    expect(page.locator("#add-list [role=option]").first).to_be_visible()
    for _ in range(3):  # the browser marks all but the first as repeated
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    saved(page)
    assert desk.log() == [("a", "hamas", "add", "ana")]


def test_arrows_and_j_k_go_from_tag_to_tag(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    first, second, third, *_ = cards(page)
    for key, tag in (("j", second), ("ArrowDown", third), ("k", second), ("ArrowUp", first), ("k", first)):
        press(page, key)
        expect(card(page, tag)).to_be_focused()


def test_mention_is_not_pre_ticked_and_accepting_it_adds_the_tag(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    cards(page)
    assert mentioned(page) == {"hamas"}
    assert page.locator("[data-do=accept][aria-pressed=true]").count() == 0
    name = page.locator("article.text mark.named")
    expect(name).to_have_text(["Hamas"])
    expect(name).to_have_css(
        "background-color", "rgba(0, 0, 0, 0)"
    )  # what is only mentioned is marked when it is asked for
    card(page, "hamas").focus()
    expect(page.locator("article.text mark.on")).to_have_text(["Hamas"])
    expect(name).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
    expect(page.locator("#legend")).to_have_text("marked is what names Hamas")
    press(page, "a")
    expect(page.locator("#on")).to_contain_text("Hamas")
    saved(page)
    assert desk.log() == [("a", "hamas", "add", "ana")]


def test_text_is_read_on_by_keyboard_while_the_tag_stays(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", body="\n\n".join([STORIES[0][1]] * 40))
    page = sit(desk)
    first = cards(page)[0]
    press(page, "PageDown")
    expect(card(page, first)).to_be_focused()
    assert page.evaluate("scrollY") > 300
    press(page, "PageUp")
    assert page.evaluate("scrollY") == 0


def test_back_of_the_browser_leads_through_the_articles(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = sit(desk)
    one = shown_id(page)
    press(page, "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    page.wait_for_timeout(600)  # sooner it would count as a double press
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    assert page.url == f"{desk.address}/review"
    assert page.title() == "Review · Article tagger"
    page.go_back()
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    expect(page.locator("#notices")).to_contain_text("Closed by you")


def test_enter_pressed_twice_closes_one_article_and_says_what_counts_as_no(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = sit(desk)
    one, n = shown_id(page), len(cards(page))
    page.wait_for_load_state("networkidle")  # the next article is there already
    press(page, "Enter", "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    expect(page.locator("#said")).to_contain_text(f"{n} unanswered suggestions count as no")
    saved(page)
    assert [(article, action) for article, _, action, _ in desk.log()] == [(one, "complete")]
    page.wait_for_timeout(600)
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")


def test_a_page_whose_session_ended_elsewhere_decides_nothing(desk: Desk, sit: Callable[..., Page]) -> None:
    """Also before the first key, when anybody may decide: not under another name."""
    desk.put("a")
    page = sit(desk, refusals=True)
    first, *_ = cards(page)
    expect(card(page, first)).to_be_focused()
    page.context.clear_cookies()
    press(page, "a")
    expect(page.locator("#trouble")).to_contain_text("session is over")
    assert desk.log() == []


def test_help_lists_the_keys_and_none_acts_behind_it(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    first = cards(page)[0]
    press(page, "?")
    expect(page.locator("#help")).to_be_visible()
    keys = " ".join(page.locator("#help kbd").all_inner_texts())
    assert set("jkaxzwnp+?12345") | {"space", "↵", "Esc", "↓", "↑"} <= set(keys.split())
    press(page, "a", "Escape")
    expect(page.locator("#help")).to_be_hidden()
    expect(card(page, first)).to_be_focused()
    saved(page)
    assert desk.log() == []


def test_keys_do_nothing_while_a_field_is_typed_in(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    cards(page)
    press(page, "+")
    page.keyboard.type("axz n")
    expect(page.locator("#add")).to_have_value("axz n")
    saved(page)
    assert desk.log() == []


# --- undo -----------------------------------------------------------------------------------------------------------


def test_three_undos_in_a_row_go_back_across_articles(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 0, tags=("pakistan",))
    desk.put("b", 2, tags=("somalia",))
    before = desk.known()
    page = sit(desk)
    one, first = shown_id(page), cards(page)[0]
    press(page, "a", "Enter")
    expect(page.locator("#article")).not_to_have_attribute("data-id", one)
    other, second = shown_id(page), cards(page)[0]
    press(page, "a", "z")
    expect(card(page, second)).to_have_attribute("data-state", "")
    press(page, "z")
    expect(page.locator("#article")).to_have_attribute("data-id", one)
    press(page, "z")
    expect(card(page, first)).to_have_attribute("data-state", "")
    expect(page.locator("#undo")).to_be_disabled()
    expect(page.locator("#list .closed")).to_have_count(0)
    saved(page)
    given = [(one, first, "accept", "ana"), (one, None, "complete", "ana"), (other, second, "accept", "ana")]
    assert desk.log() == given + [(article, tag, "undo", "ana") for article, tag, *_ in reversed(given)]
    assert desk.known() == before
    assert {row.state for row in desk.tagger.store.all_articles()} == {"new"}


def test_undo_after_the_last_article_opens_it_again(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    tags = cards(page)
    press(page, "Enter")
    expect(page.locator("#headline")).to_have_text("Nothing is left to decide")
    press(page, "z")
    expect(card(page, tags[0])).to_be_focused()
    saved(page)
    assert [action for _, _, action, _ in desk.log()] == ["complete", "undo"]


# --- the network ----------------------------------------------------------------------------------------------------


def test_cut_network_loses_nothing_and_all_arrives_once(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    first, second, *_ = cards(page)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    press(page, "a", "x", "1", "+")
    page.keyboard.type("Soma")
    expect(page.locator("#saved")).to_have_text("Not saved yet: 2 decisions wait for the network")
    expect(page.locator("#add")).to_have_value("Soma")
    choose(page)
    expect(page.locator("#on")).to_contain_text("Somalia")
    expect(page.locator("#saved")).to_contain_text("3 decisions wait")
    assert desk.log() == []
    page.context.set_offline(False)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana"), ("a", "somalia", "add", "ana")]


def test_undo_of_what_has_not_arrived_arrives_after_it(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    first = cards(page)[0]
    page.context.set_offline(True)
    press(page, "a", "z")
    expect(card(page, first)).to_have_attribute("data-state", "")
    page.context.set_offline(False)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", first, "undo", "ana")]


def test_reload_keeps_what_was_decided_and_typed(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    page.on("dialog", lambda dialog: dialog.accept())
    first, second, *_ = cards(page)
    page.context.route(DECISIONS, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    press(page, "a", "x", "3", "+")
    page.keyboard.type("Niger")
    expect(page.locator("#saved")).to_contain_text("2 decisions wait")
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    expect(card(page, second)).to_have_attribute("data-state", "reject")
    expect(page.locator("#add")).to_have_value("Niger")
    assert desk.log() == []
    page.context.unroute(DECISIONS)
    saved(page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana")]


def test_decision_whose_answer_is_lost_is_logged_once(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    first, second, *_ = cards(page)
    lost: list[str] = []

    def lose(route: Route) -> None:
        answer = route.fetch()
        if answer.status == 201 and not lost:
            lost.append(answer.text())
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(DECISIONS, lose)
    press(page, "a", "a")
    expect(page.locator("#saved")).to_contain_text("decisions wait for the network")
    saved(page)
    assert len(lost) == 1
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "accept", "ana")]


def test_next_articles_are_there_without_the_network(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(3):
        desk.put(f"a{n}", n)
    page = sit(desk, refusals=True)
    page.wait_for_load_state("networkidle")
    seen = [shown_id(page)]
    page.context.set_offline(True)
    for _ in range(2):
        press(page, "n")
        expect(page.locator("#article")).not_to_have_attribute("data-id", seen[-1])
        assert cards(page)
        seen.append(shown_id(page))
    assert sorted(seen) == ["a0", "a1", "a2"]


def test_article_that_cannot_be_loaded_comes_when_the_network_does(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(5):
        desk.put(f"a{n}", n % 4)
    page = sit(desk, refusals=True)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("#list a").last.click()
    expect(page.get_by_role("alert")).to_contain_text("This article cannot be shown.")
    press(page, "p")
    page.context.set_offline(False)
    page.locator("#list a").first.click()
    assert cards(page)


# --- two editors ----------------------------------------------------------------------------------------------------


def test_two_editors_on_one_article_lose_nothing_and_hear_of_each_other(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    ana, ben = sit(desk, "ana"), sit(desk, "ben")
    ana.clock.install()
    ana.reload()
    first, second, *_ = cards(ana)
    assert cards(ben)[:2] == [first, second]
    press(ana, "a")
    press(ben, "x", "1", "a")
    saved(ana)
    saved(ben)
    expect(ben.locator("#notices .news")).to_contain_text("ana decided here too")
    ana.clock.fast_forward("00:11")
    expect(ana.locator("#notices .news")).to_contain_text("ben decided here too")
    assert set(desk.log()) == {
        ("a", first, "accept", "ana"),
        ("a", first, "reject", "ben"),
        ("a", second, "accept", "ben"),
    }
    assert len(desk.log()) == 3
    stands = next(row for row in reversed(desk.log()) if row[1] == first)
    for page, editor in ((ana, "ana"), (ben, "ben")):
        who = "you" if stands[3] == editor else stands[3]
        says = f"{'Accepted' if stands[2] == 'accept' else 'Rejected'} by {who}"
        expect(card(page, first).locator(".decided")).to_contain_text(re.compile(f"^{says}"))
    other = ana if stands[3] == "ben" else ben  # whoever was there first still sees what they said
    expect(card(other, first).locator(".decided")).to_contain_text("by you")


def test_decision_of_ones_own_elsewhere_is_shown_without_news(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    first = cards(page)[0]
    desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ana")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    assert page.locator(".news").count() == 0


def test_what_stands_is_the_servers_word_and_an_older_answer_does_not_replace_it(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    desk.put("a")
    page = sit(desk)
    first = cards(page)[0]
    older = page.request.get(f"{desk.address}/v1/articles/a/decisions").json()
    done = desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ana")
    page.route(DECISIONS, lambda route: route.fulfill(json=older), times=1)
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    desk.tagger.decide("a", DecisionBatch([Draft("undo", undoes=done["decisions"][0]["id"])]), "ana")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#on")).to_have_text("No tag yet.")


def test_decision_on_a_text_that_changed_is_shown_no_more_and_undo_shows_what_stood_before(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    first = cards(page)[0]
    press(page, "x", "1")
    saved(page)
    desk.put("a", body=" ".join(reversed(STORIES[0][1].split())))
    page.goto(f"{desk.address}/review/a")
    expect(card(page, first)).to_have_attribute("data-state", "")
    desk.put("a")
    desk.tagger.decide("a", DecisionBatch([Draft("accept", first)]), "ben")
    page.reload()
    expect(card(page, first)).to_have_attribute("data-state", "accept")
    page.route(DECISIONS, lambda route: route.abort())  # no answer comes: what is seen is the outbox over what was said
    card(page, first).focus()
    press(page, "x", "2")
    expect(card(page, first).locator(".decided")).to_contain_text("Rejected by you")
    press(page, "z")
    expect(card(page, first).locator(".decided")).to_contain_text("Accepted by ben")
    expect(page.locator("#on")).to_contain_text("by ben")


def test_decisions_are_never_logged_under_who_signed_in_later(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, "ana", refusals=True)
    first, *_ = cards(page)
    other = page.context.new_page()
    name_oneself(other, desk, "ben")
    cards(other)
    page.bring_to_front()
    press(page, "a")
    expect(page.locator("#trouble")).to_contain_text("ben is signed in in this browser now")
    page.evaluate("dispatchEvent(new Event('online'))")  # tries again
    expect(page.locator("#trouble")).to_contain_text("ben is signed in in this browser now")
    page.wait_for_load_state("networkidle")
    assert desk.log() == []
    name_oneself(other, desk, "ana", "/review/a")
    expect(card(other, first)).to_have_attribute("data-state", "accept")
    saved(other)
    assert desk.log() == [("a", first, "accept", "ana")]


def test_second_editor_sees_nothing_of_the_first_and_a_difference_is_settled(
    second_desk: Desk, sit: Callable[..., Page]
) -> None:
    second_desk.put("a")
    ana = sit(second_desk, "ana")
    first, second, *_ = cards(ana)
    press(ana, "a", "x", "1", "Enter")
    expect(ana.locator("#headline")).to_have_text("Nothing is left to decide")
    saved(ana)
    ben = sit(second_desk, "ben")
    assert cards(ben)[:2] == [first, second]
    expect(ben.locator("#article")).not_to_contain_text("ana")
    expect(ben.locator("#on")).to_contain_text("No tag yet.")
    expect(ben.locator(f"#card-{first} .decided")).to_be_hidden()
    press(ben, "x", "2", "a", "Enter")
    saved(ben)
    ben.goto(f"{second_desk.address}/review/disagreements")
    rows = ben.locator("table.rows", has_text="Who said what").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="passing mention")).to_contain_text("ana: yes (accept)")
    rows.filter(has_text="passing mention").get_by_role("link").click()
    expect(ben.locator("#notices")).to_contain_text("Closed by ana, you")
    card(ben, first).focus()
    press(ben, "a")
    saved(ben)
    ben.goto(f"{second_desk.address}/review/disagreements")
    expect(rows).to_have_count(2)
    expect(ben.get_by_role("heading", name="To settle")).to_have_text("To settle 1")


# --- questions on removals -------------------------------------------------------------------------------------------


def test_question_on_removals_is_asked_answered_and_taken_back(desk: Desk, sit: Callable[..., Page]) -> None:
    for tags in (("iskp",), ()):
        for number in range(12):
            desk.put(f"a{number:02}", tags=tags)
    page = sit(desk, "ana", "/review/a00")
    notice = page.locator("#questions .notice")
    expect(notice).to_contain_text("off 12 articles at once")
    expect(notice.get_by_role("link")).to_have_count(5)
    expect(notice).to_contain_text("and 7 more")
    expect(card(page, "iskp").locator(".decided")).to_contain_text("In question")
    assert serious(page) == []
    notice.get_by_role("button", name="Its term was renamed, merged or deleted").click()
    expect(notice).to_contain_text("You said of “")
    expect(notice.get_by_role("button", name="Undo")).to_be_focused()
    assert [article.tags for article in desk.known()] == [("iskp",)] * 12
    notice.get_by_role("button", name="Undo").click()
    expect(notice).to_contain_text("off 12 articles at once")
    notice.get_by_role("button", name="The articles no longer carry it").click()
    expect(notice).to_contain_text("these articles no longer carry it")
    assert [article.rejected for article in desk.known()] == [("iskp",)] * 12
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(card(page, "iskp").locator(".decided")).to_contain_text("Removed by you")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_have_count(0)


# --- blind ----------------------------------------------------------------------------------------------------------


def told(value: Any) -> bool:
    """Whether a JSON value has something that a model said."""
    if isinstance(value, dict):
        spoken = ["score", "band", "suggestions", "mentioned", "withheld", "evidence", "impressions", "margin", "pros"]
        spoken += ["tags"] if "control" in value else []  # a piece of the text, and what it speaks for
        return any((name in spoken and bool(one)) or told(one) for name, one in value.items())
    return isinstance(value, list) and any(told(one) for one in value)


def overhear(page: Page) -> list[tuple[str, str]]:
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


def test_blind_article_tells_nothing_before_it_is_done(blind_desk: Desk, sit: Callable[..., Page]) -> None:
    for name in ("a", "b"):
        blind_desk.put(name, 0)
    page = sit(blind_desk, refusals=True)
    heard = overhear(page)
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
    assert [url for url, body in objects if told(body)] == []
    assert {f"/review/articles/{article}", f"/v1/articles/{article}"} <= {
        url.partition(blind_desk.address)[2] for url, _ in objects
    }
    pages = [body for _, body in heard if body.lstrip().startswith("<!doctype html>")]
    assert len(pages) == 3
    assert not any("iskp" in body.lower().replace('data-tag="iskp"', "") for body in pages)
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.fallback()

    page.context.route(DECISIONS, hold)
    press(page, "Escape", "Enter")
    page.get_by_role("button", name="Show what would have been suggested").click()
    expect(page.locator("#said")).to_contain_text("It waits until")
    held[0].continue_()
    expect(page.locator("#article")).to_have_attribute("data-id", article)
    expect(page.locator(".card").first).to_be_visible()
    assert told(json.loads(next(body for url, body in reversed(heard) if url.endswith(f"/review/articles/{article}"))))
    saved(page)
    assert [row[2] for row in blind_desk.log()] == ["add", "complete"]


# --- everybody can use it, everywhere -------------------------------------------------------------------------------

MODES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "more contrast": {"contrast": "more"},
    "320px": {},
}
PAGES = {
    "/sign-in": "#name",
    "/review": "#headline",
    "/review/bulk?tag=taliban": "#b-title:not(:empty)",
    "/review/proposals": "h1",
    "/review/disagreements": "h1",
    "/report": "h1",
}


def visit(page: Page, desk: Desk, path: str) -> None:
    page.goto(desk.address + path)
    expect(page.locator(PAGES[path])).to_be_visible()


def decide_some(desk: Desk) -> None:
    """Let two editors close articles, differ, and propose a tag."""
    for n in range(4):
        desk.put(f"a{n}", n % 2)
    for editor in ("ana", "ben"):
        for n in range(2):
            action = "accept" if editor == "ana" or n else "reject"
            answer = desk.tagger.store.suggestion_set(f"a{n}")
            assert answer is not None
            desk.tagger.decide(f"a{n}", _answer(action, answer[0]), editor)
    desk.tagger.store.proposals.add("Jaish al-Adl", "Baluch, in Iran", "a0", "ana")
    keep_desk_report(desk.tagger.store, desk.tagger.serving.model().taxonomy)


@pytest.mark.parametrize("mode", MODES)
def test_pages_have_no_serious_barrier(second_desk: Desk, sit: Callable[..., Page], mode: str) -> None:
    decide_some(second_desk)
    page = sit(second_desk, "eve")
    page.emulate_media(**MODES[mode])
    page.set_viewport_size({"width": 320 if mode == "320px" else 1280, "height": 900})
    found: dict[str, Any] = {}
    for path in PAGES:
        visit(page, second_desk, path)
        found[path] = serious(page)
        found[f"{path} too wide"] = [page.evaluate("document.documentElement.scrollWidth - innerWidth")]
    page.goto(f"{second_desk.address}/review/a2")
    card(page, cards(page)[0]).focus()
    press(page, "w")
    expect(page.locator(".sum").first).to_be_visible()
    press(page, "x", "+")
    page.keyboard.type("haq")
    expect(page.locator("#add-list [role=option]").first).to_contain_text("Haqqani")
    expect(page.locator(".because-group")).to_be_visible()
    found["why, reasons and tags to add"] = serious(page)
    press(page, "Escape", "Escape", "?")
    expect(page.locator("#help")).to_be_visible()
    found["help"] = serious(page)
    assert {name: what for name, what in found.items() if what not in ([], [0])} == {}


def _answer(action: str, set_id: str) -> DecisionBatch:
    return DecisionBatch([Draft(action, "iskp"), Draft("accept", "taliban")], complete=True, suggestion_set_id=set_id)


# --- hostile --------------------------------------------------------------------------------------------------------

OWN = "window.owned=1"
EVIL = f'<img src=x onerror="{OWN}">\u202egnp.exe'
HOSTILE = {
    "title": f"<script>{OWN}</script> ISKP and Taliban {EVIL}",
    "body": f'<p>ISKP <script>{OWN}</script> in Kabul \u202egnp.exe <a href="javascript:{OWN}">Taliban</a> fought the Taliban</p>'
    f'<p onclick="{OWN}">&lt;script&gt;{OWN}&lt;/script&gt; &rlm;ISKP in Afghanistan</p>',
    "body_format": "html",
    "url": f"javascript:{OWN}",
}


def harmless(page: Page) -> bool:
    """Whether nothing of the hostile article or editor became an element or ran."""
    made = page.locator("body :is(img, script, iframe, [onerror], [onclick], [href^=javascript])").count()
    return made == 0 and page.evaluate("window.owned === undefined")


def test_hostile_article_and_editor_run_nothing(second_desk: Desk, sit: Callable[..., Page]) -> None:
    for name in ("a", "b"):
        second_desk.tagger.put_article(Article(name, **HOSTILE))
    page = sit(second_desk, EVIL)
    article, first = shown_id(page), cards(page)[0]
    assert page.locator("#headline .control").all_inner_texts() == ["RLO"]
    assert page.locator("article.text .control").all_inner_texts() == ["RLO", "RLM"]
    page.locator("article.text p").last.click()
    card(page, first).focus()
    press(page, "a", "+")
    page.keyboard.insert_text(EVIL)
    choose(page)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#propose")).to_be_hidden()
    assert harmless(page)
    press(page, "Enter")
    saved(page)
    second_desk.tagger.decide(article, DecisionBatch([Draft("reject", first)], complete=True), "ben")
    keep_desk_report(second_desk.tagger.store, second_desk.tagger.serving.model().taxonomy)
    for path in PAGES:
        visit(page, second_desk, path)
        assert harmless(page), path
    expect(page.locator("#disagreements")).to_contain_text("[RLO]gnp.exe")
    visit(page, second_desk, "/review/bulk?tag=taliban")
    expect(page.locator("#b-rows .control").first).to_have_text("RLO")
    for path, where in (
        ("/review/proposals", "h2"),
        ("/review/proposals", "a"),
        ("/review/disagreements", "td"),
        ("/review", ".who"),
    ):
        visit(page, second_desk, path)
        expect(page.locator(f"{where} .control").first).to_have_text("RLO")


def test_violation_of_the_policy_would_be_heard(desk: Desk, browser: Browser) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    watch(page, complaints, None)
    page.goto(f"{desk.address}/sign-in")
    with page.expect_console_message(lambda said: said.text.startswith("policy")):
        page.evaluate("(html) => { document.querySelector('main').innerHTML = html; }", EVIL)
    assert "policy script-src-attr" in complaints
    assert page.evaluate("window.owned === undefined")
    page.close()


# --- one tag over many articles -------------------------------------------------------------------------------------


def test_one_tag_is_decided_over_a_list_and_taken_back(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(6):
        desk.put(f"a{n}", n % 2, published_at=f"2024-06-{n + 1:02}")
    page = sit(desk, path="/review/bulk")
    page.get_by_label("From").fill("2024-06-02")
    page.get_by_label("Tag", exact=True).fill("taleban")
    choose(page)
    rows = page.locator("#b-rows tr")
    expect(rows).to_have_count(5)
    order = [str(tick.get_attribute("id")).removeprefix("tick-") for tick in page.locator("#b-rows input").all()]
    scores = [int(text.rstrip("%+")) for text in page.locator("#b-rows .score").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    expect(page.get_by_role("button", name="Accept 0")).to_be_disabled()  # nothing is ticked but what somebody ticks
    rows.nth(0).get_by_role("checkbox").check()
    expect(page.get_by_role("button", name="Accept 1")).to_be_enabled()
    page.get_by_label("Score in percent").fill("90")
    assert page.locator("#b-rows input:checked").count() == sum(score >= 90 for score in scores) == 3
    page.get_by_role("button", name="Accept 3").click()
    expect(page.locator("#b-status")).to_have_text("3 articles accepted.")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("because").select_option("passing_mention")
    page.get_by_role("button", name="Reject 2").click()
    expect(page.locator("#b-status")).to_have_text("2 articles rejected.")
    accepted = [(article, "taliban", "accept", "ana") for article in order[:3]]
    rejected = [(article, "taliban", "reject", "ana") for article in order[3:]]
    assert desk.log() == accepted + rejected
    assert {row.reason for row in desk.tagger.store.log.all()} == {None, "passing_mention"}
    page.reload()  # and by then nobody waits for an answer any more
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.locator("#b-rows .said")).to_have_text(["accepted"] * 3 + ["rejected"] * 2)
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("#b-status")).to_have_text("5 articles taken back.")
    assert desk.log()[5:] == [(article, "taliban", "undo", "ana") for article in reversed(order)]
    assert desk.known() == []
    page.reload()
    expect(page.locator("#b-title")).to_contain_text("5 articles")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()


def test_bulk_that_fails_half_way_is_tried_again_and_logged_once(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(3):
        desk.put(f"a{n}", n % 2)
    page = sit(desk, path="/review/bulk", refusals=True)
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(3)
    n_sent: list[int] = []

    def lose(route: Route) -> None:
        answer = route.fetch()
        n_sent.append(answer.status)
        if len(n_sent) == 2:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route(DECISIONS, lose)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Accept 3").click()
    expect(page.locator("#b-status")).to_have_text("2 articles accepted. 1 failed, see the list.")
    page.get_by_role("button", name="Try the failed ones again").click()
    expect(page.locator("#b-status")).to_have_text("1 article accepted.")
    assert n_sent == [201] * 4
    assert sorted(article for article, *_ in desk.log()) == ["a0", "a1", "a2"]


def test_bulk_list_goes_when_another_tag_is_typed_and_comes_when_one_is_chosen(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    for n in range(2):
        desk.put(f"a{n}", n)
    page = sit(desk, path="/review/bulk")
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(2)
    page.get_by_role("button", name="All", exact=True).click()
    page.locator("#b-tag").fill("no such tag")
    expect(page.locator("#b-result")).to_be_hidden()
    page.get_by_role("button", name="List").click()
    expect(page.locator("#b-trouble")).to_have_text("Choose a tag from the list.")
    expect(page.locator("#b-result")).to_be_hidden()
    page.locator("#b-tag").fill("taleban")
    choose(page)
    expect(page.locator("#b-rows tr")).to_have_count(2)
    expect(page.locator("#b-rows input:checked")).to_have_count(0)
    assert desk.log() == []


def test_bulk_list_decides_for_its_own_tag_and_forgets_what_others_took_back(
    desk: Desk, sit: Callable[..., Page]
) -> None:
    for n in range(2):
        desk.put(f"a{n}", n)
    page = sit(desk, path="/review/bulk", refusals=True)
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows tr")).to_have_count(2)
    page.route("**/review/bulk.json?tag=hamas*", lambda _: None)  # it does not come
    page.locator("#b-tag").fill("hamas")
    choose(page)
    expect(page.locator("#b-result")).to_be_hidden()  # nothing can be decided under the name of the other tag
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_role("button", name="Accept 2").click()
    expect(page.locator("#b-status")).to_have_text("2 articles accepted.")
    assert {tag for _, tag, _, _ in desk.log()} == {"taliban"}
    page.unroute("**/review/bulk.json?tag=hamas*")
    page.goto(f"{desk.address}/review/bulk?tag=hamas")
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()
    page.goto(f"{desk.address}/review/bulk?tag=taliban&until=2020-01-01")  # another list
    expect(page.locator("#b-title")).to_contain_text("no open article")
    expect(page.get_by_role("button", name="Undo all")).to_be_hidden()
    page.goto(f"{desk.address}/review/bulk?tag=taliban")
    expect(page.locator("#b-rows .said")).to_have_text(["accepted", "accepted"])
    first = next(row for row in desk.tagger.store.log.all() if row.article_id == "a0")
    desk.tagger.decide("a0", DecisionBatch([Draft("undo", undoes=first.id)], complete=True), "ana")
    page.get_by_role("button", name="Undo all").click()
    expect(page.locator("#b-status")).to_have_text("1 article taken back. 1 failed, see the list.")
    expect(page.locator("#b-rows .failed")).to_contain_text("undone before")
    page.reload()
    expect(page.locator("#b-title")).to_contain_text("1 article")  # the other one is closed
    expect(page.locator("#b-rows tr")).to_have_count(1)


# --- keys and sessions ----------------------------------------------------------------------------------------------


@pytest.fixture
def keyed(keyed_desk: Desk) -> Iterator[tuple[Desk, str]]:
    """A desk with an editor's key."""
    yield keyed_desk, keyed_desk.tagger.store.keys.create("ana", "editor")
    keyed_desk.tagger.store.keys.revoke("ana")


@pytest.fixture
def keyed_page(keyed: tuple[Desk, str], browser: Browser) -> Iterator[Page]:
    """The page that signs in, where refusals are expected."""
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    watch(page, complaints, "Failed to load resource")
    page.goto(f"{keyed[0].address}/review/a")
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, name: str, key: str) -> None:
    page.get_by_label("Name of your key").fill(name)
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_only_the_right_name_and_key_sign_in_and_signing_out_ends_it(keyed: tuple[Desk, str], keyed_page: Page) -> None:
    desk, key = keyed
    desk.put("a")
    for name, wrong in (("ana", f"{key[:-1]}_"), ("ben", key), ("ana", "secret")):
        sign_in(keyed_page, name, wrong)
        expect(keyed_page.get_by_role("alert")).to_contain_text("No editor has this name and this key.")
    sign_in(keyed_page, "ana", key)
    keyed_page.wait_for_url("**/review/a")
    assert cards(keyed_page)
    cookies = keyed_page.context.cookies()
    assert [(one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, "Lax")]
    keyed_page.get_by_role("button", name="Sign out").click()
    keyed_page.wait_for_url("**/sign-in")
    keyed_page.context.add_cookies(cookies)  # the session is over on the server, not only forgotten by the browser
    keyed_page.goto(f"{desk.address}/review/a")
    expect(keyed_page.get_by_role("heading", level=1)).to_have_text("Sign in to review")


def test_wrong_token_is_refused(keyed: tuple[Desk, str], keyed_page: Page) -> None:
    desk, key = keyed
    desk.put("a")
    sign_in(keyed_page, "ana", key)
    tag = cards(keyed_page)[0]
    status = keyed_page.evaluate(
        """(tag) => fetch('/v1/articles/a/decisions', {method: 'POST', body: JSON.stringify({decisions: [{tag, action: 'accept'}]}),
        headers: {'Content-Type': 'application/json', 'X-CSRF-Token': 'wrong'}}).then((answer) => answer.status)""",
        tag,
    )
    assert status == 403
    assert desk.log() == []


def test_session_that_ended_meanwhile_is_renewed_without_losing_decisions(
    keyed: tuple[Desk, str], keyed_page: Page
) -> None:
    desk, key = keyed
    desk.put("a")
    sign_in(keyed_page, "ana", key)
    first, second, *_ = cards(keyed_page)
    ended = desk.tagger.store.sessions.of(session_cookie(keyed_page))
    assert ended is not None
    desk.tagger.store.sessions.end(ended)
    press(keyed_page, "a", "x", "1")
    expect(keyed_page.locator("#trouble")).to_contain_text("Your session is over.")
    expect(keyed_page.locator("#saved")).to_contain_text("2 decisions wait for you to sign in")
    keyed_page.get_by_role("link", name="Sign in as ana").click()
    sign_in(keyed_page, "ana", key)
    expect(card(keyed_page, first)).to_have_attribute("data-state", "accept")
    saved(keyed_page)
    assert desk.log() == [("a", first, "accept", "ana"), ("a", second, "reject", "ana")]


def session_cookie(page: Page) -> str:
    return next(one["value"] for one in page.context.cookies() if one["name"] == "tagger_session")


# --- finding tags ---------------------------------------------------------------------------------------------------


def test_alias_finds_its_tag_and_a_retired_tag_names_what_replaced_it(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 2)
    page = sit(desk)
    cards(page)
    options = page.locator("#add-list [role=option]")
    press(page, "+")
    page.keyboard.type("IS-K")
    expect(options.first).to_contain_text("Islamic State Khorasan Province")
    expect(options.first).to_contain_text("also IS-K")
    page.locator("#add").fill("haqqani net")
    expect(options.first).to_contain_text("retired: use Taliban")
    choose(page)
    expect(page.locator("#on")).to_contain_text("Taliban")
    saved(page)
    assert desk.log() == [("a", "taliban", "add", "ana")]


def test_field_says_that_the_tags_are_on_their_way_and_offers_them_then(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, path="/review/bulk")
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    page.route("**/v1/tags", hold)
    with page.expect_request("**/v1/tags"):
        page.reload()
    page.get_by_label("Tag", exact=True).fill("taleban")
    expect(page.locator("#b-tag-list")).to_have_text("The tags are loading …")
    press(page, "Enter")
    waiting[-1].continue_()  # the first may be of the page before, where that was slow
    expect(page.locator("#b-tag-list [role=option]").first).to_contain_text("Taliban")


def test_tag_that_does_not_exist_is_proposed(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk, refusals=True)
    cards(page)
    press(page, "+")
    page.keyboard.type("Jaish al-Adl")
    choose(page)
    expect(page.locator("#p-note")).to_be_focused()
    page.keyboard.type("Baluch, in Iran")
    page.context.set_offline(True)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#p-problem")).to_contain_text("nothing is lost")
    page.context.set_offline(False)
    page.get_by_role("button", name="Propose", exact=True).click()
    expect(page.locator("#said")).to_have_text("Proposed: Jaish al-Adl.")
    expect(page.locator("#add")).to_have_value("")
    page.goto(f"{desk.address}/review/proposals")
    proposal = page.locator(".proposals .card", has_text="Jaish al-Adl")
    expect(proposal).to_contain_text("Baluch, in Iran")
    expect(proposal).to_contain_text("missed on ISKP bombs Kabul mosque (a)")
    for button, state in (("Take", "taken"), ("Open", "open"), ("Decline", "declined"), ("Open", "open")):
        proposal.get_by_role("button", name=f"{button} Jaish").click()
        expect(proposal.locator(".badge")).to_have_text(state)


def test_why_and_why_not_are_told_on_demand(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    first = cards(page)[0]
    expect(page.locator(".sum")).to_have_count(0)
    press(page, "w")
    expect(card(page, first).locator(".reasons.pro li").first).to_be_visible()
    expect(card(page, first).locator(".sum")).to_contain_text("add up to")
    press(page, "w")
    expect(card(page, first).locator(".why-box")).to_be_hidden()
    page.get_by_label("Explain any tag").fill("Niger")
    choose(page)
    expect(page.locator("#why-not-result")).to_contain_text("not suggested: it is under its threshold")
    saved(page)
    assert desk.log() == []


def test_evidence_of_the_current_tag_is_marked(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a")
    page = sit(desk)
    cards(page)
    card(page, "taliban").focus()
    assert {text.lower() for text in page.locator("article.text mark.on").all_inner_texts()} >= {"taliban"}
    page.get_by_role("button", name="Show all").click()
    assert page.locator(".picking").count() == 0


# --- the queue ------------------------------------------------------------------------------------------------------


def listed(page: Page) -> list[str]:
    return [text.split("(")[-1].rstrip(")") for text in page.locator("#list a").all_inner_texts()]


def test_queue_is_filtered_and_ordered(desk: Desk, sit: Callable[..., Page]) -> None:
    for n in range(4):
        desk.put(f"a{n}", n, published_at=f"2024-06-{n + 1:02}")
    page = sit(desk)
    cards(page)
    teaching = listed(page)
    page.locator(".filters > summary").click()
    page.get_by_label("Order").select_option("newest")
    expect(page.locator("#list a").first).to_contain_text("(a3)")
    assert listed(page) == ["a3", "a2", "a1", "a0"]
    assert sorted(teaching) == ["a0", "a1", "a2", "a3"]
    page.get_by_label("From", exact=True).fill("2024-06-02")
    page.get_by_label("To", exact=True).fill("2024-06-03")
    expect(page.locator("#list a")).to_have_count(2)
    page.locator("#f-tag").fill("boko")
    choose(page)
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == ["a2"]
    page.reload()
    expect(page.locator("#list a")).to_have_count(1)
    expect(page.locator("#f-tag")).to_have_value("Boko Haram")


def test_list_that_filters_leave_empty_is_one_press_from_all(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 0)
    page = sit(desk)
    cards(page)
    page.goto(f"{desk.address}/review?since=2030-01-01&tag=boko-haram")
    expect(page.locator("#headline")).to_have_text("No article is left with these filters")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == ["a"]
    expect(page.locator("#f-tag")).to_have_value("")
    assert "?" not in page.url


def test_closed_articles_are_found_under_their_state(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 0)
    desk.put("b", 2)
    page = sit(desk)
    cards(page)
    closed = shown_id(page)
    press(page, "Enter")
    saved(page)
    page.goto(f"{desk.address}/review?state=closed")
    expect(page.locator("#list a")).to_have_count(1)
    assert listed(page) == [closed]


def test_article_whose_text_changed_waits_for_answers_again(desk: Desk, sit: Callable[..., Page]) -> None:
    desk.put("a", 0)
    page = sit(desk)
    tags = cards(page)
    assert "iskp" in tags
    card(page, "iskp").focus()
    press(page, "x", "1", "Enter")
    saved(page)
    desk.put("a", 1)
    page.goto(f"{desk.address}/review")
    expect(card(page, "iskp")).to_have_attribute("data-state", "")
    expect(page.locator("#notices")).not_to_contain_text("Closed by")
    press(page, "Enter")
    saved(page)
    assert [action for _, _, action, _ in desk.log()] == ["reject", "complete", "complete"]
