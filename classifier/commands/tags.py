"""`tags …`: list, check and apply the taxonomy."""

from argparse import Namespace
from collections.abc import Mapping

from classifier.commands.common import (
    print_champion,
    print_json,
    print_rows,
    print_text,
    registry_of,
    store_of,
    store_of_log,
    warn,
)
from classifier.commands.parser import user_name
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.serving.registry import Registry
from classifier.serving.taxonomy_changes import adopt, apply_in_store, apply_taxonomy, new_dates
from classifier.settings import Settings


def do_list(options: Namespace, _settings: Settings) -> None:
    registry = registry_of(options)
    registry.champion_folder()
    taxonomy = registry.taxonomy() or Taxonomy(())
    if options.json:
        print_json({"taxonomy_version": taxonomy.version, **taxonomy.to_json()})
        return
    for tag in taxonomy.tags:
        state = "" if tag.active else f" [{tag.status}]"
        print(f"{tag.id:<32} {tag.kind:<10} {len(tag.aliases):>3} aliases  {tag.label}{state}")


def do_check(options: Namespace, _settings: Settings) -> None:
    taxonomy = read_taxonomy(options.file)
    n_aliases = sum(len(tag.aliases) for tag in taxonomy.tags)
    if options.models is not None:
        _warn_dates(_dates_if_applied(taxonomy, registry_of(options)))
    print(f"{options.file} is sound: {len(taxonomy.tags)} tags, {n_aliases} aliases, version {taxonomy.version}")


def _dates_if_applied(taxonomy: Taxonomy, registry: Registry) -> dict[str, str]:
    """Return the days that `tags apply` would give to tags without a date."""
    registry.champion_folder()  # as `tags apply` does: without a champion there is nothing to compare with
    return new_dates(taxonomy, adopt(taxonomy, registry), registry.taxonomy())


def _warn_dates(dated: Mapping[str, str]) -> None:
    for tag, day in dated.items():
        text = f"{tag}: articles from before {day} are unknown for it, not wrong"
        warn(f"{text} (set `created` in the file for another day)")


def do_apply(options: Namespace, settings: Settings) -> None:
    options.progress.step("reading")
    registry, taxonomy, head = registry_of(options), read_taxonomy(options.file), None
    options.progress.step("applying")
    if (store := store_of_log(options, settings, registry)) is None:
        applied = apply_taxonomy(registry, taxonomy, user_name())
    else:
        applied, head = apply_in_store(registry, store, taxonomy, user_name())
    counts = {"added": len(applied.added), "removed": 0, "changed": len(applied.changed)}  # programs read `removed`
    if options.json:
        of_log = {"n": head.n, "taxonomy_version": head.taxonomy.version} if head is not None else {}
        print_json({**vars(applied.champion), **counts, "dated": applied.dated, **of_log})
        return
    _warn_dates(applied.dated)
    if head is None:
        print_champion(options, applied.champion)
    else:
        print_text(
            f"change {head.n}: the taxonomy is {head.taxonomy.version}; {applied.champion.version} stays champion"
        )
    print("tags: " + ", ".join(f"{n} {change}" for change, n in counts.items()))


def do_proposals(options: Namespace, _settings: Settings) -> None:
    lines, proposals = [], store_of(options).proposals.list()
    for proposal in proposals:
        tag = f" (accepted as {proposal.tag})" if proposal.tag else ""
        columns = f"{proposal.state:<9} {proposal.at[:10]}  {proposal.label:<32}"
        lines.append(f"{columns} {proposal.editor}: {proposal.title or 'no article'}{tag}")
    nothing = "nothing was proposed; editors propose tags on the review page"
    print_rows(options, "proposals", proposals, lines, nothing)
