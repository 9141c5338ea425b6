"""Take the screenshots of the plugin: python -m tests.wordpress.screenshots [DIR]. Uses the starter model of var/models."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect

from classifier.settings import read_settings
from tests.browser import chromium
from tests.conftest import ROOT
from tests.wordpress.desk import Desk, Service
from tests.wordpress.editors import BlockEditor, ClassicEditor, sign_in, use_classic
from tests.wordpress.site import running_site


def main(folder: Path) -> None:
    """Write wordpress.png, wordpress-classic.png and wordpress-settings.png."""
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
        post = desk.post()
        desk.settled()
        page = browser.new_page(viewport={"width": 1180, "height": 860})
        sign_in(page.context, site.address, "admin")
        page.goto(site.address + BlockEditor.path(post))
        editor = BlockEditor(page).ready()
        editor.accept("afghanistan")
        editor.shows("iskp")
        expect(editor.root.locator(".article-tagger-message")).to_be_empty()
        page.locator(".article-tagger-panel").evaluate(
            "panel => { panel.scrollIntoView(); panel.closest('.interface-complementary-area').parentElement.scrollTop -= 50; }"
        )
        page.screenshot(path=folder / "wordpress.png")
        use_classic(desk)
        page.goto(site.address + ClassicEditor.path(post))
        ClassicEditor(page).shows("taliban").get_by_role("button", name="Reject").click()
        page.screenshot(path=folder / "wordpress-classic.png")
        page.goto(f"{site.address}/wp-admin/options-general.php?page=article-tagger")
        page.screenshot(path=folder / "wordpress-settings.png")
        service.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
