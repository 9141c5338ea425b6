"""A change of the taxonomy by a process that is killed at a write, and by two processes at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from classifier.domain.taxonomy_log import Head
from classifier.serving.head import read_head
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import publish
from classifier.store.store import Store
from tests.conftest import ROOT
from tests.hard import size, told
from tests.test_faults import needs_strace
from tests.tracing import CHANGES, counted_calls, traced
from tests.waiting import SECONDS

MERGE = "merge iskp iswap into islamic-state"


def applying(models: Path, url: str, operation: str, based_on: int) -> subprocess.Popen[bytes]:
    """Start a process that carries out an operation once it is told to."""
    command = [sys.executable, "-m", "tests.applying", str(models), url, operation, str(based_on)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, **pipes)  # type: ignore[call-overload]
    assert process.stdout.readline() == b"ready\n"
    return process  # type: ignore[no-any-return]


@pytest.mark.slow
@needs_strace
@pytest.mark.sqlite
def test_killed_at_any_write_a_change_is_made_or_not_made_and_what_is_published_follows(
    registry: Registry, store: Store, database_url: str, tmp_path: Path
) -> None:
    before = publish(registry, store)
    assert before is not None
    points, outcomes = _points(registry, store, database_url, tmp_path), Counter[str]()
    for number, (call, at) in enumerate(points):
        process = applying(registry.folder, database_url, MERGE, store.taxonomy.last())
        kill = f"inject={call}:signal=SIGKILL:when={at}"
        with traced(process, tmp_path / f"log-{number}", "-e", f"trace={call}", "-e", kill):
            pass
        process.stderr.close()  # type: ignore[union-attr]
        outcomes["killed" if process.returncode == -signal.SIGKILL else "too late"] += 1
        outcomes[_checked(registry, store, before)] += 1
    assert outcomes["killed"] >= 0.9 * len(points)
    assert outcomes["before"] and outcomes["after"]
    told(
        "kill -9 at a write of a change of the taxonomy",
        f"{len(points)}",
        0,
        ", ".join(f"{n} {w}" for w, n in outcomes.items()),
    )


def _points(registry: Registry, store: Store, url: str, tmp_path: Path) -> list[tuple[str, int]]:
    """Return the system calls of a change that write, each with its number. They are counted on a copy of the models."""
    process = applying(registry.folder, url, MERGE, 1)
    with traced(process, tmp_path / "calls", "-e", f"trace={CHANGES}"):
        pass
    process.stderr.close()  # type: ignore[union-attr]
    assert process.returncode == 0
    _take_back(registry, store)
    counted = counted_calls(tmp_path / "calls")
    assert {"pwrite64", "fsync", "rename"} <= counted.keys() | {"fsync" * ("fdatasync" in counted)}
    points = [(call, number) for call, n in sorted(counted.items()) for number in range(1, n + 1)]
    last = [(call, n) for call, n in counted.items()]  # behind the commit
    return sorted({*points[:: size(max(1, len(points) // 20), 1)], *last})


def _checked(registry: Registry, store: Store, before: Head) -> str:
    """Return whether a change was made. It was wholly, or not at all, and a service publishes what is in the log."""
    head, published = store.taxonomy.head(), read_head(registry.folder)
    assert head is not None
    assert published is not None
    is_after = head.taxonomy.replacement_of("iskp") == "islamic-state"
    assert is_after or head.taxonomy == before.taxonomy
    assert published.taxonomy in (before.taxonomy, head.taxonomy)
    assert [one.state for one in store.change_sets.list("applied")].count("applied") == head.n
    Publisher(registry, store).work()
    assert read_head(registry.folder) == head
    if is_after:
        _take_back(registry, store)
    return "after" if is_after else "before"


def _take_back(registry: Registry, store: Store) -> None:
    store.taxonomy.undo([store.taxonomy.log().last_to_undo()], "x")
    publish(registry, store)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("second", "both"), [("merge iswap into islamic-state", False), ('relabel taliban "The Taliban"', True)]
)
def test_of_two_processes_that_apply_on_one_head_the_second_is_told_unless_the_tags_are_others(
    registry: Registry, store: Store, database_url: str, second: str, both: bool
) -> None:
    head = publish(registry, store)
    assert head is not None
    processes = [applying(registry.folder, database_url, line, 1) for line in ("merge iskp into islamic-state", second)]
    for process in processes:
        process.stdin.write(b"go\n")  # type: ignore[union-attr]
        process.stdin.flush()  # type: ignore[union-attr]
    told_by = [process.communicate(timeout=SECONDS)[1].decode() for process in processes]
    assert sorted(process.returncode for process in processes) == ([0, 0] if both else [0, 1])
    assert [text.strip() for text in told_by if text] == ([] if both else ["changed: [2]"])
    assert store.taxonomy.last() == (3 if both else 2)
    assert read_head(registry.folder) == store.taxonomy.head()
    taxonomy = read_head(registry.folder).taxonomy  # type: ignore[union-attr]
    assert sum(taxonomy.replacement_of(tag) == "islamic-state" for tag in ("iskp", "iswap")) == 1
    assert (taxonomy.tag("taliban").label == "The Taliban") == both
