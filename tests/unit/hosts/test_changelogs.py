"""What a changelog proves, and what it does not."""

from __future__ import annotations

import pytest

from resolver.hosts.changelogs import fixes

DEBIAN = """\
requests (2.28.1+dfsg-1+deb12u2) bookworm; urgency=medium

  * Follow-up for CVE-2023-32681.

 -- A Maintainer <a@example.org>  Sat, 01 Jul 2023 10:00:00 +0000

requests (2.28.1+dfsg-1+deb12u1) bookworm-security; urgency=medium

  * Add CVE-2023-32681.patch (Closes: #1036693).
  * CVE-2023-9999 is not fixed yet.

 -- A Maintainer <a@example.org>  Sat, 17 Jun 2023 10:00:00 +0000
"""
RPM = """\
* Wed Oct 01 2025 A Packager <a@example.org> - 2.32.3-5
- Backport: CVE-2024-47081, CVE-2024-35195
* Mon Jul  1 2024 A Packager <a@example.org> - 1:2.32.2-1
- Fixes CVE-2024-35195 (rhbz#1)
"""
SUSE = """\
* Wed Oct 01 2025 a@example.org
- Add CVE-2024-47081.patch
"""


@pytest.mark.parametrize(
    ("text", "cve", "expected"),
    [
        (DEBIAN, "CVE-2023-32681", "2.28.1+dfsg-1+deb12u1"),
        (DEBIAN, "CVE-2023-3268", None),
        (DEBIAN, "CVE-2023-9999", None),
        (DEBIAN.replace("Follow-up for", "Revert the fix of"), "CVE-2023-32681", None),
        (RPM, "CVE-2024-47081", "2.32.3-5"),
        (RPM, "CVE-2024-35195", "1:2.32.2-1"),
        (SUSE, "CVE-2024-47081", "9-1 or before"),
        ("", "CVE-2024-47081", None),
    ],
)
def test_the_oldest_entry_that_names_it(text: str, cve: str, expected: str | None) -> None:
    found = fixes(text, frozenset({cve}), "9-1")
    assert [fix.version for fix in found] == ([expected] if expected else [])
