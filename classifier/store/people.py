"""People and how they come in: invitations by a link, passwords and roles. A person is a key with a name.

Passwords arrive here as slow hashes. The secret of a link is stored as the secret of a key is (`keys.hashed`).
"""

import re
import secrets
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, or_, select

from classifier.errors import BadSetting, NotFound
from classifier.store.keys import Key, Keys, add_key, checked, hashed, key_of, revoked_name, row_in_use
from classifier.store.rows import Columns, Part, ago, new_id, now
from classifier.store.schema import EMAIL, invitations, keys, sessions
from classifier.texts import N_, _, gettext

INVITED_DAYS = 7
ADMIN = "admin"


class Invitation(NamedTuple):
    """A link that was not followed yet. With `renews`, its person is known and chooses another password."""

    id: str
    name: str
    role: str
    created_by: str
    created_at: str
    expires_at: str
    renews: bool
    email: str | None


class People(Part):
    """The people of a store."""

    def __init__(self, engine: Engine, of_keys: Keys) -> None:
        super().__init__(engine)
        self._keys = of_keys

    def invite(self, name: str, role: str, by: str, email: str = "") -> str:
        """Invite somebody, and return the secret of the link, which is shown only now. An earlier link of the name ends.

        Whoever signs in at the provider of the house with the e-mail address needs no link.

        Raises:
            BadSetting: if the name or the address is taken or is none, or if there is no such role for people.
        """
        name, address = checked(name, role), _address(email)
        if role == "cms":
            raise BadSetting(_("A CMS signs in with a key. Make one for it."))
        with self.engine.begin() as connection:
            if connection.scalar(select(keys.c.id).where(keys.c.name == name)) is not None:
                raise BadSetting(
                    _("%(name)s is there already. Choose another name, or send %(name)s a new link.", name=name)
                )
            _check_is_free(connection, address, name)
            return _invited(connection, name, role, by, None, address)

    def renew(self, name: str, by: str) -> str:
        """Return the secret of a link by which a person chooses another password. Raise `NotFound` without such a person."""
        with self.engine.begin() as connection:
            row = row_in_use(connection, name)
            if row["role"] == "cms":
                raise BadSetting(_("A CMS has a key and no password."))
            return _invited(connection, row["name"], row["role"], by, row["id"])

    def invited(self) -> list[Invitation]:
        """Return the invitations that wait, newest first."""
        query = select(invitations).where(invitations.c.expires_at > now())
        return [_invitation(row) for row in self._rows(query.order_by(invitations.c.created_at.desc()))]

    def withdraw(self, invitation_id: str) -> None:
        """End a link. Raise `NotFound` if it has ended."""
        with self.engine.begin() as connection:
            if not connection.execute(invitations.delete().where(invitations.c.id == invitation_id)).rowcount:
                raise NotFound(_("This invitation was followed or withdrawn already."))

    def of(self, secret: str) -> Invitation:
        """Return the invitation of a link, or raise `NotFound` if it has ended or was followed."""
        with self.reading() as connection:
            return _invitation(_waiting(connection, secret))

    def accept(self, secret: str, password: str) -> Key:
        """Follow a link, once: its person has this password from now on. Return the person's key.

        Whoever chooses another password is signed out everywhere.

        Raises:
            NotFound: if the link has ended or was followed.
            BadSetting: if somebody has the name by now.
        """
        with self._keys.changing() as connection:
            row = _waiting(connection, secret)
            if not connection.execute(invitations.delete().where(invitations.c.id == row["id"])).rowcount:
                raise NotFound(gettext(_ENDED))  # somebody else followed it at the same time
            key_id = row["key_id"]
            if key_id is None:
                key_id = _add(connection, row["name"], row["role"], password, row["created_by"], email=row["email"])
            else:
                _set_password(connection, key_id, password)
            return _key(connection, key_id)

    def begin(self, name: str, password: str) -> Key:
        """Make the first administrator of a store. Raise `BadSetting` if somebody has a key already."""
        with self._keys.changing() as connection:
            if connection.scalar(select(func.count()).select_from(keys)):
                raise BadSetting(_("Somebody has a key already. Sign in with it, or have an administrator invite you."))
            return _key(connection, _add(connection, name, ADMIN, password, name))

    def known(self, name: str) -> tuple[Key, str] | None:
        """Return the key of a person and the hash of the password, or None if nobody of this name has one."""
        row = self._row(select(keys).where(keys.c.name == name, keys.c.password.is_not(None)))
        return (key_of(row), row["password"]) if row is not None else None

    def set_password(self, key: Key, password: str, kept_session: str) -> None:
        """Give a person another password, and end all their sessions but one."""
        with self._keys.changing() as connection:
            _set_password(connection, key.id, password, kept_session)

    def set_email(self, name: str, email: str) -> None:
        """Let a person in who signs in at the provider of the house with an e-mail address; nobody, if it is empty.

        The account there that the person has used so far is forgotten, and its sessions end.
        """
        address = _address(email)
        with self._keys.changing() as connection:
            row = row_in_use(connection, name)
            if row["role"] == "cms":
                raise BadSetting(_("A CMS has a key and no e-mail address."))
            if address is None and row["email"] is None:
                return
            _check_is_free(connection, address, row["name"])
            changed = {"email": address, "account": None, "role_rule": None}
            connection.execute(keys.update().where(keys.c.id == row["id"]).values(changed))
            if row["account"] is not None:
                connection.execute(sessions.delete().where(sessions.c.key_id == row["id"]))

    def set_role(self, name: str, role: str) -> None:
        """Give a person another role, at once. Raise `BadSetting` for a CMS, and for the only administrator."""
        checked(name, role)
        with self._keys.changing() as connection:
            row = row_in_use(connection, name)
            if "cms" in (role, row["role"]):
                raise BadSetting(_("A CMS cannot become a person, nor a person a CMS."))
            if row["role_rule"] is not None:
                raise BadSetting(
                    _("The role of %(name)s follows a rule that whoever runs the service has set.", name=row["name"])
                )
            if role != ADMIN:
                _leave_an_administrator(connection, row)
            connection.execute(keys.update().where(keys.c.id == row["id"]).values(role=role))

    def remove(self, name: str) -> str:
        """Revoke somebody's key and return its id. Raise `BadSetting` for the only administrator."""
        with self._keys.changing() as connection:
            row = row_in_use(connection, name)
            _leave_an_administrator(connection, row)
            gone = {"revoked_at": now(), "name": revoked_name(row)}
            connection.execute(keys.update().where(keys.c.id == row["id"]).values(gone))
            return str(row["id"])

    def restore(self, key_id: str, name: str) -> None:
        """Undo a revocation. Raise `NotFound` if no such key of this name is revoked, `BadSetting` if the name is taken."""
        with self._keys.changing() as connection:
            row = connection.execute(select(keys).where(keys.c.id == key_id).with_for_update()).mappings().first()
            if row is None or row["revoked_at"] is None or row["name"] != revoked_name({"id": key_id, "name": name}):
                raise NotFound(_("No revoked key of %(name)s is there to be restored.", name=repr(name[:80])))
            if connection.scalar(select(keys.c.id).where(keys.c.name == name)) is not None:
                raise BadSetting(_("There is another %(name)s by now.", name=name))
            connection.execute(keys.update().where(keys.c.id == key_id).values(name=name, revoked_at=None))


_ENDED = N_("This link has ended: it was followed already, withdrawn, or is older than a week. Ask for a new one.")


def _address(email: str) -> str | None:
    """Return an e-mail address as it is stored and compared, None for an empty one. Raise `BadSetting` if it is none."""
    address = email.strip().lower()
    if address and (len(address) > EMAIL or not re.fullmatch(r"[^@\s]+@[^@\s]+", address)):
        raise BadSetting(_("%(address)s is no e-mail address like ana@example.org.", address=repr(address[:80])))
    return address or None


def _check_is_free(connection: Connection, address: str | None, name: str) -> None:
    """Raise `BadSetting` if an e-mail address lets in somebody of another name."""
    if address is None:
        return
    of_key = select(keys.c.name).where(keys.c.email == address, keys.c.revoked_at.is_(None))
    waits = (invitations.c.email == address) & (invitations.c.expires_at > now())
    for other in connection.scalars(of_key.union(select(invitations.c.name).where(waits))):
        if other != name:
            raise BadSetting(_("%(address)s is the address of %(other)s already.", address=address, other=other))


def _invited(
    connection: Connection, name: str, role: str, by: str, key_id: str | None, address: str | None = None
) -> str:
    secret = secrets.token_urlsafe(32)
    connection.execute(invitations.delete().where(or_(invitations.c.name == name, invitations.c.expires_at <= now())))
    row = {"id": new_id()[:16], "key_id": key_id, "name": name, "role": role, "created_by": by, "created_at": now()}
    row |= {"hash": hashed(secret), "expires_at": ago(days=-INVITED_DAYS), "email": address}
    connection.execute(invitations.insert().values(row))
    return secret


def _waiting(connection: Connection, secret: str) -> Columns:
    waits = (invitations.c.hash == hashed(secret)) & (invitations.c.expires_at > now())
    row = connection.execute(select(invitations).where(waits)).mappings().first()
    if row is None:
        raise NotFound(gettext(_ENDED))
    return row


def _invitation(row: Columns) -> Invitation:
    known = {name: row[name] for name in Invitation._fields if name != "renews"}
    return Invitation(**known, renews=row["key_id"] is not None)


def _add(connection: Connection, name: str, role: str, password: str, by: str, email: str | None = None) -> str:
    """Add a person, whose key has a secret that nobody knows until it is rotated."""
    return add_key(connection, name, role, secrets.token_urlsafe(32), created_by=by, password=password, email=email)


def _set_password(connection: Connection, key_id: str, password: str, kept_session: str = "") -> None:
    connection.execute(keys.update().where(keys.c.id == key_id).values(password=password))
    connection.execute(sessions.delete().where(sessions.c.key_id == key_id, sessions.c.id != kept_session))


def _key(connection: Connection, key_id: str) -> Key:
    return key_of(connection.execute(select(keys).where(keys.c.id == key_id)).mappings().one())


def _leave_an_administrator(connection: Connection, row: Columns) -> None:
    """Raise `BadSetting` if nobody could administer the service without a key."""
    usable = keys.c.revoked_at.is_(None) & (keys.c.expires_at.is_(None) | (keys.c.expires_at > now()))
    others = select(func.count()).select_from(keys).where(keys.c.role == ADMIN, usable, keys.c.id != row["id"])
    if row["role"] == ADMIN and not connection.scalar(others):
        raise BadSetting(_("%(name)s is the only administrator. Make somebody else one first.", name=row["name"]))
