"""Load one model version and say how long that took: `python -m benchmarks.loaded FOLDER [--hold]`; FOLDER `-` loads none.

With `--hold` all weights are read and the process waits for a line, so that its memory can be looked at.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from classifier.domain.articles import Article
from classifier.model.files import load_model
from classifier.model.weights import SparseWeights

ARTICLE = Article(id="a-1", title="A first article", body="Words of no importance stand here, a hundred times. " * 10)


def main() -> None:
    """Load, use once, and print the figures."""
    folder, hold = sys.argv[1], "--hold" in sys.argv[2:]
    figures = {}
    if folder != "-":
        began = time.perf_counter()
        model = load_model(Path(folder))
        loaded = time.perf_counter()
        model.suggest(ARTICLE)
        used = time.perf_counter()
        figures = {"load_seconds": loaded - began, "first_suggestion_ms": (used - loaded) * 1000}
        if hold:
            weights = model.parameters.weights
            arrays = [weights.columns, weights.values] if isinstance(weights, SparseWeights) else [weights]
            figures["sum"] = sum(
                float(array[row : row + 1000].sum(dtype=np.float64))
                for array in arrays
                for row in range(0, len(array), 1000)
            )
    print(json.dumps(figures), flush=True)
    if hold:
        sys.stdin.readline()


if __name__ == "__main__":
    main()
