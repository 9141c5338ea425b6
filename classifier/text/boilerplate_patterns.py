"""How the boilerplate of a language reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from classifier.text.once import once

N_PREFIX = 3  # letters of a line that are looked at before any pattern is
NEVER = re.compile(r"(?!)")


@dataclass(frozen=True)
class BoilerplatePatterns:
    """How the boilerplate of a language reads. Each pattern is matched at the start of a line."""

    # The first words, in lower case, of all lines that match `share`, `read_more` or `newsletter`: few lines begin so.
    starts: frozenset[str] = frozenset()
    share: re.Pattern[str] = NEVER
    read_more: re.Pattern[str] = NEVER
    newsletter: re.Pattern[str] = NEVER
    tag_list: re.Pattern[str] = NEVER
    credit: re.Pattern[str] = NEVER
    contributed: re.Pattern[str] = NEVER  # searched for in the line in lower case
    stamp: re.Pattern[str] = NEVER
    author_note: re.Pattern[str] = NEVER  # has a group `surname`
    past: re.Pattern[str] = NEVER  # searched for in the line: with it, the line is no author note
    byline: re.Pattern[str] = NEVER

    @once
    def prefixes(self) -> frozenset[str]:
        """The first letters of `starts`."""
        return frozenset(word[:N_PREFIX] for word in self.starts)

    @once
    def letters(self) -> frozenset[str]:
        """Those of `starts` that are one letter, as in e-mail and X, in both cases."""
        return frozenset(case for word in self.starts if len(word) == 1 for case in (word, word.upper()))


NOTHING = BoilerplatePatterns()
_ALTERNATIVES = ("share", "read_more", "newsletter", "tag_list", "credit", "contributed", "stamp", "past", "byline")


def together(main: BoilerplatePatterns, others: Sequence[BoilerplatePatterns]) -> BoilerplatePatterns:
    """Return patterns that match what those of any language match. Author notes are found in the main language alone."""
    patterns = [main, *(each for each in others if each is not main and each is not NOTHING)]
    if len(patterns) == 1:
        return main
    starts = frozenset(word for each in patterns for word in each.starts)
    joined = {name: _any([getattr(each, name) for each in patterns]) for name in _ALTERNATIVES}
    return replace(main, starts=starts, **joined)


def _any(patterns: Sequence[re.Pattern[str]]) -> re.Pattern[str]:
    used = [each for each in patterns if each is not NEVER]
    if len(used) < 2:
        return used[0] if used else NEVER
    return re.compile(
        "|".join(f"(?i:{each.pattern})" if each.flags & re.IGNORECASE else f"(?:{each.pattern})" for each in used)
    )
