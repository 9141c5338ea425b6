"""What is looked at before a training: is there enough, did somebody turn labels over, does one voice drown the others?

A finding blocks the training, warns, or is repaired, as the settings say; it names the tag, the articles and the editors.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypedDict, cast

from classifier.domain.decisions import CMS
from classifier.domain.examples import Attributed
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Taxonomy
from classifier.errors import BadSetting
from classifier.text.repeated_blocks import RepeatedBlock
from classifier.training.voices import KEY, LEVELS, NAME, NAMES, Labels, Surplus, voices_of

BLOCK, WARN, REPAIR = "block", "warn", "repair"
DEFAULTS = {
    "few_examples": BLOCK,
    "labels_flipped": BLOCK,
    "one_editor": REPAIR,
    "repeated_block": REPAIR,
    "tag_rates": WARN,
    "never_shown": WARN,
}
REPAIRED = ("one_editor", "repeated_block")  # the others cannot be repaired

MIN_EXAMPLES = 200
MIN_FLIPS, FLIPPED = 5, 0.1  # labels of a tag that changed without a decision, and their share of its positives
MIN_BY_ONE, BY_ONE = 20, 0.2  # the same where one editor decided so
MIN_IN_ALL, IN_ALL = 50, 0.03  # over all tags
MIN_NEW = 50  # articles from which a change of rates is seen
TIMES_RATE = 3.0
SURELY = 0.001
MIN_SHOWN = 200  # articles with suggestions before a tag that never was one is worth a word
MIN_POSITIVES = 10
N_NAMED = 100  # articles that a finding names


class FindingRow(TypedDict):
    """A finding as plain JSON."""

    check: str
    action: str
    tag: str | None
    figure: str
    n: int
    articles: list[str]
    editors: list[str]
    quote: str


class Finding(NamedTuple):
    """What a check found. `tag` is None where no single one is meant.

    `figure` goes into logs and holds nobody's words or name; those stand in `editors` and, of an article, in `quote`.
    """

    check: str
    action: str
    tag: str | None
    figure: str
    n: int
    articles: list[str]
    editors: list[str]
    quote: str = ""

    def to_json(self) -> FindingRow:
        """Return it as plain JSON."""
        return cast(FindingRow, self._asdict())


def actions_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what each check does, where some of them were chosen.

    Raises:
        BadSetting: for a check that does not exist, or an action that it cannot take.
    """
    for check, action in chosen.items():
        allowed = (BLOCK, WARN, REPAIR) if check in REPAIRED else (BLOCK, WARN)
        if check not in DEFAULTS:
            raise BadSetting(f"There is no check {check!r}. There are: {', '.join(DEFAULTS)}.")
        if action not in allowed:
            raise BadSetting(f"The check {check!r} can {', '.join(allowed)}, not {action!r}.")
    return {**DEFAULTS, **chosen}


@dataclass(frozen=True)
class CheckSettings:
    """actions: what each check does; editor_share: of a tag's labels, that may come from one editor; accepted: tags whose
    changed labels somebody has looked at and found right."""

    actions: Mapping[str, str] = field(default_factory=lambda: DEFAULTS)
    editor_share: float = 0.5
    accepted: frozenset[str] = frozenset()


def few_examples(n: int, settings: CheckSettings) -> list[Finding]:
    """Find that there are too few examples to set some aside and learn from the rest."""
    if n >= MIN_EXAMPLES:
        return []
    figure = f"{n} examples, {MIN_EXAMPLES} are needed"
    return [Finding("few_examples", settings.actions["few_examples"], None, figure, n, [], [])]


# --- labels that were turned over -------------------------------------------------------------------------------


class _Flip(NamedTuple):
    article: str
    editor: str | None  # None: no decision of a person says so
    to: bool


def labels_flipped(
    examples: Sequence[Attributed], before: Snapshot, taxonomy: Taxonomy, settings: CheckSettings
) -> list[Finding]:
    """Find tags whose labels were turned over in bulk since a snapshot, on articles whose text is the same.

    What was unknown then is news, not a change.

    Args:
        taxonomy: the one that the snapshot's model was trained with; of a tag that it lacks nothing was known.
    """
    created = {tag.id: tag.created or "" for tag in taxonomy.tags}
    now = snapshot_of(one.article for one in examples)
    flips: defaultdict[str, list[_Flip]] = defaultdict(list)
    n_positive: Counter[str] = Counter()
    for one in examples:
        old, new = before.articles.get(one.article.id), now.articles[one.article.id]
        if old is None or old.text != new.text:
            continue
        for tag in {*old.tags, *old.rejected, *new.tags, *new.rejected} & created.keys():
            was, said = old.of(tag), new.of(tag)
            if not was and tag not in old.rejected and created[tag] > (old.at or created[tag]):
                was = None  # the tag did not exist when the article was tagged
            n_positive[tag] += was is True or said is True
            if was is not None and said is not None and was != said:
                editor = one.said_by.get(tag)
                flips[tag].append(_Flip(one.article.id, None if editor == CMS else editor, said))
    action = settings.actions["labels_flipped"]
    found = [
        _flipped(tag, own, n_positive[tag], action)
        for tag, own in sorted(flips.items())
        if tag not in settings.accepted and _in_bulk(own, n_positive[tag])
    ]
    return found or _flipped_in_all(flips, n_positive.total(), settings)


def _in_bulk(flips: list[_Flip], n_positive: int) -> bool:
    unexplained = sum(flip.editor is None for flip in flips)
    by_voice = Counter(voice for flip in flips for voice in voices_of(flip.editor, None).items())
    most = max(by_voice.values(), default=0)
    share = 1.0 / max(1, n_positive)
    return (unexplained >= MIN_FLIPS and unexplained * share >= FLIPPED) or (
        most >= MIN_BY_ONE and most * share >= BY_ONE
    )


def _flipped_in_all(flips: Mapping[str, list[_Flip]], n_positive: int, settings: CheckSettings) -> list[Finding]:
    """Find that many labels were turned over, though not of any single tag too many."""
    every = [flip for tag, own in flips.items() if tag not in settings.accepted for flip in own]
    if len(every) < MIN_IN_ALL or len(every) < IN_ALL * n_positive:
        return []
    return [_flipped(None, every, n_positive, settings.actions["labels_flipped"])]


def _flipped(tag: str | None, flips: list[_Flip], n_positive: int, action: str) -> Finding:
    given = sum(flip.to for flip in flips)
    figure = (
        f"{len(flips)} labels turned over ({given} given, {len(flips) - given} taken) beside {n_positive} positives"
    )
    editors = Counter(flip.editor for flip in flips if flip.editor is not None)
    articles = sorted({flip.article for flip in flips})
    return Finding(
        "labels_flipped",
        action,
        tag,
        figure,
        len(flips),
        articles[:N_NAMED],
        [name for name, _ in editors.most_common()],
    )


# --- one voice --------------------------------------------------------------------------------------------------


_GAVE = {
    NAME: "one editor has {}",
    NAMES: "the editors whom one key names have {}",
    KEY: "one key, by its editors and by the tags that it sends, has {}",
}


def one_editor(
    examples: Sequence[Attributed], taxonomy: Taxonomy, settings: CheckSettings
) -> tuple[list[Attributed], list[Finding]]:
    """Find editors and keys that gave more of a tag's labels than their share; return the examples without the surplus.

    The levels of `voices` are looked at one after another, each without the surplus of those before.
    """
    action, share = settings.actions["one_editor"], settings.editor_share
    repaired, findings = list(examples), list[Finding]()
    for level in LEVELS if share < 1.0 else ():
        surplus: defaultdict[int, set[str]] = defaultdict(set)
        for found in Labels(repaired, level, taxonomy).surplus(share):
            for row in found.rows:
                surplus[row].add(found.label.tag)
            findings.append(_too_many(found, level, [repaired[row].article.id for row in found.rows], action))
        repaired = [_without(example, surplus[row]) for row, example in enumerate(repaired)]
    return repaired if action == REPAIR else list(examples), findings


def _too_many(found: Surplus, level: str, articles: list[str], action: str) -> Finding:
    what = _GAVE[level].format("accepted or added" if found.label.given else "rejected or removed")
    figure = f"{what} it {found.n_said} times, all others {found.n_others}; {found.n_counted} of them count"
    return Finding("one_editor", action, found.label.tag, figure, len(articles), articles[:N_NAMED], [found.voice])


def _without(one: Attributed, tags: set[str]) -> Attributed:
    """Return an example in which nothing is known of some tags."""
    if not tags:
        return one
    article = one.article
    kept = tuple(tag for tag in article.tags or () if tag not in tags)
    rejected = tuple(tag for tag in article.rejected if tag not in tags)
    unknown = tuple(sorted({*article.unknown, *tags}))
    return replace(one, article=replace(article, tags=kept, rejected=rejected, unknown=unknown))


# --- what else is worth a word ----------------------------------------------------------------------------------


def repeated_blocks(
    blocks: Iterable[RepeatedBlock], ids: Sequence[str], settings: CheckSettings
) -> tuple[list[str], list[Finding]]:
    """Find blocks of many pages that a tag leans on; return the texts of those that are to be left out, and the findings."""
    action = settings.actions["repeated_block"]
    leaning = [block for block in blocks if block.tags]
    findings = [
        Finding(
            "repeated_block",
            action,
            block.tags[0],
            f"a block of {len(block.text.split())} words stands in {len(block.rows)} articles; leaning on it: "
            f"{', '.join(block.tags[:5])}",
            len(block.rows),
            [ids[row] for row in block.rows[:N_NAMED]],
            [],
            block.text[:200],
        )
        for block in leaning
    ]
    return [block.text for block in leaning] if action == REPAIR else [], findings


def tag_rates(
    examples: Sequence[Attributed], before: Snapshot, taxonomy: Taxonomy, settings: CheckSettings
) -> list[Finding]:
    """Find tags that new articles have far more or less often than those of a snapshot, beyond chance.

    The test is an exact binomial one on the new articles, for all tags together at .001 (Bonferroni).
    """
    from scipy.stats import binomtest

    old: list[Attributed] = []
    new: list[Attributed] = []
    for one in examples:
        if one.article.tags is not None and one.article.tags_complete:
            (old if one.article.id in before.articles else new).append(one)
    if len(new) < MIN_NEW or not old:
        return []
    was, has = (Counter(tag for one in part for tag in one.article.tags or ()) for part in (old, new))
    findings = []
    for tag in taxonomy.tags:
        rate, now = (was[tag.id] + 0.5) / (len(old) + 1), has[tag.id] / len(new)
        if 1.0 / TIMES_RATE < now / rate < TIMES_RATE:
            continue
        if binomtest(has[tag.id], len(new), rate).pvalue < SURELY / len(taxonomy.tags):
            figure = f"{100 * rate:.1f} % of the articles before, {100 * now:.1f} % of {len(new)} new ones"
            having = [one.article.id for one in new if tag.id in (one.article.tags or ())]
            editors = Counter(e for one in new if (e := one.said_by.get(tag.id)) not in (None, CMS))
            named = [str(editor) for editor, _ in editors.most_common()]
            findings.append(
                Finding(
                    "tag_rates", settings.actions["tag_rates"], tag.id, figure, has[tag.id], having[:N_NAMED], named
                )
            )
    return findings


def never_shown(
    examples: Sequence[Attributed], shown: Mapping[str, int], n_shown: int, taxonomy: Taxonomy, settings: CheckSettings
) -> list[Finding]:
    """Find active tags with examples that were never suggested though many articles got suggestions.

    Args:
        shown: how often each tag was; n_shown: to how many articles anything was.
    """
    if n_shown < MIN_SHOWN:
        return []
    positives = Counter(tag for one in examples for tag in one.article.tags or ())
    return [
        Finding(
            "never_shown",
            settings.actions["never_shown"],
            tag.id,
            f"{positives[tag.id]} examples, never suggested on {n_shown} articles",
            positives[tag.id],
            [],
            [],
        )
        for tag in taxonomy.tags
        if tag.active and positives[tag.id] >= MIN_POSITIVES and not shown.get(tag.id)
    ]
