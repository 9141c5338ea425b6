"""The terms of a CMS -> the tags of a taxonomy, by a map file, or by id, label, alias or spelling."""

import codecs
import csv
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

import yaml

from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import BadMap
from classifier.importers.records import CmsTerm

_NULL = "tag:yaml.org,2002:null"
_BETWEEN_TAGS = re.compile(r"[\s,;|]+")


class Match(NamedTuple):
    """The tags of a term, and by what they match: map, id, label, alias or spelling."""

    tags: tuple[str, ...]
    by: str  # without tags the reason: dropped (by the map), unknown, ambiguous or retired (and not replaced)


class TermMap:
    """Maps terms to tags. `entries` of a map file, term -> tag ids, take precedence over names.

    `remembered` are entries of the same form that persons made in a CMS. Those of the file take precedence over them.
    """

    def __init__(
        self,
        taxonomy: Taxonomy,
        entries: Mapping[str, tuple[str, ...]] | None = None,
        remembered: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.taxonomy = taxonomy
        self._of_file = frozenset(entries or ())
        self._entries = {**(remembered or {}), **(entries or {})}
        self._entry_of = {**{spelled(term): term for term in self._entries}, **{term: term for term in self._entries}}
        self._used: set[str] = set()
        self._matches: dict[CmsTerm, Match] = {}
        self._exact, self._loose = _names(taxonomy)

    def match(self, term: CmsTerm) -> Match:
        """Return the tags of a term."""
        if term not in self._matches:
            self._matches[term] = self._by_map(term) or self._by_name(term)
        return self._matches[term]

    def tags_of(self, terms: Iterable[CmsTerm]) -> tuple[str, ...]:
        """Return the tags of the terms, each once, in the order of the terms."""
        return tuple(dict.fromkeys(tag for term in terms for tag in self.match(term).tags))

    def unused(self) -> list[str]:
        """Return the entries of the map file that matched no term so far."""
        return [term for term in self._entries if term in self._of_file and term not in self._used]

    def _by_map(self, term: CmsTerm) -> Match | None:
        forms = _forms(term)
        for key in (*forms, *map(spelled, forms)):
            entry = self._entry_of.get(key)
            if entry is not None:
                self._used.add(entry)
                tags = tuple(dict.fromkeys(self.taxonomy.replacement_of(tag) or tag for tag in self._entries[entry]))
                return Match(tags, "map" if tags else "dropped")
        return None

    def _by_name(self, term: CmsTerm) -> Match:
        """Try the name before the slug, which keeps the first name of a term."""
        why = "unknown"
        for levels in (self._exact, self._loose):
            for form, level in product(_forms(term), levels):
                tags = level.tags.get(level.key(form), frozenset())
                if len(tags) == 1:
                    (tag,) = tags
                    return Match((tag,), level.by) if tag else Match((), "retired")
                why = "ambiguous" if tags else why
        return Match((), why)


def _forms(term: CmsTerm) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (term.name, term.slug))))


class _Level(NamedTuple):
    """A way to compare names: the key of a name, and the tags of each key ("": retired without replacement)."""

    by: str
    key: Callable[[str], str]
    tags: Mapping[str, frozenset[str]]


def _names(taxonomy: Taxonomy) -> tuple[tuple[_Level, ...], tuple[_Level, ...]]:
    by_id = _level(taxonomy, "id", str.lower, lambda tag: [tag.id])
    by_label = _level(taxonomy, "label", str, lambda tag: [tag.label])
    by_alias = _level(taxonomy, "alias", str, lambda tag: [alias.text for alias in tag.aliases if not alias.weak])
    spelt, loosely = (_level(taxonomy, "spelling", key, names_of) for key in (spelled, _loosely))
    return (by_id, by_label, by_alias, spelt), (loosely,)


def names_of(tag: Tag) -> list[str]:
    """Return the names that mean a tag without any context: its id, its label, and aliases neither weak nor with `needs`."""
    aliases = [alias.text for alias in tag.aliases if not alias.weak and not alias.needs]
    return [tag.id, tag.label, *aliases]


def _level(taxonomy: Taxonomy, by: str, key: Callable[[str], str], names: Callable[[Tag], Iterable[str]]) -> _Level:
    tags_of: defaultdict[str, set[str]] = defaultdict(set)
    # A name that a retired tag shares with another tag means the other tag.
    for retired in (False, True):
        living = frozenset(tags_of)
        for tag in taxonomy.tags:
            if tag.retired == retired:
                for name in {key(name) for name in names(tag)} - {""} - (living if retired else frozenset()):
                    tags_of[name].add(taxonomy.replacement_of(tag.id) or "")
    return _Level(by, key, {name: frozenset(tags) for name, tags in tags_of.items()})


def spelled(name: str) -> str:
    """Return the form in which two names of a term are compared."""
    return spell(name) or name.strip().casefold()


def _loosely(name: str) -> str:
    """Return a name without its article, its blanks and its plural: al-Shabaab is Al Shabaab and alshabaab."""
    words = spell(name).removeprefix("the ").split()
    if words and len(words[-1]) >= 5 and words[-1].endswith("s") and not words[-1].endswith("ss"):
        words[-1] = words[-1][:-3] + "y" if words[-1].endswith("ies") else words[-1][:-1]
    return "".join(words)


def read_map(path: Path, taxonomy: Taxonomy) -> dict[str, tuple[str, ...]]:
    """Return the entries of a map file, YAML or CSV. Raises `BadMap` with every problem and its line."""
    return read_entries(path, taxonomy.by_id, "tag")


def read_entries(path: Path, known: Container[str], noun: str) -> dict[str, tuple[str, ...]]:
    """Return the entries of a file that maps terms to `known` tags or kinds. Raises `BadMap` as `read_map` does."""
    tabular = path.suffix.lower() in (".csv", ".tsv")
    try:
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8).decode()
        rows = list(_csv_rows(text, path.suffix.lower()) if tabular else _yaml_rows(text))
    except OSError as error:
        raise BadMap(str(path), [f"cannot be read: {error.strerror}"]) from None
    except (yaml.YAMLError, UnicodeDecodeError, csv.Error) as error:
        raise BadMap(str(path), [" ".join(str(error).split())]) from None
    entries: dict[str, tuple[str, ...]] = {}
    problems = []
    for line, term, value in rows:
        tags = tuple(filter(None, _BETWEEN_TAGS.split(value or "")))
        if value is None or not term:
            form = "`ISIL,islamic-state`, or `News,`" if tabular else "`ISIL: islamic-state`, or `News:`"
            problems.append(f"line {line}: an entry is a term and the ids of its tags ({form} to drop it)")
        elif entries.setdefault(term, tags) != tags:
            problems.append(f"line {line}: {term!r} stands here twice, with other tags")
        problems += [f"line {line}: the taxonomy has no {noun} {tag!r}" for tag in tags if tag not in known]
    if problems:
        raise BadMap(str(path), problems)
    return entries


def _yaml_rows(text: str) -> Iterator[tuple[int, str, str | None]]:
    """Yield line, term and tags as written: YAML would read `no` and `2024` as other types."""
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    if root is not None and not isinstance(root, yaml.MappingNode):
        yield root.start_mark.line + 1, "", None
    for key, node in root.value if isinstance(root, yaml.MappingNode) else ():
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        term, value = "", None
        if isinstance(key, yaml.ScalarNode) and all(isinstance(part, yaml.ScalarNode) for part in parts):
            term, value = key.value.strip(), " ".join("" if part.tag == _NULL else part.value for part in parts)
        yield key.start_mark.line + 1, term, value


def _csv_rows(text: str, suffix: str) -> Iterator[tuple[int, str, str | None]]:
    first = text.partition("\n")[0]
    delimiter = "\t" if suffix == ".tsv" else max(",;\t", key=first.count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if rows.line_num == 1 and [cell.strip().lower().rstrip("s") for cell in row[:2]] == ["term", "tag"]:
            continue
        yield rows.line_num, row[0].strip(), " ".join(row[1:]) if len(row) > 1 else None
