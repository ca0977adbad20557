"""A lock carried out, or nothing (rules X1, X3, X4): real folders, real interpreters, a system made of a table.

The commands run for real, apart from the OS transaction and pip's; each of them is also made to fail, or to be the
last thing that happens before a kill.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, InputError, PolicyError
from resolver.io.process import ProcessRunner
from resolver.model import Command, Completed, Lock, PackageChange, Transaction
from resolver.venv.environment import old_of
from resolver.venv.install import dry_run_lines, install
from resolver.venv.journal import Note, held
from resolver.venv.record import read, write
from tests.fakes import FakePackageManager, FakeWheels
from tests.unit.venv.samples import HOST, lock, os_package, os_project, put_os_project, wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from resolver.model.acting import InstallResult

SCRIPT = "[console_scripts]\ntool = tool:main\n"
FIRST = lock((os_project("tool", "1.0"),), (os_package("python3-tool", "1.0-1"),))
SECOND = lock(
    (os_project("tool", "1.0"), os_project("more", "2.0")),
    (os_package("python3-more", "2.0-1"), os_package("python3-tool", "1.0-1")),
)
ARCHIVE = {"python3-tool": "1.0-1", "python3-more": "2.0-1"}
NOT_THERE = lock((), (os_package("python3-gone", "1.0-1"),))


class Runner:
    """Runs for real, except for pip; fails or is killed (with the whole process) at the n-th command."""

    def __init__(self, *, fail_at: int | None = None, kill_at: int | None = None) -> None:
        self._real = ProcessRunner()
        self._fail_at, self._kill_at = fail_at, kill_at
        self.streamed: list[Command] = []
        self.pip = Completed(returncode=0, stdout="", stderr="")

    def run(self, command: Command) -> Completed:
        return self._real.run(command)

    def stream(self, command: Command) -> Completed:
        if len(self.streamed) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.streamed.append(command)
        if len(self.streamed) - 1 == self._fail_at:
            return Completed(returncode=9, stdout="", stderr="made to fail\n")
        return self.pip if "pip" in command.argv else self._real.run(command)


@pytest.fixture
def packages(tmp_path: Path) -> FakePackageManager:
    dist_packages = tmp_path / "dist-packages"
    put_os_project(dist_packages, "tool", "1.0", scripts=SCRIPT, code="def main(): print('tool')")
    put_os_project(dist_packages, "more", "2.0")
    return FakePackageManager(archive=ARCHIVE, installed={}, site_directories=(str(dist_packages),))


@pytest.fixture
def do(tmp_path: Path, packages: FakePackageManager) -> Callable[..., InstallResult]:
    """Install into ``tmp_path/venv``."""

    def run(
        what: Lock, runner: Runner | None = None, *, dry_run: bool = False, user_only: bool = False
    ) -> InstallResult:
        venv, register = tmp_path / "venv", tmp_path / "register"
        return install(
            what,
            venv,
            runner or Runner(),
            packages,
            FakeWheels(),
            register=register,
            user_only=user_only,
            dry_run=dry_run,
        )

    return run


def works(venv: Path) -> bool:
    return subprocess.run([venv / "bin/tool"], capture_output=True, check=True).stdout == b"tool\n"


def beside(venv: Path) -> set[str]:
    """Give what lies beside an environment, the system's folder and the register apart."""
    return {path.name for path in venv.parent.iterdir()} - {"dist-packages", "register"}


def test_X1_a_lock_becomes_an_environment(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    result = do(FIRST)
    assert (result.changed, result.added) == (True, ("python3-tool",))
    assert packages.state == {"python3-tool": "1.0-1"}
    assert works(tmp_path / "venv")
    assert beside(tmp_path / "venv") == {"venv"}


def test_X4_a_second_run_does_nothing_and_says_so(
    do: Callable[..., InstallResult], packages: FakePackageManager
) -> None:
    do(FIRST)
    again = Runner()
    assert not do(FIRST, again).changed
    assert (again.streamed, len(packages.performed)) == ([], 1)


def test_X4_another_lock_makes_the_environment_anew_and_keeps_what_was_added(
    do: Callable[..., InstallResult], tmp_path: Path
) -> None:
    do(FIRST)
    planned = do(SECOND, dry_run=True)
    result = do(SECOND)
    assert result == planned, "a dry run tells what the run does"
    assert result.changes == (PackageChange(name="python3-more", before=None, after="2.0-1"),)
    assert result.before.environment == result.after.environment == "debian:12 amd64 python" + HOST.python
    assert result.before.os_packages == (("python3-tool", "1.0-1"),)
    assert result.after.os_packages == (("python3-more", "2.0-1"), ("python3-tool", "1.0-1"))
    record = read(tmp_path / "venv")
    assert record is not None
    assert record.added == ("python3-more", "python3-tool")
    assert beside(tmp_path / "venv") == {"venv"}
    assert not do(SECOND).changed


@pytest.mark.parametrize("dry_run", [True, False])
def test_X3_user_only_leaves_os_packages_to_an_administrator(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager, *, dry_run: bool
) -> None:
    packages.state = {"python3-tool": "0.9-1"}
    runner = Runner()
    told = do(SECOND, runner, user_only=True, dry_run=dry_run)
    assert (told.changed, told.changes) == (False, ())
    assert dry_run_lines(told.left.commands) == ("install-os-packages python3-more=2.0-1 python3-tool=1.0-1",)
    assert told.left.changes == (
        PackageChange(name="python3-more", before=None, after="2.0-1"),
        PackageChange(name="python3-tool", before="0.9-1", after="1.0-1"),
    )
    assert told.before == told.after
    assert (told.before.environment, told.before.os_packages) == (None, (("python3-tool", "0.9-1"),))
    assert (runner.streamed, packages.performed, packages.simulated) == ([], [], 0), "which may need rights, too"
    assert beside(tmp_path / "venv") == set()


def test_X3_user_only_makes_the_environment_where_the_os_packages_are_there(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    packages.state = dict(ARCHIVE)
    done = do(SECOND, user_only=True)
    assert (done.changed, done.added, packages.performed) == (True, (), [Transaction()])
    assert done.left == Transaction()
    assert works(tmp_path / "venv")
    assert not do(SECOND, user_only=True).changed


def test_X4_user_only_leaves_a_killed_transaction_to_an_administrator(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    packages.state = dict(ARCHIVE)
    with held(tmp_path / "venv", "install") as journal:
        journal.write(Note(added=("python3-tool",)))
    finish = Command(argv=("dpkg", "--configure", "-a"), privileged=True)
    runner = Runner()
    told = install(
        SECOND, tmp_path / "venv", runner, packages, FakeWheels(), register=tmp_path / "register", user_only=True,
        interrupted=lambda: (finish,),
    )  # fmt: skip
    assert told.left == Transaction(commands=(finish,))
    assert runner.streamed == []


def test_what_was_added_and_is_gone_by_now_is_no_longer_ours(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    do(SECOND)
    del packages.state["python3-more"]
    do(FIRST)
    record = read(tmp_path / "venv")
    assert record is not None
    assert record.added == ("python3-tool",)


def test_X4_what_came_with_an_environment_that_was_removed_by_hand_is_still_ours(
    do: Callable[..., InstallResult], tmp_path: Path
) -> None:
    do(FIRST)
    shutil.rmtree(tmp_path / "venv")
    planned = do(SECOND, dry_run=True)
    assert do(SECOND) == planned
    record = read(tmp_path / "venv")
    assert record is not None
    assert record.added == ("python3-more", "python3-tool")
    assert not do(SECOND).changed


def test_X1_a_folder_that_venv_refuses_is_refused_before_anything_is_done(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    with pytest.raises(InputError, match="no environment can lie below a name with a colon"):
        install(FIRST, tmp_path / "a:b/venv", Runner(), packages, FakeWheels(), register=tmp_path, dry_run=True)


@pytest.mark.parametrize("harm", ["extra project", "interpreter gone", "shadowed", "script gone", "moved"])
def test_an_environment_that_drifted_is_made_anew(do: Callable[..., InstallResult], tmp_path: Path, harm: str) -> None:
    do(FIRST)
    venv = tmp_path / "venv"
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    if harm == "extra project":
        put_os_project(site_packages, "stray", "1.0")
    elif harm == "shadowed":
        put_os_project(site_packages, "tool", "1.0")
    elif harm == "script gone":
        (venv / "bin/tool").unlink()
    elif harm == "moved":
        record = read(venv)
        assert record is not None
        write(venv, replace(record, venv=f"{venv}-before"))
    else:
        (venv / "bin/python").unlink()
    mended = do(FIRST)
    assert mended.changed
    assert mended.before == mended.after
    told = {
        "extra project": "stray: found ",
        "shadowed": "tool: found 1.0 in ",
        "interpreter gone": "there is no ",
        "script gone": f"tool: found {venv}/bin/tool: No such file",
        "moved": f"environment: found in {venv}, expected in {venv}-before",
    }
    assert mended.drift[0].removeprefix(f"{venv}: ").startswith(told[harm])
    assert works(venv)
    assert not do(FIRST).changed


def test_X3_a_dry_run_changes_nothing_and_prints_what_would_run(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    runner = Runner()
    result = do(FIRST, runner, dry_run=True)
    lines = dry_run_lines(result.commands)
    assert (result.changed, result.added, len(lines)) == (True, ("python3-tool",), 4)
    assert lines[0] == "install-os-packages python3-tool=1.0-1"
    assert (runner.streamed, packages.state, beside(tmp_path / "venv")) == ([], {}, set())


def test_X3_the_lines_of_a_dry_run_do_the_same_when_pasted(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    do(FIRST)
    script = "\n".join(dry_run_lines(do(SECOND, dry_run=True).commands))
    script = script.replace("install-os-packages", ": install-os-packages")
    subprocess.run(["sh", "-eu", "-c", script], check=True, env={"PATH": "/usr/bin:/bin"})
    packages.state.update(ARCHIVE)
    assert not do(SECOND).changed
    assert works(tmp_path / "venv")


def test_a_dry_run_with_nothing_to_do_has_no_lines(do: Callable[..., InstallResult]) -> None:
    do(FIRST)
    result = do(FIRST, dry_run=True)
    assert (result.commands, result.changes, result.drift) == ((), (), ())
    assert result.before == result.after


def test_each_command_is_announced_before_it_runs(tmp_path: Path, packages: FakePackageManager) -> None:
    told: list[Command] = []
    result = install(FIRST, tmp_path / "venv", Runner(), packages, FakeWheels(), register=tmp_path / "register", announce=told.append)
    assert tuple(told) == result.commands


def test_X1_what_cannot_be_planned_changes_nothing(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    do(FIRST)
    before = dict(packages.state)
    with pytest.raises(CommandError, match="python3-gone"):
        do(NOT_THERE)
    assert packages.state == before
    assert works(tmp_path / "venv")
    assert beside(tmp_path / "venv") == {"venv"}


class Refusing(FakePackageManager):
    """Plans as it should, and fails when it is to act."""

    def perform(self, transaction: Transaction) -> None:
        raise CommandError(f"refused {len(transaction.commands)} command")


def test_X1_a_failed_os_transaction_leaves_nothing_behind(tmp_path: Path) -> None:
    packages = Refusing(archive=ARCHIVE, installed={})
    with pytest.raises(CommandError, match="refused 1 command"):
        install(FIRST, tmp_path / "venv", Runner(), packages, FakeWheels(), register=tmp_path / "register")
    assert list(tmp_path.iterdir()) == []


def test_X4_an_environment_that_cannot_be_cleared_away_is_known_for_ours(
    do: Callable[..., InstallResult], tmp_path: Path
) -> None:
    class Stuck(Runner):
        def stream(self, command: Command) -> Completed:
            stuck = command.argv[0] == "rm" or "prepare" in command.argv
            return Completed(returncode=1, stdout="", stderr="stuck\n") if stuck else super().stream(command)

    with pytest.raises(CommandError, match="stuck"):
        do(FIRST, Stuck())
    assert (tmp_path / "venv").exists()
    assert do(FIRST).changed
    assert works(tmp_path / "venv")


def test_a_folder_of_somebody_else_stays_as_it_is(
    do: Callable[..., InstallResult], tmp_path: Path, packages: FakePackageManager
) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/thesis.tex").write_text("")
    with pytest.raises(InputError, match="not made by distrofirst"):
        do(FIRST)
    assert (packages.state, beside(tmp_path / "venv")) == ({}, {"venv"})
    assert (tmp_path / "venv/thesis.tex").exists()


def test_the_root_folder_is_no_environment(packages: FakePackageManager, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="root folder"):
        install(FIRST, type(tmp_path)("/"), Runner(), packages, FakeWheels(), register=tmp_path / "register")


def test_X4_another_run_on_the_same_environment_is_refused(do: Callable[..., InstallResult], tmp_path: Path) -> None:
    with held(tmp_path / "venv", "install"), pytest.raises(CommandError, match="another run"):
        do(FIRST)


STEPS_ANEW = range(4)
"""mv, venv, prepare, finish; the last command, rm, comes after the new environment is whole."""


@pytest.mark.parametrize("step", STEPS_ANEW)
def test_X4_a_failure_at_any_step_brings_the_former_environment_back(
    do: Callable[..., InstallResult], tmp_path: Path, step: int
) -> None:
    do(FIRST)
    with pytest.raises(CommandError, match="made to fail"):
        do(SECOND, Runner(fail_at=step))
    venv = tmp_path / "venv"
    assert works(venv)
    assert not old_of(venv).exists()
    record = read(venv)
    assert record is not None
    assert [project.name for project in record.contract.projects] == ["tool"]
    do(SECOND)
    record = read(venv)
    assert record is not None
    assert record.added == ("python3-more", "python3-tool"), "what the failed run added is known"
    assert beside(venv) == {"venv"}


@pytest.mark.parametrize("step", range(3))
def test_X4_a_failure_of_the_first_installation_leaves_no_environment(
    do: Callable[..., InstallResult], tmp_path: Path, step: int
) -> None:
    with pytest.raises(CommandError, match="made to fail"):
        do(FIRST, Runner(fail_at=step))
    assert not (tmp_path / "venv").exists()
    do(FIRST)
    record = read(tmp_path / "venv")
    assert record is not None
    assert record.added == ("python3-tool",)


@pytest.mark.parametrize("step", range(5))
def test_X4_killed_before_any_step_the_next_run_finishes(
    tmp_path: Path, packages: FakePackageManager, do: Callable[..., InstallResult], step: int
) -> None:
    """The run is killed in a process of its own, so that nothing of it can clear up."""
    do(FIRST)
    killed = _run_in_a_child(tmp_path, packages, step)
    assert killed, "the run was over before it could be killed"
    packages.state.update(ARCHIVE)
    do(SECOND)
    record = read(tmp_path / "venv")
    assert record is not None
    assert record.added == ("python3-more", "python3-tool")
    assert works(tmp_path / "venv")
    assert beside(tmp_path / "venv") == {"venv"}
    assert not do(SECOND).changed


def test_X4_what_finishes_a_killed_transaction_runs_first_and_only_where_it_was_ours(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    finishing = (Command(argv=("true", "finish"), privileged=True),)

    def run(runner: Runner, *, dry_run: bool = False) -> InstallResult:
        return install(
            FIRST, tmp_path / "venv", runner, packages, FakeWheels(),
            register=tmp_path / "register", interrupted=lambda: finishing, dry_run=dry_run,
        )  # fmt: skip

    assert finishing[0] not in run(Runner(), dry_run=True).commands, "nobody of ours was killed"
    with held(tmp_path / "venv", "install") as journal:
        journal.write(Note(added=("python3-tool",)))
    planned, runner = run(Runner(), dry_run=True), Runner()
    assert run(runner).commands == planned.commands
    assert (planned.commands[0], runner.streamed[0]) == (finishing[0], finishing[0])
    assert beside(tmp_path / "venv") == {"venv"}


def _run_in_a_child(tmp_path: Path, packages: FakePackageManager, step: int) -> bool:
    child = os.fork()
    if child == 0:
        try:
            install(SECOND, tmp_path / "venv", Runner(kill_at=step), packages, FakeWheels(), register=tmp_path / "register")
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_X4_an_interrupt_brings_the_former_environment_back(do: Callable[..., InstallResult], tmp_path: Path) -> None:
    class Interrupted(Runner):
        def stream(self, command: Command) -> Completed:
            done = super().stream(command)
            if "prepare" in command.argv:
                raise KeyboardInterrupt
            return done

    do(FIRST)
    with pytest.raises(KeyboardInterrupt):
        do(SECOND, Interrupted())
    assert works(tmp_path / "venv")
    assert not old_of(tmp_path / "venv").exists()


def test_X1_a_file_that_is_not_the_locked_one_is_refused_and_nothing_stays(
    do: Callable[..., InstallResult], tmp_path: Path
) -> None:
    runner = Runner()
    runner.pip = Completed(returncode=1, stdout="", stderr="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM …\n")
    with pytest.raises(PolicyError):
        do(lock((), (), (wheel("demo"),)), runner)
    assert not (tmp_path / "venv").exists()


def test_P4_a_wheel_that_is_refused_keeps_everything_from_being_done(
    tmp_path: Path, packages: FakePackageManager
) -> None:
    """The OS transaction, too: nothing runs before all wheels are here and fit (rule X1)."""
    what = lock((os_project("tool", "1.0"),), (os_package("python3-tool", "1.0-1"),), (wheel("demo"),))
    for dry_run in (True, False):
        runner, wheels = Runner(), FakeWheels(error=PolicyError("demo must not be installed"))
        with pytest.raises(PolicyError, match="must not be installed"):
            install(what, tmp_path / "venv", runner, packages, wheels, register=tmp_path / "register", dry_run=dry_run)
        assert wheels.asked == [what]
        assert (runner.streamed, packages.performed, packages.state, beside(tmp_path / "venv")) == ([], [], {}, set())


def test_wheels_are_asked_for_only_where_an_environment_is_made(tmp_path: Path, packages: FakePackageManager) -> None:
    wheels = FakeWheels()
    install(FIRST, tmp_path / "venv", Runner(), packages, wheels, register=tmp_path / "register")
    assert not install(FIRST, tmp_path / "venv", Runner(), packages, wheels, register=tmp_path / "register").changed
    assert wheels.asked == []


def test_X1_an_environment_that_does_not_verify_does_not_stay(do: Callable[..., InstallResult], tmp_path: Path) -> None:
    do(FIRST)
    with pytest.raises(CommandError, match=r"demo: found nothing, expected 1\.0"):
        # pip says that it is done, and has done nothing.
        do(lock((), (), (wheel("demo"),)))
    assert works(tmp_path / "venv")
