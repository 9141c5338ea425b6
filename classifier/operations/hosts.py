"""The hosts to which anything may be sent: they are listed, and private addresses have to be listed themselves."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from classifier.errors import BadWebhook
from classifier.texts import _

MAX_URL = 1000
_NAME = re.compile(r"(?:\*\.)?(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*")
_KEPT = "%/:=&?~+!$,;'@()*[]"  # of a path and its query
_NAT64 = IPv6Network("64:ff9b::/96")

_Address = IPv4Address | IPv6Address


class NotDelivered(Exception):
    """A receiver did not take a message. `silent`: it is down or overloaded, so that it should rest."""

    def __init__(self, reason: str, silent: bool) -> None:
        super().__init__(reason)
        self.silent = silent


class Target(NamedTuple):
    """The parts of the URL of a receiver."""

    is_secure: bool
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Hosts:
    """The hosts to which anything may be sent: names, `*.` and a name for all below it, addresses and networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def has_name(self, host: str) -> bool:
        """Whether a host is listed by its name."""
        parents = host.split(".")[1:]
        above = (".".join(parents[start:]) for start in range(len(parents)))
        return host in self.names or any(f"*.{name}" in self.names for name in above)

    def has_address(self, address: _Address) -> bool:
        """Whether an address is listed, by itself or in a network."""
        return any(address in network for network in self.networks)

    def target(self, url: str) -> Target:
        """Return the parts of a URL to which messages may be sent, or raise `BadWebhook` saying what is wrong."""
        if len(url) > MAX_URL or not url.isprintable() or " " in url:
            raise BadWebhook(_("A URL has up to %(most)s characters, without spaces.", most=MAX_URL), "url")
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode().rstrip(".").lower(), parts.port
        except ValueError:
            raise BadWebhook(
                _("%(url)s is no URL like https://cms.example.org/hook.", url=repr(url[:80])), "url"
            ) from None
        if parts.scheme not in ("https", "http") or not host or parts.username is not None or parts.fragment:
            raise BadWebhook(_("A URL begins with https:// and a host, and has no name, password or #fragment."), "url")
        address = _as_address(host)
        if not (self.has_name(host) if address is None else self.has_address(address)):
            raise BadWebhook(
                _("Nothing may be sent to %(host)s: whoever runs the service lists the hosts.", host=host[:100]), "url"
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        is_secure = parts.scheme == "https"
        return Target(is_secure, host, port or (443 if is_secure else 80), quote(path, _KEPT))

    def check_address(self, target: Target, address: _Address) -> None:
        """Raise `NotDelivered` if no connection may be made to an address of a target."""
        if not self.has_address(address):
            if not _is_public(address):
                raise NotDelivered(_("its address is a private one that is not listed"), silent=True)
            if not target.is_secure:
                raise NotDelivered(_("without https messages go to listed addresses only"), silent=True)


NO_HOSTS = Hosts()


def read_hosts(entries: Iterable[str]) -> Hosts:
    """Return the hosts of a list. Raise `ValueError` with the entry that is neither a name nor an address."""
    names: set[str] = set()
    networks: list[IPv4Network | IPv6Network] = []
    for entry in filter(None, (entry.strip().lower() for entry in entries)):
        try:
            networks.append(ip_network(entry.strip("[]")))
        except ValueError:
            if re.fullmatch(r"[0-9./:]*", entry) or not _NAME.fullmatch(entry):
                raise ValueError(
                    f"{entry[:80]!r}; it must be hosts with commas between them: cms.example.org, *.example.org, 10.1.0.0/16."
                ) from None
            names.add(entry)
    return Hosts(frozenset(names), tuple(networks))


def _as_address(host: str) -> _Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_public(address: _Address) -> bool:
    """Whether an address is one of the internet, also where it stands for another one."""
    if isinstance(address, IPv6Address):
        low = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
        inner = address.ipv4_mapped or address.sixtofour or low or (address.teredo or (None, None))[1]
        if inner is not None and not _is_public(inner):
            return False
    return address.is_global and not address.is_multicast
