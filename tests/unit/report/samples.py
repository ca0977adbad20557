"""Resolutions to render and to lock: small, but with every outcome and every reason among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.model import (
    Decision,
    Evidence,
    MetadataSource,
    OsCandidate,
    OsPackage,
    Outcome,
    PinsPolicy,
    Reason,
    Release,
    Resolution,
    Target,
    Wheel,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET = Target(
    release=Release(distribution="debian", version="13", codename="trixie"),
    architecture="amd64",
    python="3.13",
    is_host=True,
)
METADATA = MetadataSource(source="apt", date="2026-11-15T08:15:00Z")


def candidate(
    project: str,
    version: str,
    *,
    package: str | None = None,
    os_version: str | None = None,
    metadata_version: str | None = "",
    evidence: Evidence = Evidence.CONTENTS,
    note: str | None = None,
) -> OsCandidate:
    """The distribution's candidate; an empty ``metadata_version`` stands for the same as ``version``."""
    name = package or f"python3-{project}"
    return OsCandidate(
        project=canonicalize_name(project),
        version=Version(version),
        metadata_version=version if metadata_version == "" else metadata_version,
        version_note=note,
        package=OsPackage(
            name=name,
            version=os_version or f"{version}-1",
            architecture="all",
            repository="Debian trixie/main",
            installed=True,
        ),
        evidence=evidence,
        evidence_detail=f"usr/lib/python3/dist-packages/{project}-{version}.dist-info/METADATA in {name}",
    )


def wheel(project: str, version: str) -> Wheel:
    """A wheel whose hash depends on its name alone."""
    filename = f"{project.replace('-', '_')}-{version}-py3-none-any.whl"
    return Wheel(
        project=canonicalize_name(project),
        version=Version(version),
        filename=filename,
        url=f"https://files.example/packages/{filename}",
        sha256=f"{sum(filename.encode()):064x}",
        size=1000 + len(filename),
        requires_python=">=3.9",
        upload_time="2026-03-04T05:06:07.089Z",
        yanked=None,
        core_metadata="ab" * 32,
    )


def distro(project: str, version: str, **fields: object) -> Decision:
    """A decision for the distribution."""
    given = {
        "os": candidate(project, version),
        "version": version,
        "requested_by": ("requirements.txt:1",),
        "direct": True,
        **fields,
    }
    return Decision(name=canonicalize_name(project), outcome=Outcome.DISTRO, **given)  # type: ignore[arg-type]  # each field is checked at run time by what the tests assert


def pypi(project: str, version: str, **fields: object) -> Decision:
    """A decision for the remainder."""
    given = {
        "wheel": wheel(project, version),
        "version": version,
        "requested_by": ("requirements.txt:1",),
        "direct": True,
        "reason": Reason.NOT_PACKAGED,
        **fields,
    }
    return Decision(name=canonicalize_name(project), outcome=Outcome.PYPI, **given)  # type: ignore[arg-type]  # as above


def without(project: str, outcome: Outcome, reason: Reason, **fields: object) -> Decision:
    """A decision that takes the project from nowhere."""
    given = {"requested_by": ("requirements.txt:1",), "direct": True, **fields}
    return Decision(name=project, outcome=outcome, reason=reason, **given)  # type: ignore[arg-type]  # as above


def resolution(
    decisions: Sequence[Decision], *, pins: PinsPolicy = PinsPolicy.EXACT, warnings: tuple[str, ...] = ()
) -> Resolution:
    """A resolution of these decisions, sorted by name as the resolver gives them."""
    return Resolution(
        target=TARGET,
        metadata=METADATA,
        decisions=tuple(sorted(decisions, key=lambda decision: decision.name)),
        requirements=sum(decision.direct for decision in decisions),
        pins=pins,
        coverage_by_pins={"exact": 0.4, "minimum": 2 / 3, "compatible": 0.6, "prefer": 0.9},
        warnings=warnings,
    )


def plan() -> Resolution:
    """A plan that can be carried out, with what a real one has: both sources, a demotion, a loosened pin."""
    return resolution(
        [
            distro(
                "requests", "2.32.3", specifier=">=2.31", os=candidate("requests", "2.32.3", os_version="2.32.3+dfsg-5")
            ),
            distro(
                "protobuf",
                "4.21.12",
                specifier=">=4",
                requested_by=("requirements.txt:4",),
                os=candidate("protobuf", "4.21.12", os_version="3.21.12-11+b1"),
            ),
            distro(
                "kiwisolver",
                "1.4.7",
                requested_by=("requirements.txt:5",),
                os=candidate(
                    "kiwisolver",
                    "1.4.7",
                    os_version="1.4.7-3+b1",
                    metadata_version="0.0.0",
                    note="0.0.0 is a placeholder; taken from the OS package",
                ),
            ),
            distro(
                "psycopg2-binary",
                "2.9.10",
                specifier="==2.9.9",
                loosened="==2.9.9",
                requested_by=("requirements.txt:6",),
                os=candidate("psycopg2-binary", "2.9.10", package="python3-psycopg2", evidence=Evidence.OVERRIDE),
            ),
            distro(
                "opencv-python",
                "4.10.0",
                requested_by=("requirements.txt:7",),
                os=candidate(
                    "opencv-python",
                    "4.10.0",
                    package="python3-opencv",
                    os_version="4.10.0+dfsg-5",
                    metadata_version=None,
                    evidence=Evidence.OVERRIDE,
                    note="python3-opencv has no Python metadata",
                ),
            ),
            pypi(
                "fastapi",
                "0.121.0",
                specifier=">=0.120",
                requested_by=("requirements.txt:2",),
                depends=(canonicalize_name("pydantic"), canonicalize_name("starlette")),
                os=candidate("fastapi", "0.115.11"),
                reason=Reason.VERSION_TOO_OLD,
                detail="python3-fastapi has 0.115.11",
                next_step="debian:sid has 0.121.3",
                trail=(
                    "looked up fastapi: python3-fastapi 0.115.11-1 by Contents",
                    "0.115.11 is not in >=0.120",
                    "index: 0.121.0 fits",
                ),
            ),
            pypi(
                "starlette",
                "0.49.1",
                direct=False,
                specifier="<0.50,>=0.48",
                requested_by=("fastapi",),
                depends=(canonicalize_name("anyio"),),
                os=candidate("starlette", "0.46.1"),
                reason=Reason.VERSION_TOO_OLD,
                detail="python3-starlette has 0.46.1",
                next_step="debian:sid has 0.49.1",
            ),
            pypi(
                "httpx",
                "0.28.1",
                requested_by=("requirements.txt:3",),
                os=candidate("httpx", "0.28.1"),
                reason=Reason.DEMOTED,
                detail="httpx needs starlette, which comes from PyPI (0.49.1)",
            ),
            pypi("stripe", "12.3.0", requested_by=("requirements.txt:8", "requirements-dev.txt:44")),
            *(
                distro(name, version, direct=False, requested_by=("requests",))
                for name, version in (
                    ("certifi", "2025.1.31"),
                    ("idna", "3.10"),
                    ("urllib3", "2.3.0"),
                    ("charset-normalizer", "3.4.0"),
                )
            ),
            distro("pydantic", "2.10.6", direct=False, requested_by=("fastapi",)),
            distro("anyio", "4.8.0", direct=False, requested_by=("httpx", "starlette"), specifier=">=3.6.2,<5"),
            distro(
                "azure-core",
                "1.32.0",
                requested_by=("requirements.txt:9",),
                os=candidate("azure-core", "1.32.0", package="python3-azure", os_version="20250301+git-1"),
            ),
            distro(
                "azure-common",
                "1.1.28",
                requested_by=("azure-core",),
                direct=False,
                os=candidate("azure-common", "1.1.28", package="python3-azure", os_version="20250301+git-1"),
            ),
            without(
                "pywin32",
                Outcome.INAPPLICABLE,
                Reason.MARKER_FALSE,
                requested_by=("requirements.txt:10",),
                specifier=">=300",
                detail='sys_platform == "win32"',
            ),
        ],
        pins=PinsPolicy.PREFER,
        warnings=("certifi's copy on PyPI would lose the local CAs",),
    )


def gaps() -> Resolution:
    """A resolution with every reason, and with every outcome that is not the distribution."""
    named = {
        Reason.DIRECT_URL: "https://git.example/tools/thing.git@0123456789abcdef0123456789abcdef01234567",
        Reason.NOT_PACKAGED: "a-project-with-a-very-long-name-that-nobody-would-ever-want-to-type-twice-in-a-row",
    }
    outcomes = {
        Reason.MARKER_FALSE: Outcome.INAPPLICABLE,
        Reason.NOT_ON_INDEX: Outcome.UNMET,
        Reason.NO_WHEEL: Outcome.UNMET,
        Reason.EXCLUDED_BY_POLICY: Outcome.UNMET,
    }
    decisions = [
        without(
            named.get(reason, f"project-{reason.value}"),
            outcomes.get(reason, Outcome.UNRESOLVED),
            reason,
            detail=f"detail of {reason.value}",
            requested_by=(f"requirements.txt:{line}",),
            specifier="==1.0",
            next_step=f"step for {reason.value}",
        )
        for line, reason in enumerate(Reason, start=1)
    ]
    return resolution([*decisions, distro("requests", "2.32.3"), pypi("stripe", "12.3.0")])
