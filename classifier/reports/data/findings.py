"""What the data report finds by looking at tags and articles, without a model."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches

import numpy as np
from scipy import sparse

from classifier.domain.examples import NEGATIVE, POSITIVE
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.data.copies import Read
from classifier.reports.data.kinds import COPIED, FEW_NEGATIVES, FEW_POSITIVES, OVERLAP, WITHIN
from classifier.reports.data.known import N_ROWS, Data, Found
from classifier.reports.layout import plain

MIN_TOGETHER = 5  # positives of a tag before its overlap with others says anything


def unknown_tags(data: Data) -> Found:
    """Find tags of articles that the taxonomy does not have."""
    on: defaultdict[str, list[int]] = defaultdict(list)
    for row, article in enumerate(data.articles):
        for tag in (*(article.tags or ()), *article.rejected):
            if tag not in data.taxonomy.by_id:
                on[tag].append(row)
    order = sorted(on, key=lambda tag: (-len(on[tag]), tag))
    nearest = _Nearest(data.taxonomy)
    rows = [
        {"tag": plain(tag, 80), "nearest": nearest.to(tag), "articles": data.refs(on[tag])} for tag in order[:N_ROWS]
    ]
    return Found(rows, len(order), [row for rows_of in on.values() for row in rows_of])


class _Nearest:
    """Finds the tags whose ids, labels or aliases are nearest to what somebody wrote."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._tags: defaultdict[str, list[str]] = defaultdict(list)
        for tag in taxonomy.tags:
            for name in dict.fromkeys(spell(name) for name in (tag.id, tag.label, *(a.text for a in tag.aliases))):
                self._tags[name].append(tag.id)

    def to(self, written: str) -> list[str]:
        """Return up to three tag ids, the nearest first; none where nothing is near."""
        names = get_close_matches(spell(written), list(self._tags), n=8, cutoff=0.65)
        return list(dict.fromkeys(tag for name in names for tag in self._tags[name]))[:3]


def few_examples(data: Data) -> Found:
    """Find active tags with too few articles that have them, or too few known to be without."""
    n_negative = (data.labels == NEGATIVE).sum(axis=0)
    few = np.flatnonzero((data.n_positive < FEW_POSITIVES) | (n_negative < FEW_NEGATIVES)).tolist()
    few = [tag for tag in few if data.taxonomy.tags[tag].active]
    few.sort(key=lambda tag: (-data.n_positive[tag], data.taxonomy.tags[tag].id))  # those in use first
    rows = [
        {
            "tag": data.taxonomy.tags[tag].id,
            "kind": data.taxonomy.tags[tag].kind,
            "positives": int(data.n_positive[tag]),
            "negatives": int(n_negative[tag]),
            "articles": data.refs(data.having(tag)),
        }
        for tag in few[:N_ROWS]
    ]
    return Found(rows, len(few), [row for tag in few for row in data.having(tag).tolist()])


def exclusive_conflicts(data: Data) -> Found:
    """Find articles with more than one tag of an exclusive kind."""
    rows, articles = [], []
    for members in data.taxonomy.exclusive_kinds:
        given = data.labels[:, members] == POSITIVE
        for row in np.flatnonzero(given.sum(axis=1) > 1).tolist():
            tags = [data.taxonomy.tags[member].id for member in np.array(members)[given[row]]]
            kind = data.taxonomy.tags[members[0]].kind
            rows.append({**data.named(row), "kind": kind, "tags": tags})
            articles.append(row)
    return Found(rows, len(rows), articles)


def overlapping_tags(data: Data) -> Found:
    """Find pairs of tags by counting how often two stand together: sparse, for few of all pairs ever do."""
    together = sparse.triu(data.positives.T @ data.positives, k=1).tocoo()
    n, pairs = data.n_positive, []
    for a, b, both in zip(together.row.tolist(), together.col.tolist(), together.data.tolist(), strict=True):
        if n[a] > n[b] or (n[a] == n[b] and data.taxonomy.tags[a].id > data.taxonomy.tags[b].id):
            a, b = b, a  # noqa: PLW2901 - the rarer one first: it is the one that may lie within the other
        jaccard, within = both / (n[a] + n[b] - both), both / n[a]
        if n[a] >= MIN_TOGETHER and (jaccard >= OVERLAP or within >= WITHIN):
            pairs.append((float(jaccard), float(within), a, b))
    pairs.sort(key=lambda p: (-p[0], -p[1], data.taxonomy.tags[p[2]].id, data.taxonomy.tags[p[3]].id))
    rows, articles = [], []
    for jaccard, within, a, b in pairs:
        both = np.intersect1d(data.having(a), data.having(b))
        articles += both.tolist()
        ids = {"tag": data.taxonomy.tags[a].id, "other": data.taxonomy.tags[b].id}
        rows.append({**ids, "jaccard": jaccard, "within": within, "articles": data.refs(both)})
    return Found(rows, len(rows), articles)


def untagged(data: Data) -> Found:
    """Find articles without a tag."""
    rows = [row for row, article in enumerate(data.articles) if not article.tags]
    found = []
    for row in rows[:N_ROWS]:
        article = data.articles[row]
        known = "tags not given" if article.tags is None else "no tag fits" if article.tags_complete else "nothing"
        found.append({**data.named(row), "known": known})
    return Found(found, len(rows), rows)


def repeated_ids(data: Data) -> Found:
    """Find ids that stand more than once."""
    rows = [row for row, article in enumerate(data.articles) if data.times[article.id] > 1]
    found = [{"article": data.articles[row].id, "times": data.times[data.articles[row].id]} for row in rows[:N_ROWS]]
    return Found(found, len(rows), rows)


def near_duplicates(data: Data, stories: np.ndarray) -> dict[str, Found]:
    """Find near-duplicates, and those of them whose tags differ."""
    copies: defaultdict[int, list[int]] = defaultdict(list)
    for row, story in enumerate(stories.tolist()):
        copies[story].append(row)
    groups = sorted((rows for rows in copies.values() if len(rows) > 1), key=lambda rows: (-len(rows), rows))
    same, differ, differing = [], [], []
    for rows in groups:
        labels = data.labels[rows]
        odd = (labels == POSITIVE).any(axis=0) & (labels == NEGATIVE).any(axis=0)
        group = {"title": data.title(rows[0]), "articles": data.refs(rows)}
        same.append(group)
        if odd.any():
            differ.append({**group, "tags": [data.taxonomy.tags[tag].id for tag in np.flatnonzero(odd)]})
            differing += rows
    return {
        "near_duplicates": Found(same, len(same), [row for rows in groups for row in rows]),
        "duplicates_differ": Found(differ, len(differ), differing),
    }


def templates(data: Data, read: Read) -> Found:
    """Find articles that have much of their wording in common with other stories."""
    rows = np.flatnonzero(read.copied >= COPIED)
    rows = rows[np.argsort(-read.copied[rows], kind="stable")]
    found = [{**data.named(row), "share": float(read.copied[row])} for row in rows[:N_ROWS].tolist()]
    return Found(found, len(rows), rows.tolist())
