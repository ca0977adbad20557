"""The suite of attacks (``tests/attacks``) against distrofirst: each is stopped in its own words, or comes to nothing.

``python3 -m tests.attacks`` runs the same suite against pip and uv, too; its table is in SECURITY.md.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.attacks.attack import Attack, Refused, Stage, Verdict, use, verdict
from tests.attacks.installers import Distrofirst, carry_out
from tests.attacks.suite import ATTACKS
from tests.cli.commandline import CHECKOUT
from tests.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.commandline import Here, Ran


@pytest.fixture
def stage(folder: Path, home: Path, index: Loopback, debian: str) -> Iterator[Stage]:
    assert debian
    with Loopback() as other:
        yield Stage(folder=folder, home=home, index=index, other=other)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_attack_comes_to_nothing(run: Here, stage: Stage, attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    if attack.needs and not shutil.which(attack.needs):
        pytest.skip(f"there is no {attack.needs}")

    def call(*argv: str) -> Ran:
        for name, value in stage.environment.items():
            monkeypatch.setenv(name, value)
        return run(*argv)

    ran = carry_out(attack, stage, Distrofirst(call=call))
    assert attack.expected.words in ran.err
    if isinstance(attack.expected, Refused):
        assert (ran.code, ran.out) == (attack.expected.code, "")
        assert {path.name for path in stage.folder.iterdir()} <= {"requirements.txt", "lock.toml", *attack.files}
        assert not stage.mark.exists()
    else:
        assert ran.code == 0, ran.err
        assert verdict(attack, stage, code=0, environment=os.environ) is Verdict.HARMLESS
        assert use(attack.use, stage, os.environ), "what was asked for is there"


# SECURITY.md says what the suite and the tests show.

SECURITY = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """Give the rows of the one table below a heading, without its head."""
    section = SECURITY.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_attack_has_its_row_and_every_row_its_attack() -> None:
    held = [
        (attack.name, Verdict.STOPS if isinstance(attack.expected, Refused) else Verdict.HARMLESS) for attack in ATTACKS
    ]
    assert [(name, ours) for name, ours, *_ in table("Who stops what")] == held
    assert len(dict(held)) == len(held), "attacks are told apart by their names"
    assert all(len(row) == 4 and set(row[1:]) <= {*Verdict} for row in table("Who stops what"))


def test_every_threat_names_attacks_that_exist_and_no_attack_is_without_a_threat() -> None:
    rows = table("Threats")
    assert all(len(row) == 4 and all(row[:3]) for row in rows)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row[2])}
    assert {attack.name for attack in ATTACKS} <= named
    for name in named - {attack.name for attack in ATTACKS}:
        path, _, test = name.partition("::")
        assert (CHECKOUT / path).is_file(), name
        assert not test or f"\ndef {test}(" in (CHECKOUT / path).read_text(encoding="utf-8"), name
