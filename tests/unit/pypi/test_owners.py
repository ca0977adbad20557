"""Who may upload a project: what an index tells, what was seen before, and what nobody knows."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from resolver.io.cache import FileCache
from resolver.io.http import HttpClient
from resolver.model.review import Owners
from resolver.pypi.owners import OwnersSeen, read
from tests.loopback import Loopback, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY = date(2026, 11, 24)


def document(*users: str, organization: str | None = None) -> bytes:
    roles = [{"role": "Owner", "user": user} for user in users]
    return json.dumps({"info": {}, "ownership": {"organization": organization, "roles": roles}}).encode()


class Host:
    """One user's cache, and an index."""

    def __init__(self, server: Loopback, cache: FileCache, http: HttpClient) -> None:
        self.server = server
        self.cache = cache
        self._http = http

    def of(self, name: str = "demo", *, days: int = 0) -> Owners | None:
        return self.seen(days=days).of(canonicalize_name(name))

    def seen(self, *, days: int = 0) -> OwnersSeen:
        way = (self._http, f"{self.server.url}/root/simple/")
        return OwnersSeen(lambda _: way, self.cache, DAY + timedelta(days=days))

    def serve(self, *users: str) -> None:
        self.server.add("/root/pypi/demo/json", Reply(body=document(*users)))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    cache = FileCache(tmp_path, warn=pytest.fail)
    with Loopback() as server, HttpClient(cache) as http:
        yield Host(server, cache, http)


def test_each_state_is_kept_with_its_first_day(host: Host) -> None:
    host.serve("a")
    assert host.of() == Owners(now=("Owner: a",), since=DAY, before=None)
    assert host.of(days=1) == Owners(now=("Owner: a",), since=DAY, before=None)
    host.serve("a", "b")
    assert host.of(days=1) == Owners(now=("Owner: a",), since=DAY, before=None), "asked once a day"
    changed = Owners(now=("Owner: a", "Owner: b"), since=DAY + timedelta(days=2), before=("Owner: a",))
    assert host.of(days=2) == host.of(days=3) == changed


def test_T2_an_index_that_does_not_tell_is_no_word_and_forgets_nothing(host: Host) -> None:
    host.serve("a")
    host.of()
    for reply in (Reply(status=404), Reply(body=b"{}"), Reply(body=document())):
        host.server.add("/root/pypi/demo/json", reply)
        assert host.of(days=1) is None
    host.serve("b")
    assert host.of(days=2) == Owners(now=("Owner: b",), since=DAY + timedelta(days=2), before=("Owner: a",))


def test_an_index_that_tells_nothing_is_not_asked_for_long(host: Host) -> None:
    seen = host.seen()
    for name in "abcde":
        assert seen.of(canonicalize_name(name)) is None
    assert len(host.server.requests) == 2


def test_a_cache_that_holds_something_else_holds_nothing(host: Host) -> None:
    host.serve("a")
    host.of()
    key = f"1\n{host.server.url}/root/pypi\ndemo"
    for value in (None, [], ["2026-11-24", []], ["today", [["2026-11-24", ["a"]]]], ["2026-11-24", [["then", []]]], 3):
        host.cache.write_json("owners", key, value)
        assert host.of(days=1) == Owners(now=("Owner: a",), since=DAY + timedelta(days=1), before=None)


def test_an_organization_is_one_of_them() -> None:
    assert read(document("b", "a", organization="psf")) == ("Organization: psf", "Owner: a", "Owner: b")


@given(
    st.recursive(
        st.none() | st.text(max_size=3) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["ownership", "roles", "role", "user", "organization"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_whatever_the_document_is_there_is_an_answer(value: object) -> None:
    for document_ in (value, {"ownership": value}, {"ownership": {"roles": value}}):
        found = read(json.dumps(document_).encode())
        assert found is None or all(isinstance(one, str) for one in found)
