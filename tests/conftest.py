"""What every test can count on: the network is off unless asked for, and what a test needs but lacks is said.

- ``system``: changes a real host; needs root and what ``tests/system/hosts.py`` builds hosts with.
- ``network``: asks the configured index or archive; left out by ``--offline`` or DISTROFIRST_TEST_OFFLINE=1.
- ``all_sets``: takes longer than CI has the time for; left out unless ``--all-sets`` is said.
- ``in_turn``: shows the same on each of its releases; CI runs it on one of them, which its name decides, and
  ``--all-sets`` on all.
"""

from __future__ import annotations

import importlib
import ipaddress
import os
import socket
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.system import hosts

if TYPE_CHECKING:
    from collections.abc import Iterable

# How long an example takes says nothing on a machine that has other work.
hypothesis.settings.register_profile("distrofirst", deadline=None)
hypothesis.settings.load_profile("distrofirst")

# What pip and uv are told by the environment, but for what says where the one index is and how to reach it (rule P1).
_TOOLS = ("PIP_", "UV_", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME")
_REACH = ("PIP_INDEX_URL", "PIP_CERT", "PIP_CLIENT_CERT", "PIP_PROXY")
_LOOK = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TERM")

# Of the tests on real hosts those that take longest begin, so that no worker is left alone with one of them.
_LONGEST = ("test_main_job.py", "test_ansible.py", "test_crash.py", "test_guest.py", "test_audit.py")
# Its tests are held against what its first one did.
_TOGETHER = "test_crash.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--offline", action="store_true", help="leave out the tests that need the network")
    parser.addoption("--all-sets", action="store_true", help="install every set of requirements, not only CI's")


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.has_plugin("xdist"):
        config.pluginmanager.register(OneHostAtATime())


def pytest_sessionstart() -> None:
    """Keep pytest-cov out of the programs that tests start: it would write to their stderr what it cannot save."""
    for name in [name for name in os.environ if name.startswith("COV_CORE_")]:
        del os.environ[name]


def pytest_report_header() -> list[str]:
    """Show which versions are tested, and that they are the distribution's own."""
    lines = [f"interpreter: {sys.executable} ({sys.version.split()[0]})"]
    for name in ("packaging", "platformdirs", "requests", "resolvelib", "rich", "sh", "tomli_w"):
        try:
            place = Path(str(importlib.import_module(name).__file__)).parent
        except ImportError:
            lines.append(f"{name}: missing")
            continue
        if not place.is_relative_to("/usr/lib/python3"):
            lines.append(f"{name}: from {place}, NOT the distribution's")
    return lines


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what cannot run, with the reason; run what is fast first."""
    offline = config.getoption("--offline") or os.environ.get("DISTROFIRST_TEST_OFFLINE") == "1"
    for item in items:
        if {"host", "bare_host"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.system)
        if offline and _marked(item, "network", "system"):
            item.add_marker(pytest.mark.skip(reason="needs the network, and --offline was said"))
        elif _marked(item, "system") and (reason := hosts.obstacle()):
            item.add_marker(pytest.mark.skip(reason=reason))
    if not config.getoption("--all-sets"):
        left_out = [item for item in items if _marked(item, "all_sets")]
        left_out += _not_their_turn(item for item in items if item not in left_out)
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: (_marked(item, "system"), _marked(item, "network"), _place_among_the_longest(item)))


class OneHostAtATime:
    """Lets ``--dist loadfile`` give out tests on real hosts one by one: they share nothing, and files take minutes."""

    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: object) -> object:
        if config.getoption("dist") != "loadfile":
            return None
        from xdist.scheduler.loadscope import LoadScopeScheduling  # noqa: PLC0415 - there, for its hook is called

        class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # has no types
            def _split_scope(self, nodeid: str) -> str:
                file = Path(nodeid.partition("::")[0])
                return nodeid if file.parent.name == "system" and file.name != _TOGETHER else str(file)

        return Scheduling(config, log)


def _place_among_the_longest(item: pytest.Item) -> int:
    if not _marked(item, "system"):
        return 0
    name = item.path.name
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


def _not_their_turn(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Give the tests that a like one on another release stands for, spread evenly over the releases."""
    alike: dict[str, list[pytest.Item]] = {}
    for item in items:
        parameters = dict(getattr(getattr(item, "callspec", None), "params", {}))
        if "release" in parameters and _marked(item, "in_turn"):
            del parameters["release"]
            name = item.nodeid.partition("[")[0]
            alike.setdefault(f"{name} {sorted(parameters.items(), key=str)}", []).append(item)
    return [
        item
        for name, group in alike.items()
        for place, item in enumerate(group)
        if place != zlib.crc32(name.encode()) % len(group)
    ]


def _marked(item: pytest.Item, *names: str) -> bool:
    return any(item.get_closest_marker(name) for name in names)


def _is_here(host: object) -> bool:
    """Whether a host, as a socket takes it, is this machine."""
    name = host.decode() if isinstance(host, bytes) else str(host)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        # The empty name and None are the wildcard address of a server.
        return name in {"localhost", "", "None"}


@pytest.fixture(autouse=True)
def deny_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that reaches out of this machine unless it is marked ``network`` or ``system``.

    Fails by pytest's own outcome, which is no Exception: no handler of a refused connection hides it.
    """
    if _marked(request.node, "network", "system"):
        return
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def checked_connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - whatever a family calls an address
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_here(address[0]):
            pytest.fail(f"a test of the fast tier connected to {address}")
        connect(self, address)

    def checked_resolve(host: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401 - the signature is socket's
        if not _is_here(host):
            pytest.fail(f"a test of the fast tier asked for the address of {host}")
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket.socket, "connect", checked_connect)
    monkeypatch.setattr(socket, "getaddrinfo", checked_resolve)


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the command line a user of its own: an empty home, no settings of pip or the terminal, English.

    Programs that it starts get a proxy that refuses, unless the test is marked ``network``.
    """
    home = tmp_path / "home"
    home.mkdir()
    connected = _marked(request.node, "network", "system")
    for name in list(os.environ):
        if name.startswith(_TOOLS + _LOOK) and not (connected and name in _REACH):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("CACHE", ".cache"),
        ("CONFIG", ".config"),
        ("DATA", ".local/share"),
        ("STATE", ".local/state"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / folder))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    if not connected:
        for name in ("http_proxy", "https_proxy"):
            # The discard port: nobody listens there.
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    return home


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder ``shared`` beside the checkout: corpora and reference data that are not the project's to ship."""
    if not hosts.SHARED.is_dir():
        pytest.skip(f"there is no {hosts.SHARED.name}/ beside the checkout")
    return hosts.SHARED
