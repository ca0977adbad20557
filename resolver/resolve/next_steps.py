"""What would close a gap: another release or repository, a looser pin or bound, an override (rule R8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from resolver.model import Absence, OsCandidate, PinsPolicy, Reason
from resolver.resolve import pins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.resolve.asks import Ask
    from resolver.resolve.provider import Refusal


class Elsewhere(Protocol):
    """Where else a project may be found: other releases, backports."""

    def __call__(self, project: NormalizedName, /) -> Iterable[tuple[str, Version]]:
        """Give places with the version that each has, nearest first: ``("debian:13", Version("2.1"))``."""
        ...


def nowhere(project: NormalizedName) -> Iterable[tuple[str, Version]]:  # noqa: ARG001 - the signature is Elsewhere's
    """Look nowhere else."""
    return ()


def allow_sdist(project: NormalizedName) -> str:
    """Say how a project can be had that the index has as an sdist only (rule P2)."""
    return f"--allow-sdist {project} builds it from its sdist, in a sandbox"


def next_step(
    project: NormalizedName,
    asks: Sequence[Ask],
    candidate: OsCandidate | Absence,
    refusal: Refusal | None,
    elsewhere: Elsewhere,
) -> str | None:
    """Say all that would close the gap: another release or repository, a looser pin or bound, an override."""
    steps = (_elsewhere(project, asks, elsewhere), _here(asks, candidate, refusal))
    return "; or ".join(filter(None, steps)) or None


def _elsewhere(project: NormalizedName, asks: Sequence[Ask], elsewhere: Elsewhere) -> str | None:
    bounds = [ask.os_specifier for ask in asks if ask.os_specifier is not None]
    for place, version in elsewhere(project):
        if all(pins.admits(bound, version) for bound in bounds):
            return f"{place} has {version}"
    return None


def _here(asks: Sequence[Ask], candidate: OsCandidate | Absence, refusal: Refusal | None) -> str | None:
    match refusal.reason if refusal is not None else None:
        case Reason.VERSION_TOO_OLD | Reason.VERSION_TOO_NEW | Reason.VERSION_EXCLUDED:
            return _looser(candidate, asks) if isinstance(candidate, OsCandidate) else None
        case Reason.HASH_REQUIRED:
            return "--pins compatible lets the distribution's signature stand in for the hash"
        case Reason.AMBIGUOUS:
            return "add an override to mappings/ that decides"
        case Reason.NO_EVIDENCE:
            return "if that package carries it, an override in mappings/ can say so"
        case _:
            return None


def _looser(candidate: OsCandidate, asks: Sequence[Ask]) -> str | None:
    """Name the narrowest policy under which the distribution's version would do, or the bound that excludes it."""
    failing = [ask for ask in asks if not pins.admits(ask.specifier, candidate.version)]
    for policy in (PinsPolicy.COMPATIBLE, PinsPolicy.MINIMUM, PinsPolicy.PREFER):
        if all(pins.admits(pins.loosen(ask.specifier, policy), candidate.version) for ask in failing):
            return f"--pins {policy} would take {candidate.version}"
    if not failing:
        return None
    return f"loosen {failing[0].specifier} of {failing[0].by} to admit {candidate.version}"
