"""rpm-md repositories that the user names: fetched by ourselves, the signature verified by the system's OpenPGP tool.

The host's own repositories are their package manager's to fetch (``dnf_metadata``, ``zypp_metadata``); this is for a
release whose mirrors the host does not know (``--repo URL``, ``--repo-key FILE``).
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from resolver.errors import InputError, PolicyError, UnavailableError
from resolver.model import Command, HttpNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from resolver.ports import Http, Runner

REPOMD = "repodata/repomd.xml"
_STRONG = frozenset({"sha256", "sha384", "sha512"})
_VERIFIERS = ("gpgv", "sqv")
"""What can verify a detached signature: apt depends on one of them, gnupg brings gpgv to all others."""
_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\r\n]+\r?\n)*\r?\n([A-Za-z0-9+/=\s]+?)"
    rb"(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END PGP PUBLIC KEY BLOCK-----"
)
"""Headers, an empty line, the key in base64, maybe a checksum."""


def local_path(url: str) -> Path | None:
    """Give the folder that a ``file:`` URL, or a plain path, names; None for what is fetched over the network.

    Raises InputError for a URL of another kind.
    """
    with suppress(ValueError):  # a bracket that is not closed, and the like
        parts = urlsplit(url)
        if parts.scheme in {"http", "https"} and parts.netloc:
            return None
        if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
            return Path(unquote(parts.path))
        if url and not parts.scheme and Path(url).is_dir():
            return Path(url).resolve()
    raise InputError(f"{url!r} is no repository's URL", context="--repo", hint="expected http:, https: or file:")


def fetch(url: str, folder: Path, http: Http) -> Path:
    """Bring a repository's repomd.xml, with its signature where it has one, and give the folder that holds repodata/.

    A ``file:`` repository is read where it lies. Raises UnavailableError where there is no repository.
    """
    here = local_path(url)
    if here is not None:
        if not (here / REPOMD).is_file():
            raise _no_repository(url)
        return here
    (folder / "repodata").mkdir(parents=True, exist_ok=True)
    base = url.rstrip("/")
    answer = http.get(f"{base}/{REPOMD}")
    if isinstance(answer, HttpNotFound):
        raise _no_repository(url)
    signature = http.get(f"{base}/{REPOMD}.asc")
    (folder / f"{REPOMD}.asc").write_bytes(b"" if isinstance(signature, HttpNotFound) else signature.body)
    (folder / REPOMD).write_bytes(answer.body)
    return folder


def fetch_file(url: str, folder: Path, href: str, http: Http, *, algorithm: str, digest: str) -> Path:
    """Bring one file of a repository, verified by its hash; a ``file:`` repository's is taken where it lies.

    Raises UnavailableError where it is gone, PolicyError where it is another file, where a hash that can be forged is
    all that vouches for it, or where it lies outside of the repository: nobody has verified what an unsigned one says.
    """
    if algorithm not in _STRONG:
        raise PolicyError(
            f"only {algorithm} vouches for it, and whoever wants to can forge that",
            context=f"{url}/{href}",
            hint="the repository has to be made anew with sha256",
        )
    check_inside(href, url)
    here = local_path(url)
    path = (here or folder) / href
    if digest_of(path, algorithm) == digest:
        return path
    if here is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(f"{url.rstrip('/')}/{href}", path, http, algorithm=algorithm, digest=digest)
    if not path.exists():
        raise UnavailableError(
            "the repository does not have what its metadata lists", context=f"{url}/{href}", hint="try again later"
        )
    if digest_of(path, algorithm) != digest:
        if here is None:
            path.unlink()
        raise _another(f"{url}/{href}", algorithm)
    return path


def _download(url: str, path: Path, http: Http, *, algorithm: str, digest: str) -> None:
    """Fetch a file, an .rpm of hundreds of megabytes among them; the caller looks at what it is."""
    if algorithm == "sha256":
        # What was fetched before goes in any case: it is another file.
        path.unlink(missing_ok=True)
        try:
            http.download(url, path, sha256=digest)
        except PolicyError as error:
            raise _another(url, algorithm) from error
        return
    answer = http.get(url)
    if not isinstance(answer, HttpNotFound):
        path.write_bytes(answer.body)


def _another(url: str, algorithm: str) -> PolicyError:
    return PolicyError(
        f"the file is not the one that the metadata names: its {algorithm} differs",
        context=url,
        hint="a mirror in the middle of its own update, or a proxy, serves another file: try again later",
    )


def check_inside(href: str, url: str) -> None:
    """Raise PolicyError for a file that lies outside of its repository."""
    inside = PurePosixPath(href)
    if not inside.parts or inside.is_absolute() or ".." in inside.parts or "://" in href:
        raise PolicyError(f"the metadata names a file outside of the repository: {href!r}", context=url)


def digest_of(path: Path, algorithm: str) -> str | None:
    """Give what a file's bytes come to, in hexadecimal; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).hexdigest()
    except OSError:
        return None


def _no_repository(url: str) -> UnavailableError:
    return UnavailableError(
        "there is no rpm-md repository", context=url, hint=f"the URL of the folder that holds {REPOMD} is expected"
    )


def verify(folder: Path, key: Path, runner: Runner, *, which: Callable[[str], str | None] = shutil.which) -> None:
    """Hold repomd.xml against its signature. Raises PolicyError where it does not fit or is missing."""
    signed, signature = folder / REPOMD, folder / f"{REPOMD}.asc"
    if not signature.is_file() or not signature.stat().st_size:
        raise PolicyError(
            "the repository is not signed", context=str(signed), hint="leave --repo-key out to look at it all the same"
        )
    program = next(filter(which, _VERIFIERS), None)
    if program is None:
        raise UnavailableError(
            "nothing here can verify a signature", context=str(signed), hint="install the OS package gpgv or sqv"
        )
    try:
        keyring = _dearmored(key.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"the key cannot be read: {error}", context=str(key)) from error
    with tempfile.TemporaryDirectory() as scratch:
        binary = Path(scratch, "keyring.pgp")
        binary.write_bytes(keyring)
        done = runner.run(
            Command(
                argv=(program, "--keyring", str(binary), str(signature), str(signed)),
                purpose="verify the repository's signature",
            )
        )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise PolicyError(
            f"the repository's signature does not verify: {said}",
            context=str(signed),
            hint=f"is {key} the key of this repository?",
        )


def _dearmored(data: bytes) -> bytes:
    """Give the bytes of OpenPGP keys, which gpgv wants without their ASCII armor (RFC 9580, 6.2)."""
    found = _ARMOR.findall(data)
    return b"".join(base64.b64decode(block, validate=False) for block in found) if found else data
