"""A fleet without a network: hosts of four kinds, provisioned from one folder of locks and one mirror.

    python3 -m tests.benchmarks.fleet [--hosts 50] [--jobs 2] [--keep DIR] [--release R]… [FILE]

The locks and the mirror are made on this machine, once; both times are printed. Then each host, in turn one of each
kind, starts fresh as ``tests/system`` builds it (with what distrofirst runs from), gets the two folders read-only and
no network interface at all, loses the repository that a stand-in is configured with, and runs ``install --lock locks
--mirror mirror --yes``, ``verify`` and ``report``. Printed is the time of ``install`` by release, and what ``report``
makes of all hosts' reports together. A host that does not come out as its lock says ends it all.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.system import hosts
from tests.system.command_line import CommandLine
from tests.system.hosts import CHECKOUT, Host
from tests.system.rpm_build import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

RELEASES = ("debian:12", "debian:13", "fedora:43", "opensuse:tumbleweed")
REQUIREMENTS = "black>=26\nflask\npython-dateutil\npyyaml\nrequests\n"
"""What every kind has in part, and takes in part from the index."""
_KEY = "etc/pki/rpm-gpg/RPM-GPG-KEY-tests"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """Folders that all hosts share: ``locks``, ``mirror``, and ``reports``, which they leave."""

    folder: Path
    requirements: str

    def command(self, *argv: str) -> str:
        """Run distrofirst on this machine; give what it prints."""
        done = subprocess.run(
            ["/usr/bin/python3", "-m", "resolver", *argv],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "XDG_CACHE_HOME": str(self.folder / "cache")},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def prepare(self, releases: Sequence[str]) -> tuple[float, float]:
        """Make the locks and the mirror; give how long each took, in seconds."""
        (self.folder / "requirements.txt").write_text(self.requirements)
        for name in ("locks", "reports"):
            (self.folder / name).mkdir()
        named: list[str] = []
        for release in releases:
            if not release.startswith("debian"):
                root = hosts.build(release)
                named += ["--repo", f"{release}=file://{root}{REPOSITORY}", "--repo-key", f"{release}={root / _KEY}"]
        targets = [word for release in releases for word in ("--target", release)]
        start = time.monotonic()
        self.command("lock", *targets, *named, "-o", "locks", "requirements.txt")
        locked = time.monotonic()
        self.command("mirror", "--lock", "locks", *named, "-o", "mirror")
        return locked - start, time.monotonic() - locked

    def provision(self, number: int, release: str) -> float:
        """Start a host, carry its lock out there, verify and report; give how long the first took, in seconds."""
        with Host.fresh(f"{release}+ready") as host:
            for name in ("locks", "mirror"):
                host.bind(self.folder / name, f"/srv/{name}")
            host.run(["rm", "-rf", REPOSITORY])
            cli = CommandLine.of(host)
            cli.write("requirements.txt", self.requirements)
            start = time.monotonic()
            cli("install", "--lock", "/srv/locks", "--mirror", "/srv/mirror", "--yes", network=False)
            took = time.monotonic() - start
            cli("verify", network=False)
            told = cli("report", "--direct", "--format", "json", "requirements.txt", network=False).stdout
        (self.folder / "reports" / f"{release.replace(':', '-')}-{number:02}.json").write_text(told)
        return took


def _processor_time() -> float:
    """Give what all that was started, and has ended, has taken of the processors, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, and the fleet's report."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks.fleet", description=__doc__)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2, help="hosts at a time")
    parser.add_argument("--keep", type=Path, help="an empty folder for what is made, which stays")
    parser.add_argument("--release", action="append", choices=RELEASES)
    parser.add_argument("file", type=Path, nargs="?")
    asked = parser.parse_args(arguments)
    if reason := hosts.obstacle():
        sys.stderr.write(f"{reason}\n")
        return 3
    releases = asked.release or RELEASES
    kinds = [releases[number % len(releases)] for number in range(asked.hosts)]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(asked.jobs) as pool:
        fleet = Fleet(
            folder=(asked.keep or Path(scratch)).resolve(),
            requirements=asked.file.read_text(encoding="utf-8") if asked.file else REQUIREMENTS,
        )
        for release in releases:
            hosts.build(f"{release}+ready")
        locking, mirroring = fleet.prepare(releases)
        size = sum(path.stat().st_size for path in (fleet.folder / "mirror").rglob("*") if path.is_file())
        print(f"{len(releases)} locks: {locking:.1f} s; mirror: {mirroring:.1f} s, {size / 1e6:.1f} MB")
        start, before = time.monotonic(), _processor_time()
        times = list(pool.map(fleet.provision, range(1, asked.hosts + 1), kinds))
        took, spent = time.monotonic() - start, _processor_time() - before
        print(f"{len(times)} hosts, {asked.jobs} at a time: {took:.0f} s, of the processors {spent:.0f} s")
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        print("\n| release | hosts | install, min | median | max |\n|---|---|---|---|---|")
        for release in releases:
            of = sorted(one for one, kind in zip(times, kinds, strict=True) if kind == release)
            row = (f"{value:.1f} s" for value in (of[0], statistics.median(of), of[-1])) if of else ()
            print(f"| {' | '.join((release, str(len(of)), *row))} |")
        print(f"\n{fleet.command('report', 'reports')}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
