"""How long distrofirst takes, beside named peers: one table, printed; nothing is asserted.

    python3 -m tests.benchmarks.speed [--runs 7] [--only RACE...] [--python /usr/bin/python3] [--cache DIR]

Every command is a whole process, run in turn with its peer so that both see the same machine. The index is the one that
pip is configured with, and uv is told the same. Files go to a cache folder and a scratch folder, none to the checkout.
Only the standard library is imported: a child inherits the peak memory of who starts it, so this process stays small.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CHECKOUT: Final = Path(__file__).resolve().parents[2]
COVERED: Final = Path(__file__).with_name("covered-100.txt")
CORPUS: Final = CHECKOUT.parent / "shared" / "corpora" / "requirements"
NINE: Final = ("flask", "requests", "pandas", "fastapi", "celery", "django", "httpx", "sqlalchemy>=2", "pydantic>=2")
RELEASES: Final = ("debian:12", "debian:13")
RACES: Final = ("covered", "matrix", "folder", "nine", "build")
MEMORY_GOAL: Final = 150
"""MB, for each of our commands."""

_INDEX_URL = """\
from resolver.io.cache import FileCache
from resolver.io.process import ProcessRunner
from resolver.pypi.configuration import read_settings
print(read_settings(ProcessRunner(), FileCache(None, warn=print)).index_url or "")
"""
_CONTENTS = """\
import sys
from resolver.app import App
from resolver.options import Options
from resolver.errors import UnavailableError
from resolver.hosts import releases
from resolver.targets.debian import DebianTargets
app = App(options=Options(), warn=print, progress=print)
release = releases.parse(sys.argv[1])
targets = DebianTargets(setting=app._planner.targets._setting)
root = targets._root(release, targets.open(release, None, None).target.architecture)
try:
    print(*root.contents(), sep="\\n")
except UnavailableError:
    pass
"""
_BUILD = """\
import sys
from resolver.app import App
from resolver.options import Options
from resolver.hosts.apt_root import AptRoot
AptRoot.update = lambda self: None  # what it would fetch is here already
print(*App(options=Options(targets=(sys.argv[1],)), warn=print, progress=str).update())
"""
_ZCAT = 'zcat "$@" | grep -c info'


@dataclass(kw_only=True)
class Contender:
    """One command and what its runs took."""

    name: str
    argv: Sequence[str]
    environment: dict[str, str]
    codes: tuple[int, ...] = (0,)
    """The exit codes of a run that counts."""
    before: Callable[[], None] = lambda: None
    """Run before each measured run, outside the measurement: empties a cache."""
    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0
    """MB, of the largest process that took part."""

    def run(self, scratch: Path) -> None:
        """Run once. Raises SystemExit with the command's own words where it fails."""
        self.before()
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            child = subprocess.Popen(
                self.argv, env=self.environment, cwd=scratch, stdout=subprocess.DEVNULL, stderr=errors
            )
            _, status, usage = os.wait4(child.pid, 0)
            self.seconds.append(time.perf_counter() - start)
            child.returncode = os.waitstatus_to_exitcode(status)  # subprocess shall not wait for it again
            if child.returncode not in self.codes:
                errors.seek(0)
                raise SystemExit(f"{self.name}: exit {child.returncode}\n{errors.read().decode(errors='replace')}")
        self.peak = max(self.peak, usage.ru_maxrss / 1024)


@dataclass(frozen=True, kw_only=True)
class Race:
    """Ours first, then the peers; the first peer is the one that the goal speaks of."""

    title: str
    contenders: tuple[Contender, ...]
    goal: float | None
    """Our minimum over the peer's."""
    excess: float | None = None
    """A goal for our minimum less the peer's, in seconds."""
    seconds: float | None = None
    """A goal of its own for our minimum."""
    memory: int = MEMORY_GOAL
    """MB, for ours."""

    def run(self, runs: int, scratch: Path) -> None:
        """Run each once unmeasured, which fills caches and writes byte code, then in turn."""
        for contender in self.contenders:
            contender.run(scratch)
            contender.seconds.clear()
            contender.peak = 0.0
        for number in range(runs):
            print(f"{self.title}: run {number + 1} of {runs}", file=sys.stderr)
            for contender in self.contenders:
                contender.run(scratch)

    def rows(self) -> Iterable[str]:
        """Give Markdown table rows."""
        ours = self.contenders[0]
        best = min(ours.seconds)
        for place, contender in enumerate(self.contenders):
            ratio = best / min(contender.seconds)
            verdict = ""
            if place == 0:
                met = ours.peak <= self.memory and (self.seconds is None or best <= self.seconds)
                limit = f"≤ {self.seconds:g} s, " if self.seconds is not None else ""
                verdict = f"{limit}≤ {self.memory} MB: {_word(met=met)}"
            elif place == 1:
                verdict = self._compared(best, min(contender.seconds))
            yield (
                f"| {self.title if place == 0 else ''} | {contender.name} | {min(contender.seconds):.2f} "
                f"| {statistics.median(contender.seconds):.2f} | {contender.peak:.0f} "
                f"| {f'{ratio:.2f}' if place else ''} | {verdict} |"
            )

    def _compared(self, ours: float, theirs: float) -> str:
        """Say whether we come close enough to a peer."""
        found = []
        if self.goal is not None:
            found.append(f"ratio ≤ {self.goal:g}: {_word(met=ours <= self.goal * theirs)}")
        if self.excess is not None:
            more = ours - theirs
            found.append(f"{more * 1000:+.0f} ms, ≤ {self.excess * 1000:g} ms: {_word(met=more <= self.excess)}")
        return ", ".join(found)


def _word(*, met: bool) -> str:
    return "met" if met else "MISSED"


def covered(setting: Setting) -> Race:
    """(a) A file that the distribution covers whole, everything warm."""
    compile_ = ("pip", "compile", "-q", "--python-version", "3.13", str(COVERED))
    return Race(
        title="100 lines that Debian 13 covers, warm",
        contenders=(
            setting.ours("report", "report", "--target", "debian:13", "--fail-under", "100", str(COVERED)),
            setting.uv("uv pip compile", *compile_),
            setting.uv("uv pip compile --offline", *compile_, "--offline"),
        ),
        goal=1.0,
        seconds=0.25,
    )


def matrix(setting: Setting) -> Race:
    """(d) The same lines against three releases, and against one."""
    common = ("report", "--direct", "--format", "json", "--target", "debian:13")
    more = ("--target", "debian:12", "--target", "debian:sid")
    return Race(
        title="100 lines against three releases, directly",
        contenders=(
            setting.ours("report, three", *common, *more, str(COVERED)),
            setting.ours("report, one", *common, str(COVERED)),
        ),
        goal=1.6,
        seconds=0.4,
    )


def folder(setting: Setting) -> Race:
    """(e) Some two hundred real files by two processes, and by one."""
    common = ("report", "--direct", "--target", "debian:12", "--target", "debian:13", str(CORPUS))
    answers = (0, 1)  # some of them ask for what nobody has
    return Race(
        title="a folder of real files against two releases, directly",
        contenders=(
            setting.ours("report --jobs 2", *common, "--jobs", "2", codes=answers),
            setting.ours("report --jobs 1", *common, "--jobs", "1", codes=answers),
        ),
        goal=0.7,
    )


def nine(setting: Setting, *, cold: bool) -> Race:
    """(b) Nine projects of which the distribution has most, and not all in a fitting version."""
    listed = setting.scratch / "nine.txt"
    listed.write_text("\n".join(NINE) + "\n")
    compile_ = ("pip", "compile", "-q", "--generate-hashes", "--python-version", "3.11", str(listed))
    ours = setting.ours("lock", "lock", "--target", "debian:12", "-o", "-", str(listed), cold=cold)
    uv = setting.uv("uv pip compile --generate-hashes", *compile_, cold=cold)
    offline = setting.uv("uv pip compile --generate-hashes --offline", *compile_, "--offline")
    return Race(
        title=f"nine projects on Debian 12, {'cold' if cold else 'warm'}",
        contenders=(ours, uv) if cold else (ours, uv, offline),
        goal=1.2 if cold else 0.5,
    )


def build(setting: Setting, release: str) -> Race:
    """(c) A release's index from Contents that apt has downloaded."""
    if not (files := setting.ask(_CONTENTS, release)):
        print(f"fetching the metadata of {release}, once", file=sys.stderr)
        fetch = setting.ours("update", "update", "--target", release)
        fetch.run(setting.scratch)
        files = setting.ask(_CONTENTS, release)
    return Race(
        title=f"index of {release} from Contents",
        contenders=(
            setting.script("build", _BUILD, release),
            Contender(
                name="zcat FILES \\| grep -c info",
                argv=("sh", "-c", _ZCAT, "sh", *files.split("\n")),
                environment={**setting.environment, "LC_ALL": "C"},
            ),
        ),
        goal=2.0,
    )


@dataclass(kw_only=True)
class Setting:
    """Where everything is."""

    python: str
    cache: Path
    scratch: Path
    environment: dict[str, str]

    def ours(self, name: str, *arguments: str, cold: bool = False, codes: tuple[int, ...] = (0,)) -> Contender:
        """Run the checkout's distrofirst; ``cold`` empties its cache before each run."""
        folder = self.cache / ("cold" if cold else "warm")
        return Contender(
            name=f"distrofirst {name}",
            argv=(self.python, "-m", "resolver", *arguments),
            codes=codes,
            environment=self._with(XDG_CACHE_HOME=str(folder)),
            before=(lambda: shutil.rmtree(folder, ignore_errors=True)) if cold else lambda: None,
        )

    def script(self, name: str, code: str, *arguments: str) -> Contender:
        """Run Python code that uses the checkout."""
        return Contender(
            name=f"distrofirst's {name}",
            argv=(self.python, "-c", code, *arguments),
            environment=self._with(XDG_CACHE_HOME=str(self.cache / "warm")),
        )

    def uv(self, name: str, *arguments: str, cold: bool = False) -> Contender:
        """Run uv on the same index; ``cold`` empties its cache before each run."""
        folder = self.cache / ("uv-cold" if cold else "uv")
        return Contender(
            name=name,
            argv=(_uv(), *arguments),
            environment={
                **self.environment,
                "UV_CACHE_DIR": str(folder),
                "UV_DEFAULT_INDEX": self.ask(_INDEX_URL),
                "UV_NO_CONFIG": "1",
                "UV_PYTHON_DOWNLOADS": "never",
            },
            before=(lambda: shutil.rmtree(folder, ignore_errors=True)) if cold else lambda: None,
        )

    def ask(self, code: str, *arguments: str) -> str:
        """Let the checkout answer a question."""
        done = subprocess.run(
            (self.python, "-c", code, *arguments),
            env=self._with(XDG_CACHE_HOME=str(self.cache / "warm")),
            cwd=self.scratch,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def _with(self, **more: str) -> dict[str, str]:
        return {**self.environment, "PYTHONPATH": str(CHECKOUT), **more}


def _uv() -> str:
    """Find uv beside the running interpreter or on PATH."""
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise SystemExit("uv is not there: pip install -r tests/benchmarks/requirements.txt")
    return found


def environment() -> dict[str, str]:
    """Give this process's environment without what would change what either side does, but for the way to the index."""
    kept = ("PIP_INDEX_URL", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_CONFIG_FILE")
    dropped = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV", "COLUMNS")
    return {name: text for name, text in os.environ.items() if name in kept or not name.startswith(dropped)}


def default_cache() -> Path:
    """Give the folder of the caches that are warm from one benchmark to the next."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distrofirst-benchmarks"


def print_table(races: Iterable[Race], *, python: str, runs: int) -> None:
    """Print what came of the races, and on what they ran."""
    version = subprocess.run((python, "--version"), stdout=subprocess.PIPE, text=True, check=True).stdout
    load = os.getloadavg()[0]
    print(f"{version.strip()}, {os.cpu_count()} cores, load {load:.1f}, {runs} runs each, in turn\n")
    print("| what | command | minimum s | median s | peak MB | ours ÷ this | goal |")
    print("|---|---|---|---|---|---|---|")
    for race in races:
        print(*race.rows(), sep="\n")


def main() -> None:
    """Run the races that are asked for and print their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=7, help="measured runs of each command (at least 5 mean something)")
    parser.add_argument("--only", nargs="+", choices=RACES, default=RACES)
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter that runs distrofirst")
    default = default_cache()
    parser.add_argument("--cache", type=Path, default=default, help=f"where warm caches are kept (default: {default})")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="distrofirst-benchmark-") as scratch:
        setting = Setting(
            python=arguments.python,
            cache=arguments.cache.resolve(),
            scratch=Path(scratch),
            environment=environment(),
        )
        races: list[Race] = []
        if "covered" in arguments.only:
            races.append(covered(setting))
        if "matrix" in arguments.only:
            races.append(matrix(setting))
        if "folder" in arguments.only and CORPUS.is_dir():
            races.append(folder(setting))
        if "nine" in arguments.only:
            races += [nine(setting, cold=True), nine(setting, cold=False)]
        if "build" in arguments.only:
            races += [build(setting, release) for release in RELEASES]
        for race in races:
            race.run(arguments.runs, setting.scratch)
    print_table(races, python=arguments.python, runs=arguments.runs)


if __name__ == "__main__":
    main()
