"""``distrofirst lock``: the plan as a file, or the reason why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver import lock as locks
from resolver.model import PinsPolicy
from resolver.requirements import read_inputs
from tests.cli.commandline import TRIXIE, Here
from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback


def test_the_lock_stands_beside_the_inputs_under_the_releases_name(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\nflask==1\n")
    ran = run("lock", *TRIXIE, "--pins", "prefer")
    assert (ran.code, ran.out, ran.err) == (0, "", "distrofirst: wrote pylock.debian-13.toml\n")
    text = (folder / "pylock.debian-13.toml").read_text()
    lock = locks.loads(text, context="pylock.debian-13.toml")
    assert locks.dumps(lock) == text
    assert (str(lock.target), lock.target.python, lock.pins) == ("debian:13", "3.13", PinsPolicy.PREFER)
    assert lock.requirements == ("zz-alpha", "flask==1")
    assert {wheel.project for wheel in lock.wheels} == {"zz-alpha", "zz-beta"}
    assert all(wheel.url.startswith(index.url) for wheel in lock.wheels)
    assert {"python3-flask", "python3-requests"} <= {package.name for package in lock.os_packages}
    (flask,) = (project for project in lock.projects if project.name == "flask")
    assert (flask.loosened, flask.os_package) == ("==1", "python3-flask")
    assert {path.name for path in folder.iterdir()} == {"requirements.txt", "pylock.debian-13.toml"}


def test_R7_a_second_lock_has_the_same_bytes(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\n")
    first, second = (run("lock", *TRIXIE, "-o", name) for name in ("-", "again.toml"))
    assert first.out == (folder / "again.toml").read_text()
    assert (first.err, second.out) == ("", "")
    assert index.requests


def test_the_remainder_as_requirements_for_older_pip(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-alpha\n")
    ran = run("lock", *TRIXIE, "--format", "requirements")
    assert ran.code == 0
    read = read_inputs(["-"], stdin=ran.out.encode, environ={}, cwd=folder)
    assert [(item.name, str(item.specifier)) for item in read.requirements] == [
        ("zz-alpha", "==2.0"),
        ("zz-beta", "==1.5"),
    ]
    assert all(item.hashes and item.hashes[0].startswith("sha256:") for item in read.requirements)
    assert index.requests


@pytest.mark.parametrize("output", ["link.toml", "target.toml"])
def test_a_link_stays_a_link(run: Here, folder: Path, output: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "link.toml").symlink_to("target.toml")
    assert run("lock", *TRIXIE, "-o", output).code == 0
    assert (folder / "link.toml").is_symlink()
    assert "python3-flask" in (folder / "target.toml").read_text()


def test_what_is_no_file_is_written_to_and_not_replaced(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "null").symlink_to("/dev/null")
    assert run("lock", *TRIXIE, "-o", "null").code == 0
    assert (folder / "null").is_char_device()


def test_a_gap_means_no_lock(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("flask\nzz-source\nzz-absent>=2\n")
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (1, "")
    assert "2 of" in ran.err
    assert "zz-source" in ran.err
    assert "zz-absent>=2 (asked for by requirements.txt:3)" in ran.err
    assert {path.name for path in folder.iterdir()} == {"requirements.txt"}
    assert index.requests


BOTH = (*TRIXIE, "--target", "debian:12")


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_several_targets_have_a_lock_each_in_one_folder(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("zz-beta\nflask\n")
    ran = run("lock", *BOTH, "-o", "new/locks")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[-2:] == [
        "distrofirst: wrote new/locks/pylock.debian-13.toml",
        "distrofirst: wrote new/locks/pylock.debian-12.toml",
    ]
    for release, file in (("debian:12", "pylock.debian-12.toml"), ("debian:13", "pylock.debian-13.toml")):
        text = (folder / "new/locks" / file).read_text()
        lock = locks.loads(text, context=file)
        assert str(lock.target) == release
        # The same as of one target alone, a folder's or not.
        assert run("lock", "--target", release, "-o", "-").out == text
        assert run("lock", "--target", release, "-o", "new/locks").code == 0
        assert (folder / "new/locks" / file).read_text() == text
    assert names(folder / "new") == {"locks/pylock.debian-12.toml", "locks/pylock.debian-13.toml"}
    assert index.requests


def test_without_a_folder_they_stand_side_by_side(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    assert run("lock", *BOTH, "--only-distro").code == 0
    assert names(folder) == {"requirements.txt", "pylock.debian-12.toml", "pylock.debian-13.toml"}


def test_all_or_none_and_each_target_that_failed_is_named(run: Here, folder: Path) -> None:
    """Debian 12 has pydantic 1."""
    (folder / "requirements.txt").write_text("flask\npydantic>=2\n")
    ran = run("lock", *BOTH, "--target", "fedora:43", "--only-distro", "-o", "locks")
    assert (ran.code, ran.out) == (3, "")
    assert "no lock was written: 2 of 3 targets have none:\n  debian:12: a lock needs a source" in ran.err
    assert "\n  debian:12:   pydantic>=2 (asked for by requirements.txt:2): " in ran.err
    assert "\n  fedora:43: there is no metadata of fedora:43 at hand" in ran.err
    assert "--repo URL" in ran.err
    assert names(folder) == {"requirements.txt"}


def test_a_folder_that_cannot_hold_them_leaves_nothing_half_written(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "locks").mkdir()
    (folder / "locks/pylock.debian-13.toml").write_text("old")
    (folder / "locks/pylock.debian-12.toml").symlink_to("/nonexistent/folder/file")
    ran = run("lock", *BOTH, "--only-distro", "-o", "locks")
    assert (ran.code, ran.out) == (4, "")
    assert "pylock.debian-12.toml: cannot write: No such file" in ran.err
    assert (folder / "locks/pylock.debian-13.toml").read_text() == "old"
    assert names(folder) == {"requirements.txt", "locks/pylock.debian-13.toml"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("-o", "-"), "--target: locks for several targets are files in a folder"),
        (("--format", "requirements"), "--target: locks for several targets are files in a folder"),
        (("--target", "debian:trixie"), "--target: two of the targets are one release"),
        (("-o", "requirements.txt"), "requirements.txt: it is a file, and several locks need a folder"),
    ],
)
def test_what_several_targets_cannot_have(run: Here, folder: Path, more: tuple[str, ...], message: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("lock", *BOTH, "--only-distro", *more)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert names(folder) == {"requirements.txt"}


def test_a_folder_without_this_releases_lock_names_those_it_has(run: Here, folder: Path, debian: str) -> None:
    other = "debian:13" if debian == "debian:12" else "debian:12"
    (folder / "requirements.txt").write_text("zz-beta\n")
    assert run("lock", "--only-distro", "--target", other, "-o", "locks").code != 0
    (folder / "requirements.txt").write_text("flask\n")
    (folder / "locks").mkdir()
    assert run("lock", "--only-distro", "--target", other, "-o", "locks").code == 0
    for command in (("install", "--dry-run"), ("verify",), ("audit",)):
        ran = run(*command, "--lock", "locks")
        assert (ran.code, ran.out) == (2, "")
        assert f"locks: it has no lock for {debian}: expected pylock.{debian.replace(':', '-')}.toml, found" in ran.err
        assert f"found pylock.{other.replace(':', '-')}.toml\n" in ran.err
        assert f"hint: make one: distrofirst lock --target {debian} -o locks" in ran.err


def test_a_plans_warnings_are_told(run: Here, folder: Path, index: Loopback) -> None:
    """certifi of Debian trusts what the system trusts; the index's does not."""
    (folder / "requirements.txt").write_text("certifi>=3000\n")
    serve(index, {"certifi": {"3000.1": {}}}, "metadata")
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "distrofirst: warning: certifi 3000.1 comes from PyPI" in ran.err
    assert "warning" not in run("lock", "-q", *TRIXIE).err
