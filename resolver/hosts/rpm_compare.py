"""Sort EVRs as rpm does: run by the interpreter that has rpm's bindings, reads and prints JSON.

This file is a program of its own, for ``/usr/bin/python3 -I rpm_compare.py``: the bindings exist only for the
distribution's interpreter, and distrofirst may run under another one. So it imports nothing but ``rpm`` and the
standard library, and nothing imports it.

stdin: ``{"groups": [[EVR…]…]}``.
stdout: the same groups, each sorted from the oldest to the newest; equal EVRs stay in their order.
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
    """Tell which EVR is the newer one, in the way of ``cmp``: -1, 0 or 1."""
    result: int = rpm.labelCompare(parts(one), parts(other))
    return result


def main() -> None:
    """Answer one request."""
    groups: list[list[str]] = json.load(sys.stdin)["groups"]
    json.dump({"groups": [sorted(group, key=cmp_to_key(compare)) for group in groups]}, sys.stdout)


if __name__ == "__main__":
    main()
