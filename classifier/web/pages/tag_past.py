"""A tag for the past: the sample that editors judge, the run that tags older articles once it shows enough, and its undo."""

from contextlib import suppress
from typing import NamedTuple

from flask import Blueprint, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.archive.stored import UNDONE
from classifier.domain.taxonomy import TAG_ID, Tag, Taxonomy
from classifier.errors import NotFound
from classifier.gate.acceptance import SHOWN
from classifier.serving.sampling import state_of, tag_version
from classifier.store.runs import Run
from classifier.store.samples import Sample
from classifier.store.store import Store
from classifier.texts import _
from classifier.web.changing import Changing
from classifier.web.guard.auth import TAXONOMISTS, Gate
from classifier.web.pages.forms import Form, see
from classifier.web.pages.tag_site import TagSite, address, known_tag
from classifier.web.problems import ApiProblem

LOOKING_SECONDS = 60.0  # from one reading of the archive for a tag to the next


class PastOfTag(NamedTuple):
    """The sample of a tag as it is now, where it stands in words, whether a run may add the tag, and the run that did."""

    sample: Sample
    words: str
    is_shown: bool
    run: Run | None

    @property
    def n_tagged(self) -> int:
        """The number of articles that the run has given the tag, whatever became of it since."""
        return int((self.run.result or {})["figures"]["n_tagged"]) if self.run is not None and self.run.result else 0


def past_of(store: Store, taxonomy: Taxonomy, tag_id: str) -> PastOfTag | None:
    """Return the newest sample of a living tag that was drawn of the tag as it is now, None if there is none."""
    for sample in store.samples.of_tag(tag_id):
        if sample.tag_version == tag_version(tag_id, taxonomy):
            state = state_of(store, sample)
            return PastOfTag(sample, state.in_words(), state.outcome == SHOWN, _run_of(store, sample))
    return None


def _run_of(store: Store, sample: Sample) -> Run | None:
    with suppress(NotFound):  # records of old runs are swept
        return store.runs.get(sample.run_id) if sample.run_id is not None else None
    return None


class Past(TagSite):
    """The forms that tag the past, as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.blueprint = Blueprint("past", __name__, url_prefix="/tags/past")
        self.blueprint.add_url_rule("/sample", "sample", self.sample, methods=["POST"])
        self.blueprint.add_url_rule("/run", "run", self.run, methods=["POST"])
        self.blueprint.add_url_rule("/undo", "undo", self.undo)
        self.blueprint.add_url_rule("/undo", "take_back", self.take_back, methods=["POST"])

    def sample(self) -> WsgiResponse:
        """Have the archive looked through for articles that would get a tag, and some of them drawn."""
        form = self.form()
        return self._begin(form, "sample", f"--by={form.session.editor}")

    def run(self) -> WsgiResponse:
        """Have older articles tagged. The run itself refuses what no sample shows."""
        return self._begin(self.form(), "run")

    def undo(self) -> str:
        """Show what the undo of the run of a tag takes back."""
        session, taxonomy = self.gate.require(TAXONOMISTS), self.changing.taxonomy()
        tag = known_tag(taxonomy, request.args.get("id", ""))
        past = past_of(self.store, taxonomy, tag.id)
        run = past.run if past is not None and past.run is not None and past.run.outcome != UNDONE else None
        to_undo = self.store.assignments.to_undo(run.id) if run is not None else None
        titles = self.store.titles(to_undo.first) if to_undo is not None else {}
        return self.render("tag_undo.html", session, tag=tag, run=run, to_undo=to_undo, titles=titles)

    def take_back(self) -> WsgiResponse:
        """Have what a run added taken back, but for what people have decided on."""
        form = self.form()
        run = self.store.runs.get(form.text("run", 64))
        self.beside(f"undo of {run.id}", LOOKING_SECONDS, "archive", "undo", run.id, f"--by={form.session.editor}")
        return self._lead(known_tag(self.changing.taxonomy(), form.text("tag")), "undo")

    def _begin(self, form: Form, what: str, *options: str) -> WsgiResponse:
        tag = known_tag(self.changing.taxonomy(), form.text("tag"))
        if tag.retired or not TAG_ID.fullmatch(tag.id):
            raise ApiProblem("bad-request", _("Only a living tag with a plain id can be put on older articles."))
        self.beside(f"{what} of {tag.id}", LOOKING_SECONDS, "archive", what, f"--tag={tag.id}", *options)
        return self._lead(tag, what)

    def _lead(self, tag: Tag, what: str) -> WsgiResponse:
        path = address(tag.id)
        return see(f"{path}{'&' if '?' in path else '?'}begun={what}#past")
