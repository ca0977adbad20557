"""What dnf5 5.4 and dnf 4.14 say when they fail; see ``rpm_failures`` for the order of a table."""

from __future__ import annotations

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.hosts.failures import failure
from resolver.hosts.rpm_own_failures import AGAIN, FIT, KEY, MIRROR, NETWORK, RPM, RPM_POST, SIGN, STALE

_LIBREPO_SIGNATURES = (
    failure(
        r"(?:repository|repo) [\"']([^\"']+)[\"']: (?:repomd\.xml )?GPG signature verification error: ([^\n]+)",
        PolicyError,
        "the signature of the repository {0} cannot be verified: {1}",
        KEY,
    ),
    failure(
        r"GPG signature verification error: ([^\n]+)",
        PolicyError,
        "the signature of a repository cannot be verified: {0}",
        KEY,
    ),
    failure(
        r"(?:repository|repo) [\"']([^\"']+)[\"']: GPG verification is enabled, but GPG signature is not available",
        PolicyError,
        "the repository {0} is not signed, and repo_gpgcheck=1 asks for it",
        SIGN,
    ),
    failure(
        r"GPG verification is enabled, but GPG signature is not available[^\n]*?(\S+)/repodata/repomd\.xml\.asc",
        PolicyError,
        "the repository at {0} is not signed, and repo_gpgcheck=1 asks for it",
        SIGN,
    ),
    failure(
        r"checksum doesn't match\.[^\n]* - (\S+)$",
        PolicyError,
        "{0} is not the file that the repository's metadata names",
        MIRROR,
    ),
    failure(
        r"checksum doesn't match\..*?repo '([^']+)'[^\n]*Downloading error\(s\): (\S+) ",
        PolicyError,
        "{1} of the repository {0} is not the file that the repository's metadata names",
        MIRROR,
    ),
    failure(
        r"checksum doesn't match\.",
        PolicyError,
        "a file is not the one that the repository's metadata names",
        MIRROR,
    ),
)
"""dnf5 and dnf4 download through the same library."""

_LIBREPO_NETWORK = (
    failure(
        r"Cache-only enabled but no cache for (?:repository )?[\"']([^\"'\n]+)",
        UnavailableError,
        "the metadata of the repository {0} was never fetched, or is not whole",
        "run: distrofirst update",
    ),
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
        STALE,
    ),
    failure(
        r"(?:Curl error \(\d+\)|Status code): [^\n]*? for (\S+) [\[(]([^\])\n]+)[\])]",
        UnavailableError,
        "cannot download {0}: {1}",
        NETWORK,
    ),
    failure(
        r"Failed to download metadata [^\n]*(?:repository|repo) [\"']([^\"']+)[\"']: ([^\n]+)",
        UnavailableError,
        "the repository {0} cannot be reached: {1}",
        NETWORK,
    ),
    failure(
        r"(?:Failed to download metadata|Usable URL not found|All mirrors were tried|all mirrors were already tried)",
        UnavailableError,
        "a repository cannot be reached",
        NETWORK,
    ),
)

_SOLVER = (
    failure(
        r"nothing provides (\S[^\n]*?) needed by (\S+)",
        CommandError,
        "{1} needs {0}, which no repository of this host has",
        FIT,
    ),
    failure(
        r"Problem(?: \d+)?: ([^\n]+(?:\n +- [^\n]+){0,2})",
        CommandError,
        "the OS packages do not fit what is installed: {0}",
        FIT,
    ),
)

DNF5 = (
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: The package is not signed',
        PolicyError,
        "{0} from the repository {1} is not signed",
        SIGN,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: Import of the key didn\'t help',
        PolicyError,
        "{0} is signed by a key that the repository {1} does not name",
        KEY,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: [^\n]*any OpenPGP keys configured',
        PolicyError,
        "{0} cannot be verified: the repository {1} names no key (gpgkey)",
        KEY,
    ),
    failure(
        r'OpenPGP check for package "([^"]+)"[^\n]* from repo "([^"]+)" has failed: ([^\n]+)',
        PolicyError,
        "{0} from the repository {1} cannot be verified: {2}",
        KEY,
    ),
    *RPM,
    *RPM_POST,
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
        STALE,
    ),
    *_SOLVER,
    *_LIBREPO_NETWORK,
    failure(
        r"Rpm transaction failed\.\s*$",
        CommandError,
        "rpm refuses the transaction without a reason; most often another process holds its database",
        AGAIN,
    ),
)

DNF4 = (
    # dnf 4 solves first and waits for the lock afterwards.
    failure(
        r"^Error: Transaction test error:\n +package (\S+) is already installed",
        CommandError,
        "another package manager was faster, and has installed {0} in the meantime",
        "repeat the command; nothing was changed",
    ),
    failure(
        r"^Package (\S+?)(?:\.rpm)? is not signed",
        PolicyError,
        "{0} is not signed",
        SIGN,
    ),
    failure(
        r'keys listed for the "([^"]+)" repository are already installed but .*Failing package is: (\S+)',
        PolicyError,
        "{1} is signed by a key that the repository {0} does not name",
        KEY,
    ),
    failure(
        r"Failing package is: (\S+)|Public key for (\S+) is not installed",
        PolicyError,
        "{0}{1} cannot be verified: its key is not known",
        KEY,
    ),
    failure(r"GPG check FAILED", PolicyError, "an OS package's signature cannot be verified", KEY),
    failure(
        r'Error opening ([^\s:]+): No such file or directory\nPackage "([^"]+)" from local repository',
        UnavailableError,
        "the repository no longer has {0}",
        STALE,
    ),
    failure(
        r'Package "([^"]+)" from local repository "([^"]+)" has incorrect checksum',
        PolicyError,
        "{0} is not the file that the metadata of the repository {1} names",
        MIRROR,
    ),
    *RPM,
    *RPM_POST,
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
        AGAIN,
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
        STALE,
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
        AGAIN,
    ),
)
