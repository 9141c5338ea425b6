"""What the texts and the pages of all reports are made of: figures in words, tables, and plots, drawn by `plots.html`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

from classifier.reports.layout import MAX_QUOTED, plain
from classifier.texts import _

NOTHING = "–"


def cell(value: object) -> str:
    """Return a value as words on one line; HTML stays as it is."""
    if isinstance(value, Markup):
        return value
    return plain(str(value), 2 * MAX_QUOTED)


def joined(words: Iterable[str]) -> Markup:
    """Return words one after the other, as HTML."""
    return Markup(_(", ")).join(words)  # noqa: S704 - the text is of this program, the words are escaped


def isolated(name: str) -> Markup:
    """Return a name as HTML that keeps its direction to itself."""
    return Markup("<bdi>{}</bdi>").format(name)


def counted(n: int, noun: str) -> str:
    """Return a number with its noun: 1 tag, 2 tags."""
    return f"{n} {noun if n == 1 else noun + 's'}"


class Linked(NamedTuple):
    """Words of which some are the title of an article: each part with the id of its article, or with None."""

    parts: tuple[tuple[str, str | None], ...]

    def __str__(self) -> str:
        """Return them for a terminal and a file, where an article is found by its id."""
        return "".join(f"{article} {words}".strip() if article else words for words, article in self.parts)


def linked(articles: Iterable[tuple[str, str]], before: str = "", between: str = "; ", after: str = "") -> Linked:
    """Return the titles of articles, (id, title), one after the other. Without a title it is the id."""
    parts: list[tuple[str, str | None]] = [(before, None)] if before else []
    for number, (article, words) in enumerate(articles):
        parts += [(between, None)] if number else []
        parts.append((words, article))
    return Linked((*parts, (after, None)) if after else tuple(parts))


def article_link(here: str | None, article: str, words: str = "") -> Markup:
    """Return the title of an article, or else its id, for a page: a link if the service shows the page at `here`."""
    shown = escape(words or article)
    link = Markup('<a href="/review/{}">{}</a>').format(quote(article, safe=""), shown) if here else shown
    return isolated(link)


def linking(here: str | None, in_words: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a filter that says values in words. On a page that the service shows, `Linked` words lead to their articles."""

    def shown(value: Any) -> str:
        if here is None or not isinstance(value, Linked):
            return in_words(value)
        parts = (article_link(here, article, words) if article else escape(words) for words, article in value.parts)
        return Markup("").join(parts)

    return shown


@dataclass(frozen=True)
class DatedArticle:
    """An article that a row names."""

    article: str
    title: str
    date: str


class Table(NamedTuple):
    """A table of a report: its headings, and one value for each of them in every row."""

    name: str
    title: str
    explanation: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]


def row_lines(table: Table, n_shown: int, in_words: Callable[[object], str] = cell) -> list[str]:
    """Return the first rows as lines of text, and how many more there are."""
    lines = []
    for row in table.rows[:n_shown]:
        first, *others = map(in_words, row)
        named = [f"{heading}: {words}" for heading, words in zip(table.headings[1:], others, strict=True) if words]
        lines.append(f"  - {'; '.join([first, *named])}")
    n_more = len(table.rows) - n_shown
    return [*lines, f"  … and {n_more} more"] if n_more > 0 else lines


class Point(NamedTuple):
    """A point of a plot: all but its title are shares of the width or the height, from 0 to 1."""

    x: float
    y: float
    title: str
    low: float | None = None
    high: float | None = None


class Bar(NamedTuple):
    """A bar of a plot, or a week's scores: `height` is a share of the plot, `position` counts from the left.

    A pale bar counts too few to say much.
    """

    position: int
    height: float
    title: str
    pale: bool = False


class Tick(NamedTuple):
    """A label below a plot, at a share of its width."""

    x: float
    label: str


def tick_step(n: int, n_ticks: int) -> int:
    """Return the step from one labelled item to the next, so that about `n_ticks` of n are labelled."""
    return -(-n // n_ticks) or 1
