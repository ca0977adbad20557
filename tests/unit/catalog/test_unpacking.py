"""Compressed files: told by their first bytes, and never a short answer for a damaged one (rule I6)."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resolver.catalog import unpacking
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CONTENT = b"".join(b"line %d\n" % number for number in range(100_000))
QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


def through_zstd(data: bytes) -> bytes:
    if shutil.which("zstd") is None:
        pytest.skip("there is no program zstd")
    return subprocess.run(["zstd", "-qc"], input=data, stdout=subprocess.PIPE, check=True).stdout


def program(path: Path) -> Iterator[bytes]:
    yield subprocess.run(["zstd", "-dqc", str(path)], stdout=subprocess.PIPE, check=True).stdout


def unpacked(path: Path, zstd: unpacking.Unpack | None = None) -> bytes:
    with path.open("rb") as file:
        return b"".join(unpacking.unpack(file, zstd=zstd))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, through_zstd])
def test_what_went_in_comes_out(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "primary.xml"
    path.write_bytes(pack(CONTENT))
    assert unpacked(path, zstd=program) == CONTENT
    path.write_bytes(pack(b"<"))
    assert unpacked(path, zstd=program) == b"<"


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_several_members_are_one_file(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "primary.xml"
    path.write_bytes(pack(b"one ") + pack(CONTENT))
    assert unpacked(path) == b"one " + CONTENT


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
@QUICK
@given(data=st.data())
def test_I6_no_damage_passes(tmp_path: Path, pack: Callable[[bytes], bytes], data: st.DataObject) -> None:
    packed = pack(CONTENT[:5000])
    end = data.draw(st.integers(6, len(packed) - 1))
    path = tmp_path / "primary.xml"
    path.write_bytes(packed[:end])
    with pytest.raises(UnavailableError, match="cannot be unpacked") as caught:
        unpacked(path)
    assert caught.value.context == str(path)
    assert caught.value.hint
    at = data.draw(st.integers(6, len(packed) - 1))
    path.write_bytes(packed[:at] + bytes([packed[at] ^ data.draw(st.integers(1, 255))]) + packed[at + 1 :])
    try:
        assert unpacked(path) == CONTENT[:5000]  # a byte that means nothing, such as gzip's time
    except UnavailableError:
        return


@QUICK
@given(st.sampled_from((b"", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\0ZCK1")), st.binary(max_size=200))
def test_I6_any_bytes_are_given_or_refused(tmp_path: Path, magic: bytes, data: bytes) -> None:
    path = tmp_path / "primary.xml"
    path.write_bytes(magic + data)
    with contextlib.suppress(UnavailableError):
        unpacked(path, zstd=lambda _: iter(()))


def test_a_small_file_does_not_become_a_large_piece(tmp_path: Path) -> None:
    path = tmp_path / "primary.xml.gz"
    path.write_bytes(gzip.compress(bytes(50_000_001)))
    with path.open("rb") as file:
        sizes = [len(piece) for piece in unpacking.unpack(file)]
    assert sum(sizes) == 50_000_001
    assert max(sizes) <= unpacking._PIECE


def test_zchunk_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "primary.xml.zck"
    path.write_bytes(b"\0ZCK1 and more")
    with pytest.raises(UnavailableError, match="zchunk") as caught:
        unpacked(path)
    assert caught.value.hint == unpacking.WITHOUT_ZCHUNK


class Zstandard:
    """Either module's part that is used."""

    class ZstdError(Exception):
        pass

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def open(self, _file: object) -> Zstandard:
        return self

    def ZstdDecompressor(self) -> Zstandard:
        return self

    def stream_reader(self, _file: object, *, read_across_frames: bool) -> Zstandard:
        assert read_across_frames
        return self

    def read(self, size: int) -> bytes:
        if self.fails:
            raise self.ZstdError("corrupt")
        self.fails = True
        return CONTENT[:size]


@pytest.mark.parametrize("name", ["compression.zstd", "zstandard"])
def test_a_module_goes_before_the_callers_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    path = tmp_path / "primary.xml.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    monkeypatch.setattr(unpacking, "_module", lambda asked: Zstandard() if asked == name else None)
    with path.open("rb") as file:
        assert next(unpacking.unpack(file)) == CONTENT[: unpacking._PIECE]
    with pytest.raises(UnavailableError, match="cannot be unpacked: corrupt"):
        unpacked(path)


def test_without_any_way_the_os_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "primary.xml.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    monkeypatch.setattr(unpacking, "_module", lambda _: None)
    with pytest.raises(UnavailableError) as caught:
        unpacked(path)
    assert caught.value.hint
    assert "python3-zstandard" in caught.value.hint
    assert unpacked(path, zstd=lambda given: iter([str(given).encode()])) == str(path).encode()
    assert unpacking._module("nobody_has_this") is None
