"""The two questions and their answers in words: direct and whole (rules I6, R4, R5, R8, R9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

from resolver.errors import InputError
from resolver.model import Outcome, PinsPolicy, Reason
from resolver.resolve import Policy, resolve, resolve_direct
from tests import universe
from tests.unit.resolve.worlds import World, packaged

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packaging.utils import NormalizedName

    from resolver.model import Decision


def direct(folder: Path, distro: dict[str, Any], *lines: str, policy: Policy | None = None) -> dict[str, Decision]:
    catalog = universe.catalog(folder, distro)
    found = resolve_direct(universe.requirements(folder, list(lines)), catalog, policy or Policy())
    return {str(one.name): one for one in found.decisions}


def test_direct_looks_at_the_listed_lines_alone(tmp_path: Path) -> None:
    distro = packaged(a="1.0", b="1.0")
    distro["python3-a"]["depends"] = ["python3-b"]
    plan = direct(tmp_path, distro, "a", "gone", "b ; sys_platform == 'win32'")
    assert {name: one.outcome for name, one in plan.items()} == {
        "a": Outcome.DISTRO,
        "b": Outcome.INAPPLICABLE,
        "gone": Outcome.UNRESOLVED,
    }
    assert (plan["gone"].reason, plan["b"].reason) == (Reason.NOT_PACKAGED, Reason.MARKER_FALSE)


def test_R4_direct_takes_extras_on_trust_and_says_so(tmp_path: Path) -> None:
    distro = packaged(a="1.0", b="1.0")
    distro["python3-a"]["extras"] = "unknown"
    distro["python3-b"]["extras"] = {}
    plan = direct(tmp_path, distro, "a[x,y]", "b[x]")
    assert (plan["a"].outcome, plan["a"].detail) == (Outcome.DISTRO, "extras not checked: x, y")
    assert plan["b"].reason is Reason.EXTRA_MISSING


@pytest.mark.parametrize(
    ("line", "next_step"),
    [
        ("a==2.31.0", "--pins compatible would take 2.32.3"),
        ("a==1.9", "--pins minimum would take 2.32.3"),
        ("a==3.0", "--pins prefer would take 2.32.3"),
        ("a>=3", "loosen >=3 of app.txt:1 to admit 2.32.3"),
        ("a==2.31.0,<2.32", "loosen <2.32,==2.31.0 of app.txt:1 to admit 2.32.3"),
    ],
)
def test_R8_the_next_step_is_the_narrowest_that_helps(tmp_path: Path, line: str, next_step: str) -> None:
    assert direct(tmp_path, packaged(a="2.32.3"), line)["a"].next_step == next_step


def test_R8_another_place_comes_before_a_looser_pin(tmp_path: Path) -> None:
    def elsewhere(_: NormalizedName) -> Iterable[tuple[str, Version]]:
        return [("debian:12", Version("1.0")), ("debian:sid", Version("2.31.0"))]

    catalog = universe.catalog(tmp_path, packaged(a="2.32.3"))
    wanted = universe.requirements(tmp_path, ["a==2.31.0"])
    (decision,) = resolve_direct(wanted, catalog, Policy(), elsewhere=elsewhere).decisions
    assert decision.next_step == "debian:sid has 2.31.0; or --pins compatible would take 2.32.3"


@pytest.mark.parametrize(
    ("policy", "version", "loosened"),
    [(PinsPolicy.COMPATIBLE, "2.32.3", "==2.31.0"), (PinsPolicy.COMPATIBLE, "2.31.0", None)],
)
def test_R9_a_loosened_pin_is_named(tmp_path: Path, policy: PinsPolicy, version: str, loosened: str | None) -> None:
    found = direct(tmp_path, packaged(a=version), "a==2.31.0", policy=Policy(pins=policy))["a"]
    assert (found.outcome, found.version, found.loosened) == (Outcome.DISTRO, version, loosened)


def test_R9_coverage_is_told_for_every_policy(tmp_path: Path) -> None:
    distro = packaged(a="2.32.3", b="1.0", c="3.0")
    lines = ["a==2.31.0", "b==1.0", "c==4.0", "d==1.0", "e ; sys_platform == 'win32'"]
    found = resolve_direct(universe.requirements(tmp_path, lines), universe.catalog(tmp_path, distro), Policy())
    assert found.coverage_by_pins == {"exact": 0.25, "minimum": 0.5, "compatible": 0.5, "prefer": 0.75}
    assert found.requirements == 5


def test_R5_a_place_without_a_project_is_unmet_with_a_next_step(tmp_path: Path) -> None:
    url = "https://files.example/archive.zip"
    plan = World(tmp_path).plan(url, "a", policy=Policy())
    assert (plan[url].outcome, plan[url].reason) == (Outcome.UNMET, Reason.DIRECT_URL)
    assert plan[url].next_step


@pytest.mark.parametrize(
    ("lines", "constraints"),
    [(["a ; platform_release >= '5'"], None), (["b"], ["a<2 ; os_name ~= 'posix'"])],
)
def test_R4_a_marker_that_cannot_be_evaluated_is_an_input_error(
    tmp_path: Path, lines: list[str], constraints: list[str] | None
) -> None:
    wanted = universe.requirements(tmp_path, lines, constraints)
    catalog = universe.catalog(tmp_path, packaged(a="1.0"))
    with pytest.raises(InputError, match="cannot be evaluated for the target") as caught:
        resolve(wanted, catalog, None, Policy())
    assert str(caught.value.context) in {"app.txt:1", "limits.txt:1"}


def test_one_decision_for_several_lines(tmp_path: Path) -> None:
    plan = World(tmp_path, distro=packaged(a="2.5")).plan("a>=1", "a>=2,<3", "a != 2.1", "a; sys_platform == 'win32'")
    assert plan["a"].requested_by == ("app.txt:1", "app.txt:2", "app.txt:3")
    assert plan["a"].specifier == "!=2.1,<3,>=2"
    gone = World(tmp_path).plan("a[x]; sys_platform == 'win32'", "a[y]; python_version < '3'")["a"]
    assert (gone.outcome, gone.extras, gone.requested_by) == (
        Outcome.INAPPLICABLE,
        ("x", "y"),
        ("app.txt:1", "app.txt:2"),
    )


def test_R8_the_trail_tells_what_was_looked_up_and_rejected(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(a="1.0"), pypi={"a": {"2.0": {}, "3.0": {"sdist_only": True}}})
    assert world.plan("a>=2")["a"].trail == (
        "looked up in debian:13 (apt, 2026-11-01T00:00:00Z)",
        "python3-a 1.0-1 carries it as 1.0: Contents: a-1.0 in python3-a",
        "not from debian:13: python3-a is 1.0, app.txt:1 asks for >=2",
        "the index's 3.0: only an sdist",
    )
