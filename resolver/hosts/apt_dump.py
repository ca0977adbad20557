"""Tell what apt would install: run by the interpreter that has python-apt, prints JSON.

This file is a program of its own, for ``/usr/bin/python3 -I apt_dump.py``: python-apt exists only for the
distribution's interpreter, and distrofirst may run under another one, in a venv or under pyenv (Ansible's
modules meet the same wall and respawn). So it imports nothing but python-apt and the standard library, and
nothing imports it. ``APT_CONFIG`` chooses another apt root than the host's.

stdin: ``{"packages": [NAME…], "site": [DIR…], "insecure": [[URI, SUITE]…], "foreign": [[URI, SUITE]…]}``: packages
wanted besides every ``python3-*``; the site directories whose metadata shall be traced to installed packages (empty for
a private root); the sources for which apt does not insist on a signature, and those that another key signs than the
distribution's (rule T1).
stdout: one object, see ``main``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import apt_pkg

INTERPRETERS = ("python3", "python3-minimal")
DISTRIBUTIONS = frozenset({"debian", "ubuntu"})


def is_from(description: str, sources: list[list[str]]) -> bool:
    """Tell whether an index comes from one of these sources.

    ``description`` is apt's own: ``URI SUITE/COMPONENT ARCHITECTURE Packages (FILE)``.
    """
    return any(
        description.startswith(
            (f"{uri.rstrip('/')} {suite.rstrip('/')}{end}", f"{uri.rstrip('/')}/ {suite.rstrip('/')}{end}")
        )
        for uri, suite in sources
        for end in ("/", " ")
    )


def repository(file: Any, *, is_foreign: bool = False) -> str:
    """Name who stands behind a package file: ``Debian trixie-security/main``.

    Anybody can write ``Origin: Debian`` into a Release file: what a foreign key signs is named after its place.
    """
    origin = file.origin or file.label or ""
    if not origin or (is_foreign and origin.lower() in DISTRIBUTIONS):
        origin = file.site or "local files"
    return f"{origin} {file.codename or file.archive}/{file.component}"


def archives(version: Any) -> list[Any]:
    """Give the repositories that offer a version: not dpkg's own status file, which apt calls ``now``."""
    return [file for file, _ in version.file_list if file.index_type != "Debian dpkg status file"]


def usable_candidate(package: Any, depcache: Any) -> Any:
    """Give apt's candidate if a repository offers it, else the newest version that one does.

    A .deb installed by hand shows up as a candidate that only ``now`` has; nobody signed it.
    """
    candidate = depcache.get_candidate_ver(package)
    if candidate is None or archives(candidate):
        return candidate
    return next((version for version in package.version_list if archives(version)), None)


def groups(version: Any) -> list[str]:
    """Give one OS package for each dependency of a version: the alternative that apt would take.

    A group that the interpreter itself satisfies (``python3-foo | python3 (>> 3.11)``) adds nothing.
    """
    chosen: list[str] = []
    for kind in ("PreDepends", "Depends"):
        for group in version.depends_list.get(kind, ()):
            alternatives = []
            for dependency in group:
                name = dependency.target_pkg.name
                targets = {target.parent_pkg.name for target in dependency.all_targets()}
                if targets:
                    alternatives.append(name if name in targets else min(targets))
            if alternatives and not any(name in INTERPRETERS for name in alternatives):
                chosen.append(alternatives[0])
    return sorted(set(chosen))


def owners(directories: list[str]) -> dict[str, str]:
    """Map each metadata folder or file in the site directories to the OS package that owns it.

    Asks dpkg once for all of them; what a local ``pip`` put there has no owner and is left out.
    """
    paths = [
        str(path)
        for directory in map(Path, directories)
        if directory.is_dir()
        for path in sorted(directory.iterdir())
        if path.suffix in {".dist-info", ".egg-info"}
    ]
    if not paths:
        return {}
    answer = subprocess.run(
        ["dpkg-query", "--search", *paths],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    found: dict[str, str] = {}
    for line in answer.stdout.splitlines():
        who, separator, path = line.partition(": ")
        if separator and "," not in who:
            found[path] = who.partition(":")[0]
    return found


def main() -> None:
    """Print ``{architecture, python, libc, date, packages: {NAME: {...}}, owners: {PATH: NAME}}``."""
    request = json.load(sys.stdin)
    apt_pkg.init_config()
    apt_pkg.init_system()
    cache: Any = apt_pkg.Cache(None)
    depcache = apt_pkg.DepCache(cache)
    sources = apt_pkg.SourceList()
    sources.read_main_list()
    owned = owners(request["site"])
    native = apt_pkg.config.find("APT::Architecture")
    trusted: dict[int, bool] = {}
    named: dict[int, str] = {}

    def is_trusted(file: Any) -> bool:
        if file.id not in trusted:
            index = sources.find_index(file)
            # apt calls an index trusted, too, whose source says trusted=yes.
            trusted[file.id] = bool(index and index.is_trusted and not is_from(index.describe, request["insecure"]))
        return trusted[file.id]

    def name_of(file: Any) -> str:
        if file.id not in named:
            index = sources.find_index(file)
            is_foreign = bool(index and is_from(index.describe, request["foreign"]))
            named[file.id] = repository(file, is_foreign=is_foreign)
        return named[file.id]

    wanted = {*request["packages"], *owned.values()}
    wanted.update(p.name for p in cache.packages if p.name.startswith("python3-") and p.has_versions)
    packages: dict[str, Any] = {}
    queue = sorted(wanted)
    while queue:
        name = queue.pop()
        if name in packages or (name, native) not in cache:
            continue
        package = cache[name, native]
        version = usable_candidate(package, depcache)
        if version is None:
            continue
        needs = groups(version)
        # Without metadata and without anything of Python below it, a package leads to no project.
        if name not in wanted and not any(need.startswith("python3-") or need in wanted for need in needs):
            continue
        files = archives(version)
        best = next((file for file in files if is_trusted(file)), files[0])
        installed = package.current_ver
        packages[name] = {
            "version": version.ver_str,
            "architecture": version.arch,
            "repository": name_of(best),
            "trusted": is_trusted(best),
            "installed": installed.ver_str if installed is not None else None,
            "depends": needs,
            "others": [
                [other.ver_str, name_of(archives(other)[0])]
                for other in package.version_list
                if other.ver_str != version.ver_str and archives(other)
            ],
            "suites": {
                file.codename or file.archive: other.ver_str
                for other in reversed(package.version_list)
                for file in archives(other)
            },
        }
        queue.extend(need for need in needs if need not in packages)

    def candidate(name: str) -> str | None:
        version = usable_candidate(cache[name, native], depcache) if (name, native) in cache else None
        return version.ver_str if version is not None else None

    repositories = sum(file.index_type == "Debian Package Index" for file in cache.file_list)
    json.dump(
        {
            "architecture": native,
            "python": candidate("python3"),
            "libc": candidate("libc6"),
            "repositories": repositories,
            "packages": packages,
            "owners": owned,
        },
        sys.stdout,
        sort_keys=True,
    )


if __name__ == "__main__":
    main()
