"""The desk report: every figure by hand on a small log, silence and undoing, blind recall, disagreements, a page that is safe."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from classifier.domain.decisions import CMS, Case, Decision, Impression
from classifier.reports.desk import figures, page
from classifier.reports.desk.records import DeskReport
from classifier.reports.json_form import from_json, to_json

Report = dict[str, Any]
TAGS = {"iskp": "Islamic State Khorasan Province", "iran": "Iran", "hamas": "Hamas", "trial": "Trial"}
EVIL = """</title><script>alert("1")</script> & 'so on' <b onclick=x>"""
MONDAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)  # of ISO week 2026-W02


def at(minutes: float) -> str:
    return (MONDAY + timedelta(minutes=minutes)).isoformat(timespec="microseconds")


class Desk:
    """Writes a log as the store would: each decision with the set, score and band of what its article was shown."""

    def __init__(self) -> None:
        self.log: list[Decision] = []
        self.impressions: list[Impression] = []
        self.cases: dict[str, Case] = {}
        self._shown: dict[tuple[str, str], tuple[str, float, str]] = {}
        self._clock = 0.0

    def article(
        self, article_id: str, *, title: str = "", blind: bool = False, n_editors: int = 1, **more: Any
    ) -> None:
        listed, closed = more.get("listed", ()), more.get("closed", False)
        self.cases[article_id] = Case(article_id, title or f"About {article_id}", blind, n_editors, listed, closed)

    def show(self, article_id: str, tag: str, score: float = 0.75, set_id: str = "", minutes: float = 0) -> None:
        set_id = set_id or f"set of {article_id}"
        self._shown[article_id, tag] = (set_id, score, "suggest")
        self.impressions.append(Impression(article_id, tag, set_id, at(minutes), score, "suggest", False))

    def decide(self, article_id: str, tag: str | None, action: str, editor: str = "amy", **more: Any) -> Decision:
        self._clock += more.pop("after", 1.0)
        set_id, score, band = self._shown.get((article_id, tag or ""), (f"set of {article_id}", 0.1, "hidden"))
        known = {"suggestion_set_id": set_id, "score": score, "band": band} if tag else {}
        number = f"d{len(self.log)}"
        self.log.append(Decision(number, article_id, tag, action, editor, at(self._clock), **{**known, **more}))
        return self.log[-1]

    def close(self, article_id: str, editor: str = "amy", **more: Any) -> Decision:
        return self.decide(article_id, None, "complete", editor, **more)

    def undo(self, undone: Decision, **more: Any) -> None:
        self.decide(undone.article_id, undone.tag, "undo", undone.editor, undoes=undone.id, **more)

    def report(self) -> Report:
        return desk_report(self.log, self.impressions, self.cases.values(), TAGS)


def desk_report(*desk: Any) -> Report:
    """Return the report of a desk as JSON."""
    report: Report = to_json(figures.desk_report(*desk))
    return report


def as_text(report: Report) -> str:
    return page.as_text(from_json(DeskReport, report))


def as_page(report: Report) -> str:
    return page.as_page(from_json(DeskReport, report))


def of_tag(report: Report, tag: str) -> Report:
    return next(row for row in report["tags"] if row["tag"] == tag)


def of_editor(report: Report, editor: str) -> Report:
    return next(row for row in report["editors"] if row["editor"] == editor)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def small_desk() -> Desk:
    """Three articles: one closed, one begun, one untouched."""
    desk = Desk()
    for article_id in ("a1", "a2", "a3"):
        desk.article(article_id, closed=article_id == "a1")
        for tag, score in (("iskp", 0.95), ("iran", 0.55), ("hamas", 0.85)):
            desk.show(article_id, tag, score)
    desk.decide("a1", "iskp", "accept")
    desk.decide("a1", "iran", "reject", reason="passing_mention")
    desk.decide("a1", "trial", "add")
    desk.close("a1")
    desk.decide("a2", "iskp", "accept", "ben")
    desk.decide("a2", "iran", "unsure", "ben")
    return desk


# --- what counts towards acceptance -----------------------------------------------------------------------------


def test_acceptance_counts_answers_and_the_silence_of_closed_articles() -> None:
    report = small_desk().report()
    # a1: iskp yes, iran no, hamas silent on a closed article; a2: iskp yes, iran left open; a3: untouched.
    assert report["acceptance"]["accepted"] == 2
    assert report["acceptance"]["n"] == 5
    assert report["acceptance"]["interval"] == pytest.approx([0.0527, 0.8534], abs=1e-4)
    assert [(row["tag"], row["acceptance"]["accepted"], row["acceptance"]["n"]) for row in report["tags"]] == [
        ("hamas", 0, 1),
        ("iran", 0, 2),
        ("iskp", 2, 2),
        ("trial", 0, 0),
    ]


def test_tags_are_counted_by_hand() -> None:
    report = small_desk().report()
    iran, trial = of_tag(report, "iran"), of_tag(report, "trial")
    assert (iran["shown"], iran["answered"], iran["accepted"], iran["rejected"], iran["unsure"]) == (3, 2, 0, 1, 1)
    assert iran["reasons"] == {"passing_mention": 1}
    assert (trial["shown"], trial["added"], trial["acceptance"]["share"]) == (0, 1, None)
    assert of_tag(report, "iskp")["label"] == "Islamic State Khorasan Province"
    assert report["articles"] == {"known": 3, "decided": 2, "closed": 1}
    assert report["decisions"] == 5


def test_silence_on_an_article_that_is_open_is_not_a_no(desk: Desk) -> None:
    desk.article("a1")
    desk.show("a1", "iskp")
    desk.show("a1", "iran")
    desk.decide("a1", "iskp", "accept")
    assert (desk.report()["acceptance"]["accepted"], desk.report()["acceptance"]["n"]) == (1, 1)


def test_undone_decision_counts_only_as_undone(desk: Desk) -> None:
    desk.article("a1")
    desk.show("a1", "iskp")
    desk.undo(desk.decide("a1", "iskp", "reject", reason="wrong"))
    report = desk.report()
    row = of_tag(report, "iskp")
    assert (row["undone"], row["rejected"], row["answered"], row["acceptance"]["n"]) == (1, 0, 0, 0)
    assert of_editor(report, "amy")["undone"] == 1
    assert of_editor(report, "amy")["touched"] == 0
    assert (report["undone"], report["decisions"], report["articles"]["decided"]) == (1, 0, 0)


def test_latest_answer_to_a_suggestion_counts(desk: Desk) -> None:
    desk.article("a1", closed=True)
    desk.show("a1", "iskp")
    desk.decide("a1", "iskp", "accept")
    desk.decide("a1", "iskp", "remove")
    assert desk.report()["acceptance"]["n"] == 1
    assert desk.report()["acceptance"]["accepted"] == 0
    assert of_tag(desk.report(), "iskp")["removed"] == 1


def test_suggestion_shown_again_with_each_version_counts_once(desk: Desk) -> None:
    desk.article("a1", closed=True)
    for number in range(4):
        desk.show("a1", "iran", set_id=f"s{number}", minutes=number)  # never answered
        desk.show("a1", "iskp", set_id=f"s{number}", minutes=number)
    desk.decide("a1", "iskp", "accept")
    report = desk.report()
    assert of_tag(report, "iran")["shown"] == 4
    assert (report["acceptance"]["accepted"], report["acceptance"]["n"]) == (1, 2)


def test_same_impression_twice_is_one(desk: Desk) -> None:
    desk.article("a1")
    desk.show("a1", "iskp")
    desk.show("a1", "iskp")
    assert of_tag(desk.report(), "iskp")["shown"] == 1


def test_suggestion_whose_tag_the_cms_lists_by_now_is_not_silence(desk: Desk) -> None:
    desk.article("a1", closed=True, listed=("iskp",))
    desk.show("a1", "iskp")
    report = desk.report()
    assert report["acceptance"]["n"] == 0
    assert of_tag(report, "iskp")["answered"] == 1


def test_decision_without_a_set_answers_what_was_shown_last_before_it(desk: Desk) -> None:
    desk.article("a1")
    for set_id, score, minutes in (("s1", 0.55, -10), ("s2", 0.65, -5), ("s3", 0.75, 100)):
        desk.show("a1", "iskp", score, set_id, minutes)
    desk.decide("a1", "iskp", "accept", suggestion_set_id=None)
    assert [row["score"] for row in desk.report()["scores"]] == [0.65]


def test_suggestions_of_blind_articles_do_not_count_towards_acceptance(desk: Desk) -> None:
    desk.article("a1", blind=True, closed=True)
    desk.show("a1", "iskp", minutes=60)  # looked at when it was closed
    desk.decide("a1", "trial", "add")
    desk.close("a1")
    assert desk.report()["acceptance"]["n"] == 0


def test_reasons_are_counted_and_missing_ones_too(desk: Desk) -> None:
    for number, reason in enumerate(("wrong", None, "wrong", "too_general")):
        desk.article(f"a{number}")
        desk.show(f"a{number}", "iran")
        desk.decide(f"a{number}", "iran", "reject", reason=reason)
    row = of_tag(desk.report(), "iran")
    assert row["reasons"] == {"wrong": 2, "too_general": 1, "none": 1}
    assert "4 (2 wrong, 1 too general, 1 without a reason)" in as_text(desk.report())


# --- editors, weeks and scores ----------------------------------------------------------------------------------


def test_editors_are_counted_by_hand() -> None:
    report = small_desk().report()
    amy, ben = of_editor(report, "amy"), of_editor(report, "ben")
    assert (amy["touched"], amy["closed"], amy["accepted"], amy["rejected"], amy["added"]) == (1, 1, 1, 1, 1)
    assert (amy["acceptance"]["accepted"], amy["acceptance"]["n"]) == (1, 3)  # hamas is amy's silence
    assert (ben["touched"], ben["closed"], ben["unsure"]) == (1, 0, 1)
    assert (ben["acceptance"]["accepted"], ben["acceptance"]["n"]) == (1, 2)


def test_pace_is_the_median_within_sittings(desk: Desk) -> None:
    desk.article("a1")
    for tag, after in (("iskp", 1), ("iran", 0.5), ("hamas", 0), ("trial", 0.1), ("iskp", 10.5), ("iran", 0.3)):
        desk.decide("a1", tag, "add", after=after)
    # 30 s, one moment with the next, 6 s, a pause of more than ten minutes, 18 s.
    assert of_editor(desk.report(), "amy")["median_seconds"] == 18.0


def test_single_decision_has_no_pace(desk: Desk) -> None:
    desk.article("a1")
    desk.decide("a1", "iskp", "add")
    assert of_editor(desk.report(), "amy")["median_seconds"] is None
    assert "pace: –" in as_text(desk.report())


def test_answer_of_a_colleague_is_no_sign_unless_both_were_asked(desk: Desk) -> None:
    for article_id, n_editors in (("a1", 1), ("a2", 2)):
        desk.article(article_id, closed=True, n_editors=n_editors)
        desk.show(article_id, "iskp")
        desk.decide(article_id, "iskp", "accept", "amy")
        desk.close(article_id, "amy")
        desk.close(article_id, "ben")
    ben = of_editor(desk.report(), "ben")
    assert (ben["closed"], ben["acceptance"]["accepted"], ben["acceptance"]["n"]) == (2, 0, 1)


def test_cms_stands_apart(desk: Desk) -> None:
    desk.article("a1", closed=True)
    desk.show("a1", "iskp")
    desk.decide("a1", "iskp", "accept")
    desk.decide("a1", "iskp", "remove", CMS)
    desk.decide("a1", "iran", "add", CMS)
    desk.close("a1")
    report = desk.report()
    assert [row["editor"] for row in report["editors"]] == ["amy"]
    assert report["cms"] == {"articles": 1, "added": 1, "removed": 1, "undone": 0}
    assert (report["acceptance"]["accepted"], report["acceptance"]["n"]) == (1, 1)
    assert of_tag(report, "iskp")["removed"] == 0
    assert "Without an editor, the CMS added 1 tag and removed 1, on 1 article" in as_text(report)


def test_reopened_article_is_closed_by_nobody(desk: Desk) -> None:
    desk.article("a1")
    desk.decide("a1", "iskp", "add")
    desk.close("a1")
    desk.decide("a1", None, "reopen", "ben")
    assert of_editor(desk.report(), "amy")["closed"] == 0


def test_acceptance_is_told_by_iso_week(desk: Desk) -> None:
    # Sunday 3 January 2027 is in the last week of 2026.
    for number, (moment, action) in enumerate(
        [
            ("2026-12-27T23:00:00Z", "accept"),
            ("2027-01-03T23:59:00+00:00", "reject"),
            ("2027-01-04T00:30:00+01:00", "accept"),
        ]
    ):
        desk.article(f"a{number}")
        desk.impressions.append(Impression(f"a{number}", "iskp", f"s{number}", moment, 0.8, "auto", False))
        desk.decide(f"a{number}", "iskp", action, suggestion_set_id=f"s{number}")
    weeks = [(row["week"], row["accepted"], row["n"]) for row in desk.report()["weeks"]]
    assert weeks == [("2026-W52", 1, 1), ("2026-W53", 1, 2)]


def test_score_is_set_against_acceptance(desk: Desk) -> None:
    for number, (score, action) in enumerate(
        [(0.8, "accept"), (0.86, "reject"), (0.84, "accept"), (1.0, "accept"), (0.3, "reject")]
    ):
        desk.article(f"a{number}")
        desk.show(f"a{number}", "iskp", score)
        desk.decide(f"a{number}", "iskp", action)
    rows = desk.report()["scores"]
    assert [(row["from"], row["n"], row["accepted"]) for row in rows] == [(0.3, 1, 0), (0.8, 3, 2), (0.9, 1, 1)]
    assert rows[1]["score"] == pytest.approx((0.8 + 0.86 + 0.84) / 3)
    question = "Are suggestions with a score of 0.8 right 80% of the time?"
    few = f"{question} Only 3 suggestions with such a score can be counted yet, too few to say."
    assert few in as_text(desk.report())
    for number in range(5, 12):
        desk.article(f"a{number}")
        desk.show(f"a{number}", "iskp", 0.84)
        desk.decide(f"a{number}", "iskp", "accept")
    text = as_text(desk.report())
    assert f"{question} Of 10 suggestions with a score of 0.8 to 0.9 (mean 0.84), 90% (55 to 100%) were" in text
    assert "as promised" in text


def test_score_that_promises_too_much_is_named(desk: Desk) -> None:
    for number in range(20):
        desk.article(f"a{number}")
        desk.show(f"a{number}", "iskp", 0.85)
        desk.decide(f"a{number}", "iskp", "accept" if number < 5 else "reject")
    assert "25% (9 to 49%) were accepted: accepted less often than promised" in as_text(desk.report())


# --- blind articles ---------------------------------------------------------------------------------------------


def blind_desk(n: int) -> Desk:
    """Return n closed blind articles with two tags each, of which the model would have suggested the first, and two on the even."""
    desk = Desk()
    for number in range(n):
        article_id = f"b{number}"
        desk.article(article_id, blind=True, closed=True)
        desk.decide(article_id, "iskp", "add", band="auto", score=0.9)
        desk.decide(article_id, "trial", "add", band="hidden" if number % 2 else "suggest", score=0.5)
        desk.close(article_id)
    return desk


def test_blind_recall_is_the_share_that_would_have_been_suggested() -> None:
    recall = blind_desk(4).report()["recall"]
    assert (recall["articles"], recall["found"], recall["given"], recall["share"]) == (4, 6, 8, 0.75)
    assert recall["interval_over"] == "tags"
    assert recall["interval"] == pytest.approx([0.3491, 0.9681], abs=1e-4)
    assert recall["missed"] == [{"tag": "trial", "label": "Trial", "given": 4, "missed": 2}]


def test_interval_of_blind_recall_is_drawn_over_articles_where_they_are_many() -> None:
    recall = blind_desk(40).report()["recall"]
    assert recall["interval_over"] == "articles"
    low, high = recall["interval"]
    assert 0.65 < low < 0.75 < high < 0.85


def test_only_what_stands_on_closed_blind_articles_counts_for_recall(desk: Desk) -> None:
    desk.article("open", blind=True)
    desk.decide("open", "iskp", "add", band="auto")
    desk.article("seen", closed=True)
    desk.decide("seen", "iskp", "add", band="hidden")
    desk.article("b", blind=True, closed=True, n_editors=2)
    desk.decide("b", "iskp", "add", "amy", band="auto")
    desk.decide("b", "iran", "add", "amy", band="auto")
    desk.undo(desk.decide("b", "trial", "add", "amy"))
    desk.close("b", "amy")
    desk.decide("b", "hamas", "add", "ben")
    desk.decide("b", "iran", "reject", "ben", band="auto")  # the pooled standing is what the latest said
    desk.decide("b", "iskp", "add", CMS)  # by itself, after amy
    desk.close("b", "ben")
    recall = desk.report()["recall"]
    assert (recall["articles"], recall["open"]) == (1, 1)
    assert (recall["found"], recall["given"]) == (0, 1)


def test_without_a_blind_article_the_report_says_how_to_get_some() -> None:
    report = small_desk().report()
    assert report["recall"]["share"] is None
    for shown in (as_text(report), as_page(report)):
        assert "No blind article is closed yet" in shown
        assert "TAGGER_BLIND_SHARE" in shown


def test_blind_articles_without_a_tag_measure_nothing(desk: Desk) -> None:
    desk.article("b", blind=True, closed=True)
    desk.close("b")
    assert "Editors gave no tag to 1 closed blind article" in as_text(desk.report())


def test_text_says_why_acceptance_and_recall_differ() -> None:
    text = as_text(blind_desk(4).report())
    assert "Blind recall 75%: the model would have suggested 6 of 8 tags" in text
    assert "anchoring" in text


# --- added again and again, and what to look at -----------------------------------------------------------------


def test_tag_added_three_times_without_being_suggested_is_listed(desk: Desk) -> None:
    for number in range(3):
        desk.article(f"a{number}")
        desk.decide(f"a{number}", "trial", "add")
        desk.decide(f"a{number}", "iran", "add", band="suggest")  # it was suggested
        if number:
            desk.decide(f"a{number}", "hamas", "add", band=None)
    [row] = desk.report()["added"]
    assert (row["tag"], row["added"], row["articles"]) == ("trial", 3, 3)
    assert row["examples"][0] == {"article_id": "a2", "title": "About a2"}
    assert "Tags to review first: Trial (added 3 times without being suggested)." in as_text(desk.report())


def test_three_tags_are_named_by_what_they_cost(desk: Desk) -> None:
    for number in range(40):
        desk.article(f"a{number}")
        for tag in ("iskp", "iran"):
            desk.show(f"a{number}", tag)
            action = "accept" if tag == "iskp" or number < 5 else "reject"
            desk.decide(f"a{number}", tag, action, reason="passing_mention" if action == "reject" else None)
        if number < 4:
            desk.decide(f"a{number}", "trial", "add")
    look = desk.report()["look_at"]
    assert [row["tag"] for row in look] == ["iran", "trial"]
    assert look[0]["why"] == [{"kind": "refused", "n": 35, "of": 40, "reason": "passing_mention"}]
    assert "Iran (35 of 40 suggestions not accepted, mostly as passing mention)" in as_text(desk.report())


def test_two_refusals_are_no_finding() -> None:
    report = small_desk().report()
    assert report["look_at"] == []
    assert "No tag needs a review." in as_text(report)
    assert "No tag needs a review." in as_page(report)


# --- agreement --------------------------------------------------------------------------------------------------


def two_editors() -> Desk:
    """Return three articles that amy and ben have closed, and one that only amy has."""
    desk = Desk()
    for article_id in ("a1", "a2", "a3", "a4"):
        desk.article(
            article_id, n_editors=2, closed=article_id != "a4", listed=("hamas",) if article_id == "a3" else ()
        )
    for editor, tags in (("amy", {"a1": "iskp", "a2": "iskp", "a4": "iran"}), ("ben", {"a1": "iskp", "a2": "iran"})):
        for article_id, tag in tags.items():
            desk.decide(article_id, tag, "add", editor)
    desk.decide("a3", "hamas", "reject", "ben", reason="wrong_sense")
    for article_id in ("a1", "a2", "a3"):
        desk.close(article_id, "ben")
        desk.close(article_id, "amy")
    desk.close("a4", "amy")
    return desk


def test_agreement_is_counted_by_hand() -> None:
    agreed = two_editors().report()["agreement"]
    assert (agreed["articles"], agreed["editors"]) == (3, ["amy", "ben"])
    tags = {row["tag"]: row for row in agreed["tags"]}
    assert set(tags) == {"iskp", "iran", "hamas"}  # nobody gave trial
    # iskp: both on a1, amy alone on a2: (2/3 - 4/9) / (1 - 4/9).
    assert tags["iskp"]["kappa"] == pytest.approx(0.4)
    assert (tags["iskp"]["both"], tags["iskp"]["one"], tags["iskp"]["neither"], tags["iskp"]["n"]) == (1, 1, 1, 3)
    assert tags["iran"]["kappa"] == 0.0
    # All four tags of three articles: 1 both, amy alone 2 (iskp, hamas), ben alone 1 (iran), 8 neither.
    overall = agreed["overall"]
    assert (overall["both"], overall["one"], overall["neither"]) == (1, 3, 8)
    chance = (3 * 2 + 9 * 10) / 144
    assert overall["kappa"] == pytest.approx((9 / 12 - chance) / (1 - chance))
    assert (overall["low"], overall["high"]) == (None, None)
    report = two_editors().report()
    assert f"kappa {overall['kappa']:.2f} (too few articles for an interval) on 3 articles" in as_text(report)


def test_disagreements_say_who_said_what() -> None:
    rows = two_editors().report()["agreement"]["disagreements"]
    assert [(row["article_id"], row["tag"], [one["says"] for one in row["said"]]) for row in rows] == [
        ("a2", "iran", ["no (said nothing)", "yes (add)"]),
        ("a2", "iskp", ["yes (add)", "no (said nothing)"]),
        ("a3", "hamas", ["yes (listed by the CMS)", "no (reject, wrong sense)"]),
    ]
    assert [one["editor"] for one in rows[0]["said"]] == ["amy", "ben"]
    assert not any(row["settled"] for row in rows)


@pytest.mark.parametrize("editor", ["amy", "ben", "eve"])
def test_decision_after_both_have_closed_settles_a_disagreement(editor: str) -> None:
    desk = two_editors()
    desk.decide("a2", "iskp", "remove", editor)
    agreed = desk.report()["agreement"]
    assert [(row["tag"], row["settled"]) for row in agreed["disagreements"]] == [
        ("iran", False),
        ("hamas", False),
        ("iskp", True),
    ]
    assert agreed["unsettled"] == 2
    assert agreed["overall"] == two_editors().report()["agreement"]["overall"]  # the two said what they said


def test_undone_settlement_settles_nothing() -> None:
    desk = two_editors()
    desk.undo(desk.decide("a2", "iskp", "remove", "eve"))
    assert desk.report()["agreement"]["unsettled"] == 3


def test_article_that_is_reopened_to_settle_it_still_counts() -> None:
    desk = two_editors()
    desk.decide("a2", None, "reopen", "eve")
    desk.decide("a2", "iskp", "accept", "eve")
    desk.close("a2", "eve")
    agreed = desk.report()["agreement"]
    assert agreed["articles"] == 3
    assert agreed["unsettled"] == 2


def test_article_reopened_before_the_second_closed_it_does_not_count(desk: Desk) -> None:
    desk.article("a1", n_editors=2)
    desk.close("a1", "amy")
    desk.decide("a1", None, "reopen", "amy")
    desk.close("a1", "ben")
    assert desk.report()["agreement"]["articles"] == 0


def test_closing_undone_before_the_second_is_none(desk: Desk) -> None:
    desk.article("a1", n_editors=2)
    desk.undo(desk.close("a1", "amy"))
    desk.close("a1", "ben")
    agreed = desk.report()["agreement"]
    assert (agreed["articles"], agreed["overall"], agreed["disagreements"]) == (0, None, [])
    assert "Agreement is not measured" in as_text(desk.report())


def test_decisions_written_after_the_closing_they_came_with_belong_to_it(desk: Desk) -> None:
    desk.article("a1", n_editors=2)
    desk.decide("a1", "iskp", "add", "amy")
    desk.close("a1", "amy")
    desk.close("a1", "ben")
    desk.decide("a1", "iskp", "add", "ben", after=0)
    assert desk.report()["agreement"]["both_gave"] == 1


def test_tag_that_the_second_editor_gave_is_none_of_the_first_although_the_cms_lists_it_now(desk: Desk) -> None:
    desk.article("a1", n_editors=2, closed=True, listed=("iskp", "hamas", "iran"))
    desk.decide("a1", "iskp", "accept", "amy")
    desk.close("a1", "amy")
    desk.decide("a1", "iskp", "add", "ben")
    desk.decide("a1", "hamas", "add", "ben")
    desk.close("a1", "ben")
    agreed = desk.report()["agreement"]
    tags = {row["tag"]: (row["both"], row["one"]) for row in agreed["tags"]}
    assert tags == {"iskp": (1, 0), "iran": (1, 0), "hamas": (0, 1)}
    (row,) = agreed["disagreements"]
    assert [one["says"] for one in row["said"]] == ["no (said nothing)", "yes (add)"]


# --- the whole, text and page -----------------------------------------------------------------------------------


def elsewhere(row: Decision | Impression) -> dict[str, str]:
    return {"article_id": f"x{row.article_id}", "suggestion_set_id": f"x{row.suggestion_set_id}"}


def everything() -> Desk:
    desk = two_editors()
    for other in (small_desk(), blind_desk(3)):
        renamed = {row.id: f"{len(desk.log)} {row.id}" for row in other.log}
        for row in other.log:
            values = {**vars(row), **elsewhere(row), "id": renamed[row.id]}
            desk.log.append(Decision(**values))
        desk.impressions += [Impression(**{**vars(one), **elsewhere(one)}) for one in other.impressions]
        desk.cases |= {f"x{key}": Case(**{**vars(case), "article_id": f"x{key}"}) for key, case in other.cases.items()}
    return desk


def test_report_is_plain_json() -> None:
    report = everything().report()
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_order_of_articles_does_not_matter(random: Any) -> None:
    desk = everything()
    expected = desk.report()
    order = sorted(desk.cases)
    random.shuffle(order)
    log = [row for article_id in order for row in desk.log if row.article_id == article_id]
    shown = list(desk.impressions)
    random.shuffle(shown)
    assert desk_report(log, shown, [desk.cases[article_id] for article_id in order], TAGS) == expected


def test_empty_desk_has_a_report() -> None:
    report = desk_report([], [], [], {})
    assert report["acceptance"] == {"n": 0, "accepted": 0, "share": None, "interval": None}
    assert "No suggestion has been answered yet" in as_text(report)
    assert "No suggestion counts yet" in as_page(report)


def test_decisions_on_articles_and_tags_that_are_gone_are_counted(desk: Desk) -> None:
    desk.decide("gone", "no-such-tag", "add")
    report = desk.report()
    assert of_tag(report, "no-such-tag")["label"] == "no-such-tag"
    assert report["articles"] == {"known": 0, "decided": 1, "closed": 0}


def test_headline_says_what_an_editor_in_chief_needs() -> None:
    first, acceptance, recall, agreement, look = as_text(everything().report()).split("\n")[:5]
    assert first == "2 editors decided on 9 articles, 2026-01-05 to 2026-01-05; 7 of 10 are closed."
    assert acceptance.startswith("Acceptance 40%: editors accepted 2 of 5 suggestions")
    assert recall.startswith("Blind recall 83%: the model would have suggested 5 of 6 tags")
    assert agreement.startswith("Agreement of editors: kappa 0.25")
    assert "3 disagreements to settle" in agreement
    assert look == "Tags to review first: Islamic State Khorasan Province (added 3 times without being suggested)."


def test_suggestions_that_followed_decisions_since_the_training_have_a_line_of_their_own(desk: Desk) -> None:
    for number in range(6):
        desk.article(f"a{number}")
        desk.show(f"a{number}", "iskp")
        live_state = 7 if number < 4 else None
        desk.decide(f"a{number}", "iskp", "reject" if number == 0 else "accept", live_state=live_state)
    report = desk.report()
    assert (report["live"]["followed"]["accepted"], report["live"]["followed"]["n"]) == (3, 4)
    line = "4 answered suggestions followed decisions made since the training of the model: 75% were accepted. Of the other 2, 100% were accepted."
    assert line in as_text(report) and line in as_page(report)
    assert small_desk().report()["live"] is None and "since the training" not in as_text(small_desk().report())


def test_report_is_read_back_from_its_json() -> None:
    report = everything().report()
    report["agreement"]["n_disagreements"] = 3  # a key that the store adds
    read = from_json(DeskReport, json.loads(json.dumps(report)))
    assert read.from_ == report["from"]
    assert [type(row.why[0]).__name__ for row in read.look_at] == ["OftenAdded"]
    del report["agreement"]["n_disagreements"]
    assert to_json(read) == report


def test_desk_report_needs_no_scikit_learn() -> None:
    code = "import sys; import classifier.reports.desk.figures; sys.exit('sklearn' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_page_is_well_formed_and_needs_nothing_else() -> None:
    page = as_page(everything().report())
    parser = etree.HTMLParser(recover=False)
    tree = etree.fromstring(page, parser)
    errors = [error.message for error in parser.error_log if "invalid" not in error.message]  # libxml2 knows no <main>
    assert errors == []
    assert tree.findall(".//script") == []
    assert (
        tree.xpath("//@src | //@style | //@href[not(starts-with(., '#'))] | //link | //@*[starts-with(name(), 'on')]")
        == []
    )
    assert "url(" not in page
    assert "@import" not in page
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in tree.xpath("//nav//@href")} <= set(ids)
    assert len(tree.findall(".//svg")) == 3
    assert all(svg.get("aria-label") for svg in tree.findall(".//svg"))
    for query in ("prefers-color-scheme: dark", "prefers-contrast: more", "forced-colors: active"):
        assert query in page


def test_plots_have_a_point_for_each_row() -> None:
    report = everything().report()
    page = html.document_fromstring(as_page(report))
    dots = {section: len(page.xpath(f"//section[@id='{section}']//circle")) for section in ("weeks", "scores")}
    assert dots == {"weeks": len(report["weeks"]), "scores": len(report["scores"])}
    [line] = page.xpath("//section[@id='scores']//line[@class='promise']")
    assert (line.get("x1"), line.get("y2")) == ("44.0", "12.0")
    assert page.xpath("//section[@id='weeks']//circle/@cx") == ["226.0"]  # one week stands in the middle


def hostile_desk() -> Desk:
    desk = two_editors()
    desk.cases["a2"] = Case("a2", f"{EVIL}\nnext line\x1b[31m", False, 2, (), True)
    desk.log.append(Decision("e1", "a1", f"tag {EVIL}", "add", f"editor {EVIL}", at(500), reason=f"reason {EVIL}"))
    return desk


def test_page_escapes_titles_tags_and_editors() -> None:
    page = as_page(hostile_desk().report())
    assert "<script" not in page
    assert "<b onclick" not in page
    read = html.document_fromstring(page)
    assert f"a2 {EVIL} next line [31m" in [cell.text_content() for cell in read.xpath("//td[@data-label='article']")]
    assert f"editor {EVIL}" in [cell.text_content() for cell in read.xpath("//td[@data-label='editor']")]
    assert any(EVIL[:20] in cell.text_content() for cell in read.xpath("//td[@data-label='tag']"))


def test_text_holds_no_control_characters() -> None:
    text = as_text(hostile_desk().report())
    assert "\x1b" not in text
    assert not any(line.startswith("next line") for line in text.split("\n"))


def test_titles_with_lone_surrogates_can_be_written() -> None:
    desk = two_editors()
    desk.cases["a2"] = Case("a2", "half a \ud83d pair", False, 2, (), True)
    as_page(desk.report()).encode("utf-8")
