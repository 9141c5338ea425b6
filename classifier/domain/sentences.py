"""Sentences that records keep in English. Pages say them again in the reader's language: `retold` of `texts`."""

from classifier.texts import N_

SAME_ID = N_("Two articles have the id '%(id)s'. Give each its own.")
NONE_WRONG = N_("No tag is known to be wrong for any article. See `tags_complete` and `rejected`.")
FEW = N_(
    "%(n)s articles with %(tags)s tags are too few to learn from: at least %(least)s articles and one tag with %(positives)s "
    "positives are needed."
)
NO_WORDS = N_("No word stands in two articles. Are the bodies empty?")
TOO_FEW_EXAMPLES = (SAME_ID, NONE_WRONG, FEW, NO_WORDS)

STARTER_DATES = N_("The dates of the starter articles are invented and do not count. %(more)s")
NO_DATE = N_("No article with complete tags has a date.")
NO_OTHER_DATE = N_("No other article with complete tags has a date.")
FEW_DATES = N_(
    "%(n)s articles with complete tags have a date, of %(days)s different days: it takes %(least)s, and days that divide them "
    "into %(parts)s parts."
)
OVER_TIME = N_("Tags over time")
NOT_CHECKED = (*TOO_FEW_EXAMPLES, STARTER_DATES, NO_DATE, NO_OTHER_DATE, FEW_DATES)  # reasons of the data report

FOLDS = N_("folds")
FITTING = N_("fitting all tags")
SECOND_FIT = N_("second fit: %(what)s")
STAND_IN = N_("stand-in: %(what)s")
LOOPS = (  # of trainings, of the data report and of bringing an archive
    N_("reading the articles"),
    N_("reading articles"),
    FOLDS,
    FITTING,
    N_("tags"),
    N_("reading for copies"),
    N_("reading for changes"),
    N_("reading for names"),
    N_("names in missed articles"),
    N_("doubtful labels"),
    N_("repeated blocks"),
    N_("reading the store"),
    N_("learning curve"),
    N_("judging"),
    N_("judging by the champion"),
    N_("judging by the challenger"),
    N_("judging later articles"),
    N_("judging in shadow"),
    N_("unpacking"),
    N_("reading the files"),
    N_("reading the texts"),
    N_("importing"),
    N_("deleting"),
    SECOND_FIT,
    STAND_IN,
)
COUNTED = N_("%(what)s (%(n)s)")
TO_LEARN_FROM = N_("%(n)s articles to learn from")
CHECKED = N_("%(n)s findings, %(held)s tags held because of their labels")
CHANGES = N_("changes of the taxonomy: %(n)s")
OF_LOGS = (*LOOPS, COUNTED, TO_LEARN_FROM, CHECKED, CHANGES)  # a line of a log begins with a capital letter

CHECK_NAMES = {  # what conditions of the gate and checks of the data are called
    "total": N_("all tags together"),
    "tag_worse": N_("no tag is worse"),
    "language_worse": N_("no language is worse"),
    "calibration": N_("scores are as accurate as they say"),
    "blind_recall": N_("recall on blind articles"),
    "unknown": N_("not far more unjudged suggestions"),
    "size": N_("size"),
    "latency": N_("time per article"),
    "furniture": N_("no reasons from repeated blocks"),
    "better_than_nothing": N_("better than nothing"),
    "better_than_alias_rule": N_("better than the names alone"),
    "nothing_new": N_("not the same as the champion"),
    "rolled_back": N_("not a model that was rolled back"),
    "overtaken": N_("nobody else changed the model"),
    "fixed": N_("the model that serves may be replaced"),
    "holdout": N_("enough articles to compare on"),
    "served": N_("as good as its own cross-validation"),
    "few_examples": N_("enough examples"),
    "labels_flipped": N_("labels reversed"),
    "one_editor": N_("labels from one editor"),
    "repeated_block": N_("repeated block"),
    "tag_rates": N_("rate of a tag"),
    "never_shown": N_("never suggested"),
}

# --- why a run ended as it did: what its checks found, and what its gate measured ---

FEW_EXAMPLES = N_("%(n)s examples, %(least)s are needed")
TURNED = N_("%(taken)s articles lost the tag and %(given)s got it since the %(reference)s, of %(all)s with it")
UNNAMED = N_("No person decided so on %(n)s of them")
ONE_KEY = N_("Too many of the decisions come from one key")
RENAMED = N_("Most have the new tag %(tag)s instead: was it renamed?")
GAVE = {  # by the level of the voices
    "name": (
        N_("one editor has accepted or added it %(n)s times, all others %(others)s; %(counted)s of them count"),
        N_("one editor has rejected or removed it %(n)s times, all others %(others)s; %(counted)s of them count"),
    ),
    "names": (
        N_(
            "the editors whom one key names have accepted or added it %(n)s times, all others %(others)s; %(counted)s of them count"
        ),
        N_(
            "the editors whom one key names have rejected or removed it %(n)s times, all others %(others)s; %(counted)s of them count"
        ),
    ),
    "key": (
        N_(
            "one key, by its editors and by the tags that it sends, has accepted or added it %(n)s times, all others %(others)s; %(counted)s of them count"
        ),
        N_(
            "one key, by its editors and by the tags that it sends, has rejected or removed it %(n)s times, all others %(others)s; %(counted)s of them count"
        ),
    ),
}
LEANING = N_("a block of %(words)s words stands in %(n)s articles; leaning on it: %(tags)s")
RATES = N_("%(before)s % of the articles before, %(now)s % of %(n)s new ones")
NEVER_SHOWN = N_("%(n)s examples, never suggested on %(shown)s articles")
MICRO_F1_CHANGE = N_("micro-F1 %(before)s -> %(after)s (change %(change)s)")
MICRO_F1_CHANGE_BETWEEN = N_("micro-F1 %(before)s -> %(after)s (change %(low)s to %(high)s)")
TINY = N_("less than 0.001")
CALIBRATION = N_("calibration error %(before)s -> %(after)s")
FEW_BLIND = N_("not measured: %(n)s tags of blind articles, %(least)s are needed")
BLIND_RECALL = N_("recall %(before)s -> %(after)s of %(n)s tags of blind articles")
UNJUDGED = N_("suggestions an article of which nobody knows whether they are right: %(before)s -> %(after)s")
SIZE = N_("%(size)s MB, at most %(most)s MB")
TIME = N_("%(time)s ms an article, at most %(most)s ms")
SERVED_TAG = N_("F1 %(validated)s in cross-validation, %(served)s as served")
SERVED = N_("micro-F1 %(validated)s in cross-validation, %(served)s as served, on %(n)s articles")
MICRO_F1 = N_("micro-F1 %(figure)s")
ALIAS_RULE = N_("micro-F1 %(figure)s, alias rule alone %(rule)s")
OF_LANGUAGE = N_("%(language)s: micro-F1 %(before)s -> %(after)s on %(n)s articles")
OF_TAG = N_(
    "F1 %(before)s -> %(after)s since the %(reference)s: %(lost)s of %(found)s found articles are lost and %(won)s won, wrong "
    "suggestions %(wrong_before)s -> %(wrong)s"
)
LAST_RUN = N_("That was in the last run")
LATE = N_("Only the second fit shows it, so the tag is held from the next run on")
LEFT_OUT = N_("%(n)s repeated blocks left out")
IN_BLOCK = N_("%(words)s stand in a repeated block")
NOT_IN_BLOCK = N_("no strong term comes from a repeated block")
THE_SAME = N_("it computes the same as the champion")
LIKE_ROLLED_BACK = N_("it has learned nearly the same as %(version)s, which was rolled back")
FIXED = N_("%(name)s, since %(day)s: %(why)s")
NOTHING_NEW = N_("Nothing is new since %(version)s was trained.")
NOTHING_NEW_SINCE = N_("Nothing is new since %(time)s (%(outcome)s: %(reason)s)")
NOT_WORSE = N_("Not worse than the champion: %(figure)s.")
THE_FIRST = N_("The first: %(figure)s.")
HELD = N_("Held: %(tags)s.")
STOPPED = N_("Stopped by %(name)s.")
CHAMPION_STAYS = N_("The model that serves stays.")
LOST = N_("It was stopped before its end, as by a restart of the service. Nothing was changed.")
STOPPED_BEFORE = N_("Stopped by %(name)s before it began.")
OVERTAKEN = N_("Another one had begun just before, or its process could not be started.")
INTERRUPTED = N_("It was stopped before its end.")
TRAINED = N_("trained")
APPLIED = N_("taxonomy %(version)s applied")
READ = N_("%(n)s articles with %(tags)s different tags.")
REPORTED = N_("%(n)s findings in %(articles)s articles.")
STORED = N_("%(new)s articles are new, %(changed)s changed, %(unchanged)s as before.")
REMOVED = N_("Articles that were taken out: %(n)s. Articles that stay because editors have decided on them: %(kept)s.")
TAGS_OF_ARCHIVE = N_("Archive: tags of %(n)s articles")
FROM_ARCHIVE = N_("It learned from the archive of the desk.")
NAMED = N_("The article names the tag.")
DAYS_OVER = N_("%(n)s days are over")
UNREADABLE_FILES = N_("its files cannot be read")
_TWO = N_("%(one)s. %(other)s")
OF_RUNS = (
    *TOO_FEW_EXAMPLES,
    FEW_EXAMPLES,
    TURNED,
    UNNAMED,
    ONE_KEY,
    RENAMED,
    *(text for pair in GAVE.values() for text in pair),
    LEANING,
    RATES,
    NEVER_SHOWN,
    MICRO_F1_CHANGE,
    MICRO_F1_CHANGE_BETWEEN,
    TINY,
    CALIBRATION,
    FEW_BLIND,
    BLIND_RECALL,
    UNJUDGED,
    SIZE,
    TIME,
    SERVED_TAG,
    SERVED,
    MICRO_F1,
    ALIAS_RULE,
    OF_LANGUAGE,
    OF_TAG,
    LAST_RUN,
    LATE,
    LEFT_OUT,
    IN_BLOCK,
    NOT_IN_BLOCK,
    THE_SAME,
    LIKE_ROLLED_BACK,
    FIXED,
    NOTHING_NEW,
    NOTHING_NEW_SINCE,
    NOT_WORSE,
    THE_FIRST,
    HELD,
    STOPPED,
    CHAMPION_STAYS,
    LOST,
    STOPPED_BEFORE,
    OVERTAKEN,
    INTERRUPTED,
    TRAINED,
    APPLIED,
    READ,
    REPORTED,
    STORED,
    REMOVED,
    TAGS_OF_ARCHIVE,
    FROM_ARCHIVE,
    NAMED,
    DAYS_OVER,
    UNREADABLE_FILES,
    N_("champion"),
    N_("anchor"),
    N_("promoted"),
    N_("not promoted"),
    _TWO,
)
