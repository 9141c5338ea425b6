"""Hostile texts in every batch command that reads articles: all are read, and CPU time grows with them and no faster."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from classifier.commands import main
from classifier.domain.articles import Article, record_of
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.parallel import processes
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings
from tests.hard import HARD, size
from tests.hostile import HOSTILE, assert_linear
from tests.upgrades.record import TAXONOMY, archive

N = size(200_000, 8_000_000)  # characters of all texts together
N_EACH = 1_000_000  # of one text alone; a file of a folder may have four megabytes
BETWEEN = "\x1e"


def all_texts(n: int) -> str:
    """Return every hostile text; each has its share of `n` characters."""
    return BETWEEN.join(make(n // len(HOSTILE)) for make in HOSTILE.values())


class Desk:
    """A desk that runs jobs over its own articles and hostile ones; each job finds everything as it was."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.numbers = folder, count()
        (folder / "taxonomy.yaml").write_text(TAXONOMY, "utf-8")
        registry = Registry(folder / "models")
        fitted = fit(archive()[:60], read_taxonomy(folder / "taxonomy.yaml"), FitSettings(n_jobs=1))
        registry.promote(registry.save(fitted.model), "tests", "trained")
        self.version = registry.versions()[0]
        store = open_store(f"sqlite:///{folder}/own.db")
        store.import_articles(archive(), "import")
        store.close()

    def run(self, *arguments: str | Path) -> Any:
        """Run a command and return the JSON that it prints; it has set nothing aside."""
        out, said = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(said):
            code = main([*map(str, arguments), "--json"])
        assert code == 0, said.getvalue()[-2000:]
        result = json.loads(out.getvalue())
        aside = result.get("set_aside", 0)
        assert not (aside if isinstance(aside, int) else aside["n"]), result
        return result

    def articles(self, text: str) -> list[Article]:
        """Return texts as articles, half of them with tags, in both formats."""
        return [
            Article(
                f"h-{number}",
                "h " + body[:1000].replace("\0", " "),
                body.replace("\0", " "),
                "html" if {"<", "&"} & set(body) else "text",
                ("taliban",) if number % 2 else (),
                published_at=f"2025-{number % 12 + 1:02}-01",
            )
            for number, body in enumerate(text.split(BETWEEN))
        ]

    def file(self, text: str, with_own: bool = False) -> Path:
        """Write the articles of a text, and the desk's own where a job needs them to learn from."""
        path = self.folder / "articles.jsonl"
        some = [*self.articles(text), *(archive() if with_own else ())]
        path.write_text("".join(json.dumps(record_of(one)) + "\n" for one in some), "utf-8")
        return path

    @property
    def store(self) -> tuple[str, str]:
        """The option that names a store of the desk's own articles, which nothing has changed."""
        path = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.folder / "own.db", path)
        return "--database", f"sqlite:///{path}"

    def stored(self, text: str) -> tuple[str, str]:
        """Store the articles of a text beside the desk's own, and return the option that names the store."""
        option, url = self.store
        store = open_store(url)
        store.import_articles(self.articles(text), "import")
        store.close()
        return option, url

    @property
    def models(self) -> tuple[str, str]:
        """The option that names the models, which nothing has changed."""
        path = self.folder / f"models-{next(self.numbers)}"
        shutil.copytree(self.folder / "models", path)
        return "--models", str(path)

    # --- jobs: each takes a text ---

    def import_lines(self, text: str) -> None:
        assert self.run("import", self.file(text), *self.store)["new"]

    def import_folder(self, text: str) -> None:
        folder = self.folder / f"folder-{next(self.numbers)}"
        folder.mkdir()
        for one in self.articles(text):
            suffix = "html" if one.body_format == "html" else "txt"
            (folder / f"{one.id}.{suffix}").write_text(f"h\n{one.body}", "utf-8", "replace")
        self.run("import", folder, *self.store)

    def suggest(self, text: str) -> None:
        assert self.run("suggest", *self.models, "--articles", self.file(text), "--output", self.folder / "out.jsonl")

    def evaluate(self, text: str) -> None:
        assert self.run("evaluate", *self.models, "--articles", self.file(text))["n_articles"]

    def compare(self, text: str) -> None:
        self.run("models", "compare", self.version, self.version, *self.models, "--articles", self.file(text))

    def archive_files(self, text: str) -> None:
        out = self.folder / "added.jsonl"
        self.run("archive", "run", *self.models, "--articles", self.file(text), "--output", out, "--band", "suggest")

    def archive_store(self, text: str) -> None:
        self.run("archive", "run", *self.models, *self.stored(text), "--band", "suggest")

    def archive_dry_run(self, text: str) -> None:
        self.run("archive", "dry-run", *self.models, *self.stored(text), "--output", self.folder / "dry")

    def drift_report(self, text: str) -> None:
        self.run("drift-report", *self.models, *self.stored(text), "--today", "2025-12-31", "--weeks", "53")

    def export_examples(self, text: str) -> None:
        self.run("export", "examples", *self.stored(text), "--output", self.folder / "examples.jsonl")

    def data_report(self, text: str) -> None:
        self.run(
            "data-report", "--articles", self.file(text, with_own=True), "--taxonomy", self.folder / "taxonomy.yaml"
        )

    def train(self, text: str) -> None:
        self.run("train", *self.models, "--articles", self.file(text, with_own=True))

    def retrain(self, text: str) -> None:
        done = self.run("retrain", *self.models, *self.stored(text))
        assert done["version"], done["reason"]


READERS = (
    Desk.import_lines,
    Desk.import_folder,
    Desk.suggest,
    Desk.evaluate,
    Desk.compare,
    Desk.archive_files,
    Desk.archive_store,
    Desk.archive_dry_run,
    Desk.drift_report,
    Desk.export_examples,
)
ALONE = (Desk.import_folder, Desk.archive_files, Desk.drift_report)  # the three ways of reading an article
LEARNERS = (Desk.data_report, Desk.train, Desk.retrain)
Job = Callable[[Desk, str], None]


def named(job: Job) -> str:
    return job.__name__


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "LARGE", float("inf"))  # work of other processes is not measured
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        yield Desk(tmp_path_factory.mktemp("hostile-jobs"))


@pytest.fixture(autouse=True)
def _tidy(desk: Desk) -> Iterator[None]:
    """Leave nothing of a job behind: of two megabytes a hundred times a disk is full."""
    yield
    for path in desk.folder.iterdir():
        if path.name[0].isdigit() or path.name.startswith(("models-", "folder-")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.slow
@pytest.mark.parametrize("job", READERS, ids=named)
def test_a_job_over_all_hostile_texts_is_linear_and_sets_none_aside(desk: Desk, job: Job) -> None:
    assert_linear(lambda text: job(desk, text), all_texts, N)


def test_the_title_of_a_page_with_many_attributes_is_found_in_linear_time(desk: Desk) -> None:
    assert_linear(desk.import_folder, HOSTILE["attributes"], 600_000)


@pytest.mark.slow
@pytest.mark.parametrize("job", LEARNERS, ids=named)
def test_a_model_learns_from_all_hostile_texts_in_linear_time_and_sets_none_aside(desk: Desk, job: Job) -> None:
    if HARD:
        assert_linear(lambda text: job(desk, text), all_texts, N)
    else:  # fitting takes far longer than texts of this size
        job(desk, all_texts(N))


if HARD:

    @pytest.mark.parametrize("name", HOSTILE)
    @pytest.mark.parametrize("job", ALONE, ids=named)
    def test_a_job_over_one_hostile_text_is_linear(desk: Desk, job: Job, name: str) -> None:
        assert_linear(lambda text: job(desk, text), HOSTILE[name], N_EACH)
