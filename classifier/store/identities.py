"""People for whom the provider of the house vouches (OpenID Connect), and whose key each of them signs in with.

Somebody comes in whose e-mail address an administrator has written down, or whom a rule of the operator lets in, and nobody else.
The first time binds the account at the provider to a key. From then on the account alone says who it is: an address may be given
to somebody else, and a name belongs to nobody.
"""

import secrets
import unicodedata
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, select

from classifier.errors import NotAdmitted
from classifier.store.keys import Key, Keys, add_key, hashed, key_of
from classifier.store.rows import Columns, Part, now, one_at_a_time
from classifier.store.schema import invitations, keys, sessions
from classifier.texts import _

BY_RULE = "a rule of the house"


class Identity(NamedTuple):
    """Who somebody is, as the provider says. `names` are how the person may be called, the best first."""

    issuer: str
    subject: str
    names: tuple[str, ...]
    email: str | None  # that the provider has verified

    @property
    def account(self) -> str:
        """The account as it is stored."""
        return hashed(f"{self.issuer}\n{self.subject}")


class Granted(NamedTuple):
    """The role that a rule of the operator gives, and the rule as people read it."""

    role: str
    rule: str


class Identities(Part):
    """Who signs in at the provider of the house."""

    def __init__(self, engine: Engine, of_keys: Keys) -> None:
        super().__init__(engine)
        self._keys = of_keys

    def admit(self, who: Identity, granted: Granted | None) -> Key:
        """Return the key of somebody who has signed in at the provider; make it for whoever comes for the first time.

        A role that a rule gives is the person's from now on, whatever it was.

        Raises:
            NotAdmitted: if nobody lets the person in, or an administrator has removed the person.
        """
        with self._keys.changing() as connection:
            one_at_a_time(connection, "identities")
            row = _living(connection, who) or _invited(connection, who) or _new(connection, who, granted)
            if not key_of(row).usable:
                raise NotAdmitted(_("Your access has ended. Ask an administrator."))
            is_admitted = granted is not None or row["role_rule"] is None
            if is_admitted:
                _bind(connection, row["id"], who.account, granted)
            else:
                connection.execute(sessions.delete().where(sessions.c.key_id == row["id"]))
            row = _existing(connection, keys.c.id == row["id"])
        if not is_admitted:
            raise NotAdmitted(_("Your group has no access any more. Ask whoever runs the service."))
        return key_of(row)


def _living(connection: Connection, who: Identity) -> Columns | None:
    """Return the key of an account, or that of its address if no account is bound to it yet."""
    row = _row(connection, (keys.c.account == who.account) & keys.c.revoked_at.is_(None))
    if row is None and who.email is not None:
        row = _row(connection, (keys.c.email == who.email) & keys.c.revoked_at.is_(None))
        if row is not None and row["account"] is not None:
            raise NotAdmitted(
                _("Your e-mail address is linked to another account. Ask an administrator to save it again.")
            )
    return row


def _invited(connection: Connection, who: Identity) -> Columns | None:
    """Return a new key for somebody whose address is on an invitation, which ends. None if it is on none.

    An invitation that was made before its person was removed is none.
    """
    if who.email is None:
        return None
    query = select(invitations).where(invitations.c.email == who.email, invitations.c.expires_at > now())
    invitation = connection.execute(query).mappings().first()
    removed_at = max((row["revoked_at"] for row in _removed(connection, who)), default="")
    if invitation is None or invitation["created_at"] < removed_at:
        return None
    connection.execute(invitations.delete().where(invitations.c.id == invitation["id"]))
    return _added(connection, invitation["role"], invitation["name"], invitation["created_by"], who.email)


def _new(connection: Connection, who: Identity, granted: Granted | None) -> Columns:
    """Return a new key for somebody whom a rule lets in."""
    if _removed(connection, who):
        raise NotAdmitted(_("An administrator has removed you."))
    if granted is None:
        raise NotAdmitted(_("Nobody has invited you yet. Ask an administrator."))
    return _added(connection, granted.role, _free_name(connection, who), BY_RULE)


def _removed(connection: Connection, who: Identity) -> list[Columns]:
    """Return the revoked keys of an account or of its address, once they have been used."""
    is_theirs = keys.c.account == who.account
    if who.email is not None:
        is_theirs |= keys.c.email == who.email
    return list(connection.execute(select(keys).where(is_theirs, keys.c.revoked_at.is_not(None))).mappings())


def _free_name(connection: Connection, who: Identity) -> str:
    """Return the first name of somebody that nobody else has, by the letters. Raise `NotAdmitted` if all are taken."""
    living = select(keys.c.name).where(keys.c.revoked_at.is_(None))
    waiting = select(invitations.c.name).where(invitations.c.expires_at > now())
    taken = {name.casefold() for name in connection.scalars(living.union(waiting))}
    names = [name for name in map(_as_name, (*who.names, who.email or "")) if name]
    for name in names:
        if name.casefold() not in taken:
            return name
    if not names:
        raise NotAdmitted(_("Your organisation does not send your name. Ask whoever runs the service."))
    raise NotAdmitted(_("Somebody else is called %(name)s here. Ask an administrator to invite you.", name=names[0]))


def _as_name(text: str) -> str:
    """Return a name as names of people are stored here."""
    shown = "".join(letter if letter.isprintable() and letter != "/" else " " for letter in text[:400])
    return " ".join(unicodedata.normalize("NFC", shown).split())[:80].strip()


def _added(connection: Connection, role: str, name: str, created_by: str, email: str | None = None) -> Columns:
    key_id = add_key(connection, name, role, secrets.token_urlsafe(32), created_by=created_by, email=email)
    return _existing(connection, keys.c.id == key_id)


def _bind(connection: Connection, key_id: str, account: str, granted: Granted | None) -> None:
    connection.execute(keys.update().where(keys.c.account == account, keys.c.id != key_id).values(account=None))
    values = {"account": account}
    if granted is not None:
        values |= {"role": granted.role, "role_rule": granted.rule[:200]}
    connection.execute(keys.update().where(keys.c.id == key_id).values(values))


def _existing(connection: Connection, is_it: Any) -> Columns:
    return connection.execute(select(keys).where(is_it)).mappings().one()


def _row(connection: Connection, is_it: Any) -> Columns | None:
    return connection.execute(select(keys).where(is_it)).mappings().first()
