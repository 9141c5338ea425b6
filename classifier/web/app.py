"""The Flask app: API, pages, problem responses and security headers, put together from what it is handed."""

from functools import partial

from flask import Flask

from classifier.errors import TaggerError
from classifier.operations.backups import Backups
from classifier.operations.hosts import NO_HOSTS, Hosts
from classifier.operations.single_sign_on import SingleSignOn
from classifier.reports.layout import without_commands
from classifier.serving.model_changes import ModelChanges
from classifier.serving.registry import Registry
from classifier.serving.tagger import Tagger
from classifier.serving.trainer import Trainer
from classifier.store.queue import STARTER
from classifier.store.store import Store
from classifier.web import bodies, problems, static_files, texts
from classifier.web.api.archives import Archives
from classifier.web.api.articles import Articles
from classifier.web.api.assignments import AssignmentFeed
from classifier.web.api.decisions import Decisions
from classifier.web.api.disputes import Disputes
from classifier.web.api.exchange import Exchange
from classifier.web.api.history import Histories
from classifier.web.api.models import Models
from classifier.web.api.queue import QueueWork
from classifier.web.api.router import Router
from classifier.web.api.runs import Trainings
from classifier.web.api.samples import Samples
from classifier.web.api.schedule import ScheduleApi
from classifier.web.api.taxonomy import Taxonomies
from classifier.web.api.terms import Terms
from classifier.web.api.webhooks import WebhookApi
from classifier.web.changing import Changing
from classifier.web.door import PATH, Door
from classifier.web.guard import headers, limits
from classifier.web.guard.auth import COOKIE, Gate, SignInFirst, check_origin, sign_in_first
from classifier.web.guard.limits import Limits
from classifier.web.incoming import begin_requests, incoming
from classifier.web.pages import language
from classifier.web.pages.archive import ArchivePages
from classifier.web.pages.archive_result import ArchiveResult
from classifier.web.pages.archive_tags import ArchiveTags
from classifier.web.pages.article import Pages
from classifier.web.pages.data import DataPages
from classifier.web.pages.health import HealthPages
from classifier.web.pages.history import History
from classifier.web.pages.join import Join
from classifier.web.pages.model_sheets import ModelSheets
from classifier.web.pages.models import ModelPages
from classifier.web.pages.people import PeoplePages
from classifier.web.pages.proposals import Proposals
from classifier.web.pages.reports import ReportPages
from classifier.web.pages.review import Review
from classifier.web.pages.rising import Rising
from classifier.web.pages.showing import parts_of
from classifier.web.pages.sign_in import SignIn
from classifier.web.pages.tag_basket import Basket
from classifier.web.pages.tag_changes import Changes
from classifier.web.pages.tag_files import Files
from classifier.web.pages.tag_past import Past
from classifier.web.pages.tags import TagPages
from classifier.web.pages.webhooks import WebhookPages
from classifier.web.site import section_at, sections_for
from classifier.web.superdesk import Superdesk
from classifier.web.watch.metrics import Metrics, watch

MAX_BODY_BYTES = 2 * 1024 * 1024


def build_app(
    tagger: Tagger,
    registry: Registry,
    max_body_bytes: int = MAX_BODY_BYTES,
    retrain_hours: float = 24.0,
    metrics_need_key: bool = False,
    allowed: Limits | None = None,
    second_person: int = 0,
    superdesk: bool = False,
    hosts: Hosts = NO_HOSTS,
    has_door: bool = True,
    schedule_is_fixed: bool = False,
    sign_on: SingleSignOn | None = None,
) -> Flask:
    """Return the WSGI app of a tagger. `retrain_hours` is how often `retrain` is expected to run.

    Webhooks may be sent to `hosts`. With `superdesk` it answers the tagging panel of Superdesk too. Without the door Flask
    answers every request. Where the schedule of trainings is fixed, nobody changes it here. People sign in by
    `sign_on` too, if the house has a provider.
    """
    app = Flask("classifier.web", static_folder="static", template_folder="templates")
    app.config["MAX_FORM_MEMORY_SIZE"] = max_body_bytes
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(parts=parts_of, without_commands=without_commands)
    app.jinja_env.globals.update(section_at=section_at)
    allowed = allowed or Limits()
    gate = Gate(tagger.store, allowed.rate, allowed.proxies)
    app.context_processor(lambda: _signed_in(gate))
    app.jinja_env.globals.update(lacks_articles=lambda: not tagger.store.count_articles().keys() - {STARTER})
    changing = Changing(tagger, registry, second_person)
    taxonomies = Taxonomies(tagger, changing)
    terms, exchange, trainer = Terms(tagger, registry), Exchange(tagger, registry), Trainer(tagger.store, registry)
    changes = ModelChanges(tagger.store, registry)
    schedule = ScheduleApi(tagger.store, schedule_is_fixed)
    models, work = Models(tagger, changes, retrain_hours), (QueueWork(tagger), Disputes(tagger))
    groups = (
        *(Articles(tagger, terms), Histories(tagger), Decisions(tagger), *work, Samples(tagger)),
        AssignmentFeed(tagger),
        *(
            models,
            Trainings(trainer),
            Archives(tagger.store, registry),
            schedule,
            exchange,
            taxonomies,
            terms,
            WebhookApi(tagger, hosts),
        ),
    )
    api = Router(gate, max_body_bytes, [endpoint for group in groups for endpoint in group.endpoints()])
    app.register_blueprint(api.blueprint)
    app.register_blueprint(Pages(tagger, gate, api.endpoints, max_body_bytes).blueprint)
    if superdesk:
        app.register_blueprint(Superdesk(tagger, gate, max_body_bytes).blueprint)
    _let_people_in(app, tagger.store, gate, sign_on)
    app.register_blueprint(Review(tagger, gate).blueprint)
    app.register_blueprint(History(tagger, gate).blueprint)
    app.register_blueprint(Proposals(gate, changing, max_body_bytes).blueprint)
    app.register_blueprint(Files(gate, changing, max_body_bytes).blueprint)
    for pages in (TagPages, Basket, Changes, Rising, Past):
        app.register_blueprint(pages(gate, changing).blueprint)
    for reports in (ReportPages, DataPages):
        app.register_blueprint(reports(tagger, registry, gate).blueprint)
    app.register_blueprint(WebhookPages(tagger, gate, hosts).blueprint)
    app.register_blueprint(ModelPages(tagger, gate, changes, trainer, schedule).blueprint)
    app.register_blueprint(ModelSheets(gate, changing).blueprint)
    for part in (
        ArchivePages(gate, changing, allowed.upload_bytes),
        ArchiveTags(gate, changing),
        ArchiveResult(gate, changing, trainer, changes),
    ):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(HealthPages(tagger, Backups(tagger.store, registry), gate, retrain_hours).blueprint)
    app.register_blueprint(Metrics(tagger, registry, gate, retrain_hours, metrics_need_key).blueprint)
    app.register_blueprint(language.blueprint)
    static_files.install(app)
    texts.install(app)
    problems.install(app)
    app.register_error_handler(SignInFirst, sign_in_first)
    begin_requests(app)
    if has_door:
        app.wsgi_app = Door(app, api.answers["POST", PATH])  # type: ignore[method-assign]
    watch(app)
    app.before_request(check_origin)
    app.before_request(partial(_show_what_people_changed, tagger))
    limits.install(app, allowed)
    bodies.install(app)
    headers.install(app)
    return app


def _let_people_in(app: Flask, store: Store, gate: Gate, sign_on: SingleSignOn | None) -> None:
    """Add the pages by which people come in."""
    if sign_on is not None:
        from classifier.web.pages.single_sign_on import (
            SingleSignOnPages,  # without a provider its libraries stay unloaded
        )

        app.register_blueprint(SingleSignOnPages(store, gate, sign_on).blueprint)
    for pages in (SignIn(store, gate, sign_on), PeoplePages(store, gate, sign_on), Join(store, gate)):
        app.register_blueprint(pages.blueprint)


def _show_what_people_changed(tagger: Tagger) -> None:
    """Let whoever is signed in see the taxonomy of now. Programs see it within a second."""
    if COOKIE in incoming().request.environ.get("HTTP_COOKIE", ""):
        tagger.serving.catch_up()


def _signed_in(gate: Gate) -> dict[str, object]:
    """Return who is signed in and the sections that they may see, for the head of every page."""
    try:
        session = gate.session()
    except TaggerError:  # the page says that something else is wrong
        session = None
    if session is None:
        return {"editor": None, "csrf": None, "sections": sections_for(None), "has_account": False, "is_admin": False}
    role = session.key.role if session.key is not None else "admin"  # while no key exists everything is open
    shown = {"sections": sections_for(role), "has_account": session.key is not None, "is_admin": role == "admin"}
    return {"editor": session.editor, "csrf": session.csrf, **shown}
