"""Many files in one report: a line each, all together, and which gaps matter most. As text and as JSON.

A gap is a project that the distribution does not serve; it matters as many times as files need it. The JSON is
``distrofirst/survey-total/1``; the files' own answers are lines of JSON (``survey_line``).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from resolver.model import Outcome, Reason
from resolver.report.plain import count, percent, printable
from resolver.report.reasons import words
from resolver.report.summary import reaches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from resolver.report.survey_line import Surveyed

SCHEMA: Final = "distrofirst/survey-total/1"
"""Changes only when a key changes its meaning or goes."""

_MOST: Final = 20
"""How many gaps the text names; the JSON has them all."""
_NOT_SERVED: Final = frozenset({Outcome.PYPI, Outcome.UNMET, Outcome.UNRESOLVED})


@dataclass(kw_only=True)
class Gap:
    """A project that a target does not serve."""

    files: int = 0
    """How many need it."""
    direct: int = 0
    """How many list it themselves."""
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def reason(self) -> str:
        """Give the most frequent one, in words."""
        return words(Reason(min(self.reasons, key=lambda reason: (-self.reasons[reason], reason))))


@dataclass(kw_only=True)
class Place:
    """What is counted of one target."""

    projects: int = 0
    """Each as often as a file needs it."""
    distro: int = 0
    names: set[str] = field(default_factory=set)
    """The different projects."""
    gaps: dict[str, Gap] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """Give the share of ``projects``, 0 to 1; 1 where there are none."""
        return self.distro / self.projects if self.projects else 1.0

    def reaches(self, percent: float) -> bool:
        """Tell whether coverage is at least ``percent`` (0 to 100)."""
        return reaches(self.distro, self.projects, percent)

    def add(self, document: Mapping[str, Any]) -> None:
        """Count one file's answer for this target."""
        self.projects += document["summary"]["projects"]
        self.distro += document["summary"]["distro"]
        for project in document["projects"]:
            outcome = Outcome(project["outcome"])
            if outcome is not Outcome.INAPPLICABLE:
                self.names.add(project["name"])
            if outcome in _NOT_SERVED:
                gap = self.gaps.setdefault(project["name"], Gap())
                gap.files += 1
                gap.direct += project["direct"]
                gap.reasons[project["reason"]] += 1


@dataclass(kw_only=True)
class Total:
    """All files together; grows by one at a time."""

    files: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """The name, and each target's coverage in words, of those that have a report."""
    failed: list[Surveyed] = field(default_factory=list)
    """Those that have none."""
    silent: list[str] = field(default_factory=list)
    """Those that ask for nothing."""
    unmet: int = 0
    """How many files have an unmet requirement."""
    places: dict[str, Place] = field(default_factory=dict)
    """By target, in the order in which they were asked."""

    def add(self, surveyed: Surveyed) -> None:
        """Count one file's answer."""
        if surveyed.failure is not None:
            if surveyed.failure.asks_nothing:
                self.silent.append(surveyed.file)
            else:
                self.failed.append(surveyed)
            return
        shares = []
        unmet = False
        for document in surveyed.targets:
            self.places.setdefault(document["target"], Place()).add(document)
            shares.append(percent(document["summary"]["coverage"]) if document["summary"]["projects"] else "-")
            unmet = unmet or document["summary"]["unmet"] > 0
        self.files.append((surveyed.file, tuple(shares)))
        self.unmet += unmet

    def missing(self) -> list[str]:
        """Name the projects that some target lacks: those that most files need first, then by name."""
        needed: Counter[str] = Counter()
        for place in self.places.values():
            for name, gap in place.gaps.items():
                needed[name] = max(needed[name], gap.files)
        return sorted(needed, key=lambda name: (-needed[name], name))


def summary(total: Total) -> str:
    """Give ``160 files reported, 2 not (named above), 9 ask for nothing``."""
    parts = [f"{count(len(total.files), 'file')} reported"]
    if total.failed:
        parts.append(f"{len(total.failed)} not (named above)")
    if total.silent:
        parts.append(f"{len(total.silent)} ask for nothing")
    return ", ".join(parts)


def text(total: Total) -> str:
    """Give the lines for people; text that ends with a newline. Names come last, where they may be long."""
    lines = _table((*total.places, "File"), [(*shares, file) for file, shares in total.files], right=len(total.places))
    lines.append("")
    for target, place in total.places.items():
        lines.append(
            f"{target}: {percent(place.coverage)} of what the files need comes from the distribution;"
            f" {count(len(place.names), 'different project')}, {len(place.gaps)} of them not served"
        )
    missing = total.missing()
    if missing:
        lines += ["", "What most files miss:"]
        rows = [(str(_files(total, name)), *_reasons(total, name), name) for name in missing[:_MOST]]
        lines += _table(("Files", *total.places, "Project"), rows, right=1)
        if len(missing) > _MOST:
            lines.append(f"and {len(missing) - _MOST} more (--format json has them all)")
    return "\n".join(map(printable, lines)) + "\n"


def _files(total: Total, name: str) -> int:
    return max(place.gaps[name].files for place in total.places.values() if name in place.gaps)


def _reasons(total: Total, name: str) -> tuple[str, ...]:
    return tuple(place.gaps[name].reason if name in place.gaps else "served" for place in total.places.values())


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, right: int) -> list[str]:
    """Give a table's lines; the first ``right`` columns hold numbers."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: tuple[str, ...]) -> str:
        texts = [
            cell.rjust(w) if at < right else cell.ljust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(texts).rstrip()

    return [line(head), "─" * sum((*widths, 2 * (len(widths) - 1))), *map(line, cells[1:])]


def as_json(total: Total) -> str:
    """Give the document; the same files give the same bytes (rule R7), every key is always there."""
    document = {
        "schema": SCHEMA,
        "files": [file for file, _ in total.files],
        "failed": [{"file": one.file, "why": str(one.failure)} for one in total.failed],
        "silent": total.silent,
        "targets": [
            {
                "target": target,
                "projects": place.projects,
                "distro": place.distro,
                "coverage": round(place.coverage, 4),
                "names": len(place.names),
                "gaps": [
                    {
                        "name": name,
                        "files": place.gaps[name].files,
                        "direct": place.gaps[name].direct,
                        "reasons": dict(place.gaps[name].reasons),
                    }
                    for name in sorted(place.gaps, key=lambda name: (-place.gaps[name].files, name))
                ],
            }
            for target, place in total.places.items()
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
