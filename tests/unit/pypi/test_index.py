"""SimpleIndex: what it asks, what it remembers, and how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.utils import canonicalize_name

from resolver.cooldown import Cooldown
from resolver.errors import PolicyError, UnavailableError
from resolver.io.cache import FileCache
from resolver.io.http import HttpClient, HttpOptions
from resolver.model import Completed, Listing, Release, Target
from resolver.pypi import remembered
from resolver.pypi.configuration import IndexSettings, read_settings
from resolver.pypi.index import SimpleIndex
from tests.loopback import Loopback, Reply
from tests.simple_server import JSON_TYPE, page, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from resolver.model import Command

TRIXIE = Target(release=Release(distribution="debian", version="13"), architecture="amd64", python="3.13", glibc="2.41")
UNIVERSE: dict[str, dict[str, dict[str, Any]]] = {
    "tree": {
        "1.0": {"requires": ["leaf"]},
        "2.0": {"requires": ["leaf>=1", "twig"]},
        "3.0b1": {},
        "4.0": {"yanked": "x"},
    },
    "leaf": {"1.0": {}},
}
TREE, LEAF, ABSENT = map(canonicalize_name, ("tree", "leaf", "absent"))


def worded(listing: Listing) -> tuple[str, ...]:
    return tuple(map(str, listing.rejected))


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback() as loopback:
        yield loopback


@pytest.fixture
def cache(tmp_path: Path) -> FileCache:
    return FileCache(tmp_path / "cache", warn=pytest.fail)


@pytest.fixture
def http(cache: FileCache) -> Iterator[HttpClient]:
    with HttpClient(cache, HttpOptions(timeout=5, retries=2, backoff=0)) as client:
        yield client


class Setting:
    """A server with the universe, and the makings of an index over it."""

    def __init__(self, server: Loopback, cache: FileCache, http: HttpClient) -> None:
        self.server, self.cache, self.http = server, cache, http
        self.settings = IndexSettings(index_url=serve(server, UNIVERSE, "metadata"), where="the test")

    def index(self, target: Target = TRIXIE, **more: Any) -> SimpleIndex:  # noqa: ANN401 -- SimpleIndex's own options
        return SimpleIndex(self.http, self.cache, self.settings, target, **more)

    def age(self, seconds: float) -> None:
        then = time.time() - seconds
        for path in Path(str(self.cache._folder)).rglob("*"):
            os.utime(path, (then, then))


@pytest.fixture
def setting(server: Loopback, cache: FileCache, http: HttpClient) -> Setting:
    return Setting(server, cache, http)


def await_idle(index: SimpleIndex, project: str) -> None:
    """Wait until the prefetch has listed the project and read its newest wheel's metadata."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        jobs = [index._listings.get(canonicalize_name(project)), *index._metadata.values()]
        if len(jobs) > 1 and all(job is not None and job.peek() is not None for job in jobs):
            return
        time.sleep(0.01)
    pytest.fail("the prefetch did not come to an end")


# What is asked ------------------------------------------------------------------------------------------------


def test_P1_only_the_configured_index_is_asked(setting: Setting) -> None:
    with setting.index() as index:
        index.listing(TREE)
    (request,) = setting.server.requests
    assert request.path == "/simple/tree/"
    assert request.headers["accept"].startswith(JSON_TYPE)


def test_P1_without_an_index_asking_is_refused(setting: Setting) -> None:
    setting.settings = IndexSettings(index_url=None, where="--no-index at requirements.txt:3")
    with setting.index() as index:
        index.prefetch([TREE])
        with pytest.raises(PolicyError, match="tree") as caught:
            index.listing(TREE)
    assert caught.value.context == "--no-index at requirements.txt:3"
    assert setting.server.requests == []


def test_an_index_url_with_or_without_a_slash_is_the_same(setting: Setting) -> None:
    with setting.index() as with_slash:
        expected = with_slash.listing(TREE)
    setting.settings = replace(setting.settings, index_url=str(setting.settings.index_url).rstrip("/"))
    with setting.index() as without:
        assert without.listing(TREE) == expected
    assert len(setting.server.requests) == 1


def test_prefetch_asks_once_and_for_the_newest_stable_wheel(setting: Setting) -> None:
    with setting.index() as index:
        index.prefetch([TREE, TREE])
        index.prefetch([TREE])
        await_idle(index, "tree")
        listing = index.listing(TREE)
        (newest,) = (wheel for wheel in listing.wheels if str(wheel.version) == "2.0")
        assert index.metadata(newest).requires_dist == ("leaf>=1", "twig")
    asked = [request.path for request in setting.server.requests]
    assert asked == ["/simple/tree/", "/files/tree-2.0-py3-none-any.whl.metadata"]


def test_prefetched_metadata_is_asked_for_once(setting: Setting) -> None:
    with setting.index() as index:
        wheels = index.listing(TREE).wheels
        index.prefetch_metadata(wheels)
        index.prefetch_metadata(wheels)
        found = {str(wheel.version): index.metadata(wheel).requires_dist for wheel in wheels}
    assert (found["1.0"], found["2.0"]) == (("leaf",), ("leaf>=1", "twig"))
    asked = [request.path for request in setting.server.requests]
    assert sorted(asked[1:]) == sorted(f"/files/{wheel.filename}.metadata" for wheel in wheels)


def test_metadata_that_is_known_or_offline_is_not_prefetched(setting: Setting) -> None:
    with setting.index() as index:
        wheels = index.listing(TREE).wheels
        index.metadata(wheels[-1])
    asked = len(setting.server.requests)
    with setting.index() as index:
        index.prefetch_metadata(wheels[-1:])
        assert index._metadata == {}
    with setting.index(offline=True) as index:
        index.prefetch_metadata(wheels)
        assert index._metadata == {}
    assert len(setting.server.requests) == asked


def test_prefetch_keeps_a_failure_for_who_asks(setting: Setting) -> None:
    setting.server.add("/simple/tree/", Reply(status=500))
    with setting.index() as index:
        index.prefetch([TREE, ABSENT])
        with pytest.raises(UnavailableError, match="500"):
            index.listing(TREE)
        assert not index.listing(ABSENT).exists


def test_a_stalled_prefetch_holds_nobody_up(setting: Setting) -> None:
    setting.server.add("/simple/tree/", Reply(stall=4, body=b"late"))
    start = time.monotonic()
    with setting.index() as index:
        index.prefetch([TREE])
        assert index.listing(LEAF).exists
    assert time.monotonic() - start < 2


# What is remembered -------------------------------------------------------------------------------------------


class NoHttp:
    """An Http that must not be asked."""

    def get(self, url: str, *, accept: str = "*/*", max_age: float = 0.0) -> Any:  # noqa: ANN401 -- never returns
        pytest.fail(f"asked for {url} ({accept}, {max_age})")

    def part(self, url: str, *, start: int, length: int) -> Any:  # noqa: ANN401 -- never returns
        pytest.fail(f"asked for {url} ({start}, {length})")

    def download(self, url: str, path: Path, *, sha256: str, size: int | None = None) -> Any:  # noqa: ANN401 -- never returns
        pytest.fail(f"asked for {url} ({path}, {sha256}, {size})")


def test_a_second_run_asks_nothing_and_says_the_same(setting: Setting) -> None:
    with setting.index() as first:
        listings = [first.listing(project) for project in (TREE, LEAF, ABSENT)]
        metadata = [first.metadata(wheel) for wheel in listings[0].wheels]
    with SimpleIndex(NoHttp(), setting.cache, setting.settings, TRIXIE) as second:
        second.prefetch([TREE, LEAF, ABSENT])
        assert [second.listing(project) for project in (TREE, LEAF, ABSENT)] == listings
        assert [second.metadata(wheel) for wheel in listings[0].wheels] == metadata


def test_a_second_run_loads_nothing_heavy(setting: Setting, tmp_path: Path) -> None:
    """Start-up time matters: requests, html.parser, zipfile and email stay out of a warm run."""
    with setting.index() as index:
        index.metadata(index.listing(TREE).wheels[0])
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from resolver.io.cache import FileCache\nfrom resolver.io.http import HttpClient\n"
        "from resolver.model import Release, Target\n"
        "from resolver.pypi.configuration import IndexSettings\nfrom resolver.pypi.index import SimpleIndex\n"
        "cache = FileCache(Path(sys.argv[1]), warn=sys.exit)\n"
        "settings = IndexSettings(index_url=sys.argv[2], where='')\n"
        "target = Target(release=Release(distribution='debian', version='13'), architecture='amd64', python='3.13', "
        "glibc='2.41')\n"
        "with SimpleIndex(HttpClient(cache), cache, settings, target) as index:\n"
        "    index.prefetch(['tree'])\n"
        "    print(len(index.listing('tree').wheels), index.metadata(index.listing('tree').wheels[0]).requires_dist)\n"
        "heavy = {'requests', 'html.parser', 'zipfile', 'email', 'http.client', 'concurrent.futures', 'logging'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "cache", str(setting.settings.index_url)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["4 ()", "[]"]


def test_another_target_is_another_listing_of_the_same_page(setting: Setting) -> None:
    with setting.index() as index, setting.index(replace(TRIXIE, python="3.11")) as other:
        assert index.listing(TREE) == other.listing(TREE)
    assert setting.server.asked("/simple/tree/") == 1
    assert len(list(Path(str(setting.cache._folder)).glob("listing/*"))) == 2


def test_an_old_listing_is_asked_for_again(setting: Setting) -> None:
    with setting.index() as index:
        before = index.listing(TREE)
    setting.age(700)
    with setting.index() as index:
        assert index.listing(TREE) == before, "an unchanged page means what it meant"
    assert setting.server.asked("/simple/tree/") == 2
    setting.age(700)
    setting.server.add("/simple/tree/", page("tree", []))
    with setting.index() as index:
        assert index.listing(TREE) == Listing(project=TREE, wheels=())
    setting.age(700)
    del setting.server.routes["/simple/tree/"]
    with setting.index() as index:
        assert not index.listing(TREE).exists


def test_the_freshness_is_the_callers_to_set(setting: Setting) -> None:
    for _ in range(2):
        with setting.index(max_age=60.0) as index:
            index.listing(TREE)
        setting.age(61)
    assert setting.server.asked("/simple/tree/") == 2


def test_metadata_is_kept_for_ever(setting: Setting) -> None:
    with setting.index() as index:
        wheel = index.listing(TREE).wheels[0]
        index.metadata(wheel)
    setting.age(10**8)
    with SimpleIndex(NoHttp(), setting.cache, setting.settings, TRIXIE) as index:
        assert index.metadata(wheel).requires_dist == ()


def test_offline_old_listings_will_do_and_missing_ones_are_named(setting: Setting) -> None:
    with setting.index() as index:
        expected = index.listing(TREE)
    setting.age(10**7)
    offline_http = HttpClient(setting.cache, HttpOptions(offline=True))
    with SimpleIndex(offline_http, setting.cache, setting.settings, TRIXIE, offline=True) as index:
        index.prefetch([TREE, LEAF])
        assert index.listing(TREE) == expected
        with pytest.raises(UnavailableError, match="offline") as caught:
            index.listing(LEAF)
        assert caught.value.context == f"{setting.settings.index_url}leaf/"
        with pytest.raises(UnavailableError, match="offline"):
            index.metadata(expected.wheels[0])
    assert len(setting.server.requests) == 1


def test_offline_an_old_page_serves_another_target_and_is_not_taken_for_fresh(setting: Setting) -> None:
    other = replace(TRIXIE, python="3.11")
    with setting.index() as index:
        index.listing(TREE)
    setting.age(10**7)
    offline_http = HttpClient(setting.cache, HttpOptions(offline=True))
    with SimpleIndex(offline_http, setting.cache, setting.settings, other, offline=True) as index:
        assert index.listing(TREE).wheels
    with setting.index(other) as index:
        index.listing(TREE)
    assert setting.server.asked("/simple/tree/") == 2


def test_without_a_cache_everything_works(server: Loopback) -> None:
    cache = FileCache(None, warn=pytest.fail)
    with HttpClient(cache) as http:
        setting = Setting(server, cache, http)
        with setting.index() as index:
            assert [str(wheel.version) for wheel in index.listing(TREE).wheels] == ["4.0", "3.0b1", "2.0", "1.0"]


@pytest.mark.parametrize(
    "value", [None, 5, [], {}, "text", [1, 2, 3, 4, 5], ["h", True, [], [], [[1]]], ["h", True, [], [], [["x"] * 9]]]
)
def test_a_remembered_listing_of_another_shape_is_a_miss(setting: Setting, value: object) -> None:
    assert remembered.load_listing(value, TREE) == (None, "")
    with setting.index() as index:
        setting.cache.write_json("listing", index._listing_key(TREE), value)
        assert len(index.listing(TREE).wheels) == 4


@pytest.mark.parametrize("value", [None, 5, [], {}, "text", [1, 2, 3]])
def test_remembered_metadata_of_another_shape_is_a_miss(value: object) -> None:
    assert remembered.load_metadata(value) is None


# Policies and failures ----------------------------------------------------------------------------------------


def test_P3_the_cooldown_is_a_view_of_its_own(setting: Setting) -> None:
    with setting.index() as index, setting.index(cooldown=Cooldown(limit=datetime(2025, 1, 1, tzinfo=UTC))) as careful:
        assert index.listing(LEAF).wheels
        assert careful.listing(LEAF).wheels == ()
        assert worded(careful.listing(LEAF)) == ("1.0: uploaded 2026-01-01, after 2025-01-01 (cooldown)",)


def test_P3_a_quarantined_project_has_no_wheels_and_says_why(setting: Setting) -> None:
    files = json.loads(setting.server.routes["/simple/leaf/"][0].body)["files"]  # type: ignore[index] # a list
    more: dict[str, Any] = {"project-status": {"status": "quarantined", "reason": "malware"}}
    setting.server.routes["/simple/leaf/"] = [page("leaf", files, **more)]
    with setting.index() as index:
        listing = index.listing(LEAF)
    assert (listing.wheels, listing.status, listing.status_reason) == ((), "quarantined", "malware")


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(body=b"<p>log in", headers={"Content-Type": "text/plain"}), "expected a page of the Simple API"),
        (Reply(body=b"{", headers={"Content-Type": JSON_TYPE}), "no page of the Simple API"),
        (Reply(status=403), "access refused"),
        (Reply(body=b'{"files": []}', cut=3), "broke before the end"),
        (Reply(reset=True), "no connection"),
    ],
)
def test_R6_a_listing_that_cannot_be_had_is_an_error_and_no_empty_project(
    setting: Setting, reply: Reply, words: str
) -> None:
    setting.server.add("/simple/tree/", reply)
    for _ in range(2):  # nothing of it is remembered
        with setting.index() as index, pytest.raises(UnavailableError, match=words):
            index.listing(TREE)


def test_a_redirected_page_is_the_base_of_its_links(setting: Setting) -> None:
    setting.server.routes["/else/where/tree/"] = setting.server.routes["/simple/tree/"]
    setting.server.add("/simple/tree/", Reply(status=302, headers={"Location": "/else/where/tree/"}))
    with setting.index() as index:
        assert index.listing(TREE).wheels[0].url.startswith(f"{setting.server.url}/else/files/")


# The real thing -----------------------------------------------------------------------------------------------


class Subprocess:
    """A Runner for the one command that ``read_settings`` runs."""

    def run(self, command: Command) -> Completed:
        done = subprocess.run(command.argv, capture_output=True, text=True, check=False)
        return Completed(returncode=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def stream(self, command: Command) -> Completed:
        raise AssertionError(command)


@pytest.mark.network
def test_P1_the_configured_index_answers(cache: FileCache) -> None:
    settings = read_settings(Subprocess(), cache)
    options = HttpOptions(ca_bundle=settings.ca_bundle, timeout=settings.timeout, credentials=settings.credentials)
    with HttpClient(cache, options) as http, SimpleIndex(http, cache, settings, TRIXIE) as index:
        (wheel,) = (
            wheel for wheel in index.listing(canonicalize_name("requests")).wheels if str(wheel.version) == "2.31.0"
        )
        assert any(requirement.startswith("urllib3") for requirement in index.metadata(wheel).requires_dist)
        assert "socks" in index.metadata(wheel).provides_extra
        assert not index.listing(canonicalize_name("no-project-has-this-name-distrofirst")).exists
