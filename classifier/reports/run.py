"""The report of a run of `retrain`: its outcome, the reason, and what changed, in words and as one page.

It is made from the record alone. So it can be written beside the models, and served by machines that have no such file.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from classifier.domain.files import whole_file
from classifier.domain.sentences import CHECK_NAMES
from classifier.model.evaluation import Interval, shown_interval
from classifier.reports.layout import template
from classifier.reports.live import followed_in_words
from classifier.reports.parts import NOTHING, Point, article_link, cell, isolated, joined
from classifier.reports.run_outcome import ACTIONS, ORIGINS, headline, next_step, reason, retold_of_run
from classifier.reports.shadow import shadow_in_words
from classifier.store.runs import KEPT_RUNS, Run
from classifier.text.terms import STEM_MARK
from classifier.texts import N_, _, gettext, in_html, kind_name, language_name, ngettext, number, percent

if TYPE_CHECKING:
    from classifier.gate.whole import CheckRow
    from classifier.model.evaluation import KindReliability
    from classifier.training.run_result import (
        HeldTag,
        LanguageF1,
        Measures,
        ReliabilityBin,
        RunDetails,
        TagF1,
        TagMove,
    )

_in_html = in_html(gettext)
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
        "run.html",
        cell=cell,
        f1=_three,
        article=partial(article_link, here),
        interval=_interval_of,
        name=isolated,
        told=retold_of_run,
    ).render(
        run=run,
        here=here,
        headline=headline(run, details),
        reason=reason(run, details, blocked_by),
        next_step=next_step(run, details, blocked_by),
        facts=facts(run, details),
        findings=[{"quote": "", **finding} for finding in details.get("findings", [])],  # early records have no quote
        check_names={name: gettext(text) for name, text in CHECK_NAMES.items()},
        action_names={name: gettext(text) for name, text in ACTIONS.items()},
        figures=_figures(measures, details),
        languages=[_language(row) for row in details.get("languages", [])],
        gate=[_gate_row(check) for check in other_checks],
        gate_of_tags=[[isolated(check["tag"] or ""), retold_of_run(check["figure"]), _("passed")] for check in of_tags],
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
            Point(row["n"] / curve[-1]["n"], row["micro_f1"], _of_curve(row["n"], _three(row["micro_f1"])))
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


def _of_curve(n: int, figure: str) -> str:
    return ngettext("%(n)s example: micro-F1 %(figure)s", "%(n)s examples: micro-F1 %(figure)s", n, figure=figure)


def _gate_row(check: CheckRow) -> list[str]:
    name = gettext(CHECK_NAMES.get(check["check"], check["check"]))
    outcome = _("passed") if check["passed"] else _("failed")
    return [name, isolated(check["tag"] or ""), retold_of_run(check["figure"]), outcome]


def _evidence(details: RunDetails) -> list[list[object]]:
    """Return what became of the articles that each tag was rightly suggested for, the tags that lost most first."""
    rows = [row for row in details.get("tags", []) if "n_found" in row]
    return [_evidence_of(row) for row in sorted(rows, key=lambda row: (row["n_won"] - row["n_lost"], row["tag"]))]


def _evidence_of(row: dict[str, Any]) -> list[object]:
    f1 = f"{row['champion']:.3f} → {row['challenger']:.3f}"
    least, n_now = row["smallest_loss"], row["n_found"] - row["n_lost"] + row["n_won"]
    held_from = _("cannot be judged") if least is None else _("%(n)s of %(all)s lost", n=least, all=n_now)
    wrong = f"{row['n_wrong_before']} → {row['n_wrong']}" if "n_wrong" in row else NOTHING
    return [isolated(row["tag"]), row["support"], row["n_found"], row["n_lost"], row["n_won"], wrong, f1, held_from]


def _senders(row: HeldTag) -> str:
    """Return who gave the newest labels of a held tag, with their numbers."""
    return joined(
        Markup("{} ({})").format(isolated(key) if key else _("an unknown sender"), n)
        for key, n in row.get("keys", {}).items()
    )


def _moved(row: TagMove) -> list[object]:
    f1 = f"{row['champion']:.3f} → {row['challenger']:.3f}"
    words = (isolated(terms_in_words(terms)) for terms in (row["terms_in"], row["terms_out"]))
    return [isolated(row["tag"]), f1, row["new_examples"], *words]


def _figures(measures: dict[str, Measures], details: RunDetails) -> list[list[str]]:
    """Return the main figures of both models."""
    if not measures:
        return []
    n = details["n_reference"]
    before, now = (_main_figures(measures[name], n) if name in measures else {} for name in ("champion", "challenger"))
    folds = details["cross_validation"]
    micro_f1 = _with_interval(folds["micro_f1"], folds["micro_f1_interval"], folds["n_articles"])
    rows = [[name, before.get(name, NOTHING), value] for name, value in now.items()]
    articles = ngettext("%(n)s article", "%(n)s articles", folds["n_articles"])
    on_articles = _("%(figure)s on %(articles)s", figure=micro_f1, articles=articles)
    last = [_("micro-F1 in cross-validation"), NOTHING, on_articles]
    return [*rows, last]


def _language(row: LanguageF1) -> list[object]:
    """Return the figures of a language in cross-validation. One with few articles is not learned."""
    before = NOTHING if row["champion"] is None else _three(row["champion"])
    learned = _("yes") if row["learned"] else _("no")
    name = language_name(row["language"], row["name"])
    return [name, row["n_articles"], learned, before, _three(row["micro_f1"]), _three(row["macro_f1"])]


def _main_figures(measured: Measures, n: int) -> dict[str, str]:
    megabytes, milliseconds = f"{measured['megabytes']:.1f}", f"{measured['milliseconds']:.1f}"
    return {
        _("micro-F1"): _with_interval(measured["micro_f1"], measured["micro_f1_interval"], n),
        _("macro-F1"): _with_interval(measured["macro_f1"], measured["macro_f1_interval"], n),
        _("calibration error"): NOTHING if (error := measured["calibration_error"]) is None else _three(error),
        _("articles with a suggestion"): percent(measured["coverage"]),
        _("size"): _("%(n)s MB", n=megabytes),
        _("time per article"): _("%(n)s ms", n=milliseconds),
    }


def _of_kinds(details: RunDetails) -> list[list[object]]:
    """Return how reliable the scores of each kind are in cross-validation; records of earlier versions lack it."""
    rows = details.get("cross_validation", {}).get("reliability_of_kinds", [])
    return [[kind_name(row["kind"]), row["n_suggested"], _three(row["calibration_error"]), _worst(row)] for row in rows]


def _worst(row: KindReliability) -> str:
    """Return the bin of all scores, among those with enough pairs, that is furthest from the share that is right."""
    enough = [one for one in row["all"] if one["share"] * row["n_pairs"] >= MIN_PAIRS and one["score"] >= LOWEST_SCORE]
    if not enough:
        return NOTHING
    worst = max(enough, key=lambda one: abs(one["score"] - one["right"]))
    score, right = f"{worst['score']:.2f}", f"{worst['right']:.2f}"
    return _("%(score)s, of which %(right)s are right", score=score, right=right)


def _auto_band(details: RunDetails) -> tuple[str, list[tuple[str, int]]] | None:
    """Return how many tags are in the auto band, in words, and how many articles the other tags lack."""
    lacks: dict[str, int] = details.get("cross_validation", {}).get("auto_lacks", {})
    if not lacks:
        return None
    earned = sum(n == 0 for n in lacks.values())
    rows = sorted((n, tag) for tag, n in lacks.items() if n)
    tags = ngettext("%(n)s tag", "%(n)s tags", len(lacks))
    return _("%(n)s of %(tags)s", n=earned, tags=tags), [(isolated(tag), n) for n, tag in rows]


def _with_interval(value: float, interval: Interval | None, n: int) -> str:
    """Return a figure of n articles with its interval, if they are enough for one."""
    shown = shown_interval(interval, n)
    if shown is None:
        return _three(value)
    return _("%(share)s (%(low)s to %(high)s)", share=_three(value), low=_three(shown[0]), high=_three(shown[1]))


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
    score = f"{row['score']:.2f}"
    title = _("score %(score)s: %(share)s of %(n)s right", score=score, share=percent(row["right"]), n=row["n"])
    return Point(row["score"], row["right"], title, low, high)


# --- what it worked on ---


def facts(run: Run, details: RunDetails) -> list[str]:
    """Return what the run worked on."""
    lines: list[str] = []
    if "n_examples" in details:
        lines.append(_learned(details))
    if "n_reference" in details:
        if details.get("anchor"):
            text = N_("Compared with the anchor %(version)s as well, so that nothing gets worse slowly")
            lines.append(_in_html(text, version=isolated(str(details["anchor"]))))
        if (later := details.get("later")) is not None and later["n"] >= MIN_LATER:
            figure = _with_interval(later["micro_f1"], later["interval"], later["n"])
            articles = ngettext("%(n)s article", "%(n)s articles", later["n"])
            text = N_("On %(articles)s that came after its training the champion had a micro-F1 of %(figure)s")
            lines.append(gettext(text, articles=articles, figure=figure))
        if details.get("stand_in"):
            text = N_(
                "The champion was trained by an earlier version of the program, so its cross-validation was computed once more"
            )
            lines.append(gettext(text))
    if origins := details.get("origins"):
        named = [
            f"{number(origins[origin])} {gettext(words)}" for origin, words in ORIGINS.items() if origins.get(origin)
        ]
        tags = ngettext("%(n)s tag", "%(n)s tags", sum(origins.values()))
        lines.append(_("Their %(tags)s: %(origins)s", tags=tags, origins=_("; ").join(named)))
    if live := details.get("live"):
        lines.append(followed_in_words(live["n_articles"], live["state"], live["moved"]))
    began = {"began": f"{_minute(run.started_at)} UTC", "name": isolated(run.started_by), "host": isolated(run.host)}
    began["run"] = isolated(run.id)
    if run.ended_at:
        text = N_("Started %(began)s, ended %(ended)s, by %(name)s on %(host)s; run %(run)s")
        lines.append(_in_html(text, **began, ended=_minute(run.ended_at)))
    else:
        lines.append(_in_html(N_("Started %(began)s, by %(name)s on %(host)s; run %(run)s"), **began))
    if details.get("taxonomy_version"):
        version, data = isolated(details["taxonomy_version"]), isolated((run.data or "–")[:12])
        lines.append(_in_html(N_("Taxonomy %(version)s; data %(data)s"), version=version, data=data))
    return lines


def _learned(details: RunDetails) -> str:
    """Return how many examples there were, and how many were learned and compared on."""
    examples, since = ngettext("%(n)s example", "%(n)s examples", details["n_examples"]), details.get("champion")
    if "n_reference" not in details:
        return examples
    facts = {"examples": examples, "n": details["n_learned"]}
    if not since:
        return _("%(examples)s: learned from %(n)s", **facts)
    text = N_("%(examples)s: learned from %(n)s, compared on %(compared)s that the champion %(version)s knew")
    return _in_html(text, **facts, compared=details["n_reference"], version=isolated(since))


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")


def terms_in_words(terms: list[str]) -> str:
    """Return terms for readers. A stem ends in an ellipsis, and is left out if one of its words is listed too."""
    full_words = [term for term in terms if not term.endswith(STEM_MARK)]
    stems = [term.removesuffix(STEM_MARK) for term in terms if term.endswith(STEM_MARK)]
    alone = [f"{stem}…" for stem in stems if not any(word.startswith(stem) for word in full_words)]
    return ", ".join([*full_words, *alone]) or "–"
