"""The page where the tags that come of an archive are corrected, and then stored with its articles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.archive.bring.folder import MAX_CHOICES, State
from classifier.errors import BadOperation, TaggerError, WrongState
from classifier.store.keys import Session
from classifier.texts import _, number
from classifier.web.changing import Changing
from classifier.web.guard.auth import ADMINS, Gate
from classifier.web.pages.archive_site import PAGE, ArchiveSite, back_of
from classifier.web.pages.forms import Form, see
from classifier.web.problems import problem_of

if TYPE_CHECKING:
    from classifier.reports.draft.correcting import Corrected, CorrectedRow

N_ROWS = 50  # of a page of tags
VIEWS = ("kept", "doubtful", "merged", "dropped", "all")
N_TARGETS = 2_000  # labels that the list of targets offers
MAX_LEAST = 10_000


class ArchiveTags(ArchiveSite):
    """The page as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.blueprint = Blueprint("archive_tags", __name__, url_prefix=PAGE)
        self.blueprint.add_url_rule("/tags", "tags", self.tags)
        for name in ("choose", "undo", "settle", "store_all"):
            rule = f"/{name.replace('_', '-')}"
            self.blueprint.add_url_rule(rule, name, getattr(self, name), methods=["POST"])

    def tags(self) -> str | WsgiResponse:
        """Show the tags that come of the terms, to be corrected, until they are stored."""
        session, state = self.gate.require(ADMINS), self.folder.state()
        if state is not None and self.is_stored(state):
            return see(f"{PAGE}/result")
        return self._tags(session, state)

    def choose(self) -> WsgiResponse | tuple[str, int]:
        """Keep, merge, rename or leave out a name."""
        form, state = self.form(ADMINS), None
        try:
            state = self.present()
            corrected = self.corrected(state)
            if corrected is None or len(state.choices) >= MAX_CHOICES:
                raise WrongState(
                    _(
                        "There is no list of tags to correct, or it has %(most)s corrections already.",
                        most=number(MAX_CHOICES),
                    )
                )
            choice = corrected.choice(form.text("name", 400), form.text("action", 20), form.text("value", 400))
            self.folder.change(state.id, lambda present: replace(present, choices=[*present.choices, choice]))
        except TaggerError as error:
            return self._tags(form.session, state, str(error)), problem_of(error).response().status_code
        return see(back_of(form))

    def undo(self) -> WsgiResponse | tuple[str, int]:
        """Take back the newest correction."""
        form = self.form(ADMINS)
        return self._change(form, lambda state: replace(state, choices=state.choices[:-1]), back_of(form))

    def settle(self) -> WsgiResponse | tuple[str, int]:
        """Set from how many articles on a name becomes a tag, and whether tags without any are muted."""
        form = self.form(ADMINS)
        typed = form.text("least", 10)
        least = int(typed) if typed.isascii() and typed.isdecimal() and 1 <= int(typed) <= MAX_LEAST else None
        if least is None:
            problem = _("Articles: write a whole number from 1 to %(most)s.", most=number(MAX_LEAST))
            return self._tags(form.session, self.folder.state(), problem), 422
        mute = form.text("mute") == "1"
        return self._change(form, lambda state: replace(state, least=least, mute=mute), f"{PAGE}/tags")

    def store_all(self) -> WsgiResponse | tuple[str, int]:
        """Store the articles under their tags, and train."""
        form, state = self.form(ADMINS), None
        try:
            state = self.present()
            corrected = self.corrected(state)
            if corrected is None or self.is_stored(state):
                raise WrongState(_("There is nothing to store: read the files first."))
            self._check_second_person(corrected)
            return self.begin("store", state, form.session, f"{PAGE}/result")
        except TaggerError as error:
            return self._tags(form.session, state, str(error)), problem_of(error).response().status_code

    def _change(self, form: Form, make: Callable[[State], State], address: str) -> WsgiResponse | tuple[str, int]:
        try:
            self.folder.change(self.present().id, make)
        except TaggerError as error:
            return self._tags(form.session, self.folder.state(), str(error)), problem_of(error).response().status_code
        return see(address)

    def _check_second_person(self, corrected: Corrected) -> None:
        """Raise `BadOperation` if tags would become one on more articles than one person may change."""
        from classifier.domain.operations import Merge

        most, merges = self.changing.second_person, [each for each in corrected.operations() if isinstance(each, Merge)]
        if most and merges and self.changing.preview(merges)["n_articles"] > most:
            raise BadOperation(
                _(
                    "Merging tags that are there already changes more than %(most)s articles, for which another person has to agree. Do that on the page of tags, and keep both here.",
                    most=most,
                )
            )

    def _tags(self, session: Session, state: State | None, problem: str | None = None) -> str:
        corrected = self.corrected(state)
        view = request.values.get("view", VIEWS[0])
        text = " ".join(request.values.get("q", "").split())[:200]
        rows = _shown(corrected, view if view in VIEWS else VIEWS[0], text) if corrected is not None else []
        number = request.values.get("page", "1")
        page = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1
        n_pages = max(1, -(-len(rows) // N_ROWS))
        page = min(max(page, 1), n_pages)
        return self.render(
            "archive_tags.html",
            session,
            state,
            problem=problem,
            run=self.run(state.storing) if state is not None else None,
            corrected=corrected,
            rows=rows[(page - 1) * N_ROWS : page * N_ROWS],
            counts={each: len(_shown(corrected, each, "")) for each in VIEWS} if corrected is not None else {},
            targets=_targets(corrected) if corrected is not None else [],
            view=view,
            q=text,
            number=page,
            n_pages=n_pages,
        )


def _shown(corrected: Corrected, view: str, text: str) -> list[CorrectedRow]:
    """Return the rows of a view that have a text in their names."""

    def fits(row: CorrectedRow) -> bool:
        is_of_view = {
            "kept": row.action == "keep",
            "doubtful": bool(row.row.hints) and not row.chosen,
            "merged": row.action == "merge",
            "dropped": not row.id,
            "all": True,
        }[view]
        folded = text.casefold()
        return is_of_view and (not folded or folded in row.row.name.casefold() or folded in row.label.casefold())

    return [row for row in corrected.rows if fits(row)]


def _targets(corrected: Corrected) -> list[str]:
    """Return the labels of the tags that a name may be merged into: those that are kept, then all others."""
    kept = [row.label for row in corrected.kept]
    others = [tag.label for tag in corrected.taxonomy.tags if tag.active]
    return list(dict.fromkeys([*kept, *others]))[:N_TARGETS]
