"""What rpm says of installed OS packages, and the program that lets it compare EVRs."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from resolver.errors import CommandError, UnavailableError
from resolver.hosts import rpm_database
from resolver.hosts.rpm_database import installed_builds, rank_evrs
from resolver.model import Completed
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

DAMAGED = """\
error: sqlite failure: CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT \
NULL): file is not a database
error: cannot open Packages index using sqlite - No such file or directory (2)
error: cannot open Packages database in /var/lib/rpm
"""
NO_RIGHTS = """\
error: Unable to open sqlite database /var/lib/rpm/rpmdb.sqlite: unable to open database file
error: cannot open Packages index using sqlite - Operation not permitted (1)
error: cannot open Packages database in /var/lib/rpm
"""


def rpm(stdout: str, stderr: str = "", returncode: int = 0) -> FakeRunner:
    return FakeRunner({("rpm",): Completed(returncode=returncode, stdout=stdout, stderr=stderr)})


def test_what_is_not_installed_is_left_out_whatever_rpm_answers() -> None:
    output = (
        "python3-bb\tnoarch\t0:1.0-1\n"
        "package nosuch is not installed\n"
        "python3-epoch\tx86_64\t1:1.0-1\n"
        "kernel\tx86_64\t0:6.1-1\nkernel\tx86_64\t0:6.2-1\n"
    )
    runner = rpm(output, returncode=1)
    found = installed_builds(runner, ["python3-epoch", "python3-bb", "nosuch", "kernel"], "x86_64")
    assert found == {"python3-bb": "1.0-1", "python3-epoch": "1:1.0-1", "kernel": "6.2-1"}
    assert runner.commands[0].argv[-4:] == ("kernel", "nosuch", "python3-bb", "python3-epoch")


def test_a_package_of_another_architecture_is_found_under_its_whole_name() -> None:
    runner = rpm("libdemo\tx86_64\t0:1.0-1\nlibdemo\ti686\t0:0.9-1\n")
    assert installed_builds(runner, ["libdemo:i686"], "x86_64") == {"libdemo:i686": "0.9-1"}
    assert runner.commands[0].argv[-1] == "libdemo"


def test_nothing_is_asked_about_no_packages() -> None:
    assert installed_builds(FakeRunner({}), [], "x86_64") == {}


@pytest.mark.parametrize("stderr", [DAMAGED, NO_RIGHTS])
def test_I6_a_database_that_cannot_be_read_is_an_error_and_not_an_empty_system(stderr: str) -> None:
    runner = rpm("package python3-bb is not installed\n", stderr, returncode=1)
    with pytest.raises(CommandError, match="cannot open Packages database in /var/lib/rpm") as caught:
        installed_builds(runner, ["python3-bb"], "x86_64")
    assert caught.value.hint


def test_a_killed_rpm_is_an_error() -> None:
    with pytest.raises(CommandError, match="it was killed"):
        installed_builds(rpm("", returncode=-9), ["python3-bb"], "x86_64")


def test_a_locked_database_has_its_own_error() -> None:
    with pytest.raises(CommandError, match="locked by another process"):
        installed_builds(rpm("", "error: sqlite failure: database is locked\n", 1), ["python3-bb"], "x86_64")


def python(stdout: str, stderr: str = "", returncode: int = 0) -> FakeRunner:
    return FakeRunner({(rpm_database.SYSTEM_PYTHON,): Completed(returncode=returncode, stdout=stdout, stderr=stderr)})


def test_V3_rpm_ranks_all_groups_in_one_process() -> None:
    runner = python('{"ranks": [[1, 0], []]}')
    assert rank_evrs(runner, [["1:0.5-1", "1.0-1"], []]) == [[1, 0], []]
    (command,) = runner.commands
    assert command.argv[1] == "-I"
    assert json.loads(command.stdin or "") == {"groups": [["1:0.5-1", "1.0-1"], []]}
    assert rank_evrs(FakeRunner({}), []) == []


def test_without_rpms_bindings_the_next_step_names_the_os_package() -> None:
    runner = python("", "ModuleNotFoundError: No module named 'rpm'\n", 1)
    with pytest.raises(UnavailableError) as caught:
        rank_evrs(runner, [["1-1"]])
    assert "python3-rpm" in str(caught.value.hint)
    with pytest.raises(UnavailableError, match="it said nothing"):
        rank_evrs(python("", returncode=-11), [["1-1"]])


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the program beside a stand-in for rpm's bindings, which compares numbers."""
    bindings: Any = ModuleType("rpm")

    def compare(one: tuple[str, str, str], other: tuple[str, str, str]) -> int:
        numbers = [[float(part or 0) for part in evr] for evr in (one, other)]
        return (numbers[0] > numbers[1]) - (numbers[0] < numbers[1])

    bindings.labelCompare = compare
    monkeypatch.setitem(sys.modules, "rpm", bindings)
    path: Path = rpm_database._COMPARE
    spec = importlib.util.spec_from_file_location("rpm_compare_under_test", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("evr", "parts"),
    [
        ("1:2.0-3", ("1", "2.0", "3")),
        ("2.0-3.fc43", ("0", "2.0", "3.fc43")),
        ("2.0", ("0", "2.0", "")),
        ("0:2.0-1", ("0", "2.0", "1")),
    ],
)
def test_an_evr_is_split_as_rpm_wants_it(program: ModuleType, evr: str, parts: tuple[str, str, str]) -> None:
    assert program.parts(evr) == parts


def test_the_program_answers_a_request(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    request = {"groups": [["2-1", "1:1-1", "1-2", "1-1", "1-2"], ["1-5", "1"], []]}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(request)))
    program.main()
    assert json.loads(capsys.readouterr().out) == {"ranks": [[2, 3, 1, 0, 1], [0, 0], []]}


def test_R4_an_installed_projects_metadata_needs_no_download(tmp_path: Path) -> None:
    site = tmp_path / "usr/lib/python3.13/site-packages"
    (site / "zope.interface-8.1.dist-info").mkdir(parents=True)
    (site / "zope.interface-8.1.dist-info" / "METADATA").write_text("Name: zope.interface\n")
    (site / "zope-9.dist-info").mkdir()
    read = rpm_database.installed_metadata
    assert read("3.13", "zope-interface", root=tmp_path) == {"METADATA": "Name: zope.interface\n"}
    assert read("3.13", "zope-event", root=tmp_path) == {}
    assert read("3.11", "zope-interface", root=tmp_path) == {}
