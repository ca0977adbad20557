"""What the families' ways to a catalog share: where indexes lie, how they are kept, what is remembered of packages."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.catalog import overrides, store
from resolver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from packaging.utils import NormalizedName

    from resolver.catalog.overrides import Override
    from resolver.model import NamedRepository, Release
    from resolver.ports import Cache, Runner

HOST = "host"


def mappings_folder() -> Path:
    """Find ``mappings/``: beside the package in a checkout, inside it where it was installed."""
    here = Path(__file__).resolve().parents[1]
    return next((folder for folder in (here / "mappings", here.parent / "mappings") if folder.is_dir()), here)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Where and how catalogs are opened. ``cache_folder`` is ours alone; ``warn`` is told where it cannot be used."""

    runner: Runner
    cache: Cache
    cache_folder: Path
    warn: Callable[[str], None]
    offline: bool = False
    repositories: tuple[NamedRepository, ...] = ()
    """Archives to take a release from instead of the mirrors that the host knows (``--repo``)."""
    mirror: Path | None = None
    """A mirror that this host installs from, instead of the archives that it knows (``--mirror``)."""

    def fetched(self, release: Release, architecture: str, python: str = "") -> Path:
        """Give the place of a release's fetched index; of one of its Pythons where it has several."""
        name = f"{self.slug(release, architecture)}{f'-python{python}' if python else ''}"
        return self.cache_folder / "index" / f"{name}.idx"

    def slug(self, release: Release, architecture: str) -> str:
        """Name a release as seen through certain archives: what came from one is never taken for another's."""
        slug = f"{release.slug}-{architecture}"
        if not self.repositories:
            return slug
        named = [(one.url, one.key) for one in self.repositories]
        return f"{slug}-{hashlib.sha256(repr(named).encode()).hexdigest()[:16]}"

    def overrides(self, family: str, release: Release) -> Mapping[NormalizedName, Override]:
        """Read a family's reviewed overrides for a release."""
        return overrides.load(mappings_folder() / f"{family}.toml", str(release))

    def keep(self, path: Path, content: bytes, *, instead_of: str) -> store.IndexFile:
        """Write the host's index, remove those of earlier states (a glob pattern), and open it.

        Where the cache has no place for it, it is opened all the same, and the next run has to build it again.
        """
        try:
            store.write(path, content)
        except UnavailableError as error:
            return self._open_unkept(path.name, content, error)
        for old in path.parent.glob(instead_of):
            if old != path:
                old.unlink(missing_ok=True)
        return store.IndexFile(path)

    def _open_unkept(self, name: str, content: bytes, error: UnavailableError) -> store.IndexFile:
        import tempfile  # noqa: PLC0415 - only where the cache cannot be written

        self.warn(f"going on without a cache: {error}")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            store.write(path, content)
            return store.IndexFile(path)  # stays mapped when its file is gone

    def remembered(self, package: str, key: str, fetch: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Give a package's metadata files by name, fetched once. Raises UnavailableError where that is forbidden."""
        kept = self.cache.read_json("os-metadata", key)
        if isinstance(kept, dict):
            return {str(name): str(text) for name, text in kept.items()}
        if self.offline:
            raise UnavailableError(
                f"the extras of {package} were never looked up",
                context="--offline",
                hint="run once without --offline",
            )
        files = fetch()
        self.cache.write_json("os-metadata", key, files)
        return files


def fingerprint(watched: Iterable[Path], *more: object) -> str:
    """Hash times and sizes of files, and of what lies directly in folders, with anything else that matters."""
    parts: list[object] = list(more)
    for path in watched:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        for entry in (path, *inside):
            try:
                facts = entry.stat()
            except OSError:
                continue
            parts.append((str(entry), facts.st_mtime_ns, facts.st_size))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
