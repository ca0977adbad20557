"""The commands that make an environment, and the state that a folder is in before. Planned without touching anything.

An environment is made in place, for its scripts name their interpreter by its whole path; the one that was there
before waits beside it as ``DIR.distrofirst-old`` until the new one has passed its checks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError, InputError, PolicyError
from resolver.model import Command
from resolver.venv import record as records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Completed, Wheel
    from resolver.venv.record import Record

INSIDE = Path(__file__).with_name("inside.py")
"""The script that the venv's interpreter runs."""

_PIP_INSTALL = (
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    # An installed OS package would satisfy a requirement without any check of its hash.
    "--ignore-installed",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
    # The lock names every file; there is nothing to look up.
    "--no-index",
    "--no-warn-script-location",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an environment is to be, and what is there now."""

    venv: Path
    """Absolute."""
    record: Record | None
    """Of the environment that is there; None where there is none."""
    occupied: bool
    """Whether an environment of ours is there, once ``leftovers`` are cleared up."""
    whole: bool
    """Whether it is there already, complete."""
    leftovers: tuple[Command, ...] = ()
    """What clears up after a run that was killed."""

    @property
    def python(self) -> str:
        """The environment's interpreter."""
        return str(self.venv / "bin" / "python")


def old_of(venv: Path) -> Path:
    """Where the former environment waits."""
    return venv.with_name(f"{venv.name}.distrofirst-old")


def look_at(venv: Path, *, was_building: bool = False) -> Place:
    """See what is in the environment's folder.

    ``was_building`` says that an earlier run was killed while it made an environment there, so that a folder
    without a record is its unfinished work. Raises InputError for a folder that is somebody else's.
    """
    venv = Path(os.path.abspath(venv))  # noqa: PTH100 - resolve() would follow a link that the user chose
    old = old_of(venv)
    record = records.read(venv)
    occupied = os.path.lexists(venv) and not (venv.is_dir() and not any(venv.iterdir()))
    if occupied and record is None and not was_building:
        raise _not_ours(venv)
    if old.is_dir() and not was_building and records.read(old) is None:
        raise _not_ours(old)
    if record is not None:
        leftovers = (_remove(old),) if os.path.lexists(old) else ()
        return Place(venv=venv, record=record, occupied=True, whole=True, leftovers=leftovers)
    # No whole environment stands here. What does is unfinished; the former one, if it waits, is whole.
    unfinished = (_remove(venv),) if occupied else ()
    if old.is_dir():
        remains = (_remove(venv), _move(old, venv)) if os.path.lexists(venv) else (_move(old, venv),)
        return Place(venv=venv, record=records.read(old), occupied=True, whole=False, leftovers=remains)
    return Place(venv=venv, record=None, occupied=False, whole=False, leftovers=unfinished)


def _not_ours(folder: Path) -> InputError:
    return InputError(
        "this folder was not made by distrofirst, and stays as it is",
        context=str(folder),
        hint="name another folder with --venv, or remove this one",
    )


def commands_for(
    place: Place,
    record: Record,
    wheels: Sequence[Wheel],
    files: Mapping[NormalizedName, Path],
    *,
    interpreter: str,
    site_directories: Sequence[str],
    register: Path,
) -> tuple[Command, ...]:
    """Give the commands that make the environment, in their order; the former one, if any, is moved aside first.

    ``files`` are the wheels on this machine, by project.
    ``interpreter`` is the distribution's, by its whole path; ``site_directories`` are where its OS packages lie;
    ``register`` is the folder that it is noted in.
    """
    python = place.python
    return (
        *((_move(place.venv, old_of(place.venv)),) if place.occupied else ()),
        Command(
            argv=(interpreter, "-I", "-m", "venv", "--without-pip", str(place.venv)),
            purpose="make the environment",
        ),
        Command(
            argv=(python, "-I", str(INSIDE), "prepare", *site_directories),
            purpose="let the environment see the OS packages",
        ),
        *((_pip(python, wheels, files),) if wheels else ()),
        Command(
            argv=(python, "-I", str(INSIDE), "finish", str(register)),
            stdin=records.dump(record),
            purpose="write the scripts of the OS packages",
        ),
        *((_remove(old_of(place.venv)),) if place.occupied else ()),
    )


def inspection(python: str) -> Command:
    """Give the command that tells what is in an environment.

    root looks into somebody else's with that one's rights (setpriv(1)): its interpreter is whatever they put there. The
    script goes by standard input then, for it may lie where they cannot read.
    """
    owner = _owner(Path(python)) if os.geteuid() == 0 else None
    if owner is None:
        return Command(argv=(python, "-I", str(INSIDE), "inspect"), purpose="look into the environment")
    user, group = owner
    rights = (f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs")
    return Command(
        argv=("setpriv", *rights, "--", python, "-I", "-", "inspect"),
        stdin=INSIDE.read_text(encoding="utf-8"),
        purpose="look into the environment",
    )


def _owner(python: Path) -> tuple[int, int] | None:
    """Give the user and group of whoever but root has made an environment, or may have changed its interpreter."""
    for path in (python.parent.parent, python.parent, python):
        facts = path.lstat()
        if facts.st_uid != 0:
            return facts.st_uid, facts.st_gid
    return None


def restore(place: Place) -> tuple[Command, ...]:
    """Give the commands that undo a failed attempt."""
    if not place.occupied:
        return (_remove(place.venv),)
    if not old_of(place.venv).is_dir():
        # It could not even be moved aside, and is still where it was.
        return ()
    return _remove(place.venv), _move(old_of(place.venv), place.venv)


def clearing(venv: Path) -> tuple[Command, ...]:
    """Give what removes an environment, and the former one that waits beside it, which goes first: it may be whole."""
    there = [path for path in (old_of(venv), venv) if os.path.lexists(path)]
    if not there:
        return ()
    return (Command(argv=("rm", "-rf", "--", *map(str, there)), purpose="remove the environment"),)


def _pip(python: str, wheels: Sequence[Wheel], files: Mapping[NormalizedName, Path]) -> Command:
    """Install the remainder: exactly these files, each by its hash (rules P2, X1).

    They were compared with their hashes when they were looked through; pip's own comparison closes the time since. It
    also writes the hash into direct_url.json, where ``verify`` looks for it. pip takes the hash of a URL requirement
    from its fragment, so the command needs no requirements file. The distribution's pip is run by the environment's
    interpreter, which sees it like every OS package: ``pip --python`` would do the same from pip 22.3 on, and CentOS
    Stream 9 has 21.2.
    """
    requirements = tuple(f"{wheel.project} @ {files[wheel.project].as_uri()}#sha256={wheel.sha256}" for wheel in wheels)
    return Command(
        argv=(python, "-I", "-m", "pip", "--isolated", "install", *_PIP_INSTALL, *requirements),
        # --isolated leaves /etc/pip.conf in force, which may name other indexes.
        environment={"PIP_CONFIG_FILE": "/dev/null"},
        purpose="install the remainder",
    )


def _move(source: Path, target: Path) -> Command:
    return Command(argv=("mv", "--no-target-directory", str(source), str(target)), purpose="set the environment aside")


def _remove(path: Path) -> Command:
    return Command(argv=("rm", "-rf", "--", str(path)), purpose="clear away an environment")


def failure_of(command: Command, done: Completed) -> CommandError | PolicyError:
    """Give the error that fits what a failed command printed."""
    output = f"{done.stdout}\n{done.stderr}"
    context = "pip" if "pip" in command.argv else command.argv[0]
    if "DO NOT MATCH THE HASHES" in output or "Hashes are required" in output:
        found = next((line.strip() for line in output.splitlines() if " from file" in line), "")
        return PolicyError(
            f"a file was changed after it was checked: {found.rstrip(':')}",
            context=context,
            hint="find out who writes to that folder; the environment is as it was before",
        )
    if "No space left on device" in output:
        return CommandError("the disk is full", context=context, hint="free some space, then repeat the command")
    return CommandError(
        f"cannot {command.purpose} (exit code {done.returncode}): {_last_error(output)}",
        context=context,
        hint=command.shell_line(),
    )


def _last_error(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["it said nothing"])[-1]
