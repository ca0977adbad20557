from __future__ import annotations

import pytest

from resolver.model import Outcome, PinsPolicy, Reason
from resolver.report.summary import summarize
from tests.unit.report.samples import distro, gaps, plan, pypi, resolution, without


def test_every_outcome_is_counted_once() -> None:
    summary = summarize(gaps())
    assert summary.requirements == 18
    assert (summary.distro, summary.pypi, summary.unmet, summary.unresolved, summary.inapplicable) == (1, 1, 3, 12, 1)


def test_projects_that_do_not_apply_weigh_nothing() -> None:
    summary = summarize(plan())
    assert (summary.projects, summary.distro, summary.inapplicable) == (17, 13, 1)
    assert summary.coverage == 13 / 17


def test_an_empty_plan_lacks_nothing() -> None:
    summary = summarize(resolution([without("pywin32", Outcome.INAPPLICABLE, Reason.MARKER_FALSE)]))
    assert summary.projects == 0
    assert summary.coverage == 1
    assert summary.reaches(100)


def test_R9_every_pins_policy_is_there() -> None:
    assert tuple(summarize(plan()).coverage_by_pins) == tuple(PinsPolicy)


@pytest.mark.parametrize(
    ("percent", "met"),
    [(0, True), (56, True), (57, True), (57.001, False), (58, False), (100, False)],
)
def test_the_bar_is_met_exactly(percent: float, met: bool) -> None:  # noqa: FBT001 - the table's column
    decisions = [distro(f"ours-{number}", "1") for number in range(57)]
    decisions += [pypi(f"theirs-{number}", "1") for number in range(43)]
    assert summarize(resolution(decisions)).reaches(percent) is met


def test_the_bar_of_100_is_not_met_by_rounding() -> None:
    decisions = [distro(f"ours-{number}", "1") for number in range(29_999)] + [pypi("theirs", "1")]
    summary = summarize(resolution(decisions))
    assert round(summary.coverage, 4) == 1
    assert not summary.reaches(100)
