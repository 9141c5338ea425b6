"""What gunicorn calls; named to it by `serve`."""

from __future__ import annotations

import os
import shutil
from typing import Any


def on_exit(_server: Any) -> None:
    """Remove the counters of the workers, which lie in memory; the next start makes its own."""
    shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
