"""What ``verify`` found, for people and as ``distrofirst/verify/1``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from resolver.report.plain import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resolver.model import Finding

SCHEMA = "distrofirst/verify/1"


def text(findings: Iterable[Finding]) -> str:
    """Give two lines a finding: what, since when; and what mends it."""
    lines: list[str] = []
    for one in findings:
        since = f", since {one.since}" if one.since else ""
        lines += [f"{one.project}: found {one.found}, expected {one.expected} [{one.kind}]{since}", f"    {one.remedy}"]
    return "".join(f"{printable(line)}\n" for line in lines)


def as_json(findings: Iterable[Finding]) -> str:
    """Give one document, keys sorted; ``since`` is null where nobody knows."""
    rows = [
        {
            "project": one.project,
            "kind": str(one.kind),
            "found": one.found,
            "expected": one.expected,
            "since": one.since,
            "remedy": one.remedy,
        }
        for one in findings
    ]
    return json.dumps({"schema": SCHEMA, "clean": not rows, "findings": rows}, indent=2, sort_keys=True) + "\n"
