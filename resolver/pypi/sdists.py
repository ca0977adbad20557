"""An archive of a source: unpacked so that nothing gets outside, and what it says of its build (PEP 517, PEP 518).

Runs nothing of it. Stricter than tarfile's ``data`` filter, which not every Python 3.11 has: no member may lie below a
link, links stay inside, devices are refused, and there are limits. Times and modes are made alike for every host.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final, TypeGuard

from packaging.requirements import InvalidRequirement, Requirement

from resolver.errors import CommandError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH: Final = 1580601600
"""2020-02-02: SOURCE_DATE_EPOCH and the time of every file, so that a build gives the same bytes again."""

_CHUNK = 1 << 16
_LONGEST_PYPROJECT = 1 << 20
_SETUPTOOLS = ("setuptools>=40.8.0",)
"""What PEP 517 says of a project that names no backend."""
_LEGACY = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What an sdist may unpack to."""

    files: int = 100_000
    size: int = 1 << 30
    """Bytes of everything in it, headers included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSystem:
    """The ``[build-system]`` of a project."""

    requires: tuple[str, ...]
    """PEP 508, as written."""
    backend: str
    """``module`` or ``module:object``."""
    path: tuple[str, ...] = ()
    """``backend-path``: folders of the project that the backend is imported from."""


# Unpacking ------------------------------------------------------------------------------------------------------


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> Path:
    """Unpack an archive below ``folder``, which is empty; give the project's folder.

    Raises PolicyError, naming the member, for what no sdist needs; CommandError for what is no archive.
    """
    import tarfile  # noqa: PLC0415 -- builds are rare
    import zipfile  # noqa: PLC0415 -- the same
    import zlib  # noqa: PLC0415 -- the same
    from lzma import LZMAError  # noqa: PLC0415 -- the same

    unpacker = _Unpacker(folder, limits or Limits(), archive.name)
    broken = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, ValueError, NotImplementedError)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as opened:
                _from_zip(opened, unpacker)
        else:
            with _decompressed(archive) as stream:
                counted: Any = _counted(stream, unpacker)  # tarfile needs read() alone
                with tarfile.open(fileobj=counted, mode="r|") as tar:
                    _from_tar(tar, unpacker)
    # OSError: gzip's and bz2's word for a broken file, and the disk's.
    except (OSError, *broken) as error:
        raise CommandError(f"the source cannot be unpacked: {error}", context=archive.name) from error
    return unpacker.finish()


def _decompressed(archive: Path) -> IO[bytes]:
    import bz2  # noqa: PLC0415 -- builds are rare
    import gzip  # noqa: PLC0415 -- the same
    import lzma  # noqa: PLC0415 -- the same

    if archive.name.endswith(".tar"):
        return archive.open("rb")
    if archive.name.endswith(".bz2"):
        return bz2.open(archive)
    return lzma.open(archive) if archive.name.endswith(".xz") else gzip.open(archive)  # type: ignore[return-value]


class _counted:  # noqa: N801 -- reads as the function that it stands for
    """A stream that must not give more than there may be: a small archive can hold any number of zeros."""

    def __init__(self, stream: IO[bytes], unpacker: _Unpacker) -> None:
        self._stream = stream
        self._unpacker = unpacker

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._unpacker.count(len(data))
        return data


def _from_tar(tar: Any, unpacker: _Unpacker) -> None:  # noqa: ANN401 -- tarfile is imported late
    for member in tar:
        if member.isdir():
            unpacker.folder(member.name)
        elif member.isreg():
            content = tar.extractfile(member)
            unpacker.file(member.name, content, executable=bool(member.mode & 0o100))
        elif member.issym():
            unpacker.link(member.name, member.linkname)
        elif member.islnk():
            unpacker.copy(member.name, member.linkname)
        else:
            raise unpacker.refuse(member.name, "is a device or a pipe")


def _from_zip(opened: Any, unpacker: _Unpacker) -> None:  # noqa: ANN401 -- zipfile is imported late
    for info in opened.infolist():
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise unpacker.refuse(info.filename, "is neither a file nor a folder")
        if info.is_dir():
            unpacker.folder(info.filename)
            continue
        with opened.open(info) as content:
            unpacker.file(info.filename, _counted(content, unpacker), executable=bool(mode & 0o100))


class _Unpacker:
    """Writes members below one folder, each only after it was looked at."""

    def __init__(self, folder: Path, limits: Limits, name: str) -> None:
        self._folder = folder
        self._limits = limits
        self._name = name
        self._links: set[PurePosixPath] = set()
        self._files = 0
        self._size = 0
        self._tops: set[str] = set()

    def refuse(self, member: str, why: str) -> PolicyError:
        return PolicyError(
            f"{member!r} in the source {why}",
            context=self._name,
            hint="do not install it; ask the project what happened to its release",
        )

    def count(self, size: int) -> None:
        self._size += size
        if self._size > self._limits.size:
            raise PolicyError(
                f"the source unpacks to more than {self._limits.size} bytes",
                context=self._name,
                hint="nothing that is meant to be built is as large",
            )

    def folder(self, member: str) -> None:
        if (place := self._place(member)) is not None:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)

    def file(self, member: str, content: Any, *, executable: bool) -> None:  # noqa: ANN401 -- whatever has read()
        place = self._new(member)
        with place.open("xb") as stream:
            while data := content.read(_CHUNK):
                stream.write(data)
        place.chmod(0o755 if executable else 0o644)

    def link(self, member: str, target: str) -> None:
        inside = self._parts(member)
        if target.startswith("/") or "\0" in target:
            raise self.refuse(member, f"is a link to {target!r}, outside of it")
        depth = len(inside.parts) - 2  # below the project's own folder
        for part in PurePosixPath(target).parts:
            depth += -1 if part == ".." else 1
            if depth < 0:
                raise self.refuse(member, f"is a link to {target!r}, outside of it")
        place = self._new(member)
        place.symlink_to(target)
        self._links.add(inside)

    def copy(self, member: str, source: str) -> None:
        origin = self._place(source)
        if origin is None or origin.is_symlink() or not origin.is_file():
            raise self.refuse(member, f"is a link to {source!r}, which is no file before it")
        self.count(origin.stat().st_size)
        with origin.open("rb") as content:
            self.file(member, content, executable=bool(origin.stat().st_mode & 0o100))

    def finish(self) -> Path:
        """Look at the whole: one folder, no link that leads out of it by way of another, times alike."""
        if len(self._tops) != 1:
            raise CommandError(
                f"the source holds {len(self._tops)} folders at its top, expected one", context=self._name
            )
        root = self._folder / self._tops.pop()
        if not root.is_dir():
            raise CommandError("the source holds no folder", context=self._name)
        real = os.path.realpath(root)
        for path in _below(root):
            if path.is_symlink():
                if not (os.path.realpath(path) + "/").startswith(real + "/"):
                    raise self.refuse(str(path.relative_to(self._folder)), "leads out of it by way of another link")
            elif path.is_dir():
                path.chmod(0o755)
            os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
        return root

    def _parts(self, member: str) -> PurePosixPath:
        if member.startswith("/") or "\0" in member:
            raise self.refuse(member, "has an absolute path")
        path = PurePosixPath(member)
        if ".." in path.parts:
            raise self.refuse(member, "has a path with ..")
        if any(parent in self._links for parent in path.parents):
            raise self.refuse(member, "lies below a link")
        return path

    def _place(self, member: str) -> Path | None:
        path = self._parts(member)
        if not path.parts:
            return None
        self._files += 1
        if self._files > self._limits.files:
            raise PolicyError(f"the source holds more than {self._limits.files} files", context=self._name)
        self._tops.add(path.parts[0])
        return self._folder / path

    def _new(self, member: str) -> Path:
        place = self._place(member)
        if place is None or place.is_dir():
            raise self.refuse(member, "takes the place of a folder")
        place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        # The last of several members of one name counts, as for tar.
        self._links.discard(self._parts(member))
        place.unlink(missing_ok=True)
        return place


def _below(root: Path) -> Iterator[Path]:
    """Give everything below a folder, links not followed, the folder itself last."""
    for folder, names, files in os.walk(root, topdown=False):
        for name in (*names, *files):
            yield Path(folder, name)
    yield root


# What it says of itself -----------------------------------------------------------------------------------------


def read_build_system(root: Path, context: str) -> BuildSystem:
    """Read how the project in a folder wants to be built.

    Raises CommandError where it does not say it as PEP 517 and 518 want, PolicyError where it names a place for a build
    requirement, or a backend outside its tree.
    """
    text = _read(root / "pyproject.toml", context)
    if text is None:
        if not (root / "setup.py").is_file() and not (root / "setup.cfg").is_file():
            raise CommandError("the source has neither pyproject.toml nor setup.py", context=context)
        return BuildSystem(requires=_SETUPTOOLS, backend=_LEGACY)
    return parse_build_system(text, context)


def _read(path: Path, context: str) -> str | None:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as stream:
            data = stream.read(_LONGEST_PYPROJECT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandError(f"its pyproject.toml cannot be read: {error.strerror}", context=context) from error
    if len(data) > _LONGEST_PYPROJECT:
        raise CommandError("its pyproject.toml is larger than a MiB", context=context)
    return data.decode("utf-8", "replace")


def parse_build_system(text: str, context: str) -> BuildSystem:
    """Understand a pyproject.toml; see ``read_build_system``."""
    import tomllib  # noqa: PLC0415 -- builds are rare

    def fail(message: str) -> CommandError:
        return CommandError(f"its pyproject.toml cannot be used: {message}", context=context)

    try:
        table = tomllib.loads(text).get("build-system")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise fail(str(error)) from error
    if table is None:
        return BuildSystem(requires=_SETUPTOOLS, backend=_LEGACY)
    if not isinstance(table, dict):
        raise fail("build-system is no table")
    requires, path = table.get("requires"), table.get("backend-path", [])
    if not _are_texts(requires):
        raise fail("build-system.requires is no list of strings")
    if not _are_texts(path):
        raise fail("build-system.backend-path is no list of strings")
    backend = table.get("build-backend", _LEGACY)
    if not isinstance(backend, str) or not all(part.isidentifier() for part in backend.replace(":", ".").split(".")):
        raise fail(f"build-system.build-backend is {backend!r}, no name of a module")
    for folder in path:
        if folder.startswith("/") or ".." in PurePosixPath(folder).parts:
            raise PolicyError(
                f"its backend-path {folder!r} leads out of the source",
                context=context,
                hint="do not install it; ask the project what happened to its release",
            )
    return BuildSystem(requires=check_requirements(requires, context), backend=backend, path=tuple(path))


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def check_requirements(lines: list[str] | tuple[str, ...], context: str) -> tuple[str, ...]:
    """Give build requirements, sorted, each once; refuse one that no hash of the index can pin."""
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement as error:
            raise CommandError(f"its build requirement {line!r} cannot be read: {error}", context=context) from error
        if requirement.url is not None:
            raise PolicyError(
                f"its build requirement {line!r} names a place; only wheels of the index, pinned by hash, may build it",
                context=context,
                hint="build it by hand, look at the wheel, and give that with its hash: NAME @ file:///…#sha256=…",
            )
    return tuple(sorted(dict.fromkeys(lines)))
