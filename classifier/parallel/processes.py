"""Work shared out: to the processors of this machine or, within `cluster`, to the workers of a Dask cluster."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config

from classifier import __version__
from classifier.errors import BadSetting, TaggerError

SECONDS = 600.0  # for one part, past which its process hangs: joblib waits for ever for a task that kills its workers
WAIT = 10  # seconds for a scheduler and its first worker
SAME = ("joblib", "numpy", "scipy", "scikit-learn")  # packages that decide the figures
_CLIENT: ContextVar[Any] = ContextVar("cluster", default=None)


class ClusterLost(TaggerError):
    """The workers of a cluster end or hang."""


def shared_out(work: Callable[..., Any], given: Any, parts: Iterable[tuple[Any, ...]], n_jobs: int) -> Iterator[Any]:
    """Yield `work(given, *part)` for each part, in their order; one job is done in this process.

    What is given goes to each process once. The death of a worker of a cluster costs the time of what it was at.

    Raises:
        ClusterLost: if nothing comes back any more.
    """
    client = _CLIENT.get()
    if n_jobs == 1:
        yield from (work(given, *part) for part in parts)
    elif client is None:
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(delayed(work)(given, *part) for part in parts)
    else:
        yield from _on_workers(client, work, given, parts)


def _on_workers(client: Any, work: Callable[..., Any], given: Any, parts: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    # As what a task returns it is made again where the worker that has it dies; what is scattered, by joblib itself too, is
    # lost with it, and to scatter to all workers waits for ever for one that dies meanwhile. joblib scatters no tuples.
    held = client.submit(_itself, given, pure=False)
    with parallel_config(backend=_backend(client)):
        run = Parallel(return_as="generator", timeout=SECONDS)
    try:
        yield from run(delayed(_unpacked)(work, held, part) for part in parts)
    except TimeoutError:
        raise ClusterLost(
            f"The cluster has given nothing for {SECONDS:.0f} s. Are its workers there, and have they enough memory? "
            "Without --dask the same is done on this machine."
        ) from None


def _backend(client: Any) -> Any:
    from joblib._dask import DaskDistributedBackend  # what joblib itself makes of the name "dask"

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        """Work of one worker with one thread too, or the last that lives: joblib would do it here, without what is held there."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

    return Backend(client=client, wait_for_workers_timeout=WAIT)


def _itself(given: Any) -> Any:
    return given


def _unpacked(work: Callable[..., Any], given: Any, part: tuple[Any, ...]) -> Any:
    return work(given, *part)


@contextmanager
def cluster(address: str | None) -> Iterator[list[str]]:
    """Share out work to the workers of a Dask scheduler, named by its address or its scheduler file, and give their addresses.

    Without an address work stays on this machine.

    Raises:
        BadSetting: if the optional packages are missing, nothing answers, or a worker would compute something else.
    """
    if address is None:
        yield []
        return
    with _connected(address) as client:
        workers = _check_versions(client)
        token = _CLIENT.set(client)
        try:
            with parallel_config(backend=_backend(client)):
                yield workers
        finally:
            _CLIENT.reset(token)


def _connected(address: str) -> Any:
    try:
        from dask import config
        from distributed import Client
    except ImportError:
        raise BadSetting(
            "--dask needs packages that are not installed: python -m pip install --require-hashes -r requirements-dask.txt"
        ) from None
    is_file = "://" not in address and (Path(address).is_file() or Path(address).suffix == ".json")
    if is_file and not Path(address).is_file():
        raise BadSetting(f"There is no scheduler file {address}. Start one: dask scheduler --scheduler-file {address}")
    where = {"scheduler_file" if is_file else "address": address}
    config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})  # the matrix is part of it
    try:
        client = Client(**where, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BadSetting(f"No Dask scheduler answers at {address} ({error}). Start one: dask scheduler") from None
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError:
        client.close()
        raise BadSetting(f"The scheduler {address} has no worker. Start some: dask worker {address}") from None
    return client


def _check_versions(client: Any) -> list[str]:
    """Return the addresses of the workers, or say which one would compute something else."""
    found: dict[str, dict[str, str]] = client.run(_asked())
    here = versions_here()
    for worker, there in found.items():
        if not there:
            raise BadSetting(f"Worker {worker} lacks the tagger. Start it in its folder, with its environment.")
        for name in (name for name in here if there[name] != here[name]):
            raise BadSetting(
                f"Worker {worker} has {name} {there[name]}, this machine {here[name]}. Install the same on both."
            )
    return list(found)


def _asked() -> Callable[[], dict[str, str]]:
    """Return a function that a worker can run which has not even this module: local ones are sent whole."""

    def asked() -> dict[str, str]:
        try:
            return versions_here()
        except ImportError:
            return {}

    return asked


def versions_here() -> dict[str, str]:
    """Return the versions of what decides the figures of a model."""
    return {"python": platform.python_version(), "tagger": __version__, **{name: version(name) for name in SAME}}
