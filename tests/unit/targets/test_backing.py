"""Who stands behind a plan's OS packages, as this host knows it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from resolver.model import Release, Target
from resolver.targets.backing import remarks

if TYPE_CHECKING:
    from pathlib import Path

HOST = Target(
    release=Release(distribution="debian", version="12", codename="bookworm"),
    architecture="amd64",
    python="3.11",
    is_host=True,
)
BOUND = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://mirror.example/debian bookworm main\n"
UNBOUND = "deb http://mirror.example/debian bookworm main\n"


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "trusted.gpg.d").mkdir()
    (tmp_path / "trusted.gpg.d" / "debian-archive-bookworm-stable.asc").write_text("a key")
    (tmp_path / "trusted.gpg.d" / "README").write_text("no key")
    (tmp_path / "sources.list").write_text(UNBOUND)
    return tmp_path


def test_T1_the_distributions_own_keys_are_no_strangers(apt: Path) -> None:
    assert remarks(HOST, apt) == ()


@pytest.mark.parametrize("name", ["trusted.gpg.d/vendor.gpg", "trusted.gpg.d/vendor.asc", "trusted.gpg"])
def test_T1_a_strangers_key_that_may_sign_for_the_distribution_is_told_of(apt: Path, name: str) -> None:
    (apt / name).write_text("a key")
    (told,) = remarks(HOST, apt)
    assert told.startswith(f"whoever has {apt / name} may sign for every apt source without Signed-By (http://mirror.")
    (apt / "sources.list").write_text(BOUND)
    assert remarks(HOST, apt) == (), "a source with a key of its own is nobody else's"


def test_T1_an_empty_keyring_vouches_for_nothing(apt: Path) -> None:
    (apt / "trusted.gpg").write_text("")
    assert remarks(HOST, apt) == ()


def test_T1_another_host_has_other_keys(apt: Path) -> None:
    (apt / "trusted.gpg").write_text("a key")
    assert remarks(replace(HOST, is_host=False), apt) == ()
    fedora = replace(HOST, release=Release(distribution="fedora", version="43"))
    assert remarks(fedora, apt) == ()
