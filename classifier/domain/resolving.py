"""Reading ids through the taxonomy of now: the one place that follows replacements.

Nothing is rewritten when tags are merged, renamed or split: what was written keeps its id, and is read as this module says.
A merged tag is the three-valued OR of its parts as they stood at the merge, and decisions after it count alone. A split is the
same read backwards: what lacked the whole lacks the parts, and of what had it each part is unknown until somebody decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Tag, Taxonomy

POSITIVE, NEGATIVE, UNKNOWN = 1, 0, -1


def resolve(tag_id: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the living tags that an id is read as: itself, its heir, or the parts of a split. () if there are none."""
    return taxonomy.paths.living(tag_id)


def heir_of(tag_id: str, taxonomy: Taxonomy) -> str:
    """Return the living tag that stands in the place of an id, or if that is not one, the last that took its place."""
    return taxonomy.paths.heir(tag_id)


def written_as(tag_id: str, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Return the ids that are read as a living tag alone: itself, and all that were merged into it or renamed to it."""
    return taxonomy.paths.written_as(tag_id)


def resolved(labels: Mapping[str, int], taxonomy: Taxonomy) -> dict[str, int]:
    """Return the labels of an article by living and by unresolved ids, from what was said under any id.

    Labels are POSITIVE, NEGATIVE or UNKNOWN. A tag without any is not spoken of: it is negative if the article's tags are
    complete, and else unknown.
    """
    return taxonomy.paths.resolved(labels)


class PastMerge(NamedTuple):
    """A merge or rename that was undone, or ended by a revival: the tag, its heir, and the moments between which it stood."""

    tag: str
    heir: str
    since: str
    until: str = "~"  # behind all moments
    is_rename: bool = False


class Span(NamedTuple):
    """The decisions on a tag that were made after a moment and, unless that is None, before another one."""

    tag: str
    after: str
    until: str | None


class Paths:
    """How the ids of a taxonomy lead to living tags."""

    def __init__(
        self,
        by_id: Mapping[str, Tag],
        past: Iterable[PastMerge] = (),
        since: Mapping[str, str] | None = None,
        since_split: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Take the tags, the merges that have ended, for the decisions made while they stood, and since when others stand.

        `since` differs from `retired_at` where a merge was undone, and that undo was undone. `since_split` are the tags that
        were merged into a tag after it was split: where nothing is known of it, they count as merged before.
        """
        self._by_id, self._since, self._since_split = by_id, since or {}, since_split or {}
        self._living: dict[str, tuple[str, ...]] = {}
        self._merged: dict[str, list[str]] = {}  # the tags that each tag directly replaces
        self._wholes: dict[str, list[str]] = {}  # the tags that were split into each tag
        self._spans: dict[str, list[tuple[str, str, str | None]]] = {}  # since when and until when tags were merged
        self._renamed: dict[str, str] = {}  # the tags by ids that they had until a rename was undone
        self._past: dict[str, list[str]] = {}  # the tags that were merged into each tag until that was undone
        for merge in past:
            self._past.setdefault(merge.heir, []).append(merge.tag)
            self._spans.setdefault(merge.heir, []).append((merge.tag, merge.since, merge.until))
            if merge.is_rename and merge.heir not in by_id and merge.tag in by_id:
                self._renamed[merge.heir] = merge.tag
        for tag in by_id.values():
            if tag.retired and tag.replaced_by in self._by_id and not self._is_in_circle(tag):
                self._merged.setdefault(str(tag.replaced_by), []).append(tag.id)
            if tag.replaced_by is not None and tag.retired and (moment := self._merged_at(tag)) is not None:
                self._spans.setdefault(tag.replaced_by, []).append((tag.id, moment, None))
            for part in tag.parts:
                self._wholes.setdefault(part, []).append(tag.id)

    def _is_in_circle(self, tag: Tag) -> bool:
        last = self._by_id[(tag.id, *self.chain(tag.id))[-1]]
        return last.retired and last.replaced_by == tag.id

    @cached_property
    def _bound(self) -> frozenset[str]:
        """The ids whose labels depend on other ids, or other ids' on them."""
        pairs = [*self._merged.items(), *self._wholes.items(), *((tag, [gone]) for gone, tag in self._renamed.items())]
        return frozenset(tag_id for heir, others in pairs for tag_id in (heir, *others))

    @property
    def is_plain(self) -> bool:
        """Whether every id is read as itself."""
        return not self._bound

    def living(self, tag_id: str) -> tuple[str, ...]:
        """Return the living tags that an id is read as."""
        if tag_id not in self._living:
            self._living[tag_id] = tuple(dict.fromkeys(self._walk(tag_id, set())))
        return self._living[tag_id]

    def _walk(self, tag_id: str, passed: set[str]) -> Iterable[str]:
        tag = self._by_id.get(tag_id := self._renamed.get(tag_id, tag_id))
        if tag is None or tag_id in passed:
            return
        if not tag.retired:
            yield tag_id
            return
        for onward in (tag.replaced_by,) if tag.replaced_by else tag.parts:
            yield from self._walk(onward, passed | {tag_id})

    def heir(self, tag_id: str) -> str:
        """Return the only living tag that an id is read as, or the last that took its place, or the id."""
        tag = self._by_id.get(tag_id := self._renamed.get(tag_id, tag_id))
        if tag is None or not tag.retired:
            return tag_id
        living = self.living(tag_id)
        return living[0] if len(living) == 1 else (tag_id, *self.chain(tag_id))[-1]

    def chain(self, tag_id: str) -> tuple[str, ...]:
        """Return the tags that replaced a retired tag one after another. Circles end."""
        ids, tag = [tag_id], self._by_id.get(tag_id)
        while tag is not None and tag.retired and tag.replaced_by in self._by_id and tag.replaced_by not in ids:
            tag = self._by_id[str(tag.replaced_by)]
            ids.append(tag.id)
        return tuple(ids[1:])

    def written_as(self, tag_id: str) -> tuple[str, ...]:
        """Return an id and all that lead to it alone."""
        ids = [tag_id]
        for written in ids:  # it grows
            earlier = (*self._merged.get(written, ()), *self.gone_ids_of(written))
            ids += [each for each in earlier if each not in ids]
        return tuple(ids)

    def gone_ids_of(self, tag_id: str) -> list[str]:
        """Return the ids that a tag had until a rename was undone."""
        return [gone for gone, present in self._renamed.items() if present == tag_id]

    def at(self, tag_id: str, moment: str) -> str:
        """Return the id for which a decision of a moment counts: a retired tag's heir, once it was retired.

        A new id that was taken back counts for the old one.
        """
        passed: set[str] = set()
        tag_id = self._renamed.get(tag_id, tag_id)
        while (tag := self._by_id.get(tag_id)) is not None and self._was_replaced(tag, moment) and tag_id not in passed:
            passed.add(tag_id)
            tag_id = str(tag.replaced_by)
        return tag_id

    def overruled(self, tag_id: str, moment: str) -> list[str]:
        """Return the ids that were merged into a tag when it was decided on: what had been said of them counts no more.

        A decision that takes the tag is one on them too, also if the merge was undone since.
        """
        ids = [tag_id]
        for heir in ids:  # it grows
            spans = self._spans.get(heir, ())
            ids += [tag for tag, since, until in spans if since < moment < (until or "~") and tag not in ids]
        return ids[1:]

    def were_merged_into(self, tag_id: str) -> tuple[str, ...]:
        """Return the tags that were merged into a tag until that was undone."""
        return tuple(dict.fromkeys(self._past.get(tag_id, ())))

    def counted(self, tag_id: str) -> list[Span]:
        """Return the decisions that count for an id: what `at` says, read backwards."""
        if tag_id in self._renamed:
            return []
        tag = self._by_id.get(tag_id)
        until = self._merged_at(tag) if tag is not None and tag.retired and tag.replaced_by is not None else None
        spans = [Span(tag_id, "", until)]
        for written, after, _ in spans:  # it grows
            for earlier in self._merged.get(written, ()):
                if (moment := self._merged_at(self._by_id[earlier])) is not None:
                    spans.append(Span(earlier, max(after, moment), until))
            spans += [Span(gone, after, until) for gone in self.gone_ids_of(written)]
        return spans

    def overruling(self, tag_id: str) -> list[Span]:
        """Return the decisions on other tags that are ones on a tag too if they take them: `overruled`, read backwards."""
        spans = [Span(tag_id, "", None)]
        for tag, after, until in spans:  # it grows
            for heir, since, end in self._heirs.get(tag, ()):
                span = Span(heir, max(after, since), min(until or "~", end or "~"))
                if span.after < (span.until or "~") and span not in spans:
                    spans.append(span)
        return spans[1:]

    @cached_property
    def _heirs(self) -> dict[str, list[Span]]:
        """The tags into which each tag was merged, and when."""
        heirs: dict[str, list[Span]] = {}
        for heir, merged in self._spans.items():
            for tag, since, until in merged:
                heirs.setdefault(tag, []).append(Span(heir, since, until))
        return heirs

    def is_plain_for(self, tag_id: str) -> bool:
        """Return whether labels of a tag are those of its id alone."""
        return tag_id not in self._bound and len(self.counted(tag_id)) == 1 and not self.overruling(tag_id)

    def parted(self, tag_id: str, moment: str) -> list[str]:
        """Return the tags that were read as a tag at a moment, and stand for themselves again since an undo."""
        spans = self._spans.get(tag_id, ())
        return [tag for tag, since, until in spans if until is not None and since < moment < until]

    def _was_replaced(self, tag: Tag, moment: str) -> bool:
        since = self._merged_at(tag)
        return tag.retired and tag.replaced_by is not None and since is not None and since < moment

    def _merged_at(self, tag: Tag) -> str | None:
        return self._since.get(tag.id, tag.retired_at)

    def resolved(self, labels: Mapping[str, int]) -> dict[str, int]:
        """Return the labels of an article by living and by unresolved ids."""
        if self._bound.isdisjoint(labels):
            return dict(labels)
        return {tag_id: label for tag_id, label in self.with_resolved(labels).items() if self._stays(tag_id)}

    def with_resolved(self, labels: Mapping[str, int]) -> dict[str, int]:
        """Return the same with the labels of retired tags, as they stood when the tags were retired."""
        bound = [tag_id for tag_id in labels if tag_id in self._bound]
        if not bound:
            return dict(labels)
        reached = dict.fromkeys(target for tag_id in bound for target in self._reached(tag_id))
        table = _Table(labels, self)
        apart = {tag_id: label for tag_id, label in labels.items() if tag_id not in reached}
        return apart | {each: label for each in reached if (label := table.label(each)) is not None}

    def _reached(self, tag_id: str) -> Iterable[str]:
        """Return the tags whose labels depend on that of a tag."""
        found = [tag_id]
        for each in found:  # it grows
            tag = self._by_id.get(each)
            onward = (*([tag.replaced_by] * tag.retired), *tag.parts) if tag is not None else (self._renamed[each],)
            found += [other for other in onward if other is not None and other in self._by_id and other not in found]
        return found

    def _stays(self, tag_id: str) -> bool:
        return self.heir(tag_id) == tag_id

    def merged_into(self, tag_id: str) -> Sequence[str]:
        """Return the tags that a tag directly replaces."""
        return self._merged.get(tag_id, ())

    def merged_before_split(self, tag_id: str) -> Sequence[str]:
        """Return the tags that a tag directly replaces, but for its own parts, what these were merged into, and later ones."""
        tag = self._by_id.get(tag_id)
        parts = frozenset(tag.parts if tag is not None else ())
        later = self._since_split.get(tag_id, ())
        merged = [tag for tag in self.merged_into(tag_id) if tag not in later]
        return [earlier for earlier in merged if parts.isdisjoint(self.written_as(earlier))] if parts else merged

    def renamed_from(self, tag_id: str) -> str | None:
        """Return the tag that a tag was before it got this id, None if it was not renamed."""
        tag = self._by_id.get(tag_id)
        origin = self._by_id.get(tag.origin) if tag is not None and tag.origin is not None else None
        is_same = origin is not None and origin.id in self.merged_into(tag_id) and tag_id not in origin.parts
        return origin.id if origin is not None and is_same else None

    def wholes_of(self, tag_id: str) -> Sequence[str]:
        """Return the tags that were split into a tag and others."""
        return self._wholes.get(tag_id, ())

    def tag(self, tag_id: str) -> Tag | None:
        """Return the tag of an id, None if there is none."""
        return self._by_id.get(tag_id)


class _Table:
    """The labels of one article, each computed once. None stands for a tag that is not spoken of."""

    def __init__(self, labels: Mapping[str, int], paths: Paths) -> None:
        self._said, self._paths = labels, paths
        self._known: dict[str, int | None] = {}

    def label(self, tag_id: str) -> int | None:
        if tag_id not in self._known:
            self._known[tag_id] = None  # where a circle would come back to it
            self._known[tag_id] = self._merged(tag_id)
        return self._known[tag_id]

    def _merged(self, tag_id: str) -> int | None:
        label, same = self._part(tag_id), self._paths.renamed_from(tag_id)
        earlier = [tag for tag in self._paths.merged_into(tag_id) if tag != same]
        return _either([label, *map(self.label, earlier)]) if earlier else label

    def _part(self, tag_id: str) -> int | None:
        said, tag = self._by_itself(tag_id), self._paths.tag(tag_id)
        wholes = self._paths.wholes_of(tag_id)
        if said is not None or tag is None or not wholes:
            return said
        of_whole = {whole: self._whole(whole) for whole in wholes}
        if any(
            label == UNKNOWN or (label == POSITIVE and not self._chosen(whole)) for whole, label in of_whole.items()
        ):
            return UNKNOWN
        return NEGATIVE if tag.origin is not None and of_whole.get(tag.origin) == NEGATIVE else None

    def _by_itself(self, tag_id: str) -> int | None:
        ids, same = (tag_id, *self._paths.gone_ids_of(tag_id)), self._paths.renamed_from(tag_id)
        said = next((self._said[each] for each in ids if each in self._said), None)
        return self.label(same) if said is None and same is not None else said

    def _whole(self, tag_id: str) -> int | None:
        """Return the label of a tag when it was split, before any of its parts was merged into it."""
        earlier = self._paths.merged_before_split(tag_id)
        if len(earlier) == len(self._paths.merged_into(tag_id)):
            return self.label(tag_id)
        return _either([self._part(tag_id), *map(self.label, earlier)])

    def _chosen(self, whole: str) -> bool:
        tag = self._paths.tag(whole)
        return tag is not None and any(self._said.get(part) == POSITIVE for part in tag.parts)


def _either(labels: Sequence[int | None]) -> int | None:
    if POSITIVE in labels:
        return POSITIVE
    if UNKNOWN in labels:
        return UNKNOWN
    return NEGATIVE if None not in labels else None
