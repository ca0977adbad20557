"""The Builder port: sdists and commits become wheels, in the sandbox that ``resolver.pypi.building`` plans (rule P2).

What is built is kept among the wheels that were fetched, and which wheel it was under all that it was built of. So a
warm run builds nothing, and one whose build requirements have newer releases builds anew. What builds comes from among
the wheels as well: fetched, and looked through (rule P4).
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self, cast

from packaging.utils import parse_wheel_filename

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.model import Build, Command, Commit, Concern, Sdist, Wheel, Worry
from resolver.pypi import building, sdists
from resolver.pypi.building import REQUIRES, WHEEL, Limits, Machine, Places
from resolver.pypi.fetching import digest, gaps
from resolver.pypi.metadata import read_file
from resolver.pypi.sdists import BuildSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from resolver.model import Buildable, Target, WheelMetadata
    from resolver.ports import Cache, Runner
    from resolver.pypi.fetching import Fetcher
    from resolver.pypi.wheelhouse import Wheelhouse

_FORMAT: Final = "2"
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a build goes by."""

    source: Buildable
    """A commit with its tree's hash."""
    system: BuildSystem
    gaps: tuple[str, ...] = ()
    """What the repository refers to and does not hold."""


class SandboxBuilder:
    """The Builder port on this host, for it."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
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

        ``pin`` resolves build requirements (PEP 508), for whom it is told, to wheels of the index, all that they need
        included.
        """
        self._fetcher = fetcher
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

    def build(self, source: Buildable) -> Wheel:
        """Build, or find what was built before (see the port)."""
        key = _name(source)
        if key not in self._built:
            with _Workshop(self, source) as shop:
                self._built[key] = self._build(shop)
        return self._built[key]

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
        with _Workshop(self, wheel.built.source) as shop:
            again = self._run(wheel.built, shop)
        if again.sha256 != wheel.sha256:
            raise PolicyError(
                f"built again, it came to {again.filename} with sha256 {again.sha256}; the lock has {wheel.filename}"
                f" with sha256 {wheel.sha256}",
                context=str(wheel.built.source),
                hint="its build depends on more than its source: make the lock anew on this host, or copy"
                f" {self._wheels.place(wheel)} from the host where it was made",
            )

    # Building, each step remembered -----------------------------------------------------------------------------

    def _build(self, shop: _Workshop) -> Wheel:
        known = shop.known
        whose = str(known.source)
        pinned = self._pin(known.system.requires, whose)
        further = self._further(pinned.wheels, shop)
        if not set(further) <= set(known.system.requires):
            pinned = self._pin(sdists.check_requirements((*known.system.requires, *further), whose), whose)
        lacking = (Concern(worry=Worry.INCOMPLETE, text=f"{whose} is taken without {gap}") for gap in known.gaps)
        build = Build(source=known.source, requires=pinned.wheels, concerns=(*pinned.concerns, *lacking))
        key = self._key(known.source, pinned.wheels)
        before = self._cache.read_json("build", key)
        if isinstance(before, list) and len(before) == 2:  # noqa: PLR2004 -- name and hash
            wheel = _wheel(build, filename=str(before[0]), sha256=str(before[1]))
            if self._wheels.find(wheel) is not None:
                return wheel
        wheel = self._run(build, shop)
        self._cache.write_json("build", key, [wheel.filename, wheel.sha256])
        return wheel

    def _further(self, pinned: tuple[Wheel, ...], shop: _Workshop) -> tuple[str, ...]:
        """Ask the backend what else it needs."""
        source = shop.known.source
        key = self._key(source, pinned)
        known = self._cache.read_json("build-requires", key)
        if isinstance(known, list):
            return tuple(map(str, known))
        answer = shop.step(REQUIRES, pinned)
        further = sdists.check_requirements(building.further_requirements(answer, source), str(source))
        self._cache.write_json("build-requires", key, list(further))
        return further

    def _run(self, build: Build, shop: _Workshop) -> Wheel:
        shop.open()
        self._progress(f"building {build.source} in a sandbox")
        filename = building.check_name(shop.step(WHEEL, build.requires), build.source, self._target)
        made = shop.take(filename)
        wheel = _wheel(build, filename=filename, sha256=digest(made))
        _check(made, wheel)
        self._wheels.keep(wheel, made)
        return wheel

    def _key(self, source: Buildable, pinned: Sequence[Wheel]) -> str:
        target = self._target
        python = target.python_full_version or target.python
        made_with = ",".join(sorted(one.sha256 for one in pinned))
        parts = (_name(source), made_with, self._interpreter, python, target.architecture, target.glibc)
        return "\n".join((_FORMAT, *parts))

    # What a workshop needs --------------------------------------------------------------------------------------

    def machine(self) -> Machine:
        """Find out what there is to build a sandbox with. Raises PolicyError where there is nothing."""
        try:
            done = self._runner.run(Command(argv=("bwrap", "--version"), purpose="build an sdist in a sandbox"))
        except CommandError as error:
            raise PolicyError(
                "what has to be built is built in a sandbox or not at all, and bubblewrap is not installed",
                context="bwrap",
                hint="install the OS package bubblewrap, then repeat the command",
            ) from error
        numbers = [int(part) for part in done.stdout.strip().rpartition(" ")[2].split(".") if part.isdigit()]
        return Machine(
            root=os.geteuid() == 0,
            sized=tuple(numbers) >= _SIZED,
            system=tuple((folder, _link(folder)) for folder in _SYSTEM if os.path.lexists(folder)),
            interpreter=self._interpreter,
        )

    def remembered(self, source: Buildable, look: Callable[[], Known]) -> Known:
        """Give what is known of a source without fetching it again."""
        key = f"{_FORMAT}\n{_name(source)}"
        entry = self._cache.read_json("build-system", key)
        with suppress(ValueError, TypeError):
            requires, backend, path, tree, gaps = cast("Any", entry)
            system = BuildSystem(requires=tuple(requires), backend=backend, path=tuple(path))
            if isinstance(source, Commit):
                source = replace(source, tree=source.tree or str(tree))
            return Known(source=source, system=system, gaps=tuple(gaps))
        known = look()
        system, tree = known.system, known.source.tree if isinstance(known.source, Commit) else None
        self._cache.write_json("build-system", key, [system.requires, system.backend, system.path, tree, known.gaps])
        return known

    def unpack(self, source: Buildable, folder: Path) -> tuple[Buildable, Path]:
        """Fetch and unpack a source."""
        self._progress(f"fetching {source}")
        return self._fetcher.unpack(source, folder)

    def collect(self, wheels: Sequence[Wheel], folder: Path) -> None:
        """Put the wheels that build into a folder, so that nobody needs rights to read them."""
        for path in self._wheels.for_build(wheels, self._target).values():
            shutil.copyfile(path, folder / path.name)
            (folder / path.name).chmod(0o644)

    def perform(self, step: str, known: Known, wheels: Sequence[Wheel], places: Places) -> object:
        """Carry out one step in the sandbox."""
        machine = self.machine()
        for path in (places.answer, places.wheel):
            path.write_bytes(b"")
            if machine.root:
                os.chown(path, building.NOBODY, building.NOBODY)
        below = known.source.subdirectory if isinstance(known.source, Commit) else ""
        job = building.job_for(step, known.system, wheels, self._site_directories, below=below)
        done = self._runner.run(building.sandbox(machine, places, job, self._limits))
        with places.answer.open("rb") as stream:
            answer = stream.read(building.LONGEST_ANSWER)
        return building.outcome(done, answer, known.source, self._limits, _is_here)


class _Workshop:
    """A folder for one build, made when it is needed and gone afterwards."""

    def __init__(self, builder: SandboxBuilder, source: Buildable) -> None:
        self._builder = builder
        self._source = source
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    @cached_property
    def known(self) -> Known:
        """What there is to know of the source; it is fetched where nobody has looked at it yet."""
        return self._builder.remembered(self._source, self._look)

    def _look(self) -> Known:
        source, root = self._opened
        if isinstance(source, Sdist):
            return Known(source=source, system=sdists.read_build_system(root, str(source)))
        system = sdists.read_build_system(root / source.subdirectory, str(source))
        return Known(source=source, system=system, gaps=gaps(root))

    @cached_property
    def _folder(self) -> Path:
        return Path(self._stack.enter_context(TemporaryDirectory(prefix="distrofirst-build-")))

    @cached_property
    def _opened(self) -> tuple[Buildable, Path]:
        """The source, and where its files are."""
        return self._builder.unpack(self._source, self._folder)

    def open(self) -> None:
        """Fetch and unpack the source now, if that has not been done."""
        self._opened  # noqa: B018 - made once

    def take(self, filename: str) -> Path:
        """Give what was built, under its name; a copy, for what the build wrote to has another owner."""
        made = self._folder / "made"
        made.mkdir(exist_ok=True)
        return Path(shutil.copyfile(self._folder / "wheel", made / filename))

    def step(self, step: str, wheels: Sequence[Wheel]) -> object:
        """Carry out one step with these wheels in the build environment."""
        folder, root = self._folder, self._opened[1]
        (folder / "wheels").mkdir(mode=0o755, exist_ok=True)
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
            source=root,
            wheels=folder / "wheels",
            passwd=passwd,
            answer=folder / "answer",
            wheel=folder / "wheel",
        )
        return self._builder.perform(step, self.known, wheels, places)


def _name(source: Buildable) -> str:
    """Give what a source is known by."""
    return source.sha256 if isinstance(source, Sdist) else f"{source.project} @ {source}"


def _wheel(build: Build, *, filename: str, sha256: str) -> Wheel:
    source = build.source
    sdist = source if isinstance(source, Sdist) else None
    return Wheel(
        project=source.project,
        version=parse_wheel_filename(filename)[1],
        filename=filename,
        url=sdist.url if sdist else str(source),
        sha256=sha256,
        size=sdist.size if sdist else None,
        requires_python=sdist.requires_python if sdist else None,
        upload_time=sdist.upload_time if sdist else None,
        yanked=sdist.yanked if sdist else None,
        built=build,
    )


def _check(path: Path, wheel: Wheel) -> None:
    """Raise PolicyError unless a file is the wheel that its name says; before it is installed, more is looked at."""
    try:
        read_file(path, wheel)
    except UnavailableError as error:
        raise PolicyError(
            f"its build gave a file that is no wheel of {wheel.project} {wheel.version}: {error.message}",
            context=str(wheel.built.source) if wheel.built else wheel.filename,
            hint="do not install it; ask the project about it",
        ) from error


def _is_here(path: str) -> bool:
    """Tell whether a path that the sandbox does not have would be one of this machine's."""
    return "\0" not in path and path.startswith("/") and os.path.isdir(os.path.dirname(path))  # noqa: PTH112, PTH120 - a stranger's


def _link(folder: str) -> str | None:
    path = Path(folder)
    return os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 -- as written, relative or not
