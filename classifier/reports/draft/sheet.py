"""A draft as rows that a person corrects: each name is kept, merged into another or left out, and says why."""

from collections import defaultdict
from dataclasses import dataclass, field

from classifier.domain.taxonomy import Taxonomy
from classifier.reports.draft.archive import Archive
from classifier.reports.draft.ids import known_tags, label_of
from classifier.reports.draft.names import Name
from classifier.reports.draft.records import VERSION, TaxonomyDraft
from classifier.reports.draft.sentences import ON_ALL
from classifier.texts import N_, english

KEEP, MERGE, DROP = "keep", "merge", "drop"
BLANKET = N_("blanket")  # the rule by which a name says nothing


@dataclass(frozen=True)
class Hint:
    """Another name that a row may belong to, and what that rests on."""

    other: str
    rule: str
    why: str


@dataclass(frozen=True)
class SheetRow:
    """A name of the archive: on how many articles it is, what the draft does with it and by which rule.

    `tag` is its id if it is a tag already. `into` names the row that it is merged into, `broader` the one that it is under.
    `created` is the day of its first article.
    """

    name: str
    n: int
    action: str
    label: str
    tag: str = ""
    into: str = ""
    broader: str = ""
    created: str | None = None
    rule: str = ""
    why: str = ""
    hints: list[Hint] = field(default_factory=list)


@dataclass(frozen=True)
class Sheet:
    """The rows of a draft, those on most articles first."""

    n_articles: int
    least: int
    rows: list[SheetRow]


def sheet_of(draft: TaxonomyDraft, archive: Archive, taxonomy: Taxonomy | None) -> Sheet:
    """Return a draft as rows that a person corrects."""
    hints: defaultdict[str, list[Hint]] = defaultdict(list)
    for pair in draft.questions:
        hints[pair.name].append(Hint(pair.other, pair.rule, pair.why))
    known = known_tags(map(Name, archive.uses), taxonomy)
    under = {row.name: row for row in draft.under}

    def row(name: str, n: int, action: str, label: str = "", **more: str) -> SheetRow:
        parent = under.get(name)
        broader = parent.under if parent is not None else ""
        label = label or label_of(Name(name), archive)
        created, tag = archive.first.get(name), known.get(name, "")
        return SheetRow(name, n, action, label, tag, created=created, broader=broader, hints=hints[name], **more)

    rows = [row(kept.name, kept.n, KEEP, kept.label) for kept in draft.keep]
    for each in draft.alias:
        if known.get(each.name, same := known.get(each.of, "")) == same:
            rows.append(row(each.name, each.n, MERGE, into=each.of, rule=each.rule, why=each.why))
        else:  # two tags that somebody made are one only if a person says so
            hints[each.name].append(Hint(each.of, each.rule, each.why))
            rows.append(row(each.name, each.n, KEEP))
    of_tag = [each for each in draft.under if not each.kept]
    rows += [row(each.name, each.n, MERGE, into=each.under, rule=VERSION, why=each.why) for each in of_tag]
    kept = {each.name for each in rows}
    shares = ((each, english(ON_ALL, share=f"{each.share:.0%}")) for each in draft.blanket if each.name not in kept)
    rows += [row(each.name, each.n, DROP, rule=BLANKET, why=why) for each, why in shares]
    rows += [row(each.name, each.n, DROP) for each in draft.drop]
    return Sheet(draft.n_articles, draft.least, sorted(rows, key=lambda each: (-each.n, each.name)))
