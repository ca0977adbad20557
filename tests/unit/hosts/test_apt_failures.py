"""What apt 2.6 and 3.0 print when they fail, word for word, and what becomes of it."""

from __future__ import annotations

import pytest

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts.apt_failures import failure_of
from resolver.model import Command, Completed

COMMAND = Command(argv=("apt-get", "install", "python3-flask=1"), environment={"A": "b"})

FAILURES: dict[str, tuple[str, type[DistrofirstError], str]] = {
    "unsigned": (
        (
            "WARNING: The following packages cannot be authenticated!\n  python3-zz python3-yy\n"
            "E: There were unauthenticated packages and -y was used without --allow-unauthenticated\n"
        ),
        PolicyError,
        "no signature vouches for these OS packages: python3-zz, python3-yy",
    ),
    "unsigned, in short": (
        "E: There were unauthenticated packages and -y was used without --allow-unauthenticated\n",
        PolicyError,
        "no signature vouches for some of the OS packages",
    ),
    "another file": (
        "E: Failed to fetch http://archive.example/x.deb  Hash Sum mismatch\n   Hashes of expected file:\n",
        PolicyError,
        "http://archive.example/x.deb is not the file that the signed lists name",
    ),
    "download folder full": (
        "E: You don't have enough free space in /var/cache/apt/archives/.\n",
        CommandError,
        "the disk is full",
    ),
    "disk full": (
        (
            "dpkg: error processing archive /var/cache/apt/archives/x.deb (--unpack):\n"
            " cannot copy extracted data for './usr/x' to '/usr/x.dpkg-new': (No space left on device)\n"
            "Errors were encountered while processing:\n /var/cache/apt/archives/x.deb\n"
        ),
        CommandError,
        "the disk is full",
    ),
    "interrupted": (
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. \n",
        CommandError,
        "an earlier installation of OS packages was interrupted",
    ),
    "locked": (
        (
            "Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend."
            " It is held by process 62 (python3)...\n"
            "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n"
        ),
        CommandError,
        "another package manager is at work: process 62 (python3) holds /var/lib/dpkg/lock-frontend",
    ),
    "locked by nobody known": (
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n",
        CommandError,
        "another package manager is at work",
    ),
    "no root": (
        (
            "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n"
            "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
        ),
        CommandError,
        "OS packages can be installed by root only",
    ),
    "version gone": (
        "E: Version '9.9' for 'python3-celery' was not found\n",
        CommandError,
        "the archive no longer has python3-celery 9.9, which the lock asks for",
    ),
    "unknown": (
        "E: Unable to locate package python3-nonexistent\n",
        CommandError,
        "no repository of this host has the OS package python3-nonexistent",
    ),
    "no candidate": (
        "E: Package 'python3-x' has no installation candidate\n",
        CommandError,
        "no repository of this host has the OS package python3-x",
    ),
    "downgrade": (
        (
            "The following packages will be DOWNGRADED:\n  python3-flask\n"
            "0 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 0 not upgraded.\n"
            "E: Packages were downgraded and -y was used without --allow-downgrades.\n"
        ),
        CommandError,
        "newer versions than the locked ones are installed, and nothing is ever downgraded: python3-flask",
    ),
    "held": (
        (
            "The following held packages will be changed:\n  python3-flask python3-click\n"
            "The following packages will be upgraded:\n  python3-flask\n"
            "E: Held packages were changed and -y was used without --allow-change-held-packages.\n"
        ),
        CommandError,
        "these OS packages are held at another version than the locked one: python3-flask, python3-click",
    ),
    "removal": (
        (
            "The following packages will be REMOVED:\n  python3-flask\n  python3-old\n"
            "The following NEW packages will be installed:\n  python3-zz\n"
            "E: Packages need to be removed but remove is disabled.\n"
        ),
        CommandError,
        "these installed OS packages would have to go, and nothing is ever removed: python3-flask, python3-old",
    ),
    "unmet": (
        (
            "The following packages have unmet dependencies:\n"
            " python3-zz : Conflicts: python3-flask but 2.2.2-3 is to be installed\n"
            "E: Unable to correct problems, you have held broken packages.\n"
            "E: The following information from --solver 3.0 may provide additional context:\n"
        ),
        CommandError,
        (
            "the OS packages do not fit what is installed: "
            "python3-zz : Conflicts: python3-flask but 2.2.2-3 is to be installed"
        ),
    ),
    "gone from the mirror": (
        "E: Failed to fetch http://archive.example/x.deb  404  Not Found [IP: 192.0.2.1 80]\n",
        UnavailableError,
        "the archive no longer has http://archive.example/x.deb",
    ),
    "no network": (
        (
            "E: Failed to fetch http://archive.example/x.deb  Could not connect to 127.0.0.1:9 (127.0.0.1)."
            " - connect (111: Connection refused)\n"
            "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n"
        ),
        UnavailableError,
        (
            "cannot download http://archive.example/x.deb: Could not connect to 127.0.0.1:9 (127.0.0.1)."
            " - connect (111: Connection refused)"
        ),
    ),
    "maintainer script": (
        (
            "dpkg: error processing package python3-x (--configure):\n"
            " installed python3-x package post-installation script subprocess returned error exit status 1\n"
            "Errors were encountered while processing:\n python3-x\n"
            "E: Sub-process /usr/bin/dpkg returned an error code (1)\n"
        ),
        CommandError,
        "dpkg could not set up these OS packages: python3-x",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_that_is_known_has_its_own_message_kind_and_next_step(name: str) -> None:
    output, kind, message = FAILURES[name]
    error = failure_of(COMMAND, Completed(returncode=100, stdout="", stderr=output))
    assert (type(error), error.message, error.context) == (kind, message, "apt-get install")
    assert error.hint


def test_what_apt_prints_on_standard_output_counts_too() -> None:
    done = Completed(returncode=100, stdout="E: Unable to locate package x\n", stderr="")
    assert "no repository of this host" in failure_of(COMMAND, done).message


def test_a_failure_that_is_not_known_quotes_apt_and_gives_the_command() -> None:
    done = Completed(returncode=100, stdout="Reading package lists...\n", stderr="W: odd\nE: Something new\n")
    error = failure_of(COMMAND, done)
    assert isinstance(error, CommandError)
    assert error.message == "apt failed (exit code 100): Something new"
    assert error.hint == "env A=b apt-get install python3-flask=1"


def test_a_failure_without_a_word_says_so() -> None:
    done = Completed(returncode=-9, stdout="", stderr="")
    assert failure_of(COMMAND, done).message == "apt failed (exit code -9): it said nothing"
