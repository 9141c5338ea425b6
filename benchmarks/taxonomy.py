"""What changes of a large taxonomy cost: `python -m benchmarks.taxonomy [--articles N]`, a part of `make bench`.

A store has 5,000 tags and 100,000 articles of a few words, and a model knows some of the tags. One tag after another is merged
and the merge undone. Printed are medians in CPU time and wall time, and the share of what is allowed that they take.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks import forwarding
from benchmarks.synthetic import large_model, saved
from classifier.domain.articles import Article
from classifier.domain.operations import Merge
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.reports.preview.figures import preview_of
from classifier.serving.registry import Registry
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.taxonomy import change, publish, undo
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.web import build_app

N_TAGS, N_ARTICLES, N_RUNS = 5000, 100_000, 7
N_TERMS, N_TITLE_TERMS, N_FITTED = 20_000, 2000, 500


class Cost(NamedTuple):
    """CPU and wall milliseconds of something, and the milliseconds that it may take: of CPU time, unless it mostly waits."""

    what: str
    cpu: float
    wall: float
    allowed: float
    waits: bool = False

    @property
    def share(self) -> float:
        """The part of what is allowed that it takes."""
        return (self.wall if self.waits else self.cpu) / self.allowed


def measure(folder: Path, n_articles: int = N_ARTICLES) -> dict[str, Any]:
    """Return what changes and readings of a large taxonomy cost, and what redirects cost an answer."""
    costs = _costs(folder, n_articles)
    return {"n_articles": n_articles, "costs": costs, "forwarding": forwarding.measure()}


def _costs(folder: Path, n_articles: int) -> list[Cost]:
    saved(large_model(N_TERMS, N_TITLE_TERMS, N_FITTED), folder / "models")
    registry, store = Registry(folder / "models"), open_store(f"sqlite:///{folder}/tagger.db")
    store.taxonomy.import_first(_taxonomy(registry.load_fitted_champion().taxonomy), "benchmark")
    store.import_articles(_articles(n_articles), "import")
    publish(registry, store)
    serving = Serving(registry)
    serving.model()
    client = build_app(Tagger(serving, store), registry).test_client()
    runs = [_run(number, registry, store, serving, client) for number in range(N_RUNS)]
    store.close()
    return [_median([run[row] for run in runs]) for row in range(len(runs[0]))]


def _run(number: int, registry: Registry, store: Store, serving: Serving, client: Any) -> list[Cost]:
    merge = Merge((f"tag-{number:03d}",), f"more-{number}")
    costs = [_timed("preview of a merge", 5000, lambda: _preview(registry, store, merge))]
    numbers: list[int] = []
    costs.append(_timed("apply a merge and publish it", 50, lambda: numbers.extend(_apply(registry, store, merge))))
    seen = _timed("until a worker answers by it (it looks once a second)", 2000, lambda: _until_seen(serving, store))
    costs.append(seen._replace(waits=True))
    costs.append(_timed("`GET /v1/tags`", 500, lambda: client.get("/v1/tags")))
    costs.append(_timed("undo it and publish that", 50, lambda: undo(registry, store, numbers, "benchmark")))
    return costs


def _timed(what: str, allowed: float, work: Callable[[], object]) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Cost(what, 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall), allowed)


def _median(costs: list[Cost]) -> Cost:
    return costs[0]._replace(cpu=median(cost.cpu for cost in costs), wall=median(cost.wall for cost in costs))


def _preview(registry: Registry, store: Store, merge: Merge) -> object:
    return preview_of(store, registry, store.taxonomy.preview([merge]), store.taxonomy.last())


def _apply(registry: Registry, store: Store, merge: Merge) -> list[int]:
    return change(registry, store, [merge], "benchmark").numbers


def _until_seen(serving: Serving, store: Store) -> None:
    head = store.taxonomy.head()
    assert head is not None
    while serving.model().taxonomy.version != head.taxonomy.version:
        time.sleep(0.02)


def _taxonomy(fitted: Taxonomy) -> Taxonomy:
    n_more = N_TAGS - len(fitted.tags)
    names = [f"Thing number {number}" for number in range(n_more)]
    more = (Tag(f"more-{n}", name, aliases=(Alias(name), Alias(f"{name} of old"))) for n, name in enumerate(names))
    return replace(fitted, tags=(*fitted.tags, *more))


def _articles(n_articles: int) -> Iterator[Article]:
    for number in range(n_articles):
        tags = (f"tag-{number % N_FITTED:03d}", f"more-{number % (N_TAGS - N_FITTED)}")
        yield Article(f"article-{number}", f"Article {number}", f"Thing number {number % 4000} was seen.", tags=tags)


def rows_of(found: dict[str, Any]) -> list[list[str]]:
    """Return the rows of the table: what, CPU time, wall time, and the share of what is allowed."""
    rows = [
        [
            cost.what,
            f"{cost.cpu:.1f} ms",
            f"{cost.wall:.1f} ms",
            f"{cost.share:.2f} of {cost.allowed:.0f} ms",
        ]
        for cost in found["costs"]
    ]
    told = found["forwarding"]
    times = f"{told.with_redirects:.2f} ms, {told.without:.2f} without"
    rows.append([f"an answer with {forwarding.N_REDIRECTS} redirects", times, "", f"ratio {told.ratio:.3f} of 1.050"])
    return rows


def main() -> None:
    """Measure and print."""
    from benchmarks.tables import taxonomy_table

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=N_ARTICLES, metavar="N", help="(%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(taxonomy_table(measure(Path(folder), options.articles)))


if __name__ == "__main__":
    main()
