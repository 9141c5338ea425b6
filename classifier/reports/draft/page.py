"""A draft as text: operations of a change set, each below a comment with what it rests on."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from classifier.reports.draft.records import AliasOf, Kept, Pair, TaxonomyDraft, Under, Used
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.parts import counted

_Row = TypeVar("_Row", bound=Used)
N_DROPPED = 20  # dropped names that are listed; JSON has all of them


def as_text(draft: TaxonomyDraft) -> str:
    """Return a draft as lines. Those that do not begin with # are operations."""
    return "\n".join([*_head(draft), *_sections(draft), ""])


def _head(draft: TaxonomyDraft) -> Iterator[str]:
    source = counted(draft.n_articles, "article") if draft.n_articles else "names alone"
    yield f"# Draft of a taxonomy from {source}: {counted(draft.n_names, 'name')}, used {counted(draft.n_uses, 'time')}."
    yield (
        f"# {len(draft.keep)} to keep ({draft.share_kept:.0%} of all uses), {len(draft.alias)} the same as another, "
        f"{len(draft.under)} under another, {len(draft.drop)} to leave out."
    )


def _sections(draft: TaxonomyDraft) -> Iterator[str]:
    blanket = (f"# {_shown(row.name)}: {row.share:.0%} of all articles" for row in draft.blanket)
    yield from _titled("On half of all articles or more. They say nothing: leave them out.", blanket)
    of_kept, of_rare = ([row for row in draft.alias if row.kept is kept] for kept in (True, False))
    least = f"Keep: {draft.least} articles or more, with those of all that are the same tag."
    yield from _titled(least, _rows(draft.keep, _kept))
    yield from _titled("The same tag, the surest first.", _rows(of_kept, _alias))
    versions = "Versions. Those with fewer articles are left to the tag that they are under."
    yield from _titled(versions, _rows(draft.under, _under))
    yield from _titled("Doubtful: decide yourself.", map(_question, draft.questions))
    yield from _titled("The same tag, of tags that are left out.", _rows(of_rare, _alias))
    yield from _titled("Leave out.", _left_out(draft.drop))


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section, nothing if it is empty."""
    rows = list(lines)
    if rows:
        yield from ("", f"# == {title}", *rows)


def _rows(rows: Iterable[_Row], comment: Callable[[_Row], str]) -> Iterator[str]:
    for row in rows:
        yield f"# {comment(row)}"
        if row.operation:
            yield row.operation


def _left_out(rows: Sequence[Used]) -> Iterator[str]:
    yield from _rows(rows[:N_DROPPED], _dropped)
    if len(rows) > N_DROPPED:
        yield f"# … and {len(rows) - N_DROPPED} more: --json lists them"


def _kept(row: Kept) -> str:
    return f"{_shown(row.name)}: {_uses(row)}"


def _alias(row: AliasOf) -> str:
    return f"{_shown(row.name)} ({_uses(row)}) is {_shown(row.of)}: {row.rule}; {_shown(row.why)}"


def _under(row: Under) -> str:
    return f"{_shown(row.name)} ({_uses(row)}) is under {_shown(row.under)}"


def _dropped(row: Used) -> str:
    return f"{_shown(row.name)}: {_uses(row)}"


def _question(pair: Pair) -> str:
    return f"# {_shown(pair.name)}, {_shown(pair.other)}: {pair.rule}; {_shown(pair.why)}"


def _uses(row: Used) -> str:
    return counted(row.n, "article")


def _shown(text: str) -> str:
    return plain(text, MAX_QUOTED)
