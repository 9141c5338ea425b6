"""A drafted taxonomy that a person corrects: what each name ends in, and the operations and the map that come of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifier.domain.articles import Article
from classifier.domain.operation_lines import operation_to_text
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.errors import BadOperation
from classifier.reports.draft.archive import read_archive
from classifier.reports.draft.correcting import Choice, Corrected
from classifier.reports.draft.figures import draft_taxonomy
from classifier.reports.draft.sheet import Sheet, sheet_of

TAXONOMY = Taxonomy(
    (
        Tag("islamic-state", "Islamic State", kind="group", aliases=(Alias("ISIS"),)),
        Tag("taliban", "Taliban", kind="group"),
        Tag("somalia", "Somalia", kind="place"),
    )
)


def articles() -> list[Article]:
    """Thirty-six articles: names of tags, free names, one on all of them, a rare one, and two ways to write one."""
    rows = []
    for n in range(36):
        tags = ["News", ("ISIS", "Attacks", "Talks")[n % 3] if n < 33 else "Talks"]
        tags += ["Courts"] if n < 10 else ["courts"] if n < 16 else ["Rare"] if n > 33 else []
        day = f"2024-0{n // 20 + 1}-{n % 20 + 1:02}"
        rows.append(Article(f"a{n}", f"Report {n}", "The Courts sat.", tags=tuple(tags), published_at=day))
    return rows


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    archive = read_archive(articles)
    return sheet_of(draft_taxonomy(archive, TAXONOMY), archive, TAXONOMY)


def corrected(sheet: Sheet, *choices: tuple[str, ...], **how: object) -> Corrected:
    """Return the sheet with choices, made one after another as a person makes them."""
    made: list[Choice] = []
    for name, action, *value in choices:
        made.append(Corrected(sheet, made, TAXONOMY).choice(name, action, *value))
    return Corrected(sheet, made, TAXONOMY, **how)  # type: ignore[arg-type]


def lines(result: Corrected) -> list[str]:
    return [operation_to_text(operation) for operation in result.operations()]


def test_the_draft_alone_keeps_joins_and_leaves_out(sheet: Sheet) -> None:
    result = corrected(sheet)
    assert result.map() == {
        "News": (),
        "Rare": (),
        "ISIS": ("islamic-state",),
        "Attacks": ("attacks",),
        "Talks": ("talks",),
        "Courts": ("courts",),
        "courts": ("courts",),
    }
    assert lines(result) == [
        'create courts "Courts" created=2024-01-01',
        'create talks "Talks" created=2024-01-03',
        'create attacks "Attacks" created=2024-01-02',
    ]
    assert (len(result.kept), result.n_new) == (4, 3)
    assert result.unused == ["taliban", "somalia"]


def test_each_row_says_why(sheet: Sheet) -> None:
    rules = {row.name: row.rule for row in sheet.rows}
    assert (rules["News"], rules["courts"]) == ("blanket", "same letters")
    assert next(row.why for row in sheet.rows if row.name == "News") == "on 100% of all articles"


def test_a_name_is_left_out_and_what_was_merged_into_it_goes_along(sheet: Sheet) -> None:
    result = corrected(sheet, ("Courts", "drop"))
    assert result.map()["Courts"] == result.map()["courts"] == ()
    assert not any("courts" in line for line in lines(result))


def test_a_rare_name_is_kept_with_the_day_of_its_first_article(sheet: Sheet) -> None:
    result = corrected(sheet, ("Rare", "keep"))
    assert 'create rare "Rare" created=2024-02-15' in lines(result)


def test_fewer_articles_may_be_enough_but_never_for_a_name_on_all(sheet: Sheet) -> None:
    result = corrected(sheet, least=2)
    assert result.map()["Rare"] == ("rare",)
    assert result.map()["News"] == ()
    assert corrected(sheet, least=20).map()["Attacks"] == ()


def test_a_name_is_merged_into_a_kept_one_and_becomes_its_alias(sheet: Sheet) -> None:
    result = corrected(sheet, ("Rare", "merge", "courts"))
    assert result.map()["Rare"] == ("courts",)
    assert 'alias courts +"Rare" {"case": "exact"}' in lines(result)  # it is a common word too
    row = next(row for row in result.rows if row.row.name == "Rare")
    assert (row.action, row.target, row.chosen) == ("merge", "Courts", True)


def test_a_name_is_merged_into_a_tag_that_no_article_here_has(sheet: Sheet) -> None:
    result = corrected(sheet, ("Attacks", "merge", "taliban"))
    assert result.map()["Attacks"] == ("taliban",)
    assert 'alias taliban +"Attacks" {"case": "exact"}' in lines(result)
    assert result.unused == ["somalia"]


def test_a_new_tag_is_renamed_before_it_gets_its_id(sheet: Sheet) -> None:
    result = corrected(sheet, ("Attacks", "rename", "Armed  attacks"))
    assert result.map()["Attacks"] == ("armed-attacks",)
    assert lines(result)[-2:] == [
        'create armed-attacks "Armed attacks" created=2024-01-02',
        'alias armed-attacks +"Attacks" {"case": "exact"}',
    ]


def test_a_tag_that_is_there_keeps_its_id_when_it_is_renamed(sheet: Sheet) -> None:
    result = corrected(sheet, ("ISIS", "rename", "ISIL"))
    assert 'relabel islamic-state "ISIL"' in lines(result)
    assert result.map()["ISIS"] == ("islamic-state",)


def test_the_newest_choice_counts(sheet: Sheet) -> None:
    result = corrected(sheet, ("Courts", "drop"), ("Courts", "keep"))
    assert result.map()["courts"] == ("courts",)


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        (("Rare", "merge", "nothing of the kind"), "there is no tag “nothing of the kind”"),
        (("Attacks", "merge", "Attacks"), "is this tag itself"),
        (("ISIS", "merge", "Islamic State"), "is this tag itself"),
        (("Attacks", "merge", "Rare"), "there is no tag “Rare”"),  # it is left out
        (("ISIS", "merge", "Somalia"), "of different kinds"),
        (("Attacks", "rename", "  "), "write 1 to 200 characters"),
        (("Attacks", "rename", "Courts"), "There is a tag “Courts” already"),
        (("Attacks", "rename", "taliban"), "There is a tag “taliban” already"),
        (("Rare", "rename", "Rarer"), "is not kept"),
        (("Unheard of", "keep"), "does not have this name any more"),
        (("Rare", "burn"), "does not have this name any more"),
    ],
)
def test_a_choice_that_cannot_be_carried_out_says_why(sheet: Sheet, choice: tuple[str, ...], why: str) -> None:
    with pytest.raises(BadOperation, match=why.replace("(", r"\(")):
        corrected(sheet, choice)


def test_two_tags_that_are_there_become_one_only_if_a_person_says_so(sheet: Sheet) -> None:
    twins = Taxonomy((*TAXONOMY.tags, Tag("courts-of-law", "Courts"), Tag("tribunals", "courts")))
    archive = read_archive(articles)
    both = sheet_of(draft_taxonomy(archive, twins), archive, twins)
    untouched = Corrected(both, [], twins)
    assert not any(line.startswith("merge") for line in lines(untouched))
    choice = untouched.choice("courts", "merge", "Courts") if untouched.map()["courts"] == ("tribunals",) else None
    assert choice is None or "merge tribunals into courts-of-law" in lines(Corrected(both, [choice], twins))


def test_tags_that_no_article_has_are_muted_if_that_is_wanted(sheet: Sheet) -> None:
    assert lines(corrected(sheet, mute=True))[-2:] == ["set taliban status=muted", "set somalia status=muted"]


def test_what_was_carried_out_is_not_carried_out_again(sheet: Sheet) -> None:
    """A job that was killed after it changed the taxonomy begins again."""
    courts = Tag("courts", "Courts", aliases=(Alias("courts"),))
    made = Taxonomy((*TAXONOMY.tags, courts, Tag("attacks", "Attacks"), Tag("talks", "Talks")))
    again = Corrected(sheet, [], made)
    assert lines(again) == []
    assert again.map()["Courts"] == ("courts",)


def test_a_loop_of_merges_ends_in_nothing(sheet: Sheet) -> None:
    loop = [Choice("Courts", "merge", into="Attacks"), Choice("Attacks", "merge", into="Courts")]
    assert Corrected(sheet, loop, TAXONOMY).map()["Courts"] == ()


def test_the_share_of_uses_is_counted(sheet: Sheet) -> None:
    nothing = Corrected(replace(sheet, rows=[]), [], TAXONOMY)
    assert nothing.share_of_uses == 0
    assert 0.4 < corrected(sheet).share_of_uses < corrected(sheet, ("Rare", "keep")).share_of_uses < 1
