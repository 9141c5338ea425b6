"""Scripts and styles as browsers get them: complete, as JavaScript modules, and asked for again after an upgrade."""

from __future__ import annotations

import re
import tomllib

import pytest
from flask.testing import FlaskClient

from tests.conftest import ROOT

STATIC = ROOT / "classifier" / "web" / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
IMPORT = re.compile(r'^import \{([^}]*)\} from "([^"]*)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|class|const|let) (\w+)", re.MULTILINE)


def test_browser_asks_again_for_a_file_before_it_uses_it(client: FlaskClient) -> None:
    """Addresses have no version: what a browser has stored of an older version must not meet modules of a newer one."""
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


@pytest.mark.parametrize("name", SCRIPTS)
def test_modules_import_what_others_export(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    imports = IMPORT.findall(text)
    assert len(imports) == len(re.findall(r"^import ", text, re.MULTILINE))
    for names, source in imports:
        module = (STATIC / name).parent / source
        exported = EXPORT.findall(module.read_text(encoding="utf-8"))
        assert {each.strip() for each in names.split(",")} <= set(exported), source


def test_review_page_preloads_all_its_modules(client: FlaskClient) -> None:
    client.post("/sign-in", data={"name": "ana", "key": "", "next": "/review"})
    preloaded = re.findall(r'rel="modulepreload" href="/static/([^"]*)"', client.get("/review").text)
    assert preloaded == [name for name in SCRIPTS if name.startswith("review/")]


def test_package_has_all_static_files() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        patterns = tomllib.load(file)["tool"]["setuptools"]["package-data"]["classifier.web"]
    packaged = {path for pattern in patterns for path in (ROOT / "classifier" / "web").glob(pattern) if path.is_file()}
    assert packaged >= {STATIC / name for name in FILES}
