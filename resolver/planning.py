"""From inputs to a resolution: the steps that the use cases share, and what one run opens for them, once."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from resolver import requirements as reading
from resolver.errors import InputError
from resolver.folders import WHEELS, cache_folder
from resolver.hosts import releases
from resolver.indexes import Indexes
from resolver.io.cache import FileCache
from resolver.model import Absence, RequirementSet
from resolver.names import Names
from resolver.options import ALL, Options
from resolver.repositories import is_git
from resolver.resolve import candidates, gain, moved, ranked, relaxed, resolve, resolve_direct, without
from resolver.targets import HOST, Setting, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.io.process import ProcessRunner
    from resolver.model import AssignedIndex, Resolution, Target
    from resolver.pypi.configuration import IndexSettings
    from resolver.resolve.next_steps import Elsewhere
    from resolver.supply import Supply
    from resolver.venv.record import Contract


class Planner:
    """Reads, opens catalogs and indexes, and resolves, as one run asks for it.

    ``warn`` and ``progress`` take one line for people.
    """

    def __init__(
        self, *, options: Options, runner: ProcessRunner, warn: Callable[[str], None], progress: Callable[[str], None]
    ) -> None:
        """Open the cache; nothing is written before there is something to keep."""
        self.options = options
        self.runner = runner
        self.warn = warn
        self.progress = progress
        folder = cache_folder()
        self.cache = FileCache(folder / "entries", warn=self.warn)
        self.targets = Targets(
            Setting(
                runner=self.runner,
                cache=self.cache,
                cache_folder=folder,
                warn=self.warn,
                offline=self.options.offline or self.options.direct,
                repositories=self.options.repositories,
                mirror=self.options.mirror,
            )
        )
        self._opened_host: IndexedCatalog | None = None
        self.opened: dict[tuple[str, str | None], IndexedCatalog] = {}
        self.indexes: Indexes | None = None

    def read_warning(self) -> RequirementSet:
        """Read the inputs, and warn of what in them has no effect."""
        wanted = self.read(self.options.inputs)
        for warning in wanted.warnings:
            self.warn(warning)
        return wanted

    def read(self, inputs: Sequence[str]) -> RequirementSet:
        """Read some inputs as one."""
        return reading.read_inputs(
            inputs,
            extras=self.options.extras,
            groups=self.options.groups,
            stdin=_read_stdin,
            environ=os.environ,
            cwd=Path.cwd(),
        )

    def resolve_all(self, wanted: RequirementSet) -> tuple[Resolution, ...]:
        """Resolve for each target, and add who stands behind it."""
        return tuple(self.backed(self.resolve(wanted, target)) for target in self.options.targets)

    def relaxed(self, wanted: RequirementSet, target: str) -> Resolution:
        """Resolve, and once more without the bounds of each project that ``--relax`` names."""
        before = self.resolve(wanted, target)
        if not self.options.relax:
            return before
        listed = {one.name for one in wanted.requirements}
        if unknown := sorted(set(self.options.relax) - {ALL} - listed):
            raise InputError(
                f"no input asks for {', '.join(unknown)}",
                context="--relax",
                hint=f"name a project that the inputs list, or {ALL}: each whose bound keeps the distribution out",
            )
        names = candidates(before) if ALL in self.options.relax else self.options.relax
        gains = []
        for number, name in enumerate(names, start=1):
            self.progress(f"{target} without the bounds of {name} ({number} of {len(names)})")
            after = self.resolve(relaxed(wanted, name), target)
            gains.append(gain(name, wanted, before, after))
        told = ranked(gains) if ALL in self.options.relax else tuple(gains)
        if len(told) <= 1:
            return replace(before, gains=told, together=told[0].moved if told else ())
        self.progress(f"{target} with the bounds of all of them loosened")
        return replace(before, gains=told, together=moved(before, self.resolve(without(wanted, told), target)))

    def backed(self, resolution: Resolution) -> Resolution:
        """Add who stands behind the OS packages (rule T2)."""
        from resolver.targets.backing import backing_of, remarks  # noqa: PLC0415 - locks and installs do not tell it

        packages = {
            package.name: package
            for one in resolution.decisions
            if one.os is not None
            for package in one.os.packages(one.extras)
        }
        return replace(
            resolution,
            backing=backing_of(tuple(packages.values()), resolution.target, self.runner, self.cache),
            warnings=(*resolution.warnings, *(remarks(resolution.target) if packages else ())),
        )

    def resolve(self, wanted: RequirementSet, target: str) -> Resolution:
        """Make the plan of one target."""
        catalog = self.host() if target == HOST else self.catalog(target, self.options.python)
        elsewhere = self._elsewhere(catalog)
        if self.options.direct:
            return resolve_direct(
                wanted, catalog, self.options.policy, elsewhere=elsewhere, resembles=self.names(catalog)
            )
        named = {option.name for option in wanted.options}
        policy = replace(self.options.policy, pre="--pre" in named)
        with ExitStack() as stack:
            no_index = policy.only_distro or "--no-index" in named
            index = self.open_indexes(stack, catalog.target, wanted)
            builder = None
            named_commits = any(one.url and is_git(one.url) for one in (*wanted.requirements, *wanted.constraints))
            if not no_index and (policy.allow_sdist or named_commits):
                builder = self.supply(stack, lambda: catalog, index).builder_for(wanted.requirements)
            return resolve(
                wanted,
                catalog,
                None if no_index else index,
                policy,
                builder=builder,
                elsewhere=elsewhere,
                resembles=self.names(catalog),
            )

    def open_indexes(
        self,
        stack: ExitStack,
        target: Target,
        wanted: RequirementSet,
        *,
        known: IndexSettings | None = None,
        more: tuple[AssignedIndex, ...] = (),
    ) -> Indexes:
        """Get ready to ask the indexes; ``stack`` closes what is opened of them.

        ``known`` is read already; ``more`` are assigned by a lock, and come after what is configured here.
        """
        self.indexes = Indexes(
            stack,
            self.runner,
            self.cache,
            target,
            options=wanted.options,
            assigned=(*self.options.indexes, *more),
            cooldown=self.options.cooldown,
            offline=self.options.offline,
            warn=self.warn,
            known=known,
        )
        return self.indexes

    def names(self, *catalogs: IndexedCatalog) -> Names:
        """Judge names by what the embedded indexes and the target's own catalog know, and the user's list."""
        return Names(
            lambda: self.targets.known_names().union(*(catalog.names() for catalog in catalogs)),
            popular=self.options.popular,
            reviewed=self.options.reviewed,
            assigned=self.options.indexes,
        )

    def host(self) -> IndexedCatalog:
        """Open the host's catalog, once: a plan and what carries it out speak of one state of apt."""
        if self._opened_host is None:
            self._opened_host = self.catalog(HOST, self.options.python)
        return self._opened_host

    def host_of(self, contract: Contract) -> IndexedCatalog:
        """Open the host's catalog for what an environment was made for."""
        release, _, rest = contract.target.partition(" ")
        return self.host_for(release, rest.rpartition("python")[2])

    def host_for(self, release: str, python: str) -> IndexedCatalog:
        """Open the host's catalog for what a lock or an environment was made for, where it has several Pythons.

        What was made for another release, or for a Python that is not here, gets the host's own and fits it as little.
        """
        opened, here = self._opened_host, releases.of_host()
        if opened is not None and opened.target.python == python:
            return opened
        if str(here) == release and releases.has_several_pythons(here):
            with suppress(InputError):
                return self.catalog(HOST, python)
        return self.host()

    def catalog(self, target: str, python: str | None) -> IndexedCatalog:
        """Open a target's catalog, once."""
        key = (target, python)
        if key not in self.opened:
            self.opened[key] = self.targets.open(target, architecture=self.options.architecture, python=python)
        return self.opened[key]

    def _elsewhere(self, catalog: IndexedCatalog) -> Elsewhere:
        """Look for a project in the target's other repositories, then in the other releases of the distribution."""
        # Asked once, and only if need be: looking for what is not there costs as much as opening what is.
        siblings = cache(lambda: self.targets.siblings(catalog.target))

        def look(project: NormalizedName, /) -> Iterable[tuple[str, Version]]:
            for version, repository in catalog.other_versions(project):
                yield repository, version
            for other in siblings():
                candidate = other.lookup(project)
                if not isinstance(candidate, Absence):
                    yield str(other.target), candidate.version

        return look

    def supply(
        self,
        stack: ExitStack,
        host: Callable[[], IndexedCatalog],
        index: Indexes | None = None,
        *,
        into: Path | None = None,
    ) -> Supply:
        """Make what gets wheels here, or into a mirror's folder; ``index`` chooses what builds them, where this is not
        settled yet.
        """
        from resolver.supply import Means, Supply  # noqa: PLC0415 - most plans build nothing

        mirrored = (self.options.mirror / WHEELS,) if self.options.mirror is not None else ()
        means = Means(
            runner=self.runner,
            cache=self.cache,
            folder=lambda: into or self._wheel_folder,
            others=(cache_folder() / WHEELS,) if into else mirrored,
            catalog=host,
            packages=lambda: self.targets.package_manager(host()),
            names=cache(lambda: self.names(host())),
            warn=self.warn,
            progress=self.progress,
            indexes=self.options.indexes,
            allow=self.options.allow,
            strict=self.options.strict,
            offline=self.options.offline,
        )
        # A plan that was made in this run may come from an index that its inputs name.
        asked = index or self.indexes
        return Supply(stack, means, index=index, settings=lambda: asked.settings if asked is not None else None)

    @cached_property
    def _wheel_folder(self) -> Path:
        """The folder of wheels, one for the whole run: what a plan built is what its installation looks for."""
        from resolver.supply import wheel_folder  # noqa: PLC0415 - as above

        return wheel_folder(cache_folder() / WHEELS, self, self.warn, named=self.options.dry_run)


def _read_stdin() -> bytes:
    if not sys.stdin:  # None, where it was closed before Python started
        raise InputError("standard input is closed", context="-")
    return sys.stdin.buffer.read()
