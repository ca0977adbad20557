"""What rpm itself is asked, whatever tool stands above it: what is installed, and which EVR is the newer one.

rpm's exit code counts the names that are not installed, so it says nothing of failure; a database that cannot be
read shows on stderr alone, beside the same "is not installed" (measured with rpm 4.18, 4.20 and 6.1).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.errors import CommandError, UnavailableError
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from resolver.ports import Runner

SYSTEM_PYTHON = "/usr/bin/python3"
"""The distribution's interpreter, the only one that its bindings are built for."""

_COMPARE = Path(__file__).with_name("rpm_compare.py")
_READ = Path(__file__).with_name("rpm_read.py")
_FORMAT = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n"
_UNREADABLE = re.compile(r"^error: .*(?:cannot open Packages|[Uu]nable to open sqlite|sqlite failure)", re.MULTILINE)
_LOCKED = re.compile(
    r"^error: .*(?:database is locked|can't create transaction lock|Resource temporarily)", re.MULTILINE
)


def spelled(evr: str) -> str:
    """Spell an EVR as dnf does, without an epoch of zero."""
    return evr.removeprefix("0:")


def installed_builds(runner: Runner, names: Iterable[str], architecture: str) -> dict[str, str]:
    """Ask rpm for the exact EVRs of those OS packages that are installed, by the name they were asked by.

    ``architecture`` is the host's; a package of another one is asked for, and answered, as ``name:i686``. Of several
    installed builds of one name (kernels) the one that was installed last counts, which rpm names last.
    Raises CommandError where rpm cannot read its database.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    argv = ("rpm", "--query", "--queryformat", _FORMAT, *(name.partition(":")[0] for name in wanted))
    done = runner.run(Command(argv=argv, purpose="see what is installed"))
    if _LOCKED.search(done.stderr):
        raise CommandError(
            "rpm's database is locked by another process",
            context="rpm --query",
            hint="repeat the command when it has finished",
        )
    if done.returncode < 0 or _UNREADABLE.search(done.stderr):
        said = done.stderr.strip().splitlines() or ["it was killed"]
        raise CommandError(
            f"rpm cannot read its database: {said[-1]}",
            context="rpm --query",
            hint="`rpm --verifydb` says more, and `rpm --rebuilddb` (as root) repairs it",
        )
    found: dict[str, str] = {}
    for line in done.stdout.splitlines():
        name, tab, rest = line.partition("\t")
        if not tab:
            continue  # "package x is not installed"
        its_architecture, _, evr = rest.partition("\t")
        key = name if its_architecture in {"noarch", architecture} else f"{name}:{its_architecture}"
        if key in wanted:
            found[key] = spelled(evr)
    return found


def rank_evrs(runner: Runner, groups: Sequence[Sequence[str]]) -> list[list[int]]:
    """Give each group's EVRs their ranks, 0 for the oldest, by rpm's own comparison (rule V3); one process for all.

    Equal ones have the same rank; one without a release equals all of its releases, as in rpm's dependencies. Raises
    UnavailableError where the system's interpreter has no rpm bindings.
    """
    if not groups:
        return []
    answer: list[list[int]] = _bindings(
        runner, _COMPARE, (), {"groups": [list(group) for group in groups]}, "let rpm compare versions"
    )["ranks"]
    return answer


def read_metadata(runner: Runner, file: Path, project: str) -> dict[str, str]:
    """Read a project's ``METADATA``, ``PKG-INFO`` and ``requires.txt`` out of an .rpm, as far as it has them.

    Nothing is installed, and no scriptlet runs. Raises UnavailableError where rpm cannot read the file.
    """
    return {
        str(name): str(text)
        for name, text in _bindings(runner, _READ, (str(file), project), None, f"look into {file.name}").items()
    }


def installed_metadata(python: str, project: str, *, root: Path = Path("/")) -> dict[str, str]:
    """Read the same files of an installed project, from where RPMs put modules for a Python (``3.14``)."""
    for site in site_directories(python):
        for folder in (root / site.lstrip("/")).glob("*.*-info"):
            if re.sub(r"[-_.]+", "-", folder.name.partition("-")[0]).lower() == project:
                paths = [folder / name for name in ("METADATA", "PKG-INFO", "requires.txt")]
                return {path.name: path.read_text("utf-8", "replace") for path in paths if path.is_file()}
    return {}


def site_directories(python: str) -> tuple[str, str]:
    """Give where RPMs put modules for a Python: those with compiled code, and the others."""
    return f"/usr/lib64/python{python}/site-packages", f"/usr/lib/python{python}/site-packages"


def _bindings(runner: Runner, program: Path, arguments: tuple[str, ...], request: object, purpose: str) -> Any:  # noqa: ANN401 - JSON
    """Run one of our programs under the interpreter that has rpm's bindings."""
    done = runner.run(
        Command(
            argv=(SYSTEM_PYTHON, "-I", str(program), *arguments),
            stdin=json.dumps(request) if request is not None else None,
            purpose=purpose,
        )
    )
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "No module named 'rpm'" in done.stderr:
        raise UnavailableError(
            f"{SYSTEM_PYTHON} cannot import rpm, which alone can {purpose.removeprefix('let rpm ')}",
            hint="install the OS package python3-rpm, which has this name on every distribution",
        )
    said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
    raise UnavailableError(f"rpm cannot {purpose.removeprefix('let rpm ')}: {said}", context=program.name)
