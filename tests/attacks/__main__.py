"""Who stops what: the suite of attacks against distrofirst, ``pip install -r`` and ``uv pip install -r``, as a table.

    python3 -m tests.attacks [--only WORD...] [-v]

Run by an interpreter that has pip and uv beside it (``pip install pip uv``), on a Debian 12 or 13 that can answer for
itself. Everything is served on this machine; the attackers' code only writes a file.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.attacks.attack import Attack, Stage, Verdict, verdict
from tests.attacks.installers import Distrofirst, Installer, Peer, carry_out
from tests.attacks.suite import ATTACKS
from tests.cli.commandline import CHECKOUT, Ran, process
from tests.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Make = Callable[[dict[str, str], Stage], Installer]


def _ours(environment: dict[str, str], stage: Stage, *argv: str) -> Ran:
    """Run the checkout's distrofirst, in the environment as it is by then."""
    env = dict.fromkeys(os.environ) | {"PYTHONPATH": str(CHECKOUT)} | environment
    return process(*argv, env=env, cwd=stage.folder)


PIP: Final = (sys.executable, "-m", "pip", "--python", "PYTHON", "install", "--quiet")
UV: Final = (str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", "PYTHON")
INSTALLERS: Final[dict[str, Make]] = {
    "distrofirst": lambda env, stage: Distrofirst(call=partial(_ours, env, stage)),
    "pip install -r": lambda env, _: Peer(command=PIP, environment=env),
    "uv pip install -r": lambda env, _: Peer(command=UV, environment=env),
}


def run(attack: Attack, make: Make, index: Path, *, verbose: bool) -> Verdict:
    """Stage an attack anew for one installer, and see what comes of it."""
    with tempfile.TemporaryDirectory() as scratch, Loopback() as server, Loopback() as other:
        home, folder = Path(scratch, "home"), Path(scratch, "work")
        folder.mkdir()
        shutil.copytree(index, home / ".cache" / "distrofirst" / "host")
        stage = Stage(folder=folder, home=home, index=server, other=other)
        environment = _environment(stage)
        # The attack may add to it.
        stage.environment = environment
        installer = make(environment, stage)
        ran = carry_out(attack, stage, installer)
        if isinstance(installer, Distrofirst) and attack.expected.words not in ran.err:
            raise SystemExit(f"{attack.name}: {attack.expected.words!r} was expected, and this was said:\n{ran.err}")
        found = verdict(attack, stage, code=ran.code, environment=environment)
        if verbose:
            print(f"--- {attack.name}: {found}, exit {ran.code}\n{ran.out}{ran.err}", file=sys.stderr)
        return found


def _environment(stage: Stage) -> dict[str, str]:
    """Give a user with one index, and nothing else configured."""
    url = f"{stage.index.url}/simple/"
    return {
        "HOME": str(stage.home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": url,
        "UV_DEFAULT_INDEX": url,
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _host_index(scratch: Path) -> Path:
    """Build this machine's index once."""
    env: dict[str, str | None] = {"XDG_CACHE_HOME": str(scratch)}
    built = process("report", "--direct", "-", env=env, stdin=b"flask", cwd=scratch)
    if built.code:
        raise SystemExit(built.err)
    return scratch / "distrofirst" / "host"


def _versions() -> str:
    def told(*argv: str) -> str:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout

    pip = re.match(r"pip \S+", told(*PIP[:3], "--version"))
    assert pip is not None
    uv = " ".join(told(UV[0], "--version").split()[:2])
    return f"{pip[0]}, {uv}, Python {sys.version.split()[0]}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and below it what was counted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[""], help="attacks with one of these in their names")
    parser.add_argument("-v", "--verbose", action="store_true", help="also what each installer said")
    chosen = parser.parse_args(arguments)
    attacks = [attack for attack in ATTACKS if any(word in attack.name for word in chosen.only)]
    counts: dict[str, Counter[Verdict]] = {name: Counter() for name in INSTALLERS}
    print(f"{_versions()}\n\n| attack | {' | '.join(INSTALLERS)} |\n|---|{'---|' * len(INSTALLERS)}")
    with tempfile.TemporaryDirectory() as scratch:
        index = _host_index(Path(scratch))
        for attack in attacks:
            found = {name: run(attack, make, index, verbose=chosen.verbose) for name, make in INSTALLERS.items()}
            for name, one in found.items():
                counts[name][one] += 1
            print(f"| {attack.name} | {' | '.join(found.values())} |", flush=True)
    for name, count in counts.items():
        print(f"{name}: {', '.join(f'{count[one]} {one}' for one in Verdict if count[one])}", file=sys.stderr)


if __name__ == "__main__":
    main()
