"""Changes of the taxonomy as sentences: what a change set asks for, and what the log says was done."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import (
    ChangeAlias,
    Create,
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
    operation_from_json,
)
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.domain.taxonomy_log import IMPORT, UNDO, FoldedLog, Row

MAX_QUOTED = 120
_PAST = {"make": "made", "give": "gave", "take": "took", "put": "put", "set": "set", "split": "split", "keep": "kept"}
_FIELDS = {"note": "note", "notes": "notes", "labels": "labels", "matches": "ids elsewhere", "related": "related tags"}
_FIELDS |= {"created": "first day", "uri": "address in its vocabulary", "notation": "code", "kind": "kind"}


class Word(NamedTuple):
    """A piece of a sentence: plain words, the name of a tag, or a quotation."""

    text: str
    tag: str | None = None
    quoted: bool = False


Sentence = Sequence[Word]


class Sentences:
    """Says changes in sentences, with the labels of a taxonomy. `labels` are those of tags that it lacks."""

    def __init__(self, taxonomy: Taxonomy, labels: Mapping[str, str] | None = None) -> None:
        self._taxonomy, self._labels = taxonomy, dict(labels or {})

    def asked(self, operations: Iterable[Operation]) -> list[Sentence]:
        """Return what operations ask for: "merge A and B into C"."""
        return [self._of(operation, done=False) for operation in operations]

    def of_set(self, ops: Iterable[Mapping[str, object]], log: FoldedLog) -> list[Sentence]:
        """Return what the operations of a change set ask for, as plain JSON, also those that take rows of a log back."""
        return [
            self._taking_back(int(str(op["n"])), log, done=False)
            if op.get("op") == UNDO
            else self._of(operation_from_json(op), done=False)
            for op in ops
        ]

    def done(self, row: Row, log: FoldedLog) -> Sentence:
        """Return what a row of a log did: "merged A and B into C"."""
        if row.op == IMPORT:
            return [Word(f"took over a taxonomy of {len(row.args['taxonomy']['tags']):,} tags")]
        if row.op == UNDO:
            return self._taking_back(row.undoes or 0, log, done=True)
        return self._of(operation_from_json({"op": row.op, **row.args}), done=True)

    def _taking_back(self, n: int, log: FoldedLog, done: bool) -> Sentence:
        verb = "took back" if done else "take back"
        inner = self.done(log.rows[n - 1], log) if 1 <= n <= log.n else []
        return [Word(f"{verb} change {n}: someone "), *inner]

    def _of(self, operation: Operation, done: bool) -> Sentence:
        if isinstance(operation, Create):
            self._labels.setdefault(operation.tag, operation.label)
        if isinstance(operation, Split):
            self._labels.update(dict(operation.labels))
        verb, *rest = self._words(operation)
        past = _PAST.get(verb.text, f"{verb.text.removesuffix('e')}ed")
        return [Word(past if done else verb.text), Word(" "), *rest]

    def _words(self, operation: Operation) -> Sentence:
        match operation:
            case Create(tag, _, kind, broader):
                under = [Word(", under "), *self._tags(broader)] if broader else []
                return [Word("make"), Word("the tag "), self._tag(tag), Word(f" ({kind})"), *under]
            case Relabel(tag, label, lang):
                which = f" the label ({lang}) " if lang else " the label "
                return [Word("give"), self._tag(tag), Word(which), _quoted(label)]
            case Merge(tags, into):
                return [Word("merge"), *self._tags(tags), Word(" into "), self._tag(into)]
            case Rename(tag, to):
                return [Word("change"), Word("the id of "), self._tag(tag), Word(" to "), _quoted(to)]
            case Split(tag, into, _, keep):
                kept = [Word(", and keep it above them")] if keep else []
                return [Word("split"), self._tag(tag), Word(" into "), *self._tags(into), *kept]
            case Retire(tag, into):
                heir = [Word(" in favour of "), self._tag(into)] if into else []
                return [Word("retire"), self._tag(tag), *heir]
            case Revive(tag):
                return [Word("revive"), self._tag(tag)]
            case Move(tag, under):
                where = [Word(" under "), *self._tags(under)] if under else [Word(" at the top")]
                return [Word("put"), self._tag(tag), *where]
            case ChangeAlias(tag, Alias() as alias):
                return [Word("give"), self._tag(tag), Word(" the alias "), _quoted(alias.text), Word(_policy(alias))]
            case ChangeAlias(tag, None, drop):
                return [Word("take"), Word("the alias "), _quoted(drop or ""), Word(" off "), self._tag(tag)]
            case SetField(tag, name, value):
                return self._set(tag, name, value)
            case Keep(uri, statements):
                return [Word("keep"), Word(f"{len(statements)} statements of a vocabulary on "), _quoted(uri)]
        return [Word("do"), _quoted(operation_to_text(operation))]

    def _set(self, tag: str, name: str, value: object) -> Sentence:
        if name == "status":
            verb = {"muted": "mute", "active": "suggest", "retired": "retire"}.get(str(value), "change")
            return [Word(verb), self._tag(tag), Word(" again" if verb == "suggest" else "")]
        if name == "caution":
            what = "never add {} without an editor" if value else "add {} without an editor where it is sure"
            before, after = what.split("{}")
            least = f", and hide it below a score of {value}" if _is_number(value) else ""
            return [Word("set"), Word(f"the rule: {before}"), self._tag(tag), Word(after + least)]
        if name == "threshold":
            if not value:
                return [Word("set"), Word("the threshold of "), self._tag(tag), Word(" back to that of the training")]
            return [Word("set"), Word("the threshold of "), self._tag(tag), Word(f" to {float(str(value)):.0%}")]
        if isinstance(value, Mapping):
            parts = ", ".join(f"{key}: {_plain(each)}" for key, each in value.items())
            return [Word("set"), Word(f"the {_FIELDS.get(name, name)} of "), self._tag(tag), Word(": "), _quoted(parts)]
        told = [Word(" to "), _quoted(_plain(value))] if value else [Word(" to nothing")]
        return [Word("set"), Word(f"the {_FIELDS.get(name, name)} of "), self._tag(tag), *told]

    def _tag(self, tag_id: str) -> Word:
        known = self._taxonomy.by_id.get(tag_id)
        return Word(known.label if known else self._labels.get(tag_id, tag_id), tag_id if known else None, not known)

    def _tags(self, ids: Sequence[str]) -> list[Word]:
        words = [self._tag(ids[0])] if ids else []
        for number, tag_id in enumerate(ids[1:], 2):
            words += [Word(" and " if number == len(ids) else ", "), self._tag(tag_id)]
        return words


def text_of(sentence: Sentence) -> str:
    """Return a sentence as plain text."""
    return "".join(f"“{word.text}”" if word.quoted else word.text for word in sentence)


def _quoted(text: str) -> Word:
    return Word(text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…", quoted=True)


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and str(value).replace(".", "", 1).isdecimal()


def _policy(alias: Alias) -> str:
    """Return when an alias counts, in words. Nothing if it always does."""
    rules = ["in exactly this case"] if alias.case_exact else []
    rules += ["as weak evidence only"] if alias.weak else []
    rules += [f"where the article has {' or '.join(alias.needs)}"] if alias.needs else []
    rules += [f"except beside {' or '.join(alias.blocked)}"] if alias.blocked else []
    return f", {', '.join(rules)}" if rules else ""
