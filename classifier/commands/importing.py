"""`import`: store the articles of files."""

from __future__ import annotations

import argparse
import codecs
import json
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_json, track, warn
from classifier.commands.parser import PROGRAM, STARTER, Commands, Usage
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
NOTES = f"""\
A FILE is a WordPress export (Tools, Export, All content; .xml), a table (.csv), JSON Lines (.jsonl), or a folder of .txt
and .html files. All but the folder may be compressed (.gz). The format is found by the file's name or content, or --format.

more examples:
  {PROGRAM} import site.xml --report terms.txt     lists the terms that match no tag; write a map for them:
  {PROGRAM} import site.xml --map map.yaml         with lines `Daesh: islamic-state`, or `News:` to drop a term
  {PROGRAM} import table.csv --columns id=ID,title=Headline,body=Text,tags=Topics,published_at=Date
  {PROGRAM} import dump.jsonl --columns title=headline,body=content --body-format html
  {PROGRAM} import folder/ --id-prefix desk:

Categories and tags of a CMS are matched with tags of the taxonomy by the map, by id, label and alias, in any spelling.
Terms that match no tag are not stored; the report counts them and names the nearest tags. JSON Lines contain tag ids,
which are stored unchanged, unless --map or --taxonomy is given.

A record that cannot be read is set aside with file, line and reason, and all others are stored. Import the corrected file
again: stored articles that have not changed stay as they are, and an import never empties a stored title or body.
Exit code 0 if every file was read to its end, 1 if not, or if no record of a file could be read, or, with --strict, if a
record was set aside. Everything else, with a first day at a desk: docs/importing.md"""


def register(commands: Commands) -> None:
    """Add `import`."""
    text = "Store the articles of a WordPress export, CSV, JSON Lines or a folder; a second run changes nothing."
    next_step = "`data-report` checks the articles, `retrain` learns from them."
    example = "import archive.jsonl.gz"
    sub = commands.add(commands.top, "import", _import, text, "models database json records", example, NOTES, next_step)
    sub.add_argument("files", type=Path, nargs="+", metavar="FILE", help="files or folders; see below")
    sub.add_argument(
        "--source", type=_source, default="import", help="name of the source, stored with each article (%(default)s)"
    )
    sub.add_argument("--format", choices=("wxr", "csv", "jsonl", "folder"), help="format of all FILEs (wxr: WordPress)")
    sub.add_argument(
        "--id-prefix",
        metavar="TEXT",
        help="put before each id, to tell sites apart (default: wp- for WordPress, else nothing)",
    )
    sub.add_argument("--strict", action="store_true", help="exit with 1 if any record was set aside")
    sub.add_argument(
        "--rejects", type=Path, metavar="FILE", help="write the records that were set aside, as JSON Lines"
    )
    _add_term_options(sub.add_argument_group("terms of a CMS -> tags"))
    _add_wordpress_options(sub.add_argument_group("WordPress"))
    _add_table_options(sub.add_argument_group("CSV, JSON Lines and folders"))


def _add_term_options(group: Any) -> None:
    group.add_argument(
        "--taxonomy", type=Path, metavar="FILE", help="YAML (default: that of the champion, else the starter taxonomy)"
    )
    group.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help="YAML `term: tag-id`, or CSV with both columns; an empty tag id drops the term",
    )
    group.add_argument(
        "--incomplete",
        action="store_true",
        help="the articles of WordPress and CSV may lack tags: a tag that one lacks is unknown, not wrong",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write the whole report on terms; JSON if FILE ends in .json, else text",
    )


def _add_wordpress_options(group: Any) -> None:
    group.add_argument("--types", type=_names, metavar="A,B", default="post", help="post types to import (%(default)s)")
    group.add_argument(
        "--statuses",
        type=_names,
        metavar="A,B",
        default="publish",
        help="post statuses to import (%(default)s), such as draft, private, future",
    )
    group.add_argument(
        "--domains",
        type=_names,
        metavar="A,B",
        default="category,post_tag",
        help="WordPress taxonomies whose terms are tags (%(default)s)",
    )


def _add_table_options(group: Any) -> None:
    group.add_argument(
        "--columns",
        type=_columns,
        metavar="FIELD=HEADER,…",
        help=f"the column, or field of JSON Lines, for each field ({', '.join(FIELDS)}); by default those of the same name; "
        "tags may have several columns (tags=Topics,tags=Regions)",
    )
    group.add_argument(
        "--delimiter", type=_character, metavar="C", help="character between columns, or tab (default: detected)"
    )
    group.add_argument(
        "--tag-separator",
        type=_character,
        metavar="C",
        help="character between the tags of a cell (default: the first of ; | , that occurs)",
    )
    group.add_argument(
        "--date-format", type=_date_format, metavar="FORM", help="such as %%d/%%m/%%Y (default: ISO 8601, 2024-06-06)"
    )
    group.add_argument(
        "--body-format",
        choices=("text", "html"),
        default="text",
        help="for CSV and JSON Lines that do not name it (%(default)s)",
    )
    group.add_argument(
        "--encoding",
        type=_encoding,
        default="utf-8",
        metavar="NAME",
        help="encoding of the files (%(default)s); old Excel: cp1252",
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
            raise argparse.ArgumentTypeError(f"{field!r} occurs twice; only tags may have several columns")
        columns[field] = (*columns.get(field, ()), header)
    return columns


def _character(text: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(character) != 1 or character in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not one character, or tab")
    return character


def _source(text: str) -> str:
    if not 1 <= len(text) <= MAX_SOURCE:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} does not have 1 to {MAX_SOURCE} characters")
    return text


def _date_format(text: str) -> str:
    day = datetime(2024, 6, 7)
    try:
        if datetime.strptime(day.strftime(text), text).date() == day.date():
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a date format with day, month and year, such as %d/%m/%Y")


def _encoding(text: str) -> str:
    try:
        "".encode(text)  # `lookup` also accepts codecs that do not encode text
        return codecs.lookup(text).name
    except (LookupError, UnicodeError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an encoding, such as utf-8, cp1252 or utf-16") from None


# --- the command ------------------------------------------------------------------------------------------------


def _import(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.importers import import_files
    from classifier.importers.formats import reads_terms

    reading = _reading(options)
    mapped = reading.map_ids or reads_terms(options.files, reading)
    if options.report is not None and not mapped:
        raise Usage(
            "--report is about the terms of a CMS, and these files have none. For JSON Lines name --taxonomy or --map."
        )
    terms = _term_map(options) if mapped else None
    with _output(options.rejects, options) as rejects, _output(options.report, options) as report:
        aside = _Aside(rejects)
        store = store_of(options)
        try:
            outcome = import_files(store, options.files, options.source, track, reading, terms, aside)
        except BadImport as error:
            _print_outcome(error.outcome, aside, report, options)  # type: ignore[arg-type]
            raise
        _print_outcome(outcome, aside, report, options)
    if options.strict and outcome.n_set_aside:
        raise TaggerError(
            f"{outcome.n_set_aside} records were set aside, all others are stored. Correct them and import again."
        )


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

    if options.taxonomy is not None:
        return read_taxonomy(options.taxonomy)
    try:
        return registry_of(options).load_champion().taxonomy
    except NoModel:
        return read_taxonomy(STARTER / "taxonomy.yaml")


def _output(path: Path | None, options: argparse.Namespace) -> AbstractContextManager[IO[str] | None]:
    """Open an output file before the long work. It may not be one of the input files."""
    if path is None:
        return nullcontext()
    for read in filter(None, (*options.files, options.map, options.taxonomy)):
        if path.exists() and read.exists() and path.samefile(read):
            raise BadSetting(f"{path} is an input file. Name another file to write.")
    try:
        # Names of files may contain bytes that are not text.
        return path.open("w", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadSetting(f"Cannot write {path}: {error.strerror}.") from None


class _Aside:
    """Collects the first records that are set aside for standard error, and writes all of them to a file if there is one."""

    def __init__(self, file: IO[str] | None) -> None:
        self.shown: list[SetAside] = []
        self._file = file

    def __call__(self, record: SetAside) -> None:
        if len(self.shown) < N_SHOWN:
            self.shown.append(record)
        if self._file is not None:
            print(json.dumps(record.to_json(), ensure_ascii=False), file=self._file)


def _print_outcome(outcome: Outcome, aside: _Aside, report: IO[str] | None, options: argparse.Namespace) -> None:
    from classifier.importers.records import shown
    from classifier.importers.term_report import report_text

    for record in aside.shown:
        warn(f"set aside: {shown(f'{record.place}: {record.reason}', 1000)}")
    if outcome.n_set_aside > len(aside.shown):
        target = options.rejects or "--rejects FILE"
        warn(f"set aside: {outcome.n_set_aside - len(aside.shown)} more; all of them: {target}")
    if outcome.ignored:
        fields = ", ".join(f"{name} ({n})" for name, n in outcome.ignored.most_common(N_SHOWN))
        warn(f"ignored fields, with the number of records that have them: {fields}")
    counts = {**vars(outcome.stored), "set_aside": outcome.n_set_aside}
    counts["left_out"] = dict(outcome.left_out.most_common())
    if outcome.ignored:
        counts["ignored"] = dict(outcome.ignored.most_common())
    if options.json:
        print_json({**counts, "terms": outcome.terms})
    else:
        print(_summary(outcome))
        if outcome.terms is not None:
            print(report_text(outcome.terms, N_SHOWN), end="")
    if report is not None and outcome.terms is not None:
        as_json = options.report.suffix.lower() == ".json"
        report.write(json.dumps(outcome.terms, ensure_ascii=False) + "\n" if as_json else report_text(outcome.terms))


def _summary(outcome: Outcome) -> str:
    parts = [f"{n} {state}" for state, n in vars(outcome.stored).items()]
    if outcome.n_set_aside:
        parts.append(f"{outcome.n_set_aside} set aside")
    if outcome.left_out:
        reasons = ", ".join(f"{n} {reason}" for reason, n in outcome.left_out.most_common(10))
        parts.append(f"{outcome.left_out.total()} left out ({reasons})")
    return ", ".join(parts)
