"""What a version in shadow suggested beside the champions of its time, in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from classifier.domain.sentences import OF_RUNS
from classifier.model.evaluation import shown_interval
from classifier.reports.parts import isolated
from classifier.texts import N_, _, gettext, in_html, ngettext, retold

if TYPE_CHECKING:
    from classifier.training.run_result import ShadowRow, ShadowSide

_in_html = in_html(gettext)
_FAVOURS = N_(
    "Nobody sees what the version in shadow suggests. Editors see the suggestions of the model that serves, and accept them "
    "with one key. So the comparison favours the model that serves."
)


class ShadowInWords(NamedTuple):
    """The comparison of a version in shadow for a page: sentences, and the rows of two tables."""

    verdict: str
    summary: str
    figures: list[list[object]]
    tags: list[list[object]]
    caution: str
    next_step: str


def shadow_in_words(row: ShadowRow) -> ShadowInWords:
    """Return the comparison of a version in shadow in words."""
    caution = gettext(_FAVOURS)
    if row["n_blind"]:
        caution = ngettext(
            "Nobody sees what the version in shadow suggests. Editors see the suggestions of the model that serves, and accept "
            "them with one key. So the comparison favours the model that serves, except on %(n)s article tagged without "
            "suggestions.",
            "Nobody sees what the version in shadow suggests. Editors see the suggestions of the model that serves, and accept "
            "them with one key. So the comparison favours the model that serves, except on %(n)s articles tagged without "
            "suggestions.",
            row["n_blind"],
        )
    tags: list[list[object]] = [
        [
            isolated(each["tag"]),
            each["n"],
            *(f"{serves} → {shadow}" for serves, shadow in zip(each["champion"], each["shadow"], strict=True)),
        ]
        for each in row["tags"]
    ]
    return ShadowInWords(_verdict(row), _summary(row), _figures(row), tags, caution, _next_step(row))


def _verdict(row: ShadowRow) -> str:
    change = row["change"]
    if change is None:
        return _("Too few of its articles have been tagged so far to say which model is better.")
    facts = {name: f"{change[name]:+.3f}" for name in ("value", "low", "high")}
    if change["low"] > 0.0:
        text = N_(
            "It is clearly better than the model that serves: micro-F1 differs by %(value)s (95 % interval %(low)s to %(high)s)."
        )
    elif change["high"] < 0.0:
        text = N_(
            "It is clearly worse than the model that serves: micro-F1 differs by %(value)s (95 % interval %(low)s to %(high)s)."
        )
    else:
        text = N_(
            "So far it is neither clearly better nor clearly worse than the model that serves: micro-F1 differs by %(value)s "
            "(95 % interval %(low)s to %(high)s)."
        )
    return gettext(text, **facts)


def _summary(row: ShadowRow) -> str:
    shadow, serves = row["shadow"], row["champion"]
    judged = _in_html(
        N_("Version %(version)s has judged %(articles)s since %(day)s."),
        version=isolated(row["version"]),
        articles=ngettext("%(n)s article", "%(n)s articles", row["n_judged"]),
        day=row["since"][:10],
    )
    if not row["n_compared"]:
        return Markup("{} {}").format(judged, _("Of none of them are the tags known yet."))
    counts = _(
        "On the %(n)s of them whose tags are known it found %(found)s of %(right)s and suggested %(wrong)s wrong ones. The model "
        "that served then found %(found_then)s and suggested %(wrong_then)s wrong ones. Neither had learned from these articles.",
        n=row["n_compared"],
        found=shadow["found"],
        right=ngettext("%(n)s right tag", "%(n)s right tags", shadow["found"] + shadow["missed"]),
        wrong=shadow["wrong"],
        found_then=serves["found"],
        wrong_then=serves["wrong"],
    )
    return Markup("{} {}").format(judged, counts)


def _figures(row: ShadowRow) -> list[list[object]]:
    sides = row["champion"], row["shadow"]
    if not row["n_compared"]:
        return []
    return [
        [_("right tags found"), *(str(side["found"]) for side in sides)],
        [_("right tags missed"), *(str(side["missed"]) for side in sides)],
        [_("wrong tags suggested"), *(str(side["wrong"]) for side in sides)],
        [_("suggestions that nobody has judged"), *(str(side["unjudged"]) for side in sides)],
        [_("micro-F1"), *(_micro_f1(side, row["n_compared"]) for side in sides)],
    ]


def _micro_f1(side: ShadowSide, n: int) -> str:
    if (interval := shown_interval(side["interval"], n)) is None:
        return f"{side['micro_f1']:.3f}"
    share, low, high = f"{side['micro_f1']:.3f}", f"{interval[0]:.3f}", f"{interval[1]:.3f}"
    return _("%(share)s (%(low)s to %(high)s)", share=share, low=low, high=high)


def _next_step(row: ShadowRow) -> str:
    promote = _("To let it serve: python -m classifier models promote %(version)s.", version=row["version"])
    if row["ended"] is not None:
        ended = _(
            "It is in shadow no longer: %(reason)s. This is the last comparison.", reason=retold(row["ended"], OF_RUNS)
        )
        return f"{ended} {promote}"
    ends = _(
        "It ends by itself on %(day)s. To end it at once: python -m classifier models shadow --end",
        day=row["until"][:10],
    )
    return f"{promote} {ends}"
