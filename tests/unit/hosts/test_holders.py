"""Whom a run may have to wait for, as the lock files of zypper, dnf 4 and dnf5 tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.hosts.holders import at_work

if TYPE_CHECKING:
    from pathlib import Path


def put(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("file", ["run/zypp.pid", "var/cache/dnf/metadata_lock.pid", "var/lib/dnf/rpmdb_lock.pid"])
def test_a_process_that_its_tool_has_written_down(tmp_path: Path, file: str) -> None:
    put(tmp_path, {file: "33\n", "proc/33/cmdline": "zypper\0install\0a\n\nb\0"})
    assert at_work(tmp_path) == "process 33 (zypper install a b)"


def test_a_process_that_the_kernel_knows(tmp_path: Path) -> None:
    put(tmp_path, {"var/lib/dnf/system-repo.lock": "", "proc/41/cmdline": "dnf5\0upgrade\0"})
    inode = (tmp_path / "var/lib/dnf/system-repo.lock").stat().st_ino
    line = "{}: POSIX  ADVISORY  WRITE {} 00:28:{} 0 EOF\n"
    put(tmp_path, {"proc/locks": line.format(1, 40, f"1{inode}") + line.format(2, 41, inode)})
    assert at_work(tmp_path) == "process 41 (dnf5 upgrade)"


def test_a_long_command_is_cut(tmp_path: Path) -> None:
    put(tmp_path, {"run/zypp.pid": "33", "proc/33/cmdline": "zypper\0" + "x" * 500})
    assert (told := at_work(tmp_path)) is not None
    assert told.startswith("process 33 (zypper xxx")
    assert len(told) < 120


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"run/zypp.pid": ""},
        {"run/zypp.pid": "33"},
        {"run/zypp.pid": "../33", "proc/33/cmdline": "zypper\0"},
        {"run/zypp.pid": "33", "proc/33/cmdline": ""},
        {"var/lib/dnf/system-repo.lock": "", "proc/locks": "1: POSIX\n\nnonsense\n"},
    ],
)
def test_nobody_is_named_without_a_process_that_lives(tmp_path: Path, files: dict[str, str]) -> None:
    assert at_work(put(tmp_path, files)) is None
