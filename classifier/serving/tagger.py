"""What happens when an article arrives, and when an editor decides: the model that serves and the store together."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from classifier.domain.articles import Article, check_id, text_digest
from classifier.domain.decisions import CMS, GIVES, Decision, Standing
from classifier.domain.deleted import digest_of
from classifier.errors import BadDecision, BadModel, BadSetting, CannotJudge, NoModel, TaggerError
from classifier.model.answer import Answer, Suggestion
from classifier.model.protocol import Model
from classifier.serving.answers import Answers, answer_json, explanations_of
from classifier.serving.registry import Serving
from classifier.store import ArticleLog, Draft, Judged, ModelAnswer, Request, Shares, Store, StoredArticle, Wanted

NO_SHARES = Shares()


@dataclass(frozen=True)
class DecisionBatch:
    """Decisions that are asked for at once: on tags, and whether the article's tags are complete with them."""

    drafts: Sequence[Draft]
    complete: bool = False
    suggestion_set_id: str | None = None


@dataclass(frozen=True)
class Tagger:
    """The model that serves and the store, and what they do together."""

    serving: Serving
    store: Store
    shares: Shares = NO_SHARES
    answers: Answers = field(default_factory=Answers)

    def __post_init__(self) -> None:
        self.serving.after_change = self._after_change

    def _after_change(self, model: Model) -> None:
        """Give articles the proposed tags that a new taxonomy has; without the database the model serves all the same."""
        with suppress(Exception):  # any driver's error; `retrain` keeps the promises too
            self.store.proposals.keep_promises(model.taxonomy)

    def answer_proposal(self, proposal_id: str, state: str, editor: str, tag: str | None = None) -> None:
        """Say what became of a proposed tag; the article that lacks it gets it as soon as the taxonomy has it.

        Raises:
            NotFound: if there is no such proposal.
        """
        self.store.proposals.answer(proposal_id, state, editor, tag)
        with suppress(NoModel, BadModel):  # while nothing serves there is no taxonomy
            self.store.proposals.keep_promises(self.serving.model().taxonomy)

    # --- suggestions ---

    def suggest(self, article: Article, why: Sequence[str] = ()) -> dict[str, Any]:
        """Return the answer to a text; nothing is stored. `why` explains any tag besides.

        Raises:
            NoModel, BadModel: while nothing can serve.
            UnknownTag: if `why` names no tag of the taxonomy.
        """
        model = self.serving.model()
        content = answer_json(replace(self.judged(article, model), unknown_tags=_unknown(article.tags or (), model)))
        if why:
            content["why"] = explanations_of(article, why, model)
        return content

    def put_article(self, article: Article, source: str = "cms", owner: str | None = None) -> dict[str, Any]:
        """Store an article and return its suggestions, without the tags that people have set or rejected.

        `owner` is the name of the `cms` key that writes, None for anybody else.

        Raises:
            CannotJudge: if the model fails on the text; then nothing is stored.
            OtherOwner: if the article belongs to another `cms` key.
        """
        check_id(article.id)
        model = self.serving.model()
        answer = self.judged(article, model)
        view: dict[str, Any] = {}

        def shown(stored: StoredArticle, log: ArticleLog) -> list[dict[str, Any]]:
            view.update(_view(answer, stored, log, model, None))
            suggestions: list[dict[str, Any]] = view["suggestions"]
            return suggestions

        # What a CMS lists is what it has so far: silence on a tag is not a no.
        article = replace(article, tags_complete=False)
        set_id = self.store.receive(article, source, _kept(answer), shown, self.shares, owner)
        return {"article_id": article.id, "suggestion_set_id": set_id, **view}

    def article(self, article_id: str, viewer: str | None = None) -> dict[str, Any]:
        """Return a stored article with its tags and its suggestions by the model that serves now, as an editor may see it."""
        stored, log = self.store.article(article_id), self.store.log.read(article_id)
        described = _described(stored, _standing_seen(stored, log, viewer))
        model = self.serving.model()
        try:
            answer = self.judged(stored.article, model)
        except CannotJudge:
            return {**described, "suggestion_set_id": None, **_unreadable(described["tags"], model)}
        view = _view(answer, stored, log, model, viewer)
        set_id = self.store.show(stored.article, _kept(answer), view["suggestions"])
        return {**described, "suggestion_set_id": set_id, **view}

    def judged(self, article: Article, model: Model) -> Answer:
        """Return what a model says of an article; raise `CannotJudge` where it fails."""
        with _able_to_judge(article, model):
            return self.answers.answer(article, model)

    def judge_waiting(self, model: Model, waiting: Sequence[StoredArticle]) -> Iterator[Judged]:
        """Yield what a model says of stored articles, without the tags that people have set or rejected.

        Nobody is shown anything. An article on which the model fails has no suggestions.
        """
        standings = self.store.log.standings([stored.article.id for stored in waiting])
        for article in (stored.article for stored in waiting):
            suggestions, margin = list[Suggestion](), None
            with suppress(CannotJudge), _able_to_judge(article, model):
                answer = self.answers.brief(article, model)
                suggestions, margin = list(answer.suggestions), answer.margin
            why = _withheld(suggestions, standings.get(article.id, Standing()), model)
            rows = [
                {"tag": one.tag, "kind": one.kind, "score": one.score, "band": one.band}
                for one in suggestions
                if one.tag not in why
            ]
            yield Judged(article.id, text_digest(article), margin, rows)

    def articles(self, wanted: Wanted, after: Any, limit: int) -> tuple[list[dict[str, Any]], Any]:
        """Return a page of stored articles without their bodies, and the place of the next page."""
        page, place = self.store.queue.page(wanted, after, limit)
        standings = self.store.log.standings([one.article.id for one in page])
        rows = [_described(one, standings[one.article.id]) for one in page]
        for row, one in zip(rows, page, strict=True):
            del row["body"]
            if one.n_editors > 1 and one.state != "closed":
                row["tags"] = list(one.article.tags or ())  # the second editor must not see what the first said
        return rows, place

    def delete_article(self, article_id: str, owner: str | None = None) -> None:
        """Delete an article and all that hangs on it; a `cms` key, whose name is `owner`, only what it wrote."""
        self.store.delete_article(article_id, owner)
        with suppress(BadSetting):  # where models cannot be written, `retrain` tells them
            self.serving.registry.deleted.add([digest_of(article_id)])

    def hides(self, stored: StoredArticle, viewer: str | None) -> bool:
        """Whether an article is blind to somebody: nothing that the model says of it may be seen before it is closed."""
        return stored.blind and _hides(stored, self.store.log.read(stored.article.id).standing(), viewer)

    # --- decisions ---

    def decide(
        self,
        article_id: str,
        answer: DecisionBatch,
        editor: str,
        sender: str = "",
        key: str | None = None,
        may_undo_all: bool = False,
    ) -> dict[str, Any]:
        """Log what an editor decided, all or nothing, and return the article's tags and the rows of the log.

        `key` is an Idempotency-Key of a sender: the same key and decisions again return the same, and are logged once.

        Raises:
            NotFound: if there is no such article.
            BadDecision: naming the field of the request that cannot be taken.
            Busy: while another request with the same key is being carried out.
        """
        request = Request(sender, key, _digest(article_id, answer, editor)) if key else None
        if request is not None and (before := self.store.requests.answer(request)) is not None:
            return before
        stored = self.store.article(article_id)
        self._check(stored, answer.drafts)

        def told(rows: list[Decision], log: ArticleLog) -> dict[str, Any]:
            pooled, standing = log.standing(), self._standing(stored, log, editor)
            hidden = _hides(stored, pooled, editor)
            return {
                "article_id": stored.article.id,
                "tags": standing["tags"],
                "complete": pooled.closed_at is not None,
                "decisions": [_row(row, hidden) for row in rows],
                "standing": standing,
            }

        return self.store.log.decide(
            stored.article.id,
            answer.drafts,
            editor,
            told,
            complete=answer.complete,
            suggestion_set_id=answer.suggestion_set_id,
            may_undo_all=may_undo_all,
            request=request,
        )

    def decisions(self, article_id: str, viewer: str | None = None) -> dict[str, Any]:
        """Return the log and the impressions of an article, as an editor may see them."""
        stored, log = self.store.article(article_id), self.store.log.read(article_id)
        rows = self._rows_seen(stored, log, viewer)
        hidden = _hides(stored, log.standing(), viewer)
        shown = [
            {
                "tag": one.tag,
                "suggestion_set_id": one.suggestion_set_id,
                "shown_at": one.shown_at,
                "answered": one.answered,
            }
            for one in self.store.log.impressions(article_id)
        ]
        return {
            "decisions": [_row(row, hidden) for row in rows],
            "impressions": [] if hidden else shown,
            "standing": self._standing(stored, log, viewer),
        }

    def _rows_seen(self, stored: StoredArticle, log: ArticleLog, viewer: str | None) -> list[Decision]:
        apart = _apart(stored, viewer, log.standing())
        return [row for row in log.rows if not apart or row.editor in (viewer, CMS)]

    def _standing(self, stored: StoredArticle, log: ArticleLog, viewer: str | None) -> dict[str, Any]:
        """Return what a log adds up to, as an editor may see it, with what that editor decided."""
        pooled, own = log.standing(), log.standing(by=viewer)
        seen = own if _apart(stored, viewer, pooled) else pooled
        return {
            "tags": list(seen.tags),
            "listed": list(seen.listed),
            "decisions": [_outline(row) for row in seen.decisions.values()],
            "own": [_outline(row) for row in own.decisions.values() if row.editor == viewer],
            "closed_by": sorted(seen.closed_by),
            "n_rows": len(self._rows_seen(stored, log, viewer)),
        }

    def label(self, tag_id: str) -> str:
        """Return the label of a tag; its id where the taxonomy lacks it, or nothing serves."""
        try:
            tag = self.serving.model().taxonomy.by_id.get(tag_id)
        except (NoModel, BadModel):
            return tag_id
        return tag.label if tag else tag_id

    def _check(self, stored: StoredArticle, drafts: Sequence[Draft]) -> None:
        """Raise `BadDecision` for a tag that cannot be given: one that the taxonomy lacks, or that was retired."""
        taxonomy = self.serving.model().taxonomy
        by_id = taxonomy.by_id
        known = {*by_id, *(stored.article.tags or ())}
        for number, draft in enumerate(drafts):
            if draft.tag is None:
                continue
            tag = by_id.get(draft.tag)
            if draft.tag not in known or (tag is None and draft.action in GIVES):
                raise BadDecision(
                    f"The taxonomy has no tag {draft.tag[:60]!r}. GET /v1/tags lists those that there are.",
                    f"decisions/{number}/tag",
                )
            if tag is not None and tag.retired and draft.action in GIVES:
                replacement = taxonomy.replacement_of(tag.id)
                instead = f"; give {replacement!r} instead" if replacement else ""
                raise BadDecision(f"The tag {tag.id!r} is retired{instead}.", f"decisions/{number}/tag")


@contextmanager
def _able_to_judge(article: Article, model: Model) -> Iterator[None]:
    """Log an error of the model, and raise `CannotJudge` with the id of the article: the error itself may quote the text."""
    try:
        yield
    except TaggerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one text does, the caller hears which article it was
        last = traceback.extract_tb(error.__traceback__)[-1]
        what = {"error": type(error).__name__, "at": f"{last.name}, line {last.lineno}"}
        structlog.get_logger().error("cannot_judge", article=article.id, **what)
        raise CannotJudge(
            f"The model {model.version} fails on the text of the article {article.id[:200]!r}. Send a corrected text."
        ) from None


def _kept(answer: Answer) -> ModelAnswer:
    return ModelAnswer(answer.model_version, answer.taxonomy_version, answer_json(answer), answer.margin)


def _view(answer: Answer, stored: StoredArticle, log: ArticleLog, model: Model, viewer: str | None) -> dict[str, Any]:
    """Return an answer to a stored article as somebody may see it, without the tags that people have set or rejected."""
    standing = _standing_seen(stored, log, viewer)
    unknown = _unknown(standing.tags, model)
    if _hides(stored, log.standing(), viewer):
        seen = replace(answer, suggestions=[], mentioned=[], unknown_tags=unknown, reason="blind")
        return answer_json(seen) | {"withheld": []}
    why = _withheld(answer.suggestions, standing, model)
    unanswered = [one for one in answer.suggestions if one.tag not in why]
    withheld = [{"tag": one.tag, "reason": why[one.tag]} for one in answer.suggestions if one.tag in why]
    return answer_json(replace(answer, suggestions=unanswered, unknown_tags=unknown)) | {"withheld": withheld}


def _unreadable(tags: Iterable[str], model: Model) -> dict[str, Any]:
    """Return the answer to a stored article that the model cannot judge."""
    empty: dict[str, Any] = {name: [] for name in ("suggestions", "mentioned", "withheld", "removed")} | {
        "removed_more": 0
    }
    versions = {"model_version": model.version, "taxonomy_version": model.taxonomy.version}
    return {**versions, **empty, "unknown_tags": _unknown(tags, model), "reason": "unreadable"}


def _standing_seen(stored: StoredArticle, log: ArticleLog, viewer: str | None) -> Standing:
    """Return what is known of an article, to one of two editors only what that one said until both have closed it."""
    pooled = log.standing()
    return log.standing(by=viewer) if _apart(stored, viewer, pooled) else pooled


def _apart(stored: StoredArticle, viewer: str | None, standing: Standing) -> bool:
    """Whether somebody is one of two editors that must not see each other's answers yet."""
    return viewer is not None and stored.n_editors > 1 and viewer not in standing.closed_by


def _hides(stored: StoredArticle, standing: Standing, viewer: str | None) -> bool:
    """Whether an article is blind to somebody."""
    return stored.blind and stored.state != "closed" and viewer not in standing.closed_by


def _withheld(suggestions: Iterable[Suggestion], standing: Standing, model: Model) -> dict[str, str]:
    """Return which suggestions a person has forestalled, and how; of an exclusive kind one tag of a person is enough."""
    taxonomy = model.taxonomy
    asked = [tag for tag in standing.unsure if standing.decisions[tag].question_id is not None]
    why = {**dict.fromkeys(standing.rejected, "rejected"), **dict.fromkeys(asked, "in_question")}
    why |= dict.fromkeys(standing.tags, "already_tagged")
    there = [tag for one in standing.tags if (tag := taxonomy.by_id.get(one)) is not None]
    taken = {tag.kind for tag in there if taxonomy.exclusive(tag)}
    for one in suggestions:
        if one.kind in taken:
            why.setdefault(one.tag, "another_of_its_kind")
    return why


def _row(row: Decision, hidden: bool) -> dict[str, Any]:
    """Return a decision as JSON; of a blind article without what the model had said."""
    told = {name: value for name, value in vars(row).items() if name not in ("article_id", "digest")}
    if hidden:
        told |= {"score": None, "band": None}
    return told


def _outline(row: Decision) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("tag", "id", "action", "reason", "editor", "at", "question_id")}


def _digest(article_id: str, answer: DecisionBatch, editor: str) -> str:
    parts = [article_id, editor, answer.complete, answer.suggestion_set_id, [vars(draft) for draft in answer.drafts]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _unknown(tags: Iterable[str], model: Model) -> list[str]:
    return [tag for tag in tags if tag not in model.taxonomy.by_id]


def _described(stored: StoredArticle, standing: Standing) -> dict[str, Any]:
    article = stored.article
    return {
        "article_id": article.id,
        **article.texts_by_name,
        "body_format": article.body_format,
        "published_at": article.published_at,
        "url": article.url,
        "tags": list(standing.tags),
        "source": stored.source,
        "owner": stored.owner,
        "created_at": stored.created_at,
        "updated_at": stored.updated_at,
        "state": stored.state,
        "blind": stored.blind,
        "n_editors": stored.n_editors,
    }
