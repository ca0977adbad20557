"""``distrofirst install`` and ``verify`` as far as nothing is changed; ``tests/system`` carries plans out."""

from __future__ import annotations

import base64
import io
import re
import shlex
import sys
from typing import TYPE_CHECKING

import pytest

from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commandline import Here
    from tests.loopback import Loopback


@pytest.fixture
def remainder(folder: Path, index: Loopback, debian: str) -> Path:
    """Require one project that only the index has."""
    assert index.port
    assert debian
    (folder / "requirements.txt").write_text("zz-beta\n")
    return folder


def test_a_dry_run_prints_commands_and_runs_none(run: Here, remainder: Path) -> None:
    ran = run("install", "--dry-run", "--venv", "my env")
    assert (ran.code, ran.err) == (0, "distrofirst: fetching 1 wheel\n")
    lines = [shlex.split(line) for line in ran.out.splitlines()]
    assert lines[0] == ["/usr/bin/python3", "-I", "-m", "venv", "--without-pip", str(remainder / "my env")]
    (pip,) = (words for words in lines if "pip" in words)
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:", "--no-index", "--isolated"} <= set(pip)
    assert "PIP_CONFIG_FILE=/dev/null" in pip
    assert re.fullmatch(r"zz-beta @ file:///\S+/zz_beta-1\.5-py3-none-any\.whl#sha256=[0-9a-f]{64}", pip[-1])
    assert {path.name for path in remainder.iterdir()} == {"requirements.txt"}


STATE = {"environment", "os_packages", "remainder"}
ABOUT_BOTH = {"schema", "changed", "venv", "commands", "os_packages", "before", "after"}
ABOUT_AN_INSTALLATION = {"target", "python", "architecture", "drift", "summary", "projects", "left"}
NOTHING_LEFT: dict[str, list[str]] = {"commands": [], "os_packages": []}


def test_X3_the_document_of_a_dry_run_is_that_of_the_run(run: Here, remainder: Path, debian: str) -> None:
    planned = run("install", "--dry-run", "--format", "json")
    assert planned.code == 0
    lines = run("install", "--dry-run").out.splitlines()
    done = run("install", "--yes", "--format", "json")
    assert (done.code, done.out) == (0, planned.out)
    about = done.json
    assert about.keys() == ABOUT_BOTH | ABOUT_AN_INSTALLATION
    assert (about["schema"], about["changed"], about["commands"]) == ("distrofirst/install/1", True, lines)
    assert (about["venv"], about["target"], about["drift"]) == (str(remainder / "venv"), debian, [])
    assert about["left"] == NOTHING_LEFT
    assert about["summary"] == {"projects": 1, "distro": 0, "pypi": 1, "coverage": 0.0}
    (beta,) = about["projects"]
    assert (beta["name"], beta["outcome"], beta["version"]) == ("zz-beta", "pypi", "1.5")
    assert (beta["reason"], beta["requested_by"]) == ("not-packaged", ["requirements.txt:1"])
    assert about["before"].keys() == about["after"].keys() == STATE
    assert (about["before"]["environment"], about["before"]["remainder"]) == (None, [])
    assert about["after"]["environment"].startswith(f"{debian} ")
    assert [(one["name"], one["version"]) for one in about["after"]["remainder"]] == [("zz-beta", "1.5")]

    again = run("install", "--yes", "--format", "json").json
    assert (again["changed"], again["commands"], again["os_packages"]) == (False, [], [])
    assert again["before"] == again["after"] == about["after"]


def test_X4_an_undo_has_a_document_too(run: Here, remainder: Path) -> None:
    after = run("install", "--yes", "--format", "json").json["after"]
    planned = run("undo", "--dry-run", "--format", "json")
    done = run("undo", "--yes", "--format", "json")
    assert (done.code, done.out) == (0, planned.out)
    about = done.json
    assert about.keys() == ABOUT_BOTH | {"staying", "untouched", "unseen"}
    assert (about["schema"], about["changed"]) == ("distrofirst/undo/1", True)
    assert about["commands"] == [f"rm -rf -- {remainder}/venv"]
    assert about["before"] | {"os_packages": []} == after | {"os_packages": []}
    assert about["after"] == {"environment": None, "os_packages": [], "remainder": []}
    assert not run("undo", "--yes", "--format", "json").json["changed"]


def test_coverage_under_the_bar_changes_nothing(run: Here, remainder: Path, index: Loopback) -> None:
    (remainder / "requirements.txt").write_text("packaging\nzz-beta\n")
    ran = run("install", "--yes", "--fail-under", "50.1", "--format", "json")
    assert (ran.code, ran.out) == (1, "")
    assert "--fail-under 50.1: the distribution serves 1 of 2 projects, 50.0 %\n" in ran.err
    assert index.asked("/files/zz_beta-1.5-py3-none-any.whl") == 0
    assert {path.name for path in remainder.iterdir()} == {"requirements.txt"}
    assert run("install", "--dry-run", "--fail-under", "50").code == 0
    assert run("lock", "-o", "lock.toml").code == 0
    assert run("install", "--lock", "lock.toml", "--dry-run", "--fail-under", "51").code == 1


def test_X1_one_transaction_with_exact_versions(run: Here, folder: Path, debian: str) -> None:
    assert debian
    (folder / "requirements.txt").write_text("scrapy\ndjango\n")
    ran = run("install", "--dry-run", "--only-distro")
    assert ran.code == 0, ran.err
    transactions = [words for words in map(shlex.split, ran.out.splitlines()) if "apt-get" in " ".join(words)]
    assert len(transactions) <= 1  # none where this machine has both
    assert not any(word.startswith("python3-") and "=" not in word for words in transactions for word in words)


def test_a_gap_means_that_nothing_is_installed(run: Here, remainder: Path) -> None:
    (remainder / "requirements.txt").write_text("flask\nzz-source\n")
    for argv in (("--dry-run",), ("--yes",)):
        ran = run("install", *argv)
        assert (ran.code, ran.out) == (1, "")
        assert "zz-source" in ran.err
        assert {path.name for path in remainder.iterdir()} == {"requirements.txt"}


def test_nobody_there_to_confirm(run: Here, remainder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    ran = run("install")
    assert (ran.code, ran.out) == (2, "")
    assert "0 OS packages; 1 wheel into venv" in ran.err
    assert "nobody is here to confirm" in ran.err
    assert "--yes" in ran.err
    assert not (remainder / "venv").exists()


class Terminal(io.TextIOWrapper):
    """Somebody who answers."""

    def __init__(self, answer: str) -> None:
        super().__init__(io.BytesIO(answer.encode()))

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_no_changes_nothing(run: Here, remainder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    ran = run("install")
    assert (ran.code, ran.out) == (1, "")
    assert "/usr/bin/python3 -I -m venv" in ran.err
    assert "Go ahead? [y/N] " in ran.err
    assert "nothing was changed" in ran.err
    assert not (remainder / "venv").exists()


def hostile(index: Loopback, **about: object) -> None:
    """Serve another zz-beta, whose listing, metadata and hash all agree."""
    serve(index, {"zz-beta": {"1.5": about}}, "metadata")


def test_P4_a_dry_run_refuses_a_hostile_wheel_too(run: Here, remainder: Path, index: Loopback) -> None:
    """What else is hostile, and what ``install --yes`` makes of it, is in ``tests/attacks``."""
    hostile(index, extra={"zz.pth": b"import os\n"})
    ran = run("install", "--dry-run")
    assert (ran.code, ran.out) == (5, "")
    assert "1 of 1 wheels must not be installed:\n  zz_beta-1.5-py3-none-any.whl\n    " in ran.err
    assert "a file would run whenever Python starts: zz.pth" in ran.err
    assert "hint: nothing was installed" in ran.err
    assert {path.name for path in remainder.iterdir()} == {"requirements.txt"}


def test_P4_a_venv_that_is_there_stays_as_it_is(run: Here, remainder: Path, index: Loopback) -> None:
    assert run("install", "--yes").code == 0
    before = sorted((path, path.lstat().st_mtime_ns) for path in remainder.rglob("*"))
    (remainder / "requirements.txt").write_text("zz-beta\nzz-gamma\n")
    serve(index, {"zz-gamma": {"1.0": {"extra": {"evil.pth": b"import os\n"}}}}, "metadata")
    assert run("install", "--yes").code == 5
    (remainder / "requirements.txt").write_text("zz-beta\n")
    after = sorted((path, path.lstat().st_mtime_ns) for path in remainder.rglob("*"))
    changed = {str(path.relative_to(remainder)) for path, _ in {*before} ^ {*after}}
    assert changed <= {"requirements.txt"}
    assert run("verify").code == 0


def test_P4_a_reviewed_line_lets_a_wheel_pass(run: Here, remainder: Path, index: Loopback) -> None:
    hostile(index, extra={"zz.pth": b"import os\n"})
    (remainder / "distrofirst.toml").write_text('[allow]\npth = ["ZZ.beta"]\n')
    assert run("install", "--dry-run").code == 0
    (remainder / "distrofirst.toml").write_text('[allow]\npth = ["zz-gamma"]\nstdlib = ["zz-beta"]\n')
    assert run("install", "--dry-run").code == 5


def test_P4_what_no_review_can_settle_is_no_key(run: Here, remainder: Path) -> None:
    (remainder / "distrofirst.toml").write_text('[allow]\noutside = ["zz-beta"]\n')
    ran = run("install", "--dry-run")
    assert (ran.code, ran.out) == (2, "")
    assert "allow.outside is nothing that can be allowed" in ran.err


def test_a_wheel_is_fetched_once(run: Here, remainder: Path, index: Loopback) -> None:
    path = "/files/zz_beta-1.5-py3-none-any.whl"
    assert run("install", "--dry-run").code == 0
    assert index.asked(path) == 1
    assert run("install", "--yes").code == 0
    assert run("verify").code == 0
    assert run("lock", "-o", "lock.toml").code == 0
    assert run("install", "--lock", "lock.toml", "--venv", "other", "--yes", "--offline").code == 0
    assert run("verify", "--venv", "other").code == 0
    assert index.asked(path) == 1
    assert (remainder / "other").is_dir()


def test_a_damaged_file_in_the_cache_is_fetched_again(run: Here, remainder: Path, index: Loopback, home: Path) -> None:
    assert run("install", "--dry-run").code == 0
    (kept,) = home.glob(".cache/distrofirst/wheels/*/*.whl")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    assert run("install", "--dry-run").code == 0
    assert kept.read_bytes() == whole
    assert index.asked("/files/zz_beta-1.5-py3-none-any.whl") == 2
    assert remainder.is_dir()


def test_P1_a_login_of_the_index_is_used_for_wheels(
    run: Here, remainder: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", index.url.replace("//", "//me:secret@") + "/simple/")
    ran = run("install", "--dry-run")
    assert ran.code == 0
    (asked,) = (one for one in index.requests if one.path.endswith(".whl"))
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()
    assert "secret" not in ran.out + ran.err
    assert run("lock", "-o", "lock.toml").code == 0
    assert "secret" not in (remainder / "lock.toml").read_text()


def test_offline_does_not_download(run: Here, remainder: Path, index: Loopback) -> None:
    assert run("lock", "-o", "lock.toml").code == 0
    asked = len(index.requests)
    ran = run("install", "--lock", "lock.toml", "--yes", "--offline")
    assert (ran.code, ran.out) == (3, "")
    assert "1 wheel" in ran.err
    assert len(index.requests) == asked
    assert not (remainder / "venv").exists()


def test_a_lock_of_another_release_is_refused(run: Here, remainder: Path, debian: str) -> None:
    other = "debian:13" if debian == "debian:12" else "debian:12"
    assert run("lock", "--target", other, "-o", "lock.toml").code == 0
    ran = run("install", "--lock", "lock.toml", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert f"lock.toml: the lock is for release {other} and Python " in ran.err
    assert f", and this host has {debian} and " in ran.err
    assert f"hint: make one for this kind of host: distrofirst lock --target {debian} --python " in ran.err
    assert not (remainder / "venv").exists()


@pytest.mark.parametrize(("field", "other"), [("architecture", "riscv64"), ("python", "3.9")])
def test_a_lock_that_differs_in_one_thing_is_refused_before_all_else(
    run: Here, remainder: Path, debian: str, field: str, other: str
) -> None:
    assert debian
    assert run("lock", "-o", "lock.toml").code == 0
    text = (remainder / "lock.toml").read_text()
    changed = re.sub(rf'^{field} = ".*"$', f'{field} = "{other}"', text, flags=re.MULTILINE)
    assert changed != text
    (remainder / "lock.toml").write_text(changed)
    for more in ((), ("--dry-run",), ("--user-only",)):
        ran = run("install", "--lock", "lock.toml", "--yes", *more)
        assert (ran.code, ran.out) == (2, "")
        assert re.match(rf"distrofirst: error: lock\.toml: the lock is for \w+ {re.escape(other)}, and ", ran.err)
        assert len(ran.err.splitlines()) == 2, "nothing was fetched or judged before"


def test_X3_user_only_prints_what_an_administrator_must_run(run: Here, folder: Path, debian: str) -> None:
    assert debian
    (folder / "requirements.txt").write_text("flask\n")
    assert run("lock", "-o", "lock.toml", "--only-distro").code == 0
    lock = folder / "lock.toml"
    head, name, rest = lock.read_text().partition('name = "python3-flask"\nversion = "')
    lock.write_text(f"{head}{name}99:{rest}")
    for more in ("--yes", "--dry-run"):
        ran = run("install", "--lock", "lock.toml", "--user-only", more)
        assert ran.code == 1
        (command,) = ran.out.splitlines()
        words = shlex.split(command)
        assert "apt-get" in words
        assert any(word.startswith("python3-flask=99:") for word in words)
        assert "error: --user-only: these OS packages are missing, or not at the planned versions: " in ran.err
        assert "python3-flask" in ran.err
        assert "hint: let an administrator run what stdout has, then repeat the command" in ran.err
        told = run("install", "--lock", "lock.toml", "--user-only", more, "--format", "json")
        assert (told.code, told.err) == (1, ran.err.replace("what stdout has", "left"))
        about = told.json
        assert about.keys() == ABOUT_BOTH | ABOUT_AN_INSTALLATION
        assert (about["schema"], about["changed"], about["commands"]) == ("distrofirst/install/1", False, [])
        assert about["before"] == about["after"]
        assert about["left"]["commands"] == [command]
        (flask,) = (one for one in about["left"]["os_packages"] if one["name"] == "python3-flask")
        assert flask["after"].startswith("99:")
        assert flask["before"] != flask["after"]
        assert {path.name for path in folder.iterdir()} == {"requirements.txt", "lock.toml"}


def test_an_os_package_that_apt_does_not_have_in_that_version(run: Here, folder: Path, debian: str) -> None:
    assert debian
    (folder / "requirements.txt").write_text("flask\n")
    assert run("lock", "-o", "lock.toml", "--only-distro").code == 0
    lock = folder / "lock.toml"
    head, name, rest = lock.read_text().partition('name = "python3-flask"\nversion = "')
    lock.write_text(f"{head}{name}99:{rest}")
    ran = run("install", "--lock", "lock.toml", "--dry-run")
    assert (ran.code, ran.out) == (4, "")
    assert "python3-flask" in ran.err
    assert "99:" in ran.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lock.toml: "),
        ("lock-version = ", "lock.toml: not TOML"),
        ('lock-version = "1.0"\ncreated-by = "x"\npackages = []\n', "[tool.distrofirst] is missing"),
    ],
)
def test_what_is_no_lock_is_bad_input(run: Here, folder: Path, debian: str, text: str, message: str) -> None:
    assert debian
    (folder / "lock.toml").write_text(text)
    for command in (("install", "--dry-run"), ("verify",)):
        ran = run(*command, "--lock", "lock.toml")
        assert (ran.code, ran.out) == (2, "")
        assert message in ran.err


def test_verify_finds_what_is_missing(run: Here, remainder: Path) -> None:
    assert remainder.is_dir()
    assert run("lock", "-o", "lock.toml").code == 0
    ran = run("verify", "--lock", "lock.toml")
    assert ran.code == 2
    assert "there is no environment here" in ran.err
