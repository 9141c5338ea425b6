"""How long saving a post takes, with the plugin and without, side by side: `python -m benchmarks.wordpress [N_ROUNDS]`.

Starts a WordPress as the tests do (needs the packages of .ci/install). Each round saves the same draft some times in each state, in an
order drawn by lot: without the plugin (twice, which shows the noise), with it and the service stopped, not answering (both noticed), and
there, where what was saved before is sent at the same time.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import random
import statistics
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import ROOT, Failed, run, say
from benchmarks.tables import table
from tests.wordpress.desk import BODY, TITLE, Desk, Service, answering, in_its_place
from tests.wordpress.site import PASSWORD, Site, missing, running_site

N_ROUNDS = 12
N_SAVES = 6
WITHOUT, AGAIN, STOPPED, SILENT, THERE = (
    "without the plugin",
    "without the plugin, again",
    "service stopped",
    "service not answering",
    "service running",
)
STATES = (WITHOUT, AGAIN, STOPPED, SILENT, THERE)
PLUGIN = "article-tagger/article-tagger.php"
SWITCH = "$given['on'] ? activate_plugin( $given['plugin'] ) : deactivate_plugins( $given['plugin'] ); delete_option( 'article_tagger_pause' );"


class Editor:
    """Somebody who is signed in and saves posts over WordPress's own API, as the block editor does."""

    def __init__(self, site: Site) -> None:
        self.address = site.address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self._open("/wp-login.php")
        form = {"log": "ana", "pwd": PASSWORD, "wp-submit": "Log In", "testcookie": "1"}
        self._open("/wp-login.php", urllib.parse.urlencode(form).encode())
        self.nonce = self._open("/wp-admin/admin-ajax.php?action=rest-nonce").decode()

    def _open(self, path: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
        with self.opener.open(urllib.request.Request(self.address + path, data, headers or {}), timeout=60) as answer:
            return bytes(answer.read())

    def save(self, post: int, number: int) -> float:
        """Save a post and return how many milliseconds that took."""
        body = json.dumps({"title": f"{TITLE}, {number}", "content": BODY}).encode()
        headers = {"Content-Type": "application/json", "X-WP-Nonce": self.nonce}
        began = time.perf_counter()
        self._open(f"/wp-json/wp/v2/posts/{post}", body, headers)
        return (time.perf_counter() - began) * 1000


@contextlib.contextmanager
def in_state(state: str, desk: Desk) -> Iterator[None]:
    """Bring the site and the service into a state."""
    desk.site.php(SWITCH, {"on": state not in (WITHOUT, AGAIN), "plugin": PLUGIN})
    if state == THERE:
        desk.service.start()
        yield
        desk.service.stop()
    elif state == SILENT:
        with in_its_place(desk.service, answering("200 OK", {}, seconds=30)):
            noticed(desk)
            yield
    else:
        if state == STOPPED:
            noticed(desk)
        yield


def noticed(desk: Desk) -> None:
    """Wait until the plugin has found out that the service is away."""
    desk.post()
    desk.until(desk.pause)


def measure(folder: Path, n_rounds: int = N_ROUNDS) -> dict[str, list[float]]:
    """Return the milliseconds of every save, by state.

    Raises:
        Failed: where the packages are missing.
    """
    if missing():
        raise Failed(f"not installed: {', '.join(missing())} (as root: .ci/install)")
    say("wordpress: training a model")
    articles = ROOT / "training_data" / "articles" / "south-asia.jsonl"
    run(
        [
            sys.executable,
            "-m",
            "classifier",
            "train",
            "--fast",
            "--articles",
            str(articles),
            "--models",
            str(folder / "models"),
        ]
    )
    service = Service(folder / "models", f"sqlite:///{folder}/tagger.db", "", "")
    found: dict[str, list[float]] = {state: [] for state in STATES}
    with running_site(folder) as site:
        desk = Desk(site, service, "wp-")
        desk.set(address=service.address)
        post, editor, draws = desk.post(), Editor(site), random.Random(1)
        for number in range(n_rounds):
            say(f"wordpress: round {number + 1} of {n_rounds}")
            for state in draws.sample(STATES, len(STATES)):
                with in_state(state, desk):
                    editor.save(post, 0)  # warms up
                    found[state] += [editor.save(post, draws.randrange(10**9)) for _ in range(N_SAVES)]
    service.stop()
    return found


def wordpress_table(found: dict[str, list[float]]) -> str:
    """Return a table of the saves, with their ratio to those without the plugin."""
    base = statistics.median(found[WITHOUT] + found[AGAIN])
    head = ["saving a draft in WordPress", "saves", "median ms", "p90 ms", "max ms", "ratio of medians"]
    rows = []
    for state, times in found.items():
        middle, p90 = statistics.median(times), statistics.quantiles(times, n=10)[-1]
        figures = [f"{value:.1f}" for value in (middle, p90, max(times))]
        rows.append([state, str(len(times)), *figures, f"{middle / base:.3f}"])
    return table("WordPress", head, rows)


def main() -> None:
    """Print the table."""
    n_rounds = int(sys.argv[1]) if len(sys.argv) > 1 else N_ROUNDS
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        print(wordpress_table(measure(Path(folder), n_rounds)))


if __name__ == "__main__":
    main()
