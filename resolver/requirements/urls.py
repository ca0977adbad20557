"""The URLs that pip fetches from: their schemes, their checks, and ``file:`` URLs of local paths."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from resolver.errors import InputError

if TYPE_CHECKING:
    from resolver.model import Origin

VCS = {
    "git": ("http", "https", "ssh", "git", "file"),
    "hg": ("http", "https", "ssh", "static-http", "file"),
    "bzr": ("http", "https", "ssh", "sftp", "ftp", "lp", "file"),
    "svn": ("http", "https", "ssh", "svn", "file"),
}
VCS_SCHEMES = frozenset(f"{system}+{transport}" for system, transports in VCS.items() for transport in transports)
_SCHEMES = VCS_SCHEMES | {"http", "https", "ftp", "file"}
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")


def scheme_of(text: str) -> str | None:
    """Give what stands before the first colon, in lower case, where that has the form of a scheme."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else None


def is_url(text: str) -> bool:
    """Tell whether pip takes ``text`` for a URL rather than a requirement or path."""
    return scheme_of(text) in _SCHEMES


def names_a_place(url: str) -> bool:
    """Check what packaging 23 checks and later versions do not: a scheme that pip knows, and a host for it."""
    scheme = scheme_of(url)
    return scheme in _SCHEMES and (scheme.endswith("file") or bool(urlsplit(url).netloc))


def file_url(path: str) -> str:
    """Give the URL of an absolute path."""
    return "file://" + quote(os.fsencode(path))


def absolute_file_url(url: str, cwd: str) -> str:
    """Make ``file:../project`` absolute, as pip does; the fragment goes, as with pip. ``url`` was checked."""
    if scheme_of(url) != "file" or "../" not in url:
        return url
    return file_url(os.path.normpath(os.path.join(cwd, unquote(urlsplit(url).path))))  # noqa: PTH118 - Path would not fold ".."


def check_url(url: str | None, written: str, origin: Origin) -> None:
    """Refuse a malformed URL, and a ``file:`` URL that names another machine (RFC 8089). Raises InputError."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"{written!r} is not a URL{cause_of(error, url, written)}", context=str(origin)) from None
    if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
        raise InputError(
            f"{written!r} is a file on {parts.netloc!r}; expected one of this machine",
            context=str(origin),
            hint="an absolute path has three slashes: file:///folder/file",
        )


def cause_of(error: Exception, text: str, written: str) -> str:
    """Give packaging's own words, unless they could repeat what came from the environment."""
    if isinstance(error, RecursionError):
        return ": it is nested too deeply"
    first = str(error).partition("\n")[0].strip()
    return f": {first[0].lower()}{first[1:]}" if first and text in written else ""
