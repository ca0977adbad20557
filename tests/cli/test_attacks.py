"""The suite of attacks (``tests/attacks``) against distrofirst: each is stopped in its own words, or comes to nothing.

``python3 -m tests.attacks`` runs the same suite against pip and uv, too; its table is in SECURITY.md.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.attacks.attack import Attack, Refused, Stage, Verdict, verdict
from tests.attacks.installers import Distrofirst, carry_out
from tests.attacks.suite import ATTACKS
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


def test_attacks_are_told_apart() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
