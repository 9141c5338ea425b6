"""A SKOS vocabulary -> operations that give the taxonomy its concepts. What has no field is kept, and nothing is taken off unasked."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from classifier.domain.alias_checks import alias_key, alias_problems
from classifier.domain.editing import RESERVED, Editor
from classifier.domain.exchange.concepts import Concept, concepts_of
from classifier.domain.exchange.planning import Plan
from classifier.domain.exchange.skos_out import BASE, Said, said_of, style_of, uris_of, with_kept
from classifier.domain.operations import Keep, Operation
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Kind, Tag, id_for
from classifier.domain.taxonomy_log import FoldedLog
from classifier.texts import _

_LETTERS = re.compile("[a-z]{3}")
MAX_DEPTH = 100  # of replacements one after another, and of broader tags above each other
_MOST_ABOVE = 1_000  # concepts above one, in which a kind is looked for


@dataclass
class Options:
    """How a vocabulary is read. `kinds` are the kinds of tags by URIs of schemes, collections, types or concepts above, "" for no tag.

    With `remove`, what a file lacks of its own concepts is taken off them.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    remove: bool = False


def operations_of_vocabulary(
    said: Said, log: FoldedLog, at: str, options: Options
) -> tuple[Sequence[Operation], Sequence[str]]:
    """Return the operations that give the taxonomy what a vocabulary says, and notes on what was not taken over.

    Args:
        said: the statements of the file by their URI.
        log: the log of the taxonomy.
        at: the moment in UTC, in ISO 8601.
    """
    reading = _Reading(said, log, at, options)
    reading.plan.bring(reading.wanted())
    reading.keep()
    return reading.plan.operations, reading.notes


class _Reading:
    def __init__(self, said: Said, log: FoldedLog, at: str, options: Options) -> None:
        self.said, self.at, self.options, self.notes = said, at, options, list[str]()
        self.plan = Plan(log.editor(), at, self._report)
        self.before = log.taxonomy()
        self.said_before = said_of(self.before, log.kept)
        self.present = with_kept(self.said_before, log.kept)
        self.concepts, notes = concepts_of(said, options.kinds)
        self.notes += notes
        self.uri_of: dict[str, str] = {}
        self.ids = self._ids()

    @property
    def editor(self) -> Editor:
        return self.plan.editor

    def _report(self, tag: str, name: str, problem: str) -> None:
        self.notes.append(
            _(
                "%(uri)s: `%(name)s` is kept and not used: %(problem)s",
                uri=self.uri_of.get(tag, tag),
                name=name,
                problem=problem,
            )
        )

    # --- ids ----------------------------------------------------------------------------------------------------

    def _ids(self) -> dict[str, str]:
        """Return the id of each concept: that of the tag with its URI, or a new one, for ever."""
        ids = {uri: tag_id for tag_id, uri in uris_of(self.before).items() if uri in self.concepts}
        taken = {*self.editor.places, *RESERVED}
        named = self._without_uri()
        for uri, concept in sorted(self.concepts.items(), key=lambda pair: (pair[1].deprecated, pair[0])):
            if uri not in ids:
                names = [name for name in (_last_part(uri), id_for(concept.label), id_for(uri.split("/")[-1])) if name]
                known = None if concept.deprecated else named.pop(spell(concept.label), None)
                ids[uri] = known if known and known not in self.uri_of else _free(names, taken)
                taken.add(ids[uri])
                self.uri_of[ids[uri]] = uri
        self.uri_of = {tag_id: uri for uri, tag_id in ids.items()}
        return ids

    def _without_uri(self) -> dict[str, str]:
        """Return the living tags without a URI by their labels and names: a concept with that label is the tag."""
        tags = [tag for tag in self.before.tags if not tag.retired and tag.uri is None]
        by_name = {
            spell(alias.text): tag.id for tag in tags for alias in tag.aliases if not (alias.weak or alias.needs)
        }
        return by_name | {spell(tag.label): tag.id for tag in tags}

    # --- tags ---------------------------------------------------------------------------------------------------

    def wanted(self) -> list[Tag]:
        """Return the tags as they shall be, of the concepts of which the taxonomy lacks something."""
        tags = {}
        for uri, concept in self.concepts.items():
            before = self.before.by_id.get(self.ids[uri])
            if before is None:
                tags[uri] = self._with_links(concept, self._new(concept))
            elif concept.statements != self.present.get(uri) and not before.retired:
                tags[uri] = self._with_links(concept, self._changed(concept, before))
        self._without_circles(tags)
        self._with_safe_aliases(tags)
        return list(tags.values())

    def _new(self, concept: Concept) -> Tag:
        tag = Tag(self.ids[concept.uri], concept.label, self._kind(concept), created=concept.created or self.at[:10])
        labels = tuple(sorted(concept.labels.items()))
        notes = tuple(sorted((key, text) for key, text in concept.notes.items() if key))
        more: dict[str, Any] = {
            "note": concept.notes.get("", ""),
            "notation": concept.notation,
            "uri": self._own_uri(concept),
        }
        return replace(tag, labels=labels, notes=notes, matches=concept.matches, aliases=concept.aliases, **more)

    def _own_uri(self, concept: Concept) -> str | None:
        return None if concept.uri == BASE + self.ids[concept.uri] else concept.uri

    def _changed(self, concept: Concept, tag: Tag) -> Tag:
        """Return a tag with what a concept has and it has not. With `remove` it loses what the concept lacks."""
        was, _ = concepts_of(
            {concept.uri: self.present.get(concept.uri, set())}, {}, style_of(self.editor.kept.get(concept.uri, ()))
        )
        had = was.get(concept.uri) or replace(concept, labels={}, notes={}, matches=(), aliases=(), notation=None)
        gone = self.options.remove
        values: dict[str, Any] = {"uri": tag.uri or self._own_uri(concept)}
        if concept.label != had.label:
            values["label"] = concept.label
        for name, kept, old, new in (
            ("labels", dict(tag.labels), had.labels, concept.labels),
            ("notes", {**dict(tag.notes), "": tag.note}, had.notes, concept.notes),
        ):
            for key in {**old, **new}:
                if old.get(key) != new.get(key) and (key in new or gone):
                    kept[key] = new.get(key, "")
            if name == "notes":
                values["note"] = kept.pop("", "")
            values[name] = tuple(sorted((key, text) for key, text in kept.items() if text))
        if concept.notation != had.notation and (concept.notation or gone):
            values["notation"] = concept.notation
        if concept.created and concept.created != had.created:
            values["created"] = concept.created
        pairs = [pair for pair in tag.matches if not (gone and pair in had.matches and pair not in concept.matches)]
        pairs += [pair for pair in concept.matches if pair not in had.matches and pair not in pairs]
        values["matches"] = tuple(sorted(pairs, key=lambda pair: ("exact", "close", "broad", "narrow").index(pair[0])))
        texts, had_texts = ({(alias.text, alias.weak) for alias in each.aliases} for each in (concept, had))
        aliases = [a for a in tag.aliases if not (gone and (a.text, a.weak) in had_texts - texts)]
        aliases += [a for a in concept.aliases if (a.text, a.weak) in texts - had_texts]
        values["aliases"] = tuple({alias.text: alias for alias in aliases}.values())
        return replace(tag, **values)

    def _with_links(self, concept: Concept, tag: Tag) -> Tag:
        """Return a tag with what names other tags."""
        is_new = tag.id not in self.before.by_id
        broader, related = (list(self._living(others)) for others in (concept.broader, concept.related))
        if not is_new and not self.options.remove:
            broader, related = [*tag.broader, *broader], [*tag.related, *related]
        broader, related = ([each for each in dict.fromkeys(others) if each != tag.id] for others in (broader, related))
        tag = replace(tag, broader=tuple(broader), related=tuple(related))
        if not concept.deprecated:
            return tag
        heir = self._heir(concept)
        if heir is None:
            return replace(tag, status="retired")
        end = self.before.by_id.get(self.ids[heir[1]])
        kind = end.kind if end is not None else self._kind(self.concepts[heir[1]])
        return replace(tag, kind=kind if is_new else tag.kind, status="retired", replaced_by=self.ids[heir[0]])

    def _living(self, uris: Iterable[str]) -> Iterator[str]:
        for uri in sorted(uris):
            tag = self.before.by_id.get(self.ids.get(uri, ""))
            if uri in self.concepts and not self.concepts[uri].deprecated and (tag is None or not tag.retired):
                yield self.ids[uri]

    def _heir(self, concept: Concept) -> tuple[str, str] | None:
        """Return the concept in the place of a deprecated one, and the living one at which replacements end. None if there is none."""
        first, passed = "", {concept.uri}
        while concept.deprecated:
            heirs = [uri for uri in concept.replaced_by if uri in self.concepts]
            if len(heirs) != 1 or heirs[0] in passed or len(passed) > MAX_DEPTH:
                if concept.replaced_by:
                    self.notes.append(
                        _(
                            "%(uri)s: its replacement is kept and not used: it leads to no single living tag",
                            uri=concept.uri,
                        )
                    )
                return None
            first = first or heirs[0]
            concept = self.concepts[heirs[0]]
            passed.add(concept.uri)
        return first, concept.uri

    def _kind(self, concept: Concept) -> str:
        waiting, passed = [concept.uri], set[str]()
        for uri in waiting:  # it grows: the nearest comes first
            above = self.concepts.get(uri)
            for group in (uri, *(above.groups if above else ())):
                if self.options.kinds.get(group):
                    return self.options.kinds[group]
            if above is not None and uri not in passed and len(waiting) < _MOST_ABOVE and self.options.kinds:
                waiting += sorted(above.broader)
            passed.add(uri)
        kinds = self.editor.kinds
        return "theme" if "theme" in kinds or not kinds else next(iter(kinds))

    def _without_circles(self, tags: dict[str, Tag]) -> None:
        """Take off the links to broader tags that lead back, or too far. They are kept as statements, and named."""
        broader = {tag.id: list(tag.broader) for tag in (*self.before.tags, *tags.values())}
        uri_of = {tag.id: uri for uri, tag in tags.items()}
        depths: dict[str, int] = {}  # of the tags that are done; 0 for those that are not
        for start in sorted(broader):
            waiting = [(start, iter(broader[start]))] if start not in depths else []
            depths.setdefault(start, 0)
            while waiting:
                tag_id, rest = waiting[-1]
                above = next(rest, None)
                if above is None:
                    waiting.pop()
                    above_it = [depths.get(each, 0) for each in broader[tag_id]]
                    depths[tag_id] = 1 + max((depth for depth in above_it if depth < MAX_DEPTH), default=0)
                    for each in [each for each in broader[tag_id] if depths.get(each, 0) >= MAX_DEPTH]:
                        self._unlink(
                            tags,
                            uri_of,
                            tag_id,
                            each,
                            _("%(tag)s has %(n)s tags above each other above it", tag=repr(each), n=MAX_DEPTH),
                        )
                elif depths.get(above) == 0:
                    self._unlink(
                        tags,
                        uri_of,
                        tag_id,
                        above,
                        _("%(tag)s leads back to %(other)s", tag=repr(above), other=repr(tag_id)),
                    )
                elif above not in depths and above in broader:
                    depths[above] = 0
                    waiting.append((above, iter(broader[above])))

    def _unlink(self, tags: dict[str, Tag], uri_of: Mapping[str, str], tag_id: str, above: str, why: str) -> None:
        if tag_id in uri_of:
            tag = tags[uri_of[tag_id]]
            tags[uri_of[tag_id]] = replace(tag, broader=tuple(each for each in tag.broader if each != above))
            self._report(tag_id, "broader", why)

    def _with_safe_aliases(self, tags: dict[str, Tag]) -> None:
        """Give tags the aliases that are safe and nobody else's, with `case: exact` where it takes that."""
        owned: dict[str, str] = {}
        for uri in sorted(tags, key=lambda uri: (tags[uri].retired, uri)):
            tag = tags[uri]
            before = self.before.by_id.get(tag.id)
            own: dict[str, Alias] = {}
            for alias in (*self._label_as_alias(tag, before), *tag.aliases):
                if before is not None and alias in before.aliases:
                    own[_name(alias)] = alias
                elif (safe := self._safe(alias, tag, owned)) is not None and _name(safe) not in own:
                    own[_name(safe)] = safe
                    owned.setdefault(alias_key(safe), tag.id)
            tags[uri] = replace(tag, aliases=tuple(own.values()))

    def _label_as_alias(self, tag: Tag, before: Tag | None) -> list[Alias]:
        is_new = before is None or before.label != tag.label
        is_alias = is_new and not tag.retired and self.editor.kinds.get(tag.kind, Kind()).label_is_alias
        return [Alias(tag.label)] if is_alias else []

    def _safe(self, alias: Alias, tag: Tag, owned: Mapping[str, str]) -> Alias | None:
        """Return an alias as it is safe to look for, None if it is not, or is another tag's."""
        safe = replace(alias, case_exact=True) if alias_problems(alias) else alias
        if problems := alias_problems(safe):
            self._report(tag.id, "aliases", "; ".join(problems))
            return None
        key = alias_key(safe)
        owners = [owner for owner, _ in self.editor.owners({key}).get(key, ())]
        owners += [owned[alias_key(safe)]] if alias_key(safe) in owned else []
        if others := [] if tag.retired else [owner for owner in owners if owner != tag.id]:
            self._report(
                tag.id, "aliases", _("the alias %(text)s is one of %(tag)s", text=repr(alias.text), tag=repr(others[0]))
            )
            return None
        return safe

    # --- what is kept -------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Keep what the fields do not say, so that the vocabulary goes out as it came in."""
        before = dict(self.editor.kept)
        styles = {
            uri: concept.kept_style
            for uri, concept in self.concepts.items()
            if self.ids[uri] not in self.before.by_id or uri not in before
        }
        said_after = said_of(self.editor.taxonomy(), before | styles)
        for uri, statements in sorted(self.said.items()):
            kept, of_fields = before.get(uri, ()), said_after.get(uri, set())
            if statements != with_kept({uri: of_fields}, {uri: kept})[uri]:
                is_new = uri in self.concepts and self.ids[uri] not in self.before.by_id
                made = of_fields if is_new else of_fields - self.said_before.get(uri, set())
                style = styles.get(uri, tuple(each for each in kept if each.startswith("= ")))
                lines = [*style, *self._kept_lines(statements, of_fields, made, kept)]
                if tuple(lines) != kept:
                    self.plan.do(Keep(uri, tuple(lines)), self.ids.get(uri, uri), "statements")

    def _kept_lines(
        self, statements: set[str], of_fields: set[str], made: set[str], kept: Sequence[str]
    ) -> Iterator[str]:
        """Yield what is kept of a URI: statements that fields do not say, and with a minus those that they say alone.

        `made` are those that fields say since this import.
        """
        omitted = {each[2:] for each in kept if each.startswith("- ")} | made
        yield from sorted("- " + each for each in omitted & (of_fields - statements))
        predicates = set(map(_predicate, statements))
        stays = [each for each in kept if each[:2] not in ("- ", "= ") and _predicate(each) not in predicates]
        yield from sorted(statements.union(() if self.options.remove else stays) - of_fields)


def _name(alias: Alias) -> str:
    """Return what aliases of a tag share that `alias` takes for the same."""
    return alias_key(replace(alias, case_exact=False))


def _predicate(statement: str) -> str:
    parts = statement.split(" ", 2)
    return parts[1] if statement.startswith("_:") else parts[0]


def _last_part(uri: str) -> str:
    """Return the id for the last part of a URI if that is made of words, and no number or code, else ""."""
    name = id_for(re.split(r"[/#:]", uri.rstrip("/#"))[-1])
    letters, digits = sum(map(str.isalpha, name)), sum(map(str.isdigit, name))
    return name if _LETTERS.search(name) and letters > digits else ""


def _free(names: Sequence[str], taken: set[str]) -> str:
    """Return the first name that is free, or one with a number behind it."""
    for name in names:
        if name not in taken:
            return name
    name, n = (names or ["tag"])[0][:70], 2
    while f"{name}-{n}" in taken:
        n += 1
    return f"{name}-{n}"
