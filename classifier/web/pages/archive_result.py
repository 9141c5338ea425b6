"""The last page of an archive: storing and training with their progress, and then what the model gets right."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from flask import Blueprint, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.archive.bring.folder import State
from classifier.archive.bring.result import CONFIRM_SECONDS, MAX_SECONDS, WRITE_SECONDS, result_of
from classifier.domain.sentences import FROM_ARCHIVE
from classifier.errors import BadModel, NotFound, TaggerError, WrongState
from classifier.serving.model_changes import ModelChanges
from classifier.serving.trainer import Trainer
from classifier.store.brought import Brought
from classifier.store.keys import Session
from classifier.store.queue import Wanted
from classifier.store.runs import PROMOTED, Run
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import ADMINS, Gate
from classifier.web.pages.archive_site import PAGE, ArchiveSite
from classifier.web.pages.forms import see
from classifier.web.pages.reports import reason_in_words_of
from classifier.web.problems import problem_of


class ArchiveResult(ArchiveSite):
    """The page as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing, trainer: Trainer, changes: ModelChanges) -> None:
        super().__init__(gate, changing)
        self.trainer, self.changes = trainer, changes
        self.blueprint = Blueprint("archive_result", __name__, url_prefix=PAGE)
        self.blueprint.add_url_rule("/result", "result", self.result)
        for name in ("train", "serve", "remove"):
            self.blueprint.add_url_rule(f"/{name}", name, getattr(self, name), methods=["POST"])

    def result(self) -> str:
        """Show the storing and the training, and then what the model gets right."""
        return self._result(self.gate.require(ADMINS), self.folder.state())

    def train(self) -> WsgiResponse | tuple[str, int]:
        """Train once more on what was stored."""
        form = self.form(ADMINS)
        try:
            state = self.present()
            run = self.trainer.begin(form.session.editor, force=True)
            self.folder.change(state.id, lambda present: replace(present, training=run.id))
        except TaggerError as error:
            return self._result(form.session, self.folder.state(), str(error)), problem_of(error).response().status_code
        return see(f"{PAGE}/result")

    def serve(self) -> WsgiResponse | tuple[str, int]:
        """Let the model of the archive serve, whatever the comparison with the one that serves has said."""
        form, state = self.form(ADMINS), self.folder.state()
        training = self.run(state.training) if state is not None else None
        try:
            if training is None or training.version is None:
                raise WrongState(_("There is no model of this archive yet. Train first."))
            self.changes.promote(training.version, form.session.editor, FROM_ARCHIVE)
        except TaggerError as error:
            return self._result(form.session, state, str(error)), problem_of(error).response().status_code
        return see(f"{PAGE}/result")

    def remove(self) -> WsgiResponse | tuple[str, int]:
        """Take the articles out again that the archive stored."""
        from classifier.archive.bring.jobs import begin_removal  # what does the work is not loaded for serving

        form, state = self.form(ADMINS), self.folder.state()
        try:
            stored = self.store.brought.get(self.present().storing or "")
            begin_removal(self.store, self.registry, stored, form.session.editor)
        except TaggerError as error:
            return self._result(form.session, state, str(error)), problem_of(error).response().status_code
        return see(f"{PAGE}/result")

    def _result(self, session: Session, state: State | None, problem: str | None = None) -> str:

        storing, training = (self.run(state.storing), self.run(state.training)) if state is not None else (None, None)
        version, result = training.version if training is not None else None, None
        with suppress(BadModel, NotFound):
            result = result_of(self.registry.card(version), self.changing.taxonomy()) if version is not None else None
        seconds = {
            name: _seconds(name, default, MAX_SECONDS)
            for name, default in (("write", WRITE_SECONDS), ("confirm", CONFIRM_SECONDS))
        }
        return self.render(
            "archive_result.html",
            session,
            state,
            problem=problem,
            storing=storing,
            training=training,
            removal=self.removal(state),
            brought=self._brought(storing),
            compared=reason_in_words_of(training) if training is not None else None,
            serves=training is not None and (training.outcome == PROMOTED or self._champion() == version),
            result=result,
            seconds=seconds,
            hours=result.hours(**seconds) if result is not None else None,
            n_open=sum(self.store.queue.counts(Wanted(state="open")).get(each, 0) for each in ("new", "started")),
        )

    def _brought(self, storing: Run | None) -> Brought | None:
        if storing is None or storing.is_unfinished:
            return None
        with suppress(NotFound):  # it stored nothing
            return self.store.brought.count(self.store.brought.get(storing.id))
        return None

    def _champion(self) -> str | None:
        with suppress(BadModel):
            champion = self.registry.champion()
            return champion.version if champion is not None else None
        return None


def _seconds(name: str, default: int, most: int) -> int:
    typed = request.args.get(name, "")
    return min(int(typed), most) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else default
