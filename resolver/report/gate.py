"""Whether a report's answer is a no: which gaps fail a build, and which were there before.

A requirement that nothing meets is a no, whatever else is asked (``--fail-on``). With a baseline (``--baseline``) only
what is new counts: a gap of a project that had none on that target, or one that was met somewhere and is unmet now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from resolver.model import Outcome
from resolver.report.matrix import GAPS
from resolver.report.plain import count, printable
from resolver.report.reasons import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from resolver.model import Decision, Reason, Resolution
    from resolver.report.differences import Item

_NAMED: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What was found; each with its target."""

    failing: tuple[tuple[str, Decision], ...]
    gone: tuple[tuple[str, str], ...]
    """The projects of the baseline's gaps that have none any more."""
    has_baseline: bool

    def lines(self) -> Iterator[str]:
        """Say what makes the answer a no, beyond what every report says; and what is gone."""
        if self.failing and self.has_baseline:
            yield _line("new gap", [f"{target} {one.name} ({_why(one)})" for target, one in self.failing])
        if self.gone:
            yield _line("gap", [f"{target} {name}" for target, name in self.gone], after=" gone since the baseline")


def judge(
    resolutions: Sequence[Resolution],
    *,
    reasons: frozenset[Reason],
    baseline: Mapping[str, Mapping[str, Item]] | None,
) -> Gate:
    """Hold a report against what is asked of it. A target that the baseline does not have is all new."""
    failing: list[tuple[str, Decision]] = []
    gone: list[tuple[str, str]] = []
    for resolution in resolutions:
        target = str(resolution.target)
        before = {name: item for name, item in (baseline or {}).get(target, {}).items() if item.outcome in GAPS}
        gaps = {str(one.name): one for one in resolution.decisions if one.outcome in GAPS}
        gone += [(target, name) for name in sorted(before.keys() - gaps.keys())]
        for name, one in gaps.items():
            unmet = one.outcome is Outcome.UNMET
            if baseline is not None and name in before and (not unmet or before[name].outcome is Outcome.UNMET):
                continue
            if unmet or one.reason in reasons or (baseline is not None and not reasons):
                failing.append((target, one))
    return Gate(failing=tuple(failing), gone=tuple(gone), has_baseline=baseline is not None)


def _why(decision: Decision) -> str:
    unmet = "unmet" if decision.outcome is Outcome.UNMET else ""
    return ", ".join(filter(None, (words(decision.reason) if decision.reason else "", unmet)))


def _line(what: str, names: list[str], *, after: str = "") -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return printable(f"{count(len(names), what)}{after}: {', '.join(names[:_NAMED])}{more}")
