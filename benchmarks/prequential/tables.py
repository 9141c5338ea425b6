"""Figures -> Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.prequential.measures import N_LABELLED
from benchmarks.prequential.rows import ArchiveRow, KeysRow
from benchmarks.tables import MISSING, table, with_interval, wrapped

INTRODUCTION = (
    "# What a desk lives through",
    "`python -m benchmarks.prequential` takes archives in date order. A first part of an archive is known. Then the "
    "articles arrive day by day. Each system suggests tags for an article before it can see the article's labels, which are "
    "added to what is known in the evening. In the night, systems are trained again on everything that is known.",
    "Steps are days. Consecutive days are one step until they have 30 articles, or more where an archive would have more "
    "steps than the run can afford. The article tagger, scikit-learn and LibMultiLabel are trained every night, "
    "the others every seventh. The article tagger is fitted on everything (`fit`) and serves at once: no gate compares it with "
    "its predecessor, and no article is held out.",
    "Systems run with the settings of `python -m benchmarks.run`. Each is one process of its own environment, and "
    "gets files without the labels that it may not see. As many run at once as the machine has cores.",
)
KEYS = (
    "## Keys",
    "The second table of an archive counts the keys that an editor presses until the tags of an article are complete. "
    "Accepting a suggestion is one key. Passing over a wrong suggestion is one key. Adding a tag that was not suggested takes the "
    "letters of its label until the finder of the review page shows it first, and Enter. Without suggestions, every tag is "
    "added in this way. Opening the field and closing the article cost the same both ways and are not counted. "
    "`benchmarks/prequential/keys.py` is this model.",
    "The systems learn from the first 100, 300 and 1,000 articles of the archive, and keys are counted on the 300 that "
    "follow.",
)


def document(figures: dict[str, Any], machine: str, pictures: dict[str, str]) -> str:
    """Return all figures as a document. `pictures` are the links to the plots, by archive."""
    sections = [*INTRODUCTION, *KEYS, machine]
    for name, found in figures["corpora"].items():
        sections += [f"## {name}", chosen(found), quality_table(name, found)]
        if name in pictures:
            sections.append(f"![Rolling micro-F1 of each system on {name}]({pictures[name]})")
        if found["work"]:
            sections.append(work_table(name, found["work"]))
    return "\n\n".join(one if one.startswith(("#", "!")) else wrapped(one) for one in sections) + "\n"


def chosen(found: ArchiveRow) -> str:
    """Return what was chosen for an archive, and what it took."""
    minutes = sum(row.get("cpu_seconds", 0.0) for row in found["systems"]) / 60
    took = f" All systems together took {minutes:.0f} CPU minutes." if minutes else ""
    return (
        f"{found['n_known']} articles are known at the start. {found['n_judged']} articles from {found['first_day']} to "
        f"{found['last_day']} arrive in {found['n_steps']} steps.{took}"
    )


def quality_table(name: str, found: ArchiveRow) -> str:
    """Return the quality of each system over all articles that it judged, and what it took."""
    rows = []
    for row in found["systems"]:
        if "problem" in row:
            rows.append([row["name"], row["problem"], *[MISSING] * 3])
            continue
        quality = [with_interval(row, measure) for measure in ("micro_f1", "macro_f1")]
        rows.append([row["name"], *quality, str(row["n_trainings"]), f"{row['cpu_seconds']:.0f}"])
    return table(
        f"{name}: every article judged before its labels are known",
        ["system", "micro-F1", "macro-F1", "trainings", "CPU seconds"],
        rows,
        "The 95 % bootstrap interval over articles is in brackets. CPU seconds are those of all trainings and "
        "suggestions. They are noisy where other programs run on the machine.",
    )


def work_table(name: str, rows: Sequence[KeysRow]) -> str:
    """Return the share of keys that each system saves after some numbers of labelled articles."""
    cells = [[row["name"], *_saved(row)] for row in rows]
    head = ["system", *(f"after {n:,} articles" for n in N_LABELLED)]
    return table(f"{name}: keys saved, and keys an article with suggestions and without", head, cells)


def _saved(row: KeysRow) -> list[str]:
    if "problem" in row:
        return [row["problem"], *[MISSING] * (len(N_LABELLED) - 1)]
    return [
        f"{one['saved']:.0%} ({one['suggested'] / one['n']:.1f} / {one['typed'] / one['n']:.1f})".replace("%", " %")
        for one in row["saved"]
    ]
