"""How programs are run: a clean environment (rule X1), root only where asked for (rule X3)."""

from __future__ import annotations

import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError
from resolver.io import process
from resolver.io.process import ProcessRunner, clean_environment
from resolver.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable


def test_X1_settings_of_pip_uv_and_python_are_dropped() -> None:
    dirty = {"PIP_INDEX_URL": "http://index.example", "UV_INDEX": "x", "PYTHONPATH": "/x", "VIRTUAL_ENV": "/v"}
    assert clean_environment({**dirty, "HOME": "/home/me"}) == {
        "HOME": "/home/me",
        "PATH": process.PATH,
        "LC_ALL": "C.UTF-8",
    }


def test_X1_proxies_and_certificate_authorities_are_kept() -> None:
    given = {
        "https_proxy": "http://proxy.example:3128",
        "NO_PROXY": "x",
        "SSL_CERT_FILE": "/a",
        "REQUESTS_CA_BUNDLE": "/b",
    }
    assert given.items() <= clean_environment(given).items()


def test_a_bundle_given_to_pip_alone_stays_one() -> None:
    assert clean_environment({"PIP_CERT": "/ca.pem"})["REQUESTS_CA_BUNDLE"] == "/ca.pem"
    assert clean_environment({"PIP_CERT": "/ca.pem", "REQUESTS_CA_BUNDLE": "/b"})["REQUESTS_CA_BUNDLE"] == "/b"


def test_a_program_gets_the_clean_environment_and_what_the_command_sets() -> None:
    runner = ProcessRunner(environment={"PIP_INDEX_URL": "x", "HOME": "/h", "LANG": "de_DE.UTF-8"})
    seen = runner.run(Command(argv=("env",), environment={"A": "b"})).stdout.splitlines()
    assert sorted(seen) == ["A=b", "HOME=/h", "LC_ALL=C.UTF-8", f"PATH={process.PATH}"]


def test_output_is_kept_whole_whatever_its_size_or_bytes() -> None:
    done = ProcessRunner().run(Command(argv=("sh", "-c", r"head -c 300000 /dev/zero | tr '\0' x; printf '\377é'")))
    assert done.stdout == "x" * 300_000 + "\N{REPLACEMENT CHARACTER}é"


def test_a_signal_is_a_negative_exit_code() -> None:
    assert ProcessRunner().run(Command(argv=("sh", "-c", "kill -9 $$"))).returncode == -9


def test_a_program_that_asks_gets_no_answer_rather_than_the_users() -> None:
    assert ProcessRunner().run(Command(argv=("sh", "-c", "read line; echo $?"))).stdout == "1\n"


def test_stream_passes_both_outputs_on_to_stderr_as_they_come(capfd: pytest.CaptureFixture[str]) -> None:
    done = ProcessRunner().stream(Command(argv=("sh", "-c", "echo ä; echo err >&2")))
    out, err = capfd.readouterr()
    assert (done.stdout, done.stderr, out) == ("ä\n", "err\n", "")
    assert sorted(err.splitlines()) == ["err", "ä"]


def test_a_file_that_is_no_program_is_an_error_with_its_purpose(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("x")
    with pytest.raises(CommandError, match="needed to read the lists"):
        ProcessRunner().run(Command(argv=(str(text),), purpose="read the lists"))


def test_a_program_that_cannot_be_executed_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nonexistent/interpreter\n")
    broken.chmod(0o755)
    with pytest.raises(CommandError, match="cannot be started"):
        ProcessRunner().run(Command(argv=(str(broken),)))


@pytest.fixture
def sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a sudo of our own on the path that programs are looked for on; no terminal is there."""
    monkeypatch.setattr(process, "PATH", f"{tmp_path}:{process.PATH}")
    monkeypatch.setattr(process, "_has_terminal", lambda: False)

    def write(script: str) -> None:
        path = tmp_path / "sudo"
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


PRIVILEGED = Command(argv=("apt-get", "install", "x"), privileged=True, environment={"A": "b c"}, purpose="install x")


def test_X3_root_runs_a_privileged_command_as_it_is() -> None:
    command = Command(argv=("sh", "-c", "echo done"), privileged=True)
    assert ProcessRunner(root=True).run(command).stdout == "done\n"


def test_X3_others_run_it_through_sudo_with_its_environment(sudo: Callable[[str], None]) -> None:
    sudo("printf '%s ' \"$@\"")
    assert ProcessRunner(root=False).run(PRIVILEGED).stdout == "-n -- env A=b c apt-get install x "


def test_X3_an_unprivileged_command_never_meets_sudo(sudo: Callable[[str], None]) -> None:
    sudo("echo sudo")
    assert ProcessRunner(root=False).run(Command(argv=("echo", "plain"))).stdout == "plain\n"


def test_X3_without_sudo_an_administrator_is_told_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATH", str(tmp_path))
    with pytest.raises(CommandError, match="root is needed to install x, and sudo is not installed") as caught:
        ProcessRunner(root=False).run(PRIVILEGED)
    assert caught.value.hint == "let an administrator run: env 'A=b c' apt-get install x"


def test_X3_a_refusal_of_sudo_without_a_terminal_is_an_error(sudo: Callable[[str], None]) -> None:
    sudo("echo 'sudo: a password is required' >&2; exit 1")
    with pytest.raises(CommandError, match="sudo refuses: sudo: a password is required"):
        ProcessRunner(root=False).stream(PRIVILEGED)


def test_X3_on_a_terminal_sudo_may_ask_and_the_command_runs_then(
    sudo: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_has_terminal", lambda: True)
    known = tmp_path / "password-known"
    sudo(f"""
        if [ "$1" = -v ]; then touch {known}; exit 0; fi
        [ -e {known} ] || {{ echo 'sudo: a password is required' >&2; exit 1; }}
        echo ran
    """)
    assert ProcessRunner(root=False).run(PRIVILEGED).stdout == "ran\n"


def test_a_failure_of_the_command_itself_is_not_taken_for_sudos(sudo: Callable[[str], None]) -> None:
    sudo("echo 'E: broken' >&2; exit 1")
    assert ProcessRunner(root=False).run(PRIVILEGED).stderr == "E: broken\n"


def _interrupted(command: str, *, privileged: bool) -> str:
    """Run a command in a process of its own that gets Ctrl-C half a second later; give what that process printed."""
    code = f"""
        import os, signal, threading
        from resolver.io.process import ProcessRunner
        from resolver.model import Command
        # Who starts the tests in the background has them ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            ProcessRunner(root=True).run(Command(argv=("sh", "-c", {command!r}), privileged={privileged}))
        except KeyboardInterrupt:
            print("interrupted")
    """
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=root, capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout


def test_ctrl_c_stops_a_program(tmp_path: Path) -> None:
    after = tmp_path / "after"
    assert _interrupted(f"sleep 1.5; touch {after}", privileged=False) == "interrupted\n"
    assert not after.exists()


def test_ctrl_c_lets_a_package_manager_finish_first(tmp_path: Path) -> None:
    after = tmp_path / "after"
    assert _interrupted(f"sleep 1; touch {after}", privileged=True) == "interrupted\n"
    assert after.exists()
