"""HttpClient against a server that can do everything wrong."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.model import HttpAnswer, HttpNotFound, HttpPart
from tests.loopback import Loopback, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = bytes(range(256)) * 40
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def cache(tmp_path: Path) -> FileCache:
    return FileCache(tmp_path / "cache", warn=pytest.fail)


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(cache: FileCache, pauses: list[float]) -> Iterator[HttpClient]:
    with HttpClient(cache, HttpOptions(timeout=5), sleep=pauses.append) as http:
        yield http


def got(answer: object) -> HttpAnswer:
    assert isinstance(answer, HttpAnswer)
    return answer


def age_everything(folder: Path, seconds: float = 10_000) -> None:
    then = time.time() - seconds
    for path in folder.rglob("*"):
        os.utime(path, (then, then))


# Documents ----------------------------------------------------------------------------------------------------


def test_a_document_comes_with_its_type_hash_and_address(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=BODY, headers={"Content-Type": "Text/HTML; charset=utf-8"}))
    assert client.get(url, accept="text/html") == HttpAnswer(
        url=url, content_type="text/html", body=BODY, sha256=SHA256
    )
    assert server.requests[0].headers["accept"] == "text/html"
    assert server.requests[0].headers["user-agent"].startswith("distrofirst/")


def test_an_empty_document_without_a_type_is_an_answer(server: Loopback, client: HttpClient) -> None:
    answer = got(client.get(server.add("/a", Reply())))
    assert (answer.body, answer.content_type) == (b"", "")


@pytest.mark.parametrize("status", [404, 410])
def test_absence_is_a_value(server: Loopback, client: HttpClient, status: int) -> None:
    url = server.add("/a", Reply(status=status))
    assert client.get(url) == HttpNotFound(url=url)
    assert client.part(url, start=0, length=5) == HttpNotFound(url=url)
    assert server.asked("/a") == 2


def test_a_redirect_is_followed_and_names_the_final_address(server: Loopback, client: HttpClient) -> None:
    server.add("/new/", Reply(body=b"there"))
    answer = got(client.get(server.add("/old", Reply(status=301, headers={"Location": "/new/"}))))
    assert (answer.url, answer.body) == (f"{server.url}/new/", b"there")


def test_gzip_is_undone(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=gzip.compress(BODY), headers={"Content-Encoding": "gzip"}))
    assert got(client.get(url)).body == BODY


def test_chunks_are_joined(server: Loopback, client: HttpClient) -> None:
    assert got(client.get(server.add("/a", Reply(body=BODY, chunked=True)))).body == BODY


def test_connections_are_kept_open(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=BODY))
    for _ in range(5):
        client.get(url)
    (pool,) = client._session().adapters["http://"].poolmanager.pools._container.values()
    assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_many_threads_share_one_client(server: Loopback, client: HttpClient) -> None:
    urls = [server.add(f"/{number}", Reply(body=b"%d" % number)) for number in range(40)]
    bodies: dict[str, bytes] = {}

    def fetch(url: str) -> None:
        bodies[url] = got(client.get(url)).body

    threads = [threading.Thread(target=fetch, args=(url,)) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == {url: url.rpartition("/")[2].encode() for url in urls}


# The cache ----------------------------------------------------------------------------------------------------


def test_a_young_copy_is_the_answer(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=b"first", headers={"Content-Type": "text/plain"}), Reply(body=b"second"))
    first = client.get(url, max_age=600)
    assert client.get(url, max_age=600) == first
    assert server.asked("/a") == 1


def test_another_accept_is_another_document(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=b"first"), Reply(body=b"second"))
    assert got(client.get(url, accept="text/html", max_age=600)).body == b"first"
    assert got(client.get(url, accept="application/json", max_age=600)).body == b"second"


def test_an_old_copy_without_validators_is_fetched_again(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    url = server.add("/a", Reply(body=b"first"), Reply(body=b"second"))
    client.get(url, max_age=600)
    age_everything(tmp_path)
    assert got(client.get(url, max_age=600)).body == b"second"
    assert got(client.get(url, max_age=600)).body == b"second"
    assert server.asked("/a") == 2


@pytest.mark.parametrize(("header", "question"), [("ETag", "if-none-match"), ("Last-Modified", "if-modified-since")])
def test_an_old_copy_is_revalidated(
    server: Loopback, client: HttpClient, tmp_path: Path, header: str, question: str
) -> None:
    def route(request: Request) -> Reply:
        return (
            Reply(status=304) if request.headers.get(question) == "mark" else Reply(body=b"x", headers={header: "mark"})
        )

    server.routes["/a"] = route
    first = client.get(f"{server.url}/a", max_age=600)
    age_everything(tmp_path)
    assert client.get(f"{server.url}/a", max_age=600) == first
    assert server.requests[-1].headers[question] == "mark"
    assert client.get(f"{server.url}/a", max_age=600) == first
    assert server.asked("/a") == 2, "the revalidated copy is young again"


def test_without_max_age_nothing_is_kept(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    url = server.add("/a", Reply(body=b"first"), Reply(body=b"second"))
    client.get(url)
    assert got(client.get(url)).body == b"second"
    assert not (tmp_path / "cache").exists()


def test_a_cached_entry_of_another_shape_is_a_miss(server: Loopback, client: HttpClient, cache: FileCache) -> None:
    url = server.add("/a", Reply(body=b"fresh"))
    for entry in (b"", b"[]\nbody", b'{"url": "x"}\nbody'):
        cache.write("http", f"*/* {url}", entry)
        assert got(client.get(url, max_age=600)).body == b"fresh"


def test_a_damaged_copy_is_fetched_again(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    url = server.add("/a", Reply(body=b"whole"))
    client.get(url, max_age=600)
    (entry,) = (tmp_path / "cache").glob("http/*")
    entry.write_bytes(entry.read_bytes()[:-1])
    assert got(client.get(url, max_age=600)).body == b"whole"
    assert server.asked("/a") == 2


def test_offline_takes_copies_of_any_age_and_names_what_is_missing(
    server: Loopback, client: HttpClient, cache: FileCache, tmp_path: Path
) -> None:
    url = server.add("/a", Reply(body=b"kept"))
    client.get(url, max_age=600)
    age_everything(tmp_path)
    with HttpClient(cache, HttpOptions(offline=True)) as offline:
        assert got(offline.get(url, max_age=600)).body == b"kept"
        for ask in (
            lambda: offline.get(f"{server.url}/b", max_age=600),
            lambda: offline.get(url),
            lambda: offline.part(f"{server.url}/b", start=0, length=1),
            lambda: offline.download(f"{server.url}/b", tmp_path / "b", sha256=SHA256),
        ):
            with pytest.raises(UnavailableError, match="offline") as caught:
                ask()
            assert caught.value.context is not None
            assert caught.value.context.startswith(server.url)
    assert len(server.requests) == 1


# What may pass ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        Reply(status=500),
        Reply(status=503),
        Reply(status=429),
        Reply(reset=True),
        Reply(body=BODY, cut=100),
        Reply(body=BODY, cut=0),
        Reply(body=BODY, chunked=True, cut=100),
    ],
    ids=["500", "503", "429", "reset", "cut", "cut at once", "cut chunk"],
)
def test_what_fails_twice_and_then_works_is_an_answer(
    server: Loopback, client: HttpClient, pauses: list[float], bad: Reply
) -> None:
    assert got(client.get(server.add("/a", bad, bad, Reply(body=BODY)))).sha256 == SHA256
    assert pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (Reply(status=500), "500 Internal Server Error"),
        (Reply(status=429), "429 Too Many Requests"),
        (Reply(reset=True), "no connection"),
        (Reply(body=BODY, cut=100), "broke before the end"),
        (Reply(body=BODY, chunked=True, cut=100), "broke before the end"),
    ],
    ids=["500", "429", "reset", "cut", "cut chunk"],
)
def test_what_fails_every_time_is_an_error_that_says_how(
    server: Loopback, client: HttpClient, pauses: list[float], bad: Reply, words: str
) -> None:
    url = server.add("/a", bad)
    with pytest.raises(UnavailableError, match=words) as caught:
        client.get(url)
    assert caught.value.context == url
    assert caught.value.hint
    assert pauses == [0.25, 0.5, 1.0]


@pytest.mark.parametrize(("value", "pause"), [("3", 3.0), ("86400", 10.0), ("Fri, 31 Dec 2100 00:00:00 GMT", 10.0)])
def test_retry_after_is_heeded_up_to_a_cap(
    server: Loopback, client: HttpClient, pauses: list[float], value: str, pause: float
) -> None:
    client.get(server.add("/a", Reply(status=503, headers={"Retry-After": value}), Reply()))
    assert pauses == [pause]


@pytest.mark.parametrize("value", ["soon", "-5", "", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_retry_after_that_says_nothing_changes_nothing(
    server: Loopback, client: HttpClient, pauses: list[float], value: str
) -> None:
    client.get(server.add("/a", Reply(status=503, headers={"Retry-After": value}), Reply()))
    assert pauses == [0.25]


@pytest.mark.parametrize("reply", [Reply(stall=3, body=b"late"), Reply(stall=3, body=b"late", chunked=True)])
def test_a_server_that_falls_silent_is_asked_once_more(server: Loopback, cache: FileCache, reply: Reply) -> None:
    with (
        HttpClient(cache, HttpOptions(timeout=0.2, backoff=0)) as client,
        pytest.raises(UnavailableError, match=r"within 0\.2 s"),
    ):
        client.get(server.add("/a", reply))
    assert server.asked("/a") == 2


# What will not pass -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "login required"), (407, "the proxy answered 407"), (403, "access refused"), (400, "400"), (451, "451")],
)
def test_a_refusal_is_not_repeated_and_says_which(
    server: Loopback, client: HttpClient, status: int, words: str
) -> None:
    with pytest.raises(UnavailableError, match=words):
        client.get(server.add("/a", Reply(status=status)))
    assert server.asked("/a") == 1


@pytest.mark.parametrize("status", [204, 206, 300, 304])
def test_an_answer_that_is_no_document_is_not_taken_for_an_empty_one(
    server: Loopback, client: HttpClient, tmp_path: Path, status: int
) -> None:
    url = server.add("/a", Reply(status=status))
    with pytest.raises(UnavailableError, match=f"it answered {status}"):
        client.get(url, max_age=600)
    with pytest.raises(UnavailableError, match=f"it answered {status}"):
        client.download(url, tmp_path / "a", sha256=hashlib.sha256(b"").hexdigest())


def test_a_closed_port_says_so(client: HttpClient, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(UnavailableError, match="Connection refused") as caught:
        client.get(f"http://127.0.0.1:{port}/a")
    assert f"127.0.0.1:{port}" in caught.value.message
    assert len(pauses) == 3


def test_an_unknown_host_says_so(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_args: object, **_options: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    with pytest.raises(UnavailableError, match=r"host name of http://index\.example cannot be resolved"):
        client.get("http://index.example/simple/")


@pytest.mark.parametrize("url", ["", "nonsense", "http://", "ftp://index.example/", "http://[::1", "http://a..b/"])
def test_an_address_that_is_none_is_an_error(client: HttpClient, url: str) -> None:
    with pytest.raises(UnavailableError):
        client.get(url)


def test_redirects_without_end(server: Loopback, client: HttpClient) -> None:
    with pytest.raises(UnavailableError, match="without end"):
        client.get(server.add("/a", Reply(status=302, headers={"Location": "/a"})))


def test_an_encoding_that_cannot_be_undone(server: Loopback, client: HttpClient) -> None:
    with pytest.raises(UnavailableError, match="Content-Encoding"):
        client.get(server.add("/a", Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"})))


def test_a_bundle_that_is_missing_or_none_is_named(cache: FileCache, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for bundle in (tmp_path / "absent.pem", tmp_path / "empty.pem"):
        with (
            HttpClient(cache, HttpOptions(ca_bundle=str(bundle))) as client,
            pytest.raises(UnavailableError, match="certificates") as caught,
        ):
            client.get("https://127.0.0.1:1/")
        assert caught.value.context == str(bundle)


# Logins -------------------------------------------------------------------------------------------------------


def test_a_login_goes_to_its_origin_alone(server: Loopback, cache: FileCache) -> None:
    with Loopback() as other:
        there = other.add("/there", Reply(body=b"there"))
        here = server.add("/here", Reply(status=302, headers={"Location": there}))
        options = HttpOptions(credentials={server.url: ("user", "pass")})
        with HttpClient(cache, options) as client:
            assert got(client.get(here)).body == b"there"
            client.get(there)
        assert server.requests[0].headers["authorization"].startswith("Basic ")
        assert [request.headers.get("authorization") for request in other.requests] == [None, None]
    assert "pass" not in repr(options)


def test_no_secret_is_shown(server: Loopback, client: HttpClient) -> None:
    server.add("/a?token=secret2", Reply(status=500))
    with pytest.raises(UnavailableError) as caught:
        client.get(server.url.replace("//", "//user:secret1@") + "/a?token=secret2")
    shown = f"{caught.value} {caught.value.hint}"
    assert "secret" not in shown
    assert caught.value.context == f"{server.url}/a"


def test_a_proxy_is_used_and_its_failure_named(server: Loopback, cache: FileCache) -> None:
    server.add("http://index.example/a", Reply(body=b"through"))
    with HttpClient(cache, HttpOptions(proxy=server.url.replace("//", "//me:secret@"))) as client:
        assert got(client.get("http://index.example/a")).body == b"through"
    assert "proxy-authorization" in server.requests[0].headers
    with socket.create_server(("127.0.0.1", 0)) as unused:
        dead = f"http://me:secret@127.0.0.1:{unused.getsockname()[1]}"
    with (
        HttpClient(cache, HttpOptions(proxy=dead, backoff=0)) as client,
        pytest.raises(UnavailableError, match="through the proxy") as caught,
    ):
        client.get("http://index.example/a")
    assert "secret" not in str(caught.value)


# TLS ----------------------------------------------------------------------------------------------------------


def certificate(folder: Path, name: str, subject: str) -> tuple[str, ssl.SSLContext]:
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return str(cert), context


def test_a_certificate_is_verified_against_the_bundle_alone(
    cache: FileCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, context = certificate(tmp_path, "ours", "IP:127.0.0.1")
    other, _ = certificate(tmp_path, "other", "IP:127.0.0.1")
    with Loopback(tls=context) as server:
        url = server.add("/a", Reply(body=b"private"))
        with HttpClient(cache, HttpOptions(ca_bundle=ours)) as client:
            # The environment's bundle does not win over the one that was asked for.
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", other)
            assert got(client.get(url)).body == b"private"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", ours)
        for bundle in (other, None):
            with (
                HttpClient(cache, HttpOptions(ca_bundle=bundle)) as client,
                pytest.raises(UnavailableError, match=r"TLS failed with https://127\.0\.0\.1.*self-signed"),
            ):
                client.get(url)


def test_a_folder_of_certificates_will_do(cache: FileCache, tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    _, context = certificate(folder, "ours", "IP:127.0.0.1")
    subprocess.run(["openssl", "rehash", folder], check=True, capture_output=True)
    with Loopback(tls=context) as server, HttpClient(cache, HttpOptions(ca_bundle=str(folder))) as client:
        assert got(client.get(server.add("/a", Reply(body=b"private")))).body == b"private"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_host_is_refused(cache: FileCache, tmp_path: Path, host: str) -> None:
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        pytest.skip(f"this system has no name {host}: {error}")  # a bare root without /etc/hosts
    ours, context = certificate(tmp_path, "ours", "DNS:index.example")
    with (
        Loopback(tls=context) as server,
        HttpClient(cache, HttpOptions(ca_bundle=ours)) as client,
        pytest.raises(UnavailableError, match=r"TLS failed.*the certificate is another host's"),
    ):
        client.get(server.add("/a", Reply(body=b"private")).replace("127.0.0.1", host))
    assert server.requests == []


def test_a_client_certificate_is_shown_where_one_is_asked_for(cache: FileCache, tmp_path: Path) -> None:
    ours, context = certificate(tmp_path, "ours", "IP:127.0.0.1")
    mine, _ = certificate(tmp_path, "mine", "DNS:me.example")
    both = tmp_path / "both.pem"
    both.write_text((tmp_path / "mine.key").read_text() + (tmp_path / "mine.pem").read_text())
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(mine)
    with Loopback(tls=context) as server:
        url = server.add("/a", Reply(body=b"for members"))
        with HttpClient(cache, HttpOptions(ca_bundle=ours, client_cert=str(both))) as client:
            assert got(client.get(url)).body == b"for members"
        with (
            HttpClient(cache, HttpOptions(ca_bundle=ours, retries=0)) as client,
            pytest.raises(UnavailableError),
        ):
            client.get(url)


def test_a_redirect_away_from_tls_is_refused(server: Loopback, cache: FileCache, tmp_path: Path) -> None:
    ours, context = certificate(tmp_path, "ours", "IP:127.0.0.1")
    plain = server.add("/plain", Reply(body=b"for all to see"))
    with (
        Loopback(tls=context) as secure,
        HttpClient(cache, HttpOptions(ca_bundle=ours)) as client,
        pytest.raises(PolicyError, match="redirected from https"),
    ):
        client.get(secure.add("/a", Reply(status=302, headers={"Location": plain})))


def test_plain_http_where_tls_is_expected(server: Loopback, client: HttpClient) -> None:
    with pytest.raises(UnavailableError, match="TLS failed"):
        client.get(server.add("/a", Reply()).replace("http:", "https:"))


# Ranges -------------------------------------------------------------------------------------------------------


def test_a_range_from_the_start_the_middle_and_the_end(server: Loopback, client: HttpClient) -> None:
    url = server.add("/a", Reply(body=BODY, ranges=True))
    assert client.part(url, start=0, length=3) == HttpPart(start=0, data=BODY[:3], total=len(BODY))
    assert client.part(url, start=1000, length=7) == HttpPart(start=1000, data=BODY[1000:1007], total=len(BODY))
    assert client.part(url, start=-1, length=5) == HttpPart(start=len(BODY) - 5, data=BODY[-5:], total=len(BODY))
    assert client.part(url, start=-1, length=10**6) == HttpPart(start=0, data=BODY, total=len(BODY))
    assert {request.headers["accept-encoding"] for request in server.requests} == {"identity"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=BODY),
        Reply(status=416),
        Reply(status=501),
        Reply(status=206, body=BODY),
        Reply(status=206, body=BODY, headers={"Content-Range": "bytes 0-4/*"}),
    ],
    ids=["200", "416", "501", "no Content-Range", "no total"],
)
def test_a_server_without_ranges_is_none(server: Loopback, client: HttpClient, reply: Reply) -> None:
    assert client.part(server.add("/a", reply), start=0, length=5) is None


@pytest.mark.parametrize(
    ("body", "content_range"),
    [(b"12345", "bytes 5-9/20"), (b"1234", "bytes 0-4/20"), (b"12345", "bytes 0-4/4"), (b"123456", "bytes 0-5/20")],
    ids=["elsewhere", "shorter", "beyond the end", "longer"],
)
def test_a_range_that_contradicts_itself_is_an_error(
    server: Loopback, client: HttpClient, body: bytes, content_range: str
) -> None:
    url = server.add("/a", Reply(status=206, body=body, headers={"Content-Range": content_range}))
    with pytest.raises(UnavailableError, match="of no use"):
        client.part(url, start=0, length=5)


# Files --------------------------------------------------------------------------------------------------------


def test_a_download_is_whole_and_happens_once(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    url = server.add("/a", Reply(body=BODY, cut=99), Reply(body=BODY))
    path = tmp_path / "file"
    assert client.download(url, path, sha256=SHA256, size=len(BODY)) == path
    assert path.read_bytes() == BODY
    assert client.download(url, path, sha256=SHA256) == path
    assert server.asked("/a") == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_with_another_hash_is_replaced(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"something else")
    client.download(server.add("/a", Reply(body=BODY)), path, sha256=SHA256)
    assert path.read_bytes() == BODY


def test_an_absent_file_is_a_value(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    assert client.download(f"{server.url}/a", tmp_path / "a", sha256=SHA256) == HttpNotFound(url=f"{server.url}/a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("body", "words"), [(BODY[::-1], SHA256), (BODY + b"x", "larger than the 10240")])
def test_a_file_that_is_not_what_was_promised_is_refused(
    server: Loopback, client: HttpClient, tmp_path: Path, body: bytes, words: str
) -> None:
    with pytest.raises(PolicyError, match=words):
        client.download(server.add("/a", Reply(body=body)), tmp_path / "a", sha256=SHA256, size=len(BODY))
    assert list(tmp_path.iterdir()) == []
    assert server.asked("/a") == 1, "a wrong file is no accident of the network"


def test_a_place_that_cannot_be_written_is_named(server: Loopback, client: HttpClient, tmp_path: Path) -> None:
    path = tmp_path / "absent" / "a"
    with pytest.raises(CommandError, match="No such file or directory") as caught:
        client.download(server.add("/a", Reply(body=BODY)), path, sha256=SHA256)
    assert caught.value.context == str(path)
