"""Articles, decisions and keys in a database: SQLite by default, PostgreSQL where several machines share it."""

from classifier.store.arrivals import NO_SHARES, Shares
from classifier.store.assignments import BLIND, COMPLETE, OUT_OF_SCOPE, Additions, Assignment, Candidate, Kept, Scope
from classifier.store.database.engine import DamagedStore, absolute_url, make_engine
from classifier.store.database.opening import open_store
from classifier.store.database.turns import set_deadline
from classifier.store.keys import Key, Keys
from classifier.store.limits import Count, Counters
from classifier.store.log import ArticleLog, Draft
from classifier.store.proposals import OPEN, PROPOSAL_STATES, TAKEN, Proposal
from classifier.store.questions import REMOVED, TERM_CHANGED, Question
from classifier.store.queue import ORDERS, STARTER, STATES, BulkRow, PageEnd, Wanted
from classifier.store.reports import DESK, KeptReport
from classifier.store.requests import Request
from classifier.store.rows import StoredArticle, hours_since, now
from classifier.store.runs import FAILED, JOB, KEPT_RUNS, RUNNING, SKIPPED, Run
from classifier.store.sessions import Session
from classifier.store.store import Imported, Store
from classifier.store.suggested import Judged, TagScore, judged_by
from classifier.store.suggestion_sets import ModelAnswer

__all__ = [
    "BLIND",
    "COMPLETE",
    "DESK",
    "FAILED",
    "JOB",
    "KEPT_RUNS",
    "NO_SHARES",
    "OPEN",
    "ORDERS",
    "OUT_OF_SCOPE",
    "PROPOSAL_STATES",
    "REMOVED",
    "RUNNING",
    "SKIPPED",
    "STARTER",
    "STATES",
    "TAKEN",
    "TERM_CHANGED",
    "Additions",
    "ArticleLog",
    "Assignment",
    "BulkRow",
    "Candidate",
    "Count",
    "Counters",
    "DamagedStore",
    "Draft",
    "Imported",
    "Judged",
    "Kept",
    "KeptReport",
    "Key",
    "Keys",
    "ModelAnswer",
    "PageEnd",
    "Proposal",
    "Question",
    "Request",
    "Run",
    "Scope",
    "Session",
    "Shares",
    "Store",
    "StoredArticle",
    "TagScore",
    "Wanted",
    "absolute_url",
    "hours_since",
    "judged_by",
    "make_engine",
    "now",
    "open_store",
    "set_deadline",
]
