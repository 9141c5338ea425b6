"""`questions …`: ask a person why a tag vanished from many articles at once, and record the answer."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from classifier.commands.opening import store_of
from classifier.commands.output import print_json, print_result, user_name
from classifier.commands.parser import Commands, Options, Usage
from classifier.settings import Settings

if TYPE_CHECKING:
    from classifier.store.questions import Question

_ANSWERS = {"removed": "the articles no longer carry it", "term_changed": "its term was renamed, merged or deleted"}


def register(commands: Commands) -> None:
    """Add the group and its commands."""
    within = commands.group("questions", "Answer what it means that a CMS took a tag off many articles at once.")
    sub = commands.add(
        within, "list", _list, "List the questions that wait for an answer.", "database json", "questions list"
    )
    sub.add_argument("--all", action="store_true", help="also list those that were answered in the last days")
    text = "Answer whether the tag is wrong for these articles or its term changed."
    sub = commands.add(within, "answer", _answer, text, "database json", "questions answer 3f2a… term_changed")
    sub.add_argument("id", metavar="ID", help="of `questions list`")
    meaning = "; ".join(f"{answer}: {means}" for answer, means in _ANSWERS.items())
    sub.add_argument("answer", choices=tuple(_ANSWERS), help=meaning)
    _add_by(sub)
    sub = commands.add(
        within,
        "undo",
        _undo,
        "Take an answer back, so that the question waits again.",
        "database json",
        "questions undo 3f2a…",
    )
    sub.add_argument("id", metavar="ID", help="of `questions list`")
    _add_by(sub)
    text = "Find tags that were taken off more than ten articles within an hour without a question."
    commands.add(
        within, "past", _past, text, "database json", next_step="`questions ask TAG --since DAY` asks about them."
    )
    text = "Ask afterwards about the removals of a tag since a day."
    sub = commands.add(within, "ask", _ask, text, "database json", "questions ask iskp --since 2026-05-01")
    sub.add_argument("tag", metavar="TAG", help="id of the tag")
    sub.add_argument("--since", required=True, metavar="DAY", help="such as 2026-05-01")


def _add_by(sub: Options) -> None:
    sub.add_argument(
        "--by", default=user_name(), metavar="NAME", help="the editor who answers, for the log (%(default)s)"
    )


def _list(options: argparse.Namespace, _settings: Settings) -> None:
    questions = store_of(options).questions.list(answered=options.all)
    if options.json:
        print_json({"questions": [vars(question) for question in questions]})
        return
    if not questions:
        print("no questions")
    for question in questions:
        print(_line(question))


def _answer(options: argparse.Namespace, _settings: Settings) -> None:
    _print(options, store_of(options).questions.answer(options.id, options.answer, options.by))


def _undo(options: argparse.Namespace, _settings: Settings) -> None:
    _print(options, store_of(options).questions.undo(options.id, options.by))


def _past(options: argparse.Namespace, _settings: Settings) -> None:
    removals = store_of(options).questions.past()
    if options.json:
        print_json({"removals": [{"tag": tag, "hour": hour, "n_articles": n} for tag, hour, n in removals]})
        return
    if not removals:
        print("no tag was taken off so many articles at once")
    for tag, hour, n in removals:
        print(f"{hour.replace('T', ' ')}h  {n:>6} articles  {tag}  (questions ask {tag} --since {hour[:10]})")


def _ask(options: argparse.Namespace, _settings: Settings) -> None:
    from datetime import date

    try:
        since = date.fromisoformat(options.since).isoformat()
    except ValueError:
        raise Usage(f"--since is a day such as 2026-05-01, not {options.since!r}.") from None
    _print(options, store_of(options).questions.ask(options.tag, since))


def _print(options: argparse.Namespace, question: Question) -> None:
    print_result(options, vars(question), _line(question))


def _line(question: Question) -> str:
    answer = f"{question.answered_by}: {_ANSWERS[question.answer]}" if question.answer else f"{question.waiting} wait"
    asked = f"{question.id}  {question.asked_at[:16].replace('T', ' ')}  {question.tag}"
    return f"{asked}  {question.n_articles} articles of {question.key or 'the CMS'}; {answer}"
