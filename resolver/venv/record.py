"""What an environment must hold, and the record of it that each environment carries (``distrofirst.json``).

The record makes an environment answer for itself: whether it is ours, whether a lock would change it, what to
verify it against, and what an undo may take away again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from resolver.errors import InputError
from resolver.model import AssignedIndex, Evidence, Outcome, Sources
from resolver.model.acting import HostState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from resolver.model import Lock

SCHEMA = "distrofirst/environment/1"
FILE_NAME = "distrofirst.json"


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
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.touch(mode=mode)
    unfinished.write_text(dump(record) + "\n", encoding="utf-8")
    unfinished.replace(path)


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
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the environment's record cannot be read: {error}",
            context=str(path),
            hint="run this as its owner, or as root"
            if isinstance(error, PermissionError)
            else f"remove {venv} if it may go, after which undo still knows what came with it; or name another folder with"
            " --venv",
        ) from error


def read_file(path: Path) -> Record:
    """Read a file that holds a record. Raises OSError, ValueError, KeyError or TypeError where it does not."""
    return _parse(json.loads(path.read_bytes()))


def _parse(data: Any) -> Record:  # noqa: ANN401 - JSON; whatever does not fit raises
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema {data['schema']!r}, where {SCHEMA!r} was expected")
    contract = data["contract"]
    return Record(
        contract=Contract(
            target=contract["target"],
            projects=tuple(
                Expected(**{**project, "outcome": Outcome(project["outcome"])}) for project in contract["projects"]
            ),
            os_packages=tuple((name, version) for name, version in contract["os_packages"]),
            sources=_parse_sources(contract["sources"]) if "sources" in contract else Sources(),
        ),
        added=tuple(data["added"]),
        venv=data.get("venv", ""),
    )


def _parse_sources(data: Any) -> Sources:  # noqa: ANN401 - as above
    indexes = [AssignedIndex(**{**index, "projects": tuple(index["projects"])}) for index in data.pop("indexes")]
    limits = [(name, limit) for name, limit in data.pop("uploaded_before_for")]
    return Sources(**data, indexes=tuple(indexes), uploaded_before_for=tuple(limits))
