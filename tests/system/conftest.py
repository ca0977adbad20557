"""Hosts for tests: each test gets a new one and may do with it what it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.hosts import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = ("debian:12", "debian:13")


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Name the release that ``host`` and ``bare_host`` are of."""
    return str(request.param)


@pytest.fixture
def host(release: str) -> Iterator[Host]:
    """Give a host that has the OS packages distrofirst runs from, and package lists."""
    with Host.fresh(f"{release}+ready") as host:
        yield host


@pytest.fixture
def bare_host(release: str) -> Iterator[Host]:
    """Give a host with apt and nothing else: no python3, no ca-certificates, no sudo, no package lists."""
    with Host.fresh(release) as host:
        yield host
