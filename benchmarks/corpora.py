"""The corpora: folders with train.jsonl.gz and test.jsonl.gz."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classifier.domain.articles import Article


@dataclass(frozen=True)
class Corpus:
    """A corpus with a training and a test part."""

    name: str
    train: Path
    test: Path


def find_corpora(folders: Sequence[Path], names: Sequence[str] | None) -> list[Corpus]:
    """Return the corpora that the folders are or hold, by name."""
    found = {}
    for folder in folders:
        for path in (folder, *sorted(folder.glob("*/"))):
            train, test = path / "train.jsonl.gz", path / "test.jsonl.gz"
            if train.is_file() and test.is_file():
                found[path.resolve().name] = Corpus(path.resolve().name, train, test)
    return [corpus for name, corpus in sorted(found.items()) if not names or name in names]


def corpus_of(folder: Path) -> Corpus:
    """Return the corpus in a folder, or the one whose files `NAME-train.jsonl.gz` and `NAME-test.jsonl.gz` lie in its place."""
    beginning = f"{folder}/" if folder.is_dir() else f"{folder}-"
    return Corpus(folder.name, *(Path(f"{beginning}{part}.jsonl.gz") for part in ("train", "test")))


def records(path: Path) -> Iterator[dict[str, object]]:
    """Yield the records of a `.gz` file of JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def repeated(path: Path, n: int, output: Path) -> Path:
    """Write a file `n` times over, each time with other ids, and return where."""
    with gzip.open(output, "wt", encoding="utf-8", compresslevel=6) as lines:
        for number in range(n):
            for record in records(path):
                lines.write(json.dumps({**record, "id": f"{record['id']}-{number}"}, ensure_ascii=False) + "\n")
    return output


def tag_counts(articles: Iterable[Article]) -> Counter[str]:
    """Return how many articles have each tag."""
    return Counter(tag for article in articles for tag in article.tags or ())
