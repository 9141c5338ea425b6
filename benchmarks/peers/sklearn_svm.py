"""scikit-learn as a tutorial has it: TF-IDF and OneVsRest(LinearSVC) with their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import joblib
from harness import Ranking, main, positives
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer
from sklearn.svm import LinearSVC


class SklearnSVM:
    """TF-IDF, one linear SVM per tag, suggested above 0."""

    packages = ("scikit-learn", "scipy", "numpy")
    ranks = False

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], _folder: Path) -> None:
        """Fit vectorizer, binarizer and classifier."""
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
        self._binarizer = MultiLabelBinarizer()
        self._classifier = OneVsRestClassifier(LinearSVC(random_state=0), n_jobs=-1)
        self._classifier.fit(self._vectorizer.fit_transform(texts), self._binarizer.fit_transform(tags))

    def save(self, folder: Path) -> None:
        """Dump the three."""
        joblib.dump((self._vectorizer, self._binarizer, self._classifier), folder / "model.joblib")

    def load(self, folder: Path) -> None:
        """Load the three."""
        self._vectorizer, self._binarizer, self._classifier = joblib.load(folder / "model.joblib")

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the tags with a positive decision value."""
        decision = self._classifier.decision_function(self._vectorizer.transform(texts))
        return positives(self._binarizer.classes_, decision)


if __name__ == "__main__":
    main(lambda _: SklearnSVM())
