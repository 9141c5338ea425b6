"""A tag for the past: the sample that editors judge, and the run that tags older articles once it shows enough."""

from typing import NamedTuple

from flask import Blueprint
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.taxonomy import TAG_ID, Taxonomy
from classifier.gate.acceptance import SHOWN
from classifier.serving.sampling import state_of, tag_version
from classifier.store.samples import Sample
from classifier.store.store import Store
from classifier.web.changing import Changing
from classifier.web.guard.auth import Gate
from classifier.web.pages.forms import Form, see
from classifier.web.pages.tag_site import TagSite, address, known_tag
from classifier.web.problems import ApiProblem

LOOKING_SECONDS = 60.0  # from one reading of the archive for a tag to the next


class PastOfTag(NamedTuple):
    """The sample of a tag as it is now, where it stands in words, and whether a run may add the tag."""

    sample: Sample
    words: str
    is_shown: bool


def past_of(store: Store, taxonomy: Taxonomy, tag_id: str) -> PastOfTag | None:
    """Return the newest sample of a living tag that was drawn of the tag as it is now, None if there is none."""
    for sample in store.samples.of_tag(tag_id):
        if sample.tag_version == tag_version(tag_id, taxonomy):
            state = state_of(store, sample)
            return PastOfTag(sample, state.in_words(), state.outcome == SHOWN)
    return None


class Past(TagSite):
    """The forms that tag the past, as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.blueprint = Blueprint("past", __name__, url_prefix="/tags/past")
        self.blueprint.add_url_rule("/sample", "sample", self.sample, methods=["POST"])
        self.blueprint.add_url_rule("/run", "run", self.run, methods=["POST"])

    def sample(self) -> WsgiResponse:
        """Have the archive looked through for articles that would get a tag, and some of them drawn."""
        form = self.form()
        return self._begin(form, "sample", f"--by={form.session.editor}")

    def run(self) -> WsgiResponse:
        """Have older articles tagged. The run itself refuses what no sample shows."""
        return self._begin(self.form(), "run")

    def _begin(self, form: Form, what: str, *options: str) -> WsgiResponse:
        tag = known_tag(self.changing.taxonomy(), form.text("tag"))
        if tag.retired or not TAG_ID.fullmatch(tag.id):
            raise ApiProblem("bad-request", "Only a living tag with a plain id can be put on older articles.")
        self.beside(f"{what} of {tag.id}", LOOKING_SECONDS, "archive", what, f"--tag={tag.id}", *options)
        path = address(tag.id)
        return see(f"{path}{'&' if '?' in path else '?'}begun={what}#past")
