"""Tags whose articles read differently in the second half of their use than in the first: the tag may mean something else.

The language of the whole archive changes, too. So what the articles of a tag are like is what they have beyond the other
articles of their time, and repeated blocks, which belong to the site, are left out.
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

from classifier.reports.chance import beyond_chance
from classifier.reports.data.changes import halves, halves_differ, in_blocks, likeness
from classifier.reports.data.corpus import N_ROWS
from classifier.reports.data.records import Found, Share, WordChange
from classifier.reports.data.texts import Texts
from classifier.reports.data.timeline import Timeline

N_PARTS, MIN_PARTS = 16, 12  # of the articles of a tag, by date
MIN_USES = 2 * N_PARTS
ALIKE = 0.75  # the likeness of the halves up to which a tag is listed
NAMED = 0.25  # the change of the share of articles that name the tag from which it is listed
N_WORDS, MIN_CHANGE = 6, 0.1
MIN_SCORE = 2.0  # of a word: its change in units of its spread
N_ARTICLES = 3
SPREAD = 0.03  # added to the spread of a word, so that a rare one does not lead


class _Parts(NamedTuple):
    """The articles of a tag in parts by date."""

    tag: int
    places: np.ndarray  # (n_uses,) of its articles in the timeline
    numbers: np.ndarray  # (n_uses,) the part of each
    means: sparse.csr_matrix  # (n_parts, n_dated), which takes the mean of each part

    @property
    def is_first(self) -> np.ndarray:
        """Which articles are of the first half, (n_uses,) bool."""
        return np.asarray(halves(self.means.shape[0])[self.numbers])


class _Tested(NamedTuple):
    parts: _Parts
    alike: float
    named: tuple[float, float]  # the shares of the articles of each half that name the tag
    p_words: float
    p_names: float


def changed_meanings(timeline: Timeline, texts: Texts) -> Found:
    """Find the tags with enough articles whose words, or whose being named, changed more than chance explains."""
    n_uses = timeline.n_positive.sum(axis=0)
    tags = [n for n, tag in enumerate(timeline.corpus.taxonomy.tags) if tag.active and n_uses[n] >= MIN_USES]
    parts = [part for tag in tags if (part := _in_parts(timeline, tag)) is not None]
    usual = _ByBlock(timeline, texts.weights)
    tested = [_tested(part, texts, usual) for part in parts]
    surely = beyond_chance([p for row in tested for p in (row.p_words, row.p_names)])
    kept = [
        row
        for row, words, names in zip(tested, surely[::2], surely[1::2], strict=True)
        if (words and row.alike <= ALIKE) or (names and abs(row.named[1] - row.named[0]) >= NAMED)
    ]
    kept.sort(key=lambda row: (row.alike, row.parts.tag))
    usual_words = _ByBlock(timeline, texts.occurs)
    rows = [_row(timeline, row, texts, usual, usual_words) for row in kept[:N_ROWS]]
    return Found(rows, len(kept), [int(row) for part in kept for row in timeline.rows[part.parts.places]])


def _in_parts(timeline: Timeline, tag: int) -> _Parts | None:
    places = timeline.having(tag)
    numbers = in_blocks(timeline.days[places], N_PARTS)
    n_parts = int(numbers[-1]) + 1
    if n_parts < MIN_PARTS:
        return None
    weights = 1 / np.bincount(numbers)[numbers]
    return _Parts(
        tag, places, numbers, sparse.csr_matrix((weights, (numbers, places)), shape=(n_parts, len(timeline.days)))
    )


class _ByBlock:
    """What the articles of each block of the archive are like, (n_blocks, n_columns)."""

    def __init__(self, timeline: Timeline, rows: sparse.csr_matrix) -> None:
        n = len(timeline.days)
        self._block = sparse.csr_matrix((np.ones(n), (np.arange(n), timeline.blocks)), shape=(n, timeline.n_blocks))
        self._rows = rows
        self._means = (self._block.T @ rows).toarray() / np.bincount(timeline.blocks)[:, None]

    def beyond(self, parts: _Parts) -> np.ndarray:
        """Return what the parts of a tag have beyond all articles of their time, (n_parts, n_columns)."""
        beyond: np.ndarray = (parts.means @ self._rows).toarray() - (parts.means @ self._block) @ self._means
        return beyond


def _tested(parts: _Parts, texts: Texts, usual: _ByBlock) -> _Tested:
    beyond = usual.beyond(parts)
    products = beyond @ beyond.T
    named = (parts.means @ texts.names[:, [parts.tag]]).toarray().ravel()
    centred = named - named.mean()
    before, after = _by_half(named[:, None])
    p_names = halves_differ(np.outer(centred, centred)) if centred.any() else 1.0
    return _Tested(parts, likeness(products), (float(before[0]), float(after[0])), halves_differ(products), p_names)


def _by_half(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of the parts of each half."""
    first = halves(len(values))
    return values[first].mean(axis=0), values[~first].mean(axis=0)


# --- what the report says of a tag ---


def _row(timeline: Timeline, row: _Tested, texts: Texts, usual: _ByBlock, usual_words: _ByBlock) -> dict[str, object]:
    parts, is_first = row.parts, row.parts.is_first
    went, came = _words(parts, texts, usual_words)
    before, after = _by_half(usual.beyond(parts))
    towards_after = texts.weights[parts.places] @ (after - before)
    order = np.argsort(towards_after, kind="stable")
    oldest = [n for n in order if is_first[n]][:N_ARTICLES]
    newest = [n for n in order[::-1] if not is_first[n]][:N_ARTICLES]
    return {
        "tag": timeline.corpus.taxonomy.tags[parts.tag].id,
        "until": str(timeline.days[parts.places[is_first][-1]]),
        "alike": round(row.alike, 4),
        "went": went,
        "came": came,
        "named": [_naming(texts, parts, half) for half in (is_first, ~is_first)],
        "before": [timeline.named(parts.places[n]) for n in oldest],
        "after": [timeline.named(parts.places[n]) for n in newest],
        "p": row.p_words,
        "p_named": row.p_names,
        "by": timeline.unit.name,
        "periods": timeline.periods(parts.tag),
    }


def _naming(texts: Texts, parts: _Parts, half: np.ndarray) -> Share:
    return Share(int(texts.names[parts.places[half], parts.tag].sum()), int(half.sum()))


def _words(parts: _Parts, texts: Texts, usual: _ByBlock) -> tuple[list[WordChange], list[WordChange]]:
    """Return the words that went and those that came, the surest first: their shares of the articles of both halves."""
    beyond = usual.beyond(parts)
    first = halves(len(beyond))
    change = beyond[~first].mean(axis=0) - beyond[first].mean(axis=0)
    spread = np.sqrt(sum(beyond[half].var(axis=0, ddof=1) / half.sum() for half in (first, ~first))) + SPREAD
    before, after = (
        np.asarray(texts.occurs[parts.places[half]].mean(axis=0)).ravel() for half in (parts.is_first, ~parts.is_first)
    )
    score = change / spread
    order = np.argsort(-np.abs(score), kind="stable")
    # A word that the tag gained only because it fell everywhere else did not come.
    is_clear = (np.abs(score) >= MIN_SCORE) & (
        np.minimum(np.abs(change), (after - before) * np.sign(change)) >= MIN_CHANGE
    )
    order = order[is_clear[order]]
    went, came = (
        [WordChange(texts.words[n], round(float(before[n]), 4), round(float(after[n]), 4)) for n in of_side[:N_WORDS]]
        for of_side in (order[change[order] < 0], order[change[order] > 0])
    )
    return went, came
