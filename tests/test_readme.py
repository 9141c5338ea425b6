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
DECIDING = (ROOT / "docs" / "deciding.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(_models, f"sqlite:///{tmp_path_factory.mktemp('readme')}/tagger.db") as address:
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


def test_python_example_prints_the_tags(address: str) -> None:
    code = example("python", "urllib").replace("http://127.0.0.1:8000", address)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert "Islamic State Khorasan Province" in done.stdout


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


def test_images_and_files_that_it_names_are_there() -> None:
    named = re.findall(r"\((docs/[^)]+)\)", README) + re.findall(
        r"`((?:docs|benchmarks|training_data|classifier)/[\w./-]*)`", README
    )
    assert all((ROOT / path).exists() for path in named)


def test_nothing_is_left_to_fill_in() -> None:
    pages = [ROOT / "README.md", ROOT / "training_data" / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert not [page for page in pages if re.search(r"\b(?:BENCH|COUNT|TODO|TBD)\b", page.read_text(encoding="utf-8"))]
