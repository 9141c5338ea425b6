"""What the data report finds by looking at tags and articles, without a model."""

from collections import defaultdict
from difflib import get_close_matches

import numpy as np
from scipy import sparse

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.reports.data.copies import Copies
from classifier.reports.data.corpus import N_ROWS, Corpus
from classifier.reports.data.records import COPIED, FEW_NEGATIVES, FEW_POSITIVES, OVERLAP, WITHIN, Found
from classifier.reports.layout import plain
from classifier.texts import N_

MIN_TOGETHER = 5  # positives of a tag before its overlap with others says anything


def unknown_tags(corpus: Corpus) -> Found:
    """Find tags of articles that the taxonomy does not have."""
    on: defaultdict[str, list[int]] = defaultdict(list)
    for row, article in enumerate(corpus.articles):
        for tag in (*(article.tags or ()), *article.rejected):
            if tag not in corpus.taxonomy.by_id:
                on[tag].append(row)
    order = sorted(on, key=lambda tag: (-len(on[tag]), tag))
    nearest = _Nearest(corpus.taxonomy)
    rows = [
        {"tag": plain(tag, 80), "nearest": nearest.to(tag), "articles": corpus.refs(on[tag])} for tag in order[:N_ROWS]
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


def few_examples(corpus: Corpus) -> Found:
    """Find active tags with too few articles that have them, or too few known to be without."""
    n_negative = (corpus.labels == NEGATIVE).sum(axis=0)
    few = np.flatnonzero((corpus.n_positive < FEW_POSITIVES) | (n_negative < FEW_NEGATIVES)).tolist()
    few = [tag for tag in few if corpus.taxonomy.tags[tag].active]
    few.sort(key=lambda tag: (-corpus.n_positive[tag], corpus.taxonomy.tags[tag].id))  # those in use first
    rows = [
        {
            "tag": corpus.taxonomy.tags[tag].id,
            "kind": corpus.taxonomy.tags[tag].kind,
            "positives": int(corpus.n_positive[tag]),
            "negatives": int(n_negative[tag]),
            "articles": corpus.refs(corpus.having(tag)),
        }
        for tag in few[:N_ROWS]
    ]
    return Found(rows, len(few), [row for tag in few for row in corpus.having(tag).tolist()])


def exclusive_conflicts(corpus: Corpus) -> Found:
    """Find articles with more than one tag of an exclusive kind."""
    rows, articles = [], []
    for members in corpus.taxonomy.exclusive_kinds:
        is_given = corpus.labels[:, members] == POSITIVE
        for row in np.flatnonzero(is_given.sum(axis=1) > 1).tolist():
            tags = [corpus.taxonomy.tags[member].id for member in np.array(members)[is_given[row]]]
            kind = corpus.taxonomy.tags[members[0]].kind
            rows.append(corpus.named(row) | {"kind": kind, "tags": tags})
            articles.append(row)
    return Found(rows, len(rows), articles)


def overlapping_tags(corpus: Corpus) -> Found:
    """Find pairs of tags by counting how often two stand together: sparse, for few of all pairs ever do."""
    together = sparse.triu(corpus.positives.T @ corpus.positives, k=1).tocoo()
    n, pairs = corpus.n_positive, []
    for a, b, both in zip(together.row.tolist(), together.col.tolist(), together.data.tolist(), strict=True):
        if n[a] > n[b] or (n[a] == n[b] and corpus.taxonomy.tags[a].id > corpus.taxonomy.tags[b].id):
            a, b = b, a  # noqa: PLW2901 - the rarer one first: it is the one that may lie within the other
        jaccard, within = overlap(int(n[a]), int(n[b]), int(both))
        if overlaps(int(n[a]), jaccard, within):
            pairs.append((jaccard, within, a, b))
    pairs.sort(key=lambda p: (-p[0], -p[1], corpus.taxonomy.tags[p[2]].id, corpus.taxonomy.tags[p[3]].id))
    rows, articles = [], []
    for jaccard, within, a, b in pairs:
        both = np.intersect1d(corpus.having(a), corpus.having(b))
        articles += both.tolist()
        row = {"tag": corpus.taxonomy.tags[a].id, "other": corpus.taxonomy.tags[b].id}
        rows.append({**row, "jaccard": jaccard, "within": within, "articles": corpus.refs(both)})
    return Found(rows, len(rows), articles)


def overlap(n: int, n_other: int, n_both: int) -> tuple[float, float]:
    """Return which share of the articles with either of two tags has both, and which share of those with the first."""
    return n_both / (n + n_other - n_both), n_both / n


def overlaps(n: int, jaccard: float, within: float) -> bool:
    """Whether a tag with n articles, the rarer one of two, overlaps with the other so far that somebody should look."""
    return n >= MIN_TOGETHER and (jaccard >= OVERLAP or within >= WITHIN)


def untagged(corpus: Corpus) -> Found:
    """Find articles without a tag."""
    rows = [row for row, article in enumerate(corpus.articles) if not article.tags]
    listed = [corpus.named(row) | {"known": _known(corpus.articles[row])} for row in rows[:N_ROWS]]
    return Found(listed, len(rows), rows)


def _known(article: Article) -> str:
    if article.tags is None:
        return N_("tags not given")
    return N_("no tag fits") if article.tags_complete else N_("nothing")


def repeated_ids(corpus: Corpus) -> Found:
    """Find ids that occur more than once."""
    rows = [row for row, article in enumerate(corpus.articles) if corpus.times[article.id] > 1]
    ids = [corpus.articles[row].id for row in rows[:N_ROWS]]
    return Found([{"article": key, "times": corpus.times[key]} for key in ids], len(rows), rows)


def near_duplicates(corpus: Corpus, stories: np.ndarray) -> dict[str, Found]:
    """Find near-duplicates, and those of them whose tags differ."""
    copies: defaultdict[int, list[int]] = defaultdict(list)
    for row, story in enumerate(stories.tolist()):
        copies[story].append(row)
    groups = sorted((rows for rows in copies.values() if len(rows) > 1), key=lambda rows: (-len(rows), rows))
    same, differ, differing = [], [], []
    for rows in groups:
        labels = corpus.labels[rows]
        odd = (labels == POSITIVE).any(axis=0) & (labels == NEGATIVE).any(axis=0)
        group = {"title": corpus.title(rows[0]), "articles": corpus.refs(rows)}
        same.append(group)
        if odd.any():
            tags = [corpus.taxonomy.tags[tag].id for tag in np.flatnonzero(odd)]
            differ.append({**group, "tags": tags})
            differing += rows
    return {
        "near_duplicates": Found(same, len(same), [row for rows in groups for row in rows]),
        "duplicates_differ": Found(differ, len(differ), differing),
    }


def copied_articles(corpus: Corpus, copies: Copies) -> Found:
    """Find articles that have much of their wording in common with other stories."""
    rows = np.flatnonzero(copies.copied >= COPIED)
    rows = rows[np.argsort(-copies.copied[rows], kind="stable")].tolist()
    listed = [corpus.named(row) | {"share": float(copies.copied[row])} for row in rows[:N_ROWS]]
    return Found(listed, len(rows), rows)
