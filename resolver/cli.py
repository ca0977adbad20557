"""The command line: argv becomes one frozen Options, a use case runs, its result is printed. The only place that exits.

stdout carries the payload, stderr everything else. Exit codes are those of ``resolver.errors`` (README, Exit codes).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from packaging.utils import canonicalize_name

from resolver import __version__, configuration
from resolver.app import App, Options
from resolver.errors import CommandError, DistrofirstError, InputError
from resolver.model import PinsPolicy, Preference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from resolver.model import Lock, Resolution
    from resolver.venv.install import InstallResult

NO = 1
"""The exit code of a question whose answer is no."""
INTERRUPTED = 130
"""What shells say of a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; give the exit code."""
    try:
        arguments = _parser().parse_args(argv)
        return _Session(arguments).run()
    except DistrofirstError as error:
        _print_error(error)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output is gone (``| head``); Python would complain again while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("distrofirst: interrupted", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        _print_error(CommandError(error.strerror or str(error), context=error.filename and str(error.filename)))
        return CommandError.exit_code


class _Parser(argparse.ArgumentParser):
    """argparse with our errors, so that bad usage looks like every other error."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, context=self.prog, hint=f"{self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False)
    common.add_argument("-q", "--quiet", action="store_true", help="print the payload and errors only")
    common.add_argument("-v", "--verbose", action="store_true", help="show everything that was decided")
    common.add_argument("--no-color", action="store_true", help="plain text (NO_COLOR does the same)")
    common.add_argument("--config", type=Path, metavar="FILE", help="instead of distrofirst.toml or pyproject.toml")
    common.add_argument("--offline", action="store_true", help="use what is cached or embedded, never the network")

    target = _Parser(add_help=False)
    target.add_argument(
        "--target", action="append", metavar="T", help="host (default) or a release: debian:13, ubuntu:24.04 …"
    )
    target.add_argument(
        "--repo", action="append", default=[], metavar="URL", help="look at the release through this archive"
    )
    target.add_argument("--repo-key", type=Path, metavar="FILE", help="what that archive is signed with")
    target.add_argument("--arch", metavar="A", help="the target's architecture, in the distribution's words: amd64")

    inputs = _Parser(add_help=False)
    inputs.add_argument("inputs", nargs="*", metavar="INPUT", help="requirements file, pyproject.toml, lock, or -")
    inputs.add_argument("--extra", action="append", default=[], metavar="NAME", help="an extra of pyproject.toml")
    inputs.add_argument("--group", action="append", default=[], metavar="NAME", help="a dependency group (PEP 735)")

    plan = _Parser(add_help=False)
    plan.add_argument("--pins", choices=list(PinsPolicy), help="what == means to the distribution (default: exact)")
    plan.add_argument("--prefer", choices=list(Preference), help="how the remainder is chosen (default: fewest)")
    plan.add_argument("--only-distro", action="store_true", help="never PyPI")
    plan.add_argument("--uploaded-before", metavar="DATE", help="choose nothing younger from PyPI")

    parser = _Parser(
        prog="distrofirst",
        description="Take Python projects from the Linux distribution first, and only the remainder from PyPI,"
        " pinned by hash.",
    )
    parser.add_argument("--version", action="version", version=f"distrofirst {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    report = commands.add_parser(
        "report", parents=[common, target, inputs, plan], help="what comes from where, and what lacks coverage"
    )
    report.add_argument("--format", choices=["text", "json"], default="text")
    report.add_argument("-o", "--output", type=Path, metavar="FILE")
    report.add_argument("--direct", action="store_true", help="the listed requirements alone, without the network")
    report.add_argument("--fail-under", type=float, metavar="PERCENT", help="exit 1 below this coverage")

    lock = commands.add_parser("lock", parents=[common, target, inputs, plan], help="write the plan as pylock.toml")
    lock.add_argument("--format", choices=["pylock", "requirements"], default="pylock")
    lock.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: pylock.<release>.toml; - is stdout")

    install = commands.add_parser(
        "install", parents=[common, inputs, plan], help="carry the plan out: OS packages, then a venv"
    )
    install.add_argument("--lock", type=Path, metavar="FILE", help="instead of resolving inputs")
    install.add_argument("--venv", type=Path, metavar="DIR", help="where the environment goes (default: venv)")
    install.add_argument("--dry-run", action="store_true", help="print the exact commands and run none")
    install.add_argument("--yes", action="store_true", help="do not ask before acting")

    explain = commands.add_parser("explain", parents=[common, target, plan], help="why a project comes from where")
    explain.add_argument("requirements", nargs="+", metavar="REQUIREMENT")
    explain.add_argument("--direct", action="store_true", help="look at the distribution alone, without the network")

    verify = commands.add_parser("verify", parents=[common], help="hold an environment against its lock")
    verify.add_argument("--venv", type=Path, metavar="DIR")
    verify.add_argument("--lock", type=Path, metavar="FILE", help="another lock than the one it was made from")

    update = commands.add_parser("update", parents=[common, target], help="fetch the targets' metadata anew")
    update.add_argument("-o", "--output", type=Path, metavar="DIR", help="write embedded indexes (mappings/)")

    commands.add_parser("targets", parents=[common], help="list the releases that can be asked without fetching")
    return parser


class _Session:
    """One parsed command line, carried out."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._options = _options(arguments, configuration.read(arguments.config, Path.cwd()))
        self._app = App(options=self._options, warn=self._warn, progress=self._progress)

    def run(self) -> int:  # noqa: PLR0911 - one arm a command
        match self._arguments.command:
            case "report":
                return self._report()
            case "lock":
                return self._lock()
            case "install":
                return self._install()
            case "explain":
                return self._explain()
            case "verify":
                return self._verify()
            case "update":
                for path in self._app.update():
                    print(path)
                return 0
            case "targets":
                return self._targets()
            case command:
                raise AssertionError(command)

    def _report(self) -> int:
        from resolver.report.summary import summarize  # noqa: PLC0415 - each command imports its own

        resolutions = self._app.report()
        self._write(self._render(resolutions, self._arguments.format))
        bar = self._arguments.fail_under
        low = [str(r.target) for r in resolutions if bar is not None and not summarize(r).reaches(bar)]
        if low:
            self._progress(f"coverage is under {bar:g} % for {', '.join(low)}")
        return NO if low or any(_unmet(resolution) for resolution in resolutions) else 0

    def _render(self, resolutions: tuple[Resolution, ...], form: str) -> str:
        from resolver.report import as_json, text  # noqa: PLC0415 - the same

        if form == "json":
            return as_json.render(resolutions)
        return text.render(resolutions, width=_width(), color=self._color(), verbose=self._arguments.verbose)

    def _lock(self) -> int:
        from resolver import lock as locking  # noqa: PLC0415 - the same

        lock = self._app.lock()
        text = locking.dumps(lock) if self._arguments.format == "pylock" else locking.dumps_requirements(lock)
        output = self._arguments.output
        if output is None and self._arguments.format == "pylock":
            output = Path(locking.default_name(lock.target))
        if output is None or str(output) == "-":
            sys.stdout.write(text)
        else:
            _replace(output, text)
            self._progress(f"wrote {output}")
        return 0

    def _install(self) -> int:
        from resolver.venv.install import dry_run_lines  # noqa: PLC0415 - the same

        result = self._app.install(confirm=self._confirm)
        if self._options.dry_run:
            for line in dry_run_lines(result.commands):
                print(line)
        elif result.changed:
            self._progress(f"installed into {self._options.venv}")
        else:
            self._progress(f"{self._options.venv} is as it should be; nothing to do")
        return 0

    def _confirm(self, lock: Lock, plan: InstallResult) -> bool:
        """Show what will be done; ask where somebody is there to answer."""
        added = f", {len(plan.added)} of the system new" if plan.added else ""
        self._progress(
            f"{len(lock.os_packages)} OS packages{added}; {len(lock.wheels)} wheels into {self._options.venv}"
        )
        if self._arguments.yes:
            return True
        if not sys.stdin.isatty():
            raise InputError("nobody is here to confirm", context="install", hint="add --yes, or look with --dry-run")
        for command in plan.commands:
            print(f"  {command.shell_line()}", file=sys.stderr)
        print("Go ahead? [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def _explain(self) -> int:
        from resolver.report import explanation  # noqa: PLC0415 - the same

        resolutions = self._app.explain(self._arguments.requirements)
        sys.stdout.write(explanation.render(resolutions, width=_width()))
        return NO if any(_unmet(resolution) for resolution in resolutions) else 0

    def _verify(self) -> int:
        findings = self._app.verify()
        for finding in findings:
            print(finding)
        if not findings:
            self._progress(f"{self._options.venv} is as it should be")
        return NO if findings else 0

    def _targets(self) -> int:
        for release, python, architecture, date in self._app.targets():
            print(f"{release:<14} Python {python:<5} {architecture:<8} metadata of {date}")
        return 0

    def _write(self, text: str) -> None:
        output = self._arguments.output
        if output is None or str(output) == "-":
            sys.stdout.write(text)
        else:
            _replace(output, text)

    def _color(self) -> bool:
        wanted = not self._arguments.no_color and not os.environ.get("NO_COLOR")
        return wanted and self._arguments.output is None and sys.stdout.isatty()

    def _warn(self, text: str) -> None:
        if not self._arguments.quiet:
            print(f"distrofirst: warning: {text}", file=sys.stderr)

    def _progress(self, text: str) -> None:
        if not self._arguments.quiet:
            print(f"distrofirst: {text}", file=sys.stderr)


def _options(arguments: argparse.Namespace, standing: configuration.Configuration) -> Options:
    """Join the command line and the configuration; the command line wins."""
    given = vars(arguments)
    return Options(
        inputs=tuple(given.get("inputs", ())),
        extras=tuple(map(canonicalize_name, given.get("extra", ()))),
        groups=tuple(given.get("group", ())),
        targets=tuple(dict.fromkeys(given.get("target") or _standing_targets(arguments, standing) or ("host",))),
        architecture=given.get("arch"),
        repositories=tuple(given.get("repo", ())),
        repository_key=given.get("repo_key"),
        pins=PinsPolicy(given.get("pins") or standing.pins or PinsPolicy.EXACT),
        pins_for=standing.pins_for,
        prefer=Preference(given.get("prefer") or standing.prefer or Preference.FEWEST),
        only_distro=given.get("only_distro", False) or standing.only_distro,
        exclude=standing.exclude,
        uploaded_before=given.get("uploaded_before") or standing.uploaded_before,
        direct=given.get("direct", False),
        offline=arguments.offline,
        venv=given.get("venv") or Path(standing.venv or "venv"),
        lock=given.get("lock"),
        dry_run=given.get("dry_run", False),
        output=given.get("output"),
    )


def _standing_targets(arguments: argparse.Namespace, standing: configuration.Configuration) -> tuple[str, ...]:
    """Give the configured targets to the commands that take several; a lock and an install are of one host."""
    return standing.targets if arguments.command in {"report", "explain", "update"} else ()


def _unmet(resolution: Resolution) -> bool:
    return any(decision.outcome.value == "unmet" for decision in resolution.decisions)


def _width() -> int | None:
    """Give the terminal's width; None where stdout is none."""
    return os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CommandError(f"cannot write: {error.strerror}", context=str(path)) from error


def _print_error(error: DistrofirstError) -> None:
    place = f"{error.context}: " if error.context else ""
    print(f"distrofirst: error: {place}{error.message}", file=sys.stderr)
    if error.hint:
        print(f"distrofirst: hint: {error.hint}", file=sys.stderr)
