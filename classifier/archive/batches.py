"""The model and the batches of articles that each process of an archive run works on."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

from classifier.model.files import load_model
from classifier.model.tag_model import TagModel
from classifier.serving.head import head_file
from classifier.serving.registry import Registry
from classifier.text.detector import DETECTOR

BATCH = 64  # articles that are judged together; more would leave the processor's cache
CHUNK = 4 * BATCH  # articles that a process is handed at a time
_T = TypeVar("_T")


def batched(items: Iterable[_T], size: int = BATCH) -> Iterator[list[_T]]:
    """Yield items in lists of `size`: a model judges a batch of articles in less time than each alone."""
    items = iter(items)
    while batch := list(islice(items, size)):
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
