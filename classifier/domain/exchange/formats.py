"""The formats in which a taxonomy goes out and comes in, by their names."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from classifier.domain.exchange.blanks import grouped
from classifier.domain.exchange.iptc import read_iptc, written_iptc
from classifier.domain.exchange.planning import Plan, Report
from classifier.domain.exchange.rdf_files import NAMES, read_rdf, written_rdf
from classifier.domain.exchange.skos_in import Options, operations_of_vocabulary
from classifier.domain.exchange.skos_out import triples_of
from classifier.domain.exchange.table import operations_of_table, table_of
from classifier.domain.exchange.yaml_form import operations_of_yaml, yaml_of
from classifier.domain.operations import Operation
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.taxonomy_log import FoldedLog
from classifier.errors import BadTaxonomy
from classifier.texts import _, number

MAX_BYTES = 64 << 20  # of a file: 27,760 concepts with labels in three languages are 20 MB of Turtle
MEDIA_TYPES = {
    "skos-ttl": "text/turtle",
    "skos-jsonld": "application/ld+json",
    "iptc-json": "application/json",
    "csv": "text/csv",
    "yaml": "application/yaml",
}
FORMATS = tuple(MEDIA_TYPES)
_SUFFIXES = {
    **{".ttl": "skos-ttl", ".jsonld": "skos-jsonld", ".json": "iptc-json"},
    **{".csv": "csv", ".tsv": "csv", ".yaml": "yaml", ".yml": "yaml"},
}
Kept = Mapping[str, tuple[str, ...]]


class Incoming(NamedTuple):
    """What a file asks for: operations in their order, and what of it was not taken over and why."""

    operations: Sequence[Operation]
    notes: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The number of operations of each kind."""
        return dict(Counter(operation.op for operation in self.operations))


def format_of(path: Path) -> str:
    """Return the format that the name of a file tells. Raise `BadTaxonomy` if it tells none."""
    if (found := _SUFFIXES.get(path.suffix.lower())) is None:
        raise BadTaxonomy(
            str(path), [_("its name does not tell its format; name it: --format %(names)s", names=", ".join(FORMATS))]
        )
    return found


def written(form: str, taxonomy: Taxonomy, kept: Kept, n_articles: Mapping[str, int] | None = None) -> str:
    """Return a taxonomy in a format.

    Args:
        kept: what vocabularies that were imported say of each URI, and no field holds.
        n_articles: the articles of each tag, for the table; without it the column is empty.
    """
    if form in NAMES:
        return written_rdf(triples_of(taxonomy, kept), form)
    if form == "iptc-json":
        return written_iptc(triples_of(taxonomy, kept))
    return table_of(taxonomy, n_articles) if form == "csv" else yaml_of(taxonomy)


def read(form: str, raw: bytes, name: str, log: FoldedLog, at: str, options: Options | None = None) -> Incoming:
    """Return the operations that make the taxonomy of a log have the tags of a file as it has them.

    Args:
        form: the format.
        raw: the file.
        name: of the file, for errors.
        at: the moment in UTC, in ISO 8601.
        options: how a vocabulary is read.

    Raises:
        BadTaxonomy: if the file cannot be read, with every problem and its place.
        NotInstalled: if the format needs a library that is not there.
    """
    text = _text(raw, name)
    if form in NAMES or form == "iptc-json":
        triples = read_rdf(text, form, name) if form in NAMES else read_iptc(text, name)
        return Incoming(*operations_of_vocabulary(grouped(triples), log, at, options or Options()))

    def plan(report: Report) -> Plan:
        return Plan(log.editor(), at, report)

    return Incoming((operations_of_table if form == "csv" else operations_of_yaml)(text, name, plan))


def _text(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise BadTaxonomy(
            name, [_("has %(n)s bytes; at most %(most)s are read", n=number(len(raw)), most=number(MAX_BYTES))]
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTaxonomy(name, [_("is not UTF-8 (byte %(n)s)", n=error.start)]) from None
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise BadTaxonomy(name, [_("line %(line)s: has a NUL character", line=line)])
    return text
