"""What zypper 1.14.89 says when it fails; see ``rpm_failures`` for the order of a table."""

from __future__ import annotations

from resolver.errors import CommandError, PolicyError, UnavailableError
from resolver.hosts.failures import failure
from resolver.hosts.rpm_own_failures import AGAIN, FIT, KEY, MIRROR, NETWORK, RPM, RPM_POST, SIGN, SPACE, STALE

ZYPPER = (
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[\d+-File is unsigned\]",
        PolicyError,
        "{0} from the repository {1} is not signed",
        SIGN,
    ),
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[\d+-Signatures public key is not available\]",
        PolicyError,
        "{0} is signed by a key that the repository {1} does not name",
        KEY,
    ),
    failure(
        r"^(\S+) \(([^)\n]+)\): Signature verification failed \[(?:\d+-)?([^\]\n]+)\]",
        PolicyError,
        "{0} from the repository {1} cannot be verified: {2}",
        KEY,
    ),
    failure(
        r"File 'repomd\.xml' from repository '([^']+)' is unsigned",
        PolicyError,
        "the repository {0} is not signed",
        SIGN,
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
        MIRROR,
    ),
    failure(
        r"Signature verification failed for repomd\.xml",
        PolicyError,
        "the signature of a repository cannot be verified",
        KEY,
    ),
    failure(
        r"Digest verification failed for file '([^']+)'",
        PolicyError,
        "{0} is not the file that the repository's metadata names",
        MIRROR,
    ),
    *RPM,
    failure(
        r"Detected \d+ file conflicts?:\s+File (\S+)\s+from install of\s+(\S+)[^\n]*\s+conflicts with"
        r" file from (?:package|install of)\s+(\S+)",
        CommandError,
        "{1} and {2} both have the file {0}",
        "one of the two has to go: remove it, or take the project that needs the other from PyPI",
    ),
    *RPM_POST,
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
        AGAIN,
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
        FIT,
    ),
    failure(
        r"Problem: \d+: ([^\n]+)",
        CommandError,
        "the OS packages do not fit what is installed: {0}",
        FIT,
    ),
    failure(
        r"File '(?:\./)?([^'\n]+)' not found on medium '([^'\n]+)'",
        UnavailableError,
        "the repository at {1} no longer has {0}",
        STALE,
    ),
    failure(
        r"Download \(curl\) error for '([^'\n]+)':\s*Error code: [^\n]+\s*Error message: ([^\n]+)",
        UnavailableError,
        "cannot download {0}: {1}",
        NETWORK,
    ),
    failure(
        r"Error trying to read from '([^'\n]+)'",
        UnavailableError,
        "cannot download from {0}",
        NETWORK,
    ),
    failure(
        r"Can't hardlink/copy \S+ to (\S+)",
        CommandError,
        "what was downloaded cannot be written to {0}; the disk may be full",
        SPACE,
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
        STALE,
    ),
    failure(
        r"Failed to retrieve new repository metadata|Skipping repository '([^'\n]+)'",
        UnavailableError,
        "the repository {0} cannot be reached",
        NETWORK,
    ),
)
