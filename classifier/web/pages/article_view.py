"""An article as the review page shows it to one editor: its text in pieces, suggestions, tags and decisions."""

from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import TypedDict

from classifier.domain.decisions import Decision, without_undone
from classifier.model.answer import Mentioned, TextLanguage, ToChoose
from classifier.model.protocol import Model
from classifier.serving.tagger import Tagger
from classifier.serving.views import DecisionOut, StandingOut, pick
from classifier.texts import gettext
from classifier.web.pages.showing import WORDING, LeftOut, Piece, marked_text, marks_of
from classifier.web.texts import label_of, language_name


class SuggestionView(TypedDict):
    """A suggested tag, without its evidence: that is marked in the text. `aboutness` is in words."""

    tag: str
    label: str
    kind: str
    score: float
    band: str
    source: str
    aboutness: str
    threshold: float


class TagView(TypedDict):
    """A tag of an article. `known` says whether the taxonomy has it, `by` is the editor who gave it, or the article's source.

    `origin` says how it came onto the article.
    """

    tag: str
    label: str
    kind: str
    known: bool
    by: str
    origin: str


class OtherEditor(TypedDict):
    """Another editor's decisions on an article: how many stand, and when the last of them was made."""

    editor: str
    at: str
    n: int


class ReviewArticle(TypedDict):
    """An article as the review page shows it: GET /review/articles/{article_id}.

    `blind` says that the suggestions are hidden from this editor, `language_name` is the English name of its language, "" where
    that is not known, and `corrected_language` is what an editor said of it. `reason_text` is `reason` in words, and `labels` are those of
    all tags with a decision, by their ids.
    """

    article_id: str
    url: str | None
    published_at: str | None
    source: str
    state: str
    n_editors: int
    suggestion_set_id: str | None
    model_version: str
    reason: str | None
    blind: bool
    language: TextLanguage
    language_name: str
    corrected_language: str | None
    title: list[Piece]
    standfirst: list[list[Piece]]
    paragraphs: list[list[Piece]]
    suggestions: list[SuggestionView]
    mentioned: list[Mentioned]
    choices: list[ToChoose]
    tags: list[TagView]
    labels: dict[str, str]
    removed: list[LeftOut]
    n_more_removed: int
    reason_text: str | None
    others: list[OtherEditor]
    decisions: list[DecisionOut]
    standing: StandingOut


def article_view(tagger: Tagger, article_id: str, viewer: str | None) -> ReviewArticle:
    """Return an article as an editor may see it. None stands for somebody who is not signed in.

    Raises:
        NotFound: if there is no such article.
        NoModel, BadModel: while nothing can serve.
    """
    model = tagger.serving.model()
    described = tagger.article(article_id, viewer)
    stored = tagger.store.article(article_id)
    article, code = stored.article, described["language"]["code"]
    logged = tagger.decisions(article_id, viewer)
    editors = {row["tag"]: row["editor"] for row in logged["standing"]["decisions"]}
    is_blind = described["reason"] == "blind"
    withheld = {row["tag"] for row in described["withheld"]} - editors.keys()
    answer = tagger.judged(article, model)
    # A suggestion that somebody has decided on is shown with that decision.
    suggestions = [] if is_blind else [row for row in answer.suggestions if row["tag"] not in withheld]

    reading = model.reader.read(article)
    explained = model.explain(article, [row["tag"] for row in suggestions], reading)
    named = {row["tag"] for row in (*described["mentioned"], *described["choices"])}
    named -= {row["tag"] for row in suggestions}
    marks = marks_of(explained)
    for mention in reading.mentions:
        tag = model.taxonomy.paths.heir(model.taxonomy.tags[mention.tag].id)
        if tag in named and not mention.weak:
            marks[mention.field][mention.start, mention.end].append(tag)
    text = marked_text(article, reading, marks)
    rows = (Decision(article_id=article_id, **row) for row in logged["decisions"])
    thresholds = (explanation.threshold for explanation in explained)
    own = {
        "blind": is_blind,
        "language_name": language_name(code) if code else "",
        "corrected_language": stored.corrected_language,
        "suggestions": [
            pick(
                SuggestionView,
                {
                    **_named(row, model),
                    "aboutness": gettext(WORDING["aboutness"][row["aboutness"]]),
                    "threshold": threshold,
                },
            )
            for row, threshold in zip(suggestions, thresholds, strict=True)
        ],
        "tags": [
            _tag(tag, editors.get(tag, described["source"]), described["origins"][tag], model)
            for tag in described["tags"]
        ],
        "mentioned": [_named(row, model) for row in described["mentioned"]],
        "choices": [
            {**_named(row, model), "between": [_named(each, model) for each in row["between"]]}
            for row in described["choices"]
        ],
        "labels": {tag: _label(tag, model) for tag in editors},
        "reason_text": _in_words(described["reason"]),
        "others": _other_editors(rows, viewer),
    }
    return pick(ReviewArticle, {**described, **logged, **vars(text), **own})


def _label(tag_id: str, model: Model) -> str:
    tag = model.taxonomy.by_id.get(tag_id)
    return label_of(tag) if tag else tag_id


def _named(row: Mapping[str, Any], model: Model) -> dict[str, Any]:
    """Return a row of a tag with its label in the reader's language."""
    return {**row, "label": _label(row["tag"], model)}


def _in_words(reason: str | None) -> str | None:
    """Return why nothing is suggested, in words; None where something is."""
    return gettext(WORDING["reasons"][reason]) if reason in WORDING["reasons"] else None


def _tag(tag_id: str, editor: str, origin: str, model: Model) -> TagView:
    tag = model.taxonomy.by_id.get(tag_id)
    label, kind = _label(tag_id, model), tag.kind if tag else ""
    return {"tag": tag_id, "label": label, "kind": kind, "known": tag is not None, "by": editor, "origin": origin}


def _other_editors(decisions: Iterable[Decision], viewer: str | None) -> list[OtherEditor]:
    """Return how often other editors have decided, without what was undone."""
    editors: dict[str, OtherEditor] = {}
    for row in without_undone(decisions):
        if row.editor != viewer:
            n = editors[row.editor]["n"] if row.editor in editors else 0
            editors[row.editor] = {"editor": row.editor, "at": row.at, "n": n + 1}
    return list(editors.values())
