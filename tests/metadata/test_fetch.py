from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from jitprov.metadata.fetch import PUBLIC_ONLY, Beyond, fetch_metadata
from jitprov.saml.metadata_refusals import MetadataRefused, MetadataTooLarge
from tests.support.certificate_authority import authority, server_context, trusting

LIMIT = 10_000
DOCUMENT = b"<document/>"
QUICK = timedelta(seconds=0.4)
PATIENT = timedelta(seconds=20)


# A server of our own


class Server(ThreadingHTTPServer):
    """A server that answers as the path says, and keeps what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.stopped = threading.Event()
        self.asked: list[tuple[str, str]] = []
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors, because clients of these tests hang up on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Keep the test output clean."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))
        kind, _, rest = self.path.lstrip("/").partition("?")
        getattr(self, f"answer_{kind}")(rest)

    def answer_document(self, _: str) -> None:
        self.answer(200, DOCUMENT)

    def answer_missing(self, _: str) -> None:
        self.answer(404, b"no")

    def answer_nowhere(self, _: str) -> None:
        self.answer(302, b"")

    def answer_redirect(self, location: str) -> None:
        self.answer(302, b"", {"Location": location})

    def answer_astray(self, _: str) -> None:
        self.answer(302, b"", {"Location": "https://[::1/"})

    def answer_again(self, count: str) -> None:
        self.answer(
            307, b"", {"Location": f"/again?{int(count) - 1}" if count > "1" else "/document"}
        )

    def answer_large(self, _: str) -> None:
        self.answer(200, b"a" * (LIMIT + 1))

    def answer_exact(self, _: str) -> None:
        self.answer(200, b"a" * LIMIT)

    def answer_endless(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        while not self.server.stopped.is_set():
            self.wfile.write(b"a" * 1000)

    def answer_silence(self, _: str) -> None:
        self.server.stopped.wait()

    def answer_slowly(self, _: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.drip(b"a")

    def answer_headers(self, _: str) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Header: ")
        self.drip(b"a")

    def drip(self, byte: bytes) -> None:
        while not self.server.stopped.wait(0.02):
            self.wfile.write(byte)

    def answer_rubbish(self, _: str) -> None:
        self.wfile.write(b"hello\r\n\r\n")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def running(tls: ssl.SSLContext | None) -> Iterator[Server]:
    server = Server(tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(server_context(tmp_path_factory.mktemp("tls"), "localhost")) as server:
        yield server


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    with running(None) as server:
        yield server


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that sets the addresses of a name and returns the list of names that are looked up."""
    real = socket.getaddrinfo

    def install(name: str, *addresses: str) -> list[str]:
        asked: list[str] = []

        def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            asked.append(host)
            if host != name:
                return real(host, port, *args, **kwargs)
            return [entry for one in addresses for entry in real(one, port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        return asked

    return install


def fetch(url: str, **options: Any) -> bytes:
    defaults: dict[str, Any] = {
        "max_bytes": LIMIT,
        "timeout": PATIENT,
        "beyond": Beyond(here=True),
        "tls": trusting(),
    }
    return fetch_metadata(url, **(defaults | options))


def refusal(url: str, **options: Any) -> MetadataRefused:
    with pytest.raises(MetadataRefused) as caught:
        fetch(url, **options)
    assert "\n" not in str(caught.value)
    return caught.value


# What is fetched


def test_a_document_is_fetched_by_https(secure: Server) -> None:
    assert fetch(f"https://localhost:{secure.port}/document?a=b c&d=%20ü#top") == DOCUMENT
    assert secure.asked[-1] == ("/document?a=b%20c&d=%20%C3%BC", f"localhost:{secure.port}")


def test_a_document_is_fetched_by_http_from_this_machine_in_development(plain: Server) -> None:
    assert fetch(f"http://127.0.0.1:{plain.port}/document") == DOCUMENT


def test_the_authorities_of_the_system_are_trusted_by_default(
    secure: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://localhost:{secure.port}/document"
    assert refusal(url, tls=None).code == "metadata_tls_failed"
    file = tmp_path / "authority.pem"
    file.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert fetch(url, tls=None) == DOCUMENT


def test_redirects_are_followed_up_to_three(plain: Server) -> None:
    base = f"http://127.0.0.1:{plain.port}"
    assert fetch(f"{base}/again?3") == DOCUMENT
    assert "more than 3 times" in str(refusal(f"{base}/again?4"))


def test_a_document_just_as_large_as_allowed_is_fetched(plain: Server) -> None:
    assert len(fetch(f"http://127.0.0.1:{plain.port}/exact")) == LIMIT


def test_the_next_address_is_tried_and_the_name_is_looked_up_once(
    secure: Server, names: Callable[..., list[str]]
) -> None:
    asked = names("localhost", "127.0.0.2", "127.0.0.1")
    assert fetch(f"https://localhost:{secure.port}/document") == DOCUMENT
    # A second look-up could give an address that nobody checked.
    assert asked.count("localhost") == 1


# URLs that are refused


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://idp.example/metadata", id="no TLS"),
        pytest.param("ftp://idp.example/metadata", id="another scheme"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https://", id="no host"),
        pytest.param("https://a:b@idp.example/", id="a user and a password"),
        pytest.param("https://[::1/", id="half an address"),
        pytest.param("https://idp.example:port/", id="a port that is no number"),
        pytest.param("https://idp..example/", id="a name with an empty label"),
        pytest.param("https://idp.example/\r\nHost: a", id="line breaks"),
        pytest.param("https://idp.example/" + "a" * 2048, id="too long"),
        pytest.param("https://idp.example:22/", id="the port of a shell"),
        pytest.param("https://idp.example:1023/", id="a port of the system"),
    ],
)
def test_a_url_that_is_not_allowed_is_refused(url: str) -> None:
    assert refusal(url).code == "metadata_url_refused"


def test_plain_http_from_this_machine_is_refused_outside_development(plain: Server) -> None:
    error = refusal(f"http://127.0.0.1:{plain.port}/document", beyond=PUBLIC_ONLY)
    assert error.code == "metadata_url_refused"


# Addresses that are refused


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("127.0.0.1", id="this machine"),
        pytest.param("::1", id="this machine by IPv6"),
        pytest.param("10.0.0.1", id="a private network"),
        pytest.param("172.16.0.1", id="another one"),
        pytest.param("192.168.1.1", id="a home network"),
        pytest.param("100.64.0.1", id="a carrier's network"),
        pytest.param("169.254.169.254", id="a cloud's metadata service"),
        pytest.param("fd00:ec2::254", id="the same by IPv6"),
        pytest.param("fe80::1", id="the local link"),
        pytest.param("0.0.0.0", id="any address"),  # noqa: S104 -- refused, not bound to
        pytest.param("::", id="any address of IPv6"),
        pytest.param("224.0.0.1", id="many machines"),
        pytest.param("ff0e::1", id="many machines by IPv6"),
        pytest.param("255.255.255.255", id="all machines"),
        pytest.param("240.0.0.1", id="nobody yet"),
        pytest.param("::ffff:10.0.0.1", id="a private address inside an IPv6 one"),
        pytest.param("2002:0a00:0001::", id="a private address inside 6to4"),
        pytest.param("64:ff9b::a00:1", id="a private address behind a translator"),
    ],
)
def test_an_address_that_is_not_public_is_refused(
    address: str, names: Callable[..., list[str]]
) -> None:
    names("idp.example", address)
    for url in ("https://idp.example/metadata", f"https://{bracketed(address)}/metadata"):
        error = refusal(url, beyond=PUBLIC_ONLY)
        assert error.code == "metadata_address_refused", url


def bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def test_one_bad_address_of_several_refuses_the_host(names: Callable[..., list[str]]) -> None:
    names("idp.example", "20.190.159.1", "10.0.0.1")
    error = refusal("https://idp.example/metadata")
    assert error.code == "metadata_address_refused"
    assert "10.0.0.1" in str(error)


def test_development_does_not_open_this_machine_to_other_names(
    names: Callable[..., list[str]], secure: Server
) -> None:
    names("idp.example", "127.0.0.1")
    error = refusal(f"https://idp.example:{secure.port}/document")
    assert error.code == "metadata_address_refused"


@pytest.mark.parametrize(
    ("location", "code"),
    [
        pytest.param(
            "https://10.0.0.1/", "metadata_address_refused", id="into the private network"
        ),
        pytest.param(
            "https://169.254.169.254/latest/", "metadata_address_refused", id="to the cloud's own"
        ),
        pytest.param("http://idp.example/", "metadata_url_refused", id="away from TLS"),
        pytest.param("file:///etc/passwd", "metadata_url_refused", id="to a file"),
        pytest.param("https://[::1/", "metadata_url_refused", id="to nonsense"),
    ],
)
def test_the_target_of_a_redirect_is_checked_like_a_url(
    secure: Server, location: str, code: str
) -> None:
    assert refusal(f"https://localhost:{secure.port}/redirect?{location}").code == code


# Hosts of the operator's own network


OWN = "adfs.corp.example"


def named(*hosts: str, **options: Any) -> Beyond:
    return Beyond(hosts=frozenset(hosts), **options)


@pytest.fixture
def corporate(tmp_path: Path, names: Callable[..., list[str]]) -> Iterator[Server]:
    """Run a server that the corporate name leads to; loopback stands for the corporate network."""
    names(OWN, "127.0.0.1")
    with running(server_context(tmp_path, OWN)) as server:
        yield server


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    file = tmp_path / "authority.pem"
    file.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    return str(file)


def test_a_host_that_the_operator_names_is_fetched_from_and_proves_who_it_is(
    corporate: Server, ca_file: str
) -> None:
    url, host = f"https://{OWN}:{corporate.port}/document", f"{OWN}:{corporate.port}"
    assert fetch(url, beyond=named(host, authorities=ca_file), tls=None) == DOCUMENT
    assert refusal(url, beyond=named(host), tls=None).code == "metadata_tls_failed"
    assert refusal(url, beyond=PUBLIC_ONLY).code == "metadata_address_refused"


def test_a_host_is_named_with_its_port(corporate: Server) -> None:
    url = f"https://{OWN}:{corporate.port}/document"
    assert refusal(url, beyond=named(OWN)).code == "metadata_address_refused"


def test_an_address_can_be_named_like_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []

    def connect(address: Any, *_: Any) -> Any:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    for url, host in (
        ("https://10.1.2.3/", "10.1.2.3"),
        ("https://[FD00::1]:8443/", "[fd00::1]:8443"),
    ):
        assert refusal(url, beyond=named(host)).code == "metadata_fetch_failed"
    assert tried == [("10.1.2.3", 443), ("fd00::1", 8443)]


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1"])  # noqa: S104
def test_a_host_that_is_named_cannot_lead_where_no_host_is(
    names: Callable[..., list[str]], address: str
) -> None:
    names(OWN, address)
    assert refusal(f"https://{OWN}/", beyond=named(OWN)).code == "metadata_address_refused"


def test_only_a_host_that_is_named_may_redirect_to_one(
    corporate: Server, plain: Server, names: Callable[..., list[str]]
) -> None:
    other = f"https://{OWN}:{corporate.port}/document"
    within = f"https://{OWN}:{corporate.port}/redirect?{other}"
    host = f"{OWN}:{corporate.port}"
    assert fetch(within, beyond=named(host)) == DOCUMENT
    astray = f"https://{OWN}:{corporate.port}/redirect?https://10.9.9.9/"
    assert refusal(astray, beyond=named(host)).code == "metadata_address_refused"


def test_a_public_host_may_not_redirect_to_one_that_is_named(
    corporate: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The server stands for a public one: only what is asked for by the redirect is looked at.
    monkeypatch.setattr(
        "jitprov.metadata.fetch.special_use",
        lambda address: "" if str(address) == "127.0.0.1" else "x",
    )
    host, target = f"{OWN}:{corporate.port}", "https://10.1.2.3/"
    url = f"https://{host}/redirect?{target}"
    assert refusal(url, beyond=named("10.1.2.3")).code == "metadata_address_refused"


def test_plain_http_to_a_host_that_is_named_is_for_development_only(plain: Server) -> None:
    host = f"127.0.0.1:{plain.port}"
    assert refusal(f"http://{host}/document", beyond=named(host)).code == "metadata_url_refused"
    assert fetch(f"http://{host}/document", beyond=named(host, here=True)) == DOCUMENT


def test_a_file_of_authorities_that_cannot_be_read_is_an_error(
    corporate: Server, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    host = f"{OWN}:{corporate.port}"
    for file in (str(empty), str(tmp_path / "absent.pem")):
        error = refusal(f"https://{host}/", beyond=named(host, authorities=file), tls=None)
        assert error.code == "metadata_tls_failed"
        assert "certificate authorities" in str(error)


# Servers that are refused


def test_a_host_with_the_certificate_of_another_is_refused(tmp_path: Path) -> None:
    with running(server_context(tmp_path, "other.example")) as server:
        error = refusal(f"https://localhost:{server.port}/document")
    assert error.code == "metadata_tls_failed"
    assert "localhost" in str(error)
    assert server.asked == []


def test_a_host_without_tls_is_refused(plain: Server) -> None:
    assert refusal(f"https://localhost:{plain.port}/document").code == "metadata_tls_failed"


def test_an_unknown_host_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "is not known" in str(refusal("https://idp.example/"))


def test_a_host_that_does_not_listen_is_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = refusal(f"https://localhost:{unused.getsockname()[1]}/")
    assert error.code == "metadata_fetch_failed"


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        pytest.param("missing", "metadata_fetch_failed", "status 404", id="not there"),
        pytest.param("nowhere", "metadata_fetch_failed", "status 302", id="redirects to nothing"),
        pytest.param("astray", "metadata_url_refused", "not a URL", id="redirects to no URL"),
        pytest.param("rubbish", "metadata_fetch_failed", "BadStatusLine", id="does not speak HTTP"),
    ],
)
def test_an_answer_that_is_no_document_is_refused(
    plain: Server, path: str, code: str, words: str
) -> None:
    error = refusal(f"http://127.0.0.1:{plain.port}/{path}")
    assert error.code == code
    assert words in str(error)


@pytest.mark.parametrize("path", ["large", "endless"])
def test_an_answer_that_is_too_large_is_refused(plain: Server, path: str) -> None:
    error = refusal(f"http://127.0.0.1:{plain.port}/{path}")
    assert isinstance(error, MetadataTooLarge)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("silence", id="says nothing"),
        pytest.param("headers", id="sends headers byte by byte"),
        pytest.param("slowly", id="sends the document byte by byte"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_is_too_slow_times_out(
    plain: Server, secure: Server, scheme: str, path: str
) -> None:
    port = plain.port if scheme == "http" else secure.port
    error = refusal(f"{scheme}://localhost:{port}/{path}", timeout=QUICK)
    assert error.code == "metadata_fetch_timed_out"
    assert "0.4 seconds" in str(error)


def test_a_handshake_that_is_too_slow_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        error = refusal(f"https://localhost:{deaf.getsockname()[1]}/", timeout=QUICK)
    assert error.code == "metadata_fetch_timed_out"


def test_a_look_up_that_is_too_slow_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def slow(*args: Any, **kwargs: Any) -> Any:
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        assert refusal("https://idp.example/", timeout=QUICK).code == "metadata_fetch_timed_out"
    finally:
        over.set()


def test_a_timeout_of_zero_times_out_at_once() -> None:
    error = refusal("https://localhost/", timeout=timedelta(0))
    assert error.code == "metadata_fetch_timed_out"


def test_a_connection_that_is_too_slow_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: Any, **kwargs: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", slow)
    assert refusal("https://localhost/").code == "metadata_fetch_timed_out"
