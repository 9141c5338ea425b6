"""The files of the plugin: they parse, keep WordPress's conventions, and can be translated."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import classifier
from tests.wordpress.desk import Desk
from tests.wordpress.editors import BlockEditor
from tests.wordpress.site import PLUGIN

pytestmark = pytest.mark.wordpress
Sit = Callable[..., Page]
PHP = sorted(PLUGIN.rglob("*.php"))
POT = PLUGIN / "languages" / "article-tagger.pot"
MARK = "»"
LANGUAGES = ("ar", "de_DE", "fr_FR")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), cwd=PLUGIN.parent, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("path", PHP, ids=lambda path: path.name)
def test_php_parses(path: Path) -> None:
    ran = run("php", "-l", path)
    assert ran.returncode == 0, ran.stdout


def test_conventions_of_wordpress_are_kept() -> None:
    ran = run("phpcs", "-d", "error_reporting=E_ALL&~E_DEPRECATED", "--standard=phpcs.xml", "-q")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("path", PHP, ids=lambda path: path.name)
def test_php_does_nothing_when_it_is_asked_for_by_address(path: Path) -> None:
    ran = run("php", path)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_version_is_that_of_the_product_and_requirements_are_the_same_everywhere() -> None:
    main = (PLUGIN / "article-tagger.php").read_text(encoding="utf-8")
    readme = (PLUGIN / "readme.txt").read_text(encoding="utf-8")
    (version,) = re.findall(r"\* Version: +(\S+)", main)
    assert version == classifier.__version__
    assert f"= {version} =" in readme
    assert f"const VERSION = '{version}';" in main
    assert f"Stable tag: {version}" in readme
    for name in ("Requires at least", "Requires PHP", "License"):
        (value,) = re.findall(rf"\* {name}: +(\S+)", main)
        assert f"{name}: {value}" in readme


def test_readme_names_the_php_that_runs_here() -> None:
    version = run("php", "-r", "echo PHP_MAJOR_VERSION, '.', PHP_MINOR_VERSION;").stdout
    readme = (PLUGIN / "readme.txt").read_text(encoding="utf-8")
    (tested,) = re.findall(r"^The plugin was tested with .*$", readme, re.M)
    assert f"PHP {version}" in tested


def test_all_that_the_plugin_keeps_is_deleted_with_it() -> None:
    deleted = re.findall(r"'([a-z_]+)'", (PLUGIN / "uninstall.php").read_text(encoding="utf-8"))
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((PLUGIN / "includes").glob("*.php")))
    fields = re.findall(r"const [A-Z]+ *= '_article_tagger_([a-z_]+)'", source)
    options = re.findall(r"(?:add|update)_option\( (?:self|[A-Z]\w+)::([A-Z]+)", source)
    names = [
        name for const in options for name in re.findall(rf"const {const} *= 'article_tagger_?([a-z_]*?)_?'", source)
    ]
    assert len(fields) > 12
    assert len(names) > 6
    assert set(fields) - set(deleted) == set()
    assert {name for name in names if name and f"article_tagger_{name}" not in deleted} - set(deleted) == set()


def test_texts_for_translators_are_up_to_date(tmp_path: Path) -> None:
    ran = run(PLUGIN.parent / "make-pot", tmp_path / "new.pot")
    assert ran.returncode == 0, ran.stderr
    new = (tmp_path / "new.pot").read_text(encoding="utf-8")
    assert new == POT.read_text(encoding="utf-8"), "run integrations/wordpress/make-pot"


def test_zip_has_the_plugin_with_its_translations_and_is_the_same_each_time(tmp_path: Path) -> None:
    packed = []
    for folder in ("one", "two"):
        ran = run(PLUGIN.parent / "make-zip", tmp_path / folder)
        assert ran.returncode == 0, ran.stderr
        packed.append(Path(ran.stdout.strip()))
    assert packed[0].read_bytes() == packed[1].read_bytes()
    names = zipfile.ZipFile(packed[0]).namelist()
    own = {f"article-tagger/{path.relative_to(PLUGIN)}" for path in PLUGIN.rglob("*") if path.is_file()}
    assert own <= set(names)
    for language in LANGUAGES:
        assert f"article-tagger/languages/article-tagger-{language}.mo" in names
        assert f"article-tagger/languages/article-tagger-{language}-article-tagger-panel.json" in names


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_are_complete(language: str) -> None:
    source = PLUGIN.parent / "languages" / f"{language}.po"
    done = run("msgfmt", "--check", "--statistics", "-o", "/dev/null", source)
    assert done.returncode == 0, done.stderr
    assert "untranslated" not in done.stderr and "fuzzy" not in done.stderr, done.stderr
    missing = run("msgcmp", "--use-untranslated", source, POT)
    assert missing.returncode == 0, missing.stderr


def test_panel_and_settings_speak_the_language_of_the_site(desk: Desk, sit: Sit) -> None:
    translate(desk.site.root / "wp-content" / "plugins" / PLUGIN.name / "languages", "xx_XX")
    languages = desk.site.root / "wp-content" / "languages"
    languages.mkdir(exist_ok=True)
    shutil.copy(
        desk.site.root / "wp-content" / "plugins" / PLUGIN.name / "languages" / "article-tagger-xx_XX.mo",
        languages / "xx_XX.mo",
    )
    desk.site.php("update_option( 'WPLANG', 'xx_XX' );")  # takes only languages that WordPress itself has
    page = sit("admin", "/wp-admin/options-general.php?page=article-tagger")
    labels = page.locator(
        ".form-table > tbody > tr > th, .form-table .description, #article-tagger-health p"
    ).all_inner_texts()
    assert len(labels) > 10
    assert [text for text in labels if not text.startswith(MARK)] == []
    post = desk.post()
    desk.settled()
    page.goto(desk.site.address + BlockEditor.path(post))
    editor = BlockEditor(page).ready()
    card = editor.shows("iskp")
    expect(card.locator("button")).to_have_text([f"{MARK}{name}" for name in ("Accept", "Reject", "Details")])
    expect(card.locator("p")).to_contain_text(f"{MARK}because of:")


def translate(folder: Path, language: str) -> None:
    """Translate every text into itself with a mark before it, as a translator's tools would."""
    texts = re.findall(r'^msgid "(.+)"$', POT.read_text(encoding="utf-8"), re.MULTILINE)
    plural = re.findall(r'^msgid "(.+)"\nmsgid_plural "(.+)"$', POT.read_text(encoding="utf-8"), re.MULTILINE)
    once = [text for text in texts if text not in dict(plural)]
    head = (
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    )
    entries = [f'msgid "{text}"\nmsgstr "{MARK}{text}"\n' for text in once]
    entries += [f'msgid "{a}"\nmsgid_plural "{b}"\nmsgstr[0] "{MARK}{a}"\nmsgstr[1] "{MARK}{b}"\n' for a, b in plural]
    source = folder / f"article-tagger-{language}.po"
    source.write_text("\n".join([head, *entries]), encoding="utf-8")
    subprocess.run(["msgfmt", "-o", source.with_suffix(".mo"), source], timeout=60, check=True)
    messages = {json.loads(f'"{text}"'): [MARK + json.loads(f'"{text}"')] for text in once}
    locale = {
        "domain": "messages",
        "locale_data": {"messages": {"": {"domain": "messages", "lang": language}, **messages}},
    }
    for name in ("panel", "block-editor", "classic-editor"):
        path = folder / f"article-tagger-{language}-article-tagger-{name}.json"
        path.write_text(json.dumps(locale), encoding="utf-8")
