"""How the use of tags changed: tags that began, tags that ended, and tags whose share of the articles changed."""

from typing import NamedTuple

import numpy as np

from classifier.reports.chance import beyond_chance
from classifier.reports.data.changes import gap_by_chance, steps_of_rate
from classifier.reports.data.corpus import N_ROWS
from classifier.reports.data.records import Found, SharePart
from classifier.reports.data.texts import Texts
from classifier.reports.data.timeline import MIN_BLOCKS, Timeline

MIN_USES = 5  # articles of a tag; of fewer, no gap says anything
MIN_USES_OF_RATE = 10
# A tag that may replace another: how like its own articles those of the new tag are, how often it is given compared with the
# old one, how much it rose, and the share of the old tag's articles that it was on.
MIN_ALIKE, MIN_OF_SHARE, MIN_RISE, MAX_TOGETHER = 0.6, 0.5, 2.0, 0.5
N_INSTEAD = 1
MIN_TIMES = 1.5  # the largest share of a tag divided by its smallest; a smaller change needs no action


class _Use(NamedTuple):
    """A tag, the blocks in which it is known, and the first and the last of these with an article."""

    tag: int
    blocks: np.ndarray
    first: int
    last: int
    began_by_chance: float
    ended_by_chance: float


def changed_uses(timeline: Timeline, texts: Texts) -> dict[str, Found]:
    """Find the tags that began, ended, or changed their share. Tags that may not be suggested are left out."""
    tags = [n for n, tag in enumerate(timeline.corpus.taxonomy.tags) if tag.active]
    n_uses = timeline.n_positive.sum(axis=0)
    uses = [_use(timeline, tag) for tag in tags if n_uses[tag] >= MIN_USES]
    began = _listed(uses, [use.began_by_chance for use in uses])
    ended = _listed(uses, [use.ended_by_chance for use in uses])
    bounds = {use.tag: [0, len(use.blocks)] for use in uses if n_uses[use.tag] >= MIN_USES_OF_RATE}
    for use in (use for use, _ in began if use.tag in bounds):
        bounds[use.tag][0] = use.first  # a tag that began has a share of its own from then on
    for use in (use for use, _ in ended if use.tag in bounds):
        bounds[use.tag][1] = use.last + 1
    return {
        "began": _found(timeline, [(use.tag, _began(timeline, use.tag, p)) for use, p in began]),
        "ended": _found(timeline, [(use.tag, _ended(timeline, texts, use.tag, p)) for use, p in ended]),
        "changed_share": _changed_shares(timeline, [use for use in uses if use.tag in bounds], bounds),
    }


def _use(timeline: Timeline, tag: int) -> _Use:
    blocks = np.flatnonzero(timeline.n_known[:, tag])
    having = np.flatnonzero(timeline.n_positive[blocks, tag])
    first, last, n = int(having[0]), int(having[-1]), len(blocks)
    return _Use(
        tag, blocks, first, last, gap_by_chance(n, len(having), first), gap_by_chance(n, len(having), n - 1 - last)
    )


def _listed(uses: list[_Use], ps: list[float]) -> list[tuple[_Use, float]]:
    """Return the uses that are beyond chance, the surest first."""
    kept = [(use, p) for use, p, surely in zip(uses, ps, beyond_chance(ps), strict=True) if surely]
    return sorted(kept, key=lambda pair: (pair[1], pair[0].tag))


def _found(timeline: Timeline, rows: list[tuple[int, dict[str, object]]]) -> Found:
    articles = [int(timeline.rows[place]) for tag, _ in rows for place in timeline.having(tag)]
    listed = [row | {"by": timeline.unit.name, "periods": timeline.periods(tag)} for tag, row in rows[:N_ROWS]]
    return Found(listed, len(rows), articles)


def _began(timeline: Timeline, tag: int, p: float) -> dict[str, object]:
    places = timeline.having(tag)
    first = int(places[0])
    return {
        "tag": timeline.corpus.taxonomy.tags[tag].id,
        "first": str(timeline.days[first]),
        "before": timeline.share(tag, 0, first).of,
        "share": timeline.share(tag, first, len(timeline.days)),
        "articles": [timeline.named(place) for place in places[:3]],
        "p": p,
    }


def _ended(timeline: Timeline, texts: Texts, tag: int, p: float) -> dict[str, object]:
    places = timeline.having(tag)
    last = int(places[-1])
    return {
        "tag": timeline.corpus.taxonomy.tags[tag].id,
        "last": str(timeline.days[last]),
        "after": timeline.share(tag, last + 1, len(timeline.days)).of,
        "share": timeline.share(tag, 0, last + 1),
        "instead": _instead(timeline, texts, places),
        "articles": [timeline.named(place) for place in places[-3:]],
        "p": p,
    }


def _instead(timeline: Timeline, texts: Texts, places: np.ndarray) -> list[str]:
    """Return the tags that may replace a tag that ended: they rose since, and their newer articles read like its own."""
    has_tag = timeline.corpus.positives[timeline.rows]
    is_newer = np.arange(len(timeline.rows)) > places[-1]
    n_newer, n_older, n_both = (np.asarray(has_tag[rows].sum(axis=0)).ravel() for rows in (is_newer, ~is_newer, places))
    newer, older = n_newer / is_newer.sum(), n_older / (~is_newer).sum()
    is_possible = (n_newer >= MIN_USES) & (newer >= MIN_OF_SHARE * len(places) / (~is_newer).sum())
    is_possible &= (newer >= MIN_RISE * older) & (n_both < MAX_TOGETHER * len(places))
    similar = texts.weights @ np.asarray(texts.weights[places].mean(axis=0)).ravel()
    own = (len(places) * similar[places].mean() - 1) / (len(places) - 1)  # each article is like itself by 1
    beyond = (similar[is_newer] @ has_tag[is_newer]) / np.maximum(1, n_newer) - similar[is_newer].mean()
    possible = np.flatnonzero(is_possible & (beyond >= MIN_ALIKE * (own - similar.mean())))
    surest = possible[np.argsort(-(beyond * np.sqrt(n_newer))[possible], kind="stable")]
    return [timeline.corpus.taxonomy.tags[tag].id for tag in surest[:N_INSTEAD]]


def _changed_shares(timeline: Timeline, uses: list[_Use], bounds: dict[int, list[int]]) -> Found:
    tested = []
    for use in uses:
        start, end = bounds[use.tag]
        blocks = use.blocks[start:end]
        if len(blocks) >= MIN_BLOCKS // 2:
            cuts, p = steps_of_rate(timeline.n_positive[blocks, use.tag], timeline.n_known[blocks, use.tag])
            tested.append((use.tag, _steps(timeline, use.tag, blocks, cuts), p))
    surely = beyond_chance([p for *_, p in tested])
    kept = [row for row, sure in zip(tested, surely, strict=True) if sure and _times(row[1]) >= MIN_TIMES]
    kept.sort(key=lambda row: (-_times(row[1]), row[0]))
    tags = timeline.corpus.taxonomy.tags
    return _found(timeline, [(tag, {"tag": tags[tag].id, "steps": steps, "p": p}) for tag, steps, p in kept])


def _steps(timeline: Timeline, tag: int, blocks: np.ndarray, cuts: list[int]) -> list[SharePart]:
    """Return the share of a tag from each change to the next."""
    steps = []
    for start, end in zip([0, *cuts], [*cuts, len(blocks)], strict=True):
        part = blocks[start:end]
        n, of = (int(counts[part, tag].sum()) for counts in (timeline.n_positive, timeline.n_known))
        steps.append(SharePart(n, of, timeline.starts[part[0]]))
    return steps


def _times(steps: list[SharePart]) -> float:
    """Return the largest share divided by the smallest. Half an article is added, so that it is never zero."""
    shares = [(step.n + 0.5) / (step.of + 1) for step in steps]
    return max(shares) / min(shares)
