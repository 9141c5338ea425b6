"""`status`: what serves, what is stored, what is wrong, and what to do next."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from classifier.commands.opening import registry_of
from classifier.commands.output import print_json
from classifier.commands.parser import Commands
from classifier.errors import TaggerError
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.operations.status import Status


def register(commands: Commands) -> None:
    """Add `status`."""
    commands.add(
        commands.top,
        "status",
        _status,
        "Show which model serves, what is stored, what is wrong, and what to do next.",
        "models database json",
        "status --json",
        "Exit code 1 if anything is wrong, for monitoring.",
    )


def _status(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.operations.status import status

    report = status(registry_of(options), options.database, settings.retrain_hours)
    if options.json:
        print_json(report)
    else:
        _print_status(report)
    if n := len(report["problems"]):
        raise TaggerError(f"{n} problem{'s' if n > 1 else ''} found, listed above.")


def _print_status(report: Status) -> None:
    champion = report["champion"]
    print(f"serves:  {champion['version'] + ' since ' + champion['at'] if champion else 'nothing'}")
    stored = ", ".join(f"{n} from {source}" for source, n in report["articles"].items()) or "no articles"
    print(f"stored:  {stored}; keys in use: {report['keys']}")
    if report["waiting"]:
        print(f"waiting: {report['waiting']} open articles for suggestions of this model (made while the service runs)")
    for problem in report["problems"]:
        print(f"wrong:   {problem}")
    print(f"next:    {report['next_step']}")
