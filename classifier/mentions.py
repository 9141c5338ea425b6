"""Where an article names a tag: all aliases of the taxonomy found in one pass, and what those places say together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

import ahocorasick_rs

from classifier.taxonomy import Alias, Taxonomy
from classifier.words import Words, lead_end, spell, split_words

TITLE, BODY = 0, 1
# Between the words of one name there is no end of a sentence, no bracket and no quotation mark.
_BREAK = re.compile(r"[\n!?;:,\"()\[\]]|(?<=\w\w\w\w)\.\s")
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


class _Rule(NamedTuple):
    """An alias of a tag, made ready for matching; contexts are numbers of patterns."""

    tag: int
    alias: Alias
    bare: str
    unsafe_in_capitals: bool
    needs: tuple[int, ...]
    blocked: tuple[int, ...]


class _Candidate(NamedTuple):
    field: int
    first: int
    last: int  # one past
    rule: _Rule


_Places = dict[int, list[tuple[int, int]]]  # pattern -> (field, word), in order


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
        self._patterns: dict[str, int] = {}
        self._rules: dict[int, list[_Rule]] = defaultdict(list)
        for position, tag in enumerate(taxonomy.tags):
            if tag.status == "retired":
                continue
            for alias in tag.aliases:
                pattern = f" {spell(alias.text)}{' ' if alias.whole_word else ''}"
                self._rules[self._number(pattern)].append(self._rule(position, alias))
        contexts = (
            context for rules in self._rules.values() for rule in rules for context in rule.needs + rule.blocked
        )
        self._context_patterns = frozenset(contexts)
        self._automaton = ahocorasick_rs.AhoCorasick(list(self._patterns)) if self._patterns else None

    def _number(self, pattern: str) -> int:
        return self._patterns.setdefault(pattern, len(self._patterns))

    def _rule(self, tag: int, alias: Alias) -> _Rule:
        needs, blocked = (
            tuple(self._number(f" {spell(phrase)} ") for phrase in phrases) for phrases in (alias.needs, alias.blocked)
        )
        return _Rule(tag, alias, _bare(alias.text), spell(alias.text) in _UNSAFE_IN_CAPITALS, needs, blocked)

    def find(self, text: ReadText) -> list[Mention]:
        """Return the mentions in title and body, in order; where names overlap, the longest counts."""
        if self._automaton is None:
            return []
        fields = ((text.title, text.title_words), (text.body, text.body_words))
        candidates: list[_Candidate] = []
        contexts: _Places = defaultdict(list)
        for field, (content, words) in enumerate(fields):
            candidates += self._candidates(field, content, words, contexts)
        kept = [c for c in candidates if _in_context(c, contexts)]
        return [
            Mention(
                c.rule.tag,
                c.field,
                c.first,
                fields[c.field][1].starts[c.first],
                fields[c.field][1].ends[c.last - 1],
                c.rule.alias.weak,
            )
            for c in _longest(kept)
        ]

    def _candidates(self, field: int, content: str, words: Words, contexts: _Places) -> Iterable[_Candidate]:
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
            for rule in self._rules.get(pattern, ()):
                if not rule.alias.case_exact or _same_case(rule, named, capitals):
                    yield _Candidate(field, first, last, rule)


def _in_context(candidate: _Candidate, contexts: _Places) -> bool:
    rule = candidate.rule
    if rule.needs and not _near(candidate, rule.needs, rule.alias.needs_within, contexts):
        return False
    return not (rule.blocked and _near(candidate, rule.blocked, rule.alias.blocked_within, contexts))


def _near(candidate: _Candidate, patterns: Iterable[int], within: int | None, contexts: _Places) -> bool:
    for pattern in patterns:
        places = contexts.get(pattern)
        if not places:
            continue
        if within is None:
            return True
        # Places are in order; a name that is repeated a hundred thousand times must not try them all each time.
        nearest = bisect_left(places, (candidate.field, candidate.first - within))
        if places[nearest : nearest + 1] and places[nearest] <= (candidate.field, candidate.first + within):
            return True
    return False


def _same_case(rule: _Rule, named: str, capitals: bool) -> bool:
    """Whether a text writes a case-exact alias as it must; hyphens and blanks may differ."""
    return not rule.unsafe_in_capitals if capitals else _bare(named) == rule.bare


def _bare(name: str) -> str:
    return "".join(c for c in name if c.isalnum())


def _longest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep the longest of overlapping candidates, the first of equally long ones, and all tags of one same place."""
    kept: list[_Candidate] = []
    taken: dict[tuple[int, int], tuple[int, int]] = {}  # (field, word) -> the span that covers it
    named: set[tuple[int, int, int]] = set()  # (tag, field, word)
    for c in sorted(candidates, key=lambda c: (c.first - c.last, c.field, c.first, c.rule.tag, c.rule.alias.weak)):
        span = (c.first, c.last)
        words = [(c.field, word) for word in range(c.first, c.last)]
        if any(taken.get(word, span) != span for word in words):
            continue
        if (c.rule.tag, c.field, c.first) in named:
            continue
        named.add((c.rule.tag, c.field, c.first))
        taken.update(dict.fromkeys(words, span))
        kept.append(c)
    return sorted(kept, key=lambda c: (c.field, c.first, c.rule.tag))
