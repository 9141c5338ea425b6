"""Made-up archives of any size: words by Zipf's law over an open vocabulary, tags with words and names of their own.

Everything follows from a seed, so an archive is made again rather than kept. How hard the tags are is not like real articles;
how many words, terms, tags an article and articles a tag there are is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from classifier.text.language import ENGLISH

AT_ONCE = 2_000  # articles
N_WORDS = 200  # of an article, on average; from about 100 to 300
ZIPF_SHIFT = 2.7  # Mandelbrot's, in 1 / (rank + shift)
# Words are rarer beyond this rank, by 1 / rank ** TAIL, so that new ones never cease, as in real archives (Heaps' law).
HEAD, TAIL, N_RANKS = 15_000, 1.6, 100_000_000
TAG_WORDS = 40  # that a tag's articles use more
TAG_SHARE = 0.12  # of the words of an article
NAMED = 0.6  # the share of an article's tags that it names
PASSING = 0.3  # the share of articles that name another tag in passing
TITLE_WORDS = 8
SENTENCE = 18
FIRST_DAY, N_DAYS = date(2010, 1, 1), 5_000
SYLLABLES = [a + b for a in (*"bcdfghjklmnprstvwz", "sh", "th", "kr", "st") for b in "aeiou"]
ENDINGS = ("", "s", "ed", "ing")


def write_archive(path: Path, n_articles: int, n_tags: int, seed: int = 0) -> int:
    """Write an archive as JSON Lines, and return how many bytes of text it has."""
    n_bytes = 0
    with path.open("w", encoding="utf-8") as lines:
        for record in archive(n_articles, n_tags, seed):
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            n_bytes += len(record["title"].encode()) + len(record["body"].encode())
    return n_bytes


def archive(n_articles: int, n_tags: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the records of an archive: each tag has at least some articles, the commonest a tenth of all."""
    draws = np.random.default_rng(seed)
    names = [_name(number) for number in range(n_tags)]
    own = 200 + (draws.random((n_tags, TAG_WORDS)) ** 3 * 50_000).astype(np.int64)
    frequency = 1.0 / (np.arange(n_tags) + 10.0) ** 0.9
    frequency /= frequency.sum()
    own_weight = np.cumsum(1.0 / np.arange(2, TAG_WORDS + 2))
    for begin in range(0, n_articles, AT_ONCE):
        for number in range(begin, min(begin + AT_ONCE, n_articles)):
            n_of_article = min(8, 1 + int(draws.poisson(2.0)))
            tags = np.unique(np.searchsorted(frequency.cumsum(), draws.random(n_of_article)).clip(0, n_tags - 1))
            # The first articles go through all tags, so that none is without an example.
            tags = np.unique(np.append(tags, number % n_tags)) if number < 4 * n_tags else tags
            words = _words(own[tags], own_weight, draws)
            _put_names(words, [names[tag] for tag in tags if draws.random() < NAMED], draws)
            if draws.random() < PASSING:
                _put_names(words, [names[int(draws.integers(n_tags))]], draws)
            day = FIRST_DAY + timedelta(days=number * N_DAYS // n_articles)
            yield {
                "id": f"a-{number:07d}",
                "title": " ".join(words[:TITLE_WORDS]),
                "body": _body(words[TITLE_WORDS:]),
                "tags": [names[tag].lower().replace(" ", "-") for tag in tags],
                "published_at": day.isoformat(),
            }


def _words(own: np.ndarray, own_weight: np.ndarray, draws: np.random.Generator) -> list[str]:
    """Return the words of an article with some tags, whose own words are (n_tags, TAG_WORDS) ranks."""
    n = int(np.clip(draws.normal(N_WORDS, N_WORDS / 4), N_WORDS / 2, N_WORDS * 1.5)) + TITLE_WORDS
    ranks = _ranks(n, draws)
    topical = np.flatnonzero(draws.random(n) < TAG_SHARE)
    picks = np.searchsorted(own_weight, draws.random(len(topical)) * own_weight[-1])
    ranks[topical] = own[draws.integers(0, len(own), len(topical)), picks]
    return [word_of(rank) for rank in ranks.tolist()]


def _ranks(n: int, draws: np.random.Generator) -> np.ndarray:
    """Return the ranks of `n` words: 1 / (rank + ZIPF_SHIFT) up to HEAD, and 1 / rank ** TAIL beyond."""
    head, tail = np.log(1.0 + HEAD / ZIPF_SHIFT), 1.0 / (TAIL - 1.0)
    mass = draws.random(n) * (head + tail)
    in_head = ZIPF_SHIFT * np.exp(np.minimum(mass, head)) - ZIPF_SHIFT
    beyond = HEAD * np.maximum((head + tail - mass) / tail, 1e-9) ** (-1.0 / (TAIL - 1.0))
    ranks: np.ndarray = np.minimum(np.where(mass < head, in_head, beyond), N_RANKS).astype(np.int64)
    return ranks


def word_of(rank: int) -> str:
    """Return the word of a rank: the commonest are English stop words, the others made up, with English endings."""
    if rank < len(_STOP_WORDS):
        return _STOP_WORDS[rank]
    lemma, ending = divmod(rank, len(ENDINGS))
    return (
        _syllables(lemma * 7_368_787 % 100_000_007) + ENDINGS[ending]
    )  # primes: the order of ranks is no order of letters


def _name(number: int) -> str:
    """Return the name of a tag: two words in capitals that no other text has."""
    first, second = _syllables(100_000_007 + number * 7), _syllables(100_000_007 + number * 13)
    return f"{first}q {second}x".title()


def _syllables(number: int) -> str:
    syllables: list[str] = []
    while number or len(syllables) < 2:
        number, syllable = divmod(number, len(SYLLABLES))
        syllables.append(SYLLABLES[syllable])
    return "".join(syllables)


def _put_names(words: list[str], names: list[str], draws: np.random.Generator) -> None:
    for name in names:
        words[int(draws.integers(len(words)))] = name


def _body(words: list[str]) -> str:
    sentences = [_sentence(words[begin : begin + SENTENCE]) for begin in range(0, len(words), SENTENCE)]
    return "\n".join(" ".join(sentences[begin : begin + 4]) for begin in range(0, len(sentences), 4))


def _sentence(words: list[str]) -> str:
    text = " ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


_STOP_WORDS = sorted(ENGLISH.stop_words, key=lambda word: (len(word), word))
