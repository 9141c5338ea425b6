"""A taxonomy -> what it says in SKOS: statements by the URI of which they are.

A statement is a text, a predicate and an object as in N-Triples. What vocabularies that were imported say besides is kept, and
written back (see `classifier.domain.statements`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from classifier.domain.resolving import Paths
from classifier.domain.statements import literal, terms_of
from classifier.domain.taxonomy import Tag, Taxonomy

Said = dict[str, set[str]]  # statements by their URI

BASE = "urn:article-tagger:tag:"  # before the id of a tag that has no URI
MAIN = "en"  # the language of labels and notes, unless it is kept that a vocabulary has another one
RDF, RDFS = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#"
OWL, XSD = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2001/XMLSchema#"
SKOS, DCT = "http://www.w3.org/2004/02/skos/core#", "http://purl.org/dc/terms/"
A, RDFS_LABEL = f"<{RDF}type>", f"<{RDFS}label>"
CONCEPT, PREF, ALT, HIDDEN = (f"<{SKOS}{name}>" for name in ("Concept", "prefLabel", "altLabel", "hiddenLabel"))
BROADER, NARROWER, RELATED = (f"<{SKOS}{name}>" for name in ("broader", "narrower", "related"))
DEFINITION, SCOPE_NOTE, NOTATION = (f"<{SKOS}{name}>" for name in ("definition", "scopeNote", "notation"))
CREATED, REPLACED = f"<{DCT}created>", f"<{DCT}isReplacedBy>"
DEPRECATED = f"<{OWL}deprecated>"
TRUE = literal("true", datatype=XSD + "boolean")
MATCHES = {f"<{SKOS}{relation}Match>": relation for relation in ("exact", "close", "broad", "narrow")}
_OF_RELATION = {relation: predicate for predicate, relation in MATCHES.items()}
DATE_TYPES = {4: "gYear", 7: "gYearMonth", 10: "date"}
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]*")


class Style(NamedTuple):
    """How a vocabulary writes the label of a concept, and its notes by language: by which predicate, in which language."""

    label: tuple[str, str] = (PREF, MAIN)
    notes: Mapping[str, tuple[str, str]] = {}

    @property
    def language(self) -> str:
        """The language of the label, "" for none."""
        return self.label[1]

    def note(self, language: str) -> tuple[str, str]:
        """Return predicate and language of the note in a language."""
        return self.notes.get(language, (DEFINITION, language))


def style_of(kept: Iterable[str]) -> Style:
    """Return the style that kept statements tell."""
    label, notes = Style().label, {}
    for statement in kept:
        if statement.startswith("= "):
            _, source, language, predicate, written = statement.split(" ")
            way = predicate, written.replace("-", "") if written == "-" else written
            if source == PREF:
                label = way
            else:
                notes[language] = way
    return Style(label, notes)


def uris_of(taxonomy: Taxonomy) -> dict[str, str]:
    """Return the URI of each tag, by its id. A tag whose URI a living one has is left out: it was renamed."""
    living = {tag.uri for tag in taxonomy.tags if not tag.retired}
    uris: dict[str, str] = {}
    taken = set[str]()
    for tag in taxonomy.tags:
        uri = tag.uri if tag.uri and URI.fullmatch(tag.uri) else BASE + tag.id
        if uri not in taken and not (tag.retired and tag.uri in living and tag.uri is not None):
            taken.add(uri)
            uris[tag.id] = uri
    return uris


def said_of(taxonomy: Taxonomy, kept: Mapping[str, Iterable[str]]) -> Said:
    """Return what the fields of the tags say, in the style of each concept."""
    uris, below = uris_of(taxonomy), dict[str, list[str]]()
    for tag in taxonomy.tags:
        for above in () if tag.retired or tag.id not in uris else tag.broader:
            below.setdefault(above, []).append(uris[tag.id])
    return {
        uris[tag.id]: {*_said(tag, uris, style_of(kept.get(uris[tag.id], ())), taxonomy.paths)}
        | {f"{NARROWER} <{uri}>" for uri in below.get(tag.id, ())}
        for tag in taxonomy.tags
        if tag.id in uris
    }


def _said(tag: Tag, uris: Mapping[str, str], style: Style, paths: Paths) -> Iterator[str]:
    yield f"{A} {CONCEPT}"
    yield f"{style.label[0]} {literal(tag.label, style.language)}"
    for language, text in tag.labels:
        if language != style.language:
            yield f"{PREF} {literal(text, language)}"
    named = {tag.label, *(text for _, text in tag.labels)}
    for alias in tag.aliases:
        if alias.text not in named:
            yield f"{HIDDEN if alias.weak else ALT} {literal(alias.text, alias.lang or style.language)}"
    for language, note in ((MAIN, tag.note), *tag.notes):
        if note:
            predicate, written = style.note(language)
            yield f"{predicate} {literal(note, written)}"
    for predicate, others in ((BROADER, tag.broader), (RELATED, tag.related), (REPLACED, replacements(tag, paths))):
        yield from (f"{predicate} <{uris[other]}>" for other in others if other in uris)
    for relation, uri in tag.matches:
        if URI.fullmatch(uri):
            yield f"{_OF_RELATION[relation]} <{uri}>"
    if tag.notation:
        yield f"{NOTATION} {literal(tag.notation)}"
    if tag.created in (None, "") or len(str(tag.created)) in DATE_TYPES:
        yield from (
            [f"{CREATED} {literal(tag.created, datatype=XSD + DATE_TYPES[len(tag.created)])}"] if tag.created else []
        )
    if tag.retired:
        yield f"{DEPRECATED} {TRUE}"


def replacements(tag: Tag, paths: Paths) -> list[str]:
    """Return the tags in the place of a retired one: its replacement, or the parts of a split."""
    others = [tag.replaced_by] if tag.replaced_by else list(tag.parts) if tag.retired else []
    return [other for other in others if paths.tag(other) is not None]


def with_kept(said: Said, kept: Mapping[str, Iterable[str]]) -> Said:
    """Return what fields say and what is kept, together as vocabularies have it."""
    together = {uri: set(statements) for uri, statements in said.items()}
    for uri, statements in kept.items():
        own = together.setdefault(uri, set())
        own -= {statement[2:] for statement in statements if statement.startswith("- ")}
        own |= {statement for statement in statements if statement[:2] not in ("- ", "= ")}
    return together


def triples_of(taxonomy: Taxonomy, kept: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str, str]]:
    """Yield the statements of a taxonomy as subject, predicate and object."""
    for uri, statements in with_kept(said_of(taxonomy, kept), kept).items():
        for statement in sorted(statements):
            terms = terms_of(statement)
            subject, predicate, value = terms if len(terms) == 3 else (f"<{uri}>", *terms)
            yield subject, predicate, value
