"""Which environments there are on this machine: who else may need an OS package that an undo would take away (rule X4).

A register is a folder with one small file an environment, named by a hash of its path, which is what the file holds.
``inside.py finish`` writes it, root into a folder of the system's and everybody else into their own state; all that can
be read are read. An entry whose environment is gone says nothing of what is needed. A copy of the record beside it tells its
owner what came with an environment that was removed by hand.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver import files
from resolver.errors import InputError
from resolver.venv import journal
from resolver.venv import record as records
from resolver.venv.environment import old_of
from resolver.venv.inside import copy_of, entry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.venv.record import Record

_LONGEST = 1 << 16
"""Bytes of an entry; a path is shorter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """The registers of a machine."""

    own: Path
    """The folder that this user's environments are noted in."""
    folders: tuple[Path, ...] = ()
    """Those of others."""
    unseen: tuple[Path, ...] = ()
    """Homes that cannot be looked into: whether somebody has an environment there is not known (rule T2)."""

    def others(self, venv: Path) -> Iterator[tuple[Path, Record]]:
        """Give the other environments that are there, with their records, sorted by path.

        Raises InputError for one whose record cannot be read: what it needs is not known.
        """
        paths = {path for folder in (self.own, *self.folders) for path in _entries(folder)}
        for path in sorted(paths - {venv}):
            try:
                record = records.read(path) or records.read(old_of(path))
            except InputError as error:
                raise InputError(
                    f"another environment may need what would be removed, and {error.message}",
                    context=error.context,
                    hint="run this as root, or as who may read it; if it may go, remove it",
                ) from error
            if record is not None:
                yield path, record

    def drop(self, venv: Path) -> None:
        """Forget an environment that is gone; where that cannot be written, the entry says nothing anyway."""
        try:
            copy_of(self.own, venv).unlink(missing_ok=True)
            entry_of(self.own, venv).unlink(missing_ok=True)
        except OSError:
            return


def kept(register: Path, venv: Path) -> Record | None:
    """Give the copy of a record that a user's own register keeps; None where there is none, or none that can be read."""
    try:
        return records.read_file(copy_of(register, venv))
    except (OSError, InputError):
        return None


def is_ours_to_write(venv: Path) -> bool:
    """Tell whether an environment is this user's; another owner could lead root anywhere in it."""
    return _whole(venv).stat().st_uid == os.geteuid()


def pass_on(register: Path, venv: Path, record: Record, names: frozenset[str]) -> None:
    """Let an environment's record name OS packages as its own, where it is ours to write; ``register`` is our own.

    Raises CommandError where another run is at work on it.
    """
    if names - set(record.added) and is_ours_to_write(venv):
        with journal.held(venv, "undo"):
            grown = records.with_added(record, names)
            records.write(_whole(venv), grown)
            records.write_copy(copy_of(register, venv), grown)


def _whole(venv: Path) -> Path:
    """Give the folder that has the record: the former environment's, where a new one is not whole yet."""
    return venv if (venv / records.FILE_NAME).exists() else old_of(venv)


def _entries(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        # Not there, or a home that is closed to others.
        return
    for file in entries:
        try:
            path = Path(os.fsdecode(files.read(file, most=_LONGEST)))
        except OSError:
            continue
        if path.is_absolute() and "\0" not in str(path) and file.name == entry_of(folder, path).name:
            yield path
