"""The only way out to the network, and the only user of ``requests``.

What a server may do wrong is sorted here: "there is no such document" is a value, what may pass is tried again, and
everything else is an UnavailableError that says which it was: no network, an unknown host, TLS, a refused login, an
HTTP status. Indexes may send no cache headers at all, so the age that a cached copy may have is the caller's word.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from resolver import __version__
from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.files import beside
from resolver.model import HttpAnswer, HttpNotFound, HttpPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from requests import PreparedRequest, Response, Session
    from requests.adapters import HTTPAdapter

    from resolver.ports import Cache

T = TypeVar("T")

_KIND = "http"
_CHUNK = 1 << 17
"""Bytes read at a time. With requests' own 10 KiB the threads spend their time handing over the interpreter lock."""
_BODY_LIMIT = 256 << 20
_FILE_LIMIT = 8 << 30
_GONE = frozenset({404, 410})
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_BROKEN = "the connection broke before the end"
_OTHER_FILE = "do not install it; find out who changed the file, or what gives its hash: the index, or the lock"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpOptions:
    """How servers are asked; the values are pip's own (``resolver.pypi.configuration`` reads them)."""

    ca_bundle: str | None = None
    """A file or folder of trusted certificates; None leaves it to requests."""
    client_cert: str | None = None
    timeout: float = 15.0
    """Seconds that a connection may take, and that a server may stay silent."""
    proxy: str | None = field(default=None, repr=False)
    """For every request; None leaves it to the environment."""
    credentials: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    """User and password per origin, ``https://host:port``; .netrc is asked for the others."""
    offline: bool = False
    retries: int = 3
    """How often a request is repeated after its first failure."""
    backoff: float = 0.25
    """Seconds before the first repetition; doubled for each further one."""
    longest_wait: float = 10.0
    """The cap in seconds on a server's Retry-After."""
    connections: int = 12
    """How many connections are kept open to one host."""


class _Retry(Exception):  # noqa: N818 -- no error but a signal between _once and _ask; never leaves this module
    """This attempt failed in a way that may pass."""

    def __init__(self, failure: DistrofirstError, *, wait: float | None = None, limit: int | None = None) -> None:
        super().__init__(failure)
        self.failure = failure
        self.wait = wait
        self.limit = limit


class HttpClient:
    """The Http port over one ``requests`` session, shared by all threads."""

    def __init__(
        self, cache: Cache, options: HttpOptions | None = None, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Open nothing yet: a run that the caches can serve does not even import ``requests``."""
        self._cache = cache
        self._options = options or HttpOptions()
        self._sleep = sleep
        self._lock = threading.Lock()
        self._opened: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; the client may be used again afterwards."""
        with self._lock:
            session, self._opened = self._opened, None
        if session is not None:
            session.close()

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> HttpAnswer | HttpNotFound:
        """Fetch a document into memory, or take it from the cache (see the port)."""
        key = f"{accept} {url}"
        validators: dict[str, str] = {}
        stored: HttpAnswer | None = None
        if max_age > 0:
            age = self._cache.age(_KIND, key)
            if age is not None:
                stored, validators = self._load(key)
            if stored and age is not None and (self._options.offline or 0 <= age <= max_age):
                return stored
        kept = stored

        def consume(response: Response) -> tuple[HttpAnswer, dict[str, str]]:
            if response.status_code == 304 and kept:  # noqa: PLR2004 -- "Not Modified", RFC 9110
                return kept, validators
            return _whole(response, url), {
                header: response.headers[name]
                for name, header in (("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since"))
                if name in response.headers
            }

        result = self._ask(url, {"Accept": accept, **validators}, consume)
        if isinstance(result, HttpNotFound):
            return result
        answer, validators = result
        if max_age > 0:
            self._store(key, answer, validators)
        return answer

    def part(self, url: str, *, start: int, length: int) -> HttpPart | HttpNotFound | None:
        """Fetch a range of a document (see the port; RFC 9110, section 14)."""
        wanted = f"bytes=-{length}" if start < 0 else f"bytes={start}-{start + length - 1}"

        def consume(response: Response) -> HttpPart | None:
            # 200: the whole document is on its way, and is left unread. 416, 501 and their like: no ranges here.
            if response.status_code != 206:  # noqa: PLR2004 -- "Partial Content"
                return None
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
            if found is None:
                return None  # several parts, or a size the server does not know
            first, last, total = (int(number) for number in found.groups())
            data = _body(response, url, length)
            if len(data) != last - first + 1 or last >= total or (start >= 0 and first != start):
                raise _Retry(_bad_answer(url, f"it sent {len(data)} bytes as {found.group()}"))
            return HttpPart(start=first, data=data, total=total)

        # Any encoding but identity would make offsets meaningless.
        return self._ask(
            url, {"Accept": "*/*", "Accept-Encoding": "identity", "Range": wanted}, consume, also={400, 416, 501}
        )

    def download(self, url: str, path: Path, *, sha256: str, size: int | None = None) -> Path | HttpNotFound:
        """Stream a document to a file whose hash is known (see the port)."""
        try:
            if path.is_file() and _digest_of(path) == sha256:
                return path
        except OSError as error:
            raise _cannot_write(path, error) from error
        temporary = beside(path)

        def consume(response: Response) -> Path:
            _check_complete(response, url)
            limit = _FILE_LIMIT if size is None else size
            digest, written = hashlib.sha256(), 0
            with temporary.open("wb") as stream:
                for chunk in response.iter_content(_CHUNK):
                    written += len(chunk)
                    if written > limit:
                        raise PolicyError(
                            f"the file is larger than the {limit} bytes that it should have",
                            context=_shown(url),
                            hint=_OTHER_FILE,
                        )
                    digest.update(chunk)
                    stream.write(chunk)
            _check_length(response, url)
            if digest.hexdigest() != sha256:
                raise PolicyError(
                    f"the file's sha256 is {digest.hexdigest()}, and should be {sha256}",
                    context=_shown(url),
                    hint=_OTHER_FILE,
                )
            temporary.replace(path)
            return path

        try:
            return self._ask(url, {"Accept": "*/*", "Accept-Encoding": "identity"}, consume)
        except OSError as error:
            raise _cannot_write(path, error) from error
        finally:
            temporary.unlink(missing_ok=True)

    # Asking ---------------------------------------------------------------------------------------------------

    def _ask(
        self, url: str, headers: Mapping[str, str], consume: Callable[[Response], T], *, also: set[int] | None = None
    ) -> T | HttpNotFound:
        """Send the request until ``consume`` has read an answer, with pauses in between."""
        if self._options.offline:
            raise UnavailableError(
                "not in the cache, and the run is offline", context=_shown(url), hint="run once without --offline"
            )
        attempt = 0
        while True:
            try:
                return self._once(url, headers, consume, also or set())
            except _Retry as signal:
                allowed = self._options.retries if signal.limit is None else min(signal.limit, self._options.retries)
                if attempt >= allowed:
                    raise signal.failure from signal.__cause__
                pause = self._options.backoff * 2**attempt
                if signal.wait is not None:
                    pause = max(pause, min(signal.wait, self._options.longest_wait))
            self._sleep(pause)
            attempt += 1

    def _once(
        self, url: str, headers: Mapping[str, str], consume: Callable[[Response], T], also: set[int]
    ) -> T | HttpNotFound:
        import requests  # noqa: PLC0415 -- 70 ms that a warm run does not pay

        options = self._options
        try:
            with self._session().get(
                url,
                headers=headers,
                stream=True,
                timeout=(min(options.timeout, 10.0), options.timeout),
                auth=options.credentials.get(_origin(url)),
                proxies={"http": options.proxy, "https": options.proxy} if options.proxy else None,
            ) as response:
                _check_transport(response, url)
                if response.status_code in _GONE:
                    return HttpNotFound(url=url)
                if response.status_code >= 400 and response.status_code not in also:  # noqa: PLR2004 -- RFC 9110
                    raise _status_failure(response, url)
                return consume(response)
        # ValueError: an address, or a number in a header, that urllib3 or the code above cannot make sense of.
        except (requests.RequestException, ValueError) as error:
            raise _transport_failure(error, url, self._options) from error

    def _session(self) -> Session:
        """Give the one session, made at the first request. Cookies are never kept; threads may share it."""
        with self._lock:
            if self._opened is None:
                session = _session()
                session.headers["User-Agent"] = f"distrofirst/{__version__}"
                adapter = _adapter(self._options)
                session.mount("https://", adapter)
                session.mount("http://", adapter)
                self._opened = session
            return self._opened

    # The cache: one line of JSON, then the body -----------------------------------------------------------------

    def _load(self, key: str) -> tuple[HttpAnswer | None, dict[str, str]]:
        entry = self._cache.read(_KIND, key)
        if entry is None:
            return None, {}
        head, _, body = entry.partition(b"\n")
        try:
            about = json.loads(head)
            answer = HttpAnswer(
                url=about["url"], content_type=about["content_type"], body=body, sha256=hashlib.sha256(body).hexdigest()
            )
            return answer, dict(about["validators"])
        except (ValueError, KeyError, TypeError):
            return None, {}  # written by another version of this program

    def _store(self, key: str, answer: HttpAnswer, validators: Mapping[str, str]) -> None:
        about = {"url": answer.url, "content_type": answer.content_type, "validators": dict(validators)}
        self._cache.write(_KIND, key, json.dumps(about).encode() + b"\n" + answer.body)


def _session() -> Session:
    """Make a session that reads the environment's proxies once a server, not once a request (a millisecond each)."""
    import requests  # noqa: PLC0415 -- see HttpClient._once

    class CachingSession(requests.Session):  # type: ignore[misc] # requests is untyped in the OS packages
        """The environment does not change during a run."""

        def __init__(self) -> None:
            super().__init__()
            self._settings: dict[str, Mapping[str, object]] = {}

        def merge_environment_settings(self, url: str, *of_request: object) -> Mapping[str, object]:
            """Join what the request and the environment say; every request of a client says the same."""
            origin = _origin(url)
            if origin not in self._settings:
                self._settings[origin] = super().merge_environment_settings(url, *of_request)
            return {**self._settings[origin]}

    return CachingSession()


def _adapter(options: HttpOptions) -> HTTPAdapter:
    """Make what requests sends through: one TLS context for all connections, with the certificates of ``options``.

    Left to itself, requests reads the whole bundle of certificates again for each connection (10 to 20 ms), and takes
    REQUESTS_CA_BUNDLE from the environment over what it is given.
    """
    import ssl  # noqa: PLC0415 -- requests loads it anyway

    from requests.adapters import HTTPAdapter  # noqa: PLC0415 -- see HttpClient._once
    from requests.certs import where  # noqa: PLC0415

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False  # urllib3 compares the names: its 1.26 hands no address to ssl to compare with
    bundle = options.ca_bundle or where()
    try:
        if os.path.isdir(bundle):  # noqa: PTH112 -- the option is text
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
        if options.client_cert:
            bundle = options.client_cert
            context.load_cert_chain(bundle)
    except (OSError, ssl.SSLError) as error:
        raise UnavailableError(
            f"cannot be read as certificates: {error.strerror or error}",
            context=bundle,
            hint="correct PIP_CERT, PIP_CLIENT_CERT, their like in pip.conf, or the environment's CA variables",
        ) from error

    class Adapter(HTTPAdapter):  # type: ignore[misc] # requests is untyped in the OS packages
        """Hands the context on, in requests 2.28 as in 2.32."""

        def init_poolmanager(self, *args: object, **options: object) -> None:
            super().init_poolmanager(*args, ssl_context=context, **options)

        def proxy_manager_for(self, *args: object, **options: object) -> object:
            return super().proxy_manager_for(*args, ssl_context=context, **options)

        def cert_verify(self, conn: Any, url: object, verify: object, cert: object) -> None:  # noqa: ANN401, ARG002 -- as requests has it
            """Leave all to the context, which verifies always; Debian's urllib3 would add the system's bundle."""
            conn.ca_certs = conn.ca_cert_dir = None

        def build_connection_pool_key_attributes(
            self, request: PreparedRequest, verify: object, cert: object = None
        ) -> tuple[dict[str, object], dict[str, object]]:
            """Tell pools apart by place alone: the context is the same for all (requests from 2.32)."""
            place, _ = super().build_connection_pool_key_attributes(request, verify, cert)
            return place, {}

    return Adapter(pool_connections=8, pool_maxsize=options.connections, max_retries=0)


# Reading an answer --------------------------------------------------------------------------------------------


def _whole(response: Response, url: str) -> HttpAnswer:
    _check_complete(response, url)
    body = _body(response, url, _BODY_LIMIT)
    return HttpAnswer(
        url=_without_login(response.url),
        content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
    )


def _body(response: Response, url: str, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(_CHUNK):
        size += len(chunk)
        if size > limit:
            raise _bad_answer(url, f"it sent more than {limit} bytes")
        chunks.append(chunk)
    _check_length(response, url)
    return b"".join(chunks)


def _check_complete(response: Response, url: str) -> None:
    """Take nothing but 200 for a whole document: 204 or an unasked 304 would read as an empty one."""
    if response.status_code != 200:  # noqa: PLR2004 -- "OK"
        raise _bad_answer(url, f"it answered {response.status_code} {response.reason or ''}".rstrip())


def _check_length(response: Response, url: str) -> None:
    """Notice a body that was cut off: urllib3 before 2.0 lets it pass."""
    promised = response.headers.get("Content-Length", "")
    received = response.raw.tell()
    if promised.isascii() and promised.isdigit() and received != int(promised):
        raise _Retry(_bad_answer(url, _BROKEN))


def _check_transport(response: Response, url: str) -> None:
    if url.startswith("https:") and not response.url.startswith("https:"):
        raise PolicyError(
            f"redirected from https to {_shown(response.url)}",
            context=_shown(url),
            hint="the index is misconfigured, or someone is between you and it",
        )


# Failures -----------------------------------------------------------------------------------------------------


def _status_failure(response: Response, url: str) -> Exception:
    status = f"{response.status_code} {response.reason or ''}".strip()
    if response.status_code in {401, 407}:
        return UnavailableError(
            f"login required: the {'proxy' if response.status_code == 407 else 'server'} answered {status}",  # noqa: PLR2004
            context=_shown(url),
            hint="give user and password in pip's index-url (or proxy), or in ~/.netrc",
        )
    if response.status_code == 403:  # noqa: PLR2004 -- "Forbidden"
        return UnavailableError(
            f"access refused: the server answered {status}",
            context=_shown(url),
            hint="the login, or this machine's address, may not read this; ask the server's operator",
        )
    failure = UnavailableError(f"the server answered {status}", context=_shown(url), hint="try again later")
    if response.status_code in _TRANSIENT:
        return _Retry(failure, wait=_retry_after(response.headers.get("Retry-After", "")))
    return failure


def _retry_after(value: str) -> float | None:
    """Read Retry-After: seconds, or a date (RFC 9110, section 10.2.3)."""
    if value.isascii() and value.isdigit():
        return float(value)
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 -- rare

    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _transport_failure(error: Exception, url: str, options: HttpOptions) -> Exception:
    """Sort what ``requests`` raises. Its own words are not shown: they are internals, and may hold credentials."""
    from requests import exceptions  # noqa: PLC0415 -- loaded already, see _once

    host = _origin(url)
    failure: Exception
    if isinstance(error, exceptions.SSLError):
        failure = UnavailableError(
            f"TLS failed with {host}: {_tls_reason(error)}",
            context=_shown(url),
            hint="name the certificate authority with PIP_CERT (or pip.conf's cert), and check the clock",
        )
    elif isinstance(error, exceptions.ProxyError):
        failure = _Retry(
            UnavailableError(
                f"cannot reach {host} through the proxy",
                context=_shown(url),
                hint="check PIP_PROXY, pip.conf's proxy, or https_proxy",
            )
        )
    elif isinstance(error, exceptions.Timeout):
        failure = _Retry(_silence(url, host, options), limit=1)  # each costs the whole timeout
    elif isinstance(error, exceptions.TooManyRedirects):
        failure = _bad_answer(url, "it redirects without end")
    elif isinstance(error, exceptions.ContentDecodingError):
        failure = _bad_answer(url, "its Content-Encoding cannot be undone")
    elif isinstance(error, exceptions.ChunkedEncodingError):
        failure = _Retry(_bad_answer(url, _BROKEN))
    elif isinstance(error, exceptions.ConnectionError):
        failure = _connection_failure(error, url, host, options)
    else:
        failure = UnavailableError(
            f"cannot be asked for ({type(error).__name__})", context=_shown(url), hint="check the address"
        )
    return failure


def _connection_failure(error: BaseException, url: str, host: str, options: HttpOptions) -> _Retry:
    causes = _causes(error)
    if any("timed out" in str(cause).lower() for cause in causes):
        return _Retry(_silence(url, host, options), limit=1)  # requests files a body that stalls under ConnectionError
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        failure = UnavailableError(
            f"the host name of {host} cannot be resolved", context=_shown(url), hint="check the network and DNS"
        )
    else:
        numbered = [cause for cause in causes if isinstance(cause, OSError) and cause.errno and cause.strerror]
        why = numbered[-1].strerror if numbered else "the connection broke"
        failure = UnavailableError(
            f"no connection to {host}: {why}", context=_shown(url), hint="check the network, or use --offline"
        )
    return _Retry(failure)


def _silence(url: str, host: str, options: HttpOptions) -> UnavailableError:
    return UnavailableError(
        f"no answer from {host} within {options.timeout:g} s",
        context=_shown(url),
        hint="try again, or raise PIP_TIMEOUT",
    )


def _tls_reason(error: BaseException) -> str:
    import ssl  # noqa: PLC0415 -- loaded already, by requests

    for cause in _causes(error):
        if type(cause).__name__ == "CertificateError":  # urllib3's own, and not in the same place in each version
            return "the certificate is another host's"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "the certificate is not valid"
        if isinstance(cause, ssl.SSLError) and cause.reason:
            return cause.reason.replace("_", " ").lower()
    return "the handshake broke"


def _causes(error: BaseException) -> list[BaseException]:
    """Give the error and everything behind it: requests and urllib3 hide it in three different places."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and all(cause is not known for known in found):
            found.append(cause)
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found


def _bad_answer(url: str, what: str) -> UnavailableError:
    return UnavailableError(f"the server's answer is of no use: {what}", context=_shown(url), hint="try again later")


def _cannot_write(path: Path, error: OSError) -> CommandError:
    return CommandError(
        f"cannot write: {error.strerror or error}", context=str(path), hint="make room there, or check who owns it"
    )


# Addresses ----------------------------------------------------------------------------------------------------


def _origin(url: str) -> str:
    """Give ``https://host:port`` as it is written in the URL, without login."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2]}"


def _without_login(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}"


def _shown(url: str) -> str:
    """Give the URL for people: without login, and without a query, where signed links keep their secrets."""
    return _without_login(url).partition("?")[0]


def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
