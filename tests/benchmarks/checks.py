"""What the checks of the remainder cost: the nine-project set with and without them, as ``speed`` prints its races.

    python3 -m tests.benchmarks.checks [--runs 7] [--only lock warm wheels cold] [--python PYTHON] [--cache DIR]

The checks are the judging of names, the cooldown, the comparison of hashes of what the cache has, and the inspection of
wheels. No switch turns them off; what runs without them is distrofirst with those parts replaced from outside.
Left in on both sides are the comparison while a file is fetched, which cannot be told from fetching it, and what the
package manager verifies. Both sides read the same index, in turn. ``install`` is a dry run: it plans, fetches, compares
and inspects, and changes nothing. It is of this host, and the figures of README are of Debian 12.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.benchmarks.speed import NINE, Contender, Race, Setting, default_cache, environment, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL: Final = 1.15
_WITH: Final = """\
import sys
from resolver.cli import main
sys.exit(main(sys.argv[1:]))
"""
_NO_NAMES: Final = """\
from resolver.app import App
from resolver.resolve.concerns import nobody
App._names = lambda self, catalog: nobody
"""
_NO_WHEELS: Final = """\
from resolver.pypi import wheelhouse
wheelhouse._is_whole = lambda path, wheel: path.is_file()
wheelhouse.Wheelhouse._look_through = lambda self, expectations, files, served=(): dict.fromkeys(files, ())
"""


def race(setting: Setting, title: str, *arguments: str, forget: tuple[str, ...] = ()) -> Race:
    """Run one command with and without the checks; ``forget`` is what of the cache is removed before each run."""
    listed = setting.scratch / "nine.txt"
    listed.write_text("\n".join(NINE) + "\n")
    # Each side has a cache of its own, and both the same in it.
    patches = _NO_NAMES + (_NO_WHEELS if arguments[0] == "install" else "")
    return Race(
        title=title,
        contenders=(
            _side(setting, "with the checks", _WITH, forget, *arguments, str(listed)),
            _side(setting, "without", patches + _WITH, forget, *arguments, "--uploaded-before", "off", str(listed)),
        ),
        goal=GOAL,
    )


def _side(setting: Setting, name: str, code: str, forget: tuple[str, ...], *arguments: str) -> Contender:
    folder = setting.cache / f"checks {name}"
    contender = setting.script(name, code, *arguments)
    return replace(
        contender,
        name=f"{arguments[0]}, {name}",
        environment={**contender.environment, "XDG_CACHE_HOME": str(folder)},
        before=_forgetting(folder / "distrofirst", forget),
    )


def _forgetting(cache: Path, names: tuple[str, ...]) -> Callable[[], None]:
    def forget() -> None:
        for name in names:
            shutil.rmtree(cache / name, ignore_errors=True)

    return forget


def main() -> None:
    """Run the races that are asked for and print their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each side (at least 5 mean something)")
    every = ("lock", "warm", "wheels", "cold")
    parser.add_argument("--only", nargs="+", choices=every, default=every)
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter that runs distrofirst")
    parser.add_argument("--cache", type=Path, default=default_cache(), help="where warm caches are kept")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="distrofirst-benchmark-") as scratch:
        setting = Setting(
            python=arguments.python, cache=arguments.cache.resolve(), scratch=Path(scratch), environment=environment()
        )
        install = ("install", "--dry-run", "--quiet")
        races = {
            "lock": race(setting, "lock, warm", "lock", "-o", "-"),
            "warm": race(setting, "install, warm", *install),
            "wheels": race(setting, "install, wheels new", *install, forget=("wheels", "entries/inspection")),
            "cold": race(setting, "install, all but the host's index new", *install, forget=("wheels", "entries")),
        }
        chosen = [races[name] for name in arguments.only]
        for one in chosen:
            one.run(arguments.runs, setting.scratch)
    print_table(chosen, python=arguments.python, runs=arguments.runs)


if __name__ == "__main__":
    main()
