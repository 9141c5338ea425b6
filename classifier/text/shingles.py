"""Runs of five words, and how much two texts share of them: whether a text is materially the same as before."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np

SHINGLE = 5
SIMILAR = 0.8
N_SKETCHED = 512  # articles with fewer shingles are compared exactly; beyond, the standard error is .018 at .8
_WORD = re.compile(r"\w+")


def shingles(words: Sequence[str]) -> set[str]:
    """Return the runs of five words of a text, or the whole text where it is shorter."""
    if len(words) < SHINGLE:
        return {" ".join(words)}
    return {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def shingles_of(text: str) -> set[str]:
    """Return the runs of five words of a text, in lower case."""
    return shingles(_WORD.findall(text.casefold()))


def sketch_of(text: str) -> bytes:
    """Return the smallest hashes of a text's shingles, at most 512 little-endian uint64 in rising order.

    A bottom-k sketch (Cohen and Kaplan 2007): it tells how alike two texts are, and no word of either.
    """
    digests = (hashlib.blake2b(shingle.encode(), digest_size=8).digest() for shingle in shingles_of(text))
    hashes = sorted(int.from_bytes(digest, "little") for digest in digests)
    return np.array(hashes[:N_SKETCHED], dtype="<u8").tobytes()


def resemblance(a: bytes, b: bytes) -> float:
    """Return the Jaccard similarity of the shingles of two sketched texts, estimated where they are long."""
    first, second = np.frombuffer(a, dtype="<u8"), np.frombuffer(b, dtype="<u8")
    smallest = np.union1d(first, second)[:N_SKETCHED]
    shared = np.isin(smallest, first, assume_unique=True) & np.isin(smallest, second, assume_unique=True)
    return float(shared.mean()) if len(smallest) else 1.0
