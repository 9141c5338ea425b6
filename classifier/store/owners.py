"""Owners of articles: the `cms` key that wrote one, which other `cms` keys cannot change or delete.

Imported articles, those that a person's key wrote, and those stored before owners were recorded belong to nobody, until a
`cms` key writes them. The starter articles never belong to a key.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from classifier.errors import BadSetting, OtherOwner
from classifier.store.queue import STARTER
from classifier.store.rows import Columns, Part, batches
from classifier.store.schema import articles, keys
from classifier.texts import N_, _, gettext


def claim(connection: Connection, row: Columns, owner: str | None) -> None:
    """Make an article that is nobody's the writer's, if any. Raise `OtherOwner` for another's or a starter article."""
    _check(row, owner)
    if owner is not None and row["owner"] is None:
        connection.execute(articles.update().where(articles.c.id == row["id"]).values(owner=owner))


def check_may_delete(row: Columns, owner: str | None) -> None:
    """Raise `OtherOwner` if a `cms` key would delete another's article, nobody's, or a starter article."""
    _check(row, owner)
    if owner is not None and row["owner"] is None:
        raise OtherOwner(
            _(
                "The article %(id)s was not written by the key %(key)s, which can delete only what it wrote. An admin key can delete it.",
                id=repr(row["id"]),
                key=repr(owner),
            )
        )


def _check(row: Columns, owner: str | None) -> None:
    if owner is None or row["owner"] == owner:
        return
    if row["source"] == STARTER:
        raise OtherOwner(
            _("The article %(id)s is a starter article, which no CMS can change. Use another id.", id=repr(row["id"]))
        )
    if row["owner"] is not None:
        raise OtherOwner(
            _(
                "The article %(id)s belongs to the key %(owner)s, not to %(key)s. Use another id, or ask an admin to hand it over.",
                id=repr(row["id"]),
                owner=repr(row["owner"]),
                key=repr(owner),
            )
        )


class Owners(Part):
    """Handing articles from one key to another."""

    def hand_over(self, giver: str | None, receiver: str | None, article_ids: Sequence[str] | None = None) -> int:
        """Make articles of one `cms` key another's and return how many. None stands for nobody.

        Without `article_ids` all articles of the giver are meant. The giver may be a key that exists no more. Raise
        `BadSetting` if the receiver is no `cms` key in use.
        """
        in_use = select(keys.c.role).where(keys.c.name == receiver, keys.c.revoked_at.is_(None))
        if receiver is not None and "cms" not in (roles := self._values(in_use)):
            facts = {"key": repr(receiver), "role": repr("cms")}
            if roles:
                text = N_(
                    "%(key)s has the role %(other)s; articles can only be handed to a key with the role %(role)s."
                )
                raise BadSetting(gettext(text, other=repr(roles[0]), **facts))
            text = N_("%(key)s is no key in use; articles can only be handed to a key with the role %(role)s.")
            raise BadSetting(gettext(text, **facts))
        theirs = (articles.c.owner == giver) & (articles.c.source != STARTER)  # `== None` is IS NULL
        if article_ids is not None:
            theirs &= articles.c.id.in_(list(article_ids))
        ids = self._values(select(articles.c.id).where(theirs).order_by(articles.c.id))
        n_articles = 0
        for batch in batches(ids):  # a CMS that writes meanwhile waits for a few hundred at most
            theirs_now = articles.c.id.in_(batch) & (articles.c.owner == giver)
            with self.giving_way() as connection:
                n_articles += connection.execute(articles.update().where(theirs_now).values(owner=receiver)).rowcount
        return n_articles
