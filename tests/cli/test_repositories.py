"""Which repositories a release is looked at through: ``--repo``, one for each target, and the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rpm_repository import WITHOUT_BINDINGS, dist, has_bindings, rpm, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.commandline import Here

pytestmark = pytest.mark.skipif(not has_bindings(), reason=WITHOUT_BINDINGS)


def repository(folder: Path, python: str, flask: str) -> str:
    interpreter = rpm("python3", f"{python}.1-1", arch="x86_64", provides=(f"python(abi) = {python}",))
    glibc = rpm("glibc", "2.42-1", arch="x86_64")
    return write(
        folder, [interpreter, glibc, rpm("python3-flask", f"{flask}-1", provides=dist("flask", flask, python=python))]
    ).as_uri()


@pytest.fixture
def mirrors(tmp_path: Path, folder: Path) -> tuple[str, str]:
    """Give a repository of Fedora 43's and one of Tumbleweed's, and ask for flask."""
    (folder / "requirements.txt").write_text("flask\n")
    return repository(tmp_path / "fedora", "3.14", "3.1.2"), repository(tmp_path / "suse", "3.13", "3.0.0")


ASK = ("report", "--direct", "--format", "json", "--arch", "x86_64")
BOTH = ("--target", "fedora:43", "--target", "opensuse:tumbleweed")


def versions(run: Here, *argv: str) -> dict[str, str]:
    ran = run(*ASK, *argv)
    assert ran.code in {0, 3}, ran.err
    return {target["target"]: target["projects"][0]["os_version"] for target in ran.json["targets"]}


def test_each_target_has_its_own(run: Here, mirrors: tuple[str, str]) -> None:
    fedora, suse = mirrors
    told = versions(run, *BOTH, "--repo", f"fedora:43={fedora}", "--repo", f"opensuse:tumbleweed={suse}")
    assert told == {"fedora:43": "3.1.2-1", "opensuse:tumbleweed": "3.0.0-1"}


def test_the_configuration_names_the_same_and_the_command_line_wins(
    run: Here, folder: Path, tmp_path: Path, mirrors: tuple[str, str]
) -> None:
    fedora, suse = mirrors
    (folder / "distrofirst.toml").write_text(
        f'[[repository]]\ntarget = "fedora:43"\nurl = "{fedora}"\n'
        f'[[repository]]\ntarget = "opensuse:tumbleweed"\nurl = "{suse}"\n'
    )
    assert versions(run, *BOTH) == {"fedora:43": "3.1.2-1", "opensuse:tumbleweed": "3.0.0-1"}
    newer = repository(tmp_path / "newer", "3.14", "3.2.0")
    assert versions(run, *BOTH, "--repo", f"fedora:43={newer}") == {
        "fedora:43": "3.2.0-1",
        "opensuse:tumbleweed": "3.0.0-1",
    }
    assert versions(run, "--target", "fedora:43", "--repo", newer) == {"fedora:43": "3.2.0-1"}


def test_I6_without_one_a_target_is_not_consulted_and_never_an_empty_column(
    run: Here, mirrors: tuple[str, str]
) -> None:
    argv = (*BOTH, "--repo", f"fedora:43={mirrors[0]}")
    ran = run(*ASK, *argv)
    assert ran.code == 3
    assert [one["target"] for one in ran.json["not_consulted"]] == ["opensuse:tumbleweed"]
    assert "this host knows no mirror" in ran.json["not_consulted"][0]["why"]
    assert versions(run, *argv) == {"fedora:43": "3.1.2-1"}


def test_T1_a_key_holds_for_its_target(run: Here, folder: Path, mirrors: tuple[str, str]) -> None:
    fedora, suse = mirrors
    (folder / "key").write_bytes(b"")
    both = ("--repo", f"fedora:43={fedora}", "--repo", f"opensuse:tumbleweed={suse}")
    ran = run(*ASK, *BOTH, *both, "--repo-key", "fedora:43=key")
    assert ran.code == 5
    assert "fedora:43 was not consulted" in ran.err
    assert "the repository is not signed" in ran.err
    assert "nothing vouches for what the repositories of opensuse:tumbleweed say" in ran.err
    assert [one["target"] for one in ran.json["targets"]] == ["opensuse:tumbleweed"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--repo", "fedora:43="), "nothing follows 'fedora:43='"),
        (("--repo", "fedora:nine=https://a.example"), "fedora nine is no release"),
        (("--repo", "fedora:43=file:/nowhere", "--repo-key", "centos:9=key"), "it is for centos:9, and no --repo is"),
        (("--repo", "file:/x=y"), "there is no rpm-md repository"),
    ],
)
def test_what_cannot_be_meant(run: Here, folder: Path, argv: tuple[str, ...], message: str) -> None:
    (folder / "requirements.txt").write_text("flask\n")
    ran = run(*ASK, "--target", "fedora:43", *argv)
    assert ran.code in {2, 3}
    assert message in ran.err
