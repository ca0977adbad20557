"""What apt would install, out of apt's own objects (rules R2, T1); the objects here are tables with their shape."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from types import SimpleNamespace as Table
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("apt_pkg", reason="python-apt is there for the distribution's own interpreter only")

from resolver.hosts import apt_dump
from resolver.hosts.apt_root import SYSTEM_PYTHON

if TYPE_CHECKING:
    from collections.abc import Sequence

URI = "http://mirror.example/debian"
NOW = Table(index_type="Debian dpkg status file")
ARCHIVE = Table(index_type="Debian Package Index")


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        (f"{URI} trixie/main amd64 Packages (x)", True),
        (f"{URI}/ trixie/main amd64 Packages (x)", True),
        (f"{URI} trixie-updates/main amd64 Packages (x)", False),
        (f"{URI}-security trixie/main amd64 Packages (x)", False),
        ("http://mirror.example trixie/main amd64 Packages (x)", False),
        ("file:/srv/repo ./ Packages (x)", True),
        ("file:/srv/repo2 ./ Packages (x)", False),
    ],
)
def test_T1_an_index_of_an_insecure_source_is_known_by_its_place(description: str, *, expected: bool) -> None:
    insecure = [[URI, "trixie"], ["file:/srv/repo", "./"]]
    assert apt_dump.is_from(description, insecure) is expected
    assert not apt_dump.is_from(description, [])


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"origin": "Debian", "codename": "trixie", "component": "main"}, "Debian trixie/main"),
        ({"label": "Local", "archive": "stable", "component": "main"}, "Local stable/main"),
        ({"site": "repo.example", "archive": "now", "component": ""}, "repo.example now/"),
        ({"codename": "x", "component": "y"}, "local files x/y"),
    ],
)
def test_a_repository_is_named_after_who_stands_behind_it(facts: dict[str, str], expected: str) -> None:
    file = Table(**{"origin": "", "label": "", "site": "", "codename": "", "archive": "", "component": "", **facts})
    assert apt_dump.repository(file) == expected


def test_T1_what_a_foreign_key_signs_is_not_debian_whatever_it_calls_itself() -> None:
    file = Table(origin="Debian", label="Debian", site="repo.example", codename="trixie", archive="", component="main")
    assert apt_dump.repository(file, is_foreign=True) == "repo.example trixie/main"
    local = Table(origin="debian", label="", site="", codename="trixie", archive="", component="main")
    assert apt_dump.repository(local, is_foreign=True) == "local files trixie/main"
    other = Table(origin="Vendor", label="", site="repo.example", codename="trixie", archive="", component="main")
    assert apt_dump.repository(other, is_foreign=True) == "Vendor trixie/main"


def version(name: str, *files: Table) -> Table:
    return Table(ver_str=name, file_list=[(file, None) for file in files])


def candidate(preferred: Table | None, *others: Table) -> Any:  # noqa: ANN401 - apt's objects have no types
    package = Table(version_list=[*([preferred] if preferred else []), *others])
    return apt_dump.usable_candidate(package, Table(get_candidate_ver=lambda _: preferred))


def test_T1_what_only_dpkg_has_nobody_signed() -> None:
    archived, by_hand = version("1", ARCHIVE, NOW), version("2", NOW)
    assert candidate(archived) is archived
    assert candidate(by_hand, archived) is archived
    assert candidate(by_hand) is None
    assert candidate(None) is None


def depends(*groups: Sequence[str], provided: dict[str, list[str]] | None = None) -> list[str]:
    """Give the groups of alternatives; a name that is not in ``provided`` has a package of its own."""

    def alternative(name: str) -> Table:
        there = (provided or {}).get(name, [name])
        return Table(
            target_pkg=Table(name=name),
            all_targets=lambda: [Table(parent_pkg=Table(name=one)) for one in there],
        )

    return apt_dump.groups(Table(depends_list={"Depends": [[alternative(name) for name in one] for one in groups]}))


def test_R2_one_package_a_group_and_each_once() -> None:
    assert depends(["python3-b"], ["python3-a", "python3-x"], ["python3-b"]) == ["python3-a", "python3-b"]


def test_R2_what_the_interpreter_satisfies_adds_nothing() -> None:
    assert depends(["python3"], ["python3-tomli", "python3"], ["python3-minimal"], ["python3-a"]) == ["python3-a"]


def test_R2_an_alternative_that_is_not_there_is_passed_over() -> None:
    assert depends(["gone", "python3-a"], ["gone"], provided={"gone": []}) == ["python3-a"]


def test_R2_a_virtual_package_stands_for_one_that_provides_it() -> None:
    assert depends(["python3-api"], provided={"python3-api": ["python3-y", "python3-x"]}) == ["python3-x"]


def test_R2_a_real_package_is_taken_before_others_that_provide_it() -> None:
    assert depends(["python3-b"], provided={"python3-b": ["python3-a", "python3-b"]}) == ["python3-b"]


def test_I1_metadata_is_traced_to_its_package_and_what_pip_put_there_is_not(tmp_path: Path) -> None:
    site = Path("/usr/lib/python3/dist-packages")
    mine = tmp_path / "local-1.0.dist-info"
    mine.mkdir()
    found = apt_dump.owners([str(site), str(tmp_path), str(tmp_path / "absent")])
    assert str(mine) not in found
    assert all(path.endswith((".dist-info", ".egg-info")) for path in found)
    names = {Path(path).name.partition("-")[0].lower(): package for path, package in found.items()}
    assert names["packaging"] == "python3-packaging"
    assert apt_dump.owners([str(tmp_path / "absent")]) == {}


def test_the_program_answers_in_json_without_anything_else_of_ours() -> None:
    asked = json.dumps({"packages": ["bash"], "site": [], "insecure": [], "foreign": []})
    done = subprocess.run(
        [SYSTEM_PYTHON, "-I", apt_dump.__file__],
        input=asked,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    state = json.loads(done.stdout)
    assert sorted(state) == ["architecture", "libc", "owners", "packages", "python", "repositories"]
    if not state["repositories"]:
        pytest.skip("this host has no package lists")
    assert "bash" in state["packages"]
    for record in state["packages"].values():
        assert sorted(record) == [
            "architecture",
            "depends",
            "installed",
            "others",
            "repository",
            "suites",
            "trusted",
            "version",
        ]
        assert record["depends"] == sorted(set(record["depends"]))
        assert isinstance(record["trusted"], bool)
        assert record["version"] in record["suites"].values()
