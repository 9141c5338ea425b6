"""Operations on the taxonomy out of the fields of forms, where people name tags by their labels."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from classifier.domain.operation_lines import operation_from_text
from classifier.domain.operations import (
    ChangeAlias,
    Create,
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
from classifier.domain.taxonomy import Taxonomy, id_for
from classifier.errors import BadOperation
from classifier.texts import _, number
from classifier.web.pages.forms import Form
from classifier.web.pages.tag_list import found_tags, tag_named
from classifier.web.pages.tag_site import MAX_NAME
from classifier.web.pages.tags import alias_of
from classifier.web.texts import label_of

MOST_AT_ONCE = 500
MAX_ID = 60


def operations_of(form: Form, taxonomy: Taxonomy) -> Sequence[Operation]:
    """Return the operations that a form asks for. Raises `BadOperation` if it names what there is not."""
    read = _READERS.get(form.text("op"))
    if read is None:
        raise BadOperation(_("Choose what shall be done."))
    operations = list(read(form, taxonomy))
    if not operations:
        raise BadOperation(_("Tick the tags first, or name one."))
    if len(operations) > MOST_AT_ONCE:
        raise BadOperation(
            _("At most %(n)s changes go into the basket at once. Import a table for more.", n=number(MOST_AT_ONCE))
        )
    return operations


def named(name: str, taxonomy: Taxonomy) -> str:
    """Return the id of the tag that a person names. Raise `BadOperation` with those that may be meant."""
    tag = tag_named(taxonomy, name)
    if tag is not None:
        return tag.id
    if not name.strip():
        raise BadOperation(_("Name the tag."))
    alike = [_("“%(text)s”", text=label_of(each)) for each in found_tags(taxonomy, name) if not each.retired][:4]
    if not alike:
        raise BadOperation(_("No tag is called “%(name)s”.", name=name.strip()[:80]))
    text = _("No tag is called “%(name)s”. Did you mean %(tags)s?", name=name.strip()[:80], tags=_(" or ").join(alike))
    raise BadOperation(text)


def free_id(taxonomy: Taxonomy, label: str, taken: Iterable[str] = ()) -> str:
    """Return an id for a new tag with a label, which no tag has."""
    base, taken = id_for(label)[:MAX_ID].strip("-") or "tag", set(taken)
    candidates = (f"{base}-{n}" if n > 1 else base for n in count(1))
    return next(each for each in candidates if each not in taxonomy.by_id and each not in taken)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.replace("\n", ",").split(",") if name.strip()]


def _create(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    label = _label(form.text("label"))
    tag_id = form.text("id") or free_id(taxonomy, label)
    under = tuple(named(name, taxonomy) for name in _names(form.text("under")))
    yield Create(tag_id, label, form.text("kind") or "theme", under)


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label or len(label) > MAX_NAME:
        raise BadOperation(_("A label has 1 to %(n)s characters.", n=MAX_NAME))
    return label


def _relabel(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    yield Relabel(form.text("tag"), _label(form.text("label")), form.text("lang") or None)


def _merge(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    into = named(form.text("into"), taxonomy)
    tags = tuple(tag for tag in form.texts("tag") if tag != into)
    return [Merge(tags, into)] if tags else []


def _rename(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    yield Rename(form.text("tag"), form.text("to"))


def _split(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    ids: list[str] = []
    labels: list[tuple[str, str]] = []
    for name in _names(form.text("parts")):
        tag = tag_named(taxonomy, name)
        ids.append(tag.id if tag is not None else free_id(taxonomy, name, ids))
        if tag is None:
            labels.append((ids[-1], _label(name)))
    if len(ids) < 2 and not form.text("keep"):
        raise BadOperation(_("Name the parts, two or more, each on its own line."))
    yield Split(form.text("tag"), tuple(ids), tuple(labels), bool(form.text("keep")))


def _retire(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    heir = form.text("into")
    into = named(heir, taxonomy) if heir else None
    return [Retire(tag, into) for tag in form.texts("tag") if tag != into]


def _move(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    under = tuple(named(name, taxonomy) for name in _names(form.text("into") or form.text("under")))
    return [Move(tag, tuple(above for above in under if above != tag)) for tag in form.texts("tag")]


def _alias(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    alias = alias_of(form.text)
    if not alias.text:
        raise BadOperation(_("Type the alias."))
    yield ChangeAlias(named(form.text("of"), taxonomy) if form.text("of") else form.text("tag"), add=alias)


def _no_alias(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    yield ChangeAlias(form.text("tag"), drop=form.text("alias"))


def _note(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    language, text = form.text("lang"), " ".join(form.text("note").split())
    yield (
        SetField(form.text("tag"), "notes", {language: text}) if language else SetField(form.text("tag"), "note", text)
    )


def _match(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    tag, relation, uri = form.text("tag"), form.text("relation") or "exact", form.text("uri")
    known = [each for name, each in taxonomy.tag(tag).matches if name == relation] if tag in taxonomy.by_id else []
    without = form.text("without")
    uris = [each for each in known if each != without]
    yield SetField(tag, "matches", {relation: [*uris, *([uri] if uri and uri not in uris else [])]})


def _status(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    return [SetField(tag, "status", "muted" if form.text("op") == "mute" else "active") for tag in form.texts("tag")]


def _caution(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    value = form.text("caution")
    return [SetField(tag, "caution", value or "false") for tag in form.texts("tag")]


def _lines(form: Form, taxonomy: Taxonomy) -> Iterable[Operation]:
    lines = (line.strip() for line in form.text("lines", 100_000).splitlines())
    return [operation_from_text(line) for line in lines if line and not line.startswith("#")]


_READERS: Mapping[str, Callable[[Form, Taxonomy], Iterable[Operation]]] = {
    **{"create": _create, "relabel": _relabel, "merge": _merge, "rename": _rename, "split": _split},
    **{"retire": _retire, "revive": lambda form, _taxonomy: [Revive(tag) for tag in form.texts("tag")], "move": _move},
    **{"alias": _alias, "no-alias": _no_alias, "note": _note, "match": _match, "mute": _status, "unmute": _status},
    **{"caution": _caution, "lines": _lines},
}
