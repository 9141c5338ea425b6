"""What happens to a promotion and to a run when the process is killed, the disk is full, or two run at once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.domain.sentences import LOST
from classifier.domain.taxonomy import Taxonomy
from classifier.model.retagging import retagged
from classifier.serving.champion import read_history
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.store.database.opening import open_store
from classifier.store.runs import FAILED, JOB, RUNNING, SKIPPED, Run
from tests.conftest import ROOT
from tests.desk import Desk, database
from tests.hard import HARD, size, told
from tests.tracing import CHANGES, counted_calls, traced
from tests.waiting import SECONDS

pytestmark = pytest.mark.slow

WHOLE = os.environ.get("TAGGER_TEST_NEEDS") == "system"  # where what is missing is a fault
EVERY = "read,pread64,close,lseek,newfstatat,fstat,mmap,munmap,getdents64,access,readlink,ioctl"

needs_strace = pytest.mark.skipif(
    not WHOLE and not HARD, reason="kills at file operations need strace: make test-system"
)
needs_root = pytest.mark.skipif(not WHOLE, reason="a full disk needs root, who can mount one: make test-system")


# --- killed while promoting ---


def _promoting(registry: Registry, version: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.promoting", str(registry.folder), version]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def _calls(registry: Registry, version: str, calls: str, log: Path) -> Counter[str]:
    """Return how often a promotion makes each of some system calls."""
    process = _promoting(registry, version)
    with traced(process, log, "-e", f"trace={calls}"):
        pass
    assert process.returncode == 0
    return counted_calls(log)


def _killed_at(points: Iterable[tuple[str, int]], registry: Registry, version: str, folder: Path) -> Counter[str]:
    """Promote once for each call and its number, killed there; return what came of it."""
    folder.mkdir()
    outcomes: Counter[str] = Counter()
    for call, number in points:
        old = registry.champion()
        assert old is not None
        process = _promoting(registry, version)
        kill = f"inject={call}:signal=SIGKILL:when={number}"
        with traced(process, folder / "log", "-e", f"trace={call}", "-e", kill):
            pass
        now = registry.champion()
        assert now is not None
        assert process.returncode in (-signal.SIGKILL, 0)
        outcomes["killed" if process.returncode else "too late"] += 1
        outcomes["old" if now == old else "new"] += 1
        assert registry.load_champion().version == now.version
        assert now == old or now.previous == old.version
        assert read_history(registry.folder)[1] in ([], [len(registry.history()) + 1])  # at most the last line is torn
        registry.promote(version, "tests", "the next one works")
        assert registry.load_champion().version == version
    return outcomes


@needs_strace
def test_killed_at_any_file_operation_a_promotion_leaves_the_old_or_the_new_champion_whole(
    registry: Registry, tmp_path: Path
) -> None:
    first = registry.load_champion()
    version = registry.save(retagged(first, Taxonomy(first.taxonomy.tags[:5], first.taxonomy.kinds)))
    other = Registry(Path(shutil.copytree(registry.folder, tmp_path / "other")))
    watching = Serving(registry)
    watching.model()
    counted = _calls(registry, version, size(CHANGES, f"{CHANGES},{EVERY}"), tmp_path / "calls")
    assert {"write", "fsync", "rename", "openat", "flock"} <= counted.keys()
    points = [(call, number) for call, n in sorted(counted.items()) for number in range(1, n + 1)]
    last = [(call, n) for call, n in counted.items()]  # when some are over, the pointer names the new one
    points = sorted({*points[:: size(max(1, len(points) // 30), 1)], *last})
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_killed_at, points[lane::2], one, version, tmp_path / f"lane-{lane}")
            for lane, one in enumerate((registry, other))
        ]
        outcomes = sum((job.result() for job in jobs), Counter())
    assert outcomes["killed"] >= 0.9 * len(points)
    assert outcomes["old"] and outcomes["new"]
    assert watching.settled().version
    told(
        "kill -9 at a file operation of a promotion",
        f"{len(points)}",
        0,
        ", ".join(f"{n} {w}" for w, n in outcomes.items()),
    )


# --- a full disk ---


def _retrain(models: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "classifier", "retrain", "--json", "--models", str(models), "--database", url]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=5 * SECONDS)


@pytest.fixture
def desk(tmp_path: Path, articles: list[Article], registry: Registry, taxonomy: Taxonomy) -> Iterator[Desk]:
    """A desk with a champion and an archive that it has not seen."""
    store = open_store(database(tmp_path))
    desk = Desk(store, registry, taxonomy)
    desk.add(articles)
    yield desk
    store.close()


def _nothing_lost(desk: Desk, before: str | None, n_articles: int) -> Run:
    run = desk.store.runs.list(JOB)[0]
    assert run.outcome == FAILED
    assert desk.champion == before
    assert desk.registry.load_champion().version == before
    assert sum(desk.store.count_articles().values()) == n_articles
    assert not [entry for entry in desk.registry.folder.iterdir() if entry.name.startswith(".2")]  # nothing half saved
    return run


@needs_root
def test_a_full_disk_fails_the_run_and_loses_nothing(desk: Desk, tmp_path: Path, articles: list[Article]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)], check=True)
    try:
        models = Path(shutil.copytree(desk.registry.folder, disk / "models"))
        url = f"sqlite:///{disk}/tagger.db"
        store = open_store(url)
        on_disk = Desk(store, Registry(models), desk.taxonomy)
        on_disk.add(articles)
        free = shutil.disk_usage(disk).free
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * (free - (1 << 19)))
        before = on_disk.champion
        done = _retrain(models, url)
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert "No space left on device" in _nothing_lost(on_disk, before, len(articles)).reason
        ballast.unlink()
        assert _retrain(models, url).returncode == 0
        assert on_disk.store.runs.list(JOB)[0].version is not None
        store.close()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


# --- two at once, and one that is killed ---


def _started(desk: Desk, models: Path, url: str) -> subprocess.Popen[bytes]:
    """Start a run and return it once it is at work."""
    command = [sys.executable, "-m", "classifier", "retrain", "--json", "--models", str(models), "--database", url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS
    while not any(run.outcome == RUNNING for run in desk.store.runs.list(JOB)):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return process


def test_of_two_runs_at_once_the_second_is_refused_and_after_a_kill_the_next_starts_at_once(
    desk: Desk, tmp_path: Path
) -> None:
    models, url = desk.registry.folder, database(tmp_path)
    first = _started(desk, models, url)
    versions, runs = desk.registry.versions(), desk.store.runs.list(JOB)
    second = _retrain(models, url)
    assert (second.returncode, second.stdout) == (3, "")
    assert "Another process is at `retrain`" in second.stderr
    assert (desk.registry.versions(), [run.id for run in desk.store.runs.list(JOB)]) == (
        versions,
        [run.id for run in runs],
    )
    first.kill()
    first.wait(SECONDS)
    third = _retrain(models, url)
    assert third.returncode == 0, third.stderr
    assert json.loads(third.stdout)["version"] in desk.registry.versions()
    lost, done = desk.store.runs.list(JOB)[::-1]
    assert (lost.outcome, lost.reason) == (FAILED, LOST)
    assert done.outcome not in (RUNNING, FAILED)


# --- the schedule ---


def test_a_schedule_that_stops_is_overdue_after_two_periods(desk: Desk, tmp_path: Path) -> None:
    from classifier.serving.tagger import Tagger
    from classifier.store.reports import DRIFT
    from classifier.web import build_app

    models, url, hours = desk.registry.folder, database(tmp_path), 0.0015
    assert _retrain(models, url).returncode == 0
    command = ["schedule", "--every", str(hours), "--models", str(models), "--database", url]
    with (tmp_path / "schedule.log").open("wb") as log:
        schedule = subprocess.Popen([sys.executable, "-m", "classifier", *command], cwd=ROOT, stdout=log, stderr=log)
    client = build_app(Tagger(Serving(desk.registry), desk.store), desk.registry, retrain_hours=hours).test_client()
    until = time.monotonic() + SECONDS
    try:
        while sum(run.outcome == SKIPPED for run in desk.store.runs.list(JOB)) < 2:
            assert schedule.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        assert client.get("/health/ready").get_json()["status"] == "ok"
        assert desk.store.reports.get(DRIFT) is not None
    finally:
        schedule.terminate()
        assert schedule.wait(SECONDS) == 0
    until = time.monotonic() + SECONDS
    while (ready := client.get("/health/ready")).get_json()["status"] == "ok":
        assert time.monotonic() < until
        time.sleep(0.2)
    assert ready.status_code == 200
    assert ready.get_json()["status"] == "degraded"
    assert ready.get_json()["problems"][0].startswith("retrain_overdue: ")
