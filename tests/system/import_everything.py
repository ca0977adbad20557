"""Import every top-level module of every project in an environment; run by its interpreter, prints JSON.

argv: the JSON of ``distrofirst report``. A project's modules are those that top_level.txt names and those among its
files, as its metadata lists them or as dpkg or rpm does. Each import happens in a process of its own. Prints::

    {"imported": [MODULE…],
     "failed": {MODULE: WHY},       shipped, and does not import
     "absent": {MODULE: PROJECT},   named by top_level.txt alone: no such file, nothing to be found
     "empty": [PROJECT…],           ships no module at all
     "versions": {PROJECT: [VERSION, FOLDER]}}   by importlib.metadata, which takes the first on the path
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from importlib import metadata
from pathlib import Path

SITE = re.compile(r"/usr/lib(?:64)?/python3(?:\.\d+)?/(?:dist|site)-packages/")
LIST = ("dpkg", "--listfiles") if shutil.which("dpkg") else ("rpm", "--query", "--list")
NOT_CODE = {"__pycache__", "tests", "test", "docs", "examples"}
"""Top-level names that projects install by mistake, each over the other's files: nobody's in particular."""


def from_paths(paths: list[str]) -> set[str]:
    """Give the importable names at the top of a list of paths relative to a site directory."""
    found = set()
    for path in paths:
        first, slash, rest = path.partition("/")
        if not slash and first.endswith((".py", ".so")):
            found.add(first.partition(".")[0])
        elif slash and first.isidentifier() and rest.endswith((".py", ".so")):
            found.add(first)
    return found - NOT_CODE


def modules(project: dict[str, str]) -> tuple[set[str], set[str]]:
    """Give the top-level modules that a project names, and those that it ships."""
    named: set[str] = set()
    shipped: set[str] = set()
    with contextlib.suppress(metadata.PackageNotFoundError):
        distribution = metadata.distribution(project["name"])
        named = {name for name in (distribution.read_text("top_level.txt") or "").split() if name.isidentifier()}
        shipped = from_paths([str(file) for file in distribution.files or ()])
    if project["outcome"] == "distro":
        command = [*LIST, project["os_package"]]
        owned = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        files = from_paths([line[found.end() :] for line in owned if (found := SITE.match(line))])
        # One OS package may carry many projects (rule I5); then only what the metadata says is this one's.
        shipped |= files & named if named else files if not shipped else set()
    return named - NOT_CODE, shipped


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


def version(name: str) -> list[str] | None:
    """Give the version that the environment has of a project, and the folder that it is in."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        distribution = metadata.distribution(name)
        return [distribution.version, str(distribution.locate_file(""))]
    return None


def main() -> None:
    """Import, and print what came of it."""
    projects = json.loads(Path(sys.argv[1]).read_text())["targets"][0]["projects"]
    installed = [project for project in projects if project["outcome"] in {"distro", "pypi"}]
    owner: dict[str, str] = {}
    absent: dict[str, str] = {}
    empty: list[str] = []
    for project in installed:
        named, shipped = modules(project)
        gone = {name for name in named - shipped if importlib.util.find_spec(name) is None}
        absent |= dict.fromkeys(gone, project["name"])
        owner |= dict.fromkeys((named | shipped) - gone, project["name"])
        if not (named | shipped) - gone:
            empty.append(project["name"])
    results = {name: import_one(name) for name in sorted(owner)}
    answer = {
        "imported": [name for name, why in results.items() if why is None],
        "failed": {name: why for name, why in results.items() if why is not None},
        "absent": absent,
        "empty": empty,
        "versions": {project["name"]: version(project["name"]) for project in installed},
    }
    json.dump(answer, sys.stdout, indent=1, sort_keys=True)


if __name__ == "__main__":
    main()
