"""Turtle and JSON-LD <-> statements, through rdflib, which nothing else imports.

Nothing is fetched: a context of JSON-LD that is an address is refused. Literals stay texts: their values are never computed.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from classifier.domain.exchange.skos_out import DCT, OWL, RDF, RDFS, SKOS, XSD, A
from classifier.domain.statements import STATEMENT, literal, parts_of
from classifier.errors import BadTaxonomy, NotInstalled
from classifier.texts import _

if TYPE_CHECKING:
    import rdflib

Triple = tuple[str, str, str]

NAMES = {"skos-ttl": "turtle", "skos-jsonld": "json-ld"}  # of the formats in rdflib
_FILE = "urn:article-tagger:file"  # what relative addresses begin with
MAX_DEPTH = 60  # of JSON, and of blank nodes within each other
_NOT_IN_TEXTS = re.compile("[\x00\ud800-\udfff]")
_PREFIXES = {"skos": SKOS, "dct": DCT, "owl": OWL, "rdf": RDF, "rdfs": RDFS, "xsd": XSD}
_one_at_a_time = threading.Lock()


def read_rdf(text: str, form: str, name: str) -> list[Triple]:
    """Return the statements of a file, each term as in N-Triples.

    Raises:
        BadTaxonomy: if it is not of the format, or wants something fetched.
        NotInstalled: without rdflib.
    """
    library = _rdflib()
    data = _checked_json(text, name) if form == "skos-jsonld" else None
    with _without_values(library):
        graph = library.Graph(store="SimpleMemory")
        try:
            if data is not None:
                import_module("rdflib.plugins.parsers.jsonld").to_rdf(data, graph, base=_FILE)
            else:
                graph.parse(data=text, format=NAMES[form], publicID=_FILE)
        except RecursionError:
            raise BadTaxonomy(name, [_("is nested too deeply")]) from None
        except Exception as error:  # noqa: BLE001 - its parsers raise whatever they meet
            raise BadTaxonomy(name, [" ".join(str(error).split())[:300] or type(error).__name__]) from None
        triples = [(_term(s, name), _term(p, name), _term(o, name)) for s, p, o in graph]
    for subject, predicate, value in triples:
        if not STATEMENT.fullmatch(f"{predicate} {value}") or subject.startswith('"'):
            statement = f"{subject} {predicate} {value}"[:200]
            raise BadTaxonomy(name, [_("%(statement)s has a term that is not usable", statement=statement)])
    return triples


def written_rdf(triples: Iterable[Triple], form: str) -> str:
    """Return statements as a file. Raise `NotInstalled` without rdflib."""
    library = _rdflib()
    if form == "skos-jsonld":  # rdflib writes some typed literals as numbers, which are others when they are read
        return _json_ld(triples)
    with _without_values(library):
        graph = library.Graph(store="SimpleMemory", bind_namespaces="none")
        for prefix, uri in _PREFIXES.items():
            graph.bind(prefix, uri)
        nodes: dict[str, Any] = {}
        for triple in triples:
            graph.add(tuple(nodes.get(term) or nodes.setdefault(term, _node(term, library)) for term in triple))
        return str(graph.serialize(format=NAMES[form]))


def _json_ld(triples: Iterable[Triple]) -> str:
    nodes: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in triples:
        node = nodes.setdefault(subject, {"@id": _id(subject)})
        if predicate == A and value.startswith("<"):
            node.setdefault("@type", []).append(_short(value[1:-1]))
        else:
            node.setdefault(_short(predicate[1:-1]), []).append(_value(value))
    return json.dumps({"@context": _PREFIXES, "@graph": list(nodes.values())}, ensure_ascii=False, indent=1) + "\n"


def _id(term: str) -> str:
    return _short(term[1:-1]) if term.startswith("<") else term


def _short(uri: str) -> str:
    """Return a URI with its prefix, if it has one of ours."""
    for prefix, start in _PREFIXES.items():
        if uri.startswith(start) and (name := uri.removeprefix(start)).isidentifier():
            return f"{prefix}:{name}"
    return uri


def _value(term: str) -> dict[str, str]:
    if (parts := parts_of(term)) is None:
        return {"@id": _id(term)}
    text, language, datatype = parts
    more = {"@language": language} if language else {"@type": _short(datatype)} if datatype else {}
    return {"@value": text, **more}


def _rdflib() -> Any:
    try:
        import rdflib
    except ImportError:
        raise NotInstalled(
            _(
                "SKOS is read and written by rdflib, which is not installed. Install it: %(command)s. Tables (csv), yaml and iptc-json do without.",
                command="pip install 'rdflib>=7.6'",
            )
        ) from None
    return rdflib


@contextmanager
def _without_values(library: Any) -> Iterator[None]:
    """Keep rdflib from turning literals into values: some take hours or memory, and texts would not be written as they were."""
    values = library.term._toPythonMapping
    logger, level = logging.getLogger("rdflib"), logging.getLogger("rdflib").level
    with _one_at_a_time:
        kept, normalizes = dict(values), library.NORMALIZE_LITERALS
        values.clear()
        library.NORMALIZE_LITERALS = False
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            values.update(kept)
            library.NORMALIZE_LITERALS = normalizes
            logger.setLevel(level)


def _term(node: rdflib.term.Node, name: str) -> str:
    text = str(node)
    if _NOT_IN_TEXTS.search(text):
        raise BadTaxonomy(name, [_("%(text)s has a character that no text may have", text=repr(text[:60]))])
    language, datatype = getattr(node, "language", None), getattr(node, "datatype", None)
    kind = type(node).__name__
    if kind == "Literal":
        return literal(text, language or "", str(datatype or ""))
    return f"<{text}>" if kind == "URIRef" else f"_:{re.sub('[^A-Za-z0-9]', 'x', text)[-40:]}"


def _node(term: str, library: Any) -> Any:
    if term.startswith("<"):
        return library.URIRef(term[1:-1])
    if term.startswith("_:"):
        return library.BNode(term[2:])
    text, language, datatype = parts_of(term) or ("", "", "")
    return library.Literal(text, lang=language or None, datatype=library.URIRef(datatype) if datatype else None)


def _checked_json(text: str, name: str) -> Any:
    """Return the value of a JSON-LD text.

    Raises:
        BadTaxonomy: if it is no JSON, is nested too deeply, or has a context that would be fetched.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadTaxonomy(name, [_("is no JSON: %(error)s", error=error)]) from None
    if not isinstance(data, dict | list):
        raise BadTaxonomy(name, [_("is neither an object nor a list")])
    waiting: list[tuple[Any, int]] = [(data, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise BadTaxonomy(name, [_("is nested deeper than %(most)s levels", most=MAX_DEPTH)])
        if isinstance(value, dict):
            contexts = value.get("@context")
            for context in contexts if isinstance(contexts, list) else [contexts]:
                if isinstance(context, str):
                    problem = _(
                        "has the context %(context)s, and nothing is fetched. Write the context itself there",
                        context=repr(context[:80]),
                    )
                    raise BadTaxonomy(name, [problem])
            if "@import" in value:
                raise BadTaxonomy(name, [_("has an @import in its context, and nothing is fetched")])
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
    return data
