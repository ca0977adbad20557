"""Projects by targets: what the reports on several releases have in common.

A gap is a project that a target needs and the distribution does not serve there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from resolver.model import Outcome
from resolver.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resolver.model import Decision, Resolution

GAPS: Final = frozenset({Outcome.PYPI, Outcome.UNMET, Outcome.UNRESOLVED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One project on every target."""

    name: str
    decisions: tuple[Decision | None, ...]
    """In the targets' order; None where a target's plan does not have it."""

    @property
    def gaps(self) -> int:
        """Count the targets that lack it."""
        return sum(one is not None and one.outcome in GAPS for one in self.decisions)

    @property
    def direct(self) -> bool:
        """Whether an input asks for it, on some target."""
        return any(one is not None and one.direct for one in self.decisions)


def rows(resolutions: Sequence[Resolution]) -> list[Row]:
    """Give all projects: first those that most targets lack, the listed ones before what they need, then by name."""
    known = [{decision.name: decision for decision in one.decisions} for one in resolutions]
    names = sorted({name for decisions in known for name in decisions})
    found = [Row(name=name, decisions=tuple(decisions.get(name) for decisions in known)) for name in names]
    return sorted(found, key=lambda row: (-row.gaps, not row.direct))


def words(decision: Decision | None) -> str:
    """Say in a few words what a target has of a project, and whether it fits: ``✗ 1.10.4 too old``."""
    if decision is None or decision.outcome is Outcome.INAPPLICABLE:
        return "not needed"
    has = str(decision.os.version) if decision.os else ""
    if decision.outcome is Outcome.DISTRO:
        loosened = "pin loosened" if decision.loosened else ""
        return printable(" ".join(filter(None, ("✓", has or decision.version, loosened))))
    why = decision.reason.value.removeprefix("version-").replace("-", " ") if decision.reason else ""
    unmet = "unmet" if decision.outcome is Outcome.UNMET else ""
    return printable(" ".join(filter(None, ("✗", has, ", ".join(filter(None, (why, unmet)))))))
