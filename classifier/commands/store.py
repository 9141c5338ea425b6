"""`import`: articles from files into the store."""

from __future__ import annotations

import argparse
import codecs
import json
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from classifier.commands.output import print_json, track
from classifier.commands.parser import RECORD, STARTER, Commands, Usage
from classifier.errors import BadImport, BadSetting, NoModel, TaggerError
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.importers import Outcome
    from classifier.importers.mapping import TermMap
    from classifier.importers.records import ReadOptions, SetAside

MAX_SOURCE = 40
N_SHOWN = 20  # rows of each list of the report, and records set aside, on a terminal
FIELDS = ("id", "title", "body", "tags", "published_at", "url", "body_format")
GUIDE = f"""\
A FILE is a WordPress export (Tools, Export, All content; .xml), a table (.csv), JSON Lines (.jsonl), or a folder of .txt
and .html files; all but the folder plain or packed (.gz). Its name tells which, or else its content, or --format.

examples:
  python -m classifier import archive.jsonl.gz
  python -m classifier import site.xml --report terms.txt     then read which terms found no tag, and write a map:
  python -m classifier import site.xml --map map.yaml         with lines `Daesh: islamic-state`, or `News:` to drop it
  python -m classifier import table.csv --columns id=ID,title=Headline,body=Text,tags=Topics,published_at=Date
  python -m classifier import dump.jsonl --columns title=headline,body=content --body-format html
  python -m classifier import folder/ --id-prefix desk:

Categories and tags of a CMS become tags of the taxonomy by the map, by id, label and alias, in any spelling. Those that
find none are not stored; the report counts them and names the nearest tags. JSON Lines hold tag ids, which are stored as
they are; with --map or --taxonomy they are mapped too.

A record that cannot be read is set aside, with file, line and reason, and the rest goes in. Import the mended file again:
what is stored already stays as it is. It ends with 0 if every file was read to its end, with 1 if not (or, with --strict,
if a record was set aside), and with 1 if no record of a file could be read. Fields that nobody reads are named once. An
import never empties a title or a body that is stored. All of it, with a first day at a desk: docs/importing.md

{RECORD}"""


def register(commands: Commands) -> None:
    """Add `import`."""
    text = "Store the articles of a WordPress export, CSV, JSON Lines or a folder; a second run changes nothing."
    sub = commands.add(commands.top, "import", _import, text, "models database json")
    sub.epilog = GUIDE
    sub.add_argument("files", type=Path, nargs="+", metavar="FILE", help="files or folders; see below")
    sub.add_argument("--source", type=_source, default="import", help="what the articles are marked with (%(default)s)")
    sub.add_argument("--format", choices=("wxr", "csv", "jsonl", "folder"), help="of all FILEs (wxr: WordPress)")
    sub.add_argument(
        "--id-prefix", metavar="TEXT", help="put before each id, to tell sites apart (wp- for WordPress, else nothing)"
    )
    sub.add_argument("--strict", action="store_true", help="exit with 1 if any record was set aside")
    sub.add_argument("--rejects", type=Path, metavar="FILE", help="write what was set aside, as JSON Lines")
    _add_term_options(sub.add_argument_group("terms of a CMS -> tags"))
    _add_wordpress_options(sub.add_argument_group("WordPress"))
    _add_table_options(sub.add_argument_group("CSV, JSON Lines and folders"))


def _add_term_options(group: Any) -> None:
    group.add_argument(
        "--taxonomy", type=Path, metavar="FILE", help="YAML (the champion's of --models, else the starter taxonomy)"
    )
    group.add_argument(
        "--map", type=Path, metavar="FILE", help="YAML `term: tag-id`, or CSV of both; no tag id drops the term"
    )
    group.add_argument(
        "--incomplete",
        action="store_true",
        help="articles of WordPress and CSV may lack tags: what is not on one is unknown, and not known to be wrong",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the whole report on terms; JSON if it ends in .json, else text",
    )


def _add_wordpress_options(group: Any) -> None:
    group.add_argument(
        "--types", type=_names, metavar="A,B", default="post", help="types of posts (%(default)s); others are left out"
    )
    group.add_argument(
        "--statuses",
        type=_names,
        metavar="A,B",
        default="publish",
        help="(%(default)s), such as draft, private, future",
    )
    group.add_argument(
        "--domains",
        type=_names,
        metavar="A,B",
        default="category,post_tag",
        help="lists of terms that are tags (%(default)s)",
    )


def _add_table_options(group: Any) -> None:
    group.add_argument(
        "--columns",
        type=_columns,
        metavar="FIELD=HEADER,…",
        help=f"which column is which field ({', '.join(FIELDS)}); without it, headers that are called so; tags may be of "
        "several columns (tags=Topics,tags=Regions); of JSON Lines, which of its fields is which of these",
    )
    group.add_argument("--delimiter", type=_character, metavar="C", help="between columns, or tab (found out)")
    group.add_argument(
        "--tag-separator", type=_character, metavar="C", help="between tags in a cell (the first of ; | , that it has)"
    )
    group.add_argument(
        "--date-format", type=_date_format, metavar="FORM", help="such as %%d/%%m/%%Y (ISO 8601: 2024-06-06)"
    )
    group.add_argument(
        "--body-format",
        choices=("text", "html"),
        default="text",
        help="where CSV and JSON Lines do not say (%(default)s)",
    )
    group.add_argument(
        "--encoding", type=_encoding, default="utf-8", metavar="NAME", help="(%(default)s); old Excel: cp1252"
    )


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def _columns(text: str) -> dict[str, tuple[str, ...]]:
    columns: dict[str, tuple[str, ...]] = {}
    for part in filter(None, text.split(",")):
        field, sign, header = (piece.strip() for piece in part.partition("="))
        if field not in FIELDS or not sign or not header:
            raise argparse.ArgumentTypeError(f"{part!r} is not FIELD=HEADER, where FIELD is one of {', '.join(FIELDS)}")
        if field in columns and field != "tags":
            raise argparse.ArgumentTypeError(f"{field!r} stands twice; only tags may be of several columns")
        columns[field] = (*columns.get(field, ()), header)
    return columns


def _character(text: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(character) != 1 or character in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character, or tab")
    return character


def _source(text: str) -> str:
    if not 1 <= len(text) <= MAX_SOURCE:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not of 1 to {MAX_SOURCE} characters")
    return text


def _date_format(text: str) -> str:
    day = datetime(2024, 6, 7)
    try:
        if datetime.strptime(day.strftime(text), text).date() == day.date():
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a form of dates with day, month and year, such as %d/%m/%Y")


def _encoding(text: str) -> str:
    try:
        "".encode(text)  # of what is no encoding of text, `lookup` says nothing
        return codecs.lookup(text).name
    except (LookupError, UnicodeError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an encoding; utf-8, cp1252 and utf-16 are some") from None


# --- the command ------------------------------------------------------------------------------------------------


def _import(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.importers import import_files
    from classifier.importers.formats import reads_terms
    from classifier.store import open_store

    reading = _reading(options)
    mapped = reading.map_ids or reads_terms(options.files, reading)
    if options.report is not None and not mapped:
        raise Usage(
            "--report is on the terms of a CMS, and these files have none. For JSON Lines name --taxonomy or --map."
        )
    terms = _term_map(options) if mapped else None
    with _output(options.rejects, options) as rejects, _output(options.report, options) as report:
        aside = _Aside(rejects)
        store = open_store(options.database)
        try:
            done = import_files(store, options.files, options.source, track, reading, terms, aside)
        except BadImport as error:
            _say(error.outcome, aside, report, options)  # type: ignore[arg-type]
            raise
        _say(done, aside, report, options)
    if options.strict and done.n_set_aside:
        raise TaggerError(f"{done.n_set_aside} records were set aside; the rest is stored. Mend them and import again.")


def _reading(options: argparse.Namespace) -> ReadOptions:
    from classifier.importers.records import ReadOptions

    return ReadOptions(
        format=options.format,
        id_prefix=options.id_prefix,
        map_ids=options.map is not None or options.taxonomy is not None,
        encoding=options.encoding,
        columns=options.columns,
        delimiter=options.delimiter,
        tag_separator=options.tag_separator,
        date_format=options.date_format,
        body_format=options.body_format,
        tags_complete=not options.incomplete,
        post_types=options.types,
        statuses=options.statuses,
        domains=options.domains,
    )


def _term_map(options: argparse.Namespace) -> TermMap:
    from classifier.importers.mapping import TermMap, read_map

    taxonomy = _taxonomy(options)
    return TermMap(taxonomy, read_map(options.map, taxonomy) if options.map else None)


def _taxonomy(options: argparse.Namespace) -> Taxonomy:
    from classifier.domain.taxonomy_yaml import read_taxonomy
    from classifier.serving.registry import Registry

    if options.taxonomy is not None:
        return read_taxonomy(options.taxonomy)
    try:
        return Registry(options.models).load_champion().taxonomy
    except NoModel:
        return read_taxonomy(STARTER / "taxonomy.yaml")


def _output(path: Path | None, options: argparse.Namespace) -> AbstractContextManager[IO[str] | None]:
    """Open a file to write, before the long work: it may not be one that is read."""
    if path is None:
        return nullcontext()
    for read in filter(None, (*options.files, options.map, options.taxonomy)):
        if path.exists() and read.exists() and path.samefile(read):
            raise BadSetting(f"{path} is a file that is read. Name another one to write.")
    try:
        # What stands in the names of files may be no text.
        return path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadSetting(f"Cannot write {path}: {error.strerror}.") from None


class _Aside:
    """Keeps what is set aside: all of it in the file that was asked for, the first ones for standard error."""

    def __init__(self, file: IO[str] | None) -> None:
        self.shown: list[SetAside] = []
        self._file = file

    def __call__(self, record: SetAside) -> None:
        if len(self.shown) < N_SHOWN:
            self.shown.append(record)
        if self._file is not None:
            print(json.dumps(record.to_json(), ensure_ascii=False), file=self._file)


def _say(done: Outcome, aside: _Aside, report: IO[str] | None, options: argparse.Namespace) -> None:
    from classifier.importers.records import shown
    from classifier.importers.term_report import report_text

    for record in aside.shown:
        print(f"set aside: {shown(f'{record.place}: {record.reason}', 1000)}", file=sys.stderr)
    if done.n_set_aside > len(aside.shown):
        where = options.rejects or "--rejects FILE"
        print(f"set aside: {done.n_set_aside - len(aside.shown)} more; all of them: {where}", file=sys.stderr)
    if done.ignored:
        named = ", ".join(f"{name} ({n})" for name, n in done.ignored.most_common(N_SHOWN))
        print(f"ignored, with the number of records that have them: {named}", file=sys.stderr)
    counts = {**vars(done.stored), "set_aside": done.n_set_aside, "left_out": dict(done.left_out.most_common())}
    if done.ignored:
        counts["ignored"] = dict(done.ignored.most_common())
    if options.json:
        print_json({**counts, "terms": done.terms})
    else:
        print(_one_line(done))
        if done.terms is not None:
            print(report_text(done.terms, N_SHOWN), end="")
    if report is not None and done.terms is not None:
        as_json = options.report.suffix.lower() == ".json"
        report.write(json.dumps(done.terms, ensure_ascii=False) + "\n" if as_json else report_text(done.terms))


def _one_line(done: Outcome) -> str:
    parts = [f"{n} {what}" for what, n in vars(done.stored).items()]
    if done.n_set_aside:
        parts.append(f"{done.n_set_aside} set aside")
    if done.left_out:
        reasons = ", ".join(f"{n} {reason}" for reason, n in done.left_out.most_common(10))
        parts.append(f"{done.left_out.total()} left out ({reasons})")
    return ", ".join(parts)
