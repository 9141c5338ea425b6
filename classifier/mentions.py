"""Where an article names a tag: all aliases of the taxonomy found in one pass, and what those places say together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import ahocorasick_rs

from classifier.taxonomy import Alias, Taxonomy
from classifier.words import Words, lead_end, spell, split_words

TITLE, BODY = 0, 1
# Between the words of one name there is no end of a sentence, no bracket and no quotation mark.
_BREAK = re.compile(r"[\n!?;:,\"()\[\]\u2014]|(?<=\w\w\w\w)\.\s")
# In a text written in capitals these cannot be told from ordinary words, whatever their case policy says.
_UNSAFE_IN_CAPITALS = frozenset(["is", "it", "us", "let", "tip", "base", "aa", "as", "am", "pm", "who", "can", "may"])


class Mention(NamedTuple):
    """A place in the clean text of one field where an alias of a tag occurs.

    `tag` is the tag's place in the taxonomy, `word` the number of the first word in the field,
    `start` and `end` are character offsets, `weak` is the strength of the alias.
    """

    tag: int
    field: int
    word: int
    start: int
    end: int
    weak: bool


class _Candidate(NamedTuple):
    field: int
    first: int
    last: int  # one past
    tag: int
    alias: Alias


class ReadText(NamedTuple):
    """Title and kept body with their words: what mentions and terms are taken from."""

    title: str
    body: str
    title_words: Words
    body_words: Words
    lead_end: int


def read_text(title: str, body: str) -> ReadText:
    """Split title and body into words once, for everything that asks for them."""
    return ReadText(title, body, split_words(title), split_words(body), lead_end(body))


class MentionFinder:
    """Finds the mentions of all tags of a taxonomy that are not retired."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        patterns: dict[str, int] = {}
        self._aliases: dict[int, list[tuple[int, Alias]]] = defaultdict(list)
        self._contexts: dict[str, int] = {}  # spelling of a context phrase -> pattern
        for position, tag in enumerate(taxonomy.tags):
            if tag.status == "retired":
                continue
            for alias in tag.aliases:
                pattern = f" {spell(alias.text)}{' ' if alias.whole_word else ''}"
                self._aliases[patterns.setdefault(pattern, len(patterns))].append((position, alias))
                for phrase in map(spell, (*alias.needs, *alias.blocked)):
                    self._contexts[phrase] = patterns.setdefault(f" {phrase} ", len(patterns))
        self._context_patterns = frozenset(self._contexts.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(patterns)) if patterns else None

    def find(self, text: ReadText) -> list[Mention]:
        """Return the mentions in title and body, in order; where names overlap, the longest counts."""
        if self._automaton is None:
            return []
        fields = ((text.title, text.title_words), (text.body, text.body_words))
        candidates: list[_Candidate] = []
        contexts: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for field, (content, words) in enumerate(fields):
            candidates += self._candidates(field, content, words, contexts)
        kept = [c for c in candidates if self._in_context(c, contexts)]
        return [
            Mention(
                c.tag,
                c.field,
                c.first,
                fields[c.field][1].starts[c.first],
                fields[c.field][1].ends[c.last - 1],
                c.alias.weak,
            )
            for c in _longest(kept)
        ]

    def _candidates(
        self, field: int, content: str, words: Words, contexts: dict[int, list[tuple[int, int]]]
    ) -> Iterable[_Candidate]:
        assert self._automaton is not None
        joined = f" {' '.join(words.spelling)} "
        begins = list(accumulate((len(word) + 1 for word in words.spelling), initial=0))
        capitals = content.isupper()
        for pattern, start, end in self._automaton.find_matches_as_indexes(joined, overlapping=True):
            first, last = bisect_left(begins, start), bisect_left(begins, end - 1)
            if pattern in self._context_patterns:
                contexts[pattern].append((field, first))
            named = content[words.starts[first] : words.ends[last - 1]]
            if last - first > 1 and _BREAK.search(named):
                continue
            for tag, alias in self._aliases.get(pattern, ()):
                if not alias.case_exact or _same_case(alias.text, named, capitals):
                    yield _Candidate(field, first, last, tag, alias)

    def _in_context(self, candidate: _Candidate, contexts: dict[int, list[tuple[int, int]]]) -> bool:
        alias = candidate.alias
        if alias.needs and not self._near(candidate, alias.needs, alias.needs_within, contexts):
            return False
        return not (alias.blocked and self._near(candidate, alias.blocked, alias.blocked_within, contexts))

    def _near(
        self,
        candidate: _Candidate,
        phrases: Sequence[str],
        within: int | None,
        contexts: dict[int, list[tuple[int, int]]],
    ) -> bool:
        places = [place for phrase in phrases for place in contexts.get(self._contexts[spell(phrase)], ())]
        if within is None:
            return bool(places)
        return any(field == candidate.field and abs(word - candidate.first) <= within for field, word in places)


def _same_case(alias: str, named: str, capitals: bool) -> bool:
    """Whether a text writes a case-exact alias as it must; hyphens and blanks may differ."""
    if capitals:
        return spell(alias) not in _UNSAFE_IN_CAPITALS
    return _bare(named) == _bare(alias)


def _bare(name: str) -> str:
    return "".join(c for c in name if c.isalnum())


def _longest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep the longest of overlapping candidates, the first of equally long ones, and all tags of one same place."""
    kept: list[_Candidate] = []
    taken: dict[tuple[int, int], tuple[int, int]] = {}  # (field, word) -> the span that covers it
    for c in sorted(candidates, key=lambda c: (c.first - c.last, c.field, c.first, c.tag, c.alias.weak)):
        span = (c.first, c.last)
        words = [(c.field, word) for word in range(c.first, c.last)]
        if any(taken.get(word, span) != span for word in words):
            continue
        if any(k.tag == c.tag and k.field == c.field and k.first == c.first for k in kept):
            continue
        taken.update(dict.fromkeys(words, span))
        kept.append(c)
    return sorted(kept, key=lambda c: (c.field, c.first, c.tag))
