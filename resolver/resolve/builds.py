"""What has to be built before it can be looked at: sdists, where they may be (rule P2), and commits (rule R5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver import repositories
from resolver.resolve import pins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from packaging.utils import NormalizedName

    from resolver.model import Sdist, Target, Wheel
    from resolver.ports import Builder
    from resolver.resolve.asks import Ask, Policy

_MOST = 3
"""How many releases of one project may be built in search of one that fits: each may take minutes."""


class Builds:
    """Builds for one round of the search, and notes what was built and what may not be."""

    def __init__(
        self, builder: Builder | None, policy: Policy, target: Target, note: Callable[[NormalizedName, str], None]
    ) -> None:
        """Build nothing yet. ``builder`` None: the target is not here."""
        self._builder = builder
        self._policy = policy
        self._target = target
        self._note = note
        self.held_back: set[NormalizedName] = set()
        """Those that have an sdist which would do, and may not be built of it."""

    def of_sdists(self, project: NormalizedName, sdists: Sequence[Sdist]) -> Iterator[Wheel]:
        """Build a project's sdists, if it may be, each only when it is looked at."""
        if not sdists:
            return
        if project not in self._policy.allow_sdist:
            self.held_back.add(project)
            return
        if self._builder is None:
            self._note(project, f"its sdist can be built on a host of {self._target} only")
            return
        for sdist in sdists[:_MOST]:
            self._note(project, f"no wheel fits: {sdist} is built in a sandbox")
            yield self._builder.build(sdist)
        if len(sdists) > _MOST:
            self._note(project, f"{len(sdists) - _MOST} earlier sdists are not tried")

    def of_commit(self, project: NormalizedName, url: str, asks: Sequence[Ask]) -> Iterator[Wheel]:
        """Build the commit that a demand names, which has no obstacle. That line is leave enough to build it."""
        if self._builder is None:
            self._note(project, f"a commit can be built on a host of {self._target} only")
            return
        commit = repositories.commit_of(project, url)
        self._note(project, f"{commit} is built in a sandbox")
        wheel = self._builder.build(commit)
        unmet = next((ask for ask in asks if not pins.admits(ask.specifier, wheel.version)), None)
        if unmet is not None:
            self._note(project, f"the commit is version {wheel.version}, {unmet.by} asks for {unmet.specifier}")
            return
        yield wheel
