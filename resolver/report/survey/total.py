"""Many reports counted together: each file's shares, and which gaps matter most.

A gap is a project that the distribution does not serve; it matters as many times as files need it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from resolver.model import Outcome, Reason
from resolver.report.matrix import GAPS
from resolver.report.plain import count, percent
from resolver.report.reasons import words
from resolver.report.summary import Summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resolver.model import Unconsulted
    from resolver.report.survey.line import Surveyed

FILE: Final = "file"
HOST: Final = "host"
MOST: Final = 20
"""How many gaps a page for people names; the JSON has them all."""


@dataclass(kw_only=True)
class Gap:
    """A project that a target does not serve."""

    files: list[str] = field(default_factory=list)
    """Those that need it, in their order."""
    direct: int = 0
    """How many list it themselves."""
    reasons: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def reason(self) -> Reason:
        """Give the most frequent one."""
        return self.by_reason()[0][0]

    def by_reason(self) -> list[tuple[Reason, int]]:
        """Give the reasons with how many files each holds for, the most frequent first."""
        return [(Reason(reason), self.reasons[reason]) for reason in _by_number(self.reasons)]

    @property
    def outcome(self) -> Outcome:
        """Give the most frequent one."""
        return Outcome(_by_number(self.outcomes)[0])


@dataclass(kw_only=True)
class Place:
    """What is counted of one target."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Of the projects, each as often as a file needs it."""
    names: set[str] = field(default_factory=set)
    """The different projects."""
    gaps: dict[str, Gap] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    """The files by the digest of what they say: which project comes from where, in which version."""

    @property
    def summary(self) -> Summary:
        """Give the counts as those of one report."""
        found = {outcome: self.outcomes[outcome.value] for outcome in Outcome}
        return Summary(
            requirements=0,
            projects=self.outcomes.total() - found[Outcome.INAPPLICABLE],
            distro=found[Outcome.DISTRO],
            pypi=found[Outcome.PYPI],
            unmet=found[Outcome.UNMET],
            unresolved=found[Outcome.UNRESOLVED],
            inapplicable=found[Outcome.INAPPLICABLE],
            coverage_by_pins={},
        )

    def reaches(self, percent: float) -> bool:
        """Tell whether coverage is at least ``percent`` (0 to 100)."""
        return self.summary.reaches(percent)

    def fails(self, reasons: frozenset[Reason]) -> list[str]:
        """Name the projects that are not served for one of these reasons, in some file; sorted."""
        return sorted(name for name, gap in self.gaps.items() if reasons & set(map(Reason, gap.reasons)))

    def unlike(self) -> list[str]:
        """Name the files that do not say what most of them say."""
        groups = sorted(self.answers.values(), key=len, reverse=True)
        return sorted(file for group in groups[1:] for file in group)

    def add(self, file: str, document: Mapping[str, Any]) -> None:
        """Count one file's answer for this target."""
        said = []
        for project in document["projects"]:
            outcome = Outcome(project["outcome"])
            self.outcomes[outcome.value] += 1
            said.append((project["name"], outcome.value, project["version"], project["os_version"]))
            if outcome is not Outcome.INAPPLICABLE:
                self.names.add(project["name"])
            if outcome in GAPS:
                gap = self.gaps.setdefault(project["name"], Gap())
                gap.files.append(file)
                gap.direct += project["direct"]
                gap.reasons[project["reason"]] += 1
                gap.outcomes[outcome.value] += 1
        self.answers.setdefault(hashlib.sha256(json.dumps(said).encode()).hexdigest(), []).append(file)


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One file's counts for one target."""

    projects: int
    distro: int
    unmet: int

    @property
    def coverage(self) -> float:
        """Give ``distro ÷ projects``; 1 where nothing is needed."""
        return self.distro / self.projects if self.projects else 1.0

    def __str__(self) -> str:
        """``66.6 %``; ``-`` where nothing is needed."""
        return percent(self.coverage) if self.projects else "-"


@dataclass(kw_only=True)
class Total:
    """All files together; grows by one at a time."""

    noun: str = FILE
    """What each report is of: ``FILE`` or ``HOST``."""
    files: dict[str, dict[str, Share]] = field(default_factory=dict)
    """The shares of those that have a report, by target."""
    failed: list[Surveyed] = field(default_factory=list)
    """Those that have none."""
    partial: list[Surveyed] = field(default_factory=list)
    """Those that have none for some target."""
    silent: list[str] = field(default_factory=list)
    """Those that ask for nothing."""
    places: dict[str, Place] = field(default_factory=dict)
    """By target, in the order in which they were asked."""
    missing: tuple[Unconsulted, ...] = ()
    """The targets that could not be asked (rule I6)."""

    def add(self, surveyed: Surveyed) -> None:
        """Count one file's answer."""
        if surveyed.failure is not None:
            if surveyed.failure.asks_nothing:
                self.silent.append(surveyed.file)
            else:
                self.failed.append(surveyed)
            return
        if surveyed.missing:
            self.partial.append(surveyed)
        shares = self.files.setdefault(surveyed.file, {})
        for document in surveyed.targets:
            target, summary = document["target"], document["summary"]
            self.places.setdefault(target, Place()).add(surveyed.file, document)
            shares[target] = Share(projects=summary["projects"], distro=summary["distro"], unmet=summary["unmet"])

    @property
    def unmet(self) -> bool:
        """Whether some file has an unmet requirement."""
        return any(share.unmet for shares in self.files.values() for share in shares.values())

    @property
    def mixed(self) -> bool:
        """Whether files speak of different targets, as hosts do."""
        return any(shares.keys() != self.places.keys() for shares in self.files.values())

    def needed(self, name: str) -> int:
        """Count the files that miss a project: on different targets together, else where most do."""
        counts = [len(place.gaps[name].files) for place in self.places.values() if name in place.gaps]
        return sum(counts) if self.mixed else max(counts)

    def gaps(self) -> list[str]:
        """Name the projects that some target lacks: those that most files need first, then by name."""
        names = {name for place in self.places.values() for name in place.gaps}
        return sorted(names, key=lambda name: (-self.needed(name), name))

    def state(self, name: str, place: Place) -> str:
        """Say what a target has of a project that some target lacks."""
        if name in place.gaps:
            return words(place.gaps[name].reason)
        return "served" if name in place.names else "not needed"


def summary(total: Total, *, named: str) -> str:
    """Give ``160 files reported, 2 not (named above), 9 ask for nothing``; ``named`` says where they are."""
    parts = [f"{count(len(total.files), total.noun)} reported"]
    if total.failed:
        parts.append(f"{len(total.failed)} not (named {named})")
    if total.partial:
        parts.append(f"{len(total.partial)} not for every target")
    if total.silent:
        parts.append(f"{len(total.silent)} ask for nothing")
    return ", ".join(parts)


def sentences(total: Total) -> list[str]:
    """Say what each target comes to, a sentence each; what could not be asked last."""
    told = []
    for target, place in total.places.items():
        whose = "the files need" if total.noun == FILE else f"{count(_reports(place), total.noun)} need"
        line = (
            f"{target}: {percent(place.summary.coverage)} of what {whose} comes from the distribution;"
            f" {count(len(place.names), 'different project')}, {len(place.gaps)} of them not served"
        )
        unlike = place.unlike() if total.noun == HOST else []
        if unlike:
            line += f"; {_some(unlike)} not like the others"
        told.append(line)
    told += [f"{one.target}: not consulted: {one.why}" for one in total.missing]
    return told


def _reports(place: Place) -> int:
    return sum(map(len, place.answers.values()))


def _some(names: list[str]) -> str:
    """Name a few."""
    few = 3
    rest = f" and {len(names) - few} more" if len(names) > few else ""
    return f"{', '.join(names[:few])}{rest} {'is' if len(names) == 1 else 'are'}"


def _by_number(counter: Counter[str]) -> list[str]:
    return sorted(counter, key=lambda key: (-counter[key], key))
