"""What stands on a page but is not the article: tag lists, author notes, share links. Found, reported, left out.

What is removed mentions nothing and weighs nothing; it is blanked, so that offsets into the body stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from classifier.text.source_map import Removed
from classifier.text.words import split_words

MAX_LINE = 1200
_TAG_LIST = re.compile(
    r"(?:tags?|topics?|keywords?|categor(?:y|ies)|labels?|filed (?:under|in)|posted in|related topics|tagged(?: with| in)?)"
    r"\s*:",
    re.IGNORECASE,
)
_SITE = (
    r"(?:print|e-?mail|facebook|twitter|whatsapp|linkedin|telegram|instagram|youtube|reddit|google news|social media|"
    r"share|tweet|x|copy link)"
)
_NEXT_SITE = rf"(?:\s*(?:[|/\u2014,\u2022\u00b7&]\s*|\band )?{_SITE})"
_SITES = rf"{_SITE}{_NEXT_SITE}*"
_SHARE = re.compile(
    rf"(?:(?:click to )?share(?: this| the)?(?: (?:story|article|post|page|news|report|piece|entry))?\s*:?"
    rf"(?: (?:on|via|by|to|with))?(?: {_SITES}| (?:your )?friends)?(?: \(opens in (?:a )?new window\))?|tweet this|"
    rf"follow (?:@?\w+ ){{1,4}}on {_SITES}(?::? @\w+)?|follow us\s*:?(?: {_SITES})?|like us on {_SITES}|"
    rf"{_SITE}{_NEXT_SITE}+)\W*$",
    re.IGNORECASE,
)
_READ_MORE = re.compile(
    r"(?:read (?:more|also|next|the full)|also read|see also|see more"
    r"|related(?: (?:stor(?:y|ies)|articles?|coverage|posts?|content|news|reading|links))?"
    r"|more (?:from|on) this(?: (?:story|topic|subject|issue|author))?|more on|more from|more (?:stories|news)"
    r"|you may also like|don['\u2019]t miss|further reading|recommended|continue reading"
    r"|most read|editor['\u2019]s picks?)\b\s*(?::|\u2014|-|\.{3}|\u2026|$|>)",
    re.IGNORECASE,
)
MAX_ANYWHERE = 240
# The letters with which furniture begins that may stand anywhere. Few lines begin so, and only these meet the patterns.
_FIRST_LETTERS = re.compile(r"[A-Za-z]*")
N_FIRST = 3  # letters that are looked at before the pattern is
_BEGINNINGS = frozenset(
    [
        "click",
        "share",
        "tweet",
        "follow",
        "like",
        "print",
        "e",
        "email",
        "facebook",
        "twitter",
        "whatsapp",
        "linkedin",
        "telegram",
        "instagram",
        "youtube",
        "reddit",
        "google",
        "social",
        "x",
        "copy",
        "read",
        "also",
        "see",
        "related",
        "more",
        "you",
        "don",
        "further",
        "recommended",
        "continue",
        "most",
        "editor",
        "please",
        "sign",
        "signup",
        "subscribe",
        "register",
        "get",
    ]
)
_FIRST = frozenset(word[:N_FIRST] for word in _BEGINNINGS)
MAX_LINKS = 8  # links under a heading such as "Related stories", and their length
MAX_LINK = 120
# Only as an instruction to the reader, at the start of the line: militants, too, have newsletters and get alerts.
_NEWSLETTER = re.compile(
    r"(?!.*\b(?:told|tells?|said|says?|urged?|urges)\b)(?:please |click here to )?"
    r"(?:(?:sign up|signup|subscribe|register)\b.{0,80}\b(?:newsletter|briefing|digest|inbox|alerts?|updates|email|podcast)"
    r"|get .{0,60}\b(?:in|to) your inbox|subscribe (?:now|today|here))",
    re.IGNORECASE,
)
_CREDIT = re.compile(
    r"(?:\(?(?:additional )?(?:reporting|writing|editing) by\b|copyright\b|\u00a9|all rights reserved|\(c\) \d{4}|"
    r"about the authors?\b|this (?:article|story|piece|post) (?:was|is|first|originally) (?:first |originally )?"
    r"(?:published|appeared|republished|part of)|the views expressed)",
    re.IGNORECASE,
)
_DATE = (
    r"(?:[\W\d]|(?:(?:jan|febr?|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)(?:uary|ch|il|ust|ember|ober)?|"
    r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?|today|yesterday|ago|hours?|minutes?|days?|"
    r"on|at|of|st|nd|rd|th|[ap]\.?m|gmt|utc|bst|ist|eat|wat|cat|cet|est|edt|et)\b)"
)
_STAMP = re.compile(
    rf"(?:posted|(?:first |last )?(?:published|updated|modified|edited))\b{_DATE}*(?:\bby:?(?: [^\s,;:]+){{1,3}}{_DATE}*)?$",
    re.IGNORECASE,
)
_HASHTAGS = re.compile(r"(?:#[\w-]+[\s,;|]*)+$")
_ROLE = (
    r"(?:analyst|fellow|researcher|research associate|scholar|reporter|journalist|correspondent|editor|columnist|writer|"
    r"contributor|director|professor|lecturer|academic|consultant|freelancer?|stringer|specialist|candidate|intern|author)"
)
_CAPITAL = r"(?:[a-z]{1,3}[-'\u2019])?[A-Z\u00c0-\u024f][\w.'\u2019-]*"
_WAS = re.compile(r"\bwho (?:was|were)\b")  # what somebody was, an article tells
_BIO = re.compile(
    rf"\(?{_CAPITAL}(?: {_CAPITAL}| (?:al|el|bin|van|von|de|der|di|da|la|le)\b){{0,3}} (?P<surname>{_CAPITAL})"
    rf"(?:,[^,]{{1,60}},)? (?:(?:is|works as|serves as) (?:also )?(?:an?|the|our|its) (?:[^\s,;:]+ ){{0,4}}(?i:{_ROLE})s?\b|"
    r"(?:covers|reports|writes|has covered|has reported|has written)\b(?: \w+){0,2} (?:on|for|from|about)\b)"
)
_BYLINE = re.compile(r"by\b.{1,80}(?<![.!?])$", re.IGNORECASE)
_CLOSING = "\"')]\u201d\u2019"
_CONTRIBUTED = re.compile(r"\bcontributed (?:to )?(?:this |the )?(?:report|story|reporting|article)", re.IGNORECASE)


class _Line(NamedTuple):
    start: int
    end: int


REPEATED = "repeated block"
_AFTER_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+")
MAX_BLOCK = 2000  # characters; what is longer is a text of its own


def blocks_of(body: str) -> Iterator[tuple[str, int, int]]:
    """Yield the lines of a clean body and the sentences of longer lines: folded, and their places."""
    for line in re.finditer(r"[^\n]+", body):
        ends = [found.end() for found in _AFTER_SENTENCE.finditer(line[0])]
        spans = list(pairwise([0, *ends, len(line[0])])) if ends else []
        for start, end in [(0, len(line[0])), *spans]:
            if end - start <= MAX_BLOCK and (folded := " ".join(line[0][start:end].casefold().split())):
                yield folded, line.start() + start, line.start() + end


def find_repeated(body: str, blocks: Collection[str]) -> list[Removed]:
    """Return the places of blocks that were found to stand on many pages of a site; `blocks` are folded."""
    found = sorted((start, -end) for folded, start, end in blocks_of(body) if folded in blocks)
    places: list[Removed] = []
    for start, minus_end in found:
        if not places or start >= places[-1].end:  # a sentence of a line that went already
            places.append(Removed(start, -minus_end, REPEATED))
    return places


def joined(one: list[Removed], other: list[Removed]) -> list[Removed]:
    """Return two lists of furniture as one: in order, and no character twice."""
    parts: list[Removed] = []
    for part in sorted([*one, *other], key=lambda part: (part.start, -part.end)):
        start = max(part.start, parts[-1].end) if parts else part.start
        if start < part.end:
            parts.append(part._replace(start=start))
    return parts


def find_furniture(body: str, is_tag_name: Callable[[str], bool]) -> list[Removed]:
    """Return the furniture of a clean body.

    Links to other stories, share links and calls to subscribe go wherever they fill a line. Tag lists, credits and
    author notes go only at the end, behind the last sentence of the article; names of tags without a heading only if
    there are two of them. `is_tag_name` says of a folded spelling whether it names a tag.
    """
    if "\n" not in body:  # one line: then it is the article
        return []
    lines = [text for line in body.split("\n") if (text := line.strip())]
    kinds: dict[int, str] = {}
    for number, line in enumerate(lines):
        if line[:N_FIRST].lower() not in _FIRST and line[:1] not in "EeXx":  # e-mail, X
            continue
        if kind := _anywhere(line):
            kinds[number] = kind
            kinds |= dict.fromkeys(_links_under(lines, number), kind)
    kinds.update(_at_the_end(lines, kinds, is_tag_name))
    if not kinds or len(kinds) == len(lines):  # nothing else is there: then it is the article
        return []
    return _joined(_lines(body), kinds)


def _lines(body: str) -> list[_Line]:
    """Return the places of the lines that hold anything."""
    lines, start = [], 0
    for line in body.split("\n"):
        if line.strip():
            lines.append(_Line(start, start + len(line)))
        start += len(line) + 1
    return lines


def blank(body: str, removed: Sequence[Removed]) -> str:
    """Return the body with furniture replaced by as many blanks."""
    pieces, done = [], 0
    for part in removed:
        pieces += [body[done : part.start], " " * (part.end - part.start)]
        done = part.end
    return "".join(pieces) + body[done:]


def _anywhere(line: str) -> str | None:
    if len(line) > MAX_ANYWHERE or _FIRST_LETTERS.match(line)[0].lower() not in _BEGINNINGS:  # type: ignore[index]
        return None
    if _SHARE.match(line):
        return "share links"
    if _READ_MORE.match(line):
        return "read more"
    if _NEWSLETTER.match(line):
        return "newsletter"
    return None


def _links_under(lines: list[str], number: int) -> Iterator[int]:
    """Yield the lines that are links to other stories if line `number` is a heading of such links."""
    heading = _READ_MORE.match(lines[number])
    if not heading or re.search(r"\w", lines[number][heading.end() :]):
        return
    for following in range(number + 1, min(number + 1 + MAX_LINKS, len(lines))):
        text = lines[following]
        if len(text) > MAX_LINK or _is_sentence(text) or _ending(text):
            return
        yield following


def _at_the_end(lines: list[str], kinds: dict[int, str], is_tag_name: Callable[[str], bool]) -> dict[int, str]:
    """Walk up from the last line as long as the lines are furniture."""
    found: dict[int, str] = {}
    waiting: list[int] = []  # short lines without a sentence: a tag list if one is found above them
    n_names = 0
    first_lines: dict[str, int] = {}
    for number in range(len(lines) - 1, -1, -1):
        text = lines[number]
        kind = kinds.get(number) or _ending(text)
        if kind is None and (bio := _author_note(text)):
            first_lines = first_lines or _first_lines(lines)
            surname = re.findall(r"\w+", bio["surname"])[-1]
            kind = "author note" if first_lines.get(surname, number) == number else None
        n_new = _count_tag_names(text, is_tag_name) if kind is None else 0
        n_names = n_names + n_new if kind is None else 0
        if n_new and n_names > 1:
            kind = "tag list"
        if kind is not None:
            found[number] = kind
            if kind == "tag list":
                found.update(dict.fromkeys(waiting, "tag list"))
            waiting = []
        elif (n_new or _is_short(text)) and len(waiting) < 30:
            waiting.append(number)
        else:
            break
    return found


def _ending(line: str) -> str | None:
    if len(line) > MAX_LINE:
        return None
    if _TAG_LIST.match(line) or _HASHTAGS.match(line):
        return "tag list"
    if (
        _CREDIT.match(line)
        or ("contributed" in line.lower() and _CONTRIBUTED.search(line))
        or (len(line) <= MAX_LINK and _STAMP.match(line))
    ):
        return "credit"
    return None


def _author_note(line: str) -> re.Match[str] | None:
    found = _BIO.match(line) if len(line) <= MAX_LINE else None
    return None if found is None or len(line.split()) > 70 or _WAS.search(line) else found


def _first_lines(lines: list[str]) -> dict[str, int]:
    """Return the first line of each word outside bylines: whom the article tells of, no author note introduces."""
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        if not _BYLINE.match(line):
            for word in re.findall(r"\w+", line):
                first.setdefault(word, number)
    return first


def _is_sentence(line: str) -> bool:
    """Whether a line ends as a sentence does."""
    return line.rstrip(_CLOSING).endswith((".", "!", "?", "\u2026"))


def _is_short(line: str) -> bool:
    return len(line) <= 60 and len(line.split()) <= 5 and not _is_sentence(line)


def _count_tag_names(line: str, is_tag_name: Callable[[str], bool]) -> int:
    """Return how many names of tags a line consists of, one or several with separators between them; 0: not only."""
    if len(line) > MAX_LINE or _is_sentence(line):
        return 0
    names = [
        name for part in re.split(r"[,;|/#\u2022\u00b7\u2014]", line) if (name := " ".join(split_words(part).spelling))
    ]
    return len(names) if len(names) <= 40 and all(map(is_tag_name, names)) else 0


def _joined(lines: list[_Line], kinds: dict[int, str]) -> list[Removed]:
    removed: list[Removed] = []
    for number in sorted(kinds):
        line, kind = lines[number], kinds[number]
        if removed and removed[-1].kind == kind and number - 1 in kinds:
            removed[-1] = removed[-1]._replace(end=line.end)
        else:
            removed.append(Removed(line.start, line.end, kind))
    return removed
