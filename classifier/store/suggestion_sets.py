"""What models suggest: suggestion sets, what somebody was shown of them, and the tags suggested for each article now."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, Select, func, select, union_all

from classifier.domain.articles import Article, text_digest
from classifier.domain.origins import NOTHING_OFFERED, Offered
from classifier.errors import BadDecision, NotFound
from classifier.store.events import SUGGESTED, Noted, note
from classifier.store.rows import Columns, Part, StoredArticle, existing_row, hold_articles, now, stored, tags_of_runs
from classifier.store.schema import articles, decisions, impressions, near_keys, suggested, suggestion_sets
from classifier.store.taxonomy import head_of
from classifier.texts import _

OPEN = ("new", "started")
BRIEF = "brief"  # marks the answer of a set that was made for a list: only tags, scores and bands


class TagScore(NamedTuple):
    """A suggested tag: its score, and its band (auto, suggest)."""

    tag: str
    score: float
    band: str


@dataclass(frozen=True)
class Judged:
    """What a model says of the text of an article with this digest: its margin and doubt, and the suggested tags.

    `keys` are those by which its near-duplicates are found, None if they are not known. `language` is the code of the text's.
    """

    article_id: str
    digest: str
    margin: float | None
    suggestions: Sequence[TagScore] = ()
    doubt: float | None = None
    keys: Sequence[int] | None = None
    language: str | None = None


class Suggested(Part):
    """The suggestions for the articles of a store."""

    def waiting(self, by: str, limit: int) -> list[StoredArticle]:
        """Return some open articles that `by` has not judged, in the order of an index, so that none is left out."""
        ids = union_all(*(select(part.limit(limit).subquery()) for part in _waiting(by))).subquery()
        query = select(articles).where(articles.c.id.in_(select(ids.c.id))).limit(limit)
        return [stored(row) for row in self._rows(query)]

    def n_waiting(self, by: str) -> int:
        """Return how many open articles `by` has not judged."""
        return sum(self._number(part.with_only_columns(func.count())) for part in _waiting(by))

    def put(self, by: str, judged: Iterable[Judged]) -> None:
        """Keep what was judged, except for articles whose text has changed since."""
        with self.giving_way() as connection:
            for article in judged:
                replace_suggested(connection, by, article)


@dataclass(frozen=True)
class ModelAnswer:
    """What a model says of an article's text. `margin` is the distance of the nearest score from its threshold.

    `doubt` is how much the model doubts, `keys` are those by which near-duplicates are found, None if they are not known.
    `language` is the code of the text's, None where it cannot be told.
    `content` is the answer as JSON. The store reads its `suggestions` (tag, score, band) and `mentioned` (tag, score).
    """

    model_version: str
    taxonomy_version: str
    content: Mapping[str, Any]
    margin: float | None = None
    live_state: int | None = None
    doubt: float | None = None
    keys: Sequence[int] | None = None
    language: str | None = None

    @property
    def by(self) -> str:
        """The name of the model with its taxonomy."""
        return judged_by(self.model_version, self.taxonomy_version)


class SuggestionSets(Part):
    """The suggestion sets of a store."""

    def offered(self, article_id: str) -> Offered:
        """Return what models have said of an article."""
        with self.reading() as connection:
            return offered_on(connection, [article_id]).get(article_id, NOTHING_OFFERED)

    def some(self, set_ids: Sequence[str]) -> dict[str, RowMapping]:
        """Return the rows of some suggestion sets by their ids."""
        query = select(suggestion_sets).where(suggestion_sets.c.id.in_(set_ids))
        return {row["id"]: row for row in self._rows(query)}

    def show(self, article: Article, answer: ModelAnswer, shown: Sequence[TagScore]) -> str:
        """Keep an answer to a stored article, note which suggestions are shown, and return the set's id.

        If the database has all of that already, nothing is written, and no writer has to be waited for. Raise `NotFound` if
        the article was deleted meanwhile.
        """
        digest = text_digest(article)
        set_id = _id_of(article.id, digest, answer.by, answer.live_state)
        with self.reading() as connection:
            if _is_newest(connection, article.id, set_id, answer) and not _not_shown(connection, set_id, shown):
                return set_id
        with self.engine.begin() as connection:
            if not hold_articles(connection, [article.id]):
                raise NotFound(_("There is no article %(id)s any more.", id=repr(article.id)))
            return put_answer(connection, article.id, digest, answer, shown)

    def note_seen(self, article_id: str, set_id: str, tags: Sequence[str], editor: str) -> list[str]:
        """Note which suggestions of a set an editor saw, and return their tags; others than those of the set are left out.

        Each suggestion of a set counts once, for the first who saw it.

        Raises:
            NotFound: if there is no such article.
            BadDecision: if the set is not one of the article.
        """
        with self.engine.begin() as connection:
            existing_row(connection, article_id, hold=True)
            content = suggestion_set(connection, article_id, set_id)["answer"]
            scores = [TagScore(row["tag"], row["score"], row["band"]) for row in content["suggestions"]]
            seen = [suggestion for suggestion in scores if suggestion.tag in tags]
            new = _not_shown(connection, set_id, seen)
            _put_impressions(connection, ((set_id, suggestion) for suggestion in new), editor)
            return [suggestion.tag for suggestion in seen]


def offered_on(connection: Connection, article_ids: Sequence[str]) -> dict[str, Offered]:
    """Return what models have said of those articles of which they have said anything, by living tags."""
    heir = taxonomy.paths.heir if (taxonomy := head_of(connection)) is not None else str
    columns = (suggestion_sets.c.article_id, impressions.c.tag, func.min(impressions.c.shown_at))
    query = select(*columns).select_from(suggestion_sets.join(impressions))
    query = query.where(suggestion_sets.c.article_id.in_(article_ids)).group_by(*columns[:2])
    shown: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for article_id, tag, shown_at in connection.execute(query):
        first = shown[article_id].get(heir(tag), shown_at)
        shown[article_id][heir(tag)] = min(first, shown_at)
    added = {key: frozenset(map(heir, tags)) for key, tags in tags_of_runs(connection, article_ids).items()}
    return {article_id: Offered(shown[article_id], added.get(article_id, ())) for article_id in {*shown, *added}}


def judged_by(model_version: str, taxonomy_version: str) -> str:
    """Return the name of a model with a taxonomy."""
    return f"{model_version} {taxonomy_version}"


def replace_suggested(connection: Connection, by: str, judged: Judged) -> None:
    """Keep what was judged instead of what was before, unless the article has another text by now."""
    same = (articles.c.id == judged.article_id) & (articles.c.digest == judged.digest)
    values = {"judged_by": by, "margin": judged.margin, "doubt": judged.doubt, "text_language": judged.language}
    if not connection.execute(articles.update().where(same).values(values)).rowcount:
        return
    connection.execute(suggested.delete().where(suggested.c.article_id == judged.article_id))
    rows = [{"article_id": judged.article_id, **suggestion._asdict()} for suggestion in judged.suggestions]
    if rows:
        connection.execute(suggested.insert(), rows)
    if (
        judged.keys
        and connection.scalar(select(near_keys.c.key).where(near_keys.c.article_id == judged.article_id)) is None
    ):
        connection.execute(near_keys.insert(), [{"article_id": judged.article_id, "key": key} for key in judged.keys])


def _waiting(by: str) -> list[Select[Any]]:
    """Return the queries for the ids of open articles that `by` has not judged, each a part of one index."""
    by_others = articles.c.judged_by < by, articles.c.judged_by > by
    return [select(articles.c.id).where(articles.c.state == state, part) for state in OPEN for part in by_others]


def _id_of(article_id: str, digest: str, by: str, live_state: int | None = None) -> str:
    """Return the id of a suggestion set: the same article, text, model, taxonomy and live state give the same id."""
    followed = [] if live_state is None else [live_state]
    parts = json.dumps([article_id, digest, *by.partition(" ")[::2], *followed])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def newest_set(connection: Connection, article_id: str, digest: str) -> RowMapping | None:
    """Return the row of the newest suggestion set of an article's text, or None."""
    query = _newest_of(article_id).where(suggestion_sets.c.digest == digest)
    return connection.execute(query).mappings().first()


def suggestion_set(connection: Connection, article_id: str, set_id: str) -> RowMapping:
    """Return the row of a suggestion set of an article, or raise `BadDecision`."""
    query = select(suggestion_sets).where(suggestion_sets.c.article_id == article_id, suggestion_sets.c.id == set_id)
    found = connection.execute(query).mappings().first()
    if found is None:
        raise BadDecision(_("The article has no suggestion set %(id)s.", id=repr(set_id[:64])), "suggestion_set_id")
    return found


def put_answer(
    connection: Connection,
    article_id: str,
    digest: str,
    answer: ModelAnswer,
    shown: Sequence[TagScore],
    in_background: bool = False,
) -> str:
    """Make an answer the newest suggestion set of an article, and return its id.

    Its suggestions count as shown, unless the answer came in the background.
    """
    set_id = _id_of(article_id, digest, answer.by, answer.live_state)
    is_newest = _is_newest(connection, article_id, set_id, answer)
    if not is_newest:
        again = suggestion_sets.update().where(suggestion_sets.c.id == set_id)
        values = {"created_at": now(), "answer": answer.content}
        if not connection.execute(again.values(values)).rowcount:
            values |= {"model_version": answer.model_version, "taxonomy_version": answer.taxonomy_version}
            values |= {"id": set_id, "article_id": article_id, "digest": digest}
            connection.execute(suggestion_sets.insert(), {**values, "live_state": answer.live_state})
        note(connection, SUGGESTED, [Noted(answer.model_version, article_id, set_id)])
    new = [] if in_background else _not_shown(connection, set_id, shown)
    _put_impressions(connection, ((set_id, suggestion) for suggestion in new))
    if in_background or new or not is_newest:
        kept = _with_decided(connection, article_id, answer, shown)
        judged = Judged(article_id, digest, answer.margin, kept, answer.doubt, answer.keys, answer.language)
        replace_suggested(connection, answer.by, judged)
    return set_id


def _with_decided(
    connection: Connection, article_id: str, answer: ModelAnswer, shown: Sequence[TagScore]
) -> list[TagScore]:
    """Return what is shown of an answer, and what was decided on: an undo makes that a suggestion again."""
    decided = set(connection.scalars(select(decisions.c.tag).where(decisions.c.article_id == article_id)))
    decided -= {suggestion.tag for suggestion in shown}
    rows = answer.content["suggestions"] if decided else ()
    return [*shown, *(TagScore(row["tag"], row["score"], row["band"]) for row in rows if row["tag"] in decided)]


def note_shown(connection: Connection, rows: Sequence[Columns], tag: str) -> dict[str, str]:
    """Note that the suggestion of a tag is shown for several articles, and return their suggestion sets.

    An article that waits to be judged anew, and has no set of its text, is left out.

    Args:
        rows: with id, digest and judged_by of an article, score and band of the suggestion.
    """
    sets = _sets_of(connection, [row["id"] for row in rows])
    chosen: dict[str, str] = {}
    missing: list[dict[str, object]] = []
    for row in rows:
        of_text = sets.get((row["id"], row["digest"]), {})
        if row["judged_by"] == "":  # of an older store, or changed since: of no model unless a set says of which
            if of_text:
                chosen[row["id"]] = list(of_text)[-1]
            continue
        newest = next((key for key, by in reversed(of_text.items()) if by == row["judged_by"]), None)
        set_id = chosen[row["id"]] = newest or _id_of(row["id"], row["digest"], row["judged_by"])
        if newest is None:
            model_version, _, taxonomy_version = row["judged_by"].partition(" ")
            versions = {"model_version": model_version, "taxonomy_version": taxonomy_version}
            missing.append({"id": set_id, "article_id": row["id"], "digest": row["digest"], **versions})
    _add_brief_sets(connection, missing)
    set_id_column = impressions.c.suggestion_set_id
    query = select(set_id_column).where(impressions.c.tag == tag, set_id_column.in_(chosen.values()))
    shown_before = set(connection.scalars(query))
    scores = [(chosen[row["id"]], TagScore(tag, row["score"], row["band"])) for row in rows if row["id"] in chosen]
    _put_impressions(connection, (pair for pair in scores if pair[0] not in shown_before))
    return chosen


def _newest_of(article_id: str) -> Select[Any]:
    query = select(suggestion_sets).where(suggestion_sets.c.article_id == article_id)
    return query.order_by(suggestion_sets.c.created_at.desc(), suggestion_sets.c.id).limit(1)


def _is_newest(connection: Connection, article_id: str, set_id: str, answer: ModelAnswer) -> bool:
    """Whether this is the newest suggestion set of an article, whole, and `suggested` has the rows of its model."""
    brief = suggestion_sets.c.answer[BRIEF].as_boolean().label("brief")
    columns = (suggestion_sets.c.id, brief, articles.c.judged_by)
    newest = connection.execute(_newest_of(article_id).join(articles).with_only_columns(*columns)).first()
    return newest is not None and newest.id == set_id and not newest.brief and newest.judged_by == answer.by


def _not_shown(connection: Connection, set_id: str, shown: Sequence[TagScore]) -> list[TagScore]:
    tags = set(connection.scalars(select(impressions.c.tag).where(impressions.c.suggestion_set_id == set_id)))
    return [suggestion for suggestion in shown if suggestion.tag not in tags]


def _put_impressions(connection: Connection, shown: Iterable[tuple[str, TagScore]], editor: str | None = None) -> None:
    """Note that suggestions, each with the id of its set, are shown for the first time, and to whom if that is known."""
    same = {"shown_at": now(), "editor": editor}
    rows = [{"suggestion_set_id": set_id, **same, **score._asdict()} for set_id, score in shown]
    if rows:
        connection.execute(impressions.insert(), rows)


def _sets_of(connection: Connection, article_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the ids of the suggestion sets of articles and their texts with who judged, the newest last."""
    names = ("article_id", "digest", "id", "model_version", "taxonomy_version")
    columns = (suggestion_sets.c[name] for name in names)
    query = select(*columns).where(suggestion_sets.c.article_id.in_(article_ids)).order_by(suggestion_sets.c.created_at)
    set_ids: dict[tuple[str, str], dict[str, str]] = {}
    for row in connection.execute(query):
        by = judged_by(row.model_version, row.taxonomy_version)
        set_ids.setdefault((row.article_id, row.digest), {})[row.id] = by
    return set_ids


def _add_brief_sets(connection: Connection, missing: Sequence[dict[str, object]]) -> None:
    """Add suggestion sets with brief answers, which are replaced by whole ones when somebody opens the article."""
    if not missing:
        return
    query = select(suggested).where(suggested.c.article_id.in_([row["article_id"] for row in missing]))
    suggestions: dict[object, list[dict[str, object]]] = {}
    for row in connection.execute(query.order_by(suggested.c.score.desc(), suggested.c.tag)):
        suggestions.setdefault(row.article_id, []).append(TagScore(row.tag, row.score, row.band)._asdict())
    created_at = now()
    for new in missing:
        answer = {BRIEF: True, "suggestions": suggestions.get(new["article_id"], []), "mentioned": []}
        new |= {"created_at": created_at, "answer": answer}
    connection.execute(suggestion_sets.insert(), list(missing))
    noted = (tuple(map(str, (new["model_version"], new["article_id"], new["id"]))) for new in missing)
    note(connection, SUGGESTED, (Noted(by, article_id, set_id) for by, article_id, set_id in noted))
