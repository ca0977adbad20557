"""What dpkg and rpm say of changed files, as they print it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError
from resolver.hosts.package_files import DpkgFiles, RpmFiles, read_differences
from resolver.model import AlteredFile, Completed
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from pathlib import Path

SITE = "/usr/lib/python3/dist-packages"
DPKG = f"""\
??5??????   {SITE}/flask/app.py
??5?????? c /etc/flask.conf
??5?????? c /etc/flask/settings.py
missing     /usr/share/doc/python3-flask/copyright
missing     {SITE}/click/core.py
missing     /root/secret (Permission denied)
"""
RPM = f"""\
.......T.    {SITE}/flask/cli.py
S.5....T.    {SITE}/flask/app.py
....L....    {SITE}/flask/link
S.5....T.  c /etc/flask.conf
missing   d /usr/share/doc/flask/README
missing     {SITE}/click/core.py
package nosuch is not installed
"""


def ok(stdout: str, returncode: int = 0) -> Completed:
    return Completed(returncode=returncode, stdout=stdout, stderr="")


def test_changed_and_missing_code_is_told_and_settings_and_documentation_are_not() -> None:
    assert read_differences(DPKG) == {
        f"{SITE}/flask/app.py": False,
        "/etc/flask/settings.py": False,
        f"{SITE}/click/core.py": True,
    }
    assert read_differences(RPM) == {
        f"{SITE}/flask/app.py": False,
        f"{SITE}/flask/link": False,
        f"{SITE}/click/core.py": True,
    }


def test_dpkg_names_whose_they_are(tmp_path: Path) -> None:
    installed = "python3-click\tall\tinstalled\t8\npython3-flask\tall\tinstalled\t2\n"
    owners = f"python3-flask: {SITE}/flask/app.py\npython3-click, other: {SITE}/click/core.py\n"
    runner = FakeRunner(
        {("dpkg-query",): ok(installed), ("dpkg", "--verify"): ok(DPKG), ("dpkg", "--search"): ok(owners)}
    )
    log = tmp_path / "dpkg.log"
    log.write_text(
        "2026-11-20 08:00:01 upgrade python3-flask:all 2.2.2-2 2.2.2-3\n"
        "2026-11-24 11:16:33 upgrade python3-flask:all 2.2.2-3 2.2.2-4\n"
        "2026-11-24 11:16:34 status installed python3-flask:all 2.2.2-4\n"
        "2026-11-24 11:17:00 remove libodd:i386 1.0-1 <none>\n"
    )
    files = DpkgFiles(runner, "amd64", logs=(tmp_path / "gone", log))
    assert files.altered(["python3-flask", "python3-click", "python3-gone"]) == (
        AlteredFile(package="", path="/etc/flask/settings.py", missing=False),
        AlteredFile(package="python3-click", path=f"{SITE}/click/core.py", missing=True),
        AlteredFile(package="python3-flask", path=f"{SITE}/flask/app.py", missing=False),
    )
    assert runner.commands[1].argv[-2:] == ("python3-click", "python3-flask"), "dpkg fails for what is not there"
    assert files.changed_at(["python3-flask", "libodd:i386", "unheard-of"]) == {
        "python3-flask": "2026-11-24 11:16",
        "libodd:i386": "2026-11-24 11:17",
    }
    assert files.repair("python3-flask").shell_line() == "apt-get install --reinstall python3-flask"


def test_T2_a_dpkg_that_fails_is_no_clean_answer() -> None:
    installed = ok("python3-click\tall\tinstalled\t8\n")
    runner = FakeRunner({("dpkg-query",): installed, ("dpkg", "--verify"): ok("", returncode=2)})
    with pytest.raises(CommandError):
        DpkgFiles(runner, "amd64").altered(["python3-click"])


def test_rpm_names_whose_they_are() -> None:
    runner = FakeRunner(
        {
            ("rpm", "--query"): ok("flask\tnoarch\t0:1-1\n"),
            ("rpm", "--query", "--file"): ok("flask\nother\n"),
            ("rpm", "--query", "--queryformat", "%{NAME}\\t%{INSTALLTIME}\\n"): ok(
                "flask\t1795519003\npackage nosuch is not installed\n"
            ),
            ("rpm", "--verify"): ok(RPM, returncode=3),
        }
    )
    files = RpmFiles(runner, "x86_64", reinstall=("dnf5", "reinstall"))
    assert {file.package for file in files.altered(["flask", "nosuch"])} == {"flask"}
    assert files.changed_at(["flask", "nosuch"]) == {"flask": "2026-11-24 11:16 UTC"}
    assert files.repair("flask").shell_line() == "dnf5 reinstall flask"
    assert files.changed_at([]) == {}
