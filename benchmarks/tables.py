"""Figures -> Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.systems import FASTTEXT, OURS

MISSING = "–"
_COSTS = (
    ("training", "train_seconds", ".2f"),
    ("training CPU", "train_cpu_seconds", ".2f"),
    ("articles/s", "articles_per_second", ".2f"),
    ("articles/s with start-up", "articles_per_second_with_start", ".2f"),
    ("latency", "latency_p50_ms", ".2f"),
    ("training memory", "train_peak_mb", ".2f"),
    ("model size", "model_mb", ".2f"),
)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *notes: str) -> str:
    """Return a Markdown table under a heading, with notes beneath."""
    lines = [f"### {title}", "", "| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, *(f"\n{wrapped(note)}" for note in notes if note)])


def wrapped(text: str) -> str:
    """Return a paragraph in lines of at most 100 columns."""
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)


def _number(value: float | None, form: str) -> str:
    return MISSING if value is None else format(value, form)


def with_interval(row: Mapping[str, Any], name: str) -> str:
    """Return a measure and its 95 % interval in brackets."""
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.3f} ({low:.3f}–{high:.3f})"


def quality_tables(corpus: dict[str, Any]) -> list[str]:
    """Return the tables of a corpus: quality and cost, the costs as ratios to the article tagger's, and file-to-file rates."""
    found = [_quality(corpus), _ratios(corpus)]
    if corpus["rates"]:
        found.append(_rates(corpus))
    if corpus["fast_to_thresholding"]:
        ratio = corpus["fast_to_thresholding"]
        found.append(
            f"On {corpus['name']}, training with `--fast` takes {ratio['seconds']:.3f} of the time and "
            f"{ratio['cpu_seconds']:.3f} of the CPU time of LibMultiLabel's thresholding (target: at most 0.2)."
        )
    return found


def _quality(corpus: dict[str, Any]) -> str:
    head = ["system", "micro-F1", "macro-F1", "calibration error", "training s", "articles/s", "with start-up"]
    head += ["latency p50 ms", "training MB", "model MB"]
    rows = []
    for row in corpus["systems"]:
        if "problem" in row:
            rows.append([row["name"], row["problem"], *[MISSING] * (len(head) - 2)])
            continue
        rows.append(
            [
                row["name"],
                with_interval(row, "micro_f1"),
                with_interval(row, "macro_f1"),
                _number(row["calibration_error"], ".3f"),
                f"{row['train_seconds']:.1f}",
                f"{row['articles_per_second']:.0f}",
                f"{row['articles_per_second_with_start']:.0f}",
                f"{row['latency_p50_ms']:.2f}",
                f"{row['train_peak_mb']:.0f}",
                f"{row['model_mb']:.1f}",
            ]
        )
    title = f"{corpus['name']}: {corpus['n_train']} train, {corpus['n_test']} test, {corpus['n_tags']} tags"
    auto = next((row["n_auto"] for row in corpus["systems"] if row["key"] == OURS and "n_auto" in row), None)
    return table(
        title,
        head,
        rows,
        "The 95 % bootstrap interval over articles is in brackets. Training runs from the file to the saved model, without "
        "start-up. For systems that only rank, it includes choosing the threshold on a held-out fifth. "
        "Articles/s is measured from file to file, first without loading the model, then with start-up. "
        "Memory is the highest sum of RSS over the process tree.",
        f"{auto} tags earn the auto band." if auto is not None else "",
    )


def _ratios(corpus: dict[str, Any]) -> str:
    rows = {row["key"]: row for row in corpus["systems"] if "problem" not in row}
    ours = rows.get(OURS)
    if ours is None:
        return f"No ratios on {corpus['name']}: our own row is missing."
    return table(
        f"{corpus['name']}: ratios to the article tagger",
        ["system", *(name for name, _, _ in _COSTS)],
        [[row["name"], *(_ratio(row, ours, key, form) for _, key, form in _COSTS)] for row in rows.values()],
    )


def _ratio(row: dict[str, Any], ours: dict[str, Any], key: str, form: str) -> str:
    return format(row[key] / ours[key], form) if ours[key] else MISSING


def _rates(corpus: dict[str, Any]) -> str:
    fasttext = {row["file"]: row for row in corpus["rates"] if row["key"] == FASTTEXT}
    rows = []
    for row in corpus["rates"]:
        beside = fasttext.get(row["file"])
        rows.append(
            [
                row["name"],
                f"{row['n_articles']} ({row['file']})",
                *(f"{row[key]:.0f}" for key in ("articles_per_second", "articles_per_second_with_start")),
                *(
                    f"{row[key] / beside[key]:.2f}" if beside else MISSING
                    for key in ("articles_per_second", "articles_per_second_with_start")
                ),
            ]
        )
    head = ["system", "articles", "articles/s", "with start-up", "ratio to fastText", "with start-up"]
    return table(
        f"{corpus['name']}: from file to file, medians of alternating rounds",
        head,
        rows,
        "Each system reads JSON Lines (.gz) and writes suggestion records, except in the rows of `predict` alone. "
        "With start-up, the article tagger is the command `suggest --articles IN --output OUT`.",
    )


def service_table(found: dict[str, Any]) -> str:
    """Return the table of the service."""
    head = [
        "endpoint",
        "clients",
        "requests/s",
        "p50 ms",
        "p95 ms",
        "requests/s relative to no-op",
        "p50 above no-op, ms",
        "CPU µs",
        "CPU of the no-op to it",
    ]
    rows = [
        [
            row["name"],
            str(row["clients"]) + ("" if row["keeps_connections"] else ", new connections"),
            f"{row['requests_per_second']:.0f}",
            f"{row['p50_ms']:.2f}",
            f"{row['p95_ms']:.2f}",
            f"{row['ratio_to_noop']:.2f}",
            f"{row['p50_above_noop_ms']:+.2f}",
            f"{row['cpu_us']:.0f}",
            f"{row['cpu_ratio_to_noop']:.2f}",
            f"{row['ours_to_this']:.1f}",
        ]
        for row in found["rows"]
    ]
    rows += [[name, problem, *[MISSING] * (len(head) - 1)] for name, problem in found["problems"].items()]
    of_service = table(
        f"Service: articles of {found['article_bytes'] / 1024:.0f} kB with evidence, 2 workers",
        [*head, "tagger relative to this"],
        rows,
        f"Figures are medians of {found['n_rounds']} rounds in which the endpoints alternate. Ratios are medians of the ratios "
        f"within a round. The {found['n_texts']} different texts are numbered so that none is sent twice, except in the rows of "
        "texts seen before. CPU is that of the server and its workers, for each request. The no-op of the ratios parses the JSON. "
        "Targets: .65 of its requests per second for texts seen before, .15 for new ones, and 4 times Annif.",
    )
    return f"{of_service}\n\n{in_process_table(found['in_process'])}"


def in_process_table(found: dict[str, Any]) -> str:
    """Return the table of requests in process."""
    rows = [
        [row["name"], f"{row['flask_us']:.0f}", f"{row['door_us']:.0f}", f"{row['door_us'] / row['flask_us']:.2f}"]
        for row in found["rows"]
    ]
    return table(
        "Service: CPU of a request in process, without a socket",
        ["text", "by Flask, µs", "at the door, µs", "ratio"],
        rows,
        f"The least of {found['n_rounds']} rounds in which the two alternate, each of {found['n_texts']} texts.",
    )


def loading_table(found: dict[str, Any]) -> str:
    """Return the table of loading."""
    rows = [
        ["`load_model` in a fresh process, warm cache (target: under 0.5 s)", f"{found['load_seconds']:.3f} s"],
        ["its CPU time", f"{found['load_cpu_seconds']:.3f} s"],
        ["first suggestion after it", f"{found['first_suggestion_ms']:.1f} ms"],
        ["on disk", f"{found['model_mb']:.0f} MB"],
        ["memory (PSS) of a service with one worker", f"{found['one_worker_pss_mb']:.0f} MB"],
        ["memory that a second worker adds (target: at most 100 MB)", f"{found['second_worker_adds_mb']:.0f} MB"],
    ]
    title = f"Loading: {found['n_terms']} terms and {found['n_title_terms']} of titles, {found['n_tags']} tags"
    return table(title, ["what", "figure"], rows)


def taxonomy_table(found: dict[str, Any]) -> str:
    """Return the table of changes of a large taxonomy."""
    from benchmarks.taxonomy import N_TAGS, rows_of

    title = f"Changes of a taxonomy: {N_TAGS} tags, {found['n_articles']} articles"
    return table(title, ["what", "CPU time", "wall time", "of what is allowed"], rows_of(found))


def scale_table(found: Sequence[dict[str, Any]]) -> str:
    """Return the table of training at scale."""
    head = ["training", "articles", "tags", "text MB", "minutes", "CPU minutes", "peak GB", "cross-validated micro-F1"]
    rows = [
        [
            "`--fast`" if row["fast"] else "default",
            str(row["n_articles"]),
            str(row["n_tags"]),
            f"{row['text_mb']:.0f}",
            f"{row['minutes']:.2f}",
            f"{row['cpu_minutes']:.2f}",
            f"{row['peak_gb']:.2f}",
            f"{row['micro_f1']:.3f}",
        ]
        for row in found
    ]
    return table(
        "Scale: generated long articles", head, rows, "Targets for 35,000 articles: 20 minutes and 8 GB on two cores."
    )
