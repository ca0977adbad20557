"""Gets what is to be built onto this machine: an sdist, held to its hash, or the files of a commit, which get one.

A commit's own hash is git's, SHA-1 mostly. So a lock has a second one, of the files themselves: the sha256 of one
record for each of them, sorted by path, ``MODE SHA256 PATH NUL`` (``100644``, ``100755``, ``120000`` for a link, whose
content is where it leads), all in ASCII but the path.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.model import Buildable, HttpNotFound, Sdist
from resolver.pypi import sdists

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from resolver.ports import Http
    from resolver.pypi.git import Git


class Fetcher:
    """Where sources come from."""

    def __init__(self, http: Callable[[], Http], git: Git) -> None:
        """Open nothing yet."""
        self._http = http
        self._git = git

    def unpack(self, source: Buildable, folder: Path) -> tuple[Buildable, Path]:
        """Give the source, a commit with the hash of its tree, and its files below ``folder``, which is empty.

        Raises PolicyError where they are not what the source says, or nothing that is built from has.
        """
        fetched, unpacked = folder / "fetched", folder / "unpacked"
        for one in (fetched, unpacked):
            one.mkdir(mode=0o755)
        if isinstance(source, Sdist):
            return source, sdists.unpack(self._sdist(source, fetched), unpacked)
        root = sdists.unpack(self._git.export(source, fetched), unpacked)
        found = tree_hash(root)
        if source.tree not in {None, found}:
            raise PolicyError(
                f"the sha256 of its files is {found}, the lock has {source.tree}",
                context=str(source),
                hint="do not install it: two trees have this commit's hash, or the lock was changed",
            )
        below = root / source.subdirectory
        if not below.is_dir() or not below.resolve().is_relative_to(root.resolve()):
            raise CommandError(f"it has no folder {source.subdirectory}", context=str(source))
        return replace(source, tree=found), root

    def _sdist(self, sdist: Sdist, folder: Path) -> Path:
        if sdist.url.startswith("file:"):
            path = Path(unquote(urlsplit(sdist.url).path))
            if digest(path) != sdist.sha256:
                raise PolicyError(
                    f"there is no file with sha256 {sdist.sha256}", context=sdist.url, hint="find out who changed it"
                )
            return path
        archive = folder / sdist.filename
        answer = self._http().download(sdist.url, archive, sha256=sdist.sha256, size=sdist.size)
        if isinstance(answer, HttpNotFound):
            raise UnavailableError(
                "the index lists this file but does not have it",
                context=sdist.url,
                hint="try again later: the listing may be older than the file's removal",
            )
        return archive


def digest(path: Path) -> str:
    """Give a file's sha256; empty where there is none."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def tree_hash(root: Path) -> str:
    """Give the sha256 of all files below a folder; see above."""
    records = hashlib.sha256()
    for path in sorted(_files(root), key=lambda path: os.fsencode(path.relative_to(root))):
        if path.is_symlink():
            mode, content = "120000", hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
        else:
            mode, content = "100755" if path.stat().st_mode & 0o100 else "100644", digest(path)
        records.update(f"{mode} {content} ".encode() + os.fsencode(path.relative_to(root)) + b"\0")
    return records.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        for name in files:
            yield Path(folder, name)
        for name in names:
            if Path(folder, name).is_symlink():
                yield Path(folder, name)


def gaps(root: Path) -> tuple[str, ...]:
    """Name what a repository refers to and does not hold, in words that follow "it is built without"."""
    found = []
    if (root / ".gitmodules").is_file():
        found.append("its submodules")
    attributes = root / ".gitattributes"
    if attributes.is_file() and b"filter=lfs" in attributes.read_bytes():
        found.append("its files in Git LFS")
    return tuple(found)
