"""Annif with its tfidf or its omikuji backend, defaults. It ranks; the cut is learned, as `annif optimize` would."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import Ranking, main

URI = "http://example.org/"
PROJECT = "bench"
CONFIG = """[{project}]
name=benchmark
language=en
backend={backend}
analyzer=snowball(english)
vocab=tags
limit=20
"""


class Annif:
    """An Annif project in a folder."""

    packages = ("annif", "scikit-learn", "numpy")
    ranks = True

    def __init__(self, variant: str) -> None:
        self._backend = variant
        self._apps: list[Any] = []  # Annif keys its projects by id(registry): one that is freed would be found again

    def fit(self, texts: Sequence[str], tags: Sequence[list[str]], folder: Path) -> None:
        """Load the vocabulary and train the project, afresh: an earlier vocabulary would leave its numbers behind."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("projects", "vocabs"):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / "projects.cfg").write_text(CONFIG.format(project=PROJECT, backend=self._backend), encoding="utf-8")
        vocabulary = folder / "tags.tsv"
        every = sorted({tag for own in tags for tag in own})
        vocabulary.write_text("".join(f"<{URI}{tag}>\t{tag}\n" for tag in every), encoding="utf-8")
        documents = folder.parent / "annif-train.tsv"
        with documents.open("w", encoding="utf-8") as lines:
            for text, own in zip(texts, tags, strict=True):
                lines.write(f"{' '.join(text.split())}\t{' '.join(f'<{URI}{tag}>' for tag in own)}\n")
        self.load(folder)
        with self._app.app_context():
            from annif.corpus import DocumentFileTSV
            from annif.vocab import VocabFileTSV

            self._project.vocab.load_vocabulary(VocabFileTSV(str(vocabulary), "en"), force=True)
            self._project.train(DocumentFileTSV(str(documents), self._project.subjects))

    def save(self, folder: Path) -> None:
        """Training saved it already."""

    def load(self, folder: Path) -> None:
        """Open the project of a folder."""
        os.environ["ANNIF_PROJECTS"] = str(folder / "projects.cfg")
        os.environ["ANNIF_DATADIR"] = str(folder)
        import annif
        import annif.registry

        self._app: Any = annif.create_flask_app("annif.default_config.Config")
        self._apps.append(self._app)
        self._app.config["PROJECTS_CONFIG_PATH"] = str(folder / "projects.cfg")
        self._app.config["DATADIR"] = str(folder)
        with self._app.app_context():
            self._project = annif.registry.get_project(PROJECT)
            if (folder / "projects" / PROJECT).is_dir():
                self._project.initialize()

    def suggest(self, texts: Sequence[str]) -> list[Ranking]:
        """Return the best tags of each text."""
        from annif.corpus import Document

        with self._app.app_context():
            batch = self._project.suggest([Document(text=text) for text in texts])
            subjects = self._project.subjects
            return [
                sorted(
                    ((subjects[one.subject_id].uri.removeprefix(URI), float(one.score)) for one in row),
                    key=lambda pair: -pair[1],
                )
                for row in batch
            ]


if __name__ == "__main__":
    main(Annif, ("tfidf", "omikuji"))
