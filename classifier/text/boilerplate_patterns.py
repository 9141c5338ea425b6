"""How the boilerplate of a language reads."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
