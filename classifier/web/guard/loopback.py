"""Whether a request comes from this machine, which may do everything while no key exists."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

NEXT_STEP = "Make a key: python -m classifier keys create NAME --role admin"
_OF_PROXIES = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP")


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address in a text, or None. An IPv4 address mapped into IPv6 becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback; IPv6 may have brackets."""
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = address_of(bare)
    return bare.lower() == "localhost" or (address is not None and address.is_loopback)


def host_of(header: str) -> str:
    """Return a Host header without its port."""
    return header if header.endswith("]") else header.rsplit(":", 1)[0]


def why_open_is_unsafe(listens_on: str, proxies: int) -> str | None:
    """Return why a service that listens there needs a key, or None if only this machine reaches it."""
    if not is_loopback(listens_on):
        return f"this service listens on {listens_on}"
    return "TAGGER_PROXIES says that a proxy is in front of this service" if proxies else None


def why_from_elsewhere(environ: Mapping[str, Any], host: str, proxies: int) -> str | None:
    """Return why a request may come from another machine, or None if it comes from a program on this one.

    A proxy on this machine connects from loopback too. It gives itself away by the headers that it adds, or by HTTP/1.0,
    which nginx speaks to a service by default.
    """
    peer = str(environ.get("REMOTE_ADDR", ""))
    forwarded = [name for name in environ if name in _OF_PROXIES or name.startswith("HTTP_X_FORWARDED")]
    if peer and (unsafe := why_open_is_unsafe(str(environ["SERVER_NAME"]), proxies)):
        return unsafe
    if forwarded:
        header = forwarded[0].removeprefix("HTTP_").replace("_", "-").title()
        return f"this request has the header {header[:60]}, as a proxy sends it"
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return "this request is one of HTTP/1.0, as a proxy sends it"
    if not is_loopback(peer):
        return f"this request comes from {peer or 'a Unix socket, which does not say who asks'}"
    return None if is_loopback(host_of(host)) else f"this request is for the host {host[:80]!r}"
