"""The service over HTTP: the API, the pages, and the problem responses of both."""

from classifier.web.app import build_app

__all__ = ["build_app"]
