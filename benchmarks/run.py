"""Measure quality, cost and speed on the evaluation data, beside a plain scikit-learn baseline, in one run.

    python -m benchmarks.run [--data DIR] [--corpora NAME …] [--output FILE]

Prints Markdown tables. Times are of this machine and noisy; the ratios within a run are what to read.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from classifier import evaluation
from classifier.archive import evaluate, write_suggestions
from classifier.articles import Article, read_articles
from classifier.examples import labels_of
from classifier.fitting import fit, untracked
from classifier.registry import Registry
from classifier.taxonomy import taxonomy_of

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data"))
N_REQUESTS = 600
N_CLIENTS = 4


def main() -> None:
    """Run all measurements and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder of corpora, each with train and test.jsonl.gz (%(default)s)"
    )
    parser.add_argument("--corpora", nargs="*", help="names of folders there (all that have a train and a test part)")
    parser.add_argument("--output", type=Path, help="also write the tables to this file")
    options = parser.parse_args()
    corpora = options.corpora or sorted(p.parent.name for p in options.data.glob("*/train.jsonl.gz"))
    if not corpora:
        sys.exit(f"no corpora in {options.data}; each is a folder with train.jsonl.gz and test.jsonl.gz")
    with tempfile.TemporaryDirectory() as folder:
        tables = [machine(), *(quality(options.data / name, Path(folder)) for name in corpora), speed(Path(folder))]
    text = "\n\n".join(tables) + "\n"
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


def machine() -> str:
    """Return what was measured on, and with."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn", "flask", "gunicorn"))
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {libraries}, {time.strftime('%Y-%m-%d')}"


def table(title: str, head: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table."""
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def quality(corpus: Path, folder: Path) -> str:
    """Train on the training part, look at the test part once, and do the same with scikit-learn's defaults."""
    train, test = (list(read_articles([corpus / f"{part}.jsonl.gz"])) for part in ("train", "test"))
    began = time.perf_counter()
    fitted = fit(train)
    ours_seconds = time.perf_counter() - began
    registry = Registry(folder / corpus.name)
    registry.promote(registry.save(fitted.model), "benchmark", "fitted")
    model = registry.load_champion()
    report = evaluate(model, test, untracked)
    began = time.perf_counter()
    write_suggestions(model, [corpus / "test.jsonl.gz"], folder / "out.jsonl", None, untracked)
    rate = len(test) / (time.perf_counter() - began)
    baseline, baseline_seconds = sklearn_defaults(train, test)
    size = sum(f.stat().st_size for f in (registry.folder / model.version).iterdir()) / 1e6
    n_auto = sum(row["auto"] for row in fitted.card["tags"])
    low, high = report["micro_f1_interval"]
    rows = [
        [
            "scikit-learn OneVsRest(LinearSVC)",
            f"{baseline[0]:.3f}",
            f"{baseline[1]:.3f}",
            "–",
            f"{baseline_seconds:.0f}",
            "–",
            "–",
        ],
        [
            "article tagger",
            f"{report['micro_f1']:.3f} ({low:.3f}–{high:.3f})",
            f"{report['macro_f1']:.3f}",
            f"{report['calibration_error']:.3f}",
            f"{ours_seconds:.0f}",
            f"{rate:.0f}",
            f"{size:.0f}",
        ],
    ]
    head = ["system", "micro-F1", "macro-F1", "calibration error", "training s", "articles/s", "model MB"]
    return table(f"{corpus.name}: {len(train)} train, {len(test)} test, {n_auto} tags earn the auto band", head, rows)


def sklearn_defaults(train: list[Article], test: list[Article]) -> tuple[tuple[float, float], float]:
    """Return (micro-F1, macro-F1) and the seconds of training of the plain baseline."""
    taxonomy = taxonomy_of(tag for article in (*train, *test) for tag in article.tags or ())
    text = [f"{a.title}\n{a.body}" for a in train], [f"{a.title}\n{a.body}" for a in test]
    known = np.flatnonzero((labels_of(train, taxonomy) == 1).any(axis=0))
    began = time.perf_counter()
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2)
    classifier = OneVsRestClassifier(LinearSVC(random_state=0), n_jobs=-1)
    classifier.fit(vectorizer.fit_transform(text[0]), labels_of(train, taxonomy)[:, known] == 1)
    seconds = time.perf_counter() - began
    labels = labels_of(test, taxonomy)
    suggested = np.zeros(labels.shape, dtype=bool)
    suggested[:, known] = classifier.predict(vectorizer.transform(text[1])).astype(bool)
    return (evaluation.micro_f1(suggested, labels), evaluation.macro_f1(suggested, labels)), seconds


def speed(folder: Path) -> str:
    """Return requests a second of the service and of a no-op under the same server."""
    starter = ROOT / "training_data"
    from classifier.taxonomy import read_taxonomy

    began = time.perf_counter()
    fitted = fit(
        list(read_articles(sorted((starter / "articles").glob("*.jsonl")))), read_taxonomy(starter / "taxonomy.yaml")
    )
    seconds = time.perf_counter() - began
    registry = Registry(folder / "starter")
    registry.promote(registry.save(fitted.model), "benchmark", "fitted")
    body = json.dumps({"title": "Kabul mosque bombing claimed by ISKP", "body": long_text()}).encode()
    measured = {}
    for name, app in (
        ("no-op Flask endpoint", "benchmarks.noop:create_app()"),
        ("POST /v1/suggest, with evidence", "service:create_app()"),
    ):
        with served(app, registry.folder, folder) as port:
            measured[name] = load(port, body)
    base = measured["no-op Flask endpoint"][0]
    rows = [
        [name, f"{rate:.0f}", f"{p50:.1f}", f"{p95:.1f}", f"{rate / base:.2f}"]
        for name, (rate, p50, p95) in measured.items()
    ]
    title = f"Service: {len(body) / 1000:.1f} kB article, {fitted.card['n_tags']} tags, {N_CLIENTS} clients (starter model trained in {seconds:.0f} s)"
    return table(title, ["endpoint", "requests/s", "p50 ms", "p95 ms", "ratio"], rows)


def long_text() -> str:
    """Return about four kilobytes of the starter articles."""
    articles = read_articles([ROOT / "training_data" / "articles" / "islamic-state.jsonl"])
    return "\n\n".join(article.body for article in articles)[:4000]


@contextmanager
def served(app: str, models: Path, folder: Path) -> Iterator[int]:
    """Serve an app with gunicorn on a free port, as `serve` does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "TAGGER_MODELS": str(models),
        "TAGGER_DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        app,
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
        "--worker-class",
        "gthread",
        "--threads",
        "32",
        "--no-control-socket",
        "--log-level",
        "error",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def load(port: int, body: bytes) -> tuple[float, float, float]:
    """Send requests from a few clients; return requests a second and the p50 and p95 latency in ms."""
    latencies: list[float] = []

    def client(n: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(n):
            began = time.perf_counter()
            connection.request("POST", "/v1/suggest", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}")
            latencies.append(time.perf_counter() - began)

    client(50)
    latencies.clear()
    threads = [threading.Thread(target=client, args=(N_REQUESTS // N_CLIENTS,)) for _ in range(N_CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    ordered = sorted(latencies)
    return len(latencies) / seconds, statistics.median(ordered) * 1000, ordered[int(0.95 * len(ordered))] * 1000


if __name__ == "__main__":
    main()
