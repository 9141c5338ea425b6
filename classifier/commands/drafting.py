"""`tags draft`: draft a taxonomy from an untidy archive, or from the names of tags alone."""

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace

from classifier.commands.common import print_result, registry_of, store_of, taxonomy_of, warn
from classifier.commands.importing import read_options
from classifier.commands.parser import Usage, user_name
from classifier.domain.articles import Article
from classifier.domain.files import whole_file
from classifier.domain.operation_lines import operation_from_text, operation_to_text
from classifier.domain.operations import Operation
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadOperation, TaggerError
from classifier.importers import Outcome, read_files
from classifier.importers.folders import amount_of
from classifier.reports.draft.archive import Archive, read_archive
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.map_file import as_csv
from classifier.reports.draft.names_file import read_names
from classifier.reports.draft.page import as_text
from classifier.reports.draft.records import TaxonomyDraft
from classifier.reports.json_form import to_json
from classifier.reports.parts import counted
from classifier.serving.taxonomy import publish
from classifier.settings import Settings
from classifier.store.queue import STARTER
from classifier.store.store import Store


def do_draft(options: Namespace, _settings: Settings) -> None:
    if options.names and options.files:
        raise Usage("Draft from files of articles or from --names, not from both.")
    if options.propose and options.taxonomy:
        raise Usage("A draft that is proposed is one beside the taxonomy of now: leave out --taxonomy.")
    archive = read_names(options.names) if options.names else _archive(options)
    options.progress.step("drafting")
    draft = draft_taxonomy(archive, _taxonomy(options), options.least)
    if options.map:
        with whole_file(options.map) as file:
            file.write(as_csv(draft).encode())
    if options.propose:
        _propose(options, draft)
    else:
        print_result(options, to_json(draft), as_text(draft).rstrip("\n"))


def _propose(options: Namespace, draft: TaxonomyDraft) -> None:
    """Propose the operations of a draft as a change set, without those that do not fit the taxonomy of now."""
    store = store_of(options)
    publish(registry_of(options), store)
    operations = store.taxonomy.fitting(map(operation_from_text, draft.operations), _refused)
    if not operations:
        print_result(options, {"change_set": None, "n_operations": 0}, "nothing to propose")
        return
    note = f"Draft from {counted(draft.n_articles, 'article') if draft.n_articles else counted(draft.n_names, 'name')}"
    set_id = store.change_sets.propose(operations, user_name(), note)
    text = f"proposed as {set_id}: {counted(len(operations), 'operation')}"
    print_result(options, {"change_set": set_id, "n_operations": len(operations)}, text)


def _refused(operation: Operation, error: BadOperation) -> None:
    warn(f"left out: {operation_to_text(operation)}: {error}")


def _archive(options: Namespace) -> Archive:
    """Return the archive of files, with their terms as they are, or without files that of the store."""
    passes = iter(options.steps)  # the articles are read once for each
    if not options.files:
        store = store_of(options)
        return read_archive(lambda: _of_store(options, store, next(passes)))
    outcomes: list[Outcome] = []
    archive = read_archive(lambda: _of_files(options, outcomes, next(passes)))
    if outcomes[0].n_set_aside:
        warn(f"set aside {outcomes[0].n_set_aside} records that cannot be read; `import` says why")
    return archive


def _of_store(options: Namespace, store: Store, step: str) -> Iterator[Article]:
    total = sum(store.count_articles().values())
    filed = options.progress(store.exports.filed(), total, step)
    return (row.article for row in filed if row.source != STARTER)


def _of_files(options: Namespace, outcomes: list[Outcome], step: str) -> Iterator[Article]:
    outcome = Outcome()
    outcomes.append(outcome)
    amount = amount_of(options.files)
    how = replace(read_options(options), amount=amount)
    yield from options.progress(read_files(options.files, outcome, how), amount, step)
    if outcome.failures:
        raise TaggerError("\n".join(outcome.failures))


def _taxonomy(options: Namespace) -> Taxonomy | None:
    """Return the taxonomy whose tags stay tags: that of a file; for the store, and for what is proposed to it, that of now."""
    if options.taxonomy:
        return read_taxonomy(options.taxonomy)
    if (options.files or options.names) and not options.propose:
        return None
    return taxonomy_of(registry_of(options), store_of(options))
