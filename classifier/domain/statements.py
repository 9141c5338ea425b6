"""Statements of RDF as texts, with terms as in N-Triples: what is kept of a vocabulary beside the fields of tags.

A kept statement is a predicate and an object, with a blank node before them if that is its subject. With a minus it is one
that fields say and the vocabulary does not. With an equals sign it says that texts of a predicate in a language are those of
another one: `= <skos prefLabel> en <skos prefLabel> en-US`.
"""

import re

_URI = r"<[^\x00-\x20<>\"{}|^`\\]*>"
_BLANK = r"_:[A-Za-z0-9]{1,40}"
_LANGUAGE = r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,8}"
_LITERAL = rf'"(?:[^"\\\n\r]|\\[\\"nrt])*"(?:@{_LANGUAGE}|\^\^{_URI})?'
_STATED = rf"(?:{_BLANK} )?{_URI} (?:{_URI}|{_BLANK}|{_LITERAL})"
STATEMENT = re.compile(rf"(?:- )?{_STATED}|= {_URI} (?:-|{_LANGUAGE}) {_URI} (?:-|{_LANGUAGE})")
KEPT_OF = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|^`\\]*|_:")
_PARTS = re.compile(rf'"((?:[^"\\]|\\.)*)"(?:@({_LANGUAGE})|\^\^({_URI}))?', re.DOTALL)
_TERM = re.compile(rf"{_URI}|{_BLANK}|{_LITERAL}")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = {escape: character for character, escape in _ESCAPES.items()}
_TO_ESCAPE = re.compile(r'[\\"\n\r\t]')
_ESCAPED = re.compile(r"\\.", re.DOTALL)


def literal(text: str, language: str = "", datatype: str = "") -> str:
    """Return the term of a text in a language, or of a type (a URI)."""
    quoted = '"' + _TO_ESCAPE.sub(lambda match: _ESCAPES[match[0]], text) + '"'
    return f"{quoted}@{language}" if language else f"{quoted}^^<{datatype}>" if datatype else quoted


def parts_of(term: str) -> tuple[str, str, str] | None:
    """Return text, language and type of the term of a literal, None for another term."""
    match = _PARTS.fullmatch(term) if term.startswith('"') else None
    if match is None:
        return None
    text = _ESCAPED.sub(lambda escape: _PLAIN.get(escape[0], escape[0]), match[1]) if "\\" in match[1] else match[1]
    return text, match[2] or "", (match[3] or "")[1:-1]


def terms_of(statement: str) -> list[str]:
    """Return the terms of a kept statement, without its sign."""
    return _TERM.findall(statement)
