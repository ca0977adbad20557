"""Which candidates are offered, in which order, and what is noted of the others (rules R1, R4 to R6, R8, P3)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from resolver.model import Outcome, PinsPolicy, Preference, Reason
from resolver.resolve import Policy
from resolver.resolve.provider import REJECTIONS, WINDOW
from tests.fakes import FakeBuilder
from tests.unit.resolve.worlds import World, chosen, packaged

if TYPE_CHECKING:
    from pathlib import Path


def sha256(filename: str) -> str:
    """Give the hash that the fake index makes up for a wheel."""
    return hashlib.sha256(filename.encode()).hexdigest()


def test_P2_few_releases_are_built_in_search_of_one(tmp_path: Path) -> None:
    """Each build may take minutes; none fits here."""
    releases = {f"{number}.0": {"sdist_only": True, "requires": ["absent"]} for number in range(1, 9)}
    world = World(tmp_path, pypi={"foo": releases})
    builder = FakeBuilder(world.index)
    plan = world.plan("foo", policy=Policy(allow_sdist=frozenset({canonicalize_name("foo")})), builder=builder)
    assert plan["foo"].outcome is Outcome.UNMET
    assert list(dict.fromkeys(builder.built)) == ["foo-8.0.tar.gz", "foo-7.0.tar.gz", "foo-6.0.tar.gz"]
    assert "5 earlier sdists are not tried" in plan["foo"].trail


def test_P2_without_a_builder_the_place_to_build_is_named(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {"sdist_only": True}}})
    plan = world.plan("foo", policy=Policy(allow_sdist=frozenset({canonicalize_name("foo")})))
    assert "its sdist can be built on a host of debian:13 only" in plan["foo"].trail


# --- the index's side ---


@pytest.mark.parametrize(
    ("versions", "requirement", "expected"),
    [
        (["1.0", "2.0rc1"], "foo", "1.0"),
        (["1.0", "2.0.dev1"], "foo", "1.0"),
        (["1.0", "1.1.post1"], "foo", "1.1.post1"),
        (["2.0a1", "2.0rc1"], "foo", "2.0rc1"),
        (["1.0", "2.0rc1"], "foo>=2.0rc1", "2.0rc1"),
        (["1.0", "2.0rc1"], "foo==2.0rc1", "2.0rc1"),
        (["1.0", "2.0rc1", "3.0b1"], "foo>=2.0rc1,<3", "2.0rc1"),
        (["1.0", "2.0rc1"], "foo>=1.5", "2.0rc1"),
        (["1.0", "2.0rc1"], "foo<2", "1.0"),
        (["1.0", "1!0.1"], "foo", "1!0.1"),
    ],
)
def test_pre_releases_only_where_asked_for_or_nothing_else_fits(
    tmp_path: Path, versions: list[str], requirement: str, expected: str
) -> None:
    """PEP 440, Handling of pre-releases."""
    world = World(tmp_path, pypi={"foo": {version: {} for version in versions}})
    assert world.plan(requirement)["foo"].version == expected


def test_pre_releases_are_welcome_under_pre(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0rc1": {}}})
    assert world.plan("foo", policy=Policy(pre=True))["foo"].version == "2.0rc1"


def test_pre_releases_that_a_constraint_names_are_wanted(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0rc1": {}}})
    assert world.plan("foo", constraints=["foo>=1.0rc1"])["foo"].version == "2.0rc1"


def test_P3_a_yanked_wheel_only_where_pinned(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0": {"yanked": "leaks"}}, "bar": {"3.0": {"yanked": ""}}})
    plan = world.plan("foo", "bar")
    assert chosen(plan) == {"foo": "pypi 1.0", "bar": None}
    assert "2.0 was yanked: leaks" in plan["foo"].trail
    assert "3.0 was yanked" in plan["bar"].trail
    assert world.plan("foo==2.0")["foo"].version == "2.0"
    assert world.plan("foo>=2.0")["foo"].outcome is Outcome.UNMET


def test_R5_a_hash_admits_the_wheels_that_have_it(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0": {}}})
    old = sha256("foo-1.0-py3-none-any.whl")
    plan = world.plan(f"foo --hash=sha256:{old} --hash=sha256:{'0' * 64}")
    assert chosen(plan) == {"foo": "pypi 1.0"}
    assert "foo-2.0-py3-none-any.whl: its sha256 is none of those that the requirement gives" in plan["foo"].trail


def test_R5_a_hash_that_nothing_has_is_unmet(tmp_path: Path) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}}})
    plan = world.plan(f"foo==1.0 --hash=sha256:{'0' * 64}", "bar ; python_version < '3'")
    assert plan["foo"].outcome is Outcome.UNMET


@pytest.mark.parametrize(
    ("pins", "outcome", "reason"),
    [
        (PinsPolicy.EXACT, Outcome.PYPI, Reason.HASH_REQUIRED),
        (PinsPolicy.COMPATIBLE, Outcome.DISTRO, None),
        (PinsPolicy.MINIMUM, Outcome.DISTRO, None),
        (PinsPolicy.PREFER, Outcome.DISTRO, None),
    ],
)
def test_R5_a_hash_keeps_the_distribution_out_under_exact_only(
    tmp_path: Path, pins: PinsPolicy, outcome: Outcome, reason: Reason | None
) -> None:
    world = World(tmp_path, distro=packaged(foo="1.0"), pypi={"foo": {"1.0": {}}})
    plan = world.plan(f"foo==1.0 --hash=sha256:{sha256('foo-1.0-py3-none-any.whl')}", policy=Policy(pins=pins))
    assert (plan["foo"].outcome, plan["foo"].reason) == (outcome, reason)


@pytest.mark.parametrize("line", ["bar>1.*", "not a requirement", 'bar; platform_release >= "4"'])
def test_R6_a_wheel_whose_demands_cannot_be_read_is_passed_over(tmp_path: Path, line: str) -> None:
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0": {"requires": [line]}}})
    plan = world.plan("foo")
    assert chosen(plan) == {"foo": "pypi 1.0"}
    assert any(step.startswith("2.0 cannot be used: foo requires") for step in plan["foo"].trail)


def test_R6_a_demand_under_an_unwanted_extra_must_be_readable_only_with_it(tmp_path: Path) -> None:
    bad = 'bar @ https://files.example/bar.whl ; extra == "x"'
    world = World(tmp_path, pypi={"foo": {"1.0": {}, "2.0": {"requires": [bad]}}})
    assert world.plan("foo")["foo"].version == "2.0"
    assert world.plan("foo[x]")["foo"].version == "1.0"


def test_R5_a_url_in_a_wheels_metadata_is_never_followed(tmp_path: Path) -> None:
    wheel = "https://files.example/bar-9-py3-none-any.whl"
    world = World(
        tmp_path,
        distro=packaged(bar="1.0"),
        pypi={"foo": {"2.0": {"requires": [f"bar @ {wheel}#sha256={'0' * 64}"]}}, "bar": {"9": {}}},
    )
    plan = world.plan("foo")
    assert chosen(plan) == {"foo": None}
    assert f"bar @ {wheel}" in str(plan["foo"].detail)
    assert world.plan("foo", "bar")["bar"].outcome is Outcome.DISTRO


def test_R8_of_many_releases_without_a_wheel_a_few_are_named(tmp_path: Path) -> None:
    versions: dict[str, dict[str, bool]] = {f"{number}.0": {"sdist_only": True} for number in range(1, 9)}
    plan = World(tmp_path, pypi={"foo": versions}).plan("foo<8")
    told = [step for step in plan["foo"].trail if step.startswith("the index's")]
    assert told[0] == "the index's 7.0: only an sdist"
    assert told[REJECTIONS:] == ["the index's 4 earlier releases: no wheel that fits either"]
    assert plan["foo"].reason is Reason.NO_WHEEL


# --- the order ---


def ladder(newest: int, *, good: int) -> dict[str, dict[str, list[str]]]:
    """Give releases 1 to ``newest`` of which those above ``good`` displace the distribution's bar."""
    return {f"{number}.0": {"requires": ["bar>=5" if number > good else "bar"]} for number in range(1, newest + 1)}


def test_prefer_fewest_takes_the_newest_that_displaces_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(bar="1.0"), pypi={"foo": ladder(6, good=4), "bar": {"5.0": {}}})
    plan = world.plan("foo")
    assert chosen(plan) == {"foo": "pypi 4.0", "bar": "distro 1.0"}
    assert "4.0 rather than 6.0, which would take bar away from the distribution" in plan["foo"].trail
    newest = world.plan("foo", policy=Policy(prefer=Preference.NEWEST))
    assert chosen(newest) == {"foo": "pypi 6.0", "bar": "pypi 5.0"}
    assert newest["bar"].reason is Reason.VERSION_TOO_OLD


def test_prefer_fewest_looks_no_further_than_its_window(tmp_path: Path) -> None:
    just = World(tmp_path, distro=packaged(bar="1.0"), pypi={"foo": ladder(WINDOW, good=1), "bar": {"5.0": {}}})
    assert just.plan("foo")["foo"].version == "1.0"
    beyond = World(tmp_path, distro=packaged(bar="1.0"), pypi={"foo": ladder(WINDOW + 1, good=1), "bar": {"5.0": {}}})
    assert chosen(beyond.plan("foo")) == {"foo": f"pypi {WINDOW + 1}.0", "bar": "pypi 5.0"}
    assert len({name for name in beyond.index.read if name.startswith("foo")}) == WINDOW


def test_prefer_fewest_takes_the_newest_of_equals(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(bar="1.0"), pypi={"foo": ladder(6, good=0), "bar": {"5.0": {}}})
    assert world.plan("foo")["foo"].version == "6.0"


def test_prefer_fewest_counts_what_is_displaced(tmp_path: Path) -> None:
    pypi = {
        "foo": {"1.0": {"requires": ["bar>=5"]}, "2.0": {"requires": ["bar>=5", "baz>=5"]}},
        "bar": {"5.0": {}},
        "baz": {"5.0": {}},
    }
    world = World(tmp_path, distro=packaged(bar="1.0", baz="1.0"), pypi=pypi)
    assert world.plan("foo")["foo"].version == "1.0"


def test_R1_the_newest_is_taken_unseen_where_it_displaces_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(bar="1.0"), pypi={"foo": ladder(6, good=6)})
    assert chosen(world.plan("foo")) == {"foo": "pypi 6.0", "bar": "distro 1.0"}
    assert set(world.index.read) == {"foo-6.0-py3-none-any.whl"}
    assert "bar" not in world.index.listed


# --- the distribution's side ---


def test_R1_only_distro_never_asks_the_index(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(foo="1.0", bar="1.0"), pypi={"foo": {"2.0": {}}, "gone": {"1.0": {}}})
    plan = world.plan("foo>=2", "bar", "gone", policy=Policy(only_distro=True))
    assert chosen(plan) == {"foo": None, "bar": "distro 1.0", "gone": None}
    assert plan["foo"].reason is Reason.VERSION_TOO_OLD
    assert plan["gone"].reason is Reason.NOT_PACKAGED
    assert (world.index.listed, world.index.read) == ([], [])


def test_an_excluded_project_comes_from_the_index(tmp_path: Path) -> None:
    world = World(tmp_path, distro=packaged(foo="1.0"), pypi={"foo": {"0.5": {}}})
    plan = world.plan("foo", policy=Policy(exclude=frozenset({canonicalize_name("foo")})))
    assert chosen(plan) == {"foo": "pypi 0.5"}
    assert plan["foo"].reason is Reason.EXCLUDED_BY_POLICY


def test_R4_extras_are_the_union_of_all_demands(tmp_path: Path) -> None:
    """A later demand for another extra makes the search pin the project again."""
    pypi = {
        "foo": {"1.0": {"requires": ['x ; extra == "x"', 'y ; extra == "y"'], "provides_extra": ["x", "y"]}},
        "user": {"1.0": {"requires": ["foo[y]"]}},
        "x": {"1.0": {}},
        "y": {"1.0": {}},
    }
    plan = World(tmp_path, pypi=pypi).plan("foo[x]", "user")
    assert plan["foo"].extras == ("x", "y")
    assert plan["foo"].depends == ("x", "y")
    assert set(plan) == {"foo", "user", "x", "y"}


def test_R4_an_os_package_is_passed_over_when_a_wheel_asks_for_an_extra_that_it_lacks(tmp_path: Path) -> None:
    world = World(
        tmp_path,
        distro=packaged(foo="1.0"),
        pypi={"user": {"1.0": {"requires": ["foo[x]"]}}, "foo": {"1.5": {"provides_extra": ["x"]}}},
    )
    plan = world.plan("foo", "user")
    assert chosen(plan) == {"foo": "pypi 1.5", "user": "pypi 1.0"}
    assert (plan["foo"].reason, plan["foo"].detail) == (Reason.EXTRA_MISSING, "python3-foo 1.0 has no extra x")
