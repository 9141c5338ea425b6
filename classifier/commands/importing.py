"""`import`: store the articles of files."""

import json
from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO

from classifier.commands.common import print_json, print_text, registry_of, store_of, warn
from classifier.commands.parser import Usage
from classifier.domain.starter import STARTER
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadImport, BadSetting, NoModel, TaggerError
from classifier.importers import Outcome, import_files
from classifier.importers.cms_terms import entries_of
from classifier.importers.formats import reads_terms
from classifier.importers.mapping import TermMap, read_map
from classifier.importers.records import ReadOptions, SetAside, shown
from classifier.importers.term_report import report_text
from classifier.settings import Settings

N_SHOWN = 20  # rows of each list of the report, and records set aside, on a terminal


def do_import(options: Namespace, _settings: Settings) -> None:
    reading = _reading(options)
    mapped = reading.map_ids or reads_terms(options.files, reading)
    if options.report is not None and not mapped:
        raise Usage(
            "--report is about the terms of a CMS, and these files have none. For JSON Lines name --taxonomy or --map."
        )
    entries = _entries(options) if mapped else None
    with _output(options.rejects, options) as rejects, _output(options.report, options) as report:
        aside = _Aside(rejects)
        store = store_of(options)
        terms = TermMap(*entries, entries_of(store.cms_terms.corrected(options.terms_of))) if entries else None
        try:
            outcome = import_files(store, options.files, options.source, options.progress, reading, terms, aside)
        except BadImport as error:
            _print_outcome(error.outcome, aside, report, options)  # type: ignore[arg-type]
            raise
        _print_outcome(outcome, aside, report, options)
    if options.strict and outcome.n_set_aside:
        raise TaggerError(
            f"{outcome.n_set_aside} records were set aside, all others are stored. Correct them and import again."
        )


def _reading(options: Namespace) -> ReadOptions:
    map_ids = options.map is not None or options.taxonomy is not None
    return replace(
        read_options(options), id_prefix=options.id_prefix, map_ids=map_ids, tags_complete=not options.incomplete
    )


def read_options(options: Namespace) -> ReadOptions:
    """Return how to read files of articles, from the arguments that all commands which read them share."""
    return ReadOptions(
        format=options.format,
        encoding=options.encoding,
        columns=options.columns,
        delimiter=options.delimiter,
        tag_separator=options.tag_separator,
        date_format=options.date_format,
        body_format=options.body_format,
        post_types=options.types,
        statuses=options.statuses,
        domains=options.domains,
    )


def _entries(options: Namespace) -> tuple[Taxonomy, dict[str, tuple[str, ...]]]:
    taxonomy = _taxonomy(options)
    return taxonomy, read_map(options.map, taxonomy) if options.map else {}


def _taxonomy(options: Namespace) -> Taxonomy:
    if options.taxonomy is not None:
        return read_taxonomy(options.taxonomy)
    try:
        return registry_of(options).load_champion().taxonomy
    except NoModel:
        return read_taxonomy(STARTER / "taxonomy.yaml")


def _output(path: Path | None, options: Namespace) -> AbstractContextManager[IO[str] | None]:
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


def _print_outcome(outcome: Outcome, aside: _Aside, report: IO[str] | None, options: Namespace) -> None:
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
        print_text(_summary(outcome))
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
