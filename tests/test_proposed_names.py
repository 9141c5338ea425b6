"""The proposed names in other languages: every line is an operation that fits the starter taxonomy, and gives it a name."""

from pathlib import Path

import pytest

from classifier.domain.applying import carry_out
from classifier.domain.editing import Editor
from classifier.domain.naming import Names
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.spelling import spell
from classifier.domain.taxonomy_yaml import read_taxonomy

STARTER = Path(__file__).parent.parent / "training_data" / "taxonomy.yaml"
PROPOSED = sorted((STARTER.parent / "proposed").glob("*.txt"))


@pytest.mark.slow
@pytest.mark.parametrize("path", PROPOSED, ids=[path.stem for path in PROPOSED])
def test_each_proposed_name_is_a_name_of_its_tag(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    operations = [operation_from_text(line) for line in lines]
    editor = Editor(read_taxonomy(STARTER))
    for operation in operations:
        carry_out(operation, editor, "2026-01-01")
    taxonomy = editor.taxonomy()
    names = Names(taxonomy)
    for operation in operations:
        assert operation.lang in {"ar", "fr"}  # type: ignore[attr-defined]
        named = {spell(alias.text) for alias in names.of(taxonomy.by_id[operation.tag])}
        assert spell(operation.label) in named, operation  # type: ignore[attr-defined]


@pytest.mark.slow
def test_there_are_names_for_all_places_in_both_languages() -> None:
    (places,) = (path for path in PROPOSED if path.stem == "places-ar-fr")
    lines = places.read_text(encoding="utf-8")
    tags = [tag.id for tag in read_taxonomy(STARTER).tags if tag.kind == "place"]
    assert [tag for tag in tags if lines.count(f"relabel {tag} ") != 2] == []
