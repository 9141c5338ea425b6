"""Reads a taxonomy from YAML and checks it as a whole: every problem is reported at once, each with its line."""

import re
from collections.abc import Callable, Collection
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from classifier.domain.alias_checks import alias_key, alias_problems
from classifier.domain.spelling import spell
from classifier.domain.tag_fields import FIELDS, check_language, from_plain
from classifier.domain.taxonomy import TAG_ID, Alias, Kind, Tag, Taxonomy, alias_to_json, ids_in, leads_back
from classifier.errors import BadTaxonomy
from classifier.texts import _

_DAY = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")  # or a month, or a year
_MAX_DEPTH = 12
_Readers = dict[str, Callable[[str, yaml.Node], object]]  # name of a field -> what reads its value


def read_taxonomy(path: Path) -> Taxonomy:
    """Return the taxonomy of a YAML file. Raise `BadTaxonomy` with every problem and its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadTaxonomy(str(path), [_("cannot be read: %(error)s", error=error.strerror)]) from None
    except UnicodeDecodeError as error:
        raise BadTaxonomy(str(path), [" ".join(str(error).split())]) from None
    return parse_taxonomy(text, str(path))


def parse_taxonomy(text: str, name: str) -> Taxonomy:
    """Return the taxonomy of a YAML text. `name` is what errors call it. Raise `BadTaxonomy` with every problem and its line."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise BadTaxonomy(name, [" ".join(str(error).split())]) from None
    _check_tree(root, name)
    reader = _Reader()
    taxonomy = reader.taxonomy(root)
    reader.check_references(taxonomy)
    reader.check_clashes(taxonomy)
    if reader.problems:
        raise BadTaxonomy(
            name,
            [_("line %(line)s: %(problem)s", line=line, problem=problem) for line, problem in sorted(reader.problems)],
        )
    return taxonomy


def _check_tree(root: yaml.Node | None, name: str) -> None:
    """Raise `BadTaxonomy` if values are deep in each other, or stand in several places: a few such make billions."""
    passed, waiting = set[int](), [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, yaml.CollectionNode):
            if id(node) in passed:
                raise BadTaxonomy(
                    name, [_("line %(line)s: write each value where it belongs, without * and &", line=_line(node))]
                )
            if depth > _MAX_DEPTH:
                raise BadTaxonomy(
                    name, [_("line %(line)s: is nested deeper than %(most)s levels", line=_line(node), most=_MAX_DEPTH)]
                )
            passed.add(id(node))
            pairs = node.value if isinstance(node, yaml.MappingNode) else ((each,) for each in node.value)
            waiting += [(part, depth + 1) for pair in pairs for part in pair]


def read_alias(text: str, policy: str) -> Alias:
    """Return an alias whose policy is a mapping in YAML. Raise `ValueError` with what is wrong with it."""
    try:
        node = yaml.compose(policy, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        node = None
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(_("a policy is written like {case: exact, needs: [word]}"))
    reader = _Reader()
    alias = reader.alias(node, text)
    if reader.problems or alias is None:
        raise ValueError("; ".join(problem for _line, problem in reader.problems))
    return alias


def policy_of(alias: Alias) -> dict[str, object]:
    """Return what an alias has besides its text, as YAML names it, without what is at its default."""
    policy = {name: value for name, value in alias_to_json(alias).items() if name != "text"}
    if policy.pop("case_exact", False):
        policy["case"] = "exact"
    if policy.pop("weak", False):
        policy["strength"] = "weak"
    return {name: "article" if value is None else value for name, value in policy.items()}


class _Reader:
    """Turns YAML nodes into a taxonomy and collects the problems, each with its line."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []
        self.kinds: dict[str, Kind] = {}
        self.tag_lines: dict[str, int] = {}
        self.alias_lines: dict[tuple[str, str], int] = {}  # (tag id, alias) -> line
        self.kind_fields: _Readers = {
            **dict.fromkeys(("exclusive", "label_is_alias", "named"), self.flag),
            "lang": self.language,
        }
        self.tag_fields: _Readers = {field.name: self.text for field in fields(Tag)} | {
            **dict.fromkeys(FIELDS, self.plain),
            "id": self.tag_id,
            "kind": lambda name, node: self.choice(name, node, self.kinds),
            "status": lambda name, node: self.choice(name, node, ("active", "muted", "retired")),
            "created": self.day,
            "aliases": self.aliases,
            "label_is_alias": self.flag,
        }
        self.alias_fields: _Readers = {
            **dict.fromkeys(("text", "since", "until"), self.text),
            "lang": self.language,
            "case": lambda name, node: self.choice(name, node, ("any", "exact")) == "exact",
            "strength": lambda name, node: self.choice(name, node, ("name", "weak")) == "weak",
            **dict.fromkeys(("whole_word", "shared"), self.flag),
            **dict.fromkeys(("needs", "blocked"), self.phrases),
            **dict.fromkeys(("needs_within", "blocked_within"), self.distance),
        }

    def problem(self, node: yaml.Node | int, text: str) -> None:
        self.problems.append((node if isinstance(node, int) else _line(node), text))

    def taxonomy(self, root: yaml.Node | None) -> Taxonomy:
        if not isinstance(root, yaml.MappingNode):
            self.problem(root or 1, _("a taxonomy is a mapping with `kinds` and `tags`"))
            return Taxonomy(())
        parts = self.mapping(root, ("kinds", "tags"))
        for name, node in self.pairs(parts.get("kinds")):
            self.kinds[name] = Kind(**self.values(node, self.kind_fields))
        tags = [tag for node in self.items("tags", parts.get("tags")) if (tag := self.tag(node)) is not None]
        if not tags and not self.problems:
            self.problem(root, _("`tags` is empty"))
        return Taxonomy(tuple(tags), self.kinds)

    def tag(self, node: yaml.Node) -> Tag | None:
        values = self.values(node, self.tag_fields)
        for name in ("id", "label", "kind"):
            if not values.get(name):
                self.problem(node, _("a tag without `%(name)s`", name=name))
                return None
        aliases: list[tuple[int, Alias]] = values.pop("aliases", [])
        label_is_alias = values.pop("label_is_alias", self.kinds.get(values["kind"], Kind()).label_is_alias)
        if label_is_alias and spell(values["label"]) not in {spell(alias.text) for _number, alias in aliases}:
            aliases.insert(0, (_line(dict(self.pairs(node))["label"]), Alias(values["label"])))
        self.alias_lines |= {(values["id"], alias.text): line for line, alias in aliases}
        return Tag(**values, aliases=tuple(alias for _number, alias in aliases))

    def tag_id(self, name: str, node: yaml.Node) -> str:
        value = self.text(name, node)
        if value in self.tag_lines:
            self.problem(
                node, _("the id %(tag)s stands in line %(line)s too", tag=repr(value), line=self.tag_lines[value])
            )
        if value and not TAG_ID.fullmatch(value):
            self.problem(node, _("id %(tag)s must be of a-z, 0-9 and hyphens", tag=repr(value)))
        self.tag_lines.setdefault(value, _line(node))
        return value

    def aliases(self, name: str, node: yaml.Node) -> list[tuple[int, Alias]]:
        """Return the aliases of a tag, each with its line."""
        lines: dict[str, int] = {}
        aliases = []
        for item in self.items(name, node):
            if (alias := self.alias(item)) is not None:
                if alias.text in lines:
                    self.problem(
                        item,
                        _(
                            "the alias %(text)s stands in line %(line)s too",
                            text=repr(alias.text),
                            line=lines[alias.text],
                        ),
                    )
                lines.setdefault(alias.text, _line(item))
                for problem in alias_problems(alias):
                    self.problem(item, problem)
                aliases.append((_line(item), alias))
        return aliases

    def alias(self, node: yaml.Node, text: str | None = None) -> Alias | None:
        if isinstance(node, yaml.ScalarNode):
            return Alias(node.value)
        values = self.values(node, self.alias_fields)
        if text is not None:
            values["text"] = text
        if "text" not in values:
            self.problem(node, _("an alias without `text`"))
            return None
        return Alias(case_exact=values.pop("case", False), weak=values.pop("strength", False), **values)

    def check_references(self, taxonomy: Taxonomy) -> None:
        """Check the fields that name another tag."""
        for tag in taxonomy.tags:
            line = self.tag_lines[tag.id]
            for name in ("broader", "replaced_by", "related", "parts", "origin"):
                missing = [tag_id for tag_id in ids_in(tag, name) if tag_id not in self.tag_lines]
                for tag_id in missing:
                    self.problem(
                        line,
                        _(
                            "`%(name)s` of %(tag)s names %(other)s, which is not in the taxonomy",
                            name=name,
                            tag=repr(tag.id),
                            other=repr(tag_id),
                        ),
                    )
                if not missing and name in ("broader", "replaced_by") and leads_back(taxonomy.by_id, tag.id, name):
                    self.problem(line, _("`%(name)s` of %(tag)s leads back to itself", name=name, tag=repr(tag.id)))
            if tag.replaced_by and not tag.retired:
                self.problem(line, _("%(tag)s has `replaced_by` but is not retired", tag=repr(tag.id)))

    def check_clashes(self, taxonomy: Taxonomy) -> None:
        """Check that no two tags have the same alias, unless both mark it as shared."""
        owners: dict[str, tuple[Tag, Alias]] = {}
        aliases = ((tag, alias) for tag in taxonomy.tags if not tag.retired for alias in tag.aliases)
        for tag, alias in aliases:
            key = alias_key(alias)
            owner, owners_alias = owners.setdefault(key, (tag, alias))
            if key and owner.id != tag.id and not (alias.shared and owners_alias.shared):
                line = self.alias_lines[owner.id, owners_alias.text]
                text = _(
                    "the alias %(alias)s of %(tag)s is also one of %(other)s (line %(line)s); if both are meant, mark both `shared: true`",
                    alias=repr(alias.text),
                    tag=repr(tag.id),
                    other=repr(owner.id),
                    line=line,
                )
                self.problem(self.alias_lines[tag.id, alias.text], text)

    def mapping(self, node: yaml.Node, allowed: Collection[str]) -> dict[str, yaml.Node]:
        """Return the values of a mapping by their keys, without those that are repeated or unknown."""
        nodes: dict[str, yaml.Node] = {}
        for name, value in self.pairs(node):
            if name in nodes:
                self.problem(value, _("`%(name)s` stands twice", name=name))
            elif name not in allowed:
                self.problem(
                    value,
                    _("unknown field `%(name)s`; known are %(names)s", name=name, names=", ".join(sorted(allowed))),
                )
            else:
                nodes[name] = value
        return nodes

    def values(self, node: yaml.Node, readers: _Readers) -> dict[str, Any]:
        return {name: readers[name](name, value) for name, value in self.mapping(node, readers).items()}

    def pairs(self, node: yaml.Node | None) -> list[tuple[str, yaml.Node]]:
        children = self.children(node, yaml.MappingNode, _("expected a mapping (key: value)"))
        return [(str(key.value), value) for key, value in children]

    def items(self, name: str, node: yaml.Node | None) -> list[yaml.Node]:
        return self.children(node, yaml.SequenceNode, _("`%(name)s` must be a list", name=name))

    def children(self, node: yaml.Node | None, kind: type[yaml.CollectionNode], problem: str) -> list[Any]:
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
            return []
        if not isinstance(node, kind):
            self.problem(node, problem)
            return []
        return list(node.value)

    # --- values, each read from the name and the node of a field ---

    def text(self, name: str, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, _("`%(name)s` must be a text", name=name))
            return ""
        return str(node.value).strip()

    def plain(self, name: str, node: yaml.Node) -> Any:
        value = _plain(node)
        try:
            return from_plain(name, value) if value != "" else getattr(Tag, name)
        except ValueError as error:
            self.problem(node, str(error))
            return getattr(Tag, name)

    def language(self, name: str, node: yaml.Node) -> str:
        value = self.text(name, node)
        try:
            return check_language(value)
        except ValueError as error:
            self.problem(node, str(error))
            return value

    def choice(self, name: str, node: yaml.Node, choices: Collection[str]) -> str:
        value = self.text(name, node)
        if value not in choices:
            self.problem(
                node,
                _(
                    "%(name)s %(value)s is not one of %(choices)s",
                    name=name,
                    value=repr(value),
                    choices=", ".join(choices) or _("(none)"),
                ),
            )
        return value

    def flag(self, name: str, node: yaml.Node) -> bool:
        return self.choice(name, node, ("true", "false")) == "true"

    def phrases(self, name: str, node: yaml.Node) -> tuple[str, ...]:
        return tuple(self.text(name, item) for item in self.items(name, node))

    def day(self, name: str, node: yaml.Node) -> str:
        value = self.text(name, node)
        if not _DAY.fullmatch(value):
            self.problem(node, _("%(name)s %(value)s is not a day like 2014-06-29", name=name, value=repr(value)))
        return value

    def distance(self, name: str, node: yaml.Node) -> int | None:
        value = self.text(name, node)
        if value.isdigit() and 1 <= int(value) <= 1000:
            return int(value)
        if value != "article":
            self.problem(
                node, _("%(name)s is 1 to 1000 words or `article`, not %(value)s", name=name, value=repr(value))
            )
        return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _plain(node: yaml.Node) -> Any:
    """Return the value of a node as texts, lists and mappings."""
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    return str(node.value).strip()
