"""What the resolver has fetched before it needs it: enough to keep the network busy, and nothing for nothing (R1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolver.resolve import Policy, resolve
from tests import universe
from tests.fakes import FakeIndex

if TYPE_CHECKING:
    from pathlib import Path

DISTRO: dict[str, Any] = {
    "python3-base": {"version": "1.0-1", "projects": {"base": "1.0"}},
    "python3-old": {"version": "1.0-1", "projects": {"old": "1.0"}},
    "python3-above": {"version": "1.0-1", "projects": {"above": "1.0"}, "depends": ["python3-old"]},
    "python3-apart": {"version": "1.0-1", "projects": {"apart": "1.0"}, "depends": ["python3-base"]},
}


def ahead(folder: Path, lines: list[str], remainder: dict[str, Any]) -> list[str]:
    """Give what was fetched ahead, once each: asking for it again costs nothing."""
    index = FakeIndex(remainder)
    resolve(universe.requirements(folder, lines), universe.catalog(folder, DISTRO), index, Policy())
    return list(dict.fromkeys(index.ahead))


def test_R1_nothing_is_fetched_for_what_the_distribution_covers(tmp_path: Path) -> None:
    assert ahead(tmp_path, ["above", "apart"], {}) == []


def test_R2_what_stands_above_a_lost_project_is_fetched_with_it(tmp_path: Path) -> None:
    remainder = {"old": {"2.0": {}}, "above": {"2.0": {"requires": ["old>=2"]}}}
    assert ahead(tmp_path, ["old>=2", "above", "apart"], remainder)[:2] == ["old", "above"]


def test_a_newest_release_that_displaces_nothing_is_looked_at_alone(tmp_path: Path) -> None:
    releases = {"3.0": {"requires": ["base>=1"]}, "2.0": {}, "1.0": {}}
    assert ahead(tmp_path, ["lib"], {"lib": releases}) == ["lib"]


def test_once_the_newest_displaces_something_the_others_are_fetched_together(tmp_path: Path) -> None:
    releases = {"3.0": {"requires": ["base>=2"]}, "2.0": {"requires": ["base>=2"]}, "1.0": {}}
    fetched = ahead(tmp_path, ["lib"], {"lib": releases, "base": {"2.0": {}}})
    assert fetched == ["lib", "lib-2.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl"]


def test_what_the_distribution_lacks_is_fetched_for_every_release_that_is_looked_at(tmp_path: Path) -> None:
    releases = {"2.0": {"requires": ["base>=2", "core==2.0"]}, "1.0": {"requires": ["core==1.0"]}}
    remainder = {"lib": releases, "core": {"1.0": {}, "2.0": {}}, "base": {"2.0": {}}}
    fetched = ahead(tmp_path, ["lib"], remainder)
    assert "core" in fetched
    assert "base" not in fetched, "the release that is taken does not displace it"
