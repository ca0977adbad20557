"""Asks the modules that drive dnf5, dnf4 and zypper: the acting and the reading side alone, on a real RPM host.

Run inside a test host by its own interpreter, which needs the OS package of ``sh`` besides. Standard input is one
request, ``{"do": …, "python": "3.14", "packages": [[NAME, EVR, ARCHITECTURE]…]}``; standard output is one object, the
answer or ``{"error", "code", "message", "hint"}``.
"""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from resolver.errors import DistrofirstError
from resolver.hosts.dnf import Dnf4, Dnf5
from resolver.hosts.dnf_metadata import Dnf4Metadata, Dnf5Metadata
from resolver.hosts.rpm_database import rank_evrs
from resolver.hosts.rpm_tools import RpmTool, manager_of_host
from resolver.hosts.zypp_metadata import ZyppMetadata
from resolver.hosts.zypper import Zypper
from resolver.io.process import ProcessRunner
from resolver.model import Lock, MetadataSource, OsPackage, PinsPolicy, Release, Target

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIDES = {
    RpmTool.DNF5: (Dnf5, Dnf5Metadata),
    RpmTool.DNF4: (Dnf4, Dnf4Metadata),
    RpmTool.ZYPPER: (Zypper, ZyppMetadata),
}


def answer(request: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """Answer one request."""
    runner = ProcessRunner()
    facts = platform.freedesktop_os_release()
    tool = manager_of_host(runner, facts)
    if tool is None:
        return None
    release = Release(distribution=facts["ID"], version=facts["VERSION_ID"])
    target = Target(release=release, architecture=platform.machine(), python=request["python"])
    packages = tuple(
        OsPackage(name=name, version=evr, architecture=architecture, repository="")
        for name, evr, architecture in sorted(request.get("packages", ()))
    )
    acting, reading = _SIDES[tool]
    manager, metadata = acting(runner, target), reading(runner)
    answers = {
        "tool": lambda: str(tool),
        "installed": lambda: dict(manager.installed(package.name for package in packages)),
        "repositories": lambda: [
            asdict(item) | {"metadata": str(item.metadata or "")} for item in metadata.repositories()
        ],
        "offers": lambda: [asdict(item) for item in metadata.offers([request["python"]])],
        "refresh": metadata.refresh,
        "download": lambda: str(metadata.download(packages[0], Path(request["folder"]))),
        "rank": lambda: rank_evrs(runner, request["groups"]),
    }
    if do := answers.get(request["do"]):
        return do()
    lock = Lock(
        target=target,
        metadata=MetadataSource(source="rpm-md", date=""),
        pins=PinsPolicy.EXACT,
        os_packages=packages,
        wheels=(),
        projects=(),
    )
    transaction = manager.plan(lock)
    if request["do"] == "install":
        manager.perform(transaction)
    lines = [command.shell_line() for command in transaction.commands]
    return {"added": transaction.added, "changed": transaction.changed, "commands": lines}


if __name__ == "__main__":
    try:
        found = answer(json.load(sys.stdin))
        json.dump({"answer": found}, sys.stdout)
    except DistrofirstError as error:
        said = {"error": type(error).__name__, "message": error.message, "hint": error.hint, "code": error.exit_code}
        json.dump(said, sys.stdout)
