"""The schedule of trainings: its times through changes of the clocks, one run for each, missed times, undo, and who fixed it."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from classifier.domain.articles import Article
from classifier.domain.schedule import DAYS, OFF, ON, OUTSIDE, UNSET, Schedule, read_schedule, zones
from classifier.errors import BadSchedule, BadSetting, Busy, WrongState
from classifier.operations.status import status
from classifier.serving.scheduler import SETTINGS, Scheduler
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.trainer import SCHEDULE, Trainer
from classifier.settings import read_settings
from classifier.store.database.opening import open_store
from classifier.store.events import MODEL, OVERDUE
from classifier.store.rows import ago
from classifier.store.runs import CANCELLED, FAILED, JOB, PROMOTED, SKIPPED
from classifier.store.schema import runs, schedules
from classifier.store.store import Store
from classifier.web import build_app
from tests.desk import N_LATER, Desk

NIGHTLY = Schedule(ON, DAYS, "02:30", "Europe/Paris")
moments = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC))
on = st.builds(
    Schedule,
    st.just(ON),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple),
    st.times().map("{:%H:%M}".format),
    st.sampled_from(sorted(zones())),
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def daily_since(store: Store, hours: float) -> Schedule:
    """Set a daily schedule long ago, of which the last time came so many hours ago."""
    due = datetime.now(UTC) - timedelta(hours=hours)
    schedule = Schedule(ON, DAYS, f"{due:%H:%M}", "UTC")
    store.schedules.change(schedule, "ada")
    with store.engine.begin() as connection:
        connection.execute(schedules.update().values(at=ago(days=30)))
    return schedule


# --- times ---


def test_a_time_is_that_of_its_zone_in_winter_and_in_summer() -> None:
    assert NIGHTLY.next_after(utc(2026, 1, 10, 12)) == utc(2026, 1, 11, 1, 30)
    assert NIGHTLY.next_after(utc(2026, 7, 10, 12)) == utc(2026, 7, 11, 0, 30)


def test_a_time_that_the_clocks_skip_comes_and_one_that_they_repeat_comes_once() -> None:
    assert NIGHTLY.next_after(utc(2026, 3, 28, 12)) == utc(2026, 3, 29, 1, 30)  # 02:30 is 03:30 then
    first = NIGHTLY.next_after(utc(2026, 10, 24, 12))
    assert first == utc(2026, 10, 25, 0, 30)
    assert NIGHTLY.next_after(utc(2026, 10, 25, 0, 30)) == utc(2026, 10, 26, 1, 30)


def test_only_the_chosen_weekdays_count() -> None:
    schedule = Schedule(ON, ("mon", "thu"), "23:00", "America/New_York")
    assert schedule.next_after(utc(2026, 12, 1, 12)) == utc(2026, 12, 4, 4)  # Thursday the 3rd in New York
    assert schedule.last_until(utc(2026, 12, 1, 12)) == utc(2026, 12, 1, 4)


@given(on, moments)
def test_no_time_lies_between_the_last_and_the_next_one(schedule: Schedule, moment: datetime) -> None:
    last, following = schedule.last_until(moment), schedule.next_after(moment)
    assert last is not None
    assert following is not None
    assert last <= moment < following
    assert schedule.next_after(last) == following
    assert following - last <= timedelta(days=7, hours=25)  # a zone may skip a whole day


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(OFF), Schedule(OUTSIDE)])
def test_without_times_nothing_is_due(schedule: Schedule) -> None:
    assert schedule.next_after(utc(2026, 1, 1)) is schedule.last_until(utc(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("", None),
        ("off", Schedule(OFF)),
        ("outside", Schedule(OUTSIDE)),
        ("02:30 Europe/Paris", NIGHTLY),
        ("thu,mon 23:00 UTC", Schedule(ON, ("mon", "thu"), "23:00", "UTC")),
    ],
)
def test_whoever_runs_the_service_fixes_a_schedule_by_a_setting(text: str, schedule: Schedule | None) -> None:
    assert read_settings({"TAGGER_SCHEDULE": text}).schedule == schedule
    assert read_schedule(text) == schedule


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("daily", "time"),
        ("02:30", "time"),
        ("24:00 UTC", "time"),
        ("mon,thx 02:30 UTC", "days"),
        ("02:30 Europe/Atlantis", "zone"),
        ("02:30 ../../etc/passwd", "zone"),
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused_and_the_error_names_the_part(text: str, field: str) -> None:
    with pytest.raises(BadSchedule) as error:
        read_schedule(text)
    assert error.value.field == field
    with pytest.raises(BadSetting, match="TAGGER_SCHEDULE"):
        read_settings({"TAGGER_SCHEDULE": text})


# --- one run for each time ---


def test_a_time_is_due_once_it_has_come_and_until_a_run_was_begun_for_it(store: Store) -> None:
    assert store.schedules.due(JOB) is None
    daily_since(store, 3)
    due = store.schedules.due(JOB)
    assert due is not None
    run = store.runs.ask(JOB, SCHEDULE, due)
    assert run.due_at == due
    assert store.schedules.due(JOB) is None
    store.runs.cancel(run.id, "ada")
    assert store.schedules.due(JOB) is None  # whoever stops a run does not want it begun again


def test_a_time_before_the_schedule_was_set_is_not_made_up_for(store: Store) -> None:
    due = datetime.now(UTC) - timedelta(hours=1)
    store.schedules.change(Schedule(ON, DAYS, f"{due:%H:%M}", "UTC"), "ada")
    assert store.schedules.due(JOB) is None


def test_of_all_times_that_were_missed_one_is_made_up_for(store: Store) -> None:
    daily_since(store, 3)  # and the 29 days before
    due = store.schedules.due(JOB)
    assert due is not None
    store.runs.end(store.runs.ask(JOB, SCHEDULE, due), SKIPPED, "nothing new")
    assert store.schedules.due(JOB) is None


def test_of_several_processes_one_begins_the_training(store: Store, database_url: str) -> None:
    daily_since(store, 3)
    due, begun = store.schedules.due(JOB), list[str]()
    assert due is not None
    stores, barrier = [open_store(database_url) for _ in range(4)], threading.Barrier(4)

    def begin(of: Store) -> None:
        barrier.wait()
        try:
            run = of.runs.ask(JOB, SCHEDULE, due)
        except Busy:
            return
        begun.append(run.id)
        of.runs.end(run, SKIPPED, "nothing new")  # so fast that the others find no run under way

    threads = [threading.Thread(target=begin, args=(of,)) for of in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.id for run in store.runs.brief(JOB)] == begun
    assert len(begun) == 1
    for of in stores:
        of.close()


def test_a_training_that_goes_on_at_the_time_does_not_use_it_up(store: Store, desk: Desk) -> None:
    daily_since(store, 3)
    by_hand = store.runs.ask(JOB, "ada")
    scheduler = Scheduler(Trainer(store, desk.registry))
    with pytest.raises(Busy):
        scheduler.work()
    store.runs.end(by_hand, SKIPPED, "nothing new")
    assert store.schedules.due(JOB) is not None


@pytest.mark.slow
def test_the_service_trains_at_the_time_and_writes_the_reports(desk: Desk, dated: list[Article]) -> None:
    desk.add(dated[-N_LATER:])
    daily_since(desk.store, 3)
    trainer = Trainer(desk.store, desk.registry)
    due = desk.store.schedules.due(JOB)
    trainer.work(desk.store.runs.ask(JOB, SCHEDULE, due))
    (run,) = [run for run in desk.store.runs.brief(JOB) if run.due_at is not None]
    assert (run.outcome, run.due_at) == (PROMOTED, due), run.reason
    champion = desk.registry.champion()
    assert champion is not None
    assert (champion.version, champion.by) == (run.version, JOB)
    assert desk.store.reports.get("drift") is not None
    assert desk.store.reports.get("data") is not None
    assert Scheduler(trainer).work() is None


# --- overdue ---


def ended(store: Store, hours: float, outcome: str = SKIPPED) -> str:
    """Record a run that ended so many hours ago."""
    run = store.runs.ask(JOB, "ada")
    store.runs.end(run, outcome, "as it was")
    with store.engine.begin() as connection:
        values = {"started_at": ago(hours=hours), "ended_at": ago(hours=hours)}
        connection.execute(runs.update().where(runs.c.id == run.id).values(values))
    return run.id


@pytest.mark.parametrize(("since_due", "since_run", "is_late"), [(13, 100, True), (11, 23, False), (13, 12, False)])
def test_a_training_is_overdue_half_a_day_after_its_time(
    store: Store, desk: Desk, database_url: str, since_due: float, since_run: float, is_late: bool
) -> None:
    daily_since(store, since_due)
    run_id = ended(store, since_run)
    assert (store.runs.overdue(JOB, 24.0) is not None) == is_late
    assert store.runs.note_overdue(JOB, 24.0) == (run_id if is_late else None)
    assert any(event.kind == OVERDUE for event in store.events.since(0, 100)) == is_late
    assert any("expected at" in problem for problem in status(desk.registry, database_url)["problems"]) == is_late


def test_with_a_schedule_of_certain_days_a_pause_of_days_is_no_alarm(store: Store) -> None:
    today = datetime.now(UTC)
    day = DAYS[(today - timedelta(days=4)).weekday()]
    store.schedules.change(Schedule(ON, (day,), f"{today:%H:%M}", "UTC"), "ada")
    ended(store, 90.0)
    assert store.runs.overdue(JOB, 24.0) is None


def test_nothing_is_overdue_while_the_schedule_is_off_but_a_failure_is_told(store: Store) -> None:
    ended(store, 1000.0)
    assert store.runs.overdue(JOB, 24.0) is not None
    store.schedules.change(Schedule(OFF), "ada")
    assert store.runs.overdue(JOB, 24.0) is None
    ended(store, 1.0, FAILED)
    assert "failed" in str(store.runs.overdue(JOB, 24.0))


def test_where_another_program_begins_trainings_the_hours_count(store: Store) -> None:
    store.schedules.change(Schedule(OUTSIDE), SETTINGS)
    ended(store, 49.0)
    assert "every 24 hours" in str(store.runs.overdue(JOB, 24.0))


# --- changing it ---


@pytest.fixture
def client(desk: Desk) -> FlaskClient:
    """The service of a desk, with somebody signed in while no key exists."""
    client = build_app(Tagger(Serving(desk.registry), desk.store), desk.registry).test_client()
    client.post("/sign-in", data={"name": "ada"})
    return client


def send(client: FlaskClient, **fields: Any) -> Any:
    page = client.get("/models").text
    token = re.search(r'name="csrf"[^>]*(?:value|content)="([^"]+)"', page)
    number = re.search(r'name="n" value="(\d+)"', page)
    assert token is not None
    return client.post("/models/schedule", data={"csrf": token[1], "n": number[1] if number else "0", **fields})


def section(client: FlaskClient) -> str:
    (found,) = html.fromstring(client.get("/models").text).xpath("//section[@aria-labelledby='schedule']/div")
    for form in found.xpath(".//details"):
        form.drop_tree()
    return " ".join(found.text_content().split())


def test_an_admin_sets_the_times_on_the_page_and_undoes_it(client: FlaskClient, desk: Desk) -> None:
    assert section(client).startswith("Not set yet")
    assert send(client, when="daily", time="02:30", zone="Europe/Paris").status_code == 303
    assert "Every day at 02:30" in section(client)
    assert "Time zone: Europe/Paris · Next: " in section(client)
    assert "Set by ada" in section(client)
    assert send(client, when="days", day=["thu", "mon"], time="23:00", zone="UTC").status_code == 303
    assert "At 23:00 on these days: Monday, Thursday" in section(client)
    assert send(client, do="undo").status_code == 303
    kept = desk.store.schedules.present()
    assert kept is not None
    assert kept.schedule == NIGHTLY
    assert send(client, when="off", time="", zone="").status_code == 303
    assert section(client).startswith("Off")
    told = [event.facts for event in desk.store.events.since(0, 1000) if event.kind == MODEL]
    assert [facts["action"] for facts in told if facts] == ["scheduled", "scheduled", "schedule_undone", "scheduled"]


def test_the_first_schedule_is_undone_to_none(client: FlaskClient, desk: Desk) -> None:
    send(client, when="daily", time="02:30", zone="UTC")
    send(client, do="undo")
    kept = desk.store.schedules.present()
    assert kept is not None
    assert kept.schedule == Schedule(UNSET)
    assert section(client).startswith("Not set yet")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"when": "days", "time": "02:30", "zone": "UTC"}, "Choose at least one weekday."),
        ({"when": "daily", "time": "25:00", "zone": "UTC"}, "no time of day like 02:30"),
        ({"when": "daily", "time": "02:30", "zone": "Atlantis"}, "no time zone like Europe/Paris"),
        ({"when": "soon", "time": "02:30", "zone": "UTC"}, "off, daily or days"),
    ],
)
def test_a_form_that_cannot_be_used_changes_nothing_and_says_why(
    client: FlaskClient, desk: Desk, fields: dict[str, str], said: str
) -> None:
    answer = send(client, **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert desk.store.schedules.present() is None


def test_a_page_that_is_out_of_date_changes_no_schedule(client: FlaskClient, desk: Desk) -> None:
    desk.store.schedules.change(NIGHTLY, "bo")
    assert send(client, n="0", when="off").status_code == 409
    assert send(client, n="0", do="undo").status_code == 409
    kept = desk.store.schedules.present()
    assert kept is not None
    assert kept.schedule == NIGHTLY


def test_over_http_it_is_set_seen_and_undone(client: FlaskClient, desk: Desk) -> None:
    key = {"Authorization": f"Bearer {desk.store.keys.create('boss', 'admin')}"}
    first = client.get("/v1/schedule", headers=key).get_json()
    assert (first["mode"], first["n"], first["next_at"], first["last"]) == ("unset", 0, None, None)
    body = {"mode": "on", "days": ["thu", "mon"], "time": "23:00", "zone": "America/New_York", "instead_of": 0}
    done = client.put("/v1/schedule", json=body, headers=key).get_json()
    assert (done["days"], done["time"], done["zone"], done["by"]) == (["mon", "thu"], "23:00", body["zone"], "boss")
    following = datetime.fromisoformat(done["next_at"])
    assert following > datetime.now(UTC)
    assert client.put("/v1/schedule", json=body, headers=key).status_code == 409
    refused = client.put("/v1/schedule", json={"mode": "on", "zone": "Atlantis"}, headers=key)
    assert refused.get_json()["errors"][0]["pointer"] == "/zone"
    undone = client.post("/v1/schedule/undo", json={"n": done["n"]}, headers=key).get_json()
    assert (undone["mode"], undone["time"]) == ("unset", None)
    due = daily_since(desk.store, 1)
    run = desk.store.runs.ask(JOB, SCHEDULE, desk.store.schedules.due(JOB))
    desk.store.runs.cancel(run.id, "ada")
    told = client.get("/v1/schedule", headers=key).get_json()
    assert (told["time"], told["last"]["id"], told["last"]["outcome"]) == (due.time, run.id, CANCELLED)


def test_what_whoever_runs_the_service_has_fixed_is_shown_and_not_changed(desk: Desk) -> None:
    tagger = Tagger(Serving(desk.registry), desk.store)
    client = build_app(tagger, desk.registry, schedule_is_fixed=True).test_client()
    client.post("/sign-in", data={"name": "ada"})
    for _ in range(2):  # at each start
        desk.store.schedules.fix(Schedule(OUTSIDE), SETTINGS)
    kept = desk.store.schedules.present()
    assert kept is not None
    assert (kept.n, kept.by) == (1, SETTINGS)
    assert section(client).startswith("Another program begins the trainings fixed")
    assert "/models/schedule" not in client.get("/models").text
    assert send(client, n="1", when="off").status_code == 409
    with pytest.raises(WrongState):
        desk.store.schedules.undo(7, "ada")
    assert desk.store.schedules.present() == kept


def test_readers_see_the_schedule_and_cannot_change_it(client: FlaskClient, desk: Desk) -> None:
    desk.store.schedules.change(NIGHTLY, "ada")
    client.post("/sign-in", data={"name": "rita", "key": desk.store.keys.create("rita", "reader")})
    assert "Every day at 02:30" in section(client)
    assert "/models/schedule" not in client.get("/models").text
    assert send(client, when="off").status_code == 403
