"""The taxonomy: the closed list of tags that may be suggested, with their aliases and its version.

Read from YAML and checked as a whole: every problem is reported at once, each with its line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from classifier.domain.spelling import spell, spelled_words
from classifier.errors import BadTaxonomy, UnknownTag

TAG_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
DAY = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")  # or a month, or a year
STATUSES = ("active", "muted", "retired")
BLOCKED_WITHIN = 10
# Words that stand in nearly every article; as an alias they would fire everywhere unless the case tells them apart.
_COMMON = frozenset(
    [
        "a",
        "about",
        "after",
        "all",
        "also",
        "an",
        "and",
        "any",
        "are",
        "army",
        "as",
        "at",
        "attack",
        "attacks",
        "authorities",
        "be",
        "been",
        "before",
        "being",
        "border",
        "but",
        "by",
        "can",
        "city",
        "could",
        "country",
        "court",
        "day",
        "did",
        "do",
        "during",
        "east",
        "first",
        "for",
        "force",
        "forces",
        "former",
        "from",
        "front",
        "government",
        "group",
        "groups",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "last",
        "leader",
        "leaders",
        "local",
        "man",
        "many",
        "members",
        "men",
        "military",
        "militants",
        "million",
        "minister",
        "more",
        "most",
        "movement",
        "national",
        "near",
        "new",
        "no",
        "north",
        "not",
        "now",
        "of",
        "off",
        "officials",
        "on",
        "one",
        "only",
        "or",
        "other",
        "out",
        "over",
        "people",
        "police",
        "president",
        "report",
        "resistance",
        "said",
        "say",
        "says",
        "security",
        "she",
        "since",
        "so",
        "soldiers",
        "some",
        "south",
        "state",
        "states",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "three",
        "time",
        "to",
        "told",
        "troops",
        "two",
        "under",
        "until",
        "up",
        "war",
        "was",
        "we",
        "week",
        "were",
        "west",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "women",
        "world",
        "would",
        "year",
        "years",
        "you",
    ]
)


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


@dataclass(frozen=True)
class Kind:
    """What the tags of one kind have in common; of an exclusive kind at most one tag is suggested."""

    exclusive: bool = False
    label_is_alias: bool = True


@dataclass(frozen=True)
class Tag:
    """An entry of the taxonomy."""

    id: str
    label: str
    kind: str = "theme"
    broader: str | None = None
    status: str = "active"
    replaced_by: str | None = None
    note: str = ""
    created: str | None = None
    aliases: tuple[Alias, ...] = ()

    @property
    def active(self) -> bool:
        """Whether the tag may be suggested."""
        return self.status == "active"

    @property
    def retired(self) -> bool:
        """Whether the tag may not be given any more."""
        return self.status == "retired"


@dataclass(frozen=True)
class Taxonomy:
    """Tags in their order, the kinds, and what follows from them."""

    tags: tuple[Tag, ...]
    kinds: dict[str, Kind] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Tag]:
        """The tags by their ids."""
        return {tag.id: tag for tag in self.tags}

    @cached_property
    def version(self) -> str:
        """A digest of all that the taxonomy says: the same content has the same version."""
        return "t-" + hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:12]

    def tag(self, tag_id: str) -> Tag:
        """Return the tag of an id, or raise `UnknownTag` with the nearest ids."""
        try:
            return self.by_id[tag_id]
        except KeyError:
            raise UnknownTag(f"The taxonomy has no tag {tag_id[:80]!r}.") from None

    @cached_property
    def replacements(self) -> dict[str, tuple[str, ...]]:
        """The tags that took the place of each replaced tag, in order; the last is the first that is not retired.

        Taxonomies of older models may have circles of replacements; each tag of a circle comes once.
        """
        return {tag.id: self._followed(tag) for tag in self.tags if tag.retired and tag.replaced_by in self.by_id}

    def _followed(self, tag: Tag) -> tuple[str, ...]:
        chain = [tag.id]
        while tag.retired and tag.replaced_by in self.by_id and tag.replaced_by not in chain:
            tag = self.by_id[tag.replaced_by]
            chain.append(tag.id)
        return tuple(chain[1:])

    def replacement_of(self, tag_id: str) -> str | None:
        """Return the tag that a tag is read as: itself, or the end of its replacements if it is retired.

        None if it is retired and no tag that is not retired replaces it, or if the taxonomy lacks it.
        """
        last = self.by_id.get((tag_id, *self.replacements.get(tag_id, ()))[-1])
        return None if last is None or last.retired else last.id

    def exclusive(self, tag: Tag) -> bool:
        """Whether at most one tag of this tag's kind is suggested."""
        return self.kinds.get(tag.kind, Kind()).exclusive

    @cached_property
    def exclusive_kinds(self) -> list[list[int]]:
        """The places of the tags of each exclusive kind."""
        return [
            [place for place, tag in enumerate(self.tags) if tag.kind == name]
            for name, kind in self.kinds.items()
            if kind.exclusive and any(tag.kind == name for tag in self.tags)
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the taxonomy as plain JSON, without what is at its default."""
        kinds = {name: _without_defaults(kind) for name, kind in self.kinds.items()}
        tags = [
            {
                **_without_defaults(tag),
                **({"aliases": [_without_defaults(a) for a in tag.aliases]} if tag.aliases else {}),
            }
            for tag in self.tags
        ]
        return {"kinds": kinds, "tags": tags}


def _without_defaults(thing: Any) -> dict[str, Any]:
    defaults = {f.name: f.default for f in fields(thing)}
    return {key: value for key, value in asdict(thing).items() if value != defaults[key]}


def taxonomy_from_json(data: dict[str, Any]) -> Taxonomy:
    """Return the taxonomy that `Taxonomy.to_json` wrote."""
    tags = []
    for entry in data["tags"]:
        aliases = tuple(_alias_from_json(alias) for alias in entry.get("aliases", ()))
        tags.append(Tag(**{**entry, "aliases": aliases}))
    return Taxonomy(tuple(tags), {name: Kind(**kind) for name, kind in data["kinds"].items()})


def _alias_from_json(data: dict[str, Any]) -> Alias:
    contexts: dict[str, Any] = {key: tuple(data[key]) for key in ("needs", "blocked") if key in data}
    return Alias(**{**data, **contexts})


def taxonomy_of(tag_ids: Iterable[str]) -> Taxonomy:
    """Return a taxonomy for an archive that has none: each id is a tag whose label, its words, is its alias."""
    tags = []
    for tag_id in sorted(set(tag_ids)):
        label = tag_id.replace("-", " ").strip() or tag_id
        aliases = (Alias(label),) if spell(label) else ()
        tags.append(Tag(tag_id, label, aliases=aliases))
    return Taxonomy(tuple(tags), {"theme": Kind()})


def id_for(name: str) -> str:
    """Return the id of a tag that is called by a name: a-z, 0-9 and hyphens; "" where nothing of the name is left."""
    return re.sub(r"[^a-z0-9]+", "-", spell(name).encode("ascii", "ignore").decode())[:80].strip("-")


# --- reading YAML -----------------------------------------------------------------------------------------------


def read_taxonomy(path: Path) -> Taxonomy:
    """Return the taxonomy of a YAML file.

    Raises:
        BadTaxonomy: with every problem and its line.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise BadTaxonomy(str(path), [f"cannot be read: {error.strerror}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadTaxonomy(str(path), [" ".join(str(error).split())]) from None
    reader = _Reader()
    taxonomy = reader.taxonomy(root)
    reader.check_whole(taxonomy)
    if reader.problems:
        raise BadTaxonomy(str(path), [text for _, text in sorted(reader.problems)])
    return taxonomy


class _Reader:
    """Turns YAML nodes into a taxonomy and collects what is wrong, line by line."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []
        self.lines: dict[str, int] = {}  # tag id -> line
        self.alias_lines: dict[tuple[str, str], int] = {}  # (tag id, alias) -> line

    def problem(self, node: yaml.Node | int, text: str) -> None:
        line = node if isinstance(node, int) else node.start_mark.line + 1
        self.problems.append((line, f"line {line}: {text}"))

    def taxonomy(self, root: yaml.Node | None) -> Taxonomy:
        if not isinstance(root, yaml.MappingNode):
            self.problem(root or 1, "a taxonomy is a mapping with `kinds` and `tags`")
            return Taxonomy(())
        top = self.mapping(root, {"kinds", "tags"})
        kinds = {name: self.kind(node) for name, node in self.pairs(top.get("kinds"))}
        nodes = self.items(top.get("tags"), "tags")
        tags = [tag for node in nodes if (tag := self.tag(node, kinds)) is not None]
        if not tags and not self.problems:
            self.problem(root, "`tags` is empty")
        return Taxonomy(tuple(tags), kinds)

    def kind(self, node: yaml.Node) -> Kind:
        return Kind(
            **{key: self.flag(value) for key, value in self.mapping(node, {"exclusive", "label_is_alias"}).items()}
        )

    def tag(self, node: yaml.Node, kinds: dict[str, Kind]) -> Tag | None:
        allowed = {f.name for f in fields(Tag)} | {"label_is_alias"}
        entry = self.mapping(node, allowed)
        texts = {key: self.text(value) for key, value in entry.items() if key not in ("aliases", "label_is_alias")}
        if tag_id := texts.get("id"):
            if tag_id in self.lines:
                self.problem(entry["id"], f"the id {tag_id!r} stands in line {self.lines[tag_id]} too")
            self.lines.setdefault(tag_id, entry["id"].start_mark.line + 1)
        for key in ("id", "label", "kind"):
            if not texts.get(key):
                self.problem(node, f"a tag without `{key}`")
                return None
        if not TAG_ID.fullmatch(texts["id"]):
            self.problem(entry["id"], f"id {texts['id']!r} must be of a-z, 0-9 and hyphens")
        if texts["kind"] not in kinds:
            self.problem(entry["kind"], f"kind {texts['kind']!r} is not one of {', '.join(kinds) or '(no kinds)'}")
        if texts.get("status", "active") not in STATUSES:
            self.problem(entry["status"], f"status {texts['status']!r} is not one of {', '.join(STATUSES)}")
        if not DAY.fullmatch(texts.get("created", "2024")):
            self.problem(entry["created"], f"created {texts['created']!r} is not a day like 2014-06-29")
        aliases = self.aliases(texts["id"], entry.get("aliases"))
        by_kind = kinds.get(texts["kind"], Kind()).label_is_alias
        wanted = self.flag(entry["label_is_alias"]) if "label_is_alias" in entry else by_kind
        if wanted and spell(texts["label"]) not in {spell(a.text) for a in aliases}:
            aliases = (Alias(texts["label"]), *aliases)
            self.alias_lines[texts["id"], texts["label"]] = entry["label"].start_mark.line + 1
        return Tag(**texts, aliases=aliases)

    def aliases(self, tag_id: str, node: yaml.Node | None) -> tuple[Alias, ...]:
        found = []
        for item in self.items(node, "aliases"):
            alias = self.alias(item)
            if alias is None:
                continue
            if (tag_id, alias.text) in self.alias_lines:
                self.problem(item, f"the alias {alias.text!r} stands twice under {tag_id!r}")
            self.alias_lines[tag_id, alias.text] = item.start_mark.line + 1
            self.check_alias(item, alias)
            found.append(alias)
        return tuple(found)

    def alias(self, node: yaml.Node) -> Alias | None:
        if isinstance(node, yaml.ScalarNode):
            return Alias(node.value)
        names = {
            "text",
            "case",
            "strength",
            "whole_word",
            "shared",
            "needs",
            "needs_within",
            "blocked",
            "blocked_within",
            "since",
            "until",
        }
        entry = self.mapping(node, names)
        if "text" not in entry:
            self.problem(node, "an alias without `text`")
            return None
        return Alias(
            text=self.text(entry["text"]),
            case_exact=self.choice(entry.get("case"), "case", {"any": False, "exact": True}, False),
            weak=self.choice(entry.get("strength"), "strength", {"name": False, "weak": True}, False),
            whole_word=self.flag(entry["whole_word"]) if "whole_word" in entry else True,
            shared=self.flag(entry["shared"]) if "shared" in entry else False,
            needs=tuple(self.text(n) for n in self.items(entry.get("needs"), "needs")),
            needs_within=self.distance(entry.get("needs_within"), None),
            blocked=tuple(self.text(n) for n in self.items(entry.get("blocked"), "blocked")),
            blocked_within=self.distance(entry.get("blocked_within"), BLOCKED_WITHIN),
            since=self.text(entry["since"]) if "since" in entry else None,
            until=self.text(entry["until"]) if "until" in entry else None,
        )

    def check_alias(self, node: yaml.Node, alias: Alias) -> None:
        words = spelled_words(alias.text)
        letters = sum(map(len, words))
        if not words:
            self.problem(node, f"the alias {alias.text!r} has no word in it")
        elif letters < 2:
            self.problem(node, f"the alias {alias.text!r} is too short to be safe")
        elif not alias.case_exact and len(words) == 1 and letters <= 4 and alias.text.isupper():
            self.problem(
                node, f"the abbreviation {alias.text!r} is too short to be safe in any case: add `case: exact`"
            )
        elif not alias.case_exact and len(words) == 1 and words[0] in _COMMON:
            self.problem(node, f"the alias {alias.text!r} is too common a word to be safe: add `case: exact`")
        for phrase in (*alias.needs, *alias.blocked):
            if not spell(phrase):
                self.problem(node, f"the context {phrase!r} of alias {alias.text!r} has no word in it")

    def check_whole(self, taxonomy: Taxonomy) -> None:
        for tag in taxonomy.tags:
            line = self.lines[tag.id]
            for key, other in (("broader", tag.broader), ("replaced_by", tag.replaced_by)):
                if other is not None and other not in self.lines:
                    self.problem(line, f"`{key}` of {tag.id!r} names {other!r}, which is not in the taxonomy")
                elif self.in_circle(taxonomy, tag, key):
                    self.problem(line, f"`{key}` of {tag.id!r} leads back to itself")
            if tag.replaced_by and not tag.retired:
                self.problem(line, f"{tag.id!r} has `replaced_by` but is not retired")
        self.check_clashes(taxonomy)

    @staticmethod
    def in_circle(taxonomy: Taxonomy, tag: Tag, field_name: str) -> bool:
        """Whether a tag is reached from itself by one of the fields that name another tag."""
        seen, other = set(), getattr(tag, field_name)
        while other in taxonomy.by_id and other not in seen:
            if other == tag.id:
                return True
            seen.add(other)
            other = getattr(taxonomy.by_id[other], field_name)
        return False

    def check_clashes(self, taxonomy: Taxonomy) -> None:
        owners: dict[str, tuple[Tag, Alias]] = {}
        for tag in taxonomy.tags:
            if tag.retired:
                continue
            for alias in tag.aliases:
                key = alias.text if alias.case_exact else spell(alias.text)
                if not key:  # reported already
                    continue
                owner, theirs = owners.setdefault(key, (tag, alias))
                if owner.id == tag.id or (alias.shared and theirs.shared):
                    continue
                line = self.alias_lines[tag.id, alias.text]
                self.problem(
                    line,
                    f"the alias {alias.text!r} of {tag.id!r} is also one of {owner.id!r} (line "
                    f"{self.alias_lines[owner.id, theirs.text]}); if both are meant, mark both `shared: true`",
                )

    # --- YAML nodes ---

    def mapping(self, node: yaml.Node, allowed: set[str]) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in self.pairs(node):
            if key in found:
                self.problem(value, f"`{key}` stands twice")
            elif key not in allowed:
                self.problem(value, f"unknown field `{key}`; known are {', '.join(sorted(allowed))}")
            else:
                found[key] = value
        return found

    def pairs(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, "expected a mapping (key: value)")
            return []
        return [(str(key.value), value) for key, value in node.value]

    def items(self, node: yaml.Node | None, name: str) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, f"`{name}` must be a list")
            return []
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, "expected a text")
            return ""
        return str(node.value).strip()

    def flag(self, node: yaml.Node) -> bool:
        return self.choice(node, "the field", {"true": True, "false": False}, False)

    def choice(self, node: yaml.Node | None, name: str, choices: dict[str, bool], default: bool) -> bool:
        if node is None:
            return default
        value = self.text(node)
        if value not in choices:
            self.problem(node, f"{name} {value!r} is not one of {', '.join(choices)}")
        return choices.get(value, default)

    def distance(self, node: yaml.Node | None, default: int | None) -> int | None:
        if node is None:
            return default
        value = self.text(node)
        if value == "article":
            return None
        if not value.isdigit() or not 1 <= int(value) <= 1000:
            self.problem(node, f"a distance is 1 to 1000 words or `article`, not {value!r}")
            return default
        return int(value)
