"""What dnf5 5.4, dnf 4.14, zypper 1.14.89 and rpm print when they fail, word for word, and what becomes of it."""

from __future__ import annotations

import pytest

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.hosts.rpm_failures import failed_script, failure_of, skipped_repository
from resolver.model import Command, Completed

Row = tuple[str, type[DistrofirstError], str]

DNF5: dict[str, Row] = {
    "never fetched": (
        'Cache-only enabled but no cache for repository "fedora"\n',
        UnavailableError,
        "the metadata of the repository fedora was never fetched, or is not whole",
    ),
    "unsigned": (
        (
            "Transaction failed: Signature verification failed.\n"
            'OpenPGP check for package "unsigned-1.0-1.noarch"'
            " (/var/cache/libdnf5/bad-5804f49a539de245/packages/unsigned-1.0-1.noarch.rpm)"
            ' from repo "bad" has failed: The package is not signed.\n'
        ),
        PolicyError,
        "unsigned-1.0-1.noarch from the repository bad is not signed",
    ),
    "wrong key": (
        (
            "The key was successfully imported.\n"
            "Transaction failed: Signature verification failed.\n"
            'OpenPGP check for package "wrongkey-1.0-1.noarch"'
            " (/var/cache/libdnf5/bad-5804f49a539de245/packages/wrongkey-1.0-1.noarch.rpm)"
            ' from repo "bad" has failed: Import of the key didn\'t help, wrong key?\n'
        ),
        PolicyError,
        "wrongkey-1.0-1.noarch is signed by a key that the repository bad does not name",
    ),
    "no key": (
        (
            'OpenPGP check for package "python3-aa-1.1-1.noarch"'
            " (/var/cache/libdnf5/r-b963d95d64a0de6b/packages/python3-aa-1.1-1.noarch.rpm)"
            ' from repo "r" has failed: The repository does not have any OpenPGP keys configured.\n'
        ),
        PolicyError,
        "python3-aa-1.1-1.noarch cannot be verified: the repository r names no key (gpgkey)",
    ),
    "unsigned repository": (
        (
            "Updating and loading repositories:\n"
            ">>> GPG verification is enabled, but GPG signature is not available. This may be an error or the"
            " repository does not support GPG verification: Curl error (37): Could not read a file:// file for"
            " file:///repos/u/repodata/repomd.xml.asc [Could not open file /repos/u/repodata/repomd.xml.asc]\n"
            'Failed to download metadata (baseurl: "file:///repos/u") for repository "r": GPG verification is enabled,'
            " but GPG signature is not available. This may be an error or the repository does not support GPG"
            " verification: Curl error (37): Could not read a file:// file for file:///repos/u/repodata/repomd.xml.asc"
            " [Could not open file /repos/u/repodata/repomd.xml.asc]\n"
        ),
        PolicyError,
        "the repository r is not signed, and repo_gpgcheck=1 asks for it",
    ),
    "tampered repomd.xml": (
        (
            ">>> repomd.xml GPG signature verification error: Bad PGP signature\n"
            'Failed to download metadata (baseurl: "file:///repos/second") for repository "r":'
            " repomd.xml GPG signature verification error: Bad PGP signature\n"
        ),
        PolicyError,
        "the signature of the repository r cannot be verified: Bad PGP signature",
    ),
    "tampered repomd.xml, and the repository skipped": (
        (
            ">>> repomd.xml GPG signature verification error: Signing key not found\n"
            "Repositories loaded.\nFailed to resolve the transaction:\nNo match for argument: python3-ee\n"
            "You can try to add to command line:\n  --skip-unavailable to skip unavailable packages\n"
        ),
        PolicyError,
        "the signature of a repository cannot be verified: Signing key not found",
    ),
    "tampered package": (
        (
            ">>> Downloading successful, but checksum doesn't match. Calculated: 81a6(sha256)"
            "  Expected: daa5(sha256)  - file:///repos/main/python3-aa-1.1-1.noarch.rpm\n"
            ">>> No more mirrors to try - All mirrors were already tried without success\n"
            "Failed to download packages\n"
            " Librepo error: Cannot download python3-aa-1.1-1.noarch.rpm: All mirrors were tried\n"
        ),
        PolicyError,
        "file:///repos/main/python3-aa-1.1-1.noarch.rpm is not the file that the repository's metadata names",
    ),
    "gone": (
        (
            ">>> Status code: 404 for http://127.0.0.1:8765/second/python3-cc-1.0-1.noarch.rpm (IP: 127.0.0.1)"
            " - http://127.0.0.1:8765/second/python3-cc-1.0-1.noarch.rpm\n"
            ">>> No more mirrors to try - All mirrors were already tried without success\n"
            "Failed to download packages\n"
            " Librepo error: Cannot download python3-cc-1.0-1.noarch.rpm: All mirrors were tried\n"
        ),
        UnavailableError,
        "the repository no longer has http://127.0.0.1:8765/second/python3-cc-1.0-1.noarch.rpm",
    ),
    "no repository there": (
        (
            ">>> Status code: 404 for http://127.0.0.1:8765/none/repodata/repomd.xml (IP: 127.0.0.1)"
            " - http://127.0.0.1:8765/none/repodata/repomd.xml\n"
            'Failed to download metadata (baseurl: "http://127.0.0.1:8765/none") for repository "r":'
            " Usable URL not found\n"
        ),
        UnavailableError,
        "there is no repository at http://127.0.0.1:8765/none/repodata/repomd.xml: the server answers 404",
    ),
    "no network": (
        (
            ">>> Curl error (6): Could not resolve hostname for http://nosuch.invalid/repodata/repomd.xml"
            " [Could not resolve host: nosuch.invalid] - http://nosuch.invalid/repodata/repomd.xml\n"
            'Failed to download metadata (baseurl: "http://nosuch.invalid/") for repository "r": Usable URL not found\n'
        ),
        UnavailableError,
        "cannot download http://nosuch.invalid/repodata/repomd.xml: Could not resolve host: nosuch.invalid",
    ),
    "unreachable, without a reason": (
        'Failed to download metadata (baseurl: "http://127.0.0.1:9/") for repository "r": Usable URL not found\n',
        UnavailableError,
        "the repository r cannot be reached: Usable URL not found",
    ),
    "not found": (
        (
            "Failed to resolve the transaction:\nNo match for argument: nosuch-1-1.noarch\n"
            "You can try to add to command line:\n  --skip-unavailable to skip unavailable packages\n"
        ),
        CommandError,
        "no repository of this host has the OS package nosuch-1-1.noarch",
    ),
    "not there to download": (
        'No package "python3-bb-9-1.noarch" available; You might want to use --skip-unavailable option.\n',
        CommandError,
        "no repository of this host has the OS package python3-bb-9-1.noarch",
    ),
    "no repositories": (
        'No matching repositories for *. Add "--help" for more information about the arguments.\n',
        UnavailableError,
        "this host has no enabled repository",
    ),
    "excluded": (
        "Failed to resolve the transaction:\nArgument 'python3-cc-1.0-1.noarch' matches only excluded packages.\n",
        CommandError,
        "dnf is configured to exclude python3-cc-1.0-1.noarch",
    ),
    "locked version": (
        (
            "Failed to resolve the transaction:\n"
            "Argument 'python3-aa-1.1-1.noarch' matches only packages excluded by versionlock.\n"
        ),
        CommandError,
        "python3-aa-1.1-1.noarch is locked at another version than the lock's",
    ),
    "missing dependency": (
        (
            "Failed to resolve the transaction:\nProblem: conflicting requests\n"
            "  - nothing provides nosuch needed by needsmissing-1.0-1.noarch from base\n"
        ),
        CommandError,
        "needsmissing-1.0-1.noarch needs nosuch, which no repository of this host has",
    ),
    "conflict": (
        (
            "Failed to resolve the transaction:\nProblem: problem with installed package\n"
            "  - installed package python3-aa-1.0-1.noarch conflicts with python3-aa provided by"
            " confl-1.0-1.noarch from base\n"
            "  - conflicting requests\n"
            "You can try to add to command line:\n"
            "  --allowerasing to allow removing of installed packages to resolve problems\n"
        ),
        CommandError,
        (
            "the OS packages do not fit what is installed: problem with installed package; installed package"
            " python3-aa-1.0-1.noarch conflicts with python3-aa provided by confl-1.0-1.noarch from base;"
            " conflicting requests"
        ),
    ),
    "file conflict": (
        (
            "Transaction failed: Rpm transaction failed.\n"
            "  - file /usr/share/t/python3-aa from install of filecon-1.0-1.noarch conflicts with file from package"
            " python3-aa-1.0-1.noarch\n"
        ),
        CommandError,
        "filecon-1.0-1.noarch and python3-aa-1.0-1.noarch both have the file /usr/share/t/python3-aa",
    ),
    "failing %pre": (
        (
            ">>> Running %pre scriptlet: shpre-0:1.0-1.noarch\n>>> Error in %pre scriptlet: shpre-0:1.0-1.noarch\n"
            ">>> [RPM] %prein(shpre-1.0-1.noarch) scriptlet failed, exit status 3\n"
            "Transaction failed: Rpm transaction failed.\n"
        ),
        CommandError,
        "shpre-1.0-1.noarch could not be installed: its %prein script failed (exit status 3)",
    ),
    "failing %pre in Lua": (
        (
            ">>> Error in %pre scriptlet: badpre-0:1.0-1.noarch\n"
            '>>> [RPM] lua script failed: [string "%prein(badpre-1.0-1.noarch)"]:1: no way\n'
            "Transaction failed: Rpm transaction failed.\n"
        ),
        CommandError,
        "badpre-1.0-1.noarch could not be installed: its %prein script failed: no way",
    ),
    "failing %post": (
        (
            ">>> Non-critical error in %post scriptlet: shpost-0:1.0-1.noarch\n>>> Scriptlet output:\n>>> oops\n>>> \n"
            ">>> [RPM] %post(shpost-1.0-1.noarch) scriptlet failed, exit status 3\n"
            "Transaction failed: Rpm transaction failed.\n"
        ),
        CommandError,
        "shpost-1.0-1.noarch is installed, but its %post script failed (exit status 3)",
    ),
    "disk full": (
        (
            "Transaction failed: Rpm transaction failed.\n"
            "  - installing package big-1.0-1.noarch needs 5MB more space on the /usr/share/t filesystem\n"
        ),
        CommandError,
        "the disk is full: big-1.0-1.noarch needs 5MB more below /usr/share/t",
    ),
    "download folder full": (
        (
            "Failed to download packages\n Librepo error: Curl error (23): Failed writing received data to"
            " disk/application for http://127.0.0.1:8769/main/big-1.0-1.noarch.rpm"
            " [Failure writing output to destination, passed 16384 returned 4096]\n"
        ),
        CommandError,
        "the disk is full",
    ),
    "locked database": (
        "Running transaction\nTransaction failed: Rpm transaction failed.\n",
        CommandError,
        "rpm refuses the transaction without a reason; most often another process holds its database",
    ),
    "damaged database": (
        (
            "error: cannot open Packages index using sqlite - No such file or directory (2)\n"
            "error: cannot open Packages database in \n"
            'Failed to load system repo from root "/": rpmtsOpenDB failed: No such file or directory\n'
        ),
        CommandError,
        "rpm's database cannot be read",
    ),
    "not root": (
        (
            "The requested operation requires superuser privileges. Please log in as a user with elevated rights, or"
            ' use the "--assumeno" or "--downloadonly" options to run the command without modifying the system state.\n'
        ),
        CommandError,
        "OS packages can be installed by root only",
    ),
}

DNF4: dict[str, Row] = {
    "overtaken": (
        (
            "Running transaction test\nError: Transaction test error:\n"
            "  package python3.11-six-1.16.0-3.el9.noarch is already installed\n"
        ),
        CommandError,
        "another package manager was faster, and has installed python3.11-six-1.16.0-3.el9.noarch in the meantime",
    ),
    "unsigned": (
        "Downloading Packages:\nPackage unsigned-1.0-1.noarch.rpm is not signed\nError: GPG check FAILED\n",
        PolicyError,
        "unsigned-1.0-1.noarch is not signed",
    ),
    "wrong key": (
        (
            "GPG key at file:///repos/good.asc (0xB3F295DB) is already installed\n"
            'The GPG keys listed for the "r" repository are already installed but they are not correct for this'
            " package.\nCheck that the correct key URLs are configured for this repository.. Failing package is:"
            " wrongkey-1.0-1.noarch\n GPG Keys are configured as: file:///repos/good.asc\nError: GPG check FAILED\n"
        ),
        PolicyError,
        "wrongkey-1.0-1.noarch is signed by a key that the repository r does not name",
    ),
    "unsigned repository": (
        (
            "Error: Failed to download metadata for repo 'r': GPG verification is enabled, but GPG signature is not"
            " available. This may be an error or the repository does not support GPG verification: Curl error (37):"
            " Couldn't read a file:// file for file:///repos/u/repodata/repomd.xml.asc\n"
        ),
        PolicyError,
        "the repository r is not signed, and repo_gpgcheck=1 asks for it",
    ),
    "tampered repomd.xml": (
        "Error: Failed to download metadata for repo 'r': GPG signature verification error: Bad GPG signature\n",
        PolicyError,
        "the signature of the repository r cannot be verified: Bad GPG signature",
    ),
    "tampered metadata": (
        (
            "Errors during downloading metadata for repository 'r':\n"
            "  - Downloading successful, but checksum doesn't match. Calculated: fb1b(sha256)"
            "  Expected: 6045(sha256) \n"
            "Error: Failed to download metadata for repo 'r': Yum repo downloading error: Downloading error(s):"
            " repodata/primary.xml.gz - Cannot download, all mirrors were already tried without success\n"
        ),
        PolicyError,
        "repodata/primary.xml.gz of the repository r is not the file that the repository's metadata names",
    ),
    "tampered package": (
        (
            'Package "python3-excl-1.0-1.noarch" from local repository "base" has incorrect checksum\n'
            "Error: Some packages from local repository have incorrect checksum\n"
        ),
        PolicyError,
        "python3-excl-1.0-1.noarch is not the file that the metadata of the repository base names",
    ),
    "gone from a local repository": (
        (
            "Error opening /repos/main/python3-excl-1.0-1.noarch.rpm: No such file or directory\n"
            'Package "python3-excl-1.0-1.noarch" from local repository "base" has incorrect checksum\n'
        ),
        UnavailableError,
        "the repository no longer has /repos/main/python3-excl-1.0-1.noarch.rpm",
    ),
    "gone": (
        (
            "[MIRROR] python3-cc-1.0-1.noarch.rpm: Status code: 404 for"
            " http://127.0.0.1:8769/second/python3-cc-1.0-1.noarch.rpm (IP: 127.0.0.1)\n"
            "[FAILED] python3-cc-1.0-1.noarch.rpm: No more mirrors to try - All mirrors were already tried without"
            " success\nError: Error downloading packages:\n"
            "  python3-cc-1.0-1.noarch: Cannot download, all mirrors were already tried without success\n"
        ),
        UnavailableError,
        "the repository no longer has http://127.0.0.1:8769/second/python3-cc-1.0-1.noarch.rpm",
    ),
    "no network": (
        (
            "Errors during downloading metadata for repository 'r':\n"
            "  - Curl error (7): Couldn't connect to server for http://127.0.0.1:9/repodata/repomd.xml"
            " [Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server]\n"
            "Error: Failed to download metadata for repo 'r': Cannot download repomd.xml: Cannot download"
            " repodata/repomd.xml: All mirrors were tried\n"
        ),
        UnavailableError,
        (
            "cannot download http://127.0.0.1:9/repodata/repomd.xml:"
            " Failed to connect to 127.0.0.1 port 9 after 0 ms: Couldn't connect to server"
        ),
    ),
    "not found": (
        "No match for argument: nosuch-1-1.noarch\nError: Unable to find a match: nosuch-1-1.noarch\n",
        CommandError,
        "no repository of this host has the OS package nosuch-1-1.noarch",
    ),
    "excluded": (
        (
            "All matches were filtered out by exclude filtering for argument: obso-1.0-1.noarch\n"
            "Error: Unable to find a match: obso-1.0-1.noarch\n"
        ),
        CommandError,
        "dnf is configured to exclude obso-1.0-1.noarch",
    ),
    "never fetched": (
        "Error: Cache-only enabled but no cache for 'appstream'\n",
        UnavailableError,
        "the metadata of the repository appstream was never fetched, or is not whole",
    ),
    "no repositories": (
        'Error: There are no enabled repositories in "/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d".\n',
        UnavailableError,
        "this host has no enabled repository",
    ),
    "missing dependency": (
        (
            "Error: \n Problem: conflicting requests\n"
            "  - nothing provides nosuch needed by needsmissing-1.0-1.noarch\n"
            "(try to add '--skip-broken' to skip uninstallable packages)\n"
        ),
        CommandError,
        "needsmissing-1.0-1.noarch needs nosuch, which no repository of this host has",
    ),
    "conflict": (
        (
            "Error: \n Problem: problem with installed package python3-aa-1.1-1.noarch\n"
            "  - package confl-1.0-1.noarch conflicts with python3-aa provided by python3-aa-1.1-1.noarch\n"
            "  - conflicting requests\n"
            "(try to add '--allowerasing' to command line to replace conflicting packages)\n"
        ),
        CommandError,
        (
            "the OS packages do not fit what is installed: problem with installed package python3-aa-1.1-1.noarch;"
            " package confl-1.0-1.noarch conflicts with python3-aa provided by python3-aa-1.1-1.noarch;"
            " conflicting requests"
        ),
    ),
    "file conflict": (
        (
            "Error: Transaction test error:\n  file /usr/share/t/python3-aa from install of filecon-1.0-1.noarch"
            " conflicts with file from package python3-aa-1.1-1.noarch\n"
        ),
        CommandError,
        "filecon-1.0-1.noarch and python3-aa-1.1-1.noarch both have the file /usr/share/t/python3-aa",
    ),
    "failing %pre": (
        (
            "error: %prein(shpre-1.0-1.noarch) scriptlet failed, exit status 3\n"
            "Error in PREIN scriptlet in rpm package shpre\nError: Transaction failed\n"
        ),
        CommandError,
        "shpre-1.0-1.noarch could not be installed: its %prein script failed (exit status 3)",
    ),
    "disk full": (
        (
            "Error: Transaction test error:\n"
            "  installing package big-1.0-1.noarch needs 5MB more space on the /usr/share/t filesystem\n\n"
            "Error Summary\n-------------\nDisk Requirements:\n"
            "   At least 5MB more space needed on the /usr/share/t filesystem.\n"
        ),
        CommandError,
        "the disk is full: big-1.0-1.noarch needs 5MB more below /usr/share/t",
    ),
    "locked database": (
        (
            "RPM: error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)\n"
            "Error: Could not run transaction.\n"
        ),
        CommandError,
        "another process holds rpm's database (/var/lib/rpm/.rpm.lock)",
    ),
    "another dnf, where exit_on_lock is set": (
        (
            "RPMDB already locked by 538\n  The application with PID 538 is: python3\n"
            "    Memory :  47 M RSS (107 MB VSZ)\n"
        ),
        CommandError,
        "another package manager is at work: process 538 (python3)",
    ),
    "not root": (
        "Error: This command has to be run with superuser privileges (under the root user on most systems).\n",
        CommandError,
        "OS packages can be installed by root only",
    ),
}

_ABORTED = (
    "Problem occurred during or after installation or removal of packages:\n"
    "Installation has been aborted as directed.\nPlease see the above error message for a hint.\n"
)

ZYPPER: dict[str, Row] = {
    "unsigned": (
        (
            "unsigned-1.0-1.noarch.rpm:\n    Package header is not signed!\n\n"
            "unsigned-1.0-1.noarch (r): Signature verification failed [6-File is unsigned]\n"
            f"Abort, retry, ignore? [a/r/i] (a): a\n{_ABORTED}"
        ),
        PolicyError,
        "unsigned-1.0-1.noarch from the repository r is not signed",
    ),
    "wrong key": (
        (
            "Looking for gpg key ID 6ACE4C77 in repository r.\n  gpgkey=file:/repos/good.asc\n"
            "wrongkey-1.0-1.noarch (r): Signature verification failed [4-Signatures public key is not available]\n"
            f"Abort, retry, ignore? [a/r/i] (a): a\n{_ABORTED}"
        ),
        PolicyError,
        "wrongkey-1.0-1.noarch is signed by a key that the repository r does not name",
    ),
    "unsigned repository": (
        (
            "File 'repomd.xml' from repository 'r' is unsigned.\nContinue? [yes/no] (no): no\n"
            "Repository 'r' is invalid.\n[r|dir:/repos/unsignedrepo] Failed to retrieve new repository metadata.\n"
            "History:\n - Signature verification failed for repomd.xml\n"
        ),
        PolicyError,
        "the repository r is not signed",
    ),
    "unknown key": (
        (
            "New repository or package signing key received:\n\n  Repository:       r\n"
            "  Key Fingerprint:  11E8 C524 B360 FB8F 8D5E 2788 5F89 8607 6ACE 4C77\n"
            "Do you want to reject the key, trust temporarily, or trust always? [r/t/a/?] (r): r\n"
            "History:\n - Signature verification failed for repomd.xml\n"
        ),
        PolicyError,
        "the repository r is signed by a key that this host does not trust",
    ),
    "tampered repomd.xml": (
        (
            "Signature verification failed for file 'repomd.xml' from repository 'r'. Continue? [yes/no] (no): no\n"
            "Repository 'r' is invalid.\nHistory:\n - Signature verification failed for repomd.xml\n"
        ),
        PolicyError,
        "repomd.xml of the repository r was changed after it was signed",
    ),
    "tampered package": (
        (
            "Warning: Digest verification failed for file 'python3-aa-1.1-1.noarch.rpm'\n"
            "[/repos/main/python3-aa-1.1-1.noarch.rpm]\n\n  expected 625f\n  but got  ddc4\n"
            f"Unblock or discard? [ddc4/...? shows all options] (discard): discard\n{_ABORTED}"
        ),
        PolicyError,
        "python3-aa-1.1-1.noarch.rpm is not the file that the repository's metadata names",
    ),
    "gone": (
        (
            "File './python3-cc-1.0-1.noarch.rpm' not found on medium 'http://127.0.0.1:8766/second'\n"
            f"Abort, retry, ignore? [a/r/i/...? shows all options] (a): a\n{_ABORTED}"
        ),
        UnavailableError,
        "the repository at http://127.0.0.1:8766/second no longer has python3-cc-1.0-1.noarch.rpm",
    ),
    "no network": (
        (
            "Download (curl) error for 'http://127.0.0.1:9/content':\nError code: Connection failed\n"
            "Error message: Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server\n"
        ),
        UnavailableError,
        (
            "cannot download http://127.0.0.1:9/content:"
            " Failed to connect to 127.0.0.1 port 9 after 0 ms: Could not connect to server"
        ),
    ),
    "never refreshed": (
        (
            "Error building the cache:\nCan't create /var/cache/zypp\n"
            "The metadata cache needs to be built for the 'Main' repository. You can run 'zypper refresh' as root to"
            " do this.\nSkipping repository 'Main' because of the above error.\n"
        ),
        UnavailableError,
        "the metadata of the repository Main was never fetched",
    ),
    "not found": (
        "Package 'nosuch=1-1' not found.\n",
        CommandError,
        "no repository of this host has the OS package nosuch=1-1",
    ),
    "not there to download": (
        "Argument resolves to no package: python3-aa=9.0-1\nNothing to do.\n",
        CommandError,
        "no repository of this host has the OS package python3-aa=9.0-1",
    ),
    "no repositories": (
        "Warning: There are no enabled repositories defined.\n",
        UnavailableError,
        "this host has no enabled repository",
    ),
    "locked version": (
        (
            "Problem: 1: conflicting requests\n"
            " Solution 1: do not ask to install a solvable providing python3-aa.noarch = 1.0-1\n"
            " Solution 2: remove lock to allow installation of python3-aa-1.0-1.noarch[base]\n"
        ),
        CommandError,
        "zypper's locks forbid to install python3-aa-1.0-1.noarch",
    ),
    "missing dependency": (
        (
            "Problem: 1: nothing provides 'nosuch' needed by the to be installed needsmissing-1.0-1.noarch\n"
            " Solution 1: do not install needsmissing-1.0-1.noarch\n"
        ),
        CommandError,
        "needsmissing-1.0-1.noarch needs nosuch, which no repository of this host has",
    ),
    "conflict": (
        (
            "Problem: 1: the to be installed confl-1.0-1.noarch conflicts with 'python3-aa' provided by the installed"
            " python3-aa-1.0-1.noarch\n Solution 1: deinstallation of python3-aa-1.0-1.noarch\n"
        ),
        CommandError,
        (
            "the OS packages do not fit what is installed: the to be installed confl-1.0-1.noarch conflicts with"
            " 'python3-aa' provided by the installed python3-aa-1.0-1.noarch"
        ),
    ),
    "downgrade": (
        (
            "The selected package 'python3-aa-1.0-1.noarch' from repository 'Main' has lower version than the"
            " installed one. Use 'zypper install --oldpackage python3-aa-1.0-1.noarch' to force installation of the"
            " package.\nNothing to do.\n"
        ),
        CommandError,
        "a newer version than the locked one is installed, and nothing is ever downgraded: python3-aa-1.0-1.noarch",
    ),
    "file conflict": (
        (
            "Checking for file conflicts: [..error]\nDetected 1 file conflict:\n\nFile /usr/share/t/python3-aa\n"
            "  from install of\n     filecon-1.0-1.noarch (Main)\n  conflicts with file from package\n"
            "     python3-aa-1.0-1.noarch (@System)\n\nFile conflicts happen when two packages attempt to install files"
            f" with the same name but different contents.\nContinue? [yes/no] (no): no\n{_ABORTED}"
        ),
        CommandError,
        "filecon-1.0-1.noarch and python3-aa-1.0-1.noarch both have the file /usr/share/t/python3-aa",
    ),
    "failing %pre": (
        (
            "error: %prein(shpre-1.0-1.noarch) scriptlet failed, exit status 3\n"
            "error: shpre-1.0-1.noarch: install failed\n"
            f"Error: Subprocess failed. Error: RPM failed: Command exited with status 1.\n{_ABORTED}"
        ),
        CommandError,
        "shpre-1.0-1.noarch could not be installed: its %prein script failed (exit status 3)",
    ),
    "disk full": (
        f"	installing package big-1.0-1.noarch needs 5MB more space on the /usr/share/t filesystem\n{_ABORTED}",
        CommandError,
        "the disk is full: big-1.0-1.noarch needs 5MB more below /usr/share/t",
    ),
    "download folder full": (
        (
            " - Can't hardlink/copy /var/tmp/AP_0x1iYQw6/big-1.0-1.noarch.rpm to /var/cache/zypp/packages/base\n"
            f" - Can't provide ./big-1.0-1.noarch.rpm\n{_ABORTED}"
        ),
        CommandError,
        "what was downloaded cannot be written to /var/cache/zypp/packages/base; the disk may be full",
    ),
    "locked database": (
        (
            "error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)\n"
            f"Error: Subprocess failed. Error: RPM failed: Command exited with status 1.\n{_ABORTED}"
        ),
        CommandError,
        "another process holds rpm's database (/var/lib/rpm/.rpm.lock)",
    ),
    "another zypper": (
        (
            "System management is locked by the application with pid 84 (zypper).\n"
            "Close this application before trying again.\n"
        ),
        CommandError,
        "another package manager is at work: process 84 (zypper)",
    ),
    "damaged database": (
        "Target initialization failed:\nFailed to open database: Root: / dbPath: /var/lib/rpm\n",
        CommandError,
        "rpm's database cannot be read",
    ),
    "not root": (
        "Root privileges are required to run this command.\n",
        CommandError,
        "OS packages can be installed by root only",
    ),
}

ALL = [(tool, case) for tool, table in (("dnf5", DNF5), ("dnf", DNF4), ("zypper", ZYPPER)) for case in table]
TABLES = {"dnf5": DNF5, "dnf": DNF4, "zypper": ZYPPER}


def completed(output: str, returncode: int = 1) -> Completed:
    return Completed(returncode=returncode, stdout="", stderr=output)


def command(tool: str, verb: str = "install") -> Command:
    return Command(argv=(tool, "-y", verb, "python3-flask"), environment={"A": "b"})


@pytest.mark.parametrize(("tool", "case"), ALL, ids=[f"{tool}: {case}" for tool, case in ALL])
def test_each_way_to_fail_has_its_own_error_and_a_next_step(tool: str, case: str) -> None:
    output, kind, message = TABLES[tool][case]
    error = failure_of(command(tool), completed(output))
    assert (type(error), error.message) == (kind, message)
    assert error.context == f"{tool} install"
    assert error.hint


@pytest.mark.parametrize("tool", TABLES)
def test_what_nobody_foresaw_is_told_in_the_tools_own_words(tool: str) -> None:
    error = failure_of(command(tool), completed("error: the moon is full\nbye\n", 8))
    assert error.message == f"{tool} failed (exit code 8): error: the moon is full"
    assert error.hint == f"env A=b {tool} -y install python3-flask"
    assert failure_of(command(tool), completed("")).message == f"{tool} failed (exit code 1): it said nothing"


@pytest.mark.parametrize("tool", ["dnf", "zypper"])
def test_a_failed_post_script_is_seen_although_the_tool_answers_0(tool: str) -> None:
    output = "oops\nwarning: %post(shpost-1.0-1.noarch) scriptlet failed, exit status 3\nComplete!\n"
    error = failed_script(command(tool), completed(output, 0))
    assert isinstance(error, CommandError)
    assert error.message == "shpost-1.0-1.noarch is installed, but its %post script failed (exit status 3)"
    assert failed_script(command(tool), completed("Complete!\n", 0)) is None


@pytest.mark.parametrize(
    ("tool", "output", "kind"),
    [
        ("dnf5", DNF5["no network"][0] + ">>> Usable URL not found\nMetadata cache created.\n", UnavailableError),
        ("dnf5", DNF5["tampered repomd.xml, and the repository skipped"][0], PolicyError),
        ("dnf", DNF4["tampered repomd.xml"][0] + "Ignoring repositories: r\nMetadata cache created.\n", PolicyError),
        ("dnf", DNF4["no network"][0] + "Ignoring repositories: r\nMetadata cache created.\n", UnavailableError),
    ],
)
def test_I6_a_repository_that_was_skipped_is_not_up_to_date(
    tool: str, output: str, kind: type[DistrofirstError]
) -> None:
    assert type(skipped_repository(command(tool, "makecache"), completed(output, 0))) is kind


def test_a_mirror_that_failed_before_another_answered_is_no_failure() -> None:
    output = (
        ">>> Curl error (7): Could not connect to server for http://a.example/repodata/repomd.xml [Failed to connect]"
        " - http://a.example/repodata/repomd.xml\n Main 43   100% | 4.6 KiB |  00m00s\nMetadata cache created.\n"
    )
    assert skipped_repository(command("dnf5", "makecache"), completed(output, 0)) is None
