"""`questions …`: tags that vanished from many articles at once, and what a person says of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from classifier.commands.output import by_whom, print_json
from classifier.commands.parser import Commands, Options, Usage
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.store import Question, Store

_ANSWERS = {"removed": "the articles no longer carry it", "term_changed": "its term was renamed, merged or deleted"}


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("questions", "Say what it means that a CMS took a tag off many articles at once.")
    sub = commands.add(within, "list", _list, "List the questions that wait for an answer.", "database json")
    sub.add_argument("--all", action="store_true", help="also those that were answered in the last days")
    text = "Answer a question: `removed` or `term_changed`."
    sub = commands.add(within, "answer", _answer, text, "database json", "questions answer 3f2a… term_changed")
    sub.add_argument("id", metavar="ID")
    meaning = "; ".join(f"{answer}: {means}" for answer, means in _ANSWERS.items())
    sub.add_argument("answer", choices=tuple(_ANSWERS), help=meaning)
    _add_by(sub)
    sub = commands.add(within, "undo", _undo, "Take an answer back; the question waits again.", "database json")
    sub.add_argument("id", metavar="ID")
    _add_by(sub)
    text = "Find tags that were taken off more than ten articles within an hour, and that nobody was asked about."
    commands.add(within, "past", _past, text, "database json")
    text = "Ask about the removals of a tag since a day, which nobody was asked about when they came."
    sub = commands.add(within, "ask", _ask, text, "database json", "questions ask iskp --since 2026-05-01")
    sub.add_argument("tag", metavar="TAG")
    sub.add_argument("--since", required=True, metavar="DAY", help="such as 2026-05-01")


def _add_by(sub: Options) -> None:
    sub.add_argument(
        "--by", default=by_whom(), metavar="NAME", help="the editor in whose name it is logged (%(default)s)"
    )


def _store(options: argparse.Namespace) -> Store:
    from classifier.store import open_store

    return open_store(options.database)


def _list(options: argparse.Namespace, _settings: Settings) -> None:
    found = _store(options).questions.list(answered=options.all)
    if options.json:
        print_json({"questions": [vars(question) for question in found]})
        return
    if not found:
        print("no questions")
    for question in found:
        _print(question)


def _answer(options: argparse.Namespace, _settings: Settings) -> None:
    _say(options, _store(options).questions.answer(options.id, options.answer, options.by))


def _undo(options: argparse.Namespace, _settings: Settings) -> None:
    _say(options, _store(options).questions.undo(options.id, options.by))


def _past(options: argparse.Namespace, _settings: Settings) -> None:
    found = _store(options).questions.past()
    if options.json:
        print_json({"removals": [{"tag": tag, "hour": hour, "n_articles": n} for tag, hour, n in found]})
        return
    if not found:
        print("no tag was taken off so many articles at once")
    for tag, hour, n in found:
        print(f"{hour.replace('T', ' ')}h  {n:>6} articles  {tag}  (questions ask {tag} --since {hour[:10]})")


def _ask(options: argparse.Namespace, _settings: Settings) -> None:
    from datetime import date

    try:
        since = date.fromisoformat(options.since).isoformat()
    except ValueError:
        raise Usage(f"--since is a day such as 2026-05-01, not {options.since!r}.") from None
    _say(options, _store(options).questions.ask(options.tag, since))


def _say(options: argparse.Namespace, question: Question) -> None:
    if options.json:
        print_json(vars(question))
    else:
        _print(question)


def _print(question: Question) -> None:
    said = f"{question.answered_by}: {_ANSWERS[question.answer]}" if question.answer else f"{question.waiting} wait"
    print(f"{question.id}  {question.asked_at[:16].replace('T', ' ')}  {question.tag}", end="")
    print(f"  {question.n_articles} articles of {question.key or 'the CMS'}; {said}")
