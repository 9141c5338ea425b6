"""Work on chunks of articles shared out to the processors of this machine, with results in order."""

import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeVar

from classifier.errors import TaggerError

COPIES_ARE_SAFE = sys.platform == "linux"  # macOS has libraries that do not survive it, Windows has no copies
LARGE = 1_000_000  # bytes of text from which on all processors are worth their start
PACKED = 3  # how many times as large a packed file is when it is not
SECONDS = 600.0  # for one chunk, past which its process hangs
_T = TypeVar("_T")
_R = TypeVar("_R")


class ProcessLost(TaggerError):
    """A process that judges articles ended or hangs."""


def map_chunks(work: Callable[[_T], _R], chunks: Iterable[_T], n_jobs: int) -> Iterator[_R]:
    """Yield the result of `work` for each chunk, in their order. Raises `ProcessLost` if a process ends or hangs."""
    if n_jobs == 1:
        yield from map(work, chunks)
        return
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, delayed

    shared = Parallel(n_jobs=n_jobs, return_as="generator", batch_size=1, timeout=SECONDS)
    try:
        yield from shared(delayed(_with_parent)(os.getpid(), work, chunk) for chunk in chunks)
    except (BrokenProcessPool, TimeoutError) as error:
        raise _lost(error) from None


def _lost(error: Exception) -> ProcessLost:
    return ProcessLost(f"A process that judges articles was lost ({type(error).__name__}). Is there enough memory?")


def map_chunks_in_copies(work: Callable[[_T], _R], chunks: Callable[[], Iterable[_T]], n_jobs: int) -> Iterator[_R]:
    """Yield the result of `work` for each chunk, in their order, from processes that start as copies of this one.

    Copies share what this process has loaded. New processes would first load Python, numpy and the model. Each copy
    goes through all chunks and works on every n-th, so only results are sent. Copies inherit open files: a caller that
    holds a lock on a file would hold it until they end. Only Linux copies processes safely. Raises `ProcessLost` if a
    process ends (memory?) or hangs.
    """
    if n_jobs != 1 and not _is_worker_of_pool():
        from joblib import effective_n_jobs

        n_jobs = effective_n_jobs(n_jobs)
    else:
        n_jobs = 1
    if n_jobs == 1 or not COPIES_ARE_SAFE:
        yield from map_chunks(work, chunks(), n_jobs)
        return
    with _copies(work, chunks, n_jobs) as results:
        for result in cycle(results):
            outcome = _received(result)
            if outcome is None:
                return
            yield outcome[0]


@contextmanager
def beside(work: Callable[[], _R]) -> Iterator[Callable[[], _R]]:
    """Begin work in a copy of this process, and yield a function that waits for its result.

    Where there can be no copies the function does the work.
    """
    if not COPIES_ARE_SAFE or _is_worker_of_pool():
        yield work
        return
    with _copies(lambda _: work(), lambda: [None], 1) as (result,):
        yield lambda: _received(result)[0]


def _is_worker_of_pool() -> bool:
    """Whether this process is one that may start no others."""
    return multiprocessing.current_process().daemon


@contextmanager
def _copies(work: Callable[[_T], _R], chunks: Callable[[], Iterable[_T]], n: int) -> Iterator[list[Any]]:
    """Start copies of this process, yield where their results arrive, and end them."""
    from threadpoolctl import threadpool_limits

    context = multiprocessing.get_context("fork")
    copies, results = [], []
    # Before they begin, and until they end: whoever sets it starts OpenBLAS's threads anew, which spin for a while.
    one_thread = threadpool_limits(1)
    try:
        for number in range(n):
            result, sender = context.Pipe(duplex=False)
            results.append(result)
            process = context.Process(target=_copy, args=(work, chunks, number, n, sender, os.getpid()))
            process.start()
            copies.append(process)
            sender.close()  # the end of the process is the end of what can be received
        yield results
    finally:
        for process in copies:
            process.kill()
            process.join()
        one_thread.restore_original_limits()


def _received(result: Any) -> Any:
    try:
        if not result.poll(SECONDS):
            raise _lost(TimeoutError())
        return result.recv()
    except (EOFError, OSError) as error:  # the end of a process, between its results or within one
        raise _lost(error) from None


def _copy(
    work: Callable[[_T], _R], chunks: Callable[[], Iterable[_T]], number: int, n: int, sender: Any, parent: int
) -> None:
    """Work as one of `n` copies of a process on every n-th chunk. Send each result, and None at the end."""
    gc.freeze()  # the collector would write to all that the copies share, and could close what is not theirs
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    _end_with(parent)
    for chunk in islice(chunks(), number, None, n):
        sender.send((work(chunk),))
    sender.send(None)


def _with_parent(parent: int, work: Callable[[_T], _R], chunk: _T) -> _R:
    """Work on a chunk in a process that does not outlive its parent."""
    _end_with(parent)
    return work(chunk)


@lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """End this process when its parent is gone. joblib's processes would keep their memory for five more minutes.

    A process that was started by another program (a worker of a cluster) goes on.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    if os.getppid() == parent:
        threading.Thread(target=watch, daemon=True).start()


def worth_sharing(files: Iterable[Path]) -> bool:
    """Whether files are so large that all processors are worth their start."""
    sizes = (path.stat().st_size * (PACKED if path.suffix == ".gz" else 1) for path in files if path.is_file())
    return sum(sizes) >= LARGE
