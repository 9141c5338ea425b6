"""The report of a run of `retrain`: its outcome, the reason, and what changed, in words and as one page.

It is made from the record alone. So it can be written beside the models, and served by machines that have no such file.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.domain.files import whole_file
from classifier.model.evaluation import Interval, shown_interval
from classifier.reports.layout import template, texts
from classifier.reports.live import followed_in_words
from classifier.reports.parts import NOTHING, Point, article_link, cell, counted
from classifier.reports.shadow import shadow_in_words
from classifier.store.runs import KEPT_RUNS, Run
from classifier.text.terms import STEM_MARK
from classifier.texts import N_, _, gettext, ngettext

if TYPE_CHECKING:
    from classifier.gate.whole import CheckRow
    from classifier.model.evaluation import KindReliability
    from classifier.training.run_result import (
        BlockedBy,
        HeldTag,
        LanguageF1,
        Measures,
        ReliabilityBin,
        RunDetails,
        TagF1,
        TagMove,
    )

_TEXTS: dict[str, dict[str, str]] = texts("run.toml")
CAUSES, CHECKS, ACTIONS, ORIGINS, _NEXT = _TEXTS.values()
_STAND_IN = (
    "The champion was trained by an earlier version of the program, so its cross-validation was computed once more"
)
N_OPEN = 15  # rows that the page shows at once
MIN_LATER = 30  # articles that came after a training; of fewer, a figure says nothing
MIN_PAIRS, LOWEST_SCORE = 50, 0.05  # of the bins whose reliability is compared


def as_page(run: Run, here: str | None = None) -> str:
    """Return the report of a run as one HTML page.

    `here` is the address of the page in the service; the page then links the articles.
    """
    result = run.result or {}
    details: RunDetails = result.get("details", {})
    blocked_by = result.get("blocked_by", [])
    measures = details.get("measures", {})
    gate = details.get("gate", [])
    of_tags = [check for check in gate if check["passed"] and check["tag"]]
    other_checks = sorted((check for check in gate if check not in of_tags), key=lambda check: check["passed"])
    confused = [row for row in details.get("confusions", []) if row["n"] > 1]
    curve = details.get("learning_curve", [])
    return template(
        "run.html", cell=cell, f1=_three, article=partial(article_link, here), interval=_interval_of
    ).render(
        run=run,
        here=here,
        headline=headline(run, details),
        reason=reason(run, details, blocked_by),
        next_step=next_step(run, details, blocked_by),
        facts=facts(run, details),
        findings=[{"quote": "", **finding} for finding in details.get("findings", [])],  # early records have no quote
        check_names=CHECKS,
        action_names=ACTIONS,
        figures=_figures(measures, details),
        languages=[_language(row) for row in details.get("languages", [])],
        gate=[_gate_row(check) for check in other_checks],
        gate_of_tags=[[check["tag"], check["figure"], "passed"] for check in of_tags],
        held=[{**row, "senders": _senders(row)} for row in details.get("held", [])],
        evidence=_evidence(details),
        not_judged=[row["tag"] for row in details.get("tags", []) if row.get("smallest_loss", 0) is None],
        changes=_changes(measures),
        moved=[_moved(row) for row in details.get("moved", [])],
        shadow=shadow_in_words(row) if (row := details.get("shadow")) else None,
        of_kinds=_of_kinds(details),
        auto=_auto_band(details),
        reliability={name: list(map(_bin, measured["reliability"])) for name, measured in measures.items()},
        curve=[
            Point(row["n"] / curve[-1]["n"], row["micro_f1"], f"{row['n']} examples: micro-F1 {row['micro_f1']:.3f}")
            for row in curve
        ],
        curve_ticks=[(row["n"] / curve[-1]["n"], row["n"]) for row in curve],
        challenger_f1=measures["challenger"]["micro_f1"] if "challenger" in measures else None,
        confusions=confused,
        most_confused=max((row["n"] for row in confused), default=1),
        n_open=N_OPEN,
    )


def write_report(folder: Path, run: Run) -> Path:
    """Write the report of a run and its record as JSON to `runs` in a folder of models; return the page's path.

    Reports of runs whose records are gone are deleted.

    Raises:
        BadSetting: naming the path, if it cannot be written.
    """
    page = folder / "runs" / f"{run.id}.html"
    with whole_file(page.with_suffix(".json")) as file:
        file.write(json.dumps(vars(run), ensure_ascii=False, indent=1).encode() + b"\n")
    with whole_file(page) as file:
        file.write(as_page(run).encode())
    newest = sorted(page.parent.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in newest[2 * KEPT_RUNS :]:
        old.unlink(missing_ok=True)
    return page


# --- tables ---


def _three(value: float) -> str:
    return f"{value:.3f}"


def _gate_row(check: CheckRow) -> list[str]:
    name = CHECKS.get(check["check"], check["check"])
    return [name, check["tag"] or "", check["figure"], "passed" if check["passed"] else "failed"]


def _evidence(details: RunDetails) -> list[list[object]]:
    """Return what became of the articles that each tag was rightly suggested for, the tags that lost most first."""
    rows = [row for row in details.get("tags", []) if "n_found" in row]
    return [_evidence_of(row) for row in sorted(rows, key=lambda row: (row["n_won"] - row["n_lost"], row["tag"]))]


def _evidence_of(row: dict[str, Any]) -> list[object]:
    f1 = f"{row['champion']:.3f} → {row['challenger']:.3f}"
    least, n_now = row["smallest_loss"], row["n_found"] - row["n_lost"] + row["n_won"]
    held_from = "cannot be judged" if least is None else f"{least} of {n_now} lost"
    wrong = f"{row['n_wrong_before']} → {row['n_wrong']}" if "n_wrong" in row else NOTHING
    return [row["tag"], row["support"], row["n_found"], row["n_lost"], row["n_won"], wrong, f1, held_from]


def _senders(row: HeldTag) -> str:
    """Return who gave the newest labels of a held tag, with their numbers."""
    return ", ".join(f"{key or 'an unknown sender'} ({n})" for key, n in row.get("keys", {}).items())


def _moved(row: TagMove) -> list[object]:
    f1 = f"{row['champion']:.3f} → {row['challenger']:.3f}"
    words = terms_in_words(row["terms_in"]), terms_in_words(row["terms_out"])
    return [row["tag"], f1, row["new_examples"], *words]


def _figures(measures: dict[str, Measures], details: RunDetails) -> list[list[str]]:
    """Return the main figures of both models."""
    if not measures:
        return []
    n = details["n_reference"]
    before, now = (_main_figures(measures[name], n) if name in measures else {} for name in ("champion", "challenger"))
    folds = details["cross_validation"]
    micro_f1 = _with_interval(folds["micro_f1"], folds["micro_f1_interval"], folds["n_articles"])
    rows = [[name, before.get(name, NOTHING), value] for name, value in now.items()]
    last = ["micro-F1 in cross-validation", NOTHING, f"{micro_f1} on {counted(folds['n_articles'], 'article')}"]
    return [*rows, last]


def _language(row: LanguageF1) -> list[object]:
    """Return the figures of a language in cross-validation. One with few articles is not learned."""
    before = NOTHING if row["champion"] is None else _three(row["champion"])
    learned = "yes" if row["learned"] else "no"
    return [row["name"], row["n_articles"], learned, before, _three(row["micro_f1"]), _three(row["macro_f1"])]


def _main_figures(measured: Measures, n: int) -> dict[str, str]:
    return {
        "micro-F1": _with_interval(measured["micro_f1"], measured["micro_f1_interval"], n),
        "macro-F1": _with_interval(measured["macro_f1"], measured["macro_f1_interval"], n),
        "calibration error": NOTHING if (error := measured["calibration_error"]) is None else _three(error),
        "articles with a suggestion": f"{measured['coverage']:.0%}",
        "size": f"{measured['megabytes']:.1f} MB",
        "time per article": f"{measured['milliseconds']:.1f} ms",
    }


def _of_kinds(details: RunDetails) -> list[list[object]]:
    """Return how reliable the scores of each kind are in cross-validation; records of earlier versions lack it."""
    rows = details.get("cross_validation", {}).get("reliability_of_kinds", [])
    return [[row["kind"], row["n_suggested"], _three(row["calibration_error"]), _worst(row)] for row in rows]


def _worst(row: KindReliability) -> str:
    """Return the bin of all scores, among those with enough pairs, that is furthest from the share that is right."""
    enough = [one for one in row["all"] if one["share"] * row["n_pairs"] >= MIN_PAIRS and one["score"] >= LOWEST_SCORE]
    if not enough:
        return NOTHING
    worst = max(enough, key=lambda one: abs(one["score"] - one["right"]))
    return f"{worst['score']:.2f}, of which {worst['right']:.2f} are right"


def _auto_band(details: RunDetails) -> tuple[str, list[tuple[str, int]]] | None:
    """Return how many tags are in the auto band, in words, and how many articles the other tags lack."""
    lacks: dict[str, int] = details.get("cross_validation", {}).get("auto_lacks", {})
    if not lacks:
        return None
    earned = sum(n == 0 for n in lacks.values())
    rows = sorted((n, tag) for tag, n in lacks.items() if n)
    return f"{earned} of {counted(len(lacks), 'tag')}", [(tag, n) for n, tag in rows]


def _with_interval(value: float, interval: Interval | None, n: int) -> str:
    """Return a figure of n articles with its interval, if they are enough for one."""
    shown = shown_interval(interval, n)
    return f"{value:.3f} ({shown[0]:.3f} to {shown[1]:.3f})" if shown else _three(value)


# --- plots ---


def _changes(measures: dict[str, Measures]) -> list[tuple[TagF1 | None, TagF1]]:
    """Return F1 by tag before and after, the tags that lost most first; without a champion there is nothing before."""
    before = {row["tag"]: row for row in measures["champion"]["tags"]} if "champion" in measures else {}
    after = measures["challenger"]["tags"] if "challenger" in measures else []
    pairs = [(before.get(row["tag"]), row) for row in after]
    return sorted(pairs, key=lambda pair: (pair[1]["f1"] - (pair[0] or pair[1])["f1"], pair[1]["f1"], pair[1]["tag"]))


def _interval_of(row: TagF1) -> Interval | None:
    return shown_interval(row["interval"], row["support"])


def _bin(row: ReliabilityBin) -> Point:
    """Return the mean score of a bin against the share that is right."""
    low, high = shown_interval(row["interval"], row["n"]) or (None, None)
    title = f"score {row['score']:.2f}: {row['right']:.0%} of {row['n']} right"
    return Point(row["score"], row["right"], title, low, high)


# --- the outcome in words: which model serves now, why, and what to do next ---


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
        text = "; ".join(f"{_cause(block)} ({block['figure']})" for block in blocked_by[:3])
        if len(blocked_by) > 3:
            text = _("%(causes)s, and %(n)s more", causes=text, n=len(blocked_by) - 3)
        return f"{text[:1].upper()}{text[1:]}."
    measures = details.get("measures", {})
    if run.outcome != "promoted" or "challenger" not in measures:
        return str(run.reason)
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
        return _next("held", held) if held else _NEXT["promoted"]
    if run.outcome == "failed":
        return "Fix what the message says, then run: python -m classifier retrain"
    if run.outcome != "not promoted":
        return ""
    for check in _NEXT:
        tags = [block["tag"] or "TAG" for block in blocked_by if block["check"] == check]
        if tags:
            return _next(check, tags)
    return "Nothing needs to be done; the next run tries again."


def _next(check: str, tags: list[str]) -> str:
    return _NEXT[check].format(tags=" ".join(tags), names=", ".join(tags))


def facts(run: Run, details: RunDetails) -> list[str]:
    """Return what the run worked on."""
    lines = []
    if "n_reference" in details:
        n_examples, since = counted(details["n_examples"], "example"), details.get("champion")
        compared = f", compared on {details['n_reference']} that the champion {since} knew" if since else ""
        lines.append(f"{n_examples}: learned from {details['n_learned']}{compared}")
        if details.get("anchor"):
            lines.append(f"Compared with the anchor {details['anchor']} as well, so that nothing gets worse slowly")
        if (later := details.get("later")) is not None and later["n"] >= MIN_LATER:
            f1, articles = (
                _with_interval(later["micro_f1"], later["interval"], later["n"]),
                counted(later["n"], "article"),
            )
            lines.append(f"On {articles} that came after its training the champion had a micro-F1 of {f1}")
        if details.get("stand_in"):
            lines.append(_STAND_IN)
    elif "n_examples" in details:
        lines.append(counted(details["n_examples"], "example"))
    if origins := details.get("origins"):
        named = [f"{origins[origin]} {words}" for origin, words in ORIGINS.items() if origins.get(origin)]
        lines.append(f"Their {counted(sum(origins.values()), 'tag')}: {'; '.join(named)}")
    if live := details.get("live"):
        lines.append(followed_in_words(live["n_articles"], live["state"], live["moved"]))
    ended = f", ended {_minute(run.ended_at)}" if run.ended_at else ""
    lines.append(f"Started {_minute(run.started_at)} UTC{ended}, by {run.started_by} on {run.host}; run {run.id}")
    if details.get("taxonomy_version"):
        lines.append(f"Taxonomy {details['taxonomy_version']}; data {(run.data or '–')[:12]}")
    return lines


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def terms_in_words(terms: list[str]) -> str:
    """Return terms for readers. A stem ends in an ellipsis, and is left out if one of its words is listed too."""
    full_words = [term for term in terms if not term.endswith(STEM_MARK)]
    stems = [term.removesuffix(STEM_MARK) for term in terms if term.endswith(STEM_MARK)]
    alone = [f"{stem}…" for stem in stems if not any(word.startswith(stem) for word in full_words)]
    return ", ".join([*full_words, *alone]) or "–"
