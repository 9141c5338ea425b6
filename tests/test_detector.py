"""The tables of the language detector, which processes share: kept beside the models, and answering as those of the library."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from py3langid import __version__, langid

from classifier.text.detector import FOLDER, Detector
from tests.test_reading import OTHERS, REPORT

TEXTS = [
    *OTHERS.values(),
    REPORT,
    REPORT.upper(),
    "",
    " ",
    "12 34",
    "\ud800",
    "Бойцы пришли до рассвета",
    "جاء الرجال قبل الفجر",
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the tables are kept."""
    folder = tmp_path_factory.mktemp("models")
    detector_in(folder).code_of(REPORT)
    return folder


def detector_in(folder: Path) -> Detector:
    detector = Detector()
    detector.keep_in(folder)
    return detector


def tables(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / FOLDER / __version__).iterdir()}


@pytest.mark.parametrize("text", TEXTS)
def test_kept_tables_answer_as_those_of_the_library(kept: Path, text: str) -> None:
    identifier = detector_in(kept)._identifier
    assert identifier.rank(text) == langid.rank(text)
    assert identifier.classify(text) == langid.classify(text)


def test_large_tables_are_mapped_from_their_files(kept: Path) -> None:
    detector = detector_in(kept)
    detector.code_of(REPORT)
    mapped = Path("/proc/self/maps").read_text()
    assert all(f"{kept / FOLDER / __version__}/{name}.npy" in mapped for name in ("nb_ptc", "tk_nextmove"))


@pytest.mark.slow
def test_damaged_tables_are_made_anew_and_those_of_other_versions_removed(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / FOLDER, tmp_path / FOLDER)
    for other in ("0.0.1", "unfinished"):
        (tmp_path / FOLDER / other).mkdir()
    damaged = tmp_path / FOLDER / __version__ / "tk_nextmove.npy"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert detector_in(tmp_path).code_of(OTHERS["so"]) == "so"
    assert tables(tmp_path) == tables(kept)
    assert sorted(entry.name for entry in (tmp_path / FOLDER).iterdir()) == [".lock", __version__]


@pytest.mark.parametrize("obstacle", ["no folder", "a file in its place"])
def test_languages_are_told_where_no_tables_can_be_kept(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "models"
    if obstacle != "no folder":
        folder.mkdir()
        (folder / FOLDER).write_text("")
    before = sorted(tmp_path.rglob("*"))
    assert detector_in(folder).code_of(OTHERS["fr"]) == "fr"
    assert sorted(tmp_path.rglob("*")) == before
