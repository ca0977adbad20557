"""The scenario files of this folder: universes, requirements, outcomes and reasons."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from resolver.cooldown import Cooldown, parse
from resolver.model import Decision, Outcome, PinsPolicy, Preference, Resolution
from resolver.pypi.lookalikes import TrustedNames
from resolver.resolve import Policy, resolve
from tests import universe
from tests.fakes import FakeBuilder, FakeIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
CASES = sorted(Path(__file__).parent.glob("*.toml"))


def run(case: Mapping[str, Any], folder: Path) -> tuple[Resolution, FakeIndex]:
    """Resolve one case's requirements in its universe."""
    catalog = universe.catalog(
        folder, case.get("distro", {}), case.get("override"), prefix=case.get("prefix", "python3-")
    )
    index = FakeIndex(
        case.get("pypi", {}),
        python=catalog.target.python,
        status={name: (about["status"], about.get("reason")) for name, about in case.get("status", {}).items()},
        cooldown=cooldown(case),
    )
    policy = Policy(
        pins=PinsPolicy(case.get("pins", "exact")),
        pins_of=tuple((canonicalize_name(name), PinsPolicy(value)) for name, value in case.get("pins_for", {}).items()),
        prefer=Preference(case.get("prefer", "fewest")),
        only_distro=case.get("only_distro", False),
        exclude=frozenset(map(canonicalize_name, case.get("exclude", ()))),
        allow_sdist=frozenset(map(canonicalize_name, case.get("allow_sdist", ()))),
    )
    wanted = universe.requirements(folder, case["requirements"], case.get("constraints"))
    trusted = TrustedNames([*catalog.names(), *case.get("known_names", ())], case.get("popular", ()))
    reviewed = frozenset(map(canonicalize_name, case.get("reviewed", ())))
    resolution = resolve(
        wanted,
        catalog,
        index,
        policy,
        builder=FakeBuilder(index),
        resembles=lambda project: None if project in reviewed else trusted.lookalike(project),
    )
    return resolution, index


def cooldown(case: Mapping[str, Any]) -> Cooldown:
    """Read a case's limits; ages count back from NOW."""
    limit = case.get("uploaded_before")
    return Cooldown(
        limit=parse(limit, context="the case").at(NOW) if limit else None,
        limits=tuple(
            (canonicalize_name(name), parse(value, context="the case").at(NOW))
            for name, value in case.get("uploaded_before_for", {}).items()
        ),
        strict=case.get("strict_age", True),
    )


def seen(decision: Decision) -> dict[str, Any]:
    """Show a decision in the words of the case files."""
    served = decision.os if decision.outcome is Outcome.DISTRO else None
    packages = served.packages(decision.extras) if served else ()
    return {
        "outcome": decision.outcome.value,
        "version": decision.version,
        "reason": decision.reason.value if decision.reason else None,
        "detail": decision.detail or "",
        "requested_by": list(decision.requested_by),
        "depends": list(decision.depends),
        "extras": list(decision.extras),
        "loosened": decision.loosened,
        "os_package": decision.os.package.name if decision.os else None,
        "os_packages": [package.name for package in packages],
        "evidence": decision.os.evidence.value if decision.os else None,
        "metadata_version": decision.os.metadata_version if decision.os else None,
        "next_step": decision.next_step or "",
        "chain": list(decision.chain),
        "concerns": [concern.worry.value for concern in decision.concerns],
    }


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    resolution, index = run(case, tmp_path)
    decisions = {decision.name: decision for decision in resolution.decisions}
    for project, expected in case["expect"].items():
        assert project in decisions, f"{project} is not in the plan: {sorted(decisions)}"
        found = seen(decisions[project])
        for key, value in expected.items():
            if key in {"detail", "next_step"}:
                assert value in found[key], f"{project}: {key}"
            else:
                assert found[key] == value, f"{project}: {key} ({found})"
    assert not set(case.get("never_asked", ())) & set(index.listed)
    warned = case.get("warnings", [])
    assert len(resolution.warnings) == len(warned)
    assert all(found.startswith(begin) for found, begin in zip(resolution.warnings, warned, strict=True))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_R7_the_order_of_the_lines_changes_no_outcome(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    if path.stem.startswith("R8-conflict-"):
        pytest.skip("which of two conflicting lines is blamed depends on their order, by design")
    (tmp_path / "forward").mkdir()
    (tmp_path / "backward").mkdir()
    forward, _ = run(case, tmp_path / "forward")
    backward, _ = run({**case, "requirements": case["requirements"][::-1]}, tmp_path / "backward")

    def outcomes(resolution: Resolution) -> list[tuple[str, str, str | None]]:
        return [(one.name, one.outcome.value, one.version) for one in resolution.decisions]

    assert outcomes(forward) == outcomes(backward)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_R7_the_same_inputs_give_the_same_plan(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    assert run(case, tmp_path)[0] == run(case, tmp_path)[0]
