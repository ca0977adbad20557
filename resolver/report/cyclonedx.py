"""The plan of one target as a software bill of materials: CycloneDX 1.6, JSON.

An OS package is a component with its distribution's purl (``pkg:deb/debian/…``, ``pkg:rpm/fedora/…``), a project of the
remainder one with ``pkg:pypi/…``, its wheel's sha256 and URL. The projects that an OS package carries are properties of
its component, neither nested components nor a second purl: scanners hold every ``pkg:pypi`` against advisories about
upstream's versions, and distributions fix the old one, so that each backport would read as a vulnerability.

Evidence stands in properties as well, for Debian 13's cyclonedx-python-lib (9) does not know ``evidence.identity`` yet.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from resolver import __version__
from resolver.model import Commit, Outcome, Sdist
from resolver.report.formats import PLAIN, Frame
from resolver.report.matrix import GAPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cyclonedx.model.bom_ref import BomRef

    from resolver.model import Decision, OsPackage, Release, Resolution, Wheel

_ROOT: Final = "plan"
_OURS: Final = uuid5(NAMESPACE_URL, "distrofirst")
_OF_DEBIAN: Final = frozenset({"debian", "ubuntu"})
_VENDORS: Final = {"rhel": "redhat", "sles": "suse"}
"""purl's names of distributions where they are not os-release's."""


def render(resolutions: Sequence[Resolution], frame: Frame = PLAIN) -> str:  # noqa: ARG001 - as all formats are called
    """Give the document; the same plan gives the same bytes (rule R7): its time is the metadata's, its serial number a
    hash of its content. There is one resolution: a bill of materials is of one product.
    """
    (resolution,) = resolutions
    document = json.loads(make_outputter(_bom(resolution), OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    document["serialNumber"] = uuid5(_OURS, json.dumps(document, sort_keys=True)).urn
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _bom(resolution: Resolution) -> Bom:
    target = resolution.target
    date = datetime.fromisoformat(resolution.metadata.date)
    root = Component(
        name=f"plan for {target}",
        type=ComponentType.APPLICATION,
        bom_ref=_ROOT,
        properties=_properties(
            ("target", str(target)),
            ("python", target.python),
            ("architecture", target.architecture),
            ("metadata", f"{resolution.metadata.source} {resolution.metadata.date}"),
            ("pins", resolution.pins.value),
            *(
                (one.outcome.value, ": ".join(filter(None, (one.name, one.reason and one.reason.value, one.detail))))
                for one in resolution.decisions
                if one.outcome in GAPS and one.outcome is not Outcome.PYPI
            ),
        ),
    )
    bom = Bom(
        serial_number=_OURS,  # for now; the library would make up another one each time
        metadata=BomMetaData(
            timestamp=date if date.tzinfo else date.replace(tzinfo=UTC),
            component=root,
            tools=ToolRepository(
                components=[Component(name="distrofirst", version=__version__, type=ComponentType.APPLICATION)]
            ),
        ),
    )
    parts = _components(resolution)
    for component in {id(one): one for found in parts.values() for one in found}.values():
        bom.components.add(component)
    # The first component carries the project; what follows are OS packages of its extras (rule I5).
    needs: dict[BomRef, set[BomRef]] = {component.bom_ref: set() for component in bom.components}
    needs[root.bom_ref] = {
        one.bom_ref for decision in resolution.decisions if decision.direct for one in parts.get(decision.name, ())
    }
    for decision in resolution.decisions:
        first, *more = parts.get(decision.name, [root])
        if first is not root:
            needed = [*more, *(parts[name][0] for name in decision.depends if name in parts)]
            needs[first.bom_ref] |= {one.bom_ref for one in needed} - {first.bom_ref}
    # Not by its register_dependency(), which looks through all of them each time.
    bom.dependencies.update(Dependency(ref, map(Dependency, needed)) for ref, needed in needs.items())
    return bom


def _components(resolution: Resolution) -> dict[str, list[Component]]:
    """Give the components of each project that comes from somewhere; an OS package is one, however many it carries."""
    release = resolution.target.release
    packages: dict[str, Component] = {}
    parts: dict[str, list[Component]] = {}
    for decision in resolution.decisions:
        if decision.outcome is Outcome.DISTRO and decision.os is not None:
            found = []
            for package in decision.os.packages(decision.extras):
                if package.name not in packages:
                    packages[package.name] = _os_component(package, release)
                found.append(packages[package.name])
            found[0].properties.update(_of_project(decision))
            parts[decision.name] = found
        elif decision.outcome is Outcome.PYPI and decision.wheel is not None:
            parts[decision.name] = [_wheel_component(decision, decision.wheel)]
    return parts


def _os_component(package: OsPackage, release: Release) -> Component:
    qualifiers = {"arch": package.architecture, "distro": release.slug}
    version, kind = package.version, "deb"
    if release.distribution not in _OF_DEBIAN:
        kind = "rpm"
        epoch, colon, rest = version.partition(":")
        if colon:
            version = rest
            qualifiers["epoch"] = epoch
    vendor = _VENDORS.get(release.distribution, release.distribution)
    purl = PackageURL(kind, vendor, package.name, version, qualifiers)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        properties=_properties(("repository", package.repository)),
    )


def _of_project(decision: Decision) -> Iterator[Property]:
    """Say what an OS package's component serves, and on what evidence (rule I1)."""
    if decision.os is not None:
        yield from _properties(
            ("project", f"{decision.name} {decision.version or decision.os.version}"),
            ("evidence", f"{decision.name}: {decision.os.evidence.value}: {decision.os.evidence_detail}"),
            *((("loosened", f"{decision.name}{decision.loosened}"),) if decision.loosened else ()),
        )


def _wheel_component(decision: Decision, wheel: Wheel) -> Component:
    purl = PackageURL("pypi", None, decision.name, str(wheel.version))
    return Component(
        name=decision.name,
        version=str(wheel.version),
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        external_references=[_whence(wheel)],
        properties=_properties(
            ("reason", decision.reason.value if decision.reason else None),
            ("detail", decision.detail),
            *(("concern", concern.text) for concern in decision.concerns),
            *(
                ("built-with", f"{one.project} {one.version} sha256:{one.sha256}")
                for one in (wheel.built.requires if wheel.built else ())
            ),
        ),
    )


def _whence(wheel: Wheel) -> ExternalReference:
    """Name the file, or what the wheel was built of: then the component's hash is of what came out here."""
    match wheel.built.source if wheel.built else wheel:
        case Commit() as commit:
            return ExternalReference(type=ExternalReferenceType.VCS, url=_shown(str(commit)))
        case Sdist() as sdist:
            kind, url, sha256 = ExternalReferenceType.SOURCE_DISTRIBUTION, sdist.url, sdist.sha256
        case _:
            kind, url, sha256 = ExternalReferenceType.DISTRIBUTION, wheel.url, wheel.sha256
    return ExternalReference(type=kind, url=_shown(url), hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256)])


def _shown(url: str) -> XsUri:
    """Leave out a login: a bill of materials is handed on."""
    parts = urlsplit(url)
    return XsUri(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl())


def _properties(*pairs: tuple[str, str | None]) -> list[Property]:
    return [Property(name=f"distrofirst:{name}", value=value) for name, value in pairs if value]
