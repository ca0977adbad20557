"""The rounds: conflicts, circles, demotions, what is set aside, and when the index fails (rules R2, R6, R8)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NoReturn

import pytest

from resolver.errors import UnavailableError
from resolver.model import Outcome, Reason
from resolver.resolve import Policy, engine
from tests.unit.resolve.worlds import World, chosen, packaged

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName


def test_wheels_that_need_each_other_are_a_plan(tmp_path: Path) -> None:
    pypi = {"a": {"1.0": {"requires": ["b"]}}, "b": {"1.0": {"requires": ["c"]}}, "c": {"1.0": {"requires": ["a"]}}}
    plan = World(tmp_path, pypi=pypi).plan("a")
    assert chosen(plan) == {"a": "pypi 1.0", "b": "pypi 1.0", "c": "pypi 1.0"}
    assert plan["a"].requested_by == ("app.txt:1", "c")


def test_what_an_abandoned_release_wanted_is_not_in_the_plan_even_in_circles(tmp_path: Path) -> None:
    """resolvelib's own cleaning up of a search never ends where abandoned choices need each other."""
    pypi = {
        "a": {"1.0": {}, "2.0": {"requires": ["x"]}},
        "b": {"1.0": {"requires": ["c"]}},
        "c": {"1.0": {"requires": ["a<2"]}},
        "x": {"1.0": {"requires": ["y", "x"]}},
        "y": {"1.0": {"requires": ["x"]}},
    }
    assert chosen(World(tmp_path, pypi=pypi).plan("a", "b")) == {"a": "pypi 1.0", "b": "pypi 1.0", "c": "pypi 1.0"}


def test_an_older_release_settles_a_conflict(tmp_path: Path) -> None:
    pypi = {
        "a": {"1.0": {"requires": ["c<2"]}, "2.0": {"requires": ["c>=2"]}},
        "b": {"1.0": {"requires": ["c<2"]}},
        "c": {"1.0": {}, "2.0": {}},
    }
    assert chosen(World(tmp_path, pypi=pypi).plan("a", "b")) == {"a": "pypi 1.0", "b": "pypi 1.0", "c": "pypi 1.0"}


CONFLICT = {"a": {"1.0": {"requires": ["c==1"]}}, "b": {"1.0": {"requires": ["c==2"]}}, "c": {"1": {}, "2": {}}}


def test_R8_a_conflict_is_laid_to_the_later_line_and_names_both_sides(tmp_path: Path) -> None:
    plan = World(tmp_path, pypi=CONFLICT).plan("a", "b")
    assert chosen(plan) == {"a": "pypi 1.0", "b": None, "c": "pypi 1"}
    assert plan["b"].outcome is Outcome.UNMET
    assert "these cannot be met together: c==1 (a); c==2 (b)" in str(plan["b"].detail)


def test_R8_a_conflict_with_a_listed_bound_names_the_line(tmp_path: Path) -> None:
    plan = World(tmp_path, pypi=CONFLICT).plan("a", "c==2")
    assert [name for name, one in plan.items() if one.outcome is Outcome.UNMET] == ["c"]
    assert "c==2 (app.txt:2)" in str(plan["c"].detail)


def test_R8_what_was_blamed_without_guilt_comes_back(tmp_path: Path) -> None:
    """The last line wants c as well, and is set aside first; but it gets along with whichever of the others stays."""
    pypi = {**CONFLICT, "last": {"1.0": {"requires": ["c"]}}}
    plan = World(tmp_path, pypi=pypi).plan("a", "b", "last==1.0")
    assert chosen(plan) == {"a": "pypi 1.0", "b": None, "c": "pypi 1", "last": "pypi 1.0"}


def test_what_cannot_be_met_harms_nothing_else(tmp_path: Path) -> None:
    pypi = {"good": {"1.0": {"requires": ["base"]}}, "old": {"1.0": {}}, "base": {"1.0": {}}}
    plan = World(tmp_path, distro=packaged(served="1.0"), pypi=pypi).plan("gone", "old>=2", "good", "served")
    assert chosen(plan) == {
        "gone": None,
        "old": None,
        "good": "pypi 1.0",
        "base": "pypi 1.0",
        "served": "distro 1.0",
    }
    assert plan["gone"].reason is Reason.NOT_ON_INDEX
    assert "nothing meets old>=2 (app.txt:2)" in str(plan["old"].detail)


def test_what_cannot_be_met_stays_so_when_others_need_it_too(tmp_path: Path) -> None:
    pypi = {"user": {"1.0": {"requires": ["old"]}}, "old": {"1.0": {}}}
    plan = World(tmp_path, pypi=pypi).plan("old>=2", "user")
    assert chosen(plan) == {"old": None, "user": "pypi 1.0"}
    assert plan["old"].outcome is Outcome.UNMET


def test_R2_a_demotion_may_bring_the_next_and_ends(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(12)]
    distro = packaged(**dict.fromkeys(names, "1.0"))
    for name, below in pairwise(names):
        distro[f"python3-{name}"]["depends"] = [f"python3-{below}"]
    pypi: dict[str, dict[str, dict[str, list[str]]]] = {name: {"2.0": {}} for name in names}
    plan = World(tmp_path, distro=distro, pypi=pypi).plan(*names[:-1], f"{names[-1]}>=2")
    assert {one.outcome for one in plan.values()} == {Outcome.PYPI}
    assert {one.reason for one in plan.values()} == {Reason.DEMOTED, Reason.VERSION_TOO_OLD}
    assert str(plan["p0"].detail).startswith("python3-p0 → python3-p1 → python3-p2")


def test_R2_circles_among_os_packages_end(tmp_path: Path) -> None:
    distro = packaged(a="1.0", b="1.0")
    distro["python3-a"]["depends"] = ["python3-b"]
    distro["python3-b"]["depends"] = ["python3-a"]
    world = World(tmp_path, distro=distro, pypi={"a": {"2.0": {}}, "b": {"2.0": {}}})
    assert chosen(world.plan("a")) == {"a": "distro 1.0", "b": "distro 1.0"}
    assert chosen(world.plan("a", "b>=2")) == {"a": "pypi 2.0", "b": "pypi 2.0"}


def test_R2_a_chain_below_is_told_by_the_shortest_way(tmp_path: Path) -> None:
    distro = packaged(top="1.0", near="1.0", far="1.0", low="1.0")
    distro["python3-top"]["depends"] = ["python3-far", "python3-near"]
    distro["python3-far"]["depends"] = ["python3-near"]
    distro["python3-near"]["depends"] = ["python3-low"]
    world = World(tmp_path, distro=distro, pypi={"low": {"2.0": {}}, "top": {"2.0": {}}})
    detail = world.plan("top", "low>=2")["top"].detail
    assert detail == "python3-top → python3-near → python3-low: low 2.0 comes from PyPI (asked by app.txt:2)"


def test_I6_an_index_that_does_not_answer_is_no_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: NormalizedName) -> NoReturn:
        raise UnavailableError("the index does not answer")

    world = World(tmp_path, distro=packaged(foo="1.0"), pypi={})
    monkeypatch.setattr(world.index, "listing", fail)
    assert chosen(world.plan("foo")) == {"foo": "distro 1.0"}
    with pytest.raises(UnavailableError, match="does not answer"):
        world.plan("foo", "bar")


def test_I6_extras_that_cannot_be_looked_up_are_no_plan(tmp_path: Path) -> None:
    distro = packaged(foo="1.0")
    distro["python3-foo"]["extras"] = "unknown"
    with pytest.raises(UnavailableError, match="cannot be downloaded"):
        World(tmp_path, distro=distro).plan("foo[x]")


def test_a_search_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MAX_STEPS", 2)
    chain = {f"p{number}": {"1.0": {"requires": [f"p{number + 1}"]}} for number in range(9)}
    with pytest.raises(UnavailableError, match="no plan was found in 2 steps") as caught:
        World(tmp_path, pypi=chain | {"p9": {"1.0": {}}}).plan("p0", policy=Policy())
    assert caught.value.hint
