"""What every Runner promises (resolver.ports.Runner), held against the real one and the fake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from resolver.errors import CommandError
from resolver.io.process import ProcessRunner
from resolver.model import Command, Completed
from tests.fakes import FakeRunner

if TYPE_CHECKING:
    from resolver.ports import Runner

SAY = ("sh", "-c", "echo out; echo err >&2")
FAIL = ("sh", "-c", "echo no >&2; exit 3")
READ = ("cat", "-")
ANSWERS = {
    SAY: Completed(returncode=0, stdout="out\n", stderr="err\n"),
    FAIL: Completed(returncode=3, stdout="", stderr="no\n"),
    READ: Completed(returncode=0, stdout="given\n", stderr=""),
}


@pytest.fixture(params=["process", "fake"])
def runner(request: pytest.FixtureRequest) -> Runner:
    return ProcessRunner() if request.param == "process" else FakeRunner(ANSWERS)


@pytest.mark.parametrize("method", ["run", "stream"])
def test_output_and_errors_come_back_apart(runner: Runner, method: str) -> None:
    assert getattr(runner, method)(Command(argv=SAY)) == Completed(returncode=0, stdout="out\n", stderr="err\n")


@pytest.mark.parametrize("method", ["run", "stream"])
def test_a_failure_is_returned_and_not_raised(runner: Runner, method: str) -> None:
    assert getattr(runner, method)(Command(argv=FAIL)) == Completed(returncode=3, stdout="", stderr="no\n")


@pytest.mark.parametrize("method", ["run", "stream"])
def test_a_program_that_does_not_exist_is_an_error(runner: Runner, method: str) -> None:
    with pytest.raises(CommandError) as caught:
        getattr(runner, method)(Command(argv=("no-such-program", "word")))
    assert "no-such-program" in caught.value.message
    assert caught.value.context == "no-such-program word"


def test_standard_input_is_what_the_command_says(runner: Runner) -> None:
    assert runner.run(Command(argv=READ, stdin="given\n")).stdout == "given\n"
