"""Near-duplicates: articles that are the same story in nearly the same words, kept together in folds and holdouts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rensa import RMinHash, RMinHashLSH
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

SHINGLE = 5
SIMILAR = 0.8
N_PERMUTATIONS = 128
N_BANDS = 16


def shingles(words: Sequence[str]) -> set[str]:
    """Return the runs of five words of a text; the whole text where it is shorter."""
    if len(words) < SHINGLE:
        return {" ".join(words)}
    return {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def group_near_duplicates(texts: Sequence[Sequence[str]]) -> np.ndarray:
    """Return a group number for each text, (n_texts,) int32; near-duplicates share one.

    Candidates come from MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3); a
    pair joins when its estimated Jaccard similarity is at least 0.8.
    """
    index = RMinHashLSH(SIMILAR, N_PERMUTATIONS, N_BANDS)
    signatures: list[RMinHash] = []
    pairs: list[tuple[int, int]] = []
    for number, words in enumerate(texts):
        signature = RMinHash(N_PERMUTATIONS, 1)
        signature.update(sorted(shingles(words)))
        pairs += [
            (number, other) for other in index.query(signature) if signature.jaccard(signatures[other]) >= SIMILAR
        ]
        index.insert(number, signature)
        signatures.append(signature)
    n = len(texts)
    left, right = (np.array(side, dtype=np.int32) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    components: np.ndarray = connected_components(graph, directed=False)[1]
    return components.astype(np.int32)
