"""Near-duplicates among the articles of the queue: the same story in nearly the same words, or an update that continues it.

Each open article that a model has judged keeps a few hashes of its text: the smallest of its sketch. Texts of which four fifths
are shared have at least one of these in common but for one pair in six hundred. What shares one is compared in full.
"""

from typing import NamedTuple

import numpy as np
from sqlalchemy import select

from classifier.domain.articles import Article
from classifier.store.rows import Part, StoredArticle, existing_row, stored
from classifier.store.schema import articles, near_keys
from classifier.store.sketches import compared_text
from classifier.text.shingles import SIMILAR, shingles_of, sketch_of

N_KEYS = 4
MOST = 30  # articles that are compared with one
CONTAINED = 0.9  # of the shorter text that an update repeats
HALF = 0.5  # how short it may be beside the update


class Near(NamedTuple):
    """An article that is nearly another one, and the share of five-word sequences that they have in common."""

    stored: StoredArticle
    similarity: float


class NearDuplicates(Part):
    """The near-duplicates of a store's open articles."""

    def of(self, article_id: str) -> list[Near]:
        """Return the open articles that are nearly this one, the nearest first. Raise `NotFound` if there is no such article.

        Blind articles are left out, and those that wait for two editors: each of them has to be decided by itself.
        """
        with self.reading() as connection:
            row = existing_row(connection, article_id)
            text = shingles_of(compared_text(stored(row).article))
            keys = select(near_keys.c.key).where(near_keys.c.article_id == article_id)
            ids = select(near_keys.c.article_id).where(near_keys.c.key.in_(keys), near_keys.c.article_id != article_id)
            alone = articles.c.state != "closed", ~articles.c.blind, articles.c.n_editors == 1
            query = select(articles).where(articles.c.id.in_(ids.distinct().limit(MOST)), *alone)
            others = [stored(other) for other in connection.execute(query).mappings()]
        compared = ((other, likeness(text, shingles_of(compared_text(other.article)))) for other in others)
        near = [Near(other, round(similarity, 3)) for other, similarity in compared if similarity is not None]
        return sorted(near, key=lambda one: (-one.similarity, one.stored.article.id))


def keys_of(article: Article) -> list[int]:
    """Return the hashes by which near-duplicates of an article are looked for: at most `N_KEYS` signed 64-bit integers."""
    text = compared_text(article)
    if not text.strip():  # nothing is not a story
        return []
    keys: list[int] = np.frombuffer(sketch_of(text), dtype="<u8")[:N_KEYS].astype(np.int64).tolist()
    return keys


def likeness(a: set[str], b: set[str]) -> float | None:
    """Return the share of runs of words that two texts have in common, or None if neither is a copy or update of the other."""
    shared, shorter, longer = len(a & b), *sorted((len(a), len(b)))
    similarity = shared / (shorter + longer - shared)
    is_update = shared >= CONTAINED * shorter and shorter >= HALF * longer
    return similarity if similarity >= SIMILAR or is_update else None
