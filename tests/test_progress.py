"""The progress of long commands: numbered steps, one live line on a terminal, few lines in a log, and the time that is left."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from classifier.commands import terminal
from classifier.commands.terminal import Terminal
from classifier.domain.articles import Article, record_of
from classifier.domain.progress import (
    MEGABYTE,
    Amount,
    Doing,
    Progress,
    RunProgress,
    bytes_done,
    time_left,
    untracked,
    within,
)
from classifier.domain.sentences import SECOND_FIT
from classifier.domain.taxonomy import Taxonomy
from classifier.store.assignments import Additions, Scope
from classifier.store.log import Draft
from classifier.store.rows import ago
from classifier.store.store import Store
from tests.desk import N_LATER, Desk

ROOT = Path(__file__).parent.parent
SECONDS = 120.0
STEP = re.compile(r"\[(\d+)/(\d+)\] ([a-z ]*[a-z])")
COMMANDS: dict[str, Any] = tomllib.loads((ROOT / "classifier" / "commands" / "commands.toml").read_text("utf-8"))
# What may take long. `retrain` and `bring` name their steps when they begin, since their records have them too.
LONG = """
train; evaluate; suggest; import; export decisions; export examples; export assignments; data-report; desk-report;
drift-report; tags plan; tags apply; tags draft; tags lint; tags export; models export; models compare; models score; archive dry-run; archive sample; archive run;
archive resume; archive undo; forget; backup; restore; migrate-database
"""


def state(*steps: tuple[str, float, float | None], **how: Any) -> RunProgress:
    """Return the state of a run with the steps `first`, `second` and `third`: which began how long ago, and how long they took."""
    begun: Any = [{"name": name, "began_at": ago(seconds=since), "seconds": took} for name, since, took in steps]
    names = ["first", "second", "third"]
    return RunProgress(**{"names": names, "steps": begun, "doing": None, "expected": {}, "log": [], **how})


def loop(label: str, done: int, total: int, seconds: float) -> Doing:
    """Return a loop whose items have just taken some seconds."""
    share = done / total if total else 0.0
    return Doing(label=label, done=done, total=total, began_at=ago(seconds=seconds), seconds=seconds, share=share)


# --- what is left ---


def test_a_loop_tells_how_long_its_step_takes_at_least() -> None:
    left = time_left(state(("second", 130.0, None), doing=loop("articles", 40, 100, 122.0)))
    assert left is not None
    assert left.seconds == pytest.approx(183.0, abs=1.0)
    assert str(left) == "at least 3 minutes left"  # nobody knows what comes after the loop


def test_the_loop_that_is_the_last_step_tells_how_long_the_whole_takes() -> None:
    left = time_left(state(("third", 130.0, None), doing=loop("third", 40, 100, 119.0)))
    assert left is not None
    assert str(left) == "about 3 minutes left"


def test_an_item_that_goes_on_counts_as_time_that_is_gone() -> None:
    doing = loop("third", 1, 5, 60.0) | {"began_at": ago(seconds=100.0)}
    left = time_left(state(("third", 100.0, None), doing=doing))
    assert left is not None
    assert left.seconds == pytest.approx(200.0, abs=1.0)


@pytest.mark.parametrize(
    "doing",
    [
        None,
        loop("third", 0, 100, 50.0),  # no item is done
        loop("third", 40, 0, 50.0),  # nobody knows of how many
        loop("third", 1, 1000, 0.2),  # too early
        loop("articles", 90, 100, 50.0),  # at least some seconds may be an hour
        {"label": "third", "done": 40, "total": 100},  # a record of an earlier version
    ],
)
def test_where_nothing_is_known_nothing_is_said(doing: Any) -> None:
    assert time_left(state(("third", 60.0, None), doing=doing)) is None


def test_earlier_runs_tell_of_the_later_steps_in_the_pace_of_this_one() -> None:
    expected = {"first": 90.0, "second": 10.0, "third": 100.0}
    left = time_left(state(("first", 300.0, 290.0), ("second", 0.0, None), expected=expected))
    assert left is not None
    # The first step took 200 seconds more than the 90 that were expected, so all takes (290 + 10 + 10) / (90 + 10 + 10) as long.
    assert left.seconds == pytest.approx(10.0 + 100.0 * 310.0 / 110.0, abs=1.0)
    assert str(left) == "about 5 minutes left"


def test_a_loop_that_takes_longer_than_in_earlier_runs_is_believed() -> None:
    expected = {"first": 10.0, "second": 10.0, "third": 10.0}
    left = time_left(state(("third", 120.0, None), doing=loop("articles", 10, 100, 120.0), expected=expected))
    assert left is not None
    assert left.seconds == pytest.approx(1080.0, abs=1.0)
    assert not left.is_least


def test_a_run_that_has_ended_has_nothing_left_and_one_that_has_not_begun_says_nothing() -> None:
    assert str(time_left(state(("third", 1.0, 1.0)))) == "less than a minute left"
    assert time_left(state()) is None


# --- steps and loops ---


def test_the_outermost_loop_says_how_far_a_step_is() -> None:
    progress, seen = Progress(["first", "second"]), list[tuple[str, int, int]]()
    progress.step("first")
    for _ in progress(range(2), 2, "folds"):
        for _ in progress(range(3), 3, "tags"):
            doing = progress.state["doing"]
            assert doing is not None
            seen.append((doing["label"], doing["done"], len(progress.loops)))
    assert seen == [("folds", 0, 2)] * 3 + [("folds", 1, 2)] * 3
    assert progress.state["doing"] is None


def test_a_loop_of_the_name_of_a_step_begins_it_once() -> None:
    progress = Progress(["first", "second"])
    list(progress(range(2), 2, "first"))
    list(progress(range(2), 2, "second"))
    list(progress(range(2), 2, "second"))
    assert [step["name"] for step in progress.state["steps"]] == ["first", "second"]
    assert progress.state["steps"][0]["seconds"] is not None


def test_a_loop_that_is_left_early_is_over() -> None:
    progress = Progress(["first"])
    progress.step("first")
    items = iter(progress(range(9), 9, "articles"))
    next(items)
    progress.end_step()
    assert progress.loops == []
    del items  # it ends after its step
    assert progress.loops == []


def test_work_that_is_done_twice_says_for_what() -> None:
    progress = Progress(["first"])
    progress.step("first")
    for _ in within(progress, SECOND_FIT)(range(2), 2, "folds"):
        assert progress.loops[0]["label"] == "second fit: folds"


@pytest.fixture
def later(desk: Desk, dated: list[Article]) -> Desk:
    """A desk that has trained once, and has got articles since."""
    desk.add(dated[-N_LATER:])
    return desk


def test_a_loop_of_which_only_an_amount_is_known_tells_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, amount, shown, lines = Clock(monkeypatch), Amount(1_000), Terminal(["importing"]), []
    for _ in shown(clock.each(4, 60.0), amount, "importing"):
        amount.done += 100
        lines.append(shown.line())
    assert lines[-1] == "[1/1] importing · 3 · 30 % · about 7 minutes left"


def test_an_amount_that_is_not_known_has_no_share() -> None:
    assert (Amount().share, Amount(10).share) == (0.0, 0.0)
    progress = Progress(["first"])
    list(progress(range(3), Amount(), "first"))
    assert time_left(progress.state) is None


def test_bytes_are_counted_as_megabytes() -> None:
    progress, seen = Progress(["writing"]), []
    progress.step("writing")
    tell = bytes_done(progress, 3 * MEGABYTE + 1)
    for n in (MEGABYTE // 2, MEGABYTE // 2, MEGABYTE, MEGABYTE + 1, 10 * MEGABYTE):
        tell(n)
        doing = progress.state["doing"]
        seen.append((doing["done"], doing["total"], doing["share"]) if doing else None)
    assert seen == [(0, 4, 0.0), (1, 4, 0.25), (2, 4, 0.5), (3, 4, 0.75), None]  # more comes than was said: it is over
    bytes_done(untracked, 0)(5)


@pytest.mark.parametrize("what", ["decisions", "examples", "assignments"])
def test_an_export_knows_how_many_rows_it_has_read(what: str, store: Store, articles: list[Article]) -> None:
    with_tags = [replace(article, id=f"{article.id}-{n}") for n in range(40) for article in articles][:1_200]
    store.import_articles(with_tags, "import")
    amount = Amount()
    if what == "examples":
        rows: Iterator[Any] = store.exports.attributed(amount=amount)
    elif what == "decisions":
        drafts = [Draft("add", f"tag-{number}") for number in range(1_100)]
        store.log.decide(with_tags[0].id, drafts, "ed1", lambda *_: {})
        rows = store.log.all(amount)
    else:
        run = store.runs.begin("archive")
        found = list(store.assignments.candidates(Scope()))
        added = [Additions(each.article.id, each.stamp, [("new-tag", 0.9)]) for each in found]
        store.assignments.add(run, added, lambda _: {})
        rows = store.assignments.standing(run.id, amount)
    seen = [amount.share for _ in rows]
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert 0.4 < seen[-1] < 1.0
    assert amount.share == 1.0


# --- in a log and on a terminal ---


class Clock:
    """A clock that goes on by some seconds with each item."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_700_000_000.0
        monkeypatch.setattr("classifier.domain.progress.time", lambda: self.now)
        monkeypatch.setattr(terminal, "monotonic", lambda: self.now)

    def each(self, n: int, seconds: float) -> Iterator[int]:
        """Yield items of which each takes some seconds."""
        for number in range(n):
            yield number
            self.now += seconds


def test_a_log_has_a_line_for_each_step_and_one_every_half_minute_with_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    shown = Terminal(["reading", "judging"])
    for label, n in (("reading", 10), ("judging", 50)):
        for _ in shown(clock.each(n, 2.0), n, label):
            pass
    assert capsys.readouterr().err.splitlines() == [
        "[1/2] reading",
        "[2/2] judging",
        "[2/2] judging · 16 of 50 · 30 % · about 2 minutes left",
        "[2/2] judging · 31 of 50 · 60 % · less than a minute left",
        "[2/2] judging · 46 of 50 · 90 % · less than a minute left",
    ]


def test_loops_that_repeat_stay_within_their_step(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    shown = Terminal(["learning", "saving"])
    shown.step("learning")
    for _ in shown(range(5), 5, "folds"):
        for _ in shown(clock.each(20, 3.0), 20, "tags"):
            pass
    shown.step("saving")
    lines = capsys.readouterr().err.splitlines()
    assert [line for line in lines if "·" not in line] == ["[1/2] learning", "[2/2] saving"]
    assert "[1/2] learning · folds 3 of 5 · tags 11 of 20 · 40 % · at least 2 minutes left" in lines
    assert "[1/2] learning · folds 1 of 5 · tags 11 of 20" in lines  # no share: how much the first takes is not known


def test_a_training_numbers_its_steps_as_its_record_does(later: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    _, record = later.run(progress=Terminal())
    assert record is not None
    kept = later.store.runs.get(record.id).progress
    assert kept is not None
    told = [STEP.match(line) for line in capsys.readouterr().err.splitlines()]
    assert [step.groups() for step in told if step is not None] == [
        (str(number), "6", name) for number, name in enumerate(kept["names"], start=1)
    ]


# A process whose clock is 600 times as fast, so that a second is ten minutes.
FAST = """
import sys, time
from classifier.commands import main, terminal
from classifier.domain import progress
begun = time.time()
progress.time = terminal.monotonic = lambda: begun + 600 * (time.time() - begun)
sys.exit(main(sys.argv[1:]))
"""


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def in_log(*arguments: object) -> Ran:
    """Run a command whose standard error is no terminal."""
    done = subprocess.run(
        [sys.executable, "-c", FAST, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def on_terminal(*arguments: object, n_columns: int = 120) -> Ran:
    """Run a command whose standard error is a terminal of some width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, n_columns, 0, 0))
    command = [sys.executable, "-c", FAST, *map(str, arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        said = b"".join(iter(lambda: _read(ours), b""))
        os.close(ours)
        assert process.stdout is not None
        out = process.stdout.read().decode()
    return Ran(process.returncode, out, said.decode())


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 4096)
    except OSError:  # the other end is closed
        return b""


def frames(said: str) -> list[str]:
    """Return what the live line showed, one after the other."""
    return [frame.strip() for frame in re.split(r"[\r\n]+", said) if frame.strip()]


@pytest.fixture
def full(store: Store, articles: list[Article], database_url: str) -> str:
    """The URL of a store with an archive."""
    store.import_articles(
        [replace(article, id=f"{article.id}-{n}") for n in range(2) for article in articles], "import"
    )
    return database_url


@pytest.fixture
def empty(tmp_path: Path) -> Callable[[], str]:
    """Return the URL of another new database each time."""
    numbers = count()
    return lambda: f"sqlite:///{tmp_path}/copy{next(numbers)}.db"


def test_a_command_shows_one_live_line_and_leaves_standard_output_as_it_is(full: str, empty: Callable[[], str]) -> None:
    logged = in_log("migrate-database", "--from", full, "--to", empty(), "--json")
    shown = on_terminal("migrate-database", "--from", full, "--to", empty(), "--json")
    assert (logged.code, shown.code) == (0, 0)
    assert shown.out == logged.out
    assert json.loads(shown.out)
    lines = logged.err.splitlines()
    assert lines[0] == "[1/1] copying"
    assert all(line.startswith("[1/1] copying · ") for line in lines[1:])
    assert any(re.search(r"· \d+ % · (about \d+ minutes?|less than a minute) left$", line) for line in lines)
    assert any(
        re.search(r"· \d+ % · (about \d+ minutes?|less than a minute) left$", frame) for frame in frames(shown.err)
    )
    assert all("[1/1] copying" in frame for frame in frames(shown.err))
    assert "\n" not in shown.err  # one live line, which is gone at the end
    assert shown.err.endswith("\r")


def test_a_live_line_fits_into_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)  # nothing to read is an error, and no waiting
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    with os.fdopen(theirs, "w") as narrow:
        monkeypatch.setattr(sys, "stderr", narrow)
        shown = Terminal(["looking for what is doubtful"])
        shown.step("looking for what is doubtful")
        for _ in shown(range(3), 3, "articles with repeated blocks"):
            shown.show()
        terminal.clear()
        said = frames(os.read(ours, 65536).decode())
    os.close(ours)
    assert any("[1/1] looking" in frame for frame in said)
    assert max(map(len, said)) <= 30


def test_an_error_has_a_line_of_its_own(tmp_path: Path) -> None:
    shown = on_terminal("import", tmp_path / "none.jsonl", "--database", f"sqlite:///{tmp_path}/tagger.db")
    assert shown.code == 1
    assert frames(shown.err)[0].endswith("[1/1] importing")
    assert frames(shown.err)[-1].startswith("error: ")


@pytest.mark.slow  # it trains twice
def test_a_training_never_begins_a_label_anew(tmp_path: Path, articles: list[Article], taxonomy: Taxonomy) -> None:
    path = tmp_path / "articles.jsonl"
    path.write_bytes(b"\n".join(orjson.dumps(record_of(article)) for article in articles))
    arguments = "train", "--articles", path, "--models", tmp_path / "models", "--fast", "--json"
    logged, shown = in_log(*arguments), on_terminal(*arguments)
    assert (logged.code, shown.code) == (0, 0)
    assert json.loads(shown.out).keys() == json.loads(logged.out).keys()
    began = [line for line in logged.err.splitlines() if "·" not in line]
    assert began == ["[1/3] reading", "[2/3] learning", "[3/3] saving"]
    told = [STEP.search(frame) for frame in frames(shown.err)]
    steps = [step.groups() for step in told if step is not None]
    assert steps == sorted(steps)
    assert any(re.search(r"folds 2 of \d", frame) for frame in frames(shown.err))
    assert any(re.search(r"at least \d+ minutes? left", frame) for frame in frames(shown.err))


# --- all commands ---


def test_every_long_command_has_steps_and_no_two_of_the_same_name() -> None:
    steps = {name: command["steps"] for name, command in COMMANDS.items() if "steps" in command}
    assert steps.keys() == {name.strip() for name in LONG.split(";")}
    assert all(len(set(names)) == len(names) > 0 for names in steps.values())
