"""What helps a model most, by its errors on articles held out: names that are missing, tags that are confused, more articles.

Notebook 03 explains each step, and tries candidates for aliases besides.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE
from classifier.domain.progress import Track
from classifier.domain.taxonomy import Kind
from classifier.reports.data.corpus import Corpus
from classifier.reports.data.records import (
    FEW_POSITIVES,
    Advice,
    CandidateName,
    ConfusedTags,
    NamedArticle,
    TagErrors,
    TagLacks,
)
from classifier.text.cleaning import clean_body
from classifier.training.fitting import Fitted

N_TAGS, N_LACKING, N_CONFUSED, N_NAMES, N_ARTICLES = 20, 50, 10, 12, 3
NAMES_OF_TAG = 2
MIN_CONFUSED = 2  # articles
MIN_MISSED = 2  # articles with a name in which its tag was missed
SPECIFIC = 0.7  # of the articles that name it have the tag
TIMES = 2  # as many errors of one kind as of the other
# One to three capitalised words inside a sentence.
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]+(?: [A-Z][\w-]+){0,2}")


def advice(corpus: Corpus, fitted: Fitted, track: Track) -> Advice:
    """Return what helps the tags of a corpus most, by a model that was fitted to it. Tags that are not suggested are left out."""
    held = fitted.held_out
    is_active = np.array([tag.active for tag in corpus.taxonomy.tags], dtype=bool)
    missed = ~held.suggested & (held.labels == POSITIVE) & is_active
    wrong = held.suggested & (held.labels == NEGATIVE) & is_active
    return Advice(
        errors=_errors(corpus, fitted, missed, wrong),
        names=_names(corpus, fitted, missed, track),
        confused=_confused(corpus, missed, wrong),
        few=_few(corpus, missed, is_active),
        nearly_auto=_nearly_auto(corpus, fitted),
    )


def _errors(corpus: Corpus, fitted: Fitted, missed: np.ndarray, wrong: np.ndarray) -> list[TagErrors]:
    """Return the tags with most errors, and articles with the most striking ones."""
    held = fitted.held_out
    right = held.suggested & (held.labels == POSITIVE)
    n_missed, n_wrong, n_right = (errors.sum(axis=0) for errors in (missed, wrong, right))
    order = [int(tag) for tag in np.argsort(-(n_missed + n_wrong), kind="stable")[:N_TAGS]]

    def named(errors: np.ndarray, tag: int, sign: int) -> list[NamedArticle]:
        rows = np.flatnonzero(errors[:, tag])
        return _articles(corpus, rows[np.argsort(sign * held.scores[rows, tag], kind="stable")])

    return [
        TagErrors(
            corpus.taxonomy.tags[tag].id,
            int(corpus.n_positive[tag]),
            int(n_right[tag]),
            int(n_missed[tag]),
            int(n_wrong[tag]),
            _what_helps(int(corpus.n_positive[tag]), int(n_missed[tag]), int(n_wrong[tag])),
            named(missed, tag, 1),
            named(wrong, tag, -1),
        )
        for tag in order
        if n_missed[tag] + n_wrong[tag]
    ]


def _what_helps(given: int, missed: int, wrong: int) -> str:
    if given < FEW_POSITIVES:
        return "more"
    if missed > TIMES * wrong:
        return "missed"
    return "wrong" if wrong > TIMES * missed else "both"


def _confused(corpus: Corpus, missed: np.ndarray, wrong: np.ndarray) -> list[ConfusedTags]:
    """Return pairs of tags of which the first was missed where the second was wrongly suggested."""
    together = missed.T.astype(np.int32) @ wrong.astype(np.int32)
    pairs = [(int(together[a, b]), int(a), int(b)) for a, b in np.argwhere(together >= MIN_CONFUSED)]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    tags = corpus.taxonomy.tags
    return [
        ConfusedTags(tags[a].id, tags[b].id, n, _articles(corpus, np.flatnonzero(missed[:, a] & wrong[:, b])))
        for n, a, b in pairs[:N_CONFUSED]
    ]


def _few(corpus: Corpus, missed: np.ndarray, is_active: np.ndarray) -> list[TagLacks]:
    """Return the tags with too few articles and how many they lack, those that were missed and are used most first."""
    few = np.flatnonzero(is_active & (corpus.n_positive < FEW_POSITIVES)).tolist()
    n_missed, n = missed.sum(axis=0), corpus.n_positive
    few.sort(key=lambda tag: (-int(n_missed[tag]), -int(n[tag]), corpus.taxonomy.tags[tag].id))
    return [TagLacks(corpus.taxonomy.tags[tag].id, int(n[tag]), FEW_POSITIVES - int(n[tag])) for tag in few[:N_LACKING]]


def _nearly_auto(corpus: Corpus, fitted: Fitted) -> list[TagLacks]:
    """Return the tags that lack fewest confirmed articles for the auto band."""
    lacks: dict[str, int] = fitted.card["cross_validation"]["auto_lacks"]
    rows = sorted((n, tag) for tag, n in lacks.items() if n)
    given = dict(zip((tag.id for tag in corpus.taxonomy.tags), corpus.n_positive.tolist(), strict=True))
    return [TagLacks(tag, given[tag], n) for n, tag in rows[:N_CONFUSED]]


def _names(corpus: Corpus, fitted: Fitted, missed: np.ndarray, track: Track) -> list[CandidateName]:
    """Return names that may be missing aliases: they stand in articles in which a tag was missed and not named.

    Nearly all articles that have such a name have the tag. With few articles, most candidates are chance.
    """
    in_misses: dict[int, Counter[str]] = defaultdict(Counter)
    taxonomy = corpus.taxonomy
    nameable = [tag.active and taxonomy.kinds.get(tag.kind, Kind()).label_is_alias for tag in taxonomy.tags]
    rows = np.flatnonzero((missed & np.array(nameable, dtype=bool)).any(axis=1)).tolist()
    for row in track(rows, len(rows), "names in missed articles"):
        names, named = _names_in(corpus.articles[row]), set(fitted.model.reader.read(corpus.articles[row]).mentions_of)
        for tag in np.flatnonzero(missed[row]).tolist():
            if nameable[tag] and tag not in named:
                in_misses[tag].update(names)
    wanted = {name for names in in_misses.values() for name, n in names.items() if n >= MIN_MISSED}
    known = {alias.text.casefold() for tag in corpus.taxonomy.tags for alias in tag.aliases}
    having = _articles_naming(corpus, {name for name in wanted if name.casefold() not in known}, track)
    found = [found for tag, names in in_misses.items() for found in _candidates(corpus, tag, names, having)]
    return sorted(found, key=lambda row: (-row.missed, -row.having, row.tag, row.name))[:N_NAMES]


def _candidates(
    corpus: Corpus, tag: int, in_misses: Counter[str], having: dict[str, list[int]]
) -> Sequence[CandidateName]:
    """Return the names of a tag that stand in most of its missed articles and in few that do not have it."""
    rows = []
    for name, n in in_misses.items():
        if n < MIN_MISSED or name not in having:
            continue
        articles = having[name]
        n_having = int((corpus.labels[articles, tag] == POSITIVE).sum())
        if n_having >= SPECIFIC * len(articles):
            rows.append(CandidateName(corpus.taxonomy.tags[tag].id, name, n, n_having, len(articles)))
    return sorted(rows, key=lambda row: (-row.missed, -row.having, -len(row.name), row.name))[:NAMES_OF_TAG]


def _articles_naming(corpus: Corpus, names: set[str], track: Track) -> dict[str, list[int]]:
    having: dict[str, list[int]] = defaultdict(list)
    if names:
        for row, article in enumerate(track(corpus.articles, len(corpus.articles), "reading for names")):
            for name in _names_in(article) & names:
                having[name].append(row)
    return having


def _names_in(article: Article) -> set[str]:
    return set(_NAME.findall(clean_body(article).text))


def _articles(corpus: Corpus, rows: Iterable[int]) -> list[NamedArticle]:
    return [NamedArticle(corpus.articles[row].id, corpus.title(row)) for row in list(rows)[:N_ARTICLES]]
