"""What requests cost as the store grows: `python -m benchmarks.growing --articles 1000 100000 1000000`.

For each number of articles a store is made, four decisions for each on the whole, and the same requests are sent to one process:
those of a CMS, of the queue, of probes, and the pages over all articles. Figures are milliseconds of CPU, that of SQLite included,
and of wall time. With `--postgres` the stores are on a PostgreSQL of their own, whose time is in the wall time alone. A request
whose CPU time grows by more than half from the first size to the last is marked. The bodies are short: 100,000 articles take
300 MB and a million takes 3 GB. The desk report is that of the first 10,000: its page shows what a job has made.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from benchmarks.pages import large_service
from benchmarks.processes import say
from benchmarks.run import machine, machine_line
from benchmarks.synthetic import starter_articles
from benchmarks.tables import table
from classifier.store.database.opening import open_store
from classifier.store.schema import metadata
from classifier.store.store import Store
from tests.postgres import fresh, running

SIZES = (1_000, 100_000, 1_000_000)
CHARACTERS = 200  # of a body
N_MADE = 10_000  # articles that are made one by one
FILLED = ("articles", "searched", "suggestion_sets", "impressions", "suggested", "decisions", "closings")
N_TIMES = 15
MAY_GROW = 1.5
FLOOR_MS = 0.3  # what two runs differ by anyhow
ARTICLE = "/v1/articles/a0000077"
QUEUE = "/v1/articles?limit=50&state=open&order="
PATHS = (
    ARTICLE,
    f"{ARTICLE}/decisions",
    f"{ARTICLE}/near",
    "/review",
    "/review/articles/a0000077",
    *(f"{QUEUE}{order}" for order in ("turns", "newest", "teach")),
    f"{QUEUE}turns&source=second-desk",
    f"{QUEUE}turns&tag=iskp",
    f"{QUEUE}teach&source=second-desk",
    f"{QUEUE}newest&q=convoy",
    f"{QUEUE}turns&q=a00000",
    f"{QUEUE}turns&q=iskp",
    "/v1/articles?limit=50&state=all&order=newest&q=convoy",
    "/v1/articles?limit=50&state=all&order=newest&q=nowhere+to+be+seen",
    "/review/bulk.json?tag=iskp",
    "/tags",
    "/tags/tag?id=iskp",
    "/report",
    "/health/live",
    "/health/ready",
    "/metrics",
)


class Cost(NamedTuple):
    """Milliseconds of a request: the least of CPU time, which other jobs lengthen, and the median of wall time."""

    cpu: float
    wall: float


def main() -> None:
    """Measure each size, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, nargs="+", default=SIZES, metavar="N", help="(%(default)s)")
    parser.add_argument("--folder", type=Path, help="where the stores are made (a temporary folder)")
    parser.add_argument("--postgres", action="store_true", help="on a PostgreSQL, which is started for it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    options = parser.parse_args()
    found = {}
    with running() if options.postgres else nullcontext() as server:
        for n_articles in options.articles:
            url = fresh(server.url, "template0") if server else ""
            found[n_articles] = measured(n_articles, options.folder, url)
            if options.json:
                options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(document(found))


def measured(n_articles: int, folder: Path | None = None, url: str = "") -> dict[str, Cost]:
    """Return what each request costs on a store of this size, in an empty database or, without one, in a file of SQLite."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="growing-") as made:
        began = time.process_time()
        n_made = min(n_articles, N_MADE)
        url = url or f"sqlite:///{made}/tagger.db"
        app, _ = large_service(Path(made), n_made, characters=CHARACTERS, url=url)
        with closing(open_store(url)) as store:
            copy_articles(store, n_made, n_articles)
        say(f"{n_articles:,} articles made in {time.process_time() - began:.0f} CPU seconds")
        cms, editor = app.test_client(), app.test_client()
        editor.post("/sign-in", data={"name": "ada"})
        return {name: cost(ask, expected) for name, ask, expected in requests(cms, editor)}


def copy_articles(store: Store, n_made: int, n_articles: int) -> None:
    """Copy the articles that were made one by one until there are so many, in a tenth of the time that making them takes."""
    for shift in range(n_made, n_articles, n_made):
        with store.engine.begin() as connection:
            for name in FILLED:
                is_file = store.engine.dialect.name == "sqlite"
                connection.exec_driver_sql(_copied(name, shift, min(n_made, n_articles - shift), is_file))
    if store.engine.dialect.name == "postgresql":
        with store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")  # as its autovacuum does within a minute


def _copied(name: str, shift: int, n_articles: int, is_file: bool) -> str:
    """Return the statement that copies the rows of the first articles, as those of articles whose numbers are higher."""

    def shifted(column: str, prefix: str = "") -> str:
        number = f"CAST(CAST(substr({column}, {len(prefix) + 2}, 7) AS INTEGER) + {shift} AS TEXT)"
        digits = f"printf('%07d', {number})" if is_file else f"lpad({number}, 7, '0')"
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE '{prefix}a' || {digits} END"

    values = {
        "article_id": shifted("article_id"),
        "suggestion_set_id": shifted("suggestion_set_id", "s-"),
        "lot": "abs(random() % 1000000) / 1e6" if is_file else "random()",
    }
    if name == "searched":
        values["words"] = f"replace(words, article_id, {shifted('article_id')})"
    if name != "closings":
        of_set = shifted("id", "s-") if name == "suggestion_sets" else shifted("id")
        values["id"] = f"{of_set} || substr(id, 9)" if name == "decisions" else of_set
    columns = [column.name for column in metadata.tables[name].columns if column.name != "n"]
    key, prefix = {"articles": ("id", ""), "impressions": ("suggestion_set_id", "s-")}.get(name, ("article_id", ""))
    return (
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(values.get(column, column) for column in columns)} "
        f"FROM {name} WHERE {key} < '{prefix}a{n_articles:07}'"
    )


def requests(cms: FlaskClient, editor: FlaskClient) -> Iterator[tuple[str, Callable[[], TestResponse], int]]:
    """Yield the requests: a name, what sends one, and the status of its answer."""
    texts, numbers = _texts(), count()

    def article() -> Mapping[str, Any]:
        return {**texts[(number := next(numbers)) % len(texts)], "title": f"{number} {texts[0]['title']}"}

    def decide() -> TestResponse:
        return cms.post(f"{ARTICLE}/decisions", json={"decisions": [{"tag": "iskp", "action": "add"}]})

    yield "POST /v1/suggest, a new text", lambda: cms.post("/v1/suggest", json=article()), 200
    yield "PUT a new article", lambda: cms.put(f"/v1/articles/new-{next(numbers)}", json=article()), 200
    yield "PUT another text", lambda: cms.put("/v1/articles/a0000078", json=article()), 200
    yield "PUT the same text", lambda: cms.put("/v1/articles/new-same", json=texts[0]), 200
    yield "POST a decision", decide, 201
    yield "POST /v1/queue/deal", lambda: cms.post("/v1/queue/deal", json={}), 200
    for path in PATHS:
        yield f"GET {path}", partial(editor.get, path), 200


def cost(ask: Callable[[], TestResponse], expected: int) -> Cost:
    """Return what a request costs. Raise `AssertionError` if it is not answered well."""
    cpu, wall = [], []
    for number in range(N_TIMES + 1):
        began, began_cpu = time.perf_counter(), time.process_time()
        response = ask()
        response.get_data()
        if number:  # the first one fills caches
            cpu.append(1000.0 * (time.process_time() - began_cpu))
            wall.append(1000.0 * (time.perf_counter() - began))
        assert response.status_code == expected, (response.request.path, response.status_code, response.get_data())
    return Cost(min(cpu), statistics.median(wall))


def document(found: Mapping[int, Mapping[str, Cost]]) -> str:
    """Return the table, and which requests grow."""
    sizes = list(found)
    first, last = found[sizes[0]], found[sizes[-1]]
    rows, growing = [], []
    for name in first:
        ratio = last[name].cpu / first[name].cpu
        grows = ratio > MAY_GROW and last[name].cpu - first[name].cpu > FLOOR_MS
        growing += [name] * grows
        of_sizes = [f"{cost.cpu:.1f} · {cost.wall:.1f}" for cost in (found[size][name] for size in sizes)]
        rows.append([f"`{name}`", *of_sizes, f"{ratio:.2f}{' grows' if grows else ''}"])
    head = ["request, CPU · wall ms", *(f"{size:,}" for size in sizes), "CPU, last to first"]
    about = f"{len(growing)} of {len(rows)} requests grow by more than half."
    return "\n\n".join([table("Requests as articles grow", head, rows), about, machine_line({"machine": machine()})])


def _texts() -> Sequence[Mapping[str, str]]:
    """Return texts of some kB each, from the starter articles."""
    articles = sorted(starter_articles(), key=lambda article: article.id)[:200]
    return [{"title": article.title, "body": article.body[:4000]} for article in articles]


if __name__ == "__main__":
    main()
