"""A model seen through a changed taxonomy: retired tags speak for their heirs, new ones come behind, undo gives all back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from classifier.domain.applying import carry_out
from classifier.domain.articles import Article
from classifier.domain.editing import Editor
from classifier.domain.operation_lines import operation_from_text
from classifier.domain.taxonomy import Taxonomy
from classifier.model.tag_model import TagModel
from classifier.model.through_head import seen_through
from classifier.training.fitting import Fitted

AT = "2026-12-01T01:00:00+00:00"


def after(taxonomy: Taxonomy, *lines: str) -> Taxonomy:
    editor = Editor(taxonomy)
    for line in lines:
        carry_out(operation_from_text(line), editor, AT)
    return editor.taxonomy()


@pytest.fixture(scope="module")
def model(fitted: Fitted) -> TagModel:
    return fitted.model


@pytest.fixture(scope="module")
def some(articles: list[Article]) -> list[Article]:
    return articles[::15]


def suggested(model: TagModel, article: Article) -> dict[str, float]:
    return {row["tag"]: row["score"] for row in model.suggest(article).suggestions}


def scores(model: TagModel, articles: Sequence[Article]) -> dict[str, np.ndarray]:
    judged, _ = model.judge(articles)
    return {tag.id: judged[:, column] for column, tag in enumerate(model.taxonomy.tags)}


MERGE = "merge iskp iswap into islamic-state"


def test_an_heir_has_the_highest_score_of_its_parts_and_is_suggested_where_any_passed(
    model: TagModel, some: list[Article]
) -> None:
    seen = seen_through(model, after(model.taxonomy, MERGE))
    of_parts, of_heir = scores(model, some), scores(seen, some)
    parts = np.array([of_parts[tag] for tag in ("islamic-state", "iskp", "iswap")])
    assert (of_heir["islamic-state"] == parts.max(axis=0)).all()
    n_by_another = 0
    for article in some:
        before, now = suggested(model, article), suggested(seen, article)
        assert ("islamic-state" in now) == any(tag in before for tag in ("islamic-state", "iskp", "iswap"))
        assert not {"iskp", "iswap"} & now.keys()
        assert {tag: score for tag, score in now.items() if tag != "islamic-state"} == {
            tag: score for tag, score in before.items() if tag not in ("islamic-state", "iskp", "iswap")
        }
        n_by_another += "islamic-state" in now and "islamic-state" not in before
    assert n_by_another > 0


def test_values_of_parts_and_of_all_other_tags_are_the_same_bits(model: TagModel, some: list[Article]) -> None:
    seen = seen_through(model, after(model.taxonomy, MERGE, "rename taliban to the-taliban"))
    assert seen.reader is model.reader
    n = len(model.taxonomy.tags)
    assert (seen.decisions(some)[:, :n] == model.decisions(some)).all()


def test_the_evidence_of_a_forwarded_tag_is_one_exact_sum_of_the_part_that_spoke(
    model: TagModel, some: list[Article]
) -> None:
    seen = seen_through(model, after(model.taxonomy, MERGE))
    spoke = set()
    for article in some:
        (told,) = seen.explain(article, ["islamic-state"])
        parts = {each.tag.id: each for each in model.explain(article, ["islamic-state", "iskp", "iswap"])}
        assert sum(part.weight for part in told.parts) == pytest.approx(told.decision_value, abs=1e-9)
        speaker = next(tag for tag, part in parts.items() if part.decision_value == told.decision_value)
        assert told.parts == parts[speaker].parts
        assert told.threshold == parts[speaker].threshold
        assert (told.outcome == "suggested") == ("islamic-state" in suggested(seen, article))
        spoke.add(speaker)
        row = next((row for row in seen.suggest(article).suggestions if row["tag"] == "islamic-state"), None)
        own = next((row for row in model.suggest(article).suggestions if row["tag"] == speaker), None)
        if row is not None:
            assert own is not None
            assert (row["evidence"], row["source"], row["band"]) == (own["evidence"], own["source"], own["band"])
    assert len(spoke) > 1


def test_a_renamed_tag_is_suggested_by_its_new_id_with_the_same_score(model: TagModel, some: list[Article]) -> None:
    seen = seen_through(model, after(model.taxonomy, "rename taliban to the-taliban"))
    for article in some:
        expected = {
            "the-taliban" if tag == "taliban" else tag: score for tag, score in suggested(model, article).items()
        }
        assert suggested(seen, article) == expected
    answer = seen.suggest(some[0])
    assert answer.taxonomy_version == after(model.taxonomy, "rename taliban to the-taliban").version


def test_a_chain_of_redirects_ends_at_the_living_tag(model: TagModel, some: list[Article]) -> None:
    once = seen_through(model, after(model.taxonomy, "merge iskp taliban into islamic-state"))
    twice = seen_through(model, after(model.taxonomy, "merge iskp into taliban", "merge taliban into islamic-state"))
    assert [suggested(twice, article) for article in some] == [suggested(once, article) for article in some]


def test_undo_gives_the_model_of_before_bit_for_bit(model: TagModel, some: list[Article]) -> None:
    editor = Editor(model.taxonomy)
    edits = carry_out(operation_from_text(MERGE), editor, AT)
    seen = seen_through(model, editor.taxonomy())
    assert seen is not model
    editor.take_back(edits)
    again = seen_through(seen, editor.taxonomy())
    assert again is model


def test_tags_that_the_head_lacks_are_not_suggested_and_new_ones_are_by_their_names(model: TagModel) -> None:
    head = after(model.taxonomy, 'create river-front "River Front" kind=group')
    head = replace(head, tags=tuple(tag for tag in head.tags if tag.id != "taliban"))
    seen = seen_through(model, head)
    article = Article(
        title="River Front attacks a Taliban convoy", body="River Front said so. The Taliban did not. " * 5
    )
    assert "taliban" in suggested(model, article)
    assert "taliban" not in suggested(seen, article)
    assert suggested(seen, article).keys() >= {"river-front"}


def test_names_that_an_heir_gets_besides_speak_for_it_at_once(model: TagModel) -> None:
    article = Article(title="Zerkalo men at the gate", body="Zerkalo men came. " * 20)
    merged = after(model.taxonomy, MERGE)
    named = after(merged, 'alias islamic-state +"Zerkalo"')
    before, now = (scores(seen_through(model, head), [article])["islamic-state"][0] for head in (merged, named))
    assert now > before + 0.1


def test_a_name_that_was_taken_off_the_heir_speaks_no_more_for_it(model: TagModel) -> None:
    names = [alias.text for alias in model.taxonomy.tag("iskp").aliases]
    head = after(model.taxonomy, MERGE, *(f'alias islamic-state -"{name}"' for name in names))
    seen = seen_through(model, head)
    article = Article(title="ISKP claims an attack", body="ISKP said so.")
    named = seen.reader.read(article).mentions_of
    assert [seen.taxonomy.tags[tag].id for tag in named if seen.taxonomy.tags[tag].id == "iskp"] == []


def test_mentions_of_a_part_are_those_of_its_heir(model: TagModel) -> None:
    article = Article(
        title="A visit", body="Nothing of it was about ISKP. " + "Rain fell on the hills and nobody came. " * 60
    )
    before, now = model.suggest(article), seen_through(model, after(model.taxonomy, MERGE)).suggest(article)
    assert "iskp" in {row["tag"] for row in before.mentioned}
    assert {row["tag"] for row in now.mentioned} >= {"islamic-state"}
    assert "iskp" not in {row["tag"] for row in now.mentioned}


def test_a_cautious_tag_is_never_in_the_band_auto_and_from_its_least_score_on(
    model: TagModel, some: list[Article]
) -> None:
    sure = replace(model.parameters, auto_thresholds=model.parameters.thresholds)
    eager = TagModel(sure, model.terms, model.title_terms, model.taxonomy)
    bands = {row["band"] for article in some for row in eager.suggest(article).suggestions if row["tag"] == "taliban"}
    assert bands == {"auto"}
    careful = seen_through(eager, after(model.taxonomy, "set taliban caution=true"))
    rows = [row for article in some for row in careful.suggest(article).suggestions if row["tag"] == "taliban"]
    assert {row["band"] for row in rows} == {"suggest"}
    least = sorted(row["score"] for row in rows)[len(rows) // 2] - 1e-4
    high = seen_through(eager, after(model.taxonomy, f"set taliban caution={least}"))
    kept = [row for article in some for row in high.suggest(article).suggestions if row["tag"] == "taliban"]
    assert 0 < len(kept) < len(rows)
    assert {row["score"] for row in kept} == {row["score"] for row in rows if row["score"] >= least}


def test_of_an_exclusive_kind_an_heir_is_one_and_the_kinds_stay_exclusive(model: TagModel, some: list[Article]) -> None:
    kinds = model.taxonomy.kinds
    (exclusive,) = [name for name, kind in kinds.items() if kind.exclusive][:1]
    first, second, *_ = [tag.id for tag in model.taxonomy.tags if tag.kind == exclusive]
    seen = seen_through(model, after(model.taxonomy, f"merge {first} into {second}"))
    _, mask = seen.judge(some)
    of_kind = [column for column, tag in enumerate(seen.taxonomy.tags) if tag.kind == exclusive]
    assert mask[:, of_kind].sum(axis=1).max() == 1


def test_live_labels_of_an_heir_move_its_constant(model: TagModel, some: list[Article]) -> None:
    seen = seen_through(model, after(model.taxonomy, MERGE))
    wrong = [replace(article, tags=(), rejected=("islamic-state",)) for article in some]
    moved = seen.following(wrong, seen.decisions(wrong), 1).followed
    assert moved is not None
    place = [tag.id for tag in seen.taxonomy.tags].index("islamic-state")
    assert moved.moved[place] < 0.0
