"""The use cases, each its steps in order. Knows every part and none of their insides; prints and exits nowhere."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from resolver import requirements as reading
from resolver.cooldown import Cooldown
from resolver.errors import InputError, PolicyError, UnavailableError, UnmetError
from resolver.hosts import releases
from resolver.indexes import Indexes, cooldown_for
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import Absence, Origin, PinsPolicy, Preference, RequirementSet, assigned_to
from resolver.names import Names
from resolver.resolve import Policy, of_locked, refuse, resolve, resolve_direct
from resolver.targets import HOST, Setting, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.io.http import HttpClient
    from resolver.model import AssignedIndex, Audit, Command, Finding, Lock, Resolution
    from resolver.pypi.wheelhouse import Wheelhouse
    from resolver.report.survey_line import Surveyed
    from resolver.resolve.next_steps import Elsewhere
    from resolver.surveying import Ledger
    from resolver.venv.install import InstallResult
    from resolver.venv.record import Contract, Record
    from resolver.venv.register import Register
    from resolver.venv.undo import UndoResult


WHEELS = "wheels"
"""The folder of the cache that holds them."""
REGISTER = "environments"
"""The folder of the state that notes which environments there are."""
_SYSTEM_STATE = Path("/var/lib/distrofirst")
_SEASON = 90 * 86400.0
"""In seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """One run, as the command line and the configuration ask for it."""

    inputs: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    targets: tuple[str, ...] = (HOST,)
    architecture: str | None = None
    python: str | None = None
    """``3.11``: one of several that a release has side by side; None: its main one."""
    repositories: tuple[str, ...] = ()
    repository_key: Path | None = None
    pins: PinsPolicy = PinsPolicy.EXACT
    pins_for: tuple[tuple[NormalizedName, PinsPolicy], ...] = ()
    prefer: Preference = Preference.FEWEST
    only_distro: bool = False
    exclude: frozenset[NormalizedName] = frozenset()
    cooldown: Cooldown = field(default_factory=Cooldown)
    """What nothing that is chosen from the index may be younger than (rule P3)."""
    indexes: tuple[AssignedIndex, ...] = ()
    """Where single projects come from instead of the default index (rule P1)."""
    popular: Path | None = None
    """A list of names that others may be mistaken for, beside those that the distributions know."""
    reviewed: frozenset[NormalizedName] = frozenset()
    """Names that look like others and are meant."""
    strict: bool = False
    """Whether ``lock`` and ``install`` refuse what somebody has to decide, instead of warning of it."""
    direct: bool = False
    offline: bool = False
    venv: Path = Path("venv")
    lock: Path | None = None
    allow: frozenset[tuple[str, NormalizedName]] = frozenset()
    """What a review lets pass of a wheel: the fault's value and the project (rule P4)."""
    dry_run: bool = False
    output: Path | None = None
    advisories: Path | None = None
    """A database of known vulnerabilities, in OSV's format."""

    @property
    def policy(self) -> Policy:
        """What of it the resolver has to know."""
        return Policy(
            pins=self.pins,
            pins_of=self.pins_for,
            prefer=self.prefer,
            only_distro=self.only_distro,
            exclude=self.exclude,
        )


@dataclass(kw_only=True)
class App:
    """The parts put together for one run. ``warn`` and ``progress`` take one line for people."""

    options: Options
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    runner: ProcessRunner = field(default_factory=ProcessRunner)

    def __post_init__(self) -> None:
        """Open the cache; nothing is written before there is something to keep."""
        folder = cache_folder()
        self.cache = FileCache(folder / "entries", warn=self.warn)
        self._targets = Targets(
            Setting(
                runner=self.runner,
                cache=self.cache,
                cache_folder=folder,
                warn=self.warn,
                offline=self.options.offline or self.options.direct,
                repositories=self.options.repositories,
                repository_key=self.options.repository_key,
            )
        )
        self._opened_host: IndexedCatalog | None = None
        self._opened: dict[tuple[str, str | None], IndexedCatalog] = {}
        self._indexes: Indexes | None = None

    # --- the use cases ---

    def report(self) -> tuple[Resolution, ...]:
        """Resolve the inputs for each target."""
        return self._resolve_all(self._read_warning())

    def survey(self, files: Sequence[str], *, jobs: int, ledger: Ledger | None) -> Iterator[Surveyed]:
        """Report on each of many files, in their order, what a killed run has left in the ledger included."""
        from resolver import surveying  # noqa: PLC0415 - only here

        catalogs = [self._open(target, self.options.python) for target in self.options.targets]
        asked = self.options
        question = surveying.question_of(
            asked.policy, asked.cooldown, asked.indexes, asked.extras, asked.groups, asked.direct,
            *((str(catalog.target), catalog.target.architecture, catalog.metadata) for catalog in catalogs),
        )  # fmt: skip
        known = ledger.known(question) if ledger else {}
        if known:
            self.progress(f"an earlier run was ended early; {len(known)} of {len(files)} files are done")

        def answer(file: str) -> Surveyed:
            return surveying.ask(file, question, lambda name: self._read((name,)), self._resolve_all)

        fresh = surveying.each([file for file in files if file not in known], answer, jobs=jobs)
        for file in files:
            if file in known:
                yield known[file]
                continue
            surveyed = next(fresh)
            if ledger:
                ledger.add(surveyed)
            yield surveyed

    def files(self) -> tuple[str, ...] | None:
        """Give the files that the inputs stand for where a folder is among them; None where none is."""
        from resolver.requirements.finding import requirements_files  # noqa: PLC0415 - only here

        inputs = self.options.inputs
        if not any(map(os.path.isdir, inputs)):
            return None
        found = (requirements_files(name) if os.path.isdir(name) else (name,) for name in inputs)  # noqa: PTH112 - as named
        return tuple(dict.fromkeys(chain.from_iterable(found)))

    def explain(self, texts: Sequence[str]) -> tuple[Resolution, ...]:
        """Resolve requirements given as arguments."""
        origin = Origin(file="<command line>", line=1)
        wanted = RequirementSet(
            requirements=tuple(reading.parse_requirement(text, origin) for text in texts), inputs=("<command line>",)
        )
        return self._resolve_all(wanted)

    def lock(self) -> Lock:
        """Resolve the inputs for one target and make everything exact. Raises UnmetError for a gap."""
        from resolver import lock as locking  # noqa: PLC0415 - reports make no lock

        if len(self.options.targets) != 1:
            raise InputError("a lock is for one target", context="--target", hint="run once for each")
        wanted = self._read_warning()
        resolution = self._resolve(wanted, self.options.targets[0])
        for warning in resolution.warnings:
            self.warn(warning)
        if self.options.strict:
            refuse(concern for decision in resolution.decisions for concern in decision.concerns)
        return locking.from_resolution(resolution, wanted, self._indexes.sources if self._indexes else None)

    def read_lock(self, path: Path) -> Lock:
        """Read a lock that was written before."""
        from resolver import lock as locking  # noqa: PLC0415 - reports read no lock

        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"the lock cannot be read: {why}", context=str(path), hint="make one: distrofirst lock"
            ) from error
        return locking.loads(text, context=str(path))

    def install(self, *, confirm: Callable[[Lock, InstallResult], bool]) -> InstallResult:
        """Carry out a lock, or the plan of the inputs, on this host; ``confirm`` sees what will be done first."""
        from resolver.venv.install import install  # noqa: PLC0415 - only what acts needs it

        if self.options.targets != (HOST,) and self.options.lock is None:
            raise InputError(
                "only this host can be installed to", context="--target", hint="use lock to plan for another release"
            )
        lock = self.read_lock(self.options.lock) if self.options.lock else self.lock()
        host = self._host_for(str(lock.target.release), lock.target.python)
        _check_repositories(lock, host)
        if self.options.lock:
            self._judge(lock, host)
        packages = self._targets.package_manager(host)
        with ExitStack() as stack:
            wheels = self._wheelhouse(stack)
            own = register_folder()
            plan = install(lock, self.options.venv, self.runner, packages, wheels, register=own, dry_run=True)
            if self.options.dry_run or not plan.changed:
                return plan
            if not confirm(lock, plan):
                raise UnmetError("nothing was changed", hint="--yes goes ahead without asking")
            if self.options.offline and any(command.privileged for command in plan.commands):
                raise UnavailableError(
                    f"{len(plan.added)} OS packages would have to be downloaded",
                    context="--offline",
                    hint="run without --offline; --dry-run shows the commands",
                )
            return install(
                lock, self.options.venv, self.runner, packages, wheels, register=own, announce=self._announce
            )

    def undo(self, *, confirm: Callable[[UndoResult], bool]) -> UndoResult:
        """Take an environment and what came with it away again; ``confirm`` sees what will be done first."""
        from resolver.venv.undo import undo  # noqa: PLC0415 - only what acts needs it

        venv, known = self._environment()
        architecture = known.contract.target.split()[1] if known is not None else None
        packages, register = self._targets.remover(architecture), open_register()
        plan = undo(venv, self.runner, packages, register, dry_run=True)
        if self.options.dry_run:
            return plan
        if plan.changed and not confirm(plan):
            raise UnmetError("nothing was changed", hint="--yes goes ahead without asking")
        return undo(venv, self.runner, packages, register, announce=self._announce)

    def verify(self) -> tuple[Finding, ...]:
        """Hold an environment against the lock it was made from, or another one."""
        from resolver.venv import record  # noqa: PLC0415 - only here
        from resolver.venv.drift import look_further  # noqa: PLC0415 - only here
        from resolver.venv.verify import verify  # noqa: PLC0415 - only here

        venv, known = self._environment()
        if self.options.lock is not None:
            contract = record.contract_of(self.read_lock(self.options.lock))
        elif known is not None:
            contract = known.contract
        else:
            raise self._no_environment()
        found = verify(contract, venv, self.runner, self._targets.package_manager(self._host_of(contract)))
        files = self._targets.files(contract.target.split()[1])
        return look_further(found, contract, files, os.environ.get("PYTHONPATH", ""))

    def audit(self) -> Audit:
        """Look for known vulnerabilities in what a lock would install, or in what an environment holds (rule T2)."""
        from resolver import auditing  # noqa: PLC0415 - only here

        options = self.options
        if options.lock is not None:
            subject = auditing.of_lock(self.read_lock(options.lock))
        else:
            _, known = self._environment()
            if known is None:
                raise self._no_environment()
            host = self._host_of(known.contract)
            names = [name for name, _ in known.contract.os_packages]
            installed = self._targets.package_manager(host).installed(names)
            subject = auditing.of_environment(known.contract, installed, host.package)
        means = auditing.Means(
            runner=self.runner,
            cache=self.cache,
            warn=self.warn,
            advisories=options.advisories,
            indexes=options.indexes,
            offline=options.offline,
        )
        return auditing.carry_out(subject, means)

    def update(self) -> tuple[Path, ...]:
        """Fetch the metadata of each target anew; with ``output`` as embedded indexes there.

        What the cache has kept for longer than a season goes on the way: whatever is still of use is fetched again.
        """
        if self.options.offline:
            raise UnavailableError("update fetches from the archive", context="--offline", hint="leave --offline out")
        self.cache.prune(older_than=_SEASON)
        FileCache(cache_folder() / WHEELS, warn=self.warn).prune(older_than=_SEASON)
        paths = []
        for target in self.options.targets:
            self.progress(f"fetching the metadata of {target}")
            paths.append(
                self._targets.update(
                    target,
                    architecture=self.options.architecture,
                    python=self.options.python,
                    output=self.options.output,
                )
            )
        return tuple(paths)

    def targets(self) -> list[tuple[str, str, str, str]]:
        """List what can be asked without fetching: release, Python, architecture, date of its metadata."""
        return [
            (str(release), header.python, header.architecture, header.date) for release, header in self._targets.known()
        ]

    def other_targets(self) -> tuple[str, ...]:
        """Name the releases whose metadata has to be fetched before they can be asked."""
        return self._targets.unknown()

    # --- the steps they share ---

    def _read_warning(self) -> RequirementSet:
        wanted = self._read(self.options.inputs)
        for warning in wanted.warnings:
            self.warn(warning)
        return wanted

    def _read(self, inputs: Sequence[str]) -> RequirementSet:
        return reading.read_inputs(
            inputs,
            extras=self.options.extras,
            groups=self.options.groups,
            stdin=_read_stdin,
            environ=os.environ,
            cwd=Path.cwd(),
        )

    def _resolve_all(self, wanted: RequirementSet) -> tuple[Resolution, ...]:
        return tuple(self._backed(self._resolve(wanted, target)) for target in self.options.targets)

    def _backed(self, resolution: Resolution) -> Resolution:
        """Add who stands behind the OS packages (rule T2)."""
        from resolver.targets.backing import backing_of  # noqa: PLC0415 - locks and installs do not tell it

        packages = {
            package.name: package
            for one in resolution.decisions
            if one.os is not None
            for package in one.os.packages(one.extras)
        }
        return replace(
            resolution, backing=backing_of(tuple(packages.values()), resolution.target, self.runner, self.cache)
        )

    def _resolve(self, wanted: RequirementSet, target: str) -> Resolution:
        catalog = self._host() if target == HOST else self._open(target, self.options.python)
        elsewhere = self._elsewhere(catalog)
        if self.options.direct:
            return resolve_direct(
                wanted, catalog, self.options.policy, elsewhere=elsewhere, resembles=self._names(catalog)
            )
        named = {option.name for option in wanted.options}
        policy = replace(self.options.policy, pre="--pre" in named)
        with ExitStack() as stack:
            no_index = policy.only_distro or "--no-index" in named
            index = Indexes(
                stack,
                self.runner,
                self.cache,
                catalog.target,
                options=wanted.options,
                assigned=self.options.indexes,
                cooldown=self.options.cooldown,
                offline=self.options.offline,
                warn=self.warn,
            )
            self._indexes = index
            names = self._names(catalog)
            return resolve(wanted, catalog, None if no_index else index, policy, elsewhere=elsewhere, resembles=names)

    def _names(self, catalog: IndexedCatalog) -> Names:
        """Judge names by what the embedded indexes and the target's own catalog know, and the user's list."""
        return Names(
            lambda: self._targets.known_names() | catalog.names(),
            popular=self.options.popular,
            reviewed=self.options.reviewed,
            assigned=self.options.indexes,
        )

    def _judge(self, lock: Lock, host: IndexedCatalog) -> None:
        """Judge the wheels of a lock that was made before, maybe by somebody else: their names and their age."""
        names = self._names(host)
        asked = self.options
        found = [
            concern
            for wheel in lock.wheels
            for concern in of_locked(
                wheel,
                names(wheel.project),
                cooldown_for(assigned_to(wheel.project, asked.indexes), asked.cooldown),
            )
        ]
        for concern in found:
            self.warn(concern.text)
        if self.options.strict:
            refuse(found)

    def _host(self) -> IndexedCatalog:
        """Open the host's catalog, once: a plan and what carries it out speak of one state of apt."""
        if self._opened_host is None:
            self._opened_host = self._open(HOST, self.options.python)
        return self._opened_host

    def _environment(self) -> tuple[Path, Record | None]:
        """Give the environment's whole path, and what is recorded of it; None where nothing is."""
        from resolver.venv import record  # noqa: PLC0415 - plans read no record

        venv = Path(os.path.abspath(self.options.venv))  # noqa: PTH100 - resolve() would follow a link that the user chose
        return venv, record.read(venv)

    def _no_environment(self) -> InputError:
        return InputError(
            "no environment that distrofirst made",
            context=str(self.options.venv),
            hint="name one with --venv, or a lock with --lock",
        )

    def _host_of(self, contract: Contract) -> IndexedCatalog:
        """Open the host's catalog for what an environment was made for."""
        release, _, rest = contract.target.partition(" ")
        return self._host_for(release, rest.rpartition("python")[2])

    def _host_for(self, release: str, python: str) -> IndexedCatalog:
        """Open the host's catalog for what a lock or an environment was made for, where it has several Pythons.

        What was made for another release, or for a Python that is not here, gets the host's own and fits it as little.
        """
        opened, here = self._opened_host, releases.of_host()
        if opened is not None and opened.target.python == python:
            return opened
        if str(here) == release and releases.has_several_pythons(here):
            with suppress(InputError):
                return self._open(HOST, python)
        return self._host()

    def _open(self, target: str, python: str | None) -> IndexedCatalog:
        key = (target, python)
        if key not in self._opened:
            self._opened[key] = self._targets.open(target, architecture=self.options.architecture, python=python)
        return self._opened[key]

    def _elsewhere(self, catalog: IndexedCatalog) -> Elsewhere:
        """Look for a project in the target's other repositories, then in the other releases of the distribution."""
        others: list[IndexedCatalog] = []

        def look(project: NormalizedName, /) -> Iterable[tuple[str, Version]]:
            for version, repository in catalog.other_versions(project):
                yield repository, version
            if not others:
                others.extend(self._targets.siblings(catalog.target))
            for other in others:
                candidate = other.lookup(project)
                if not isinstance(candidate, Absence):
                    yield str(other.target), candidate.version

        return look

    def _wheelhouse(self, stack: ExitStack) -> Wheelhouse:
        """Make what fetches and inspects wheels; it does nothing before a lock has some (rule P4)."""
        from resolver.indexes import open_client, way  # noqa: PLC0415 - only what acts needs it
        from resolver.pypi.wheelhouse import Wheelhouse  # noqa: PLC0415 - the same

        def client() -> HttpClient:
            # A plan that was made in this run may come from an index that its inputs name.
            known = self._indexes.settings if self._indexes is not None else None
            return open_client(stack, self.cache, way(known, self.options.indexes), offline=self.options.offline)

        return Wheelhouse(
            lambda: self._wheel_folder(stack),
            client,
            self.cache,
            allow=self.options.allow,
            offline=self.options.offline,
            progress=self.progress,
        )

    def _wheel_folder(self, stack: ExitStack) -> Path:
        """Give the cache's folder of wheels, or one for this run alone where there can be none.

        A dry run's commands name the files, so what it fetches stays even there.
        """
        folder = cache_folder() / WHEELS
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK):
                return folder
        temporary = Path(mkdtemp(prefix="distrofirst-"))
        if self.options.dry_run:
            self.warn(f"going on without a cache: the wheels that the commands name are in {temporary}")
        else:
            stack.callback(rmtree, temporary, ignore_errors=True)
        return temporary

    def _announce(self, command: Command) -> None:
        """Show a command before it runs, sudo included where it goes through that (rule X3)."""
        through = "sudo " if command.privileged and os.geteuid() != 0 else ""
        self.progress(through + command.shell_line())


def _check_repositories(lock: Lock, host: IndexedCatalog) -> None:
    """Refuse a lock's OS package that this host would take from an unverified repository (rule T1).

    A plan made here has no such package; a lock that was made elsewhere knows nothing of this host's sources.
    """
    for wanted in lock.os_packages:
        offered = host.package(wanted.name)
        if offered is not None and not offered.trusted:
            raise PolicyError(
                f"{wanted.name} would come from {offered.repository}, whose signature the system does not verify",
                context="the host's repositories",
                hint="remove trusted=yes or allow-insecure=yes (apt), gpgcheck=0 (dnf, zypper) from its configuration,"
                " and name its key there",
            )


def _read_stdin() -> bytes:
    if not sys.stdin:  # None, where it was closed before Python started
        raise InputError("standard input is closed", context="-")
    return sys.stdin.buffer.read()


def cache_folder() -> Path:
    """Give the folder of everything that may be thrown away (XDG Base Directory Specification).

    A user without a home has a path relative to nowhere; theirs is the home that nobody has (Debian Policy 9.2.3),
    where nothing can be kept.
    """
    import platformdirs  # noqa: PLC0415 - a millisecond, once

    folder = Path(platformdirs.user_cache_dir("distrofirst"))
    return folder if folder.is_absolute() else Path("/nonexistent/.cache/distrofirst")


def register_folder() -> Path:
    """Give the folder that this user's environments are noted in: state that outlives a cache (the same specification).

    Root's is the system's, for root's environments are everybody's.
    """
    if os.geteuid() == 0:
        return _SYSTEM_STATE / REGISTER
    import platformdirs  # noqa: PLC0415 - as above

    folder = Path(platformdirs.user_state_dir("distrofirst"))
    return (folder if folder.is_absolute() else Path("/nonexistent/.local/state/distrofirst")) / REGISTER


def open_register() -> Register:
    """Give the registers of this machine: our own, the system's, and those in the homes of users that passwd knows."""
    import pwd  # noqa: PLC0415 - only here

    from resolver.venv.register import Register  # noqa: PLC0415 - only what acts needs it

    homes = dict.fromkeys(Path(user.pw_dir) for user in pwd.getpwall())
    others = (home / ".local/state/distrofirst" / REGISTER for home in homes)
    return Register(own=register_folder(), folders=(_SYSTEM_STATE / REGISTER, *others))
