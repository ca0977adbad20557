"""The use cases, each its steps in order. Knows every part and none of their insides; prints and exits nowhere."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from resolver import requirements as reading
from resolver.admission import admit
from resolver.errors import (
    CommandError,
    DistrofirstError,
    InputError,
    PolicyError,
    RightsError,
    UnavailableError,
    UnmetError,
    of_targets,
)
from resolver.folders import WHEELS, cache_folder, open_register, register_folder
from resolver.hosts import holders, releases
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.model import (
    Command,
    FileOption,
    Origin,
    Outcome,
    Reason,
    RequirementSet,
    Unconsulted,
)
from resolver.names import read_popular
from resolver.planning import Planner
from resolver.resolve import of_earlier, refuse
from resolver.targets import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from resolver.model import Finding, Lock, Resolution, Wheel
    from resolver.model.acting import InstallResult, UndoResult
    from resolver.model.audit import Audit
    from resolver.model.review import Review
    from resolver.options import Options
    from resolver.report.survey.line import Surveyed
    from resolver.surveying import Ledger
    from resolver.venv.record import Record


Answer = TypeVar("Answer")
_SEASON = 90 * 86400.0
"""In seconds."""


@dataclass(kw_only=True)
class App:
    """The use cases of one run. ``warn`` and ``progress`` take one line for people."""

    options: Options
    warn: Callable[[str], None]
    progress: Callable[[str], None]
    runner: ProcessRunner = field(default_factory=ProcessRunner)

    def __post_init__(self) -> None:
        """Put the parts together; nothing is written before there is something to keep."""
        self._planner = Planner(options=self.options, runner=self.runner, warn=self.warn, progress=self.progress)

    def report(self) -> tuple[tuple[Resolution, ...], tuple[Unconsulted, ...]]:
        """Resolve the inputs for each target, and name the targets that could not be asked.

        Raises what went wrong with the first of them where that holds for all.
        """
        wanted = self._planner.read_warning()
        resolutions, missing = _of_each(
            self.options.targets, lambda target: self._planner.backed(self._planner.relaxed(wanted, target))
        )
        return tuple(resolutions.values()), missing

    def survey(
        self, files: Sequence[str], *, jobs: int, ledger: Ledger | None
    ) -> tuple[Iterator[Surveyed], tuple[Unconsulted, ...]]:
        """Report on each of many files, in their order, what a killed run has left in the ledger included.

        Targets that cannot be asked are named, and left out.
        """
        from resolver import surveying  # noqa: PLC0415 - only here

        catalogs, missing = _of_each(
            self.options.targets, lambda target: self._planner.catalog(target, self.options.python)
        )
        asked = self.options
        question = surveying.question_of(
            asked.policy, asked.cooldown, asked.indexes, asked.extras, asked.groups, asked.direct,
            asked.reviewed, read_popular(asked.popular) if asked.popular else None,
            *((str(one.target), one.target.architecture, one.metadata) for one in catalogs.values()),
        )  # fmt: skip

        def resolve_each(wanted: RequirementSet) -> tuple[tuple[Resolution, ...], tuple[Unconsulted, ...]]:
            found, unknown = _of_each(
                tuple(catalogs), lambda target: self._planner.backed(self._planner.resolve(wanted, target))
            )
            return tuple(found.values()), unknown

        def answer(file: str) -> Surveyed:
            return surveying.ask(file, question, lambda name: self._planner.read((name,)), resolve_each)

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
        return self._planner.resolve_all(wanted)

    def lock(self) -> tuple[Lock, ...]:
        """Resolve the inputs for each target and make everything exact: all of the locks, or none.

        Raises UnmetError for a gap; of several targets, one error that names each that failed.
        """
        wanted, targets = self._planner.read_warning(), self.options.targets
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

        resolution = self._planner.resolve(wanted, target)
        for warning in resolution.warnings:
            self.warn(warning)
        if strict:
            refuse(concern for decision in resolution.decisions for concern in decision.concerns)
        lock = locking.from_resolution(
            resolution, wanted, self._planner.indexes.sources if self._planner.indexes else None
        )
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
                wheels=self._planner.supply(stack, self._planner.host, into=folder / WHEELS).wheels,
                targets=self._planner.targets,
                warn=self.warn,
                progress=self.progress,
            )

    def install(self, *, confirm: Callable[[InstallResult], bool]) -> InstallResult:
        """Carry out a lock, or the plan of the inputs, on this host; ``confirm`` sees what will be done first.

        Attestations are verified when the plan is made. Those of a lock are not asked for again: it pins the very file
        by its hash, and whether the file is the locked one is all that is left to check.
        """
        if self.options.mirror is None:
            return self._install(confirm)
        try:
            return self._install(confirm)
        except RightsError as error:
            hint = f"let an administrator run: {self._itself().shell_line()}"
            raise RightsError(error.message, context=error.context, hint=hint) from error

    def _install(self, confirm: Callable[[InstallResult], bool]) -> InstallResult:
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
        host = self._planner.host_for(str(lock.target.release), lock.target.python)
        admit(lock, host, self.options, lambda: self._planner.names(host), self.warn)
        packages = self._planner.targets.package_manager(host)
        with ExitStack() as stack:
            carry_out = partial(
                install,
                lock,
                self.options.venv,
                self.runner,
                packages,
                self._planner.supply(stack, lambda: host).wheels,
                register=register_folder(),
                interrupted=self._planner.targets.remover(host.target.architecture).interrupted,
                user_only=self.options.user_only,
            )
            self._tell_who_is_at_work()
            plan = carry_out(dry_run=True)
            if plan.left.commands and self.options.mirror is not None:
                plan = replace(plan, left=replace(plan.left, commands=(self._itself(),)))
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

    def _itself(self) -> Command:
        """Give what an administrator runs instead of a package manager's command that has a mirror for its source.

        Root would read settings that whoever runs this wrote, and can write anew; root's own run writes its own.
        """
        assert self.options.lock is not None  # noqa: S101 - there is no mirror without a lock
        assert self.options.mirror is not None  # noqa: S101 - who has none does not ask
        lock = self.options.lock.absolute()
        # What came by standard input is nowhere for somebody else.
        shown = str(lock) if lock.is_file() or lock.is_dir() else "LOCK"
        argv = ("distrofirst", "install", "--lock", shown, "--mirror", str(self.options.mirror.absolute()))
        return Command(argv=argv, privileged=True)

    def undo(self, *, confirm: Callable[[UndoResult], bool]) -> UndoResult:
        """Take an environment and what came with it away again; ``confirm`` sees what will be done first."""
        from resolver.venv.undo import undo  # noqa: PLC0415 - only what acts needs it

        venv, known = self._environment()
        architecture = known.contract.target.split()[1] if known is not None else None
        packages, register = self._planner.targets.remover(architecture), open_register()
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
        found = verify(
            contract, venv, self.runner, self._planner.targets.package_manager(self._planner.host_of(contract))
        )
        files = self._planner.targets.files(contract.target.split()[1])
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
            host = self._planner.host_of(known.contract)
            names = [name for name, _ in known.contract.os_packages]
            installed = self._planner.targets.package_manager(host).installed(names)
            subject = auditing.of_environment(known.contract, installed, host.package)
        means = auditing.Means(
            runner=self.runner,
            cache=self._planner.cache,
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
            wanted = self._planner.read_warning()
            lock = self._lock(wanted, options.targets[0], strict=False)
        if former is not None and former.lock.target.release != lock.target.release:
            self.warn(f"{former.shown} is of {former.lock.target}, and is held against {lock.target}")
        catalogs = (*self._planner.opened.values(), *self._planner.targets.at_hand())
        known = self._planner.indexes.settings if self._planner.indexes is not None else None
        today = datetime.now(UTC).date()
        with ExitStack() as stack:
            indexes = self._planner.open_indexes(stack, lock.target, wanted, known=known, more=lock.sources.indexes)
            means = reviewing.Means(
                index=indexes,
                wheelhouse=self._planner.supply(stack, self._planner.host).wheels,
                owners=OwnersSeen(indexes.way, self._planner.cache, today),
                catalogs=catalogs,
                resembles=self._planner.names(*catalogs),
                today=today,
            )
            return reviewing.carry_out(lock, former, means)

    def update(self) -> tuple[Path, ...]:
        """Fetch the metadata of each target anew; with ``output`` as embedded indexes there.

        What the cache has kept for longer than a season goes on the way: whatever is still of use is fetched again.
        """
        if self.options.offline:
            raise UnavailableError("update fetches from the archive", context="--offline", hint="leave --offline out")
        self._planner.cache.prune(older_than=_SEASON)
        FileCache(cache_folder() / WHEELS, warn=self.warn).prune(older_than=_SEASON)
        paths = []
        for target in self.options.targets:
            self.progress(f"fetching the metadata of {target}")
            paths.append(
                self._planner.targets.update(
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
            (str(release), header.python, header.architecture, header.date)
            for release, header in self._planner.targets.known()
        ]

    def other_targets(self) -> tuple[str, ...]:
        """Name the releases whose metadata has to be fetched before they can be asked."""
        return self._planner.targets.unknown()

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
            supply = self._planner.supply(stack, self._planner.host)
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
