"""Flask endpoints that do nothing with a JSON body but read it, and parse it: what the server itself costs."""

from flask import Flask, Response, request

READS, PARSES = "/v1/suggest", "/v1/parse"


def create_app() -> Flask:
    """Return the app."""
    app = Flask("noop")

    @app.post(READS)
    def read() -> Response:
        request.get_data()
        return Response("{}", content_type="application/json")

    @app.post(PARSES)
    def parse() -> Response:
        request.get_json()
        return Response("{}", content_type="application/json")

    return app
