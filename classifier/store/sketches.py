"""Sketches of texts, which tell whether a decision on one text still counts for another.

A long text takes a second, during which nobody else could write. So sketches are computed before the transaction that needs them,
and stored with the text's digest. An article has none until its text is replaced for the first time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from classifier.domain.articles import TEXT_FIELDS, Article, text_digest
from classifier.store.rows import Columns, reading
from classifier.store.schema import articles, decisions, suggestion_sets, texts
from classifier.text.cleaning import clean_fields
from classifier.text.shingles import SIMILAR, resemblance, sketch_of

_TEXT = [articles.c[name] for name in ("id", *TEXT_FIELDS, "body_format", "digest")]
Sketches = Mapping[tuple[str, str], bytes]  # by the id of the article and the digest of the text


def sketches_for(engine: Engine, incoming: Sequence[Article]) -> Sketches:
    """Return what storing some articles needs: of each whose text changes, the sketches of the old and of the new text."""
    new = {article.id: article for article in incoming}
    digests = {article.id: text_digest(article) for article in incoming}
    columns = articles.c.id, articles.c.digest, articles.c.sketch.is_(None).label("missing")
    with reading(engine) as connection:
        rows = connection.execute(select(*columns).where(articles.c.id.in_(new))).all()
        changed = [row for row in rows if row.digest != digests[row.id]]
        missing = articles.c.id.in_([row.id for row in changed if row.missing])
        old = connection.execute(select(*_TEXT).where(missing)).mappings().all()
    return {
        **{(row["id"], row["digest"]): computed(_article(row)) for row in old},
        **{(row.id, digests[row.id]): computed(new[row.id]) for row in changed},
    }


def sketches_for_decision(engine: Engine, article_id: str, set_id: str) -> Sketches:
    """Return what a decision on a suggestion set needs: the sketch of the text now, if the set is of an older text."""
    query = select(*_TEXT).join(suggestion_sets, suggestion_sets.c.article_id == articles.c.id)
    older = suggestion_sets.c.digest != articles.c.digest, articles.c.sketch.is_(None)
    with reading(engine) as connection:
        of_set = articles.c.id == article_id, suggestion_sets.c.id == set_id
        row = connection.execute(query.where(*of_set, *older)).mappings().first()
    return {} if row is None else {(row["id"], row["digest"]): computed(_article(row))}


def sketch_in(sketches: Sketches, row: Columns) -> bytes:
    """Return the sketch of the text of an article's row, computed now if it was not before."""
    key = row["id"], row["digest"]
    return row["sketch"] or sketches.get(key) or computed(_article(row))


def keep_text(connection: Connection, before: Any, sketches: Sketches) -> None:
    """Keep the sketch of a text that another one replaces."""
    key = {"article_id": before["id"], "digest": before["digest"]}
    digest = select(texts.c.digest).where(texts.c.article_id == before["id"], texts.c.digest == before["digest"])
    if connection.scalar(digest) is None:
        connection.execute(texts.insert().values(**key, sketch=sketch_in(sketches, before)))


def compare_texts(connection: Connection, row: Columns, sketches: Sketches) -> None:
    """Note which of the texts that somebody decided on are materially the same as the text of an article's row."""
    decided = select(decisions.c.digest).where(decisions.c.article_id == row["id"])
    former = texts.c.article_id == row["id"], texts.c.digest.in_(decided), texts.c.digest != row["digest"]
    rows = connection.execute(select(texts.c.digest, texts.c.sketch).where(*former)).all()
    if not rows:
        return
    present = sketch_in(sketches, row)
    same = [text.digest for text in rows if resemblance(text.sketch, present) >= SIMILAR]
    connection.execute(texts.update().where(*former).values(same=texts.c.digest.in_(same)))


def same_texts(connection: Connection, article_ids: Sequence[str]) -> Mapping[str, set[str]]:
    """Return of each article the digests of its former texts that are materially the same as its text now."""
    digests: dict[str, set[str]] = defaultdict(set)
    query = select(texts.c.article_id, texts.c.digest).where(texts.c.article_id.in_(article_ids), texts.c.same)
    for row in connection.execute(query):
        digests[row.article_id].add(row.digest)
    return digests


def computed(article: Article) -> bytes:
    """Return the sketch of a text."""
    return sketch_of(compared_text(article))


def compared_text(article: Article) -> str:
    """Return the text of an article as it is compared with others: without markup, if that can be read."""
    try:
        return "\n".join(field.text for field in clean_fields(article))
    except Exception:  # noqa: BLE001 - a better text must be able to replace one that cannot be read
        return "\n".join(article.texts)


def _article(row: Columns) -> Article:
    return Article(row["id"], **{name: row[name] for name in TEXT_FIELDS}, body_format=row["body_format"])
