"""Which articles the aliases of a change would name tags in, and where, before they are saved."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from classifier.domain.decisions import Filed
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.reports.layout import plain
from classifier.reports.lint.aliases import AliasPlace, AliasUses, label_of
from classifier.reports.lint.names import Owner
from classifier.reports.lint.records import COUNTS
from classifier.reports.parts import DatedArticle
from classifier.reports.preview.records import AliasArticle, AliasCounts, AliasHits, PlaceInText
from classifier.text.fields import FIELDS
from classifier.text.reading import Reading

ADDED, REMOVED, CHANGED, MOVED = "added", "removed", "changed", "moved"
GAINED, LOST, STAYS, NOT_COUNTED = "gained", "lost", "stays", "does not count"
N_ARTICLES, N_OTHERS = 5, 2  # that an alias lists: those that it gains or loses, and others
N_PLACES = 3  # of an article that are listed
MAX_LISTING = 50  # aliases that list articles, those that only move last; the others are counted
AROUND = 40  # characters of the text that are shown on each side of a place


class Changed(NamedTuple):
    """An alias before and after a change, each with its tag. None: there is none on that side."""

    before: tuple[str, Alias] | None
    after: tuple[str, Alias] | None

    @property
    def kind(self) -> str:
        """What becomes of the alias."""
        if self.before is None or self.after is None:
            return REMOVED if self.after is None else ADDED
        return CHANGED if self.before[0] == self.after[0] else MOVED


def changed_aliases(tags: Iterable[str], before: Taxonomy, after: Taxonomy) -> list[Changed]:
    """Return the aliases of some tags that come, go, move to another tag or get another policy.

    An alias of a tag that is replaced, and whose heir has it already, moves to the heir.
    """
    had, has = (list(_aliases(tags, taxonomy)) for taxonomy in (before, after))
    same = set(had) & set(has)
    gone, new = ([each for each in side if each not in same] for side in (had, has))
    by_spelling: defaultdict[str, list[tuple[str, Alias]]] = defaultdict(list)
    for each in gone:
        by_spelling[spell(each[1].text)].append(each)
    pairs = []
    for tag, alias in new:
        candidates = by_spelling[spell(alias.text)]
        origin = next((each for each in candidates if each[0] == tag), candidates[0] if candidates else None)
        if origin is not None:
            candidates.remove(origin)
        pairs.append(Changed(origin, (tag, alias)))
    return pairs + [Changed(each, _of_heir(each, after)) for rest in by_spelling.values() for each in rest]


def _aliases(tags: Iterable[str], taxonomy: Taxonomy) -> Iterator[tuple[str, Alias]]:
    living = (tag for tag in map(taxonomy.by_id.get, tags) if tag is not None and not tag.retired)
    return ((tag.id, alias) for tag in living for alias in tag.aliases)


def _of_heir(gone: tuple[str, Alias], after: Taxonomy) -> tuple[str, Alias] | None:
    heir = after.by_id.get(after.paths.heir(gone[0]))
    if heir is None or heir.retired or heir.id == gone[0]:
        return None
    same = (alias for alias in heir.aliases if spell(alias.text) == spell(gone[1].text))
    return next(((heir.id, alias) for alias in same), None)


def words_of(changed: Iterable[Changed]) -> list[frozenset[str]]:
    """Return the words of each changed alias. Articles that have not all of those of one are read alike before and after."""
    sides = [side for each in changed for side in each if side is not None]
    spelt = [(spell(alias.text).split(), alias.whole_word) for _, alias in sides]
    return list({frozenset(words if is_whole else words[:-1]) for words, is_whole in spelt})


@dataclass
class _Hits:
    """What is counted of a changed alias."""

    counts: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    places: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    listed: list[AliasArticle] = field(default_factory=list)
    others: list[AliasArticle] = field(default_factory=list)


class AliasPass:
    """Counts changed aliases in articles that are shown to it, the newest first."""

    def __init__(
        self, changed: Sequence[Changed], uses: tuple[AliasUses, AliasUses], sides: Sequence[Taxonomy]
    ) -> None:
        """Take the changed aliases, and how aliases are found on both sides of the change."""
        self._changed, self._uses, self._sides = changed, uses, sides
        self._hits = [_Hits() for _ in changed]
        in_order = sorted(range(len(changed)), key=lambda number: changed[number].kind == MOVED)
        self._listing = frozenset(in_order[:MAX_LISTING])
        self._blind: set[str] = set()
        self._of_owner: list[dict[Owner, list[int]]] = [
            _by_owner([each[side] for each in changed], taxonomy) for side, taxonomy in enumerate(sides)
        ]

    def count(
        self,
        readings: tuple[Reading, Reading],
        found: Iterable[Iterable[AliasPlace]],
        filed: Filed,
        named: DatedArticle,
    ) -> None:
        """Count an article.

        Args:
            readings: before and after.
            found: the places of aliases before and after.
            filed: as it is after the change.
        """
        by_alias: dict[int, tuple[list[AliasPlace], list[AliasPlace]]] = defaultdict(lambda: ([], []))
        for side, places in enumerate(found):
            for place in places:
                for number in self._of_owner[side].get(place.owner, ()):
                    by_alias[number][side].append(place)
        if filed.blind:
            self._blind.add(filed.article.id)
        for number, of_sides in by_alias.items():
            self._count(number, of_sides, readings, filed, named)

    def _count(
        self,
        number: int,
        found: tuple[list[AliasPlace], list[AliasPlace]],
        readings: tuple[Reading, Reading],
        filed: Filed,
        named: DatedArticle,
    ) -> None:
        hits, changed = self._hits[number], self._changed[number]
        counted = [any(place.counts == COUNTS for place in places) for places in found]
        for side, places in enumerate(found):
            hits.places[side].update(place.counts for place in places)
            alias = changed[side]
            if counted[side] and alias is not None:
                label = label_of(filed, self._sides[1].paths.heir(alias[0]))
                hits.counts[side].update(("articles", {True: "has_tag", False: "lacks_tag", None: "unknown"}[label]))
        outcome = {(False, True): GAINED, (True, False): LOST, (True, True): STAYS}.get(
            (counted[0], counted[1]), NOT_COUNTED
        )
        hits.counts[1][outcome] += 1
        listed, most = (hits.listed, N_ARTICLES) if outcome in (GAINED, LOST) else (hits.others, N_OTHERS)
        if number in self._listing and len(listed) < most:
            tag = (changed.after or changed.before or ("",))[0]
            listed.append(
                {
                    "article_id": named.article,
                    "title": named.title,
                    "date": named.date,
                    "outcome": outcome,
                    "has_tag": label_of(filed, self._sides[1].paths.heir(tag)),
                    "places": _places(found, readings),
                    "appear": {},
                    "vanish": {},
                }
            )

    def listed(self) -> list[AliasArticle]:
        """Return the articles that are listed and whose suggestions may be seen."""
        listed = (article for hits in self._hits for article in (*hits.listed, *hits.others))
        return [article for article in listed if article["article_id"] not in self._blind]

    def rows(self) -> list[AliasHits]:
        """Return a row for each changed alias, those that change most first."""
        rows = [self._row(changed, hits) for changed, hits in zip(self._changed, self._hits, strict=True)]
        return sorted(rows, key=lambda row: -row["gained"] - row["lost"])

    def _row(self, changed: Changed, hits: _Hits) -> AliasHits:
        tag, alias = changed.after or changed.before or ("", Alias(""))
        return {
            "tag": tag,
            "alias": alias.text,
            "change": changed.kind,
            "from_tag": changed.before[0] if changed.kind == MOVED and changed.before else None,
            "before": self._counts(changed, hits, 0),
            "after": self._counts(changed, hits, 1),
            "gained": hits.counts[1][GAINED],
            "lost": hits.counts[1][LOST],
            "shared_with": self._sharing(changed),
            "articles": [*hits.listed, *hits.others],
        }

    def _sharing(self, changed: Changed) -> list[str]:
        """Return the other tags that have the same alias afterwards."""
        if changed.after is None:
            return []
        (owner,) = _by_owner([changed.after], self._sides[1])
        return [self._sides[1].tags[tag].id for tag in self._uses[1].names.sharing(owner, changed.after[1])]

    def _counts(self, changed: Changed, hits: _Hits, side: int) -> AliasCounts | None:
        if changed[side] is None:
            return None
        counts = hits.counts[side]
        return {
            "articles": counts["articles"],
            "has_tag": counts["has_tag"],
            "lacks_tag": counts["lacks_tag"],
            "places": dict(hits.places[side].most_common()),
        }


def _by_owner(aliases: Sequence[tuple[str, Alias] | None], taxonomy: Taxonomy) -> dict[Owner, list[int]]:
    """Return the numbers of aliases by their places in a taxonomy."""
    owners: dict[Owner, list[int]] = {}
    for number, each in enumerate(aliases):
        if each is not None:
            tag = taxonomy.positions[each[0]]
            owners.setdefault(Owner(tag, taxonomy.tags[tag].aliases.index(each[1])), []).append(number)
    return owners


def _places(found: tuple[list[AliasPlace], list[AliasPlace]], readings: tuple[Reading, Reading]) -> list[PlaceInText]:
    """Return the first places of an alias in an article, as both sides see them."""
    places: dict[tuple[int, int], PlaceInText] = {}
    for side, name in ((0, "before"), (1, "after")):
        for place in found[side]:
            mention = place.mention
            key = (mention.field, mention.start)
            if key not in places:
                places[key] = _quoted(place, readings[side])
            places[key][name] = place.counts  # type: ignore[literal-required]
    return [places[key] for key in sorted(places)][:N_PLACES]


def _quoted(place: AliasPlace, reading: Reading) -> PlaceInText:
    mention = place.mention
    content = reading.text.contents[mention.field]
    start, end = mention.start, mention.end
    left, right = content[max(start - AROUND, 0) : start], content[end : end + AROUND]
    return {
        "field": FIELDS[mention.field].name,
        # The blanks beside the place stay.
        "left": plain(f"{left}|", 2 * AROUND)[:-1],
        "text": plain(content[start:end], 2 * AROUND),
        "right": plain(f"|{right}", 2 * AROUND)[1:],
        "before": None,
        "after": None,
    }


def with_suggestions(
    articles: Iterable[AliasArticle], changes: Mapping[str, tuple[dict[str, float], dict[str, float]]]
) -> None:
    """Note on listed articles which suggestions appear and vanish, with their scores."""
    for article in articles:
        article["appear"], article["vanish"] = changes.get(article["article_id"], ({}, {}))
