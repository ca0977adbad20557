"""Real little wheels (the binary distribution format), good ones, and ones that are wrong in one chosen way."""

from __future__ import annotations

import base64
import hashlib
import io
import warnings
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

TAG = "py3-none-any"


def filename_of(name: str, version: str = "1.0") -> str:
    return f"{name.replace('-', '_')}-{version}-{TAG}.whl"


def info_of(name: str, version: str = "1.0") -> str:
    return f"{name.replace('-', '_')}-{version}.dist-info"


def metadata_of(name: str, version: str = "1.0", *, requires: Iterable[str] = ()) -> str:
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    return "".join([*lines, *(f"Requires-Dist: {one}\n" for one in requires)])


def record_line(path: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    shown = f'"{path}"' if "," in path else path
    return f"{shown},sha256={digest},{len(data)}\n"


def build(
    files: Mapping[str, str | bytes] | None = None,
    *,
    name: str = "demo",
    version: str = "1.0",
    info: Mapping[str, str | bytes | None] | None = None,
    record: Callable[[str], str] = str,
    more: Iterable[tuple[str | zipfile.ZipInfo, str | bytes]] = (),
    mode: int = 0o100644,
    method: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Build a wheel of ``files``.

    ``info`` adds files to dist-info, replaces them, or with None leaves them out. ``record`` changes the text of
    RECORD. ``more`` are entries that RECORD does not list, of any name. ``mode`` is that of every file.
    """
    folder = info_of(name, version)
    own: dict[str, str | bytes | None] = {
        "METADATA": metadata_of(name, version),
        "WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {TAG}\n",
        **(info or {}),
    }
    whole = {path: _bytes(content) for path, content in (files or {}).items()}
    whole |= {f"{folder}/{path}": _bytes(content) for path, content in own.items() if content is not None}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        for path, data in whole.items():
            archive.writestr(_entry(path, mode), data, method)
        for entry, content in more:
            archive.writestr(entry if isinstance(entry, zipfile.ZipInfo) else _entry(entry, mode), content, method)
        if "RECORD" not in own:
            text = record("".join(record_line(path, data) for path, data in whole.items()) + f"{folder}/RECORD,,\n")
            archive.writestr(_entry(f"{folder}/RECORD", mode), text, method)
    return buffer.getvalue()


def _entry(path: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path)
    entry.external_attr = mode << 16
    return entry


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
