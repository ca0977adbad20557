"""A plan as a file: ``pylock.<release>.toml`` (PEP 751), written and read back without loss.

``[[packages]]`` holds the remainder, so pip and uv install that part as from any pylock file. What PEP 751 has no
word for, the OS packages, what was built and the reasons, stands in ``[tool.distrofirst]``; a file without
it is not a plan.

Nothing of the machine or the hour gets in: the same plan gives the same bytes (rule R7). Hence a lock does not know
whether this machine is its target (``Target.is_host``) nor what is installed on it (``OsPackage.installed``); both
are False in every lock, and ``install`` finds out for itself.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from resolver import remainder
from resolver.errors import InputError, PolicyError, UnmetError
from resolver.model import (
    MACHINES,
    AssignedIndex,
    Evidence,
    Lock,
    LockedProject,
    MetadataSource,
    OsPackage,
    Outcome,
    PinsPolicy,
    Reason,
    Release,
    Sources,
    Target,
    Worry,
    assigned_to,
    with_what_builds,
)
from resolver.tables import OS_PACKAGE, OS_VERSION, Table, without_gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from resolver.model import Decision, RequirementSet, Resolution, Wheel

SCHEMA = "distrofirst/lock/1"
"""The shape of ``[tool.distrofirst]``; changes when a key changes its meaning or goes."""

_LOCK_VERSION = "1.0"
_LOCKS = "pylock.*.toml"
_AGAIN = "make the lock anew with `distrofirst lock`"
_PYTHON = re.compile(r"[0-9]+\.[0-9]+")
_RELEASE = re.compile(r"[a-z0-9._-]+:[a-z0-9._-]+")
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)
"""An architecture or a codename: part of paths, and of what apt is configured with."""
_INDEX = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")
_KERNEL_DECIDES = frozenset({"armel", "armhf", "i386", "i686", "armv7hl"})
"""32-bit architectures: on a 64-bit kernel ``platform_machine`` names the kernel's."""


def default_name(target: Target) -> str:
    """Give ``pylock.debian-13.toml``; a dot becomes a dash, for PEP 751 allows none (``pylock.ubuntu-24-04.toml``)."""
    return _name_for(target.release)


def _name_for(release: Release) -> str:
    return f"pylock.{release.slug.replace('.', '-')}.toml"


def place_for(target: Target, output: Path | None, *, several: bool) -> Path:
    """Tell where a lock is written: ``output`` is a folder where that is one, or has to hold several."""
    if output is None:
        return Path(default_name(target))
    return output / default_name(target) if several or output.is_dir() else output


def in_folder(folder: Path, release: Release) -> Path:
    """Give the lock for a release in a folder of locks. Raises InputError, naming those that are there, without one."""
    path = folder / _name_for(release)
    if not path.is_file():
        there = ", ".join(one.name for one in sorted(folder.glob(_LOCKS))) or "nothing of the kind"
        raise InputError(
            f"it has no lock for {release}: expected {path.name}, found {there}",
            context=str(folder),
            hint=f"make one: distrofirst lock --target {release} -o {shlex.quote(str(folder))}",
        )
    return path


def files_of(path: Path) -> tuple[Path, ...]:
    """Give all locks of a folder, sorted; of a file that one. Raises InputError for a folder without any."""
    if not path.is_dir():
        return (path,)
    if not (found := tuple(sorted(path.glob(_LOCKS)))):
        raise InputError(
            f"it has no locks: expected {_LOCKS}",
            context=str(path),
            hint=f"make them: distrofirst lock --target RELEASE … -o {shlex.quote(str(path))}",
        )
    return found


def from_resolution(
    resolution: Resolution, requirements: RequirementSet, sources: Callable[[Iterable[Wheel]], Sources] | None = None
) -> Lock:
    """Make the lock of a complete plan; projects that do not apply to the target are left out.

    ``sources`` tells where its wheels were looked for; None where no index was.

    Raises UnmetError, naming each project with its reason and who asks for it, where the plan has a gap; PolicyError
    where one is only there because the index quarantined a project, or has nothing older than the cooldown (rule P3),
    or because nobody vouches for the repository that has it (rule T1).
    """
    _refuse_gaps(resolution)
    chosen = [decision for decision in resolution.decisions if decision.outcome in {Outcome.DISTRO, Outcome.PYPI}]
    packages = {
        package.name: replace(package, installed=False) for decision in chosen for package in _os_packages(decision)
    }
    wheels = [
        remainder.lockable(decision.wheel) for decision in chosen if decision.outcome is Outcome.PYPI and decision.wheel
    ]
    return Lock(
        target=replace(resolution.target, is_host=False),
        metadata=resolution.metadata,
        pins=resolution.pins,
        os_packages=tuple(packages[name] for name in sorted(packages)),
        wheels=tuple(sorted(wheels, key=lambda wheel: wheel.project)),
        projects=tuple(sorted(map(_locked, chosen), key=lambda project: project.name)),
        inputs=requirements.inputs,
        requirements=tuple(requirement.text for requirement in requirements.requirements),
        sources=sources(with_what_builds(wheels)) if sources is not None else Sources(),
    )


def _refuse_gaps(resolution: Resolution) -> None:
    gaps = [decision for decision in resolution.decisions if decision.outcome in {Outcome.UNMET, Outcome.UNRESOLVED}]
    if not gaps:
        return
    lines = [f"a lock needs a source for every project, and {len(gaps)} of {len(resolution.decisions)} have none:"]
    for gap in gaps:
        askers = ", ".join(gap.requested_by) or "nobody"
        why = ": ".join(filter(None, (gap.reason, gap.detail)))
        lines.append(f"  {gap.name}{gap.specifier} (asked for by {askers}): {why or gap.outcome}")
    steps = dict.fromkeys(gap.next_step for gap in gaps if gap.next_step)
    raise (PolicyError if any(map(_is_refused, gaps)) else UnmetError)(
        "\n".join(lines),
        context=str(resolution.target),
        hint="; ".join(steps) or "`distrofirst explain PROJECT` tells what was looked up and what was rejected",
    )


def _is_refused(gap: Decision) -> bool:
    """Whether something would meet it, and must not be used."""
    return gap.reason is Reason.UNTRUSTED_REPOSITORY or any(
        one.worry in {Worry.QUARANTINED, Worry.TOO_YOUNG} for one in gap.concerns
    )


def _os_packages(decision: Decision) -> tuple[OsPackage, ...]:
    """Give what has to be installed for a project: its OS package, then those that are its chosen extras (rule I5)."""
    if decision.outcome is not Outcome.DISTRO or decision.os is None:
        return ()
    return decision.os.packages(decision.extras)


def _locked(decision: Decision) -> LockedProject:
    """Keep of a decision what an environment can be held against, and why it was taken.

    A decision for the distribution has its candidate, one for PyPI its wheel; a plan without is an error of ours.
    """
    if decision.outcome is Outcome.DISTRO:
        if decision.os is None:
            raise ValueError(f"{decision.name} comes from the distribution, but from no OS package")
        name, version = decision.os.project, decision.os.version
        metadata_version = decision.os.metadata_version if decision.os.metadata_is_current else None
    else:
        if decision.wheel is None:
            raise ValueError(f"{decision.name} comes from PyPI, but from no wheel")
        name, version = decision.wheel.project, decision.wheel.version
        metadata_version = str(version)
    served = decision.os if decision.outcome is Outcome.DISTRO else None
    return LockedProject(
        name=name,
        outcome=decision.outcome,
        version=str(version),
        metadata_version=metadata_version,
        extras=decision.extras,
        os_package=served.package.name if served else None,
        extra_packages=tuple(sorted(package.name for package in _os_packages(decision)[1:])),
        evidence=served.evidence if served else None,
        requested_by=decision.requested_by,
        depends=decision.depends,
        loosened=decision.loosened,
        reason=decision.reason,
        detail=decision.detail,
    )


def dumps(lock: Lock) -> str:
    """Write the lock as TOML: a valid PEP 751 file that ends with a newline; no key without a value."""
    import tomli_w  # noqa: PLC0415 - only locks pay for it

    target = lock.target
    builds = [remainder.dump_build(wheel, wheel.built) for wheel in lock.wheels if wheel.built is not None]
    document = {
        "lock-version": _LOCK_VERSION,
        "environments": [_environment(target)],
        "requires-python": f"=={target.python}.*",
        "created-by": "distrofirst",
        "packages": [remainder.dump_package(wheel, _index_of(wheel, lock)) for wheel in lock.wheels],
        "tool": {
            "distrofirst": {
                "schema": SCHEMA,
                "pins": lock.pins.value,
                "inputs": list(lock.inputs),
                "requirements": list(lock.requirements),
                "sources": _dump_sources(lock.sources),
                "target": _dump_target(target),
                "metadata": {"source": lock.metadata.source, "date": lock.metadata.date},
                "os-packages": [_dump_os_package(package) for package in lock.os_packages],
                **({"builds": builds} if builds else {}),
                "projects": [_dump_project(project) for project in lock.projects],
            }
        },
    }
    return tomli_w.dumps(document)


def _dump_sources(sources: Sources) -> dict[str, object]:
    return without_gaps(
        **{
            "index": sources.index,
            "uploaded-before": sources.uploaded_before,
            "uploaded-before-for": dict(sources.uploaded_before_for) or None,
            "indexes": [{"url": index.url, "projects": list(index.projects)} for index in sources.indexes] or None,
        }
    )


def _index_of(wheel: Wheel, lock: Lock) -> str | None:
    """Give the index that a wheel was found on, as PEP 751 has it; None for one that a URL names."""
    if any(project.name == wheel.project and project.reason is Reason.DIRECT_URL for project in lock.projects):
        return None
    assigned = assigned_to(wheel.project, lock.sources.indexes)
    return assigned.url if assigned is not None else lock.sources.index


def _dump_target(target: Target) -> dict[str, object]:
    return without_gaps(
        **{
            "release": str(target.release),
            "codename": target.release.codename,
            "architecture": target.architecture,
            "python": target.python,
            "python-full-version": target.python_full_version or None,
            "glibc": target.glibc or None,
        }
    )


def _environment(target: Target) -> str:
    """Give the marker that holds on the target, and keeps other installers from using the lock elsewhere."""
    marker = f'sys_platform == "linux" and python_version == "{target.python}"'
    if target.architecture in _KERNEL_DECIDES:
        return marker
    return f'{marker} and platform_machine == "{MACHINES.get(target.architecture, target.architecture)}"'


def _dump_os_package(package: OsPackage) -> dict[str, object]:
    return without_gaps(
        name=package.name,
        version=package.version,
        architecture=package.architecture,
        repository=package.repository,
        trusted=None if package.trusted else False,
    )


def _dump_project(project: LockedProject) -> dict[str, object]:
    return without_gaps(
        **{
            "name": str(project.name),
            "outcome": project.outcome.value,
            "version": project.version,
            "metadata-version": project.metadata_version,
            "extras": list(project.extras) or None,
            "os-package": project.os_package,
            "extra-packages": list(project.extra_packages) or None,
            "evidence": project.evidence.value if project.evidence else None,
            "requested-by": list(project.requested_by) or None,
            "depends": [str(name) for name in project.depends] or None,
            "loosened": project.loosened,
            "reason": project.reason.value if project.reason else None,
            "detail": project.detail,
        }
    )


def dumps_requirements(lock: Lock) -> str:
    """Write the remainder as a requirements file, hashes and all, for a pip that does not read pylock files.

    To be installed with ``pip install --no-deps --require-hashes -r FILE`` into an environment that sees the OS
    packages; the file names those of the plan in its head.
    """
    target = lock.target
    lines = [
        f"# The remainder for {target}, Python {target.python}, {target.architecture}, written by distrofirst.",
        "# Install with: pip install --no-deps --require-hashes -r FILE",
        "# It relies on these OS packages:" if lock.os_packages else "# It relies on no OS package.",
        *(_comment(f"  {package.name} {package.version}") for package in lock.os_packages),
    ]
    projects = {project.name: project for project in lock.projects}
    if built := [str(wheel.project) for wheel in lock.wheels if wheel.built is not None]:
        raise PolicyError(
            f"{', '.join(built)} would be built by pip, without a sandbox and with whatever it fetches for that",
            context="--format requirements",
            hint="install from the lock: distrofirst lock, then distrofirst install --lock FILE",
        )
    for wheel in lock.wheels:
        project = projects[wheel.project]
        by_url = project.reason is Reason.DIRECT_URL
        lines += [
            f"{wheel.project} @ {wheel.url} \\" if by_url else f"{wheel.project}=={wheel.version} \\",
            f"    --hash=sha256:{wheel.sha256}",
            f"    {_comment('via ' + ', '.join(project.requested_by))}",
        ]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    """Keep a comment on its line: the name of a file may hold a newline, and what follows must not be a requirement."""
    return "# " + "".join(character if character.isprintable() else "?" for character in text)


def loads(text: str, *, context: str) -> Lock:
    """Read what ``dumps`` wrote; ``context`` names the file in errors.

    Raises InputError, with the path of the value (``packages[2].wheels[0].hashes``), where the text is no TOML, no
    pylock file, none of distrofirst's, or does not agree with itself.
    """
    import tomllib  # noqa: PLC0415 - only locks pay for it

    try:
        document = Table(values=tomllib.loads(text), context=context, hint=_AGAIN)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", context=context, hint=_AGAIN) from error
    if not document.text("lock-version").startswith("1."):
        document.fail("lock-version", f"expected {_LOCK_VERSION}, found {document.text('lock-version')}")
    if not document.has("tool") or not document.table("tool").has("distrofirst"):
        raise InputError(
            "[tool.distrofirst] is missing: a pylock file, but not one that distrofirst wrote",
            context=context,
            hint="give it as an INPUT instead of --lock, and it is resolved like any other input",
        )
    tool = document.table("tool").table("distrofirst")
    if tool.text("schema") != SCHEMA:
        tool.fail("schema", f"expected {SCHEMA}, found {tool.text('schema')}")
    metadata = tool.table("metadata")
    lock = Lock(
        target=_load_target(tool.table("target")),
        metadata=MetadataSource(source=metadata.text("source"), date=metadata.text("date")),
        pins=tool.choice("pins", PinsPolicy),
        os_packages=tuple(map(_load_os_package, tool.tables("os-packages"))),
        wheels=remainder.load(document, tool),
        projects=tuple(map(_load_project, tool.tables("projects"))),
        inputs=tool.texts("inputs"),
        requirements=tool.texts("requirements"),
        sources=_load_sources(tool.table("sources")),
    )
    _check_agreement(lock, document, tool)
    return lock


def _load_sources(table: Table) -> Sources:
    limits = table.table("uploaded-before-for") if table.has("uploaded-before-for") else None
    named = [(NormalizedName(name), limits.text(name)) for name in sorted(limits.values)] if limits else []
    return Sources(
        index=table.text("index", _INDEX, "an http or https URL") if table.has("index") else None,
        indexes=tuple(
            AssignedIndex(
                url=each.text("url", _INDEX, "an http or https URL"),
                projects=each.texts("projects"),
                where=f"{table.context}: {each.path}",
            )
            for each in (table.tables("indexes") if table.has("indexes") else ())
        ),
        uploaded_before=table.text("uploaded-before"),
        uploaded_before_for=tuple(named),
    )


def is_ours(path: Path) -> bool:
    """Tell whether a file is a lock that distrofirst wrote; ``loads`` says whether it is a good one."""
    import tomllib  # noqa: PLC0415 - only locks pay for it

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    tool = document.get("tool")
    return "lock-version" in document and isinstance(tool, dict) and "distrofirst" in tool


def _load_target(table: Table) -> Target:
    distribution, _, version = table.text("release", _RELEASE, "DISTRIBUTION:VERSION").partition(":")
    codename = table.text("codename", _WORD, "a codename") if table.has("codename") else None
    return Target(
        release=Release(distribution=distribution, version=version, codename=codename),
        architecture=table.text("architecture", _WORD, "an architecture"),
        python=table.text("python", _PYTHON, "X.Y"),
        python_full_version=table.optional("python-full-version") or "",
        glibc=table.optional("glibc") or "",
    )


def _load_os_package(table: Table) -> OsPackage:
    return OsPackage(
        name=table.text("name", OS_PACKAGE, "the name of an OS package"),
        version=table.text("version", OS_VERSION, "the version of an OS package"),
        architecture=table.text("architecture"),
        repository=table.text("repository"),
        trusted=table.get("trusted", bool) is not False,
    )


def _load_project(table: Table) -> LockedProject:
    outcome = table.choice("outcome", Outcome)
    if outcome not in {Outcome.DISTRO, Outcome.PYPI}:
        table.fail("outcome", f"expected distro or pypi, found {outcome}")
    if outcome is Outcome.PYPI and table.texts("extra-packages"):
        table.fail("extra-packages", "expected none of a project from PyPI")
    return LockedProject(
        name=table.name("name"),
        outcome=outcome,
        version=str(table.version("version")),
        metadata_version=table.optional("metadata-version"),
        extras=table.texts("extras"),
        os_package=table.text("os-package") if outcome is Outcome.DISTRO else None,
        extra_packages=table.texts("extra-packages"),
        evidence=table.choice("evidence", Evidence) if outcome is Outcome.DISTRO else None,
        requested_by=table.texts("requested-by"),
        depends=tuple(map(NormalizedName, table.texts("depends"))),
        loosened=table.optional("loosened"),
        reason=table.choice("reason", Reason) if table.has("reason") else None,
        detail=table.optional("detail"),
    )


def _check_agreement(lock: Lock, document: Table, tool: Table) -> None:
    """Hold the three lists against each other: every project has its file, and every file its project."""
    distro = [project for project in lock.projects if project.outcome is Outcome.DISTRO]
    pypi = [project for project in lock.projects if project.outcome is Outcome.PYPI]
    tool.unique("projects", [project.name for project in lock.projects])
    tool.unique("os-packages", [package.name for package in lock.os_packages])
    document.unique("packages", [wheel.project for wheel in lock.wheels])
    wanted = {name for each in distro for name in (str(each.os_package), *each.extra_packages)}
    tool.same("os-packages", {package.name for package in lock.os_packages}, wanted)
    document.same(
        "packages",
        {f"{wheel.project} {wheel.version}" for wheel in lock.wheels},
        {f"{each.name} {each.version}" for each in pypi},
    )
