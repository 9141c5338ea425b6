"""The taxonomy: the closed list of tags that may be suggested, with their aliases and its version."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from classifier.domain.resolving import Paths
from classifier.domain.spelling import spell
from classifier.domain.tag_fields import Pairs, from_plain, to_plain
from classifier.errors import UnknownTag
from classifier.texts import _

TAG_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
BLOCKED_WITHIN = 10


@dataclass(frozen=True)
class Alias:
    """A way the text names a tag, and when an occurrence counts.

    `needs`: one of these phrases must occur within `needs_within` words (None: anywhere in the article).
    `blocked`: none of these may occur within `blocked_within` words (None: anywhere).
    """

    text: str
    case_exact: bool = False
    whole_word: bool = True
    weak: bool = False
    shared: bool = False
    needs: tuple[str, ...] = ()
    needs_within: int | None = None
    blocked: tuple[str, ...] = ()
    blocked_within: int | None = BLOCKED_WITHIN
    since: str | None = None
    until: str | None = None
    lang: str | None = None  # None: of any language


@dataclass(frozen=True)
class Kind:
    """What the tags of a kind have in common. Of an exclusive kind at most one tag is suggested.

    The names of a `named` kind, as those of groups and places, are names in texts of every language. `lang` is the language of
    the other aliases that name none: see `domain.naming`.
    """

    exclusive: bool = False
    label_is_alias: bool = True
    named: bool = False
    lang: str | None = None


@dataclass(frozen=True)
class Tag:
    """An entry of the taxonomy.

    `label` and `note` are in the main language, `labels` and `notes` in others. `matches` are URIs of the same or a similar
    thing elsewhere, `uri` and `notation` are the tag's own in a vocabulary. `parts` are the tags that it was split into. A tag with `caution` is never added without an editor, and if
    it is a number, only suggested from this score on. `threshold` is the score from which on a person wants the tag suggested,
    None for the one that training chose. `origin` is the tag that it was made from by a rename or a split: what
    was known of that one is known of this one. `retired_at` is the moment in UTC from which on decisions say `replaced_by`.
    """

    id: str
    label: str
    kind: str = "theme"
    broader: tuple[str, ...] = ()
    status: str = "active"
    replaced_by: str | None = None
    note: str = ""
    created: str | None = None
    aliases: tuple[Alias, ...] = ()
    labels: Pairs = ()
    notes: Pairs = ()
    related: tuple[str, ...] = ()
    matches: Pairs = ()
    uri: str | None = None
    notation: str | None = None
    parts: tuple[str, ...] = ()
    caution: bool | float = False
    threshold: float | None = None
    origin: str | None = None
    retired_at: str | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of a pickle. In those of earlier versions `broader` is one id or None."""
        broader = state.get("broader")
        vars(self).update(state, broader=(broader,) if isinstance(broader, str) else broader or ())

    @property
    def active(self) -> bool:
        """Whether the tag may be suggested."""
        return self.status == "active"

    @property
    def retired(self) -> bool:
        """Whether the tag may no longer be added."""
        return self.status == "retired"


@dataclass(frozen=True)
class Taxonomy:
    """The tags in their order, and the kinds."""

    tags: tuple[Tag, ...]
    kinds: dict[str, Kind] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Tag]:
        """The tags by their ids."""
        return {tag.id: tag for tag in self.tags}

    @cached_property
    def positions(self) -> dict[str, int]:
        """The places of the tags in their order, by their ids."""
        return {tag.id: position for position, tag in enumerate(self.tags)}

    @cached_property
    def version(self) -> str:
        """A digest of the content: the same content has the same version."""
        return "t-" + hashlib.sha256(self.as_text.encode()).hexdigest()[:12]

    @property
    def as_text(self) -> str:
        """The taxonomy as the text of `to_json`, of which each tag is made once."""
        kinds = json.dumps({name: kind_to_json(kind) for name, kind in self.kinds.items()}, sort_keys=True)
        return f'{{"kinds": {kinds}, "tags": [{", ".join(map(_text_of, self.tags))}]}}'

    def tag(self, tag_id: str) -> Tag:
        """Return the tag of an id, or raise `UnknownTag`."""
        try:
            return self.by_id[tag_id]
        except KeyError:
            raise UnknownTag(_("The taxonomy has no tag %(tag)s.", tag=repr(tag_id[:80]))) from None

    @cached_property
    def paths(self) -> Paths:
        """How ids lead to living tags."""
        return Paths(self.by_id)

    def replacement_of(self, tag_id: str) -> str | None:
        """Return the only living tag that an id is read as: itself, or its heir if it is retired, or None."""
        living = self.paths.living(tag_id)
        return living[0] if len(living) == 1 else None

    def __hash__(self) -> int:
        """Return the same number for the same content."""
        return hash(self.version)

    def __getstate__(self) -> dict[str, object]:
        """Return what a pickle keeps: not what was computed from it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def json_of(self, tag_id: str) -> dict[str, object] | None:
        """Return a tag as plain JSON, None if there is none."""
        return tag_to_json(self.by_id[tag_id]) if tag_id in self.by_id else None

    def filled_kinds(self, tag_ids: Iterable[str]) -> set[str]:
        """Return the exclusive kinds of some tags: no other tag of these kinds is suggested beside them."""
        tags = (self.by_id[tag_id] for tag_id in tag_ids if tag_id in self.by_id)
        return {tag.kind for tag in tags if self.exclusive(tag)}

    def exclusive(self, tag: Tag) -> bool:
        """Whether at most one tag of this tag's kind is suggested."""
        return self.kinds.get(tag.kind, Kind()).exclusive

    @cached_property
    def exclusive_kinds(self) -> list[list[int]]:
        """The positions of the tags of each exclusive kind."""
        return [
            [position for position, tag in enumerate(self.tags) if tag.kind == name]
            for name, kind in self.kinds.items()
            if kind.exclusive and any(tag.kind == name for tag in self.tags)
        ]

    @cached_property
    def positions_by_kind(self) -> list[list[int]]:
        """The positions of the tags of each kind."""
        by_kind: dict[str, list[int]] = {}
        for position, tag in enumerate(self.tags):
            by_kind.setdefault(tag.kind, []).append(position)
        return list(by_kind.values())

    def to_json(self) -> dict[str, object]:
        """Return the taxonomy as plain JSON, without what is at its default."""
        kinds = {name: kind_to_json(kind) for name, kind in self.kinds.items()}
        return {"kinds": kinds, "tags": [tag_to_json(tag) for tag in self.tags]}


def ids_in(tag: Tag, field_name: str) -> tuple[str, ...]:
    """Return the ids that a field of a tag names."""
    value = getattr(tag, field_name)
    return value if isinstance(value, tuple) else (value,) if value is not None else ()


def leads_back(by_id: Mapping[str, Tag], tag_id: str, field_name: str) -> bool:
    """Return whether a field that names tags leads from a tag back to itself."""
    passed, waiting = set[str](), list(ids_in(by_id[tag_id], field_name))
    while waiting:
        above = waiting.pop()
        if above == tag_id:
            return True
        if above in by_id and above not in passed:
            passed.add(above)
            waiting += ids_in(by_id[above], field_name)
    return False


def tag_to_json(tag: Tag) -> dict[str, object]:
    """Return a tag as plain JSON, without what is at its default."""
    entry = {name: to_plain(name, value) for name, value in _without_defaults(tag).items()}
    if tag.aliases:
        entry["aliases"] = list(map(alias_to_json, tag.aliases))
    return entry


_texts: dict[int, tuple[Tag, str]] = {}  # by the identity of tags: most of a large taxonomy stays the same
_MOST_TEXTS = 20_000


def _text_of(tag: Tag) -> str:
    """Return the text of a tag's JSON, made once for each tag that was not changed."""
    kept, text = _texts.get(id(tag), (None, ""))
    if kept is not tag:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        text = json.dumps(tag_to_json(tag), sort_keys=True)
        _texts[id(tag)] = tag, text
    return text


def kind_to_json(kind: Kind) -> dict[str, object]:
    """Return a kind as plain JSON, without what is at its default."""
    return _without_defaults(kind)


def alias_to_json(alias: Alias) -> dict[str, object]:
    """Return an alias as plain JSON, without what is at its default."""
    return _without_defaults(alias)


def tag_from_json(entry: Mapping[str, Any]) -> Tag:
    """Return the tag that `tag_to_json` wrote. Raise `ValueError` or `TypeError` if it is none."""
    values = {name: from_plain(name, value) for name, value in entry.items() if name != "aliases"}
    return Tag(**values, aliases=tuple(map(alias_from_json, entry.get("aliases", ()))))


def _without_defaults(entry: Kind | Tag | Alias) -> dict[str, object]:
    return {f.name: value for f in fields(entry) if (value := getattr(entry, f.name)) != f.default}


def taxonomy_from_json(data: dict[str, Any]) -> Taxonomy:
    """Return the taxonomy that `Taxonomy.to_json` wrote."""
    return Taxonomy(
        tuple(map(tag_from_json, data["tags"])), {name: Kind(**kind) for name, kind in data["kinds"].items()}
    )


def alias_from_json(alias: Mapping[str, Any]) -> Alias:
    """Return the alias of plain JSON. Raise `TypeError` if it has unknown fields."""
    return Alias(**{**alias, **{name: tuple(alias[name]) for name in ("needs", "blocked") if name in alias}})


def taxonomy_of(tag_ids: Iterable[str]) -> Taxonomy:
    """Return a taxonomy for an archive that has none: each id is a tag whose label, its words, is its alias."""
    tags = []
    for tag_id in sorted(set(tag_ids)):
        label = tag_id.replace("-", " ").strip() or tag_id
        aliases = (Alias(label),) if spell(label) else ()
        tags.append(Tag(tag_id, label, aliases=aliases))
    return Taxonomy(tuple(tags), {"theme": Kind()})


def id_for(name: str) -> str:
    """Return the id for a name: a-z, 0-9 and hyphens. It is "" if nothing of the name is left."""
    return re.sub(r"[^a-z0-9]+", "-", spell(name).encode("ascii", "ignore").decode())[:80].strip("-")
