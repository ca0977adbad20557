"""A Simple API over real little wheels, in each of the shapes that indexes have."""

from __future__ import annotations

import hashlib
import html
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any, Literal

from tests.loopback import Loopback, Reply
from tests.wheels import TAG, info_of, record_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Shape = Literal["metadata", "metadata missing", "ranges", "no ranges", "html"]
SHAPES: tuple[Shape, ...] = ("metadata", "metadata missing", "ranges", "no ranges", "html")

JSON_TYPE = "application/vnd.pypi.simple.v1+json"


def metadata_text(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Iterable[str] = (),
    requires_python: str | None = None,
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Python: {requires_python}"] if requires_python else []
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join([*lines, "", "The description.", "Requires-Dist: not-a-field", ""]).encode()


def wheel_bytes(
    name: str, version: str, metadata: bytes, *, files: int = 3, extra: Mapping[str, bytes] | None = None
) -> bytes:
    """Build a wheel, with ``extra`` files; the same ones give the same bytes, whatever the hour.

    More than a few hundred ``files`` push METADATA out of the reach of the first range request."""
    info = info_of(name, version)
    own = {
        f"{name.replace('-', '_')}/__init__.py": f"__version__ = {version!r}\n".encode(),
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {TAG}\n".encode(),
        **(extra or {}),
    }
    padding = {f"{name}/data-{number:060}": b"\0" * 100 for number in range(files)}
    record = "".join(record_line(path, data) for path, data in (own | padding).items())
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in own.items():
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
        for path, data in padding.items():
            # Stored, so that the end of the wheel is long.
            archive.writestr(zipfile.ZipInfo(path), data)
        archive.writestr(zipfile.ZipInfo(f"{info}/RECORD"), f"{record}{info}/RECORD,,\n", zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def serve(server: Loopback, universe: Mapping[str, Mapping[str, Mapping[str, Any]]], shape: Shape) -> str:
    """Serve a universe as ``tests.fakes.FakeIndex`` takes it, and ``provenance`` objects; give the index's URL.

    A project's ``""`` among its versions is no version, but its page's status (PEP 792).
    """
    for name, versions in universe.items():
        entries = [
            _serve_version(server, name, version, about, shape) for version, about in versions.items() if version
        ]
        more = {"project-status": versions[""]} if "" in versions else {}
        server.routes[f"/simple/{name}/"] = [page(name, entries, as_html=shape == "html", **more)]
    return f"{server.url}/simple/"


def page(name: str, entries: list[dict[str, Any]], *, as_html: bool = False, **more: object) -> Reply:
    if as_html:
        anchors = "\n".join(_anchor(entry) for entry in entries)
        body = f"<!DOCTYPE html><html><body><h1>{name}</h1>\n{anchors}\n</body></html>"
        return Reply(body=body.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
    document = {"meta": {"api-version": "1.1"}, "name": name, "files": entries, **more}
    return Reply(body=json.dumps(document).encode(), headers={"Content-Type": JSON_TYPE})


def _serve_version(server: Loopback, name: str, version: str, about: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    if about.get("sdist_only"):
        return {"filename": f"{name}-{version}.tar.gz", "url": f"/files/{name}-{version}.tar.gz", "hashes": {}}
    metadata = metadata_text(
        name,
        version,
        requires=about.get("requires", ()),
        extras=about.get("provides_extra", ()),
        requires_python=about.get("requires_python"),
    )
    wheel = wheel_bytes(name, version, metadata, extra=about.get("extra"))
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    server.add(f"/files/{filename}", Reply(body=wheel, ranges=shape != "no ranges"))
    if shape == "metadata":
        server.add(f"/files/{filename}.metadata", Reply(body=metadata))
    provenance = about.get("provenance")
    if provenance is not None:
        server.add(f"/integrity/{filename}", Reply(body=json.dumps(provenance).encode()))
    return {
        "filename": filename,
        "url": f"../../files/{filename}",
        "provenance": f"{server.url}/integrity/{filename}" if provenance is not None else None,
        "hashes": {"sha256": hashlib.sha256(wheel).hexdigest()},
        "size": len(wheel),
        "upload-time": about.get("uploaded", "2026-01-01T00:00:00Z") or None,
        "requires-python": about.get("requires_python"),
        "yanked": about.get("yanked", False),
        "core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()} if shape.startswith("metadata") else False,
    }


def _anchor(entry: Mapping[str, Any]) -> str:
    attributes = {"href": entry["url"] + (f"#sha256={entry['hashes']['sha256']}" if entry["hashes"] else "")}
    if entry.get("requires-python"):
        attributes["data-requires-python"] = entry["requires-python"]
    if entry.get("provenance"):
        attributes["data-provenance"] = entry["provenance"]
    if entry.get("yanked"):
        attributes["data-yanked"] = entry["yanked"]
    words = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<a {words}>{entry['filename']}</a><br>"
