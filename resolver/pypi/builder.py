"""The Builder port: sdists become wheels, in the sandbox that ``resolver.pypi.building`` plans (rule P2).

What is built is kept among the wheels that were fetched, and which wheel it was under all that it was built of. So a
warm run builds nothing, and one whose build requirements have newer releases builds anew. What builds comes from among
the wheels as well: fetched, and looked through (rule P4).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self, cast
from urllib.parse import unquote, urlsplit

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.model import Build, Command, HttpNotFound, Wheel
from resolver.pypi import building, sdists
from resolver.pypi.building import REQUIRES, WHEEL, Limits, Machine, Places
from resolver.pypi.metadata import read_file
from resolver.pypi.sdists import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from resolver.model import Concern, Sdist, Target, WheelMetadata
    from resolver.ports import Cache, Http, Runner
    from resolver.pypi.wheelhouse import Wheelhouse

_FORMAT: Final = "1"
"""Part of every key: raised when the sandbox changes what a build comes to."""
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SIZED = (0, 7)
"""The bubblewrap that can limit a file system in memory."""
_PASSWD = "root:x:0:0::/nonexistent:/usr/sbin/nologin\nnobody:x:65534:65534::/build/home:/usr/sbin/nologin\n"  # noqa: S105 -- has none


@dataclass(frozen=True, kw_only=True, slots=True)
class Pinned:
    """What build requirements came to."""

    wheels: tuple[Wheel, ...]
    """Sorted by name."""
    concerns: tuple[Concern, ...] = ()


class SandboxBuilder:
    """The Builder port on this host, for it."""

    def __init__(
        self,
        *,
        http: Callable[[], Http],
        runner: Runner,
        cache: Cache,
        wheels: Wheelhouse,
        target: Target,
        interpreter: str,
        site_directories: tuple[str, ...],
        pin: Callable[[Sequence[str], str], Pinned],
        progress: Callable[[str], None],
        limits: Limits | None = None,
    ) -> None:
        """Build for ``target`` with its ``interpreter``; ``site_directories`` are where its pip is.

        ``http`` is opened when an sdist has to be fetched. ``pin`` resolves build requirements (PEP 508), for whom it
        is told, to wheels of the index, all that they need included.
        """
        self._http = http
        self._runner = runner
        self._cache = cache
        self._wheels = wheels
        self._target = target
        self._interpreter = interpreter
        self._site_directories = site_directories
        self._pin = pin
        self._progress = progress
        self._limits = limits or Limits()
        self._built: dict[str, Wheel] = {}

    def build(self, sdist: Sdist) -> Wheel:
        """Build, or find what was built before (see the port)."""
        if sdist.sha256 not in self._built:
            with _Workshop(self, sdist) as shop:
                self._built[sdist.sha256] = self._build(sdist, shop)
        return self._built[sdist.sha256]

    def metadata(self, wheel: Wheel) -> WheelMetadata:
        """Read the metadata of a wheel that was built (see the port)."""
        path = self._wheels.find(wheel)
        if path is None:
            raise CommandError("what was built just now is gone from the cache", context=wheel.filename)
        return read_file(path, wheel)

    def rebuild(self, wheel: Wheel) -> None:
        """Build a lock's wheel again, to where the Wheelhouse has it.

        Raises as ``build`` does; PolicyError also where it does not come to the locked bytes.
        """
        assert wheel.built is not None  # noqa: S101 - the caller's condition
        with _Workshop(self, wheel.built.sdist) as shop:
            again = self._run(wheel.built, shop.system(), shop)
        if again.sha256 != wheel.sha256:
            raise PolicyError(
                f"built again, it came to {again.filename} with sha256 {again.sha256}; the lock has {wheel.filename}"
                f" with sha256 {wheel.sha256}",
                context=wheel.built.sdist.filename,
                hint="its build depends on more than its source: make the lock anew on this host, or copy"
                f" {self._wheels.place(wheel)} from the host where it was made",
            )

    # Building, each step remembered -----------------------------------------------------------------------------

    def _build(self, sdist: Sdist, shop: _Workshop) -> Wheel:
        system = shop.system()
        pinned = self._pin(system.requires, sdist.filename)
        further = self._further(sdist, system, pinned.wheels, shop)
        if not set(further) <= set(system.requires):
            both = sdists.check_requirements((*system.requires, *further), sdist.filename)
            pinned = self._pin(both, sdist.filename)
        build = Build(sdist=sdist, requires=pinned.wheels, concerns=pinned.concerns)
        key = self._key(sdist, pinned.wheels)
        known = self._cache.read_json("build", key)
        if isinstance(known, list) and len(known) == 2:  # noqa: PLR2004 -- name and hash
            wheel = _wheel(build, filename=str(known[0]), sha256=str(known[1]))
            if self._wheels.find(wheel) is not None:
                return wheel
        wheel = self._run(build, system, shop)
        self._cache.write_json("build", key, [wheel.filename, wheel.sha256])
        return wheel

    def _further(
        self, sdist: Sdist, system: BuildSystem, pinned: tuple[Wheel, ...], shop: _Workshop
    ) -> tuple[str, ...]:
        """Ask the backend what else it needs."""
        key = self._key(sdist, pinned)
        known = self._cache.read_json("build-requires", key)
        if isinstance(known, list):
            return tuple(map(str, known))
        answer = shop.step(REQUIRES, system, pinned)
        further = sdists.check_requirements(building.further_requirements(answer, sdist), sdist.filename)
        self._cache.write_json("build-requires", key, list(further))
        return further

    def _run(self, build: Build, system: BuildSystem, shop: _Workshop) -> Wheel:
        sdist = build.sdist
        self._progress(f"building {sdist.filename} in a sandbox")
        filename = building.check_name(shop.step(WHEEL, system, build.requires), sdist, self._target)
        made = shop.take(filename)
        wheel = _wheel(build, filename=filename, sha256=_digest(made))
        _check(made, wheel)
        self._wheels.keep(wheel, made)
        return wheel

    def _key(self, sdist: Sdist, pinned: Sequence[Wheel]) -> str:
        target = self._target
        python = target.python_full_version or target.python
        made_with = ",".join(sorted(one.sha256 for one in pinned))
        parts = (sdist.sha256, made_with, self._interpreter, python, target.architecture, target.glibc)
        return "\n".join((_FORMAT, *parts))

    # What a workshop needs --------------------------------------------------------------------------------------

    def machine(self) -> Machine:
        """Find out what there is to build a sandbox with. Raises PolicyError where there is nothing."""
        try:
            done = self._runner.run(Command(argv=("bwrap", "--version"), purpose="build an sdist in a sandbox"))
        except CommandError as error:
            raise PolicyError(
                "an sdist is built in a sandbox or not at all, and bubblewrap is not installed",
                context="--allow-sdist",
                hint="install the OS package bubblewrap, then repeat the command",
            ) from error
        numbers = [int(part) for part in done.stdout.strip().rpartition(" ")[2].split(".") if part.isdigit()]
        return Machine(
            root=os.geteuid() == 0,
            sized=tuple(numbers) >= _SIZED,
            system=tuple((folder, _link(folder)) for folder in _SYSTEM if os.path.lexists(folder)),
            interpreter=self._interpreter,
        )

    def remembered_system(self, sdist: Sdist, read: Callable[[], BuildSystem]) -> BuildSystem:
        """Give an sdist's build system without unpacking it again."""
        key = f"{_FORMAT}\n{sdist.sha256}"
        known = self._cache.read_json("build-system", key)
        with suppress(ValueError, TypeError):
            requires, backend, path = cast("Any", known)
            return BuildSystem(requires=tuple(requires), backend=backend, path=tuple(path))
        system = read()
        self._cache.write_json("build-system", key, [system.requires, system.backend, system.path])
        return system

    def fetch(self, sdist: Sdist, folder: Path) -> Path:
        """Get an sdist, its hash checked."""
        if sdist.url.startswith("file:"):
            path = Path(unquote(urlsplit(sdist.url).path))
            if _digest(path) != sdist.sha256:
                raise PolicyError(
                    f"there is no file with sha256 {sdist.sha256}", context=sdist.url, hint="find out who changed it"
                )
            return path
        archive = folder / sdist.filename
        answer = self._http().download(sdist.url, archive, sha256=sdist.sha256, size=sdist.size)
        if isinstance(answer, HttpNotFound):
            raise UnavailableError(
                "the index lists this file but does not have it",
                context=sdist.url,
                hint="try again later: the listing may be older than the file's removal",
            )
        return archive

    def collect(self, wheels: Sequence[Wheel], folder: Path) -> None:
        """Put the wheels that build into a folder, so that nobody needs rights to read them."""
        for path in self._wheels.for_build(wheels, self._target).values():
            shutil.copyfile(path, folder / path.name)
            (folder / path.name).chmod(0o644)

    def perform(self, step: str, system: BuildSystem, wheels: Sequence[Wheel], places: Places, sdist: Sdist) -> object:
        """Carry out one step in the sandbox."""
        machine = self.machine()
        for path in (places.answer, places.wheel):
            path.write_bytes(b"")
            if machine.root:
                os.chown(path, building.NOBODY, building.NOBODY)
        job: Mapping[str, Any] = building.job_for(step, system, wheels, self._site_directories)
        done = self._runner.run(building.sandbox(machine, places, job, self._limits))
        with places.answer.open("rb") as stream:
            answer = stream.read(building.LONGEST_ANSWER)
        return building.outcome(done, answer, sdist, self._limits)


class _Workshop:
    """A folder for one build, made when it is needed and gone afterwards."""

    def __init__(self, builder: SandboxBuilder, sdist: Sdist) -> None:
        self._builder = builder
        self._sdist = sdist
        self._stack = ExitStack()
        self._opened: tuple[Path, Path] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def _open(self) -> tuple[Path, Path]:
        """Give the folder, and the unpacked source in it."""
        if self._opened is None:
            folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="distrofirst-build-")))
            for name in ("sdist", "source", "wheels"):
                (folder / name).mkdir(mode=0o755)
            archive = self._builder.fetch(self._sdist, folder / "sdist")
            self._opened = folder, sdists.unpack(archive, folder / "source")
        return self._opened

    def take(self, filename: str) -> Path:
        """Give what was built, under its name; a copy, for what the build wrote to has another owner."""
        folder, _ = self._open()
        (folder / "made").mkdir(exist_ok=True)
        return Path(shutil.copyfile(folder / "wheel", folder / "made" / filename))

    def system(self) -> BuildSystem:
        """Give what the sdist says of its build."""
        return self._builder.remembered_system(
            self._sdist, lambda: sdists.read_build_system(self._open()[1], self._sdist.filename)
        )

    def step(self, step: str, system: BuildSystem, wheels: Sequence[Wheel]) -> object:
        """Carry out one step with these wheels in the build environment."""
        folder, source = self._open()
        self._builder.collect(wheels, folder / "wheels")
        script, passwd = folder / "step.py", folder / "passwd"
        for path, data in (
            (script, Path(__file__).with_name("inside_build.py").read_bytes()),
            (passwd, _PASSWD.encode()),
        ):
            path.write_bytes(data)
            path.chmod(0o644)
        places = Places(
            script=script,
            source=source,
            wheels=folder / "wheels",
            passwd=passwd,
            answer=folder / "answer",
            wheel=folder / "wheel",
        )
        return self._builder.perform(step, system, wheels, places, self._sdist)


def _wheel(build: Build, *, filename: str, sha256: str) -> Wheel:
    sdist = build.sdist
    return Wheel(
        project=sdist.project,
        version=sdist.version,
        filename=filename,
        url=sdist.url,
        sha256=sha256,
        size=sdist.size,
        requires_python=sdist.requires_python,
        upload_time=sdist.upload_time,
        yanked=sdist.yanked,
        built=build,
    )


def _check(path: Path, wheel: Wheel) -> None:
    """Raise PolicyError unless a file is the wheel that its name says; before it is installed, more is looked at."""
    try:
        read_file(path, wheel)
    except UnavailableError as error:
        raise PolicyError(
            f"its build gave a file that is no wheel of {wheel.project} {wheel.version}: {error.message}",
            context=wheel.built.sdist.filename if wheel.built else wheel.filename,
            hint="do not install it; ask the project about it",
        ) from error


def _digest(path: Path) -> str:
    """Give a file's sha256; empty where there is none."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _link(folder: str) -> str | None:
    path = Path(folder)
    return os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 -- as written, relative or not
