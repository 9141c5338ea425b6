"""What deploy/ holds is sound: units that systemd takes, a cron line that runs, commands and settings that exist.

The image and compose cannot be run here: what they say is read.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from classifier.commands import build_parser
from classifier.settings import read_settings
from tests.conftest import ROOT
from tests.waiting import SECONDS

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not WHOLE, reason="UNITS NOT VERIFIED: no systemd-analyze"
)


def _texts() -> list[Path]:
    return [*UNITS, DEPLOY / "article-tagger.cron"]


@needs_systemd
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """The program that they start has to be there: a stand-in for the installation."""
    units = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/article-tagger", str(tmp_path))
        (tmp_path / unit.name).write_text(re.sub(r"(?m)^(User|Group)=tagger$", r"\1=daemon", text), encoding="utf-8")
        units.append(str(tmp_path / unit.name))
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n", encoding="utf-8")
    python.chmod(0o755)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "article-tagger" in line]
    assert (done.returncode, said) == (0, [])


@needs_systemd
def test_systemd_refuses_a_unit_that_is_wrong(tmp_path: Path) -> None:
    timer = (DEPLOY / "systemd" / "article-tagger-retrain.timer").read_text(encoding="utf-8")
    wrong = tmp_path / "article-tagger-retrain.timer"
    wrong.write_text(timer.replace("02:30:00", "26:30:00"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(wrong)], capture_output=True, text=True, check=False, timeout=60
    )
    assert "26:30:00" in done.stderr


@pytest.mark.parametrize("path", _texts(), ids=lambda path: path.name)
def test_commands_and_settings_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for command in re.findall(r"-m classifier ([a-z][a-z -]*[a-z])", text):
        build_parser(read_settings({})).parse_args(command.split())
    settings = dict(re.findall(r"(?m)^(?:Environment=)?(TAGGER_[A-Z_]+)=(\S+)$", text))
    if settings:
        found = read_settings(settings)
        assert found.database_url == "sqlite:////var/lib/article-tagger/tagger.db"


def _cron_lines() -> list[str]:
    return (DEPLOY / "article-tagger.cron").read_text(encoding="utf-8").splitlines()


def test_the_cron_line_has_five_times_a_user_and_no_percent_sign() -> None:
    (line,) = (one for one in _cron_lines() if re.match(r"[0-9*]", one))
    assert re.fullmatch(r"30 2 \* \* \* root cd /opt/article-tagger && [^%]+", line)


@pytest.mark.skipif(os.geteuid() != 0 and not WHOLE, reason="CRON LINE NOT RUN: only root can become another user")
def test_the_cron_line_runs_both_jobs_as_its_user_with_the_settings_of_the_machine(tmp_path: Path) -> None:
    line = next(one for one in _cron_lines() if re.match(r"[0-9*]", one))
    command = line.split(None, 6)[6].replace("/opt/article-tagger", str(tmp_path)).replace("-u tagger", "-u daemon")
    command = command.replace("/etc/article-tagger.env", f"{tmp_path}/env").replace("/var/log", str(tmp_path))
    (tmp_path / "env").write_text("TAGGER_DATABASE_URL=postgresql+psycopg://db/tagger\n", encoding="utf-8")
    (tmp_path / "env").chmod(0o600)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$(id -un) $TAGGER_DATABASE_URL $*"\n', encoding="utf-8")
    for path in (python, *python.parents):
        if path.is_relative_to(tmp_path.parent.parent):
            path.chmod(0o755)
    subprocess.run(
        ["/bin/sh", "-c", command], check=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, timeout=SECONDS
    )
    said = "daemon postgresql+psycopg://db/tagger -m classifier"
    log = (tmp_path / "article-tagger-retrain.log").read_text(encoding="utf-8")
    assert log.splitlines() == [
        f"{said} retrain --json",
        f"{said} drift-report --keep",
        f"{said} tags lint --keep",
        f"{said} data-report --keep",
    ]


# --- the image and compose ----------------------------------------------------------------------------------------

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("service", "scheduler")


def _instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, each with what it is given."""
    lines = re.sub(r"(?m)^#.*\n", "", DOCKERFILE).replace("\\\n", " ")
    return [(name, rest.strip()) for name, rest in re.findall(r"(?m)^([A-Z]+) (.*)$", lines)]


def _last(name: str) -> str:
    return next(rest for what, rest in reversed(_instructions()) if what == name)


def _environment() -> dict[str, str]:
    return dict(re.findall(r"([A-Z_]+)=(\S+)", _last("ENV")))


def test_the_image_begins_at_a_pinned_release_and_ends_without_root() -> None:
    assert re.fullmatch(r"BASE=[a-z]+:[0-9]+\.[0-9]+-slim", _last("ARG"))
    assert [rest.split()[0] for what, rest in _instructions() if what == "FROM"] == ["${BASE}", "${BASE}"]
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", _last("USER"))


def test_the_image_installs_by_hash_and_wheels_only_and_leaves_no_tools_behind() -> None:
    runs = [rest for what, rest in _instructions() if what == "RUN"]
    (install,) = (one for one in runs if "pip install" in one)
    assert {"--require-hashes", "--only-binary=:all:", "--no-cache-dir"} <= set(install.split())
    assert "pip uninstall -y pip" in install
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.findall(r"apt-get install -y --no-install-recommends ([^\\\n]+)", last) == ["python3 "]
    assert not re.search(r"gcc|build-essential|-dev\b|curl|wget|git\b", DOCKERFILE)


def test_what_the_image_copies_is_there_and_let_through() -> None:
    copied = [rest.split() for what, rest in _instructions() if what == "COPY" and not rest.startswith("--from")]
    sources = [source for *some, _ in copied for source in some]
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(sources)


def test_the_command_and_the_settings_of_the_image_exist() -> None:
    assert json.loads(_last("ENTRYPOINT")) == ["python", "-m", "classifier"]
    build_parser(read_settings({})).parse_args(json.loads(_last("CMD")))
    found = read_settings({name: value for name, value in _environment().items() if name.startswith("TAGGER_")})
    assert (found.host, str(found.port)) == ("0.0.0.0", _last("EXPOSE"))
    assert str(found.models).startswith(f"{_last('VOLUME')}/")


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/health/live" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_of_the_image_tells_a_service_that_lives(status: int, code: int) -> None:
    """The command itself is run, against a server that answers so."""
    command = json.loads(_last("HEALTHCHECK").split("CMD", 1)[1])
    assert command[0] == "python"
    with HTTPServer(("127.0.0.1", 0), type("Answering", (_Health,), {"status": status})) as answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        environment = {**os.environ, "TAGGER_PORT": str(answering.server_port)}
        done = subprocess.run(
            [sys.executable, *command[1:]], env=environment, capture_output=True, timeout=SECONDS, check=False
        )
        answering.shutdown()
    assert done.returncode == code


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user") not in ("root", "0", "0:0")
    assert not {"privileged", "cap_add", "pid", "network_mode", "devices"} & service.keys()
    assert not [volume for volume in service["volumes"] if volume.startswith("/")]
    assert "docker.sock" not in str(service)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_to_a_release(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9/-]+:[0-9]+\.[0-9]+[a-z0-9.-]*", SERVICES[name]["image"])


def test_only_the_proxy_can_be_reached_and_only_from_this_machine() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "proxy": ["127.0.0.1:8080:8080"]
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if service["networks"] != ["inside"]] == ["proxy"]


@pytest.mark.parametrize("name", OURS)
def test_commands_and_settings_of_compose_exist(name: str) -> None:
    service = SERVICES[name]
    build_parser(read_settings({})).parse_args(service["command"])
    settings = {key: value for key, value in service["environment"].items() if key.startswith("TAGGER_")}
    found = read_settings(settings)
    assert str(found.models).startswith("/var/lib/article-tagger/")
    assert "models:/var/lib/article-tagger" in service["volumes"]
    assert service["user"] == _last("USER")
    assert found.proxies == 1


def test_services_and_volumes_that_compose_names_are_there() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
        named = {volume.split(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert named <= COMPOSE["volumes"].keys()
        for volume in (volume for volume in service["volumes"] if volume.startswith(".")):
            assert (DEPLOY / volume.split(":")[0]).is_file()
    host = re.search(r"@([a-z]+)/", SERVICES["service"]["environment"]["TAGGER_DATABASE_URL"])
    assert host is not None
    assert host[1] in SERVICES
    assert f"server {OURS[0]}:{_last('EXPOSE')}" in (DEPLOY / "nginx.conf").read_text(encoding="utf-8")


def test_no_secret_is_written_down() -> None:
    """The one password comes from outside, and compose does not start without it."""
    given = [str(service.get("environment", {})) for service in SERVICES.values()]
    passwords = re.findall(r"(?i)(?:password'?: '?|tagger:)(\$\{[^}]*\}|[^@',]*)", " ".join(given))
    assert passwords
    assert {one.split(":?")[0] for one in passwords} == {"${POSTGRES_PASSWORD"}
    texts = [path.read_text(encoding="utf-8") for path in DEPLOY.rglob("*") if path.is_file()]
    assert not re.search(r"tagger_[0-9a-f]{12}_|BEGIN [A-Z ]*PRIVATE KEY", "".join(texts))


def test_the_proxy_has_deadlines_and_the_body_limit_of_the_service() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    seconds = dict(re.findall(r"(?m)^\s+(client_header_timeout|client_body_timeout|send_timeout) ([0-9]+)s;", text))
    assert {name: int(value) <= 30 for name, value in seconds.items()} == dict.fromkeys(
        ("client_header_timeout", "client_body_timeout", "send_timeout"), True
    )
    (limit,) = re.findall(r"client_max_body_size ([0-9]+)m;", text)
    assert int(limit) << 20 == read_settings({}).max_body_bytes
