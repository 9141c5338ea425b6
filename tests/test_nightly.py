"""What a nightly run says beside its history: a slowdown is named, noise is not."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import nightly
from benchmarks.history import MIN_RUNS, append, in_words, read_history, verdicts
from benchmarks.processes import ROOT, environment

MACHINE = {"processor": "a processor", "cores": 2, "system": "Linux", "python": "3.11.7"}
SUGGEST, TRAIN = "POST /v1/suggest, new", "train --fast, 1,000 articles"


def run_of(processor: str = MACHINE["processor"], **figures: float) -> dict[str, Any]:
    of_name = {
        name.replace("_", " "): {"raw": 1000 * value, "unit": "µs of CPU", "relative": value}
        for name, value in figures.items()
    }
    return {"commit": "abc", "date": "2026-12-01", "machine": {**MACHINE, "processor": processor}, "figures": of_name}


def noisy(n: int, deviation: float, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    return [run_of(**{SUGGEST: draw.gauss(1.0, deviation), TRAIN: draw.gauss(5.0, 0.02)}) for _ in range(n)]


def worse(history: Sequence[dict[str, Any]], run: dict[str, Any]) -> list[str]:
    return [each.name for each in verdicts(history, run) if each.is_worse]


@pytest.mark.parametrize("deviation", [0.0, 0.01, 0.05])
def test_a_slowdown_is_named_and_what_stayed_is_not(deviation: float) -> None:
    history = noisy(10, deviation)
    assert worse(history, run_of(**{SUGGEST: 1.5, TRAIN: 5.05})) == [SUGGEST]


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_named(seed: int) -> None:
    *history, run = noisy(11, 0.03, seed)
    assert worse(history, run) == []


def test_the_noise_of_a_figure_is_its_own() -> None:
    history = [run_of(quiet=1.0, loud=value) for value in (1.0, 1.3, 0.8, 1.2, 0.9, 1.1)]
    assert worse(history, run_of(quiet=1.2, loud=1.2)) == ["quiet"]


def test_one_bad_night_hides_no_slowdown() -> None:
    history = [*noisy(8, 0.01), run_of(**{SUGGEST: 9.0, TRAIN: 50.0}), *noisy(1, 0.01)]
    assert worse(history, run_of(**{SUGGEST: 1.5, TRAIN: 5.0})) == [SUGGEST]


def test_only_the_last_runs_count() -> None:
    assert worse([*noisy(30, 0.01), *(run_of(**{SUGGEST: 1.5}) for _ in range(10))], run_of(**{SUGGEST: 1.5})) == []


def test_too_few_runs_or_those_of_another_machine_say_nothing() -> None:
    run = run_of(**{SUGGEST: 9.0})
    assert worse(noisy(MIN_RUNS - 1, 0.01), run) == []
    assert worse([run_of("another", **{SUGGEST: 1.0}) for _ in range(10)], run) == []
    assert "1 of 1 figures have fewer than 3 earlier runs" in in_words(verdicts([], run))


def test_it_is_said_in_words_what_takes_more_and_what_takes_less() -> None:
    history = [run_of(**{SUGGEST: 1.0, TRAIN: 5.0}) for _ in range(6)]
    said = in_words(verdicts(history, run_of(**{SUGGEST: 1.5, TRAIN: 2.5})))
    assert said.splitlines() == [
        f"{SUGGEST}: takes 50% more than the median of 6 runs (up to 10% may be noise).",
        f"{TRAIN}: takes 50% less than the median of 6 runs (up to 10% may be noise).",
    ]
    assert in_words(verdicts(history, history[0])) == "Nothing became slower or larger by more than its noise."


@pytest.mark.slow
def test_a_run_is_kept_compared_and_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    history, plot, values = tmp_path / "history.jsonl", tmp_path / "new" / "history.png", iter([100.0] * 3 + [300.0])
    monkeypatch.setitem(
        nightly.PARTS, "store", lambda _folder, _full: [nightly.Figure("memory", next(values), nightly.MB)]
    )
    monkeypatch.setattr(nightly, "calibration", lambda: 0.5)
    command = ["nightly", "--only", "store", "--history", str(history), "--plot", str(plot)]
    monkeypatch.setattr("sys.argv", command)
    codes = []
    for _ in range(4):
        with pytest.raises(SystemExit) as ended:
            nightly.main()
        codes.append(ended.value.code)
    assert codes == [False, False, False, True]
    assert "memory: takes 200% more than the median of 3 runs" in capsys.readouterr().out
    assert [run["figures"]["memory"]["relative"] for run in read_history(history)] == [100.0] * 3 + [300.0]
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_cpu_time_is_compared_in_units_of_the_loop_that_ran_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for factor in (1.0, 3.0):  # a machine that is three times as slow
        monkeypatch.setattr(nightly, "calibration", lambda factor=factor: 0.5 * factor)
        monkeypatch.setitem(
            nightly.PARTS, "store", lambda *_, factor=factor: [nightly.Figure("a", factor, nightly.CPU_S)]
        )
        assert nightly.measured(["store"])["figures"]["a"] == {
            "raw": factor,
            "unit": nightly.CPU_S,
            "relative": pytest.approx(2.0),
        }


def test_the_history_that_is_kept_can_be_read() -> None:
    runs = read_history(nightly.HISTORY)
    assert runs
    assert all(figure["relative"] > 0 for run in runs for figure in run["figures"].values())


def test_the_loop_takes_time_and_a_history_is_lines_of_json(tmp_path: Path) -> None:
    assert nightly.calibration() > 0.001
    append(tmp_path / "history.jsonl", run_of(**{SUGGEST: 1.0}))
    append(tmp_path / "history.jsonl", run_of(**{SUGGEST: 2.0}))
    lines = (tmp_path / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["figures"][SUGGEST]["relative"] for line in lines] == [1.0, 2.0]


def test_our_row_of_the_benchmark_can_be_measured() -> None:
    """It is a program by its path, as its peers are: a module beside it hides one of Python's with the same name."""
    program = ROOT / "benchmarks" / "ours.py"
    subprocess.run([sys.executable, program, "--help"], check=True, capture_output=True, env=environment())
