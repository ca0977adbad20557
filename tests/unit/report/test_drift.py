"""What ``verify`` found, as people see it."""

from __future__ import annotations

from resolver.model import Drift, Finding
from resolver.report.drift import text


def test_a_file_by_any_name_is_two_lines_that_no_terminal_obeys() -> None:
    hostile = "/srv/venv/lib/x\x1b[2J\n.py"
    finding = Finding(project=hostile, kind=Drift.EXTRA, found=hostile, expected="nothing", remedy=f"rm {hostile}")
    told = text([finding])
    shown = "/srv/venv/lib/x\\x1b[2J\\n.py"
    assert told == f"{shown}: found {shown}, expected nothing [extra]\n    rm {shown}\n"
    assert text([]) == ""
