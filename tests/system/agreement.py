"""What a report promised, held against what is there: every module imports, and no version is another one."""

from __future__ import annotations

import json
import re
from typing import Any

from packaging.version import InvalidVersion, Version

from resolver.catalog.indexed import COLLECTION
from tests.system.command_line import WORK, CommandLine, projects
from tests.system.hosts import IN_HOST, Host

IMPORT_EVERYTHING = f"{IN_HOST}/tests/system/import_everything.py"
METADATA = re.compile(r"/usr/lib(?:64)?/python3[^/]*/(?:dist|site)-packages/[^/]+\.(?:dist|egg)-info")
"""A project's metadata as an OS package has it."""


def same_version(one: str, other: str) -> bool:
    """Compare as PEP 440 does, where both are such versions."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def imports(cli: CommandLine, target: dict[str, Any]) -> dict[str, Any]:
    """Import every top-level module of every project in the environment."""
    cli.write("report.json", json.dumps({"targets": [target]}))
    return dict(json.loads(cli.run("venv/bin/python", "-I", IMPORT_EVERYTHING, "report.json")))


def agrees(target: dict[str, Any], versions: dict[str, Any], before: dict[str, str], host: Host) -> None:
    """Hold a report against what dpkg or rpm and the environment's own importlib.metadata say is installed."""
    packages = host.packages()
    served = projects(target, "distro")
    assert {name: packages.get(one["os_package"]) for name, one in served.items()} == {
        name: one["os_version"] for name, one in served.items()
    }
    for name, one in projects(target, "distro", "pypi").items():
        if versions[name] is None:
            assert one["evidence"] == "override", f"{name} has no metadata"
            continue
        version, folder = versions[name]
        expected = one["metadata_version"] if one["outcome"] == "distro" else one["version"]
        assert same_version(version, expected), name
        assert ("/venv/lib/" in folder) is (one["outcome"] == "pypi"), f"{name} is in {folder}"
    known = {one["os_package"] for one in served.values()}
    strangers = {name for name in packages.keys() - before.keys() if name.startswith("python")} - known
    # Python's own, and what an OS package needs that carries no project: nothing of it has metadata. Or a collection
    # (rule I5, python3-typeshed): which of its projects is needed nobody can tell, and none is listed.
    for stranger in sorted(strangers):
        untold = [path for path in host.files_of(stranger) if METADATA.fullmatch(path)]
        assert not untold or len(untold) > COLLECTION, stranger


def contents(host: Host, venv: str = f"{WORK}/venv") -> tuple[dict[str, str], str]:
    """Give a host's OS packages, and every file and link of its environment: two that are alike have the same."""
    every = host.run(["sh", "-euc", f"cd {venv} && find . -type f ! -name '*.pyc' -exec sha256sum {{}} + | sort"])
    links = host.run(["find", venv, "-type", "l", "-printf", "%p %l\\n"]).stdout
    return host.packages(), every.stdout + "\n".join(sorted(links.splitlines()))
