"""What the mentions of a tag say together: how an article names it, as features that are shared by all tags.

A linear model over these features tells the main subject of an article from what it names in passing. Because the
features say nothing of the tag itself, a tag with aliases and no examples can be judged by them from its first minute.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from math import log, log1p
from typing import NamedTuple

import numpy as np

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Taxonomy
from classifier.text.fields import BODY, FIELDS, ReadText
from classifier.text.mentions import FoundNames, Mention, NameWords

# Where a tag is named, from nowhere to the title: a pair of article and tag is in exactly one category.
CATEGORIES = ("nowhere", "scattered", "hinted", "body once", "body twice", "body often", "lead", "title")
NOWHERE, SCATTERED, HINTED, ONCE, TWICE, OFTEN, LEAD, IN_TITLE = range(len(CATEGORIES))
VALUES = (
    "number of mentions",
    "number of hints",
    "mentions for the length of the text",
    "length of the text",
    "how late it is first named",
    "how far it is spread",
    "also in the lead",
    "share among its kind",
    "ahead of the next of its kind",
    "others of its kind",
    "others of its kind before it",
    "narrower tags named",
    "a narrower tag in title or lead",
    "share beside its narrower tags",
    "its broader tag named",
    "its broader tag in title or lead",
)
# Groups have more features: many texts name one in passing, and the rates of other kinds are too uneven for so many weights.
RIVAL = "another of its kind in title or lead"
# Values that count otherwise above some knots: twice as long a text, or twice as late, is not twice as much a doubt.
KNOTS = {
    "how late it is first named": (0.1, 0.3, 0.5, 0.7, 0.9),
    "length of the text": (-1.5, -0.7, 0.0, 0.7, 1.5),
    "number of mentions": (1.0, 1.4, 1.8, 2.2),
    "share among its kind": (0.1, 0.25, 0.5, 0.75),
    "mentions for the length of the text": (0.3, 0.6, 1.0, 2.0),
    "others of its kind": (0.5, 1.0, 1.5, 2.0),
}
# Values that count again for a tag that the body names once.
OF_NAMED_ONCE = (
    "how late it is first named",
    "length of the text",
    "others of its kind",
    "others of its kind before it",
    RIVAL,
)
KINDS = ("group", "place", "theme")
GROUP = KINDS.index("group")
PLAIN = (*CATEGORIES[1:], *VALUES)
OF_GROUPS = (
    RIVAL,
    *(f"{name} above {knot}" for name, knots in KNOTS.items() for knot in knots),
    *(f"{name} (body once)" for name in OF_NAMED_ONCE),
)
SHARED = (*PLAIN, *OF_GROUPS)
# Every plain feature counts for all kinds, and again for each kind: places are named otherwise than groups.
FEATURES = (*PLAIN, *(f"{name} ({kind})" for kind in KINDS for name in ("kind", *PLAIN)), *OF_GROUPS)
N_QUARTERS = 4
SHORT, USUAL_LENGTH, LONG = 20, 200, 5_000  # words; beyond, a text is as short or as long as any


class MentionFeatures(NamedTuple):
    """How some articles name the tags that they name at all: a row for each such pair, in order."""

    articles: np.ndarray  # (n_named,) int64, numbers of the articles
    tags: np.ndarray  # (n_named,) int64, places in the taxonomy
    categories: np.ndarray  # (n_named,) int8, in CATEGORIES
    kinds: np.ndarray  # (n_named,) int8, places in KINDS, -1 for another kind
    shared: np.ndarray  # (n_named, len(SHARED)) float64

    @property
    def repeated_groups(self) -> np.ndarray:
        """Whether the tag is a group and named more than once, (n_named,) bool."""
        return np.asarray((self.kinds == GROUP) & (self.shared[:, _N_MENTIONS] > _ONE_MENTION))


_N_MENTIONS, _ONE_MENTION = PLAIN.index("number of mentions"), log1p(1.5)
_WITH_RIVAL = (*PLAIN, RIVAL)
_BENT = np.array([PLAIN.index(name) for name, knots in KNOTS.items() for _ in knots])
_KNOTS = np.array([knot for knots in KNOTS.values() for knot in knots])
_OF_ONCE = np.array([_WITH_RIVAL.index(name) for name in OF_NAMED_ONCE])


def with_features_of_groups(values: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return shared features, (n, len(SHARED)) float64, of plain ones and RIVAL, (n, len(PLAIN) + 1)."""
    features = np.zeros((len(values), len(SHARED)))
    features[:, : len(PLAIN)] = values[:, : len(PLAIN)]
    rows = ((kinds == GROUP) & (values[:, SCATTERED - 1] == 0.0)).nonzero()[0]
    if len(rows):
        of_groups = values[rows]
        above = np.maximum(of_groups.take(_BENT, axis=1) - _KNOTS, 0.0)
        once = of_groups.take(_OF_ONCE, axis=1) * of_groups[:, ONCE - 1 : ONCE]
        features[rows, len(PLAIN) :] = np.concatenate([of_groups[:, len(PLAIN) :], above, once], axis=1)
    return features


def crossed(shared: np.ndarray, kinds: np.ndarray) -> np.ndarray:
    """Return shared features, (n, len(SHARED)), with the copies of the plain ones for each kind, (n, len(FEATURES)) float64."""
    plain = shared[:, : len(PLAIN)]
    columns = [plain]
    for kind in range(len(KINDS)):
        of_kind = (kinds == kind).astype(np.float64)[:, None]
        columns += [of_kind, plain * of_kind]
    return np.concatenate([*columns, shared[:, len(PLAIN) :]], axis=1)


def with_later_features(weights: np.ndarray) -> np.ndarray:
    """Return the weights of a version that lacks OF_GROUPS as (len(FEATURES),), with 0 for these."""
    n = len(FEATURES) - len(OF_GROUPS)
    return np.append(weights, np.zeros(len(OF_GROUPS))) if weights.shape == (n,) else weights


class MentionWeights:
    """The pooled linear model over naming features, its copies for the kinds folded into one row for each."""

    def __init__(self, weights: np.ndarray, intercept: float) -> None:
        """Fold weights, (len(FEATURES),) float64."""
        n = len(PLAIN)
        plain, of_kind, of_groups = np.split(weights, [n, len(weights) - len(OF_GROUPS)])
        of_kind = of_kind.reshape(len(KINDS), n + 1)
        own = np.vstack([plain + of_kind[:, 1:], plain])  # the last row: any other kind
        self._weights = np.hstack([own, np.tile(of_groups, (len(own), 1))])
        self._intercepts = intercept + np.append(of_kind[:, 0], 0.0)

    def logits(self, kinds: np.ndarray, shared: np.ndarray) -> np.ndarray:
        """Return the pooled logits of named pairs, (n,) float64, from `MentionFeatures.kinds` and `MentionFeatures.shared`."""
        return np.asarray(self._intercepts[kinds] + np.einsum("nf,nf->n", shared, self._weights[kinds]))


class _Counted:
    """One tag's mentions in one article, counted."""

    __slots__ = ("first", "in_lead", "in_title", "n_hints", "n_named", "quarters")

    def __init__(self, first: int) -> None:
        self.n_named = self.n_hints = self.quarters = 0  # quarters of the body where it occurs, one bit for each
        self.in_title = self.in_lead = False
        self.first = first  # number of the word where it is first named (or hinted at); below 0 before the body

    @property
    def at_top(self) -> bool:
        return self.in_title or self.in_lead


_SHARE_OF_QUARTERS = [bin(bits).count("1") / N_QUARTERS for bits in range(1 << N_QUARTERS)]
_NO_VALUES = (0.0,) * (len(VALUES) + 1)  # of a tag whose words are scattered


class _Kind:
    """The named tags of one kind in one article: what a tag of that kind is beside the others."""

    __slots__ = ("best", "firsts", "n_at_top", "second", "total")

    def __init__(self) -> None:
        self.total = self.best = self.second = 0  # of mentions that name
        self.n_at_top = 0  # in title or lead
        self.firsts: list[int] = []

    def add(self, counts: _Counted) -> None:
        n = counts.n_named
        self.total += n
        self.best, self.second = (n, self.best) if n > self.best else (self.best, max(n, self.second))
        self.n_at_top += counts.at_top
        insort(self.firsts, counts.first)


class MentionFeatureReader:
    """Turns the mentions of an article into features of its named tags."""

    def __init__(self, taxonomy: Taxonomy, words: NameWords) -> None:
        position = {tag.id: number for number, tag in enumerate(taxonomy.tags)}
        self._kind = [tag.kind for tag in taxonomy.tags]
        known_kinds = [KINDS.index(kind) if kind in KINDS else -1 for kind in self._kind]
        self._known_kind = np.array(known_kinds, dtype=np.int8)
        self._broader = [tuple(position[each] for each in tag.broader if each in position) for tag in taxonomy.tags]
        self._above = _above(self._broader)
        # The words of labels, by their longest word: few articles hold it, and only there the others matter.
        self._labels: dict[int, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        for number, tag in enumerate(taxonomy.tags):
            label = spell(tag.label).split()
            if len(label) > 1 and tag.aliases and not tag.retired:
                label_words = words.of(tag.label)
                self._labels[label_words[label.index(max(label, key=len))]].append((number, frozenset(label_words)))

    def read(self, texts: Sequence[tuple[FoundNames, ReadText]]) -> MentionFeatures:
        """Return how articles name the tags of their mentions, and those whose label's words are scattered in them."""
        articles, tags, categories, values = list[int](), list[int](), list[int](), list[tuple[float, ...]]()
        for article, ((mentions, present), text) in enumerate(texts):
            counted = _count(mentions, text) if mentions else {}
            labels = [label for word in self._labels.keys() & present for label in self._labels[word]]
            scattered = {tag for tag, words in labels if words <= present} - counted.keys()
            if not counted and not scattered:
                continue
            named_tags = sorted([*counted, *scattered])
            articles += [article] * len(named_tags)
            tags += named_tags
            categories += [_category(counted[tag]) if tag in counted else SCATTERED for tag in named_tags]
            values_of = self._values(counted, max(1, len(text.words[BODY])))
            values += [values_of.get(tag, _NO_VALUES) for tag in named_tags]
        tag_numbers, in_category = np.array(tags, dtype=np.int64), np.array(categories, dtype=np.int8)
        kinds, shared = self._known_kind[tag_numbers], np.zeros((len(tags), len(PLAIN) + 1))
        shared[np.arange(len(tags)), in_category - 1] = 1.0
        # Read one by one: numpy would look at all the tuples first.
        flat = np.fromiter(chain.from_iterable(values), np.float64, len(tags) * len(_NO_VALUES))
        shared[:, len(CATEGORIES) - 1 :] = flat.reshape(-1, len(_NO_VALUES))
        return MentionFeatures(
            np.array(articles, dtype=np.int64),
            tag_numbers,
            in_category,
            kinds,
            with_features_of_groups(shared, kinds),
        )

    def _values(self, counted: Mapping[int, _Counted], n_words: int) -> dict[int, tuple[float, ...]]:
        """Return VALUES and RIVAL of each tag: what it is alone, and beside the others of its article."""
        of_kind: dict[str, _Kind] = defaultdict(_Kind)
        n_narrower, narrower_at_top = defaultdict[int, int](int), set[int]()
        for tag, counts in counted.items():
            if counts.n_named:
                of_kind[self._kind[tag]].add(counts)
            for above in self._above[tag]:
                n_narrower[above] += counts.n_named
                if counts.at_top:
                    narrower_at_top.add(above)
        length, n_at_least = log(min(LONG, max(SHORT, n_words)) / USUAL_LENGTH), max(50, n_words)
        values: dict[int, tuple[float, ...]] = {}
        for tag, counts in counted.items():
            kind, n, below = of_kind[self._kind[tag]], counts.n_named, n_narrower.get(tag, 0)
            broader = [counted[above] for above in self._broader[tag] if above in counted]
            next_best, log_n = kind.second if n == kind.best else kind.best, log1p(n)
            values[tag] = (
                log_n,
                log1p(counts.n_hints),
                min(4.0, 100.0 * (n + counts.n_hints) / n_at_least),
                length,
                counts.first / n_words if counts.first > 0 else 0.0,
                _SHARE_OF_QUARTERS[counts.quarters],
                counts.in_lead,
                n / kind.total if n else 0.0,
                log_n - log1p(next_best),
                log1p(len(kind.firsts) - (n > 0)),
                log1p(bisect_left(kind.firsts, counts.first)),
                log1p(below) if below else 0.0,
                tag in narrower_at_top,
                n / (n + below) if below else 1.0,
                log1p(max(above.n_named for above in broader)) if broader else 0.0,
                any(above.at_top for above in broader) if broader else 0.0,
                kind.n_at_top > counts.at_top,
            )
        return values


def _above(broader: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return all tags above each tag, the nearest first."""
    above = []
    for direct in broader:
        passed: dict[int, None] = {}
        waiting = direct
        while waiting:
            passed |= dict.fromkeys(waiting)
            waiting = tuple(upper for tag in waiting for upper in broader[tag] if upper not in passed)
        above.append(tuple(passed))
    return above


def _category(counts: _Counted) -> int:
    at_top = IN_TITLE if counts.in_title else LEAD if counts.in_lead else None
    return at_top or (HINTED, ONCE, TWICE, OFTEN)[min(counts.n_named, 3)]


def _count(mentions: Sequence[Mention], text: ReadText) -> dict[int, _Counted]:
    n_words = max(1, len(text.words[BODY]))
    counted: dict[int, _Counted] = {}
    for tag, field, word, start, _, weak in mentions:
        order = word if field == BODY else word - sum(map(len, text.words[field:BODY]))
        counts = counted.get(tag)
        if counts is None:
            counts = counted[tag] = _Counted(order)
        if field == BODY:
            counts.quarters |= 1 << (word * N_QUARTERS // n_words)
        if weak:
            counts.n_hints += 1
            continue
        if not counts.n_named:
            counts.first = order  # the mentions come in order; a name counts before a hint
        counts.n_named += 1
        position = FIELDS[field].position
        if position == "title":
            counts.in_title = True
        elif position == "lead" or (field == BODY and start < text.lead_end):
            counts.in_lead = True
    return counted
