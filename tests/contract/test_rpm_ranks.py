"""rpm's own order of EVRs, asked of the system's bindings, and the stand-in that other tests use (rule V3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.hosts import rpm_database
from resolver.io.process import ProcessRunner
from tests import rpm_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Ranks = Callable[[Sequence[Sequence[str]]], Sequence[Sequence[int]]]


@pytest.fixture(params=["stand-in", "rpm"])
def ranks(request: pytest.FixtureRequest) -> Ranks:
    if request.param == "stand-in":
        return rpm_repository.ranks
    if not rpm_repository.has_bindings():
        pytest.skip(rpm_repository.WITHOUT_BINDINGS)
    return lambda groups: rpm_database.rank_evrs(ProcessRunner(), groups)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ([], []),
        (["1-1"], [0]),
        (["1.9-1", "1.10-1"], [0, 1]),
        (["2-1", "1:1-1"], [0, 1]),
        (["0:1-1", "1-1"], [0, 0]),
        (["1-2", "1-10", "1-1"], [1, 2, 0]),
        (["1-1", "1-1", "2-1"], [0, 0, 1]),
        (["5-9", "5"], [0, 0]),
        (["4-9", "5"], [0, 1]),
        (["9-1", "1:1"], [0, 1]),
        (["1.0-1.fc43", "1.0-2.fc43"], [0, 1]),
        (["3.14.0-1", "3.14.2-1", "3.14-1"], [1, 2, 0]),
    ],
)
def test_V3_evrs_have_the_order_of_rpm(ranks: Ranks, group: list[str], expected: list[int]) -> None:
    assert ranks([group]) == [expected]


def test_V3_many_groups_are_ranked_at_once(ranks: Ranks) -> None:
    assert ranks([["2-1", "1-1"], ["1-1"], ["1-1", "2-1"]]) == [[1, 0], [0], [0, 1]]
    assert ranks([]) == []
