"""By which names a text may name a tag: aliases in their languages, and labels in other languages."""

import pytest

from classifier.domain.exchange.yaml_form import yaml_of
from classifier.domain.naming import Names, named_kinds
from classifier.domain.taxonomy import Alias, Kind, Tag, Taxonomy, taxonomy_from_json
from classifier.domain.taxonomy_yaml import parse_taxonomy
from classifier.errors import BadTaxonomy

NAMED = {"group": Kind(named=True), "theme": Kind()}


def names(tag: Tag, kinds: dict[str, Kind], *others: Tag) -> list[tuple[str, str | None]]:
    """Return the names of a tag, each with its language."""
    return [(alias.text, alias.lang) for alias in Names(Taxonomy((tag, *others), kinds)).of(tag)]


COUP = Tag("coup", "Coup", kind="theme", aliases=(Alias("coup"), Alias("putsch", lang="de")))


@pytest.mark.parametrize(
    ("kinds", "language"),
    [
        (NAMED, "en"),
        ({**NAMED, "theme": Kind(lang="fr")}, "fr"),
        ({"theme": Kind(lang="fr")}, "fr"),
        ({"theme": Kind(named=True)}, None),
        ({"group": Kind(), "theme": Kind()}, None),
        ({}, None),
    ],
    ids=["main language", "its own", "its own alone", "named", "an earlier version", "no kinds"],
)
def test_an_alias_without_a_language_has_that_of_its_kind(kinds: dict[str, Kind], language: str | None) -> None:
    assert names(COUP, kinds) == [("coup", language), ("putsch", "de")]


def test_aliases_of_named_kinds_are_of_every_language() -> None:
    assert names(Tag("g", "Daesh", kind="group", aliases=(Alias("Daesh"), Alias("داعش"))), NAMED) == [
        ("Daesh", None),
        ("داعش", None),
    ]


def test_labels_in_other_languages_are_names_in_these() -> None:
    labels = (("ar", "تنظيم الدولة الإسلامية"), ("fr", "État islamique"), ("pt-BR", "Estado Islâmico"))
    tag = Tag("g", "Islamic State", kind="group", aliases=(Alias("Islamic State"),), labels=labels)
    assert names(tag, NAMED) == [
        ("Islamic State", None),
        ("تنظيم الدولة الإسلامية", "ar"),
        ("État islamique", "fr"),
        ("Estado Islâmico", "pt"),
    ]


@pytest.mark.parametrize(
    ("label", "why"),
    [("etat islamique", "an alias of the tag"), ("IS", "not safe"), ("Mali", "an alias of another tag")],
)
def test_a_label_that_cannot_be_a_name_is_none(label: str, why: str) -> None:
    tag = Tag("g", "Islamic State", kind="group", aliases=(Alias("État islamique"),), labels=(("fr", label),))
    other = Tag("mali", "Mali", kind="group", aliases=(Alias("Mali"),))
    assert names(tag, NAMED, other) == [("État islamique", None)], why


def test_labels_are_no_names_where_the_kind_says_so() -> None:
    tag = Tag("c", "Analysis", kind="category", labels=(("fr", "Analyse"),))
    assert names(tag, {"category": Kind(label_is_alias=False)}) == []


def test_named_kinds_are_those_that_say_so_else_those_of_the_usual_names() -> None:
    assert named_kinds({"actor": Kind(named=True), "group": Kind()}) == {"actor"}
    assert named_kinds({"group": Kind(), "place": Kind(), "theme": Kind()}) == {"group", "place"}
    assert named_kinds({"theme": Kind()}) == set()


def test_kinds_are_read_from_yaml_and_written_back() -> None:
    text = "kinds: {group: {named: true}, theme: {lang: fr}}\ntags:\n- {id: a, label: A group, kind: group}\n"
    taxonomy = parse_taxonomy(text, "t.yaml")
    assert taxonomy.kinds == {"group": Kind(named=True), "theme": Kind(lang="fr")}
    assert parse_taxonomy(yaml_of(taxonomy), "t.yaml") == taxonomy
    assert taxonomy_from_json(taxonomy.to_json()) == taxonomy


def test_a_language_of_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(BadTaxonomy, match="is no language like"):
        parse_taxonomy("kinds: {theme: {lang: French}}\ntags:\n- {id: a, label: A, kind: theme}\n", "t.yaml")


def test_what_an_earlier_version_wrote_of_kinds_is_read() -> None:
    taxonomy = taxonomy_from_json({"kinds": {"theme": {"exclusive": True}}, "tags": []})
    assert taxonomy.kinds == {"theme": Kind(exclusive=True)}
