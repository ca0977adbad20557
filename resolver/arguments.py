"""The grammar of the command line: which words are commands and options, and what is said of those that are neither.

Reads nothing and does nothing; ``resolver.cli`` makes Options of what comes out.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from resolver import __version__
from resolver.errors import InputError
from resolver.model import PinsPolicy, Preference, Reason
from resolver.report.formats import FORMATS, OF_EACH_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECIDED = {
    "target": "--target",
    "extra": "--extra",
    "group": "--group",
    "pins": "--pins",
    "prefer": "--prefer",
    "only_distro": "--only-distro",
    "uploaded_before": "--uploaded-before",
    "allow_sdist": "--allow-sdist",
    "python": "--python",
    "arch": "--arch",
    "direct": "--direct",
}
"""What a lock or a report has settled, and whoever reads it would have to ignore."""


class _Parser(argparse.ArgumentParser):
    """argparse with our errors, so that bad usage looks like every other error; no option may be abbreviated."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - argparse's own, whatever they are
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        raise InputError(message, context=self.prog.partition(" ")[2] or None, hint=f"{self.prog} --help")

    def refuse_option(self, word: str) -> NoReturn:
        """Refuse an option that this command does not have, with the one that was probably meant."""
        from difflib import get_close_matches  # noqa: PLC0415 - only for typing errors

        option = word.partition("=")[0]
        close = get_close_matches(option, self._option_string_actions, n=1, cutoff=0.75)
        hint = f"did you mean {close[0]}?" if close else f"{self.prog} --help"
        raise InputError(f"there is no option {option}", context=self.prog.partition(" ")[2] or None, hint=hint)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; inputs may stand between options, which argparse alone does not manage."""
    parser = build_parser()
    arguments, rest = parser.parse_known_args(argv)
    command: _Parser = getattr(arguments, "parser", parser)
    for word in rest:
        if word.startswith("-") and word != "-":
            command.refuse_option(word)
    several = getattr(arguments, "inputs", getattr(arguments, "requirements", None))
    if several is not None:
        several += rest
    elif rest:
        command.error(f"unexpected argument {rest[0]!r}")
    if arguments.command is None:
        parser.error("no command was given")
    if getattr(arguments, "repo_key", None) and not arguments.repo:
        command.error("--repo-key is the key of a --repo, and none is given")
    if arguments.command == "install" and arguments.lock is not None:
        if arguments.inputs:
            command.error("INPUT does not go with --lock: a lock is decided already")
        refuse_decided(arguments, "--lock: a lock is decided already")
    return arguments


def refuse_decided(arguments: argparse.Namespace, what: str) -> None:
    """Refuse what says how to plan, where there is a plan already. Raises InputError."""
    for name, shown in _DECIDED.items():
        if getattr(arguments, name, None):
            raise InputError(
                f"{shown} does not go with {what}",
                context=arguments.command,
                hint=f"distrofirst {arguments.command} --help",
            )


def _percent(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:  # noqa: PLR2004 - per cent; also refuses nan
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage; expected 0 to 100")
    return share


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,2}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes; expected 1 to 999")
    return int(text)


def _of_target(text: str) -> tuple[str | None, str]:
    """Part ``centos:9=URL``; the target is None where only the rest is there. A URL's scheme is no distribution."""
    found = re.fullmatch(r"(?!file:|https?:)([a-z]+:[a-z0-9.-]+)=(.*)", text, re.ASCII | re.IGNORECASE | re.DOTALL)
    target, rest = found.groups() if found else (None, text)
    if not rest:
        raise argparse.ArgumentTypeError(f"nothing follows {text!r}" if text else "it is empty")
    return target, rest


def _python(text: str) -> str:
    if not re.fullmatch(r"3\.\d+", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no Python; expected X.Y, for example 3.11")
    return text


def _everywhere(*, before_command: bool) -> _Parser:
    """Make the options of every command. Given before it or after it they mean the same: the latter have no default,
    which would undo the former.
    """
    parser = _Parser(add_help=False, argument_default=None if before_command else argparse.SUPPRESS)
    options = parser.add_argument_group("options of every command")
    options.add_argument("-q", "--quiet", action="store_true", help="print the payload and errors only")
    options.add_argument("-v", "--verbose", action="store_true", help="show everything that was decided")
    options.add_argument("--no-color", action="store_true", help="plain text (NO_COLOR does the same)")
    options.add_argument("--config", type=Path, metavar="FILE", help="instead of distrofirst.toml or pyproject.toml")
    options.add_argument("--offline", action="store_true", help="use what is cached or embedded, never the network")
    return parser


def _repository_options() -> _Parser:
    """Make the options that say through what a release is looked at."""
    repositories = _Parser(add_help=False)
    about = repositories.add_argument_group("repositories")
    about.add_argument(
        "--repo",
        type=_of_target,
        action="append",
        default=[],
        metavar="[T=]URL",
        help="look at the release (of several targets: at T) through this apt or rpm-md repository",
    )
    about.add_argument(
        "--repo-key",
        type=_of_target,
        action="append",
        default=[],
        metavar="[T=]FILE",
        help="what that repository (of several targets: T's) is signed with",
    )
    return repositories


def _target_options() -> _Parser:
    """Make the options that say which release is looked at, and through what."""
    target = _Parser(add_help=False, parents=[_repository_options()])
    about_target = target.add_argument_group("the target")
    about_target.add_argument(
        "--target",
        action="append",
        metavar="T",
        help="host (default) or a release: debian:13, fedora:43, opensuse:tumbleweed …",
    )
    about_target.add_argument(
        "--arch", metavar="A", help="its architecture, in the distribution's words: amd64, x86_64"
    )
    return target


def build_parser() -> _Parser:
    """Make the parser: each command, its options, their help."""
    common = _everywhere(before_command=False)

    python = _Parser(add_help=False)
    python.add_argument(
        "--python",
        type=_python,
        metavar="X.Y",
        help="plan for this Python, where a release has several side by side (default: its main one)",
    )

    target = _target_options()

    inputs = _Parser(add_help=False)
    inputs.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="requirements file, pyproject.toml, pylock.toml, or - for stdin; report takes folders, too,"
        " and other hosts' reports as JSON"
        " (default: requirements.txt, else pyproject.toml)",
    )
    inputs.add_argument("--extra", action="append", default=[], metavar="NAME", help="an extra of pyproject.toml")
    inputs.add_argument("--group", action="append", default=[], metavar="NAME", help="a dependency group (PEP 735)")

    plan = _Parser(add_help=False)
    about_plan = plan.add_argument_group("the plan")
    about_plan.add_argument(
        "--pins",
        choices=[policy.value for policy in PinsPolicy],
        help="what == means to the distribution (default: exact)",
    )
    about_plan.add_argument(
        "--prefer",
        choices=[preference.value for preference in Preference],
        help="of the remainder, the releases that keep most projects with the distribution (fewest, the default),"
        " or the newest",
    )
    about_plan.add_argument("--only-distro", action="store_true", help="never PyPI; what is not covered is unmet")
    about_plan.add_argument(
        "--uploaded-before",
        metavar="LIMIT",
        help="choose nothing younger from PyPI: a date, an age ('7 days'), or off (default: 3 days)",
    )
    about_plan.add_argument(
        "--allow-sdist",
        action="append",
        default=[],
        metavar="NAME",
        help="build this project from its sdist, in a sandbox without network, where no wheel fits",
    )

    strict = _Parser(add_help=False)
    strict.add_argument(
        "--strict",
        action="store_true",
        help="refuse what somebody has to decide: lookalikes, withdrawn releases, unknown ages",
    )

    parser = _Parser(
        prog="distrofirst",
        description="Take Python projects from the Linux distribution first, and only the remainder from PyPI,"
        " pinned by hash.",
        epilog="distrofirst COMMAND --help tells the options of a command.",
        parents=[_everywhere(before_command=True)],
    )
    parser.add_argument("--version", action="version", version=f"distrofirst {__version__}", help="print the version")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")

    def add(name: str, *parents: _Parser, does: str) -> _Parser:
        command = commands.add_parser(name, parents=[*parents, common], help=does, description=f"{does.capitalize()}.")
        command.set_defaults(parser=command)
        return command

    _report(add("report", target, python, inputs, plan, does="what comes from where, and what lacks coverage and why"))
    lock = add("lock", target, python, inputs, plan, strict, does="write the plan as pylock.<release>.toml")
    lock.add_argument(
        "--format",
        choices=["pylock", "requirements"],
        default="pylock",
        help="default: pylock (PEP 751); requirements is the remainder alone, for older pip, on stdout",
    )
    lock.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE|DIR",
        help="default: pylock.<release>.toml; a folder gets that, and has to be one for several targets; - is stdout",
    )

    _mirror(
        add("mirror", _repository_options(), does="fetch what locks name into one folder, for hosts without a network")
    )
    _install(
        add("install", python, inputs, plan, strict, does="carry the plan out on this host: OS packages, then a venv")
    )

    explain = add("explain", target, python, plan, does="why a project comes from where it does")
    explain.add_argument("requirements", nargs="+", metavar="REQUIREMENT", help="for example 'requests>=2.31'")
    explain.add_argument("--direct", action="store_true", help="look at the distribution alone, without the network")

    diff = add("diff", does="what moved between two reports (JSON) or locks, and why")
    diff.add_argument("before", type=Path, metavar="OLD", help="a report as JSON, or a lock")
    diff.add_argument("after", type=Path, metavar="NEW", help="the same, later or of another release")
    diff.add_argument("--format", choices=["text", "json"], default="text", help="default: text")

    verify = add("verify", does="hold an environment against the lock it was made from")
    verify.add_argument("--venv", type=Path, metavar="DIR", help="default: venv")
    verify.add_argument("--lock", type=Path, metavar="FILE", help="another lock than the one it was made from")
    _from_mirror(verify, does="on a host without package lists: the folder of `mirror` that it installs from")
    verify.add_argument("--format", choices=["text", "json"], default="text", help="default: text")

    undo = add("undo", does="take an environment away, and the OS packages that came with it and nobody else needs")
    _acting(undo, venv="default: venv")
    _audit(add("audit", does="known vulnerabilities: clean, vulnerable or not checked"))

    _review(add("review", target, python, inputs, plan, does="what to review, by what most deserves a look"))

    update = add("update", target, python, does="fetch the metadata of the targets anew")
    update.add_argument("-o", "--output", type=Path, metavar="DIR", help="write embedded indexes (mappings/)")

    add("targets", does="list the releases that answer without fetching")
    return parser


def _report(report: _Parser) -> None:
    report.add_argument(
        "--format",
        choices=[*FORMATS, *OF_EACH_FILE],
        default="text",
        help="default: text; jsonl is a line a file; folders have no sarif and no cyclonedx",
    )
    report.add_argument("-o", "--output", type=Path, metavar="FILE", help="instead of stdout")
    report.add_argument("--direct", action="store_true", help="the listed requirements alone, without the network")
    report.add_argument("--fail-under", type=_percent, metavar="PERCENT", help="exit 1 below this coverage")
    report.add_argument(
        "--fail-on",
        action="append",
        default=[],
        choices=[reason.value for reason in Reason if reason is not Reason.MARKER_FALSE],
        metavar="REASON",
        help="exit 1 where a project is not served for this reason: not-packaged, demoted … (as in the JSON)",
    )
    report.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="an earlier report (JSON) or lock: of the gaps, only those that are new since make the exit code 1",
    )
    report.add_argument(
        "--relax",
        action="append",
        default=[],
        metavar="NAME",
        help="what setting aside the bounds of this project would buy (repeatable); all: of each that is kept out",
    )
    report.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes that share a folder's files")
    report.add_argument(
        "--strict", action="store_true", help="exit 2 where a file of a folder cannot be read; without, it is named"
    )


def _acting(command: argparse.ArgumentParser, *, venv: str) -> None:
    command.add_argument("--venv", type=Path, metavar="DIR", help=venv)
    command.add_argument("--dry-run", action="store_true", help="print the exact commands and run none")
    command.add_argument("--yes", action="store_true", help="do not ask before acting")
    command.add_argument(
        "--format", choices=["text", "json"], default="text", help="default: text; json tells what was or would be done"
    )


def _from_mirror(command: argparse.ArgumentParser, *, does: str) -> None:
    command.add_argument("--mirror", type=Path, metavar="DIR", help=does)


def _mirror(mirror: _Parser) -> None:
    mirror.add_argument("--lock", type=Path, metavar="FILE|DIR", required=True, help="a lock, or a folder of them")
    mirror.add_argument("-o", "--output", type=Path, metavar="DIR", required=True, help="the folder; what it has stays")


def _install(install: _Parser) -> None:
    install.add_argument(
        "--lock", type=Path, metavar="FILE|DIR", help="instead of resolving inputs; of a folder, this release's"
    )
    _from_mirror(install, does="with --lock: from this folder of `mirror` alone, without a network")
    install.add_argument(
        "--fail-under", type=_percent, metavar="PERCENT", help="exit 1, and change nothing, below this coverage"
    )
    install.add_argument(
        "--user-only",
        action="store_true",
        help="the environment alone: where OS packages are missing, print what an administrator must run, and exit 1",
    )
    _acting(install, venv="where the environment goes (default: venv)")


def _audit(audit: _Parser) -> None:
    subject = audit.add_mutually_exclusive_group()
    subject.add_argument("--venv", type=Path, metavar="DIR", help="what an environment holds (default: venv)")
    subject.add_argument("--lock", type=Path, metavar="FILE", help="what a lock would install")
    audit.add_argument(
        "--advisories",
        type=Path,
        metavar="DIR",
        help="an advisory database in OSV's format: a folder, a zip or a JSON file (default: the index is asked)",
    )
    audit.add_argument("--strict", action="store_true", help="exit 1 also when something is not checked")
    audit.add_argument("--format", choices=["text", "json"], default="text", help="default: text")


def _review(review: _Parser) -> None:
    review.add_argument("--lock", type=Path, metavar="FILE", help="the lock in use: tell what changed since")
    review.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
