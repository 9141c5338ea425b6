"""What a vocabulary costs: `python -m benchmarks.vocabulary [N]` imports, applies, undoes and exports one of N concepts (6,000).

The vocabulary is made up: labels in two languages, several names and broader concepts, a fifth of its concepts retired in
chains, and statements that no tag has a field for. Printed are CPU seconds, and what the second import finds.
"""

import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TypeVar

from classifier.domain.exchange.formats import Incoming, read, written
from classifier.domain.taxonomy import Kind, Taxonomy
from classifier.store.database.opening import open_store
from classifier.store.rows import now

N_CONCEPTS = 6_000
_HEAD = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix v: <https://example.org/v/> . @prefix wd: <http://www.wikidata.org/entity/> .
"""
Result = TypeVar("Result")


def main() -> None:
    """Measure and print."""
    n_concepts = int(sys.argv[1]) if len(sys.argv) > 1 else N_CONCEPTS
    turtle = vocabulary(n_concepts).encode()
    print(f"Python {platform.python_version()}, {n_concepts:,} concepts, {len(turtle) / 1e6:.1f} MB of Turtle")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/tagger.db")
        store.taxonomy.import_first(Taxonomy((), {"theme": Kind()}), "benchmark")

        def take(form: str, raw: bytes) -> Incoming:
            return read(form, raw, "the vocabulary", store.taxonomy.log(), now())

        incoming = _timed("read into operations", lambda: take("skos-ttl", turtle))
        print(f"    {len(incoming.operations):,} operations: {incoming.counts}, {len(incoming.notes)} notes")
        applied = _timed(
            "apply them in the store", lambda: store.taxonomy.apply(incoming.operations, "benchmark", "import")
        )
        log = store.taxonomy.log()
        for form in ("skos-ttl", "skos-jsonld", "iptc-json", "csv", "yaml"):
            text = _timed(f"write {form}", lambda form=form: written(form, log.taxonomy(), log.kept))  # type: ignore[misc]
            again = _timed(f"read {form} again", lambda form=form, text=text: take(form, text.encode()))  # type: ignore[misc]
            print(f"    {len(text) / 1e6:.1f} MB, {len(again.operations)} operations")
        _timed("undo it all", lambda: store.taxonomy.undo(applied.numbers, "benchmark", "undo"))


def _timed(name: str, work: Callable[[], Result]) -> Result:
    begun = time.process_time()
    result = work()
    print(f"{name:<28} {time.process_time() - begun:6.2f} CPU s")
    return result


def vocabulary(n_concepts: int) -> str:
    """Return a vocabulary of so many concepts, and a fifth more that are retired, in Turtle."""
    chance = random.Random(1)
    above = {i: {chance.randrange(max(1, i // 8)) for _ in range(chance.randint(1, 2))} for i in range(1, n_concepts)}
    below: dict[int, list[int]] = {}
    for i, others in above.items():
        for other in others:
            below.setdefault(other, []).append(i)
    lines = [_concept(i, above.get(i, set()), below.get(i, []), chance) for i in range(n_concepts)]
    lines += [
        f'v:old-{i}-9 owl:deprecated true ; rdfs:label "Retired {_words(chance)} {i}"@en ; dct:isReplacedBy '
        f"v:{f'old-{i - 1}' if i % 100 == 1 else chance.randrange(n_concepts)}-9 ."
        for i in range(n_concepts // 5)
    ]
    return _HEAD + "\n".join(lines) + "\n"


def _concept(i: int, above: set[int], below: list[int], chance: random.Random) -> str:
    name = f"{_words(chance)} {i}"
    parts = [f'v:{i}-9 a skos:Concept ; skos:inScheme v:scheme ; skos:prefLabel "{name}"@en, "{name} de"@de']
    parts += [
        f'skos:altLabel "{_words(chance)} {i} {k}"@{chance.choice(("en", "de"))}' for k in range(chance.randint(1, 5))
    ]
    parts += [f"skos:broader {', '.join(f'v:{other}-9' for other in sorted(above))}"] if above else []
    parts += [f"skos:narrower {', '.join(f'v:{other}-9' for other in below)}"] if below else []
    parts += [f"skos:related v:{chance.randrange(i)}-9"] if i % 3 == 1 else []
    parts += [f'skos:definition "Whatever is about {name}."@en'] if i % 4 == 0 else []
    parts.append(f"skos:exactMatch wd:Q{i + 1} ; rdfs:isDefinedBy v:scheme ; v:rank {i}")
    return " ; ".join(parts) + " ."


def _words(chance: random.Random) -> str:
    syllables = [chance.choice("bcdfgklmnprst") + chance.choice("aeiou") for _ in range(6)]
    return "".join(syllables[:3]) + " " + "".join(syllables[3:])


if __name__ == "__main__":
    main()
