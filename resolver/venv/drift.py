"""What ``verify`` looks at beyond the check that an installation ends with: OS packages' files, dates, PYTHONPATH.

Reading every file takes seconds, and an installation cannot mend these.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from resolver.model import Drift, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from resolver.ports import PackageFiles
    from resolver.venv.record import Contract


def look_further(
    findings: Iterable[Finding], contract: Contract, files: PackageFiles, python_path: str
) -> tuple[Finding, ...]:
    """Add what else drifted, and since when OS packages are other ones; ``python_path`` is the caller's own."""
    found = tuple(findings)
    others = {finding.project for finding in found if finding.kind in {Drift.OS_PACKAGE, Drift.OS_MISSING}}
    when = files.changed_at(others) if others else {}
    dated = (
        replace(finding, since=when.get(finding.project)) if finding.project in others else finding
        for finding in found
    )
    # Another version has other files, as it should.
    asked = [name for name, _ in contract.os_packages if name not in others]
    return (*dated, *_os_files(asked, files), *_hidden(contract, python_path))


def _os_files(names: Iterable[str], files: PackageFiles) -> Iterator[Finding]:
    for file in files.altered(names):
        yield Finding(
            project=file.package or file.path,
            kind=Drift.OS_FILE,
            found=f"{file.path}: {'gone' if file.missing else 'changed'}",
            expected="the file that the OS package came with",
            remedy=f"as root: {files.repair(file.package).shell_line()}" if file.package else "find out whose it is",
            since=None if file.missing else _written(file.path),
        )


def _written(path: str) -> str | None:
    try:
        return f"{datetime.fromtimestamp(Path(path).stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"
    except OSError:
        return None


def _hidden(contract: Contract, python_path: str) -> Iterator[Finding]:
    """Tell what PYTHONPATH puts before the environment's own projects, as far as a name shows it."""
    names = {expected.name for expected in contract.projects}
    for folder in filter(None, python_path.split(os.pathsep)):
        for path in sorted(Path(folder).iterdir()) if Path(folder).is_dir() else ():
            stem = path.name.partition("-")[0] if path.suffix in {".dist-info", ".egg-info"} else path.name
            name = re.sub(r"[-_.]+", "-", stem.removesuffix(".py")).lower()
            if name in names:
                yield Finding(
                    project=name,
                    kind=Drift.PLACE,
                    found=f"{path}, which PYTHONPATH puts first",
                    expected="only the venv and the distribution's own folders",
                    remedy="unset PYTHONPATH",
                )
