"""Sending to addresses that others chose: only to hosts of a list, without redirects, and within fixed limits.

A name is looked up once, its address is checked, and the connection goes to that very address, so that a name server cannot
answer otherwise in between (DNS rebinding).
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address

from classifier.operations.hosts import Hosts, NotDelivered, Target
from classifier.texts import _

CONNECT_SECONDS, SECONDS = 5.0, 10.0  # for the connection, and for all until the head of the answer has come
OVERLOADED = (429, 502, 503, 504)  # answers of a receiver that is down or wants to be left alone


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
