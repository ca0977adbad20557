"""A lock carried out: the OS transaction, the environment, and the check of both, all or nothing (rules X1 to X4).

The order is what makes it safe. Everything that can refuse does so before anything is changed; the OS transaction
is apt's own all-or-nothing step; the former environment is kept until the new one has passed its checks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError, DistrofirstError, InputError
from resolver.model import Transaction
from resolver.model.acting import InstallResult
from resolver.venv import environment, journal
from resolver.venv.record import Contract, Record, contract_of, state_of
from resolver.venv.register import kept
from resolver.venv.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from resolver.model import Command, Lock
    from resolver.ports import PackageManager, Runner, WheelSource


def install(
    lock: Lock,
    venv: Path,
    runner: Runner,
    packages: PackageManager,
    wheels: WheelSource,
    *,
    register: Path,
    interrupted: Callable[[], tuple[Command, ...]] = tuple,
    user_only: bool = False,
    dry_run: bool = False,
    announce: Callable[[Command], None] = lambda _: None,
) -> InstallResult:
    """Bring the host and the environment to what a lock says, or leave both as they were.

    ``register`` is the folder that the environment is noted in (``resolver.venv.register``).
    ``interrupted`` gives what finishes an OS transaction that was killed; it is asked only where a note says that one of
    ours was.
    ``user_only`` leaves OS packages to somebody else: unless all are there as locked, nothing is done, and the result
    has what that somebody must run.
    ``announce`` is told of each command before it runs. A dry run changes nothing, and gives what the run would give.
    Either has the wheels here, and looked through, before the first command (rule P4).

    Raises InputError for a folder that is not ours, PolicyError for a file that
    is not the locked one or must not be installed, UnavailableError without a network, CommandError for all that else
    can fail; the former environment is in place again then. OS packages that were installed by then stay, and the next
    run knows of them.
    """
    venv = Path(os.path.abspath(venv))  # noqa: PTH100 - resolve() would follow a link that the user chose
    if not venv.name:
        raise InputError("the root folder cannot be an environment", context=str(venv), hint="name a folder below it")
    if os.pathsep in str(venv):
        # PATH could not name its scripts, and Python's venv refuses it, which would be after the OS transaction.
        raise InputError("no environment can lie below a name with a colon", context=str(venv), hint="name another folder")
    if dry_run:
        note = journal.note_beside(venv)
        first = interrupted() if note.added else ()
        if user_only and (left := _left(first, packages.plan(lock, simulate=False))).commands:
            return _undone(lock, venv, packages, note, left)
        return _result(_plan(lock, venv, runner, packages, wheels, register, note), lock, first)
    with journal.held(venv, "install") as held:
        first = interrupted() if held.note.added else ()
        if user_only and (left := _left(first, packages.plan(lock, simulate=False))).commands:
            return _undone(lock, venv, packages, held.note, left)
        for command in first:
            announce(command)
            # What it cannot finish the transaction itself does, or says why not.
            runner.stream(command)
        job = _plan(lock, venv, runner, packages, wheels, register, held.note)
        if job.commands:
            _carry_out(job, runner, packages, held, announce)
        # A run that was killed at its very end has left nothing but its note, all of which the record has.
        held.write(journal.Note())
        return _result(job, lock, first)


def dry_run_lines(commands: Iterable[Command]) -> tuple[str, ...]:
    """Give commands as lines for a shell: pasted as root, they do what ``install`` does (cli.md, Dry run)."""
    return tuple(command.shell_line() for command in commands)


def _left(first: tuple[Command, ...], transaction: Transaction) -> Transaction:
    """Give what needs rights, what finishes a killed run before what is missing."""
    return replace(transaction, commands=(*first, *transaction.commands))


def _undone(lock: Lock, venv: Path, packages: PackageManager, note: journal.Note, left: Transaction) -> InstallResult:
    """Tell what is left to an administrator, and what is there until then."""
    place = environment.look_at(venv, was_building=note.building)
    there = packages.installed({*lock.os_versions, *note.added, *(place.record.added if place.record else ())})
    state = state_of(place.record.contract if place.record and place.whole else None, there)
    return InstallResult(lock=lock, venv=venv, before=state, after=state, left=left)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """Everything that is to be done, decided."""

    contract: Contract
    transaction: Transaction
    place: environment.Place
    build: tuple[Command, ...]
    """The environment's commands; empty where it is as it must be."""
    added: tuple[str, ...]
    """What the record names: this run's additions, and those of earlier runs for this environment."""
    came: Mapping[str, str]
    """The versions of those of earlier runs."""
    drift: tuple[str, ...]

    @property
    def commands(self) -> tuple[Command, ...]:
        return (*self.place.leftovers, *self.transaction.commands, *self.build)


def _plan(  # noqa: PLR0917 - what install itself takes
    lock: Lock,
    venv: Path,
    runner: Runner,
    packages: PackageManager,
    wheels: WheelSource,
    register: Path,
    note: journal.Note,
) -> _Job:
    contract = contract_of(lock)
    place = environment.look_at(venv, was_building=note.building)
    transaction = packages.plan(lock)
    # Whoever removes a venv by hand, to have it made anew, leaves what came with it.
    former = place.record or kept(register, place.venv)
    earlier = {*note.added, *(former.added if former else ())}
    # What a killed run of ours has put there in part is still new.
    resumed = set(note.added) & set(transaction.changed)
    came = packages.installed(earlier)
    added = tuple(sorted({*came, *transaction.added, *resumed}))
    record = Record(contract=contract, added=added, venv=str(place.venv))
    unchanged = place.whole and place.record == record and not transaction.commands
    drift = _drift(contract, venv, runner, packages) if unchanged else ()
    build = (
        ()
        if unchanged and not drift
        else environment.commands_for(
            place,
            record,
            lock.wheels,
            wheels.obtain(lock) if lock.wheels else {},
            interpreter=packages.interpreter,
            site_directories=packages.site_directories,
            register=register,
        )
    )
    return _Job(
        contract=contract, transaction=transaction, place=place, build=build, added=added, came=came, drift=drift
    )


def _drift(contract: Contract, venv: Path, runner: Runner, packages: PackageManager) -> tuple[str, ...]:
    try:
        return tuple(map(str, verify(contract, venv, runner, packages)))
    except DistrofirstError as error:
        # Its interpreter is gone or broken: to be made anew like any other that drifted.
        return (str(error),)


def _result(job: _Job, lock: Lock, first: tuple[Command, ...]) -> InstallResult:
    """Tell what a job amounts to; ``first`` finishes what a killed run had begun."""
    place, changes = job.place, job.transaction.changes
    versions = {**job.came, **dict(job.contract.os_packages)}
    before = {**versions, **{one.name: one.before for one in changes}}
    former = place.record.contract if place.record and place.whole else None
    return InstallResult(
        lock=lock,
        venv=place.venv,
        commands=(*first, *job.commands),
        changes=changes,
        before=state_of(former, before),
        after=state_of(job.contract, {**versions, **{one.name: one.after for one in changes}}),
        drift=job.drift,
    )


def _carry_out(
    job: _Job,
    runner: Runner,
    packages: PackageManager,
    held: journal.Journal,
    announce: Callable[[Command], None],
) -> None:
    def run(command: Command) -> None:
        announce(command)
        done = runner.stream(command)
        if done.returncode != 0:
            raise environment.failure_of(command, done)

    for command in job.place.leftovers:
        run(command)
    held.write(journal.Note(added=job.added))
    try:
        for command in job.transaction.commands:
            announce(command)
        packages.perform(job.transaction)
        if job.build:
            _build(job, run, runner, packages, held)
    except BaseException:
        # The former environment's record tells of its own; what came new in this run is only known here.
        known = job.place.record.added if job.place.record else ()
        came = packages.installed(set(job.added) - set(known))
        held.write(journal.Note(building=held.note.building, added=tuple(sorted(came))))
        raise
    held.write(journal.Note())


def _build(
    job: _Job, run: Callable[[Command], None], runner: Runner, packages: PackageManager, held: journal.Journal
) -> None:
    """Make the environment anew; whatever ends this early, an interrupt too, brings the former one back."""
    making, clearing = (job.build[:-1], job.build[-1:]) if job.place.occupied else (job.build, ())
    held.write(journal.Note(building=True, added=job.added))
    try:
        for command in making:
            run(command)
        _check(job.contract, job.place.venv, runner, packages)
    except BaseException:
        for command in environment.restore(job.place):
            run(command)
        held.write(journal.Note(added=job.added))
        raise
    # The new environment is whole: if this fails, the next run clears away the old one.
    for command in clearing:
        run(command)


def _check(contract: Contract, venv: Path, runner: Runner, packages: PackageManager) -> None:
    if findings := verify(contract, venv, runner, packages):
        raise CommandError(
            "the environment did not become what the lock says: " + "; ".join(map(str, findings)),
            context=str(venv),
            hint=findings[0].remedy,
        )
