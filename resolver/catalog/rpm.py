"""From rpm-md packages to an index: which build of a package counts, what it carries, what is below it. Pure.

What is asked of a repository is always ``pythonX.Ydist(name)``: every flavour of openSUSE provides
``python3dist(name)`` (rule I4). How rpm orders two versions is rpm's own business (rule V3): ``Ranks`` asks it.
"""

from __future__ import annotations

import contextlib
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from resolver.catalog import build, rpm_requires, rpm_versions
from resolver.catalog.store import Claim

if TYPE_CHECKING:
    from resolver.catalog.rpm_md import Capability, RpmPackage
    from resolver.model import RpmOffer, RpmRepository

Ranks = Callable[[Sequence[Sequence[str]]], Sequence[Sequence[int]]]
"""For each group of EVRs the rank of each, 0 for the oldest; equal ones have the same rank."""

_RELATIONS = {"LT": operator.lt, "LE": operator.le, "EQ": operator.eq, "GE": operator.ge, "GT": operator.gt}
"""rpm-md's flags."""

_VERSION = re.compile(r"3\.[0-9]+")
_MODULAR = re.compile(r"\.module[_+]")
"""In the release of a build that belongs to a module stream: offered only where the stream is enabled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One build of a package in one repository."""

    package: RpmPackage
    repository: RpmRepository


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """The Python that a catalog is made for."""

    python: str
    """``3.14``"""
    is_main: bool
    """Whether it is the release's /usr/bin/python3, rather than one of a side-by-side stack."""


def pythons(builds: Iterable[Build]) -> dict[str, int]:
    """Count, for each Python (``3.11``), the packages that carry a project for it."""
    counted: Counter[str] = Counter()
    for one in builds:
        found = (rpm_requires.dist_of(provide.name) for provide in one.package.provides)
        counted.update({dist.python for dist in found if dist is not None and "." in dist.python})
    return dict(counted)


def interpreter(builds: Iterable[Build], wanted: str | None, main: str | None) -> Interpreter | None:
    """Find the interpreter to plan for: the wanted one, else the main one; None where nothing tells which that is.

    ``main`` is what the release's /usr/bin/python3 is known to be; the metadata's own word comes first.
    """
    # Fedora's package python3 provides itself, on SUSE python313 does; of several in sight the newest is the main one.
    named = (p for p in map(_python_of, (one.package for one in builds)) if p is not None)
    main = max(named, key=number, default=main)
    chosen = wanted or main
    return Interpreter(python=chosen, is_main=chosen == main) if chosen is not None else None


def _python_of(package: RpmPackage) -> str | None:
    """Give the Python (``3.14``) that a package makes the system's own, if it is one that does."""
    version = _VERSION.match(package.version)
    return version[0] if version and any(provide.name == "python3" for provide in package.provides) else None


def number(python: str) -> tuple[int, ...]:
    """Give a Python's version (``3.14``) as what orders it."""
    return tuple(map(int, python.split(".")))


def full_version(chosen: Mapping[str, Sequence[Build]], python: str) -> str:
    """Give an interpreter's whole version as PEP 440 spells it (``3.14.0rc3``), for markers; empty where none is there.

    ``chosen`` is what ``offered`` gave: of a release and its updates the one that would be installed counts.
    """
    for name in sorted(chosen):
        package = chosen[name][0].package
        # Fedora's python3 provides it, and SUSE's python313-base.
        if package.version.startswith(f"{python}.") and any(p.name == "python(abi)" for p in package.provides):
            return rpm_versions.spelled(package.version, "")
    return ""


def offered(
    builds: Iterable[Build], architecture: str, ranks: Ranks, offers: Iterable[RpmOffer] | None
) -> dict[str, tuple[Build, ...]]:
    """Give the builds of each package that may be installed, the one that would be first.

    ``offers`` is the package manager's word on what carries projects; without one to ask, modular builds are left
    out, for whether their stream is enabled is the host's business. A lower priority number wins over any version,
    then the newest build does, then the repository's id. What another package obsoletes is left out.
    """
    allowed = None if offers is None else {(o.name, o.evr, o.architecture, o.repository) for o in offers}
    by_name: dict[str, list[Build]] = {}
    for one in builds:
        package = one.package
        if package.arch not in {"noarch", architecture}:
            continue
        if allowed is None:
            if _MODULAR.search(package.release):
                continue
        elif _carries(package) and (package.name, package.evr, package.arch, one.repository.id) not in allowed:
            continue
        by_name.setdefault(package.name, []).append(one)
    several = [name for name, found in by_name.items() if len({one.package.evr for one in found}) > 1]
    asked = [[one.package.evr for one in by_name[name]] for name in several]
    age = dict(zip(several, ranks(asked), strict=True)) if asked else {}
    chosen = {name: _best_first(found, age.get(name)) for name, found in by_name.items()}
    for name in _obsoleted(chosen, ranks):
        del chosen[name]
    return chosen


def _carries(package: RpmPackage) -> bool:
    return any(rpm_requires.dist_of(provide.name) is not None for provide in package.provides)


def _best_first(builds: Sequence[Build], ages: Sequence[int] | None) -> tuple[Build, ...]:
    aged = list(zip(ages or [0] * len(builds), builds, strict=True))
    aged.sort(key=lambda pair: (pair[1].repository.priority, -pair[0], pair[1].repository.id))
    return tuple(one for _, one in aged)


def _obsoleted(chosen: Mapping[str, Sequence[Build]], ranks: Ranks) -> set[str]:
    """Name the packages whose candidate another package's candidate obsoletes: asking for them gets that other one."""
    found: set[str] = set()
    to_compare: list[tuple[str, Capability]] = []
    for name, (best, *_) in chosen.items():
        for obsolete in best.package.obsoletes:
            if obsolete.name == name or obsolete.name not in chosen:
                continue
            if obsolete.evr:
                to_compare.append((obsolete.name, obsolete))
            else:
                found.add(obsolete.name)
    if to_compare:
        groups = [[chosen[name][0].package.evr, obsolete.evr] for name, obsolete in to_compare]
        for (name, obsolete), (ours, bound) in zip(to_compare, ranks(groups), strict=True):
            if _RELATIONS[obsolete.flags](ours, bound):
                found.add(name)
    return found


def make(
    chosen: Mapping[str, Sequence[Build]],
    interpreter: Interpreter,
    prefix: str,
    named: Iterable[str] = (),
) -> build.Built:
    """Make what goes into an index.

    ``chosen`` is what ``offered`` gave, ``prefix`` what the family puts before a project's name, ``named`` the packages
    that overrides name. What is installed is not looked up: it decides nothing (rule R7).
    """
    claims, extras = _claims((builds[0].package for builds in chosen.values()), interpreter.python)
    needs = _needs(chosen, {claim.package for claim in claims if claim.kind == "provides"})
    # What a package needs has to be known (rule R6): one whose requirements cannot be read is not offered.
    chosen = {name: builds for name, builds in chosen.items() if name in needs}
    state: dict[str, Any] = {
        name: {
            "version": best.package.evr,
            "architecture": best.package.arch,
            "repository": best.repository.name,
            "trusted": best.repository.trusted,
            "installed": None,
            "depends": needs[name],
            "others": sorted(
                {(one.package.evr, one.repository.name) for one in others if one.package.evr != best.package.evr}
            ),
        }
        for name, (best, *others) in chosen.items()
    }
    return build.build(claims, state, {*named, *extras}, prefix=prefix)


def _claims(packages: Iterable[RpmPackage], python: str) -> tuple[tuple[Claim, ...], set[str]]:
    """Give what the packages carry, and the names of those that are extras.

    A project that only other interpreters' packages carry is kept as such (rule I4).
    """
    own: set[Claim] = set()
    other: dict[str, tuple[str, RpmPackage, Capability]] = {}
    extras: set[str] = set()
    for package in packages:
        for provide in package.provides:
            dist = rpm_requires.dist_of(provide.name)
            if dist is None or "." not in dist.python:
                continue
            if dist.python != python:
                first = other.get(dist.project)
                if dist.extra is None and (first is None or package.name < first[0]):
                    other[dist.project] = (package.name, package, provide)
            elif dist.extra is None:
                own.add(_claim(dist.project, package, provide, "provides"))
            else:
                own.add(replace(_claim(dist.project, package, provide, "extra"), metadata_name=dist.extra))
                extras.add(package.name)
    # An extra alone, its project in a repository that is not at hand, carries nothing.
    carriers = {claim.package for claim in own if claim.kind == "provides"}
    carried = {claim.project for claim in own if claim.kind == "provides"}
    kept = {_claim(p, package, provide, "other") for p, (_, package, provide) in other.items() if p not in carried}
    return tuple(sorted(own | kept)), extras - carriers


def _claim(project: str, package: RpmPackage, provide: Capability, kind: str) -> Claim:
    version = rpm_versions.spelled(provide.evr, package.version)
    return Claim(
        project=project,
        package=package.name,
        kind=kind,
        metadata_name="-".join(filter(None, (project.replace("-", "_"), version))),
        os_version=package.evr,
    )


def _needs(chosen: Mapping[str, Sequence[Build]], carriers: set[str]) -> dict[str, list[str]]:
    """Give, for each package, one package for each of its requirements, as far as the metadata at hand holds one.

    A package is missing where one of its requirements is none by rpm's grammar.
    Of several that provide a capability the one that carries projects for this interpreter is taken, then the one of
    that name. The interpreter is looked for by everything and leads nowhere; files are not looked for.
    """
    providers: dict[str, list[str]] = {}
    interpreters = set()
    for name, (best, *_) in chosen.items():
        for capability in {name, *(provide.name for provide in best.package.provides)}:
            providers.setdefault(capability, []).append(name)
        if any(provide.name == "python(abi)" for provide in best.package.provides):
            interpreters.add(name)

    def pick(capability: str) -> str | None:
        found = providers.get(capability)
        if not found:
            return None
        return min(found, key=lambda name: (name not in carriers, name != capability, name))

    known: dict[str, tuple[str, ...]] = {}

    def picked(requirement: str) -> tuple[str, ...]:
        if requirement not in known:
            # Only what starts with a parenthesis is more than a name, whatever else is in it (rpm's manual).
            groups = rpm_requires.needs(requirement) if requirement.startswith("(") else ((requirement,),)
            known[requirement] = tuple(
                next((one for one in map(pick, alternatives) if one is not None), "") for alternatives in groups
            )
        return known[requirement]

    found: dict[str, list[str]] = {}
    for name, (best, *_) in chosen.items():
        with contextlib.suppress(ValueError):
            needed = {need for requirement in best.package.requires for need in picked(requirement)}
            found[name] = sorted(needed - interpreters - {"", name})
    return found
