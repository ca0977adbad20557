"""The closure rule (R2): an OS package is used only while everything below it comes from the distribution.

Its Python code was built and tested against the distribution's own versions; a newer project in the environment would
shadow one of them. So what stands above a project of the remainder is demoted to the remainder as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import OsCandidate, OsPackage
    from resolver.ports import Catalog


@dataclass(frozen=True, kw_only=True, slots=True)
class Demotion:
    """Why a project may not stay with the distribution."""

    below: NormalizedName
    """The project that does not come from there."""
    chain: str
    """The OS packages that lead to it, and why it does not, in words."""


def demotions(
    catalog: Catalog,
    chosen: Mapping[NormalizedName, Sequence[OsPackage]],
    displaced: Callable[[NormalizedName], str | None],
) -> dict[NormalizedName, Demotion]:
    """Give the chosen projects that may not stay with the distribution.

    ``chosen`` has all that would be installed for a project, the OS packages that are its extras too (rule I5).
    ``displaced`` says why a project below does not come from the distribution, or None where it does. Packages are
    walked breadth first, so the chain is a shortest one; one walk a package however many share it.
    """
    found: dict[NormalizedName, Demotion] = {}
    clean: set[str] = set()
    for project in sorted(chosen):
        chains = (_chain(catalog, package.name, displaced, clean) for package in chosen[project])
        chain = next(filter(None, chains), None)
        if chain is not None:
            found[project] = chain
    return found


def _chain(
    catalog: Catalog, package: str, displaced: Callable[[NormalizedName], str | None], clean: set[str]
) -> Demotion | None:
    """Give the chain from a package to the nearest displaced project below it, or None.

    ``clean`` holds packages with nothing displaced below them; what a walk without a find has seen is added.
    """
    paths: dict[str, tuple[str, ...]] = {package: (package,)}
    queue = [package]
    for current in queue:  # grows while it is walked
        for dependency in catalog.dependencies(current):
            if dependency.package in paths:
                continue
            paths[dependency.package] = (*paths[current], dependency.package)
            for project in dependency.projects:
                if (why := displaced(project)) is not None:
                    return Demotion(below=project, chain=f"{' → '.join(paths[dependency.package])}: {why}")
            if dependency.package not in clean:
                queue.append(dependency.package)
    clean.update(paths)
    return None


def needs_below(
    catalog: Catalog, chosen: Mapping[NormalizedName, OsCandidate]
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """Give every project of the closure below the chosen ones, themselves included, with the projects it needs.

    A package that carries many projects stands for its namesake, unless others of them were chosen by name.
    """
    below: dict[str, tuple[str, ...]] = {}
    carried: dict[str, set[NormalizedName]] = {}
    for project, candidate in chosen.items():
        carried.setdefault(candidate.package.name, set()).add(project)
    queue = sorted(carried)
    for package in queue:  # grows while it is walked
        if package in below:
            continue
        dependencies = catalog.dependencies(package)
        below[package] = tuple(dependency.package for dependency in dependencies)
        for dependency in dependencies:
            carried.setdefault(dependency.package, set()).update(dependency.primary)
        queue.extend(below[package])
    needs: dict[NormalizedName, set[NormalizedName]] = {}
    for package, dependencies_of in below.items():
        needed = {project for name in dependencies_of for project in carried[name]}
        for project in carried[package]:
            needs.setdefault(project, set()).update(needed - {project})
    return {project: tuple(sorted(needs[project])) for project in sorted(needs)}
