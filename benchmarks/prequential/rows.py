"""The figures of an archive, as the JSON file has them."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class SystemRow(TypedDict):
    """A system on an archive; with `problem`, it failed and there are no figures."""

    key: str
    name: str
    every: int  # trained before the first step, and before every `every`-th after it
    problem: NotRequired[str]
    micro_f1: NotRequired[float]
    micro_f1_interval: NotRequired[tuple[float, float]]
    macro_f1: NotRequired[float]
    macro_f1_interval: NotRequired[tuple[float, float]]
    n_tags: NotRequired[int]
    n_trainings: NotRequired[int]
    cpu_seconds: NotRequired[float]
    seconds: NotRequired[int]
    versions: NotRequired[dict[str, str]]
    rolling: NotRequired[list[tuple[int, float]]]  # articles judged so far, and micro-F1 over the last 200 of them


class SavedKeys(TypedDict):
    """The keys for `n` articles with suggestions and typed, after some number of labelled articles."""

    n_labelled: int
    n: int
    suggested: int
    typed: int
    saved: float


class KeysRow(TypedDict):
    """The keys that a system saves on an archive, or its problem."""

    key: str
    name: str
    problem: NotRequired[str]
    saved: NotRequired[list[SavedKeys]]


class ArchiveRow(TypedDict):
    """An archive: what was chosen, and what was measured."""

    n_known: int
    n_judged: int
    n_steps: int
    first_day: str
    last_day: str
    ticks: list[tuple[int, str]]  # articles judged so far, and the day of the next: for the plot
    systems: list[SystemRow]
    work: list[KeysRow]
