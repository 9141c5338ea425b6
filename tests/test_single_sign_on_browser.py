"""An editor signs in at a certified OpenID Connect provider in a real browser: Node's `oidc-provider`, which is fetched by its lock.

The service has two processes, and is there before the provider is.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from tests.browser import IN_BROWSER, chromium, serious, serving
from tests.conftest import ROOT
from tests.postgres import database
from tests.provider import CLIENT, SECRET
from tests.server import free_port
from tests.waiting import SECONDS

pytestmark = IN_BROWSER
SOURCE, FETCHED = ROOT / "tests" / "data" / "oidc-provider", ROOT / "var" / "oidc-provider"
ANA = {"name": "Ana", "email": "ana@house.example", "email_verified": True, "groups": ["desk"]}


@pytest.fixture(scope="module")
def provider_files() -> Path:
    """The folder of the provider with what it needs, by hash."""
    if shutil.which("npm") is None:
        pytest.skip("SIGN-IN AT A CERTIFIED PROVIDER NOT TESTED: no npm found")
    FETCHED.mkdir(parents=True, exist_ok=True)
    is_there = (FETCHED / "node_modules").is_dir() and not _differs("package-lock.json")
    for name in ("package.json", "package-lock.json", "provider.mjs"):
        shutil.copy(SOURCE / name, FETCHED / name)
    if not is_there:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=FETCHED, capture_output=True, timeout=SECONDS, check=False).returncode:
            pytest.skip("SIGN-IN AT A CERTIFIED PROVIDER NOT TESTED: npm cannot fetch it")
    return FETCHED


def _differs(name: str) -> bool:
    return not (FETCHED / name).is_file() or (FETCHED / name).read_bytes() != (SOURCE / name).read_bytes()


@contextmanager
def providing(files: Path, port: int, service: str) -> Iterator[None]:
    back = f"{service}/sign-in/organisation/back"
    command = ["node", "provider.mjs", str(port), CLIENT, SECRET, back]
    with subprocess.Popen(command, cwd=files, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield
        finally:
            process.terminate()


def tell(port: int, sub: str, claims: dict[str, Any]) -> None:
    """Set what the provider says of somebody."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request("PUT", f"/people/{sub}", json.dumps(claims))
        assert connection.getresponse().status == 200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def go_to_provider(page: Page) -> None:
    """Leave for the provider, which may have come up just now."""
    until = time.monotonic() + SECONDS
    while True:
        page.get_by_role("link", name="House account").click()
        page.wait_for_load_state()
        if page.get_by_role("alert").count() == 0:
            return
        assert time.monotonic() < until, page.get_by_role("alert").inner_text()
        page.wait_for_timeout(500)


@pytest.mark.parametrize("width", [1280, 360])
def test_an_editor_signs_in_at_the_provider_and_out_again(
    provider_files: Path, registry: Registry, tmp_path: Path, browser: Browser, width: int
) -> None:
    url, port = database(tmp_path), free_port()
    store = open_store(url)
    secret = store.keys.create("chief", "admin")
    settings = {"ISSUER": f"http://127.0.0.1:{port}", "CLIENT": CLIENT, "SECRET": SECRET, "LABEL": "House account"}
    settings |= {"ROLES": "groups:desk=editor"}
    environment = {f"TAGGER_OIDC_{name}": value for name, value in settings.items()}
    with serving(registry.folder, url, environment, workers=2) as service:
        context = browser.new_context(viewport={"width": width, "height": 740})
        page = context.new_page()
        page.goto(f"{service}/tags")
        page.get_by_role("link", name="House account").click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        expect(page.get_by_label("Password or key")).to_be_visible()
        check(page, width)
        with providing(provider_files, port, service):
            tell(port, "ana-1", ANA)
            go_to_provider(page)
            expect(page).to_have_url(re.compile(f"127.0.0.1:{port}/interaction"))
            page.get_by_placeholder("Enter any login").fill("ana-1")
            page.get_by_placeholder("and password").fill("anything")
            page.get_by_role("button").click()
            page.get_by_role("button", name="Continue").click()
            expect(page).to_have_url(f"{service}/tags")
            assert [(key.name, key.role, key.role_rule) for key in store.keys.list()][1:] == [
                ("Ana", "editor", "groups: desk")
            ]
            sign_out(page)
            page.goto(f"{service}/tags")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            page.get_by_role("link", name="House account").click()  # the provider still knows the browser
            expect(page).to_have_url(f"{service}/tags")
            tell(port, "ana-1", {**ANA, "groups": ["sport"]})
            sign_out(page)
            page.get_by_role("link", name="House account").click()
            expect(page.get_by_role("alert")).to_contain_text("Your group has no access any more")
            check(page, width)
        context.clear_cookies()
        page.goto(f"{service}/sign-in?next=/admin/people")
        page.get_by_label("Name", exact=True).fill("chief")
        page.get_by_label("Password or key").fill(secret)
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator("main")).to_contain_text("The role follows the rule")
        expect(page.locator("main")).to_contain_text(urlsplit(settings["ISSUER"]).netloc)
        check(page, width)
        context.close()
    store.close()


def sign_out(page: Page) -> None:
    token = page.locator("meta[name=csrf]").get_attribute("content")
    answer = page.request.post(
        urlsplit(page.url)._replace(path="/sign-out", query="").geturl(), form={"csrf": token or ""}
    )
    assert answer.ok
    page.goto(urlsplit(page.url)._replace(path="/sign-in", query="").geturl())


def check(page: Page, width: int) -> None:
    """Nothing is wider than the screen, and nobody is barred."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []
    if folder := os.environ.get("TAGGER_TEST_PICTURES"):
        page.screenshot(path=f"{folder}/{width}-{time.time():.0f}.png", full_page=True)
