"""To whom the service speaks: hosts of a list, at the address that was checked, and to nobody else."""

from __future__ import annotations

import socket
import ssl
import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest

from classifier.errors import BadWebhook
from classifier.operations import receivers
from classifier.operations.hosts import Hosts, NotDelivered, read_hosts
from classifier.operations.receivers import post
from tests.receiver import HERE, receiving

LISTED = read_hosts(["cms.example.org", "*.news.example", "10.1.0.0/16", "::1", "127.0.0.1"])


@pytest.mark.parametrize(
    "url",
    [
        "https://cms.example.org/hook",
        "https://CMS.Example.org:8443/hook?a=b",
        "https://cms.example.org./",
        "https://a.b.news.example",
        "http://10.1.2.3/hook",
        "https://[::1]/",
    ],
)
def test_a_listed_host_may_be_sent_to(url: str) -> None:
    assert LISTED.target(url).host


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://cms.example.org.evil.example/",
        "https://xcms.example.org/",
        "https://news.example/",
        "https://evil.example/?cms.example.org",
        "https://cms.example.org@evil.example/",
        "https://user:password@cms.example.org/",
        "https://cms.example.org/#a",
        "https://cms.example.org/a b",
        "https://cms.example.org/\nHost: evil",
        "https://cms.example.org:99999/",
        "ftp://cms.example.org/",
        "file:///etc/passwd",
        "cms.example.org",
        "https://10.2.0.1/",
        "https://0x0a010203/",
        "https://[::ffff:10.2.0.1]/",
        "https://",
        "https://cms.example.org/" + "a" * 1000,
    ],
)
def test_no_other_url_may_be_sent_to(url: str) -> None:
    with pytest.raises(BadWebhook):
        LISTED.target(url)
    with pytest.raises(BadWebhook):
        Hosts().target("https://cms.example.org/")


@pytest.mark.parametrize(
    "entry", ["*", "*.*", "cms.example.org:80", "https://cms.example.org", "1.2.3.4/33", "a b", "-"]
)
def test_a_list_with_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="it must be hosts"):
        read_hosts(["cms.example.org", entry])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.2.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
        ),
        *("::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.2.0.1", "64:ff9b::a02:1", "2002:a02:1::"),
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(address: str) -> None:
    hosts = read_hosts(["cms.example.org"])
    target = hosts.target("https://cms.example.org/")
    with pytest.raises(NotDelivered, match="private"):
        hosts.check_address(target, ip_address(address))
    hosts.check_address(target, ip_address("93.184.216.34"))
    read_hosts(["cms.example.org", address]).check_address(target, ip_address(address))


def test_without_https_messages_go_to_listed_addresses_only() -> None:
    with pytest.raises(NotDelivered, match="without https"):
        LISTED.check_address(LISTED.target("http://cms.example.org/"), ip_address("93.184.216.34"))
    LISTED.check_address(LISTED.target("http://cms.example.org/"), ip_address("10.1.2.3"))


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers with a public address first and a private one then gains nothing."""
    looked_up = []
    real = socket.getaddrinfo

    def rebinding(host: str, port: int, **rest: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "127.0.0.2", port, type=socket.SOCK_STREAM)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with receiving() as receiver:
        post(read_hosts(["cms.example.org", "127.0.0.1"]), f"http://cms.example.org:{receiver.port}/", {}, b"{}")
        assert receiver.got[0].headers["host"] == f"cms.example.org:{receiver.port}"
        assert looked_up == ["cms.example.org"]
        with pytest.raises(NotDelivered, match="private"):
            post(read_hosts(["cms.example.org", "127.0.0.1"]), f"http://cms.example.org:{receiver.port}/", {}, b"{}")
        assert len(receiver.got) == 1


def test_nobody_answers_where_nobody_listens() -> None:
    with receiving() as receiver:
        pass
    with pytest.raises(NotDelivered, match="no connection") as refused:
        post(HERE, receiver.url, {}, b"{}")
    assert refused.value.silent


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    return key, cert


def test_over_https_the_certificate_has_to_be_that_of_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, cert = certificate(tmp_path, "cms.example.org")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _host, port, **_: real("127.0.0.1", port, type=socket.SOCK_STREAM)
    )
    hosts = read_hosts(["cms.example.org", "other.example.org", "127.0.0.1"])
    with receiving(wrap=lambda connection: context.wrap_socket(connection, server_side=True)) as receiver:
        url = f"https://cms.example.org:{receiver.port}/"
        with pytest.raises(NotDelivered, match="no secure connection"):
            post(hosts, url, {}, b"{}")  # nobody vouches for it
        trusting = ssl.create_default_context(cafile=cert)
        monkeypatch.setattr(receivers.ssl, "create_default_context", lambda: trusting)
        post(hosts, url, {}, b"{}")
        with pytest.raises(NotDelivered, match="no secure connection"):
            post(hosts, url.replace("cms", "other"), {}, b"{}")
    assert len(receiver.got) == 1
