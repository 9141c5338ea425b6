"""The model and the batches of articles that each process of an archive run works on."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

from classifier.domain.articles import Article
from classifier.model.files import load_model
from classifier.model.tag_model import TagModel
from classifier.serving.head import head_file
from classifier.serving.registry import Registry
from classifier.text.detector import DETECTOR

CHUNK = 256  # articles that a process is handed at a time
BATCH_CHARACTERS = 192 * 1024  # of articles that are judged together; more would leave the processor's cache
_T = TypeVar("_T")


def chunked(items: Iterable[_T]) -> Iterator[list[_T]]:
    """Yield items in lists of CHUNK."""
    items = iter(items)
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def batched(articles: Iterable[Article]) -> Iterator[list[Article]]:
    """Yield articles in lists of CHUNK at most that end where their texts reach BATCH_CHARACTERS.

    A model judges a batch in less time than each article alone.
    """
    batch, n_characters = list[Article](), 0
    for article in articles:
        batch.append(article)
        n_characters += sum(map(len, article.texts))
        if n_characters >= BATCH_CHARACTERS or len(batch) == CHUNK:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def loaded(folder: Path) -> TagModel:
    """Return the model of a folder as it serves, loaded once in each process for each taxonomy that is published."""
    with suppress(FileNotFoundError):
        status = head_file(folder.parent).stat()
        return _loaded(folder, (status.st_ino, status.st_mtime_ns))
    return _loaded(folder, None)


@lru_cache(maxsize=1)
def _loaded(folder: Path, _published: tuple[int, int] | None) -> TagModel:
    DETECTOR.keep_in(folder.parent)
    model = Registry(folder.parent).as_it_serves(load_model(folder))
    # The model stays: the garbage collector need not walk through its terms and names again and again.
    gc.freeze()
    return model
