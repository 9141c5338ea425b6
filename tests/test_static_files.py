"""Scripts and styles as browsers get them: complete, as JavaScript modules, and never of two versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from classifier.web import static_files
from tests.conftest import ROOT

STATIC = ROOT / "classifier" / "web" / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]*)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def test_browser_asks_again_for_a_file_before_it_uses_it(client: FlaskClient) -> None:
    """Plain addresses have no version: a stored file of an older version must not meet those of a newer one."""
    for name in FILES:
        with client.get(f"/static/{name}") as response:
            assert response.headers["Cache-Control"] == "no-cache", name
            etag = response.headers["ETag"]
        with client.get(f"/static/{name}", headers={"If-None-Match": etag}) as unchanged:
            assert unchanged.status_code == 304, name
        with client.get(f"/static/{name}", headers={"If-None-Match": '"older"'}) as changed:
            assert changed.status_code == 200, name


def test_scripts_are_served_as_javascript(client: FlaskClient) -> None:
    for name in SCRIPTS:
        with client.get(f"/static/{name}") as response:
            assert response.mimetype in {"text/javascript", "application/javascript"}, name


@pytest.fixture
def signed_in(client: FlaskClient) -> FlaskClient:
    client.post("/sign-in", data={"name": "ana", "key": "", "next": "/review"})
    return client


@pytest.mark.parametrize("name", SCRIPTS)
def test_modules_import_what_others_export(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    imports = IMPORT.findall(text)
    assert len(imports) == len(re.findall(r"^import ", text, re.MULTILINE))
    for names, source in imports:
        module = (STATIC / name).parent / source
        exported = EXPORT.findall(module.read_text(encoding="utf-8"))
        assert {each.strip() for each in names.split(",")} <= set(exported), source


def test_review_page_loads_all_its_modules_in_one_version(signed_in: FlaskClient) -> None:
    addresses = re.findall(r'(?:href|src)="(/static/[^"]*)"', signed_in.get("/review").text)
    (version,) = {address.split("/")[2] for address in addresses}
    assert {name for name in SCRIPTS if name.startswith("review/")} <= {
        address.removeprefix(f"/static/{version}/") for address in addresses
    }
    for address in addresses:
        with signed_in.get(address) as response:
            assert response.status_code == 200, address
            assert response.cache_control.immutable, address
            assert response.cache_control.max_age == 365 * 24 * 3600, address
        assert signed_in.get(address.replace(version, "v-0123456789abcdef")).status_code == 404, address


def test_changed_script_has_another_address(tmp_path: Path) -> None:
    addresses = set()
    for text in ("export const a = 1;", "export const a = 2;"):
        app = Flask("changed", root_path=str(tmp_path))
        (tmp_path / "static" / "review").mkdir(parents=True, exist_ok=True)
        (tmp_path / "static" / "review" / "a.js").write_text(text, encoding="utf-8")
        static_files.install(app)
        with app.test_request_context():
            addresses.add(url_for("versioned", filename="review/b.js"))
    assert len(addresses) == 2


def test_package_has_all_static_files() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["classifier.web"]
    packaged = {path for pattern in patterns for path in (ROOT / "classifier" / "web").glob(pattern) if path.is_file()}
    assert packaged >= {STATIC / name for name in FILES}
