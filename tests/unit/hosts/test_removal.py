"""Taking OS packages away again (rules X3, X4): what each tool's simulation says, and the command that follows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError
from resolver.hosts import rpm_leftovers
from resolver.hosts.apt_removal import AptRemover
from resolver.model import Completed
from resolver.model.acting import HOLD
from tests.fakes import FakeRunner
from tests.unit.hosts.test_rpm_managers import Machine, manager_of

if TYPE_CHECKING:
    from resolver.hosts.rpm_manager import RpmManager
    from resolver.ports import PackageRemover

APT = """\
The following packages were automatically installed and are no longer required:
  libjs-jquery python3-click
Use 'apt autoremove' to remove them.
The following packages will be REMOVED:
  python3-flask* python3-jinja2* libodd:i386*
Purg python3-flask [2.2.2-3]
Purg python3-jinja2 [3.1.2-1+deb12u3]
Remv libodd:i386 [1.0-1]
"""
DNF5 = """\
Package         Arch   Version        Repository      Size
Removing:
 python3-jinja2 noarch 0:3.1.6-2.fc43 fedora     483.0 KiB
Removing dependent packages:
 python3-flask  noarch 0:3.1.2-2.fc43 fedora     334.4 KiB

Transaction Summary:
 Removing:           2 packages

After this operation, 817 KiB will be freed (install 0 B, remove 817 KiB).
"""
ZYPPER = """\
<?xml version='1.0'?>
<stream>
<install-summary download-size="0" space-usage-diff="-837005" packages-to-change="2">
<to-remove>
<solvable type="package" name="python3-flask" edition="3.1.2-1.2" arch="noarch" repository="@System"/>
<solvable type="package" name="python3-jinja2" edition="3.1.6-1.2" arch="noarch" repository="@System"/>
</to-remove>
</install-summary>
</stream>
"""
STEPS = [["remove", name, "3.1-1", "noarch", "@System"] for name in ("python3-flask", "python3-jinja2")]
SOLVED = {
    "dnf5": Completed(returncode=1, stdout=DNF5, stderr="Operation aborted by the user.\n"),
    "dnf": Completed(returncode=0, stdout=json.dumps({"skipped": {}, "steps": STEPS}), stderr=""),
    "zypper": Completed(returncode=0, stdout=ZYPPER, stderr=""),
}


def apt(simulated: Completed) -> tuple[AptRemover, FakeRunner]:
    runner = FakeRunner({("apt-get", "purge"): simulated})
    return AptRemover(runner, "amd64"), runner


def test_X4_apt_simulates_without_rights_and_tells_all_that_would_go() -> None:
    remover, runner = apt(Completed(returncode=0, stdout=APT, stderr=""))
    checked: PackageRemover = remover
    assert checked.would_go(["python3-jinja2"]) == {"python3-flask", "python3-jinja2", "libodd:i386"}
    (command,) = runner.commands
    assert not command.privileged
    assert {"--simulate", "--no-auto-remove"} < set(command.argv)


def test_X4_what_an_administrator_holds_is_told_and_the_real_run_would_refuse_it() -> None:
    held = "The following held packages will be changed:\n  python3-flask\n0 upgraded, 2 to remove.\n"
    remover, runner = apt(Completed(returncode=0, stdout=APT.replace("Purg", f"{held}Purg", 1), stderr=""))
    assert HOLD in remover.would_go(["python3-jinja2"])
    (command,) = runner.commands
    said = [word for word in command.argv if "allow-change-held-packages" in word]
    assert said[-1].endswith("=true")
    assert [word for word in remover.removal(["x"]).argv if "held" in word] == [said[0].replace("true", "false")]


def test_X3_apt_removes_with_one_command() -> None:
    remover, runner = apt(Completed(returncode=100, stdout="", stderr="E: are you root?\n"))
    command = remover.removal(["b", "a"])
    assert command.privileged
    assert command.argv[:2] == ("apt-get", "purge")
    assert command.argv[-2:] == ("a", "b")
    with pytest.raises(CommandError, match="by root only"):
        remover.remove(command)
    assert runner.commands == [command]
    with pytest.raises(CommandError):
        remover.would_go(["a"])


def test_X4_what_dpkg_was_at_when_it_was_killed_is_finished(tmp_path: Path) -> None:
    remover = AptRemover(FakeRunner({}), "amd64", updates=tmp_path)
    (tmp_path / "tmp.i").write_text("")
    assert remover.interrupted() == ()
    (tmp_path / "0001").write_text("")
    (command,) = remover.interrupted()
    assert command.privileged
    assert command.argv[0] == "dpkg"
    assert {"--configure", "--pending", "--force-confold"} < set(command.argv)
    assert AptRemover(FakeRunner({}), "amd64", updates=tmp_path / "gone").interrupted() == ()


def test_X4_what_rpm_left_half_written_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    half, owned = f"{tmp_path}/a/mod.py;6b0578a2", f"{tmp_path}/a/own;6b0578a2"
    (tmp_path / "a").mkdir()
    for path in (half, owned, f"{tmp_path}/a/mod.py", f"{tmp_path}/a/x;6b0578", f"{tmp_path}/a/;6b0578a2"):
        Path(path).write_text("")
    answers: dict[tuple[str, ...], Completed] = {("rpm",): Completed(returncode=1, stdout="", stderr="")}
    answers |= {("rpm", "--query", "--file", owned): Completed(returncode=0, stdout="own\n", stderr="")}
    (command,) = rpm_leftovers.clearing(FakeRunner(answers), [str(tmp_path)])
    assert command.privileged
    assert command.argv == ("rm", "-f", "--", half)
    assert rpm_leftovers.clearing(FakeRunner(answers), [str(tmp_path / "gone")]) == ()


@pytest.mark.parametrize("tool", SOLVED)
def test_X4_the_rpm_tools_tell_all_that_would_go(tool: str) -> None:
    machine = Machine([SOLVED[tool]])
    manager: RpmManager = manager_of(tool, machine)
    checked: PackageRemover = manager
    assert checked.would_go(["python3-jinja2"]) == {"python3-flask", "python3-jinja2"}
    assert machine.acting == []


@pytest.mark.parametrize("tool", SOLVED)
def test_X4_rpm_confirms_that_they_are_gone(tool: str) -> None:
    machine = Machine([SOLVED[tool]], installed={"python3-aa": "1.0-1"})
    manager = manager_of(tool, machine)
    command = manager.removal(["python3-aa"])
    assert command.privileged
    assert command.argv[-1] == "python3-aa"
    assert {"--no-clean-deps", "--setopt=clean_requirements_on_remove=False"} & set(command.argv)
    with pytest.raises(CommandError, match="rpm still has python3-aa"):
        manager.remove(command)
    machine.installed.clear()
    manager.remove(command)


@pytest.mark.parametrize(
    ("tool", "simulated"),
    [
        ("dnf5", Completed(returncode=0, stdout="Nothing to do.\n", stderr="")),
        ("dnf", Completed(returncode=0, stdout='{"skipped": {}, "failure": "solver", "message": "no"}', stderr="")),
        ("zypper", Completed(returncode=4, stdout="<stream><message>Problem: 1: x</message></stream>", stderr="")),
    ],
)
def test_X4_a_removal_that_cannot_be_solved_is_an_error(tool: str, simulated: Completed) -> None:
    with pytest.raises(CommandError):
        manager_of(tool, Machine([simulated])).would_go(["python3-aa"])
