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


def test_a_lock_is_for_one_target(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("lock", *TRIXIE, "--target", "debian:12")
    assert (ran.code, ran.err.splitlines()) == (
        2,
        ["distrofirst: error: --target: a lock is for one target", "distrofirst: hint: run once for each"],
    )


def test_a_plans_warnings_are_told(run: Here, folder: Path, index: Loopback) -> None:
    """certifi of Debian trusts what the system trusts; the index's does not."""
    (folder / "requirements.txt").write_text("certifi>=3000\n")
    serve(index, {"certifi": {"3000.1": {}}}, "metadata")
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "distrofirst: warning: certifi 3000.1 comes from PyPI" in ran.err
    assert "warning" not in run("lock", "-q", *TRIXIE).err
