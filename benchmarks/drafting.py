"""How good a drafted taxonomy is: `python -m benchmarks.drafting [--sample N] [--seed N]`.

Of the sure merges of a draft, those that stand among pairs which somebody judged are right or wrong. Pairs that the judge was not
sure of are counted apart. From names alone, a draft is compared with the tags that an author renamed or merged himself. With
`--sample`, some sure merges that nobody judged are printed, to be read. The names of the starter taxonomy are a third test: two
names of one tag may be joined, names of two tags may not, except for those that somebody told apart on purpose.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.tables import table
from classifier.domain.articles import read_articles
from classifier.domain.starter import STARTER, starter_files
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.reports.draft.archive import Archive, read_archive
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.names import Name
from classifier.reports.draft.pairs import find_pairs
from classifier.reports.draft.records import TaxonomyDraft

ROOT = Path(__file__).parent.parent
UNTIDY = Path(os.environ.get("TAGGER_EVAL_DATA", ROOT.parent / "shared" / "data")) / "untidy"
ARCHIVES = ("jupiter", "euvsdisinfo")
RENAMES = "simonw-renames.csv"


class Judged(NamedTuple):
    """A pair that somebody judged."""

    names: tuple[str, str]
    is_merge: bool
    easy: bool
    sure: bool


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=0, help="sure merges of each archive to print")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, samples = [], list[str]()
    for name in ARCHIVES:
        start = time.process_time()
        path = UNTIDY / f"{name}.jsonl.gz"
        archive = read_archive(partial(read_articles, [path]))
        draft = draft_taxonomy(archive)
        judged = list(_judged(name))
        rows.append(_row(name, draft, judged, time.process_time() - start))
        samples += _sample(name, draft, archive, judged, options)
    head = ("archive", "names", "sure merges", "right of those judged", "not sure: right of those", "easy merges found")
    print(table("Drafts", (*head, "with other digits", "CPU s"), rows))
    print(_renames(), _starter_names(), *samples, sep="\n")


def _judged(name: str) -> Iterator[Judged]:
    for row in _rows(f"{name}-judged.csv"):
        yield Judged((row["a"], row["b"]), row["verdict"] == "merge", row["difficulty"] == "easy", row["sure"] == "yes")


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (UNTIDY / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _row(name: str, draft: TaxonomyDraft, judged: Sequence[Judged], seconds: float) -> list[str]:
    heads = _heads(draft)
    joined = [pair for pair in judged if _are_joined(heads, *pair.names)]
    counts = [_share([pair.is_merge for pair in joined if pair.sure is sure]) for sure in (True, False)]
    easy = [pair in joined for pair in judged if pair.easy and pair.is_merge]
    n_digits = sum(Name(row.name).numbers != Name(row.of).numbers for row in draft.alias)
    return [name, str(draft.n_names), str(len(draft.alias)), *counts, _share(easy), str(n_digits), f"{seconds:.1f}"]


def _share(rights: Sequence[bool]) -> str:
    return f"{sum(rights)} of {len(rights)}" + (f" ({sum(rights) / len(rights):.3f})" if rights else "")


def _heads(draft: TaxonomyDraft) -> dict[str, str]:
    return {row.name: row.of for row in draft.alias}


def _are_joined(heads: dict[str, str], name: str, other: str) -> bool:
    return heads.get(name, name) == heads.get(other, other)


def _renames() -> str:
    rows = list(_rows(RENAMES))
    uses = {row["previous_name"]: 0 for row in rows} | {row["tag"]: int(row["uses_of_tag"] or 0) for row in rows}
    heads = _heads(draft_taxonomy(Archive(uses)))
    found: Counter[str] = Counter()
    for row in rows:
        found[row["kind"]] += _are_joined(heads, row["previous_name"], row["tag"])
    n = Counter(row["kind"] for row in rows)
    kinds = [[kind, str(n[kind]), str(found[kind])] for kind in n]
    return table(
        "An author's renames, from names alone",
        ("kind", "renames", "found"),
        [*kinds, ["all", str(n.total()), str(found.total())]],
    )


def _starter_names() -> str:
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for tag in read_taxonomy(STARTER / "taxonomy.yaml").tags:
        for text in (tag.label, *(alias.text for alias in tag.aliases)):
            owners[text].add(tag.id)
    # The names are the tags of one article, so that only what the articles write tells them apart.
    first, *others = (replace(article, tags=()) for article in read_articles(starter_files()))
    archive = read_archive(lambda: [replace(first, tags=tuple(owners)), *others])
    pairs = [pair for pair in find_pairs([Name(text) for text in owners], replace(archive, tagged={})) if pair.sure]
    of_one = Counter(pair.rule for pair in pairs if owners[pair.name] & owners[pair.other])
    n = Counter(pair.rule for pair in pairs)
    rows = [[rule, str(n[rule]), str(of_one[rule])] for rule in n]
    return table(
        "Names of the starter taxonomy",
        ("rule", "joined", "of one tag"),
        [*rows, ["all", str(n.total()), str(of_one.total())]],
    )


def _sample(
    name: str, draft: TaxonomyDraft, archive: Archive, judged: Sequence[Judged], options: argparse.Namespace
) -> Iterator[str]:
    """Yield some sure merges that nobody judged, with the uses of each name and the articles that write it."""
    known = {frozenset(pair.names) for pair in judged}
    rows = [row for row in draft.alias if frozenset((row.name, row.of)) not in known]
    random.Random(options.seed).shuffle(rows)
    for row in rows[: options.sample]:
        counts = (f"{text} ({archive.uses[text]}, {archive.of(Name(text)).n_articles})" for text in (row.name, row.of))
        yield f"{name}: {' = '.join(counts)}: {row.rule}"


if __name__ == "__main__":
    main()
