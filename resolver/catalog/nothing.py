"""A catalog that has nothing: what is resolved against it comes from the index alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from resolver.model import Absence, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from resolver.model import MetadataSource, OsCandidate, OsDependency, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Nothing:
    """``resolver.ports.Catalog`` for a target whose OS packages do not count."""

    target: Target
    metadata: MetadataSource

    def lookup(self, project: NormalizedName) -> OsCandidate | Absence:  # noqa: ARG002 - the port's signature
        """Have no project."""
        return Absence(reason=Reason.EXCLUDED_BY_POLICY, detail="a build has nothing of the system's")

    def dependencies(self, package: str) -> tuple[OsDependency, ...]:  # noqa: ARG002 - the same
        """Have no OS package."""
        return ()

    def extras(self, candidate: OsCandidate, wanted: frozenset[str]) -> Mapping[str, tuple[str, ...]]:  # noqa: ARG002 - the same
        """Have no extra."""
        return {}
