"""A folder of text and HTML files -> articles: a file each, its id from its path."""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from lxml import etree

from classifier.domain.articles import Article, article_from_text
from classifier.domain.progress import Amount
from classifier.errors import BadArticle
from classifier.importers.records import (
    MAX_TEXT,
    ArticleRecord,
    LeftOut,
    ReadOptions,
    Record,
    SetAside,
    encoding_of,
    sound_text,
)
from classifier.texts import _

_HTML = frozenset([".html", ".htm"])
_TEXT = frozenset([".txt"])
_MAX_ID = 200
_MAX_HEAD = 100_000  # characters in which the title stands; libxml2 is quadratic in the attributes of one element
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._:-]+")


def read_folder(folder: Path, options: ReadOptions) -> Iterator[Record]:
    """Yield the articles of a folder in the order of their paths. Raises `BadArticle` if the folder cannot be read."""
    if not folder.is_dir():
        raise BadArticle(_("%(folder)s is not a folder.", folder=folder), "")
    root = folder.resolve()
    for path in _files(folder):
        if options.amount is not None:
            options.amount.done += _size(path)
        if path.is_dir():
            yield LeftOut("folders that are links")
        elif path.suffix.lower() not in _HTML | _TEXT:
            yield LeftOut(f"files {path.suffix[:20].lower() or 'without a suffix'}")
        else:
            try:
                yield ArticleRecord(_article(path, folder, root, options), file=str(path))
            except BadArticle as error:
                yield SetAside(str(path), None, str(error), error.field)


def amount_of(paths: Iterable[Path]) -> Amount:
    """Return how many bytes files and folders have. The whole is 0 where a pipe, or what cannot be read, does not tell."""
    try:
        sizes = [sum(map(_size, _files(path))) if path.is_dir() else path.is_file() and _size(path) for path in paths]
    except (BadArticle, OSError):  # whoever reads the file says what is wrong
        return Amount()
    return Amount(sum(sizes) if all(sizes) else 0)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _files(folder: Path) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        raise BadArticle(_("Cannot read %(name)s: %(error)s.", name=error.filename, error=error.strerror), "")

    for parent, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if (Path(parent) / name).is_symlink()]
        yield from (Path(parent) / name for name in sorted(names + links) if not name.startswith("."))


def _article(path: Path, folder: Path, root: Path, options: ReadOptions) -> Article:
    text = _read(path, root, options)
    article_id = (options.id_prefix or "") + id_of(path.relative_to(folder))
    if path.suffix.lower() in _HTML:
        return Article(id=article_id, title=_title(text), body=text, body_format="html")
    article = article_from_text(text.lstrip(), article_id)
    return replace(article, title=article.title.strip())


def _read(path: Path, root: Path, options: ReadOptions) -> str:
    encoding = options.encoding
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root):
            raise BadArticle(_("A link that leads out of the folder."), "")
        if not real.is_file():
            raise BadArticle(_("Not a file."), "")
        with real.open("rb") as file:
            raw = file.read(MAX_TEXT + 1)
        if len(raw) > MAX_TEXT:
            raise BadArticle(_("The file has more than %(most)s MB.", most=MAX_TEXT >> 20), "body")
        encoding = encoding_of(raw, options.encoding)
        return sound_text(raw.decode(encoding, errors="surrogateescape"), encoding)
    except (OSError, RuntimeError) as error:  # a loop of links is a RuntimeError until Python 3.13
        raise BadArticle(_("Cannot be read: %(error)s.", error=getattr(error, "strerror", None) or error), "") from None
    except UnicodeError as error:
        raise BadArticle(_("Not %(encoding)s: %(error)s.", encoding=encoding, error=error), "body") from None


def id_of(path: Path) -> str:
    """Return the id of a file by its path in the folder, without its suffix and with colons for slashes."""
    name = path.with_suffix("").as_posix().replace("/", ":")
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    fitted = _NOT_IN_IDS.sub("-", plain).strip("-")
    if fitted and len(fitted) <= _MAX_ID and not any(c.isalnum() and not c.isascii() for c in plain):
        return fitted
    # Letters that no id may have, or too many: a digest of the path keeps the id unique.
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{fitted[: _MAX_ID - 9]}-{digest}".lstrip("-")


def _title(markup: str) -> str:
    """Return the text of <title>, or else of the first <h1>, of the first part of a page."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    root = etree.fromstring(f"<!---->{markup[:_MAX_HEAD]}".encode(), parser)
    if root is None:
        return ""
    for element in (root.find("head/title"), next(root.iter("h1"), None)):
        text = " ".join("".join(element.itertext()).split()) if element is not None else ""
        if text:
            return text
    return ""
