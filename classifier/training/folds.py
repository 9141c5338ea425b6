"""Folds for cross-validation: near-duplicates stay together, and each tag is spread evenly."""

import numpy as np
from scipy import sparse

UNDEALT = -1  # the fold of an article that no fitting has dealt yet


def make_folds(
    labels: np.ndarray, groups: np.ndarray, n_folds: int, seed: int, kept: np.ndarray | None = None
) -> np.ndarray:
    """Return a fold for each article, (n_articles,) int8: groups stay whole, and each tag is spread evenly.

    Iterative stratification (Sechidis et al. 2011) over groups: the rarest tag is dealt first, each of its groups to
    the fold that has fewest of it. Articles of an earlier fitting keep their folds, and only the others are dealt. A group
    keeps the fold that most of its articles had.

    Args:
        kept: (n_articles,) int, the folds of an earlier fitting, UNDEALT for new articles (default: all are new).
    """
    n_groups = int(groups.max()) + 1
    n_tags = labels.shape[1]
    positive = sparse.csr_matrix(labels == 1, dtype=np.float64)
    members = sparse.csr_matrix((np.ones(len(groups)), (groups, np.arange(len(groups)))), shape=(n_groups, len(groups)))
    by_group = (members @ positive).tocsr()
    by_tag = by_group.tocsc()
    sizes = np.bincount(groups, minlength=n_groups)
    order = np.random.default_rng(seed).permutation(n_groups)
    rank = np.empty(n_groups, dtype=np.int64)
    rank[order] = np.arange(n_groups)
    fold = np.full(n_groups, UNDEALT, dtype=np.int8)
    have, filled = np.zeros((n_folds, n_tags)), np.zeros(n_folds)

    def put(group: int, chosen: int) -> None:
        fold[group] = chosen
        start, end = by_group.indptr[group], by_group.indptr[group + 1]
        have[chosen, by_group.indices[start:end]] += by_group.data[start:end]
        filled[chosen] += sizes[group]

    def deal(group: int, tag: int | None) -> None:
        wanted = have[:, tag] if tag is not None else np.zeros(n_folds)
        put(group, min(range(n_folds), key=lambda f: (wanted[f], filled[f], f)))

    of_groups = _kept_by_group(kept, groups, n_folds) if kept is not None else fold
    for group in np.flatnonzero(of_groups != UNDEALT).tolist():
        put(group, int(of_groups[group]))
    for tag in np.argsort(np.asarray(by_tag.sum(axis=0)).ravel(), kind="stable").tolist():
        with_tag = by_tag.indices[by_tag.indptr[tag] : by_tag.indptr[tag + 1]]
        for group in sorted(with_tag.tolist(), key=rank.__getitem__):
            if fold[group] < 0:
                deal(group, tag)
    for group in order.tolist():
        if fold[group] < 0:
            deal(group, None)
    return np.asarray(fold[groups])


def _kept_by_group(kept: np.ndarray, groups: np.ndarray, n_folds: int) -> np.ndarray:
    """Return the fold that most articles of each group had, (n_groups,) int64, UNDEALT where none has one.

    Where fewer folds were used than there are now, all groups are dealt anew: else the new folds would stay nearly empty.
    """
    is_kept = (kept >= 0) & (kept < n_folds)
    n_each = np.zeros((int(groups.max()) + 1, n_folds), dtype=np.int64)
    np.add.at(n_each, (groups[is_kept], kept[is_kept]), 1)
    all_used = n_each.any(axis=0).all()
    return np.where(n_each.any(axis=1) & all_used, n_each.argmax(axis=1), UNDEALT)
