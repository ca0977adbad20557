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
    if len(resolution.gains) > 1:
        names = f" ({', '.join(resolution.together)})" if resolution.together else ""
        yield printable(f"all of these loosened: {count(len(resolution.together), 'project')} back{names}")


def comments(resolution: Resolution) -> Iterator[str]:
    """Give the same as comments, for a file that says how to loosen them."""
    yield f"# {resolution.target}: what --relax found"
    for line in lines(resolution):
        yield f"# {line}"


def _parts(gain: Gain) -> Iterator[str]:
    if gain.moved:
        yield f"{gain.project}: {count(len(gain.moved), 'project')} back to the distribution ({', '.join(gain.moved)})"
    else:
        yield f"{gain.project}: nothing would move"
        return
    for origin, old, new in gain.bounds:
        yield f"{origin}: {old} → {new or 'no bound'}"
    if gain.policy is not None:
        yield f'or pins-for.{gain.project} = "{gain.policy}" in the configuration'
    if gain.hashed:
        yield "without --hash, for which the distribution's signature stands in"
