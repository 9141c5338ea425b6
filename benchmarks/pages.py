"""What the first paint of each page costs on a large store: `python -m benchmarks.pages`.

A store of 100,000 articles, two fifths of them the desk's own, and 400,000 decisions is made, with a desk report and a data report; it takes
some minutes. `--tags 5000` adds tags to those of the starter data, until there are so many. Every page of the app is asked by a signed-in editor, and what a page asks for before it shows anything. Figures are
milliseconds of CPU of the service in one process, the median of some requests and the first one. The goal is 300.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.processes import say
from benchmarks.run import machine, machine_line
from benchmarks.synthetic import starter_model
from benchmarks.tables import table
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.model.retagging import retagged
from classifier.reports.kept import keep_desk_report
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.store.database.opening import open_store
from classifier.store.runs import JOB
from classifier.web import build_app
from tests.data_reports import full_report, keep
from tests.large import Size, fill

GOAL_MS = 300
N_TIMES = 5
# What stands for the parts of paths, besides those that are made with the store.
PLACES = {"article_id": "a0000077", "tag_id": "iskp"}
QUEUE = "/v1/articles?limit=50&state=open&order="
# What scripts ask for before a page shows anything.
ASKED_FIRST = (
    *(f"{QUEUE}{order}" for order in ("turns", "newest", "teach")),
    *(f"{QUEUE}turns&{more}" for more in ("source=second-desk", "tag=iskp", "q=convoy", "since=2015-01-01")),
    "/v1/articles?limit=50&state=all&order=newest&q=convoy",
    "/review/articles/a0000077",
    "/review/bulk.json?tag=iskp",
    "/v1/tags",
    "/v1/questions",
    "/v1/disputes",
    "/v1/filters",
    "/v1/articles/a0000077/near",
)


class Cost(NamedTuple):
    """Milliseconds of CPU of a request: the median, and the first one."""

    path: str
    median: float
    first: float


def main() -> None:
    """Make the store, ask for all pages, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000, metavar="N", help="(%(default)s)")
    parser.add_argument("--tags", type=int, default=0, metavar="N", help="so many at least (those of the starter data)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write the table to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app, places = large_service(Path(folder), options.articles, options.tags)
        client = app.test_client()
        client.post("/sign-in", data={"name": "ada"})
        costs = [cost(client, path) for path in (*pages(app, client, places), *ASKED_FIRST)]
    text = document(costs, options.articles)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


def large_service(
    folder: Path, n_articles: int, n_tags: int = 0, characters: int = Size.characters, url: str = ""
) -> tuple[Flask, Mapping[str, str]]:
    """Return a service with the starter model on a store of this size, and what stands for the parts of its paths.

    The store is in an empty database, by its URL, or else in a file of the folder.
    """
    store, registry = open_store(url or f"sqlite:///{folder}/tagger.db"), Registry(folder / "models")
    model = starter_model()
    registry.promote(registry.save(retagged(model, with_more(model.taxonomy, n_tags))), "benchmark", "serves the pages")
    Publisher(registry, store).work()  # as the service does before it answers anybody
    tagger = Tagger(Serving(registry), store)
    taxonomy = tagger.taxonomy()
    say(f"{n_articles:,} articles")
    fill(store, Size(n_articles, characters), [tag.id for tag in taxonomy.tags])
    say("the desk report")
    keep_desk_report(store, taxonomy)
    keep(store, full_report([tag.id for tag in taxonomy.tags]))
    run = store.runs.begin(JOB)
    store.runs.end(run, "kept", "no better", result={"checks": []})
    return build_app(tagger, registry), {**PLACES, "run_id": run.id}


def with_more(taxonomy: Taxonomy, n_tags: int) -> Taxonomy:
    """Return a taxonomy with tags besides its own, so that it has so many, twenty of them under each."""
    more = [
        Tag(
            f"extra-{n}",
            f"Extra thing {n}",
            taxonomy.tags[n % len(taxonomy.tags)].kind,
            broader=(f"extra-{n // 20}",) if n >= 20 else (),
            aliases=(Alias(f"Extra thing {n}"), Alias(f"Xtr{n} force")),
        )
        for n in range(n_tags - len(taxonomy.tags))
    ]
    return replace(taxonomy, tags=(*taxonomy.tags, *more))


def pages(app: Flask, client: FlaskClient, places: Mapping[str, str]) -> Iterator[str]:
    """Yield the paths of all pages of an app: what it answers in HTML."""
    for rule in sorted(rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())):
        names = re.findall(r"<(?:\w+:)?(\w+)>", rule)
        if rule.startswith(("/v1/", "/static/")) or not places.keys() >= set(names):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: places[found[1]], rule)
        answer = client.get(path)
        if answer.mimetype == "text/html" and answer.status_code == 200:  # others lead on
            yield path


def cost(client: FlaskClient, path: str) -> Cost:
    """Return what a path costs. Raise `AssertionError` if it is not answered well."""
    times = []
    for _ in range(N_TIMES):
        begun = time.process_time()
        response = client.get(path)
        response.get_data()
        times.append(1000.0 * (time.process_time() - begun))
        assert response.status_code == 200, (path, response.status_code)
    return Cost(path, statistics.median(times), times[0])


def document(costs: list[Cost], n_articles: int) -> str:
    """Return the table, and how many requests are over the goal."""
    rows = [
        (f"`{each.path}`", f"{each.median:.0f}", f"{each.first:.0f}") for each in sorted(costs, key=lambda c: -c.median)
    ]
    n_over = sum(each.median > GOAL_MS for each in costs)
    about = f"{n_articles:,} stored articles; {n_over} of {len(costs)} requests are over the goal of {GOAL_MS} ms."
    head = ("request", "CPU ms", "the first one")
    return (
        "\n\n".join([table("First paint of the pages", head, rows), about, machine_line({"machine": machine()})]) + "\n"
    )


if __name__ == "__main__":
    main()
