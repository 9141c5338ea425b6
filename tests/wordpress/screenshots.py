"""Take the screenshots of the plugin: python -m tests.wordpress.screenshots [DIR]. Uses the starter model of var/models.

They are named as WordPress's directory wants them: `readme.txt` says in the same order what they show.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from classifier.settings import read_settings
from tests.browser import chromium
from tests.conftest import ROOT
from tests.wordpress.desk import Desk, Service
from tests.wordpress.editors import BlockEditor, sign_in
from tests.wordpress.site import running_site

PICTURES = ROOT / "integrations" / "wordpress" / "assets"
PAGES = {"screenshot-2.png": "article-tagger-terms", "screenshot-3.png": "article-tagger"}


def shoot_panel(page: Page, desk: Desk, post: int, path: Path) -> None:
    """Take a picture of the panel in the block editor, with one suggestion accepted."""
    page.goto(desk.site.address + BlockEditor.path(post))
    editor = BlockEditor(page).ready()
    editor.accept("afghanistan")
    editor.shows("iskp")
    desk.settled()
    expect(editor.root.locator(".article-tagger-message")).to_be_empty()
    page.locator(".article-tagger-panel").evaluate(
        "panel => { panel.scrollIntoView(); panel.closest('.interface-complementary-area').parentElement.scrollTop -= 50; }"
    )
    page.screenshot(path=path)


def main(folder: Path) -> None:
    """Write screenshot-1.png (the panel), screenshot-2.png (terms and tags), screenshot-3.png (the settings) and -4 (the suggestions of posts)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="desk-") as scratch,
        running_site(Path(scratch)) as site,
        chromium() as browser,
    ):
        service = Service(read_settings().models, f"sqlite:///{scratch}/tagger.db", "", "")
        service.start()
        desk = Desk(site, service, "wp-")
        site.php("activate_plugin( 'article-tagger/article-tagger.php' );")
        desk.set(address=service.address)
        desk.give(desk.post("Weather"), "ISIS-K", "Taliban", "Pakistani Taliban", "Talibans group", "Weather")
        post = desk.post()
        desk.settled()
        page = browser.new_page(viewport={"width": 1180, "height": 860})
        sign_in(page.context, site.address, "admin")
        shoot_panel(page, desk, post, folder / "screenshot-1.png")
        for name, slug in PAGES.items():
            page.goto(f"{site.address}/wp-admin/options-general.php?page={slug}")
            page.screenshot(path=folder / name)
        page.goto(f"{site.address}/wp-admin/edit.php?page=article-tagger-accept")
        page.screenshot(path=folder / "screenshot-4.png")
        service.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
