"""The command line: argv becomes one frozen Options, a use case runs, its result is printed. The only place that exits.

stdout carries the payload, stderr everything else. Exit codes are those of ``resolver.errors`` (README, Exit codes).
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from resolver import configuration, cooldown
from resolver.app import App
from resolver.arguments import parse
from resolver.console import NO, encoded, print_error, put, tell, width, write_files
from resolver.errors import CommandError, DistrofirstError, InputError, UnmetError
from resolver.hosts import releases
from resolver.model import NamedRepository, Outcome, PinsPolicy, Preference
from resolver.options import ALL, Options

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence

    from resolver.cooldown import Cooldown
    from resolver.model import Command, Resolution
    from resolver.model.acting import InstallResult, UndoResult

CRASHED = 70
"""sysexits.h's EX_SOFTWARE: a fault of our own must not read as "no", which is what Python's 1 would mean here."""
INTERRUPTED = 130
"""What shells say of a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give the exit code. Without ``argv`` this is the whole process, whose end is ours as well."""
    if argv is not None:
        return _run(argv)
    # One short run leaves few cycles: without the collector, its pass at the end included, a tenth is saved.
    gc.disable()
    atexit.register(gc.freeze)
    code = _run(None)
    if threading.active_count() > 1:
        # Somebody still fetches ahead what nobody waits for any more. OpenSSL takes itself apart at the interpreter's
        # end, and a thread that is inside it then crashes the process: so that end is left out.
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    return code


def _run(argv: Sequence[str] | None) -> int:
    if not sys.stdout:  # None, where it was closed before Python started
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the rest of the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal of another encoding gets escapes for what it cannot show, not a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _Session(parse(argv)).run()
        # Here rather than at the interpreter's end, where a full disk or a closed pipe could no longer be told.
        sys.stdout.flush()
    except DistrofirstError as error:
        print_error(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output is gone (``| head``).
        _drop_output()
        return 0
    except KeyboardInterrupt:
        print("distrofirst: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        place = str(error.filename) if error.filename else None
        print_error(CommandError(error.strerror or str(error), context=place))
        _drop_output()
        return CommandError.exit_code
    except Exception:  # noqa: BLE001 - the last resort; everything expected has its class
        from traceback import print_exc  # noqa: PLC0415 - never on a good day

        print_exc()
        print("distrofirst: error: a fault of distrofirst itself; please report the lines above", file=sys.stderr)
        return CRASHED
    return code


def _drop_output() -> None:
    """Let what is still to be written to stdout vanish: Python would complain of it again while closing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Session:
    """One parsed command line, carried out."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._told: set[str] = set()
        self._options = _options(arguments, configuration.read(arguments.config, Path.cwd()))
        self._app = App(options=self._options, warn=self._warn, progress=self._progress)

    def run(self) -> int:
        """Do what the command says; give the exit code."""
        commands: dict[str, Callable[[], int]] = {
            "report": self._report,
            "lock": self._lock,
            "mirror": self._mirror,
            "install": self._install,
            "explain": self._explain,
            "diff": self._diff,
            "verify": self._verify,
            "undo": self._undo,
            "audit": self._audit,
            "review": self._review,
            "update": self._update,
            "targets": self._targets,
        }
        return commands[self._arguments.command]()

    def _report(self) -> int:
        from resolver.reporting import Reporting  # noqa: PLC0415 - each command imports its own

        return Reporting(
            arguments=self._arguments,
            options=self._options,
            app=self._app,
            warn=self._warn,
            progress=self._progress,
            color=self._color(),
        ).run()

    def _lock(self) -> int:
        from resolver import lock as locking  # noqa: PLC0415 - the same

        output, several = self._arguments.output, len(self._options.targets) > 1
        as_files = self._arguments.format == "pylock" and str(output) != "-"
        if several and not as_files:
            raise InputError(
                "locks for several targets are files in a folder",
                context="--target",
                hint="name one target, or the folder with -o and no --format",
            )
        if several and output is not None and output.exists() and not output.is_dir():
            raise InputError("it is a file, and several locks need a folder", context=str(output))
        locks = self._app.lock()
        if not as_files:
            write = locking.dumps if self._arguments.format == "pylock" else locking.dumps_requirements
            put(write(locks[0]), output)
            if output is not None and str(output) != "-":
                self._progress(f"wrote {output}")
            return 0
        files = {
            locking.place_for(lock.target, output, several=several): encoded(locking.dumps(lock)) for lock in locks
        }
        if len(files) < len(locks):
            raise InputError("two of the targets are one release", context="--target", hint="leave one of them out")
        if several and output is not None:
            output.mkdir(parents=True, exist_ok=True)
        write_files(files)
        for path in files:
            self._progress(f"wrote {path}")
        return 0

    def _mirror(self) -> int:
        self._app.mirror(self._arguments.output)
        self._progress(f"{self._arguments.output} has what is needed")
        return 0

    def _install(self) -> int:
        from resolver.report import carried_out  # noqa: PLC0415 - the same
        from resolver.venv.install import dry_run_lines  # noqa: PLC0415 - the same

        result = self._app.install(confirm=self._confirm)
        if self._arguments.format == "json":
            sys.stdout.write(carried_out.install(result))
        elif self._options.dry_run or result.left.commands:
            for line in dry_run_lines(result.left.commands or result.commands):
                print(line)
        if result.left.commands:
            sys.stdout.flush()
            raise _for_an_administrator(result, "left" if self._arguments.format == "json" else "what stdout has")
        if not result.changed:
            self._progress(f"{self._options.venv} is as it should be; nothing to do")
        elif not self._options.dry_run:
            self._progress(f"installed into {self._options.venv}")
        return 0

    def _confirm(self, plan: InstallResult) -> bool:
        """Show what will be done; ask where somebody is there to answer."""
        from resolver.report.plain import count  # noqa: PLC0415 - each command imports its own

        added = f", {len(plan.added)} of the system new" if plan.added else ""
        lock = plan.lock
        packages, wheels = count(len(lock.os_packages), "OS package"), count(len(lock.wheels), "wheel")
        self._progress(f"{packages}{added}; {wheels} into {self._options.venv}")
        return self._agreed(plan.commands)

    def _agreed(self, commands: Iterable[Command]) -> bool:
        if self._arguments.yes:
            return True
        if not sys.stdin.isatty():
            context = self._arguments.command
            raise InputError("nobody is here to confirm", context=context, hint="add --yes, or look with --dry-run")
        for command in commands:
            tell(f"  {command.shell_line()}")
        print("Go ahead? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _undo(self) -> int:
        from resolver.report import carried_out  # noqa: PLC0415 - the same
        from resolver.venv.install import dry_run_lines  # noqa: PLC0415 - the same

        result = self._app.undo(confirm=self._confirm_undo)
        if self._options.dry_run:
            self._tell_staying(result)
        if self._arguments.format == "json":
            sys.stdout.write(carried_out.undo(result))
        elif self._options.dry_run:
            for line in dry_run_lines(result.commands):
                print(line)
        if not result.changed:
            self._progress(f"there is no environment in {self._options.venv}; nothing to undo")
        elif not self._options.dry_run:
            self._progress(f"{self._options.venv} is undone")
        return 0

    def _tell_staying(self, plan: UndoResult) -> None:
        for name, why in plan.staying:
            self._progress(f"{name} stays: {why}")
        if plan.unseen:
            more = f" and {len(plan.unseen) - 1} more" if len(plan.unseen) > 1 else ""
            self._warn(
                f"{plan.unseen[0]}{more} cannot be looked into: an environment there may need what is removed;"
                " root's undo would know"
            )

    def _confirm_undo(self, plan: UndoResult) -> bool:
        from resolver.report.plain import count  # noqa: PLC0415 - each command imports its own

        self._tell_staying(plan)
        before = count(plan.untouched, "OS package")
        self._progress(f"{count(len(plan.removed), 'OS package')} to remove; {before} stay that were there before")
        return self._agreed(plan.commands)

    def _explain(self) -> int:
        from resolver.report import explanation  # noqa: PLC0415 - the same

        resolutions = self._app.explain(self._arguments.requirements)
        sys.stdout.write(explanation.render(resolutions, width=width()))
        return NO if any(_unmet(resolution) for resolution in resolutions) else 0

    def _diff(self) -> int:
        from resolver import comparing  # noqa: PLC0415 - the same
        from resolver.report import differences  # noqa: PLC0415 - the same

        found = comparing.carry_out(self._arguments.before, self._arguments.after)
        sys.stdout.write(differences.as_json(found) if self._arguments.format == "json" else differences.text(found))
        return 0

    def _verify(self) -> int:
        from resolver.report import drift  # noqa: PLC0415 - the same

        findings = self._app.verify()
        sys.stdout.write(drift.as_json(findings) if self._arguments.format == "json" else drift.text(findings))
        if not findings:
            self._progress(f"{self._options.venv} is as it should be")
        return NO if findings else 0

    def _audit(self) -> int:
        from resolver.model.audit import Verdict  # noqa: PLC0415 - the same
        from resolver.report import audit  # noqa: PLC0415 - the same

        found = self._app.audit()
        sys.stdout.write(audit.as_json(found) if self._arguments.format == "json" else audit.text(found))
        bad = [Verdict.VULNERABLE, *([Verdict.NOT_CHECKED] if self._arguments.strict else [])]
        return NO if any(map(found.count, bad)) else 0

    def _review(self) -> int:
        from resolver.report import review  # noqa: PLC0415 - the same

        found = self._app.review()
        if self._arguments.format == "json":
            sys.stdout.write(review.as_json(found))
        else:
            sys.stdout.write(review.text(found, width=width(), verbose=self._arguments.verbose))
        return 0

    def _update(self) -> int:
        for path in self._app.update():
            print(path)
        return 0

    def _targets(self) -> int:
        for release, python, architecture, date in self._app.targets():
            print(f"{release:<14} Python {python:<5} {architecture:<8} metadata of {date}")
        others = self._app.other_targets()
        self._progress(
            "to be fetched first (distrofirst update --target T, with --repo URL where this host knows no mirror):"
            f" {', '.join(others)}"
        )
        return 0

    def _color(self) -> bool:
        wanted = not self._arguments.no_color and not os.environ.get("NO_COLOR")
        return wanted and self._arguments.output is None and sys.stdout.isatty()

    def _warn(self, text: str) -> None:
        """Tell of it once, however many files and targets it holds for."""
        if not self._arguments.quiet and text not in self._told:
            self._told.add(text)
            tell(f"distrofirst: warning: {text}")

    def _progress(self, text: str) -> None:
        if not self._arguments.quiet:
            tell(f"distrofirst: {text}")


def _options(arguments: argparse.Namespace, standing: configuration.Configuration) -> Options:
    """Join the command line and the configuration; the command line wins."""
    given = vars(arguments)
    # A mirror has what locks name, and no more: nothing can be planned from it.
    of_lock = arguments.command == "verify" or (arguments.command == "install" and arguments.lock is not None)
    mirror = given.get("mirror") or (standing.mirror if of_lock else None)
    return Options(
        inputs=tuple(given.get("inputs", ())),
        extras=tuple(map(canonicalize_name, given.get("extra", ()))),
        groups=tuple(given.get("group", ())),
        targets=tuple(dict.fromkeys(given.get("target") or _standing_targets(arguments, standing) or ("host",))),
        architecture=given.get("arch"),
        python=given.get("python"),
        repositories=_repositories(given.get("repo", ()), given.get("repo_key", ()), standing.repositories),
        pins=PinsPolicy(given.get("pins") or standing.pins or PinsPolicy.EXACT),
        pins_for=standing.pins_for,
        prefer=Preference(given.get("prefer") or standing.prefer or Preference.FEWEST),
        only_distro=given.get("only_distro", False) or standing.only_distro,
        exclude=standing.exclude,
        allow_sdist=standing.allow_sdist | frozenset(map(canonicalize_name, given.get("allow_sdist", ()))),
        cooldown=_cooldown(given.get("uploaded_before"), standing),
        indexes=standing.indexes,
        popular=standing.popular,
        reviewed=standing.reviewed,
        strict=given.get("strict", False) or standing.strict,
        relax=tuple(ALL if name == ALL else canonicalize_name(name) for name in given.get("relax", ())),
        direct=given.get("direct", False),
        offline=arguments.offline or mirror is not None,
        venv=given.get("venv") or Path(standing.venv or "venv"),
        lock=given.get("lock"),
        allow=standing.allow,
        user_only=given.get("user_only", False),
        dry_run=given.get("dry_run", False),
        fail_under=given.get("fail_under"),
        output=given.get("output"),
        mirror=mirror,
        advisories=given.get("advisories") or (Path(standing.advisories) if standing.advisories else None),
    )


def _repositories(
    named: Sequence[tuple[str | None, str]],
    keys: Sequence[tuple[str | None, str]],
    standing: tuple[NamedRepository, ...],
) -> tuple[NamedRepository, ...]:
    """Join ``--repo`` with the configured repositories, which are left aside for a release that ``--repo`` names."""
    given = [(releases.parse(target) if target else None, url) for target, url in named]
    key_of = {releases.parse(target) if target else None: Path(file) for target, file in keys}
    unused = key_of.keys() - {None, *(release for release, _ in given)}
    if unused:
        raise InputError(f"it is for {unused.pop()}, and no --repo is", context="--repo-key")
    ours = [
        NamedRepository(url=url, key=key_of.get(release, key_of.get(None)), release=release) for release, url in given
    ]
    everywhere = any(one.release is None for one in ours)
    return (*ours, *(one for one in standing if not everywhere and one.release not in {mine.release for mine in ours}))


def _cooldown(text: str | None, standing: configuration.Configuration) -> Cooldown:
    """Turn limits into moments, once a run; without a word about it the default one holds, and is no strict one."""
    now = datetime.now(UTC)
    given = standing.uploaded_before if text is None else cooldown.parse(text, context="--uploaded-before")
    return cooldown.of(given or cooldown.DEFAULT, standing.uploaded_before_for, now, strict=given is not None)


def _standing_targets(arguments: argparse.Namespace, standing: configuration.Configuration) -> tuple[str, ...]:
    """Give the configured targets to the commands that take several; a lock and an install are of one host."""
    return standing.targets if arguments.command in {"report", "explain", "update"} else ()


def _for_an_administrator(result: InstallResult, what: str) -> UnmetError:
    missing = ", ".join(change.name for change in result.left.changes)
    return UnmetError(
        f"these OS packages are missing, or not at the planned versions: {missing}"
        if missing
        else "an OS transaction that was killed has to be finished",
        context="--user-only",
        hint=f"let an administrator run {what}, then repeat the command",
    )


def _unmet(resolution: Resolution) -> bool:
    return any(decision.outcome is Outcome.UNMET for decision in resolution.decisions)
