"""What every Index does: the fake that the resolver is tested with, and the real one over each shape of server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.io.cache import FileCache
from resolver.io.http import HttpClient
from resolver.model import Listing, Release, Target, WheelMetadata
from resolver.pypi.configuration import IndexSettings
from resolver.pypi.index import SimpleIndex
from tests.fakes import FakeIndex
from tests.loopback import Loopback
from tests.simple_server import SHAPES, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from resolver.model import Wheel
    from resolver.ports import Index

UNIVERSE: dict[str, dict[str, dict[str, Any]]] = {
    "tree": {
        "1.0": {"requires": ["leaf>=1", 'twig ; extra == "full"'], "provides_extra": ["Full_Set", "full"]},
        "2.0": {"requires": ["leaf (>=2)"], "requires_python": ">=3.8"},
        "10.0": {"yanked": "broken"},
        "11.0": {"requires_python": ">=3.99"},
        "12.0": {"sdist_only": True},
        "13.0rc1": {},
    },
    "leaf-and-stem": {"1!0.5": {}},
    "only-source": {"1.0": {"sdist_only": True}},
}
TARGET = Target(release=Release(distribution="debian", version="13"), architecture="amd64", python="3.13", glibc="2.41")


def worded(listing: Listing) -> tuple[str, ...]:
    return tuple(map(str, listing.rejected))


@pytest.fixture(params=["fake", *SHAPES])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Index]]:
    """Give a maker of indexes over the universe; all of them share one cache."""
    if request.param == "fake":
        yield lambda: FakeIndex(UNIVERSE, python=TARGET.python)
        return
    cache = FileCache(tmp_path, warn=pytest.fail)
    made: list[SimpleIndex] = []
    with Loopback() as server, HttpClient(cache) as http:
        settings = IndexSettings(index_url=serve(server, UNIVERSE, request.param), where="the test")

        def make_index() -> SimpleIndex:
            made.append(SimpleIndex(http, cache, settings, TARGET))
            return made[-1]

        yield make_index
        for index in made:
            index.close()


@pytest.fixture
def index(make: Callable[[], Index]) -> Index:
    return make()


def listing(index: Index, name: str) -> Listing:
    return index.listing(canonicalize_name(name))


def wheel(index: Index, name: str, version: str) -> Wheel:
    (found,) = (wheel for wheel in listing(index, name).wheels if wheel.version == Version(version))
    return found


def test_a_listing_has_one_wheel_a_version_newest_first(index: Index) -> None:
    assert [str(wheel.version) for wheel in listing(index, "tree").wheels] == ["13.0rc1", "10.0", "2.0", "1.0"]
    assert listing(index, "tree").exists


def test_P3_what_does_not_fit_is_rejected_with_its_reason(index: Index) -> None:
    assert worded(listing(index, "tree")) == ("12.0: only an sdist", "11.0: requires Python >=3.99")


def test_P2_a_project_of_sdists_exists_but_has_no_wheel(index: Index) -> None:
    found = listing(index, "only-source")
    assert (found.exists, found.wheels, worded(found)) == (True, (), ("1.0: only an sdist",))


def test_a_wheel_has_what_a_lock_needs(index: Index) -> None:
    found = wheel(index, "tree", "2.0")
    assert found.project == "tree"
    assert found.filename == "tree-2.0-py3-none-any.whl"
    assert found.url.endswith(f"/{found.filename}")
    assert found.url.startswith(("http://", "https://"))
    assert len(bytes.fromhex(found.sha256)) == 32
    assert found.requires_python == ">=3.8"
    assert found.yanked is None


def test_P3_a_yanked_wheel_is_kept_and_marked(index: Index) -> None:
    assert wheel(index, "tree", "10.0").yanked == "broken"


def test_names_and_epochs_survive(index: Index) -> None:
    (found,) = listing(index, "Leaf.And_Stem").wheels
    assert (found.project, str(found.version)) == ("leaf-and-stem", "1!0.5")


def test_an_unknown_project_is_an_answer(index: Index) -> None:
    assert listing(index, "absent") == Listing(project=canonicalize_name("absent"), wheels=(), exists=False)


def test_R6_metadata_is_found_whatever_the_server_offers(index: Index) -> None:
    assert index.metadata(wheel(index, "tree", "1.0")) == WheelMetadata(
        requires_dist=("leaf>=1", 'twig ; extra == "full"'),
        provides_extra=("full", "full-set"),
        requires_python=None,
    )
    assert index.metadata(wheel(index, "tree", "2.0")).requires_dist == ("leaf (>=2)",)
    assert index.metadata(wheel(index, "tree", "2.0")).requires_python == ">=3.8"


def test_a_wheel_that_needs_nothing_says_so(index: Index) -> None:
    found = index.metadata(wheel(index, "leaf-and-stem", "1!0.5"))
    assert found == WheelMetadata(requires_dist=(), provides_extra=(), requires_python=None)


def test_prefetch_changes_no_answer_and_never_raises(make: Callable[[], Index]) -> None:
    first, second = make(), make()
    names = [canonicalize_name(name) for name in ("tree", "absent", "only-source", "leaf-and-stem", "tree")]
    second.prefetch(names)
    for name in names:
        assert second.listing(name) == first.listing(name)
        for found in first.listing(name).wheels:
            assert second.metadata(found) == first.metadata(found)


def test_R7_the_same_question_has_the_same_answer(make: Callable[[], Index]) -> None:
    first, second = make(), make()
    assert listing(first, "tree") == listing(first, "tree") == listing(second, "tree")
