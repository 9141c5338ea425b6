"""Work past one machine: a real scheduler and two workers, one of which is killed; the result is that of one machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from classifier.domain.articles import read_articles
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.model.files import content_digest
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.store.queue import STARTER as STARTER_SOURCE
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings
from tests.conftest import ROOT, STARTER
from tests.hard import told
from tests.waiting import SECONDS, wait_until

PYTHON = ROOT / ".venv-dask" / "bin" / "python"  # made by `make test-dask`: the product with its optional part
FILES = sorted((STARTER / "articles").glob("*.jsonl"))

pytestmark = pytest.mark.skipif(os.environ.get("TAGGER_TEST_NEEDS") != "dask", reason="needs Dask: make test-dask")


@dataclass
class Cluster:
    """A scheduler and its workers, as an operator starts them."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    n_started: int = 0

    @property
    def address(self) -> str:
        return str(self.folder / "scheduler.json")

    @property
    def workers(self) -> list[subprocess.Popen[bytes]]:
        return self.processes[1:]

    def start(self, part: str, *options: str, code: Path = ROOT) -> subprocess.Popen[bytes]:
        self.n_started += 1
        name = f"{part}-{self.n_started}"
        where = ["--scheduler-file", self.address, "--host", "127.0.0.1", "--no-dashboard", *options]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [PYTHON, "-m", f"distributed.cli.dask_{part}", *where],
                cwd=self.folder,
                env=_environment(code),
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def start_worker(self, code: Path = ROOT) -> None:
        """Start a worker with the tagger of a folder, and wait until the scheduler has it."""
        own = str(self.folder / f"own-{self.n_started}")
        small = ("--nthreads", "1", "--nworkers", "1", "--memory-limit", "2GiB", "--local-directory", own)
        self.start("worker", "--no-nanny", *small, code=code)
        log = self.folder / f"worker-{self.n_started}.log"
        wait_until(lambda: b"Registered to" in log.read_bytes())

    def at_work(self) -> Callable[[], bool]:
        """Return what says whether each worker has computed for half a second more than by now."""
        before = {worker.pid: _seconds(worker) for worker in self.workers}
        return lambda: all(_seconds(worker) - before[worker.pid] > 0.5 for worker in self.workers)

    def say(self, folder: Path) -> str:
        """Return what became of the workers, and what a command said."""
        said = (folder / "err.txt").read_text(encoding="utf-8")
        return f"workers ended with {[worker.poll() for worker in self.workers]}; the command said {said}"

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait(SECONDS)


@contextmanager
def _scheduled(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    cluster.start("scheduler", "--port", "0")
    wait_until(Path(cluster.address).exists)
    yield cluster
    cluster.kill()


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler without workers."""
    (tmp_path / "cluster").mkdir()
    with _scheduled(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler for several tests."""
    with _scheduled(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(kept: Cluster) -> Cluster:
    """A scheduler with two workers that live."""
    for worker in kept.workers:
        if worker.poll() is not None:
            kept.processes.remove(worker)
    while len(kept.workers) < 2:
        kept.start_worker()
    return kept


@pytest.fixture(scope="module")
def alone() -> Fitted:
    """The starter model as one machine fits it."""
    return fit(list(read_articles(FILES)), read_taxonomy(STARTER / "taxonomy.yaml"), FitSettings(fast=True))


def _environment(code: Path = ROOT) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAGGER_")}
    return {**kept, "PYTHONPATH": str(code)}


def _begin(folder: Path, *arguments: str, python: Path = PYTHON) -> subprocess.Popen[bytes]:
    """Start a command; what it says goes to out.txt and err.txt of a folder."""
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        return subprocess.Popen(
            [python, "-m", "classifier", *arguments], cwd=ROOT, env=_environment(), stdout=out, stderr=err
        )


def _run(folder: Path, *arguments: str, python: Path = PYTHON) -> tuple[int, str]:
    """Run a command to its end; return its exit code and what it said on standard error."""
    code = _begin(folder, *arguments, python=python).wait(SECONDS)
    return code, (folder / "err.txt").read_text(encoding="utf-8")


def _wait_for_learning(folder: Path) -> None:
    wait_until(lambda: b"] learning" in (folder / "err.txt").read_bytes())


def _seconds(process: subprocess.Popen[bytes]) -> float:
    """Return how long a process has worked."""
    return psutil.Process(process.pid).cpu_times().user


def test_training_on_two_workers_gives_the_model_of_one_machine(
    cluster: Cluster, alone: Fitted, tmp_path: Path
) -> None:
    before = [_seconds(worker) for worker in cluster.workers]
    code, said = _run(tmp_path, "train", "--fast", "--models", str(tmp_path / "models"), "--dask", cluster.address)
    assert (code, f"2 workers of {cluster.address} share the work" in said.split("\n")) == (0, True)
    assert content_digest(Registry(tmp_path / "models").load_champion()) == content_digest(alone.model)
    assert all(_seconds(worker) - was > 0.2 for worker, was in zip(cluster.workers, before, strict=True))


def test_a_killed_worker_does_not_fail_the_training(cluster: Cluster, alone: Fitted, tmp_path: Path) -> None:
    running = _begin(tmp_path, "train", "--fast", "--models", str(tmp_path / "models"), "--dask", cluster.address)
    _wait_for_learning(tmp_path)
    wait_until(cluster.at_work())
    cluster.workers[0].send_signal(signal.SIGKILL)
    assert running.wait(SECONDS) == 0, cluster.say(tmp_path)
    assert content_digest(Registry(tmp_path / "models").load_champion()) == content_digest(alone.model)
    told("kill -9 of a worker of 2 during training on Dask", "1", 0, "the same model as on one machine")


def test_one_worker_alone_does_the_work_too(scheduler: Cluster, alone: Fitted, tmp_path: Path) -> None:
    scheduler.start_worker()
    before = _seconds(scheduler.workers[0])
    code, said = _run(tmp_path, "train", "--fast", "--models", str(tmp_path / "models"), "--dask", scheduler.address)
    assert code == 0, said
    assert content_digest(Registry(tmp_path / "models").load_champion()) == content_digest(alone.model)
    assert _seconds(scheduler.workers[0]) - before > 0.5


def test_a_cluster_lost_as_a_whole_is_taken_up_by_the_next_workers(
    cluster: Cluster, alone: Fitted, tmp_path: Path
) -> None:
    running = _begin(tmp_path, "train", "--fast", "--models", str(tmp_path / "models"), "--dask", cluster.address)
    _wait_for_learning(tmp_path)
    wait_until(cluster.at_work())
    for worker in cluster.workers:
        worker.send_signal(signal.SIGKILL)
    cluster.start_worker()
    assert running.wait(SECONDS) == 0, cluster.say(tmp_path)
    assert content_digest(Registry(tmp_path / "models").load_champion()) == content_digest(alone.model)


def _desk(folder: Path, name: str, files: Sequence[Path] = FILES) -> list[str]:
    """Store starter articles in a database of a folder; return where it and its models are, as options."""
    where = ["--database", f"sqlite:///{folder}/{name}.db"]
    store = open_store(where[1])
    store.import_articles(read_articles(files), STARTER_SOURCE)
    store.close()
    return [*where, "--models", str(folder / name)]


def _champion(folder: Path) -> str:
    return content_digest(Registry(folder).load_champion())


def test_retraining_on_workers_one_of_them_killed_gives_the_champion_of_one_machine(
    cluster: Cluster, tmp_path: Path
) -> None:
    alone, shared = _desk(tmp_path, "alone"), _desk(tmp_path, "shared")
    code, said = _run(tmp_path, "retrain", *alone)
    assert code == 0, said
    at_work = cluster.at_work()
    running = _begin(tmp_path, "retrain", *shared, "--dask", cluster.address)
    wait_until(at_work)
    cluster.workers[0].send_signal(signal.SIGKILL)
    assert running.wait(SECONDS) == 0, cluster.say(tmp_path)
    assert _champion(tmp_path / "shared") == _champion(tmp_path / "alone")
    told("kill -9 of a worker of 2 during a retraining on Dask", "1", 0, "the same champion as on one machine")


def test_the_schedule_shares_its_runs_out(cluster: Cluster, tmp_path: Path) -> None:
    where, at_work = _desk(tmp_path, "planned", FILES[::3]), cluster.at_work()
    running = _begin(tmp_path, "schedule", "--every", "24", *where, "--dask", cluster.address)
    try:
        wait_until((tmp_path / "planned" / "champion.json").exists)
    finally:
        running.terminate()
    assert running.wait(SECONDS) == 0
    assert at_work()


def test_an_archive_run_on_workers_one_of_them_killed_is_that_of_one_machine(
    cluster: Cluster, alone: Fitted, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "models")
    registry.promote(registry.save(alone.model), "tests", "fitted for the tests")
    archive = tmp_path / "archive.jsonl"
    with archive.open("w", encoding="utf-8") as lines:
        for copy in range(4):
            for article in map(json.loads, "".join(path.read_text("utf-8") for path in FILES).splitlines()):
                given = {"id": f"{copy}-{article['id']}", "title": article["title"], "body": article["body"]}
                lines.write(json.dumps({**given, "tags": []}) + "\n")
    assert archive.stat().st_size > 6_000_000, "so small that it is not shared out"
    what = ["archive", "run", "--models", str(tmp_path / "models"), "--articles", str(archive), "--band", "suggest"]
    assert _run(tmp_path, *what, "--output", str(tmp_path / "alone.jsonl"))[0] == 0
    at_work = cluster.at_work()
    running = _begin(tmp_path, *what, "--output", str(tmp_path / "shared.jsonl"), "--dask", cluster.address)
    wait_until(at_work)
    cluster.workers[0].send_signal(signal.SIGKILL)
    assert running.wait(SECONDS) == 0, cluster.say(tmp_path)
    shared = (tmp_path / "shared.jsonl").read_bytes()
    assert shared.count(b"\n") == 4 * len(alone.held_out.ids)
    assert shared == (tmp_path / "alone.jsonl").read_bytes()
    n = shared.count(b"\n")
    told("kill -9 of a worker of 2 during an archive run on Dask", "1", 0, f"{n} articles, byte-identical")


def test_without_the_optional_part_the_next_step_is_named(tmp_path: Path) -> None:
    code, said = _run(tmp_path, "train", "--dask", "tcp://127.0.0.1:1", python=Path(sys.executable))
    assert code == 1
    assert "pip install --require-hashes -r requirements-dask.txt" in said


def test_where_nothing_answers_the_next_step_is_named(scheduler: Cluster, tmp_path: Path) -> None:
    models = ["--models", str(tmp_path / "models")]
    code, said = _run(tmp_path, "train", *models, "--dask", "tcp://127.0.0.1:1")
    assert code == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in said
    code, said = _run(tmp_path, "train", *models, "--dask", str(tmp_path / "none.json"))
    assert code == 1
    assert "There is no scheduler file" in said
    code, said = _run(tmp_path, "train", *models, "--dask", scheduler.address)
    assert code == 1
    assert "has no worker" in said
    assert not (tmp_path / "models").exists()


def test_a_worker_that_would_compute_something_else_is_refused(scheduler: Cluster, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(ROOT / "classifier", older / "classifier", ignore=shutil.ignore_patterns("__pycache__"))
    (older / "classifier" / "__init__.py").write_text('__version__ = "0.0.1"\n', encoding="utf-8")
    scheduler.start_worker(older)
    code, said = _run(tmp_path, "train", "--models", str(tmp_path / "models"), "--dask", scheduler.address)
    assert code == 1
    assert "has tagger 0.0.1" in said


def test_a_worker_without_the_tagger_is_refused(scheduler: Cluster, tmp_path: Path) -> None:
    scheduler.start_worker(tmp_path)
    code, said = _run(tmp_path, "train", "--models", str(tmp_path / "models"), "--dask", scheduler.address)
    assert code == 1
    assert "lacks the tagger" in said
