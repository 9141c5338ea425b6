"""`tags draft`: draft a taxonomy from an untidy archive, or from the names of tags alone."""

from argparse import Namespace
from collections.abc import Iterator

from classifier.commands.common import print_result, registry_of, store_of, track, warn
from classifier.commands.importing import read_options
from classifier.commands.parser import Usage
from classifier.domain.articles import Article
from classifier.domain.files import whole_file
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import NoModel, TaggerError
from classifier.importers import Outcome, read_files
from classifier.reports.draft.archive import Archive, read_archive
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.map_file import as_csv
from classifier.reports.draft.names_file import read_names
from classifier.reports.draft.page import as_text
from classifier.reports.json_form import to_json
from classifier.settings import Settings
from classifier.store.queue import STARTER
from classifier.store.store import Store


def do_draft(options: Namespace, _settings: Settings) -> None:
    if options.names and options.files:
        raise Usage("Draft from files of articles or from --names, not from both.")
    archive = read_names(options.names) if options.names else _archive(options)
    draft = draft_taxonomy(archive, _taxonomy(options), options.least)
    if options.map:
        with whole_file(options.map) as file:
            file.write(as_csv(draft).encode())
    print_result(options, to_json(draft), as_text(draft).rstrip("\n"))


def _archive(options: Namespace) -> Archive:
    """Return the archive of files, with their terms as they are, or without files that of the store."""
    if not options.files:
        store = store_of(options)
        return read_archive(lambda: _of_store(store))
    outcomes: list[Outcome] = []
    archive = read_archive(lambda: _of_files(options, outcomes))
    if outcomes[0].n_set_aside:
        warn(f"set aside {outcomes[0].n_set_aside} records that cannot be read; `import` says why")
    return archive


def _of_store(store: Store) -> Iterator[Article]:
    total = sum(store.count_articles().values())
    filed = track(store.exports.filed(), total, "reading articles")
    return (row.article for row in filed if row.source != STARTER)


def _of_files(options: Namespace, outcomes: list[Outcome]) -> Iterator[Article]:
    outcome = Outcome()
    outcomes.append(outcome)
    yield from track(read_files(options.files, outcome, read_options(options)), 0, "reading articles")
    if outcome.failures:
        raise TaggerError("\n".join(outcome.failures))


def _taxonomy(options: Namespace) -> Taxonomy | None:
    """Return the taxonomy whose tags stay tags: that of a file; for the articles of the store, that of the champion."""
    if options.taxonomy:
        return read_taxonomy(options.taxonomy)
    if options.files or options.names:
        return None
    try:
        return registry_of(options).load_champion().taxonomy
    except NoModel:
        return None
