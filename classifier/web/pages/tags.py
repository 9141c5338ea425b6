"""The pages of the taxonomy that show: the list of all tags, and each tag with what became of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as WsgiResponse

from classifier.domain.operations import ChangeAlias
from classifier.domain.redeciding import choices_between
from classifier.domain.taxonomy import Alias, Tag, Taxonomy
from classifier.domain.taxonomy_log import FoldedLog, Row
from classifier.errors import BadOperation
from classifier.reports.lint.kept import KEPT_LINT, KeptAlias
from classifier.reports.preview.records import AliasHits
from classifier.reports.uses import KEPT_USES, TagUse
from classifier.store.keys import Session
from classifier.store.reports import KeptReport
from classifier.store.rows import hours_since
from classifier.web.bodies import json_response
from classifier.web.changing import Changing
from classifier.web.guard.auth import PEOPLE, Gate
from classifier.web.pages.forms import see
from classifier.web.pages.sentences import Sentence, Sentences
from classifier.web.pages.tag_list import ORDERS, STATUSES, TREE, VIEWS, Known, Wanted, found_tags, listed, offered
from classifier.web.pages.tag_past import past_of
from classifier.web.pages.tag_site import TagSite, address, known_tag, onward
from classifier.web.texts import label_of

N_WAITING = 20  # articles that are listed of those that wait for a decision
N_EVENTS = 50
N_ALIASES = 12  # that are shown at once
OLD_HOURS = 1.0
MAKING_SECONDS = 30.0
CHECKING_SECONDS = 120.0
MAX_PAGE = 10_000


class Event(NamedTuple):
    """A change of a tag, as a page tells it. `may_undo` says that it is in effect, and no undo itself."""

    row: Row
    sentence: Sentence
    undone_by: int | None
    may_undo: bool


class AliasView(NamedTuple):
    """An alias, what is known of its use, and whether it is the tag's label, which stays an alias."""

    alias: Alias
    hits: KeptAlias | None


class TagPages(TagSite):
    """The pages as a blueprint."""

    def __init__(self, gate: Gate, changing: Changing) -> None:
        super().__init__(gate, changing)
        self.blueprint = Blueprint("tags", __name__, url_prefix="/tags")
        add = self.blueprint.add_url_rule
        add("", "list", self.list)
        add("/names", "names", self.names)
        add("/tag", "any_tag", self.any_tag)
        add("/check", "check", self.check, methods=["POST"])
        add("/split", "split", self.split)
        add("/try", "try_alias", self.try_alias, methods=["POST"])
        add("/<tag_id>", "tag", self.tag)

    # --- all tags -----------------------------------------------------------------------------------------------

    def list(self) -> str:
        """Show the tags that were asked for, a page of them."""
        session = self.reader()
        taxonomy, wanted = self.changing.taxonomy(), _wanted()
        known, made, checked = self._known(taxonomy)
        listing = listed(taxonomy, wanted, known)
        return self.render(
            "tags.html",
            session,
            listing=listing,
            wanted=wanted,
            orders=ORDERS,
            statuses=STATUSES,
            kinds=sorted(taxonomy.kinds or {tag.kind for tag in taxonomy.tags}),
            n_tags=sum(not tag.retired for tag in taxonomy.tags),
            n_flagged=sum(tag in taxonomy.by_id for tag in known.findings),
            made=made,
            checked=checked,
            checking=request.args.get("checking") == "1",
            nearest=[] if listing.n or not wanted.text else found_tags(taxonomy, wanted.text.split()[0])[:5],
            with_=_with,
        )

    def check(self) -> WsgiResponse:
        """Have the taxonomy checked against the archive, beside the service."""
        form = self.form()
        self.beside("check of the tags", CHECKING_SECONDS, "tags", "lint", "--keep")
        return see(f"{onward(form).partition('?')[0]}?checking=1")

    def names(self) -> Response:
        """Return the tags that a field offers for what was typed, as JSON."""
        self.gate.check(PEOPLE)
        tags = offered(self.changing.taxonomy(), request.args.get("q", "")[:200])
        return json_response({"tags": [{"id": tag.id, "label": label_of(tag), "kind": tag.kind} for tag in tags]})

    def _known(self, taxonomy: Taxonomy) -> tuple[Known, KeptReport | None, KeptReport | None]:
        """Return what was kept of the use of tags and when, and of their check. The first is made anew where it is old."""
        uses, lint = KEPT_USES.of(self.store), KEPT_LINT.of(self.store)
        if uses is None or self._is_old(uses.stamp, taxonomy):
            self.beside("desk report", MAKING_SECONDS, "desk-report", "--keep")
        known = Known(uses.content if uses is not None else {}, lint.content.findings if lint is not None else {})
        return known, uses.stamp if uses is not None else None, lint.stamp if lint is not None else None

    def _is_old(self, kept: KeptReport, taxonomy: Taxonomy) -> bool:
        is_other = kept.taxonomy_version != taxonomy.version or kept.last_decision != self.store.log.last()
        return is_other or hours_since(kept.made_at) > OLD_HOURS

    # --- one tag ------------------------------------------------------------------------------------------------

    def any_tag(self) -> str:
        """Show a tag whose id cannot be part of an address."""
        return self.tag(request.args.get("id", ""))

    def tag(self, tag_id: str) -> str:
        """Show a tag, living or retired."""
        return self._page(self.reader(), tag_id)

    def split(self) -> str:
        """Show the articles that wait for a decision since a tag was split, or a merge into it undone."""
        session, taxonomy = self.reader(), self.changing.taxonomy()
        tag = known_tag(taxonomy, request.args.get("id", ""))
        n, rows = self.store.redeciding.waiting(tag.id, limit=N_WAITING)
        choices = self.store.redeciding.choices_of(tag.id)
        query = urlencode({"state": "all", "redecide": tag.id})
        return self.render("split.html", session, tag=tag, n=n, rows=rows, choices=choices, query=query)

    def try_alias(self) -> str | tuple[str, int]:
        """Show a tag with what an alias that somebody tries would find in the newest articles."""
        form = self.form()
        tag_id, alias = form.text("tag"), alias_of(form.text)
        fields = {name: form.text(name) for name in ("alias", "needs", "exact")}
        try:
            hits = self.changing.preview([ChangeAlias(tag_id, add=alias)])["hits"]
        except BadOperation as error:
            return self._page(form.session, tag_id, asked=fields, problem=str(error)), 422
        tried = next((row for row in hits if row["alias"] == alias.text), None)
        return self._page(form.session, tag_id, asked=fields, tried=tried)

    def _page(
        self,
        session: Session,
        tag_id: str,
        asked: Mapping[str, str] | None = None,
        tried: AliasHits | None = None,
        problem: str | None = None,
    ) -> str:
        log, taxonomy = self.changing.log(), self.changing.taxonomy()
        tag = known_tag(taxonomy, tag_id)
        use, near = self._use(tag, taxonomy)
        lint = KEPT_LINT.of(self.store)
        hits = {row.alias: row for row in lint.content.aliases.get(tag_id, ())} if lint is not None else {}
        rows = [row for row in reversed(log.rows) if tag_id in log.states[row.n]]
        return self.render(
            "tag.html",
            session,
            tag=tag,
            heir=taxonomy.replacement_of(tag_id) if tag.retired else None,
            narrower=sorted(
                (each for each in taxonomy.tags if tag_id in each.broader and not each.retired), key=label_of
            ),
            use=use,
            near=near,
            aliases=_most_used_first([AliasView(alias, hits.get(alias.text)) for alias in tag.aliases]),
            n_aliases=N_ALIASES,
            counted=lint.stamp if lint is not None else None,
            findings=lint.content.findings.get(tag_id, []) if lint is not None else [],
            decisions=self.store.log.counts_of([tag_id]).get(tag_id, {}),
            past=None if tag.retired else past_of(self.store, taxonomy, tag_id),
            begun=request.args.get("begun", ""),
            is_open=bool(choices_between(tag.id, taxonomy)),
            events=events_of(log, taxonomy, rows[:N_EVENTS]),
            n_events=len(rows),
            tried=tried,
            problem=problem,
            asked=asked or {},
            here=address(tag_id),
        )

    def _use(self, tag: Tag, taxonomy: Taxonomy) -> tuple[TagUse | None, Sequence[tuple[Tag, int]]]:
        """Return how a tag is used, and the tags beside which it stands most often."""
        uses = KEPT_USES.of(self.store)
        use = uses.content.get(tag.id) if uses is not None else None
        near = [(taxonomy.by_id[each.tag], each.n) for each in use.near if each.tag in taxonomy.by_id] if use else []
        return use, near


def alias_of(field: Callable[[str], str | None]) -> Alias:
    """Return the alias of the fields of a form. `field` returns one by its name."""
    needs = tuple(word.strip()[:80] for word in (field("needs") or "").split(",") if word.strip())[:20]
    text = " ".join((field("alias") or "").split())[:200]
    return Alias(text, case_exact=bool(field("exact")), weak=bool(field("weak")), needs=needs)


def events_of(log: FoldedLog, taxonomy: Taxonomy, rows: Sequence[Row]) -> Sequence[Event]:
    """Return rows of a log as a page tells them."""
    told = Sentences(taxonomy)
    return [
        Event(row, told.done(row, log), log.undone_by(row.n), row.n > 1 and log.undone_by(row.n) is None)
        for row in rows
    ]


def _most_used_first(aliases: Sequence[AliasView]) -> Sequence[AliasView]:
    return sorted(aliases, key=lambda view: -(view.hits.articles if view.hits is not None else 0))


def _wanted() -> Wanted:
    """Return which tags the query string asks for. What it cannot mean is passed over."""
    args = request.args
    page = args.get("page", "1")
    order, status, view = args.get("order", "label"), args.get("status", "living"), args.get("view", TREE)
    return Wanted(
        " ".join(args.get("q", "").split())[:200],
        args.get("kind", "")[:80],
        status if status in STATUSES else "living",
        args.get("flagged") == "1",
        order if order in ORDERS else "label",
        view if view in VIEWS else TREE,
        min(int(page), MAX_PAGE) if page.isascii() and page.isdecimal() and 0 < len(page) < 8 and int(page) else 1,
    )


def _with(wanted: Wanted, **changed: object) -> str:
    """Return the address of the list with other wishes."""
    names = {"text": "q", "flagged": "flagged"}
    fields = wanted._asdict() | changed
    plain = Wanted()._asdict()
    query = {
        names.get(name, name): "1" if value is True else value for name, value in fields.items() if value != plain[name]
    }
    return "/tags" + (f"?{urlencode(query)}" if query else "")
