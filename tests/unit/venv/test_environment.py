"""The commands that make an environment (rules X1, X2), and what is in its folder before."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError, DistrofirstError, InputError, PolicyError
from resolver.io.process import ProcessRunner
from resolver.model import Command, Completed
from resolver.venv.environment import INSIDE, commands_for, failure_of, inspection, look_at, old_of, restore
from resolver.venv.record import FILE_NAME, Record, contract_of, dump
from tests.unit.venv.samples import SHA, lock, wheel

if TYPE_CHECKING:

    from resolver.model import Wheel

RECORD = Record(contract=contract_of(lock()))


def make_ours(venv: Path) -> None:
    venv.mkdir()
    (venv / FILE_NAME).write_text(dump(RECORD))


def planned(venv: Path, *wheels: Wheel) -> tuple[Command, ...]:
    """Give the commands that make an environment on a Debian host."""
    return commands_for(
        look_at(venv),
        RECORD,
        wheels,
        {wheel.project: Path("/wheels") / wheel.filename for wheel in wheels},
        interpreter="/usr/bin/python3",
        site_directories=("/usr/lib/python3/dist-packages",),
        register=Path("/var/lib/register"),
    )


def lines(commands: tuple[Command, ...]) -> list[str]:
    return [command.shell_line() for command in commands]


def test_X1_a_new_environment_is_made_in_four_steps(tmp_path: Path) -> None:
    venv = tmp_path / "v"
    commands = planned(venv, wheel("demo"))
    make, prepare, pip, finish = lines(commands)
    assert make == f"/usr/bin/python3 -I -m venv --without-pip {venv}"
    assert prepare == f"{venv}/bin/python -I {INSIDE} prepare /usr/lib/python3/dist-packages"
    assert pip.startswith(f"env PIP_CONFIG_FILE=/dev/null {venv}/bin/python -I -m pip --isolated install ")
    assert pip.endswith(f" 'demo @ file:///wheels/demo-1.0-py3-none-any.whl#sha256={SHA}'")
    assert finish == f"printf %s '{dump(RECORD)}' | {venv}/bin/python -I {INSIDE} finish /var/lib/register"


@pytest.mark.parametrize(
    "option", ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-index", "--ignore-installed", "--isolated"]
)
def test_X1_pip_is_given_no_choice(tmp_path: Path, option: str) -> None:
    commands = planned(tmp_path / "v", wheel("demo"))
    assert option in commands[2].argv


def test_X3_nothing_about_an_environment_needs_root(tmp_path: Path) -> None:
    commands = planned(tmp_path / "v", wheel("demo"))
    assert not any(command.privileged for command in commands)


def test_without_a_remainder_pip_is_not_run(tmp_path: Path) -> None:
    commands = planned(tmp_path / "v")
    assert not any("pip" in command.argv for command in commands)


def test_a_login_in_a_url_is_never_on_a_command_line(tmp_path: Path) -> None:
    secret = wheel("demo", url="https://me:secret@files.example:8443/demo-1.0-py3-none-any.whl#sha256=other")
    commands = planned(tmp_path / "v", secret)
    assert commands[2].argv[-1] == f"demo @ file:///wheels/demo-1.0-py3-none-any.whl#sha256={SHA}"
    assert not any("secret" in line for line in lines(commands))


def test_X4_the_former_environment_waits_beside_the_new_one(tmp_path: Path) -> None:
    venv = tmp_path / "v"
    make_ours(venv)
    first, *_, last = lines(planned(venv))
    assert first == f"mv --no-target-directory {venv} {old_of(venv)}"
    assert last == f"rm -rf -- {old_of(venv)}"


@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_a_folder_of_somebody_else_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    venv = tmp_path / "v"
    if kind == "folder":
        venv.mkdir()
        (venv / "thesis.tex").write_text("")
    elif kind == "file":
        venv.write_text("")
    else:
        venv.symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="not made by distrofirst") as caught:
        look_at(venv)
    assert caught.value.context == str(venv)
    assert "--venv" in str(caught.value.hint)


def test_an_empty_folder_is_free(tmp_path: Path) -> None:
    place = look_at(tmp_path)
    assert (place.occupied, place.record, place.leftovers) == (False, None, ())


def test_X4_what_a_killed_first_run_left_is_cleared_away(tmp_path: Path) -> None:
    venv = tmp_path / "v"
    venv.mkdir()
    (venv / "pyvenv.cfg").write_text("")
    place = look_at(venv, was_building=True)
    assert not place.occupied
    assert lines(place.leftovers) == [f"rm -rf -- {venv}"]


@pytest.mark.parametrize("unfinished", [True, False])
def test_X4_the_former_environment_comes_back_after_a_kill(tmp_path: Path, *, unfinished: bool) -> None:
    venv = tmp_path / "v"
    make_ours(old_of(venv))
    if unfinished:
        venv.mkdir()
        (venv / "pyvenv.cfg").write_text("")
    place = look_at(venv, was_building=True)
    assert (place.occupied, place.whole, place.record) == (True, False, RECORD)
    back = f"mv --no-target-directory {old_of(venv)} {venv}"
    assert lines(place.leftovers) == ([f"rm -rf -- {venv}", back] if unfinished else [back])


def test_X4_a_kill_after_the_last_check_leaves_only_the_old_one_to_clear_away(tmp_path: Path) -> None:
    venv = tmp_path / "v"
    make_ours(venv)
    make_ours(old_of(venv))
    place = look_at(venv)
    assert (place.whole, place.record) == (True, RECORD)
    assert lines(place.leftovers) == [f"rm -rf -- {old_of(venv)}"]


def test_a_folder_of_somebody_else_in_the_old_ones_place_stays_too(tmp_path: Path) -> None:
    old_of(tmp_path / "v").mkdir()
    with pytest.raises(InputError, match="not made by distrofirst"):
        look_at(tmp_path / "v")


def test_X4_an_environment_that_could_not_be_moved_is_not_removed(tmp_path: Path) -> None:
    make_ours(tmp_path / "v")
    assert restore(look_at(tmp_path / "v")) == ()


PIP = Command(argv=("/srv/v/bin/python", "-I", "-m", "pip", "install"), purpose="install the remainder")


@pytest.mark.parametrize(
    ("output", "kind", "words"),
    [
        (
            (
                "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated …\n"
                "    demo==1.0 from file:///wheels/demo-1.0-py3-none-any.whl#sha256=aa:\n"
                "        Expected sha256 aa\n             Got        bb\n"
            ),
            PolicyError,
            "changed after it was checked: demo==1.0 from file:///wheels/demo-1.0-py3-none-any.whl",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            CommandError,
            "the disk is full",
        ),
        (
            "ERROR: demo-1.0-cp27-none-any.whl is not a supported wheel on this platform.\n",
            CommandError,
            "cannot install the remainder .*not a supported wheel",
        ),
        ("", CommandError, "it said nothing"),
    ],
)
def test_each_failure_of_pip_has_its_own_message_and_code(
    output: str, kind: type[DistrofirstError], words: str
) -> None:
    error = failure_of(PIP, Completed(returncode=1, stdout="", stderr=output))
    assert type(error) is kind
    assert error.hint
    with pytest.raises(kind, match=words):
        raise error


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can take somebody else's rights")
def test_root_runs_nobodys_interpreter_with_nobodys_rights() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder / "v"], check=True)
        python = folder / "v/bin/python"
        assert inspection(str(python)).argv[0] == str(python), "root's own"
        python.unlink()
        python.write_text('#!/bin/sh\nid -u >&2\nexec /usr/bin/python3 "$@"\n')
        python.chmod(0o755)
        nobody = pwd.getpwnam("nobody")
        os.chown(python, nobody.pw_uid, nobody.pw_gid)
        done = ProcessRunner().run(inspection(str(python)))
    assert (done.returncode, done.stderr) == (0, f"{nobody.pw_uid}\n")
    assert "site_packages" in done.stdout
