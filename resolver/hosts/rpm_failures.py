"""What dnf5, dnf4, zypper and rpm below them say when they fail, turned into errors with a cause and a next step.

dnf has one exit code (1) for everything and zypper a few, so the messages are what there is to go by. The runner sets
LC_ALL=C.UTF-8. What tests/unit keeps was printed by dnf5 5.4, dnf 4.14 and zypper 1.14.89, word for word.

The order matters. What is refused for its signature is never to be read as a mere failure to fetch, and what rpm
itself says explains more than the tool's summary of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import CommandError, UnavailableError
from resolver.hosts.dnf_failures import DNF4, DNF5
from resolver.hosts.failures import failure, first_of
from resolver.hosts.rpm_own_failures import RPM_POST
from resolver.hosts.zypper_failures import ZYPPER

if TYPE_CHECKING:
    from resolver.errors import DistrofirstError
    from resolver.hosts.failures import Failure
    from resolver.model import Command, Completed

_TABLES: dict[str, tuple[Failure, ...]] = {"dnf5": DNF5, "dnf": DNF4, "zypper": ZYPPER}

_SKIPPED = (
    r">>> (?:Usable URL not found|No more mirrors to try|[^\n]*GPG signature)"  # dnf5
    r"|^Ignoring repositories: "  # dnf4
    r"|^(?:Warning: )?Skipping repository '"  # zypper
)


def failure_of(command: Command, done: Completed) -> DistrofirstError:
    """Give the error that fits what a failed dnf5, dnf or zypper printed; never None, for not all can be known."""
    output = f"{done.stdout}\n{done.stderr}"
    tool, context = _named(command)
    return first_of(_TABLES[tool], output, context=context, tidy=_tidied) or CommandError(
        f"{tool} failed (exit code {done.returncode}): {_last_word(output)}",
        context=context,
        hint=command.shell_line(),
    )


def as_unavailable(error: DistrofirstError) -> DistrofirstError:
    """A question that cannot be answered is missing metadata (rule I6), unless it is a matter of policy."""
    if isinstance(error, CommandError):
        return UnavailableError(error.message, context=error.context, hint=error.hint)
    return error


def failed_script(command: Command, done: Completed) -> DistrofirstError | None:
    """Find the %post script that failed although the tool answers 0."""
    output = f"{done.stdout}\n{done.stderr}"
    return first_of(RPM_POST, output, context=_named(command)[1], tidy=_tidied)


def skipped_repository(command: Command, done: Completed) -> DistrofirstError | None:
    """Find the repository that was passed over, as ``skip_if_unavailable`` allows, although the tool answers 0.

    A mirror that failed before another one answered does not count.
    """
    output = f"{done.stdout}\n{done.stderr}"
    marked = first_of((failure(_SKIPPED, UnavailableError, ""),), output, context="")
    return failure_of(command, done) if marked else None


def _named(command: Command) -> tuple[str, str]:
    """Tell the tool and what it was asked to do: ``dnf5`` and ``dnf5 install``."""
    tool = command.argv[0]
    verbs = ("install", "remove", "refresh", "makecache", "repoquery", "download", "search", "repos", "repo", "locks")
    return tool, f"{tool} {next((word for word in command.argv if word in verbs), '')}".strip()


def _tidied(text: str) -> str:
    """Make one line of the solver's indented list; say an EVR's zero epoch and dnf's trailing comma to nobody."""
    return "; ".join(line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()).rstrip(",")


def _last_word(output: str) -> str:
    """Find the last line that is marked as an error, else the last that says anything."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it said nothing"])[-1]
