"""Commands that the service runs in processes of their own, so that requests keep their time and memory."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
    process = subprocess.run(  # noqa: S603
        [*_NICE, sys.executable, "-m", "classifier", *arguments],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode in (0, BUSY):
        return None
    last_line = process.stderr.strip().rpartition("\n")[2]
    return last_line[:300] if last_line.startswith("error: ") else f"{arguments[0]} ended with {process.returncode}"
