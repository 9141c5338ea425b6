"""Every notebook runs from top to bottom on few articles, with and without outside data, and is committed without output."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import DESK_TAGS, ROOT, STARTER
from tests.hard import size
from tests.waiting import SECONDS

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
COMPARE = ROOT / "notebooks" / "02-compare.ipynb"
ERRORS = ROOT / "notebooks" / "03-error-analysis.ipynb"
N_ARTICLES = 200
notebook = pytest.mark.notebook


@pytest.fixture(autouse=True)
def _few_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TAGGER_NOTEBOOK_ARTICLES", str(N_ARTICLES))
    monkeypatch.setenv("TAGGER_NOTEBOOK_STEPS", size("6", "12"))
    for name in ("ARCHIVE", "TAXONOMY", "CORPUS"):
        monkeypatch.delenv(f"TAGGER_NOTEBOOK_{name}", raising=False)


def run(path: Path) -> tuple[str, int]:
    """Run a notebook; return all that it printed, and how many plots it drew."""
    notebook = nbformat.read(path, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's transport
        NotebookClient(
            notebook, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    outputs = [output for cell in code for output in cell.outputs]
    printed = "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")
    complaints = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not complaints
    return printed, sum("image/png" in output.get("data", {}) for output in outputs)


@notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path) -> None:
    printed, n_plots = run(path)
    assert f"{N_ARTICLES} " in printed
    assert n_plots >= 3


@notebook
def test_comparison_says_that_outside_data_is_absent_and_reads_the_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = [
        {"name": "some peer", "micro_f1": 0.5, "macro_f1": 0.25},
        {"name": "another", "problem": "not installed"},
    ]
    measured = tmp_path / "figures.json"
    measured.write_text(json.dumps({"corpora": [{"name": "a-corpus", "systems": systems}]}))
    monkeypatch.setenv("TAGGER_EVAL_DATA", str(tmp_path))
    monkeypatch.setenv("TAGGER_BENCHMARK_JSON", str(measured))
    printed, n_plots = run(COMPARE)
    assert f"{tmp_path}/digitalgov has no corpus: using the starter articles" in printed
    assert [line.split() for line in printed.splitlines() if line.startswith("a-corpus")] == [
        ["a-corpus", "some", "peer", "micro-F1", "0.500", "macro-F1", "0.250"]
    ]
    assert n_plots == 5


@notebook
def test_error_analysis_reads_an_archive_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "archive.jsonl"
    lines = (STARTER / "articles" / "islamic-state.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        record["tags"] = [tag for tag in record["tags"] if tag in DESK_TAGS]
    archive.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    monkeypatch.setenv("TAGGER_NOTEBOOK_ARCHIVE", str(archive))
    printed, _ = run(ERRORS)
    n_tags = len({tag for record in records for tag in record["tags"]})
    assert f"{len(records)} articles, {n_tags} tags" in printed
    assert "on articles, but not in the taxonomy: nothing" in printed


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_output(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in cells)
