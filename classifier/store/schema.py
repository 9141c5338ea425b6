"""The tables. A change needs a migration: the tests compare both with `alembic check`."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

from classifier.domain.articles import ALWAYS, TEXT_FIELDS
from classifier.store.columns import key, number, of_article, optional, required

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Times are ISO 8601 in UTC with microseconds, as text: they sort as they follow each other, on every engine.
TIME = 40
EDITOR = 200
PASSWORD = 255
EMAIL = 254


def _table(name: str, *parts: SchemaItem, **options: Any) -> sa.Table:
    return sa.Table(name, metadata, *parts, **options)


articles = _table(
    "articles",
    *key(id=200),
    # A default, because processes of an older version that still run do not write the fields that came later.
    *required(**dict.fromkeys(ALWAYS, sa.Text)),
    *(
        sa.Column(name, sa.Text, nullable=False, server_default=sa.text("''"))
        for name in TEXT_FIELDS
        if name not in ALWAYS
    ),
    *required(body_format=10),
    *optional(published_at=40),
    # When it counts as dated, in UTC: as `published_at` says, or at its arrival if that is null or was still ahead.
    *required(dated_at=TIME),
    *optional(url=sa.Text),
    *optional(language=80),  # as the sender says
    *optional(corrected_language=80),  # as an editor says, which counts more
    *required(source=40),
    # The tags that the sender last listed, in its order, null if it said nothing of them.
    *optional(tags=sa.JSON(none_as_null=True)),
    *required(rejected=sa.JSON, tags_complete=sa.Boolean, digest=64),
    # Tells how similar the text is to others, null until the text is replaced for the first time.
    *optional(sketch=sa.LargeBinary),
    *required(created_at=TIME, updated_at=TIME),
    *optional(sent_at=TIME),  # When it was last sent unchanged, to the day, null if it was not
    # What the log adds up to, kept so that the queue can ask for it: new, started or closed.
    sa.Column("state", sa.String(10), nullable=False, server_default="new"),
    sa.Column("blind", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("n_editors", sa.Integer, nullable=False, server_default="1"),
    # How far the nearest score is from its threshold: the nearer, the more an answer teaches. Null before any suggestion.
    *optional(margin=sa.Float),
    # How much the model doubts, see `model.answer.Answer`. Null before any suggestion.
    *optional(doubt=sa.Float),
    # The code of the language in which a model read the text. Null before that, and where it cannot be told.
    *optional(text_language=20),
    # The model and the taxonomy of margin and suggestions, empty until one has judged the present text and tags.
    sa.Column("judged_by", sa.String(130), nullable=False, server_default=sa.text("''")),
    # Drawn once, in [0, 1): a tenth of the queue is ordered by it alone.
    sa.Column("lot", sa.Float, nullable=False, server_default="0.5"),
    *optional(owner=80),  # The name of the `cms` key that wrote it, null if it belongs to nobody
    # The orders of the queue for each state, and the filters that may leave few articles.
    sa.Index("ix_articles_state_dated_at", "state", "dated_at", "id"),
    sa.Index("ix_articles_state_doubt", "state", "doubt", "id"),
    sa.Index("ix_articles_state", "state", "margin", "id"),
    sa.Index("ix_articles_state_lot", "state", "lot", "id"),
    sa.Index("ix_articles_source", "source", "state", "dated_at", "id"),
    sa.Index("ix_articles_source_doubt", "source", "state", "doubt", "id"),
    sa.Index("ix_articles_dated_at", "dated_at"),
    sa.Index("ix_articles_judged_by", "state", "judged_by", "id"),
    sa.Index("ix_articles_text_language", "text_language", "state"),
)

# The number of articles of a day, a source and a state is the sum of their rows, which triggers keep up to date.
article_counts = _table(
    "article_counts",
    number("number"),
    *required(day=10, source=40, state=10, n=sa.Integer),
    sa.Index("ix_article_counts_day", "day", "source", "state"),
)

# What the search looks through, folded: the words of title and id, and the ids of the tags that the sender lists. The index of
# it is made in `search_index`.
searched = _table(
    "searched", number(), of_article(), *required(words=sa.Text, tags=sa.Text), sa.UniqueConstraint("article_id")
)

# A few hashes of a text, of which near-duplicates share at least one.
near_keys = _table(
    "near_keys",
    of_article(primary_key=True),
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Index("ix_near_keys_key", "key"),
)

# Who has an article before them: `holder` is a session or a key. A row counts until its time.
leases = _table(
    "leases",
    of_article(primary_key=True),
    *key(holder=64),
    *required(editor=EDITOR, until=TIME),
    sa.Index("ix_leases_holder", "holder"),
)

# Filters of the queue that an editor has named.
saved_filters = _table("saved_filters", *key(editor=EDITOR, name=80), *required(filters=sa.JSON, at=TIME))

# Repeated blocks of text that somebody has chosen to leave out of training.
ignored_blocks = _table("ignored_blocks", *key(id=32), *required(texts=sa.JSON, quote=sa.Text, by=EDITOR, at=TIME))

# Sketches of texts that an article had before, and whether what was decided on them still counts.
texts = _table(
    "texts",
    of_article(primary_key=True),
    *key(digest=64),
    *required(sketch=sa.LargeBinary),
    # Whether the article's present text is materially the same, for the texts on which somebody decided.
    sa.Column("same", sa.Boolean, nullable=False, server_default=sa.false()),
)

# `created_at` is when a set was given last: a text or a model that comes back brings its set back.
suggestion_sets = _table(
    "suggestion_sets",
    *key(id=64),
    of_article(index=True),
    *required(digest=64, model_version=64, taxonomy_version=64, answer=sa.JSON, created_at=TIME),
    # The number of the labels that the model had followed, null if it followed none.
    *optional(live_state=sa.BigInteger),
)

impressions = _table(
    "impressions",
    sa.Column("suggestion_set_id", sa.ForeignKey("suggestion_sets.id", ondelete="CASCADE"), primary_key=True),
    *key(tag=80),
    *required(shown_at=TIME),
    *optional(score=sa.Float, band=10, editor=200),
    sa.Index("ix_impressions_tag", "tag"),
)

# What the model of `articles.judged_by` suggests for an article, shown or not. Rows of an older model are replaced.
suggested = _table(
    "suggested",
    of_article(primary_key=True),
    *key(tag=80),
    *required(score=sa.Float, band=10),
    sa.Index("ix_suggested_tag", "tag", "score", "article_id"),
)

# What a version in shadow suggests for an article, and what the champion of that night does. Nobody is shown either.
shadow_suggestions = _table(
    "shadow_suggestions",
    of_article(primary_key=True),
    *required(digest=64, version=64, suggested=sa.JSON),
    *required(champion_version=64, champion_suggested=sa.JSON, judged_at=TIME),
)

# The log: rows are added and never changed. `n` is their order.
decisions = _table(
    "decisions",
    number(),
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    of_article(),
    *optional(tag=200),
    *required(action=10),
    *optional(reason=20, note=sa.Text),
    *required(editor=EDITOR, at=TIME),
    *optional(suggestion_set_id=64, model_version=64, taxonomy_version=64, score=sa.Float, band=10),
    sa.Column("undoes", sa.String(32), unique=True),
    *required(digest=64),
    sa.Column("question_id", sa.String(32), index=True),
    *optional(live_state=sa.BigInteger, in_bulk=sa.Boolean),
    # Names the decisions that one answer made on several articles.
    sa.Column("together", sa.String(32), index=True),
    sa.Index("ix_decisions_article_id", "article_id", "tag", "n"),
    sa.Index("ix_decisions_tag", "tag", "at"),
)

# Removals of one tag that one key made on too many articles to be believed unasked. What is asked and answered stands in
# the log. A row here is the question as it is now. `key` is null if no key sent the articles. `ended_at` is when the key
# listed the tag again, so that later removals are asked about anew. It is set at once if a person asked.
questions = _table(
    "questions",
    *key(id=32),
    *optional(key=80),
    *required(tag=200, asked_at=TIME),
    *optional(answer=20, answered_by=EDITOR, answered_at=TIME, ended_at=TIME),
    sa.Index("ix_questions_tag", "tag", "asked_at"),
)

# Who has closed an article, as the log says now.
closings = _table("closings", of_article(primary_key=True), *key(editor=EDITOR))

# Requests that carry an Idempotency-Key: the answer that a repeated one gets.
requests = _table(
    "requests",
    *key(sender=EDITOR, key=200),
    *required(digest=64),
    *optional(answer=sa.JSON(none_as_null=True)),
    sa.Column("started_at", sa.String(TIME), nullable=False, index=True),
)

# Tags that editors miss, for whoever keeps the taxonomy: open, taken or declined. `tag` is the id of the tag as which it was
# taken, `settled_at` when the article got it or had to stay as it is, and `decision` the decision.
proposals = _table(
    "proposals",
    *key(id=32),
    *required(label=200, note=sa.Text),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="SET NULL")),
    *required(editor=EDITOR, at=TIME, state=10),
    *optional(tag=80, settled_at=TIME, decision=32),
)

# Changes of the taxonomy that belong together: asked for, previewed, applied or declined, and undone together. `apply_at` is
# when a scheduled set is applied, `conflict` what came between the last time.
change_sets = _table(
    "change_sets",
    *key(id=32),
    *required(state=10, title=sa.Text, ops=sa.JSON, by=EDITOR, at=TIME),
    *optional(decided_by=EDITOR, decided_at=TIME),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="SET NULL")),
    *optional(preview=sa.JSON(none_as_null=True), based_on=sa.Integer, apply_at=TIME),
    *optional(conflict=sa.JSON(none_as_null=True)),
    sa.Index("ix_change_sets_state", "state", "at"),
)

# The log of the taxonomy: the taxonomy at n is what the rows 1 to n add up to. Rows are added and never changed.
taxonomy_changes = _table(
    "taxonomy_changes",
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("change_set", sa.ForeignKey("change_sets.id"), index=True),
    *required(op=20, args=sa.JSON, by=EDITOR, at=TIME),
    sa.Column("undoes", sa.Integer, unique=True),
    *required(head_version=64),
)

# How far each reader of that log has come, and what is left for it to do.
feed_places = _table(
    "feed_places",
    *key(consumer=80),
    *required(n=sa.Integer, moved=sa.Integer, failed=sa.Integer, to_do=sa.Integer, at=TIME),
)

# The terms of each CMS, and the tags that they stand for. `former` are tags that a term stood for before, each with the
# moment at which that ended.
cms_terms = _table(
    "cms_terms",
    *key(consumer=80, term_id=80),
    *required(name=200, slug=200, taxonomy=80, tags=sa.JSON, by=20, former=sa.JSON, at=TIME),
    *optional(editor=EDITOR),
)

# What scheduled jobs did: a row each, whatever came of it.
runs = _table(
    "runs",
    *key(id=32),
    *required(job=20, started_by=EDITOR, host=200, started_at=TIME),
    *optional(ended_at=TIME),
    *required(outcome=20),
    *optional(version=64),
    *required(reason=sa.Text),
    *optional(data=64, result=sa.JSON(none_as_null=True)),
    # How far it has come, when its process said so last, and whether and by whom it is or was stopped.
    *optional(progress=sa.JSON(none_as_null=True), beat_at=TIME),
    sa.Column("may_cancel", sa.Boolean, nullable=False, server_default=sa.false()),
    *optional(cancelled_by=EDITOR),
    *optional(
        due_at=TIME
    ),  # the time of the schedule for which it was begun, null if a person or another program began it
    sa.Index("ix_runs_job", "job", "started_at"),
)

# When trainings begin by themselves. The newest row counts; an undo adds what stood before once more.
schedules = _table(
    "schedules",
    number(),
    *required(at=TIME, by=EDITOR, mode=10, days=sa.JSON),
    *required(time=5, zone=80),
    sqlite_autoincrement=True,
)

# The tags that archive runs added, apart from all decisions of people. Only `undone_at` is ever changed, and with it `place`,
# the number of the addition or of its undo among all of them: by it a CMS reads on.
_standing: Any = dict.fromkeys(("sqlite_where", "postgresql_where"), sa.text("undone_at IS NULL"))
assignments = _table(
    "assignments",
    number(),
    of_article(),
    *required(tag=200, score=sa.Float),
    sa.Column("run_id", sa.ForeignKey("runs.id"), nullable=False),
    *required(at=TIME),
    *optional(undone_at=TIME, place=sa.BigInteger),
    sa.Index("uq_assignments_place", "place", unique=True),
    sa.Index("ix_assignments_article_id", "article_id", "tag"),
    sa.Index("ix_assignments_run_id", "run_id", "n"),
    # A tag stands on an article once, whatever runs and crashes did.
    sa.Index("uq_assignments_article_id", "article_id", "tag", unique=True, **_standing),
)

# Random samples of what an archive run would add of one tag. `scores` counts the additions by score, in thousandths, and
# `run_id` is the last run that rested on the sample.
samples = _table(
    "samples",
    *key(id=32),
    *required(tag=80, plan=sa.JSON, tag_version=64, model_version=64),
    *required(n_population=sa.Integer, scores=sa.JSON, seed=sa.Integer, by=EDITOR, at=TIME),
    sa.Column("run_id", sa.ForeignKey("runs.id")),
    sa.Index("ix_samples_tag", "tag", "at"),
)

# Their articles, in the order in which they were drawn.
sample_articles = _table(
    "sample_articles",
    sa.Column("sample_id", sa.ForeignKey("samples.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    of_article(index=True),
    *required(score=sa.Float),
)

# Reports for the pages, as JSON, and what they were made of: the number of the newest decision, and the taxonomy.
reports = _table(
    "reports", *key(name=40), *required(made_at=TIME, last_decision=sa.BigInteger, taxonomy_version=64, content=sa.Text)
)

# One row: a number that rises whenever labels may have changed.
live_state = _table(
    "live_state", sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), *required(number=sa.BigInteger)
)

# What has changed, each row written in the transaction that changes it. Rows are added and never changed. `subject` names the
# row that says more: a decision, a suggestion set, a run, a change set. `facts` holds what no other table keeps.
events = _table(
    "events",
    number(),
    *required(at=TIME, kind=20, by=EDITOR),
    sa.Column("article_id", sa.ForeignKey("articles.id", ondelete="CASCADE")),
    *optional(subject=64, facts=sa.JSON(none_as_null=True)),
    sa.Index("ix_events_article_id", "article_id", "n"),
    sa.Index("ix_events_kind", "kind", "n"),
    sqlite_autoincrement=True,
)

# Who is told of events, and up to which event that is arranged (`place`). While a receiver does not answer at all, it rests.
webhooks = _table(
    "webhooks",
    *key(id=32),
    *required(
        url=sa.Text, kinds=sa.JSON, secret=200, state=10, by=EDITOR, at=TIME, place=sa.BigInteger, n_silent=sa.Integer
    ),
    *optional(resting_until=TIME, delivered_at=TIME),
)

# Events on their way to a webhook, and those that were given up. A row goes when the receiver has taken the event. Rows of
# one topic are delivered in the order of their events.
deliveries = _table(
    "deliveries",
    number(),
    sa.Column("webhook_id", sa.ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("event", sa.ForeignKey("events.n", ondelete="CASCADE"), nullable=False),
    *required(topic=250, state=10, attempts=sa.Integer, next_at=TIME),
    *optional(first_at=TIME, tried_at=TIME, error=200),
    sa.UniqueConstraint("event", "webhook_id"),
    sa.Index("ix_deliveries_webhook_id", "webhook_id", "state", "next_at"),
    sa.Index("ix_deliveries_topic", "webhook_id", "topic", "event"),
    sqlite_autoincrement=True,
)

# Articles that were deleted, by digests of their ids: what else has them must not tell so. `n` is never used again.
deletions = _table(
    "deletions",
    number(),
    sa.Column("digest", sa.String(32), nullable=False, unique=True),
    *required(at=TIME),
    sqlite_autoincrement=True,
)

# `old_hash` is of the secret before the last rotation, which is taken too until `old_until`.
keys = _table(
    "keys",
    *key(id=16),
    sa.Column("name", sa.String(80), nullable=False, unique=True),
    *required(role=10, hash=64, created_at=TIME),
    *optional(revoked_at=TIME, expires_at=TIME, rotated_at=TIME, old_hash=64, old_until=TIME, last_used_at=TIME),
    # Of people: a slow hash of the password; at the provider of the house the address, a hash of the account, the role's rule.
    *optional(password=PASSWORD, created_by=EDITOR, email=EMAIL, role_rule=200),
    sa.Column("account", sa.String(64), index=True, unique=True),
)

# Links by which people come in. The hash is that of the link's secret. With a key: its person chooses another password.
invitations = _table(
    "invitations",
    *key(id=16),
    sa.Column("key_id", sa.ForeignKey("keys.id", ondelete="CASCADE")),
    sa.Column("name", sa.String(80), nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    *required(role=10, created_by=EDITOR, created_at=TIME, expires_at=TIME),
    sa.Column("email", sa.String(EMAIL)),
)

# Signed-in browsers. The id is a hash of the cookie's value. Without a key: signed in while no key existed.
sessions = _table(
    "sessions",
    *key(id=64),
    sa.Column("key_id", sa.ForeignKey("keys.id", ondelete="CASCADE")),
    *required(editor=EDITOR, csrf=64, created_at=TIME),
    sa.Column("seen_at", sa.String(TIME), nullable=False, index=True),
    *required(ends_at=TIME),
)

# Counts of events within time windows, for limits that all processes share. With SQLite, files hold them.
counters = _table(
    "counters", *key(what=64), *required(n=sa.Integer), sa.Column("ends_at", sa.Float, nullable=False, index=True)
)
