"""While no key exists only programs on this machine are answered, and nobody through a proxy, on API and pages alike."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from classifier.commands import main
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.store.schema import keys as key_rows
from classifier.store.store import Store
from classifier.web import build_app
from classifier.web.guard.limits import Limits
from classifier.web.guard.loopback import is_loopback
from tests import server
from tests.conftest import ROOT
from tests.test_access import FORM, PAGES, ROUTES
from tests.test_proxy import NGINX, WHOLE
from tests.waiting import SECONDS

ELSEWHERE: dict[str, dict[str, str]] = {
    "Forwarded": {"HTTP_FORWARDED": "for=192.0.2.7"},
    "Via": {"HTTP_VIA": "1.1 cache"},
    "X-Real-IP": {"HTTP_X_REAL_IP": "127.0.0.1"},
    "X-Forwarded-For": {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    "X-Forwarded-Proto": {"HTTP_X_FORWARDED_PROTO": "http"},
    "X-Forwarded-Host": {"HTTP_X_FORWARDED_HOST": "localhost"},
    "X-Forwarded-Whatever": {"HTTP_X_FORWARDED_WHATEVER": ""},
    "HTTP/1.0": {"SERVER_PROTOCOL": "HTTP/1.0"},
    "another machine": {"REMOTE_ADDR": "192.0.2.7"},
    "another machine by IPv6": {"REMOTE_ADDR": "2001:db8::7"},
    "another machine by mapped IPv4": {"REMOTE_ADDR": "::ffff:192.0.2.7"},
    "a Unix socket": {"REMOTE_ADDR": ""},
    "no address": {"REMOTE_ADDR": "localhost.desk.example"},
    "listening everywhere": {"SERVER_NAME": "0.0.0.0"},
    "listening everywhere by IPv6": {"SERVER_NAME": "::"},
    "listening beyond loopback": {"SERVER_NAME": "192.0.2.9"},
}
CALLS: list[tuple[str, str, Any]] = [(method, path, sent) for method, path, sent, *_ in ROUTES]
CALLS += [("GET", page.replace("<run_id>", "a"), None) for page in (*PAGES, "/", "/sign-in")]
elsewhere = pytest.mark.parametrize("environ", ELSEWHERE.values(), ids=ELSEWHERE)


def refused(client: FlaskClient, environ: dict[str, str]) -> None:
    """Assert that every call is refused and told the next step."""
    for method, path, sent in CALLS:
        response = client.open(path, method=method, json=sent, environ_overrides={"HTTP_HOST": "localhost", **environ})
        assert (method, path, response.status_code) == (method, path, 403)
        assert "keys create NAME --role admin" in response.get_json()["detail"]
    for path, data in (("/", FORM), ("/sign-in", {"name": "ana"}), ("/review/proposals/a", {})):
        response = client.post(path, data=data, environ_overrides={"HTTP_HOST": "localhost", **environ})
        assert (path, response.status_code) == (path, 403)
        assert "Set-Cookie" not in response.headers


@elsewhere
def test_every_call_from_elsewhere_is_refused(client: FlaskClient, store: Store, environ: dict[str, str]) -> None:
    refused(client, environ)
    assert store.count_articles() == {}


def test_every_call_is_refused_where_the_settings_say_that_there_is_a_proxy(tagger: Tagger, registry: Registry) -> None:
    refused(build_app(tagger, registry, allowed=Limits(proxies=1)).test_client(), {})


@pytest.mark.slow
@elsewhere
def test_with_a_key_all_of_them_are_answered(client: FlaskClient, store: Store, environ: dict[str, str]) -> None:
    bearer = {"Authorization": f"Bearer {store.keys.create('root', 'admin')}"}
    assert client.get("/v1/tags", headers=bearer, environ_overrides=environ).status_code == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("listens_on", ["127.0.0.1", "localhost", "::1"])
def test_programs_on_this_machine_are_answered(client: FlaskClient, peer: str, listens_on: str) -> None:
    environ = {"REMOTE_ADDR": peer, "SERVER_NAME": listens_on, "HTTP_HOST": "localhost:8000"}
    assert client.get("/v1/tags", environ_overrides=environ).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("LOCALHOST", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("127.0.0.1.desk.example", False),
        ("2130706433", False),
        ("::ffff:10.0.0.1", False),
    ],
)
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def test_a_database_that_loses_its_keys_closes_a_service_that_others_reach(client: FlaskClient, store: Store) -> None:
    secret = store.keys.create("root", "admin")
    call = {"headers": {"Authorization": f"Bearer {secret}"}, "environ_overrides": {"SERVER_NAME": "0.0.0.0"}}
    assert client.get("/v1/tags", **call).status_code == 200
    with store.engine.begin() as connection:
        connection.execute(key_rows.delete())
    store.keys._remembered_rows.clear()
    answer = client.get("/v1/tags", **call)
    assert answer.status_code == 403
    assert "this service listens on 0.0.0.0" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("options", "proxies", "reason"),
    [(["--host", "0.0.0.0"], "0", "listens on 0.0.0.0"), ([], "1", "TAGGER_PROXIES")],
)
def test_serve_does_not_start_without_a_key_where_others_reach_it(
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    proxies: str,
    reason: str,
) -> None:
    monkeypatch.setenv("TAGGER_PROXIES", proxies)
    assert main(["serve", "--database", database_url, *options]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert "keys create NAME --role admin" in said


# --- real servers ---


@contextmanager
def _gunicorn(models: Path, database_url: str, *binds: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service as somebody does who starts gunicorn by hand; the settings know nothing of its addresses."""
    where = [part for bind in binds for part in ("--bind", bind)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *where, "--no-control-socket", "service:create_app()"],
        cwd=ROOT,
        env={**os.environ, "TAGGER_MODELS": str(models), "TAGGER_DATABASE_URL": database_url},
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.terminate()
    process.wait(30)


def _asked(port: int, host: str = "localhost") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request("GET", "/v1/models", headers={"Host": host})
        response = connection.getresponse()
        return response.status, json.loads(response.read()).get("detail", "")


def _sent(connection: socket.socket, head: bytes) -> bytes:
    with connection:
        connection.settimeout(60)
        connection.sendall(head + b"\r\nConnection: close\r\n\r\n")
        return connection.makefile("rb").read()


def _asked_by_socket(path: Path) -> bytes:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return _sent(connection, b"GET /v1/models HTTP/1.1\r\nHost: localhost")


def _asked_as_nginx_does(port: int) -> bytes:
    """Send what nginx sends by default: the host of the service, HTTP/1.0, and no header that tells of the client."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    return _sent(connection, f"GET /v1/models HTTP/1.0\r\nHost: 127.0.0.1:{port}".encode())


def _wait_for(port: int) -> None:
    until = time.monotonic() + SECONDS
    while True:
        try:
            _asked(port)
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.slow
def test_it_counts_where_the_server_listens_and_not_what_the_settings_say(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    everywhere, here = server.free_port(), server.free_port()
    by_file = tmp_path / "socket"
    binds = (f"0.0.0.0:{everywhere}", f"127.0.0.1:{here}", f"unix:{by_file}")
    with _gunicorn(registry.folder, database_url, *binds):
        _wait_for(here)
        assert _asked(here)[0] == 200
        assert _asked_as_nginx_does(here).startswith(b"HTTP/1.0 403 ")
        status, detail = _asked(everywhere)
        assert (status, "listens on 0.0.0.0" in detail) == (403, True)
        answer = _asked_by_socket(by_file)
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"a Unix socket" in answer


@pytest.mark.slow
@pytest.mark.skipif(NGINX is None and not WHOLE, reason="PROXY NOT TESTED: no nginx")
def test_nobody_is_answered_through_an_nginx_with_its_defaults(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    service, port = server.start(registry.folder, database_url, "--workers", "1", "--threads", "4"), server.free_port()
    configuration = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    location = f"location / {{ proxy_pass http://127.0.0.1:{service.port}; }}"
    paths = "".join(f"{what}_temp_path {tmp_path};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration.write_text(
        f"{user} pid {tmp_path}/nginx.pid; events {{}}\n"
        f"http {{ access_log off; {paths} server {{ listen 127.0.0.1:{port}; {location} }} }}\n"
    )
    process = subprocess.Popen([str(NGINX), "-c", str(configuration), "-e", "stderr", "-g", "daemon off;"])
    try:
        _wait_for(port)
        for host in ("desk.example", "localhost"):
            assert _asked(port, host)[0] == 403
        assert _asked(service.port)[0] == 200
    finally:
        process.terminate()
        process.wait(30)
        server.stop(service)
