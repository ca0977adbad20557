"""What loosening one bound would buy: a requirement whose bound keeps the distribution's version out, set aside. Pure.

A bound is what an input says: a range, a pin, or ``--hash``, which is part of a pin. What another project asks for is
nobody's here to loosen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from packaging.specifiers import SpecifierSet

from resolver.model import Gain, Outcome, PinsPolicy, Reason
from resolver.resolve import pins
from resolver.resolve.plan import applies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.specifiers import Specifier
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model import Requirement, RequirementSet, Resolution

_BY_A_BOUND: Final = frozenset(
    {Reason.VERSION_TOO_OLD, Reason.VERSION_TOO_NEW, Reason.VERSION_EXCLUDED, Reason.HASH_REQUIRED}
)


def candidates(resolution: Resolution) -> tuple[NormalizedName | str, ...]:
    """Name the listed projects that the distribution has, and that a bound keeps out; in the order of the names."""
    return tuple(
        decision.name
        for decision in resolution.decisions
        if decision.direct and decision.os is not None and decision.reason in _BY_A_BOUND
    )


def relaxed(wanted: RequirementSet, name: str) -> RequirementSet:
    """Give the requirements without any bound of one project, constraints included."""

    def loosen(requirement: Requirement) -> Requirement:
        if requirement.name != name or requirement.url is not None:
            return requirement
        return replace(requirement, specifier=SpecifierSet(), hashes=())

    return replace(
        wanted,
        requirements=tuple(map(loosen, wanted.requirements)),
        constraints=tuple(map(loosen, wanted.constraints)),
    )


def without(wanted: RequirementSet, gains: Iterable[Gain]) -> RequirementSet:
    """Give the requirements with the bounds of all these gains as loose as they say, and no looser."""
    loose = {(one.project, origin): new for one in gains for origin, _, new in one.bounds}
    hashed = {one.project for one in gains if one.hashed}

    def loosen(requirement: Requirement) -> Requirement:
        new = loose.get((str(requirement.name), requirement.origin))
        return replace(
            requirement,
            specifier=requirement.specifier if new is None else SpecifierSet(new),
            hashes=() if requirement.name in hashed else requirement.hashes,
        )

    return replace(
        wanted,
        requirements=tuple(map(loosen, wanted.requirements)),
        constraints=tuple(map(loosen, wanted.constraints)),
    )


def gain(name: str, wanted: RequirementSet, before: Resolution, after: Resolution) -> Gain:
    """Hold the plan without the bounds of ``name`` against the plan with them."""
    candidate = next((decision.os for decision in before.decisions if decision.name == name), None)
    environment = before.target.environment()
    lines = [
        one
        for one in (*wanted.requirements, *wanted.constraints)
        if one.name == name and one.url is None and applies(one, environment)
    ]
    bounds = [
        (one, loosened(one.specifier, candidate.version))
        for one in lines
        if candidate is not None and (str(one.specifier) or one.hashes)
    ]
    return Gain(
        project=name,
        moved=moved(before, after),
        package=f"{candidate.package.name} {candidate.package.version}" if candidate is not None else None,
        bounds=tuple((one.origin, str(one.specifier), new) for one, new in bounds if new != str(one.specifier)),
        hashed=any(one.hashes for one in lines),
        policy=_policy([one.specifier for one in lines], candidate.version) if candidate is not None else None,
    )


def moved(before: Resolution, after: Resolution) -> tuple[str, ...]:
    """Name the projects that ``after`` takes from the distribution, and ``before`` needs from elsewhere; sorted."""
    served = {decision.name for decision in after.decisions if decision.outcome is Outcome.DISTRO}
    gaps = {Outcome.PYPI, Outcome.UNMET, Outcome.UNRESOLVED}
    return tuple(sorted(str(one.name) for one in before.decisions if one.name in served and one.outcome in gaps))


def _policy(specifiers: Iterable[SpecifierSet], version: Version) -> PinsPolicy | None:
    bounds = list(specifiers)
    for policy in (PinsPolicy.COMPATIBLE, PinsPolicy.MINIMUM, PinsPolicy.PREFER):
        if all(pins.admits(pins.loosen(bound, policy), version) for bound in bounds):
            return policy
    return None


def loosened(specifier: SpecifierSet, version: Version) -> str:
    """Give the least loose bound that lets a version in: what it meets stays, what it does not gives way to it."""
    kept = [bound for one in sorted(specifier, key=str) if (bound := _around(one, version))]
    return ",".join(dict.fromkeys(kept))


def _around(one: Specifier, version: Version) -> str | None:
    if one.contains(version, prereleases=True):
        return str(one)
    match pins.failure(version, SpecifierSet(str(one))):
        case Reason.VERSION_TOO_OLD:
            return f">={version.public}"
        case Reason.VERSION_TOO_NEW:
            return f"<={version.public}" if one.operator in {"<", "<="} else f">={one.version.removesuffix('.*')}"
        case _:
            return None


def ranked(gains: Iterable[Gain]) -> tuple[Gain, ...]:
    """Put what moves most projects back first, then by name; what moves none is left out."""
    return tuple(sorted((one for one in gains if one.moved), key=lambda one: (-len(one.moved), one.project)))
