"""A host's dnf or zypper that takes all from a mirror in a folder, and only what a key of the host's vouches for.

The host's rpm database, settings and keys are its own. Its repositories are the mirror's alone, described in a folder
of our own, with a cache of their own, so that the host's stay as they are. Whatever the host's configuration says, dnf
verifies every package's signature, and zypper the metadata's, which has every package's hash (rule T1): by the keys
that rpm has or that the host's own repositories name; no key is taken from the mirror.

The manifest is ``{"repositories": [ID…], "packages": [[NAME, EVR, ARCHITECTURE, PATH]…]}``. It decides nothing: what
is in the mirror, its signed metadata says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from resolver import files
from resolver.hosts.mirror_folder import PLAIN, does_not_have, folder_of, no_manifest, put, read_manifest
from resolver.hosts.rpm_fetch import REPOMD

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.model import Release

_LONGEST = 1 << 24
"""Bytes that a repomd.xml is read to; real ones have some thousands."""


class RpmMirrorRoot:
    """This host's package manager, its own database, settings and keys included, with a mirror as its repositories."""

    def __init__(self, mirror: Path, folder: Path, *, release: Release, architecture: str) -> None:
        """Name the place; nothing is written before ``prepare``.

        ``folder`` is where what the package manager needs for the mirror goes. Raises what
        ``mirror_folder.read_manifest`` raises.
        """
        self._part = folder_of(Path(os.path.abspath(mirror)), release, architecture)  # noqa: PTH100 - as the user named it
        self._folder = folder
        manifest = read_manifest(self._part, f"{release} on {architecture}")
        try:
            self._ids = tuple(str(one) for one in manifest["repositories"])
            self._packages = {
                (str(name), str(evr), str(arch)): str(path) for name, evr, arch, path in manifest["packages"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise no_manifest(self._part) from error
        if not self._ids or not all(PLAIN.fullmatch(one) and "/" not in one for one in self._ids):
            raise no_manifest(self._part)

    @property
    def dnf(self) -> tuple[str, ...]:
        """The options of dnf5 and dnf 4; root's dnf5 has another word for its cache than everybody's."""
        cache = self.cache
        return tuple(
            f"--setopt={name}={value}"
            for name, value in (("reposdir", self.repositories), ("cachedir", cache), ("system_cachedir", cache))
        )

    @property
    def zypper(self) -> tuple[str, ...]:
        """The global options of zypper."""
        return ("--reposd-dir", str(self.repositories), "--cache-dir", str(self.cache))

    @property
    def repositories(self) -> Path:
        """The folder of the repositories' descriptions."""
        return self._folder / "repos.d"

    @property
    def cache(self) -> Path:
        """The folder that the package manager keeps metadata in."""
        return self._folder / "cache"

    @property
    def raw(self) -> Path:
        """Where zypp puts metadata in its cache."""
        return self.cache / "raw"

    @property
    def watched(self) -> tuple[Path, ...]:
        """The files whose state decides what is on offer."""
        there = (path for one in self._ids for path in (self._part / one / REPOMD, self.raw / one / REPOMD))
        return (self.repositories / "mirror.repo", *there)

    def prepare(self, keys: Sequence[str], *, metadata_is_signed: bool = False) -> None:
        """Describe the repositories to the package manager.

        ``keys`` are the URLs of the keys that the host's own repositories name. ``metadata_is_signed``: it has to be,
        for zypper then verifies that alone.
        """
        self.repositories.mkdir(parents=True, exist_ok=True)
        self.cache.mkdir(exist_ok=True)
        at_hand = [key for key in keys if key.startswith("file:")]
        sections = (self._described(one, at_hand, metadata_is_signed=metadata_is_signed) for one in self._ids)
        put("\n".join(sections).encode(), self.repositories / "mirror.repo")

    def is_read(self) -> bool:
        """Whether zypper's cache has what the mirror has; the dnfs look themselves."""
        return all(_same(self._part / one / REPOMD, self.raw / one / REPOMD) for one in self._ids)

    def check(self, packages: Iterable[tuple[str, str, str]]) -> None:
        """Raise UnavailableError for those (name, EVR, architecture) that the mirror does not have."""
        missing = [
            one
            for one in sorted(packages)
            if one not in self._packages or not (self._part / self._packages[one]).is_file()
        ]
        if missing:
            raise does_not_have([f"{name}-{evr}.{architecture}" for name, evr, architecture in missing])

    def _described(self, one: str, keys: Sequence[str], *, metadata_is_signed: bool) -> str:
        """Give one section of a .repo file; dnf.conf(5) and zypper(8) understand the same words.

        Not every distribution signs its metadata; where a signature is there, it has to fit. dnf verifies each package
        besides, so that taking the metadata's signature away gains nobody anything.
        """
        folder = self._part / one
        signed = metadata_is_signed or (folder / f"{REPOMD}.asc").is_file()
        lines = [
            f"[{one}]",
            f"name={one}",
            f"baseurl=file://{quote(str(folder))}",
            "enabled=1",
            "gpgcheck=1",
            f"repo_gpgcheck={int(signed)}",
            "metadata_expire=1",
            *([f"gpgkey={' '.join(keys)}"] if keys else []),
        ]
        return "\n".join(lines) + "\n"


def _same(one: Path, other: Path) -> bool:
    try:
        return files.read(one, most=_LONGEST) == files.read(other, most=_LONGEST)
    except OSError:
        return False
