"""The JSON in which IPTC publishes its vocabularies <-> statements of SKOS.

Codes like `medtop:20000344` stand for URIs, `retired` for `owl:deprecated`, and the languages se, dk and no-NB for sv, da and
nb. What else it has is kept, as JSON under a URI of its own, and written back.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from classifier.domain import strict_json
from classifier.domain.exchange.skos_out import (
    CREATED,
    DATE_TYPES,
    DCT,
    DEPRECATED,
    RDFS_LABEL,
    REPLACED,
    SKOS,
    TRUE,
    URI,
    XSD,
    A,
)
from classifier.domain.statements import literal, parts_of
from classifier.errors import BadJSON, BadTaxonomy
from classifier.texts import _

Triple = tuple[str, str, str]

LANGUAGES = {"se": "sv", "dk": "da", "no-NB": "nb"}
_BACK = {language: key for key, language in LANGUAGES.items()}
_TEXTS = (
    "prefLabel",
    "altLabel",
    "hiddenLabel",
    "definition",
    "scopeNote",
    "note",
    "changeNote",
    "historyNote",
    "example",
)
_LINKS = ("broader", "narrower", "related", "exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch",
          "inScheme", "topConceptOf", "hasTopConcept")  # fmt: skip
_PREDICATES = {f"<{SKOS}{name}>": name for name in (*_TEXTS, *_LINKS)} | {REPLACED: "isReplacedBy", A: "type"}
_BY_KEY = {key: predicate for predicate, key in _PREDICATES.items()}
_DATES = {"created": CREATED, "modified": f"<{DCT}modified>"}
_NOTATION, _RETIRED, _OTHER = f"<{SKOS}notation>", "<urn:iptc-json:retired>", "urn:iptc-json:"
_JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON"
_CODE = re.compile(r"([A-Za-z][\w.-]*):([^/\s<>\"{}|^`\\]+)")
_KEY = re.compile(r"[A-Za-z][\w.-]{0,60}")


def read_iptc(text: str, name: str) -> list[Triple]:
    """Return the statements of a vocabulary. Raise `BadTaxonomy` if it is not in this form."""
    try:
        data = strict_json.loads(text.encode())
    except BadJSON as error:
        raise BadTaxonomy(name, [str(error)]) from None
    concepts = data.get("conceptSet") if isinstance(data, dict) else None
    if isinstance(concepts, dict):
        concepts = list(concepts.values())
    if not isinstance(concepts, list) or not concepts:
        raise BadTaxonomy(name, [_("has no `conceptSet` with concepts")])
    reader = _Reader(name, {key: value for key, value in data.items() if key != "conceptSet"}, concepts)
    return list(dict.fromkeys(reader.triples()))


class _Reader:
    def __init__(self, name: str, scheme: Mapping[str, Any], concepts: list[Any]) -> None:
        self.name, self.scheme, self.concepts = name, scheme, concepts
        self.uris: dict[str, str] = {}
        self.starts: dict[str, str] = {}  # of URIs, by the prefix of codes
        for each in concepts:
            if isinstance(each, dict) and isinstance(each.get("qcode"), str) and isinstance(each.get("uri"), str):
                self.uris[each["qcode"]] = each["uri"]
                prefix, _colon, code = each["qcode"].partition(":")
                if code and each["uri"].endswith(code):
                    self.starts.setdefault(prefix, each["uri"].removesuffix(code))

    def triples(self) -> Iterator[Triple]:
        if "uri" in self.scheme:
            yield from self._of(self.scheme, f"<{SKOS}ConceptScheme>", _("the vocabulary"))
        for number, each in enumerate(self.concepts, 1):
            if not isinstance(each, dict):
                raise BadTaxonomy(self.name, [_("concept %(n)s of `conceptSet` is no object", n=number)])
            yield from self._of(each, f"<{SKOS}Concept>", _("concept %(n)s of `conceptSet`", n=number))

    def _of(self, entry: Mapping[str, Any], kind: str, where: str) -> Iterator[Triple]:
        uri = self._uri(entry.get("uri"), f"{where}: `uri`")
        yield uri, A, kind
        for key, value in entry.items():
            if key != "uri" and value not in (None, "", [], {}):
                yield from ((uri, *pair) for pair in self._said(key, value, f"{where}: `{key}`"))

    def _said(self, key: str, value: Any, where: str) -> Iterator[tuple[str, str]]:
        predicate = _BY_KEY.get(key)
        if key in _TEXTS and isinstance(value, dict):
            for language, texts in value.items():
                for each in texts if isinstance(texts, list) else [texts]:
                    if not isinstance(each, str) or not re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", language):
                        raise BadTaxonomy(self.name, [_("%(where)s must give texts by language", where=where)])
                    yield str(predicate), literal(each, LANGUAGES.get(str(language), str(language)))
        elif predicate is not None and key not in _TEXTS:
            for each in value if isinstance(value, list) else [value]:
                yield predicate, self._uri(each, where)
        elif key in _DATES and isinstance(value, str):
            yield _DATES[key], literal(value, datatype=XSD + DATE_TYPES.get(len(value), "dateTime"))
        elif key == "retired" and isinstance(value, str):
            yield DEPRECATED, TRUE
            yield _RETIRED, literal(value)
        elif key == "qcode" and isinstance(value, str):
            yield _NOTATION, literal(value)
        elif _KEY.fullmatch(key):
            yield f"<{_OTHER}{key}>", literal(json.dumps(value, ensure_ascii=False), datatype=_JSON)
        else:
            raise BadTaxonomy(self.name, [_("%(where)s is no name of a field", where=where)])

    def _uri(self, value: Any, where: str) -> str:
        code = _CODE.fullmatch(value) if isinstance(value, str) else None
        if code and (value in self.uris or code[1] in self.starts):
            value = self.uris.get(value) or self.starts[code[1]] + code[2]
        if not isinstance(value, str) or not URI.fullmatch(value):
            raise BadTaxonomy(
                self.name, [_("%(where)s must be a URI, not %(value)s", where=where, value=repr(str(value)[:80]))]
            )
        return f"<{value}>"


def written_iptc(triples: Iterable[Triple]) -> str:
    """Return a vocabulary in this form. Blank nodes, and what neither is a concept nor the one scheme, are left out."""
    entries: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in triples:
        if subject.startswith("<"):
            _add(entries.setdefault(subject, {"uri": subject[1:-1]}), predicate, value)
    scheme = next((entry for entry in entries.values() if f"{SKOS}ConceptScheme" in entry.get("type", ())), {})
    concepts = [e for e in entries.values() if f"{SKOS}Concept" in e.get("type", ()) or "retired" in e]
    return json.dumps({**scheme, "conceptSet": concepts}, ensure_ascii=False, indent=1) + "\n"


def _add(entry: dict[str, Any], predicate: str, value: str) -> None:
    text, language, datatype = parts_of(value) or ("", "", "")
    key = "prefLabel" if predicate == RDFS_LABEL else _PREDICATES.get(predicate)
    if key in _TEXTS and value.startswith('"'):
        texts, language = entry.setdefault(key, {}), _BACK.get(language, language) or "en"
        before = texts.get(language)
        texts[language] = text if before is None else [*(before if isinstance(before, list) else [before]), text]
    elif key is not None and value.startswith("<"):
        entry.setdefault(key, []).append(value[1:-1])
    elif predicate in _DATES.values():
        entry["created" if predicate == CREATED else "modified"] = text
    elif predicate == _RETIRED:
        entry["retired"] = text
    elif predicate == DEPRECATED:
        entry.setdefault("retired", "true")
    elif predicate == _NOTATION:
        entry["qcode"] = text
    elif predicate.startswith(f"<{_OTHER}") and datatype == _JSON:
        entry[predicate[1 + len(_OTHER) : -1]] = json.loads(text)
