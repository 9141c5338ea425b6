"""Reports that people read: the data report before training, and the desk report on what editors decided.

Each is loaded when it is asked for: the data report fits a model, and whoever serves the desk report needs no scikit-learn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifier.reports.data import data_report as data_report
    from classifier.reports.data_page import as_page as as_page
    from classifier.reports.data_page import as_text as as_text
    from classifier.reports.desk import as_page as as_desk_page
    from classifier.reports.desk import as_text as as_desk_text
    from classifier.reports.desk import desk_report as desk_report
    from classifier.reports.kinds import KINDS as KINDS

_HOMES = {
    "data_report": ("data", "data_report"),
    "as_page": ("data_page", "as_page"),
    "as_text": ("data_page", "as_text"),
    "desk_report": ("desk", "desk_report"),
    "as_desk_page": ("desk", "as_page"),
    "as_desk_text": ("desk", "as_text"),
    "KINDS": ("kinds", "KINDS"),
}

__all__ = ["KINDS", "as_desk_page", "as_desk_text", "as_page", "as_text", "data_report", "desk_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, its_name = _HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), its_name)
