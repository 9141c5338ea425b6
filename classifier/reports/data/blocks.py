"""Repeated blocks of a data report, and the tags that lean on them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from classifier.domain.articles import Article
from classifier.domain.examples import POSITIVE
from classifier.domain.progress import Track
from classifier.model.protocol import Model
from classifier.reports.data.copies import MIN_BLOCK_WORDS, Read
from classifier.reports.data.known import N_ROWS, Data, Found, Row
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.text.cleaning import clean_body
from classifier.text.fields import BODY
from classifier.text.reading import ArticleReader
from classifier.text.repeated_blocks import LeaningRule, long_blocks, number_of

MIN_REPEATS = 3  # stories that a repeated block stands in, and at least one in FEW_STORIES of all
FEW_STORIES = 500
LEANING = LeaningRule(MIN_REPEATS, min_share=0.5, times_elsewhere=2.0)


def repeated_blocks(data: Data, read: Read, model: Model | None, track: Track) -> Found:
    """Find blocks of many stories; blocks that stand in just the same articles are one finding."""
    of_articles: defaultdict[bytes, list[int]] = defaultdict(list)
    for which in read.blocks.repeated(MIN_REPEATS, FEW_STORIES):
        of_articles[read.blocks.having(which).tobytes()].append(which)
    groups = sorted(
        ((read.blocks.having(blocks[0]), blocks) for blocks in of_articles.values()),
        key=lambda group: (-len(group[0]), group[0].tolist(), group[1]),
    )
    reader = model.reader if model else ArticleReader(data.taxonomy)
    rows = []
    for having, blocks in track(groups[:N_ROWS], min(len(groups), N_ROWS), "repeated blocks"):
        spans = _spans(data.articles[having[0]], read.blocks.numbers[blocks])
        article = data.articles[having[0]]
        text, (start, end) = clean_body(article).text, max(spans, key=lambda span: (span[1] - span[0], -span[0]))
        removed = reader.read(article).removed
        rows.append(
            {
                "text": plain(text[start:end], MAX_QUOTED),
                "left_out": all(any(part.start <= s and e <= part.end for part in removed) for s, e in spans),
                "leaning": _leaning(data, having, read.blocks.numbers[blocks], model),
                "articles": data.refs(having),
            }
        )
    return Found(rows, len(groups), sorted({int(row) for having, _ in groups for row in having}))


def _spans(article: Article, numbers: np.ndarray) -> list[tuple[int, int]]:
    """Return the places of blocks in the clean body; a sentence of a line that is there too is left out."""
    wanted = set(numbers.tolist())
    blocks = long_blocks(article, MIN_BLOCK_WORDS)
    found = sorted({(start, -end) for folded, start, end in blocks if number_of(folded) in wanted})
    spans: list[tuple[int, int]] = []
    for start, minus_end in found:
        if not spans or -minus_end > spans[-1][1]:
            spans.append((start, -minus_end))
    return spans


def _leaning(data: Data, having: np.ndarray, blocks: np.ndarray, model: Model | None) -> list[Row]:
    """Return the tags of which many articles have the blocks and few others do."""
    n_both = np.asarray(data.positives[having].sum(axis=0)).ravel()
    n_others = np.maximum(1, len(data.articles) - data.n_positive)
    share, elsewhere = n_both / np.maximum(1, data.n_positive), (len(having) - n_both) / n_others
    leaning = np.flatnonzero(LEANING.holds(n_both, share, elsewhere)).tolist()
    rows = []
    for tag in sorted(leaning, key=lambda tag: (-share[tag], data.taxonomy.tags[tag].id)):
        first = next(int(row) for row in having if data.labels[row, tag] == POSITIVE)
        weight = None if model is None else _weight(model, data.articles[first], data.taxonomy.tags[tag].id, blocks)
        rows.append({"tag": data.taxonomy.tags[tag].id, "share": float(share[tag]), "weight": weight})
    return rows


def _weight(model: Model, article: Article, tag: str, blocks: np.ndarray) -> float:
    """Return what blocks add to the decision value of a tag on an article: each part gives its share that stands there."""
    spans = _spans(article, blocks)
    total = 0.0
    for part in model.explain(article, [tag])[0].parts:
        inside = sum(
            field == BODY and any(start <= s and e <= end for start, end in spans) for field, s, e in part.spans
        )
        total += part.weight * inside / max(1, len(part.spans))
    return round(total, 4)
