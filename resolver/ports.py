"""The seams: what the pure middle asks of the edges. At most five methods each, fakes in ``tests/fakes.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.utils import NormalizedName

    from resolver.model import (
        Absence,
        Command,
        Completed,
        Listing,
        MetadataSource,
        OsCandidate,
        OsDependency,
        Target,
        Wheel,
        WheelMetadata,
    )


class Catalog(Protocol):
    """What one target offers. Answers are cheap (microseconds to milliseconds) and never touch the network,
    ``extras`` excepted.
    """

    @property
    def target(self) -> Target:
        """The target that the answers hold for."""
        ...

    @property
    def metadata(self) -> MetadataSource:
        """What the answers rest on."""
        ...

    def lookup(self, project: NormalizedName) -> OsCandidate | Absence:
        """Find the OS package that carries a project, whatever its version (rules I1 to I7, V1, V2)."""
        ...

    def dependencies(self, package: str) -> tuple[OsDependency, ...]:
        """Give the direct dependencies of an OS package that carry projects, sorted by package name."""
        ...

    def extras(self, candidate: OsCandidate) -> Mapping[str, tuple[str, ...]]:
        """Give each extra (normalized) with its requirements (PEP 508), from the package's own metadata (rule R4).

        May download the OS package through the package manager. Raises UnavailableError where that is
        forbidden or fails.
        """
        ...


class Index(Protocol):
    """The one package index (rule P1), seen for one target: only wheels that the target can run."""

    def listing(self, project: NormalizedName) -> Listing:
        """Give the project's wheels; one request when not cached. Raises UnavailableError without an answer."""
        ...

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """Read a wheel's metadata: PEP 658, else ranges, else the whole wheel, else an error (rule R6)."""
        ...

    def prefetch(self, projects: Iterable[NormalizedName]) -> None:
        """Start fetching listings, and the newest wheel's metadata, in the background; never raises."""
        ...


class Runner(Protocol):
    """Runs commands: the only way out to other programs (``resolver.io.process``)."""

    def run(self, command: Command) -> Completed:
        """Run to the end with output captured; a non-zero exit is returned, not raised.

        Raises CommandError where the program cannot be started.
        """
        ...

    def stream(self, command: Command) -> Completed:
        """Like ``run``, with the output also passed on to stderr as it comes, for long work."""
        ...
