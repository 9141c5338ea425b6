"""The outcome of a run in words: which model serves now, why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.reports.wording import counted
from classifier.store.runs import Run
from classifier.text.terms import STEM_MARK

if TYPE_CHECKING:
    from classifier.training.comparison import CheckRow
    from classifier.training.run_result import BlockedBy, RunDetails

# Why a model was not promoted, or not trained; {tag} is "the tag X" or "some tags".
CAUSES = {
    "total": "its suggestions are worse overall",
    "tag_worse": "it is worse at {tag}",
    "calibration": "its scores are too high",
    "blind_recall": "it finds fewer of the tags that editors gave without seeing suggestions",
    "unknown": "it makes far more suggestions that nobody has judged",
    "size": "it is too large",
    "latency": "it is too slow",
    "furniture": "a text block that is on many pages is among its reasons for {tag}",
    "better_than_nothing": "it is no better than suggesting nothing",
    "better_than_alias_rule": "it is no better than suggesting every tag that an article names",
    "nothing_new": "it makes the same suggestions as the model that serves",
    "rolled_back": "it has learned nearly the same as a model that was rolled back",
    "overtaken": "somebody else changed the model in the meantime",
    "holdout": "there are too few new articles to compare it on",
    "few_examples": "there are too few examples",
    "labels_flipped": "many labels of {tag} were reversed since the last training",
    "one_editor": "most of the labels of {tag} come from one editor or one key",
    "repeated_block": "the model would learn {tag} from a text block that is on many pages",
    "tag_rates": "new articles have {tag} far more or less often than before",
    "never_shown": "{tag} was never suggested though it has examples",
}
CHECKS = {
    "total": "all tags together",
    "tag_worse": "no tag is worse",
    "calibration": "scores are as accurate as they say",
    "blind_recall": "recall on blind articles",
    "unknown": "not far more unjudged suggestions",
    "size": "size",
    "latency": "time per article",
    "furniture": "no reasons from repeated blocks",
    "better_than_nothing": "better than nothing",
    "better_than_alias_rule": "better than the names alone",
    "nothing_new": "not the same as the champion",
    "rolled_back": "not a model that was rolled back",
    "overtaken": "nobody else changed the model",
    "holdout": "enough articles to compare on",
    "few_examples": "enough examples",
    "labels_flipped": "labels reversed",
    "one_editor": "labels from one editor",
    "repeated_block": "repeated block",
    "tag_rates": "rate of a tag",
    "never_shown": "never suggested",
}
ACTIONS = {"block": "stopped the run", "warn": "worth a look", "repair": "repaired"}
_COMMAND = "python -m classifier"
BACK = (
    f"If it makes mistakes, bring back the previous model in seconds: {_COMMAND} models roll-back --why 'what is wrong'"
)
_NEXT = {
    "labels_flipped": "Look at the articles below. If the changes are intended, run: "
    + _COMMAND
    + " retrain --accept-changes {tags}. If not, undo those decisions; the next run then continues by itself.",
    "tag_worse": "Look at what changed, below, and at the newest examples of {tags}. The next run tries again by itself.",
    "few_examples": f"Let editors close more articles, or import an archive: {_COMMAND} import FILE",
    "unknown": f"Let editors close articles (Done on the review page), or import an archive with complete tags: {_COMMAND} import FILE",
    "rolled_back": f"To let it serve anyway: {_COMMAND} models promote VERSION",
    "repeated_block": "To leave the block out of training: TAGGER_CHECKS=repeated_block=repair",
}


def headline(run: Run, details: RunDetails) -> str:
    """Return in one short sentence what the run means for the desk."""
    serves = "the previous model still serves" if details.get("champion") else "no model serves yet"
    return {
        "promoted": "A new model serves." if details.get("champion") else "The first model serves.",
        "not promoted": f"The new model was not promoted: {serves}."
        if details.get("gate")
        else f"Nothing was trained: {serves}.",
        "skipped": "There was nothing new, so nothing was trained.",
        "failed": "The run failed. The previous model still serves.",
        "running": "The run has not ended.",
    }.get(run.outcome, f"The run ended as: {run.outcome}.")


def reason(run: Run, details: RunDetails, blocked_by: list[BlockedBy]) -> str:
    """Return why a run ended as it did; the figures are in brackets."""
    if blocked_by and run.outcome == "not promoted":
        parts = [f"{_cause(block)} ({block['figure']})" for block in blocked_by[:3]]
        more = f", and {len(blocked_by) - 3} more" if len(blocked_by) > 3 else ""
        text = f"{'; '.join(parts)}{more}."
        return text[:1].upper() + text[1:]
    measures = details.get("measures", {})
    if run.outcome != "promoted" or "challenger" not in measures:
        return str(run.reason)
    new, old = measures["challenger"], measures.get("champion")
    where = f"on {counted(details['n_held_out'], 'article')}"
    if old is None:
        return f"Its micro-F1 is {new['micro_f1']:.3f} {where} that it has not learned from."
    return (
        f"No tag that can be compared is worse beyond chance: micro-F1 {old['micro_f1']:.3f} before, "
        f"{new['micro_f1']:.3f} now, {where} that neither has learned from."
    )


def _cause(block: BlockedBy) -> str:
    tag = f"the tag {block['tag']}" if block["tag"] else "some tags"
    return CAUSES.get(block["check"], block["check"]).format(tag=tag)


def next_step(run: Run, blocked_by: list[BlockedBy]) -> str:
    """Return what a person should do now; empty where nothing is to be done."""
    if run.outcome == "promoted":
        return BACK
    if run.outcome == "failed":
        return f"Fix what the message says, then run: {_COMMAND} retrain"
    if run.outcome != "not promoted":
        return ""
    for check, words in _NEXT.items():
        tags = [block["tag"] or "TAG" for block in blocked_by if block["check"] == check]
        if tags:
            return words.format(tags=" ".join(tags))
    return "Nothing needs to be done; the next run tries again."


def facts(run: Run, details: RunDetails) -> list[str]:
    """Return what the run worked on."""
    lines = []
    if "n_held_out" in details:
        lines.append(
            f"{counted(details['n_examples'], 'example')}: learned from {details['n_learned']}, compared on the newest {details['n_held_out']}"
        )
        if not details["fair"]:
            lines.append(
                "The champion had learned from those newest articles, so a similar model was trained without them for the comparison"
            )
    elif "n_examples" in details:
        lines.append(counted(details["n_examples"], "example"))
    ended = f", ended {run.ended_at[:16].replace('T', ' ')}" if run.ended_at else ""
    lines.append(
        f"Started {run.started_at[:16].replace('T', ' ')} UTC{ended}, by {run.started_by} on {run.host}; run {run.id}"
    )
    if details.get("taxonomy_version"):
        lines.append(f"Taxonomy {details['taxonomy_version']}; data {(run.data or '–')[:12]}")
    return lines


def passed_in_words(check: CheckRow) -> str:
    """Return whether a condition of the gate held."""
    return "passed" if check["passed"] else "failed"


def terms_in_words(terms: list[str]) -> str:
    """Return terms for readers. A stem ends in an ellipsis, and is left out if one of its words is listed too."""
    full_words = [term for term in terms if not term.endswith(STEM_MARK)]
    stems = [term.removesuffix(STEM_MARK) for term in terms if term.endswith(STEM_MARK)]
    alone = [f"{stem}…" for stem in stems if not any(word.startswith(stem) for word in full_words)]
    return ", ".join([*full_words, *alone]) or "–"
