"""The remainder in a lock: each project's file, as PEP 751 has it, and what was built (rule P2), which it has not.

A wheel of the index is ``packages.wheels``. One that was built is there with what it was built of; its own hash, and
all that was in the build environment, stand in ``tool.distrofirst.builds``.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import parse_wheel_filename

from resolver import repositories
from resolver.model import Attested, Build, Commit, Publisher, Sdist, Unattested, Unchecked, Wheel
from resolver.tables import without_gaps

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.model import Attestation, Buildable
    from resolver.tables import Table

_SHA256 = re.compile(r"[0-9a-f]{64}")
_STATUS = re.compile(r"verified|none-offered|not-checked")
_URL = re.compile(r"(https?|file)://[^\s\x00-\x1f\x7f]+")
_SDISTS = (".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz")


def lockable(wheel: Wheel) -> Wheel:
    """Keep of a wheel what PEP 751 has room for, and of an index's carelessness nothing that makes a lock invalid."""
    requires_python, upload_time = _lockable_python(wheel.requires_python), _lockable_time(wheel.upload_time)
    built = wheel.built
    if built is not None:
        source = built.source
        if isinstance(source, Sdist):
            source = replace(source, requires_python=requires_python, upload_time=upload_time, yanked=None)
        # What a build requirement says of Pythons has no place in a lock: it is decided.
        requires = (replace(lockable(one), requires_python=None) for one in built.requires)
        built = Build(source=source, requires=tuple(requires))
    return replace(
        wheel,
        requires_python=requires_python,
        upload_time=upload_time,
        yanked=None,
        core_metadata=None,
        provenance=None,
        built=built,
    )


def _lockable_python(text: str | None) -> str | None:
    try:
        SpecifierSet(text or "")
    except InvalidSpecifier:  # ">=3.6.*" and the like are still about
        return None
    return text


def _lockable_time(text: str | None) -> str | None:
    with suppress(ValueError):
        time = datetime.fromisoformat(text or "")
        return _spell_time(time if time.tzinfo else time.replace(tzinfo=UTC))
    return None


def _spell_time(time: datetime) -> str:
    """Spell a time the one way that survives a TOML date: ``2026-03-04T05:06:07Z``."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def dump_package(wheel: Wheel, index: str | None) -> dict[str, object]:
    """Write an entry of ``[[packages]]``; one that was built has its sdist or its commit there, as PEP 751 knows them.

    A source tree's version is not its to know: "MUST NOT be included when it cannot be guaranteed to be consistent".
    """
    source = wheel.built.source if wheel.built is not None else None
    return without_gaps(
        **{
            "name": str(wheel.project),
            "version": str(wheel.version) if not isinstance(source, Commit) else None,
            "requires-python": wheel.requires_python,
            "index": index,
            "attestation-identities": _dump_publishers(wheel) or None,
            "vcs": _dump_commit(source) if isinstance(source, Commit) else None,
            "wheels": [_dump_file(wheel)] if source is None else None,
            "sdist": _dump_file(source) if isinstance(source, Sdist) else None,
            "tool": {"distrofirst": {"attestation": _dump_attestation(wheel.attestation)}}
            if wheel.attestation
            else None,
        }
    )


def _dump_publishers(wheel: Wheel) -> list[dict[str, str]]:
    if not isinstance(wheel.attestation, Attested):
        return []
    return [{"kind": one.kind, **dict(one.claims)} for one in wheel.attestation.publishers]


def _dump_attestation(known: Attestation) -> dict[str, object]:
    """Say what PEP 751 has no word for: without its identities a file may have no attestation, or an unchecked one."""
    match known:
        case Attested():
            return {"status": "verified", "predicates": list(known.predicates)}
        case Unattested():
            return {"status": "none-offered"}
        case Unchecked():
            return without_gaps(**{"status": "not-checked", "why": known.why, "next-step": known.next_step})
        case _:
            assert_never(known)


def _dump_commit(commit: Commit) -> dict[str, object]:
    return without_gaps(
        **{
            "type": "git",
            "url": commit.url,
            "commit-id": commit.commit,
            "subdirectory": commit.subdirectory or None,
        }
    )


def _dump_file(file: Wheel | Sdist) -> dict[str, object]:
    return without_gaps(
        **{
            "name": file.filename,
            "upload-time": datetime.fromisoformat(file.upload_time) if file.upload_time else None,
            "url": file.url,
            "size": file.size,
            "hashes": {"sha256": file.sha256},
        }
    )


def dump_build(wheel: Wheel, built: Build) -> dict[str, object]:
    """Write what PEP 751 has no word for: the wheel that came of it, what it was built with, a commit's own files."""
    commit = built.source if isinstance(built.source, Commit) else None
    return without_gaps(
        name=str(wheel.project),
        version=str(wheel.version) if commit else None,
        wheel=wheel.filename,
        hashes={"sha256": wheel.sha256},
        tree={"sha256": commit.tree} if commit else None,
        requires=[
            {"project": str(one.project), "version": str(one.version), **_dump_file(one)} for one in built.requires
        ],
    )


def load(document: Table, tool: Table) -> tuple[Wheel, ...]:
    """Read the remainder; each entry has one wheel, or one sdist or commit and a build that says what came of it."""
    builds = tool.tables("builds") if tool.has("builds") else ()
    names = [build.name("name") for build in builds]
    tool.unique("builds", names)
    by_name = dict(zip(names, builds, strict=True))
    packages = document.tables("packages")
    sources = {package.name("name") for package in packages if package.has("sdist") or package.has("vcs")}
    tool.same("builds", set(names), {str(name) for name in sources})
    return tuple(_load_package(package, by_name.get(package.name("name"))) for package in packages)


def _load_package(package: Table, build: Table | None) -> Wheel:
    project = package.name("name")
    found = _load_wheel(package, project) if build is None else _load_built(package, build, project)
    return replace(found, attestation=_load_attestation(package))


def _load_wheel(package: Table, project: NormalizedName) -> Wheel:
    version = package.version("version")
    requires_python = package.optional("requires-python")
    wheels = package.tables("wheels")
    if len(wheels) != 1:
        package.fail("wheels", f"expected one wheel, found {len(wheels)}")
    return _wheel_in(wheels[0], project, version, requires_python)


def _load_attestation(package: Table) -> Attestation | None:
    """Give what was known when the lock was made; None for a lock from before anybody looked."""
    publishers = tuple(_load_publisher(table) for table in _tables(package, "attestation-identities"))
    status = None
    if package.has("tool") and (tool := package.table("tool").table("distrofirst")).has("attestation"):
        table = tool.table("attestation")
        status = table.text("status", _STATUS, "verified, none-offered or not-checked")
    if bool(publishers) != (status == "verified"):
        package.fail("attestation-identities", "expected exactly where tool.distrofirst.attestation.status is verified")
    match status:
        case "verified":
            return Attested(publishers=publishers, predicates=table.texts("predicates"))
        case "none-offered":
            return Unattested()
        case "not-checked":
            return Unchecked(why=table.text("why"), next_step=table.optional("next-step"))
        case _:
            return None


def _load_publisher(table: Table) -> Publisher:
    claims = [(key, table.text(key)) for key in sorted(table.values) if key != "kind"]
    return Publisher(kind=table.text("kind"), claims=tuple(claims))


def _tables(table: Table, key: str) -> tuple[Table, ...]:
    return table.tables(key) if table.has(key) else ()


def _load_built(package: Table, build: Table, project: NormalizedName) -> Wheel:
    if sum(map(package.has, ("sdist", "vcs", "wheels"))) > 1:
        package.fail("name", "expected one of a wheel, an sdist and a commit, found several")
    requires = tuple(
        _wheel_in(one, one.name("project"), one.version("version"), None) for one in build.tables("requires")
    )
    source: Buildable
    if package.has("vcs"):
        version, source = build.version("version"), _load_commit(package.table("vcs"), build, project)
    else:
        version = package.version("version")
        source = _load_sdist(package, project, version)
    sdist = source if isinstance(source, Sdist) else None
    return Wheel(
        project=project,
        version=version,
        filename=_wheel_name(build, "wheel", project, version),
        url=sdist.url if sdist else str(source),
        sha256=_sha256_in(build),
        size=sdist.size if sdist else None,
        requires_python=sdist.requires_python if sdist else None,
        upload_time=sdist.upload_time if sdist else None,
        built=Build(source=source, requires=requires),
    )


def _load_commit(vcs: Table, build: Table, project: NormalizedName) -> Commit:
    if vcs.text("type") != "git":
        vcs.fail("type", f"expected git, found {vcs.text('type')}")
    commit = Commit(
        project=project,
        url=vcs.text("url"),
        commit=vcs.text("commit-id"),
        subdirectory=vcs.optional("subdirectory") or "",
        tree=_sha256_in(build, "tree"),
    )
    # As strict as with a requirement that somebody wrote: this file may be somebody else's.
    if (why := repositories.obstacle(str(commit))) or repositories.commit_of(project, str(commit)) != replace(
        commit, tree=None
    ):
        vcs.fail("url", f"expected a repository and a commit that may be built from, found {why or commit}")
    return commit


def _load_sdist(package: Table, project: NormalizedName, version: Version) -> Sdist:
    source = package.table("sdist")
    filename = source.text("name")
    if not filename.isprintable() or "/" in filename or not filename.endswith(_SDISTS):
        source.fail("name", f"not the file name of an sdist: {filename!r}")
    url, sha256, size, upload_time = _file_in(source)
    return Sdist(
        project=project,
        version=version,
        filename=filename,
        url=url,
        sha256=sha256,
        size=size,
        requires_python=package.optional("requires-python"),
        upload_time=upload_time,
    )


def _wheel_in(wheel: Table, project: NormalizedName, version: Version, requires_python: str | None) -> Wheel:
    filename = _wheel_name(wheel, "name", project, version)
    url, sha256, size, upload_time = _file_in(wheel)
    return Wheel(
        project=project,
        version=version,
        filename=filename,
        url=url,
        sha256=sha256,
        size=size,
        requires_python=requires_python,
        upload_time=upload_time,
    )


def _wheel_name(table: Table, key: str, project: NormalizedName, version: Version) -> str:
    filename = table.text(key)
    try:
        stated = parse_wheel_filename(filename)[:2]
    except ValueError as error:
        table.fail(key, f"not the file name of a wheel: {error}")
    if stated != (project, version) or "/" in filename:
        table.fail(key, f"expected a wheel of {project} {version}, found {filename}")
    return filename


def _file_in(table: Table) -> tuple[str, str, int | None, str | None]:
    """Read what all files have: URL, sha256, size and time."""
    size = table.get("size", int)
    if size is not None and size < 0:
        table.fail("size", f"expected a number of bytes, found {size}")
    time = table.get("upload-time", datetime)
    if time and not time.tzinfo:
        table.fail("upload-time", "expected a time with its offset from UTC")
    url = table.text("url", _URL, "an http, https or file URL")
    return url, _sha256_in(table), size, _spell_time(time) if time else None


def _sha256_in(table: Table, key: str = "hashes") -> str:
    return table.table(key).text("sha256", _SHA256, "64 hexadecimal digits in lower case")
