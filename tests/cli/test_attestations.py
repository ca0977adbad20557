"""Attestations (PEP 740) on the command line, with a stand-in for the library and an index that serves them.

``tests/contract/test_attestations.py`` has the library, and attestations that somebody published.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from resolver.pypi import attestations
from tests.cli.commandline import TRIXIE, Here
from tests.simple_server import serve
from tests.unit.pypi.test_attestations import RELEASE, believe, provenance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loopback import Loopback

LOCK = "pylock.debian-13.toml"
ASKED = "/integrity/zz_signed-1.0-py3-none-any.whl"
OTHER = {**RELEASE, "repository": "example/elsewhere"}


def universe(*publishers: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    signed = {"requires": ["zz-plain"], **({"provenance": provenance(*publishers)} if publishers else {})}
    return {"zz-signed": {"1.0": signed}, "zz-plain": {"1.0": {}}}


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attestations, "library", lambda: believe)


@pytest.fixture
def signed(folder: Path, index: Loopback) -> Path:
    serve(index, universe(RELEASE), "metadata")
    (folder / "requirements.txt").write_text("zz-signed\nflask\n")
    return folder


def packages(folder: Path) -> dict[str, dict[str, Any]]:
    return {package["name"]: package for package in tomllib.loads((folder / LOCK).read_text())["packages"]}


def test_a_lock_records_who_attests_what_it_pins(run: Here, signed: Path, index: Loopback) -> None:
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "distrofirst: attestations: 1 verified, 1 none offered\n" in ran.err
    found = packages(signed)
    assert [each["repository"] for each in found["zz-signed"]["attestation-identities"]] == ["example/alpha"]
    assert "attestation-identities" not in found["zz-plain"]
    assert found["zz-plain"]["tool"]["distrofirst"]["attestation"] == {"status": "none-offered"}
    assert index.asked(ASKED) == 1
    before = (signed / LOCK).read_text()
    assert run("lock", *TRIXIE, "--offline").code == 0
    assert (signed / LOCK).read_text() == before, "the cache serves what was fetched, and it is verified again"
    assert index.asked(ASKED) == 1


def test_T2_without_the_library_nothing_is_fetched_and_nothing_passes_for_clean(
    run: Here, signed: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attestations, "library", lambda: None)
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "attestations: 1 not checked, 1 none offered: pypi-attestations is not installed" in ran.err
    assert packages(signed)["zz-signed"]["tool"]["distrofirst"]["attestation"]["status"] == "not-checked"
    assert index.asked(ASKED) == 0


def test_T2_a_report_fetches_none_and_says_what_is_offered(run: Here, signed: Path, index: Loopback) -> None:
    assert signed
    projects = run("report", *TRIXIE, "--format", "json").projects
    assert projects["zz-signed"]["attestation"] == {"status": "not-checked", "offered": True}
    assert projects["zz-plain"]["attestation"] == {"status": "none-offered", "offered": False}
    assert projects["flask"]["attestation"] is None
    told = " ".join(run("explain", "zz-signed", *TRIXIE).out.replace("│", " ").split())
    assert "the index offers an attestation, not checked here: lock and install verify it" in told
    assert index.asked(ASKED) == 0


def test_T2_a_review_tells_none_offered_from_not_checked(
    run: Here, signed: Path, index: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert signed

    def review() -> tuple[set[str], set[str]]:
        """Name the projects without an attestation, and those that nobody checked."""
        items = run("review", *TRIXIE, "--format", "json").json["items"]
        without = {item["name"] for item in items if "no-attestation" in {one["ground"] for one in item["grounds"]}}
        return without, {item["name"] for item in items if "attestations" in item["unchecked"]}

    assert review() == ({"zz-plain"}, set())
    monkeypatch.setattr(attestations, "library", lambda: None)
    assert review() == ({"zz-plain"}, {"zz-signed"})
    assert index.asked(ASKED) == 1


def test_an_attestation_that_does_not_hold_leaves_no_lock(run: Here, signed: Path, index: Loopback) -> None:
    serve(index, universe({**RELEASE, "repository": "example/forged"}), "metadata")
    ran = run("lock", *TRIXIE)
    assert (ran.code, ran.out) == (5, "")
    assert "attestations: 1 of 1 wheels have an attestation that does not hold:" in ran.err
    assert "zz_signed-1.0-py3-none-any.whl: subject does not match" in ran.err
    assert not (signed / LOCK).exists()


@pytest.mark.parametrize(
    "change",
    [
        ((OTHER,), "is attested by GitHub example/elsewhere (release.yml)"),
        ((), "has no attestation"),
        (({"kind": "Nobody"},), "was not checked (not understood)"),
    ],
)
def test_another_publisher_than_the_locks_is_told_and_strict_refuses(
    run: Here,
    signed: Path,
    index: Loopback,
    monkeypatch: pytest.MonkeyPatch,
    change: tuple[tuple[dict[str, Any], ...], str],
) -> None:
    now, told = change
    assert run("lock", *TRIXIE, "--strict").code == 0
    assert "example/alpha" not in run("lock", *TRIXIE).err, "the same publisher is no news"
    before = (signed / LOCK).read_text()
    changed = universe(*now)
    changed["zz-signed"]["1.1"] = changed["zz-signed"].pop("1.0")
    serve(index, changed, "metadata")
    monkeypatch.setenv("XDG_CACHE_HOME", str(signed / "cache"))  # where nothing is remembered of the index
    refused = run("lock", *TRIXIE, "--strict")
    warning = f"zz-signed 1.1 {told}; {LOCK} has 1.0 by GitHub example/alpha (release.yml)"
    assert refused.code == 5
    assert f"--strict: 1 reason not to go ahead:\n  {warning}" in refused.err
    assert 'ask who publishes "zz-signed" now' in refused.err
    assert (signed / LOCK).read_text() == before
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert f"distrofirst: warning: {warning}" in ran.err
    assert packages(signed)["zz-signed"]["version"] == "1.1"


def test_a_project_that_moves_to_the_distribution_or_was_never_attested_is_no_concern(
    run: Here, signed: Path, index: Loopback
) -> None:
    assert run("lock", *TRIXIE).code == 0
    (signed / "requirements.txt").write_text("zz-plain\n")
    assert "warning" not in run("lock", *TRIXIE).err
    (signed / LOCK).write_text("no lock\n")
    assert run("lock", *TRIXIE, "--strict").code == 0
    assert index.requests


def test_a_url_that_names_a_wheel_asks_no_index(run: Here, signed: Path, index: Loopback) -> None:
    entry = index.routes["/simple/zz-plain/"]
    assert isinstance(entry, list)
    sha256 = entry[0].body.decode().partition('"sha256": "')[2][:64]
    url = f"{index.url}/files/zz_plain-1.0-py3-none-any.whl#sha256={sha256}"
    (signed / "requirements.txt").write_text(f"zz-plain @ {url}\n")
    ran = run("lock", *TRIXIE)
    assert ran.code == 0
    assert "attestations" not in ran.err
    assert packages(signed)["zz-plain"]["tool"]["distrofirst"]["attestation"]["why"].startswith("a URL names the file")
