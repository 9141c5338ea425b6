"""The pages for people, and how one is rendered for somebody who is signed in."""

from flask import render_template

from classifier.store.keys import Session


def render(name: str, session: Session, **values: object) -> str:
    """Return a page that says at its head who is signed in."""
    return render_template(name, editor=session.editor, csrf=session.csrf, **values)
