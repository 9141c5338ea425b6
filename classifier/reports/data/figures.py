"""What a desk should know of its data before it trains on them: counts, doubtful labels, copies, repeated blocks, overlaps.

`data_report` returns plain JSON. Of articles only ids, titles, single words and short repeated blocks are quoted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import NEGATIVE, POSITIVE, UNKNOWN
from classifier.domain.progress import Track, untracked
from classifier.domain.taxonomy import Taxonomy, taxonomy_of
from classifier.domain.unreadable import Unreadable
from classifier.errors import TooFewExamples
from classifier.model import evaluation
from classifier.reports.data.blocks import repeated_blocks
from classifier.reports.data.copies import Read, read_once
from classifier.reports.data.doubts import N_SUSPECTS, suspect_labels
from classifier.reports.data.findings import (
    exclusive_conflicts,
    few_examples,
    near_duplicates,
    overlapping_tags,
    repeated_ids,
    templates,
    unknown_tags,
    untagged,
)
from classifier.reports.data.kinds import KINDS
from classifier.reports.data.known import N_ROWS, Data, Found, Row, single
from classifier.text.reading import ArticleReader
from classifier.training.corpus import BATCH
from classifier.training.fitting import FitSettings, Fitted, fit

LENGTHS = (0, 1, 50, 100, 200, 400, 800, 1600, 3200)  # words


def data_report(
    articles: Iterable[Article],
    taxonomy: Taxonomy | None,
    track: Track = untracked,
    settings: FitSettings | None = None,
) -> dict[str, Any]:
    """Return what is to be known of articles before a model is trained on them, as plain JSON.

    Without a taxonomy the tags are those of the articles. A model is fitted, for the scores of articles held out; where
    that is impossible the report says so under `not_checked`. The order of the articles does not matter. Articles that cannot
    be read are left out, and named under `set_aside`.

    Raises:
        AllUnreadable: if that is so of all articles.
    """
    articles, unreadable = list(articles), Unreadable()
    taxonomy = taxonomy or taxonomy_of(tag for one in articles for tag in one.tags or ())
    data = Data(_readable(articles, taxonomy, unreadable, track), taxonomy)
    unreadable.check(len(articles))
    read = read_once(data, track)
    found: dict[str, Found] = {
        "unknown_tags": unknown_tags(data),
        "exclusive_conflicts": exclusive_conflicts(data),
        "few_examples": few_examples(data),
        "overlapping_tags": overlapping_tags(data),
        "untagged": untagged(data),
        "undated": single(data, [row for row, one in enumerate(data.articles) if not one.published_at]),
        "repeated_ids": repeated_ids(data),
        "empty": single(data, np.flatnonzero(read.n_words == 0).tolist()),
        **near_duplicates(data, read.stories),
        "shared_sequences": templates(data, read),
    }
    not_checked = []
    fitted: Fitted | None = None
    try:
        fitted = fit(data.articles, data.taxonomy, settings, track)
        found["suspect_labels"] = suspect_labels(data, fitted, track)
    except TooFewExamples as error:
        not_checked.append({"check": KINDS["suspect_labels"].title, "reason": str(error)})
    found["repeated_blocks"] = repeated_blocks(data, read, fitted.model if fitted else None, track)
    return {
        "n_articles": len(data.articles),
        "n_tags": len(data.taxonomy.tags),
        "taxonomy_version": data.taxonomy.version,
        "counts": counts(data, read),
        "shared_sequences": read.sequences,
        "cross_validation": cross_validation(data, fitted),
        "not_checked": not_checked,
        "set_aside": unreadable.to_json(),
        "findings": [_finding(data, name, found[name]) for name in KINDS if name in found],
    }


def _readable(
    articles: Sequence[Article], taxonomy: Taxonomy, unreadable: Unreadable, track: Track
) -> Iterator[Article]:
    """Yield the articles that can be read, before any check begins to count."""
    reader = ArticleReader(taxonomy)
    tracked = iter(track(articles, len(articles), "reading articles"))
    while some := list(islice(tracked, BATCH)):
        readings = unreadable.each(reader.read_all, some)
        yield from (article for article, reading in zip(some, readings, strict=True) if reading is not None)


def _finding(data: Data, name: str, found: Found) -> Row:
    kind = KINDS[name]
    return {
        "finding": name,
        "title": kind.title,
        "what": kind.what,
        "next": kind.next,
        "n": found.n,
        "articles": data.refs(found.articles),
        "rows": found.rows[: N_SUSPECTS if name == "suspect_labels" else N_ROWS],
    }


def counts(data: Data, read: Read) -> Row:
    """Return how many articles each tag and kind has, and articles by year and by length."""
    negatives, unknown = ((data.labels == value).sum(axis=0).tolist() for value in (NEGATIVE, UNKNOWN))
    tags = [
        {"tag": tag.id, "label": tag.label, "kind": tag.kind, "positives": int(p), "negatives": n, "unknown": u}
        for tag, p, n, u in zip(data.taxonomy.tags, data.n_positive, negatives, unknown, strict=True)
    ]
    years = Counter((one.published_at or "")[:4] or None for one in data.articles)
    bins = np.bincount(np.digitize(read.n_words, LENGTHS) - 1, minlength=len(LENGTHS)).tolist()
    return {
        "tags": tags,
        "kinds": _kinds(data),
        "tags_per_article": float(data.n_positive.sum() / max(1, len(data.articles))),
        "years": [{"year": year, "articles": years[year]} for year in sorted(years, key=lambda y: y or "")],
        "words": {
            "median": float(np.median(read.n_words)) if len(read.n_words) else 0.0,
            "bins": [{"from": low, "articles": n} for low, n in zip(LENGTHS, bins, strict=True)],
        },
    }


def _kinds(data: Data) -> list[Row]:
    of = np.array([tag.kind for tag in data.taxonomy.tags])
    rows = []
    for kind in dict.fromkeys(of.tolist()):
        own = data.n_positive[of == kind]
        with_any = (data.labels[:, of == kind] == POSITIVE).any(axis=1)
        rows.append(
            {
                "kind": kind,
                "tags": len(own),
                "used": int((own > 0).sum()),
                "given": int(own.sum()),
                "articles": int(with_any.sum()),
            }
        )
    return rows


def cross_validation(data: Data, fitted: Fitted | None) -> Row | None:
    """Return how good the model is on articles held out, over all tags and over those of each kind."""
    if fitted is None:
        return None
    of, held = np.array([tag.kind for tag in data.taxonomy.tags]), fitted.held_out
    kinds = {
        kind: evaluation.micro_f1(held.suggested[:, of == kind], held.labels[:, of == kind])
        for kind in dict.fromkeys(of.tolist())
    }
    measured = fitted.card["cross_validation"]
    return {"micro_f1": measured["micro_f1"], "macro_f1": measured["macro_f1"], "kinds": kinds}
