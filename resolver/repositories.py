"""VCS requirements as they are written, ``git+https://forge.example/x.git@COMMIT#subdirectory=a``: what is in them.

Pure: nobody is asked. A repository serves what it likes under a branch or a tag; a full commit hash is the one name
that cannot move (rule R5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from resolver.model import Commit

if TYPE_CHECKING:
    from packaging.utils import NormalizedName

_VCS: Final = ("bzr+", "git+", "hg+", "svn+")
_GIT: Final = "git+"
_TRANSPORTS: Final = ("https", "ssh", "file")
"""Those whose other end is known: pip calls the same ones secure."""
_LOOPBACK: Final = re.compile(r"localhost|127(\.\d+){3}|::1")
_FULL: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A git URL in its parts."""

    url: str
    """As git takes it, without ``git+``, revision and fragment."""
    revision: str
    """Empty where none is named: the repository's default branch."""
    subdirectory: str = ""

    @property
    def transport(self) -> str:
        """``https``, ``ssh``, ``file``, ``http``."""
        return self.url.partition(":")[0]

    @property
    def is_full(self) -> bool:
        """Whether the revision is a full commit hash."""
        return is_full(self.revision)


def is_full(revision: str) -> bool:
    """Tell whether this is a full commit hash as git writes it."""
    return _FULL.fullmatch(revision) is not None


def is_vcs(url: str) -> bool:
    """Tell whether a requirement's URL names a repository."""
    return url.startswith(_VCS)


def is_git(url: str) -> bool:
    """Tell whether it is one of git's."""
    return url.startswith(_GIT)


def place_of(url: str) -> Place:
    """Take a git URL apart."""
    address, _, fragment = url.removeprefix(_GIT).partition("#")
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")  # an @ before it is a login's
    if scheme.lower() == "file" and host == "localhost":  # which git would take for a folder
        host = ""
    path, _, revision = path.rpartition("@") if "@" in path else (path, "", "")
    named = [part.removeprefix("subdirectory=") for part in fragment.split("&") if part.startswith("subdirectory=")]
    return Place(
        url=f"{scheme.lower()}{separator}{host}{slash}{path}",
        revision=revision.lower() if _FULL.fullmatch(revision.lower()) else unquote(revision),
        subdirectory=unquote(named[0]).strip("/") if named else "",
    )


def obstacle(url: str) -> str | None:
    """Say why a repository cannot be built from, in words that follow "it names"; None where it can."""
    if not is_git(url):
        return f"a repository of {url.partition('+')[0]}; only git's are fetched"
    place = place_of(url)
    if not place.url.isprintable() or any(letter.isspace() for letter in place.url):
        return "a repository with a character that no URL has"
    if why := untrusted(place):
        return why
    if ".." in place.subdirectory.split("/") or not place.subdirectory.isprintable():
        return f"a subdirectory that leads out of its repository, or nowhere: {place.subdirectory!r}"
    return None if place.is_full else "a repository without a full commit hash: @ and its 40 digits are needed"


def untrusted(place: Place) -> str | None:
    """Judge the way to a repository: whether one knows who answers, and nobody's password gets into a lock."""
    try:
        parts = urlsplit(place.url)
    except ValueError:  # brackets that hold no IPv6 address
        return "a repository whose address cannot be read"
    if place.transport not in _TRANSPORTS and not (
        place.transport == "http" and _LOOPBACK.fullmatch(parts.hostname or "")
    ):
        return f"a repository at {place.transport}://, where anybody could answer; use git+https:// or git+ssh://"
    if place.transport == "file" and parts.netloc not in {"", "localhost"}:
        return f"a file on {parts.netloc}; expected one of this machine"
    if parts.password is not None or (parts.username is not None and place.transport != "ssh"):
        return "a repository with a login, which would stand in every lock; put it into ~/.netrc, or use git+ssh://"
    return None


def commit_of(project: NormalizedName, url: str) -> Commit:
    """Give what a git URL names that has no obstacle."""
    place = place_of(url)
    return Commit(project=project, url=place.url, commit=place.revision, subdirectory=place.subdirectory)


def pinned(url: str, commit: str) -> str:
    """Give a git URL with another revision, everything else as written."""
    address, hash_sign, fragment = url.partition("#")
    head, _, path = address.removeprefix(_GIT).partition("://")
    host, slash, path = path.partition("/")
    path = path.rpartition("@")[0] if "@" in path else path
    return f"{_GIT}{head}://{host}{slash}{path}@{commit}{hash_sign}{fragment}"
