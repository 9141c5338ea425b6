"""A real Chromium and the real server, for the browser tests and the screenshots."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect, sync_playwright

from tests.conftest import ROOT
from tests.waiting import SECONDS

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and os.environ.get("TAGGER_TEST_NEEDS") != "chromium",
        reason="BROWSER TESTS NOT RUN: no Chromium found (install `chromium`)",
    ),
]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
expect.set_options(timeout=20_000)  # against hanging only: the machine may be busy


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of the machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class HeldBack:
    """The first request of a page to an address, by one method, which gets no answer before the test gives one."""

    def __init__(self, page: Page, address: str | re.Pattern[str], method: str = "GET") -> None:
        self._page, self._method, self._held = page, method, list[Route]()
        page.context.route(address, self._hold)

    def _hold(self, route: Route) -> None:
        if self._held or route.request.method != self._method:
            route.fallback()
        else:
            self._held.append(route)

    def wait(self) -> Route:
        """Wait until the page has sent it."""
        until = time.monotonic() + SECONDS
        while not self._held:
            assert time.monotonic() < until, "the page has not asked"
            self._page.wait_for_timeout(20)
        return self._held[0]


def close(context: BrowserContext) -> None:
    """Close the pages of a context. They may be asking something just now, which a test answers: nobody waits for that."""
    for routed in (*context.pages, context):
        routed.unroute_all(behavior="ignoreErrors")
    context.close()


def too_small(controls: Locator, *, of_shown: bool = False) -> list[str]:
    """Return the controls that a finger misses: less than 44 pixels high or wide. A hidden one counts, unless only those that are shown do.

    Sizes are rounded to a 64th of a pixel, in which Chromium lays out: a difference of two places on the screen makes
    43.99997 of 44.
    """
    expect(controls.first).to_be_attached()
    found: list[str] = controls.evaluate_all(
        """(nodes, ofShown) => nodes.filter((node) => !ofShown || node.checkVisibility({visibilityProperty: true}))
          .map((node) => [node.id || node.textContent, node.getBoundingClientRect()])
          .map(([name, box]) => [name, ...[box.width, box.height].map((size) => Math.round(size * 64) / 64)])
          .filter(([, width, height]) => Math.min(width, height) < 44).map((each) => each.join(" "))""",
        of_shown,
    )
    return found


def serious(page: Page) -> list[str]:
    """Return what axe-core finds against WCAG 2.1 AA on a page, with the first elements of each violation."""
    result = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"], "resultTypes": ["violations"]})
    violations = result.response["violations"]
    return [f"{each['id']}: {each['help']} {[node['html'] for node in each['nodes']][:2]}" for each in violations]


@contextmanager
def serving(
    models: Path, database_url: str, environment: Mapping[str, str] | None = None, workers: int = 1
) -> Iterator[str]:
    """Serve on a free port and yield the address; `environment` has the TAGGER_ settings that differ."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "classifier",
        "serve",
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--models",
        str(models),
        "--database",
        database_url,
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    settings = {**inherited, **(environment or {})}
    process = subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_served(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_served(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, (
            f"the service ended with {process.returncode}: python -m classifier serve says why"
        )
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the service did not start")
