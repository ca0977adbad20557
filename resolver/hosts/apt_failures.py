"""What apt, dpkg and sudo say when they fail, turned into errors with a cause and a next step.

apt has one exit code (100) for everything, so its messages are all there is to go by. They are stable: the runner
sets LC_ALL=C.UTF-8, and apt 2.6 (Debian 12) and 3.0 (Debian 13) word each of these alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts.failures import failure, first_of

if TYPE_CHECKING:
    from resolver.model import Command, Completed

_STALE = "the lists of the archive may be out of date: run `apt-get update`, then make the lock anew"

_FAILURES = (
    # What must not be read as a mere failure to fetch comes first.
    failure(
        r"cannot be authenticated!\n((?: +\S[^\n]*\n)+)",
        PolicyError,
        "no signature vouches for these OS packages: {0}",
        "sign the repository, or take these projects from elsewhere",
    ),
    failure(
        r"unauthenticated packages",
        PolicyError,
        "no signature vouches for some of the OS packages",
        "sign the repository, or take these projects from elsewhere",
    ),
    failure(
        r"^E: Failed to fetch (\S+) +(?:Hash Sum mismatch|File has unexpected size)",
        PolicyError,
        "{0} is not the file that the signed lists name",
        "run `apt-get update`; a mirror in the middle of its own update, or a proxy, serves another file",
    ),
    failure(
        r"No space left on device|You don't have enough free space in (\S+)",
        CommandError,
        "the disk is full",
        "free some space, run `dpkg --configure -a`, then repeat the command",
    ),
    failure(
        r"dpkg was interrupted",
        CommandError,
        "an earlier installation of OS packages was interrupted",
        "run `dpkg --configure -a` as root, then repeat the command",
    ),
    failure(
        r"Could not get lock (\S+)\. It is held by process (\d+) \(([^)]*)\)",
        CommandError,
        "another package manager is at work: process {1} ({2}) holds {0}",
        "repeat the command when it has finished",
    ),
    failure(
        r"Unable to (?:acquire the dpkg frontend lock|lock (?:the administration|directory)).*is another process",
        CommandError,
        "another package manager is at work",
        "repeat the command when it has finished",
    ),
    failure(
        r"are you root\?",
        CommandError,
        "OS packages can be installed by root only",
        "run the command as root, or install sudo",
    ),
    failure(
        r"Version '([^']+)' for '([^']+)' was not found",
        CommandError,
        "the archive no longer has {1} {0}, which the lock asks for",
        _STALE,
    ),
    failure(
        r"Unable to locate package (\S+)",
        CommandError,
        "no repository of this host has the OS package {0}",
        _STALE,
    ),
    failure(
        r"Package '([^']+)' has no installation candidate",
        CommandError,
        "no repository of this host has the OS package {0}",
        _STALE,
    ),
    failure(
        r"will be DOWNGRADED:\n((?: +\S[^\n]*\n)+).*without --allow-downgrades",
        CommandError,
        "newer versions than the locked ones are installed, and nothing is ever downgraded: {0}",
        "make the lock anew: the installed versions may do as well",
    ),
    failure(
        r"held packages will be changed:\n((?: +\S[^\n]*\n)+).*without --allow-change-held-packages",
        CommandError,
        "these OS packages are held at another version than the locked one: {0}",
        "`apt-mark unhold` them, or make the lock anew to suit them",
    ),
    failure(
        r"will be REMOVED:\n((?: +\S[^\n]*\n)+).*remove is disabled",
        CommandError,
        "these installed OS packages would have to go, and nothing is ever removed: {0}",
        "remove them yourself if they are not needed, or take the project that conflicts from PyPI",
    ),
    failure(
        r"unmet dependencies:\n((?: +\S[^\n]*\n)+)",
        CommandError,
        "the OS packages do not fit what is installed: {0}",
        "run `apt-get --fix-broken install` and `apt-get update`, then make the lock anew",
    ),
    failure(
        r"^E: Failed to fetch (\S+) +404 ",
        UnavailableError,
        "the archive no longer has {0}",
        _STALE,
    ),
    failure(
        r"^E: Failed to fetch (\S+) +([^\n]+)",
        UnavailableError,
        "cannot download {0}: {1}",
        "check the network and the proxy, then repeat the command",
    ),
    failure(
        r"Errors were encountered while processing:\n((?: +\S[^\n]*\n?)+)",
        CommandError,
        "dpkg could not set up these OS packages: {0}",
        "see the messages above; after the cause is gone, run `dpkg --configure -a`, then repeat the command",
    ),
)


def failure_of(command: Command, done: Completed) -> DistrofirstError:
    """Give the error that fits what a failed apt-get printed; never returns None, for not all can be known."""
    output = f"{done.stdout}\n{done.stderr}"
    context = f"{command.argv[0]} {command.argv[1]}"
    return first_of(_FAILURES, output, context=context, tidy=_listed) or CommandError(
        f"apt failed (exit code {done.returncode}): {_last_word(output)}", context=context, hint=command.shell_line()
    )


def _listed(text: str) -> str:
    """Make one line of apt's indented list."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "; ".join(lines) if any(":" in line for line in lines) else ", ".join(" ".join(lines).split())


def _last_word(output: str) -> str:
    """Find the first line that apt marks as an error, else the last that says anything."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line[3:] for line in lines if line.startswith("E: ")), lines[-1] if lines else "it said nothing")
