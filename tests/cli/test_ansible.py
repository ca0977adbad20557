"""The modules of the Ansible collection (``vagrant/ansible``) on this machine: what the command says comes through.

They are run as Ansible runs them on a host: their arguments as JSON, one JSON object back.
``tests/system/test_ansible.py`` has them under Ansible itself, on several hosts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commandline import CHECKOUT, PYTHON, process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.loopback import Loopback

    Module = Callable[..., dict[str, Any]]

COLLECTION = CHECKOUT / "vagrant/ansible"
LAUNCHER = Path("/usr/local/bin/distrofirst")
"""Where the role would have put it."""


@pytest.fixture
def module(folder: Path, tmp_path: Path, index: Loopback, debian: str) -> Iterator[Module]:
    """Give what runs a module with a launcher of this checkout, and gives what it says."""
    assert index.port
    assert debian
    launcher = tmp_path / "bin/distrofirst"
    launcher.parent.mkdir()
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {PYTHON} -m resolver "$@"\n')
    launcher.chmod(0o755)
    there = tmp_path / "ansible_collections/distrofirst/fleet"
    there.parent.mkdir(parents=True)
    there.symlink_to(COLLECTION)

    def run(name: str, *, check: bool = False, path: str | None = None, **options: object) -> dict[str, Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_remote_tmp": str(tmp_path)}
        asked = tmp_path / "arguments.json"
        asked.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
        # A terminal or a connection that stays open: whoever reads it waits for ever.
        stdin, open_end = os.pipe()
        stack.callback(os.close, stdin)
        stack.callback(os.close, open_end)
        done = subprocess.run(
            [sys.executable, "-m", f"ansible_collections.distrofirst.fleet.plugins.modules.{name}", asked],
            stdin=stdin,
            timeout=60,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PATH": path or f"{launcher.parent}:/usr/bin:/bin"},
        )
        assert done.stderr == ""
        answer: dict[str, Any] = json.loads(done.stdout)
        # What it was asked.
        answer.pop("invocation", None)
        return answer

    with contextlib.ExitStack() as stack:
        yield run


def test_the_command_is_run_and_its_document_given(module: Module, folder: Path) -> None:
    (folder / "requirements.txt").write_text("packaging\nzz-beta\n")
    asked = {"venv": str(folder / "venv"), "requirements": str(folder / "requirements.txt")}
    planned = module("distrofirst", check=True, **asked)
    assert not (folder / "venv").exists()
    done = module("distrofirst", **asked)
    assert done == planned
    assert (done["changed"], done["summary"]["coverage"]) == (True, 0.5)
    assert [one["outcome"] for one in done["projects"]] == ["distro", "pypi"]
    environment, *_, beta = done["diff"]["after"].splitlines()
    assert environment.startswith("environment for debian:")
    assert beta.startswith("from PyPI zz-beta 1.5 sha256:")

    (folder / "venv/bin/python").unlink()
    mended = module("distrofirst", check=True, **asked)
    assert mended["changed"]
    assert "drift of " in mended["diff"]["before"]
    assert mended["drift"]

    gone = module("distrofirst", venv=asked["venv"], state="absent")
    told = (
        (COLLECTION / "plugins/modules/distrofirst.py")
        .read_text()
        .partition("\nRETURN = ")[2]
        .partition("\nimport ")[0]
    )
    keys = re.findall(r"^(\w+):", told, re.MULTILINE)
    documented = set(keys)
    assert len(keys) == len(documented), "each is told once"
    assert done.keys() | gone.keys() == (documented - {"rc", "hint", "stderr", "left"}) | {"changed", "diff"}
    assert (gone["changed"], gone["diff"]["after"]) == (True, "")
    assert not (folder / "venv").exists()
    assert not module("distrofirst", venv=asked["venv"], state="absent")["changed"]


def test_a_failure_is_the_commands_own(module: Module, folder: Path) -> None:
    venv = str(folder / "venv")
    refused = module("distrofirst", venv=venv, requirements_content="zz-beta\nzz-source\n")
    assert (refused["failed"], refused["rc"]) == (True, 1)
    assert "zz-source (asked for by requirements_content:2): " in refused["msg"]
    assert refused["msg"].endswith(f"\nhint: {refused['hint']}")
    under = module("distrofirst", venv=venv, requirements_content="zz-beta\n", fail_under=1)
    assert under["msg"].startswith("--fail-under 1: the distribution serves 0 of 1 projects")
    empty = module("distrofirst", venv=venv, lock_content="")
    assert (empty["rc"], empty["msg"].startswith("lock_content: lock-version: ")) == (2, True)
    assert "mutually exclusive" in module("distrofirst", venv=venv, lock_content="", requirements="/r.txt")["msg"]
    assert "any of the following are missing: requirements" in module("distrofirst", venv=venv)["msg"]
    assert not (folder / "venv").exists()


def test_X3_user_only_tells_what_an_administrator_has_to_run(module: Module, folder: Path) -> None:
    lock = process("lock", "-", "-o", "-", stdin=b"packaging\n").out
    head, name, rest = lock.partition('name = "python3-packaging"\nversion = "')
    told = module(
        "distrofirst", venv=str(folder / "venv"), lock_content=f"{head}{name}99:{rest}", user_only=True, check=True
    )
    assert (told["failed"], told["rc"], told["hint"]) == (
        True,
        1,
        "let an administrator run left, then repeat the command",
    )
    assert [one["name"] for one in told["left"]["os_packages"]] == ["python3-packaging"]
    (command,) = told["left"]["commands"]
    assert "python3-packaging=99:" in command


def test_a_mirror_is_for_locks(module: Module, folder: Path) -> None:
    told = module("distrofirst", venv=str(folder / "venv"), requirements_content="", mirror=str(folder))
    assert told["msg"].startswith("--mirror: a mirror has what a lock names, and none is given")


@pytest.mark.parametrize(("option", "value"), [("venv", "venv"), ("requirements", ""), ("mirror", "mirror")])
def test_a_path_that_is_not_absolute_is_refused(module: Module, folder: Path, option: str, value: str) -> None:
    """It would be one of the root folder's; an empty one, which an unset variable gives, asked for nothing at all."""
    asked = {"venv": str(folder / "venv"), "requirements": "/r.txt", option: value}
    told = module("distrofirst", **asked)
    assert (told["failed"], told["msg"].partition("\n")[0]) == (
        True,
        f"{option}: expected an absolute path, found '{value}'",
    )


def test_a_host_without_the_command_is_told_what_puts_it_there(module: Module, folder: Path) -> None:
    if LAUNCHER.exists():
        pytest.skip(f"this machine has {LAUNCHER}")
    told = module("distrofirst", venv=str(folder / "venv"), requirements_content="", path="/usr/bin:/bin")
    assert "apply the role distrofirst.fleet.distrofirst first" in told["msg"]


def test_a_report_is_given_as_it_is(module: Module, folder: Path) -> None:
    (folder / "requirements.txt").write_text("zz-beta\nzz-source\n")
    told = module("coverage_info", requirements=str(folder / "requirements.txt"))
    assert (told["changed"], told["rc"]) == (False, 1)
    (target,) = told["report"]["targets"]
    assert [one["outcome"] for one in target["projects"]] == ["pypi", "unmet"]
    unknown = module("coverage_info", requirements_content="zz-beta\n", targets=["debian:99"], direct=True)
    assert (unknown["failed"], unknown["rc"]) == (True, 2)
    assert "debian 99 is no release that distrofirst knows" in unknown["msg"]


def test_what_the_role_packs_is_all_that_runs_and_readable_for_all(tmp_path: Path) -> None:
    packer = COLLECTION / "roles/distrofirst/files/pack.py"
    names = [
        subprocess.run(
            [sys.executable, "-I", packer, CHECKOUT, tmp_path / copy], capture_output=True, text=True, check=True
        ).stdout
        for copy in ("one.tar", "two.tar")
    ]
    assert names[0] == names[1]
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as opened:
        members = opened.getmembers()
    subprocess.run(["tar", "-xf", tmp_path / "one.tar", "-C", tmp_path], check=True)
    assert members[-1].name == f"{names[0]}/pyproject.toml", "where it is, all is"
    assert {(one.isdir(), oct(one.mode)) for one in members} == {(True, "0o755"), (False, "0o644")}
    ran = process("--version", env={"PYTHONPATH": str(tmp_path / names[0])}, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert not (tmp_path / names[0] / "tests").exists()


def test_the_documentation_renders_and_has_the_options_that_there_are(module: Module, tmp_path: Path) -> None:
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    for kind, names in (("module", ("distrofirst", "coverage_info")), ("role", ("distrofirst", "coverage"))):
        command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "-t", kind]
        command += [f"distrofirst.fleet.{name}" for name in names]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found.keys() == set(command[4:])
        for name in names if kind == "module" else ():
            told = module(name, nonsense=True, venv="/v", requirements="/r")["msg"].partition(
                "Supported parameters include: "
            )[2]
            assert set(told.rstrip(".").split(", ")) == found[f"distrofirst.fleet.{name}"]["doc"]["options"].keys()
