"""The last step of bringing an archive: the corrected draft becomes the taxonomy, and the articles are stored under it."""

from dataclasses import replace
from typing import Any

from classifier.archive.bring.folder import ArchiveFolder, State
from classifier.archive.bring.reading import taxonomy_now
from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import Operation
from classifier.domain.sentences import CHANGES, STORED, TAGS_OF_ARCHIVE
from classifier.errors import BadImport, BadOperation
from classifier.importers import import_files
from classifier.importers.mapping import TermMap
from classifier.importers.records import ReadOptions
from classifier.reports.draft.correcting import Corrected
from classifier.reports.draft.sheet import Sheet
from classifier.serving.registry import Registry
from classifier.serving.taxonomy import change
from classifier.store.brought import SOURCE
from classifier.store.rows import now
from classifier.store.store import Store
from classifier.texts import english
from classifier.training.progress import Watched

N_REFUSED = 100


def store_archive(
    folder: ArchiveFolder, state: State, sheet: Sheet, store: Store, registry: Registry, by: str, progress: Watched
) -> tuple[str, dict[str, Any]]:
    """Change the taxonomy as the corrected draft says, and store the articles with their terms mapped to its tags.

    A second call changes nothing. Returns what was done in words and figures.
    """
    progress.step("taxonomy")
    corrected = Corrected(sheet, state.choices, taxonomy_now(registry, store, by), state.least, state.mute)
    refused: list[str] = []

    def refuse(operation: Operation, error: BadOperation) -> None:
        refused.append(f"{operation_to_text(operation)}: {error}")

    operations = store.taxonomy.fitting(corrected.operations(), refuse)
    if operations:
        change(registry, store, operations, by, english(TAGS_OF_ARCHIVE, n=f"{sheet.n_articles:,}"))
    progress.say(english(CHANGES, n=len(operations)))
    progress.step("storing")
    taxonomy = taxonomy_now(registry, store, by)
    entries = {name: tuple(tag for tag in tags if tag in taxonomy.by_id) for name, tags in corrected.map().items()}
    options = ReadOptions(format="jsonl", map_ids=True)
    try:
        outcome = import_files(store, [folder.articles], SOURCE, progress, options, TermMap(taxonomy, entries))
    except BadImport as error:
        raise BadImport(folder.plain(str(error)), error.outcome) from None
    progress.step("saving")
    folder.change(state.id, lambda present: replace(present, stored_at=now()))
    folder.forget_articles()
    stored = outcome.stored
    figures = {
        **vars(stored),
        "n_new_tags": corrected.n_new,
        "n_tags": len(corrected.kept),
        "refused": refused[:N_REFUSED],
    }
    return english(STORED, new=stored.new, changed=stored.changed, unchanged=stored.unchanged), figures
