"""`questions …`: ask a person why a tag vanished from many articles at once, and record the answer."""

from argparse import Namespace

from classifier.commands.common import minute, print_json, print_result, print_rows, store_of
from classifier.settings import Settings
from classifier.store.questions import Question

_ANSWERS = {"removed": "the articles no longer carry it", "term_changed": "its term was renamed, merged or deleted"}


def do_list(options: Namespace, _settings: Settings) -> None:
    questions = store_of(options).questions.list(answered=options.all)
    print_rows(options, "questions", questions, map(_line, questions), "no questions")


def do_answer(options: Namespace, _settings: Settings) -> None:
    _print(options, store_of(options).questions.answer(options.id, options.answer, options.by))


def do_undo(options: Namespace, _settings: Settings) -> None:
    _print(options, store_of(options).questions.undo(options.id, options.by))


def do_past(options: Namespace, _settings: Settings) -> None:
    removals = store_of(options).questions.past()
    if options.json:
        print_json({"removals": [{"tag": tag, "hour": hour, "n_articles": n} for tag, hour, n in removals]})
        return
    if not removals:
        print("no tag was taken off so many articles at once")
    for tag, hour, n in removals:
        print(f"{hour.replace('T', ' ')}h  {n:>6} articles  {tag}  (questions ask {tag} --since {hour[:10]})")


def do_ask(options: Namespace, _settings: Settings) -> None:
    _print(options, store_of(options).questions.ask(options.tag, options.since))


def _print(options: Namespace, question: Question) -> None:
    print_result(options, vars(question), _line(question))


def _line(question: Question) -> str:
    answer = f"{question.answered_by}: {_ANSWERS[question.answer]}" if question.answer else f"{question.waiting} wait"
    asked = f"{question.id}  {minute(question.asked_at)}  {question.tag}"
    return f"{asked}  {question.n_articles} articles of {question.key or 'the CMS'}; {answer}"
