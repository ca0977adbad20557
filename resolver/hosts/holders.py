"""Who is at work with the package manager: whom a run may have to wait for, which not every tool says.

apt names the process it waits for, and so does dnf5 for a transaction. dnf 4 and zypper wait without a word, and what
dnf5 says while it only simulates is not shown to anybody. So their lock files are looked at: those that hold their
owner's process id, and the one that the kernel knows the owner of (fcntl(2), proc(5)).
"""

from __future__ import annotations

from pathlib import Path

_WITH_PROCESS_ID = ("run/zypp.pid", "var/cache/dnf/metadata_lock.pid", "var/lib/dnf/rpmdb_lock.pid")
_LOCKED = "var/lib/dnf/system-repo.lock"
_LONGEST = 80
"""Characters of a command line that are shown."""


def at_work(root: Path = Path("/")) -> str | None:
    """Describe the first process found that holds a lock, in one line: ``process 33 (zypper install …)``, or give None.

    A file whose owner is gone says nothing, and neither does what cannot be read.
    """
    for process in (*(_written_in(root / name) for name in _WITH_PROCESS_ID), _holding(root / _LOCKED, root)):
        if process and (command := _command_of(process, root)):
            return f"process {process} ({command})"
    return None


def _written_in(file: Path) -> str | None:
    text = _read(file).strip()
    return text if text.isascii() and text.isdigit() else None


def _holding(file: Path, root: Path) -> str | None:
    """Find who holds a lock on a file: ``1: POSIX  ADVISORY  WRITE 41 00:28:16556533 0 EOF`` (proc(5), /proc/locks).

    By the inode alone: what an overlay's device is called there is not what stat tells.
    """
    try:
        inode = file.stat().st_ino
    except OSError:
        return None
    for line in _read(root / "proc/locks").splitlines():
        match line.split():
            case [_, _, _, _, process, place, _, _] if place.endswith(f":{inode}"):
                return process
    return None


def _command_of(process: str, root: Path) -> str:
    words = _read(root / "proc" / process / "cmdline").split("\0")
    shown = " ".join(" ".join(words).split())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
