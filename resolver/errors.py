"""Every error that distrofirst raises on purpose: one root, one exit code each (cli.md, Exit codes).

Only ``resolver.cli`` catches these, prints them and exits. Everybody else raises the class whose
meaning fits and lets it pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class DistrofirstError(Exception):
    """The root: one message, where it happened, and what to do next."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, context: str | None = None, hint: str | None = None) -> None:
        """Keep the three parts apart so that the CLI alone decides how they look.

        ``message`` says what was found and what was expected, ``context`` names the place
        (``requirements.txt:3``, a URL, a command), ``hint`` the next step.
        """
        super().__init__(message)
        self.message = message
        self.context = context
        self.hint = hint

    def __str__(self) -> str:
        """Give one line for logs: ``context: message``."""
        return f"{self.context}: {self.message}" if self.context else self.message


class UnmetError(DistrofirstError):
    """The question was answered, and the answer is no (exit 1)."""

    exit_code = 1


class InputError(DistrofirstError):
    """The command line or an input file cannot be used as written (exit 2)."""

    exit_code = 2


class NothingAskedError(InputError):
    """An input file is well-formed, and holds no requirements for anybody to read."""


class UnavailableError(DistrofirstError):
    """Metadata or the network is missing; never to be read as "not covered" (exit 3, rule I6)."""

    exit_code = 3


class CommandError(DistrofirstError):
    """A package manager, pip, or the file system under them failed (exit 4)."""

    exit_code = 4


class RightsError(CommandError):
    """Only root may do that; the hint is what an administrator has to run."""


class PolicyError(DistrofirstError):
    """Refused for safety: a signature, a hash, an index, a wheel's content (exit 5)."""

    exit_code = 5


def of_targets(failed: Sequence[tuple[str, DistrofirstError]], message: str) -> DistrofirstError:
    """Make one error of those of several targets, each of which it names; its kind is the one with the highest code."""
    kind = type(max((error for _, error in failed), key=lambda error: error.exit_code))
    told = [(target, error.message if error.context == target else str(error)) for target, error in failed]
    lines = [f"  {target}: {line}" for target, text in told for line in text.splitlines()]
    hints = dict.fromkeys(error.hint for _, error in failed if error.hint)
    return kind("\n".join([f"{message}:", *lines]), hint="; ".join(hints) or None)
