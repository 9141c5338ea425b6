"""The progress of a command on standard error: one live line on a terminal; in a log a line for each step and every half minute."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any, ClassVar

from classifier.domain.progress import Doing, Progress, time_left

LIVE_SECONDS, LOG_SECONDS = 0.1, 30.0  # between two lines
N_COLUMNS = 80  # where the terminal does not say how wide it is


class Terminal(Progress):
    """The steps of a command, shown on standard error: `[2/3] learning · folds 3 of 5 · 41 % · about 3 minutes left`."""

    _bar: ClassVar[Any] = None  # the live line, of which a process has one

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__(names)
        self._is_live, self._last, self._announced = sys.stderr.isatty(), 0.0, ""

    def show(self, moved: bool = False) -> None:
        """Show how far it is, if it is time for it."""
        seconds, steps = LIVE_SECONDS if self._is_live else LOG_SECONDS, self.state["steps"]
        if not steps or (moved and monotonic() - self._last < seconds):
            return
        if self._is_live:
            self._show_live()
        elif moved or self._announced != steps[-1]["began_at"]:
            self._announced = steps[-1]["began_at"]
            print(self.line(), file=sys.stderr, flush=True)
        self._last = monotonic()

    def line(self) -> str:
        """Return how far it is in words."""
        name, outermost = self.present or "", self.loops[:1]
        parts = [f"[{self._number()}/{len(self.state['names'])}] {name}"]
        parts += [_count(loop, name) for loop in [*outermost, *self.loops[1:][-1:]]]
        parts += [f"{100 * loop['share']:.0f} %" for loop in outermost if loop["share"]]
        left = time_left(self.state)
        return " · ".join([*parts, str(left)] if left is not None else parts)

    def _number(self) -> int:
        return self.state["names"].index(self.present) + 1 if self.present else 0

    def _show_live(self) -> None:
        from tqdm import tqdm

        if Terminal._bar is None:
            shape = {"bar_format": "{bar:10} {desc}", "ncols": N_COLUMNS, "nrows": 2}
            Terminal._bar = tqdm(total=1.0, file=sys.stderr, leave=False, **shape)
        Terminal._bar.ncols = os.get_terminal_size(sys.stderr.fileno()).columns or N_COLUMNS
        doing = self.state["doing"]
        share = doing["share"] if doing is not None else 0.0
        Terminal._bar.n = max(Terminal._bar.n, (self._number() - 1 + share) / len(self.state["names"]))
        Terminal._bar.set_description_str(self.line())


def clear() -> None:
    """Remove the live line, so that something else can be printed."""
    if Terminal._bar is not None:
        Terminal._bar.close()
        Terminal._bar = None


def _count(loop: Doing, step: str) -> str:
    of = f"{loop['done'] + 1:,} of {loop['total']:,}" if loop["total"] else f"{loop['done']:,}"
    return of if loop["label"] == step else f"{loop['label']} {of}"
