"""What a resolution amounts to in numbers: shared by every report and by ``--fail-under``."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver.model import Outcome, PinsPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resolver.model import Resolution


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The counts of one target. Projects that do not apply are counted apart and weigh nothing."""

    requirements: int
    """How many requirements the inputs hold, inapplicable ones included."""
    projects: int
    """How many projects the plan needs: ``distro + pypi + unmet + unresolved``."""
    distro: int
    pypi: int
    unmet: int
    unresolved: int
    inapplicable: int
    coverage_by_pins: Mapping[PinsPolicy, float | None]
    """Of the listed requirements, 0 to 1, for every policy in the enum's order; None where nobody computed it."""

    @property
    def coverage(self) -> float:
        """Give ``coverage_of`` the plan."""
        return coverage_of(self.distro, self.projects)

    def reaches(self, percent: float) -> bool:
        """Tell whether coverage is at least ``percent`` (0 to 100)."""
        return reaches(self.distro, self.projects, percent)


def coverage_of(distro: int, projects: int) -> float:
    """Give ``distro ÷ projects``, 0 to 1, not rounded; 1 where there are none, for nothing is lacking."""
    return distro / projects if projects else 1.0


def reaches(distro: int, projects: int, percent: float) -> bool:
    """Tell whether this many of the projects are at least ``percent`` (0 to 100).

    Compared as products: ``0.57 * 100`` is less than 57 in binary fractions, and would fail a bar that is met.
    """
    return not projects or distro * 100 >= percent * projects


def summarize(resolution: Resolution) -> Summary:
    """Count the decisions of one target."""
    counts = Counter(decision.outcome for decision in resolution.decisions)
    return Summary(
        requirements=resolution.requirements,
        projects=counts.total() - counts[Outcome.INAPPLICABLE],
        distro=counts[Outcome.DISTRO],
        pypi=counts[Outcome.PYPI],
        unmet=counts[Outcome.UNMET],
        unresolved=counts[Outcome.UNRESOLVED],
        inapplicable=counts[Outcome.INAPPLICABLE],
        coverage_by_pins={policy: resolution.coverage_by_pins.get(policy.value) for policy in PinsPolicy},
    )
