"""LibMultiLabel's linear methods (one-vs-rest, thresholding, cost-sensitive) on its own TF-IDF defaults."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from harness import Ranking, main, positives
from libmultilabel import linear

VARIANTS = ("1vsrest", "thresholding", "cost_sensitive")
SEED = 1337  # LibMultiLabel's own default


class LibMultiLabel:
    """A `train_…` function of `libmultilabel.linear`; suggested above 0."""

    packages = ("libmultilabel", "liblinear-multicore", "scipy", "numpy")
    ranks = False

    def __init__(self, variant: str) -> None:
        self._train = getattr(linear, f"train_{variant}")

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], _folder: Path) -> None:
        """Fit preprocessor and model."""
        np.random.seed(SEED)
        dataset = {"data_format": "txt", "train": {"x": list(texts), "y": list(tags)}}
        self._preprocessor = linear.Preprocessor()
        part = self._preprocessor.fit(dataset).transform(dataset)["train"]
        self._model = self._train(part["y"], part["x"], verbose=False)

    def save(self, folder: Path) -> None:
        """Dump both."""
        # As its own `save_pipeline`; joblib would turn its matrices into arrays, which it cannot multiply.
        (folder / "model.pickle").write_bytes(pickle.dumps((self._preprocessor, self._model)))

    def load(self, folder: Path) -> None:
        """Load both."""
        self._preprocessor, self._model = pickle.loads((folder / "model.pickle").read_bytes())

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the tags with a positive decision value."""
        return positives(self._preprocessor.label_mapping, self._decision(texts))

    def _decision(self, texts: Sequence[str]) -> Any:
        return linear.predict_values(self._model, self._preprocessor.vectorizer.transform(texts))


if __name__ == "__main__":
    main(LibMultiLabel, VARIANTS)
