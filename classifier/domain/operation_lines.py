"""Operations as lines of text, as people write them: `merge isis isil into islamic-state`.

Ids stand as they are, labels and aliases in quotation marks, with the escapes of JSON. The policy of an alias is a mapping as
in the YAML of a taxonomy.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from classifier.domain.operations import (
    BY_NAME,
    ChangeAlias,
    Create,
    Ids,
    Keep,
    Merge,
    Move,
    Operation,
    Relabel,
    Rename,
    Retire,
    Revive,
    SetField,
    Split,
)
from classifier.domain.taxonomy import Alias
from classifier.errors import BadOperation
from classifier.texts import _

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]')
_WORD = re.compile(rf"\{{.*\}}|(?:{_PIECE.pattern})+", re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SIMPLE = re.compile(r"[A-Za-z0-9_.:/][A-Za-z0-9_.:/-]*")
_KEYWORDS = frozenset(("into", "to", "under", "for", "keep"))


class Word(NamedTuple):
    """A word of a line without its quotation marks, and whether it had any."""

    text: str
    quoted: bool

    def is_(self, keyword: str) -> bool:
        """Whether it is a keyword, which is never quoted."""
        return self.text == keyword and not self.quoted


def operation_from_text(line: str) -> Operation:
    """Return the operation of a line. Raise `BadOperation` with the form that was expected."""
    try:
        words = _words(line)
        op = words[0].text if words else ""
        read = _FROM_WORDS.get(op)
        if read is None:
            raise BadOperation(
                _(
                    "%(line)s begins with no operation; there are %(names)s.",
                    line=repr(line.strip()[:80]),
                    names=", ".join(BY_NAME),
                )
            )
        return read(words[1:])
    except (ValueError, IndexError) as error:
        values = {"line": repr(line.strip()[:80]), "form": BY_NAME[op].form()}
        if isinstance(error, _Why):
            text = _("%(line)s is not understood (%(why)s). Write: %(form)s", why=error, **values)
        else:
            text = _("%(line)s is not understood. Write: %(form)s", **values)
        raise BadOperation(text) from None


class _Why(ValueError):
    """What is wrong with a part of a line."""


def _words(line: str) -> list[Word]:
    words, at = [], 0
    for match in _WORD.finditer(line):
        if line[at : match.start()].strip():
            raise BadOperation(_("%(line)s has a quotation mark without its end.", line=repr(line.strip()[:80])))
        at, text = match.end(), match[0]
        plain = text if text.startswith("{") else _QUOTED.sub(lambda quoted: str(json.loads(quoted[0])), text)
        words.append(Word(plain, '"' in text and not text.startswith("{")))
    if line[at:].strip():
        raise BadOperation(_("%(line)s has a quotation mark without its end.", line=repr(line.strip()[:80])))
    return words


def _ids(words: Sequence[Word]) -> Ids:
    if not words:
        raise ValueError
    return tuple(word.text for word in words)


def _one(words: Sequence[Word]) -> str:
    (word,) = words
    return word.text


def _parted(words: Sequence[Word], keyword: str) -> tuple[Sequence[Word], Sequence[Word]]:
    at = next((number for number, word in enumerate(words) if word.is_(keyword)), None)
    if at is None:
        raise ValueError
    return words[:at], words[at + 1 :]


def _options(words: Sequence[Word], *names: str) -> dict[str, str]:
    pairs = [word.text.split("=", 1) for word in words]
    if any(len(pair) != 2 or pair[0] not in names for pair in pairs):
        raise ValueError
    return dict(pairs)


def _create(words: Sequence[Word]) -> Operation:
    rest, more = words[2:], {}
    if rest and rest[-1].text.startswith("{") and not rest[-1].quoted:
        rest, more = rest[:-1], {"fields": json.loads(rest[-1].text)}
    options: dict[str, Any] = _options(rest, "kind", "broader", "created") | more
    if "broader" in options:
        options["broader"] = tuple(filter(None, options["broader"].split(",")))
    return Create(words[0].text, words[1].text, **options)


def _split(words: Sequence[Word]) -> Operation:
    tag, parts = _parted(words, "into")
    keep = bool(parts) and parts[-1].is_("keep")
    pairs = [word.text.partition("=") for word in (parts[:-1] if keep else parts)]
    labels = tuple((part, label) for part, _, label in pairs if label)
    return Split(_one(tag), tuple(part for part, _, _ in pairs), labels, keep)


def _move(words: Sequence[Word]) -> Operation:
    tag, under = _parted(words, "under")
    return Move(_one(tag), () if len(under) == 1 and under[0].is_("-") else _ids(under))


def _retire(words: Sequence[Word]) -> Operation:
    if len(words) == 1:
        return Retire(words[0].text)
    tag, heir = _parted(words, "for")
    return Retire(_one(tag), _one(heir))


def _merge(words: Sequence[Word]) -> Operation:
    tags, into = _parted(words, "into")
    return Merge(_ids(tags), _one(into))


def _rename(words: Sequence[Word]) -> Operation:
    tag, to = _parted(words, "to")
    return Rename(_one(tag), _one(to))


def _alias(words: Sequence[Word]) -> Operation:
    from classifier.domain.taxonomy_yaml import read_alias  # whoever suggests reads no YAML

    tag, text, *policy = words
    sign, name = text.text[:1], text.text[1:]
    if sign == "+" and name and len(policy) <= 1:
        try:
            return ChangeAlias(tag.text, add=read_alias(name, policy[0].text if policy else "{}"))
        except ValueError as error:
            raise _Why(str(error)) from None
    if sign == "-" and name and not policy:
        return ChangeAlias(tag.text, drop=name)
    raise ValueError


def _set(words: Sequence[Word]) -> Operation:
    tag, *assignments = words
    parts = [word.text.partition("=") for word in assignments]
    names = [name.partition(".") for name, _, _ in parts]
    if not parts or not all(equals for _, equals, _ in parts) or len({name for name, _, _ in names}) != 1:
        raise ValueError
    if names[0][2]:
        values = {key: value for (_, _, key), (_, _, value) in zip(names, parts, strict=True)}
        return SetField(tag.text, names[0][0], values)
    ((name, _, value),) = parts
    return SetField(tag.text, name, value)


def _relabel(words: Sequence[Word]) -> Operation:
    return Relabel(words[0].text, words[1].text, **_options(words[2:], "lang"))


_FROM_WORDS: dict[str, Callable[[Sequence[Word]], Operation]] = {
    **{"create": _create, "relabel": _relabel, "merge": _merge, "rename": _rename, "split": _split},
    "keep": lambda words: Keep(words[0].text, tuple(word.text for word in words[1:])),
    **{"retire": _retire, "revive": lambda words: Revive(_one(words)), "move": _move, "alias": _alias, "set": _set},
}


def operation_to_text(operation: Operation) -> str:
    """Return an operation as a line that `operation_from_text` reads. A list as a value is written with blanks."""
    return " ".join((operation.op, *_written(operation)))


def _written(operation: Operation) -> Sequence[str]:
    match operation:
        case Create(tag, label, kind, broader, created, more):
            options = {"kind": kind * (kind != "theme"), "broader": ",".join(broader), "created": created or ""}
            written = (f"{name}={_word(text)}" for name, text in options.items() if text)
            return [_word(tag), _printable(label), *written, *([_printable(more)] if more else [])]
        case Keep(uri, statements):
            return [_word(uri), *map(_printable, statements)]
        case Relabel(tag, label, lang):
            return [_word(tag), _printable(label), *([f"lang={lang}"] if lang else [])]
        case Merge(tags, into):
            return [*map(_word, tags), "into", _word(into)]
        case Rename(tag, to):
            return [_word(tag), "to", _word(to)]
        case Split(tag, into, labels, keep):
            named = dict(labels)
            parts = (_word(part) + (f"={_printable(named[part])}" if part in named else "") for part in into)
            return [_word(tag), "into", *parts, *["keep"] * keep]
        case Retire(tag, into):
            return [_word(tag), *(["for", _word(into)] if into else [])]
        case Move(tag, under):
            return [_word(tag), "under", *(map(_word, under) if under else ["-"])]
        case ChangeAlias(tag, Alias() as alias):
            from classifier.domain.taxonomy_yaml import policy_of

            policy = policy_of(alias)
            return [_word(tag), "+" + _printable(alias.text), *([_printable(policy)] if policy else [])]
        case ChangeAlias(tag, drop=text):
            return [_word(tag), "-" + _printable(text or "")]
        case SetField(tag, name, value):
            values = {f".{key}": text for key, text in value.items()} if isinstance(value, Mapping) else {"": value}
            return [_word(tag), *(f"{name}{key}={_word(_value_text(text))}" for key, text in values.items())]
    return [_word(operation.tag)] if isinstance(operation, Revive) else []


def _value_text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return " ".join(value) if isinstance(value, list | tuple) else str(value)


def _word(text: str) -> str:
    return text if _SIMPLE.fullmatch(text) and text not in _KEYWORDS else _printable(text)


def _printable(value: Any) -> str:
    """Return the JSON of a value, with escapes for what cannot be printed: a line stays one line."""
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in json.dumps(value, ensure_ascii=False))
