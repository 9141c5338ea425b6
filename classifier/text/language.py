"""A language: its stemmer, its word lists, the ends of its sentences, and the patterns of its boilerplate."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

import Stemmer

from classifier.text.once import once
from classifier.text.words import split_words

ENOUGH_KNOWN = 0.6  # the share of a text's words that its language must know
ENOUGH_SMALL = 0.2  # with this share of small words a text is of the language, and no large word list is asked
MAX_SAMPLED = 2000  # characters of a text by which its language is told
N_PREFIX = 3  # letters of a line that are looked at before any pattern is
MAX_LEAD = 600  # characters of a first sentence
MIN_LEAD_WORDS = 6  # a dateline or a short heading has fewer


@dataclass(frozen=True)
class BoilerplatePatterns:
    """How the boilerplate of a language reads. Each pattern is matched at the start of a line."""

    # The first words, in lower case, of all lines that match `share`, `read_more` or `newsletter`: few lines begin so.
    starts: frozenset[str]
    share: re.Pattern[str]
    read_more: re.Pattern[str]
    newsletter: re.Pattern[str]
    tag_list: re.Pattern[str]
    credit: re.Pattern[str]
    contributed: re.Pattern[str]  # searched for in the line in lower case
    stamp: re.Pattern[str]
    author_note: re.Pattern[str]  # has a group `surname`
    past: re.Pattern[str]  # searched for in the line: with it, the line is no author note
    byline: re.Pattern[str]

    @once
    def prefixes(self) -> frozenset[str]:
        """The first letters of `starts`."""
        return frozenset(word[:N_PREFIX] for word in self.starts)

    @once
    def letters(self) -> frozenset[str]:
        """Those of `starts` that are one letter, as in e-mail and X, in both cases."""
        return frozenset(case for word in self.starts if len(word) == 1 for case in (word, word.upper()))


@dataclass(frozen=True, eq=False)
class Language:
    """All that reading an article needs to know of the language that it is written in."""

    code: str  # of ISO 639-1
    stemmer: str  # the name of its Snowball stemmer
    small_words: frozenset[str]  # which hold its sentences together
    words_in_capitals: frozenset[str]  # which cannot be told from aliases in a text that is written in capitals
    sentence_end: re.Pattern[str]  # matches from the sign at the end of a sentence
    boilerplate: BoilerplatePatterns

    def stems(self, words: Sequence[str]) -> list[str]:
        """Return the stem of each word."""
        return self._stemmers.stems(words)

    @once
    def _stemmers(self) -> _Stemmers:
        return _Stemmers(self.stemmer)

    def lead_end(self, text: str) -> int:
        """Return where the first sentence of a body ends. Blanks before it are skipped."""
        begin = len(text) - len(text.lstrip())
        for end in self.sentence_end.finditer(text, begin, begin + MAX_LEAD):
            if len(text[begin : end.start()].split()) >= MIN_LEAD_WORDS:
                return end.start() + 1
        return min(len(text), begin + MAX_LEAD)

    def is_of(self, text: str) -> bool:
        """Whether a text is more likely of this language than not, from the share of its words that it knows."""
        words = split_words(text[:MAX_SAMPLED]).spelling
        if sum(map(self.small_words.__contains__, words)) >= ENOUGH_SMALL * max(1, len(words)):
            return True
        import simplemma  # its word list takes 0.3 s and 140 MB, and few articles need it

        return bool(simplemma.in_target_language(text[:MAX_SAMPLED], lang=self.code) > ENOUGH_KNOWN)


class _Stemmers(threading.local):
    """A stemmer for each thread: it works on its own state, and threads that share one get each other's stems."""

    def __init__(self, name: str) -> None:
        self.stems: Callable[[Sequence[str]], list[str]] = Stemmer.Stemmer(name, 0).stemWords


def word_list(name: str) -> frozenset[str]:
    """Return the words of a file in `word_lists`, one a line."""
    return frozenset((files("classifier.text") / "word_lists" / name).read_text("utf-8").split())
