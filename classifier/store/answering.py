"""How an editor's answer to an article becomes rows of the log, and to near-duplicates with it. Works on open connections."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from classifier.domain.decisions import Decision
from classifier.errors import BadDecision
from classifier.store.leases import end_leases
from classifier.store.log import Draft, append, decision_of, log_of, refresh, set_of, standing_of
from classifier.store.rows import Columns, article_row
from classifier.store.schema import decisions
from classifier.store.sketches import Sketches, compare_texts
from classifier.store.standing import not_undone
from classifier.texts import _


@dataclass(frozen=True)
class Answered:
    """What an editor answers, and the name of the answer if it is one to several articles."""

    drafts: Sequence[Draft]
    editor: str
    complete: bool
    suggestion_set_id: str | None
    in_bulk: bool
    may_undo_all: bool
    together: str | None


def carry_out(
    connection: Connection, row: Columns, answer: Answered, sketches: Sketches
) -> tuple[list[Decision], list[Decision]]:
    """Log an answer to the article of a row. Return the new rows, and the log with them."""
    shown, log = set_of(connection, row, answer.suggestion_set_id), log_of(connection, row["id"])
    added: list[Decision] = []
    for number, draft in enumerate(_on_article(answer.drafts, log, row["id"])):
        undone = _undoable(draft, [*log, *added], answer.editor, answer.may_undo_all, number)
        decision = decision_of(draft, row, answer.editor, shown, undone)
        marked = replace(decision, in_bulk=answer.in_bulk or None, together=answer.together)
        added.append(marked if undone is None else decision)
    if answer.complete and answer.editor not in standing_of(connection, row, [*log, *added]).closed_by:
        added.append(replace(decision_of(Draft("complete"), row, answer.editor, shown, None), together=answer.together))
    append(connection, added)
    if answer.complete:
        end_leases(connection, row["id"], answer.editor)
    if any(decision.digest != row["digest"] for decision in added):
        compare_texts(connection, row, sketches)
    refresh(connection, row, [*log, *added])
    return added, [*log, *added]


def carry_out_also(connection: Connection, article_id: str, answer: Answered) -> None:
    """Log an answer to a near-duplicate, unless it is gone, or was closed by somebody else meanwhile."""
    row = article_row(connection, article_id)
    if row is None or (answer.together is not None and row["state"] == "closed"):
        return
    shown = set_of(connection, row, None)
    suggested = {suggestion["tag"] for suggestion in shown["answer"]["suggestions"]} if shown is not None else set()
    # Nobody accepts what was not suggested: there the editor adds the tag.
    drafts = [
        replace(draft, action="add") if draft.action == "accept" and draft.tag not in suggested else draft
        for draft in answer.drafts
    ]
    carry_out(connection, row, replace(answer, drafts=drafts, suggestion_set_id=None, in_bulk=True), {})


def answered_together(connection: Connection, drafts: Sequence[Draft]) -> dict[int, set[str]]:
    """Return the articles of each answer that a draft takes back, by the number of the draft, if anything of it stands."""
    of_answers = ((number, draft.together) for number, draft in enumerate(drafts) if draft.together is not None)
    standing = select(decisions.c.article_id).where(not_undone(decisions))
    return {
        number: set(connection.scalars(standing.where(decisions.c.together == token))) for number, token in of_answers
    }


def check_stands(answers: Mapping[int, set[str]]) -> None:
    """Raise `BadDecision` for an answer of which nothing stands."""
    for number, articles in answers.items():
        if not articles:
            raise BadDecision(_("There is no such answer, or it was undone before."), f"decisions/{number}/together")


def _on_article(drafts: Sequence[Draft], log: Sequence[Decision], article_id: str) -> Iterator[Draft]:
    """Yield drafts, and for the undo of an answer the undo of each of its rows in a log, the last first."""
    undone = {row.undoes for row in log}
    for draft in drafts:
        if draft.together is None:
            yield draft
        for row in reversed(log):
            if draft.together is not None and row.together == draft.together and row.id not in undone:
                yield Draft("undo", undoes=row.id)


def _undoable(draft: Draft, log: Sequence[Decision], editor: str, may_undo_all: bool, number: int) -> Decision | None:
    if draft.action != "undo":
        return None
    field = f"decisions/{number}/decision_id"
    undone = next((row for row in log if row.id == draft.undoes), None)
    if undone is None:
        raise BadDecision(_("The article has no decision %(decision)s.", decision=repr(str(draft.undoes)[:64])), field)
    if undone.action == "undo":
        raise BadDecision(_("An undo cannot be undone; decide again."), field)
    if any(row.undoes == undone.id for row in log):
        raise BadDecision(_("The decision was undone before."), field)
    if undone.editor != editor and not may_undo_all:
        raise BadDecision(
            _("The decision is %(editor)s's; decide otherwise instead of undoing it.", editor=undone.editor), field
        )
    return undone
