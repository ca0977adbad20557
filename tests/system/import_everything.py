"""Import every top-level module of every project in an environment; run by its interpreter, prints JSON.

argv: the JSON of ``distrofirst report``. A module's names come from top_level.txt, else from the files that the
metadata or dpkg lists. Each import happens in a process of its own. Prints ``{"modules": N, "failed": {MODULE: WHY}}``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import traceback
from importlib import metadata
from pathlib import Path

SITE = "/usr/lib/python3/dist-packages/"


def from_paths(paths: list[str]) -> set[str]:
    """Give the importable names at the top of a list of paths relative to a site directory."""
    found = set()
    for path in paths:
        first, slash, rest = path.partition("/")
        if not slash and first.endswith((".py", ".so")):
            found.add(first.partition(".")[0])
        elif slash and first.isidentifier() and rest.endswith((".py", ".so")):
            found.add(first)
    return found - {"__pycache__", "tests", "test", "docs", "examples"}


def modules(project: dict[str, str]) -> set[str]:
    """Give a project's top-level modules."""
    try:
        distribution = metadata.distribution(project["name"])
    except metadata.PackageNotFoundError:
        distribution = None
    if distribution is not None:
        if names := (distribution.read_text("top_level.txt") or "").split():
            return {name for name in names if name.isidentifier()} - {"tests", "test", "docs", "examples"}
        if listed := from_paths([str(file) for file in distribution.files or ()]):
            return listed
    if project["outcome"] != "distro":
        return set()
    owned = subprocess.run(["dpkg", "-L", project["os_package"]], capture_output=True, text=True, check=True).stdout
    return from_paths([line.removeprefix(SITE) for line in owned.splitlines() if line.startswith(SITE)])


def import_one(name: str) -> str | None:
    """Import a module in a child; give the last line of what went wrong, or None."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        message = ""
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(null, number)
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001 - whatever it is, it is the answer
            message = traceback.format_exc().strip().splitlines()[-1]
        with contextlib.suppress(BaseException):
            os.write(write, message.encode()[:2000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as stream:
        message = stream.read()
    status = os.waitpid(child, 0)[1]
    return f"ended by {status}" if status else message or None


def main() -> None:
    projects = json.loads(Path(sys.argv[1]).read_text())["targets"][0]["projects"]
    found: dict[str, str] = {}
    for project in projects:
        if project["outcome"] in {"distro", "pypi"}:
            found.update(dict.fromkeys(modules(project), project["name"]))
    failed = {f"{found[name]}: {name}": why for name in sorted(found) if (why := import_one(name))}
    json.dump({"modules": len(found), "failed": failed}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
