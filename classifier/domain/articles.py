"""Articles, and how they are read from records and files."""

import codecs
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Self, cast

from isal import igzip
from isal.igzip_lib import IsalError

from classifier.domain import strict_json
from classifier.domain.dates import normal_date
from classifier.errors import BadArticle, BadJSON
from classifier.texts import _

# The text fields of an article as a reader meets them, which its digest, its record and the model follow: each is an attribute
# of `Article`. Digests and records leave out those that are empty, except for title and body.
TEXT_FIELDS = ("title", "standfirst", "body")
ALWAYS = ("title", "body")
_texts_of = attrgetter(*TEXT_FIELDS)
COLUMNS = ("id", *TEXT_FIELDS, "tags", "published_at", "url", "body_format")  # of an article in a table
BODY_FORMATS = ("text", "html")
STORED_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
# Those but for `.` and `..`, which name folders in an address: clients and proxies take them out. JSON Schema has no
# shorter way to say so.
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,8}")  # of BCP 47; some systems join its parts by _
ARTICLE_ID = re.compile(
    r"(?:[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,199}|\.[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,198}|\.\.[A-Za-z0-9._:-]{1,198})"
)


@dataclass(frozen=True)
class Article:
    """An article as it was sent, with what is known of its tags.

    `tags` and `rejected` are tag ids. With `tags_complete` every tag that is not listed is known to be wrong, but for
    those in `unknown`; without it, a tag in neither list is unknown. `tags` is None where the sender said nothing of
    them. `tagged_at` is when the tags were completed, where that was not when the article was published. `standfirst` is the
    summary between headline and body, empty where there is none. `body_format` is its format too. `language` is that of the
    text as the sender says, a tag of BCP 47.
    """

    id: str = ""
    title: str = ""
    body: str = ""
    body_format: str = "text"
    tags: tuple[str, ...] | None = None
    rejected: tuple[str, ...] = ()
    tags_complete: bool = True
    published_at: str | None = None
    url: str | None = None
    unknown: tuple[str, ...] = ()
    tagged_at: str | None = None
    standfirst: str = ""
    language: str | None = None

    @property
    def texts(self) -> tuple[str, ...]:
        """The text fields as they were sent, in the order of TEXT_FIELDS."""
        texts: tuple[str, ...] = _texts_of(self)
        return texts

    @property
    def texts_by_name(self) -> dict[str, str]:
        """The text fields by the names of TEXT_FIELDS."""
        return dict(zip(TEXT_FIELDS, self.texts, strict=True))

    def with_texts(self, texts: Mapping[str, str]) -> Self:
        """Return the article with other text fields, by the names of TEXT_FIELDS."""
        changes: dict[str, Any] = dict(texts)
        return replace(self, **changes)


_STRINGS = ("id", *TEXT_FIELDS, "body_format", "published_at", "url", "tagged_at", "language")
_LISTS = ("tags", "rejected", "unknown")
DATES = ("published_at", "tagged_at")
RECORD_FIELDS = frozenset({*_STRINGS, *_LISTS, "tags_complete"})


def article_from_record(record: Any) -> Article:
    """Return the article of a decoded JSON record, whatever fields more it has, or raise `BadArticle` with the field."""
    if not isinstance(record, dict):
        raise BadArticle(_("An article record is a JSON object, not %(name)s.", name=type(record).__name__), "")
    fields = {key: value for key, value in record.items() if key in RECORD_FIELDS and value is not None}
    if "language" in fields and not is_language(fields["language"]):  # files say `English`: no language is told then
        del fields["language"]
    for field, value in fields.items():
        if field in _STRINGS:
            if not isinstance(value, str):
                raise BadArticle(
                    _("`%(field)s` must be a string, not %(value)s.", field=field, value=repr(value)[:60]), field
                )
        elif field in _LISTS:
            if not isinstance(value, list) or not all(isinstance(tag, str) and tag for tag in value):
                raise BadArticle(_("`%(field)s` must be a list of tag ids.", field=field), field)
            fields[field] = tuple(dict.fromkeys(value))
        elif not isinstance(value, bool):
            raise BadArticle(_("`tags_complete` must be true or false."), field)
    for field in DATES:
        if field in fields:
            fields[field] = normal_date(fields[field], field)
    article = Article(**fields)
    _check_fields(article)
    return article


def article_from_file(record: Any) -> Article:
    """Return the article of a file's record, which has an id and a title or body, or raise `BadArticle`."""
    article = article_from_record(record)
    if record.get("title") is None and record.get("body") is None:
        raise BadArticle(_without_text(record), "title")
    if not article.id:
        raise BadArticle(_("`id` is missing."), "id")
    return article


def _without_text(record: dict[str, object]) -> str:
    if {"file", "line", "reason"} <= record.keys():  # of `import --rejects`
        position = f"{record['file']}, line {record['line']}"[:200]
        return _(
            "This is no article, but what an import set aside (%(place)s). Mend it there and import that file.",
            place=position,
        )
    fields = ", ".join(f"{name[:40]!r}" for name in record)
    return _(
        "The record has neither `title` nor `body`; it has %(fields)s. Rename its fields, or import it and say which is which: --columns title=headline,body=content",
        fields=fields[:400] or _("no fields"),
    )


def checked(article: Article) -> Article:
    """Return the article with dates in their normal form. Raise `BadArticle` for a field that cannot be used."""
    dates: dict[str, Any] = {
        field: normal_date(date, field) for field in DATES if (date := getattr(article, field)) is not None
    }
    article = replace(article, **dates) if dates else article
    _check_fields(article)
    return article


def _check_fields(article: Article) -> None:
    """Raise `BadArticle` for a field of the right type, whose dates are normal, that cannot be used."""
    if not article.id.isprintable():  # a line break in an id would be two lines in the files of a model
        raise BadArticle(
            _("`id` %(id)s holds a character that cannot be printed. Leave it out.", id=repr(article.id[:60])), "id"
        )
    if article.body_format not in BODY_FORMATS:
        raise BadArticle(_("`body_format` must be one of %(names)s.", names=", ".join(BODY_FORMATS)), "body_format")
    if not article.rejected and not article.unknown:
        return
    tags = article.tags or ()
    for field, excluded in (("rejected", tags), ("unknown", (*tags, *article.rejected))):
        if both := set(getattr(article, field)) & set(excluded):
            raise BadArticle(
                _("The tag %(tag)s is in `%(field)s` and in another list.", tag=repr(min(both)), field=field), field
            )


def record_of(article: Article) -> dict[str, object]:
    """Return the JSON record of an article, without the fields that say nothing: what `article_from_record` reads."""
    texts = article.texts_by_name.items()
    record: dict[str, object] = {"id": article.id, **{name: text for name, text in texts if text or name in ALWAYS}}
    if article.body_format != "text":
        record["body_format"] = article.body_format
    if article.tags is not None:
        record["tags"] = list(article.tags)
    record |= {field: list(tags) for field in ("rejected", "unknown") if (tags := getattr(article, field))}
    record["tags_complete"] = article.tags_complete
    optional = ("published_at", "url", "tagged_at", "language")
    return record | {field: value for field in optional if (value := getattr(article, field)) is not None}


def text_digest(article: Article) -> str:
    """Return the digest of what is judged of an article: its text fields, the format of its body, and the told language."""
    others = [(name, text) for name, text in article.texts_by_name.items() if text and name not in ALWAYS]
    others += [("language", article.language)] if article.language else []
    judged = [article.title, article.body, article.body_format, *others]
    return hashlib.sha256(json.dumps(judged).encode()).hexdigest()


def is_language(value: object) -> bool:
    """Whether a value is a language as BCP 47 writes it."""
    return isinstance(value, str) and LANGUAGE.fullmatch(value) is not None


def check_id(article_id: str) -> str:
    """Return an id under which an article may be stored; raise `BadArticle` if it is not one."""
    if not ARTICLE_ID.fullmatch(article_id):
        raise BadArticle(
            _("`id` %(id)s must be 1 to 200 of letters, digits, . _ : - (not . or ..)", id=repr(article_id[:60])), "id"
        )
    return article_id


def check_stored_id(article_id: str) -> str:
    """Return an id under which an article may stand in a store, also of an older version, or raise `BadArticle`."""
    return article_id if STORED_ID.fullmatch(article_id) else check_id(article_id)


def read_articles(paths: Iterable[Path]) -> Iterator[Article]:
    """Yield the articles of JSON Lines files, plain or `.gz`. Raise `BadArticle`, naming file, line and field."""
    return (article_of_line(position, line) for position, line in placed_lines(paths))


def placed_lines(paths: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of files that are not empty, each with its position: `archive.jsonl, line 7`."""
    for path in paths:
        name = str(path)
        with _open(path) as lines:
            try:
                for number, raw in enumerate(lines, start=1):
                    line = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
                    if line and not line.isspace():
                        yield f"{name}, line {number}", line
            except _DAMAGED as error:  # type: ignore[misc]
                raise BadArticle(_("Cannot read %(path)s: %(error)s.", path=path, error=error), "") from None


def count_lines(path: Path) -> int:
    """Return the number of lines of a file, plain or `.gz`, empty ones too. Raise `BadArticle` if it cannot be read."""
    n, last = 0, b"\n"
    with _open(path) as file:
        try:
            while block := file.read(_BLOCK):
                n, last = n + block.count(b"\n"), block[-1:]
        except _DAMAGED as error:  # type: ignore[misc]
            raise BadArticle(_("Cannot read %(path)s: %(error)s.", path=path, error=error), "") from None
    return n + (last != b"\n")


_BLOCK = 1 << 20  # bytes
_DAMAGED = (OSError, EOFError, IsalError)  # of a damaged packed file; isal has no types


def article_of_line(position: str, line: bytes) -> Article:
    """Return the article of a line of JSON. Raise `BadArticle`, naming the position, if it has none."""
    try:
        article = article_from_file(strict_json.loads(line))
    except BadArticle as error:
        raise BadArticle(f"{position}: {error}", error.field) from None
    except BadJSON as error:
        raise BadArticle(f"{position}: {error}", error.pointer or "") from None
    return article


def _open(path: Path) -> IO[bytes]:
    try:
        file = igzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[no-untyped-call]
    except OSError as error:
        raise BadArticle(_("Cannot read %(path)s: %(error)s.", path=path, error=error.strerror), "") from None
    return cast(IO[bytes], file)


def article_from_text(text: str, article_id: str = "") -> Article:
    """Return the article whose title is the first line of a text and whose body is all after the first newline."""
    title, _, body = text.partition("\n")
    return Article(id=article_id, title=title, body=body)
