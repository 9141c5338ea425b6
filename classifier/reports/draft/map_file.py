"""A draft as a map from the terms of a CMS to tags, as `import --map` reads it."""

import csv
import io

from classifier.reports.draft.records import TaxonomyDraft

HEAD = ("term", "tag")


def map_of(draft: TaxonomyDraft) -> dict[str, str]:
    """Return the tag of each name: of kept ones, of their aliases, and of versions, whose articles go to their tag.

    All other names have "": an import drops them.
    """
    ids = {row.name: row.id for row in draft.keep}
    tags = {row.name: "" for row in (*draft.drop, *draft.blanket)}
    tags |= {row.name: ids[row.under] for row in draft.under}
    tags |= ids
    return tags | {row.name: tags[row.of] for row in draft.alias}


def as_csv(draft: TaxonomyDraft) -> str:
    """Return the map of a draft as CSV."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([HEAD, *map_of(draft).items()])
    return file.getvalue()
