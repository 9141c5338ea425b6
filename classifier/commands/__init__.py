"""The commands: `article-tagger COMMAND`, or `python -m classifier COMMAND`. Each parses its options and calls one function.

Commands print one line of result on standard output, and progress on standard error. Exit codes: 0 done, 1 refused or
failed with the reason, 2 wrong usage, 3 another process is at it. Each command imports heavy modules when it runs.
"""

import os
import sys
from collections.abc import Sequence

from classifier.commands import (
    archive,
    backup,
    evaluate,
    export,
    forget,
    importing,
    keys,
    models,
    questions,
    reports,
    retrain,
    schedule,
    serve,
    status,
    suggest,
    tags,
    train,
)
from classifier.commands.parser import Commands, Options, Usage
from classifier.errors import Busy, TaggerError
from classifier.settings import Settings, read_settings

# In the order of the help; each has a `register`.
GROUPS = (
    train,
    evaluate,
    suggest,
    serve,
    status,
    importing,
    export,
    retrain,
    schedule,
    reports,
    tags,
    models,
    archive,
    questions,
    keys,
    forget,
    backup,
)
EXIT_CODES = {Usage: 2, Busy: 3, TaggerError: 1}  # of errors: the first that fits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    try:
        settings = read_settings()
        options = build_parser(settings).parse_args(arguments)
        options.run(options, settings)
    except TaggerError as error:
        print(f"error: {error}", file=sys.stderr)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 1
    return 0


def build_parser(settings: Settings) -> Options:
    """Return the parser of every command; its defaults are the settings."""
    commands = Commands(settings)
    for group in GROUPS:
        group.register(commands)
    return commands.parser
