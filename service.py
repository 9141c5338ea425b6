"""The WSGI entry: `service:create_app()`. Settings -> store, registry, tagger -> web; nothing else."""

from flask import Flask

from classifier.registry import Registry, Serving
from classifier.settings import read_settings
from classifier.store import Shares, open_store
from classifier.tagger import Tagger
from classifier.web import build_app, logs


def create_app() -> Flask:
    """Return the app of the settings in the environment."""
    settings = read_settings()
    registry = Registry(settings.models)
    shares = Shares(settings.blind_share, settings.second_share)
    tagger = Tagger(Serving(registry), open_store(settings.database_url), shares)
    app = build_app(tagger, registry, settings.max_body_bytes, settings.retrain_hours, settings.metrics == "key")
    logs.configure()
    logs.watch(app)
    return app
