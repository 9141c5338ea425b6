"""Sending to addresses that others chose: only to hosts of a list, without redirects, and within fixed limits.

A name is looked up once, its address is checked, and the connection goes to that very address, so that a name server cannot
answer otherwise in between (DNS rebinding). Private addresses, this machine's among them, have to be listed themselves.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from classifier.errors import BadWebhook
from classifier.texts import _

CONNECT_SECONDS, SECONDS = 5.0, 10.0  # for the connection, and for all until the head of the answer has come
MAX_URL = 1000
OVERLOADED = (429, 502, 503, 504)  # answers of a receiver that is down or wants to be left alone
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


def post(hosts: Hosts, url: str, headers: Mapping[str, str], body: bytes, seconds: float = SECONDS) -> None:
    """Send a message, and return once the receiver has taken it with a status of 2xx. Its answer is not read.

    Raises:
        NotDelivered: for any other answer, a redirect too, for none in time, and for an address that is not allowed.
        BadWebhook: if the host is not listed any more.
    """
    target, until = hosts.target(url), time.monotonic() + seconds
    try:
        with closing(http.client.HTTPConnection(target.host, target.port)) as connection:
            connection.sock = _open(hosts, target, until)
            with _cut_at(until, connection.sock.dup()):
                status = _ask(connection, target, headers, body)
    except TimeoutError:
        raise NotDelivered(
            _("no answer within %(seconds)s seconds", seconds=format(seconds, "g")), silent=True
        ) from None
    except ssl.SSLError as error:
        raise NotDelivered(_("no secure connection (%(reason)s)", reason=error.reason or "TLS"), silent=True) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotDelivered(_("no connection or no answer (%(name)s)", name=type(error).__name__), silent=True) from None
    if 300 <= status < 400:
        raise NotDelivered(_("it answered %(status)s; redirects are not followed", status=status), silent=False)
    if not 200 <= status < 300:
        raise NotDelivered(_("it answered %(status)s", status=status), silent=status in OVERLOADED)


def _ask(connection: http.client.HTTPConnection, target: Target, headers: Mapping[str, str], body: bytes) -> int:
    """Send a message on a connection, and return the status of the answer."""
    connection.default_port = 443 if target.is_secure else 80  # any other is named in the header Host
    if target.is_secure:
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(connection.sock, server_hostname=target.host)
    connection.request("POST", target.path, body, dict(headers))
    with connection.getresponse() as response:
        return response.status


@contextmanager
def _cut_at(until: float, handle: socket.socket) -> Iterator[None]:
    """Cut a connection at a moment of the monotonic clock, however slowly the other side speaks, as `TimeoutError`."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(until - time.monotonic(), 0.0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError):
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        timer.join()
        handle.close()


def _open(hosts: Hosts, target: Target, until: float) -> socket.socket:
    """Return a connection to the first address of a host that may be used and answers."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered(_("its name cannot be looked up"), silent=True) from None
    refused: NotDelivered | None = None
    failed: OSError = ConnectionError()
    for family, kind, protocol, _name, where in found:
        try:
            hosts.check_address(target, ip_address(str(where[0]).partition("%")[0]))
        except NotDelivered as error:
            refused = error
            continue
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(min(CONNECT_SECONDS, max(until - time.monotonic(), 0.1)))
            connection.connect(where)
            connection.settimeout(SECONDS)
        except OSError as error:
            connection.close()
            failed, refused = error, None
        else:
            return connection
    raise refused or failed


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
