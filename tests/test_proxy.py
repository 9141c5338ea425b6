"""The proxy of deploy/: a real nginx before a real service; who sends slowly is cut off and keeps nobody waiting."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.web.guard.limits import TRIES_OF_ADDRESS
from tests import server
from tests.conftest import ROOT
from tests.hard import size, told
from tests.server import Server, free_port
from tests.waiting import SECONDS

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CONFIGURATION = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"
SHORT = 2  # seconds of the deadlines here; ten in the file
HALF_HEADERS = b"POST /v1/suggest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Ty"
HALF_BODY = (
    b"POST /v1/suggest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
)

pytestmark = [
    pytest.mark.skipif(NGINX is None and not WHOLE, reason="PROXY NOT TESTED: no nginx"),
    pytest.mark.slow,
    pytest.mark.sqlite("what nginx lets through does not depend on the database"),
]


def _written(folder: Path, port: int, to: int, *, tls: bool = False) -> Path:
    """Write the configuration for ports and a folder of this machine, with short deadlines; `tls`: another proxy is in front."""
    text = CONFIGURATION.replace("service:8000", f"127.0.0.1:{to}").replace("listen 8080", f"listen 127.0.0.1:{port}")
    text = text.replace("/tmp/", f"{folder}/").replace("/dev/stdout", str(folder / "access.log"))
    text, n = re.subn(r"(client_(?:header|body)_timeout) 10s", rf"\1 {SHORT}s", text)
    assert n == 2
    if tls:
        text, n = re.subn(r"#tls (.*)172\.16\.0\.0/12", r"\g<1>127.0.0.1", text)
        assert n == 2
    path = folder / "nginx.conf"
    text = f"user root;\n{text}" if os.geteuid() == 0 else text  # else its workers may not write here
    path.write_text(text, encoding="utf-8")
    return path


def _check(path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(NGINX), "-t", "-c", str(path), "-e", "stderr"], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("tls", [False, True])
def test_nginx_takes_the_configuration(tmp_path: Path, tls: bool) -> None:
    code, said = _check(_written(tmp_path, 8080, 8000, tls=tls))
    assert code == 0, said


def test_nginx_refuses_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    path = _written(tmp_path, 8080, 8000)
    path.write_text(path.read_text(encoding="utf-8").replace("send_timeout", "send_timeuot"), encoding="utf-8")
    code, said = _check(path)
    assert code == 1
    assert "send_timeuot" in said


@pytest.fixture
def proxied(registry: Registry, database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A service with four threads, as it is reached through nginx."""
    with _proxied(registry, database_url, tmp_path / "nginx") as proxy:
        yield proxy


@contextmanager
def _proxied(registry: Registry, database_url: str, folder: Path, *, tls: bool = False) -> Iterator[Server]:
    folder.mkdir()
    with closing(open_store(database_url)) as store:
        key = store.keys.create("behind a proxy", "admin")  # without a key nobody is answered through a proxy
    options = ("--workers", "1", "--threads", "4")
    service = server.start(registry.folder, database_url, *options, settings={"TAGGER_PROXIES": "1"})
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(NGINX), "-c", str(_written(folder, port, service.port, tls=tls)), "-e", "stderr", "-g", "daemon off;"],
            stdout=log,
            stderr=log,
        )
    proxy = replace(service, port=port, key=key)
    server.wait_until_ready(proxy)
    yield proxy
    process.terminate()
    process.wait(30)
    server.stop(service)


def test_slow_clients_are_cut_off_and_keep_nobody_waiting(proxied: Server) -> None:
    """Many times as many as the service has threads; without the proxy four of them would hold it."""
    n = size(100, 400)
    with ExitStack() as slow:
        clients = [slow.enter_context(closing(proxied.connect())) for _ in range(n)]
        for number, client in enumerate(clients):
            # Bodies only as many as one address may hold at a time.
            client.sendall(HALF_BODY if number < 32 else HALF_HEADERS)
        begun = time.monotonic()
        answers = [proxied.ask("POST", "/v1/suggest", {"title": "ISKP bomber held in Kabul"}) for _ in range(20)]
        seconds = time.monotonic() - begun
        assert [status for status, _ in answers] == [200] * 20
        assert [suggestion["tag"] for suggestion in answers[0][1]["suggestions"]][:1] == ["iskp"]
        _wait_for_the_end(clients)
    told("slow clients at the proxy", str(n), 0, f"{1000 * seconds / 20:.0f} ms for other requests meanwhile")


def _wait_for_the_end(clients: list[socket.socket]) -> None:
    """Read until each connection is closed; a connection that stays open fails by its time limit."""
    for client in clients:
        client.settimeout(SHORT + 30)
        with closing(client):
            try:
                while client.recv(4096):
                    pass
            except ConnectionResetError:
                pass


def test_the_service_sees_the_whole_request_and_its_sender(proxied: Server) -> None:
    status, answer = proxied.ask("PUT", "/v1/articles/a-1", {"title": "ISKP bomber held in Kabul", "body": "x " * 4000})
    assert (status, answer["article_id"]) == (200, "a-1")


@pytest.mark.parametrize("tls", [False, True], ids=["a stranger", "the proxy that ends TLS"])
def test_who_asks_and_how_is_believed_of_a_proxy_in_front_alone(
    registry: Registry, database_url: str, tmp_path: Path, tls: bool
) -> None:
    with closing(open_store(database_url)) as store:
        secret = store.keys.create("ana", "editor")
    far = [
        {"X-Forwarded-For": f"203.0.113.{n % 250}", "X-Forwarded-Proto": "https"} for n in range(TRIES_OF_ADDRESS + 1)
    ]
    with _proxied(registry, database_url, tmp_path / "nginx", tls=tls) as proxy:
        statuses = []
        for number, headers in enumerate(far):
            name, key = ("ana", secret) if number == len(far) - 1 else (f"guess {number}", "wrong")
            statuses.append(_signed_in(proxy, name, key, headers))
    assert statuses[:-1] == [403] * TRIES_OF_ADDRESS
    assert statuses[-1] == (303 if tls else 429)


def _signed_in(proxy: Server, name: str, secret: str, headers: dict[str, str]) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=SECONDS)) as connection:
        form = urlencode({"name": name, "key": secret})
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/sign-in", form, {**kind, **headers})
        return connection.getresponse().status


def test_the_proxy_takes_what_the_service_takes_and_refuses_more_in_its_form(proxied: Server) -> None:
    whole = 2 * 1024 * 1024 - len('{"title": "", "body": "x"}')
    assert proxied.ask("POST", "/v1/suggest", {"title": "x" * (whole - 1), "body": "x"})[0] != 413
    status, answer = proxied.ask("POST", "/v1/suggest", {"title": "x" * (whole + 1), "body": "x"})
    assert (status, answer["type"], answer["status"]) == (413, "/docs#too-large", 413)


def test_a_service_that_is_gone_is_a_problem_that_passes(proxied: Server) -> None:
    server.stop(proxied)
    status, answer = proxied.ask("POST", "/v1/suggest", {"title": "ISKP bomber held in Kabul"})
    assert (status, answer["type"]) == (503, "/docs#overloaded")


def test_metrics_are_not_shown_outside(proxied: Server) -> None:
    with closing(proxied.connect()) as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 403 ")
