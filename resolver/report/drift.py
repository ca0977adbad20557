"""What ``verify`` found, for people and as ``distrofirst/verify/1``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from resolver.model import Finding

SCHEMA = "distrofirst/verify/1"


def text(findings: Iterable[Finding]) -> str:
    """Give two lines a finding: what, since when; and what mends it."""
    return "".join(
        f"{one.project}: found {one.found}, expected {one.expected} [{one.kind}]"
        f"{f', since {one.since}' if one.since else ''}\n    {one.remedy}\n"
        for one in findings
    )


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
