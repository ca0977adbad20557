"""Runs inside the sandbox, under the target's interpreter, with the standard library alone: one step of a build.

Not imported by distrofirst: ``resolver.pypi.building`` binds this file into the sandbox. The first call (``run``, the
job as JSON on stdin) makes the build environment and copies the source; the second (``hook``, under that environment's
interpreter) calls the backend (PEP 517). Both add lines of JSON to the answer: what was tried that an sdist has no
business with, how the backend failed, what it gave. Nothing in here keeps anybody from anything, the sandbox does that;
it makes the refusal's words.
"""

# Old interpreters run this too: no newer syntax than Python 3.9's.
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from importlib import import_module
from typing import Any

BUILD = "/build"
SOURCE = f"{BUILD}/source"
ENVIRONMENT = f"{BUILD}/env"
OUTPUT = f"{BUILD}/dist"
ANSWER = "/out/answer"
WHEEL = "/out/wheel"

_OWN = (BUILD, "/tmp", "/out", "/dev", "/proc/self")  # noqa: S108 - the sandbox's own
_HOMES = ("/root", "/home", "/nonexistent")
_SECRETS = (".ssh", ".gnupg", ".aws", ".netrc", ".pypirc", ".git-credentials", ".docker", ".kube")
_PATHS = {
    "os.chmod": (0,),
    "os.link": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.truncate": (0,),
}
"""Audit events that change something, and which of their arguments are the places."""
_NAMES = ("socket.getaddrinfo", "socket.gethostbyname")
_ADDRESSES = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOCAL = ("127.", "::1", "localhost")
_MOST = 20
"""How many attempts are told."""
_CHAIN = 10
"""How many errors that one was made of are looked at."""
_GRACE = 1.0
"""Seconds that a build's processes have to end after it."""


def answer(**line: object) -> None:
    """Add a line to the answer."""
    with open(ANSWER, "a", encoding="utf-8") as stream:  # noqa: PTH123 - audited like everything else, and our own
        stream.write(json.dumps(line) + "\n")


# The first call -------------------------------------------------------------------------------------------------


def run(job: dict) -> int:  # type: ignore[type-arg] # JSON
    """Make the environment, copy the source, call the hook, and see what it left running."""
    try:
        make_environment(job)
    except subprocess.CalledProcessError as error:
        answer(error="environment", text=f"exit code {error.returncode}")
        return 1
    shutil.copytree("/sdist", SOURCE, symlinks=True)
    python = f"{ENVIRONMENT}/bin/python"
    code = subprocess.call(
        # Not -I: it would let PYTHONHASHSEED go unheard, and sets would order a wheel's files anew each time.
        [python, "-s", "-B", __file__, "hook", json.dumps(job)],
        cwd=os.path.join(SOURCE, job["below"]),  # noqa: PTH118 - strings are all that is wanted
        env={**os.environ, "PATH": f"{ENVIRONMENT}/bin:{os.environ['PATH']}", "VIRTUAL_ENV": ENVIRONMENT},
        stdin=subprocess.DEVNULL,
    )
    left = lingering()
    if left:
        answer(attempt="process", what=left)
    return 1 if code else 0


def make_environment(job: dict) -> None:  # type: ignore[type-arg] # JSON
    """Make a venv of this interpreter, with the wheels that the job names and nothing of the system's."""
    subprocess.run(
        [sys.executable, "-I", "-B", "-m", "venv", "--without-pip", ENVIRONMENT], check=True, stdin=subprocess.DEVNULL
    )
    if job["wheels"]:
        subprocess.run(
            [f"{ENVIRONMENT}/bin/python", "-B", "-m", "pip", "--isolated", "install", *job["wheels"]],
            check=True,
            stdin=subprocess.DEVNULL,
            # The distribution's pip, for this one command: the backend must not see the system's packages.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(job["site"]), "PIP_CONFIG_FILE": "/dev/null"},
        )


def lingering() -> str:
    """Name the processes that are still there besides this one and the sandbox's own first."""
    end = time.monotonic() + _GRACE
    while True:
        found = {pid: name for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if (name := command_of(pid))}  # noqa: PTH208 - names are wanted
        left = {pid: name for pid, name in found.items() if pid not in {1, os.getpid()}}
        if not left or time.monotonic() > end:
            return ", ".join(sorted(set(left.values())))
        time.sleep(0.05)


def command_of(pid: int) -> str:
    """Give a process's command; empty for one that has ended, reaped or not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:  # noqa: PTH123 - as above
            text = stream.read()
    except OSError:
        return ""
    state = text.rpartition(")")[2].split()[0]
    return "" if state in "ZX" else text.partition("(")[2].rpartition(")")[0]


# The second call ------------------------------------------------------------------------------------------------


def hook(job: dict) -> int:  # type: ignore[type-arg] # JSON
    """Call the backend and tell what came of it."""
    os.makedirs(OUTPUT)  # noqa: PTH103 - as above
    watch()
    # In the place of this file's own folder.
    sys.path[:1] = [os.path.abspath(folder) for folder in job["path"]]  # noqa: PTH100 - as above
    try:
        result = call(job)
    except BaseException as error:  # noqa: BLE001 - setup.py may raise anything, SystemExit included
        traceback.print_exc()
        number, filename = failure_of(error)
        answer(error=type(error).__name__, errno=number, path=filename, text=str(error)[:1000])
        return 1
    answer(result=result)
    return 0


def failure_of(error: BaseException) -> tuple:  # type: ignore[type-arg] # errno and path, None where there is none
    """Give the system's own words for a failure, also where another error was made of it."""
    link: BaseException | None = error
    for _ in range(_CHAIN):
        if isinstance(link, OSError) and link.errno is not None:
            name = link.filename
            return link.errno, os.fsdecode(name) if isinstance(name, (str, bytes)) else None
        link = link.__cause__ or link.__context__ if link is not None else None
    return None, None


def call(job: dict) -> object:  # type: ignore[type-arg] # JSON
    """Call one of the backend's hooks (PEP 517); a wheel goes to where it is waited for."""
    module, _, attributes = job["backend"].partition(":")
    backend = import_module(module)
    for name in filter(None, attributes.split(".")):
        backend = getattr(backend, name)
    if job["hook"] == "requires":
        wanted = getattr(backend, "get_requires_for_build_wheel", None)
        return [str(line) for line in wanted(None)] if wanted is not None else []
    name = backend.build_wheel(OUTPUT, None, None)
    with open(os.path.join(OUTPUT, name), "rb") as source, open(WHEEL, "wb") as target:  # noqa: PTH118, PTH123 - as above
        shutil.copyfileobj(source, target, 1 << 20)
    return name


def watch() -> None:
    """Tell of what the code tries, also where it hides that it failed. It may evade this, but not the sandbox."""
    told: set[tuple[str, str]] = set()
    busy: list[bool] = []

    def tell(kind: str, what: str) -> None:
        if (kind, what) in told or len(told) >= _MOST or busy:
            return
        told.add((kind, what))
        busy.append(True)
        try:
            answer(attempt=kind, what=what[:300])
        finally:
            busy.clear()

    def hear(event: str, arguments: tuple) -> None:  # type: ignore[type-arg] # whatever the event has
        try:
            for kind, what in attempts(event, arguments):
                tell(kind, what)
        except (AttributeError, IndexError, TypeError, ValueError, OSError):
            return

    sys.addaudithook(hear)


def attempts(event: str, arguments: tuple) -> list:  # type: ignore[type-arg] # pairs of kind and what
    """Say what an audit event shows that an sdist has no business with."""
    if event == "open":
        path, mode, flags = arguments
        writes = any(letter in mode for letter in "wax+") if mode else bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))
        return judge(path, writes=writes)
    if event in {"os.listdir", "os.scandir"}:
        return judge(arguments[0], writes=False)
    if event in _PATHS:
        return [found for place in _PATHS[event] for found in judge(arguments[place], writes=True)]
    if event in _NAMES:
        return [] if not arguments[0] or is_local(arguments[0]) else [("network", str(arguments[0]))]
    if event in _ADDRESSES:
        address = arguments[1]
        if isinstance(address, tuple) and not is_local(address[0]):
            return [("network", f"{address[0]}:{address[1]}")]
    return []


def judge(path: Any, *, writes: bool) -> list:  # type: ignore[type-arg] # noqa: ANN401 - whatever open() takes
    """Say whether a place is one that a build has no business in."""
    if path is None or isinstance(path, int):
        return []
    place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - as above
    parts = place.split("/")
    home = f"{BUILD}/home/"
    if place.startswith(tuple(f"{one}/" for one in _HOMES)) or place in _HOMES:
        return [("home", place)]
    if place.startswith(home) and parts[3] in _SECRETS:
        return [("home", "~/" + place[len(home) :])]
    if writes and not place.startswith(tuple(f"{own}/" for own in _OWN)) and place not in _OWN:
        return [("write", place)]
    return []


def is_local(host: object) -> bool:
    """Tell whether a host is the sandbox itself."""
    return (host.decode() if isinstance(host, bytes) else str(host)).startswith(_LOCAL)


if __name__ == "__main__":
    sys.exit(run(json.load(sys.stdin)) if sys.argv[1] == "run" else hook(json.loads(sys.argv[2])))
