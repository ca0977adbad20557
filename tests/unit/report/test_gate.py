from __future__ import annotations

from resolver.model import Outcome, Reason
from resolver.report.differences import Item
from resolver.report.gate import Gate, judge
from tests.unit.report.samples import distro, pypi, resolution, without

OLD = pypi("a", "1", reason=Reason.VERSION_TOO_OLD)
ABSENT = pypi("b", "1", reason=Reason.NOT_PACKAGED)
UNMET = without("c", Outcome.UNMET, Reason.NO_WHEEL)
MADE = resolution([OLD, ABSENT, UNMET, distro("d", "1")])


def gate(*reasons: Reason, before: dict[str, Outcome] | None = None) -> Gate:
    baseline = None if before is None else {"debian:13": {name: Item(outcome=was) for name, was in before.items()}}
    return judge([MADE], reasons=frozenset(reasons), baseline=baseline)


def failing(found: Gate) -> list[str]:
    return [one.name for _, one in found.failing]


def test_what_is_unmet_fails_and_other_gaps_only_for_the_reasons_that_are_named() -> None:
    assert failing(gate()) == ["c"]
    assert failing(gate(Reason.NOT_PACKAGED)) == ["b", "c"]
    assert failing(gate(Reason.NOT_PACKAGED, Reason.VERSION_TOO_OLD)) == ["a", "b", "c"]


def test_with_a_baseline_only_what_is_new_fails() -> None:
    known = {"a": Outcome.PYPI, "c": Outcome.UNMET, "d": Outcome.DISTRO}
    assert failing(gate(before=known)) == ["b"]
    assert failing(gate(Reason.VERSION_TOO_OLD, before=known)) == []
    assert failing(gate(before={})) == ["a", "b", "c"]
    assert failing(gate(before={**known, "b": Outcome.DISTRO})) == ["b"], "it had no gap"


def test_what_is_unmet_now_and_was_met_is_new() -> None:
    assert failing(gate(before={"a": Outcome.PYPI, "b": Outcome.PYPI, "c": Outcome.PYPI})) == ["c"]


def test_a_target_that_the_baseline_does_not_have_is_all_new() -> None:
    found = judge([MADE], reasons=frozenset(), baseline={"debian:12": {"a": Item(outcome=Outcome.PYPI)}})
    assert failing(found) == ["a", "b", "c"]
    assert found.gone == ()


def test_what_is_gone_and_what_is_new_is_said() -> None:
    found = gate(before={"a": Outcome.PYPI, "c": Outcome.UNMET, "d": Outcome.PYPI, "z\x1b": Outcome.UNRESOLVED})
    assert list(found.lines()) == [
        "1 new gap: debian:13 b (not packaged)",
        "2 gaps gone since the baseline: debian:13 d, debian:13 z\\x1b",
    ]
    assert list(gate().lines()) == [], "each report says what is unmet"
