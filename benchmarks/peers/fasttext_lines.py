"""fastText's `predict` alone, from prepared lines in one file to labels in another: the rate that is usually quoted.

`prepare ARTICLES LINES` writes the lines; `predict LINES OUTPUT MODEL` reads them, predicts, and prints the figures.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import fasttext
from fasttext_ova import prepared
from harness import read


def prepare(articles: Path, lines: Path) -> None:
    """Write one prepared line for each article."""
    lines.write_text("".join(prepared(article.text) + "\n" for article in read(articles)), encoding="utf-8")


def predict(source: Path, output: Path, model: Path) -> None:
    """Write the labels of each line."""
    began = time.perf_counter()
    loaded = fasttext.load_model(str(model))
    load_seconds = time.perf_counter() - began
    began = time.perf_counter()
    lines = source.read_text(encoding="utf-8").split("\n")[:-1]
    labels, _ = loaded.predict(lines, k=-1, threshold=0.5)
    output.write_text("".join(" ".join(row) + "\n" for row in labels), encoding="utf-8")
    seconds = time.perf_counter() - began
    print(json.dumps({"load_seconds": load_seconds, "suggest_seconds": seconds, "n_articles": len(lines)}))


if __name__ == "__main__":
    {"prepare": prepare, "predict": predict}[sys.argv[1]](*map(Path, sys.argv[2:]))
