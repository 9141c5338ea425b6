"""The benchmark that judges each article before its labels are known: order, key model, tables."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.prequential.keys import Keys, adding_costs, keys
from benchmarks.prequential.measures import over_time, rolling, total_keys, with_others
from benchmarks.prequential.schedule import Schedule, first_articles, schedule
from benchmarks.prequential.tables import document
from benchmarks.prequential.walk import KNOWN, NEW, OUTPUT, walk
from benchmarks.processes import Failed, Session
from benchmarks.systems import System
from classifier.domain.articles import Article

ANSWER = 'import sys\nfor line in sys.stdin: print(\'{"step": "%s"}\' % line.strip(), flush=True)'


def article(number: int, day: str = "2024-01-01", tags: tuple[str, ...] = ("trade",)) -> Article:
    return Article(f"a{number}", "Title", "Body", tags=tags, published_at=day)


def archive(*n_each_day: int) -> list[Article]:
    days = [f"2024-01-{day:02}" for day, n in enumerate(n_each_day, 1) for _ in range(n)]
    return [article(number, day, (f"tag-{number}",)) for number, day in enumerate(days)]


class Desk:
    """A system that notes what its files show at each step, and suggests every label that it can find for an article."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[str] = []
        self.visible: list[set[str]] = []
        self.n_known: list[int] = []

    def ask(self, step: str) -> dict[str, Any]:
        self.steps.append(step)
        known, new = (self._records(name) for name in (KNOWN, NEW))
        if step == "train":
            self.n_known.append(len(known))
        if step == "suggest":
            labels = {record["id"]: record["tags"] or [] for record in (*known, *new) if record["tags"]}
            rows = [
                {"id": one["id"], "suggestions": [{"tag": t, "score": 1} for t in labels.get(one["id"], [])]}
                for one in new
            ]
            (self.folder / OUTPUT).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        if step == "learn":
            self.visible.append({record["id"] for record in new if record["tags"]})
        return {"versions": {"desk": "1"}}

    def _records(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# --- order ---


@pytest.mark.parametrize("live", [False, True])
def test_no_label_can_be_found_before_the_article_is_judged(tmp_path: Path, live: bool) -> None:
    articles = archive(3, 2, 2, 2)
    plan = Schedule(articles[:3], [articles[3:5], articles[5:7], articles[7:]])
    done = walk(Desk(tmp_path).ask, plan, tmp_path, every=1, live=live)
    answers = [json.loads(line) for line in done.lines]
    assert [answer["id"] for answer in answers] == [article.id for article in articles[3:]]
    assert not any(answer["suggestions"] for answer in answers)


def test_a_system_that_is_told_labels_too_early_would_be_noticed(tmp_path: Path) -> None:
    articles = archive(2, 2)
    done = walk(Desk(tmp_path).ask, Schedule(articles, [articles[2:]]), tmp_path, every=1)
    assert all(json.loads(line)["suggestions"] for line in done.lines)


def test_each_night_trains_on_all_earlier_steps_and_slow_systems_on_every_seventh(tmp_path: Path) -> None:
    articles = archive(*[2] * 9)
    plan = Schedule(articles[:2], [articles[at : at + 2] for at in range(2, 18, 2)])
    nightly, weekly = Desk(tmp_path), Desk(tmp_path)
    assert walk(nightly.ask, plan, tmp_path, every=1).n_trainings == 8
    assert nightly.n_known == [2, 4, 6, 8, 10, 12, 14, 16]
    assert walk(weekly.ask, plan, tmp_path, every=7).n_trainings == 2
    assert weekly.n_known == [2, 16]


def test_a_live_system_learns_each_article_after_judging_it(tmp_path: Path) -> None:
    articles, desk = archive(1, 2), Desk(tmp_path)
    walk(desk.ask, Schedule(articles[:1], [articles[1:]]), tmp_path, every=1, live=True)
    assert desk.steps == ["train", "suggest", "learn", "suggest", "learn"]
    assert desk.visible == [{"a1"}, {"a2"}]


def test_days_are_not_split_and_quiet_days_are_put_together() -> None:
    plan = schedule(archive(50, 20, 8, 5, 40, 10, 60), 0.35, 40)
    assert len(plan.known) == 50
    assert [len(step) for step in plan.steps] == [33, 40, 70]
    assert [len(step) for step in schedule(archive(50, *[30] * 8), 0.1, 4).steps] == [80, 90, 90, 30]


def test_the_first_articles_are_known_and_those_after_them_judged() -> None:
    articles = archive(10)
    assert first_articles(articles, 4, 3) == Schedule(articles[:4], [articles[4:7]])


# --- keys ---


def test_adding_costs_the_letters_until_the_finder_shows_the_tag_first_and_enter() -> None:
    labels = {"gas": "Gas", "gas-oil": "Gas oil", "gold": "Gold", "wheat": "Wheat"}
    assert adding_costs(labels) == {"gas": 1 + 1, "gas-oil": 5 + 1, "gold": 2 + 1, "wheat": 1 + 1}


def test_accepting_and_passing_over_cost_one_key_each_and_missing_tags_are_added() -> None:
    costs = {"gas": 2, "gold": 3, "wheat": 2}
    assert keys(["gold", "wheat"], ["gold", "gas"], costs) == Keys(suggested=1 + 1 + 2, typed=3 + 2)
    assert keys([], ["gold"], costs) == Keys(3, 3)
    assert Keys(4, 5).saved == pytest.approx(0.2)
    assert keys(["gold"], [], costs).saved == 0.0


def test_keys_are_summed_over_articles() -> None:
    articles = [article(1, tags=("gold",)), article(2, tags=("gas",))]
    assert total_keys([["gold"], []], articles, {"gold": 3, "gas": 2}) == Keys(3, 5)


# --- figures ---


def test_rolling_quality_counts_the_last_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.prequential.measures.WINDOW", 2)
    articles = [article(number, tags=("a",)) for number in range(4)]
    assert rolling([["a"], [], ["a"], ["a"]], articles) == [(2, 0.6667), (3, 0.6667), (4, 1.0)]


def script(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "system.py"
    path.write_text(text)
    return [sys.executable, str(path)]


def test_a_session_answers_step_by_step_and_counts_its_time(tmp_path: Path) -> None:
    with Session(script(tmp_path, ANSWER)) as session:
        assert [session.ask(step) for step in ("train", "suggest")] == [{"step": "train"}, {"step": "suggest"}]
    assert session.cpu_seconds > 0


def test_a_session_says_why_its_program_stopped(tmp_path: Path) -> None:
    with (
        Session(script(tmp_path, "raise SystemExit('no such library')")) as session,
        pytest.raises(Failed, match="no such"),
    ):
        session.ask("train")


def test_a_system_that_fails_has_a_row_that_says_why(tmp_path: Path) -> None:
    program = Path(script(tmp_path, "raise SystemExit('no such library')")[1])
    system = System("broken", "Broken", "own", program)
    row = over_time(system, Schedule(archive(1), [archive(2)]), tmp_path / "work", every=7)
    assert row == {"key": "broken", "name": "Broken", "every": 7, "problem": "no such library"}


@pytest.fixture
def figures() -> dict[str, Any]:
    sound = {
        "name": "article tagger", "micro_f1": 0.5, "micro_f1_interval": (0.4, 0.6), "macro_f1": 0.3,
        "macro_f1_interval": (0.2, 0.4), "n_trainings": 7, "cpu_seconds": 12.3,
    }  # fmt: skip
    saved = [{"n_labelled": n, "n": 10, "suggested": 15, "typed": 30, "saved": 0.5} for n in (100, 300, 1000)]
    found = {
        "n_known": 5,
        "n_judged": 4,
        "n_steps": 2,
        "first_day": "2024-01-02",
        "last_day": "2024-01-03",
    }
    work = [{"name": "article tagger", "saved": saved}]
    return {
        "corpora": {
            "desk": {**found, "systems": [sound, {"name": "Broken", "problem": "no such library"}], "work": work}
        }
    }


def test_the_tables_show_quality_cost_keys_and_problems(figures: dict[str, Any]) -> None:
    page = document(figures, "2 cores", {"desk": "images/desk.png"})
    assert "| article tagger | 0.500 (0.400–0.600) | 0.300 (0.200–0.400) | 7 | 12 |" in page
    assert "| Broken | no such library | – | – | – |" in page
    assert "| article tagger | 50 % (1.5 / 3.0) | 50 % (1.5 / 3.0) | 50 % (1.5 / 3.0) |" in page
    assert "(images/desk.png)" in page
    assert all(len(line) <= 100 for line in page.splitlines() if not line.startswith(("|", "!", "#")))


def measured(n_steps: int, **scores: float) -> Any:
    rows = [{"key": key, "micro_f1": value} for key, value in scores.items()]
    figures = {"n_known": 5, "n_judged": 4, "n_steps": n_steps, "first_day": "2024-01-02"}
    return {**figures, "systems": rows, "work": [{"key": key} for key in scores]}


def test_the_figures_of_other_systems_stay() -> None:
    found = with_others(measured(2, tagger=0.6), measured(2, tagger=0.5, sklearn=0.4))
    assert [(row["key"], row.get("micro_f1")) for row in found["systems"]] == [("tagger", 0.6), ("sklearn", 0.4)]
    assert [row["key"] for row in found["work"]] == ["tagger", "sklearn"]


def test_figures_of_other_steps_are_not_put_into_one_table() -> None:
    with pytest.raises(ValueError, match="other steps"):
        with_others(measured(3, tagger=0.6), measured(2, sklearn=0.4))
