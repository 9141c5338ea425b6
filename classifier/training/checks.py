"""Checks of the examples before a training: too few, labels changed in bulk, one voice that outweighs the others.

A finding blocks the training, holds its tag, warns, or is repaired, as the settings say. It names the tag, the articles and the editors.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from classifier.domain import sentences as said
from classifier.domain.decisions import CMS
from classifier.domain.examples import Attributed
from classifier.domain.snapshots import Snapshot
from classifier.domain.taxonomy import Taxonomy
from classifier.domain.voices import KEY, LEVELS, NAME, NAMES
from classifier.errors import BadSetting
from classifier.gate.accounting import count_labels
from classifier.gate.holding import Held
from classifier.gate.reference import Reference
from classifier.text.repeated_blocks import RepeatedBlock
from classifier.texts import english
from classifier.training.voices import Labels, Surplus

BLOCK, WARN, REPAIR, HOLD = "block", "warn", "repair", "hold"
DEFAULTS = {"few_examples": BLOCK, "labels_flipped": HOLD, "one_editor": REPAIR, "repeated_block": REPAIR}
DEFAULTS |= {"tag_rates": WARN, "never_shown": WARN}
FURTHER = {
    "one_editor": REPAIR,
    "repeated_block": REPAIR,
    "labels_flipped": HOLD,
}  # what a check can do beside both others

MIN_EXAMPLES = 200
MIN_NEW = 50  # articles from which a change of rates is seen
TIMES_RATE = 3.0
SURELY = 0.001
MIN_SHOWN = 200  # articles with suggestions from which a tag that was never suggested is reported
MIN_POSITIVES = 10
N_NAMED = 100  # articles that a finding names


class Finding(NamedTuple):
    """What a check found."""

    check: str
    action: str
    tag: str | None  # None if it concerns no single tag
    figure: str  # goes into logs, so it contains no names and no text
    n: int
    articles: list[str]
    editors: list[str]
    quote: str = ""  # of an article


def actions_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the action of each check, a chosen one or its default. Raises `BadSetting` for one that does not exist."""
    for check, action in chosen.items():
        allowed = (BLOCK, WARN, *([FURTHER[check]] if check in FURTHER else []))
        if check not in DEFAULTS:
            raise BadSetting(f"There is no check {check!r}. There are: {', '.join(DEFAULTS)}.")
        if action not in allowed:
            raise BadSetting(f"The check {check!r} can {', '.join(allowed)}, not {action!r}.")
    return {**DEFAULTS, **chosen}


@dataclass(frozen=True)
class CheckSettings:
    """How to check examples."""

    actions: Mapping[str, str] = field(default_factory=lambda: DEFAULTS)  # what each check does
    editor_share: float = 0.5  # of a tag's labels that may come from one editor
    accepted: frozenset[str] = frozenset()  # tags whose labels of now are intended, whatever they were


def few_examples(n: int, settings: CheckSettings) -> list[Finding]:
    """Find that there are too few examples to hold some out and train on the others."""
    if n >= MIN_EXAMPLES:
        return []
    figure = english(said.FEW_EXAMPLES, n=n, least=MIN_EXAMPLES)
    return [Finding("few_examples", settings.actions["few_examples"], None, figure, n, [], [])]


def labels_flipped(
    references: Iterable[Reference], article_ids: Sequence[str], taxonomy: Taxonomy, settings: CheckSettings
) -> tuple[list[Finding], list[Held]]:
    """Find tags whose labels turned since an older version, and hold those whose labels turned in bulk.

    `article_ids` are those of the examples.
    """
    found: dict[int, tuple[Finding, Held]] = {}
    counted = [(turned, reference) for reference in references for turned in count_labels(reference, taxonomy)]
    for turned, reference in sorted(counted, key=lambda pair: not pair[0].is_bulk):
        tag, figure = taxonomy.tags[turned.tag].id, turned.figure(reference, taxonomy)
        action = settings.actions["labels_flipped"] if turned.is_bulk else WARN
        articles = sorted(article_ids[row] for row in turned.rows)[:N_NAMED]
        finding = Finding("labels_flipped", action, tag, figure, len(turned.rows), articles, turned.keys)
        found.setdefault(turned.tag, (finding, Held(turned.tag, "labels_flipped", figure, reference)))
    return [finding for finding, _ in found.values()], [held for f, held in found.values() if f.action == HOLD]


_GAVE = dict(zip((NAME, NAMES, KEY), said.GAVE.values(), strict=True))


def one_editor(
    examples: Sequence[Attributed], taxonomy: Taxonomy, settings: CheckSettings
) -> tuple[list[Attributed], list[Finding]]:
    """Find editors and keys that gave more of a tag's labels than their share; return the examples without the surplus.

    Each level of `voices` is checked without the surplus of the levels before it.
    """
    action, share = settings.actions["one_editor"], settings.editor_share
    repaired, findings = list(examples), list[Finding]()
    for level in LEVELS if share < 1.0 else ():
        surplus: defaultdict[int, set[str]] = defaultdict(set)
        for voice in Labels(repaired, level, taxonomy).surplus(share):
            for row in voice.rows:
                surplus[row].add(voice.label.tag)
            findings.append(_too_many(voice, level, [repaired[row].article.id for row in voice.rows], action))
        repaired = [_without(example, surplus[row], taxonomy) for row, example in enumerate(repaired)]
    return repaired if action == REPAIR else list(examples), findings


def _too_many(surplus: Surplus, level: str, articles: list[str], action: str) -> Finding:
    right, wrong = _GAVE[level]
    counts = {"n": surplus.n_labels, "others": surplus.n_others, "counted": surplus.n_counted}
    figure = english(right if surplus.label.is_right else wrong, **counts)
    return Finding("one_editor", action, surplus.label.tag, figure, len(articles), articles[:N_NAMED], [surplus.voice])


def _without(example: Attributed, tags: set[str], taxonomy: Taxonomy) -> Attributed:
    """Return an example without what is known of some tags, and of those that were merged into them."""
    if not tags:
        return example
    article = example.article
    tags = {written for tag in tags for written in taxonomy.paths.written_as(tag)}
    positive = tuple(tag for tag in article.tags or () if tag not in tags)
    rejected = tuple(tag for tag in article.rejected if tag not in tags)
    unknown = tuple(sorted({*article.unknown, *tags}))
    return replace(example, article=replace(article, tags=positive, rejected=rejected, unknown=unknown))


def repeated_blocks(
    blocks: Iterable[RepeatedBlock], ids: Sequence[str], settings: CheckSettings
) -> tuple[list[str], list[Finding]]:
    """Find repeated blocks that go with a tag; return the texts of the blocks to leave out, and the findings."""
    action = settings.actions["repeated_block"]
    leaning = [block for block in blocks if block.tags]
    findings = []
    for block in leaning:
        n, articles = len(block.rows), [ids[row] for row in block.rows[:N_NAMED]]
        figure = english(said.LEANING, words=len(block.text.split()), n=n, tags=", ".join(block.tags[:5]))
        findings.append(Finding("repeated_block", action, block.tags[0], figure, n, articles, [], block.text[:200]))
    return [block.text for block in leaning] if action == REPAIR else [], findings


def tag_rates(
    examples: Sequence[Attributed], before: Snapshot, taxonomy: Taxonomy, settings: CheckSettings
) -> list[Finding]:
    """Find tags that new articles have far more or less often than those of a snapshot, beyond chance.

    The test is an exact binomial test on the new articles, at .001 for all tags together (Bonferroni).
    """
    from scipy.stats import binomtest

    complete = [example for example in examples if example.article.tags is not None and example.article.tags_complete]
    old = [example for example in complete if example.article.id in before.articles]
    new = [example for example in complete if example.article.id not in before.articles]
    if len(new) < MIN_NEW or not old:
        return []
    n_old, n_new = (Counter(tag for example in part for tag in example.article.tags or ()) for part in (old, new))
    findings = []
    for tag in taxonomy.tags:
        rate, new_rate = (n_old[tag.id] + 0.5) / (len(old) + 1), n_new[tag.id] / len(new)
        if 1.0 / TIMES_RATE < new_rate / rate < TIMES_RATE:
            continue
        if binomtest(n_new[tag.id], len(new), rate).pvalue < SURELY / len(taxonomy.tags):
            rates = {"before": f"{100 * rate:.1f}", "now": f"{100 * new_rate:.1f}"}
            figure = english(said.RATES, **rates, n=len(new))
            articles = [example.article.id for example in new if tag.id in (example.article.tags or ())]
            editors = Counter(editor for example in new if (editor := example.said_by.get(tag.id)) not in (None, CMS))
            names = [str(editor) for editor, _ in editors.most_common()]
            action = settings.actions["tag_rates"]
            findings.append(Finding("tag_rates", action, tag.id, figure, n_new[tag.id], articles[:N_NAMED], names))
    return findings


def never_shown(
    examples: Sequence[Attributed], shown: Mapping[str, int], n_shown: int, taxonomy: Taxonomy, settings: CheckSettings
) -> list[Finding]:
    """Find active tags with examples that were never suggested, from how often each was on `n_shown` articles."""
    positives = Counter(tag for example in examples for tag in example.article.tags or ())
    action = settings.actions["never_shown"]
    return [
        Finding("never_shown", action, tag, never_shown_figure(n, n_shown), n, [], [])
        for tag, n in unshown_tags(positives, shown, n_shown, taxonomy)
    ]


def unshown_tags(
    positives: Mapping[str, int], shown: Mapping[str, int], n_shown: int, taxonomy: Taxonomy
) -> list[tuple[str, int]]:
    """Return the active tags that have enough positives and were never suggested, each with its positives."""
    if n_shown < MIN_SHOWN:
        return []
    unseen = [(tag.id, positives.get(tag.id, 0)) for tag in taxonomy.tags if tag.active and not shown.get(tag.id)]
    return [(tag, n) for tag, n in unseen if n >= MIN_POSITIVES]


def never_shown_figure(n: int, n_shown: int) -> str:
    """Return in words that a tag with n examples was never suggested."""
    return english(said.NEVER_SHOWN, n=n, shown=n_shown)
