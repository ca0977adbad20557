"""A host's apt that takes all from a mirror in a folder (``apt_mirror``), and its word only where a key vouches for it.

The host's status, settings, preferences and keys are its own. Its sources are the mirror's archives alone, read into
lists of their own, so that its other lists stay as they are. Each is signed by what the host trusts for the suite of
that name (rule T1); ``copy:`` has apt hold a .deb to its hash after it is out of reach of whoever can write there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from resolver.errors import PolicyError
from resolver.files import sha256_of
from resolver.hosts.apt_root import acquire_settings, explain_update_failure, locked
from resolver.hosts.apt_sources import Source, render
from resolver.hosts.mirror_folder import (
    AGAIN,
    MANIFEST,
    PLAIN,
    does_not_have,
    folder_of,
    no_manifest,
    put,
    read_manifest,
)
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.model import Release
    from resolver.ports import Runner


class MirrorRoot:
    """This host's apt, its own status, settings and keys included, with a mirror's archives as its only sources."""

    def __init__(
        self,
        mirror: Path,
        folder: Path,
        *,
        release: Release,
        architecture: str,
        sources: Sequence[Source],
        keyrings: Iterable[Path],
        runner: Runner,
    ) -> None:
        """Name the place; nothing is written before ``update``.

        ``folder`` is where apt's lists of the mirror go. ``sources`` are the host's own, and say which key signs which
        suite; what they do not name is the distribution's, which one of ``keyrings`` has to sign.
        """
        self._release = release
        self._runner = runner
        self._architecture = architecture
        self._folder = folder
        self._keyrings = tuple(keyrings)
        self._archives = folder_of(Path(os.path.abspath(mirror)), release, architecture)  # noqa: PTH100 - as the user named it
        self._host = tuple(sources)
        self.config = folder / "apt.conf"
        self.lists = folder / "lists"

    @property
    def environment(self) -> dict[str, str]:
        """What tells apt's programs."""
        return {"APT_CONFIG": str(self.config)}

    @property
    def watched(self) -> tuple[Path, ...]:
        """The files whose state decides what the lists say."""
        signed = (
            self._archives / archive / "dists" / suite / name
            for archive, suite, _ in self._indexes()
            for name in ("InRelease", "Release")
        )
        return (self._archives / MANIFEST, self.config, self._folder / "mirror.sources", *dict.fromkeys(signed))

    def sources(self) -> tuple[Source, ...]:
        """Give the mirror's archives as apt sources, signed by what this host trusts for each suite.

        Raises UnavailableError where the mirror has nothing for this host, PolicyError where no key of the host's
        vouches for a suite.
        """
        return tuple(
            Source(
                uris=(f"copy:{quote(str(self._archives / archive))}",),
                suites=(suite,),
                components=(component,),
                signed_by=self._key_of(archive, suite, component),
                insecure=False,
            )
            for archive, suite, component in self._indexes()
        )

    def update(self) -> None:
        """Have apt read and verify the mirror's indexes, into lists of their own; the host's stay as they are.

        Raises PolicyError for a signature that does not verify, UnavailableError for an index that is out of date.
        """
        text = render(self.sources(), self._release.codename or "", contents=False)
        settings = self._settings()
        # Hooks of the host's own update (command-not-found, appstream) want its own lists, and mostly root.
        alone = ['Dir::Etc::parts "/dev/null";', 'Dir::Etc::main "/dev/null";', *acquire_settings(self._runner)]
        config = self._folder / "update.conf"
        with locked(self._folder):
            (self.lists / "partial").mkdir(parents=True, exist_ok=True)
            put(text.encode(), self._folder / "mirror.sources")
            put("\n".join([*settings, ""]).encode(), self.config)
            put("\n".join([*settings, *alone, ""]).encode(), config)
            done = self._runner.run(
                Command(
                    argv=("apt-get", "-qq", "--error-on=any", "update"),
                    environment={"APT_CONFIG": str(config)},
                    purpose="read the mirror's package lists",
                )
            )
        if done.returncode != 0:
            raise explain_update_failure(done.stderr, f"{self._release} in {self._archives}")

    def check(self, wanted: Iterable[tuple[str, str | None]]) -> None:
        """Hold the mirror's files against what apt's lists say: each one's name, and its SHA256 where they have one.

        apt does that too, but 3.0 calls a file of ``copy:`` that is another one an "Undetermined Error". Raises
        UnavailableError for files that no archive of the mirror has, PolicyError for one that is not the named one.
        """
        archives = [self._archives / archive for archive in dict.fromkeys(index[0] for index in self._indexes())]
        missing = []
        for file, sha256 in wanted:
            found = [path for archive in archives if (path := archive / file.removeprefix("/")).is_file()]
            if not found:
                missing.append(file.rpartition("/")[2])
            elif sha256 is not None and all(sha256_of(path) != sha256 for path in found):
                raise PolicyError(
                    "is not the file that the signed lists name",
                    context=str(found[0]),
                    hint=f"find out who changed the file, then {AGAIN}",
                )
        if missing:
            raise does_not_have(missing)

    def _settings(self) -> list[str]:
        settings = [
            f'Dir::Etc::sourcelist "{self._folder}/mirror.sources";',
            'Dir::Etc::sourceparts "/dev/null";',
            f'Dir::State::lists "{self.lists}";',
            f'Dir::Cache::pkgcache "{self._folder}/pkgcache.bin";',
            f'Dir::Cache::srcpkgcache "{self._folder}/srcpkgcache.bin";',
            'Acquire::Languages "none";',
        ]
        if not all(path.stat().st_mode & 0o001 for path in (self._archives, *self._archives.parents)):
            # apt's own user, which fetches where root can, cannot look into what is closed to others.
            settings.append('APT::Sandbox::User "";')
        return settings

    def _indexes(self) -> list[tuple[str, str, str]]:
        """Read which indexes the mirror has: archive, suite, component."""
        try:
            told = read_manifest(self._archives, f"{self._release} on {self._architecture}")["indexes"]
            indexes = [(str(archive), str(suite), str(component)) for archive, suite, component in told]
        except (ValueError, KeyError, TypeError) as error:
            raise no_manifest(self._archives) from error
        if not all(PLAIN.fullmatch(word) for index in indexes for word in index):
            raise no_manifest(self._archives)
        return indexes

    def _key_of(self, archive: str, suite: str, component: str) -> str | None:
        """Give the key that this host trusts for a suite; None: whatever it trusts throughout.

        Others may have suites named after the distribution's, with components of their own.
        """
        fitting = [
            source
            for source in self._host
            if suite in source.suites and component in source.components and not source.insecure
        ]
        if fitting:
            ends = (f"/{archive}", f"/{archive}/")
            return max(fitting, key=lambda source: any(uri.endswith(ends) for uri in source.uris)).signed_by
        for keyring in self._keyrings:
            if keyring.is_file():
                return str(keyring)
        raise PolicyError(
            f"no source of this host's names {suite}, so nothing tells whose signature it has to bear",
            context=str(self._archives),
            hint="install the release's archive keyring, or add the suite to the host's apt sources, signed by its key",
        )


def keyrings_of(release: Release) -> tuple[Path, ...]:
    """Name where the distribution's own keyring package puts its key."""
    stem = f"/usr/share/keyrings/{release.distribution}-archive-keyring"
    return Path(f"{stem}.pgp"), Path(f"{stem}.gpg")
