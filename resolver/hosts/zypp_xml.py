"""zypper's answers in XML (``--xmlout``): its words, and its repositories with their effective settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from resolver.errors import UnavailableError
from resolver.hosts.rpm_failures import failure_of
from resolver.model import Command, Completed, RpmRepository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resolver.ports import Runner

RAW = Path("/var/cache/zypp/raw")
"""Where zypp keeps each repository's metadata as it was fetched, readable by everybody."""

_NO_REPOSITORIES = 6


def root_of(done: Completed, command: Command) -> ET.Element:
    """Parse an answer; raises the error that fits its words where it is no XML, as when zypper was killed."""
    try:
        # S314: the XML is the package manager's own.
        return ET.fromstring(done.stdout)  # noqa: S314
    except ET.ParseError:
        raise failure_of(command, done) from None


def words_of(root: ET.Element) -> str:
    """Give what zypper would say to a person, line by line."""
    kinds = {"message", "description", "text"}
    return "\n".join((item.text or "").strip() for item in root.iter() if item.tag in kinds)


def repositories_of(runner: Runner, sources: Sequence[str] = (), raw: Path = RAW) -> tuple[RpmRepository, ...]:
    """Give the enabled repositories, sorted by alias; needs no root. ``sources`` are options that name other ones.

    ``gpgcheck=1`` has zypper verify the metadata's signature, or each package's where the metadata has none. After a
    verified refresh ``pkg_gpgcheck`` reads 0, for the metadata's checksums then vouch for the packages.
    """
    found = (_repository(item, raw) for item in _enabled(runner, sources))
    return tuple(sorted(found, key=lambda repository: repository.id))


def keys_of(runner: Runner) -> tuple[str, ...]:
    """Give the URLs of the keys that the repositories name whose signatures are verified."""
    trusted = (item for item in _enabled(runner, ()) if _is_verified(item))
    return tuple(dict.fromkeys(key for item in trusted for key in item.get("gpgkey", "").split()))


def _enabled(runner: Runner, sources: Sequence[str]) -> list[ET.Element]:
    command = Command(
        argv=("zypper", *sources, "--xmlout", "--non-interactive", "repos", "--details"), purpose="list repositories"
    )
    done = runner.run(command)
    if done.returncode == _NO_REPOSITORIES:
        return []
    root = root_of(done, command)
    if done.returncode != 0:
        raise failure_of(command, Completed(returncode=done.returncode, stdout=words_of(root), stderr=done.stderr))
    return [item for item in root.iter("repo") if item.get("enabled") == "1"]


def _is_verified(item: ET.Element) -> bool:
    return "1" in {item.get("repo_gpgcheck"), item.get("pkg_gpgcheck")}


def _repository(item: ET.Element, raw: Path) -> RpmRepository:
    alias = item.get("alias", "")
    if not alias:
        raise UnavailableError("zypper lists a repository without an alias", context="zypper repos")
    verified = _is_verified(item)
    folder = raw / alias
    return RpmRepository(
        id=alias,
        name=item.get("name") or alias,
        priority=int(item.get("priority", "99")),
        trusted=verified,
        distrust=None if verified else "gpgcheck=0",
        metadata=folder if (folder / "repodata" / "repomd.xml").is_file() else None,
    )
