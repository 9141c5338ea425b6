"""How an article that arrives becomes a row: what its sender left out stays as it was. Works on open connections."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping

from classifier.domain.articles import TEXT_FIELDS, Article, check_id, text_digest
from classifier.domain.dates import dated_at
from classifier.store.deletions import note_stored
from classifier.store.events import CHANGED, STORED, Noted, note
from classifier.store.log import NOTHING, Changes, follow_cms, log_of, refresh
from classifier.store.owners import claim
from classifier.store.rows import BATCH, Columns, ago, article_row, came_complete, existing_row, now, share_of, stored
from classifier.store.schema import articles, near_keys, suggested
from classifier.store.searching import keep_searchable
from classifier.store.sketches import Sketches, compare_texts, keep_text, sketch_in

_BATCH_CHARACTERS = 8 << 20  # of the texts of a batch, so that they do not fill the memory


@dataclass(frozen=True)
class Shares:
    """Which shares of a CMS's articles are blind, and which go to two editors: numbers from 0 to 1."""

    blind: float = 0.0
    second: float = 0.0

    def makes_blind(self, article_id: str) -> bool:
        """Whether an article that a CMS sends for the first time is blind."""
        return share_of("blind", article_id) < self.blind


NO_SHARES = Shares()


class Arrival(NamedTuple):
    """Whose an article is that arrived, what its sender changed of its tags, and whether that may change labels."""

    owner: str | None
    changes: Changes
    changes_labels: bool


def arrive(
    connection: Connection,
    article: Article,
    source: str,
    shares: Shares,
    owner: str | None,
    sketches: Sketches,
    explained: Mapping[str, str] = NOTHING,
) -> Arrival:
    """Store or change an article that a CMS sends, and log what it changed of its tags (`log.follow_cms`)."""
    check_id(article.id)
    before = article_row(connection, article.id, hold=True)
    if before is None:
        _insert(connection, article, source, shares, owner)
        return Arrival(owner, Changes((), article.tags or ()), bool(article.tags))
    claim(connection, before, owner)
    changes = follow_cms(connection, before, source, article.tags, explained)
    is_other = _change(connection, _filled_in(article, before), source, before, sketches, owner or source)
    if before["state"] != "new":  # a text that has changed may open an article again
        _refresh_article(connection, article.id)
    is_labelled = bool(before["tags"] or article.tags or before["rejected"]) or before["state"] != "new"
    return Arrival(before["owner"] or owner, changes, is_other and is_labelled)


def batches_of_texts(incoming: Iterable[Article]) -> Iterator[list[Article]]:
    """Yield articles a few hundred at a time, and fewer where their texts are huge."""
    batch: list[Article] = []
    n_characters = 0
    for article in incoming:
        batch.append(article)
        n_characters += sum(map(len, article.texts))
        if len(batch) == BATCH or n_characters > _BATCH_CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


def put_imported(
    connection: Connection, article: Article, source: str, before: RowMapping | None, sketches: Sketches
) -> tuple[str, RowMapping]:
    """Store or change an article of an import. Return whether it was new, changed or unchanged, and its row."""
    check_id(article.id)
    if before is None:
        _insert(connection, article, source)
        return "new", existing_row(connection, article.id)
    if not _change(connection, _as_imported(article, before), source, before, sketches, source):
        return "unchanged", before
    return "changed", _refresh_article(connection, article.id)


def _insert(
    connection: Connection, article: Article, source: str, shares: Shares = NO_SHARES, owner: str | None = None
) -> None:
    """Store a new article, and draw what it keeps: its lot, whether it is blind, and for how many editors."""
    row, time = _row_of(article, source), now()
    complete = came_complete(row)
    drawn = {
        "id": article.id,
        "created_at": time,
        "updated_at": time,
        "dated_at": dated_at(article.published_at, time, time),
        "state": "closed" if complete else "new",
        "lot": share_of("lot", article.id),
        "blind": not complete and shares.makes_blind(article.id),
        "n_editors": 2 if not complete and share_of("second", article.id) < shares.second else 1,
        "owner": owner,
    }
    connection.execute(articles.insert(), {**row, **drawn})
    keep_searchable(connection, {**row, **drawn})
    note_stored(connection, [article.id])
    facts = {"source": source, "tags": row["tags"]}
    note(connection, STORED, [Noted(owner or source, article.id, facts=facts, at=time)])


def _change(
    connection: Connection, article: Article, source: str, before: Columns, sketches: Sketches, by: str
) -> bool:
    """Change the row of an article, and return whether it is another one now. A language that an editor corrected stays."""
    corrected = before["corrected_language"]
    row = _row_of(replace(article, language=corrected or article.language), source)
    if corrected:
        row["language"] = before["language"]
    if all(before[name] == value for name, value in row.items()):
        if max(before["updated_at"], before["sent_at"] or "") < ago(days=1):
            connection.execute(articles.update().where(articles.c.id == article.id).values(sent_at=now()))
        return False
    _update(connection, article, row, before, sketches)
    note(connection, CHANGED, [Noted(by, article.id, facts=_what_changed(before, row))])
    return True


def correct_language(
    connection: Connection, article_id: str, language: str | None, editor: str, sketches: Sketches
) -> str | None:
    """Let an editor say the language of an article, or with None take that back. Return what editors said before.

    Raises:
        NotFound: if there is no such article.
    """
    before = existing_row(connection, article_id, hold=True)
    if before["corrected_language"] != language:
        article = replace(stored(before).article, language=language or before["language"])
        row = _row_of(article, before["source"]) | {"language": before["language"], "corrected_language": language}
        _update(connection, article, row, before, sketches)
        facts = {"fields": ["language"], "listed": [], "dropped": []}
        note(connection, CHANGED, [Noted(editor, article_id, facts=facts)])
        _refresh_article(connection, article_id)
    corrected: str | None = before["corrected_language"]
    return corrected


def _update(connection: Connection, article: Article, row: dict[str, Any], before: Columns, sketches: Sketches) -> None:
    """Write the row of an article that is another one now. It waits to be judged anew."""
    if before["digest"] != row["digest"]:
        keep_text(connection, before, sketches)
        row["sketch"] = sketch_in(sketches, {"id": article.id, **row, "sketch": None})
        compare_texts(connection, {"id": article.id, **row}, sketches)
        # What was suggested was suggested for another text.
        for table in (suggested, near_keys):
            connection.execute(table.delete().where(table.c.article_id == article.id))
    time = now()
    row |= {"updated_at": time, "dated_at": dated_at(article.published_at, before["created_at"], time), "judged_by": ""}
    connection.execute(articles.update().where(articles.c.id == article.id).values(row))
    if any(before[name] != row[name] for name in ("title", "tags")):
        keep_searchable(connection, {"id": article.id, **row})


_NAMED = (*TEXT_FIELDS, "published_at", "url", "language", "rejected", "tags_complete")


def _what_changed(before: Columns, row: Mapping[str, Any]) -> dict[str, object]:
    """Return which fields are other ones, and which tags the sender lists that it did not list, and the other way round."""
    had, has = before["tags"] or [], row["tags"] or []
    return {
        "fields": [name for name in _NAMED if before[name] != row[name]],
        "listed": [tag for tag in has if tag not in had],
        "dropped": [tag for tag in had if tag not in has],
    }


def _refresh_article(connection: Connection, article_id: str) -> RowMapping:
    row = existing_row(connection, article_id)
    refresh(connection, row, log_of(connection, article_id))
    return row


def _as_imported(article: Article, row: Columns) -> Article:
    """Return an article with texts and tags from before, and whether the tags are all, where an import lacks them."""
    before = stored(row).article
    complete = article.tags_complete if article.tags is not None or before.tags is None else before.tags_complete
    language = article.language or before.language
    article = replace(article, tags=_tags_after(article, before), tags_complete=complete, language=language)
    kept = {name: text for name, text in before.texts_by_name.items() if not getattr(article, name).strip()}
    if "body" in kept:
        article = replace(article, body_format=before.body_format)
    elif article.body_format != before.body_format:  # a standfirst has the format of its body
        kept.pop("standfirst", None)
    return article.with_texts(kept)


def _filled_in(article: Article, row: Columns) -> Article:
    """Return an article with what its sender left out. Complete tags of an archive stay so for the same text."""
    before = stored(row).article
    rejected = article.rejected or tuple(tag for tag in before.rejected if tag not in (article.tags or ()))
    lists_all = article.tags is None or set(before.tags or ()) <= set(article.tags)
    alike = replace(article, language=before.language)  # whatever its language is called, its text is the same
    still_complete = came_complete(row) and lists_all and text_digest(alike) == row["digest"]
    return replace(
        article,
        tags=_tags_after(article, before),
        tags_complete=article.tags_complete or still_complete,
        rejected=rejected,
        published_at=article.published_at or before.published_at,
        url=article.url or before.url,
    )


def _tags_after(article: Article, before: Article) -> tuple[str, ...] | None:
    """Return the article's tags. If its sender omits them, return the stored ones that it does not reject."""
    if article.tags is not None or before.tags is None:
        return article.tags
    return tuple(tag for tag in before.tags if tag not in article.rejected)


def _row_of(article: Article, source: str) -> dict[str, Any]:
    return {
        **{name: getattr(article, name) for name in (*TEXT_FIELDS, "body_format", "published_at", "url", "language")},
        "tags": list(article.tags) if article.tags is not None else None,
        "rejected": list(article.rejected),
        # No column holds which tags are unknown. With any of them, a tag that is not listed is not known to be wrong.
        "tags_complete": article.tags_complete and not article.unknown,
        "source": source,
        "digest": text_digest(article),
    }
