"""What is in an environment, held against what must be: each project's version, place and origin (rule X1).

Reading (one run of the venv's interpreter, one of the package manager) is apart from judging, which is pure.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from resolver.errors import CommandError, InputError
from resolver.model import Drift, Finding, Outcome
from resolver.venv.environment import inspection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from resolver.ports import PackageManager, Runner
    from resolver.venv.record import Contract, Expected

_AGAIN = "repeat `distrofirst install`"


def verify(contract: Contract, venv: Path, runner: Runner, packages: PackageManager) -> tuple[Finding, ...]:
    """Compare an environment with its contract; () when it is clean. In the order OS packages, projects, rest.

    Raises InputError where there is no environment, CommandError where its interpreter does not run.
    """
    python = venv.absolute() / "bin" / "python"
    if python.is_symlink() and not python.exists():
        gone = _interpreter(contract, f"a link to {python.readlink()}, which leads nowhere")
        return (*_os_packages(contract, packages.installed(name for name, _ in contract.os_packages)), gone)
    if not python.exists():
        raise InputError(
            "there is no environment here, or its interpreter is gone", context=str(venv), hint=f"{_AGAIN} to make it"
        )
    done = runner.run(inspection(str(python)))
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise CommandError(f"the environment's interpreter fails: {said[-1]}", context=str(python), hint=_AGAIN)
    installed = packages.installed(name for name, _ in contract.os_packages)
    return judge(contract, _parse(done.stdout, python), installed, packages.site_directories)


def _parse(stdout: str, python: Path) -> dict[str, Any]:
    """Read what ``inside.inspect`` printed: the last line, for what runs as the interpreter starts may print as well,
    and is itself what is looked for.
    """
    try:
        seen = json.loads(stdout.rpartition("\n")[2])
    except ValueError:
        seen = None
    if not isinstance(seen, dict):
        raise CommandError("the environment's interpreter prints by itself", context=str(python), hint=_AGAIN)
    return seen


def judge(
    contract: Contract, seen: Mapping[str, Any], installed: Mapping[str, str], site_directories: Iterable[str]
) -> tuple[Finding, ...]:
    """Compare what ``inside.inspect`` saw and the OS packages' versions with the contract."""
    places = {Outcome.DISTRO: tuple(site_directories), Outcome.PYPI: tuple(seen["site_packages"])}
    first: dict[str, Mapping[str, Any]] = {}
    for project in seen["projects"]:
        first.setdefault(project["name"], project)
    findings = list(_os_packages(contract, installed))
    if seen["python"] != _python_of(contract):
        # Its folders are another Python's, and empty: whatever else was found would only say that.
        return (*findings, _interpreter(contract, f"Python {seen['python']}"))
    for expected in contract.projects:
        findings += _project(expected, first.get(expected.name), places)
    remainder = {expected.name for expected in contract.projects if expected.outcome is Outcome.PYPI}
    findings += [
        Finding(
            project=name,
            kind=Drift.EXTRA,
            found=f"{project['version']} in {project['directory']}",
            expected="nothing, for the lock does not have it there",
            remedy=f"{_AGAIN} to make the environment anew without it",
        )
        for name, project in sorted(first.items())
        if project["directory"] in places[Outcome.PYPI]
        and name not in remainder
        # An OS package's project in the venv is told as misplaced already.
        and name not in {expected.name for expected in contract.projects}
    ]
    findings += _by_hand(seen)
    findings += _leaks(seen, places[Outcome.DISTRO])
    return tuple(findings)


def _os_packages(contract: Contract, installed: Mapping[str, str]) -> Iterator[Finding]:
    for name, version in contract.os_packages:
        if installed.get(name) != version:
            yield Finding(
                project=name,
                kind=Drift.OS_PACKAGE if name in installed else Drift.OS_MISSING,
                found=installed.get(name, "not installed"),
                expected=version,
                remedy="make the lock anew, for the distribution has updated it, then " + _AGAIN
                if name in installed
                else f"{_AGAIN}: it installs what is missing",
            )


def _project(
    expected: Expected, found: Mapping[str, Any] | None, places: Mapping[Outcome, tuple[str, ...]]
) -> Iterator[Finding]:
    if expected.version is None or (expected.stands_in and found is None):
        # No metadata of this name: the OS package's own version is all there is to check.
        return
    if found is None:
        yield Finding(
            project=expected.name, kind=Drift.MISSING, found="nothing", expected=expected.version, remedy=_AGAIN
        )
        return
    if found["directory"] not in places[expected.outcome]:
        yield Finding(
            project=expected.name,
            kind=Drift.PLACE,
            found=f"{found['version']} in {found['directory']}",
            expected=f"{expected.version} in {places[expected.outcome][0]}",
            remedy=f"{_AGAIN} to make the environment anew",
        )
    elif not _same_version(expected.version, found):
        yield Finding(
            project=expected.name,
            kind=Drift.VERSION,
            found=str(found["version"]),
            expected=expected.version,
            remedy=_AGAIN,
        )
    elif expected.sha256 is not None and found["sha256"] != expected.sha256:
        yield Finding(
            project=expected.name,
            kind=Drift.ORIGIN,
            found=f"a file with sha256 {found['sha256'] or 'unknown'}",
            expected=f"the wheel with sha256 {expected.sha256}",
            remedy=f"{_AGAIN} to make the environment anew",
        )


def _same_version(expected: str, found: Mapping[str, Any]) -> bool:
    """Compare as written, then by meaning (PEP 440), then with the name of the metadata's folder.

    Contents knows an OS package's version from that name, which spells some differently from the metadata inside.
    """
    version = str(found["version"])
    in_name = str(found["metadata"]).rpartition(".")[0].partition("-")[2]
    if expected in {version, in_name} or in_name.startswith(f"{expected}-py"):
        return True
    try:
        return Version(expected) == Version(version)
    except InvalidVersion:
        return False


def _python_of(contract: Contract) -> str:
    return contract.target.rpartition("python")[2]


def _interpreter(contract: Contract, found: str) -> Finding:
    return Finding(
        project="python",
        kind=Drift.INTERPRETER,
        found=found,
        expected=f"Python {_python_of(contract)}",
        remedy=f"make the lock anew, for the release was upgraded or its Python replaced, then {_AGAIN}",
    )


def _by_hand(seen: Mapping[str, Any]) -> Iterator[Finding]:
    """Tell what somebody has done to the files of the environment."""
    if seen["made_in"]:
        yield Finding(
            project="environment",
            kind=Drift.MOVED,
            found=f"in {seen['prefix']}",
            expected=f"in {seen['made_in']}, for its scripts name their interpreter by that",
            remedy=f"{_AGAIN} to make the environment anew in this place",
        )
    for file in seen["altered"]:
        yield Finding(
            project=file["project"],
            kind=Drift.FILE,
            found=f"{file['path']}: {file['found']}",
            expected="the file that was in the wheel",
            remedy=f"{_AGAIN} to make the environment anew",
            since=file["since"] or None,
        )
    for file in seen["scripts"]:
        yield Finding(
            project=file["project"],
            kind=Drift.FILE,
            found=f"{file['path']}: {file['found']}",
            expected="the script that was written for the OS package",
            remedy=f"{_AGAIN} to make the environment anew",
            since=file["since"] or None,
        )
    for path in seen["unowned"]:
        name = path.rpartition("/")[2]
        runs = name.endswith(".pth") or name.partition(".")[0] in {"sitecustomize", "usercustomize"}
        yield Finding(
            project=name,
            kind=Drift.STARTUP if runs else Drift.EXTRA,
            found=f"{path}, which is no project's" + (" and runs whenever Python starts" if runs else ""),
            expected="nothing, for the lock does not have it there",
            remedy=f"{_AGAIN} to make the environment anew without it",
        )


def _leaks(seen: Mapping[str, Any], site_directories: Iterable[str]) -> Iterator[Finding]:
    # An OS package may add folders of the system's with a .pth file of its own.
    ours = tuple(f"{folder}/" for folder in (seen["prefix"], seen["base_prefix"], *site_directories))
    for entry in seen["path"]:
        inside = entry.startswith(f"{seen['prefix']}/")
        if not f"{entry}/".startswith(ours) or (not inside and entry.startswith("/usr/local/")):
            yield Finding(
                project=entry,
                kind=Drift.LEAK,
                found="on the interpreter's path",
                expected="only the venv and the distribution's own folders",
                remedy=f"{_AGAIN} to make the environment anew; what is there then, a .pth file of the system's puts there",
            )
    if seen["user_site"]:
        yield Finding(
            project="user site",
            kind=Drift.LEAK,
            found="enabled",
            expected="disabled",
            remedy=f"{_AGAIN} to make the environment anew",
        )
