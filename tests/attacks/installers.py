"""The three that are attacked: each installs the victim's ``requirements.txt`` into an environment of its own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.cli.commandline import PYTHON, Ran

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.attacks.attack import Attack, Stage


class Installer(Protocol):
    """Installs what the folder of a stage asks for."""

    def lock(self, stage: Stage) -> None:
        """Write down what is to be installed, where it can."""
        ...

    def install(self, attack: Attack, stage: Stage) -> Ran:
        """Install into ``stage.venv``; the attack is staged by then."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Distrofirst:
    """``distrofirst install``, of the lock that it made before the attack, if it made one."""

    call: Callable[..., Ran]
    """Runs one command in the stage's folder; takes its arguments."""

    def lock(self, stage: Stage) -> None:
        done = self.call("lock", "-o", str(stage.lock))
        assert done.code == 0, done.err

    def install(self, attack: Attack, stage: Stage) -> Ran:
        lock = ("--lock", str(stage.lock)) if stage.lock.exists() else ()
        return self.call("install", "--yes", *lock, *attack.options)


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """pip or uv. Neither makes a lock here: what is pinned stands in ``requirements.txt``."""

    command: tuple[str, ...]
    """Installs ``-r FILE`` into the environment of the interpreter that takes the place of ``PYTHON``."""
    environment: Mapping[str, str]

    def lock(self, stage: Stage) -> None:
        assert stage.folder.is_dir()

    def install(self, attack: Attack, stage: Stage) -> Ran:
        options = ("--system-site-packages",) if attack.sees_system else ()
        # Copies: no attack on the environment's python shall find its way to the machine's.
        subprocess.run([PYTHON, "-m", "venv", "--copies", "--without-pip", *options, str(stage.venv)], check=True)
        place = str(stage.venv / "bin" / "python")
        argv = [*(place if word == "PYTHON" else word for word in self.command), "-r", "requirements.txt"]
        done = subprocess.run(
            argv, env=self.environment, cwd=stage.folder, capture_output=True, text=True, check=False, timeout=120
        )
        return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def carry_out(attack: Attack, stage: Stage, installer: Installer) -> Ran:
    """Let the victim prepare, the attacker act, and the victim install."""
    if attack.before is not None:
        attack.before(stage)
        installer.lock(stage)
    attack.stage(stage)
    return installer.install(attack, stage)
