"""The fields of a tag that are more than one text: as plain JSON values, and back.

Model folders, YAML files and operations share these rules. `matches` are kept as pairs of relation and URI, `labels` and `notes`
as pairs of language and text, in rising order.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from classifier.texts import N_, _, gettext

Pairs = tuple[tuple[str, str], ...]

RELATIONS = ("exact", "close", "broad", "narrow")  # of a match, as in SKOS
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")  # as in BCP 47
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_LISTS = ("broader", "related", "parts")
_BY_LANGUAGE = ("labels", "notes")


def to_plain(name: str, value: Any) -> Any:
    """Return the value of a field as plain JSON. A single broader tag is a text, as in earlier versions."""
    if name in _BY_LANGUAGE:
        return dict(value)
    if name == "matches":
        return {relation: uris for relation in RELATIONS if (uris := [uri for each, uri in value if each == relation])}
    if name == "broader" and len(value) == 1:
        return value[0]
    return list(value) if name in _LISTS else value


def from_plain(name: str, value: Any) -> Any:
    """Return the value of a field from plain JSON, or raise `ValueError` with what is wrong with it."""
    return _READERS[name](name, value) if name in _READERS else value


def _list(name: str, value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise ValueError(_("`%(name)s` must be an id, or a list of ids", name=name))
    return tuple(dict.fromkeys(text for text in texts if text))


def _by_language(name: str, value: Any) -> Pairs:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) and text for text in value.values()):
        raise ValueError(_("`%(name)s` must give a text for each language, like `fr: Attentat`", name=name))
    for language in value:
        check_language(language)
    return tuple(sorted(value.items()))


def check_language(language: str) -> str:
    """Return a language as BCP 47 writes it, or raise `ValueError`."""
    if not LANGUAGE.fullmatch(language):
        raise ValueError(_("%(language)s is no language like `fr` or `pt-BR`", language=repr(language[:40])))
    return language


def _matches(name: str, value: Any) -> Pairs:
    if not isinstance(value, Mapping) or not set(value) <= set(RELATIONS):
        raise ValueError(_("`%(name)s` must give URIs for %(names)s", name=name, names=", ".join(RELATIONS)))
    uris = {relation: _list(name, value[relation]) for relation in RELATIONS if relation in value}
    return tuple((relation, _uri(name, uri)) for relation, listed in uris.items() for uri in listed)


def _uri(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _URI.fullmatch(value):
        raise ValueError(_("`%(name)s` names %(value)s, which is no URI", name=name, value=repr(str(value)[:80])))
    return value


def _caution(name: str, value: Any) -> bool | float:
    given = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if isinstance(given, bool):
        return given
    return _score(name, given, N_("`%(name)s` is true, false or the least score above 0 and below 1, not %(value)s"))


def _threshold(name: str, value: Any) -> float | None:
    return (
        None
        if value in (None, "")
        else _score(name, value, N_("`%(name)s` is empty or a score above 0 and below 1, not %(value)s"))
    )


def _score(name: str, value: Any, message: str) -> float:
    try:
        score = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        score = 0.0
    if not 0.0 < score < 1.0:
        raise ValueError(gettext(message, name=name, value=repr(str(value)[:40])))
    return score


_READERS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(_LISTS, _list),
    **dict.fromkeys(_BY_LANGUAGE, _by_language),
    "matches": _matches,
    "uri": _uri,
    "caution": _caution,
    "threshold": _threshold,
}
FIELDS = tuple(_READERS)
