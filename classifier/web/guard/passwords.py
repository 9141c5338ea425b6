"""Passwords of people: what one must be, and slow hashes of them (scrypt, as Werkzeug makes and checks them)."""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from classifier.errors import BadSetting
from classifier.texts import _

LEAST, MOST = 12, 200  # characters


def hash_of(password: str, name: str) -> str:
    """Return a new password of somebody as it is stored. Raise `BadSetting` if it is easily guessed."""
    if not LEAST <= len(password) <= MOST:
        raise BadSetting(_("A password has %(least)s to %(most)s characters.", least=LEAST, most=MOST))
    if name.casefold() in password.casefold() or len(set(password)) < LEAST // 2:
        raise BadSetting(_("This password is easily guessed. Use no name in it, and more different characters."))
    return generate_password_hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Return whether a password is the stored one. It takes as long where nobody is known, so that nobody is found out."""
    return check_password_hash(stored or _of_nobody(), password[:MOST]) and stored is not None


@cache
def _of_nobody() -> str:
    return generate_password_hash("nobody has this password")
