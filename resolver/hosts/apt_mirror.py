"""A partial mirror of apt archives, made in a folder; ``apt_mirror_root`` is where it is used (rule T1).

It has the archives' own form, and their signatures: InRelease, the Packages files that it lists, and in ``pool/`` the
.deb files that some locks need with all that these depend on. So apt verifies there what it verifies anywhere, by the
keys of the host that installs. Nothing in the folder says which keys those are.

::

    debian-13-amd64/mirror.json                 {"indexes": [[ARCHIVE, SUITE, COMPONENT]…]}, in apt's order
    debian-13-amd64/debian/dists/trixie/InRelease
    debian-13-amd64/debian/dists/trixie/main/binary-amd64/Packages.xz
    debian-13-amd64/debian/pool/…
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from resolver.errors import CommandError, PolicyError
from resolver.files import sha256_of
from resolver.hosts.apt_failures import failure_of
from resolver.hosts.debian import PIP_PACKAGE
from resolver.hosts.mirror_folder import cannot_write, put, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from resolver.hosts.apt_root import AptRoot
    from resolver.model import Lock

_URI = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
"""A line of ``apt-get --print-uris``; a file is ``NAME_VERSION_ARCHITECTURE.deb``, quoted like a URI."""
_OFFERED = re.compile(r"^ *(?P<name>\S+) \| +(?P<version>\S+) \| (?P<uri>\S+) (?P<place>\S+)/(?P<component>[^/ ]+) ")
"""A line of ``apt-cache madison``: the place is a suite."""
_COMPRESSED = (".xz", ".gz", ".bz2", "")
"""In the order that apt itself asks for them."""
_AT_A_TIME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Deb:
    """One .deb that apt would fetch."""

    uri: str
    name: str
    version: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """One Packages file of an archive."""

    uri: str
    """The archive's, with a slash at its end."""
    suite: str
    component: str
    key: str
    """Its path below the suite, without what tells the compression: ``main/binary-amd64/Packages``."""
    file: Path
    """Where apt keeps it."""

    @property
    def releases(self) -> tuple[Path, ...]:
        """What is signed: apt has verified it. Most archives have the first alone, old ones the others."""
        stem = str(self.file).rpartition("_" + self.key.replace("/", "_"))[0]
        return tuple(
            path for name in ("InRelease", "Release", "Release.gpg") if (path := Path(f"{stem}_{name}")).exists()
        )


def gather(root: AptRoot, locks: Sequence[Lock], folder: Path, progress: Callable[[str], None]) -> None:
    """Bring what an installation of each of these locks needs, of one release and architecture, into ``folder``.

    What is there and right is not fetched again. Raises CommandError where the archive no longer has what a lock names,
    UnavailableError without network, PolicyError for a file that is not the one that the signed lists name.
    """
    root.update()
    debs = tuple({deb.uri: deb for lock in locks for deb in _closure(root, lock)}.values())
    indexes = _needed(root, debs)
    names = _archive_names(index.uri for index in indexes)
    files = [(deb.uri, _place(folder, names, deb), deb.sha256, deb.size) for deb in debs]
    for index in indexes:
        path, sha256, size = _listed(index)
        files.append((_dists(index) + path, folder / names[index.uri] / _dists(index, "") / path, sha256, size))
    _bring(root, files, folder, progress)
    for index in indexes:
        for signed in index.releases:
            place = folder / names[index.uri] / _dists(index, "") / signed.name.rpartition("_")[2]
            put(signed.read_bytes(), place)  # as apt has verified it
    write_manifest(folder, indexes=[[names[index.uri], index.suite, index.component] for index in indexes])


def _closure(root: AptRoot, lock: Lock) -> tuple[Deb, ...]:
    """Ask apt what a host that has nothing would fetch: a bare one may lack even python3."""
    wanted = [f"{name}={version}" for name, version in sorted(lock.os_versions.items())]
    wanted += ["python3", *([PIP_PACKAGE] if lock.wheels and PIP_PACKAGE not in lock.os_versions else [])]
    command, done = root.ask(
        "apt-get", "install", "-qq", "-y", "--print-uris", "--no-install-recommends",
        "-o", "Acquire::ForceHash=SHA256", *wanted,
        purpose="see what the OS packages need",
    )  # fmt: skip
    if done.returncode != 0:
        raise failure_of(command, done)
    found = []
    for match in _URI.finditer(done.stdout):
        name, version, _ = unquote(match["file"]).rsplit("_", 2)
        found.append(Deb(uri=match["uri"], name=name, version=version, size=int(match["size"]), sha256=match["sha256"]))
    if len(found) != len(done.stdout.splitlines()):
        raise CommandError("apt does not tell the SHA256 of all that it would fetch", context=str(lock.target))
    return tuple(found)


def _needed(root: AptRoot, debs: Sequence[Deb]) -> tuple[Index, ...]:
    """Give the indexes that list these, in apt's order: one that nothing is taken from may have expired, and says more
    than a host has to hold against it.
    """
    form = "\t".join(f"$({name})" for name in ("REPO_URI", "RELEASE", "COMPONENT", "METAKEY", "FILENAME"))
    _, done = root.ask("apt-get", "indextargets", "--format", form, "Identifier: Packages", purpose="list the indexes")
    indexes = [
        Index(uri=uri, suite=suite, component=component, key=key, file=Path(file))
        for uri, suite, component, key, file in (line.split("\t") for line in done.stdout.splitlines())
    ]
    command, done = root.ask(
        "apt-cache", "madison", *dict.fromkeys(deb.name for deb in debs), purpose="see which index has what"
    )
    if done.returncode != 0:
        raise failure_of(command, done)
    offered = {
        (match["name"], match["version"], match["uri"].rstrip("/") + "/", match["place"], match["component"])
        for match in map(_OFFERED.match, done.stdout.splitlines())
        if match
    }
    chosen: list[Index] = []
    left = list(debs)
    for index in indexes:
        here = [
            deb
            for deb in left
            if deb.uri.startswith(index.uri)
            and (deb.name, deb.version, index.uri, index.suite, index.component) in offered
        ]
        if here:
            chosen.append(index)
            left = [deb for deb in left if deb not in here]
    if left:
        raise CommandError(
            f"no index of apt's lists {', '.join(f'{deb.name} {deb.version}' for deb in left)}",
            hint="run it again; a mirror in the middle of its own update may serve half of it",
        )
    return tuple(chosen)


def _archive_names(uris: Iterable[str]) -> dict[str, str]:
    """Name the folder of each archive by the end of its URI, ``debian-security``: not by the server that has it."""
    names: dict[str, str] = {}
    for uri in dict.fromkeys(uris):
        stem = re.sub(r"[^A-Za-z0-9._-]", "", uri.rstrip("/").rpartition("/")[2]).lstrip("._-") or "archive"
        name, number = stem, 1
        while name in names.values():
            number += 1
            name = f"{stem}-{number}"
        names[uri] = name
    return names


def _place(folder: Path, names: dict[str, str], deb: Deb) -> Path:
    uri = max((uri for uri in names if deb.uri.startswith(uri)), key=len)
    return folder / names[uri] / _inside(unquote(deb.uri.removeprefix(uri)), deb.uri)


def _inside(path: str, context: str) -> str:
    if not path or PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise PolicyError("the index names a file outside of its archive", context=context)
    return path


def _dists(index: Index, archive: str | None = None) -> str:
    return f"{index.uri if archive is None else archive}dists/{index.suite.strip('/')}/"


def _listed(index: Index) -> tuple[str, str, int]:
    """Find an index in what is signed: its path below the suite, its SHA256 and size."""
    listed: dict[str, tuple[str, int]] = {}
    for path in index.releases:
        within = False
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if within and line.startswith(" "):
                sha256, size, name = line.split()
                listed[name] = (sha256, int(size))
            else:
                within = line.rstrip() == "SHA256:"
    for ending in _COMPRESSED:
        if found := listed.get(index.key + ending):
            return index.key + ending, *found
    raise CommandError(f"no signed file lists {index.key} with its SHA256", context=_dists(index))


def _bring(
    root: AptRoot, files: Sequence[tuple[str, Path, str, int]], folder: Path, progress: Callable[[str], None]
) -> None:
    """Have files (URI, place, SHA256, size) in their place: fetched aside by apt, held to the hash, then moved."""
    missing = [one for one in files if sha256_of(one[1]) != one[2]]
    if missing:
        progress(f"fetching {len(missing)} of {len(files)} files, {sum(one[3] for one in missing) / 1e6:.1f} MB")
    aside = folder / ".unfinished"
    try:
        aside.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(missing), _AT_A_TIME):
            some = missing[start : start + _AT_A_TIME]
            _fetch(root, [(uri, aside / sha256, sha256) for uri, _, sha256, _ in some])
            for uri, path, sha256, _ in some:
                if sha256_of(aside / sha256) != sha256:
                    raise PolicyError("the file is not the one that the signed lists name", context=uri)
                path.parent.mkdir(parents=True, exist_ok=True)
                (aside / sha256).chmod(0o644)
                (aside / sha256).replace(path)
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise cannot_write(error, folder) from error


def _fetch(root: AptRoot, files: Sequence[tuple[str, Path, str]]) -> None:
    """Fetch files: a local one by a copy, for apt would only link to it; one whose hash is right is there already."""
    words: list[str] = []
    for uri, path, sha256 in files:
        scheme, _, rest = uri.partition(":")
        if sha256_of(path) == sha256:
            continue
        if scheme in {"file", "copy"}:
            with suppress(FileNotFoundError):  # told below, as a file that is not the named one
                shutil.copyfile("/" + unquote(rest).lstrip("/"), path)
            continue
        words += [uri, str(path), f"SHA256:{sha256}"]
    if not words:
        return
    command, done = root.ask("/usr/lib/apt/apt-helper", "download-file", *words, purpose="fetch files of the archive")
    if done.returncode != 0:
        raise failure_of(command, done)
