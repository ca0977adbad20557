"""An installation taken back (rule X4): real folders, a system made of a table."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, InputError
from resolver.io.process import ProcessRunner
from resolver.model import Command, Completed, PackageChange
from resolver.model.acting import HostState
from resolver.venv import journal
from resolver.venv import record as records
from resolver.venv.environment import old_of
from resolver.venv.inside import copy_of, entry_of
from resolver.venv.record import Record, contract_of
from resolver.venv.register import Register
from resolver.venv.undo import may_go, undo
from tests.fakes import FakePackageRemover
from tests.unit.venv.samples import lock, os_package

if TYPE_CHECKING:
    from resolver.model.acting import UndoResult

SYSTEM = {"base": (), "lib": (), "flask": ("jinja2", "base"), "jinja2": ("lib",)}
"""``base`` was there before; the others came with the environment."""
CAME = ("flask", "jinja2", "lib")


def make(venv: Path, *uses: str, added: tuple[str, ...] = ()) -> Path:
    """Make what passes for an environment, noted in the register beside it."""
    venv.mkdir()
    contract = contract_of(lock((), tuple(os_package(name, "1.0-1") for name in uses)))
    records.write(venv, Record(contract=contract, added=added))
    register = venv.parent / "register"
    register.mkdir(exist_ok=True)
    entry_of(register, venv).write_bytes(os.fsencode(venv))
    return venv


def keep(venv: Path) -> None:
    """Have the register keep a copy of the record, as it does of each that an installation makes."""
    shutil.copy(venv / records.FILE_NAME, copy_of(venv.parent / "register", venv))


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return make(tmp_path / "venv", "base", "flask", "jinja2", added=CAME)


@pytest.fixture
def system() -> FakePackageRemover:
    return FakePackageRemover(SYSTEM)


def do(venv: Path, system: FakePackageRemover, *, dry_run: bool = False) -> UndoResult:
    return undo(venv, ProcessRunner(), system, Register(own=venv.parent / "register"), dry_run=dry_run)


def test_X4_what_came_goes_and_nothing_else(venv: Path, system: FakePackageRemover) -> None:
    planned = do(venv, system, dry_run=True)
    assert venv.exists()
    assert do(venv, system) == planned
    assert planned.removed == CAME
    assert planned.untouched == 1
    assert planned.changes[0] == PackageChange(name="flask", before="1.0-1", after=None)
    assert planned.before.environment is not None
    assert planned.before.os_packages == tuple((name, "1.0-1") for name in CAME)
    assert planned.after == HostState()
    assert [command.shell_line() for command in planned.commands] == [
        "remove-os-packages flask jinja2 lib",
        f"rm -rf -- {venv}",
    ]
    assert set(system.needs) == {"base"}
    assert {path.name for path in venv.parent.iterdir()} == {"register"}
    assert list((venv.parent / "register").iterdir()) == []


def test_X4_nothing_to_undo(tmp_path: Path, system: FakePackageRemover) -> None:
    assert not do(tmp_path / "no" / "venv", system).changed
    assert list(tmp_path.iterdir()) == []


def test_X4_what_came_with_an_environment_that_was_removed_by_hand_goes(
    venv: Path, system: FakePackageRemover
) -> None:
    keep(venv)
    shutil.rmtree(venv)
    planned = do(venv, system, dry_run=True)
    assert do(venv, system) == planned
    assert (planned.removed, planned.untouched, planned.before.environment) == (CAME, 1, None)
    assert [command.argv[0] for command in planned.commands] == ["remove-os-packages"]
    assert set(system.needs) == {"base"}
    assert list((venv.parent / "register").iterdir()) == []
    assert not do(venv, system).changed


def test_X4_what_is_passed_on_is_known_when_the_heir_is_removed_by_hand(
    venv: Path, system: FakePackageRemover
) -> None:
    other = make(venv.parent / "other", "jinja2")
    keep(other)
    do(venv, system)
    shutil.rmtree(other)
    assert do(other, system).removed == ("jinja2",)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_damaged_copy_of_a_record_says_nothing(venv: Path, system: FakePackageRemover, content: bytes) -> None:
    copy_of(venv.parent / "register", venv).write_bytes(content)
    shutil.rmtree(venv)
    assert not do(venv, system).changed


def test_somebody_elses_folder_stays(tmp_path: Path, system: FakePackageRemover) -> None:
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/thesis.tex").write_text("")
    with pytest.raises(InputError, match="not made by distrofirst"):
        do(tmp_path / "venv", system)
    assert (tmp_path / "venv/thesis.tex").exists()


def test_X4_what_somebody_needs_stays_and_is_named(venv: Path, system: FakePackageRemover) -> None:
    system.needs |= {"theirs": ("jinja2",)}
    result = do(venv, system)
    assert result.removed == ("flask",)
    assert result.staying == (("jinja2", "theirs needs it"), ("lib", "theirs needs it"))
    assert result.after == HostState(os_packages=(("jinja2", "1.0-1"), ("lib", "1.0-1")))
    assert set(system.needs) == {"base", "jinja2", "lib", "theirs"}


def test_X4_what_an_administrator_holds_stays_and_so_does_what_it_needs(
    venv: Path, system: FakePackageRemover
) -> None:
    system.held = {"jinja2"}
    result = do(venv, system)
    assert result.removed == ("flask",)
    assert result.staying == (("jinja2", "an administrator's hold"), ("lib", "an administrator's hold"))


def test_X4_what_another_environment_needs_stays_and_becomes_its_own(venv: Path, system: FakePackageRemover) -> None:
    other = make(venv.parent / "other", "jinja2")
    result = do(venv, system)
    assert result.staying == (("jinja2", f"{other} needs it"), ("lib", "jinja2 needs it"))
    record = records.read(other)
    assert record is not None
    assert record.added == ("jinja2",)
    assert do(other, system).removed == ("jinja2",)


def test_T2_homes_that_nobody_could_look_into_are_named_where_something_goes(
    venv: Path, system: FakePackageRemover
) -> None:
    homes = (Path("/home/b"), Path("/home/c"))
    register = Register(own=venv.parent / "register", unseen=homes)
    assert undo(venv, ProcessRunner(), system, register, dry_run=True).unseen == homes
    system.needs |= {"theirs": CAME}
    assert undo(venv, ProcessRunner(), system, register).unseen == ()


def test_X4_an_environment_that_is_gone_needs_nothing(venv: Path, system: FakePackageRemover) -> None:
    other = make(venv.parent / "other", "jinja2")
    (other / records.FILE_NAME).unlink()
    assert do(venv, system).removed == CAME


def test_X4_one_that_is_being_made_anew_needs_what_it_did(venv: Path, system: FakePackageRemover) -> None:
    other = make(venv.parent / "other", "jinja2")
    other.rename(old_of(other))
    assert "jinja2" not in do(venv, system, dry_run=True).removed


def test_I6_what_an_environment_needs_that_cannot_be_read_is_not_known(
    venv: Path, system: FakePackageRemover
) -> None:
    other = make(venv.parent / "other", "jinja2")
    (other / records.FILE_NAME).write_text("{")
    with pytest.raises(InputError, match="another environment may need what would be removed"):
        do(venv, system)
    assert system.needs == SYSTEM


@pytest.mark.parametrize("content", [b"", b"\xff", b"relative", b"/not/this\0", b"/srv/other"])
def test_a_damaged_register_says_nothing(venv: Path, system: FakePackageRemover, content: bytes) -> None:
    (venv.parent / "register/ffff").write_bytes(content)
    assert do(venv, system).removed == CAME


def test_X3_a_dry_run_shows_what_finishes_a_killed_run_too(tmp_path: Path) -> None:
    class Interrupted(FakePackageRemover):
        def interrupted(self) -> tuple[Command, ...]:
            return (Command(argv=("true", "finish")),)

    system = Interrupted(SYSTEM)
    with journal.held(tmp_path / "venv", "install") as held:
        held.write(journal.Note(added=("flask",)))
    planned = do(tmp_path / "venv", system, dry_run=True)
    assert [command.shell_line() for command in planned.commands] == ["true finish", "remove-os-packages flask"]
    assert do(tmp_path / "venv", system) == planned


def test_a_pipe_among_the_entries_is_waited_for_by_nobody(venv: Path, system: FakePackageRemover) -> None:
    os.mkfifo(venv.parent / "register/ffff")
    assert do(venv, system).removed == CAME


def test_X4_what_a_failed_installation_added_goes(tmp_path: Path, system: FakePackageRemover) -> None:
    """It left no environment, and a note of what it had added."""
    with journal.held(tmp_path / "venv", "install") as held:
        held.write(journal.Note(added=("flask", "never-came")))
    assert do(tmp_path / "venv", system).removed == ("flask",)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["before", "packages", "record", "half", "all", "register"])
def test_X4_killed_at_any_step_a_second_undo_ends_the_same(
    venv: Path, system: FakePackageRemover, step: str
) -> None:
    (venv / "lib").mkdir()
    if step != "before":
        system.remove(system.removal(CAME))
    if step in {"record", "half", "all", "register"}:
        with journal.held(venv, "install") as held:
            held.write(journal.Note(building=True))
    if step in {"record", "all", "register"}:
        (venv / records.FILE_NAME).unlink()
    if step in {"half", "all", "register"}:
        (venv / "lib").rmdir()
    if step in {"all", "register"}:
        venv.rmdir()
    if step == "register":
        entry_of(venv.parent / "register", venv).unlink()
    do(venv, system)
    assert set(system.needs) == {"base"}
    assert {path.name for path in venv.parent.iterdir()} == {"register"}
    assert list((venv.parent / "register").iterdir()) == []


def test_X4_a_removal_that_is_refused_changes_nothing(venv: Path) -> None:
    class Refusing(FakePackageRemover):
        def remove(self, command: Command) -> None:
            raise CommandError(f"sudo refuses to run {command.argv[0]}")

    system = Refusing(SYSTEM)
    with pytest.raises(CommandError, match="sudo refuses"):
        do(venv, system)
    assert {path.name for path in venv.parent.iterdir()} == {"venv", "register"}


def test_X4_an_environment_that_cannot_be_removed_is_told_and_the_next_undo_goes_on(
    venv: Path, system: FakePackageRemover
) -> None:
    class Stuck(ProcessRunner):
        def stream(self, command: Command) -> Completed:
            assert command.argv[0] == "rm"
            (venv / records.FILE_NAME).unlink()
            return Completed(returncode=1, stdout="", stderr="rm: stuck\n")

    with pytest.raises(CommandError, match="cannot remove the environment.*stuck"):
        undo(venv, Stuck(), system, Register(own=venv.parent / "register"))
    assert do(venv, system).commands[0].argv[0] == "rm"
    assert not venv.exists()


def test_what_may_go_is_found_in_few_simulations() -> None:
    needs: dict[str, tuple[str, ...]] = {f"p{number:03}": () for number in range(100)}
    system = FakePackageRemover({**needs, "theirs": ("p042",), "either": ("p007", "p063")})
    going, needed = may_go(needs.keys(), system.would_go)
    assert needed == {"p007": ("either",), "p042": ("theirs",), "p063": ("either",)}
    assert len(going) == 97
    assert system.simulated < 40
    assert may_go((), system.would_go) == ((), {})
