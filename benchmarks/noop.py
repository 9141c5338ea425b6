"""A Flask endpoint that reads a JSON body and does nothing: what the server itself costs."""

from flask import Flask, Response, request


def create_app() -> Flask:
    """Return the app."""
    app = Flask("noop")

    @app.post("/v1/suggest")
    def suggest() -> Response:
        request.get_data()
        return Response("{}", content_type="application/json")

    return app
