"""The page of health for admins: what matters in plain words, each with the next step, and the backups."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NamedTuple

from flask import Blueprint, send_file
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.schedule import OFF, OUTSIDE, UNSET
from classifier.domain.sentences import OF_RUNS
from classifier.errors import BadModel, Busy
from classifier.model.protocol import Model
from classifier.operations.backups import Backups
from classifier.operations.status import (
    DATABASE,
    DISK,
    MODELS,
    TAXONOMY,
    TRAINING,
    WEBHOOKS,
    disk_of,
    known_problems,
)
from classifier.serving.tagger import Tagger
from classifier.store.database.engine import file_of
from classifier.store.keys import Session
from classifier.store.queue import Wanted
from classifier.store.rows import hours_since
from classifier.store.runs import BACKUP, FAILED, JOB, Run
from classifier.texts import N_, _, ngettext, retold
from classifier.web.guard.auth import ADMINS, Gate
from classifier.web.pages import render
from classifier.web.pages.forms import FormPages, see
from classifier.web.pages.showing import WORDING

PAGE = "/admin/health"
GOOD, LOOK, BAD = "good", "look", "bad"  # what is bad stands first on the page
OLD_MODEL_DAYS, OLD_BACKUP_DAYS = 31.0, 7.0
LITTLE_ROOM = 0.2  # of the disk: it should be free
DAY = 24.0  # hours


class Row(NamedTuple):
    """Something that matters: how it is, in words, since when, and where the next step leads, "" if there is none."""

    name: str
    state: str
    texts: list[str]
    at: str | None = None
    step: str = ""
    to: str = ""


class HealthPages(FormPages):
    """The page as a blueprint. `retrain_hours` is how often `retrain` is expected where another program begins it."""

    def __init__(self, tagger: Tagger, backups: Backups, gate: Gate, retrain_hours: float) -> None:
        super().__init__(gate)
        self.tagger, self.backups, self.hours = tagger, backups, retrain_hours
        self.store, self.registry = backups.store, backups.registry
        self.blueprint = Blueprint("health", __name__, url_prefix=PAGE)
        add = self.blueprint.add_url_rule
        add("", "show", self.show)
        add("/backups", "back_up", self.back_up, methods=["POST"])
        add("/backups/<name>", "download", self.download)
        add("/backups/<name>/delete", "delete", self.delete, methods=["POST"])

    def show(self) -> str:
        """Show how everything is, and the backups."""
        return self._page(self.gate.require(ADMINS))

    def back_up(self) -> WsgiResponse | tuple[str, int]:
        """Begin a backup."""
        form = self.form(ADMINS)
        try:
            self.backups.begin(form.session.editor)
        except Busy:
            return self._page(form.session, problem=_("A backup is being made already.")), 409
        return see(f"{PAGE}#backups")

    def download(self, name: str) -> WsgiResponse:
        """Send a backup as a file."""
        self.gate.require(ADMINS)
        path = self.backups.path(name).absolute()
        answer = send_file(path, "application/gzip", as_attachment=True, download_name=name, max_age=0)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def delete(self, name: str) -> WsgiResponse:
        """Delete a backup."""
        self.form(ADMINS)
        self.backups.delete(name)
        return see(f"{PAGE}#backups")

    def _page(self, session: Session, problem: str | None = None) -> str:
        self.store.runs.settle(BACKUP)
        made = self.store.runs.brief(BACKUP, 20)
        rows = self._rows(made)
        return render(
            "health.html",
            session,
            rows=rows,
            n_bad=sum(row.state != GOOD for row in rows),
            backups=self.backups.list(),
            present=next((run for run in made if run.is_unfinished), None),
            problem=problem,
            states=STATES,
            size=size_in_words,
        )

    # --- what matters -------------------------------------------------------------------------------------------

    def _served(self) -> Model:
        """Return the model that serves, or raise what keeps the champion from serving."""
        model = self.tagger.serving.settled()
        if self.tagger.serving.problem:
            raise BadModel(retold(self.tagger.serving.problem, ()))
        return model

    def _rows(self, made: list[Run]) -> list[Row]:
        problems = known_problems(self.registry, self.store, self.hours, self._served)
        of_areas: dict[str, list[str]] = {}
        for each in problems:
            of_areas.setdefault(each.area, []).append(each.text)
        looks: Iterable[tuple[str, Callable[[], Row]]] = (
            (MODELS, self._model),
            (TRAINING, self._training),
            ("", self._schedule),
            ("", self._queue),
            (TAXONOMY, self._taxonomy),
            (WEBHOOKS, self._webhooks),
            (DATABASE, self._database),
            (DISK, self._disk),
            ("", lambda: self._backups(made)),
            ("", self._people),
        )
        rows = []
        for area, look in looks:
            row = look()
            wrong = of_areas.get(area, [])
            rows.append(row._replace(state=BAD, texts=[*wrong, *row.texts]) if wrong else row)
        return sorted(rows, key=lambda row: (BAD, LOOK, GOOD).index(row.state))

    def _model(self) -> Row:
        name = _("Model")
        champion = None
        with suppress(BadModel):  # the problem says so
            champion = self.registry.champion()
        if champion is None:
            text = _("No model serves, so nothing is suggested.")
            return Row(name, BAD, [text], None, _("Train one"), "/models#training")
        is_old = hours_since(champion.at) > OLD_MODEL_DAYS * DAY
        text = _("No training has replaced it for a month.") if is_old else _("It serves.")
        return Row(name, LOOK if is_old else GOOD, [text], champion.at, _("See the models"), "/models")

    def _training(self) -> Row:
        last = next((run for run in self.store.runs.brief(JOB) if not run.is_unfinished), None)
        if last is None:
            text = _("None has run yet: what editors decide is not learned.")
            return Row(_("Last training"), LOOK, [text], None, _("Train now"), "/models#training")
        text = WORDING["trainings"].get(last.outcome, last.outcome)
        step, to = _("Its report"), f"/runs/{last.id}"
        return Row(_("Last training"), GOOD, [_(text)], last.ended_at or last.started_at, step, to)

    def _schedule(self) -> Row:
        kept = self.store.schedules.present()
        texts = {
            UNSET: _("No training begins by itself."),
            OFF: _("It is off: no training begins by itself."),
            OUTSIDE: _("Another program begins the trainings."),
        }
        mode = kept.schedule.mode if kept is not None else UNSET
        text = texts.get(mode, _("Trainings begin by themselves."))
        return Row(
            _("Schedule"), LOOK if mode == UNSET else GOOD, [text], None, _("Set the schedule"), "/models#schedule"
        )

    def _queue(self) -> Row:
        n = self.store.queue.counts(Wanted())["new"]
        text = ngettext("One article is unread.", "%(n)s articles are unread.", n) if n else _("No article is unread.")
        return Row(_("Review"), GOOD, [text], None, _("To the queue"), "/review")

    def _taxonomy(self) -> Row:
        return Row(_("Changes of tags"), GOOD, [], None, _("See the changes"), "/tags/changes")

    def _webhooks(self) -> Row:
        n = len(self.store.webhooks.list())
        text = ngettext("One receiver is told.", "%(n)s receivers are told.", n) if n else _("Nobody is told.")
        return Row(_("Messages to other programs"), GOOD, [text], None, _("See the messages"), "/webhooks")

    def _database(self) -> Row:
        path = file_of(self.store.engine.url)
        if path is None:
            return Row(_("Database"), GOOD, [_("It is on a database server.")])
        size = sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.is_file())
        return Row(_("Database"), GOOD, [_("One file of %(size)s.", size=size_in_words(size))])

    def _disk(self) -> Row:
        total, free = disk_of(self.registry)
        text = _("%(free)s of %(total)s are free.", free=size_in_words(free), total=size_in_words(total))
        is_little = bool(total) and free / total < LITTLE_ROOM
        texts = [text, _("Keep a fifth free: delete old backups, or ask for a larger disk.")] if is_little else [text]
        return Row(
            _("Disk"), LOOK if is_little else GOOD, texts, None, _("See the backups") if is_little else "", "#backups"
        )

    def _backups(self, made: list[Run]) -> Row:
        name, step, to = _("Backups"), _("Back up now"), "#backups"
        last = next((run for run in made if not run.is_unfinished), None)
        if last is None:
            return Row(name, LOOK, [_("None was made yet.")], None, step, to)
        if last.outcome == FAILED:
            return Row(name, BAD, [_("The last one failed:"), retold(last.reason, OF_RUNS)], last.ended_at, step, to)
        is_old = hours_since(last.ended_at or last.started_at) > OLD_BACKUP_DAYS * DAY
        text = _("The last one is older than a week.") if is_old else _("The last one is complete.")
        return Row(name, LOOK if is_old else GOOD, [text], last.ended_at, step, to)

    def _people(self) -> Row:
        name, to = _("Access"), "/admin/people"
        if not self.store.keys.in_use():
            text = _("Nobody has a key yet: whoever uses this machine may do everything.")
            return Row(name, LOOK, [text], None, _("Become the first administrator"), to)
        return Row(name, GOOD, [_("Everybody signs in.")], None, _("See people and programs"), to)


STATES = {GOOD: N_("good"), LOOK: N_("have a look"), BAD: N_("wrong")}


def size_in_words(n_bytes: int) -> str:
    """Return a number of bytes in the unit in which it is short."""
    for power, unit in ((3, _("GB")), (2, _("MB"))):
        if n_bytes >= 1000**power:
            return f"{n_bytes / 1000**power:.1f} {unit}"
    return f"{n_bytes / 1000:.0f} {_('kB')}"
