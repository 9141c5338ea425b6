"""Aliases that are common words of another language, with how often they stand in its articles."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from classifier.domain.decisions import Filed
from classifier.domain.naming import MAIN_LANGUAGE
from classifier.domain.spelling import spell
from classifier.domain.taxonomy import Alias, Taxonomy
from classifier.gate.languages import ENOUGH_LEARNED
from classifier.reports.draft.operations import change_alias
from classifier.reports.lint.alias_findings import COMMON, MIN_COMMON, MIN_KNOWN, RARELY
from classifier.reports.lint.aliases import AliasPlace, label_of
from classifier.reports.lint.names import Owner
from classifier.reports.lint.newest import Newest
from classifier.reports.lint.records import COUNTS, LintFinding
from classifier.reports.parts import DatedArticle
from classifier.text.language import LANGUAGES, name_of

COMMON_WORD = "common word of a language"
MIN_STOPPED = 3  # articles of a language in which a stop word of it counts as a name


@dataclass
class _Use:
    """The articles of a language in which an alias counts; `known` of them have or lack its tag, and `right` have it."""

    n: int = 0
    known: int = 0
    right: int = 0
    newest: Newest = field(default_factory=Newest)


class LanguageUses:
    """Counts the aliases of one word in each language of the articles that are shown to it."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._n_articles: Counter[str] = Counter()
        self._uses: defaultdict[tuple[str, Owner], _Use] = defaultdict(_Use)

    def count(self, filed: Filed, language: str | None, places: Iterable[AliasPlace], named: DatedArticle) -> None:
        """Count an article of a language, None where it cannot be told, with the places of aliases in it."""
        if language is None:
            return
        self._n_articles[language] += 1
        for owner in {place.owner for place in places if place.counts == COUNTS}:
            if _is_bare_word(self._alias(owner)):
                use, label = self._uses[language, owner], label_of(filed, self._taxonomy.tags[owner.tag].id)
                use.n += 1
                use.newest.add(named)
                use.known += label is not None
                use.right += bool(label)

    def _alias(self, owner: Owner) -> Alias:
        return self._taxonomy.tags[owner.tag].aliases[owner.alias]

    def findings(self) -> Iterator[LintFinding]:
        """Yield the aliases that are common words of a language of which the archive has enough articles."""
        for (language, owner), use in sorted(self._uses.items(), key=lambda item: (item[0][0], -item[1].n)):
            n_articles, alias = self._n_articles[language], self._alias(owner)
            if n_articles < ENOUGH_LEARNED or not (_is_stop_word(alias, language, use) or _is_common(use, n_articles)):
                continue
            figure = f"stands in {use.n:,} of {n_articles:,} {name_of(language)} articles"
            if use.known:
                figure += f"; {use.right} of {use.known} that say so have the tag"
            tag = self._taxonomy.tags[owner.tag].id
            only = replace(alias, lang=MAIN_LANGUAGE)
            operation = change_alias(tag, only) if alias.lang is None and language != MAIN_LANGUAGE else None
            yield LintFinding(COMMON_WORD, tag, alias.text, None, use.n, figure, operation, use.newest.articles())


def _is_bare_word(alias: Alias) -> bool:
    """Whether an alias is one word that counts wherever it stands."""
    return not (alias.case_exact or alias.needs) and len(spell(alias.text).split()) == 1


def _is_stop_word(alias: Alias, language: str, use: _Use) -> bool:
    known = LANGUAGES.get(language)
    return known is not None and use.n >= MIN_STOPPED and spell(alias.text) in known.stop_words


def _is_common(use: _Use, n_articles: int) -> bool:
    """Whether an alias stands in many articles of a language, of which hardly any have its tag."""
    is_frequent = use.n >= max(MIN_COMMON, COMMON * n_articles)
    return is_frequent and use.known >= MIN_KNOWN and use.right <= RARELY * use.known
