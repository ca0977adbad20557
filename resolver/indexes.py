"""The indexes of one run, as one: the default one, and those that projects are assigned to by name (rule P1).

A project that is assigned is asked of its index alone, whoever asks for it; every other one of the default index alone.
So whoever controls one of them can offer nothing in the name of a project of another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from resolver.errors import UnavailableError
from resolver.model import Sources, assigned_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import ExitStack

    from packaging.utils import NormalizedName

    from resolver.cooldown import Cooldown
    from resolver.io.http import HttpClient
    from resolver.model import AssignedIndex, FileOption, Listing, Target, Wheel, WheelMetadata
    from resolver.ports import Cache, Http, Index, Runner
    from resolver.pypi.configuration import IndexSettings


class Indexes:
    """Implements ``ports.Index``. Each index is opened when the first project is asked of it: what the distribution
    covers never gets there. ``stack`` closes them.
    """

    def __init__(
        self,
        stack: ExitStack,
        runner: Runner,
        cache: Cache,
        target: Target,
        *,
        options: Iterable[FileOption],
        assigned: tuple[AssignedIndex, ...],
        cooldown: Cooldown,
        offline: bool,
        warn: Callable[[str], None],
        known: IndexSettings | None = None,
    ) -> None:
        """Open nothing yet. ``options`` are the requirements files'; ``known``, what an earlier look said of them."""
        self._stack = stack
        self._runner = runner
        self._cache = cache
        self._target = target
        self._options = tuple(options)
        self._assigned = assigned
        self._cooldown = cooldown
        self._offline = offline
        self._warn = warn
        self._known = known
        self._opened: dict[AssignedIndex | None, Index] = {}
        self._ways: dict[AssignedIndex | None, tuple[Http, str]] = {}

    def listing(self, project: NormalizedName) -> Listing:
        """See the port."""
        return self._of(project).listing(project)

    def at(self, project: NormalizedName, url: str, sha256: str) -> Listing:
        """See the port."""
        return self._of(project).at(project, url, sha256)

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """See the port."""
        return self._of(wheel.project).metadata(wheel)

    def prefetch(self, projects: Iterable[NormalizedName]) -> None:
        """See the port; nothing to fetch opens nothing."""
        wanted: dict[AssignedIndex | None, list[NormalizedName]] = {}
        for project in projects:
            wanted.setdefault(assigned_to(project, self._assigned), []).append(project)
        for index, several in wanted.items():
            self._open(index).prefetch(several)

    def prefetch_metadata(self, wheels: Iterable[Wheel]) -> None:
        """See the port; whoever has a wheel has asked its index already."""
        for wheel in wheels:
            self._of(wheel.project).prefetch_metadata([wheel])

    def sources(self, wheels: Iterable[Wheel]) -> Sources:
        """Say where these wheels of the remainder come from, for a lock: of the assigned indexes those that matter."""
        from resolver.pypi.configuration import assigned_settings  # noqa: PLC0415 - a covered file needs no network

        projects = {wheel.project for wheel in wheels}
        used = {assigned_to(project, self._assigned) for project in projects}
        return Sources(
            index=self._known.index_url if self._known is not None else None,
            indexes=tuple(
                replace(index, url=assigned_settings(self._settings(), index).index_url or "")
                for index in self._assigned
                if index in used
            ),
            uploaded_before=self._cooldown.told,
            uploaded_before_for=tuple(sorted(one for one in self._cooldown.told_for if one[0] in projects)),
        )

    def way(self, project: NormalizedName) -> tuple[Http, str]:
        """Give the client and the URL of the index that a project comes from: for what the Simple API does not tell."""
        index = assigned_to(project, self._assigned)
        self._open(index)
        return self._ways[index]

    @property
    def settings(self) -> IndexSettings | None:
        """How the default index is reached, with what the requirements files say; None while nobody has asked it."""
        return self._known

    def _of(self, project: NormalizedName) -> Index:
        return self._open(assigned_to(project, self._assigned))

    def _open(self, index: AssignedIndex | None) -> Index:
        if index not in self._opened:
            self._opened[index] = self._make(index)
        return self._opened[index]

    def _make(self, index: AssignedIndex | None) -> Index:
        from resolver.pypi.configuration import assigned_settings  # noqa: PLC0415 - a covered file needs no network
        from resolver.pypi.index import SimpleIndex  # noqa: PLC0415 - the same

        settings, cooldown = self._settings(), cooldown_for(index, self._cooldown)
        if index is not None:
            settings = assigned_settings(settings, index)
        # A login is for its own index: each gets a client of its own.
        http = open_client(self._stack, self._cache, settings, offline=self._offline)
        self._ways[index] = http, settings.index_url or ""
        return self._stack.enter_context(
            SimpleIndex(http, self._cache, settings, self._target, offline=self._offline, cooldown=cooldown)
        )

    def _settings(self) -> IndexSettings:
        """Read, once, what pip and the files say of the default index."""
        if self._known is None:
            from resolver.pypi.configuration import choose_index, read_settings  # noqa: PLC0415 - as above

            settings = choose_index(read_settings(self._runner, self._cache), self._options, self._assigned)
            for extra in settings.extra:
                self._warn(str(extra))
            if settings.index_url is None:
                raise UnavailableError(
                    f"no index may be asked: {settings.where}", hint="--only-distro plans with the distribution alone"
                )
            self._known = settings
        return self._known


def cooldown_for(index: AssignedIndex | None, cooldown: Cooldown) -> Cooldown:
    """Give the cooldown that holds for an index: whoever is assigned projects by name is no stranger to the default."""
    return replace(cooldown, limit=None) if index is not None and not cooldown.strict else cooldown


def way(known: IndexSettings | None, assigned: Iterable[AssignedIndex]) -> IndexSettings:
    """Say how the files of a lock are fetched: as from the index that was asked, else as pip is configured.

    Every index's login comes along, each for its own server.
    """
    from resolver.pypi.configuration import assigned_settings, read_way  # noqa: PLC0415 - only what fetches

    settings = known or read_way()
    credentials = dict(settings.credentials)
    for index in assigned:
        credentials |= assigned_settings(settings, index).credentials
    return replace(settings, credentials=credentials)


def open_client(stack: ExitStack, cache: Cache, settings: IndexSettings, *, offline: bool) -> HttpClient:
    """Open a client that goes the way that pip is configured to go; ``stack`` closes it."""
    from resolver.io.http import HttpClient, HttpOptions  # noqa: PLC0415 - a covered file needs no network

    options = HttpOptions(
        ca_bundle=settings.ca_bundle,
        client_cert=settings.client_cert,
        timeout=settings.timeout,
        proxy=settings.proxy,
        credentials=settings.credentials,
        offline=offline,
    )
    return stack.enter_context(HttpClient(cache, options))
