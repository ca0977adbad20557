"""What every plan promises, whatever the universe: held against plans of random small worlds.

The checks know nothing of the resolver's code: they read the universe, the requirements and the plan. A world that
fails is printed in the form of ``tests/cases/*.toml``; minimized, it belongs there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

pytest.importorskip("hypothesis", reason="property tests need hypothesis")

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from resolver.model import Outcome, PinsPolicy, Preference, Reason
from resolver.resolve import Policy, pins, resolve
from tests import universe
from tests.fakes import FakeIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.specifiers import SpecifierSet

    from resolver.model import Decision, Resolution

NAMES = ("a", "b", "c", "d", "e", "f")
VERSIONS = ("1", "2", "3", "4rc1")
BOUNDS = ("", "", "", ">=1", ">=2", "<2", "<3", "==1", "==2", "==2.*", "!=2", ">=4rc1")
EXTRAS = ("", "", "", "[x]", "[y]", "[x,y]")
MARKERS = ("", "", "", "", 'extra == "x"', 'extra == "y"', 'python_version < "3"', 'sys_platform == "linux"')
ENVIRONMENT = {"python_version": "3.13", "python_full_version": "3.13.5", "sys_platform": "linux", "os_name": "posix"}


@dataclass(frozen=True, kw_only=True)
class World:
    """A universe and what is asked of it, as a case file writes it."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    distro: Mapping[str, Any] = field(default_factory=dict)
    pypi: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)

    def plan(self, requirements: Iterable[str] | None = None) -> Resolution:
        """Resolve, through a real index and a real requirements file."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            catalog = universe.catalog(folder, self.distro)
            wanted = universe.requirements(
                folder, list(self.requirements if requirements is None else requirements), list(self.constraints)
            )
            return resolve(wanted, catalog, FakeIndex(self.pypi), self.policy)

    def package(self, project: str) -> str | None:
        """Give the OS package that carries a project."""
        return next((name for name, record in self.distro.items() if project in record.get("projects", ())), None)

    def below(self, package: str) -> set[str]:
        """Give the projects that the OS packages below one carry, transitively."""
        seen, queue = {package}, [package]
        for current in queue:
            new = [name for name in self.distro[current].get("depends", ()) if name in self.distro and name not in seen]
            seen.update(new)
            queue.extend(new)
        return {project for name in seen - {package} for project in self.distro[name].get("projects", ())}


@st.composite
def demands(draw: st.DrawFn, *, markers: bool = True) -> str:
    """One line of Requires-Dist, or one requirement."""
    marker = draw(st.sampled_from(MARKERS)) if markers else ""
    line = f"{draw(st.sampled_from(NAMES))}{draw(st.sampled_from(EXTRAS))}{draw(st.sampled_from(BOUNDS))}"
    return f"{line} ; {marker}" if marker else line


def subsets(values: Iterable[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(values)), max_size=most, unique=True)


@st.composite
def distributions(draw: st.DrawFn) -> dict[str, Any]:
    """OS packages: most carry one project, some none, some two; dependencies may go round in circles."""
    names = [f"python3-{name}" for name in NAMES]
    distro: dict[str, Any] = {}
    for name in draw(subsets(NAMES, 6)):
        distro[f"python3-{name}"] = {
            "version": f"{(version := draw(st.sampled_from(('1', '2', '3'))))}-1",
            "projects": {name: version},
            "depends": draw(subsets([*names, "python3-lib"], 3)),
            "extras": {
                extra: draw(st.lists(demands(markers=False), max_size=2)) for extra in draw(subsets(("x", "y"), 2))
            },
            **({"trusted": False} if draw(st.integers(0, 9)) == 0 else {}),
        }
    if draw(st.booleans()):
        distro["python3-lib"] = {"version": "7-1", "depends": draw(subsets(names, 2))}
    return distro


@st.composite
def indexes(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Wheels of the projects, with demands on each other; URLs among them, which nothing may follow."""
    pypi: dict[str, dict[str, Any]] = {}
    for name in draw(subsets(NAMES, 6)):
        pypi[name] = {}
        for version in draw(subsets(VERSIONS, 3)):
            lines = draw(st.lists(demands(), max_size=3))
            if draw(st.integers(0, 30)) == 0:
                lines.append(f"{draw(st.sampled_from(NAMES))} @ https://files.example/x-1-py3-none-any.whl")
            pypi[name][version] = {"requires": lines} | ({"yanked": "bad"} if draw(st.integers(0, 15)) == 0 else {})
    return pypi


policies = st.builds(
    Policy,
    pins=st.sampled_from(PinsPolicy),
    prefer=st.sampled_from(Preference),
    only_distro=st.sampled_from([False, False, False, True]),
    exclude=st.sampled_from([frozenset(), frozenset(), frozenset(), frozenset({canonicalize_name("a")})]),
)

worlds = st.builds(
    World,
    requirements=st.lists(demands(), min_size=1, max_size=4, unique=True).map(tuple),
    constraints=st.lists(
        st.builds("{}{}".format, st.sampled_from(NAMES), st.sampled_from([">=2", "<3", "==1", "==2"])), max_size=1
    ).map(tuple),
    distro=distributions(),
    pypi=indexes(),
    policy=policies,
)


# --- the checks ---


def applies(line: Requirement, extras: Iterable[str]) -> bool:
    if line.marker is None:
        return True
    return any(line.marker.evaluate({**ENVIRONMENT, "extra": extra}) for extra in ("", *extras))


def admits(specifier: SpecifierSet, version: str | None) -> bool:
    return version is not None and specifier.contains(Version(version), prereleases=True)


def listed(world: World, *, constraints: bool = True) -> Iterator[Requirement]:
    lines = [*world.requirements, *(world.constraints if constraints else ())]
    yield from (line for line in map(Requirement, lines) if applies(line, ()))


def demanded(world: World, decision: Decision) -> list[Requirement]:
    """Give what a chosen project asks for, by the universe's tables: a wheel's lines, an OS package's extras."""
    if decision.outcome is Outcome.PYPI:
        lines = world.pypi[decision.name][str(decision.version)]["requires"]
        return [line for line in map(Requirement, lines) if applies(line, decision.extras)]
    assert decision.os is not None
    offered = world.distro[decision.os.package.name]["extras"] if decision.extras else {}
    return [Requirement(line) for extra in decision.extras for line in offered[extra]]


def check_listed(world: World, plan: Mapping[str, Decision]) -> None:
    """Every requirement has its answer; the answer meets it, by the policy where the distribution's serves."""
    for line in map(Requirement, world.requirements):
        assert line.name in plan
    for line in listed(world):
        decision = plan.get(line.name)
        if decision is None or decision.outcome in {Outcome.UNMET, Outcome.INAPPLICABLE}:
            continue
        assert line.extras <= set(decision.extras)
        from_distro = decision.outcome is Outcome.DISTRO
        bound = pins.loosen(line.specifier, world.policy.pins) if from_distro else line.specifier
        assert admits(bound, decision.version), line


def check_distro(world: World, plan: Mapping[str, Decision]) -> None:
    """R1, R2, R4, T1: what the distribution serves, it has, it is trusted, and all below it is its own too."""
    for decision in plan.values():
        if decision.outcome is not Outcome.DISTRO:
            continue
        package = world.package(decision.name)
        assert package is not None
        assert decision.os is not None
        assert (decision.reason, decision.os.package.name) == (None, package)
        record = world.distro[package]
        assert decision.version == record["projects"][decision.name]
        assert record.get("trusted", True)
        assert set(decision.extras) <= record["extras"].keys()
        assert decision.name not in world.policy.exclude
        for project in world.below(package):
            assert plan[project].outcome is Outcome.DISTRO, f"{decision.name} stands on {project}"


def check_pypi(world: World, plan: Mapping[str, Decision]) -> None:
    """R1, R8, P3: a wheel is there because the distribution cannot, and the reason says so truly."""
    for decision in plan.values():
        if decision.outcome is not Outcome.PYPI:
            continue
        assert not world.policy.only_distro
        assert decision.reason is not None
        about = world.pypi[decision.name][str(decision.version)]
        asked = [line for line in listed(world) if line.name == decision.name]
        asked += [line for line in needs_of(world, plan) if line.name == decision.name]
        if "yanked" in about:
            assert any(str(line.specifier) == f"=={decision.version}" for line in asked)
        package = world.package(decision.name)
        if package is None:
            assert decision.reason in {Reason.NOT_PACKAGED, Reason.NO_EVIDENCE}
        elif decision.reason.startswith("version"):
            version = world.distro[package]["projects"][decision.name]
            assert not all(admits(line.specifier, version) for line in asked), decision.detail
        elif decision.reason is Reason.EXTRA_MISSING:
            missing = set(decision.extras) - world.distro[package]["extras"].keys()
            assert missing or "cannot be met together" in str(decision.detail)
        elif decision.reason is Reason.UNTRUSTED_REPOSITORY:
            assert not world.distro[package].get("trusted", True)
        elif decision.reason is Reason.EXCLUDED_BY_POLICY:
            assert decision.name in world.policy.exclude
        else:
            assert decision.reason is Reason.DEMOTED


def needs_of(world: World, plan: Mapping[str, Decision]) -> Iterator[Requirement]:
    for decision in plan.values():
        if decision.outcome in {Outcome.DISTRO, Outcome.PYPI}:
            yield from demanded(world, decision)


def check_needs(world: World, plan: Mapping[str, Decision]) -> None:
    """R4, R6: what a chosen project asks for is in the plan and meets it; no URL of a wheel is followed.

    A project that an input asks for in vain stays so, whoever else needs it: the plan cannot be carried out then.
    """
    direct = {line.name for line in listed(world, constraints=False)}
    for decision in plan.values():
        if decision.outcome not in {Outcome.DISTRO, Outcome.PYPI}:
            continue
        for line in demanded(world, decision):
            assert line.url is None
            needed = plan[line.name]
            assert line.name == decision.name or line.name in decision.depends
            if needed.outcome is Outcome.UNMET and needed.name in direct:
                continue
            assert needed.outcome in {Outcome.DISTRO, Outcome.PYPI}
            assert line.extras <= set(needed.extras)
            if decision.outcome is Outcome.PYPI or needed.outcome is Outcome.PYPI:
                assert admits(line.specifier, needed.version), f"{decision.name} needs {line}"


def check_askers(world: World, plan: Mapping[str, Decision]) -> None:
    """R8: everybody in the plan was asked for, by an input's line or by a project of the plan that needs it."""
    for decision in plan.values():
        assert decision.requested_by
        for asker in decision.requested_by:
            if ":" in asker:
                line = Requirement(world.requirements[int(asker.rpartition(":")[2]) - 1])
                assert line.name == decision.name
            else:
                assert asker != decision.name
                assert decision.name in plan[asker].depends
        if decision.outcome is Outcome.UNMET:
            assert decision.reason is not None
            assert decision.detail


def outcomes(resolution: Resolution) -> dict[str, tuple[str, str | None, tuple[str, ...], str | None]]:
    return {one.name: (one.outcome, one.version, one.extras, one.reason) for one in resolution.decisions}


@settings(max_examples=300, derandomize=True)
@given(worlds)
def test_R1_to_R8_every_plan_keeps_the_rules(world: World) -> None:
    resolution = world.plan()
    plan: dict[str, Decision] = {one.name: one for one in resolution.decisions}
    assert [one.name for one in resolution.decisions] == sorted(plan)
    assert {one.outcome for one in plan.values()} <= set(Outcome) - {Outcome.UNRESOLVED}
    check_listed(world, plan)
    check_distro(world, plan)
    check_pypi(world, plan)
    check_needs(world, plan)
    check_askers(world, plan)
    for one in plan.values():
        event(f"{one.outcome} {one.reason or ''}")


@settings(max_examples=100, derandomize=True)
@given(worlds)
def test_R7_the_order_of_the_lines_changes_nothing_unless_they_conflict(world: World) -> None:
    plan = world.plan()
    assume(not any(one.outcome is Outcome.UNMET for one in plan.decisions))
    for lines in (
        world.requirements[::-1],
        sorted(world.requirements),
        world.requirements[1:] + world.requirements[:1],
    ):
        assert outcomes(world.plan(lines)) == outcomes(plan)


def plans_exist(world: World) -> bool:
    """Try every set of versions of every project: whether one meets all requirements, PyPI alone."""
    roots = list(listed(world, constraints=False))
    bounds = [Requirement(line) for line in world.constraints]

    def meets(chosen: Mapping[str, str]) -> bool:
        wanted: dict[str, set[str]] = {}
        queue = list(roots)
        for line in queue:
            version = chosen.get(line.name)
            if version is None or not all(
                admits(one.specifier, version) for one in [line, *bounds] if one.name == line.name
            ):
                return False
            new = line.extras - wanted.get(line.name, set())
            if line.name not in wanted or new:
                extras = wanted.setdefault(line.name, set())
                extras |= line.extras
                lines = map(Requirement, world.pypi[line.name][version]["requires"])
                queue.extend(one for one in lines if applies(one, extras))
        return True

    names = sorted(world.pypi)
    return any(meets(dict(zip(names, versions, strict=True))) for versions in product(*(world.pypi[n] for n in names)))


@settings(max_examples=150, derandomize=True)
@given(worlds)
def test_a_plan_is_found_where_there_is_one(world: World) -> None:
    pypi = {
        name: {
            version: {"requires": [line for line in about["requires"] if "@" not in line]}
            for version, about in versions.items()
            if version != "4rc1"  # which counts only where there is nothing else, whether that works or not
        }
        for name, versions in world.pypi.items()
        if versions.keys() - {"4rc1"}
    }
    world = replace(world, distro={}, pypi=pypi, policy=Policy(prefer=world.policy.prefer))
    plan = world.plan()
    unmet = [one.name for one in plan.decisions if one.outcome is Outcome.UNMET]
    assert bool(unmet) is not plans_exist(world), unmet
    event(f"unmet: {bool(unmet)}")
