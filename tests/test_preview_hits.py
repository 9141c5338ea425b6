"""The preview of aliases: which articles they would name tags in, where, and what the linter would find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from classifier.domain.articles import Article
from classifier.domain.decisions import Filed
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, import_row, row_of
from classifier.reports.lint.figures import lint_taxonomy
from classifier.reports.lint.near import near_names, near_tags
from classifier.reports.preview.newest import Newest, read_newest
from classifier.reports.preview.records import AliasHits

AT = "2026-01-01T00:00:00"
TAXONOMY = Taxonomy(
    (
        Tag("state", "Islamic State", aliases=(Alias("Islamic State"), Alias("caliphate"))),
        Tag("khorasan", "Khorasan", aliases=(Alias("Islamic State Khorasan"), Alias("IS-K", case_exact=True))),
        Tag("army", "Army", aliases=(Alias("Arakan Army"),)),
        Tag("turkey", "Turkey", kind="place", aliases=(Alias("Turkey", case_exact=True),)),
        Tag("camp", "Camp", aliases=(Alias("Islamic"),)),
        Tag("ankara", "Ankara", kind="place", aliases=(Alias("Ankara"),)),
    ),
    {"theme": Kind(), "place": Kind()},
)
TEXTS = {
    "a": ("The caliphate fell. Islamic State Khorasan did not.", ("state",)),
    "b": ("A turkey dinner. IS-K and is-k.", ("khorasan",)),
    "c": ("Turkey sent the army, and Ankara said so.", ("turkey", "army")),
    "d": ("The army of nobody. Tags: Ankara", ()),
    "e": ("The Arakan Army marched on the army.", ("army",)),
    "f": ("Nothing at all here.", ()),
    "g": ("An Islamic school.", ()),
    "h": ("Islamic art.", ()),
    "i": ("Islamic banking.", ()),
}


def articles(times: int = 1) -> list[Filed]:
    return [
        Filed(
            Article(f"{key}{n}", f"Title {key}", text, tags=tags, published_at=f"2025-01-0{n + 1}"), f"2025-01-0{n + 1}"
        )
        for n in range(times)
        for key, (text, tags) in TEXTS.items()
    ]


def sides(*lines: str) -> tuple[tuple[Taxonomy, Taxonomy], list[str]]:
    log = FoldedLog([import_row(TAXONOMY, 1, AT)])
    before = log.taxonomy()
    for line in lines:
        log.append(row_of(operation_from_text(line), log.n + 1, AT))
    return (before, log.taxonomy()), list(dict.fromkeys(tag for n in log.edits for tag in log.tags_since(1)))


def dry_run(*lines: str, filed: list[Filed] | None = None) -> Newest:
    taxonomies, tags = sides(*lines)
    return read_newest(filed or articles(), tags, taxonomies, {})


def hits(*lines: str) -> dict[str, AliasHits]:
    return {row["alias"]: row for row in dry_run(*lines).hits.rows()}


def test_a_new_alias_names_its_tag_where_no_longer_name_covers_it() -> None:
    row = hits('alias army +"the army"')["the army"]
    assert row["after"] == {"articles": 3, "has_tag": 2, "lacks_tag": 1, "places": {"counts": 3}}
    assert (row["before"], row["gained"], row["lost"], row["change"]) == (None, 3, 0, "added")
    assert [article["article_id"] for article in row["articles"]] == ["c0", "d0", "e0"]
    assert [(place["left"], place["text"], place["right"]) for place in row["articles"][0]["places"]] == [
        ("Turkey sent ", "the army", ", and Ankara said so.")
    ]


def test_an_alias_that_is_taken_off_loses_its_articles() -> None:
    row = hits('alias state -"caliphate"')["caliphate"]
    assert (row["change"], row["lost"], row["after"], row["articles"][0]["outcome"]) == ("removed", 1, None, "lost")
    assert row["articles"][0]["has_tag"] is True


def test_another_policy_says_where_an_alias_counts_no_more_and_why() -> None:
    row = hits('alias turkey +"Turkey"')["Turkey"]
    assert (row["change"], row["gained"], row["lost"]) == ("changed", 1, 0)
    assert row["before"] is not None
    assert row["before"]["places"] == {"counts": 1, "other case": 1}
    (gained, _) = row["articles"]
    assert (gained["article_id"], gained["places"][0]["before"], gained["places"][0]["after"]) == (
        "b0",
        "other case",
        "counts",
    )


def test_a_context_that_is_not_there_is_the_reason() -> None:
    row = hits('alias army +"army" {case: exact, needs: [Ankara]}')["army"]
    assert row["after"] is not None
    assert row["after"]["places"] == {"counts": 2, "context": 1}
    assert {article["article_id"]: article["outcome"] for article in row["articles"]}["c0"] == "gained"


def test_a_longer_name_of_another_tag_takes_the_places_of_a_shorter_one() -> None:
    taken = hits('alias army +"Islamic State Khorasan did"')["Islamic State Khorasan did"]
    assert taken["gained"] == 1
    newest = dry_run('alias army +"Islamic State Khorasan did"', filed=articles(9))
    assert ("shadowed", "khorasan", "Islamic State Khorasan") in {
        (row["check"], row["tag"], row["alias"]) for row in newest.findings
    }


def test_aliases_of_a_merged_tag_move_with_the_same_articles() -> None:
    rows = hits("merge khorasan into state")
    moved = rows["Islamic State Khorasan"]
    assert (moved["change"], moved["from_tag"], moved["gained"], moved["lost"]) == ("moved", "khorasan", 0, 0)
    assert moved["before"] is not None
    assert moved["after"] is not None
    assert (moved["before"]["articles"], moved["after"]["articles"]) == (1, 1)


def test_an_alias_that_others_have_too_is_said_to_be_shared() -> None:
    rows = hits(
        'alias turkey +"Turkey" {case: exact, shared: true}', 'alias ankara +"Turkey" {case: exact, shared: true}'
    )
    assert rows["Turkey"]["shared_with"]


def test_suggestions_on_blind_articles_are_not_shown() -> None:
    newest = dry_run('alias army +"the army"', filed=[replace(row, blind=True) for row in articles()])
    assert newest.hits.listed() == []
    assert newest.hits.rows()[0]["gained"] == 3


@pytest.mark.parametrize(
    "lines",
    [
        ('alias army +"the army"',),
        ("merge khorasan into state", 'alias turkey -"Turkey"', 'alias ankara +"Turkey" {case: exact}'),
        ('relabel army "Islamic States"', 'create states "the Arakan Armies"'),
        ("retire state", "rename turkey to turkiye", "split khorasan into k1 k2"),
        ("move army under state", "set ankara status=muted"),
    ],
)
def test_what_a_preview_finds_is_what_the_linter_finds_on_the_whole_taxonomy(lines: tuple[str, ...]) -> None:
    taxonomies, _ = sides(*lines)
    filed = articles(9)  # in which a tag that nothing changes, with a part of a changed name, is named in passing
    assert ("named in passing", "camp") in {(row.check, row.tag) for row in lint_taxonomy(TAXONOMY, filed).findings}
    whole = [
        {
            (row.check, row.tag, row.alias, row.other, row.figure, row.operation)
            for row in lint_taxonomy(side, [each.through(side) for each in filed]).findings
        }
        for side in taxonomies
    ]
    newest = dry_run(*lines, filed=filed)
    keys = [{key[:4] for key in side} for side in whole]
    for found, mine, other in ((newest.findings, 1, 0), (newest.mended, 0, 1)):
        expected = {key for key in whole[mine] if key[:4] not in keys[other]}
        assert {tuple(row.values()) for row in found} == expected


def test_only_names_that_may_be_one_are_compared() -> None:
    owners = {
        "self hosted": Tag("x", "x"),
        "selfhosted": Tag("y", "y"),
        "work from home": Tag("x", "x"),
        "WFH": Tag("z", "z"),
        "sheep": Tag("w", "w"),
        "cattle": Tag("v", "v"),
        "Russia Today (RT)": Tag("u", "u"),
    }
    assert set(near_names(owners, {"x"})) == {"self hosted", "selfhosted", "work from home", "WFH", "Russia Today (RT)"}
    assert near_tags(TAXONOMY, {"khorasan"}) == {"khorasan", "state", "camp"}
    assert near_tags(TAXONOMY, {"ankara"}) == {"ankara"}
