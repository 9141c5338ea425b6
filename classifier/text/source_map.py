"""Clean text, and the way from each of its characters back to the text as it was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np


@dataclass(frozen=True)
class SourceMap:
    """Where each character of a clean text came from: `starts[i]:ends[i]` of the source, int32; None means itself."""

    starts: np.ndarray | None = None
    ends: np.ndarray | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the source span of the clean text's `[start, end)`, which must not be empty."""
        if self.starts is None or self.ends is None:
            return start, end
        return int(self.starts[start]), int(self.ends[end - 1])

    def after(self, inner: Self) -> SourceMap:
        """Return the map of this text's characters through `inner`, the map of the text that this one was made of."""
        if self.starts is None or self.ends is None:
            return inner
        if inner.starts is None or inner.ends is None:
            return self
        # A character of ours covers `starts[i]:ends[i]` of the inner text, and that is never empty.
        return SourceMap(inner.starts[self.starts], inner.ends[self.ends - 1])

    def moved(self, parts: Iterable[Removed]) -> tuple[Removed, ...]:
        """Return parts of the source as parts of the clean text. Those of which nothing is left are dropped."""
        parts = list(parts)
        if self.starts is None or not parts:
            return tuple(parts)
        # Looked up together, in the array's own type: for one plain number numpy copies the whole array.
        starts, ends = (
            self.starts.searchsorted(np.array(edges, dtype=self.starts.dtype)).tolist()
            for edges in ([part.start for part in parts], [part.end for part in parts])
        )
        moved = map(Removed, starts, ends, [part.kind for part in parts])
        return tuple(part for part in moved if part.start < part.end)


class Removed(NamedTuple):
    """A part of a clean text that is not the article, by character offsets, and what it is."""

    start: int
    end: int
    kind: str


class CleanText(NamedTuple):
    """Text after markup, entities and odd characters are gone, and the map back to what was sent.

    `removed` are the parts that are not the article by their elements: in order, none empty, none overlapping.
    """

    text: str
    source: SourceMap = SourceMap()
    removed: tuple[Removed, ...] = ()


class Pieces:
    """Collects the pieces of a clean text with their source spans.

    A verbatim piece maps character by character. Each character of another one stands for the whole span.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.verbatim: list[bool] = []

    def add(self, text: str, start: int, end: int, verbatim: bool = False) -> None:
        """Add a piece that stands for `start:end` of the source."""
        if text:
            self.texts.append(text)
            self.starts.append(start)
            self.ends.append(end)
            self.verbatim.append(verbatim)

    def joined(self) -> CleanText:
        """Return the text of all pieces, with its map."""
        if not self.texts:
            return CleanText("")
        lengths = np.fromiter(map(len, self.texts), np.int64, len(self.texts))
        starts, ends = np.array(self.starts), np.array(self.ends)
        piece = np.repeat(np.arange(len(lengths)), lengths)
        within = np.arange(len(piece)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        verbatim = np.array(self.verbatim)[piece]
        source_starts = np.where(verbatim, starts[piece] + within, starts[piece]).astype(np.int32)
        source_ends = np.where(verbatim, source_starts + 1, ends[piece]).astype(np.int32)
        return CleanText("".join(self.texts), SourceMap(source_starts, source_ends))
