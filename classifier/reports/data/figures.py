"""What a desk should know of its data before it trains on them: counts, doubtful labels, copies, overlaps, changes over time.

Of articles only ids, titles, single words and short repeated blocks are quoted.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.progress import Track, untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.unreadable import Unreadable
from classifier.errors import TooFewExamples
from classifier.model import evaluation
from classifier.reports.data.advice import advice
from classifier.reports.data.copies import Copies, find_copies, repeated_blocks
from classifier.reports.data.corpus import N_ROWS, Corpus
from classifier.reports.data.doubts import N_SUSPECTS, suspect_labels
from classifier.reports.data.findings import (
    copied_articles,
    exclusive_conflicts,
    few_examples,
    near_duplicates,
    overlapping_tags,
    repeated_ids,
    unknown_tags,
    untagged,
)
from classifier.reports.data.over_time import over_time
from classifier.reports.data.records import (
    KINDS,
    Advice,
    Counts,
    CrossValidation,
    DataReport,
    Finding,
    Found,
    KindCounts,
    LengthCount,
    NotChecked,
    TagCounts,
    WordCounts,
    YearCount,
)
from classifier.text.reading import ArticleReader
from classifier.training.corpus import BATCH
from classifier.training.fitting import Fitted, fit
from classifier.training.settings import FitSettings

LENGTHS = (0, 1, 50, 100, 200, 400, 800, 1600, 3200)  # words


def data_report(
    articles: Iterable[Article],
    taxonomy: Taxonomy | None,
    track: Track = untracked,
    settings: FitSettings | None = None,
    timeless: Collection[str] = (),
    blocks: Sequence[str] = (),
) -> DataReport:
    """Return what a desk should know of its articles before it trains a model on them.

    Without a taxonomy the tags are those of the articles. A model is fitted for the scores of articles held out; where that
    is impossible the report says so under `not_checked`. The order of the articles does not matter. Articles that cannot be
    read are left out and named under `set_aside`. `timeless` are the ids of articles whose dates do not count, as those of the
    starter articles. `blocks` are the folded texts of blocks that training leaves out.

    Raises:
        AllUnreadable: if no article can be read.
    """
    articles, unreadable = list(articles), Unreadable()
    taxonomy = taxonomy or taxonomy_of(tag for article in articles for tag in article.tags or ())
    corpus = Corpus(_readable(articles, taxonomy, unreadable, track), taxonomy, timeless)
    unreadable.check(len(articles))
    copies = find_copies(corpus, track)
    findings = _without_model(corpus, copies)
    not_checked = []
    fitted: Fitted | None = None
    advised: Advice | None = None
    try:
        fitted = fit(corpus.articles, corpus.taxonomy, settings, track, blocks, timeless=corpus.timeless)
        findings["suspect_labels"] = suspect_labels(corpus, fitted, track)
        advised = advice(corpus, fitted, track)
    except TooFewExamples as error:
        not_checked.append(NotChecked(KINDS["suspect_labels"].title, str(error)))
    changes = over_time(corpus, copies, track)
    if isinstance(changes, NotChecked):
        not_checked.append(changes)
    else:
        findings |= changes
    findings["repeated_blocks"] = repeated_blocks(corpus, copies, fitted.model if fitted else None, track)
    return DataReport(
        n_articles=len(corpus.articles),
        n_tags=len(taxonomy.tags),
        taxonomy_version=taxonomy.version,
        counts=_counts(corpus, copies),
        shared_sequences=copies.sequences,
        cross_validation=_cross_validation(corpus, fitted),
        not_checked=not_checked,
        set_aside=unreadable.to_json(),
        findings=[_finding(corpus, name, findings[name]) for name in KINDS if name in findings],
        advice=advised,
    )


def _without_model(corpus: Corpus, copies: Copies) -> dict[str, Found]:
    """Return what the checks find that need no model."""
    return {
        "unknown_tags": unknown_tags(corpus),
        "exclusive_conflicts": exclusive_conflicts(corpus),
        "few_examples": few_examples(corpus),
        "overlapping_tags": overlapping_tags(corpus),
        "untagged": untagged(corpus),
        "undated": corpus.found([row for row, article in enumerate(corpus.articles) if not article.published_at]),
        "repeated_ids": repeated_ids(corpus),
        "empty": corpus.found(np.flatnonzero(copies.n_words == 0).tolist()),
        **near_duplicates(corpus, copies.stories),
        "shared_sequences": copied_articles(corpus, copies),
    }


def _readable(
    articles: Sequence[Article], taxonomy: Taxonomy, unreadable: Unreadable, track: Track
) -> Iterator[Article]:
    """Yield the articles that can be read, before any check begins to count."""
    reader = ArticleReader(taxonomy)
    tracked = iter(track(articles, len(articles), "reading articles"))
    while batch := list(islice(tracked, BATCH)):
        readings = unreadable.each(reader.read_all, batch)
        yield from (article for article, reading in zip(batch, readings, strict=True) if reading is not None)


def _finding(corpus: Corpus, name: str, result: Found) -> Finding:
    kind, n_rows = KINDS[name].in_words(), N_SUSPECTS if name == "suspect_labels" else N_ROWS
    articles = corpus.refs(result.articles)
    return Finding(name, kind.title, kind.what, kind.next, result.n, articles, result.rows[:n_rows])


def _counts(corpus: Corpus, copies: Copies) -> Counts:
    """Return how many articles each tag and kind has, and articles by year and by length."""
    negatives, unknown = ((corpus.labels == value).sum(axis=0).tolist() for value in (NEGATIVE, UNKNOWN))
    years = Counter((article.published_at or "")[:4] or None for article in corpus.articles)
    bins = np.bincount(np.digitize(copies.n_words, LENGTHS) - 1, minlength=len(LENGTHS)).tolist()
    median = float(np.median(copies.n_words)) if len(copies.n_words) else 0.0
    return Counts(
        tags=[
            TagCounts(tag.id, tag.label, tag.kind, n, n_negative, n_unknown)
            for tag, n, n_negative, n_unknown in zip(
                corpus.taxonomy.tags, corpus.n_positive.tolist(), negatives, unknown, strict=True
            )
        ],
        kinds=[_kind_counts(corpus, kind, columns) for kind, columns in _kinds(corpus).items()],
        tags_per_article=float(corpus.n_positive.sum() / max(1, len(corpus.articles))),
        years=[YearCount(year, years[year]) for year in sorted(years, key=lambda year: year or "")],
        words=WordCounts(median, [LengthCount(low, n) for low, n in zip(LENGTHS, bins, strict=True)]),
    )


def _kinds(corpus: Corpus) -> dict[str, np.ndarray]:
    """Return which tags are of each kind, (n_tags,) bool, in the order of the taxonomy."""
    kinds = np.array([tag.kind for tag in corpus.taxonomy.tags])
    return {kind: kinds == kind for kind in dict.fromkeys(kinds.tolist())}


def _kind_counts(corpus: Corpus, kind: str, columns: np.ndarray) -> KindCounts:
    n_positive = corpus.n_positive[columns]
    has_any = (corpus.labels[:, columns] == POSITIVE).any(axis=1)
    return KindCounts(kind, len(n_positive), int((n_positive > 0).sum()), int(n_positive.sum()), int(has_any.sum()))


def _cross_validation(corpus: Corpus, fitted: Fitted | None) -> CrossValidation | None:
    """Return how good the model is on articles held out."""
    if fitted is None:
        return None
    held, measured = fitted.held_out, fitted.card["cross_validation"]
    kinds = {
        kind: evaluation.micro_f1(held.suggested[:, columns], held.labels[:, columns])
        for kind, columns in _kinds(corpus).items()
    }
    return CrossValidation(measured["micro_f1"], measured["macro_f1"], kinds)
