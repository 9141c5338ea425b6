"""The commands: `article-tagger COMMAND`, or `python -m classifier COMMAND`. Each is described in `commands.toml`.

Commands print one line of result on standard output, and progress on standard error. Exit codes: 0 done, 1 refused or
failed with the reason, 2 wrong usage, 3 another process is at it. The module of a command is imported when it runs.
"""

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from classifier.commands.common import warn
from classifier.commands.parser import Usage, build_parser
from classifier.commands.terminal import Terminal, clear
from classifier.errors import Busy, TaggerError
from classifier.settings import read_settings

EXIT_CODES = {Usage: 2, Busy: 3, TaggerError: 1}  # of errors: the first that fits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    # Before numpy is loaded: threads of its OpenBLAS would spin beside the processes that read and fit.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        settings = read_settings()
        options = build_parser(settings).parse_args(arguments)
        options.progress = Terminal(options.steps)
        module, function = options.run.split(".")
        getattr(_loaded(module), function)(options, settings)
    except TaggerError as error:
        warn(f"error: {error}")
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        warn("interrupted")
        return 1
    finally:
        clear()
    return 0


def _loaded(module: str) -> ModuleType:
    """Return the module of a command. The garbage collector never walks through what is imported: all of it stays."""
    gc.disable()
    try:
        return import_module(f"classifier.commands.{module}")
    finally:
        gc.freeze()
        gc.enable()
