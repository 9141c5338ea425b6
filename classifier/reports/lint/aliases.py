"""Every alias in the archive: how often it stands there, how it is written, where it counts, and how often it is right."""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.reports.draft.archive import Written
from classifier.reports.layout import MAX_QUOTED, plain
from classifier.reports.lint.names import AliasNames, Owner
from classifier.reports.lint.newest import Newest
from classifier.reports.lint.records import CASE, CONTEXT, COUNTS, LONGER, AliasRow, FormRow
from classifier.reports.parts import DatedArticle
from classifier.text.mentions import Mention, bare_letters
from classifier.text.reading import Reading

MAX_FORMS = 50  # of an alias that are told apart
N_FORMS = 8  # that are listed


@dataclass
class _Use:
    """The counts of an alias."""

    articles: int = 0
    known: int = 0
    right: int = 0
    exact_known: int = 0
    exact_right: int = 0
    last: str = ""
    longer: Counter[str] = field(default_factory=Counter)  # names of other tags that it is a part of
    forms: Counter[tuple[str, str]] = field(default_factory=Counter)  # form and whether it counts
    n_places: int = 0
    found: Newest = field(default_factory=Newest)
    wrong: Newest = field(default_factory=Newest)

    def note(self, form: str, counts: str) -> None:
        self.n_places += 1
        key = (plain(form, MAX_QUOTED), counts)
        if key in self.forms or len(self.forms) < MAX_FORMS:
            self.forms[key] += 1


class AliasPlace(NamedTuple):
    """A place where the words of an alias stand, and whether they count there or why not.

    Inside of a longer name of another tag, `mention` is that of the longer name, whose spelling is `longer`.
    """

    owner: Owner
    mention: Mention
    counts: str
    longer: str = ""


class AliasUses:
    """Counts the aliases of a taxonomy in articles that are shown to it one by one."""

    def __init__(self, taxonomy: Taxonomy, only: Container[str] | None = None) -> None:
        """Take the taxonomy, and the tags whose aliases are counted, None for all."""
        self._taxonomy = taxonomy
        self.names = AliasNames(taxonomy, only)
        self._uses = {owner: _Use() for owners in self.names.owners for owner in owners}
        self.written: dict[str, Written] = {}  # by spelling, wherever its words stand

    def count(self, filed: Filed, reading: Reading, bare: list[Mention], named: DatedArticle) -> list[AliasPlace]:
        """Count an article, and return the places of the aliases in it.

        Args:
            reading: of the article, for the taxonomy itself.
            bare: the places of all aliases without their conditions, which `names.finder` finds.
        """
        exact: dict[Owner, bool] = {}  # the aliases that count, and whether in their own case
        places = list(self._places(reading, bare))
        for place in places:
            owner, form = place.owner, form_of(reading, place.mention)
            if place.counts == LONGER:
                self._uses[owner].longer[place.longer] += 1
                continue
            self._uses[owner].note(form, place.counts)
            if place.counts == COUNTS:
                exact[owner] = exact.get(owner, False) or bare_letters(form) == bare_letters(self.alias(owner).text)
        for spelling, forms in _by_spelling(self.names, reading, bare).items():
            written = self.written.setdefault(spelling, Written())
            written.n_articles += 1
            written.forms.update(form for form in forms if form in written.forms or len(written.forms) < MAX_FORMS)
        for owner, in_own_case in exact.items():
            self._count_article(owner, in_own_case, filed, named)
        return places

    def _places(self, reading: Reading, bare: list[Mention]) -> Iterator[AliasPlace]:
        """Yield the places that count first, then those that do not."""
        counted = set()
        for mention in reading.mentions:
            owner = self.names.owner(mention.tag, form_of(reading, mention))
            if owner is not None:
                counted.add((owner, mention.field, mention.start))
                yield AliasPlace(owner, mention, COUNTS)
        for mention in bare:
            owners, form = self.names.owners[mention.tag], form_of(reading, mention)
            for owner in owners:
                if (owner, mention.field, mention.start) not in counted:
                    alias = self.alias(owner)
                    differs = alias.case_exact and bare_letters(form) != bare_letters(alias.text)
                    yield AliasPlace(owner, mention, CASE if differs else CONTEXT)
            tags, longer = {owner.tag for owner in owners}, self.names.spellings[mention.tag]
            for part in self.names.within[mention.tag]:
                within = (owner for owner in self.names.owners[part] if owner.tag not in tags)
                yield from (AliasPlace(owner, mention, LONGER, longer) for owner in within)

    def alias(self, owner: Owner) -> Alias:
        """Return an alias."""
        return self._taxonomy.tags[owner.tag].aliases[owner.alias]

    def _count_article(self, owner: Owner, in_own_case: bool, filed: Filed, named: DatedArticle) -> None:
        use, tag = self._uses[owner], self._taxonomy.tags[owner.tag].id
        use.articles += 1
        use.last = max(use.last, named.date)
        use.found.add(named)
        label = label_of(filed, tag)
        if label is None:
            return
        use.known += 1
        use.right += label
        use.exact_known += in_own_case
        use.exact_right += in_own_case and label
        if not label:
            use.wrong.add(named)

    def rows(self) -> list[AliasRow]:
        """Return a row for each alias, in the order of the taxonomy."""
        return [self._row(owner, use) for owner, use in sorted(self._uses.items())]

    def _row(self, owner: Owner, use: _Use) -> AliasRow:
        tag, alias = self._taxonomy.tags[owner.tag], self.alias(owner)
        longer = use.longer.total()
        forms = [FormRow(form, counts, n) for (form, counts), n in use.forms.most_common(N_FORMS)]
        if longer:
            forms.append(FormRow(", ".join(name for name, _ in use.longer.most_common(3)), LONGER, longer))
        return AliasRow(
            tag=tag.id,
            alias=alias.text,
            articles=use.articles,
            known=use.known,
            right=use.right,
            exact_known=use.exact_known,
            exact_right=use.exact_right,
            last=use.last or None,
            places=use.n_places + longer,
            longer=longer,
            longer_names=[name for name, _ in use.longer.most_common(3)],
            shared_with=[self._taxonomy.tags[number].id for number in self.names.sharing(owner, alias)],
            forms=forms,
            found=use.found.articles(),
            wrong=use.wrong.articles(),
        )


def label_of(filed: Filed, tag: str) -> bool | None:
    """Return whether an article has a tag, None if nobody knows."""
    article = filed.article
    if tag in (article.tags or ()):
        return True
    if tag in article.unknown:
        return None
    return False if tag in article.rejected or (filed.closed and article.tags is not None) else None


def _by_spelling(names: AliasNames, reading: Reading, bare: list[Mention]) -> dict[str, list[str]]:
    forms: dict[str, list[str]] = {}
    for mention in bare:
        forms.setdefault(names.spellings[mention.tag], []).append(form_of(reading, mention))
    return forms


def form_of(reading: Reading, mention: Mention) -> str:
    """Return a mention as the article writes it."""
    return reading.text.contents[mention.field][mention.start : mention.end]
