"""Where an article names a tag: all aliases of the taxonomy found in one pass, and what those places say together."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, pairwise
from typing import NamedTuple
from unicodedata import normalize

import numpy as np

from classifier.domain.naming import Names, primary
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.text.beginnings import Beginnings
from classifier.text.fields import FIELDS, ReadText
from classifier.text.hashing import HashedWords, WordTable
from classifier.text.language import ENGLISH, Language
from classifier.text.once import once
from classifier.text.particles import with_particles
from classifier.text.words import Words, hashed_all

N_PAIRS = 1 << 16  # places for pairs of words with which names begin; a starter taxonomy has three thousand pairs
_GAP_BITS = 30
_GAP = 1 << _GAP_BITS  # words between two fields: nothing in one is near to the other
# Between the words of one name there is no end of a sentence, no bracket and no quotation mark.
_BREAK = re.compile(r"[\n!?;:,\"()\[\]«»،؛؟۔።፣፤፥]|(?<=\w\w\w\w)\.\s")


class Mention(NamedTuple):
    """A place in the clean text of one field where an alias of a tag occurs."""

    tag: int  # its place in the taxonomy
    field: int
    word: int  # the number of the first word in the field
    start: int  # in characters, as the end
    end: int
    weak: bool  # whether the alias is


class NameWords:
    """The words of all that a taxonomy's tags are named by, as numbers from 1. Any other word is 0."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        spelt = dict.fromkeys(word for name in _names(taxonomy) for form in _forms(name) for word in form)
        self._table = WordTable(list(spelt))
        self._number = {word: number for number, word in enumerate(spelt, start=1)}
        self._spelling = ["", *spelt]

    def __len__(self) -> int:
        return len(self._number)

    def of(self, name: str) -> list[int]:
        """Return the words of a name that is the taxonomy's."""
        return [self._number[word] for word in spell(name).split()]

    def spelling(self, word: int) -> str:
        """Return how a word is spelt."""
        return self._spelling[word]

    def forms(self, name: str, whole_word: bool = True) -> list[list[int]]:
        """Return the words of a name in all the ways that it is written with particles, without them first."""
        return [[self._number[word] for word in form] for form in _forms(name, whole_word)]

    def of_texts(self, hashed: HashedWords) -> np.ndarray:
        """Return the words of some texts, one after the other, int64."""
        return self._table.find(hashed.of_word) + 1


def _names(taxonomy: Taxonomy) -> Iterator[str]:
    for tag in taxonomy.tags:
        yield tag.label
        yield from (label for _, label in tag.labels)
        for alias in tag.aliases:
            yield from (alias.text, *alias.needs, *alias.blocked)


def _forms(name: str, whole_word: bool = True) -> Iterator[tuple[str, ...]]:
    return with_particles(spell(name).split(), whole_word)


class _Rule(NamedTuple):
    """An alias of a tag, made ready for matching."""

    tag: int
    weak: bool
    bare: str | None  # its letters where case counts
    unsafe_in_capitals: bool
    needs: Context | None
    blocked: Context | None
    lang: str | None  # the language of the texts in which it counts
    always: bool  # wherever its words stand in a row


@dataclass
class _Node:
    """A place in the tree of all names, word by word: the names that end here and the words that lead on."""

    rules: list[_Rule] = field(default_factory=list)
    following: dict[int, _Node] = field(default_factory=dict)
    begun: Beginnings[list[_Rule]] | None = None  # the names that end with any word that begins so


_Candidate = tuple[int, int, _Rule]  # the first word, one past the last, and the alias


class _Field(NamedTuple):
    """One field of a text while names are looked for, with the numbers of its words."""

    number: int
    text: ReadText
    content: str
    words: Words
    numbers: list[int]
    capitals: bool


class FoundNames(NamedTuple):
    """What names a text has: its mentions, and the numbers of its words that are the taxonomy's."""

    mentions: list[Mention]
    present: set[int]


class MentionFinder:
    """Finds the mentions of all tags of a taxonomy that are not retired."""

    def __init__(self, taxonomy: Taxonomy, language: Language = ENGLISH) -> None:
        self.words = NameWords(taxonomy)
        self._root = _Node()
        names, rules = Names(taxonomy), list[tuple[Alias, _Rule]]()
        for position, tag in enumerate(taxonomy.tags):
            if not tag.retired:
                rules += [(alias, _rule(position, alias, self.words, language)) for alias in names.of(tag)]
        self._add_all(rules)
        # Of the words, whether names consist of them or go on with any word; of pairs, whether names may begin with them.
        self._alone = np.zeros(len(self.words) + 1, dtype=bool)
        self._alone[[word for word, node in self._root.following.items() if node.rules or node.begun]] = True
        pairs = [(word, after) for word, node in self._root.following.items() for after in node.following]
        self._pairs = np.zeros(N_PAIRS, dtype=bool)
        self._pairs[_slots(*np.array(pairs, dtype=np.int64).reshape(-1, 2).T)] = True

    def _add_all(self, rules: Sequence[tuple[Alias, _Rule]]) -> None:
        plain = {tuple(self.words.of(alias.text)) for alias, _ in rules}
        for alias, rule in rules:
            name, *with_particles = self.words.forms(alias.text, alias.whole_word)
            self._add(name, alias, rule)
            for form in with_particles:
                if tuple(form) not in plain:  # what is a name itself is that name
                    self._add(form, alias, rule)

    def _add(self, words: list[int], alias: Alias, rule: _Rule) -> None:
        node = self._root
        for word in words if alias.whole_word else words[:-1]:
            node = node.following.setdefault(word, _Node())
        rules = node.rules
        if not alias.whole_word:
            node.begun = node.begun or Beginnings(list)
            rules = node.begun.add(self.words.spelling(words[-1]))
        rules.append(rule)

    def find(self, text: ReadText) -> list[Mention]:
        """Return the mentions in all fields, in order. Where names overlap, the longest counts."""
        return self.find_all([text])[0].mentions

    def find_all(self, texts: Sequence[ReadText]) -> list[FoundNames]:
        """Return what names some texts have."""
        words = [field_words for text in texts for field_words in text.words]
        hashed = hashed_all(words)
        numbers, edges = self.words.of_texts(hashed), hashed.edges
        begins = np.array(edges)
        named = (numbers != 0).nonzero()[0]
        names, after = numbers.take(named), numbers.take(named + 1, mode="clip")
        may_begin = self._alone.take(names) | self._pairs.take(_slots(names, after))
        firsts = _by_field(named[may_begin], begins)
        names, name_edges = names.tolist(), named.searchsorted(begins).tolist()
        all_numbers = numbers.tolist()
        results = []
        for number, text in enumerate(texts):
            first, last = len(FIELDS) * number, len(FIELDS) * (number + 1)  # fields of all texts
            present = set(names[name_edges[first] : name_edges[last]])
            mentions: list[Mention] = []
            if any(firsts[first:last]) or self._root.begun:
                of_fields = [all_numbers[edges[index] : edges[index + 1]] for index in range(first, last)]
                contexts = Contexts(of_fields, numbers[edges[first] : edges[last]], present)
                for field, (content, of_field) in enumerate(zip(text.contents, of_fields, strict=True)):
                    index = first + field
                    if firsts[index] or self._root.begun:
                        text_field = _Field(field, text, content, words[index], of_field, content.isupper())
                        mentions += self._mentions(text_field, firsts[index], contexts)
            results.append(FoundNames(mentions, present))
        return results

    def _mentions(self, text_field: _Field, firsts: list[int], contexts: Contexts) -> list[Mention]:
        if self._root.begun:
            begun, spelt = self._root.begun.of, enumerate(text_field.words.spelling)
            firsts = sorted({*firsts, *(number for number, word in spelt if begun(word))})
        number, names = text_field.number, _longest(_candidates(text_field, self._root, firsts, contexts))
        spans = text_field.words.spans([first for first, _, _ in names], [last for _, last, _ in names])
        return [
            Mention._make((rule.tag, number, first, start, end, rule.weak))
            for (first, _, rule), start, end in zip(names, *spans, strict=True)
        ]


def _by_field(numbers: np.ndarray, begins: np.ndarray) -> list[list[int]]:
    """Return for each field which of its words some words of all fields are. `begins` says where each field begins."""
    edges = numbers.searchsorted(begins)
    within = (numbers - begins[:-1].repeat(np.diff(edges))).tolist()
    return [within[start:end] for start, end in pairwise(edges.tolist())]


def _slots(words: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return a place below N_PAIRS for each pair of words, which a few pairs share."""
    return np.asarray((words * 40_503 + after * 3_266_489_917) % N_PAIRS)


def _candidates(text_field: _Field, root: _Node, firsts: list[int], contexts: Contexts) -> list[_Candidate]:
    """Return the names that stand in a field with the case and the context that they ask for, by their first words."""
    numbers, n_words, words = text_field.numbers, len(text_field.numbers), text_field.words
    candidates: list[_Candidate] = []
    for first in firsts:
        node: _Node | None = root
        last = first
        while node is not None and last < n_words:
            begun, node = node.begun, node.following.get(numbers[last])
            rules = [] if node is None else node.rules
            if begun is not None:
                rules = [*rules, *chain.from_iterable(begun.of(words.word(last)))]
            last += 1
            if rules and (last == first + 1 or not _BREAK.search(text_field.content, *words.span(first, last))):
                for rule in rules:
                    if rule.always or _fits(rule, text_field, first, last, contexts):
                        candidates.append((first, last, rule))
    return candidates


def _rule(tag: int, alias: Alias, words: NameWords, language: Language) -> _Rule:
    needs = context_of(chain(*map(words.forms, alias.needs)), alias.needs_within) if alias.needs else None
    blocked = context_of(chain(*map(words.forms, alias.blocked)), alias.blocked_within) if alias.blocked else None
    bare = bare_letters(alias.text) if alias.case_exact and alias.text.upper() != alias.text.lower() else None
    unsafe_in_capitals = spell(alias.text) in language.words_in_capitals
    lang = primary(alias.lang) if alias.lang else None
    always = not (bare or needs or blocked or lang)
    return _Rule(tag, alias.weak, bare, unsafe_in_capitals, needs, blocked, lang, always)


def _fits(rule: _Rule, text_field: _Field, first: int, last: int, contexts: Contexts) -> bool:
    if rule.bare is not None and text_field.capitals:
        if rule.unsafe_in_capitals:
            return False
    elif rule.bare is not None:  # hyphens and blanks may differ
        start, end = text_field.words.span(first, last)
        if bare_letters(text_field.content[start:end]) != rule.bare:
            return False
    if rule.needs is not None and not contexts.near(text_field.number, first, rule.needs):
        return False
    if rule.blocked is not None and contexts.near(text_field.number, first, rule.blocked):
        return False
    # In a text of no known language every name counts.
    return rule.lang is None or text_field.text.language in (None, rule.lang)


def bare_letters(name: str) -> str:
    """Return a name without blanks and signs, in its case: what an alias with `case: exact` compares."""
    return name if name.isalnum() else "".join(c for c in normalize("NFC", name) if c.isalnum())


def _longest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep of overlapping candidates, in order, the longest, the first of equally long ones, and all tags of one place."""
    longest: list[_Candidate] = []
    begin = reach = 0  # of those that overlap: which is the first, and how far they go
    for number, (first, last, _) in enumerate(candidates):
        if first >= reach:
            longest += _longest_of_run(candidates[begin:number])
            begin, reach = number, last
        elif last > reach:
            reach = last
    return longest + _longest_of_run(candidates[begin:])


def _longest_of_run(run: list[_Candidate]) -> list[_Candidate]:
    if len(run) < 2:
        return run
    longest: list[_Candidate] = []
    span_of_word: dict[int, tuple[int, int]] = {}  # word -> the span that covers it
    named: set[tuple[int, int]] = set()  # (tag, word)
    for candidate in sorted(run, key=lambda c: (c[0] - c[1], c[0], c[2].tag, c[2].weak)):
        first, last, rule = candidate
        span = (first, last)
        # A longer one that overlaps has the first word of this one, or the last.
        is_free = span_of_word.get(first, span) == span == span_of_word.get(last - 1, span)
        if is_free and (rule.tag, first) not in named:
            named.add((rule.tag, first))
            span_of_word.update(dict.fromkeys(range(first, last), span))
            longest.append(candidate)
    return sorted(longest, key=lambda c: (c[0], c[2].tag))


class Context(NamedTuple):
    """Phrases, those of one word apart from longer ones, and within how many words one must stand; None: anywhere."""

    words: frozenset[int]
    phrases: list[tuple[int, ...]]
    within: int | None


def context_of(phrases: Iterable[Sequence[int]], within: int | None) -> Context | None:
    """Return the context of some phrases, or None if they hold no word."""
    different = [phrase for phrase in dict.fromkeys(map(tuple, phrases)) if phrase]
    alone = frozenset(phrase[0] for phrase in different if len(phrase) == 1)
    return Context(alone, [phrase for phrase in different if len(phrase) > 1], within) if different else None


class Contexts:
    """Where contexts stand in a text: offsets are numbers of words, with a gap before each next field."""

    def __init__(self, fields: list[list[int]], words: np.ndarray, present: set[int]) -> None:
        """Take the words of each field, those of all, (n_words,) int64, and which words there are."""
        self._fields, self._words, self._present = fields, words, present
        # Found so far: whether contexts stand anywhere, where they stand, and where words stand.
        self._stand, self._offsets, self._where = dict[int, bool](), dict[int, list[int]](), dict[int, list[int]]()

    @once
    def _edges(self) -> list[int]:
        """Where each next field begins, without gaps."""
        return [*accumulate(map(len, self._fields))]

    @once
    def _begins(self) -> list[int]:
        """Where each field begins, and one behind the last."""
        return [0, *(edge + field * _GAP for field, edge in enumerate(self._edges, start=1))]

    def near(self, field: int, word: int, context: Context) -> bool:
        """Whether any phrase of a context stands near a word of a field, which is given by its number, or anywhere."""
        key = id(context)
        if context.within is None:
            if key not in self._stand:
                stands = not context.words.isdisjoint(self._present) or any(True for _ in self._of_phrases(context))
                self._stand[key] = stands
            return self._stand[key]
        if key not in self._offsets:
            of_words = chain(*map(self._of_word, context.words & self._present))
            self._offsets[key] = sorted([*of_words, *self._of_phrases(context)])
        offsets = self._offsets[key]
        # Offsets are in order. A name that is repeated a hundred thousand times must not try them all each time.
        offset = self._begins[field] + word
        nearest = bisect_left(offsets, offset - context.within)
        return nearest < len(offsets) and offsets[nearest] <= offset + context.within

    def _of_phrases(self, context: Context) -> Iterator[int]:
        for phrase in filter(self._present.issuperset, context.phrases):
            for offset in self._of_word(phrase[0]):
                field = offset >> _GAP_BITS
                first = offset - self._begins[field]
                if tuple(self._fields[field][first : first + len(phrase)]) == phrase:
                    yield offset

    def _of_word(self, word: int) -> list[int]:
        if word not in self._where:
            numbers, ends = (self._words == word).nonzero()[0].tolist(), self._edges[:-1]
            self._where[word] = [number + (bisect_right(ends, number) << _GAP_BITS) for number in numbers]
        return self._where[word]
