"""An installation taken back: the OS packages that came with it and that nobody else needs, then the environment.

What may go is what the package manager's own simulation takes away without touching anything else (rule X4). The OS
packages go first: where that is refused, nothing has been changed. The journal notes each step, so that a second
``undo`` goes on where a killed one was, and an ``install`` makes the environment anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.model import PackageChange
from resolver.model.acting import HOLD, UndoResult
from resolver.venv import environment, journal
from resolver.venv.record import state_of
from resolver.venv.register import is_ours_to_write, kept, pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from resolver.model import Command
    from resolver.ports import PackageRemover, Runner
    from resolver.venv.record import Record
    from resolver.venv.register import Register


def undo(
    venv: Path,
    runner: Runner,
    packages: PackageRemover,
    register: Register,
    *,
    dry_run: bool = False,
    announce: Callable[[Command], None] = lambda _: None,
) -> UndoResult:
    """Take an environment away, and the OS packages that were added for it and that nobody else needs.

    A dry run changes nothing, and gives the commands. Raises InputError for a folder that is not ours, CommandError
    where the package manager refuses or fails.
    """
    venv = Path(os.path.abspath(venv))  # noqa: PTH100 - resolve() would follow a link that the user chose
    note = journal.note_beside(venv)
    # Only a run of ours that was killed has left a note; what it was at is finished before anything else.
    first = packages.interrupted() if note.added else ()
    job = _plan(venv, packages, register, note, first)
    if dry_run or (not job.result.changed and note == journal.Note()):
        return job.result
    with journal.held(venv, "undo") as held:
        first = packages.interrupted() if held.note.added else ()
        for command in first:
            announce(command)
            runner.stream(command)
        job = _plan(venv, packages, register, held.note, first)
        _carry_out(job, runner, packages, register, held, announce)
        register.drop(venv)
        held.write(journal.Note())
    return job.result


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """Everything that is to be done, decided."""

    removal: tuple[Command, ...]
    clearing: tuple[Command, ...]
    heirs: tuple[tuple[Path, Record, frozenset[str]], ...]
    """Other environments, and what they need of what came with this one: undoing the last of them takes it away."""
    result: UndoResult


def _plan(
    venv: Path, packages: PackageRemover, register: Register, note: journal.Note, first: tuple[Command, ...]
) -> _Job:
    place = environment.look_at(venv, was_building=note.building)
    # Whoever removes a venv by hand leaves what came with it.
    record = place.record or kept(register.own, venv)
    there = packages.installed({*note.added, *(record.added if record else ())})
    heirs = tuple(
        (path, other, used)
        for path, other in (register.others(venv) if there else ())
        if (used := frozenset(name for name, _ in other.contract.os_packages if name in there))
    )
    staying = {name: _needed_by(path) for path, _, used in reversed(heirs) for name in used}
    going, needed = may_go(there.keys() - staying.keys(), packages.would_go)
    staying |= {name: HOLD if HOLD in by else f"{_listed(by)} needs it" for name, by in needed.items()}
    removal = (packages.removal(going),) if going else ()
    clearing = environment.clearing(venv) if place.record is not None or note.building else ()
    contract = record.contract if record else None
    wanted = {name for name, _ in contract.os_packages} if contract else set[str]()
    return _Job(
        removal=removal,
        clearing=clearing,
        heirs=heirs,
        result=UndoResult(
            venv=venv,
            commands=(*first, *removal, *clearing),
            changes=tuple(PackageChange(name=name, before=there[name], after=None) for name in going),
            staying=tuple(sorted(staying.items())),
            unseen=register.unseen if going else (),
            untouched=len(packages.installed(wanted - there.keys())),
            before=state_of(contract if place.whole else None, there),
            after=state_of(None, {name: there[name] for name in staying}),
        ),
    )


def may_go(
    candidates: Collection[str], would_go: Callable[[Iterable[str]], Collection[str]]
) -> tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]:
    """Find the candidates whose removal takes nothing else away, and of the others, what needs them.

    One simulation where all may go; else the candidates are halved until those that may not stand alone. Removing
    more never takes less away, so what a group may not take, none that holds it may.
    """
    needed: dict[str, tuple[str, ...]] = {}

    def clear(group: tuple[str, ...], going: tuple[str, ...]) -> tuple[str, ...]:
        """Give what of the group may go together with ``going``."""
        others = set(would_go((*going, *group))) - set(candidates)
        if not others:
            return group
        if len(group) == 1:
            needed[group[0]] = tuple(sorted(others))
            return ()
        half = len(group) // 2
        first = clear(group[:half], going)
        return (*first, *clear(group[half:], (*going, *first)))

    going = clear(tuple(sorted(candidates)), ()) if candidates else ()
    return tuple(sorted(going)), needed


def _needed_by(venv: Path) -> str:
    return f"{venv} needs it" if is_ours_to_write(venv) else f"{venv} needs it, and undoing that will leave it, too"


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _carry_out(
    job: _Job,
    runner: Runner,
    packages: PackageRemover,
    register: Register,
    held: journal.Journal,
    announce: Callable[[Command], None],
) -> None:
    for path, record, names in job.heirs:
        pass_on(register.own, path, record, names)
    before = held.note
    held.write(journal.Note(building=before.building, added=tuple(sorted({*before.added, *job.result.removed}))))
    try:
        for command in job.removal:
            announce(command)
            packages.remove(command)
    except BaseException:
        # The record knows them all, and the package manager has come to its end.
        held.write(before)
        raise
    # Until here the record says what is ours. From here on the folder is unfinished work, for it goes file by file.
    held.write(journal.Note(building=True))
    for command in job.clearing:
        announce(command)
        done = runner.stream(command)
        if done.returncode != 0:
            raise environment.failure_of(command, done)
