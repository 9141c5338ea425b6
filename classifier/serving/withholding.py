"""What of an answer waits for people: suggestions that are withheld, and tags between which somebody has to choose."""

from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from classifier.domain.decisions import Standing
from classifier.domain.redeciding import Choice
from classifier.model.answer import Answer, Suggestion, TagName, ToChoose
from classifier.model.protocol import Model

View = TypeVar("View", bound=Mapping[str, object])


def reasons_to_withhold(suggestions: Iterable[Suggestion], standing: Standing, model: Model) -> dict[str, str]:
    """Return by its tag why a suggestion is not shown: a person has decided, or has given a tag of its exclusive kind."""
    taxonomy = model.taxonomy
    asked = {tag for tag, row in standing.decisions.items() if row.question_id is not None}
    in_question = [tag for tag in standing.unsure if tag in asked]
    reasons = {**dict.fromkeys(standing.rejected, "rejected"), **dict.fromkeys(in_question, "in_question")}
    reasons |= dict.fromkeys(standing.tags, "already_tagged")
    tags = [taxonomy.by_id[tag] for tag in standing.tags if tag in taxonomy.by_id]
    full_kinds = {tag.kind for tag in tags if taxonomy.exclusive(tag)}
    for suggestion in suggestions:
        if suggestion["kind"] in full_kinds:
            reasons.setdefault(suggestion["tag"], "another_of_its_kind")
    return reasons


def without_suggestions(view: View) -> View:
    """Return an answer as it is seen before the end of a blind article."""
    return cast(View, {**view, "suggestions": [], "mentioned": [], "reason": "blind", "choices": []})


def choices_seen(answer: Answer, again: Iterable[Choice], standing: Standing, model: Model) -> list[ToChoose]:
    """Return what somebody has to choose: what has to be decided `again`, and what the model asks and nobody has decided."""
    asked = {row["tag"]: row for row in answer.choices if not _is_chosen(row, standing)}
    for tag, between, cause in again:
        score = asked[tag]["score"] if tag in asked else None
        names: list[TagName] = [_named(each, model) for each in between]
        asked[tag] = {**_named(tag, model), "score": score, "cause": cause, "between": names}
    return list(asked.values())


def _is_chosen(row: ToChoose, standing: Standing) -> bool:
    """Return whether somebody has decided between the parts of a split tag, or that an article lacks the whole."""
    parts = {part["tag"] for part in row["between"]}
    decided = parts <= {*standing.rejected, *standing.decisions}
    return decided or not parts.isdisjoint(standing.tags) or row["tag"] in standing.rejected


def _named(tag_id: str, model: Model) -> TagName:
    tag = model.taxonomy.by_id.get(tag_id)
    return {"tag": tag_id, "label": tag.label if tag else tag_id}
