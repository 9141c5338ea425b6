"""`tags …`: list, check and apply the taxonomy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.opening import registry_of, store_of
from classifier.commands.output import print_champion, print_json, user_name, warn
from classifier.commands.parser import STARTER, Commands
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.domain.taxonomy import Taxonomy
    from classifier.serving.registry import Registry


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("tags", "List, check and apply the taxonomy.")
    commands.add(
        within, "list", _tags_list, "List the tags of the champion's taxonomy.", "models json", "tags list --json"
    )
    sub = commands.add(
        within,
        "check",
        _tags_check,
        "Check a taxonomy file, and name every problem with its line.",
        "",
        "tags check taxonomy.yaml",
        next_step="`tags apply FILE` makes it the taxonomy that serves.",
    )
    sub.add_argument(
        "file",
        type=Path,
        nargs="?",
        default=STARTER / "taxonomy.yaml",
        metavar="FILE",
        help="YAML (default: the starter taxonomy)",
    )
    sub.add_argument(
        "--models",
        type=Path,
        metavar="DIR",
        help="also show what `tags apply` would do with the champion of this folder",
    )
    sub = commands.add(
        within,
        "apply",
        _tags_apply,
        "Give the champion a changed taxonomy, as a new version that serves within seconds.",
        "models json",
        "tags apply taxonomy.yaml",
        "A new tag with aliases is suggested at once. A tag is never dropped: give it `status: retired` and a replacement.",
        "`retrain` learns the new tags from the editors' decisions.",
    )
    sub.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="YAML with the whole taxonomy, including every tag that the champion has",
    )
    commands.add(
        within,
        "proposals",
        _tags_proposals,
        "List the tags that editors have proposed, open proposals first.",
        "database json",
        "tags proposals",
        next_step="add accepted tags to the taxonomy file, then `tags apply FILE`.",
    )


def _tags_list(options: argparse.Namespace, _settings: Settings) -> None:
    taxonomy = registry_of(options).load_champion().taxonomy
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
        _warn_dates(_dates_if_applied(taxonomy, registry_of(options)))
    print(f"{options.file} is sound: {len(taxonomy.tags)} tags, {n_aliases} aliases, version {taxonomy.version}")


def _dates_if_applied(taxonomy: Taxonomy, registry: Registry) -> dict[str, str]:
    """Return the days that `tags apply` would give to tags without a date."""
    from classifier.serving.taxonomy_changes import adopt, new_dates

    registry.champion_folder()  # as `tags apply` does: without a champion there is nothing to compare with
    return new_dates(taxonomy, adopt(taxonomy, registry), registry.taxonomy())


def _warn_dates(dated: Mapping[str, str]) -> None:
    for tag, day in dated.items():
        warn(
            f"{tag}: articles from before {day} are unknown for it, not wrong (set `created` in the file for another day)"
        )


def _tags_apply(options: argparse.Namespace, _settings: Settings) -> None:
    from classifier.domain.taxonomy_yaml import read_taxonomy
    from classifier.serving.taxonomy_changes import apply_taxonomy

    applied = apply_taxonomy(registry_of(options), read_taxonomy(options.file), user_name())
    counts = {"added": len(applied.added), "removed": 0, "changed": len(applied.changed)}  # programs read `removed`
    if options.json:
        print_json({**vars(applied.champion), **counts, "dated": applied.dated})
        return
    _warn_dates(applied.dated)
    print_champion(applied.champion, as_json=False)
    print("tags: " + ", ".join(f"{n} {change}" for change, n in counts.items()))


def _tags_proposals(options: argparse.Namespace, _settings: Settings) -> None:
    proposals = store_of(options).proposals.list()
    if options.json:
        print_json({"proposals": [vars(proposal) for proposal in proposals]})
        return
    for proposal in proposals:
        tag = f" (accepted as {proposal.tag})" if proposal.tag else ""
        article = proposal.title or "no article"
        columns = f"{proposal.state:<9} {proposal.at[:10]}  {proposal.label:<32}"
        print(f"{columns} {proposal.editor}: {article}{tag}")
    if not proposals:
        print("nothing was proposed; editors propose tags on the review page")
