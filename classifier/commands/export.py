"""`export …`: decisions, examples and the tags of archive runs as JSON Lines, for other programs."""

from argparse import Namespace
from collections.abc import Iterable, Mapping

import orjson

from classifier.commands.common import print_result, store_of
from classifier.domain.articles import record_of
from classifier.domain.files import whole_file
from classifier.domain.progress import Amount
from classifier.settings import Settings

ASSIGNMENT = {"article": "article_id", "tag": "tag", "score": "score", "run": "run_id", "at": "at"}


def do_assignments(options: Namespace, _settings: Settings) -> None:
    assignments = store_of(options).assignments
    rows = (assignments.undone if options.undone else assignments.standing)(options.run_id, amount := Amount())
    records = ({key: getattr(row, name) for key, name in ASSIGNMENT.items()} for row in rows)
    _export(options, "assignments", records, amount)


def do_decisions(options: Namespace, _settings: Settings) -> None:
    _export(options, "decisions", map(vars, store_of(options).log.all(amount := Amount())), amount)


def do_examples(options: Namespace, settings: Settings) -> None:
    how = settings.starter_until, settings.close_after_days, settings.learn_left
    examples = store_of(options).exports.attributed(*how, amount=(amount := Amount()))
    records = (record_of(one.article) | {"origins": dict(one.origins)} for one in examples)
    _export(options, "examples", records, amount)


def _export(options: Namespace, name: str, records: Iterable[Mapping[str, object]], amount: Amount) -> None:
    n = 0
    with whole_file(options.output) as lines:
        for record in options.progress(records, amount, f"exporting {name}"):
            lines.write(orjson.dumps(record) + b"\n")
            n += 1
    print_result(options, {name: n, "output": str(options.output)}, f"{n} {name} -> {options.output}")
