"""Read Python metadata out of an .rpm without installing it: run by the interpreter that has rpm's bindings.

A program of its own, like ``apt_dump.py``: ``/usr/bin/python3 -I rpm_read.py FILE PROJECT``. It imports nothing but
rpm and the standard library, nothing imports it, and no scriptlet of the package runs.

stdout: one JSON object, ``METADATA``, ``PKG-INFO`` and ``requires.txt`` of the project as far as the package has them.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import rpm

_METADATA = re.compile(
    r"\.?/usr/lib(?:64)?/python3\.\d+/site-packages/([^/]+)\.(?:dist-info|egg-info)(?:/(METADATA|PKG-INFO|requires\.txt))?"
)


def is_of(name: str, project: str) -> bool:
    """Tell whether ``Flask-3.1.1`` is a project's (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.partition("-")[0]).lower() == project


def main(path: str, project: str) -> None:
    """Print the files."""
    transaction: Any = rpm.TransactionSet()
    # Whoever downloaded it has verified it; here the key need not be known.
    transaction.setVSFlags(rpm._RPMVSF_NOSIGNATURES | rpm._RPMVSF_NODIGESTS)  # noqa: SLF001 - so the bindings name them
    found: dict[str, str] = {}
    with open(path, "rb") as file:  # noqa: PTH123 - the bindings want the descriptor
        header = transaction.hdrFromFdno(file.fileno())
        compressor = {"gzip": "gzdio", "bzip2": "bzdio", "xz": "xzdio", "lzma": "lzdio", "zstd": "zstdio"}
        payload = rpm.fd(file, "r", compressor.get(header[rpm.RPMTAG_PAYLOADCOMPRESSOR], "ufdio"))
        archive = rpm.files(header).archive(payload)
        for entry in archive:
            match = _METADATA.fullmatch(entry.name)
            if match and is_of(match[1], project) and archive.hascontent():
                found[match[2] or "PKG-INFO"] = archive.read().decode("utf-8", "replace")
    json.dump(found, sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
