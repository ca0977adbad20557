"""Asks dnf 4's Python interface: starts ``dnf4_ask.py`` under the system's interpreter, and reads its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.errors import UnavailableError
from resolver.hosts.rpm_database import SYSTEM_PYTHON
from resolver.hosts.rpm_failures import failure_of
from resolver.model import Command, Completed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resolver.errors import DistrofirstError
    from resolver.ports import Runner

_ASK = Path(__file__).with_name("dnf4_ask.py")


def ask(runner: Runner, request: Mapping[str, object], *, purpose: str) -> dict[str, Any]:
    """Give dnf's answer, or its ``failure`` with ``message``; ``said`` is what it printed besides.

    Raises UnavailableError where it cannot be asked at all (rule I6).
    """
    done = runner.run(Command(argv=(SYSTEM_PYTHON, "-I", str(_ASK)), stdin=json.dumps(dict(request)), purpose=purpose))
    if done.returncode != 0:
        if "No module named 'dnf'" in done.stderr:
            raise UnavailableError(
                f"{SYSTEM_PYTHON} cannot import dnf", hint="install it: dnf install python3-dnf (as root)"
            )
        raise failure_of(Command(argv=("dnf",)), done)
    answer: dict[str, Any] = json.loads(done.stdout)
    answer["said"] = done.stderr
    return answer


def keys(runner: Runner) -> tuple[str, ...]:
    """Give the URLs of the keys that the enabled repositories name, nothing being fetched."""
    answer = ask(runner, {"do": "keys"}, purpose="see which keys the repositories name")
    if "failure" in answer:
        raise complaint("repolist", answer)
    return tuple(answer["keys"])


def complaint(verb: str, answer: Mapping[str, Any]) -> DistrofirstError:
    """Turn a failure into the error that ``dnf VERB`` would have ended with.

    What became of a skipped repository is said too, for it may be the reason that a build was not found.
    """
    said = [answer["said"], *(f"Error: {why}" for why in answer["skipped"].values()), f"Error: {answer['message']}"]
    return failure_of(Command(argv=("dnf", verb)), Completed(returncode=1, stdout="", stderr="\n".join(said)))
