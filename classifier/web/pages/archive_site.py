"""What all pages that bring an archive share: the folder that they show, its runs, and the way through the steps."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from werkzeug.wrappers import Response as WsgiResponse

from classifier.archive.bring.folder import ArchiveFolder, State
from classifier.errors import NotFound, WrongState
from classifier.store.keys import Session
from classifier.store.runs import JOB, Run
from classifier.texts import _
from classifier.web.api.runs import RunOut, run_view
from classifier.web.changing import Changing
from classifier.web.guard.auth import Gate
from classifier.web.pages import render
from classifier.web.pages.forms import Form, FormPages, see
from classifier.web.pages.showing import WORDING

if TYPE_CHECKING:
    from classifier.reports.draft.correcting import Corrected
    from classifier.reports.draft.sheet import Sheet

PAGE = "/archive"


class Step(NamedTuple):
    """A step of the way: its page, and whether it is done and can be opened."""

    address: str
    is_done: bool
    is_open: bool


class ArchiveSite(FormPages):
    """The pages that bring an archive, seen from one of them."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate)
        self.changing, self.store, self.registry = changing, changing.store, changing.registry
        self.folder = ArchiveFolder(self.registry.folder)

    def present(self) -> State:
        """Return what is known of the archive. Raise `WrongState` if there is none."""
        state = self.folder.state()
        if state is None:
            raise WrongState(_("There is no archive here any more. Upload it again."))
        return state

    def run(self, run_id: str | None) -> Run | None:
        """Return a run as it is now. One whose process has died has failed."""
        if run_id is None:
            return None
        with suppress(NotFound):
            run = self.store.runs.get(run_id)
            if run.is_unfinished:
                self.store.runs.settle(run.job)
            return self.store.runs.get(run_id)
        return None

    def removal(self, state: State | None) -> Run | None:
        """Return the newest run that takes the articles of the archive out again, None if there was none."""
        return self.store.brought.removal(state.storing) if state is not None and state.storing is not None else None

    def is_stored(self, state: State) -> bool:
        """Return whether the articles are stored, or are being stored."""
        run = self.run(state.storing)
        return state.stored_at is not None or (run is not None and run.is_unfinished)

    def corrected(self, state: State | None) -> Corrected | None:
        """Return the draft with what was chosen, None if nothing was read yet."""
        from classifier.reports.draft.correcting import Corrected
        from classifier.reports.draft.sheet import Sheet

        sheet: Sheet | None = self.folder.read("sheet", Sheet) if state is not None else None
        if state is None or sheet is None:
            return None
        return Corrected(sheet, state.choices, self.changing.taxonomy(), state.least, state.mute)

    def begin(self, step: str, state: State, session: Session, address: str) -> WsgiResponse:
        """Begin a step in a process of its own, and lead to a page. Raise `Busy` if one is under way."""
        from classifier.archive.bring.jobs import begin  # what does the work is not loaded for serving

        begin(self.store, self.registry, self.folder, state, step, session.editor)
        return see(address)

    def render(self, name: str, session: Session, state: State | None, run: Run | None = None, **values: Any) -> str:
        """Return a page with the steps, and with how far the run is that is under way, if any is."""
        removal = values.get("removal")
        runs = [removal, run, values.get("storing"), values.get("training")]
        present = next((each for each in runs if each is not None and each.is_unfinished), None)
        view: RunOut | None = run_view(present) if present is not None else None
        job = present.job if present is not None else ""
        return render(
            name,
            session,
            state=state,
            run=run,
            under_way=view,
            names=WORDING["steps" if job == JOB else "archive_steps"],
            steps=self._steps(state),
            **values,
        )

    def _steps(self, state: State | None) -> list[Step]:
        stored = state is not None and self.is_stored(state)
        has_sheet, has_report = self.folder.has("sheet"), self.folder.has("report")
        training = self.run(state.training) if state is not None else None
        is_trained = training is not None and not training.is_unfinished
        return [
            Step(PAGE, has_sheet or stored, not stored),
            Step(f"{PAGE}/report", has_report or stored, has_sheet and not stored),
            Step(f"{PAGE}/tags", stored, has_sheet and not stored),
            Step(f"{PAGE}/result", is_trained, stored),
        ]


def runs_of(state: State) -> list[str]:
    """Return the ids of the runs that worked on an archive."""
    return [run for run in (state.reading, state.reporting, state.storing, state.training) if run is not None]


def back_of(form: Form, otherwise: str = f"{PAGE}/tags") -> str:
    """Return where a form leads: the page of the archive that it was sent from."""
    back = form.text("back", 2_000)
    return back if back.startswith((f"{PAGE}/", f"{PAGE}?")) and "\\" not in back and "\n" not in back else otherwise
