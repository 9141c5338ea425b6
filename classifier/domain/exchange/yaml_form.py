"""A taxonomy as YAML that `tags check`, `tags apply` and `tags import` read: nothing of it is lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import yaml

from classifier.domain.exchange.planning import Plan
from classifier.domain.operations import Operation
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy, kind_to_json, tag_to_json
from classifier.domain.taxonomy_yaml import parse_taxonomy, policy_of
from classifier.errors import BadTaxonomy
from classifier.texts import _


def yaml_of(taxonomy: Taxonomy) -> str:
    """Return a taxonomy as YAML. Reading it gives the same taxonomy."""
    kinds = taxonomy.kinds or {tag.kind: Kind() for tag in taxonomy.tags}
    content = {
        "kinds": {name: kind_to_json(kind) for name, kind in kinds.items()},
        "tags": [_entry(tag, taxonomy) for tag in taxonomy.tags],
    }
    text: str = yaml.dump(
        content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False
    )
    return text


class _Dumper(yaml.CSafeDumper):
    """Writes equal values anew, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _entry(tag: Tag, taxonomy: Taxonomy) -> dict[str, Any]:
    entry = tag_to_json(tag) | {"kind": tag.kind}
    if tag.aliases:
        entry["aliases"] = list(map(_alias, tag.aliases))
    spelled = {spell(alias.text) for alias in tag.aliases}
    if spell(tag.label) not in spelled and taxonomy.kinds.get(tag.kind, Kind()).label_is_alias:
        entry["label_is_alias"] = False
    return entry


def _alias(alias: Alias) -> Any:
    policy = policy_of(alias)
    return {"text": alias.text, **policy} if policy else alias.text


def operations_of_yaml(text: str, name: str, plan: Callable[[Any], Plan]) -> Sequence[Operation]:
    """Return the operations that make a taxonomy have the tags of a YAML file as it has them.

    `plan` makes the plan from what it shall report to. Raises `BadTaxonomy` with every problem.
    """
    problems = list[str]()
    made = plan(
        lambda tag, field, problem: problems.append(
            _("%(tag)s, `%(field)s`: %(problem)s", tag=tag, field=field, problem=problem)
        )
    )
    taxonomy = parse_taxonomy(text, name)
    if made.editor.kinds:
        for kind, described in taxonomy.kinds.items():
            known = made.editor.kinds.get(kind)
            # Files of earlier versions say nothing of languages.
            if known is None or described not in (known, replace(known, named=False, lang=None)):
                problems.append(
                    _("the kind %(kind)s is new or another one; `tags apply` changes kinds", kind=repr(kind))
                )
    if not problems:
        made.bring(taxonomy.tags)
    if problems:
        raise BadTaxonomy(name, problems[:100])
    return made.operations
