"""What the README shows is what a newcomer types: its examples run against a served model."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import serving
from tests.conftest import ROOT
from tests.waiting import SECONDS

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "training_data/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
MADE_BY_COMMANDS = ("benchmarks/results.json",)
DECIDING = (ROOT / "docs" / "deciding.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(models_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(models_of_module, f"sqlite:///{tmp_path_factory.mktemp('readme')}/tagger.db") as address:
        yield address


def example(language: str, containing: str, page: str = README) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return next(block for block in blocks if containing in block)


def curl(command: str, address: str) -> dict[str, Any]:
    """Run a curl command of a document against a served model."""
    command = command.replace("http://127.0.0.1:8000", address).replace("curl ", "curl -sS --fail-with-body ")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=SECONDS, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_curl_examples_are_answered(address: str) -> None:
    assert curl(example("sh", "curl"), address)["article_id"] == "desk-123"
    decided = curl(example("sh", "curl", DECIDING), address)
    assert decided["tags"] == ["taliban", "iskp", "policy"]
    assert [row["editor"] for row in decided["decisions"]] == ["ed4", "ed4", "ed4"]


def test_every_command_of_the_documents_exists() -> None:
    pages = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md"))]
    commands = re.findall(r"python -m classifier ([a-z-]+)", "\n".join(pages))
    listed = subprocess.run(
        [sys.executable, "-m", "classifier", "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout
    assert commands
    assert all(re.search(rf"^\s+{command}\s", listed, re.MULTILINE) for command in commands)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.*)$", re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?s)```.*?```", "", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link
    named = re.findall(r"`((?:docs|benchmarks|training_data|classifier|tests|deploy|notebooks)/[\w./-]*)`", text)
    assert not [path for path in named if not (ROOT / path).exists() and path not in MADE_BY_COMMANDS]


def test_the_readme_is_short() -> None:
    assert len(README.split()) < 600


def test_nothing_is_left_to_fill_in() -> None:
    assert not [
        page for page in DOCUMENTS if re.search(r"\b(?:BENCH|COUNT|TODO|TBD)\b", page.read_text(encoding="utf-8"))
    ]
