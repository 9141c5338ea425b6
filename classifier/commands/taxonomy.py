"""`tags plan`, `do`, `undo`, `log` and `diff`: change the taxonomy by operations, and see what was changed."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from classifier.commands.common import N_LISTED, minute, print_json, print_result, registry_of, store_of
from classifier.commands.parser import Usage, user_name
from classifier.domain.exchange.operation_table import operations_of_rows
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.operations import Operation
from classifier.domain.taxonomy_log import FoldedLog, Row
from classifier.errors import BadOperation, BadSetting
from classifier.reports.preview.figures import preview_of
from classifier.reports.preview.page import lines_of
from classifier.serving.taxonomy import change, publish, undo
from classifier.settings import Settings
from classifier.store.taxonomy import Applied


def do_do(options: Namespace, _settings: Settings) -> None:
    operations, store = _operations(options), store_of(options)
    applied = change(registry_of(options), store, operations, user_name(), options.note)
    _print_applied(options, applied, store.taxonomy.log())


def do_plan(options: Namespace, _settings: Settings) -> None:
    operations, store, registry = _operations(options), store_of(options), registry_of(options)
    publish(registry, store)
    after = store.taxonomy.preview(operations)
    preview = preview_of(store, registry, after, after.n - len(operations), options.progress)
    print_result(options, preview, "\n".join(lines_of(preview)))


def do_propose(options: Namespace, _settings: Settings) -> None:
    operations, store = _operations(options), store_of(options)
    publish(registry_of(options), store)
    store.taxonomy.preview(operations)  # what does not fit now is refused now
    set_id = store.change_sets.propose(operations, user_name(), options.note)
    lines = store.change_sets.get(set_id).lines
    print_result(options, {"change_set": set_id, "lines": lines}, f"proposed as {set_id}: {'; '.join(lines)}")


def do_undo(options: Namespace, _settings: Settings) -> None:
    store, registry = store_of(options), registry_of(options)
    publish(registry, store)
    if options.set:
        applied = undo(registry, store, store.taxonomy.rows_of(options.set), user_name(), options.note, options.set)
    else:
        numbers = options.numbers or [store.taxonomy.log().last_to_undo()]
        applied = undo(registry, store, numbers, user_name(), options.note)
    _print_applied(options, applied, store.taxonomy.log())


def do_log(options: Namespace, _settings: Settings) -> None:
    store = store_of(options)
    publish(registry_of(options), store)
    rows = store.taxonomy.log().rows[::-1][: options.limit]
    lines = (f"{row.n:>5}  {minute(row.at)}  {row.by:<16} {row.line}" for row in rows)
    value = {"changes": [_row(row) for row in rows]}
    print_result(
        options, value, "\n".join(lines) or "there is no taxonomy yet; train a model: python -m classifier train"
    )


def do_diff(options: Namespace, _settings: Settings) -> None:
    log = store_of(options).taxonomy.log()
    for n in (options.first, options.last):
        if not 1 <= n <= log.n:
            raise BadOperation(f"There is no change {n}; the last one is {log.n}.")
    before, after = (FoldedLog(log.rows[:n]).taxonomy() for n in (options.first, options.last))
    changed = [tag for tag in {**before.by_id, **after.by_id} if before.by_id.get(tag) != after.by_id.get(tag)]
    rows = [{"tag": tag, "before": before.json_of(tag), "after": after.json_of(tag)} for tag in changed]
    lines = (f"{row['tag']}: {row['before']} -> {row['after']}" for row in rows)
    print_result(options, {"tags": rows}, "\n".join(lines) or "no tag differs")


def _operations(options: Namespace) -> Sequence[Operation]:
    operations = [operation_from_text(line) for line in options.operations]
    if options.file is not None:
        text = _text(options.file)
        is_table = options.file.suffix.lower() in (".csv", ".tsv")
        operations += (
            operations_of_rows(text, str(options.file)) if is_table else map(operation_from_text, _lines(text))
        )
    if not operations:
        raise Usage('Name an operation, like "merge isis into islamic-state", or --file FILE with one a line.')
    return operations


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} cannot be read: {error}") from None


def _lines(text: str) -> Sequence[str]:
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _print_applied(options: Namespace, applied: Applied, log: FoldedLog) -> None:
    rows = [log.rows[n - 1] for n in applied.numbers]
    if options.json:
        version = applied.head.taxonomy.version
        print_json(
            {"change_set": applied.change_set, "taxonomy_version": version, "changes": [_row(row) for row in rows]}
        )
        return
    for row in rows:
        print(f"change {row.n}: {row.line}")
    few = len(applied.numbers) <= N_LISTED
    back = " ".join(map(str, applied.numbers)) if few else f"--set {applied.change_set}"
    print(f"the taxonomy is {applied.head.taxonomy.version}; take it back: tags undo {back}")


def _row(row: Row) -> dict[str, object]:
    return {**vars(row), "line": row.line} if row.op != "import" else {**vars(row), "line": row.line, "args": {}}
