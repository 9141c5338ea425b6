"""Where the first sentence of a body ends, in every script."""

import re

MAX_LEAD = 600  # characters of a first sentence
MIN_LEAD_WORDS = 6  # a dateline or a short heading has fewer

# A sentence ends at a sign that ends nothing else, at the end of a line, or at . ! or ? before white space and what may begin
# the next one; not after an initial or a short abbreviation (U.S., Mr., Gen., No.).
# The sign comes first in the pattern: it is what the search looks for. It is all that matches, so that the end of a line
# behind a full stop is looked at, too.
_END = re.compile(
    r"[.!?\n\u061f\u06d4\u1362\u0964](?:(?<=[\n\u061f\u06d4\u1362\u0964])|"
    r"(?<![\s.][A-Za-z].)(?<!\b(?:Mr|Dr|St|No).)(?<!\b(?:Mrs|Gen|Col|Sgt|Lt\.).)(?=[\"')\]\u00bb]*\s+(.)))"
)
_OPENING = frozenset("0123456789\"'([\u00ab\u00bb")  # before a sentence; the French write a blank before \u00bb, too


def lead_end(text: str) -> int:
    """Return where the first sentence of a body ends. Blanks before it are skipped."""
    begin = len(text) - len(text.lstrip())
    for end in _END.finditer(text, begin, begin + MAX_LEAD):
        if _may_begin(end[1]) and len(text[begin : end.start()].split()) >= MIN_LEAD_WORDS:
            return end.start() + 1
    return min(len(text), begin + MAX_LEAD)


def _may_begin(character: str | None) -> bool:
    """Whether a sentence may begin with a character: any letter that is not lower case. None is after a surer sign."""
    return character is None or character in _OPENING or (character.isalpha() and not character.islower())
