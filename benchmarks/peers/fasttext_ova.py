"""fastText, supervised, loss one-vs-all, 50 epochs; a tag is suggested from a probability of one half.

The text is given as its words in lower case: better here than with punctuation set apart, as fastText's tutorial does.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import fasttext
from harness import Ranking, main

LABEL = "__label__"
EPOCHS = 50
_WORD = re.compile(r"\w+")


def prepared(text: str) -> str:
    """Return one line of words."""
    return " ".join(_WORD.findall(text.lower()))


class FastText:
    """fastText with sigmoids: its scores are probabilities."""

    packages = ("fasttext-wheel", "numpy")
    ranks = False

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], folder: Path) -> None:
        """Write the training file and train on all cores."""
        path = folder.parent / "fasttext-train.txt"
        with path.open("w", encoding="utf-8") as lines:
            for text, own in zip(texts, tags, strict=True):
                lines.write(" ".join([*(f"{LABEL}{tag}" for tag in own), prepared(text)]) + "\n")
        self._model = fasttext.train_supervised(
            str(path), loss="ova", epoch=EPOCHS, thread=os.cpu_count(), seed=0, verbose=0
        )

    def save(self, folder: Path) -> None:
        """Save fastText's own file."""
        self._model.save_model(str(folder / "model.bin"))

    def load(self, folder: Path) -> None:
        """Load it."""
        self._model = fasttext.load_model(str(folder / "model.bin"))

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the tags with a probability of at least one half."""
        labels, scores = self._model.predict([prepared(text) for text in texts], k=-1, threshold=0.5)
        return [
            [(label.removeprefix(LABEL), min(1.0, float(score))) for label, score in zip(*row, strict=True)]
            for row in zip(labels, scores, strict=True)
        ]


if __name__ == "__main__":
    main(lambda _: FastText())
