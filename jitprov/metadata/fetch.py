"""Fetch a metadata document from a URL that somebody typed, on the public internet or from a host that the operator named.

Whoever gives the address chooses which machine we talk to (server-side request forgery). So only https, only
addresses of the public internet, and the connection goes to the very address that was checked: a second look-up
of the name could answer differently (DNS rebinding). Every redirect is judged anew. The operator may name hosts of
their own network; then only a URL that begins at one of these may lead to one.

Proxies of the environment are not used: one would do the look-up itself. Behind one, give the document as a file.
"""

from __future__ import annotations

import io
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from jitprov.metadata.addresses import Address, is_own, special_use
from jitprov.saml.metadata import MetadataRefused, is_loopback
from jitprov.saml.metadata_refusals import MetadataTooLarge

MAX_REDIRECTS = 3
MAX_URL = 2048
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 64 * 1024
_HTTPS, _FIRST_UNPRIVILEGED = 443, 1024
_HEADERS = {
    "Accept": "application/samlmetadata+xml, application/xml, text/xml",
    "Accept-Encoding": "identity",
    "User-Agent": "jitprov",
}


class MetadataUrlRefused(MetadataRefused):
    """The URL of the metadata is not one that we fetch from."""

    code = "metadata_url_refused"
    remedy = "Give an https URL, or fetch the document yourself and give the file."


class MetadataAddressRefused(MetadataRefused):
    """The metadata's host has an address that is not on the public internet."""

    code = "metadata_address_refused"
    remedy = (
        "If that host is meant, let whoever runs this application name it in JITPROV_METADATA_PRIVATE_HOSTS, or fetch "
        "the document yourself and give the file."
    )


class MetadataFetchFailed(MetadataRefused):
    """The metadata's host could not be reached, or did not answer with the document."""

    code = "metadata_fetch_failed"
    remedy = "Check the URL in a browser, or fetch the document there and give the file."


class MetadataFetchTimedOut(MetadataRefused):
    """The metadata's host was too slow."""

    code = "metadata_fetch_timed_out"
    remedy = "Try again, raise JITPROV_METADATA_TIMEOUT, or fetch the document yourself and give the file."


class MetadataTlsFailed(MetadataRefused):
    """The metadata's host has no certificate that TLS accepts."""

    code = "metadata_tls_failed"
    remedy = "Check the host name; if it is right, ask its admin to repair the TLS certificate."


class _Deadline:
    """The time at which a fetch is given up: look-up, connection, handshake and reading together."""

    def __init__(self, timeout: timedelta) -> None:
        self._end = time.monotonic() + timeout.total_seconds()

    def remaining(self) -> float:
        """Return the seconds that are left.

        :raises TimeoutError: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Reach(Enum):
    """Where a host may be."""

    PUBLIC = auto()
    OWN = auto()
    """In the operator's own network."""
    HERE = auto()
    """On this very machine."""

    def includes(self, address: Address) -> bool:
        if self is _Reach.OWN and is_own(address):
            return True
        if self is _Reach.HERE and address.is_loopback:
            return True
        return not special_use(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beyond:
    """Where metadata may be fetched from besides the public internet."""

    here: bool = False
    """For development: a URL may name this very machine; and here and in the own network, plain http is enough."""
    hosts: frozenset[str] = frozenset()
    """Hosts of the operator's own network, as in a URL: in lower case, with the port if it is not the usual one."""
    authorities: str = ""
    """A file with certificate authorities that these hosts may have, besides those of the system."""

    def reach(self, host: str, authority: str) -> _Reach:
        if authority in self.hosts:
            return _Reach.OWN
        return _Reach.HERE if self.here and is_loopback(host) else _Reach.PUBLIC


PUBLIC_ONLY = Beyond()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A URL whose text is allowed. Its addresses are checked later."""

    url: str
    secure: bool
    host: str
    port: int
    path: str
    reach: _Reach

    @property
    def authority(self) -> str:
        return _authority(self.host, self.port, secure=self.secure)


def fetch_metadata(
    url: str,
    *,
    max_bytes: int,
    timeout: timedelta,
    beyond: Beyond = PUBLIC_ONLY,
    tls: ssl.SSLContext | None = None,
) -> bytes:
    """Return the document at an https URL.

    :param timeout: for everything together, redirects included.
    :param beyond: the hosts that are allowed besides those of the public internet.
    :param tls: instead of the certificate authorities of the system and of ``beyond``.
    :raises MetadataRefused: the text is one line with the problem and the remedy.
    """
    deadline = _Deadline(timeout)
    target = _target(url, beyond)
    # A public host may not redirect elsewhere, only a URL that begins there may stay there.
    begins = target.reach
    try:
        for _ in range(MAX_REDIRECTS + 1):
            answer = _get(target, deadline, tls or _tls(target, beyond), max_bytes)
            if isinstance(answer, bytes):
                return answer
            target = _target(answer.url, beyond if begins is not _Reach.PUBLIC else PUBLIC_ONLY)
    except TimeoutError as error:
        raise MetadataFetchTimedOut(
            f"the metadata did not arrive within {timeout.total_seconds():g} seconds"
        ) from error
    raise MetadataFetchFailed(f"the URL redirects more than {MAX_REDIRECTS} times")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Redirect:
    url: str


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL or not url.isprintable():
        raise MetadataUrlRefused("the URL is too long or not printable")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise MetadataUrlRefused(f"{url!r} is not a URL") from error


def _tls(target: _Target, beyond: Beyond) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if target.reach is _Reach.OWN and beyond.authorities:
        try:
            context.load_verify_locations(cafile=beyond.authorities)
        except OSError as error:  # ssl.SSLError is one
            raise MetadataTlsFailed(
                "the file of certificate authorities that the settings name can not be read"
            ) from error
    return context


def _authority(host: str, port: int, *, secure: bool) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port == (_HTTPS if secure else 80) else f"{host}:{port}"


def _target(url: str, beyond: Beyond) -> _Target:
    parts = _split(url)
    try:
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except ValueError as error:
        raise MetadataUrlRefused(f"{url!r} is not a URL") from error
    if not host or "@" in parts.netloc:
        raise MetadataUrlRefused(f"{url!r} is not a URL that metadata is fetched from")
    secure = parts.scheme == "https"
    port = port or (_HTTPS if secure else 80)
    reach = beyond.reach(host, _authority(host, port, secure=secure))
    if not secure and not (beyond.here and parts.scheme == "http" and reach is not _Reach.PUBLIC):
        raise MetadataUrlRefused(f"{url!r} is not an https URL")
    if reach is _Reach.PUBLIC and port != _HTTPS and port < _FIRST_UNPRIVILEGED:
        raise MetadataUrlRefused(f"{url!r} names a port that metadata is not fetched from")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return _Target(
        url=url,
        secure=secure,
        host=host,
        port=port,
        path=f"{path}?{query}" if query else path,
        reach=reach,
    )


# Where the host is


def _addresses(target: _Target, deadline: _Deadline) -> list[Address]:
    """Look up the host, and refuse it if any of its addresses is not allowed.

    One bad address spoils all: a name that points both outside and inside is an attempt.
    """
    addresses = _look_up(target, deadline)
    for address in addresses:
        if not target.reach.includes(address):
            raise MetadataAddressRefused(
                f"{target.host!r} has the address {address}, which is for {special_use(address)}, not public"
            )
    return addresses


def _look_up(target: _Target, deadline: _Deadline) -> list[Address]:
    """Look up the host in a thread of its own, because getaddrinfo has no time-out."""
    answers: queue.Queue[list[Any] | OSError] = queue.Queue()
    threading.Thread(target=_resolve, args=(target, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.remaining())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise MetadataFetchFailed(f"the host {target.host!r} is not known") from answer
    # A scope ("%eth0") only belongs to link-local addresses; without it they are refused as such.
    found = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in answer)
    return [ipaddress.ip_address(text) for text in found]


def _resolve(target: _Target, answers: queue.Queue[list[Any] | OSError]) -> None:
    try:
        answers.put(list(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)))
    except OSError as error:
        answers.put(error)


# Connecting and reading


class _DeadlineReader(io.RawIOBase):
    """A socket's bytes, read before the deadline, also from a host that sends them one by one."""

    def __init__(self, sock: socket.socket, deadline: _Deadline) -> None:
        self._sock, self._deadline = sock, deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PinnedConnection(HTTPConnection):
    """A connection to an address that was checked, in which TLS still verifies the host name."""

    def __init__(
        self,
        target: _Target,
        addresses: Iterable[Address],
        deadline: _Deadline,
        tls: ssl.SSLContext,
    ) -> None:
        super().__init__(target.host, target.port)
        self._target, self._addresses, self._deadline, self._tls = target, addresses, deadline, tls

    def connect(self) -> None:
        sock = self._connected()
        sock.settimeout(self._deadline.remaining())
        if self._target.secure:
            sock = self._tls.wrap_socket(sock, server_hostname=self._target.host)
        self.sock = sock

    def _connected(self) -> socket.socket:
        problem: OSError = OSError("no address")
        for address in self._addresses:
            try:
                return socket.create_connection(
                    (str(address), self._target.port), self._deadline.remaining()
                )
            except TimeoutError:
                raise
            except OSError as error:
                problem = error
        raise problem

    def response_class(  # type: ignore[override]  # it is only ever called
        self, sock: socket.socket, *args: Any, **kwargs: Any
    ) -> HTTPResponse:
        """Return a response that is read against the deadline, headers too."""
        response = HTTPResponse(sock, *args, **kwargs)
        response.fp.close()
        response.fp = io.BufferedReader(_DeadlineReader(sock, self._deadline))
        return response


def _get(
    target: _Target, deadline: _Deadline, tls: ssl.SSLContext, max_bytes: int
) -> bytes | _Redirect:
    connection = _PinnedConnection(target, _addresses(target, deadline), deadline, tls)
    try:
        connection.request("GET", target.path, headers=_HEADERS | {"Host": target.authority})
        with connection.getresponse() as response:
            return _answer(target, response, max_bytes)
    except TimeoutError:
        raise
    except ssl.SSLError as error:
        raise MetadataTlsFailed(
            f"{target.host!r} did not prove who it is ({_reason(error)})"
        ) from error
    except (OSError, HTTPException) as error:
        raise MetadataFetchFailed(
            f"{target.host!r} did not answer ({type(error).__name__})"
        ) from error
    finally:
        connection.close()


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise MetadataUrlRefused(f"{location[:200]!r} is not a URL") from error


def _reason(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return error.reason or type(error).__name__


def _answer(target: _Target, response: HTTPResponse, max_bytes: int) -> bytes | _Redirect:
    location = response.getheader("Location", "")
    if response.status in _REDIRECTS and location:
        return _Redirect(url=_joined(target.url, location))
    if response.status != HTTPStatus.OK:
        raise MetadataFetchFailed(f"{target.host!r} answered with HTTP status {response.status}")
    document = bytearray()
    while chunk := response.read1(_CHUNK):
        document += chunk
        if len(document) > max_bytes:
            raise MetadataTooLarge(f"the document is too large (more than {max_bytes} bytes)")
    return bytes(document)
