"""The page of models: what serves and why, training with its progress, and the versions that could serve instead."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from flask import Blueprint
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.schedule import DAYS, OFF, ON, Schedule, in_order, zones
from classifier.errors import BadModel, BadSchedule, Busy, NotFound, TaggerError, WrongState
from classifier.model.protocol import Model
from classifier.serving.champion import Champion
from classifier.serving.model_changes import ModelChanges
from classifier.serving.registry import VersionRow
from classifier.serving.tagger import Tagger
from classifier.serving.trainer import Trainer
from classifier.store.keys import Session
from classifier.store.runs import JOB, Run
from classifier.texts import N_, _
from classifier.web.api.runs import RunOut, run_view, training_of
from classifier.web.api.schedule import ScheduleApi
from classifier.web.guard.auth import ADMINS, PEOPLE, Gate
from classifier.web.pages import render
from classifier.web.pages.forms import Form, FormPages, see
from classifier.web.pages.showing import WORDING
from classifier.web.problems import ApiProblem, problem_of

MAX_WHY = 500
DAY_NAMES = {
    "mon": N_("Monday"),
    "tue": N_("Tuesday"),
    "wed": N_("Wednesday"),
    "thu": N_("Thursday"),
    "fri": N_("Friday"),
    "sat": N_("Saturday"),
    "sun": N_("Sunday"),
}


class VersionView(NamedTuple):
    """A version with the run that trained it, and whether it serves, served before or was taken back."""

    row: VersionRow
    run_id: str | None
    served: Champion | None
    may_return: bool


class ModelPages(FormPages):
    """The pages as a blueprint."""

    def __init__(
        self, tagger: Tagger, gate: Gate, changes: ModelChanges, trainer: Trainer, schedule: ScheduleApi
    ) -> None:
        super().__init__(gate)
        self.schedule_api = schedule
        self.tagger, self.changes, self.trainer = tagger, changes, trainer
        self.store, self.registry = changes.store, changes.registry
        self.blueprint = Blueprint("models", __name__, url_prefix="/models")
        self.blueprint.add_url_rule("", "page", self.page)
        for name in ("train", "cancel", "promote", "roll_back", "pin", "shadow", "fix", "schedule"):
            rule = f"/{name.replace('_', '-')}"
            self.blueprint.add_url_rule(rule, name, getattr(self, name), methods=["POST"])

    def page(self) -> str:
        """Show what serves, the training that goes on, and the versions."""
        return self._page(self.gate.require(PEOPLE))

    # --- forms --------------------------------------------------------------------------------------------------

    def train(self) -> WsgiResponse | tuple[str, int]:
        """Begin a training."""
        form = self.form(ADMINS)
        try:
            self.trainer.begin(form.session.editor, force=form.text("force") == "1")
        except Busy as error:
            return self._refused(form, error)
        return see("/models")

    def cancel(self) -> WsgiResponse | tuple[str, int]:
        """Stop the training that goes on."""
        form = self.form(ADMINS)
        run = training_of(self.store.runs.get(form.text("run", 40)))
        try:
            self.store.runs.cancel(run.id, form.session.editor)
        except WrongState as error:
            return self._refused(form, error)
        return see("/models")

    def promote(self) -> WsgiResponse | tuple[str, int]:
        """Let a version serve."""
        form = self.form(ADMINS)
        return self._do(
            form, self.changes.promote, form.text("version", 40), form.session.editor, _why(form), _serves(form)
        )

    def roll_back(self) -> WsgiResponse | tuple[str, int]:
        """Let the version before serve again."""
        form = self.form(ADMINS)
        return self._do(form, self.changes.roll_back, form.session.editor, _why(form), _serves(form))

    def pin(self) -> WsgiResponse | tuple[str, int]:
        """Keep a version from being removed, or no longer."""
        form = self.form(ADMINS)
        keep = form.text("keep") == "1"
        return self._do(form, self.changes.pin, form.text("version", 40), keep, form.session.editor)

    def shadow(self) -> WsgiResponse | tuple[str, int]:
        """Put a version in shadow, or take the one that is there out of it."""
        form = self.form(ADMINS)
        if version := form.text("version", 40):
            return self._do(form, self.changes.begin_shadow, version, form.session.editor)
        return self._do(form, self.changes.end_shadow, form.session.editor)

    def fix(self) -> WsgiResponse | tuple[str, int]:
        """Fix what serves, or let trainings replace it again."""
        form = self.form(ADMINS)
        if form.text("release") == "1":
            return self._do(form, self.changes.release, form.session.editor)
        return self._do(form, self.changes.fix, form.session.editor, _why(form))

    def schedule(self) -> WsgiResponse | tuple[str, int]:
        """Set when trainings begin by themselves, or set what stood before."""
        form = self.form(ADMINS)
        number = form.text("n", 9)
        if not number.isdecimal():
            raise ApiProblem("bad-request", _("`n` is the number of the change that the page shows."))
        if form.text("do") == "undo":
            return self._do(form, self.schedule_api.undo, int(number), form.session.editor)
        try:
            chosen = _schedule(form)
        except BadSchedule as error:
            return self._refused(form, error)
        return self._do(form, self.schedule_api.change, chosen, form.session.editor, int(number))

    # --- their parts --------------------------------------------------------------------------------------------

    def _do(self, form: Form, change: object, *arguments: object) -> WsgiResponse | tuple[str, int]:
        assert callable(change)
        try:
            change(*arguments)
        except TaggerError as error:
            return self._refused(form, error)
        return see("/models")

    def _refused(self, form: Form, error: TaggerError) -> tuple[str, int]:
        return self._page(form.session, str(error)), problem_of(error).response().status_code

    def _page(self, session: Session, problem: str | None = None) -> str:
        self.store.runs.settle(JOB)
        runs = self.store.runs.brief(JOB)
        present = runs[0] if runs and runs[0].is_unfinished else None
        champion, damaged = None, self.tagger.serving.problem
        try:
            champion = self.registry.champion()
        except BadModel as error:
            damaged = str(error)
        return render(
            "models.html",
            session,
            may_act=session.key is None or session.key.role in ADMINS,
            champion=champion,
            card=self._card(champion),
            followed=self._followed(),
            fixed=self.changes.fixed(),
            shadow=self.changes.shadow(),
            versions=self._versions(runs, champion),
            run=self._running(present),
            last=next((run for run in runs if not run.is_unfinished), None),
            steps=WORDING["steps"],
            outcomes=WORDING["trainings"],
            problem=problem,
            damaged=damaged,
            schedule=self.schedule_api.get_schedule(),
            zones=sorted(zones()),
            days=DAY_NAMES,
        )

    def _running(self, run: Run | None) -> RunOut | None:
        return run_view(self.store.runs.get(run.id)) if run is not None else None

    def _card(self, champion: Champion | None) -> Mapping[str, object]:
        try:
            return self.registry.card(champion.version) if champion is not None else {}
        except (BadModel, NotFound):
            return {}

    def _followed(self) -> str | None:
        from classifier.web.pages.reports import followed_in_words_of

        model: Model | None = None
        with suppress(TaggerError):
            model = self.tagger.serving.model()
        return followed_in_words_of(model) if model is not None else None

    def _versions(self, runs: list[Run], champion: Champion | None) -> list[VersionView]:
        run_of = {run.version: run.id for run in reversed(runs) if run.version is not None}
        served = {each.version: each for each in self.registry.history()}
        return [
            VersionView(
                row,
                run_of.get(row["version"]),
                served.get(row["version"]),
                champion is not None and champion.previous == row["version"],
            )
            for row in self.registry.table()
        ]


def _schedule(form: Form) -> Schedule:
    """Return the schedule of a form. Raise `BadSchedule` if it cannot be used."""
    match form.text("when", 20):
        case "off":
            return Schedule(OFF)
        case "daily":
            days: Sequence[str] = DAYS
        case "days":
            days = form.texts("day")[: len(DAYS)]
        case other:
            raise BadSchedule(_("`when` is off, daily or days, not %(value)s.", value=repr(other)), "when")
    return Schedule(ON, in_order(days), form.text("time", 20), form.text("zone", 80))


def _why(form: Form) -> str:
    why = form.text("why", MAX_WHY)
    if not why:
        raise ApiProblem("bad-request", _("Say why, in a few words. The history shows it."))
    return why


def _serves(form: Form) -> str | None:
    """Return which version served when the page was made: what was changed since, nobody changes unseen."""
    return form.text("serves", 40) or None
