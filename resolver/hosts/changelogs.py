"""Which build fixed a vulnerability, as the changelogs of OS packages tell it. Pure.

A changelog that names a CVE is evidence of its fix, and no more than that: shown with the version whose entry it is,
and held against a line that says the contrary.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from resolver.model.audit import Fix

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "changelog"
_DEBIAN = re.compile(r"^[a-z0-9][a-z0-9+.-]+ \((?P<version>[^()\s]+)\) [^;]+;", re.IGNORECASE)
"""``requests (2.28.1+dfsg-1+deb12u1) bookworm-security; urgency=medium``, deb-changelog(5)."""
_RPM = re.compile(r"^\* \w{3} \w{3} +\d{1,2} .*\d{4} .*?(?:[\s<>-]+(?P<version>(?:\d+:)?[^\s<>@-]+-[^\s<>@-]+))?$")
"""``* Wed Oct 01 2025 Name <mail> - 2.32.3-5``; openSUSE's have no version."""
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b")
_DENIED = re.compile(r"\b(?:revert|unfixed|not (?:yet |completely |fully )?fixed|incomplete|todo)", re.IGNORECASE)


def fixes(changelog: str, cves: frozenset[str], version: str) -> tuple[Fix, ...]:
    """Find the oldest entry that names each CVE; ``version`` is the build's own, for entries that bear none."""
    found: dict[str, str] = {}
    denied: set[str] = set()
    for entry, line in _lines(changelog):
        for cve in _CVE.findall(line):
            if cve in cves and _DENIED.search(line):
                # Entries come newest first: a fix that was taken back is none, whatever older entries say.
                denied |= {cve} - found.keys()
            elif cve in cves and cve not in denied:
                found[cve] = entry or f"{version} or before"
    return tuple(Fix(cve=cve, version=found[cve], source=SOURCE) for cve in sorted(found))


def _lines(changelog: str) -> Iterator[tuple[str, str]]:
    """Give each line with the version of the entry that it stands in."""
    entry = ""
    for line in changelog.splitlines():
        if head := _DEBIAN.match(line) or _RPM.match(line):
            entry = head["version"] or ""
        yield entry, line
