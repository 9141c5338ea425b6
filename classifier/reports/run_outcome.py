"""The outcome of a run of `retrain` in words: which model serves now, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.domain.sentences import OF_RUNS
from classifier.reports.layout import texts
from classifier.store.runs import Run
from classifier.texts import N_, _, gettext, ngettext, retold

if TYPE_CHECKING:
    from classifier.training.run_result import BlockedBy, RunDetails

_TEXTS: dict[str, dict[str, str]] = texts("run.toml")
CAUSES, ACTIONS, ORIGINS, _NEXT = _TEXTS.values()


def retold_of_run(sentence: str) -> str:
    """Return a sentence of a record in the reader's language."""
    return retold(sentence, OF_RUNS)


def headline(run: Run, details: RunDetails) -> str:
    """Return in one short sentence what the run means for the desk."""
    before = details.get("champion")
    if run.outcome == "not promoted":
        if details.get("gate"):
            stays = N_("The new model was not promoted: the previous model still serves.")
            return gettext(stays) if before else _("The new model was not promoted: no model serves yet.")
        stays = N_("Nothing was trained: the previous model still serves.")
        return gettext(stays) if before else _("Nothing was trained: no model serves yet.")
    said = {
        "promoted": N_("A new model serves.") if before else N_("The first model serves."),
        "skipped": N_("There was nothing new, so nothing was trained."),
        "failed": N_("The run failed. The previous model still serves."),
        "running": N_("The run has not ended."),
    }.get(run.outcome)
    return gettext(said) if said else _("The run ended as: %(outcome)s.", outcome=run.outcome)


def reason(run: Run, details: RunDetails, blocked_by: list[BlockedBy]) -> str:
    """Return why a run ended as it did; the figures are in brackets."""
    if blocked_by and run.outcome == "not promoted":
        text = "; ".join(f"{_cause(block)} ({retold_of_run(block['figure'])})" for block in blocked_by[:3])
        if len(blocked_by) > 3:
            text = _("%(causes)s, and %(n)s more", causes=text, n=len(blocked_by) - 3)
        return f"{text[:1].upper()}{text[1:]}."
    measures = details.get("measures", {})
    if run.outcome != "promoted" or "challenger" not in measures:
        return retold_of_run(str(run.reason))
    new, old = measures["challenger"], measures.get("champion")
    articles = ngettext("%(n)s article", "%(n)s articles", details["n_reference"])
    after = f"{new['micro_f1']:.3f}"
    if old is None:
        text = N_("Its micro-F1 is %(figure)s on %(articles)s, each judged by a model that has not read it.")
        return gettext(text, figure=after, articles=articles)
    facts = {"before": f"{old['micro_f1']:.3f}", "after": after, "articles": articles}
    held = [row["tag"] for row in details.get("held", [])]
    if not held:
        text = N_(
            "No tag is worse beyond chance: micro-F1 %(before)s before, %(after)s now, on %(articles)s, each judged by models "
            "that have not read it."
        )
        return gettext(text, **facts)
    text = N_(
        "These tags stay as they were: %(tags)s. All others go on: micro-F1 %(before)s before, %(after)s now, on %(articles)s, "
        "each judged by models that have not read it."
    )
    return gettext(text, **facts, tags=", ".join(held))


def _cause(block: BlockedBy) -> str:
    tag = _("the tag %(tag)s", tag=block["tag"]) if block["tag"] else _("some tags")
    return gettext(CAUSES.get(block["check"], block["check"]), tag=tag)


def next_step(run: Run, details: RunDetails, blocked_by: list[BlockedBy]) -> str:
    """Return what a person should do now; empty where nothing is to be done."""
    if run.outcome == "promoted":
        held = [row["tag"] for row in details.get("held", [])]
        return _next("held" if held else "promoted", held)
    if run.outcome == "failed":
        return _("Fix what the message says, then run: python -m classifier retrain")
    if run.outcome != "not promoted":
        return ""
    for check in _NEXT:
        tags = [block["tag"] or "TAG" for block in blocked_by if block["check"] == check]
        if tags:
            return _next(check, tags)
    return _("Nothing needs to be done; the next run tries again.")


def _next(check: str, tags: list[str]) -> str:
    return gettext(_NEXT[check], tags=" ".join(tags), names=_(", ").join(tags))
