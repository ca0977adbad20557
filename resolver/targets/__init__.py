"""From a target's name to its catalog, and to what carries a plan out there.

``common``   where indexes lie and how they are kept
``debian``   Debian and Ubuntu: apt, Contents, the embedded indexes
``rpm``      Fedora, Enterprise Linux and SUSE: rpm-md; ``rpm_index`` makes its indexes
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from resolver.catalog import store
from resolver.errors import InputError
from resolver.hosts import releases
from resolver.hosts.releases import Family
from resolver.targets.common import HOST, Setting, mappings_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.catalog.store import Header
    from resolver.model import Lock, Release, Target
    from resolver.ports import PackageFiles, PackageManager, PackageRemover

__all__ = ["HOST", "Setting", "Targets", "mappings_folder"]


class FamilyTargets(Protocol):
    """What each family has to know; ``Targets`` chooses the family."""

    def open(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """Open a release that need not be the host's; raises UnavailableError without metadata (rule I6)."""
        ...

    def open_host(self, release: Release, architecture: str | None, python: str | None) -> IndexedCatalog:
        """Open the host's own catalog: what its package manager would install."""
        ...

    def update(self, release: Release, architecture: str | None, python: str | None, output: Path | None) -> Path:
        """Fetch a release's metadata anew and write its index; gives its path."""
        ...

    def at_hand(self, release: Release, architecture: str | None, python: str) -> Iterator[IndexedCatalog]:
        """Open what answers for a release without fetching; nothing where nothing does."""
        ...

    def headers(self, release: Release) -> Iterator[Header]:
        """Give what the indexes at hand say of themselves, one for each Python and architecture."""
        ...

    def package_manager(self, catalog: IndexedCatalog) -> PackageManager:
        """Give what installs OS packages on the host whose catalog this is."""
        ...

    def remover(self, release: Release, architecture: str | None) -> PackageRemover:
        """Give what removes OS packages on this host, which is of that release; no metadata is needed."""
        ...

    def files(self, release: Release, architecture: str | None) -> PackageFiles:
        """Give what knows the files of this host's OS packages, likewise."""
        ...

    def mirror(self, locks: Sequence[Lock], folder: Path, progress: Callable[[str], None]) -> bool:
        """Bring the OS packages of some locks of one release and architecture into a mirror, with all they need.

        False where it is not known which repositories the release has. Raises CommandError, UnavailableError or
        PolicyError with the reason.
        """
        ...


class Targets:
    """Opens catalogs, and says what carries a plan out."""

    def __init__(self, setting: Setting) -> None:
        """Open nothing yet."""
        self._setting = setting

    def open(self, name: str, *, architecture: str | None = None, python: str | None = None) -> IndexedCatalog:
        """Open the catalog of ``host`` or of a release such as ``debian:13``; of one of its Pythons (``3.11``).

        Raises InputError for an unknown name, UnavailableError where there is no metadata (rule I6).
        """
        if name != HOST:
            release = releases.parse(name)
            return self._of(release).open(release, architecture, python)
        if any(one.release is None for one in self._setting.repositories):
            raise InputError(
                "the host's own configuration says where it installs from",
                context="--repo",
                hint="name a release with --target, or add the repository to the host's own sources",
            )
        release = releases.of_host()
        return self._of(release).open_host(release, architecture, python)

    def update(
        self, name: str, *, architecture: str | None = None, python: str | None = None, output: Path | None = None
    ) -> Path:
        """Fetch a release's metadata and write its index, into the cache or as an embedded one into ``output``."""
        release = releases.of_host() if name == HOST else releases.parse(name)
        return self._of(release).update(release, architecture, python, output)

    def siblings(self, target: Target) -> list[IndexedCatalog]:
        """Open the other releases of a target's distribution that can be asked at once, the following ones first."""
        release = target.release
        others = [other for other in releases.known_releases() if other.distribution == release.distribution]
        place = next((i for i, other in enumerate(others) if other.version == release.version), 0)
        following = (*others[place + 1 :], *reversed(others[:place]))
        return [
            found for other in following for found in self._of(other).at_hand(other, target.architecture, target.python)
        ]

    def at_hand(self) -> Iterator[IndexedCatalog]:
        """Open every release that can be asked without fetching anything."""
        for release, header in self.known():
            yield from self._of(release).at_hand(release, header.architecture, header.python)

    def known(self) -> Iterator[tuple[Release, Header]]:
        """Give the releases that can be asked without fetching anything, with what their index says of itself."""
        for release in releases.known_releases():
            for header in self._of(release).headers(release):
                yield release, header

    def unknown(self) -> tuple[str, ...]:
        """Name the releases whose metadata has to be fetched before they can be asked."""
        known = {release for release, _ in self.known()}
        return tuple(str(release) for release in releases.known_releases() if release not in known)

    def known_names(self) -> frozenset[str]:
        """Give the projects that the embedded indexes speak of, whatever their release.

        Three indexes are more to read than one list of names, so that is kept.
        """
        indexes = [store.IndexFile(path) for path in sorted(mappings_folder().glob("*.idx"))]
        key = "\n".join(f"{index.path.name} {index.header.date} {index.path.stat().st_size}" for index in indexes)
        known = self._setting.cache.read("names", key)
        if known is None:
            names = frozenset[str]().union(*(index.projects() for index in indexes))
            self._setting.cache.write("names", key, "\n".join(sorted(names)).encode())
            return names
        return frozenset(known.decode().split("\n"))

    def package_manager(self, catalog: IndexedCatalog) -> PackageManager:
        """Give what installs OS packages on the host whose catalog this is."""
        return self._of(catalog.target.release).package_manager(catalog)

    def remover(self, architecture: str | None) -> PackageRemover:
        """Give what removes OS packages on this host; the architecture is the host's, as far as it is known."""
        here = releases.of_host()
        return self._of(here).remover(here, architecture)

    def files(self, architecture: str | None) -> PackageFiles:
        """Give what knows the files of this host's OS packages, likewise."""
        here = releases.of_host()
        return self._of(here).files(here, architecture)

    def mirror(self, locks: Sequence[Lock], folder: Path, progress: Callable[[str], None]) -> bool:
        """Bring the OS packages of some locks of one release and architecture into a mirror; see ``FamilyTargets``."""
        return self._of(locks[0].target.release).mirror(locks, folder, progress)

    def _of(self, release: Release) -> FamilyTargets:
        """Choose the family; it sees the repositories that are for this release alone."""
        ours = tuple(one for one in self._setting.repositories if one.release in {None, release})
        setting = replace(self._setting, repositories=ours)
        if releases.family_of(release) is Family.DEBIAN:
            from resolver.targets.debian import DebianTargets  # noqa: PLC0415 - one family a run

            return DebianTargets(setting=setting)
        from resolver.targets.rpm import RpmTargets  # noqa: PLC0415 - the same

        return RpmTargets(setting=setting)
