"""`models …`: list, show, promote, roll back and export model versions."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from classifier.commands.output import by_whom, print_json, say_champion
from classifier.commands.parser import Commands
from classifier.errors import BadSetting, NoModel, TaggerError
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("models", "List, show, promote and roll back model versions.")
    commands.add(within, "list", _models_list, "List the versions, newest first.", "models json")
    sub = commands.add(within, "show", _models_show, "Show the card of a version (the champion's).", "models json")
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list`")
    promote = commands.add(
        within,
        "promote",
        _models_promote,
        "Make a version the champion.",
        "models json",
        "models promote 20240606-120000-0a1b2c3d --why 'fewer false alarms'",
    )
    promote.add_argument("version", metavar="VERSION", help="one of `models list`")
    back = commands.add(
        within, "roll-back", _models_roll_back, "Make the champion's predecessor the champion again.", "models json"
    )
    for sub in (promote, back):
        sub.add_argument("--why", default="by hand", metavar="TEXT", help="kept in the history")
    sub = commands.add(
        within,
        "export",
        _models_export,
        "Write a version (the champion) as a scikit-learn pipeline, for data people; the service never loads one.",
        "models json",
        "models export --output tagger.joblib",
    )
    sub.add_argument("version", nargs="?", metavar="VERSION", help="one of `models list`")
    sub.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="a joblib file; loading one runs code: only load what you exported yourself",
    )
    commands.add(within, "history", _models_history, "Show what served when, by whom, and why.", "models json")


def _models_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    rows = registry.table()
    try:
        registry.load_champion()
    except NoModel:
        pass
    except TaggerError as error:
        print(f"the champion cannot serve: {error}", file=sys.stderr)
    if options.json:
        print_json({"models": rows})
        return
    for row in rows:
        quality = f"micro-F1 {row['micro_f1']:.3f}" if row["micro_f1"] is not None else ""
        print(f"{'*' if row['champion'] else ' '} {row['version']}  {row['n_articles'] or '?':>7} articles  {quality}")
    if not rows:
        print(f"no models in {options.models}; train one: python -m classifier train")


def _models_show(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    version = options.version
    if version is None:
        champion = registry.champion()
        if champion is None:
            raise NoModel(f"No champion model in {options.models}. Train one: python -m classifier train")
        version = champion.version
    print(json.dumps(registry.card(version), ensure_ascii=False, indent=None if options.json else 1))


def _models_promote(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    say_champion(Registry(options.models).promote(options.version, by_whom(), options.why), options.json)


def _models_roll_back(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    say_champion(Registry(options.models).roll_back(by_whom(), options.why), options.json)


def _models_export(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.export import export_model
    from classifier.registry import Registry

    registry = Registry(options.models)
    model = registry.load_champion() if options.version is None else registry.load(options.version)
    try:
        export_model(model, options.output)
    except OSError as error:
        raise BadSetting(f"Cannot write {options.output}: {error.strerror}.") from None
    if options.json:
        print_json({"version": model.version, "output": str(options.output)})
    else:
        print(f"{model.version} -> {options.output}; read it with joblib.load")


def _models_history(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    registry = Registry(options.models)
    rows, damaged = registry.read_history()
    if damaged:
        lines = ", ".join(map(str, damaged))
        print(f"{registry.folder / 'history.jsonl'}: cannot be read and left out: line {lines}", file=sys.stderr)
    if options.json:
        print_json({"history": rows})
        return
    for row in rows:
        print(f"{row['at']}  {row['version']}  by {row['by']}: {row['why']}")
