"""`tags export` and `tags import`: the taxonomy as a file, and a file as a change set."""

import sys
from argparse import Namespace
from collections import Counter
from pathlib import Path

from classifier.commands.common import N_LISTED, print_json, print_text, registry_of, store_of, store_of_log, warn
from classifier.commands.parser import Usage, user_name
from classifier.commands.terminal import clear
from classifier.domain.exchange.formats import MAX_BYTES, Incoming, format_of, read, written
from classifier.domain.exchange.skos_in import Options
from classifier.domain.files import whole_file
from classifier.domain.operation_lines import operation_to_text
from classifier.domain.progress import Amount
from classifier.domain.resolving import resolve
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadSetting
from classifier.importers.mapping import read_entries
from classifier.serving.taxonomy import change, publish
from classifier.settings import Settings
from classifier.store.rows import now
from classifier.store.store import Store


def do_export(options: Namespace, settings: Settings) -> None:
    path = options.file or options.output
    form = options.format or format_of(path or Path())
    registry = registry_of(options)
    registry.champion_folder()
    store = store_of_log(options, settings, registry)
    log = store.taxonomy.log() if store is not None else None
    taxonomy = log.taxonomy() if log is not None and log.n else registry.taxonomy() or Taxonomy(())
    counts = _counts(options, store, taxonomy) if store is not None and form == "csv" else None
    text = written(form, taxonomy, log.kept if log is not None else {}, counts)
    if path is None or str(path) == "-":
        clear()
        sys.stdout.write(text)
        return
    with whole_file(path) as file:
        file.write(text.encode())
    print_text(f"{len(taxonomy.tags)} tags are in {path}")


def _counts(options: Namespace, store: Store, taxonomy: Taxonomy) -> Counter[str]:
    """Return the number of articles that have each living tag."""
    counts = Counter[str]()
    articles = store.exports.attributed(texts=False, amount=(amount := Amount()))
    for example in options.progress(articles, amount, "counting articles"):
        counts.update({living for tag in example.article.tags or () for living in resolve(tag, taxonomy)})
    return counts


def do_import(options: Namespace, _settings: Settings) -> None:
    if options.dry_run and options.apply:
        raise Usage("Either --dry-run or --apply.")
    store, registry = store_of(options), registry_of(options)
    publish(registry, store)
    form = options.format or format_of(options.file)
    log = store.taxonomy.log()
    ways = Options(_kinds(options, log.taxonomy()), options.remove)
    incoming = read(form, _bytes(options.file), str(options.file), log, now(), ways)
    result = {"operations": len(incoming.operations), "counts": incoming.counts, "notes": list(incoming.notes)}
    text = f"{len(incoming.operations)} operations: {_counted(incoming)}"
    if options.dry_run:
        _print_lines(options, incoming, result)
        return
    if not incoming.operations:
        text, set_id = f"nothing to change: the taxonomy has all that is in {options.file}", None
    elif options.apply:
        note = options.note or f"import of {options.file.name}"
        set_id = change(registry, store, incoming.operations, user_name(), note).change_set
        text = f"applied as {set_id}, {text}; take it back: tags undo --set {set_id}"
    else:
        note = options.note or f"import of {options.file.name}"
        set_id = store.change_sets.propose(incoming.operations, user_name(), note)
        text = f"proposed as {set_id}, {text}"
    if options.json:
        print_json({"change_set": set_id, **result})
        return
    print(text)
    _warn(incoming)


def _kinds(options: Namespace, taxonomy: Taxonomy) -> dict[str, str]:
    """Return the kinds by URI of the file that --kind-map names."""
    if options.kind_map is None:
        return {}
    known = taxonomy.kinds or dict.fromkeys(tag.kind for tag in taxonomy.tags)
    return {uri: " ".join(kind) for uri, kind in read_entries(options.kind_map, known, "kind").items()}


def _print_lines(options: Namespace, incoming: Incoming, result: dict[str, object]) -> None:
    lines = list(map(operation_to_text, incoming.operations))
    if options.json:
        print_json({"change_set": None, **result, "lines": lines})
        return
    print("\n".join(lines) or "# nothing to change")
    _warn(incoming)


def _counted(incoming: Incoming) -> str:
    return ", ".join(f"{n} {op}" for op, n in incoming.counts.items())


def _warn(incoming: Incoming) -> None:
    for note in incoming.notes[:N_LISTED]:
        warn(note)
    if len(incoming.notes) > N_LISTED:
        warn(f"and {len(incoming.notes) - N_LISTED} more notes: see `notes` of --json")


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadSetting(f"{path} cannot be read: {error.strerror}") from None
