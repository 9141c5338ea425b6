"""What is wrong with tags, each with the operation that would mend it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from classifier.domain.decisions import Filed
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.reports.data.findings import overlap, overlaps
from classifier.reports.data.records import WITHIN
from classifier.reports.desk.records import Rate
from classifier.reports.draft.archive import Archive, Written
from classifier.reports.draft.broader import MAX_TAGS
from classifier.reports.draft.figures import BLANKET, BLANKET_FROM
from classifier.reports.draft.names import Name
from classifier.reports.draft.operations import merge, move, set_field
from classifier.reports.draft.pairs import find_pairs
from classifier.reports.draft.records import BRITISH, MISSPELLING, SAME_LETTERS
from classifier.reports.lint import sentences as said
from classifier.reports.lint.alias_findings import RARELY, shares
from classifier.reports.lint.near import near_names
from classifier.reports.lint.newest import Newest
from classifier.reports.lint.records import AliasRow, LintFinding
from classifier.reports.parts import DatedArticle
from classifier.texts import N_, english
from classifier.training.checks import never_shown_figure, unshown_tags

NEVER_SUGGESTED, NEVER_ACCEPTED, TOO_BROAD = N_("never suggested"), N_("never accepted"), N_("too broad")
OVERLAPPING, ALIKE, PASSING = N_("overlapping"), N_("near-duplicate in name"), N_("named in passing")
RULES = frozenset(said.RULES)
SPELLINGS = frozenset((SAME_LETTERS, BRITISH, MISSPELLING))
MIN_NAMED = 20  # times that articles name a tag
MIN_ANSWERED = 10  # suggestions of a tag that count towards its acceptance, none of them accepted


class TagUses:
    """Counts the tags of articles that are shown to it one by one."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        """Take the taxonomy."""
        self._taxonomy = taxonomy
        self._living = {tag.id: tag for tag in taxonomy.tags if not tag.retired}
        self._n_tagged = self._n_asked = 0
        self._tagged: defaultdict[str, set[int]] = defaultdict(set)
        self._suggested: Counter[str] = Counter()
        self._both: Counter[tuple[str, str]] = Counter()
        self._newest: defaultdict[str | tuple[str, str], Newest] = defaultdict(Newest)

    def count(self, filed: Filed, named: DatedArticle) -> None:
        """Count an article."""
        tags = sorted({tag for tag in filed.article.tags or () if tag in self._living})
        for tag in tags:
            self._tagged[tag].add(self._n_tagged)
            self._newest[tag].add(named)
        for pair in combinations(tags[:MAX_TAGS], 2):
            self._both[pair] += 1
            self._newest[pair].add(named)
        self._n_tagged += bool(tags)
        if filed.suggested is not None:
            self._n_asked += 1
            self._suggested.update(filed.suggested)

    def findings(
        self,
        acceptance: Mapping[str, Rate],
        aliases: Sequence[AliasRow],
        written: Mapping[str, Written],
        touched: Collection[str] | None = None,
    ) -> Iterator[LintFinding]:
        """Yield what is wrong with tags.

        Args:
            acceptance: of the suggestions of each tag.
            aliases: in the archive.
            written: how the articles write each spelling of an alias.
            touched: the tags whose names are compared with those of all others; None: all tags.
        """
        yield from self._never_suggested()
        yield from self._never_accepted(acceptance)
        yield from self._too_broad()
        yield from self._overlapping()
        yield from self._rarely_right(aliases)
        yield from self._alike(written, touched)

    def _of(
        self, check: str, tag: str, n: int, figure: str, operation: str | None, other: str | None = None
    ) -> LintFinding:
        return LintFinding(check, tag, None, other, n, figure, operation, self._newest[tag].articles())

    def _never_suggested(self) -> Iterator[LintFinding]:
        positives = {tag: len(numbers) for tag, numbers in self._tagged.items()}
        for tag, n in unshown_tags(positives, self._suggested, self._n_asked, self._taxonomy):
            yield self._of(NEVER_SUGGESTED, tag, n, never_shown_figure(n, self._n_asked), None)

    def _never_accepted(self, acceptance: Mapping[str, Rate]) -> Iterator[LintFinding]:
        for tag, rate in acceptance.items():
            if tag in self._living and self._living[tag].active and rate.n >= MIN_ANSWERED and not rate.accepted:
                figure = english(said.NONE_ACCEPTED, n=rate.n)
                yield self._of(NEVER_ACCEPTED, tag, rate.n, figure, _muted(tag))

    def _too_broad(self) -> Iterator[LintFinding]:
        for tag, numbers in self._tagged.items():
            n = len(numbers)
            if self._n_tagged >= BLANKET_FROM and n >= BLANKET * self._n_tagged:
                yield self._of(TOO_BROAD, tag, n, english(said.ON_TAGGED, n=n, all=self._n_tagged), _muted(tag))

    def _overlapping(self) -> Iterator[LintFinding]:
        for pair, both in self._both.most_common():
            tag, other = sorted(pair, key=lambda tag: (len(self._tagged[tag]), tag))
            jaccard, within = overlap(len(self._tagged[tag]), len(self._tagged[other]), both)
            if overlaps(len(self._tagged[tag]), jaccard, within) and not self._is_under(tag, other):
                counts = {"both": both, "n": len(self._tagged[tag]), "others": len(self._tagged[other])}
                is_narrower = within >= WITHIN and self._living[tag].kind == self._living[other].kind
                operation = move(tag, (*self._living[tag].broader, other)) if is_narrower and jaccard < within else None
                articles, figure = self._newest[pair].articles(), english(said.TOGETHER, **counts)
                yield LintFinding(OVERLAPPING, tag, None, other, both, figure, operation, articles)

    def _is_under(self, tag: str, other: str) -> bool:
        return other in self._living[tag].broader

    def _alike(self, written: Mapping[str, Written], touched: Collection[str] | None) -> Iterator[LintFinding]:
        """Yield tags whose labels are nearly the same name, and those of which aliases are.

        Only for labels there is an operation. Aliases are told apart on purpose: Jalal-Abad and Jalalabad are two places.
        """
        labels = {tag.label: tag for tag in reversed(self._living.values())}
        aliases = {alias.text: tag for tag in reversed(self._living.values()) for alias in tag.aliases}
        found: set[frozenset[str]] = set()
        for owners, rules in ((labels, RULES), ({**aliases, **labels}, SPELLINGS)):
            names = owners if touched is None else near_names(owners, touched)
            for pair in find_pairs([Name(text) for text in names], self._archive(owners, written)):
                tag, other = owners[pair.name], owners[pair.other]
                ids = frozenset((tag.id, other.id))
                if pair.rule in rules and len(ids) == 2 and ids not in found and (pair.sure or rules is RULES):
                    found.add(ids)
                    is_one = rules is RULES and pair.sure and tag.kind == other.kind
                    figure = english(
                        said.ALIKE, name=repr(pair.name), other=repr(pair.other), rule=pair.rule, why=pair.why
                    )
                    yield self._of(
                        ALIKE,
                        tag.id,
                        len(self._tagged[tag.id]),
                        figure,
                        merge(tag.id, other.id) if is_one else None,
                        other.id,
                    )

    def _archive(self, owners: Mapping[str, Tag], written: Mapping[str, Written]) -> Archive:
        """Return what is known of some names of tags: an article that has a tag has all its names."""
        tagged = {text: frozenset(self._tagged[tag.id]) for text, tag in owners.items()}
        return Archive(
            {text: len(numbers) for text, numbers in tagged.items()}, tagged, written, n_articles=self._n_tagged
        )

    def _rarely_right(self, aliases: Iterable[AliasRow]) -> Iterator[LintFinding]:
        """Yield tags that mostly are not on the articles that name them, by whatever name."""
        for tag, (right, known) in shares(aliases).items():
            if known >= MIN_NAMED and right <= RARELY * known and self._living[tag].active:
                figure = english(said.NAMED, n=right, all=known)
                yield self._of(PASSING, tag, known, figure, set_field(tag, "caution", "true"))


def _muted(tag: str) -> str:
    return set_field(tag, "status", "muted")
