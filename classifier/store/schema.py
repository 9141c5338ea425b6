"""The tables. A change needs a migration: the tests compare both with `alembic check`."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

from classifier.domain.articles import TEXT_FIELDS

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Times are ISO 8601 in UTC with microseconds, as text: they sort as they follow each other, on every engine.
TIME = String(40)
EDITOR = String(200)


def _of_article(primary_key: bool = False, index: bool | None = None) -> Column[str]:
    parent = ForeignKey("articles.id", ondelete="CASCADE")
    return Column("article_id", parent, nullable=False, primary_key=primary_key, index=index)


articles = Table(
    "articles",
    metadata,
    Column("id", String(200), primary_key=True),
    *(Column(name, Text, nullable=False) for name in TEXT_FIELDS),
    Column("body_format", String(10), nullable=False),
    Column("published_at", String(40)),
    # When it counts as dated, in UTC: as `published_at` says, or at its arrival if that is null or was still ahead.
    Column("dated_at", TIME, nullable=False),
    Column("url", Text),
    Column("source", String(40), nullable=False),
    # The tags that the sender last listed, in its order, null if it said nothing of them.
    Column("tags", JSON(none_as_null=True)),
    Column("rejected", JSON, nullable=False),
    Column("tags_complete", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),
    # Tells how similar the text is to others, null until the text is replaced for the first time.
    Column("sketch", LargeBinary),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    # When it was last sent unchanged, to the day, null if it was not.
    Column("sent_at", TIME),
    # What the log adds up to, kept so that the queue can ask for it: new, started or closed.
    Column("state", String(10), nullable=False, server_default="new"),
    Column("blind", Boolean, nullable=False, server_default=false()),
    Column("n_editors", Integer, nullable=False, server_default="1"),
    # How far the nearest score is from its threshold: the nearer, the more an answer teaches. Null before any suggestion.
    Column("margin", Float),
    # The model and the taxonomy of margin and suggestions, empty until one has judged the present text and tags.
    Column("judged_by", String(130), nullable=False, server_default=text("''")),
    # Drawn once, in [0, 1): a tenth of the queue is ordered by it alone.
    Column("lot", Float, nullable=False, server_default="0.5"),
    # The name of the `cms` key that wrote it, null if it belongs to nobody.
    Column("owner", String(80)),
)
# The orders of the queue for each state, and the filters that may leave few articles.
Index("ix_articles_state_created_at", articles.c.state, articles.c.created_at, articles.c.id)
Index("ix_articles_state", articles.c.state, articles.c.margin, articles.c.id)
Index("ix_articles_state_lot", articles.c.state, articles.c.lot, articles.c.id)
Index("ix_articles_source", articles.c.source)
Index("ix_articles_dated_at", articles.c.dated_at)
Index("ix_articles_judged_by", articles.c.state, articles.c.judged_by, articles.c.id)

# The number of articles of a day, a source and a state is the sum of their rows, which triggers keep up to date.
article_counts = Table(
    "article_counts",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("day", String(10), nullable=False),
    Column("source", String(40), nullable=False),
    Column("state", String(10), nullable=False),
    Column("n", Integer, nullable=False),
)
Index("ix_article_counts_day", article_counts.c.day, article_counts.c.source, article_counts.c.state)

# Sketches of texts that an article had before, and whether what was decided on them still counts.
texts = Table(
    "texts",
    metadata,
    _of_article(primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("sketch", LargeBinary, nullable=False),
    # Whether the article's present text is materially the same, for the texts on which somebody decided.
    Column("same", Boolean, nullable=False, server_default=false()),
)

# `created_at` is when a set was given last: a text or a model that comes back brings its set back.
suggestion_sets = Table(
    "suggestion_sets",
    metadata,
    Column("id", String(64), primary_key=True),
    _of_article(index=True),
    Column("digest", String(64), nullable=False),
    Column("model_version", String(64), nullable=False),
    Column("taxonomy_version", String(64), nullable=False),
    Column("answer", JSON, nullable=False),
    Column("created_at", TIME, nullable=False),
)

impressions = Table(
    "impressions",
    metadata,
    Column("suggestion_set_id", ForeignKey("suggestion_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(80), primary_key=True),
    Column("shown_at", TIME, nullable=False),
    Column("score", Float),
    Column("band", String(10)),
)
Index("ix_impressions_tag", impressions.c.tag)

# What the model of `articles.judged_by` suggests for an article, shown or not. Rows of an older model are replaced.
suggested = Table(
    "suggested",
    metadata,
    _of_article(primary_key=True),
    Column("tag", String(80), primary_key=True),
    Column("score", Float, nullable=False),
    Column("band", String(10), nullable=False),
)
Index("ix_suggested_tag", suggested.c.tag, suggested.c.score, suggested.c.article_id)

# The log: rows are added and never changed. `n` is their order.
decisions = Table(
    "decisions",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    _of_article(),
    Column("tag", String(200)),
    Column("action", String(10), nullable=False),
    Column("reason", String(20)),
    Column("note", Text),
    Column("editor", EDITOR, nullable=False),
    Column("at", TIME, nullable=False),
    Column("suggestion_set_id", String(64)),
    Column("model_version", String(64)),
    Column("taxonomy_version", String(64)),
    Column("score", Float),
    Column("band", String(10)),
    Column("undoes", String(32), unique=True),
    Column("digest", String(64), nullable=False),
    Column("question_id", String(32), index=True),
)
Index("ix_decisions_article_id", decisions.c.article_id, decisions.c.tag, decisions.c.n)
Index("ix_decisions_tag", decisions.c.tag, decisions.c.at)

# Removals of one tag that one key made on too many articles to be believed unasked. What is asked and answered stands in
# the log. A row here is the question as it is now. `key` is null if no key sent the articles.
questions = Table(
    "questions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(80)),
    Column("tag", String(200), nullable=False),
    Column("asked_at", TIME, nullable=False),
    Column("answer", String(20)),
    Column("answered_by", EDITOR),
    Column("answered_at", TIME),
    # When the key listed the tag again, so that later removals are asked about anew. At once if a person asked.
    Column("ended_at", TIME),
)
Index("ix_questions_tag", questions.c.tag, questions.c.asked_at)

# Who has closed an article, as the log says now.
closings = Table("closings", metadata, _of_article(primary_key=True), Column("editor", EDITOR, primary_key=True))

# Requests that carry an Idempotency-Key: the answer that a repeated one gets.
requests = Table(
    "requests",
    metadata,
    Column("sender", EDITOR, primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("answer", JSON(none_as_null=True)),
    Column("started_at", TIME, nullable=False, index=True),
)

# Tags that editors miss, for whoever keeps the taxonomy: open, taken or declined.
proposals = Table(
    "proposals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("label", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("article_id", ForeignKey("articles.id", ondelete="SET NULL")),
    Column("editor", EDITOR, nullable=False),
    Column("at", TIME, nullable=False),
    Column("state", String(10), nullable=False),
    # The id of the tag as which it was taken, when the article got it or had to stay as it is, and the decision.
    Column("tag", String(80)),
    Column("settled_at", TIME),
    Column("decision", String(32)),
)

# What scheduled jobs did: a row each, whatever came of it.
runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("job", String(20), nullable=False),
    Column("started_by", EDITOR, nullable=False),
    Column("host", String(200), nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("outcome", String(20), nullable=False),
    Column("version", String(64)),
    Column("reason", Text, nullable=False),
    Column("data", String(64)),
    Column("result", JSON(none_as_null=True)),
)
Index("ix_runs_job", runs.c.job, runs.c.started_at)

# The tags that archive runs added, apart from all decisions of people. Only `undone_at` is ever changed.
assignments = Table(
    "assignments",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _of_article(),
    Column("tag", String(200), nullable=False),
    Column("score", Float, nullable=False),
    Column("run_id", ForeignKey("runs.id"), nullable=False),
    Column("at", TIME, nullable=False),
    Column("undone_at", TIME),
)
Index("ix_assignments_article_id", assignments.c.article_id, assignments.c.tag)
Index("ix_assignments_run_id", assignments.c.run_id, assignments.c.n)
# A tag stands on an article once, whatever runs and crashes did.
_stands = assignments.c.undone_at.is_(None)
Index(
    "uq_assignments_article_id",
    assignments.c.article_id,
    assignments.c.tag,
    unique=True,
    sqlite_where=_stands,
    postgresql_where=_stands,
)

# Reports for the pages, as JSON, and what they were made of: the number of the newest decision, and the taxonomy.
reports = Table(
    "reports",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("made_at", TIME, nullable=False),
    Column("last_decision", BigInteger, nullable=False),
    Column("taxonomy_version", String(64), nullable=False),
    Column("content", Text, nullable=False),
)

# Articles that were deleted, by digests of their ids: what else has them must not tell so. `n` is never used again.
deletions = Table(
    "deletions",
    metadata,
    Column("n", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("digest", String(32), nullable=False, unique=True),
    Column("at", TIME, nullable=False),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("role", String(10), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("revoked_at", TIME),
    Column("expires_at", TIME),
    Column("rotated_at", TIME),
    # The secret before the last rotation, and until when it is taken too.
    Column("old_hash", String(64)),
    Column("old_until", TIME),
    Column("last_used_at", TIME),
)

# Signed-in browsers. The id is a hash of the cookie's value. Without a key: signed in while no key existed.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key_id", ForeignKey("keys.id", ondelete="CASCADE")),
    Column("editor", EDITOR, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("seen_at", TIME, nullable=False, index=True),
    Column("ends_at", TIME, nullable=False),
)

# Counts of events within time windows, for limits that all processes share. With SQLite, files hold them.
counters = Table(
    "counters",
    metadata,
    Column("what", String(64), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("ends_at", Float, nullable=False, index=True),
)
