"""What whoever runs the service has set for the sign-in at the provider of the house (OpenID Connect)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from classifier.errors import BadSetting
from classifier.operations.hosts import NO_HOSTS, Hosts

ROLES = ("reader", "editor", "taxonomist", "admin")


class RoleRule(NamedTuple):
    """Whoever has a value in a claim gets a role."""

    claim: str
    value: str
    role: str

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether a person with these claims has the value: as the claim, or as one of a list."""
        return self.value in _texts(claim_of(claims, self.claim))

    def __str__(self) -> str:
        return f"{self.claim}: {self.value}"


@dataclass(frozen=True)
class SingleSignOn:
    """The provider, what the service is there, and whom it lets in besides those who are invited.

    `hosts` are further hosts of the provider's endpoints. `address` is the service's own, empty for that of the request.
    """

    issuer: str
    client_id: str
    secret: str = field(repr=False)
    label: str = ""
    rules: tuple[RoleRule, ...] = ()
    hosts: Hosts = NO_HOSTS
    address: str = ""

    @property
    def host(self) -> str:
        """The host of the provider, with its port if it has one."""
        return urlsplit(self.issuer).netloc

    def may_be_asked(self, url: object) -> bool:
        """Whether an address is one of the provider: its own host, or one that is listed, and as secure as the issuer."""
        try:
            parts, issuer = urlsplit(str(url)), urlsplit(self.issuer)
            is_own = (parts.hostname, parts.port) == (issuer.hostname, issuer.port)
        except ValueError:
            return False
        if parts.username is not None or parts.scheme not in ("https", issuer.scheme):
            return False
        return is_own or (parts.port is None and self.hosts.has_name(parts.hostname or ""))

    def rule_for(self, claims: Mapping[str, Any]) -> RoleRule | None:
        """Return the first rule that fits a person, or None."""
        return next((rule for rule in self.rules if rule.fits(claims)), None)


def read_rules(text: str) -> tuple[RoleRule, ...]:
    """Return the rules of a text like `groups:desk=editor,groups:it=admin`. Raise `ValueError` with the one that is none.

    In a value a comma is written as %2C.
    """
    return tuple(_rule(part.strip()) for part in text.split(",") if part.strip())


def _rule(text: str) -> RoleRule:
    given, _, role = text.rpartition("=")
    claim, _, value = given.rpartition(":")
    if not claim.strip() or not value.strip() or role.strip() not in ROLES:
        raise ValueError(f"{text[:80]!r}; it must be CLAIM:VALUE=ROLE, and the role one of {', '.join(ROLES)}.")
    return RoleRule(unquote(claim.strip()), unquote(value.strip()), role.strip())


def claim_of(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim, by its name or by a path with dots into what it has (`realm_access.roles`). None without it."""
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    inner = claims.get(first)
    return claim_of(inner, rest) if rest and isinstance(inner, Mapping) else None


def _texts(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each


def checked(issuer: str, client_id: str, secret: str, **others: Any) -> SingleSignOn | None:
    """Return the settings, None without an issuer. Raise `BadSetting` if one of those is missing that belong together."""
    if not issuer:
        return None
    for name, value in (("TAGGER_OIDC_CLIENT", client_id), ("TAGGER_OIDC_SECRET or TAGGER_OIDC_SECRET_FILE", secret)):
        if not value:
            raise BadSetting(f"TAGGER_OIDC_ISSUER is set, and {name} is missing: the provider gives it to the service.")
    return SingleSignOn(issuer, client_id, secret, **others)
