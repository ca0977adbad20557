"""Real test hosts: a release's own userland from the real archive, to be changed at will and thrown away.

A *recipe* (``recipes.py``) says how a root file system is made: bootstrapped from a suite, or another recipe's result
changed by a script. ``build`` makes it once and caches it; ``Host.fresh`` lays an overlay over it, so that a host
starts in a fraction of a second and leaves nothing behind.

A host lives in mount and PID namespaces of its own, held by one process that ends when its standard input closes.
However a test run ends, killed included, the kernel then ends the host's processes and undoes its mounts.
``chroot`` and ``nsenter`` enter it rather than bubblewrap, under which sudo refuses to work (no_new_privs).

``python3 -m tests.system.hosts debian:12 -- COMMAND…`` runs a command in a fresh host; ``--build`` makes all of them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from resolver.errors import CommandError, DistrofirstError
from tests.system import machine, recipes
from tests.system.recipes import ETC_HOSTS, RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.system.recipes import Recipe

CHECKOUT = recipes.CHECKOUT
SHARED = CHECKOUT.parent / "shared"
IN_HOST = recipes.IN_HOST
"""Where a host sees the checkout, read-only; ``/src/shared`` is the folder ``shared`` beside it, if there is one."""

MAX_AGE = dt.timedelta(days=7)
_TOOLS = ("mmdebstrap", "unshare", "nsenter", "chroot", "mount", "apt-get")
_NAMESPACES = ("unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class HostError(DistrofirstError):
    """A host cannot be built or started."""


@cache
def obstacle() -> str | None:
    """Give the reason why this machine cannot have hosts, or None."""
    if os.geteuid() != 0:
        return "test hosts need root"
    if missing := [tool for tool in _TOOLS if not shutil.which(tool)]:
        return f"test hosts need {', '.join(missing)}"
    if not Path("/proc/self/ns/mnt").exists() or not Path("/dev/null").is_char_device():
        return "test hosts need /proc and /dev to be mounted"
    try:
        machine.sources("bookworm")
    except DistrofirstError as error:
        return str(error)
    probe = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"]
    answer = subprocess.run(probe, capture_output=True, text=True, check=False)
    return f"namespaces are not to be had here: {answer.stderr.strip()}" if answer.returncode else None


def cache_folder() -> Path:
    """Give the folder of everything that test runs keep, outside the checkout (the same as in ``tests/run``)."""
    if chosen := os.environ.get("DISTROFIRST_TEST_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "distrofirst-tests"


def build(name: str) -> Path:
    """Give the root file system of a recipe, built when there is none or only one older than ``MAX_AGE``.

    Two runs never build the same one twice: the second waits. It must not be changed: see ``Host.fresh``.
    """
    recipe = RECIPES[name]
    folder = cache_folder() / "hosts"
    folder.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(tz=dt.UTC).date()
    # Bootstrapping waits for the archive most of the time.
    needed = {*([recipe.base] if recipe.base else []), *(part for part, _ in recipe.parts)}
    with ThreadPoolExecutor() as pool:
        roots = dict(zip(needed, pool.map(build, needed), strict=True))
    stem, digest = name.replace(":", "-"), recipe.digest()
    with _lock(folder / f"{stem}.lock"):
        # The date stands in the name, for people; a result of an older recipe has another digest.
        for entry in sorted(folder.glob(f"{stem}.*.{digest}"), reverse=True):
            if today - dt.date.fromisoformat(entry.name.split(".")[-2]) <= MAX_AGE:
                return _hold(entry) / "root"
        for entry in folder.glob(f"{stem}.*.*"):
            _remove_unless_held(entry)
        # Named as an entry of its own, so that the line above removes what a killed build left.
        unfinished = folder / f"{stem}.unfinished.{digest}"
        root = unfinished / "root"
        unfinished.mkdir()
        if recipe.base:
            _copy(roots[recipe.base], root)
        else:
            _bootstrap(recipe, root)
        for part, path in recipe.parts:
            _copy(roots[part] / path.lstrip("/"), root / path.lstrip("/"))
        if recipe.script:
            with Host.enter(root) as host:
                host.run(["sh", "-euc", recipe.script], timeout=1800)
        entry = unfinished.rename(folder / f"{stem}.{today}.{digest}")
        return _hold(entry) / "root"


def _bootstrap(recipe: Recipe, root: Path) -> None:
    """Bootstrap from the machine's archive, and let the result trust what the machine trusts."""
    suite = recipe.suite or ""
    sources = machine.sources(suite)
    command = ["unshare", "--mount", "mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"]
    command += [f"--aptopt={line}" for line in machine.apt_proxies()]
    # A mirror that stands still keeps the last index of a suite without releases, whose validity ends in a week.
    command += ['--aptopt=Acquire::Check-Valid-Until "false"'] if suite == "sid" else []
    command += [f"--include={package}" for package in recipe.include]
    answer = subprocess.run(
        [*command, suite, str(root), "-"],
        input=machine.render(sources),
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    if answer.returncode:
        raise HostError(f"mmdebstrap could not build {recipe.name}:\n{answer.stderr[-2000:]}")
    # An installed system has it; a bootstrapped one knows neither localhost nor its own name.
    (root / "etc/hosts").write_text(ETC_HOSTS)
    for source in sources:
        if source.signed_by and not (keyring := root / str(source.signed_by).lstrip("/")).exists():
            keyring.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source.signed_by, keyring)
    if authorities := machine.local_authorities():
        # Two places: the bundle serves until ca-certificates is installed, which then makes it anew from the other.
        bundle = root / str(machine.CA_BUNDLE).lstrip("/")
        bundle.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(machine.CA_BUNDLE, bundle)
        local = root / "usr/local/share/ca-certificates"
        local.mkdir(parents=True, exist_ok=True)
        for number, pem in enumerate(authorities):
            (local / f"machine-{number}.crt").write_text(pem)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "--archive", "--reflink=auto", str(source), str(target)], check=True)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


_held: dict[Path, IO[str]] = {}


def _hold(entry: Path) -> Path:
    """Keep other runs from removing a cached root for as long as this process lives."""
    if entry not in _held:
        _held[entry] = (entry / "held").open("w")
        fcntl.flock(_held[entry], fcntl.LOCK_SH)
    return entry


def _remove_unless_held(entry: Path) -> None:
    with contextlib.suppress(BlockingIOError, FileNotFoundError), (entry / "held").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry)


# $1 the host's root; $2 the cached root below it, or empty, and $3 the folder of the changes; $4 the checkout;
# $5 the folder shared, or empty.
_START = r"""
set -eu
root=$1
overlay() {
    mkdir "$3/upper" "$3/work"
    # volatile: dpkg syncs every file, and nobody wants these after a crash.
    mount -t overlay overlay -o "volatile,lowerdir=$2,upperdir=$3/upper,workdir=$3/work" "$root"
}
if [ -n "$2" ] && ! overlay "$@" 2>/dev/null; then
    # An overlay's changes cannot lie on an overlay (a host within a host): then in memory.
    mount -t tmpfs tmpfs "$3"
    overlay "$@"
fi
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir -m 1777 "$root/run/lock"
echo testhost > /proc/sys/kernel/hostname
rm -f "$root/etc/resolv.conf"
cp /etc/resolv.conf "$root/etc/resolv.conf"
bind() {
    mkdir -p "$root/src/$2"
    mount --bind "$1" "$root/src/$2"
    mount -o remount,bind,ro "$root/src/$2"
}
bind "$4" distrofirst
if [ -n "$5" ]; then bind "$5" shared; fi
# The word comes from inside: who enters any earlier would still find the machine itself.
exec chroot "$root" /bin/sh -c 'echo ready; exec cat'
"""


@dataclass(kw_only=True, slots=True)
class Host:
    """A running host."""

    pid: int
    """The process that holds the host's namespaces, as this machine numbers it."""
    environment: Mapping[str, str] = field(default_factory=machine.environment)

    @classmethod
    @contextlib.contextmanager
    def fresh(cls, name: str) -> Iterator[Self]:
        """Start a host from a recipe's result; everything done to it is gone at the end."""
        lower = build(name)
        running = cache_folder() / "running"
        running.mkdir(parents=True, exist_ok=True)
        with _lock(running / "lock"):
            for entry in running.glob("host-*"):
                _remove_unless_held(entry)
            folder = _hold(Path(tempfile.mkdtemp(prefix="host-", dir=running)))
        try:
            for part in ("root", "changes"):
                (folder / part).mkdir()
            with cls.enter(folder / "root", lower=lower, changes=folder / "changes") as host:
                yield host
        finally:
            # Under the lock: another run must not find it half removed, and not held any more.
            with _lock(running / "lock"):
                shutil.rmtree(folder)
            _held.pop(folder).close()

    @classmethod
    @contextlib.contextmanager
    def enter(cls, root: Path, *, lower: Path | None = None, changes: Path | None = None) -> Iterator[Self]:
        """Start a host on a root file system: ``root`` itself, or ``lower`` seen there with its changes kept apart."""
        arguments = [root, lower or "", changes or "", CHECKOUT, SHARED if SHARED.is_dir() else ""]
        holder = subprocess.Popen(
            [*_NAMESPACES, "sh", "-c", _START, "sh", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
        )
        try:
            if holder.stdout is None or holder.stdout.readline() != "ready\n":
                raise HostError(f"the host did not start: {holder.communicate()[1].strip()}")
            children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text()
            host = cls(pid=int(children))
            if Path(f"/proc/{host.pid}/root").samefile("/"):
                raise HostError("the host did not start: its root is the machine's own")
            yield host
        finally:
            # Closes its standard input: cat ends, and with it, being the first of its PID namespace, all others.
            holder.communicate()

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        input: str | None = None,  # noqa: A002 - subprocess.run's word
        cwd: str = "/",
        check: bool = True,
        network: bool = True,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with a clean environment and ``env`` added.

        ``network=False`` takes every interface away, loopback too. Raises CommandError on a non-zero exit if ``check``,
        and subprocess.TimeoutExpired after ``timeout`` seconds.
        """
        command = self.command(argv, user=user, env=env, cwd=cwd, network=network)
        source = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        answer: subprocess.CompletedProcess[str] = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=timeout, **source
        )
        if check and answer.returncode:
            output = (answer.stdout[-4000:] + answer.stderr[-4000:]).strip()
            raise CommandError(f"exit {answer.returncode}\n{output}", context=" ".join(argv))
        return answer

    def command(
        self,
        argv: Sequence[str],
        *,
        user: str = "root",
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        network: bool = True,
    ) -> list[str]:
        """Give the machine's own command that runs ``argv`` in the host, for a process that a test starts itself."""
        uid, gid, home = self._account(user)
        command = [] if network else ["unshare", "--net"]
        command += ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--ipc", "--uts", "--root", "--wd"]
        command += ["--setuid", uid, "--setgid", gid, "env", "-i", "-C", cwd]
        variables = {"PATH": _PATH, "LC_ALL": "C.UTF-8", "HOME": home, "USER": user, "LOGNAME": user}
        variables |= {"DEBIAN_FRONTEND": "noninteractive", **self.environment, **(env or {})}
        return [*command, *(f"{name}={value}" for name, value in variables.items()), *argv]

    def _account(self, user: str) -> tuple[str, str, str]:
        """Give a user's uid, gid and home, by the host's own /etc/passwd."""
        for line in Path(f"/proc/{self.pid}/root/etc/passwd").read_text().splitlines():
            name, _, uid, gid, _, home, _ = line.split(":")
            if name == user:
                return uid, gid, home
        raise HostError(f"the host has no user {user!r}")

    def read(self, path: str) -> str:
        """Read a text file; links are followed as the host sees them."""
        return self.run(["cat", path]).stdout

    def write(self, path: str, text: str) -> None:
        """Write a text file, as root, its folder made if need be."""
        self.run(["sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path], input=text)

    def disk(self, path: str, *, size: str, again: bool = False) -> None:
        """Mount an empty disk of a size (tmpfs(5)) on a folder of the host, or give it another size ``again``."""
        self.run(["mkdir", "-p", path])
        # The machine's mount, in the host's mount namespace: a bare host has none.
        command = ["nsenter", "--target", str(self.pid), "--mount", "mount", "-t", "tmpfs"]
        options = f"{'remount,' if again else ''}size={size}"
        subprocess.run([*command, "-o", options, "tmpfs", f"/proc/{self.pid}/root{path}"], check=True)

    def bind(self, source: Path, path: str) -> None:
        """Show a folder of the machine in the host, read-only."""
        self.run(["mkdir", "-p", path])
        script = 'mount --bind "$1" "$2" && mount -o remount,bind,ro "$2"'
        words = [str(source), f"/proc/{self.pid}/root{path}"]
        # The machine's mount, in the host's mount namespace, as above.
        subprocess.run(["nsenter", "--target", str(self.pid), "--mount", "sh", "-c", script, "sh", *words], check=True)

    def packages(self) -> dict[str, str]:
        """Give the installed OS packages and their versions."""
        if not self.has("dpkg-query"):
            return self.rpms()
        form = "${db:Status-Status} ${Package} ${Version}\n"
        rows = (line.split(" ") for line in self.run(["dpkg-query", "-W", "-f", form]).stdout.splitlines())
        return {package: version for status, package, version in rows if status == "installed"}

    def rpms(self) -> dict[str, str]:
        """Give the installed OS packages of an RPM host and their EVRs, an epoch of zero left out."""
        form = "%{NAME} %{EVR}\\n"
        rows = (line.split(" ") for line in self.run(["rpm", "-qa", "--qf", form]).stdout.splitlines())
        # The public keys that rpm knows are entries of its database, too.
        return {package: evr for package, evr in rows if package != "gpg-pubkey"}

    def files_of(self, package: str) -> list[str]:
        """Give the paths of an installed OS package."""
        command = ["dpkg", "--listfiles"] if self.has("dpkg-query") else ["rpm", "--query", "--list"]
        return self.run([*command, package]).stdout.splitlines()

    def has(self, program: str) -> bool:
        """Tell whether a program is on PATH."""
        return self.run(["sh", "-c", 'command -v "$1"', "sh", program], check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Run ``RECIPE -- COMMAND…`` in a fresh host, with this terminal's input and output; or ``--build`` all recipes."""
    to_build = list(arguments) == ["--build"]
    if not to_build and (len(arguments) < 2 or arguments[0] not in RECIPES or arguments[1] != "--"):
        usage = "python3 -m tests.system.hosts RECIPE -- COMMAND… | --build"
        sys.stderr.write(f"usage: {usage}\nrecipes: {', '.join(RECIPES)}\n")
        return 2
    if reason := obstacle():
        sys.stderr.write(f"{reason}\n")
        return 3
    if to_build:
        # Two at once, for the archive is waited for half of the time.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(build, RECIPES))
        return 0
    with Host.fresh(arguments[0]) as host:
        return subprocess.run(host.command(arguments[2:] or ["sh"], cwd="/root"), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
