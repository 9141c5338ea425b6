"""What the product is made of: a bill of materials that is whole, licences that a newsroom may use, an audit that looks."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.waiting import SECONDS

TOOLS = ROOT / ".venv-tools" / "bin"
LOCKS = (
    "requirements.txt",
    "requirements-build.txt",
    "requirements-dev.txt",
    "requirements-dask.txt",
    "requirements-fuzz.txt",
    "requirements-tools.txt",
)
# Of these a part of a licence's text is enough. LGPL: psycopg, which is used as it is, as a library.
ALLOWED = "MIT;BSD;Apache;MPL-2.0;Mozilla Public License 2.0;PSF;LGPL;ISC;Zlib"
NAMELESS = "pysqlite3"  # says nothing in its metadata; zlib licence in its source

needs_tools = pytest.mark.skipif(os.environ.get("TAGGER_TEST_NEEDS") != "supply", reason="needs make test-supply")


def _locked(lock: str) -> dict[str, str]:
    """Return the versions of a lock by the names of the packages, as they are compared."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = re.findall(r"(?m)^([A-Za-z0-9_.-]+)(?:\[[a-z,_-]+\])?==([^\s;]+)", text)
    return {_name(name): version for name, version in pins}


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_with_hashes_and_nothing_names_a_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) == len(_locked(lock)) > 0
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text


@pytest.mark.parametrize("lock", LOCKS[1:5])
def test_locks_of_one_environment_agree(lock: str) -> None:
    """The tools have an environment of their own; all else is installed beside the product."""
    product, other = _locked("requirements.txt"), _locked(lock)
    assert {name: other[name] for name in product.keys() & other.keys() if other[name] != product[name]} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked(lock: str) -> None:
    asked = re.findall(r"(?m)^([A-Za-z0-9_.-]+)", (ROOT / lock).with_suffix(".in").read_text(encoding="utf-8"))
    names = {_name(name) for name in asked if not name.startswith("-")}
    assert names
    assert names - _locked(lock).keys() == set()


@needs_tools
def test_the_bill_of_materials_has_every_package_with_its_version_and_licence() -> None:
    bill: dict[str, Any] = json.loads((ROOT / "var" / "sbom.cdx.json").read_text(encoding="utf-8"))
    listed = {_name(one["name"]): one for one in bill["components"]}
    wanted = _locked("requirements-dask.txt") | _locked("requirements.txt")
    assert {name: one["version"] for name, one in listed.items() if name in wanted} == wanted
    assert {name for name in wanted if not listed[name].get("licenses")} <= {
        NAMELESS,
        "cleanlab",
        "partd",
    }  # texts only
    assert bill["metadata"]["component"]["name"] == "article-tagger"


@needs_tools
def test_every_licence_is_one_of_those_allowed() -> None:
    done = _licences("--partial-match", "--allow-only", ALLOWED, "--ignore-packages", NAMELESS)
    assert done.returncode == 0, done.stderr
    listed = (ROOT / "var" / "licences.md").read_text(encoding="utf-8")
    assert {
        name for name in _locked("requirements.txt") if not re.search(rf"(?im)^\| *{_any_case(name)} ", listed)
    } == set()


@needs_tools
def test_a_licence_that_is_not_allowed_is_found() -> None:
    done = _licences("--partial-match", "--allow-only", ALLOWED.replace("LGPL;", ""), "--ignore-packages", NAMELESS)
    assert done.returncode == 1
    assert "psycopg" in done.stderr


def _any_case(name: str) -> str:
    return name.replace("-", "[-_.]")


def _licences(*options: str) -> subprocess.CompletedProcess[str]:
    where = [TOOLS / "pip-licenses", "--python", ROOT / ".venv-dask" / "bin" / "python", "--from", "mixed"]
    return subprocess.run([*where, *options], capture_output=True, text=True, timeout=SECONDS, check=False)


@needs_tools
def test_an_audit_that_cannot_look_fails(tmp_path: Path) -> None:
    """Nothing listens there; an audit that then says that all is well would be worse than none."""
    nowhere = {**os.environ, "HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    options = ["--strict", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "2"]
    lock = tmp_path / "lock.txt"
    lock.write_text(
        (ROOT / "requirements.txt").read_text(encoding="utf-8").split("\nannotated", 1)[0], encoding="utf-8"
    )
    done = subprocess.run(
        [TOOLS / "pip-audit", *options, "--cache-dir", tmp_path / "cache", "-r", lock],
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode != 0
    assert "No known vulnerabilities" not in done.stdout + done.stderr


def test_the_audit_of_the_makefile_is_strict() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    command = next(line for line in text.splitlines() if "pip-audit" in line and "-r $$lock" in line)
    assert "--strict" in command
    (listed,) = re.findall(r"(?m)^\t@for lock in ([^;]+);", text)
    assert sorted(listed.split()) == sorted(LOCKS)
