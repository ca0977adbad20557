"""The part of the work that needs the venv's own interpreter: standard library only, and run by path.

Its commands::

    VENV/bin/python -I …/resolver/venv/inside.py prepare DIRECTORY…     bring in the distribution's folders
    VENV/bin/python -I …/resolver/venv/inside.py finish REGISTER < RECORD
                                                                        write console scripts, note the environment in
                                                                        the register, then write the record
    VENV/bin/python -I …/resolver/venv/inside.py inspect                print as JSON what is there

A script rather than calls, so that ``--dry-run`` can print it as a line that does the same when pasted.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import sysconfig
from datetime import datetime, timezone
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

PTH_NAME = "zz_distrofirst.pth"
"""site processes ``.pth`` files by name; ours comes last, so that the venv's own namespaces come before the others."""

SITE_MODULE = "_distrofirst_site"
RECORD_NAME = "distrofirst.json"

_RESERVED = re.compile(r"(python|pip|activate|deactivate)[0-9.]*(\..*)?", re.IGNORECASE)
"""Scripts that make a venv what it is, or that would take pip's place in it (rule P4)."""

_ENTRY_POINT = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<function>[\w.]+)\s*(\[.*\])?")
"""``package.module:object.attribute [extra]`` (the entry points specification)."""

_SHEBANG_LIMIT = 127
"""Bytes that every kernel reads of a first line (execve(2))."""


def prepare(directories: list[str]) -> None:
    """Put our module and the ``.pth`` file that calls it into the venv's site-packages."""
    purelib = Path(sysconfig.get_path("purelib"))
    # Contents only: distrofirst itself may be installed read-only, or for one user.
    shutil.copyfile(Path(__file__).with_name(f"{SITE_MODULE}.py"), purelib / f"{SITE_MODULE}.py")
    line = f"import {SITE_MODULE}; {SITE_MODULE}.add({tuple(directories)!r})\n"
    (purelib / PTH_NAME).write_text(line, encoding="utf-8")


def finish(record: str, register: Path) -> None:
    """Write the console scripts of the OS packages that the record names, the register's entry, last the record."""
    for path, (_, text) in _scripts(json.loads(record)).items():
        if not os.path.lexists(path):
            path.write_text(text, encoding="utf-8")
            path.chmod(path.stat().st_mode | 0o111)
    _note(register, record)
    # The record says "complete", so it appears whole and after everything else.
    path = Path(sys.prefix, RECORD_NAME)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(record + "\n", encoding="utf-8")
    unfinished.replace(path)


def entry_of(register: Path, venv: Path) -> Path:
    """Name the file that notes an environment (``resolver.venv.register``)."""
    return register / hashlib.sha256(os.fsencode(venv)).hexdigest()[:32]


def copy_of(register: Path, venv: Path) -> Path:
    """Name the file that keeps a copy of an environment's record: people remove a venv by hand."""
    return entry_of(register, venv).with_suffix(".json")


def _note(register: Path, record: str) -> None:
    """Note the environment where an undo of another one looks for who else needs an OS package; for all to read.

    The copy of the record is the user's own business.
    """
    files = (
        (entry_of(register, Path(sys.prefix)), os.fsencode(sys.prefix), 0o644),
        (copy_of(register, Path(sys.prefix)), record.encode() + b"\n", 0o600),
    )
    try:
        register.parent.parent.mkdir(parents=True, exist_ok=True)
        for folder in (register.parent, register):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)  # whatever the umask is: a mode that mkdir is given has to pass it
        for path, content, mode in files:
            unfinished = path.with_suffix(".new")
            unfinished.write_bytes(content)
            unfinished.chmod(mode)
            unfinished.replace(path)
    except OSError as error:
        sys.stderr.write(
            f"this environment could not be noted in {register} ({error.strerror}): undoing another one may remove"
            " OS packages that it needs\n"
        )


def _scripts(record: dict[str, Any]) -> dict[Path, tuple[str, str]]:
    """Give project and text of the script for each entry point of the OS packages' projects that a record names: those
    that a terminal or desktop would start. Where the remainder has one of that name, it comes first.
    """
    wanted = {project["name"] for project in record["contract"]["projects"] if project["outcome"] == "distro"}
    folder = Path(sysconfig.get_path("scripts"))
    # As it was called when they were written; a link may lead here as well.
    interpreter = os.path.join(record["venv"], "bin", "python") if record.get("venv") else sys.executable  # noqa: PTH118 - a string
    found: dict[Path, tuple[str, str]] = {}
    for name, distribution in sorted(_first_found().items()):
        for entry in distribution.entry_points if name in wanted else ():
            target = _ENTRY_POINT.fullmatch(entry.value)
            if entry.group not in {"console_scripts", "gui_scripts"} or target is None:
                continue
            path = folder / entry.name
            if not _RESERVED.fullmatch(entry.name) and path.parent == folder and path.name == entry.name:
                found.setdefault(path, (name, script_text(interpreter, target["module"], target["function"])))
    return found


def script_text(interpreter: str, module: str, function: str) -> str:
    """Give a console script that does what pip's would (PyPA's entry points specification)."""
    shebang = f"#!{interpreter}"
    if len(shebang.encode()) > _SHEBANG_LIMIT or re.search(r"\s", interpreter):
        # Both a shell script that starts Python on itself, and Python, which reads the second line as a string.
        shebang = f"#!/bin/sh\n'''exec' {shlex.quote(interpreter)} \"$0\" \"$@\"\n' '''"
    imported = function.partition(".")[0]
    return (
        f"{shebang}\n"
        "# Written by distrofirst for a project that comes from an OS package.\n"
        "import sys\n"
        f"from {module} import {imported}\n"
        'if __name__ == "__main__":\n'
        f"    sys.exit({function}())\n"
    )


def inspect() -> dict[str, object]:
    """Tell what the interpreter sees: its path, each project in the order of that path, and what was changed by hand."""
    own = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    installed = [item for item in _all_found() if os.path.dirname(item[1]) in own]  # noqa: PTH120 - strings
    record = _own_record()
    made_in = _made_in(record)
    return {
        "made_in": made_in,
        "scripts": _altered_scripts(record, [one for _, _, one in installed]) if record and not made_in else [],
        "altered": [found for name, _, distribution in installed for found in _altered(name, distribution)],
        "unowned": _unowned(own, [distribution for _, _, distribution in installed]),
        "python": "{}.{}".format(*sys.version_info),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "site_packages": own,
        "path": [entry for entry in sys.path if entry],
        "user_site": bool(__import__("site").ENABLE_USER_SITE),
        "projects": [
            {
                "name": name,
                "version": _field(distribution, "Version"),
                "directory": os.path.dirname(location),  # noqa: PTH120 - a string goes out
                "metadata": os.path.basename(location),  # noqa: PTH119 - as above
                "sha256": _sha256_of(distribution),
            }
            for name, location, distribution in _all_found()
        ],
    }


def _all_found() -> list[tuple[str, str, Distribution]]:
    """Give the normalized name, the metadata's path and the metadata of each project, in the order of ``sys.path``.

    By hand, for ``importlib.metadata`` does not tell where it found a project.
    """
    found: list[tuple[str, str, Distribution]] = []
    for folder in dict.fromkeys(Path(entry) for entry in sys.path if entry):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in {".dist-info", ".egg-info"}:
                distribution = Distribution.at(path)
                name = _field(distribution, "Name") or path.name.partition("-")[0]
                found.append((re.sub(r"[-_.]+", "-", name).lower(), str(path), distribution))
    return found


def _altered(project: str, distribution: Distribution) -> list[dict[str, str]]:
    """Give the files of a project that are gone, or not what its RECORD says (the wheel format).

    What Python compiles itself has no hash there.
    """
    found = []
    for name, said in _recorded(distribution):
        path = os.path.normpath(str(distribution.locate_file(name)))
        if not said.startswith("sha256="):
            continue
        try:
            with open(path, "rb") as opened:  # noqa: PTH123 - a string
                digest = hashlib.sha256(opened.read()).digest()
            since = _written(path)
        except OSError as error:
            found.append({"project": project, "path": path, "found": error.strerror or "unreadable", "since": ""})
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != said.partition("=")[2]:
            found.append({"project": project, "path": path, "found": "changed", "since": since})
    return found


def _own_record() -> dict[str, Any]:
    """Give this environment's record; an empty one where there is none, which is somebody else's to tell."""
    try:
        record: dict[str, Any] = json.loads(Path(sys.prefix, RECORD_NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return record


def _made_in(record: dict[str, Any]) -> str | None:
    """Give the place that the environment was made in, if it is not there any more; another name for it will do."""
    place = record.get("venv") or sys.prefix
    try:
        return None if os.path.samefile(place, sys.prefix) else place  # noqa: PTH121 - strings
    except OSError:
        return str(place)


def _altered_scripts(record: dict[str, Any], distributions: list[Distribution]) -> list[dict[str, str]]:
    """Give the scripts of OS packages' projects that are gone, or not what was written; what a wheel has is its own."""
    owned = {
        os.path.normpath(str(distribution.locate_file(name)))
        for distribution in distributions
        for name, _ in _recorded(distribution)
    }
    found = []
    for path, (project, text) in _scripts(record).items():
        if str(path) in owned:
            continue
        try:
            same, since = path.read_bytes() == text.encode(), _written(str(path))
        except OSError as error:
            found.append({"project": project, "path": str(path), "found": error.strerror or "unreadable", "since": ""})
            continue
        if not same:
            found.append({"project": project, "path": str(path), "found": "changed", "since": since})
    return found


def _written(path: str) -> str:
    since = datetime.fromtimestamp(os.path.getmtime(path), timezone.utc)  # noqa: PTH204, UP017 - Python 3.9
    return f"{since:%Y-%m-%d %H:%M} UTC"


def _recorded(distribution: Distribution) -> list[tuple[str, str]]:
    """Give the paths and hashes of RECORD; ``Distribution.files`` leaves out what is gone, from Python 3.12 on."""
    rows = csv.reader((distribution.read_text("RECORD") or "").splitlines())
    return [(row[0], row[1]) for row in rows if len(row) > 1]


def _unowned(own: list[str], distributions: list[Distribution]) -> list[str]:
    """Give what lies in site-packages itself and is no project's: a module put there hides one of an OS package."""
    owned = {f"{SITE_MODULE}.py", PTH_NAME, "__pycache__"}
    for distribution in distributions:
        owned |= {name.partition("/")[0] for name, _ in _recorded(distribution)}
        owned |= set((distribution.read_text("top_level.txt") or "").split())
    paths = [path for folder in own if os.path.isdir(folder) for path in sorted(Path(folder).iterdir())]  # noqa: PTH112
    return [str(path) for path in paths if path.name not in owned and path.suffix not in {".dist-info", ".egg-info"}]


def _field(distribution: Distribution, name: str) -> str | None:
    """Give a field of the metadata; asking for one that is missing will be an error in a later Python."""
    metadata = distribution.metadata
    return metadata[name] if name in metadata else None  # noqa: SIM401 - PackageMetadata has no get in Python 3.11


def _first_found() -> dict[str, Distribution]:
    first: dict[str, Distribution] = {}
    for name, _, distribution in _all_found():
        first.setdefault(name, distribution)
    return first


def _sha256_of(distribution: Distribution) -> str | None:
    """Give the hash of the wheel that this was installed from, as pip wrote it down (PEP 610)."""
    try:
        archive = json.loads(distribution.read_text("direct_url.json") or "{}").get("archive_info", {})
        hashes = archive.get("hashes") or dict([archive.get("hash", "=").split("=", 1)])
        return str(hashes["sha256"])
    except (ValueError, KeyError, AttributeError):
        return None


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    match arguments:
        case ["prepare", *directories]:
            prepare(directories)
        case ["finish", register]:
            finish(sys.stdin.read(), Path(register))
        case ["inspect"]:
            json.dump(inspect(), sys.stdout)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:
        # A full disk, say: its own words are enough.
        sys.exit(str(error))
