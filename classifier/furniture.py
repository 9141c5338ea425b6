"""What stands on a page but is not the article: tag lists, author notes, share links. Found, reported, left out.

What is removed mentions nothing and weighs nothing; it is blanked, so that offsets into the body stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from classifier.words import split_words

MAX_LINE = 1200
_TAG_LIST = re.compile(
    r"(?:tags?|topics?|keywords?|categor(?:y|ies)|labels?|filed (?:under|in)|posted in|related topics|tagged(?: with| in)?)"
    r"\s*:",
    re.IGNORECASE,
)
_SHARE = re.compile(
    r"(?:share (?:this|on|via|the)\b|share:|tweet this|follow us\b|follow \w+ on (?:twitter|x|facebook)|like us on|"
    r"(?:print|email|e-mail|facebook|twitter|whatsapp|linkedin|telegram|reddit|share|tweet|x|copy link)"
    r"(?:\s*[|/\u2014,\u2022\u00b7]?\s*(?:print|email|e-mail|facebook|twitter|whatsapp|linkedin|telegram|reddit|share|tweet|x|copy link))+\W*$)",
    re.IGNORECASE,
)
_READ_MORE = re.compile(
    r"(?:read (?:more|also|next|the full)|also read|see also|see more|related(?: (?:stories|articles|coverage|posts|content))?"
    r"|more (?:from|on) this|more on|more from|you may also like|don't miss|further reading|recommended|continue reading"
    r"|most read|editor's picks?)\b\s*(?::|\u2014|-|\.{3}|$|>)",
    re.IGNORECASE,
)
_NEWSLETTER = re.compile(
    r"(?:(?:sign up|signup|subscribe|register)\b.{0,80}\b(?:newsletter|briefing|digest|inbox|alerts?|updates|email|podcast)"
    r"|get .{0,60}\b(?:in|to) your inbox|(?:this|our) newsletter\b.{0,60}\bsubscribe|subscribe (?:now|today|here))",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:\(?(?:additional )?(?:reporting|writing|editing) by\b|copyright\b|\u00a9|all rights reserved|\(c\) \d{4}|"
    r"about the authors?\b|this (?:article|story|piece|post) (?:was|is|first|originally) (?:first |originally )?"
    r"(?:published|appeared|republished|part of)|the views expressed)",
    re.IGNORECASE,
)
_ROLE = (
    r"(?:analyst|fellow|researcher|research associate|scholar|reporter|journalist|correspondent|editor|columnist|writer|"
    r"contributor|director|professor|lecturer|academic|consultant|freelancer?|stringer|specialist|candidate|intern|author)"
)
_BIO = re.compile(
    rf"(?:[^\W\d_][\w.'-]* ){{1,4}}(?:is|was|works as|serves as|covers|reports|writes|has (?:covered|reported|written))\b"
    rf"(?=.{{0,160}}\b{_ROLE}\b|\s(?:on|from|for|about)\b)",
    re.IGNORECASE,
)
_BIO_ROLE = re.compile(rf"\b(?:is|was|as) (?:an?|the|our|its)\b.{{0,120}}\b{_ROLE}s?\b", re.IGNORECASE)
_BIO_REPORTS = re.compile(
    r"^(?:[A-Z][\w.'-]+ ){2,4}(?:covers|reports|writes|has covered|has reported|has written)\b(?: \w+){0,2} (?:on|for|from|about)\b"
)
_CAPITAL_NAME = re.compile(r"\(?(?:[A-Z][\w.'-]* ){1,3}[A-Z\u00c0-\u024f][\w'-]*")
_SENTENCE = re.compile(r"[.!?][\"')\]]*$")
_CONTRIBUTED = re.compile(r"\bcontributed (?:to )?(?:this |the )?(?:report|story|reporting|article)", re.IGNORECASE)


class Removed(NamedTuple):
    """A part of the clean body that is furniture, by character offsets, and what it is."""

    start: int
    end: int
    kind: str


class _Line(NamedTuple):
    start: int
    end: int
    text: str


def find_furniture(body: str, is_tag_name: Callable[[str], bool]) -> list[Removed]:
    """Return the furniture of a clean body.

    Links to other stories and share links go wherever they fill a line. Tag lists and author notes go only at the
    end, behind the last sentence of the article. `is_tag_name` says of a folded spelling whether it names a tag.
    """
    lines = [_Line(found.start(), found.end(), found[0].strip()) for found in re.finditer(r"[^\n]+", body)]
    lines = [line for line in lines if line.text]
    kinds: dict[int, str] = {}
    for number, line in enumerate(lines):
        if kind := _anywhere(line.text):
            kinds[number] = kind
    kinds.update(_at_the_end(lines, kinds, is_tag_name))
    if len(kinds) == len(lines):  # nothing else is there: then it is the article
        return []
    return _joined(lines, kinds)


def blank(body: str, removed: list[Removed]) -> str:
    """Return the body with furniture replaced by as many blanks."""
    pieces, done = [], 0
    for part in removed:
        pieces += [body[done : part.start], " " * (part.end - part.start)]
        done = part.end
    return "".join(pieces) + body[done:]


def _anywhere(line: str) -> str | None:
    if len(line) > 240:
        return None
    if _SHARE.match(line):
        return "share links"
    if _READ_MORE.match(line):
        return "read more"
    if _NEWSLETTER.search(line):
        return "newsletter"
    return None


def _at_the_end(lines: list[_Line], kinds: dict[int, str], is_tag_name: Callable[[str], bool]) -> dict[int, str]:
    """Walk up from the last line as long as the lines are furniture."""
    found: dict[int, str] = {}
    waiting: list[int] = []  # short lines without a sentence: a tag list if one is found above them
    for number in range(len(lines) - 1, -1, -1):
        text = lines[number].text
        kind = kinds.get(number) or _ending(text, is_tag_name)
        if kind is not None:
            found[number] = kind
            if kind == "tag list":
                found.update(dict.fromkeys(waiting, "tag list"))
            waiting = []
        elif len(text) <= 60 and len(text.split()) <= 5 and not _SENTENCE.search(text) and len(waiting) < 30:
            waiting.append(number)
        else:
            break
    return found


def _ending(line: str, is_tag_name: Callable[[str], bool]) -> str | None:
    if len(line) > MAX_LINE:
        return None
    if _TAG_LIST.match(line):
        return "tag list"
    if _CREDIT.match(line) or _CONTRIBUTED.search(line):
        return "credit"
    if (
        len(line.split()) <= 70
        and _CAPITAL_NAME.match(line)
        and (_BIO_ROLE.search(line[:260]) or _BIO_REPORTS.match(line))
    ):
        return "author note"
    if not _SENTENCE.search(line) and _only_tag_names(line, is_tag_name):
        return "tag list"
    return None


def _only_tag_names(line: str, is_tag_name: Callable[[str], bool]) -> bool:
    """Whether a line consists of names of tags, one or several with separators between them."""
    names = [
        name for part in re.split(r"[,;|/#\u2022\u00b7\u2014]", line) if (name := " ".join(split_words(part).spelling))
    ]
    return 0 < len(names) <= 40 and all(map(is_tag_name, names))


def _joined(lines: list[_Line], kinds: dict[int, str]) -> list[Removed]:
    removed: list[Removed] = []
    for number in sorted(kinds):
        line, kind = lines[number], kinds[number]
        if removed and removed[-1].kind == kind and number - 1 in kinds:
            removed[-1] = removed[-1]._replace(end=line.end)
        else:
            removed.append(Removed(line.start, line.end, kind))
    return removed
