"""What a vocabulary says of each concept, in the terms of tags."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from classifier.domain.exchange.skos_out import (
    ALT,
    BROADER,
    CONCEPT,
    CREATED,
    DEFINITION,
    DEPRECATED,
    HIDDEN,
    MAIN,
    MATCHES,
    NARROWER,
    NOTATION,
    OWL,
    PREF,
    RDFS,
    RDFS_LABEL,
    RELATED,
    REPLACED,
    SCOPE_NOTE,
    SKOS,
    URI,
    A,
    Said,
    Style,
)  # fmt: skip
from classifier.domain.statements import parts_of
from classifier.domain.tag_fields import LANGUAGE, RELATIONS, Pairs
from classifier.domain.taxonomy import Alias
from classifier.texts import _

_IN_SCHEME, _TOP_OF, _MEMBER = (f"<{SKOS}{name}>" for name in ("inScheme", "topConceptOf", "member"))
_SCHEME = f"<{SKOS}ConceptScheme>"
_NO_CONCEPTS = (f"<{OWL}", f"<{RDFS}", f"<{SKOS}")
_DAY_LENGTHS = (10, 7, 4)


@dataclass(frozen=True)
class Concept:
    """A concept. `labels` and `notes` are by language, the note with "" is in that of the label.

    `broader`, `related` and `replaced_by` are URIs, `groups` those of its schemes, collections and types. `kept_style` says in
    which way the vocabulary writes its label and notes, as kept statements do.
    """

    uri: str
    statements: set[str]
    label: str
    labels: Mapping[str, str]
    notes: Mapping[str, str]
    aliases: tuple[Alias, ...]
    matches: Pairs
    notation: str | None
    created: str | None
    deprecated: bool
    kept_style: tuple[str, ...] = ()
    broader: set[str] = field(default_factory=set)
    related: set[str] = field(default_factory=set)
    replaced_by: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def concepts_of(
    said: Said, kinds: Mapping[str, str], style: Style | None = None
) -> tuple[dict[str, Concept], list[str]]:
    """Return the concepts of a vocabulary by their URI, and notes on those that are no tags.

    A deprecated thing with a name is a concept too, though it is not typed as one. `kinds` may say that those of a scheme, a
    collection or a type are no tags (""). `style` is the way in which the label is known to be written.
    """
    statements = {uri: _by_predicate(own) for uri, own in said.items() if URI.fullmatch(uri)}
    schemes = {uri for uri, own in statements.items() if _SCHEME in own.get(A, ())}
    groups = _collections(statements)
    concepts, left = dict[str, Concept](), list[str]()
    for uri in sorted(statements):
        own = statements[uri]
        deprecated = any((parts_of(value) or ("",))[0] in ("true", "1") for value in own.get(DEPRECATED, ()))
        if not (CONCEPT in own.get(A, ()) or (deprecated and _is_untyped(own) and (RDFS_LABEL in own or PREF in own))):
            continue
        of_schemes = _uris([*own.get(_IN_SCHEME, ()), *own.get(_TOP_OF, ())])
        of = (*groups.get(uri, ()), *_uris(own.get(A, ())), *of_schemes)
        named = [kinds[group] for group in (uri, *of) if group in kinds]
        is_foreign = bool(of_schemes) and bool(schemes) and schemes.isdisjoint(of_schemes)
        if (is_foreign and not any(named)) or (named and not named[0]):
            left.append(uri)
        else:
            concepts[uri] = _concept(uri, said[uri], own, deprecated, of, style)
    _link(concepts, statements)
    notes = [
        _("%(uri)s: is kept and no tag: it is of a scheme that the file does not describe, or the map says so", uri=uri)
        for uri in left
    ]
    n_blank = sum(each.startswith("_:") and each.endswith(f" {A} {CONCEPT}") for own in said.values() for each in own)
    if n_blank:
        notes.append(_("%(n)s concepts without a URI are kept and no tags", n=n_blank))
    return concepts, notes


def _by_predicate(statements: Iterable[str]) -> dict[str, list[str]]:
    by_predicate: dict[str, list[str]] = {}
    for statement in sorted(statements):
        if not statement.startswith("_:"):
            predicate, _, value = statement.partition(" ")
            by_predicate.setdefault(predicate, []).append(value)
    return by_predicate


def _collections(statements: Mapping[str, Mapping[str, Iterable[str]]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for uri, own in statements.items():
        for member in _uris(own.get(_MEMBER, ())):
            groups.setdefault(member, []).append(uri)
    return groups


def _is_untyped(own: Mapping[str, Iterable[str]]) -> bool:
    return not any(value.startswith(_NO_CONCEPTS) for value in own.get(A, ()))


def _uris(values: Iterable[str]) -> list[str]:
    return [value[1:-1] for value in values if value.startswith("<")]


def _texts(values: Iterable[str]) -> dict[str, list[str]]:
    """Return the texts of literals by language."""
    texts: dict[str, list[str]] = {}
    for value in values:
        text, language, datatype = parts_of(value) or ("", "", "")
        if text.strip() and (not datatype or datatype.endswith("#string")):
            texts.setdefault(language, []).append(text)
    return texts


def _concept(
    uri: str,
    said: set[str],
    own: Mapping[str, list[str]],
    deprecated: bool,
    groups: tuple[str, ...],
    style: Style | None,
) -> Concept:
    predicate = PREF if _texts(own.get(PREF, ())) or RDFS_LABEL not in own else RDFS_LABEL
    texts = _texts(own.get(predicate, ()))
    main = style.language if style is not None and style.language in texts else _main(texts)
    label = texts[main][0] if texts else uri.rstrip("/#").replace("#", "/").split("/")[-1] or uri
    labels = {key: each[0] for key, each in texts.items() if key != main and LANGUAGE.fullmatch(key)}
    notes, styles = dict[str, str](), []
    if texts and (predicate, main) != Style().label:
        styles.append(f"= {PREF} {MAIN} {predicate} {main or '-'}")
    for source in (DEFINITION, SCOPE_NOTE):
        for language, each in _texts(own.get(source, ())).items():
            key = "" if language == main else language
            if key not in notes and (not key or LANGUAGE.fullmatch(key)):
                notes[key] = each[0]
                if (source, language) != (DEFINITION, key or MAIN):
                    styles.append(f"= {DEFINITION} {key or MAIN} {source} {language or '-'}")
    matches = [(relation, each) for name, relation in MATCHES.items() for each in _uris(own.get(name, ()))]
    matches.sort(key=lambda pair: RELATIONS.index(pair[0]))
    notations = [parts for value in own.get(NOTATION, ()) if (parts := parts_of(value)) and not any(parts[1:])]
    return Concept(
        uri, said, label, labels, notes, _aliases(own, main, label), tuple(matches),
        notations[0][0] if len(own.get(NOTATION, ())) == len(notations) == 1 else None,
        _day(own.get(CREATED, ())), deprecated, tuple(styles), replaced_by=tuple(_uris(own.get(REPLACED, ()))), groups=groups,
    )  # fmt: skip


def _main(texts: Mapping[str, object]) -> str:
    """Return the language of the label: English, or none that is named, or the first."""
    return min(texts, key=lambda key: (key != MAIN, not key.lower().startswith(MAIN + "-"), key != "", key), default="")


def _aliases(own: Mapping[str, list[str]], main: str, label: str) -> tuple[Alias, ...]:
    aliases: dict[str, Alias] = {}
    for predicate in (ALT, HIDDEN):
        for language, texts in _texts(own.get(predicate, ())).items():
            is_language = language != main and LANGUAGE.fullmatch(language)
            for text in texts:
                if text != label:
                    alias = Alias(text.strip(), weak=predicate == HIDDEN, lang=language if is_language else None)
                    aliases.setdefault(alias.text, alias)
    return tuple(aliases.values())


def _day(values: Iterable[str]) -> str | None:
    """Return the day of a creation, or its month or year."""
    for value in values:
        text = (parts_of(value) or ("",))[0]
        for length in _DAY_LENGTHS:
            day = text[:length]
            if (
                len(day) == length
                and day.replace("-", "").isdecimal()
                and day.isascii()
                and text[length : length + 1] in ("", "T", "Z", "+", " ")
            ):
                return day
    return None


def _link(concepts: Mapping[str, Concept], statements: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Give concepts what is broader and related, also where only the other one says so."""
    for uri in concepts:
        own = statements[uri]
        concepts[uri].broader.update(other for other in _uris(own.get(BROADER, ())) if other in concepts)
        concepts[uri].related.update(other for other in _uris(own.get(RELATED, ())) if other in concepts)
        for other in _uris(own.get(NARROWER, ())):
            if other in concepts:
                concepts[other].broader.add(uri)
        for other in _uris(own.get(RELATED, ())):
            if other in concepts:
                concepts[other].related.add(uri)
