"""The WSGI entry: `service:create_app()`. Settings -> store, registry, tagger -> web; nothing else."""

import time

import structlog
from flask import Flask

from classifier.errors import BadStore
from classifier.operations.deliverer import Deliverer
from classifier.serving.answers import Answers
from classifier.serving.backlog import Backlog
from classifier.serving.live import SHARE, LiveRates
from classifier.serving.publisher import Publisher
from classifier.serving.registry import Registry
from classifier.serving.scheduler import Scheduler
from classifier.serving.serving import Serving
from classifier.serving.tagger import Tagger
from classifier.serving.traces import watch_traces
from classifier.serving.trainer import Trainer
from classifier.settings import mail_of, read_settings, sign_on_of
from classifier.store.arrivals import Shares
from classifier.store.database.engine import DamagedStore, make_engine
from classifier.store.database.opening import open_store
from classifier.store.store import Store
from classifier.text.detector import DETECTOR
from classifier.web import build_app
from classifier.web.guard.limits import Limits
from classifier.web.watch import logs


def create_app() -> Flask:
    """Return the app of the settings in the environment."""
    logs.configure()
    settings = read_settings()
    registry = Registry(settings.models)
    DETECTOR.keep_in(settings.models)
    shares = Shares(settings.blind_share, settings.second_share)
    answers = Answers(settings.cache_mb << 20)
    tagger = Tagger(Serving(registry, long_lived=True), _opened(settings.database_url), shares, answers)
    # Some threads stay free for bodies that come slowly, for health and for saying no.
    at_once = min(settings.at_once, max(1, settings.threads * 3 // 4))
    limits = Limits(settings.rate_limit, at_once, settings.read_seconds, settings.proxies, settings.upload_mb << 20)
    needs_key = settings.metrics == "key"
    sizes = settings.max_body_bytes, settings.retrain_hours
    hosts = settings.webhook_hosts
    app = build_app(
        *(
            tagger,
            registry,
            *sizes,
            needs_key,
            limits,
            settings.second_person,
            settings.superdesk,
            settings.webhook_hosts,
        ),
        schedule_is_fixed=settings.schedule is not None,
        sign_on=sign_on_of(settings),
    )
    logs.watch(app)
    Publisher(registry, tagger.store).start()
    Backlog(tagger, settings.backlog_rate).start()
    if settings.live_rates:
        LiveRates(tagger.serving, tagger.store.live, SHARE).start()
    Deliverer(tagger.store, hosts, settings.address, settings.retrain_hours, mail_of(settings)).start()
    Scheduler(Trainer(tagger.store, registry), settings.schedule).start()
    watch_traces(tagger.store, registry)
    return app


def _opened(url: str) -> Store:
    """Return the store; while its server is away, wait for it.

    A worker that cannot begin ends the whole service, and the others suggest without a database.
    """
    is_file = make_engine(url).dialect.name == "sqlite"  # a URL that cannot be read is no server that is away
    while True:
        try:
            return open_store(url)
        except BadStore as error:
            if is_file or isinstance(error, DamagedStore):
                raise
            structlog.get_logger().warning("no_database", reason=str(error))
            time.sleep(1.0)
