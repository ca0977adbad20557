"""What holds for every family before its package manager acts: the kind of host, and the room on its disks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from resolver.errors import CommandError, InputError
from resolver.model import PackageChange, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from resolver.model import Command, Lock, Target


def check_target(lock: Lock, host: Target, *, shown: str) -> None:
    """Refuse a lock that was made for another kind of host: its versions are not in this one's archive.

    ``shown`` is the lock's file. All that differs is told at once, for each next attempt may be on a hundred hosts.
    """
    differing = [
        (what, theirs, ours, option)
        for what, theirs, ours, option in (
            ("release", str(lock.target.release), str(host.release), ""),
            ("architecture", lock.target.architecture, host.architecture, f" --arch {host.architecture}"),
            ("Python", lock.target.python, host.python, f" --python {host.python}"),
        )
        if theirs != ours
    ]
    if differing:
        asked = " and ".join(f"{what} {theirs}" for what, theirs, _, _ in differing)
        found = " and ".join(ours for _, _, ours, _ in differing)
        options = "".join(option for _, _, _, option in differing)
        raise InputError(
            f"the lock is for {asked}, and this host has {found}",
            context=shown,
            hint=f"make one for this kind of host: distrofirst lock --target {host.release}{options}",
        )


def missing(wanted: Mapping[str, str | None], installed: Mapping[str, str], command: Command) -> Transaction:
    """Give a transaction that nothing has simulated: what is asked for, and the version, None where any will do."""
    changes = (
        PackageChange(name=name, before=installed.get(name), after=version or "") for name, version in wanted.items()
    )
    return Transaction(commands=(command,), changes=tuple(sorted(changes, key=lambda change: change.name)))


def free_space(path: str) -> tuple[int, int]:
    """Tell a path's file system and the bytes free on it."""
    file_system = os.statvfs(path)
    return os.stat(path).st_dev, file_system.f_bavail * file_system.f_frsize  # noqa: PTH116 - a number, not a Path


def check_space(
    sizes: Iterable[tuple[str, int]], space_of: Callable[[str], tuple[int, int]], *, context: str, hint: str
) -> None:
    """Compare what is to be written below each path with what is free there; paths may share a file system."""
    needed: dict[int, int] = {}
    free: dict[int, tuple[int, str]] = {}
    for path, size in sizes:
        device, space = space_of(path)
        needed[device] = needed.get(device, 0) + size
        free[device] = (space, path)
    for device, size in needed.items():
        space, path = free[device]
        if size > space:
            raise CommandError(
                f"the OS packages take {_megabytes(size)}, and {_megabytes(space)} are free for {path}",
                context=context,
                hint=hint,
            )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
