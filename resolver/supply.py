"""How the remainder's wheels get to this machine, in one run: fetched, or built of their source (rules P2, P4, R5).

There is one folder of wheels, one client that fetches, one inspection, and one sandbox. They know of each other here:
what is built lies among what was fetched, and what builds it is fetched and looked through like everything else.
"""

from __future__ import annotations

import os
import weakref
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from resolver import requirements as reading
from resolver.catalog.nothing import Nothing
from resolver.errors import PolicyError
from resolver.indexes import open_client, way
from resolver.model import Origin, Outcome, Preference, RequirementSet
from resolver.pypi.builder import Pinned, SandboxBuilder
from resolver.pypi.fetching import Fetcher
from resolver.pypi.git import Git
from resolver.pypi.wheelhouse import Wheelhouse
from resolver.repositories import is_git
from resolver.resolve import Policy, applies, refuse, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import ExitStack

    from packaging.utils import NormalizedName

    from resolver.io.http import HttpClient
    from resolver.model import AssignedIndex, Requirement, Resolution, Wheel
    from resolver.ports import Cache, Catalog, Index, PackageManager, Runner
    from resolver.pypi.configuration import IndexSettings
    from resolver.resolve.concerns import Resembles


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """What wheels are fetched and built with."""

    runner: Runner
    cache: Cache
    folder: Callable[[], Path]
    """Gives the folder that keeps them."""
    catalog: Callable[[], Catalog]
    """Gives the host's."""
    packages: Callable[[], PackageManager]
    """Gives the host's: it knows the interpreter."""
    names: Callable[[], Resembles]
    """Gives what judges names."""
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    others: tuple[Path, ...] = ()
    """Folders like it, from which wheels are taken rather than fetched."""
    indexes: tuple[AssignedIndex, ...] = ()
    """Those that single projects come from."""
    allow: frozenset[tuple[str, NormalizedName]] = frozenset()
    """What a review lets pass of a wheel: the fault's value and the project."""
    strict: bool = False
    """Whether what somebody has to decide is refused."""
    offline: bool = False


class Supply:
    """The WheelSource and the Builder of one run; nothing is opened before it is needed. ``stack`` closes it all."""

    def __init__(
        self,
        stack: ExitStack,
        means: Means,
        *,
        index: Index | None,
        settings: Callable[[], IndexSettings | None],
    ) -> None:
        """Build for the host.

        ``index`` is where build requirements are chosen; None: from a lock, which has chosen. ``settings`` tells how
        the index was reached that this run's plan comes from, if it has asked one.
        """
        self._stack = stack
        self._means = means
        self._index = index
        self._settings = settings

    @cached_property
    def wheels(self) -> Wheelhouse:
        """What fetches and inspects."""
        means = self._means
        return Wheelhouse(
            means.folder,
            lambda: self.client,
            means.cache,
            rebuild=self._rebuild,
            others=means.others,
            allow=means.allow,
            offline=means.offline,
            progress=means.progress,
        )

    def builder_for(self, requirements: Iterable[Requirement]) -> SandboxBuilder | None:
        """Give what builds what these requirements may need built; None where their target is not here.

        Raises PolicyError for one that names a branch or a tag (rule R5).
        """
        target = self._means.catalog().target
        environment = target.environment()
        commits = [one for one in requirements if one.url and is_git(one.url) and applies(one, environment)]
        self.git.refuse_moving(commits)
        for one in commits:
            if one.editable:
                self._means.warn(f"{one.origin}: -e: a commit is built and installed, not linked to where it lies")
        return self.builder if target.is_host else None

    @cached_property
    def builder(self) -> SandboxBuilder:
        """What builds."""
        means = self._means
        packages = means.packages()
        return SandboxBuilder(
            fetcher=Fetcher(lambda: self.client, self.git),
            runner=means.runner,
            cache=means.cache,
            wheels=self.wheels,
            target=means.catalog().target,
            interpreter=packages.interpreter,
            site_directories=packages.site_directories,
            pin=self._pin,
            progress=means.progress,
        )

    @cached_property
    def git(self) -> Git:
        """What fetches commits."""
        return Git(self._means.runner, offline=self._means.offline)

    def _rebuild(self, wheel: Wheel) -> None:
        self.builder.rebuild(wheel)

    @cached_property
    def client(self) -> HttpClient:
        """What fetches a plan's files."""
        settings = way(self._settings(), self._means.indexes)
        return open_client(self._stack, self._means.cache, settings, offline=self._means.offline)

    def _pin(self, texts: Sequence[str], whose: str) -> Pinned:
        """Choose what builds, as the remainder is chosen: one index a project, its cooldown, its name looked at.

        The distribution's own setuptools is not asked: what builds is as much of the plan as what is built, and the
        lock pins its hash. Raises PolicyError where a wheel is missing, or a name is refused.
        """
        assert self._index is not None  # noqa: S101 - a lock's builds have their requirements in the lock
        origin = Origin(file=f"{whose}/pyproject.toml", line=1)
        wanted = RequirementSet(
            requirements=tuple(reading.parse_requirement(text, origin) for text in texts), inputs=(whose,)
        )
        catalog = self._means.catalog()
        nothing = Nothing(target=catalog.target, metadata=catalog.metadata)
        policy = Policy(prefer=Preference.NEWEST)
        resolution = resolve(wanted, nothing, self._index, policy, resembles=self._means.names())
        _refuse_gaps(resolution, whose)
        concerns = tuple(concern for decision in resolution.decisions for concern in decision.concerns)
        if self._means.strict:  # before anything of it runs
            refuse(concerns)
        return Pinned(
            wheels=tuple(one.wheel for one in resolution.decisions if one.wheel is not None), concerns=concerns
        )


def _refuse_gaps(resolution: Resolution, whose: str) -> None:
    gaps = [one for one in resolution.decisions if one.outcome is Outcome.UNMET]
    if gaps:
        told = "; ".join(f"{one.name}{one.specifier}: {one.detail or one.reason}" for one in gaps)
        raise PolicyError(
            f"it is built with wheels of the index only, and there is none for {told}",
            context=whose,
            hint="a build requirement is not built itself; build the wheel elsewhere, look at it, and give it by its"
            " place and hash: NAME @ https://…#sha256=…",
        )


def wheel_folder(folder: Path, owner: object, warn: Callable[[str], None], *, named: bool) -> Path:
    """Give the cache's folder of wheels, or where there can be none one that goes with its owner.

    ``named``: whether people are told of the files, as a dry run's commands do. Then they stay.
    """
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK):
            return folder
    temporary = Path(mkdtemp(prefix="distrofirst-"))
    if named:
        warn(f"going on without a cache: the wheels that the commands name are in {temporary}")
    else:
        weakref.finalize(owner, rmtree, temporary, ignore_errors=True)
    return temporary
