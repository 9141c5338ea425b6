"""Parts of a computation shared out to the processors of this machine or, within `cluster`, to the workers of a Dask cluster."""

import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config
from joblib.parallel import get_active_backend

from classifier import __version__
from classifier.errors import BadSetting, TaggerError

SECONDS = 600.0  # for one part, past which its process hangs: joblib waits for ever for a task that kills its workers
WAIT = 10  # seconds for a scheduler and its first worker
SAME = ("joblib", "numpy", "scipy", "scikit-learn")  # packages whose versions change the figures
_CLIENT: ContextVar[Any] = ContextVar("cluster", default=None)


class ClusterLost(TaggerError):
    """The workers of a cluster end or hang."""


def in_cluster() -> bool:
    """Whether work is shared out to a cluster."""
    return _CLIENT.get() is not None


def map_parts(work: Callable[..., Any], shared: Any, parts: Iterable[tuple[Any, ...]], n_jobs: int) -> Iterator[Any]:
    """Yield `work(shared, *part)` for each part, in their order. A single job is done in this process.

    `shared` goes to each process once. When a worker of a cluster dies, its part is computed again.
    Raises `ClusterLost` if no result comes back any more.
    """
    client = _CLIENT.get()
    if n_jobs == 1:
        yield from (work(shared, *part) for part in parts)
    elif client is None:
        yield from Parallel(n_jobs=n_jobs, return_as="generator")(delayed(work)(shared, *part) for part in parts)
    else:
        yield from _on_workers(client, work, shared, parts)


def _on_workers(client: Any, work: Callable[..., Any], shared: Any, parts: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    # The result of a task is computed again if the worker that holds it dies. Scattered data, joblib's own too, is lost with
    # the worker, and scattering to all workers waits for ever for one that dies meanwhile. joblib scatters no tuples.
    future = client.submit(_identity, shared, pure=False)
    with parallel_config(backend=_backend(client)):
        run = Parallel(return_as="generator", timeout=SECONDS)
    try:
        yield from run(delayed(_apply)(work, future, part) for part in parts)
    except TimeoutError:
        hint = "Are its workers running, and have they enough memory? Without --dask the same is done on this machine."
        raise ClusterLost(f"The cluster has returned nothing for {SECONDS:.0f} s. {hint}") from None


def _backend(client: Any) -> Any:
    """Return joblib's Dask backend for at least two jobs: joblib would do a single one here, where `shared` is not held."""
    with parallel_config(backend="dask", client=client, wait_for_workers_timeout=WAIT):
        backend, _ = get_active_backend()
    n_threads = backend.effective_n_jobs
    backend.effective_n_jobs = lambda n_jobs: max(2, n_threads(n_jobs))
    return backend


def _identity(shared: Any) -> Any:
    return shared


def _apply(work: Callable[..., Any], shared: Any, part: tuple[Any, ...]) -> Any:
    return work(shared, *part)


@contextmanager
def cluster(address: str | None) -> Iterator[list[str]]:
    """Share out work to the workers of a Dask scheduler, named by address or scheduler file, and yield their addresses.

    Without an address work stays on this machine. Raises `BadSetting` if the optional packages are missing, nothing
    answers, or a worker would compute something else.
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
        command = "python -m pip install --require-hashes -r requirements-dask.txt"
        raise BadSetting(f"--dask needs packages that are not installed: {command}") from None
    is_file = "://" not in address and (Path(address).is_file() or Path(address).suffix == ".json")
    if is_file and not Path(address).is_file():
        raise BadSetting(f"There is no scheduler file {address}. Start one: dask scheduler --scheduler-file {address}")
    scheduler = {"scheduler_file" if is_file else "address": address}
    config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"})  # the matrix is part of it
    try:
        client = Client(**scheduler, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise BadSetting(f"No Dask scheduler answers at {address} ({error}). Start one: dask scheduler") from None
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError:
        client.close()
        raise BadSetting(f"The scheduler {address} has no worker. Start some: dask worker {address}") from None
    return client


def _check_versions(client: Any) -> list[str]:
    """Return the addresses of the workers; raise `BadSetting` for one that would compute something else."""

    def worker_versions() -> dict[str, str]:  # a local function is sent by value: the worker may lack this module
        try:
            from classifier.parallel.cluster import versions

            return versions()
        except ImportError:
            return {}

    local_versions = versions()
    versions_of: dict[str, dict[str, str]] = client.run(worker_versions)
    for worker, others in versions_of.items():
        if not others:
            raise BadSetting(f"Worker {worker} lacks the tagger. Start it in its folder, with its environment.")
        for name, local in local_versions.items():
            if others[name] != local:
                difference = f"{name} {others[name]}, this machine {local}"
                raise BadSetting(f"Worker {worker} has {difference}. Install the same on both.")
    return list(versions_of)


def versions() -> dict[str, str]:
    """Return the versions of what decides the figures of a model."""
    return {"python": platform.python_version(), "tagger": __version__, **{name: version(name) for name in SAME}}
