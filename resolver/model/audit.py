"""What is known of vulnerabilities (rule T2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

    from resolver.model.index import Unchecked
    from resolver.model.packages import OsPackage


class Verdict(StrEnum):
    """What is known of an item's vulnerabilities, in the order in which reports show them (rule T2)."""

    VULNERABLE = "vulnerable"
    NOT_CHECKED = "not-checked"
    """Nobody who would know was asked, or the answer says too little. Never to be shown as clean."""
    CLEAN = "clean"
    """Somebody who would know was asked, and names nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advisory:
    """One known vulnerability, by whoever tells of it."""

    id: str
    aliases: tuple[str, ...] = ()
    """The same vulnerability's other names, sorted: ``CVE-2023-32681``, ``PYSEC-2023-74``."""
    fixed: tuple[str, ...] = ()
    """The versions that fix it, in the spelling of whoever tells, sorted; empty where none is known."""
    note: str = ""
    """What else is told, in a few words: ``medium urgency``."""

    @property
    def cves(self) -> frozenset[str]:
        """The CVE ids among its names."""
        return frozenset(name for name in (self.id, *self.aliases) if name.startswith("CVE-"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An answer to the question which advisories affect one version."""

    advisories: tuple[Advisory, ...] = ()
    source: str
    """Who says so: ``debsecan``, ``updateinfo of updates``, the database's folder."""
    complete: bool = True
    """Whether vulnerabilities without a fix would be named too: an updateinfo tells of updates alone."""
    unclear: tuple[Advisory, ...] = ()
    """Advisories that are about this project or OS package, and do not tell whether this version is affected."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """Evidence that an OS package contains the fix of a vulnerability that its upstream version has."""

    cve: str
    version: str
    """The OS version that brought it."""
    source: str
    """Where that is said: ``changelog``, an advisory's id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """An OS package to be audited, with what it carries."""

    package: OsPackage
    projects: tuple[tuple[NormalizedName, str], ...] = ()
    """Name and upstream version of the projects that it serves, sorted; an empty version where it is not known."""
    unchecked: Unchecked | None = None
    """Why nothing is to be asked about it: it is not installed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditItem:
    """What is known of one project of the remainder, or of one OS package."""

    name: str
    version: str
    is_os_package: bool
    projects: tuple[str, ...] = ()
    """``requests 2.28.1``: what an OS package carries."""
    verdict: Verdict
    advisories: tuple[Advisory, ...] = ()
    """Those that affect it; of what is not checked, those that nobody can rule out."""
    evidence: tuple[Fix, ...] = ()
    """The fixes that an OS package has of vulnerabilities of its upstream version."""
    sources: tuple[str, ...] = ()
    """Who was asked and answered, sorted."""
    detail: str | None = None
    """Why it is not checked."""
    next_step: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """The whole answer: items by verdict, then the remainder before OS packages, then by name."""

    target: str
    """``debian:12``"""
    items: tuple[AuditItem, ...]

    def count(self, verdict: Verdict) -> int:
        """Count the items of one verdict."""
        return sum(item.verdict is verdict for item in self.items)
