"""What happens when an article arrives, and when an editor decides: the model that serves and the store together."""

import hashlib
import json
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import cast

import structlog

from classifier.domain.articles import Article, check_id, text_digest
from classifier.domain.decisions import GIVES, Standing
from classifier.domain.deleted import digest_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadDecision, BadModel, BadSetting, CannotJudge, NoModel, NotFound, TaggerError
from classifier.model.answer import N_EVIDENCE, Answer, Suggestion
from classifier.model.protocol import Model
from classifier.serving import views
from classifier.serving.answers import Answers
from classifier.serving.lists import ListedArticle, NearRow, listed_row
from classifier.serving.serving import Serving
from classifier.serving.views import ArticleOut, DecidedOut, LogOut, PutAnswer, SuggestOut
from classifier.serving.withholding import reasons_to_withhold, without_suggestions
from classifier.store.arrivals import NO_SHARES, Shares
from classifier.store.leases import Holder
from classifier.store.log import ArticleLog, Draft
from classifier.store.near import keys_of
from classifier.store.queue import PageEnd, Wanted
from classifier.store.requests import Request
from classifier.store.rows import StoredArticle
from classifier.store.store import Store
from classifier.store.suggestion_sets import Judged, ModelAnswer, TagScore, judged_by
from classifier.texts import _


@dataclass(frozen=True)
class DecisionBatch:
    """Decisions that are asked for at once: on tags, and whether the article's tags are complete with them.

    Decisions `in_bulk` are made over a list of articles. `also` names near-duplicates that are answered in the same way.
    """

    drafts: Sequence[Draft]
    complete: bool = False
    suggestion_set_id: str | None = None
    in_bulk: bool = False
    also: Sequence[str] = ()


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
        """Give articles the proposed tags that a new taxonomy has. Without the database the model serves all the same."""
        with suppress(Exception):  # any driver's error: `retrain` does the same later
            self.store.proposals.keep_promises(model.taxonomy)

    def resolve_proposal(self, proposal_id: str, state: str, editor: str, tag: str | None = None) -> None:
        """Say what became of a proposed tag. Its article gets the tag as soon as the taxonomy has it.

        Raises:
            NotFound: if there is no such proposal.
        """
        self.store.proposals.resolve(proposal_id, state, editor, tag)
        self.store.proposals.keep_promises(self.taxonomy())

    def taxonomy(self) -> Taxonomy:
        """Return the taxonomy that serves, an empty one while none does."""
        try:
            return self.serving.model().head
        except (NoModel, BadModel):
            return Taxonomy(())

    # --- suggestions ---

    def suggest(
        self,
        article: Article,
        why: Sequence[str] = (),
        article_id: str | None = None,
        viewer: str | None = None,
        n_evidence: int = N_EVIDENCE,
    ) -> SuggestOut:
        """Return the answer to a text without storing it. `why` names tags to explain.

        `article_id` is the article that may get this text: what people have decided on it is withheld, and a blind article
        shows nothing.

        Raises:
            NoModel, BadModel: while nothing can serve.
            UnknownTag: if `why` names no tag of the taxonomy.
        """
        model = self.serving.model()
        if article_id is not None:
            article = self.store.as_corrected(article, article_id)
        answer = self.judged(article, model, n_evidence)
        view = cast(SuggestOut, views.answer_view(answer, article.tags or (), model))
        if article_id is not None:
            view = self._as_of_article(view, answer, article_id, model, viewer)
        if why and view["reason"] != "blind":
            view["why"] = views.explanations_of(article, why, model)
        return view

    def _as_of_article(
        self, view: SuggestOut, answer: Answer, article_id: str, model: Model, viewer: str | None
    ) -> SuggestOut:
        try:
            stored, log = self.store.article(article_id), self.store.log.read(article_id)
        except NotFound:
            view = {**view, "article_id": article_id, "withheld": []}
            return without_suggestions(view) if self.shares.makes_blind(article_id) else view
        seen = views.stored_answer_view(answer, stored, log, model, viewer)
        return cast(SuggestOut, {name: value for name, value in seen.items() if name != "suggestion_set_id"})

    def put_article(
        self,
        article: Article,
        source: str = "cms",
        owner: str | None = None,
        explained: Mapping[str, str] | None = None,
        in_background: bool = False,
    ) -> PutAnswer:
        """Store an article and return its suggestions, without the tags that people have set or rejected.

        `owner` is the name of the `cms` key that writes, None for anybody else. `explained` are tags that nobody removed,
        although they may be missing now, each with a moment (`Store.receive`). The suggestions count as shown unless the
        article comes `in_background`.

        Raises:
            CannotJudge: if the model fails on the text. Then nothing is stored.
            OtherOwner: if the article belongs to another `cms` key.
        """
        check_id(article.id)
        model, article = self.serving.model(), self.store.as_corrected(article, article.id)
        answer = self.judged(article, model)
        seen: list[PutAnswer] = []

        def shown(stored: StoredArticle, log: ArticleLog) -> list[TagScore]:
            view = views.stored_answer_view(answer, stored, log, model, None)
            seen.append(cast(PutAnswer, {**view, "n_editors": stored.n_editors}))
            return _scores(seen[-1]["suggestions"])

        # What a CMS lists is what it has so far: silence on a tag is not a no.
        article = replace(article, tags_complete=False)
        sent = article, source, _for_store(answer, keys_of(article)), shown, self.shares, owner, explained or {}
        seen[-1]["suggestion_set_id"] = self.store.receive(*sent, in_background)
        return seen[-1]

    def note_seen(self, article_id: str, set_id: str, tags: Sequence[str], editor: str) -> list[str]:
        """Note which suggestions of a stored article an editor saw, and return their tags.

        Raises:
            NotFound: if there is no such article.
            BadDecision: if the suggestion set is not one of the article.
        """
        stored, log = self.store.article(article_id), self.store.log.read(article_id)
        if views.is_hidden(stored, log.standing(), editor):
            tags = ()
        return self.store.suggestion_sets.note_seen(article_id, set_id, tags, editor)

    def article(self, article_id: str, viewer: str | None = None) -> ArticleOut:
        """Return a stored article with its tags and the present model's suggestions, as an editor may see it."""
        stored, log = self.store.article(article_id), self.store.log.read(article_id)
        model, offered = self.serving.model(), self.store.suggestion_sets.offered(article_id)
        origins = views.origins_seen(stored, log, offered, viewer)
        try:
            answer = self.judged(stored.article, model)
        except CannotJudge:
            return views.article_view(stored, origins, views.unreadable_view(article_id, origins, model))
        view = views.stored_answer_view(answer, stored, log, model, viewer)
        view["suggestion_set_id"] = self.store.suggestion_sets.show(
            stored.article, _for_store(answer), _scores(view["suggestions"])
        )
        return views.article_view(stored, origins, view)

    def judged(self, article: Article, model: Model, n_evidence: int = N_EVIDENCE) -> Answer:
        """Return what a model says of an article, or raise `CannotJudge` if it fails."""
        with _able_to_judge(article, model):
            return self.answers.answer(article, model, n_evidence)

    def judge_waiting(self, model: Model, waiting: Sequence[StoredArticle]) -> Iterator[Judged]:
        """Yield what a model says of stored articles, without the tags that people have set or rejected.

        Nobody is shown anything. An article on which the model fails has no suggestions.
        """
        standings = self.store.log.standings([stored.article.id for stored in waiting])
        for article in (stored.article for stored in waiting):
            suggestions: Sequence[Suggestion] = ()
            margin = doubt = language = None
            with suppress(CannotJudge), _able_to_judge(article, model):
                answer = self.answers.brief(article, model)
                suggestions, margin, doubt = answer.suggestions, answer.margin, answer.doubt
                language = answer.language["code"]
            standing = standings.get(article.id, Standing())
            withheld = reasons_to_withhold(suggestions, standing, model).keys() - standing.decisions.keys()
            scores = _scores(row for row in suggestions if row["tag"] not in withheld)  # an undo makes one open again
            yield Judged(article.id, text_digest(article), margin, scores, doubt, keys_of(article), language)

    def correct_language(self, article_id: str, language: str | None, editor: str) -> str | None:
        """Let an editor say the language of an article, and suggest tags anew. With None, take back what editors said.

        Return what editors said before. Raise `NotFound` if there is no such article.
        """
        before = self.store.correct_language(article_id, language, editor)
        model = self.serving.model()
        judged = list(self.judge_waiting(model, [self.store.article(article_id)]))
        self.store.suggested.put(judged_by(model.version, model.taxonomy.version), judged)
        return before

    def articles(
        self, wanted: Wanted, after: PageEnd | None, limit: int, holder: Holder | None = None
    ) -> tuple[list[ListedArticle], PageEnd | None]:
        """Return a page of stored articles without their bodies, and where the next page begins.

        The rows name who holds the articles, without `holder`.
        """
        page, end = self.store.queue.page(wanted, after, limit)
        return self._listed(page, holder), end

    def near(self, article_id: str, holder: Holder) -> list[NearRow]:
        """Return the open articles that are nearly this one, the nearest first. Raise `NotFound` if it is not stored."""
        found = self.store.near_duplicates.of(article_id)
        rows = self._listed([near.stored for near in found], holder)
        return [{**row, "similarity": near.similarity} for row, near in zip(rows, found, strict=True)]

    def _listed(self, page: Sequence[StoredArticle], holder: Holder | None) -> list[ListedArticle]:
        ids = [stored.article.id for stored in page]
        standings, held_by = self.store.log.standings(ids), self.store.leases.others(ids, holder)
        return [listed_row(stored, standings[stored.article.id], held_by.get(stored.article.id, ())) for stored in page]

    def delete_article(self, article_id: str, owner: str | None = None) -> None:
        """Delete an article and all that hangs on it. A `cms` key, named `owner`, can delete only what it wrote."""
        self.store.delete_article(article_id, owner)
        with suppress(BadSetting):  # where models cannot be written, `retrain` tells them
            self.serving.registry.deleted.add([digest_of(article_id)])

    # --- decisions ---

    def decide(
        self,
        article_id: str,
        batch: DecisionBatch,
        editor: str,
        sender: str = "",
        key: str | None = None,
        may_undo_all: bool = False,
    ) -> DecidedOut:
        """Log what an editor decided, all or nothing, and return the article's tags and the rows of the log.

        `key` is an Idempotency-Key of a sender: the same key and decisions again return the same, and are logged once.

        Raises:
            NotFound: if there is no such article.
            BadDecision: naming the field of the request that cannot be taken.
            Busy: while another request with the same key is being carried out.
        """
        # As older versions wrote it, so that what was sent to one of them and is repeated here is known.
        drafts = [{k: v for k, v in vars(draft).items() if k != "together" or v is not None} for draft in batch.drafts]
        parts = [
            article_id,
            editor,
            batch.complete,
            batch.suggestion_set_id,
            drafts,
            *([True] if batch.in_bulk else []),
            *([sorted(batch.also)] if batch.also else []),
        ]
        content = json.dumps(parts, sort_keys=True)
        request = Request(sender, key, hashlib.sha256(content.encode()).hexdigest()) if key else None
        if request is not None and (reply := self.store.log.reply(request)) is not None:
            return cast(DecidedOut, reply)
        stored = self.store.article(article_id)
        self._check(stored, batch.drafts)
        reply = self.store.log.decide(
            stored.article.id,
            batch.drafts,
            editor,
            lambda rows, log: views.decided_view(rows, stored, log, editor),
            complete=batch.complete,
            suggestion_set_id=batch.suggestion_set_id,
            in_bulk=batch.in_bulk,
            may_undo_all=may_undo_all,
            request=request,
            also=batch.also,
        )
        return cast(DecidedOut, reply)

    def decisions(self, article_id: str, viewer: str | None = None) -> LogOut:
        """Return the log and the impressions of an article, as an editor may see them."""
        stored, log = self.store.article(article_id), self.store.log.read(article_id)
        return views.log_view(stored, log, self.store.log.impressions(article_id), viewer)

    def label(self, tag_id: str) -> str:
        """Return the label of a tag, or its id if the taxonomy lacks it or nothing serves."""
        tag = self.taxonomy().by_id.get(tag_id)
        return tag.label if tag else tag_id

    def _check(self, stored: StoredArticle, drafts: Sequence[Draft]) -> None:
        """Raise `BadDecision` for a tag that cannot be given: one that the taxonomy lacks, or that was retired."""
        taxonomy = self.serving.model().taxonomy
        for number, draft in enumerate(drafts):
            if draft.tag is None:
                continue
            tag = taxonomy.by_id.get(draft.tag)
            if tag is None and (draft.action in GIVES or draft.tag not in (stored.article.tags or ())):
                text = f"The taxonomy has no tag {draft.tag[:60]!r}. GET /v1/tags lists those that there are."
                raise BadDecision(text, f"decisions/{number}/tag")
            if tag is not None and tag.retired and draft.action in GIVES:
                replacement = taxonomy.replacement_of(tag.id)
                instead = f"; give {replacement!r} instead" if replacement else ""
                raise BadDecision(
                    _("The tag %(id)s is retired%(instead)s.", id=repr(tag.id), instead=instead),
                    f"decisions/{number}/tag",
                )


@contextmanager
def _able_to_judge(article: Article, model: Model) -> Iterator[None]:
    """Log an error of the model and raise `CannotJudge` instead, since the error itself may quote the text."""
    try:
        yield
    except TaggerError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a text causes, the caller must learn which article it was
        last = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{last.name}, line {last.lineno}"
        structlog.get_logger().error("cannot_judge", article=article.id, error=type(error).__name__, at=at)
        raise CannotJudge(
            _(
                "The model %(version)s fails on the text of the article %(id)s. Send a corrected text.",
                version=model.version,
                id=repr(article.id[:200]),
            )
        ) from None


def _for_store(answer: Answer, keys: Sequence[int] | None = None) -> ModelAnswer:
    content = views.answer_json(answer)
    versions = answer.model_version, answer.taxonomy_version
    language = answer.language["code"]
    return ModelAnswer(*versions, content, answer.margin, answer.live_state, answer.doubt, keys, language)


def _scores(suggestions: Iterable[Suggestion]) -> list[TagScore]:
    return [TagScore(suggestion["tag"], suggestion["score"], suggestion["band"]) for suggestion in suggestions]
