"""Strict JSON: no NaN, no duplicate keys, no NUL, no lone surrogates, no deep nesting."""

import json
import re
from typing import Any, NamedTuple

import orjson

from classifier.errors import BadJSON
from classifier.texts import _

MAX_DEPTH = 16
# int() is quadratic in the number of digits. No field needs more than twenty.
MAX_DIGITS = 20
_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")


class _Fault(NamedTuple):
    """Marks an error in a decoded value, so that `_check` can say where it is."""

    message: str
    key: str = ""


def loads(raw: bytes) -> Any:
    """Return the value of a strict JSON text. Raise `BadJSON` with the reason and a JSON Pointer."""
    record = _plain_record(raw)
    return _checked(raw) if record is None else record


_TEXT = frozenset((str,))
_PLAIN = _TEXT | {int, bool, type(None)}  # what orjson reads as int has at most MAX_DIGITS digits
_KEY = re.compile(rb'"\s*:')  # or a quotation mark and a colon in a text


def _plain_record(raw: bytes) -> dict[str, object] | None:
    """Return an object of texts, integers, true, false, null and lists of texts, or None if it may break a rule."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    # No key is repeated if there are as many as quotation marks before colons.
    if not isinstance(value, dict) or len(_KEY.findall(raw)) != len(value) or b"\\u0000" in raw:
        return None
    for item in value.values():
        if type(item) not in _PLAIN and not (type(item) is list and _TEXT.issuperset(map(type, item))):
            return None
    return value


def _checked(raw: bytes) -> Any:
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadJSON(_("Not UTF-8 (byte %(n)s). Send JSON encoded as UTF-8.", n=error.start)) from None
    except RecursionError:
        raise BadJSON(_("The JSON is nested deeper than %(most)s levels.", most=MAX_DEPTH), "") from None
    except json.JSONDecodeError as error:
        raise BadJSON(
            _(
                "Not JSON: %(error)s at line %(line)s, column %(column)s.",
                error=error.msg,
                line=error.lineno,
                column=error.colno,
            )
        ) from None
    _check(value, "", 0)
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, object] | _Fault:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    earlier: set[str] = set()
    twice = next(key for key, _ in pairs if key in earlier or earlier.add(key))  # type: ignore[func-returns-value]
    return _Fault(_("The key %(key)s occurs twice in one object.", key=repr(_shown(twice))), twice)


def _finite(digits: str) -> float | _Fault:
    value = float(digits)
    return (
        _Fault(_("The number %(number)s is out of range.", number=digits[:24]))
        if value in (float("inf"), float("-inf"))
        else value
    )


def _short_int(digits: str) -> int | _Fault:
    return (
        int(digits)
        if len(digits) <= MAX_DIGITS
        else _Fault(_("An integer of %(n)s digits is out of range.", n=len(digits)))
    )


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_constant=lambda name: _Fault(_("%(name)s is not a JSON number.", name=name)),
    parse_float=_finite,
    parse_int=_short_int,
)


def _shown(key: str) -> str:
    return _FORBIDDEN.sub("\ufffd", key[:80])


def _below(pointer: str, key: str) -> str:
    return f"{pointer}/{_shown(key).replace('~', '~0').replace('/', '~1')}"


def _check(value: Any, pointer: str, depth: int) -> None:
    if isinstance(value, _Fault):
        raise BadJSON(value.message, _below(pointer, value.key) if value.key else pointer)
    if isinstance(value, str):
        if _FORBIDDEN.search(value):
            raise BadJSON(_("The text holds NUL or half of a surrogate pair; remove it."), pointer)
        return
    if not isinstance(value, dict | list):
        return
    if depth >= MAX_DEPTH:
        raise BadJSON(_("The JSON is nested deeper than %(most)s levels.", most=MAX_DEPTH), pointer)
    if isinstance(value, dict):
        for key, inner in value.items():
            if _FORBIDDEN.search(key):
                raise BadJSON(_("A key holds NUL or half of a surrogate pair."), _below(pointer, key))
            _check(inner, _below(pointer, key), depth + 1)
    else:
        for position, inner in enumerate(value):
            _check(inner, f"{pointer}/{position}", depth + 1)
