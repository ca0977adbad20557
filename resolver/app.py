"""The use cases, each its steps in order. Knows every part and none of their insides; prints and exits nowhere."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from resolver import requirements as reading
from resolver.cooldown import Cooldown
from resolver.errors import (
    CommandError,
    DistrofirstError,
    InputError,
    PolicyError,
    UnavailableError,
    UnmetError,
    of_targets,
)
from resolver.hosts import holders, releases
from resolver.hosts.transaction import check_target
from resolver.indexes import Indexes, cooldown_for
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import (
    Absence,
    FileOption,
    Origin,
    Outcome,
    PinsPolicy,
    Preference,
    Reason,
    RequirementSet,
    Unconsulted,
    assigned_to,
    with_what_builds,
)
from resolver.names import Names, read_popular
from resolver.report.summary import coverage_of, reaches
from resolver.repositories import is_git
from resolver.resolve import (
    Policy,
    candidates,
    gain,
    moved,
    of_earlier,
    of_locked,
    ranked,
    refuse,
    relaxed,
    resolve,
    resolve_direct,
    without,
)
from resolver.targets import HOST, Setting, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.utils import NormalizedName
    from packaging.version import Version

    from resolver.catalog.indexed import IndexedCatalog
    from resolver.model import AssignedIndex, Command, Finding, Lock, NamedRepository, Resolution, Target, Wheel
    from resolver.model.acting import InstallResult, UndoResult
    from resolver.model.audit import Audit
    from resolver.model.review import Review
    from resolver.pypi.configuration import IndexSettings
    from resolver.report.survey.line import Surveyed
    from resolver.resolve.next_steps import Elsewhere
    from resolver.supply import Supply
    from resolver.surveying import Ledger
    from resolver.venv.record import Contract, Record
    from resolver.venv.register import Register


ALL = "all"
"""Instead of a name: every listed project whose bound keeps the distribution's version out."""
WHEELS = "wheels"
"""The folder of the cache, or of a mirror, that holds them."""
REGISTER = "environments"
"""The folder of the state that notes which environments there are."""
_SYSTEM_STATE = Path("/var/lib/distrofirst")
Answer = TypeVar("Answer")
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
    repositories: tuple[NamedRepository, ...] = ()
    pins: PinsPolicy = PinsPolicy.EXACT
    pins_for: tuple[tuple[NormalizedName, PinsPolicy], ...] = ()
    prefer: Preference = Preference.FEWEST
    only_distro: bool = False
    exclude: frozenset[NormalizedName] = frozenset()
    allow_sdist: frozenset[NormalizedName] = frozenset()
    """Projects that may be built of an sdist where no wheel fits (rule P2)."""
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
    relax: tuple[str, ...] = ()
    """Projects whose bounds a report sets aside, each by itself, to tell what that would buy; or ``ALL``."""
    direct: bool = False
    offline: bool = False
    venv: Path = Path("venv")
    lock: Path | None = None
    allow: frozenset[tuple[str, NormalizedName]] = frozenset()
    """What a review lets pass of a wheel: the fault's value and the project (rule P4)."""
    user_only: bool = False
    """Whether OS packages are somebody else's to install."""
    dry_run: bool = False
    fail_under: float | None = None
    """The coverage, in per cent, below which ``install`` changes nothing; None: whatever it is."""
    output: Path | None = None
    mirror: Path | None = None
    """A folder that ``mirror`` made, from which a lock is installed without a network."""
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
            allow_sdist=self.allow_sdist,
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
                mirror=self.options.mirror,
            )
        )
        self._opened_host: IndexedCatalog | None = None
        self._opened: dict[tuple[str, str | None], IndexedCatalog] = {}
        self._indexes: Indexes | None = None

    # --- the use cases ---

    def report(self) -> tuple[tuple[Resolution, ...], tuple[Unconsulted, ...]]:
        """Resolve the inputs for each target, and name the targets that could not be asked.

        Raises what went wrong with the first of them where that holds for all.
        """
        wanted = self._read_warning()
        resolutions, missing = _of_each(
            self.options.targets, lambda target: self._backed(self._relaxed(wanted, target))
        )
        return tuple(resolutions.values()), missing

    def survey(
        self, files: Sequence[str], *, jobs: int, ledger: Ledger | None
    ) -> tuple[Iterator[Surveyed], tuple[Unconsulted, ...]]:
        """Report on each of many files, in their order, what a killed run has left in the ledger included.

        Targets that cannot be asked are named, and left out.
        """
        from resolver import surveying  # noqa: PLC0415 - only here

        catalogs, missing = _of_each(self.options.targets, lambda target: self._open(target, self.options.python))
        asked = self.options
        question = surveying.question_of(
            asked.policy, asked.cooldown, asked.indexes, asked.extras, asked.groups, asked.direct,
            asked.reviewed, read_popular(asked.popular) if asked.popular else None,
            *((str(one.target), one.target.architecture, one.metadata) for one in catalogs.values()),
        )  # fmt: skip

        def resolve_each(wanted: RequirementSet) -> tuple[tuple[Resolution, ...], tuple[Unconsulted, ...]]:
            found, unknown = _of_each(tuple(catalogs), lambda target: self._backed(self._resolve(wanted, target)))
            return tuple(found.values()), unknown

        def answer(file: str) -> Surveyed:
            return surveying.ask(file, question, lambda name: self._read((name,)), resolve_each)

        known = ledger.known(question) if ledger else {}
        if known:
            self.progress(f"an earlier run was ended early; {len(known)} of {len(files)} files are done")
        fresh = surveying.each([file for file in files if file not in known], answer, jobs=jobs)
        return surveying.joined(files, known, fresh, ledger), missing

    def files(self, *, each: bool) -> tuple[str, ...] | None:
        """Give the files that the inputs stand for, each of which has a report of its own.

        None where they have one together: no folder is among them, and nobody asked for ``each``.
        """
        from resolver.requirements.finding import requirements_files  # noqa: PLC0415 - only here

        inputs = self.options.inputs
        if not each and not any(map(os.path.isdir, inputs)):
            return None
        inputs = inputs or reading.default_inputs(Path.cwd())
        found = (requirements_files(name) if os.path.isdir(name) else (name,) for name in inputs)  # noqa: PTH112 - as named
        return tuple(dict.fromkeys(chain.from_iterable(found)))

    def explain(self, texts: Sequence[str]) -> tuple[Resolution, ...]:
        """Resolve requirements given as arguments."""
        origin = Origin(file="<command line>", line=1)
        wanted = RequirementSet(
            requirements=tuple(reading.parse_requirement(text, origin) for text in texts), inputs=("<command line>",)
        )
        return self._resolve_all(wanted)

    def lock(self) -> tuple[Lock, ...]:
        """Resolve the inputs for each target and make everything exact: all of the locks, or none.

        Raises UnmetError for a gap; of several targets, one error that names each that failed.
        """
        wanted, targets = self._read_warning(), self.options.targets
        locks: list[Lock] = []
        failed: list[tuple[str, DistrofirstError]] = []
        for target in targets:
            try:
                locks.append(self._lock(wanted, target, strict=self.options.strict))
            except DistrofirstError as error:
                if len(targets) == 1:
                    raise
                failed.append((target, error))
        if failed:
            raise of_targets(failed, f"no lock was written: {len(failed)} of {len(targets)} targets have none")
        return tuple(locks)

    def _lock(self, wanted: RequirementSet, target: str, *, strict: bool) -> Lock:
        from resolver import lock as locking  # noqa: PLC0415 - reports make no lock

        resolution = self._resolve(wanted, target)
        for warning in resolution.warnings:
            self.warn(warning)
        if strict:
            refuse(concern for decision in resolution.decisions for concern in decision.concerns)
        lock = locking.from_resolution(resolution, wanted, self._indexes.sources if self._indexes else None)
        return self._attested(lock, resolution, strict=strict) if lock.wheels else lock

    def read_lock(self, path: Path) -> Lock:
        """Read a lock that was written before; out of a folder, the one for the release that is asked about."""
        from resolver import lock as locking  # noqa: PLC0415 - reports read no lock

        if path.is_dir():
            (target,) = self.options.targets
            path = locking.in_folder(path, releases.of_host() if target == HOST else releases.parse(target))
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InputError(
                f"the lock cannot be read: {why}", context=str(path), hint="make one: distrofirst lock"
            ) from error
        return locking.loads(text, context=str(path))

    def mirror(self, folder: Path) -> None:
        """Bring all that an installation of a lock, or of a folder of them, needs into one folder."""
        from resolver import lock as locking  # noqa: PLC0415 - only here
        from resolver import mirroring  # noqa: PLC0415 - only here

        if self.options.offline:
            raise UnavailableError("mirror fetches what locks name", context="--offline", hint="leave --offline out")
        assert self.options.lock is not None  # noqa: S101 - the command line asks for it
        locks = [self.read_lock(path) for path in locking.files_of(self.options.lock)]
        with ExitStack() as stack:
            mirroring.carry_out(
                locks,
                folder,
                wheels=self._supply(stack, self._host, into=folder / WHEELS).wheels,
                targets=self._targets,
                warn=self.warn,
                progress=self.progress,
            )

    def install(self, *, confirm: Callable[[InstallResult], bool]) -> InstallResult:
        """Carry out a lock, or the plan of the inputs, on this host; ``confirm`` sees what will be done first.

        Attestations are verified when the plan is made. Those of a lock are not asked for again: it pins the very file
        by its hash, and whether the file is the locked one is all that is left to check.
        """
        from resolver.venv.install import install  # noqa: PLC0415 - only what acts needs it

        if self.options.targets != (HOST,) and self.options.lock is None:
            raise InputError(
                "only this host can be installed to", context="--target", hint="use lock to plan for another release"
            )
        if self.options.mirror is not None and self.options.lock is None:
            raise InputError(
                "a mirror has what a lock names, and none is given", context="--mirror", hint="name it with --lock"
            )
        lock = self.read_lock(self.options.lock) if self.options.lock else self.lock()[0]
        host = self._host_for(str(lock.target.release), lock.target.python)
        if self.options.lock:
            check_target(lock, host.target, shown=str(self.options.lock))
        _check_coverage(lock, self.options.fail_under)
        _check_repositories(lock, host)
        if self.options.lock:
            self._judge(lock, host)
        packages = self._targets.package_manager(host)
        with ExitStack() as stack:
            carry_out = partial(
                install,
                lock,
                self.options.venv,
                self.runner,
                packages,
                self._supply(stack, lambda: host).wheels,
                register=register_folder(),
                interrupted=self._targets.remover(host.target.architecture).interrupted,
                user_only=self.options.user_only,
            )
            self._tell_who_is_at_work()
            plan = carry_out(dry_run=True)
            if self.options.dry_run or not plan.changed:
                return plan
            if not confirm(plan):
                raise UnmetError("nothing was changed", hint="--yes goes ahead without asking")
            no_source = self.options.offline and self.options.mirror is None
            if no_source and any(command.privileged for command in plan.commands):
                raise UnavailableError(
                    f"{len(plan.added)} OS packages would have to be downloaded",
                    context="--offline",
                    hint="run without --offline; --dry-run shows the commands",
                )
            self._tell_who_is_at_work()
            return carry_out(announce=self._announce)

    def undo(self, *, confirm: Callable[[UndoResult], bool]) -> UndoResult:
        """Take an environment and what came with it away again; ``confirm`` sees what will be done first."""
        from resolver.venv.undo import undo  # noqa: PLC0415 - only what acts needs it

        venv, known = self._environment()
        architecture = known.contract.target.split()[1] if known is not None else None
        packages, register = self._targets.remover(architecture), open_register()
        self._tell_who_is_at_work()
        plan = undo(venv, self.runner, packages, register, dry_run=True)
        if self.options.dry_run:
            return plan
        if plan.changed and not confirm(plan):
            raise UnmetError("nothing was changed", hint="--yes goes ahead without asking")
        self._tell_who_is_at_work()
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

    def review(self) -> Review:
        """Rank the remainder of a plan, or of a lock that is the input, by what most deserves a look."""
        from resolver import lock as locking  # noqa: PLC0415 - only here
        from resolver import reviewing  # noqa: PLC0415 - only here
        from resolver.pypi.owners import OwnersSeen  # noqa: PLC0415 - only here

        options, former = self.options, None
        if len(options.targets) != 1:
            raise InputError("a review is of one target", context="--target", hint="run once for each")
        if options.lock is not None:
            former = reviewing.Former(lock=self.read_lock(options.lock), shown=str(options.lock))
        if len(options.inputs) == 1 and locking.is_ours(Path(options.inputs[0])):
            if options.targets != (HOST,):
                raise InputError("a lock is of one target already", context="--target", hint="leave it out")
            lock = self.read_lock(Path(options.inputs[0]))
            wanted = _sources_of(lock, options.inputs[0])
        else:
            wanted = self._read_warning()
            lock = self._lock(wanted, options.targets[0], strict=False)
        if former is not None and former.lock.target.release != lock.target.release:
            self.warn(f"{former.shown} is of {former.lock.target}, and is held against {lock.target}")
        catalogs = (*self._opened.values(), *self._targets.at_hand())
        known = self._indexes.settings if self._indexes is not None else None
        today = datetime.now(UTC).date()
        with ExitStack() as stack:
            indexes = self._open_indexes(stack, lock.target, wanted, known=known, more=lock.sources.indexes)
            means = reviewing.Means(
                index=indexes,
                wheelhouse=self._supply(stack, self._host).wheels,
                owners=OwnersSeen(indexes.way, self.cache, today),
                catalogs=catalogs,
                resembles=self._names(*catalogs),
                today=today,
            )
            return reviewing.carry_out(lock, former, means)

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

    def _attested(self, lock: Lock, resolution: Resolution, *, strict: bool) -> Lock:
        """Verify the attestations of a plan's wheels (PEP 740); hold them against the lock that is there already."""
        from resolver import lock as locking  # noqa: PLC0415 - reports verify none
        from resolver.pypi import attestations  # noqa: PLC0415 - the same

        of_index = [
            decision.wheel
            for decision in resolution.decisions
            if decision.outcome is Outcome.PYPI
            and decision.wheel
            and decision.reason is not Reason.DIRECT_URL
            and decision.wheel.built is None
        ]
        offline = self.options.offline
        with ExitStack() as stack:
            supply = self._supply(stack, self._host)
            found = attestations.check(of_index, lambda: supply.client, attestations.library(), offline=offline)
        wheels = tuple(
            replace(wheel, attestation=found.get(wheel.project, attestations.unasked(wheel))) for wheel in lock.wheels
        )
        if told := attestations.summary(wheel.attestation for wheel in wheels if wheel.attestation):
            self.progress(told)
        path = locking.place_for(lock.target, self.options.output, several=len(self.options.targets) > 1)
        earlier: tuple[Wheel, ...] = ()
        with suppress(InputError):  # most often there is none, and what is no lock will be replaced all the same
            earlier = self.read_lock(path).wheels
        concerns = list(of_earlier(wheels, {wheel.project: wheel for wheel in earlier}, str(path)))
        for concern in concerns:
            self.warn(concern.text)
        if strict:
            refuse(concerns)
        return replace(lock, wheels=wheels)

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

    def _relaxed(self, wanted: RequirementSet, target: str) -> Resolution:
        """Resolve, and once more without the bounds of each project that ``--relax`` names."""
        before = self._resolve(wanted, target)
        if not self.options.relax:
            return before
        listed = {one.name for one in wanted.requirements}
        if unknown := sorted(set(self.options.relax) - {ALL} - listed):
            raise InputError(
                f"no input asks for {', '.join(unknown)}",
                context="--relax",
                hint=f"name a project that the inputs list, or {ALL}: each whose bound keeps the distribution out",
            )
        names = candidates(before) if ALL in self.options.relax else self.options.relax
        gains = []
        for number, name in enumerate(names, start=1):
            self.progress(f"{target} without the bounds of {name} ({number} of {len(names)})")
            after = self._resolve(relaxed(wanted, name), target)
            gains.append(gain(name, wanted, before, after))
        told = ranked(gains) if ALL in self.options.relax else tuple(gains)
        if len(told) <= 1:
            return replace(before, gains=told, together=told[0].moved if told else ())
        self.progress(f"{target} with the bounds of all of them loosened")
        return replace(before, gains=told, together=moved(before, self._resolve(without(wanted, told), target)))

    def _backed(self, resolution: Resolution) -> Resolution:
        """Add who stands behind the OS packages (rule T2)."""
        from resolver.targets.backing import backing_of, remarks  # noqa: PLC0415 - locks and installs do not tell it

        packages = {
            package.name: package
            for one in resolution.decisions
            if one.os is not None
            for package in one.os.packages(one.extras)
        }
        return replace(
            resolution,
            backing=backing_of(tuple(packages.values()), resolution.target, self.runner, self.cache),
            warnings=(*resolution.warnings, *(remarks(resolution.target) if packages else ())),
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
            index = self._open_indexes(stack, catalog.target, wanted)
            builder = None
            named_commits = any(one.url and is_git(one.url) for one in (*wanted.requirements, *wanted.constraints))
            if not no_index and (policy.allow_sdist or named_commits):
                builder = self._supply(stack, lambda: catalog, index).builder_for(wanted.requirements)
            return resolve(
                wanted,
                catalog,
                None if no_index else index,
                policy,
                builder=builder,
                elsewhere=elsewhere,
                resembles=self._names(catalog),
            )

    def _open_indexes(
        self,
        stack: ExitStack,
        target: Target,
        wanted: RequirementSet,
        *,
        known: IndexSettings | None = None,
        more: tuple[AssignedIndex, ...] = (),
    ) -> Indexes:
        """Get ready to ask the indexes; ``stack`` closes what is opened of them.

        ``known`` is read already; ``more`` are assigned by a lock, and come after what is configured here.
        """
        self._indexes = Indexes(
            stack,
            self.runner,
            self.cache,
            target,
            options=wanted.options,
            assigned=(*self.options.indexes, *more),
            cooldown=self.options.cooldown,
            offline=self.options.offline,
            warn=self.warn,
            known=known,
        )
        return self._indexes

    def _names(self, *catalogs: IndexedCatalog) -> Names:
        """Judge names by what the embedded indexes and the target's own catalog know, and the user's list."""
        return Names(
            lambda: self._targets.known_names().union(*(catalog.names() for catalog in catalogs)),
            popular=self.options.popular,
            reviewed=self.options.reviewed,
            assigned=self.options.indexes,
        )

    def _judge(self, lock: Lock, host: IndexedCatalog) -> None:
        """Judge the wheels of a lock that was made before, maybe by somebody else, and what builds them: their names
        and their age.
        """
        names = self._names(host)
        asked = self.options
        found = [
            concern
            for wheel in with_what_builds(lock.wheels)
            for concern in of_locked(
                wheel,
                names(wheel.project),
                cooldown_for(assigned_to(wheel.project, asked.indexes), asked.cooldown),
            )
        ]
        for concern in dict.fromkeys(found):
            self.warn(concern.text)
        if self.options.strict:
            refuse(dict.fromkeys(found))

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

    def _supply(
        self,
        stack: ExitStack,
        host: Callable[[], IndexedCatalog],
        index: Indexes | None = None,
        *,
        into: Path | None = None,
    ) -> Supply:
        """Make what gets wheels here, or into a mirror's folder; ``index`` chooses what builds them, where this is not
        settled yet.
        """
        from resolver.supply import Means, Supply  # noqa: PLC0415 - most plans build nothing

        mirrored = (self.options.mirror / WHEELS,) if self.options.mirror is not None else ()
        means = Means(
            runner=self.runner,
            cache=self.cache,
            folder=lambda: into or self._wheel_folder,
            others=(cache_folder() / WHEELS,) if into else mirrored,
            catalog=host,
            packages=lambda: self._targets.package_manager(host()),
            names=cache(lambda: self._names(host())),
            warn=self.warn,
            progress=self.progress,
            indexes=self.options.indexes,
            allow=self.options.allow,
            strict=self.options.strict,
            offline=self.options.offline,
        )
        # A plan that was made in this run may come from an index that its inputs name.
        asked = index or self._indexes
        return Supply(stack, means, index=index, settings=lambda: asked.settings if asked is not None else None)

    @cached_property
    def _wheel_folder(self) -> Path:
        """The folder of wheels, one for the whole run: what a plan built is what its installation looks for."""
        from resolver.supply import wheel_folder  # noqa: PLC0415 - as above

        return wheel_folder(cache_folder() / WHEELS, self, self.warn, named=self.options.dry_run)

    def _tell_who_is_at_work(self) -> None:
        """Say before a package manager is asked whom it may have to wait for; not all of them do."""
        if process := holders.at_work():
            self.progress(f"{process} is at work with the package manager; waiting for it where that is needed")

    def _announce(self, command: Command) -> None:
        """Show a command before it runs, sudo included where it goes through that (rule X3)."""
        through = "sudo " if command.privileged and os.geteuid() != 0 else ""
        self.progress(through + command.shell_line())


def _of_each(targets: Sequence[str], ask: Callable[[str], Answer]) -> tuple[dict[str, Answer], tuple[Unconsulted, ...]]:
    """Ask something of each target, and name those that could not be asked.

    Raises what went wrong with the first of them where that holds for all.
    """
    answers: dict[str, Answer] = {}
    missing: list[Unconsulted] = []
    first: DistrofirstError | None = None
    for target in targets:
        try:
            answers[target] = ask(target)
        except (UnavailableError, CommandError, PolicyError) as error:
            first = first or error
            missing.append(Unconsulted(target=target, why=str(error), next_step=error.hint, exit_code=error.exit_code))
    if first is not None and not answers:
        raise first
    return answers, tuple(missing)


def _sources_of(lock: Lock, shown: str) -> RequirementSet:
    """Ask for nothing but the index that a lock's remainder was looked for on, and no other index learns of it (P1)."""
    if lock.sources.index is None:
        return RequirementSet(requirements=())
    option = FileOption(name="--index-url", value=lock.sources.index, origin=Origin(file=shown, line=1))
    return RequirementSet(requirements=(), options=(option,))


def _check_coverage(lock: Lock, bar: float | None) -> None:
    distro, projects = lock.served, len(lock.projects)
    if bar is not None and not reaches(distro, projects, bar):
        raise UnmetError(
            f"the distribution serves {distro} of {projects} projects, {100 * coverage_of(distro, projects):.1f} %",
            context=f"--fail-under {bar:g}",
            hint="`distrofirst report` tells which it does not, and why; nothing was changed",
        )


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
