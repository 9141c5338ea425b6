"""The fields of a tag that are more than one text: in YAML, in model folders, and as earlier versions wrote them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from classifier.domain.articles import Article
from classifier.domain.taxonomy import Alias, Tag, Taxonomy, tag_from_json, tag_to_json
from classifier.domain.taxonomy_yaml import read_taxonomy
from classifier.errors import BadTaxonomy
from classifier.text.mention_features import SHARED
from classifier.text.reading import ArticleReader

HEAD = "kinds: {group: {}}\ntags:\n"
OTHERS = "".join(f"- {{id: {tag}, label: {tag * 3} group, kind: group}}\n" for tag in ("aa", "bb"))


def read(tmp_path: Path, tag: str) -> Tag:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(f"{HEAD}{OTHERS}- {{id: x, label: Xi group, kind: group, {tag}}}\n", encoding="utf-8")
    return read_taxonomy(path).tag("x")


def test_every_field_of_several_values_is_read_from_yaml_and_comes_back_from_json(tmp_path: Path) -> None:
    tag = read(
        tmp_path,
        "broader: [aa, bb], related: [aa], labels: {pt-BR: Xis, fr: Xi}, notes: {fr: Un groupe.}, parts: [bb], "
        "matches: {close: 'https://example.org/2', exact: ['urn:a', 'urn:b']}, uri: 'urn:x', caution: 0.9, origin: aa, "
        "retired_at: '2026-11-30', aliases: [{text: Le groupe Xi, lang: fr}]",
    )
    assert tag == Tag(
        "x",
        "Xi group",
        "group",
        ("aa", "bb"),
        aliases=(Alias("Xi group"), Alias("Le groupe Xi", lang="fr")),
        labels=(("fr", "Xi"), ("pt-BR", "Xis")),
        notes=(("fr", "Un groupe."),),
        related=("aa",),
        matches=(("exact", "urn:a"), ("exact", "urn:b"), ("close", "https://example.org/2")),
        uri="urn:x",
        parts=("bb",),
        caution=0.9,
        origin="aa",
        retired_at="2026-11-30",
    )
    assert tag_from_json(json.loads(json.dumps(tag_to_json(tag)))) == tag


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("labels: {french: Xi}", "'french' is no language like `fr` or `pt-BR`"),
        ("labels: Xi", "`labels` must give a text for each language"),
        ("matches: {same: 'urn:a'}", "`matches` must give URIs for exact, close, broad, narrow"),
        ("matches: {exact: Q1}", "`matches` names 'Q1', which is no URI"),
        ("uri: Q1", "`uri` names 'Q1', which is no URI"),
        ("caution: 2", "`caution` is true, false or the least score above 0 and below 1, not '2'"),
        ("broader: [aa, gone]", "`broader` of 'x' names 'gone', which is not in the taxonomy"),
        ("related: [gone]", "`related` of 'x' names 'gone', which is not in the taxonomy"),
        ("parts: [{a: b}]", "`parts` must be an id, or a list of ids"),
        ("broader: [aa, x]", "`broader` of 'x' leads back to itself"),
        ("aliases: [{text: Xis, lang: french}]", "'french' is no language"),
    ],
)
def test_problem_of_a_field_is_named_with_its_line(tmp_path: Path, field: str, problem: str) -> None:
    with pytest.raises(BadTaxonomy) as refused:
        read(tmp_path, field)
    assert [found.startswith(f"line 5: {problem}") for found in refused.value.problems] == [True]


def test_a_single_broader_tag_is_written_as_earlier_versions_did_so_that_the_version_stays() -> None:
    old = {"id": "x", "label": "Xi", "broader": "aa"}
    assert tag_to_json(tag_from_json(old)) == old
    assert tag_from_json(old).broader == ("aa",)


@pytest.mark.parametrize(("old", "broader"), [("aa", ("aa",)), (None, ())])
def test_a_pickle_of_an_earlier_version_has_its_broader_tag_and_what_came_later_at_its_default(
    old: str | None, broader: tuple[str, ...]
) -> None:
    tag = Tag("x", "Xi")
    for name in [name for name in vars(tag) if name not in ("id", "label", "kind", "status", "aliases")]:
        del vars(tag)[name]
    vars(tag)["broader"] = old
    again = pickle.loads(pickle.dumps(tag))
    assert again == Tag("x", "Xi", broader=broader)


# --- several broader tags, as the mention features read them ----------------------------------------------------

NAMES = {"top": "Topaz", "left": "Leftish", "right": "Rightish", "low": "Lowland"}


def features(text: str, broader: dict[str, tuple[str, ...]]) -> dict[str, dict[str, float]]:
    tags = (Tag(tag, name, "group", broader.get(tag, ()), aliases=(Alias(name),)) for tag, name in NAMES.items())
    reader = ArticleReader(Taxonomy(tuple(tags)))
    named = reader.mention_features([reader.read(Article(body=text))])
    ids = [list(NAMES)[tag] for tag in named.tags.tolist()]
    return {tag: dict(zip(SHARED, row, strict=True)) for tag, row in zip(ids, named.shared.tolist(), strict=True)}


def test_a_tag_has_the_features_of_the_broader_tag_that_is_named_most_and_all_above_have_theirs() -> None:
    text = (
        "Lowland met Leftish. "
        + "Nothing else was said on that day in the whole valley. " * 40
        + "Rightish, Rightish. Topaz."
    )
    diamond = {"low": ("left", "right"), "left": ("top",), "right": ("top",)}
    several, by_left, by_right = (
        features(text, broader) for broader in (diamond, diamond | {"low": ("left",)}, diamond | {"low": ("right",)})
    )
    n_named, at_top = "its broader tag named", "its broader tag in title or lead"
    assert several["low"][n_named] == by_right["low"][n_named] > by_left["low"][n_named] > 0.0
    assert several["low"][at_top] == by_left["low"][at_top] == 1.0
    assert by_right["low"][at_top] == 0.0
    assert several["top"]["narrower tags named"] == by_left["top"]["narrower tags named"]
