"""What the service does beside its requests: commands in processes of their own, and work of a thread again and again."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from classifier.errors import Busy, NoModel, TaggerError
from classifier.store.database.engine import absolute_url
from classifier.store.store import Store

BUSY = 3  # exit code of a command that somebody else is at
_NICE = ["nice", "-n", "10"] if shutil.which("nice") else []
_ROOT = Path(__file__).parents[2]


def run_beside(store: Store, models: Path, *arguments: str) -> str | None:
    """Run a command on a store and a folder of models, and return its error, or None.

    Only error messages of the command itself are returned: a traceback may quote an article.
    """
    settings = {
        "TAGGER_DATABASE_URL": absolute_url(store.engine.url.render_as_string(hide_password=False)),
        "TAGGER_MODELS": str(models.absolute()),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH")))),
    }
    with tempfile.TemporaryFile("w+", errors="replace") as errors:  # no pipe: the command may outlive this process
        process = subprocess.run(  # noqa: S603
            [*_NICE, sys.executable, "-m", "classifier", *arguments],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            check=False,
        )
        errors.seek(0)
        if process.returncode in (0, BUSY):
            return None
        last_line = errors.read().strip().rpartition("\n")[2]
    return last_line[:300] if last_line.startswith("error: ") else f"{arguments[0]} ended with {process.returncode}"


def begin_beside(store: Store, models: Path, what: str, seconds: float, *arguments: str) -> bool:
    """Have a command make something in a process of its own, unless that was begun within some seconds.

    Return whether it was begun now. A failure is logged as `not_made`.
    """

    def run() -> None:
        reason = run_beside(store, models, *arguments)
        if reason is not None:
            structlog.get_logger().warning("not_made", what=what, reason=reason)

    is_first = store.counters.hit(what, seconds).n == 1
    if is_first:
        threading.Thread(target=run, name=f"make the {what}", daemon=True).start()
    return is_first


def repeat(name: str, seconds: float, work: Callable[[], object], failed: str) -> None:
    """Work every few seconds from now on, in a thread of its own. A failure is logged as the event `failed`."""

    def run() -> None:
        chance = random.Random()  # noqa: S311 - so that processes take turns
        while True:
            time.sleep(seconds * chance.uniform(0.5, 1.5))
            try:
                work()
            except (NoModel, Busy):
                continue
            except Exception as error:  # noqa: BLE001 - what is wrong now may be right in some seconds
                reason = str(error) if isinstance(error, TaggerError) else type(error).__name__
                structlog.get_logger().warning(failed, reason=reason)

    threading.Thread(target=run, name=name, daemon=True).start()
