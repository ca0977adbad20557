"""What loosening bounds would buy, a line a project for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.report.plain import count, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.model import Gain, Resolution


def lines(resolution: Resolution) -> Iterator[str]:
    """Give a line for each project whose bounds were set aside, in their order."""
    for gain in resolution.gains:
        yield printable("; ".join(_parts(gain)))


def _parts(gain: Gain) -> Iterator[str]:
    if gain.moved:
        yield f"{gain.project}: {count(len(gain.moved), 'project')} back to the distribution ({', '.join(gain.moved)})"
    else:
        yield f"{gain.project}: nothing would move"
        return
    for origin, old, new in gain.bounds:
        yield f"{origin}: {old} → {new or 'no bound'}"
    if any(old.startswith("==") for _, old, _ in gain.bounds):
        yield f'or pins-for.{gain.project} = "prefer" in the configuration'
    if gain.hashed:
        yield "without --hash, for which the distribution's signature stands in"
