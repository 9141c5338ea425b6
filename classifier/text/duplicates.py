"""Near-duplicates: articles that are the same story in nearly the same words, kept together in folds."""

from collections.abc import Sequence

import numpy as np
from rensa import RMinHash, RMinHashLSH
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from classifier.text.shingles import SIMILAR, shingles

N_PERMUTATIONS = 128
N_BANDS = 16


def signature_of(words: Sequence[str]) -> RMinHash:
    """Return the MinHash signature of the words of a text."""
    signature = RMinHash(N_PERMUTATIONS, 1)
    signature.update(sorted(shingles(words)))
    return signature


class NearDuplicates:
    """Finds near-duplicates among texts that are added one by one, and keeps no text.

    Candidates come from MinHash with banding (Broder 1997; Leskovec et al., Mining of Massive Datasets, ch. 3); a
    pair joins when its estimated Jaccard similarity is at least 0.8.
    """

    def __init__(self) -> None:
        self._index = RMinHashLSH(SIMILAR, N_PERMUTATIONS, N_BANDS)
        self._signatures: list[RMinHash] = []
        self._pairs: list[tuple[int, int]] = []

    def add(self, words: Sequence[str]) -> None:
        """Add the words of the next text."""
        self.add_signature(signature_of(words))

    def add_signature(self, signature: RMinHash) -> None:
        """Add the next text by its signature, which may come from another process."""
        number = len(self._signatures)
        candidates = self._index.query(signature)
        self._pairs += [(number, c) for c in candidates if signature.jaccard(self._signatures[c]) >= SIMILAR]
        self._index.insert(number, signature)
        self._signatures.append(signature)

    def groups(self) -> np.ndarray:
        """Return a group number for each text, (n_texts,) int32, which near-duplicates share."""
        n = len(self._signatures)
        pairs = np.array(self._pairs, dtype=np.int32).reshape(-1, 2)
        graph = coo_matrix((np.ones(len(pairs), dtype=np.int8), pairs.T), shape=(n, n))
        components: np.ndarray = connected_components(graph, directed=False)[1]
        return components.astype(np.int32)
