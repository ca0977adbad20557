"""The command line as its users have it: called in this process, or started as one of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resolver.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

CHECKOUT = Path(__file__).parents[2]
PYTHON = "/usr/bin/python3"
TRIXIE = ("--target", "debian:13")
NOTHING = 65534
"""The user and group that own nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def projects(self) -> dict[str, dict[str, Any]]:
        """The projects of a JSON report's only target, by name."""
        (target,) = self.json["targets"]
        return {project["name"]: project for project in target["projects"]}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: project["outcome"] for name, project in self.projects.items()}


class Here:
    """Runs commands in this process: fast, and seen by the coverage."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *argv: str) -> Ran:
        self._capsys.readouterr()
        code = main(argv)
        told = self._capsys.readouterr()
        return Ran(code=code, out=told.out, err=told.err)


def process(
    *argv: str,
    env: Mapping[str, str | None] | None = None,
    before: tuple[str, ...] = (),
    program: tuple[str, ...] = ("-m", "resolver"),
    stdin: bytes | None = None,
    python: str = PYTHON,
    **more: Any,  # noqa: ANN401 - what subprocess.run takes
) -> Ran:
    """Run a command in a process of its own; ``env`` changes this one's (None removes), ``before`` starts it."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    done = subprocess.run(
        [*before, python, *program, *argv],
        env={name: value for name, value in environment.items() if value is not None},
        input=stdin if stdin is not None else b"",
        check=False,
        timeout=120,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
    )
    return Ran(code=done.returncode, out=(done.stdout or b"").decode(), err=(done.stderr or b"").decode())
