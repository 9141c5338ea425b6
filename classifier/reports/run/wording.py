"""What came of a run in words: what serves now, why, and what to do, for whoever is on duty at night."""

from __future__ import annotations

from classifier.reports.data.known import Row
from classifier.reports.wording import counted
from classifier.store import Run
from classifier.text.terms import STEM_MARK

# What closed the gate, or kept the training from beginning; {tag} is "the tag X" or "some tags".
CAUSES = {
    "total": "in all its suggestions are worse",
    "tag_worse": "it is worse at {tag}",
    "calibration": "its scores promise more than they keep",
    "blind_recall": "it finds fewer of the tags that editors gave without seeing suggestions",
    "unknown": "it suggests far more of which nobody has said whether it is right",
    "size": "it is too large",
    "latency": "it is too slow",
    "furniture": "a block that stands on many pages is among its reasons for {tag}",
    "better_than_nothing": "it is no better than suggesting nothing",
    "better_than_alias_rule": "it is no better than suggesting every tag that an article names",
    "nothing_new": "it says the same as the model that serves",
    "rolled_back": "it has learned nearly the same as a model that was rolled back",
    "overtaken": "somebody else changed the model meanwhile",
    "holdout": "too few new articles are left to compare it on",
    "few_examples": "there are too few examples",
    "labels_flipped": "many labels of {tag} were turned over since the last training",
    "one_editor": "most of what is known of {tag} comes from one editor or one key",
    "repeated_block": "a block that stands on many pages would teach {tag}",
    "tag_rates": "new articles have {tag} far more or less often than before",
    "never_shown": "{tag} was never suggested though it has examples",
}
CHECKS = {
    "total": "all tags together",
    "tag_worse": "no tag is worse",
    "calibration": "scores keep what they promise",
    "blind_recall": "recall on blind articles",
    "unknown": "not far more than is known",
    "size": "size",
    "latency": "time an article",
    "furniture": "no reasons from repeated blocks",
    "better_than_nothing": "better than nothing",
    "better_than_alias_rule": "better than the names alone",
    "nothing_new": "not the champion once more",
    "rolled_back": "not what was rolled back",
    "overtaken": "nobody else changed the model",
    "holdout": "enough articles to compare on",
    "few_examples": "enough examples",
    "labels_flipped": "labels turned over",
    "one_editor": "one voice",
    "repeated_block": "repeated block",
    "tag_rates": "rate of a tag",
    "never_shown": "never suggested",
}
ACTIONS = {"block": "stopped the run", "warn": "worth a look", "repair": "repaired"}
_COMMAND = "python -m classifier"
BACK = f"If it errs, the model before is back in seconds: {_COMMAND} models roll-back --why 'what is wrong'"
_NEXT = {
    "labels_flipped": "Look at the articles below. Was it meant? Then run: "
    + _COMMAND
    + " retrain --accept-changes {tags}. If not, take those decisions back; the next run then goes on by itself.",
    "tag_worse": "Look at what moved, below, and at the newest examples of {tags}. The next run tries again by itself.",
    "few_examples": f"Let editors close more articles, or import an archive: {_COMMAND} import FILE",
    "unknown": f"Let editors close articles (Done on the review page), or import an archive with complete tags: {_COMMAND} import FILE",
    "rolled_back": f"If it shall serve all the same: {_COMMAND} models promote VERSION",
    "repeated_block": "Let the block be left out: TAGGER_CHECKS=repeated_block=repair",
}


def headline(run: Run, details: Row) -> str:
    """Return in one short sentence what the run means for the desk."""
    serves = "the model before goes on serving" if details.get("champion") else "no model serves yet"
    return {
        "promoted": "A new model serves." if details.get("champion") else "The first model serves.",
        "not promoted": f"The new model was not taken: {serves}."
        if details.get("gate")
        else f"Nothing was trained: {serves}.",
        "skipped": "Nothing was new, so nothing was trained.",
        "failed": "The run failed. What served before it goes on serving.",
        "running": "The run has not come to its end.",
    }.get(run.outcome, f"The run ended as: {run.outcome}.")


def reason(run: Run, details: Row, blocked_by: list[Row]) -> str:
    """Return why, in words that need no figures; the figures stand behind."""
    if blocked_by and run.outcome == "not promoted":
        parts = [f"{_cause(one)} ({one['figure']})" for one in blocked_by[:3]]
        more = f", and {len(blocked_by) - 3} more" if len(blocked_by) > 3 else ""
        text = f"{'; '.join(parts)}{more}."
        return text[:1].upper() + text[1:]
    measures = details.get("measures", {})
    if run.outcome != "promoted" or "challenger" not in measures:
        return str(run.reason)
    new, old = measures["challenger"], measures.get("champion")
    where = f"on {counted(details['n_held_out'], 'article')}"
    if old is None:
        return (
            f"On its own it finds tags with a micro-F1 of {new['micro_f1']:.3f} {where} that it has not learned from."
        )
    return (
        f"No tag that can be compared is worse beyond chance: micro-F1 {old['micro_f1']:.3f} before, "
        f"{new['micro_f1']:.3f} now, {where} that neither has learned from."
    )


def _cause(one: Row) -> str:
    tag = f"the tag {one['tag']}" if one["tag"] else "some tags"
    return str(CAUSES.get(one["check"], one["check"])).format(tag=tag)


def next_step(run: Run, blocked_by: list[Row]) -> str:
    """Return what a person should do now; empty where nothing is to be done."""
    if run.outcome == "promoted":
        return BACK
    if run.outcome == "failed":
        return f"Mend what it says, then: {_COMMAND} retrain"
    if run.outcome != "not promoted":
        return ""
    for check, words in _NEXT.items():
        tags = [one["tag"] or "TAG" for one in blocked_by if one["check"] == check]
        if tags:
            return words.format(tags=" ".join(tags))
    return "Nothing needs to be done; the next run tries again."


def facts(run: Run, details: Row) -> list[str]:
    """Return what the run worked on."""
    lines = []
    if "n_held_out" in details:
        lines.append(
            f"{counted(details['n_examples'], 'example')}: learned from {details['n_learned']}, compared on the newest {details['n_held_out']}"
        )
        if not details["fair"]:
            lines.append(
                "The champion had learned from those newest articles, so a model like it was trained without them for the comparison"
            )
    elif "n_examples" in details:
        lines.append(counted(details["n_examples"], "example"))
    ended = f", ended {run.ended_at[:16].replace('T', ' ')}" if run.ended_at else ""
    lines.append(
        f"Begun {run.started_at[:16].replace('T', ' ')} UTC{ended}, by {run.started_by} on {run.host}; run {run.id}"
    )
    if details.get("taxonomy_version"):
        lines.append(f"Taxonomy {details['taxonomy_version']}; data {(run.data or '–')[:12]}")
    return lines


def passed_in_words(check: Row) -> str:
    """Return whether a condition of the gate held."""
    return "passed" if check["passed"] else "closed the gate"


def terms_in_words(terms: list[str]) -> str:
    """Return terms for people: a stem ends in an ellipsis, and is left out where a word of it stands beside it."""
    whole = [term for term in terms if not term.endswith(STEM_MARK)]
    stems = [term.removesuffix(STEM_MARK) for term in terms if term.endswith(STEM_MARK)]
    alone = [f"{stem}…" for stem in stems if not any(word.startswith(stem) for word in whole)]
    return ", ".join([*whole, *alone]) or "–"
