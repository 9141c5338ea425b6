"""Omikuji: label trees as Parabel or Bonsai build them, defaults, on TF-IDF. It ranks; the cut is learned."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import joblib
import omikuji
from harness import Ranking, main
from sklearn.feature_extraction.text import TfidfVectorizer

TOP = 20


class Omikuji:
    """An Omikuji model over scikit-learn's TF-IDF."""

    packages = ("omikuji", "scikit-learn", "numpy")
    ranks = True

    def __init__(self, variant: str) -> None:
        self._settings = omikuji.Model.default_hyper_param()
        if variant == "bonsai":  # as Omikuji's documentation has it
            self._settings.cluster_balanced = False
            self._settings.cluster_k = 100

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], folder: Path) -> None:
        """Write the training file in Omikuji's form and train on all cores."""
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype="float32")
        X = self._vectorizer.fit_transform(texts)
        self._tags = sorted({tag for own in tags for tag in own})
        column = {tag: number for number, tag in enumerate(self._tags)}
        path = folder.parent / "omikuji-train.txt"
        with path.open("w", encoding="utf-8") as lines:
            lines.write(f"{X.shape[0]} {X.shape[1]} {len(self._tags)}\n")
            for row, own in zip(X, tags, strict=True):
                features = " ".join(f"{i}:{v:.6g}" for i, v in zip(row.indices, row.data, strict=True))
                lines.write(f"{','.join(str(column[tag]) for tag in own)} {features}\n")
        self._model = omikuji.Model.train_on_data(str(path), self._settings)

    def save(self, folder: Path) -> None:
        """Save both parts."""
        shutil.rmtree(folder / "omikuji", ignore_errors=True)
        self._model.save(str(folder / "omikuji"))
        joblib.dump((self._vectorizer, self._tags), folder / "features.joblib")

    def load(self, folder: Path) -> None:
        """Load both parts."""
        self._model = omikuji.Model.load(str(folder / "omikuji"))
        self._vectorizer, self._tags = joblib.load(folder / "features.joblib")

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the best tags of each text."""
        X = self._vectorizer.transform(texts)
        rankings = []
        for row in X:
            pairs = list(zip(row.indices.tolist(), row.data.tolist(), strict=True))
            best = self._model.predict(pairs, top_k=TOP) if pairs else []
            rankings.append([(self._tags[number], float(score)) for number, score in best])
        return rankings


if __name__ == "__main__":
    main(Omikuji, ("parabel", "bonsai"))
