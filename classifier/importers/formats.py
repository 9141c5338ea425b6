"""The format of a file, by its name or else by its first bytes."""

import re
from collections.abc import Iterable
from pathlib import Path

from classifier.errors import BadArticle
from classifier.importers.records import ReadOptions
from classifier.importers.streams import open_bytes

_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".xml": "wxr", ".wxr": "wxr", ".csv": "csv", ".tsv": "csv"}
_ARTICLES = frozenset([".txt", ".html", ".htm"])
_BEGINS_LIKE_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|!DOCTYPE|rss\b)")
_BEGINS_LIKE_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{")
_BEGINS_LIKE_A_TABLE = re.compile(rb"[^\n\x00]*\w[^\n\x00]*[,;\t|]")


def format_of(path: Path, options: ReadOptions) -> str:
    """Return one of `FORMATS`. Raises `BadArticle` if neither name nor content shows it."""
    if options.format is not None:
        return options.format
    if path.is_dir():
        return "folder"
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix in _ARTICLES:
        raise BadArticle(f"{path} is one article. Import the folder that it lies in: {path.parent}", "")
    return _SUFFIXES.get(suffix) or _by_content(path)


def _by_content(path: Path) -> str:
    if path.exists() and not path.is_file():  # the first bytes of a pipe can be read only once
        raise BadArticle(f"{path} is a pipe, which does not tell its format. Name it: --format wxr, csv or jsonl", "")
    with open_bytes(path) as file:
        start = file.peek(4096)[:4096]
    if _BEGINS_LIKE_XML.match(start):
        return "wxr"
    if _BEGINS_LIKE_JSON.match(start):
        return "jsonl"
    if start.lstrip().startswith(b"["):
        raise BadArticle(f"{path} is one JSON array. Write one object a line: jq -c '.[]' {path.name}", "")
    if start.startswith(b"PK\x03\x04"):
        raise BadArticle(f"{path} is a zip archive. Unpack it and import what is in it.", "")
    if not start.strip() or not _BEGINS_LIKE_A_TABLE.match(start):
        raise BadArticle(f"{path} does not tell its format. Name it: --format wxr, csv or jsonl", "")
    return "csv"


def reads_terms(paths: Iterable[Path], options: ReadOptions) -> bool:
    """Whether any of the files has terms of a CMS, for which a taxonomy is needed."""
    return any(_quiet_format(path, options) in ("wxr", "csv") for path in paths)


def _quiet_format(path: Path, options: ReadOptions) -> str:
    try:
        return format_of(path, options)
    except BadArticle:  # said when the file's turn comes
        return ""
