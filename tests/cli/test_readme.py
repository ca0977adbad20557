"""README says what --help says, and every command that it shows can be typed."""

from __future__ import annotations

import re
import shlex

import pytest

from resolver.arguments import build_parser, parse
from tests.cli.commandline import CHECKOUT
from tests.cli.test_usage import COMMANDS, commands

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Commands")[2].partition("\n## ")[0]


def shown() -> list[list[str]]:
    """Give the arguments of each distrofirst command in README's console blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    starts = (["distrofirst"], ["sh", "vagrant/provision.sh"], ["python3", "-m", "resolver"])
    split = [shlex.split(line, comments=True) for line in lines]
    return [words[len(start) :] for words in split for start in starts if words[: len(start)] == start]


def test_the_section_and_the_commands_are_found() -> None:
    assert SECTION
    assert len(shown()) >= 2


def test_every_command_is_told_of() -> None:
    assert tuple(commands()) == COMMANDS
    for name in COMMANDS:
        assert re.search(rf"^\| `{name}\b", SECTION, re.MULTILINE), f"README's table does not have {name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told_of(name: str) -> None:
    parser = commands()[name]
    told = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", SECTION))
    for action in parser._actions:
        if action.option_strings:
            assert told & set(action.option_strings), f"README does not tell of {action.option_strings} ({name})"


def test_no_option_is_told_of_that_does_not_exist() -> None:
    known = {option for parser in (*commands().values(), build_parser()) for option in parser._option_string_actions}
    told = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", SECTION))
    of_pip = {"--hash"}
    assert told - known <= of_pip


@pytest.mark.parametrize("argv", shown(), ids=" ".join)
def test_what_is_shown_can_be_typed(argv: list[str]) -> None:
    assert parse(argv).command in COMMANDS
