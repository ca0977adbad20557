"""``distrofirst diff``: what moved between two plans, whichever files hold them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.commandline import TRIXIE, Here
from tests.simple_server import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

BOOKWORM = ("--target", "debian:12")


def report(run: Here, folder: Path, name: str, requirements: str, *target: str) -> str:
    (folder / "requirements.txt").write_text(requirements)
    ran = run("report", "--format", "json", "-o", name, *(target or TRIXIE))
    assert ran.code in {0, 1}, ran.err
    return name


def test_the_same_plan_has_no_differences(run: Here, folder: Path, index: Loopback) -> None:
    assert index.url
    name = report(run, folder, "a.json", "flask\nzz-alpha\n")
    ran = run("diff", name, name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("debian:13: ")
    assert ran.out.endswith(" projects, all as before\n")


def test_every_move_is_told_with_its_reason(run: Here, folder: Path, index: Loopback) -> None:
    universe: dict[str, dict[str, dict[str, Any]]] = {
        "flask": {"99.0": {}},
        "zz-a": {"1.0": {}, "2.0": {}},
        "zz-b": {"1.0": {}},
        "zz-c": {"1.0": {}},
        "requests": {"99.0": {}},
    }
    serve(index, universe, "metadata")
    old = report(run, folder, "old.json", "flask\nzz-a<2\nzz-b\nzz-c\nrequests>=99\n")
    new = report(run, folder, "new.json", "flask>=99\nzz-a\nzz-c>5\nrequests\nidna\n")
    ran = run("diff", old, new)
    told = {line.partition(":")[0].strip(): line.strip() for line in ran.out.splitlines() if line.startswith("  ")}
    assert ran.code == 0
    assert told["zz-c"].startswith("zz-c: PyPI 1.0 → unmet (")
    assert told["flask"].startswith("flask: python3-flask ")
    assert "→ PyPI 99.0 (version too old: " in told["flask"]
    assert told["requests"].startswith("requests: PyPI 99.0 → python3-requests ")
    assert "(was: version too old: " in told["requests"]
    assert told["zz-a"] == "zz-a: PyPI 1.0 → PyPI 2.0"
    assert told["zz-b"] == "zz-b: PyPI 1.0"
    titles = [line for line in ran.out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles == [
        "not met any more:",
        "now from PyPI:",
        "now from the distribution:",
        "in another version:",
        "new:",
        "gone:",
    ]


def test_a_report_and_a_lock_of_two_releases(run: Here, folder: Path, index: Loopback) -> None:
    assert index.url
    old = report(run, folder, "old.json", "flask\nzz-alpha==1.0\n", *BOOKWORM)
    assert run("lock", *TRIXIE, "-o", "new.toml").code == 0
    ran = run("diff", old, "new.toml", "--format", "json")
    (comparison,) = ran.json["comparisons"]
    assert (comparison["before"], comparison["after"]) == ("debian:12", "debian:13")
    moved = {one["name"]: one for one in comparison["differences"]}
    assert moved["flask"]["move"] == "version"
    assert moved["flask"]["before"]["os_package"].startswith("python3-flask 2.2")
    assert "zz-alpha" not in moved
    assert run("diff", old, "new.toml").out.startswith("debian:12 → debian:13: ")


def test_targets_are_held_against_their_likes(run: Here, folder: Path) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    both = ("--direct", "--format", "json", *BOOKWORM, *TRIXIE)
    assert run("report", "-o", "both.json", *both).code == 0
    assert run("report", "-o", "one.json", "--direct", "--format", "json", *TRIXIE).code == 0
    (comparison,) = run("diff", "both.json", "one.json", "--format", "json").json["comparisons"]
    assert (comparison["before"], comparison["after"]) == ("debian:13", "debian:13")
    assert len(run("diff", "both.json", "both.json", "--format", "json").json["comparisons"]) == 2
    assert run("report", "-o", "sid.json", "--direct", "--format", "json", "--target", "debian:sid").code == 0
    ran = run("diff", "both.json", "sid.json")
    assert (ran.code, ran.out) == (2, "")
    assert "the files speak of different targets: debian:12, debian:13 and debian:sid" in ran.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "lock-version"),
        ("{", "neither a report nor a lock"),
        ("{}", "its schema is not"),
        (json.dumps({"schema": "distrofirst/report/1"}), "neither a report"),
        (json.dumps({"schema": "distrofirst/report/1", "targets": [{"target": "x", "projects": [7]}]}), "neither"),
        ("[" * 100_000, "not TOML"),
        ('{"a":' * 100_000, "neither"),
    ],
)
def test_what_is_neither_a_report_nor_a_lock_is_named(run: Here, folder: Path, text: str, why: str) -> None:
    (folder / "x").write_text(text)
    ran = run("diff", "x", "x")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("distrofirst: error: x: ")
    assert why in ran.err
