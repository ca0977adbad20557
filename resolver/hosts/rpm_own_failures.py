"""What rpm itself says when it fails, whichever tool runs it; and the next steps that the tools' tables share."""

from __future__ import annotations

from resolver.errors import CommandError
from resolver.hosts.failures import failure

SIGN = "have the repository sign its packages, or take these projects from elsewhere"
KEY = "make sure that gpgkey names the repository's own key; a package that somebody else signed is not to be installed"
MIRROR = "a mirror in the middle of its own update, or a proxy, serves another file: repeat the command later"
NETWORK = "check the network and the proxy, then repeat the command"
STALE = "the lock may be out of date: fetch the repositories' metadata anew, then make the lock anew"
AGAIN = "repeat the command when it has finished"
FIT = "fetch the repositories' metadata and the host's updates, then make the lock anew"
SPACE = "free some space, then repeat the command"
ABOVE = "see its messages above; nothing of this OS package is installed"
LATER = "see its messages above; the OS package counts as installed, and may not work as it should"

RPM_POST = (
    failure(
        r"%(post\w*)\((\S+?)\) scriptlet failed, exit status (\d+)",
        CommandError,
        "{1} is installed, but its %{0} script failed (exit status {2})",
        LATER,
    ),
    failure(
        r'lua script failed: \[string "%(post\w*)\((\S+?)\)"\]:\d+: ([^\n]+)',
        CommandError,
        "{1} is installed, but its %{0} script failed: {2}",
        LATER,
    ),
)
"""dnf4 answers 0 to these, zypper 0 or 107."""

RPM = (
    failure(
        r"%(pre\w*)\((\S+?)\) scriptlet failed, exit status (\d+)",
        CommandError,
        "{1} could not be installed: its %{0} script failed (exit status {2})",
        ABOVE,
    ),
    failure(
        r'lua script failed: \[string "%(pre\w*)\((\S+?)\)"\]:\d+: ([^\n]+)',
        CommandError,
        "{1} could not be installed: its %{0} script failed: {2}",
        ABOVE,
    ),
    failure(
        r"installing package (\S+) needs (\S+) more space on the (\S+) filesystem",
        CommandError,
        "the disk is full: {0} needs {1} more below {2}",
        SPACE,
    ),
    failure(r"No space left on device|Curl error \(23\)", CommandError, "the disk is full", SPACE),
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
        AGAIN,
    ),
    failure(
        r"cannot open Packages database|rpmtsOpenDB failed|rpmdb open failed|Failed to open database",
        CommandError,
        "rpm's database cannot be read",
        "`rpm --verifydb` says more, and `rpm --rebuilddb` (as root) repairs it",
    ),
)
