"""Load one model version and say how long that took: `python -m benchmarks.loaded FOLDER`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from classifier.domain.articles import Article
from classifier.model.files import load_model

ARTICLE = Article(
    id="a-1", title="A first article", body="The words of it have no importance, and stand here for now. " * 10
)


def main() -> None:
    """Load, use once, and print the figures: seconds of wall and CPU time."""
    began, cpu = time.perf_counter(), time.process_time()
    model = load_model(Path(sys.argv[1]))
    loaded, loaded_cpu = time.perf_counter(), time.process_time()
    model.suggest(ARTICLE)
    figures = {
        "load_seconds": loaded - began,
        "load_cpu_seconds": loaded_cpu - cpu,
        "first_suggestion_ms": (time.perf_counter() - loaded) * 1000,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
