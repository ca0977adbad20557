"""Hosts for tests: each test gets a new one and may do with it what it likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.hosts import Host
from tests.system.rpms import Builder

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES = ("debian:12", "debian:13")
RPM_RELEASES = ("fedora:43", "centos:9", "opensuse:tumbleweed")
"""Stand-ins (``recipes.py``), for a test that asks for them in place of ``RELEASES``."""


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """Name the release that ``host`` and ``bare_host`` are of."""
    return str(request.param)


@pytest.fixture
def host(release: str) -> Iterator[Host]:
    """Give a host that has the OS packages distrofirst runs from, and its repositories' metadata."""
    with Host.fresh(f"{release}+ready") as host:
        yield host


@pytest.fixture
def bare_host(release: str) -> Iterator[Host]:
    """Give a host with apt and nothing else: no python3, no ca-certificates, no sudo, no package lists.

    A stand-in for an RPM family has an interpreter, and its package manager's own modules.
    """
    with Host.fresh(release) as host:
        yield host


@pytest.fixture
def builder(release: str) -> Iterator[Builder]:
    """Give where a test builds further OS packages for an RPM release."""
    with Builder.fresh(release) as builder:
        yield builder
