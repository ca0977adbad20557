"""The script that runs in the venv: console scripts, the record, and what it sees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from resolver.venv.environment import INSIDE
from resolver.venv.inside import copy_of, entry_of, script_text
from resolver.venv.record import Record, contract_of, dump, read
from tests.unit.venv.samples import HOST, lock, os_project, put_os_project, wheel

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = """
    [console_scripts]
    tool = tool:main
    tool-deep = tool:Group.method [extra]
    python3.99 = tool:main
    pip = tool:main
    pip3.11 = tool:main
    activate.fish = tool:main
    ../escape = tool:main
    taken = tool:main
    nonsense = this is no entry point

    [gui_scripts]
    tool-gui = tool:main

    [other.plugins]
    plugin = tool:main
"""
CODE = """
    import sys
    def main():
        print("tool", *sys.argv[1:])
        return 7
    class Group:
        @staticmethod
        def method():
            print("deep")
"""


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    return make(tmp_path / "venv", tmp_path / "dist-packages")


def make(venv: Path, dist_packages: Path) -> Path:
    put_os_project(dist_packages, "tool", "1.0", scripts=SCRIPTS, code=CODE)
    put_os_project(dist_packages, "other", "2.0", scripts="[console_scripts]\nother = other:main\n")
    subprocess.run(["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", venv], check=True)
    inside(venv, "prepare", str(dist_packages))
    return venv


def inside(venv: Path, *words: str, stdin: str = "") -> str:
    command = [str(venv / "bin/python"), "-I", str(INSIDE), *words]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout


RECORD = Record(contract=contract_of(lock((os_project("tool", "1.0"),), (), (wheel("demo"),))), added=("python3-tool",))


def bin_of(venv: Path) -> set[str]:
    return {path.name for path in (venv / "bin").iterdir()}


def test_scripts_of_chosen_projects_and_of_no_others_are_written(venv: Path) -> None:
    before = bin_of(venv)
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    assert bin_of(venv) - before == {"tool", "tool-deep", "tool-gui", "taken"}
    assert not (venv / "escape").exists()


def test_a_script_runs_in_the_venv_with_its_arguments_and_exit_code(venv: Path) -> None:
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    done = subprocess.run([venv / "bin/tool", "a", "b c"], capture_output=True, text=True, check=False, env={})
    assert (done.stdout, done.returncode) == ("tool a b c\n", 7)
    assert subprocess.check_output([venv / "bin/tool-deep"], text=True) == "deep\n"


def test_P4_a_script_of_the_remainder_is_never_overwritten(venv: Path) -> None:
    (venv / "bin/taken").write_text("mine")
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    assert (venv / "bin/taken").read_text() == "mine"


def test_X4_the_record_is_what_it_was_told(venv: Path) -> None:
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    assert read(venv) == RECORD
    assert not (venv / "distrofirst.new").exists()


def test_X4_the_register_is_there_for_all_to_read_whatever_the_umask(venv: Path) -> None:
    register = venv.parent / "state" / "distrofirst" / "environments"
    before = os.umask(0o077)
    try:
        inside(venv, "finish", str(register), stdin=dump(RECORD))
    finally:
        os.umask(before)
    entry, copy = entry_of(register, venv), copy_of(register, venv)
    paths = (register.parent.parent, register.parent, register, entry, copy)
    modes = [path.stat().st_mode & 0o777 for path in paths]
    assert modes == [0o700, 0o755, 0o755, 0o644, 0o600], "the folder of all programs' state is the user's own"
    assert set(register.iterdir()) == {entry, copy}
    assert copy.read_bytes() == (venv / "distrofirst.json").read_bytes(), "what came is known without the environment"


@pytest.mark.parametrize("name", ["with space", "x" * 150, 'quo"te', "it's $(false) `false` $0"])
def test_a_script_runs_wherever_the_venv_is(tmp_path: Path, name: str) -> None:
    venv = make(tmp_path / name, tmp_path / "dist-packages")
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    done = subprocess.run([venv / "bin/tool"], capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"tool\n", b"")


def test_a_plain_interpreter_stands_in_the_first_line() -> None:
    assert script_text("/v/bin/python", "a.b", "c.d").splitlines() == [
        "#!/v/bin/python",
        "# Written by distrofirst for a project that comes from an OS package.",
        "import sys",
        "from a.b import c",
        'if __name__ == "__main__":',
        "    sys.exit(c.d())",
    ]


def seen(venv: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(inside(venv, "inspect"))
    return value


def test_inspect_tells_each_project_with_its_place_in_the_order_of_the_path(venv: Path, tmp_path: Path) -> None:
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    put_os_project(site_packages, "Tool", "3.0")
    what = seen(venv)
    assert [(project["name"], project["version"], project["directory"]) for project in what["projects"]] == [
        ("tool", "3.0", str(site_packages)),
        ("other", "2.0", str(tmp_path / "dist-packages")),
        ("tool", "1.0", str(tmp_path / "dist-packages")),
    ]
    assert what["site_packages"] == [str(site_packages)]
    assert (what["python"], what["prefix"], what["user_site"]) == (HOST.python, str(venv), False)


def test_inspect_tells_the_file_that_pip_installed_from(venv: Path) -> None:
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    new = {"url": "https://files.example/a.whl", "archive_info": {"hashes": {"sha256": "aa"}}}
    old = {"url": "https://files.example/b.whl", "archive_info": {"hash": "sha256=bb"}}
    for name, value in (("a", json.dumps(new)), ("b", json.dumps(old)), ("c", "{"), ("d", '{"dir_info": {}}')):
        folder = site_packages / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "direct_url.json").write_text(value)
    hashes = {project["name"]: project["sha256"] for project in seen(venv)["projects"]}
    assert (hashes["a"], hashes["b"], hashes["c"], hashes["d"]) == ("aa", "bb", None, None)


def test_metadata_in_a_single_file_or_without_a_name_is_read(venv: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dist-packages"
    (folder / "Single_File-1.5.egg-info").write_text("Metadata-Version: 1.0\nName: Single_File\nVersion: 1.5\n")
    (folder / "nameless-0.1.egg-info").write_text("")
    found = {project["name"]: project["version"] for project in seen(venv)["projects"]}
    assert found["single-file"] == "1.5"
    assert found["nameless"] is None


def test_inspect_tells_scripts_that_are_not_as_they_were_written(venv: Path) -> None:
    (site,) = venv.glob("lib/python3*/site-packages")
    (venv / "bin/taken").write_text("a wheel's own")
    (site / "demo-1.0.dist-info").mkdir()
    (site / "demo-1.0.dist-info/RECORD").write_text("../../../bin/taken,,\n")
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(RECORD))
    assert seen(venv)["scripts"] == []
    (venv / "bin/tool").unlink()
    (venv / "bin/tool-deep").write_text("#!/bin/sh\n")
    told = {(one["project"], one["path"]): one for one in seen(venv)["scripts"]}
    assert told.keys() == {("tool", f"{venv}/bin/tool"), ("tool", f"{venv}/bin/tool-deep")}
    assert told["tool", f"{venv}/bin/tool"]["found"] == "No such file or directory"
    assert told["tool", f"{venv}/bin/tool-deep"]["found"] == "changed"


def test_inspect_tells_where_an_environment_was_made_that_was_moved(venv: Path) -> None:
    record = replace(RECORD, venv=str(venv))
    inside(venv, "finish", str(venv.parent / "register"), stdin=dump(record))
    link = venv.with_name("link")
    link.symlink_to(venv)
    for place in (venv, link):
        assert (seen(place)["made_in"], seen(place)["scripts"]) == (None, [])
    moved = venv.rename(venv.with_name("moved"))
    assert (seen(moved)["made_in"], seen(moved)["scripts"]) == (str(venv), []), "all scripts have gone wrong then"
    shutil.copytree(moved, venv, symlinks=True)
    assert (seen(moved)["made_in"], seen(venv)["made_in"]) == (str(venv), None)


def test_words_that_it_does_not_know_are_refused(venv: Path) -> None:
    done = subprocess.run([venv / "bin/python", "-I", INSIDE, "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "prepare" in done.stderr


def test_what_was_changed_by_hand_is_seen(venv: Path) -> None:
    (site,) = venv.glob("lib/python3*/site-packages")
    metadata = site / "demo-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    for name in ("same.py", "changed.py"):
        (site / name).write_text("")
    empty = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    rows = [f"{name},{empty},0" for name in ("same.py", "changed.py", "gone.py")]
    (metadata / "RECORD").write_text("\n".join([*rows, "demo-1.0.dist-info/RECORD,,", "unhashed.pyc,,", ""]))
    (site / "changed.py").write_text("#")
    (site / "stray.pth").write_text("")
    seen = json.loads(inside(venv, "inspect"))
    altered = {(one["project"], one["path"].rpartition("/")[2]): one for one in seen["altered"]}
    assert altered.keys() == {("demo", "changed.py"), ("demo", "gone.py")}
    assert altered["demo", "changed.py"]["since"].startswith("20")
    assert altered["demo", "gone.py"]["found"] == "No such file or directory"
    assert seen["unowned"] == [str(site / "stray.pth")]
