"""What dnf5, dnf4, zypper and rpm below them say when they fail, turned into errors with a cause and a next step.

dnf has one exit code (1) for everything and zypper a few, so the messages are what there is to go by. The runner sets
LC_ALL=C.UTF-8. Every pattern was seen with dnf5 5.4, dnf 4.14 and zypper 1.14.89; tests/unit keeps their words.

The order matters. What is refused for its signature is never to be read as a mere failure to fetch, and what rpm
itself says explains more than the tool's summary of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.hosts.failures import failure, first_of

if TYPE_CHECKING:
    from resolver.errors import DistrofirstError
    from resolver.hosts.failures import Failure
    from resolver.model import Command, Completed

_SIGN = "have the repository sign its packages, or take these projects from elsewhere"
_KEY = (
    "make sure that gpgkey names the repository's own key; a package that somebody else signed is not to be installed"
)
_MIRROR = "a mirror in the middle of its own update, or a proxy, serves another file: repeat the command later"
_NETWORK = "check the network and the proxy, then repeat the command"
_STALE = "the lock may be out of date: fetch the repositories' metadata anew, then make the lock anew"
_AGAIN = "repeat the command when it has finished"
_FIT = "fetch the repositories' metadata and the host's updates, then make the lock anew"
_SPACE = "free some space, then repeat the command"
_ABOVE = "see its messages above; nothing of this OS package is installed"
_LATER = "see its messages above; the OS package counts as installed, and may not work as it should"

_RPM_POST = (
    failure(
        r"%(post\w*)\((\S+?)\) scriptlet failed, exit status (\d+)",
        CommandError,
        "{1} is installed, but its %{0} script failed (exit status {2})",
        _LATER,
    ),
    failure(
        r'lua script failed: \[string "%(post\w*)\((\S+?)\)"\]:\d+: ([^\n]+)',
        CommandError,
        "{1} is installed, but its %{0} script failed: {2}",
        _LATER,
    ),
)
"""dnf4 answers 0 to these, zypper 0 or 107."""

_RPM = (
    failure(
        r"%(pre\w*)\((\S+?)\) scriptlet failed, exit status (\d+)",
        CommandError,
        "{1} could not be installed: its %{0} script failed (exit status {2})",
        _ABOVE,
    ),
    failure(
        r'lua script failed: \[string "%(pre\w*)\((\S+?)\)"\]:\d+: ([^\n]+)',
        CommandError,
        "{1} could not be installed: its %{0} script failed: {2}",
        _ABOVE,
    ),
    failure(
        r"installing package (\S+) needs (\S+) more space on the (\S+) filesystem",
        CommandError,
        "the disk is full: {0} needs {1} more below {2}",
        _SPACE,
    ),
    failure(r"No space left on device|Curl error \(23\)", CommandError, "the disk is full", _SPACE),
    failure(
        r"file (\S+) (?:from install of|conflicts between attempted installs of) (\S+) (?:conflicts with file from"
        r" (?:package|install of)|and) (\S+)",
        CommandError,
        "{1} and {2} both have the file {0}",
        "one of the two has to go: remove it, or take the project that needs the other from PyPI",
    ),
    failure(
        r"can't create transaction lock on (\S+)",
        CommandError,
        "another process holds rpm's database ({0})",
        _AGAIN,
    ),
    failure(
        r"cannot open Packages database|rpmtsOpenDB failed|rpmdb open failed|Failed to open database",
        CommandError,
        "rpm's database cannot be read",
        "`rpm --verifydb` says more, and `rpm --rebuilddb` (as root) repairs it",
    ),
)

_LIBREPO_SIGNATURES = (
    failure(
        r"(?:repository|repo) [\"']([^\"']+)[\"']: (?:repomd\.xml )?GPG signature verification error: ([^\n]+)",
        PolicyError,
        "the signature of the repository {0} cannot be verified: {1}",
        _KEY,
    ),
    failure(
        r"GPG signature verification error: ([^\n]+)",
        PolicyError,
        "the signature of a repository cannot be verified: {0}",
        _KEY,
    ),
    failure(
        r"(?:repository|repo) [\"']([^\"']+)[\"']: GPG verification is enabled, but GPG signature is not available",
        PolicyError,
        "the repository {0} is not signed, and repo_gpgcheck=1 asks for it",
        _SIGN,
    ),
    failure(
        r"GPG verification is enabled, but GPG signature is not available[^\n]*?(\S+)/repodata/repomd\.xml\.asc",
        PolicyError,
        "the repository at {0} is not signed, and repo_gpgcheck=1 asks for it",
        _SIGN,
    ),
    failure(
        r"checksum doesn't match\.[^\n]* - (\S+)$",
        PolicyError,
        "{0} is not the file that the repository's metadata names",
        _MIRROR,
    ),
    failure(
        r"checksum doesn't match\..*?repo '([^']+)'[^\n]*Downloading error\(s\): (\S+) ",
        PolicyError,
        "{1} of the repository {0} is not the file that the repository's metadata names",
        _MIRROR,
    ),
    failure(
        r"checksum doesn't match\.",
        PolicyError,
        "a file is not the one that the repository's metadata names",
        _MIRROR,
    ),
)
"""dnf5 and dnf4 download through the same library."""

_LIBREPO_NETWORK = (
    failure(
        r"Status code: (\d+) for (\S+repomd\.xml)",
        UnavailableError,
        "there is no repository at {1}: the server answers {0}",
        "check the repository's baseurl",
    ),
    failure(
        r"Status code: 40[34] for (\S+)|Curl error \(37\)[^\n]*? for (\S+)",
        UnavailableError,
        "the repository no longer has {0}{1}",
        _STALE,
    ),
    failure(
        r"(?:Curl error \(\d+\)|Status code): [^\n]*? for (\S+) [\[(]([^\])\n]+)[\])]",
        UnavailableError,
        "cannot download {0}: {1}",
        _NETWORK,
    ),
    failure(
        r"Failed to download metadata [^\n]*(?:repository|repo) [\"']([^\"']+)[\"']: ([^\n]+)",
        UnavailableError,
        "the repository {0} cannot be reached: {1}",
        _NETWORK,
    ),
    failure(
        r"(?:Failed to download metadata|Usable URL not found|All mirrors were tried|all mirrors were already tried)",
        UnavailableError,
        "a repository cannot be reached",
        _NETWORK,
    ),
)

_SOLVER = (
    failure(
        r"nothing provides (\S[^\n]*?) needed by (\S+)",
        CommandError,
        "{1} needs {0}, which no repository of this host has",
        _FIT,
    ),
    failure(
        r"Problem(?: \d+)?: ([^\n]+(?:\n +- [^\n]+){0,2})",
        CommandError,
        "the OS packages do not fit what is installed: {0}",
        _FIT,
    ),
)

_DNF5 = (
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: The package is not signed',
        PolicyError,
        "{0} from the repository {1} is not signed",
        _SIGN,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: Import of the key didn\'t help',
        PolicyError,
        "{0} is signed by a key that the repository {1} does not name",
        _KEY,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: [^\n]*any OpenPGP keys configured',
        PolicyError,
        "{0} cannot be verified: the repository {1} names no key (gpgkey)",
        _KEY,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: ([^\n]+)',
        PolicyError,
        "{0} from the repository {1} cannot be verified: {2}",
        _KEY,
    ),
    *_RPM,
    *_RPM_POST,
    *_LIBREPO_SIGNATURES,
    failure(
        r"requires superuser privileges|Failed to open lock file \"([^\"]+)\": \(13\)",
        CommandError,
        "OS packages can be installed by root only",
        "run the command as root, or install sudo",
    ),
    failure(
        r"Argument '([^']+)' matches only packages excluded by versionlock",
        CommandError,
        "{0} is locked at another version than the lock's",
        "`dnf5 versionlock delete` it, or make the lock anew to suit it",
    ),
    failure(
        r"Argument '([^']+)' matches only excluded packages",
        CommandError,
        "dnf is configured to exclude {0}",
        "see excludepkgs in /etc/dnf/dnf.conf and in the repository's file, or make the lock anew to suit it",
    ),
    failure(
        r"No matching repositories for \*",
        UnavailableError,
        "this host has no enabled repository",
        "enable one in /etc/yum.repos.d",
    ),
    failure(
        r"No match for argument: (\S+)|No package \"([^\"]+)\" available",
        CommandError,
        "no repository of this host has the OS package {0}{1}",
        _STALE,
    ),
    *_SOLVER,
    *_LIBREPO_NETWORK,
    failure(
        r"Rpm transaction failed\.\s*$",
        CommandError,
        "rpm refuses the transaction without a reason; most often another process holds its database",
        _AGAIN,
    ),
)

_DNF4 = (
    failure(
        r"^Package (\S+?)(?:\.rpm)? is not signed",
        PolicyError,
        "{0} is not signed",
        _SIGN,
    ),
    failure(
        r'keys listed for the "([^"]+)" repository are already installed but .*Failing package is: (\S+)',
        PolicyError,
        "{1} is signed by a key that the repository {0} does not name",
        _KEY,
    ),
    failure(
        r"Failing package is: (\S+)|Public key for (\S+) is not installed",
        PolicyError,
        "{0}{1} cannot be verified: its key is not known",
        _KEY,
    ),
    failure(r"GPG check FAILED", PolicyError, "an OS package's signature cannot be verified", _KEY),
    failure(
        r'Error opening ([^\s:]+): No such file or directory\nPackage "([^"]+)" from local repository',
        UnavailableError,
        "the repository no longer has {0}",
        _STALE,
    ),
    failure(
        r'Package "([^"]+)" from local repository "([^"]+)" has incorrect checksum',
        PolicyError,
        "{0} is not the file that the metadata of the repository {1} names",
        _MIRROR,
    ),
    *_RPM,
    *_RPM_POST,
    *_LIBREPO_SIGNATURES,
    failure(
        r"has to be run with superuser privileges",
        CommandError,
        "OS packages can be installed by root only",
        "run the command as root, or install sudo",
    ),
    failure(
        r"already locked by (\d+)\s+The application with PID \d+ is: ([^\n]+)",
        CommandError,
        "another package manager is at work: process {0} ({1})",
        _AGAIN,
    ),
    failure(
        r"filtered out by exclude filtering for argument: (\S+)",
        CommandError,
        "dnf is configured to exclude {0}",
        "see excludepkgs in /etc/dnf/dnf.conf, and `dnf versionlock list`, or make the lock anew to suit it",
    ),
    failure(
        r"(?:No match for argument|Unable to find a match): (\S+)",
        CommandError,
        "no repository of this host has the OS package {0}",
        _STALE,
    ),
    failure(
        r"There are no enabled repositories",
        UnavailableError,
        "this host has no enabled repository",
        "enable one in /etc/yum.repos.d",
    ),
    *_SOLVER,
    *_LIBREPO_NETWORK,
    failure(
        r"Could not run transaction",
        CommandError,
        "rpm refuses the transaction without a reason; most often another process holds its database",
        _AGAIN,
    ),
)

_ZYPPER = (
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[\d+-File is unsigned\]",
        PolicyError,
        "{0} from the repository {1} is not signed",
        _SIGN,
    ),
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[\d+-Signatures public key is not available\]",
        PolicyError,
        "{0} is signed by a key that the repository {1} does not name",
        _KEY,
    ),
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[(?:\d+-)?([^\]\n]+)\]",
        PolicyError,
        "{0} from the repository {1} cannot be verified: {2}",
        _KEY,
    ),
    failure(
        r"File 'repomd\.xml' from repository '([^']+)' is unsigned",
        PolicyError,
        "the repository {0} is not signed",
        _SIGN,
    ),
    failure(
        r"signing key received:\s+Repository: +([^\n]+?)\n",
        PolicyError,
        "the repository {0} is signed by a key that this host does not trust",
        "if the key is the repository's own, run `zypper refresh` as root and accept it there",
    ),
    failure(
        r"Signature verification failed for file '([^']+)' from repository '([^']+)'",
        PolicyError,
        "{0} of the repository {1} was changed after it was signed",
        _MIRROR,
    ),
    failure(
        r"Signature verification failed for repomd\.xml",
        PolicyError,
        "the signature of a repository cannot be verified",
        _KEY,
    ),
    failure(
        r"Digest verification failed for file '([^']+)'",
        PolicyError,
        "{0} is not the file that the repository's metadata names",
        _MIRROR,
    ),
    *_RPM,
    failure(
        r"Detected \d+ file conflicts?:\s+File (\S+)\s+from install of\s+(\S+)[^\n]*\s+conflicts with"
        r" file from (?:package|install of)\s+(\S+)",
        CommandError,
        "{1} and {2} both have the file {0}",
        "one of the two has to go: remove it, or take the project that needs the other from PyPI",
    ),
    *_RPM_POST,
    failure(
        r"Root privileges are required",
        CommandError,
        "OS packages can be installed by root only",
        "run the command as root, or install sudo",
    ),
    failure(
        r"System management is locked by the application with pid (\d+) \(([^)\n]*)\)",
        CommandError,
        "another package manager is at work: process {0} ({1})",
        _AGAIN,
    ),
    failure(
        r"'([^'\n]+)' from repository '[^'\n]+' has lower version than the installed one",
        CommandError,
        "a newer version than the locked one is installed, and nothing is ever downgraded: {0}",
        "make the lock anew: the installed version may do as well",
    ),
    failure(
        r"remove lock to allow installation of (\S+?)\[",
        CommandError,
        "zypper's locks forbid to install {0}",
        "`zypper removelock` it, or make the lock anew to suit it",
    ),
    failure(
        r"Problem: \d+: nothing provides '([^'\n]+)' needed by (?:the to be installed )?(\S+)",
        CommandError,
        "{1} needs {0}, which no repository of this host has",
        _FIT,
    ),
    failure(
        r"Problem: \d+: ([^\n]+)",
        CommandError,
        "the OS packages do not fit what is installed: {0}",
        _FIT,
    ),
    failure(
        r"File '(?:\./)?([^'\n]+)' not found on medium '([^'\n]+)'",
        UnavailableError,
        "the repository at {1} no longer has {0}",
        _STALE,
    ),
    failure(
        r"Download \(curl\) error for '([^'\n]+)':\s*Error code: [^\n]+\s*Error message: ([^\n]+)",
        UnavailableError,
        "cannot download {0}: {1}",
        _NETWORK,
    ),
    failure(
        r"Error trying to read from '([^'\n]+)'",
        UnavailableError,
        "cannot download from {0}",
        _NETWORK,
    ),
    failure(
        r"Can't hardlink/copy \S+ to (\S+)",
        CommandError,
        "what was downloaded cannot be written to {0}; the disk may be full",
        _SPACE,
    ),
    failure(
        r"No repositories defined|no enabled repositories defined",
        UnavailableError,
        "this host has no enabled repository",
        "enable one with `zypper modifyrepo --enable`",
    ),
    failure(
        r"metadata cache needs to be built for the '([^'\n]+)' repository",
        UnavailableError,
        "the metadata of the repository {0} was never fetched",
        "run `zypper refresh` as root",
    ),
    failure(
        r"Package '([^'\n]+)' not found|No provider of '([^'\n]+)' found|resolves to no package: (\S+)",
        CommandError,
        "no repository of this host has the OS package {0}{1}{2}",
        _STALE,
    ),
    failure(
        r"Failed to retrieve new repository metadata|Skipping repository '([^'\n]+)'",
        UnavailableError,
        "the repository {0} cannot be reached",
        _NETWORK,
    ),
)

_TABLES: dict[str, tuple[Failure, ...]] = {"dnf5": _DNF5, "dnf": _DNF4, "zypper": _ZYPPER}

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


def failed_script(command: Command, done: Completed) -> DistrofirstError | None:
    """Find the %post script that failed although the tool answers 0."""
    output = f"{done.stdout}\n{done.stderr}"
    return first_of(_RPM_POST, output, context=_named(command)[1], tidy=_tidied)


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
    verbs = ("install", "refresh", "makecache", "repoquery", "download", "search", "repos", "repo", "locks")
    return tool, f"{tool} {next((word for word in command.argv if word in verbs), '')}".strip()


def _tidied(text: str) -> str:
    """Make one line of the solver's indented list; say an EVR's zero epoch and dnf's trailing comma to nobody."""
    return "; ".join(line.strip().removeprefix("- ") for line in text.splitlines() if line.strip()).rstrip(",")


def _last_word(output: str) -> str:
    """Find the last line that is marked as an error, else the last that says anything."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["it said nothing"])[-1]
