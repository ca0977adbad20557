"""Small locks and folders to make environments from."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.model import (
    Evidence,
    Lock,
    LockedProject,
    MetadataSource,
    OsPackage,
    Outcome,
    PinsPolicy,
    Release,
    Target,
    Wheel,
)

if TYPE_CHECKING:
    from pathlib import Path

HOST = Target(
    release=Release(distribution="debian", version="12", codename="bookworm"),
    architecture="amd64",
    python=f"{sys.version_info.major}.{sys.version_info.minor}",
)
SHA = "a" * 64


def os_project(name: str, version: str | None, *, evidence: Evidence = Evidence.CONTENTS) -> LockedProject:
    return LockedProject(
        name=canonicalize_name(name),
        outcome=Outcome.DISTRO,
        version=version or "0",
        metadata_version=version,
        os_package=f"python3-{name}",
        evidence=evidence,
    )


def os_package(name: str, version: str) -> OsPackage:
    return OsPackage(name=name, version=version, architecture="all", repository="Debian bookworm/main")


def wheel(name: str, version: str = "1.0", *, url: str = "", sha256: str = SHA) -> Wheel:
    return Wheel(
        project=canonicalize_name(name),
        version=Version(version),
        filename=f"{name}-{version}-py3-none-any.whl",
        url=url or f"https://files.example/{name}-{version}-py3-none-any.whl",
        sha256=sha256,
        size=None,
        requires_python=None,
        upload_time=None,
    )


def lock(
    projects: tuple[LockedProject, ...] = (), packages: tuple[OsPackage, ...] = (), wheels: tuple[Wheel, ...] = ()
) -> Lock:
    remainder = tuple(
        LockedProject(
            name=item.project, outcome=Outcome.PYPI, version=str(item.version), metadata_version=str(item.version)
        )
        for item in wheels
    )
    return Lock(
        target=HOST,
        metadata=MetadataSource(source="apt", date="2026-11-15T00:00:00Z"),
        pins=PinsPolicy.EXACT,
        os_packages=packages,
        wheels=wheels,
        projects=(*projects, *remainder),
    )


def put_os_project(folder: Path, name: str, version: str, *, scripts: str = "", code: str = "") -> None:
    """Put a module and its metadata into a stand-in for dist-packages."""
    metadata = folder / f"{name}-{version}.egg-info"
    metadata.mkdir(parents=True)
    (metadata / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    if scripts:
        (metadata / "entry_points.txt").write_text(textwrap.dedent(scripts))
    (folder / f"{name}.py").write_text(textwrap.dedent(code))
