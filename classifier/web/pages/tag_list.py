"""The tags as rows of a list or a tree: found by a search, filtered, in an order, a page at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.reports.lint.kept import KeptFinding
from classifier.reports.uses import TagUse
from classifier.texts import N_
from classifier.web.texts import label_of

PAGE = 100  # rows of a page
_BETWEEN = " | "
N_NAMED = 12  # tags that a field offers
TREE, LIST = VIEWS = ("tree", "list")
STATUSES = ("living", "active", "muted", "retired", "all")
ORDERS = {"label": N_("Name"), "articles": N_("Most articles"), "last": N_("Longest unused")}
ORDERS |= {"accepted": N_("Least accepted")}


class Wanted(NamedTuple):
    """Which tags are asked for."""

    text: str = ""
    kind: str = ""
    status: str = "living"
    flagged: bool = False
    order: str = "label"
    view: str = TREE
    page: int = 1

    @property
    def is_tree(self) -> bool:
        """Whether the tags stand below those that they are under: only where nothing else gives an order."""
        is_whole = not (self.text or self.kind or self.flagged) and self.status == "living"
        return self.view == TREE and self.order == "label" and is_whole


@dataclass(frozen=True)
class Known:
    """What is known of how tags are used, by their ids."""

    uses: Mapping[str, TagUse] = field(default_factory=dict)
    findings: Mapping[str, Sequence[KeptFinding]] = field(default_factory=dict)


class Row(NamedTuple):
    """A tag of the list. `depth` is how many tags it is under, `is_above` says that it is repeated for those below it."""

    tag: Tag
    use: TagUse | None
    findings: Sequence[KeptFinding]
    depth: int = 0
    is_above: bool = False

    @property
    def share(self) -> float | None:
        """The share of its answered suggestions that were accepted, None if none was answered."""
        return self.use.accepted / self.use.answered if self.use is not None and self.use.answered else None


class Listed(NamedTuple):
    """A page of rows, how many there are in all, and how many pages."""

    rows: Sequence[Row]
    n: int
    n_pages: int


def listed(taxonomy: Taxonomy, wanted: Wanted, known: Known) -> Listed:
    """Return the page of the tags that are asked for."""
    if wanted.is_tree:
        places = list(_walk(taxonomy))
    else:
        found = (tag for tag in found_tags(taxonomy, wanted.text) if _is_wanted(tag, wanted, known))
        order = _ORDERS.get(wanted.order) if not (wanted.text and wanted.order == "label") else None
        tags = sorted(found, key=lambda tag: order(tag, known.uses.get(tag.id))) if order else list(found)
        places = [(tag, 0) for tag in tags]
    n_pages = max(1, -(-len(places) // PAGE))
    start = (min(wanted.page, n_pages) - 1) * PAGE
    above = _above(places, start) if start else []
    rows = [_row(tag, known, depth, True) for tag, depth in above]
    rows += [_row(tag, known, depth) for tag, depth in places[start : start + PAGE]]
    return Listed(rows, len(places), n_pages)


def _row(tag: Tag, known: Known, depth: int, is_above: bool = False) -> Row:
    return Row(tag, known.uses.get(tag.id), known.findings.get(tag.id, ()), depth, is_above)


def _is_wanted(tag: Tag, wanted: Wanted, known: Known) -> bool:
    is_of_status = {"living": not tag.retired, "all": True}.get(wanted.status, tag.status == wanted.status)
    is_of_kind = not wanted.kind or tag.kind == wanted.kind
    return is_of_status and is_of_kind and (not wanted.flagged or tag.id in known.findings)


_Key = Callable[[Tag, TagUse | None], tuple[object, ...]]
_ORDERS: dict[str, _Key] = {
    "label": lambda tag, use: (spell(label_of(tag)), tag.id),
    "articles": lambda tag, use: (-(use.articles if use else 0), spell(label_of(tag))),
    "last": lambda tag, use: ((use.last or "") if use else "", spell(label_of(tag))),
    "accepted": lambda tag, use: (
        use.accepted / use.answered if use and use.answered else 2.0,
        -use.answered if use else 0,
        spell(label_of(tag)),
    ),
}


def _walk(taxonomy: Taxonomy) -> Iterator[tuple[Tag, int]]:
    """Yield the living tags, each below the first living tag that it is under, with their depths."""
    living = sorted((tag for tag in taxonomy.tags if not tag.retired), key=lambda tag: (spell(label_of(tag)), tag.id))
    ids = {tag.id for tag in living}
    below: dict[str | None, list[Tag]] = {}
    for tag in living:
        below.setdefault(next((above for above in tag.broader if above in ids), None), []).append(tag)
    waiting = [(tag, 0) for tag in reversed(below.get(None, []))]
    while waiting:
        tag, depth = waiting.pop()
        yield tag, depth
        waiting += [(each, depth + 1) for each in reversed(below.get(tag.id, []))]


def _above(places: Sequence[tuple[Tag, int]], start: int) -> list[tuple[Tag, int]]:
    """Return the tags above the first one of a page, which stand on earlier pages."""
    if start >= len(places):
        return []
    found, depth = [], places[start][1]
    for tag, above in reversed(places[:start]):
        if above < depth:
            found.append((tag, above))
            depth = above
        if not depth:
            break
    return found[::-1]


# --- search ---


_Names = Sequence[tuple[Tag, str, str]]
_searchable: dict[str, _Names] = {}  # of the last taxonomy, by its version


def _names_of(taxonomy: Taxonomy) -> _Names:
    """Return each tag with the spelling of its label, and that of all its names."""
    rows = _searchable.get(taxonomy.version)
    if rows is None:
        rows = [(tag, spell(tag.label), _names(tag)) for tag in taxonomy.tags]
        _searchable.clear()
        _searchable[taxonomy.version] = rows
    return rows


def _names(tag: Tag) -> str:
    names = [tag.label, *(label for _, label in tag.labels), *(alias.text for alias in tag.aliases)]
    return _BETWEEN.join([tag.id, *dict.fromkeys(map(spell, names))])


def found_tags(taxonomy: Taxonomy, text: str) -> list[Tag]:
    """Return the tags with a text in one of their names: first those whose label is it, begins with it, or has it."""
    wanted = spell(text)
    if not wanted:
        return [] if text.strip() else list(taxonomy.tags)
    hits = [row for row in _names_of(taxonomy) if wanted in row[2]]

    def rank(row: tuple[Tag, str, str]) -> tuple[object, ...]:
        tag, label, _ = row
        return wanted not in (label, tag.id), not label.startswith(wanted), wanted not in label, tag.retired, label

    return [tag for tag, *_ in sorted(hits, key=rank)]


def tag_named(taxonomy: Taxonomy, name: str) -> Tag | None:
    """Return the tag that a person means: by its id, else the only living one with this label, else with this alias.

    Labels in the reader's language come first, because fields offer these.
    """
    name = name.strip()
    if name in taxonomy.by_id:
        return taxonomy.by_id[name]
    spelt = spell(name)
    hits = [row for row in _names_of(taxonomy) if spelt and spelt in row[2]]
    living = [(tag, label, names.split(_BETWEEN)) for tag, label, names in hits if not tag.retired]
    for same in (
        [tag for tag, *_ in living if label_of(tag) == name],
        [tag for tag, *_ in living if tag.label == name],
        [tag for tag, label, _ in living if label == spelt],
        [tag for tag, _, names in living if spelt in names],
    ):
        if len(same) == 1:
            return same[0]
    return None


def offered(taxonomy: Taxonomy, text: str) -> Iterable[Tag]:
    """Return the living tags that a field offers for what was typed."""
    return [tag for tag in found_tags(taxonomy, text) if not tag.retired][:N_NAMED]
