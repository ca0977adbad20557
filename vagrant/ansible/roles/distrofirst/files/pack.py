# Copyright: The distrofirst project
# MIT License (see LICENSE in the project that this collection is part of)
# SPDX-License-Identifier: MIT

"""Packs what runs of a checkout: ``pack.py CHECKOUT FILE`` writes a tar file, and prints its name on the host.

The same files give the same bytes. All lies in a folder that is named by a hash of the content, so that two versions
never mix, and what is there need not be looked at again. pyproject.toml comes last: where it is, all is.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
from pathlib import Path, PurePosixPath

PARTS = ("resolver", "mappings", "vagrant/provision.sh", "pyproject.toml")


def files_of(checkout: Path) -> list[Path]:
    """Give the files, in their order."""
    found: list[Path] = []
    for part in PARTS:
        path = checkout / part
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [one for one in inside if one.is_file() and "__pycache__" not in one.parts]
    return found


def main(checkout: Path, archive: Path) -> str:
    """Write the archive; give the folder that it unpacks."""
    files = [(str(path.relative_to(checkout)), path) for path in files_of(checkout)]
    state = hashlib.sha256()
    for name, path in files:
        state.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    folder = f"distrofirst/{state.hexdigest()[:16]}"
    folders = {str(parent) for name in dict(files) for parent in PurePosixPath(folder, name).parents} - {"."}
    with tarfile.open(archive, "w") as opened:
        for name in sorted(folders):
            # With a mode, so that root's umask does not keep other users out.
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            entry.mode = 0o755
            opened.addfile(entry)
        for name, path in files:
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size = path.stat().st_size
            entry.mode = 0o644
            with path.open("rb") as content:
                opened.addfile(entry, content)
    return folder


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1]), Path(sys.argv[2])))
