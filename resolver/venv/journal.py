"""One run at a time on an environment, and a note for the next run if this one is killed (rule X4).

The note is a file beside the environment. While a run holds its lock (flock(2)), another run is refused; a note
without a holder was left by a run that was killed, and tells what that run had begun.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver import files
from resolver.errors import CommandError
from resolver.tables import OS_PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIX = ".distrofirst-journal"
_LONGEST = 1 << 20
"""Bytes of a note that are read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a killed or failed run had begun."""

    building: bool = False
    """It was making the environment: what is in the folder is its own unfinished work."""
    added: tuple[str, ...] = ()
    """OS packages that it was about to add to the system; some may be there now."""


class Journal:
    """The note of a run, held by this process."""

    def __init__(self, descriptor: int, doing: str) -> None:
        """Take the open, locked file, and the command that holds it."""
        self._descriptor = descriptor
        self._doing = doing
        self.note = _parse(os.pread(descriptor, _LONGEST, 0))
        """At first what a killed or failed run left, then what this one has written."""
        self.write(self.note)

    def write(self, note: Note) -> None:
        """Replace the note. Written before it is cut to length, so that a kill in between loses nothing."""
        holder = {"process": os.getpid(), "command": self._doing}
        text = json.dumps({**holder, "building": note.building, "added": note.added})
        data = text.encode() + b"\n"
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))
        os.fsync(self._descriptor)
        self.note = note


def note_beside(venv: Path) -> Note:
    """Read the note of a killed run without taking the environment, for a dry run.

    Raises CommandError, as the run would, for a note that is a stranger's.
    """
    path = _path(venv)
    try:
        _refuse_strangers(path)
        return _parse(files.read(path, most=_LONGEST))
    except OSError:
        return Note()


@contextlib.contextmanager
def held(venv: Path, doing: str) -> Iterator[Journal]:
    """Hold an environment against other runs, which are told what this one is ``doing``: the command's name.

    However the block ends, a note that says something stays for the next run, and an empty one goes. Raises
    CommandError where another run holds it, where the note is a stranger's, or where the folder cannot be written to.
    """
    path = _path(venv)
    descriptor = _lock(path)
    try:
        note = Journal(descriptor, doing)
        try:
            yield note
        finally:
            if note.note == Note():
                path.unlink()
    finally:
        os.close(descriptor)


def _path(venv: Path) -> Path:
    return venv.with_name(venv.name + _SUFFIX)


def _lock(path: Path) -> int:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except OSError as error:
            raise CommandError(
                f"the environment cannot be made or removed here: {error.strerror}",
                context=str(path.parent),
                hint="name another folder with --venv",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_there(path, descriptor):
                _refuse_strangers(path)
                return descriptor
        except BlockingIOError:
            holder = _process(os.pread(descriptor, _LONGEST, 0))
            os.close(descriptor)
            raise CommandError(
                f"another run of distrofirst{holder} is at work on this environment",
                context=str(path.with_name(path.name.removesuffix(_SUFFIX))),
                hint="repeat the command when it has finished",
            ) from None
        except CommandError:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_there(path: Path, descriptor: int) -> bool:
    """Tell whether an open file still is what its path names: its former holder may have removed it since."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _refuse_strangers(path: Path) -> None:
    """Raise CommandError for a note by somebody whose folder this is not.

    What it names is removed: in a folder that many may write to, anybody could name what they like.
    """
    owner = path.lstat().st_uid
    if owner not in {0, os.geteuid(), path.parent.stat().st_uid}:
        raise CommandError(
            f"user {owner} left this note of a run that was killed, in a folder of somebody else's",
            context=str(path),
            hint="let that user repeat the command, or look into the file and remove it",
        )


def _parse(data: bytes) -> Note:
    """Read a note; one that makes no sense is empty. What follows the first value is left of a longer, older note."""
    try:
        value, _ = json.JSONDecoder().raw_decode(data.decode())
        added = tuple(name for name in map(str, value["added"]) if OS_PACKAGE.fullmatch(name))
        return Note(building=bool(value["building"]), added=added)
    except (ValueError, KeyError, TypeError, RecursionError):
        return Note()


def _process(data: bytes) -> str:
    try:
        value, _ = json.JSONDecoder().raw_decode(data.decode())
        return f" (process {value['process']}: distrofirst {value['command']})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
