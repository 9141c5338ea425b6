"""Particles that Arabic and Ethiopic scripts write as one word with a name: and, with, for, like, of, in, from.

A name is found with each of them, because it is entered with each of them. No text is taken apart for it.
"""

from collections.abc import Iterator, Sequence
from itertools import product

MIN_LETTERS = 3  # of a name: shorter ones become other words with a particle
_ARABIC, _ETHIOPIC = ("\u0620", "\u06ff"), ("\u1200", "\u137f")
_ARTICLE, _FOR = "ال", "ل"
_BEFORE_ARABIC = ["".join(pair) for pair in product(("", "و", "ف"), ("", "ب", _FOR, "ك"))]  # and, so; with, for, like
_BEFORE_ETHIOPIC = ("", "የ", "በ", "ከ", "ለ", "ስለ", "እንደ")  # of, in, from, for, about, like
_AFTER_ETHIOPIC = ("", "ን", "ና", "ም", "ው", "ንና", "ንም")  # the object, and, also, the; the object with and, with also


def with_particles(words: Sequence[str], whole_word: bool = True) -> Iterator[tuple[str, ...]]:
    """Yield a name in all the ways that it is written with particles, itself first; `words` are spelt.

    Without `whole_word` the name may go on, and has no particles behind it.
    """
    if not words or words[0] < _ARABIC[0] or len("".join(words)) < MIN_LETTERS:
        yield tuple(words)
        return
    first, *others = words
    for variant in _with_prefixes(first):
        for suffix in _suffixes([variant, *others][-1]) if whole_word else ("",):
            yield _with_suffix((variant, *others), suffix)


def _with_prefixes(word: str) -> Iterator[str]:
    if _is_in(word, _ARABIC):
        with_article = word.startswith(_ARTICLE)
        for particle in _BEFORE_ARABIC:
            # The article loses its first letter behind `for`.
            yield particle + (word[1:] if with_article and particle.endswith(_FOR) else word)
    elif _is_in(word, _ETHIOPIC):
        yield from (particle + word for particle in _BEFORE_ETHIOPIC)
    else:
        yield word


def _suffixes(word: str) -> Sequence[str]:
    return _AFTER_ETHIOPIC if _is_in(word, _ETHIOPIC) else ("",)


def _with_suffix(words: tuple[str, ...], suffix: str) -> tuple[str, ...]:
    return (*words[:-1], words[-1] + suffix)


def _is_in(word: str, script: tuple[str, str]) -> bool:
    return script[0] <= word[0] <= script[1]
