"""The pins policy (rule R9): what an exact pin means to the distribution's candidate, and which bound fails."""

from __future__ import annotations

from functools import lru_cache
from typing import assert_never

from packaging.specifiers import Specifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from resolver.model import PinsPolicy, Reason

_EXACT = frozenset({"==", "==="})


_MOST_ANSWERS = 200_000
_answers: dict[tuple[int, int], tuple[SpecifierSet, Version, bool]] = {}


def admits(specifier: SpecifierSet, version: Version) -> bool:
    """Judge a version, pre-releases allowed (rule V3).

    A search asks the same some ten thousand times, and packaging parses anew each time, so answers are kept by the
    identity of set and version (a version's hash alone takes longer than the look-up); both are kept with the answer,
    so that nothing else gets their ids.
    """
    key = (id(specifier), id(version))
    known = _answers.get(key)
    if known is None:
        if len(_answers) > _MOST_ANSWERS:
            _answers.clear()
        known = _answers[key] = (specifier, version, specifier.contains(version, prereleases=True))
    return known[2]


def names_prerelease(specifier: SpecifierSet) -> bool:
    """Tell whether a specifier set names a pre-release itself (PEP 440, Handling of pre-releases).

    packaging raises for ``===`` with what is no version.
    """
    return any(one.prereleases for one in specifier if one.operator != "===" or _version(one.version) is not None)


def pin_of(specifier: SpecifierSet) -> Specifier | None:
    """Give the exact pin of a specifier set: ``==`` or ``===`` without a wildcard, of a version that PEP 440 knows."""
    pins = sorted((one for one in specifier if one.operator in _EXACT and not one.version.endswith(".*")), key=str)
    return next((pin for pin in pins if _version(pin.version) is not None), None)


def loosen(specifier: SpecifierSet, policy: PinsPolicy) -> SpecifierSet:
    """Give what the distribution's candidate has to satisfy under a policy; the same set where nothing is pinned."""
    return specifier if policy is PinsPolicy.EXACT else _loosened(str(specifier), policy)


@lru_cache(maxsize=4096)
def _loosened(text: str, policy: PinsPolicy) -> SpecifierSet:
    """Loosen a set by its text, for sets that differ only in spelling are equal and would answer for each other."""
    specifier = SpecifierSet(text)
    pin = pin_of(specifier)
    version = _version(pin.version) if pin is not None else None
    if pin is None or version is None:
        return specifier
    others = SpecifierSet(",".join(str(one) for one in specifier if one != pin))
    return others & SpecifierSet(_bound(version, policy))


def _bound(pin: Version, policy: PinsPolicy) -> str:
    """Word the loosened bound. The epoch stays; a local part is dropped, for ``>=`` does not take one."""
    epoch = f"{pin.epoch}!" if pin.epoch else ""
    major, minor = (*pin.release, 0)[:2]
    match policy:
        case PinsPolicy.EXACT:
            return f"=={pin}"
        case PinsPolicy.MINIMUM:
            return f">={pin.public}"
        case PinsPolicy.COMPATIBLE:
            end = f"{major + 1}" if major else f"0.{minor + 1}"
            # A pinned pre-release comes before its own first two components, and is admitted all the same.
            lowest = min(Version(f"{epoch}{major}.{minor}"), Version(pin.public))
            return f">={lowest},<{epoch}{end}"
        case PinsPolicy.PREFER:
            return ""
        case _:
            assert_never(policy)


def failure(version: Version, specifier: SpecifierSet) -> Reason:
    """Say how a version misses a specifier set: too old before too new before excluded."""
    reasons = {_clause_failure(version, one) for one in specifier if not one.contains(version, prereleases=True)}
    return next(
        reason
        for reason in (Reason.VERSION_TOO_OLD, Reason.VERSION_TOO_NEW, Reason.VERSION_EXCLUDED)
        if reason in reasons or reason is Reason.VERSION_EXCLUDED
    )


def _clause_failure(version: Version, clause: Specifier) -> Reason:
    bound = _version(clause.version.removesuffix(".*"))
    if bound is None or clause.operator == "!=":
        return Reason.VERSION_EXCLUDED
    return Reason.VERSION_TOO_OLD if version < bound or clause.operator in {">=", ">"} else Reason.VERSION_TOO_NEW


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
