"""Contents indexes: which lines are evidence (rule I1), and that nothing is lost on the way through gzip."""

from __future__ import annotations

import gzip
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.catalog import contents
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from pathlib import Path

D = "usr/lib/python3/dist-packages"


def parsed(line: str) -> list[tuple[str, str, str, str]]:
    return [(t.project, t.package, t.metadata_name, t.python) for t in contents.parse(line.encode())]


@pytest.mark.parametrize(
    ("line", "traces"),
    [
        (f"{D}/Flask-3.1.1.dist-info/METADATA  python/python3-flask", [("flask", "python3-flask", "Flask-3.1.1", "3")]),
        (f"{D}/foo-1.egg-info/PKG-INFO\tpython/python3-foo", [("foo", "python3-foo", "foo-1", "3")]),
        (f"{D}/foo-1.egg-info   python/python3-foo", [("foo", "python3-foo", "foo-1", "3")]),
        (f"{D}/zope.interface-7.2.dist-info/METADATA x/y", [("zope-interface", "y", "zope.interface-7.2", "3")]),
        (
            f"{D}/libtorrent.egg-info/PKG-INFO python/python3-libtorrent",
            [("libtorrent", "python3-libtorrent", "libtorrent", "3")],
        ),
        (f"{D}/foo-1.dist-info/METADATA a/b,c/d", [("foo", "b", "foo-1", "3"), ("foo", "d", "foo-1", "3")]),
        (f"{D}/foo-1.dist-info/METADATA non-free/python/b", [("foo", "b", "foo-1", "3")]),
        ("usr/lib/python3.12/dist-packages/shtab-1.dist-info/METADATA a/b", [("shtab", "b", "shtab-1", "3.12")]),
        # No evidence (I1): a folder without METADATA, vendored, another place, a name that can be nobody's.
        (f"{D}/foo-1.dist-info/top_level.txt python/python3-foo", []),
        (f"{D}/pip/_vendor/foo-1.dist-info/METADATA python/python3-pip", []),
        ("usr/share/foo/foo-1.dist-info/METADATA x/foo", []),
        (f"{D}/_pycbf-0.0.0.egg-info python/python3-pycbf", []),
        (f"{D}/foo.py python/python3-foo", []),
        ("usr/lib/python2.7/dist-packages/foo-1.egg-info x/foo", []),
    ],
)
def test_I1_what_a_line_shows(line: str, traces: list[tuple[str, str, str, str]]) -> None:
    assert parsed(f"{line}\n") == traces


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Flask-3.1.1", ("Flask", "3.1.1")),
        ("qutebrowser-2.5.3-py3.11", ("qutebrowser", "2.5.3")),
        ("foo-1.0-py3", ("foo", "1.0")),
        ("libtorrent", ("libtorrent", "")),
        ("colorcet-None", ("colorcet", "None")),
    ],
)
def test_parts_of_a_metadata_name(name: str, parts: tuple[str, str]) -> None:
    assert contents.split_metadata_name(name) == parts


def body() -> bytes:
    lines = [f"bin/tool{number} utils/tools" for number in range(300)]
    lines += [f"{D}/p{number}-1.{number}.dist-info/METADATA python/python3-p{number}" for number in range(200)]
    lines += [f"usr/lib/python3/dist-packages/p{number}.py python/python3-p{number}" for number in range(200)]
    lines += [f"usr/share/doc/{number} doc/x" for number in range(300)]
    return ("\n".join(lines) + "\n").encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(min_value=1, max_value=3000))
def test_the_chunks_do_not_show(tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "Contents-all.gz"
    path.write_bytes(gzip.compress(body(), compresslevel=1))
    before = contents._CHUNK
    contents._CHUNK = chunk
    try:
        assert sorted(t.project for t in contents.read(path)) == sorted(f"p{number}" for number in range(200))
    finally:
        contents._CHUNK = before


def test_a_last_line_without_its_end(tmp_path: Path) -> None:
    path = tmp_path / "Contents-all.gz"
    path.write_bytes(gzip.compress(f"a b/c\n{D}/foo-1.egg-info python/python3-foo".encode()))
    assert [t.project for t in contents.read(path)] == ["foo"]


def test_I6_a_file_that_is_cut_short_is_an_error_and_no_short_answer(tmp_path: Path) -> None:
    path = tmp_path / "Contents-all.gz"
    path.write_bytes(gzip.compress(body())[:-20])
    with pytest.raises(UnavailableError, match="cannot be read"):
        list(contents.read(path))


def test_I6_what_is_not_gzip_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "Contents-all.gz"
    path.write_bytes(b"<html>this mirror has moved</html>")
    with pytest.raises(UnavailableError, match="cannot be read"):
        list(contents.read(path))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    assert all(trace.project for trace in contents.parse(data))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "Contents-all.gz"
    lines = (f"usr/share/doc/{number * 2654435761 % 2**32:x}/changelog.gz doc/x\n" for number in range(700_000))
    path.write_bytes(gzip.compress("".join(lines).encode(), compresslevel=1))
    tracemalloc.start()
    try:
        assert list(contents.read(path)) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    "place",
    [
        "usr/lib/python3/site-packages",
        "usr/local/lib/python3/dist-packages",
        "xusr/lib/python3/dist-packages",
        "/usr/lib/python3/dist-packages",
        "usr/lib/python3x/dist-packages",
        "usr/lib/python3/dist-packages/setuptools/_vendor",
    ],
)
def test_I1_other_places_are_no_evidence(place: str) -> None:
    assert parsed(f"{place}/foo-1.dist-info/METADATA python/python3-foo\n") == []


@pytest.mark.parametrize(
    "name",
    ["-pycbf", "foo bar-1", "na\u00efve-1", "foo\tbar-1", ".hidden-1", "+plus-1"],
)
def test_I1_a_name_that_can_be_no_projects_is_passed_over(name: str) -> None:
    assert parsed(f"{D}/{name}.egg-info/PKG-INFO python/python3-foo\n") == []
    assert contents.project_of(name) is None


def test_line_ends_of_other_systems_and_trailing_blanks_hide_nothing() -> None:
    text = f"{D}/a-1.egg-info python/a\r\n{D}/b-1.egg-info python/b  \r\n{D}/c-1.egg-info python/c"
    assert [one[0] for one in parsed(text)] == ["a", "b", "c"]


def test_garbage_between_the_lines_hides_nothing() -> None:
    bad = f"\ufffd\n\n \t \n{D}/bar-1.dist-info/METADATA\n{D}/baz-1.dist-info/METADATA \n"
    good = f"{D}/foo-1.dist-info/METADATA python/python3-foo\n"
    assert parsed(f"FILE   LOCATION\n{bad}{good}{bad}") == [("foo", "python3-foo", "foo-1", "3")]


def test_a_name_without_a_version_may_have_an_interpreter() -> None:
    assert contents.split_metadata_name("netgen_mesher-py3") == ("netgen_mesher", "")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(1, 3000), st.lists(st.integers(0, 20_000), max_size=3))
def test_I1_nothing_is_lost_between_gzip_members(tmp_path: Path, chunk: int, cuts: list[int]) -> None:
    """A gzip file may have several members (RFC 1952); what comes after the first is evidence, too."""
    text = body()
    places = [0, *sorted(cuts), len(text)]
    path = tmp_path / "Contents-all.gz"
    path.write_bytes(b"".join(gzip.compress(text[a:b]) for a, b in pairwise(places)))
    before = contents._CHUNK
    contents._CHUNK = chunk
    try:
        assert list(contents.read(path)) == list(contents.parse(text))
    finally:
        contents._CHUNK = before


def test_I6_no_damage_passes_for_an_index(tmp_path: Path) -> None:
    path = tmp_path / "Contents-all.gz"
    good = gzip.compress(f"{D}/foo-1.egg-info python/python3-foo\n".encode())
    flipped = bytearray(good)
    flipped[-6] ^= 1  # in the checksum
    for content in (b"", good[:5], good[:-1], good[:-8], bytes(flipped), good + b"garbage", good + good[:-3]):
        path.write_bytes(content)
        with pytest.raises(UnavailableError, match="cannot be read") as caught:
            list(contents.read(path))
        assert caught.value.context == str(path)
    path.unlink()
    with pytest.raises(UnavailableError, match="No such file"):
        list(contents.read(path))
