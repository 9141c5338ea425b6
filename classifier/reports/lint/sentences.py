"""The figures of findings, in sentences that are kept in English. Pages say them again: `retold` of `texts`."""

from classifier.domain.sentences import NEVER_SHOWN
from classifier.reports.draft.records import BRITISH, INITIALS, MISSPELLING, PLURAL, SAME_LETTERS, WRITTEN_AS_BOTH
from classifier.reports.draft.sentences import OF_DRAFTS
from classifier.texts import N_

MEAN_ANOTHER = N_("%(n)s of %(all)s articles that say so have the tag, mostly they mean %(tag)s")
COMMON = N_("in %(found)s of %(articles)s articles; %(n)s of %(all)s articles that say so have the tag")
OTHERS_BETTER = N_(
    "%(n)s of %(all)s articles that say so have the tag, by its other names %(others)s of %(all_others)s"
)
INSIDE = N_("%(n)s of %(all)s places are part of %(names)s")
LAST_OF = N_("in %(n)s articles, the last of %(day)s; %(others)s articles since %(since)s")
NONE_ACCEPTED = N_("none of %(n)s answered suggestions was accepted")
ON_TAGGED = N_("on %(n)s of %(all)s tagged articles")
TOGETHER = N_("on the same articles: %(both)s of %(n)s and %(others)s")
NAMED = N_("%(n)s of %(all)s times that an article names it, it has the tag")
ALIKE = N_("%(name)s and %(other)s: %(rule)s; %(why)s")
RULES = (SAME_LETTERS, WRITTEN_AS_BOTH, BRITISH, PLURAL, INITIALS, MISSPELLING)
OF_FINDINGS = (
    MEAN_ANOTHER,
    COMMON,
    OTHERS_BETTER,
    INSIDE,
    LAST_OF,
    NONE_ACCEPTED,
    ON_TAGGED,
    TOGETHER,
    NAMED,
    ALIKE,
    NEVER_SHOWN,
    *RULES,
    *OF_DRAFTS,
)
