"""Plans of small worlds in one call, for the tests beside this file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolver.resolve import Policy, resolve
from tests import universe
from tests.fakes import FakeIndex

if TYPE_CHECKING:
    from pathlib import Path

    from resolver.model import Decision
    from resolver.ports import Builder


class World:
    """A distribution and an index; remembers what the index was asked."""

    def __init__(
        self, folder: Path, *, distro: dict[str, Any] | None = None, pypi: dict[str, Any] | None = None
    ) -> None:
        """Build both; ``pypi`` is a FakeIndex's universe, ``distro`` a table of OS packages."""
        self._folder = folder
        self.catalog = universe.catalog(folder, distro or {})
        self.index = FakeIndex(pypi or {})

    def plan(
        self,
        *lines: str,
        constraints: list[str] | None = None,
        policy: Policy | None = None,
        builder: Builder | None = None,
    ) -> dict[str, Decision]:
        """Resolve lines of a requirements file; give the decisions by name."""
        wanted = universe.requirements(self._folder, list(lines), constraints)
        resolution = resolve(wanted, self.catalog, self.index, policy or Policy(), builder=builder)
        return {str(one.name): one for one in resolution.decisions}


def chosen(plan: dict[str, Decision]) -> dict[str, str | None]:
    """Show what a plan takes: ``{"requests": "distro 2.32", "flask": "pypi 3.0", "gone": None}``."""
    return {name: f"{one.outcome} {one.version}" if one.version else None for name, one in plan.items()}


def packaged(**projects: str) -> dict[str, Any]:
    """Make OS packages of one project each, without dependencies."""
    return {
        f"python3-{name}": {"version": f"{version}-1", "projects": {name: version}}
        for name, version in projects.items()
    }
