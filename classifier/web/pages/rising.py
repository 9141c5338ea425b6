"""Names that rise in the news and belong to no tag: with one press a name is a tag, and the articles that name it have it."""

from typing import NamedTuple

from flask import Blueprint, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import Create
from classifier.domain.taxonomy import Tag, alias_to_json
from classifier.errors import BadOperation, NeedsAnother
from classifier.reports.drift.kept import kept_rising
from classifier.reports.drift.records import RisingName
from classifier.reports.drift.wording import rise_in_words
from classifier.serving.naming import articles_naming, safe_aliases
from classifier.serving.taxonomy import change
from classifier.store.keys import Session
from classifier.store.naming import giving
from classifier.texts import _, ngettext
from classifier.web.changing import Changing
from classifier.web.guard.auth import Gate
from classifier.web.pages.forms import see
from classifier.web.pages.tag_list import tag_named
from classifier.web.pages.tag_operations import free_id
from classifier.web.pages.tag_site import MAX_NAME, TagSite
from classifier.web.problems import ApiProblem, problem_of

LOOKING_SECONDS = 120.0
USUAL_KIND = "group"


class Name(NamedTuple):
    """A rising name, how it rises in words, and the tag that has it by now."""

    row: RisingName
    rise: str
    tag: Tag | None


class Rising(TagSite):
    """The page of rising names as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.blueprint = Blueprint("rising", __name__, url_prefix="/tags/rising")
        add = self.blueprint.add_url_rule
        add("", "list", self.list)
        add("", "make", self.make, methods=["POST"])
        add("/look", "look", self.look, methods=["POST"])

    def list(self) -> str:
        """Show the names that rose when the archive was last looked through."""
        return self._page(self.reader())

    def look(self) -> WsgiResponse:
        """Have the archive looked through for rising names, beside the service."""
        self.form()
        self.beside("rising names", LOOKING_SECONDS, "drift-report", "--keep")
        return see("/tags/rising?looking=1")

    def make(self) -> WsgiResponse | tuple[str, int]:
        """Make a name a tag, and give it to the articles that name it."""
        form = self.form()
        kept = kept_rising(self.store)
        row = next((row for row in kept[0].rising if row.name == form.text("name")), None) if kept else None
        if row is None:
            raise ApiProblem("bad-request", _("This name does not rise any more. Load the page again."))
        try:
            set_id, n = self._make(row, form.text("label", MAX_NAME) or row.name, form.text("kind"), form.session)
        except (BadOperation, NeedsAnother) as error:
            return self._page(form.session, str(error), row.name), problem_of(error).response().status_code
        return see(f"/tags/changes/{set_id}?applied=1&tagged={n}")

    def _make(self, row: RisingName, label: str, kind: str, session: Session) -> tuple[str, int]:
        """Make the tag and tag the articles, and return the change set and the number of the articles."""
        taxonomy, editor, label = self.changing.taxonomy(), session.editor, " ".join(label.split())
        aliases = safe_aliases([label, row.name, *row.variants])
        if not aliases:
            raise BadOperation(_("“%(name)s” is too short or too common to be looked for by itself.", name=row.name))
        fields = {"aliases": [alias_to_json(alias) for alias in aliases]}
        created = Create(free_id(taxonomy, label), label, kind or USUAL_KIND, fields=fields)
        after = self.store.taxonomy.preview([created]).taxonomy()
        named = articles_naming(self.store, after, created.tag, [article.article for article in row.articles])
        if 0 < self.changing.second_person < len(named):
            raise NeedsAnother(
                ngettext(
                    "%(n)s article names it. Propose the tag, and let another taxonomist apply it.",
                    "%(n)s articles name it. Propose the tag, and let another taxonomist apply it.",
                    len(named),
                )
            )
        # In one transaction: a process that dies leaves no tag that only some of the articles have.
        note, then = f"{label} rises in the news", giving(created.tag, named, editor)
        applied = change(self.changing.registry, self.store, [created], editor, note, then=then)
        return applied.change_set, len(named)

    def _page(self, session: Session, problem: str | None = None, at: str | None = None) -> str:
        kept, taxonomy = kept_rising(self.store), self.changing.taxonomy()
        kinds = sorted(taxonomy.kinds or {tag.kind for tag in taxonomy.tags}) or ["theme"]
        names = [
            Name(row, rise_in_words(row), tag_named(taxonomy, row.name)) for row in (kept[0].rising if kept else ())
        ]
        return self.render(
            "rising.html",
            session,
            names=names,
            kept=kept[1] if kept else None,
            kinds=kinds,
            usual=USUAL_KIND if USUAL_KIND in kinds else kinds[0],
            looking=request.args.get("looking") == "1",
            problem=problem,
            at=at,
        )
