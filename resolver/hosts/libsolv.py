"""What an installation of RPMs needs on a bare host, as libsolv works it out, the solver of both dnf and zypper.

Its bindings are the OS package python3-solv on Debian, Fedora and openSUSE alike; ``libsolv_ask.py`` asks them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.errors import CommandError, UnavailableError
from resolver.hosts.rpm_database import SYSTEM_PYTHON, spelled
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.ports import Runner

_ASK = Path(__file__).with_name("libsolv_ask.py")
_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacked:
    """A repository's metadata as XML, on this machine's disk."""

    id: str
    primary: Path
    filelists: Path | None = None
    """All files' names; primary has those in bin and etc alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NeededRpm:
    """One .rpm that would be installed."""

    repository: str
    """The repository's id."""
    name: str
    evr: str
    """As dnf spells it, without an epoch of zero."""
    architecture: str
    location: str
    """Relative to the repository, as it says itself."""
    algorithm: str
    """``sha256``"""
    digest: str
    size: int
    """In bytes."""


def closure(
    runner: Runner,
    repositories: Iterable[Unpacked],
    architecture: str,
    *,
    builds: Iterable[tuple[str, str, str]],
    capabilities: Iterable[str],
) -> tuple[NeededRpm, ...]:
    """Give all that a host without any OS package would install for some builds, weak dependencies left out.

    A build is a name, an EVR and an architecture; a capability is what any OS package may provide, as in a spec file,
    or a file's path. Raises CommandError where the repositories do not have all of it, UnavailableError without
    libsolv.
    """
    request = {
        "architecture": architecture,
        "repositories": [
            {"id": one.id, "primary": str(one.primary), "filelists": str(one.filelists) if one.filelists else None}
            for one in repositories
        ],
        "builds": sorted(builds),
        "capabilities": sorted(capabilities),
    }
    done = runner.run(
        Command(argv=(SYSTEM_PYTHON, "-I", str(_ASK)), stdin=json.dumps(request), purpose="see what the RPMs need")
    )
    if done.returncode != 0:
        if "No module named 'solv'" in done.stderr:
            raise UnavailableError(
                f"{SYSTEM_PYTHON} cannot import solv, which alone can tell what RPMs need",
                hint="install the OS package python3-solv, which has this name on every distribution",
            )
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UnavailableError(f"libsolv cannot read the repositories: {said}", context=_ASK.name)
    answer = json.loads(done.stdout)
    if "problems" in answer:
        raise _unsolved(answer["problems"])
    return tuple(
        NeededRpm(
            repository=repository,
            name=name,
            evr=spelled(evr),
            architecture=its_architecture,
            location=location,
            algorithm=algorithm,
            digest=digest,
            size=size,
        )
        for repository, name, evr, its_architecture, location, algorithm, digest, size in answer["packages"]
    )


def _unsolved(problems: Sequence[str]) -> CommandError:
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    return CommandError(
        f"the repositories do not have all that is needed: {'; '.join(problems[:_SHOWN])}{more}",
        context="libsolv",
        hint="name all repositories of the release, its base among them (--repo); where they have gone on, make the"
        " lock anew",
    )
