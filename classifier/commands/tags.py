"""`tags …`: list, check and apply the taxonomy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.output import by_whom, print_json, say_champion
from classifier.commands.parser import STARTER, Commands
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("tags", "List, check and apply the taxonomy.")
    commands.add(within, "list", _tags_list, "List the tags of the champion's taxonomy.", "models json")
    sub = commands.add(within, "check", _tags_check, "Check a taxonomy; every problem is named with its line.")
    sub.add_argument("file", type=Path, nargs="?", default=STARTER / "taxonomy.yaml", metavar="FILE")
    sub.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="also say what `tags apply` would do with the champion of this folder",
    )
    sub = commands.add(
        within,
        "apply",
        _tags_apply,
        "Give the champion a changed taxonomy, as a new version, at once.",
        "models json",
        "tags apply taxonomy.yaml",
    )
    sub.add_argument(
        "file", type=Path, metavar="FILE", help="YAML, the whole taxonomy: every tag that the champion has"
    )
    commands.add(
        within, "proposals", _tags_proposals, "List the tags that editors miss, the open ones first.", "database json"
    )


def _tags_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.serving.registry import Registry

    taxonomy = Registry(options.models).load_champion().taxonomy
    if options.json:
        print_json({"taxonomy_version": taxonomy.version, **taxonomy.to_json()})
        return
    for tag in taxonomy.tags:
        state = "" if tag.active else f" [{tag.status}]"
        print(f"{tag.id:<32} {tag.kind:<10} {len(tag.aliases):>3} aliases  {tag.label}{state}")


def _tags_check(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.taxonomy_yaml import read_taxonomy

    taxonomy = read_taxonomy(options.file)
    n_aliases = sum(len(tag.aliases) for tag in taxonomy.tags)
    if options.models is not None:
        _say_dates(_dates_if_applied(taxonomy, options.models))
    print(f"{options.file} is sound: {len(taxonomy.tags)} tags, {n_aliases} aliases, version {taxonomy.version}")


def _dates_if_applied(taxonomy: Taxonomy, models: Path) -> dict[str, str]:
    """Return the days that `tags apply` would give to tags without a date."""
    from classifier.serving.registry import Registry
    from classifier.serving.taxonomy_changes import adopt, new_dates

    registry = Registry(models)
    registry.champion_folder()  # as `tags apply` does: without a champion there is nothing to compare with
    return new_dates(taxonomy, adopt(taxonomy, registry), registry.taxonomy())


def _say_dates(dated: Mapping[str, str]) -> None:
    for tag, day in dated.items():
        print(
            f"{tag}: articles from before {day} are unknown for it, not wrong (`created: {day}`; another date in the file counts)",
            file=sys.stderr,
        )


def _tags_apply(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.taxonomy_yaml import read_taxonomy
    from classifier.serving.registry import Registry
    from classifier.serving.taxonomy_changes import apply_taxonomy

    applied = apply_taxonomy(Registry(options.models), read_taxonomy(options.file), by_whom())
    did = {"added": len(applied.added), "removed": 0, "changed": len(applied.changed)}  # programs read `removed`
    if options.json:
        print_json({**vars(applied.champion), **did, "dated": applied.dated})
        return
    _say_dates(applied.dated)
    say_champion(applied.champion, as_json=False)
    print("tags: " + ", ".join(f"{n} {what}" for what, n in did.items()))


def _tags_proposals(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    proposals = open_store(options.database).proposals.list()
    if options.json:
        print_json({"proposals": [vars(proposal) for proposal in proposals]})
        return
    for proposal in proposals:
        taken_as = f" (taken as {proposal.tag})" if proposal.tag else ""
        about = f"{proposal.editor}: {proposal.title or 'no article'}{taken_as}"
        print(f"{proposal.state:<9} {proposal.at[:10]}  {proposal.label:<32} {about}")
    if not proposals:
        print("nothing was proposed; editors propose tags on the review page")
