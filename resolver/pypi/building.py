"""How an sdist is built: the sandbox's command line, and what to make of what came out of it (rule P2). Pure.

The sandbox has no network, no home, a read-only system without /usr/local, and of the disk two files that it may write
to, each with a limit; the source is copied to memory inside. What runs in it has no rights at all, also where root
asked for it: a process of nobody's, without capabilities, that can gain none. It ends with the step, or is ended.
"""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from resolver.errors import CommandError, PolicyError
from resolver.model import Command, Commit, Sdist
from resolver.pypi.sdists import EPOCH
from resolver.pypi.wheels import wheel_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from resolver.model import Buildable, Completed, Target, Wheel
    from resolver.pypi.sdists import BuildSystem

NOBODY: Final = 65534
"""The user and the group without rights, on every Linux (the kernel's overflow ids)."""

REQUIRES: Final = "requires"
"""The step that asks for further build requirements: ``get_requires_for_build_wheel``."""
WHEEL: Final = "wheel"
"""The step that builds."""

_PIP_OPTIONS = (
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
    "--ignore-installed",
    "--no-deps",
    "--only-binary=:all:",
    "--require-hashes",
    "--no-index",
    "--no-warn-script-location",
    "--no-cache-dir",
    "--no-compile",
)
_PREPARE = 'chmod 1777 /build /tmp && mkdir -m 0777 /build/home && exec "$@"'
"""What the sandbox's first process does before it gives up what rights it has."""
_ENVIRONMENT = {
    "HOME": "/build/home",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": str(EPOCH),
    "TMPDIR": "/tmp",  # noqa: S108 -- the sandbox's own
    "TZ": "UTC",
}
"""All that a build hears from outside: alike everywhere, so that simple builds give the same bytes again."""
_ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d")
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
_UNREACHABLE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNREFUSED})
_TIMED_OUT = 124
LONGEST_ANSWER: Final = 1 << 20
"""How much of an answer is read, in bytes."""
_ATTEMPTS = {
    "network": "tried to reach the network",
    "home": "looked into a home folder",
    "write": "tried to write outside its own tree",
    "process": "left processes running",
    "outside": "reached for what is outside of the sandbox",
}
_ASK = "do not install it; look at what its build does, and ask the project about it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one step of a build may use."""

    seconds: int = 1800
    memory: int = 8 << 30
    """Bytes of address space, per process."""
    space: int = 4 << 30
    """Bytes of the source and all that is built of it; lie in memory."""
    output: int = 1 << 30
    """Bytes of any one file: the wheel, what is printed."""
    processes: int = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """What of this machine a step sees besides the system, and the two files that it may write to."""

    script: Path
    source: Path
    wheels: Path
    passwd: Path
    answer: Path
    wheel: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """What the sandbox's command line depends on."""

    root: bool
    sized: bool
    """Whether bubblewrap can limit a file system in memory (0.7)."""
    system: tuple[tuple[str, str | None], ...]
    """The folders beside /usr that hold the system's programs, with where they lead if they are links."""
    interpreter: str


def sandbox(machine: Machine, places: Places, job: Mapping[str, Any], limits: Limits) -> Command:
    """Give the command that carries out one step of a build, without any rights and to its end."""
    size = ("--size", str(limits.space)) if machine.sized else ()
    return Command(
        argv=(
            # If distrofirst is killed, so is all of this, one after the other.
            *("setpriv", "--pdeathsig", "KILL", "--", "timeout", "--kill-after=10", str(limits.seconds)),
            "bwrap",
            *_namespaces(machine),
            *("--die-with-parent", "--new-session", "--hostname", "build"),
            # Folders that bwrap makes by itself are closed to all others.
            *("--dir", "/etc", "--dir", "/inside", "--dir", "/out"),
            *("--ro-bind", "/usr", "/usr", "--tmpfs", "/usr/local", "--remount-ro", "/usr/local"),
            *(word for folder, link in machine.system for word in _system(folder, link)),
            *(word for path in _ETC for word in ("--ro-bind-try", path, path)),
            *("--ro-bind", str(places.passwd), "/etc/passwd"),
            *("--proc", "/proc", "--dev", "/dev"),
            *(*size, "--tmpfs", "/tmp", *size, "--tmpfs", "/build"),  # noqa: S108 -- the sandbox's own
            *("--ro-bind", str(places.source), "/sdist", "--ro-bind", str(places.wheels), "/wheels"),
            *("--ro-bind", str(places.script), "/inside/step.py"),
            *("--bind", str(places.answer), "/out/answer", "--bind", str(places.wheel), "/out/wheel"),
            *("--remount-ro", "/", "--chdir", "/build", "--"),
            *("/bin/sh", "-c", _PREPARE, "sh"),
            *_limited(limits),
            *(_dropped() if machine.root else ()),
            *("/usr/bin/env", "-i", *(f"{name}={value}" for name, value in _ENVIRONMENT.items())),
            *(machine.interpreter, "-I", "-B", "/inside/step.py", "run"),
        ),
        stdin=json.dumps(job, sort_keys=True),
        purpose="build an sdist in a sandbox",
    )


def _namespaces(machine: Machine) -> Iterator[str]:
    """Give all namespaces; for root no new users, for there the sandbox's nobody would be root on every file."""
    if machine.root:
        yield from ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        yield from ("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
        yield from ("--cap-add", "CAP_SETPCAP")
    else:
        yield from ("--unshare-all", "--uid", str(NOBODY), "--gid", str(NOBODY), "--cap-drop", "ALL")


def _system(folder: str, link: str | None) -> Iterable[str]:
    return ("--symlink", link, folder) if link is not None else ("--ro-bind", folder, folder)


def _limited(limits: Limits) -> Iterator[str]:
    yield from ("prlimit", f"--as={limits.memory}", f"--fsize={limits.output}", f"--nproc={limits.processes}")
    yield from ("--nofile=1024", "--core=0", f"--cpu={limits.seconds * 4}", "--")


def _dropped() -> Iterator[str]:
    yield from ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all")
    yield from ("--bounding-set=-all", "--no-new-privs", "--")


def job_for(
    step: str, system: BuildSystem, wheels: Sequence[Wheel], site_directories: Sequence[str], *, below: str = ""
) -> Mapping[str, Any]:
    """Give what ``inside_build`` has to know; ``below`` is the project's folder in the source.

    pip checks the hashes again, though they were when the files came.
    """
    files = [f"{one.project} @ file:///wheels/{quote(one.filename)}#sha256={one.sha256}" for one in wheels]
    return {
        "hook": step,
        "below": below,
        "backend": system.backend,
        "path": list(system.path),
        "site": list(site_directories),
        "wheels": [*_PIP_OPTIONS, *files] if files else [],
    }


# What came out --------------------------------------------------------------------------------------------------


def outcome(
    done: Completed, answer: bytes, source: Buildable, limits: Limits, is_here: Callable[[str], bool]
) -> object:
    """Give what the backend returned.

    Raises PolicyError for what no build has a reason to do, CommandError for a failure of its own. The answer is the
    sdist's word: it chooses between refusals, and grants nothing. ``is_here`` tells whether a path, or the folder that
    it would be in, is one of this machine's.
    """
    if len(answer) >= LONGEST_ANSWER:
        raise _too_large(source, limits)
    lines = list(_lines(answer))
    tried: dict[str, list[str]] = {}
    for line in lines:
        if line.get("attempt") in _ATTEMPTS:
            tried.setdefault(str(line["attempt"]), []).append(_shown(line.get("what")))
    if tried:
        told = "; ".join(f"{_ATTEMPTS[kind]}: {', '.join(several[:3])}" for kind, several in tried.items())
        raise PolicyError(f"its build {told}", context=str(source), hint=_ASK)
    if done.returncode == _TIMED_OUT:
        raise PolicyError(
            f"its build took longer than {limits.seconds} s, and was stopped", context=str(source), hint=_ASK
        )
    if done.returncode == 0 and lines and "result" in lines[-1]:
        return lines[-1]["result"]
    raise _failure(done, next((line for line in lines if "error" in line), {}), source, limits, is_here)


def _failure(
    done: Completed, error: Mapping[str, Any], source: Buildable, limits: Limits, is_here: Callable[[str], bool]
) -> CommandError | PolicyError:
    """Word a step that failed by itself."""
    number, path = error.get("errno"), error.get("path")
    if number in _FULL:
        return _too_large(source, limits)
    attempt = None
    if number == errno.EROFS:
        attempt = f"{_ATTEMPTS['write']}: {_shown(path)}"
    elif number == errno.ENOENT and isinstance(path, str) and is_here(path):
        attempt = f"{_ATTEMPTS['outside']}: {_shown(path)}"
    elif number in _UNREACHABLE:
        attempt = _ATTEMPTS["network"]
    if attempt is not None:
        return PolicyError(f"its build {attempt}", context=str(source), hint=_ASK)
    last = [line for line in done.stderr.splitlines() if line.strip()]
    if not error and any(line.startswith(("bwrap: ", "setpriv: ", "prlimit: ")) for line in last):
        return CommandError(
            f"the sandbox cannot be made: {_shown(last[-1])}",
            context="bwrap",
            hint="bubblewrap needs user namespaces (sysctl user.max_user_namespaces), or root",
        )
    if error.get("error") == "environment":
        return CommandError(
            f"its build environment cannot be made: {_shown(last[-1] if last else '')}", context=str(source)
        )
    what = (
        f"{_shown(error.get('error'))}: {_shown(error.get('text'))}"
        if error
        else _shown(last[-1] if last else f"exit code {done.returncode}")
    )
    hint = "it may want a compiler, headers or a program that is not installed, or another version"
    if isinstance(source, Commit):
        hint += "; one that takes its version from the repository's tags has none here: name a release of it instead"
    return CommandError(f"its build failed: {what}", context=str(source), hint=hint)


def _too_large(source: Buildable, limits: Limits) -> PolicyError:
    return PolicyError(
        f"its build wants more space than it may have ({limits.space} bytes in all, {limits.output} a file)",
        context=str(source),
        hint=_ASK,
    )


def _lines(answer: bytes) -> Iterator[Mapping[str, Any]]:
    for line in answer.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            yield value


def _shown(text: object) -> str:
    """Make a stranger's words fit for a line on a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))[:300]


def further_requirements(answer: object, source: Buildable) -> tuple[str, ...]:
    """Understand what ``get_requires_for_build_wheel`` returned."""
    if not isinstance(answer, list) or not all(isinstance(one, str) for one in answer):
        raise CommandError("its backend asks for build requirements that are no strings", context=str(source))
    return tuple(answer)


def check_name(answer: object, source: Buildable, target: Target) -> str:
    """Give the built wheel's file name, if it is one of the source's own project that the target can use."""
    name = answer if isinstance(answer, str) else ""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except (InvalidWheelFilename, ValueError) as error:
        raise PolicyError(
            f"its build gave {_shown(answer)!r}, which is no wheel's name", context=str(source), hint=_ASK
        ) from error
    wanted = source.version if isinstance(source, Sdist) else version  # nobody knows a commit's before
    if "/" in name or not name.isprintable() or (project, version) != (source.project, wanted):
        raise PolicyError(
            f"its build gave {_shown(name)}, expected a wheel of {source.project} {wanted}",
            context=str(source),
            hint=_ASK,
        )
    if tags.isdisjoint(wheel_tags(target.python, target.architecture, target.glibc)):
        raise CommandError(f"its build gave {_shown(name)}, which this host cannot use", context=str(source))
    return name
