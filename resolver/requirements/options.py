"""The options of one line of a requirements file: which exist, and how pip reads them.

pip hands them to shlex and optparse; so do we, for the same quoting, abbreviations (``--extra-index``) and glued
values (``-rbase.txt``). The set is the union of what pip 23 to 26 accept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NoReturn

from resolver.errors import InputError

if TYPE_CHECKING:
    from optparse import OptionParser
    from typing import Any

    from resolver.model import Origin

REQUIREMENT = "--requirement"
CONSTRAINT = "--constraint"
EDITABLE = "--editable"
HASH = "--hash"

_WITH_VALUE = (
    ("-i", "--index-url", "--pypi-url"),
    ("--extra-index-url",),
    ("-f", "--find-links"),
    ("-r", REQUIREMENT),
    ("-c", CONSTRAINT),
    ("-e", EDITABLE),
    ("--no-binary",),
    ("--only-binary",),
    ("--all-releases",),
    ("--only-final",),
    ("--trusted-host",),
    ("--use-feature",),
    (HASH,),
    ("-C", "--config-settings"),
    ("--global-option",),
    ("--install-option",),
)
_FLAGS = ("--no-index", "--prefer-binary", "--require-hashes", "--no-require-hashes", "--pre")

FOR_ONE_REQUIREMENT = frozenset({HASH, "--config-settings", "--global-option", "--install-option"})
"""These belong to the requirement before them; all others make a line of their own."""
FOR_A_BUILD = FOR_ONE_REQUIREMENT - {HASH}
"""These steer the build of an sdist."""

STRONG_HASHES = ("sha256", "sha384", "sha512")

# What `pip install` takes, but no requirements file does.
_COMMAND_LINE_ONLY = frozenset(
    {
        *("--upgrade", "-U", "--user", "--target", "-t", "--no-deps", "--force-reinstall", "--ignore-installed", "-I"),
        *("--root", "--prefix", "--no-build-isolation", "--use-pep517", "--no-cache-dir", "--cache-dir", "--timeout"),
        *("--proxy", "--cert", "--retries", "--break-system-packages", "--no-compile", "--quiet", "-q", "--verbose"),
        *("-v", "--group", "--python-version", "--platform", "--implementation", "--abi", "--dry-run", "--report"),
        *("--ignore-requires-python", "--upgrade-strategy", "--src", "--no-clean", "--progress-bar"),
    }
)

# The common case by far, hundreds of lines long in real files; shlex alone would take a millisecond a line.
_ONLY_HASHES = re.compile(r"(?:--hash[= ](?:sha256|sha384|sha512):[0-9A-Za-z]+(?:\s+|$))+")
_ONE_HASH = re.compile(r"(?:sha256|sha384|sha512):[0-9A-Za-z]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class LineOptions:
    """The options of one line."""

    given: tuple[tuple[str, str | None], ...] = ()
    """Long name and value, in order; the value of a flag is None."""
    ignored: tuple[str, ...] = ()
    """Words that belong to no option: pip drops them without a word."""

    def values(self, name: str) -> tuple[str, ...]:
        """Give the values of one option, in order."""
        return tuple(value for given, value in self.given if given == name and value is not None)


def parse_options(text: str, written: str, origin: Origin) -> LineOptions:
    """Read what ``split_line`` gave as options.

    ``written`` is the line to show. Raises InputError for an unknown or ambiguous option, a missing or surplus
    value, an unclosed quote, a weak or malformed hash.
    """
    if not text:
        return LineOptions()
    if _ONLY_HASHES.fullmatch(text):
        return LineOptions(given=tuple((HASH, value) for value in _ONE_HASH.findall(text)))
    import shlex  # noqa: PLC0415 - most files get by without it

    try:
        words = shlex.split(text)
    except ValueError:
        raise InputError(
            f"{written!r} has a quote or backslash without its other half",
            context=str(origin),
            hint="close the quote",
        ) from None
    given: list[tuple[str, str | None]] = []
    try:
        _, ignored = _parser().parse_args(words, _values(given))
    except _RefusedError as refused:
        message = refused.args[0]
        raise InputError(f"{written!r}: {message}", context=str(origin), hint=_hint(message)) from None
    for name, value in given:
        _check(name, value or "", written, origin)
    return LineOptions(given=tuple(given), ignored=tuple(ignored))


def split_line(line: str) -> tuple[str, str]:
    """Split a line at its first word that begins with ``-``: requirement and options, either maybe empty.

    Only the options may be unquoted by shlex: a marker keeps its quotes.
    """
    if line.startswith("-"):
        return "", line
    requirement, dash, options = line.partition(" -")
    return requirement, f"-{options}" if dash else ""


class _RefusedError(Exception):
    """What optparse had to say."""


@cache
def _parser() -> OptionParser:
    from optparse import OptionParser  # noqa: PLC0415 - 6 ms that most files need not pay

    class _Parser(OptionParser):
        def error(self, msg: str) -> NoReturn:
            raise _RefusedError(msg)

    def found(_option: object, _as_given: str, value: str | None, parser: Any, name: str) -> None:  # noqa: ANN401 - optparse's own type is Any here
        parser.values.given.append((name, value))

    parser = _Parser(add_help_option=False)
    for names in _WITH_VALUE:
        name = next(name for name in names if name.startswith("--"))
        parser.add_option(*names, action="callback", callback=found, type="string", callback_args=(name,))
    for name in _FLAGS:
        parser.add_option(name, action="callback", callback=found, callback_args=(name,))
    return parser


def _values(given: list[tuple[str, str | None]]) -> Any:  # noqa: ANN401 - optparse.Values takes any attribute
    from optparse import Values  # noqa: PLC0415 - see _parser

    return Values({"given": given})


def _check(name: str, value: str, written: str, origin: Origin) -> None:
    """Refuse the values that pip refuses. Raises InputError."""
    problem = hint = None
    if name == HASH:
        algorithm, colon, digest = value.partition(":")
        if not colon or not digest:
            problem = f"--hash takes ALGORITHM:DIGEST, found {value!r}"
            hint = "write it as --hash=sha256:abcdef…, as `pip hash FILE` prints it"
        elif algorithm not in STRONG_HASHES:
            problem = f"{algorithm!r} is not accepted by --hash; expected one of {', '.join(STRONG_HASHES)}"
            hint = "`pip hash FILE` prints the sha256"
    elif name in {"--no-binary", "--only-binary", "--all-releases", "--only-final"} and value.startswith("-"):
        problem = f"{name} takes :all:, :none: or names of projects, found the option {value!r}"
    elif name == "--config-settings" and "=" not in value:
        problem = f"--config-settings takes KEY=VALUE, found {value!r}"
    if problem:
        raise InputError(f"{written!r}: {problem}", context=str(origin), hint=hint)


def _hint(message: str) -> str | None:
    """Say what an unknown option probably meant."""
    unknown = re.search(r"no such option: (\S+)", message)
    if not unknown:
        return None
    option = unknown[1]
    if option in _COMMAND_LINE_ONLY:
        return f"pip takes {option} on its command line only: remove the line"
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error's hint

    known = [name for names in _WITH_VALUE for name in names if name.startswith("--")] + list(_FLAGS)
    if close := get_close_matches(option, known, n=1):
        return f"did you mean {close[0]}?"
    return "options that a requirements file may hold: " + ", ".join(sorted(known))
