"""Any text is read, judged and explained without a fault; every quoted place is right; a stored text breaks no batch job."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.commands import main
from classifier.domain.articles import Article, record_of
from classifier.model.files import save_model
from classifier.model.tag_model import TagModel
from classifier.serving.registry import Registry
from classifier.store.database.opening import open_store
from classifier.training.fitting import Fitted
from tests.conftest import ROOT, STARTER
from tests.fuzzing import PIECES, article_of, check, seeds
from tests.hard import size, told
from tests.hostile import HOSTILE
from tests.storing import put_article
from tests.test_words import ANY_TEXT

PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"  # made by `make test-hard`: the product with the fuzzer beside it
SECONDS = int(os.environ.get("TAGGER_TEST_FUZZ_SECONDS", "600"))
ROUND = 120  # seconds of a process: Atheris keeps 50 kB for each text that it tries
FORGED = b"hISKP in Kabul\n<p>a &#x000e000;99999999&#x000e001; b</p>"  # private-use characters, as marks may be made of

needs_fuzzer = pytest.mark.skipif(os.environ.get("TAGGER_TEST_NEEDS") != "fuzz", reason="needs Atheris: make test-hard")


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


@pytest.mark.parametrize("body_format", ["text", "html"])
def test_all_that_is_promised_of_slices_holds_for_hostile_texts(model: TagModel, body_format: str) -> None:
    for make in HOSTILE.values():
        check(model, f"{body_format[0]}ISKP\nISKP bombs Kabul. {make(300)} Taliban in Kabul".encode("utf-8", "replace"))


@given(kind=st.sampled_from("ht"), text=st.lists(st.sampled_from(PIECES) | ANY_TEXT, max_size=25).map("".join))
def test_all_that_is_promised_of_slices_holds_for_any_text(model: TagModel, kind: str, text: str) -> None:
    check(model, f"{kind}{text}".encode("utf-8", "replace"))


# --- stored texts and batch jobs --------------------------------------------------------------------------------


def stored(folder: Path, articles: Iterable[Article]) -> tuple[Path, str]:
    """Return a file and a store of articles with new ids; half of them carry a tag. NUL is a blank, as at every door."""
    file, url = folder / "articles.jsonl", f"sqlite:///{folder / 'tagger.db'}"
    store = open_store(url)
    with file.open("w", encoding="utf-8") as lines:
        for number, article in enumerate(articles):
            sent = replace(
                article,
                id=f"f-{number}",
                title=article.title.replace("\0", " "),
                body=article.body.replace("\0", " "),
                tags=("iskp",) if number % 2 else (),
                published_at=f"2024-{number % 12 + 1:02}-01",
            )
            lines.write(json.dumps(record_of(sent)) + "\n")
            put_article(store, sent, "cms")
    store.close()
    return file, url


def run_jobs(folder: Path, articles: Iterable[Article], registry: Registry, retrains: bool) -> int:
    """Run batch jobs over articles, assert that none breaks, and return how many there were."""
    file, url = stored(folder, articles)
    models = ["--models", str(registry.folder)]
    jobs = [
        ["suggest", *models, "--articles", str(file), "--output", str(folder / "suggestions.jsonl")],
        ["data-report", "--articles", str(file), str(STARTER / "articles" / "south-asia.jsonl")],
        ["drift-report", *models, "--database", url, "--today", "2024-12-31", "--weeks", "53"],
        ["archive", "run", *models, "--database", url],
        ["desk-report", *models, "--database", url],
        *[["retrain", *models, "--database", url]] * retrains,
    ]
    assert [job[0] for job in jobs if main(job) != 0] == []
    return len(jobs)


@pytest.mark.slow
def test_stored_hostile_texts_break_no_batch_job(registry: Registry, tmp_path: Path) -> None:
    articles = [article_of(data) for data in (FORGED, *seeds()[:: size(4, 1)])]
    run_jobs(tmp_path, articles, registry, retrains=size(False, True))


# --- the fuzzer -------------------------------------------------------------------------------------------------


def fuzz(version: Path, corpus: Path, seconds: int) -> int:
    """Let the fuzzer add to its corpus for some seconds, assert that it finds nothing, and return how often it tried."""
    command = [PYTHON, "-m", "tests.fuzz", version, corpus, "--seconds", str(seconds)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    log = run.stderr.splitlines()
    assert run.returncode == 0, "\n".join(log[-40:])
    return next(int(line.split()[-1]) for line in log if "number_of_executed_units" in line)


@needs_fuzzer
def test_fuzzer_finds_nothing_and_what_it_made_breaks_no_batch_job(
    fitted: Fitted, registry: Registry, tmp_path: Path
) -> None:
    version, corpus = tmp_path / "version", tmp_path / "fuzz" / "corpus"
    save_model(fitted.model, version)
    n_runs = sum(fuzz(version, corpus, min(ROUND, SECONDS - begun)) for begun in range(0, SECONDS, ROUND))
    articles = [article_of(path.read_bytes()) for path in sorted(corpus.iterdir())]
    n_jobs = run_jobs(tmp_path, articles, registry, retrains=True)
    told(
        "texts that a fuzzer made", f"{n_runs:,}", 0, f"{len(articles)} of them stored, {n_jobs} batch jobs over these"
    )
