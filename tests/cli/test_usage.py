"""How a command line is read, and what each refusal says."""

from __future__ import annotations

import argparse
import platform
from typing import TYPE_CHECKING

import pytest

from resolver import __version__, cli
from resolver.arguments import build_parser
from resolver.cli import main
from resolver.hosts import apt_root
from tests.cli.commandline import TRIXIE, Here

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

COMMANDS = (
    "report", "lock", "mirror", "install", "explain", "diff", "verify", "undo", "audit", "review", "update", "targets"
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_options_of_every_command(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"usage: distrofirst {command} ")
    assert told.err == ""
    for option in ("--quiet", "--verbose", "--no-color", "--config FILE", "--offline"):
        assert option in told.out


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(f"    {command} " in out for command in COMMANDS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"distrofirst {__version__}\n")


@pytest.mark.parametrize(
    ("argv", "message", "hint"),
    [
        ((), "no command was given", "distrofirst --help"),
        (("reprot",), "invalid choice: 'reprot'", "distrofirst --help"),
        (("report", "--diretc"), "report: there is no option --diretc", "did you mean --direct?"),
        (("report", "--dir"), "report: there is no option --dir", "did you mean --direct?"),
        (("report", "--zzz=3"), "report: there is no option --zzz", "distrofirst report --help"),
        (("--zzz", "report"), "there is no option --zzz", "--help"),
        (("targets", "mine"), "targets: unexpected argument 'mine'", "distrofirst targets --help"),
        (("report", "--format", "xml"), "invalid choice: 'xml' (choose from", "distrofirst report --help"),
        (("lock", "--pins", "some"), "'some' (choose from ", "lock --help"),
        (("lock", "--prefer", "oldest"), "'oldest' (choose from ", "lock --help"),
        (("lock", "--direct"), "lock: there is no option --direct", "help"),
        (("report", "--fail-under", "many"), "'many' is no percentage; expected 0 to 100", "help"),
        (("report", "--fail-under", "100.5"), "'100.5' is no percentage", "help"),
        (("report", "--fail-under", "nan"), "'nan' is no percentage", "help"),
        (("report", "--uploaded-before", "soon"), "--uploaded-before: 'soon' is no date", "2026-11-01"),
        (("report", "--config", "none.toml"), "none.toml: the configuration cannot be read: No such file", "--config"),
        (("report", "none.txt"), "'none.txt' does not exist", None),
        (("report", "--extra", "a"), "neither requirements.txt nor pyproject.toml", "name a requirements file"),
        (("install", "--lock", "l.toml", "r.txt"), "install: INPUT does not go with --lock", "help"),
        (("install", "--lock", "l.toml", "--pins", "exact"), "install: --pins does not go with --lock", "help"),
        (("install", "--lock", "l.toml"), "l.toml: the lock cannot be read: No such file", "distrofirst lock"),
        (("install", *TRIXIE), "install: there is no option --target", "help"),
        (("verify",), "venv: no environment that distrofirst made", "--venv"),
        (("report", *TRIXIE, "--repo-key", "k"), "--repo-key is the key of a --repo", "help"),
    ],
)
def test_bad_usage(run: Here, argv: tuple[str, ...], message: str, hint: str | None) -> None:
    ran = run(*argv)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("distrofirst: error: ")
    assert message in ran.err
    assert ("distrofirst: hint: " in ran.err) == (hint is not None)
    assert hint is None or hint in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("target", "message", "hint"),
    [
        ("debain:13", "'debain:13' is no release", "did you mean debian:13?"),
        ("debian13", "'debian13' is no release", "did you mean debian:13?"),
        ("trixie", "'trixie' is no release", "did you mean debian:13?"),
        ("hots", "'hots' is no release", "did you mean host?"),
        ("windows:11", "'windows:11' is no release", "one of: host, debian:11"),
        ("debian:99", "debian 99 is no release", "debian:12, debian:13"),
        ("debian:", "'debian:' is no release", "debian:"),
    ],
)
def test_an_unknown_target(run: Here, folder: Path, target: str, message: str, hint: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report", "--target", target)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"distrofirst: error: --target: {message}")
    assert hint in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arch", "message", "hint"),
    [
        ("x86_64", "'x86_64' is no architecture of Debian's", "did you mean amd64?"),
        ("pdp11", "'pdp11' is no architecture", "one of: amd64, arm64"),
    ],
)
def test_an_unknown_architecture(run: Here, folder: Path, arch: str, message: str, hint: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report", *TRIXIE, "--arch", arch)
    assert ran.code == 2
    assert message in ran.err
    assert hint in ran.err


@pytest.mark.parametrize("where", ["before", "after", "both"])
def test_options_of_every_command_stand_before_it_or_after_it(run: Here, folder: Path, where: str) -> None:
    (folder / "other.toml").write_text('pins = "prefer"\n')
    (folder / "requirements.txt").write_text("flask==0.1\nzz-absent\n")
    common = ("--offline", "--config", "other.toml", "-q")
    before = common if where in {"before", "both"} else ()
    after = common if where in {"after", "both"} else ()
    ran = run(*before, "report", *TRIXIE, "--format", "json", *after)
    assert (ran.code, ran.out) == (3, "")  # --offline was heard
    assert run(*before, "report", "--direct", *TRIXIE, "--format", "json", *after).outcomes["flask"] == "distro"


def test_q_leaves_payload_and_errors_alone(run: Here, folder: Path, index: Loopback) -> None:
    (folder / "requirements.txt").write_text("--prefer-binary stray\nzz-absent\n")
    loud = run("report", *TRIXIE, "--fail-under", "90")
    assert "distrofirst: warning: requirements.txt:" in loud.err
    assert "distrofirst: coverage is under 90 % for debian:13" in loud.err
    quiet = run("report", "-q", *TRIXIE, "--fail-under", "90")
    assert (quiet.code, quiet.out, quiet.err) == (1, loud.out, "")
    assert "distrofirst: error: " in run("report", "-q", "none.txt").err
    assert index.requests


def test_R1_configured_extra_indexes_are_left_out_with_a_warning(
    run: Here, folder: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://extra.example/simple/")
    (folder / "requirements.txt").write_text("zz-beta\n")
    ran = run("report", *TRIXIE)
    assert ran.code == 0
    assert "warning: PIP_EXTRA_INDEX_URL: extra-index-url https://extra.example/simple/ is not used" in ran.err
    assert index.requests


def test_targets_answer_without_fetching(run: Here) -> None:
    ran = run("targets", "--offline")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert [row[0] for row in rows] == ["debian:12", "debian:13", "debian:sid"]
    assert [row[2] for row in rows[:2]] == ["3.11", "3.13"]
    assert "ubuntu:24.04" in ran.err
    assert "debian:13" not in ran.err
    assert run("targets", "-q").err == ""


def test_the_configuration_speaks_and_the_command_line_wins(run: Here, folder: Path) -> None:
    (folder / "distrofirst.toml").write_text(
        'targets = ["debian:13", "debian:12"]\npins = "prefer"\nexclude = ["Requests"]\n[pins-for]\nDjango = "exact"\n'
    )
    (folder / "requirements.txt").write_text("flask==0.1\ndjango==1.1\nrequests\n")
    ran = run("report", "--direct", "--format", "json")
    assert [target["target"] for target in ran.json["targets"]] == ["debian:13", "debian:12"]
    told = {project["name"]: (project["outcome"], project["reason"]) for project in ran.json["targets"][0]["projects"]}
    assert told == {
        "flask": ("distro", None),
        "django": ("unresolved", "version-too-new"),
        "requests": ("unresolved", "excluded-by-policy"),
    }
    assert run("report", "--direct", "--format", "json", *TRIXIE, "--pins", "exact").outcomes["flask"] == "unresolved"
    assert run("explain", "flask", "--direct").out.count("debian:1") >= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('pin = "exact"', "distrofirst.toml: unknown key 'pin'"),
        ("pins = 3", "pins has to be a string"),
        ("pins = ", "the configuration is not TOML"),
    ],
)
def test_a_bad_configuration_is_bad_input(run: Here, folder: Path, text: str, message: str) -> None:
    (folder / "distrofirst.toml").write_text(text)
    ran = run("targets")
    assert ran.code == 2
    assert message in ran.err


def test_update_needs_the_network(run: Here) -> None:
    ran = run("update", *TRIXIE, "--offline")
    assert (ran.code, ran.out) == (3, "")
    assert "update fetches" in ran.err


def test_a_host_that_is_not_served_can_look_at_others(run: Here, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"ID": "arch", "PRETTY_NAME": "Arch Linux"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: facts)
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report")
    assert ran.code == 2
    assert "this host runs Arch Linux" in ran.err
    assert "--target debian:13" in ran.err
    assert run("report", *TRIXIE).code == 0


def test_I6_a_host_without_python_apt_cannot_answer(
    run: Here, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho \"ModuleNotFoundError: No module named 'apt_pkg'\" >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(apt_root, "SYSTEM_PYTHON", str(python))
    monkeypatch.setattr(
        platform, "freedesktop_os_release", lambda: {"ID": "debian", "VERSION_ID": "13", "VERSION_CODENAME": "trixie"}
    )
    (folder / "requirements.txt").write_text("flask\n")
    ran = run("report")
    assert (ran.code, ran.out) == (3, "")
    assert "cannot import python-apt" in ran.err
    assert "apt-get install python3-apt" in ran.err


def test_a_fault_of_ours_does_not_read_as_no(run: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> int:
        raise ZeroDivisionError("1 is the code of an uncaught error, and of an answer")

    monkeypatch.setattr(cli._Session, "run", fail)
    ran = run("targets")
    assert ran.code == 70
    assert "ZeroDivisionError" in ran.err
    assert "a fault of distrofirst itself" in ran.err


def test_ctrl_c(run: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli._Session, "run", interrupt)
    ran = run("targets")
    assert (ran.code, ran.err) == (130, "distrofirst: interrupted\n")


def test_every_option_has_help() -> None:
    for name, command in commands().items():
        for action in command._actions:
            assert action.help, f"{name}: {action.option_strings or action.dest} is not explained"


def commands() -> dict[str, argparse.ArgumentParser]:
    """Give the parser of each command."""
    (choices,) = (
        action.choices for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)
    )
    return dict(choices)
