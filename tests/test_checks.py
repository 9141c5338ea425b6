"""The checks before a training: what each finds, what it leaves alone, and what its repair leaves."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from classifier.domain.articles import Article
from classifier.domain.examples import Attributed
from classifier.domain.snapshots import Snapshot, snapshot_of
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.errors import BadSetting
from classifier.gate.holding import Held
from classifier.gate.reference import ANCHOR, CHAMPION, reference_to
from classifier.training.checks import (
    DEFAULTS,
    CheckSettings,
    Finding,
    actions_of,
    few_examples,
    labels_flipped,
    never_shown,
    one_editor,
    tag_rates,
)

TAXONOMY = Taxonomy((Tag("iskp", "ISKP"), Tag("attack", "Attack"), Tag("m23", "M23", created="2025-01-01")))
SETTINGS = CheckSettings()


def example(number: int, *tags: str, by: dict[str, str] | None = None, rejected: tuple[str, ...] = ()) -> Attributed:
    article = Article(
        f"a{number}",
        f"Story {number}",
        f"Text of story {number}.",
        tags=tags,
        rejected=rejected,
        published_at="2024-06-06",
    )
    return Attributed(article, "2024-06-06", said_by=by or {})


def sent(number: int, *tags: str, owner: str = "wp", by: dict[str, str] | None = None) -> Attributed:
    """An article that a key has sent with its tags, and what editors decided of them."""
    return replace(example(number, *tags, by=by), owner=owner)


def archive(n: int = 200) -> list[Attributed]:
    """A half is about attacks, a fifth about ISKP."""
    return [
        example(number, *(["attack"] if number % 2 else []), *(["iskp"] if number % 5 == 0 else []))
        for number in range(n)
    ]


def seen(examples: list[Attributed]) -> Snapshot:
    return snapshot_of(one.article for one in examples)


def retagged(one: Attributed, *tags: str, by: str | None = None) -> Attributed:
    changed = {*tags} ^ {*(one.article.tags or ())}
    said = dict.fromkeys(changed, by) if by else {}
    return replace(one, article=replace(one.article, tags=tags), said_by=said)


def flip(examples: list[Attributed], n: int, tag: str = "attack", by: str | None = None) -> list[Attributed]:
    rest = [one for one in examples if tag in (one.article.tags or ())][:n]
    lost = {one.article.id for one in rest}
    return [
        retagged(one, *(t for t in one.article.tags or () if t != tag), by=by) if one.article.id in lost else one
        for one in examples
    ]


@pytest.mark.parametrize(("n", "found"), [(0, 1), (199, 1), (200, 0)])
def test_few_examples(n: int, found: int) -> None:
    assert len(few_examples(n, SETTINGS)) == found


# --- labels that were turned over: `tests/test_gate_labels.py` has the rule ---


def turned(
    before: list[Attributed], after: list[Attributed], settings: CheckSettings = SETTINGS
) -> tuple[list[Finding], list[Held]]:
    references = [
        reference_to(name, "v1", seen(before), after, TAXONOMY, settings.accepted) for name in (CHAMPION, ANCHOR)
    ]
    return labels_flipped(references, [one.article.id for one in after], TAXONOMY, settings)


def test_a_tag_whose_labels_turned_is_held_once_with_its_articles_and_keys() -> None:
    before = archive()
    after = flip(before, 20, by="wp/ed4")
    (found,), (held,) = turned(before, after)
    assert (found.tag, found.n, found.action, found.editors) == ("attack", 20, "hold", ["wp"])
    assert found.articles == sorted(one.article.id for one, old in zip(after, before, strict=True) if one != old)
    assert (TAXONOMY.tags[held.tag].id, held.reference.name, held.figure) == ("attack", CHAMPION, found.figure)


@pytest.mark.parametrize("action", ["warn", "block"])
def test_the_settings_may_warn_or_stop_the_run_instead(action: str) -> None:
    before = archive()
    (found,), held = turned(before, flip(before, 10), replace(SETTINGS, actions=actions_of({"labels_flipped": action})))
    assert (found.action, held) == (action, [])


def test_a_small_tag_that_loses_a_label_is_a_warning_until_three_are_gone() -> None:
    nights = [[example(n, *(["m23"] if n < 9 - lost else [])) for n in range(60)] for lost in range(4)]
    ids = [one.article.id for one in nights[0]]
    for lost, action in ((1, "warn"), (2, "warn"), (3, "hold")):
        references = [
            reference_to(name, "v1", seen(before), nights[lost], TAXONOMY, ())
            for name, before in ((CHAMPION, nights[lost - 1]), (ANCHOR, nights[0]))
        ]
        (found,), held = labels_flipped(references, ids, TAXONOMY, SETTINGS)
        assert (found.tag, found.action, len(held)) == ("m23", action, action == "hold")


def test_a_tag_whose_changes_were_accepted_is_left_alone() -> None:
    before = archive()
    assert turned(before, flip(before, 40), replace(SETTINGS, accepted=frozenset(["attack"]))) == ([], [])


# --- one voice ---


def test_one_editor_may_give_fifty_labels_of_a_tag_and_then_as_many_as_all_others() -> None:
    mine = [example(n, "iskp", by={"iskp": "mallory"}) for n in range(120)]
    others = [example(1000 + n, "iskp", by={"iskp": f"ed{n % 9}"}) for n in range(80)]
    kept, (found,) = one_editor([*mine, *others], TAXONOMY, SETTINGS)
    assert (found.tag, found.n, found.editors, found.action) == ("iskp", 40, ["mallory"], "repair")
    assert "one editor has accepted or added it 120 times, all others 80; 80 of them count" in found.figure
    positive = [one for one in kept if "iskp" in (one.article.tags or ())]
    unknown = [one for one in kept if "iskp" in one.article.unknown]
    assert (len(positive), len(unknown)) == (160, 40)
    assert {one.article.id for one in unknown} == set(found.articles)


def test_rejections_are_capped_too() -> None:
    mine = [example(n, rejected=("iskp",), by={"iskp": "mallory"}) for n in range(1000)]
    kept, (found,) = one_editor(mine, TAXONOMY, SETTINGS)
    assert (found.n, found.editors) == (950, ["mallory"])
    assert sum("iskp" in one.article.rejected for one in kept) == 50


def test_labels_of_the_archive_and_of_the_cms_are_nobodys() -> None:
    plain = [example(n, "iskp") for n in range(500)]
    cms = [example(1000 + n, "iskp", by={"iskp": "cms"}) for n in range(500)]
    assert one_editor([*plain, *cms], TAXONOMY, SETTINGS) == ([*plain, *cms], [])


def counted(examples: list[Attributed], tag: str = "iskp", owner: str | None = "wp") -> int:
    """Return how many positives of a tag count that one key sent or decided on."""
    kept, _ = one_editor(examples, TAXONOMY, SETTINGS)
    theirs = (one for one in kept if one.owner == owner or any("/" in editor for editor in one.said_by.values()))
    return sum(tag in (one.article.tags or ()) for one in theirs)


def test_a_key_that_names_many_editors_is_one_voice() -> None:
    others = archive(1000)  # 200 of them with the tag
    wrong = [example(5000 + n, "iskp", by={"iskp": f"wp/editor{n % 21}"}) for n in range(1000)]
    kept, (found,) = one_editor([*others, *wrong], TAXONOMY, SETTINGS)
    assert (found.editors, found.action, found.tag) == (["wp"], "repair", "iskp")
    assert "the editors whom one key names have accepted or added it 1000 times, all others 200;" in found.figure
    n_counted = 1000 - found.n
    assert 200 <= n_counted <= 230  # as many as the others, or as the rate of the tag in their articles supports
    assert sum("iskp" in (one.article.tags or ()) for one in kept) == 200 + n_counted


def test_a_name_is_one_voice_whatever_keys_it_decides_through() -> None:
    senders = ("maria", "wp/maria", "blog/maria")
    mine = [example(n, "iskp", by={"iskp": senders[n % 3]}) for n in range(120)]
    kept, (found,) = one_editor([*archive(100), *mine], TAXONOMY, SETTINGS)
    assert (found.n, found.editors) == (70, ["maria"])
    assert sum("iskp" in (one.article.tags or ()) for one in kept) == 20 + 50


def test_the_tags_that_a_key_sends_and_the_decisions_of_its_editors_are_one_voice() -> None:
    others = [example(n, *(["attack"] if n % 2 else []), *(["iskp"] if n % 20 == 0 else [])) for n in range(2000)]
    wrong = [sent(5000 + n, "iskp", by={} if n % 2 else {"iskp": f"spam/e{n % 40}"}, owner="spam") for n in range(400)]
    assert counted([*others, *wrong], owner="spam") == 100  # as many as all others


@pytest.mark.parametrize("n_others", [0, 3])
def test_a_desk_with_one_key_is_not_capped_by_it(n_others: int) -> None:
    """Its tags come from its CMS alone, and its editors decide there."""
    listed = [sent(n, *(["attack"] if n % 2 else ["iskp"])) for n in range(1000)]
    decided = [sent(2000 + n, "iskp", by={"iskp": f"wp/ed{n % 7}"}) for n in range(210)]
    rejected = [
        replace(example(4000 + n, "attack", rejected=("iskp",), by={"iskp": f"wp/ed{n % 7}"}), owner="wp")
        for n in range(210)
    ]
    desk = [*archive(n_others), *listed, *decided, *rejected]
    assert one_editor(desk, TAXONOMY, SETTINGS) == (desk, [])


def test_a_key_may_give_a_tag_as_often_as_it_stands_elsewhere() -> None:
    before = [example(n, *(["iskp"] if n % 50 == 0 else ["attack"])) for n in range(500)]  # 10 of 500
    grown = [sent(1000 + n, *(["iskp"] if n % 50 == 0 else ["attack"])) for n in range(4000)]  # 80 of 4000
    assert one_editor([*before, *grown], TAXONOMY, SETTINGS) == ([*before, *grown], [])


def test_a_tag_that_did_not_exist_elsewhere_may_be_given_by_one_key() -> None:
    before = archive(1000)
    grown = [replace(sent(2000 + n, "m23"), at="2025-06-06") for n in range(120)]
    assert one_editor([*before, *grown], TAXONOMY, SETTINGS) == ([*before, *grown], [])


def test_who_is_left_out_does_not_depend_on_the_order_of_examples() -> None:
    wrong = [*archive(200), *(example(5000 + n, "iskp", by={"iskp": f"wp/e{n % 21}"}) for n in range(300))]
    shuffled = random.Random(0).sample(wrong, len(wrong))
    kept, again = (one_editor(examples, TAXONOMY, SETTINGS)[0] for examples in (wrong, shuffled))
    assert {one.article.id: one for one in kept} == {one.article.id: one for one in again}


def test_a_warning_leaves_the_examples_as_they_are() -> None:
    mine = [example(n, "iskp", by={"iskp": "mallory"}) for n in range(120)]
    warned = CheckSettings(actions_of({"one_editor": "warn"}))
    kept, (found,) = one_editor(mine, TAXONOMY, warned)
    assert (kept, found.action) == (mine, "warn")


# --- what else is worth a word ---


def test_a_tag_that_new_articles_have_far_more_often_is_told_with_its_editors() -> None:
    before = archive()
    new = [example(2000 + n, "iskp", by={"iskp": "ed4"}) for n in range(60)]
    (found,) = (one for one in tag_rates([*before, *new], seen(before), TAXONOMY, SETTINGS) if one.tag == "iskp")
    assert (found.n, found.action, found.editors) == (60, "warn", ["ed4"])
    assert tag_rates([*before, *archive(40)], seen(before), TAXONOMY, SETTINGS) == []


def test_a_tag_that_was_never_suggested_is_told_once_there_was_enough_to_see() -> None:
    examples = archive()
    (found,) = never_shown(examples, {"attack": 40}, 300, TAXONOMY, SETTINGS)
    assert (found.tag, found.n) == ("iskp", 40)
    assert never_shown(examples, {"attack": 40}, 199, TAXONOMY, SETTINGS) == []


# --- settings ---


def test_what_checks_do_is_chosen_by_name() -> None:
    assert actions_of({"labels_flipped": "warn"}) == {**DEFAULTS, "labels_flipped": "warn"}
    with pytest.raises(BadSetting, match=r"There is no check 'flips'\. There are: few_examples,"):
        actions_of({"flips": "warn"})
    with pytest.raises(BadSetting, match="'tag_rates' can block, warn, not 'repair'"):
        actions_of({"tag_rates": "repair"})
