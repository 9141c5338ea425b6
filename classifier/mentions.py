"""Where an article names a tag: all aliases of the taxonomy found in one pass, and what those places say together."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice
from typing import NamedTuple

from classifier.taxonomy import Alias, Taxonomy
from classifier.words import Words, lead_end, once, spell, split_words

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


@dataclass(frozen=True)
class ReadText:
    """Title and kept body with their words: what mentions and terms are taken from."""

    title: str
    body: str
    title_words: Words
    body_words: Words
    lead_end: int

    @once
    def vocabulary(self) -> set[str]:
        """The words that stand in title or body."""
        return {*self.title_words.spelling, *self.body_words.spelling}

    @once
    def counts(self) -> Counter[str]:
        """How often each word stands in title and body."""
        counts = Counter(self.title_words.spelling)
        counts.update(self.body_words.spelling)
        return counts

    @once
    def n_lead(self) -> int:
        """The number of words of the body that start in its first sentence."""
        return self.body_words.n_before(self.lead_end)


def read_text(title: str, body: str) -> ReadText:
    """Split title and body into words once, for everything that asks for them."""
    return ReadText(title, body, split_words(title), split_words(body), lead_end(body))


class _Context(NamedTuple):
    """What an alias needs near it, or what blocks it: single words, longer phrases, and within how many words."""

    words: frozenset[str]
    phrases: tuple[tuple[str, ...], ...]
    within: int | None


class _Rule(NamedTuple):
    """An alias of a tag, made ready for matching."""

    tag: int
    text: str
    weak: bool
    bare: str | None  # its letters where case counts
    unsafe_in_capitals: bool
    needs: _Context | None
    blocked: _Context | None
    always: bool  # wherever its words stand in a row


@dataclass
class _Node:
    """A place in the tree of all names, word by word: the names that end here and the words that lead on."""

    rules: list[_Rule] = field(default_factory=list)
    following: dict[str, _Node] = field(default_factory=dict)
    # Words of which only the beginning counts: (how it begins, where it leads).
    beginnings: list[tuple[str, _Node]] = field(default_factory=list)

    def after(self, word: str) -> list[_Node]:
        """Return where a word leads from here."""
        found = [self.following[word]] if word in self.following else []
        if self.beginnings:
            found += [node for beginning, node in self.beginnings if word.startswith(beginning)]
        return found


_Candidate = tuple[int, int, _Rule]  # the first word, one past the last, and the alias


class _Field(NamedTuple):
    """One field of a text while names are looked for."""

    number: int
    content: str
    words: Words
    capitals: bool


class MentionFinder:
    """Finds the mentions of all tags of a taxonomy that are not retired."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._root = _Node()
        for position, tag in enumerate(taxonomy.tags):
            if tag.status == "retired":
                continue
            for alias in tag.aliases:
                self._add(spell(alias.text).split(), alias.whole_word, _rule(position, alias))
        self._firsts = {word: (node,) for word, node in self._root.following.items()}

    def _add(self, words: Sequence[str], whole_word: bool, rule: _Rule) -> None:
        node = self._root
        for word in words if whole_word else words[:-1]:
            node = node.following.setdefault(word, _Node())
        if not whole_word:
            known = dict(node.beginnings)
            if words[-1] not in known:
                node.beginnings.append((words[-1], _Node()))
            node = dict(node.beginnings)[words[-1]]
        node.rules.append(rule)

    def find(self, text: ReadText) -> list[Mention]:
        """Return the mentions in title and body, in order; where names overlap, the longest counts."""
        nodes = self._nodes(text)
        contexts = _Contexts(text)
        fields = ((text.title, text.title_words), (text.body, text.body_words))
        mentions: list[Mention] = []
        for number, (content, words) in enumerate(fields):
            candidates = _candidates(_Field(number, content, words, content.isupper()), nodes, contexts)
            if candidates:
                starts, ends = words.starts, words.ends
                mentions += [
                    Mention(rule.tag, number, first, starts[first], ends[last - 1], rule.weak)
                    for first, last, rule in _longest(candidates)
                ]
        return mentions

    def _nodes(self, text: ReadText) -> Mapping[str, Sequence[_Node]]:
        """Return the words with which the names of a text may begin, and where they lead."""
        if not self._root.beginnings:
            return self._firsts
        nodes: dict[str, Sequence[_Node]] = dict(self._firsts)
        for word in text.vocabulary:
            more = [node for beginning, node in self._root.beginnings if word.startswith(beginning)]
            if more:
                nodes[word] = (*nodes.get(word, ()), *more)
        return nodes


def _candidates(place: _Field, nodes: Mapping[str, Sequence[_Node]], contexts: _Contexts) -> list[_Candidate]:
    """Return the names that stand in a field with the case and the context that they ask for, by their first words."""
    words = place.words.spelling
    following = [*words[1:], ""]
    candidates: list[_Candidate] = []
    for first in compress(range(len(words)), map(nodes.__contains__, words)):
        for node in nodes[words[first]]:
            for rule in node.rules:
                if rule.always or _fits(rule, place, first, first + 1, contexts):
                    candidates.append((first, first + 1, rule))
            if following[first] in node.following or node.beginnings:
                _add_longer(candidates, node, place, first, contexts)
    return candidates


def _add_longer(candidates: list[_Candidate], node: _Node, place: _Field, first: int, contexts: _Contexts) -> None:
    """Add the names of more than one word that start with the word `first`, whose node this is."""
    words = place.words.spelling
    ways = [node]
    for last in range(first + 2, len(words) + 1):
        word = words[last - 1]
        ways = [to for way in ways for to in way.after(word)]
        if not ways:
            return
        rules = [rule for way in ways for rule in way.rules]
        if rules and not _BREAK.search(place.content, place.words.starts[first], place.words.ends[last - 1]):
            candidates += [
                (first, last, rule) for rule in rules if rule.always or _fits(rule, place, first, last, contexts)
            ]


def _rule(tag: int, alias: Alias) -> _Rule:
    needs, blocked = _context(alias.needs, alias.needs_within), _context(alias.blocked, alias.blocked_within)
    return _Rule(
        tag,
        alias.text,
        alias.weak,
        _bare(alias.text) if alias.case_exact else None,
        spell(alias.text) in _UNSAFE_IN_CAPITALS,
        needs,
        blocked,
        always=not (alias.case_exact or needs or blocked),
    )


def _context(phrases: Iterable[str], within: int | None) -> _Context | None:
    spelt = [tuple(spell(phrase).split()) for phrase in phrases]
    if not spelt:
        return None
    return _Context(
        frozenset(words[0] for words in spelt if len(words) == 1),
        tuple(words for words in spelt if len(words) > 1),
        within,
    )


class _Contexts:
    """Where contexts stand in a text; each is looked for when it is first asked for."""

    def __init__(self, text: ReadText) -> None:
        self._text = text
        self._places: dict[int, list[tuple[int, int]]] = {}

    def near(self, at: tuple[int, int], context: _Context) -> bool:
        """Whether any phrase of a context stands near a place, or anywhere if it does not say how near."""
        places = self._places.get(id(context))
        if places is None:
            places = self._places[id(context)] = self._look(context)
        if context.within is None or not places:
            return bool(places)
        # Places are in order; a name that is repeated a hundred thousand times must not try them all each time.
        number, first = at
        nearest = bisect_left(places, (number, first - context.within))
        return nearest < len(places) and places[nearest] <= (number, first + context.within)

    def _look(self, context: _Context) -> list[tuple[int, int]]:
        """Return the (field, word) where a context's phrases begin, in order; only one if any place will do."""
        present = self._text.vocabulary
        phrases = [(word,) for word in context.words & present]
        phrases += [phrase for phrase in context.phrases if phrase[0] in present and phrase[1] in present]
        found = (place for phrase in phrases for place in self._places_of(phrase))
        return list(islice(found, 1)) if context.within is None else sorted(found)

    def _places_of(self, phrase: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        for number, words in ((TITLE, self._text.title_words), (BODY, self._text.body_words)):
            for first in _positions(words.spelling, phrase):
                yield number, first


def _positions(words: list[str], phrase: tuple[str, ...]) -> Iterator[int]:
    wanted, at = list(phrase), -1
    try:
        while phrase:
            at = words.index(phrase[0], at + 1)
            if words[at : at + len(wanted)] == wanted:
                yield at
    except ValueError:
        return


def _fits(rule: _Rule, place: _Field, first: int, last: int, contexts: _Contexts) -> bool:
    if rule.bare is not None:
        named = place.content[place.words.starts[first] : place.words.ends[last - 1]]
        if not _same_case(rule, named, place.capitals):
            return False
    at = place.number, first
    if rule.needs is not None and not contexts.near(at, rule.needs):
        return False
    return rule.blocked is None or not contexts.near(at, rule.blocked)


def _same_case(rule: _Rule, named: str, capitals: bool) -> bool:
    """Whether a text writes a case-exact alias as it must; hyphens and blanks may differ."""
    if capitals:
        return not rule.unsafe_in_capitals
    return named == rule.text or _bare(named) == rule.bare


def _bare(name: str) -> str:
    return "".join(c for c in name if c.isalnum())


def _longest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Keep the longest of overlapping candidates of a field, the first of equally long ones, and all tags of one place.

    The candidates come in the order of their first words.
    """
    kept: list[_Candidate] = []
    run: list[_Candidate] = []  # of candidates that overlap, and how far they go
    reach = 0
    for candidate in candidates:
        if candidate[0] >= reach:
            kept += run if len(run) < 2 else _longest_of_run(run)
            run = []
        run.append(candidate)
        reach = max(reach, candidate[1])
    return kept + _longest_of_run(run)


def _longest_of_run(run: list[_Candidate]) -> list[_Candidate]:
    kept: list[_Candidate] = []
    taken: dict[int, tuple[int, int]] = {}  # word -> the span that covers it
    named: set[tuple[int, int]] = set()  # (tag, word)
    for first, last, rule in sorted(run, key=lambda c: (c[0] - c[1], c[0], c[2].tag, c[2].weak)):
        span = (first, last)
        if (rule.tag, first) in named or any(taken.get(word, span) != span for word in range(first, last)):
            continue
        named.add((rule.tag, first))
        taken.update(dict.fromkeys(range(first, last), span))
        kept.append((first, last, rule))
    return sorted(kept, key=lambda c: (c[0], c[2].tag))
