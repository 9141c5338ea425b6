"""What the order of the queue is worth: `python -m benchmarks.queue_orders`. Simulated desks answer an archive in several orders.

A desk begins with some answered articles of an archive. It answers a batch of the others in the order of its queue, with the
archive's own tags, and fits the product's model again. After each fit the model is judged on articles of the newest quarter
of the archive, which no desk ever answers. The measure is the area under this learning curve: the mean F1 of all fits. Each seed
draws other articles, the same for all orders, so differences are those of pairs. Only training parts are read.

The default takes a few minutes. `--full` is what the figures of benchmarks/queue.md come from.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import t

from benchmarks.processes import say
from benchmarks.rolling import DATA, FILES
from benchmarks.run import machine, machine_line
from benchmarks.tables import table
from classifier.domain.articles import Article, read_articles
from classifier.domain.examples import labels_of
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.model import evaluation
from classifier.model.tag_model import TagModel
from classifier.store.queue import CHANCE, EVERY
from classifier.training.fitting import fit
from classifier.training.settings import FitSettings

JUDGED = 0.25  # share of an archive, its newest, on which models are judged
MEASURES = ("micro", "macro")
Order = Callable[[TagModel, list[Article], np.random.Generator], list[int]]
"""Returns the positions of the waiting articles in the order in which they are answered."""


@dataclass(frozen=True)
class Size:
    """How large a simulation is: desks of an archive, and the articles at their start, in a batch and in the queue."""

    n_seeds: int
    n_batches: int
    n_start: int = 60
    n_batch: int = 60
    n_waiting: int = 800
    n_judged: int = 500


SHORT, FULL = Size(3, 3, n_batch=40), Size(10, 4)


class Judged(NamedTuple):
    """What the models of a desk are judged on. `labels` are (n_articles, n_tags) int8."""

    articles: list[Article]
    labels: np.ndarray
    taxonomy: Taxonomy
    seed: int


def by_chance(model: TagModel, waiting: list[Article], rng: np.random.Generator) -> list[int]:
    """Return a random order."""
    return [int(n) for n in rng.permutation(len(waiting))]


def newest(model: TagModel, waiting: list[Article], rng: np.random.Generator) -> list[int]:
    """Return the order of the articles' dates, the newest first."""
    return sorted(range(len(waiting)), key=lambda n: (waiting[n].published_at or "", waiting[n].id), reverse=True)


def doubtful(model: TagModel, waiting: list[Article], rng: np.random.Generator) -> list[int]:
    """Return the order of doubt, the most doubtful first."""
    return [int(n) for n in np.argsort(-model.open_questions(waiting)[1], kind="stable")]


def by_turns(model: TagModel, waiting: list[Article], rng: np.random.Generator) -> list[int]:
    """Return the newest and the most doubtful by turns: the default of the review page."""
    return [*merged(newest(model, waiting, rng), doubtful(model, waiting, rng), 2)]


def by_margin(model: TagModel, waiting: list[Article], rng: np.random.Generator) -> list[int]:
    """Return the order of the nearest threshold, and as every tenth article one by lot: the default until version 3."""
    lots = [n for n in by_chance(model, waiting, rng) if rng.random() < CHANCE]
    return [*merged(np.argsort(model.open_questions(waiting)[0], kind="stable").tolist(), lots, EVERY)]


ORDERS: dict[str, Order] = {
    "random": by_chance,
    "teach": by_margin,
    "turns": by_turns,
    "newest": newest,
    "doubtful": doubtful,
}


def merged(first: Sequence[int], second: Sequence[int], every: int) -> Iterator[int]:
    """Yield each number of the first sequence once, as every `every`-th the next of the second that is left."""
    seen: set[int] = set()
    streams = iter(first), iter(second)
    for place in range(1, len(first) + 1):
        for stream in streams[::-1] if place % every == 0 else streams:
            number = next((number for number in stream if number not in seen), None)
            if number is not None:
                seen.add(number)
                yield number
                break


def curve(
    order: Order, model: TagModel, known: Sequence[Article], waiting: Sequence[Article], judged: Judged, size: Size
) -> np.ndarray:
    """Return micro- and macro-F1 after each batch of a desk that begins with a model, (n_batches, 2) float64."""
    rng, known, left, measured = np.random.default_rng(judged.seed), list(known), list(waiting), []
    for _ in range(size.n_batches):
        answered = set(order(model, left, rng)[: size.n_batch])
        known += [left[n] for n in sorted(answered)]
        left = [article for n, article in enumerate(left) if n not in answered]
        model = _fitted(known, judged.taxonomy)
        suggested = model.judge(judged.articles)[1]
        measured.append([measure(suggested, judged.labels) for measure in (evaluation.micro_f1, evaluation.macro_f1)])
    return np.array(measured)


def _fitted(articles: Sequence[Article], taxonomy: Taxonomy) -> TagModel:
    return fit(articles, taxonomy, FitSettings(n_jobs=1)).model


def desk(name: str, seed: int, size: Size, orders: Sequence[str]) -> dict[str, list[list[float]]]:
    """Return the learning curve of a desk for each order. The seed draws its articles."""
    articles = sorted(read_articles([DATA / FILES[name]]), key=lambda article: (article.published_at or "", article.id))
    n_earlier, rng = round((1.0 - JUDGED) * len(articles)), np.random.default_rng(seed)
    taxonomy = taxonomy_of(tag for article in articles for tag in article.tags or ())
    drawn = rng.permutation(n_earlier)[: size.n_start + size.n_waiting]
    known, waiting = ([articles[n] for n in sorted(some)] for some in (drawn[: size.n_start], drawn[size.n_start :]))
    newer = [articles[n] for n in n_earlier + rng.permutation(len(articles) - n_earlier)[: size.n_judged]]
    judged, model = Judged(newer, labels_of(newer, taxonomy), taxonomy, seed), _fitted(known, taxonomy)
    return {key: curve(ORDERS[key], model, known, waiting, judged, size).round(5).tolist() for key in orders}


def paired(areas: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """Return the mean difference of areas, (n_seeds,) each, with its 95 % interval over the seeds (Student's t)."""
    difference = areas - others
    half = float(t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference)))
    mean = float(difference.mean())
    return {"mean": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}


def summary(desks: Sequence[dict[str, list[list[float]]]]) -> dict[str, Any]:
    """Return the mean areas of each order, and the differences from a random order and from `teach`."""
    areas = {key: np.array([np.mean(one[key], axis=0) for one in desks]) for key in desks[0]}
    return {
        key: {
            measure: {
                "area": round(float(area[:, column].mean()), 4),
                **{
                    f"to_{other}": paired(area[:, column], areas[other][:, column])
                    for other in ("random", "teach")
                    if other in areas and other != key
                },
            }
            for column, measure in enumerate(MEASURES)
        }
        for key, area in areas.items()
    }


def document(figures: dict[str, Any]) -> str:
    """Return the tables."""
    size = figures["size"]
    about = (
        f"Simulated desks: {size['n_start']} answered articles at the start, then "
        f"{size['n_batches']} batches of {size['n_batch']} out of {size['n_waiting']} that wait, a fit after each. Areas under "
        f"the learning curve on {size['n_judged']} articles of the newest quarter; differences of pairs with their 95 % intervals over the desks."
    )
    tables = [
        table(
            f"{name}: {measure}-F1, {corpus['n_desks']} desks",
            ("order", "area", "against random", "against teach"),
            [
                (
                    key,
                    f"{found[measure]['area']:.3f}",
                    *(_change(found[measure].get(f"to_{other}")) for other in ("random", "teach")),
                )
                for key, found in corpus["orders"].items()
            ],
        )
        for name, corpus in figures["corpora"].items()
        for measure in MEASURES
    ]
    return "\n\n".join(["# Orders of the queue", about, machine_line({"machine": figures["machine"]}), *tables]) + "\n"


def _change(difference: dict[str, float] | None) -> str:
    if difference is None:
        return "–"
    return f"{difference['mean']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"


def _write(figures: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.output:
        options.output.write_text(document(figures), encoding="utf-8")


def main() -> None:
    """Simulate the desks; print the tables, and write what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", default=list(FILES), choices=FILES, metavar="NAME")
    parser.add_argument("--orders", nargs="+", default=["random", "teach", "turns"], choices=ORDERS, metavar="NAME")
    parser.add_argument("--full", action="store_true", help="more desks and longer curves")
    parser.add_argument("--jobs", type=int, default=-1, help="processes (as many as there are processors)")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="add the figures to those of other corpora in this file"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the tables to this file")
    options = parser.parse_args()
    size = FULL if options.full else SHORT
    figures: dict[str, Any] = {"corpora": {}}
    if options.json and options.json.is_file():
        figures = json.loads(options.json.read_text(encoding="utf-8"))
    if figures.get("size") != vars(size):  # figures of another size are not put beside these
        figures["corpora"] = {}
    figures |= {"machine": machine(), "size": vars(size)}
    for name in options.corpora:
        desks: list[dict[str, list[list[float]]]] = []
        runs = (delayed(desk)(name, seed, size, options.orders) for seed in range(size.n_seeds))
        for done in Parallel(options.jobs, return_as="generator")(runs):
            desks.append(done)
            say(f"{name}: {len(desks)} of {size.n_seeds} desks")
            if len(desks) > 1:  # a long run that breaks leaves its figures
                figures["corpora"][name] = {"n_desks": len(desks), "orders": summary(desks)}
                _write(figures, options)
    print(document(figures))


if __name__ == "__main__":
    main()
