"""What a pair of a draft rests on, in sentences that are kept in English. Pages say them again: `retold` of `texts`."""

from classifier.texts import N_

SAME = N_("the same letters and digits")
WORD_IN_CAPITALS = N_("a common word in one case and perhaps an abbreviation in the other")
ABBREVIATION_OR_WORD = N_("an abbreviation and perhaps a word")
SHORT_WITH_SIGN = N_("so short that a sign may make another name")
NAME_WITH_NOUN = N_("the articles write both, one as a word of its own and the other as a name with a noun")
HAS_BOTH = N_("%(name)s has both")
S_OR_Z = N_("one is spelled with s, the other with z")
ONE_OR_MANY = N_("singular and plural")
IS_NAME = N_("the articles write one of them as a name")
SHORT_WORD = N_("the word is short")
OTHER_WITH_S = N_("the word means something else with an s")
NO_PLURAL = N_("no dictionary has %(word)s as a plural")
EXPLAINED = N_("%(n)s articles have both, or explain one by the other")
EXPLAINED_OTHERWISE = N_(
    "%(n)s articles have both, or explain one by the other, of %(all)s, and %(others)s say otherwise"
)
EXPLAINED_BY_CHANCE = N_("%(n)s articles have both, or explain one by the other, and two letters agree by chance")
EXPLAINED_BUT_WORD = N_("%(n)s articles have both, or explain one by the other, and it is a word too")
NOBODY_WRITES = N_("no article writes it, %(n)s write the other")
NOBODY_WRITES_BUT = N_("no article writes it, %(n)s write the other; but %(doubt)s")
RARE_TOO = N_("the other is rare too")
AS_NEAR = N_("more write %(name)s, which is as near")
OTHER_FIRST_LETTER = N_("the first letters differ")
GOES_ON = N_("one goes on where the other ends")
MADE_OF_WORDS = N_("it is made of words")
SHORT_DIFFERENCE = N_("the word that differs is short")
NUMBERED = N_("%(name)s and a number")
NUMBERED_WORD = N_("%(name)s and a number, but %(same)s is a word too")
LONGER = N_("%(n)s of the %(all)s places of %(name)s are %(longer)s; a part, a kind or the same?")
ON_BOTH = N_("%(n)s of %(all)s articles with either have both: one topic?")
ON_ALL = N_("on %(share)s of all articles")
OF_DRAFTS = (
    SAME,
    WORD_IN_CAPITALS,
    ABBREVIATION_OR_WORD,
    SHORT_WITH_SIGN,
    NAME_WITH_NOUN,
    HAS_BOTH,
    S_OR_Z,
    ONE_OR_MANY,
    IS_NAME,
    SHORT_WORD,
    OTHER_WITH_S,
    NO_PLURAL,
    EXPLAINED,
    EXPLAINED_OTHERWISE,
    EXPLAINED_BY_CHANCE,
    EXPLAINED_BUT_WORD,
    NOBODY_WRITES,
    NOBODY_WRITES_BUT,
    RARE_TOO,
    AS_NEAR,
    OTHER_FIRST_LETTER,
    GOES_ON,
    MADE_OF_WORDS,
    SHORT_DIFFERENCE,
    NUMBERED,
    NUMBERED_WORD,
    LONGER,
    ON_BOTH,
    ON_ALL,
)
