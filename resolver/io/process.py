"""Runs other programs: the one place that starts any, and the only user of ``sh``.

Every program gets a clean environment, so that what a person has set for pip, uv or Python in general does not
change what a plan does (rule X1). Commands that need root run as they are for root, else through sudo (rule X3).
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from resolver.errors import CommandError, RightsError
from resolver.model import Command, Completed

if TYPE_CHECKING:
    from collections.abc import Mapping

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Only the distribution's own programs: /usr/local and a person's folders may hold another pip or python3."""

_KEPT = frozenset(
    {
        # who and where
        "HOME", "LOGNAME", "USER", "TERM", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "NETRC",
        # the way out
        "ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "all_proxy", "ftp_proxy", "http_proxy", "https_proxy", "no_proxy",
        # whom to trust on it
        "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE",
    }
)  # fmt: skip


def clean_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Give the environment that every program starts from.

    A list of what is kept rather than of what is dropped: PIP_*, UV_* and PYTHON* go, and so does what the next
    release of those tools will read. A certificate bundle that was given to pip alone (PIP_CERT) stays one.
    """
    kept = {name: value for name, value in inherited.items() if name in _KEPT}
    if "PIP_CERT" in inherited:
        kept.setdefault("REQUESTS_CA_BUNDLE", inherited["PIP_CERT"])
    if "HOME" not in kept:
        home = os.path.expanduser("~")  # noqa: PTH111 - Path's raises for a user whom no passwd entry gives a home
        kept["HOME"] = home if home != "~" else "/nonexistent"  # Debian Policy 9.2.3
    return {**kept, "PATH": PATH, "LC_ALL": "C.UTF-8"}


class ProcessRunner:
    """``resolver.ports.Runner`` on this machine."""

    def __init__(self, *, environment: Mapping[str, str] | None = None, root: bool | None = None) -> None:
        """Take the environment to clean (default: this process's) and whether this is root (default: ask)."""
        self._environment = clean_environment(os.environ if environment is None else environment)
        self._root = os.geteuid() == 0 if root is None else root

    def run(self, command: Command) -> Completed:
        """Run to the end with output captured; see ``resolver.ports.Runner``."""
        return self._perform(command, aloud=False)

    def stream(self, command: Command) -> Completed:
        """Run with the output also passed on to stderr, line by line; see ``resolver.ports.Runner``."""
        return self._perform(command, aloud=True)

    def _perform(self, command: Command, *, aloud: bool) -> Completed:
        if not command.privileged or self._root:
            return self._start(command, aloud=aloud)
        through_sudo = _through_sudo(command)
        done = self._start(through_sudo, aloud=aloud)
        if not _sudo_refused(done):
            return done
        if _has_terminal():
            # sudo has run nothing so far. It remembers a password per terminal, so asking first is enough.
            self._ask_for_password()
            done = self._start(through_sudo, aloud=aloud)
        if _sudo_refused(done):
            raise _no_rights(command, f"sudo refuses: {done.stderr.strip().splitlines()[-1]}")
        return done

    def _start(self, command: Command, *, aloud: bool) -> Completed:
        """Start one program and wait for it.

        Signals that end it are negative exit codes, as in ``subprocess``.
        """
        program = _find(command)
        # Files rather than pipes: nothing to drain, and a program that asks for input gets none.
        with contextlib.ExitStack() as files:
            out, err = (files.enter_context(_Echo() if aloud else tempfile.TemporaryFile()) for _ in range(2))  # noqa: SIM115 - closed by the stack
            stdin = files.enter_context(tempfile.TemporaryFile())
            stdin.write((command.stdin or "").encode())
            stdin.seek(0)
            options: dict[str, Any] = {
                "_in": stdin,
                "_out": out,
                "_err": err,
                "_env": {**self._environment, **command.environment},
                # No pseudo-terminal: apt and pip would draw progress bars into the captured output.
                "_tty_out": False,
                # The terminal stays the controlling one, which sudo needs to know whose password it remembers.
                "_new_session": False,
                # Ctrl-C then reaches this process alone, which decides what becomes of the program: see _wait.
                "_preexec_fn": os.setpgrp,
                "_bg": True,
                "_bg_exc": False,
            }
            returncode = _wait(program, command, options)
            return Completed(returncode=returncode, stdout=_text(out), stderr=_text(err))

    def _ask_for_password(self) -> None:
        import sh  # noqa: PLC0415 - see _wait

        sudo = shutil.which("sudo", path=PATH)
        # A wrong password is told by sudo itself and seen in what follows.
        with contextlib.suppress(sh.ErrorReturnCode):
            sh.Command(sudo)("-v", _fg=True, _env=self._environment)


class _Echo(io.BytesIO):
    """Keeps what a program writes and passes each line on to stderr as it comes."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - what BytesIO takes: any buffer
        sys.stderr.write(bytes(data).decode(errors="replace"))
        sys.stderr.flush()
        return super().write(data)


def _wait(program: str, command: Command, options: Mapping[str, Any]) -> int:
    """Run a program to its end.

    On Ctrl-C an unprivileged program is stopped. A privileged one is left to finish, for a package manager that is
    killed in the middle leaves the system half-configured; the interrupt then goes on its way.
    """
    import sh  # noqa: PLC0415 - 20 ms, and most runs (a warm report) start no program

    try:
        running = sh.Command(program)(*command.argv[1:], **options)
    except (sh.ForkException, OSError) as error:
        raise CommandError(
            f"{command.argv[0]} cannot be started: {_first_line(error)}", context=shlex.join(command.argv)
        ) from error
    try:
        running.wait()
    except sh.ErrorReturnCode as error:
        return int(error.exit_code)
    except KeyboardInterrupt:
        if not command.privileged:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGINT)
        with contextlib.suppress(sh.ErrorReturnCode):
            running.wait()
        raise
    return 0


def _find(command: Command) -> str:
    program = shutil.which(command.argv[0], path=PATH)
    if program is None:
        raise CommandError(
            f"{command.argv[0]} is not there or cannot be run; it is needed {_purpose(command)}",
            context=shlex.join(command.argv),
            hint=f"looked in {PATH}" if "/" not in command.argv[0] else None,
        )
    return program


def _purpose(command: Command) -> str:
    return f"to {command.purpose}" if command.purpose else "for the next step"


def _text(file: IO[bytes] | io.BufferedIOBase) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _through_sudo(command: Command) -> Command:
    """Put sudo before a command; what it sets in the environment goes along, which sudo would drop."""
    if shutil.which("sudo", path=PATH) is None:
        raise _no_rights(command, "and sudo is not installed")
    settings = tuple(f"{name}={value}" for name, value in sorted(command.environment.items()))
    return Command(
        argv=("sudo", "-n", "--", *(("env", *settings) if settings else ()), *command.argv),
        privileged=True,
        stdin=command.stdin,
        purpose=command.purpose,
    )


def _sudo_refused(done: Completed) -> bool:
    """Tell whether it was sudo that said no, before anything ran."""
    return done.returncode == 1 and not done.stdout and done.stderr.startswith("sudo: ")


def _has_terminal() -> bool:
    try:
        with Path("/dev/tty").open("rb"):
            return True
    except OSError:
        return False


def _no_rights(command: Command, why: str) -> RightsError:
    return RightsError(
        f"root is needed {_purpose(command)}, {why}",
        hint=f"let an administrator run: {command.shell_line()}",
    )
