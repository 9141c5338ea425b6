"""What deploy/ holds is sound: units that systemd takes, a cron line that runs, commands and settings that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from classifier.commands import build_parser
from classifier.settings import read_settings
from tests.conftest import ROOT

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


def test_the_cron_line_has_five_times_a_user_and_no_percent_sign() -> None:
    lines = (DEPLOY / "article-tagger.cron").read_text(encoding="utf-8").splitlines()
    (line,) = (one for one in lines if re.match(r"[0-9*]", one))
    assert re.fullmatch(r"30 2 \* \* \* tagger cd /opt/article-tagger && [^%]+", line)
