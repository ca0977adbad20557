"""Installs, or verifies, from a lock file: the acting side alone, without the command line around it.

Run inside a test host by its own interpreter: ``carry_out.py install|dry-run|verify LOCK VENV``. Standard output is
the dry run's lines, or one JSON object; an error of ours gives its exit code and ``{"error", "message", "hint"}``.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from resolver import lock as locks
from resolver.app import App
from resolver.errors import DistrofirstError
from resolver.folders import register_folder
from resolver.hosts.debian import Apt
from resolver.indexes import open_client, way
from resolver.io.process import ProcessRunner
from resolver.options import Options
from resolver.pypi.wheelhouse import Wheelhouse
from resolver.venv.install import dry_run_lines, install
from resolver.venv.record import contract_of
from resolver.venv.verify import verify


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(action: str, lock_file: str, venv: Path) -> str:
    """Give what is to be printed."""
    lock = locks.loads(Path(lock_file).read_text(encoding="utf-8"), context=lock_file)
    runner = ProcessRunner()
    packages = Apt(runner, lock.target)
    if action == "verify":
        found = verify(contract_of(lock), venv, runner, packages)
        return json.dumps([[finding.project, finding.kind] for finding in found])
    app = App(options=Options(venv=venv, dry_run=action == "dry-run"), warn=_say, progress=_say)
    with ExitStack() as stack:
        wheels = Wheelhouse(
            lambda: app._planner._wheel_folder,
            lambda: open_client(stack, app._planner.cache, way(None, ()), offline=False),
            app._planner.cache,
            rebuild=lambda wheel: sys.exit(f"{wheel.filename} would have to be built"),
        )
        dry_run = action == "dry-run"
        result = install(lock, venv, runner, packages, wheels, register=register_folder(), dry_run=dry_run)
    if action == "dry-run":
        return "\n".join(dry_run_lines(result.commands))
    return json.dumps({"changed": result.changed, "added": result.added})


if __name__ == "__main__":
    try:
        sys.stdout.write(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])) + "\n")
    except DistrofirstError as error:
        json.dump({"error": type(error).__name__, "message": error.message, "hint": error.hint}, sys.stdout)
        sys.exit(error.exit_code)
