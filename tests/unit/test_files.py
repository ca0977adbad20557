"""Files where others may write, too."""

from __future__ import annotations

import fcntl
import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from resolver import files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert files.read(tmp_path / "a", most=5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        files.read(tmp_path / "a", most=4)
    assert files.sha256_of(tmp_path / "a") == hashlib.sha256(b"12345").hexdigest()


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_file_is_neither_waited_for_nor_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case _:
            path.mkdir()
    with pytest.raises(OSError, match=r"no regular file|Is a directory"):
        files.read(path, most=5)
    assert files.sha256_of(path) is None


@pytest.mark.parametrize("sync", [False, True])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, *, sync: bool) -> None:
    path = tmp_path / ("x" * 255)
    files.write(path, b"old", sync=sync)
    files.write(path, b"new", sync=sync)
    assert path.read_bytes() == b"new"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        files.write(tmp_path / "folder", b"x", sync=sync)
    assert {one.name for one in tmp_path.iterdir()} == {path.name, "folder"}


def test_a_lock_is_never_a_link_and_what_is_in_it_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "lock").symlink_to("mine")
    with pytest.raises(OSError, match="symbolic link"):
        files.open_locked(tmp_path / "lock")
    with files.open_locked(tmp_path / "mine") as held:
        other = os.open(tmp_path / "mine", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        assert held.read() == b"mine"
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_is_written_can_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        files.write(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640
