"""The command line as a person runs it in a test host, and what the host looks like before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.system.hosts import IN_HOST, Host

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

PROVISION = f"{IN_HOST}/vagrant/provision.sh"
WORK = "/srv/work"
"""Where it runs; the environment goes beside the requirements."""

NOTHING_TO_DO = "distrofirst: venv is as it should be; nothing to do\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """One user of one host. ``distrofirst`` is started as README says: by ``vagrant/provision.sh``."""

    host: Host
    user: str = "root"
    home: str = "/root"
    folder: str = WORK

    @classmethod
    def of(cls, host: Host, user: str = "root", *, home: str = "/root") -> CommandLine:
        """Give a user a home and a folder to work in."""
        folder = WORK if user == "root" else f"{home}/work"
        host.run(["install", "-d", "-o", user, home, folder])
        return cls(host=host, user=user, home=home, folder=folder)

    def __call__(
        self,
        *arguments: str,
        code: int | None = 0,
        input: str | None = None,  # noqa: A002 - subprocess.run's word
        env: Mapping[str, str] | None = None,
        network: bool = True,
        timeout: float = 900,
    ) -> subprocess.CompletedProcess[str]:
        """Run one command, expect its exit code (None: any), and give what it printed."""
        done = self.host.run(
            ["sh", PROVISION, *arguments],
            user=self.user,
            env={"HOME": self.home, **(env or {})},
            input=input,
            cwd=self.folder,
            check=False,
            network=network,
            timeout=timeout,
        )
        told = f"{' '.join(arguments)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        assert code in {None, done.returncode}, told
        assert "Traceback" not in done.stderr, told
        return done

    def report(
        self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None, network: bool = True
    ) -> dict[str, Any]:
        """Give the one target of a JSON report."""
        done = self("report", "--format", "json", *arguments, code=code, env=env, network=network)
        (target,) = json.loads(done.stdout)["targets"]
        return dict(target)

    def write(self, name: str, text: str) -> str:
        """Write a file into the folder, for this user to read, and give its name."""
        self.host.write(f"{self.folder}/{name}", text)
        self.host.run(["chown", self.user, f"{self.folder}/{name}"])
        return name

    def run(self, *argv: str) -> str:
        """Run another program as this user in the folder, and give what it prints."""
        return self.host.run(argv, user=self.user, env={"HOME": self.home}, cwd=self.folder).stdout


def projects(target: Mapping[str, Any], *outcomes: str) -> dict[str, Any]:
    """Give the projects of a report by name, of certain outcomes if any are given."""
    return {one["name"]: one for one in target["projects"] if not outcomes or one["outcome"] in outcomes}


_THROWN_AWAY = (
    *("*/.cache", "*/__pycache__", "/var/cache/apt/*.bin", "/var/cache/apt/archives/partial", "/var/log"),
    *("/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/zypp", "/var/tmp/dnf-*", "*/.local/state/dnf5.log*"),
    *("*/rpmdb.sqlite-shm", "/var/lib/dnf/history.sqlite*", "/var/lib/zypp/AutoInstalled"),
)
"""What may change at any time: caches, ours and apt's of its lists and of unfinished downloads; and logs.

Of the RPM families also what their tools write whenever they look at something, a dry run included.
"""


def snapshot(host: Host) -> dict[str, str]:
    """Give type, owner, mode, size and time of every file of a host, but for caches, logs and what is not on disk."""
    hidden = [word for pattern in _THROWN_AWAY for word in ("-path", pattern, "-prune", "-o")]
    form = "%p\\0%y %U:%G %m %l %s %T@\\n"
    listing = host.run(["find", "/", "-xdev", *hidden, "-printf", form]).stdout
    found = dict(line.split("\0") for line in listing.splitlines())
    # Size and time of a folder tell that something in it came or went, which the listing itself tells better.
    return {path: facts.rsplit(" ", 2)[0] if facts.startswith("d") else facts for path, facts in found.items()}


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Give the paths that are not the same in two snapshots, sorted."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
