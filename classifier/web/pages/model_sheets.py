"""Two versions compared on stored articles, and what another threshold of a tag would change. Both read score sheets."""

from typing import NamedTuple

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import SetField
from classifier.domain.taxonomy import Tag, Taxonomy
from classifier.domain.taxonomy_log import Row
from classifier.errors import BadModel, BadOperation, NeedsAnother, NotFound, WrongState
from classifier.reports.sheets import LEAST, Sheet, TagChanges, at_threshold, compare_sheets, kept_sheet
from classifier.serving.beside import begin_beside
from classifier.store.keys import Session
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import PEOPLE, TAXONOMISTS, Gate
from classifier.web.pages import render
from classifier.web.pages.forms import FormPages, see
from classifier.web.problems import ApiProblem, problem_of
from classifier.web.texts import label_of

MAKING_SECONDS = 30.0  # from one making of a sheet to the next, over all processes
N_TAGS = 100  # that a comparison shows
N_ARTICLES = 200  # that a preview lists


class SetThreshold(NamedTuple):
    """A threshold that a person set: the tag, its present score, that of the training, and the change that set it."""

    tag: Tag
    score: float
    row: Row | None


class ModelSheets(FormPages):
    """The pages as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate)
        self.changing, self.store, self.registry = changing, changing.store, changing.registry
        self.blueprint = Blueprint("model_sheets", __name__, url_prefix="/models")
        add = self.blueprint.add_url_rule
        add("/compare", "compare", self.compare)
        add("/thresholds", "thresholds", self.thresholds)
        add("/thresholds", "set", self.set, methods=["POST"])
        add("/thresholds/undo", "undo", self.undo, methods=["POST"])

    def compare(self) -> str | Response:
        """Show what appears and what vanishes from one version to another on the newest articles."""
        session = self.gate.require(PEOPLE)
        versions = [row["version"] for row in self.registry.table()]
        before, after = self._pair(versions)
        sheets = self._sheets([before, after]) if before and after else {}
        is_made = len(sheets) == len({before, after})
        changes = compare_sheets(sheets[before], sheets[after]) if before and after and is_made else []
        page = render(
            "compare.html",
            session,
            versions=self.registry.table(),
            before=before,
            after=after,
            sheet=sheets.get(after or "") if is_made else None,
            changes=changes[:N_TAGS],
            n_more=max(0, len(changes) - N_TAGS),
            n_appear=sum(change.n_appear for change in changes),
            n_vanish=sum(change.n_vanish for change in changes),
            labels={tag.id: label_of(tag) for tag in self.changing.taxonomy().tags},
            is_made=is_made,
        )
        return page if is_made or not (before and after) else Response(page, headers={"Refresh": "3"})

    def thresholds(self) -> str | Response:
        """Show the thresholds that people set, and which articles another threshold of a tag would change."""
        return self._page(self.gate.require(PEOPLE))

    def set(self) -> WsgiResponse | str | tuple[str | Response, int]:
        """Set the threshold of a tag, or without a score that of the training again."""
        form = self.form(TAXONOMISTS)
        tag, why = form.text("tag"), form.text("why", 500)
        percent = form.text("percent", 10)
        if not why:
            raise ApiProblem("bad-request", _("Say why, in a few words: whoever looks at the history wants to know."))
        try:
            value = _score_of(percent) if percent else None
            self._apply(SetField(tag, "threshold", value), form.session.editor, why)
        except (BadOperation, NeedsAnother, WrongState) as error:
            return self._page(form.session, str(error)), problem_of(error).response().status_code
        return see(f"/models/thresholds?tag={tag}&done=1")

    def undo(self) -> WsgiResponse | tuple[str | Response, int]:
        """Take back the change that set a threshold."""
        form = self.form(TAXONOMISTS)
        number = form.text("number", 9)
        row = self._row(number)
        try:
            self.changing.undo([row.n], form.session.editor)
        except (BadOperation, WrongState) as error:
            return self._page(form.session, str(error)), problem_of(error).response().status_code
        return see(f"/models/thresholds?tag={form.text('tag', 200)}&undone=1")

    # --- their parts --------------------------------------------------------------------------------------------

    def _page(self, session: Session, problem: str | None = None) -> str | Response:
        taxonomy, version = self.changing.taxonomy(), self._serves()
        sheet = self._sheets([version]).get(version) if version else None
        tag = _named(taxonomy, request.args.get("tag", ""))
        score = _wanted(request.args.get("percent", ""))
        present = sheet.thresholds.get(tag.id) if sheet and tag else None
        changes = at_threshold(sheet, tag.id, score) if sheet and tag and score else None
        page = render(
            "thresholds.html",
            session,
            may_act=session.key is None or session.key.role in TAXONOMISTS,
            tags=sorted((each for each in taxonomy.tags if each.active), key=lambda each: each.label.casefold()),
            tag=tag,
            wanted=score,
            present=present,
            sheet=sheet,
            exclusive=tag is not None and taxonomy.exclusive(tag),
            counts=_counts(sheet, tag.id) if sheet and tag else [],
            changes=_first(changes) if changes else None,
            set_ones=self._set_ones(taxonomy),
            least=LEAST,
            problem=problem,
            done="done" in request.args,
            undone="undone" in request.args,
            version=version,
        )
        return page if sheet or not version else Response(page, headers={"Refresh": "3"})

    def _apply(self, operation: SetField, by: str, why: str) -> None:
        log = self.changing.log()
        self.store.taxonomy.preview([operation])
        set_id = self.store.change_sets.propose([operation], by, why)
        self.changing.apply(self.store.change_sets.get(set_id), by, log.n)

    def _set_ones(self, taxonomy: Taxonomy) -> list[SetThreshold]:
        log = self.changing.log()
        rows = {
            row.args["tag"]: row
            for row in log.rows
            if row.op == SetField.op and row.args.get("field") == "threshold" and log.undone_by(row.n) is None
        }
        return [
            SetThreshold(tag, tag.threshold, rows.get(tag.id)) for tag in taxonomy.tags if tag.threshold is not None
        ]

    def _row(self, number: str) -> Row:
        log = self.changing.log()
        n = int(number) if number.isascii() and number.isdecimal() else 0
        row = log.rows[n - 1] if 1 <= n <= log.n else None
        if row is None or row.op != SetField.op or row.args.get("field") != "threshold":
            raise ApiProblem("bad-request", _("Name the change of a threshold that is to be taken back."))
        return row

    def _serves(self) -> str | None:
        try:
            champion = self.registry.champion()
        except BadModel:
            return None
        return champion.version if champion else None

    def _pair(self, versions: list[str]) -> tuple[str | None, str | None]:
        """Return the versions to compare: those that were asked for, else what serves and the newest other one."""
        asked = [request.args.get(name, "") for name in ("before", "after")]
        for version in filter(None, asked):
            if version not in versions:
                raise NotFound(_("There is no version %(version)s.", version=repr(version[:40])))
        serves = self._serves()
        before = asked[0] or serves or None
        others = [version for version in versions if version != before]
        return before, asked[1] or (others[0] if others else None)

    def _sheets(self, versions: list[str]) -> dict[str, Sheet]:
        """Return the sheets that there are, and have those made that lack or are out of date."""
        present, taxonomy = {version: kept_sheet(self.store, version) for version in versions}, self.changing.taxonomy()
        stale = [
            version for version, kept in present.items() if kept is None or kept[1].taxonomy_version != taxonomy.version
        ]
        if stale:
            what = f"sheets {' '.join(stale)}"
            begin_beside(self.store, self.registry.folder, what, MAKING_SECONDS, "models", "score", *stale)
        return {version: kept[0] for version, kept in present.items() if kept is not None}


def _named(taxonomy: Taxonomy, text: str) -> Tag | None:
    """Return the tag with an id or a label, None if there is none."""
    found = taxonomy.by_id.get(text)
    return found or next((tag for tag in taxonomy.tags if tag.active and tag.label == text), None)


def _wanted(text: str) -> float | None:
    try:
        return _score_of(text) if text else None
    except BadOperation:
        return None


def _score_of(percent: str) -> float:
    number = int(percent) if percent.isascii() and percent.isdecimal() else 0
    if not 5 <= number <= 99:
        raise BadOperation(
            _("A threshold is a whole number from 5 to 99 percent, not “%(value)s”.", value=percent[:10])
        )
    return number / 100.0


def _counts(sheet: Sheet, tag: str) -> list[tuple[int, int]]:
    """Return for each threshold in steps of 5 percent how many articles would be suggested the tag."""
    scores = [row.scores[tag] for row in sheet.rows if tag in row.scores]
    return [(percent, sum(score >= percent / 100.0 for score in scores)) for percent in range(5, 100, 5)]


def _first(changes: TagChanges) -> TagChanges:
    return TagChanges(
        changes.tag, changes.n_appear, changes.n_vanish, changes.appear[:N_ARTICLES], changes.vanish[:N_ARTICLES]
    )
