"""Rank EVRs as rpm does: run by the interpreter that has rpm's bindings, reads and prints JSON.

This file is a program of its own, for ``/usr/bin/python3 -I rpm_compare.py``: the bindings exist only for the
distribution's interpreter, and distrofirst may run under another one. So it imports nothing but ``rpm`` and the
standard library, and nothing imports it.

stdin: ``{"groups": [[EVR…]…]}``.
stdout: ``{"ranks": [[RANK…]…]}``: 0 for the oldest of a group, the same for equal ones.
"""

from __future__ import annotations

import json
import sys
from functools import cmp_to_key

import rpm


def parts(evr: str) -> tuple[str, str, str]:
    """Split ``1:2.0-3`` for rpm: no epoch is epoch zero, and a missing release is empty."""
    epoch, colon, rest = evr.partition(":")
    version, _, release = (rest if colon else evr).partition("-")
    return (epoch if colon else "0"), version, release


def compare(one: str, other: str) -> int:
    """Tell which EVR is the newer one, in the way of ``cmp``: -1, 0 or 1; a missing release fits any."""
    ours, theirs = parts(one), parts(other)
    if not ours[2] or not theirs[2]:
        ours, theirs = (*ours[:2], ""), (*theirs[:2], "")
    result: int = rpm.labelCompare(ours, theirs)
    return result


def ranks(group: list[str]) -> list[int]:
    """Give the rank of each EVR: how many different ones are older."""
    ordered: list[str] = []
    for evr in sorted(group, key=cmp_to_key(compare)):
        if not ordered or compare(ordered[-1], evr):
            ordered.append(evr)
    return [next(rank for rank, one in enumerate(ordered) if not compare(one, evr)) for evr in group]


def main() -> None:
    """Answer one request."""
    groups: list[list[str]] = json.load(sys.stdin)["groups"]
    json.dump({"ranks": [ranks(group) for group in groups]}, sys.stdout)


if __name__ == "__main__":
    main()
