"""Source distributions, good and hostile: each carries a backend of its own, so that building one needs no network."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.model import Sdist
from tests.loopback import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.loopback import Loopback

_BACKEND = """
import base64, hashlib, os, zipfile

def get_requires_for_build_wheel(config_settings=None):
{requires}
    return []

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name, version = {name!r}, {version!r}
{code}
    info = f"{{name}}-{{version}}.dist-info"
    filename = f"{{name}}-{{version}}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as archive:
        def write(path, text):
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record.append(f"{{path}},sha256={{digest}},{{len(text.encode())}}\\n")
        write({module!r} + ".py", "answer = 42\\n")
        write(f"{{info}}/METADATA", f"Metadata-Version: 2.1\\nName: {{name}}\\nVersion: {{version}}\\n" + {metadata!r})
        write(f"{{info}}/WHEEL", "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        write(f"{{info}}/RECORD", "".join(record) + f"{{info}}/RECORD,,\\n")
    return filename
"""


def sdist_bytes(
    name: str = "zz_built",
    version: str = "1.0",
    *,
    code: str = "",
    requires_code: str = "",
    requires: Iterable[str] = (),
    metadata: str = "",
    module: str = "",
    change: Callable[[tarfile.TarFile], None] = lambda _: None,
) -> bytes:
    """Build an sdist whose own backend runs ``code`` while it builds; ``change`` adds what it likes to the archive."""
    files = project_files(
        name, version, code=code, requires_code=requires_code, requires=requires, metadata=metadata, module=module
    )
    return tar_of(files, f"{name}-{version}", change)


def project_files(
    name: str = "zz_built",
    version: str = "1.0",
    *,
    code: str = "",
    requires_code: str = "",
    requires: Iterable[str] = (),
    metadata: str = "",
    module: str = "",
) -> dict[str, str]:
    """Give the files of such a source."""
    backend = _BACKEND.format(
        name=name,
        version=version,
        metadata=metadata,
        module=module or name,
        code=indent(dedent(code).strip(), "    ") or "    pass",
        requires=indent(dedent(requires_code).strip(), "    ") or "    pass",
    )
    project = f'[build-system]\nrequires = {list(requires)}\nbuild-backend = "own"\nbackend-path = ["."]\n'
    return {"pyproject.toml": project, "own.py": backend}


def tar_of(files: dict[str, str], top: str, change: Callable[[tarfile.TarFile], None] = lambda _: None) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, text in files.items():
            add(tar, f"{top}/{path}", text.encode())
        change(tar)
    return gzip.compress(stream.getvalue(), mtime=0)


def add(tar: tarfile.TarFile, name: str, data: bytes = b"", **about: Any) -> None:  # noqa: ANN401 - TarInfo's own
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in about.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))


def serve_sdist(server: Loopback, data: bytes, name: str = "zz_built", version: str = "1.0") -> Sdist:
    filename = f"{name}-{version}.tar.gz"
    return Sdist(
        project=canonicalize_name(name),
        version=Version(version),
        filename=filename,
        url=server.add(f"/files/{filename}", Reply(body=data)),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        requires_python=None,
        upload_time="2026-01-01T00:00:00Z",
    )


def entry(sdist: Sdist) -> dict[str, Any]:
    """Give the file as a page of the Simple API lists it."""
    return {
        "filename": sdist.filename,
        "url": sdist.url,
        "hashes": {"sha256": sdist.sha256},
        "size": sdist.size,
        "upload-time": sdist.upload_time,
    }


def no_sandbox() -> str | None:
    """Say why no sandbox can be made on this machine; None where one can."""
    try:
        argv = ["bwrap", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
    except OSError:
        return "bubblewrap is not installed"
    return f"bubblewrap does not work here: {done.stderr.strip()}" if done.returncode else None
