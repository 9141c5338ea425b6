"""`export …`: decisions, examples and the tags of archive runs as JSON Lines, for other programs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.commands.opening import store_of
from classifier.commands.output import print_result, track
from classifier.commands.parser import Commands, Options, Run
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.store.store import Store


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("export", "Write what the store holds as JSON Lines.")
    text = "Write the log of editors' decisions, one decision a line, in its order."
    _add(commands, within, "decisions", _export_decisions, text, "`desk-report` shows them by tag and by editor.")
    text = "Write what training reads: articles with the tags that are known of them."
    _add(commands, within, "examples", _export_examples, text, "`train` and `data-report` read it with --articles.")
    text = "Write the tags that archive runs added and nobody has taken back or removed since."
    next_step = "give the file to the CMS; after `archive undo` also that of `export assignments --undone`."
    sub = _add(commands, within, "assignments", _export_assignments, text, next_step)
    sub.add_argument("--run", dest="run_id", metavar="RUN", help="only those of one run")
    sub.add_argument("--undone", action="store_true", help="instead those that were taken back, for the CMS to remove")


def _add(commands: Commands, within: Any, name: str, run: Run, text: str, next_step: str) -> Options:
    example = f"export {name} --output {name}.jsonl.gz"
    sub = commands.add(within, name, run, text, "database json", example, next_step=next_step)
    sub.add_argument("--output", type=Path, required=True, metavar="FILE", help="JSON Lines; .gz is compressed")
    return sub


def _export_assignments(options: argparse.Namespace, _settings: Settings) -> None:
    def records(store: Store) -> Iterable[Mapping[str, object]]:
        choose = store.assignments.undone if options.undone else store.assignments.standing
        for added in choose(options.run_id):
            yield {
                "article": added.article_id,
                "tag": added.tag,
                "score": added.score,
                "run": added.run_id,
                "at": added.at,
            }

    _export(options, "assignments", records)


def _export_decisions(options: argparse.Namespace, _settings: Settings) -> None:
    _export(options, "decisions", lambda store: map(vars, store.log.all()))


def _export_examples(options: argparse.Namespace, settings: Settings) -> None:
    from classifier.domain.articles import record_of

    def records(store: Store) -> Iterable[Mapping[str, object]]:
        return map(record_of, store.exports.examples(settings.starter_until, settings.close_after_days))

    _export(options, "examples", records)


def _export(options: argparse.Namespace, name: str, records: Callable[[Store], Iterable[Mapping[str, object]]]) -> None:
    import orjson

    from classifier.domain.files import whole_file

    n = 0
    with whole_file(options.output) as lines:
        for record in track(records(store_of(options)), 0, f"exporting {name}"):
            lines.write(orjson.dumps(record) + b"\n")
            n += 1
    print_result(options, {name: n, "output": str(options.output)}, f"{n} {name} -> {options.output}")
