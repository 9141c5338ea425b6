"""Take the screenshots of the documents: python -m tests.screenshots [DIR]. Uses the starter model of var/models."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from classifier.settings import read_settings
from tests.browser import chromium, serving
from tests.conftest import ROOT


def main(folder: Path) -> None:
    """Write page.png, phone.png and api.png."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        serving(read_settings().models, f"sqlite:///{scratch}/t.db") as address,
        chromium() as browser,
    ):
        page = browser.new_page(viewport={"width": 1180, "height": 860})
        page.goto(f"{address}/?example=1")
        page.get_by_role("button", name="Suggest tags").click()
        page.locator(".card summary").first.click()
        page.screenshot(path=folder / "page.png")
        page.set_viewport_size({"width": 360, "height": 740})
        page.screenshot(path=folder / "phone.png")
        page.set_viewport_size({"width": 1180, "height": 860})
        page.goto(f"{address}/docs")
        page.locator("summary").first.click()
        page.screenshot(path=folder / "api.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
