"""Rule R6: a wheel's METADATA is found or its absence is an error, and it is read as email.parser reads it."""

from __future__ import annotations

import email.parser
import hashlib
import io
import zipfile
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import DistrofirstError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.model import HttpPart, Wheel, WheelMetadata
from resolver.pypi.metadata import parse_metadata, read_metadata
from tests.loopback import Loopback, Reply
from tests.simple_server import metadata_text, wheel_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from resolver.model import HttpAnswer

METADATA = metadata_text("demo", "1.0", requires=["leaf>=1"])
EXPECTED = WheelMetadata(requires_dist=("leaf>=1",), provides_extra=(), requires_python=None)
PATH = "/files/demo-1.0-py3-none-any.whl"


def wheel(content: bytes = b"", url: str = "https://files.example" + PATH, **more: object) -> Wheel:
    given = {"size": len(content), "core_metadata": None, **more}
    return Wheel(
        project=canonicalize_name("demo"),
        version=Version("1.0"),
        filename="demo-1.0-py3-none-any.whl",
        url=url,
        sha256=hashlib.sha256(content).hexdigest(),
        requires_python=None,
        upload_time=None,
        **given,  # type: ignore[arg-type] # size and core_metadata, each of its own type
    )


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def http() -> Iterator[HttpClient]:
    with HttpClient(FileCache(None, warn=pytest.fail), HttpOptions(timeout=5, retries=1, backoff=0)) as client:
        yield client


# Finding it ---------------------------------------------------------------------------------------------------


def test_R6_a_separate_file_is_one_request(server: Loopback, http: HttpClient) -> None:
    """PEP 658."""
    url = server.add(PATH, Reply(body=b"not asked for"))
    server.add(f"{PATH}.metadata", Reply(body=METADATA))
    for promised in (hashlib.sha256(METADATA).hexdigest(), ""):
        assert read_metadata(http, wheel(url=url, core_metadata=promised)) == EXPECTED
    assert server.asked(PATH) == 0


def test_R6_a_separate_file_with_another_hash_is_refused(server: Loopback, http: HttpClient) -> None:
    url = server.add(PATH, Reply(body=wheel_bytes("demo", "1.0", METADATA)))
    server.add(f"{PATH}.metadata", Reply(body=METADATA + b"\n"))
    with pytest.raises(PolicyError, match="the index promises"):
        read_metadata(http, wheel(url=url, core_metadata=hashlib.sha256(METADATA).hexdigest()))


def test_R6_a_promised_file_that_is_missing_is_not_no_dependencies(server: Loopback, http: HttpClient) -> None:
    content = wheel_bytes("demo", "1.0", METADATA)
    url = server.add(PATH, Reply(body=content, ranges=True))
    assert read_metadata(http, wheel(content, url, core_metadata="0" * 64)) == EXPECTED
    assert [request.path for request in server.requests] == [f"{PATH}.metadata", PATH]


def test_a_query_stays_behind_the_path(server: Loopback, http: HttpClient) -> None:
    server.add(f"{PATH}.metadata?key=1", Reply(body=METADATA))
    assert read_metadata(http, wheel(url=f"{server.url}{PATH}?key=1", core_metadata="")) == EXPECTED


@pytest.mark.parametrize("known_size", [True, False])
def test_R6_the_end_of_a_small_wheel_is_one_request(
    server: Loopback,
    http: HttpClient,
    known_size: bool,  # noqa: FBT001 -- a parameter of the table
) -> None:
    content = wheel_bytes("demo", "1.0", METADATA)
    url = server.add(PATH, Reply(body=content, ranges=True))
    assert read_metadata(http, wheel(content, url, size=len(content) if known_size else None)) == EXPECTED
    assert server.asked(PATH) == 1


def test_R6_a_small_wheel_with_its_metadata_in_front_is_one_request(server: Loopback, http: HttpClient) -> None:
    """As some build backends write them: the tail alone would not reach it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", METADATA)
        archive.writestr("demo/data.bin", bytes(90_000))
    content = buffer.getvalue()
    url = server.add(PATH, Reply(body=content, ranges=True))
    assert read_metadata(http, wheel(content, url)) == EXPECTED
    assert server.asked(PATH) == 1


def test_R6_a_wheel_with_a_long_directory_takes_few_requests(server: Loopback, http: HttpClient) -> None:
    content = wheel_bytes("demo", "1.0", METADATA, files=3000)
    url = server.add(PATH, Reply(body=content, ranges=True))
    assert read_metadata(http, wheel(content, url)) == EXPECTED
    assert server.asked(PATH) <= 3
    received = sum(len(content) if "range" not in request.headers else 0 for request in server.requests)
    assert received == 0, "never the whole wheel"


@pytest.mark.parametrize("reply", [{}, {"status": 416}], ids=["200", "416"])
def test_R6_without_ranges_the_whole_wheel_is_read(server: Loopback, http: HttpClient, reply: dict[str, int]) -> None:
    content = wheel_bytes("demo", "1.0", METADATA)
    url = server.add(PATH, Reply(body=content, **reply), Reply(body=content))  # type: ignore[arg-type] # a status
    assert read_metadata(http, wheel(content, url)) == EXPECTED
    assert "range" not in server.requests[-1].headers


def test_R6_a_whole_wheel_with_another_hash_is_refused(server: Loopback, http: HttpClient) -> None:
    content = wheel_bytes("demo", "1.0", METADATA)
    url = server.add(PATH, Reply(body=content[:-1] + b"x"))
    with pytest.raises(PolicyError, match="and should be"):
        read_metadata(http, wheel(content, url))


@pytest.mark.parametrize("total", [-1, 1])
def test_R6_a_wheel_of_another_size_is_not_trusted_by_ranges(server: Loopback, http: HttpClient, total: int) -> None:
    content = wheel_bytes("demo", "1.0", METADATA)
    url = server.add(PATH, Reply(body=content, ranges=True), Reply(body=content))
    assert read_metadata(http, wheel(content, url, size=len(content) + total if total > 0 else None)) == EXPECTED


def test_R6_a_wheel_that_is_gone_is_an_error(server: Loopback, http: HttpClient) -> None:
    for promised in (None, ""):
        with pytest.raises(UnavailableError, match="does not have it"):
            read_metadata(http, wheel(url=f"{server.url}{PATH}", core_metadata=promised))


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


NAME = "demo-1.0.dist-info/METADATA"
BAD_WHEELS = {
    "empty": b"",
    "no zip": b"x" * 1000,
    "no METADATA": archive(a=b""),
    "METADATA elsewhere": archive(**{f"sub/{NAME}": METADATA}),
    "another project's": archive(**{"other-1.0.dist-info/METADATA": METADATA}),
    "two of them": archive(**{NAME: METADATA, "demo-1.1.dist-info/METADATA": METADATA}),
    "damaged": archive(**{NAME: METADATA}).replace(b"Metadata-Version", b"Metadata_Version"),
    "cut": archive(**{NAME: METADATA})[:-30],
    "encrypted": archive(**{NAME: METADATA})
    .replace(b"PK\x03\x04\x14\x00\x00", b"PK\x03\x04\x14\x00\x01")
    .replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
}


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", BAD_WHEELS)
def test_R6_a_wheel_without_readable_metadata_is_an_error(
    server: Loopback,
    http: HttpClient,
    name: str,
    ranges: bool,  # noqa: FBT001 -- a parameter of the table
) -> None:
    content = BAD_WHEELS[name]
    url = server.add(PATH, Reply(body=content, ranges=ranges))
    with pytest.raises(UnavailableError, match="no metadata") as caught:
        read_metadata(http, wheel(content, url))
    assert caught.value.context == url


def test_R6_a_server_that_fails_is_an_error_and_not_no_dependencies(server: Loopback, http: HttpClient) -> None:
    url = server.add(PATH, Reply(status=500))
    server.add(f"{PATH}.metadata", Reply(status=500))
    for promised in (None, ""):
        with pytest.raises(UnavailableError, match="500"):
            read_metadata(http, wheel(b"x", url, core_metadata=promised))


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_R6_a_damaged_member_is_an_error(server: Loopback, http: HttpClient, compression: int) -> None:
    name = "demo-1.0.dist-info/METADATA"
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", compression) as opened:
        opened.writestr(name, "Metadata-Version: 2.1\n" * 20)
    content = bytearray(whole.getvalue())
    begin = 30 + len(name) + 4
    content[begin : begin + 20] = bytes(byte ^ 0xFF for byte in content[begin : begin + 20])
    url = server.add(PATH, Reply(body=bytes(content)))
    with pytest.raises(UnavailableError, match="no metadata"):
        read_metadata(http, wheel(bytes(content), url))


@given(st.binary(max_size=400))
def test_any_bytes_served_as_a_wheel_are_metadata_or_an_error_of_ours(content: bytes) -> None:
    ours(content)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=255))
def test_any_damage_to_a_wheel_is_metadata_or_an_error_of_ours(place: int, value: int) -> None:
    content = bytearray(wheel_bytes("demo", "1.0", METADATA))
    content[place % len(content)] = value
    ours(bytes(content))


def ours(content: bytes) -> None:
    try:
        assert read_metadata(InMemory(content), wheel(content)) == EXPECTED
    except DistrofirstError:
        return


class InMemory:
    """An Http with one document."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> HttpAnswer:
        raise AssertionError((url, accept, max_age))

    def part(self, url: str, *, start: int, length: int) -> HttpPart | None:
        del url
        start = max(0, len(self._content) + start) if start < 0 else start
        data = self._content[start : start + length]
        return HttpPart(start=start, data=data, total=len(self._content)) if data else None

    def download(self, url: str, path: Path, *, sha256: str, size: int | None = None) -> Path:
        del url, sha256, size
        path.write_bytes(self._content)
        return path


# Reading it ---------------------------------------------------------------------------------------------------


def test_what_resolution_needs() -> None:
    text = (
        b"Metadata-Version: 2.1\r\nName: Demo\r\nVersion: 1.0.0\r\nrequires-python: >=3.8,\r\n  <4\r\n"
        b"Provides-Extra: Big_One\r\nProvides-Extra: all\r\nProvides-Extra: big.one\r\n"
        b'Requires-Dist: leaf (>=1,<2) ; extra == "Big_One"\r\nRequires-Dist: twig\r\n\t>=2\r\n'
        b"Summary: d\xc3\xa9mo\r\n\r\nRequires-Dist: prose\r\n"
    )
    assert parse_metadata(text, wheel()) == WheelMetadata(
        requires_dist=('leaf (>=1,<2) ; extra == "Big_One"', "twig >=2"),
        provides_extra=("all", "big-one"),
        requires_python=">=3.8, <4",
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n" + METADATA,
        b"<html>login</html>",
        b"Name: demo\nVersion: 1.0\n",
        b"\xff\xfe",
        b"Metadata-Version: 2.1\n",
    ],
)
def test_R6_what_is_no_metadata_is_an_error(text: bytes) -> None:
    with pytest.raises(UnavailableError, match="no METADATA"):
        parse_metadata(text, wheel())


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("demo", "1.1"), ("demo", "one")])
def test_metadata_of_another_wheel_is_refused(name: str, version: str) -> None:
    with pytest.raises(PolicyError, match=r"expected demo 1\.0"):
        parse_metadata(metadata_text(name, version), wheel())


def by_email(text: str) -> WheelMetadata:
    message = email.parser.HeaderParser().parsestr(text)
    requires_python = message.get("Requires-Python")
    return WheelMetadata(
        requires_dist=tuple(" ".join(value.split()) for value in message.get_all("Requires-Dist", [])),
        provides_extra=tuple(sorted({canonicalize_name(value) for value in message.get_all("Provides-Extra", [])})),
        requires_python=" ".join(requires_python.split()) if requires_python else None,
    )


def test_the_metadata_of_everything_installed_here_is_read_as_email_reads_it() -> None:
    read = 0
    for distribution in distributions():
        text = distribution.read_text("METADATA")
        if text is None:
            continue
        message = email.parser.HeaderParser().parsestr(text)
        its_own = Wheel(
            project=canonicalize_name(message["Name"]), version=Version(message["Version"]), filename="", url="",
            sha256="", size=None, requires_python=None, upload_time=None,
        )  # fmt: skip
        assert parse_metadata(text.encode("utf-8", "surrogateescape"), its_own) == by_email(text), distribution
        read += 1
    assert read > 5


@given(
    st.lists(
        st.sampled_from(["Requires-Dist: a", "Provides-Extra: x", " more", "Requires-Python: >=3", "X:", "Summary: é"])
    )
)
def test_any_header_is_read_as_email_reads_it(lines: list[str]) -> None:
    text = "\n".join(
        ["Metadata-Version: 2.1", "Name: demo", "Version: 1.0", "Summary: s", *lines, "", "Requires-Dist: prose"]
    )
    assert parse_metadata(text.encode(), wheel()) == by_email(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_metadata_or_an_error_of_ours(data: bytes) -> None:
    for text in (data, METADATA[:30] + data, METADATA + data):
        try:
            parse_metadata(text, wheel())
        except DistrofirstError:
            continue
