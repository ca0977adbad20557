"""OS packages that a test builds itself, and the repositories they come from: unsigned, by a stranger, newer, broken.

A ``Builder`` is a second host, of the recipe that the stand-in's own repository was built by (``rpm_build.py``): it has
that repository, the key that signs it, and a stranger's. Typically::

    builder.build(Rpm(name="python3-six", version="99", release="1.fc43"))
    builder.publish(host)

adds a newer python3-six to the one repository that ``host`` has. With ``folder`` and ``configure``, a test makes a
second repository.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from packaging.utils import canonicalize_name

from tests.system.hosts import IN_HOST, Host
from tests.system.rpm_build import KEY, PUBLIC_KEYS, REPOSITORY, STRANGER, Rpm, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KEY", "PUBLIC_KEYS", "REPOSITORY", "STRANGER", "Builder", "Rpm", "configure", "name_of", "refresh"]

TOOLS = {"fedora:43": "dnf5", "centos:9": "dnf", "opensuse:tumbleweed": "zypper"}
INSTALL = {"dnf5": ("dnf5", "-y"), "dnf": ("dnf", "-y"), "zypper": ("zypper", "-n")}
OWN = {"dnf5": "fedora", "dnf": "appstream", "zypper": "repo-oss"}
"""The id of the stand-in's own repository."""

_PROGRAM = f"{IN_HOST}/tests/system/rpm_build.py"
_OWN_KEY = "file:///etc/pki/rpm-gpg/RPM-GPG-KEY-tests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Builder:
    """Where packages for one release are built."""

    host: Host

    @classmethod
    @contextlib.contextmanager
    def fresh(cls, release: str) -> Iterator[Self]:
        """Start a builder with the release's repository as the stand-in has it."""
        with Host.fresh(f"rpms:{release.partition(':')[0]}") as host:
            yield cls(host=host)

    def build(self, rpm: Rpm, *, key: str | None = KEY, folder: str = REPOSITORY) -> str:
        """Build a package into a folder and give its path; ``key`` signs it, if any."""
        fields = json.dumps(asdict(rpm))
        return self.host.run(["python3", _PROGRAM, "package", folder, key or ""], input=fields).stdout.strip()

    def index(self, *, key: str | None = KEY, folder: str = REPOSITORY) -> None:
        """Write the metadata of a folder's packages anew, and sign it if there is a ``key``."""
        self.host.run(["python3", _PROGRAM, "index", folder, key or ""])

    def publish(self, host: Host, *, key: str | None = KEY, folder: str = REPOSITORY) -> None:
        """Index a folder's packages, sign the metadata if there is a ``key``, and put the whole into a host."""
        self.index(key=key, folder=folder)
        self.copy(folder, host)

    def copy(self, path: str, host: Host) -> None:
        """Copy a file or folder to the same place in a host, in whose place it then is."""
        host.run(["sh", "-c", 'rm -rf "$1"; mkdir -p "$(dirname "$1")"', "sh", path])
        source, target = (f"/proc/{one.pid}/root{path}" for one in (self.host, host))
        subprocess.run(["cp", "--archive", source, target], check=True)


def name_of(release: str, project: str) -> str:
    """Give the name that a release's OS package of a project has."""
    table = table_of(release.partition(":")[0])
    known = {canonicalize_name(name): name for name in table["versions"]}
    own = known.get(canonicalize_name(project), project)
    return str(table["package"][0]).replace("NAME", table.get("spelling", {}).get(own, own))


def configure(host: Host, name: str, *, folder: str, **settings: str) -> str:
    """Add a repository to an RPM host or write one anew, and give the path of its file.

    ``settings`` change those of the stand-in's own repository: ``gpgcheck="0"``, ``enabled="0"``, ``priority="10"``.
    """
    whole = {
        "name": name,
        "baseurl": f"file://{folder}",
        "enabled": "1",
        "gpgcheck": "1",
        "repo_gpgcheck": "1",
        "gpgkey": _OWN_KEY,
        **settings,
    }
    path = f"/etc/{'zypp/repos.d' if host.has('zypper') else 'yum.repos.d'}/{name}.repo"
    host.write(path, "".join([f"[{name}]\n", *(f"{option}={value}\n" for option, value in whole.items())]))
    return path


def refresh(host: Host, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Have the host's package manager fetch all metadata anew, and trust the keys that its repositories name."""
    zypper = ["zypper", "--non-interactive", "--gpg-auto-import-keys", "refresh", "--force"]
    return host.run(zypper if host.has("zypper") else ["dnf", "-y", "makecache", "--refresh"], check=check)
