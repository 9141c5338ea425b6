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
from classifier.texts import N_, _, gettext, kind_name, ngettext, number, percent, pieces
from classifier.web.texts import label_of

MAX_QUOTED = 120
_FIELDS = {"note": N_("note"), "notes": N_("notes"), "labels": N_("labels"), "matches": N_("ids elsewhere")}
_FIELDS |= {"related": N_("related tags"), "created": N_("first day"), "uri": N_("address in its vocabulary")}
_FIELDS |= {"notation": N_("code"), "kind": N_("kind")}

# Each change as somebody asks for it, and as the history tells who made it.
_TEXTS = {
    "create": (N_("make the tag %(tag)s (%(kind)s)"), N_("%(who)s made the tag %(tag)s (%(kind)s)")),
    "create under": (
        N_("make the tag %(tag)s (%(kind)s), under %(above)s"),
        N_("%(who)s made the tag %(tag)s (%(kind)s), under %(above)s"),
    ),
    "relabel": (N_("give %(tag)s the label %(text)s"), N_("%(who)s gave %(tag)s the label %(text)s")),
    "relabel in": (
        N_("give %(tag)s the label (%(language)s) %(text)s"),
        N_("%(who)s gave %(tag)s the label (%(language)s) %(text)s"),
    ),
    "merge": (N_("merge %(tags)s into %(tag)s"), N_("%(who)s merged %(tags)s into %(tag)s")),
    "rename": (N_("change the id of %(tag)s to %(text)s"), N_("%(who)s changed the id of %(tag)s to %(text)s")),
    "split": (N_("split %(tag)s into %(tags)s"), N_("%(who)s split %(tag)s into %(tags)s")),
    "split and keep": (
        N_("split %(tag)s into %(tags)s, and keep it above them"),
        N_("%(who)s split %(tag)s into %(tags)s, and kept it above them"),
    ),
    "retire": (N_("retire %(tag)s"), N_("%(who)s retired %(tag)s")),
    "retire for": (N_("retire %(tag)s in favour of %(other)s"), N_("%(who)s retired %(tag)s in favour of %(other)s")),
    "revive": (N_("revive %(tag)s"), N_("%(who)s revived %(tag)s")),
    "move": (N_("put %(tag)s under %(above)s"), N_("%(who)s put %(tag)s under %(above)s")),
    "move up": (N_("put %(tag)s at the top"), N_("%(who)s put %(tag)s at the top")),
    "alias": (N_("give %(tag)s the alias %(text)s"), N_("%(who)s gave %(tag)s the alias %(text)s")),
    "alias with rules": (
        N_("give %(tag)s the alias %(text)s, %(rules)s"),
        N_("%(who)s gave %(tag)s the alias %(text)s, %(rules)s"),
    ),
    "no alias": (N_("take the alias %(text)s off %(tag)s"), N_("%(who)s took the alias %(text)s off %(tag)s")),
    "muted": (N_("mute %(tag)s"), N_("%(who)s muted %(tag)s")),
    "active": (N_("suggest %(tag)s again"), N_("%(who)s let %(tag)s be suggested again")),
    "status": (N_("change %(tag)s"), N_("%(who)s changed %(tag)s")),
    "careful": (
        N_("set the rule: never add %(tag)s without an editor"),
        N_("%(who)s set the rule: never add %(tag)s without an editor"),
    ),
    "careful and hidden": (
        N_("set the rule: never add %(tag)s without an editor, and hide it below a score of %(score)s"),
        N_("%(who)s set the rule: never add %(tag)s without an editor, and hide it below a score of %(score)s"),
    ),
    "careless": (
        N_("set the rule: add %(tag)s without an editor where it is sure"),
        N_("%(who)s set the rule: add %(tag)s without an editor where it is sure"),
    ),
    "threshold": (
        N_("set the threshold of %(tag)s to %(score)s"),
        N_("%(who)s set the threshold of %(tag)s to %(score)s"),
    ),
    "no threshold": (
        N_("set the threshold of %(tag)s back to that of the training"),
        N_("%(who)s set the threshold of %(tag)s back to that of the training"),
    ),
    "field": (N_("set the %(field)s of %(tag)s to %(text)s"), N_("%(who)s set the %(field)s of %(tag)s to %(text)s")),
    "no field": (N_("remove the %(field)s of %(tag)s"), N_("%(who)s removed the %(field)s of %(tag)s")),
    "keep": (
        N_("keep statements of a vocabulary on %(text)s: %(n)s"),
        N_("%(who)s kept statements of a vocabulary on %(text)s: %(n)s"),
    ),
    "undo": (N_("take back change %(n)s: %(change)s"), N_("%(who)s took back change %(n)s: %(change)s")),
    "undo unseen": (N_("take back change %(n)s"), N_("%(who)s took back change %(n)s")),
    "other": (N_("do %(text)s"), N_("%(who)s did %(text)s")),
}


class Word(NamedTuple):
    """A piece of a sentence: plain words, a name (of a tag, if it has its id), or a quotation."""

    text: str
    tag: str | None = None
    quoted: bool = False
    is_name: bool = False


Sentence = Sequence[Word]
_Value = Word | Sentence | str


class Sentences:
    """Says changes in sentences in the reader's language, with the labels of a taxonomy. `labels` are those of tags that it lacks."""

    def __init__(self, taxonomy: Taxonomy, labels: Mapping[str, str] | None = None) -> None:
        self._taxonomy, self._labels = taxonomy, dict(labels or {})

    def asked(self, operations: Iterable[Operation]) -> list[Sentence]:
        """Return what operations ask for: "merge A and B into C"."""
        return [self._of(operation, None) for operation in operations]

    def of_set(self, ops: Iterable[Mapping[str, object]], log: FoldedLog) -> list[Sentence]:
        """Return what the operations of a change set ask for, as plain JSON, also those that take rows of a log back."""
        return [
            self._taking_back(int(str(op["n"])), log, None)
            if op.get("op") == UNDO
            else self._of(operation_from_json(op), None)
            for op in ops
        ]

    def done(self, row: Row, log: FoldedLog) -> Sentence:
        """Return what a row of a log did, and who: "Amina merged A and B into C"."""
        who = Word(_("The service")) if row.by == IMPORT else Word(row.by, is_name=True)
        if row.op == IMPORT:
            n = len(row.args["taxonomy"]["tags"])
            text = ngettext(
                "%(who)s took over a taxonomy of %(n)s tag",
                "%(who)s took over a taxonomy of %(n)s tags",
                n,
                who="%(who)s",
            )
            return _placed(text, {"who": who})
        if row.op == UNDO:
            return self._taking_back(row.undoes or 0, log, who)
        return self._of(operation_from_json({"op": row.op, **row.args}), who)

    def _taking_back(self, n: int, log: FoldedLog, who: Word | None) -> Sentence:
        if not 1 <= n <= log.n:
            return _said("undo unseen", who, n=str(n))
        return _said("undo", who, n=str(n), change=self.done(log.rows[n - 1], log))

    def _of(self, operation: Operation, who: Word | None) -> Sentence:
        if isinstance(operation, Create):
            self._labels.setdefault(operation.tag, operation.label)
        if isinstance(operation, Split):
            self._labels.update(dict(operation.labels))
        text, values = self._values(operation)
        return _said(text, who, **values)

    def _values(self, operation: Operation) -> tuple[str, dict[str, _Value]]:
        """Return which text says an operation, and the values in its places."""
        match operation:
            case Create(tag, _label, kind, broader):
                above = {"above": self._tags(broader)} if broader else {}
                return "create under" if broader else "create", {
                    "tag": self._tag(tag),
                    "kind": kind_name(kind),
                    **above,
                }
            case Relabel(tag, label, lang):
                language = {"language": lang} if lang else {}
                return "relabel in" if lang else "relabel", {"tag": self._tag(tag), "text": _quoted(label), **language}
            case Merge(tags, into):
                return "merge", {"tags": self._tags(tags), "tag": self._tag(into)}
            case Rename(tag, to):
                return "rename", {"tag": self._tag(tag), "text": _quoted(to)}
            case Split(tag, into, _labels, keep):
                return "split and keep" if keep else "split", {"tag": self._tag(tag), "tags": self._tags(into)}
            case Retire(tag, into):
                heir = {"other": self._tag(into)} if into else {}
                return "retire for" if into else "retire", {"tag": self._tag(tag), **heir}
            case Revive(tag):
                return "revive", {"tag": self._tag(tag)}
            case Move(tag, under):
                above = {"above": self._tags(under)} if under else {}
                return "move" if under else "move up", {"tag": self._tag(tag), **above}
            case ChangeAlias(tag, Alias() as alias):
                rules = {"rules": _(", ").join(policy)} if (policy := _policy(alias)) else {}
                text = "alias with rules" if rules else "alias"
                return text, {"tag": self._tag(tag), "text": _quoted(alias.text), **rules}
            case ChangeAlias(tag, None, drop):
                return "no alias", {"tag": self._tag(tag), "text": _quoted(drop or "")}
            case SetField(tag, name, value):
                return self._set(name, value, {"tag": self._tag(tag)})
            case Keep(uri, statements):
                return "keep", {"n": number(len(statements)), "text": _quoted(uri)}
        return "other", {"text": _quoted(operation_to_text(operation))}

    def _set(self, name: str, value: object, tag: dict[str, _Value]) -> tuple[str, dict[str, _Value]]:
        if name == "status":
            return {"muted": "muted", "active": "active", "retired": "retire"}.get(str(value), "status"), tag
        if name == "caution":
            if _is_number(value):
                return "careful and hidden", {**tag, "score": str(value)}
            return "careful" if value else "careless", tag
        if name == "threshold":
            return ("threshold", {**tag, "score": percent(float(str(value)))}) if value else ("no threshold", tag)
        values: dict[str, _Value] = {**tag, "field": gettext(_FIELDS[name]) if name in _FIELDS else name}
        if isinstance(value, Mapping):
            value = ", ".join(f"{key}: {_plain(each)}" for key, each in value.items())
        return ("field", {**values, "text": _quoted(_plain(value))}) if value else ("no field", values)

    def _tag(self, tag_id: str) -> Word:
        known = self._taxonomy.by_id.get(tag_id)
        return Word(
            label_of(known) if known else self._labels.get(tag_id, tag_id), tag_id if known else None, not known
        )

    def _tags(self, ids: Sequence[str]) -> Sentence:
        *others, last = map(self._tag, ids)
        if not others:
            return [last]
        between = Word(_(", "))
        listed = [word for other in others for word in (other, between)][:-1]
        return _placed(_("%(others)s and %(last)s"), {"others": listed, "last": last})


def _said(name: str, who: Word | None, **values: _Value) -> Sentence:
    asked, done = _TEXTS[name]
    return _placed(gettext(asked), values) if who is None else _placed(gettext(done), {"who": who, **values})


def _placed(text: str, values: Mapping[str, _Value]) -> Sentence:
    """Return a text with words in its places."""
    words: list[Word] = []
    for piece in pieces(text, values):
        words += [piece] if isinstance(piece, Word) else [Word(piece)] if isinstance(piece, str) else piece
    return [word for word in words if word.text]


def text_of(sentence: Sentence) -> str:
    """Return a sentence as plain text."""
    return "".join(_("“%(text)s”", text=word.text) if word.quoted else word.text for word in sentence)


def _quoted(text: str) -> Word:
    return Word(text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…", quoted=True)


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and str(value).replace(".", "", 1).isdecimal()


def _any_of(words: Sequence[str]) -> str:
    return _(" or ").join(words)


def _policy(alias: Alias) -> list[str]:
    """Return when an alias counts, in words. Nothing if it always does."""
    rules = [_("in exactly this case")] if alias.case_exact else []
    rules += [_("as weak evidence only")] if alias.weak else []
    rules += [_("where the article has %(words)s", words=_any_of(alias.needs))] if alias.needs else []
    rules += [_("except beside %(words)s", words=_any_of(alias.blocked))] if alias.blocked else []
    return rules
