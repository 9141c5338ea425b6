"""The parser of the command line. `commands.toml` describes the commands, their arguments and the functions that they run."""

from __future__ import annotations

import argparse
import getpass
import sys
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypedDict

from classifier.commands import values
from classifier.domain.starter import STARTER
from classifier.errors import TaggerError
from classifier.settings import LIMITS, Settings

SCRIPT = "article-tagger"
PROGRAM = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m classifier"  # as the user called it
ONE_OF = "ONE OF"  # the group of arguments of which exactly one is given

Options = argparse.ArgumentParser


class Usage(TaggerError):
    """Options that do not go together."""


class _Command(TypedDict, total=False):
    """A command, or without `run` a group of commands; the keys that several commands may share are the last two."""

    run: str  # module.function
    steps: list[str]  # of a command that may take long
    set: dict[str, object]  # values of options that the command has fixed
    about: str
    shared: list[str]
    example: str
    next: str
    notes: str
    arguments: dict[str, dict[str, Any]]


def build_parser(settings: Settings) -> Options:
    """Return the parser of every command; its defaults are the settings."""
    commands: dict[str, Any] = tomllib.loads(Path(__file__).with_name("commands.toml").read_text("utf-8"))
    shared: dict[str, _Command] = commands.pop("shared")
    parser = Options(
        prog=PROGRAM,
        description="Suggest topic tags for news articles, and show why.",
        epilog=f"First steps: `{PROGRAM} train`, then `suggest FILE`, then `serve`. `COMMAND --help` explains a command. "
        "Settings are environment variables: TAGGER_MODELS, TAGGER_DATABASE_URL, … (docs/operations.md).",
    )
    add_group = partial(Options.add_subparsers, title="commands", metavar="COMMAND", required=True)
    groups = {"": add_group(parser)}
    for name, command in commands.items():
        group, _, word = name.rpartition(" ")
        add = partial(groups[group].add_parser, word, help=command["about"], description=command["about"])
        if "run" in command:
            parts = [*(shared[part] for part in command.get("shared", ())), command]
            sub = add(epilog=_epilog(command, parts), formatter_class=argparse.RawDescriptionHelpFormatter)
            sub.set_defaults(run=command["run"], steps=command.get("steps", ()), **command.get("set", {}))
            for part in parts:
                _add_arguments(sub, part.get("arguments", {}), settings)
        else:
            groups[name] = add_group(add())
    return parser


def _epilog(command: _Command, parts: list[_Command]) -> str:
    """Return what the help says below the arguments, the command's own notes before the shared ones."""
    example = f"example:\n  {PROGRAM} {command['example']}" if "example" in command else ""
    notes = [part["notes"].replace("{program}", PROGRAM) for part in (command, *parts[:-1]) if "notes" in part]
    return "\n\n".join(filter(None, (example, *notes, f"Next: {command['next']}" if "next" in command else "")))


def _add_arguments(sub: Options, arguments: Mapping[str, dict[str, Any]], settings: Settings) -> None:
    groups: dict[str | None, Any] = {None: sub}
    for name, described in arguments.items():
        group = described.get("group")
        if group == ONE_OF and group not in groups:
            groups[group] = sub.add_mutually_exclusive_group(required=True)
        elif group not in groups:
            groups[group] = sub.add_argument_group(group)
        groups[group].add_argument(name, **_keywords(described, settings))


def _keywords(described: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return the keywords of argparse for an argument of `commands.toml`."""
    keywords = {key: value for key, value in described.items() if key != "group"}
    if "type" in keywords:
        keywords["type"] = getattr(values, keywords["type"])
    if limits := keywords.pop("whole", None):
        keywords["type"] = values.whole(*(LIMITS[limits] if isinstance(limits, str) else limits))
    if setting := keywords.pop("setting", None):
        value = getattr(settings, setting)
        keywords["default"] = value or keywords.get("default", value)
    elif isinstance(keywords.get("default"), str):
        keywords["default"] = keywords["default"].format(user=user_name(), starter=STARTER)
    return keywords


def user_name() -> str:
    """Return the name under which the history of the models records a change."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
