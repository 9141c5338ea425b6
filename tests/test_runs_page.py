"""The page of runs and their reports over HTTP: who may see them, what they say, and that no request reaches a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from playwright.sync_api import Browser, Page, expect

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.run import as_page
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.runs import JOB, SKIPPED, Run
from classifier.store.store import Store
from classifier.web.guard.auth import COOKIE
from classifier.web.site import SECTIONS
from tests.browser import CHROMIUM, chromium, serious, serving
from tests.desk import N_LATER, Desk, database, flipped


def sign_in(client: FlaskClient, name: str = "ana", key: str = "") -> Any:
    return client.post("/sign-in", data={"name": name, "key": key, "next": "/runs"})


def past(store: Store, outcome: str, reason: str, **more: Any) -> Run:
    """Record a run that has come to its end."""
    run = store.runs.begin(JOB)
    store.runs.end(run, outcome, reason, **more)
    return store.runs.get(run.id)


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    """A client that is an editor."""
    sign_in(client)
    return client


# --- who may ---


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("editor", True), ("reader", False), ("cms", False)])
def test_only_editors_and_admins_see_runs(client: FlaskClient, store: Store, role: str, may: bool) -> None:
    run = past(store, "promoted", "The first: micro-F1 0.736.")
    key = store.keys.of(store.keys.create("ana", role))
    client.set_cookie(COOKIE, store.sessions.start("ana", key))  # signing in refuses the other roles before that
    for path in ("/runs", f"/runs/{run.id}"):
        response = client.get(path)
        assert response.status_code == (200 if may else 403)
        assert ("micro-F1 0.736" in response.text) is may


def test_a_revoked_key_sees_no_runs(client: FlaskClient, store: Store) -> None:
    run = past(store, "promoted", "The first: micro-F1 0.736.")
    sign_in(client, "ana", store.keys.create("ana", "editor"))
    assert client.get(f"/runs/{run.id}").status_code == 200
    store.keys.revoke("ana")
    for path in ("/runs", f"/runs/{run.id}"):
        assert client.get(path).headers["Location"] == f"/sign-in?next={path}"


def test_who_is_not_signed_in_does_not_learn_which_runs_exist(client: FlaskClient, store: Store) -> None:
    there, not_there = client.get(f"/runs/{past(store, 'failed', '…').id}"), client.get("/runs/0000000000000000")
    assert there.status_code == not_there.status_code == 303


# --- the list ---


def test_runs_are_listed_newest_first_with_their_reasons(signed_in: FlaskClient, store: Store) -> None:
    reasons = ["The first: micro-F1 0.736.", "Closed by total.", "Cannot write <models>."]
    runs = [past(store, *one) for one in zip(("promoted", "not promoted", "failed"), reasons, strict=True)]
    page = signed_in.get("/runs").text
    places = [page.index(f'href="/runs/{run.id}"') for run in runs]
    assert places == sorted(places, reverse=True)
    assert "Cannot write &lt;models&gt;." in page
    assert all(reason in page for reason in reasons[:2])


def test_runs_in_which_nothing_was_new_are_shown_when_asked_for(signed_in: FlaskClient, store: Store) -> None:
    quiet = [past(store, SKIPPED, "Nothing is new since 2024-06-06.") for _ in range(2)]
    page = signed_in.get("/runs").text
    assert not any(run.id in page for run in quiet)
    assert "Show also 2 in which nothing was new" in page
    every = signed_in.get("/runs?all=1").text
    assert all(run.id in every for run in quiet)
    assert "Show also" not in every


def test_what_serves_is_named_with_the_way_back(signed_in: FlaskClient, store: Store, registry: Registry) -> None:
    champion = registry.champion()
    assert champion is not None
    run = past(store, "promoted", "The first.", version=champion.version)
    page = signed_in.get("/runs").text
    assert f"<strong><bdi>{champion.version}</bdi></strong> serves since" in page
    assert "fitted for the tests" in page
    assert "previous version" not in page  # there is none before it
    assert page.index(run.id) < page.index(">serves</span>")
    second = registry.save(registry.load_champion())
    registry.promote(second, "ana", "a second opinion")
    page = signed_in.get("/runs").text
    assert f"<strong><bdi>{second}</bdi></strong> serves since" in page
    assert f"can bring back the previous version (<bdi>{champion.version}</bdi>) in seconds" in page
    registry.roll_back("ana", "it errs")
    assert "brought back by <bdi>ana</bdi>: <bdi>it errs</bdi>" in signed_in.get("/runs").text


def test_a_pointer_that_cannot_be_read_is_said_and_the_runs_are_there(
    signed_in: FlaskClient, store: Store, registry: Registry
) -> None:
    run = past(store, "promoted", "The first.")
    (registry.folder / "champion.json").write_text("{")
    response = signed_in.get("/runs")
    assert response.status_code == 200
    assert "cannot be read" in response.text
    assert run.id in response.text


def test_without_a_run_the_page_says_how_to_begin(signed_in: FlaskClient) -> None:
    page = signed_in.get("/runs").text
    assert "Nothing was learned yet" in page
    assert '<a class="button main" href="/review">' in page


def test_the_menu_leads_to_the_runs(signed_in: FlaskClient) -> None:
    (link,) = html.fromstring(signed_in.get("/report").text).xpath("//nav[@aria-label='Reports']/a[@href='/runs']")
    assert link.get("aria-current") is None
    (link,) = html.fromstring(signed_in.get("/runs").text).xpath("//nav[@aria-label='Reports']/a[@href='/runs']")
    assert link.get("aria-current") == "page"


# --- a report ---


@pytest.mark.parametrize(
    "name",
    [
        "0000000000000000",
        "..%2f..%2fchampion.json",
        "%2e%2e",
        "..\\..\\x",
        "x" * 5000,
        "a%00b",
        "%f0%9f%98%80",
        "' OR 1=1 --",
    ],
)
def test_a_run_that_is_not_there_is_not_looked_for_among_files(
    signed_in: FlaskClient, registry: Registry, name: str
) -> None:
    (registry.folder / "runs").mkdir()
    (registry.folder / "runs" / "0000000000000000.html").write_text("a file that somebody put there")
    response = signed_in.get(f"/runs/{name}")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"
    assert "somebody" not in response.text


@pytest.mark.parametrize("path", ["/runs", "/runs/{}", "/report", "/review", "/docs"])
def test_every_page_leads_to_the_others_and_says_where_it_is(signed_in: FlaskClient, store: Store, path: str) -> None:
    path = path.format(past(store, "failed", "The disk is full.").id)
    page = html.fromstring(signed_in.get(path).text)
    links = page.xpath("//nav[@aria-label='Site']/a")
    assert [link.get("href") for link in links] == [section.pages[0].address for section in SECTIONS]
    (here,) = [link.text for link in links if link.get("aria-current")]
    (shown,) = page.xpath(f"//nav[@aria-label='{here}']/a[@aria-current]/@href")
    assert path.startswith(shown)


def test_a_report_in_a_file_has_no_links_that_lead_nowhere(store: Store) -> None:
    assert not html.fromstring(as_page(past(store, "failed", "The disk is full."))).xpath(
        "//a[starts-with(@href, '/')]"
    )


def test_a_report_allows_its_own_style_and_nothing_else(signed_in: FlaskClient, store: Store) -> None:
    policy = signed_in.get(f"/runs/{past(store, 'failed', 'The disk is full.').id}").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self' 'sha256-")
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


def test_a_run_that_is_going_on_has_a_page(signed_in: FlaskClient, store: Store) -> None:
    run = store.runs.begin(JOB)
    assert "The run has not ended." in signed_in.get(f"/runs/{run.id}").text
    assert "took" not in signed_in.get("/runs").text


# --- in a browser ---


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, articles: list[Article], taxonomy: Taxonomy) -> Iterator[str]:
    """A service of a desk that has trained twice and was stopped once, one of whose articles is named in markup."""
    folder = tmp_path_factory.mktemp("runs")
    store = open_store(database(folder))
    desk = Desk(store, Registry(folder / "models"), taxonomy)
    dated = sorted(articles, key=lambda one: (one.published_at or "", one.id))
    desk.add(dated[:-N_LATER])
    desk.retrain()
    desk.add(replace(one, title="<b>x</b>") for one in dated[-N_LATER:])
    desk.retrain()
    desk.set_tags(flipped(articles, "attack", 0.5))
    desk.retrain()
    store.close()
    with serving(folder / "models", database(folder)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


MODES: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "320px": {"viewport": {"width": 320, "height": 640}},
    "forced-colors": {"viewport": {"width": 1280, "height": 900}, "forced_colors": "active"},
}


@pytest.fixture(params=MODES)
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page of runs, of a signed-in editor; the console must stay silent."""
    context = browser.new_context(**MODES[request.param])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/sign-in?next=/runs")
    page.locator("input[name=name]").fill("ana")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/runs")
    yield page
    context.close()
    assert complaints == []


def too_wide(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, found)


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("TAGGER_TEST_NEEDS") != "chromium",
    reason="BROWSER TESTS NOT RUN: no Chromium found (install `chromium`)",
)
def test_runs_and_reports_can_be_read_by_everybody(page: Page) -> None:
    """Axe finds nothing, nothing is wider than the screen, the style is applied, and the numbers are large enough."""
    assert (serious(page), too_wide(page)) == ([], 0)
    links = page.locator(".card h2 a")
    expect(links).to_have_count(3)
    for number in range(3):
        links.nth(number).click()
        page.wait_for_selector("footer")
        for one in page.locator("summary").all():
            one.click()
        assert (serious(page), too_wide(page)) == ([], 0)
        assert page.evaluate("getComputedStyle(document.querySelector('section')).borderTopWidth") == "1px"
        drawn = page.locator("svg.plot text")
        heights = [drawn.nth(at).evaluate("one => one.getBoundingClientRect().height") for at in range(drawn.count())]
        assert all(height >= 9 for height in heights)
        page.get_by_role("link", name="All runs").click()
        page.wait_for_url("**/runs")


@pytest.mark.browser
@pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("TAGGER_TEST_NEEDS") != "chromium",
    reason="BROWSER TESTS NOT RUN: no Chromium found (install `chromium`)",
)
def test_a_report_opens_as_a_file(browser: Browser, tmp_path: Path, articles: list[Article], page: Page) -> None:
    """Saved as a file, it looks the same without the service."""
    page.locator(".card h2 a").nth(1).click()
    page.wait_for_selector("footer")
    saved = tmp_path / "report.html"
    with page.expect_download() as download:
        page.get_by_role("link", name="Save as a file").click()
    download.value.save_as(saved)
    context = browser.new_context(offline=True)
    alone = context.new_page()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(saved.as_uri())
    expect(alone.get_by_role("heading", level=1)).to_have_text(page.get_by_role("heading", level=1).inner_text())
    assert alone.evaluate("getComputedStyle(document.querySelector('section')).borderTopWidth") == "1px"
    assert asked == [saved.as_uri()]
    context.close()
