"""The figures of the desk report in words: for its headline, its text and its page."""

from __future__ import annotations

from typing import Any

from classifier.model.agreement import MIN_ARTICLES
from classifier.reports.desk.log import Row
from classifier.reports.layout import MAX_QUOTED, plain

ASKED = 0.8  # the score whose promise is put into words

WHY_THEY_DIFFER = (
    "Acceptance is the share of the suggestions shown that editors took: precision as seen. It flatters, for who sees a "
    "suggestion accepts it more easily than they would have thought of it (anchoring), and does not look for what is missing.",
    "Blind recall is the share of the tags which editors gave without seeing suggestions that the model would have suggested. "
    "It measures what is missed, and nobody's answer to it was led.",
)
NO_BLIND = (
    "No blind article is closed yet, so what the model misses is not measured. TAGGER_BLIND_SHARE sets the share of articles whose "
    "suggestions are held back until they are closed; 0.05 makes one in twenty blind."
)


def cell(value: Any) -> str:
    """Return a value of a row as words on one line."""
    return plain(str(value), 2 * MAX_QUOTED)


def counted(n: int, what: str, many: str = "") -> str:
    """Return a number of things."""
    return f"{n} {what if n == 1 else many or what + 's'}"


def percent(row: Row) -> str:
    """Return a share with its interval; a dash where there is nothing to count."""
    if row["share"] is None:
        return "–"
    low, high = row["interval"]
    return f"{row['share']:.0%} ({low * 100:.0f} to {high:.0%})"


def kappa_in_words(row: Row) -> str:
    """Return kappa with its interval, or why it has none; a dash where it is undefined."""
    if row["kappa"] is None:
        return "–"
    why = "too few articles for an interval" if row["n"] < MIN_ARTICLES else "too alike for an interval"
    interval = why if row["low"] is None else f"{row['low']:.2f} to {row['high']:.2f}"
    return f"{row['kappa']:.2f} ({interval})"


def headline(report: dict[str, Any]) -> list[str]:
    """Return what an editor-in-chief should know, in a few lines."""
    articles, taken = report["articles"], report["acceptance"]
    when = f", {report['from'][:10]} to {report['to'][:10]}" if report["from"] else ""
    editors = counted(len(report["editors"]), "editor")
    accepted = f"Acceptance {percent(taken)}: {taken['accepted']} of {counted(taken['n'], 'suggestion')} that editors answered or left on a closed article."
    look = [f"{cell(row['label'])} ({why_in_words(row)})" for row in report["look_at"]]
    return [
        f"{counted(articles['decided'], 'article')} decided on by {editors}{when}; {articles['closed']} of {articles['known']} are closed.",
        accepted if taken["n"] else "No suggestion has been answered yet, so acceptance is not measured.",
        _recall_in_words(report["recall"]),
        _agreement_in_words(report["agreement"]),
        f"Look at {'; '.join(look)}." if look else "No tag stands out.",
    ]


def _recall_in_words(recall: Row) -> str:
    if not recall["articles"]:
        return NO_BLIND
    if not recall["given"]:
        return f"No tag was given on {counted(recall['articles'], 'closed blind article')}, so what the model misses is not measured."
    return (
        f"Blind recall {percent(recall)}: the model would have suggested {recall['found']} of {counted(recall['given'], 'tag')} that editors "
        f"gave to {counted(recall['articles'], 'article')} without seeing suggestions."
    )


def _agreement_in_words(agreed: Row) -> str:
    if not agreed["articles"]:
        return "Agreement is not measured: no article has been closed by two editors."
    overall, unsettled = agreed["overall"], counted(agreed["unsettled"], "disagreement")
    where = f"on {counted(agreed['articles'], 'article')} that two editors closed; {unsettled} to settle"
    if overall["kappa"] is None:
        return f"Agreement is undefined {where}: neither gave a tag."
    return f"Agreement of editors: kappa {kappa_in_words(overall)} {where}."


def why_in_words(row: Row) -> str:
    """Return why a tag should be looked at."""
    words = []
    for why in row["why"]:
        if why["kind"] == "refused":
            reason = f", mostly as {reason_in_words(why['reason'])}" if why["reason"] not in (None, "none") else ""
            words.append(f"{why['n']} of {counted(why['of'], 'suggestion')} not taken{reason}")
        elif why["kind"] == "added":
            words.append(f"added {why['n']} times without being suggested")
        else:
            words.append(f"editors differ on {why['n']} of {counted(why['of'], 'article')}")
    return ", ".join(words)


def scores_in_words(scores: list[Row]) -> str:
    """Return whether a score of 0.8 is right 80 % of the time."""
    row = next((row for row in scores if row["from"] <= ASKED < row["to"]), None)
    if row is None:
        return f"Is {ASKED} right {ASKED:.0%} of the time? No suggestion with such a score counts yet."
    low, high = row["interval"]
    found = "accepted less often than promised" if high < row["score"] else "accepted more often than promised"
    found = "as promised, within what chance allows" if low <= row["score"] <= high else found
    return (
        f"Is {ASKED} right {ASKED:.0%} of the time? Of {counted(row['n'], 'suggestion')} with a score of {row['from']:.1f} to {row['to']:.1f} "
        f"(mean {row['score']:.2f}), {percent(row)} were accepted: {found}."
    )


def cms_in_words(cms: Row) -> str:
    """Return what the CMS changed by itself."""
    return (
        f"The CMS by itself added {counted(cms['added'], 'tag')} and removed {cms['removed']}, on {counted(cms['articles'], 'article')}; "
        f"{cms['undone']} undone. These count for no editor and no acceptance."
    )


def reason_in_words(reason: str) -> str:
    """Return the reason of a rejection."""
    return "without a reason" if reason == "none" else reason.replace("_", " ")


def rejected_in_words(row: Row) -> str:
    """Return how often a tag was rejected, and why."""
    order = sorted(row["reasons"], key=lambda reason: -row["reasons"][reason])
    reasons = ", ".join(f"{row['reasons'][reason]} {reason_in_words(reason)}" for reason in order)
    return f"{row['rejected']} ({reasons})" if reasons else "0"


def said_in_words(row: Row) -> str:
    """Return who said what of a tag on which two editors differ."""
    return "; ".join(f"{one['editor']}: {one['says']}" for one in row["said"])
