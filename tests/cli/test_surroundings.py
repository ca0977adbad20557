"""Odd users, odd homes, odd interpreters: what the command line makes of where it runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.cli.commandline import CHECKOUT, NOTHING, TRIXIE, Ran, process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.loopback import Loopback

WITHOUT_APT = """\
import sys
sys.modules["apt"] = sys.modules["apt_pkg"] = None
from resolver.cli import main
raise SystemExit(main(sys.argv[1:]))
"""
"""As under any interpreter but the distribution's own: python-apt cannot be imported."""


UNSEEN = """\
import pwd, sys
given = [line.split(":") for line in sys.argv[1:]]
pwd.getpwall = lambda: [pwd.struct_passwd((*one[:2], int(one[2]), int(one[3]), *one[4:])) for one in given]
from resolver.folders import open_register
print(*open_register().unseen, sep="\\n")
"""
"""Tells which homes cannot be looked into, of the users given as lines of passwd(5)."""


def as_user(
    uid: int,
    *argv: str,
    env: Mapping[str, str | None] | None = None,
    stdin: bytes = b"",
    program: tuple[str, ...] = ("-m", "resolver"),
) -> Ran:
    """Run a command as a user with no rights, in a folder of nobody's."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("there is no setpriv")
    become = (setpriv, f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    private: dict[str, str | None] = {f"XDG_{name}_HOME": None for name in ("CACHE", "CONFIG", "DATA", "STATE")}
    surroundings = {**private, **(env or {})}
    seen = process(before=become, program=("-c", "import resolver.cli"), cwd="/", env=surroundings)
    if seen.code:
        pytest.skip(f"{CHECKOUT} cannot be read by everybody")
    return process(*argv, before=become, env=surroundings, stdin=stdin, program=program, cwd="/")


def test_a_cache_that_cannot_be_written_costs_a_warning(folder: Path, index: Loopback) -> None:
    (folder / "file").touch()
    ran = process(
        "report", "-", "--format", "json", *TRIXIE, env={"XDG_CACHE_HOME": str(folder / "file")}, stdin=b"zz-alpha\n"
    )
    assert ran.code == 0
    assert ran.outcomes["zz-alpha"] == "pypi"
    assert ran.err.count("going on without a cache") == 1
    assert ran.err.startswith("distrofirst: warning: going on without a cache: ")
    assert index.requests


@pytest.mark.parametrize("place", ["/nonexistent", None])
@pytest.mark.parametrize("uid", [NOTHING, 54321])
def test_a_user_without_a_home_or_even_a_name(folder: Path, place: str | None, uid: int) -> None:
    assert folder.is_dir()
    ran = as_user(uid, "report", "-", "--format", "json", *TRIXIE, env={"HOME": place}, stdin=b"flask\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.outcomes["flask"] == "distro"


def test_a_user_without_a_home_asks_the_index(folder: Path, index: Loopback) -> None:
    assert folder.is_dir()
    ran = as_user(54321, "report", "-", "--format", "json", *TRIXIE, env={"HOME": None}, stdin=b"zz-beta\n")
    assert ran.code == 0
    assert ran.outcomes == {"zz-beta": "pypi"}
    assert "going on without a cache" in ran.err
    assert index.requests


def test_nobody_asks_about_this_host(debian: str) -> None:
    ran = as_user(
        NOTHING, "report", "-", "--direct", "--format", "json", env={"HOME": "/nonexistent"}, stdin=b"flask\n"
    )
    assert ran.code == 0
    assert ran.json["targets"][0]["target"] == debian
    assert ran.json["targets"][0]["metadata"]["source"] == "apt"
    assert "going on without a cache" in ran.err


def test_T2_undo_knows_which_homes_it_cannot_look_into() -> None:
    """Debian makes a home for its owner's eyes only; root's environments are not noted in one."""
    with TemporaryDirectory() as name:  # pytest's own is closed as well
        folder = Path(name)
        folder.chmod(0o755)
        closed = folder / "closed"
        closed.mkdir(mode=0o700)
        (folder / "open").mkdir(mode=0o755)
        homes = {
            "root": (0, closed),
            "carl": (2001, closed),
            "dora": (2002, folder / "open"),
            "ed": (2003, folder / "x"),
        }
        entries = [f"{user}:x:{uid}:{uid}::{home}:/bin/sh" for user, (uid, home) in homes.items()]
        assert as_user(NOTHING, program=("-c", UNSEEN, *entries)).out == f"{closed}\n"


def test_somebody_elses_environment_is_not_to_be_removed_for_being_closed() -> None:
    with TemporaryDirectory() as name:
        venv = Path(name, "venv")
        venv.mkdir()
        venv.parent.chmod(0o755)
        (venv / "distrofirst.json").touch(mode=0o600)
        ran = as_user(NOTHING, "verify", "--venv", str(venv), env={"HOME": "/nonexistent"})
    assert ran.code == 2
    assert "the environment's record cannot be read: " in ran.err
    assert "hint: run this as its owner, or as root\n" in ran.err


def test_an_interpreter_without_python_apt_asks_the_one_that_has_it(folder: Path, debian: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    shutil.rmtree(folder.parent / "home" / ".cache")  # so that apt has to be asked
    ran = process("report", "--format", "json", "--direct", program=("-c", WITHOUT_APT), cwd=folder)
    assert (ran.code, ran.err) == (0, "")
    assert ran.json["targets"][0]["target"] == debian
    assert ran.outcomes == {"flask": "distro"}


def test_a_second_run_opens_what_the_first_one_built(folder: Path, debian: str) -> None:
    assert debian
    (folder / "requirements.txt").write_text("flask\n")
    indexes = folder.parent / "home" / ".cache" / "distrofirst" / "host"
    shutil.rmtree(indexes)
    first = process("report", "--direct", cwd=folder)
    (built,) = indexes.iterdir()
    before = built.stat()
    second = process("report", "--direct", cwd=folder)
    assert (second.out, built.stat().st_mtime_ns) == (first.out, before.st_mtime_ns)
    built.write_bytes(built.read_bytes()[:-1])
    third = process("report", "--direct", cwd=folder)
    assert (third.code, third.out, third.err) == (0, first.out, "")
    assert built.stat().st_size == before.st_size


def test_a_folder_that_was_removed(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    leave = f"import os; os.chdir({str(gone)!r}); os.rmdir({str(gone)!r})\n{WITHOUT_APT}"
    ran = process("report", *TRIXIE, program=("-c", leave))
    assert ran.code == 4
    assert "No such file or directory" in ran.err
    assert "Traceback" not in ran.err
