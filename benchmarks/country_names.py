"""Write the Arabic and French names of the places of the starter taxonomy as operations: `python -m benchmarks.country_names`.

The names are those of Unicode CLDR, through Babel. The operations are a proposal: nobody who reads the language has confirmed
them. The names of groups in the same folder were written by hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel import Locale

from classifier.domain.operation_lines import operation_to_text
from classifier.domain.operations import Relabel
from classifier.domain.taxonomy_yaml import read_taxonomy

TAXONOMY = Path(__file__).parent.parent / "training_data" / "taxonomy.yaml"
OUTPUT = TAXONOMY.parent / "proposed" / "places-ar-fr.txt"
LANGUAGES = ("ar", "fr")
# The tags whose English labels are not those of CLDR.
CODES = {
    "palestinian-territories": "PS",
    "ivory-coast": "CI",
    "democratic-republic-of-the-congo": "CD",
    "turkey": "TR",
    "myanmar": "MM",
    "bosnia-and-herzegovina": "BA",
}
# Where CLDR adds a second name in brackets, or names the capital in place of the state.
BY_HAND = {
    ("myanmar", "ar"): "ميانمار",
    ("myanmar", "fr"): "Birmanie",
    ("democratic-republic-of-the-congo", "ar"): "جمهورية الكونغو الديمقراطية",
    ("democratic-republic-of-the-congo", "fr"): "République démocratique du Congo",
}
HEAD = (
    "# Proposed: names of places in Arabic and French, from Unicode CLDR (python -m benchmarks.country_names).",
    "# To be confirmed by somebody who reads the language. Then: python -m classifier tags propose --file FILE",
)


def operations() -> Iterator[Relabel]:
    """Yield the operation that gives each place its name in each language."""
    code_of = {name: code for code, name in Locale("en").territories.items() if len(code) == 2 and code.isalpha()}
    for tag in read_taxonomy(TAXONOMY).tags:
        if tag.kind == "place":
            code = CODES.get(tag.id) or code_of[tag.label]
            for language in LANGUAGES:
                name = BY_HAND.get((tag.id, language)) or Locale(language).territories[code]
                yield Relabel(tag.id, name, language)


def main() -> None:
    """Write the file."""
    lines = [*HEAD, *map(operation_to_text, operations())]
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{OUTPUT}: {len(lines) - len(HEAD)} operations\n")


if __name__ == "__main__":
    main()
