"""`tags …`: list, check and apply the taxonomy."""

from __future__ import annotations

import argparse
from pathlib import Path

from classifier.commands.output import by_whom, print_json, say_champion
from classifier.commands.parser import STARTER, Commands
from classifier.settings import Settings


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("tags", "List, check and apply the taxonomy.")
    commands.add(within, "list", _tags_list, "List the tags of the champion's taxonomy.", "models json")
    sub = commands.add(within, "check", _tags_check, "Check a taxonomy; every problem is named with its line.")
    sub.add_argument("file", type=Path, nargs="?", default=STARTER / "taxonomy.yaml", metavar="FILE")
    sub = commands.add(
        within,
        "apply",
        _tags_apply,
        "Give the champion a changed taxonomy, as a new version, at once.",
        "models json",
        "tags apply taxonomy.yaml",
    )
    sub.add_argument("file", type=Path, metavar="FILE", help="YAML, the whole taxonomy: a tag not in it is removed")
    commands.add(
        within, "proposals", _tags_proposals, "List the tags that editors miss, the open ones first.", "database json"
    )


def _tags_list(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.registry import Registry

    taxonomy = Registry(options.models).load_champion().taxonomy
    if options.json:
        print_json({"taxonomy_version": taxonomy.version, **taxonomy.to_json()})
        return
    for tag in taxonomy.tags:
        state = "" if tag.active else f" [{tag.status}]"
        print(f"{tag.id:<32} {tag.kind:<10} {len(tag.aliases):>3} aliases  {tag.label}{state}")


def _tags_check(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.taxonomy import read_taxonomy

    taxonomy = read_taxonomy(options.file)
    n_aliases = sum(len(tag.aliases) for tag in taxonomy.tags)
    print(f"{options.file} is sound: {len(taxonomy.tags)} tags, {n_aliases} aliases, version {taxonomy.version}")


def _tags_apply(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.model import retagged
    from classifier.registry import Registry
    from classifier.taxonomy import read_taxonomy

    taxonomy = read_taxonomy(options.file)
    registry = Registry(options.models)
    model = registry.load_champion()
    old, new = model.taxonomy.by_id, taxonomy.by_id
    did = {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[tag] != new[tag] for tag in old.keys() & new.keys()),
    }
    champion = registry.champion()
    if taxonomy.version != model.taxonomy.version or champion is None:
        version = registry.save(retagged(model, taxonomy), registry.snapshot(model.version))  # it has learned the same
        champion = registry.promote(version, by_whom(), f"taxonomy {taxonomy.version} applied")
    if options.json:
        print_json({**vars(champion), **did})
        return
    say_champion(champion, as_json=False)
    print("tags: " + ", ".join(f"{n} {what}" for what, n in did.items()))


def _tags_proposals(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.store import open_store

    proposals = open_store(options.database).proposals.list()
    if options.json:
        print_json({"proposals": proposals})
        return
    for one in proposals:
        print(f"{one['state']:<9} {one['at'][:10]}  {one['label']:<32} {one['editor']}: {one['title'] or 'no article'}")
    if not proposals:
        print("nothing was proposed; editors propose tags on the review page")
