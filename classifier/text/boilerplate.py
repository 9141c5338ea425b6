"""What stands on a page but is not the article: tag lists, author notes, share links. It is reported and left out.

What is removed mentions nothing and weighs nothing. It is blanked, so that offsets into the body stay.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

from classifier.text.boilerplate_patterns import N_PREFIX, together
from classifier.text.language import LANGUAGES, Language
from classifier.text.page_parts import outermost
from classifier.text.source_map import Removed
from classifier.text.words import split_words

REPEATED = "repeated block"
MAX_LINE = 1200  # characters; a longer line is no tag list, no credit and no author note
MAX_ANYWHERE = 240  # characters of a line that is boilerplate wherever it stands
MAX_LINKS = 8  # links under a heading such as "Related stories"
MAX_LINK = 120  # characters of such a link
MAX_NOTE_WORDS = 70
MAX_SHORT_LINES = 30  # without a sentence, below a tag list
MAX_NAMES = 40  # of tags in a line
MAX_BLOCK = 2000  # characters; what is longer is a text of its own
_HASHTAGS = re.compile(r"(?:#[\w-]+[\s,;|]*)+$")
_FIRST_LETTERS = re.compile(r"[^\W\d_]*")
_SEPARATOR = re.compile(r"[,;|/#\u2022\u00b7\u2014]")
_CLOSING = "\"')]\u201d\u2019"
_AFTER_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+")


class BoilerplateFinder:
    """Finds the boilerplate of clean bodies, from the folded names of all tags and the folded texts of repeated blocks.

    That of a language is found by its patterns in texts of every language: no article has the words of another one's links.
    """

    def __init__(self, language: Language, tag_names: Collection[str], blocks: Collection[str] = ()) -> None:
        self._patterns = together(language.boilerplate, [each.boilerplate for each in LANGUAGES.values()])
        self._tag_names, self._blocks = tag_names, blocks

    def find(self, body: str) -> list[Removed]:
        """Return the parts of a clean body that are boilerplate, in order.

        Links to other stories, share links and calls to subscribe go wherever they fill a line. Tag lists, credits and
        author notes go only behind the last sentence of the article. Names of tags without a heading count as a tag list
        only if there are two of them.
        """
        lines = self._find_lines(body) if "\n" in body else []  # a single line is the article
        if not self._blocks:
            return lines
        # Each place once: a line that is a block is not cut into its sentences.
        blocks = (Removed(start, end, REPEATED) for folded, start, end in blocks_of(body) if folded in self._blocks)
        return joined(lines, outermost(blocks))

    def _find_lines(self, body: str) -> list[Removed]:
        lines = [text for line in body.split("\n") if (text := line.strip())]
        kinds: dict[int, str] = {}
        prefixes, letters = self._patterns.prefixes, self._patterns.letters
        for number, line in enumerate(lines):
            if line[:N_PREFIX].lower() not in prefixes and line[0] not in letters:
                continue
            if kind := self._kind_anywhere(line):
                kinds[number] = kind
                kinds |= dict.fromkeys(self._links_under(lines, number), kind)
        if kinds or not lines or not self._is_plain_end(lines[-1]):
            kinds.update(self._kinds_at_end(lines, kinds))
        if not kinds or len(kinds) == len(lines):  # nothing else is there: then it is the article
            return []
        return _removed_lines(body, kinds)

    def _kind_anywhere(self, line: str) -> str | None:
        patterns, first_letters = self._patterns, _FIRST_LETTERS.match(line)
        if len(line) > MAX_ANYWHERE or first_letters is None or first_letters[0].lower() not in patterns.starts:
            return None
        kinds = {"share links": patterns.share, "read more": patterns.read_more, "newsletter": patterns.newsletter}
        return next((kind for kind, pattern in kinds.items() if pattern.match(line)), None)

    def _links_under(self, lines: list[str], number: int) -> Iterator[int]:
        """Yield the lines that are links to other stories if line `number` is a heading of such links."""
        heading = self._patterns.read_more.match(lines[number])
        if not heading or re.search(r"\w", lines[number][heading.end() :]):
            return
        for following in range(number + 1, min(number + 1 + MAX_LINKS, len(lines))):
            text = lines[following]
            if len(text) > MAX_LINK or _is_sentence(text) or self._kind_of_ending(text):
                return
            yield following

    def _kinds_at_end(self, lines: list[str], kinds: dict[int, str]) -> dict[int, str]:
        """Walk up from the last line as long as the lines are boilerplate, and return what each is."""
        at_end, first_lines, n_names = dict[int, str](), dict[str, int](), 0
        short_lines: list[int] = []  # a tag list if one stands above them
        for number in range(len(lines) - 1, -1, -1):
            text = lines[number]
            kind = kinds.get(number) or self._kind_of_ending(text)
            if kind is None and (note := self._author_note(text)):
                first_lines = first_lines or self._first_lines(lines)
                surname = re.findall(r"\w+", note["surname"])[-1]
                kind = "author note" if first_lines.get(surname, number) == number else None
            n_new = self._count_tag_names(text) if kind is None else 0
            n_names = n_names + n_new if kind is None else 0
            if n_new and n_names > 1:
                kind = "tag list"
            if kind is not None:
                at_end[number] = kind
                if kind == "tag list":
                    at_end.update(dict.fromkeys(short_lines, "tag list"))
                short_lines = []
            else:
                is_short = n_new or (len(text) <= 60 and len(text.split()) <= 5 and not _is_sentence(text))
                if not is_short or len(short_lines) >= MAX_SHORT_LINES:
                    break
                short_lines.append(number)
        return at_end

    def _is_plain_end(self, line: str) -> bool:
        """Whether a line is a sentence of the article: most bodies end so, and nothing above it is at the end then."""
        return _is_sentence(line) and not self._kind_of_ending(line) and not self._author_note(line)

    def _kind_of_ending(self, line: str) -> str | None:
        patterns = self._patterns
        if len(line) > MAX_LINE:
            return None
        if patterns.tag_list.match(line) or _HASHTAGS.match(line):
            return "tag list"
        is_credit = patterns.credit.match(line) or patterns.contributed.search(line.lower())
        return "credit" if is_credit or (len(line) <= MAX_LINK and patterns.stamp.match(line)) else None

    def _author_note(self, line: str) -> re.Match[str] | None:
        note = self._patterns.author_note.match(line) if len(line) <= MAX_LINE else None
        return note if note and len(line.split()) <= MAX_NOTE_WORDS and not self._patterns.past.search(line) else None

    def _first_lines(self, lines: list[str]) -> dict[str, int]:
        """Return the first line of each word outside bylines: no author note introduces a person of the article."""
        stories = [(n, line) for n, line in enumerate(lines) if not self._patterns.byline.match(line)]
        return {word: number for number, line in reversed(stories) for word in re.findall(r"\w+", line)}

    def _count_tag_names(self, line: str) -> int:
        """Return how many names of tags a line consists of, with separators between them, or 0 if it holds anything else."""
        if len(line) > MAX_LINE or _is_sentence(line):
            return 0
        n_names = 0
        for part in _SEPARATOR.split(line):
            name = " ".join(split_words(part).spelling)
            if name and name not in self._tag_names:
                return 0
            n_names += bool(name)
        return n_names if n_names <= MAX_NAMES else 0


def blank(body: str, removed: Sequence[Removed]) -> str:
    """Return the body with as many blanks in the place of removed parts."""
    pieces, end = [], 0
    for part in removed:
        pieces += [body[end : part.start], " " * (part.end - part.start)]
        end = part.end
    return "".join(pieces) + body[end:]


def joined(*lists: Sequence[Removed]) -> list[Removed]:
    """Return lists of removed parts as one: in order, and no character twice."""
    parts: list[Removed] = []
    for part in sorted(chain.from_iterable(lists), key=lambda part: (part.start, -part.end)):
        start = max(part.start, parts[-1].end) if parts else part.start
        if start < part.end:
            parts.append(part._replace(start=start))
    return parts


def _is_sentence(line: str) -> bool:
    return line.rstrip(_CLOSING).endswith((".", "!", "?", "\u2026"))


def _removed_lines(body: str, kinds: dict[int, str]) -> list[Removed]:
    """Return the lines of `kinds` as parts of the body, neighbours of one kind as one part. Empty lines have no number."""
    spans = [span for span in _lines(body) if not body[slice(*span)].isspace()]
    removed: list[Removed] = []
    for number in sorted(kinds):
        (start, end), kind = spans[number], kinds[number]
        if removed and removed[-1].kind == kind and number - 1 in kinds:
            removed[-1] = removed[-1]._replace(end=end)
        else:
            removed.append(Removed(start, end, kind))
    return removed


def _lines(body: str) -> Iterator[tuple[int, int]]:
    return (line.span() for line in re.finditer(r"[^\n]+", body))


class Block(NamedTuple):
    """A line of a clean body, or a sentence of a longer line: its folded text and its place."""

    folded: str
    start: int
    end: int


def blocks_of(body: str) -> Iterator[Block]:
    """Yield the lines of a clean body and the sentences of longer lines."""
    for first, last in _lines(body):
        line = body[first:last]
        ends = [end.end() for end in _AFTER_SENTENCE.finditer(line)]
        spans = list(pairwise([0, *ends, len(line)])) if ends else []
        for start, end in [(0, len(line)), *spans]:
            if end - start <= MAX_BLOCK and (folded := " ".join(line[start:end].casefold().split())):
                yield Block(folded, first + start, first + end)
