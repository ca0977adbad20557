"""What an environment must hold, and the record of it that each environment carries (``distrofirst.json``).

The record makes an environment answer for itself: whether it is ours, whether a lock would change it, what to
verify it against, and what an undo may take away again.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from resolver import files
from resolver.errors import InputError
from resolver.model import AssignedIndex, Evidence, Outcome, Sources
from resolver.model.acting import HostState
from resolver.tables import OS_PACKAGE, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from resolver.model import Lock

SCHEMA = "distrofirst/environment/1"
FILE_NAME = "distrofirst.json"
_TARGET = re.compile(r"[a-z0-9._-]+:[a-z0-9._-]+ [a-z0-9_-]+ python[0-9]+\.[0-9]+", re.ASCII)
_LONGEST = 1 << 24
"""Bytes of a record; that of a thousand projects has some 200,000."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One project that must be in the environment."""

    name: str
    """Normalized (PEP 503)."""
    outcome: Outcome
    """``distro``: from an OS package; ``pypi``: a wheel in the venv itself."""
    version: str | None
    """What the project's metadata must say; None where the OS package has none."""
    os_package: str | None = None
    sha256: str | None = None
    """Of the wheel."""
    stands_in: bool = False
    """An override says that the OS package serves this project; its metadata may bear another name (rule I7)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """What an environment must hold, reduced from a lock to what can be checked."""

    target: str
    """``debian:13 amd64 python3.13``"""
    projects: tuple[Expected, ...]
    """Sorted by name."""
    os_packages: tuple[tuple[str, str], ...]
    """Name (``name:i386`` where foreign) and exact version, sorted."""
    sources: Sources = field(default_factory=Sources, compare=False)
    """Where the remainder came from: who is to be asked about it. The same files from elsewhere are no other contract."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What an environment says of itself."""

    contract: Contract
    added: tuple[str, ...] = ()
    """The OS packages that were installed for this environment and were not there before; sorted."""
    venv: str = field(default="", compare=False)
    """Where it was made, by its whole path; empty where nobody has written it down."""


def contract_of(lock: Lock) -> Contract:
    """Reduce a lock to what its environment must hold."""
    hashes = {wheel.project: wheel.sha256 for wheel in lock.wheels}
    target = lock.target
    return Contract(
        target=f"{target.release} {target.architecture} python{target.python}",
        projects=tuple(
            Expected(
                name=project.name,
                outcome=project.outcome,
                version=project.metadata_version,
                os_package=project.os_package,
                sha256=hashes.get(project.name),
                stands_in=project.evidence is Evidence.OVERRIDE,
            )
            for project in sorted(lock.projects, key=lambda project: project.name)
        ),
        os_packages=tuple(sorted(lock.os_versions.items())),
        sources=replace(
            lock.sources, indexes=tuple(replace(index, where=FILE_NAME) for index in lock.sources.indexes)
        ),
    )


def state_of(contract: Contract | None, versions: Mapping[str, str | None]) -> HostState:
    """Tell what a host has of an environment that was made for a contract, None for none; ``versions`` has the OS
    packages, None for those that are not there.
    """
    remainder = (one for one in contract.projects if one.outcome is Outcome.PYPI) if contract else ()
    return HostState(
        environment=contract.target if contract else None,
        os_packages=tuple(sorted((name, version) for name, version in versions.items() if version is not None)),
        remainder=tuple((one.name, one.version or "", one.sha256 or "") for one in remainder),
    )


def dump(record: Record) -> str:
    """Write a record as one line of JSON, the same for the same record."""
    return json.dumps({"schema": SCHEMA, **asdict(record)}, sort_keys=True, separators=(",", ":"))


def write(venv: Path, record: Record) -> None:
    """Replace the record of a whole environment, as ``inside.finish`` writes it."""
    _replace(venv / FILE_NAME, record)


def write_copy(path: Path, record: Record) -> None:
    """Replace the copy of a record that a register keeps; there may be none, and then there stays none."""
    if path.exists():
        _replace(path, record, mode=0o600)


def _replace(path: Path, record: Record, *, mode: int = 0o666) -> None:
    files.write(path, f"{dump(record)}\n".encode(), mode=mode)


def with_added(record: Record, names: Iterable[str]) -> Record:
    """Give a record that names further OS packages as added."""
    return replace(record, added=tuple(sorted({*record.added, *names})))


def read(venv: Path) -> Record | None:
    """Read the record of an environment; None where there is none, so that the folder is not ours.

    Raises InputError for a record that cannot be read: a newer release of distrofirst may have written it.
    """
    path = venv / FILE_NAME
    try:
        return read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, InputError) as error:
        why = error.message if isinstance(error, InputError) else error
        raise InputError(
            f"the environment's record cannot be read: {why}",
            context=str(path),
            hint="run this as its owner, or as root"
            if isinstance(error, PermissionError)
            else f"remove {venv} if it may go, after which undo still knows what came with it; or name another folder with"
            " --venv",
        ) from error


def read_file(path: Path) -> Record:
    """Read a file that holds a record. Raises OSError or InputError where it does not."""
    try:
        document = json.loads(files.read(path, most=_LONGEST))
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no JSON: {error}", context=str(path)) from error
    if not isinstance(document, dict):
        raise InputError("expected an object", context=str(path))
    return _parse(Table(values=document, context=str(path)))


def _parse(document: Table) -> Record:
    if document.text("schema") != SCHEMA:
        document.fail("schema", f"found {document.text('schema')!r}, expected {SCHEMA!r}")
    contract = document.table("contract")
    return Record(
        contract=Contract(
            target=contract.text("target", _TARGET, "a release, an architecture and a Python"),
            projects=tuple(map(_parse_expected, contract.tables("projects"))),
            os_packages=_parse_os_packages(contract),
            sources=_parse_sources(contract.table("sources")) if contract.has("sources") else Sources(),
        ),
        added=_parse_added(document),
        venv=document.optional("venv") or "",
    )


def _parse_added(document: Table) -> tuple[str, ...]:
    names = document.texts("added")
    for position, name in enumerate(names):
        _check_os_package(document, f"added[{position}]", name)
    return names


def _parse_os_packages(contract: Table) -> tuple[tuple[str, str], ...]:
    found = _parse_pairs(contract, "os_packages")
    for position, (name, _) in enumerate(found):
        _check_os_package(contract, f"os_packages[{position}]", name)
    return found


def _check_os_package(table: Table, key: str, name: str) -> None:
    """Fail for what is no name: package managers are asked about it."""
    if not OS_PACKAGE.fullmatch(name):
        table.fail(key, f"expected the name of an OS package, found {name!r:.40}")


def _parse_expected(project: Table) -> Expected:
    return Expected(
        name=project.text("name"),
        outcome=project.choice("outcome", Outcome),
        version=project.optional("version"),
        os_package=project.optional("os_package"),
        sha256=project.optional("sha256"),
        stands_in=project.get("stands_in", bool) or False,
    )


def _parse_sources(sources: Table) -> Sources:
    limits = _parse_pairs(sources, "uploaded_before_for")
    return Sources(
        index=sources.optional("index"),
        indexes=tuple(
            AssignedIndex(url=index.text("url"), projects=index.texts("projects"), where=index.text("where"))
            for index in sources.tables("indexes")
        ),
        uploaded_before=sources.text("uploaded_before"),
        uploaded_before_for=tuple((NormalizedName(name), limit) for name, limit in limits),
    )


def _parse_pairs(table: Table, key: str) -> tuple[tuple[str, str], ...]:
    found = []
    for position, pair in enumerate(table.need(key, list)):
        match pair:
            case [str(name), str(value)]:
                found.append((name, value))
            case _:
                table.fail(f"{key}[{position}]", f"expected two strings, found {pair!r:.40}")
    return tuple(found)
